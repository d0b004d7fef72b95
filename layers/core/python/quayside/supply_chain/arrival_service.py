"""Use cases of arrivals: what arrived of a shipment goes into its orders, into own stock and onto its lines.

A receipt is written down before anything follows from it, and everything that follows is such that doing it again
changes nothing. So whatever dies on the way is finished by ``finish``, and nothing is received twice.
"""

from collections.abc import Sequence
from datetime import date

import msgspec

from quayside.inventory import own_service as own_stock
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, QuaysideError
from quayside.procurement import receipt_service
from quayside.procurement.receipt_service import NewReceipt
from quayside.procurement.rules import Receipt as OrderReceipt
from quayside.procurement.rules import ReceivedUnits
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain.shipment_records import Arrived, Detail, Receipt
from quayside.supply_chain.shipment_rules import AMAZON, LINES, UNITS, Line, Shipment
from quayside.supply_chain.shipment_service import apply, card_of, not_found, noted, seen, today_of
from quayside.supply_chain.shipment_store import Kept
from quayside.supply_chain.shipment_views import ShipmentCard


class Arrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What arrived: of each line (its place in the list, from 0) good units, and damaged ones besides."""

    version: int
    received_on: date
    arrived: tuple[Arrived, ...]
    note: str = ""


def receive(shipment_id: str, arrival: Arrival, *, member_id: str, clock: Clock) -> ShipmentCard:
    """Receive units of a shipment at its destination.

    Raises:
        NotFound: there is no such shipment, or its place is gone.
        InvalidInput: a line, a number of units or the day can't be, or an order's tolerance does not allow as many.
        ChangedMeanwhile: somebody else changed it first.
        Conflict: it has not left, it is over, an earlier receipt was not finished, or an order can't receive.
    """
    now = clock.now()

    def begin(kept: Kept | None) -> tuple[Shipment, Detail]:
        found = seen(kept, arrival.version, arrival, now)
        if found.detail.pending is not None:
            raise Conflict(
                "An earlier receipt of this shipment was begun and not finished.",
                code="receipt_unfinished",
                action="Finish that one, then enter this one.",
            )
        if found.shipment.state not in {"under_way", "arrived"}:
            raise Conflict(
                f"{found.shipment.name} is {found.shipment.state.replace('_', ' ')}; only what is under way or arrived "
                "can be received.",
                code="not_under_way",
                action="Enter the day on which its first leg began, or reopen it.",
            )
        arrived = _checked(arrival, found, today_of(found.shipment.marketplace_id, now))
        number = found.detail.receipts + 1
        pending = Receipt(
            f"{shipment_id}-{number}",
            min(arrival.received_on, now.date()),
            found.shipment.destination,
            arrived,
            " ".join(arrival.note.split()),
        )
        return found.shipment, msgspec.structs.replace(found.detail, pending=pending, receipts=number)

    kept = apply(shipment_id, begin, now)
    return _finish(kept, member_id, clock)


def finish(shipment_id: str, *, member_id: str, clock: Clock) -> ShipmentCard:
    """Finish a receipt that was begun; without one nothing happens.

    Raises:
        NotFound: there is no such shipment.
        InvalidInput: an order's tolerance does not allow as many.
        Conflict: an order can't receive.
    """
    kept = store.find(shipment_id)
    if kept is None:
        raise not_found()
    return _finish(kept, member_id, clock)


def _checked(arrival: Arrival, kept: Kept, today: date) -> tuple[Arrived, ...]:
    """Return what arrived, when it can have."""
    lines = kept.detail.lines
    if not 1 <= len(arrival.arrived) <= LINES:
        raise _wrong("arrived", f"must name 1 to {LINES} lines; it names {len(arrival.arrived)}")
    if arrival.received_on > today:
        raise _wrong("received_on", f"must be {today} or earlier; it is {arrival.received_on}")
    places = [each.line for each in arrival.arrived]
    for number, each in enumerate(arrival.arrived):
        field = f"arrived[{number}]"
        if not 0 <= each.line < len(lines) or places.count(each.line) > 1:
            raise _wrong(f"{field}.line", f"must be a line from 0 to {len(lines) - 1}, each once; it is {each.line}")
        if min(each.units, each.damaged) < 0 or not UNITS[0] <= each.units + each.damaged <= UNITS[1]:
            together = each.units + each.damaged
            raise _wrong(
                f"{field}.units", f"must be from {UNITS[0]} to {UNITS[1]:,} with damaged ones; it is {together:,}"
            )
    return arrival.arrived


def _wrong(field: str, problem: str) -> InvalidInput:
    return InvalidInput(f"{field}: {problem}.", fields=(FieldProblem(field, problem),))


def _finish(kept: Kept, member_id: str, clock: Clock) -> ShipmentCard:
    """Let everything follow from the receipt that was begun, order by order; what an order refuses is not received."""
    pending = kept.detail.pending
    if pending is None:
        return card_of(kept, clock.now())
    by_order: dict[str, list[Arrived]] = {}
    for each in pending.arrived:
        by_order.setdefault(kept.detail.lines[each.line].order_id, []).append(each)
    done: list[Arrived] = []
    try:
        for order_id, arrived in by_order.items():
            _post(kept, pending, order_id, arrived, member_id, clock)
            done += arrived
    except QuaysideError:
        _end(kept, pending, done, member_id, clock)
        raise
    return card_of(_end(kept, pending, done, member_id, clock), clock.now())


def _post(  # noqa: PLR0913, PLR0917 - the parts of a receipt
    kept: Kept, pending: Receipt, order_id: str, arrived: Sequence[Arrived], member_id: str, clock: Clock
) -> None:
    lines = kept.detail.lines
    if order_id:
        units = tuple(ReceivedUnits(lines[each.line].line_id, each.units, each.damaged) for each in arrived)
        new = NewReceipt(pending.receipt_id, pending.received_on, pending.destination, units, pending.note)
        receipt_service.receive(order_id, new, member_id=member_id, clock=clock)
    elif pending.destination != AMAZON:
        for each in arrived:
            if each.units:
                own_stock.move_once(
                    f"shipment/{pending.receipt_id}/{each.line}",
                    pending.destination,
                    lines[each.line].seller_sku,
                    "received",
                    each.units,
                    note=f"Shipment {kept.shipment.name}",
                    member_id=member_id,
                    clock=clock,
                )


def _end(kept: Kept, pending: Receipt, done: Sequence[Arrived], member_id: str, clock: Clock) -> Kept:
    """Write onto the lines what arrived, once, and forget that the receipt was begun."""
    now = clock.now()

    def decide(found: Kept | None) -> tuple[Shipment, Detail]:
        if found is None:
            raise not_found()
        if found.detail.pending is None or found.detail.pending.receipt_id != pending.receipt_id:
            return found.shipment, found.detail
        arrived = {
            each.line: each
            for each in done
            # What an order took back before this was finished never arrived.
            if _named(pending.receipt_id, found.detail.lines[each.line].order_id) not in found.detail.taken_back
        }
        lines = tuple(
            line
            if number not in arrived
            else msgspec.structs.replace(
                line,
                received=line.received + arrived[number].units + arrived[number].damaged,
                damaged=line.damaged + arrived[number].damaged,
            )
            for number, line in enumerate(found.detail.lines)
        )
        detail = msgspec.structs.replace(found.detail, pending=None, lines=lines)
        if not done:
            return found.shipment, detail
        good, damaged = sum(each.units for each in done), sum(each.damaged for each in done)
        return found.shipment, noted(detail, now, member_id, "received", f"{good:,} good, {damaged:,} damaged")

    return apply(kept.shipment_id, decide, now)


# -- Taken back --------------------------------------------------------------------------------------------------------


def follow_taking_back(order_id: str, receipt: OrderReceipt, *, clock: Clock) -> None:
    """Take from a shipment's lines what a receipt of an order brought that was taken back, once.

    A receipt that came of no shipment changes none.

    Raises:
        Conflict: others kept changing the shipment.
    """
    shipment_id, _, number = receipt.receipt_id.rpartition("-")
    kept = store.find(shipment_id) if shipment_id and number.isdigit() else None
    how = receipt.taken_back
    name = _named(receipt.receipt_id, order_id)
    if kept is None or how is None or name in kept.detail.taken_back:
        return
    now = clock.now()

    def decide(found: Kept | None) -> tuple[Shipment, Detail]:
        if found is None:
            raise not_found()
        if name in found.detail.taken_back:
            return found.shipment, found.detail
        detail = msgspec.structs.replace(found.detail, taken_back=(*found.detail.taken_back, name))
        begun = found.detail.pending
        if begun is None or begun.receipt_id != receipt.receipt_id:
            detail = msgspec.structs.replace(detail, lines=_without(found.detail.lines, order_id, receipt.lines))
        good, damaged = sum(each.units for each in receipt.lines), sum(each.damaged for each in receipt.lines)
        about = f"{good:,} good, {damaged:,} damaged: {how.reason}"
        return found.shipment, noted(detail, now, how.by, "taken_back", about)

    # What is to come of the order again was in this shipment before: it needs no room in it.
    apply(shipment_id, decide, now, within_orders=False)


def _named(receipt_id: str, order_id: str) -> str:
    return f"{receipt_id}/{order_id}"


def _without(lines: Sequence[Line], order_id: str, received: Sequence[ReceivedUnits]) -> tuple[Line, ...]:
    """Return a shipment's lines without what a receipt brought of an order's lines."""
    back = {each.line_id: each for each in received}
    after = []
    for line in lines:
        each = back.get(line.line_id) if line.order_id == order_id else None
        if each is None:
            after.append(line)
            continue
        units, damaged = min(line.received, each.units + each.damaged), min(line.damaged, each.damaged)
        back[line.line_id] = ReceivedUnits(line.line_id, each.units + each.damaged - units, each.damaged - damaged)
        after.append(msgspec.structs.replace(line, received=line.received - units, damaged=line.damaged - damaged))
    return tuple(after)
