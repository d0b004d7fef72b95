"""A seller's world for the screen tests: realistic, deterministic for a given moment, with its share of trouble."""

from __future__ import annotations

import random
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec

from quayside.compliance import promise_store
from quayside.compliance.promise_rules import Proof, ProvedRun, standings
from quayside.compliance.promise_views import promise_view
from quayside.sync.registry import data_inventory

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Json = dict[str, Any]

MARKETPLACES: Final[list[Json]] = [
    {
        "marketplace_id": code_id,
        "country_code": country,
        "name": name,
        "region": region,
        "currency": currency,
        "time_zone": zone,
        "seller_central_host": host,
    }
    for code_id, country, name, region, currency, zone, host in (
        ("ATVPDKIKX0DER", "US", "United States", "NA", "USD", "America/Los_Angeles", "sellercentral.amazon.com"),
        ("A2EUQ1WTGCTBG2", "CA", "Canada", "NA", "CAD", "America/Los_Angeles", "sellercentral.amazon.ca"),
        ("A1PA6795UKMFR9", "DE", "Germany", "EU", "EUR", "Europe/Berlin", "sellercentral-europe.amazon.com"),
        ("A1F83G8C2ARO7P", "GB", "United Kingdom", "EU", "GBP", "Europe/London", "sellercentral-europe.amazon.com"),
        ("A13V1IB3VIYZZH", "FR", "France", "EU", "EUR", "Europe/Paris", "sellercentral-europe.amazon.com"),
        ("APJ6JRA9NG5V4", "IT", "Italy", "EU", "EUR", "Europe/Rome", "sellercentral-europe.amazon.com"),
        ("A1RKKUPIHCS9HS", "ES", "Spain", "EU", "EUR", "Europe/Madrid", "sellercentral-europe.amazon.com"),
        ("A1VC38T7YXB528", "JP", "Japan", "FE", "JPY", "Asia/Tokyo", "sellercentral.amazon.co.jp"),
    )
]
_BY_ID: Final = {item["marketplace_id"]: item for item in MARKETPLACES}

EUROPE: Final = "c7k2m9q4w8x3v5zt"
AMERICA: Final = "a3h8n2r6t9y4b7dq"

PRODUCTS: Final = [
    ("TIDE-350", "B0C7TIDE35", "Tide Mug, 350 ml, stoneware, harbour blue", 1995),
    ("LAMP-01", "B0D2LAMP01", "Harbour Lamp, brass, dimmable, with linen shade", 4890),
    ("ROPE-3", "B09XROPE03", "Rope Basket, set of 3, cotton, for laundry and toys", 2450),
    ("SAIL-TOTE", "B0B8SAILT1", "Sailcloth Tote, 24 litres, recycled canvas", 3400),
    ("KNOT-BOARD", "B0CKNOT001", "Knot Board, walnut, wall mounted", 5990),
    ("BUOY-STOP", "B0A1BUOY02", "Buoy Door Stop, 1.2 kg", 1750),
    ("GULL-HOOK-5", "B0GULLHK05", "Gull Hooks, pack of 5, powder-coated steel, for coats, keys and towels", 1290),
    ("FOG-CANDLE", "B0FOGCNDL1", "Fog Candle, soy wax, cedar and salt, 45 hours", 2190),
]


