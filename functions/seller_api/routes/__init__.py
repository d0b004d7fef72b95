"""The routes, one module a feature, each imported when the first request below its addresses comes.

A feature takes as long to import as a call to AWS, and a process that has just started serves one request: it imports
what that one needs. A process that Lambda makes ahead of requests imports them all.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seller_api.routing import Routes

MODULES = (
    "configuration",
    "promises",
    "auth",
    "me",
    "connections",
    "sync",
    "orders",
    "catalog",
    "inventory",
    "restock",
    "analytics",
    "finance",
    "costs",
    "procurement",
    "reviews",
    "shipments",
    "documents",
    "sourcing",
    "messages",
    "audit",
    "data",
    "operations",
    "abuse",
    "credentials",
)
"""Every module that declares routes, in the order of the documentation."""

MODULES_AT: Mapping[str, tuple[str, ...]] = {
    "health": ("configuration",),
    "configuration": ("configuration",),
    "promises": ("promises",),
    "subprocessors": ("promises",),
    "auth": ("auth",),
    "me": ("me",),
    "tenant": ("me", "data"),
    "connections": ("connections", "sync"),
    "orders": ("orders", "reviews", "messages"),
    "catalog": ("catalog",),
    "inventory": ("inventory",),
    "restock": ("restock",),
    "analytics": ("analytics",),
    "finance": ("finance",),
    "costs": ("costs",),
    "suppliers": ("procurement",),
    "supplier-details": ("procurement",),
    "purchase-orders": ("procurement",),
    "purchase-order-details": ("procurement",),
    "procurement": ("procurement",),
    "reviews": ("reviews",),
    "shipments": ("shipments", "documents"),
    "shipment-details": ("shipments",),
    "order-lines": ("shipments",),
    "pipeline": ("shipments",),
    "lead-times": ("shipments",),
    "sourcing": ("sourcing",),
    "messages": ("messages",),
    "audit": ("audit",),
    "data": ("data",),
    "operations": ("operations", "abuse", "credentials"),
}
"""Which modules declare what lies below the first part of an address. A test compares it with what they declare."""


def of_module(name: str) -> "Routes":
    """Import a module of ``MODULES`` and return its routes."""
    routes: Routes = import_module(f"{__name__}.{name}").routes
    return routes
