"""What an approved lead promised beside what its product earned. Sales come through a port: they lie above leads."""

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from quayside.kernel.clock import parse_instant
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.kernel.money import Money
from quayside.sourcing import service
from quayside.sourcing.rules import Promised
from quayside.sourcing.views import RealisedScenario, RealisedView

PERIOD_DAYS = 90
_DIVIDED = "\N{DIVISION SIGN}"
_NOTHING_SOLD = "Nothing of it was shipped there in this period."


class Sold(NamedTuple):
    """What a product earned in one marketplace over the period.

    Attributes:
        units: shipped, those that came back included: the promise counts with returns too.
        profit: after all of Amazon's fees, cost of goods and other costs; unknown while a cost is.
        margin: profit in percent of sales.
    """

    units: int
    profit: Figure
    margin: Figure


FindSold = Callable[[str, Promised], Sold | None]
"""Returns what a SKU earned where a scenario was promised, None when nothing is known of it there."""


def compare(lead_id: str, find: FindSold) -> RealisedView:
    """Return each scenario that an approved lead promised, beside what a unit earned there in the last 90 days.

    Raises:
        NotFound: there is no such lead.
    """
    approval = service.known(lead_id).lead.approval
    if approval is None:
        return RealisedView(None, PERIOD_DAYS, ())
    scenarios = tuple(_scenario(each, find(approval.seller_sku, each)) for each in approval.promised)
    return RealisedView(approval.seller_sku, PERIOD_DAYS, scenarios)


def _scenario(promised: Promised, sold: Sold | None) -> RealisedScenario:
    if sold is None:
        return RealisedScenario(promised, 0, None, None, _NOTHING_SOLD)
    if sold.profit.currency != promised.currency:
        return RealisedScenario(promised, sold.units, None, None, f"It sells there in {sold.profit.currency}.")
    unit = profit_of_unit(sold)
    problem = _NOTHING_SOLD if sold.units <= 0 else ""
    if not problem and unit.value is None:
        problem = "Its profit is not known yet: a cost is missing, or nothing was posted."
    return RealisedScenario(promised, sold.units, unit, sold.margin, problem)


def profit_of_unit(sold: Sold) -> Figure:
    """Return what one unit earned: the profit of the period by the units shipped, rounded half to even."""
    profit, currency = sold.profit.value, sold.profit.currency or ""
    value = None if profit is None or sold.units <= 0 else round(Fraction(profit, sold.units))
    filled = "Not worked out: the profit or the units are not known"
    if value is not None and profit is not None:
        amounts = [f"{Money(minor, currency).to_decimal():,}" for minor in (profit, value)]
        filled = f"{amounts[0]} {_DIVIDED} {sold.units:,} = {amounts[1]} {currency}"
    inputs = [FigureInput("Units shipped", sold.units, "units")]
    if profit is not None:
        inputs.insert(0, FigureInput("Profit", profit, "minor"))
    card = method_card(
        "sourcing.realised_profit",
        "Realised profit of a unit",
        f"Profit of the last {PERIOD_DAYS} days {_DIVIDED} units shipped",
        filled,
        inputs=inputs,
        notes=("Units that came back are among them, as the promise counts with returns.", *sold.profit.method.notes),
    )
    return figure(
        value,
        unit="minor",
        currency=currency,
        as_of=parse_instant(sold.profit.as_of),
        state=sold.profit.state,
        source=sold.profit.source,
        method=card,
    )
