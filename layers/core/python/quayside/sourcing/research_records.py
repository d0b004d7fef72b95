"""How what Amazon tells of products that are looked into is stored: facts that end, and how far it was asked."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.sourcing.research_rules import FeesFacts, ProductFacts
from quayside.storage.facts import OneSourceItem, said
from quayside.storage.tables import CoreItem

CATALOG_SOURCE = "amazon:catalogItems/2022-04-01"
FEES_SOURCE = "amazon:productFees/v0"

_ENCODER = msgspec.json.Encoder()
_PRODUCT = msgspec.json.Decoder(ProductFacts)
_FEES = msgspec.json.Decoder(FeesFacts)


class ResearchedProduct(OneSourceItem):
    """What Amazon's catalogue says of a product; its key says which and where."""

    KIND: ClassVar[str] = "researched_product"


class ResearchedFees(OneSourceItem):
    """Amazon's fees of a product at a price; its key says which, where, at which price and who ships."""

    KIND: ClassVar[str] = "researched_fees"


class AskedRecord(CoreItem):
    """How far Amazon was asked for a lead by a connection; it holds nothing that Amazon said, and goes with it.

    Attributes:
        state: reading, done or failed.
        asked_at: when somebody asked last.
        moved_at: when it moved last.
        wanted: how many calls it takes.
        done: how many were made.
        problem: why it failed.
    """

    KIND: ClassVar[str] = "research_asked"

    state = UnicodeAttribute()
    asked_at = UnicodeAttribute()
    moved_at = UnicodeAttribute()
    wanted = NumberAttribute()
    done = NumberAttribute()
    problem = UnicodeAttribute(null=True)


def text_of(facts: ProductFacts | FeesFacts) -> str:
    """Write facts as they are stored."""
    return _ENCODER.encode(facts).decode()


def product_from(record: ResearchedProduct) -> ProductFacts | None:
    """Read what Amazon's catalogue said."""
    found = said(record)
    return None if found is None else _PRODUCT.decode(found.text)


def fees_from(record: ResearchedFees) -> FeesFacts | None:
    """Read Amazon's estimate."""
    found = said(record)
    return None if found is None else _FEES.decode(found.text)
