"""The properties a quota must have: never more than Amazon allows in any window, however late calls arrive."""

from bisect import bisect_left
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.operations import OPERATIONS
from quayside.amazon.quota import (
    LATENESS,
    Plan,
    Share,
    exhausted,
    interval_of,
    left,
    next_at,
    place_in_line,
    plan_of,
    rescaled,
    share_of,
    slowed,
    take,
)

intervals = st.integers(1, 200_000)
bursts = st.integers(1, 50)
plans = st.builds(plan_of, intervals, bursts)
gaps = st.lists(st.integers(0, 500_000), min_size=1, max_size=120)
SHARES: tuple[Share, ...] = ("whole", "busy", "backfill")
shares = st.sampled_from(SHARES)


class Asked(NamedTuple):
    """Somebody who asks for a token at an instant."""

    at: int
    share: Share = "whole"


def taken(asked: list[Asked], plan: Plan) -> list[int]:
    """Return at which instants tokens were taken, of all that were asked for."""
    arrival_at, found = None, []
    for each in asked:
        after = take(arrival_at, each.at, share_of(plan, each.share))
        if after is not None:
            arrival_at = after
            found.append(each.at)
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


@pytest.mark.parametrize(
    ("interval", "burst", "plan"),
    [
        (178_572, 20, Plan(178_572, 19, 178_572)),
        (2000, 30, Plan(2000, 25, 10_000)),
        (2000, 10, Plan(2000, 6, 8000)),
        (1000, 5, Plan(1000, 3, 2000)),
        (500, 2, Plan(500, 1, 500)),
        (2000, 1, Plan(2500, 1, 500)),
        (60_000, 1, Plan(70_000, 1, 10_000)),
    ],
)
def test_a_plan_keeps_back_what_ten_seconds_of_lateness_cost_but_a_third_at_most(
    interval: int, burst: int, plan: Plan
) -> None:
    assert plan_of(interval, burst) == plan


