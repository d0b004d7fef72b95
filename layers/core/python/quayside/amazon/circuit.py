"""When to stop asking Amazon: a circuit for each operation of a region. Pure.

Five faults of Amazon in a row open it. While it is open nothing is sent; then one call, the probe, goes through. When
it fails the circuit stays open twice as long as before, when it succeeds everything goes on. What Amazon refuses for
our sake or the seller's, and a 429, are answers and no faults.
"""

from typing import Literal, NamedTuple

OPENS_AFTER = 5
FIRST_PAUSE = 30_000
"""Milliseconds from the opening to the first probe."""
LONGEST_PAUSE = 900_000
"""The longest time between two probes."""
FORGOTTEN_AFTER = 600_000
"""Faults further apart are not in a row: between them lies silence, of which nothing can be said."""

State = Literal["closed", "open", "half_open"]


class Circuit(NamedTuple):
    """Where one circuit stands; instants are epoch milliseconds.

    Attributes:
        faults: faults in a row.
        fault_at: when the last was.
        pause: milliseconds between the last opening and its probe, 0 while closed.
        retry_at: from when a probe may go, 0 while closed.
    """

    faults: int = 0
    fault_at: int = 0
    pause: int = 0
    retry_at: int = 0


CLOSED = Circuit()


def state_of(circuit: Circuit, now: int) -> State:
    """Return whether calls may go (closed), may not (open), or one may go to see (half open)."""
    if not circuit.pause:
        return "closed"
    return "open" if now < circuit.retry_at else "half_open"


def after_fault(circuit: Circuit, now: int, *, probe: bool) -> Circuit:
    """Return the circuit after one more fault.

    Args:
        circuit: the circuit before.
        now: when Amazon failed.
        probe: whether the call was the probe; of the others, those that were under way when the circuit opened say
            nothing new.
    """
    if circuit.pause:
        if not probe:
            return circuit._replace(faults=circuit.faults + 1, fault_at=now)
        pause = min(2 * circuit.pause, LONGEST_PAUSE)
        return Circuit(circuit.faults + 1, now, pause, now + pause)
    faults = 1 if now - circuit.fault_at > FORGOTTEN_AFTER else circuit.faults + 1
    if faults < OPENS_AFTER:
        return Circuit(faults, now)
    return Circuit(faults, now, FIRST_PAUSE, now + FIRST_PAUSE)


def probing(circuit: Circuit, now: int) -> Circuit:
    """Return the circuit whose probe is under way: for the others it is open until another may try."""
    return circuit._replace(retry_at=now + circuit.pause)
