"""Every operation the simulator offers: its path, its usage plan and the token it wants (source: Amazon's models)."""

import re
from dataclasses import dataclass, field
from functools import cached_property

from infra.simulator.lwa import SCOPE_NOTIFICATIONS


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

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression with a named group per parameter."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


_NOTIFICATIONS = "/notifications/v1"
OPERATIONS: tuple[Operation, ...] = (
    Operation("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 0.016, 15),
    Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 0.0056, 20),
    Operation("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", 0.5, 30),
    Operation("getInventorySummaries", "GET", "/fba/inventory/v1/summaries", 2, 2),
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
