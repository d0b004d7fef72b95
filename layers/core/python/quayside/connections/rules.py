"""What a connection may become, and how fresh its data is. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

Status = Literal["authorising", "connected", "failed", "disconnecting", "disconnected", "revoked"]
StepState = Literal["waiting", "running", "done", "failed"]
DatasetState = Literal["fresh", "late", "failing", "waiting", "off"]

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
    "failed": frozenset({"authorising", "disconnecting"}),
    "disconnecting": frozenset({"disconnecting", "disconnected"}),
    "disconnected": frozenset({"authorising"}),
    "revoked": frozenset({"authorising", "disconnecting"}),
}


def may_become(status: Status, following: Status) -> bool:
    """Return whether a connection in one status may move to another."""
    return following in _NEXT[status]


def statuses_before(following: Status) -> tuple[Status, ...]:
    """Return the statuses from which a connection may move to ``following``."""
    return tuple(status for status, allowed in _NEXT.items() if following in allowed)


def is_live(status: Status) -> bool:
    """Return whether Amazon may be called for a connection: only while its seller's authorisation stands."""
    return status in {"authorising", "connected"}


def dataset_state(  # noqa: PLR0913 - what freshness depends on
    status: Status,
    *,
    last_success_at: datetime | None,
    failed: bool,
    running: bool,
    objective_seconds: int,
    now: datetime,
) -> DatasetState:
    """Return how a dataset stands against its freshness objective.

    ``off`` when the connection is not connected; ``failing`` when the last run failed; ``waiting`` before the first
    success; ``late`` when the last success is older than the objective; otherwise ``fresh``.
    """
    if status != "connected":
        return "waiting" if status == "authorising" else "off"
    if failed:
        return "failing"
    if last_success_at is None:
        return "waiting"
    if now - last_success_at > timedelta(seconds=objective_seconds) and not running:
        return "late"
    return "fresh"


def share_walked(window: tuple[datetime, datetime], reached: datetime | None) -> float:
    """Return which share of a window of time a walk has covered, from 0 to 1."""
    begins, ends = window
    span = (ends - begins).total_seconds()
    if reached is None or span <= 0:
        return 0.0
    return min(1.0, max(0.0, (reached - begins).total_seconds() / span))


def progress_of(  # noqa: PLR0913 - what an estimate is made of
    *, rows: int, rows_before: int, share: float, last_window: bool, started: datetime, now: datetime
) -> tuple[int | None, datetime | None]:
    """Estimate how many rows a walk brings up to the end of its present window, and when it is over.

    Within a window the share of the time walked stands for the share of the rows. How much lies in older windows
    nobody can know (an account may be young), so nothing is said about them: the total grows with each window, and an
    end is named in the last one only. None while there is too little to say.
    """
    in_window = rows - rows_before
    if share < _SAYS_SOMETHING or in_window <= 0:
        return None, None
    total = max(rows, rows_before + round(in_window / share))
    if not last_window:
        return total, None
    return total, now + timedelta(seconds=round((now - started).total_seconds() * (total - rows) / rows))


def is_overdue(status: Status, *, exchanging: bool, began_at: datetime, now: datetime) -> bool:
    """Return whether an authorisation can no longer succeed: Amazon's code lived five minutes and was not exchanged."""
    return status == "authorising" and exchanging and now - began_at > _CODE_IS_DEAD


_SAYS_SOMETHING = 0.02
_CODE_IS_DEAD = timedelta(minutes=6)
