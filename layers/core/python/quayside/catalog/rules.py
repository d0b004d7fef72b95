"""What a listing and a product are, and how the words of several sources become one listing. Pure.

A listing is told by three sources: the daily report (every SKU, coarse), a document of the Listings API (one SKU, with
issues) and a notification (whether it can be bought and found). Each is kept as it was said; ``merged`` puts them
together: for every single value the newest source that knows it wins.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from quayside.kernel.money import Money

Standing = Literal["buyable", "discoverable", "suppressed", "inactive", "incomplete", "deleted", "unknown"]
"""What a seller needs to know first: can customers buy it, only find it, or neither, and is that Amazon's doing."""

BUYABLE = "BUYABLE"
DISCOVERABLE = "DISCOVERABLE"
DELETED = "DELETED"
_OFFER_TAKEN_DOWN = frozenset({"LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED"})
_HIDDEN = frozenset({"SEARCH_SUPPRESSED"})
_EXEMPT = frozenset({"EXEMPT", "EXEMPT_UNTIL_EXPIRY_DATE"})
_REPORTED: Mapping[str, Standing] = {"active": "buyable", "inactive": "inactive", "incomplete": "incomplete"}
_SEVERITIES = ("ERROR", "WARNING", "INFO")


class UnusableListing(ValueError):
    """What Amazon sent can't be a listing; ``reason`` says why in words a seller can read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Price(msgspec.Struct, frozen=True, array_like=True):
    """A price as it is stored: minor units and currency."""

    amount_minor: int
    currency: str

    def money(self) -> Money:
        """Return it as money."""
        return Money(self.amount_minor, self.currency)


class ReportedListing(msgspec.Struct, frozen=True, array_like=True):
    """A listing as the daily report has it, in its words. ``quantity`` is absent for what Amazon ships."""

    status: str
    asin: str | None = None
    title: str | None = None
    price: Price | None = None
    quantity: int | None = None
    channel: str | None = None
    condition: str | None = None
    opened_at: int | None = None
    listing_id: str | None = None
    product_id: str | None = None


class Issue(msgspec.Struct, frozen=True, array_like=True):
    """What Amazon finds wrong with a listing, in its own words.

    Attributes:
        code: Amazon's code.
        severity: ERROR, WARNING or INFO, or what Amazon adds.
        message: Amazon's text.
        attributes: the attributes it is about.
        categories: Amazon's kinds of issues it belongs to.
        actions: what Amazon does about it now; empty while the listing is exempt.
        first_seen: epoch seconds when Quayside first saw it.
    """

    code: str
    severity: str
    message: str
    attributes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    first_seen: int = 0

    @property
    def identity(self) -> tuple[str, tuple[str, ...]]:
        """What makes it the same issue tomorrow: its code and what it is about, not its wording."""
        return self.code, tuple(sorted(self.attributes))


class DocumentedListing(msgspec.Struct, frozen=True, array_like=True):
    """A listing as the Listings API has it."""

    statuses: tuple[str, ...]
    issues: tuple[Issue, ...] = ()
    asin: str | None = None
    title: str | None = None
    price: Price | None = None
    quantity: int | None = None
    channel: str | None = None
    condition: str | None = None
    product_type: str | None = None
    fnsku: str | None = None
    image: str | None = None
    created_at: int | None = None


class NotifiedStatus(msgspec.Struct, frozen=True, array_like=True):
    """What a status notification says: what is true of the listing now; what it does not name is not."""

    statuses: tuple[str, ...]
    asin: str | None = None


class Words[Said](msgspec.Struct, frozen=True):
    """What one source said, and its version: higher is newer."""

    version: int
    said: Said


class Sources(msgspec.Struct, frozen=True):
    """What each source last said of one listing."""

    reported: Words[ReportedListing] | None = None
    documented: Words[DocumentedListing] | None = None
    notified: Words[NotifiedStatus] | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A listing, put together from its sources. ``statuses`` is what ``standing`` follows from, in Amazon's words."""

    standing: Standing
    statuses: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    asin: str | None = None
    title: str | None = None
    price: Money | None = None
    quantity: int | None = None
    channel: str | None = None
    condition: str | None = None
    product_type: str | None = None
    fnsku: str | None = None
    image: str | None = None

    @property
    def by_amazon(self) -> bool:
        """Whether Amazon ships it: its channel is one of Amazon's (AMAZON_NA, AMAZON_EU, …)."""
        return (self.channel or "").upper().startswith("AMAZON")


