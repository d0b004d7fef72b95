"""Reads and writes due work in Coordination; no tenant's data, so no tenant in scope is needed."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import parse_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.tables import every
from quayside.sync.commands import SyncCommand, encode_command
from quayside.sync.records import DueJob


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
