"""Amazon's notifications and stream records, as they arrive, for tests."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

US = "ATVPDKIKX0DER"
DE = "A1PA6795UKMFR9"


def order_line(
    item_id: str = "1", *, sku: str = "SKU-1", quantity: int = 1, shipped: int = 0, status: str = "Unshipped"
) -> dict[str, Any]:
    """Return one entry of OrderItems."""
    return {
        "OrderItemId": item_id,
        "SellerSKU": sku,
        "OrderItemStatus": status,
        "Quantity": quantity,
        "QuantityShipped": shipped,
    }


def order_change(
    order_id: str = "903-8868176-2219830",
    *,
    seller: str = "A3TH9S8BH6GOGM",
    marketplace: str = US,
    status: str = "Unshipped",
    purchased: str = "2026-11-20T18:00:00.284Z",
    changed: str = "2026-11-20T18:05:00.000Z",
    level: str = "OrderLevel",
    lines: Sequence[Mapping[str, Any]] | None = None,
    subscription: str | None = "subscription-1",
    **summary: Any,
) -> dict[str, Any]:
    """Return an ORDER_CHANGE notification."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": changed,
        "Payload": {
            "OrderChangeNotification": {
                "NotificationLevel": level,
                "SellerId": seller,
                "AmazonOrderId": order_id,
                "OrderChangeType": "OrderStatusChange",
                "OrderChangeTrigger": {"TimeOfOrderChange": changed, "ChangeReason": "x"},
                "Summary": {
                    "MarketplaceId": marketplace,
                    "OrderStatus": status,
                    "PurchaseDate": purchased,
                    "DestinationPostalCode": "48110",
                    "FulfillmentType": "AFN",
                    "OrderType": "StandardOrder",
                    "EarliestShipDate": "2026-11-21T08:00:00Z",
                    "LatestShipDate": "2026-11-22T08:00:00Z",
                    "EarliestDeliveryDate": "2026-11-24T08:00:00Z",
                    "LatestDeliveryDate": "2026-11-26T08:00:00Z",
                    "OrderItems": [dict(line) for line in (lines or [order_line()])],
                    **summary,
                },
            }
        },
        "NotificationMetadata": {
            "ApplicationId": "app",
            "SubscriptionId": subscription,
            "PublishTime": changed,
            "NotificationId": f"{order_id}:{changed}",
        },
    }


def inventory_change(
    sku: str = "SKU-1",
    *,
    seller: str = "A3TH9S8BH6GOGM",
    at: str = "2026-11-20T18:05:00.000Z",
    stock: Mapping[str, int] | None = None,
    quantities: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return an FBA_INVENTORY_AVAILABILITY_CHANGES notification; ``stock`` is fulfillable units by marketplace."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "FBA_INVENTORY_AVAILABILITY_CHANGES",
        "PayloadVersion": "1.0",
        "EventTime": at,
        "Payload": {
            "SellerId": seller,
            "FNSKU": "X001",
            "ASIN": "B000000001",
            "SKU": sku,
            "FulfillmentInventoryByMarketplace": [
                {
                    "MarketplaceId": marketplace,
                    "ItemName": "Coffee beans",
                    "FulfillmentInventory": {
                        "InboundQuantityBreakdown": {"Working": 1, "Shipped": 2, "Receiving": 3},
                        "Fulfillable": fulfillable,
                        "Unfulfillable": 4,
                        "Researching": 5,
                        "ReservedQuantityBreakdown": {
                            "WarehouseProcessing": 6,
                            "WarehouseTransfer": 7,
                            "PendingCustomerOrder": 8,
                        },
                        "FutureSupplyBuyable": 0,
                        "PendingCustomerOrderInTransit": 0,
                        **(quantities or {}),
                    },
                }
                for marketplace, fulfillable in (stock or {US: 10}).items()
            ],
        },
    }


def report_finished(
    seller: str = "A3TH9S8BH6GOGM",
    *,
    report_id: str = "54517018502",
    report_type: str = "GET_FLAT_FILE_ACTIONABLE_ORDER_DATA",
) -> dict[str, Any]:
    """Return a REPORT_PROCESSING_FINISHED notification, in its camel casing."""
    return {
        "notificationVersion": "2020-09-04",
        "notificationType": "REPORT_PROCESSING_FINISHED",
        "payloadVersion": "2020-09-04",
        "eventTime": "2026-11-20T18:05:00.000Z",
        "payload": {
            "reportProcessingFinishedNotification": {
                "sellerId": seller,
                "accountId": "amzn1.merchant.o.x",
                "reportId": report_id,
                "reportType": report_type,
                "processingStatus": "DONE",
            }
        },
        "notificationMetadata": {
            "applicationId": "app",
            "subscriptionId": "s",
            "publishTime": "x",
            "notificationId": "n",
        },
    }


