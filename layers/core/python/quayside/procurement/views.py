"""What the API shows of purchase orders, receipts, charges and payments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from quayside.finance.rate_rules import Rate
from quayside.inventory.own_service import Undoing
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.kernel.money import Money
from quayside.procurement.landed_rules import (
    AllocateBy,
    Charge,
    ChargeKind,
    LineCost,
    line_costs,
    lots_of,
    unit_text,
)
from quayside.procurement.payment_rules import overpaid_minor, payable_minor, schedule
from quayside.procurement.records import Change, Due, Entry
from quayside.procurement.rules import (
    ORDER_MACHINE,
    Carton,
    Content,
    Line,
    Order,
    Receipt,
    Settings,
    State,
    Terms,
    number_text,
    price_text,
)


class PurchaseLineView(msgspec.Struct, frozen=True):
    """A line of an order. ``to_come`` are the units that may still arrive."""

    line_id: str
    seller_sku: str
    title: str
    units: int
    unit_price: str
    total: Money
    carton: Carton | None
    good: int
    damaged: int
    to_come: int


class LineCostView(msgspec.Struct, frozen=True):
    """What a line costs landed; ``unit`` has two places more than the currency, None when no unit bears it."""

    line_id: str
    units: int
    goods: Money
    charges: dict[str, Money]
    landed: Figure
    unit: str | None
    in_stock: Money
    not_borne: Money


class ReceivedView(msgspec.Struct, frozen=True):
    """What arrived of one line."""

    line_id: str
    units: int
    damaged: int


class TakenBackView(msgspec.Struct, frozen=True):
    """That a receipt was taken back: why, by whom and when."""

    reason: str
    by: str
    at: str


class PurchaseReceiptView(msgspec.Struct, frozen=True):
    """Goods that arrived. ``posted`` says whether own stock and cost lots know of it, or that it was taken back."""

    receipt_id: str
    received_on: str
    destination: str
    lines: tuple[ReceivedView, ...]
    note: str
    by: str
    posted: bool
    taken_back: TakenBackView | None


class UndoneLineView(msgspec.Struct, frozen=True):
    """What taking a receipt back changes of one line.

    ``good`` and ``to_come`` are the line's afterwards. ``left`` are the units in the receipt's place of own stock
    before, None when it has none; ``problem`` says why they can't be taken from it.
    """

    line_id: str
    seller_sku: str
    units: int
    damaged: int
    good: int
    to_come: int
    left: int | None
    problem: str


class TakingBackView(msgspec.Struct, frozen=True):
    """What taking a receipt back would change; nothing is stored.

    Attributes:
        receipt_id: of which receipt.
        step: of the order as it was seen.
        state: of the order now.
        next_state: of the order afterwards.
        place: the place of own stock that the units are taken from; None when they went to Amazon.
        lines: what changes of each line.
        withdrawn: what the receipt's cost lots come to, which go.
        owed: what is owed for the order now.
        next_owed: and afterwards.
        possible: whether it can be done.
    """

    receipt_id: str
    step: int
    state: State
    next_state: State
    place: str | None
    lines: tuple[UndoneLineView, ...]
    withdrawn: Money
    owed: Money
    next_owed: Money
    possible: bool


class OrderChargeView(msgspec.Struct, frozen=True):
    """What falls on an order of one charge, by line."""

    charge_id: str
    kind: str
    amount: Money
    lines: dict[str, Money]


class InstalmentView(msgspec.Struct, frozen=True):
    """A part of what an order costs, and how much of it was paid."""

    kind: Literal["deposit", "balance"]
    amount: Money
    due_on: str | None
    waits_for: str
    paid: Money


class PaidView(msgspec.Struct, frozen=True):
    """A payment to the supplier."""

    payment_id: str
    paid_on: str
    amount: Money
    reference: str
    by: str


class RateUsed(msgspec.Struct, frozen=True):
    """The rate by which an order's goods are converted, fixed on approval."""

    base: str
    quote: str
    rate: str
    day: str
    source: str


