"""The worker in a process of its own, one delivery at a time: what the benchmark ``feed`` starts.

It is put together by the worker's own composition root, with the settings and the role of its environment. Each line of
standard input is a delivery: the time, the message, and what befalls the worker on its way. Each line of standard
output says what came of it. A worker that dies ends this process in the middle of a step, as Lambda would.

A step is the moment before or after a call to AWS or to Amazon. Each call to AWS is taken to last five milliseconds of
the two minutes that the function has, so that a long command has to stop and to go on with another one.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import botocore
import msgspec

from infra.simulator.clock import SimulatorClock, instant
from quayside.amazon.transport import HttpTransport, Reply
from quayside.kernel.observability import CountedMetrics, logger
from quayside.kernel.settings import load_settings
from quayside.storage.connection import USES_CREDENTIALS, Store, bind
from sync_worker.container import assemble
from tests.bench.harness import peak_memory_mb
from tests.bench.product import DelaysOnTheClock
from tests.support.commands import record

if TYPE_CHECKING:
    from botocore.session import Session

    from quayside.storage.vault import Secret

FUNCTION_MILLISECONDS = 120_000
"""The function's timeout in the template."""
CALL_MILLISECONDS = 5
DIED = 137


class Peril(msgspec.Struct, frozen=True):
    """What befalls a worker, at a step by number or right after Amazon carried out an operation.

    Attributes:
        dies: it dies there; otherwise a second worker that got the same message does all of it in between.
        step: at which step of the delivery.
        after: after which operation at Amazon, before its answer arrives.
    """

    dies: bool
    step: int | None = None
    after: str | None = None


class Delivery(msgspec.Struct, frozen=True):
    """A message that is delivered at an instant (epoch milliseconds) for the ``received``-th time."""

    at_ms: int
    body: str
    received: int = 1
    peril: Peril | None = None


class Became(msgspec.Struct, frozen=True):
    """What came of a delivery: whether it failed, whether its peril struck, and the most memory so far."""

    failed: bool
    struck: bool
    died: bool
    steps: int
    peak_memory_mb: float


class Steps:
    """Counts the steps of a delivery and lets its peril strike."""

    def __init__(self) -> None:
        self._peril: Peril | None = None
        self._strike: Callable[[Peril], None] = lambda _: None
        self.count = 0
        self.struck = False

    def begin(self, peril: Peril | None, strike: Callable[[Peril], None]) -> None:
        """Count anew."""
        self._peril, self._strike, self.count, self.struck = peril, strike, 0, False

    def step(self, operation: str | None = None) -> None:
        """Count a step, right after an operation at Amazon if it is named."""
        self.count += 1
        peril = self._peril
        if peril is None or self.struck:
            return
        if self.count == peril.step or (operation is not None and operation == peril.after):
            self.struck = True
            self._strike(peril)

    def attend(self, session: "Session") -> None:
        """Count the calls of a botocore session to where work is kept.

        Credentials and keys are fetched behind locks of the process, and a second worker has a process of its own: one
        that came in between there would wait for the first for ever.
        """
        for service in ("dynamodb", "sqs", "s3"):
            session.register(f"before-call.{service}", lambda **_: self.step())
            session.register(f"after-call.{service}", lambda **_: self.step())


class Door:
    """The way to Amazon, whose calls are steps."""

    def __init__(self, inner: HttpTransport, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def send(self, method: str, url: str, *, operation: str, **rest: Any) -> Reply:
        """Send a request."""
        self._steps.step()
        reply = self._inner.send(method, url, operation=operation, **rest)
        self._steps.step(operation)
        return reply

    def upload(
        self, url: "Secret", content: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Put a document."""
        self._steps.step()
        self._inner.upload(url, content, content_type, headers)
        self._steps.step("upload")

    @contextmanager
    def stream(self, url: "Secret") -> Iterator[Iterator[bytes]]:
        """Fetch a document."""
        self._steps.step()
        with self._inner.stream(url) as chunks:
            yield chunks
        self._steps.step("download")


class Probe:
    """The worker, and a second one for the moments in which a message is delivered to both."""

    def __init__(self) -> None:
        # Any time that lies before the first delivery.
        self._clock = SimulatorClock.manual(instant(0))
        self._steps = Steps()
        delays = DelaysOnTheClock(self._clock)
        with delays.active():
            botocore.register_initializer(self._steps.attend)
            settings = load_settings(os.environ)
            bind(Store(settings, USES_CREDENTIALS))
            doors = [Door(HttpTransport(settings), self._steps) for _ in range(2)]
            self._workers = [
                assemble(
                    settings, door, uploads=door, clock=self._clock, random=Random(number),
                    metrics=CountedMetrics(), log=logger("sync_worker"),
                )
                for number, door in enumerate(doors)
            ]  # fmt: skip
            self._said = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
            # What the worker logs must not get between the answers.
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            self._run()

    def _run(self) -> None:
        for line in sys.stdin:
            delivery = msgspec.json.decode(line, type=Delivery)
            self._clock.move_to(delivery.at_ms)
            event = {"Records": [record(delivery.body, handle="taken", received=delivery.received)]}
            self._steps.begin(delivery.peril, partial(self._strike, event=event))
            answer = self._workers[0].run_batch(event, self._milliseconds_left)
            self._say(failed=bool(answer["batchItemFailures"]))

    def _milliseconds_left(self) -> int:
        # Two steps are a call.
        return FUNCTION_MILLISECONDS - self._steps.count // 2 * CALL_MILLISECONDS

    def _strike(self, peril: Peril, *, event: dict[str, Any]) -> None:
        if peril.dies:
            self._say(failed=True, died=True)
            os._exit(DIED)
        # In a thread of its own, for another worker shares nothing with this one, the tenant in scope included.
        other = threading.Thread(target=self._workers[1].run_batch, args=(event, self._milliseconds_left))
        other.start()
        other.join()

    def _say(self, *, failed: bool, died: bool = False) -> None:
        steps = self._steps
        became = Became(failed, steps.struck, died, steps.count, peak_memory_mb())
        self._said.write(json.dumps(msgspec.to_builtins(became)) + "\n")
        self._said.flush()


if __name__ == "__main__":
    Probe()
