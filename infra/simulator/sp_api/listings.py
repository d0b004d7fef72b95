"""Listings Items API 2021-08-01: getListingsItem, searchListingsItems and patchListingsItem."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from infra.simulator import entropy, feeds, listing_life, product_types
from infra.simulator.answers import Request, invalid_input, not_found, unauthorized
from infra.simulator.catalogue import product_type
from infra.simulator.clock import DAY, iso
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import amount_text
from infra.simulator.sp_api.paging import PageTokens
from infra.simulator.sp_api.parameters import Offer, Pages, body_of, choices_of, instant_of, marketplaces_of, size_of
from infra.simulator.world import Listing, Seller, World

if TYPE_CHECKING:
    from collections.abc import Callable

INCLUDED_DATA = (
    "summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "procurement", "relationships",
    "productTypes",
)  # fmt: skip
MAXIMUM_RESULTS = 1000
_IDENTIFIERS = {"SKU": "sku", "ASIN": "asin", "FNSKU": "fnsku"}
_STATUSES = ("BUYABLE", "DISCOVERABLE")
_NETWORKS = {"na": "AMAZON_NA", "eu": "AMAZON_EU", "fe": "AMAZON_JP"}


class ListingsApi:
    """Answers from the world's listings: prices, stock, issues and status as they are now."""

    def __init__(self, world: World, tokens: PageTokens) -> None:
        self._world = world
        self._pages = Pages(tokens, DAY)

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {
            "getListingsItem": self._get,
            "searchListingsItems": self._search,
            "patchListingsItem": self._patch,
        }

    def _get(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        _own(seller, parameters)
        places = marketplaces_of(request, seller)
        included = _included(request)
        sku = parameters["sku"]
        found = [each for each in self._world.listings_with(seller, sku) if each.marketplace_id in places]
        if not found:
            raise not_found(f"SKU '{sku}' not found in marketplace {', '.join(places)}")
        return 200, self._item(seller, found, included)

    def _patch(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        _own(seller, parameters)
        places = marketplaces_of(request, seller)
        preview = bool(choices_of(request, "mode", ("VALIDATION_PREVIEW",)))
        body = body_of(request)
        sku, patches = parameters["sku"], body.get("patches")
        if not body.get("productType") or not isinstance(patches, list) or not patches:
            raise invalid_input("productType and at least one of patches are required.")
        found = feeds.patch(self._world, seller, places, sku, patches, self._world.now_ms, preview=preview)
        if not preview:
            self._world.commit()
        issues = [
            {
                "code": each["code"],
                "message": each["message"],
                "severity": each["severity"],
                "attributeNames": [each["attributeName"]] if "attributeName" in each else [],
                "categories": [],
            }
            for each in found
        ]
        accepted = "VALID" if preview else "ACCEPTED"
        number = entropy.identifier(self._world.seed, "submission", seller.pk, sku, self._world.now_ms)
        return 200, {
            "sku": sku,
            "status": "INVALID" if issues else accepted,
            "submissionId": number,
            "issues": issues,
        }

    def _search(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        _own(seller, parameters)
        places = marketplaces_of(request, seller)
        included = _included(request)
        size = size_of(request, "pageSize", 10, 20)
        now = self._world.now_ms
        cursor = self._pages.cursor(request, now, "pageToken")
        offset = 0 if cursor is None else int(cursor[0])
        groups = self._matching(seller, request, places)
        page = groups[offset : min(offset + size, MAXIMUM_RESULTS)]
        answer: dict[str, Any] = {
            "numberOfResults": len(groups),
            "items": [self._item(seller, each, included) for each in page],
        }
        pagination = {}
        if offset + size < min(len(groups), MAXIMUM_RESULTS):
            pagination["nextToken"] = self._pages.issue(request, now, "pageToken", (offset + size,))
        if offset:
            pagination["previousToken"] = self._pages.issue(request, now, "pageToken", (max(0, offset - size),))
        if pagination:
            answer["pagination"] = pagination
        return 200, answer

    def _matching(self, seller: Seller, request: Request, places: Sequence[str]) -> list[list[Listing]]:
        world = self._world
        identifiers, kind = request.listed("identifiers"), request.first("identifiersType")
        if bool(identifiers) != bool(kind) or len(identifiers) > 20:  # noqa: PLR2004  the model's maximum
            raise invalid_input("identifiers (at most 20) and identifiersType belong together.")
        if kind is not None and kind not in _IDENTIFIERS:
            raise invalid_input(f"identifiersType: {kind} is not one of {', '.join(_IDENTIFIERS)}.")
        with_status = set(choices_of(request, "withStatus", _STATUSES))
        without = set(choices_of(request, "withoutStatus", _STATUSES))
        severities = set(choices_of(request, "withIssueSeverity", ("WARNING", "ERROR")))
        after, before = instant_of(request, "lastUpdatedAfter"), instant_of(request, "lastUpdatedBefore")
        sort = (choices_of(request, "sortBy", ("sku", "createdDate", "lastUpdatedDate")) or ["lastUpdatedDate"])[0]
        descending = (choices_of(request, "sortOrder", ("ASC", "DESC")) or ["DESC"])[0] == "DESC"

        def fits(listing: Listing) -> bool:
            status, issue = set(listing_life.status(world, listing)), listing_life.ISSUES.get(listing.issue)
            return (
                (kind is None or getattr(listing, _IDENTIFIERS[kind]) in identifiers)
                and with_status <= status
                and not without & status
                and (not severities or (issue is not None and issue.severity in severities))
                and (after is None or listing_life.updated_at(world, listing) >= after)
                and (before is None or listing_life.updated_at(world, listing) <= before)
            )

        def order(group: list[Listing]) -> tuple[object, str]:
            first = group[0]
            if sort == "sku":
                return first.sku, first.sku
            at = listing_life.created_at if sort == "createdDate" else listing_life.updated_at
            return max(at(world, each) for each in group), first.sku

        groups: dict[str, list[Listing]] = {}
        for place in places:
            for listing in world.listings_of(seller, place):
                if fits(listing):
                    groups.setdefault(listing.sku, []).append(listing)
        return sorted(groups.values(), key=order, reverse=descending)

    def _item(self, seller: Seller, listings: Sequence[Listing], included: Sequence[str]) -> dict[str, Any]:
        sections: dict[str, Callable[[], Any]] = {
            "summaries": lambda: [self._summary(each) for each in listings],
            "attributes": lambda: self._attributes(seller, listings),
            "issues": lambda: [_issue(each) for each in listings if each.issue],
            "offers": lambda: [_offer(each) for each in listings],
            "fulfillmentAvailability": lambda: _availability(self._world, seller, listings),
            "procurement": list,
            "relationships": lambda: [{"marketplaceId": each.marketplace_id, "relationships": []} for each in listings],
            "productTypes": lambda: [
                {"marketplaceId": each.marketplace_id, "productType": product_type(each.title)} for each in listings
            ],
        }
        return {"sku": listings[0].sku, **{name: make() for name, make in sections.items() if name in included}}

    def _summary(self, listing: Listing) -> dict[str, Any]:
        found: dict[str, Any] = {
            "marketplaceId": listing.marketplace_id,
            "asin": listing.asin,
            "productType": product_type(listing.title),
            "conditionType": "new_new",
            "status": listing_life.status(self._world, listing),
            "itemName": product_types.item_name(listing, MARKETPLACES[listing.marketplace_id]),
            "createdDate": iso(listing_life.created_at(self._world, listing)),
            "lastUpdatedDate": iso(listing_life.updated_at(self._world, listing)),
            "mainImage": {"link": f"https://images.invalid/{listing.asin}.jpg", "height": 500, "width": 500},
        }
        if listing.by_amazon:
            found["fnSku"] = listing.fnsku
        return found

    def _attributes(self, seller: Seller, listings: Sequence[Listing]) -> dict[str, Any]:
        places = [(each, MARKETPLACES[each.marketplace_id]) for each in listings]
        own: dict[str, list[dict[str, Any]]] = {}
        for each, place in places:
            for name, entries in product_types.attributes(each, place).items():
                own.setdefault(name, []).extend(entries)
        return {
            **own,
            "purchasable_offer": [
                {
                    "marketplace_id": each.marketplace_id,
                    "currency": place.currency,
                    "our_price": [
                        {"schedule": [{"value_with_tax": float(amount_text(each.price_minor, place.currency))}]}
                    ],
                }
                for each, place in places
            ],
            "fulfillment_availability": [
                {
                    "fulfillment_channel_code": each["fulfillmentChannelCode"],
                    **({"quantity": each["quantity"]} if "quantity" in each else {}),
                }
                for each in _availability(self._world, seller, listings)
            ],
        }


def _availability(world: World, seller: Seller, listings: Sequence[Listing]) -> list[dict[str, Any]]:
    # What Amazon holds is told by the inventory API; here it only says whose network it is.
    first = listings[0]
    if first.by_amazon:
        return [{"fulfillmentChannelCode": _NETWORKS[seller.region]}]
    return [{"fulfillmentChannelCode": "DEFAULT", "quantity": listing_life.quantity(world, first)}]


def _offer(listing: Listing) -> dict[str, Any]:
    currency = MARKETPLACES[listing.marketplace_id].currency
    return {
        "marketplaceId": listing.marketplace_id,
        "offerType": "B2C",
        "price": {"currencyCode": currency, "amount": amount_text(listing.price_minor, currency)},
        "audience": {"value": "ALL", "displayName": "Sell on Amazon"},
    }


def _issue(listing: Listing) -> dict[str, Any]:
    issue = listing_life.ISSUES[listing.issue]
    found: dict[str, Any] = {
        "code": issue.code,
        "message": issue.message,
        "severity": issue.severity,
        "attributeNames": list(issue.attributes),
        "categories": [issue.category],
        "marketplaceIds": [listing.marketplace_id],
    }
    if issue.action:
        found["enforcements"] = {"actions": [{"action": issue.action}], "exemption": {"status": "NOT_EXEMPT"}}
    return found


def _own(seller: Seller, parameters: Mapping[str, str]) -> None:
    if parameters["sellerId"] != seller.selling_partner_id:
        raise unauthorized("The sellerId is not the one that the access token was issued for.")


def _included(request: Request) -> list[str]:
    return choices_of(request, "includedData", INCLUDED_DATA) or ["summaries"]
