"""Product Type Definitions API 2020-09-01: both operations, and the schemas behind the links that they give."""

from collections.abc import Mapping
from typing import Any

from infra.simulator import product_types
from infra.simulator.answers import Request, invalid_input, not_found, unauthorized
from infra.simulator.clock import HOUR
from infra.simulator.marketplaces import MARKETPLACES, Marketplace
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError
from infra.simulator.sp_api.parameters import Offer, choices_of, marketplaces_of
from infra.simulator.world import Seller, World

LINK_LIVES_MS = HOUR
_REQUIREMENTS = ("LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY")
_ENFORCED = ("ENFORCED", "NOT_ENFORCED")
_VERSIONS = ("LATEST", "RELEASE_CANDIDATE")


class DefinitionsApi:
    """Answers with what ``product_types`` knows."""

    def __init__(self, world: World, tokens: PageTokens) -> None:
        self._world = world
        self._tokens = tokens

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {"searchDefinitionsProductTypes": self._search, "getDefinitionsProductType": self._get}

    def schema(self, token: str) -> bytes | None:
        """Return the schema behind a link, None when the link is forged or older than an hour."""
        try:
            kind, marketplace_id = self._tokens.read(token, {}, self._world.clock.now_ms(), LINK_LIVES_MS)
        except (TokenRefusedError, ValueError):
            return None
        place = MARKETPLACES[str(marketplace_id)]
        with self._world.lock:
            longest = product_types.longest_title(self._world, str(kind), place)
        return product_types.document(str(kind), place, longest)

    def _search(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        places = marketplaces_of(request, seller)
        words = [word.lower() for word in request.listed("keywords")]
        title = request.first("itemName")
        if words and title:
            raise invalid_input("keywords cannot be used with itemName.")
        words = words or (title or "").lower().split()
        found = [
            kind
            for kind in sorted(product_types.known_types())
            if not words or any(part in words or kind.lower() in words for part in kind.lower().split("_"))
        ]
        return 200, {
            "productTypes": [
                {"name": kind, "displayName": _title(kind), "marketplaceIds": list(places)} for kind in found
            ],
            "productTypeVersion": product_types.version("HOME", MARKETPLACES[places[0]]),
        }

    def _get(self, seller: Seller, request: Request, parameters: Mapping[str, str]) -> tuple[int, Any]:
        (place_id,) = marketplaces_of(request, seller, maximum=1)
        place, kind = MARKETPLACES[place_id], parameters["productType"]
        requirements = (choices_of(request, "requirements", _REQUIREMENTS) or ["LISTING"])[0]
        enforced = (choices_of(request, "requirementsEnforced", _ENFORCED) or ["ENFORCED"])[0]
        if request.first("sellerId") not in {None, seller.selling_partner_id}:
            raise unauthorized("The sellerId is not the one that the access token was issued for.")
        longest = product_types.longest_title(self._world, kind, place)
        version = product_types.version(kind, place, longest)
        if request.first("productTypeVersion") not in {None, *_VERSIONS, version}:
            raise not_found("There is no such version of the product type.")
        if kind not in product_types.known_types():
            raise not_found(f"Product type {kind} is not available in marketplace {place_id}.")
        content = product_types.document(kind, place, longest)
        return 200, {
            "schema": self._link(request, kind, place, content),
            "requirements": requirements,
            "requirementsEnforced": enforced,
            "propertyGroups": product_types.groups(),
            "locale": place.language,
            "marketplaceIds": [place_id],
            "productType": kind,
            "displayName": _title(kind),
            "productTypeVersion": {"version": version, "latest": True, "releaseCandidate": False},
        }

    def _link(self, request: Request, kind: str, place: Marketplace, content: bytes) -> dict[str, Any]:
        token = self._tokens.issue({}, self._world.now_ms, (kind, place.marketplace_id))
        host = request.headers.get("host", "localhost")
        return {
            "link": {"resource": f"http://{host}/product-type-schemas/{token}", "verb": "GET"},
            "checksum": product_types.checksum(content),
        }


def _title(kind: str) -> str:
    return kind.replace("_", " ").title()
