"""Say what is being done and for how long: one living line on a terminal, plain lines elsewhere."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import TextIO

_CLEAR_LINE = "\r\x1b[2K"


class Progress:
    """Prints steps with the seconds since the beginning."""

    def __init__(self, out: TextIO = sys.stdout, *, quiet: bool = False) -> None:
        self._out = out
        self._quiet = quiet
        self._living = out.isatty() and not quiet
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._doing = ""

    def seconds(self) -> float:
        """Seconds since this progress began."""
        return time.monotonic() - self._began

    @contextlib.contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Show ``doing`` until the block ends; steps may nest, the innermost shows."""
        outer, self._doing = self._doing, doing
        started = time.monotonic()
        if not self._living:
            self._line(f"{doing} …")
        stop = threading.Event()
        beat = threading.Thread(target=self._beat, args=(doing, stop), daemon=True) if self._living else None
        if beat is not None:
            beat.start()
        done = False
        try:
            yield
            done = True
        finally:
            stop.set()
            if beat is not None:
                beat.join()
                mark = "✓" if done else "✗"
                self._line(f"{mark} {doing} ({time.monotonic() - started:.1f} s)")
            self._doing = outer

    def say(self, text: str) -> None:
        """One line of its own."""
        self._line(text)

    def detail(self, text: str) -> None:
        """What the current step has come to; shown on a terminal only."""
        if self._living:
            self._doing = text

    def _beat(self, doing: str, stop: threading.Event) -> None:
        while not stop.wait(0.2):
            # The step's own words, unless a detail has replaced them.
            words = self._doing or doing
            with self._lock:
                self._out.write(f"{_CLEAR_LINE}[{self.seconds():4.0f} s] {words} …")
                self._out.flush()

    def _line(self, text: str) -> None:
        if self._quiet:
            return
        with self._lock:
            start = _CLEAR_LINE if self._living else ""
            self._out.write(f"{start}[{self.seconds():4.0f} s] {text}\n")
            self._out.flush()
