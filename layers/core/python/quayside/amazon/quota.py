"""Quota arithmetic: the generic cell rate algorithm in whole milliseconds. Pure.

A bucket is one number, the *theoretical arrival time*: when the bucket would be full again. Reserving moves it by one
interval and yields the slot at which the call may be made. The algorithm is the virtual scheduling form of GCRA
(ITU-T I.371, annex A), which admits exactly what Amazon's token bucket of the same rate and burst admits.

A reserved slot is used a little late: a queue counts whole seconds and a worker takes its time. Slots that are all used
late at once would arrive as a burst, so the plan keeps a part of Amazon's burst back and turns it into *lateness*: n
late slots in a window w are at most ``planned burst + (w + lateness) / interval``, which is at most what Amazon
allows when ``planned burst + lateness / interval <= burst``. A slot that is later than that is lost and reserved anew.
"""

from decimal import Decimal
from math import ceil
from typing import Literal, NamedTuple

_MILLISECONDS = 1000


class Plan(NamedTuple):
    """How one bucket is used.

    Attributes:
        interval: milliseconds between two calls at the steady rate, rounded up.
        burst: calls that may follow one another at once, after Amazon's burst was reduced for lateness.
        lateness: milliseconds after its slot during which a call may still be made.
    """

    interval: int
    burst: int
    lateness: int


class Reservation(NamedTuple):
    """A slot and the bucket after it.

    Attributes:
        slot_at: epoch milliseconds from which the call may be made.
        arrival_at: the theoretical arrival time to store.
    """

    slot_at: int
    arrival_at: int


def interval_of(rate: Decimal) -> int:
    """Return the milliseconds between two calls at ``rate`` calls a second, rounded up: the rate is never passed.

    Raises:
        ValueError: the rate is not positive.
    """
    if not rate.is_finite() or rate <= 0:
        raise ValueError("A rate is a positive number of calls a second.")
    return max(1, ceil(_MILLISECONDS / rate))


def plan_of(interval: int, burst: int) -> Plan:
    """Return the plan for Amazon's interval (milliseconds) and burst: two thirds of the burst, the rest is lateness.

    With a burst of one there is nothing to keep back, so the interval is a quarter longer instead.

    Raises:
        ValueError: interval or burst is less than one.
    """
    if interval < 1 or burst < 1:
        raise ValueError("Interval and burst are at least one.")
    if burst == 1:
        lateness = ceil(interval / 4)
        return Plan(interval + lateness, 1, lateness)
    planned = max(1, burst * 2 // 3)
    return Plan(interval, planned, (burst - planned) * interval)


def backfill_of(plan: Plan) -> Plan:
    """Return the plan of a backfill in the same bucket: half the burst, so that urgent work always finds a slot.

    A backfill is a chain: it reserves one slot, uses it, and only then reserves the next. So it never holds the bucket
    further ahead than its own burst and one interval, and the other half of the burst stays with urgent work.
    """
    return plan._replace(burst=max(1, plan.burst // 2))


def reserve(arrival_at: int | None, now: int, plan: Plan) -> Reservation:
    """Reserve the next slot of a bucket.

    Args:
        arrival_at: the bucket's theoretical arrival time in epoch milliseconds, None for one never used.
        now: epoch milliseconds.
        plan: how the bucket is used.
    """
    after = max(now, now if arrival_at is None else arrival_at) + plan.interval
    return Reservation(slot_of(after, now, plan), after)


def slot_of(arrival_at: int, now: int, plan: Plan) -> int:
    """Return the slot that belongs to a bucket which was just moved to ``arrival_at``."""
    return max(now, arrival_at - plan.burst * plan.interval)


def exhausted(now: int, plan: Plan) -> int:
    """Return the arrival time of a bucket that Amazon says is empty: the next slot is one interval away."""
    return now + plan.burst * plan.interval


def rescaled(arrival_at: int, now: int, old_interval: int, new_interval: int) -> int:
    """Return the arrival time of a bucket whose rate changed: as many calls are outstanding as before, rounded up."""
    ahead = arrival_at - now
    return now if ahead <= 0 else now - (-ahead * new_interval // old_interval)


def standing(slot_at: int, now: int, plan: Plan) -> Literal["ahead", "due", "lost"]:
    """Return whether a reserved slot lies ahead, may be used now, or was missed by more than the plan's lateness."""
    if slot_at > now:
        return "ahead"
    return "due" if now - slot_at <= plan.lateness else "lost"
