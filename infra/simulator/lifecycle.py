"""The life of an order as a state machine: which moves are legal, when they happen, and what Amazon calls the state."""

import random
from enum import IntEnum

from infra.simulator.clock import DAY, HOUR, MINUTE, SECOND


class State(IntEnum):
    """Where an order is. DELIVERED, REFUNDED and RETURNED are still SHIPPED to Amazon's Orders API."""

    PENDING = 0
    UNSHIPPED = 1
    PARTIALLY_SHIPPED = 2
    SHIPPED = 3
    DELIVERED = 4
    REFUNDED = 5
    RETURNED = 6
    CANCELLED = 7


LEGAL_MOVES: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.UNSHIPPED, State.CANCELLED}),
    State.UNSHIPPED: frozenset({State.PARTIALLY_SHIPPED, State.SHIPPED, State.CANCELLED}),
    State.PARTIALLY_SHIPPED: frozenset({State.SHIPPED}),
    State.SHIPPED: frozenset({State.DELIVERED, State.REFUNDED}),
    State.DELIVERED: frozenset({State.REFUNDED}),
    State.REFUNDED: frozenset({State.RETURNED}),
    State.RETURNED: frozenset(),
    State.CANCELLED: frozenset(),
}
NEXT: dict[State, State] = {
    State.PENDING: State.UNSHIPPED,
    State.UNSHIPPED: State.SHIPPED,
    State.PARTIALLY_SHIPPED: State.SHIPPED,
    State.SHIPPED: State.DELIVERED,
    State.DELIVERED: State.REFUNDED,
    State.REFUNDED: State.RETURNED,
}
FULFILLMENT_STATUS: dict[State, str] = {
    State.PENDING: "PENDING",
    State.UNSHIPPED: "UNSHIPPED",
    State.PARTIALLY_SHIPPED: "PARTIALLY_SHIPPED",
    State.SHIPPED: "SHIPPED",
    State.DELIVERED: "SHIPPED",
    State.REFUNDED: "SHIPPED",
    State.RETURNED: "SHIPPED",
    State.CANCELLED: "CANCELLED",
}
NOTIFICATION_STATUS: dict[str, str] = {
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
}
SHIPPED_STATES = frozenset({State.SHIPPED, State.DELIVERED, State.REFUNDED, State.RETURNED})

_CANCELLED_WHILE_PENDING = 0.02
_CANCELLED_WHILE_UNSHIPPED = 0.015
_QUICKLY_AUTHORISED = 0.6
_PARTLY_SHIPPED = 0.3
_REFUNDED = 0.035
_RETURNED_AFTER_REFUND = 0.7


def plan(
    chance: random.Random, created_ms: int, *, by_amazon: bool, lines: int, may_fail: bool = True
) -> list[tuple[int, State]]:
    """Return what will happen to an order placed at ``created_ms``: instants (whole seconds) and states, in order.

    ``may_fail=False`` leaves out cancellation and refund, for orders whose real outcome is known.
    """
    moves: list[tuple[int, State]] = []
    roll = chance.random
    pending = SECOND * chance.randint(20, 120) if roll() < _QUICKLY_AUTHORISED else MINUTE * chance.randint(5, 35)
    at = created_ms + pending
    outcome = roll()
    if may_fail and outcome < _CANCELLED_WHILE_PENDING:
        return [(at, State.CANCELLED)]
    moves.append((at, State.UNSHIPPED))
    if may_fail and outcome < _CANCELLED_WHILE_PENDING + _CANCELLED_WHILE_UNSHIPPED:
        moves.append((at + MINUTE * chance.randint(10, 180), State.CANCELLED))
        return moves
    at += MINUTE * (chance.randint(180, 1800) if by_amazon else chance.randint(360, 2160))
    if lines > 1 and roll() < _PARTLY_SHIPPED:
        moves.append((at, State.PARTIALLY_SHIPPED))
        at += MINUTE * chance.randint(60, 900)
    moves.append((at, State.SHIPPED))
    at += HOUR * chance.randint(20, 110)
    moves.append((at, State.DELIVERED))
    if may_fail and roll() < _REFUNDED:
        at += DAY * chance.randint(2, 20) + MINUTE * chance.randint(0, 600)
        moves.append((at, State.REFUNDED))
        if roll() < _RETURNED_AFTER_REFUND:
            moves.append((at + DAY * chance.randint(3, 12), State.RETURNED))
    return moves
