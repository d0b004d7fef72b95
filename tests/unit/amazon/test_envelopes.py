import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.envelopes import (
    InventoryChange,
    Notification,
    OrderChange,
    OtherPayload,
    Problem,
    ReportFinished,
    decode,
    without_personal_data,
)

METADATA = {
    "ApplicationId": "app",
    "SubscriptionId": "sub-1",
    "PublishTime": "2026-11-21T10:11:13Z",
    "NotificationId": "n-1",
}


def order_change() -> dict[str, Any]:
    """Amazon's own example, shortened to what matters and with every field that has caused trouble."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": "2026-11-21T10:11:12.109Z",
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": "OrderLevel",
                "SellerId": "A3TH9S8BH6GOGM",
                "AmazonOrderId": "903-8868176-2219830",
                "OrderChangeType": "OrderStatusChange",
                "OrderChangeTrigger": {"TimeOfOrderChange": "2026-11-21T10:11:10.284Z", "ChangeReason": "x"},
                "Summary": {
                    "MarketplaceId": "ATVPDKIKX0DER",
                    "OrderStatus": "Unshipped",
                    "PurchaseDate": "2026-11-21T10:00:00.000Z",
                    "DestinationPostalCode": "48110",
                    "FulfillmentType": "MFN",
                    "OrderType": "StandardOrder",
                    "NumberOfItemsShipped": 0,
                    "NumberOfItemsUnshipped": 10,
                    "EarliestShipDate": "2026-11-22T08:00:00Z",
                    "OrderPrograms": ["Business"],
                    "OrderItems": [
                        {
                            "OrderItemId": "1",
                            "SellerSKU": "SKU1",
                            "SupplySourceId": None,
                            "Quantity": 10,
                            "QuantityShipped": 0,
                        }
                    ],
                },
            }
        },
        "NotificationMetadata": dict(METADATA),
    }


def inventory_change() -> dict[str, Any]:
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "FBA_INVENTORY_AVAILABILITY_CHANGES",
        "PayloadVersion": "1.0",
        "EventTime": "2026-11-21T10:11:12Z",
        "Payload": {
            "SellerId": "A3TH9S8BH6GOGM",
            "FNSKU": "X1",
            "ASIN": "B1",
            "SKU": "SKU1",
            "FulfillmentInventoryByMarketplace": [
                {
                    "MarketplaceId": "ATVPDKIKX0DER",
                    "ItemName": "Lamp",
                    "FulfillmentInventory": {
                        "InboundQuantityBreakdown": {"Working": 1, "Shipped": 2, "Receiving": 3},
                        "Fulfillable": 4,
                        "Unfulfillable": 5,
                        "Researching": 6,
                        "ReservedQuantityBreakdown": {
                            "WarehouseProcessing": 7, "WarehouseTransfer": 8, "PendingCustomerOrder": 9,
                        },
                        "FutureSupplyBuyable": 0,
                        "PendingCustomerOrderInTransit": 0,
                    },
                    "Stores": [],
                }
            ],
        },
    }  # fmt: skip


def report_finished() -> dict[str, Any]:
    return {
        "notificationVersion": "2020-09-04",
        "notificationType": "REPORT_PROCESSING_FINISHED",
        "payloadVersion": "2020-09-04",
        "eventTime": "2026-11-21T10:11:12.214Z",
        "payload": {
            "reportProcessingFinishedNotification": {
                "sellerId": "A3TH9S8BH6GOGM",
                "accountId": "amzn1.merchant.o.A3TH9S8BH6GOGM",
                "reportId": "54517018502",
                "reportType": "GET_FLAT_FILE_ALL_ORDERS",
                "processingStatus": "DONE",
                "reportDocumentId": "d",
            }
        },
        "notificationMetadata": {name[0].lower() + name[1:]: value for name, value in METADATA.items()},
    }


EXAMPLES: list[tuple[Callable[[], dict[str, Any]], type]] = [
    (order_change, OrderChange), (inventory_change, InventoryChange), (report_finished, ReportFinished),
]  # fmt: skip


def read(message: object) -> Notification:
    found = decode(json.dumps(message))
    assert isinstance(found, Notification), found
    return found


def recased(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {change(name): recased(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [recased(part, change) for part in value]
    return value


@pytest.mark.parametrize(("example", "kind"), EXAMPLES)
def test_each_type_is_read_in_the_casing_amazon_documents(example: Callable[[], dict[str, Any]], kind: type) -> None:
    found = read(example())
    assert type(found.payload) is kind
    assert found.selling_partner_id == "A3TH9S8BH6GOGM"
    assert found.event_time.isoformat().startswith("2026-11-21T10:11:12")


@pytest.mark.parametrize(("example", "kind"), EXAMPLES)
@pytest.mark.parametrize(
    "change",
    [lambda name: name[0].lower() + name[1:], lambda name: name[0].upper() + name[1:]],
    ids=["camel", "pascal"],
)
def test_each_type_is_read_in_the_other_casing_too(
    example: Callable[[], dict[str, Any]], kind: type, change: Callable[[str], str]
) -> None:
    found = read(recased(example(), change))
    assert type(found.payload) is kind
    assert found.payload == read(example()).payload


def test_what_an_order_change_says() -> None:
    found = read(order_change())
    assert isinstance(found.payload, OrderChange)
    summary = found.payload.summary
    assert (found.notification_id, found.subscription_id) == ("n-1", "sub-1")
    assert (summary.order_status, summary.order_items[0].seller_sku, summary.order_items[0].quantity) == (
        "Unshipped", "SKU1", 10,
    )  # fmt: skip
    trigger = found.payload.order_change_trigger
    assert trigger is not None
    assert trigger.time_of_order_change is not None


def test_what_an_inventory_change_says() -> None:
    found = read(inventory_change())
    assert isinstance(found.payload, InventoryChange)
    assert (found.payload.seller_sku, found.payload.asin, found.payload.fnsku) == ("SKU1", "B1", "X1")
    stock = found.payload.fulfillment_inventory_by_marketplace[0].fulfillment_inventory
    assert (stock.fulfillable, stock.inbound_quantity_breakdown.receiving) == (4, 3)
    assert stock.reserved_quantity_breakdown.pending_customer_order == 9
    assert found.subscription_id is None


def test_the_postal_code_is_gone_on_arrival() -> None:
    assert "48110" not in repr(read(order_change()))


def test_values_and_fields_that_amazon_adds_are_no_trouble() -> None:
    message = order_change()
    content = message["Payload"]["OrderChangeNotification"]
    content["OrderChangeType"] = content["Summary"]["OrderStatus"] = content["Summary"]["FulfillmentType"] = "UpComing"
    content["Summary"]["New"] = {"Deep": [1]}
    message["Added"] = True
    content["OrderChangeTrigger"]["TimeOfOrderChange"] = None
    content["Summary"]["PurchaseDate"] = None
    found = read(message)
    assert isinstance(found.payload, OrderChange)
    assert found.payload.summary.order_status == "UpComing"


def test_a_type_that_is_not_read_yet_still_names_its_seller() -> None:
    message = {
        **order_change(),
        "NotificationType": "ANY_OFFER_CHANGED",
        "Payload": {"AnyOfferChangedNotification": {"SellerId": "A1"}},
    }
    assert read(message).payload == OtherPayload("A1")


def test_an_event_of_eventbridge_is_unwrapped() -> None:
    found = read(
        {"version": "0", "id": "e", "detail-type": "ORDER_CHANGE", "source": "aws.partner/x", "detail": order_change()}
    )
    assert found.type == "ORDER_CHANGE"


MISSING = [
    (("Payload", "OrderChangeNotification", "AmazonOrderId"), "$.Payload.OrderChangeNotification"),
    (("Payload", "OrderChangeNotification", "Summary", "MarketplaceId"), "$.Payload.OrderChangeNotification.Summary"),
    (("Payload", "OrderChangeNotification"), "$.Payload"),
    (("Payload",), "$"),
    (("EventTime",), "$"),
    (("NotificationType",), "$"),
]


@pytest.mark.parametrize(("path", "where"), MISSING)
def test_a_missing_field_is_named_with_its_path(path: tuple[str, ...], where: str) -> None:
    message = order_change()
    place = message
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    found = decode(json.dumps(message))
    assert isinstance(found, Problem)
    assert found.path == where
    if path[-1] not in {"NotificationType", "OrderChangeNotification", "Payload"}:
        assert path[-1] in found.detail
        assert found.selling_partner_id == "A3TH9S8BH6GOGM"
    assert found.notification_id == "n-1"


def test_a_wrong_kind_of_value_is_named_with_its_path() -> None:
    message = order_change()
    message["Payload"]["OrderChangeNotification"]["Summary"]["OrderItems"][0]["Quantity"] = "many"
    found = decode(json.dumps(message))
    assert isinstance(found, Problem)
    assert found.code == "invalid_payload"
    assert found.path == "$.Payload.OrderChangeNotification.Summary.OrderItems[0].Quantity"


@pytest.mark.parametrize("body", ["", "{", "null", "[]", '"text"', "{}", "\xff", '{"NotificationType": 7}', "NaN"])
def test_what_is_no_notification_is_a_problem(body: str) -> None:
    found = decode(body)
    assert isinstance(found, Problem)
    assert found.detail


@given(st.binary() | st.text().map(str.encode))
def test_nothing_that_arrives_crashes_the_reader(body: bytes) -> None:
    assert isinstance(decode(body), Notification | Problem)
    assert isinstance(without_personal_data(body), str)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from([order_change, inventory_change, report_finished]), st.data())
def test_any_part_of_a_message_may_be_anything(example: Callable[[], dict[str, Any]], data: st.DataObject) -> None:
    message = example()
    place: Any = message
    while True:
        name = data.draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1))
        inner = place[name]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[name] = data.draw(json_values)
            break
        place = inner
    assert isinstance(decode(json.dumps(message)), Notification | Problem)


def test_quarantine_keeps_the_message_without_personal_data() -> None:
    kept = json.loads(without_personal_data(json.dumps(order_change())))
    assert "DestinationPostalCode" not in kept["Payload"]["OrderChangeNotification"]["Summary"]
    del order_change()["Payload"]["OrderChangeNotification"]["Summary"]["DestinationPostalCode"]
    assert kept["Payload"]["OrderChangeNotification"]["AmazonOrderId"] == "903-8868176-2219830"
    assert isinstance(decode(json.dumps(kept)), Notification)


@pytest.mark.parametrize("cut", [10, 60, 400, 700, 900])
def test_a_message_cut_short_is_kept_without_its_postal_code(cut: int) -> None:
    kept = without_personal_data(json.dumps(order_change())[:cut])
    assert "4811" not in kept
