"""The API as the screens know it, in memory: the contract's answers, a cookie session, and trouble on demand."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from quayside.compliance import promise_service
from tests.e2e.support import fake_data, fake_figures, fake_money, fake_restock, fake_sourcing, fake_sync, gateway
from tests.e2e.support.fake_catalog import FakeCatalog
from tests.e2e.support.fake_messages import FakeMessages
from tests.e2e.support.fake_purchases import FakePurchases
from tests.e2e.support.fake_reviews import FakeReviews
from tests.e2e.support.fake_shipments import FakeShipments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

Json = dict[str, Any]

EMAIL: Final = "mara@tidewater.example"
PASSWORD: Final = "Harbour-light-2026"
CODE: Final = "123456"
_SECRET: Final = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_OTPAUTH_URI: Final = f"otpauth://totp/Quayside:{EMAIL}?secret={_SECRET}&issuer=Quayside"
_COOKIE: Final = "__Host-quayside_session"
_STARTED_WITHIN_SECONDS: Final = 10


def _written(view: msgspec.Struct) -> Response:
    """Answer as the API writes a view."""
    return Response(msgspec.json.encode(view), media_type="application/json")


def problem(
    status: int, code: str, title: str, detail: str = "", action: str = "", *, fields: list[Json] | None = None
) -> JSONResponse:
    """Return an error as the API writes it."""
    body = {
        "type": f"urn:quayside:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": f"{title}. {detail}".strip(),
        "action": action,
        "request_id": "3f1c-test",
    }
    return JSONResponse(
        {**body, **({"fields": fields} if fields else {})}, status, media_type="application/problem+json"
    )


_OPEN: Final[dict[str, Callable[[datetime], Json]]] = {
    "configuration": lambda _: fake_data.configuration(),
    "promises": fake_data.promises,
    "subprocessors": lambda _: msgspec.to_builtins(promise_service.show_subprocessors("eu-central-1")),
}
"""What is open to everybody."""


class FakeQuayside:
    """One deployment's worth of state, changed by the screens through HTTP and by a test through its attributes.

    Attributes:
        connections: what GET /connections gives.
        orders: newest first.
        trouble: path prefix (`orders`) to the answer that every such call gets instead.
        seen: every API call, as `METHOD path`.
        challenge: what sign-in asks next, or nothing.
    """

    def __init__(self, now: datetime) -> None:
        self._started = now
        self._clock_started = time.monotonic()
        self.reset()

    def reset(self) -> None:
        """Go back to the world as it was at the start, signed in as the owner on this browser's cookie."""
        now = self.now()
        self.connections = fake_data.connections(now)
        for connection in self.connections:
            connection["datasets"] = fake_sync.datasets(now, connection["connection_id"])
        self.features_off = {fake_data.AMERICA: {"performance", "merchant_fulfilment", "messages"}}
        self.reports = fake_sync.reports(now)
        self.orders = fake_data.orders(now)
        self.positions = fake_data.positions(now)
        self.catalog = FakeCatalog(now, self.positions[:24])
        self.purchases = FakePurchases(now)
        self.reviews = FakeReviews(now, self.orders)
        self.shipments = FakeShipments(now)
        self.messages = FakeMessages(now, self.orders)
        self.quarantine = fake_data.quarantine(now)
        self.exports: list[Json] = []
        self.erasures: list[Json] = []
        self.receipts: list[Json] = []
        self.disclosures: Json | None = None
        self.trouble: dict[str, Response] = {}
        self.slow: dict[str, float] = {}
        self.seen: list[str] = []
        self.restock_choices: list[Json] = []
        self.stock_groups: list[list[str]] = []
        self.challenge: str | None = None
        self.operator = False
        self.permissions_withheld: set[str] = set()
        self.arrived = 0
        self.name = "Mara Lindqvist"
        self.organisation = "Tidewater Goods"
        self.mfa_enabled = False
        self.token_number = 0
        self.used_states: set[str] = set()
        self.running: set[str] = set()

    def now(self) -> datetime:
        """Return the fake's time, which runs like the real one."""
        return self._started + timedelta(seconds=time.monotonic() - self._clock_started)

    def arrive(self) -> Json:
        """Let a new order arrive and return it."""
        self.arrived += 1
        order = fake_data.make_order(
            self.now(), random.Random(self.arrived), 9001 + 2 * self.arrived, timedelta(seconds=5)
        )
        self.orders.insert(0, order)
        return order

    def me(self) -> Json:
        """Return who is signed in."""
        found = fake_data.me(self._started, operator=self.operator)
        found["member"].update(name=self.name, mfa_enabled=self.mfa_enabled)
        found["tenant"]["name"] = self.organisation
        found["member"]["permissions"] = [
            held for held in found["member"]["permissions"] if held not in self.permissions_withheld
        ]
        return found

    def session(self) -> JSONResponse:
        """Return a new session and its cookie."""
        self.token_number += 1
        answer = JSONResponse(
            {"kind": "session", "id_token": f"token-{self.token_number}", "expires_in_seconds": 3600, "me": self.me()}
        )
        answer.set_cookie(_COOKIE, "refresh", httponly=True, secure=True, samesite="strict", path="/")
        return answer

    async def api(self, request: Request, path: str) -> Response:
        """Answer one API call."""
        self.seen.append(f"{request.method} {path}")
        for prefix, trouble in self.trouble.items():
            if path.startswith(prefix):
                return trouble
        for prefix, seconds in self.slow.items():
            if path.startswith(prefix):
                await asyncio.sleep(seconds)
        body: Json = await request.json() if request.method in {"POST", "PATCH", "PUT"} else {}
        if path in _OPEN:
            return JSONResponse(_OPEN[path](self.now()))
        if path.startswith("auth/") and not path.startswith(("auth/mfa", "auth/sign-out-everywhere")):
            return self._door(path.removeprefix("auth/"), body, request)
        if not request.headers.get("authorization", "").startswith("Bearer token-"):
            return problem(
                401, "unauthenticated", "You are not signed in", "Your session has ended.", "Sign in and try again."
            )
        return self._inside(request, path, body)

    def _door(self, path: str, body: Json, request: Request) -> Response:  # noqa: C901, PLR0911 - one line a door
        match path:
            case "refresh":
                return (
                    self.session()
                    if _COOKIE in request.cookies
                    else problem(401, "no_session", "You are not signed in")
                )
            case "sign-in":
                if body["password"] != PASSWORD:
                    return problem(
                        401,
                        "wrong_credentials",
                        "E-mail or password is wrong",
                        "No account matches that e-mail and password.",
                        "Check both, or choose a new password.",
                    )
                if self.challenge:
                    extra = (
                        {
                            "secret": _SECRET,
                            "otpauth_uri": _OTPAUTH_URI,
                        }
                        if self.challenge == "MFA_SETUP"
                        else {}
                    )
                    return JSONResponse({"kind": "challenge", "challenge": self.challenge, "session": "s1", **extra})
                return self.session()
            case "challenge":
                if body.get("code", CODE) != CODE:
                    return problem(
                        400,
                        "wrong_code",
                        "That code is not right",
                        "The code does not match.",
                        "Wait for the next code and try again.",
                        fields=[{"field": "code", "problem": "does not match; wait for the next one"}],
                    )
                return self.session()
            case "sign-up":
                if body["email"] == "taken@tidewater.example":
                    return problem(
                        400,
                        "invalid_email",
                        "That is not an e-mail address.",
                        fields=[{"field": "email", "problem": "is no address we can write to"}],
                    )
                return JSONResponse({"email": body["email"], "delivery": "email"}, 201)
            case "confirm" | "reset-password" if body["code"] != CODE:
                return problem(
                    400,
                    "wrong_code",
                    "That code is not right",
                    fields=[{"field": "code", "problem": "does not match the one we sent"}],
                )
            case "sign-out":
                return _signed_out()
            case _:
                return Response(status_code=204)

    def _inside(self, request: Request, path: str, body: Json) -> Response:  # noqa: C901, PLR0911, PLR0912, PLR0915 - a line a route
        query = request.query_params
        match [request.method, *path.split("/")]:
            case ["GET", "me"]:
                return JSONResponse(self.me())
            case ["PATCH", "me"]:
                self.name = body["name"]
                return JSONResponse(self.me())
            case ["PATCH", "tenant"]:
                self.organisation = body["name"]
                return JSONResponse(self.me())
            case ["GET", "data"]:
                return JSONResponse({"exports": self.exports, "erasures": self.erasures, "receipts": self.receipts})
            case ["GET", "data", "disclosures"]:
                return JSONResponse(self.disclosures or fake_data.disclosures(self.now()))
            case ["POST", "data", "exports"]:
                self.exports.insert(0, fake_data.export(self.now(), body["connection_id"], "running"))
                return JSONResponse(self.exports[0], status_code=202)
            case ["POST", "data", "erasures", erasure_id, "begin"]:
                (found,) = (each for each in self.erasures if each["erasure_id"] == erasure_id)
                found["begins_at"] = fake_data.instant(self.now() + timedelta(minutes=10))
                return JSONResponse(found, status_code=202)
            case ["POST", "tenant", "close"]:
                self.erasures.insert(0, fake_data.erasure(self.now(), None, "closure"))
                return JSONResponse(self.erasures[0], status_code=202)
            case ["POST", "auth", "sign-out-everywhere"]:
                return _signed_out()
            case ["POST", "auth", "mfa", "begin"]:
                return JSONResponse(
                    {
                        "secret": _SECRET,
                        "otpauth_uri": _OTPAUTH_URI,
                    }
                )
            case ["POST", "auth", "mfa", step]:
                if body["code"] != CODE:
                    return problem(
                        400,
                        "wrong_code",
                        "That code is not right",
                        fields=[{"field": "code", "problem": "does not match; wait for the next one"}],
                    )
                self.mfa_enabled = step == "confirm"
                return Response(status_code=204)
            case ["GET", "analytics", "overview"]:
                overview = fake_data.overview(
                    self.now(),
                    query["period"],
                    query.get("marketplace_id", ""),
                    self.arrived,
                    self.connections,
                    lambda currency, places: {
                        "money": fake_figures.money(self.now(), currency, 1.0 if currency == "EUR" else 0.4),
                        "products": None
                        if query["period"] == "custom"
                        else fake_figures.rankings(self.now(), places, compared=query["period"] != "90d"),
                    },
                )
                alerts = fake_figures.alerts(self.now(), query.get("marketplace_id", ""))
                return JSONResponse({**overview, "alerts": alerts if overview["currencies"] else None})
            case ["GET", "analytics", "settlements", _, settlement_id]:
                beside = fake_money.beside(self.now(), settlement_id)
                return JSONResponse(beside) if beside else problem(404, "no_such_settlement", "There is none")
            case ["GET", "analytics", *rest]:
                return JSONResponse(fake_figures.answer(self.now(), rest, dict(query)))
            case ["GET", "audit"]:
                cursor = query.get("cursor")
                before = int(cursor) if cursor else None
                return JSONResponse(fake_data.audit(self.now(), query.get("area", ""), before))
            case ["GET", "orders"]:
                return JSONResponse(self._orders(request))
            case ["GET", "orders", order_id, "delivery"]:
                own = next(each for each in self.orders if each["order_id"] == order_id)
                return JSONResponse(fake_data.delivery(self.now(), own, self.features_off))
            case ["GET", "orders", order_id, "recipient"]:
                return JSONResponse(fake_data.recipient(order_id, query["purpose"]))
            case [method, "catalog", *below]:
                return self.catalog.answer(method, below, query, body, self.now())
            case [method, "suppliers" | "purchase-orders" | "procurement" as part, *below]:
                return self.purchases.answer(method, [part, *below], query, body, self.now())
            case [method, "reviews", *below]:
                return self.reviews.answer(method, below, query, body, self.now())
            case ["GET", "messages"]:
                return self.messages.log(query.get("state", ""))
            case [method, "orders", order_id, "messages", *below]:
                mine = next(each for each in self.orders if each["order_id"] == order_id)
                off = "messages" in self.features_off.get(mine["connection_id"], set())
                return self.messages.answer(below, mine, body if method != "GET" else {}, self.now(), off=off)
            case ["GET", "orders", order_id, "review"]:
                return self.reviews.decision(order_id, self.now())
            case ["GET", "orders", order_id]:
                order = next((each for each in self.orders if each["order_id"] == order_id), None)
                return (
                    JSONResponse(order)
                    if order
                    else problem(
                        404,
                        "order_not_found",
                        "There is no such order",
                        "None of your connections has it.",
                        "Check the number.",
                    )
                )
            case [method, "shipments" | "lead-times" | "pipeline" as area, *below]:
                return self.shipments.answer(method, area, below, query, body, self.now())
            case [_, "sourcing", *below]:
                return self._sourcing(below, dict(query))
            case [_, "restock", *_]:
                return self._restock(request, path.split("/")[1:], body)
            case [_, "inventory", *_]:
                return self._inventory(request, path.split("/")[1:], body)
            case [_, "finance" | "costs", *rest]:
                return self._money(request, path.split("/", maxsplit=1)[0], rest)
            case ["GET", "connections"]:
                return JSONResponse({"connections": self.connections})
            case ["POST", "connections", "authorizations"]:
                return JSONResponse(
                    {
                        "consent_url": str(request.url_for("consent")) + "?state=state-1",
                        "expires_at": fake_data.instant(self.now() + timedelta(minutes=10)),
                    },
                    201,
                )
            case ["POST", "connections", "callback"]:
                return self._callback(body)
            case ["GET", "connections", connection_id]:
                return self._connection(connection_id)
            case ["POST", "connections", connection_id, "disconnect"]:
                found = next(item for item in self.connections if item["connection_id"] == connection_id)
                found["status"] = "disconnected"
                return JSONResponse(found, 202)
            case [_, "connections", connection_id, "sync" | "datasets" | "features" | "reports", *_]:
                return self._sync(request, connection_id, path.split("/")[2:], body)
            case ["GET", "operations", "sync"]:
                page = int(query.get("cursor") or 0)
                return JSONResponse(fake_sync.board(self.now(), query.get("state", ""), page))
            case ["GET", "operations", "credentials"]:
                return JSONResponse(fake_data.credentials(self.now()))
            case ["POST", "operations", "credentials", "rotate"]:
                return JSONResponse({"requested": True}, 202)
            case ["GET", "operations", "abuse"]:
                return JSONResponse(fake_data.abuse_cases(self.now()))
            case [_, "operations", "abuse", *_]:
                return JSONResponse(fake_data.abuse_case(self.now()))
            case ["GET", "connections", _, "quarantine"] | ["GET", "operations", "quarantine"]:
                return JSONResponse({"entries": self.quarantine, "next_cursor": None})
            case ["POST", *_, "quarantine", entry_id, "replay"]:
                self.quarantine = [entry for entry in self.quarantine if entry["entry_id"] != entry_id]
                return JSONResponse({"entry_id": entry_id}, 202)
            case _:
                return problem(404, "not_found", "There is no such address in the API")

    def _money(self, request: Request, area: str, rest: list[str]) -> Response:  # noqa: PLR0911 - a line a route
        query = request.query_params
        match [request.method, area, *rest]:
            case ["GET", "finance", "settlements"]:
                return JSONResponse(fake_money.settlements(self.now(), query.get("connection_id")))
            case ["GET", "finance", "settlements", _, settlement_id]:
                found = fake_money.settlement(self.now(), settlement_id)
                return JSONResponse(found) if found else problem(404, "no_such_settlement", "There is none")
            case ["GET", "finance", "settlements", _, settlement_id, "lines"]:
                return JSONResponse(fake_money.lines(self.now(), settlement_id, query.get("kind")))
            case ["GET", "costs"]:
                return JSONResponse(fake_money.lots("fifo", query.get("search", "")))
            case ["POST", "costs", "file" | "preview", *_]:
                return JSONResponse(fake_money.cost_file())
            case ["GET", "costs", "other"]:
                return JSONResponse(fake_money.other_costs())
            case ["GET", "costs", "rates"]:
                return JSONResponse(fake_money.rates())
            case _:
                return problem(404, "not_found", "There is no such address in the API")

    def _orders(self, request: Request) -> Json:
        query = request.query_params
        text = query.get("search", "").lower()
        zone = UTC
        chosen = [
            order
            for order in self.orders
            if (not query.get("marketplace_id") or order["marketplace_id"] == query["marketplace_id"])
            and (not query.get("status") or order["status"] == query["status"])
            and (
                not query.get("from")
                or query["from"]
                <= str(datetime.fromisoformat(order["purchased_at"]).astimezone(zone).date() + timedelta(days=1))
            )
            and (
                not text
                or text in order["order_id"].lower()
                or any(
                    text in " ".join((line["seller_sku"], line["asin"], line["title"])).lower()
                    for line in order["lines"]
                )
            )
        ]
        start = int(query.get("cursor") or 0)
        limit = int(query.get("limit") or 50)
        page = chosen[start : start + limit]
        searched = (
            {
                "text": query["search"],
                "examined": len(self.orders),
                "back_to": self.orders[-1]["purchased_at"],
                "complete": True,
            }
            if text
            else None
        )
        return {
            "orders": [fake_data.summary(order) for order in page],
            "next_cursor": str(start + limit) if len(chosen) > start + limit else None,
            "as_of": fake_data.instant(self.now() - timedelta(minutes=2)),
            "searched": searched,
        }

    def _sourcing(self, below: list[str], query: dict[str, str]) -> Response:  # noqa: PLR0911 - a line a route
        now, connection_id = self.now(), str((self.connections or [{}])[0].get("connection_id", "none"))
        match below:
            case []:
                return _written(fake_sourcing.board(now, connection_id))
            case ["file", *_]:
                return _written(fake_sourcing.file("leads"))
            case ["leads", fake_sourcing.LEAD, "quotes", "file", "preview"]:
                return _written(fake_sourcing.file("quotes"))
            case ["leads", fake_sourcing.LEAD, "comparison"]:
                return _written(fake_sourcing.comparison(now, int(query["units"])))
            case ["leads", fake_sourcing.PRODUCT, "realised"]:
                return _written(fake_sourcing.realised(now, connection_id))
            case ["leads", fake_sourcing.PRODUCT, "comparison"]:
                return _written(fake_sourcing.comparison(now, int(query["units"])))
            case ["leads", fake_sourcing.PRODUCT]:
                return _written(fake_sourcing.lead(now, connection_id, "approved"))
            case ["leads", fake_sourcing.LEAD, *_]:
                return _written(fake_sourcing.lead(now, connection_id))
            case _:
                return problem(404, "lead_not_found", "There is no such lead")

    def _restock(self, request: Request, parts: list[str], body: Json) -> Response:  # noqa: PLR0911 - a line a route
        query, now = request.query_params, self.now()
        match [request.method, *parts]:
            case ["GET"]:
                return JSONResponse(fake_restock.page(now, self.positions, query.get("status", "")))
            case ["GET", "suggestion"]:
                found = next((each for each in self.positions if each["seller_sku"] == query["seller_sku"]), None)
                if found is None:
                    return problem(404, "suggestion_not_found", "Nothing was worked out for this SKU there yet")
                return JSONResponse(fake_restock.card(now, found))
            case ["GET", "scores"]:
                return JSONResponse(fake_restock.scores(now))
            case [_, "settings", *_]:
                if request.method == "PUT":
                    self.restock_choices.append(body)
                return JSONResponse(fake_restock.settings())
            case ["POST", "what-if"]:
                return JSONResponse(fake_restock.what_if(now))
            case ["POST", "budget"]:
                return JSONResponse(fake_restock.budget())
            case _:
                return problem(404, "not_found", "There is no such address in the API")

    def _inventory(self, request: Request, parts: list[str], body: Json) -> Response:  # noqa: PLR0911 - a line a route
        query = request.query_params
        match [request.method, *parts]:
            case ["GET"]:
                return JSONResponse(self._stock(request))
            case ["GET", "position"]:
                found = next((each for each in self.positions if each["seller_sku"] == query["seller_sku"]), None)
                if found is None:
                    return problem(404, "position_not_found", "Amazon tells of no stock of this SKU there")
                return JSONResponse(fake_data.stock_detail(self.now(), found))
            case ["GET", "locations"]:
                return JSONResponse(fake_data.locations(self.positions[0]) if self.positions else {"locations": []})
            case ["GET", "locations", _, "stock"]:
                return JSONResponse(fake_data.own_balances(self.now()))
            case [method, "links"]:
                self.stock_groups = body["groups"] if method == "PUT" else self.stock_groups
                connection_id = body["connection_id"] if method == "PUT" else query["connection_id"]
                return JSONResponse({"connection_id": connection_id, "groups": self.stock_groups, "version": 3})
            case ["GET", "movements"]:
                return JSONResponse(fake_data.own_ledger(self.now(), query["location_id"], query["seller_sku"]))
            case ["POST", "movements"]:
                ledger = fake_data.own_ledger(self.now(), body["location_id"], body["seller_sku"])
                return JSONResponse(ledger["movements"][1], 201)
            case _:
                return problem(404, "not_found", "There is no such address in the API")

    def _stock(self, request: Request) -> Json:
        query = request.query_params
        text = query.get("search", "").lower()
        chosen = [
            item
            for item in self.positions
            if (not query.get("marketplace_id") or item["marketplace_id"] == query["marketplace_id"])
            and query.get("standing", item["standing"]) == item["standing"]
            and text in f"{item['seller_sku']} {item['asin']} {item['title']}".lower()
        ]
        return {
            "positions": chosen,
            "next_cursor": None,
            "as_of": fake_data.instant(self.now() - timedelta(minutes=6)) if self.connections else None,
        }

    def _callback(self, body: Json) -> Response:
        if body["state"] in self.used_states:
            return problem(
                409,
                "state_used",
                "This answer from Amazon was handed in before",
                "A permission can be handed in once.",
                "Look under Connections: it may be there already. If not, start again.",
            )
        if not body["state"].startswith("state-"):
            return problem(
                400,
                "state_unknown",
                "This answer does not belong to you",
                "It was not asked for in this session, or more than 10 minutes have passed. Nothing was connected.",
                "Start again, and finish on Amazon's page within 10 minutes.",
            )
        self.used_states.add(body["state"])
        made = fake_data.connections(self.now())[0] | {
            "connection_id": "n3w0000000000000",
            "name": "Tidewater New",
            "status": "authorising",
            "datasets": fake_sync.datasets(self.now(), fake_data.EUROPE),
        }
        made["steps"] = [
            {**step, "state": "running" if index == 0 else "waiting"} for index, step in enumerate(made["steps"])
        ]
        self.connections.append(made)
        return JSONResponse(made, 202)

    def _sync(self, request: Request, connection_id: str, rest: list[str], body: Json) -> Response:  # noqa: PLR0911 - a line a route
        found = next((item for item in self.connections if item["connection_id"] == connection_id), None)
        if found is None:
            return problem(404, "not_found", "There is no such connection")
        query = request.query_params
        page = int(query.get("cursor") or 0)
        match [request.method, *rest]:
            case ["GET", "datasets", dataset, "runs"]:
                return JSONResponse(fake_sync.runs(self.now(), dataset, page))
            case ["GET", "datasets", dataset, "rows"]:
                return JSONResponse(fake_sync.rows(self.now(), dataset, query.get("marketplace_id", ""), page))
            case ["GET", "reports"]:
                return JSONResponse(fake_sync.report_page(self.reports, query.get("dataset")))
            case ["POST", "reports", report, "replay"]:
                chosen = next(item for item in self.reports if item["report"] == report)
                chosen.update(state="loading", rows_loaded=0, reason="", action="")
                return JSONResponse({"report": report}, 202)
            case ["POST", "datasets", dataset, verb]:
                refused = self._change_dataset(found, dataset, verb)
                if refused:
                    return refused
            case ["PUT", "features", feature]:
                self._switch(found, feature, on=body["on"])
        status = 202 if request.method == "POST" else 200
        return JSONResponse(
            fake_sync.view(self.now(), found, self.features_off.setdefault(connection_id, set())), status
        )

    def _change_dataset(self, connection: Json, dataset: str, verb: str) -> Response | None:
        health = next(item for item in connection["datasets"] if item["dataset"] == dataset)
        match verb:
            case "pause":
                health.update(state="paused", reason="Paused just now by a member.", action="")
            case "resume":
                health.update(state="fresh", reason="", action="")
            case "run" if f"{connection['connection_id']} {dataset}" in self.running:
                return problem(
                    409,
                    "already_running",
                    "This is being read right now",
                    "A second run at the same time would bring nothing more.",
                    "Wait until it has ended.",
                )
            case _:
                self.running.add(f"{connection['connection_id']} {dataset}")
        return None

    def _switch(self, connection: Json, feature: str, *, on: bool) -> None:
        off = self.features_off.setdefault(connection["connection_id"], set())
        (off.discard if on else off.add)(feature)
        keys = fake_sync.datasets_of(feature, off)
        for health in connection["datasets"]:
            if health["dataset"] in keys:
                reason = "" if on else "Switched off with its feature."
                health.update(state="waiting" if on else "off", reason=reason, action="")

    def _connection(self, connection_id: str) -> Response:
        found = next((item for item in self.connections if item["connection_id"] == connection_id), None)
        if found is None:
            return problem(404, "not_found", "There is no such connection")
        if found["status"] == "authorising":
            # Each look finds one more step done, as a worker would leave it.
            running = next(
                (index for index, step in enumerate(found["steps"]) if step["state"] == "running"),
                len(found["steps"]) - 1,
            )
            found["steps"][running]["state"] = "done"
            if running + 1 < len(found["steps"]):
                found["steps"][running + 1]["state"] = "running"
            else:
                found["status"] = "connected"
        return JSONResponse(found)


