"""Cost boards: what is left of the money of the named periods after the seller's own costs. Pure.

Costs are used up by the sales of every product since its first lot, which is more than a dashboard may read. So the
periods are costed when orders were read, by marketplace and for all together, and a dashboard reads one board. A board
keeps Amazon's money of the same moment beside the costs, so that what is taken away fits what it is taken from.
"""

import zlib
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from quayside.analytics.margin_rules import Column
from quayside.analytics.rules import PeriodKey
from quayside.finance.cost_rules import Method

MOST_NAMES = 20
"""So many other costs are named one by one in a board; those beyond are added up under one name."""

OTHERS = "All others"


class Compared(NamedTuple):
    """A period and the one before, which is None when it was not known whole."""

    present: Column
    before: Column | None


class CostBoard(msgspec.Struct, frozen=True, array_like=True):
    """The costed periods of a marketplace, or of all, that end on ``day``, by currency and name of the period.

    ``method`` is None when there were too many products or lots to cost them all; then there are no periods.
    """

    day: date
    method: Method | None
    periods: Mapping[str, Mapping[PeriodKey, Compared]]


_BOARD = msgspec.json.Decoder(CostBoard)


def bounded(column: Column) -> Column:
    """Return a column whose other costs have a bounded number of names; what they add up to stays the same."""
    others = column.outlay.others
    if len(others) <= MOST_NAMES:
        return column
    largest = sorted(others, key=lambda each: (-abs(each[1]), each[0]))
    rest = sum(minor for _, minor in largest[MOST_NAMES - 1 :])
    named = tuple(sorted((*largest[: MOST_NAMES - 1], (OTHERS, rest))))
    return Column(column.amounts, msgspec.structs.replace(column.outlay, others=named))


def packed(board: CostBoard) -> bytes:
    """Write a board as it is stored: a few kilobytes, however long the history."""
    return zlib.compress(msgspec.json.encode(board), 9)


def unpacked(data: bytes) -> CostBoard:
    """Read a stored board."""
    return _BOARD.decode(zlib.decompress(data))
