"""What the API shows of suggestions: a list, a card whose every figure opens, scores and decisions."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from quayside.kernel.clock import format_instant
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.restock.choice_rules import Choices
from quayside.restock.demand_rules import Demand, Trial
from quayside.restock.records import Advice, Card, Line, PlanLine
from quayside.restock.rules import LeadTime, LowInventory, Plan, Position, Suggestion
from quayside.restock.score_rules import Scores
from quayside.sync.views import Cell, Column

SOURCE = "Your orders and FBA stock as Amazon tells them, your own stock, and your settings"
_THOUSAND = 1000


ADVICE_COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("asin", "ASIN", "text"),
    Column("quantity", "Amazon would send", "number"),
    Column("ship_on", "Ship by", "text"),
    Column("days_of_supply", "Lasts, days", "number"),
    Column("alert", "Alert", "text"),
    Column("action", "Action", "text"),
    Column("told_at", "Told by Amazon", "instant"),
)
"""What the data browser shows of Amazon's recommendations."""


class AdviceView(msgspec.Struct, frozen=True):
    """What Amazon itself recommends to send of a SKU; see ``records.Advice``.

    ``told_at`` is when it last reached us, ``source`` where it comes from.
    """

    quantity: int | None
    ship_on: str | None
    days_of_supply: int | None
    alert: str
    action: str
    told_at: str
    source: str = "Amazon's restock report, as it is: Amazon does not publish how it is worked out"


class LineView(msgspec.Struct, frozen=True):
    """One SKU in the list; see ``records.Line``. ``computed_at`` says how old the suggestion is.

    ``amazon`` is Amazon's own recommendation; None when it made none.
    """

    connection_id: str
    marketplace_id: str
    seller_sku: str
    title: str | None
    asin: str | None
    computed_at: str
    last_day: str
    unknown: str
    daily_thousandths: int | None
    send: PlanLine | None
    buy: PlanLine | None
    unit_cost_minor: int | None
    shared_with: str | None
    amazon: AdviceView | None = None


class RestockPage(msgspec.Struct, frozen=True):
    """Suggestions of one marketplace, the most urgent first.

    Attributes:
        lines: what was asked for, among the SKUs that were looked at.
        examined: how many SKUs were looked at.
        next_cursor: goes on with further SKUs; None when all were looked at, so that ``counts`` are those of all.
        counts: how many of those looked at stand how: by the more urgent of both plans, or ``unknown``.
        currency: of unit costs.
        as_of: when the oldest of them was worked out.
    """

    marketplace_id: str
    lines: tuple[LineView, ...]
    examined: int
    next_cursor: str | None
    counts: dict[str, int]
    currency: str
    as_of: str | None


class PlanView(msgspec.Struct, frozen=True):
    """One plan with the figures behind it; each opens its method card."""

    plan: Plan
    line: PlanLine
    quantity: Figure
    safety_stock: Figure
    reorder_point: Figure
    days_of_cover: Figure


class ParentView(msgspec.Struct, frozen=True):
    """The parent that Amazon's line of 28 days is reckoned for.

    ``skus`` says how many SKUs of it are counted together here, ``unknown_skus`` of how many of these demand is
    unknown, so that they count with their stock and without sales.
    """

    asin: str
    skus: int
    unknown_skus: int


class SuggestionCard(msgspec.Struct, frozen=True):
    """Everything about the suggestion for one SKU.

    Attributes:
        line: as the list shows it.
        daily: expected units a day, in thousandths, with its method.
        demand: what demand was worked out to, and how each method did on this SKU's own past.
        position: what is there and on its way.
        send: what to send to Amazon; None when demand is unknown.
        buy: what to buy.
        low_inventory: where this SKU stands against Amazon's line of 28 days; Amazon counts all variations together.
        low_inventory_of: the parent for which it is, with all SKUs of it there; None when it is for this SKU alone,
            for the catalog's word on its parent is not known.
        scores: how past suggestions turned out; None when no horizon is over yet.
    """

    line: LineView
    daily: Figure
    demand: Demand | None
    position: Position
    send: PlanView | None
    buy: PlanView | None
    low_inventory: LowInventory | None
    scores: Scores | None
    low_inventory_of: ParentView | None = None


class WhatIf(msgspec.Struct, frozen=True):
    """What would be suggested, beside what is; nothing of it is kept."""

    present: Suggestion
    changed: Suggestion


