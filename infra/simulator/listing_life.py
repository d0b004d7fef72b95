"""What happens to listings: Amazon finds issues and lifts them, stock runs out, sellers change price and quantity.

Issues come at random, from streams of chance of their own. An issue that takes the listing down stops its sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.simulator import entropy
from infra.simulator.clock import DAY, HOUR, SECOND, iso_milliseconds

if TYPE_CHECKING:
    from infra.simulator.world import Listing, Seller, World

TEND_EVENT, ISSUE_EVENT = "listings", "issue"
STATUS_CHANGE, ISSUES_CHANGE = "LISTINGS_ITEM_STATUS_CHANGE", "LISTINGS_ITEM_ISSUES_CHANGE"
QUANTITY_CHANGE = "LISTINGS_ITEM_MFN_QUANTITY_CHANGE"
_DAILY_SHARE = 0.012


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that Amazon finds wrong with a listing, and what it does about it."""

    code: str
    severity: str
    message: str
    attributes: tuple[str, ...]
    category: str
    action: str | None = None

    @property
    def takes_down(self) -> bool:
        """Whether nobody can buy while the issue lasts."""
        return self.action in {"LISTING_SUPPRESSED", "CATALOG_ITEM_REMOVED"}


ISSUES = {
    each.code: each
    for each in (
        Issue("18027", "WARNING", "The main image has text, a logo or a watermark that is not permitted.",
              ("main_product_image_locator",), "INVALID_IMAGE", "SEARCH_SUPPRESSED"),
        Issue("18448", "WARNING", "Relevant attributes are incomplete: provide item_weight and item_dimensions.",
              ("item_dimensions", "item_weight"), "MISSING_ATTRIBUTE"),
        Issue("90220", "ERROR", "'country_of_origin' is required but not supplied.", ("country_of_origin",),
              "MISSING_ATTRIBUTE", "LISTING_SUPPRESSED"),
        Issue("99300", "ERROR", "The price is far above recent prices and could be an error.", ("purchasable_offer",),
              "INVALID_PRICE", "LISTING_SUPPRESSED"),
        Issue("5665", "ERROR", "The brand is not approved for this product.", ("brand",), "QUALIFICATION_REQUIRED",
              "CATALOG_ITEM_REMOVED"),
        Issue("100339", "WARNING", "The value of 'color' is not accepted and is not shown.", ("color",),
              "INVALID_ATTRIBUTE", "ATTRIBUTE_SUPPRESSED"),
    )
}  # fmt: skip


def attach(world: World) -> None:
    """Let listings live in a world."""
    world.handlers[TEND_EVENT] = lambda at, seller, _, __: _tend(world, seller, at)
    world.handlers[ISSUE_EVENT] = lambda at, _, listing_pk, code: set_issue(world, world.listings[listing_pk], code, at)


def created_at(world: World, listing: Listing) -> int:
    """Return when a listing was made: some time before its seller's history began."""
    seller = world.sellers[listing.seller]
    days = 400 + entropy.number(seller.seed, listing.sku, listing.marketplace_id, "listed") % 900
    return (seller.created_ms - days * DAY) // SECOND * SECOND


def updated_at(world: World, listing: Listing) -> int:
    """Return when the listing itself (its price, its quantity, its issues) last changed."""
    return listing.listed_ms or created_at(world, listing)


def quantity(world: World, listing: Listing) -> int:
    """Return how many units a listing offers: what Amazon holds, or what the merchant says to have."""
    seller = world.sellers[listing.seller]
    if listing.by_amazon:
        return world.sellable(seller, listing)
    if listing.offered is not None:
        return listing.offered
    return 40 + entropy.number(seller.seed, listing.sku, listing.marketplace_id, "offered") % 360


def status(world: World, listing: Listing) -> list[str]:
    """Return a listing's status: BUYABLE and DISCOVERABLE, one of them, or none."""
    issue = ISSUES.get(listing.issue)
    if issue is not None and issue.action == "CATALOG_ITEM_REMOVED":
        return []
    found = []
    if quantity(world, listing) > 0 and not (issue is not None and issue.takes_down):
        found.append("BUYABLE")
    if issue is None or issue.action != "SEARCH_SUPPRESSED":
        found.append("DISCOVERABLE")
    return found


