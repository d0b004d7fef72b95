"""When work is tried again, what a dataset needs next, how prices are brought, and where history goes on. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, Protocol

import msgspec

MAXIMUM_DELAY_SECONDS = 900
"""The longest a queue holds a message back."""
GIVE_UP_AFTER = timedelta(hours=24)
FIRST_BACKOFF_SECONDS = 5
OVERLAP = timedelta(minutes=15)
"""How far a reconciling search reaches back behind the last one: Amazon's index lags by minutes."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much Amazon's clock and ours may differ."""
SAFE_BEFORE = timedelta(minutes=2) + CLOCKS_DIFFER
"""Amazon refuses windows that end less than two minutes ago by its own clock."""
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


def windows_of(begins: datetime, ends: datetime, longest: timedelta) -> list[tuple[datetime, datetime]]:
    """Return the windows of at most ``longest`` that cover a span of time once, the newest first."""
    windows: list[tuple[datetime, datetime]] = []
    while ends > begins:
        start = max(begins, ends - longest)
        windows.append((start, ends))
        ends = start
    return windows


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


# -- What a dataset needs next -----------------------------------------------------------------------------------------

NOTIFIED_WITHIN = timedelta(minutes=30)
"""Amazon's notifications count as alive for so long after the last one that was applied."""
LONG_GAP = timedelta(hours=2)
"""What changed in a longer time is cheaper to bring by one report than page by page."""
ASKED_EVERY = timedelta(seconds=60)
"""How often a member may ask for the same dataset to be read now."""
_EARLY = 0.75
"""A beat may come early by a quarter: schedules look every five minutes and spread what they send."""

Source = Literal["notification", "report", "search", "none"]


