"""Amazon's side of the story, for comparison: every order with its money, and what was sold per day."""

import json
from collections.abc import Iterator
from typing import Any

from infra.simulator.clock import iso, local_day_of
from infra.simulator.lifecycle import FULFILLMENT_STATUS, State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.windows import order_item_id
from infra.simulator.world import Order, Seller, World

_CHUNK = 500


def orders(world: World, seller: Seller) -> Iterator[str]:
    """Yield a seller's orders as JSON lines, oldest first, in chunks of text; money is minor units."""
    last = 0
    while True:
        with world.lock:
            rows = [
                Order._make(row)
                for row in world.storage.connection.execute(
                    "SELECT * FROM orders WHERE seller = ? AND pk > ? ORDER BY pk LIMIT ?", (seller.pk, last, _CHUNK)
                )
            ]
            lines = world.lines_of(rows) if rows else {}
        if not rows:
            return
        last = rows[-1].pk
        yield "".join(json.dumps(_order(world, each, lines[each.pk])) + "\n" for each in rows)


def _order(world: World, order: Order, lines: list[Any]) -> dict[str, Any]:
    note = order.note or ""
    return {
        "order_id": order.order_id,
        "marketplace_id": order.marketplace_id,
        "created_at": iso(order.created),
        "updated_at": iso(order.updated),
        "day": local_day_of(order.created, MARKETPLACES[order.marketplace_id].zone).isoformat(),
        "status": FULFILLMENT_STATUS[State(order.state)],
        "state": State(order.state).name,
        "fulfilled_by": "AMAZON" if order.by_amazon else "MERCHANT",
        "priced": bool(order.priced),
        "imported_as": note.removeprefix("imported:") if note.startswith("imported:") else None,
        "currency": MARKETPLACES[order.marketplace_id].currency,
        "lines": [
            {
                "order_item_id": order_item_id(line),
                "seller_sku": world.listings[line.listing].sku,
                "asin": world.listings[line.listing].asin,
                "quantity": line.quantity,
                "quantity_shipped": line.shipped,
                "item_minor": line.item_minor,
                "tax_minor": line.tax_minor,
                "shipping_minor": line.shipping_minor,
                "discount_minor": line.discount_minor,
            }
            for line in lines
        ],
    }


def daily(world: World, seller: Seller) -> list[dict[str, Any]]:
    """Return per marketplace and local day: orders, units and sales of orders that are neither pending nor cancelled.

    ``sales_minor`` is the sum of the lines' ITEM subtotals; pending and cancelled orders and units are counted apart.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with world.lock:
        rows = world.storage.connection.execute(
            "SELECT o.marketplace_id, o.created, o.state, o.priced, SUM(l.quantity), SUM(l.item_minor) FROM orders o "
            "JOIN lines l ON l.order_pk = o.pk WHERE o.seller = ? GROUP BY o.pk",
            (seller.pk,),
        ).fetchall()
    for place, created, state, priced, units, sales in rows:
        marketplace = MARKETPLACES[place]
        key = (place, local_day_of(created, marketplace.zone).isoformat())
        day = found.setdefault(
            key,
            {
                "marketplace_id": place, "day": key[1], "currency": marketplace.currency, "orders": 0, "units": 0,
                "sales_minor": 0, "pending_orders": 0, "pending_units": 0, "cancelled_orders": 0, "cancelled_units": 0,
            },
        )  # fmt: skip
        kind = "cancelled_" if state == State.CANCELLED else "" if priced else "pending_"
        day[f"{kind}orders"] += 1
        day[f"{kind}units"] += units
        if not kind:
            day["sales_minor"] += sales
    return [found[key] for key in sorted(found)]
