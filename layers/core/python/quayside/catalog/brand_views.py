"""What the API shows of brands."""

from typing import Literal

import msgspec

from quayside.catalog.brand_rules import Brand

RowState = Literal["new", "known", "refused"]


class BrandList(msgspec.Struct, frozen=True):
    """The brands that members put products under, by name; ``changed_at`` is None while there never was one."""

    brands: tuple[Brand, ...]
    products: int
    changed_at: str | None


class TagView(msgspec.Struct, frozen=True):
    """A product and its brand."""

    seller_sku: str
    brand: str


class TagPage(msgspec.Struct, frozen=True):
    """A page of the products under brands, in the order of their SKUs."""

    tags: tuple[TagView, ...]
    next_cursor: str | None


class TagOutcome(msgspec.Struct, frozen=True):
    """How many products are under another brand now, and how many were under it already."""

    changed: int
    unchanged: int


class TagRowView(msgspec.Struct, frozen=True):
    """A row of a file: what it says, and whether it is entered, there already, or refused and why."""

    line: int
    seller_sku: str
    state: RowState
    brand: str | None
    problem: str | None


class TagFileView(msgspec.Struct, frozen=True):
    """What a file of brands changes, row by row."""

    new: int
    known: int
    refused: int
    rows: tuple[TagRowView, ...]
