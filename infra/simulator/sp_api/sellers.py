"""Sellers API v1: getMarketplaceParticipations."""

from typing import Any

from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.world import Seller


def participations(seller: Seller) -> list[dict[str, Any]]:
    """Return where a seller sells, as Amazon's model describes it."""
    found = []
    for marketplace_id in seller.marketplaces:
        place = MARKETPLACES[marketplace_id]
        found.append(
            {
                "marketplace": {
                    "id": place.marketplace_id,
                    "countryCode": place.country_code,
                    "name": place.name,
                    "defaultCurrencyCode": place.currency,
                    "defaultLanguageCode": place.language,
                    "domainName": place.domain,
                },
                "participation": {"isParticipating": True, "hasSuspendedListings": seller.status == "DEACTIVATED"},
                "storeName": seller.name,
            }
        )
    return found