def instant(moment: datetime) -> str:
    """Return a moment as the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def configuration() -> Json:
    """Return GET /configuration."""
    return {
        "stage": "test",
        "mfa_mode": "optional",
        "trial_days": 7,
        "password_rules": ["At least 12 characters", "A capital letter", "A small letter", "A digit", "A symbol"],
        "marketplaces": MARKETPLACES,
        "data_inventory": msgspec.to_builtins(data_inventory()),
    }


def erasure(now: datetime, connection_id: str | None, cause: str, state: str = "waiting") -> Json:
    """Return one erasure of GET /data; one that runs is a third through."""
    return {
        "erasure_id": f"erasure-{connection_id or 'all'}-{state}",
        "connection_id": connection_id,
        "name": None if connection_id is None else "Tidewater · Americas",
        "cause": cause,
        "state": state,
        "requested_at": instant(now - timedelta(hours=2)),
        "begins_at": instant(now + timedelta(days=6, hours=22)),
        "finished_at": None,
        "stage": "facts" if state == "running" else None,
        "items_total": 51_377,
        "items_done": 17_204,
    }


def export(now: datetime, connection_id: str | None, state: str) -> Json:
    """Return one export of GET /data; one that is made is half through."""
    ready = state == "ready"
    return {
        "export_id": f"export-{connection_id or 'all'}-{state}",
        "connection_id": connection_id,
        "name": None if connection_id is None else "Tidewater · Americas",
        "state": state,
        "reason": "The connection is gone." if state == "failed" else None,
        "requested_at": instant(now - timedelta(minutes=3)),
        "finished_at": instant(now - timedelta(minutes=1)) if ready else None,
        "ends_at": instant(now + timedelta(days=7)) if ready else None,
        "size": 4_318_220 if ready else None,
        "rows": 51_377,
        "parts_done": 14 if ready else 7,
        "parts_total": 14,
    }


def promises(now: datetime) -> Json:
    """Return GET /promises as it is after a run of the tests was published and before two promises were changed."""
    shipped = promise_store.shipped()
    at = instant(now - timedelta(days=2))
    run = ProvedRun(at, "4c0ffee4c0ff+", 2514, tuple(Proof(each.id, each.digest, "proved") for each in shipped[2:]))
    standings_ = standings(shipped, run)
    return {
        "as_of": instant(now),
        "run": {"finished_at": at, "revision": run.revision, "tests": run.tests},
        "proved": sum(each.state == "proved" for each in standings_),
        "not_proved": sum(each.state == "not proved" for each in standings_),
        "open": sum(each.state == "open" for each in standings_),
        "promises": [msgspec.to_builtins(promise_view(each)) for each in standings_],
        "watches": [
            {
                "id": "DPP-2.1",
                "title": "Keys of expired buyers' data destroyed",
                "state": "kept",
                "at": at[:10],
                "words": "Every key whose day had come is destroyed, and the manifest signed.",
            },
            {
                "id": "DPP-1.7",
                "title": "Nothing of Amazon's is older than 18 months",
                "state": "not yet",
                "at": None,
                "words": "No count of the last days is complete yet; everything is counted once a day.",
            },
        ],
    }


def disclosures(now: datetime) -> Json:
    """Return GET /data/disclosures: an export that was made and opened, and one of everything."""
    told = (("export_opened", AMERICA, 1), ("export_made", AMERICA, 4), ("export_made", None, 90))
    return {
        "disclosures": [
            {
                "at": instant(now - timedelta(minutes=minutes)),
                "what": what,
                "export_id": f"export-{connection_id or 'all'}",
                "connection_id": connection_id,
                "name": None if connection_id is None else "Tidewater · Americas",
                "by": "member-1",
                "by_name": "Mara Lindqvist",
                "rows": 51_377,
                "size": 4_318_220,
            }
            for what, connection_id, minutes in told
        ],
        "next_cursor": None,
    }


def receipt(now: datetime) -> Json:
    """Return one receipt of GET /data."""
    return {
        "erasure_id": "erasure-done",
        "connection_id": EUROPE,
        "cause": "revocation",
        "finished_at": instant(now - timedelta(days=1)),
        "erased": [{"dataset": "figures", "items": 512}, {"dataset": "orders", "items": 48_117}],
        "files": 61,
        "document": "{}",
        "signature": "MEUCIQ==",
        "public_key": "-----BEGIN PUBLIC KEY-----",
    }


def me(now: datetime, *, operator: bool = False) -> Json:
    """Return GET /me of the owner of a tenant on trial."""
    permissions = [
        "profile",
        "tenant.read",
        "connections.read",
        "tenant.manage",
        "tenant.close",
        "audit.read",
        "connections.manage",
        "orders.read",
        "fulfilment.recipients",
        "inventory.read",
        "inventory.manage",
        "analytics.read",
        "costs.manage",
        "catalog.read",
        "catalog.manage",
        "procurement.read",
        "procurement.manage",
        "procurement.approve",
        "procurement.receive",
        "reviews.read",
        "messages.read",
        "messages.send",
        "reviews.manage",
        "supply_chain.read",
        "supply_chain.manage",
        "sourcing.read",
        "sourcing.manage",
    ]
    if operator:
        permissions += ["operations.read", "operations.act"]
    return {
        "member": {
            "member_id": "m1",
            "email": "mara@tidewater.example",
            "name": "Mara Lindqvist",
            "role": "owner",
            "permissions": permissions,
            "mfa_enabled": False,
            "is_operator": operator,
        },
        "tenant": {
            "tenant_id": "0123456789abcdefghjkmnpqrs",
            "name": "Tidewater Goods",
            "plan": "trial",
            "trial_ends_at": instant(now + timedelta(days=5, hours=3)),
            "created_at": instant(now - timedelta(days=2)),
        },
    }


def connections(now: datetime) -> list[Json]:
    """Return two connections: one in order, one late and failing, with history loading and messages kept aside."""
    done = [
        {"key": "exchange", "title": "Amazon confirmed your permission", "state": "done", "detail": ""},
        {
            "key": "marketplaces",
            "title": "Found your marketplaces",
            "state": "done",
            "detail": "5 marketplaces in Europe",
        },
        {"key": "subscriptions", "title": "Amazon now tells us about each change", "state": "done", "detail": ""},
    ]
    return [
        {
            "connection_id": EUROPE,
            "selling_partner_id": "A2EUTIDEWATER1",
            "region": "EU",
            "name": "Tidewater Europe",
            "status": "connected",
            "status_reason": "",
            "status_action": "",
            "connected_at": instant(now - timedelta(days=2)),
            "authorisation_expires_at": instant(now + timedelta(days=363)),
            "marketplaces": [
                {key: item[key] for key in ("marketplace_id", "country_code", "name")}
                for item in MARKETPLACES
                if item["region"] == "EU"
            ],
            "steps": [
                *done,
                {"key": "history", "title": "Older orders are read", "state": "done", "detail": "18 months"},
            ],
            "trouble": None,
            "permission": permission(now, left_days=363, reminded=False),
            "datasets": [],
            "quarantined": 0,
        },
        {
            "connection_id": AMERICA,
            "selling_partner_id": "A1NATIDEWATER2",
            "region": "NA",
            "name": "Tidewater America",
            "status": "connected",
            "status_reason": "",
            "status_action": "",
            "connected_at": instant(now - timedelta(hours=1)),
            "authorisation_expires_at": instant(now + timedelta(days=21)),
            "marketplaces": [
                {key: item[key] for key in ("marketplace_id", "country_code", "name")}
                for item in MARKETPLACES
                if item["region"] == "NA"
            ],
            "steps": [
                *done,
                {
                    "key": "history",
                    "title": "Older orders are read",
                    "state": "running",
                    "detail": "Newest first; you can work meanwhile",
                },
            ],
            "trouble": None,
            "permission": permission(now, left_days=21, reminded=True),
            "datasets": [],
            "quarantined": 2,
        },
    ]


def permission(now: datetime, *, left_days: int, reminded: bool) -> Json:
    """Return the authorisation of an account, about whose end its seller is reminded or not."""
    ends_at = instant(now + timedelta(days=left_days))
    reminder = {
        "kind": "ends",
        "title": "Amazon's permission ends within 30 days",
        "detail": f"A seller's permission holds for a year, until {ends_at[:10]}. After that nothing more can be read.",
        "action": "Connect the account again; nothing is lost, and it takes a minute.",
    }
    return {
        "granted_at": instant(now - timedelta(days=365 - left_days)),
        "ends_at": ends_at,
        "last_used_at": instant(now - timedelta(minutes=4)),
        "roles": [
            {
                "role": "Inventory and Order Tracking",
                "last_used_at": instant(now - timedelta(minutes=4)),
                "standing": "used",
            },
            {"role": "Pricing", "last_used_at": instant(now - timedelta(days=64)), "standing": "unused"},
        ],
        "reminder": reminder if reminded else None,
    }


def credentials(now: datetime) -> Json:
    """Return GET /operations/credentials: a secret on its way, a key that is not used, one that ends, one in order."""
    keys = ((65, 300, "unused"), (0.01, 20, "used"), (0.02, 340, "used"))
    return {
        "client_secret": {
            "state": "requested",
            "issued_at": instant(now - timedelta(days=151)),
            "due_at": instant(now - timedelta(days=1)),
            "valid_until": instant(now + timedelta(days=29)),
            "previous_valid_until": None,
            "requested_at": instant(now - timedelta(minutes=2)),
        },
        "credentials": [
            {
                "tenant_id": "q9w1dfwf077ymga183f5vbh24e",
                "connection_id": f"tm19crgppmgzv9x{number}",
                "region": "EU",
                "granted_at": instant(now - timedelta(days=365 - left)),
                "ends_at": instant(now + timedelta(days=left)),
                "reminder_days": 30 if left == 20 else None,
                "last_used_at": instant(now - timedelta(days=used)),
                "standing": standing,
                "unused_roles": ["Pricing"] if standing == "unused" else [],
            }
            for number, (used, left, standing) in enumerate(keys)
        ],
        "total": 3,
    }


def abuse_case(now: datetime) -> Json:
    """Return GET /operations/abuse/{case_id}: a tenant that is blocked."""
    times = [instant(now - timedelta(hours=hours)) for hours in (3, 2, 1)]
    texts = ("Asks the buyers of 41 orders for good reviews.", "Request id 1-a.", "Blocked while Amazon looks at it.")
    body = "Hello,\n\nwe tell you of a selling partner who, we suspect, violates an agreement with Amazon.\n"
    return {
        "case_id": "4c0ffee4c0ffee4c",
        "tenant_id": "q9w1dfwf077ymga183f5vbh24e",
        "state": "blocked",
        "opened_at": times[0],
        "accounts": [{"selling_partner_id": "A2EUTIDEWATER1", "region": "EU"}],
        "entries": [
            {"at": at, "by": "member-1", "kind": kind, "text": text}
            for at, kind, text in zip(times, ("opened", "evidence", "blocked"), texts, strict=True)
        ],
        "email": {
            "to": "spapi-abuse@amazon.com",
            "subject": "Suspected violation by A2EUTIDEWATER1 (case 4c0ffee4c0ffee4c)",
            "body": body,
            "link": "mailto:spapi-abuse@amazon.com?subject=Suspected%20violation",
        },
        "next_steps": ["evidence", "unblock"],
    }


def abuse_cases(now: datetime) -> Json:
    """Return GET /operations/abuse: that one case."""
    case = abuse_case(now)
    told = {name: case[name] for name in ("case_id", "tenant_id", "state", "opened_at")}
    return {"cases": [{**told, "reason": case["entries"][-1]["text"]}]}


def quarantine(now: datetime) -> list[Json]:
    """Return two messages that could not be understood."""
    return [
        {
            "entry_id": "q1",
            "received_at": instant(now - timedelta(minutes=22)),
            "type": "ORDER_CHANGE",
            "reason": "The message names no order",
            "action": "Try again after the next update of Quayside; the order itself is read by the hourly check.",
            "payload": {
                "NotificationType": "ORDER_CHANGE",
                "Payload": {"OrderChangeNotification": {"SellerId": "A1NATIDEWATER2", "AmazonOrderId": None}},
            },
        },
        {
            "entry_id": "q2",
            "received_at": instant(now - timedelta(hours=3)),
            "type": "FBA_INVENTORY_AVAILABILITY_CHANGES",
            "reason": "A quantity is not a number",
            "action": "Try again; if it returns, ask for help with the reference below.",
            "payload": {
                "NotificationType": "FBA_INVENTORY_AVAILABILITY_CHANGES",
                "Payload": {"FulfillmentInventoryByMarketplace": [{"FulfillableQuantity": "many"}]},
            },
        },
    ]


def make_order(now: datetime, source: random.Random, number: int, age: timedelta) -> Json:
    """Return one order as the order page shows it; the list's form is derived from it."""
    marketplace = source.choices(
        [item for item in MARKETPLACES if item["region"] != "FE"], weights=[3, 1, 6, 3, 2, 2, 2]
    )[0]
    at = now - age
    pending = age < timedelta(minutes=40) and number % 2 == 0
    cancelled = number % 23 == 11
    status = (
        "PENDING"
        if pending
        else "CANCELLED"
        if cancelled
        else "UNSHIPPED"
        if age < timedelta(hours=20)
        else "PARTIALLY_SHIPPED"
        if number % 19 == 7
        else "SHIPPED"
    )
    lines: list[Json] = []
    for index, (sku, asin, title, price) in enumerate(
        source.sample(PRODUCTS, source.choices([1, 2, 3], weights=[8, 2, 1])[0])
    ):
        quantity = source.choices([1, 2, 4], weights=[8, 2, 1])[0]
        amounts = {
            "item": price * quantity,
            "tax": round(price * quantity * 0.19),
            "shipping": 0,
            "discount": -200 if number % 5 == 0 else 0,
            "other": 0,
        }
        lines.append(
            {
                "order_item_id": f"{number:08}{index}",
                "seller_sku": sku,
                "asin": asin,
                "title": title,
                "quantity_ordered": quantity,
                "quantity_shipped": quantity if status == "SHIPPED" else 0,
                "cancelled": cancelled,
                **{
                    name: None if pending else {"amount_minor": minor, "currency": marketplace["currency"]}
                    for name, minor in amounts.items()
                },
            }
        )
    totals = None
    if not pending:
        totals = {
            name: {
                "amount_minor": sum(line[name]["amount_minor"] for line in lines),
                "currency": marketplace["currency"],
            }
            for name in ("item", "tax", "shipping", "discount", "other")
        }
        totals["total"] = {
            "amount_minor": sum(part["amount_minor"] for part in totals.values()),
            "currency": marketplace["currency"],
        }
    return {
        "order_id": "-".join(
            (
                "304" if marketplace["region"] == "EU" else "112",
                f"{1000000 + number * 7919 % 8999999:07}",
                f"{1000000 + number * 104729 % 8999999:07}",
            )
        ),
        "connection_id": EUROPE if marketplace["region"] == "EU" else AMERICA,
        "marketplace_id": marketplace["marketplace_id"],
        "purchased_at": instant(at),
        "status": status,
        "fulfilled_by": "MERCHANT" if number % 9 == 4 else "AMAZON",
        "units": sum(line["quantity_ordered"] for line in lines),
        "is_replacement": False,
        "lines": lines,
        "totals": totals,
        "total": totals["total"] if totals else None,
        "total_state": "waiting" if pending else "posted",
        "windows": {
            "ship_after": instant(at),
            "ship_by": instant(at + timedelta(days=1)),
            "deliver_after": instant(at + timedelta(days=2)),
            "deliver_by": instant(at + timedelta(days=4)),
        },
        "history": {
            "source": "ORDER_CHANGE notification",
            "source_updated_at": instant(at + timedelta(minutes=1)),
            "received_at": instant(at + timedelta(minutes=1, seconds=4)),
            "priced_at": None if pending else instant(at + timedelta(minutes=2)),
        },
    }


