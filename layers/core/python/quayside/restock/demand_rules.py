"""How much of a SKU is asked for a day: days in stock, outliers, four closed-form methods, and which to believe. Pure.

Nothing here is trained: each figure follows from one SKU's own days by a formula that its card can show.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate, pairwise
from statistics import fmean, median
from typing import Literal, NamedTuple, get_args

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
USUAL_ALPHA = 0.03
"""What a new day weighs in exponential smoothing."""
OTHER_ALPHAS = (0.01, 0.1)
OTHER_FROM = 0.9
"""Another alpha, or a trend, is taken when it back-tests with less than this share of the usual one's error."""
TREND_ALPHA, TREND_BETA, DAMPING = 0.08, 0.01, 0.98
"""Holt's smoothing with a damped trend (Gardner and McKenzie 1985): of the level, of the trend, and what is left of it
from one day to the next."""
SIZE_ALPHA, CHANCE_BETA = 0.05, 0.02
"""TSB: what a selling day weighs in the size of a sale, and any day in the chance of one."""
CAP_TIMES = 3
"""A day counts for at most so many times the median selling day around it."""
CAP_BLOCK_DAYS = 30
CAP_LEAST_SELLING_DAYS = 5
"""Fewer selling days around it tell nothing of what is usual; then those of the whole history do."""

TRIAL_DAYS = 28
"""How many days a trial forecasts."""
TRIAL_EVERY_DAYS = 7
TRIAL_AFTER_DAYS = 56
"""How much history the first trial sees."""
MOST_TRIALS = 52

SEASON_FROM_DAYS = 365 + 28
"""Twelve months and a month that is seen twice, for without it growth can't be told from season."""
SEASON_WEEKS = 53
SEASON_KERNEL = (1, 2, 3, 2, 1)
"""What the weeks around a week weigh in its factor."""
LEAST_SIGNAL = 0.7
"""A pattern of which less than this share is more than noise is taken for none; noise passes once in a hundred."""
YEAR = 365
GROWTH_A_YEAR = (0.25, 4.0)
"""What a year's growth is believed to be at most, when season and growth are told apart."""


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
        alpha: what a new day weighs in exponential smoothing.
        counted_days: days since the first sale that count, for they were in stock.
        counted_units: sold on those days.
        stockout_days: days since the first sale that don't count.
        capped_days: counted days that were capped as outliers.
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
    alpha: float
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
    weekday = [factor * growth for factor in demand.weekday]
    first = demand.last_day + timedelta(days=1)
    begins = first.weekday()
    step, level = demand.trend, demand.level
    for day in range(days):
        level += step
        step *= demand.damping
        season = demand.season[(first + timedelta(days=day)).isocalendar().week - 1] if demand.season else 1.0
        yield max(0.0, level) * weekday[(begins + day) % 7] * season


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
    """Return what to expect, by the method that back-tests best on this history, or by the one that is given.

    Outliers, weekday and season are taken out of the days that count; each method makes a level of what is left. With
    too little history to try the methods on, their average forecasts.
    """
    days = _Days.of(history)
    if days.counted < LEAST_DAYS or days.units < LEAST_UNITS:
        return UnknownDemand(last_day=history.last_day, counted_days=days.counted, counted_units=round(days.units))
    trials = _Trials.of(days)
    windows = _Windows(days.plain)
    alpha, smoothing = _best(trials, _smoothings(days.plain))
    levels: dict[Method, _Level] = {
        "windows": windows.level,
        "smoothing": smoothing,
        "intermittent": _tsb(days.plain),
    }
    parts = tuple(levels.values())
    levels["average"] = lambda seen: _mean([level(seen) for level in parts])
    tried = {name: trials.of_level(name, levels[name]) for name in METHODS} if trials.origins else {}
    best: Method = min(tried, key=lambda name: _rank(tried[name])) if tried else "average"
    used = method or best
    now = levels[used](len(days.plain))
    return Demand(
        last_day=history.last_day,
        method=used,
        is_fixed=method is not None,
        level=now.level,
        trend=now.trend,
        damping=DAMPING if now.trend else 0.0,
        weekday=days.weekday,
        season=days.season,
        daily_deviation=_deviation(days, trials, levels[used], now),
        growth_percent=0,
        alpha=alpha,
        counted_days=days.counted,
        counted_units=round(days.units),
        stockout_days=len(days.plain) - days.counted,
        capped_days=days.capped,
        windows=tuple((window, windows.average(len(days.plain), window)) for window in WINDOWS),
        trials=tuple(tried.values()),
    )


