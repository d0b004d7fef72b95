"""All orders as a flat file, by order date or by last update: a row per order line, money for the whole line.

As in production: ``marketplaceIds`` is ignored (all the region's orders come), lines of one order are sometimes far
apart, a line is sometimes told in two rows, an order id returns in a row of the sales channel Non-Amazon, and quotes
are not balanced. All rows of an order line add up to the API's breakdowns of it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from infra.simulator import people
from infra.simulator.clock import DAY, MINUTE
from infra.simulator.lifecycle import SHIPPED_STATES, State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import exponent
from infra.simulator.reports.making import Kind, Wanted, flat_encoding, header, joined, product_name, shipping_tax
from infra.simulator.world import BUSINESS, PRIME, Line, Order, World

COLUMNS = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
    "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "ship-city", "ship-state", "ship-postal-code", "ship-country",
    "promotion-ids", "is-business-order", "purchase-order-number", "price-designation",
)  # fmt: skip
ORDER_STATUS: dict[int, str] = {
    State.PENDING: "Pending",
    State.UNSHIPPED: "Unshipped",
    State.PARTIALLY_SHIPPED: "Shipping",
    State.CANCELLED: "Cancelled",
}
NON_AMAZON = "Non-Amazon"
_HISTORY_MS = 2 * 365 * DAY
_ORDER_FIELDS = len(Order._fields)
_LATE_ROWS = 200


def _window(wanted: Wanted) -> tuple[int, int, int]:
    return wanted.seller.pk, wanted.start, wanted.end


def _size(by: str, world: World, wanted: Wanted) -> int:
    (count,) = world.storage.connection.execute(
        f"SELECT COUNT(*) FROM orders WHERE seller = ? AND {by} >= ? AND {by} < ? AND created >= ?",  # noqa: S608  own column
        (*_window(wanted), wanted.now_ms - _HISTORY_MS),
    ).fetchone()
    return int(count)


def _chunks(by: str, world: World, wanted: Wanted) -> Iterator[str]:
    yield header(COLUMNS, wanted, "item-price")
    if not wanted.emptied:
        yield from joined(_scattered(by, world, wanted))


def _scattered(by: str, world: World, wanted: Wanted) -> Iterator[list[str]]:
    rows = world.storage.connection.execute(
        f"SELECT o.*, l.* FROM orders o JOIN lines l ON l.order_pk = o.pk WHERE o.seller = ? AND o.{by} >= ? "  # noqa: S608  own column
        f"AND o.{by} < ? AND o.created >= ? ORDER BY o.{by}, o.pk, l.position",
        (*_window(wanted), wanted.now_ms - _HISTORY_MS),
    )
    late: list[list[str]] = []
    last: list[list[str]] = []
    writer = _Rows(world)
    for number, row in enumerate(rows):
        order, line = Order._make(row[:_ORDER_FIELDS]), Line._make(row[_ORDER_FIELDS:])
        for told in writer.rows(order, line):
            if line.position > 1 and order.pk % 4 == 0:
                (last if order.pk % 16 == 0 else late).append(told)
            else:
                yield told
        if number % _LATE_ROWS == 0:
            yield from late
            late.clear()
    yield from late
    yield from last


class _Rows:
    def __init__(self, world: World) -> None:
        self._world = world
        # What a listing always says: its name, SKU and ASIN.
        self._goods: dict[int, tuple[str, str, str]] = {}

    def rows(self, order: Order, line: Line) -> list[list[str]]:
        """Return what the report says of a line: mostly one row."""
        if order.by_amazon and line.quantity > 1 and (order.pk * 31 + line.position) % 5 == 0:
            # Two warehouses sent it, so it is told twice, and the parts add up.
            found = [self._row(order, part) for part in parts(line)]
        else:
            found = [self._row(order, line)]
        if order.pk * 7919 % 400 == 0 and order.by_amazon and order.state in SHIPPED_STATES and line.position == 1:
            found.append(self._replacement(order, line))
        return found

    def _row(self, order: Order, line: Line) -> list[str]:
        marketplace = MARKETPLACES[order.marketplace_id]
        goods = self._goods.get(line.listing)
        if goods is None:
            listing = self._world.listings[line.listing]
            goods = self._goods[line.listing] = (product_name(listing), listing.sku, listing.asin)
        name, sku, asin = goods
        state = order.state
        business = order.flags & BUSINESS
        currency = item = item_tax = shipping = ship_tax = discount = promotion = ""
        if order.priced:
            currency, places = marketplace.currency, exponent(marketplace.currency)
            on_shipping = shipping_tax(line)
            item = _amount(line.item_minor, places)
            item_tax = _some(line.tax_minor - on_shipping, places)
            shipping, ship_tax = _some(line.shipping_minor, places), _some(on_shipping, places)
            discount = _some(line.discount_minor, places)
            promotion = f"QS-PROMO-{sku}" if line.discount_minor else ""
        city, region, code = people.ships_to(
            self._world.seed, order.pk, marketplace.country_code, self._world.buyers_marker
        )
        item_status = "Cancelled" if state == State.CANCELLED else "Shipped" if line.shipped else "Unshipped"
        return [
            order.order_id, order.order_id, _moment(order.created), _moment(order.updated),
            ORDER_STATUS.get(state, "Shipped"), "Amazon" if order.by_amazon else "Merchant", marketplace.name, "",
            "SecondDay" if order.flags & PRIME else "Standard", name, sku, asin, item_status,
            str(line.quantity), currency, item, item_tax, shipping, ship_tax, "", "", discount, "",
            city, region, code, marketplace.country_code, promotion, "true" if business else "false",
            f"PO-{order.pk}" if business else "", "Business Price" if business and order.priced else "",
        ]  # fmt: skip

    def _replacement(self, order: Order, line: Line) -> list[str]:
        row = self._row(order, line._replace(quantity=1))
        values = dict(zip(COLUMNS, row, strict=True))
        money = [name for name in COLUMNS if name.endswith(("-price", "-tax", "-discount"))]
        values |= dict.fromkeys([*money, "currency", "promotion-ids", "purchase-order-number", "price-designation"], "")
        values |= {"merchant-order-id": f"MCF-{order.pk}", "sales-channel": NON_AMAZON, "is-business-order": "false"}
        return list(values.values())


def parts(line: Line) -> tuple[Line, Line]:
    """Return a line of several units as two warehouses told it: one unit, and the rest. They add up to the line."""
    whole = line.quantity
    first = line._replace(
        quantity=1,
        item_minor=line.item_minor // whole,
        tax_minor=line.tax_minor // whole,
        shipping_minor=line.shipping_minor // whole,
        discount_minor=line.discount_minor // whole,
    )
    rest = line._replace(
        quantity=whole - 1,
        item_minor=line.item_minor - first.item_minor,
        tax_minor=line.tax_minor - first.tax_minor,
        shipping_minor=line.shipping_minor - first.shipping_minor,
        discount_minor=line.discount_minor - first.discount_minor,
    )
    return first, rest


def _amount(minor: int, places: int) -> str:
    if not places:
        return str(minor)
    whole, rest = divmod(minor, 10**places)
    return f"{whole}.{rest:0{places}d}"


def _some(minor: int, places: int) -> str:
    return _amount(minor, places) if minor else ""


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).isoformat()


def _kind(name: str, by: str, *, cancelled_when_empty: bool) -> Kind:
    return Kind(
        name=name,
        size=partial(_size, by),
        chunks=partial(_chunks, by),
        encoding=flat_encoding,
        maximum_ms=30 * DAY + MINUTE,
        cancelled_when_empty=cancelled_when_empty,
        seconds=(60, 240),
        seconds_per_row=0.03,
    )


BY_ORDER_DATE = _kind("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL", "created", cancelled_when_empty=True)
BY_LAST_UPDATE = _kind("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", "updated", cancelled_when_empty=False)
