"""Purchase orders: what they consist of, which moves are legal, and who may make them. Pure.

Whatever is ordered, received, charged and paid for one order stands in one value, so that no two parts of it can
disagree; every use case makes a new value out of the one before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Literal

import msgspec

from quayside.finance.rate_rules import Rate
from quayside.kernel.errors import Conflict, FieldProblem, Forbidden, InvalidInput
from quayside.kernel.machines import Machine, Move
from quayside.kernel.money import Money, exponent_of

State = Literal[
    "draft", "approved", "sent", "confirmed", "in_production", "partially_received", "received", "closed", "cancelled"
]
Event = Literal[
    "amend",
    "reopen",
    "approve",
    "send",
    "confirm",
    "start_production",
    "receive_part",
    "receive_all",
    "take_back_to_received",
    "take_back_to_partially_received",
    "take_back_to_sent",
    "take_back_to_confirmed",
    "take_back_to_in_production",
    "close",
    "cancel",
]

_MANAGE, _APPROVE, _RECEIVE = "procurement.manage", "procurement.approve", "procurement.receive"

ORDER_MACHINE = Machine(
    "purchase_order",
    "A purchase order",
    {
        "draft": "Draft",
        "approved": "Approved",
        "sent": "Sent",
        "confirmed": "Confirmed",
        "in_production": "In production",
        "partially_received": "Partially received",
        "received": "Received",
        "closed": "Closed",
        "cancelled": "Cancelled",
    },
    (
        Move("draft", "amend", _MANAGE, "draft"),
        Move("draft", "approve", _APPROVE, "approved"),
        Move("draft", "cancel", _MANAGE, "cancelled"),
        Move("approved", "send", _MANAGE, "sent"),
        Move("approved", "reopen", _MANAGE, "draft"),
        Move("approved", "cancel", _MANAGE, "cancelled"),
        Move("sent", "confirm", _MANAGE, "confirmed"),
        Move("sent", "amend", _APPROVE, "sent"),
        Move("sent", "receive_part", _RECEIVE, "partially_received"),
        Move("sent", "receive_all", _RECEIVE, "received"),
        Move("sent", "cancel", _MANAGE, "cancelled"),
        Move("confirmed", "start_production", _MANAGE, "in_production"),
        # The supplier confirmed something else: the new version has to be confirmed anew.
        Move("confirmed", "amend", _APPROVE, "sent"),
        Move("confirmed", "receive_part", _RECEIVE, "partially_received"),
        Move("confirmed", "receive_all", _RECEIVE, "received"),
        Move("confirmed", "cancel", _MANAGE, "cancelled"),
        Move("in_production", "amend", _APPROVE, "in_production"),
        Move("in_production", "receive_part", _RECEIVE, "partially_received"),
        Move("in_production", "receive_all", _RECEIVE, "received"),
        Move("in_production", "cancel", _MANAGE, "cancelled"),
        Move("partially_received", "amend", _APPROVE, "partially_received"),
        Move("partially_received", "receive_part", _RECEIVE, "partially_received"),
        Move("partially_received", "receive_all", _RECEIVE, "received"),
        Move("partially_received", "close", _MANAGE, "closed"),
        Move("received", "receive_all", _RECEIVE, "received"),
        Move("received", "close", _MANAGE, "closed"),
        # A receipt is taken back: the order stands again where it stood without it, a closed one is open again.
        Move("partially_received", "take_back_to_partially_received", _RECEIVE, "partially_received"),
        Move("partially_received", "take_back_to_sent", _RECEIVE, "sent"),
        Move("partially_received", "take_back_to_confirmed", _RECEIVE, "confirmed"),
        Move("partially_received", "take_back_to_in_production", _RECEIVE, "in_production"),
        Move("received", "take_back_to_received", _RECEIVE, "received"),
        Move("received", "take_back_to_partially_received", _RECEIVE, "partially_received"),
        Move("received", "take_back_to_sent", _RECEIVE, "sent"),
        Move("received", "take_back_to_confirmed", _RECEIVE, "confirmed"),
        Move("received", "take_back_to_in_production", _RECEIVE, "in_production"),
        Move("closed", "take_back_to_received", _RECEIVE, "received"),
        Move("closed", "take_back_to_partially_received", _RECEIVE, "partially_received"),
        Move("closed", "take_back_to_sent", _RECEIVE, "sent"),
        Move("closed", "take_back_to_confirmed", _RECEIVE, "confirmed"),
        Move("closed", "take_back_to_in_production", _RECEIVE, "in_production"),
    ),
)
"""The life of a purchase order. What is partially received is closed short, never cancelled."""

STARTED: frozenset[str] = frozenset({"sent", "confirmed", "in_production", "partially_received"})
"""The states in which goods are on order: they can be shipped and received."""
DONE: frozenset[str] = frozenset({"closed", "cancelled"})

MOST_LINES = 80
"""So many lines an order has at most: it is changed in one transaction, which DynamoDB limits to 100 items."""
UNITS = (1, 10_000_000)
MOST_MINOR = 10**14
LONGEST_SKU = 40
"""Source: Amazon's listing templates, "Seller SKU: 1 to 40 characters"."""
LONGEST_TITLE, LONGEST_TEXT = 200, 1000
MOST_PRICE_PLACES = 4
"""A unit price has up to so many more places than its currency."""
EARLIEST, LATEST = date(2000, 1, 1), date(2099, 12, 31)
INCOTERMS = ("EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP")
"""Source: ICC, Incoterms 2020."""
_CARTON_UNITS, _CARTON_MILLIMETRES, _CARTON_GRAMS = 100_000, 10_000, 1_000_000


