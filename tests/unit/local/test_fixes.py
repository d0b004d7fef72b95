"""The parts of the fixes that are plain functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local import patching
from infra.local.fixes import (
    batching,
    conditional_writes,
    fair_queues,
    leading_keys,
    object_lock,
    policy_variables,
    range_queries,
    sign_in_lockout,
    stream_failures,
)
from infra.local.fixes.encryption_context_keys import context_keys

KEY = {"pk": {"S": "T#a#X"}, "sk": {"S": "1"}}
OTHER = {"pk": {"S": "T#b#X"}, "sk": {"S": "1"}}


@pytest.mark.parametrize(
    ("request_body", "expected"),
    [
        ({"TableName": "t", "Key": KEY}, ["T#a#X"]),
        ({"TableName": "t", "Item": {**KEY, "n": {"N": "1"}}}, ["T#a#X"]),
        ({"RequestItems": {"t": {"Keys": [KEY, OTHER]}}}, ["T#a#X", "T#b#X"]),
        (
            {"RequestItems": {"t": [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": OTHER}}]}},
            ["T#a#X", "T#b#X"],
        ),
        (
            {"TransactItems": [{"Put": {"TableName": "t", "Item": KEY}}, {"Delete": {"TableName": "t", "Key": OTHER}}]},
            ["T#a#X", "T#b#X"],
        ),
        (
            {
                "TableName": "t",
                "KeyConditionExpression": "#p = :p AND begins_with(sk, :s)",
                "ExpressionAttributeNames": {"#p": "pk"},
                "ExpressionAttributeValues": {":p": {"S": "T#a#X"}, ":s": {"S": "O"}},
            },
            ["T#a#X"],
        ),
        (
            {
                "TableName": "t",
                "KeyConditionExpression": ":p=pk",
                "ExpressionAttributeValues": {":p": {"S": "T#a#X"}},
            },
            ["T#a#X"],
        ),
        (
            {"TableName": "t", "KeyConditions": {"pk": {"AttributeValueList": [{"S": "T#a#X"}]}}},
            ["T#a#X"],
        ),
        ({"TableName": "t"}, []),
        ([], []),
    ],
)
def test_leading_keys_of_each_operation(request_body: Any, expected: list[str]) -> None:
    assert leading_keys.leading_keys(json.dumps(request_body).encode(), lambda _table, _index: "pk") == expected


def test_leading_keys_of_nonsense() -> None:
    assert leading_keys.leading_keys(b"{not json", lambda _table, _index: "pk") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("T#${aws:PrincipalTag/tenant_id}#*", "T#abc#*"),
        ("${aws:PrincipalTag/missing}", "\0"),
        ("${aws:PrincipalTag/missing, 'nobody'}", "nobody"),
        ("${*}${?}${$}", "*?$"),
        ("${several}", "\0"),
    ],
)
def test_policy_variables(text: str, expected: str) -> None:
    known = {"aws:PrincipalTag/tenant_id": "abc", "several": ["a", "b"]}
    assert policy_variables.fill(text, known.get) == expected


def test_encryption_context_becomes_condition_keys() -> None:
    body = json.dumps({"EncryptionContext": {"tenant_id": "abc"}}).encode()
    assert context_keys(body) == {
        "kms:EncryptionContext:tenant_id": "abc",
        "kms:EncryptionContextKeys": ["tenant_id"],
    }
    assert context_keys(b"nonsense") == {}
    assert context_keys(b"[]") == {}


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        ({}, {}, {"s3:ObjectCreationOperation": "true"}),
        ({}, {"if-none-match": "*"}, {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}),
        ({"uploads": [""]}, {}, {"s3:ObjectCreationOperation": "false"}),
        ({"uploadId": ["u"], "partNumber": ["1"]}, {}, {"s3:ObjectCreationOperation": "false"}),
        (
            {"uploadId": ["u"]},
            {"if-none-match": "*"},
            {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"},
        ),
    ],
)
def test_what_a_policy_sees_of_a_write(
    query: dict[str, Any], headers: dict[str, str], expected: dict[str, str]
) -> None:
    assert conditional_writes.write_keys(query, headers) == expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, None),
        ({"ObjectLockEnabled": "false"}, None),
        ({"ObjectLockEnabled": True}, {"enabled": True, "default_retention": None}),
        (
            {
                "ObjectLockConfiguration": {
                    "ObjectLockEnabled": "Enabled",
                    "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": "2"}},
                }
            },
            {"enabled": True, "default_retention": {"Mode": "COMPLIANCE", "Years": 2}},
        ),
    ],
)
def test_what_a_template_says_of_object_lock(properties: dict[str, Any], expected: dict[str, Any] | None) -> None:
    assert object_lock.configuration(properties) == expected


NAMES = {"#0": "pk", "#1": "sk"}
VALUES = {":0": {"S": "P"}, ":1": {"S": "B"}, ":2": {"S": "C"}, ":3": {"N": "1"}}
ITEMS = [{"pk": {"S": "P"}, "sk": {"S": each}} for each in ("A1", "B1", "B2", "C", "C1")]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("#0 = :0", ["A1", "B1", "B2", "C", "C1"]),
        ("(#0 = :0 AND begins_with (#1, :1))", ["B1", "B2"]),
        ("#0 = :0 AND #1 BETWEEN :1 AND :2", ["B1", "B2", "C"]),
        ("#0 = :1", []),
        ("#0 = :0 AND #1 > :1", None),
        ("#0 = :0 AND begins_with(#1, :3)", None),
    ],
)
def test_what_lies_in_a_range(condition: str, expected: list[str] | None) -> None:
    found, decided = range_queries.within_range(ITEMS, condition, VALUES, NAMES)
    assert (decided, found) == (expected is not None, ITEMS if expected is None else _named(expected))


@pytest.mark.parametrize(
    "condition", ["#0 = :0", "#0 = :0 AND begins_with (#1, :1)", "#0 = :0 AND #1 BETWEEN :1 AND :2"]
)
@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("start", [None, "A", "A1", "B1", "B15", "C1", "D"])
def test_sorted_items_are_sought_and_a_page_begins_behind_its_start(
    condition: str,
    forward: bool,  # noqa: FBT001 - a case of the table
    start: str | None,
) -> None:
    items = ITEMS if forward else ITEMS[::-1]
    looked_at, _ = range_queries.within_range(items, condition, VALUES, NAMES)
    behind = [
        each for each in looked_at if start is None or (each["sk"]["S"] > start if forward else each["sk"]["S"] < start)
    ]
    order = range_queries.Order("sk", forward, None if start is None else {"S": start})
    assert range_queries.within_range(items, condition, VALUES, NAMES, order) == (behind, True)


def _named(sort_keys: list[str]) -> list[dict[str, Any]]:
    return [item for item in ITEMS if item["sk"]["S"] in sort_keys]


def test_fair_queues_take_turns() -> None:
    def message(group: str | None, *, taken: bool = False) -> dict[str, Any]:
        return {"group_id": group, "visible_at": 100.0 if taken else 0.0, "receive_count": int(taken)}

    taken = [message("a", taken=True), message("a", taken=True), message("b", taken=True)]
    waiting = [message("a"), message("a"), message("b"), message("c"), message(None)]
    ordered = fair_queues.fairly(waiting, taken + waiting, 50.0)
    assert [entry["group_id"] for entry in ordered] == ["c", None, "b", "a", "a"]
    ungrouped = [message(None), message(None)]
    assert fair_queues.fairly(ungrouped, ungrouped, 50.0) is ungrouped


def test_a_window_closes_by_time_or_by_size() -> None:
    mapping = {"UUID": "window", "MaximumBatchingWindowInSeconds": 2}
    assert batching.keeps_gathering(mapping, 1, 10, now=100.0)
    assert batching.keeps_gathering(mapping, 9, 10, now=101.9)
    assert not batching.keeps_gathering(mapping, 9, 10, now=102.0)
    assert batching.keeps_gathering(mapping, 1, 10, now=103.0), "a new window begins"
    assert not batching.keeps_gathering(mapping, 10, 10, now=103.1)
    assert not batching.keeps_gathering({"UUID": "none"}, 1, 10, now=0.0)


class Records:
    def stream_records_since(self, _table: str, position: int, length: int) -> list[dict[str, Any]]:
        return [{"dynamodb": {"SequenceNumber": str(number)}} for number in range(position, position + length)]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, 15),
        ({"batchItemFailures": []}, 15),
        ({"batchItemFailures": [{"itemIdentifier": "12"}, {"itemIdentifier": "13"}]}, 12),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, 10),
        ('{"batchItemFailures": [{"itemIdentifier": "11"}]}', 11),
        ("not json", 10),
    ],
)
def test_the_position_after_an_answer(answer: Any, expected: int) -> None:
    mapping = {"UUID": "position", "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    result = {"body": answer}
    assert stream_failures.position_after(mapping, result, Records(), "t", 10, 5) == expected
    assert stream_failures.position_after({"UUID": "position"}, result, Records(), "t", 10, 5) == 15


def test_a_failing_batch_is_halved_before_attempts_count() -> None:
    mapping = {"UUID": "halved", "BatchSize": 8, "BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 1}
    sizes = []
    for _ in range(3):
        sizes.append(stream_failures.batch_size(mapping))
        assert not stream_failures.retries_spent(mapping, 0, sizes[-1])
    assert sizes == [8, 4, 2]
    assert not stream_failures.retries_spent(mapping, 0, 1)
    assert stream_failures.retries_spent(mapping, 0, 1)
    assert stream_failures.batch_size(mapping) == 8
    assert not stream_failures.retries_spent({"UUID": "for ever"}, 0, 1)


def test_the_lock_doubles_and_ends() -> None:
    def locked_for(count: int, after: float) -> float:
        user = {"_wrong_passwords": count, "_wrong_password_at": 1000.0}
        return sign_in_lockout.locked_until(user, 1000.0 + after) - 1000.0

    assert [locked_for(count, 0.0) for count in (5, 6, 7, 10, 30)] == [1.0, 2.0, 4.0, 32.0, 900.0]
    assert locked_for(4, 0.0) < 0
    assert locked_for(30, 900.0) < 0


class Emulator:
    constant = "the old text"

    def method(self) -> str:
        return "old"


def test_a_replacement_is_made_or_refused() -> None:
    patching.replace_text("some_fix", Emulator, "method", ('"old"', '"new"'))
    assert Emulator().method() == "new"
    patching.replace_text("other_fix", Emulator, "method", ('"new"', '"newer"'))
    assert Emulator().method() == "newer", "a second fix sees the first one's text"
    with pytest.raises(patching.FixRefusedError, match=r"some_fix.*1\.5\.33.*no longer contains"):
        patching.replace_text("some_fix", Emulator, "method", ("absent", ""))
    with pytest.raises(patching.FixRefusedError, match="has no 'absent'"):
        patching.expect("some_fix", Emulator, "absent")
    patching.replace_constant("some_fix", Emulator, "constant", "old", "new")
    assert Emulator.constant == "the new text"
    with pytest.raises(patching.FixRefusedError):
        patching.replace_constant("some_fix", Emulator, "constant", "old", "new")
