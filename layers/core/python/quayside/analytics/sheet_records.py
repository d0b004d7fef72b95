"""How sheets are stored: one item a month, of a marketplace or of one product in it."""

from typing import ClassVar

from pynamodb.attributes import BinaryAttribute, NumberAttribute

from quayside.analytics.sheet_rules import KINDS, Kind, Marks, Place, Sheet, unpacked, unpacked_marks
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem


class SheetRecord(CoreItem):
    """A sheet, as ``sheet_rules.packed`` writes it.

    ``marks`` says up to where in the stream it has heard, ``step`` counts its changes, ``updated_at`` is in epoch
    seconds.
    """

    KIND: ClassVar[str] = "figure_sheet"

    days = BinaryAttribute(legacy_encoding=False, null=True)
    marks = BinaryAttribute(legacy_encoding=False, null=True)
    step = NumberAttribute()
    updated_at = NumberAttribute()


def sheet_of(record: SheetRecord) -> Sheet:
    """Read the sheet of a record."""
    data: bytes | None = record.days
    return unpacked(data)


def marks_of(record: SheetRecord) -> Marks:
    """Read up to where a record has heard the stream."""
    data: bytes | None = record.marks
    return unpacked_marks(data)


def place_of_sheet(connection_id: str, sort_key: str) -> Place:
    """Read the place of a marketplace's sheet back from its sort key."""
    _, month, marketplace_id, kind = sort_key.split("#")
    return Place(_kind(kind), connection_id, "" if marketplace_id == "-" else decode(marketplace_id), decode(month))


def month_of_product_sheet(partition: str) -> str:
    """Read the month back from the partition of a product's sheet."""
    return decode(partition.rpartition("#")[2])


def sku_of_sheet(sort_key: str) -> str:
    """Read the SKU back from the sort key of a product's sheet."""
    return decode(sort_key.split("#")[2])


def _kind(text: str) -> Kind:
    for kind in KINDS:
        if kind == text:
            return kind
    raise ValueError(f"There is no kind of sheet '{text[:20]}'.")