class Price(msgspec.Struct, frozen=True, array_like=True):
    """So much for so many units, exact: 85 USD cents for 10 units is 0.085 a unit."""

    minor: int
    per_units: int = 1

    def of(self, units: int) -> int:
        """Return what ``units`` cost, in minor units, rounded half to even."""
        return round(Fraction(self.minor * units, self.per_units))


class Carton(msgspec.Struct, frozen=True, array_like=True):
    """How units are packed by the supplier."""

    units: int
    length_mm: int
    width_mm: int
    height_mm: int
    weight_grams: int


class Line(msgspec.Struct, frozen=True):
    """A line of an order. ``line_id`` counts from 1 and is never used again for something else."""

    line_id: str
    seller_sku: str
    title: str
    units: int
    price: Price
    carton: Carton | None = None

    @property
    def total_minor(self) -> int:
        """What the line costs, in minor units of the order's currency."""
        return self.price.of(self.units)


BalanceDue = Literal["sent", "confirmed", "received"]


class Terms(msgspec.Struct, frozen=True):
    """When an order is paid.

    Attributes:
        deposit_percent: of the whole, due when the order is sent; 0 to 100.
        deposit_days: so many days after it was sent.
        balance_due: the rest is due when the order was sent, confirmed or first received.
        balance_days: so many days after that.
    """

    deposit_percent: int = 0
    deposit_days: int = 0
    balance_due: BalanceDue = "received"
    balance_days: int = 30


class Content(msgspec.Struct, frozen=True):
    """What is agreed with the supplier; every change of it is a version.

    Attributes:
        lines: what is ordered.
        currency: of the prices.
        landed_currency: of the cost lots that come of the order.
        terms: when it is paid.
        incoterm: who carries which cost and risk; None when nothing was agreed.
        ship_to: where the goods go, as it is printed.
        expected_on: the day on which the goods are promised to arrive.
        note: for the supplier.
    """

    lines: tuple[Line, ...]
    currency: str
    landed_currency: str
    terms: Terms
    incoterm: str | None = None
    ship_to: str = ""
    expected_on: date | None = None
    note: str = ""

    @property
    def total_minor(self) -> int:
        """What all lines cost, in minor units of the currency."""
        return sum(line.total_minor for line in self.lines)


