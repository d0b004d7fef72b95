"""Figures."""

from typing import Annotated, Literal

import msgspec

from quayside.analytics import service
from quayside.analytics.views import Overview
from seller_api.http import Call, Routes

routes = Routes("analytics")


class OverviewQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which period, and optionally which marketplace alone."""

    period: Literal["today", "7d", "30d", "90d"] = "7d"
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None


@routes.get("/analytics/overview", permission="analytics.read", query=OverviewQuery)
def overview(call: Call[None, OverviewQuery]) -> Overview:
    """Show sales, units and orders of a period, by currency, day and marketplace, each figure with its method."""
    return service.overview(call.container.clock, call.query.period, call.query.marketplace_id)
