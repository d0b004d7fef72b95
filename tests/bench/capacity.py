"""Counts write and read units as DynamoDB reports them, in the answers themselves.

Every botocore session made while this is active asks for consumed capacity (``ReturnConsumedCapacity``) and the answers
are added up. A conditional write that fails consumes its units too, but its answer names none, so it is counted from
the size of the item it met, which the answer or the table tells. Source: DynamoDB developer guide, "Read and write
operations": a write unit is one write of up to 1 KB; each index entry written counts by itself.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore

if TYPE_CHECKING:
    from botocore.session import Session

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
UNIT_BYTES = 1024
READ_BYTES = 4096

type Classify = Callable[[str, Mapping[str, Any]], str]


class WriteUnits:
    """Write units by class, for sessions made inside ``watching()``.

    Args:
        classify: names the class of a write from its table and its arguments.
    """

    def __init__(self, classify: Classify) -> None:
        self._classify = classify
        self.units: defaultdict[str, float] = defaultdict(float)
        self.writes: defaultdict[str, int] = defaultdict(int)
        self.refused: defaultdict[str, int] = defaultdict(int)
        self._active = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every botocore session that is made inside the block, as long as the block lasts."""
        self._active = True
        botocore.register_initializer(self._attend)
        try:
            yield
        finally:
            self._active = False
            botocore.unregister_initializer(self._attend)

    def reset(self) -> None:
        """Forget what was counted, for example after a warm-up."""
        self.units.clear()
        self.writes.clear()
        self.refused.clear()

    def _attend(self, session: "Session") -> None:
        if self._active:
            session.register("provide-client-params.dynamodb", self._ask)
            session.register("after-call.dynamodb", self._add)

    def _ask(self, **given: Any) -> Any:
        params, model = given["params"], given["model"]
        if not self._active or model.name not in WRITES:
            return None
        given["context"]["quayside_write"] = params
        asked = {**params, "ReturnConsumedCapacity": "INDEXES"}
        if model.name != "TransactWriteItems" and "ConditionExpression" in params:
            asked["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return asked

    def _add(self, **given: Any) -> Any:
        parsed, params = given["parsed"], given["context"].get("quayside_write")
        if not self._active or params is None:
            return
        kind = self._classify(str(params.get("TableName", "")), params)
        self.writes[kind] += 1
        consumed = parsed.get("ConsumedCapacity")
        if consumed is not None:
            for entry in consumed if isinstance(consumed, list) else [consumed]:
                self.units[kind] += float(entry["CapacityUnits"])
        elif parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            self.refused[kind] += 1
            self.units[kind] += units_of(parsed.get("Item") or {})


READS = frozenset({"GetItem", "BatchGetItem", "Query", "TransactGetItems"})


class ReadUnits:
    """Read units of all reads, as DynamoDB reports them, for sessions made inside ``watching()``.

    Args:
        reported: False works the units out from the items that were read, where what plays DynamoDB reports the same
            number whatever was read.
    """

    def __init__(self, *, reported: bool = True) -> None:
        self._reported = reported
        self.units = 0.0
        self.reads = 0
        self._active = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every botocore session that is made inside the block, as long as the block lasts."""
        self._active = True
        botocore.register_initializer(self._attend)
        try:
            yield
        finally:
            self._active = False
            botocore.unregister_initializer(self._attend)

    def reset(self) -> None:
        """Forget what was counted."""
        self.units, self.reads = 0.0, 0

    def _attend(self, session: "Session") -> None:
        if self._active:
            session.register("provide-client-params.dynamodb", self._ask)
            session.register("after-call.dynamodb", self._add)

    def _ask(self, **given: Any) -> Any:
        if not self._active or given["model"].name not in READS:
            return None
        given["context"]["quayside_read"] = given["model"].name, given["params"]
        return {**given["params"], "ReturnConsumedCapacity": "TOTAL"}

    def _add(self, **given: Any) -> Any:
        if not self._active or "quayside_read" not in given["context"]:
            return
        self.reads += 1
        if not self._reported:
            name, params = given["context"]["quayside_read"]
            self.units += worked_out(name, params, given["parsed"])
            return
        consumed = given["parsed"].get("ConsumedCapacity") or []
        for entry in consumed if isinstance(consumed, list) else [consumed]:
            self.units += float(entry["CapacityUnits"])


def worked_out(name: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Return the read units of a read from what it returned.

    A query rounds up the size of all it read together, every other read that of each item; an item that is not there
    costs as much as a small one, and what is eventually consistent half. Source: Amazon DynamoDB developer guide,
    "Read and write operations".

    Raises:
        ValueError: not all that was read is returned, so its size can't be told.
    """
    if {"FilterExpression", "ProjectionExpression", "Select"} & params.keys():
        raise ValueError(f"This {name} returns less than it reads.")
    half = 1.0 if params.get("ConsistentRead") else 0.5
    match name:
        case "Query":
            return half * _blocks(sum(map(bytes_of, answer.get("Items", ()))))
        case "GetItem":
            return half * _blocks(bytes_of(answer.get("Item") or {}))
        case "BatchGetItem":
            return sum(
                (1.0 if wanted.get("ConsistentRead") else 0.5) * _blocks_of(wanted["Keys"], answer["Responses"][table])
                for table, wanted in params["RequestItems"].items()
            )
        case _:
            return 2.0 * _blocks_of(params["TransactItems"], [each.get("Item") or {} for each in answer["Responses"]])


def _blocks_of(asked: Sequence[object], items: Sequence[Mapping[str, Any]]) -> int:
    return sum(_blocks(bytes_of(item)) for item in items) + len(asked) - len(items)


def _blocks(size: int) -> int:
    return max(1, math.ceil(size / READ_BYTES))


def bytes_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the size of an item in DynamoDB's own notation: its names and values."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def units_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the write units of an item in DynamoDB's own notation: its size in KB, rounded up, at least one."""
    return max(1, math.ceil(bytes_of(item) / UNIT_BYTES))


def _size(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute value. Source: DynamoDB developer guide, "Item sizes and formats"."""
    kind, inner = next(iter(value.items()))
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return math.ceil(len(inner.lstrip("-0.").replace(".", "")) / 2) + 1
        case "M":
            return 3 + sum(len(name.encode()) + _size(entry) + 1 for name, entry in inner.items())
        case "L":
            return 3 + sum(_size(entry) + 1 for entry in inner)
        case "B" | "SS" | "NS" | "BS":
            return sum(len(entry) for entry in inner) if kind != "B" else len(inner)
        case _:
            return 1
