"""What a connection may become, and how fresh its data is. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple, get_args

Status = Literal["authorising", "connected", "failed", "disconnecting", "disconnected", "revoked", "erasing"]
ALL_STATUSES: tuple[Status, ...] = get_args(Status)
StepState = Literal["waiting", "running", "done", "failed"]
DatasetState = Literal["fresh", "late", "failing", "waiting", "paused", "off"]
TroubleKind = Literal["revoked", "our_secret", "outage", "access"]

OFF_UNTIL_SWITCHED_ON = frozenset({"merchant_fulfilment", "messages"})
"""Features that read personal data of buyers, or write to them: a connection does without them until a member switches
them on."""

STEPS: tuple[tuple[str, str], ...] = (
    ("exchange", "Sign in with Amazon"),
    ("marketplaces", "Find your marketplaces"),
    ("subscriptions", "Ask Amazon to tell us about changes"),
    ("history", "Bring in your order history"),
)
"""The steps of connecting, in their order: key and title."""

_NEXT: Mapping[Status, frozenset[Status]] = {
    "authorising": frozenset({"authorising", "connected", "failed", "disconnecting", "revoked"}),
    "connected": frozenset({"authorising", "disconnecting", "revoked"}),
    "failed": frozenset({"authorising", "disconnecting", "erasing"}),
    "disconnecting": frozenset({"disconnecting", "disconnected", "erasing"}),
    "disconnected": frozenset({"authorising", "erasing"}),
    "revoked": frozenset({"authorising", "disconnecting", "erasing"}),
    # There is no way back: what is left of it goes, and then the connection itself.
    "erasing": frozenset({"erasing"}),
}


class SellerAccount(NamedTuple):
    """An account at Amazon: whose, and in which of Amazon's regions."""

    selling_partner_id: str
    region: str


def may_become(status: Status, following: Status) -> bool:
    """Return whether a connection in one status may move to another."""
    return following in _NEXT[status]


def statuses_before(following: Status) -> tuple[Status, ...]:
    """Return the statuses from which a connection may move to ``following``."""
    return tuple(status for status, allowed in _NEXT.items() if following in allowed)


def features_off(switched_off: Iterable[str], switched_on: Iterable[str]) -> tuple[str, ...]:
    """Return the features a connection does without, by what its members switched off and on."""
    return tuple(sorted(frozenset(switched_off) | (OFF_UNTIL_SWITCHED_ON - frozenset(switched_on))))


def is_live(status: Status) -> bool:
    """Return whether Amazon may be called for a connection: only while its seller's authorisation stands."""
    return status in {"authorising", "connected"}


def dataset_state(  # noqa: PLR0911, PLR0913 - what freshness depends on, and one return for each state
    status: Status,
    *,
    last_success_at: datetime | None,
    failed: bool,
    running: bool,
    objective_seconds: int,
    now: datetime,
    needed: bool = True,
    paused: bool = False,
) -> DatasetState:
    """Return how a dataset stands against its freshness objective.

    ``off`` when the connection is not connected or no feature that is on needs it; ``paused`` when a member paused it;
    ``failing`` when the last run failed; ``waiting`` before the first success; ``late`` when the last success is older
    than the objective; otherwise ``fresh``.
    """
    if not needed or status not in {"connected", "authorising"}:
        return "off"
    if paused:
        return "paused"
    if status == "authorising":
        return "waiting"
    if failed:
        return "failing"
    if last_success_at is None:
        return "waiting"
    if now - last_success_at > timedelta(seconds=objective_seconds) and not running:
        return "late"
    return "fresh"


def finish_of(
    *, windows_done: int, windows_total: int, started: datetime, updated: datetime, now: datetime
) -> datetime | None:
    """Estimate when windows of history are all brought: those left at the pace of those done so far.

    None while fewer than two are done, for one says nothing of a pace, and when none are left. The estimate is never in
    the past: a window that takes longer than the others moves it.
    """
    left = windows_total - windows_done
    if windows_done < _SAYS_SOMETHING or left <= 0:
        return None
    each = (updated - started) / windows_done
    return max(now, updated + each * left)


def is_overdue(status: Status, *, exchanging: bool, began_at: datetime, now: datetime) -> bool:
    """Return whether an authorisation can no longer succeed: Amazon's code lived five minutes and was not exchanged."""
    return status == "authorising" and exchanging and now - began_at > _CODE_IS_DEAD


UNUSED_WARNED_AFTER = timedelta(days=60)
UNUSED_DELETED_AFTER = timedelta(days=90)
"""Keys unused for 90 days are deleted. Source: Amazon's Acceptable Use Policy 3.5."""
REMINDED_BEFORE_DAYS = (30, 14, 7, 1)
"""So many days before an authorisation ends its seller is reminded: it is given for 365 days."""


def last_used(granted_at: datetime, uses: Mapping[str, datetime]) -> datetime:
    """Return when a seller's key was last of use: at its last successful call, or when it was granted."""
    return max((granted_at, *uses.values()))


UseStanding = Literal["used", "unused", "to_delete"]


def use_verdict(last: datetime, now: datetime) -> UseStanding:
    """Say whether a key is of use: ``unused`` from 60 days on, of which its seller is warned; from 90 it is deleted."""
    idle = now - last
    if idle >= UNUSED_DELETED_AFTER:
        return "to_delete"
    return "unused" if idle >= UNUSED_WARNED_AFTER else "used"


def reminder(expires_at: datetime, now: datetime) -> int | None:
    """Return which reminder of an authorisation's end is due, as days before it: 0 after it, None before the first."""
    left = expires_at - now
    if left <= timedelta(0):
        return 0
    return next((days for days in sorted(REMINDED_BEFORE_DAYS) if left <= timedelta(days=days)), None)


_SAYS_SOMETHING = 2
_CODE_IS_DEAD = timedelta(minutes=6)
