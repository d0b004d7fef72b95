"""Review requests as the simulated Amazon keeps them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.simulator import truth
from infra.simulator.answers import ApiError
from infra.simulator.clock import DAY, HOUR, SimulatorClock
from infra.simulator.solicitations import NOT_AVAILABLE, OUT_OF_RANGE, Mood, Solicitable, Solicitations
from infra.simulator.sp_api.solicitations import SolicitationsApi, solicitable
from infra.simulator.storage import Storage
from infra.simulator.world import World

CALM = Mood(empty_share=0, never_share=0, delayed_share=0)
ORDER = Solicitable(1, shipped=True, deliver_earliest=100 * DAY, deliver_latest=103 * DAY)


def refused(amazon: Solicitations, order: Solicitable, now_ms: int) -> str:
    with pytest.raises(ApiError) as problem:
        amazon.request(order, now_ms)
    assert (problem.value.status, problem.value.code) == (403, "Unauthorized")
    return problem.value.message


def test_the_window_begins_and_ends_to_the_millisecond() -> None:
    amazon = Solicitations(1, {}, CALM)
    assert [amazon.offers(ORDER, at) for at in (105 * DAY - 1, 105 * DAY, 133 * DAY, 133 * DAY + 1)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert refused(amazon, ORDER, 105 * DAY - 1) == refused(amazon, ORDER, 133 * DAY + 1) == OUT_OF_RANGE


def test_an_order_is_asked_once_and_only_when_it_is_shipped() -> None:
    amazon = Solicitations(1, {}, CALM)
    waiting = Solicitable(2, shipped=False, deliver_earliest=100 * DAY, deliver_latest=103 * DAY)
    assert not amazon.offers(waiting, 110 * DAY)
    assert refused(amazon, waiting, 110 * DAY) == NOT_AVAILABLE
    amazon.request(ORDER, 110 * DAY)
    assert amazon.sent == {1: 110 * DAY}
    assert not amazon.offers(ORDER, 111 * DAY)
    assert refused(amazon, ORDER, 111 * DAY) == NOT_AVAILABLE


def test_moods_are_about_as_frequent_as_they_are_set() -> None:
    amazon = Solicitations(3, {}, Mood(empty_share=0.1, never_share=0.05, delayed_share=0.2))
    orders = [Solicitable(n, shipped=True, deliver_earliest=100 * DAY, deliver_latest=103 * DAY) for n in range(2000)]
    never = [each for each in orders if not amazon.is_open(each)]
    assert 60 < len(never) < 140
    assert refused(amazon, never[0], 120 * DAY) == NOT_AVAILABLE
    delayed = [each for each in orders if amazon.delay_ms(each) and amazon.is_open(each)]
    assert 320 < len(delayed) < 480
    assert refused(amazon, delayed[0], 105 * DAY) == OUT_OF_RANGE
    amazon.request(delayed[0], 105 * DAY + amazon.delay_ms(delayed[0]))
    willing = next(each for each in orders if amazon.is_open(each) and each.number not in amazon.sent)
    offered = [amazon.offers(willing, 110 * DAY + hour * HOUR) for hour in range(500)]
    assert 20 < offered.count(False) < 90


def test_a_mood_that_was_set_and_what_was_accepted_are_kept(tmp_path: Path) -> None:
    world = World(Storage(tmp_path), SimulatorClock.manual(datetime(2026, 11, 22, tzinfo=UTC)), seed=1)
    seller = world.create_seller("quiet-us")
    order = world.new_order(seller, may_fail=False, days_ago=14)
    amazon = SolicitationsApi(world)
    amazon.set_mood(Mood(0, 0, 0, outages=((1, 2),)))
    amazon.requests.request(solicitable(order), world.now_ms)
    assert SolicitationsApi(world).requests.mood == Mood(0, 0, 0, outages=((1, 2),))
    accepted = {"order_id": order.order_id, "accepted_at": "2026-11-22T00:00:00Z"}
    assert truth.solicitations(world, seller) == [accepted]
    assert truth.solicitations(world, world.create_seller("quiet-us")) == []


def test_an_outage_is_for_everybody_and_says_nothing() -> None:
    amazon = Solicitations(1, {}, Mood(0, 0, 0, outages=((110 * DAY, 111 * DAY),)))
    assert [amazon.offers(ORDER, at) for at in (110 * DAY - 1, 110 * DAY, 111 * DAY - 1, 111 * DAY)] == [
        True, False, False, True,
    ]  # fmt: skip
