"""What the Catalog Items API 2022-04-01 answers: product attributes, sizes, pictures, categories and relations.

Enumerations stay text; a bad entry is named in ``problems`` and spoils none of the others. Source: Amazon's model
catalogItems_2022-04-01.json.
"""

from decimal import Decimal

import msgspec

from quayside.amazon.decoding import Reader, raw_entries
from quayside.amazon.errors import UnexpectedAnswer

MAXIMUM_IDENTIFIERS = 20
"""How many ASINs one call may ask for."""

INCLUDED_DATA = (
    "summaries", "dimensions", "identifiers", "images", "productTypes", "relationships", "salesRanks",
    "classifications",
)  # fmt: skip
"""What is asked for of a product."""


class CatalogSummary(msgspec.Struct, frozen=True, rename="camel"):
    """A product in one marketplace. ``item_classification`` is BASE_PRODUCT, VARIATION_PARENT, … ."""

    marketplace_id: str
    item_name: str | None = None
    brand: str | None = None
    manufacturer: str | None = None
    model_number: str | None = None
    part_number: str | None = None
    color: str | None = None
    size: str | None = None
    style: str | None = None
    package_quantity: int | None = None
    item_classification: str | None = None
    website_display_group: str | None = None
    website_display_group_name: str | None = None
    release_date: str | None = None
    adult_product: bool | None = None


class Dimension(msgspec.Struct, frozen=True, rename="camel"):
    """A length or a weight, exact, with the unit Amazon gives it (inches, centimeters, pounds, …)."""

    value: Decimal | None = None
    unit: str | None = None


class Dimensions(msgspec.Struct, frozen=True, rename="camel"):
    """How big and how heavy something is."""

    length: Dimension | None = None
    width: Dimension | None = None
    height: Dimension | None = None
    weight: Dimension | None = None


class CatalogDimensions(msgspec.Struct, frozen=True, rename="camel"):
    """The sizes of a product and of its package in one marketplace."""

    marketplace_id: str
    item: Dimensions | None = None
    package: Dimensions | None = None


class CatalogIdentifier(msgspec.Struct, frozen=True, rename="camel"):
    """An EAN, UPC, GTIN, ISBN, … ."""

    identifier_type: str
    identifier: str


class CatalogIdentifiers(msgspec.Struct, frozen=True, rename="camel"):
    """The identifiers of a product in one marketplace."""

    marketplace_id: str
    identifiers: tuple[CatalogIdentifier, ...] = ()


class CatalogImage(msgspec.Struct, frozen=True, rename="camel"):
    """A picture. ``variant`` is MAIN, PT01, … ; Amazon sends several sizes of each."""

    variant: str
    link: str
    height: int | None = None
    width: int | None = None


class CatalogImages(msgspec.Struct, frozen=True, rename="camel"):
    """The pictures of a product in one marketplace."""

    marketplace_id: str
    images: tuple[CatalogImage, ...] = ()


class CatalogProductType(msgspec.Struct, frozen=True, rename="camel"):
    """Amazon's product type in one marketplace."""

    marketplace_id: str | None = None
    product_type: str | None = None


class CatalogRelationship(msgspec.Struct, frozen=True, rename="camel"):
    """Parents and children of a product. ``type`` is VARIATION or PACKAGE_HIERARCHY."""

    type: str
    parent_asins: tuple[str, ...] = ()
    child_asins: tuple[str, ...] = ()


class CatalogRelationships(msgspec.Struct, frozen=True, rename="camel"):
    """The relations of a product in one marketplace."""

    marketplace_id: str
    relationships: tuple[CatalogRelationship, ...] = ()


class ClassificationRank(msgspec.Struct, frozen=True, rename="camel"):
    """The place of a product in a category."""

    classification_id: str
    title: str
    rank: int


class DisplayGroupRank(msgspec.Struct, frozen=True, rename="camel"):
    """The place of a product in a group of the shop."""

    website_display_group: str
    title: str
    rank: int


class CatalogSalesRanks(msgspec.Struct, frozen=True, rename="camel"):
    """The places of a product in one marketplace."""

    marketplace_id: str
    classification_ranks: tuple[ClassificationRank, ...] = ()
    display_group_ranks: tuple[DisplayGroupRank, ...] = ()


class Classification(msgspec.Struct, frozen=True, rename="camel"):
    """A category, with the one it belongs to."""

    classification_id: str
    display_name: str
    parent: "Classification | None" = None


