"""From proceeds to profit: what the goods that were sold cost, other costs, margin and return on investment. Pure.

Costs are what the seller entered. They are joined to Amazon's money when somebody looks, so a cost that is entered or
corrected later counts at once. What has no cost, or no rate into the table's currency, is left out and counted: then
profit is a part of the whole and called estimated, and nothing is divided by it.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from quayside.analytics.profit_rules import Slice, group_minor, proceeds_minor, state_of, words
from quayside.analytics.rules import Standing
from quayside.analytics.sheet_rules import Amounts
from quayside.finance.amount_rules import AmountGroup
from quayside.finance.cost_rules import METHOD_FORMULAS, METHOD_WORDS, DayCost, Lot, Method, OtherCost, costs_in_order
from quayside.finance.rate_rules import Rate, convert, rate_on
from quayside.kernel.figures import Figure, FigureInput, State, figure, method_card
from quayside.kernel.money import Money

SOURCE = "Costs that you entered, beside Amazon's transactions (Finances API 2024-06-19)"

_DAY = timedelta(days=1)
_MINUS, _DIVIDED = "\N{MINUS SIGN}", "\N{DIVISION SIGN}"
_RETURNS_NOTE = (
    "Units that came back and can be sold again are back in stock: their cost is taken off where they had been sold, "
    "on the day (UTC) Amazon received them by its report of FBA returns. Those that can't be sold again stay a cost."
)


class Sale(NamedTuple):
    """Units of one SKU that were shipped on a day in one place; ``place`` only puts the places of a day in order.

    ``is_return`` marks units that came back to be sold again; they count with a minus.
    """

    day: date
    place: str
    currency: str
    units: int
    is_return: bool = False


class CostedSale(NamedTuple):
    """What a sale cost.

    Attributes:
        sale: the sale.
        found: its cost and the units that no lot covers.
        currency: of the cost; None when its SKU has no lots.
        is_unsure: sales before it are not all known, so that older lots may have been used up already.
    """

    sale: Sale
    found: DayCost
    currency: str | None
    is_unsure: bool


def cost_sales(
    lots: Sequence[Lot], method: Method, sales: Iterable[Sale], known_from: date | None, first: date
) -> list[CostedSale]:
    """Return what the sales of one SKU cost from a day on.

    First in, first out starts to count with the first lot's day: what was sold before it used up none of the lots. So
    what a day costs does not depend on the period that is shown.

    Args:
        lots: all lots of the SKU.
        method: how they are used up.
        sales: all its sales everywhere: since its first lot, and since ``first``.
        known_from: the first day since when all sales are known; None when that is not known.
        first: the first day to cost.
    """
    begin = min((lot.from_day for lot in lots), default=None)
    ordered = sorted(sales)
    if begin is None or method != "fifo":
        counted = [sale for sale in ordered if sale.day >= first]
        before = 0
    else:
        counted = [sale for sale in ordered if sale.day >= max(first, begin)]
        before = sum(sale.units for sale in ordered if begin <= sale.day < first)
    is_unsure = method == "fifo" and begin is not None and (known_from is None or known_from > begin)
    currency = lots[0].currency if lots else None
    costs = costs_in_order(lots, method, before, [(sale.day, sale.units) for sale in counted])
    found = [CostedSale(sale, cost, currency, is_unsure) for sale, cost in zip(counted, costs, strict=True)]
    early = (sale for sale in ordered if first <= sale.day and method == "fifo" and begin is not None)
    found.extend(
        CostedSale(sale, DayCost(0, sale.units, sale.units), currency, is_unsure=False)
        for sale in early
        if begin is not None and sale.day < begin
    )
    return found


class Exchange:
    """The seller's rates into one currency."""

    def __init__(self, rates: Sequence[Rate], currency: str) -> None:
        """Keep the rates.

        Args:
            rates: those that can hold on the days asked for.
            currency: the currency to convert into.
        """
        self.currency = currency
        self._rates = rates
        self._found: dict[tuple[str, date], Rate | None] = {}

    def of(self, minor: int, currency: str, day: date) -> int | None:
        """Return an amount in the exchange's currency; None when the seller stated no rate for that day."""
        if currency == self.currency:
            return minor
        if (currency, day) not in self._found:
            self._found[currency, day] = rate_on(self._rates, currency, self.currency, day)
        rate = self._found[currency, day]
        return None if rate is None else convert(Money(minor, currency), rate).amount_minor