@given(intervals, st.integers(2, 50))
def test_a_plan_gives_up_a_third_or_ten_seconds_whichever_is_less(interval: int, burst: int) -> None:
    plan = plan_of(interval, burst)
    assert plan.burst >= burst * 2 // 3
    assert plan.lateness >= LATENESS or plan.burst == max(1, burst * 2 // 3)
    assert plan.burst + plan.lateness / interval <= burst


@given(intervals, bursts, gaps, st.data())
def test_amazon_admits_every_call_however_late_within_the_plan(
    interval: int, burst: int, steps: list[int], data: st.DataObject
) -> None:
    plan = plan_of(interval, burst)
    of = data.draw(st.lists(shares, min_size=len(steps), max_size=len(steps)))
    found = taken([Asked(at, share) for at, share in zip(instants(steps), of, strict=True)], plan)
    late = data.draw(st.lists(st.integers(0, plan.lateness), min_size=len(found), max_size=len(found)))
    assert admitted_by_amazon([at + delay for at, delay in zip(found, late, strict=True)], interval, burst)


@given(intervals, bursts, st.integers(10, 60), st.data())
def test_amazon_admits_even_calls_that_are_all_asked_for_as_soon_as_there_is_a_token(
    interval: int, burst: int, calls: int, data: st.DataObject
) -> None:
    plan = plan_of(interval, burst)
    late = data.draw(st.lists(st.integers(0, plan.lateness), min_size=calls, max_size=calls))
    arrival_at, now, made = None, 0, []
    for delay in late:
        now = next_at(arrival_at, now, plan)
        arrival_at = take(arrival_at, now, plan)
        assert arrival_at is not None
        made.append(now + delay)
    assert admitted_by_amazon(made, interval, burst)


@given(plans, gaps)
def test_no_window_holds_more_than_burst_and_rate_allow(plan: Plan, steps: list[int]) -> None:
    found = taken([Asked(at) for at in instants(steps)], plan)
    for place, begins in enumerate(found):
        for ends in found[place:]:
            inside = bisect_left(found, ends + 1) - bisect_left(found, begins)
            assert inside <= plan.burst + (ends - begins) // plan.interval


@given(plans, st.integers(0, 10**13))
def test_an_idle_bucket_gives_its_burst_at_once_and_then_one_token_an_interval(plan: Plan, now: int) -> None:
    assert taken([Asked(now)] * (plan.burst + 3), plan) == [now] * plan.burst
    arrival_at = exhausted(now, plan) - plan.interval
    assert [next_at(arrival_at + n * plan.interval, now, plan) - now for n in range(3)] == [
        0, plan.interval, 2 * plan.interval,
    ]  # fmt: skip


@given(plans, gaps, st.integers(0, 10_000_000))
def test_the_next_token_is_there_at_the_instant_foretold_and_not_before(
    plan: Plan, steps: list[int], later: int
) -> None:
    arrival_at = None
    for at in instants(steps):
        arrival_at = take(arrival_at, at, plan) or arrival_at
    now = instants(steps)[-1] + later
    at = next_at(arrival_at, now, plan)
    assert take(arrival_at, at, plan) is not None
    assert at == now or take(arrival_at, at - 1, plan) is None
    assert (left(arrival_at, now, plan) > 0) == (at == now)


@given(plans, gaps)
def test_what_is_left_is_what_can_be_taken_at_once(plan: Plan, steps: list[int]) -> None:
    asked = [Asked(at) for at in instants(steps)]
    now = asked[-1].at
    before = len(taken(asked, plan))
    arrival_at = None
    for each in asked:
        arrival_at = take(arrival_at, each.at, plan) or arrival_at
    assert left(arrival_at, now, plan) == len(taken([*asked, *[Asked(now)] * 60], plan)) - before


# -- Shares and the line -----------------------------------------------------------------------------------------------


@given(intervals, st.integers(3, 50), gaps)
def test_urgent_work_finds_a_token_at_once_however_many_backfills_ask(
    interval: int, burst: int, steps: list[int]
) -> None:
    plan = plan_of(interval, burst)
    arrival_at = None
    for at in instants(steps):
        for _ in range(plan.burst + 1):
            arrival_at = take(arrival_at, at, share_of(plan, "backfill")) or arrival_at
        assert take(arrival_at, at, plan) is not None
        assert left(arrival_at, at, plan) >= plan.burst - plan.burst // 2


@given(plans, gaps, st.lists(shares, min_size=120, max_size=120))
def test_a_share_never_takes_what_is_kept_for_the_others(plan: Plan, steps: list[int], of: list[Share]) -> None:
    arrival_at = None
    for at, share in zip(instants(steps), of, strict=False):
        after = take(arrival_at, at, share_of(plan, share))
        if after is not None:
            kept = plan.burst - share_of(plan, share).burst
            assert left(after, at, plan) >= kept
            arrival_at = after


def test_shares_are_all_three_quarters_and_half_but_never_nothing() -> None:
    assert [share_of(Plan(1000, 12, 0), share).burst for share in SHARES] == [12, 9, 6]
    assert [share_of(Plan(1000, 1, 0), share).burst for share in SHARES] == [1, 1, 1]


@given(intervals, bursts, st.integers(1, 80), st.data())
def test_whoever_comes_to_its_place_in_line_even_late_finds_a_token(
    interval: int, burst: int, waiting: int, data: st.DataObject
) -> None:
    """A place holds no token, and yet none comes in vain: nor is a token lost, so the line costs no throughput."""
    plan = plan_of(interval, burst)
    arrival_at, line_at = exhausted(0, plan) - plan.interval, None
    patience = (plan.burst - 1) * plan.interval
    late = data.draw(st.lists(st.integers(0, patience), min_size=waiting, max_size=waiting))
    places = []
    for _ in range(waiting):
        line_at = place_in_line(line_at, next_at(arrival_at, 0, plan), plan)
        places.append(line_at)
    assert places == [number * plan.interval for number in range(waiting)]
    for at in sorted(place + delay for place, delay in zip(places, late, strict=True)):
        after = take(arrival_at, at, plan)
        assert after is not None
        arrival_at = after


def test_a_place_in_line_is_behind_the_last_and_not_before_the_next_token() -> None:
    plan = Plan(1000, 2, 0)
    assert place_in_line(None, 5000, plan) == 5000
    assert place_in_line(4500, 5000, plan) == 5500
    assert place_in_line(1000, 5000, plan) == 5000


# -- Learning ----------------------------------------------------------------------------------------------------------


@given(plans, st.integers(0, 10**13))
def test_after_a_429_the_next_token_is_an_interval_away(plan: Plan, now: int) -> None:
    assert next_at(exhausted(now, plan), now, plan) == now + plan.interval


def test_every_429_makes_the_interval_a_quarter_longer_up_to_four_times() -> None:
    interval, seen = 2000, []
    for _ in range(8):
        interval = slowed(interval, 2000)
        seen.append(interval)
    assert seen == [2500, 3125, 3907, 4884, 6105, 7632, 8000, 8000]


@given(intervals, intervals)
def test_a_429_never_makes_us_faster(interval: int, usual: int) -> None:
    assert slowed(interval, usual) >= interval


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_call_of_every_operation_may_be_late_by_as_long_as_connecting_takes(name: str) -> None:
    """Amazon's quickest plans leave the least."""
    operation = OPERATIONS[name]
    plan = plan_of(interval_of(operation.rate), operation.burst)
    assert plan.lateness >= 400


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
