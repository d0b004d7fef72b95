"""A worker as it is deployed, whose every call can be watched, followed by another worker's, or be its last.

``Rig`` plays the queue: a message that a worker did not finish comes again when its time of invisibility is over, to a
worker without a memory, and no more often than the queue of the template delivers one. A process that was killed makes
no call after that: no lease is given back, no upload aborted, nobody told. Nothing of ours is patched and nothing
sleeps.
"""

import heapq
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from aws_lambda_powertools import Logger

from infra.simulator.clock import milliseconds
from infra.simulator.world import Seller
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import HttpTransport, Reply
from quayside.catalog.records import ListingRecord, sources_of
from quayside.catalog.records import sku_of as listed_sku
from quayside.catalog.rules import Listing, merged
from quayside.connections import store as connections_store
from quayside.connections.records import DatasetHealth
from quayside.finance.records import (
    SettlementRecord,
    TransactionRecord,
    control_from,
    settlement_id_of,
    statement_from,
    transaction_from,
    transaction_id_of,
)
from quayside.finance.rules import TransactionFacts
from quayside.inventory.records import PositionRecord, quantities_from
from quayside.inventory.records import sku_of as stocked_sku
from quayside.inventory.rules import Quantities
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.records import lines_from, place_of, prices_from
from quayside.storage import vault
from quayside.storage.vault import Purpose, Secret
from quayside.sync.commands import Cause, Kind, SyncCommand, decode_command
from quayside.sync.service import sync_status
from quayside.sync.views import DatasetSync
from sync_worker.batch import Batch
from sync_worker.container import assemble
from tests.support.amazon import Stage
from tests.support.aws import resource
from tests.support.commands import record_of
from tests.support.sellers import connect

if TYPE_CHECKING:
    from quayside.storage.tables import CoreItem

INVISIBLE_SECONDS: int = resource("WorkQueue")["VisibilityTimeout"]
DELIVERIES: int = resource("WorkQueue")["RedrivePolicy"]["maxReceiveCount"]

READS = frozenset({"GetItem", "Query", "BatchGetItem", "HeadObject", "GetObject", "Decrypt", "Encrypt"})
"""The calls to AWS that change nothing: a death after one of them leaves what a death after the call before it does."""

Watcher = Callable[[int], None]
"""Called after each call that may change something with how many there were; it may kill the worker.

Every call to Amazon counts, for Amazon counts them too.
"""


class Killed(BaseException):
    """The process was killed: nothing after this line runs, and nobody catches it."""


class Wire:
    """Everything a worker's process talks to: Amazon, its documents, and AWS."""

    def __init__(self, door: HttpTransport) -> None:
        self._door = door
        self._watcher: Watcher | None = None
        self._is_dead = False
        self.calls: list[str] = []
        self.instead: dict[str, list[Reply]] = {}
        self.statuses: list[tuple[str, int]] = []

    def send(self, method: str, url: str, *, operation: str, **rest: Any) -> Reply:
        """Pass a call to Amazon on, or answer it with what ``instead`` holds for its operation."""
        self._begin()
        if self.instead.get(operation):
            reply = self.instead[operation].pop(0)
        else:
            reply = self._door.send(method, url, operation=operation, **rest)
        self.statuses.append((operation, reply.status))
        self._end(operation)
        return reply

    @contextmanager
    def stream(self, url: Secret) -> Iterator[Iterator[bytes]]:
        """Pass on the fetching of a document."""
        self._begin()
        with self._door.stream(url) as chunks:
            self._end("document")
            yield chunks

    def watch(self, clients: Sequence[Any]) -> None:
        """See the calls of these clients of AWS, whoever makes them."""

        def begin(**_: object) -> None:
            self._begin()

        def end(**call: Any) -> None:
            self._end(str(call["model"].name))

        for client in clients:
            client.meta.events.register("before-call", begin)
            client.meta.events.register("after-call", end)

    @contextmanager
    def watched(self, watcher: Watcher | None) -> Iterator[None]:
        """Let the calls of the block be those of one delivery."""
        before = (self._watcher, self.calls)
        self._watcher, self.calls = watcher, []
        try:
            yield
        finally:
            self._watcher, self.calls = before
            self._is_dead = False

    def kill(self) -> None:
        """End the process: this call was its last."""
        self._is_dead = True
        raise Killed

    def _begin(self) -> None:
        if self._is_dead:
            raise Killed

    def _end(self, name: str) -> None:
        if name in READS:
            return
        self.calls.append(name)
        if self._watcher is not None:
            self._watcher(len(self.calls))


