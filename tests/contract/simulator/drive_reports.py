"""Amazon's SDK drives the Reports API; collected by ``test_sdk``."""

import csv
import gzip
import io
from typing import Any

import pytest
from spapi import ApiException, ReportsApi
from spapi.models.reports_v2021_06_30 import CreateReportScheduleSpecification, CreateReportSpecification

from tests.contract.simulator.conftest import Stage

US = "ATVPDKIKX0DER"
ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
LISTINGS = "GET_MERCHANT_LISTINGS_ALL_DATA"
SETTLEMENT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"


def request(stage: Stage, kind: str = ORDERS, **values: Any) -> str:
    """Ask for a report and return its id."""
    body = CreateReportSpecification(report_type=kind, marketplace_ids=[US], **values)
    return str(stage.sdk(ReportsApi).create_report(body).report_id)


def orders(stage: Stage) -> str:
    return request(stage, data_start_time="2026-11-01T00:00:00Z", data_end_time="2026-11-21T00:00:00Z")


def schedule(stage: Stage) -> str:
    body = CreateReportScheduleSpecification(report_type=ORDERS, marketplace_ids=[US], period="P1D")
    return str(stage.sdk(ReportsApi).create_report_schedule(body).report_schedule_id)


def download(stage: Stage, document: Any) -> bytes:
    with stage.client as client:
        answer = client.get(document.url)
    assert answer.status_code == 200, answer.text
    return gzip.decompress(answer.content) if document.compression_algorithm == "GZIP" else answer.content


def drive_create_report(stage: Stage) -> None:
    report_id = orders(stage)
    assert stage.sdk(ReportsApi).get_report(report_id).processing_status == "IN_QUEUE"
    for values in (
        {"kind": SETTLEMENT},
        {"kind": "GET_NOTHING"},
        {"data_start_time": "2026-11-22T00:00:00Z"},
        {"data_start_time": "2026-11-20T00:00:00Z", "data_end_time": "2026-11-19T00:00:00Z"},
    ):
        with pytest.raises(ApiException) as refused:
            request(stage, **values)
        assert refused.value.status == 400


def drive_get_report(stage: Stage) -> None:
    api = stage.sdk(ReportsApi)
    report_id = orders(stage)
    statuses = []
    for _ in range(300):
        statuses.append(api.get_report(report_id).processing_status)
        if statuses[-1] == "DONE":
            break
        stage.simulator.advance(5)
    assert list(dict.fromkeys(statuses)) == ["IN_QUEUE", "IN_PROGRESS", "DONE"]
    report = api.get_report(report_id)
    assert 60 <= (report.processing_end_time - report.created_time).total_seconds() <= 240
    assert report.data_start_time.isoformat() == "2026-11-01T00:00:00+00:00"
    assert report.marketplace_ids == [US]
    with pytest.raises(ApiException) as refused:
        api.get_report("51000999999")
    assert refused.value.status == 404


def drive_get_report_document(stage: Stage) -> None:
    api = stage.sdk(ReportsApi)
    report_id = orders(stage)
    stage.simulator.advance(240)
    document_id = api.get_report(report_id).report_document_id
    document = api.get_report_document(document_id)
    assert document.compression_algorithm == "GZIP"
    text = download(stage, document).decode()
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    expected = {
        row[0]
        for row in stage.simulator.world.storage.connection.execute(
            "SELECT order_id FROM orders WHERE created >= 1793491200000 AND created < 1795219200000"
        )
    }
    assert {row["amazon-order-id"] for row in rows} == expected
    assert len(expected) > 100
    with pytest.raises(ApiException) as refused:
        api.get_report_document("amzn1.spdoc.1.4.na.nothing")
    assert refused.value.status == 404


def drive_get_reports(stage: Stage) -> None:
    api = stage.sdk(ReportsApi)
    # Settlements are made by Amazon: they are found, never asked for.
    found = api.get_reports(report_types=[SETTLEMENT], page_size=100).reports
    assert len(found) >= 5
    assert {each.processing_status for each in found} == {"DONE"}
    for period in (1, 2, 3):
        request(stage, data_start_time=f"2026-11-0{period}T00:00:00Z", data_end_time="2026-11-20T00:00:00Z")
    first = api.get_reports(report_types=[ORDERS], page_size=2, created_since="2026-11-20T00:00:00Z")
    rest = api.get_reports(next_token=first.next_token)
    assert [len(first.reports), len(rest.reports), rest.next_token] == [2, 1, None]
    ids = [each.report_id for each in (*first.reports, *rest.reports)]
    assert ids == sorted(ids, reverse=True)
    assert not api.get_reports(report_types=[ORDERS], processing_statuses=["FATAL"]).reports


def drive_cancel_report(stage: Stage) -> None:
    api = stage.sdk(ReportsApi)
    report_id = orders(stage)
    api.cancel_report(report_id)
    assert api.get_report(report_id).processing_status == "CANCELLED"
    with pytest.raises(ApiException) as refused:
        api.cancel_report(report_id)
    assert refused.value.status == 400


def drive_create_report_schedule(stage: Stage) -> None:
    first, second = schedule(stage), schedule(stage)
    found = stage.sdk(ReportsApi).get_report_schedules([ORDERS]).report_schedules
    assert [each.report_schedule_id for each in found] == [second] != [first]
    stage.simulator.advance(2 * 86400 + 600)
    made = stage.sdk(ReportsApi).get_reports(report_types=[ORDERS]).reports
    assert {each.report_schedule_id for each in made} == {second}
    assert [each.processing_status for each in made] == ["DONE", "DONE"]


def drive_get_report_schedules(stage: Stage) -> None:
    schedule_id = schedule(stage)
    api = stage.sdk(ReportsApi)
    assert [each.report_schedule_id for each in api.get_report_schedules([ORDERS]).report_schedules] == [schedule_id]
    assert api.get_report_schedules([LISTINGS]).report_schedules == []


def drive_get_report_schedule(stage: Stage) -> None:
    found = stage.sdk(ReportsApi).get_report_schedule(schedule(stage))
    assert (found.report_type, found.period) == (ORDERS, "P1D")
    assert found.next_report_creation_time.isoformat() == "2026-11-22T12:00:00+00:00"


def drive_cancel_report_schedule(stage: Stage) -> None:
    api = stage.sdk(ReportsApi)
    schedule_id = schedule(stage)
    api.cancel_report_schedule(schedule_id)
    with pytest.raises(ApiException) as refused:
        api.get_report_schedule(schedule_id)
    assert refused.value.status == 404
    stage.simulator.advance(2 * 86400)
    # Its access token has expired meanwhile: a new one.
    assert stage.sdk(ReportsApi).get_reports(report_types=[ORDERS]).reports == []