def _signed_out() -> Response:
    answer = Response(status_code=204)
    answer.delete_cookie(_COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return answer


def application(fake: FakeQuayside, stage: str = "") -> Starlette:
    """Return the fake deployment below a stage path."""

    async def api(request: Request) -> Response:
        return await fake.api(request, request.path_params["path"])

    async def consent(request: Request) -> Response:
        answer = f"state={request.query_params['state']}&selling_partner_id=A2EUTIDEWATER1&spapi_oauth_code=one-time"
        page = f'<!doctype html><title>Consent</title><a href="{stage}/connect/callback?{answer}">Allow</a>'
        return Response(page, media_type="text/html")

    async def upload(request: Request) -> Response:
        fake.shipments.documents.take(request.path_params["name"], await request.body())
        return Response(status_code=204)

    async def to_stage(_: Request) -> Response:
        return RedirectResponse(f"{stage}/")

    async def web(request: Request) -> Response:
        return gateway.answer(request, request.url.path.removeprefix(stage), stage)

    routes = [
        Route(f"{stage}/api/v1/{{path:path}}", api, methods=["GET", "POST", "PATCH", "PUT"]),
        Route("/amazon/consent", consent, name="consent"),
        Route(f"{stage}/uploads/{{name}}", upload, methods=["POST"]),
        Route(f"{stage}/{{path:path}}", web),
    ]
    if stage:
        routes += [Route(stage, web), Route("/", to_stage)]
    # API Gateway compresses (`MinimumCompressionSize`), so the bytes that a test counts are those that travel.
    return Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)])


@contextmanager
def serve(fake: FakeQuayside, stage: str = "") -> Iterator[str]:
    """Serve the fake deployment on a free port of this machine; yields its address with a closing slash."""
    server = uvicorn.Server(
        uvicorn.Config(application(fake, stage), host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _STARTED_WITHIN_SECONDS
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("The fake deployment did not start.")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://localhost:{port}{stage}/"
    finally:
        server.should_exit = True
        thread.join(_STARTED_WITHIN_SECONDS)
