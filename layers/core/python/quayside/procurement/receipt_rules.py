"""What may be received of an order and taken back, and what becomes of the order then. Pure."""

import re
from collections.abc import Sequence
from datetime import date
from typing import cast

import msgspec

from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput
from quayside.procurement.rules import (
    EARLIEST,
    LONGEST_TEXT,
    ORDER_MACHINE,
    UNITS,
    Line,
    Order,
    Receipt,
    ReceivedUnits,
    State,
    TakenBack,
    moved,
)

AMAZON = "amazon"
"""The destination of goods that went to Amazon directly: no own place of stock keeps them."""

MOST_RECEIVED_LINES = 1000
"""So many lines all receipts of an order have together at most."""
_RECEIPT_ID = re.compile(r"[a-z0-9-]{8,64}")


def most_good(line: Line, over_delivery_percent: int) -> int:
    """Return how many good units of a line can be received in all: what is ordered and the tolerance, rounded up."""
    return line.units + -(-line.units * over_delivery_percent // 100)


def received(order: Order, receipt: Receipt, over_delivery_percent: int) -> Order:
    """Return an order after goods arrived.

    Raises:
        IllegalMove: the state allows no receipt.
        InvalidInput: a line is unknown or named twice, nothing arrived, the day can't be, or more arrived than the
            tolerance allows.
        Conflict: the order has as many receipts as it can have.
    """
    problems = _problems_of(order, receipt, over_delivery_percent)
    if problems:
        beyond = any("tolerance" in each.problem for each in problems)
        raise InvalidInput(
            "This can't be received." if not beyond else "More would be received than the tolerance allows.",
            fields=tuple(problems),
            code="beyond_tolerance" if beyond else "invalid_receipt",
            action="Amend the order or raise the tolerance under Purchasing, Limits; then receive it again."
            if beyond
            else None,
        )
    known = sum(len(each.lines) for each in order.receipts)
    if known + len(receipt.lines) > MOST_RECEIVED_LINES:
        raise Conflict(
            f"The receipts of an order have at most {MOST_RECEIVED_LINES:,} lines together.",
            code="too_many_receipts",
            action="Close this order and receive the rest under another one.",
        )
    with_it = msgspec.structs.replace(order, receipts=(*order.receipts, receipt))
    rest = sum(with_it.to_come(line) for line in order.lines)
    day = max([receipt.received_on, *order.days.values()])
    after = moved(order, "receive_part" if rest else "receive_all", day)
    awaited = order.awaited_in if order.counted else order.state
    return msgspec.structs.replace(after, receipts=with_it.receipts, awaited_in=awaited)


def _problems_of(order: Order, receipt: Receipt, over_delivery_percent: int) -> list[FieldProblem]:
    problems = []
    if not _RECEIPT_ID.fullmatch(receipt.receipt_id):
        problems.append(FieldProblem("receipt_id", "has 8 to 64 small letters, digits and hyphens"))
    sent = order.days.get("sent", EARLIEST)
    if receipt.received_on < sent:
        problems.append(FieldProblem("received_on", f"has to be {sent} or later: the order was sent then"))
    if len(receipt.note) > LONGEST_TEXT:
        problems.append(FieldProblem("note", f"has at most {LONGEST_TEXT:,} characters"))
    if not any(each.units or each.damaged for each in receipt.lines):
        problems.append(FieldProblem("lines", "nothing arrived"))
    lines = {line.line_id: line for line in order.lines}
    named = [each.line_id for each in receipt.lines]
    for place, each in enumerate(receipt.lines):
        at = f"lines[{place}]"
        line = lines.get(each.line_id)
        if line is None or named.count(each.line_id) > 1:
            problems.append(FieldProblem(f"{at}.line_id", "is no line of this order, or is named twice"))
            continue
        if not (0 <= each.units <= UNITS[1] and 0 <= each.damaged <= UNITS[1]):
            problems.append(FieldProblem(f"{at}.units", f"has to be from 0 to {UNITS[1]:,}, damaged ones too"))
            continue
        before = order.good(line.line_id)
        most = most_good(line, over_delivery_percent)
        if each.units and before + each.units > most:
            problems.append(
                FieldProblem(
                    f"{at}.units",
                    f"has to be from 0 to {max(0, most - before):,}: {line.units:,} are ordered, {before:,} arrived "
                    f"already, the tolerance is {over_delivery_percent} %",
                )
            )
    return problems


def same_receipt(one: Receipt, other: Receipt) -> bool:
    """Whether two receipts say the same; who entered them and how far they are posted does not matter."""
    return _said(one) == _said(other)


def _said(receipt: Receipt) -> tuple[date, str, Sequence[ReceivedUnits]]:
    return receipt.received_on, receipt.destination, sorted(receipt.lines, key=lambda each: each.line_id)


def posted(order: Order, receipt_id: str) -> Order:
    """Return an order one of whose receipts, or its taking back, own stock and cost lots now know of."""

    def known(receipt: Receipt) -> Receipt:
        if receipt.taken_back is None:
            return msgspec.structs.replace(receipt, posted=True)
        return msgspec.structs.replace(receipt, taken_back=msgspec.structs.replace(receipt.taken_back, posted=True))

    receipts = tuple(known(each) if each.receipt_id == receipt_id else each for each in order.receipts)
    return msgspec.structs.replace(order, receipts=receipts, step=order.step + 1)


# -- Taken back --------------------------------------------------------------------------------------------------------

LONGEST_REASON = 200
_AFTER_ARRIVAL: frozenset[str] = frozenset({"partially_received", "received", "closed"})
_AWAITING: tuple[State, ...] = ("in_production", "confirmed", "sent")


def taken_back(order: Order, receipt_id: str, how: TakenBack) -> Order:
    """Return an order as if a receipt of it had never been, but for the receipt itself, which says that it was.

    The order stands again in the state that the other receipts make of it; without any, in the one in which it waited
    for goods. A closed order is open again, for what was to come is to come once more.

    Raises:
        IllegalMove: the state has no receipts to take back.
    """
    receipts = tuple(
        msgspec.structs.replace(each, taken_back=how) if each.receipt_id == receipt_id else each
        for each in order.receipts
    )
    opened = msgspec.structs.replace(order, receipts=receipts, state="partially_received")
    if opened.counted:
        rest = any(opened.to_come(line) for line in order.lines)
        whole = order.state != "partially_received" and not rest
        target: State = "received" if whole else "partially_received"
    else:
        # Orders whose first goods arrived before that was remembered: the furthest state that they had reached.
        furthest: State = next((each for each in _AWAITING if each in order.days), "sent")
        target = furthest if order.awaited_in is None else order.awaited_in
    state = ORDER_MACHINE.move(order.state, f"take_back_to_{target}").next_state
    return msgspec.structs.replace(
        opened,
        state=cast("State", state),
        days=_days_of(opened, target),
        awaited_in=order.awaited_in if opened.counted else None,
        step=order.step + 1,
    )


def _days_of(order: Order, state: State) -> dict[str, date]:
    """Return the days of the states that were reached, by the receipts that count."""
    days = {reached: day for reached, day in order.days.items() if reached not in _AFTER_ARRIVAL}
    left = {line.line_id: line.units for line in order.lines}
    for receipt in order.counted:
        for each in receipt.lines:
            left[each.line_id] -= each.units + each.damaged
        came = "partially_received" if any(units > 0 for units in left.values()) else "received"
        days.setdefault(came, max([receipt.received_on, *days.values()]))
    if state == "partially_received" and "received" in days:
        days.setdefault(state, days.pop("received"))
    return days
