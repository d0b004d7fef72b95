"""The simulator's time: real, fast, paused or moved by hand. Nothing in the simulator reads another clock."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from typing import Self

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def milliseconds(at: datetime) -> int:
    """Return epoch milliseconds of an aware instant; a naive one is refused with ValueError."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone: add UTC or an offset")
    return round(at.timestamp() * 1000)


def instant(at_ms: int) -> datetime:
    """Return the aware UTC instant of epoch milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC)


def iso(at_ms: int) -> str:
    """Write epoch milliseconds as Amazon's Orders API does: UTC, whole seconds, ``2026-11-21T10:11:12Z``."""
    return datetime.fromtimestamp(at_ms // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_milliseconds(at_ms: int) -> str:
    """Write epoch milliseconds as Amazon's notifications do: UTC with milliseconds, ``2026-11-21T10:11:12.345Z``."""
    return f"{datetime.fromtimestamp(at_ms // 1000, tz=UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def local_day_of(at_ms: int, zone: tzinfo) -> date:
    """Return the calendar day of an instant in a time zone."""
    return datetime.fromtimestamp(at_ms / 1000, tz=zone).date()


def parse(text: str) -> int:
    """Read an ISO 8601 instant or date as epoch milliseconds; without an offset it is UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return milliseconds(at if at.tzinfo else at.replace(tzinfo=UTC))


class SimulatorClock:
    """Time that runs at ``speed`` simulated seconds per real second from ``start``; speed 0 is a clock moved by hand.

    Thread-safe. ``monotonic`` gives real seconds and may be replaced in a test.
    """

    def __init__(
        self,
        start: datetime | None = None,
        *,
        speed: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._base_ms = milliseconds(start) if start else time.time_ns() // 1_000_000
        self._base_real = monotonic()
        self._speed = speed
        self._paused = False

    @classmethod
    def manual(cls, start: datetime) -> Self:
        """Return a clock that stands at ``start`` until it is advanced."""
        return cls(start, speed=0.0)

    def now_ms(self) -> int:
        """Return the simulated time in epoch milliseconds; it never goes back."""
        with self._lock:
            return self._now()

    def now(self) -> datetime:
        """Return the simulated time as an aware UTC instant."""
        return instant(self.now_ms())

    @property
    def speed(self) -> float:
        """Simulated seconds per real second when not paused."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether time stands still until it is resumed or advanced."""
        return self._paused

    @property
    def runs_by_itself(self) -> bool:
        """Whether simulated time passes without anyone advancing it."""
        return not self._paused and self._speed > 0

    def set_speed(self, speed: float) -> None:
        """Run at ``speed`` simulated seconds per real second from now on; ValueError when negative."""
        if speed < 0:
            raise ValueError("speed must be 0 or more: time does not go back")
        with self._lock:
            self._rebase()
            self._speed = speed

    def set_paused(self, *, paused: bool) -> None:
        """Stop or resume time."""
        with self._lock:
            self._rebase()
            self._paused = paused

    def advance(self, seconds: float) -> None:
        """Move time forward by ``seconds``; ValueError when negative."""
        if seconds < 0:
            raise ValueError("advance_seconds must be 0 or more: time does not go back")
        with self._lock:
            self._base_ms += round(seconds * 1000)

    def move_to(self, at_ms: int) -> None:
        """Move time forward to ``at_ms``; an instant in the past changes nothing."""
        with self._lock:
            self._rebase()
            self._base_ms = max(self._base_ms, at_ms)

    def _now(self) -> int:
        if self._paused:
            return self._base_ms
        return self._base_ms + int((self._monotonic() - self._base_real) * self._speed * 1000)

    def _rebase(self) -> None:
        self._base_ms = self._now()
        self._base_real = self._monotonic()
