"""Figures."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from quayside.analytics import rules, service
from quayside.analytics.views import Overview
from seller_api.http import Call, Routes

routes = Routes("analytics")


PeriodName = Literal["today", "yesterday", "7d", "30d", "90d", "custom"]
FirstDay = Annotated[date, msgspec.Meta(description="The first day of a custom period, a day of the marketplace.")]
LastDay = Annotated[date, msgspec.Meta(description="The last day of a custom period, included.")]


class OverviewQuery(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}
):
    """Which period, and optionally which marketplace alone."""

    period: PeriodName = "7d"
    from_day: FirstDay | None = None
    to_day: LastDay | None = None
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None


def _asked(call: Call[None, OverviewQuery]) -> service.Asked:
    query = call.query
    if query.period != "custom":
        return query.period
    return rules.chosen_period(query.from_day, query.to_day, call.container.clock.now().date())


@routes.get("/analytics/overview", permission="analytics.read", query=OverviewQuery)
def overview(call: Call[None, OverviewQuery]) -> Overview:
    """Show sales, units and orders of a period, by currency, day and marketplace, each figure with its method."""
    return service.overview(call.container.clock, _asked(call), call.query.marketplace_id)
