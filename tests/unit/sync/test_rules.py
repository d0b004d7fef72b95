from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.sync.registry import FINANCES, INVENTORY, LISTINGS, ORDERS, REGISTRY, dataset
from quayside.sync.rules import (
    FEW_ORDERS,
    LONGEST_SWEEP_SECONDS,
    MAXIMUM_DELAY_SECONDS,
    SETTLED_SECONDS,
    SWEEP_SECONDS,
    PageSeen,
    Standing,
    Wanted,
    backoff_seconds,
    emptied,
    next_step,
    resume_from,
    seconds_until,
    seen,
    spread_seconds,
    sweep_step,
    sweeps_unshipped_only,
    windows_of,
    words_for,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(1, 1.0, 5), (2, 1.0, 10), (5, 1.0, 80), (9, 1.0, 900), (60, 1.0, 900), (3, 0.5, 10), (3, 0.0, 1), (0, 1.0, 5)],
)
def test_backoff_doubles_up_to_what_a_queue_holds(attempt: int, jitter: float, seconds: int) -> None:
    assert backoff_seconds(attempt, jitter) == seconds


@given(st.integers(0, 10**6), st.floats(0, 1, exclude_max=True))
def test_backoff_is_always_a_delay_a_queue_takes(attempt: int, jitter: float) -> None:
    assert 1 <= backoff_seconds(attempt, jitter) <= MAXIMUM_DELAY_SECONDS


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_nobody_comes_before_the_slot_and_nobody_a_second_late(slot_at: int, now: int) -> None:
    arrives = now + 1000 * seconds_until(slot_at, now)
    assert arrives >= slot_at or slot_at <= now
    assert arrives - max(slot_at, now) < 1000


@given(st.text(), st.integers(1, 900))
def test_a_place_in_a_window_is_always_the_same(text: str, window: int) -> None:
    assert spread_seconds(text, window) == spread_seconds(text, window)
    assert 0 <= spread_seconds(text, window) < window


def test_different_connections_get_different_places() -> None:
    assert len({spread_seconds(f"connection-{number}", 300) for number in range(200)}) > 100


@given(st.integers(0, 1000), st.integers(1, 200))
def test_windows_cover_a_span_once_the_newest_first(days: int, longest: int) -> None:
    begins = NOW - timedelta(days=days)
    windows = windows_of(begins, NOW, timedelta(days=longest))
    assert sum((end - start for start, end in windows), timedelta(0)) == NOW - begins
    assert all(timedelta(0) < end - start <= timedelta(days=longest) for start, end in windows)
    assert [end for _, end in windows[1:]] == [start for start, _ in windows[:-1]]


times = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.lists(times, max_size=6))
def test_no_order_is_skipped_when_a_token_has_expired(pages: list[list[int]]) -> None:
    """Whatever the pages brought, searching again from the resumed time finds every order not seen yet."""
    start = NOW
    state = PageSeen(None, ascending=True)
    for page in pages:
        state = seen(state, [start + timedelta(seconds=second) for second in page])
    flat = [second for page in pages for second in page]
    in_order = all(
        max(before) <= min(after)
        for place, before in enumerate(pages)
        for after in pages[place + 1 :]
        if before and after
    )
    resumed = resume_from(start, state)
    assert resumed >= start
    if flat and in_order:
        assert resumed == max(start, start + timedelta(seconds=max(flat) - 1))
    if flat and not in_order:
        assert resumed == start


# -- What a dataset needs next -----------------------------------------------------------------------------------------


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


FRESH: dict[str, Any] = {"last_success_at": ago(minutes=5), "complete_until": ago(minutes=8)}


