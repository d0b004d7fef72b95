"""Who receives an order, as Amazon says it: nothing of it is ever printed, and silence means that a role is missing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.orders import UnreadableOrder
from quayside.amazon.recipients import (
    Address,
    Package,
    RecipientOrder,
    decode_recipient,
    decode_recipients,
)


def document(**parts: Any) -> dict[str, Any]:
    return {
        "orderId": "302-1",
        "createdTime": "2026-11-20T10:00:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
            "shipByWindow": {"latestDateTime": "2026-11-22T10:00:00Z"},
            "deliverByWindow": {"latestDateTime": "2026-11-28T10:00:00Z"},
        },
        "recipient": {
            "deliveryAddress": {
                "name": "Mx Planted", "addressLine1": "1 Planted Street", "city": "Hull", "postalCode": "QX99 9XQ",
                "countryCode": "GB", "phone": "+00 99", "addressType": "RESIDENTIAL",
            }
        },
        **parts,
    }  # fmt: skip


def read(**parts: Any) -> RecipientOrder:
    found = decode_recipient(json.dumps({"order": document(**parts)}).encode())
    assert isinstance(found, RecipientOrder)
    return found


def test_an_address_is_read_and_prints_as_nothing() -> None:
    found = read()
    assert found.address is not None
    assert found.address.fields() == {
        "name": "Mx Planted", "address_line1": "1 Planted Street", "city": "Hull", "postal_code": "QX99 9XQ",
        "country_code": "GB", "phone": "+00 99",
    }  # fmt: skip
    assert (found.ship_by, found.deliver_by) == (
        datetime(2026, 11, 22, 10, tzinfo=UTC),
        datetime(2026, 11, 28, 10, tzinfo=UTC),
    )
    for printed in (repr(found), str(found), f"{found.address}", repr(ValueError(found))):
        assert "Planted" not in printed
        assert "QX99" not in printed


@pytest.mark.parametrize(
    "recipient", [None, {}, {"deliveryAddress": {"city": "Hull", "stateOrRegion": "E", "countryCode": "GB"}}]
)
def test_what_names_nobody_is_no_address(recipient: dict[str, Any] | None) -> None:
    assert read(recipient=recipient).address is None


def test_parcels_say_whether_they_were_delivered() -> None:
    packages = [
        {"packageReferenceId": "1", "packageStatus": {"status": "DELIVERED"}, "shipTime": "2026-11-21T08:00:00Z"},
        {"packageReferenceId": "2", "packageStatus": {"status": "IN_TRANSIT"}},
        {"packageReferenceId": "3"},
    ]
    assert read(packages=packages).packages == (
        Package(is_delivered=True, shipped_at=datetime(2026, 11, 21, 8, tzinfo=UTC)),
        Package(is_delivered=False, shipped_at=None),
        Package(is_delivered=False, shipped_at=None),
    )


def test_one_bad_order_does_not_spoil_its_page_and_says_nothing_personal() -> None:
    bad = document(orderId="302-2", recipient={"deliveryAddress": {"name": 7, "postalCode": "QX99 9XQ"}})
    body = {"orders": [document(), bad, {"orderId": 3}], "pagination": {"nextToken": "t"}}
    page = decode_recipients(json.dumps(body).encode())
    assert [each.order_id for each in page.orders] == ["302-1"]
    assert [each.order_id for each in page.unreadable] == ["302-2", ""]
    assert "QX99" not in repr(page)
    assert page.next_token == "t"
    assert isinstance(decode_recipient(json.dumps({"order": bad}).encode()), UnreadableOrder)


@pytest.mark.parametrize("body", [b"[]", b"{", b"{}"])
def test_what_is_no_answer_is_amazons_fault(body: bytes) -> None:
    for decode in (decode_recipient, decode_recipients):
        with pytest.raises(UnexpectedAnswer):
            decode(body)


def test_an_address_is_hidden_whatever_it_holds() -> None:
    assert repr(Address(name="Planted")) == "Address(hidden)"
