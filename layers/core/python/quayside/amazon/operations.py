"""The operations Quayside calls: where they are, how often they may be called, and which role they need.

Rates and bursts are the defaults of Amazon's models (reference/sp-api.md section 3.2); the ledger corrects them by what
Amazon answers. Paths and serialisation come from python-amazon-sp-api, but for the few operations it breaks, which our
gateway sends itself; a drift test compares both.
"""

from decimal import Decimal
from typing import Literal

import msgspec

NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"
ROTATION_SCOPE = "sellingpartnerapi::client_credential:rotation"

Role = Literal[
    "Inventory and Order Tracking",
    "Amazon Fulfillment",
    "Selling Partner Insights",
    "Notifications",
    "Product Listing",
    "Finance and Accounting",
    "Pricing",
    "Brand Analytics",
    "Buyer Solicitation",
    "Buyer Communication",
    "Direct-to-Consumer Shipping (Restricted)",
]


class Operation(msgspec.Struct, frozen=True):
    """One operation of the Selling Partner API.

    Attributes:
        name: Amazon's name.
        method: HTTP method.
        path: path with its parameters in braces.
        rate: calls a second for one seller and this application.
        burst: calls that may be made at once.
        role: the SP-API role a seller grants for it; of the Reports API every type of report has its own, see
            ``REPORT_ROLES``.
        library: module and class of python-amazon-sp-api; None when our gateway sends it itself.
        function: function of that class.
        grantless_scope: for operations without a seller, the scope of the application's own token.
        application_rate: calls a second for the application over all sellers, where Amazon states one.
        application_burst: the burst that goes with it.
    """

    name: str
    method: str
    path: str
    rate: Decimal
    burst: int
    role: Role
    library: tuple[str, str] | None = None
    function: str = ""
    grantless_scope: str | None = None
    application_rate: Decimal | None = None
    application_burst: int = 0


_ORDERS = ("sp_api.api.orders.orders_2026_01_01", "OrdersV20260101")
_INVENTORY = ("sp_api.api.inventories.inventories", "Inventories")
_SELLERS = ("sp_api.api.sellers.sellers", "Sellers")
_NOTIFICATIONS = ("sp_api.api.notifications.notifications", "Notifications")
_REPORTS = ("sp_api.api.reports.reports", "Reports")
_LISTINGS = ("sp_api.api.listings_items.listings_items_2021_08_01", "ListingsItemsV20210801")
_DEFINITIONS = ("sp_api.api.product_type_definitions.product_type_definitions", "ProductTypeDefinitions")
_FEEDS = ("sp_api.api.feeds.feeds_2021_06_30", "FeedsV20210630")
_CATALOG = ("sp_api.api.catalog_items.catalog_items_2022_04_01", "CatalogItemsV20220401")
_FINANCES = ("sp_api.api.finances.finances_2024_06_19", "FinancesV20240619")
_INBOUND = ("sp_api.api.fulfillment_inbound.fulfillment_inbound_2024_03_20", "FulfillmentInboundV20240320")
_INBOUND_V0 = ("sp_api.api.fulfillment_inbound.fulfillment_inbound_v0", "FulfillmentInboundV0")
_SOLICITATIONS = ("sp_api.api.solicitations.solicitations", "Solicitations")
_MESSAGING = ("sp_api.api.messaging.messaging", "Messaging")
_NOTIFICATIONS_ROLE: Role = "Notifications"
_REPORTS_ROLE: Role = "Inventory and Order Tracking"
_PLANS = "/inbound/fba/2024-03-20/inboundPlans"
_MESSAGES = "/messaging/v1/orders/{amazonOrderId}"

