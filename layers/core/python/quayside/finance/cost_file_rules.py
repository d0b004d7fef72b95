"""Costs as a seller hands them in: a form's fields, or the rows of a CSV file. Pure.

A file has a header with the columns of ``COLUMNS`` in any order, separated by commas or semicolons. With semicolons a
comma is the decimal mark. Nothing is guessed: a row that can't be read is refused with its reason, the others are not.
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, DecimalException

import msgspec

from quayside.finance.cost_rules import Lot
from quayside.kernel.money import exponent_of
from quayside.kernel.sheets import Row, UnreadableSheet, read_sheet

COLUMNS = ("seller_sku", "from_day", "units", "unit_cost", "currency", "manufacturing_unit_cost", "note")
REQUIRED = ("seller_sku", "from_day", "unit_cost", "currency")

MOST_ROWS = 500
MOST_UNITS = 10_000_000
MOST_MINOR = 10**14
LONGEST_SKU = 40
"""Source: Amazon's listing templates, "Seller SKU: 1 to 40 characters"."""
LONGEST_NOTE = 200
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
_PRICED_UNITS = 1_000_000
"""A price without a number of units is kept for a million of them, so that parts of a cent are not lost."""
_MOST_DECIMALS = 6


class UnusableCost(ValueError):
    """A cost can't be true; ``field`` names which part, ``reason`` says why and what is allowed."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class LotRow(msgspec.Struct, frozen=True):
    """A row of a file: the lot it describes, or why it is refused. ``line`` is its line in the file."""

    line: int
    seller_sku: str
    lot: Lot | None
    problem: str | None = None


def lot_of(fields: Mapping[str, str]) -> tuple[str, Lot]:
    """Return the SKU and the lot that some fields describe, each as text; absent ones are empty.

    The lot's id follows from what it says, so the same lot entered twice is one.

    Raises:
        UnusableCost: a field is missing, unreadable, or out of its range.
    """
    given = {name: fields.get(name, "").strip() for name in COLUMNS}
    sku = given["seller_sku"]
    if not 1 <= len(sku) <= LONGEST_SKU:
        raise UnusableCost("seller_sku", f"is needed, with 1 to {LONGEST_SKU} characters")
    day = _day(given["from_day"])
    units = _units(given["units"])
    currency = given["currency"].upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():  # noqa: PLR2004 - ISO 4217 codes
        raise UnusableCost("currency", "has to be a code of three letters, such as EUR")
    per_units = _PRICED_UNITS if units is None else units
    landed = _cost("unit_cost", given["unit_cost"], currency, per_units)
    if landed is None:
        raise UnusableCost("unit_cost", "is needed: what one unit costs landed, 0 or more")
    manufacturing = _cost("manufacturing_unit_cost", given["manufacturing_unit_cost"], currency, per_units)
    note = given["note"] or None
    if note is not None and len(note) > LONGEST_NOTE:
        raise UnusableCost("note", f"has at most {LONGEST_NOTE} characters")
    said = "\n".join(map(str, (sku, day, units, currency, landed, manufacturing, note)))
    lot_id = hashlib.sha256(said.encode()).hexdigest()[:16]
    return sku, Lot(lot_id, day, units, currency, landed, per_units, manufacturing, note)


def read_file(text: str) -> tuple[LotRow, ...]:
    """Read a file of costs, row by row.

    Raises:
        UnusableCost: it has no header with the columns that are needed, or too many rows.
    """
    try:
        rows = read_sheet(
            text, required=REQUIRED, most_rows=MOST_ROWS, decimals=("unit_cost", "manufacturing_unit_cost")
        )
        return tuple(map(_lot_row, rows))
    except UnreadableSheet as problem:
        raise UnusableCost("csv", str(problem)) from problem


def _lot_row(row: Row) -> LotRow:
    sku = row.cells.get("seller_sku", "").strip()
    if row.problem:
        return LotRow(row.line, sku, None, row.problem)
    try:
        found_sku, lot = lot_of(row.cells)
    except UnusableCost as problem:
        return LotRow(row.line, sku, None, str(problem))
    return LotRow(row.line, found_sku, lot)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UnusableCost("from_day", "has to be a day such as 2026-11-22") from None
    if not EARLIEST <= day <= LATEST:
        raise UnusableCost("from_day", f"has to be from {EARLIEST} to {LATEST}")
    return day


def _units(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_UNITS):
        raise UnusableCost("units", f"has to be a whole number from 1 to {MOST_UNITS:,}, or empty")
    return int(text)


def _cost(field: str, text: str, currency: str, per_units: int) -> int | None:
    """Return what ``per_units`` units cost in minor units, rounded half to even; None when nothing is said."""
    if not text:
        return None
    try:
        value = Decimal(text)
        exact = value.is_finite() and -int(value.as_tuple().exponent) <= _MOST_DECIMALS
    except (DecimalException, ValueError):
        exact = False
    if not exact:
        raise UnusableCost(field, f"has to be a number such as 4.25, with at most {_MOST_DECIMALS} decimals")
    total = (value * per_units).scaleb(exponent_of(currency)).to_integral_value(ROUND_HALF_EVEN)
    if not 0 <= total <= MOST_MINOR * max(1, _PRICED_UNITS // per_units):
        raise UnusableCost(field, "has to be 0 or more, and less than a million million for all units")
    return int(total)
