"""What every benchmark shares: its size, its progress line, CPU time and fair turns.

A comparison is made in one run, in turns: a bit of ours, a bit of the other, and the one that went first goes second in
the next turn, so that a slow minute of the machine hits both. What is compared is CPU time of this process, which
other programs on the machine don't lengthen; wall-clock time is only ever information.
"""

import contextlib
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

REPOSITORY = Path(__file__).resolve().parents[2]
"""Where the project lies."""

LAST_LINES = 5
_STATUS = Path("/proc/self/status")


class NotMeasurableError(Exception):
    """Something a benchmark needs is not there; the text says what to run."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a benchmark.

    Attributes:
        quick: do a tenth of the work, in under 45 seconds.
        scratch: a folder of this run alone; it is removed afterwards.
        orders: a file of order lines to measure on instead of the data set, if one was named.
        out: where progress goes; never standard output, whose last line is the report.
        started: monotonic seconds at which the run began.
    """

    quick: bool
    scratch: Path
    orders: Path | None = None
    out: TextIO = field(default_factory=lambda: sys.stderr)
    started: float = field(default_factory=time.monotonic)

    def share(self, full: int) -> int:
        """Return ``full``, or a tenth of it (at least one) in a quick run."""
        return max(1, full // 10) if self.quick else full

    def say(self, sentence: str) -> None:
        """Tell a person who waits how far the benchmark is."""
        print(f"[{time.monotonic() - self.started:6.1f} s] {sentence}", file=self.out, flush=True)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the start: information, not a figure."""
        return round(time.monotonic() - self.started, 1)


class Stopwatch:
    """Adds up the CPU seconds this process (all its threads) spends inside ``running()``."""

    def __init__(self, read: Callable[[], float] = time.process_time) -> None:
        self._read = read
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens inside."""
        before = self._read()
        try:
            yield
        finally:
            self.seconds += self._read() - before

    def rate(self, count: int) -> float:
        """Return how many of ``count`` things were done per CPU second."""
        return count / self.seconds if self.seconds else 0.0


def in_turns(
    ours: Callable[[int], None], theirs: Callable[[int], None], turns: int, told: Callable[[int], None]
) -> None:
    """Call both with 0, 1, 2 … ``turns - 1``; who begins changes with every turn.

    Args:
        ours: one turn of ours.
        theirs: the same turn of what we compare with.
        turns: how many turns.
        told: called with the number of turns done, after each.
    """
    for turn in range(turns):
        pair = (ours, theirs) if turn % 2 == 0 else (theirs, ours)
        for side in pair:
            side(turn)
        told(turn + 1)


def chunks[Thing](things: Sequence[Thing], size: int) -> list[Sequence[Thing]]:
    """Cut ``things`` into consecutive pieces of ``size``; the last may be shorter."""
    return [things[at : at + size] for at in range(0, len(things), size)]


def median_of(values: Sequence[float]) -> float:
    """Return the value in the middle, between the two middle ones when their number is even."""
    return statistics.median(values)


def peak_memory_mb() -> float:
    """Return the most memory this program ever held, in megabytes.

    On Linux the kernel's own high-water mark of the address space is read. ``getrusage`` would also count what the
    process was before it became this program: the memory of whoever started it.
    """
    if _STATUS.exists():
        (kilobytes,) = (line.split()[1] for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return round(int(kilobytes) / 1024, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 if sys.platform != "darwin" else 1024 * 1024), 1)


@contextmanager
def handlers_log(run: Run) -> Iterator[None]:
    """Send what handlers log on standard output to a file of the run: thousands of lines that nobody asked for.

    They are written all the same, for a function has to write them too. When the block fails the last ones are shown.
    """
    path = run.scratch / "handlers.log"
    try:
        with path.open("a", encoding="utf-8") as log, contextlib.redirect_stdout(log):
            yield
    except BaseException:
        for line in path.read_text(encoding="utf-8").splitlines()[-LAST_LINES:]:
            run.say(f"A handler logged: {line}")
        raise


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Run with exactly the caller's environment less every AWS setting, plus ``values``; restore it afterwards.

    A developer's own profile, region or endpoint must never decide what a benchmark talks to.
    """
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
