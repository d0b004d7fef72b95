"""Suggestions for the browser tests, worked out by the real rules from a made-up past."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from quayside.restock import rules, score_rules
from quayside.restock.choice_rules import Choices, merged, settings_of
from quayside.restock.demand_rules import Demand, SalesHistory, demand_of
from quayside.restock.records import Advice, Card, Line, PlanLine
from quayside.restock.rules import Plan, Position, Suggestion
from quayside.restock.views import (
    AdviceView,
    BudgetLineView,
    BudgetPlan,
    ParentView,
    RestockPage,
    ScoresView,
    SettingsView,
    SuggestionCard,
    WhatIf,
    advice_view,
    daily_figure,
    line_view,
    plan_view,
)

Json = dict[str, Any]

_STOCK = (20, 90, 700, 9000)
"""What there is of the products: to order now, soon, enough, too much."""


def _history(now: datetime) -> SalesHistory:
    units = tuple((number * 7 + number // 9) % 6 + (2 if number % 7 < 2 else 0) for number in range(150))
    return SalesHistory(last_day=now.date() - timedelta(days=1), units=units, stock=(40,) * 150)


def _suggestion(now: datetime, index: int) -> tuple[Demand, Position, Suggestion]:
    demand = demand_of(_history(now))
    assert isinstance(demand, Demand)
    position = Position(fulfillable=_STOCK[index % 4], inbound=12 * index, transfer=3, own_stock=60 * index)
    return demand, position, rules.suggest(demand, position, settings_of(merged(Choices(carton_units=12), Choices())))


def _plan_line(plan: Plan) -> PlanLine:
    return PlanLine(
        plan.quantity,
        plan.wanted_units,
        plan.short_units,
        None if plan.order_by is None else plan.order_by.isoformat(),
        plan.days_of_cover,
        plan.status,
        plan.overstock_units,
    )


def _line(now: datetime, item: Json, index: int) -> Line:
    last = (now.date() - timedelta(days=1)).isoformat()
    if index == 4:
        return Line(last, unknown="3 units on 20 days in stock since the first sale; 5 units and 14 days are needed.")
    _, _, suggestion = _suggestion(now, index)
    return Line(
        last,
        daily_thousandths=round(suggestion.buy.daily * 1000),
        send=_plan_line(suggestion.send),
        buy=_plan_line(suggestion.buy),
        unit_cost_minor=410 if index % 2 else None,
        title=item["title"],
        asin=item["asin"],
    )


def _amazon(now: datetime, index: int) -> AdviceView | None:
    if index == 2:
        return None
    ship_on = (now.date() + timedelta(days=4)).isoformat()
    advice = Advice(160 - 40 * index, ship_on, 12, "low_stock", "Create shipping plan")
    return advice_view(advice, now - timedelta(hours=9))


def page(now: datetime, positions: list[Json], status: str) -> Json:
    """Return suggestions for five products."""
    lines = []
    for index, item in enumerate(positions[:5]):
        line = _line(now, item, index)
        standing = None if line.buy is None else line.buy.status
        if status in {"", standing}:
            places = (item["connection_id"], item["marketplace_id"], item["seller_sku"])
            lines.append(line_view(*places, line, now - timedelta(hours=3), amazon=_amazon(now, index)))
    found = RestockPage(
        positions[0]["marketplace_id"] if positions else "A1PA6795UKMFR9", tuple(lines), len(lines), None,
        {"order_now": 2, "enough": 1, "overstock": 1, "unknown": 1}, "EUR", lines[0].computed_at if lines else None,
    )  # fmt: skip
    return _json(found)


def card(now: datetime, item: Json) -> Json:
    """Return the card of one product."""
    demand, position, suggestion = _suggestion(now, 0)
    line = _line(now, item, 0)
    places = (item["connection_id"], item["marketplace_id"], item["seller_sku"])
    assert line.send is not None
    assert line.buy is not None
    stored = Card(demand, None, position, settings_of(merged(Choices(), Choices())), suggestion)
    found = SuggestionCard(
        line=line_view(*places, line, now - timedelta(hours=3), amazon=_amazon(now, 0)),
        daily=daily_figure(stored, line, now - timedelta(hours=3)),
        demand=demand,
        position=position,
        send=plan_view(suggestion.send, line.send, now - timedelta(hours=3)),
        buy=plan_view(suggestion.buy, line.buy, now - timedelta(hours=3)),
        low_inventory=rules.low_inventory([(position.at_amazon, suggestion.send.daily)]),
        scores=_scores(now),
        low_inventory_of=ParentView("B0D2FAMILY", 3, 1),
    )
    return _json(found)


def _scores(now: datetime) -> score_rules.Scores:
    history = _history(now)
    past = SalesHistory(
        last_day=history.last_day - timedelta(days=50), units=history.units[:-50], stock=history.stock[:-50]
    )
    demand = demand_of(past)
    assert isinstance(demand, Demand)
    short = settings_of(merged(Choices(buy_legs=(), buy_cover_days=36), Choices()))
    kept = score_rules.kept_of(rules.suggest(demand, Position(fulfillable=9), short).buy, past)
    days = SalesHistory(last_day=history.last_day, units=history.units[-kept.horizon_days :])
    return score_rules.scores_of([score_rules.outcome_of(kept, days)])


def scores(now: datetime) -> Json:
    """Return how past suggestions of a marketplace turned out."""
    return _json(ScoresView(_scores(now), 1, whole=True))


def settings() -> Json:
    """Return what was decided."""
    own = Choices(carton_units=12)
    return _json(SettingsView(own, merged(own, Choices()), 1, "2026-11-01T08:00:00Z"))


def what_if(now: datetime) -> Json:
    """Return what would be suggested otherwise."""
    demand, position, present = _suggestion(now, 0)
    grown = settings_of(merged(Choices(growth_percent=40), Choices()))
    return _json(WhatIf(present, rules.suggest(demand, position, grown)))


def budget() -> Json:
    """Return what a budget buys."""
    line = BudgetLineView("LAMP-01", "Harbour Lamp", 240, 120, 49_200)
    return _json(BudgetPlan("EUR", 50_000, 49_200, (line,), ("ROPE-3",), whole=True))


def _json(view: msgspec.Struct) -> Json:
    found: Json = msgspec.json.decode(msgspec.json.encode(view))
    return found
