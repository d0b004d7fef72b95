"""Figures: numbers that carry where they come from.

A figure that is shown to a seller always says when it was true, how firm it is, what it was computed from and how
(AUP-2.4). ``figure`` is the only constructor used by the product; it refuses to build one that leaves this out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from quayside.kernel.clock import format_instant

State = Literal["estimated", "posted", "reconciled"]
Unit = Literal["minor", "units", "orders", "days", "percent"]


class FigureInput(msgspec.Struct, frozen=True):
    """One number that went into a figure."""

    label: str
    value: int
    unit: str


class MethodCard(msgspec.Struct, frozen=True):
    """How a figure was computed.

    Attributes:
        id: stable name of the method.
        title: what the method answers.
        formula: the formula in words.
        filled: the same formula with this figure's numbers in it.
        inputs: the numbers, each with label and unit.
        notes: what a reader must know to trust or doubt it.
    """

    id: str
    title: str
    formula: str
    filled: str
    inputs: tuple[FigureInput, ...] = ()
    notes: tuple[str, ...] = ()


class Figure(msgspec.Struct, frozen=True, omit_defaults=False):
    """A number shown to a seller, with its provenance. ``value`` is None when it can't be known yet."""

    value: int | None
    unit: Unit
    as_of: str
    state: State
    source: str
    method: MethodCard
    currency: str | None = None


def figure(  # noqa: PLR0913 - every part of the provenance is demanded, by name
    value: int | None,
    *,
    unit: Unit,
    as_of: datetime,
    state: State,
    source: str,
    method: MethodCard,
    currency: str | None = None,
) -> Figure:
    """Build a figure from its value and its whole provenance.

    Raises:
        ValueError: money has no currency, a count has one, or source or formula is empty.
    """
    if (unit == "minor") != (currency is not None):
        raise ValueError("A figure has a currency exactly when its unit is minor units of money.")
    if not source.strip() or not method.formula.strip() or not method.filled.strip():
        raise ValueError("A figure says its source, its formula and the numbers in it.")
    return Figure(value, unit, format_instant(as_of), state, source, method, currency)


def method_card(  # noqa: PLR0913 - a method card has these parts
    method_id: str,
    title: str,
    formula: str,
    filled: str,
    *,
    inputs: Sequence[FigureInput] = (),
    notes: Sequence[str] = (),
) -> MethodCard:
    """Build a method card from plain sequences."""
    return MethodCard(method_id, title, formula, filled, tuple(inputs), tuple(notes))