def checked_sku(seller_sku: str) -> str:
    """Return a SKU as Amazon wrote it.

    Raises:
        UnusableListing: it is empty.
    """
    if not seller_sku.strip():
        raise UnusableListing("The listing has no SKU.")
    return seller_sku


def checked_quantity(seller_sku: str, quantity: int | None) -> int | None:
    """Return a quantity that can be true.

    Raises:
        UnusableListing: it is negative.
    """
    if quantity is not None and quantity < 0:
        raise UnusableListing(f"The listing {seller_sku} has a negative quantity.")
    return quantity


def with_first_seen(issues: Sequence[Issue], before: Sequence[Issue], now: int) -> tuple[Issue, ...]:
    """Return issues, worst first, each with the second it was first seen: ``now`` unless it was there before."""
    known = {issue.identity: issue.first_seen for issue in before}
    dated = [msgspec.structs.replace(issue, first_seen=known.get(issue.identity, now)) for issue in issues]
    return tuple(sorted(dated, key=lambda issue: (_severity(issue.severity), issue.code, issue.attributes)))


def _severity(name: str) -> int:
    return _SEVERITIES.index(name) if name in _SEVERITIES else len(_SEVERITIES)


def actions_in_force(actions: Sequence[str], exemption: str | None) -> tuple[str, ...]:
    """Return what Amazon does about an issue now: nothing while the listing is exempt."""
    return () if exemption in _EXEMPT else tuple(actions)


def merged(sources: Sources) -> Listing:
    """Put a listing together: for every value the newest source that knows it wins."""
    reported, documented, notified = sources.reported, sources.documented, sources.notified
    offers = [words for words in (documented, reported) if words is not None]
    offers.sort(key=lambda words: -words.version)
    told = [*offers, *([] if notified is None else [notified])]
    told.sort(key=lambda words: -words.version)
    document = None if documented is None else documented.said
    issues = () if document is None else document.issues
    standing, statuses = _standing(sources, issues)
    price = next((words.said.price for words in offers if words.said.price is not None), None)
    return Listing(
        standing=standing,
        statuses=statuses,
        issues=issues,
        asin=next((words.said.asin for words in told if words.said.asin), None),
        title=next((words.said.title for words in offers if words.said.title), None),
        price=None if price is None else price.money(),
        quantity=next((words.said.quantity for words in offers if words.said.quantity is not None), None),
        channel=next((words.said.channel for words in offers if words.said.channel), None),
        condition=next((words.said.condition for words in offers if words.said.condition), None),
        product_type=None if document is None else document.product_type,
        fnsku=None if document is None else document.fnsku,
        image=None if document is None else document.image,
    )


def _standing(sources: Sources, issues: Sequence[Issue]) -> tuple[Standing, tuple[str, ...]]:
    """Return the standing and the words it follows from.

    The report knows only whether a listing is active; when it agrees with finer words, these are kept.
    """
    fine = max(
        (words for words in (sources.documented, sources.notified) if words is not None),
        key=lambda words: words.version,
        default=None,
    )
    reported = sources.reported
    if fine is None:
        if reported is None:
            return "unknown", ()
        return _REPORTED.get(reported.said.status.strip().casefold(), "unknown"), (reported.said.status,)
    statuses = fine.said.statuses
    if reported is not None and reported.version > fine.version:
        coarse = _REPORTED.get(reported.said.status.strip().casefold())
        agrees = coarse is None or ((coarse == "buyable") == (BUYABLE in statuses) and DELETED not in statuses)
        if not agrees and coarse is not None:
            return coarse, (reported.said.status,)
    return standing_of(statuses, issues), statuses


