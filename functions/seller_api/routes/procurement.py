"""Suppliers, purchase orders, what arrives of them, what it costs to have it here, and when it is paid."""

import secrets
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

import msgspec

from quayside.kernel.file_rows import FilePage, ImportView
from quayside.procurement import (
    charge_service,
    file_service,
    order_service,
    paper_service,
    payment_service,
    receipt_service,
    supplier_service,
)
from quayside.procurement.charge_service import NewCharge
from quayside.procurement.order_service import Actor, Amendment, NewOrder, SettingsChange
from quayside.procurement.paper_views import LinesFileView, PaperView
from quayside.procurement.payment_service import NewPayment
from quayside.procurement.receipt_service import Follow, NewReceipt, TakeBack
from quayside.procurement.rules import State
from quayside.procurement.supplier_service import SupplierTerms
from quayside.procurement.supplier_views import ScorecardView, SupplierPage, SupplierView
from quayside.procurement.views import (
    ChangePage,
    ChargeView,
    DuePage,
    OrderView,
    ProcurementSettingsView,
    PurchasePage,
    TakingBackView,
    VersionView,
)
from quayside.supply_chain import arrival_service
from seller_api.routing import Call, Routes

routes = Routes("procurement")

Cursor = Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")]
Step = Annotated[int, msgspec.Meta(ge=1, description="The step of the order that was seen.")]


class SupplierQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which suppliers to list."""

    search: Annotated[str, msgspec.Meta(max_length=120, description="What the name begins with.")] = ""
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class OrderQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders to list."""

    done: Annotated[bool, msgspec.Meta(description="Those that are closed or cancelled, instead of the others.")] = (
        False
    )
    state: State | None = None
    supplier_id: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=50)] = 50


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of a file to make."""

    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=20)] = 20


class OrderFileQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which orders to put into a file."""

    done: Annotated[bool, msgspec.Meta(description="Those that are closed or cancelled, instead of the others.")] = (
        False
    )
    state: State | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10)] = 10


class PurchasingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of suppliers or purchase orders: CSV with a header."""

    csv: Annotated[str, msgspec.Meta(max_length=60_000)]


class ChangeQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which changes to list: those below a number."""

    below: Annotated[int, msgspec.Meta(ge=2)] | None = None


class DueQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which payments to list."""

    until: date | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class OrderMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to the order. ``day`` is when it happened; today when it is left out."""

    step: Step
    event: Literal["reopen", "send", "confirm", "start_production", "close", "cancel"]
    day: date | None = None


class OrderApproval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order as it was seen when it was approved."""

    step: Step
    day: date | None = None


class LinesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of order lines: CSV with a header."""

    csv: Annotated[str, msgspec.Meta(max_length=60_000)]
    currency: Annotated[str, msgspec.Meta(min_length=3, max_length=3)]


@routes.get("/suppliers", permission="procurement.read", query=SupplierQuery)
def list_suppliers(call: Call[None, SupplierQuery]) -> SupplierPage:
    """List suppliers by name."""
    return supplier_service.list_suppliers(call.query.search, call.query.cursor, call.query.limit)


@routes.post("/suppliers", permission="procurement.manage", body=SupplierTerms, status=201)
def add_supplier(call: Call[SupplierTerms, None]) -> SupplierView:
    """Enter a supplier."""
    return supplier_service.add_supplier(call.body, clock=call.container.clock, entropy=secrets.token_bytes)


@routes.get("/supplier-details", permission="procurement.read", query=PageQuery)
def list_whole_suppliers(call: Call[None, PageQuery]) -> FilePage:
    """List suppliers as rows of a file, in the columns that a file of them is read by."""
    return file_service.list_suppliers(call.query.cursor, call.query.limit)


@routes.post("/suppliers/file/preview", permission="procurement.manage", body=PurchasingFile)
def preview_suppliers(call: Call[PurchasingFile, None]) -> ImportView:
    """Say which suppliers a file would enter, one by one; nothing is stored."""
    return file_service.preview_suppliers(call.body.csv)


@routes.post("/suppliers/file", permission="procurement.manage", body=PurchasingFile)
def import_suppliers(call: Call[PurchasingFile, None]) -> ImportView:
    """Enter the new suppliers of a file; refused ones are left out and said."""
    return file_service.import_suppliers(call.body.csv, clock=call.container.clock, entropy=secrets.token_bytes)


@routes.get("/suppliers/{supplier_id}", permission="procurement.read")
def show_supplier(call: Call[None, None]) -> SupplierView:
    """Show a supplier."""
    return supplier_service.show(call.path("supplier_id"))


@routes.put("/suppliers/{supplier_id}", permission="procurement.manage", body=SupplierTerms)
def change_supplier(call: Call[SupplierTerms, None]) -> SupplierView:
    """Change a supplier; orders that were made keep what was agreed then."""
    return supplier_service.change_supplier(call.path("supplier_id"), call.body, clock=call.container.clock)


