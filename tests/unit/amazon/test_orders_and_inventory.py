import json
from typing import Any

import pytest

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.inventory import decode_summaries
from quayside.amazon.orders import INCLUDED_DATA, Order, UnreadableOrder, decode_order, decode_search


def order(**changes: Any) -> dict[str, Any]:
    return {
        "orderId": "902-1",
        "createdTime": "2026-11-21T10:11:12Z",
        "lastUpdatedTime": "2026-11-21T10:12:12Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "buyer": {"buyerName": "Jane Doe", "buyerEmail": "jane@example.com"},
        "recipient": {"deliveryAddress": {"name": "Jane Doe", "postalCode": "48110"}},
        "fulfillment": {"fulfillmentStatus": "BRAND_NEW_STATUS", "fulfilledBy": "AMAZON"},
        "orderItems": [
            {
                "orderItemId": "1",
                "quantityOrdered": 2,
                "product": {"asin": "B1", "sellerSku": "S1", "title": "Lamp"},
                "proceeds": {"breakdowns": [{"type": "ITEM", "subtotal": {"amount": "20.00", "currencyCode": "USD"}}]},
                "fulfillment": {"packing": {"giftOption": {"giftMessage": "Dear Jane"}}},
            }
        ],
        **changes,
    }


def test_a_page_is_read_order_by_order() -> None:
    body = {
        "orders": [order(), order(orderId="902-2", createdTime=None), {"x": 1}, 7],
        "pagination": {"nextToken": "t"},
    }
    found = decode_search(json.dumps(body).encode())
    assert [each.order_id for each in found.orders] == ["902-1"]
    assert [each.order_id for each in found.unreadable] == ["902-2", "", ""]
    assert "createdTime" in found.unreadable[0].problem
    assert found.next_token == "t"


def test_people_have_no_place_in_an_order() -> None:
    found = decode_order(json.dumps({"order": order()}).encode())
    assert isinstance(found, Order)
    for personal in ("Jane", "jane@", "48110", "Dear"):
        assert personal not in repr(found)
    assert not {"BUYER", "RECIPIENT"} & set(INCLUDED_DATA)


def test_the_last_page_has_no_token_and_says_how_far_it_reaches() -> None:
    for pagination in ({}, {"pagination": None}, {"pagination": {"nextToken": ""}}):
        found = decode_search(
            json.dumps({"orders": [], "lastUpdatedBefore": "2026-11-21T10:09:12Z", **pagination}).encode()
        )
        assert found.next_token is None
        assert found.complete_until is not None


def test_an_order_that_can_not_be_read_says_why() -> None:
    found = decode_order(json.dumps({"order": order(orderItems=None)}).encode())
    assert isinstance(found, UnreadableOrder)
    assert (found.order_id, "orderItems" in found.problem) == ("902-1", True)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"orders": 7}', b'{"order": '])
def test_an_answer_that_is_none_is_amazons_fault(body: bytes) -> None:
    for read in (decode_search, decode_order, decode_summaries):
        with pytest.raises(UnexpectedAnswer):
            read(body)


def test_stock_is_read_summary_by_summary() -> None:
    summaries = [
        {"sellerSku": "S1", "totalQuantity": 3, "lastUpdatedTime": "2026-11-21T10:11:12Z", "inventoryDetails": {}},
        {"sellerSku": "S2", "lastUpdatedTime": ""},
        {"sellerSku": "S3", "totalQuantity": "three"},
        {"asin": "B1"},
    ]  # fmt: skip
    found = decode_summaries(json.dumps({"payload": {"inventorySummaries": summaries}}).encode())
    assert [each.seller_sku for each in found.summaries] == ["S1", "S2"]
    assert [each.updated_at() is None for each in found.summaries] == [False, True]
    assert [each.seller_sku for each in found.unreadable] == ["S3", ""]
    assert found.next_token is None
