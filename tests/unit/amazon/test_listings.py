import json
from decimal import Decimal
from typing import Any

import pytest

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.listings import decode_listing, decode_listings
from quayside.kernel.money import Money

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"


def summary(**changes: Any) -> dict[str, Any]:
    return {
        "marketplaceId": US,
        "asin": "B1",
        "productType": "LAMP",
        "conditionType": "new_new",
        "status": ["BUYABLE", "DISCOVERABLE"],
        "fnSku": "X1",
        "itemName": "Lamp",
        "createdDate": "2026-01-02T03:04:05Z",
        "lastUpdatedDate": "2026-11-02T03:04:05Z",
        "mainImage": {"link": "https://m.media-amazon.com/images/I/1.jpg", "height": 500, "width": 400},
        **changes,
    }


def issue(**changes: Any) -> dict[str, Any]:
    return {
        "code": "90220",
        "message": "'item_name' is required but not supplied.",
        "severity": "ERROR",
        "attributeNames": ["item_name"],
        "categories": ["MISSING_ATTRIBUTE"],
        "enforcements": {"actions": [{"action": "SEARCH_SUPPRESSED"}], "exemption": {"status": "NOT_EXEMPT"}},
        **changes,
    }


def item(**changes: Any) -> dict[str, Any]:
    return {
        "sku": "S 1/ä",
        "summaries": [summary(), summary(marketplaceId=CA, status=[])],
        "offers": [
            {"marketplaceId": US, "offerType": "B2B", "price": {"currencyCode": "USD", "amount": "18.00"}},
            {"marketplaceId": US, "offerType": "B2C", "price": {"currencyCode": "USD", "amount": "19.99"}},
        ],
        "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 7}],
        "issues": [issue(), issue(code="1", severity="NEW_SEVERITY", marketplaceIds=[CA], enforcements=None)],
        "attributes": {"item_name": [{"value": "Lamp"}]},
        **changes,
    }


def test_a_listing_by_marketplace() -> None:
    found = decode_listing(json.dumps(item()).encode())
    assert (found.sku, found.problems) == ("S 1/ä", ())
    here, there = found.summary_of(US), found.summary_of(CA)
    assert here is not None
    assert (here.status, here.asin, here.main_image and here.main_image.width) == (
        ("BUYABLE", "DISCOVERABLE"),
        "B1",
        400,
    )
    assert there is not None
    assert there.status == ()
    assert found.summary_of("elsewhere") is None
    price = found.price_of(US)
    assert price is not None
    assert (price.amount, price.money()) == (Decimal("19.99"), Money(1999, "USD"))
    assert found.price_of(CA) is None
    business = found.price_of(US, "B2B")
    assert business is not None
    assert business.money() == Money(1800, "USD")
    assert [(each.code, each.severity) for each in found.issues_of(US)] == [("90220", "ERROR")]
    assert [each.code for each in found.issues_of(CA)] == ["90220", "1"]
    enforcements = found.issues[0].enforcements
    assert enforcements is not None
    assert [each.action for each in enforcements.actions] == ["SEARCH_SUPPRESSED"]
    assert [(each.fulfillment_channel_code, each.quantity) for each in found.fulfillment_availability] == [
        ("DEFAULT", 7)
    ]


def test_an_amount_without_quotes_is_exact_too() -> None:
    offer = {"marketplaceId": US, "offerType": "B2C", "price": {"currencyCode": "USD", "amount": 1234567890123.45}}
    found = decode_listing(json.dumps(item(offers=[offer])).encode()).price_of(US)
    assert found is not None
    assert found.amount == Decimal("1234567890123.45")


def test_a_listing_may_have_nothing_but_its_sku() -> None:
    for body in ({"sku": "S"}, {"sku": "S", "summaries": None, "offers": None, "issues": None}, {"SKU": "S"}):
        found = decode_listing(json.dumps(body).encode())
        assert (found.sku, found.summaries, found.offers, found.issues, found.problems) == ("S", (), (), (), ())


def test_a_bad_part_is_named_and_spoils_nothing() -> None:
    body = item(
        offers=[{"marketplaceId": US}, 7], issues="none", summaries=[summary(createdDate="yesterday"), summary()]
    )
    found = decode_listing(json.dumps(body).encode())
    assert len(found.summaries) == 1
    assert [problem.split(":")[0] for problem in found.problems] == ["summaries[0]", "offers[0]", "offers[1]", "issues"]
    assert [each.quantity for each in found.fulfillment_availability] == [7]


def test_a_page_is_read_listing_by_listing() -> None:
    body = {"numberOfResults": 41, "pagination": {"nextToken": "t"}, "items": [item(), {"summaries": []}, 7]}
    found = decode_listings(json.dumps(body).encode())
    assert [each.sku for each in found.listings] == ["S 1/ä"]
    assert ["sku" in found.unreadable[0].problem, len(found.unreadable)] == [True, 2]
    assert (found.next_token, found.total) == ("t", 41)
    for last in ({}, {"pagination": None}, {"pagination": {"nextToken": ""}}):
        assert decode_listings(json.dumps({"items": [], **last}).encode()).next_token is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"items": 7}', b'{"sku": '])
def test_an_answer_that_is_none_is_amazons_fault(body: bytes) -> None:
    for read in (decode_listing, decode_listings):
        with pytest.raises(UnexpectedAnswer):
            read(body)
