"""What every call sends, who takes its turn, and what is learned from the answer."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, override

import pytest

from quayside.amazon.client import AmazonClient
from quayside.amazon.errors import AmazonUnavailable, RequestRejected, Throttled, UnexpectedAnswer
from quayside.amazon.fees import FeeRequest
from quayside.amazon.marketplaces import Region
from quayside.amazon.operations import Operation
from quayside.amazon.transport import Reply
from quayside.kernel.ids import ConnectionId
from quayside.kernel.money import Money
from tests.support.calls import CALLER, CONNECTION, TOKEN, Line, calls, reply

AT = datetime(2026, 11, 21, 10, 11, 12, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
T0, T1 = "2026-11-21T10:11:12Z", "2026-11-21T11:11:12Z"
DE = "A1PA6795UKMFR9"
FEE = FeeRequest("1", DE, "SellerSKU", "S 1", Money(1990, "EUR"), by_amazon=True)

Ask = Callable[[AmazonClient], object]
REQUESTS: list[tuple[str, Ask, object, str, str, dict[str, Any], Any]] = [
    (
        "searchOrders",
        lambda a: a.search_orders(
            CALLER, [DE, "X"], last_updated_after=AT, last_updated_before=LATER, statuses=["UNSHIPPED"]
        ),
        {"orders": []},
        "GET",
        "/orders/2026-01-01/orders",
        {
            "marketplaceIds": f"{DE},X", "includedData": "PROCEEDS,FULFILLMENT", "maxResultsPerPage": 100,
            "lastUpdatedAfter": T0, "lastUpdatedBefore": T1, "fulfillmentStatuses": "UNSHIPPED",
        },
        None,
    ),
    (
        "searchOrders",
        lambda a: a.search_orders(CALLER, [DE], created_after=AT, created_before=LATER, pagination_token="t"),
        {"orders": []},
        "GET",
        "/orders/2026-01-01/orders",
        {
            "marketplaceIds": DE, "includedData": "PROCEEDS,FULFILLMENT", "maxResultsPerPage": 100,
            "createdAfter": T0, "createdBefore": T1, "paginationToken": "t",
        },
        None,
    ),
    (
        "createReport",
        lambda a: a.create_report(
            CALLER, "GET_X", [DE], data_start=AT, data_end=LATER, options={"asinGranularity": "SKU"}
        ),
        {"reportId": "7"},
        "POST",
        "/reports/2021-06-30/reports",
        {},
        {
            "reportType": "GET_X", "marketplaceIds": [DE], "dataStartTime": T0, "dataEndTime": T1,
            "reportOptions": {"asinGranularity": "SKU"},
        },
    ),
    (
        "createReport",
        lambda a: a.create_report(CALLER, "GET_X", [DE]),
        {"reportId": "7"},
        "POST",
        "/reports/2021-06-30/reports",
        {},
        {"reportType": "GET_X", "marketplaceIds": [DE]},
    ),
    (
        "getReport",
        lambda a: a.report(CALLER, "7"),
        {"reportId": "7", "reportType": "GET_X", "processingStatus": "DONE"},
        "GET",
        "/reports/2021-06-30/reports/7",
        {},
        None,
    ),
    (
        "getReports",
        lambda a: a.reports(CALLER, ["GET_X", "GET_Y"], created_since=AT),
        {"reports": []},
        "GET",
        "/reports/2021-06-30/reports",
        {"reportTypes": "GET_X,GET_Y", "createdSince": T0, "pageSize": 100},
        None,
    ),
    (
        "getReportDocument",
        lambda a: a.report_document(CALLER, "amzn1.spdoc/1"),
        {"reportDocumentId": "amzn1.spdoc/1", "url": "https://x"},
        "GET",
        "/reports/2021-06-30/documents/amzn1.spdoc%2F1",
        {},
        None,
    ),
    (
        "getListingsItem",
        lambda a: a.listing(CALLER, "A1", "a/b", [DE, "X"]),
        {"sku": "a/b"},
        "GET",
        "/listings/2021-08-01/items/A1/a%2Fb",
        {"marketplaceIds": f"{DE},X", "includedData": "summaries,offers,fulfillmentAvailability,issues"},
        None,
    ),
    (
        "getListingsItem",
        lambda a: a.listing(CALLER, "A1", "..", [DE]),
        {"sku": ".."},
        "GET",
        "/listings/2021-08-01/items/A1/%2E%2E",
        {"marketplaceIds": DE, "includedData": "summaries,offers,fulfillmentAvailability,issues"},
        None,
    ),
    (
        "searchListingsItems",
        lambda a: a.search_listings(CALLER, "A1", DE, page_token="t"),
        {"items": []},
        "GET",
        "/listings/2021-08-01/items/A1",
        {
            "marketplaceIds": DE, "includedData": "summaries,offers,fulfillmentAvailability,issues", "pageSize": 20,
            "pageToken": "t",
        },
        None,
    ),
    (
        "searchCatalogItems",
        lambda a: a.catalog_items(CALLER, DE, ["B1", "B2"]),
        {"items": []},
        "GET",
        "/catalog/2022-04-01/items",
        {
            "identifiers": "B1,B2", "identifiersType": "ASIN", "marketplaceIds": DE, "pageSize": 20,
            "includedData": "summaries,dimensions,identifiers,images,productTypes,relationships,salesRanks,"
            "classifications",
        },
        None,
    ),
    (
        "listTransactions",
        lambda a: a.transactions(CALLER, posted_after=AT),
        {"payload": {}},
        "GET",
        "/finances/2024-06-19/transactions",
        {"postedAfter": T0},
        None,
    ),
    (
        "getMyFeesEstimates",
        lambda a: a.fee_estimates(CALLER, [FEE]),
        [],
        "POST",
        "/products/fees/v0/feesEstimate",
        {},
        [
            {
                "IdType": "SellerSKU",
                "IdValue": "S 1",
                "FeesEstimateRequest": {
                    "MarketplaceId": DE,
                    "IsAmazonFulfilled": True,
                    "PriceToEstimateFees": {"ListingPrice": {"CurrencyCode": "EUR", "Amount": Decimal("19.90")}},
                    "Identifier": "1",
                },
            }
        ],
    ),
    (
        "listInboundPlans",
        lambda a: a.inbound_plans(CALLER, token="t"),
        {},
        "GET",
        "/inbound/fba/2024-03-20/inboundPlans",
        {"pageSize": 30, "sortBy": "LAST_UPDATED_TIME", "sortOrder": "DESC", "paginationToken": "t"},
        None,
    ),
    (
        "getInboundPlan",
        lambda a: a.inbound_plan(CALLER, "wf1"),
        {"inboundPlanId": "wf1", "status": "ACTIVE", "createdAt": T0, "lastUpdatedAt": T0},
        "GET",
        "/inbound/fba/2024-03-20/inboundPlans/wf1",
        {},
        None,
    ),
    (
        "getShipment",
        lambda a: a.inbound_shipment(CALLER, "wf1", "sh1"),
        {"shipmentId": "sh1"},
        "GET",
        "/inbound/fba/2024-03-20/inboundPlans/wf1/shipments/sh1",
        {},
        None,
    ),
    (
        "listShipmentItems",
        lambda a: a.inbound_shipment_items(CALLER, "wf1", "sh1"),
        {"items": []},
        "GET",
        "/inbound/fba/2024-03-20/inboundPlans/wf1/shipments/sh1/items",
        {"pageSize": 100},
        None,
    ),
    (
        "getShipments",
        lambda a: a.inbound_shipments_v0(CALLER, DE, updated_after=AT, updated_before=LATER),
        {"payload": {}},
        "GET",
        "/fba/inbound/v0/shipments",
        {"QueryType": "DATE_RANGE", "MarketplaceId": DE, "LastUpdatedAfter": T0, "LastUpdatedBefore": T1},
        None,
    ),
    (
        "getShipments",
        lambda a: a.inbound_shipments_v0(CALLER, DE, updated_after=AT, updated_before=LATER, next_token="t"),
        {"payload": {}},
        "GET",
        "/fba/inbound/v0/shipments",
        {"QueryType": "NEXT_TOKEN", "MarketplaceId": DE, "NextToken": "t"},
        None,
    ),
    (
        "getShipmentItems",
        lambda a: a.inbound_items_v0(CALLER, DE, updated_after=AT, updated_before=LATER),
        {"payload": {}},
        "GET",
        "/fba/inbound/v0/shipmentItems",
        {"QueryType": "DATE_RANGE", "MarketplaceId": DE, "LastUpdatedAfter": T0, "LastUpdatedBefore": T1},
        None,
    ),
    (
        "createSubscription",
        lambda a: a.create_subscription(CALLER, "LISTINGS_ITEM_ISSUES_CHANGE", "d-1"),
        {"payload": {"subscriptionId": "s-1"}},
        "POST",
        "/notifications/v1/subscriptions/LISTINGS_ITEM_ISSUES_CHANGE",
        {},
        {"destinationId": "d-1", "payloadVersion": "2023-12-13"},
    ),
]  # fmt: skip


def _as_text(value: object) -> object:
    return ",".join(value) if isinstance(value, list) else value


@pytest.mark.parametrize("request_", REQUESTS, ids=[f"{index}-{each[0]}" for index, each in enumerate(REQUESTS)])
def test_what_a_call_sends(request_: tuple[str, Ask, object, str, str, dict[str, Any], Any]) -> None:
    name, ask, answer, method, path, query, body = request_
    on = calls(reply(answer))
    ask(on.client)
    (sent,) = on.sent
    assert (sent.method, sent.path, sent.operation) == (method, path, name)
    assert {key: _as_text(value) for key, value in sent.query.items()} == query
    assert sent.body() == body
    assert sent.headers["x-amz-access-token"] == TOKEN
    assert on.line.taken == [(name, CONNECTION, "EU")]
    assert on.line.answers == [(name, "EU", True)]


def test_the_amount_of_a_price_is_a_number_with_its_digits() -> None:
    on = calls(reply([]))
    on.client.fee_estimates(CALLER, [FEE])
    assert b'"Amount":19.90' in (on.sent[0].content or b"")


def test_a_destination_is_a_queue_or_an_event_bus() -> None:
    on = calls(reply({"payload": {"destinationId": "d-1", "name": "q"}}))
    assert on.client.create_destination("EU", "q", "arn:aws:sqs:eu-west-1:1:q") == "d-1"
    assert on.client.create_destination("NA", "bus", account_id="1234", aws_region="us-east-1") == "d-1"
    queue, bus = (each.body() for each in on.sent)
    assert queue == {"name": "q", "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:eu-west-1:1:q"}}}
    assert bus == {
        "name": "bus", "resourceSpecification": {"eventBridge": {"accountId": "1234", "region": "us-east-1"}},
    }  # fmt: skip
    assert on.sent[1].url.startswith("https://sellingpartnerapi-na.")
    assert on.line.taken == [("createDestination", None, "EU"), ("createDestination", None, "NA")]
    assert on.purse.asked == ["sellingpartnerapi::notifications"] * 2


@pytest.mark.parametrize("where", [{}, {"account_id": "1"}, {"queue_arn": "a", "account_id": "1", "aws_region": "x"}])
def test_a_destination_is_one_of_both(where: dict[str, str]) -> None:
    on = calls(reply({}))
    with pytest.raises(ValueError, match="a queue, or an AWS account"):
        on.client.create_destination("EU", "q", **where)
    assert not on.sent


def test_destinations_of_both_kinds_are_read() -> None:
    on = calls(
        reply(
            {
                "payload": [
                    {"destinationId": "1", "name": "q", "resource": {"sqs": {"arn": "arn"}}},
                    {
                        "destinationId": "2",
                        "name": "b",
                        "resource": {"eventBridge": {"accountId": "12", "region": "r"}},
                    },
                    {"destinationId": "3"},
                ]
            }
        )
    )
    found = on.client.destinations("EU")
    assert [(each.destination_id, each.arn, each.account_id, each.aws_region) for each in found] == [
        ("1", "arn", "", ""), ("2", "", "12", "r"), ("3", "", "", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("asins", [[], ["B"] * 21])
def test_a_call_asks_for_no_more_than_amazon_answers(asins: list[str]) -> None:
    on = calls(reply({"items": []}))
    with pytest.raises(ValueError, match="1 to 20"):
        on.client.catalog_items(CALLER, DE, asins)
    with pytest.raises(ValueError, match="1 to 20"):
        on.client.fee_estimates(CALLER, [FEE] * len(asins))
    with pytest.raises(ValueError, match="1 to 20"):
        on.client.listings_by_sku(CALLER, "A1", DE, asins)
    with pytest.raises(ValueError, match="without commas"):
        on.client.listings_by_sku(CALLER, "A1", DE, ["A,B"])
    assert not on.line.taken


FAULTS: list[tuple[Reply | AmazonUnavailable, type[Exception], bool]] = [
    (Reply(503, {}, b"<html>"), AmazonUnavailable, False),
    (Reply(200, {}, b"<html>"), UnexpectedAnswer, False),
    (AmazonUnavailable("no answer", operation="getReport"), AmazonUnavailable, False),
    (Reply(404, {}, b"{}"), RequestRejected, True),
    (Reply(429, {}, b""), Throttled, True),
]


@pytest.mark.parametrize(("answer", "kind", "ok"), FAULTS)
def test_the_turns_hear_of_every_answer_once(
    answer: Reply | AmazonUnavailable,
    kind: type[Exception],
    ok: bool,  # noqa: FBT001 - a column of a table
) -> None:
    on = calls(answer)
    with pytest.raises(kind):
        on.client.report(CALLER, "1")
    assert on.line.answers == [("getReport", "EU", ok)]
    assert on.line.exhausted == ([("getReport", CONNECTION)] if kind is Throttled else [])
    assert len(on.sent) == 1


def test_the_rate_is_learned_from_refusals_too() -> None:
    on = calls(reply({}, 404, x_amzn_ratelimit_limit="0.25"))
    with pytest.raises(RequestRejected):
        on.client.report(CALLER, "1")
    assert on.line.learned == [("getReport", CONNECTION, Decimal("0.25"))]


class NotYet(Exception):
    pass


class Closed(Line):
    """A line in which nobody's turn has come."""

    @override
    def take(self, operation: Operation, connection_id: ConnectionId | None, region: Region | None = None) -> None:
        raise NotYet


