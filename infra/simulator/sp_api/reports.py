"""Reports API 2021-06-30: all nine operations, on the reports that the engine makes."""

import json
from typing import Any

from infra.simulator.answers import ApiError, Request, invalid_input, not_found
from infra.simulator.clock import HOUR, instant, parse
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.reports import sales_and_traffic
from infra.simulator.reports.engine import KINDS, PERIODS_MS, RETENTION_MS, STATUSES, Report, Reports, Schedule
from infra.simulator.reports.making import Kind
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError
from infra.simulator.world import Seller, World

OPERATION_NAMES = frozenset(
    [
        "getReports",
        "createReport",
        "getReport",
        "cancelReport",
        "getReportSchedules",
        "createReportSchedule",
        "getReportSchedule",
        "cancelReportSchedule",
        "getReportDocument",
    ]
)
MAXIMUM_MARKETPLACES, MAXIMUM_FILTERS = 25, 10
_PAGE_DEFAULT, _PAGE_MAXIMUM = 10, 100
_TOKEN_LIVES_MS = 24 * HOUR


class ReportsApi:
    """Answers the nine operations."""

    def __init__(self, world: World, reports: Reports, tokens: PageTokens) -> None:
        self._world = world
        self._reports = reports
        self._tokens = tokens

    def operate(  # noqa: C901, PLR0911  one answer per operation
        self, name: str, seller: Seller, parameters: dict[str, str], request: Request
    ) -> tuple[int, Any]:
        """Answer one of ``OPERATION_NAMES`` with a status and a document."""
        match name:
            case "createReport":
                return 202, self._create(seller, request)
            case "getReports":
                return 200, self._list(seller, request)
            case "getReport":
                return 200, _document(self._find(seller, parameters["reportId"]))
            case "cancelReport":
                return 200, self._cancel(seller, parameters["reportId"])
            case "getReportDocument":
                return 200, self._address(seller, parameters["reportDocumentId"], request)
            case "createReportSchedule":
                return 201, self._create_schedule(seller, request)
            case "getReportSchedules":
                kinds = _filters(request, "reportTypes")
                if not kinds:
                    raise invalid_input("reportTypes is required.")
                found = self._reports.schedules(seller, kinds)
                return 200, {"reportSchedules": [_schedule_document(each) for each in found]}
            case "getReportSchedule":
                return 200, _schedule_document(self._find_schedule(seller, parameters["reportScheduleId"]))
            case "cancelReportSchedule":
                self._reports.unschedule(self._find_schedule(seller, parameters["reportScheduleId"]))
                return 200, {}
            case _:
                raise AssertionError(f"operation {name} has no answer")

    # ------------------------------------------------------------------ reports

    def _create(self, seller: Seller, request: Request) -> dict[str, Any]:
        body = _body(request)
        kind, places, options = _specification(seller, body)
        now = self._world.now_ms
        start, end = _instant(body, "dataStartTime", now), _instant(body, "dataEndTime", now)
        if start is not None and end is not None and start > end:
            raise invalid_input("dataStartTime must be prior to or equal to dataEndTime.")
        report = self._reports.request(
            seller, kind, places, start=start, end=end if end is not None else now, options=options, at=now
        )
        return {"reportId": report.report_id}

    def _list(self, seller: Seller, request: Request) -> dict[str, Any]:
        now = self._world.now_ms
        token = request.first("nextToken")
        if token is not None:
            if set(request.query) - {"nextToken"}:
                raise invalid_input("nextToken must be the only parameter.")
            try:
                wanted, created, pk = self._tokens.read(token, {}, now, _TOKEN_LIVES_MS)
            except (TokenRefusedError, ValueError) as refusal:
                raise invalid_input(f"The nextToken is invalid: {refusal}.") from None
            search, before = dict(wanted), (int(str(created)), int(str(pk)))  # type: ignore[call-overload]
        else:
            search, before = _search(request, now), (2**62, 2**62)
        size = search.pop("size")
        found = self._reports.search(seller, before=before, limit=size + 1, **search)
        answer: dict[str, Any] = {"reports": [_document(each) for each in found[:size]]}
        if len(found) > size:
            last = found[size - 1]
            answer["nextToken"] = self._tokens.issue({}, now, ({**search, "size": size}, last.created, last.pk))
        return answer

    def _cancel(self, seller: Seller, report_id: str) -> dict[str, Any]:
        if not self._reports.cancel(self._find(seller, report_id)):
            raise invalid_input(f"Report {report_id} cannot be cancelled: only reports IN_QUEUE can be cancelled.")
        return {}

    def _address(self, seller: Seller, document_id: str, request: Request) -> dict[str, Any]:
        report = self._reports.of_document(seller, document_id)
        compressed = None if report is None else self._reports.document_of(report)
        if compressed is None:
            raise not_found(f"Report document {document_id} is not found.")
        announced = (request.first("enableContentEncodingUrlHeader") or "false").lower()
        if announced not in {"true", "false"}:
            raise invalid_input("enableContentEncodingUrlHeader must be true or false.")
        base = f"http://{request.headers.get('host', 'localhost')}"
        answer = {
            "reportDocumentId": document_id,
            "url": self._reports.documents.address(base, document_id, announced=compressed and announced == "true"),
        }
        if compressed:
            answer["compressionAlgorithm"] = "GZIP"
        return answer

    def _find(self, seller: Seller, report_id: str) -> Report:
        found = self._reports.report(seller, report_id)
        if found is None or found.created < self._world.now_ms - RETENTION_MS:
            raise not_found(f"Report {report_id} is not found.")
        return found

    # ------------------------------------------------------------------ schedules

    def _create_schedule(self, seller: Seller, request: Request) -> dict[str, Any]:
        body = _body(request)
        kind, places, options = _specification(seller, body)
        period = body.get("period")
        if period not in PERIODS_MS:
            raise invalid_input(f"period must be one of {', '.join(PERIODS_MS)}.")
        now = self._world.now_ms
        next_at = _instant(body, "nextReportCreationTime", None)
        if next_at is not None and next_at < now:
            raise invalid_input("nextReportCreationTime must be in the future.")
        made = self._reports.schedule(
            seller, kind, places, options, period, now + PERIODS_MS[period] if next_at is None else next_at
        )
        return {"reportScheduleId": made.schedule_id}

    def _find_schedule(self, seller: Seller, schedule_id: str) -> Schedule:
        for each in self._reports.schedules(seller):
            if each.schedule_id == schedule_id:
                return each
        raise not_found(f"Report schedule {schedule_id} is not found.")


