"""Time as a collaborator.

Nothing in the product reads the wall clock directly: a ``Clock`` is passed in, so that rules and tests decide what
"now" is. Instants are timezone-aware UTC datetimes in code and ISO 8601 with a ``Z`` in the store and on the wire.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

from quayside.kernel.errors import InvalidInput


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current instant as an aware datetime in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the machine's current instant in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is advanced: for tests, benchmarks and replays."""

    def __init__(self, at: datetime) -> None:
        self._at = _aware(at)

    def now(self) -> datetime:
        """Return the instant the clock was set to, plus everything it was advanced by."""
        return self._at

    def advance(self, seconds: float) -> None:
        """Move the clock forward (or back, with a negative number) by ``seconds``."""
        self._at += timedelta(seconds=seconds)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = "An instant needs its time zone: pass an aware datetime."
        raise ValueError(message)
    return at.astimezone(UTC)


def epoch_seconds(at: datetime) -> int:
    """Return whole seconds since 1970-01-01T00:00:00Z, rounded down.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    return epoch_milliseconds(at) // 1000


def epoch_milliseconds(at: datetime) -> int:
    """Return whole milliseconds since 1970-01-01T00:00:00Z, rounded down; exact, no floating point.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    return (_aware(at) - _EPOCH) // _MILLISECOND


def from_epoch_milliseconds(value: int) -> datetime:
    """Return the instant ``value`` milliseconds after 1970-01-01T00:00:00Z."""
    return _EPOCH + value * _MILLISECOND


def from_epoch_seconds(value: int) -> datetime:
    """Return the instant ``value`` seconds after 1970-01-01T00:00:00Z."""
    return from_epoch_milliseconds(value * 1000)


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant with an offset (``Z`` or ``+hh:mm``), as Amazon and browsers write it.

    A text without an offset is taken as UTC, for Amazon's older notifications leave it out.

    Raises:
        InvalidInput: the text is no instant.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise InvalidInput(f"'{text[:40]}' is not a time.", action="Write it like 2026-11-21T10:11:12Z.") from problem
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def format_instant(at: datetime) -> str:
    """Write an instant as ``2026-11-21T10:11:12Z``: UTC, whole seconds, sorts as text.

    Raises:
        ValueError: ``at`` has no time zone.
    """
    return _aware(at).strftime("%Y-%m-%dT%H:%M:%SZ")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
