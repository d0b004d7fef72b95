"""The outbox from which notifications are delivered: repeated, out of order, never silently lost."""

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from infra.simulator import entropy, envelopes, filters
from infra.simulator.application import Application
from infra.simulator.clock import SECOND, iso_milliseconds
from infra.simulator.event_bus import bus_arn, is_bus
from infra.simulator.faults import Faults
from infra.simulator.windows import order_item_id
from infra.simulator.world import Happening, InventoryChanged, Notice, OrderChanged, ReportFinished, World

REPEAT_CHANCE = 1 / 6  # one repeat per six messages: one delivery in seven is a repeat
_LATE_CHANCE = 0.12
_DISORDER_MS = 30 * SECOND
_REPEAT_MS = 90 * SECOND
_RETRY_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300)
_BATCH = 100


class Deliver(Protocol):
    """Puts messages on a queue, or onto an event bus."""

    def __call__(self, arn: str, bodies: Sequence[str]) -> Sequence[str | None]:
        """Send ``bodies`` to where ``arn`` says and return for each None, or the words of what went wrong."""
        ...


def one_at_a_time(send: Callable[[str, str], object]) -> Deliver:
    """Make a Deliver of a function that sends one message and raises when it cannot."""

    def deliver(arn: str, bodies: Sequence[str]) -> list[str | None]:
        outcomes: list[str | None] = []
        for body in bodies:
            try:
                send(arn, body)
            except Exception as error:  # noqa: BLE001  whatever went wrong is kept with the message and shown
                outcomes.append(f"{type(error).__name__}: {error}")
            else:
                outcomes.append(None)
        return outcomes

    return deliver


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery as the page shows it."""

    at_ms: int
    kind: str
    seller: str
    notification_id: str
    repeated: bool
    subject: str


class Notifications:
    """Turns happenings into messages for the subscriptions that want them, and delivers what is due."""

    def __init__(
        self, world: World, application: Application, faults: Faults, deliver: Deliver, deliver_events: Deliver
    ) -> None:
        self._world = world
        self._connection = world.storage.connection
        self._application = application
        self._faults = faults
        self._deliver = deliver
        self._deliver_events = deliver_events
        self._delivering = threading.Lock()
        noted = world.storage.note("deliveries") or {"number": 0, "counts": {}}
        self._number: int = noted["number"]
        self.counts: Counter[str] = Counter(noted["counts"])
        self.recent: deque[Delivered] = deque(maxlen=60)
        self._subscriptions: dict[tuple[str, str], list[tuple[str, str, dict[str, Any]]]] = {}
        self.reload()

    def reload(self) -> None:
        """Read the subscriptions anew, after one was made or deleted."""
        self._subscriptions.clear()
        arns = {
            row[0]: _arn_of(json.loads(row[1])["resource"])
            for row in self._connection.execute("SELECT destination_id, document FROM destinations")
        }
        for partner, kind, destination_id, document in self._connection.execute(
            "SELECT selling_partner_id, notification_type, destination_id, document FROM subscriptions "
            "ORDER BY subscription_id"
        ):
            if destination_id in arns:
                self._subscriptions.setdefault((partner, kind), []).append(
                    (json.loads(document)["subscriptionId"], arns[destination_id], json.loads(document))
                )

    def observe(self, event: Happening) -> None:
        """Queue the messages of something that happened. Called under the world's lock."""
        kind, at_ms = _kind_of(event)
        wanted = self._subscriptions.get((event.seller.selling_partner_id, kind))
        if not wanted:
            return
        payload = event.payload if isinstance(event, Notice) else self._payload(event)
        for subscription_id, arn, document in wanted:
            if filters.passes(document.get("processingDirective"), payload):
                self.queue(kind, payload, at_ms, event.seller.selling_partner_id, subscription_id, arn)

    def queue(  # noqa: PLR0913, PLR0917  a message is known by this many facts
        self, kind: str, payload: dict[str, Any], at_ms: int, seller: str, subscription_id: str, arn: str
    ) -> None:
        """Queue one message, sometimes late and sometimes twice."""
        self._number += 1
        seed = (self._world.seed, "message", self._number)
        if self._faults.loses_notification(self._world.now_ms, seller, kind):
            self.counts["lost on demand"] += 1
            return
        chance = entropy.generator(*seed)
        notification_id = entropy.identifier(*seed)
        delay = chance.randrange(200, 2 * SECOND)
        if chance.random() < _LATE_CHANCE:
            # Late by seconds mostly, and now and then by much more, as queues are.
            delay += int(_DISORDER_MS * chance.random() ** 4)
        body = json.dumps(
            envelopes.envelope(
                kind,
                payload,
                event_ms=at_ms,
                publish_ms=at_ms + delay,
                application_id=self._application.application_id,
                subscription_id=subscription_id,
                notification_id=notification_id,
            ),
            separators=(",", ":"),
        )
        rows = [(at_ms + delay, arn, kind, seller, notification_id, 0, body)]
        if chance.random() < REPEAT_CHANCE:
            rows.append((at_ms + delay + chance.randrange(_REPEAT_MS), arn, kind, seller, notification_id, 1, body))
        self._connection.executemany(
            "INSERT INTO messages (due, arn, kind, seller, notification_id, repeated, body, attempts) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            rows,
        )

    def tell_application(self, kind: str, payload: dict[str, Any]) -> None:
        """Queue a message about the application itself, if a queue is registered for such."""
        if self._application.notification_queue:
            self.queue(kind, payload, self._world.now_ms, "", "", self._application.notification_queue)

    def send_mock(self, kind: str, region: str, arn: str) -> None:
        """Queue a mock notification of a type, about nobody's order, as Amazon's sandbox sends it."""
        envelope = envelopes.mock_payload(kind, region)
        self.queue(kind, envelope, self._world.now_ms, "MOCKSELLER", entropy.identifier("mock", self._number), arn)

    def deliver_due(self) -> int:
        """Deliver what is due by now and return how many messages arrived. The world is not locked meanwhile."""
        arrived = 0
        with self._delivering:
            while True:
                now = self._world.clock.now_ms()
                with self._world.lock:
                    due = self._connection.execute(
                        "SELECT pk, arn, kind, seller, notification_id, repeated, attempts, body FROM messages "
                        "WHERE due <= ? ORDER BY due, pk LIMIT ?",
                        (now, _BATCH),
                    ).fetchall()
                if not due:
                    return arrived
                outcomes: dict[int, str | None] = {}
                for arn in dict.fromkeys(row[1] for row in due):
                    rows = [row for row in due if row[1] == arn]
                    deliver = self._deliver_events if is_bus(arn) else self._deliver
                    results = deliver(arn, [row[7] for row in rows])
                    outcomes.update(zip((row[0] for row in rows), results, strict=True))
                with self._world.lock:
                    arrived += self._settle(due, outcomes, now)
                if len(due) < _BATCH or all(outcomes.values()):
                    return arrived

    def undelivered(self) -> list[dict[str, object]]:
        """Return the messages that could not be delivered so far, oldest first, with the reason."""
        rows = self._connection.execute(
            "SELECT kind, seller, notification_id, attempts, error, due, arn FROM messages WHERE attempts > 0 "
            "ORDER BY pk LIMIT 50"
        )
        return [
            {
                "type": row[0], "seller": row[1], "notification_id": row[2], "attempts": row[3], "error": row[4],
                "next_attempt_at": iso_milliseconds(row[5]), "destination": row[6],
            }
            for row in rows
        ]  # fmt: skip

    def waiting(self) -> tuple[int, int]:
        """Return how many messages wait to be delivered, and how many of them failed at least once."""
        row = self._connection.execute("SELECT COUNT(*), COALESCE(SUM(attempts > 0), 0) FROM messages").fetchone()
        return int(row[0]), int(row[1])

    def next_due_ms(self) -> int | None:
        """Return when the next message is to be delivered, or None when none waits."""
        row = self._connection.execute("SELECT MIN(due) FROM messages").fetchone()
        return None if row[0] is None else int(row[0])

    def dump(self) -> dict[str, object]:
        """Return the counters as JSON."""
        return {"number": self._number, "counts": dict(self.counts)}

    def _settle(self, due: list[tuple[Any, ...]], outcomes: dict[int, str | None], now: int) -> int:
        arrived = 0
        for pk, _, kind, seller, notification_id, repeated, attempts, body in due:
            error = outcomes[pk]
            if error is None:
                arrived += 1
                self._connection.execute("DELETE FROM messages WHERE pk = ?", (pk,))
                self.counts["delivered"] += 1
                self.counts["repeats"] += repeated
                self.counts[f"delivered {kind}"] += 1
                self.recent.appendleft(
                    Delivered(now, kind, seller, notification_id, bool(repeated), _subject(kind, body))
                )
            else:
                wait = _RETRY_SECONDS[min(attempts, len(_RETRY_SECONDS) - 1)] * SECOND
                self.counts["failed attempts"] += 1
                self._connection.execute(
                    "UPDATE messages SET attempts = attempts + 1, error = ?, due = ? WHERE pk = ?",
                    (error[:500], now + wait, pk),
                )
        return arrived

    def _payload(self, event: OrderChanged | InventoryChanged | ReportFinished) -> dict[str, Any]:
        if isinstance(event, OrderChanged):
            return envelopes.order_change(self._world, event, order_item_id)
        if isinstance(event, InventoryChanged):
            return envelopes.inventory_availability(self._world, event.seller, event.listing)
        return envelopes.report_finished(event)


