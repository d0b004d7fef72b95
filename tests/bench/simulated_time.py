"""Programs that sleep, side by side on a clock moved by hand: whoever sleeps gives way, and time jumps to the next.

One thread runs at a time, in an order that is the same in every run, so that code written with ``time.sleep`` can be
measured in simulated seconds.
"""

import heapq
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Protocol


class MovedClock(Protocol):
    """A clock somebody moves."""

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        ...

    def move_to(self, at_ms: int) -> None:
        """Move forward to an instant; one in the past changes nothing."""
        ...


class _Program:
    """One program: its thread and the signal that it may go on."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run = run
        self.may_go_on = threading.Event()
        self.failure: BaseException | None = None
        self.thread: threading.Thread | None = None


class Programs:
    """Runs programs on simulated time.

    Args:
        clock: moved forward whenever all of them sleep.
    """

    def __init__(self, clock: MovedClock) -> None:
        self._clock = clock
        self._waking: list[tuple[int, int, _Program]] = []
        self._numbers = itertools.count()
        self._gave_way = threading.Event()
        self._here = threading.local()

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass; takes the place of ``time.sleep`` in a program."""
        program: _Program = self._here.program
        self._wake(program, self._clock.now_ms() + round(seconds * 1000))
        self._gave_way.set()
        program.may_go_on.wait()
        program.may_go_on.clear()

    def run(self, programs: Sequence[Callable[[], None]]) -> None:
        """Run programs until all have ended.

        Raises:
            BaseException: what one of them failed with; the others are left where they sleep.
        """
        for each in programs:
            self._wake(_Program(each), self._clock.now_ms())
        while self._waking:
            at_ms, _, program = heapq.heappop(self._waking)
            self._clock.move_to(at_ms)
            self._gave_way.clear()
            if program.thread is None:
                program.thread = threading.Thread(target=self._begin, args=(program,), daemon=True)
                program.thread.start()
            else:
                program.may_go_on.set()
            self._gave_way.wait()
            if program.failure is not None:
                raise program.failure

    def _begin(self, program: _Program) -> None:
        self._here.program = program
        try:
            program.run()
        except BaseException as failure:  # noqa: BLE001 - raised where the programs were started
            program.failure = failure
        finally:
            self._gave_way.set()

    def _wake(self, program: _Program, at_ms: int) -> None:
        heapq.heappush(self._waking, (at_ms, next(self._numbers), program))
