"""Sending the command that a report waits for."""

from collections.abc import Callable
from datetime import datetime

from quayside.sync import report_runs, store
from quayside.sync.commands import Kind, SyncCommand, command
from quayside.sync.report_rules import check_delay
from quayside.sync.report_runs import ReportRun, counted, instant_or_none
from quayside.sync.rules import MAXIMUM_DELAY_SECONDS
from quayside.sync.service import Work, enqueue


def run_of(work: Work) -> ReportRun | None:
    """Return the report that a command is about, None when it is gone."""
    name = work.command.arguments.get("report", "").removeprefix("REPORT#")
    return report_runs.find(work.connection_id, name) if name else None


def go_on(work: Work, run: ReportRun) -> None:
    """Send the command that a report waits for, for the one that was sent may be lost."""
    if run.stage in {"planned", "requested"}:
        send(work, "report.request", run, at=instant_or_none(run.not_before))
    elif run.stage == "waiting":
        await_made(work, run)
    elif run.stage == "ready":
        send(work, "report.collect", run)
    elif run.stage in {"collected", "loading"}:
        send(work, "report.load", run)


def command_for(work: Work, kind: Kind, run: ReportRun) -> SyncCommand:
    """Build a command about a report; one about history takes no more of a quota than history may."""
    arguments = {"report": run.name}
    if run.mode:
        arguments["mode"] = run.mode
    return work.desk.command(kind, work.tenant_id, work.connection_id, arguments, work.command.cause)


def send(work: Work, kind: Kind, run: ReportRun, *, at: datetime | None = None, delay_seconds: int = 0) -> None:
    """Send a command for a report, in some seconds or at an instant; what no queue holds so long becomes due work."""
    following = command_for(work, kind, run)
    if at is not None:
        delay_seconds = max(0, -int((work.clock.now() - at).total_seconds() // 1))
    if delay_seconds > MAXIMUM_DELAY_SECONDS and at is not None:
        store.put_waiting(at, following)
    else:
        enqueue([following], delay_seconds=delay_seconds)


def await_made(work: Work, run: ReportRun) -> None:
    """Remember whose report it is, and look at it in some minutes unless Amazon tells us before."""
    if run.report_id:
        store.point_to_report(run.report_id, work.tenant_id, work.connection_id, run.name, work.clock.now())
    send(work, "report.check", run, delay_seconds=check_delay(counted(run.checks)))


def finished(
    report_id: str, status: str, document_id: str | None, *, now: datetime, entropy: Callable[[int], bytes]
) -> SyncCommand | None:
    """Return the command that follows from Amazon's word that a report is finished.

    None for a report that is not ours: other applications of the seller ask for reports too, and nothing is written
    for them.
    """
    pointed = store.pointed_report(report_id)
    if pointed is None:
        return None
    arguments = {"report": pointed.run, "report_id": report_id, "status": status}
    if document_id:
        arguments["document_id"] = document_id
    return command(
        "report.collect",
        pointed.tenant_id,
        pointed.connection_id,
        arguments,
        cause="notification",
        now=now,
        entropy=entropy,
    )