SEARCH_ORDERS = Operation(
    "searchOrders", "GET", "/orders/2026-01-01/orders", Decimal("0.0056"), 20,
    "Inventory and Order Tracking", _ORDERS, "search_orders",
)  # fmt: skip
GET_ORDER = Operation(
    "getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", Decimal("0.5"), 30,
    "Inventory and Order Tracking", _ORDERS, "get_order",
)  # fmt: skip
GET_INVENTORY_SUMMARIES = Operation(
    "getInventorySummaries", "GET", "/fba/inventory/v1/summaries", Decimal(2), 2,
    "Amazon Fulfillment", _INVENTORY, "get_inventory_summary_marketplace",
)  # fmt: skip
GET_MARKETPLACE_PARTICIPATIONS = Operation(
    "getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", Decimal("0.016"), 15,
    "Selling Partner Insights", _SELLERS, "get_marketplace_participation",
)  # fmt: skip
CREATE_DESTINATION = Operation(
    "createDestination", "POST", "/notifications/v1/destinations", Decimal(1), 5,
    _NOTIFICATIONS_ROLE, _NOTIFICATIONS, "create_destination", NOTIFICATIONS_SCOPE,
)  # fmt: skip
GET_DESTINATIONS = Operation(
    "getDestinations", "GET", "/notifications/v1/destinations", Decimal(1), 5,
    _NOTIFICATIONS_ROLE, _NOTIFICATIONS, "get_destinations", NOTIFICATIONS_SCOPE,
)  # fmt: skip
CREATE_SUBSCRIPTION = Operation(
    "createSubscription", "POST", "/notifications/v1/subscriptions/{notificationType}", Decimal(1), 5,
    _NOTIFICATIONS_ROLE, _NOTIFICATIONS, "create_subscription",
)  # fmt: skip
GET_SUBSCRIPTION = Operation(
    "getSubscription", "GET", "/notifications/v1/subscriptions/{notificationType}", Decimal(1), 5,
    _NOTIFICATIONS_ROLE, _NOTIFICATIONS, "get_subscription",
)  # fmt: skip
DELETE_SUBSCRIPTION = Operation(
    "deleteSubscriptionById", "DELETE", "/notifications/v1/subscriptions/{notificationType}/{subscriptionId}",
    Decimal(1), 5, _NOTIFICATIONS_ROLE, _NOTIFICATIONS, "delete_notification_subscription", NOTIFICATIONS_SCOPE,
)  # fmt: skip

ROTATE_CLIENT_SECRET = Operation(
    "rotateApplicationClientSecret", "POST", "/applications/2023-11-30/clientSecret", Decimal("0.0167"), 1,
    _NOTIFICATIONS_ROLE, ("sp_api.api.application_management.application_management", "ApplicationManagement"),
    "rotate_application_client_secret", ROTATION_SCOPE,
)  # fmt: skip