@pytest.mark.parametrize(
    ("key", "standing", "kind", "source", "because"),
    [
        (ORDERS, {"live": False}, None, "none", "The connection is not active."),
        (ORDERS, {"needed": False}, None, "none", "No feature that is on needs it."),
        (ORDERS, {"paused": True}, None, "none", "It is paused."),
        (ORDERS, {}, "orders.search", "search", "It was never read."),
        (ORDERS, FRESH, None, "none", "It was read 5 min ago, which is recent enough."),
        # A beat that comes a little early is a beat: schedules look every five minutes.
        (ORDERS, {**FRESH, "last_success_at": ago(minutes=12)},
         "orders.search", "search", "It was last read 12 min ago."),
        # Notifications are alive and the last full check is not old: nothing is asked for.
        (
            ORDERS,
            {**FRESH, "last_success_at": ago(hours=5), "notified_at": ago(minutes=4), "checked_at": ago(hours=5)},
            None,
            "notification",
            "Amazon told us of a change 4 min ago; the last full check was 5 h ago.",
        ),
        # They are alive, but the last full check is: one report, whatever the number of orders.
        (
            ORDERS,
            {"last_success_at": ago(hours=13), "notified_at": ago(minutes=4), "checked_at": ago(hours=13),
             "complete_until": ago(hours=13)},
            "orders.search",
            "report",
            "Amazon told us of a change 4 min ago, but the last full check was 13 h ago. One report brings all since.",
        ),
        # They have been silent for half an hour: a search.
        (
            ORDERS,
            {"last_success_at": ago(minutes=40), "notified_at": ago(minutes=31), "complete_until": ago(minutes=43)},
            "orders.search",
            "search",
            "It was last read 40 min ago.",
        ),
        # After an outage of theirs or ours a report is cheaper than pages.
        (
            ORDERS,
            {"last_success_at": ago(hours=7), "complete_until": ago(hours=7)},
            "orders.search",
            "report",
            "It was last read 7 h ago. One report brings all since.",
        ),
        # A failure is looked into at the next beat, however alive the notifications are.
        (
            ORDERS,
            {**FRESH, "notified_at": ago(minutes=1), "checked_at": ago(hours=1), "failing": True},
            "orders.search",
            "search",
            "The last try failed; it was last read 5 min ago.",
        ),
        (INVENTORY, {"last_success_at": ago(hours=2), "notified_at": ago(minutes=9), "checked_at": ago(hours=2)},
         None, "notification", "Amazon told us of a change 9 min ago; the last full check was 2 h ago."),
        (INVENTORY, {"last_success_at": ago(hours=7), "notified_at": ago(minutes=9), "checked_at": ago(hours=7)},
         "inventory.list", "search", "Amazon told us of a change 9 min ago, but the last full check was 7 h ago."),
        # Notifications of listings don't carry listings.
        (LISTINGS, {"last_success_at": ago(hours=12), "notified_at": ago(minutes=1)},
         "listings.refresh", "report", "It was last read 12 h ago."),
        (FINANCES, {"last_success_at": ago(hours=1)}, None, "none", "It was read 1 h ago, which is recent enough."),
        # Clocks differ by minutes: the future is now.
        (FINANCES, {"last_success_at": NOW + timedelta(minutes=9)}, None, "none",
         "It was read 0 s ago, which is recent enough."),
    ],
)  # fmt: skip
def test_the_cheapest_source_comes_first(
    key: str, standing: dict[str, Any], kind: str | None, source: str, because: str
) -> None:
    step = next_step(dataset(key), Standing(**standing), NOW)
    assert (step.kind, step.source, step.because) == (kind, source, because)
    if key == ORDERS and kind is not None:
        assert step.arguments == {"mode": "check" if source == "report" else "reconcile"}


instants = st.none() | st.integers(-3600, 40 * 86_400).map(lambda seconds: NOW - timedelta(seconds=seconds))
standings = st.builds(
    Standing,
    live=st.booleans(),
    needed=st.booleans(),
    paused=st.booleans(),
    last_success_at=instants,
    notified_at=instants,
    checked_at=instants,
    complete_until=instants,
    failing=st.booleans(),
)


@given(st.sampled_from(REGISTRY), standings)
def test_what_may_not_be_read_is_not_and_what_is_stale_is(each: Any, standing: Standing) -> None:
    step = next_step(each, standing, NOW)
    assert step.because.endswith(".")
    if not standing.live or not standing.needed or standing.paused:
        assert step.kind is None
        return
    read, told, checked = standing.last_success_at, standing.notified_at, standing.checked_at
    hears = bool(each.check_seconds) and told is not None and NOW - told < timedelta(minutes=30)
    if read is None and not hears:
        assert step.kind == each.refresh_kind
    if read is not None and NOW - read >= timedelta(seconds=each.refresh_seconds) and not hears:
        assert step.kind == each.refresh_kind
    if hears and (checked is None or NOW - checked >= timedelta(seconds=each.check_seconds)):
        assert step.kind == each.refresh_kind or (read is not None and standing.failing)
    if step.kind is None:
        assert step.source in {"none", "notification"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47 * 3600, "47 h"),
        (172_800, "2 days"),
    ],
)
def test_spans_are_said_as_people_say_them(seconds: int, words: str) -> None:
    assert words_for(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("before", "now", "reported"), [(None, 0, False), (0, 0, False), (7, 0, True), (7, 1, False), (0, 9, False)]
)
def test_an_empty_list_where_there_was_one_is_reported(before: int | None, now: int, reported: bool) -> None:  # noqa: FBT001 - a table
    assert emptied(before, now) is reported


