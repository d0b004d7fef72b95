"""When an order promises to be shipped and delivered; follows from its purchase, so it is stored nowhere."""

from dataclasses import dataclass

from infra.simulator.clock import DAY, HOUR
from infra.simulator.world import Line, Order


@dataclass(frozen=True, slots=True)
class Windows:
    """Epoch milliseconds of the promises."""

    ship_earliest: int
    ship_latest: int
    deliver_earliest: int
    deliver_latest: int


def windows_of(order: Order) -> Windows:
    """Return an order's ship-by and deliver-by windows: Amazon is quicker than a merchant."""
    created = order.created
    if order.by_amazon:
        return Windows(created, created + 30 * HOUR, created + 30 * HOUR, created + 5 * DAY)
    return Windows(created, created + 2 * DAY, created + 3 * DAY, created + 8 * DAY)


def order_item_id(line: Line) -> str:
    """Return Amazon's order item id of a line: 14 digits, never the same twice."""
    return str(10_000_000_000_000 + (line.order_pk * 1000 + line.position) * 37)
