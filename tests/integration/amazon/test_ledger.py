"""The ledger on a real table: slots are shared by all processes, and rates are learned."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from quayside.amazon.ledger import Ledger
from quayside.amazon.operations import CREATE_DESTINATION, GET_ORDER, SEARCH_ORDERS
from quayside.amazon.turns import CarriedSlot, LedgerTurns, SlotAhead
from quayside.kernel.clock import epoch_milliseconds
from quayside.kernel.ids import ConnectionId
from tests.support.aws import START, Aws, aws

C, D = ConnectionId("tm19crgppmgzv9xh"), ConnectionId("0" * 16)
NOW = epoch_milliseconds(START)
APPLICATION = "amzn1.sp.solution.x"


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def test_two_processes_share_one_bucket(on: Aws) -> None:
    ledgers = [Ledger(APPLICATION, on.clock) for _ in range(2)]
    slots = [ledgers[number % 2].reserve(GET_ORDER, C) - NOW for number in range(24)]
    assert slots == [0] * 20 + [2000, 4000, 6000, 8000]


def test_every_connection_and_operation_has_its_own_bucket(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    for _ in range(20):
        ledger.reserve(GET_ORDER, C)
    assert ledger.reserve(GET_ORDER, C) > NOW
    assert ledger.reserve(GET_ORDER, D) == NOW
    assert ledger.reserve(SEARCH_ORDERS, C) == NOW
    assert Ledger("another", on.clock).reserve(GET_ORDER, C) == NOW


def test_an_idle_bucket_fills_up_again(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    for _ in range(25):
        ledger.reserve(GET_ORDER, C)
    on.clock.advance(60)
    assert [ledger.reserve(GET_ORDER, C) - NOW for _ in range(21)] == [60_000] * 20 + [62_000]


def test_a_reservation_is_one_write(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    written: list[object] = []
    on.store.connection("system").client.meta.events.register(
        "before-call.dynamodb.UpdateItem", lambda **call: written.append(call)
    )
    for _ in range(10):
        ledger.reserve(GET_ORDER, C)
    assert len(written) == 10


def test_the_rate_amazon_answers_with_is_kept_for_all_with_its_time(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    assert ledger.learn(SEARCH_ORDERS, C, Decimal("0.5"))
    assert not ledger.learn(SEARCH_ORDERS, C, Decimal("0.5"))
    slots = [other.reserve(SEARCH_ORDERS, C) - NOW for _ in range(15)]
    assert slots == [0] * 13 + [2000, 4000]
    bucket = on.items("coordination_table")[0]
    assert (bucket["rate"]["S"], bucket["rate_at"]["S"]) == ("0.5", "2026-11-21T10:11:12Z")


def test_a_faster_rate_counts_for_what_was_reserved_at_the_slow_one(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    for _ in range(15):
        other.reserve(SEARCH_ORDERS, C)
    ledger.learn(SEARCH_ORDERS, C, Decimal("0.5"))
    assert ledger.reserve(SEARCH_ORDERS, C) - NOW == 6000
    assert other.reserve(SEARCH_ORDERS, C) - NOW == 8000


def test_the_rate_of_the_table_is_no_news_and_costs_nothing(on: Aws) -> None:
    assert not Ledger(APPLICATION, on.clock).learn(GET_ORDER, C, Decimal("0.5"))
    assert on.items("coordination_table") == []


def test_a_changed_rate_is_noticed_by_a_process_that_knew_another(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    other.reserve(GET_ORDER, C)
    ledger.learn(GET_ORDER, C, Decimal("0.1"))
    slots = [other.reserve(GET_ORDER, C) - NOW for _ in range(22)]
    assert slots[-1] - slots[-2] == 10_000


def test_after_a_429_nobody_calls_before_an_interval_has_passed(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    other.reserve(GET_ORDER, C)
    ledger.exhaust(GET_ORDER, C)
    assert other.reserve(GET_ORDER, C) - NOW == 2000
    ledger.exhaust(GET_ORDER, C)
    assert other.reserve(GET_ORDER, C) - NOW == 4000


def test_a_grantless_call_counts_for_the_application(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    slots = [ledger.reserve(CREATE_DESTINATION, connection) for connection in (C, D, None, None)]
    assert [slot - NOW for slot in slots] == [0, 0, 0, 1000]


def test_where_amazon_limits_the_whole_application_the_later_slot_counts(on: Aws) -> None:
    limited = msgspec.structs.replace(
        GET_ORDER, name="searchCatalogItems", application_rate=Decimal(1), application_burst=3
    )
    ledger = Ledger(APPLICATION, on.clock)
    slots = [ledger.reserve(limited, ConnectionId(f"{number:016d}")) - NOW for number in range(4)]
    assert slots == [0, 0, 1000, 2000]


def test_a_backfill_leaves_room_for_urgent_work(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    slots = [ledger.reserve(SEARCH_ORDERS, C, backfill=True) for _ in range(7)]
    assert [slot == NOW for slot in slots] == [True] * 6 + [False]
    assert ledger.reserve(SEARCH_ORDERS, C) == NOW


def turns(on: Aws, slot_at: int | None = None) -> LedgerTurns:
    carried = None if slot_at is None else CarriedSlot("getOrder", slot_at)
    return LedgerTurns(Ledger(APPLICATION, on.clock), on.clock, carried=carried)


def test_a_carried_slot_is_used_once_and_costs_no_other(on: Aws) -> None:
    given = turns(on, NOW - 1000)
    given.take(GET_ORDER, C)
    assert on.items("coordination_table") == []
    given.take(GET_ORDER, C)
    assert len(on.items("coordination_table")) == 1


def test_a_carried_slot_that_lies_ahead_is_kept(on: Aws) -> None:
    with pytest.raises(SlotAhead) as ahead:
        turns(on, NOW + 5000).take(GET_ORDER, C)
    assert (ahead.value.operation, ahead.value.slot_at) == ("getOrder", NOW + 5000)
    assert on.items("coordination_table") == []


def test_a_lost_slot_is_reserved_anew(on: Aws) -> None:
    turns(on, NOW - 60_000).take(GET_ORDER, C)
    assert len(on.items("coordination_table")) == 1


def test_a_carried_slot_of_another_call_stays_with_it(on: Aws) -> None:
    given = turns(on, NOW)
    given.take(SEARCH_ORDERS, C)
    given.take(GET_ORDER, C)
    assert len(on.items("coordination_table")) == 1
