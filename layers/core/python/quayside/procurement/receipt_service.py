"""Use cases of receipts: what arrived goes into the order, own stock and the cost lots, and can be taken back.

They act for the tenant in scope.

The order is written first: from then on the receipt is known. Own stock and lots follow, each step such that doing it
again changes nothing, and last the receipt is marked as posted. Whatever dies in between is finished by the same
receipt sent again, by the next one, or by ``finish``.

Taking a receipt back goes the same way: the order is written first, the reversal in own stock, the withdrawal of the
lots and whatever else ``follow`` brings up come after it, and last the taking back is marked as posted.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Annotated

import msgspec

from quayside.finance import cost_service
from quayside.inventory import own_service
from quayside.inventory.own_service import Undoing
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.procurement import store
from quayside.procurement.landed_rules import converted
from quayside.procurement.lots import post_lots
from quayside.procurement.order_service import change_of, changed, order
from quayside.procurement.receipt_rules import (
    AMAZON,
    LONGEST_REASON,
    posted,
    received,
    same_receipt,
    taken_back,
)
from quayside.procurement.rules import Order, Receipt, ReceivedUnits, TakenBack, number_text
from quayside.procurement.store import Saving
from quayside.procurement.views import OrderView, TakingBackView, order_view, taking_back_view

_ATTEMPTS = 5


class NewReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that arrived. The sender chooses ``receipt_id``, so that the same receipt sent twice is one.

    ``destination`` is a place of own stock, or ``amazon`` for goods that Amazon checked in.
    """

    receipt_id: str
    received_on: date
    destination: str
    lines: tuple[ReceivedUnits, ...]
    note: str = ""


def receive(order_id: str, new: NewReceipt, *, member_id: str, clock: Clock) -> OrderView:
    """Receive goods of an order, once by the receipt's id.

    Raises:
        NotFound: there is no such order, or no such place.
        IllegalMove: the order's state allows no receipt.
        InvalidInput: the receipt can't be, or brings more than the tolerance allows.
        Conflict: the id belongs to another receipt, the place is closed, a SKU's costs are in another currency, or
            others kept changing the order.
    """
    receipt = Receipt(new.receipt_id, new.received_on, new.destination, new.lines, new.note.strip(), member_id)
    now = clock.now()
    if new.received_on > now.date():
        problem = FieldProblem("received_on", f"has to be {now.date()} or earlier")
        raise InvalidInput(f"{new.received_on} has not come yet.", fields=(problem,), code="day_to_come")
    for _ in range(_ATTEMPTS):
        before = order(order_id)
        known = next((each for each in before.receipts if each.receipt_id == receipt.receipt_id), None)
        if known is not None:
            if not same_receipt(known, receipt):
                raise Conflict(
                    "Another receipt of this order has this id.",
                    code="receipt_differs",
                    action="Give the new receipt an id of its own.",
                )
            return order_view(_post(before, clock), now)
        after = received(before, receipt, store.settings().over_delivery_percent)
        _check_destination(receipt)
        _check_costs(after, receipt)
        arrived = sum(each.units for each in receipt.lines)
        damaged = sum(each.damaged for each in receipt.lines)
        detail = f"{arrived:,} good, {damaged:,} damaged, receipt {receipt.receipt_id}"
        change = change_of(before, after, "receive", member_id, now, detail, receipt.received_on)
        if store.save([Saving(before, after, change)], now):
            return order_view(_post(after, clock), now)
    raise Conflict("This order is being changed by others right now.", code="order_contended")


Follow = Callable[[str, Receipt], None]
"""Brings up what knows of a receipt of an order, and not the other way round, when it is taken back: its shipment."""


def finish(order_id: str, *, clock: Clock, follow: Follow | None = None) -> OrderView:
    """Bring own stock and cost lots up to what was received and taken back, if that was interrupted.

    Raises:
        NotFound: there is no such order.
        InvalidInput: what was taken back is no longer in own stock.
    """
    return order_view(_undo(_post(order(order_id), clock), clock, follow), clock.now())


class TakeBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a receipt is taken back; ``step`` is the one of the order that was seen."""

    step: Annotated[int, msgspec.Meta(ge=1)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


def preview_taking_back(order_id: str, receipt_id: str) -> TakingBackView:
    """Say what taking a receipt back would change; nothing is stored.

    Raises:
        NotFound: there is no such order, or no such receipt of it.
        Conflict: it was taken back already.
    """
    before = order(order_id)
    receipt = _receipt(before, receipt_id)
    if receipt.taken_back is not None:
        raise Conflict(
            f"This receipt was taken back on {receipt.taken_back.at[:10]}.",
            code="receipt_taken_back",
            action="Load the order again.",
        )
    after = taken_back(before, receipt_id, TakenBack("", "", ""))
    return taking_back_view(before, after, receipt, _undoing(before, receipt))


def take_back(  # noqa: PLR0913 - the parts of a taking back
    order_id: str,
    receipt_id: str,
    wanted: TakeBack,
    *,
    member_id: str,
    clock: Clock,
    follow: Follow | None = None,
) -> OrderView:
    """Take a receipt back that was entered wrongly: everything that came of it is reversed, once; it stays in sight.

    The same member with the same reason again finishes what was begun and changes nothing else.

    Raises:
        NotFound: there is no such order, or no such receipt of it.
        InvalidInput: there is no reason, or what was received is no longer in own stock by the time it is moved.
        ChangedMeanwhile: somebody else took it back or changed the order since it was seen.
        Conflict: what was received is no longer in own stock.
    """
    reason = " ".join(wanted.reason.split())
    if not reason:
        raise InvalidInput("Say why it is taken back.", fields=(FieldProblem("reason", "is needed"),))
    now = clock.now()
    step = wanted.step
    for _ in range(_ATTEMPTS):
        before = order(order_id)
        receipt = _receipt(before, receipt_id)
        if receipt.taken_back is not None:
            if (receipt.taken_back.reason, receipt.taken_back.by) != (reason, member_id):
                raise changed(wanted, before, clock)
            return order_view(_undo(_post(before, clock), clock, follow), now)
        if before.step != step:
            raise changed(wanted, before, clock)
        before = _post(before, clock)
        step = before.step
        _check_stock(_undoing(before, receipt))
        after = taken_back(before, receipt_id, TakenBack(reason, member_id, format_instant(now)))
        change = change_of(before, after, "receipt_taken_back", member_id, now, f"receipt {receipt_id}: {reason}")
        if store.save([Saving(before, after, change)], now):
            return order_view(_undo(after, clock, follow), now)
    raise Conflict("This order is being changed by others right now.", code="order_contended")


def _receipt(found: Order, receipt_id: str) -> Receipt:
    receipt = next((each for each in found.receipts if each.receipt_id == receipt_id), None)
    if receipt is None:
        raise NotFound(f"{number_text(found.number)} has no such receipt.", code="receipt_not_found")
    return receipt


def _undoing(found: Order, receipt: Receipt) -> tuple[Undoing, ...]:
    """Return what taking a receipt back takes from own stock; nothing when it went to Amazon."""
    if receipt.destination == AMAZON:
        return ()
    named = [(_movement(found, receipt, line), sku, line.units) for sku, line in _skus(found, receipt) if line.units]
    return own_service.undoing(receipt.destination, named)


def _check_stock(undoing: Iterable[Undoing]) -> None:
    problems = [each.problem for each in undoing if each.problem]
    if problems:
        more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""  # noqa: PLR2004 - as many as a line shows
        raise Conflict(
            f"The receipt can't be taken back: {'; '.join(problems[:3])}{more}.",
            code="stock_gone",
            action="Reverse what left the place by mistake, or enter what was found there; then take the receipt back.",
        )


def _movement(found: Order, receipt: Receipt, line: ReceivedUnits) -> str:
    """Return the name under which a line of a receipt is moved into own stock."""
    return f"receipt/{found.order_id}/{receipt.receipt_id}/{line.line_id}"


def _check_destination(receipt: Receipt) -> None:
    if receipt.destination == AMAZON:
        return
    places = {each.location_id: each for each in own_service.list_locations().locations}
    place = places.get(receipt.destination)
    if place is None:
        raise NotFound("There is no such place of stock.", code="location_not_found")
    if place.closed_at is not None:
        raise Conflict(
            f"{place.name} is closed.", code="location_closed", action="Open it again, or receive at another place."
        )


def _check_costs(after: Order, receipt: Receipt) -> None:
    """Refuse now what finance could not keep later."""
    converted(0, after)
    good = {each.line_id for each in receipt.lines if each.units}
    skus = [line.seller_sku for line in after.lines if line.line_id in good]
    cost_service.check_bought(skus, after.content.landed_currency)


def _post(found: Order, clock: Clock) -> Order:
    """Enter what was received into own stock and the lots, and remember that it was."""
    waiting = [each for each in found.receipts if not each.posted and each.taken_back is None]
    for receipt in waiting:
        for sku, line in _skus(found, receipt):
            if receipt.destination != AMAZON and line.units:
                own_service.move_once(
                    _movement(found, receipt, line),
                    receipt.destination,
                    sku,
                    "received",
                    line.units,
                    note=f"{number_text(found.number)}, line {line.line_id}",
                    member_id=receipt.by,
                    clock=clock,
                )
    post_lots(found, clock)
    for receipt in waiting:
        found = _mark(found, receipt, clock)
    return found


def _undo(found: Order, clock: Clock, follow: Follow | None) -> Order:
    """Reverse in own stock and on shipments what was taken back, and remember that it was; the lots are done."""
    for receipt in found.receipts:
        how = receipt.taken_back
        if how is None or how.posted:
            continue
        for sku, line in _skus(found, receipt):
            if receipt.destination != AMAZON and line.units:
                own_service.reverse_once(
                    f"{_movement(found, receipt, line)}/back",
                    _movement(found, receipt, line),
                    receipt.destination,
                    sku,
                    line.units,
                    note=f"{number_text(found.number)}, line {line.line_id}: {how.reason}",
                    member_id=how.by,
                    clock=clock,
                )
        post_lots(found, clock)
        if follow is not None:
            follow(found.order_id, receipt)
        found = _mark(found, receipt, clock)
    return found


def _skus(found: Order, receipt: Receipt) -> Iterable[tuple[str, ReceivedUnits]]:
    skus = {line.line_id: line.seller_sku for line in found.lines}
    return ((skus[each.line_id], each) for each in receipt.lines)


def _mark(found: Order, receipt: Receipt, clock: Clock) -> Order:
    now = clock.now()
    for _ in range(_ATTEMPTS):
        present = _receipt(found, receipt.receipt_id)
        back = present.taken_back
        if present.posted if back is None else back.posted:
            return found
        after = posted(found, receipt.receipt_id)
        by = receipt.by if back is None else back.by
        change = change_of(found, after, "posted", by, now, f"receipt {receipt.receipt_id}")
        if store.save([Saving(found, after, change)], now):
            return after
        found = order(found.order_id)
    return found