class ReceivedUnits(msgspec.Struct, frozen=True, array_like=True):
    """What arrived of one line: good units, and damaged ones besides."""

    line_id: str
    units: int
    damaged: int = 0


class TakenBack(msgspec.Struct, frozen=True):
    """That a receipt was taken back; the receipt stays in sight and counts no more.

    Attributes:
        reason: the member's words.
        by: who did it.
        at: when, ISO 8601.
        posted: whether own stock, cost lots and shipments know of it.
    """

    reason: str
    by: str
    at: str
    posted: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """Goods that arrived.

    Attributes:
        receipt_id: its id.
        received_on: the day on which they arrived.
        destination: an own place of stock, or ``amazon``.
        lines: what arrived.
        note: the member's words.
        by: who entered it.
        posted: whether own stock and cost lots know of it.
        taken_back: that it was, why and by whom; None while it counts.
    """

    receipt_id: str
    received_on: date
    destination: str
    lines: tuple[ReceivedUnits, ...]
    note: str = ""
    by: str = ""
    posted: bool = False
    taken_back: TakenBack | None = None


class Share(msgspec.Struct, frozen=True, array_like=True):
    """What falls on the lines of this order of one charge, in minor units of its landed currency, by line."""

    charge_id: str
    kind: str
    lines: dict[str, int]


class Paid(msgspec.Struct, frozen=True, array_like=True):
    """A payment to the supplier, in minor units of the order's currency."""

    payment_id: str
    paid_on: date
    amount_minor: int
    reference: str
    by: str


class Order(msgspec.Struct, frozen=True):
    """A purchase order, with all that came of it.

    Attributes:
        order_id: its id.
        number: counts the orders of the tenant; printed as ``PO-000012``.
        supplier_id: from whom.
        supplier_name: as it was when the order was made.
        content: what is agreed.
        state: as in ``ORDER_MACHINE``.
        version: counts the versions of the content, from 1.
        step: counts all changes, from 1.
        days: the day of each state that was reached, by state.
        rate: from the currency into the landed one, fixed on approval; None when they are the same, or not approved.
        receipts: what arrived, in the order in which it was entered; those that were taken back too.
        shares: what falls on it of freight, duty and so on.
        paid: what was paid.
        lines_made: how many lines it ever had, so that no id of a line is used twice.
        origin: what it came of, such as ``lead/…`` or ``restock/…``.
        awaited_in: the state in which the first goods arrived; None while none did.
    """

    order_id: str
    number: int
    supplier_id: str
    supplier_name: str
    content: Content
    state: State = "draft"
    version: int = 1
    step: int = 1
    days: dict[str, date] = msgspec.field(default_factory=dict)
    rate: Rate | None = None
    receipts: tuple[Receipt, ...] = ()
    shares: tuple[Share, ...] = ()
    paid: tuple[Paid, ...] = ()
    lines_made: int = 0
    origin: str | None = None
    awaited_in: State | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is ordered."""
        return self.content.lines

    @property
    def total(self) -> Money:
        """What all lines cost."""
        return Money(self.content.total_minor, self.content.currency)

    @property
    def counted(self) -> tuple[Receipt, ...]:
        """The receipts that count: those that were not taken back."""
        return tuple(each for each in self.receipts if each.taken_back is None)

    def good(self, line_id: str) -> int:
        """Return how many good units of a line arrived."""
        return sum(each.units for receipt in self.counted for each in receipt.lines if each.line_id == line_id)

    def damaged(self, line_id: str) -> int:
        """Return how many damaged units of a line arrived."""
        return sum(each.damaged for receipt in self.counted for each in receipt.lines if each.line_id == line_id)

    def to_come(self, line: Line) -> int:
        """Return how many units of a line are still to come; none once the order is closed or cancelled."""
        if self.state in DONE:
            return 0
        return max(0, line.units - self.good(line.line_id) - self.damaged(line.line_id))


def number_text(number: int) -> str:
    """Return an order's number as it is printed."""
    return f"PO-{number:06d}"