@routes.get("/suppliers/{supplier_id}/scorecard", permission="procurement.read")
def show_scorecard(call: Call[None, None]) -> ScorecardView:
    """Show how a supplier did: lead time, on time, in full, damaged."""
    return supplier_service.scorecard(call.path("supplier_id"), clock=call.container.clock)


@routes.get("/purchase-orders", permission="procurement.read", query=OrderQuery)
def list_purchase_orders(call: Call[None, OrderQuery]) -> PurchasePage:
    """List purchase orders, the newest first."""
    query = call.query
    return order_service.list_orders(
        done=query.done,
        state=query.state,
        supplier_id=query.supplier_id,
        sku=None,
        cursor=query.cursor,
        limit=query.limit,
    )


@routes.post("/purchase-orders", permission="procurement.manage", body=NewOrder, status=201)
def draft_purchase_order(call: Call[NewOrder, None]) -> OrderView:
    """Make a draft of a purchase order; with an origin the same order comes of it again."""
    return order_service.draft(
        call.body,
        member_id=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
        once=call.body.origin,
    )


@routes.get("/purchase-order-details", permission="procurement.read", query=OrderFileQuery)
def list_whole_purchase_orders(call: Call[None, OrderFileQuery]) -> FilePage:
    """List purchase orders as rows of a file, the newest first, in the columns that a file of them is read by."""
    query = call.query
    return file_service.list_orders(done=query.done, state=query.state, cursor=query.cursor, limit=query.limit)


@routes.post("/purchase-orders/drafts/preview", permission="procurement.manage", body=PurchasingFile)
def preview_purchase_orders(call: Call[PurchasingFile, None]) -> ImportView:
    """Say which orders a file would draft, one by one; nothing is stored."""
    return file_service.preview_orders(call.body.csv)


@routes.post("/purchase-orders/drafts", permission="procurement.manage", body=PurchasingFile)
def import_purchase_orders(call: Call[PurchasingFile, None]) -> ImportView:
    """Draft the new orders of a file; refused ones are left out and said."""
    return file_service.import_orders(call.body.csv, member_id=call.principal.member_id, clock=call.container.clock)


@routes.post("/purchase-orders/file/preview", permission="procurement.manage", body=LinesFile)
def preview_order_lines(call: Call[LinesFile, None]) -> LinesFileView:
    """Say which lines a file holds, row by row; nothing is stored."""
    return paper_service.read_lines(call.body.csv, call.body.currency)


@routes.get("/purchase-orders/{order_id}", permission="procurement.read")
def show_purchase_order(call: Call[None, None]) -> OrderView:
    """Show a purchase order with all that came of it."""
    return order_service.show(call.path("order_id"), clock=call.container.clock)


@routes.put("/purchase-orders/{order_id}", permission="procurement.manage", body=Amendment)
def amend_purchase_order(call: Call[Amendment, None]) -> OrderView:
    """Change what is agreed: a new version. When somebody else changed first, the answer holds both versions."""
    return order_service.amend(call.path("order_id"), call.body, actor=_actor(call), clock=call.container.clock)


@routes.post("/purchase-orders/{order_id}/approve", permission="procurement.approve", body=OrderApproval)
def approve_purchase_order(call: Call[OrderApproval, None]) -> OrderView:
    """Approve an order, up to the limit of one's role; the rate into the landed currency is fixed with it."""
    return order_service.move(
        call.path("order_id"),
        "approve",
        call.body.step,
        actor=_actor(call),
        clock=call.container.clock,
        day=call.body.day,
    )


@routes.post("/purchase-orders/{order_id}/move", permission="procurement.manage", body=OrderMove)
def move_purchase_order(call: Call[OrderMove, None]) -> OrderView:
    """Send, confirm, start production, reopen, close or cancel an order, as its state allows."""
    body = call.body
    return order_service.move(
        call.path("order_id"), body.event, body.step, actor=_actor(call), clock=call.container.clock, day=body.day
    )


@routes.get("/purchase-orders/{order_id}/changes", permission="procurement.read", query=ChangeQuery)
def list_order_changes(call: Call[None, ChangeQuery]) -> ChangePage:
    """List what happened to an order and who did it, the newest first."""
    return order_service.changes(call.path("order_id"), call.query.below, 50)


@routes.get("/purchase-orders/{order_id}/versions/{number}", permission="procurement.read")
def show_order_version(call: Call[None, None]) -> VersionView:
    """Show a version of what was agreed."""
    return order_service.version(call.path("order_id"), _number(call.path("number")))


@routes.get("/purchase-orders/{order_id}/pdf", permission="procurement.read")
def print_purchase_order(call: Call[None, None]) -> PaperView:
    """Print an order for the supplier, as PDF."""
    return paper_service.pdf(call.path("order_id"))


