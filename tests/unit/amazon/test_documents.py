import json
from datetime import UTC, datetime
from typing import Any

import pytest

from quayside.amazon.documents import decode_address, decode_created, decode_report, decode_reports
from quayside.amazon.errors import UnexpectedAnswer

URL = "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/x?X-Amz-Signature=secret"


def report(**changes: Any) -> dict[str, Any]:
    return {
        "reportId": "54517018502",
        "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "processingStatus": "DONE",
        "reportDocumentId": "amzn1.spdoc.1",
        "dataStartTime": "2026-10-01T00:00:00+00:00",
        "dataEndTime": "2026-10-31T00:00:00+00:00",
        "createdTime": "2026-11-21T10:00:00Z",
        "processingStartTime": "2026-11-21T10:00:10Z",
        "processingEndTime": "2026-11-21T11:01:00+01:00",
        "marketplaceIds": ["A1PA6795UKMFR9"],
        **changes,
    }


def test_a_report_says_how_far_it_is() -> None:
    found = decode_report(json.dumps(report()).encode())
    assert (found.report_id, found.status, found.document_id) == ("54517018502", "DONE", "amzn1.spdoc.1")
    assert found.data_start == datetime(2026, 10, 1, tzinfo=UTC)
    assert found.processing_ended == datetime(2026, 11, 21, 10, 1, tzinfo=UTC)
    assert found.marketplace_ids == ("A1PA6795UKMFR9",)
    assert found.is_finished


@pytest.mark.parametrize(
    ("status", "finished"),
    [
        ("IN_QUEUE", False), ("IN_PROGRESS", False), ("DONE", True), ("CANCELLED", True), ("FATAL", True),
        ("SOMETHING_NEW", False),
    ],
)  # fmt: skip
def test_a_status_that_is_new_is_shown_and_waited_for(status: str, finished: bool) -> None:  # noqa: FBT001 - a column
    found = decode_report(json.dumps(report(processingStatus=status)).encode())
    assert (found.status, found.is_finished) == (status, finished)


def test_a_report_that_just_began_has_little() -> None:
    body = {"reportId": "1", "reportType": "GET_X", "processingStatus": "IN_QUEUE", "reportDocumentId": None}
    found = decode_report(json.dumps(body).encode())
    assert (found.document_id, found.created, found.data_start, found.marketplace_ids) == (None, None, None, ())


def test_a_page_is_read_report_by_report() -> None:
    body = {"reports": [report(), report(reportId="2", reportType=None), {"x": 1}, 7], "nextToken": "t"}
    found = decode_reports(json.dumps(body).encode())
    assert [each.report_id for each in found.reports] == ["54517018502"]
    assert [each.report_id for each in found.unreadable] == ["2", "", ""]
    assert found.next_token == "t"
    for last in ({}, {"nextToken": None}, {"nextToken": ""}):
        assert decode_reports(json.dumps({"reports": [], **last}).encode()).next_token is None


def test_a_report_that_was_asked_for_has_an_id() -> None:
    assert decode_created(b'{"reportId": "7"}') == "7"


@pytest.mark.parametrize(("given", "compression"), [("GZIP", "GZIP"), (None, None), ("", None), ("BROTLI", "BROTLI")])
def test_the_address_of_a_document_is_a_secret(given: str | None, compression: str | None) -> None:
    body = {"reportDocumentId": "d", "url": URL, "compressionAlgorithm": given}
    found = decode_address(json.dumps(body).encode())
    assert (found.document_id, found.url.reveal(), found.compression) == ("d", URL, compression)
    assert "Signature" not in repr(found)
    assert "tortuga" not in f"{found}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"reports": 7}', b'{"reportId": '])
def test_an_answer_that_is_none_is_amazons_fault(body: bytes) -> None:
    for read in (decode_created, decode_report, decode_reports, decode_address):
        with pytest.raises(UnexpectedAnswer):
            read(body)


def test_a_broken_address_shows_nothing_of_itself() -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        decode_address(json.dumps({"url": URL, "reportDocumentId": 7}).encode())
    assert "tortuga" not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"