def standing_of(statuses: Sequence[str], issues: Sequence[Issue]) -> Standing:
    """Return what a listing's statuses and issues amount to."""
    actions = {action for issue in issues for action in issue.actions}
    if DELETED in statuses:
        return "deleted"
    if BUYABLE in statuses:
        return "suppressed" if DISCOVERABLE not in statuses and actions & _HIDDEN else "buyable"
    if actions & (_OFFER_TAKEN_DOWN | _HIDDEN):
        return "suppressed"
    return "discoverable" if DISCOVERABLE in statuses else "inactive"


class Measure(msgspec.Struct, frozen=True, array_like=True):
    """A length or a weight as Amazon states it: an exact decimal in text, and its unit in words."""

    value: str
    unit: str


class Size(msgspec.Struct, frozen=True, array_like=True):
    """The dimensions of a product or of its package."""

    length: Measure | None = None
    width: Measure | None = None
    height: Measure | None = None
    weight: Measure | None = None


class Product(msgspec.Struct, frozen=True, array_like=True):
    """A product as Amazon's catalog has it in one marketplace; ``found`` is false when Amazon gave no answer for it."""

    found: bool
    title: str | None = None
    brand: str | None = None
    manufacturer: str | None = None
    model_number: str | None = None
    part_number: str | None = None
    product_type: str | None = None
    classification: str | None = None
    browse_node: str | None = None
    color: str | None = None
    size_name: str | None = None
    package_quantity: int | None = None
    item: Size | None = None
    package: Size | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    parent_asins: tuple[str, ...] = ()
    child_asins: tuple[str, ...] = ()
    image: str | None = None
    ranks: tuple[tuple[str, int], ...] = ()


NOT_FOUND = Product(found=False)

_MILLIMETRES: Mapping[str, Decimal] = {
    # Exact by definition (NIST SP 811, appendix B.8).
    "inches": Decimal("25.4"), "inch": Decimal("25.4"), "feet": Decimal("304.8"), "foot": Decimal("304.8"),
    "yards": Decimal("914.4"), "millimeters": Decimal(1), "millimetres": Decimal(1), "centimeters": Decimal(10),
    "centimetres": Decimal(10), "decimeters": Decimal(100), "decimetres": Decimal(100), "meters": Decimal(1000),
    "metres": Decimal(1000),
}  # fmt: skip
_GRAMS: Mapping[str, Decimal] = {
    "pounds": Decimal("453.59237"), "pound": Decimal("453.59237"), "ounces": Decimal("28.349523125"),
    "ounce": Decimal("28.349523125"), "grams": Decimal(1), "gram": Decimal(1), "kilograms": Decimal(1000),
    "kilogram": Decimal(1000), "milligrams": Decimal("0.001"), "tons": Decimal("907184.74"),
}  # fmt: skip


def millimetres(measure: Measure | None) -> int | None:
    """Return a length in whole millimetres, halves rounded up; None when it or its unit is not known."""
    return _converted(measure, _MILLIMETRES)


def grams(measure: Measure | None) -> int | None:
    """Return a weight in whole grams, halves rounded up; None when it or its unit is not known."""
    return _converted(measure, _GRAMS)


def _converted(measure: Measure | None, factors: Mapping[str, Decimal]) -> int | None:
    if measure is None:
        return None
    factor = factors.get(measure.unit.strip().casefold())
    if factor is None:
        return None
    return int((Decimal(measure.value) * factor).quantize(Decimal(1), ROUND_HALF_UP))


def to_read(asins: Sequence[str], read_at: Mapping[str, datetime], unread_since: datetime) -> list[str]:
    """Return which products to read: never read ones first, then the longest unread, each once."""
    due = {asin: read_at.get(asin) for asin in asins}
    waiting = [(asin, at) for asin, at in due.items() if at is None or at < unread_since]
    return [asin for asin, at in sorted(waiting, key=lambda each: (each[1] is not None, each[1] or unread_since))]
