"""Syncing as the screens know it: every dataset of the registry, in order, late, failing, waiting, paused and off."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from quayside.sync.registry import FEATURES, REGISTRY
from tests.e2e.support.fake_data import AMERICA, EUROPE, PRODUCTS, instant

Json = dict[str, Any]

RUNS_A_PAGE: Final = 8
_BOARD_PAGE: Final = 32

# Rate a second, burst, calls left, seconds to the next one, refusals: as Amazon grants them, some of it used.
_QUOTA: Final[dict[str, tuple[str, int, int, int, int]]] = {
    "searchOrders": ("0.0056", 20, 14, 0, 0),
    "getOrder": ("0.5", 30, 30, 0, 0),
    "getInventorySummaries": ("2", 2, 1, 0, 0),
    "createReport": ("0.0167", 15, 0, 41, 0),
    "getReports": ("0.0222", 10, 9, 0, 0),
    "getReportDocument": ("0.0167", 15, 12, 0, 1),
    "listTransactions": ("0.5", 10, 10, 0, 0),
    "searchCatalogItems": ("2", 2, 2, 0, 0),
    "getListingsItem": ("5", 5, 5, 0, 0),
    "searchListingsItems": ("5", 5, 4, 0, 0),
    "getMyFeesEstimates": ("0.5", 1, 1, 0, 0),
}

_CALLS: Final = {
    "orders": ("searchOrders", "getOrder", "createReport"),
    "inventory": ("getInventorySummaries",),
    "listings": ("getListingsItem", "searchListingsItems", "createReport"),
    "catalog_items": ("searchCatalogItems",),
    "finances": ("listTransactions",),
    "settlements": ("getReports", "getReportDocument"),
    "returns": ("createReport", "getReportDocument"),
    "fees": ("getMyFeesEstimates",),
    "sales_and_traffic": ("createReport", "getReportDocument"),
    "restock_advice": ("createReport", "getReportDocument"),
    "review_requests": ("getSolicitationActionsForOrder",),
    "buyer_messages": ("getMessagingActionsForOrder",),
    "product_research": ("searchCatalogItems", "getMyFeesEstimates"),
}

_ROWS: Final = {
    "orders": 18_422,
    "inventory": 64,
    "listings": 412,
    "catalog_items": 131,
    "finances": 52_310,
    "settlements": 48_127,
    "returns": 902,
    "fees": 398,
    "inbound_shipments": 37,
    "sales_and_traffic": 9_240,
    "restock_advice": 64,
    "recipients": 14,
    "review_requests": 412,
    "buyer_messages": 6,
    "product_research": 24,
}

_SHARE: Final = {"orders": 0.1, "inventory": 0.2, "listings": 0.35, "returns": 0.6, "sales_and_traffic": 0.45}
"""How old a dataset is, as a share of its objective, while all is well."""

TROUBLES: Final[dict[str, tuple[str, str, str]]] = {
    "revoked": (
        "Amazon says that you withdrew Quayside's permission",
        "Since then nothing of this account is read. What was read before is still here.",
        "If that was not meant, connect the account again. If it was, there is nothing to do.",
    ),
    "our_secret": (
        "Amazon refuses Quayside's own key",
        "Our fault, not yours: the key of this Quayside has to be renewed. No account was disconnected.",
        "Nothing to do for you: the people who run this Quayside have been told, and reading goes on by itself.",
    ),
    "outage": (
        "Amazon is not answering",
        "Amazon's own service fails. Quayside asks again at growing intervals, so as not to make things worse.",
        "Nothing to do: everything that was missed is read as soon as Amazon answers again.",
    ),
    "access": (
        "A role was not granted",
        "Amazon refuses the data that needs the role “Amazon Fulfillment”.",
        "Connect the account again and agree to all roles on Amazon's page.",
    ),
}


def trouble(kind: str, now: datetime) -> Json:
    """Return what stops a whole connection."""
    title, detail, action = TROUBLES[kind]
    return {
        "kind": kind,
        "title": title,
        "detail": detail,
        "action": action,
        "since": instant(now - timedelta(minutes=38)),
    }


def _health(
    now: datetime, state: str, age: timedelta | None, *, rows: int, reason: str = "", action: str = "", **more: Any
) -> Json:
    at = None if age is None else instant(now - age)
    return {
        "state": state,
        "last_success_at": at,
        "last_attempt_at": at,
        "rows": rows,
        "reason": reason,
        "action": action,
        "progress": None,
        **more,
    }


def _america(now: datetime) -> dict[str, Json]:
    return {
        "orders": _health(
            now,
            "late",
            timedelta(minutes=44),
            rows=41_210,
            reason="Amazon asks us to read more slowly at the moment.",
            action="Nothing to do: it catches up by itself.",
            last_attempt_at=instant(now - timedelta(minutes=1)),
            progress={
                "done": 41_210,
                "total_estimate": 96_000,
                "unit": "orders",
                "estimated_finish_at": instant(now + timedelta(minutes=26)),
                "windows_done": 9,
                "windows_total": 25,
                "windows": [True] * 6 + [False, True, False, True, True] + [False] * 14,
            },
        ),
        "inventory": _health(
            now,
            "failing",
            timedelta(hours=5),
            rows=41,
            reason="Amazon refused the last three readings: the role “Amazon Fulfillment” was not granted.",
            action="Connect the account again and agree to all roles.",
            last_attempt_at=instant(now - timedelta(minutes=3)),
        ),
        "listings": _health(now, "fresh", timedelta(hours=9), rows=188, reason="The last check brought nothing new."),
        "catalog_items": _health(now, "waiting", None, rows=0, reason="The first data is on its way."),
        "finances": _health(
            now,
            "fresh",
            timedelta(hours=2),
            rows=11_800,
            progress={
                "done": 11_800,
                "total_estimate": None,
                "unit": "rows",
                "estimated_finish_at": None,
                "windows_done": 1,
                "windows_total": 24,
                "windows": [True] + [False] * 23,
            },
        ),
        "settlements": _health(now, "paused", timedelta(hours=31), rows=9_422, reason="A member paused it."),
        "fees": _health(
            now,
            "late",
            timedelta(days=11),
            rows=80,
            reason="The listings it starts from were read a moment ago; it is next in line.",
            action="Nothing to do: it catches up by itself.",
        ),
        "sales_and_traffic": _health(
            now,
            "off",
            timedelta(days=3),
            rows=2_214,
            reason="Switched off with the feature Performance.",
            action="Switch the feature on to read it again.",
        ),
        "recipients": _health(now, "off", None, rows=0, reason="No feature that is on needs it."),
    }


def datasets(now: datetime, connection_id: str) -> list[Json]:
    """Return the health of every dataset of a connection, as GET /connections gives it."""
    special = _america(now) if connection_id == AMERICA else {}
    found = []
    for terms in REGISTRY:
        age = timedelta(seconds=terms.objective_seconds * _SHARE.get(terms.key, 0.3))
        health = special.get(terms.key) or _health(now, "fresh", age, rows=_ROWS[terms.key])
        found.append(
            {"dataset": terms.key, "title": terms.title, "objective_seconds": terms.objective_seconds, **health}
        )
    return found


def datasets_of(feature: str, features_off: set[str]) -> set[str]:
    """Return the datasets that a feature needs and none other that is on."""
    others = features_off | {feature}
    return {terms.key for terms in REGISTRY if feature in terms.features and not terms.is_needed(others)}


def _quota(now: datetime, operation: str) -> Json | None:
    if operation not in _QUOTA:
        return None
    rate, burst, left, seconds, throttled = _QUOTA[operation]
    return {
        "operation": operation,
        "rate_per_second": rate,
        "burst": burst,
        "left": left,
        "next_slot_at": instant(now + timedelta(seconds=seconds)) if seconds else None,
        "throttled": throttled,
    }


def view(now: datetime, connection: Json, features_off: set[str]) -> Json:
    """Return GET /connections/{connection_id}/sync for a connection as it is now."""
    terms_of = {terms.key: terms for terms in REGISTRY}
    shown = []
    for health in connection["datasets"]:
        terms = terms_of[health["dataset"]]
        success = health["last_success_at"]
        age = None if success is None else int((now - datetime.fromisoformat(success)).total_seconds())
        still = health["state"] in {"paused", "off"}
        quota = [found for operation in _CALLS.get(terms.key, ()) if (found := _quota(now, operation))]
        shown.append(
            {
                **health,
                "feature": terms.features[0],
                "age_seconds": age,
                "next_at": None if still else instant(now + timedelta(seconds=terms.refresh_seconds * 0.4)),
                "last_rows": None if age is None else 0 if "nothing new" in health["reason"] else len(terms.key) * 3,
                "source_words": terms.source,
                "request_id": "6f1c2b7e-0f2a-4d0a-9a61-1d8c0d6d7a11" if health["state"] == "failing" else None,
                "last_cause": None if age is None else "notification" if terms.notifications else "schedule",
                "paused_at": instant(now - timedelta(hours=4)) if health["state"] == "paused" else None,
                "quota": quota,
            }
        )
    return {
        "connection": {name: connection[name] for name in ("connection_id", "name", "region", "status", "trouble")},
        "features": [
            {
                "feature": feature.key,
                "title": feature.title,
                "what": feature.what,
                "on": feature.key not in features_off,
                "caution": feature.caution,
                "datasets": [terms.key for terms in REGISTRY if feature.key in terms.features],
            }
            for feature in FEATURES
        ],
        "datasets": shown,
        "quarantined": connection["quarantined"],
    }


def runs(now: datetime, dataset: str, page: int) -> Json:
    """Return a page of the runs of a dataset: each outcome once, then a quiet day."""
    source = random.Random(f"{dataset}{page}")
    kind = next(terms.refresh_kind for terms in REGISTRY if terms.key == dataset)
    shapes: list[tuple[str, str, int, int, str]] = [
        ("done", "notification", 0, 12, ""),
        ("nothing_new", "schedule", 0, 0, ""),
        ("retries", "schedule", 1, 0, "Amazon did not answer in time."),
        ("refused", "member", 0, 0, "Amazon refused this: the role “Amazon Fulfillment” was not granted."),
        ("gave_up", "retry", 8, 0, "Tried for 24 hours; the next planned run begins anew."),
        ("stopped", "schedule", 0, 0, "The dataset was paused meanwhile."),
    ]
    found = []
    for number in range(RUNS_A_PAGE):
        regular = ("done", "schedule", 0, source.randint(1, 400), "")
        outcome, cause, attempt, rows, reason = shapes[number] if page == 0 and number < len(shapes) else regular
        began = now - timedelta(minutes=7 + 95 * (number + RUNS_A_PAGE * page))
        found.append(
            {
                "started_at": began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                "finished_at": instant(began + timedelta(seconds=source.randint(1, 40))),
                "kind": kind,
                "cause": cause,
                "attempt": attempt,
                "outcome": outcome,
                "reason": reason,
                "rows": rows,
                "request_ids": [f"{source.getrandbits(128):032x}" for _ in range(0 if cause == "notification" else 2)],
                "marketplace_id": "ATVPDKIKX0DER" if number == 1 else None,
            }
        )
    return {"runs": found, "next_cursor": str(page + 1) if page < 1 else None}


def rows(now: datetime, dataset: str, marketplace_id: str, page: int) -> Json:
    """Return a page of stored rows: one column of each kind."""
    columns = [
        {"key": "seller_sku", "title": "SKU", "kind": "text"},
        {"key": "title", "title": "Title", "kind": "text"},
        {"key": "price", "title": "Price", "kind": "money"},
        {"key": "units", "title": "Units", "kind": "number"},
        {"key": "changed_at", "title": "Changed", "kind": "instant"},
        {"key": "since", "title": "Since", "kind": "day"},
    ]
    found: list[list[Any]] = []
    if dataset != "catalog_items":
        for number in range(16):
            sku, _, title, price = PRODUCTS[number % len(PRODUCTS)]
            money = None if number % 6 == 5 else {"amount_minor": price + 10 * number, "currency": "USD"}
            changed = instant(now - timedelta(hours=number))
            found.append([f"{sku}-{page}{number}", title, money, number * 7, changed, f"2026-10-{1 + number:02}"])
    return {
        "columns": columns,
        "rows": found,
        "next_cursor": str(page + 1) if page == 0 and found and marketplace_id != "A2EUQ1WTGCTBG2" else None,
        "as_of": instant(now - timedelta(minutes=9)),
    }


def reports(now: datetime) -> list[Json]:
    """Return reports in each of their states, newest first."""
    kinds = {terms.key: terms for terms in REGISTRY}
    shapes: list[tuple[str, str, int | None, int, int, str, str]] = [
        ("orders", "waiting", None, 0, 0, "", ""),
        ("orders", "loading", 48_200, 31_000, 0, "", ""),
        (
            "orders",
            "loaded",
            51_877,
            51_874,
            3,
            "3 rows could not be read and are kept aside with their line numbers.",
            "Look at them under “Not understood”.",
        ),
        ("returns", "empty", 0, 0, 0, "Amazon says there were no returns in these days.", ""),
        (
            "listings",
            "failed",
            188,
            0,
            0,
            "Amazon changed the file: the column “seller-sku” is missing.",
            "Nothing is lost: the file is kept. Load it again after the next update of Quayside.",
        ),
        ("settlements", "loaded", 4_112, 4_112, 0, "", ""),
        ("orders", "planned", None, 0, 0, "", ""),
        ("sales_and_traffic", "collected", None, 0, 0, "", ""),
    ]
    found = []
    for number, (dataset, state, total, loaded, bad, reason, action) in enumerate(shapes):
        report_type = kinds[dataset].reports[0]
        begins = now - timedelta(days=30 * (number + 1))
        kept = state in {"loading", "loaded", "collected", "failed"}
        asked = state != "planned"
        made = asked and state != "waiting"
        found.append(
            {
                "report": f"{report_type}-{number}",
                "report_type": report_type,
                "title": f"{kinds[dataset].title}: Amazon's report",
                "state": state,
                "data_start": instant(begins),
                "data_end": instant(begins + timedelta(days=30)),
                "requested_at": instant(now - timedelta(minutes=3 + 40 * number)) if asked else None,
                "ready_at": instant(now - timedelta(minutes=1 + 40 * number)) if made else None,
                "loaded_at": instant(now - timedelta(minutes=40 * number)) if state == "loaded" else None,
                "rows_total": total,
                "rows_loaded": loaded,
                "rows_bad": bad,
                "totals": {
                    "rows": total,
                    "units": 61_204,
                    "money": [
                        {"amount_minor": 128_441_295, "currency": "USD"},
                        {"amount_minor": 8_412_010, "currency": "CAD"},
                    ],
                }
                if state == "loaded"
                else None,
                "sha256": f"{random.Random(number).getrandbits(256):064x}" if kept else None,
                "bytes": 18_400_000 + number if kept else None,
                "reason": reason,
                "action": action,
            }
        )
    return found


def report_page(found: list[Json], dataset: str | None) -> Json:
    """Return GET /connections/{connection_id}/reports, of one dataset or of all."""
    types = next((terms.reports for terms in REGISTRY if terms.key == dataset), ())
    chosen = [report for report in found if dataset is None or report["report_type"] in types]
    return {"reports": chosen, "next_cursor": None}


def board(now: datetime, state: str, page: int) -> Json:
    """Return GET /operations/sync: three organisations, one of them in trouble."""
    source = random.Random(12)
    tenants = [f"{source.getrandbits(130):026x}"[-26:] for _ in range(3)]
    places = [
        (tenants[0], EUROPE),
        (tenants[0], AMERICA),
        (tenants[1], "9k2p4v7x1n5t8w3z"),
        (tenants[2], "5d8h2m6r9v3y7b1f"),
    ]
    entries: list[Json] = []
    for number, (tenant_id, connection_id) in enumerate(places):
        for health in datasets(now, AMERICA if number == 1 else EUROPE):
            entries.append(
                {
                    "tenant_id": tenant_id,
                    "connection_id": connection_id,
                    "dataset": health["dataset"],
                    "state": health["state"],
                    "since": instant(now - timedelta(minutes=50 + 13 * len(entries))),
                    "last_success_at": health["last_success_at"],
                    "reason": health["reason"] if health["state"] in {"late", "failing"} else "",
                    "throttled": 2 if len(entries) == 11 else 0,
                    "updated_at": instant(now - timedelta(minutes=len(entries) % 10)),
                }
            )
    worst = {"failing": 0, "late": 1, "waiting": 2, "paused": 3}
    chosen = sorted(
        (entry for entry in entries if not state or entry["state"] == state),
        key=lambda entry: worst.get(entry["state"], 9),
    )
    start = page * _BOARD_PAGE
    following = str(page + 1) if len(chosen) > start + _BOARD_PAGE else None
    return {"entries": chosen[start : start + _BOARD_PAGE], "next_cursor": following}
