"""``dynamodb:LeadingKeys``: the partition keys a request touches.

Gap: MiniStack never fills the key, so ``ForAllValues`` conditions on it hold for every request and a tenant's
session reads any tenant's rows. AWS fills it with every partition key value of the request, of the base table
or of the index that is queried, in batches and transactions too; Scan has none.
Source: IAM service authorization reference, "Condition keys for Amazon DynamoDB"; DynamoDB developer guide,
"Using IAM policy conditions for fine-grained access control".
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "leading_keys"

HashKey = Callable[[Any, Any], str | None]

_EQUALITY = re.compile(r"(?P<left>[#:\w.-]+)\s*=\s*(?P<right>[#:\w.-]+)")


def apply() -> None:
    """Fill the condition key for every DynamoDB request."""
    dynamodb = part("services.dynamodb")
    expect(NAME, dynamodb, "_tables")

    def wrapper(original: Any) -> Any:
        def dynamodb_service_context(body: bytes) -> dict[str, Any]:
            context: dict[str, Any] = original(body)
            keys = leading_keys(body, lambda table, index: _hash_key(dynamodb, table, index))
            return {**context, "dynamodb:LeadingKeys": keys} if keys else context

        return dynamodb_service_context

    wrap(NAME, part("core.iam_actions"), "dynamodb_service_context", wrapper)


def leading_keys(body: bytes, hash_key: HashKey) -> list[str]:
    """The partition key values in a DynamoDB request; ``hash_key(table, index)`` names the key attribute."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(request, dict):
        return []
    found = [_text(value) for value in _key_values(request, hash_key)]
    return [value for value in found if value is not None]


def _key_values(request: dict[str, Any], hash_key: HashKey) -> Iterator[Any]:
    if "TransactItems" in request:
        for item in request["TransactItems"]:
            for operation in item.values():
                yield _of_item(operation, hash_key(operation.get("TableName"), None))
    elif "RequestItems" in request:
        for table, wanted in request["RequestItems"].items():
            yield from _of_batch(wanted, hash_key(table, None))
    elif "KeyConditionExpression" in request or "KeyConditions" in request:
        yield from _of_query(request, hash_key(request.get("TableName"), request.get("IndexName")))
    elif "Key" in request or "Item" in request:
        yield _of_item(request, hash_key(request.get("TableName"), None))


def _of_item(operation: dict[str, Any], attribute: str | None) -> Any:
    return (operation.get("Key") or operation.get("Item") or {}).get(attribute)


def _of_batch(wanted: Any, attribute: str | None) -> Iterator[Any]:
    if isinstance(wanted, dict):
        for key in wanted.get("Keys", []):
            yield key.get(attribute)
    else:
        for write in wanted:
            for operation in write.values():
                yield _of_item(operation, attribute)


def _of_query(request: dict[str, Any], attribute: str | None) -> Iterator[Any]:
    condition = (request.get("KeyConditions") or {}).get(attribute) or {}
    yield from condition.get("AttributeValueList", [])
    names = request.get("ExpressionAttributeNames") or {}
    values = request.get("ExpressionAttributeValues") or {}
    for match in _EQUALITY.finditer(request.get("KeyConditionExpression") or ""):
        left, right = match["left"], match["right"]
        if left.startswith(":"):
            left, right = right, left
        if names.get(left, left) == attribute:
            yield values.get(right)


def _hash_key(dynamodb: Any, table_name: Any, index_name: Any) -> str | None:
    table = dynamodb._tables.get(str(table_name).rsplit("/", 1)[-1])
    if not table:
        return None
    if index_name:
        indexes = (table.get("GlobalSecondaryIndexes") or []) + (table.get("LocalSecondaryIndexes") or [])
        for index in indexes:
            if index["IndexName"] == index_name:
                return next(str(key["AttributeName"]) for key in index["KeySchema"] if key["KeyType"] == "HASH")
        return None
    return str(table["pk_name"])


def _text(value: Any) -> str | None:
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else None
