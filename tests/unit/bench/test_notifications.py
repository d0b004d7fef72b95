"""The generator of the intake benchmark: its truth has to be what a perfect reader would hold."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bench.notifications import (
    REPEATED_SHARE,
    InventoryTruth,
    LineTruth,
    OrderTruth,
    Traffic,
    generate,
    sqs_event,
    subscription_id,
)

UNTIL = datetime(2026, 11, 22, tzinfo=UTC)
STATUS = {
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "Canceled": "CANCELLED",
}


@pytest.fixture(scope="module")
def traffic() -> Traffic:
    return generate(seed=11, deliveries=2000, until=UNTIL)


def orders_of(traffic: Traffic) -> list[dict[str, Any]]:
    bodies = [json.loads(body) for body in traffic.deliveries]
    return [body["Payload"]["OrderChangeNotification"] for body in bodies if body["NotificationType"] == "ORDER_CHANGE"]


def test_the_same_seed_gives_the_same_traffic_and_another_seed_another(traffic: Traffic) -> None:
    assert generate(seed=11, deliveries=2000, until=UNTIL) == traffic
    assert generate(seed=12, deliveries=2000, until=UNTIL).deliveries != traffic.deliveries


def test_about_one_delivery_in_seven_repeats_another(traffic: Traffic) -> None:
    assert len(traffic.deliveries) == 2000
    distinct = len(set(traffic.deliveries))
    assert distinct == traffic.order_changes + traffic.inventory_changes == 2000 - round(2000 * REPEATED_SHARE)


def test_deliveries_of_one_order_come_out_of_order_often_enough_to_matter(traffic: Traffic) -> None:
    newest: dict[str, str] = {}
    late = 0
    for change in orders_of(traffic):
        at, order = change["OrderChangeTrigger"]["TimeOfOrderChange"], change["AmazonOrderId"]
        late += at < newest.get(order, "")
        newest[order] = max(at, newest.get(order, ""))
    assert late > 200


def test_some_changes_of_an_order_differ_by_milliseconds_only(traffic: Traffic) -> None:
    seconds: Counter[tuple[str, str]] = Counter()
    for order, at in {(c["AmazonOrderId"], c["OrderChangeTrigger"]["TimeOfOrderChange"]) for c in orders_of(traffic)}:
        seconds[(order, at[:19])] += 1
    assert max(seconds.values()) > 1


def test_no_two_changes_of_an_order_claim_the_same_instant(traffic: Traffic) -> None:
    claims: dict[tuple[str, str], str] = {}
    for change in orders_of(traffic):
        at = change["OrderChangeTrigger"]["TimeOfOrderChange"]
        told = json.dumps(change["Summary"])
        assert claims.setdefault((change["AmazonOrderId"], at), told) == told


def test_the_truth_is_the_newest_change_of_each_order(traffic: Traffic) -> None:
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for change in orders_of(traffic):
        key = (change["SellerId"], change["AmazonOrderId"])
        at = change["OrderChangeTrigger"]["TimeOfOrderChange"]
        if key not in newest or newest[key]["OrderChangeTrigger"]["TimeOfOrderChange"] < at:
            newest[key] = change
    read = {
        key: OrderTruth(
            selling_partner_id=change["SellerId"],
            marketplace_id=change["Summary"]["MarketplaceId"],
            order_id=change["AmazonOrderId"],
            purchased_at=change["Summary"]["PurchaseDate"][:19] + "Z",
            status=STATUS[change["Summary"]["OrderStatus"]],
            fulfilled_by={"AFN": "AMAZON", "MFN": "MERCHANT"}[change["Summary"]["FulfillmentType"]],
            lines=tuple(
                LineTruth(line["OrderItemId"], line["SellerSKU"], line["Quantity"], line["QuantityShipped"])
                for line in change["Summary"]["OrderItems"]
            ),
        )
        for key, change in newest.items()
    }
    assert read == traffic.orders
    assert len({truth.status for truth in traffic.orders.values()}) >= 3


def test_the_truth_is_the_newest_count_of_each_position(traffic: Traffic) -> None:
    newest: dict[tuple[str, str, str], tuple[str, int]] = {}
    for body in map(json.loads, traffic.deliveries):
        if body["NotificationType"] == "ORDER_CHANGE":
            continue
        place = body["Payload"]["FulfillmentInventoryByMarketplace"][0]
        key = (body["Payload"]["SellerId"], place["MarketplaceId"], body["Payload"]["SKU"])
        told = (body["EventTime"], place["FulfillmentInventory"]["Fulfillable"])
        newest[key] = max(told, newest.get(key, ("", 0)))
    assert {key: told[1] for key, told in newest.items()} == {
        key: truth.fulfillable for key, truth in traffic.positions.items()
    }
    assert all(isinstance(truth, InventoryTruth) for truth in traffic.positions.values())


def test_each_seller_has_a_subscription_of_its_own(traffic: Traffic) -> None:
    for body in map(json.loads, traffic.deliveries):
        payload = body["Payload"].get("OrderChangeNotification", body["Payload"])
        expected = subscription_id(payload["SellerId"], body["NotificationType"])
        assert body["NotificationMetadata"]["SubscriptionId"] == expected


def test_an_event_holds_its_messages_in_the_shape_of_lambda() -> None:
    event = sqs_event(["one", "two"], "arn:aws:sqs:us-east-1:000000000000:intake", 40)
    records = event["Records"]
    assert isinstance(records, list)
    assert [record["body"] for record in records] == ["one", "two"]
    assert len({record["messageId"] for record in records}) == 2
    assert {record["eventSource"] for record in records} == {"aws:sqs"}
