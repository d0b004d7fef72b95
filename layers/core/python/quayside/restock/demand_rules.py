"""How much of a SKU is asked for a day: days in stock, outliers, four closed-form methods, and which to believe. Pure.

Nothing here is trained: each figure follows from one SKU's own days by a formula that its card can show.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from statistics import fmean
from typing import Literal, get_args

import msgspec

HISTORY_DAYS = 731
"""What is looked at: two years, so that a season is seen twice."""
LEAST_DAYS = 14
LEAST_UNITS = 5
"""Below either, demand is unknown: any number would be a guess. Source: PRODUCT.md §7."""
LOW_SALES_SHARE = 0.3
"""With low stock, a day that sold less than this share of the average counts as out of stock. Source: PRODUCT.md §7."""

Method = Literal["windows", "smoothing", "intermittent", "average"]
"""Weighted windows; exponential smoothing with a weekday index; TSB (Teunter, Syntetos, Babai 2011); their average."""
METHODS: tuple[Method, ...] = get_args(Method)

WINDOWS: Mapping[int, float] = {3: 0.05, 7: 0.1, 30: 0.25, 60: 0.25, 90: 0.2, 180: 0.15}
"""Days back, and what their average weighs in the method of windows."""


class SalesHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What one SKU sold in one marketplace, day by day without a gap.

    Attributes:
        last_day: the day of the last entry, which is over.
        units: oldest day first; a day on which corrections outweigh sales is negative and counts as none.
        stock: units that could be sold at the end of each of those days; None where it was not recorded, and empty
            when it never was.
    """

    last_day: date
    units: tuple[int, ...]
    stock: tuple[int | None, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a history whose days don't belong together.

        Raises:
            ValueError: stock is known of another number of days than sales.
        """
        if self.stock and len(self.stock) != len(self.units):
            raise ValueError("Stock and sales must cover the same days.")


class Trial(msgspec.Struct, frozen=True):
    """How a method would have done on this SKU's own past: forecasts of some weeks from days that are over.

    Attributes:
        method: which one.
        wape: absolute errors over what was sold; None when nothing was sold in those weeks.
        bias: errors over what was sold; above 0 when it forecast too much.
        origins: from how many days it was tried.
    """

    method: Method
    wape: float | None
    bias: float | None
    origins: int


class UnknownDemand(msgspec.Struct, frozen=True, kw_only=True):
    """There is too little to go by. Counted are days in stock since the first sale, and the units sold in them."""

    last_day: date
    counted_days: int
    counted_units: int

    @property
    def reason(self) -> str:
        """Say what is missing."""
        return (
            f"{self.counted_units} units on {self.counted_days} days in stock since the first sale; "
            f"{LEAST_UNITS} units and {LEAST_DAYS} days are needed."
        )


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of one SKU after the last day of its history.

    Attributes:
        last_day: the last day of history.
        method: the one that forecasts, and whether the seller fixed it.
        level: expected units a day right after ``last_day``, before weekday and season.
        trend: by how many units a day the level moves on the first day; less on every later one.
        damping: what is left of the trend from one day to the next.
        weekday: seven factors around 1, Monday first.
        season: a factor around 1 for each of the 53 weeks of a year; empty when there is less than a year to go by.
        daily_deviation: how far a day strays from what was expected, in units, so that the deviation over L days is
            ``sqrt(L)`` times it.
        growth_percent: what the seller added to what history says.
        counted_days: days since the first sale that count: in stock, and not before the longest window.
        counted_units: sold on those days, outliers capped.
        stockout_days: days since the first sale that don't count.
        capped_days: days whose sales were capped as outliers.
        windows: average units a counted day, by window in days.
        trials: how each method did on this SKU's past; empty when there is too little of it.
    """

    last_day: date
    method: Method
    is_fixed: bool
    level: float
    trend: float
    damping: float
    weekday: tuple[float, ...]
    season: tuple[float, ...]
    daily_deviation: float
    growth_percent: int
    counted_days: int
    counted_units: int
    stockout_days: int
    capped_days: int
    windows: tuple[tuple[int, float], ...]
    trials: tuple[Trial, ...]

    def grown(self, percent: int) -> "Demand":
        """Return the demand with so many percent on top of what history says."""
        return msgspec.structs.replace(self, growth_percent=percent)

    @property
    def spread(self) -> float:
        """``daily_deviation`` with the growth in it."""
        return self.daily_deviation * (1 + self.growth_percent / 100)

    def trial(self, method: Method) -> Trial | None:
        """Return how a method did on this SKU's past."""
        return next((each for each in self.trials if each.method == method), None)


def expected_days(demand: Demand, days: int) -> tuple[float, ...]:
    """Return the expected units of each of so many days after the history's last one; none is negative."""
    return tuple(_expected(demand, days))


def _expected(demand: Demand, days: int) -> Iterator[float]:
    growth = 1 + demand.growth_percent / 100
    step, moved = demand.trend, 0.0
    day = demand.last_day
    for _ in range(days):
        day += timedelta(days=1)
        moved += step
        step *= demand.damping
        season = demand.season[day.isocalendar().week - 1] if demand.season else 1.0
        yield max(0.0, demand.level + moved) * demand.weekday[day.weekday()] * season * growth


def forecast(demand: Demand, days: float) -> float:
    """Return the expected units of so many days after the history's last one; part of a day counts in part."""
    whole = math.ceil(days)
    each = expected_days(demand, whole)
    return math.fsum(each[:-1]) + each[-1] * (days - whole + 1) if each else 0.0


def stockouts(history: SalesHistory) -> tuple[bool, ...]:
    """Return which days count as out of stock.

    Those on which stock was 0 or below, and those whose stock was below a day's average sales and that sold less than
    30 % of it. A day whose stock was not recorded counts as in stock.
    """
    if not history.stock:
        return (False,) * len(history.units)
    pairs = list(zip(history.units, history.stock, strict=True))
    sold = [max(0, units) for units, stock in pairs if stock is None or stock > 0]
    average = fmean(sold) if sold else 0.0
    return tuple(
        stock is not None and (stock <= 0 or (stock < average and units < LOW_SALES_SHARE * average))
        for units, stock in pairs
    )


def demand_of(history: SalesHistory, method: Method | None = None) -> Demand | UnknownDemand:
    """Return what to expect, by the method that back-tests best on this history, or by the one that is given."""
    first = next((index for index, units in enumerate(history.units) if units > 0), len(history.units))
    out = stockouts(history)[first:]
    sold = [max(0, units) for units in history.units[first:]]
    counted = [units for units, missing in zip(sold, out, strict=True) if not missing]
    if len(counted) < LEAST_DAYS or sum(counted) < LEAST_UNITS:
        return UnknownDemand(last_day=history.last_day, counted_days=len(counted), counted_units=sum(counted))
    averages = [(window, fmean(counted[-window:])) for window in WINDOWS]
    weights = math.fsum(WINDOWS.values())
    level = math.fsum(WINDOWS[window] * average for window, average in averages) / weights
    return Demand(
        last_day=history.last_day,
        method=method or "windows",
        is_fixed=method is not None,
        level=level,
        trend=0.0,
        damping=0.0,
        weekday=(1.0,) * 7,
        season=(),
        daily_deviation=math.sqrt(fmean((units - level) ** 2 for units in counted)),
        growth_percent=0,
        counted_days=len(counted),
        counted_units=sum(counted),
        stockout_days=sum(out),
        capped_days=0,
        windows=tuple(averages),
        trials=(),
    )
