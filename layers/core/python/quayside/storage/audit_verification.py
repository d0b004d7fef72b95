"""Whether an audit chain is what it was: finds every change, gap and move, and names the entry. Pure.

Inside a chain, hashes tell: an entry whose text was edited no longer has its hash, one that was replaced is no longer
what the next one follows, one that was moved has another number than its place. What a chain alone can't tell (that its
end was cut off, or that all of it was written anew) is told by an ``Anchor``: number and hash of an entry that were
kept where nobody can change them.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import InvalidInput
from quayside.storage import audit_chain
from quayside.storage.audit_chain import FIRST_PREVIOUS, Entry, Head

Fault = Literal["edited", "replaced", "missing", "moved", "inserted", "truncated", "rewritten"]
MOST_PROBLEMS = 100
"""So many are named; a chain that has more is counted on, and needs no more proof."""


class Row(NamedTuple):
    """What lies in the table.

    Attributes:
        place: the number that its key stands for; None when no entry can have such a key.
        key: the key, to name what has no place.
        text: the entry as it was written.
        hash: the hash that was written with it.
        expires_at: when DynamoDB may remove it, in epoch seconds.
    """

    place: int | None
    key: str
    text: str
    hash: str
    expires_at: int


class Anchor(NamedTuple):
    """An entry as a checkpoint knows it."""

    sequence: int
    hash: str


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong with a chain.

    Attributes:
        sequence: the number of the entry it is about.
        fault: what was done to it.
        words: the same in a sentence.
    """

    sequence: int
    fault: Fault
    words: str


class Verified(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        chain: ``application``, or the tenant's id.
        entries: how many entries were looked at.
        first: the number of the first one; None when there are none.
        head: where the chain ends; None when it is empty.
        problems: what is wrong, in the order of the chain; empty when nothing is.
        more_problems: how many more there are.
    """

    chain: str
    entries: int
    first: int | None
    head: Head | None
    problems: tuple[Problem, ...] = ()
    more_problems: int = 0

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    chain: str,
    rows: Iterable[Row],
    *,
    expires_at: Callable[[datetime], int],
    anchors: Iterable[Anchor] = (),
    may_begin_at: int = 0,
) -> Verified:
    """Look at every row of a chain, in the order of its keys.

    Args:
        chain: which chain it is meant to be.
        rows: what lies in the table.
        expires_at: says when an entry that was recorded at an instant may be removed.
        anchors: entries as checkpoints know them.
        may_begin_at: entries before this one may be missing, because they expired or were verified before; all others
            have to be there.
    """
    reading = _Reading(chain, {each.sequence: each.hash for each in anchors}, expires_at, may_begin_at)
    for row in rows:
        reading.take(row)
    return reading.end()


class _Reading:
    """A chain on its way past."""

    def __init__(
        self, chain: str, anchors: dict[int, str], expires_at: Callable[[datetime], int], may_begin_at: int
    ) -> None:
        self._chain = chain
        self._anchors = anchors
        self._expires_at = expires_at
        self._problems: list[Problem] = []
        self._more = 0
        self._entries = 0
        self._first: int | None = None
        self._next = 0
        self._may_begin_at = may_begin_at
        # The hash the next entry has to follow; None when it can't be known, so that one fault is named once.
        self._before: str | None = FIRST_PREVIOUS
        self._last: Head | None = None
        self._vouched = -1

    def take(self, row: Row) -> None:
        self._entries += 1
        place = row.place
        if place is None or place < self._next:
            name = row.key if place is None else f"{place}"
            self._name(self._next, "inserted", f"A row lies where no entry can be: {name}.")
            return
        if self._first is None:
            self._first = place
        if place > self._next:
            self._gap(place)
        self._next = place + 1
        entry = self._entry(row, place)
        if entry is not None:
            self._follows(entry, place)
        self._before = None if entry is None else row.hash
        self._last = Head(place, row.hash, "" if entry is None else entry.at)
        kept = self._anchors.pop(place, None)
        if kept is not None and kept != row.hash:
            self._name(place, "rewritten", f"Entry {place} is not the one that its checkpoint was taken of.")
        elif kept is not None:
            self._vouched = place

    def _gap(self, place: int) -> None:
        if self._last is not None or place > self._may_begin_at:
            last = place - 1
            which = f"Entry {self._next} is" if last == self._next else f"Entries {self._next} to {last} are"
            self._name(self._next, "missing", f"{which} missing.")
        self._before = None

    def _entry(self, row: Row, place: int) -> Entry | None:
        """Return what a row says, None when it can't be believed."""
        if audit_chain.hash_of(row.text) != row.hash:
            self._name(place, "edited", f"Entry {place} was edited: its text does not have its hash.")
            return None
        try:
            entry = audit_chain.read(row.text)
            ends = self._expires_at(parse_instant(entry.at))
        except (msgspec.MsgspecError, InvalidInput):
            self._name(place, "edited", f"Entry {place} was edited: it is no entry.")
            return None
        if entry.chain != self._chain or entry.sequence != place:
            what = f"entry {entry.sequence}" if entry.chain == self._chain else "an entry of another chain"
            self._name(place, "moved", f"In the place of entry {place} lies {what}.")
            return None
        if ends != row.expires_at:
            self._name(place, "edited", f"Entry {place} was edited: it would be removed at another time.")
        return entry

    def _follows(self, entry: Entry, place: int) -> None:
        if self._before is None or entry.previous == self._before:
            return
        if place - 1 == self._vouched:
            self._name(place, "inserted", f"Entry {place} does not follow entry {place - 1}, which is as it was.")
        elif place == 0:
            self._name(place, "replaced", "Entry 0 is not the first of a chain.")
        else:
            self._name(
                place - 1, "replaced", f"Entry {place - 1} is not the one that entry {place} was written behind."
            )

    def _name(self, sequence: int, fault: Fault, words: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(sequence, fault, words))
        else:
            self._more += 1

    def end(self) -> Verified:
        beyond = [sequence for sequence in self._anchors if sequence >= self._next]
        if beyond:
            last = max(beyond)
            first = self._next if self._last is not None else min(last, self._may_begin_at)
            which = f"Entry {last} is" if last == first else f"Entries {first} to {last} are"
            self._name(first, "truncated", f"The end was cut off: {which} in a checkpoint and missing.")
        return Verified(self._chain, self._entries, self._first, self._last, tuple(self._problems), self._more)
