"""What the API shows of files of changes."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from quayside.catalog.bulk_rules import File, FileState, Row, RowState
from quayside.catalog.bulk_store import Kept
from quayside.catalog.edit_views import ValuesView, values_view
from quayside.kernel.clock import format_instant


class FileView(msgspec.Struct, frozen=True):
    """A file of changes and how far it is; see ``bulk_rules.File``.

    Attributes:
        step: what an apply names as seen.
        counts: how many rows are in which state.
        sent: how many rows were sent to Amazon.
        collected: how many of its parts have Amazon's results.
        has_attributes: whether it names attributes, so that it is compared with what Amazon has.
        compared: how many of its parts are.
    """

    file_id: str
    connection_id: str
    marketplace_id: str
    name: str
    state: FileState
    step: int
    parts: int
    counts: dict[str, int]
    sent: int
    collected: int
    asked_by: str
    asked_at: str
    applied_by: str | None
    applied_at: str | None
    feed_id: str | None
    reason: str
    has_attributes: bool
    compared: int


class FileList(msgspec.Struct, frozen=True):
    """The newest files of an account."""

    files: tuple[FileView, ...]


class FileRowView(msgspec.Struct, frozen=True):
    """One row of a file: what it changes, and what became of it."""

    line: int
    seller_sku: str
    state: RowState
    change: ValuesView
    before: ValuesView
    problem: str


class FileRows(msgspec.Struct, frozen=True):
    """The rows of one part of a file, counted from 0; ``parts`` says how many there are."""

    part: int
    parts: int
    rows: tuple[FileRowView, ...]


class FileTemplate(msgspec.Struct, frozen=True):
    """A page of a file to fill in: the columns, and of each listing the first cells, its SKU and its title."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    next_cursor: str | None


def file_view(kept: Kept, now: datetime) -> FileView:
    """Return a stored file as the API shows it."""
    file = kept.file
    state = file.state_at(now)
    gave_up = state == "failed" and file.state != "failed"
    return FileView(
        file_id=file.file_id,
        connection_id=file.connection_id,
        marketplace_id=file.marketplace_id,
        name=file.name,
        state=state,
        step=kept.step,
        parts=file.parts,
        counts=file.counts,
        sent=file.sent,
        collected=file.collected,
        asked_by=file.asked_by,
        asked_at=format_instant(file.asked_at),
        applied_by=file.applied_by,
        applied_at=None if file.applied_at is None else format_instant(file.applied_at),
        feed_id=file.feed_id,
        reason="Amazon did not say for a day what became of it." if gave_up else file.reason,
        has_attributes=file.has_attributes,
        compared=file.compared,
    )


def file_rows(file: File, number: int, rows: Sequence[Row]) -> FileRows:
    """Return the rows of a part as the API shows them."""
    shown = tuple(
        FileRowView(row.line, row.seller_sku, row.state, values_view(row.change), values_view(row.before), row.problem)
        for row in rows
    )
    return FileRows(number, file.parts, shown)