def orders(now: datetime) -> list[Json]:
    """Return 130 orders, newest first, at a shop's uneven pace."""
    source = random.Random(20261121)
    age = timedelta(minutes=3)
    found = []
    for number in range(130):
        found.append(make_order(now, source, number + 1, age))
        age += timedelta(minutes=source.expovariate(1 / 190) + 4)
    return found


def delivery(now: datetime, order: Json, features_off: dict[str, set[str]]) -> Json:
    """Return GET /orders/{order_id}/delivery."""
    state, reason, action = "kept", "", ""
    if order["fulfilled_by"] == "AMAZON":
        state, reason = "by_amazon", "Amazon ships this order, so its delivery address is not read."
    elif "merchant_fulfilment" in features_off.get(order["connection_id"], set()):
        state = "off"
        reason = "Merchant fulfilment is switched off for this account, so delivery addresses are not read."
        action = "An owner or admin can switch it on under Sync."
    elif order["status"] == "CANCELLED":
        state, reason = "none", "The order is cancelled, so its delivery address was deleted."
    elif order["status"] == "PENDING":
        state, reason = "none", "Amazon gives no delivery address of an order in this state."
    return {
        "order_id": order["order_id"],
        "state": state,
        "kept_until": (now + timedelta(days=33)).date().isoformat() if state == "kept" else None,
        "reason": reason,
        "action": action,
        "purposes": ["label", "packing_slip"],
    }


