"""Returns to Amazon's warehouses as a flat file: a row per returned unit, with what became of it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from infra.simulator import entropy
from infra.simulator.clock import DAY, HOUR
from infra.simulator.lifecycle import State
from infra.simulator.reports.making import Kind, Wanted, flat_encoding, header, joined, product_name
from infra.simulator.world import Line, Order, World, returns_damaged

COLUMNS = (
    "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity", "fulfillment-center-id",
    "detailed-disposition", "reason", "status", "license-plate-number", "customer-comments",
)  # fmt: skip
_REASONS = (
    "UNWANTED_ITEM", "DEFECTIVE", "NOT_AS_DESCRIBED", "ORDERED_WRONG_ITEM", "NOT_COMPATIBLE", "QUALITY_UNACCEPTABLE",
    "MISSED_ESTIMATED_DELIVERY", "FOUND_BETTER_PRICE",
)  # fmt: skip
_WAREHOUSES = {"na": ("LEX1", "PHX7", "ABE8"), "eu": ("LEJ1", "ORY4", "XBLZ"), "fe": ("NRT5", "KIX2", "FSZ1")}
_COMMENTS = ("", "", "", "", "too small", 'smaller than 12"', "arrived late", "a gift they had already")
_ORDER_FIELDS = len(Order._fields)
_CONDITION = "o.seller = ? AND o.updated >= ? AND o.updated < ? AND o.state = ? AND o.by_amazon = 1"


def _values(wanted: Wanted) -> tuple[object, ...]:
    return (wanted.seller.pk, wanted.start, wanted.end, int(State.RETURNED), *wanted.marketplaces)


def _places(wanted: Wanted) -> str:
    return f"{_CONDITION} AND o.marketplace_id IN ({','.join('?' * len(wanted.marketplaces))})"


def _size(world: World, wanted: Wanted) -> int:
    (count,) = world.storage.connection.execute(
        f"SELECT COUNT(*) FROM orders o WHERE {_places(wanted)}",  # noqa: S608  own condition
        _values(wanted),
    ).fetchone()
    return int(count)


def _chunks(world: World, wanted: Wanted) -> Iterator[str]:
    yield header(COLUMNS, wanted, "order-id")
    if not wanted.emptied:
        yield from joined(_rows(world, wanted))


def _rows(world: World, wanted: Wanted) -> Iterator[list[str]]:
    found = world.storage.connection.execute(
        f"SELECT o.*, l.* FROM orders o JOIN lines l ON l.order_pk = o.pk WHERE {_places(wanted)} "  # noqa: S608  own condition
        "ORDER BY o.updated, o.pk, l.position",
        _values(wanted),
    )
    for row in found:
        order, line = Order._make(row[:_ORDER_FIELDS]), Line._make(row[_ORDER_FIELDS:])
        listing = world.listings[line.listing]
        # Nobody returns an order after it was returned: its last update is the return.
        at = datetime.fromtimestamp(order.updated // 1000, tz=UTC).isoformat()
        disposition = "CUSTOMER_DAMAGED" if returns_damaged(world.seed, line) else "SELLABLE"
        for unit in range(line.returned):
            chance = entropy.generator(world.seed, "return", order.pk, line.position, unit)
            yield [
                at, order.order_id, listing.sku, listing.asin, listing.fnsku, product_name(listing), "1",
                chance.choice(_WAREHOUSES[wanted.seller.region]), disposition, chance.choice(_REASONS),
                "Unit returned to inventory",
                "LPN" + entropy.letters(10, world.seed, "plate", order.pk, line.position, unit),
                chance.choice(_COMMENTS) if not world.buyers_marker else f"{world.buyers_marker} wrote this",
            ]  # fmt: skip


CUSTOMER_RETURNS = Kind(
    name="GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
    size=_size,
    chunks=_chunks,
    encoding=flat_encoding,
    # A daily report of Fulfillment by Amazon.
    interval_ms=4 * HOUR,
    maximum_ms=550 * DAY,
    cancelled_when_empty=True,
    seconds_per_row=0.02,
)