def moved(order: Order, event: Event, day: date) -> Order:
    """Return an order after a move, with the day on which its state was reached.

    Raises:
        IllegalMove: the state does not allow it.
        InvalidInput: the day lies before that of the move before.
    """
    move = ORDER_MACHINE.move(order.state, event)
    latest = max(order.days.values(), default=EARLIEST)
    if day < latest:
        raise InvalidInput(
            f"The order was moved on {latest} already, so this can't have happened on {day}.",
            fields=(FieldProblem("day", f"has to be {latest} or later"),),
            code="day_before_last_move",
        )
    state = msgspec.convert(move.next_state, State)
    days = order.days if state == order.state and state in order.days else {**order.days, state: day}
    if state == "draft":
        days = {}
    return msgspec.structs.replace(order, state=state, days=days, step=order.step + 1)


def permission_for(order: Order, event: Event) -> str:
    """Return what a member must hold for a move.

    Raises:
        IllegalMove: the state does not allow it.
    """
    return ORDER_MACHINE.move(order.state, event).permission


# -- What is ordered ---------------------------------------------------------------------------------------------------


class NewLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line as it is asked for. ``unit_price`` is a decimal number; ``line_id`` names a line that is there already."""

    seller_sku: str
    units: int
    unit_price: str
    title: str = ""
    carton: Carton | None = None
    line_id: str | None = None


def price_of(text: str, currency: str, field: str = "unit_price") -> Price:
    """Read a unit price such as ``0.085``, exactly.

    Raises:
        InvalidInput: it is no number of 0 or more, or has too many places.
    """
    for places in range(MOST_PRICE_PLACES + 1):
        try:
            scaled = Money.from_decimal(f"{text.strip()}E{places}", currency)
        except InvalidInput:
            continue
        if 0 <= scaled.amount_minor <= MOST_MINOR:
            return Price(scaled.amount_minor, 10**places)
        break
    most = exponent_of(currency) + MOST_PRICE_PLACES
    problem = f"has to be a number of 0 or more with up to {most} decimal places, such as 4.25"
    raise InvalidInput(
        f"'{text[:40]}' is not a unit price.", fields=(FieldProblem(field, problem),), code="invalid_price"
    )


def price_text(price: Price, currency: str) -> str:
    """Write a unit price with its currency's places, and more where it has them."""
    places = exponent_of(currency)
    more = len(str(price.per_units)) - 1
    whole, parts = divmod(price.minor, 10 ** (places + more))
    digits = f"{parts:0{places + more}d}" if places + more else ""
    kept = digits[:places] + digits[places:].rstrip("0")
    return f"{whole}.{kept}" if kept else str(whole)


def lines_of(asked: Sequence[NewLine], currency: str, before: Iterable[Line] = (), used: int = 0) -> tuple[Line, ...]:
    """Return the lines that are asked for, with ids: those named stay what they were, new ones go on counting.

    Args:
        asked: the lines.
        currency: of their prices.
        before: the lines that there are.
        used: the highest number a line of this order ever had.

    Raises:
        InvalidInput: there are none or too many, a SKU is missing, or units, price or carton are out of range.
    """
    known = {line.line_id for line in before}
    problems: list[FieldProblem] = []
    if not 1 <= len(asked) <= MOST_LINES:
        problem = f"has to have 1 to {MOST_LINES} lines; it has {len(asked)}"
        raise InvalidInput(
            f"An order {problem}.", fields=(FieldProblem("lines", problem),), code="invalid_lines",
            action="Split what you order over more orders.",
        )  # fmt: skip
    found: list[Line] = []
    named = [line.line_id for line in asked if line.line_id is not None]
    for place, line in enumerate(asked):
        at = f"lines[{place}]"
        problems += (FieldProblem(f"{at}.{name}", problem) for name, problem in _problems_of(line))
        if line.line_id is not None and (line.line_id not in known or named.count(line.line_id) > 1):
            problems.append(FieldProblem(f"{at}.line_id", "is no line of this order, or is named twice"))
        try:
            price = price_of(line.unit_price, currency, f"{at}.unit_price")
        except InvalidInput as refused:
            problems += refused.fields or (FieldProblem("currency", refused.detail),)
            continue
        if line.line_id is None:
            used += 1
        found.append(
            Line(line.line_id or str(used), line.seller_sku.strip(), line.title.strip(), line.units, price, line.carton)
        )
    if not problems and sum(line.total_minor for line in found) > MOST_MINOR:
        problems.append(FieldProblem("lines", "cost more than a million million together"))
    if problems:
        raise InvalidInput("The lines can't be ordered like this.", fields=tuple(problems), code="invalid_lines")
    return tuple(found)