class OrderView(msgspec.Struct, frozen=True):
    """A purchase order with all that came of it.

    ``step`` is sent back with a change; ``moves`` are the events that the state allows, each with the permission that
    it takes. ``costs`` is empty while there is no rate into the landed currency.
    """

    order_id: str
    number: str
    supplier_id: str
    supplier_name: str
    state: State
    version: int
    step: int
    currency: str
    landed_currency: str
    rate: RateUsed | None
    terms: Terms
    incoterm: str | None
    ship_to: str
    expected_on: str | None
    note: str
    origin: str | None
    days: dict[str, str]
    total: Money
    lines: tuple[PurchaseLineView, ...]
    costs: tuple[LineCostView, ...]
    receipts: tuple[PurchaseReceiptView, ...]
    charges: tuple[OrderChargeView, ...]
    schedule: tuple[InstalmentView, ...]
    payments: tuple[PaidView, ...]
    overpaid: Money
    moves: dict[str, str]


class EntryView(msgspec.Struct, frozen=True):
    """An order as lists show it."""

    order_id: str
    number: str
    supplier_id: str
    supplier_name: str
    state: str
    version: int
    total: Money
    ordered: int
    good: int
    lines: int
    skus: tuple[str, ...]
    expected_on: str | None
    next_due_on: str | None
    still_to_pay: Money
    changed_at: str


class PurchasePage(msgspec.Struct, frozen=True):
    """A page of orders, the newest first; with a filter it may be short and still not the last."""

    orders: tuple[EntryView, ...]
    next_cursor: str | None


class OpenLine(msgspec.Struct, frozen=True):
    """What is still to come of one line of an order that the supplier has."""

    order_id: str
    number: str
    line_id: str
    seller_sku: str
    units: int
    expected_on: str | None
    supplier_id: str
    state: str


class ShippableLine(msgspec.Struct, frozen=True):
    """A line that can be put on a shipment; ``units`` did not arrive yet."""

    order_id: str
    number: str
    line_id: str
    seller_sku: str
    title: str
    ordered: int
    received: int
    units: int
    carton: Carton | None


class DueView(msgspec.Struct, frozen=True):
    """A part of an order's price that is still to be paid."""

    order_id: str
    number: str
    supplier_id: str
    supplier_name: str
    kind: str
    due_on: str | None
    waits_for: str
    amount: Money
    overdue: bool


class DuePage(msgspec.Struct, frozen=True):
    """What is to be paid, the earliest first; what has no day yet is last."""

    today: str
    due: tuple[DueView, ...]
    next_cursor: str | None


class ChangeView(msgspec.Struct, frozen=True):
    """One change of an order: what happened, who did it and when; ``day`` is when it was so."""

    number: int
    event: str
    at: str
    by: str
    from_state: str
    to_state: str
    version: int
    day: str | None
    detail: str


class ChangePage(msgspec.Struct, frozen=True):
    """The changes of an order, the newest first; ``next_number`` asks for what came before."""

    changes: tuple[ChangeView, ...]
    next_number: int | None


class VersionView(msgspec.Struct, frozen=True):
    """A version of what was agreed."""

    version: int
    made_at: str
    made_by: str
    currency: str
    lines: tuple[PurchaseLineView, ...]
    total: Money
    terms: Terms
    incoterm: str | None
    ship_to: str
    expected_on: str | None
    note: str


class ChargeShareView(msgspec.Struct, frozen=True):
    """What falls on one line of one order."""

    order_id: str
    line_id: str
    amount: Money


class ChargeView(msgspec.Struct, frozen=True):
    """A charge and how it was shared out; the shares add up to ``landed``."""

    charge_id: str
    kind: ChargeKind
    amount: Money
    day: str
    allocate_by: AllocateBy
    landed: Money
    rate: RateUsed | None
    shares: tuple[ChargeShareView, ...]
    note: str
    by: str
    voided: bool


class LimitView(msgspec.Struct, frozen=True):
    """The most that members of a role may approve; None for no limit."""

    role: str
    limit: Money | None


class ProcurementSettingsView(msgspec.Struct, frozen=True):
    """How an organisation orders. A role that is not named may approve nothing. ``step`` is sent back with a change."""

    limit_currency: str
    limits: tuple[LimitView, ...]
    over_delivery_percent: int
    step: int


