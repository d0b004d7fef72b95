"""Quota arithmetic: the generic cell rate algorithm in whole milliseconds. Pure.

A bucket is one number, the *theoretical arrival time*: when the bucket would be full again. A call moves it by one
interval, and is refused when that would carry it further ahead of now than the burst. This is the virtual scheduling
form of GCRA (ITU-T I.371, annex A), which admits exactly what a token bucket of the same rate and burst admits.

**Why no 429 follows.** A call is counted when its token is taken and reaches Amazon a little later: an access token
has to be fetched, a connection opened, and clocks differ. Calls that are all late by different times may arrive closer
together than they were taken. So the plan keeps a part of Amazon's burst back and turns it into *lateness*: tokens
taken in a window of w are at most ``planned burst + w / interval``; calls that arrive in a window of w were taken in
one of ``w + lateness``, so they are at most ``planned burst + (w + lateness) / interval``. Amazon admits
``burst + w / interval``, which is no less when ``planned burst + lateness / interval <= burst``. With a burst of one
there is nothing to keep back; then two calls are taken ``interval + lateness`` apart and arrive an interval apart.

**Who waits.** A call that finds no token takes a *place in line*: a second number, moved by one interval for each who
waits, that spreads the waiting over the instants at which tokens will be there. A place holds no token. So a line of a
thousand does not stand between urgent work and the next token, and whoever comes late to its place loses nothing.

**Shares.** Not everybody may take the last token. A backfill leaves half of the burst, so that urgent work always finds
a token while it runs. In a bucket that all connections share, a connection with work waiting (or with half of its own
burst used) leaves a quarter of the burst to those with little to do.
"""

from decimal import Decimal
from math import ceil
from typing import Literal, NamedTuple

_MILLISECONDS = 1000
LATENESS = 10_000
"""Milliseconds a call may reach Amazon after its token was taken; the plan reaches it where the burst allows."""
_SLOWEST = 4
"""After 429s the interval grows to so many times the usual one at most."""

Share = Literal["whole", "busy", "backfill"]
"""Which part of a burst may be taken: all of it, three quarters or half."""

_PARTS: dict[Share, tuple[int, int]] = {"whole": (1, 1), "busy": (3, 4), "backfill": (1, 2)}


class Plan(NamedTuple):
    """How one bucket is used.

    Attributes:
        interval: milliseconds between two calls at the steady rate, rounded up.
        burst: calls that may follow one another at once, after Amazon's burst was reduced for lateness.
        lateness: milliseconds after its token was taken within which a call may reach Amazon.
    """

    interval: int
    burst: int
    lateness: int


def interval_of(rate: Decimal) -> int:
    """Return the milliseconds between two calls at ``rate`` calls a second, rounded up: the rate is never passed.

    Raises:
        ValueError: the rate is not positive.
    """
    if not rate.is_finite() or rate <= 0:
        raise ValueError("A rate is a positive number of calls a second.")
    return max(1, ceil(_MILLISECONDS / rate))


def plan_of(interval: int, burst: int) -> Plan:
    """Return the plan for Amazon's interval (milliseconds) and burst.

    Of the burst as much is kept back as ``LATENESS`` asks for, but never more than a third. With a burst of one the
    interval is a quarter longer instead, by ``LATENESS`` at most.

    Raises:
        ValueError: interval or burst is less than one.
    """
    if interval < 1 or burst < 1:
        raise ValueError("Interval and burst are at least one.")
    if burst == 1:
        lateness = min(ceil(interval / 4), LATENESS)
        return Plan(interval + lateness, 1, lateness)
    planned = max(1, burst * 2 // 3, burst - ceil(LATENESS / interval))
    return Plan(interval, planned, (burst - planned) * interval)


def share_of(plan: Plan, share: Share) -> Plan:
    """Return the plan for work that may take only a part of the burst; at least one token, or it would never run."""
    part, whole = _PARTS[share]
    return plan._replace(burst=max(1, plan.burst * part // whole))


def take(arrival_at: int | None, now: int, plan: Plan) -> int | None:
    """Take a token.

    Args:
        arrival_at: the bucket's theoretical arrival time in epoch milliseconds, None for one never used.
        now: epoch milliseconds.
        plan: how the bucket is used.

    Returns:
        The arrival time to store, None when there is no token for this plan.
    """
    after = max(now, now if arrival_at is None else arrival_at) + plan.interval
    return after if after <= now + plan.burst * plan.interval else None


def next_at(arrival_at: int | None, now: int, plan: Plan) -> int:
    """Return the first instant, not before ``now``, at which ``take`` finds a token."""
    return now if arrival_at is None else max(now, arrival_at - (plan.burst - 1) * plan.interval)


def place_in_line(line_at: int | None, earliest: int, plan: Plan) -> int:
    """Return the instant to come back at: an interval after the last who waits, and not before ``earliest``."""
    return earliest if line_at is None else max(earliest, line_at + plan.interval)


def left(arrival_at: int | None, now: int, plan: Plan) -> int:
    """Return how many tokens the plan has left."""
    used = 0 if arrival_at is None else max(0, arrival_at - now)
    return max(0, (plan.burst * plan.interval - used) // plan.interval)


def exhausted(now: int, plan: Plan) -> int:
    """Return the arrival time of a bucket that Amazon says is empty: the next token is one interval away."""
    return now + plan.burst * plan.interval


def slowed(interval: int, usual: int) -> int:
    """Return the interval after a 429: a quarter longer, at most four times the usual one."""
    return max(interval, min(ceil(interval * 5 / 4), _SLOWEST * usual))


def rescaled(arrival_at: int, now: int, old_interval: int, new_interval: int) -> int:
    """Return the arrival time of a bucket whose rate changed: as many calls are outstanding as before, rounded up."""
    ahead = arrival_at - now
    return now if ahead <= 0 else now - (-ahead * new_interval // old_interval)
