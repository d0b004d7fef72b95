"""Every operation the simulator offers: its path, its usage plan and the token it wants (source: Amazon's models)."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from infra.simulator.lwa import SCOPE_NOTIFICATIONS, SCOPE_ROTATION


@dataclass(frozen=True)
class Operation:
    """One operation: ``rate`` is per second; ``scope`` None wants a seller's token, else it is grantless."""

    name: str
    method: str
    path: str
    rate: float
    burst: float
    scope: str | None = None
    application_rate: float | None = field(default=None)
    application_burst: float | None = field(default=None)

    @property
    def application_plan(self) -> tuple[float, float] | None:
        """Rate and burst over all sellers of the application, where Amazon states them."""
        return None if self.application_rate is None else (self.application_rate, self.application_burst or 1)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression with a named group per parameter; a resource is a path itself."""
        plain = self.path.replace("{resource}", "(?P<resource>.+)")
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", plain))


_NOTIFICATIONS = "/notifications/v1"
_LISTINGS, _CATALOG = "/listings/2021-08-01/items", "/catalog/2022-04-01/items"
_FEEDS, _INBOUND, _INBOUND_V0 = "/feeds/2021-06-30", "/inbound/fba/2024-03-20/inboundPlans", "/fba/inbound/v0"
_REPORTS, _SOLICITATIONS = "/reports/2021-06-30", "/solicitations/v1/orders/{amazonOrderId}"
_MESSAGING, _DEFINITIONS = "/messaging/v1/orders/{amazonOrderId}", "/definitions/2020-09-01/productTypes"
OPERATIONS: tuple[Operation, ...] = (
    Operation("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 0.016, 15),
    Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 0.0056, 20),
    Operation("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", 0.5, 30),
    Operation("getInventorySummaries", "GET", "/fba/inventory/v1/summaries", 2, 2),
    Operation("getReports", "GET", f"{_REPORTS}/reports", 0.0222, 10),
    Operation("createReport", "POST", f"{_REPORTS}/reports", 0.0167, 15),
    Operation("getReport", "GET", f"{_REPORTS}/reports/{{reportId}}", 2, 15),
    Operation("cancelReport", "DELETE", f"{_REPORTS}/reports/{{reportId}}", 0.0222, 10),
    Operation("getReportSchedules", "GET", f"{_REPORTS}/schedules", 0.0222, 10),
    Operation("createReportSchedule", "POST", f"{_REPORTS}/schedules", 0.0222, 10),
    Operation("getReportSchedule", "GET", f"{_REPORTS}/schedules/{{reportScheduleId}}", 0.0222, 10),
    Operation("cancelReportSchedule", "DELETE", f"{_REPORTS}/schedules/{{reportScheduleId}}", 0.0222, 10),
    Operation("getReportDocument", "GET", f"{_REPORTS}/documents/{{reportDocumentId}}", 0.0167, 15),
    Operation("searchListingsItems", "GET", f"{_LISTINGS}/{{sellerId}}", 5, 5),
    Operation("getListingsItem", "GET", f"{_LISTINGS}/{{sellerId}}/{{sku}}", 5, 10),
    Operation("patchListingsItem", "PATCH", f"{_LISTINGS}/{{sellerId}}/{{sku}}", 5, 5),
    Operation("searchDefinitionsProductTypes", "GET", _DEFINITIONS, 5, 10),
    Operation("getDefinitionsProductType", "GET", f"{_DEFINITIONS}/{{productType}}", 5, 10),
    Operation("searchCatalogItems", "GET", _CATALOG, 2, 2, application_rate=500, application_burst=500),
    Operation("getCatalogItem", "GET", f"{_CATALOG}/{{asin}}", 2, 2, application_rate=250, application_burst=250),
    Operation("listTransactions", "GET", "/finances/2024-06-19/transactions", 0.5, 10),
    Operation("getMyFeesEstimates", "POST", "/products/fees/v0/feesEstimate", 0.5, 1),
    Operation("listInboundPlans", "GET", _INBOUND, 2, 6),
    Operation("getInboundPlan", "GET", f"{_INBOUND}/{{inboundPlanId}}", 2, 6),
    Operation("listInboundPlanItems", "GET", f"{_INBOUND}/{{inboundPlanId}}/items", 2, 6),
    Operation("getShipment", "GET", f"{_INBOUND}/{{inboundPlanId}}/shipments/{{shipmentId}}", 2, 6),
    Operation("listShipmentItems", "GET", f"{_INBOUND}/{{inboundPlanId}}/shipments/{{shipmentId}}/items", 2, 30),
    Operation("getShipments", "GET", f"{_INBOUND_V0}/shipments", 2, 30),
    Operation("getShipmentItemsByShipmentId", "GET", f"{_INBOUND_V0}/shipments/{{shipmentId}}/items", 2, 30),
    Operation("getShipmentItems", "GET", f"{_INBOUND_V0}/shipmentItems", 2, 30),
    Operation("getFeeds", "GET", f"{_FEEDS}/feeds", 0.0222, 10),
    Operation("createFeed", "POST", f"{_FEEDS}/feeds", 0.0083, 15),
    Operation("getFeed", "GET", f"{_FEEDS}/feeds/{{feedId}}", 2, 15),
    Operation("createFeedDocument", "POST", f"{_FEEDS}/documents", 0.5, 15),
    Operation("getFeedDocument", "GET", f"{_FEEDS}/documents/{{feedDocumentId}}", 0.0222, 10),
    Operation("getSolicitationActionsForOrder", "GET", _SOLICITATIONS, 1, 5),
    Operation(
        "createProductReviewAndSellerFeedbackSolicitation", "POST",
        f"{_SOLICITATIONS}/solicitations/productReviewAndSellerFeedback", 1, 5,
    ),
    Operation("getMessagingActionsForOrder", "GET", _MESSAGING, 1, 5),
    Operation("GetAttributes", "GET", f"{_MESSAGING}/attributes", 1, 5),
    Operation("confirmCustomizationDetails", "POST", f"{_MESSAGING}/messages/confirmCustomizationDetails", 1, 5),
    Operation("createConfirmDeliveryDetails", "POST", f"{_MESSAGING}/messages/confirmDeliveryDetails", 1, 5),
    Operation("createConfirmOrderDetails", "POST", f"{_MESSAGING}/messages/confirmOrderDetails", 1, 5),
    Operation("createConfirmServiceDetails", "POST", f"{_MESSAGING}/messages/confirmServiceDetails", 1, 5),
    Operation("createDigitalAccessKey", "POST", f"{_MESSAGING}/messages/digitalAccessKey", 1, 5),
    Operation("createUnexpectedProblem", "POST", f"{_MESSAGING}/messages/unexpectedProblem", 1, 5),
    Operation("CreateWarranty", "POST", f"{_MESSAGING}/messages/warranty", 1, 5),
    Operation("createLegalDisclosure", "POST", f"{_MESSAGING}/messages/legalDisclosure", 1, 5),
    Operation("sendInvoice", "POST", f"{_MESSAGING}/messages/invoice", 1, 5),
    Operation(
        "createUploadDestinationForResource", "POST", "/uploads/2020-11-01/uploadDestinations/{resource}", 10, 10
    ),
    Operation(
        "rotateApplicationClientSecret", "POST", "/applications/2023-11-30/clientSecret", 0.0167, 1, SCOPE_ROTATION
    ),
    Operation("getSubscriptions", "GET", f"{_NOTIFICATIONS}/subscriptions", 1, 5),
    Operation("getSubscription", "GET", f"{_NOTIFICATIONS}/subscriptions/{{notificationType}}", 1, 5),
    Operation("createSubscription", "POST", f"{_NOTIFICATIONS}/subscriptions/{{notificationType}}", 1, 5),
    Operation(
        "sendTestNotification", "POST", f"{_NOTIFICATIONS}/subscriptions/{{notificationType}}/testNotification", 1, 5,
        SCOPE_NOTIFICATIONS,
    ),
    Operation(
        "getSubscriptionById", "GET", f"{_NOTIFICATIONS}/subscriptions/{{notificationType}}/{{subscriptionId}}",
        1, 5,
        SCOPE_NOTIFICATIONS,
    ),
    Operation(
        "deleteSubscriptionById", "DELETE", f"{_NOTIFICATIONS}/subscriptions/{{notificationType}}/{{subscriptionId}}",
        1, 5,
        SCOPE_NOTIFICATIONS,
    ),
    Operation("getDestinations", "GET", f"{_NOTIFICATIONS}/destinations", 1, 5, SCOPE_NOTIFICATIONS),
    Operation("createDestination", "POST", f"{_NOTIFICATIONS}/destinations", 1, 5, SCOPE_NOTIFICATIONS),
    Operation("getDestination", "GET", f"{_NOTIFICATIONS}/destinations/{{destinationId}}", 1, 5, SCOPE_NOTIFICATIONS),
    Operation("deleteDestination", "DELETE", f"{_NOTIFICATIONS}/destinations/{{destinationId}}", 1, 5,
        SCOPE_NOTIFICATIONS),
)  # fmt: skip


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation of a method and path with its path parameters, or None."""
    for operation in OPERATIONS:
        if operation.method == method and (match := operation.pattern.fullmatch(path)):
            return operation, match.groupdict()
    return None
