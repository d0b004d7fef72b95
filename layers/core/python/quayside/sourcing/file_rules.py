"""Leads and quotes as files: rows of one name are one lead, rows of one supplier one quote. Pure.

A lead has a row for each marketplace where it is to be sold, a quote a row for each price by quantity. What belongs to
the whole of it is read from its first row.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, get_args

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.sheets import Row, UnreadableSheet, plain_cell, read_sheet
from quayside.sourcing.quote_rules import INCOTERMS, MOST_BREAKS, MOST_QUOTES, DutyBase
from quayside.sourcing.rules import Package
from quayside.sourcing.views import LeadDraft, QuoteDraft, TargetDraft

LEAD_REQUIRED = ("name",)
_SIDES = ("length_mm", "width_mm", "height_mm", "weight_grams")
LEAD_COLUMNS = (*LEAD_REQUIRED, "marketplace", "price", "account", "asins", *_SIDES, "note")
MOST_LEAD_ROWS = 200

QUOTE_REQUIRED = ("supplier_name", "currency", "from_units", "unit_price")
_AMOUNTS = ("freight_unit", "duty_percent", "other_unit", "tooling")
_WHOLE = ("minimum_units", "carton_units", "lead_time_days")
_CHOICES = {"incoterm": INCOTERMS, "duty_base": get_args(DutyBase)}
_WORDS = (*_CHOICES, "note")
QUOTE_COLUMNS = (*QUOTE_REQUIRED, *_WHOLE, "incoterm", "valid_until", *_AMOUNTS, "duty_base", "note")
MOST_QUOTE_ROWS = MOST_QUOTES * MOST_BREAKS

type Cells = Mapping[str, str]
type FindPlace = Callable[[str, str], TargetDraft]
"""Returns where a row's marketplace and account are, without a price; refuses what is none of the seller's."""


class Asked[Draft](NamedTuple):
    """What some rows of a file ask for, or why it is refused; ``lines`` are theirs."""

    lines: tuple[int, ...]
    name: str
    draft: Draft | None
    problem: str = ""


def read_leads(text: str, find: FindPlace) -> tuple[Asked[LeadDraft], ...]:
    """Read a file of leads.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    rows = _rows(text, LEAD_REQUIRED, MOST_LEAD_ROWS, ("price",))
    return tuple(_asked(rows, LEAD_COLUMNS, lambda cells: _lead(cells, find)))


def read_quotes(text: str) -> tuple[Asked[QuoteDraft], ...]:
    """Read a file of quotes for one lead.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    rows = _rows(text, QUOTE_REQUIRED, MOST_QUOTE_ROWS, ("unit_price", *_AMOUNTS))
    return tuple(_asked(rows, QUOTE_COLUMNS, _quote))


def words(refused: InvalidInput) -> str:
    """Return why something is refused, in one line."""
    return "; ".join(f"{each.field} {each.problem}" for each in refused.fields) or refused.detail


def _rows(text: str, required: Sequence[str], most: int, decimals: Sequence[str]) -> list[Row]:
    try:
        return list(read_sheet(text, required=required, most_rows=most, decimals=decimals))
    except UnreadableSheet as problem:
        raise InvalidInput(
            f"The file {problem}.",
            code="unreadable_file",
            action=f"It needs a header with {', '.join(required)}, and has {most} rows at most.",
        ) from problem


def _asked[Draft](
    rows: Iterable[Row], columns: Sequence[str], read: Callable[[Sequence[Cells]], Draft]
) -> Iterable[Asked[Draft]]:
    """Put the rows of one name together, in the order in which the names come; the first column is the name.

    A cell that a row or the whole file lacks is empty.
    """
    together: dict[str, list[tuple[Row, Cells]]] = {}
    for row in rows:
        cells = {name: plain_cell(row.cells.get(name, "").strip()) for name in columns}
        together.setdefault(cells[columns[0]].casefold(), []).append((row, cells))
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


def _lead(group: Sequence[Cells], find: FindPlace) -> LeadDraft:
    first = group[0]
    targets = []
    for cells in group:
        if cells["marketplace"]:
            place = msgspec.structs.asdict(find(cells["marketplace"], cells["account"]))
            targets.append(place | {"price": cells["price"]})
        elif cells["price"] or len(group) > 1:
            raise _wrong("marketplace", "is needed beside a price, and in each of several rows of one lead")
    given = {"name": first["name"], "targets": targets, "note": first["note"], "package": _package(first)}
    return _draft(given | {"asins": first["asins"].replace(",", " ").split()}, LeadDraft)


def _package(cells: Cells) -> Package | None:
    given = [cells[name] for name in _SIDES]
    if not any(given):
        return None
    if not all(given):
        raise _wrong("length_mm", f"is given with all of {', '.join(_SIDES)}, or none of them is")
    return Package(*(_whole(cells, name) for name in _SIDES))


def _quote(group: Sequence[Cells]) -> QuoteDraft:
    first = group[0]
    currencies = {cells["currency"].upper() for cells in group} - {""}
    if len(currencies) > 1:
        raise _wrong("currency", f"is one for all prices of a supplier; here are {' and '.join(sorted(currencies))}")
    given: dict[str, object] = {name: _whole(first, name) for name in _WHOLE if first[name]}
    given |= {name: first[name] for name in (*_AMOUNTS, *_WORDS) if first[name]}
    given |= {"incoterm": first["incoterm"].upper()} if first["incoterm"] else {}
    given |= {"valid_until": _day(first["valid_until"])} if first["valid_until"] else {}
    given["breaks"] = [{"from_units": _whole(each, "from_units"), "unit_price": each["unit_price"]} for each in group]
    return _draft(given | {"supplier_name": first["supplier_name"], "currency": first["currency"].upper()}, QuoteDraft)


def _draft[Draft](given: Mapping[str, object], kind: type[Draft]) -> Draft:
    """Return a draft within the bounds that also hold for one that a form sends."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as problem:
        field = str(problem).rpartition("`$.")[2].rstrip("`")
        words_of = _CHOICES.get(field)
        raise _wrong(field, f"has to be one of {', '.join(words_of)}" if words_of else "is too long") from problem


def _whole(cells: Cells, name: str) -> int:
    text = cells[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - more digits than any number here
        raise _wrong(name, "has to be a whole number, such as 500")
    return int(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong("valid_until", "has to be a day such as 2026-11-22") from None


def _wrong(field: str, problem: str) -> InvalidInput:
    return InvalidInput(f"{field} {problem}.", fields=(FieldProblem(field, problem),))