class Shop(NamedTuple):
    """A seller of Amazon's and its connection here."""

    seller: Seller
    tenant_id: TenantId
    connection_id: ConnectionId

    @property
    def partner(self) -> str:
        """Amazon's id of the seller."""
        return self.seller.selling_partner_id


class Delivery(NamedTuple):
    """One delivery of a message: the command, and how often it was delivered with this time."""

    command: SyncCommand
    number: int


Deliver = Callable[[Delivery], bool]
"""Lets a worker run a command; says whether it did, so that the message is deleted."""


class Rig:
    """A stage whose worker is the deployed one, put together by its own container."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.clock = on.clock
        self.simulator = on.simulator
        self.wire = Wire(on.transport)
        store = on.aws.store
        doors = [store.connection(door).client for door in ("tenant", "system")]
        self.wire.watch([*doors, store.system.sqs, store.system.kms, store.tenant.kms, store.tenant.client("s3")])
        self.worker = self.new_worker()
        self._waiting: list[tuple[datetime, int, SyncCommand]] = []
        self._sent = 0
        self._deliveries: Counter[int] = Counter()

    def new_worker(self) -> Batch:
        """Return a worker that has just started."""
        log = Logger(service="trouble", level=logging.CRITICAL)
        return assemble(
            self.on.aws.settings, self.wire, clock=self.clock, random=Random(3), metrics=self.on.metrics, log=log
        )

    # -- Shops ---------------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Begin anew, on our side and in Amazon's count of calls; Amazon's world goes on."""
        from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415 - moto's own store
        from moto.s3.models import s3_backends  # noqa: PLC0415 - as above

        from tests.support.aws import ACCOUNT, RAW_BUCKET, REGION  # noqa: PLC0415 - used here alone

        settings = self.on.aws.settings
        for name in (settings.core_table, settings.coordination_table):
            dynamodb_backends[ACCOUNT][REGION].tables[name].items.clear()
        s3_backends[ACCOUNT]["aws"].buckets[RAW_BUCKET].keys.clear()
        self.on.aws.messages()
        self._waiting.clear()
        self.simulator.quotas.buckets.clear()
        self.simulator.faults.remove()
        self.wire.instead.clear()
        self.wire.statuses.clear()
        self.on.metrics.counts.clear()
        self.worker = self.new_worker()

    def connect(self, seller: Seller, *, signed_in: bool = True) -> Shop:
        """Connect a seller as the product leaves it, with an authorisation and nothing read yet.

        With ``signed_in`` there is an access token already, as there is for most commands.
        """
        made = connect(
            self.clock,
            seller=seller.selling_partner_id,
            marketplaces=seller.marketplaces,
            fresh=False,
        )
        shop = Shop(seller, made.tenant_id, made.connection_id)
        with tenant_scope(shop.tenant_id):
            grant = Purpose(shop.tenant_id, shop.connection_id, vault.REFRESH_TOKEN)
            token = self.simulator.lwa.authorise(seller)
            vault.put_credential(Secret(token), grant, clock=self.clock)
            if signed_in:
                broker = TokenBroker(self.on.aws.settings, self.wire, self.clock, self.on.entropy)
                broker.access_token(shop.tenant_id, shop.connection_id)
        return shop

    def set_health(self, shop: Shop, dataset: str, **values: Any) -> None:
        """Set what is known of a dataset."""
        with tenant_scope(shop.tenant_id):
            actions = [getattr(DatasetHealth, name).set(value) for name, value in values.items()]
            connections_store.change_health(shop.connection_id, dataset, actions)

    def health(self, shop: Shop, dataset: str) -> DatasetHealth:
        """Return what is known of a dataset."""
        with tenant_scope(shop.tenant_id):
            found = connections_store.dataset_health(shop.connection_id, dataset)
        assert found is not None
        return found

    def page(self, shop: Shop, dataset: str) -> DatasetSync:
        """Return what the sync page says of a dataset."""
        with tenant_scope(shop.tenant_id):
            view = sync_status(shop.connection_id, self.clock)
        return next(each for each in view.datasets if each.dataset == dataset)

    def says(self, shop: Shop, dataset: str) -> str:
        """Return the words of the sync page on a dataset: its state, why, and what to do."""
        shown = self.page(shop, dataset)
        return " ".join(each for each in (f"{shown.state}.", shown.reason, shown.action) if each)

    def quarantined(self, shop: Shop) -> int:
        """Return how many messages the sync page shows as put aside."""
        with tenant_scope(shop.tenant_id):
            return sync_status(shop.connection_id, self.clock).quarantined

    def reports_asked_for(self, shop: Shop, *, since: datetime) -> list[dict[str, Any]]:
        """Return the reports that Amazon was asked to make for a seller."""
        made = self.simulator.control.reports(shop.partner)["reports"]
        return [each for each in made if each["created"] >= milliseconds(since) and not each["settlement"]]

    def refused(self) -> list[str]:
        """Return the operations of the calls that Amazon refused, with their statuses, since ``forget``."""
        return [f"{name} {status}" for name, status in self.wire.statuses if status >= 400]

    # -- The queue -----------------------------------------------------------------------------------------------------

    def ask(self, shop: Shop, kind: Kind, cause: Cause = "schedule", **arguments: str) -> None:
        """Put a command on the queue."""
        self.on.desk.ask(kind, shop.tenant_id, shop.connection_id, cause=cause, **arguments)

    def run_command(self, command: SyncCommand, watcher: Watcher | None = None, worker: Batch | None = None) -> bool:
        """Give a command to a worker as Lambda does; return whether it was done, so that its message is deleted.

        The worker has an empty context: nothing of a call around this one reaches it.
        """
        event = {"Records": [record_of(command)]}
        with self.wire.watched(watcher):
            answer = Context().run((worker or self.worker).run_batch, event)
        return not answer["batchItemFailures"]

    def waiting(self) -> list[SyncCommand]:
        """Take what is on the work queue and return all that waits, soonest first."""
        for message in self.on.aws.messages():
            at = self.clock.now() + timedelta(seconds=message["delay_seconds"])
            self._push(at, self._number(), decode_command(json.dumps(message["body"])))
        return [command for _, _, command in sorted(self._waiting, key=lambda each: each[:2])]

    def drop(self) -> None:
        """Lose everything that waits."""
        self.waiting()
        self._waiting.clear()

    def redeliver(self, command: SyncCommand) -> None:
        """Put a message on the queue once more, now."""
        self._push(self.clock.now(), self._number(), command)

    def step(self, deliver: Deliver | None = None) -> SyncCommand | None:
        """Deliver the next message, moving the clock to when it is due; None when nothing waits."""
        self.waiting()
        if not self._waiting:
            return None
        at, number, command = heapq.heappop(self._waiting)
        self.clock.advance(max(0.0, (at - self.clock.now()).total_seconds()))
        self._deliveries[number] += 1
        assert self._deliveries[number] <= DELIVERIES, f"{command} would be in the dead-letter queue"
        begun = self.clock.now()
        done = (deliver or self._plainly)(Delivery(command, self._deliveries[number]))
        if not done:
            self._push(begun + timedelta(seconds=INVISIBLE_SECONDS), number, command)
        return command

    def run(self, deliver: Deliver | None = None, *, steps: int = 300) -> list[SyncCommand]:
        """Deliver until nothing waits; return what was delivered."""
        done: list[SyncCommand] = []
        while (command := self.step(deliver)) is not None:
            done.append(command)
            assert len(done) < steps, f"the queue is still not empty: {self.waiting()[:3]}"
        return done

    def live(self, seconds: float, *, every: float = 300) -> None:
        """Let time pass with the schedule at work."""
        for _ in range(round(seconds / every)):
            self.on.tick(every)
            self.run()

    def killing(self, call: int, killed: list[str]) -> Deliver:
        """Return a way to deliver in which each message's first worker dies right after a call of that number.

        ``killed`` takes the names of those calls.
        """

        def after(count: int) -> None:
            if count == call:
                killed.append(self.wire.calls[-1])
                self.wire.kill()

        def deliver(delivery: Delivery) -> bool:
            try:
                return self.run_command(delivery.command, after if delivery.number == 1 else None)
            except Killed:
                self.worker = self.new_worker()
                return False

        return deliver

    def joining(self, call: int, joined: list[str]) -> Deliver:
        """Return a way to deliver in which another worker does all of a message after a call of that number by one.

        ``joined`` takes the names of those calls.
        """
        other = self.new_worker()

        def deliver(delivery: Delivery) -> bool:
            def after(count: int) -> None:
                if count == call:
                    joined.append(self.wire.calls[-1])
                    self.run_command(delivery.command, worker=other)

            return self.run_command(delivery.command, after)

        return deliver

    def _plainly(self, delivery: Delivery) -> bool:
        return self.run_command(delivery.command)

    def _number(self) -> int:
        self._sent += 1
        return self._sent

    def _push(self, at: datetime, number: int, command: SyncCommand) -> None:
        heapq.heappush(self._waiting, (at, number, command))

    # -- What is stored ------------------------------------------------------------------------------------------------

    def records[Record: "CoreItem"](self, shop: Shop, kind: type[Record]) -> list[Record]:
        """Return every item of a kind that the tenant of a shop has, wherever it lies."""
        prefix = f"T#{shop.tenant_id}#"
        found = [item for item in self.on.aws.items() if item["kind"]["S"] == kind.KIND]
        return [kind.from_raw_data(item) for item in found if item["pk"]["S"].startswith(prefix)]

    def orders(self, shop: Shop) -> Counter[tuple[Any, ...]]:
        """Return the stored orders as ``true_orders`` writes them, each as often as it is there."""
        from quayside.orders.records import OrderRecord  # noqa: PLC0415 - beside its readers

        found: Counter[tuple[Any, ...]] = Counter()
        for record in self.records(shop, OrderRecord):
            place, prices = place_of(record.pk, record.sk), prices_from(record.prices)
            lines = []
            for line in lines_from(record.lines):
                price = prices.get(line.order_item_id)
                money = (
                    price
                    and record.status != "CANCELLED"
                    and (price.item_minor, price.tax_minor, price.shipping_minor, -price.discount_minor)
                )
                lines.append((line.seller_sku, line.quantity_ordered, money or None))
            found[place.order_id, place.marketplace_id, record.status, tuple(sorted(lines))] += 1
        return found

    def true_orders(self, shop: Shop) -> Counter[tuple[Any, ...]]:
        """Return Amazon's orders: id, marketplace, status, and SKU, units and money of each line."""
        chunks = self.simulator.control.truth_orders(shop.partner)
        orders = [json.loads(line) for chunk in chunks for line in chunk.splitlines()]
        found: Counter[tuple[Any, ...]] = Counter()
        for order in orders:
            counts = order["priced"] and order["state"] != "CANCELLED"
            lines = tuple(
                sorted(
                    (
                        line["seller_sku"],
                        line["quantity"],
                        tuple(line[f"{part}_minor"] for part in ("item", "tax", "shipping", "discount"))
                        if counts
                        else None,
                    )
                    for line in order["lines"]
                )
            )
            found[order["order_id"], order["marketplace_id"], order["status"], lines] += 1
        return found

    def transactions(self, shop: Shop) -> dict[str, list[TransactionFacts]]:
        """Return the stored transactions by Amazon's ids, each as often as it is there."""
        found: dict[str, list[TransactionFacts]] = {}
        for record in self.records(shop, TransactionRecord):
            found.setdefault(transaction_id_of(record.sk), []).append(transaction_from(record.facts))
        return found

    def settlements(self, shop: Shop) -> Counter[tuple[str, str, int, str, int]]:
        """Return the stored settlements: id, currency, total, and how their lines compare with it."""
        found: Counter[tuple[str, str, int, str, int]] = Counter()
        for record in self.records(shop, SettlementRecord):
            statement, checked = statement_from(record.facts), control_from(record.control)
            key = (settlement_id_of(record.sk), statement.currency, statement.total_minor)
            found[*key, checked.state, checked.residual_minor] += 1
        return found

    def listings(self, shop: Shop) -> dict[str, list[Listing]]:
        """Return the stored listings by SKU, each as often as it is there."""
        found: dict[str, list[Listing]] = {}
        for record in self.records(shop, ListingRecord):
            found.setdefault(listed_sku(record.sk), []).append(merged(sources_of(record)))
        return found

    def stock(self, shop: Shop) -> dict[str, list[tuple[str, Quantities]]]:
        """Return the stored stock by SKU: marketplace and quantities, each as often as it is there."""
        found: dict[str, list[tuple[str, Quantities]]] = {}
        for record in self.records(shop, PositionRecord):
            place = next(each for each in shop.seller.marketplaces if each in record.pk)
            found.setdefault(stocked_sku(record.sk), []).append((place, quantities_from(record.quantities)))
        return {sku: sorted(each, key=lambda pair: pair[0]) for sku, each in found.items()}
