"""Figures of days and periods. Pure: what a day's orders add up to, which days a period has, how a figure reads."""

import operator
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.figures import Figure, FigureInput, State, figure, method_card
from quayside.kernel.money import Money, exponent_of

PeriodKey = Literal["today", "yesterday", "7d", "30d", "90d"]

PERIOD_DAYS: Mapping[PeriodKey, int] = {"today": 1, "yesterday": 1, "7d": 7, "30d": 30, "90d": 90}
"""How many days each period has; all but yesterday end with the marketplace's present day."""

LONGEST_DAYS = 366
"""How many days a period of one's own choice can have."""
HISTORY_DAYS = 730
"""How far back a period can begin; figures are kept for 18 months after they were received."""

SOURCE = "Amazon orders (Orders API 2026-01-01 and ORDER_CHANGE notifications), added up per day as they arrive"

_SEQUENCE_DIGITS = 40
"""A sequence number of DynamoDB Streams has at most 40 digits. Source: DynamoDB Streams API reference."""

_ORDERS_FORMULA = "Orders placed \N{MINUS SIGN} orders cancelled"
_DAY_NOTE = "A day is a day of the marketplace's own time zone, by the time of purchase."
_CANCELLED_NOTE = "Cancelled and unfulfillable orders and free replacements are left out."


class Tally(msgspec.Struct, frozen=True):
    """What orders add up to; also the difference between two states of them, when numbers may be negative.

    Attributes:
        orders: orders that count as sales.
        units: units on their lines.
        sales_minor: item proceeds, in minor units, of the orders that have their money.
        priced: orders that have money in ``sales_minor``.
        pending: orders that Amazon holds as pending.
        waiting_for_price: orders past pending whose money is missing in part or whole.
        cancelled: orders that were cancelled.
    """

    orders: int = 0
    units: int = 0
    sales_minor: int = 0
    priced: int = 0
    pending: int = 0
    waiting_for_price: int = 0
    cancelled: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*map(operator.add, _parts(self), _parts(other)))

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(*map(operator.sub, _parts(self), _parts(other)))

    @property
    def is_nothing(self) -> bool:
        """Whether adding this changes no figure."""
        return not any(_parts(self))

    @property
    def state(self) -> State:
        """``estimated`` while any order is pending or waits for its price, else ``posted``."""
        return "estimated" if self.pending or self.waiting_for_price else "posted"


def _parts(tally: Tally) -> tuple[int, ...]:
    return msgspec.structs.astuple(tally)


NOTHING = Tally()
_NAMES = Tally.__struct_fields__
_ZEROS = (0,) * len(_NAMES)


def tally_of(amounts: Mapping[str, int]) -> Tally:
    """Read the tally of orders from amounts by name."""
    return Tally(*map(amounts.get, _NAMES, _ZEROS))


def stream_position(stream_label: str, sequence_number: str) -> str:
    """Return a position that sorts as text like the stream itself.

    The label is the instant a stream was created, so records of a stream that replaces another (after a restore, or
    when streams were switched off and on) come after all of the old one's.
    """
    return f"{stream_label}#{sequence_number:0>{_SEQUENCE_DIGITS}}"


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    return Tally(*map(sum, zip(*map(_parts, tallies), strict=True)))


class Period(msgspec.Struct, frozen=True):
    """A period of whole local days, both ends included."""

    from_day: date
    to_day: date

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of the period, oldest first."""
        count = (self.to_day - self.from_day).days + 1
        return tuple(self.from_day + timedelta(days=place) for place in range(count))

    @property
    def before(self) -> "Period":
        """The period of equal length that ends the day before this one begins."""
        length = self.to_day - self.from_day
        return Period(self.from_day - length - timedelta(days=1), self.from_day - timedelta(days=1))


def period_until(key: PeriodKey, today: date) -> Period:
    """Return the period of that name that ends with the marketplace's present day."""
    last = today - timedelta(days=1) if key == "yesterday" else today
    return Period(last - timedelta(days=PERIOD_DAYS[key] - 1), last)


def chosen_period(from_day: date | None, to_day: date | None, today: date) -> Period:
    """Return the period of a person's own choice.

    Raises:
        InvalidInput: one of the days is missing, or the period is upside down, too long, too old or not there yet.
    """
    if from_day is None or to_day is None:
        raise _refused("from" if from_day is None else "to", "A period of your own needs its first and its last day.")
    # A marketplace may be a day ahead of UTC.
    latest, earliest = today + timedelta(days=1), today - timedelta(days=HISTORY_DAYS)
    if from_day > to_day:
        raise _refused("to", f"The last day lies before the first, {from_day.isoformat()}.")
    if from_day < earliest:
        raise _refused("from", f"Figures go back {HISTORY_DAYS} days: choose {earliest.isoformat()} or later.")
    if to_day > latest:
        raise _refused("to", f"There are no later figures: choose {latest.isoformat()} or earlier.")
    if (to_day - from_day).days >= LONGEST_DAYS:
        raise _refused("from", f"A period has 1 to {LONGEST_DAYS} days.")
    return Period(from_day, to_day)


