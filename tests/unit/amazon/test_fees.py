import json
from decimal import Decimal
from typing import Any

import pytest

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.fees import FeeEstimate, FeeProblem, FeeRequest, decode_estimates, request_body
from quayside.kernel.money import Money

US = "ATVPDKIKX0DER"


def usd(amount: object) -> dict[str, Any]:
    return {"CurrencyCode": "USD", "Amount": amount}


def result(**changes: Any) -> dict[str, Any]:
    return {
        "Status": "Success",
        "FeesEstimateIdentifier": {
            "MarketplaceId": US,
            "SellerId": "A1",
            "IdType": "SellerSKU",
            "IdValue": "S1",
            "IsAmazonFulfilled": True,
            "PriceToEstimateFees": {"ListingPrice": usd(19.99)},
            "SellerInputIdentifier": "7",
        },
        "FeesEstimate": {
            "TimeOfFeesEstimation": "2026-11-21T10:11:12Z",
            "TotalFeesEstimate": usd(6.22),
            "FeeDetailList": [
                {"FeeType": "ReferralFee", "FeeAmount": usd(3), "FeePromotion": usd(0), "FinalFee": usd(3.0)},
                {
                    "FeeType": "FBAFees",
                    "FeeAmount": usd(3.22),
                    "FinalFee": usd(3.22),
                    "IncludedFeeDetailList": [{"FeeType": "FBAPickAndPack", "FinalFee": usd(3.22)}],
                },
            ],
        },
        **changes,
    }


def test_an_estimate_with_its_fees() -> None:
    (found,) = decode_estimates(json.dumps([result()]).encode())
    assert isinstance(found, FeeEstimate)
    assert (found.identifier, found.marketplace_id, found.id_value, found.by_amazon) == ("7", US, "S1", True)
    assert found.total.money() == Money(622, "USD")
    assert found.estimated_at.isoformat() == "2026-11-21T10:11:12+00:00"
    referral, fulfilment = found.fees
    assert (referral.fee_type, referral.final_fee.money()) == ("ReferralFee", Money(300, "USD"))
    assert fulfilment.included_fee_detail_list[0].fee_type == "FBAPickAndPack"


def test_a_refusal_is_a_problem_of_that_request_alone() -> None:
    error = {"Type": "Sender", "Code": "InvalidParameterValue", "Message": "There is no such SKU", "Detail": []}
    refused = result(Status="ClientError", FeesEstimate=None, Error=error)
    later = result(Status="ServerError", FeesEstimate=None, Error=None)
    broken = result(FeesEstimate={"TotalFeesEstimate": usd("much")})
    found = decode_estimates(json.dumps([refused, result(), later, broken, 7]).encode())
    assert [type(each) for each in found] == [FeeProblem, FeeEstimate, FeeProblem, FeeProblem, FeeProblem]
    first, _, third, fourth, fifth = found
    assert isinstance(first, FeeProblem)
    assert (first.identifier, first.id_value, first.code, first.may_pass) == ("7", "S1", "InvalidParameterValue", False)
    assert isinstance(third, FeeProblem)
    assert third.may_pass
    assert isinstance(fourth, FeeProblem)
    assert (fourth.identifier, fourth.id_value, fourth.status) == ("7", "S1", "Unreadable")
    assert isinstance(fifth, FeeProblem)
    assert fifth.identifier == ""


def test_what_is_asked_holds_only_what_is_given() -> None:
    fbm = FeeRequest("1", US, "ASIN", "B1", Money(500, "JPY"), by_amazon=False, shipping=Money(0, "JPY"))
    (asked,) = request_body([fbm])
    assert asked == {
        "IdType": "ASIN",
        "IdValue": "B1",
        "FeesEstimateRequest": {
            "MarketplaceId": US,
            "IsAmazonFulfilled": False,
            "PriceToEstimateFees": {
                "ListingPrice": {"CurrencyCode": "JPY", "Amount": Decimal(500)},
                "Shipping": {"CurrencyCode": "JPY", "Amount": Decimal(0)},
            },
            "Identifier": "1",
        },
    }
    with pytest.raises(ValueError, match="not 0"):
        request_body([])


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b'{"payload": []}', b"[1", b"7"])
def test_an_answer_that_is_none_is_amazons_fault(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        decode_estimates(content)
