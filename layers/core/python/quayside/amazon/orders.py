"""What the Orders API 2026-01-01 answers, as far as Quayside reads it.

Buyer and recipient have no place here: personal data is not asked for (no BUYER, no RECIPIENT) and would be dropped on
decoding. Fields that Amazon may leave out are optional, fields it adds are ignored and its enumerations stay text, so
that a new value is shown and never crashes. Source: Amazon's model orders_2026-01-01.json.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec

from quayside.amazon.errors import UnexpectedAnswer

INCLUDED_DATA = ("PROCEEDS", "FULFILLMENT")
"""What is asked for besides the order itself: money and shipping windows, nothing about people."""


class Amount(msgspec.Struct, frozen=True, rename="camel"):
    """Money as Amazon writes it: a decimal in text, and a currency code."""

    amount: str
    currency_code: str


class Window(msgspec.Struct, frozen=True, rename="camel"):
    """A span of time with an earliest and a latest instant."""

    earliest_date_time: datetime | None = None
    latest_date_time: datetime | None = None


class SalesChannel(msgspec.Struct, frozen=True, rename="camel"):
    """Where an order was placed; ``marketplace_id`` is absent for orders that come from outside Amazon."""

    channel_name: str
    marketplace_id: str | None = None


class DetailedBreakdown(msgspec.Struct, frozen=True, rename="camel"):
    """A part of a part of an item's proceeds, for example the tax on its shipping."""

    subtype: str | None = None
    value: Amount | None = None