def order_view(order: Order, as_of: datetime) -> OrderView:
    """Return an order as the API shows it."""
    content, currency = order.content, order.content.currency
    return OrderView(
        order.order_id,
        number_text(order.number),
        order.supplier_id,
        order.supplier_name,
        order.state,
        order.version,
        order.step,
        currency,
        content.landed_currency,
        rate_used(order.rate),
        content.terms,
        content.incoterm,
        content.ship_to,
        None if content.expected_on is None else content.expected_on.isoformat(),
        content.note,
        order.origin,
        {state: day.isoformat() for state, day in order.days.items()},
        order.total,
        tuple(_line(line, currency, order) for line in order.lines),
        _costs(order, as_of),
        tuple(
            PurchaseReceiptView(
                each.receipt_id,
                each.received_on.isoformat(),
                each.destination,
                tuple(ReceivedView(line.line_id, line.units, line.damaged) for line in each.lines),
                each.note,
                each.by,
                each.posted if each.taken_back is None else each.taken_back.posted,
                None
                if each.taken_back is None
                else TakenBackView(each.taken_back.reason, each.taken_back.by, each.taken_back.at),
            )
            for each in order.receipts
        ),
        tuple(
            OrderChargeView(
                share.charge_id,
                share.kind,
                Money(sum(share.lines.values()), content.landed_currency),
                {line_id: Money(minor, content.landed_currency) for line_id, minor in share.lines.items()},
            )
            for share in order.shares
        ),
        tuple(
            InstalmentView(
                part.kind,
                Money(part.amount_minor, currency),
                None if part.due_on is None else part.due_on.isoformat(),
                part.waits_for,
                Money(part.paid_minor, currency),
            )
            for part in schedule(order)
        ),
        tuple(
            PaidView(
                each.payment_id, each.paid_on.isoformat(), Money(each.amount_minor, currency), each.reference, each.by
            )
            for each in order.paid
        ),
        Money(overpaid_minor(order), currency),
        {move.event: move.permission for move in ORDER_MACHINE.moves if move.state == order.state},
    )


def taking_back_view(before: Order, after: Order, receipt: Receipt, undoing: Sequence[Undoing]) -> TakingBackView:
    """Return what taking a receipt back would change of an order, and of own stock."""
    lines = {line.line_id: line for line in before.lines}
    taken = iter(undoing)
    shown = []
    for each in receipt.lines:
        line = lines[each.line_id]
        moves = next(taken) if undoing and each.units else None
        shown.append(
            UndoneLineView(
                each.line_id,
                line.seller_sku,
                each.units,
                each.damaged,
                after.good(each.line_id),
                after.to_come(line),
                None if moves is None else moves.left,
                "" if moves is None else moves.problem,
            )
        )
    content = before.content
    gone = sum(lot.landed_minor for lot in lots_of(before) if lot.receipt_id == receipt.receipt_id)
    return TakingBackView(
        receipt.receipt_id,
        before.step,
        before.state,
        after.state,
        undoing[0].place if undoing else None,
        tuple(shown),
        Money(gone, content.landed_currency),
        Money(payable_minor(before), content.currency),
        Money(payable_minor(after), content.currency),
        not any(line.problem for line in shown),
    )


def rate_used(rate: Rate | None) -> RateUsed | None:
    """Return a rate as it was used."""
    return None if rate is None else RateUsed(rate.base, rate.quote, rate.rate, rate.day.isoformat(), rate.source)


def _line(line: Line, currency: str, order: Order | None = None) -> PurchaseLineView:
    return PurchaseLineView(
        line.line_id,
        line.seller_sku,
        line.title,
        line.units,
        price_text(line.price, currency),
        Money(line.total_minor, currency),
        line.carton,
        0 if order is None else order.good(line.line_id),
        0 if order is None else order.damaged(line.line_id),
        0 if order is None else order.to_come(line),
    )


def _costs(order: Order, as_of: datetime) -> tuple[LineCostView, ...]:
    content = order.content
    if content.currency != content.landed_currency and order.rate is None:
        return ()
    currency = content.landed_currency
    found = line_costs(order)
    return tuple(
        LineCostView(
            line.line_id,
            found[line.line_id].units,
            Money(found[line.line_id].goods_minor, currency),
            {kind: Money(minor, currency) for kind, minor in found[line.line_id].charges_minor.items()},
            landed_figure(order, line, found[line.line_id], as_of),
            unit_text(found[line.line_id].landed_minor, found[line.line_id].units, currency),
            Money(found[line.line_id].in_stock_minor, currency),
            Money(found[line.line_id].not_borne_minor, currency),
        )
        for line in order.lines
    )


