"""How long items of Amazon's are kept, judged by count. Pure; instants are in epoch seconds.

An item says when its time is over, 18 months after it was received at the latest. So what is older than it may be has
passed its own end, says an end that is too far, or says none. DynamoDB removes what has ended within a few days, and
until then readers refuse it.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

import msgspec

REMOVED_WITHIN = timedelta(days=5)
"""What ended so long ago should be removed. Source: Amazon DynamoDB developer guide, "Using time to live": expired
items are typically deleted within a few days."""
CLOCKS_DIFFER = timedelta(hours=1)
"""An end that is further than it may be by less comes from a clock that is ahead."""


class Held(msgspec.Struct, frozen=True):
    """What is held of Amazon's, of one dataset or of all.

    Attributes:
        items: how many items.
        ended: those of them whose time is over and that DynamoDB will remove.
        overdue: those that it should have removed by now.
        too_long: those whose end is further away than 18 months.
        endless: those that have no end.
        next_end: the earliest end of those that have not ended, None when there are none.
    """

    items: int = 0
    ended: int = 0
    overdue: int = 0
    too_long: int = 0
    endless: int = 0
    next_end: int | None = None

    @property
    def broken(self) -> int:
        """How many items are kept longer than they may be, or would be."""
        return self.overdue + self.too_long + self.endless

    def plus(self, other: "Held") -> "Held":
        """Return the sum."""
        ends = [each.next_end for each in (self, other) if each.next_end is not None]
        return Held(
            items=self.items + other.items,
            ended=self.ended + other.ended,
            overdue=self.overdue + other.overdue,
            too_long=self.too_long + other.too_long,
            endless=self.endless + other.endless,
            next_end=min(ends, default=None),
        )


class Limits(NamedTuple):
    """What an end is held against."""

    now: int
    overdue_before: int
    furthest: int


def judged(ends: Iterable[int | None], limits: Limits) -> Held:
    """Count items by their ends; None is an item that has none."""
    items = ended = overdue = too_long = endless = 0
    next_end: int | None = None
    for end in ends:
        items += 1
        if end is None:
            endless += 1
        elif end < limits.overdue_before:
            overdue += 1
        elif end <= limits.now:
            ended += 1
        else:
            too_long += end > limits.furthest
            next_end = end if next_end is None else min(next_end, end)
    return Held(items, ended, overdue, too_long, endless, next_end)


def added(one: Mapping[str, Held], other: Mapping[str, Held]) -> dict[str, Held]:
    """Return the sums by dataset, in the order of their names."""
    return {name: one.get(name, Held()).plus(other.get(name, Held())) for name in sorted(one.keys() | other.keys())}
