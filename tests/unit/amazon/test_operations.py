"""The operation table is said twice: here and in python-amazon-sp-api. Drift fails."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from quayside.amazon.client import ask_library
from quayside.amazon.operations import OPERATIONS, Operation
from quayside.amazon.transport import Reply

ARGUMENTS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "getOrder": (("902-1/2",), {}),
    "createDestination": ((), {"name": "quayside", "arn": "arn:aws:sqs:eu-west-1:1:q"}),
    "createSubscription": (("ORDER_CHANGE",), {"destinationId": "d", "payload_version": "1.0"}),
    "getSubscription": (("ORDER_CHANGE",), {}),
    "deleteSubscriptionById": (("ORDER_CHANGE", "s-1"), {}),
}


def built(operation: Operation) -> tuple[str, str, Mapping[str, Any], Mapping[str, Any]]:
    seen: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = []

    def send(method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any]) -> Reply:
        seen.append((method, path, query, body))
        return Reply(200, {}, b"{}")

    arguments, named = ARGUMENTS.get(operation.name, ((), {}))
    ask_library(operation, send, "EU", arguments, named)
    return seen[0]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_library_sends_what_the_table_says(name: str) -> None:
    operation = OPERATIONS[name]
    method, path, _, _ = built(operation)
    assert method == operation.method
    assert re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path)), path)


def test_nothing_is_added_that_we_did_not_ask_for() -> None:
    _, _, query, body = built(OPERATIONS["searchOrders"])
    assert (dict(query), dict(body)) == ({}, {})
    _, _, query, body = built(OPERATIONS["createSubscription"])
    assert (dict(query), dict(body)) == ({}, {"destinationId": "d", "payloadVersion": "1.0"})


def test_identifiers_are_escaped_in_paths() -> None:
    assert built(OPERATIONS["getOrder"])[1] == "/orders/2026-01-01/orders/902-1%2F2"


def test_a_destination_is_a_queue() -> None:
    assert built(OPERATIONS["createDestination"])[3] == {
        "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:eu-west-1:1:q"}},
        "name": "quayside",
    }
