"""How brands are stored: one item for all products of a tenant, so that whoever reads figures reads them at once."""

import zlib
from typing import TYPE_CHECKING, ClassVar

import msgspec
from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from quayside.catalog.brand_rules import Book
from quayside.storage.tables import CoreItem

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_BRAND = msgspec.json.Decoder(dict[str, list[str]])


class BrandBookRecord(CoreItem):
    """Which product is under which brand. Members made it: it has no end.

    ``book`` is what ``packed`` writes; ``step`` counts the changes; ``changed_by`` is the member who made the last.
    """

    KIND: ClassVar[str] = "brand_book"

    book = BinaryAttribute(legacy_encoding=False)
    step = NumberAttribute()
    changed_at = UnicodeAttribute()
    changed_by = UnicodeAttribute()


def packed(book: Book) -> bytes:
    """Write a book as it is stored, by brand: about a dozen bytes a product."""
    by_brand: dict[str, list[str]] = {}
    for sku, brand in sorted(book.items()):
        by_brand.setdefault(brand, []).append(sku)
    return zlib.compress(msgspec.json.encode(by_brand, order="sorted"), 9)


def unpacked(data: bytes) -> dict[str, str]:
    """Read a stored book."""
    by_brand: Mapping[str, list[str]] = _BY_BRAND.decode(zlib.decompress(data))
    return {sku: brand for brand, skus in by_brand.items() for sku in skus}
