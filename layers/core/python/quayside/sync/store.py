"""Reads and writes of work: what is due, wanted prices, reports' pointers and the board in Coordination, runs in Core.

Coordination holds no tenant's data, so no tenant in scope is needed for it; runs are those of the tenant in scope.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import epoch_seconds, format_instant, parse_instant
from quayside.kernel.ids import ConnectionId, TenantId, check_connection_id, check_tenant_id
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.tables import Page, every, page, write
from quayside.sync.commands import SyncCommand, encode_command
from quayside.sync.records import BoardRecord, DueJob, PriceSweep, ReportPointer, RunRecord
from quayside.sync.rules import Wanted

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

_RUNS_KEPT_DAYS = 30
_SWEEPS_KEPT_DAYS = 7
_POINTERS_KEPT_DAYS = 7
_BOARD_KEPT_DAYS = 30
_LONGEST_REASON = 300


def put_recurring(  # noqa: PLR0913 - the parts of a job
    due_at: datetime,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    job: str,
    *,
    command_kind: str,
    arguments: Mapping[str, str],
    every_seconds: int,
) -> None:
    """Store a job that comes back at intervals."""
    DueJob.at(
        keys.due_job(due_at, tenant_id, connection_id, job),
        tenant_id=tenant_id,
        connection_id=connection_id,
        job=job,
        command_kind=command_kind,
        arguments=msgspec.json.encode(dict(arguments)).decode(),
        every_seconds=every_seconds,
    ).save()


def put_waiting(due_at: datetime, command: SyncCommand) -> None:
    """Store a command that has to wait longer than a queue can hold it."""
    DueJob.at(
        keys.due_job(due_at, command.tenant_id, command.connection_id, f"command:{command.command_id}"),
        tenant_id=command.tenant_id,
        connection_id=command.connection_id,
        job="command",
        command_kind=command.kind,
        arguments="{}",
        command=encode_command(command),
    ).save()


def due(shard: int, now: datetime) -> Iterator[DueJob]:
    """Return what is due in a shard, longest overdue first."""
    yield from every(DueJob, keys.due(shard), between=(keys.LOWEST, keys.due_until(now)))


def due_at_of(job: DueJob) -> datetime:
    """Return when a job is due."""
    return parse_instant(job.sk.split("#", 1)[0])


def next_time(job: DueJob, now: datetime) -> datetime:
    """Return when a job comes back: on its own beat, skipping the times that were missed."""
    beat = int(job.every_seconds or 0)
    late = int((now - due_at_of(job)).total_seconds())
    return due_at_of(job) + timedelta(seconds=beat * (late // beat + 1))


def finish(job: DueJob, now: datetime) -> None:
    """Take a job off the list and, when it comes back, put it on again, both or neither.

    A job that was called off meanwhile stays called off.
    """
    beat: float | None = job.every_seconds
    if not beat:
        DueJob.remove(keys.Key(job.pk, job.sk))
        return
    following = DueJob.at(
        keys.due_job(next_time(job, now), TenantId(job.tenant_id), ConnectionId(job.connection_id), job.job),
        tenant_id=job.tenant_id,
        connection_id=job.connection_id,
        job=job.job,
        command_kind=job.command_kind,
        arguments=job.arguments,
        every_seconds=beat,
    )
    try:
        with TransactWrite(connection=bound().connection("system")) as both:
            both.delete(DueJob.at(keys.Key(job.pk, job.sk)), condition=DueJob.pk.exists())
            both.save(following)
    except TransactWriteError as problem:
        if problem.cause_response_code != "TransactionCanceledException":
            raise


def call_off(tenant_id: TenantId, connection_id: ConnectionId) -> None:
    """Take everything of a connection off the list."""
    for job in list(every(DueJob, keys.due(keys.due_shard(connection_id)), between=(keys.LOWEST, keys.HIGHEST))):
        if job.tenant_id == tenant_id and job.connection_id == connection_id:
            DueJob.remove(keys.Key(job.pk, job.sk))


# -- Runs --------------------------------------------------------------------------------------------------------------


def put_run(  # noqa: PLR0913 - the parts of a run
    command: SyncCommand,
    dataset: str,
    *,
    started_at: datetime,
    finished_at: datetime,
    outcome: str,
    reason: str,
    rows: int,
    request_ids: Sequence[str],
    marketplace_id: str | None,
) -> None:
    """Write a run into the log; the same run again replaces itself."""
    RunRecord.at(
        keys.run(current_tenant(), command.connection_id, dataset, started_at, command.command_id),
        started_at=format_instant(started_at),
        finished_at=format_instant(finished_at),
        command_kind=command.kind,
        cause=command.cause,
        attempt=command.attempt,
        outcome=outcome,
        reason=reason[:_LONGEST_REASON] or None,
        rows=rows,
        request_ids=msgspec.json.encode(list(request_ids)).decode() if request_ids else None,
        marketplace_id=marketplace_id,
        expires_at=epoch_seconds(finished_at) + _RUNS_KEPT_DAYS * 86_400,
    ).save()


def runs(connection_id: ConnectionId, dataset: str, *, after: str | None, limit: int) -> Page[RunRecord]:
    """Return a page of a dataset's runs, newest first."""
    partition = keys.runs(current_tenant(), connection_id)
    return page(RunRecord, partition, limit=limit, prefix=keys.runs_of(dataset), after=after, newest_first=True)


