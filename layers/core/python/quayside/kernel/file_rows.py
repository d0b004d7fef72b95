"""Rows of a table that ask for things: those with one name ask for one together, and each is taken or refused. Pure.

What belongs to the whole of a thing is read from its first row.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.sheets import Row, UnreadableSheet, plain_cell, read_sheet

type Cells = Mapping[str, str]
"""A row's cells by column; one that the row or the whole file lacks is empty."""

MOST_DIGITS = 9
"""No number of a file has more digits."""


class Asked[Draft](NamedTuple):
    """What some rows of a file ask for, or why it is refused; ``lines`` are theirs."""

    lines: tuple[int, ...]
    name: str
    draft: Draft | None
    problem: str = ""


class Told[Draft](NamedTuple):
    """What a file says of a thing, and the id that it had where it was exported; empty when it never was."""

    draft: Draft
    entered_as: str


ImportState = Literal["new", "known", "refused"]

type Judged[Draft] = tuple[Asked[Draft], ImportState]
"""What some rows ask for, and what becomes of it."""


class ImportRow(msgspec.Struct, frozen=True):
    """A thing of a file: on which lines it stands, its name, whether it is new, and what it asks for.

    ``says`` is why it is refused when it is.
    """

    lines: tuple[int, ...]
    name: str
    state: ImportState
    says: str


class ImportView(msgspec.Struct, frozen=True):
    """What a file enters, in its order, and how many of its things are new, known and refused."""

    new: int
    known: int
    refused: int
    rows: tuple[ImportRow, ...]


class FilePage(msgspec.Struct, frozen=True):
    """Rows of a file that can be entered again as they are.

    Attributes:
        columns: their names.
        rows: as many of each thing as it has parts, such as lines.
        things: how many things these are.
        next_cursor: asks for the page after this one; None when these were the last.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    things: int
    next_cursor: str | None


def import_view[Draft](
    judged: Iterable[Judged[Draft]], says: Callable[[Draft], str], plain: Callable[[str], str] = str
) -> ImportView:
    """Return what becomes of everything that a file asks for.

    Args:
        judged: what it asks for, in its order.
        says: puts what is asked for into one line; not asked of what is refused.
        plain: puts the reason of a refusal into the words of the file.
    """
    rows = tuple(
        ImportRow(
            asked.lines,
            asked.name,
            state,
            plain(asked.problem) if asked.draft is None or state == "refused" else says(asked.draft),
        )
        for asked, state in judged
    )
    new, known, refused = (sum(row.state == state for row in rows) for state in ("new", "known", "refused"))
    return ImportView(new, known, refused, rows)


ENTERED = "entered already, as it is here"
"""What is said of a thing that is there under the id that it was exported with."""
_LONGEST_ID = 60


def entered_as(cells: Cells, name: str) -> str:
    """Read the id that a thing was exported with.

    Raises:
        InvalidInput: it is longer than any.
    """
    if len(cells[name]) > _LONGEST_ID:
        raise wrong(name, f"has at most {_LONGEST_ID} characters")
    return cells[name]


def rows_of(text: str, *, required: Sequence[str], most: int, decimals: Sequence[str] = ()) -> list[Row]:
    """Read all rows of a file.

    Args:
        text: the file.
        required: the columns that it must have.
        most: so many rows it has at most.
        decimals: the columns whose decimal comma is put right.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    try:
        return list(read_sheet(text, required=required, most_rows=most, decimals=decimals))
    except UnreadableSheet as problem:
        raise InvalidInput(
            f"The file {problem}.",
            code="unreadable_file",
            action=f"It needs a header with {', '.join(required)}, and has {most:,} rows at most.",
        ) from problem


def asked_of[Draft](
    rows: Iterable[Row],
    columns: Sequence[str],
    read: Callable[[Sequence[Cells]], Draft],
    named_by: Sequence[str] = (),
) -> Iterable[Asked[Draft]]:
    """Put the rows of one name together, in the order in which the names come.

    Args:
        rows: the rows.
        columns: all columns that are read; the first one holds the name that is shown.
        read: makes what a group of rows asks for; what it refuses is refused for the whole group.
        named_by: the columns that tell groups apart, the first of them that is filled in; else the first of all.
    """
    together: dict[tuple[str, str], list[tuple[Row, Cells]]] = {}
    for row in rows:
        cells = {name: plain_cell(row.cells.get(name, "").strip()) for name in columns}
        by = next((name for name in named_by if cells[name]), columns[0])
        together.setdefault((by, cells[by].casefold()), []).append((row, cells))
    for group in together.values():
        lines, name = tuple(row.line for row, _ in group), group[0][1][columns[0]]
        broken = next((row for row, _ in group if row.problem), None)
        if broken is not None:
            yield Asked(lines, name, None, f"line {broken.line} {broken.problem}")
            continue
        try:
            yield Asked(lines, name, read([cells for _, cells in group]))
        except InvalidInput as refused:
            yield Asked(lines, name, None, words(refused))


def words(refused: InvalidInput) -> str:
    """Return why something is refused, in one line."""
    return "; ".join(f"{each.field} {each.problem}" for each in refused.fields) or refused.detail


_PART = re.compile(r"([a-z]+)s\[(\d+)\]\.(\w+)")


def in_columns(problem: str, column_of: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return why something is refused in the words of a file: ``legs[0].carrier`` is ``carrier of leg 1``.

    Args:
        problem: why.
        column_of: the columns of parts that are called otherwise.
    """
    return _PART.sub(lambda at: f"{column_of.get(at[3], at[3])} of {at[1]} {int(at[2]) + 1}", problem)


def whole(cells: Cells, name: str) -> int:
    """Read a whole number.

    Raises:
        InvalidInput: the cell holds none.
    """
    text = cells[name]
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise wrong(name, "has to be a whole number, such as 500")
    return int(text)


def day(cells: Cells, name: str) -> date:
    """Read a day.

    Raises:
        InvalidInput: the cell holds none.
    """
    try:
        return date.fromisoformat(cells[name])
    except ValueError:
        raise wrong(name, "has to be a day such as 2026-11-22") from None


def wrong(name: str, problem: str) -> InvalidInput:
    """Return the error for a cell."""
    return InvalidInput(f"{name} {problem}.", fields=(FieldProblem(name, problem),))
