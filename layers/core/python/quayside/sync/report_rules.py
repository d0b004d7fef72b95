"""When a report is asked for, looked at and given up, and how far history is. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

FIRST_CHECK_SECONDS = 180
"""Amazon tells when a report is made; this is when we look ourselves, in case nobody told us."""
LONGEST_CHECK_SECONDS = 900
_SLOWER_EACH_TIME = 1.5
_SLOWEST = 10
MAXIMUM_ATTEMPTS = 3
"""How often a report is asked for before it counts as failed."""
_AGAIN_AFTER = timedelta(minutes=15)
STALLED_AFTER = timedelta(hours=1)
"""A report that has not moved for so long, nor waits on purpose, has lost its command and is given a new one."""
SENT_WITHIN = timedelta(minutes=10)
"""A report that nobody has touched for so long since it was planned has no command: whoever planned it died first."""
IN_HAND = timedelta(minutes=5)
"""A report that moved within this time is in somebody's hands; a queue delivers a message again only after that."""


class Window(NamedTuple):
    """A span of time, from its first instant up to but not including its last."""

    begins: datetime
    ends: datetime


def windows(newest: datetime, oldest: datetime, days: int) -> Iterator[Window]:
    """Yield the windows of history from the newest back to the oldest, of so many days each but for the last."""
    ends = newest
    while ends > oldest:
        begins = max(oldest, ends - timedelta(days=days))
        yield Window(begins, ends)
        ends = begins


def check_delay(checks: int) -> int:
    """Return after how many seconds a report is looked at again that was looked at so often."""
    return min(LONGEST_CHECK_SECONDS, round(FIRST_CHECK_SECONDS * _SLOWER_EACH_TIME ** min(checks, _SLOWEST)))


def allowed_at(requested: Sequence[datetime], minimum_interval_seconds: int) -> datetime | None:
    """Return from when the same report may be asked for again after it was at these instants; None when any time."""
    if not requested or not minimum_interval_seconds:
        return None
    return max(requested) + timedelta(seconds=minimum_interval_seconds)


def is_too_soon(requested_at: datetime, others: Sequence[datetime], minimum_interval_seconds: int) -> bool:
    """Return whether Amazon cancelled a report because the same one had been asked for shortly before.

    Amazon says CANCELLED both for that and for a report without data.
    """
    interval = timedelta(seconds=minimum_interval_seconds)
    return any(timedelta(0) <= requested_at - other < interval for other in others)


def again_at(now: datetime, attempts: int, minimum_interval_seconds: int) -> datetime | None:
    """Return when a report that Amazon could not make is asked for again; None when that was tried often enough.

    Not before Amazon's hidden limit is over, for it shows as a failure too.
    """
    if attempts >= MAXIMUM_ATTEMPTS:
        return None
    return now + max(_AGAIN_AFTER * attempts, timedelta(seconds=minimum_interval_seconds))


class Part(NamedTuple):
    """A window of history, whether it is stored, and how many rows it brought."""

    window: Window
    done: bool
    rows: int


class Standing(NamedTuple):
    """How far history is.

    Attributes:
        done: how many windows are stored.
        total: how many there are.
        rows: rows they brought.
        complete_from: from when on everything up to the newest window's end is stored; None when the newest is missing.
        stored: which windows are stored, the newest first.
    """

    done: int
    total: int
    rows: int
    complete_from: datetime | None
    stored: tuple[bool, ...]


def standing(parts: Sequence[Part]) -> Standing:
    """Return how far history is. A window that is done behind one that is not does not count as complete yet."""
    newest_first = sorted(parts, key=lambda each: each.window.begins, reverse=True)
    complete_from: datetime | None = None
    for part in newest_first:
        if not part.done:
            break
        complete_from = part.window.begins
    done = [part for part in parts if part.done]
    rows = sum(part.rows for part in done)
    return Standing(len(done), len(parts), rows, complete_from, tuple(part.done for part in newest_first))


def complete_until(parts: Sequence[Part], known: datetime | None) -> datetime | None:
    """Return up to when windows that are stored join, from what was known or, without that, from the oldest window.

    None when nothing is known and the oldest window is not stored.
    """
    reached = known
    if reached is None:
        oldest = min((part.window.begins for part in parts), default=None)
        if oldest is None or not any(part.done and part.window.begins == oldest for part in parts):
            return None
        reached = oldest
    for part in sorted(parts, key=lambda each: each.window.begins):
        if part.done and part.window.begins <= reached:
            reached = max(reached, part.window.ends)
    return reached