def _problems_of(line: NewLine) -> Iterable[tuple[str, str]]:
    if not 1 <= len(line.seller_sku.strip()) <= LONGEST_SKU:
        yield "seller_sku", f"is needed, with 1 to {LONGEST_SKU} characters"
    if len(line.title.strip()) > LONGEST_TITLE:
        yield "title", f"has at most {LONGEST_TITLE} characters"
    if not UNITS[0] <= line.units <= UNITS[1]:
        yield "units", f"has to be from {UNITS[0]} to {UNITS[1]:,}"
    carton = line.carton
    if carton is None:
        return
    if not 1 <= carton.units <= _CARTON_UNITS:
        yield "carton.units", f"has to be from 1 to {_CARTON_UNITS:,}"
    for name in ("length_mm", "width_mm", "height_mm"):
        if not 1 <= getattr(carton, name) <= _CARTON_MILLIMETRES:
            yield f"carton.{name}", f"has to be from 1 to {_CARTON_MILLIMETRES:,}"
    if not 1 <= carton.weight_grams <= _CARTON_GRAMS:
        yield "carton.weight_grams", f"has to be from 1 to {_CARTON_GRAMS:,}"


def check_content(content: Content) -> Content:
    """Return what is agreed, when it can be.

    Raises:
        InvalidInput: a currency is no code, terms are out of range, or a text is too long.
    """
    for code in (content.currency, content.landed_currency):
        Money.from_decimal("0", code)
    problems = list(term_problems(content.terms))
    if content.incoterm is not None and content.incoterm not in INCOTERMS:
        problems.append(FieldProblem("incoterm", f"has to be one of {', '.join(INCOTERMS)}"))
    if content.expected_on is not None and not EARLIEST <= content.expected_on <= LATEST:
        problems.append(FieldProblem("expected_on", f"has to be from {EARLIEST} to {LATEST}"))
    problems += (
        FieldProblem(name, f"has at most {LONGEST_TEXT:,} characters")
        for name in ("ship_to", "note")
        if len(getattr(content, name)) > LONGEST_TEXT
    )
    if problems:
        raise InvalidInput("The order can't be like this.", fields=tuple(problems), code="invalid_order")
    return content


_MOST_TERM_DAYS = 365


def term_problems(terms: Terms) -> Iterable[FieldProblem]:
    """Return what is wrong with terms of payment."""
    if not 0 <= terms.deposit_percent <= 100:  # noqa: PLR2004 - percent
        yield FieldProblem("terms.deposit_percent", "has to be from 0 to 100")
    for name in ("deposit_days", "balance_days"):
        if not 0 <= getattr(terms, name) <= _MOST_TERM_DAYS:
            yield FieldProblem(f"terms.{name}", f"has to be from 0 to {_MOST_TERM_DAYS}")


