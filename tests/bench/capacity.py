"""Counts write and read units as DynamoDB reports them, in the answers themselves.

Every botocore session made while this is active asks for consumed capacity (``ReturnConsumedCapacity``) and the answers
are added up. A conditional write that fails consumes its units too, but its answer names none, so it is counted from
the size of the item it met, which the answer or the table tells. Source: DynamoDB developer guide, "Read and write
operations": a write unit is one write of up to 1 KB; each index entry written counts by itself.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import botocore

if TYPE_CHECKING:
    from botocore.session import Session

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
UNIT_BYTES = 1024

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
    """Read units of all reads, as DynamoDB reports them, for sessions made inside ``watching()``."""

    def __init__(self) -> None:
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
        given["context"]["quayside_read"] = True
        return {**given["params"], "ReturnConsumedCapacity": "TOTAL"}

    def _add(self, **given: Any) -> Any:
        if not self._active or "quayside_read" not in given["context"]:
            return
        consumed = given["parsed"].get("ConsumedCapacity") or []
        self.reads += 1
        for entry in consumed if isinstance(consumed, list) else [consumed]:
            self.units += float(entry["CapacityUnits"])


def units_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the write units of an item in DynamoDB's own notation: its size in KB, rounded up, at least one."""
    return max(1, math.ceil(sum(len(name.encode()) + _size(value) for name, value in item.items()) / UNIT_BYTES))


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
