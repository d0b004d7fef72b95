"""Destroying items of the tenant in scope, partition by partition, whatever kind they are.

Erasure knows no models: a kind of record that was forgotten would stay behind. It reads keys alone and deletes them 25
at a time, as DynamoDB takes them, so every step may be interrupted and repeated.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import batched
from typing import Any, Literal, NamedTuple

from quayside.storage.connection import bound
from quayside.storage.keys import Key

Table = Literal["core", "vault", "pii", "pii_keys"]
"""The tables that hold a tenant's data."""

DELETED_AT_ONCE = 25
"""How many items BatchWriteItem takes. Source: Amazon DynamoDB API reference, "BatchWriteItem"."""
_READ_AT_ONCE = 1000
_THREADS = 4
_TRIES = 8
_SINGLY: frozenset[Table] = frozenset({"vault"})
"""Nobody may write many at once here: what can delete 25 could also put 25."""


class Unfinished(Exception):
    """DynamoDB left deletions undone again and again; what is left is found by the next try."""


class Partition(NamedTuple):
    """Where items of a tenant lie.

    Attributes:
        table: in which table.
        pk: under which partition key.
    """

    table: Table
    pk: str


def count_items(partition: Partition) -> int:
    """Return how many items there are, strongly consistent."""
    client = bound().tenant.client("dynamodb")
    request = {**_query(partition), "Select": "COUNT"}
    total = 0
    while True:
        answer = client.query(**request)
        total += int(answer["Count"])
        if "LastEvaluatedKey" not in answer:
            return total
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def delete_items(partition: Partition, stop: Callable[[], bool]) -> bool:
    """Delete every item; return False when ``stop`` ended it before.

    Raises:
        Unfinished: DynamoDB was too busy to delete; nothing is lost by trying again later.
        botocore.exceptions.ClientError: it refused.
    """
    for found in _pages(partition):
        if partition.table in _SINGLY:
            for key in found:
                _delete_one(partition, key)
        else:
            _delete_many(partition, found)
        if stop():
            return False
    return True


def _pages(partition: Partition) -> Iterator[list[dict[str, Any]]]:
    client = bound().tenant.client("dynamodb")
    request = {**_query(partition), "ProjectionExpression": "pk, sk", "Limit": _READ_AT_ONCE}
    while True:
        answer = client.query(**request)
        if answer["Items"]:
            yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _query(partition: Partition) -> dict[str, Any]:
    return {
        "TableName": table_name(partition.table),
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": partition.pk}},
        "ConsistentRead": True,
    }


def table_name(table: Table) -> str:
    """Return how a table is called in this deployment."""
    settings = bound().settings
    names = {
        "core": settings.core_table,
        "vault": settings.vault_table,
        "pii": settings.pii_table,
        "pii_keys": settings.pii_keys_table,
    }
    return names[table]


def _delete_one(partition: Partition, key: dict[str, Any]) -> None:
    bound().tenant.client("dynamodb").delete_item(TableName=table_name(partition.table), Key=key)


def _delete_many(partition: Partition, found: Sequence[dict[str, Any]]) -> None:
    """Delete in a few threads, each in a copy of this context, for the tenant in scope is part of it."""
    batches = [list(each) for each in batched(found, DELETED_AT_ONCE, strict=False)]
    # Made before the threads want it: a client is no thing to make in several of them at once.
    client = bound().tenant.client("dynamodb")
    name = table_name(partition.table)
    if len(batches) == 1:
        _delete_batch(client, name, batches[0])
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="erasing") as threads:
        for pending in [threads.submit(copy_context().run, _delete_batch, client, name, each) for each in batches]:
            pending.result()


def _delete_batch(client: Any, table_name: str, found: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401 - botocore makes clients at run time
    left: list[dict[str, Any]] = [{"DeleteRequest": {"Key": key}} for key in found]
    for attempt in range(_TRIES):
        answer = client.batch_write_item(RequestItems={table_name: left})
        left = answer.get("UnprocessedItems", {}).get(table_name, [])
        if not left:
            return
        time.sleep(0.05 * 2**attempt)
    raise Unfinished(f"DynamoDB left {len(left)} deletions undone.")


def delete_coordination(found: Sequence[Key]) -> None:
    """Delete notes of the functions by their keys, with the function's own role; absent ones are no error."""
    client = bound().system.client("dynamodb")
    for key in found:
        client.delete_item(
            TableName=bound().settings.coordination_table, Key={"pk": {"S": key.pk}, "sk": {"S": key.sk}}
        )