class Outlay(msgspec.Struct, frozen=True):
    """What the seller spent beside what Amazon took, in one currency.

    Attributes:
        goods_minor: the cost of the goods sold, of those units whose cost is known.
        units: units shipped.
        uncosted_units: those of them that no lot covers.
        unconverted_units: those whose cost is in another currency, without a rate for their day.
        unsure_units: those whose lot is not certain, since sales before them are not all known.
        others: the other costs by name.
        without_rate: names of other costs that are left out in whole or part for want of a rate.
        returned_units: units that came back to be sold again; their cost is taken off ``goods_minor``.
        uncosted_returns: those of them whose cost is not taken off, for want of a lot or a rate.
    """

    goods_minor: int = 0
    units: int = 0
    uncosted_units: int = 0
    unconverted_units: int = 0
    unsure_units: int = 0
    others: tuple[tuple[str, int], ...] = ()
    without_rate: frozenset[str] = frozenset()
    returned_units: int = 0
    uncosted_returns: int = 0

    @property
    def other_minor(self) -> int:
        """All other costs together."""
        return sum(minor for _, minor in self.others)

    @property
    def is_costed(self) -> bool:
        """Whether no unit is left out."""
        return not (self.uncosted_units or self.unconverted_units or self.uncosted_returns)

    @property
    def is_whole(self) -> bool:
        """Whether no unit and no other cost is left out."""
        return self.is_costed and not self.without_rate

    @property
    def is_known(self) -> bool:
        """Whether the cost of any unit is known; nothing sold costs nothing."""
        return self.units == 0 or self.uncosted_units + self.unconverted_units < self.units


class Portion(NamedTuple):
    """A part of a whole, cut by ``weight``: the parts lie side by side, this one after ``before`` of them."""

    before: int
    weight: int
    whole: int

    def of(self, minor: int) -> int:
        """Return the part of an amount; parts side by side add up to the whole amount."""
        return minor * (self.before + self.weight) // self.whole - minor * self.before // self.whole


class SharedCost(NamedTuple):
    """An other cost of a product that names no marketplace, and a marketplace's part of it by month (``2026-11``).

    A month in which none of the product was shipped has no part.
    """

    cost: OtherCost
    portions: Mapping[str, Portion]


def shared_cost(
    cost: OtherCost, shipped: Mapping[str, Mapping[tuple[str, str], int]], here: Container[tuple[str, str]]
) -> SharedCost:
    """Return the part of a cost that some places bear, by the units shipped there and everywhere in the same month.

    Args:
        cost: what is shared.
        shipped: units shipped of the product, by month and place; places sort so that those of a part are neighbours.
        here: the places of the part.
    """
    portions = {}
    for month, places in shipped.items():
        units = [(place, max(0, count)) for place, count in sorted(places.items())]
        mine = [number for number, (place, _) in enumerate(units) if place in here]
        if not (whole := sum(count for _, count in units)):
            continue
        before = sum(count for _, count in units[: mine[0]]) if mine else 0
        portions[month] = Portion(before, sum(units[number][1] for number in mine), whole)
    return SharedCost(cost, portions)


def outlays_by_day(
    sales: Iterable[CostedSale],
    others: Sequence[OtherCost],
    exchange: Exchange,
    span: Slice,
    shared: Sequence[SharedCost] = (),
) -> dict[date, Outlay]:
    """Return what was spent on each day of a span, in the exchange's currency.

    Args:
        sales: sales that were made in that currency.
        others: other costs that belong to it, in any currency.
        exchange: the rates into it.
        span: the days.
        shared: costs of which a part belongs to it.
    """
    of_days: dict[date, list[Outlay]] = {}
    for each in sales:
        if span.first <= each.sale.day <= span.last:
            of_days.setdefault(each.sale.day, []).append(_outlay_of(each, exchange))
    for cost, portions in (*((cost, None) for cost in others), *shared):
        day, last = max(cost.from_day, span.first), min(cost.to_day, span.last)
        while day <= last:
            portion = _ALL if portions is None else portions.get(day.isoformat()[:7])
            if portion is not None and portion.weight:
                minor = exchange.of(portion.of(cost.share(day, day)), cost.currency, day)
                of_days.setdefault(day, []).append(
                    Outlay(without_rate=frozenset({cost.name}))
                    if minor is None
                    else Outlay(others=((cost.name, minor),))
                )
            day += _DAY
    return {day: total(parts) for day, parts in of_days.items()}


