"""The intake under trouble: redelivery, crashes in the middle, disorder and repeats leave the final state Amazon's."""

import random
from collections.abc import Iterator
from typing import Any, Self

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notification_intake.container import PORTS
from quayside.inventory.records import PositionRecord, quantities_from
from quayside.orders.records import OrderRecord
from tests.integration.notification_intake.test_intake import World
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US, inventory_change, order_change, sqs_event

LIFE = ("Pending", "Unshipped", "PartiallyShipped", "Shipped")


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


class Outages:
    """Makes the store of a world fail at given writes, before or after they took effect."""

    def __init__(self, world: World) -> None:
        self.before: set[int] = set()
        self.after: set[int] = set()
        self.writes = 0
        self._client = world.aws.store.connection("tenant").client
        self._events = self._client.meta.events

    def __enter__(self) -> Self:
        self._events.register_first("before-call.dynamodb.UpdateItem", self._begin)
        self._events.register_last("after-call.dynamodb.UpdateItem", self._end)
        return self

    def __exit__(self, *_: object) -> None:
        self._events.unregister("before-call.dynamodb.UpdateItem", self._begin)
        self._events.unregister("after-call.dynamodb.UpdateItem", self._end)

    def _begin(self, **_: Any) -> None:
        self.writes += 1
        if self.writes in self.before:
            raise ConnectionError("The store did not answer.")

    def _end(self, **_: Any) -> None:
        if self.writes in self.after:
            raise ConnectionError("The store's answer was lost.")


def _notifications(orders: int, skus: int) -> list[dict[str, Any]]:
    made = [
        order_change(f"903-0000000-{number:07}", status=status, changed=f"2026-11-20T18:{step:02}:00.{number:03}Z")
        for number in range(orders)
        for step, status in enumerate(LIFE)
    ]
    made += [
        inventory_change(f"SKU-{number}", at=f"2026-11-20T18:{step:02}:00Z", stock={US: 100 - step})
        for number in range(skus)
        for step in range(4)
    ]
    return made


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 12),
    before=st.sets(st.integers(1, 20), max_size=4),
    after=st.sets(st.integers(1, 20), max_size=4),
)
def test_whatever_fails_in_between_the_final_state_is_amazons(
    shared: Aws, seed: int, size: int, before: set[int], after: set[int]
) -> None:
    """One delivery in seven is repeated, all of it out of order, and the store fails now and then."""
    wanted: set[str] = set()

    def want(*arguments: Any) -> int:
        wanted.update(order_id for order_id, _ in arguments[2])
        return PORTS.want_prices(*arguments)

    world = World(emptied(shared), PORTS._replace(want_prices=want))
    chance = random.Random(seed)
    notifications = _notifications(4, 2)
    deliveries = notifications + [each for each in notifications if chance.random() < 1 / 7]
    chance.shuffle(deliveries)
    waiting = [(each, 1) for each in deliveries]
    with Outages(world) as outages:
        outages.before, outages.after = before, after
        while waiting:
            batch, waiting = waiting[:size], waiting[size:]
            received = max(count for _, count in batch)
            assert received <= 20, "a message is delivered for ever"
            failed = world.deliver(*(body for body, _ in batch), received=received)
            places = [int(message_id.removeprefix("m")) for message_id in failed]
            waiting += [(batch[place][0], batch[place][1] + 1) for place in places]
    assert {order.sk[-1:]: order.status for order in world.stored(OrderRecord)} == dict.fromkeys("0123", "SHIPPED")
    stock = {record.sk: quantities_from(record.quantities).fulfillable for record in world.stored(PositionRecord)}
    assert stock == {"SKU#SKU-0": 97, "SKU#SKU-1": 97}
    # Whatever went wrong, the price of each order was asked for: by itself, or by the search that is planned.
    assert {order_id[-1:] for order_id in wanted} == set("0123")
    kinds = {message["body"]["kind"] for message in world.aws.messages()}
    assert kinds <= {"orders.fetch", "orders.search"}
    assert kinds


def test_only_the_record_whose_store_failed_comes_again(shared: Aws) -> None:
    world = World(emptied(shared))
    with Outages(world) as outages:
        outages.before = {2}
        failed = world.deliver(*(order_change(f"903-0000000-{number:07}") for number in range(3)))
    assert failed == ["m1"]
    assert len(world.stored(OrderRecord)) == 2
    assert world.fetches() == ["903-0000000-0000000", "903-0000000-0000002"]


def test_a_crash_between_the_store_and_the_queue_still_asks_for_the_price(shared: Aws) -> None:
    """The order is stored, the function dies, SQS delivers again: stale now, but a redelivery asks once more."""
    world = World(emptied(shared))
    world.deliver(order_change())
    assert world.fetches() == ["903-8868176-2219830"]
    world.deliver(order_change(), received=2)
    assert world.fetches() == ["903-8868176-2219830"]
    world.deliver(order_change(), received=1)
    assert world.fetches() == []


def test_a_repeat_beside_a_redelivery_does_not_hide_that_the_price_has_to_be_asked_for(shared: Aws) -> None:
    world = World(emptied(shared))
    world.deliver(order_change())
    world.fetches()
    event = sqs_event([order_change(), order_change()])
    event["Records"][1]["attributes"]["ApproximateReceiveCount"] = "2"
    world.handler(event, None)
    assert world.fetches() == ["903-8868176-2219830"]
