"""Orders as the Orders API gives them, for tests."""

from typing import Any

import msgspec

from quayside.amazon.orders import Order
from tests.support.notifications import US


def order_document(
    order_id: str = "903-8868176-2219830",
    *,
    marketplace: str | None = US,
    status: str = "UNSHIPPED",
    purchased: str = "2026-11-20T18:00:00.284Z",
    updated: str = "2026-11-20T18:05:00.000Z",
    items: list[dict[str, Any]] | None = None,
    channel: str = "AMAZON",
    **more: Any,
) -> Order:
    """Return a document of the Orders API 2026-01-01."""
    return msgspec.convert(
        {
            "orderId": order_id,
            "createdTime": purchased,
            "lastUpdatedTime": updated,
            "salesChannel": {"channelName": channel, "marketplaceId": marketplace},
            "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": "AMAZON"},
            "orderItems": [item()] if items is None else items,
            **more,
        },
        Order,
    )


def item(
    item_id: str = "1",
    *,
    sku: str = "SKU-1",
    quantity: int = 1,
    price: str | None = "19.99",
    currency: str = "USD",
    title: str | None = "Coffee beans",
    **more: Any,
) -> dict[str, Any]:
    """Return one order item; without a price it has no proceeds yet."""
    proceeds: dict[str, Any] = {}
    if price is not None:
        subtotal = {"amount": price, "currencyCode": currency}
        proceeds = {"proceeds": {"proceedsTotal": subtotal, "breakdowns": [{"type": "ITEM", "subtotal": subtotal}]}}
    return {
        "orderItemId": item_id,
        "quantityOrdered": quantity,
        "product": {"asin": "B000000001", "title": title, "sellerSku": sku},
        **proceeds,
        **more,
    }
