"""Reads and writes of files of changes. Every function acts for the tenant in scope."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.catalog.bulk_records import FILE_PREFIX, FileRecord, PartRecord, file_from, packed, text_of, unpacked
from quayside.catalog.bulk_rules import File, Row
from quayside.catalog.grid_store import SOURCE
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import AMAZON_DATA_DAYS, move_on, page, write

LISTED = 30
"""So many files the list shows: the newest."""


class Kept(NamedTuple):
    """A stored file and its record, which counts its moves."""

    file: File
    record: FileRecord

    @property
    def step(self) -> int:
        """How many moves it made."""
        return int(self.record.step)


def _ends(now: datetime) -> int:
    return epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))


def put(file: File, now: datetime) -> None:
    """Store a new file."""
    model = FileRecord
    actions = [model.file.set(text_of(file)), model.step.set(0), model.expires_at.set(_ends(now))]
    key = keys.listing_file(current_tenant(), ConnectionId(file.connection_id), file.file_id)
    write(model, key, actions, model.pk.does_not_exist(), source=SOURCE, returning="NONE")


def find(connection_id: ConnectionId, file_id: str) -> Kept | None:
    """Return a file; strongly consistent."""
    record = FileRecord.find(keys.listing_file(current_tenant(), connection_id, file_id))
    return None if record is None else Kept(file_from(record.file), record)


def move(kept: Kept, file: File) -> Kept | None:
    """Store how a file goes on; None when somebody else moved it first, and nothing was written."""
    moved = move_on(kept.record, [FileRecord.file.set(text_of(file))], source=SOURCE)
    return None if moved is None else Kept(file, moved)


def files(connection_id: ConnectionId) -> list[Kept]:
    """Return the newest files of a connection."""
    pk = keys.listing_files(current_tenant(), connection_id)
    found = page(FileRecord, pk, limit=LISTED, prefix=FILE_PREFIX, newest_first=True)
    return [Kept(file_from(record.file), record) for record in found.records]


def put_part(connection_id: ConnectionId, file_id: str, number: int, rows: list[Row], now: datetime) -> None:
    """Store the rows of a part."""
    model = PartRecord
    actions = [model.rows.set(packed(rows)), model.expires_at.set(_ends(now))]
    key = keys.listing_file_part(current_tenant(), connection_id, file_id, number)
    write(model, key, actions, source=SOURCE, returning="NONE")


def part(connection_id: ConnectionId, file_id: str, number: int) -> list[Row]:
    """Return the rows of a part; none when there is no such part."""
    record = PartRecord.find(keys.listing_file_part(current_tenant(), connection_id, file_id, number))
    return [] if record is None else unpacked(record.rows)


def parts(connection_id: ConnectionId, file_id: str, count: int) -> Iterator[tuple[int, list[Row]]]:
    """Yield the parts of a file with their numbers, one at a time."""
    for number in range(count):
        yield number, part(connection_id, file_id, number)
