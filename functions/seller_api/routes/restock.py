"""Restock: suggestions, their cards, what-if, decisions, budget and scores."""

from typing import Annotated

import msgspec

from quayside.kernel.ids import check_connection_id
from quayside.restock import service
from quayside.restock.choice_rules import Choices
from quayside.restock.rules import Status
from quayside.restock.store import Place
from quayside.restock.views import BudgetPlan, RestockPage, ScoresView, SettingsView, SuggestionCard, WhatIf
from seller_api.routing import Call, Routes

routes = Routes("restock")

_ConnectionId = Annotated[str, msgspec.Meta(max_length=16)]
_MarketplaceId = Annotated[str, msgspec.Meta(max_length=20)]
_Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class RestockQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which suggestions to list."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    status: Annotated[Status, msgspec.Meta(description="The more urgent of both plans.")] | None = None
    search: Annotated[str, msgspec.Meta(max_length=200, description="A part of a SKU, an ASIN or a title.")] | None = (
        None
    )
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class SkuQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which SKU, in which marketplace of which account."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku


class MarketQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which marketplace of which account."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId


class WhatIfRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of which SKU, and which settings to change; what is left out stays as it is."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku
    extra_lead_days: float = 0
    service_level_percent: float | None = None
    growth_percent: int | None = None
    send_cover_days: int | None = None
    buy_cover_days: int | None = None


class SkuSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided for one SKU; ``version`` is the one that was seen."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    seller_sku: _Sku
    choices: Choices
    version: Annotated[int, msgspec.Meta(ge=0)]


class DefaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided for every SKU without a decision of its own."""

    choices: Choices
    version: Annotated[int, msgspec.Meta(ge=0)]


class BudgetRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much can be spent in a marketplace, in minor units of its currency."""

    connection_id: _ConnectionId
    marketplace_id: _MarketplaceId
    budget_minor: Annotated[int, msgspec.Meta(ge=0, le=10**15)]


def _place(of: SkuQuery | WhatIfRequest | SkuSettings) -> Place:
    return Place(check_connection_id(of.connection_id), of.marketplace_id, of.seller_sku)


@routes.get("/restock", permission="inventory.read", query=RestockQuery)
def list_suggestions(call: Call[None, RestockQuery]) -> RestockPage:
    """List what to send to Amazon and what to buy, the most urgent first."""
    query = call.query
    return service.list_suggestions(
        check_connection_id(query.connection_id),
        query.marketplace_id,
        status=query.status,
        search=query.search,
        cursor=query.cursor,
    )


@routes.get("/restock/suggestion", permission="inventory.read", query=SkuQuery)
def get_suggestion(call: Call[None, SkuQuery]) -> SuggestionCard:
    """Show the suggestion for one SKU with every number that led to it, and how past ones turned out."""
    return service.show_card(_place(call.query))


@routes.get("/restock/scores", permission="inventory.read", query=MarketQuery)
def get_scores(call: Call[None, MarketQuery]) -> ScoresView:
    """Show how past suggestions turned out, beside simple forecasters."""
    return service.show_scores(check_connection_id(call.query.connection_id), call.query.marketplace_id)


@routes.post("/restock/what-if", permission="inventory.manage", body=WhatIfRequest)
def what_if(call: Call[WhatIfRequest, None]) -> WhatIf:
    """Work out what would be suggested with other settings; nothing is kept."""
    body = call.body
    return service.what_if(
        _place(body),
        extra_lead_days=body.extra_lead_days,
        service_level_percent=body.service_level_percent,
        growth_percent=body.growth_percent,
        send_cover_days=body.send_cover_days,
        buy_cover_days=body.buy_cover_days,
    )


@routes.post("/restock/budget", permission="inventory.manage", body=BudgetRequest)
def plan_budget(call: Call[BudgetRequest, None]) -> BudgetPlan:
    """Work out what a budget buys; nothing is kept."""
    body = call.body
    return service.plan_budget(check_connection_id(body.connection_id), body.marketplace_id, body.budget_minor)


@routes.get("/restock/settings", permission="inventory.read")
def get_default_settings(call: Call[None, None]) -> SettingsView:  # noqa: ARG001 - every view has the same shape
    """Show what holds for every SKU without a decision of its own."""
    return service.show_settings(None)


@routes.put("/restock/settings", permission="inventory.manage", body=DefaultSettings)
def decide_default_settings(call: Call[DefaultSettings, None]) -> SettingsView:
    """Decide for every SKU without a decision of its own."""
    body = call.body
    return service.decide(
        None, body.choices, body.version, member_id=call.principal.member_id, clock=call.container.clock
    )


@routes.get("/restock/settings/sku", permission="inventory.read", query=SkuQuery)
def get_sku_settings(call: Call[None, SkuQuery]) -> SettingsView:
    """Show what was decided for one SKU, and what holds for it."""
    return service.show_settings(_place(call.query))


@routes.put("/restock/settings/sku", permission="inventory.manage", body=SkuSettings)
def decide_sku_settings(call: Call[SkuSettings, None]) -> SettingsView:
    """Decide for one SKU: lead time, cover, cartons, unit cost, a fixed method, or a quantity by one's own word."""
    body = call.body
    return service.decide(
        _place(body), body.choices, body.version, member_id=call.principal.member_id, clock=call.container.clock
    )
