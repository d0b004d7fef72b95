import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.envelopes import (
    AccountStatusChange,
    InventoryChange,
    ListingIssuesChange,
    ListingQuantityChange,
    ListingStatusChange,
    Notification,
    OrderChange,
    OtherPayload,
    Problem,
    ProductTypeDefinitionsChange,
    ReportFinished,
    TransactionUpdate,
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


def of_type(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "PayloadVersion": "1.0",
        "EventTime": "2026-11-21T10:11:12.194Z",
        "Payload": payload,
        "NotificationMetadata": dict(METADATA),
    }


def listing_status() -> dict[str, Any]:
    return of_type(
        "LISTINGS_ITEM_STATUS_CHANGE",
        {
            "SellerId": "A3TH9S8BH6GOGM", "MarketplaceId": "ATVPDKIKX0DER", "Asin": "B1", "Sku": "SKU1",
            "CreatedDate": "2026-02-03T18:50:26.196Z", "Status": ["BUYABLE", "SOMETHING_NEW"],
        },
    )  # fmt: skip


def listing_issues() -> dict[str, Any]:
    return {
        **of_type(
            "LISTINGS_ITEM_ISSUES_CHANGE",
            {
                "SellerId": "A3TH9S8BH6GOGM", "MarketplaceId": "ATVPDKIKX0DER", "Asin": "B1", "Sku": "SKU1",
                "Severities": ["ERROR", "WARNING"], "EnforcementActions": ["SEARCH_SUPPRESSED"],
            },
        ),
        "PayloadVersion": "2023-12-13",
    }  # fmt: skip


def definitions_change() -> dict[str, Any]:
    return of_type(
        "PRODUCT_TYPE_DEFINITIONS_CHANGE",
        {"AccountId": "A3TH9S8BH6GOGM", "ProductTypeVersion": "Uyp-Z6z", "NewProductTypes": ["LUGGAGE"]},
    )


def listing_quantity() -> dict[str, Any]:
    return of_type(
        "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
        {"SellerId": "A3TH9S8BH6GOGM", "FulfillmentChannelCode": "DEFAULT", "Sku": "SKU1", "Quantity": 7},
    )


def transaction_update() -> dict[str, Any]:
    return of_type(
        "TRANSACTION_UPDATE",
        {
            "TransactionUpdateNotification": {
                "SellingPartnerMetadata": {
                    "SellingPartnerId": "A3TH9S8BH6GOGM", "MarketplaceId": "ATVPDKIKX0DER", "AccountType": "Standard",
                },
                "RelatedIdentifiers": [{"RelatedIdentifierName": "ORDER_ID", "RelatedIdentifierValue": "902-1"}],
                "TransactionType": "Shipment",
                "PostedDate": "2026-11-21T10:00:00Z",
                "TotalAmount": {"CurrencyAmount": 12.5, "CurrencyCode": "USD"},
            }
        },
    )  # fmt: skip


def account_status() -> dict[str, Any]:
    message = recased(of_type("ACCOUNT_STATUS_CHANGED", {}), lambda name: name[0].lower() + name[1:])
    change = {"previousAccountStatus": "NORMAL", "currentAccountStatus": "AT_RISK"}
    return {**message, "payload": {"accountStatusChangeNotification": change}}


EXAMPLES: list[tuple[Callable[[], dict[str, Any]], type]] = [
    (order_change, OrderChange), (inventory_change, InventoryChange), (report_finished, ReportFinished),
    (listing_status, ListingStatusChange), (listing_issues, ListingIssuesChange),
    (listing_quantity, ListingQuantityChange), (transaction_update, TransactionUpdate),
    (account_status, AccountStatusChange), (definitions_change, ProductTypeDefinitionsChange),
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
    assert found.selling_partner_id == (None if kind is AccountStatusChange else "A3TH9S8BH6GOGM")
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


def test_what_a_change_of_a_listing_says() -> None:
    status = read(listing_status()).payload
    assert isinstance(status, ListingStatusChange)
    assert (status.marketplace_id, status.seller_sku, status.asin) == ("ATVPDKIKX0DER", "SKU1", "B1")
    assert status.status == ("BUYABLE", "SOMETHING_NEW")
    neither = listing_status()
    neither["Payload"].update(Status=[], Asin=None, CreatedDate=None)
    gone = read(neither).payload
    assert isinstance(gone, ListingStatusChange)
    assert (gone.status, gone.asin) == ((), None)
    found = read(listing_issues())
    issues = found.payload
    assert isinstance(issues, ListingIssuesChange)
    assert (issues.severities, issues.enforcement_actions) == (("ERROR", "WARNING"), ("SEARCH_SUPPRESSED",))
    assert (issues.seller_sku, found.payload_version) == ("SKU1", "2023-12-13")
    quantity = read(listing_quantity()).payload
    assert isinstance(quantity, ListingQuantityChange)
    assert (quantity.seller_sku, quantity.quantity, quantity.fulfillment_channel_code) == ("SKU1", 7, "DEFAULT")


def test_what_is_without_issues_has_empty_lists_or_none() -> None:
    message = listing_issues()
    message["Payload"].update(Severities=None, EnforcementActions=[])
    issues = read(message).payload
    assert isinstance(issues, ListingIssuesChange)
    assert (issues.severities, issues.enforcement_actions) == ((), ())


def test_a_transaction_update_is_a_sign_with_a_seller() -> None:
    update = read(transaction_update()).payload
    assert isinstance(update, TransactionUpdate)
    assert (update.transaction_type, update.selling_partner_metadata.marketplace_id) == ("Shipment", "ATVPDKIKX0DER")
    assert update.related_identifiers[0].related_identifier_value == "902-1"


def test_an_account_status_names_no_seller_but_its_subscription() -> None:
    found = read(account_status())
    assert isinstance(found.payload, AccountStatusChange)
    assert (found.payload.previous_account_status, found.payload.current_account_status) == ("NORMAL", "AT_RISK")
    assert (found.selling_partner_id, found.subscription_id) == (None, "sub-1")


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


NESTINGS: dict[str, Callable[[dict[str, Any]], object]] = {
    "itself": lambda message: message,
    "below a name": lambda message: {"notification": message},
    "below a name beside others": lambda message: {"version": "1", "about": {"a": 1}, "list": [], "Event": message},
    "as text": json.dumps,
    "below a name as text": lambda message: json.dumps({"notification": message}),
}


@pytest.mark.parametrize("nesting", NESTINGS)
@pytest.mark.parametrize(("example", "kind"), EXAMPLES)
def test_an_event_of_eventbridge_is_unwrapped(example: Callable[[], dict[str, Any]], kind: type, nesting: str) -> None:
    event = {
        "version": "0", "id": "e", "detail-type": "X", "source": "aws.partner/sellingpartnerapi.amazon.com/1/2",
        "account": "1", "time": "2026-11-21T10:11:14Z", "region": "us-east-1", "resources": [],
        "detail": NESTINGS[nesting](example()),
    }  # fmt: skip
    found = read(event)
    assert type(found.payload) is kind
    assert found == read(example())


@pytest.mark.parametrize("detail", [{}, {"a": 1}, {"a": {}}, {"a": {"NotificationType": 7}}, "text", '"', [], 7, None])
def test_an_event_without_a_notification_is_a_problem(detail: object) -> None:
    found = decode(json.dumps({"detail-type": "X", "detail": detail}))
    assert isinstance(found, Problem)
    assert found.code in {"not_a_notification", "not_json"}


def test_a_bad_notification_in_an_event_still_names_its_seller() -> None:
    message = transaction_update()
    message["Payload"]["TransactionUpdateNotification"]["RelatedIdentifiers"] = 7
    found = decode(json.dumps({"detail-type": "X", "detail": {"notification": message}}))
    assert isinstance(found, Problem)
    assert (found.type, found.selling_partner_id, found.notification_id) == (
        "TRANSACTION_UPDATE", "A3TH9S8BH6GOGM", "n-1",
    )  # fmt: skip
    assert found.path == "$.Payload.TransactionUpdateNotification.RelatedIdentifiers"


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


@given(st.sampled_from([example for example, _ in EXAMPLES]), st.data())
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


def _notified(**summary: Any) -> dict[str, Any]:
    message = order_change()
    message["Payload"]["OrderChangeNotification"]["Summary"].update(summary)
    return message


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(_notified(DestinationPostalCode=48110)),
        json.dumps({"detail": json.dumps(_notified(DestinationPostalCode="48110"))}),
        json.dumps({"detail": json.dumps(_notified(DestinationPostalCode="48110"))[:-20]}),
        json.dumps(_notified(ShipToCity="48110", RecipientPhone="48110", BuyerTaxInfo={"Id": "48110"})),
        json.dumps(_notified(Note="write to a.b48110@mail.example")),
        json.dumps(_notified(DestinationPostalCode="48110"))[:-1],
        '{"a": 48110, 48110 "48110" Jane 48110',
        "[" * 5000 + '"48110"',
    ],
)
def test_personal_data_is_not_kept_wherever_it_stands(body: str) -> None:
    kept = without_personal_data(body)
    assert "48110" not in kept
    assert "Jane" not in kept


def test_quarantine_keeps_every_field_that_is_read() -> None:
    for example, _ in EXAMPLES:
        message = json.dumps(example())
        assert decode(without_personal_data(message)) == decode(message)


def test_of_a_message_that_is_no_json_the_shape_is_kept() -> None:
    assert without_personal_data('{"NotificationType": "ORDER_CHANGE", "Zip": 1') == (
        '{"NotificationType": "xxxxx_xxxxxx", "Zip": 0'
    )