class SettingsView(msgspec.Struct, frozen=True):
    """What was decided, and what holds where nothing was. ``version`` is sent back with a change."""

    own: Choices
    holds: Choices
    version: int
    changed_at: str | None


class BudgetLineView(msgspec.Struct, frozen=True):
    """What the budget buys of one SKU; ``wanted`` is what the plan asks for."""

    seller_sku: str
    title: str | None
    wanted: int
    quantity: int
    cost_minor: int


class BudgetPlan(msgspec.Struct, frozen=True):
    """What a budget buys, what would run out first being bought first.

    Attributes:
        lines: every SKU that is to be bought and whose unit cost is known.
        without_cost: SKUs that are to be bought and have no unit cost, so that they are left out.
        whole: whether all SKUs of the marketplace were looked at.
    """

    currency: str
    budget_minor: int
    spent_minor: int
    lines: tuple[BudgetLineView, ...]
    without_cost: tuple[str, ...]
    whole: bool


class ScoresView(msgspec.Struct, frozen=True):
    """How past suggestions of a marketplace turned out, beside simple forecasters; errors as shares of what was sold.

    ``skus`` says how many went in, ``whole`` whether these are all that have scores.
    """

    scores: Scores
    skus: int
    whole: bool


def advice_view(advice: Advice, told_at: datetime) -> AdviceView:
    """Return what Amazon recommends."""
    told = format_instant(told_at)
    return AdviceView(advice.quantity, advice.ship_on, advice.days_of_supply, advice.alert, advice.action, told)


def advice_row(marketplace_id: str, sku: str, advice: Advice, told_at: datetime) -> tuple[Cell, ...]:
    """Return what Amazon recommends as a row of ``ADVICE_COLUMNS``."""
    return (
        marketplace_id, sku, advice.asin or None, advice.quantity, advice.ship_on, advice.days_of_supply,
        advice.alert or None, advice.action or None, format_instant(told_at),
    )  # fmt: skip


def line_view(  # noqa: PLR0913 - the parts of a line
    connection_id: str,
    marketplace_id: str,
    sku: str,
    line: Line,
    computed_at: datetime,
    *,
    amazon: AdviceView | None = None,
) -> LineView:
    """Return one SKU as the list shows it."""
    return LineView(
        connection_id,
        marketplace_id,
        sku,
        line.title,
        line.asin,
        format_instant(computed_at),
        line.last_day,
        line.unknown,
        line.daily_thousandths,
        line.send,
        line.buy,
        line.unit_cost_minor,
        line.shared_with,
        amazon,
    )


_METHODS = {
    "windows": "the weighted averages of the last 3, 7, 30, 60, 90 and 180 days in stock",
    "smoothing": "exponential smoothing with an index for each weekday",
    "intermittent": "Teunter, Syntetos and Babai's method for products that sell on few days",
    "average": "the average of the three methods",
}


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def daily_figure(card: Card, line: Line, as_of: datetime) -> Figure:
    """Return expected units a day with the method that was chosen and how all did."""
    demand = card.demand
    if demand is None:
        words = line.unknown or "Nothing is known yet"
        method = method_card("restock.daily", "Expected a day", "Unknown below 14 days or 5 units", words)
        return figure(None, unit="units", as_of=as_of, state="estimated", source=SOURCE, method=method)
    averages = "; ".join(f"{days} days: {_number(units)}" for days, units in demand.windows)
    return figure(
        line.daily_thousandths,
        unit="units",
        as_of=as_of,
        state="estimated",
        source=SOURCE,
        method=method_card(
            "restock.daily",
            "Expected a day",
            f"By {_METHODS[demand.method]}, over the lead time; in thousandths of a unit",
            f"{_number((line.daily_thousandths or 0) / _THOUSAND)} units a day from {demand.counted_units:,} units on "
            f"{demand.counted_days:,} days in stock (averages: {averages})",
            inputs=(
                FigureInput("Days that count", demand.counted_days, "days"),
                FigureInput("Units on them", demand.counted_units, "units"),
                FigureInput("Days out of stock, left out", demand.stockout_days, "days"),
                FigureInput("Days capped as outliers", demand.capped_days, "days"),
                FigureInput("Growth added by you", demand.growth_percent, "percent"),
            ),
            notes=(
                "You fixed this method." if demand.is_fixed else "The method that did best on this SKU's own past.",
                *(_trial_words(each) for each in demand.trials),
                f"History up to {demand.last_day.isoformat()}. Closed formulas on your own data; nothing is trained.",
            ),
        ),
    )