class _State(NamedTuple):
    """Units a day after some days, and by how many they move on the first day after."""

    level: float
    trend: float = 0.0

    def over(self, days: int) -> float:
        """Return the units of so many days."""
        return self.level * days + self.trend * _DAMPED[days]


type _Level = Callable[[int], _State]
"""What a method says after it has seen so many days."""

_DAMPED = (0.0, *accumulate(accumulate(DAMPING**day for day in range(TRIAL_DAYS))))
"""By how many first steps of a damped trend so many days are above the level, all together."""


class _Days(NamedTuple):
    """The days from the first sale on.

    Attributes:
        plain: units of each day that counts, without outlier, weekday and season; None of a day that does not count.
        raw: the same with its outliers.
        weekday, season: what was taken out.
        counted, units: the days that count, and what they sold.
        capped: how many of them were outliers.
    """

    plain: list[float | None]
    raw: list[float | None]
    weekday: tuple[float, ...]
    season: tuple[float, ...]
    counted: int
    units: float
    capped: int

    @classmethod
    def of(cls, history: SalesHistory) -> "_Days":
        """Clean a history."""
        units = history.units[-HISTORY_DAYS:]
        first = next((index for index, each in enumerate(units) if each > 0), len(units))
        missing = stockouts(history)[-HISTORY_DAYS:][first:]
        sold = [None if is_out else float(max(0, each)) for each, is_out in zip(units[first:], missing, strict=True)]
        calendar = [history.last_day - timedelta(days=back) for back in range(len(sold) - 1, -1, -1)]
        weekday = _weekday_factors(calendar, sold)
        level = _without(sold, [weekday[day.weekday()] for day in calendar])
        capped = _capped(level)
        season = _season_factors(calendar, capped)
        seasons = [season[day.isocalendar().week - 1] for day in calendar] if season else [1.0] * len(calendar)
        return cls(
            plain=_without(capped, seasons),
            raw=_without(level, seasons),
            weekday=weekday,
            season=season,
            counted=sum(each is not None for each in capped),
            units=math.fsum(each for each in sold if each is not None),
            capped=sum(before != after for before, after in zip(level, capped, strict=True)),
        )


def _without(units: Sequence[float | None], factors: Sequence[float]) -> list[float | None]:
    return [
        None if each is None else each / factor if factor else each for each, factor in zip(units, factors, strict=True)
    ]


def _capped(units: Sequence[float | None]) -> list[float | None]:
    """Cap each day at three times the median selling day of the month it is in and of those before and after it."""
    everywhere = [each for each in units if each]
    if not everywhere:
        return list(units)
    usual = median(everywhere)
    capped: list[float | None] = []
    # Blocks end with the last day, so that the newest one is whole.
    for begins in range(len(units) % CAP_BLOCK_DAYS - CAP_BLOCK_DAYS, len(units), CAP_BLOCK_DAYS):
        block = units[max(0, begins) : begins + CAP_BLOCK_DAYS]
        around = [each for each in units[max(0, begins - CAP_BLOCK_DAYS) : begins + 2 * CAP_BLOCK_DAYS] if each]
        cap = CAP_TIMES * (median(around) if len(around) >= CAP_LEAST_SELLING_DAYS else usual)
        capped += [None if each is None else min(each, cap) for each in block]
    return capped


def _weekday_factors(calendar: Sequence[date], units: Sequence[float | None]) -> tuple[float, ...]:
    """Return what each weekday sells of an average day, drawn to 1 by as much of it as is noise."""
    sums, counts = [0.0] * 7, [0] * 7
    squares = 0.0
    for day, each in zip(calendar, units, strict=True):
        if each is not None:
            sums[day.weekday()] += each
            counts[day.weekday()] += 1
            squares += each * each
    mean = sum(sums) / max(1, sum(counts))
    if not mean or not all(counts):
        return (1.0,) * 7
    ratios = [total / count / mean for total, count in zip(sums, counts, strict=True)]
    noise = (squares / sum(counts) - mean * mean) / (mean * mean * min(counts))
    return _drawn(ratios, noise) or (1.0,) * 7


def _drawn(ratios: Sequence[float], noise: float) -> tuple[float, ...]:
    """Return ratios around 1 drawn to it by the share of their variance that is noise; nothing when that is most.

    Source: James and Stein 1961, with the noise's variance estimated.
    """
    spread = fmean((ratio - 1) ** 2 for ratio in ratios)
    signal = 1 - noise / spread if spread else 0.0
    if signal < LEAST_SIGNAL:
        return ()
    drawn = [max(0.0, 1 + signal * (ratio - 1)) for ratio in ratios]
    mean = fmean(drawn)
    return tuple(each / mean for each in drawn)


