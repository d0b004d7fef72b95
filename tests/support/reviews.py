"""Review requests in memory: a book that is a dictionary, and the simulator's own Amazon beside it.

``MemoryBook`` keeps the promises of ``reviews.sending.Book`` (one contract test runs against it and the store);
``SimulatedAmazon`` answers from ``infra.simulator.solicitations``, which the simulated API answers from as well.
"""

import bisect
from collections.abc import Callable, MutableMapping
from datetime import datetime

from infra.simulator.answers import ApiError
from infra.simulator.clock import milliseconds
from infra.simulator.solicitations import NOT_AVAILABLE, Solicitable, Solicitations
from quayside.amazon.solicitations import Requested
from quayside.kernel.clock import Clock
from quayside.reviews.rules import Candidate
from quayside.reviews.sending import Standing, WakeUp


class MemoryBook:
    """A book of one connection."""

    def __init__(self, candidates: Callable[[str], Candidate | None]) -> None:
        self._candidates = candidates
        self.standings: dict[str, Standing] = {}
        self._wakes: list[tuple[datetime, str]] = []
        self._of: dict[str, WakeUp] = {}

    def wake(self, wake: WakeUp) -> None:
        """Put a time to be decided on the list."""
        self._of.setdefault(wake.order_id, wake)
        place = (wake.wakes_at, wake.order_id)
        at = bisect.bisect_left(self._wakes, place)
        if at == len(self._wakes) or self._wakes[at] != place:
            self._wakes.insert(at, place)

    def due(self, now: datetime, limit: int) -> list[WakeUp]:
        """Return what is due, longest overdue first."""
        found = []
        for at, order_id in self._wakes[:limit]:
            if at > now:
                break
            first = self._of[order_id]
            found.append(WakeUp(order_id, first.marketplace_id, first.purchased_at, at))
        return found

    def next_wake(self) -> datetime | None:
        """Return when the next order is decided."""
        return self._wakes[0][0] if self._wakes else None

    def standing(self, wake: WakeUp) -> Standing | None:
        """Return how an order's request stands."""
        return self.standings.get(wake.order_id)

    def candidate(self, wake: WakeUp) -> Candidate | None:
        """Return what is known of the order."""
        return self._candidates(wake.order_id)

    def keep(self, wake: WakeUp, before: Standing | None, after: Standing) -> bool:
        """Write how a request stands unless somebody else did."""
        if after.look_at is not None:
            self.wake(WakeUp(wake.order_id, wake.marketplace_id, wake.purchased_at, after.look_at))
        present = self.standings.get(wake.order_id)
        if (None if present is None else present.step) != (None if before is None else before.step):
            return False
        self.standings[wake.order_id] = after
        return True

    def done(self, wake: WakeUp) -> None:
        """Take a time off the list."""
        place = (wake.wakes_at, wake.order_id)
        at = bisect.bisect_left(self._wakes, place)
        if at < len(self._wakes) and self._wakes[at] == place:
            del self._wakes[at]


class SimulatedAmazon:
    """Amazon's two calls on the simulator's solicitations, without HTTP."""

    def __init__(
        self,
        requests: Solicitations,
        orders: Callable[[str], Solicitable],
        clock: Clock,
        calls: MutableMapping[str, int] | None = None,
    ) -> None:
        self.requests = requests
        self._orders = orders
        self._clock = clock
        self.calls: MutableMapping[str, int] = {} if calls is None else calls
        self.accepted: list[tuple[str, datetime]] = []

    def offers(self, wake: WakeUp) -> bool:
        """Return whether Amazon offers a request."""
        self.calls["offers"] = self.calls.get("offers", 0) + 1
        return self.requests.offers(self._orders(wake.order_id), milliseconds(self._clock.now()))

    def request(self, wake: WakeUp, before: Callable[[], None]) -> Requested:
        """Make a request."""
        before()
        self.calls["requests"] = self.calls.get("requests", 0) + 1
        try:
            self.requests.request(self._orders(wake.order_id), milliseconds(self._clock.now()))
        except ApiError as refused:
            return Requested.NOT_AVAILABLE if refused.message == NOT_AVAILABLE else Requested.OUT_OF_RANGE
        self.accepted.append((wake.order_id, self._clock.now()))
        return Requested.ACCEPTED


def solicitable(number: int, order: Candidate, *, shipped: bool = True) -> Solicitable:
    """Return what Amazon knows of an order."""
    if order.deliver_after is None or order.deliver_by is None:
        raise ValueError("The order has no delivery dates.")
    return Solicitable(number, shipped, milliseconds(order.deliver_after), milliseconds(order.deliver_by))