def pascal(
    notification_type: str, payload: Mapping[str, Any], *, at: str = "2026-11-20T18:05:00.000Z"
) -> dict[str, Any]:
    """Return a notification in Pascal casing, sent for the subscription that the tests' sellers have."""
    return {
        "NotificationVersion": "1.0",
        "NotificationType": notification_type,
        "PayloadVersion": "1.0",
        "EventTime": at,
        "Payload": dict(payload),
        "NotificationMetadata": {
            "ApplicationId": "app",
            "SubscriptionId": "subscription-1",
            "PublishTime": at,
            "NotificationId": "n",
        },
    }


def listing_status(
    *, sku: str = "SKU-1", status: Iterable[str] = ("BUYABLE", "DISCOVERABLE"), seller: str = "A3TH9S8BH6GOGM"
) -> dict[str, Any]:
    """Return a LISTINGS_ITEM_STATUS_CHANGE notification."""
    payload = {"SellerId": seller, "MarketplaceId": US, "Asin": "B000000001", "Sku": sku, "Status": list(status)}
    return pascal("LISTINGS_ITEM_STATUS_CHANGE", payload)


def listing_issues(*, sku: str = "SKU-1", seller: str = "A3TH9S8BH6GOGM") -> dict[str, Any]:
    """Return a LISTINGS_ITEM_ISSUES_CHANGE notification."""
    payload = {
        "SellerId": seller, "MarketplaceId": US, "Asin": "B000000001", "Sku": sku, "Severities": ["ERROR"],
        "EnforcementActions": ["SEARCH_SUPPRESSED"],
    }  # fmt: skip
    return pascal("LISTINGS_ITEM_ISSUES_CHANGE", payload)


def definitions_change(*, seller: str = "A3TH9S8BH6GOGM", marketplace: str | None = US) -> dict[str, Any]:
    """Return a PRODUCT_TYPE_DEFINITIONS_CHANGE notification."""
    place = {} if marketplace is None else {"MarketplaceId": marketplace}
    return pascal("PRODUCT_TYPE_DEFINITIONS_CHANGE", {"AccountId": seller, "ProductTypeVersion": "U2", **place})


def listing_quantity(*, sku: str = "SKU-1", seller: str = "A3TH9S8BH6GOGM") -> dict[str, Any]:
    """Return a LISTINGS_ITEM_MFN_QUANTITY_CHANGE notification."""
    payload = {"SellerId": seller, "FulfillmentChannelCode": "DEFAULT", "Sku": sku, "Quantity": 4}
    return pascal("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", payload)


def transaction_update(*, seller: str | None = "A3TH9S8BH6GOGM") -> dict[str, Any]:
    """Return a TRANSACTION_UPDATE notification."""
    partner = {"SellingPartnerId": seller, "MarketplaceId": US} if seller else {"MarketplaceId": US}
    content = {
        "SellingPartnerMetadata": partner, "TransactionType": "Shipment", "PostedDate": "2026-11-20T18:00:00Z",
        "RelatedIdentifiers": [],
    }  # fmt: skip
    return pascal("TRANSACTION_UPDATE", {"TransactionUpdateNotification": content})


def sqs_event(bodies: Iterable[Mapping[str, Any] | str], *, received: int = 1) -> dict[str, Any]:
    """Return the event with which SQS delivers messages, whose ids are m0, m1 and so on."""
    return {
        "Records": [
            {
                "messageId": f"m{place}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {"ApproximateReceiveCount": str(received)},
                "eventSource": "aws:sqs",
            }
            for place, body in enumerate(bodies)
        ]
    }


def stream_record(
    sequence: int,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    *,
    expired: bool = False,
    label: str = "2026-01-01T00:00:00.000",
) -> dict[str, Any]:
    """Return one record of the Core table's stream, from the items before and after."""
    image = new or old or {}
    change: dict[str, Any] = {
        "Keys": {name: image[name] for name in ("pk", "sk")},
        "SequenceNumber": f"{sequence:0>21}",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if old is not None:
        change["OldImage"] = dict(old)
    if new is not None:
        change["NewImage"] = dict(new)
    record: dict[str, Any] = {
        "eventID": str(sequence),
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:123456789012:table/Core/stream/{label}",
        "dynamodb": change,
    }
    if expired:
        record["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    return record


def new_client_secret(secret: str, *, client_id: str = "client-1") -> dict[str, Any]:
    """Return APPLICATION_OAUTH_CLIENT_NEW_SECRET as Amazon sends it to the application's own queue."""
    return {
        "notificationVersion": "1.0",
        "notificationType": "APPLICATION_OAUTH_CLIENT_NEW_SECRET",
        "payloadVersion": "1.0",
        "eventTime": "2026-11-21T10:00:00.000Z",
        "notificationMetadata": {"applicationId": "amzn1.sp.solution.x", "notificationId": "n-secret"},
        "payload": {
            "applicationOAuthClientNewSecret": {
                "clientId": client_id,
                "newClientSecret": secret,
                "newClientSecretExpiryTime": "2027-05-20T10:00:00.000Z",
                "oldClientSecretExpiryTime": "2026-11-28T10:00:00.000Z",
            }
        },
    }
