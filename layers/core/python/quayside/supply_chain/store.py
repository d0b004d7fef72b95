"""Reads and writes of goods on their way to Amazon. Every function acts for the tenant in scope."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.facts import Browsed, Fact, Shelf, Tally, browse, stored, upsert, version_of
from quayside.storage.keys import Key
from quayside.storage.tables import every, living, page
from quayside.supply_chain.records import (
    ITEM_PREFIX,
    SHIPMENT_PREFIX,
    ItemRecord,
    PlanRecord,
    ShipmentRecord,
    planned_id_of,
    shipment_id_of,
    text_of,
    told_at,
)
from quayside.supply_chain.rules import PlanFacts, PlannedItem, PlannedShipment, ReceivedItem, ReceivedShipment

PLANS = "amazon:fulfillmentInbound/2024-03-20"
RECEIPTS = "amazon:fulfillmentInbound/v0"
_ITEMS_A_PAGE = 500


def put_plans(
    connection_id: ConnectionId, plans: Iterable[tuple[str, datetime, PlanFacts]], *, received_at: datetime
) -> Tally:
    """Store plans under their ids, each as of the instant Amazon last changed it."""
    tenant_id = current_tenant()
    facts = [
        Fact(keys.inbound_plan(tenant_id, connection_id, plan_id), version_of(changed_at), text_of(plan))
        for plan_id, changed_at, plan in plans
    ]
    return upsert(PlanRecord, facts, received_at=received_at, source=PLANS)


def put_planned_shipments(
    connection_id: ConnectionId, shipments: Mapping[str, PlannedShipment], *, received_at: datetime
) -> Tally:
    """Store shipments of plans under the id both APIs know, or the plan's own as long as there is none.

    When a shipment gets the common id, what was stored under its first one is removed; it is told again with each read.
    """
    tenant_id = current_tenant()
    facts = {
        shipment_id: Fact(
            keys.inbound_shipment(tenant_id, connection_id, shipment_id), version_of(received_at), text_of(shipment)
        )
        for shipment_id, shipment in shipments.items()
    }
    known = stored(ShipmentRecord, (fact.key for fact in facts.values()))
    for shipment_id, shipment in shipments.items():
        record = known.get(facts[shipment_id].key)
        if shipment.shipment_id != shipment_id and (record is None or planned_id_of(record) is None):
            _forget(connection_id, shipment.shipment_id)
    return upsert(
        ShipmentRecord, facts.values(), received_at=received_at, source=PLANS, register="planned", known=known
    )


def _forget(connection_id: ConnectionId, shipment_id: str) -> None:
    key = keys.inbound_shipment(current_tenant(), connection_id, shipment_id)
    if ShipmentRecord.find(key) is None:
        return
    # The shipment goes last: as long as it is there, a repetition finds what is left of it.
    items = keys.inbound_item(current_tenant(), connection_id, shipment_id, "").sk
    for record in every(ItemRecord, key.pk, prefix=items):
        ItemRecord.remove(Key(record.pk, record.sk))
    ShipmentRecord.remove(key)


def put_received_shipments(
    connection_id: ConnectionId, shipments: Mapping[str, ReceivedShipment], *, received_at: datetime
) -> Tally:
    """Store what the older API says of shipments."""
    tenant_id = current_tenant()
    facts = [
        Fact(keys.inbound_shipment(tenant_id, connection_id, shipment_id), version_of(received_at), text_of(shipment))
        for shipment_id, shipment in shipments.items()
    ]
    return upsert(ShipmentRecord, facts, received_at=received_at, source=RECEIPTS, register="received")


def put_planned_items(
    connection_id: ConnectionId, items: Mapping[tuple[str, str], PlannedItem], *, received_at: datetime
) -> Tally:
    """Store what plans say of the SKUs of shipments, each under shipment and SKU."""
    return upsert(
        ItemRecord, _facts(connection_id, items, received_at), received_at=received_at, source=PLANS, register="planned"
    )


def put_received_items(
    connection_id: ConnectionId, items: Mapping[tuple[str, str], ReceivedItem], *, received_at: datetime
) -> Tally:
    """Store what Amazon took in of the SKUs of shipments, each under shipment and SKU."""
    return upsert(
        ItemRecord,
        _facts(connection_id, items, received_at),
        received_at=received_at,
        source=RECEIPTS,
        register="received",
    )


def _facts(
    connection_id: ConnectionId,
    items: Mapping[tuple[str, str], PlannedItem] | Mapping[tuple[str, str], ReceivedItem],
    received_at: datetime,
) -> list[Fact]:
    tenant_id = current_tenant()
    return [
        Fact(keys.inbound_item(tenant_id, connection_id, *place), version_of(received_at), text_of(item))
        for place, item in items.items()
    ]


def common_ids(connection_id: ConnectionId) -> dict[str, str]:
    """Return under which id each shipment is kept, by its id in the API of plans."""
    partition = keys.inbound(current_tenant(), connection_id)
    return {
        planned_id: shipment_id_of(record.sk)
        for record in every(ShipmentRecord, partition, prefix=SHIPMENT_PREFIX)
        if (planned_id := planned_id_of(record)) is not None
    }


def shipments(connection_id: ConnectionId, shipment_ids: Iterable[str]) -> dict[str, ShipmentRecord]:
    """Return the stored shipments among these, by id."""
    wanted = [keys.inbound_shipment(current_tenant(), connection_id, shipment_id) for shipment_id in shipment_ids]
    return {shipment_id_of(record.sk): record for record in living(stored(ShipmentRecord, wanted).values())}


def newest_shipments(connection_id: ConnectionId, examined: int) -> list[ShipmentRecord]:
    """Return inbound shipments of a connection, those that Amazon spoke of last first.

    ``examined`` are looked at, the highest ids first, for Amazon counts its ids up.
    """
    partition = keys.inbound(current_tenant(), connection_id)
    found = page(ShipmentRecord, partition, limit=examined, prefix=SHIPMENT_PREFIX, newest_first=True)
    return sorted(found.records, key=told_at, reverse=True)


def items_of(connection_id: ConnectionId, shipment_id: str, most: int) -> list[ItemRecord]:
    """Return the SKUs of one inbound shipment, in their order, as many as asked for."""
    key = keys.inbound_item(current_tenant(), connection_id, shipment_id, "")
    return page(ItemRecord, key.pk, limit=most, prefix=key.sk).records


def items_of_newest(connection_id: ConnectionId, shipment_ids: Iterable[str], most: int) -> dict[str, list[ItemRecord]]:
    """Return the SKUs of several inbound shipments, read in one go from the highest id down.

    Of more than ``most`` SKUs the rest is left out, and so is every shipment whose SKUs were not all read.
    """
    partition = keys.inbound(current_tenant(), connection_id)
    wanted = set(shipment_ids)
    places = sorted(keys.inbound_item(current_tenant(), connection_id, each, "").sk for each in wanted)
    if not places:
        return {}
    found: dict[str, list[ItemRecord]] = {}
    last, after = "", None
    while most > 0:
        part = page(
            ItemRecord, partition, between=(places[0], f"{places[-1]}\uffff"), limit=min(most, _ITEMS_A_PAGE),
            after=after, newest_first=True,
        )  # fmt: skip
        for record in part.records:
            last = shipment_id_of(record.sk)
            if last in wanted:
                found.setdefault(last, []).append(record)
        most -= len(part.records)
        after = part.next_sort_key
        if after is None:
            return found
    found.pop(last, None)
    return found


def browse_items(connection_id: ConnectionId, cursor: str | None, limit: int) -> Browsed[ItemRecord]:
    """Return one page of the SKUs on their way, shipment by shipment."""
    shelf = Shelf("inbound", keys.inbound(current_tenant(), connection_id))
    return browse(ItemRecord, [shelf], prefix=ITEM_PREFIX, cursor=cursor, limit=limit)