# -- Prices without a call per order -----------------------------------------------------------------------------------

AT = 1_800_000_000


@pytest.mark.parametrize(
    ("state", "added", "singly", "plan_at"),
    [
        # A quiet shop: each order by itself, at once.
        (Wanted(1, 0, AT, None), 1, True, None),
        (Wanted(2, 2, AT - 10, None), 1, True, None),
        # The third in a window: a search as soon as Amazon can answer it.
        (Wanted(3, 0, AT - 10, None), 1, False, AT + SETTLED_SECONDS),
        (Wanted(5, 0, AT, None), 5, False, AT + SETTLED_SECONDS),
        # The planned search brings it too.
        (Wanted(9, 0, AT - 10, AT + SETTLED_SECONDS), 1, False, None),
        (Wanted(9, 0, AT - 10, AT + SETTLED_SECONDS + LONGEST_SWEEP_SECONDS), 1, False, None),
        # The planned one comes too early for it: the one after that.
        (Wanted(20, 0, AT - 10, AT + 100), 1, False, AT + 100 + SWEEP_SECONDS),
        (Wanted(1, 400, AT - 10, AT - 60), 1, False, AT - 60 + SWEEP_SECONDS),
        # Where few come that waits longer for them.
        (Wanted(16, 0, AT - 10, AT + 100), 1, False, AT + 100 + SWEEP_SECONDS * 5 // 4),
        (Wanted(9, 10, AT - 10, AT + 100), 1, False, AT + 100 + LONGEST_SWEEP_SECONDS),
        (Wanted(3, 0, AT - 10, AT + 100), 1, False, AT + 100 + LONGEST_SWEEP_SECONDS),
        # The last one was long ago.
        (Wanted(9, 0, AT - 10, AT - 9999), 1, False, AT + SETTLED_SECONDS),
        # A clock that was ahead does not hold prices up.
        (Wanted(9, 0, AT - 10, AT + 9999), 1, False, AT + SETTLED_SECONDS),
    ],
)
def test_a_few_prices_are_fetched_and_more_are_searched_for(
    state: Wanted,
    added: int,
    singly: bool,  # noqa: FBT001 - a table
    plan_at: int | None,
) -> None:
    step = sweep_step(state, added, AT)
    assert (step.singly, step.plan_at) == (singly, plan_at)


@pytest.mark.parametrize(
    ("state", "added", "window"),
    [
        (Wanted(4, 9, AT - 10, None), 1, None),
        (Wanted(4, 9, AT - SWEEP_SECONDS, 7), 1, Wanted(1, 3, AT, 7)),
        (Wanted(4, 9, AT - 2 * SWEEP_SECONDS, 7), 1, Wanted(1, 0, AT, 7)),
        (Wanted(4, 9, AT + 2 * SWEEP_SECONDS, 7), 1, Wanted(1, 0, AT, 7)),
    ],
)
def test_prices_are_counted_window_by_window(state: Wanted, added: int, window: Wanted | None) -> None:
    assert sweep_step(state, added, AT).window == window


@pytest.mark.parametrize(("wanted", "last", "narrow"), [(3, 0, False), (26, 26, False), (27, 0, True), (0, 27, True)])
def test_a_search_that_would_not_fit_a_page_is_narrowed(wanted: int, last: int, narrow: bool) -> None:  # noqa: FBT001 - a table
    assert sweeps_unshipped_only(wanted, last) is narrow


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 6)), min_size=1, max_size=80))
def test_every_price_is_brought_in_time_and_searches_keep_their_distance(batches: list[tuple[int, int]]) -> None:
    """Whatever comes when: an order is fetched at once, or a search brings it after it has settled, within a window.

    And two searches are never closer than the quota allows.
    """
    now, state = AT, Wanted(0, 0, None, None)
    planned: list[int] = []
    waiting: list[int] = []
    for pause, added in batches:
        now += pause
        state = state._replace(wanted=state.wanted + added, window_at=state.window_at or now)
        step = sweep_step(state, added, now)
        state = step.window or state
        if step.plan_at is not None:
            planned.append(step.plan_at)
            state = state._replace(planned_at=step.plan_at)
        if step.singly:
            assert added <= FEW_ORDERS
        else:
            waiting.append(now)
    for at in waiting:
        brought = min(search for search in planned if search >= at + SETTLED_SECONDS)
        assert brought - at <= SETTLED_SECONDS + LONGEST_SWEEP_SECONDS
    assert all(later - earlier >= SWEEP_SECONDS for earlier, later in pairwise(planned))
