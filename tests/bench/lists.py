"""Lists: what every page of 10,000 products, 2,000 purchase orders and 500 shipments costs, from the first to the last.

Each list is walked to its end through the API, unfiltered and with each of its filters, with the role of the function
that serves it. What counts is all that a request reads, who asks included; the read units are those that the embedded
AWS reports, which counts them as DynamoDB does. ``lost`` counts entries that a
walk did not name exactly once though its filter leaves them.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from itertools import batched, chain
from typing import TYPE_CHECKING, Any

from tests.bench.capacity import ReadUnits
from tests.bench.catalogue import Result
from tests.bench.deployment import as_function, deploy
from tests.bench.embedded_aws import EmbeddedAws, embedded_aws
from tests.bench.harness import Run, handlers_log

if TYPE_CHECKING:
    from quayside.storage.tables import CoreItem
    from tests.support.aws import Aws

PRODUCTS, ORDERS, SHIPMENTS = 10_000, 2_000, 500
PLACES = ["A13V1IB3VIYZZH", "A1PA6795UKMFR9", "A1RKKUPIHCS9HS"]
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_AT_ONCE = 25

_LISTS = {
    "products": ("/catalog", "lines", "seller_sku"),
    "orders": ("/purchase-orders", "orders", "order_id"),
    "shipments": ("/shipments", "shipments", "shipment_id"),
}
"""Of each list: where it is, what its entries are called, and what tells one from the other."""

type Page = tuple[Iterable[str], str | None]
type Walk = tuple[str, int, Callable[[str | None], Page]]
"""Of which list, how many entries its filter leaves, and a page by its cursor."""


def measure(run: Run) -> Result:
    """Fill the three lists and walk them."""
    sizes = {"products": run.share(PRODUCTS), "orders": run.share(ORDERS), "shipments": run.share(SHIPMENTS)}
    costs = {name: Costs() for name in sizes}
    units = ReadUnits()
    with embedded_aws(run) as aws:
        function = deploy(aws, ("SellerApi",))["SellerApi"]
        with as_function(aws, function), handlers_log(run), units.watching(), _store() as present:
            ask, entries = member(present, sizes)
            _fill(aws, present.settings.core_table, entries)
            run.say(f"{sum(sizes.values())} entries are in the lists.")
            for name, expected, page in walks(ask, sizes):
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


def walks(ask: Callable[..., Any], sizes: Mapping[str, int]) -> Iterator[Walk]:
    """Yield every list, unfiltered and with each of its filters; ``ask`` sends a request of a member to the API."""

    def every(count: int, step: int) -> int:
        return len(range(0, count, step))

    products, orders, shipments = sizes["products"], sizes["orders"], sizes["shipments"]
    first = sum(str(number).startswith("1") for number in range(shipments))
    asked: tuple[tuple[str, dict[str, str], int], ...] = (
        ("products", {}, products),
        ("products", {"marketplace_id": PLACES[0]}, every(products, 3)),
        ("products", {"standing": "suppressed"}, every(products, 5)),
        ("products", {"issues": "none"}, products - every(products, 5)),
        ("products", {"stock": "out"}, every(products, 40)),
        ("products", {"cost": "missing"}, every(products, 7)),
        ("products", {"search": f"{products - 1:06}"}, 1),
        ("orders", {}, orders),
        ("orders", {"state": "sent"}, orders // 20),
        ("orders", {"supplier_id": f"supplier-{0:016}"}, orders // 10),
        ("orders", {"state": "received"}, 0),
        ("shipments", {}, shipments),
        ("shipments", {"late": "true"}, every(shipments, 10)),
        ("shipments", {"state": "arrived"}, 0),
        ("shipments", {"search": "container 1"}, first),
        ("shipments", {"search": "-039x"}, every(shipments, 6)),
        ("shipments", {"search": "nowhere"}, 0),
        ("shipments", {"ended": "true"}, 0),
    )
    for name, query, left in asked:
        yield name, left, partial(_page, ask, name, query)


def _page(ask: Callable[..., Any], name: str, query: Mapping[str, str], cursor: str | None) -> Page:
    path, entries, identity = _LISTS[name]
    more = {} if cursor is None else {"cursor": cursor}
    answer = ask("GET", path, query={**query, **more, "limit": "50"})
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{path} answered {answer.status}.")
    return [each[identity] for each in answer.json[entries]], answer.json["next_cursor"]


@contextmanager
def _store() -> "Iterator[Aws]":
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - the product, only when measured
    from quayside.kernel.settings import load_settings  # noqa: PLC0415 - as above
    from quayside.storage import connection  # noqa: PLC0415 - as above
    from tests.support.aws import Aws, OpenedSessions  # noqa: PLC0415 - as above

    clock = FixedClock(NOW)
    store = connection.Store(load_settings(os.environ), connection.STORES_CREDENTIALS, clock=clock)
    with connection.binding(store):
        yield Aws(store.settings, store, clock, OpenedSessions(clock))


def member(present: "Aws", sizes: Mapping[str, int]) -> "tuple[Callable[..., Any], Iterator[CoreItem]]":
    """Sign somebody up who has a connected account; return how they ask, and the entries of their lists."""
    from tests.support import lists  # noqa: PLC0415 - the product, only when measured
    from tests.support.seller_world import SellerWorld  # noqa: PLC0415 - as above
    from tests.support.sellers import connect  # noqa: PLC0415 - as above

    person = SellerWorld(present, mfa_mode="optional").person().sign_up()
    subject = person.world.identity.accounts[person.email].subject
    seller = connect(present.clock, subject=subject, seller="ALISTS", marketplaces=PLACES)
    entries = chain(
        lists.products(seller.tenant_id, seller.connection_id, PLACES, sizes["products"]),
        lists.orders(seller.tenant_id, sizes["orders"]),
        lists.shipments(seller.tenant_id, seller.connection_id, PLACES[0], NOW.date(), sizes["shipments"]),
    )
    return person.call, entries


def _fill(aws: EmbeddedAws, table: str, entries: "Iterator[CoreItem]") -> None:
    """Put entries into the table as the account's owner, for no function may write many items at once."""
    client = aws.operator.client("dynamodb", endpoint_url=aws.endpoint)
    for some in batched(entries, _AT_ONCE, strict=False):
        client.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": each.serialize()}} for each in some]})
