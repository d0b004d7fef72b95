"""Products and what is asked of them on every day of three years. Seeded, so that every run sees the same.

Demand of a day is drawn around a mean that differs by kind of product; days are more uneven than chance alone would
make them, as real ones are.
"""

import math
import random
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["steady", "seasonal", "trending", "intermittent", "promoted", "stock_outs"]
KINDS: tuple[Kind, ...] = get_args(Kind)

HISTORY_DAYS = 730
"""As much as Amazon lets a seller fetch."""
YEAR_DAYS = 365
_PARTS = 50
"""A day's demand is drawn from so many equal chances a unit of mean, which is nearly a Poisson draw, and fast."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """One SKU.

    Attributes:
        asked: units asked for on each day of history and year.
        out: days of the history on which it was out of stock, so that nothing was sold.
        lead_days: what a purchase takes on average.
        lead_times: what each purchase of the year takes, in turn; the past ones were measured.
        measured: what purchases of the past took.
        unit_cost: of one unit, in dollars.
        margin: what a unit earns, in dollars.
    """

    kind: Kind
    asked: tuple[int, ...]
    out: frozenset[int]
    lead_days: float
    lead_times: tuple[int, ...]
    measured: tuple[float, ...]
    unit_cost: float
    margin: float

    @property
    def sold_before(self) -> list[int]:
        """Units sold on each day of the history."""
        return [0 if day in self.out else units for day, units in enumerate(self.asked[:HISTORY_DAYS])]


def products(count: int, seed: int) -> list[Product]:
    """Return so many products, of each kind in turn."""
    return [_product(KINDS[index % len(KINDS)], random.Random(f"{seed}-{index}")) for index in range(count)]


def _product(kind: Kind, generator: random.Random) -> Product:
    days = HISTORY_DAYS + YEAR_DAYS
    means = _means(kind, generator, days)
    unevenness = generator.uniform(3, 10)
    asked = tuple(_drawn(generator, mean * generator.gammavariate(unevenness, 1 / unevenness)) for mean in means)
    if kind == "intermittent":
        asked = tuple(_size(generator) if units else 0 for units in asked)
    lead_days = generator.uniform(15, 70)
    late = 0.15 if kind == "stock_outs" else 0.0
    return Product(
        kind=kind,
        asked=asked,
        out=_stretches(generator) if kind == "stock_outs" else frozenset(),
        lead_days=lead_days,
        lead_times=tuple(_lead_time(generator, lead_days, late) for _ in range(YEAR_DAYS)),
        measured=tuple(float(_lead_time(generator, lead_days, late)) for _ in range(8)),
        unit_cost=generator.uniform(4, 25),
        margin=generator.uniform(3, 12),
    )


def _means(kind: Kind, generator: random.Random, days: int) -> list[float]:
    mean = min(40.0, generator.lognormvariate(math.log(3), 0.9))
    shape = [1.0] * days
    if kind == "seasonal":
        peak, height, width = generator.randrange(YEAR_DAYS), generator.uniform(1.0, 4.0), generator.uniform(20, 60)
        shape = [1 + height * math.exp(-0.5 * (_apart(day, peak) / width) ** 2) for day in range(days)]
    elif kind == "trending":
        growth = math.exp(generator.uniform(math.log(0.5), math.log(2.5)))
        shape = [growth ** (day / YEAR_DAYS) for day in range(days)]
    elif kind == "intermittent":
        mean = generator.uniform(0.05, 0.25)
    elif kind == "promoted":
        deals = _deals(generator, days)
        shape = [4.0 if day in deals else 1.0 for day in range(days)]
    weekend = generator.uniform(0.8, 1.4)
    return [mean * shape[day] * (weekend if day % 7 in {5, 6} else 1.0) for day in range(days)]


def _apart(day: int, peak: int) -> int:
    distance = (day - peak) % YEAR_DAYS
    return min(distance, YEAR_DAYS - distance)


def _deals(generator: random.Random, days: int) -> frozenset[int]:
    found: set[int] = set()
    day = generator.randrange(30)
    while day < days:
        found.update(range(day, day + generator.randint(2, 5)))
        day += generator.randint(35, 75)
    return frozenset(found)


def _stretches(generator: random.Random) -> frozenset[int]:
    """Return four stretches of the history without stock; the last may lie right before the year."""
    found: set[int] = set()
    for _ in range(4):
        begins = generator.randrange(60, HISTORY_DAYS)
        found.update(range(begins, min(HISTORY_DAYS, begins + generator.randint(7, 30))))
    return frozenset(found)


def _lead_time(generator: random.Random, mean: float, late: float) -> int:
    days = max(1.0, generator.gauss(mean, 0.12 * mean))
    return round(days * (1.5 if generator.random() < late else 1.0))


def _drawn(generator: random.Random, mean: float) -> int:
    return generator.binomialvariate(_PARTS * math.ceil(mean), mean / (_PARTS * math.ceil(mean))) if mean else 0


def _size(generator: random.Random) -> int:
    """Return how much a customer who buys seldom takes at once."""
    return 1 + min(7, int(generator.expovariate(0.7)))
