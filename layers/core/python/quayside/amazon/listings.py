"""What the Listings Items API 2021-08-01 answers: a SKU with its marketplaces, offers, quantities and issues.

Attributes are asked for only when a member edits them: they are many. Enumerations stay text, so that a new value is
shown and never crashes; a bad entry is named in ``problems`` and spoils none of the others. Source: Amazon's model
listingsItems_2021-08-01.json.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from quayside.amazon.decoding import Reader, raw_entries
from quayside.amazon.errors import UnexpectedAnswer
from quayside.kernel.money import Money

INCLUDED_DATA = ("summaries", "offers", "fulfillmentAvailability", "issues")
"""What is asked for of a listing."""
ATTRIBUTES = "attributes"
"""What is asked for in addition when its attributes are edited."""
MAXIMUM_IDENTIFIERS = 20
"""So many SKUs one search may name."""


class ListingImage(msgspec.Struct, frozen=True, rename="camel"):
    """A picture of a listing."""

    link: str
    height: int | None = None
    width: int | None = None


class ListingSummary(msgspec.Struct, frozen=True, rename="camel"):
    """A listing in one marketplace. ``status`` holds BUYABLE and DISCOVERABLE, or neither."""

    marketplace_id: str
    status: tuple[str, ...] = ()
    product_type: str | None = None
    asin: str | None = None
    condition_type: str | None = None
    fn_sku: str | None = None
    item_name: str | None = None
    created_date: datetime | None = None
    last_updated_date: datetime | None = None
    main_image: ListingImage | None = None


class EnforcementAction(msgspec.Struct, frozen=True, rename="camel"):
    """What Amazon did about an issue: SEARCH_SUPPRESSED, LISTING_SUPPRESSED, … ."""

    action: str


class IssueExemption(msgspec.Struct, frozen=True, rename="camel"):
    """Whether Amazon holds its action back, and until when."""

    status: str
    expiry_date: datetime | None = None


class IssueEnforcements(msgspec.Struct, frozen=True, rename="camel"):
    """What follows from an issue."""

    actions: tuple[EnforcementAction, ...] = ()
    exemption: IssueExemption | None = None


class ListingIssue(msgspec.Struct, frozen=True, rename="camel"):
    """What Amazon finds wrong with a listing, in its own words. ``severity`` is ERROR, WARNING or INFO."""

    code: str
    message: str
    severity: str
    attribute_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    enforcements: IssueEnforcements | None = None
    marketplace_ids: tuple[str, ...] = ()


class ListingPrice(msgspec.Struct, frozen=True, rename="camel"):
    """A price, exact."""

    currency_code: str
    amount: Decimal

    def money(self) -> Money:
        """Return it in minor units.

        Raises:
            InvalidInput: it is finer than its currency.
        """
        return Money.from_decimal(str(self.amount), self.currency_code)


class ListingOffer(msgspec.Struct, frozen=True, rename="camel"):
    """The price of a listing in one marketplace. ``offer_type`` is B2C or B2B."""

    marketplace_id: str
    offer_type: str
    price: ListingPrice


class FulfilmentAvailability(msgspec.Struct, frozen=True, rename="camel"):
    """Units for sale by channel: DEFAULT is the seller's own stock, AMAZON_… is Amazon's."""

    fulfillment_channel_code: str
    quantity: int | None = None


class Listing(msgspec.Struct, frozen=True):
    """A SKU of a seller.

    Attributes:
        sku: the seller's SKU.
        summaries: the listing by marketplace.
        offers: prices by marketplace.
        issues: what is wrong.
        fulfillment_availability: units for sale by channel.
        problems: entries of Amazon's answer that could not be read, in words.
        attributes: its attributes by name, each a list of entries as Amazon has them; empty when not asked for.
    """

    sku: str
    summaries: tuple[ListingSummary, ...] = ()
    offers: tuple[ListingOffer, ...] = ()
    issues: tuple[ListingIssue, ...] = ()
    fulfillment_availability: tuple[FulfilmentAvailability, ...] = ()
    problems: tuple[str, ...] = ()
    attributes: dict[str, list[dict[str, Any]]] = {}

    def summary_of(self, marketplace_id: str) -> ListingSummary | None:
        """Return the listing in one marketplace, None when it is not there."""
        return next((each for each in self.summaries if each.marketplace_id == marketplace_id), None)

    def price_of(self, marketplace_id: str, offer_type: str = "B2C") -> ListingPrice | None:
        """Return the price in one marketplace, None when there is no such offer."""
        return next(
            (
                each.price
                for each in self.offers
                if each.marketplace_id == marketplace_id and each.offer_type == offer_type
            ),
            None,
        )

    def issues_of(self, marketplace_id: str) -> tuple[ListingIssue, ...]:
        """Return the issues of one marketplace; one that names no marketplace counts for all."""
        return tuple(each for each in self.issues if not each.marketplace_ids or marketplace_id in each.marketplace_ids)


class UnreadableListing(msgspec.Struct, frozen=True):
    """An entry of a page that does not even have a SKU."""

    sku: str
    problem: str


class ListingsPage(msgspec.Struct, frozen=True):
    """One page of searchListingsItems, 20 at most.

    Attributes:
        listings: what could be read.
        unreadable: what could not, so that none is lost in silence.
        next_token: continues the search, None after the last page.
        total: how many listings there are; Amazon pages through no more than 1,000 of them.
    """

    listings: tuple[Listing, ...]
    unreadable: tuple[UnreadableListing, ...]
    next_token: str | None
    total: int


class _Item(msgspec.Struct, frozen=True, rename="camel"):
    sku: str
    summaries: msgspec.Raw = msgspec.Raw()
    offers: msgspec.Raw = msgspec.Raw()
    issues: msgspec.Raw = msgspec.Raw()
    fulfillment_availability: msgspec.Raw = msgspec.Raw()
    attributes: msgspec.Raw = msgspec.Raw()


class _Pagination(msgspec.Struct, frozen=True, rename="camel"):
    next_token: str | None = None


class _Found(msgspec.Struct, frozen=True, rename="camel"):
    items: msgspec.Raw
    number_of_results: int = 0
    pagination: _Pagination | None = None


_item = Reader(_Item)
_found = Reader(_Found)
_summary = Reader(ListingSummary)
_offer = Reader(ListingOffer)
_issue = Reader(ListingIssue)
_availability = Reader(FulfilmentAvailability)


def _read(raw: bytes | msgspec.Raw) -> Listing:
    item = _item.read(raw)
    problems: list[str] = []
    return Listing(
        item.sku,
        _summary.entries(item.summaries, "summaries", problems),
        _offer.entries(item.offers, "offers", problems),
        _issue.entries(item.issues, "issues", problems),
        _availability.entries(item.fulfillment_availability, "fulfillmentAvailability", problems),
        tuple(problems),
        _attributes(item.attributes),
    )


# A number keeps its digits, and is written as it came.
_object = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def _attributes(raw: msgspec.Raw) -> dict[str, list[dict[str, Any]]]:
    """Return attributes by name: what has another shape than a list of objects is left out, for nobody can edit it."""
    if not bytes(raw) or bytes(raw) == b"null":
        return {}
    found = _object.decode(raw)
    return {
        name: [each for each in entries if isinstance(each, dict)]
        for name, entries in found.items()
        if isinstance(entries, list)
    }


def decode_listing(body: bytes) -> Listing:
    """Read the answer of getListingsItem.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    try:
        return _read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="getListingsItem", status=200) from problem


def decode_listings(body: bytes) -> ListingsPage:
    """Read the answer of searchListingsItems, listing by listing.

    Raises:
        UnexpectedAnswer: the body is no such answer at all.
    """
    problems: list[str] = []
    try:
        found = _found.read(body)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(str(problem), operation="searchListingsItems", status=200) from problem
    entries = raw_entries(found.items, "items", problems)
    if problems:
        raise UnexpectedAnswer(problems[0], operation="searchListingsItems", status=200)
    listings: list[Listing] = []
    unreadable: list[UnreadableListing] = []
    for raw in entries:
        try:
            listings.append(_read(raw))
        except msgspec.ValidationError as problem:
            unreadable.append(UnreadableListing("", str(problem)))
    next_token = (found.pagination.next_token or None) if found.pagination else None
    return ListingsPage(tuple(listings), tuple(unreadable), next_token, found.number_of_results)
