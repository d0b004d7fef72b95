"""The quota ledger: buckets in Coordination that all functions share, moved by one conditional write each.

A bucket that is busy moves by one interval; one that is idle starts again from now. Which of the two it is decides the
condition of the write, so the first try is a guess and a failed condition brings the item back and tells better. The
write *is* the reservation: nobody races for tokens, and no 429 follows.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.amazon.operations import Operation
from quayside.amazon.quota import Plan, backfill_of, exhausted, interval_of, plan_of, rescaled, slot_of
from quayside.kernel.clock import Clock, epoch_milliseconds, format_instant
from quayside.kernel.ids import ConnectionId
from quayside.storage import keys
from quayside.storage.keys import Key
from quayside.storage.tables import CoordinationItem, Item, write

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

_KEPT_SECONDS = 30 * 86_400
_TRIES = 20
_REMEMBERED = 2048


class QuotaBucket(CoordinationItem):
    """One bucket. ``interval`` is there only when Amazon's answers gave another rate than the operation table."""

    KIND = "quota_bucket"

    arrival_at = NumberAttribute()
    interval = NumberAttribute(null=True)
    rate = UnicodeAttribute(null=True)
    rate_at = UnicodeAttribute(null=True)


class BucketContended(RuntimeError):
    """A bucket changed under every one of many tries: far more writers than a bucket can have."""


class _Known:
    """What this process remembers of a bucket, to guess the right condition at the first try."""

    __slots__ = ("arrival_at", "interval")

    def __init__(self) -> None:
        self.arrival_at = 0
        self.interval: int | None = None

    def learn(self, item: Item) -> None:
        self.arrival_at = int(item["arrival_at"]["N"]) if "arrival_at" in item else 0
        self.interval = int(item["interval"]["N"]) if "interval" in item else None


class Ledger:
    """Reserves slots and remembers rates, for one application.

    Args:
        application_id: Amazon's id of the application; the ledger never lends one application another's quota.
        clock: the time.
    """

    def __init__(self, application_id: str, clock: Clock) -> None:
        self._application_id = application_id
        self._clock = clock
        self._known: dict[Key, _Known] = {}

    def reserve(self, operation: Operation, connection_id: ConnectionId | None, *, backfill: bool = False) -> int:
        """Reserve the next slot for a call and return it in epoch milliseconds.

        The bucket of the (application, connection) pair decides, and where Amazon also limits the application as a
        whole, that bucket too: the later slot counts. A grantless operation has the application's bucket only.

        Args:
            operation: which call.
            connection_id: for which connection; None for a grantless operation.
            backfill: take a slot only from the backfill's share of the burst.
        """
        slot = self._take(self._key(operation, connection_id), interval_of(operation.rate), operation.burst, backfill)
        if connection_id is not None and operation.application_rate is not None:
            key = self._key(operation, None)
            whole = self._take(key, interval_of(operation.application_rate), operation.application_burst, backfill)
            slot = max(slot, whole)
        return slot

    def plan(self, operation: Operation, connection_id: ConnectionId | None) -> Plan:
        """Return the plan of the pair's bucket by the rate known now."""
        known = self._known.get(self._key(operation, connection_id))
        interval = known.interval if known and known.interval else interval_of(operation.rate)
        return plan_of(interval, operation.burst)

    def learn(self, operation: Operation, connection_id: ConnectionId | None, rate: Decimal) -> bool:
        """Keep the rate Amazon answered with, and when; return whether it was news.

        It costs a write only when it differs from what is known. The calls already reserved stay reserved, counted in
        the new interval: a bucket that was filled at a slow rate would otherwise hold a faster one up for hours.
        """
        key = self._key(operation, connection_id)
        known = self._remember(key)
        interval = interval_of(rate)
        if interval == (known.interval or interval_of(operation.rate)):
            return False
        model = QuotaBucket
        for _ in range(_TRIES):
            now = self._clock.now()
            at = epoch_milliseconds(now)
            arrival_at = rescaled(known.arrival_at, at, known.interval or interval_of(operation.rate), interval)
            unmoved = model.arrival_at == known.arrival_at if known.arrival_at else model.arrival_at.does_not_exist()
            written = write(
                model,
                key,
                [
                    model.interval.set(interval),
                    model.rate.set(str(rate)),
                    model.rate_at.set(format_instant(now)),
                    model.arrival_at.set(arrival_at),
                    model.expires_at.set(at // 1000 + _KEPT_SECONDS),
                ],
                unmoved,
                source="amazon:x-amzn-RateLimit-Limit",
            )
            known.learn(written.item)
            if written.applied:
                return True
            if known.interval == interval:
                return False
        raise BucketContended(f"The bucket {key.pk} could not be moved in {_TRIES} tries.")

    def exhaust(self, operation: Operation, connection_id: ConnectionId | None) -> None:
        """Take note that Amazon answered 429: the bucket is empty, whatever the ledger thought."""
        key = self._key(operation, connection_id)
        now = epoch_milliseconds(self._clock.now())
        until = exhausted(now, self.plan(operation, connection_id))
        model = QuotaBucket
        written = write(
            model,
            key,
            [model.arrival_at.set(until), model.expires_at.set(now // 1000 + _KEPT_SECONDS)],
            model.arrival_at.does_not_exist() | (model.arrival_at < until),
            source="amazon:429",
        )
        self._remember(key).learn(written.item)

    def _key(self, operation: Operation, connection_id: ConnectionId | None) -> Key:
        holder = None if operation.grantless_scope else connection_id
        return keys.quota_bucket(self._application_id, holder, operation.name)

    def _remember(self, key: Key) -> _Known:
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = _Known()
        return known

    def _take(self, key: Key, default_interval: int, burst: int, backfill: bool) -> int:  # noqa: FBT001 - private
        known = self._remember(key)
        model = QuotaBucket
        for _ in range(_TRIES):
            now = epoch_milliseconds(self._clock.now())
            interval = known.interval or default_interval
            plan = plan_of(interval, burst)
            same_rate = model.interval.does_not_exist() if known.interval is None else model.interval == known.interval
            actions: list[Action]
            if known.arrival_at >= now:
                actions = [model.arrival_at.add(plan.interval)]
                condition = (model.arrival_at >= now) & same_rate
            else:
                actions = [
                    model.arrival_at.set(now + plan.interval),
                    model.expires_at.set(now // 1000 + _KEPT_SECONDS),
                ]
                condition = (model.arrival_at.does_not_exist() | (model.arrival_at < now)) & same_rate
            written = write(model, key, actions, condition)
            known.learn(written.item)
            if written.applied:
                return slot_of(known.arrival_at, now, backfill_of(plan) if backfill else plan)
        raise BucketContended(f"The bucket {key.pk} could not be moved in {_TRIES} tries.")
