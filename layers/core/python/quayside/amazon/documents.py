"""Reports as Amazon keeps them: how far one is, and where its document can be fetched.

Source: Amazon's model reports_2021-06-30.json.
"""

from datetime import datetime

import msgspec

from quayside.amazon.decoding import Reader, in_utc, raw_entries
from quayside.amazon.errors import UnexpectedAnswer
from quayside.storage.vault import Secret

IN_QUEUE = "IN_QUEUE"
IN_PROGRESS = "IN_PROGRESS"
DONE = "DONE"
CANCELLED = "CANCELLED"
FATAL = "FATAL"
FINISHED = frozenset({DONE, CANCELLED, FATAL})
"""The statuses after which a report changes no more. CANCELLED is also what Amazon says when there is no data."""


class ReportAnswer(msgspec.Struct, frozen=True):
    """A report as Amazon has it now. Instants are in UTC.

    Attributes:
        report_id: Amazon's id.
        report_type: Amazon's type.
        status: IN_QUEUE, IN_PROGRESS, DONE, CANCELLED or FATAL, and whatever Amazon adds.
        document_id: its document, when there is one; a FATAL report may have one that holds the reason.
        data_start: the beginning of what it covers.
        data_end: its end.
        created: when it was asked for.
        processing_ended: when it was finished.
        marketplace_ids: the marketplaces it was made for.
    """

    report_id: str
    report_type: str
    status: str
    document_id: str | None
    data_start: datetime | None
    data_end: datetime | None
    created: datetime | None
    processing_ended: datetime | None
    marketplace_ids: tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether Amazon is through with it, well or not."""
        return self.status in FINISHED


class UnreadableReport(msgspec.Struct, frozen=True):
    """A report of a page that lacks what every report must have."""

    report_id: str
    problem: str


class ReportsPage(msgspec.Struct, frozen=True):
    """One page of getReports, newest first. ``next_token`` is None after the last page."""

    reports: tuple[ReportAnswer, ...]
    next_token: str | None
    unreadable: tuple[UnreadableReport, ...] = ()


class DocumentAddress(msgspec.Struct, frozen=True):
    """Where a report's document can be fetched for five minutes.

    Attributes:
        document_id: Amazon's id.
        url: the presigned address. Whoever has it can read the report, so it is a secret: never logged, never kept.
        compression: ``GZIP``, or None when the document is stored as it is.
    """

    document_id: str
    url: Secret
    compression: str | None


class _Report(msgspec.Struct, frozen=True, rename="camel"):
    report_id: str
    report_type: str
    processing_status: str
    report_document_id: str | None = None
    data_start_time: datetime | None = None
    data_end_time: datetime | None = None
    created_time: datetime | None = None
    processing_end_time: datetime | None = None
    marketplace_ids: tuple[str, ...] = ()


class _Reports(msgspec.Struct, frozen=True, rename="camel"):
    reports: msgspec.Raw
    next_token: str | None = None


class _Created(msgspec.Struct, frozen=True, rename="camel"):
    report_id: str


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    report_document_id: str
    url: str
    compression_algorithm: str | None = None


class _OnlyId(msgspec.Struct, frozen=True, rename="camel"):
    report_id: str = ""


_report = Reader(_Report)
_reports = Reader(_Reports)
_created = Reader(_Created)
_document = Reader(_Document)
_only_id = Reader(_OnlyId)


def _answer(read: _Report) -> ReportAnswer:
    return ReportAnswer(
        read.report_id,
        read.report_type,
        read.processing_status,
        read.report_document_id or None,
        _utc(read.data_start_time),
        _utc(read.data_end_time),
        _utc(read.created_time),
        _utc(read.processing_end_time),
        read.marketplace_ids,
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else in_utc(at)


def decode_created(body: bytes) -> str:
    """Read the answer of createReport and return the report's id.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    try:
        return _created.read(body).report_id
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="createReport", status=202) from problem


def decode_report(body: bytes) -> ReportAnswer:
    """Read the answer of getReport.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    try:
        return _answer(_report.read(body))
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getReport", status=200) from problem


def decode_reports(body: bytes) -> ReportsPage:
    """Read the answer of getReports, report by report.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    problems: list[str] = []
    try:
        page = _reports.read(body)
        entries = raw_entries(page.reports, "reports", problems)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getReports", status=200) from problem
    if problems:
        raise UnexpectedAnswer(problems[0], operation="getReports", status=200)
    reports: list[ReportAnswer] = []
    unreadable: list[UnreadableReport] = []
    for raw in entries:
        try:
            reports.append(_answer(_report.read(raw)))
        except msgspec.ValidationError as problem:
            unreadable.append(UnreadableReport(_id_in(raw), str(problem)))
    return ReportsPage(tuple(reports), page.next_token or None, tuple(unreadable))


def _id_in(raw: msgspec.Raw) -> str:
    try:
        return _only_id.read(raw).report_id
    except msgspec.ValidationError:
        return ""


def decode_address(body: bytes) -> DocumentAddress:
    """Read the answer of getReportDocument.

    Raises:
        UnexpectedAnswer: the body is no such answer.
    """
    try:
        document = _document.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getReportDocument", status=200) from problem
    return DocumentAddress(document.report_document_id, Secret(document.url), document.compression_algorithm or None)
