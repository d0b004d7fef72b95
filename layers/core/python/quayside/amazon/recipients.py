"""Who receives an order that the seller ships: what the Orders API 2026-01-01 answers when it is asked for that.

Asked for apart from everything else, and for orders that the seller ships itself alone. There is no restricted token in
this version: whoever lacks the role gets the same answer without the personal fields, and no word of it (reference/
sp-api.md section 4). What is personal prints as nothing. Source: Amazon's model orders_2026-01-01.json.
"""

from datetime import datetime
from typing import override

import msgspec

from quayside.amazon.orders import OrderFulfilment, SalesChannel, UnreadableOrder, read_order, read_search

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


class RecipientsPage(msgspec.Struct, frozen=True):
    """One page of searchOrders, asked for its recipients.

    Attributes:
        orders: the orders that could be read.
        unreadable: the ones that could not.
        next_token: continues the search, None after the last page.
    """

    orders: tuple[RecipientOrder, ...]
    unreadable: tuple[UnreadableOrder, ...]
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


_order = msgspec.json.Decoder(_Order)


def decode_recipients(body: bytes) -> RecipientsPage:
    """Read the answer of searchOrders; as ``orders.read_search``."""
    page = read_search(body, _order)
    return RecipientsPage(tuple(_recipient(each) for each in page.orders), page.unreadable, page.next_token)


def decode_recipient(body: bytes) -> RecipientOrder | UnreadableOrder:
    """Read the answer of getOrder; as ``orders.read_order``."""
    order = read_order(body, _order)
    return order if isinstance(order, UnreadableOrder) else _recipient(order)


def _recipient(order: _Order) -> RecipientOrder:
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
