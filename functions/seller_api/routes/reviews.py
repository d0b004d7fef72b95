"""Review requests: campaigns, preview, the log of decisions, pausing, the do-not-solicit list."""

import secrets
from typing import Annotated, Any

import msgspec

from quayside.kernel.ids import check_connection_id
from quayside.reviews import service
from quayside.reviews.sending import State
from quayside.reviews.views import (
    BarredPage,
    CampaignDraft,
    CampaignList,
    CampaignView,
    DecisionDetail,
    DecisionsPage,
    Preview,
    ReviewsHome,
)
from seller_api.routes.orders import OrderPlaceQuery
from seller_api.routing import Call, Routes

routes = Routes("reviews")

_Cursor = Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")]


class HomeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which period and marketplace to show."""

    days: Annotated[int, msgspec.Meta(ge=1, le=service.LONGEST_DAYS)] = 30
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class DecisionsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which decisions to list."""

    state: State | None = None
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    search: Annotated[str, msgspec.Meta(max_length=40, description="An order id.")] | None = None
    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class CampaignChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign as it is to be, and the version that it was changed from."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    campaign: CampaignDraft


class PreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A campaign to be tried out, and where the answer before this one ended."""

    campaign: CampaignDraft
    campaign_id: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    cursor: _Cursor | None = None


class Pausing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether all requests are paused."""

    paused: bool


class BarRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Orders whose buyers are never to be asked."""

    order_ids: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(max_length=200)]


class CursorQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the page before this one ended."""

    cursor: _Cursor | None = None


@routes.get("/reviews", permission="reviews.read", query=HomeQuery)
def show_reviews(call: Call[None, HomeQuery]) -> ReviewsHome:
    """Show requests sent, waiting and skipped by day, the calendar ahead, and the campaigns."""
    return service.home(call.container.clock, days=call.query.days, marketplace_id=call.query.marketplace_id)


@routes.get("/reviews/campaigns", permission="reviews.read")
def list_campaigns(call: Call[None, None]) -> CampaignList:  # noqa: ARG001 - every view is given its call
    """List the campaigns in the order in which they are asked."""
    return service.campaigns()


@routes.post("/reviews/campaigns", permission="reviews.manage", body=CampaignDraft, status=201)
def create_campaign(call: Call[CampaignDraft, None]) -> CampaignView:
    """Keep a new campaign; one that would break Amazon's policy is refused with the policy's sentence."""
    made = service.create_campaign(call.body, clock=call.container.clock, entropy=secrets.token_bytes)
    service.decide_soon(call.container.clock)
    return made


@routes.put("/reviews/campaigns/{campaign_id}", permission="reviews.manage", body=CampaignChange)
def change_campaign(call: Call[CampaignChange, None]) -> CampaignView:
    """Change a campaign; orders that wait are decided anew."""
    clock, body = call.container.clock, call.body
    changed = service.change_campaign(_campaign_id(call), body.version, body.campaign, clock=clock)
    service.decide_soon(clock)
    return changed


@routes.post("/reviews/campaigns/{campaign_id}/remove", permission="reviews.manage")
def remove_campaign(call: Call[None, None]) -> CampaignList:
    """Remove a campaign; what it decided stays in the log."""
    left = service.remove_campaign(_campaign_id(call))
    service.decide_soon(call.container.clock)
    return left


@routes.post("/reviews/preview", permission="reviews.manage", body=PreviewRequest)
def preview_campaign(call: Call[PreviewRequest, None]) -> Preview:
    """Say what a campaign would have done with orders of the last 90 days, 500 orders at a time."""
    body = call.body
    return service.preview(body.campaign, body.cursor, body.campaign_id, call.container.clock)


@routes.put("/reviews/pause", permission="reviews.manage", body=Pausing)
def pause_reviews(call: Call[Pausing, None]) -> CampaignList:
    """Pause all review requests at once, or let them go on."""
    kept = service.pause(paused=call.body.paused, clock=call.container.clock)
    service.decide_soon(call.container.clock)
    return kept


@routes.get("/reviews/decisions", permission="reviews.read", query=DecisionsQuery)
def list_decisions(call: Call[None, DecisionsQuery]) -> DecisionsPage:
    """List what was decided about which order and why, newest orders first."""
    query = call.query
    return service.decisions(
        call.container.clock,
        state=query.state,
        marketplace_id=query.marketplace_id,
        search=query.search,
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.get("/orders/{order_id}/review", permission="reviews.read", query=OrderPlaceQuery)
def get_decision(call: Call[None, OrderPlaceQuery]) -> DecisionDetail:
    """Show one order's request: every rule with its verdict, what happened, and what would be done now."""
    connection_id = call.query.connection_id
    wanted = None if connection_id is None else check_connection_id(connection_id)
    return service.decision_of(call.path("order_id"), wanted, call.container.clock)


@routes.get("/reviews/do-not-solicit", permission="reviews.read", query=CursorQuery)
def list_barred(call: Call[None, CursorQuery]) -> BarredPage:
    """List the orders whose buyers are never asked."""
    return service.barred(call.query.cursor)


@routes.post("/reviews/do-not-solicit", permission="reviews.manage", body=BarRequest, status=201)
def bar_orders(call: Call[BarRequest, None]) -> BarredPage:
    """Put orders on the do-not-solicit list."""
    return service.bar(call.body.order_ids, by=call.principal.member_id, clock=call.container.clock)


@routes.post("/reviews/do-not-solicit/{order_id}/remove", permission="reviews.manage")
def unbar_order(call: Call[None, None]) -> BarredPage:
    """Take an order off the do-not-solicit list."""
    return service.unbar(call.path("order_id"), call.container.clock)


def _campaign_id(call: Call[Any, Any]) -> str:
    return call.path("campaign_id")
