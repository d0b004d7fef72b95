"""Stock."""

from typing import Annotated

import msgspec

from quayside.inventory import service
from quayside.inventory.views import InventoryPage
from seller_api.http import Call, Routes

routes = Routes("inventory")


class InventoryQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which stock positions to list."""

    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    search: Annotated[str, msgspec.Meta(max_length=200, description="A part of a SKU, an ASIN or a title.")] | None = (
        None
    )
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


@routes.get("/inventory", permission="inventory.read", query=InventoryQuery)
def list_inventory(call: Call[None, InventoryQuery]) -> InventoryPage:
    """List FBA stock positions in the order of their SKUs."""
    query = call.query
    return service.list_positions(
        marketplace_id=query.marketplace_id, search=query.search, cursor=query.cursor, limit=query.limit
    )
