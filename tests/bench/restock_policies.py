"""Who decides what is ordered: our suggestions, and the formulas of tools that sellers use.

The formulas are those that the tools' help pages state (reference/peers.md §3.1), asked every day like ours, with the
same lead time, days of cover and history. Each is given the window for its average sales, of 30, 60 and 90 days, with
which it costs least; the benchmark tries them all.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import msgspec

from quayside.restock.demand_rules import Demand, SalesHistory, demand_of
from quayside.restock.rules import Leg, OpenOrder, Plan, Position, Settings, suggest
from tests.bench.simulated_demand import Product

COVER_DAYS = 30
SAFETY_DAYS = 14
"""BigSeller lets the seller enter these; two weeks is the middle of what its help page shows."""
TRANSIT_DAYS = 5
"""Of a lead time, the way from the seller's own stock to Amazon."""
FORECAST_EVERY_DAYS = 14
"""The product reckons demand anew every day; here twice a month, to our cost, so that a run takes minutes."""
NEARLY = 1.1
"""Above so many reorder points there is nothing to decide, so we are not asked."""
EPOCH = date(2024, 1, 1)
WINDOWS = (30, 60, 90)


@dataclass
class Shelf:
    """What a policy may know of one product on the morning of a day: what was sold, what is there, what is coming.

    Attributes:
        day: days since the beginning of the history.
        sold: units sold on each day before.
        left: units left at the end of each day before.
        stock: units there now.
        coming: of each purchase that has not arrived its units, and the day on which they are expected.
    """

    product: Product
    day: int
    sold: list[int]
    left: list[int]
    stock: int
    coming: list[tuple[int, int]]

    @property
    def on_order(self) -> int:
        """Units that are coming."""
        return sum(units for units, _ in self.coming)

    def average(self, window: int) -> float:
        """Units a day of the last days, days without stock included."""
        return sum(self.sold[-window:]) / window

    def average_in_stock(self, window: int) -> float:
        """Units a day of those of the last days that had stock."""
        days = [units for units, left in zip(self.sold[-window:], self.left[-window:], strict=True) if units or left]
        return sum(days) / len(days) if days else 0.0


class Policy(Protocol):
    """Decides for one product, every morning."""

    def order(self, shelf: Shelf) -> int:
        """Return how many units to order now."""
        ...


type Formula = Callable[[Shelf, int], float]
"""What to order by an average over so many days; nothing or less for none."""


def jungle_scout(shelf: Shelf, window: int) -> float:
    """Reorder on today + (days remaining - lead time): reorder days of supply x average daily sales."""
    daily = shelf.average(window)
    remaining = (shelf.stock + shelf.on_order) / daily if daily else math.inf
    return COVER_DAYS * daily if remaining <= shelf.product.lead_days else 0.0


def inventory_planner(shelf: Shelf, window: int) -> float:
    """By the last date without a stock-out: forecast of lead time and days of stock, less stock and what is on order.

    The forecast is sales over days in stock.
    """
    daily = shelf.average_in_stock(window)
    position = shelf.stock + shelf.on_order
    if position > daily * shelf.product.lead_days:
        return 0.0
    return daily * (shelf.product.lead_days + COVER_DAYS) - position


def bigseller(shelf: Shelf, window: int) -> float:
    """When (purchase + safety days) x sales exceed the position: (frequency + purchase + safety) x sales, less it."""
    daily = shelf.average(window)
    position = shelf.stock + shelf.on_order
    days = shelf.product.lead_days + SAFETY_DAYS
    return (COVER_DAYS + days) * daily - position if days * daily > position else 0.0


@dataclass
class ByFormula:
    """A tool's formula with one window."""

    formula: Formula
    window: int

    def order(self, shelf: Shelf) -> int:
        """Round up to whole units."""
        return max(0, math.ceil(self.formula(shelf, self.window)))


class Ours:
    """Our plan to buy."""

    def __init__(self, product: Product, service_level: float) -> None:
        measured = tuple(max(0.0, days - TRANSIT_DAYS) for days in product.measured)
        self.settings = Settings(
            send_legs=(Leg("to Amazon", TRANSIT_DAYS),),
            buy_legs=(Leg("purchase", product.lead_days - TRANSIT_DAYS, measured),),
            service_level=service_level,
            buy_cover_days=COVER_DAYS,
        )
        self.demand: Demand | None = None
        self.reorder_point = 0

    def order(self, shelf: Shelf) -> int:
        """Follow the suggestion."""
        if self.demand is None or shelf.day % FORECAST_EVERY_DAYS == 0:
            self._look(shelf)
        if self.demand is None or shelf.stock + shelf.on_order > NEARLY * self.reorder_point:
            return 0
        return self._plan(self.demand, shelf).quantity

    def _look(self, shelf: Shelf) -> None:
        found = demand_of(SalesHistory(last_day=_date(shelf.day - 1), units=tuple(shelf.sold), stock=tuple(shelf.left)))
        self.demand = found if isinstance(found, Demand) else None
        if self.demand is not None:
            self.reorder_point = self._plan(self.demand, shelf).reorder_point

    def _plan(self, demand: Demand, shelf: Shelf) -> Plan:
        today = msgspec.structs.replace(demand, last_day=_date(shelf.day - 1))
        orders = tuple(OpenOrder(units, _date(day - TRANSIT_DAYS)) for units, day in shelf.coming)
        return suggest(today, Position(fulfillable=shelf.stock, open_orders=orders), self.settings).buy


def _date(day: int) -> date:
    return EPOCH + timedelta(days=day)


def formulas() -> Sequence[tuple[str, Formula]]:
    """Return the tools we compare with, by the name their figures have."""
    return (("jungle_scout", jungle_scout), ("inventory_planner", inventory_planner), ("bigseller", bigseller))
