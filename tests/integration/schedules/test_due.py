"""What is due is sent once per beat, whatever happens in between."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics
from quayside.sync import store
from quayside.sync.commands import fetch_order
from quayside.sync.service import DUE, fire_due
from schedules.container import Schedules
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws

T = tenant_id_of("one")
RECONCILE_SECONDS = 900


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def put(on: Aws, seller: str, seconds: int = 0, every: int = RECONCILE_SECONDS) -> str:
    connection_id = connection_id_of(T, "NA", seller)
    store.put_recurring(
        on.clock.now() + timedelta(seconds=seconds), T, connection_id, "orders",
        command_kind="orders.search", arguments={"mode": "reconcile"}, every_seconds=every,
    )  # fmt: skip
    return connection_id


def fire(on: Aws) -> list[str]:
    fire_due(clock=on.clock, entropy=entropy_of(1))
    return [message["body"]["connection_id"] for message in on.messages()]


def test_work_is_sent_when_it_is_due_and_comes_back_on_its_beat(on: Aws) -> None:
    connection_id = put(on, "A1", seconds=60)
    assert fire(on) == []
    on.clock.advance(60)
    assert fire(on) == [connection_id]
    assert fire(on) == []
    on.clock.advance(RECONCILE_SECONDS - 1)
    assert fire(on) == []
    on.clock.advance(1)
    assert fire(on) == [connection_id]


def test_a_command_of_the_schedule_says_that_it_is_one(on: Aws) -> None:
    put(on, "A1")
    fire_due(clock=on.clock, entropy=entropy_of(1))
    (message,) = on.messages()
    assert message["body"]["arguments"] == {"mode": "reconcile", DUE: "orders"}
    assert message["body"]["cause"] == "schedule"


def test_after_an_outage_missed_beats_are_sent_once_and_the_beat_is_kept(on: Aws) -> None:
    connection_id = put(on, "A1")
    on.clock.advance(RECONCILE_SECONDS * 10 + 7)
    assert fire(on) == [connection_id]
    (job,) = on.items("coordination_table")
    assert job["sk"]["S"].startswith("2026-11-21T12:56:12Z")


def test_every_shard_is_read(on: Aws) -> None:
    ids = {put(on, f"A{number}") for number in range(40)}
    assert set(fire(on)) == ids


def test_commands_are_spread_over_a_minute(on: Aws) -> None:
    for number in range(40):
        put(on, f"A{number}")
    fire_due(clock=on.clock, entropy=entropy_of(1))
    delays = {message["delay_seconds"] for message in on.messages()}
    assert len(delays) > 10
    assert max(delays) < 60


def test_a_command_that_had_to_wait_is_sent_once_with_its_slot(on: Aws) -> None:
    waiting = fetch_order(
        T, connection_id_of(T, "NA", "A1"), "902-1", cause="notification", now=on.clock.now(), entropy=entropy_of(1)
    )
    store.put_waiting(on.clock.now() + timedelta(seconds=1000), waiting)
    assert fire(on) == []
    on.clock.advance(1000)
    fire_due(clock=on.clock, entropy=entropy_of(1))
    (message,) = on.messages()
    assert message["body"]["command_id"] == waiting.command_id
    assert on.items("coordination_table") == []


def test_what_is_called_off_while_it_fires_stays_called_off(on: Aws) -> None:
    put(on, "A1")
    (job,) = list(store.due(next(s for s in range(8) if list(store.due(s, on.clock.now()))), on.clock.now()))
    store.call_off(T, connection_id_of(T, "NA", "A1"))
    store.finish(job, on.clock.now())
    assert on.items("coordination_table") == []


def test_calling_off_leaves_others_alone(on: Aws) -> None:
    kept = put(on, "A2")
    put(on, "A1")
    store.call_off(T, connection_id_of(T, "NA", "A1"))
    assert fire(on) == [kept]


def test_the_function_counts_what_it_sent(on: Aws) -> None:
    put(on, "A1", every=1800)
    metrics = CountedMetrics()
    assert Schedules(on.clock, metrics).run() == {"sent": 1}
    assert (metrics.counts, metrics.flushed) == ({"CommandsDue": 1}, 1)