def _season_factors(calendar: Sequence[date], units: Sequence[float | None]) -> tuple[float, ...]:
    """Return what each week of the year sells of an average one, a year's growth taken out; nothing when unclear."""
    if len(units) < SEASON_FROM_DAYS:
        return ()
    growth = _growth_a_year(units)
    rates = [growth ** (index / YEAR) for index in range(len(units))]
    sums, expected = [0.0] * SEASON_WEEKS, [0.0] * SEASON_WEEKS
    for day, each, rate in zip(calendar, units, rates, strict=True):
        if each is not None:
            week = day.isocalendar().week - 1
            sums[week] += each
            expected[week] += rate
    # The 53rd week is in few years: it shares the days of the one before.
    sums[-2:] = [sums[-2] + sums[-1]] * 2
    expected[-2:] = [expected[-2] + expected[-1]] * 2
    if not all(expected):
        return ()
    base = math.fsum(sums[:-1]) / math.fsum(expected[:-1])
    weeks = [total / (base * days) for total, days in zip(sums[:-1], expected[:-1], strict=True)]
    half = len(SEASON_KERNEL) // 2
    whole = sum(SEASON_KERNEL)
    smooth = [
        sum(weight * weeks[(week + step - half) % len(weeks)] for step, weight in enumerate(SEASON_KERNEL)) / whole
        for week in range(len(weeks))
    ]
    # A season moves slowly, so what differs from one week to the next is noise.
    jumps = fmean((after - before) ** 2 for before, after in pairwise(weeks)) / 2
    drawn = _drawn(smooth, jumps * sum(weight**2 for weight in SEASON_KERNEL) / whole**2)
    return (*drawn, drawn[-1]) if drawn else ()


def _growth_a_year(units: Sequence[float | None]) -> float:
    """Return what the days of the last year that have one a year before them sold, over what those sold."""
    later, before = 0.0, 0.0
    for index in range(max(YEAR, len(units) - YEAR), len(units)):
        new, old = units[index], units[index - YEAR]
        if new is not None and old is not None:
            later, before = later + new, before + old
    if not later or not before:
        return 1.0
    least, most = GROWTH_A_YEAR
    return min(most, max(least, later / before))


class _Windows:
    """Averages of counted days, by how many days back they go."""

    def __init__(self, units: Sequence[float | None]) -> None:
        self._sums = (0.0, *accumulate(each or 0.0 for each in units))
        self._counts = (0, *accumulate(each is not None for each in units))

    def average(self, seen: int, window: int) -> float:
        """Return the average of the last days of those seen; of all of them when none of those counts."""
        begins = max(0, seen - window)
        count = self._counts[seen] - self._counts[begins]
        if not count:
            return self._sums[seen] / max(1, self._counts[seen])
        return (self._sums[seen] - self._sums[begins]) / count

    def level(self, seen: int) -> _State:
        """Return the weighted average of the windows."""
        return _State(math.fsum(weight * self.average(seen, window) for window, weight in WINDOWS.items()) / _WEIGHT)


_WEIGHT = math.fsum(WINDOWS.values())


def _smoothings(units: Sequence[float | None]) -> dict[float, _Level]:
    """Return exponential smoothing with each alpha, and that with a damped trend under its own."""
    smoothings: dict[float, _Level] = {alpha: _smoothed(units, alpha) for alpha in (USUAL_ALPHA, *OTHER_ALPHAS)}
    smoothings[TREND_ALPHA] = _trending(units)
    return smoothings


def _smoothed(units: Sequence[float | None], alpha: float) -> _Level:
    """Smooth: the first days are averaged until ``alpha`` is more than one of them weighs."""
    level, seen = 0.0, 0
    levels = [0.0]
    for each in units:
        if each is not None:
            seen += 1
            level += max(alpha, 1 / seen) * (each - level)
        levels.append(level)
    return lambda at: _State(levels[at])


def _trending(units: Sequence[float | None]) -> _Level:
    level, trend, seen = 0.0, 0.0, 0
    states = [_State(0.0)]
    for each in units:
        before = level
        level += DAMPING * trend
        if each is not None:
            seen += 1
            level += max(TREND_ALPHA, 1 / seen) * (each - level)
            moved = level - before if seen > LEAST_DAYS else 0.0
            trend = DAMPING * trend + TREND_BETA * (moved - DAMPING * trend)
        level = max(0.0, level)
        states.append(_State(level, DAMPING * trend))
    return states.__getitem__