_ALL = Portion(0, 1, 1)


def _outlay_of(each: CostedSale, exchange: Exchange) -> Outlay:
    units, uncosted = each.found.units, each.found.uncosted_units
    if each.sale.is_return:
        return _returned(each, exchange)
    if each.currency is None:
        return Outlay(units=units, uncosted_units=uncosted)
    minor = exchange.of(each.found.cost_minor, each.currency, each.sale.day)
    if minor is None:
        return Outlay(units=units, uncosted_units=uncosted, unconverted_units=units - uncosted)
    return Outlay(minor, units, uncosted, unsure_units=units if each.is_unsure else 0)


def _returned(each: CostedSale, exchange: Exchange) -> Outlay:
    """Return what units that came back take off; what went out without a cost takes none off."""
    units = -each.found.units
    minor = None if each.currency is None else exchange.of(each.found.cost_minor, each.currency, each.sale.day)
    if minor is None:
        return Outlay(returned_units=units, uncosted_returns=units)
    return Outlay(
        minor,
        returned_units=units,
        uncosted_returns=-each.found.uncosted_units,
        unsure_units=units if each.is_unsure else 0,
    )


def total(parts: Iterable[Outlay]) -> Outlay:
    """Return the sum of outlays."""
    goods = units = uncosted = unconverted = unsure = returned = uncosted_returns = 0
    others: dict[str, int] = {}
    without_rate: set[str] = set()
    for part in parts:
        goods += part.goods_minor
        units += part.units
        uncosted += part.uncosted_units
        unconverted += part.unconverted_units
        unsure += part.unsure_units
        returned += part.returned_units
        uncosted_returns += part.uncosted_returns
        without_rate |= part.without_rate
        for name, minor in part.others:
            others[name] = others.get(name, 0) + minor
    return Outlay(
        goods,
        units,
        uncosted,
        unconverted,
        unsure,
        tuple(sorted(others.items())),
        frozenset(without_rate),
        returned,
        uncosted_returns,
    )


def within(days: Mapping[date, Outlay], part: Slice) -> Outlay:
    """Return the sum of the days of a column."""
    return total(outlay for day, outlay in days.items() if part.first <= day <= part.last)


def profit_minor(amounts: Amounts, outlay: Outlay) -> int | None:
    """Return proceeds less the cost of goods and other costs; None while not one unit's cost is known."""
    return proceeds_minor(amounts) - outlay.goods_minor - outlay.other_minor if outlay.is_known else None


class OtherLine(msgspec.Struct, frozen=True):
    """One other cost: by column and in all; minus is paid by the seller.

    ``is_whole`` is False when some of its days have no rate and are left out.
    """

    name: str
    is_whole: bool
    amounts_minor: tuple[int, ...]
    total_minor: int


class Result(msgspec.Struct, frozen=True):
    """From proceeds to profit. Costs are negative, as fees are; unknown amounts are None.

    Attributes:
        goods: the cost of goods sold.
        others: all other costs.
        profit: what is left.
        margin: profit in percent of sales.
        roi: profit in percent of the cost of goods sold.
        goods_minor: the cost of goods by column; None where a unit's cost is left out.
        other_minor: other costs by column; None where a cost has no rate.
        profit_minor: profit by column; None where anything is left out.
        previous_profit_minor: profit of the period before, None when that is not known whole.
        other_lines: other costs by name.
        uncosted_units: units shipped whose cost is left out, for want of a lot or a rate.
    """

    goods: Figure
    others: Figure
    profit: Figure
    margin: Figure
    roi: Figure
    goods_minor: tuple[int | None, ...]
    other_minor: tuple[int | None, ...]
    profit_minor: tuple[int | None, ...]
    previous_profit_minor: int | None
    other_lines: tuple[OtherLine, ...]
    uncosted_units: int


class Column(NamedTuple):
    """A column of the table: Amazon's money and what was spent beside it."""

    amounts: Amounts
    outlay: Outlay


