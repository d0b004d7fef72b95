"""The product's functions in one process, each with its own role and settings, on a clock moved by hand.

They are the functions of the repository, put together by their own composition roots; what differs from Lambda is who
calls them. The work queue is the deployed one: what is put off goes there with its delay, which here is counted on the
manual clock instead of the wall clock, so nothing sleeps. The stream is the table's own.
"""

import heapq
import itertools
import json
import os
import secrets
import threading
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

import botocore
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from quayside.kernel.clock import Clock
from quayside.kernel.observability import CountedMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.storage.connection import (
    FACTS_ONLY,
    STORES_CREDENTIALS,
    USES_CREDENTIALS,
    Store,
    TenantAccess,
    binding,
)
from tests.bench.deployment import Function, as_function
from tests.bench.embedded_aws import REGION, EmbeddedAws
from tests.bench.harness import chunks
from tests.support.api import caller
from tests.support.commands import record

if TYPE_CHECKING:
    from botocore.session import Session
    from chalice.app import Chalice

    from quayside.amazon.orders import Order
    from quayside.kernel.ids import ConnectionId, TenantId
    from quayside.sync.sinks import Applied, OrderSink, ReportLoad, ReportSink
    from sync_worker.batch import Batch
    from sync_worker.container import Door

INTAKE_BATCH = 50
WORK_BATCH = 5
STREAM_BATCH = 100
"""Batch sizes of the template."""

SLICES = 4
VISIBILITY_MILLISECONDS = 730_000
_DUE = "due_ms"


class ManualClock(Clock, Protocol):
    """A clock somebody moves."""

    def now_ms(self) -> int:
        """Return epoch milliseconds."""
        ...


@dataclass(frozen=True)
class Part:
    """One function: its settings and the store that signs with its role."""

    settings: Settings
    store: Store


@dataclass(order=True)
class _Waiting:
    due_ms: int
    number: int
    body: str = field(compare=False)
    receives: int = field(compare=False, default=0)


def part_of(aws: EmbeddedAws, function: Function, access: TenantAccess = FACTS_ONLY) -> Part:
    """Make a function's settings and store in its own environment, with the credentials of its role."""
    with as_function(aws, function):
        settings = load_settings(os.environ)
        store = Store(settings, access)
        # botocore reads credentials when a session makes its first client, so that has to happen in here.
        _ = store.system.sts
        _ = store.system.sqs
        return Part(settings, store)