@routes.get("/purchase-orders/{order_id}/csv", permission="procurement.read")
def export_purchase_order(call: Call[None, None]) -> PaperView:
    """Export the lines of an order as CSV, in the columns that a file of lines is read by."""
    return paper_service.csv_of(call.path("order_id"))


@routes.post("/purchase-orders/{order_id}/receipts", permission="procurement.receive", body=NewReceipt, status=201)
def receive_purchase_order(call: Call[NewReceipt, None]) -> OrderView:
    """Receive goods into own stock or at Amazon, once by the receipt's id; their cost lots are made."""
    return receipt_service.receive(
        call.path("order_id"), call.body, member_id=call.principal.member_id, clock=call.container.clock
    )


@routes.post("/purchase-orders/{order_id}/receipts/finish", permission="procurement.receive")
def finish_receipts(call: Call[None, None]) -> OrderView:
    """Bring own stock and cost lots up to what was received or taken back, if that was interrupted."""
    return receipt_service.finish(call.path("order_id"), clock=call.container.clock, follow=_follow(call))


@routes.get("/purchase-orders/{order_id}/receipts/{receipt_id}/take-back", permission="procurement.receive")
def preview_taking_back(call: Call[None, None]) -> TakingBackView:
    """Say what taking a receipt back would change, and whether it can be; nothing is stored."""
    return receipt_service.preview_taking_back(call.path("order_id"), call.path("receipt_id"))


@routes.post(
    "/purchase-orders/{order_id}/receipts/{receipt_id}/take-back", permission="procurement.receive", body=TakeBack
)
def take_receipt_back(call: Call[TakeBack, None]) -> OrderView:
    """Take a receipt back that was entered wrongly, once: order, own stock, cost lots and its shipment go back."""
    return receipt_service.take_back(
        call.path("order_id"),
        call.path("receipt_id"),
        call.body,
        member_id=call.principal.member_id,
        clock=call.container.clock,
        follow=_follow(call),
    )


@routes.post("/purchase-orders/{order_id}/payments", permission="procurement.manage", body=NewPayment, status=201)
def pay_purchase_order(call: Call[NewPayment, None]) -> OrderView:
    """Remember a payment to the supplier, once by its id."""
    return payment_service.pay(
        call.path("order_id"), call.body, member_id=call.principal.member_id, clock=call.container.clock
    )


@routes.post("/purchase-orders/{order_id}/payments/{payment_id}/remove", permission="procurement.manage")
def take_payment_back(call: Call[None, None]) -> OrderView:
    """Remove a payment that was entered wrongly; the order's changes keep that it was there."""
    return payment_service.take_back(
        call.path("order_id"),
        call.path("payment_id"),
        member_id=call.principal.member_id,
        clock=call.container.clock,
    )


@routes.get("/procurement/payments", permission="procurement.read", query=DueQuery)
def list_payments_due(call: Call[None, DueQuery]) -> DuePage:
    """List what is to be paid to suppliers, the earliest first."""
    query = call.query
    return order_service.payments_due(query.until, query.cursor, query.limit, clock=call.container.clock)


@routes.post("/procurement/charges", permission="procurement.manage", body=NewCharge, status=201)
def add_charge(call: Call[NewCharge, None]) -> ChargeView:
    """Share a charge out over lines of orders, once by its id; cost lots follow."""
    return charge_service.add(call.body, member_id=call.principal.member_id, clock=call.container.clock)


@routes.get("/procurement/charges/{charge_id}", permission="procurement.read")
def show_charge(call: Call[None, None]) -> ChargeView:
    """Show a charge and what falls on which line of it."""
    return charge_service.show(call.path("charge_id"))


@routes.post("/procurement/charges/{charge_id}/remove", permission="procurement.manage")
def take_charge_back(call: Call[None, None]) -> ChargeView:
    """Take a charge back: nothing of it falls on any line any more."""
    return charge_service.void(call.path("charge_id"), member_id=call.principal.member_id, clock=call.container.clock)


@routes.get("/procurement/settings", permission="procurement.read")
def show_procurement_settings(_call: Call[None, None]) -> ProcurementSettingsView:
    """Show how much each role may approve, and how much more than ordered can be received."""
    return order_service.show_settings()


@routes.put("/procurement/settings", permission="tenant.manage", body=SettingsChange)
def set_procurement_settings(call: Call[SettingsChange, None]) -> ProcurementSettingsView:
    """Say how much each role may approve, and how much more than ordered can be received."""
    return order_service.set_settings(call.body)


def _follow(call: Call[Any, Any]) -> Follow:
    return partial(arrival_service.follow_taking_back, clock=call.container.clock)


def _actor(call: Call[Any, Any]) -> Actor:
    principal = call.principal
    return Actor(principal.member_id, principal.role, principal.permissions)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0  # noqa: PLR2004 - as keys are padded