def amended(order: Order, content: Content, day: date) -> Order:
    """Return an order with another content: a new version.

    Raises:
        IllegalMove: the state allows no amendment.
        InvalidInput: less would be ordered of a line than arrived, or its SKU or the currency changes too late.
        Conflict: nothing changes.
    """
    if content == order.content:
        raise Conflict(
            "Nothing is different from the present version.", code="nothing_changed", action="Change something first."
        )
    after = moved(order, "amend", max([day, *order.days.values()]))
    if order.state != "draft":
        _check_amendment(order, content)
    made = max(order.lines_made, *(int(line.line_id) for line in content.lines))
    return msgspec.structs.replace(after, content=content, version=order.version + 1, lines_made=made)


def _check_amendment(order: Order, content: Content) -> None:
    problems = []
    if (content.currency, content.landed_currency) != (order.content.currency, order.content.landed_currency):
        problems.append(FieldProblem("currency", "can be changed in a draft only"))
    kept = {line.line_id: line for line in content.lines}
    if len(kept.keys() ^ {line.line_id for line in order.lines}) > MOST_LINES:
        problems.append(FieldProblem("lines", f"at most {MOST_LINES} can be added or dropped at once; take two steps"))
    touched = {line_id for share in order.shares for line_id in share.lines}
    # A receipt that was taken back still names its lines.
    touched |= {each.line_id for receipt in order.receipts for each in receipt.lines}
    for line in order.lines:
        arrived = order.good(line.line_id) + order.damaged(line.line_id)
        now = kept.get(line.line_id)
        if now is None and (arrived or line.line_id in touched):
            problems.append(FieldProblem("lines", f"line {line.line_id} has arrived or bears costs, so it stays"))
        if now is not None and now.seller_sku != line.seller_sku:
            problems.append(FieldProblem("lines", f"line {line.line_id} keeps its SKU; add another line instead"))
        if now is not None and now.units < arrived:
            problems.append(FieldProblem("lines", f"line {line.line_id}: {arrived:,} units arrived already"))
    if problems:
        raise InvalidInput("The order can't be amended like this.", fields=tuple(problems), code="invalid_amendment")


# -- Approval ----------------------------------------------------------------------------------------------------------


_FIRST_LIMITS: dict[str, int | None] = {"owner": None, "admin": None, "buyer": 0}


class Settings(msgspec.Struct, frozen=True):
    """How a tenant orders.

    Attributes:
        limit_currency: of the limits.
        limits: the most a member of a role may approve, in minor units of the currency, by role; None for no limit.
            A role that is not named may approve nothing.
        over_delivery_percent: so much more than ordered can be received.
        step: counts the changes.
    """

    limit_currency: str = "USD"
    limits: dict[str, int | None] = msgspec.field(default_factory=lambda: dict(_FIRST_LIMITS))
    over_delivery_percent: int = 10
    step: int = 0


def check_limit(settings: Settings, role: str, total: Money, rate_of: Mapping[str, Money]) -> None:
    """Let a member approve what is within the limit of the role.

    Args:
        settings: the limits.
        role: of the member.
        total: what is to be approved.
        rate_of: the total in other currencies, by currency, where a rate is known.

    Raises:
        Forbidden: it is more than the role may approve.
        InvalidInput: the limit is in another currency and there is no rate.
    """
    limit = settings.limits.get(role, 0)
    if limit is None:
        return
    amount = total if total.currency == settings.limit_currency else rate_of.get(settings.limit_currency)
    if amount is None and limit > 0:
        raise InvalidInput(
            f"The limit of your role is in {settings.limit_currency} and there is no rate from {total.currency}.",
            code="rate_missing",
            action=f"State a rate from {total.currency} to {settings.limit_currency} under Costs, then approve again.",
        )
    if amount is None or amount.amount_minor > limit:
        most = Money(limit, settings.limit_currency)
        raise Forbidden(
            f"{total.to_decimal():,} {total.currency} is more than your role may approve: "
            f"up to {most.to_decimal():,} {most.currency}.",
            code="over_approval_limit",
            action="Ask an owner or admin of your organisation to approve it.",
        )
