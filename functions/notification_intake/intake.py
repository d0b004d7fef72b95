"""One batch of notifications: read, find whose they are, apply, and ask for what they leave out.

Nothing is lost and nothing stops the batch: what can't be read or belongs to nobody goes to quarantine with the
reason, what the store refuses is reported for another delivery, and everything else is applied newer-wins, so repeats
and disorder do no harm.

What arrives may hold a postal code (ORDER_CHANGE's DestinationPostalCode), so no raw message outlives its delivery:
quarantine and dead letters get a copy without personal data, which can be replayed and redriven like the original.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from quayside.amazon.envelopes import (
    NEW_CLIENT_SECRET,
    ClientSecretExpiry,
    InventoryChange,
    ListingIssuesChange,
    ListingQuantityChange,
    ListingStatusChange,
    NewClientSecret,
    Notification,
    OrderChange,
    Problem,
    ProductTypeDefinitionsChange,
    ReportFinished,
    TransactionUpdate,
    decode,
    without_personal_data,
)
from quayside.fulfilment import service as fulfilment
from quayside.inventory import service as inventory
from quayside.inventory.rules import PositionFacts, UnusablePosition
from quayside.kernel.clock import Clock
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.observability import Metrics
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.orders.rules import OrderFacts, UnusableOrder
from quayside.orders.store import Outcome
from quayside.sync.commands import Kind, SyncCommand, command
from quayside.sync.registry import INVENTORY, MERCHANT_FULFILMENT, ORDERS, REGISTRY, dataset_of_report
from quayside.sync.service import PlannedSearches

if TYPE_CHECKING:
    from quayside.sync.sinks import ListingStatusSink

SELLER_CACHE_SECONDS = 30
BLOCK_CACHE_SECONDS = 5
"""How long a tenant that is not blocked is taken for that: batches come many times a second, from many sellers each."""
TOLD_EVERY_SECONDS = 300
"""How often at most it is written down that notifications of a dataset arrive."""
ASKED_EVERY_SECONDS = 900
"""How often at most transactions are asked for because of notifications, of which a busy account sends thousands."""
TRIES = 5
"""A message that fails this often becomes a dead letter. The intake sends it there itself, without personal data; the
queue, which would move it as it came, is told to wait far longer than that."""
UNTRIED_AFTER = 20
"""A message delivered this often without a single outcome (each time the function died over it) is not tried again."""
SECRET_UNTRIED_AFTER = 900
"""A message with a client secret is tried for a day and a half, as nobody else has it; the queue would wait longer."""
_SECRET_STEP = "client_secret"  # noqa: S105 - the name of a step
_CACHED_SELLERS = 5000
_DATASETS = {type_: each for each in REGISTRY for type_ in each.notifications}


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

    @property
    def features_off(self) -> frozenset[str]:
        """The features that are switched off for it."""
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


class GiveUp(Protocol):
    """Sends a message that fails again and again to the dead letters."""

    def __call__(self, payload: str, *, step: str, error_type: str) -> None:
        """Send a message, whose personal data was removed, with what failed of it and how."""
        ...


class WantPrices(Protocol):
    """Asks for the money of orders."""

    def __call__(
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        orders: Sequence[tuple[str, str]],
        now: datetime,
        searches: PlannedSearches,
        /,
    ) -> int:
        """Ask for the money of orders, given by id and status; return how many of them are fetched one by one."""
        ...


class Enqueue(Protocol):
    """Asks the worker for work."""

    def __call__(self, commands: Sequence[SyncCommand], *, delay_seconds: int = 0) -> None:
        """Send commands to the work queue."""
        ...


class Ports(NamedTuple):
    """What an intake reaches the world through.

    Attributes:
        serving: which connections serve a seller.
        enqueue: asks the worker for work.
        quarantine: keeps what can't be applied.
        entropy: randomness.
        want_prices: asks for the money of orders.
        report_finished: the command that follows when a report is finished, None when it is not one of ours.
        apply_listing_status: stores whether a listing can be bought and found.
        record_notified: takes note that notifications of a dataset arrive.
        give_up: sends a message to the dead letters.
        is_blocked: whether the operator has blocked a tenant.
        take_news: takes in what Amazon tells of the application's client secret; returns the metric that counts it.
    """

    serving: Callable[[str], Sequence[Served]]
    enqueue: Enqueue
    quarantine: Quarantine
    entropy: Callable[[int], bytes]
    want_prices: WantPrices
    report_finished: Callable[[ReportFinished, datetime], SyncCommand | None]
    apply_listing_status: "ListingStatusSink"
    record_notified: Callable[[ConnectionId, str, datetime], None]
    give_up: GiveUp
    is_blocked: Callable[[TenantId], bool]
    take_news: Callable[[NewClientSecret | ClientSecretExpiry, datetime, Clock], str]


class Message(NamedTuple):
    """One message of the intake queue, and how often it was delivered, this time included."""

    message_id: str
    body: str
    received: int = 1

    @property
    def is_redelivery(self) -> bool:
        """Whether it was delivered before."""
        return self.received > 1


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

    @property
    def dataset(self) -> str:
        """Which dataset the fact is of."""
        return ORDERS if isinstance(self.facts, OrderFacts) else INVENTORY


class _Wanted(NamedTuple):
    """An order that lacks its money."""

    message_id: str
    order_id: str
    status: str


class _Ask(NamedTuple):
    """A command to send; asked for twice in a batch it is sent once."""

    tenant_id: TenantId
    connection_id: ConnectionId
    kind: Kind
    arguments: tuple[tuple[str, str], ...]
    delay_seconds: int = 0


class _Batch:
    """What a batch of messages comes to."""

    def __init__(self, received_at: datetime) -> None:
        self.received_at = received_at
        self.failed: dict[str, tuple[str, Exception]] = {}
        self.todo: list[_Todo] = []
        self.wanted: dict[tuple[str, str], dict[str, _Wanted]] = {}
        self.asks: dict[_Ask, list[str]] = {}
        self.told: dict[tuple[str, str, str], datetime] = {}
        self.finished: dict[str, tuple[SyncCommand, list[str]]] = {}

    def want(self, message_id: str, served: Served, order_id: str, status: str) -> None:
        """Note an order that lacks its money."""
        orders_of = self.wanted.setdefault((served.tenant_id, served.connection_id), {})
        orders_of[order_id] = _Wanted(message_id, order_id, status)

    def ask(self, message_id: str, ask: _Ask) -> None:
        """Note a command to send."""
        self.asks.setdefault(ask, []).append(message_id)

    def heard(self, served: Served, dataset: str, at: datetime) -> None:
        """Note that a notification of a dataset was applied, and of when it tells."""
        place = (served.tenant_id, served.connection_id, dataset)
        self.told[place] = max(self.told.get(place, at), at)


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
            int(record.get("attributes", {}).get("ApproximateReceiveCount", "1")),
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
        self._free: dict[str, float] = {}
        self._told: dict[tuple[str, str, str], float] = {}
        self._asked: dict[tuple[str, str], float] = {}
        self._searches = PlannedSearches()

    def take(self, messages: Sequence[Message]) -> list[str]:
        """Take in a batch and return the ids of the messages that have to be delivered again."""
        batch = _Batch(self._clock.now())
        for message in messages:
            if message.received > _untried_after(message) and self._give_up(message, "deliver", "NoOutcome"):
                continue
            try:
                self._read(message, batch)
            except _Unusable as outcome:
                self._set_aside(message, outcome, batch)
            except Exception as problem:  # noqa: BLE001 - finding the seller failed: this message alone comes again
                self._fail(message.message_id, "resolve", problem, batch)
        redelivered = {item.identity for item in batch.todo if item.message.is_redelivery}
        for item in _newest(batch.todo):
            self._apply(item, batch, again=item.identity in redelivered)
        self._want_prices(batch)
        self._request(batch)
        self._note_told(batch)
        for message in messages:
            if message.received >= TRIES and message.message_id in batch.failed:
                step, cause = batch.failed[message.message_id]
                if step != _SECRET_STEP and self._give_up(message, step, type(cause).__name__):
                    del batch.failed[message.message_id]
        self._metrics.flush()
        return list(batch.failed)

    def _read(self, message: Message, batch: _Batch) -> None:
        """Work out what a message comes to: facts to store, or commands to send."""
        notification = decode(message.body)
        if isinstance(notification, Problem):
            raise self._unreadable(notification)
        payload = notification.payload
        if isinstance(payload, ReportFinished):
            self._read_report(message, payload, batch)
            return
        if isinstance(payload, NewClientSecret | ClientSecretExpiry):
            self._take_news(message, payload, notification.event_time, batch)
            return
        if notification.type not in _DATASETS:
            self._metrics.count("NotificationsOfUnknownType")
            return
        if payload.seller_id is None:
            self._metrics.count("NotificationsDropped")
            return
        needed = _DATASETS[notification.type]
        for served in self._served(notification, payload.seller_id):
            if self._is_blocked(served, batch):
                self._metrics.count("NotificationsBlocked")
                continue
            if not needed.is_needed(served.features_off):
                # Nothing may be kept that no switched-on feature needs (AUP 3.8).
                self._metrics.count("NotificationsSwitchedOff")
                continue
            self._read_for(served, message, notification, batch)

    def _take_news(
        self, message: Message, news: NewClientSecret | ClientSecretExpiry, event_time: datetime, batch: _Batch
    ) -> None:
        try:
            self._metrics.count(self._ports.take_news(news, event_time, self._clock))
        except Exception as problem:  # noqa: BLE001 - nobody else has a new secret: it is delivered until it is stored
            self._metrics.count("ClientSecretNotKept")
            self._fail(message.message_id, _SECRET_STEP, problem, batch)

    def _is_blocked(self, served: Served, batch: _Batch) -> bool:
        """Return whether the operator has blocked a tenant; a block holds within ``BLOCK_CACHE_SECONDS``."""
        now = batch.received_at.timestamp()
        if abs(now - self._free.get(served.tenant_id, 0.0)) < BLOCK_CACHE_SECONDS:
            return False
        if self._ports.is_blocked(TenantId(served.tenant_id)):
            return True
        if len(self._free) >= _CACHED_SELLERS:
            self._free.clear()
        self._free[served.tenant_id] = now
        return False

    def _read_for(self, served: Served, message: Message, notification: Notification, batch: _Batch) -> None:
        payload = notification.payload
        tenant_id, connection_id = _ids(served)
        try:
            match payload:
                case OrderChange():
                    facts = orders.facts_of_change(payload, notification.event_time)
                    batch.todo.append(_Todo(message, served, facts))
                    _ask_for_recipient(served, message, facts, batch)
                case InventoryChange():
                    positions = inventory.facts_of_change(payload, notification.event_time)
                    batch.todo += [_Todo(message, served, position) for position in positions]
                case ListingStatusChange():
                    self._apply_status(served, message, payload, notification.event_time, batch)
                case ListingIssuesChange():
                    wanted = (("marketplace_id", payload.marketplace_id), ("seller_sku", payload.seller_sku))
                    batch.ask(message.message_id, _Ask(tenant_id, connection_id, "listings.fetch", wanted))
                case ListingQuantityChange():
                    sku = (("seller_sku", payload.seller_sku),)
                    batch.ask(message.message_id, _Ask(tenant_id, connection_id, "listings.fetch", sku))
                case ProductTypeDefinitionsChange():
                    place = (("marketplace_id", payload.marketplace_id or ""),)
                    batch.ask(message.message_id, _Ask(tenant_id, connection_id, "listings.definitions", place))
                case TransactionUpdate():
                    self._ask_for_transactions(served, message, batch)
        except orders.NotEnough:
            order_id = payload.amazon_order_id if isinstance(payload, OrderChange) else ""
            ask = _Ask(tenant_id, connection_id, "orders.fetch", (("order_id", order_id),))
            batch.ask(message.message_id, ask)
        except (UnusableOrder, UnusablePosition) as problem:
            raise _Unusable(
                problem.reason, "Replay it after Quayside was updated, or ask your operator.", served
            ) from None

    def _read_report(self, message: Message, finished: ReportFinished, batch: _Batch) -> None:
        """Ask for a report of ours to be collected.

        Nine in ten are other people's: those of other types cost nothing, the others one read.
        """
        if finished.report_id in batch.finished:
            batch.finished[finished.report_id][1].append(message.message_id)
            return
        following = None
        if dataset_of_report(finished.report_type) is not None:
            following = self._ports.report_finished(finished, batch.received_at)
        if following is None:
            self._metrics.count("NotificationsDropped")
            return
        batch.finished[finished.report_id] = (following, [message.message_id])

    def _apply_status(
        self, served: Served, message: Message, change: ListingStatusChange, event_time: datetime, batch: _Batch
    ) -> None:
        try:
            with tenant_scope(TenantId(served.tenant_id)):
                applied = self._ports.apply_listing_status(
                    ConnectionId(served.connection_id), change, event_time=event_time, received_at=batch.received_at
                )
        except Exception as problem:  # noqa: BLE001 - whatever the store says, only this record is delivered again
            self._fail(message.message_id, "store", problem, batch)
            return
        if applied.rejected:
            raise _Unusable(applied.rejected[0].reason, "Replay it after Quayside was updated.", served)
        self._metrics.count("ListingsApplied" if applied.applied else "ListingsStale")
        if applied.applied:
            # The catalog's grid is not the intake's to write: the worker puts the listing's line together.
            place = (("marketplace_id", change.marketplace_id), ("seller_sku", change.seller_sku))
            batch.ask(message.message_id, _Ask(*_ids(served), "grid.line", place))

    def _ask_for_transactions(self, served: Served, message: Message, batch: _Batch) -> None:
        """Ask for transactions in a quarter of an hour, when more of them have come; once for all until then."""
        place, now = (served.tenant_id, served.connection_id), batch.received_at.timestamp()
        if not message.is_redelivery and abs(now - self._asked.get(place, 0.0)) < ASKED_EVERY_SECONDS:
            return
        ask = _Ask(*_ids(served), "finances.list", (), ASKED_EVERY_SECONDS)
        batch.ask(message.message_id, ask)

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

    def _apply(self, item: _Todo, batch: _Batch, *, again: bool) -> None:
        """Store one fact; ``again`` says that a message about the same thing was delivered before."""
        served, facts = item.served, item.facts
        try:
            with tenant_scope(TenantId(served.tenant_id)):
                connection_id = ConnectionId(served.connection_id)
                if isinstance(facts, PositionFacts):
                    outcome = inventory.apply_facts(connection_id, facts, received_at=batch.received_at).value
                    self._metrics.count(f"Inventory{outcome.capitalize()}")
                    batch.heard(served, item.dataset, facts.updated_at)
                    return
                upserted = orders.apply_facts(connection_id, facts, received_at=batch.received_at)
        except Exception as problem:  # noqa: BLE001 - whatever the store says, only this record is delivered again
            self._fail(item.message.message_id, "store", problem, batch)
            return
        self._metrics.count(f"Orders{upserted.outcome.value.capitalize()}")
        batch.heard(served, item.dataset, facts.updated_at)
        # A repeat of what was applied has had its money asked for, unless the batch that applied it failed after that.
        asked = upserted.outcome is Outcome.STALE and not again
        if upserted.needs_price and not asked:
            batch.want(item.message.message_id, served, facts.order_id, facts.status)

    def _want_prices(self, batch: _Batch) -> None:
        """Ask once a connection for the money its orders lack; when that fails their messages come again."""
        for (tenant_id, connection_id), wanted in batch.wanted.items():
            asked_for = [(each.order_id, each.status) for each in wanted.values()]
            try:
                singly = self._ports.want_prices(
                    TenantId(tenant_id), ConnectionId(connection_id), asked_for, batch.received_at, self._searches
                )
            except Exception as problem:  # noqa: BLE001 - the facts are stored; the redelivery only asks again
                for each in wanted.values():
                    self._fail(each.message_id, "enqueue", problem, batch)
                continue
            self._metrics.count("PricesWanted", len(wanted))
            if singly:
                self._metrics.count("OrderFetchesRequested", singly)

    def _request(self, batch: _Batch) -> None:
        """Send the commands of a batch, each once; when that fails their messages come again."""
        by_delay: dict[int, list[_Ask]] = {}
        for ask in batch.asks:
            by_delay.setdefault(ask.delay_seconds, []).append(ask)
        for following, message_ids in batch.finished.values():
            self._send([following], message_ids, batch)
        for delay_seconds, asks in by_delay.items():
            commands = [
                command(
                    ask.kind,
                    ask.tenant_id,
                    ask.connection_id,
                    dict(ask.arguments),
                    cause="notification",
                    now=batch.received_at,
                    entropy=self._ports.entropy,
                )
                for ask in asks
            ]
            message_ids = [message_id for ask in asks for message_id in batch.asks[ask]]
            if not self._send(commands, message_ids, batch, delay_seconds=delay_seconds):
                continue
            for ask in asks:
                if ask.kind == "finances.list":
                    self._remember(self._asked, (ask.tenant_id, ask.connection_id), batch.received_at.timestamp())

    def _send(
        self, commands: Sequence[SyncCommand], message_ids: Sequence[str], batch: _Batch, *, delay_seconds: int = 0
    ) -> bool:
        try:
            self._ports.enqueue(commands, delay_seconds=delay_seconds)
        except Exception as problem:  # noqa: BLE001 - the facts are stored; the redelivery only asks again
            for message_id in message_ids:
                self._fail(message_id, "enqueue", problem, batch)
            return False
        self._metrics.count("CommandsRequested", len(commands))
        return True

    def _note_told(self, batch: _Batch) -> None:
        """Write down, seldom, that notifications arrive: while they do, nothing else has to be asked for."""
        now = batch.received_at
        for place, at in batch.told.items():
            if abs(now.timestamp() - self._told.get(place, 0.0)) < TOLD_EVERY_SECONDS:
                continue
            tenant_id, connection_id, dataset = place
            try:
                with tenant_scope(TenantId(tenant_id)):
                    self._ports.record_notified(ConnectionId(connection_id), dataset, min(at, now))
            except Exception as problem:  # noqa: BLE001 - the facts are stored; the next batch notes it
                self._on_failure("note", problem)
                continue
            self._remember(self._told, place, now.timestamp())

    @staticmethod
    def _remember[Place](kept: dict[Place, float], place: Place, at: float) -> None:
        if len(kept) >= _CACHED_SELLERS:
            kept.clear()
        kept[place] = at

    def _set_aside(self, message: Message, outcome: _Unusable, batch: _Batch) -> None:
        served = outcome.served
        try:
            if served is not None and self._is_blocked(served, batch):
                self._metrics.count("NotificationsBlocked")
                return
            with nullcontext() if served is None else tenant_scope(TenantId(served.tenant_id)):
                self._ports.quarantine(
                    tenant_id=None if served is None else TenantId(served.tenant_id),
                    connection_id=None if served is None else ConnectionId(served.connection_id),
                    received_at=batch.received_at,
                    type=decode(message.body).type or "",
                    reason=outcome.reason,
                    action=outcome.action,
                    payload=without_personal_data(message.body),
                )
        except Exception as problem:  # noqa: BLE001 - not kept means not lost either: it is delivered again
            self._fail(message.message_id, "quarantine", problem, batch)
            return
        self._metrics.count("NotificationsQuarantined")

    def _give_up(self, message: Message, step: str, error_type: str) -> bool:
        """Send a message to the dead letters; whether that was possible. When not, it is delivered again."""
        try:
            self._ports.give_up(without_personal_data(message.body), step=step, error_type=error_type)
        except Exception as problem:  # noqa: BLE001 - not kept means not lost either: it is delivered again
            self._on_failure("give_up", problem)
            return False
        self._metrics.count("NotificationsGivenUp")
        return True

    def _fail(self, message_id: str, step: str, problem: Exception, batch: _Batch) -> None:
        batch.failed.setdefault(message_id, (step, problem))
        self._metrics.count("NotificationsFailed")
        self._on_failure(step, problem)


def _untried_after(message: Message) -> int:
    return SECRET_UNTRIED_AFTER if NEW_CLIENT_SECRET in message.body else UNTRIED_AFTER


def _ids(served: Served) -> tuple[TenantId, ConnectionId]:
    return TenantId(served.tenant_id), ConnectionId(served.connection_id)


def _ask_for_recipient(served: Served, message: Message, facts: OrderFacts, batch: _Batch) -> None:
    """Ask for what becomes of the recipient of an order that the seller ships, where merchant fulfilment is on."""
    if MERCHANT_FULFILMENT in served.features_off:
        return
    needed = fulfilment.command_for(facts.order_id, facts.status, facts.fulfilled_by)
    if needed is not None:
        batch.ask(message.message_id, _Ask(*_ids(served), needed.kind, tuple(needed.arguments.items())))


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
