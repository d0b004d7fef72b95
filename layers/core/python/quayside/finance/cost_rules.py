"""What the goods that were sold cost: first in first out, weighted average, or the price of the period. Pure.

A *lot* is what the seller bought: so many units from a day on for a landed cost (goods, freight, duty and whatever
else it took to have them). Its manufacturing cost stands apart, because Amazon reimburses lost goods at that.

First in, first out: let ``C(n)`` be the cost of the first ``n`` units of all lots, oldest first, and ``N(d)`` the units
sold until the end of day ``d``, returns taken off. A day costs ``C(N(d)) - C(N(d-1))``. So days add up to what the lots
cost, to the last minor unit, however late a sale or a return becomes known.

Weighted average: a unit costs what all units of the lots that began until that day cost on average. Price of the
period: a unit costs what the last lot that began until that day says. Both round each day half to even.

Source of the methods: IAS 2 Inventories, paragraphs 23 to 27.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Literal

import msgspec

from quayside.kernel.figures import FigureInput, MethodCard, method_card
from quayside.kernel.money import CurrencyMismatch, Money

Method = Literal["fifo", "weighted_average", "period"]

METHOD_WORDS: dict[Method, str] = {
    "fifo": "First in, first out",
    "weighted_average": "Weighted average",
    "period": "Price of the period",
}

_TIMES, _DIVIDED = "\N{MULTIPLICATION SIGN}", "\N{DIVISION SIGN}"
METHOD_FORMULAS: dict[Method, str] = {
    "fifo": "Cost of the oldest units not sold yet, lot by lot",
    "weighted_average": f"Units sold {_TIMES} landed cost of all lots so far {_DIVIDED} units of all lots so far",
    "period": f"Units sold {_TIMES} landed cost of a unit by the last lot so far",
}


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """Units of one SKU that were bought together.

    Attributes:
        lot_id: its id.
        from_day: the first day on which they could be sold.
        units: how many; None for a price that holds from that day on, however many there are.
        currency: of its cost.
        landed_minor: what ``per_units`` of them cost landed, in minor units.
        per_units: as many units as ``landed_minor`` and ``manufacturing_minor`` are for.
        manufacturing_minor: what as many cost to make; None when nobody said.
        note: the seller's words.
    """

    lot_id: str
    from_day: date
    units: int | None
    currency: str
    landed_minor: int
    per_units: int
    manufacturing_minor: int | None = None
    note: str | None = None

    @property
    def unit_cost(self) -> Fraction:
        """The landed cost of one unit, in minor units, exact."""
        return Fraction(self.landed_minor, self.per_units)


class DayCost(msgspec.Struct, frozen=True):
    """What a day's sales cost.

    Attributes:
        cost_minor: of the units whose cost is known; negative when more came back than went out.
        units: sold that day, less those that came back for sale.
        uncosted_units: those of them that no lot covers.
    """

    cost_minor: int
    units: int
    uncosted_units: int


class CostOfSales(msgspec.Struct, frozen=True):
    """What the sales of one SKU cost, by day. ``currency`` is None when there are no lots."""

    method: Method
    currency: str | None
    days: Mapping[date, DayCost]

    @property
    def total_minor(self) -> int:
        """The cost of all days."""
        return sum(day.cost_minor for day in self.days.values())

    @property
    def units(self) -> int:
        """The units of all days."""
        return sum(day.units for day in self.days.values())

    @property
    def uncosted_units(self) -> int:
        """The units that no lot covers: the cost is a part of the whole while this is not 0."""
        return sum(day.uncosted_units for day in self.days.values())


def in_order(lots: Sequence[Lot]) -> list[Lot]:
    """Return lots in the order in which they are used up: by their day, then by their id."""
    return sorted(lots, key=lambda lot: (lot.from_day, lot.lot_id))


def cost_of_sales(lots: Sequence[Lot], method: Method, units_before: int, units: Mapping[date, int]) -> CostOfSales:
    """Return what the sales of one SKU cost.

    Args:
        lots: all lots of the SKU.
        method: how they are used up.
        units_before: units sold before the first of the days since the first lot began, returns taken off; only first
            in first out asks for it.
        units: units sold by day, those taken off that came back for sale.

    Raises:
        CurrencyMismatch: the lots are in several currencies.
    """
    currencies = sorted({lot.currency for lot in lots})
    if len(currencies) > 1:
        raise CurrencyMismatch(f"The lots of one SKU are in {' and '.join(currencies)}.")
    days = sorted(units)
    found = costs_in_order(lots, method, units_before, [(day, units[day]) for day in days])
    return CostOfSales(method, currencies[0] if currencies else None, dict(zip(days, found, strict=True)))


def costs_in_order(
    lots: Sequence[Lot], method: Method, units_before: int, sales: Sequence[tuple[date, int]]
) -> list[DayCost]:
    """Return what sales of one SKU cost, one by one: a day may come several times, once for each place it sold in.

    Args:
        lots: all lots of the SKU, of one currency.
        method: how they are used up.
        units_before: units sold before the first sale since the first lot began.
        sales: days with their units, in order.
    """
    ordered = in_order(lots)
    if method == "fifo":
        return _first_in_first_out([lot for lot in ordered if lot.units is not None], units_before, sales)
    unit_costs = {day: _unit_cost(ordered, method, day) for day, _ in sales}
    return [_at_unit_cost(unit_costs[day], units) for day, units in sales]


def _first_in_first_out(lots: Sequence[Lot], units_before: int, sales: Sequence[tuple[date, int]]) -> list[DayCost]:
    ends: list[int] = []
    costs = [0]
    for lot in lots:
        ends.append((ends[-1] if ends else 0) + (lot.units or 0))
        costs.append(costs[-1] + lot.landed_minor)
    available = ends[-1] if ends else 0

    def cost_of_first(number: int) -> int:
        if number <= 0:
            return 0
        place = bisect_right(ends, number)
        if place == len(ends):
            return costs[-1]
        into = number - (ends[place - 1] if place else 0)
        return costs[place] + lots[place].landed_minor * into // lots[place].per_units

    found = []
    sold = units_before
    for _, units in sales:
        before, sold = sold, sold + units
        beyond = max(0, sold - available) - max(0, before - available)
        found.append(DayCost(cost_of_first(sold) - cost_of_first(before), units, beyond))
    return found


def _unit_cost(ordered: Sequence[Lot], method: Method, day: date) -> Fraction | None:
    so_far = [lot for lot in ordered if lot.from_day <= day]
    if method == "period":
        return so_far[-1].unit_cost if so_far else None
    counted = [lot for lot in so_far if lot.units is not None]
    bought = sum(lot.units or 0 for lot in counted)
    return Fraction(sum(lot.landed_minor for lot in counted), bought) if bought else None


def _at_unit_cost(unit_cost: Fraction | None, units: int) -> DayCost:
    if unit_cost is None:
        return DayCost(0, units, units)
    return DayCost(round(unit_cost * units), units, 0)


def cost_card(found: CostOfSales) -> MethodCard:
    """Return how a cost of sales was worked out, with its numbers filled in."""
    covered = found.units - found.uncosted_units
    if found.currency is None:
        filled = f"No cost is entered for {found.units:,} units"
    else:
        amount = f"{Money(found.total_minor, found.currency).to_decimal():,} {found.currency}"
        filled = f"{covered:,} units = {amount}"
    notes = ["Returns that can be sold again are taken off the units of their day."]
    if found.uncosted_units:
        notes.append(f"A part of the whole: {found.uncosted_units:,} units have no cost entered.")
    return method_card(
        f"cost_of_sales.{found.method}",
        f"Cost of goods sold ({METHOD_WORDS[found.method].lower()})",
        METHOD_FORMULAS[found.method],
        filled,
        inputs=(
            FigureInput("Units with a cost", covered, "units"),
            FigureInput("Units without a cost", found.uncosted_units, "units"),
        ),
        notes=notes,
    )


class OtherCost(msgspec.Struct, frozen=True, array_like=True):
    """A cost that is no product's purchase price: an agency, software, a photo shoot.

    ``amount_minor`` is for all days from ``from_day`` to ``to_day`` together, both included. It is of one marketplace
    or SKU where they are given.
    """

    cost_id: str
    name: str
    amount_minor: int
    currency: str
    from_day: date
    to_day: date
    marketplace_id: str | None = None
    seller_sku: str | None = None

    def share(self, from_day: date, to_day: date) -> int:
        """Return what falls on the days of a period, both included; periods side by side add up to the whole."""
        first, last = max(self.from_day, from_day), min(self.to_day, to_day)
        return 0 if last < first else self._until(last) - self._until_before(first)

    def _until(self, day: date) -> int:
        length = (self.to_day - self.from_day).days + 1
        return self.amount_minor * ((day - self.from_day).days + 1) // length

    def _until_before(self, day: date) -> int:
        length = (self.to_day - self.from_day).days + 1
        return self.amount_minor * (day - self.from_day).days // length
