"""Long lists of products, purchase orders and shipments, as the product itself would leave their entries in the store.

Entries are of the sizes that lists have to bear: long titles, listings with issues, suppliers with long names,
shipments of twelve legs or forty SKUs. What they are follows from their number alone.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from quayside.catalog.grid_records import GridLineRecord
from quayside.catalog.grid_records import text_of as line_text
from quayside.catalog.grid_rules import Line as GridLine
from quayside.catalog.rules import Price
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.procurement.records import Entry as OrderEntry
from quayside.procurement.records import EntryRecord
from quayside.procurement.records import text_of as order_text
from quayside.storage import keys
from quayside.storage.tables import CoreItem
from quayside.supply_chain import listed_rules
from quayside.supply_chain.shipment_records import SELLER, ListedRecord, ShipmentRecord
from quayside.supply_chain.shipment_records import text_of as shipment_text
from quayside.supply_chain.shipment_rules import Estimate, Leg, LegKind, Shipment

_FAR = 4_000_000_000
_WAY: tuple[LegKind, ...] = ("production", "road", "customs", "sea", "customs", "road", "prep", "check_in")


def products(tenant_id: TenantId, connection_id: ConnectionId, places: list[str], count: int) -> Iterator[CoreItem]:
    """Yield lines of the catalog's grid; every fifth has issues, every fiftieth all that can be filed."""
    for number in range(count):
        issues = 20 if number % 50 == 0 else number % 5 == 0
        sku = f"HARBOUR-LAMP-{number:06}"
        line = GridLine(
            "suppressed" if issues else "buyable",
            f"Harbour lamp number {number}, brass, weatherproof, ".ljust(80 + number % 120, "x"),
            f"B{number:09}",
            Price(1999, "EUR"),
            by_amazon=True,
            units=number % 40,
            errors=int(issues),
            product_type="LIGHT_FIXTURE",
            length_mm=310,
            width_mm=180,
            height_mm=90,
            weight_g=870,
            unit_cost=None if number % 7 == 0 else Price(812, "EUR"),
        )
        place = places[number % len(places)]
        filed = {f"ERROR#2026-11-21T10:11:12.000Z#{place}#{sku}#{each:012x}" for each in range(issues)}
        yield GridLineRecord.at(
            keys.catalog_line(tenant_id, connection_id, place, sku), line=line_text(line), filed=filed or None,
            computed_at=1_795_000_000, step=2, source="quayside:catalog", expires_at=_FAR,
        )  # fmt: skip


def orders(tenant_id: TenantId, count: int) -> Iterator[CoreItem]:
    """Yield entries of the list of orders, all open; every ninth from a supplier with a long name."""
    for number in range(1, count + 1):
        supplier = "寧波燈具" * 30 if number % 9 == 0 else "Ningbo Lamps"
        skus = tuple(f"HARBOUR-LAMP-{number:06}-{each}".ljust(40, "x") for each in range(3))
        entry = OrderEntry(
            f"20261122-{number:016}", number, f"supplier-{number % 10:016}", supplier,
            "sent" if number % 20 == 0 else "draft", 2, "USD", 1_234_500, 4_800, 0, 12, skus,
            "2027-01-15", "2026-12-01", 370_350, "2026-11-21T10:11:12Z",
        )  # fmt: skip
        yield EntryRecord.at(keys.purchase_entry(tenant_id, "OPEN", number), facts=order_text(entry), source=SELLER)


def shipments(
    tenant_id: TenantId, connection_id: ConnectionId, place: str, today: date, count: int
) -> Iterator[CoreItem]:
    """Yield shipments and what lists show of them; every tenth is late, every sixth carries forty SKUs."""
    for number in range(count):
        late = number % 10 == 0
        large = number % 6 == 0
        begun = today - timedelta(days=40 if late else 3)
        legs = tuple(
            Leg(
                kind, "Ningbo, Zhejiang", "Long Beach, California", "Blue Line Freight", f"MSKU{number:04}{at:03}",
                begun + timedelta(days=at * 4), begun + timedelta(days=at * 4 + 4), begun if at == 0 else None,
            )
            for at, kind in enumerate((_WAY * 2)[: 12 if large else 5])
        )  # fmt: skip
        skus = tuple(f"HARBOUR-LAMP-{number:04}-{each:03}".ljust(40, "x") for each in range(40 if large else 3))
        shipment = Shipment(
            name=f"Container {number}",
            connection_id=connection_id,
            marketplace_id=place,
            destination="amazon",
            state="under_way",
            legs=legs,
            estimates=tuple(Estimate(3.5, 4.0, 6, "lane") for _ in legs),
            units=4800,
            skus=skus,
            orders=tuple(f"PO-{number:04}{each:02}" for each in range(4)),
            created_at="2026-11-21T10:11:12Z",
            changed_at="2026-11-21T10:11:12Z",
        )
        facts = shipment_text(shipment)
        shipment_id = f"20261122-{number:016}"
        yield ShipmentRecord.at(keys.open_shipment(tenant_id, shipment_id), source=SELLER, facts=facts, version=1)
        listed = shipment_text(listed_rules.listed(shipment, len(facts.encode())))
        yield ListedRecord.at(keys.listed_shipment(tenant_id, "OPEN", shipment_id), source=SELLER, facts=listed)
