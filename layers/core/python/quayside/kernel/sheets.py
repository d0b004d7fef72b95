"""Tables that people hand in and take away: CSV with a header, read row by row, nothing guessed. Pure.

Columns may stand in any order, separated by commas, semicolons or tabs. With semicolons a comma is the decimal mark.
A row that can't be read is told with its reason, the others are not touched.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, Protocol


class _Reader(Protocol):
    """What ``csv.reader`` returns."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


class UnreadableSheet(ValueError):
    """A table can't be read at all; says why and what is allowed."""


class Row(NamedTuple):
    """A row: the line it ends on, its cells by column, and why it can't be read (empty when it can)."""

    line: int
    cells: dict[str, str]
    problem: str = ""


def read_sheet(
    text: str, *, required: Sequence[str], most_rows: int, decimals: Collection[str] = (), one_of: Sequence[str] = ()
) -> Iterator[Row]:
    """Read a table row by row; empty rows are passed over.

    Args:
        text: the file, with or without a byte order mark.
        required: the columns that it must have.
        most_rows: so many rows are read.
        decimals: the columns whose decimal comma is put right.
        one_of: the columns of which it must have one at least.

    Raises:
        UnreadableSheet: a column is missing, a quotation mark is not closed, or there are more rows than allowed. It
            is raised when that place is reached, so who must know first reads all.
    """
    plain = text.removeprefix("\ufeff")
    first, _, _ = plain.partition("\n")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(plain, newline=""), delimiter=separator, strict=True)
    try:
        header = _header(next(reader, []), required, one_of)
        yield from _rows(reader, header, most_rows, decimals if separator == ";" else ())
    except csv.Error as problem:
        raise UnreadableSheet(f"can't be read after line {reader.line_num}: {problem}") from problem


def _header(cells: list[str], required: Sequence[str], one_of: Sequence[str]) -> list[str]:
    header = [name.strip().lower().replace(" ", "_") for name in cells]
    missing = [name for name in required if name not in header]
    if missing:
        raise UnreadableSheet(f"lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}")
    if one_of and not set(one_of) & set(header):
        raise UnreadableSheet(f"lacks a column {' or '.join(one_of)}")
    return header


def _rows(reader: "_Reader", header: list[str], most_rows: int, decimals: Collection[str]) -> Iterator[Row]:
    count = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > most_rows:
            raise UnreadableSheet(f"has more than {most_rows:,} rows; send it in parts")
        fields = dict(zip(header, cells, strict=False))
        for name in decimals:
            if name in fields:
                fields[name] = fields[name].replace(",", ".")
        problem = f"has {len(cells)} cells, the header has {len(header)}" if len(cells) > len(header) else ""
        yield Row(reader.line_num, fields, problem)


_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def write_sheet(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a table as CSV; cells that a spreadsheet would run as formulas are kept as text by an apostrophe.

    Source: OWASP, CSV Injection.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([[_safe(cell) for cell in row] for row in rows])
    return out.getvalue()


def _safe(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def plain_cell(text: str) -> str:
    """Return a cell as it was before ``write_sheet`` kept it from running."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:2]) else text
