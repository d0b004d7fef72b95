"""Circuits on a real table: all processes rest together, one probes, and health costs no write."""

from collections.abc import Iterator

import pytest

from quayside.amazon.circuits import Circuits
from quayside.amazon.ledger import Ledger
from quayside.amazon.operations import GET_ORDER, SEARCH_ORDERS
from quayside.amazon.turns import CarriedSlot, CircuitOpen, LedgerTurns, SlotAhead
from quayside.kernel.clock import epoch_milliseconds
from quayside.kernel.ids import ConnectionId
from tests.support.aws import START, Aws, aws

C = ConnectionId("tm19crgppmgzv9xh")
NOW = epoch_milliseconds(START)
APPLICATION = "amzn1.sp.solution.x"


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def circuits(on: Aws) -> Circuits:
    """One process's circuits."""
    return Circuits(APPLICATION, on.clock)


def fail(given: Circuits, times: int = 5) -> None:
    for _ in range(times):
        given.answered("getOrder", "NA", ok=False)


def test_faults_of_several_processes_add_up_and_all_of_them_rest(on: Aws) -> None:
    one, other, third = circuits(on), circuits(on), circuits(on)
    fail(one, 3)
    fail(other, 2)
    assert third.rests_until("getOrder", "NA") == NOW + 30_000
    assert other.rests_until("getOrder", "NA") == NOW + 30_000


def test_a_process_goes_by_what_it_read_for_ten_seconds(on: Aws) -> None:
    one, other = circuits(on), circuits(on)
    assert other.rests_until("getOrder", "NA") is None
    fail(one)
    on.clock.advance(9.9)
    assert other.rests_until("getOrder", "NA") is None
    on.clock.advance(0.1)
    assert other.rests_until("getOrder", "NA") == NOW + 30_000


def test_every_operation_and_region_has_its_own(on: Aws) -> None:
    given = circuits(on)
    fail(given)
    assert given.rests_until("getOrder", "EU") is None
    assert given.rests_until("searchOrders", "NA") is None
    assert Circuits("another", on.clock).rests_until("getOrder", "NA") is None


def test_health_is_read_once_in_ten_seconds_and_never_written(on: Aws) -> None:
    calls: list[str] = []
    on.store.connection("system").client.meta.events.register(
        "before-call.dynamodb", lambda **call: calls.append(call["model"].name)
    )
    given = circuits(on)
    for _ in range(100):
        assert given.rests_until("getOrder", "NA") is None
        assert given.enter("getOrder", "NA") is None
        given.answered("getOrder", "NA", ok=True)
        on.clock.advance(0.19)
    assert calls == ["GetItem", "GetItem"]


def test_the_first_success_after_a_fault_ends_the_row_for_all(on: Aws) -> None:
    one, other = circuits(on), circuits(on)
    fail(one, 4)
    one.answered("getOrder", "NA", ok=True)
    fail(other, 4)
    assert circuits(on).rests_until("getOrder", "NA") is None
    fail(other, 1)
    assert circuits(on).rests_until("getOrder", "NA") is not None


def test_of_all_who_come_when_the_rest_is_over_one_probes(on: Aws) -> None:
    fail(circuits(on))
    on.clock.advance(30)
    several = [circuits(on) for _ in range(4)]
    assert [each.rests_until("getOrder", "NA") for each in several] == [None] * 4
    assert [each.enter("getOrder", "NA") for each in several] == [None, *[NOW + 60_000] * 3]


def test_a_probe_that_fails_doubles_the_rest_and_one_that_succeeds_ends_it(on: Aws) -> None:
    prober = circuits(on)
    fail(prober)
    on.clock.advance(30)
    assert prober.enter("getOrder", "NA") is None
    prober.answered("getOrder", "NA", ok=False)
    assert prober.rests_until("getOrder", "NA") == NOW + 90_000
    on.clock.advance(60)
    assert prober.enter("getOrder", "NA") is None
    prober.answered("getOrder", "NA", ok=True)
    assert circuits(on).rests_until("getOrder", "NA") is None


def test_a_prober_that_dies_leaves_the_probe_to_another(on: Aws) -> None:
    fail(circuits(on))
    on.clock.advance(30)
    assert circuits(on).enter("getOrder", "NA") is None
    on.clock.advance(30)
    assert circuits(on).enter("getOrder", "NA") is None


# -- In turns ----------------------------------------------------------------------------------------------------------


def turns(on: Aws, given: Circuits, carried: CarriedSlot | None = None) -> LedgerTurns:
    return LedgerTurns(Ledger(APPLICATION, on.clock), on.clock, carried=carried, circuits=given)


def buckets(on: Aws) -> list[str]:
    return [item["pk"]["S"] for item in on.items("coordination_table") if item["kind"]["S"] == "quota_bucket"]


def test_what_rests_takes_no_token_and_says_until_when(on: Aws) -> None:
    given = circuits(on)
    working = turns(on, given)
    for _ in range(5):
        working.take(SEARCH_ORDERS, C, "NA")
        working.answered(SEARCH_ORDERS, "NA", ok=False)
    left = Ledger(APPLICATION, on.clock).standing(SEARCH_ORDERS, C).left
    with pytest.raises(CircuitOpen) as resting:
        working.take(SEARCH_ORDERS, C, "NA")
    assert (resting.value.operation, resting.value.retry_at_ms) == ("searchOrders", NOW + 30_000)
    assert resting.value.slot_at == NOW + 30_000
    assert Ledger(APPLICATION, on.clock).standing(SEARCH_ORDERS, C).left == left
    working.take(GET_ORDER, C, "NA")


def test_a_place_in_line_outlives_the_rest(on: Aws) -> None:
    ledger, given = Ledger(APPLICATION, on.clock), circuits(on)
    place = [ledger.reserve(GET_ORDER, C) for _ in range(60)][25]
    fail(given)
    on.clock.advance(3)
    back = turns(on, given, CarriedSlot("getOrder", place))
    with pytest.raises(CircuitOpen):
        back.take(GET_ORDER, C, "NA")
    on.clock.advance(27)
    back.take(GET_ORDER, C, "NA")


def test_the_probe_is_not_spent_on_work_that_has_to_wait_for_its_turn(on: Aws) -> None:
    given = circuits(on)
    fail(given)
    on.clock.advance(30)
    ledger = Ledger(APPLICATION, on.clock)
    for _ in range(26):
        ledger.reserve(GET_ORDER, C)
    with pytest.raises(SlotAhead) as ahead:
        turns(on, given).take(GET_ORDER, C, "NA")
    assert not isinstance(ahead.value, CircuitOpen)
    turns(on, given).take(GET_ORDER, ConnectionId("0" * 16), "NA")


def test_without_circuits_or_region_nothing_rests(on: Aws) -> None:
    given = circuits(on)
    fail(given)
    turns(on, given).take(GET_ORDER, C)
    plain = LedgerTurns(Ledger(APPLICATION, on.clock), on.clock)
    plain.take(GET_ORDER, C, "NA")
    plain.answered(GET_ORDER, "NA", ok=False)
    assert len(buckets(on)) == 1