def _kind_of(event: Happening) -> tuple[str, int]:
    if isinstance(event, OrderChanged):
        return "ORDER_CHANGE", event.order.updated
    if isinstance(event, InventoryChanged):
        return "FBA_INVENTORY_AVAILABILITY_CHANGES", event.at_ms
    if isinstance(event, Notice):
        return event.kind, event.at_ms
    return "REPORT_PROCESSING_FINISHED", event.at_ms


def _arn_of(resource: dict[str, Any]) -> str:
    if "sqs" in resource:
        return str(resource["sqs"]["arn"])
    bus = resource["eventBridge"]
    return bus_arn(bus["region"], bus["accountId"], bus["name"])


def _subject(kind: str, body: str) -> str:
    document = json.loads(body)
    describe = _SUBJECTS.get(kind)
    # What concerns the application itself is not described: a new secret is not for the page.
    return "the application" if describe is None else describe(document.get("Payload") or document["payload"])


def _order_change(payload: dict[str, Any]) -> str:
    change = payload["OrderChangeNotification"]
    return f"{change['AmazonOrderId']} {change['Summary']['OrderStatus']}"


def _transaction_update(payload: dict[str, Any]) -> str:
    found = payload["TransactionUpdateNotification"]
    return f"{found['RelatedIdentifiers'][0]['RelatedIdentifierValue']} {found['TransactionType']}"


def _feed_finished(payload: dict[str, Any]) -> str:
    found = payload["feedProcessingFinishedNotification"]
    return f"{found['feedId']} {found['processingStatus']}"


_SUBJECTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "ORDER_CHANGE": _order_change,
    "FBA_INVENTORY_AVAILABILITY_CHANGES": lambda payload: str(payload["SKU"]),
    "REPORT_PROCESSING_FINISHED": lambda payload: str(payload["reportProcessingFinishedNotification"]["reportType"]),
    "LISTINGS_ITEM_STATUS_CHANGE": lambda payload: f"{payload['Sku']} {' '.join(payload['Status']) or 'INACTIVE'}",
    "LISTINGS_ITEM_ISSUES_CHANGE": lambda payload: f"{payload['Sku']} {' '.join(payload['Severities'])}",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": lambda payload: f"{payload['Sku']} {payload['Quantity']}",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": lambda payload: f"{payload['MarketplaceId']} {payload['ProductTypeVersion']}",
    "TRANSACTION_UPDATE": _transaction_update,
    "FEED_PROCESSING_FINISHED": _feed_finished,
    "ACCOUNT_STATUS_CHANGED": lambda payload: str(payload["accountStatusChangeNotification"]["currentAccountStatus"]),
}
