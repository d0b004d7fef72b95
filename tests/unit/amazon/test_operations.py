"""The operation table is said twice: here and in python-amazon-sp-api. Drift fails."""

import importlib
import io
import re
from collections.abc import Mapping
from typing import Any

import pytest

from quayside.amazon.client import _Door, ask
from quayside.amazon.operations import (
    EVENT_BRIDGE_TYPES,
    MESSAGES,
    OPERATIONS,
    PAYLOAD_VERSIONS,
    REPORT_ROLES,
    Operation,
    payload_version_of,
)
from quayside.amazon.transport import Reply

ARGUMENTS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "getOrder": (("902-1/2",), {}),
    "createDestination": ((), {"name": "quayside", "arn": "arn:aws:sqs:eu-west-1:1:q"}),
    "createSubscription": (("ORDER_CHANGE",), {"destinationId": "d", "payload_version": "1.0"}),
    "getSubscription": (("ORDER_CHANGE",), {}),
    "deleteSubscriptionById": (("ORDER_CHANGE", "s-1"), {}),
    "getReport": (("r-1",), {}),
    "getReportDocument": (("amzn1.spdoc.1.4.eu.x/1",), {}),
    "getListingsItem": (("A1SELLER", "50% off/ÄÖ {x} a+b"), {}),
    "searchListingsItems": (("A1SELLER",), {}),
    "getFeed": (("1",), {}),
    "getFeedDocument": (("amzn1.tortuga.4.x/1",), {}),
    "patchListingsItem": (("A1SELLER", "50% off/ÄÖ {x} a+b"), {"body": {}}),
    "getDefinitionsProductType": (("LUGGAGE",), {}),
    "getInboundPlan": (("wf1",), {}),
    "getShipment": (("wf1", "sh1"), {}),
    "listShipmentItems": (("wf1", "sh1"), {}),
    "getSolicitationActionsForOrder": (("902-1",), {}),
    "createProductReviewAndSellerFeedbackSolicitation": (("902-1",), {}),
    "getMessagingActionsForOrder": (("902-1",), {}),
    "GetAttributes": (("902-1",), {}),
    **{each.name: (("902-1",), {}) for each in MESSAGES.values()},
    "createUploadDestinationForResource": (("902-1", "invoice"), {}),
}
OURS = {name: each for name, each in OPERATIONS.items() if each.library is None}
Seen = tuple[str, str, Mapping[str, Any], object]


def built(operation: Operation, body: object = None) -> Seen:
    seen: list[Seen] = []

    def send(method: str, path: str, query: Mapping[str, Any], content: object) -> Reply:
        seen.append((method, path, query, content))
        return Reply(200, {}, b"{}")

    arguments, named = ARGUMENTS.get(operation.name, ((), {}))
    ask(operation, send, "EU", arguments, named, body)
    return seen[0]


def fits(operation: Operation, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path)), path) is not None


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_what_is_sent_is_what_the_table_says(name: str) -> None:
    operation = OPERATIONS[name]
    method, path, _, _ = built(operation)
    assert method == operation.method
    assert fits(operation, path), path


_FEEDS = "sp_api.api.feeds.feeds_2021_06_30"
LIBRARYS_OWN = {
    "createFeedDocument": (_FEEDS, "FeedsV20210630", "create_feed_document", (io.BytesIO(b"{}"), "application/json")),
    "getFeedDocument": (_FEEDS, "FeedsV20210630", "get_feed_document", ("d-1",)),
    "getReportDocument": ("sp_api.api.reports.reports", "Reports", "get_report_document", ("d-1",)),
    "getMyFeesEstimates": (
        "sp_api.api.product_fees.product_fees", "ProductFees", "get_my_fees_estimates", ([{"price": 1}],),
    ),
}  # fmt: skip


def test_the_library_still_writes_an_address_into_a_feeds_body() -> None:
    """When this fails, the library can be used for it after all."""
    seen: list[object] = []

    def send(_method: str, _path: str, _query: Mapping[str, Any], content: object) -> Reply:
        seen.append(content)
        return Reply(200, {}, b"{}")

    feeds = importlib.import_module(_FEEDS).FeedsV20210630
    type("Feeds", (_Door, feeds), {})("EU", send).create_feed("JSON_LISTINGS_FEED", "d-1")
    assert "path" in str(seen[0])


@pytest.mark.parametrize("name", sorted(LIBRARYS_OWN))
def test_what_we_send_ourselves_the_library_still_breaks(name: str) -> None:
    """When this fails, the library can be used for it after all."""
    module, kind, function, arguments = LIBRARYS_OWN[name]
    seen: list[tuple[str, str]] = []

    def send(method: str, path: str, query: Mapping[str, Any], content: object) -> Reply:
        del query, content
        seen.append((method, path))
        return Reply(200, {}, b"{}")

    made = type(kind, (_Door, getattr(importlib.import_module(module), kind)), {})
    with pytest.raises((AttributeError, TypeError, ValueError)):
        getattr(made("EU", send), function)(*arguments)
    for method, path in seen:
        assert method == OURS[name].method
        assert fits(OURS[name], path)