# -- Wanted prices -----------------------------------------------------------------------------------------------------


class Sweep(NamedTuple):
    """The counts of wanted prices, whether the planned search is narrow, and from where the next one begins."""

    wanted: Wanted
    narrow: bool
    since: str | None


def add_wanted(tenant_id: TenantId, connection_id: ConnectionId, count: int, now: datetime) -> Sweep:
    """Count wanted prices and return the counts with them."""
    model = PriceSweep
    at = epoch_seconds(now)
    written = write(
        model,
        keys.sweep(tenant_id, connection_id),
        [
            model.wanted.add(count),
            model.window_at.set(model.window_at | at),
            model.tenant_id.set(tenant_id),
            model.connection_id.set(connection_id),
            model.expires_at.set(at + _SWEEPS_KEPT_DAYS * 86_400),
        ],
    )
    return _sweep_of(PriceSweep.from_raw_data(written.item))


def sweep(tenant_id: TenantId, connection_id: ConnectionId) -> Sweep:
    """Return the counts of wanted prices."""
    found = PriceSweep.find(keys.sweep(tenant_id, connection_id))
    return Sweep(Wanted(0, 0, None, None), narrow=False, since=None) if found is None else _sweep_of(found)


def _sweep_of(record: PriceSweep) -> Sweep:
    window_at: float | None = record.window_at
    planned_at: float | None = record.planned_at
    return Sweep(
        Wanted(
            int(record.wanted or 0),
            int(record.last_wanted or 0),
            None if window_at is None else int(window_at),
            None if planned_at is None else int(planned_at),
        ),
        narrow=bool(record.narrow),
        since=record.since,
    )


def begin_window(tenant_id: TenantId, connection_id: ConnectionId, before: int | None, window: Wanted) -> bool:
    """Begin a new window of counting, unless somebody else did; return whether this was the one."""
    model = PriceSweep
    same = model.window_at.does_not_exist() if before is None else model.window_at == before
    written = write(
        model,
        keys.sweep(tenant_id, connection_id),
        [
            model.wanted.set(window.wanted),
            model.last_wanted.set(window.last_wanted),
            model.window_at.set(window.window_at or 0),
        ],
        same,
        returning="NONE",
    )
    return written.applied


def plan_sweep(
    tenant_id: TenantId, connection_id: ConnectionId, before: int | None, planned_at: int, *, narrow: bool
) -> bool:
    """Take note of when the next search is planned, unless somebody planned one meanwhile; return whether noted."""
    model = PriceSweep
    same = model.planned_at.does_not_exist() if before is None else model.planned_at == before
    return write(
        model,
        keys.sweep(tenant_id, connection_id),
        [model.planned_at.set(planned_at), model.narrow.set(narrow)],
        same,
        returning="NONE",
    ).applied