def recipient(order_id: str, purpose: str) -> Json:
    """Return GET /orders/{order_id}/recipient."""
    return {
        "order_id": order_id,
        "purpose": purpose,
        "name": "Ines Quist",
        "address_line1": "14 Harbour Lane",
        "city": "Hamburg",
        "postal_code": "20459",
        "country_code": "DE",
        "phone": "+00 555 0142",
    }


def summary(order: Json) -> Json:
    """Return an order as the list shows it."""
    kept = (
        "order_id",
        "connection_id",
        "marketplace_id",
        "purchased_at",
        "status",
        "fulfilled_by",
        "units",
        "total",
        "total_state",
    )
    return {
        **{name: order[name] for name in kept},
        "lines": len(order["lines"]),
        "first_title": order["lines"][0]["title"],
    }


def positions(now: datetime) -> list[Json]:
    """Return stock in four marketplaces: plenty, low, out with more on the way, all reserved, and out."""
    source = random.Random(7)
    found = []
    for marketplace in (MARKETPLACES[2], MARKETPLACES[3], MARKETPLACES[0], MARKETPLACES[4]):
        for index, (sku, asin, title, _) in enumerate(PRODUCTS):
            scale = 0 if index in {2, 5} else source.randint(8, 640)
            parts = {
                "fulfillable": scale,
                "inbound_working": source.choice([0, 0, 120]),
                "inbound_shipped": 240 if index == 2 else source.choice([0, 0, 60]),
                "inbound_receiving": source.choice([0, 18]),
                "reserved_transfer": source.choice([0, 7]),
                "reserved_processing": source.choice([0, 2]),
                "reserved_customer_orders": source.randint(0, 9),
                "unfulfillable": source.choice([0, 0, 3]),
                "researching": source.choice([0, 0, 0, 1]),
            }
            if index == 5:
                parts = dict.fromkeys(parts, 0)
            found.append(
                {
                    "connection_id": EUROPE if marketplace["region"] == "EU" else AMERICA,
                    "marketplace_id": marketplace["marketplace_id"],
                    "seller_sku": sku,
                    "asin": asin,
                    "fnsku": f"X00{asin[3:]}",
                    "title": title,
                    **parts,
                    "total": sum(parts.values()),
                    "source_updated_at": instant(now - timedelta(minutes=source.randint(3, 900))),
                    **_stock_parts(now, index, parts),
                }
            )
    return found


