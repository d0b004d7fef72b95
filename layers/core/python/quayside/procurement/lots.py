"""Hands what arrived to finance: one cost lot for each line of each receipt, which follows its order from then on."""

import hashlib

from quayside.finance import cost_service
from quayside.finance.cost_rules import Lot
from quayside.kernel.clock import Clock
from quayside.procurement.landed_rules import MadeLot, lots_of
from quayside.procurement.rules import Order, number_text


def lot_of(order: Order, made: MadeLot) -> Lot:
    """Return a lot as finance keeps it. Its id says which line of which receipt made it, so it is one, always."""
    named = f"{order.order_id}\n{made.receipt_id}\n{made.line.line_id}"
    return Lot(
        hashlib.sha256(named.encode()).hexdigest()[:16],
        made.received_on,
        made.units,
        order.content.landed_currency,
        made.landed_minor,
        made.units,
        made.manufacturing_minor,
        f"{number_text(order.number)}, line {made.line.line_id}",
    )


def post_lots(order: Order, clock: Clock) -> None:
    """Enter the lots of what arrived, or bring them up to what the order says now. Again is no harm.

    Raises:
        InvalidInput: there is no rate into the landed currency.
    """
    for made in lots_of(order):
        cost_service.keep_bought(
            made.line.seller_sku,
            lot_of(order, made),
            origin=number_text(order.number),
            step=order.step,
            clock=clock,
        )
