"""Use cases of receipts: what arrived goes into the order, own stock and the cost lots. For the tenant in scope.

The order is written first: from then on the receipt is known. Own stock and lots follow, each step such that doing it
again changes nothing, and last the receipt is marked as posted. Whatever dies in between is finished by the same
receipt sent again, by the next one, or by ``finish``.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from quayside.finance import cost_service
from quayside.inventory import own_service
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.procurement import store
from quayside.procurement.landed_rules import converted
from quayside.procurement.lots import post_lots
from quayside.procurement.order_service import change_of, order
from quayside.procurement.receipt_rules import AMAZON, posted, received, same_receipt
from quayside.procurement.rules import Order, Receipt, ReceivedUnits, number_text
from quayside.procurement.store import Saving
from quayside.procurement.views import OrderView, order_view

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


def finish(order_id: str, *, clock: Clock) -> OrderView:
    """Bring own stock and cost lots up to what was received, if that was interrupted.

    Raises:
        NotFound: there is no such order.
    """
    return order_view(_post(order(order_id), clock), clock.now())


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
    waiting = [each for each in found.receipts if not each.posted]
    for receipt in waiting:
        for sku, line in _skus(found, receipt):
            if receipt.destination != AMAZON and line.units:
                own_service.move_once(
                    f"receipt/{found.order_id}/{receipt.receipt_id}/{line.line_id}",
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


def _skus(found: Order, receipt: Receipt) -> Iterable[tuple[str, ReceivedUnits]]:
    skus = {line.line_id: line.seller_sku for line in found.lines}
    return ((skus[each.line_id], each) for each in receipt.lines)


def _mark(found: Order, receipt: Receipt, clock: Clock) -> Order:
    now = clock.now()
    for _ in range(_ATTEMPTS):
        if any(each.posted for each in found.receipts if each.receipt_id == receipt.receipt_id):
            return found
        after = posted(found, receipt.receipt_id)
        change = change_of(found, after, "posted", receipt.by, now, f"receipt {receipt.receipt_id}")
        if store.save([Saving(found, after, change)], now):
            return after
        found = order(found.order_id)
    return found