def test_the_library_still_sends_messages_to_no_marketplace() -> None:
    """When this fails, the library can be used for messages after all."""
    seen: list[Mapping[str, Any]] = []

    def send(method: str, path: str, query: Mapping[str, Any], content: object) -> Reply:
        del method, path, content
        seen.append(query)
        return Reply(200, {}, b"{}")

    module = importlib.import_module("sp_api.api.messaging.messaging")
    made = type("Messaging", (_Door, module.Messaging), {})
    made("EU", send).create_warranty("902-1", marketplaceIds="A1", body={})
    files = importlib.import_module("sp_api.api.upload.upload")
    upload = type("Upload", (_Door, files.Upload), {})("EU", send).upload_document
    upload("messaging/v1/orders/902-1/messages/invoice", io.BytesIO(b"%PDF-"))
    assert [query.get("marketplaceIds") for query in seen] == [None, None]
    assert seen[1]["contentMD5"].endswith("%3D%3D")
    others = {"createFeed", "createUploadDestinationForResource"}
    assert set(OURS) == set(LIBRARYS_OWN) | others | {each.name for each in MESSAGES.values()}


def test_nothing_is_added_that_we_did_not_ask_for() -> None:
    for name, operation in OPERATIONS.items():
        _, _, query, body = built(operation)
        # What these have of their own is named below, or is given by our call: the granularity of an inventory.
        if name not in {"createSubscription", "createDestination", "getInventorySummaries"}:
            assert not query, name
            assert not body, name
    _, _, query, content = built(OPERATIONS["createSubscription"])
    assert (dict(query), content) == ({}, {"destinationId": "d", "payloadVersion": "1.0"})


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("getOrder", "/orders/2026-01-01/orders/902-1%2F2"),
        ("getListingsItem", "/listings/2021-08-01/items/A1SELLER/50%25%20off%2F%C3%84%C3%96%20%7Bx%7D%20a%2Bb"),
        ("getReportDocument", "/reports/2021-06-30/documents/amzn1.spdoc.1.4.eu.x%2F1"),
    ],
)
def test_identifiers_are_escaped_in_paths(name: str, path: str) -> None:
    assert built(OPERATIONS[name])[1] == path


def test_a_destination_is_a_queue() -> None:
    assert built(OPERATIONS["createDestination"])[3] == {
        "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:eu-west-1:1:q"}},
        "name": "quayside",
    }


def test_a_body_of_ours_is_sent_as_it_is() -> None:
    assert built(OPERATIONS["getMyFeesEstimates"], [{"IdValue": "S1"}])[3] == [{"IdValue": "S1"}]


def test_versions_are_explicit_and_current() -> None:
    """No operation that Amazon removes next year: Orders v0, Finances v0, Catalog v0."""
    paths = {each.path for each in OPERATIONS.values()}
    assert not [
        path for path in paths if path.startswith(("/orders/v0", "/finances/v0", "/catalog/v0", "/catalog/2020"))
    ]


def test_every_rate_lets_calls_through() -> None:
    for each in OPERATIONS.values():
        assert each.rate > 0
        assert each.burst >= 1
        assert (each.application_rate is None) == (each.application_burst == 0)
        assert each.name == OPERATIONS[each.name].name


def test_payload_versions_are_amazons() -> None:
    assert payload_version_of("ORDER_CHANGE") == "1.0"
    assert payload_version_of("LISTINGS_ITEM_STATUS_CHANGE") == "1.0"
    assert payload_version_of("TRANSACTION_UPDATE") == "1.0"
    assert payload_version_of("LISTINGS_ITEM_ISSUES_CHANGE") == "2023-12-13"
    assert payload_version_of("REPORT_PROCESSING_FINISHED") == "2020-09-04"
    assert payload_version_of("FEED_PROCESSING_FINISHED") == "2020-09-04"
    assert payload_version_of("ACCOUNT_STATUS_CHANGED") == "2021-01-01"
    assert not {"1.0"} & set(PAYLOAD_VERSIONS.values())


def test_listings_come_by_event_bridge() -> None:
    assert "LISTINGS_ITEM_ISSUES_CHANGE" in EVENT_BRIDGE_TYPES
    assert not {"ORDER_CHANGE", "REPORT_PROCESSING_FINISHED", "TRANSACTION_UPDATE"} & EVENT_BRIDGE_TYPES


def test_every_report_has_its_role() -> None:
    assert REPORT_ROLES["GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"] == "Finance and Accounting"
    assert all(name.startswith("GET_") for name in REPORT_ROLES)
