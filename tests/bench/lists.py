"""Lists: what every page of 10,000 products, 2,000 purchase orders and 500 shipments costs, from the first to the last.

Each list is walked to its end, unfiltered and with each of its filters, with the role of the function that serves it;
read units are those that the embedded AWS reports, which counts them as DynamoDB does. ``lost`` counts entries that a
walk did not name exactly once though its filter leaves them.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from tests.bench.capacity import ReadUnits
from tests.bench.catalogue import Result
from tests.bench.deployment import as_function, deploy
from tests.bench.embedded_aws import EmbeddedAws, embedded_aws
from tests.bench.harness import Run, handlers_log

if TYPE_CHECKING:
    from quayside.storage.tables import CoreItem
    from tests.support.sellers import ConnectedSeller

PRODUCTS, ORDERS, SHIPMENTS = 10_000, 2_000, 500
PLACES = ["A13V1IB3VIYZZH", "A1PA6795UKMFR9", "A1RKKUPIHCS9HS"]
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_AT_ONCE = 25

type Page = tuple[Iterable[str], str | None]
type Walk = tuple[str, int, Callable[[str | None], Page]]
"""Of which list, how many entries its filter leaves, and a page by its cursor."""


def measure(run: Run) -> Result:
    """Fill the three lists and walk them."""
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - the product, only when measured

    sizes = {"products": run.share(PRODUCTS), "orders": run.share(ORDERS), "shipments": run.share(SHIPMENTS)}
    costs = {name: Costs() for name in sizes}
    units = ReadUnits()
    with embedded_aws(run) as aws:
        functions = deploy(aws, ("SellerApi", "SyncWorker"))
        with as_function(aws, functions["SyncWorker"]):
            seller = _seller()
        _fill(aws, functions["SellerApi"].environment["CORE_TABLE"], _entries(seller, sizes))
        run.say(f"{sum(sizes.values())} entries are in the lists.")
        with (
            as_function(aws, functions["SellerApi"]), handlers_log(run), units.watching(),
            _store("STORES_CREDENTIALS"), tenant_scope(seller.tenant_id),
        ):  # fmt: skip
            for name, expected, page in walks(sizes):
                costs[name].add(*walked(units, expected, page))
                run.say(f"{name}: {costs[name]}")
    return {
        **{f"{name}_read_units": each.read_units for name, each in costs.items()},
        "pages": {name: each.pages for name, each in costs.items()},
        "lost": sum(each.lost for each in costs.values()),
        "sizes": sizes,
    }


@dataclass
class Costs:
    """What the walks of one list came to: its dearest page, how many pages there were, how many entries were lost."""

    read_units: float = 0.0
    pages: int = 0
    lost: int = 0

    def add(self, read_units: float, pages: int, lost: int) -> None:
        """Add one walk."""
        self.read_units = max(self.read_units, read_units)
        self.pages += pages
        self.lost += lost


def walked(units: ReadUnits, expected: int, page: Callable[[str | None], Page]) -> tuple[float, int, int]:
    """Walk a list to its end; return its dearest page, how many there were, and how many entries were lost or twice."""
    seen: Counter[str] = Counter()
    cursor: str | None = None
    worst, pages = 0.0, 0
    while True:
        units.reset()
        found, cursor = page(cursor)
        worst, pages = max(worst, units.units), pages + 1
        seen.update(found)
        if cursor is None:
            return worst, pages, abs(expected - len(seen)) + sum(times - 1 for times in seen.values())


def walks(sizes: dict[str, int]) -> Iterator[Walk]:
    """Yield every list, unfiltered and with each of its filters."""
    from quayside.catalog import grid_service  # noqa: PLC0415 - the product, only when measured
    from quayside.catalog.grid_rules import Filters as GridFilters  # noqa: PLC0415 - as above
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - as above
    from quayside.procurement import order_service  # noqa: PLC0415 - as above
    from quayside.supply_chain import shipment_service  # noqa: PLC0415 - as above
    from quayside.supply_chain.shipment_service import Filters  # noqa: PLC0415 - as above

    def lines(filters: GridFilters, place: str | None, cursor: str | None) -> Page:
        found = grid_service.list_lines(None, place, filters, cursor, 50)
        return [line.seller_sku for line in found.lines], found.next_cursor

    def purchases(narrow: dict[str, Any], cursor: str | None) -> Page:
        wanted = {"state": None, "supplier_id": None, "sku": None, **narrow}
        found = order_service.list_orders(done=False, cursor=cursor, limit=50, **wanted)
        return [order.order_id for order in found.orders], found.next_cursor

    def ships(filters: Filters, cursor: str | None) -> Page:
        found = shipment_service.list_shipments(filters, cursor, 50, clock=FixedClock(NOW))
        return [shipment.shipment_id for shipment in found.shipments], found.next_cursor

    def every(count: int, step: int) -> int:
        return len(range(0, count, step))

    count = sizes["products"]
    last = f"{count - 1:06}"
    for grid, place, left in (
        (GridFilters(), None, count),
        (GridFilters(), PLACES[0], every(count, 3)),
        (GridFilters(standing="suppressed"), None, every(count, 5)),
        (GridFilters(issues="none"), None, count - every(count, 5)),
        (GridFilters(stock="out"), None, every(count, 40)),
        (GridFilters(cost="missing"), None, every(count, 7)),
        (GridFilters(search=last), None, 1),
    ):
        yield "products", left, lambda cursor, grid=grid, place=place: lines(grid, place, cursor)  # type: ignore[misc]
    count = sizes["orders"]
    for narrow, left in (
        ({}, count),
        ({"state": "sent"}, count // 20),
        ({"supplier_id": f"supplier-{0:016}"}, count // 10),
        ({"state": "received"}, 0),
    ):
        yield "orders", left, lambda cursor, narrow=narrow: purchases(narrow, cursor)  # type: ignore[misc]
    count = sizes["shipments"]
    for filters, left in (
        (Filters(), count),
        (Filters(late=True), every(count, 10)),
        (Filters(state="arrived"), 0),
        (Filters(search="container 1"), sum(str(number).startswith("1") for number in range(count))),
        (Filters(search="-039x"), every(count, 6)),
        (Filters(search="nowhere"), 0),
        (Filters(ended=True), 0),
    ):
        yield "shipments", left, lambda cursor, filters=filters: ships(filters, cursor)  # type: ignore[misc]


def _store(access_name: str) -> Any:
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - the product, only when measured
    from quayside.kernel.settings import load_settings  # noqa: PLC0415 - as above
    from quayside.storage import connection  # noqa: PLC0415 - as above

    access = getattr(connection, access_name)
    return connection.binding(connection.Store(load_settings(os.environ), access, clock=FixedClock(NOW)))


def _seller() -> "ConnectedSeller":
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - the product, only when measured
    from tests.support.sellers import connect  # noqa: PLC0415 - as above

    with _store("USES_CREDENTIALS"):
        return connect(FixedClock(NOW), subject="bench-lists", seller="ALISTS", marketplaces=PLACES)


def _entries(seller: "ConnectedSeller", sizes: dict[str, int]) -> "Iterator[CoreItem]":
    from tests.support import lists  # noqa: PLC0415 - the product, only when measured

    yield from lists.products(seller.tenant_id, seller.connection_id, PLACES, sizes["products"])
    yield from lists.orders(seller.tenant_id, sizes["orders"])
    yield from lists.shipments(seller.tenant_id, seller.connection_id, PLACES[0], NOW.date(), sizes["shipments"])


def _fill(aws: EmbeddedAws, table: str, entries: "Iterator[CoreItem]") -> None:
    """Put entries into the table as the account's owner, for no function may write many items at once."""
    client = aws.operator.client("dynamodb", endpoint_url=aws.endpoint)
    for some in batched(entries, _AT_ONCE, strict=False):
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": each.serialize()}} for each in some]})
