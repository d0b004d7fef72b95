import json
from typing import Any

import pytest

from quayside.amazon.errors import UnexpectedAnswer
from quayside.amazon.inbound import (
    InboundItem,
    InboundShipment,
    decode_items_v0,
    decode_plan,
    decode_plans,
    decode_shipment,
    decode_shipment_items,
    decode_shipments_v0,
)

ADDRESS = {
    "name": "Jane Doe", "addressLine1": "1 Quay", "city": "Hull", "postalCode": "HU1", "countryCode": "GB",
    "email": "jane@example.com", "phoneNumber": "0123",
}  # fmt: skip


def plan(**changes: Any) -> dict[str, Any]:
    return {
        "inboundPlanId": "wf1",
        "name": "FBA (21/11/2026)",
        "status": "ACTIVE",
        "createdAt": "2026-11-20T10:00:00Z",
        "lastUpdatedAt": "2026-11-21T10:00:00",
        "marketplaceIds": ["A1F83G8C2ARO7P"],
        "sourceAddress": ADDRESS,
        "shipments": [{"shipmentId": "sh1", "status": "WORKING"}, {"shipmentId": "sh2"}],
        "packingOptions": [],
        **changes,
    }


def shipment(**changes: Any) -> dict[str, Any]:
    return {
        "shipmentId": "sh1",
        "shipmentConfirmationId": "FBA15ABC",
        "name": "one",
        "status": "SOMETHING_NEW",
        "placementOptionId": "pl1",
        "destination": {"destinationType": "AMAZON_WAREHOUSE", "warehouseId": "LBA1", "address": ADDRESS},
        "source": {"sourceType": "SELLER_FACILITY", "address": ADDRESS},
        "contactInformation": {"name": "Jane Doe", "phoneNumber": "0123", "email": "jane@example.com"},
        "dates": {"readyToShipWindow": {"start": "2026-11-22T00:00:00Z", "end": "2026-11-23T00:00:00Z"}},
        "selectedDeliveryWindow": {
            "deliveryWindowOptionId": "d", "availabilityType": "AVAILABLE",
            "startDate": "2026-11-25T00:00:00Z", "endDate": "2026-11-26T00:00:00Z",
        },
        "trackingDetails": {
            "spdTrackingDetail": {"spdTrackingItems": [{"boxId": "b", "trackingId": "1Z9"}, {"boxId": "c"}]},
            "ltlTrackingDetail": {"freightBillNumber": ["PRO1"]},
        },
        **changes,
    }  # fmt: skip


def test_plans_are_read_one_by_one() -> None:
    body = {
        "inboundPlans": [plan(shipments=None), plan(inboundPlanId="wf2", createdAt=None), 7],
        "pagination": {"nextToken": "t"},
    }
    found = decode_plans(json.dumps(body).encode())
    assert [(each.inbound_plan_id, each.shipments) for each in found.plans] == [("wf1", ())]
    assert [each.identifier for each in found.unreadable] == ["wf2", ""]
    assert found.next_token == "t"
    nothings: list[dict[str, Any]] = [{}, {"inboundPlans": None}, {"inboundPlans": [], "pagination": {}}]
    for nothing in nothings:
        empty = decode_plans(json.dumps(nothing).encode())
        assert (empty.plans, empty.next_token) == ((), None)


def test_a_plan_names_its_shipments() -> None:
    found = decode_plan(json.dumps(plan()).encode())
    assert [(each.shipment_id, each.status) for each in found.shipments] == [("sh1", "WORKING"), ("sh2", None)]
    assert found.last_updated_at.isoformat() == "2026-11-21T10:00:00+00:00"


def test_a_shipment_with_its_windows_and_parcels() -> None:
    found = decode_shipment(json.dumps(shipment()).encode(), "wf1")
    assert (found.shipment_id, found.confirmation_id, found.plan_id) == ("sh1", "FBA15ABC", "wf1")
    assert (found.status, found.destination, found.tracking_ids) == ("SOMETHING_NEW", "LBA1", ("1Z9", "PRO1"))
    instants = (found.ready_from, found.ready_until, found.delivery_from, found.delivery_until)
    assert [each and each.day for each in instants] == [22, 23, 25, 26]


