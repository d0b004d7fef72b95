"""FBA Inventory API v1: getInventorySummaries, straight from the books."""

from typing import Any

from infra.simulator import books as accounts
from infra.simulator.answers import Request, invalid_input
from infra.simulator.clock import DAY, SECOND, iso, parse
from infra.simulator.sp_api.paging import PageTokens, TokenRefusedError
from infra.simulator.world import Listing, Seller, World

TOKEN_LIVES_MS = 30 * SECOND
PAGE = 50
MAXIMUM_SKUS = 50
_OLDEST_START_MS = 548 * DAY


class InventoryApi:
    """Answers from the books, so stock is what the ledger says."""

    def __init__(self, world: World, tokens: PageTokens) -> None:
        self._world = world
        self._tokens = tokens

    def get_inventory_summaries(self, seller: Seller, request: Request) -> tuple[dict[str, Any], str | None]:
        """Return (payload, next token): a page of a marketplace's stock."""
        now = self._world.now_ms
        marketplace_id = _marketplace(request, seller)
        skus = request.listed("sellerSkus")
        if len(skus) > MAXIMUM_SKUS:
            raise invalid_input(f"sellerSkus accepts at most {MAXIMUM_SKUS} values.")
        if request.first("sellerSku"):
            skus.append(request.first("sellerSku") or "")
        start = self._start(request, now)
        details = (request.first("details") or "false").lower()
        if details not in {"true", "false"}:
            raise invalid_input("details must be true or false.")
        query = {name: values for name, values in request.query.items() if name != "nextToken"}
        offset = 0
        token = request.first("nextToken")
        if token is not None:
            try:
                offset = int(str(self._tokens.read(token, query, now, TOKEN_LIVES_MS)[0]))
            except TokenRefusedError as refusal:
                raise invalid_input(f"The nextToken is invalid: {refusal}.") from None
        listings = [
            each
            for each in self._world.listings_of(seller, marketplace_id)
            if each.by_amazon and (not skus or each.sku in skus) and (start is None or each.changed_ms >= start)
        ]
        page = listings[offset : offset + PAGE]
        payload = {
            "granularity": {"granularityType": "Marketplace", "granularityId": marketplace_id},
            "inventorySummaries": [self._summary(seller, each, details=details == "true") for each in page],
        }
        more = offset + PAGE < len(listings)
        return payload, self._tokens.issue(query, now, (offset + PAGE,)) if more else None

    def _start(self, request: Request, now: int) -> int | None:
        text = request.first("startDateTime")
        if text is None:
            return None
        try:
            start = parse(text.replace(" ", "+"))
        except ValueError:
            raise invalid_input(f"startDateTime: {text} is not an ISO 8601 date.") from None
        if start < now - _OLDEST_START_MS:
            raise invalid_input("startDateTime must not be earlier than 18 months before the request.")
        return start

    def _summary(self, seller: Seller, listing: Listing, *, details: bool) -> dict[str, Any]:
        held = {
            account: self._world.books.balance(seller.pk, account, listing.units)
            for account in accounts.WAREHOUSE_ACCOUNTS
        }
        found: dict[str, Any] = {
            "asin": listing.asin,
            "fnSku": listing.fnsku,
            "sellerSku": listing.sku,
            "condition": "NewItem",
            "lastUpdatedTime": iso(listing.changed_ms),
            "productName": listing.title,
            "totalQuantity": sum(held.values()),
            "stores": [],
        }
        if details:
            found["inventoryDetails"] = _details(held)
        return found


def _details(held: dict[str, int]) -> dict[str, Any]:
    customer, transfer = held[accounts.RESERVED_CUSTOMER], held[accounts.RESERVED_TRANSFER]
    processing = held[accounts.RESERVED_PROCESSING]
    damaged, broken = held[accounts.UNFULFILLABLE_CUSTOMER], held[accounts.UNFULFILLABLE_WAREHOUSE]
    return {
        "fulfillableQuantity": held[accounts.FULFILLABLE],
        "inboundWorkingQuantity": held[accounts.INBOUND_WORKING],
        "inboundShippedQuantity": held[accounts.INBOUND_SHIPPED],
        "inboundReceivingQuantity": held[accounts.INBOUND_RECEIVING],
        "reservedQuantity": {
            "totalReservedQuantity": customer + transfer + processing,
            "pendingCustomerOrderQuantity": customer,
            "pendingTransshipmentQuantity": transfer,
            "fcProcessingQuantity": processing,
        },
        "researchingQuantity": {
            "totalResearchingQuantity": held[accounts.RESEARCHING],
            "researchingQuantityBreakdown": [
                {"name": "researchingQuantityInShortTerm", "quantity": held[accounts.RESEARCHING]},
                {"name": "researchingQuantityInMidTerm", "quantity": 0},
                {"name": "researchingQuantityInLongTerm", "quantity": 0},
            ],
        },
        "unfulfillableQuantity": {
            "totalUnfulfillableQuantity": damaged + broken,
            "customerDamagedQuantity": damaged,
            "warehouseDamagedQuantity": broken,
            "distributorDamagedQuantity": 0,
            "carrierDamagedQuantity": 0,
            "defectiveQuantity": 0,
            "expiredQuantity": 0,
        },
    }


def _marketplace(request: Request, seller: Seller) -> str:
    places = request.listed("marketplaceIds")
    if len(places) != 1:
        raise invalid_input("marketplaceIds must name exactly one marketplace.")
    if request.first("granularityType") != "Marketplace":
        raise invalid_input("granularityType must be Marketplace.")
    if request.first("granularityId") != places[0]:
        raise invalid_input("granularityId must be the marketplace of marketplaceIds.")
    if places[0] not in seller.marketplaces:
        raise invalid_input(f"The seller does not participate in marketplace {places[0]}.")
    return places[0]
