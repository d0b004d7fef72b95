"""Sheets: what the facts of one month add up to, day by day. Pure.

A sheet holds the days of one marketplace, or of one product in it, that one partition of facts tells of: the orders
bought in a month, the transactions posted in a month, the returns of a month. It grows no further than a month does,
so a period is read by its months whatever the number of orders.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

Kind = Literal["ORDERS", "MONEY", "RETURNS", "SETTLED"]
"""Of which facts: orders by the day of purchase, transactions by the day of posting, returns by the day of receipt.

``SETTLED`` counts transactions once more, by the settlement that Amazon says they were paid in; its sheets stand where
those of products do, under the settlement's id.
"""

KINDS: tuple[Kind, ...] = ("ORDERS", "MONEY", "RETURNS", "SETTLED")

Amounts = dict[str, int]
"""What is counted, by name. Zeros are left out, so two equal sums are equal."""

Days = dict[str, Amounts]
"""Amounts by day (ISO 8601)."""

Sheet = dict[str, Days]
"""Days by currency; what has no currency stands under the empty text."""

STREAM_SECONDS = 48 * 3600
"""Twice as long as a stream keeps its records. Source: DynamoDB developer guide, "Change data capture with Streams"."""

_SELLABLE = "sellable#"
"""With this begins the name under which a product's sheet of returns counts units that can be sold again."""

_ENCODER = msgspec.json.Encoder()
_SHEET = msgspec.json.Decoder(Sheet)
_MARKS = msgspec.json.Decoder(dict[str, tuple[str, int]])


class Place(msgspec.Struct, frozen=True, order=True):
    """Which sheet.

    Attributes:
        kind: of which facts.
        connection_id: of which connection.
        marketplace_id: of which marketplace; empty when Amazon does not say.
        month: the month (``2026-11``) of the partition that the facts lie in.
        seller_sku: of which product, or settlement; None for the whole marketplace.
    """

    kind: Kind
    connection_id: str
    marketplace_id: str
    month: str
    seller_sku: str | None = None


class Cell(msgspec.Struct, frozen=True, order=True):
    """One place in a sheet: a day in one currency."""

    place: Place
    day: str
    currency: str


Counted = dict[Cell, Amounts]
"""What one fact counts for, cell by cell."""


class Change(msgspec.Struct, frozen=True):
    """What one stream record changes in one sheet.

    Attributes:
        part: the day by whose sort keys the fact is filed: facts of a day lie next to each other, so their records come
            in order even when DynamoDB splits the partition.
        position: where the record stands in the stream; sorts as text.
        at: epoch seconds of the record.
        amounts: what is added, by day and currency.
        only_if_there: a fact was removed: a sheet that is gone is not made anew for it.
    """

    part: str
    position: str
    at: int
    amounts: Mapping[tuple[str, str], Amounts]
    only_if_there: bool = False


class Mark(msgspec.Struct, frozen=True):
    """Up to where a sheet has heard the stream, for one part of its facts."""

    position: str
    at: int


Marks = dict[str, Mark]


def difference(old: Counted, new: Counted) -> Counted:
    """Return what has to be added to turn ``old`` into ``new``; cells that stay the same are left out."""
    found = {cell: summed((new.get(cell, {}), negative(old.get(cell, {})))) for cell in dict.fromkeys((*old, *new))}
    return {cell: amounts for cell, amounts in found.items() if amounts}


def negative(amounts: Amounts) -> Amounts:
    """Return the amounts with their signs turned."""
    return {name: -value for name, value in amounts.items()}


def summed(parts: Iterable[Mapping[str, int]]) -> Amounts:
    """Return the sum of amounts, name by name, without zeros."""
    total: Amounts = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0) + value
    return {name: value for name, value in total.items() if value}


def sellable_name(marketplace_id: str | None) -> str:
    """Return under which name units are counted that came back sellable, by where they had been sold; None is unknown.

    They stand beside the reasons, which count all units that came back.
    """
    return f"{_SELLABLE}{marketplace_id or ''}"


