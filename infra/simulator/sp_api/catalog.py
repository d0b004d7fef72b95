"""Catalog Items API 2022-04-01: searchCatalogItems and getCatalogItem, about whatever some seller lists."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra.simulator import entropy
from infra.simulator.answers import Request, invalid_input, not_found
from infra.simulator.catalogue import product_type
from infra.simulator.clock import DAY
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sp_api.parameters import Offer, Pages, choices_of, size_of
from infra.simulator.world import Listing, Seller, World

if TYPE_CHECKING:
    from collections.abc import Callable

INCLUDED_DATA = (
    "attributes", "classifications", "dimensions", "identifiers", "images", "productTypes", "relationships",
    "salesRanks", "summaries", "vendorDetails",
)  # fmt: skip
MAXIMUM_IDENTIFIERS = 20
_KINDS = ("ASIN", "EAN", "SKU")
_WIDEST_RANK = 90_000


class CatalogApi:
    """Answers about products from the listings of all sellers."""

    def __init__(self, world: World, tokens: PageTokens) -> None:
        self._world = world
        self._pages = Pages(tokens, DAY)

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {"searchCatalogItems": self._search, "getCatalogItem": self._get}

    def _get(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        places, included = _places(request, seller, 50), _included(request)
        products = [self._products(place).get(parameters["asin"]) for place in places]
        found = [each for each in products if each is not None]
        if not found:
            raise not_found(f"Requested item '{parameters['asin']}' not found in marketplace(s) {', '.join(places)}.")
        return 200, self._item(found, included)

    def _search(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        (place,) = _places(request, seller, 1)
        included = _included(request)
        identifiers, keywords = request.listed("identifiers"), request.listed("keywords")
        if bool(identifiers) == bool(keywords):
            raise invalid_input("Exactly one of identifiers and keywords is required.")
        found = self._by_identifiers(place, request, identifiers) if identifiers else self._by_words(place, keywords)
        size, now = size_of(request, "pageSize", 10, 20), self._world.now_ms
        cursor = self._pages.cursor(request, now, "pageToken")
        offset = 0 if cursor is None else int(cursor[0])
        answer: dict[str, Any] = {"numberOfResults": len(found)}
        if offset + size < len(found):
            token = self._pages.issue(request, now, "pageToken", (offset + size,))
            answer["pagination"] = {"nextToken": token}
        if keywords:
            answer["refinements"] = {"brands": [], "classifications": []}
        answer["items"] = [self._item([each], included) for each in found[offset : offset + size]]
        return 200, answer

    def _by_identifiers(self, place: str, request: Request, identifiers: Sequence[str]) -> list[Listing]:
        if len(identifiers) > MAXIMUM_IDENTIFIERS:
            raise invalid_input(f"identifiers accepts at most {MAXIMUM_IDENTIFIERS} values.")
        kinds = choices_of(request, "identifiersType", _KINDS)
        if len(kinds) != 1:
            raise invalid_input("identifiersType is required with identifiers.")
        if kinds[0] == "SKU":
            partner = request.first("sellerId")
            if partner is None:
                raise invalid_input("sellerId is required when identifiersType is SKU.")
            owners = [each for each in self._world.sellers.values() if each.selling_partner_id == partner]
            products = {each.sku: each for owner in owners for each in self._world.listings_of(owner, place)}
        else:
            products = self._products(place)
            if kinds[0] == "EAN":
                products = {ean(asin): each for asin, each in products.items()}
        # Products that are not in the catalogue are left out without a word.
        return [products[each] for each in dict.fromkeys(identifiers) if each in products]

    def _by_words(self, place: str, keywords: Sequence[str]) -> list[Listing]:
        words = [each.lower() for each in keywords]
        return [each for each in self._products(place).values() if all(word in each.title.lower() for word in words)]

    def _products(self, place: str) -> dict[str, Listing]:
        found: dict[str, Listing] = {}
        for seller in self._world.sellers.values():
            for each in self._world.listings_of(seller, place):
                found.setdefault(each.asin, each)
        return found

    def _item(self, listings: Sequence[Listing], included: Sequence[str]) -> dict[str, Any]:
        sections: dict[str, Callable[[], Any]] = {
            "attributes": lambda: {
                "item_name": [{"value": each.title, "marketplace_id": each.marketplace_id} for each in listings],
                "brand": [{"value": brand(each.title), "marketplace_id": each.marketplace_id} for each in listings],
            },
            "classifications": lambda: [
                {"marketplaceId": each.marketplace_id, "classifications": [_classification(each.title)]}
                for each in listings
            ],
            "dimensions": lambda: [_dimensions(each) for each in listings],
            "identifiers": lambda: [
                {
                    "marketplaceId": each.marketplace_id,
                    "identifiers": [{"identifierType": "EAN", "identifier": ean(each.asin)}],
                }
                for each in listings
            ],
            "images": lambda: [_images(each) for each in listings],
            "productTypes": lambda: [
                {"marketplaceId": each.marketplace_id, "productType": product_type(each.title)} for each in listings
            ],
            "relationships": lambda: [{"marketplaceId": each.marketplace_id, "relationships": []} for each in listings],
            "salesRanks": lambda: [self._ranks(each) for each in listings],
            "summaries": lambda: [_summary(each) for each in listings],
            "vendorDetails": list,
        }
        return {"asin": listings[0].asin, **{name: make() for name, make in sections.items() if name in included}}

    def _ranks(self, listing: Listing) -> dict[str, Any]:
        base = 200 + entropy.number(listing.asin, "rank") % _WIDEST_RANK
        drift = entropy.number(listing.asin, "rank", self._world.now_ms // DAY) % (base // 4)
        rank, group = base + drift, product_type(listing.title)
        return {
            "marketplaceId": listing.marketplace_id,
            "classificationRanks": [
                {"classificationId": _classification_id(group), "title": group.title(), "rank": 1 + rank // 40}
            ],
            "displayGroupRanks": [
                {"websiteDisplayGroup": "home_display_on_website", "title": "Home & Kitchen", "rank": rank}
            ],
        }


def brand(title: str) -> str:
    """Return the brand of a product: the first word of its title."""
    return title.split(maxsplit=1)[0].strip(",")


def ean(asin: str) -> str:
    """Return a product's EAN-13, with a right check digit, from the prefix kept for use within a shop."""
    digits = f"2{entropy.number(asin, 'ean') % 10**11:011d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def _summary(listing: Listing) -> dict[str, Any]:
    return {
        "marketplaceId": listing.marketplace_id,
        "adultProduct": False,
        "autographed": False,
        "brand": brand(listing.title),
        "browseClassification": _classification(listing.title),
        "itemClassification": "BASE_PRODUCT",
        "itemName": listing.title,
        "manufacturer": brand(listing.title),
        "memorabilia": False,
        "packageQuantity": 1,
        "partNumber": listing.sku,
        "tradeInEligible": False,
        "websiteDisplayGroup": "home_display_on_website",
        "websiteDisplayGroupName": "Home",
    }