def test_nothing_is_sent_before_its_turn() -> None:
    on = calls(reply({}), line=Closed())
    with pytest.raises(NotYet):
        on.client.report(CALLER, "1")
    assert (on.sent, on.line.answers) == ([], [])


def test_a_turn_is_taken_with_the_access_token_in_hand() -> None:
    """A token that has to be fetched, or is being fetched by somebody else, must not cost a slot of the quota."""
    on = calls(reply({}), line=Closed())
    with pytest.raises(NotYet):
        on.client.report(CALLER, "1")
    assert len(on.purse.asked) == 1


def test_the_region_chooses_the_endpoint() -> None:
    on = calls(reply({"orders": []}))
    regions: tuple[Region, ...] = ("NA", "EU", "FE")
    for region in regions:
        on.client.search_orders(CALLER._replace(region=region), [DE], created_after=AT)
    assert [each.url.split("-")[1][:2] for each in on.sent] == ["na", "eu", "fe"]


def test_what_most_commands_do_not_need_is_not_imported() -> None:
    """A worker that starts for one order waits neither for the catalogue's structs nor for the library."""
    rare = "{'quayside.amazon.' + name for name in 'catalog documents fees finances inbound listings'.split()}"
    program = f"import sys, quayside.amazon.client; sys.exit(bool(({rare} | {{'sp_api', 'httpx'}}) & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0  # noqa: S603 - this interpreter
