"""From Amazon's notification to the money of an order: many orders, one search."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from notification_intake.app import build
from notification_intake.container import Container
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import tenant_scope
from quayside.sync import service as sync
from tests.support.amazon import TENANT, Stage, stage
from tests.support.notifications import sqs_event

if TYPE_CHECKING:
    from infra.simulator.world import Seller
    from quayside.kernel.ids import ConnectionId


class Told:
    """A connected account whose notifications reach the intake."""

    def __init__(self, on: Stage, delivered: list[str]) -> None:
        self.on = on
        self._delivered = delivered
        self.seller: Seller = on.simulator.world.create_seller("quiet-us", selling_partner_id="A1PRICES")
        self.account: ConnectionId = on.begin(self.seller)
        on.run()
        delivered.clear()
        container = Container(on.aws.settings, clock=on.clock, store=on.aws.store, metrics=CountedMetrics())
        self._intake = build(lambda: container)

    def pass_time(self, seconds: float) -> None:
        """Let time pass for Amazon, and let what it tells reach the intake."""
        self.on.clock.advance(seconds)
        self.on.simulator.world.step()
        self.on.simulator.notifications.deliver_due()
        bodies, self._delivered[:] = list(self._delivered), []
        for start in range(0, len(bodies), 50):
            answer = self._intake(sqs_event(bodies[start : start + 50]), None)
            assert answer["batchItemFailures"] == []

    def orders(self) -> list[dict[str, Any]]:
        return [item for item in self.on.aws.items() if item["kind"]["S"] == "order"]

    def calls(self, operation: str) -> int:
        made: int = self.on.calls().get(operation, {"calls": 0})["calls"]
        return made


@pytest.fixture
def told() -> Iterator[Told]:
    delivered: list[str] = []
    with stage(deliver=lambda _, body: delivered.append(body), history_days=30) as on:
        yield Told(on, delivered)


def test_many_orders_have_their_prices_by_one_search(told: Told) -> None:
    on = told.on
    for _ in range(9):
        on.simulator.world.new_order(told.seller)
    searches, fetches = told.calls("searchOrders"), told.calls("getOrder")
    for _ in range(40):
        told.pass_time(120)
        on.run(until=lambda: not [each for each in on.collect() if each.kind in {"orders.search", "orders.fetch"}])
        if len(told.orders()) == 9 and all("prices" in item for item in told.orders()):
            break
    waiting = [item["sk"]["S"] for item in told.orders() if "prices" not in item and item["status"]["S"] != "PENDING"]
    assert waiting == []
    assert len([item for item in told.orders() if "prices" in item]) >= 8
    brought = told.calls("searchOrders") - searches
    assert told.calls("getOrder") - fetches + brought < 9
    assert sum(each["throttled"] for each in on.calls().values()) == 0


def test_while_amazon_tells_us_the_schedule_asks_for_nothing(told: Told) -> None:
    on = told.on
    searches = told.calls("searchOrders")
    for number in range(30):
        on.simulator.world.new_order(told.seller)
        told.pass_time(120)
        on.collect()
        on._waiting.clear()  # prices have their own test
        if number < 15:
            continue
        on.desk.ask("orders.search", TENANT, told.account, cause="schedule", mode="reconcile", due="orders")
        (due,) = on.collect()
        on._waiting.clear()
        assert on.worker.run(due) == "done"
    assert told.calls("searchOrders") == searches
    with tenant_scope(TENANT):
        (shown,) = [each for each in sync.sync_status(told.account, on.clock).datasets if each.dataset == "orders"]
        (step,) = [step for each, step in sync.plan(told.account, on.clock) if each.key == "orders"]
    assert (step.kind, step.source, shown.state) == (None, "notification", "fresh")
    assert "Amazon told us of a change" in step.because
