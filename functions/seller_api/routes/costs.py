"""What goods and the rest cost the seller: lots, a file of them, other costs, rates of exchange."""

import secrets
from datetime import date
from typing import Annotated

import msgspec

from quayside.finance import cost_service
from quayside.finance.cost_rules import Method
from quayside.finance.cost_views import (
    CostFileView,
    CostMethodView,
    LotPage,
    LotView,
    OtherCostList,
    OtherCostView,
    RateList,
    RateView,
)
from seller_api.routing import Call, Routes

routes = Routes("costs")

Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Decimals = Annotated[str, msgspec.Meta(max_length=40, description="A decimal number, such as 4.25.")]
Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=3)]


class LotQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which lots to list."""

    search: Annotated[str, msgspec.Meta(max_length=40, description="What their SKU begins with.")] = ""
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class NewLot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lot to enter. Without ``units`` it is a price that holds from its day on."""

    seller_sku: Sku
    from_day: date
    unit_cost: Decimals
    currency: Currency
    units: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None
    manufacturing_unit_cost: Decimals | None = None
    note: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class LotPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the lot stands."""

    seller_sku: Sku
    from_day: date


class ChosenMethod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How costs are used up."""

    method: Method


class CostFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of costs: CSV with a header."""

    csv: Annotated[str, msgspec.Meta(max_length=60_000)]


class NewOtherCost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A cost that is no purchase price. ``amount`` is for all its days together, both included."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    amount: Decimals
    currency: Currency
    from_day: date
    to_day: date
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    seller_sku: Sku | None = None


class OtherCostPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the cost stands."""

    from_day: date


class NewRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of ``quote`` one unit of ``base`` is on a day, and who says so."""

    day: date
    base: Currency
    quote: Currency
    rate: Decimals
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


@routes.get("/costs", permission="analytics.read", query=LotQuery)
def list_lots(call: Call[None, LotQuery]) -> LotPage:
    """List what goods cost, lot by lot, in the order of their SKUs."""
    return cost_service.list_lots(call.query.search, call.query.cursor, call.query.limit)


@routes.put("/costs/method", permission="costs.manage", body=ChosenMethod)
def set_method(call: Call[ChosenMethod, None]) -> CostMethodView:
    """Say how costs are used up; all figures follow, past ones too."""
    return cost_service.set_method(call.body.method)


@routes.post("/costs/lots", permission="costs.manage", body=NewLot, status=201)
def add_lot(call: Call[NewLot, None]) -> LotView:
    """Enter a lot."""
    given = msgspec.structs.asdict(call.body)
    fields = {name: str(value) for name, value in given.items() if value is not None}
    return cost_service.add_lot(fields, call.container.clock)


@routes.post("/costs/lots/{lot_id}/remove", permission="costs.manage", body=LotPlace)
def remove_lot(call: Call[LotPlace, None]) -> None:
    """Remove a lot."""
    cost_service.remove_lot(call.body.seller_sku, call.body.from_day, call.path("lot_id"))


@routes.post("/costs/file/preview", permission="costs.manage", body=CostFile)
def preview_costs(call: Call[CostFile, None]) -> CostFileView:
    """Say what a file of costs would change, row by row; nothing is stored."""
    return cost_service.preview_file(call.body.csv)


@routes.post("/costs/file", permission="costs.manage", body=CostFile)
def import_costs(call: Call[CostFile, None]) -> CostFileView:
    """Enter the new lots of a file of costs; refused rows are left out and said."""
    return cost_service.import_file(call.body.csv, call.container.clock)


@routes.get("/costs/other", permission="analytics.read")
def list_other_costs(_call: Call[None, None]) -> OtherCostList:
    """List the costs that are no purchase price."""
    return cost_service.list_other_costs()


@routes.post("/costs/other", permission="costs.manage", body=NewOtherCost, status=201)
def add_other_cost(call: Call[NewOtherCost, None]) -> OtherCostView:
    """Enter a cost that is no purchase price; it is spread evenly over its days."""
    body = call.body
    return cost_service.add_other_cost(
        body.name,
        body.amount,
        body.currency,
        body.from_day,
        body.to_day,
        marketplace_id=body.marketplace_id,
        seller_sku=body.seller_sku,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )


@routes.post("/costs/other/{cost_id}/remove", permission="costs.manage", body=OtherCostPlace)
def remove_other_cost(call: Call[OtherCostPlace, None]) -> None:
    """Remove a cost that is no purchase price."""
    cost_service.remove_other_cost(call.body.from_day, call.path("cost_id"))


@routes.get("/costs/rates", permission="analytics.read")
def list_rates(_call: Call[None, None]) -> RateList:
    """List the rates of exchange that you stated, the latest of each pair first."""
    return cost_service.list_rates()


@routes.put("/costs/rates", permission="costs.manage", body=NewRate)
def set_rate(call: Call[NewRate, None]) -> RateView:
    """State a rate of exchange with its day and source."""
    body = call.body
    return cost_service.set_rate(body.day, body.base, body.quote, body.rate, body.source, call.container.clock)