def _dimensions(listing: Listing) -> dict[str, Any]:
    chance = entropy.generator(listing.asin, "dimensions")
    metric = MARKETPLACES[listing.marketplace_id].country_code != "US"
    length, weight = ("centimeters", "kilograms") if metric else ("inches", "pounds")
    sides = {name: chance.uniform(3, 18) for name in ("height", "length", "width")}
    pounds = chance.uniform(0.2, 6)

    def measures(margin: float) -> dict[str, Any]:
        found = {name: {"unit": length, "value": _measure(side + margin, 2.54, metric)} for name, side in sides.items()}
        return {**found, "weight": {"unit": weight, "value": _measure(pounds + margin / 4, 0.45359237, metric)}}

    return {"marketplaceId": listing.marketplace_id, "item": measures(0.0), "package": measures(0.8)}


def _measure(imperial: float, factor: float, metric: bool) -> float:  # noqa: FBT001  one of two systems
    return round(imperial * factor if metric else imperial, 2)


def _images(listing: Listing) -> dict[str, Any]:
    images = [
        {
            "variant": variant,
            "link": f"https://images.invalid/{listing.asin}.{variant}.jpg",
            "height": size,
            "width": size,
        }
        for variant, size in (("MAIN", 1500), ("MAIN", 500), ("PT01", 1500))
    ]
    return {"marketplaceId": listing.marketplace_id, "images": images}


def _classification(title: str) -> dict[str, Any]:
    kind = product_type(title)
    parent = {"displayName": "Home & Kitchen", "classificationId": "1055398"}
    return {"displayName": kind.title(), "classificationId": _classification_id(kind), "parent": parent}


def _classification_id(kind: str) -> str:
    return str(10_000_000 + entropy.number(kind, "classification") % 80_000_000)


def _places(request: Request, seller: Seller, maximum: int) -> list[str]:
    # Products of a marketplace where the seller does not sell can be read too, within the region.
    places = request.listed("marketplaceIds")
    if not 1 <= len(places) <= maximum:
        raise invalid_input(
            f"marketplaceIds must name {'exactly one marketplace' if maximum == 1 else 'a marketplace'}."
        )
    for place in places:
        if place not in MARKETPLACES or MARKETPLACES[place].region != seller.region:
            raise invalid_input(f"marketplaceIds: {place} is not a marketplace of this region.")
    return places


def _included(request: Request) -> list[str]:
    return choices_of(request, "includedData", INCLUDED_DATA) or ["summaries"]
