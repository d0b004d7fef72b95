"""Erasure: a tenant with 200,000 items in all sorts of partitions, erased by a worker that is killed at 20 points.

The items, the raw files and a second tenant beside it lie in the real template's tables and buckets on the embedded
AWS, IAM enforced. The worker is the deployed function with its own role and the tenant's session: it dies at random
calls to AWS (before one is sent, or after its answer is lost), and the next message goes on. Then every table, bucket
and queue is searched for what is left, and the other tenant's items are compared with what they were.

Write units are DynamoDB's own, read from the answers to the worker's writes, per item of the tenant.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from tests.bench.capacity import WriteUnits
from tests.bench.catalogue import Result
from tests.bench.deployment import Function, as_function, deploy
from tests.bench.embedded_aws import EmbeddedAws, embedded_aws
from tests.bench.harness import NotMeasurableError, Run, handlers_log

if TYPE_CHECKING:
    from quayside.kernel.ids import ConnectionId, TenantId

ITEMS = 200_000
KILLS = 20
OTHERS = 2_000
FILES = 50
SEED = 20261122
MARKETPLACE = "ATVPDKIKX0DER"
_WRITERS = 4
_TABLES = ("CORE_TABLE", "PII_TABLE", "PII_KEYS_TABLE", "VAULT_TABLE", "COORDINATION_TABLE")
_STAYS = frozenset({"erasure"})
"""What an erasure says of itself, which ends after 90 days."""


def measure(run: Run) -> Result:
    """Plant, erase with kills, and search for what is left.

    Raises:
        NotMeasurableError: there is no embedded AWS, or an erasure did not come to its end.
    """
    with embedded_aws(run) as aws:
        function = deploy(aws, ("ComplianceWorker",))["ComplianceWorker"]
        with as_function(aws, function), handlers_log(run):
            return _measure(run, aws, function)


def _measure(run: Run, aws: EmbeddedAws, function: Function) -> Result:
    from quayside.kernel.ids import connection_id_of, tenant_id_of  # noqa: PLC0415 - the product, with its environment

    items = run.share(ITEMS)
    erased, other = tenant_id_of("erased"), tenant_id_of("other")
    client = aws.operator.client("dynamodb", endpoint_url=aws.endpoint)
    for tenant_id, count in ((erased, items), (other, run.share(OTHERS))):
        connection_id = connection_id_of(tenant_id, "NA", f"A1{tenant_id[:8].upper()}")
        _plant(client, function.environment, tenant_id, connection_id, count)
        _plant_files(aws, function.environment, tenant_id, connection_id)
    run.say(f"{items:,} items planted beside {run.share(OTHERS):,} of another tenant.")
    before = _of(client, function.environment, other)
    units = WriteUnits(lambda _table, _arguments: "all")
    with units.watching():
        killed = _erase(run, erased)
    left = len(_of(client, function.environment, erased)) + _files(aws, function.environment, erased)
    changed = _differences(before, _of(client, function.environment, other))
    return {
        "items": items,
        "left": left,
        "others_changed": changed,
        "write_units_per_item": round(units.units["all"] / items, 3),
        "killed": killed,
        "seconds": run.seconds,
    }


def _places(tenant_id: "TenantId", connection_id: "ConnectionId", count: int) -> Iterator[tuple[str, str]]:
    """Yield keys as the product makes them: two years of orders, and stock, figures and payments beside them."""
    from quayside.storage import keys  # noqa: PLC0415 - as above

    first = datetime(2024, 12, 1, tzinfo=UTC)
    for number in range(count):
        at = first + timedelta(minutes=5 * number % (700 * 1440))
        day = date(at.year, at.month, at.day)
        match number % 10:
            case 0:
                yield keys.inventory_position(tenant_id, connection_id, MARKETPLACE, f"SKU-{number}")
            case 1:
                yield keys.transaction(tenant_id, connection_id, at, f"transaction-{number}")
            case 2:
                yield keys.settlement_line(tenant_id, connection_id, f"{number % 50}", number)
            case _:
                yield keys.order(tenant_id, connection_id, MARKETPLACE, day, at, f"701-{number}")
    for number in range(50):
        yield keys.settlement(tenant_id, connection_id, date(2026, 1, 1) + timedelta(days=number), f"{number}")


def _plant(
    client: Any,
    environment: Mapping[str, str],
    tenant_id: "TenantId",
    connection_id: "ConnectionId",
    count: int,
) -> None:
    from quayside.storage import keys  # noqa: PLC0415 - as above

    def put(batch: list[dict[str, Any]]) -> None:
        client.batch_write_item(RequestItems={environment["CORE_TABLE"]: [{"PutRequest": {"Item": i}} for i in batch]})

    connection = keys.connection(tenant_id, connection_id)
    texts = {
        "kind": "connection", "connection_id": connection_id, "selling_partner_id": f"A1{tenant_id[:8].upper()}",
        "region": "NA", "name": "Erased", "status": "disconnected", "authorised_by": "m",
        "began_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    batch: list[dict[str, Any]] = [
        {"pk": {"S": connection.pk}, "sk": {"S": connection.sk}, **{name: {"S": text} for name, text in texts.items()}}
    ]
    with ThreadPoolExecutor(_WRITERS) as writers:
        pending = []
        for number, (pk, sk) in enumerate(_places(tenant_id, connection_id, count - 51)):
            item = {"pk": {"S": pk}, "sk": {"S": sk}, "kind": {"S": "planted"}, "facts": {"S": "x" * 300}}
            if sk.startswith("ORDER#"):
                item["lookup_key"] = {"S": keys.order_lookup(tenant_id, f"701-{number}")}
            batch.append(item)
            if len(batch) == 25:
                pending.append(writers.submit(put, batch))
                batch = []
        if batch:
            pending.append(writers.submit(put, batch))
        for each in pending:
            each.result()
    client.put_item(
        TableName=environment["VAULT_TABLE"],
        Item={
            "pk": {"S": keys.refresh_token(tenant_id, connection_id).pk}, "sk": {"S": "REFRESH_TOKEN"},
            "kind": {"S": "credential"},
        },
    )  # fmt: skip


def _plant_files(
    aws: EmbeddedAws, environment: Mapping[str, str], tenant_id: "TenantId", connection_id: "ConnectionId"
) -> None:
    from quayside.storage import keys  # noqa: PLC0415 - as above

    files = aws.operator.client("s3", endpoint_url=aws.endpoint)
    for number in range(FILES):
        key = keys.raw_report(tenant_id, connection_id, "GET_X", str(number))
        files.put_object(Bucket=environment["RAW_BUCKET"], Key=key, Body=b"x", IfNoneMatch="*")


def _erase(run: Run, tenant_id: "TenantId") -> int:
    """Ask for the erasure, deliver its messages, kill the worker again and again; return how often it died."""
    from compliance_worker.tasks import TASKS  # noqa: PLC0415 - as above
    from quayside.compliance import erasure_service  # noqa: PLC0415 - as above
    from quayside.compliance.tasks import ComplianceTask, Work  # noqa: PLC0415 - as above
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - as above
    from quayside.kernel.observability import CountedMetrics, logger  # noqa: PLC0415 - as above
    from quayside.kernel.settings import load_settings  # noqa: PLC0415 - as above
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above
    from quayside.storage.connection import KEEPS_PROMISES, Store, binding  # noqa: PLC0415 - as above
    from tests.support.erasures import Killed, killed_after  # noqa: PLC0415 - as above

    clock = FixedClock(datetime.now(UTC))
    chosen = Random(SEED)
    work = Work(clock, secrets.token_bytes, CountedMetrics(), logger("compliance_worker"), lambda: False)
    store = Store(load_settings(os.environ), KEEPS_PROMISES)
    died = 0
    with binding(store):
        with tenant_scope(tenant_id):
            view = erasure_service.close_account(requested_by="bench", clock=clock, entropy=secrets.token_bytes)
        task = ComplianceTask("erasure.run", tenant_id, None, {"erasure_id": view.erasure_id})
        clock.advance(timedelta(hours=1).total_seconds())
        for turn in range(KILLS + 5):
            # After a few dozen calls it dies in the stages that look, after a few hundred while items are destroyed.
            point = chosen.randint(1, 60 if turn % 2 else 600) if turn < KILLS else 10**9
            try:
                with killed_after(store, point):
                    TASKS[task.task](task, work)
            except Killed:
                died += 1
                run.say(f"Killed at call {point:,}, and again from what was written down.")
                continue
            if turn < KILLS:
                run.say(f"It came to its end before call {point:,}.")
            break
        with tenant_scope(tenant_id):
            if [each.state for each in erasure_service.erasures()] != ["done"]:
                raise NotMeasurableError("the erasure did not come to its end")
    return died


def _of(
    client: Any,
    environment: Mapping[str, str],
    tenant_id: "TenantId",
) -> dict[tuple[str, str, str], str]:
    """Return every item of any table that names a tenant or its connection; only a benchmark may look this way."""
    from quayside.kernel.ids import connection_id_of  # noqa: PLC0415 - as above

    names = (tenant_id, connection_id_of(tenant_id, "NA", f"A1{tenant_id[:8].upper()}"))
    found = {}
    for table in _TABLES:
        for page in client.get_paginator("scan").paginate(TableName=environment[table], ConsistentRead=True):
            for item in page["Items"]:
                said = str(sorted(item.items()))
                if item["kind"]["S"] not in _STAYS and any(name in said for name in names):
                    found[table, item["pk"]["S"], item["sk"]["S"]] = said
    return found


def _files(aws: EmbeddedAws, environment: Mapping[str, str], tenant_id: "TenantId") -> int:
    files = aws.operator.client("s3", endpoint_url=aws.endpoint)
    return sum(
        int(files.list_objects_v2(Bucket=environment[name], Prefix=f"T/{tenant_id}/").get("KeyCount", 0))
        for name in ("RAW_BUCKET", "EXPORTS_BUCKET", "UPLOADS_BUCKET", "DOCUMENTS_BUCKET")
    )


def _differences(before: dict[tuple[str, str, str], str], after: dict[tuple[str, str, str], str]) -> int:
    return sum(before.get(place) != after.get(place) for place in {*before, *after})