def result(whole: Column, columns: Sequence[Column], previous: Column | None, method: Method, asked: "Shown") -> Result:
    """Return how proceeds become profit.

    Args:
        whole: the whole period.
        columns: its columns.
        previous: the period before; None when it is not known whole.
        method: how lots are used up.
        asked: in which currency, and how far Amazon's money can be trusted.
    """
    names = [name for name, _ in whole.outlay.others]
    by_column = [dict(column.outlay.others) for column in columns]
    profit = profit_minor(*whole) if asked.standing.known else None
    compared = previous is not None and previous.outlay.is_whole
    return Result(
        _goods(whole, method, asked),
        _others(whole, asked),
        _profit(whole, profit, asked),
        _share("margin", "Margin", "sales", profit, group_minor(whole.amounts, AmountGroup.SALES), whole, asked),
        _share("roi", "Return on investment", "cost of goods sold", profit, whole.outlay.goods_minor, whole, asked),
        tuple(-column.outlay.goods_minor if column.outlay.is_costed else None for column in columns),
        tuple(None if column.outlay.without_rate else -column.outlay.other_minor for column in columns),
        tuple(profit_minor(*column) if column.outlay.is_whole else None for column in columns),
        profit_minor(*previous) if previous is not None and compared else None,
        tuple(
            OtherLine(
                name,
                name not in whole.outlay.without_rate,
                tuple(-of.get(name, 0) for of in by_column),
                -dict(whole.outlay.others)[name],
            )
            for name in names
        ),
        whole.outlay.uncosted_units + whole.outlay.unconverted_units,
    )


class Shown(NamedTuple):
    """In which currency figures are shown, and how far Amazon's money of the period can be trusted."""

    currency: str
    standing: Standing


def _state(whole: Column, shown: Shown) -> State:
    outlay = whole.outlay
    firm = outlay.is_whole and not outlay.unsure_units
    return state_of(whole.amounts, shown.standing) if firm else "estimated"


def _notes(outlay: Outlay) -> tuple[str, ...]:
    said = []
    if outlay.uncosted_units:
        said.append(f"A part of the whole: {outlay.uncosted_units:,} units shipped have no cost entered.")
    if outlay.unconverted_units:
        said.append(
            f"A part of the whole: {outlay.unconverted_units:,} units have their cost in another currency, and you "
            "stated no rate for their days."
        )
    if outlay.uncosted_returns:
        said.append(
            f"A part of the whole: {outlay.uncosted_returns:,} units that came back to be sold again have no cost, or "
            "no rate for their days, so nothing is taken off for them."
        )
    if outlay.unsure_units:
        said.append(
            f"Estimated: sales since the first lot are not all known, so older lots of {outlay.unsure_units:,} units "
            "may have been used up already."
        )
    if outlay.without_rate:
        said.append(f"A part of the whole: no rate is stated for {', '.join(sorted(outlay.without_rate))}.")
    return tuple(said)


def _goods(whole: Column, method: Method, shown: Shown) -> Figure:
    outlay, currency = whole.outlay, shown.currency
    covered = outlay.units - outlay.uncosted_units - outlay.unconverted_units
    taken_off = outlay.returned_units - outlay.uncosted_returns
    came_back = f" {_MINUS} {taken_off:,} that came back to be sold again" if taken_off else ""
    filled = (
        f"{covered:,} units{came_back} = {words(outlay.goods_minor, currency)} {currency}"
        if outlay.is_known
        else f"No cost is known for {outlay.units:,} units"
    )
    return figure(
        -outlay.goods_minor if outlay.is_known and shown.standing.known else None,
        unit="minor",
        currency=currency,
        as_of=shown.standing.as_of,
        state=_state(whole, shown),
        source=SOURCE,
        method=method_card(
            f"cost_of_sales.{method}",
            f"Cost of goods sold ({METHOD_WORDS[method].lower()})",
            f"{METHOD_FORMULAS[method]}; minus is paid by you",
            filled,
            inputs=(
                FigureInput("Units shipped", outlay.units, "units"),
                FigureInput("Units with a cost", covered, "units"),
                FigureInput("Units without a cost", outlay.uncosted_units, "units"),
                FigureInput("Units without a rate", outlay.unconverted_units, "units"),
                FigureInput("Units that came back to be sold again", outlay.returned_units, "units"),
            ),
            notes=(*shown.standing.notes, _RETURNS_NOTE, *_notes(outlay)),
        ),
    )


