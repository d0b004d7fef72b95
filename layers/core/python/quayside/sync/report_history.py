"""A seller's order history: its windows, each of which is a report, or a search where Amazon can make none."""

from datetime import datetime, timedelta

import msgspec

from quayside.amazon.reports import KINDS, ORDERS_BY_ORDER_DATE
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import Backfill, DatasetHealth, HistoryWalk
from quayside.kernel.clock import format_instant, parse_instant
from quayside.storage.connection import bound
from quayside.sync import datasets, report_runs
from quayside.sync.registry import ORDERS, ROUTINES
from quayside.sync.report_rules import Part, Window, standing, windows
from quayside.sync.report_runs import DONE, HISTORY, ReportRun, as_text, counted
from quayside.sync.report_sending import command_for, go_on
from quayside.sync.rules import SAFE_BEFORE
from quayside.sync.service import Work, enqueue_spread

_APART_SECONDS = 2
"""How much later each older window is asked for: what is looked at first is there first."""
_ROLLED_UP_SECONDS = 300
"""How long what was stored last may take until it is in the figures of its day."""


def orders_history(work: Work) -> None:
    """``orders.history``: plan the windows of a connection's order history and ask for them, the newest first.

    May be asked for again at any time: windows that are stored stay stored, those that have stalled are woken, one that
    Amazon failed to report is walked by search, and when all are done the last step of connecting is.
    """
    connection = work.connection
    if connection is None:
        return
    now = work.clock.now()
    health = connections_store.dataset_health(work.connection_id, ORDERS)
    plan_of = health.windows() if health else None
    if plan_of is None:
        plan_of = _plan_history(work, now)
    runs = {run.name: run for run in report_runs.history(work.connection_id, ORDERS_BY_ORDER_DATE)}
    fresh: list[ReportRun] = []
    if len(runs) < plan_of.windows_total:
        newest = parse_instant(plan_of.started_at) - SAFE_BEFORE
        oldest = newest - timedelta(days=bound().settings.history_days)
        for window in windows(newest, oldest, KINDS[ORDERS_BY_ORDER_DATE].maximum_days):
            made = report_runs.create(
                work.connection_id,
                ORDERS_BY_ORDER_DATE,
                connection.marketplace_ids,
                mark=HISTORY,
                data_start=window.begins,
                data_end=window.ends,
                cause=work.command.cause,
                now=now,
                mode=HISTORY,
            )
            if made is not None:
                fresh.append(made)
    # The queue keeps no order, and Amazon's turns go to whoever asks first: so they ask one after the other.
    enqueue_spread(
        [(command_for(work, "report.request", run), place * _APART_SECONDS) for place, run in enumerate(fresh)]
    )
    for run in runs.values():
        if run.has_lost_its_command(now):
            go_on(work, run)
    advance(work)


def _plan_history(work: Work, now: datetime) -> Backfill:
    """Store that history begins now, once: its windows follow from that instant, whoever works them out."""
    kind = KINDS[ORDERS_BY_ORDER_DATE]
    days = bound().settings.history_days
    total = -(-days // kind.maximum_days)
    begun = Backfill(total, 0, 0, format_instant(now), format_instant(now))
    health = DatasetHealth
    stored = connections_store.change_health(
        work.connection_id,
        ORDERS,
        [
            health.backfill.set(as_text(begun)),
            health.reconciled_until.set(health.reconciled_until | format_instant(now - SAFE_BEFORE)),
        ],
        health.backfill.does_not_exist(),
    )
    if stored:
        return begun
    present = connections_store.dataset_health(work.connection_id, ORDERS)
    return (present.windows() if present else None) or begun


def advance(work: Work) -> None:
    """Bring the progress of history in step with its windows, and do what follows from it."""
    runs = report_runs.history(work.connection_id, ORDERS_BY_ORDER_DATE)
    health = connections_store.dataset_health(work.connection_id, ORDERS)
    plan_of = health.windows() if health else None
    if plan_of is None:
        return
    walk = health.walk() if health else None
    runs = [_walked(work, run, walk) for run in runs]
    parts = [
        Part(Window(run.begins, run.ends), run.stage in DONE, counted(run.rows_applied))
        for run in runs
        if run.begins and run.ends
    ]
    stands = standing(parts)
    now = work.clock.now()
    if stands.stored != plan_of.stored or stands.rows != plan_of.rows:
        connections.record_backfill(
            work.connection_id,
            ORDERS,
            msgspec.structs.replace(
                plan_of,
                windows_done=stands.done,
                rows=stands.rows,
                updated_at=format_instant(now),
                stored=stands.stored,
            ),
            complete_from=stands.complete_from,
        )
    failed = next((run for run in runs if run.stage == "failed"), None)
    if failed is not None and failed.begins and failed.ends:
        # Amazon could not report it, so it is walked by search.
        datasets.begin_walk(work, failed.begins, failed.ends)
    if stands.done == plan_of.windows_total:
        _finish_history(work, stands.rows, now)


def _finish_history(work: Work, rows: int, now: datetime) -> None:
    model = DatasetHealth
    connections_store.change_health(
        work.connection_id, ORDERS, [model.last_success_at.set(format_instant(now)), model.last_rows.set(rows)]
    )
    is_first = connections.finish_history(work.connection_id, f"{rows} orders")
    work.follow_up("orders.search", {"mode": "reconcile"})
    for routine in ROUTINES:
        if is_first and routine.after_history:
            # If the worker dies before, it is done by plan some hours later.
            work.follow_up(routine.kind, {}, delay_seconds=_ROLLED_UP_SECONDS)


def _walked(work: Work, run: ReportRun, walk: HistoryWalk | None) -> ReportRun:
    """Return a failed window as stored, when a search has walked it to its end."""
    if run.stage != "failed" or walk is None or not walk.done:
        return run
    if (walk.created_after, walk.created_before) != (run.data_start, run.data_end):
        return run
    model = ReportRun
    now = work.clock.now()
    stored = report_runs.change(
        run,
        [
            model.state.set("loaded"),
            model.loaded_at.set(format_instant(now)),
            model.rows_total.set(walk.rows),
            model.rows_loaded.set(walk.rows),
            model.rows_applied.set(walk.rows),
            model.reason.set(f"{run.reason or ''} It was read by search instead.".strip()),
            model.action.remove(),
        ],
        now,
    )
    return stored or run
