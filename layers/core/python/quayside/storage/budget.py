"""What a page of a list may read: at most eight read units a request, whatever is filtered and however deep it lies.

A list is read in a few queries, each of as many entries as would fit were they the largest that there are; what they
really cost tells how many the next one may read. Then the page ends, and its cursor goes on. Source of the units:
Amazon DynamoDB developer guide, "Read and write operations".
"""

import math
from collections.abc import Iterable
from typing import Any

from quayside.storage.tables import CoreItem

PAGE_UNITS = 8.0
"""What a page costs at most, with all that its request reads."""
REQUEST_UNITS = 2.0
"""What every request reads: the member who asks, and whether the organisation is blocked, both strongly consistent."""
_BLOCK_BYTES = 4096
_WORTH_A_QUERY = 5


def read_units(size: int) -> float:
    """Return what reading so many bytes at once costs, eventually consistent."""
    return max(1, math.ceil(size / _BLOCK_BYTES)) / 2


class Budget:
    """The read units of one page.

    Args:
        entry_bytes: the size of the largest entry.
        besides: what the use case reads besides the entries.
    """

    def __init__(self, entry_bytes: int, besides: float = 0.0) -> None:
        self._entry_bytes = entry_bytes
        self._left = PAGE_UNITS - REQUEST_UNITS - besides

    @property
    def room(self) -> int:
        """How many more entries can be read, were they the largest; 0 when it is too few for a query of its own."""
        room = math.floor(2 * self._left) * _BLOCK_BYTES // self._entry_bytes
        return room if room >= _WORTH_A_QUERY else 0

    def has_room_for(self, size: int) -> bool:
        """Return whether one more item of that size can be read."""
        return self._left >= read_units(size)

    def count(self, entries: Iterable[CoreItem]) -> None:
        """Take off what one query cost that returned these entries."""
        self.take(sum(size_of(each) for each in entries))

    def take(self, size: int) -> None:
        """Take off what reading so many bytes at once cost."""
        self._left -= read_units(size)


def size_of(record: CoreItem) -> int:
    """Return how many bytes an item has: its names and its values, numbers as long as they are written."""
    return sum(len(name) + _value_size(*next(iter(value.items()))) for name, value in record.serialize().items())


def _value_size(kind: str, value: Any) -> int:  # noqa: ANN401 - as DynamoDB writes it
    return sum(len(each.encode()) for each in ([value] if kind in {"S", "N"} else value))