def _specification(seller: Seller, body: dict[str, Any]) -> tuple[Kind, list[str], dict[str, str]]:
    name = body.get("reportType")
    kind = KINDS.get(str(name))
    if kind is None:
        raise invalid_input(f"reportType {name} is not valid.")
    if not kind.requestable:
        raise invalid_input(f"reportType {name} cannot be requested or scheduled: Amazon makes it by itself.")
    places = body.get("marketplaceIds")
    if not isinstance(places, list) or not 1 <= len(places) <= MAXIMUM_MARKETPLACES:
        raise invalid_input(f"marketplaceIds must name 1 to {MAXIMUM_MARKETPLACES} marketplaces.")
    for place in places:
        found = MARKETPLACES.get(str(place))
        if found is None or found.region != seller.region:
            raise invalid_input(f"marketplaceIds: {place} is not a marketplace of this region.")
        if place not in seller.marketplaces:
            raise ApiError(
                403, "Unauthorized", "Access to requested resource is denied.", f"No access to marketplace {place}."
            )
    options = body.get("reportOptions") or {}
    if not isinstance(options, dict) or not all(isinstance(each, str) for each in options.values()):
        raise invalid_input("reportOptions must be an object of texts.")
    if kind is sales_and_traffic.SALES_AND_TRAFFIC and (wrong := sales_and_traffic.check_options(options)):
        raise invalid_input(wrong)
    return kind, places, options


def _search(request: Request, now: int) -> dict[str, Any]:
    kinds = _filters(request, "reportTypes")
    if not kinds:
        raise invalid_input("Either reportTypes or nextToken is required.")
    statuses = request.listed("processingStatuses")
    for status in statuses:
        if status not in STATUSES:
            raise invalid_input(f"processingStatuses: {status} is not one of {', '.join(STATUSES)}.")
    text = request.first("pageSize") or str(_PAGE_DEFAULT)
    if not text.isdecimal() or not 1 <= int(text) <= _PAGE_MAXIMUM:
        raise invalid_input(f"pageSize must be between 1 and {_PAGE_MAXIMUM}.")
    times = {name: request.first(name) for name in ("createdSince", "createdUntil")}
    since, until = _instant(times, "createdSince", None), _instant(times, "createdUntil", None)
    return {
        "kinds": kinds,
        "statuses": statuses,
        "marketplaces": _filters(request, "marketplaceIds"),
        # Older reports are not kept, whatever is asked for.
        "since": max(since or 0, now - RETENTION_MS),
        "until": now if until is None else until,
        "size": int(text),
    }


def _filters(request: Request, name: str) -> list[str]:
    values = request.listed(name)
    if len(values) > MAXIMUM_FILTERS:
        raise invalid_input(f"{name} accepts at most {MAXIMUM_FILTERS} values.")
    return values


def _instant(body: dict[str, Any], name: str, latest: int | None) -> int | None:
    text = body.get(name)
    if text is None:
        return None
    try:
        # A plus sign that was not percent-encoded arrives as a space.
        at = parse(str(text).replace(" ", "+"))
    except ValueError:
        raise invalid_input(f"{name}: {text} is not an ISO 8601 date.") from None
    if latest is not None and at > latest:
        raise invalid_input(f"{name} must be prior to or equal to the current date and time.")
    return at


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise invalid_input("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid_input("The body must be a JSON object.")
    return body


def _document(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {
        "reportId": report.report_id,
        "reportType": report.kind,
        "marketplaceIds": report.marketplaces,
        "processingStatus": report.status,
        "createdTime": _moment(report.created),
    }
    for name, at in (
        ("dataStartTime", report.start),
        ("dataEndTime", report.end),
        ("processingStartTime", report.begun),
        ("processingEndTime", report.ended),
    ):
        if at is not None:
            found[name] = _moment(at)
    if report.document_id is not None:
        found["reportDocumentId"] = report.document_id
    if report.schedule is not None:
        found["reportScheduleId"] = Schedule.id_of(report.schedule)
    return found


def _schedule_document(schedule: Schedule) -> dict[str, Any]:
    return {
        "reportScheduleId": schedule.schedule_id,
        "reportType": schedule.kind,
        "marketplaceIds": schedule.marketplaces,
        "reportOptions": schedule.options,
        "period": schedule.period,
        "nextReportCreationTime": _moment(schedule.next_at),
    }


def _moment(at_ms: int) -> str:
    return instant(at_ms // 1000 * 1000).isoformat()