def set_issue(world: World, listing: Listing, code: str, at: int) -> None:
    """Let Amazon find an issue, or (``code`` empty) lift the one there is; KeyError for a code that is none."""
    if listing.issue == code:
        return
    issue = ISSUES[code] if code else None
    listing.issue = code
    _changed(world, listing, at)
    seller = world.sellers[listing.seller]
    world.notice(
        seller,
        ISSUES_CHANGE,
        at,
        {
            "SellerId": seller.selling_partner_id,
            "MarketplaceId": listing.marketplace_id,
            "Asin": listing.asin,
            "Sku": listing.sku,
            "Severities": [issue.severity] if issue else ["NONE"],
            "EnforcementActions": [issue.action] if issue and issue.action else [],
        },
    )
    tell_status(world, listing, at)


def set_price(world: World, listing: Listing, price_minor: int, at: int) -> None:
    """Offer a listing at another price from now on."""
    if listing.price_minor != price_minor:
        listing.price_minor = price_minor
        _changed(world, listing, at)


def set_attribute(world: World, listing: Listing, name: str, entries: list[dict[str, Any]], at: int) -> None:
    """Give an attribute of a listing other entries; without any it is gone."""
    listing.attributes = {**(listing.attributes or {}), name: entries}
    _changed(world, listing, at)


def set_quantity(world: World, listing: Listing, units: int, at: int) -> None:
    """Let a merchant offer this many units; from then on its sales use them up."""
    if listing.offered == units:
        return
    listing.offered = units
    _changed(world, listing, at)
    tell_quantity(world, listing, at)


def use_up(world: World, listing: Listing, units: int, at: int) -> None:
    """Take sold units (or, negative, give back cancelled ones) from what a merchant offers, if it said how many."""
    if not listing.by_amazon and listing.offered is not None:
        listing.offered = max(0, listing.offered - units)
        _changed(world, listing, at)
        tell_quantity(world, listing, at)


def tell_quantity(world: World, listing: Listing, at: int) -> None:
    """Tell what a merchant's listing offers now."""
    seller = world.sellers[listing.seller]
    payload = {
        "SellerId": seller.selling_partner_id,
        "FulfillmentChannelCode": "DEFAULT",
        "Sku": listing.sku,
        "Quantity": listing.offered,
    }
    world.notice(seller, QUANTITY_CHANGE, at, payload)
    tell_status(world, listing, at)


def tell_status(world: World, listing: Listing, at: int) -> None:
    """Tell a listing's status if it is another than was told last."""
    found = status(world, listing)
    if found == listing.told:
        return
    first = listing.told is None
    listing.told = found
    world.listing_changed(listing)
    if first and found == ["BUYABLE", "DISCOVERABLE"]:
        return
    seller = world.sellers[listing.seller]
    payload = {
        "SellerId": seller.selling_partner_id,
        "MarketplaceId": listing.marketplace_id,
        "Asin": listing.asin,
        "Sku": listing.sku,
        "CreatedDate": iso_milliseconds(created_at(world, listing)),
        "Status": found,
    }
    world.notice(seller, STATUS_CHANGE, at, payload)


def _changed(world: World, listing: Listing, at: int) -> None:
    listing.listed_ms = max(listing.listed_ms, at)
    world.listing_changed(listing)


def _tend(world: World, seller: Seller, at: int) -> None:
    world.schedule(at + DAY, seller.pk, TEND_EVENT, 0)
    for marketplace_id in seller.marketplaces:
        for listing in world.listings_of(seller, marketplace_id):
            chance = entropy.generator(world.seed, seller.seed, listing.pk, "issue", at // DAY)
            if listing.issue or chance.random() >= _DAILY_SHARE:
                continue
            begins = at + SECOND * chance.randrange(86_400)
            code = chance.choice(sorted(ISSUES))
            world.schedule(begins, seller.pk, ISSUE_EVENT, listing.pk, code)
            world.schedule(begins + HOUR * chance.randint(4, 120), seller.pk, ISSUE_EVENT, listing.pk, "")