CREATE_REPORT = Operation(
    "createReport", "POST", "/reports/2021-06-30/reports", Decimal("0.0167"), 15,
    _REPORTS_ROLE, _REPORTS, "create_report",
)  # fmt: skip
GET_REPORT = Operation(
    "getReport", "GET", "/reports/2021-06-30/reports/{reportId}", Decimal(2), 15,
    _REPORTS_ROLE, _REPORTS, "get_report",
)  # fmt: skip
GET_REPORTS = Operation(
    "getReports", "GET", "/reports/2021-06-30/reports", Decimal("0.0222"), 10,
    _REPORTS_ROLE, _REPORTS, "get_reports",
)  # fmt: skip
# Not by the library: it marks the answer with an attribute of its own client's class, whatever client is below it.
GET_REPORT_DOCUMENT = Operation(
    "getReportDocument", "GET", "/reports/2021-06-30/documents/{reportDocumentId}", Decimal("0.0167"), 15,
    _REPORTS_ROLE,
)  # fmt: skip
GET_LISTINGS_ITEM = Operation(
    "getListingsItem", "GET", "/listings/2021-08-01/items/{sellerId}/{sku}", Decimal(5), 10,
    "Product Listing", _LISTINGS, "get_listings_item",
)  # fmt: skip
SEARCH_LISTINGS_ITEMS = Operation(
    "searchListingsItems", "GET", "/listings/2021-08-01/items/{sellerId}", Decimal(5), 5,
    "Product Listing", _LISTINGS, "search_listings_items",
)  # fmt: skip
PATCH_LISTINGS_ITEM = Operation(
    "patchListingsItem", "PATCH", "/listings/2021-08-01/items/{sellerId}/{sku}", Decimal(5), 5,
    "Product Listing", _LISTINGS, "patch_listings_item",
)  # fmt: skip
GET_PRODUCT_TYPE_DEFINITION = Operation(
    "getDefinitionsProductType", "GET", "/definitions/2020-09-01/productTypes/{productType}", Decimal(5), 10,
    "Product Listing", _DEFINITIONS, "get_definitions_product_type",
)  # fmt: skip
SEARCH_CATALOG_ITEMS = Operation(
    "searchCatalogItems", "GET", "/catalog/2022-04-01/items", Decimal(2), 2,
    "Product Listing", _CATALOG, "search_catalog_items", None, Decimal(500), 500,
)  # fmt: skip
# Not by the library: it uploads a document by itself, and writes the address of a call into its body.
CREATE_FEED_DOCUMENT = Operation(
    "createFeedDocument", "POST", "/feeds/2021-06-30/documents", Decimal("0.5"), 15, "Product Listing",
)  # fmt: skip
CREATE_FEED = Operation(
    "createFeed", "POST", "/feeds/2021-06-30/feeds", Decimal("0.0083"), 15, "Product Listing",
)  # fmt: skip
GET_FEED = Operation(
    "getFeed", "GET", "/feeds/2021-06-30/feeds/{feedId}", Decimal(2), 15, "Product Listing", _FEEDS, "get_feed",
)  # fmt: skip
GET_FEEDS = Operation(
    "getFeeds", "GET", "/feeds/2021-06-30/feeds", Decimal("0.0222"), 10, "Product Listing", _FEEDS, "get_feeds",
)  # fmt: skip
# Not by the library: it fetches the document by itself.
GET_FEED_DOCUMENT = Operation(
    "getFeedDocument", "GET", "/feeds/2021-06-30/documents/{feedDocumentId}", Decimal("0.0222"), 10, "Product Listing",
)  # fmt: skip
LIST_TRANSACTIONS = Operation(
    "listTransactions", "GET", "/finances/2024-06-19/transactions", Decimal("0.5"), 10,
    "Finance and Accounting", _FINANCES, "list_transactions",
)  # fmt: skip
# Not by the library: its body is a list that only its own client unwraps, and it writes null for what isn't given.
GET_MY_FEES_ESTIMATES = Operation(
    "getMyFeesEstimates", "POST", "/products/fees/v0/feesEstimate", Decimal("0.5"), 1, "Pricing",
)  # fmt: skip
LIST_INBOUND_PLANS = Operation(
    "listInboundPlans", "GET", _PLANS, Decimal(2), 6, "Amazon Fulfillment", _INBOUND, "list_inbound_plans",
)  # fmt: skip
GET_INBOUND_PLAN = Operation(
    "getInboundPlan", "GET", f"{_PLANS}/{{inboundPlanId}}", Decimal(2), 6,
    "Amazon Fulfillment", _INBOUND, "get_inbound_plan",
)  # fmt: skip
GET_SHIPMENT = Operation(
    "getShipment", "GET", f"{_PLANS}/{{inboundPlanId}}/shipments/{{shipmentId}}", Decimal(2), 6,
    "Amazon Fulfillment", _INBOUND, "get_shipment",
)  # fmt: skip
LIST_SHIPMENT_ITEMS = Operation(
    "listShipmentItems", "GET", f"{_PLANS}/{{inboundPlanId}}/shipments/{{shipmentId}}/items", Decimal(2), 30,
    "Amazon Fulfillment", _INBOUND, "list_shipment_items",
)  # fmt: skip
GET_SHIPMENTS = Operation(
    "getShipments", "GET", "/fba/inbound/v0/shipments", Decimal(2), 30,
    "Amazon Fulfillment", _INBOUND_V0, "get_shipments",
)  # fmt: skip
GET_SHIPMENT_ITEMS = Operation(
    "getShipmentItems", "GET", "/fba/inbound/v0/shipmentItems", Decimal(2), 30,
    "Amazon Fulfillment", _INBOUND_V0, "shipment_items",
)  # fmt: skip
GET_SOLICITATION_ACTIONS = Operation(
    "getSolicitationActionsForOrder", "GET", "/solicitations/v1/orders/{amazonOrderId}", Decimal(1), 5,
    "Buyer Solicitation", _SOLICITATIONS, "get_solicitation_actions_for_order",
)  # fmt: skip
CREATE_SOLICITATION = Operation(
    "createProductReviewAndSellerFeedbackSolicitation", "POST",
    "/solicitations/v1/orders/{amazonOrderId}/solicitations/productReviewAndSellerFeedback", Decimal(1), 5,
    "Buyer Solicitation", _SOLICITATIONS, "create_product_review_and_seller_feedback_solicitation",
)  # fmt: skip

GET_MESSAGING_ACTIONS = Operation(
    "getMessagingActionsForOrder", "GET", _MESSAGES, Decimal(1), 5,
    "Buyer Communication", _MESSAGING, "get_messaging_actions_for_order",
)  # fmt: skip
GET_MESSAGING_ATTRIBUTES = Operation(
    "GetAttributes", "GET", f"{_MESSAGES}/attributes", Decimal(1), 5,
    "Buyer Communication", _MESSAGING, "get_attributes",
)  # fmt: skip


def _message(name: str, action: str) -> Operation:
    # Not by the library: it names the marketplace of its own client, whatever the call names.
    return Operation(name, "POST", f"{_MESSAGES}/messages/{action}", Decimal(1), 5, "Buyer Communication")


