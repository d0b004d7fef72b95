"""Who receives an order that the seller ships: what the Orders API 2026-01-01 answers when it is asked for that.

Asked for apart from everything else, and for orders that the seller ships itself alone. There is no restricted token in
this version: whoever lacks the role gets the same answer without the personal fields, and no word of it (reference/
sp-api.md section 4). What is personal prints as nothing. Source: Amazon's model orders_2026-01-01.json.
"""

from datetime import datetime
from typing import override

import msgspec

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.orders import OrderFulfilment, SalesChannel

WITH_RECIPIENT = ("RECIPIENT", "FULFILLMENT", "PACKAGES")
"""What is asked for while an order has to be shipped."""
WITHOUT_RECIPIENT = ("FULFILLMENT", "PACKAGES")
"""What is asked for once it was: where it is, and nothing about people."""
MERCHANT = "MERCHANT"
"""Who fulfils an order that the seller ships itself, in Amazon's word."""


class Address(msgspec.Struct, frozen=True, rename="camel"):
    """Where an order goes. It prints as nothing; ``fields`` is for whoever seals it."""

    name: str = ""
    company_name: str = ""
    address_line1: str = ""
    address_line2: str = ""
    address_line3: str = ""
    city: str = ""
    district_or_county: str = ""
    municipality: str = ""
    state_or_region: str = ""
    postal_code: str = ""
    country_code: str = ""
    phone: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether it says who and where; without the role Amazon leaves name, street and postal code out."""
        return bool(self.name or self.address_line1)

    def fields(self) -> dict[str, str]:
        """Return what is given, by our names."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}

    @override
    def __repr__(self) -> str:
        return "Address(hidden)"


class Package(msgspec.Struct, frozen=True):
    """A parcel of an order: whether it was delivered, and when it was handed to the carrier."""

    is_delivered: bool
    shipped_at: datetime | None


class RecipientOrder(msgspec.Struct, frozen=True):
    """An order as far as its recipient is concerned.

    Attributes:
        order_id: Amazon's id.
        marketplace_id: where it was placed, None when not on Amazon.
        created_at: when it was placed.
        status: its fulfilment status, such as UNSHIPPED.
        fulfilled_by: AMAZON or MERCHANT.
        ship_by: the latest shipment that was promised.
        deliver_by: the latest delivery that was promised.
        packages: its parcels, none while nothing was shipped.
        address: who receives it, None when that was not asked for or the application lacks the role.
    """

    order_id: str
    marketplace_id: str | None
    created_at: datetime
    status: str
    fulfilled_by: str
    ship_by: datetime | None
    deliver_by: datetime | None
    packages: tuple[Package, ...]
    address: Address | None


class UnreadableRecipient(msgspec.Struct, frozen=True):
    """An order of a page that lacks what every order must have; ``problem`` names the place, never a value."""

    order_id: str
    problem: str


class RecipientsPage(msgspec.Struct, frozen=True):
    """One page of searchOrders, asked for its recipients.

    Attributes:
        orders: the orders that could be read.
        unreadable: the ones that could not.
        next_token: continues the search, None after the last page.
    """

    orders: tuple[RecipientOrder, ...]
    unreadable: tuple[UnreadableRecipient, ...]
    next_token: str | None


class _Status(msgspec.Struct, frozen=True):
    status: str = ""


class _Package(msgspec.Struct, frozen=True, rename="camel"):
    package_status: _Status | None = None
    ship_time: datetime | None = None

    def read(self) -> Package:
        return Package(self.package_status is not None and self.package_status.status == "DELIVERED", self.ship_time)


class _Recipient(msgspec.Struct, frozen=True, rename="camel"):
    delivery_address: Address | None = None


class _Order(msgspec.Struct, frozen=True, rename="camel"):
    order_id: str
    created_time: datetime
    sales_channel: SalesChannel
    fulfillment: OrderFulfilment
    packages: tuple[_Package, ...] | None = None
    recipient: _Recipient | None = None


class _OnlyId(msgspec.Struct, frozen=True, rename="camel"):
    order_id: str = ""


class _Pagination(msgspec.Struct, frozen=True, rename="camel"):
    next_token: str | None = None


class _SearchAnswer(msgspec.Struct, frozen=True):
    orders: tuple[msgspec.Raw, ...]
    pagination: _Pagination | None = None


class _GetAnswer(msgspec.Struct, frozen=True):
    order: msgspec.Raw


_search = msgspec.json.Decoder(_SearchAnswer)
_get = msgspec.json.Decoder(_GetAnswer)
_order = msgspec.json.Decoder(_Order)
_only_id = msgspec.json.Decoder(_OnlyId)


def decode_recipients(body: bytes) -> RecipientsPage:
    """Read the answer of searchOrders, order by order, so that one bad order does not spoil its page.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        answer = _search.decode(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="searchOrders", status=200) from problem
    read = [_read(raw) for raw in answer.orders]
    return RecipientsPage(
        orders=tuple(each for each in read if isinstance(each, RecipientOrder)),
        unreadable=tuple(each for each in read if isinstance(each, UnreadableRecipient)),
        next_token=(answer.pagination.next_token or None) if answer.pagination else None,
    )


def decode_recipient(body: bytes) -> RecipientOrder | UnreadableRecipient:
    """Read the answer of getOrder.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        return _read(_get.decode(body).order)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getOrder", status=200) from problem


def _read(raw: bytes | msgspec.Raw) -> RecipientOrder | UnreadableRecipient:
    try:
        order = _order.decode(raw)
    except msgspec.ValidationError as problem:
        try:
            order_id = _only_id.decode(raw).order_id
        except msgspec.ValidationError:
            order_id = ""
        return UnreadableRecipient(order_id, str(problem))
    given = order.recipient.delivery_address if order.recipient is not None else None
    ship, deliver = order.fulfillment.ship_by_window, order.fulfillment.deliver_by_window
    return RecipientOrder(
        order_id=order.order_id,
        marketplace_id=order.sales_channel.marketplace_id,
        created_at=order.created_time,
        status=order.fulfillment.fulfillment_status,
        fulfilled_by=order.fulfillment.fulfilled_by or "",
        ship_by=ship.latest_date_time if ship is not None else None,
        deliver_by=deliver.latest_date_time if deliver is not None else None,
        packages=tuple(each.read() for each in order.packages or ()),
        address=given if given is not None and given.is_personal else None,
    )