def begin_sweep(
    tenant_id: TenantId, connection_id: ConnectionId, planned_at: int, command_id: str, apart_seconds: int
) -> bool:
    """Begin a planned search; False when one planned for about the same time was begun by another command."""
    model = PriceSweep
    return write(
        model,
        keys.sweep(tenant_id, connection_id),
        [model.swept_at.set(planned_at), model.swept_by.set(command_id)],
        model.swept_at.does_not_exist()
        | (model.swept_at < planned_at - apart_seconds)
        | (model.swept_by == command_id),
        returning="NONE",
    ).applied


def end_sweep(tenant_id: TenantId, connection_id: ConnectionId, complete_until: str) -> None:
    """Take note of up to when a search was complete; never moves back."""
    model = PriceSweep
    write(
        model,
        keys.sweep(tenant_id, connection_id),
        [model.since.set(complete_until)],
        model.since.does_not_exist() | (model.since < complete_until),
        returning="NONE",
    )


# -- Whose report it is ------------------------------------------------------------------------------------------------


class PointedReport(NamedTuple):
    """Whose report an id of Amazon's is: the tenant, the connection, and which run."""

    tenant_id: TenantId
    connection_id: ConnectionId
    run: str


def point_to_report(report_id: str, tenant_id: TenantId, connection_id: ConnectionId, run: str, now: datetime) -> None:
    """Remember for a week whose report an id of Amazon's is."""
    model = ReportPointer
    write(
        model,
        keys.report_pointer(report_id),
        [
            model.tenant_id.set(tenant_id),
            model.connection_id.set(connection_id),
            model.run.set(run),
            model.expires_at.set(epoch_seconds(now) + _POINTERS_KEPT_DAYS * 86_400),
        ],
        returning="NONE",
    )


def pointed_report(report_id: str) -> PointedReport | None:
    """Return whose report an id of Amazon's is, None when it is not one of ours."""
    found = ReportPointer.find(keys.report_pointer(report_id))
    if found is None:
        return None
    return PointedReport(check_tenant_id(found.tenant_id), check_connection_id(found.connection_id), found.run)


# -- The operators' board ----------------------------------------------------------------------------------------------


def put_on_board(  # noqa: PLR0913 - the parts of an entry
    tenant_id: TenantId,
    connection_id: ConnectionId,
    dataset: str,
    *,
    state: str,
    last_success_at: str | None,
    reason: str,
    throttled: int,
    now: datetime,
) -> None:
    """Show on the board how a dataset is doing; since when tells how long it has been in this state.

    ``last_success_at`` is None when this was no success; the one before it then stays.
    """
    model = BoardRecord
    stamp = format_instant(now)
    key = keys.board_entry(tenant_id, connection_id, dataset)
    actions: list[Action] = [
        model.reason.set(reason[:_LONGEST_REASON]) if reason else model.reason.remove(),
        model.throttled.set(throttled),
        model.updated_at.set(stamp),
        model.expires_at.set(epoch_seconds(now) + _BOARD_KEPT_DAYS * 86_400),
    ]
    if last_success_at is not None:
        actions.append(model.last_success_at.set(last_success_at))
    if write(model, key, actions, model.state == state, returning="NONE").applied:
        return
    changed: list[Action] = [
        model.tenant_id.set(tenant_id),
        model.connection_id.set(connection_id),
        model.dataset.set(dataset),
        model.state.set(state),
        model.since.set(stamp),
    ]
    write(model, key, [*changed, *actions], returning="NONE")


def board(shard: int, *, after: str | None, limit: int) -> Page[BoardRecord]:
    """Return a page of one shard of the board."""
    return page(BoardRecord, keys.board(shard), limit=limit, between=(keys.LOWEST, keys.HIGHEST), after=after)


def leave_board(tenant_id: TenantId, connection_id: ConnectionId) -> None:
    """Take a connection off the board."""
    shard = keys.board(keys.board_shard(connection_id))
    for entry in list(every(BoardRecord, shard, prefix=keys.board_of(tenant_id, connection_id))):
        BoardRecord.remove(keys.Key(entry.pk, entry.sk))
