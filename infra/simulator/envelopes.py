"""The messages Amazon puts on a queue, with production's casings.

Some types are in Pascal case, those in ``CAMEL`` are not.
"""

from typing import Any

from infra.simulator import books as accounts
from infra.simulator import entropy, people
from infra.simulator.clock import iso_milliseconds
from infra.simulator.lifecycle import FULFILLMENT_STATUS, NOTIFICATION_STATUS, State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.windows import windows_of
from infra.simulator.world import BUSINESS, PRIME, Listing, OrderChanged, ReportFinished, Seller, World

PAYLOAD_VERSIONS = {
    "ORDER_CHANGE": "1.0",
    "FBA_INVENTORY_AVAILABILITY_CHANGES": "1.0",
    "REPORT_PROCESSING_FINISHED": "2020-09-04",
    "ACCOUNT_STATUS_CHANGED": "2021-01-01",
    "APPLICATION_OAUTH_CLIENT_NEW_SECRET": "1.0",
    "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY": "1.0",
    "FEED_PROCESSING_FINISHED": "2020-09-04",
    "LISTINGS_ITEM_ISSUES_CHANGE": "2023-12-13",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": "1.0",
    "LISTINGS_ITEM_STATUS_CHANGE": "1.0",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": "1.0",
    "TRANSACTION_UPDATE": "1.0",
}
CAMEL = frozenset(
    {
        "ACCOUNT_STATUS_CHANGED",
        "APPLICATION_OAUTH_CLIENT_NEW_SECRET",
        "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY",
        "FEED_PROCESSING_FINISHED",
        "REPORT_PROCESSING_FINISHED",
    }
)
_REPORT_TYPES = (
    "GET_MERCHANT_LISTINGS_ALL_DATA", "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    "GET_FBA_MYI_ALL_INVENTORY_DATA",
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2", "GET_SALES_AND_TRAFFIC_REPORT", "GET_LEDGER_DETAIL_VIEW_DATA",
)  # fmt: skip


def order_change(world: World, change: OrderChanged, item_id: Any) -> dict[str, Any]:  # noqa: ANN401  a function of lines
    """Return ORDER_CHANGE's payload. It carries no money, and a postal code, as production's does."""
    order, seller = change.order, change.seller
    status = NOTIFICATION_STATUS[FULFILLMENT_STATUS[State(order.state)]]
    cancelled = order.state == State.CANCELLED
    shipped = sum(line.shipped for line in change.lines)
    unshipped = 0 if cancelled else sum(line.quantity for line in change.lines) - shipped
    windows = windows_of(order)
    buyer = people.buyer(world.seed, order.pk, MARKETPLACES[order.marketplace_id].country_code, world.buyers_marker)
    programs = [name for flag, name in ((BUSINESS, "Business"), (PRIME, "Prime")) if order.flags & flag]
    return {
        "OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": seller.selling_partner_id,
            "AmazonOrderId": order.order_id,
            "OrderChangeType": change.change_type,
            "OrderChangeTrigger": {
                "TimeOfOrderChange": iso_milliseconds(order.updated),
                "ChangeReason": change.reason,
            },
            "Summary": {
                "MarketplaceId": order.marketplace_id,
                "OrderStatus": status,
                "PurchaseDate": iso_milliseconds(order.created),
                "DestinationPostalCode": buyer.postal_code,
                "FulfillmentType": "AFN" if order.by_amazon else "MFN",
                "OrderType": "StandardOrder",
                "NumberOfItemsShipped": shipped,
                "NumberOfItemsUnshipped": unshipped,
                "EarliestDeliveryDate": iso_milliseconds(windows.deliver_earliest),
                "LatestDeliveryDate": iso_milliseconds(windows.deliver_latest),
                "EarliestShipDate": iso_milliseconds(windows.ship_earliest),
                "LatestShipDate": iso_milliseconds(windows.ship_latest),
                "OrderPrograms": programs,
                "ShippingPrograms": [],
                "OrderItems": [
                    {
                        "OrderItemId": item_id(line),
                        "SellerSKU": world.listings[line.listing].sku,
                        "SupplySourceId": None,
                        "OrderItemStatus": "Shipped" if line.shipped else "Unshipped",
                        "Quantity": line.quantity,
                        "QuantityShipped": line.shipped,
                        "IsBuyerRequestedCancel": change.change_type == "BuyerRequestedChange",
                        "ItemEarliestDeliveryDate": iso_milliseconds(windows.deliver_earliest),
                        "ItemLatestDeliveryDate": iso_milliseconds(windows.deliver_latest),
                    }
                    for line in change.lines
                ],
            },
        }
    }


def inventory_availability(world: World, seller: Seller, listing: Listing) -> dict[str, Any]:
    """Return FBA_INVENTORY_AVAILABILITY_CHANGES' payload: a SKU's stock in every marketplace where it is offered."""
    places = [
        {
            "MarketplaceId": marketplace_id,
            "ItemName": each.title,
            "FulfillmentInventory": _quantities(world, seller, each),
            "Stores": [],
        }
        for marketplace_id in seller.marketplaces
        for each in world.listings_of(seller, marketplace_id)
        if each.sku == listing.sku and each.by_amazon
    ]
    return {
        "SellerId": seller.selling_partner_id,
        "FNSKU": listing.fnsku,
        "ASIN": listing.asin,
        "SKU": listing.sku,
        "FulfillmentInventoryByMarketplace": places,
    }