def test_a_shipment_that_just_began_has_little() -> None:
    assert decode_shipment(b'{"shipmentId": "sh1"}', "wf1") == InboundShipment("sh1", None, "wf1")
    bare = shipment(dates={}, selectedDeliveryWindow=None, trackingDetails={}, destination=None)
    assert decode_shipment(json.dumps(bare).encode(), "wf1").tracking_ids == ()


def test_people_and_addresses_have_no_place_in_a_shipment() -> None:
    shown = repr(decode_plan(json.dumps(plan()).encode())) + repr(
        decode_shipment(json.dumps(shipment()).encode(), "wf1")
    )
    v0 = {
        "payload": {"ShipmentData": [{"ShipmentId": "FBA1", "ShipFromAddress": {"Name": "Jane Doe", "City": "Hull"}}]}
    }
    shown += repr(decode_shipments_v0(json.dumps(v0).encode()))
    for personal in ("Jane", "jane@", "Quay,", "HU1", "0123", "Hull"):
        assert personal not in shown


def test_items_of_a_plan_tell_nothing_of_what_was_received() -> None:
    body = {
        "items": [{"msku": "S1", "quantity": 5, "asin": "B1", "fnsku": "X1", "labelOwner": "SELLER"}, {"msku": "S2"}],
        "pagination": {"nextToken": "t"},
    }
    found = decode_shipment_items(json.dumps(body).encode(), "sh1")
    assert found.items == (InboundItem("sh1", "S1", 5, None, "B1", "X1"),)
    assert [each.identifier for each in found.unreadable] == ["S2"]
    assert found.next_token == "t"


def test_shipments_of_v0_go_by_the_id_that_both_know() -> None:
    data = [
        {
            "ShipmentId": "FBA15ABC", "ShipmentName": "one", "ShipmentStatus": "RECEIVING",
            "DestinationFulfillmentCenterId": "LBA1", "AreCasesRequired": False,
        },
        {"ShipmentName": "without"},
    ]  # fmt: skip
    found = decode_shipments_v0(json.dumps({"payload": {"ShipmentData": data, "NextToken": "t"}}).encode())
    assert found.shipments == (
        InboundShipment("FBA15ABC", "FBA15ABC", name="one", status="RECEIVING", destination="LBA1"),
    )
    assert (len(found.unreadable), found.next_token) == (1, "t")


@pytest.mark.parametrize(
    ("received", "units"), [({"QuantityReceived": 3}, 3), ({}, 0), ({"QuantityReceived": None}, 0)]
)
def test_items_of_v0_tell_what_was_received(received: dict[str, Any], units: int) -> None:
    item = {"ShipmentId": "FBA1", "SellerSKU": "S1", "FulfillmentNetworkSKU": "X1", "QuantityShipped": 5, **received}
    body = {"payload": {"ItemData": [item, {"ShipmentId": "FBA2", "QuantityShipped": 5}]}}
    found = decode_items_v0(json.dumps(body).encode())
    assert found.items == (InboundItem("FBA1", "S1", 5, units, None, "X1"),)
    assert [each.identifier for each in found.unreadable] == ["FBA2"]
    assert found.next_token is None


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"7", b'{"inboundPlans": 7}', b'{"payload": {"ItemData": 7}}']
)
def test_an_answer_that_is_none_is_amazons_fault(content: bytes) -> None:
    readers = [
        decode_plan,
        lambda body: decode_shipment(body, "wf1"),
        lambda body: decode_shipment_items(body, "sh1"),
        decode_items_v0,
        *([] if b"payload" in content else [decode_plans, decode_shipments_v0]),
    ]
    for read in readers:
        with pytest.raises(UnexpectedAnswer):
            read(content)
