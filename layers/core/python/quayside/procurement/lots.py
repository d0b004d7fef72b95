"""Hands what arrived to finance: one cost lot for each line of each receipt, which follows its order from then on.

The lots of a receipt that was taken back are withdrawn.
"""

import hashlib

from quayside.finance import cost_service
from quayside.finance.cost_rules import Lot
from quayside.kernel.clock import Clock
from quayside.procurement.landed_rules import MadeLot, lots_of
from quayside.procurement.rules import Order, number_text


def lot_of(order: Order, made: MadeLot) -> Lot:
    """Return a lot as finance keeps it. Its id says which line of which receipt made it, so it is one, always."""
    return Lot(
        _id_of(order, made.receipt_id, made.line.line_id),
        made.received_on,
        made.units,
        order.content.landed_currency,
        made.landed_minor,
        made.units,
        made.manufacturing_minor,
        f"{number_text(order.number)}, line {made.line.line_id}",
    )


def _id_of(order: Order, receipt_id: str, line_id: str) -> str:
    return hashlib.sha256(f"{order.order_id}\n{receipt_id}\n{line_id}".encode()).hexdigest()[:16]


def post_lots(order: Order, clock: Clock) -> None:
    """Enter the lots of what arrived, or bring them up to what the order says now. Again is no harm.

    What was taken back is withdrawn first, so that nothing counts twice on the way.

    Raises:
        InvalidInput: there is no rate into the landed currency.
    """
    skus = {line.line_id: line.seller_sku for line in order.lines}
    for receipt in order.receipts:
        if receipt.taken_back is None or receipt.taken_back.posted:
            continue
        for each in receipt.lines:
            if each.units:
                lot_id = _id_of(order, receipt.receipt_id, each.line_id)
                cost_service.withdraw_bought(
                    skus[each.line_id], receipt.received_on, lot_id, step=order.step, clock=clock
                )
    for made in lots_of(order):
        cost_service.keep_bought(
            made.line.seller_sku,
            lot_of(order, made),
            origin=number_text(order.number),
            step=order.step,
            clock=clock,
        )
