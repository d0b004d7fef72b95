"""One batch of notifications: read, find whose they are, apply, and ask for what they leave out.

Nothing is lost and nothing stops the batch: what can't be read or belongs to nobody goes to quarantine with the
reason, what the store refuses is reported for another delivery, and everything else is applied newer-wins, so repeats
and disorder do no harm.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from quayside.amazon.envelopes import (
    REPORT_PROCESSING_FINISHED,
    InventoryChange,
    Notification,
    OrderChange,
    Problem,
    decode,
    without_personal_data,
)
from quayside.inventory import service as inventory
from quayside.inventory.rules import PositionFacts, UnusablePosition
from quayside.kernel.clock import Clock
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.observability import Metrics
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.orders.rules import OrderFacts, UnusableOrder
from quayside.orders.store import Outcome
from quayside.sync.commands import SyncCommand, fetch_order

SELLER_CACHE_SECONDS = 30
_CACHED_SELLERS = 5000


class Served(Protocol):
    """A connection that serves a seller."""

    @property
    def tenant_id(self) -> str:
        """Whose connection it is."""
        ...

    @property
    def connection_id(self) -> str:
        """The connection."""
        ...

    def accepts(self, subscription_id: str | None) -> bool:
        """Whether a notification of this subscription is meant for the connection."""
        ...


class Quarantine(Protocol):
    """Keeps what could not be applied, with the reason."""

    def __call__(  # noqa: PLR0913 - what an entry holds
        self,
        *,
        tenant_id: TenantId | None,
        connection_id: ConnectionId | None,
        received_at: datetime,
        type: str,  # noqa: A002 - Amazon's word
        reason: str,
        action: str,
        payload: str,
    ) -> str:
        """Keep one message, whose personal data was removed, and return the entry's id."""
        ...


class Ports(NamedTuple):
    """What an intake reaches the world through."""

    serving: Callable[[str], Sequence[Served]]
    enqueue: Callable[[Sequence[SyncCommand]], None]
    quarantine: Quarantine
    entropy: Callable[[int], bytes]


class Message(NamedTuple):
    """One message of the intake queue."""

    message_id: str
    body: str
    is_redelivery: bool


class _Todo(NamedTuple):
    """One fact to store for one connection, and the message that brought it."""

    message: Message
    served: Served
    facts: OrderFacts | PositionFacts

    @property
    def identity(self) -> tuple[str, ...]:
        """What the fact is about: facts about the same thing replace one another."""
        place = (self.served.tenant_id, self.served.connection_id)
        if isinstance(self.facts, OrderFacts):
            return (*place, "order", self.facts.order_id)
        return (*place, "position", self.facts.marketplace_id, self.facts.seller_sku)


class _Missing(NamedTuple):
    """An order whose document has to be fetched."""

    message_id: str
    served: Served
    order_id: str


