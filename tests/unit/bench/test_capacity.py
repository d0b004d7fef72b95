"""Write units: asked for, added up, and worked out where the answer names none."""

import math
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.capacity import ReadUnits, WriteUnits, units_of, worked_out


class Operation:
    """The one thing of botocore's operation model that is looked at."""

    def __init__(self, name: str) -> None:
        self.name = name


def call(
    units: WriteUnits | ReadUnits, name: str, params: dict[str, Any], parsed: dict[str, Any]
) -> dict[str, Any] | None:
    """Do what botocore does around one call: let the parameters be changed, then hand out the answer."""
    context: dict[str, Any] = {}
    asked: dict[str, Any] | None = units._ask(params=params, model=Operation(name), context=context)
    units._add(parsed=parsed, model=Operation(name), context=context, http_response=ANY)
    return asked


@pytest.fixture
def units() -> WriteUnits:
    counter = WriteUnits(lambda table, _params: table)
    counter._active = True
    return counter


def test_a_write_asks_for_its_capacity_and_a_read_is_left_alone(units: WriteUnits) -> None:
    asked = call(units, "UpdateItem", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 2.0}})
    assert asked == {"TableName": "Core", "ReturnConsumedCapacity": "INDEXES"}
    assert call(units, "GetItem", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 9.0}}) is None
    assert dict(units.units) == {"Core": 2.0}
    assert dict(units.writes) == {"Core": 1}


def test_a_refused_conditional_write_counts_the_size_of_what_it_met(units: WriteUnits) -> None:
    asked = call(
        units,
        "UpdateItem",
        {"TableName": "Core", "ConditionExpression": "attribute_not_exists(pk)"},
        {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": {"lines": {"S": "x" * 1500}}},
    )
    assert asked is not None
    assert asked["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert dict(units.units) == {"Core": 2}
    assert dict(units.refused) == {"Core": 1}


def test_another_error_consumes_nothing(units: WriteUnits) -> None:
    call(units, "PutItem", {"TableName": "Core"}, {"Error": {"Code": "AccessDeniedException"}})
    assert dict(units.units) == {}


def test_a_transaction_adds_all_its_tables(units: WriteUnits) -> None:
    consumed = [{"CapacityUnits": 2.0}, {"CapacityUnits": 4.0}]
    call(units, "TransactWriteItems", {"TransactItems": []}, {"ConsumedCapacity": consumed})
    assert sum(units.units.values()) == 6.0


def test_a_counter_that_watches_no_longer_counts_nothing(units: WriteUnits) -> None:
    with units.watching():
        pass
    assert call(units, "PutItem", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 1.0}}) is None
    assert dict(units.writes) == {}


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"pk": {"S": "T#1"}}, 1),
        ({"pk": {"S": "x" * 1022}}, 1),
        ({"pk": {"S": "x" * 1023}}, 2),
        ({"pk": {"S": "é" * 511}}, 1),
        ({"pk": {"S": "é" * 512}}, 2),
        ({"a": {"L": [{"N": "1"}, {"M": {"b": {"BOOL": True}}}]}}, 1),
        ({}, 1),
    ],
)
def test_a_unit_is_a_kilobyte_of_names_and_values(item: dict[str, dict[str, Any]], expected: int) -> None:
    assert units_of(item) == expected


@given(st.text(max_size=5000))
def test_units_follow_the_bytes_of_a_text(text: str) -> None:
    assert units_of({"a": {"S": text}}) == max(1, math.ceil((1 + len(text.encode())) / 1024))


@pytest.fixture
def read_units() -> ReadUnits:
    counter = ReadUnits()
    counter._active = True
    return counter


def test_a_read_asks_for_its_capacity_and_a_write_is_left_alone(read_units: ReadUnits) -> None:
    asked = call(read_units, "Query", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 1.5}})
    assert asked == {"TableName": "Core", "ReturnConsumedCapacity": "TOTAL"}
    assert call(read_units, "PutItem", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 9.0}}) is None
    assert (read_units.units, read_units.reads) == (1.5, 1)


def test_a_read_of_several_tables_adds_them_all(read_units: ReadUnits) -> None:
    consumed = [{"CapacityUnits": 2.0}, {"CapacityUnits": 0.5}]
    call(read_units, "BatchGetItem", {"RequestItems": {}}, {"ConsumedCapacity": consumed})
    assert read_units.units == 2.5


def test_a_failed_read_consumes_nothing(read_units: ReadUnits) -> None:
    call(read_units, "GetItem", {"TableName": "Core"}, {"Error": {"Code": "AccessDeniedException"}})
    assert (read_units.units, read_units.reads) == (0.0, 1)


def test_reads_are_forgotten_on_reset_and_not_counted_once_nobody_watches(read_units: ReadUnits) -> None:
    call(read_units, "Query", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 1.0}})
    read_units.reset()
    assert (read_units.units, read_units.reads) == (0.0, 0)
    with read_units.watching():
        pass
    assert call(read_units, "Query", {"TableName": "Core"}, {"ConsumedCapacity": {"CapacityUnits": 1.0}}) is None
    assert read_units.units == 0.0


@pytest.mark.parametrize(
    ("name", "params", "answer", "expected"),
    [
        ("Query", {}, {"Items": [{"a": {"S": "x" * 4095}}, {"a": {"S": "x" * 4095}}]}, 1.0),
        ("Query", {"ConsistentRead": True}, {"Items": [{"a": {"S": "x" * 4096}}]}, 2.0),
        ("Query", {}, {"Items": []}, 0.5),
        ("GetItem", {"ConsistentRead": True}, {}, 1.0),
        ("GetItem", {}, {"Item": {"a": {"S": "x" * 9000}}}, 1.5),
        (
            "BatchGetItem",
            {"RequestItems": {"Core": {"Keys": [1, 2, 3]}}},
            {"Responses": {"Core": [{"a": {"S": "x"}}, {"a": {"S": "x" * 5000}}]}},
            2.0,
        ),
        ("TransactGetItems", {"TransactItems": [1, 2]}, {"Responses": [{"Item": {"a": {"S": "x"}}}, {}]}, 4.0),
    ],
)
def test_reads_that_nobody_reports_are_worked_out(
    name: str, params: dict[str, Any], answer: dict[str, Any], expected: float
) -> None:
    counter = ReadUnits(reported=False)
    counter._active = True
    call(counter, name, params, answer)
    assert counter.units == expected


def test_a_read_that_returns_less_than_it_reads_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="returns less"):
        worked_out("Query", {"FilterExpression": "a = b"}, {"Items": []})