def sellable_units(amounts: Mapping[str, int]) -> dict[str | None, int]:
    """Return the units that came back sellable, by the marketplace where they had been sold; None is unknown."""
    return {
        name.removeprefix(_SELLABLE) or None: units for name, units in amounts.items() if name.startswith(_SELLABLE)
    }


def reasons_alone(amounts: Mapping[str, int]) -> Amounts:
    """Return the units that came back, by reason."""
    return {name: units for name, units in amounts.items() if not name.startswith(_SELLABLE)}


def unseen(changes: Sequence[Change], marks: Marks) -> tuple[Change, ...]:
    """Return the changes that a sheet with these marks has not heard yet, in the order of the stream."""
    new = (change for change in changes if (mark := marks.get(change.part)) is None or change.position > mark.position)
    return tuple(sorted(new, key=lambda change: change.position))


def applied(sheet: Sheet, changes: Sequence[Change]) -> Sheet:
    """Return the sheet with changes added; days and currencies that come to nothing are left out."""
    sums: dict[str, Days] = {currency: dict(days) for currency, days in sheet.items()}
    for change in changes:
        for (day, currency), amounts in change.amounts.items():
            days = sums.setdefault(currency, {})
            days[day] = summed((days.get(day, {}), amounts))
    return trimmed(sums)


def trimmed(sheet: Sheet) -> Sheet:
    """Return a sheet without days and currencies that hold nothing, in one order, so that equal sheets are equal."""
    found = {
        currency: {day: dict(sorted(amounts.items())) for day, amounts in sorted(days.items()) if amounts}
        for currency, days in sorted(sheet.items())
    }
    return {currency: days for currency, days in found.items() if days}


def marked(marks: Marks, changes: Sequence[Change]) -> Marks:
    """Return the marks after these changes, which are in the order of the stream.

    A mark is dropped when the stream can't deliver again what it guards against.
    """
    after = dict(marks)
    for change in changes:
        after[change.part] = Mark(change.position, change.at)
    newest = max((mark.at for mark in after.values()), default=0)
    return {part: mark for part, mark in after.items() if mark.at > newest - STREAM_SECONDS}


def sheet_of(counted: Iterable[Counted]) -> dict[Place, Sheet]:
    """Add facts up, each told once, into their sheets: what a rebuild compares with and writes."""
    sums: dict[Place, Sheet] = {}
    for each in counted:
        for cell, amounts in each.items():
            days = sums.setdefault(cell.place, {}).setdefault(cell.currency, {})
            days[cell.day] = summed((days.get(cell.day, {}), amounts))
    return {place: found for place, sheet in sums.items() if (found := trimmed(sheet))}


def packed(sheet: Sheet) -> bytes:
    """Write a sheet as it is stored: a month of a busy marketplace takes about a kilobyte."""
    return zlib.compress(_ENCODER.encode(sheet), 9)


def unpacked(data: bytes | None) -> Sheet:
    """Read a stored sheet; empty when there is none."""
    return _SHEET.decode(zlib.decompress(data)) if data else {}


def packed_marks(marks: Marks) -> bytes:
    """Write marks as they are stored."""
    return zlib.compress(_ENCODER.encode({part: (mark.position, mark.at) for part, mark in marks.items()}), 9)


def unpacked_marks(data: bytes | None) -> Marks:
    """Read stored marks; none when there are none."""
    found = _MARKS.decode(zlib.decompress(data)) if data else {}
    return {part: Mark(*each) for part, each in found.items()}


def months_between(from_day: date, to_day: date) -> tuple[str, ...]:
    """Return the months (``2026-11``) of a period, oldest first."""
    first, last = from_day.year * 12 + from_day.month - 1, to_day.year * 12 + to_day.month - 1
    return tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1))