class Terms(Protocol):
    """What the planner needs to know of a dataset; the registry provides it."""

    @property
    def key(self) -> str:
        """Name of the dataset."""
        ...

    @property
    def refresh_kind(self) -> str:
        """The command that brings it up to date."""
        ...

    @property
    def refresh_seconds(self) -> int:
        """How often it is read."""
        ...

    @property
    def check_seconds(self) -> int:
        """How often it is checked in full while notifications bring its changes; 0 when none carry them."""
        ...

    @property
    def reports(self) -> tuple[str, ...]:
        """The report types it is read from."""
        ...


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a dataset of a connection stands, as far as the planner needs to know.

    Attributes:
        live: whether Amazon may be called for the connection.
        needed: whether a feature that is on needs the dataset.
        paused: whether a member paused it.
        last_success_at: when it was last in step.
        notified_at: when a notification about it was last applied.
        checked_at: when it was last checked in full.
        complete_until: up to when it is known to be complete, for datasets that are read by time of change.
        failing: whether what was tried last failed.
    """

    live: bool = True
    needed: bool = True
    paused: bool = False
    last_success_at: datetime | None = None
    notified_at: datetime | None = None
    checked_at: datetime | None = None
    complete_until: datetime | None = None
    failing: bool = False


class Step(NamedTuple):
    """What is done next for a dataset; ``kind`` is None when nothing is."""

    kind: str | None
    arguments: Mapping[str, str]
    source: Source
    because: str


def next_step(terms: Terms, standing: Standing, now: datetime) -> Step:
    """Return what brings a dataset up to date at the least cost: notifications, then a report, then a search.

    Clocks may differ by minutes: an instant in the future counts as now.
    """
    blocked = _blocked(standing)
    if blocked is not None:
        return Step(None, {}, "none", blocked)
    told = None if standing.failing else _age(standing.notified_at, now)
    if terms.check_seconds and told is not None and told < NOTIFIED_WITHIN:
        return _while_told(terms, standing, told, now)
    read = _age(standing.last_success_at, now)
    if read is None:
        return _read(terms, standing, now, "It was never read.")
    if standing.failing:
        return _read(terms, standing, now, f"The last try failed; it was last read {words_for(read)} ago.")
    if read < timedelta(seconds=terms.refresh_seconds * _EARLY):
        return Step(None, {}, "none", f"It was read {words_for(read)} ago, which is recent enough.")
    return _read(terms, standing, now, f"It was last read {words_for(read)} ago.")


def _blocked(standing: Standing) -> str | None:
    if not standing.live:
        return "The connection is not active."
    if not standing.needed:
        return "No feature that is on needs it."
    return "It is paused." if standing.paused else None


def _while_told(terms: Terms, standing: Standing, told: timedelta, now: datetime) -> Step:
    checked = _age(standing.checked_at, now)
    said = f"Amazon told us of a change {words_for(told)} ago"
    if checked is not None and checked < timedelta(seconds=terms.check_seconds):
        return Step(None, {}, "notification", f"{said}; the last full check was {words_for(checked)} ago.")
    since = "there was no full check yet" if checked is None else f"the last full check was {words_for(checked)} ago"
    return _read(terms, standing, now, f"{said}, but {since}.")


def _read(terms: Terms, standing: Standing, now: datetime, because: str) -> Step:
    if terms.refresh_kind != "orders.search":
        source: Source = "report" if terms.reports else "search"
        return Step(terms.refresh_kind, {}, source, because)
    gap = _age(standing.complete_until, now)
    if gap is not None and gap > LONG_GAP:
        return Step("orders.search", {"mode": "check"}, "report", f"{because} One report brings all since.")
    return Step("orders.search", {"mode": "reconcile"}, "search", because)


def _age(at: datetime | None, now: datetime) -> timedelta | None:
    return None if at is None else max(now - at, timedelta(0))


def words_for(span: timedelta) -> str:
    """Return a span of time as people say it, in its largest unit: ``40 s``, ``12 min``, ``3 h``, ``5 days``."""
    seconds = int(span.total_seconds())
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h"
    return f"{seconds // _DAY} days"


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def emptied(listed_before: int | None, listed: int) -> bool:
    """Return whether a complete list came back empty though the one before was not: reported, never taken as truth."""
    return listed == 0 and bool(listed_before)


# -- Prices without a call per order -----------------------------------------------------------------------------------

SWEEP_SECONDS = 276
"""The time between two searches for prices: 313 calls a day at most whatever the number of orders, within the quota of
one in 178 seconds."""
WORTH_A_SEARCH = 20
"""So many orders a search should bring: where fewer come in a window it waits longer, twice the time at most."""
LONGEST_SWEEP_SECONDS = 2 * SWEEP_SECONDS
SETTLED_SECONDS = 125
"""searchOrders answers up to two minutes ago; a search so much later than a change finds it."""
COUNTED_EVERY_SECONDS = 10
"""How often at most an intake writes down how many prices are wanted of a connection whose next search is planned."""
FEW_ORDERS = 2
"""So few orders in a window are fetched one by one: they have their prices within seconds."""
_FITS_A_PAGE = 80
"""Changed orders of a window that fit one page of 100 with room for a burst."""
_CHANGES_AN_ORDER = 3
"""An order changes about three times while it is new: placed, paid, shipped."""


class Wanted(NamedTuple):
    """How many prices are wanted, in epoch seconds: in this window (with those just added), in the one before."""

    wanted: int
    last_wanted: int
    window_at: int | None
    planned_at: int | None


class SweepStep(NamedTuple):
    """How wanted prices are brought.

    Attributes:
        singly: fetch each order by itself; otherwise a search that is or will be planned brings them.
        plan_at: when a new search has to be planned, for this time; None when the planned one does.
        window: the counts of a window that begins now, None while the present one goes on.
    """

    singly: bool
    plan_at: int | None
    window: Wanted | None


def sweep_step(state: Wanted, added: int, now: int) -> SweepStep:
    """Return how the prices of ``added`` orders that changed just now are brought.

    A search brings what changed at least ``SETTLED_SECONDS`` before it, and two searches are from ``SWEEP_SECONDS`` to
    ``LONGEST_SWEEP_SECONDS`` apart while prices are wanted, so a price is there after at most the sum of both.
    """
    window: Wanted | None = None
    age = None if state.window_at is None else now - state.window_at
    if age is None or age >= SWEEP_SECONDS or age < -SWEEP_SECONDS:
        before = state.wanted - added if age is not None and 0 <= age < 2 * SWEEP_SECONDS else 0
        window = Wanted(added, before, now, state.planned_at)
    counted = window or state
    pace = max(counted.wanted, counted.last_wanted)
    if pace <= FEW_ORDERS:
        return SweepStep(singly=True, plan_at=None, window=window)
    planned = state.planned_at
    if brings_changes_of(planned, now):
        return SweepStep(singly=False, plan_at=None, window=window)
    earliest = now + SETTLED_SECONDS
    following = earliest if planned is None or planned > earliest else max(planned + sweep_interval(pace), earliest)
    return SweepStep(singly=False, plan_at=following, window=window)


def brings_changes_of(planned_at: int | None, now: int) -> bool:
    """Return whether a search planned for ``planned_at`` brings what changed ``now``, and brings it in time."""
    return planned_at is not None and 0 <= planned_at - now - SETTLED_SECONDS <= LONGEST_SWEEP_SECONDS


def sweep_interval(wanted: int) -> int:
    """Return the seconds between two searches when so many prices are wanted in a window of ``SWEEP_SECONDS``."""
    return min(LONGEST_SWEEP_SECONDS, max(SWEEP_SECONDS, SWEEP_SECONDS * WORTH_A_SEARCH // max(1, wanted)))


def sweeps_unshipped_only(wanted: int, last_wanted: int) -> bool:
    """Return whether a search for prices is narrowed to unshipped orders, because all changes would not fit a page."""
    return max(wanted, last_wanted) * _CHANGES_AN_ORDER > _FITS_A_PAGE