def _stock_parts(now: datetime, index: int, parts: dict[str, int]) -> Json:
    """Return what days and the seller's own stock add to a position."""
    fulfillable, daily = parts["fulfillable"], 1500 + 700 * index
    recent: list[int | None] = [max(0, fulfillable + (29 - day) * daily // 1000 - 40) for day in range(29)]
    recent[3] = None
    inbound = parts["inbound_working"] + parts["inbound_shipped"] + parts["inbound_receiving"]
    standing = "sellable" if fulfillable else "on_the_way" if inbound else "reserved" if index == 2 else "out"
    cover = fulfillable * 1000 // daily
    filled = f"{fulfillable} units ÷ {daily / 1000:.3f} units a day = {cover} days"
    return {
        "standing": standing,
        "own_stock": None if index % 2 else 120 * index,
        "recent": [*recent, fulfillable],
        "days_without": sum(1 for day in [*recent, fulfillable] if day == 0),
        "days_of_cover": _figure(now, cover, "days", "Days of cover", filled),
        "aged_units": 24 if index == 1 else None if index == 5 else 0,
    }


def stock_detail(now: datetime, item: Json) -> Json:
    """Return one SKU day by day."""
    days = []
    for back in range(89, -1, -1):
        recent = item["recent"][29 - back] if back < 30 else None
        seen = back < 60
        units = recent if back < 30 else item["fulfillable"] + back
        parts = (units, 60 if back > 20 else 0, 4, 1) if seen and units is not None else (None,) * 4
        names = ("fulfillable", "inbound", "reserved", "unsellable")
        day = (now - timedelta(days=back)).date().isoformat()
        days.append({"date": day, **dict(zip(names, parts, strict=True))})
    return {
        "line": item,
        "as_of": instant(now - timedelta(minutes=6)),
        "days": days,
        "days_of_cover": item["days_of_cover"],
        "days_without": _figure(now, 2, "days", "Days without stock", "2 of 59 days with nothing to sell"),
        "aged": [
            _figure(now, 24, "units", "Older than 90 days", "24 were not sold since"),
            _figure(now, None, "units", "Older than 180 days", "Stock of 180 days ago is not known"),
        ],
        "own_stock": [{"location_id": "garage", "name": "Garage", "units": 120}],
        "linked_marketplace_ids": [item["marketplace_id"]],
    }


def locations(item: Json) -> Json:
    """Return two places of the seller's, one of them closed."""
    common = {"connection_id": item["connection_id"], "marketplace_id": item["marketplace_id"]}
    return {
        "locations": [
            {"location_id": "garage", "name": "Garage", **common, "closed_at": None, "version": 1},
            {"location_id": "barn", "name": "Old barn", **common, "closed_at": "2026-10-01T08:00:00Z", "version": 2},
        ]
    }


def own_balances(now: datetime) -> Json:
    """Return what there is at a place."""
    place = locations({"connection_id": AMERICA, "marketplace_id": MARKETPLACES[0]["marketplace_id"]})["locations"][0]
    return {
        "location": place,
        "balances": [
            {"seller_sku": sku, "balance": 120 * index, "changed_at": instant(now - timedelta(days=index))}
            for index, (sku, _, _, _) in enumerate(PRODUCTS[:4])
        ],
        "next_cursor": None,
    }


def own_ledger(now: datetime, location_id: str, sku: str) -> Json:
    """Return the movements of a SKU at a place."""
    told = (
        (3, "reversal", 4, 120, "Not sent after all", 2),
        (2, "shipped", -4, 116, "To FBA", None),
        (1, "received", 120, 120, "Delivery of the supplier", None),
    )
    return {
        "location_id": location_id,
        "seller_sku": sku,
        "movements": [
            {
                "number": number,
                "kind": kind,
                "change": change,
                "balance": balance,
                "at": instant(now - timedelta(days=9 - number)),
                "by": "anna",
                "note": note,
                "reverses": reverses,
            }
            for number, kind, change, balance, note, reverses in told
        ],
        "next_number": None,
    }


def _figure(
    now: datetime, value: int | None, unit: str, title: str, filled: str, *, currency: str | None = None
) -> Json:
    return {
        "value": value,
        "unit": unit,
        "currency": currency,
        "as_of": instant(now - timedelta(minutes=2)),
        "state": "estimated",
        "source": "Amazon orders (Orders API and ORDER_CHANGE notifications), added up per day as they arrive",
        "method": {
            "id": f"test.{title}",
            "title": title,
            "formula": "Sum of the item proceeds that Amazon states for every line of the orders of the period",
            "filled": filled,
            "inputs": [
                {"label": "Orders with their price", "value": 402, "unit": "orders"},
                {"label": "Orders pending with Amazon", "value": 3, "unit": "orders"},
                {"label": "Orders cancelled, left out", "value": 9, "unit": "orders"},
            ],
            "notes": [
                "Without tax, shipping and gift wrap, and before discounts.",
                "A day is a day of the marketplace's own time zone, by the time of purchase.",
            ],
        },
    }


def figures(now: datetime, currency: str, sales: int, units: int, count: int) -> Json:
    """Return the four figures of a period that today belongs to, so that none is final."""
    text = f"{sales / 10 ** (0 if currency == 'JPY' else 2):,} {currency}"
    placed = f"{count + 9:,} orders placed less 9 cancelled = {count:,} orders"
    average = sales // count if count else None
    return {
        "sales": _figure(
            now, sales, "minor", "Sales", f"Item proceeds of {count:,} orders = {text}", currency=currency
        ),
        "units": _figure(
            now, units, "units", "Units ordered", f"Units on all lines of {count:,} orders = {units:,} units"
        ),
        "orders": _figure(now, count, "orders", "Orders", placed),
        "average_order_value": _figure(
            now, average, "minor", "Average order value", f"{text} ÷ {count:,} orders", currency=currency
        ),
    }


def overview(  # noqa: PLR0917 - what a dashboard is made of
    now: datetime,
    period: str,
    marketplace_id: str,
    extra_orders: int,
    held: list[Json],
    of_currency: Callable[[str, list[Json]], Json],
) -> Json:
    """Return GET /analytics/overview; `extra_orders` are those that arrived while the test looked."""
    days = {"today": 1, "yesterday": 1, "7d": 7, "30d": 30, "90d": 90, "custom": 14}[period]
    today = now.astimezone(ZoneInfo("Europe/Berlin")).date()
    wanted = [_BY_ID[marketplace_id]] if marketplace_id else [item for item in MARKETPLACES if item["region"] == "EU"]
    parts = []
    for currency in dict.fromkeys(item["currency"] for item in wanted):
        source = random.Random(currency)
        rows: list[Json] = []
        for back in range(days - 1, -1, -1):
            at = today - timedelta(days=back)
            weekday = 1.25 if at.weekday() >= 5 else 1.0
            count = max(
                1, round((46 + 14 * source.random() + (30 - back) * 0.4) * weekday * (1 if currency == "EUR" else 0.4))
            )
            count = round(count * 0.4) if back == 0 else count
            count += extra_orders if back == 0 else 0
            rows.append(
                {
                    "date": at.isoformat(),
                    "sales_minor": count * (2400 + source.randint(-250, 300)),
                    "units": round(count * 1.2),
                    "orders": count,
                    "state": "estimated" if back == 0 else "posted",
                }
            )
        sales = sum(int(row["sales_minor"]) for row in rows)
        units = sum(int(row["units"]) for row in rows)
        count = sum(int(row["orders"]) for row in rows)
        here = [item for item in wanted if item["currency"] == currency]
        weights = [0.52, 0.21, 0.15, 0.12][: len(here)]
        parts.append(
            {
                "currency": currency,
                **of_currency(currency, [item for item in wanted if item["currency"] == currency]),
                "figures": figures(now, currency, sales, units, count),
                "previous": None
                if period == "90d"
                else {
                    "from": (today - timedelta(days=2 * days - 1)).isoformat(),
                    "to": (today - timedelta(days=days)).isoformat(),
                    "sales_minor": round(sales * (0.92 if currency == "EUR" else 1.04)),
                    "units": round(units * 0.95),
                    "orders": round(count * 0.97),
                },
                "days": rows,
                "marketplaces": [
                    {
                        "marketplace_id": item["marketplace_id"],
                        "country_code": item["country_code"],
                        "name": item["name"],
                        "figures": figures(
                            now,
                            currency,
                            round(sales * weight / sum(weights)),
                            round(units * weight / sum(weights)),
                            max(1, round(count * weight / sum(weights))),
                        ),
                    }
                    for item, weight in zip(here, weights, strict=True)
                ],
            }
        )
    return {
        "period": {
            "key": period,
            "from": (today - timedelta(days=days - 1)).isoformat(),
            "to": today.isoformat(),
            "days": days,
        },
        "as_of": instant(now - timedelta(minutes=2)),
        "currencies": parts if held else [],
        "connections": [
            {
                "connection_id": item["connection_id"],
                "name": item["name"],
                "region": item["region"],
                "status": item["status"],
                "orders_as_of": instant(now - timedelta(minutes=2)),
            }
            for item in held
        ],
        "has_connection": bool(held),
    }


_AUDIT_PAGE: Final = 50
_ACTS: Final = (
    ("session.started", "Signed in", "member/m1", "done", ()),
    ("credential.used", "Refresh token used for an access token", "connection/tm19crgppmgzv9xh", "done", ()),
    ("sync.switch_feature", "Feature switched", "connection/tm19crgppmgzv9xh", "done", (("feature", "profit"),)),
    ("connections.disconnect", "Amazon account disconnected", "connection/x", "refused", (("code", "not_permitted"),)),
    ("consent.failed", "Connecting the Amazon account failed", "connection/y", "failed", (("step", "exchange"),)),
)


def audit(now: datetime, area: str, before: int | None) -> Json:
    """Return GET /audit: 120 entries, newest first, 50 a page."""
    entries = []
    for sequence in range(119 if before is None else before - 1, -1, -1):
        action, title, subject, outcome, details = _ACTS[sequence % len(_ACTS)]
        person = action.partition(".")[0] not in {"credential", "consent"}
        if not area or action.startswith(f"{area}."):
            entries.append(
                {
                    "sequence": sequence,
                    "at": instant(now - timedelta(minutes=7 * (119 - sequence))),
                    "action": action,
                    "title": title,
                    "actor": "m1" if person else "sync_worker",
                    "actor_name": "Mara Lindqvist" if person else "Quayside",
                    "subject": subject,
                    "outcome": outcome,
                    "details": [{"name": name, "value": value} for name, value in details],
                    "previous_hash": f"{sequence:064x}",
                }
            )
        if len(entries) == _AUDIT_PAGE:
            break
    more = entries and entries[-1]["sequence"]
    return {"entries": entries, "next_cursor": str(more) if more else None}