class ItemBreakdown(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an item's proceeds: ITEM, SHIPPING, GIFT_WRAP, COD_FEE, TAX, DISCOUNT, PROMOTION, … ."""

    type: str
    subtotal: Amount
    detailed_breakdowns: tuple[DetailedBreakdown, ...] | None = None


class ItemProceeds(msgspec.Struct, frozen=True, rename="camel"):
    """What an item brings."""

    proceeds_total: Amount | None = None
    breakdowns: tuple[ItemBreakdown, ...] | None = None


class ItemPrice(msgspec.Struct, frozen=True, rename="camel"):
    """The offer price of one unit; not what was paid, see ``ItemProceeds``."""

    unit_price: Amount | None = None


class Product(msgspec.Struct, frozen=True, rename="camel"):
    """What was ordered."""

    asin: str | None = None
    title: str | None = None
    seller_sku: str | None = None
    price: ItemPrice | None = None


class ItemFulfilment(msgspec.Struct, frozen=True, rename="camel"):
    """How much of an item has been shipped."""

    quantity_fulfilled: int | None = None
    quantity_unfulfilled: int | None = None


class ItemCancellationExecution(msgspec.Struct, frozen=True, rename="camel"):
    """That an item was cancelled, and by whom."""

    cancelled_by: str | None = None


class ItemCancellation(msgspec.Struct, frozen=True, rename="camel"):
    """The cancellation of an item, when there is one."""

    cancellation_execution: ItemCancellationExecution | None = None


class OrderItem(msgspec.Struct, frozen=True, rename="camel"):
    """One line of an order."""

    order_item_id: str
    quantity_ordered: int
    product: Product
    proceeds: ItemProceeds | None = None
    fulfillment: ItemFulfilment | None = None
    cancellation: ItemCancellation | None = None


class OrderBreakdown(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an order's proceeds."""

    type: str
    subtotal: Amount
    status: str | None = None


class OrderProceeds(msgspec.Struct, frozen=True, rename="camel"):
    """What an order brings."""

    grand_total: Amount | None = None
    breakdowns: tuple[OrderBreakdown, ...] | None = None


class OrderFulfilment(msgspec.Struct, frozen=True, rename="camel"):
    """State and promises of an order. ``fulfillment_status`` is PENDING, UNSHIPPED, SHIPPED, CANCELLED, … ."""

    fulfillment_status: str
    fulfilled_by: str | None = None
    fulfillment_service_level: str | None = None
    ship_by_window: Window | None = None
    deliver_by_window: Window | None = None


class AssociatedOrder(msgspec.Struct, frozen=True, rename="camel"):
    """Another order this one belongs to, for example the one it replaces."""

    order_id: str | None = None
    association_type: str | None = None


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """An order with its lines."""

    order_id: str
    created_time: datetime
    last_updated_time: datetime
    sales_channel: SalesChannel
    order_items: tuple[OrderItem, ...]
    programs: tuple[str, ...] | None = None
    associated_orders: tuple[AssociatedOrder, ...] | None = None
    proceeds: OrderProceeds | None = None
    fulfillment: OrderFulfilment | None = None


class UnreadableOrder(msgspec.Struct, frozen=True):
    """An order of a page that lacks what every order must have.

    Attributes:
        order_id: Amazon's id when at least that could be read, otherwise empty.
        problem: what is wrong and where, for example "Object missing required field `createdTime`".
    """

    order_id: str
    problem: str


class OrdersPage(msgspec.Struct, frozen=True):
    """One page of searchOrders.

    Attributes:
        orders: the orders that could be read.
        unreadable: the ones that could not, so that none is lost in silence.
        next_token: continues the search, None after the last page; lives 24 hours.
        complete_until: the instant up to which Amazon answered, None when it does not say.
    """

    orders: tuple[Order, ...]
    unreadable: tuple[UnreadableOrder, ...]
    next_token: str | None
    complete_until: datetime | None


class _Pagination(msgspec.Struct, frozen=True, rename="camel"):
    next_token: str | None = None


class _SearchAnswer(msgspec.Struct, frozen=True, rename="camel"):
    orders: tuple[msgspec.Raw, ...]
    pagination: _Pagination | None = None
    last_updated_before: datetime | None = None
    created_before: datetime | None = None


class _GetAnswer(msgspec.Struct, frozen=True):
    order: msgspec.Raw


class _OnlyId(msgspec.Struct, frozen=True, rename="camel"):
    order_id: str = ""


_search = msgspec.json.Decoder(_SearchAnswer)
_get = msgspec.json.Decoder(_GetAnswer)
_order = msgspec.json.Decoder(Order)
_only_id = msgspec.json.Decoder(_OnlyId)


class SearchPage[Kind](NamedTuple):
    """One page of searchOrders, its orders read as one kind of struct; the rest as in ``OrdersPage``."""

    orders: tuple[Kind, ...]
    unreadable: tuple[UnreadableOrder, ...]
    next_token: str | None
    complete_until: datetime | None


def read_search[Kind](body: bytes, kind: msgspec.json.Decoder[Kind]) -> SearchPage[Kind]:
    """Read the answer of searchOrders, order by order, so that one bad order does not spoil its page.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        answer = _search.decode(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="searchOrders", status=200) from problem
    orders: list[Kind] = []
    unreadable: list[UnreadableOrder] = []
    for raw in answer.orders:
        read = _read(raw, kind)
        if isinstance(read, UnreadableOrder):
            unreadable.append(read)
        else:
            orders.append(read)
    return SearchPage(
        orders=tuple(orders),
        unreadable=tuple(unreadable),
        next_token=(answer.pagination.next_token or None) if answer.pagination else None,
        complete_until=answer.last_updated_before or answer.created_before,
    )


def read_order[Kind](body: bytes, kind: msgspec.json.Decoder[Kind]) -> Kind | UnreadableOrder:
    """Read the answer of getOrder.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        raw = _get.decode(body).order
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getOrder", status=200) from problem
    read = _read(raw, kind)
    return read  # noqa: RET504 - without the name the type checker takes the answer's type for the order's


def _read[Kind](raw: bytes | msgspec.Raw, kind: msgspec.json.Decoder[Kind]) -> Kind | UnreadableOrder:
    try:
        return kind.decode(raw)
    except msgspec.ValidationError as problem:
        try:
            order_id = _only_id.decode(raw).order_id
        except msgspec.ValidationError:
            order_id = ""
        return UnreadableOrder(order_id, str(problem))


def decode_search(body: bytes) -> OrdersPage:
    """Read the answer of searchOrders; as ``read_search``."""
    return OrdersPage(*read_search(body, _order))


def decode_order(body: bytes) -> Order | UnreadableOrder:
    """Read the answer of getOrder; as ``read_order``."""
    return read_order(body, _order)
