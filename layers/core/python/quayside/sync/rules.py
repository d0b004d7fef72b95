"""When work is tried again, and where history goes on. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

MAXIMUM_DELAY_SECONDS = 900
"""The longest a queue holds a message back."""
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_BACKOFF_SECONDS = 5
OVERLAP = timedelta(minutes=15)
"""How far a reconciling search reaches back behind the last one: Amazon's index lags by minutes."""
SAFE_BEFORE = timedelta(minutes=3)
"""searchOrders refuses an end less than two minutes ago."""
TOKEN_LIFE = timedelta(hours=23)
"""A pagination token lives 24 hours; it is not used in its last one."""


def backoff_seconds(attempt: int, jitter: float) -> int:
    """Return how long to wait before trying again: exponential with full jitter, from 1 s up to the queue's limit.

    Args:
        attempt: how often it failed, 1 after the first time.
        jitter: a number from 0 up to 1.

    Source: AWS Architecture Blog, "Exponential backoff and jitter".
    """
    ceiling = min(MAXIMUM_DELAY_SECONDS, FIRST_BACKOFF_SECONDS << min(max(attempt, 1) - 1, 16))
    return max(1, round(ceiling * jitter))


def seconds_until(slot_at: int, now: int) -> int:
    """Return the whole seconds from ``now`` until a slot (both epoch milliseconds), rounded up so it is never early."""
    return max(0, -((now - slot_at) // 1000))


def spread_seconds(text: str, window_seconds: int) -> int:
    """Return a place within a window that is always the same for a text: schedules don't stampede."""
    total = 0
    for character in text:
        total = (total * 131 + ord(character)) % 1_000_003
    return total % window_seconds


WINDOW_DAYS = (30, 120)
"""How far back the first windows of history reach; one more reaches to the end. Each costs one call at the least."""


def window_before(ends: datetime, *, newest: datetime, oldest: datetime) -> datetime:
    """Return where the window of history that ends at ``ends`` begins, never before ``oldest``."""
    for days in WINDOW_DAYS:
        begins = newest - timedelta(days=days)
        if oldest < begins < ends:
            return begins
    return oldest


class PageSeen(msgspec.Struct, frozen=True):
    """What a page of history says about where the walk stands.

    Attributes:
        last_seen: the latest purchase time so far.
        ascending: whether no page began before the end of the one before.
    """

    last_seen: datetime | None
    ascending: bool


def seen(before: PageSeen, purchased: Sequence[datetime]) -> PageSeen:
    """Return where a walk stands after a page with these purchase times."""
    if not purchased:
        return before
    in_order = before.last_seen is None or min(purchased) >= before.last_seen
    latest = max(purchased) if before.last_seen is None else max(before.last_seen, *purchased)
    return PageSeen(latest, before.ascending and in_order)


def resume_from(created_after: datetime, state: PageSeen) -> datetime:
    """Return from where to search again when the pagination token is no longer good.

    One second before the last purchase time seen, for orders of the same second may be on both sides of a page's end;
    from the very beginning when the pages did not come in order, for then the last time says nothing.
    """
    if state.last_seen is None or not state.ascending:
        return created_after
    return max(created_after, state.last_seen - timedelta(seconds=1))
