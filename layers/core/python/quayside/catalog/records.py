"""How listings and products are stored: one item a SKU or ASIN and marketplace, one register a source."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.catalog.rules import DocumentedListing, NotifiedStatus, Product, ReportedListing, Sources, Words
from quayside.storage.facts import FactItem, OneSourceItem, said
from quayside.storage.keys import decode

LISTING_PREFIX = "SKU#"
PRODUCT_PREFIX = "ASIN#"

_ENCODER = msgspec.json.Encoder()
_REPORTED = msgspec.json.Decoder(ReportedListing)
_DOCUMENTED = msgspec.json.Decoder(DocumentedListing)
_NOTIFIED = msgspec.json.Decoder(NotifiedStatus)
_PRODUCT = msgspec.json.Decoder(Product)


class ListingRecord(FactItem):
    """A listing of a connection in one marketplace: what the report, the document and the notification last said."""

    KIND: ClassVar[str] = "listing"

    reported = UnicodeAttribute(null=True)
    reported_version = NumberAttribute(null=True)
    documented = UnicodeAttribute(null=True)
    documented_version = NumberAttribute(null=True)
    notified = UnicodeAttribute(null=True)
    notified_version = NumberAttribute(null=True)


class ProductRecord(OneSourceItem):
    """A product of Amazon's catalog in one marketplace; ``received_at`` is when it was last read."""

    KIND: ClassVar[str] = "catalog_item"


def sku_of(sort_key: str) -> str:
    """Read the SKU back from a listing's sort key."""
    return decode(sort_key.removeprefix(LISTING_PREFIX))


def asin_of(sort_key: str) -> str:
    """Read the ASIN back from a product's sort key."""
    return decode(sort_key.removeprefix(PRODUCT_PREFIX))


def text_of(facts: ReportedListing | DocumentedListing | NotifiedStatus | Product) -> str:
    """Write what a source said as it is stored."""
    return _ENCODER.encode(facts).decode()


def _words[Content](
    record: ListingRecord, register: str, decoder: msgspec.json.Decoder[Content]
) -> Words[Content] | None:
    found = said(record, register)
    return None if found is None else Words(found.version, decoder.decode(found.text))


def sources_of(record: ListingRecord) -> Sources:
    """Read what each source last said of a listing."""
    return Sources(
        reported=_words(record, "reported", _REPORTED),
        documented=_words(record, "documented", _DOCUMENTED),
        notified=_words(record, "notified", _NOTIFIED),
    )


def product_from(text: str) -> Product:
    """Read a stored product."""
    return _PRODUCT.decode(text)
