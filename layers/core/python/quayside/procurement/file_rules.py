"""Lines of an order as a file. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from quayside.kernel.errors import InvalidInput
from quayside.kernel.sheets import Row, UnreadableSheet, plain_cell, read_sheet, write_sheet
from quayside.procurement.rules import MOST_LINES, Carton, Line, NewLine, lines_of, price_text

REQUIRED = ("seller_sku", "units", "unit_price")
CARTON = ("carton_units", "carton_length_mm", "carton_width_mm", "carton_height_mm", "carton_weight_grams")
COLUMNS = ("seller_sku", "title", "units", "unit_price", *CARTON)


class LineRow(NamedTuple):
    """A row of a file: the line it asks for, or why it is refused."""

    line: int
    seller_sku: str
    asked: NewLine | None
    problem: str | None = None


def read_lines(text: str, currency: str) -> tuple[LineRow, ...]:
    """Read a file of lines, row by row.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has more rows than an order has lines.
    """
    try:
        rows = list(read_sheet(text, required=REQUIRED, most_rows=MOST_LINES, decimals=("unit_price",)))
    except UnreadableSheet as problem:
        raise InvalidInput(
            f"The file {problem}.",
            code="unreadable_file",
            action=f"It needs a header with {', '.join(REQUIRED)}; an order has at most {MOST_LINES} lines.",
        ) from problem
    return tuple(_row(row, currency) for row in rows)


def _row(row: Row, currency: str) -> LineRow:
    cells = {name: plain_cell(cell.strip()) for name, cell in row.cells.items()}
    sku = cells.get("seller_sku", "")
    if row.problem:
        return LineRow(row.line, sku, None, row.problem)
    try:
        asked = line_of(cells)
        lines_of((asked,), currency)
    except InvalidInput as refused:
        words = "; ".join(f"{each.field.removeprefix('lines[0].')} {each.problem}" for each in refused.fields)
        return LineRow(row.line, sku, None, words or refused.detail)
    return LineRow(row.line, sku, asked)


def line_of(cells: Mapping[str, str]) -> NewLine:
    """Return the line that a row asks for.

    Raises:
        InvalidInput: a number is none, or only a part of the carton is given.
    """
    return NewLine(
        cells["seller_sku"], _whole(cells, "units"), cells["unit_price"], cells.get("title", ""), _carton(cells)
    )


def _whole(cells: Mapping[str, str], name: str) -> int:
    text = cells.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - more digits than any number here
        raise InvalidInput(f"{name} has to be a whole number, such as 500.")
    return int(text)


def _carton(cells: Mapping[str, str]) -> Carton | None:
    given = [cells.get(name, "") for name in CARTON]
    if not any(given):
        return None
    if not all(given):
        raise InvalidInput(f"A carton needs all of {', '.join(CARTON)}, or none.")
    return Carton(*(_whole(cells, name) for name in CARTON))


def write_lines(lines: Iterable[Line], currency: str) -> str:
    """Write lines as the file that ``read_lines`` reads."""
    return write_sheet(COLUMNS, [line_cells(line, currency) for line in lines])


def line_cells(line: Line, currency: str) -> tuple[str, ...]:
    """Write a line as a row in the columns of ``COLUMNS``."""
    carton = line.carton
    sizes = (
        ("",) * len(CARTON)
        if carton is None
        else (carton.units, carton.length_mm, carton.width_mm, carton.height_mm, carton.weight_grams)
    )
    return line.seller_sku, line.title, str(line.units), price_text(line.price, currency), *map(str, sizes)
