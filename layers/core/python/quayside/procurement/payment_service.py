"""Use cases of payments to suppliers. They act for the tenant in scope."""

import re
from datetime import date
from typing import Annotated

import msgspec

from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.money import Money
from quayside.procurement import store
from quayside.procurement.order_service import change_of, order
from quayside.procurement.payment_rules import check_payment
from quayside.procurement.rules import Order, Paid
from quayside.procurement.store import Saving
from quayside.procurement.views import OrderView, order_view

_ATTEMPTS = 5
_PAYMENT_ID = re.compile(r"[a-z0-9-]{8,64}")


class NewPayment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment to the supplier, in the order's currency. The sender chooses ``payment_id``: sent twice, it is one."""

    payment_id: str
    paid_on: date
    amount: str
    reference: Annotated[str, msgspec.Meta(max_length=100)] = ""


def pay(order_id: str, new: NewPayment, *, member_id: str, clock: Clock) -> OrderView:
    """Remember a payment for an order, once by its id.

    Raises:
        NotFound: there is no such order.
        InvalidInput: the amount, the day or the id can't be.
        Conflict: nothing is owed, the id belongs to another payment, or others kept changing the order.
    """
    now = clock.now()
    if not _PAYMENT_ID.fullmatch(new.payment_id):
        problem = FieldProblem("payment_id", "has 8 to 64 small letters, digits and hyphens")
        raise InvalidInput("The payment needs an id.", fields=(problem,), code="invalid_payment")
    for _ in range(_ATTEMPTS):
        before = order(order_id)
        amount = Money.from_decimal(new.amount, before.content.currency)
        payment = Paid(new.payment_id, new.paid_on, amount.amount_minor, new.reference.strip(), member_id)
        known = next((each for each in before.paid if each.payment_id == new.payment_id), None)
        if known is not None:
            if msgspec.structs.replace(known, by=member_id) != payment:
                raise Conflict(
                    "Another payment of this order has this id.",
                    code="payment_differs",
                    action="Give the new payment an id of its own.",
                )
            return order_view(before, now)
        if new.paid_on > now.date():
            problem = FieldProblem("paid_on", f"has to be {now.date()} or earlier")
            raise InvalidInput(f"{new.paid_on} has not come yet.", fields=(problem,), code="day_to_come")
        check_payment(before, payment)
        after = msgspec.structs.replace(before, paid=(*before.paid, payment), step=before.step + 1)
        if _saved(before, after, "paid", f"{amount.to_decimal():,} {amount.currency}", member_id, clock, new.paid_on):
            return order_view(after, now)
    raise Conflict("This order is being changed by others right now.", code="order_contended")


def take_back(order_id: str, payment_id: str, *, member_id: str, clock: Clock) -> OrderView:
    """Remove a payment that was entered wrongly; the order's changes keep that it was there.

    Raises:
        NotFound: there is no such order, or no such payment of it.
        Conflict: others kept changing the order.
    """
    for _ in range(_ATTEMPTS):
        before = order(order_id)
        known = next((each for each in before.paid if each.payment_id == payment_id), None)
        if known is None:
            raise NotFound("There is no such payment.", code="payment_not_found")
        kept = tuple(each for each in before.paid if each is not known)
        after = msgspec.structs.replace(before, paid=kept, step=before.step + 1)
        amount = Money(known.amount_minor, before.content.currency)
        detail = f"{amount.to_decimal():,} {amount.currency} of {known.paid_on}"
        if _saved(before, after, "payment_taken_back", detail, member_id, clock, None):
            return order_view(after, clock.now())
    raise Conflict("This order is being changed by others right now.", code="order_contended")


def _saved(  # noqa: PLR0913, PLR0917 - the parts of a change
    before: Order, after: Order, event: str, detail: str, member_id: str, clock: Clock, day: date | None
) -> bool:
    now = clock.now()
    return store.save([Saving(before, after, change_of(before, after, event, member_id, now, detail, day))], now)
