"""Amazon's side of the story, for comparison: every order with its money, and what was sold per day."""

import json
from collections.abc import Iterator
from typing import Any

from infra.simulator import books as accounts
from infra.simulator import transactions
from infra.simulator.clock import iso, local_day_of
from infra.simulator.lifecycle import FULFILLMENT_STATUS, State
from infra.simulator.marketplaces import MARKETPLACES
from infra.simulator.postings import Kind
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


def earned(world: World, seller: Seller, sku: str) -> list[dict[str, Any]]:
    """Return per marketplace and local day what a SKU brought: units shipped and refunded, and what Amazon pays.

    ``sales_minor`` is what buyers paid for what was shipped, with shipping, without tax and before discounts. Money
    that was held back counts on the day it was let go, from when Amazon tells so; what Amazon does not tell yet counts
    nowhere.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    seed, now = world.seed, world.now_ms
    with world.lock:
        world.postings.flush()
        rows = world.storage.connection.execute(
            "SELECT p.at, p.kind, p.order_pk, p.net_minor, l.listing, l.quantity, l.item_minor + l.shipping_minor "
            "FROM postings p JOIN lines l ON l.order_pk = p.order_pk AND l.position = p.position "
            "WHERE p.seller = ? AND p.at <= ? ORDER BY p.at, p.pk",
            (seller.pk, now),
        ).fetchall()
    for at, number, order_pk, net, listing_pk, quantity, sales in rows:
        kind, listing = Kind(number), world.listings[listing_pk]
        if listing.sku != sku or transactions.shown_at(seed, kind, order_pk, at) > now:
            continue
        let_go = transactions.held_back(seed, kind, order_pk) and (
            transactions.release_shown_at(seed, kind, order_pk, at) <= now
        )
        marketplace = MARKETPLACES[listing.marketplace_id]
        counted = at + transactions.HELD_MS if let_go else at
        key = (listing.marketplace_id, local_day_of(counted, marketplace.zone).isoformat())
        day = found.setdefault(
            key,
            {
                "marketplace_id": key[0], "day": key[1], "currency": marketplace.currency, "units_shipped": 0,
                "units_refunded": 0, "sales_minor": 0, "net_minor": 0,
            },
        )  # fmt: skip
        if kind is Kind.SHIPMENT:
            day["units_shipped"] += quantity
            day["sales_minor"] += sales
        else:
            day["units_refunded"] += quantity
        day["net_minor"] += net
    return [found[key] for key in sorted(found)]


def settlements(world: World, seller: Seller) -> list[dict[str, Any]]:
    """Return a seller's settlements, oldest first: what was paid, what was carried over, and how many lines it is."""
    with world.lock:
        world.postings.flush()
        rows = world.storage.connection.execute(
            "SELECT s.settlement_id, s.currency, s.start, s.end, s.carried_minor, s.total_minor, s.left_minor, "
            "(SELECT COUNT(*) FROM postings p WHERE p.seller = s.seller AND p.settlement = s.pk) FROM settlements s "
            "WHERE s.seller = ? ORDER BY s.end, s.currency",
            (seller.pk,),
        ).fetchall()
    return [
        {
            "settlement_id": row[0], "currency": row[1], "start": iso(row[2]), "end": iso(row[3]),
            "carried_minor": row[4], "total_minor": row[5], "left_minor": row[6], "postings": row[7],
        }
        for row in rows
    ]  # fmt: skip


def solicitations(world: World, seller: Seller) -> list[dict[str, Any]]:
    """Return the orders of a seller for which a review request was accepted, earliest first. Called under the lock."""
    rows = world.storage.connection.execute(
        "SELECT o.order_id, s.at FROM solicitations s JOIN orders o ON o.pk = s.order_pk WHERE o.seller = ? "
        "ORDER BY s.at, o.pk",
        (seller.pk,),
    )
    return [{"order_id": order_id, "accepted_at": iso(at)} for order_id, at in rows]


def finances(world: World, seller: Seller) -> list[dict[str, Any]]:
    """Return per currency what transactions must add up to; all money in minor units.

    ``posted_minor`` is what the books say was earned (paid and still owed), ``told_minor`` the part of it that
    listTransactions tells by now, each deferred transaction once. ``held_minor`` of that is still DEFERRED.
    """
    found: dict[str, dict[str, Any]] = {}
    with world.lock:
        for place in seller.marketplaces:
            currency = MARKETPLACES[place].currency
            paid = world.books.balance(seller.pk, accounts.BANK, currency)
            owed = world.books.balance(seller.pk, accounts.BALANCE, currency)
            found[currency] = {
                "currency": currency, "posted_minor": paid + owed, "paid_minor": paid, "owed_minor": owed,
                "told_minor": 0, "held_minor": 0, "told_transactions": 0,
            }  # fmt: skip
        for each in transactions.listed(world, seller, 0, world.now_ms + 1):
            if isinstance(each, transactions.Transfer) or each.release or each.shown > world.now_ms:
                continue
            sums = found[each.currency]
            sums["told_minor"] += each.total_minor
            sums["told_transactions"] += 1
            if transactions.status(world.seed, each, world.now_ms) == transactions.DEFERRED:
                sums["held_minor"] += each.total_minor
    return [found[currency] for currency in sorted(found)]
