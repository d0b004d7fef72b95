"""How well demand is forecast, against simple forecasters and those of statsforecast. Rolling origin.

The real data set's products with an even id that sold on ninety days or more, or such products of a file of order lines
(``--orders``). From each of three days of the past, sixty apart, every forecaster sees only the days before and says
what the next 7, 30 and 60 ask for. WAPE is the sum of absolute errors of those sums over the sum of what was sold, all
products and origins together; bias is the same with signs. ``mean_of_products`` holds the means of each product's own.
Nothing was tuned on these products: the constants of ``restock/demand_rules.py`` were chosen on those with odd ids.

Two of the data set's products are fuel, sold by the thousandth of a gallon: 370,000 units a day, against 1,400 of all
the other 1,281 together. Added up with them, the errors would be those of one filling station on three days. So
``horizons`` is of products sold by the piece, and ``with_bulk`` says what it would be with the fuel; there AutoETS is
better than ours. A file's products all count.

What we compare with is called as statsforecast's documentation shows: AutoETS with a season of seven days, CrostonSBA
and SimpleExponentialSmoothingOptimized with their defaults; a negative forecast counts as none, for all alike.
"""

import math
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import Any

from quayside.restock.demand_rules import Demand, SalesHistory, demand_of, expected_days
from quayside.restock.score_rules import simple_forecasts
from tests.bench.catalogue import Result
from tests.bench.harness import NotMeasurableError, Run, chunks
from tests.bench.purchases import read_baskets
from tests.bench.sales_days import Series, lines_of, read_lines, series_of

HORIZONS = (7, 30, 60)
ORIGINS = 3
LEAST_SELLING_DAYS = 90
BULK_A_DAY = 1_000
"""Nothing that is sold by the piece sells more in this data set; the next one sells 36."""
PIECE = 16
"""Series that one process takes at a time."""

type Sums = tuple[float, ...]
"""Units of each horizon."""


@dataclass(frozen=True)
class Tried:
    """What each forecaster said of one series from one origin, what was sold, and how long ours took."""

    sku: str
    is_bulk: bool
    sold: Sums
    said: Mapping[str, Sums]
    our_seconds: float


def measure(run: Run) -> Result:
    """Measure, and say how much better or worse than the best of the others.

    Raises:
        NotMeasurableError: the data set or statsforecast is not installed, or no product sold often enough.
    """
    series = _series(run)
    origins = origins_of(len(series[0].units))
    run.say(f"{len(series)} products, {len(series[0].units)} days, forecasts from the days {origins}.")
    tried: list[Tried] = []
    batches = chunks(series, PIECE)
    bulk = frozenset(each.seller_sku for each in series if run.orders is None and each.a_day > BULK_A_DAY)
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for done, batch in enumerate(pool.map(_try, batches, [origins] * len(batches), [bulk] * len(batches)), start=1):
            tried += batch
            if done % 8 == 0:
                run.say(f"{min(done * PIECE, len(series))} products are done.")
    pieces = [each for each in tried if not each.is_bulk]
    horizons = _horizons(pieces, _pooled)
    means = _horizons(pieces, _mean_of_products)
    everything = _horizons(tried, _pooled)
    return {
        "series": len({each.sku for each in pieces}),
        "horizons": horizons,
        "worst_ratio": _worst(horizons),
        "ms_per_sku": round(fmean(each.our_seconds for each in tried) * 1000, 3),
        "origins": list(origins),
        "mean_of_products": {"horizons": means, "worst_ratio": _worst(means)},
        "with_bulk": {"series": len(series), "horizons": everything, "worst_ratio": _worst(everything)},
    }


def _horizons(tried: Sequence[Tried], errors: Callable[[Sequence[Tried], int, str], Result]) -> dict[str, Result]:
    return {str(days): _compared(tried, index, errors) for index, days in enumerate(HORIZONS)}


def _series(run: Run) -> list[Series]:
    lines = lines_of(read_baskets()) if run.orders is None else read_lines(run.orders)
    series = series_of(lines, LEAST_SELLING_DAYS)
    if not series:
        raise NotMeasurableError(f"No product sold on {LEAST_SELLING_DAYS} days or more.")
    return series[::10] if run.quick and len(series) > PIECE else series