class _Unusable(Exception):
    """A message goes to quarantine."""

    def __init__(self, reason: str, action: str, served: Served | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.action = action
        self.served = served


def messages_of(event: Mapping[str, Any]) -> list[Message]:
    """Read the messages of an SQS event."""
    return [
        Message(
            record["messageId"],
            record["body"],
            int(record.get("attributes", {}).get("ApproximateReceiveCount", "1")) > 1,
        )
        for record in event["Records"]
    ]


class Intake:
    """Takes in batches of notifications. Remembers for half a minute which connections serve which seller."""

    def __init__(
        self, ports: Ports, clock: Clock, metrics: Metrics, on_failure: Callable[[str, Exception], None]
    ) -> None:
        """``on_failure`` is told what failed and why whenever a message has to be delivered again."""
        self._ports = ports
        self._clock = clock
        self._metrics = metrics
        self._on_failure = on_failure
        self._sellers: dict[str, tuple[float, Sequence[Served]]] = {}

    def take(self, messages: Sequence[Message]) -> list[str]:
        """Take in a batch and return the ids of the messages that have to be delivered again."""
        failed: dict[str, None] = {}
        missing: list[_Missing] = []
        todo: list[_Todo] = []
        received_at = self._clock.now()
        for message in messages:
            try:
                todo += self._read(message, missing)
            except _Unusable as outcome:
                self._set_aside(message, outcome, received_at, failed)
            except Exception as problem:  # noqa: BLE001 - finding the seller failed: this message alone comes again
                self._fail(message.message_id, "resolve", problem, failed)
        redelivered = {item.identity for item in todo if item.message.is_redelivery}
        for item in _newest(todo):
            self._apply(item, received_at, missing, failed, again=item.identity in redelivered)
        self._request(missing, received_at, failed)
        self._metrics.flush()
        return list(failed)

    def _read(self, message: Message, missing: list[_Missing]) -> list[_Todo]:
        """Work out which facts a message brings for which connections; orders to be fetched go to ``missing``."""
        notification = decode(message.body)
        if isinstance(notification, Problem):
            raise self._unreadable(notification)
        payload = notification.payload
        if not isinstance(payload, OrderChange | InventoryChange):
            # Nine in ten reports are other people's; none of ours are asked for through notifications yet.
            known = notification.type == REPORT_PROCESSING_FINISHED
            self._metrics.count("NotificationsDropped" if known else "NotificationsOfUnknownType")
            return []
        todo: list[_Todo] = []
        for served in self._served(notification, payload.seller_id):
            try:
                if isinstance(payload, OrderChange):
                    facts = orders.facts_of_change(payload, notification.event_time)
                    todo.append(_Todo(message, served, facts))
                else:
                    positions = inventory.facts_of_change(payload, notification.event_time)
                    todo += [_Todo(message, served, position) for position in positions]
            except orders.NotEnough:
                order_id = payload.amazon_order_id if isinstance(payload, OrderChange) else ""
                missing.append(_Missing(message.message_id, served, order_id))
            except (UnusableOrder, UnusablePosition) as problem:
                raise _Unusable(
                    problem.reason, "Replay it after Quayside was updated, or ask your operator.", served
                ) from None
        return todo

    def _unreadable(self, problem: Problem) -> _Unusable:
        served = self._resolve(problem.selling_partner_id) if problem.selling_partner_id else ()
        return _Unusable(
            f"{problem.detail} ({problem.path})",
            "Replay it after Quayside was updated to read this shape.",
            next((each for each in served if each.accepts(problem.subscription_id)), None),
        )

    def _served(self, notification: Notification, seller_id: str) -> list[Served]:
        served = self._resolve(seller_id)
        if not served:
            raise _Unusable(
                "No connected account has this seller id.", "Connect the account and replay the notification."
            )
        accepting = [each for each in served if each.accepts(notification.subscription_id)]
        if not accepting:
            raise _Unusable(
                "The notification belongs to a subscription that no connection made.",
                "Connect the account again, then replay the notification.",
            )
        return accepting

    def _resolve(self, seller_id: str) -> Sequence[Served]:
        now = self._clock.now().timestamp()
        known = self._sellers.get(seller_id)
        if known is not None and known[0] > now:
            return known[1]
        served = self._ports.serving(seller_id)
        if len(self._sellers) >= _CACHED_SELLERS:
            self._sellers.clear()
        if served:
            # A seller nobody serves is asked for each time: it may be about to be connected.
            self._sellers[seller_id] = (now + SELLER_CACHE_SECONDS, served)
        return served

    def _apply(
        self, item: _Todo, received_at: datetime, missing: list[_Missing], failed: dict[str, None], *, again: bool
    ) -> None:
        """Store one fact; ``again`` says that a message about the same thing was delivered before."""
        served, facts = item.served, item.facts
        try:
            with tenant_scope(TenantId(served.tenant_id)):
                connection_id = ConnectionId(served.connection_id)
                if isinstance(facts, PositionFacts):
                    outcome = inventory.apply_facts(connection_id, facts, received_at=received_at).value
                    self._metrics.count(f"Inventory{outcome.capitalize()}")
                    return
                upserted = orders.apply_facts(connection_id, facts, received_at=received_at)
        except Exception as problem:  # noqa: BLE001 - whatever the store says, only this record is delivered again
            self._fail(item.message.message_id, "store", problem, failed)
            return
        self._metrics.count(f"Orders{upserted.outcome.value.capitalize()}")
        # A repeat of what was applied has had its fetch asked for, unless the batch that applied it failed after that.
        asked = upserted.outcome is Outcome.STALE and not again
        if upserted.needs_price and not asked:
            missing.append(_Missing(item.message.message_id, served, facts.order_id))

    def _request(self, missing: Iterable[_Missing], received_at: datetime, failed: dict[str, None]) -> None:
        """Ask the worker for all orders the batch lacks, each once; when that fails their messages come again."""
        by_order = {(each.served.tenant_id, each.served.connection_id, each.order_id): each for each in missing}
        if not by_order:
            return
        commands = [
            fetch_order(
                TenantId(tenant_id),
                ConnectionId(connection_id),
                order_id,
                cause="notification",
                now=received_at,
                entropy=self._ports.entropy,
            )
            for tenant_id, connection_id, order_id in by_order
        ]
        try:
            self._ports.enqueue(commands)
        except Exception as problem:  # noqa: BLE001 - the facts are stored; the redelivery only asks again
            for each in by_order.values():
                self._fail(each.message_id, "enqueue", problem, failed)
            return
        self._metrics.count("OrderFetchesRequested", len(commands))

    def _set_aside(self, message: Message, outcome: _Unusable, received_at: datetime, failed: dict[str, None]) -> None:
        served = outcome.served
        try:
            with nullcontext() if served is None else tenant_scope(TenantId(served.tenant_id)):
                self._ports.quarantine(
                    tenant_id=None if served is None else TenantId(served.tenant_id),
                    connection_id=None if served is None else ConnectionId(served.connection_id),
                    received_at=received_at,
                    type=decode(message.body).type or "",
                    reason=outcome.reason,
                    action=outcome.action,
                    payload=without_personal_data(message.body),
                )
        except Exception as problem:  # noqa: BLE001 - not kept means not lost either: it is delivered again
            self._fail(message.message_id, "quarantine", problem, failed)
            return
        self._metrics.count("NotificationsQuarantined")

    def _fail(self, message_id: str, step: str, problem: Exception, failed: dict[str, None]) -> None:
        failed[message_id] = None
        self._metrics.count("NotificationsFailed")
        self._on_failure(step, problem)


def _newest(todo: Sequence[_Todo]) -> list[_Todo]:
    """Keep the newest fact about each thing: what it replaces would be stale by the time it was stored.

    An order's notification that lists every line is not replaced by a newer one that lists only some.
    """
    newest: dict[tuple[str, ...], list[_Todo]] = {}
    for item in todo:
        kept = newest.setdefault(item.identity, [])
        if any(_replaces(other.facts, item.facts) for other in kept):
            continue
        kept[:] = [other for other in kept if not _replaces(item.facts, other.facts)]
        kept.append(item)
    return [item for kept in newest.values() for item in sorted(kept, key=lambda each: each.facts.updated_at)]


def _replaces(newer: OrderFacts | PositionFacts, older: OrderFacts | PositionFacts) -> bool:
    if newer.updated_at < older.updated_at:
        return False
    if isinstance(newer, OrderFacts) and isinstance(older, OrderFacts):
        return newer.lines is not None or older.lines is None
    return True
