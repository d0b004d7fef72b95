"""The plain client we compare with: python-amazon-sp-api as its documentation shows, one program for each connection.

It is written to its advantage wherever the documentation leaves a choice. Every connection has a thread of its own, so
none stalls another. ``throttle_retry`` with its defaults stands around each single call: the documentation puts it
around the generator of ``load_all_pages``, where it would retry nothing. ``load_all_pages`` paces itself by Amazon's
header, for with its default of two seconds a walk beyond the burst dies of ten 429s and begins anew, forever. A call
that is given up after ten tries is tried again after the others. Its access tokens are fetched for nothing.
"""

import importlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
from sp_api.api.orders.orders_2026_01_01 import OrdersV20260101
from sp_api.auth import AccessTokenResponse
from sp_api.base import Marketplaces
from sp_api.base._transport_httpx import HttpxTransport
from sp_api.base.exceptions import SellingApiRequestThrottledException
from sp_api.util import load_all_pages, throttle_retry

from tests.bench.simulated_amazon import SimulatedAmazon
from tests.bench.simulated_time import MovedClock, Programs

if TYPE_CHECKING:
    from infra.simulator.world import Seller

MARGIN_MS = 60_000
"""A token is fetched anew in its last minute."""


class _Auth:
    """Stands in for the library's, whose cache counts seconds of the wall clock."""

    def __init__(self, amazon: SimulatedAmazon, seller: "Seller", clock: MovedClock) -> None:
        self._amazon, self._seller, self._clock = amazon, seller, clock
        self._token, self._ends_ms = "", 0

    def get_auth(self) -> Any:
        if self._clock.now_ms() >= self._ends_ms - MARGIN_MS:
            self._token, self._ends_ms = self._amazon.access_token(self._seller)
        return AccessTokenResponse(access_token=self._token)


class PlainClient:
    """One connection's client.

    Args:
        amazon: what answers.
        seller: whose connection it is.
        clock: the simulated time.
    """

    def __init__(self, amazon: SimulatedAmazon, seller: "Seller", clock: MovedClock) -> None:
        self._orders = OrdersV20260101(
            Marketplaces.US,
            refresh_token="Atzr|plain",
            credentials={"lwa_app_id": "plain", "lwa_client_secret": "plain"},
            auth_token_client_class=lambda **_: _Auth(amazon, seller, clock),
        )
        wire = httpx.Client(transport=httpx.MockTransport(amazon.answer))
        self._orders._transport = HttpxTransport(client=wire)

    def get_orders(self, order_ids: Sequence[str], *, included: str) -> None:
        """Fetch orders one by one."""

        def once(order_id: str) -> Any:
            return self._orders.get_order(order_id, includedData=included)

        get_order = throttle_retry()(once)
        waiting = deque(order_ids)
        while waiting:
            order_id = waiting.popleft()
            try:
                get_order(order_id)
            except SellingApiRequestThrottledException:
                waiting.append(order_id)

    def walk(self, **search: Any) -> int:
        """Read all pages of a search; return how many there were."""
        return sum(1 for _ in self.pages(**search))

    def pages(self, **search: Any) -> Iterator[list[dict[str, Any]]]:
        """Read a search page by page; yields the orders of each."""

        def once(**given: Any) -> Any:
            return self._orders.search_orders(**given)

        load = load_all_pages(next_token_param="paginationToken", use_rate_limit_header=True)
        for page in load(throttle_retry()(once))(**search):
            yield page.payload["orders"]


@contextmanager
def sleeping_by(programs: Programs) -> Iterator[None]:
    """Make the library's helpers sleep in simulated time inside the block."""
    modules = [importlib.import_module(f"sp_api.util.{name}") for name in ("retry", "load_all_pages")]
    before: list[Any] = [module.time for module in modules]
    for module in modules:
        module.__dict__["time"] = SimpleNamespace(sleep=programs.sleep)
    try:
        yield
    finally:
        for module, real in zip(modules, before, strict=True):
            module.__dict__["time"] = real


def run_side_by_side(clock: MovedClock, programs: Sequence[Callable[[Programs], None]]) -> None:
    """Run the program of each connection in a thread of its own until all have ended."""
    together = Programs(clock)
    with sleeping_by(together):
        together.run([lambda each=each: each(together) for each in programs])  # type: ignore[misc]  # mypy sees no types in a lambda's default