def _refused(field: str, problem: str) -> InvalidInput:
    return InvalidInput(problem, code="invalid_period", fields=(FieldProblem(field, problem),))


def covers(history_from: date | None, period: Period) -> bool:
    """Whether the history that was fetched reaches back over a whole period; None when history is not complete yet."""
    return history_from is not None and history_from <= period.from_day


class FigureSet(msgspec.Struct, frozen=True):
    """The four figures of a period: sales, units, orders and average order value."""

    sales: Figure
    units: Figure
    orders: Figure
    average_order_value: Figure


def average_minor(sales_minor: int, priced: int) -> int | None:
    """Return sales per order that has its money, rounded half to even; None when no order has."""
    return None if priced == 0 else round(Fraction(sales_minor, priced))


class Standing(msgspec.Struct, frozen=True):
    """How far the figures of a period can be trusted.

    Attributes:
        as_of: when the orders were last in step with Amazon.
        known: False while nothing was fetched yet; the values are then null rather than a zero that nobody checked.
        whole: False while orders of the period are still being read; the values are then a part and called estimated.
        reconciled: every day of the period lies in settlements that add up to what Amazon paid.
        notes: what else a reader must know of all figures of the period.
    """

    as_of: datetime
    known: bool
    whole: bool
    reconciled: bool = False
    notes: tuple[str, ...] = ()

    def state_of(self, tally: Tally) -> State:
        """Return the state of figures made of ``tally``: nothing partial is called posted."""
        return tally.state if self.whole else "estimated"


def figure_set(tally: Tally, currency: str, standing: Standing) -> FigureSet:
    """Return the figures of a period with their method cards filled in.

    Args:
        tally: what the period's orders add up to.
        currency: of all money in it.
        standing: how far they can be trusted.
    """
    return FigureSet(
        sales=_sales(tally, currency, standing),
        units=_count(tally, tally.units, "units", standing, title="Units ordered", noun="units on all lines"),
        orders=_count(tally, tally.orders, "orders", standing, title="Orders", noun="orders"),
        average_order_value=_average(tally, currency, standing),
    )


def _amount(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).to_decimal():,} {currency}"


def _open_inputs(tally: Tally) -> tuple[FigureInput, ...]:
    return (
        FigureInput("Orders pending with Amazon", tally.pending, "orders"),
        FigureInput("Orders waiting for their price", tally.waiting_for_price, "orders"),
        FigureInput("Orders cancelled, left out", tally.cancelled, "orders"),
    )


def _open_notes(tally: Tally, standing: Standing) -> tuple[str, ...]:
    if tally.state == "posted":
        return _part_notes(standing)
    return (
        "Estimated: Amazon gives no price for pending orders, and some orders still wait for theirs.",
        *_part_notes(standing),
    )


def _part_notes(standing: Standing) -> tuple[str, ...]:
    if standing.whole:
        return ()
    return ("A part of the whole: older orders of this period are still being read from Amazon.",)


def _sales(tally: Tally, currency: str, standing: Standing) -> Figure:
    return figure(
        tally.sales_minor if standing.known else None,
        unit="minor",
        currency=currency,
        as_of=standing.as_of,
        state=standing.state_of(tally),
        source=SOURCE,
        method=method_card(
            "sales.item_proceeds",
            "Sales",
            "Sum of the item proceeds that Amazon states for every line of the orders of the period",
            f"Item proceeds of {tally.priced:,} orders = {_amount(tally.sales_minor, currency)}",
            inputs=(FigureInput("Orders with their price", tally.priced, "orders"), *_open_inputs(tally)),
            notes=(
                "Without tax, shipping and gift wrap, and before discounts.",
                _CANCELLED_NOTE,
                _DAY_NOTE,
                *_open_notes(tally, standing),
            ),
        ),
    )


