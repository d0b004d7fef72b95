"""Counts what is held of Amazon's, and keeps the results of the daily sweep where nobody can change them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
from pynamodb.attributes import UnicodeAttribute

from quayside.compliance import erasure_store
from quayside.compliance.erasure_rules import Erased, Plan
from quayside.compliance.erasure_store import Place
from quayside.compliance.retention_rules import CLOCKS_DIFFER, REMOVED_WITHIN, Held, Limits, added, judged
from quayside.connections import service as connections
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit, keys
from quayside.storage.connection import bound
from quayside.storage.erasing import Partition, table_name
from quayside.storage.tables import AMAZON_DATA_DAYS, AMAZON_SOURCES, ApplicationAuditItem, create, every


class SweepResult(ApplicationAuditItem):
    """What the sweep of a day counted in one shard of the tenants, by dataset, as JSON. It names no tenant."""

    KIND = "retention_sweep"

    held = UnicodeAttribute()


class DayHeld(NamedTuple):
    """What was held of Amazon's on one day.

    Attributes:
        day: the day (UTC) the sweep began.
        shards: how many of the ``keys.DUE_SHARDS`` shards of tenants are counted.
        held: the counts by dataset.
    """

    day: date
    shards: int
    held: dict[str, Held]


def limits_at(now: datetime) -> Limits:
    """Return what ends are held against at an instant."""
    furthest = now + timedelta(days=AMAZON_DATA_DAYS) + CLOCKS_DIFFER
    return Limits(epoch_seconds(now), epoch_seconds(now - REMOVED_WITHIN), epoch_seconds(furthest))


def places(newest: date) -> list[Place]:
    """Return every place in Core where facts of the tenant in scope can lie, by their partition keys.

    ``newest`` is the latest day that facts can be of. Personal data lies elsewhere and ends by its keys.
    """
    found = connections.all_connections()
    erased = tuple(
        Erased(each.connection_id, each.region, each.selling_partner_id, each.marketplace_ids) for each in found
    )
    settlements = {each.connection_id: erasure_store.settlement_ids(ConnectionId(each.connection_id)) for each in found}
    plan = Plan(erased, settlements, newest.isoformat())
    of_core = erasure_store.partitions(current_tenant(), plan, whole_tenant=False)
    return sorted((each for each in of_core if each.partition.table == "core"), key=lambda each: each.partition.pk)


def count(partition: Partition, limits: Limits) -> Held:
    """Count the items of Amazon's in a partition of the tenant in scope; eventually consistent, for half the price."""
    return judged(_ends(partition), limits)


def _ends(partition: Partition) -> Iterator[int | None]:
    request: dict[str, Any] = {
        "TableName": table_name(partition.table),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": partition.pk}},
        "ProjectionExpression": "#source, expires_at",
        "ExpressionAttributeNames": {"#source": "source"},
    }
    client = bound().tenant.client("dynamodb")
    while True:
        answer = client.query(**request)
        for item in answer["Items"]:
            # An item that does not say where it comes from is taken for Amazon's.
            if item.get("source", {"S": AMAZON_SOURCES[0]})["S"].startswith(AMAZON_SOURCES):
                yield int(float(item["expires_at"]["N"])) if "expires_at" in item else None
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def put_result(day: date, shard: int, held: Mapping[str, Held], at: datetime) -> bool:
    """Keep what was counted in a shard as long as entries of the audit trail; False when there is a result already."""
    text = msgspec.json.encode(held).decode()
    attributes = {"held": {"S": text}, "expires_at": {"N": str(audit.expires_at(at))}}
    return create(SweepResult, keys.sweep_result(day, shard), attributes).applied


def results(since: date, until: date) -> list[DayHeld]:
    """Return what was counted from one day to another, both included, the newest first."""
    found: list[DayHeld] = []
    for year in range(since.year, until.year + 1):
        bounds = (f"DAY#{since.isoformat()}", f"DAY#{until.isoformat()}#{keys.HIGHEST}")
        partition = every(SweepResult, keys.sweep_results(date(year, 1, 1)), between=bounds)
        for day, records in groupby(partition, key=lambda record: record.sk.split("#")[1]):
            shards, held = 0, dict[str, Held]()
            for record in records:
                shards += 1
                held = added(held, msgspec.json.decode(record.held, type=dict[str, Held]))
            found.append(DayHeld(date.fromisoformat(day), shards, held))
    return found[::-1]
