"""Whose turn it is: the turns of one piece of work.

Work whose turn lies ahead does not wait in a function; ``SlotAhead`` carries its place in line out, and the same work
comes back with it later. So does work whose operation rests because Amazon fails at it (``CircuitOpen``).
"""

from decimal import Decimal
from typing import NamedTuple, Protocol

from quayside.amazon.circuits import Circuits
from quayside.amazon.ledger import Ledger
from quayside.amazon.marketplaces import Region
from quayside.amazon.operations import Operation
from quayside.kernel.clock import Clock, epoch_milliseconds
from quayside.kernel.ids import ConnectionId


class SlotAhead(Exception):
    """The next call's turn lies ahead.

    Attributes:
        operation: name of the call.
        slot_at: epoch milliseconds from which it may be made.
    """

    def __init__(self, operation: str, slot_at: int) -> None:
        super().__init__(f"{operation} has its turn at {slot_at}")
        self.operation = operation
        self.slot_at = slot_at


class CircuitOpen(SlotAhead):
    """Amazon fails at an operation, so it rests; nobody's fault, and no attempt.

    Whoever knows only ``SlotAhead`` waits until then, which is what is to be done.

    Attributes:
        operation: name of the call.
        retry_at_ms: epoch milliseconds from which it may be tried again.
    """

    def __init__(self, operation: str, retry_at_ms: int) -> None:
        super().__init__(operation, retry_at_ms)
        self.retry_at_ms = retry_at_ms


class CarriedSlot(NamedTuple):
    """A place in line that work brought back with it."""

    operation: str
    slot_at: int


class Turns(Protocol):
    """Gives calls their turn and learns from Amazon's answers."""

    def take(self, operation: Operation, connection_id: ConnectionId | None, region: Region | None = None) -> None:
        """Take the turn for one call that is made right away.

        Raises:
            SlotAhead: it is not yet.
            CircuitOpen: the operation rests in this region.
        """
        ...

    def answered(self, operation: Operation, region: Region, *, ok: bool) -> None:
        """Take note of whether Amazon answered a call, be it with a refusal."""
        ...

    def learn(self, operation: Operation, connection_id: ConnectionId | None, rate: Decimal) -> None:
        """Take note of the rate Amazon answered with."""
        ...

    def exhaust(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Take note that Amazon answered 429."""
        ...


class LedgerTurns:
    """The turns of one piece of work, from the shared ledger.

    Args:
        ledger: the buckets.
        clock: the time.
        carried: the place in line that the work brought back; it counts for the first call of that operation.
        backfill: whether the work only gets the backfill's share.
        circuits: which operations rest; None asks about none.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        *,
        carried: CarriedSlot | None = None,
        backfill: bool = False,
        circuits: Circuits | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._carried = carried
        self._backfill = backfill
        self._circuits = circuits

    def take(self, operation: Operation, connection_id: ConnectionId | None, region: Region | None = None) -> None:
        """Take the turn for one call; work that comes before its place in line goes back to it.

        Raises:
            SlotAhead: it is not yet.
            CircuitOpen: the operation rests in this region. What rests takes no token.
        """
        now = epoch_milliseconds(self._clock.now())
        circuits = self._circuits
        if circuits is not None and region is not None:
            self._go_on(operation, circuits.rests_until(operation.name, region))
        carried, waited = self._carried, False
        if carried is not None and carried.operation == operation.name:
            if carried.slot_at > now:
                raise SlotAhead(operation.name, carried.slot_at)
            self._carried, waited = None, True
        slot = self._ledger.reserve(operation, connection_id, backfill=self._backfill, waited=waited)
        if slot > now:
            raise SlotAhead(operation.name, slot)
        if circuits is not None and region is not None:
            self._go_on(operation, circuits.enter(operation.name, region))

    def answered(self, operation: Operation, region: Region, *, ok: bool) -> None:
        """Count a fault of Amazon, or end the count."""
        if self._circuits is not None:
            self._circuits.answered(operation.name, region, ok=ok)

    def learn(self, operation: Operation, connection_id: ConnectionId | None, rate: Decimal) -> None:
        """Keep the rate in the shared ledger."""
        self._ledger.learn(operation, connection_id, rate)

    def exhaust(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Empty the bucket in the shared ledger."""
        self._ledger.exhaust(operation, connection_id)

    def _go_on(self, operation: Operation, retry_at_ms: int | None) -> None:
        if retry_at_ms is not None:
            raise CircuitOpen(operation.name, retry_at_ms)