class DelaysOnTheClock:
    """Makes messages of a queue wait by the manual clock: the delay is taken off and travels as an attribute."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.sent = 0

    @contextmanager
    def active(self) -> Iterator[None]:
        """Apply to every botocore session that is made inside the block."""
        botocore.register_initializer(self._attend)
        try:
            yield
        finally:
            botocore.unregister_initializer(self._attend)

    def _attend(self, session: "Session") -> None:
        session.register("provide-client-params.sqs.SendMessageBatch", self._put_off)

    def _put_off(self, **given: Any) -> Any:
        params: dict[str, Any] = given["params"]
        entries = []
        for entry in params["Entries"]:
            due = self._clock.now_ms() + 1000 * int(entry.get("DelaySeconds", 0))
            attribute = {_DUE: {"DataType": "Number", "StringValue": str(due)}}
            entries.append({**entry, "DelaySeconds": 0, "MessageAttributes": attribute})
        self.sent += len(entries)
        return {**params, "Entries": entries}


class Product:
    """Intake, worker, roller, schedules and API on one deployment and one clock.

    Args:
        aws: where they are deployed.
        functions: the functions of the template, by logical id.
        clock: the time of all of them.
        delays: active while this is made, so that the queue's delays follow the clock.
        runs: whether a command is run; others are counted and dropped.
        door: the way to Amazon; None is HTTP, as deployed.
        loaded: told how many rows of a report were stored, for a clock that does not move while code works.
    """

    def __init__(
        self,
        aws: EmbeddedAws,
        functions: Mapping[str, Function],
        clock: ManualClock,
        delays: DelaysOnTheClock,
        runs: Callable[[Mapping[str, Any]], bool],
        *,
        door: "Door | None" = None,
        loaded: Callable[[int], object] = lambda _rows: None,
    ) -> None:
        from metrics_roller import app as roller  # noqa: PLC0415 - the product, only when measured
        from metrics_roller.container import Container as RollerContainer  # noqa: PLC0415 - as above
        from notification_intake import app as intake  # noqa: PLC0415 - as above
        from notification_intake.container import Container as IntakeContainer  # noqa: PLC0415 - as above
        from schedules.container import Schedules  # noqa: PLC0415 - as above

        self.clock = clock
        self._delays = delays
        self._runs = runs
        self._waiting: list[_Waiting] = []
        self._numbers = itertools.count()
        self._received = 0
        self.dropped: Counter[str] = Counter()
        self.metrics = {name: CountedMetrics() for name in ("intake", "worker", "roller", "schedules", "api")}
        self.inbox: deque[str] = deque()
        self._inbox_lock = threading.Lock()
        intake_part = part_of(aws, functions["NotificationIntake"])
        self._intake_store = intake_part.store
        with binding(intake_part.store):
            container = IntakeContainer(
                intake_part.settings, clock=clock, store=intake_part.store, metrics=self.metrics["intake"]
            )
        self._intake = intake.build(lambda: container)
        roller_part = part_of(aws, functions["MetricsRoller"])
        self._roller_store = roller_part.store
        with binding(roller_part.store):
            rolling = RollerContainer(
                roller_part.settings, clock=clock, store=roller_part.store, metrics=self.metrics["roller"]
            )
        self._roller = roller.build(lambda: rolling)
        worker = part_of(aws, functions["SyncWorker"], USES_CREDENTIALS)
        self._worker_store = worker.store
        self._worker = _worker(worker.settings, clock, self.metrics["worker"], door, loaded)
        scheduled = part_of(aws, functions["Schedules"])
        self._schedules_store = scheduled.store
        self._schedules = Schedules(clock, self.metrics["schedules"])
        self._api = part_of(aws, functions["SellerApi"], STORES_CREDENTIALS)
        self._stream = Stream(aws, intake_part.settings.core_table)

    # -- Notifications ------------------------------------------------------------------------------------------------

    def deliver(self, _arn: str, body: str) -> None:
        """Put a notification into the intake queue."""
        with self._inbox_lock:
            self.inbox.append(body)

    def take_in(self) -> int:
        """Run the intake until its queue is empty; return how many deliveries that were."""
        taken = 0
        again: list[str] = []
        while True:
            with self._inbox_lock:
                bodies = [self.inbox.popleft() for _ in range(min(INTAKE_BATCH, len(self.inbox)))]
            if not bodies:
                self.inbox.extend(again)
                return taken
            records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
            with binding(self._intake_store):
                answer = self._intake({"Records": records}, None)
            again += [bodies[int(each["itemIdentifier"])] for each in answer["batchItemFailures"]]
            taken += len(bodies)

    # -- Work ---------------------------------------------------------------------------------------------------------

    def next_due_ms(self) -> int | None:
        """Return when the next command is due, or None when nothing waits."""
        self._receive()
        return self._waiting[0].due_ms if self._waiting else None

    def work(self) -> int:
        """Run every command that is due by the clock; return how many that were."""
        ran = 0
        while True:
            self._receive()
            batch: list[_Waiting] = []
            while self._waiting and self._waiting[0].due_ms <= self.clock.now_ms() and len(batch) < WORK_BATCH:
                batch.append(heapq.heappop(self._waiting))
            if not batch:
                return ran
            # Each was deleted when it was taken, and comes again from here: nobody can postpone it.
            records = [
                record(each.body, message_id=str(place), handle="taken", received=each.receives + 1)
                for place, each in enumerate(batch)
            ]
            with binding(self._worker_store):
                answer = self._worker.run_batch({"Records": records})
            for failure in answer["batchItemFailures"]:
                failed = batch[int(failure["itemIdentifier"])]
                later = self.clock.now_ms() + VISIBILITY_MILLISECONDS
                heapq.heappush(self._waiting, _Waiting(later, next(self._numbers), failed.body, failed.receives + 1))
            ran += len(batch)

    def _receive(self) -> None:
        """Take everything out of the work queue; what is not run here is dropped and counted."""
        sqs = self._worker_store.system.sqs
        url = self._worker_store.settings.work_queue_url
        while self._received < self._delays.sent:
            found = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0, MessageAttributeNames=[_DUE]
            ).get("Messages", [])
            if not found:
                return
            self._received += len(found)
            for message in found:
                command = json.loads(message["Body"])
                if self._runs(command):
                    due = int(message["MessageAttributes"][_DUE]["StringValue"])
                    heapq.heappush(self._waiting, _Waiting(due, next(self._numbers), message["Body"]))
                else:
                    self.dropped[command["kind"]] += 1
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(found)],
            )

    def tick(self) -> int:
        """Run the schedules once, as happens every five minutes; return how many commands were sent."""
        with binding(self._schedules_store):
            return self._schedules.run()["sent"]

    # -- Figures ------------------------------------------------------------------------------------------------------

    def roll(self) -> int:
        """Run the roller over everything the stream holds and has not been rolled; return how many records."""
        rolled = 0
        for page in self._stream.pages():
            wanted = [each for each in page if each["dynamodb"]["Keys"]["sk"]["S"].startswith("ORDER#")]
            for batch in chunks(wanted, STREAM_BATCH):
                self._roll(list(batch))
            rolled += len(wanted)
        return rolled

    def order_images(self) -> Iterator[dict[str, dict[str, Any]]]:
        """Yield the orders the stream tells of since it was last read, as they were after each write."""
        for page in self._stream.pages():
            for change in page:
                image = change["dynamodb"].get("NewImage")
                if image is not None and image["sk"]["S"].startswith("ORDER#"):
                    yield image

    def _roll(self, records: list[dict[str, Any]]) -> None:
        for _ in range(10):
            with binding(self._roller_store):
                failures = self._roller({"Records": records}, None)["batchItemFailures"]
            if not failures:
                return
            sequence = failures[0]["itemIdentifier"]
            numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
            records = records[numbers.index(sequence) :]
        raise RuntimeError(f"The roller gave up on the record {records[0]['dynamodb']['SequenceNumber']}.")

    # -- API ----------------------------------------------------------------------------------------------------------

    def api(self, subject: str, tenant_id: str, clock: Clock | None = None) -> "Api":
        """Return the API as a signed-in owner of a tenant sees it, now or at another time."""
        return api_of(self._api, clock or self.clock, self.metrics["api"], subject, tenant_id)

    @property
    def api_store(self) -> Store:
        """The store of the API function."""
        return self._api.store

    @property
    def worker_store(self) -> Store:
        """The store of the worker."""
        return self._worker_store


def _worker(
    settings: Settings, clock: Clock, metrics: CountedMetrics, door: "Door | None", loaded: Callable[[int], object]
) -> "Batch":
    """Put the worker together as its own composition root does, with two differences.

    A page of orders is handed to the product's sink in slices at once, as if as many workers had a slice each. One by
    one, half of the time would go by waiting for the embedded AWS. And who moves the clock is told of rows loaded.
    """
    from quayside.amazon.circuits import Circuits  # noqa: PLC0415 - the product, only when measured
    from quayside.amazon.ledger import Ledger  # noqa: PLC0415 - as above
    from quayside.amazon.tokens import TokenBroker  # noqa: PLC0415 - as above
    from quayside.amazon.transport import HttpTransport  # noqa: PLC0415 - as above
    from quayside.orders.service import apply_orders  # noqa: PLC0415 - as above
    from quayside.sync import datasets, reports  # noqa: PLC0415 - as above
    from quayside.sync.service import let_come_again  # noqa: PLC0415 - as above
    from quayside.sync.worker import Collaborators, Worker  # noqa: PLC0415 - as above
    from sync_worker.batch import Batch  # noqa: PLC0415 - as above
    from sync_worker.container import note_failed, note_revoked  # noqa: PLC0415 - as above
    from sync_worker.use_cases import application_use_cases, use_cases  # noqa: PLC0415 - as above
    from sync_worker.use_cases.reports import SINKS  # noqa: PLC0415 - as above

    transport = door or HttpTransport(settings)
    sinks = {kind: telling(loaded, sink) for kind, sink in SINKS.items()}
    log = logger("sync_worker")
    worker = Worker(
        Collaborators(
            settings=settings,
            transport=transport,
            downloads=transport,
            tokens=TokenBroker(settings, transport, clock, secrets.token_bytes),
            ledger=Ledger(settings.amazon_application_id, clock),
            circuits=Circuits(settings.amazon_application_id, clock),
            use_cases={
                **use_cases(),
                "orders.search": datasets.search_orders(in_slices(apply_orders), reports.plan),
                "report.load": reports.load(sinks),
            },
            application_use_cases=application_use_cases(),
            clock=clock,
            entropy=secrets.token_bytes,
            random=Random(1),
            metrics=metrics,
            logger=log,
            revoked=note_revoked(clock),
            failed=note_failed(clock),
        )
    )
    return Batch(worker, let_come_again, metrics, log)


def api_of(part: Part, clock: Clock, metrics: CountedMetrics, subject: str, tenant_id: str) -> "Api":
    """Return the API, put together by its own composition root, as a signed-in owner of a tenant sees it."""
    from seller_api import app as seller_api  # noqa: PLC0415 - the product, only when measured
    from seller_api.container import Container  # noqa: PLC0415 - as above

    with binding(part.store):
        container = Container(part.settings, clock=clock, store=part.store, metrics=metrics)
    application, _ = seller_api.build(container)
    claims = {
        "sub": subject,
        "aud": part.settings.user_pool_client_id,
        "token_use": "id",
        "custom:tenant_id": tenant_id,
    }
    return Api(application, part.store, claims)


def telling(told: Callable[[int], object], sink: "ReportSink") -> "ReportSink":
    """Return a sink that tells how many rows ``sink`` stored, after it stored them."""

    def apply(load: "ReportLoad", rows: Sequence[Any]) -> "Applied":
        applied = sink(load, rows)
        told(len(rows))
        return applied

    return apply


def in_slices(sink: "OrderSink") -> "OrderSink":
    """Return a sink that hands a page to ``sink`` in ``SLICES`` parts at once and adds up what became of them."""
    from quayside.sync.sinks import Applied  # noqa: PLC0415 - the product, only when measured

    pool = ThreadPoolExecutor(SLICES, thread_name_prefix="slice")

    def apply(
        tenant_id: "TenantId",
        connection_id: "ConnectionId",
        orders: "Sequence[Order]",
        *,
        received_at: datetime,
        clock: Clock,
    ) -> "Applied":
        parts = pool.map(
            lambda part: sink(tenant_id, connection_id, part, received_at=received_at, clock=clock),
            [orders[number::SLICES] for number in range(SLICES)],
        )
        found = list(parts)
        rejected = tuple(each for part in found for each in part.rejected)
        return Applied(sum(part.applied for part in found), sum(part.stale for part in found), rejected)

    return apply


class Api:
    """Calls routes the way API Gateway does, after its authoriser has verified who asks."""

    def __init__(self, application: "Chalice", store: Store, claims: Mapping[str, str]) -> None:
        self._call = caller(application)
        self._store = store
        self._claims = {**claims, "email": "owner@example.com", "cognito:username": claims["sub"], "name": "Owner"}

    def get(self, path: str, **query: str) -> Any:
        """Read an address below ``/api/v1``."""
        return self._answer("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Send something to an address below ``/api/v1``."""
        return self._answer("POST", path, body=dict(body))

    def put(self, path: str, body: Mapping[str, object]) -> Any:
        """Change something at an address below ``/api/v1``."""
        return self._answer("PUT", path, body=dict(body))

    def _answer(self, method: str, path: str, **parts: Any) -> Any:
        with binding(self._store):
            answer = self._call(method, f"/api/v1{path}", claims=self._claims, **parts)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {answer.text}")
        return answer.json


