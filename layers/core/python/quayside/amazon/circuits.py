"""The circuits in Coordination, shared by all functions.

Healthy operations cost one read in ten seconds and process, and no write. Written is only when Amazon fails, when a
probe goes out, and at the first success after a fault.
"""

from pynamodb.attributes import NumberAttribute

from quayside.amazon.circuit import CLOSED, Circuit, after_fault, probing, state_of
from quayside.amazon.marketplaces import Region
from quayside.kernel.clock import Clock, epoch_milliseconds
from quayside.storage import keys
from quayside.storage.tables import CoordinationItem, Item, write

REMEMBERED = 10_000
"""Milliseconds for which a process goes by what it last read or wrote."""
_KEPT_SECONDS = 86_400
_TRIES = 5


class CircuitRecord(CoordinationItem):
    """One circuit as it is stored; instants and pauses in milliseconds."""

    KIND = "circuit"

    faults = NumberAttribute(default=0)
    fault_at = NumberAttribute(default=0)
    pause = NumberAttribute(default=0)
    retry_at = NumberAttribute(default=0)


class _Known:
    """What this process remembers of a circuit."""

    __slots__ = ("circuit", "probe", "read_at")

    def __init__(self, circuit: Circuit, read_at: int) -> None:
        self.circuit = circuit
        self.read_at = read_at
        self.probe = False


class Circuits:
    """Says which operations rest because Amazon fails at them, for one application.

    Args:
        application_id: Amazon's id of the application.
        clock: the time.
    """

    def __init__(self, application_id: str, clock: Clock) -> None:
        self._application_id = application_id
        self._clock = clock
        self._known: dict[tuple[str, Region], _Known] = {}

    def rests_until(self, operation: str, region: Region) -> int | None:
        """Return until when an operation rests, in epoch milliseconds; None when a call may go, be it as the probe."""
        now = epoch_milliseconds(self._clock.now())
        circuit = self._remember(operation, region, now).circuit
        return circuit.retry_at if state_of(circuit, now) == "open" else None

    def enter(self, operation: str, region: Region) -> int | None:
        """Ask once more right before the call; of all who find a circuit half open, one goes as the probe.

        Returns:
            None when the call may go, otherwise until when the operation rests.
        """
        now = epoch_milliseconds(self._clock.now())
        known = self._remember(operation, region, now)
        for _ in range(_TRIES):
            state = state_of(known.circuit, now)
            if state == "closed":
                return None
            if state == "open":
                return known.circuit.retry_at
            if self._move(operation, region, known, probing(known.circuit, now), now):
                known.probe = True
                return None
        return now + known.circuit.pause

    def answered(self, operation: str, region: Region, *, ok: bool) -> None:
        """Take note of how a call ended.

        Args:
            operation: which call.
            region: in which region.
            ok: whether Amazon answered, be it with a refusal; not whether we liked the answer.
        """
        now = epoch_milliseconds(self._clock.now())
        known = self._remember(operation, region, now)
        for _ in range(_TRIES):
            if ok and known.circuit == CLOSED:
                break
            following = CLOSED if ok else after_fault(known.circuit, now, probe=known.probe)
            if self._move(operation, region, known, following, now):
                break
        # Not counted in five tries means that others count at the same time: the circuit opens without this one.
        known.probe = False

    def _remember(self, operation: str, region: Region, now: int) -> _Known:
        known = self._known.get((operation, region))
        if known is None:
            known = self._known[operation, region] = _Known(CLOSED, now - REMEMBERED)
        if now - known.read_at >= REMEMBERED:
            found = CircuitRecord.find(keys.circuit(self._application_id, region, operation))
            known.circuit = CLOSED if found is None or found.expired(self._clock.now()) else _circuit_of(found)
            known.read_at = now
        return known

    def _move(self, operation: str, region: Region, known: _Known, following: Circuit, now: int) -> bool:
        """Write where a circuit goes from where we know it to be; learn where it is when somebody was faster."""
        model, before = CircuitRecord, known.circuit
        unmoved = (model.faults == before.faults) & (model.retry_at == before.retry_at)
        if before == CLOSED:
            unmoved |= model.pk.does_not_exist()
        written = write(
            model,
            keys.circuit(self._application_id, region, operation),
            [
                model.faults.set(following.faults),
                model.fault_at.set(following.fault_at),
                model.pause.set(following.pause),
                model.retry_at.set(following.retry_at),
                model.expires_at.set(now // 1000 + _KEPT_SECONDS),
            ],
            unmoved,
        )
        known.circuit, known.read_at = _circuit_in(written.item), now
        return written.applied


def _circuit_of(record: CircuitRecord) -> Circuit:
    return Circuit(int(record.faults), int(record.fault_at), int(record.pause), int(record.retry_at))


def _circuit_in(item: Item) -> Circuit:
    """Read a circuit from the raw item; one that was deleted meanwhile is closed."""
    return Circuit(*(int(item[name]["N"]) if name in item else 0 for name in Circuit._fields))
