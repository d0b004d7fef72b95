"""The properties a quota must have: never more than Amazon allows in any window, however late slots are used."""

from bisect import bisect_left
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.operations import OPERATIONS
from quayside.amazon.quota import (
    Plan,
    backfill_of,
    exhausted,
    interval_of,
    plan_of,
    rescaled,
    reserve,
    standing,
)

plans = st.builds(plan_of, st.integers(1, 200_000), st.integers(1, 50))
gaps = st.lists(st.integers(0, 500_000), min_size=1, max_size=120)


def slots(arrivals: list[int], plan: Plan) -> list[int]:
    arrival_at = None
    found = []
    for now in arrivals:
        reserved = reserve(arrival_at, now, plan)
        arrival_at = reserved.arrival_at
        found.append(reserved.slot_at)
    return found


def instants(steps: list[int]) -> list[int]:
    total, found = 0, []
    for step in steps:
        total += step
        found.append(total)
    return found


def admitted_by_amazon(calls: list[int], interval: int, burst: int) -> bool:
    """Play Amazon's token bucket in exact arithmetic (tokens in units of one interval's milliseconds)."""
    capacity = burst * interval
    tokens, at = capacity, 0
    for call in sorted(calls):
        tokens = min(capacity, tokens + call - at)
        at = call
        if tokens < interval:
            return False
        tokens -= interval
    return True


@pytest.mark.parametrize(
    ("rate", "interval"), [("0.0056", 178_572), ("0.5", 2000), ("2", 500), ("0.016", 62_500), ("3", 334), ("5000", 1)]
)
def test_intervals_are_rounded_up(rate: str, interval: int) -> None:
    assert interval_of(Decimal(rate)) == interval


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_positive(rate: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        interval_of(Decimal(rate))


@pytest.mark.parametrize(("interval", "burst"), [(0, 1), (1, 0)])
def test_a_plan_needs_a_rate_and_a_burst(interval: int, burst: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        plan_of(interval, burst)


@given(st.integers(1, 200_000), st.integers(1, 50), gaps, st.data())
def test_amazon_admits_every_call_however_late_within_the_plan(
    interval: int, burst: int, steps: list[int], data: st.DataObject
) -> None:
    plan = plan_of(interval, burst)
    late = data.draw(st.lists(st.integers(0, plan.lateness), min_size=len(steps), max_size=len(steps)))
    calls = [slot + delay for slot, delay in zip(slots(instants(steps), plan), late, strict=True)]
    assert admitted_by_amazon(calls, interval, burst)


@given(plans, gaps)
def test_no_window_holds_more_than_burst_and_rate_allow(plan: Plan, steps: list[int]) -> None:
    found = slots(instants(steps), plan)
    for place, begins in enumerate(found):
        for ends in found[place:]:
            inside = bisect_left(found, ends + 1) - bisect_left(found, begins)
            assert inside <= plan.burst + (ends - begins) // plan.interval


@given(plans, gaps)
def test_slots_never_go_back_and_never_lie_in_the_past(plan: Plan, steps: list[int]) -> None:
    arrivals = instants(steps)
    found = slots(arrivals, plan)
    assert found == sorted(found)
    assert all(slot >= now for slot, now in zip(found, arrivals, strict=True))


@given(plans, st.integers(0, 10**13))
def test_an_idle_bucket_gives_its_burst_at_once_and_then_the_rate(plan: Plan, now: int) -> None:
    found = slots([now] * (plan.burst + 3), plan)
    assert found[: plan.burst] == [now] * plan.burst
    assert [slot - now for slot in found[plan.burst :]] == [plan.interval, 2 * plan.interval, 3 * plan.interval]


@given(plans, gaps)
def test_waiting_is_never_longer_than_the_queue_before_it(plan: Plan, steps: list[int]) -> None:
    arrivals = instants(steps)
    for place, (slot, now) in enumerate(zip(slots(arrivals, plan), arrivals, strict=True)):
        assert slot - now <= max(0, (place + 1 - plan.burst)) * plan.interval


@given(plans, st.integers(0, 10**13))
def test_after_a_429_the_next_slot_is_an_interval_away(plan: Plan, now: int) -> None:
    assert reserve(exhausted(now, plan), now, plan).slot_at == now + plan.interval


@given(st.integers(1, 200_000), st.integers(3, 50), st.integers(1, 60))
def test_urgent_work_finds_a_slot_at_once_while_a_backfill_runs(interval: int, burst: int, pages: int) -> None:
    plan = plan_of(interval, burst)
    backfill = backfill_of(plan)
    arrival_at, now = None, 10**12
    for _ in range(pages):  # a chain: the next page is reserved when this one was used
        reserved = reserve(arrival_at, now, backfill)
        arrival_at, now = reserved.arrival_at, max(now, reserved.slot_at)
        assert reserve(arrival_at, now, plan).slot_at == now


def test_a_slot_is_ahead_due_or_lost() -> None:
    plan = Plan(interval=1000, burst=2, lateness=500)
    assert [standing(10_000, now, plan) for now in (9_999, 10_000, 10_500, 10_501)] == ["ahead", "due", "due", "lost"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_room_to_be_a_second_late_or_more(name: str) -> None:
    """A queue counts whole seconds; the one operation with less room reserves its slot anew when it is late."""
    operation = OPERATIONS[name]
    plan = plan_of(interval_of(operation.rate), operation.burst)
    assert plan.lateness >= (500 if name == "getInventorySummaries" else 1000)


@given(
    ahead=st.integers(-500_000, 5_000_000),
    now=st.integers(0, 2_000_000_000_000),
    old=st.integers(1, 200_000),
    new=st.integers(1, 200_000),
)
def test_a_change_of_rate_keeps_as_many_calls_outstanding_and_forgets_none(
    ahead: int, now: int, old: int, new: int
) -> None:
    after = rescaled(now + ahead, now, old, new)
    assert after >= now
    assert (after - now) * old >= max(ahead, 0) * new
    assert (after - now - 1) * old < max(ahead, 0) * new
