"""Showing the reports of a connection, and loading one again."""

from typing import TYPE_CHECKING

from quayside.amazon.reports import KINDS, Totals
from quayside.connections import service as connections
from quayside.kernel.clock import parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, NotFound, QuaysideError
from quayside.kernel.ids import ConnectionId
from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant
from quayside.sync import report_runs
from quayside.sync.commands import Cause
from quayside.sync.registry import REGISTRY
from quayside.sync.report_runs import UNDER_WAY, ReportRun, counted, whole
from quayside.sync.service import Desk, enqueue
from quayside.sync.views import ReportsPage, ReportTotals, ReportView

if TYPE_CHECKING:
    from quayside.sync.commands import Kind

_PAGE = 25


def list_reports(connection_id: ConnectionId, dataset_key: str | None = None, cursor: str | None = None) -> ReportsPage:
    """Show the reports of a connection of the tenant in scope, newest first, of all datasets or of one.

    Raises:
        NotFound: there is no such connection or dataset.
        InvalidInput: the cursor is not one of this list.
    """
    connections.get(connection_id)
    known = [each for each in REGISTRY if dataset_key in {None, each.key}]
    if not known:
        raise NotFound("There is no such dataset.", code="dataset_not_found")
    before = _place(cursor)
    found: list[ReportRun] = []
    for each in known:
        for report_type in each.reports:
            until = parse_instant(before[0]) if before else None
            taken = 0
            for run in report_runs.newest_first(connection_id, report_type, until):
                if before is not None and _order(run) >= before:
                    continue
                found.append(run)
                taken += 1
                if taken > _PAGE:
                    break
    found.sort(key=_order, reverse=True)
    shown = found[:_PAGE]
    following = encode_cursor(*_order(shown[-1])) if len(found) > _PAGE else None
    return ReportsPage(tuple(_view(run) for run in shown), following)


def _order(run: ReportRun) -> tuple[str, str]:
    return run.name.split("#")[1], run.sk


def _place(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    begins, sort_key = decode_cursor(cursor, 2)
    try:
        parse_instant(begins)
    except QuaysideError:
        raise invalid_cursor() from None
    return begins, sort_key


def _view(run: ReportRun) -> ReportView:
    sums = run.sums
    return ReportView(
        report=report_runs.token_of(run.name),
        report_type=run.report_type,
        title=KINDS[run.report_type].title,
        state=run.stage,
        data_start=run.data_start,
        data_end=run.data_end,
        requested_at=run.requested_at,
        ready_at=run.ready_at,
        loaded_at=run.loaded_at,
        rows_total=whole(run.rows_total),
        rows_loaded=counted(run.rows_loaded),
        rows_bad=counted(run.rows_bad),
        totals=ReportTotals(sums.rows, sums.units, _money(sums)) if run.totals else None,
        sha256=run.sha256_kept,
        bytes=whole(run.bytes),
        reason=run.reason or "",
        action=run.action or "",
    )


def _money(sums: Totals) -> tuple[Money, ...]:
    return tuple(Money.from_decimal(str(amount), currency) for currency, amount in sorted(sums.money.items()))


def replay(connection_id: ConnectionId, report: str, desk: Desk, *, cause: Cause = "member") -> None:
    """Load a report again from its kept file, or ask Amazon for it again when there is none.

    Raises:
        NotFound: there is no such connection or report.
        Conflict: it is under way.
    """
    connections.get(connection_id)
    name = report_runs.name_of(report)
    run = report_runs.find(connection_id, name) if name else None
    if run is None:
        raise NotFound("There is no such report.", code="report_not_found")
    kind: Kind = "report.load" if run.has_file else "report.request"
    asked = desk.command(kind, current_tenant(), connection_id, {"report": run.name}, cause)
    now = parse_instant(asked.first_seen)
    again = None
    if run.stage not in UNDER_WAY or run.has_lost_its_command(now):
        model = ReportRun
        begun = model.state.set("collected" if run.has_file else "planned")
        again = report_runs.change(run, [begun, model.not_before.remove(), model.attempts.set(0)], now)
    if again is None:
        raise Conflict("The report is being read already.", code="report_under_way", action="Wait until it is done.")
    enqueue([asked])
