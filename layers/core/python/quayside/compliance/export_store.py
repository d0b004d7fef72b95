"""Reads and writes the exports of the tenant in scope."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from pynamodb.expressions.update import Action

from quayside.compliance.export_records import ExportRecord
from quayside.compliance.export_rules import COURSE_KEPT, Progress
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import every, move_on, write


def open_one(
    export_id: str,
    *,
    connection_id: ConnectionId | None,
    connection_name: str | None,
    requested_by: str,
    now: datetime,
) -> ExportRecord:
    """Note that an export was asked for, and return it."""
    model = ExportRecord
    actions: list[Action] = [
        model.export_id.set(export_id),
        model.requested_by.set(requested_by),
        model.requested_at.set(format_instant(now)),
        model.moved_at.set(format_instant(now)),
        model.state.set("waiting"),
        model.step.set(0),
        model.expires_at.set(epoch_seconds(now + COURSE_KEPT)),
    ]
    if connection_id is not None:
        actions.append(model.connection_id.set(connection_id))
    if connection_name is not None:
        actions.append(model.connection_name.set(connection_name))
    written = write(model, keys.export(current_tenant(), connection_id, export_id), actions)
    return model.from_raw_data(written.item)


def find(connection_id: ConnectionId | None, export_id: str) -> ExportRecord | None:
    """Return one export."""
    return ExportRecord.find(keys.export(current_tenant(), connection_id, export_id))


def of_subjects(subjects: Sequence[ConnectionId | None]) -> list[ExportRecord]:
    """Return the exports of these connections (None stands for those of everything), latest first."""
    partitions = [keys.exports(current_tenant(), each) for each in subjects]
    found = [record for pk in partitions for record in every(ExportRecord, pk, prefix="EXPORT#")]
    return sorted(found, key=lambda record: record.requested_at, reverse=True)


def move(record: ExportRecord, now: datetime, actions: Sequence[Action]) -> ExportRecord | None:
    """Change an export, and return it as it is now; None when somebody else did since it was read, or it was erased."""
    return move_on(record, [ExportRecord.moved_at.set(format_instant(now)), *actions])


def progress_of(record: ExportRecord) -> Progress:
    """Return how far an export is."""
    return msgspec.json.decode(record.progress, type=Progress) if record.progress else Progress()


def progress_text(progress: Progress) -> str:
    """Write how far an export is as it is stored."""
    return msgspec.json.encode(progress).decode()