def landed_figure(order: Order, line: Line, cost: LineCost, as_of: datetime) -> Figure:
    """Return what a line costs landed, with how it was worked out. It is firm once nothing is still to come."""
    currency = order.content.landed_currency
    charges = sum(cost.charges_minor.values())

    def money(minor: int) -> str:
        return f"{Money(minor, currency).to_decimal():,}"

    notes = ["Damaged units bear nothing; what is still to come bears its part."]
    if order.rate is not None:
        rate = order.rate
        notes.append(f"1 {rate.base} = {rate.rate} {rate.quote} of {rate.day.isoformat()} ({rate.source}).")
    return figure(
        cost.landed_minor,
        unit="minor",
        as_of=as_of,
        state="posted" if order.state == "closed" else "estimated",
        source=f"{number_text(order.number)}, version {order.version}, its receipts and charges",
        method=method_card(
            "procurement.landed_cost",
            "Landed cost of a line",
            "Units \N{MULTIPLICATION SIGN} unit price + its share of every charge",
            f"{money(cost.goods_minor)} + {money(charges)} = {money(cost.landed_minor)} {currency} "
            f"for {cost.units:,} units",
            inputs=(
                FigureInput("Units that bear it", cost.units, "units"),
                FigureInput(f"Goods ({price_text(line.price, order.content.currency)} {order.content.currency} each)",
                            cost.goods_minor, "minor"),
                *(FigureInput(kind, minor, "minor") for kind, minor in cost.charges_minor.items()),
            ),
            notes=notes,
        ),
        currency=currency,
    )  # fmt: skip


def entry_view(entry: Entry) -> EntryView:
    """Return an order as lists show it."""
    return EntryView(
        entry.order_id,
        number_text(entry.number),
        entry.supplier_id,
        entry.supplier_name,
        entry.state,
        entry.version,
        Money(entry.total_minor, entry.currency),
        entry.ordered,
        entry.good,
        entry.lines,
        entry.skus,
        entry.expected_on,
        entry.next_due_on,
        Money(entry.open_minor, entry.currency),
        entry.changed_at,
    )


def due_view(due: Due, today: str) -> DueView:
    """Return what is to be paid; it is overdue from the day after."""
    return DueView(
        due.order_id,
        number_text(due.number),
        due.supplier_id,
        due.supplier_name,
        due.kind,
        due.due_on,
        due.waits_for,
        Money(due.open_minor, due.currency),
        due.due_on is not None and due.due_on < today,
    )


def change_view(change: Change) -> ChangeView:
    """Return a change."""
    return ChangeView(**msgspec.structs.asdict(change))


def version_view(number: int, content: Content, made_at: str, made_by: str) -> VersionView:
    """Return a version of what was agreed."""
    return VersionView(
        number,
        made_at,
        made_by,
        content.currency,
        tuple(_line(line, content.currency) for line in content.lines),
        Money(content.total_minor, content.currency),
        content.terms,
        content.incoterm,
        content.ship_to,
        None if content.expected_on is None else content.expected_on.isoformat(),
        content.note,
    )


def charge_view(charge: Charge) -> ChargeView:
    """Return a charge."""
    return ChargeView(
        charge.charge_id,
        charge.kind,
        charge.amount,
        charge.day.isoformat(),
        charge.allocate_by,
        charge.landed,
        rate_used(charge.rate),
        tuple(
            ChargeShareView(order_id, line_id, Money(minor, charge.landed.currency))
            for order_id, line_id, minor in charge.shares
        ),
        charge.note,
        charge.by,
        charge.voided,
    )


def settings_view(settings: Settings) -> ProcurementSettingsView:
    """Return the settings."""
    return ProcurementSettingsView(
        settings.limit_currency,
        tuple(
            LimitView(role, None if minor is None else Money(minor, settings.limit_currency))
            for role, minor in settings.limits.items()
        ),
        settings.over_delivery_percent,
        settings.step,
    )
