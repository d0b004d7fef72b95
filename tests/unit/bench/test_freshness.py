"""The freshness benchmark's arithmetic: how old what is held is, and which orders count."""

import json
import math
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.clock import SimulatorClock
from infra.simulator.server import Simulator
from tests.bench.freshness import (
    DAY,
    LAST_SEARCHES,
    ORDERS,
    SHIPS_AFTER_SECONDS,
    Day,
    Span,
    Told,
    ages,
    change_of,
    gets,
    per_thousand,
    span_of,
)
from tests.bench.harness import Run
from tests.bench.simulated_amazon import Call

INSTANTS = st.integers(0, 1_000_000)


def test_an_age_ends_when_something_as_new_is_held() -> None:
    held = [(5_000, 1_000), (90_000, 60_000)]
    assert ages([1_000, 60_000], held) == [4.0, 30.0]


def test_a_change_that_a_newer_one_overtook_is_as_old_as_the_newer_ones_arrival() -> None:
    assert ages([1_000, 2_000], [(3_000, 2_000), (9_000, 1_000)]) == [2.0, 1.0]


def test_a_change_that_nobody_holds_is_endlessly_old_and_nothing_is_held_before_it_happened() -> None:
    assert ages([1_000], [(5_000, 999)]) == [math.inf]
    assert ages([1_000], []) == [math.inf]
    assert ages([1_000], [(400, 2_000)]) == [0.0]


@given(st.lists(INSTANTS, max_size=20), st.lists(st.tuples(INSTANTS, INSTANTS), max_size=20))
def test_a_later_change_never_was_held_earlier(changes: list[int], versions: list[tuple[int, int]]) -> None:
    found = ages(sorted(changes), versions)
    held = [change + 1000 * age for change, age in zip(sorted(changes), found, strict=True)]
    assert all(later >= earlier - 1e-3 for earlier, later in pairwise(held))


def test_a_price_counts_from_when_it_was_paid_and_one_that_never_came_is_endlessly_old() -> None:
    told = Told()
    told.paid |= {"a": 10_000, "b": 10_000, "c": 10_000, "d": 10_000}
    told.cancelled |= {"c", "d"}
    told.hold("a", 60_000, 10_000, priced=True)
    told.hold("a", 40_000, 5_000, priced=False)
    told.hold("a", 90_000, 20_000, priced=True)
    told.hold("d", 15_000, 10_000, priced=True)
    assert sorted(told.price_ages()) == [5.0, 50.0, math.inf]


def test_status_ages_are_those_of_every_change_of_every_order() -> None:
    told = Told()
    told.changes["a"] += [1_000, 2_000]
    told.changes["b"] += [1_000]
    told.hold("a", 4_000, 2_000, priced=False)
    assert sorted(told.status_ages()) == [2.0, 3.0, math.inf]


def test_only_gets_count_refused_ones_too() -> None:
    calls = [Call(0, "A", "/", 200), Call(0, "A", "/", 429), Call(0, "A", "/", 202, "POST")]
    assert (gets(calls), per_thousand(gets(calls), 500)) == (2, 4.0)


def test_a_run_is_a_day_of_the_marketplace_and_a_quick_one_72_minutes_of_it() -> None:
    whole = span_of(Run(quick=False, scratch=Path()))
    quick = span_of(Run(quick=True, scratch=Path()))
    assert whole == Span(round(DAY.timestamp() * 1000), round(DAY.timestamp() * 1000) + 86_400_000)
    assert (whole.hours, quick.hours) == (24, 1.2)
    assert whole.begins_ms < quick.begins_ms < quick.ends_ms < whole.ends_ms


# -- The day at Amazon -------------------------------------------------------------------------------------------------


def test_the_shop_sells_at_the_days_pace_while_it_is_open_and_ships_in_time() -> None:
    begins = datetime(2030, 3, 5, 20, tzinfo=UTC)  # noon in the marketplace
    span = Span(round(begins.timestamp() * 1000), round(begins.timestamp() * 1000) + 600_000)
    simulator = Simulator(clock=SimulatorClock.manual(begins), seed=3, deliver=_nowhere, deliver_event=_nowhere)
    try:
        seller = simulator.world.create_seller("busy-us", seed=3, history=False)
        simulator.world.change_seller(seller, demand=0)
        day = Day(simulator, seller, span)
        simulator.advance(299)
        day.open()
        simulator.advance(600)
        day.close()
        placed = day.placed
        # 5.5 % of the day's orders come in this hour: those of two slots of five minutes are a sixth of them.
        assert 0.6 * ORDERS * 0.055 / 6 < placed < 1.4 * ORDERS * 0.055 / 6
        was_over = day.is_over
        simulator.advance(SHIPS_AFTER_SECONDS[1] + 35 * 60)
        assert (was_over, day.is_over) == (False, True)
        assert day.placed == placed == len(day.told.changes)
        assert set(day.told.paid) | day.told.cancelled == set(day.told.changes)
        for order_id, paid in day.told.paid.items():
            shipped = day.told.changes[order_id][-1]
            earliest, latest = SHIPS_AFTER_SECONDS
            assert order_id in day.told.cancelled or 1000 * earliest <= shipped - paid <= 1000 * latest
        assert {len(changes) for changes in day.told.changes.values()} <= {2, 3}
        day.watched = False
        simulator.advance(LAST_SEARCHES.total_seconds() + 7 * 86_400)
        assert {len(changes) for changes in day.told.changes.values()} <= {2, 3}
    finally:
        simulator.stop()


def test_a_notification_tells_of_an_order_and_an_instant_or_of_something_else() -> None:
    at = datetime(2030, 3, 5, 20, tzinfo=UTC)
    order = {"AmazonOrderId": "1", "OrderChangeTrigger": {"TimeOfOrderChange": at.isoformat()}}
    body = json.dumps({"Payload": {"OrderChangeNotification": order}})
    assert change_of(body) == ("1", round(at.timestamp() * 1000))
    assert change_of(json.dumps({"payload": {"SKU": "A"}})) is None
    assert change_of(json.dumps({"Payload": {"TransactionUpdateNotification": {}}})) is None


def _nowhere(_arn: str, _body: str) -> None:
    """Take nothing."""
