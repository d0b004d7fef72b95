"""Reports on the wire: documents behind addresses that die, the notification, and trouble on demand."""

import gzip
import json
from typing import Any

import pytest

from tests.contract.simulator.conftest import QUEUE, Stage

US = "ATVPDKIKX0DER"
REPORTS = "/na/reports/2021-06-30/reports"
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"


def _create(stage: Stage, kind: str = LISTINGS, **values: Any) -> str:
    with stage.client as client:
        body = {"reportType": kind, "marketplaceIds": [US], **values}
        answer = client.post(REPORTS, headers=stage.seller_headers(), json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["x-amzn-ratelimit-limit"] == "0.0167"
    return str(answer.json()["reportId"])


def _report(stage: Stage, report_id: str) -> dict[str, Any]:
    with stage.client as client:
        return dict(client.get(f"{REPORTS}/{report_id}", headers=stage.seller_headers()).json())


def _address(stage: Stage, report_id: str, **query: str) -> dict[str, Any]:
    document_id = _report(stage, report_id)["reportDocumentId"]
    with stage.client as client:
        answer = client.get(
            f"/na/reports/2021-06-30/documents/{document_id}", headers=stage.seller_headers(), params=query
        )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _fault(stage: Stage, **values: Any) -> None:
    with stage.client as client:
        assert client.post("/control/faults", json=values).status_code == 201


def _orders(stage: Stage) -> str:
    return _create(stage, ORDERS, dataStartTime="2026-11-01T00:00:00Z", dataEndTime="2026-11-21T00:00:00Z")


def test_a_document_is_gzip_in_identity_or_says_so(stage: Stage) -> None:
    report_id = _orders(stage)
    stage.simulator.advance(240)
    with stage.client as client:
        plain = client.get(_address(stage, report_id)["url"])
        announced = client.get(_address(stage, report_id, enableContentEncodingUrlHeader="true")["url"])
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"] == "text/plain; charset=UTF-8"
    assert gzip.decompress(plain.content) == announced.content  # the client unpacked what said it was gzip
    assert announced.headers["content-encoding"] == "gzip"


def test_an_address_dies_after_five_minutes_and_cannot_be_forged(stage: Stage) -> None:
    report_id = _create(stage)
    stage.simulator.advance(120)
    url = _address(stage, report_id)["url"]
    with stage.client as client:
        stage.simulator.clock.advance(299)
        assert client.get(url).status_code == 200
        stage.simulator.clock.advance(1)
        late = client.get(url)
        forged = client.get(url.replace("expires=1", "expires=2"))
        nothing = client.get("/documents/none")
    assert (late.status_code, late.headers["content-type"]) == (403, "application/xml")
    assert "Request has expired" in late.text
    assert "SignatureDoesNotMatch" in forged.text
    assert nothing.status_code == 403


def test_downloads_have_troubles_of_their_own(stage: Stage) -> None:
    report_id = _create(stage)
    stage.simulator.advance(120)
    url = _address(stage, report_id)["url"]
    _fault(stage, kind="html_503", operation="document.download", count=1)
    with stage.client as client:
        assert client.get(url).status_code == 503
        assert client.get(url).status_code == 200
        assert client.get("/control/calls").json()["document.download"]["by_status"] == {"200": 1, "503": 1}


def test_a_finished_report_is_told_to_the_queue(stage: Stage) -> None:
    with stage.client as client:
        grantless, seller = stage.grantless_headers(), stage.seller_headers()
        made = client.post(
            "/na/notifications/v1/destinations",
            headers=grantless,
            json={"name": "intake", "resourceSpecification": {"sqs": {"arn": QUEUE}}},
        ).json()
        client.post(
            "/na/notifications/v1/subscriptions/REPORT_PROCESSING_FINISHED",
            headers=seller,
            json={"payloadVersion": "2020-09-04", "destinationId": made["payload"]["destinationId"]},
        )
    report_id = _create(stage)
    stage.simulator.advance(300)
    told = [json.loads(body)["payload"]["reportProcessingFinishedNotification"] for _, body in stage.delivered]
    (ours,) = {json.dumps(each) for each in told if each["reportId"] == report_id}
    report = _report(stage, report_id)
    assert json.loads(ours) == {
        "sellerId": stage.seller.selling_partner_id,
        "accountId": f"amzn1.merchant.o.{stage.seller.selling_partner_id}",
        "reportId": report_id,
        "reportType": LISTINGS,
        "processingStatus": "DONE",
        "reportDocumentId": report["reportDocumentId"],
    }


def test_the_same_report_too_soon_is_cancelled_without_a_document(stage: Stage) -> None:
    first = _create(stage)
    stage.simulator.advance(60)
    second = _create(stage)
    stage.simulator.advance(1740)
    third = _create(stage)
    stage.simulator.advance(120)
    assert [_report(stage, each)["processingStatus"] for each in (first, second, third)] == [
        "DONE",
        "CANCELLED",
        "DONE",
    ]
    assert "reportDocumentId" not in _report(stage, second)


@pytest.mark.parametrize(("kind", "status"), [("report_fatal", "FATAL"), ("report_cancelled", "CANCELLED")])
def test_reports_fail_on_demand(stage: Stage, kind: str, status: str) -> None:
    _fault(stage, kind=kind, operation=LISTINGS, count=1)
    report_id = _create(stage)
    orders = _orders(stage)
    stage.simulator.advance(240)
    assert _report(stage, report_id)["processingStatus"] == status
    assert _report(stage, orders)["processingStatus"] == "DONE"


def test_a_header_changes_and_rows_go_missing_on_demand(stage: Stage) -> None:
    _fault(stage, kind="report_header", operation=ORDERS, count=1)
    renamed = _orders(stage)
    stage.simulator.advance(240)
    _fault(stage, kind="report_empty", operation=ORDERS, count=1)
    emptied = _orders(stage)
    stage.simulator.advance(240)
    with stage.client as client:
        changed = gzip.decompress(client.get(_address(stage, renamed)["url"]).content).decode().splitlines()
        address = _address(stage, emptied)
        # A small document is not compressed.
        assert "compressionAlgorithm" not in address
        empty = client.get(address["url"]).text.splitlines()
    assert "item-price-v2" in changed[0].split("\t")
    assert len(changed) > 100
    assert (len(empty), "item-price" in empty[0].split("\t")) == (1, True)


def test_reports_belong_to_their_seller(stage: Stage) -> None:
    report_id = _create(stage)
    stage.simulator.advance(120)
    document_id = _report(stage, report_id)["reportDocumentId"]
    stage.seller = stage.simulator.world.create_seller("quiet-us")
    with stage.client as client:
        headers = stage.seller_headers()
        assert client.get(f"{REPORTS}/{report_id}", headers=headers).status_code == 404
        assert client.get(f"/na/reports/2021-06-30/documents/{document_id}", headers=headers).status_code == 404
        assert client.get(REPORTS, headers=headers, params={"reportTypes": LISTINGS}).json() == {"reports": []}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"reportType": LISTINGS}, 400, "marketplaceIds"),
        ({"reportType": LISTINGS, "marketplaceIds": ["A1PA6795UKMFR9"]}, 400, "not a marketplace of this region"),
        ({"reportType": LISTINGS, "marketplaceIds": ["A2EUQ1WTGCTBG2"]}, 403, "No access to marketplace"),
        ({"reportType": LISTINGS, "marketplaceIds": [US], "reportOptions": {"a": 1}}, 400, "reportOptions"),
        (
            {"reportType": "GET_SALES_AND_TRAFFIC_REPORT", "marketplaceIds": [US], "reportOptions": {"a": "b"}},
            400,
            "is not an option",
        ),
        ({"reportType": LISTINGS, "marketplaceIds": [US], "dataStartTime": "then"}, 400, "not an ISO 8601 date"),
        ([], 400, "JSON object"),
    ],
)
def test_wrong_requests_are_refused(stage: Stage, body: Any, status: int, words: str) -> None:
    answer = stage.client.post(REPORTS, headers=stage.seller_headers(), json=body)
    assert answer.status_code == status
    assert words in answer.json()["errors"][0]["details"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Either reportTypes or nextToken"),
        ({"reportTypes": LISTINGS, "pageSize": "101"}, "pageSize"),
        ({"reportTypes": LISTINGS, "processingStatuses": "READY"}, "READY is not one of"),
        ({"nextToken": "x"}, "malformed"),
        ({"nextToken": "x", "reportTypes": LISTINGS}, "only parameter"),
    ],
)
def test_wrong_searches_are_refused(stage: Stage, query: dict[str, str], words: str) -> None:
    answer = stage.client.get(REPORTS, headers=stage.seller_headers(), params=query)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["details"]


def test_the_control_api_knows_reports_and_settlements(stage: Stage) -> None:
    report_id = _create(stage)
    partner = stage.seller.selling_partner_id
    with stage.client as client:
        reports = client.get(f"/control/sellers/{partner}/reports").json()["reports"]
        settlements = client.get(f"/control/sellers/{partner}/truth/settlements").json()["settlements"]
        books = client.get(f"/control/sellers/{partner}/books").json()
    assert reports[0]["report_id"] == report_id
    assert {each["kind"] for each in reports[1:]} == {SETTLEMENT}
    assert sum(each["total_minor"] for each in settlements) == books["money"]["USD"]["bank"] > 0


def test_a_long_history_can_be_ordered(stage: Stage) -> None:
    with stage.client as client:
        made = client.post(
            "/control/sellers", json={"profile": "small-us", "history": {"days": 400, "orders": 1500}}
        ).json()
        refused = client.post("/control/sellers", json={"profile": "small-us", "history": {"days": 9000}})
    assert made["orders"] == 1500
    assert refused.status_code == 400
    assert "from 1 to 730" in refused.json()["error"]
