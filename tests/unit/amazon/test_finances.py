import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.finances import FinanceAmount, decode_transactions
from quayside.kernel.errors import InvalidInput
from quayside.kernel.money import Money


def amount(value: object, currency: str = "USD") -> dict[str, Any]:
    return {"currencyAmount": value, "currencyCode": currency}


def transaction(**changes: Any) -> dict[str, Any]:
    return {
        "transactionId": "t-1",
        "transactionType": "Shipment",
        "transactionStatus": "DEFERRED",
        "description": "Order Payment",
        "postedDate": "2026-11-20T22:37:12.5Z",
        "totalAmount": amount(10.5),
        "sellingPartnerMetadata": {"sellingPartnerId": "A1", "accountType": "Standard Orders", "marketplaceId": "DE"},
        "marketplaceDetails": {"marketplaceId": "US", "marketplaceName": "Amazon.com"},
        "relatedIdentifiers": [
            {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": "902-1"},
            {"relatedIdentifierName": "SOMETHING_NEW", "relatedIdentifierValue": "x"},
            {},
        ],
        "items": [
            {
                "description": "Lamp",
                "totalAmount": amount(10.5),
                "relatedIdentifiers": [
                    {"itemRelatedIdentifierName": "ORDER_ADJUSTMENT_ITEM_ID", "itemRelatedIdentifierValue": "9"}
                ],
                "contexts": [
                    {"contextType": "ProductContext", "asin": "B1", "sku": "S1", "quantityShipped": 2},
                    {"contextType": "NewContext", "whatever": 1},
                ],
            }
        ],
        "contexts": [
            {"contextType": "DeferredContext", "deferralReason": "DD7", "maturityDate": "2026-12-01T00:00:00Z"}
        ],
        "breakdowns": [
            {
                "breakdownType": "Sales",
                "breakdownAmount": amount(15),
                "breakdowns": [
                    {"breakdownType": "ProductCharges", "breakdownAmount": amount(15), "breakdowns": None},
                ],
            },
            {"breakdownType": "Expenses", "breakdownAmount": amount(-4.5)},
        ],
        **changes,
    }


def body(*transactions: object, **rest: object) -> bytes:
    return json.dumps({"payload": {"transactions": transactions, **rest}}).encode()


def test_a_transaction_with_its_parts() -> None:
    (found,) = decode_transactions(body(transaction())).transactions
    assert (found.transaction_id, found.transaction_status, found.marketplace_id) == ("t-1", "DEFERRED", "US")
    assert found.posted_date == datetime(2026, 11, 20, 22, 37, 12, 500_000, tzinfo=UTC)
    assert (found.identifier("ORDER_ID"), found.identifier("REFUND_ID")) == ("902-1", None)
    assert found.total_amount is not None
    assert found.total_amount.money() == Money(1050, "USD")
    product = found.items[0].product
    assert product is not None
    assert (product.sku, product.asin, product.quantity_shipped) == ("S1", "B1", 2)
    assert found.contexts[0].deferral_reason == "DD7"
    sales, expenses = found.breakdowns
    assert sales.breakdowns
    assert sales.breakdowns[0].breakdown_type == "ProductCharges"
    assert expenses.breakdown_amount is not None
    assert expenses.breakdown_amount.money() == Money(-450, "USD")


def test_a_part_without_parts_of_its_own_is_read_at_full_speed() -> None:
    part = {"breakdownType": "Sales", "breakdownAmount": None, "breakdowns": None}
    (found,) = decode_transactions(body(transaction(breakdowns=[part]))).transactions
    # Reading what is spelled otherwise than documented takes long, and leaves every null out.
    assert found.breakdowns[0].breakdowns is None


def test_the_marketplace_may_be_said_in_either_place_or_nowhere() -> None:
    (found,) = decode_transactions(body(transaction(marketplaceDetails=None))).transactions
    assert found.marketplace_id == "DE"
    (found,) = decode_transactions(body(transaction(marketplaceDetails=None, sellingPartnerMetadata={}))).transactions
    assert found.marketplace_id is None


@pytest.mark.parametrize("written", ["2026-11-20T22:37:12", "2026-11-20T22:37:12Z", "2026-11-20T23:37:12+01:00"])
def test_an_instant_is_in_utc_however_it_is_written(written: str) -> None:
    (found,) = decode_transactions(body(transaction(postedDate=written))).transactions
    assert found.posted_date.isoformat() == "2026-11-20T22:37:12+00:00"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15))
def test_no_cent_is_lost_on_the_way_to_money(value: Decimal) -> None:
    content = body(transaction(totalAmount=amount("X"))).replace(b'"X"', str(value).encode())
    (found,) = decode_transactions(content).transactions
    assert found.total_amount is not None
    assert found.total_amount.money() == Money(int(value * 100), "USD")


def test_an_amount_finer_than_its_currency_is_no_money() -> None:
    with pytest.raises(InvalidInput):
        FinanceAmount(Decimal("0.005"), "USD").money()
    assert FinanceAmount(Decimal("5E+2"), "JPY").money() == Money(500, "JPY")


def test_a_page_is_read_transaction_by_transaction() -> None:
    missing = transaction(transactionId="t-2", postedDate=None)
    found = decode_transactions(body(transaction(), missing, {"x": 1}, 7, nextToken="t"))
    assert [each.transaction_id for each in found.transactions] == ["t-1"]
    assert [each.transaction_id for each in found.unreadable] == ["t-2", "", ""]
    assert "postedDate" in found.unreadable[0].problem
    assert found.next_token == "t"


def test_a_transaction_needs_little() -> None:
    least = {"transactionId": "t", "transactionType": "NewType", "postedDate": "2026-11-20T22:37:12Z"}
    (found,) = decode_transactions(body(least)).transactions
    assert (found.items, found.breakdowns, found.total_amount, found.transaction_status) == ((), (), None, None)


@pytest.mark.parametrize("payload", [{"transactions": []}, {}, {"transactions": None, "nextToken": None}])
def test_an_empty_page_may_go_on(payload: dict[str, Any]) -> None:
    assert decode_transactions(json.dumps({"payload": payload}).encode()).next_token is None
    going = decode_transactions(json.dumps({"payload": {**payload, "nextToken": "t"}}).encode())
    assert (going.transactions, going.next_token) == ((), "t")


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b'{"payload": 7}', b'{"payload": {"transactions": 7}}']
)
def test_an_answer_that_is_none_is_amazons_fault(content: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        decode_transactions(content)
