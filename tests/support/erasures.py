"""A tenant with data of every kind, an erasure of it, and something that kills it half way."""

import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import boto3
import msgspec

from compliance_worker.tasks import TASKS
from quayside.compliance.tasks import ComplianceTask, Work, decode_task
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.observability import CountedMetrics, logger
from quayside.storage import keys
from quayside.storage.connection import Store
from quayside.storage.keys import Key
from tests.support.amazon import entropy_of
from tests.support.aws import DOCUMENTS_BUCKET, EXPORTS_BUCKET, RAW_BUCKET, REGION, UPLOADS_BUCKET, Aws


class Killed(BaseException):
    """The worker died: no ``except`` of the product catches it."""


@contextmanager
def killed_after(store: Store, calls: int) -> Iterator[None]:
    """Let the process die at the given call to AWS: before it is sent, or after its answer is lost, in turn."""
    made = itertools.count(1)

    def count(**_: Any) -> None:
        # One step that no other thread can come between: calls are made in several.
        if next(made) == calls:
            raise Killed

    event = "request-created" if calls % 2 else "after-call"
    clients = [store.tenant.client("dynamodb"), store.tenant.client("s3"), store.documents.client("s3")]
    clients += [store.system.client(name) for name in ("dynamodb", "sqs", "kms")]
    clients += [store.connection(door).client for door in ("tenant", "system")]
    for client in clients:
        client.meta.events.register_first(event, count, unique_id="killed")
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister(event, count, unique_id="killed")


class Keeper:
    """Runs the tasks of the compliance queue until none is left, as the queue and the schedule would."""

    def __init__(self, on: Aws, *, stop: Callable[[], bool] = lambda: False) -> None:
        self._on = on
        self._log = logger("compliance_worker")
        self.stop = stop
        self.metrics = CountedMetrics()

    def work(self) -> Work:
        """Return what a task is given."""
        return Work(self._on.clock, entropy_of(7), self.metrics, self._log, self.stop)

    def run(self, task: ComplianceTask) -> None:
        """Run one task."""
        TASKS[task.task](task, self.work())

    def deliver(self) -> int:
        """Run what is on the queue, whatever its delay; return how many tasks that were."""
        messages = self._on.messages(self._on.settings.compliance_queue_url)
        for message in messages:
            self.run(_task(message["body"]))
        return len(messages)

    def until_done(self) -> None:
        """Let time pass and the schedule tick until no erasure is left to go on with."""
        for _ in range(40):
            self._on.clock.advance(timedelta(minutes=31).total_seconds())
            self.run(ComplianceTask("erasure.due"))
            if not self.deliver():
                return


def _task(body: dict[str, Any]) -> ComplianceTask:
    return decode_task(msgspec.json.encode(body))


SETTLEMENT = "90000000001"
REPORT = "report-1"
ELSEWHERE = ("audit_", "receipt", "disclosure")
"""What lies in the table of the audit trail and stays."""


OF_NOTES = frozenset({"job", "due_at", "erasure_id", "finished_at"})
"""Parameters of keys of what functions note among themselves."""


def tenant_keys(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, month: date) -> dict[str, Key]:
    """Return a key of every kind of record of a tenant, by calling every function that makes one.

    A function with a parameter that is not known here fails the test: whoever adds a kind of key says what it is of.
    """
    at = datetime(month.year, month.month, 15, 12, tzinfo=UTC)
    values: dict[str, Any] = {
        "tenant_id": tenant_id, "connection_id": connection_id, "marketplace_id": marketplace_id, "member_id": "anna",
        "dataset": "orders", "local_month": month, "purchased_at": at, "order_id": "701-1", "seller_sku": "SKU-1",
        "day": month, "currency": "USD", "received_at": at, "entry_id": "entry", "asin": "B000000001", "posted": month,
        "posted_at": at, "transaction_id": "t-1", "settlement_id": SETTLEMENT, "line": 1, "deposited": month,
        "returned": month, "returned_at": at, "unit": "1", "plan_id": "plan", "shipment_id": "FBA1", "started_at": at,
        "lot_id": "lot", "cost_id": "cost", "base": "EUR", "quote": "USD",
        "command_id": "command", "name": "name", "expires_on": month, "export_id": "export",
        "month": f"{month:%Y-%m}", "kind": "ORDERS", "location_id": "location", "number": 1,
        "wakes_at": at, "campaign_id": "campaign", "made_on": month, "view_id": "view",
        "edit_id": "edit", "file_id": "file", "product_type": "MUG",
        "supplier_id": "supplier", "group": "OPEN", "line_id": "1", "charge_id": "charge", "once": "once",
        "stage": "idea", "created_at": at, "lead_id": "lead", "quote_id": "quote", "scenario_id": "scenario",
        "channel": "AMAZON", "price_minor": 1999, "message_id": "message", "written_at": at,
    }  # fmt: skip
    found: dict[str, Key] = {}
    for name, function in inspect.getmembers(keys, inspect.isfunction):
        parameters = list(inspect.signature(function).parameters)
        if not parameters or parameters[0] != "tenant_id" or name.startswith(ELSEWHERE):
            continue
        if inspect.signature(function).return_annotation is not Key or OF_NOTES & set(parameters):
            continue
        made = function(*(values[each] for each in parameters))
        if made.pk.startswith(keys.tenant_prefix(tenant_id)):
            found[name] = made
    return found


