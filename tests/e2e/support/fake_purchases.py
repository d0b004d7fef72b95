"""Purchasing as the screens know it: orders in several states, made by the product's own rules and views."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import JSONResponse, Response

from quayside.inventory.own_service import Undoing
from quayside.kernel.clock import format_instant
from quayside.kernel.money import Money
from quayside.procurement import store
from quayside.procurement.file_rules import read_lines
from quayside.procurement.landed_rules import Charge, allocate
from quayside.procurement.order_service import SettingsChange, settings_of
from quayside.procurement.paper_views import LineRowView, LinesFileView, PaperView
from quayside.procurement.receipt_rules import received, taken_back
from quayside.procurement.records import Change
from quayside.procurement.rules import (
    Carton,
    Content,
    Line,
    Order,
    Price,
    Receipt,
    ReceivedUnits,
    Settings,
    Share,
    TakenBack,
    Terms,
    moved,
)
from quayside.procurement.supplier_rules import Contact, Outcome, Supplier, score
from quayside.procurement.supplier_service import scorecard_view
from quayside.procurement.supplier_store import Kept
from quayside.procurement.supplier_views import SupplierEntry, SupplierPage, supplier_view
from quayside.procurement.views import (
    ChangePage,
    DuePage,
    PurchasePage,
    change_view,
    charge_view,
    due_view,
    entry_view,
    order_view,
    settings_view,
    taking_back_view,
    version_view,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from quayside.procurement.rules import Event
    from quayside.procurement.views import OrderView, TakingBackView

Json = dict[str, Any]
NAMES = ("Hangzhou Lamp Works", "Porto Ceramics", "Yiwu Home Goods")
TERMS = Terms(30, 0, "received", 30)
LINES = (
    Line("1", "LAMP-01", "Desk lamp, brass", 600, Price(845), Carton(12, 600, 400, 350, 14_200)),
    Line("2", "LAMP-02", "Desk lamp, black", 400, Price(8125, 10), Carton(12, 600, 400, 350, 13_900)),
)


class FakePurchases:
    """The purchasing of one deployment."""

    def __init__(self, now: datetime) -> None:
        self.orders = [_order(now.date(), number) for number in range(1, 8)]
        self.settings = Settings()
        self.suppliers = [
            Kept(f"supplier-{at}", _supplier(name), 1, format_instant(now)) for at, name in enumerate(NAMES)
        ]

    def answer(  # noqa: C901, PLR0911 - a route a case
        self, method: str, below: list[str], query: Mapping[str, str], body: Json, now: datetime
    ) -> Response:
        """Answer a call of the routes of procurement."""
        match [method, *below]:
            case ["GET", "suppliers", *rest]:
                return _json(self._supplier(rest, now))
            case ["GET", "purchase-orders"]:
                done = bool(query.get("done"))
                shown = [each for each in reversed(self.orders) if (store.group_of(each) == "DONE") == done]
                return _json(PurchasePage(tuple(entry_view(store.entry_of(each, now)) for each in shown), None))
            case ["POST", "purchase-orders", "file", "preview"]:
                return _json(_preview(body["csv"], body["currency"]))
            case ["GET", "purchase-orders", _, "pdf" | "csv"]:
                return _json(PaperView("order.csv", "text/csv", base64.b64encode(b"seller_sku").decode()))
            case ["GET", "purchase-orders", order_id, "changes"]:
                return _json(_changes(self._order(order_id), now))
            case ["GET", "purchase-orders", order_id, "versions", number]:
                return _json(_version(self._order(order_id), int(number), now))
            case ["PUT", "purchase-orders", order_id]:
                return _changed(body, self._order(order_id), now)
            case [_, "purchase-orders", order_id, "receipts", receipt_id, "take-back"]:
                return _json(self._take_back(order_id, receipt_id, body, now))
            case [_, "purchase-orders", order_id, *_]:
                return _json(order_view(self._order(order_id), now))
            case ["GET", "procurement", "payments"]:
                today = now.date().isoformat()
                due = sorted((pair for each in self.orders for pair in store.dues(each)), key=lambda pair: pair[0])
                return _json(DuePage(today, tuple(due_view(each, today) for _, each in due), None))
            case ["GET", "procurement", "settings"]:
                return _json(settings_view(self.settings))
            case ["PUT", "procurement", "settings"]:
                self.settings = settings_of(msgspec.convert(body, SettingsChange))
                return _json(settings_view(self.settings))
        return _json(charge_view(_charge(now.date())))

    def _order(self, order_id: str) -> Order:
        return next((each for each in self.orders if each.order_id == order_id), self.orders[0])

    def _take_back(self, order_id: str, receipt_id: str, body: Json, now: datetime) -> TakingBackView | OrderView:
        """Take a receipt back for a reason; without one say what that would change."""
        before = self._order(order_id)
        if not body:
            return _taking_back(before, receipt_id)
        how = TakenBack(body["reason"], "m1", format_instant(now), posted=True)
        order = taken_back(before, receipt_id, how)
        self.orders = [order if each.order_id == order_id else each for each in self.orders]
        return order_view(order, now)

    def _supplier(self, rest: list[str], now: datetime) -> object:
        if not rest:
            entries = (
                SupplierEntry(e.supplier_id, e.supplier.name, e.supplier.currency, 45, archived=False)
                for e in self.suppliers
            )
            return SupplierPage(tuple(entries), None)
        if rest[1:]:
            day = now.date()
            went = [
                Outcome(f"o{n}", n, day - timedelta(days=60 + n), day - timedelta(days=15), day - timedelta(days=20),
                        day - timedelta(days=20 - 2 * n), 1000, 1000 - n, n)
                for n in range(6)
            ]  # fmt: skip
            return scorecard_view(rest[0], score(went), now)
        return supplier_view(next((e for e in self.suppliers if e.supplier_id == rest[0]), self.suppliers[0]))


def _supplier(name: str) -> Supplier:
    contact = Contact("Li Wei", "li.wei@example.com", role="Sales")
    return Supplier(name, "USD", TERMS, "18 Lake Road\nHangzhou", (contact,), "FOB", 200, 45, "Closed in February")


_MOVES: tuple[Event, ...] = ("approve", "send", "confirm", "start_production")


def _order(today: date, number: int) -> Order:
    """Return an order; the higher its number, the further it went."""
    expected = today + timedelta(days=7 * number - 21)
    content = Content(LINES, "USD", "USD", TERMS, "FOB", "Prep centre\nLeipzig", expected, "Two cartons a pallet layer")
    order = Order(f"order-{number}", number, "supplier-0", NAMES[number % 3], content, lines_made=2)
    day = today - timedelta(days=60)
    for event in _MOVES[:number]:
        order = moved(order, event, day)
        day += timedelta(days=3)
    if number in {5, 6}:
        share = Share("charge-1", "freight", dict(zip("12", allocate(184_250, (600, 400)), strict=True)))
        order = msgspec.structs.replace(order, shares=(share,))
        if number == 6:
            wrong = (ReceivedUnits("1", 48),)
            order = received(order, Receipt("receipt-0", today - timedelta(days=13), "garage", wrong, posted=True), 10)
            how = TakenBack(
                "Counted in cartons, not in units", "m1", f"{today - timedelta(days=12)}T09:30:00Z", posted=True
            )
            order = taken_back(order, "receipt-0", how)
        lines = (ReceivedUnits("1", 480, 4), ReceivedUnits("2", 400))
        receipt = Receipt(
            "receipt-1", today - timedelta(days=12), "garage", lines, "One pallet wet", posted=number != 6
        )
        order = received(order, receipt, 10)
    return moved(order, "cancel", day) if number == 7 else order


def _taking_back(order: Order, receipt_id: str) -> TakingBackView:
    receipt = next(each for each in order.receipts if each.receipt_id == receipt_id)
    after = taken_back(order, receipt_id, TakenBack("", "", ""))
    undoing = (Undoing("LAMP-01", 480, 612, "Garage", ""), Undoing("LAMP-02", 400, 400, "Garage", ""))
    return taking_back_view(order, after, receipt, undoing)


def _changes(order: Order, now: datetime) -> ChangePage:
    at = format_instant(now)
    events = (("receive", "partially_received", "880 good, 4 damaged"), ("send", "sent", ""), ("draft", "draft", ""))
    return ChangePage(
        tuple(
            change_view(Change(3 - n, event, at, "m1", "", state, order.version, None, detail))
            for n, (event, state, detail) in enumerate(events)
        ),
        None,
    )


def _version(order: Order, number: int, now: datetime) -> object:
    lines = (msgspec.structs.replace(LINES[0], units=500 + 100 * (number - 1)), *LINES[1:])
    return version_view(number, msgspec.structs.replace(order.content, lines=lines), format_instant(now), "m1")


def _preview(csv: str, currency: str) -> LinesFileView:
    rows = tuple(
        LineRowView(row.line, row.seller_sku, "refused" if row.asked is None else "new", row.asked, row.problem)
        for row in read_lines(csv, currency)
    )
    return LinesFileView(sum(row.state == "new" for row in rows), sum(row.state == "refused" for row in rows), rows)


def _changed(body: Json, order: Order, now: datetime) -> Response:
    """Somebody else always was quicker."""
    current = msgspec.to_builtins(order_view(msgspec.structs.replace(order, version=2, step=order.step + 1), now))
    found = {
        "type": "urn:quayside:problem:changed_meanwhile", "title": "Conflict", "status": 409,
        "code": "changed_meanwhile", "detail": "Somebody else changed PO-000001 since you opened it.",
        "action": "Compare both versions.", "request_id": "r-1", "versions": {"yours": body, "current": current},
    }  # fmt: skip
    return JSONResponse(found, 409, media_type="application/problem+json")


def _charge(today: date) -> Charge:
    amount = Money(184_250, "USD")
    return Charge("charge-1", "freight", amount, today, "units", amount, None, (("order-5", "1", 184_250),))


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
