"""What the grid shows of a listing, which filters it passes, and where its issues stand in the inbox. Pure.

A *line* is everything the grid shows of one SKU in one marketplace, put together beforehand from the listing, the stock
at Amazon, the product's package and the seller's cost, so that a page is one read however many products there are.
"""

import hashlib
from typing import Literal

import msgspec

from quayside.catalog.rules import Issue, Listing, Price, Product, Size, Standing, grams, millimetres

IssueFilter = Literal["errors", "any", "none"]
StockFilter = Literal["out", "in"]
Severity = Literal["ERROR", "WARNING", "INFO"]

ISSUES_FILED = 20
"""So many issues of one listing stand in the inbox at most, the worst first; Amazon names all of a listing's kind."""


class Line(msgspec.Struct, frozen=True, array_like=True):
    """What the grid shows of one SKU in one marketplace.

    Attributes:
        standing: whether customers can buy it.
        title: its title.
        asin: its ASIN.
        price: its price.
        by_amazon: whether Amazon ships it.
        units: units for sale: Amazon's sellable stock, or what the seller says to have.
        errors: how many of its issues are errors.
        warnings: how many are warnings.
        product_type: Amazon's type of product.
        length_mm: of the package, in millimetres.
        width_mm: of the package, in millimetres.
        height_mm: of the package, in millimetres.
        weight_g: of the package, in grams.
        unit_cost: the landed cost of a unit by the latest cost that holds, rounded half to even.
        brand: the brand that members put the product under.
        amazon_brand: the brand that Amazon's catalog names.
    """

    standing: Standing
    title: str | None = None
    asin: str | None = None
    price: Price | None = None
    by_amazon: bool = False
    units: int | None = None
    errors: int = 0
    warnings: int = 0
    product_type: str | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    weight_g: int | None = None
    unit_cost: Price | None = None
    brand: str | None = None
    amazon_brand: str | None = None


class Filters(msgspec.Struct, frozen=True):
    """Which lines to show; what is None lets all pass. ``search`` is a part of a SKU, an ASIN or a title.

    ``brand`` is one that members gave; empty stands for products without one.
    """

    standing: Standing | None = None
    issues: IssueFilter | None = None
    stock: StockFilter | None = None
    cost: Literal["missing"] | None = None
    search: str = ""
    brand: str | None = None

    def passes(self, seller_sku: str, line: Line) -> bool:
        """Return whether a line is to be shown."""
        found = line.errors + line.warnings
        return (
            (self.standing is None or line.standing == self.standing)
            and (self.issues is None or {"errors": line.errors > 0, "any": found > 0, "none": found == 0}[self.issues])
            and (self.stock is None or (self.stock == "in") == bool(line.units))
            and (self.cost is None or line.unit_cost is None)
            and (self.brand is None or (line.brand or "") == self.brand)
            and self._mentions(seller_sku, line)
        )

    def _mentions(self, seller_sku: str, line: Line) -> bool:
        wanted = self.search.strip().casefold()
        return not wanted or any(wanted in (text or "").casefold() for text in (seller_sku, line.asin, line.title))


def line_of(
    listing: Listing, stock: int | None, product: Product | None, unit_cost: Price | None, brand: str | None = None
) -> Line:
    """Put a line together.

    Args:
        listing: the listing.
        stock: units that Amazon holds and can sell; None when it tells of none.
        product: the product behind it, when it was read.
        unit_cost: what a unit costs the seller.
        brand: the brand that members put the product under.
    """
    package = (product.package if product else None) or Size()
    price = listing.price
    return Line(
        standing=listing.standing,
        title=listing.title or (product.title if product else None),
        asin=listing.asin,
        price=None if price is None else Price(price.amount_minor, price.currency),
        by_amazon=listing.by_amazon,
        units=stock if listing.by_amazon else listing.quantity,
        errors=sum(issue.severity == "ERROR" for issue in listing.issues),
        warnings=sum(issue.severity == "WARNING" for issue in listing.issues),
        product_type=listing.product_type or (product.product_type if product else None),
        length_mm=millimetres(package.length),
        width_mm=millimetres(package.width),
        height_mm=millimetres(package.height),
        weight_g=grams(package.weight),
        unit_cost=unit_cost,
        brand=brand,
        amazon_brand=product.brand if product else None,
    )


def filed_issues(listing: Listing) -> tuple[Issue, ...]:
    """Return the issues of a listing that stand in the inbox, the worst first; a listing that is gone has none."""
    return () if listing.standing == "deleted" else listing.issues[:ISSUES_FILED]


def identity_of(issue: Issue) -> str:
    """Return a short text that tells an issue of a listing from its other ones, whatever Amazon's wording."""
    code, attributes = issue.identity
    return hashlib.sha256("\n".join((code, *attributes)).encode()).hexdigest()[:12]