def plant(on: Aws, tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, months: int = 2) -> int:
    """Put an item under a key of every kind, in several months, and files; return how many are of the connection."""
    client = boto3.client("dynamodb", region_name=REGION)
    last = on.clock.now().date().replace(day=1)
    planted = set()
    for back in range(months):
        month = (last - timedelta(days=30 * back)).replace(day=1)
        for name, key in tenant_keys(tenant_id, connection_id, marketplace_id, month).items():
            if name in {"tenant", "member", "connection"}:
                continue
            vault = name in {"refresh_token", "authorization_code"}
            item = {"pk": {"S": key.pk}, "sk": {"S": key.sk}, "kind": {"S": name}, "report_id": {"S": REPORT}}
            table = on.settings.vault_table if vault else on.settings.core_table
            if name == "personal_record":
                table, item["expires_on"], item["revision"] = on.settings.pii_table, {"S": "2026-12-01"}, {"S": "1"}
            if name == "message_file_part":
                table = on.settings.pii_table
            if name == "data_key":
                table, item["records"] = on.settings.pii_keys_table, {"N": "9"}
            client.put_item(TableName=table, Item=item)
            if not vault and name != "data_key":
                planted.add(key)
    files = boto3.client("s3", region_name=REGION)
    files.put_object(Bucket=RAW_BUCKET, Key=keys.raw_report(tenant_id, connection_id, "GET_X", REPORT), Body=b"x")
    for of in (connection_id, None):
        files.put_object(Bucket=EXPORTS_BUCKET, Key=keys.export_file(tenant_id, of, "export"), Body=b"x")
    for bucket in (UPLOADS_BUCKET, DOCUMENTS_BUCKET):
        files.put_object(Bucket=bucket, Key=keys.shipment_file(tenant_id, "shipment", "document"), Body=b"x")
    return sum(connection_id in key.pk for key in planted)


def files_of(tenant_id: TenantId, text: str = "") -> list[str]:
    """Return the keys of a tenant's files in either bucket that hold ``text``."""
    client = boto3.client("s3", region_name=REGION)
    found = []
    for bucket in (RAW_BUCKET, EXPORTS_BUCKET, UPLOADS_BUCKET, DOCUMENTS_BUCKET):
        listed = client.list_objects_v2(Bucket=bucket, Prefix=f"T/{tenant_id}/").get("Contents", [])
        found += [each["Key"] for each in listed if text in each["Key"]]
    return found


def left_of(on: Aws, id_: str, names: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return every item of any table that says an id or one of ``names``, but for what stays."""
    found = []
    for table in ("core_table", "pii_table", "pii_keys_table", "vault_table", "audit_table", "coordination_table"):
        for item in on.items(table):
            said = str(item)
            if item["kind"]["S"] in {"erasure_receipt", "erasure", "audit_entry", "audit_volume", "audit_chain"}:
                continue
            if id_ in said or any(name in said for name in names):
                found.append((table, item["pk"]["S"], item["sk"]["S"]))
    return found


def random_points(seed: int, count: int, most: int) -> list[int]:
    """Return at which calls a process dies."""
    chosen = Random(seed)
    return [chosen.randint(1, most) for _ in range(count)]
