"""Whose turn it is: the quota slots of one piece of work.

Work that finds its slot ahead does not wait in a function; ``SlotAhead`` carries the reservation out, and the same work
comes back with it later.
"""

from decimal import Decimal
from typing import NamedTuple, Protocol

from quayside.amazon.ledger import Ledger
from quayside.amazon.operations import Operation
from quayside.amazon.quota import standing
from quayside.kernel.clock import Clock, epoch_milliseconds
from quayside.kernel.ids import ConnectionId


class SlotAhead(Exception):
    """The next call's slot lies ahead.

    Attributes:
        operation: name of the call.
        slot_at: epoch milliseconds from which it may be made.
    """

    def __init__(self, operation: str, slot_at: int) -> None:
        super().__init__(f"{operation} has its turn at {slot_at}")
        self.operation = operation
        self.slot_at = slot_at


class CarriedSlot(NamedTuple):
    """A reservation that work brought back with it."""

    operation: str
    slot_at: int


class Turns(Protocol):
    """Gives calls their turn and learns from Amazon's answers."""

    def take(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Take the turn for one call.

        Raises:
            SlotAhead: it is not yet.
        """
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
        carried: the reservation the work brought back; used for the first call of that operation.
        backfill: whether the work only gets the backfill's share.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, *, carried: CarriedSlot | None = None, backfill: bool = False
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._carried = carried
        self._backfill = backfill

    def take(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Take the turn for one call, with the carried reservation when it is for this operation and not lost.

        Raises:
            SlotAhead: it is not yet.
        """
        now = epoch_milliseconds(self._clock.now())
        carried = self._carried
        if carried is not None and carried.operation == operation.name:
            self._carried = None
            state = standing(carried.slot_at, now, self._ledger.plan(operation, connection_id))
            if state == "due":
                return
            if state == "ahead":
                raise SlotAhead(operation.name, carried.slot_at)
        slot = self._ledger.reserve(operation, connection_id, backfill=self._backfill)
        if slot > now:
            raise SlotAhead(operation.name, slot)

    def learn(self, operation: Operation, connection_id: ConnectionId | None, rate: Decimal) -> None:
        """Keep the rate in the shared ledger."""
        self._ledger.learn(operation, connection_id, rate)

    def exhaust(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Empty the bucket in the shared ledger."""
        self._ledger.exhaust(operation, connection_id)
