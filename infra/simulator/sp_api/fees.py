"""Product Fees API v0: getMyFeesEstimates, by the functions that the world posts its fees with."""

from collections.abc import Mapping
from typing import Any

from infra.simulator.answers import Request, invalid_input
from infra.simulator.clock import iso
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.money import amount_text, parse_amount
from infra.simulator.sp_api.parameters import Offer, list_of
from infra.simulator.world import Line, Listing, Seller, World, fulfilment_fee, referral_fee

MAXIMUM_REQUESTS = 20


class FeesApi:
    """Estimates what one unit would cost its seller at a price."""

    def __init__(self, world: World) -> None:
        self._world = world

    def offers(self) -> dict[str, Offer]:
        """Return the operations that this API answers."""
        return {"getMyFeesEstimates": self._estimates}

    def _estimates(self, seller: Seller, request: Request, _: Mapping[str, str]) -> tuple[int, Any]:
        wanted = list_of(request)
        if not 1 <= len(wanted) <= MAXIMUM_REQUESTS:
            raise invalid_input(f"The body must hold between 1 and {MAXIMUM_REQUESTS} requests.")
        return 200, [self._estimate(seller, each) for each in wanted]

    def _estimate(self, seller: Seller, wanted: object) -> dict[str, Any]:
        if (
            not isinstance(wanted, dict)
            or wanted.get("IdType") not in {"ASIN", "SellerSKU"}
            or not wanted.get("IdValue")
        ):
            raise invalid_input("Each request needs IdType (ASIN or SellerSKU) and IdValue.")
        details = wanted.get("FeesEstimateRequest")
        if not isinstance(details, dict) or not details.get("Identifier") or not details.get("PriceToEstimateFees"):
            raise invalid_input("Each request needs FeesEstimateRequest with Identifier and PriceToEstimateFees.")
        place = MARKETPLACES.get(str(details.get("MarketplaceId")))
        identifier = {
            "MarketplaceId": details.get("MarketplaceId"),
            "SellerId": seller.selling_partner_id,
            "IdType": wanted["IdType"],
            "IdValue": wanted["IdValue"],
            "IsAmazonFulfilled": bool(details.get("IsAmazonFulfilled")),
            "PriceToEstimateFees": details["PriceToEstimateFees"],
            "SellerInputIdentifier": details["Identifier"],
        }
        if place is None or place.marketplace_id not in seller.marketplaces:
            return _problem(identifier, "InvalidParameterValue", "The seller does not participate in the marketplace.")
        listing = self._listing(seller, place.marketplace_id, str(wanted["IdType"]), str(wanted["IdValue"]))
        if listing is None:
            return _problem(identifier, "DataNotAvailable", f"{wanted['IdValue']} is not known in the marketplace.")
        try:
            price = _minor(details["PriceToEstimateFees"].get("ListingPrice"), place.currency)
            shipping = _minor(details["PriceToEstimateFees"].get("Shipping"), place.currency, default=0)
        except (ValueError, AttributeError) as error:
            return _problem(identifier, "InvalidParameterValue", str(error))
        line = Line(0, 1, listing.pk, 1, 0, 0, price, 0, shipping, 0)
        fees = [("ReferralFee", referral_fee(line))]
        if identifier["IsAmazonFulfilled"]:
            fees.append(("FBAFees", fulfilment_fee(line)))
        return {
            "Status": "Success",
            "FeesEstimateIdentifier": identifier,
            "FeesEstimate": {
                "TimeOfFeesEstimation": iso(self._world.now_ms),
                "TotalFeesEstimate": _money(sum(fee for _, fee in fees), place.currency),
                "FeeDetailList": [_detail(kind, fee, place.currency) for kind, fee in fees],
            },
        }

    def _listing(self, seller: Seller, place: str, kind: str, value: str) -> Listing | None:
        owners = [seller] if kind == "SellerSKU" else list(self._world.sellers.values())
        for owner in owners:
            for each in self._world.listings_of(owner, place):
                if value == (each.sku if kind == "SellerSKU" else each.asin):
                    return each
        return None


def _minor(money: object, currency: str, default: int | None = None) -> int:
    if money is None and default is not None:
        return default
    if not isinstance(money, dict) or money.get("Amount") is None:
        raise ValueError("PriceToEstimateFees needs ListingPrice with CurrencyCode and Amount.")
    if money.get("CurrencyCode") != currency:
        raise ValueError(f"The currency of the marketplace is {currency}.")
    minor = parse_amount(str(money["Amount"]), currency)
    if minor < 0:
        raise ValueError("The price must not be below 0.")
    return minor


def _money(minor: int, currency: str) -> dict[str, Any]:
    return {"CurrencyCode": currency, "Amount": float(amount_text(minor, currency))}


def _detail(kind: str, fee: int, currency: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "FeeType": kind,
        "FeeAmount": _money(fee, currency),
        "FeePromotion": _money(0, currency),
        "FinalFee": _money(fee, currency),
    }
    if kind == "FBAFees":
        part = {"FeeType": "FBAPickAndPack", "FeeAmount": _money(fee, currency), "FinalFee": _money(fee, currency)}
        found["IncludedFeeDetailList"] = [part]
    return found


def _problem(identifier: dict[str, Any], code: str, words: str) -> dict[str, Any]:
    return {
        "Status": "ClientError",
        "FeesEstimateIdentifier": identifier,
        "Error": {"Type": "Sender", "Code": code, "Message": words, "Detail": []},
    }
