"""What the API shows of orders."""

from typing import Literal

import msgspec

from quayside.kernel.clock import format_instant, from_epoch_milliseconds, from_epoch_seconds
from quayside.kernel.money import Money
from quayside.orders.records import (
    OrderRecord,
    lines_from,
    place_of,
    prices_from,
    products_from,
    state_of_record,
    text_or_none,
    whole,
    windows_from,
)
from quayside.orders.rules import LinePrice, OrderLine, contribution
from quayside.sync.views import Cell, Column

COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("order_id", "Order", "text"),
    Column("purchased_at", "Bought", "instant"),
    Column("status", "Status", "text"),
    Column("fulfilled_by", "Shipped by", "text"),
    Column("lines", "Lines", "number"),
    Column("units", "Units", "number"),
    Column("total", "Total", "money"),
    Column("source_updated_at", "Changed at Amazon", "instant"),
    Column("received_at", "Received", "instant"),
    Column("source", "Source", "text"),
)
"""What the data browser shows of an order."""

LINE_COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("order_id", "Order", "text"),
    Column("purchased_at", "Bought", "instant"),
    Column("order_item_id", "Line", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("asin", "ASIN", "text"),
    Column("title", "Title", "text"),
    Column("quantity_ordered", "Ordered", "number"),
    Column("quantity_shipped", "Shipped", "number"),
    Column("cancelled", "Cancelled", "text"),
    Column("item", "Goods", "money"),
    Column("tax", "Tax", "money"),
    Column("shipping", "Shipping", "money"),
    Column("discount", "Discount", "money"),
    Column("other", "Other", "money"),
)
"""What an export says of each line of an order: fields of ``LineView``, and which order it is of."""


class OrderSummary(msgspec.Struct, frozen=True):
    """One order in the list. ``total`` is null while Amazon has not given the money; ``total_state`` says so."""

    order_id: str
    connection_id: str
    marketplace_id: str
    purchased_at: str
    status: str
    fulfilled_by: str | None
    units: int
    lines: int
    total: Money | None
    total_state: Literal["posted", "waiting"]
    first_title: str | None


class Searched(msgspec.Struct, frozen=True):
    """What a search looked at: how many orders, back to which one, and whether it went through the whole range."""

    text: str
    examined: int
    back_to: str | None
    complete: bool


class OrderPage(msgspec.Struct, frozen=True):
    """A page of orders, newest first. ``as_of`` is the oldest freshness among the connections shown."""

    orders: tuple[OrderSummary, ...]
    next_cursor: str | None
    as_of: str | None
    searched: Searched | None = None


class LineView(msgspec.Struct, frozen=True):
    """One line of an order. Money is null while Amazon has not given it; ``discount`` is zero or negative."""

    order_item_id: str
    seller_sku: str
    asin: str | None
    title: str | None
    quantity_ordered: int
    quantity_shipped: int
    cancelled: bool
    item: Money | None
    tax: Money | None
    shipping: Money | None
    discount: Money | None
    other: Money | None


class Totals(msgspec.Struct, frozen=True):
    """The sums over an order's lines, and what the seller receives for all of it."""

    item: Money
    tax: Money
    shipping: Money
    discount: Money
    other: Money
    total: Money


class WindowsView(msgspec.Struct, frozen=True):
    """When the order has to be shipped and when it arrives."""

    ship_after: str | None
    ship_by: str | None
    deliver_after: str | None
    deliver_by: str | None


class OrderHistory(msgspec.Struct, frozen=True):
    """Where the facts of an order come from and how old they are."""

    source: str
    source_updated_at: str
    received_at: str
    priced_at: str | None


class OrderDetail(msgspec.Struct, frozen=True):
    """An order with its lines, money, time windows and sources."""

    order_id: str
    connection_id: str
    marketplace_id: str
    purchased_at: str
    status: str
    fulfilled_by: str | None
    units: int
    is_replacement: bool
    total: Money | None
    total_state: Literal["posted", "waiting"]
    lines: tuple[LineView, ...]
    totals: Totals | None
    windows: WindowsView
    history: OrderHistory


def summary_of(record: OrderRecord) -> OrderSummary:
    """Return one order as the list shows it."""
    place = place_of(record.pk, record.sk)
    lines = lines_from(record.lines)
    products = products_from(record.products)
    titles = (products[line.order_item_id].title for line in lines if line.order_item_id in products)
    return OrderSummary(
        order_id=place.order_id,
        connection_id=place.connection_id,
        marketplace_id=place.marketplace_id,
        purchased_at=format_instant(place.purchased_at),
        status=record.status,
        fulfilled_by=record.fulfilled_by,
        units=_units(lines),
        lines=len(lines),
        total=_total(record),
        total_state=_total_state(record),
        first_title=next((title for title in titles if title), None),
    )