def _others(whole: Column, shown: Shown) -> Figure:
    outlay, currency = whole.outlay, shown.currency
    said = " + ".join(f"{name} {words(minor, currency)}" for name, minor in outlay.others) or "No other cost"
    return figure(
        -outlay.other_minor,
        unit="minor",
        currency=currency,
        as_of=shown.standing.as_of,
        state="estimated" if outlay.without_rate else state_of(whole.amounts, shown.standing),
        source="Other costs that you entered",
        method=method_card(
            "costs.other",
            "Other costs",
            "Sum of the other costs you entered, each spread evenly over its days; minus is paid by you",
            f"{said} = {words(outlay.other_minor, currency)} {currency}",
            inputs=[FigureInput(name, minor, "minor") for name, minor in outlay.others],
            notes=(
                *shown.standing.notes,
                "What is one product's and names no marketplace is shared by the units shipped in the same month.",
                *(note for note in _notes(outlay) if "rate is stated for" in note),
            ),
        ),
    )


def _profit(whole: Column, value: int | None, shown: Shown) -> Figure:
    outlay, currency = whole.outlay, shown.currency
    proceeds = proceeds_minor(whole.amounts)
    taken = [("Cost of goods sold", outlay.goods_minor), ("Other costs", outlay.other_minor)]
    filled = (
        f"No cost is known for {outlay.units:,} units"
        if value is None
        else f"Proceeds {words(proceeds, currency)}"
        + "".join(f" {_MINUS} {label.lower()} {words(minor, currency)}" for label, minor in taken)
        + f" = {words(value, currency)} {currency}"
    )
    return figure(
        value,
        unit="minor",
        currency=currency,
        as_of=shown.standing.as_of,
        state=_state(whole, shown),
        source=SOURCE,
        method=method_card(
            "profit.proceeds_less_costs",
            "Profit",
            f"Proceeds {_MINUS} cost of goods sold {_MINUS} other costs",
            filled,
            inputs=[FigureInput(label, minor, "minor") for label, minor in (("Proceeds", proceeds), *taken)],
            notes=(
                *shown.standing.notes,
                _RETURNS_NOTE,
                "Tax that passes through and payouts are left out.",
                *_notes(outlay),
            ),
        ),
    )


def _share(  # noqa: PLR0913, PLR0917 - the parts of a share
    key: str, title: str, of: str, profit: int | None, base: int, whole: Column, shown: Shown
) -> Figure:
    """Return profit in whole percent of something; None while profit is unknown or a part, or there is nothing."""
    outlay, currency = whole.outlay, shown.currency
    value = None if profit is None or base <= 0 or not outlay.is_whole else round(Fraction(100 * profit, base))
    if value is not None:
        filled = f"{words(profit or 0, currency)} {_DIVIDED} {words(base, currency)} = {value} %"
    elif profit is None or not outlay.is_whole:
        filled = "Not worked out: the cost of some of it is not known"
    else:
        filled = f"Not worked out: there is no {of} in this period"
    return figure(
        value,
        unit="percent",
        as_of=shown.standing.as_of,
        state=_state(whole, shown),
        source=SOURCE,
        method=method_card(
            f"profit.{key}",
            title,
            f"Profit {_DIVIDED} {of}",
            filled,
            inputs=(
                FigureInput("Profit", profit or 0, f"minor units of {currency}"),
                FigureInput(of.capitalize(), base, f"minor units of {currency}"),
            )
            if profit is not None
            else (),
            notes=(*shown.standing.notes, "Rounded to whole percent, halves to even.", *_notes(outlay)),
        ),
    )


def is_covered(spans: Iterable[tuple[datetime, datetime]], period: Slice, time_zone: str) -> bool:
    """Whether every instant of whole days of a time zone lies in the spans; the end of a span is not included."""
    zone = ZoneInfo(time_zone)
    reached = datetime.combine(period.first, time.min, zone)
    end = datetime.combine(period.last + _DAY, time.min, zone)
    for started_at, ended_at in sorted(spans):
        if started_at <= reached:
            reached = max(reached, ended_at)
    return reached >= end
