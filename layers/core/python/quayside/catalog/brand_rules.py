"""Brands: which product a seller puts under which brand, one brand a product. Pure.

The brand is the seller's own word. Amazon's catalog may name one too; it is shown beside it and never counted.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from quayside.kernel.sheets import Row, UnreadableSheet, plain_cell, read_sheet

COLUMNS = ("seller_sku", "brand")
LONGEST_BRAND = 60
LONGEST_SKU = 40
"""Source: Amazon's listing templates, "Seller SKU: 1 to 40 characters"."""
MOST_ROWS = 500
MOST_BRANDS = 200
MOST_TAGGED = 20_000
"""So many products can be under brands: all of them are one item."""

type Book = Mapping[str, str]
"""The brand of each product that has one, by SKU."""


class UnusableTag(ValueError):
    """A product can't be put under a brand; ``field`` names which part, ``reason`` says why and what is allowed."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Tag(NamedTuple):
    """A product and the brand it is put under; None takes it out of its brand."""

    seller_sku: str
    brand: str | None


class TagRow(NamedTuple):
    """A row of a file: the tag it describes, or why it is refused. ``line`` is its line in the file."""

    line: int
    seller_sku: str
    tag: Tag | None
    problem: str | None = None


class Tagged(NamedTuple):
    """What becomes of a book: as it is then, and the tags that change it."""

    book: dict[str, str]
    changes: tuple[Tag, ...]


class Brand(msgspec.Struct, frozen=True):
    """A brand, and how many products are under it."""

    name: str
    products: int


def tag_of(seller_sku: str, brand: str | None) -> Tag:
    """Return a tag as it is kept: runs of spaces in a brand count as one, and an empty brand is none.

    Raises:
        UnusableTag: the SKU or the brand is out of its range.
    """
    sku = seller_sku.strip()
    if not 1 <= len(sku) <= LONGEST_SKU:
        raise UnusableTag("seller_sku", f"is needed, with 1 to {LONGEST_SKU} characters")
    name = " ".join(unicodedata.normalize("NFC", brand or "").split())
    if len(name) > LONGEST_BRAND:
        raise UnusableTag("brand", f"has at most {LONGEST_BRAND} characters")
    if any(unicodedata.category(letter).startswith("C") for letter in name):
        raise UnusableTag("brand", "has letters, digits, spaces and signs that can be seen")
    return Tag(sku, name or None)


def read_file(text: str) -> tuple[TagRow, ...]:
    """Read a file of tags, row by row; an empty brand takes a product out of its brand.

    Raises:
        UnusableTag: it has no header with both columns, or too many rows.
    """
    try:
        return tuple(map(_tag_row, read_sheet(text, required=COLUMNS, most_rows=MOST_ROWS)))
    except UnreadableSheet as problem:
        raise UnusableTag("csv", str(problem)) from problem


def _tag_row(row: Row) -> TagRow:
    sku = plain_cell(row.cells.get("seller_sku", "").strip())
    if row.problem:
        return TagRow(row.line, sku, None, row.problem)
    try:
        tag = tag_of(sku, plain_cell(row.cells.get("brand", "").strip()))
    except UnusableTag as problem:
        return TagRow(row.line, sku, None, str(problem))
    return TagRow(row.line, tag.seller_sku, tag)


def tagged(book: Book, tags: Sequence[Tag]) -> Tagged:
    """Return a book after some tags, the later of two for one product holding, and those that changed it.

    A brand that differs from one that is there in upper and lower case alone is that one.

    Raises:
        UnusableTag: there would be too many brands or products.
    """
    known = {brand.casefold(): brand for brand in sorted(set(book.values()))}
    after = dict(book)
    for sku, brand in tags:
        if brand is None:
            after.pop(sku, None)
        else:
            after[sku] = known.setdefault(brand.casefold(), brand)
    if len(after) > max(MOST_TAGGED, len(book)):
        raise UnusableTag("seller_sku", f"can't be put under a brand: {MOST_TAGGED:,} products are, which is the most")
    if len(set(after.values())) > max(MOST_BRANDS, len(set(book.values()))):
        raise UnusableTag("brand", f"can't be a new one: there are {MOST_BRANDS} brands, which is the most")
    touched = dict.fromkeys(sku for sku, _ in tags)
    changes = tuple(Tag(sku, after.get(sku)) for sku in touched if after.get(sku) != book.get(sku))
    return Tagged(after, changes)


def brands_of(book: Book) -> tuple[Brand, ...]:
    """Return the brands of a book by name, each with how many products are under it."""
    counted = Counter(book.values())
    return tuple(Brand(name, counted[name]) for name in sorted(counted, key=lambda name: (name.casefold(), name)))


def products_of(book: Book, brand: str) -> frozenset[str]:
    """Return the products under a brand."""
    return frozenset(sku for sku, name in book.items() if name == brand)