MESSAGES: dict[str, Operation] = {
    "confirmCustomizationDetails": _message("confirmCustomizationDetails", "confirmCustomizationDetails"),
    "confirmDeliveryDetails": _message("createConfirmDeliveryDetails", "confirmDeliveryDetails"),
    "confirmOrderDetails": _message("createConfirmOrderDetails", "confirmOrderDetails"),
    "confirmServiceDetails": _message("createConfirmServiceDetails", "confirmServiceDetails"),
    "digitalAccessKey": _message("createDigitalAccessKey", "digitalAccessKey"),
    # Amazon's model states no rate for sendInvoice: it gets that of all others.
    "invoice": _message("sendInvoice", "invoice"),
    "legalDisclosure": _message("createLegalDisclosure", "legalDisclosure"),
    "unexpectedProblem": _message("createUnexpectedProblem", "unexpectedProblem"),
    "warranty": _message("CreateWarranty", "warranty"),
}
"""The messages that can be sent, by the name of Amazon's action."""

CREATE_UPLOAD_DESTINATION = Operation(
    # Not by the library, for the same reason; and it escapes the digest's signs twice. The resource of the path is that
    # of the message the file is for.
    "createUploadDestinationForResource", "POST",
    "/uploads/2020-11-01/uploadDestinations/messaging/v1/orders/{amazonOrderId}/messages/{action}", Decimal(10), 10,
    "Buyer Communication",
)  # fmt: skip

OPERATIONS: dict[str, Operation] = {
    each.name: each
    for each in (
        SEARCH_ORDERS, GET_ORDER, GET_INVENTORY_SUMMARIES, GET_MARKETPLACE_PARTICIPATIONS, CREATE_DESTINATION,
        GET_DESTINATIONS, CREATE_SUBSCRIPTION, GET_SUBSCRIPTION, DELETE_SUBSCRIPTION, CREATE_REPORT, GET_REPORT,
        GET_REPORTS, GET_REPORT_DOCUMENT, GET_LISTINGS_ITEM, SEARCH_LISTINGS_ITEMS, PATCH_LISTINGS_ITEM,
        GET_PRODUCT_TYPE_DEFINITION, SEARCH_CATALOG_ITEMS,
        LIST_TRANSACTIONS, GET_MY_FEES_ESTIMATES, LIST_INBOUND_PLANS, GET_INBOUND_PLAN, GET_SHIPMENT,
        LIST_SHIPMENT_ITEMS, GET_SHIPMENTS, GET_SHIPMENT_ITEMS, ROTATE_CLIENT_SECRET,
        GET_SOLICITATION_ACTIONS, CREATE_SOLICITATION, GET_MESSAGING_ACTIONS, GET_MESSAGING_ATTRIBUTES,
        *MESSAGES.values(), CREATE_UPLOAD_DESTINATION, CREATE_FEED_DOCUMENT, CREATE_FEED, GET_FEED, GET_FEEDS,
        GET_FEED_DOCUMENT,
    )
}  # fmt: skip
"""Every operation, by Amazon's name."""

REPORT_ROLES: dict[str, Role] = {
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL": "Inventory and Order Tracking",
    "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL": "Inventory and Order Tracking",
    "GET_MERCHANT_LISTINGS_ALL_DATA": "Product Listing",
    "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA": "Amazon Fulfillment",
    "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2": "Finance and Accounting",
    "GET_SALES_AND_TRAFFIC_REPORT": "Brand Analytics",
    "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT": "Amazon Fulfillment",
}
"""The role a seller grants for a type of report."""

PAYLOAD_VERSIONS: dict[str, str] = {
    "ACCOUNT_STATUS_CHANGED": "2021-01-01",
    "DATA_KIOSK_QUERY_PROCESSING_FINISHED": "2023-11-15",
    "FEED_PROCESSING_FINISHED": "2020-09-04",
    "LISTINGS_ITEM_ISSUES_CHANGE": "2023-12-13",
    "REPORT_PROCESSING_FINISHED": "2020-09-04",
}
"""The payload versions to subscribe to that are not 1.0 (reference/sp-api.md section 1.1)."""

EVENT_BRIDGE_TYPES = frozenset(
    {
        "BRANDED_ITEM_CONTENT_CHANGE", "ITEM_PRODUCT_TYPE_CHANGE", "LISTINGS_ITEM_ISSUES_CHANGE",
        "LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "LISTINGS_ITEM_STATUS_CHANGE", "PRODUCT_TYPE_DEFINITIONS_CHANGE",
        "SHIPMENT_TRACKING_MILESTONE_CHANGED",
    }
)  # fmt: skip
"""The types Amazon delivers by EventBridge; every other one comes by SQS."""


def payload_version_of(notification_type: str) -> str:
    """Return the payload version to subscribe to."""
    return PAYLOAD_VERSIONS.get(notification_type, "1.0")
