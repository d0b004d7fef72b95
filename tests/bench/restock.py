"""A year of restocking, day by day, by our suggestions and by the formulas of tools that sellers use.

Five hundred products in six kinds (steady, seasonal, trending, intermittent, promoted, with stock-outs) have two years
of history; every policy then orders for a year of the same demand and the same lead times, knowing only what it sold
and what was left. A day's demand that finds no stock is lost. Cost is the margin of lost units plus what it costs to
hold stock: 30 % of its price a year. Days of cover are the average stock over the average demand of a day; the in-stock
rate is the share of products and days that begin with stock.

Our figures are for the service level that is a new seller's setting. Because more stock always means more in stock,
ours is also run at other service levels, and ``at_same_stock`` compares in-stock rates at exactly each tool's average
stock, between the two runs of ours around it; ``in_stock_gain`` is that for the tool that is in stock most.
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

from quayside.restock.rules import Settings
from tests.bench.catalogue import Result
from tests.bench.harness import Run, chunks
from tests.bench.restock_policies import COVER_DAYS, WINDOWS, ByFormula, Ours, Policy, Shelf, formulas
from tests.bench.simulated_demand import HISTORY_DAYS, YEAR_DAYS, Product, products

PRODUCTS = 500
SEED = 5
HOLDING_A_YEAR = 0.30
DEFAULT_LEVEL = Settings(send_legs=(), buy_legs=()).service_level
LEVELS = (0.5, DEFAULT_LEVEL, 0.99)
PIECE = 10
"""Products that one process takes at a time."""


@dataclass(frozen=True)
class Year:
    """What a policy made of a year, of one product or of many."""

    cost: float = 0.0
    days: int = 0
    days_in_stock: int = 0
    stock: float = 0.0
    asked: int = 0
    lost: int = 0

    def __add__(self, other: "Year") -> "Year":
        return Year(
            self.cost + other.cost,
            self.days + other.days,
            self.days_in_stock + other.days_in_stock,
            self.stock + other.stock,
            self.asked + other.asked,
            self.lost + other.lost,
        )

    @property
    def days_of_cover(self) -> float:
        """Average stock over average demand of a day."""
        return self.stock / self.asked

    @property
    def in_stock_rate(self) -> float:
        """Share of days that begin with stock."""
        return self.days_in_stock / self.days

    def figures(self) -> Result:
        """Return what the report shows."""
        return {
            "cost": round(self.cost, 2),
            "in_stock_rate": round(self.in_stock_rate, 4),
            "days_of_cover": round(self.days_of_cover, 2),
            "lost_units": self.lost,
        }


def measure(run: Run) -> Result:
    """Simulate the year under every policy."""
    world = products(run.share(PRODUCTS), SEED)
    years: dict[str, Year] = {}
    pieces = chunks(world, PIECE)
    with ProcessPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for done, piece in enumerate(pool.map(_all_policies, pieces), start=1):
            for name, year in piece.items():
                years[name] = years.get(name, Year()) + year
            if done % 5 == 0:
                run.say(f"{min(done * PIECE, len(world))} products had their year.")
    ours = years[_level_name(DEFAULT_LEVEL)]
    tools = {name: _cheapest(years, name) for name, _ in formulas()}
    curve = sorted((years[_level_name(level)] for level in LEVELS), key=lambda year: year.days_of_cover)
    same = {name: at_same_stock(curve, year) for name, year in tools.items()}
    best = max(tools, key=lambda name: tools[name].in_stock_rate)
    return {
        "ours": ours.figures(),
        **{name: year.figures() for name, year in tools.items()},
        "cost_to_best": round(ours.cost / min(year.cost for year in tools.values()), 4),
        "at_same_stock": same,
        "in_stock_gain": same[best],
        "service_levels": {str(level): years[_level_name(level)].figures() for level in LEVELS},
        "products": len(world),
    }


def _cheapest(years: Mapping[str, Year], name: str) -> Year:
    return min((years[_window_name(name, window)] for window in WINDOWS), key=lambda year: year.cost)


def _window_name(name: str, window: int) -> str:
    return f"{name} {window}"


def _level_name(level: float) -> str:
    return f"ours {level}"


def at_same_stock(curve: Sequence[Year], tool: Year) -> float | None:
    """Return our in-stock rate less the tool's, at the tool's average stock; None when we never had so little.

    Between two runs a straight line stands in for ours, which is below the curve that more of them would show. Where
    the tool has more stock than ours ever had, ours with the most counts: it is in stock with less.
    """
    cover = tool.days_of_cover
    if cover > curve[-1].days_of_cover:
        return round(curve[-1].in_stock_rate - tool.in_stock_rate, 4)
    for less, more in pairwise(curve):
        if less.days_of_cover <= cover <= more.days_of_cover:
            share = (cover - less.days_of_cover) / (more.days_of_cover - less.days_of_cover)
            rate = less.in_stock_rate + share * (more.in_stock_rate - less.in_stock_rate)
            return round(rate - tool.in_stock_rate, 4)
    return None


def _all_policies(world: Sequence[Product]) -> dict[str, Year]:
    """Run the year of each product under each policy; in a process of its own."""
    years: dict[str, Year] = {}
    for product in world:
        policies: dict[str, Policy] = {_level_name(level): Ours(product, level) for level in LEVELS}
        for name, formula in formulas():
            policies |= {_window_name(name, window): ByFormula(formula, window) for window in WINDOWS}
        for name, policy in policies.items():
            years[name] = years.get(name, Year()) + year_of(product, policy)
    return years


def year_of(product: Product, policy: Policy) -> Year:
    """Let a policy order for a year of one product."""
    sold = product.sold_before
    started = COVER_DAYS // 2
    daily = sum(sold[-90:]) / 90
    shelf = Shelf(
        product=product,
        day=HISTORY_DAYS,
        sold=sold,
        left=[0 if day in product.out else max(1, round(30 * daily)) for day in range(HISTORY_DAYS)],
        stock=round(daily * (product.lead_days + started)),
        coming=[],
    )
    arriving: list[tuple[int, tuple[int, int]]] = []
    times = iter(product.lead_times)
    year = Year()
    for day in range(HISTORY_DAYS, HISTORY_DAYS + YEAR_DAYS):
        shelf.day = day
        shelf.stock += sum(units for at, (units, _) in arriving if at <= day)
        arriving = [each for each in arriving if each[0] > day]
        shelf.coming = [purchase for _, purchase in arriving]
        ordered = policy.order(shelf)
        if ordered:
            arriving.append((day + max(1, next(times)), (ordered, day + round(product.lead_days))))
        year += _day(product, shelf)
    return year


def _day(product: Product, shelf: Shelf) -> Year:
    asked = product.asked[shelf.day]
    begins = shelf.stock
    sold = min(asked, begins)
    shelf.stock -= sold
    shelf.sold.append(sold)
    shelf.left.append(shelf.stock)
    held = shelf.stock * product.unit_cost * HOLDING_A_YEAR / YEAR_DAYS
    return Year(
        cost=held + (asked - sold) * product.margin,
        days=1,
        days_in_stock=int(begins > 0),
        stock=shelf.stock,
        asked=asked,
        lost=asked - sold,
    )
