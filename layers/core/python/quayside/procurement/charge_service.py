"""Use cases of charges: freight, duty and the like, shared out once over the lines they cover.

They act for the tenant in scope.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec

from quayside.finance.rate_rules import convert
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.money import Money
from quayside.procurement import store
from quayside.procurement.landed_rules import (
    CHARGE_WORDS,
    MOST_CHARGED_ORDERS,
    MOST_CHARGES,
    AllocateBy,
    Bearer,
    Charge,
    ChargeKind,
    allocate,
    check_amount,
    shares_by_order,
    weights_of,
)
from quayside.procurement.lots import post_lots
from quayside.procurement.order_service import change_of, order, rate_between
from quayside.procurement.rules import Order, Share, number_text
from quayside.procurement.store import Saving
from quayside.procurement.views import ChargeView, charge_view

_ATTEMPTS = 5


class Covered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that a charge covers, or ``units`` of it; all its units when they are left out."""

    order_id: str
    line_id: str
    units: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] | None = None


class NewCharge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bill for having goods here. The sender chooses ``charge_id``, so that the same charge sent twice is one."""

    charge_id: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{8,64}$")]
    kind: ChargeKind
    amount: str
    currency: str
    day: date
    allocate_by: AllocateBy
    covers: tuple[Covered, ...]
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


def add(new: NewCharge, *, member_id: str, clock: Clock) -> ChargeView:
    """Share a charge out over the lines it covers, once by its id, and let their cost lots follow.

    Raises:
        NotFound: there is no such order.
        InvalidInput: the amount or what it covers can't be, a carton is missing, or a rate.
        Conflict: the id belongs to another charge, an order is a draft or cancelled, or others kept changing
            the orders.
    """
    billed = Money.from_decimal(new.amount, new.currency)
    check_amount(billed)
    for _ in range(_ATTEMPTS):
        known = store.find_charge(new.charge_id)
        if known is not None:
            return _again(known, new, billed, clock)
        orders = _orders(new.covers)
        charge = _shared_out(new, billed, orders, member_id)
        if _save(charge, orders, "charge", member_id, clock):
            return charge_view(charge)
    raise Conflict("These orders are being changed by others right now.", code="order_contended")


def _again(known: Charge, new: NewCharge, billed: Money, clock: Clock) -> ChargeView:
    covered = {(each.order_id, each.line_id) for each in new.covers}
    if (known.kind, known.amount, known.day, known.allocate_by) != (new.kind, billed, new.day, new.allocate_by) or {
        (order_id, line_id) for order_id, line_id, _ in known.shares
    } != covered:
        raise Conflict(
            "Another charge has this id.", code="charge_differs", action="Give the new charge an id of its own."
        )
    for order_id in dict.fromkeys(order_id for order_id, _, _ in known.shares):
        post_lots(order(order_id), clock)
    return charge_view(known)


def _orders(covers: Sequence[Covered]) -> dict[str, Order]:
    ids = list(dict.fromkeys(each.order_id for each in covers))
    if not 1 <= len(ids) <= MOST_CHARGED_ORDERS:
        problem = f"has to name lines of 1 to {MOST_CHARGED_ORDERS} orders; it names {len(ids)}"
        raise InvalidInput(f"The charge {problem}.", fields=(FieldProblem("covers", problem),), code="nothing_covered")
    return {order_id: order(order_id) for order_id in ids}


def _shared_out(new: NewCharge, billed: Money, orders: dict[str, Order], member_id: str) -> Charge:
    bearers = _bearers(new.covers, orders)
    landed_currencies = {each.content.landed_currency for each in orders.values()}
    if len(landed_currencies) > 1:
        raise InvalidInput(
            f"The orders land in different currencies: {', '.join(sorted(landed_currencies))}.",
            code="mixed_currencies",
            action="Split the bill into one charge for each currency.",
        )
    (landed_currency,) = landed_currencies
    if new.allocate_by == "value" and len({each.content.currency for each in orders.values()}) > 1:
        raise InvalidInput(
            "The orders are in different currencies, so their values can't be compared.",
            code="mixed_currencies",
            action="Share it out by weight, volume or units, or split the bill.",
        )
    rate = None if billed.currency == landed_currency else rate_between(billed.currency, landed_currency, new.day)
    landed = billed if rate is None else convert(billed, rate)
    parts = allocate(landed.amount_minor, weights_of(bearers, new.allocate_by))
    shares = tuple((each.order_id, each.line.line_id, minor) for each, minor in zip(bearers, parts, strict=True))
    return Charge(
        new.charge_id, new.kind, billed, new.day, new.allocate_by, landed, rate, shares, new.note.strip(), member_id
    )


def _bearers(covers: Sequence[Covered], orders: dict[str, Order]) -> list[Bearer]:
    for found in orders.values():
        if found.state in {"draft", "cancelled"}:
            raise Conflict(
                f"{number_text(found.number)} is {found.state}, so it bears no charges.",
                code="order_bears_nothing",
                action="Approve the order first, or leave its lines out.",
            )
        if len(found.shares) >= MOST_CHARGES:
            raise Conflict(
                f"{number_text(found.number)} bears {MOST_CHARGES} charges, which is the most.",
                code="too_many_charges",
                action="Take small ones back and enter them as one.",
            )
    problems, bearers = [], []
    named = [(each.order_id, each.line_id) for each in covers]
    for place, each in enumerate(covers):
        lines = {line.line_id: line for line in orders[each.order_id].lines}
        line = lines.get(each.line_id)
        if line is None or named.count((each.order_id, each.line_id)) > 1:
            problems.append(FieldProblem(f"covers[{place}].line_id", "is no line of the order, or is named twice"))
            continue
        bearers.append(Bearer(each.order_id, line, each.units or line.units))
    if problems:
        raise InvalidInput("The charge can't cover this.", fields=tuple(problems), code="invalid_charge")
    return bearers


def void(charge_id: str, *, member_id: str, clock: Clock) -> ChargeView:
    """Take a charge back: nothing of it falls on any line any more. It stays in sight; again changes nothing.

    Raises:
        NotFound: there is no such charge.
        Conflict: others kept changing the orders.
    """
    for _ in range(_ATTEMPTS):
        known = store.find_charge(charge_id)
        if known is None:
            raise NotFound("There is no such charge.", code="charge_not_found")
        orders = {order_id: order(order_id) for order_id in dict.fromkeys(each[0] for each in known.shares)}
        if known.voided:
            for each in orders.values():
                post_lots(each, clock)
            return charge_view(known)
        taken_back = msgspec.structs.replace(known, voided=True)
        if _save(taken_back, orders, "charge_taken_back", member_id, clock):
            return charge_view(taken_back)
    raise Conflict("These orders are being changed by others right now.", code="order_contended")


def _save(charge: Charge, orders: dict[str, Order], event: str, member_id: str, clock: Clock) -> bool:
    now = clock.now()
    savings = []
    for order_id, lines in shares_by_order(charge.shares).items():
        before = orders[order_id]
        others = tuple(share for share in before.shares if share.charge_id != charge.charge_id)
        mine = () if charge.voided else (Share(charge.charge_id, charge.kind, lines),)
        after = msgspec.structs.replace(before, shares=(*others, *mine), step=before.step + 1)
        amount = Money(sum(lines.values()), charge.landed.currency)
        detail = f"{CHARGE_WORDS[charge.kind]}: {amount.to_decimal():,} {amount.currency}"
        savings.append(Saving(before, after, change_of(before, after, event, member_id, now, detail, charge.day)))
    if not store.save(savings, now, charge):
        return False
    for saving in savings:
        post_lots(saving.after, clock)
    return True


def show(charge_id: str) -> ChargeView:
    """Show a charge and how it was shared out.

    Raises:
        NotFound: there is no such charge.
    """
    known = store.find_charge(charge_id)
    if known is None:
        raise NotFound("There is no such charge.", code="charge_not_found")
    return charge_view(known)
