"""Usage plans that follow a seller's size: Amazon gives higher rates to those who sell more, not who call more.

The steps are invented; Amazon's documents say only that plans change with the business. ``rate_multipliers`` that were
set by hand go before them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.simulator.clock import DAY

if TYPE_CHECKING:
    from infra.simulator.world import Seller, World

EVENT = "plan"
WINDOW_MS = 30 * DAY
STEPS = ((30_000, 8.0), (10_000, 4.0), (3_000, 2.0))


def attach(world: World) -> None:
    """Let Amazon look at every seller's size once a day."""
    world.handlers[EVENT] = lambda at, seller, _, __: _review(world, seller, at)


def factor(orders: int) -> float:
    """Return by how much the plan of a seller with this many orders in 30 days is larger than the models' rates."""
    return next((rate for least, rate in STEPS if orders >= least), 1.0)


def _review(world: World, seller: Seller, at: int) -> None:
    world.schedule(at + DAY, seller.pk, EVENT, 0)
    (orders,) = world.storage.connection.execute(
        "SELECT COUNT(*) FROM orders WHERE seller = ? AND created > ?", (seller.pk, at - WINDOW_MS)
    ).fetchone()
    if seller.plan != factor(orders):
        seller.plan = factor(orders)
        world.save_seller(seller)