def _quantities(world: World, seller: Seller, listing: Listing) -> dict[str, Any]:
    def held(account: str) -> int:
        return world.books.balance(seller.pk, account, listing.units)

    return {
        "InboundQuantityBreakdown": {
            "Working": held(accounts.INBOUND_WORKING),
            "Shipped": held(accounts.INBOUND_SHIPPED),
            "Receiving": held(accounts.INBOUND_RECEIVING),
        },
        "Fulfillable": held(accounts.FULFILLABLE),
        "Unfulfillable": held(accounts.UNFULFILLABLE_CUSTOMER) + held(accounts.UNFULFILLABLE_WAREHOUSE),
        "Researching": held(accounts.RESEARCHING),
        "ReservedQuantityBreakdown": {
            "WarehouseProcessing": held(accounts.RESERVED_PROCESSING),
            "WarehouseTransfer": held(accounts.RESERVED_TRANSFER),
            "PendingCustomerOrder": held(accounts.RESERVED_CUSTOMER),
        },
        "FutureSupplyBuyable": 0,
        "PendingCustomerOrderInTransit": 0,
    }


def report_finished(event: ReportFinished) -> dict[str, Any]:
    """Return REPORT_PROCESSING_FINISHED's payload: a report that some other application asked for."""
    chance = entropy.generator("report", event.number)
    status = chance.choices(("DONE", "CANCELLED", "FATAL"), weights=(88, 10, 2))[0]
    payload = {
        "sellerId": event.seller.selling_partner_id,
        "accountId": f"amzn1.merchant.o.{event.seller.selling_partner_id}",
        "reportId": str(50_000_000_000 + event.number % 10_000_000_000),
        "reportType": chance.choice(_REPORT_TYPES),
        "processingStatus": status,
    }
    if status == "DONE":
        payload["reportDocumentId"] = f"amzn1.tortuga.4.{entropy.identifier('document', event.number)}.T1QUAY"
    return {"reportProcessingFinishedNotification": payload}


def mock_payload(kind: str, region: str) -> dict[str, Any]:
    """Return the payload of a test notification: the right shape, about nobody."""
    place = {"na": "ATVPDKIKX0DER", "eu": "A1PA6795UKMFR9", "fe": "A1VC38T7YXB528"}[region]
    match kind:
        case "ORDER_CHANGE":
            moment = "2026-01-01T00:00:00.000Z"
            summary = {
                "MarketplaceId": place, "OrderStatus": "Pending", "PurchaseDate": moment, "DestinationPostalCode": None,
                "FulfillmentType": "AFN", "OrderType": "StandardOrder", "NumberOfItemsShipped": 0,
                "NumberOfItemsUnshipped": 1,
                "OrderItems": [
                    {
                        "OrderItemId": "10000000000001", "SellerSKU": "TEST-SKU", "SupplySourceId": None,
                        "OrderItemStatus": "Unshipped", "Quantity": 1, "QuantityShipped": 0,
                    }
                ],
            }  # fmt: skip
            change = {
                "NotificationLevel": "OrderLevel", "SellerId": "MOCKSELLER", "AmazonOrderId": "000-0000000-0000000",
                "OrderChangeType": "OrderStatusChange",
                "OrderChangeTrigger": {"TimeOfOrderChange": moment, "ChangeReason": "New order"}, "Summary": summary,
            }  # fmt: skip
            return {"OrderChangeNotification": change}
        case "FBA_INVENTORY_AVAILABILITY_CHANGES":
            return {
                "SellerId": "MOCKSELLER", "FNSKU": "X000000000", "ASIN": "B000000000", "SKU": "TEST-SKU",
                "FulfillmentInventoryByMarketplace": [],
            }  # fmt: skip
        case _:
            return {
                "reportProcessingFinishedNotification": {
                    "sellerId": "MOCKSELLER", "accountId": "amzn1.merchant.o.MOCKSELLER", "reportId": "50000000000",
                    "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "processingStatus": "DONE",
                    "reportDocumentId": "amzn1.tortuga.4.test",
                }
            }  # fmt: skip


def envelope(  # noqa: PLR0913  an envelope has this many parts
    kind: str,
    payload: dict[str, Any],
    *,
    event_ms: int,
    publish_ms: int,
    application_id: str,
    subscription_id: str,
    notification_id: str,
) -> dict[str, Any]:
    """Return the whole message in the casing that its type has in production."""
    if kind in CAMEL:
        return {
            "notificationVersion": "1.0",
            "notificationType": kind,
            "payloadVersion": PAYLOAD_VERSIONS[kind],
            "eventTime": iso_milliseconds(event_ms),
            "payload": payload,
            "notificationMetadata": {
                "applicationId": application_id,
                # What concerns the application itself belongs to no subscription.
                **({"subscriptionId": subscription_id} if subscription_id else {}),
                "publishTime": iso_milliseconds(publish_ms),
                "notificationId": notification_id,
            },
        }
    return {
        "NotificationVersion": "1.0",
        "NotificationType": kind,
        "PayloadVersion": PAYLOAD_VERSIONS[kind],
        "EventTime": iso_milliseconds(event_ms),
        "Payload": payload,
        "NotificationMetadata": {
            "ApplicationId": application_id,
            "SubscriptionId": subscription_id,
            "PublishTime": iso_milliseconds(publish_ms),
            "NotificationId": notification_id,
        },
    }
