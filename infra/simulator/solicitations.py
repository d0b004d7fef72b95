"""Review requests as Amazon keeps them: which order may be asked, the moods of that answer, and each order once.

What is not in Amazon's documentation follows what sellers report (reference/sp-api.md section 4): now and then the list
of actions is empty for no reason, for some orders it always is, at times it is for everybody; and a request can be
refused by delivery dates that nobody was told.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass

from infra.simulator import entropy
from infra.simulator.answers import ApiError
from infra.simulator.clock import DAY, HOUR

OPENS_AFTER_MS, CLOSES_AFTER_MS = 5 * DAY, 30 * DAY
NOT_AVAILABLE = "The requested solicitation is not available for this amazonOrderId."
OUT_OF_RANGE = (
    "You can't use this feature to request a review outside the 5-30 day range after the order delivery date."
)


@dataclass(slots=True)
class Mood:
    """How often Amazon answers against expectation. Shares are from 0 to 1; outages are ranges of milliseconds.

    Attributes:
        empty_share: of the hours in which an order's list of actions is empty for no reason.
        never_share: of the orders for which it always is: their buyers want no requests.
        delayed_share: of the orders that are delivered later than promised, which Amazon's list does not heed.
        outages: when the list is empty for everybody.
    """

    empty_share: float = 0.03
    never_share: float = 0.003
    delayed_share: float = 0.01
    outages: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Solicitable:
    """What decides about an order: its number, whether it is shipped, and when its delivery was promised."""

    number: int
    shipped: bool
    deliver_earliest: int
    deliver_latest: int


class Solicitations:
    """Answers for orders, and remembers when each was asked."""

    def __init__(self, seed: int, sent: MutableMapping[int, int], mood: Mood | None = None) -> None:
        self.mood = mood or Mood()
        self.sent = sent
        self._seed = seed

    def offers(self, order: Solicitable, now_ms: int) -> bool:
        """Return whether the list of actions of an order holds the request."""
        if any(begins <= now_ms < ends for begins, ends in self.mood.outages):
            return False
        if entropy.fraction(self._seed, "asked in vain", order.number, now_ms // HOUR) < self.mood.empty_share:
            return False
        return self.allows(order, now_ms)

    def allows(self, order: Solicitable, now_ms: int) -> bool:
        """Return whether an order may be asked now, by the dates that sellers are told."""
        opens, closes = order.deliver_earliest + OPENS_AFTER_MS, order.deliver_latest + CLOSES_AFTER_MS
        return order.shipped and opens <= now_ms <= closes and order.number not in self.sent and self.is_open(order)

    def is_open(self, order: Solicitable) -> bool:
        """Return whether an order's buyer takes requests at all."""
        return entropy.fraction(self._seed, "wants none", order.number) >= self.mood.never_share

    def delay_ms(self, order: Solicitable) -> int:
        """Return by how much an order's delivery was late, which moves the beginning of the range."""
        if entropy.fraction(self._seed, "delayed", order.number) >= self.mood.delayed_share:
            return 0
        return (2 + entropy.number(self._seed, "delay", order.number) % 8) * DAY

    def request(self, order: Solicitable, now_ms: int) -> None:
        """Take a request, or refuse it in one of Amazon's two ways. ApiError says how."""
        opens = order.deliver_earliest + OPENS_AFTER_MS + self.delay_ms(order)
        if not order.shipped or order.number in self.sent or not self.is_open(order):
            raise ApiError(403, "Unauthorized", NOT_AVAILABLE)
        if not opens <= now_ms <= order.deliver_latest + CLOSES_AFTER_MS + self.delay_ms(order):
            raise ApiError(403, "Unauthorized", OUT_OF_RANGE)
        self.sent[order.number] = now_ms