def _count(  # noqa: PLR0913 - what a counted figure is made of
    tally: Tally,
    value: int,
    unit: Literal["units", "orders"],
    standing: Standing,
    *,
    title: str,
    noun: str,
) -> Figure:
    placed = tally.orders + tally.cancelled
    filled = (
        f"{placed:,} orders placed \N{MINUS SIGN} {tally.cancelled:,} cancelled = {value:,} orders"
        if unit == "orders"
        else f"Units on all lines of {tally.orders:,} orders = {value:,} units"
    )
    return figure(
        value if standing.known else None,
        unit=unit,
        as_of=standing.as_of,
        state=standing.state_of(tally),
        source=SOURCE,
        method=method_card(
            f"{unit}.ordered",
            title,
            f"Count of {noun} of the orders of the period" if unit == "units" else _ORDERS_FORMULA,
            filled,
            inputs=(FigureInput("Orders counted", tally.orders, "orders"), *_open_inputs(tally)),
            notes=(
                _CANCELLED_NOTE,
                "Pending orders count from the moment they are placed.",
                _DAY_NOTE,
                *_part_notes(standing),
            ),
        ),
    )


def _average(tally: Tally, currency: str, standing: Standing) -> Figure:
    value = average_minor(tally.sales_minor, tally.priced)
    sales = _amount(tally.sales_minor, currency)
    filled = (
        "No order of the period has its price yet"
        if value is None
        else f"{sales} ÷ {tally.priced:,} orders = {_amount(value, currency)}"
    )
    return figure(
        value if standing.known else None,
        unit="minor",
        currency=currency,
        as_of=standing.as_of,
        state=standing.state_of(tally),
        source=SOURCE,
        method=method_card(
            "average_order_value.item_proceeds",
            "Average order value",
            "Sales ÷ orders that have their price",
            filled,
            inputs=(
                FigureInput("Sales", tally.sales_minor, f"minor units of {currency}"),
                FigureInput("Orders with their price", tally.priced, "orders"),
                *_open_inputs(tally),
            ),
            notes=("Rounded to the smallest coin, halves to even.", _DAY_NOTE, *_open_notes(tally, standing)),
        ),
    )


class Traffic(msgspec.Struct, frozen=True, array_like=True):
    """Sales and traffic of one SKU, or of the whole marketplace, on one of its days, as Amazon counts them.

    Amazon counts a sale on the day of the order and restates the last days for weeks. ``buy_box_hundredths`` is the
    share of page views with the offer in the buy box, in hundredths of a percent; ``units_refunded`` is known of the
    whole marketplace alone.
    """

    units_ordered: int
    order_items: int
    sales_minor: int
    currency: str
    sessions: int | None = None
    page_views: int | None = None
    buy_box_hundredths: int | None = None
    units_refunded: int | None = None
    asin: str | None = None
    parent_asin: str | None = None


_NOISE = Decimal("0.000001")


def sales_of(amount: Decimal, currency: str) -> Money:
    """Read an amount of the sales and traffic report.

    The report is JSON with binary fractions, so a sum may come as 359.97000000000003; noise below a millionth is
    dropped, and anything else that is finer than the currency is refused.

    Raises:
        InvalidInput: it is no amount of that currency.
    """
    exact = amount.quantize(Decimal(1).scaleb(-exponent_of(currency)), ROUND_HALF_EVEN)
    return Money.from_decimal(str(exact if abs(exact - amount) < _NOISE else amount), currency)


def hundredths_of_a_percent(percentage: Decimal) -> int:
    """Return a percentage in whole hundredths of a percent, halves rounded to even."""
    return int((percentage * 100).to_integral_value(ROUND_HALF_EVEN))


def conversion(days: Iterable[Traffic], standing: Standing) -> Figure:
    """Return units per session in whole percent of the days that Amazon reported, None when nobody came.

    The formula is Amazon's unit session percentage. Source: Selling Partner API, "Sales and Traffic Business Report".
    """
    told = [day for day in days if day.sessions is not None]
    sessions, units = sum(day.sessions or 0 for day in told), sum(day.units_ordered for day in told)
    value = None if sessions == 0 else round(Fraction(100 * units, sessions))
    return figure(
        value,
        unit="percent",
        as_of=standing.as_of,
        state="posted" if standing.whole else "estimated",
        source="Amazon's sales and traffic report",
        method=method_card(
            "conversion.units_per_session",
            "Conversion",
            "Units ordered \N{DIVISION SIGN} sessions",
            "Amazon reported no session in this period"
            if value is None
            else f"{units:,} units \N{DIVISION SIGN} {sessions:,} sessions = {value} %",
            inputs=(
                FigureInput("Units, as Amazon counts them", units, "units"),
                FigureInput("Sessions", sessions, "sessions"),
                FigureInput("Days that Amazon reported", len(told), "days"),
            ),
            notes=("Amazon reports a day two days later and restates it for weeks.", _DAY_NOTE),
        ),
    )
