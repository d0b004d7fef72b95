"""What an export consists of, how its files are written, and when it ends. Pure.

An export is read dataset by dataset into pieces, JSON lines each. Of the pieces the files are made that it consists of:
for every dataset the same rows as JSON lines and as a table (CSV), each compressed and kept as the zip will hold it. At
the end they are put one behind the other, with a manifest that says what is in it.
"""

import csv
import io
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from quayside.kernel.money import Money

State = Literal["waiting", "running", "ready", "failed", "ended"]
"""``ended`` is an export whose file is gone; it is not stored but follows from the time."""

KEPT = timedelta(days=7)
"""How long the file is kept, as the bucket's lifecycle says."""
COURSE_KEPT = timedelta(days=90)
"""How long it can be looked at that there was an export."""
LINK_LIFE = timedelta(minutes=5)
"""How long a link to the file opens it."""
STANDS_STILL = timedelta(hours=1)
"""An export that did not move for so long has failed: its message was given up on."""
TRIES = 3
"""How often it is tried to make one of the files, and to put them together."""
FORMAT = 1
LEFT_OUT = (
    "The permission and the keys to your Amazon account, which nobody can read.",
    "Names, addresses and messages of buyers, which are kept apart and for days only.",
)
"""What is not in an export, as its manifest says."""

Line = Mapping[str, Any]
"""One row: the connection and each column by the name that the API calls it."""

_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - spreadsheets take the wide forms for the narrow ones
"""What a spreadsheet takes for the beginning of a formula. Source: OWASP, "CSV Injection"."""


class Source(msgspec.Struct, frozen=True):
    """Rows to be read one after the other: of a dataset of a connection, of one marketplace when it is given."""

    dataset: str
    connection_id: str
    marketplace_id: str | None = None


class Heading(msgspec.Struct, frozen=True):
    """A column: its name in the API, and whether it holds money."""

    key: str
    is_money: bool = False


class Piece(msgspec.Struct, frozen=True):
    """A file with some of the rows of a dataset."""

    dataset: str
    key: str
    rows: int


class FileEntry(msgspec.Struct, frozen=True):
    """A file of an export: how many rows and bytes it has, and what proves that it was not changed."""

    name: str
    dataset: str
    rows: int
    bytes: int
    sha256: str


class Packed(msgspec.Struct, frozen=True):
    """A file as the zip will hold it, kept until all are there.

    Attributes:
        entry: the file.
        key: where it is kept: its header, its compressed content, and what follows that.
        kept: how many bytes that is.
        compressed: how many of them are its content.
        crc: the checksum that a zip has of its content.
        flags: what its header says of how it is written.
    """

    entry: FileEntry
    key: str
    kept: int
    compressed: int
    crc: int
    flags: int


class Progress(msgspec.Struct, frozen=True):
    """How far an export is.

    Attributes:
        sources: all that is read, those of a dataset next to each other.
        position: how many of them are through.
        cursor: where the one under way goes on.
        pieces: what was read.
        headings: the columns of each dataset that has rows.
        packed: the files that are made.
        tries: how often it was tried to make the next one, or to put them together.
    """

    sources: tuple[Source, ...] = ()
    position: int = 0
    cursor: str | None = None
    pieces: tuple[Piece, ...] = ()
    headings: dict[str, tuple[Heading, ...]] = {}
    packed: tuple[Packed, ...] = ()
    tries: int = 0

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return sum(piece.rows for piece in self.pieces)


class ManifestConnection(msgspec.Struct, frozen=True):
    """An Amazon account in an export."""

    connection_id: str
    name: str
    selling_partner_id: str
    region: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in an export. Instants are ISO 8601."""

    format: int = FORMAT
    export_id: str
    requested_at: str
    made_at: str
    connections: tuple[ManifestConnection, ...]
    files: tuple[FileEntry, ...]
    left_out: tuple[str, ...] = LEFT_OUT


def state_at(state: State, ends_at: datetime | None, moved_at: datetime, now: datetime) -> State:
    """Return what an export is at ``now``: its file may be gone, its worker may have given up."""
    if state == "ready" and ends_at is not None and ends_at <= now:
        return "ended"
    if state in {"waiting", "running"} and moved_at + STANDS_STILL <= now:
        return "failed"
    return state


def neutral(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: one that looks like one begins with an apostrophe."""
    return f"'{text}" if text[:1] in _FORMULA else text


def header(headings: Sequence[Heading]) -> list[str]:
    """Return the first line of a table; an amount of money takes two columns."""
    names = ["connection_id"]
    for each in headings:
        names += [each.key, f"{each.key}_currency"] if each.is_money else [each.key]
    return names


def table_row(line: Line, headings: Sequence[Heading]) -> list[str]:
    """Return one row as the cells of a table. Nothing is an empty cell; amounts are in major units."""
    cells = [_cell(line.get("connection_id"))]
    for each in headings:
        value = line.get(each.key)
        if not each.is_money:
            cells.append(_cell(value))
        elif value is None:
            cells += ["", ""]
        else:
            money = msgspec.convert(value, Money)
            cells += [str(money.to_decimal()), money.currency]
    return cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return neutral(value) if isinstance(value, str) else str(Decimal(str(value)))


def as_table(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as CSV, as RFC 4180 describes it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def file_names(datasets: Iterable[str]) -> list[tuple[str, str]]:
    """Return the files that an export consists of, besides its manifest: each dataset with the name of the file."""
    return [(dataset, f"{dataset}.{kind}") for dataset in datasets for kind in ("csv", "jsonl")]


_LARGEST = 0xFFFFFFFF
_MOST = 0xFFFF
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_VERSION_64 = 45
_DEFLATED = 8
_UNIX = 3
_READABLE = 0o600 << 16


def directory(packed: Sequence[Packed], at: datetime) -> bytes:
    """Return what a zip of these files, one behind the other from its beginning, ends with.

    Files and zips of more than four gigabytes are described as ZIP64 does. Source: PKWARE, APPNOTE.TXT 6.3.10, sections
    4.3.12 to 4.3.16 and 4.5.3.

    Args:
        packed: the files, each of them deflated.
        at: the time that all of them say they were changed at.
    """
    day = (at.year - 1980) << 9 | at.month << 5 | at.day
    time = at.hour << 11 | at.minute << 5 | at.second // 2
    begins, entries = 0, bytearray()
    for each in packed:
        wide = (each.entry.bytes, each.compressed, begins)
        too_large = max(wide) >= _LARGEST
        extra = struct.pack("<2H3Q", 1, 24, *wide) if too_large else b""
        size, compressed, offset = (_LARGEST,) * 3 if too_large else wide
        name = each.entry.name.encode()
        entries += _CENTRAL.pack(
            b"PK\x01\x02", _VERSION_64, _UNIX, _VERSION_64, 0, each.flags, _DEFLATED, time, day, each.crc, compressed,
            size, len(name), len(extra), 0, 0, 0, _READABLE, offset,
        )  # fmt: skip
        entries += name + extra
        begins += each.kept
    length, count, ends = len(entries), len(packed), begins + len(entries)
    if ends >= _LARGEST or count >= _MOST:
        entries += _END_64.pack(b"PK\x06\x06", 44, _VERSION_64, _VERSION_64, 0, 0, count, count, length, begins)
        entries += _LOCATOR_64.pack(b"PK\x06\x07", 0, ends, 1)
    few, start = min(count, _MOST), min(begins, _LARGEST)
    entries += _END.pack(b"PK\x05\x06", 0, 0, few, few, min(length, _LARGEST), start, 0)
    return bytes(entries)