def _tsb(units: Sequence[float | None]) -> _Level:
    """Follow the chance that a day sells anything and the size of what it sells, each by smoothing."""
    chance, size, seen, selling = 0.0, 0.0, 0, 0
    levels = [0.0]
    for each in units:
        if each is not None:
            seen += 1
            chance += max(CHANCE_BETA, 1 / seen) * ((1.0 if each else 0.0) - chance)
            if each:
                selling += 1
                size += max(SIZE_ALPHA, 1 / selling) * (each - size)
        levels.append(chance * size)
    return lambda at: _State(levels[at])


def _mean(states: Sequence[_State]) -> _State:
    return _State(fmean(each.level for each in states), fmean(each.trend for each in states))


class _Trials:
    """Days of the past from which methods are tried, and what was sold in the weeks after each."""

    def __init__(
        self, origins: Sequence[int], sold: Sequence[float], raw: Sequence[float], counts: Sequence[int]
    ) -> None:
        self.origins = origins
        self.sold = sold
        self.raw = raw
        self.counts = counts

    @classmethod
    def of(cls, days: _Days) -> "_Trials":
        """Choose the origins: one a week, a year at most, where at least half of the weeks after it counts."""
        sums = (0.0, *accumulate(each or 0.0 for each in days.plain))
        raws = (0.0, *accumulate(each or 0.0 for each in days.raw))
        counts = (0, *accumulate(each is not None for each in days.plain))
        newest = len(days.plain) - TRIAL_DAYS
        origins = [
            at
            for at in range(newest, TRIAL_AFTER_DAYS - 1, -TRIAL_EVERY_DAYS)
            if 2 * (counts[at + TRIAL_DAYS] - counts[at]) >= TRIAL_DAYS
        ][:MOST_TRIALS]
        return cls(
            origins,
            [sums[at + TRIAL_DAYS] - sums[at] for at in origins],
            [raws[at + TRIAL_DAYS] - raws[at] for at in origins],
            [counts[at + TRIAL_DAYS] - counts[at] for at in origins],
        )

    def forecasts(self, level: _Level) -> list[float]:
        """Return what a method forecasts from each origin for the days that count after it."""
        return [
            max(0.0, level(at).over(TRIAL_DAYS)) * count / TRIAL_DAYS
            for at, count in zip(self.origins, self.counts, strict=True)
        ]

    def absolute_error(self, level: _Level) -> float:
        """Return the absolute errors of a method, added up."""
        return math.fsum(abs(ours - sold) for ours, sold in zip(self.forecasts(level), self.sold, strict=True))

    def of_level(self, method: Method, level: _Level) -> Trial:
        """Try a method."""
        errors = [ours - sold for ours, sold in zip(self.forecasts(level), self.sold, strict=True)]
        total = math.fsum(self.sold)
        if not total:
            return Trial(method, None, None, len(errors))
        return Trial(method, math.fsum(map(abs, errors)) / total, math.fsum(errors) / total, len(errors))


def _rank(trial: Trial) -> tuple[float, int]:
    """Order methods by their errors; of equal ones the average is best."""
    return (math.inf if trial.wape is None else trial.wape, -METHODS.index(trial.method))


def _best(trials: _Trials, smoothings: Mapping[float, _Level]) -> tuple[float, _Level]:
    """Return the smoothing that back-tests best, unless the usual one is nearly as good, or nothing can be tried."""
    alpha = USUAL_ALPHA
    if trials.origins:
        errors = {each: trials.absolute_error(level) for each, level in smoothings.items()}
        errors[USUAL_ALPHA] *= OTHER_FROM
        alpha = min(errors, key=lambda each: errors[each])
    return alpha, smoothings[alpha]


def _deviation(days: _Days, trials: _Trials, level: _Level, now: _State) -> float:
    """Return a day's deviation: of the days around the level now, or of the trials' weeks when those strayed further.

    Weeks stray further than their days alone would when demand moves; a safety stock has to stand that too.
    """
    daily = fmean((each - now.level) ** 2 for each in days.raw if each is not None)
    if not trials.origins:
        return math.sqrt(daily)
    weekly = fmean(
        (ours - sold) ** 2 / count
        for ours, sold, count in zip(trials.forecasts(level), trials.raw, trials.counts, strict=True)
    )
    return math.sqrt(max(daily, weekly))
