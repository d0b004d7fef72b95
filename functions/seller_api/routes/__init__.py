"""The routes, one module a feature."""

from seller_api.routes import (
    abuse,
    analytics,
    audit,
    auth,
    configuration,
    connections,
    costs,
    credentials,
    data,
    finance,
    inventory,
    me,
    operations,
    orders,
    promises,
    restock,
    reviews,
    sync,
)

ALL = (
    configuration.routes,
    promises.routes,
    auth.routes,
    me.routes,
    connections.routes,
    sync.routes,
    orders.routes,
    inventory.routes,
    restock.routes,
    analytics.routes,
    finance.routes,
    costs.routes,
    reviews.routes,
    audit.routes,
    data.routes,
    operations.routes,
    abuse.routes,
    credentials.routes,
)
"""Every group of routes of this API, in the order of the documentation."""
