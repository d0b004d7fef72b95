"""The quota ledger: buckets in Coordination that all functions share, moved by one conditional write each.

The write *is* the turn: nobody races for tokens, and no 429 follows. Which condition holds depends on where the bucket
stands; the first try goes by what this process saw last, and a failed condition brings the item back and tells better.
Whoever finds no token takes a place in the bucket's line (see ``quayside.amazon.quota``), which is another such write.

Where Amazon also limits the application as a whole, that bucket is asked only when the connection's own token is there,
and it is asked for now, never ahead: no connection holds what another could use. A call that it refuses gives its own
token back and waits in its own connection's line, so a connection with a thousand calls asks no more often than its own
rate lets it, and one with a single call stands behind nobody.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.amazon.operations import Operation
from quayside.amazon.quota import (
    Plan,
    Share,
    exhausted,
    interval_of,
    left,
    next_at,
    place_in_line,
    plan_of,
    rescaled,
    share_of,
    slowed,
    take,
)
from quayside.kernel.clock import Clock, epoch_milliseconds, format_instant
from quayside.kernel.ids import ConnectionId
from quayside.storage import keys
from quayside.storage.keys import Key
from quayside.storage.tables import CoordinationItem, Item, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

_KEPT_SECONDS = 30 * 86_400
_TRIES = 20
_REMEMBERED = 2048


class QuotaBucket(CoordinationItem):
    """One bucket; all instants are epoch milliseconds.

    Attributes:
        arrival_at: the theoretical arrival time.
        line_at: the last place in line that was given out.
        backfill_line_at: the same for backfills, which wait in a line of their own.
        interval: milliseconds between two calls, only when it differs from the operation table's.
        rate: the rate Amazon answered with.
        rate_at: when it did.
        throttled: how often Amazon answered 429.
    """

    KIND = "quota_bucket"

    arrival_at = NumberAttribute(null=True)
    line_at = NumberAttribute(null=True)
    backfill_line_at = NumberAttribute(null=True)
    interval = NumberAttribute(null=True)
    rate = UnicodeAttribute(null=True)
    rate_at = UnicodeAttribute(null=True)
    throttled = NumberAttribute(null=True)


class BucketContended(RuntimeError):
    """A bucket changed under every one of many tries: far more writers than a bucket can have."""


class Standing(NamedTuple):
    """How an operation's quota stands for one connection.

    Attributes:
        rate_per_second: calls a second at the steady rate.
        burst: calls that we make at once at most; a little less than Amazon's burst.
        left: how many of them are left now.
        next_slot_at_ms: when a call that is asked for now would be made, in epoch milliseconds.
        throttled: how often Amazon answered 429 since the bucket was last forgotten (30 days without a call).
        learned_at: when Amazon named the rate, ISO 8601; None when it is the operation table's.
    """

    rate_per_second: Decimal
    burst: int
    left: int
    next_slot_at_ms: int
    throttled: int
    learned_at: str | None


class _Bucket(NamedTuple):
    """A bucket's key and what the operation table says of it."""

    key: Key
    usual: int
    burst: int


class _Known:
    """What this process remembers of a bucket, to guess the right condition at the first try."""

    __slots__ = ("arrival_at", "backfill_line_at", "interval", "line_at", "rate")

    def __init__(self) -> None:
        self.arrival_at: int | None = None
        self.line_at: int | None = None
        self.backfill_line_at: int | None = None
        self.interval: int | None = None
        self.rate: str | None = None

    def learn(self, item: Item) -> None:
        self.arrival_at = _number(item, "arrival_at")
        self.line_at = _number(item, "line_at")
        self.backfill_line_at = _number(item, "backfill_line_at")
        self.interval = _number(item, "interval")
        self.rate = str(item["rate"]["S"]) if "rate" in item else None

    def plan(self, bucket: _Bucket) -> Plan:
        return plan_of(self.interval or bucket.usual, bucket.burst)

    def line(self, *, backfill: bool) -> int | None:
        return self.backfill_line_at if backfill else self.line_at

    def same_rate(self) -> "Condition":
        model = QuotaBucket
        return model.interval.does_not_exist() if self.interval is None else model.interval == self.interval


