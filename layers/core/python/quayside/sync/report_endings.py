"""How a report ends, and what that means for the dataset it belongs to."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from quayside.amazon.reports import KINDS
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import DatasetHealth
from quayside.kernel.clock import format_instant, parse_instant
from quayside.sync import datasets, report_runs
from quayside.sync.registry import MERCHANT_LISTINGS, ORDERS_BY_LAST_UPDATE, ROUTINES, Dataset, dataset_of_report
from quayside.sync.report_history import advance
from quayside.sync.report_rules import Part, Window, complete_until
from quayside.sync.report_runs import DONE, HISTORY, UNDER_WAY, ReportRun, counted, instant_or_none
from quayside.sync.service import Work

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

_NOT_BELIEVED = {MERCHANT_LISTINGS: "list", ORDERS_BY_LAST_UPDATE: "report"}
"""Reports that are seldom rightly empty when the one before was not, and what they are called."""
TELL_SUPPORT = "Tell support. The file is kept, and is loaded again once Quayside understands it."


def loaded(work: Work, run: ReportRun) -> None:
    """Take note that a report is stored, with what its rows add up to."""
    now = work.clock.now()
    model = ReportRun
    total, bad = counted(run.rows_total), counted(run.rows_bad)
    accounted = counted(run.rows_loaded) + bad
    if accounted < total:
        failed(work, run, f"Only {accounted} of {total} rows were accounted for.", TELL_SUPPORT)
        return
    disagreement = run.sums.disagreement
    reason = " ".join(
        each for each in (disagreement, f"{bad} of {total} rows could not be stored." if bad else "") if each
    )
    action = "The rows are in quarantine, with the reason for each." if bad else "Tell support." if reason else ""
    done = report_runs.change(
        run,
        [
            model.state.set("loaded"),
            model.loaded_at.set(format_instant(now)),
            model.reason.set(reason) if reason else model.reason.remove(),
            model.action.set(action) if reason else model.action.remove(),
        ],
        now,
    )
    if done is None:
        return
    if not total and KINDS[run.report_type].format == "json":
        work.notes.say("Amazon's report has no rows.")
    _tell(work, done)


def empty(work: Work, run: ReportRun, reason: str) -> None:
    """Take note that a report has no rows. What an earlier one brought is not deleted for that."""
    now = work.clock.now()
    model = ReportRun
    before = _rows_before(work, run)
    said, action = reason, ""
    if before:
        said = f"{reason} The one before it had {before} rows."
        action = "Nothing was deleted here. Check in Seller Central whether that is right."
    done = report_runs.change(
        run,
        [
            model.state.set("empty"),
            model.loaded_at.set(format_instant(now)),
            model.rows_total.set(0),
            model.rows_loaded.set(0),
            model.rows_bad.set(0),
            model.reason.set(said),
            model.action.set(action) if action else model.action.remove(),
        ],
        now,
    )
    if done is None:
        return
    work.notes.say(said)
    _tell(work, done)


def _rows_before(work: Work, run: ReportRun) -> int:
    """Return how many rows the newest report of the same type and marketplaces had that is older than this one."""
    until = run.begins or parse_instant(run.created_at)
    for other in report_runs.newest_first(work.connection_id, run.report_type, until):
        if other.sk == run.sk or other.marketplaces != run.marketplaces:
            continue
        # What was not believed before is no reason to believe it now.
        if other.stage == "loaded" or (other.stage == "empty" and run.report_type not in _NOT_BELIEVED):
            return counted(other.rows_total)
    return 0


def failed(work: Work, run: ReportRun, reason: str, action: str) -> None:
    """Take note that a report failed for good, and why. Its file, when there is one, stays for another load."""
    now = work.clock.now()
    model = ReportRun
    ended = report_runs.change(
        run, [model.state.set("failed"), model.reason.set(reason), model.action.set(action)], now
    )
    if ended is None:
        return
    work.notes.say(reason)
    _tell(work, ended)


def tell_again(work: Work, run: ReportRun) -> None:
    """Take note of what a report that is over means for its dataset, if whoever ended it died before doing so."""
    if run.stage in UNDER_WAY:
        return
    if run.mode == HISTORY:
        advance(work)
        return
    known = dataset_of_report(run.report_type)
    health = None if known is None else connections_store.dataset_health(work.connection_id, known.key)
    told_at: str | None = health.last_attempt_at if health else None
    if told_at is None or told_at < run.updated_at:
        _tell(work, run)


def _tell(work: Work, run: ReportRun) -> None:
    """Take note of what a report that is over means for its dataset."""
    known = dataset_of_report(run.report_type)
    if known is None:
        return
    now = work.clock.now()
    kind = KINDS[run.report_type]
    if run.mode == HISTORY:
        if run.stage in DONE:
            rows = DatasetHealth.rows.add(counted(run.rows_applied))
            connections_store.change_health(work.connection_id, known.key, [rows])
        advance(work)
    elif run.stage == "failed":
        _search_instead(work, run)
        connections.record_failure(
            work.connection_id,
            known.key,
            reason=f"{kind.title}: {run.reason}",
            action=run.action or "",
            request_id="",
            now=now,
            ends_run=False,
            cause=work.command.cause,
        )
    elif run.stage == "empty" and run.report_type in _NOT_BELIEVED and (before := _rows_before(work, run)):
        # Reported, not believed: the dataset is not in step by it.
        _search_instead(work, run)
        what = _NOT_BELIEVED[run.report_type]
        words = f"Amazon's last {what} brought nothing where the one before had {before} rows."
        actions = [DatasetHealth.stale_reason.set(words), DatasetHealth.last_attempt_at.set(format_instant(now))]
        connections_store.change_health(work.connection_id, known.key, actions)
    else:
        _tell_success(work, run, known)


def _search_instead(work: Work, run: ReportRun) -> None:
    """Bring by search what a report of changed orders did not bring."""
    if run.report_type == ORDERS_BY_LAST_UPDATE:
        work.follow_up("orders.search", {"mode": "reconcile"})


def remind(work: Work, report_types: Sequence[str]) -> None:
    """Say again that a report failed which nobody asks for again: its rows are missing until it is loaded."""
    for report_type in report_types:
        for run in report_runs.newest_first(work.connection_id, report_type):
            if run.stage == "failed":
                _tell(work, run)
                return


def _tell_success(work: Work, run: ReportRun, known: Dataset) -> None:
    _move_complete_until(work, run, known.key)
    kind = KINDS[run.report_type]
    health = DatasetHealth
    applied = counted(run.rows_applied)
    actions: list[Action] = [health.stale_reason.remove()]
    if kind.is_snapshot:
        actions.append(health.listed.set(counted(run.rows_total)))
    now = work.clock.now()
    connections.record_success(
        work.connection_id,
        known.key,
        rows=applied,
        now=now,
        actions=[*actions, health.checked_at.set(format_instant(now))],
        cause=work.command.cause,
        next_at=datasets.next_of(work, known.key),
    )
    for routine in ROUTINES:
        if routine.after_report == run.report_type:
            work.follow_up(routine.kind, {})


def _move_complete_until(work: Work, run: ReportRun, key: str) -> None:
    """Move on up to when a dataset is complete: as far as windows that are stored join."""
    kind = KINDS[run.report_type]
    if kind.is_snapshot or run.begins is None:
        return
    until = DatasetHealth.reconciled_until
    present = connections_store.dataset_health(work.connection_id, key)
    known = instant_or_none(present.reconciled_until) if present else None
    parts: list[Part] = []
    for other in report_runs.newest_first(work.connection_id, run.report_type):
        begins, ends = other.begins, other.ends
        if other.mode == HISTORY or begins is None or ends is None:
            continue
        window = Window(begins, ends)
        if known is not None and window.begins < known - timedelta(days=kind.maximum_days):
            break
        parts.append(Part(window, other.stage in DONE, 0))
    reached = complete_until(parts, known)
    if reached is None or (known is not None and reached <= known):
        return
    connections_store.change_health(
        work.connection_id,
        key,
        [until.set(format_instant(reached))],
        until.does_not_exist() | (until < format_instant(reached)),
    )
