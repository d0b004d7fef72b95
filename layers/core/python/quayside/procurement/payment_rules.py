"""When an order is paid: a deposit and the rest, worked out of its terms and what happened. Pure."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput
from quayside.kernel.money import Money
from quayside.procurement.rules import EARLIEST, LATEST, Order, Paid

MOST_PAYMENTS = 50
LONGEST_REFERENCE = 100


class Instalment(NamedTuple):
    """A part of what an order costs.

    Attributes:
        kind: the deposit, or the rest.
        amount_minor: of the order's currency.
        due_on: when it is due; None while what it waits for has not happened.
        waits_for: what it waits for.
        paid_minor: what was paid of it; payments settle the deposit first.
    """

    kind: Literal["deposit", "balance"]
    amount_minor: int
    due_on: date | None
    waits_for: str
    paid_minor: int

    @property
    def open_minor(self) -> int:
        """What is still to be paid."""
        return self.amount_minor - self.paid_minor


def payable_minor(order: Order) -> int:
    """Return what the supplier is owed: what was ordered; once it is received or closed, what arrived well.

    Damaged units are not owed. Nothing is owed for a cancelled order or a draft.
    """
    if order.state in {"draft", "approved", "cancelled"}:
        return 0
    if order.state in {"received", "closed"}:
        return sum(line.price.of(order.good(line.line_id)) for line in order.lines)
    return order.content.total_minor


def schedule(order: Order) -> tuple[Instalment, ...]:
    """Return the parts in which an order is paid; they add up to what is owed."""
    owed = payable_minor(order)
    if not owed:
        return ()
    terms = order.content.terms
    deposit = min(owed, round(Fraction(order.content.total_minor * terms.deposit_percent, 100)))
    settled = sum(each.amount_minor for each in order.paid)
    parts = []
    sent = order.days.get("sent")
    if deposit:
        due = None if sent is None else sent + timedelta(days=terms.deposit_days)
        paid = min(deposit, settled)
        parts.append(Instalment("deposit", deposit, due, "sent", paid))
        settled -= paid
    if owed > deposit:
        since = _since(order, terms.balance_due)
        due = None if since is None else since + timedelta(days=terms.balance_days)
        parts.append(Instalment("balance", owed - deposit, due, terms.balance_due, min(owed - deposit, settled)))
    return tuple(parts)


def _since(order: Order, state: str) -> date | None:
    if state != "received":
        return order.days.get(state)
    return min((each.received_on for each in order.counted), default=None)


def overpaid_minor(order: Order) -> int:
    """Return what was paid beyond what is owed: the supplier's to give back, or to credit."""
    return max(0, sum(each.amount_minor for each in order.paid) - payable_minor(order))


def check_payment(order: Order, payment: Paid) -> None:
    """Refuse a payment that can't be.

    Raises:
        InvalidInput: the amount, the day or the reference can't be.
        Conflict: nothing is owed, or there are too many payments.
    """
    problems = []
    left = payable_minor(order) - sum(each.amount_minor for each in order.paid)
    if left <= 0:
        raise Conflict(
            "Nothing is owed for this order.", code="nothing_owed", action="Payments can be entered once it was sent."
        )
    if not 0 < payment.amount_minor <= left:
        most = Money(left, order.content.currency)
        problems.append(FieldProblem("amount", f"has to be above 0, at most {most.to_decimal()} {most.currency}"))
    if not EARLIEST <= payment.paid_on <= LATEST:
        problems.append(FieldProblem("paid_on", f"has to be from {EARLIEST} to {LATEST}"))
    if len(payment.reference) > LONGEST_REFERENCE:
        problems.append(FieldProblem("reference", f"has at most {LONGEST_REFERENCE} characters"))
    if problems:
        raise InvalidInput("The payment can't be entered.", fields=tuple(problems), code="invalid_payment")
    if len(order.paid) >= MOST_PAYMENTS:
        raise Conflict(
            f"An order has at most {MOST_PAYMENTS} payments.", code="too_many_payments", action="Combine small ones."
        )