class Ledger:
    """Gives calls their turn and remembers rates, for one application.

    Args:
        application_id: Amazon's id of the application; the ledger never lends one application another's quota.
        clock: the time.
    """

    def __init__(self, application_id: str, clock: Clock) -> None:
        self._application_id = application_id
        self._clock = clock
        self._known: dict[Key, _Known] = {}

    def reserve(
        self, operation: Operation, connection_id: ConnectionId | None, *, backfill: bool = False, waited: bool = False
    ) -> int:
        """Take the turn for a call that is made now, or a place in line.

        The bucket of the (application, connection) pair decides, and where Amazon also limits the application as a
        whole, that bucket too. A grantless operation has the application's bucket only.

        Args:
            operation: which call.
            connection_id: for which connection; None for a grantless operation.
            backfill: take a token only from the backfill's share of the burst, and wait behind everybody else.
            waited: whether the call comes back at its place in line; one that doesn't stands behind those who wait.

        Returns:
            An instant in epoch milliseconds. Not in the future: the turn is taken, call now. In the future: the place
            in line; nothing is reserved, ask again then.
        """
        now = self._now()
        pair = self._pair(operation, connection_id)
        whole = self._whole(operation, connection_id)
        if whole is not None:
            # What we saw last of a bucket can only have become less: then its owner is not even asked.
            free_at = self._free_at(whole, now, self._application_share(pair, now, 0, backfill=backfill))
            if free_at > now:
                return max(free_at, self._line_up(pair, now, backfill=backfill))
        slot = self._take(pair, now, backfill=backfill, waited=waited)
        if whole is None or slot > now:
            return slot
        free_at = self._take_whole(whole, now, self._application_share(pair, now, 1, backfill=backfill))
        if free_at <= now:
            return slot
        return max(free_at, self._line_up(pair, now, backfill=backfill, give_back=True))

    def plan(self, operation: Operation, connection_id: ConnectionId | None) -> Plan:
        """Return the plan of the pair's bucket by the rate known now."""
        pair = self._pair(operation, connection_id)
        return self._remember(pair.key).plan(pair)

    def learn(self, operation: Operation, connection_id: ConnectionId | None, rate: Decimal) -> bool:
        """Keep the rate Amazon answered with, and when; return whether it was news.

        It costs a write only when it differs from what is known. The calls already made stay counted, in the new
        interval: a bucket that was filled at a slow rate would otherwise hold a faster one up for hours.
        """
        pair = self._pair(operation, connection_id)
        known = self._remember(pair.key)
        interval = interval_of(rate)
        model = QuotaBucket
        for _ in range(_TRIES):
            before = known.interval or pair.usual
            if interval == before:
                return False
            now = self._clock.now()
            at = epoch_milliseconds(now)
            actions: list[Action] = [
                model.interval.set(interval),
                model.rate.set(str(rate)),
                model.rate_at.set(format_instant(now)),
                model.expires_at.set(at // 1000 + _KEPT_SECONDS),
            ]
            for attribute, instant in (
                (model.arrival_at, known.arrival_at),
                (model.line_at, known.line_at),
                (model.backfill_line_at, known.backfill_line_at),
            ):
                if instant is not None:
                    actions.append(attribute.set(rescaled(instant, at, before, interval)))
            here = known.arrival_at
            unmoved = model.arrival_at.does_not_exist() if here is None else model.arrival_at == here
            written = write(
                model, pair.key, actions, unmoved & known.same_rate(), source="amazon:x-amzn-RateLimit-Limit"
            )
            known.learn(written.item)
            if written.applied:
                return True
        raise _contended(pair)

    def exhaust(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Take note that Amazon answered 429: the bucket is empty, whatever the ledger thought.

        It is counted, and the interval grows by a quarter until Amazon's next answer names the rate. Which of two
        buckets was empty Amazon does not say, so the application's is emptied too; its rate Amazon never names, so it
        stays as it is.
        """
        pair = self._pair(operation, connection_id)
        self._empty(pair, slower=True)
        whole = self._whole(operation, connection_id)
        if whole is not None:
            self._empty(whole, slower=False)

    def standing(self, operation: Operation, connection_id: ConnectionId | None) -> Standing:
        """Return how an operation's quota stands for a connection, or for the application as a whole; one read."""
        pair = self._pair(operation, connection_id)
        return _standing(pair, QuotaBucket.find(pair.key, consistent=False), self._clock.now())

    def standings(self, pairs: Iterable[tuple[Operation, ConnectionId | None]]) -> list[Standing]:
        """Return how quotas stand, in the order asked for; one read for a hundred of them."""
        buckets = [self._pair(operation, connection_id) for operation, connection_id in pairs]
        wanted = dict.fromkeys((each.key.pk, each.key.sk) for each in buckets)
        found: Mapping[tuple[str, str], QuotaBucket] = (
            {(item.pk, item.sk): item for item in QuotaBucket.batch_get(list(wanted))} if wanted else {}
        )
        now = self._clock.now()
        return [_standing(each, found.get((each.key.pk, each.key.sk)), now) for each in buckets]

    # -- Buckets ------------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return epoch_milliseconds(self._clock.now())

    def _pair(self, operation: Operation, connection_id: ConnectionId | None) -> _Bucket:
        if connection_id is None and (whole := self._application(operation)) is not None:
            return whole
        holder = None if operation.grantless_scope else connection_id
        key = keys.quota_bucket(self._application_id, holder, operation.name)
        return _Bucket(key, interval_of(operation.rate), operation.burst)

    def _whole(self, operation: Operation, connection_id: ConnectionId | None) -> _Bucket | None:
        """Return the bucket of the application as a whole, where there is one besides the pair's."""
        return None if connection_id is None else self._application(operation)

    def _application(self, operation: Operation) -> _Bucket | None:
        if operation.grantless_scope or operation.application_rate is None:
            return None
        key = keys.quota_bucket(self._application_id, None, operation.name)
        return _Bucket(key, interval_of(operation.application_rate), max(1, operation.application_burst))

    def _remember(self, key: Key) -> _Known:
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = _Known()
        return known

    # -- Taking -------------------------------------------------------------------------------------------------------

    def _take(self, bucket: _Bucket, now: int, *, backfill: bool, waited: bool) -> int:
        """Take a token of a bucket, in turn, or a place in its line; return the instant of either."""
        known = self._remember(bucket.key)
        model = QuotaBucket
        for _ in range(_TRIES):
            line = known.line(backfill=backfill)
            if not waited and line is not None and line > now:
                break
            plan = known.plan(bucket)
            if backfill and known.line_at is not None and known.line_at + plan.interval > now:
                break
            share = share_of(plan, "backfill" if backfill else "whole")
            if take(known.arrival_at, now, share) is None:
                break
            conditions: list[Condition] = []
            if not waited:
                waiting = model.backfill_line_at if backfill else model.line_at
                conditions.append(waiting.does_not_exist() | (waiting <= now))
            if backfill:
                conditions.append(model.line_at.does_not_exist() | (model.line_at <= now - plan.interval))
            if self._move(bucket, known, now, share, conditions):
                return now
        else:
            raise _contended(bucket)
        return self._line_up(bucket, now, backfill=backfill)

    def _take_whole(self, bucket: _Bucket, now: int, share: Share) -> int:
        """Take a token of the application's bucket: now, or not at all. Return from when there is one."""
        known = self._remember(bucket.key)
        for _ in range(_TRIES):
            free_at = self._free_at(bucket, now, share)
            if free_at > now or self._move(bucket, known, now, share_of(known.plan(bucket), share), ()):
                return free_at
        raise _contended(bucket)

    def _free_at(self, bucket: _Bucket, now: int, share: Share) -> int:
        known = self._remember(bucket.key)
        return next_at(known.arrival_at, now, share_of(known.plan(bucket), share))

    def _application_share(self, pair: _Bucket, now: int, taken: int, *, backfill: bool) -> Share:
        """Return how much of the application's burst a connection may take, by what it did and has still to do.

        Args:
            pair: the connection's own bucket.
            now: epoch milliseconds.
            taken: tokens of it that were taken for this very call.
            backfill: whether this is a backfill.
        """
        if backfill:
            return "backfill"
        known = self._remember(pair.key)
        plan = known.plan(pair)
        used = (known.arrival_at or now) - taken * plan.interval - now
        waiting = known.line_at is not None and known.line_at > now
        return "busy" if waiting or 2 * used > plan.burst * plan.interval else "whole"

    def _move(self, bucket: _Bucket, known: _Known, now: int, share: Plan, conditions: "Sequence[Condition]") -> bool:
        """Move a bucket by one token, if it still stands where the process thinks it does, and learn where it is."""
        model = QuotaBucket
        expires = model.expires_at.set(now // 1000 + _KEPT_SECONDS)
        condition = known.same_rate()
        actions: list[Action]
        if known.arrival_at is not None and known.arrival_at >= now:
            latest = now + (share.burst - 1) * share.interval
            actions = [model.arrival_at.add(share.interval), expires]
            condition &= model.arrival_at.between(now, latest)
        else:
            actions = [model.arrival_at.set(now + share.interval), expires]
            condition &= model.arrival_at.does_not_exist() | (model.arrival_at < now)
        for each in conditions:
            condition &= each
        written = write(model, bucket.key, actions, condition)
        known.learn(written.item)
        return written.applied

    def _line_up(self, bucket: _Bucket, now: int, *, backfill: bool, give_back: bool = False) -> int:
        """Take a place in line and return when to come back.

        Args:
            bucket: whose line.
            now: epoch milliseconds.
            backfill: whether it is the backfills' line.
            give_back: whether the token taken a moment ago was not used. It is given back unless others came in
                between: then their tokens were counted on top of it.
        """
        known = self._remember(bucket.key)
        model = QuotaBucket
        attribute = model.backfill_line_at if backfill else model.line_at
        for _ in range(_TRIES):
            plan = known.plan(bucket)
            share = share_of(plan, "backfill" if backfill else "whole")
            back = plan.interval if give_back and known.arrival_at is not None else 0
            here = None if known.arrival_at is None else known.arrival_at - back
            earliest = next_at(here, now, share)
            if backfill and known.line_at is not None:
                earliest = max(earliest, known.line_at + plan.interval)
            last = known.line(backfill=backfill)
            place = place_in_line(last, earliest, plan)
            actions: list[Action] = [model.expires_at.set(now // 1000 + _KEPT_SECONDS)]
            condition = known.same_rate()
            if place > earliest:
                actions.append(attribute.add(plan.interval))
                condition &= attribute >= earliest - plan.interval
            else:
                actions.append(attribute.set(earliest))
                condition &= attribute.does_not_exist() | (attribute <= earliest - plan.interval)
            if back:
                actions.append(model.arrival_at.add(-back))
                condition &= model.arrival_at == known.arrival_at
            before = known.arrival_at
            written = write(model, bucket.key, actions, condition)
            known.learn(written.item)
            if written.applied:
                return known.line(backfill=backfill) or earliest
            give_back = give_back and known.arrival_at == before
        raise _contended(bucket)

    def _empty(self, bucket: _Bucket, *, slower: bool) -> None:
        known = self._remember(bucket.key)
        model = QuotaBucket
        for _ in range(_TRIES):
            now = self._now()
            interval = known.interval or bucket.usual
            usual = interval_of(Decimal(known.rate)) if known.rate else bucket.usual
            following = slowed(interval, usual) if slower else interval
            until = max(known.arrival_at or 0, exhausted(now, plan_of(following, bucket.burst)))
            actions: list[Action] = [
                model.arrival_at.set(until),
                model.throttled.add(1),
                model.expires_at.set(now // 1000 + _KEPT_SECONDS),
            ]
            if slower:
                actions.append(model.interval.set(following))
            reached = model.arrival_at.does_not_exist() | (model.arrival_at <= until)
            written = write(model, bucket.key, actions, reached & known.same_rate(), source="amazon:429")
            known.learn(written.item)
            if written.applied:
                return
        raise _contended(bucket)


def _standing(bucket: _Bucket, found: QuotaBucket | None, now: datetime) -> Standing:
    at = epoch_milliseconds(now)
    if found is None or found.expired(now):
        plan = plan_of(bucket.usual, bucket.burst)
        return Standing(_rate(bucket.usual), plan.burst, plan.burst, at, 0, None)
    interval = int(found.interval or bucket.usual)
    plan = plan_of(interval, bucket.burst)
    stored: float | None = found.arrival_at
    arrival_at = None if stored is None else int(stored)
    line: float | None = found.line_at
    behind = None if line is None or line <= at else int(line)
    named: str | None = found.rate
    # After a 429 the interval is longer than the rate Amazon named; what counts is how often we call.
    rate = Decimal(named) if named and interval_of(Decimal(named)) == interval else _rate(interval)
    return Standing(
        rate,
        plan.burst,
        left(arrival_at, at, plan),
        place_in_line(behind, next_at(arrival_at, at, plan), plan),
        int(found.throttled or 0),
        found.rate_at,
    )


def _rate(interval: int) -> Decimal:
    """Return calls a second with four significant digits, as Amazon's tables have them at most."""
    return Decimal(f"{1000 / interval:.4g}")


def _number(item: Item, name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None


def _contended(bucket: _Bucket) -> BucketContended:
    return BucketContended(f"The bucket {bucket.key.pk} could not be moved in {_TRIES} tries.")
