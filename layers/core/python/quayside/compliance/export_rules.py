"""What an export consists of, how its files are written, and when it ends. Pure.

An export is read dataset by dataset into pieces, JSON lines each, and then put together as one zip: for every dataset
the same rows as JSON lines and as a table (CSV), and a manifest that says what is in it.
"""

import csv
import io
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
"""How often it is tried to put the pieces together."""
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


class Progress(msgspec.Struct, frozen=True):
    """How far an export is.

    Attributes:
        sources: all that is read, those of a dataset next to each other.
        position: how many of them are through.
        cursor: where the one under way goes on.
        pieces: what was read.
        headings: the columns of each dataset that has rows.
        tries: how often it was tried to put the pieces together.
    """

    sources: tuple[Source, ...] = ()
    position: int = 0
    cursor: str | None = None
    pieces: tuple[Piece, ...] = ()
    headings: dict[str, tuple[Heading, ...]] = {}
    tries: int = 0

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return sum(piece.rows for piece in self.pieces)


class FileEntry(msgspec.Struct, frozen=True):
    """A file of an export: how many rows and bytes it has, and what proves that it was not changed."""

    name: str
    dataset: str
    rows: int
    bytes: int
    sha256: str


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