class Stream:
    """Reads the stream of a table from its beginning, as Lambda hands it to a function.

    The calls are made by hand: botocore would turn each of hundreds of thousands of images into objects and back.
    """

    def __init__(self, aws: EmbeddedAws, table: str) -> None:
        self._endpoint = aws.endpoint
        credentials = aws.operator.get_credentials()
        if credentials is None:
            raise RuntimeError("The operator's session has no credentials.")
        self._signer = SigV4Auth(credentials.get_frozen_credentials(), "dynamodb", REGION)
        described = aws.operator.client("dynamodb", endpoint_url=aws.endpoint).describe_table(TableName=table)
        self._arn = described["Table"]["LatestStreamArn"]
        shards = self._call("DescribeStream", StreamArn=self._arn)["StreamDescription"]["Shards"]
        # The last record read of each shard; an iterator lives fifteen minutes only, so none is kept.
        self._read: dict[str, str | None] = dict.fromkeys(shard["ShardId"] for shard in shards)

    def pages(self) -> Iterator[Sequence[dict[str, Any]]]:
        """Yield what came since the last time, page by page."""
        for shard, last in self._read.items():
            where: dict[str, str] = {"ShardIteratorType": "TRIM_HORIZON"}
            if last is not None:
                where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
            place = self._call("GetShardIterator", StreamArn=self._arn, ShardId=shard, **where)["ShardIterator"]
            while True:
                answer = self._call("GetRecords", ShardIterator=place, Limit=1000)
                place = answer["NextShardIterator"]
                if not answer["Records"]:
                    break
                for change in answer["Records"]:
                    change["eventSourceARN"] = self._arn
                self._read[shard] = answer["Records"][-1]["dynamodb"]["SequenceNumber"]
                yield answer["Records"]

    def _call(self, operation: str, **arguments: Any) -> Any:
        body = json.dumps(arguments).encode()
        request = AWSRequest(
            "POST",
            self._endpoint + "/",
            data=body,
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"DynamoDBStreams_20120810.{operation}",
            },
        )
        self._signer.add_auth(request)
        prepared = request.prepare()
        sent = urllib.request.Request(prepared.url, data=body, headers=dict(prepared.headers), method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(sent, timeout=60) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())