def origins_of(days: int) -> tuple[int, ...]:
    """Return how many days are seen before each forecast: the newest leaves one longest horizon to be compared with.

    Raises:
        NotMeasurableError: the first would see fewer than fourteen days.
    """
    longest = max(HORIZONS)
    origins = tuple(days - longest * back for back in range(ORIGINS, 0, -1))
    least = 14
    if origins[0] < least:
        raise NotMeasurableError(f"{ORIGINS * longest + least} days are needed; there are {days}.")
    return origins


def _try(series: Sequence[Series], origins: Sequence[int], bulk: frozenset[str]) -> list[Tried]:
    """Let every forecaster forecast every series from every origin; runs in a process of its own."""
    others = _statistical()
    return [_tried(each, origin, others, is_bulk=each.seller_sku in bulk) for each in series for origin in origins]


def _tried(
    series: Series, origin: int, others: Mapping[str, Callable[[Sequence[int]], Sums]], *, is_bulk: bool
) -> Tried:
    seen, coming = series.units[:origin], series.units[origin:]
    history = SalesHistory(last_day=series.first_day + timedelta(days=origin - 1), units=seen)
    started = time.process_time()
    ours = _ours(history)
    seconds = time.process_time() - started
    simple = [simple_forecasts(history, days)[:3] for days in HORIZONS]
    said = {
        "ours": ours,
        **{
            name: tuple(each[index] for each in simple)
            for index, name in enumerate(("naive", "seasonal_naive", "average_30_days"))
        },
        **{name: forecaster(seen) for name, forecaster in others.items()},
    }
    sold = tuple(float(sum(coming[:days])) for days in HORIZONS)
    return Tried(series.seller_sku, is_bulk, sold, said, seconds)


def _ours(history: SalesHistory) -> Sums:
    """Forecast with the product's own rules; where they say "unknown" nothing is forecast, to our cost."""
    demand = demand_of(history)
    if not isinstance(demand, Demand):
        return (0.0,) * len(HORIZONS)
    return _sums(expected_days(demand, max(HORIZONS)))


def _sums(days: Sequence[float]) -> Sums:
    return tuple(math.fsum(max(0.0, each) for each in days[:horizon]) for horizon in HORIZONS)


def _statistical() -> dict[str, Callable[[Sequence[int]], Sums]]:
    try:
        import numpy as np  # noqa: PLC0415 - of the group bench alone
        from statsforecast import models  # noqa: PLC0415 - as above
    except ModuleNotFoundError as missing:
        raise NotMeasurableError(
            f"{missing.name} is not installed. Run `uv run --group bench quayside-bench forecast --json`."
        ) from None
    made: dict[str, Callable[[], Any]] = {
        "AutoETS": lambda: models.AutoETS(season_length=7),
        "CrostonSBA": models.CrostonSBA,
        "SimpleExponentialSmoothingOptimized": models.SimpleExponentialSmoothingOptimized,
    }

    def forecaster(make: Callable[[], Any]) -> Callable[[Sequence[int]], Sums]:
        def say(seen: Sequence[int]) -> Sums:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = make().forecast(y=np.asarray(seen, dtype=float), h=max(HORIZONS))["mean"]
            return _sums([float(each) for each in said])

        return say

    return {name: forecaster(make) for name, make in made.items()}


def _compared(tried: Sequence[Tried], index: int, errors: Callable[[Sequence[Tried], int, str], Result]) -> Result:
    names = [name for name in tried[0].said if name != "ours"] if tried else []
    ours = errors(tried, index, "ours")
    others = {name: errors(tried, index, name) for name in names}
    best = min((float(str(each["wape"])) for each in others.values()), default=math.nan)
    return {"ours": ours, "others": others, "ratio_to_best": round(float(str(ours["wape"])) / best, 4)}


def _pooled(tried: Sequence[Tried], index: int, name: str) -> Result:
    errors = [each.said[name][index] - each.sold[index] for each in tried]
    sold = math.fsum(each.sold[index] for each in tried)
    return {"wape": round(math.fsum(map(abs, errors)) / sold, 4), "bias": round(math.fsum(errors) / sold, 4)}


def _mean_of_products(tried: Sequence[Tried], index: int, name: str) -> Result:
    products: defaultdict[str, list[Tried]] = defaultdict(list)
    for each in tried:
        products[each.sku].append(each)
    own = [_pooled(each, index, name) for each in products.values() if any(one.sold[index] for one in each)]
    return {key: round(fmean(float(str(each[key])) for each in own), 4) for key in ("wape", "bias")}


def _worst(horizons: Mapping[str, Result]) -> float:
    return max(float(str(each["ratio_to_best"])) for each in horizons.values())
