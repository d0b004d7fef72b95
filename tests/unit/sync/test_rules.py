from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.sync.rules import (
    MAXIMUM_DELAY_SECONDS,
    PageSeen,
    backoff_seconds,
    resume_from,
    seconds_until,
    seen,
    spread_seconds,
    window_before,
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


def test_history_is_walked_in_three_windows_the_newest_first() -> None:
    oldest = NOW - timedelta(days=548)
    bounds = [NOW]
    while bounds[-1] > oldest:
        bounds.append(window_before(bounds[-1], newest=NOW, oldest=oldest))
    assert [(NOW - bound).days for bound in bounds] == [0, 30, 120, 548]


@given(st.integers(1, 548))
def test_windows_cover_everything_once(days: int) -> None:
    oldest = NOW - timedelta(days=days)
    bounds = [NOW]
    for _ in range(4):
        if bounds[-1] <= oldest:
            break
        bounds.append(window_before(bounds[-1], newest=NOW, oldest=oldest))
    assert bounds[-1] == oldest
    assert bounds == sorted(bounds, reverse=True)


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
