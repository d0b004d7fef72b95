"""How the grid is stored: a line a SKU and marketplace, an entry an issue, and the views that members saved."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from quayside.catalog.grid_rules import Line
from quayside.catalog.rules import Issue
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

LINE_PREFIX = "SKU#"
VIEW_PREFIX = "VIEW#"

_ENCODER = msgspec.json.Encoder()
_LINE = msgspec.json.Decoder(Line)


class FiledIssue(msgspec.Struct, frozen=True, array_like=True):
    """An issue as the inbox has it, with what its listing is called."""

    issue: Issue
    asin: str | None = None
    title: str | None = None
    product_type: str | None = None


_FILED = msgspec.json.Decoder(FiledIssue)


class GridLineRecord(CoreItem):
    """A line of the grid, when it was put together, and the sort keys its issues are filed under in the inbox."""

    KIND: ClassVar[str] = "catalog_line"

    line = UnicodeAttribute()
    filed = UnicodeSetAttribute(null=True)
    computed_at = NumberAttribute()
    step = NumberAttribute(default=0)


class IssueRecord(CoreItem):
    """An issue of a listing in the inbox."""

    KIND: ClassVar[str] = "listing_issue"

    entry = UnicodeAttribute()


class SavedViewRecord(CoreItem):
    """Filters of the grid under a name. Members made it: it has no end."""

    KIND: ClassVar[str] = "catalog_view"

    name = UnicodeAttribute()
    filters = UnicodeAttribute()
    saved_at = UnicodeAttribute()
    saved_by = UnicodeAttribute()


def text_of(content: Line | FiledIssue) -> str:
    """Write a line or an entry as it is stored."""
    return _ENCODER.encode(content).decode()


def line_from(text: str) -> Line:
    """Read a stored line."""
    return _LINE.decode(text)


def filed_from(text: str) -> FiledIssue:
    """Read a stored entry of the inbox."""
    return _FILED.decode(text)


def line_sku_of(sort_key: str) -> str:
    """Read the SKU back from a line's sort key."""
    return decode(sort_key.removeprefix(LINE_PREFIX))


def issue_place_of(sort_key: str) -> tuple[str, str]:
    """Read marketplace and SKU back from the sort key of an entry."""
    _, _, marketplace_id, seller_sku, _ = sort_key.split("#")
    return decode(marketplace_id), decode(seller_sku)


def view_id_of(sort_key: str) -> str:
    """Read the id back from a saved view's sort key."""
    return decode(sort_key.removeprefix(VIEW_PREFIX))
