"""The quota benchmark's arithmetic: what a bucket offers, who waits for what, and which work is given to whom."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.harness import Run
from tests.bench.quota import (
    APPLICATION,
    CONNECTIONS,
    GET_ORDER,
    TIMES,
    Asked,
    Figures,
    Part,
    Plan,
    figures_of,
    own_turns,
    parts,
    percentile,
    together,
    used_share,
    waits_beyond,
)
from tests.bench.simulated_amazon import Call

SECOND = Plan(1.0, 3)
BACKLOG = Part("backlog", SECOND, small=1)
SHARED = Part("application", SECOND, small=1, whole=Plan(0.5, 4), spread=True)


def call(at_ms: int, status: int = 200) -> Call:
    return Call(at_ms, "A", "/", status)


# -- One bucket --------------------------------------------------------------------------------------------------------


def test_a_connection_alone_makes_its_burst_at_once_and_then_one_call_an_interval() -> None:
    assert own_turns([0] * 6, SECOND) == [0, 0, 0, 1000, 2000, 3000]
    assert own_turns([0, 0, 0, 0, 10_000, 10_000, 10_000, 10_000], SECOND)[3:] == [1000, 10_000, 10_000, 10_000, 11_000]
    assert own_turns([0, 0, 0, 500], SECOND)[-1] == 1000


@given(st.lists(st.integers(0, 100_000), max_size=60).map(sorted))
def test_nobody_calls_before_asking_nor_overtakes_nor_finds_more_than_the_bucket_holds(asked: list[int]) -> None:
    made = own_turns(asked, SECOND)
    assert made == sorted(made)
    assert all(at >= wanted for at, wanted in zip(made, asked, strict=True))
    for place, at in enumerate(made[3:]):
        assert at - made[place] >= 1000 - 1e-6


def test_a_wait_is_what_comes_on_top_of_ones_own_bucket_in_slots() -> None:
    assert waits_beyond([0, 0, 0, 0], [0, 500, 0, 3000], SECOND) == [0, 0, 0.5, 2.0]
    assert waits_beyond([0, 0, 0, 0], [0, 0, 0, 1000], SECOND) == [0, 0, 0, 0]


def test_every_request_must_have_its_call() -> None:
    with pytest.raises(ValueError, match="zip"):
        waits_beyond([0, 0], [0], SECOND)


def test_the_share_is_of_the_burst_and_what_comes_in_the_time() -> None:
    assert used_share(13, 10_000, SECOND) == 1.0
    assert used_share(10, 17_000, SECOND) == 0.5


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 95), percentile(values[:20], 95), percentile([7.0], 95)) == (95.0, 19.0, 7.0)
    assert percentile([], 95) == 0.0


# -- A part ------------------------------------------------------------------------------------------------------------


def small_calls(at_ms: int = 0) -> list[tuple[int, Call]]:
    return [(number, call(at_ms)) for number in range(1, CONNECTIONS)]


def small_requests() -> list[Asked]:
    return [Asked(0, number) for number in range(1, CONNECTIONS)]


def test_a_part_counts_the_large_connections_bucket_and_the_small_ones_waits() -> None:
    requests = [*([Asked(0, 0)] * 5), *small_requests()]
    large = [(0, call(at)) for at in (0, 0, 0, 1000, 4000)]
    refused = [(0, call(0, 429)), (7, call(5, 429))]
    figures = figures_of(BACKLOG, requests, 0, [*large, *refused, *small_calls(3000)])
    assert figures.used_share == 5 / 7
    assert figures.throttled == 2
    assert figures.waits == [3.0] * (CONNECTIONS - 1)
    assert (figures.calls, figures.simulated_minutes) == (54, 4 / 60)


def test_where_the_application_is_limited_everybodys_calls_count_until_the_backlog_ends() -> None:
    requests = [*([Asked(0, 0)] * 2), *small_requests()]
    calls = [(0, call(1000)), (0, call(1000 + 20_000)), *small_calls(1500)[:9], *small_calls(30_000)[9:]]
    assert figures_of(SHARED, requests, 1000, calls).used_share == 11 / (4 + 10)


def test_a_call_that_is_missing_or_was_answered_strangely_is_no_result() -> None:
    requests = [Asked(0, 0), Asked(0, 0), *small_requests()]
    with pytest.raises(ValueError, match="1 of 2"):
        figures_of(BACKLOG, requests, 0, [(0, call(0)), *small_calls()])
    with pytest.raises(RuntimeError, match="403"):
        figures_of(BACKLOG, requests, 0, [(0, call(0, 403)), *small_calls()])


def test_the_whole_is_as_good_as_its_worst_share_and_the_waits_of_all() -> None:
    one = Figures(0.99, 0, [0.0] * 95, 10, 1.0)
    other = Figures(0.5, 3, [8.0] * 5, 10, 1.0)
    whole = together([(BACKLOG, one), (SHARED, other)])
    assert (whole["used_share"], whole["throttled"], whole["small_p95_wait_slots"]) == (0.5, 3, 0.0)
    assert set(whole["parts"]) == {"backlog", "application"}  # type: ignore[call-overload]  # a report is plain objects


# -- The work ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [True, False])
def test_the_large_connection_has_a_hundred_times_the_work_of_each_other(quick: bool) -> None:  # noqa: FBT001 - a parameter of the test
    for part in parts(Run(quick=quick, scratch=Path())):
        count = Counter(each.connection for each in part.requests())
        assert len(count) == CONNECTIONS == 50
        assert {count[number] for number in range(1, CONNECTIONS)} == {part.small}
        assert count[0] == TIMES * part.small
        assert part.requests() == part.requests()
        assert [each.after_ms for each in part.requests()] == sorted(each.after_ms for each in part.requests())


def test_the_small_connections_alone_never_fill_the_applications_bucket() -> None:
    """Otherwise they would wait for one another, which no fairness towards the large one could help."""
    part = next(part for part in parts(Run(quick=False, scratch=Path())) if part.whole)
    requests = part.requests()
    small = [each.after_ms for each in requests if each.connection]
    assert len(small) < 0.5 * APPLICATION.rate * small[-1] / 1000
    assert requests[0].connection == 0
    assert part.own == GET_ORDER
    assert APPLICATION.rate < GET_ORDER.rate
