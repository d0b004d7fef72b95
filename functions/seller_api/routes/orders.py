"""Orders: the list and one order."""

from datetime import date
from typing import Annotated

import msgspec

from quayside.fulfilment import service as fulfilment
from quayside.fulfilment.views import RecipientStanding, RecipientView, ShippingPurpose
from quayside.orders import service
from quayside.orders.views import OrderDetail, OrderPage
from seller_api.routing import Call, Routes

routes = Routes("orders")


class OrderQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}):
    """Which orders to list. Days are days of the marketplace, both included."""

    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    status: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    from_day: date | None = None
    to_day: date | None = None
    search: (
        Annotated[str, msgspec.Meta(max_length=200, description="An order id, or a part of a SKU, an ASIN or a title.")]
        | None
    ) = None
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class OrderPlaceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which connection the order belongs to, when that is known."""

    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class RecipientQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a delivery address is needed for, and which connection the order belongs to, when that is known."""

    purpose: ShippingPurpose
    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


@routes.get("/orders", permission="orders.read", query=OrderQuery)
def list_orders(call: Call[None, OrderQuery]) -> OrderPage:
    """List orders, newest first."""
    query = call.query
    return service.list_orders(
        call.container.clock,
        marketplace_id=query.marketplace_id,
        status=query.status,
        from_day=query.from_day,
        to_day=query.to_day,
        search=query.search,
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.get("/orders/{order_id}", permission="orders.read", query=OrderPlaceQuery)
def get_order(call: Call[None, OrderPlaceQuery]) -> OrderDetail:
    """Show one order with its lines, money, time windows and sources."""
    return service.get_order(call.path("order_id"), call.query.connection_id)


@routes.get("/orders/{order_id}/delivery", permission="orders.read", query=OrderPlaceQuery)
def get_delivery(call: Call[None, OrderPlaceQuery]) -> RecipientStanding:
    """Say whether the delivery address of an order can be shown, until when, and why not; the address itself is not."""
    return fulfilment.standing(call.path("order_id"), call.query.connection_id, call.container.clock)


@routes.get("/orders/{order_id}/recipient", permission="fulfilment.recipients", query=RecipientQuery)
def get_recipient(call: Call[None, RecipientQuery]) -> RecipientView:
    """Show who receives an order that the seller ships, for a purpose; each look is recorded in the audit trail."""
    return fulfilment.recipient(
        call.path("order_id"),
        call.query.connection_id,
        purpose=call.query.purpose,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )
