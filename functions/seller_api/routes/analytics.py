"""Figures."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from quayside.analytics import (
    brand_boards_service,
    products_service,
    profit_service,
    rules,
    service,
    settled_service,
)
from quayside.analytics.figures_service import Asked
from quayside.analytics.views import (
    BrandSplits,
    Overview,
    ProductPage,
    ProductView,
    ProfitView,
    ReturnsView,
    SettlementComparison,
)
from quayside.catalog.brand_rules import LONGEST_BRAND
from seller_api.routing import Call, Routes

routes = Routes("analytics")


PeriodName = Literal["today", "yesterday", "7d", "30d", "90d", "custom"]
FirstDay = Annotated[date, msgspec.Meta(description="The first day of a custom period, a day of the marketplace.")]
LastDay = Annotated[date, msgspec.Meta(description="The last day of a custom period, included.")]


Place = Annotated[str, msgspec.Meta(max_length=20)]
Account = Annotated[str, msgspec.Meta(max_length=16)]
Brand = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_BRAND, description="Products under this brand.")]


class PeriodQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}):
    """Which period: by its name, or from one day to another."""

    period: PeriodName = "7d"
    from_day: FirstDay | None = None
    to_day: LastDay | None = None


class OverviewQuery(PeriodQuery, frozen=True, forbid_unknown_fields=True):
    """Which period, and optionally which marketplace alone."""

    marketplace_id: Place | None = None


class ProfitQuery(OverviewQuery, frozen=True, forbid_unknown_fields=True):
    """Which period, cut into which columns, and optionally which marketplace or brand alone."""

    by: Literal["total", "month", "week", "day"] = "total"
    brand: Brand | None = None


class ProductsQuery(PeriodQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The products of which marketplace, in which period, and optionally of which brand alone."""

    marketplace_id: Place
    connection_id: Account | None = None
    brand: Brand | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class ProductQuery(PeriodQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """In which marketplace, of which account where two sell there, in which period and currency."""

    marketplace_id: Place
    connection_id: Account | None = None
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] | None = None


def _asked[Query: PeriodQuery](call: Call[None, Query]) -> Asked:
    query = call.query
    if query.period != "custom":
        return query.period
    return rules.chosen_period(query.from_day, query.to_day, call.container.clock.now().date())


@routes.get("/analytics/overview", permission="analytics.read", query=OverviewQuery)
def overview(call: Call[None, OverviewQuery]) -> Overview:
    """Show sales, units, orders and money of a period, by currency, day and marketplace, each with its method."""
    return service.overview(call.container.clock, _asked(call), call.query.marketplace_id)


@routes.get("/analytics/profit", permission="analytics.read", query=ProfitQuery)
def profit(call: Call[None, ProfitQuery]) -> ProfitView:
    """Show profit and loss of a period by currency, beside the period before."""
    query = call.query
    return profit_service.profit(call.container.clock, _asked(call), query.by, query.marketplace_id, query.brand)


@routes.get("/analytics/brands", permission="analytics.read", query=OverviewQuery)
def split_by_brand(call: Call[None, OverviewQuery]) -> BrandSplits:
    """Show what each of your brands sold in a period, by currency, beside the period before."""
    return brand_boards_service.split(call.container.clock, _asked(call), call.query.marketplace_id)


@routes.get("/analytics/returns", permission="analytics.read", query=PeriodQuery)
def returns_by_reason(call: Call[None, PeriodQuery]) -> ReturnsView:
    """Show returned units by reason, and refunds by kind, of a period."""
    return profit_service.returns(call.container.clock, _asked(call))


@routes.get("/analytics/settlements/{connection_id}/{settlement_id}", permission="analytics.read")
def compare_settlement(call: Call[None, None]) -> SettlementComparison:
    """Show the lines of a settlement beside the transactions that name it, kind by kind, and what differs."""
    return settled_service.compare(call.container.clock, call.path("connection_id"), call.path("settlement_id"))


@routes.get("/analytics/products", permission="analytics.read", query=ProductsQuery)
def list_products(call: Call[None, ProductsQuery]) -> ProductPage:
    """List the products of a marketplace with what they sold in a period, in the order of their SKUs."""
    query = call.query
    return products_service.product_page(
        call.container.clock,
        _asked(call),
        marketplace_id=query.marketplace_id,
        connection_id=query.connection_id,
        brand=query.brand,
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.get("/analytics/products/{seller_sku}", permission="analytics.read", query=ProductQuery)
def get_product(call: Call[None, ProductQuery]) -> ProductView:
    """Show one product over a period: sales, price, sessions, returns and its money by kind."""
    query = call.query
    return products_service.product(
        call.container.clock,
        call.path("seller_sku"),
        _asked(call),
        marketplace_id=query.marketplace_id,
        connection_id=query.connection_id,
        currency=query.currency,
    )
