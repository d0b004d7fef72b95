"""What the API shows of exports."""

from datetime import datetime

import msgspec

from quayside.compliance.export_records import ExportRecord
from quayside.compliance.export_rules import State, state_at
from quayside.compliance.export_store import progress_of
from quayside.kernel.clock import parse_instant


class ExportView(msgspec.Struct, frozen=True):
    """One export: how far it is, how large, and when its file is deleted. A null connection stands for everything.

    ``size`` is in bytes; ``parts_done`` of ``parts_total`` are read.
    """

    export_id: str
    connection_id: str | None
    name: str | None
    state: State
    reason: str | None
    requested_at: str
    finished_at: str | None
    ends_at: str | None
    size: int | None
    rows: int
    parts_done: int
    parts_total: int


class ExportLink(msgspec.Struct, frozen=True):
    """An address that gives whoever has it the file, until ``expires_at``."""

    url: str
    expires_at: str


def export_view(record: ExportRecord, now: datetime) -> ExportView:
    """Return what is shown of an export at ``now``."""
    progress = progress_of(record)
    size: float | None = record.size
    return ExportView(
        export_id=record.export_id,
        connection_id=record.connection,
        name=record.connection_name,
        state=state_of(record, now),
        reason=record.reason,
        requested_at=record.requested_at,
        finished_at=record.finished_at,
        ends_at=record.ends_at,
        size=None if size is None else int(size),
        rows=progress.rows,
        parts_done=progress.position,
        parts_total=len(progress.sources),
    )


def state_of(record: ExportRecord, now: datetime) -> State:
    """Return what an export is at ``now``."""
    ends: str | None = record.ends_at
    return state_at(
        msgspec.convert(record.state, State),
        None if ends is None else parse_instant(ends),
        parse_instant(record.moved_at),
        now,
    )
