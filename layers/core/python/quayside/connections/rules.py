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


def share_walked(
    *, oldest: datetime, newest: datetime, window: tuple[datetime, datetime], reached: datetime | None
) -> float:
    """Return which share of a span of time a walk has covered: whole windows from the newest on, then within one."""
    whole = (newest - oldest).total_seconds()
    if whole <= 0:
        return 1.0
    begins, ends = window
    inside = 0.0 if reached is None else (min(reached, ends) - begins).total_seconds()
    return min(1.0, max(0.0, ((newest - ends).total_seconds() + max(0.0, inside)) / whole))


def progress_of(*, rows: int, share: float, started: datetime, now: datetime) -> tuple[int | None, datetime | None]:
    """Estimate how many rows long work will bring and when it ends; None while there is too little to say.

    The share of the time walked stands for the share of the rows: a straight line, refined with every page.
    """
    if share < _SAYS_SOMETHING or rows == 0:
        return None, None
    remaining = (now - started).total_seconds() * (1 - share) / share
    return max(rows, round(rows / share)), now + timedelta(seconds=round(remaining))


_SAYS_SOMETHING = 0.02
