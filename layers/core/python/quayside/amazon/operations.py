"""The operations Quayside calls: where they are, how often they may be called, and which role they need.

Rates and bursts are the defaults of Amazon's models (reference/sp-api.md section 3.2); the ledger corrects them by what
Amazon answers. Paths and serialisation come from python-amazon-sp-api; a drift test compares both.
"""

from decimal import Decimal
from typing import Literal

import msgspec

NOTIFICATIONS_SCOPE = "sellingpartnerapi::notifications"

Role = Literal["Inventory and Order Tracking", "Amazon Fulfillment", "Selling Partner Insights", "Notifications"]


class Operation(msgspec.Struct, frozen=True):
    """One operation of the Selling Partner API.

    Attributes:
        name: Amazon's name.
        method: HTTP method.
        path: path with its parameters in braces.
        rate: calls a second for one seller and this application.
        burst: calls that may be made at once.
        role: the SP-API role a seller grants for it.
        library: module and class of python-amazon-sp-api.
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
    library: tuple[str, str]
    function: str
    grantless_scope: str | None = None
    application_rate: Decimal | None = None
    application_burst: int = 0


_ORDERS = ("sp_api.api.orders.orders_2026_01_01", "OrdersV20260101")
_INVENTORY = ("sp_api.api.inventories.inventories", "Inventories")
_SELLERS = ("sp_api.api.sellers.sellers", "Sellers")
_NOTIFICATIONS = ("sp_api.api.notifications.notifications", "Notifications")
_NOTIFICATIONS_ROLE: Role = "Notifications"

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

OPERATIONS: dict[str, Operation] = {
    each.name: each
    for each in (
        SEARCH_ORDERS, GET_ORDER, GET_INVENTORY_SUMMARIES, GET_MARKETPLACE_PARTICIPATIONS, CREATE_DESTINATION,
        GET_DESTINATIONS, CREATE_SUBSCRIPTION, GET_SUBSCRIPTION, DELETE_SUBSCRIPTION,
    )
}  # fmt: skip
"""Every operation, by Amazon's name."""
