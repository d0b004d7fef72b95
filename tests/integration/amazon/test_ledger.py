"""The ledger on a real table: turns are shared by all processes, and rates are learned."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

import msgspec
import pytest

from infra.simulator.quotas import Quotas
from quayside.amazon.ledger import Ledger, Standing
from quayside.amazon.operations import CREATE_DESTINATION, GET_ORDER, SEARCH_ORDERS
from quayside.amazon.turns import CarriedSlot, CircuitOpen, LedgerTurns, SlotAhead
from quayside.kernel.clock import epoch_milliseconds
from quayside.kernel.ids import ConnectionId
from tests.support.aws import START, Aws, aws

C, D = ConnectionId("tm19crgppmgzv9xh"), ConnectionId("z" * 16)
NOW = epoch_milliseconds(START)
APPLICATION = "amzn1.sp.solution.x"
LIMITED = msgspec.structs.replace(
    GET_ORDER, name="searchCatalogItems", application_rate=Decimal(1), application_burst=6
)
"""Amazon also limits the application: all may take a burst of 4, the busy 3 and backfills 2 of it."""
NARROW = msgspec.structs.replace(GET_ORDER, name="narrow", rate=Decimal("0.5"), burst=1)


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def now_of(on: Aws) -> int:
    return epoch_milliseconds(on.clock.now())


def writes(on: Aws) -> list[object]:
    written: list[object] = []
    on.store.connection("system").client.meta.events.register(
        "before-call.dynamodb.UpdateItem", lambda **call: written.append(call)
    )
    return written


# -- Tokens and places in line -----------------------------------------------------------------------------------------


def test_two_processes_share_one_bucket_and_one_line(on: Aws) -> None:
    ledgers = [Ledger(APPLICATION, on.clock) for _ in range(2)]
    slots = [ledgers[number % 2].reserve(GET_ORDER, C) - NOW for number in range(29)]
    assert slots == [0] * 25 + [2000, 4000, 6000, 8000]


def test_every_connection_and_operation_has_its_own_bucket(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    for _ in range(25):
        ledger.reserve(GET_ORDER, C)
    assert ledger.reserve(GET_ORDER, C) > NOW
    assert ledger.reserve(GET_ORDER, D) == NOW
    assert ledger.reserve(SEARCH_ORDERS, C) == NOW
    assert Ledger("another", on.clock).reserve(GET_ORDER, C) == NOW


def test_an_idle_bucket_fills_up_again(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    for _ in range(30):
        ledger.reserve(GET_ORDER, C)
    on.clock.advance(60)
    assert [ledger.reserve(GET_ORDER, C) - NOW for _ in range(26)] == [60_000] * 25 + [62_000]


def test_a_turn_is_one_write_and_a_place_in_line_another(on: Aws) -> None:
    ledger, written = Ledger(APPLICATION, on.clock), writes(on)
    for _ in range(27):
        ledger.reserve(GET_ORDER, C)
    assert len(written) == 27


def test_who_comes_back_to_its_place_is_served_and_who_comes_anew_stands_behind(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    places = [ledger.reserve(GET_ORDER, C) for _ in range(28)][25:]
    on.clock.advance(2)
    assert other.reserve(GET_ORDER, C) == places[-1] + 2000
    assert other.reserve(GET_ORDER, C, waited=True) == now_of(on)
    on.clock.advance(6)  # two places later, and both late: the tokens are still theirs
    assert [ledger.reserve(GET_ORDER, C, waited=True) for _ in range(2)] == [now_of(on)] * 2


def test_a_line_of_a_hundred_is_served_without_a_gap_however_late_they_come(on: Aws) -> None:
    chance, ledger = Random(5), Ledger(APPLICATION, on.clock)
    amazon = Quotas()
    waiting = sorted(
        max(slot, NOW) + (chance.randrange(8000) if slot > NOW else 0)
        for slot in (ledger.reserve(GET_ORDER, C) for _ in range(125))
    )
    for at in waiting[:25]:
        assert amazon.take("getOrder", APPLICATION, C, 0.5, 30, at)
    for at in waiting[25:]:
        on.clock.advance((at - now_of(on)) / 1000)
        assert ledger.reserve(GET_ORDER, C, waited=True) == at
        assert amazon.take("getOrder", APPLICATION, C, 0.5, 30, at)
    assert waiting[-1] <= NOW + 100 * 2000 + 8000


def test_a_grantless_call_counts_for_the_application(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    slots = [ledger.reserve(CREATE_DESTINATION, connection) for connection in (C, D, None, None)]
    assert [slot - NOW for slot in slots] == [0, 0, 0, 1000]


# -- Shares ------------------------------------------------------------------------------------------------------------


def test_a_backfill_leaves_half_of_the_burst_to_urgent_work_however_long_its_line(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    slots = [ledger.reserve(GET_ORDER, C, backfill=True) - NOW for _ in range(60)]
    assert slots == [0] * 12 + [2000 * number for number in range(1, 49)]
    assert [ledger.reserve(GET_ORDER, C) - NOW for _ in range(14)] == [0] * 13 + [2000]


def test_a_backfill_stands_behind_those_who_wait(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    assert [ledger.reserve(NARROW, C) - NOW for _ in range(3)] == [0, 2500, 5000]
    assert ledger.reserve(NARROW, C, backfill=True) - NOW == 7500
    on.clock.advance(6)  # one who waits is late: the token is still not the backfill's
    for waited in (False, True):
        assert ledger.reserve(NARROW, C, backfill=True, waited=waited) > now_of(on)
    assert ledger.reserve(NARROW, C, waited=True) == now_of(on)


# -- The application as a whole ----------------------------------------------------------------------------------------


def connection(number: int) -> ConnectionId:
    return ConnectionId(f"{number:016d}")


def test_the_application_as_a_whole_is_limited_too(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    assert [ledger.reserve(LIMITED, connection(number)) - NOW for number in range(6)] == [0, 0, 0, 0, 1000, 1000]


def test_what_the_application_refuses_gives_its_own_token_back(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    for number in range(5):
        ledger.reserve(LIMITED, connection(number))
    other = Ledger(APPLICATION, on.clock)  # knows nothing yet, so it takes the token before it learns
    assert other.reserve(LIMITED, D) == NOW + 1000
    assert other.standing(LIMITED, D).left == 25
    assert other.standing(LIMITED, None)[:3] == (Decimal(1), 4, 0)


def test_a_token_is_not_given_back_once_others_count_on_it(on: Aws) -> None:
    first, second = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    for number in range(4):
        first.reserve(LIMITED, connection(number))
    now = now_of(on)
    pair = second._pair(LIMITED, D)
    second._take(pair, now, backfill=False, waited=False)
    first._take(pair, now, backfill=False, waited=False)
    second._line_up(pair, now, backfill=False, give_back=True)
    assert second.standing(LIMITED, D).left == 23


def test_a_connection_with_work_waiting_leaves_a_part_of_the_applications_burst_to_the_others(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    slots = [ledger.reserve(LIMITED, C) - NOW for _ in range(40)]
    assert slots[:4] == [0, 0, 0, 0]
    assert slots[4:] == sorted(slots[4:])
    assert slots[-1] == 35 * 2000  # it waits in its own line, at its own pace
    on.clock.advance(1)
    assert ledger.reserve(LIMITED, C, waited=True) > now_of(on)
    assert ledger.reserve(LIMITED, D) == now_of(on)


def test_a_pair_that_has_to_wait_holds_nothing_of_the_application(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    roomy = msgspec.structs.replace(NARROW, application_rate=Decimal(1), application_burst=30)
    slots = [ledger.reserve(roomy, C) - NOW for _ in range(50)]
    assert slots == [2500 * number for number in range(50)]
    left = [ledger.reserve(roomy, connection(number)) - NOW for number in range(19)]
    assert left == [0] * 19


# -- Learning ----------------------------------------------------------------------------------------------------------


def test_the_rate_amazon_answers_with_is_kept_for_all_with_its_time(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    assert ledger.learn(SEARCH_ORDERS, C, Decimal("0.5"))
    assert not ledger.learn(SEARCH_ORDERS, C, Decimal("0.5"))
    slots = [other.reserve(SEARCH_ORDERS, C) - NOW for _ in range(17)]
    assert slots == [0] * 15 + [2000, 4000]
    bucket = on.items("coordination_table")[0]
    assert (bucket["rate"]["S"], bucket["rate_at"]["S"]) == ("0.5", "2026-11-21T10:11:12Z")


def test_a_faster_rate_counts_for_what_was_taken_at_the_slow_one_and_for_those_who_wait(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    for _ in range(22):
        other.reserve(SEARCH_ORDERS, C)
    other.learn(SEARCH_ORDERS, C, Decimal("0.5"))
    assert ledger.reserve(SEARCH_ORDERS, C) - NOW == 10_000  # 19 taken, of which 15 would be allowed: four more wait
    assert other.reserve(SEARCH_ORDERS, C) - NOW == 12_000


def test_the_rate_of_the_table_is_no_news_and_costs_nothing(on: Aws) -> None:
    assert not Ledger(APPLICATION, on.clock).learn(GET_ORDER, C, Decimal("0.5"))
    assert on.items("coordination_table") == []


def test_a_changed_rate_is_noticed_by_a_process_that_knew_another(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    other.reserve(GET_ORDER, C)
    ledger.learn(GET_ORDER, C, Decimal("0.1"))
    slots = [other.reserve(GET_ORDER, C) - NOW for _ in range(32)]
    assert slots[-1] - slots[-2] == 10_000


def test_after_a_429_nobody_calls_before_a_longer_interval_has_passed_and_it_is_counted(on: Aws) -> None:
    ledger, other = Ledger(APPLICATION, on.clock), Ledger(APPLICATION, on.clock)
    other.reserve(GET_ORDER, C)
    ledger.exhaust(GET_ORDER, C)
    assert other.reserve(GET_ORDER, C) - NOW == 2500
    ledger.exhaust(GET_ORDER, C)
    assert other.standing(GET_ORDER, C) == Standing(Decimal("0.32"), 26, 0, NOW + 5625, 2, None)


def test_after_a_429_the_next_answer_names_the_rate_again(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    ledger.exhaust(GET_ORDER, C)
    assert ledger.learn(GET_ORDER, C, Decimal("0.5"))
    standing = ledger.standing(GET_ORDER, C)
    assert (standing.rate_per_second, standing.learned_at) == (Decimal("0.5"), "2026-11-21T10:11:12Z")
    assert standing.next_slot_at_ms == NOW + 4000  # at the longer interval the plan had one call more


def test_a_429_empties_the_applications_bucket_too_but_its_rate_stays(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    ledger.exhaust(LIMITED, C)
    assert ledger.reserve(LIMITED, D) == NOW + 1000
    on.clock.advance(20)
    assert [ledger.reserve(LIMITED, connection(number)) - now_of(on) for number in range(5)] == [0, 0, 0, 0, 1000]


# -- Standing ----------------------------------------------------------------------------------------------------------


def test_how_a_quota_stands_is_what_the_next_call_finds(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    assert ledger.standing(GET_ORDER, C) == Standing(Decimal("0.5"), 25, 25, NOW, 0, None)
    for _ in range(10):
        ledger.reserve(GET_ORDER, C)
    assert ledger.standing(GET_ORDER, C) == Standing(Decimal("0.5"), 25, 15, NOW, 0, None)
    for _ in range(17):
        ledger.reserve(GET_ORDER, C)
    standing = ledger.standing(GET_ORDER, C)
    assert (standing.left, standing.next_slot_at_ms) == (0, NOW + 6000)
    assert ledger.reserve(GET_ORDER, C) == standing.next_slot_at_ms


def test_many_standings_come_in_the_order_asked_for(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    ledger.reserve(GET_ORDER, D)
    ledger.learn(SEARCH_ORDERS, D, Decimal("0.1"))
    pairs = [(SEARCH_ORDERS, D), (GET_ORDER, C), (GET_ORDER, D), (SEARCH_ORDERS, C), (GET_ORDER, D)]
    assert ledger.standings(pairs) == [ledger.standing(*pair) for pair in pairs]
    assert ledger.standings([]) == []


# -- Turns -------------------------------------------------------------------------------------------------------------


def turns(on: Aws, slot_at: int | None = None) -> LedgerTurns:
    carried = None if slot_at is None else CarriedSlot("getOrder", slot_at)
    return LedgerTurns(Ledger(APPLICATION, on.clock), on.clock, carried=carried)


def test_work_that_comes_back_to_its_place_does_not_line_up_again(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    place = [ledger.reserve(GET_ORDER, C) for _ in range(40)][25]
    on.clock.advance(5)
    with pytest.raises(SlotAhead):
        turns(on).take(GET_ORDER, C)
    given = turns(on, place)
    given.take(GET_ORDER, C)
    with pytest.raises(SlotAhead):  # its place was good for one call
        given.take(GET_ORDER, C)


def test_work_that_comes_before_its_place_goes_back_to_it(on: Aws) -> None:
    with pytest.raises(SlotAhead) as ahead:
        turns(on, NOW + 5000).take(GET_ORDER, C)
    assert (ahead.value.operation, ahead.value.slot_at) == ("getOrder", NOW + 5000)
    assert not isinstance(ahead.value, CircuitOpen)
    assert on.items("coordination_table") == []


def test_a_place_in_line_for_another_call_stays_with_it(on: Aws) -> None:
    ledger = Ledger(APPLICATION, on.clock)
    place = [ledger.reserve(GET_ORDER, C) for _ in range(40)][25]
    on.clock.advance(2)
    given = turns(on, place)
    given.take(SEARCH_ORDERS, C)
    given.take(GET_ORDER, C)
