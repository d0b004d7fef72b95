"""Money: settlements and how they are reconciled."""

from typing import Annotated

import msgspec

from quayside.finance import settlement_service
from quayside.finance.amount_rules import AmountKind
from quayside.finance.settlement_views import SettlementDetail, SettlementLinePage, SettlementPage
from seller_api.routing import Call, Routes

routes = Routes("finance")

Cursor = Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")]


class SettlementQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which settlements to list."""

    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class LineQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lines of a settlement to list."""

    kind: AmountKind | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


@routes.get("/finance/settlements", permission="analytics.read", query=SettlementQuery)
def list_settlements(call: Call[None, SettlementQuery]) -> SettlementPage:
    """List settlements, account by account, the latest payout first, each with its residual."""
    query = call.query
    return settlement_service.list_settlements(query.connection_id, query.cursor, query.limit)


@routes.get("/finance/settlements/{connection_id}/{settlement_id}", permission="analytics.read")
def get_settlement(call: Call[None, None]) -> SettlementDetail:
    """Show how a settlement is reconciled: its lines by kind, and the residual line by line."""
    return settlement_service.get_settlement(call.path("connection_id"), call.path("settlement_id"))


@routes.get("/finance/settlements/{connection_id}/{settlement_id}/lines", permission="analytics.read", query=LineQuery)
def list_settlement_lines(call: Call[None, LineQuery]) -> SettlementLinePage:
    """List the lines of a settlement in the order of Amazon's file, of one kind when it is given."""
    query = call.query
    return settlement_service.list_lines(
        call.path("connection_id"), call.path("settlement_id"), query.kind, query.cursor, query.limit
    )