class CatalogClassifications(msgspec.Struct, frozen=True, rename="camel"):
    """The categories of a product in one marketplace."""

    marketplace_id: str
    classifications: tuple[Classification, ...] = ()


class CatalogItem(msgspec.Struct, frozen=True):
    """A product. Each part is a list by marketplace; ``problems`` names what could not be read, in words."""

    asin: str
    summaries: tuple[CatalogSummary, ...] = ()
    dimensions: tuple[CatalogDimensions, ...] = ()
    identifiers: tuple[CatalogIdentifiers, ...] = ()
    images: tuple[CatalogImages, ...] = ()
    product_types: tuple[CatalogProductType, ...] = ()
    relationships: tuple[CatalogRelationships, ...] = ()
    sales_ranks: tuple[CatalogSalesRanks, ...] = ()
    classifications: tuple[CatalogClassifications, ...] = ()
    problems: tuple[str, ...] = ()

    def summary_of(self, marketplace_id: str) -> CatalogSummary | None:
        """Return the product's summary in one marketplace, None when it is not there."""
        return next((each for each in self.summaries if each.marketplace_id == marketplace_id), None)

    def dimensions_of(self, marketplace_id: str) -> CatalogDimensions | None:
        """Return the product's sizes in one marketplace, None when Amazon has none."""
        return next((each for each in self.dimensions if each.marketplace_id == marketplace_id), None)

    def product_type_of(self, marketplace_id: str) -> str | None:
        """Return the product's type in one marketplace, None when Amazon has none."""
        return next((each.product_type for each in self.product_types if each.marketplace_id == marketplace_id), None)

    def main_image_of(self, marketplace_id: str) -> CatalogImage | None:
        """Return the largest main picture in one marketplace, None when there is none."""
        mains = [
            image
            for each in self.images
            if each.marketplace_id == marketplace_id
            for image in each.images
            if image.variant == "MAIN"
        ]
        return max(mains, key=lambda image: image.width or 0, default=None)


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    asin: str
    summaries: msgspec.Raw = msgspec.Raw()
    dimensions: msgspec.Raw = msgspec.Raw()
    identifiers: msgspec.Raw = msgspec.Raw()
    images: msgspec.Raw = msgspec.Raw()
    product_types: msgspec.Raw = msgspec.Raw()
    relationships: msgspec.Raw = msgspec.Raw()
    sales_ranks: msgspec.Raw = msgspec.Raw()
    classifications: msgspec.Raw = msgspec.Raw()


class _Found(msgspec.Struct, frozen=True, rename="camel"):
    items: msgspec.Raw


_found = Reader(_Found)
_item = Reader(_Item)
_summaries = Reader(CatalogSummary)
_dimensions = Reader(CatalogDimensions)
_identifiers = Reader(CatalogIdentifiers)
_images = Reader(CatalogImages)
_product_types = Reader(CatalogProductType)
_relationships = Reader(CatalogRelationships)
_sales_ranks = Reader(CatalogSalesRanks)
_classifications = Reader(CatalogClassifications)


def _read(raw: msgspec.Raw) -> CatalogItem:
    item = _item.read(raw)
    problems: list[str] = []
    return CatalogItem(
        item.asin,
        _summaries.entries(item.summaries, "summaries", problems),
        _dimensions.entries(item.dimensions, "dimensions", problems),
        _identifiers.entries(item.identifiers, "identifiers", problems),
        _images.entries(item.images, "images", problems),
        _product_types.entries(item.product_types, "productTypes", problems),
        _relationships.entries(item.relationships, "relationships", problems),
        _sales_ranks.entries(item.sales_ranks, "salesRanks", problems),
        _classifications.entries(item.classifications, "classifications", problems),
        tuple(problems),
    )


def decode_items(body: bytes) -> tuple[CatalogItem, ...]:
    """Read the answer of searchCatalogItems, item by item.

    An entry without an ASIN belongs to nothing that was asked for and is left out; whoever asked finds that ASIN
    unanswered, as for one that Amazon does not know.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    problems: list[str] = []
    try:
        found = _found.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="searchCatalogItems", status=200) from problem
    entries = raw_entries(found.items, "items", problems)
    if problems:
        raise UnexpectedAnswer(problems[0], operation="searchCatalogItems", status=200)
    items: list[CatalogItem] = []
    for raw in entries:
        try:
            items.append(_read(raw))
        except msgspec.ValidationError:
            continue
    return tuple(items)
