"""Stock: at Amazon, day by day, and at the seller's own places."""

import secrets
from typing import Annotated, Literal

import msgspec

from quayside.inventory import own_service, service
from quayside.inventory.days_rules import Standing
from quayside.inventory.own_service import LocationChange
from quayside.inventory.own_views import BalancePage, Ledger, LinksView, LocationList, LocationView, MovementView
from quayside.inventory.views import InventoryPage, StockDetail
from quayside.kernel.ids import check_connection_id
from seller_api.routing import Call, Routes

routes = Routes("inventory")

_ConnectionId = Annotated[str, msgspec.Meta(max_length=16)]
_MarketplaceId = Annotated[str, msgspec.Meta(max_length=20)]
_Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
_Note = Annotated[str, msgspec.Meta(max_length=200)]


class InventoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which stock positions to list."""

    marketplace_id: _MarketplaceId | None = None
    search: Annotated[str, msgspec.Meta(max_length=200, description="A part of a SKU, an ASIN or a title.")] | None = (
        None
    )
    standing: Annotated[Standing, msgspec.Meta(description="What can be done with it now.")] | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class PositionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which SKU, in which marketplace of which account."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku


@routes.get("/inventory", permission="inventory.read", query=InventoryQuery)
def list_inventory(call: Call[None, InventoryQuery]) -> InventoryPage:
    """List stock in the order of the SKUs: at Amazon, at the seller's own places, and the last 30 days."""
    query = call.query
    return service.list_positions(
        clock=call.container.clock,
        marketplace_id=query.marketplace_id,
        search=query.search,
        standing=query.standing,
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.get("/inventory/position", permission="inventory.read", query=PositionQuery)
def get_position(call: Call[None, PositionQuery]) -> StockDetail:
    """Show the stock of one SKU in one marketplace, day by day for 90 days, with its figures."""
    query = call.query
    return service.show_position(
        check_connection_id(query.connection_id), query.marketplace_id, query.seller_sku, clock=call.container.clock
    )


class NewLocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place where the seller keeps stock, and the marketplace that it is counted for."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId


class NewMovement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happened to units of one SKU at one place; ``counted`` says how many there are."""

    location_id: Annotated[str, msgspec.Meta(max_length=26)]
    seller_sku: _Sku
    kind: Literal["received", "shipped", "damaged", "found", "counted"]
    units: int
    note: _Note = ""


class Reversal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which movement to undo, and why."""

    location_id: Annotated[str, msgspec.Meta(max_length=26)]
    seller_sku: _Sku
    number: Annotated[int, msgspec.Meta(ge=1)]
    note: _Note = ""


class LedgerQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which ledger; ``below`` goes on with movements before that number."""

    location_id: Annotated[str, msgspec.Meta(max_length=26)]
    seller_sku: _Sku
    below: Annotated[int, msgspec.Meta(ge=2, le=999_999_999)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class BalanceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the page before this one ended."""

    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class LinksQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which account."""

    connection_id: _ConnectionId


class LinksChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which marketplaces of an account share their stock; ``version`` is the one that was seen."""

    connection_id: _ConnectionId
    groups: Annotated[
        tuple[Annotated[tuple[_MarketplaceId, ...], msgspec.Meta(max_length=25)], ...], msgspec.Meta(max_length=10)
    ]
    version: Annotated[int, msgspec.Meta(ge=0)]


@routes.get("/inventory/locations", permission="inventory.read")
def list_locations(call: Call[None, None]) -> LocationList:  # noqa: ARG001 - every view has the same shape
    """List the places where the seller keeps stock."""
    return own_service.list_locations()


@routes.post("/inventory/locations", permission="inventory.manage", body=NewLocation, status=201)
def add_location(call: Call[NewLocation, None]) -> LocationView:
    """Add a place where the seller keeps stock."""
    body = call.body
    return own_service.add_location(body.name, body.connection_id, body.marketplace_id, entropy=secrets.token_bytes)


@routes.patch("/inventory/locations/{location_id}", permission="inventory.manage", body=LocationChange)
def change_location(call: Call[LocationChange, None]) -> LocationView:
    """Rename a place, close it or open it again."""
    return own_service.change_location(call.path("location_id"), call.body, clock=call.container.clock)


@routes.get("/inventory/locations/{location_id}/stock", permission="inventory.read", query=BalanceQuery)
def list_own_stock(call: Call[None, BalanceQuery]) -> BalancePage:
    """List what there is at a place."""
    return own_service.list_balances(call.path("location_id"), call.query.cursor, call.query.limit)


@routes.get("/inventory/movements", permission="inventory.read", query=LedgerQuery)
def list_movements(call: Call[None, LedgerQuery]) -> Ledger:
    """List the movements of one SKU at one place, the newest first."""
    query = call.query
    return own_service.ledger(query.location_id, query.seller_sku, query.below, query.limit)


@routes.post("/inventory/movements", permission="inventory.manage", body=NewMovement, status=201)
def add_movement(call: Call[NewMovement, None]) -> MovementView:
    """Enter what happened to units of one SKU at one place. Nothing entered is ever changed, only reversed."""
    body = call.body
    return own_service.move(
        body.location_id,
        body.seller_sku,
        body.kind,
        body.units,
        note=body.note,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.post("/inventory/movements/reversals", permission="inventory.manage", body=Reversal, status=201)
def reverse_movement(call: Call[Reversal, None]) -> MovementView:
    """Undo a movement by one that takes it back."""
    body = call.body
    return own_service.reverse(
        body.location_id,
        body.seller_sku,
        body.number,
        note=body.note,
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.get("/inventory/links", permission="inventory.read", query=LinksQuery)
def get_links(call: Call[None, LinksQuery]) -> LinksView:
    """Show which marketplaces of an account share their stock, by the seller's choice."""
    return own_service.show_links(check_connection_id(call.query.connection_id))


@routes.put("/inventory/links", permission="inventory.manage", body=LinksChoice)
def choose_links(call: Call[LinksChoice, None]) -> LinksView:
    """Choose which marketplaces of an account share their stock: Pan-European FBA, Remote Fulfilment."""
    body = call.body
    return own_service.choose_links(check_connection_id(body.connection_id), body.groups, body.version)