def _trial_words(trial: Trial) -> str:
    if trial.wape is None or trial.bias is None:
        return f"{trial.method}: nothing was sold in the weeks it was tried on."
    return f"{trial.method}: error {trial.wape:.0%}, bias {trial.bias:+.0%}, tried from {trial.origins} days."


def _lead_words(lead: LeadTime) -> str:
    return " + ".join(f"{leg.name} {_number(leg.mean_days)}" for leg in lead.legs) or "none"


def plan_view(plan: Plan, line: PlanLine, as_of: datetime) -> PlanView:
    """Return a plan with the figures behind it."""
    days, deviation = plan.lead_time.days, plan.lead_time.deviation_days
    times = "\N{MULTIPLICATION SIGN}"
    safety = (
        f"{plan.z:.2f} {times} √({_number(days)} {times} {plan.daily_deviation:.2f}² + "
        f"{plan.daily:.2f}² {times} {deviation:.2f}²) = {plan.safety_stock:,} units"
    )
    target = f"{_number(plan.forecast_units)} + {plan.safety_stock:,} \N{MINUS SIGN} {plan.position_units:,}"
    return PlanView(
        plan=plan,
        line=line,
        quantity=_figure(
            line.quantity,
            as_of,
            f"restock.{plan.kind}.quantity",
            "To send to Amazon" if plan.kind == "send" else "To buy",
            "Forecast over lead time and cover + safety stock \N{MINUS SIGN} position, when the position is at the "
            "reorder point or below; then minimum order and whole cartons",
            f"{target} = {plan.wanted_units:,} missing; {line.quantity:,} to order in {plan.cartons:,} cartons",
            (
                FigureInput("Forecast over lead time and cover", round(plan.forecast_units), "units"),
                FigureInput("Safety stock", plan.safety_stock, "units"),
                FigureInput("Position", plan.position_units, "units"),
                FigureInput("Cover", plan.cover_days, "days"),
                FigureInput("Missing at home", plan.short_units, "units"),
            ),
            ("By your own word instead of what was worked out.",) if line.overridden else (),
        ),
        safety_stock=_figure(
            plan.safety_stock,
            as_of,
            f"restock.{plan.kind}.safety_stock",
            "Safety stock",
            "z·√(L·\N{GREEK SMALL LETTER SIGMA}d² + d²·\N{GREEK SMALL LETTER SIGMA}L²), rounded up",
            safety,
            (FigureInput("Service level", round(plan.service_level * 1000), "tenths of a percent"),),
            (f"Lead time: {_lead_words(plan.lead_time)} days.",),
        ),
        reorder_point=_figure(
            plan.reorder_point,
            as_of,
            f"restock.{plan.kind}.reorder_point",
            "Reorder point",
            "Expected over the lead time + safety stock, rounded up",
            f"{_number(plan.lead_time_units)} + {plan.safety_stock:,} = {plan.reorder_point:,} units",
            (FigureInput("Lead time", plan.lead_time.whole_days, "days"),),
            (f"Lead time: {_lead_words(plan.lead_time)} days.",),
        ),
        days_of_cover=_days_figure(plan, as_of),
    )


def _days_figure(plan: Plan, as_of: datetime) -> Figure:
    filled = (
        f"{plan.position_units:,} units last longer than two years"
        if plan.days_of_cover is None or plan.run_out_on is None
        else f"{plan.position_units:,} units run out on {plan.run_out_on.isoformat()}, in {plan.days_of_cover:,} days; "
        f"less {plan.lead_time.whole_days:,} days of lead time: order by {plan.order_by}"
    )
    return figure(
        plan.days_of_cover,
        unit="days",
        as_of=as_of,
        state="estimated",
        source=SOURCE,
        method=method_card(
            f"restock.{plan.kind}.days_of_cover",
            "Lasts for",
            "Days until what is there and on its way can't serve a day in full, by the forecast of each day",
            filled,
            inputs=(FigureInput("Position", plan.position_units, "units"),),
        ),
    )


def _figure(  # noqa: PLR0913, PLR0917 - the parts of a card
    value: int,
    as_of: datetime,
    id_: str,
    title: str,
    formula: str,
    filled: str,
    inputs: Sequence[FigureInput],
    notes: Sequence[str],
) -> Figure:
    return figure(
        value,
        unit="units",
        as_of=as_of,
        state="estimated",
        source=SOURCE,
        method=method_card(id_, title, formula, filled, inputs=inputs, notes=notes),
    )
