"""How past suggestions turned out, once their horizon is over. Pure.

Errors are those of sums over a whole horizon, forecast less what was asked for. WAPE is the sum of their absolute
values over the sum of what was asked for, bias their sum over the same (Kolassa and Schütz, "Advantages of the MAD/MEAN
ratio over the MAPE", Foresight 6, 2007).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from statistics import fmean
from typing import NamedTuple

import msgspec

from quayside.restock.demand_rules import SalesHistory, stockouts
from quayside.restock.rules import Plan

WEEK = 7
MONTH = 30
YEAR = 52 * WEEK
"""A year of whole weeks, so that weekdays stay themselves."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a suggestion until its horizon is over, and for its score.

    Attributes:
        computed_for: the first day of the horizon.
        horizon_days: lead time and cover.
        lead_days: until what was suggested could be sold, in whole days.
        forecast_units: ours, over the horizon.
        naive_units: the last day before, times the horizon.
        seasonal_naive_units: the last week before, repeated.
        average_units: the average of the last 30 days before, times the horizon.
        last_year_units: the same weekdays of a year before; None when there was no year.
        position_units: what was there and on its way.
        quantity: what was suggested.
    """

    computed_for: date
    horizon_days: int
    lead_days: int
    forecast_units: float
    naive_units: float
    seasonal_naive_units: float
    average_units: float
    position_units: int
    quantity: int
    last_year_units: float | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A suggestion beside what happened.

    Attributes:
        asked_units: sold over the horizon; on days out of stock the average of the other days stands in.
        stockout_days: days of the horizon that were out of stock.
        following_short_units: what would have been missing over the horizon, had the suggestion been followed.
        following_left_units: what would have been left after it.
    """

    kept: Kept
    asked_units: float
    stockout_days: int
    following_short_units: float
    following_left_units: float


class Score(msgspec.Struct, frozen=True):
    """Errors of one forecaster over several horizons; None when nothing was asked for."""

    wape: float | None
    bias: float | None


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Ours and the simple forecasters' errors over the same horizons.

    Attributes:
        suggestions: how many horizons are over.
        asked_units: over all of them.
        last_year: over those that had a year before them alone; ``ours_beside_last_year`` is ours over the same.
        short_units: what following the suggestions would have lacked.
        left_units: what following them would have left over.
    """

    suggestions: int
    asked_units: float
    ours: Score
    naive: Score
    seasonal_naive: Score
    average: Score
    short_units: float
    left_units: float
    last_year: Score = Score(None, None)
    ours_beside_last_year: Score = Score(None, None)


class SimpleForecasts(NamedTuple):
    """What those who keep it simple forecast over a horizon, in units."""

    naive: float
    seasonal_naive: float
    average: float
    last_year: float | None


def simple_forecasts(history: SalesHistory, horizon_days: int) -> SimpleForecasts:
    """Forecast by the last day, by the last week repeated, by the average of 30 days, and by the year before.

    They see the history as it is, days out of stock included, for so does whoever reckons like that.
    """
    units = [max(0, each) for each in history.units]
    if not units:
        return SimpleForecasts(0.0, 0.0, 0.0, None)
    week = units[-WEEK:]
    year = units[-YEAR:]
    return SimpleForecasts(
        float(units[-1] * horizon_days),
        float(sum(week[day % len(week)] for day in range(horizon_days))),
        fmean(units[-MONTH:]) * horizon_days,
        float(sum(year[day % YEAR] for day in range(horizon_days))) if len(units) >= YEAR else None,
    )


def kept_of(plan: Plan, history: SalesHistory) -> Kept:
    """Return what to keep of a plan, and what simple forecasters say over the same horizon from the same history."""
    horizon_days = plan.lead_time.whole_days + plan.cover_days
    simple = simple_forecasts(history, horizon_days)
    return Kept(
        computed_for=history.last_day + timedelta(days=1),
        horizon_days=horizon_days,
        lead_days=plan.lead_time.whole_days,
        forecast_units=plan.forecast_units,
        naive_units=simple.naive,
        seasonal_naive_units=simple.seasonal_naive,
        average_units=simple.average,
        last_year_units=simple.last_year,
        position_units=plan.position_units,
        quantity=plan.quantity,
    )


def outcome_of(kept: Kept, days: SalesHistory) -> Outcome:
    """Compare a suggestion with ``days``, which are exactly those of its horizon.

    Raises:
        ValueError: there are more or fewer days, so the horizon is not over or not this one.
    """
    if len(days.units) != kept.horizon_days:
        raise ValueError(f"The horizon has {kept.horizon_days} days and not {len(days.units)}.")
    out = stockouts(days)
    sold = [max(0, each) for each in days.units]
    counted = [units for units, missing in zip(sold, out, strict=True) if not missing]
    average = fmean(counted) if counted else 0.0
    asked = [max(units, average) if missing else float(units) for units, missing in zip(sold, out, strict=True)]
    left, short = float(kept.position_units), 0.0
    for day, units in enumerate(asked):
        if day == kept.lead_days:
            left += kept.quantity
        short += max(0.0, units - left)
        left = max(0.0, left - units)
    return Outcome(
        kept=kept,
        asked_units=sum(asked),
        stockout_days=sum(out),
        following_short_units=short,
        following_left_units=left,
    )


def score(pairs: Iterable[tuple[float, float]]) -> Score:
    """Return WAPE and bias of pairs of what was forecast and what was asked for."""
    errors, asked = [], 0.0
    for forecast_units, asked_units in pairs:
        errors.append(forecast_units - asked_units)
        asked += asked_units
    if not asked:
        return Score(None, None)
    return Score(sum(abs(error) for error in errors) / asked, sum(errors) / asked)


def scores_of(outcomes: Sequence[Outcome]) -> Scores:
    """Add up the outcomes of one SKU or of many."""
    years = [(each, each.kept.last_year_units) for each in outcomes]
    return Scores(
        suggestions=len(outcomes),
        asked_units=sum(each.asked_units for each in outcomes),
        ours=score((each.kept.forecast_units, each.asked_units) for each in outcomes),
        naive=score((each.kept.naive_units, each.asked_units) for each in outcomes),
        seasonal_naive=score((each.kept.seasonal_naive_units, each.asked_units) for each in outcomes),
        average=score((each.kept.average_units, each.asked_units) for each in outcomes),
        short_units=sum(each.following_short_units for each in outcomes),
        left_units=sum(each.following_left_units for each in outcomes),
        last_year=score((units, each.asked_units) for each, units in years if units is not None),
        ours_beside_last_year=score(
            (each.kept.forecast_units, each.asked_units) for each, units in years if units is not None
        ),
    )