def row_of(record: OrderRecord) -> tuple[Cell, ...]:
    """Return one order as a row of ``COLUMNS``."""
    summary = summary_of(record)
    return (
        summary.marketplace_id,
        summary.order_id,
        summary.purchased_at,
        summary.status,
        summary.fulfilled_by,
        summary.lines,
        summary.units,
        summary.total,
        format_instant(from_epoch_milliseconds(int(record.source_updated_at))),
        format_instant(from_epoch_seconds(int(record.received_at))),
        record.source,
    )


def line_rows(record: OrderRecord) -> tuple[tuple[Cell, ...], ...]:
    """Return the lines of an order as rows of ``LINE_COLUMNS``."""
    order = detail_of(record)
    return tuple(
        (order.marketplace_id, order.order_id, order.purchased_at, *msgspec.structs.astuple(line))
        for line in order.lines
    )


def detail_of(record: OrderRecord) -> OrderDetail:
    """Return one order as its own page shows it."""
    place = place_of(record.pk, record.sk)
    lines = lines_from(record.lines)
    prices = prices_from(record.prices)
    products = products_from(record.products)
    ship_after, ship_by, deliver_after, deliver_by = (
        None if at is None else format_instant(from_epoch_seconds(at)) for at in windows_from(record.windows)
    )
    priced_at = whole(record.priced_at)
    views = []
    for line in lines:
        price = prices.get(line.order_item_id)
        product = products.get(line.order_item_id)
        views.append(
            LineView(
                line.order_item_id,
                line.seller_sku,
                product.asin if product else None,
                product.title if product else None,
                line.quantity_ordered,
                line.quantity_shipped,
                line.cancelled,
                *_money_of(price, record.currency),
            )
        )
    return OrderDetail(
        order_id=place.order_id,
        connection_id=place.connection_id,
        marketplace_id=place.marketplace_id,
        purchased_at=format_instant(place.purchased_at),
        status=record.status,
        fulfilled_by=record.fulfilled_by,
        units=_units(lines),
        is_replacement=bool(record.replacement),
        total=_total(record),
        total_state=_total_state(record),
        lines=tuple(views),
        totals=_totals(tuple(prices.values()), record),
        windows=WindowsView(ship_after, ship_by, deliver_after, deliver_by),
        history=OrderHistory(
            source=record.source,
            source_updated_at=format_instant(from_epoch_milliseconds(int(record.source_updated_at))),
            received_at=format_instant(from_epoch_seconds(int(record.received_at))),
            priced_at=None if priced_at is None else format_instant(from_epoch_seconds(priced_at)),
        ),
    )


def _units(lines: tuple[OrderLine, ...]) -> int:
    return sum(line.quantity_ordered for line in lines if not line.cancelled)


def _total(record: OrderRecord) -> Money | None:
    total_minor, currency = whole(record.total_minor), text_or_none(record.currency)
    return None if total_minor is None or currency is None else Money(total_minor, currency)


def _total_state(record: OrderRecord) -> Literal["posted", "waiting"]:
    """``waiting`` while the order counts and its money is missing or out of date; a cancelled order waits for none."""
    counted = contribution(state_of_record(record))
    return "waiting" if counted.pending or counted.waiting_for_price else "posted"


def _money_of(price: LinePrice | None, currency: str | None) -> tuple[Money | None, ...]:
    if price is None or currency is None:
        return (None,) * 5
    amounts = (price.item_minor, price.tax_minor, price.shipping_minor, price.discount_minor, price.other_minor)
    return tuple(Money(amount, currency) for amount in amounts)


def _totals(prices: tuple[LinePrice, ...], record: OrderRecord) -> Totals | None:
    total = _total(record)
    if total is None or not prices:
        return None
    currency = total.currency
    return Totals(
        item=Money(sum(price.item_minor for price in prices), currency),
        tax=Money(sum(price.tax_minor for price in prices), currency),
        shipping=Money(sum(price.shipping_minor for price in prices), currency),
        discount=Money(sum(price.discount_minor for price in prices), currency),
        other=Money(sum(price.other_minor for price in prices), currency),
        total=total,
    )
