"""The seller's own stock: a ledger of movements for each SKU and place, never below zero. Pure.

A movement is never changed or taken out. What was wrong is put right by a reversal, which is a movement too.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

Kind = Literal["received", "shipped", "damaged", "found", "counted", "reversal"]
"""``counted`` sets what there is; a reversal undoes one movement; the others add or take away."""

ADDS: frozenset[Kind] = frozenset({"received", "found"})
TAKES: frozenset[Kind] = frozenset({"shipped", "damaged"})

UNITS = (1, 10_000_000)
"""How many units one movement may move."""
MOST_UNITS = 1_000_000_000
"""What a place can hold of one SKU."""
LOCATIONS = 50
"""How many places a tenant can have."""
REVERSIBLE = 1000
"""A movement can be reversed as long as no more than so many followed it."""


class Unmovable(ValueError):
    """A movement can't be made; says why and what can be done."""

    def __init__(self, code: str, detail: str, action: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.action = action


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a ledger.

    Attributes:
        number: its place in the ledger of that SKU and place, from 1.
        kind: what happened.
        change: units added, or taken when below zero.
        balance: units there after it.
        at: when it was entered, ISO 8601.
        by: the id of the member who entered it.
        note: why, in the member's words.
        reverses: the number of the movement that it undoes; None when it undoes none.
    """

    number: int
    kind: Kind
    change: int
    balance: int
    at: str
    by: str
    note: str = ""
    reverses: int | None = None


def change_of(kind: Kind, units: int, balance: int) -> int:
    """Return by how much a movement changes what there is.

    Raises:
        Unmovable: the units are out of range, or less would be left than nothing.
    """
    least, most = (0, UNITS[1]) if kind == "counted" else UNITS
    if not least <= units <= most:
        raise Unmovable(
            "units_out_of_range",
            f"Units must be from {least:,} to {most:,}; it is {units:,}.",
            "Enter a number in that range; larger movements can be entered in parts.",
        )
    if kind in ADDS:
        return units
    return units - balance if kind == "counted" else -units


def next_movement(  # noqa: PLR0913 - the parts of a movement
    last: Movement | None, kind: Kind, change: int, *, at: str, by: str, note: str, reverses: int | None = None
) -> Movement:
    """Return the movement that follows ``last``.

    Raises:
        Unmovable: less than nothing would be left, or more than a place can hold.
    """
    before = last.balance if last else 0
    after = before + change
    if after < 0:
        raise Unmovable(
            "not_enough_stock",
            f"There are {before:,} units, {-change:,} can't be taken.",
            "Take fewer, or enter first what was received or found.",
        )
    if after > MOST_UNITS:
        raise Unmovable(
            "too_much_stock", f"A place holds at most {MOST_UNITS:,} units of a SKU.", "Check the number of units."
        )
    number = last.number + 1 if last else 1
    return Movement(number=number, kind=kind, change=change, balance=after, at=at, by=by, note=note, reverses=reverses)


def reversal_change(wanted: Movement | None, later: Iterable[Movement]) -> int:
    """Return the change that undoes a movement.

    Args:
        wanted: the movement; None when there is no such.
        later: all that follow it.

    Raises:
        Unmovable: there is no such movement, it is a reversal, it changed nothing, or it was reversed already.
    """
    if wanted is None:
        raise Unmovable("movement_not_found", "There is no such movement.", "Load the ledger again.")
    if wanted.kind == "reversal":
        raise Unmovable(
            "reversal_of_reversal", "A reversal can't be reversed.", "Enter the movement again as it should be."
        )
    if any(each.reverses == wanted.number for each in later):
        raise Unmovable("already_reversed", "This movement was reversed already.", "Load the ledger again.")
    if wanted.change == 0:
        raise Unmovable("nothing_to_reverse", "This movement changed nothing.", "There is nothing to do.")
    return -wanted.change
