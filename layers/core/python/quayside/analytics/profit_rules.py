"""Profit and loss: Amazon's amounts of a period under their headings. Pure.

Money counts on the day Amazon posted it, sales of the dashboard on the day of the order; so the two need not be the
same for one period, and each says which it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from quayside.analytics.rules import Period, Standing
from quayside.analytics.sheet_rules import Amounts, summed
from quayside.finance.amount_rules import AmountGroup, AmountKind
from quayside.finance.amount_views import GROUP_WORDS, KIND_WORDS
from quayside.kernel.figures import Figure, FigureInput, State, figure, method_card
from quayside.kernel.money import Money

SOURCE = "Amazon transactions (Finances API 2024-06-19), added up per day as they are posted"

ESTIMATED = "estimated"
"""Under this name a sheet counts the parts of transactions that Amazon still defers."""

Step = Literal["total", "month", "week", "day"]

LONGEST_BY_DAY = 31
LONGEST_BY_WEEK = 26 * 7

_DAY_NOTE = "Money counts on the day Amazon posted it, a day of the marketplace's own time zone."
_DEFERRED_NOTE = "Estimated: Amazon still holds back some of this money and may change it."
_PART_NOTE = "A part of the whole: older transactions of this period are still being read from Amazon."
_RECONCILED_NOTE = "Reconciled: every day lies in settlements that add up to what Amazon paid, to the smallest coin."
_COST_NOTE = "Before the cost of goods and costs that Amazon does not know."


class Slice(NamedTuple):
    """A column of the table: its first and its last day."""

    first: date
    last: date


class Line(msgspec.Struct, frozen=True):
    """One kind of amount: by column, in all, and in the period before (None when that is not known whole)."""

    kind: str
    label: str
    amounts_minor: tuple[int, ...]
    total_minor: int
    previous_minor: int | None


class Heading(msgspec.Struct, frozen=True):
    """A heading with its lines; the figure is the sum of the lines over the whole period."""

    group: str
    label: str
    is_proceeds: bool
    total: Figure
    amounts_minor: tuple[int, ...]
    previous_minor: int | None
    lines: tuple[Line, ...]


def slices(period: Period, step: Step) -> tuple[Slice, ...]:
    """Cut a period into months, weeks (from Monday) or days; the first and the last may be shorter."""
    if step == "total":
        return (Slice(period.from_day, period.to_day),)
    found: list[Slice] = []
    for day in period.days:
        begins = step == "day" or (day.day == 1 if step == "month" else day.weekday() == 0)
        if begins or not found:
            found.append(Slice(day, day))
        else:
            found[-1] = Slice(found[-1].first, day)
    return tuple(found)


def step_for(period: Period, asked: Step) -> Step:
    """Return the step, coarser when the table would get too wide to read: at most 31 days or 26 weeks."""
    length = len(period.days)
    if asked == "day" and length > LONGEST_BY_DAY:
        return "week" if length <= LONGEST_BY_WEEK else "month"
    return "month" if asked == "week" and length > LONGEST_BY_WEEK else asked


def group_of(name: str) -> AmountGroup | None:
    """Return the heading of a kind; None for what a sheet counts beside money."""
    try:
        return AmountKind(name).group
    except ValueError:
        return None


def group_minor(amounts: Mapping[str, int], group: AmountGroup) -> int:
    """Return what the kinds under a heading add up to."""
    return sum(value for name, value in amounts.items() if group_of(name) is group)


def proceeds_minor(amounts: Mapping[str, int]) -> int:
    """Return what selling brought after everything Amazon took: no tax that passes through, no payouts."""
    return sum(value for name, value in amounts.items() if name in _PROCEEDS)


_PROCEEDS = frozenset(kind.value for kind in AmountKind if kind.is_proceeds)


def headings(
    columns: Sequence[Amounts], previous: Amounts | None, currency: str, standing: Standing
) -> tuple[Heading, ...]:
    """Return the headings of a table that have amounts, in order, each with its kinds.

    Every amount of the columns is under exactly one heading; what nobody knows is under one of its own.
    """
    total = summed(columns)
    found: list[Heading] = []
    for group, label in GROUP_WORDS.items():
        kinds = [kind.value for kind in AmountKind if kind.group is group]
        lines = tuple(
            Line(
                kind,
                KIND_WORDS[AmountKind(kind)],
                tuple(column.get(kind, 0) for column in columns),
                total.get(kind, 0),
                None if previous is None else previous.get(kind, 0),
            )
            for kind in kinds
            if any(kind in column for column in (*columns, previous or {}))
        )
        if lines:
            found.append(
                Heading(
                    group.value,
                    label,
                    group not in {AmountGroup.TAXES, AmountGroup.PAYOUTS},
                    group_figure(total, group, currency, standing),
                    tuple(group_minor(column, group) for column in columns),
                    None if previous is None else group_minor(previous, group),
                    lines,
                )
            )
    return tuple(found)


def group_figure(amounts: Amounts, group: AmountGroup, currency: str, standing: Standing) -> Figure:
    """Return the sum under a heading with its method card filled in."""
    parts = [(KIND_WORDS[kind], amounts[kind.value]) for kind in AmountKind if _is_of(kind, group, amounts)]
    return _sum_figure(
        f"money.{group.value}",
        GROUP_WORDS[group],
        f"Sum of what Amazon booked as {GROUP_WORDS[group].lower()}; minus is paid by you",
        parts,
        currency,
        standing,
        amounts,
        (),
    )


def _is_of(kind: AmountKind, group: AmountGroup, amounts: Amounts) -> bool:
    return kind.group is group and kind.value in amounts


def proceeds_figure(amounts: Amounts, currency: str, standing: Standing) -> Figure:
    """Return what selling brought after everything Amazon took, with its method card filled in."""
    parts = [
        (label, minor)
        for group, label in GROUP_WORDS.items()
        if group not in {AmountGroup.TAXES, AmountGroup.PAYOUTS} and (minor := group_minor(amounts, group))
    ]
    return _sum_figure(
        "money.proceeds",
        "Proceeds",
        "Sales + promotions + refunds + Amazon fees + advertising + reimbursements + other",
        parts,
        currency,
        standing,
        amounts,
        (_COST_NOTE, "Tax that passes through and payouts are left out."),
    )


def _sum_figure(  # noqa: PLR0913, PLR0917 - the parts of a figure
    method_id: str,
    title: str,
    formula: str,
    parts: Sequence[tuple[str, int]],
    currency: str,
    standing: Standing,
    amounts: Amounts,
    notes: Sequence[str],
) -> Figure:
    value = sum(minor for _, minor in parts)
    said = " + ".join(f"{label} {words(minor, currency)}" for label, minor in parts) or "Nothing was booked"
    return figure(
        value if standing.known else None,
        unit="minor",
        currency=currency,
        as_of=standing.as_of,
        state=state_of(amounts, standing),
        source=SOURCE,
        method=method_card(
            method_id,
            title,
            formula,
            f"{said} = {words(value, currency)} {currency}",
            inputs=[FigureInput(label, minor, "minor") for label, minor in parts],
            notes=(
                _DAY_NOTE,
                *standing.notes,
                *notes,
                *((_DEFERRED_NOTE,) if amounts.get(ESTIMATED) else ()),
                *((_RECONCILED_NOTE,) if state_of(amounts, standing) == "reconciled" else ()),
                *(() if standing.whole else (_PART_NOTE,)),
            ),
        ),
    )


def state_of(amounts: Mapping[str, int], standing: Standing) -> State:
    """Return how firm money is: estimated while some is deferred or not read, then posted, then reconciled."""
    if amounts.get(ESTIMATED) or not standing.whole:
        return "estimated"
    return "reconciled" if standing.reconciled else "posted"


def words(minor: int, currency: str) -> str:
    """Return an amount as text, without its currency."""
    return f"{Money(minor, currency).to_decimal():,}".replace("-", "\N{MINUS SIGN}")


def within(rows: Iterable[tuple[date, Amounts]], part: Slice) -> Amounts:
    """Return the sum of the days of a column."""
    return summed(amounts for day, amounts in rows if part.first <= day <= part.last)


def previous_slice(period: Period) -> Slice:
    """Return the days of the period before."""
    return Slice(period.before.from_day, period.before.to_day)
