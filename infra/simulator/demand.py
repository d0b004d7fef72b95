"""How much of a product people want on a day: base rate, trend, season, weekday, promotions. Pure arithmetic."""

import math
import random
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Self

from infra.simulator import entropy

_WEEKDAYS = (
    (1.08, 1.02, 0.97, 0.95, 0.93, 0.98, 1.07),
    (1.12, 1.06, 1.02, 0.98, 0.9, 0.88, 1.04),
    (0.9, 0.9, 0.93, 0.97, 1.05, 1.15, 1.1),
)
# Share of a day's orders per local hour: quiet nights, a midday shoulder, an evening peak.
HOURS = (
    0.022, 0.014, 0.009, 0.007, 0.007, 0.011, 0.02, 0.031, 0.042, 0.049, 0.054, 0.056,
    0.055, 0.053, 0.052, 0.051, 0.052, 0.055, 0.06, 0.066, 0.071, 0.069, 0.056, 0.038,
)  # fmt: skip
_PROMOTION_CHANCE = 0.35
_PROMOTION_WINDOW_DAYS = 45


@dataclass(frozen=True, slots=True)
class Demand:
    """A product's demand. ``base`` is units wanted on an average day of 2026; ``trend`` is growth per year."""

    base: float
    trend: float
    season: float
    peak_day: int
    weekday: int
    seed: int

    @classmethod
    def invent(cls, base: float, *seed: object) -> Self:
        """Return a believable demand around ``base``, the same for the same seed."""
        chance = entropy.generator(*seed, "demand")
        return cls(
            base=base,
            trend=chance.uniform(-0.12, 0.3),
            season=chance.uniform(0.05, 0.35),
            peak_day=chance.choice((350, 350, 345, 200, 120)),
            weekday=chance.randrange(len(_WEEKDAYS)),
            seed=entropy.number(*seed, "promotions"),
        )

    def expected(self, day: date, discount: float) -> float:
        """Return the expected number of orders on a local day, given the discount of that day's promotion."""
        years = (day.toordinal() - 739617) / 365.25  # counted from 2026-01-01
        angle = 2 * math.pi * (_day_of_year(day) - self.peak_day) / 365.25
        season = 1 + self.season * math.cos(angle)
        uplift = 1 + 6 * discount
        trend: float = (1 + self.trend) ** years
        return self.base * trend * season * _WEEKDAYS[self.weekday][day.weekday()] * uplift


@lru_cache(maxsize=2048)
def _day_of_year(day: date) -> int:
    return day.timetuple().tm_yday


def promotion(seed: int, day_ordinal: int) -> float:
    """Return the discount (0 to 0.25) of a product on a day: now and then a promotion of 4 to 10 days."""
    window, offset = divmod(day_ordinal, _PROMOTION_WINDOW_DAYS)
    start, end, discount = _promotion_of(seed, window)
    return discount if start <= offset < end else 0.0


@lru_cache(maxsize=65536)
def _promotion_of(seed: int, window: int) -> tuple[int, int, float]:
    chance = entropy.generator(seed, window)
    if chance.random() > _PROMOTION_CHANCE:
        return 0, 0, 0.0
    start, length, discount = chance.randrange(30), chance.randint(4, 10), chance.choice((0.1, 0.15, 0.2, 0.25))
    return start, start + length, discount


def poisson(chance: random.Random, mean: float) -> int:
    """Return a Poisson draw (Knuth below 30, a rounded normal above)."""
    if mean <= 0:
        return 0
    if mean > 30:  # noqa: PLR2004  the usual point where the normal is close enough
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
