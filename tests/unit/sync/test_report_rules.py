import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.sync import report_rules as rules
from quayside.sync.report_rules import Part, Standing, Window

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def window(begins: int, ends: int) -> Window:
    return Window(NOW + begins * DAY, NOW + ends * DAY)


@given(st.integers(1, 800), st.integers(1, 40))
def test_windows_cover_history_once_and_none_is_too_long(days: int, longest: int) -> None:
    found = list(rules.windows(NOW, NOW - days * DAY, longest))
    assert found[0].ends == NOW
    assert found[-1].begins == NOW - days * DAY
    assert all(before.begins == after.ends for before, after in itertools.pairwise(found))
    assert all(timedelta(0) < each.ends - each.begins <= longest * DAY for each in found)
    assert len(found) == -(-days // longest)


def test_looks_are_three_minutes_apart_at_first_and_fifteen_at_last() -> None:
    assert [rules.check_delay(checks) for checks in range(6)] == [180, 270, 405, 608, 900, 900]
    assert rules.check_delay(10_000) == 900


@pytest.mark.parametrize(
    ("others", "interval", "too_soon"),
    [
        ([], 1800, False),
        ([-1799], 1800, True),
        ([-1800], 1800, False),
        ([-5000, -60], 1800, True),
        ([0], 1800, True),
        ([60], 1800, False),
        ([-60], 0, False),
    ],
)
def test_a_report_was_asked_for_too_soon_when_another_one_was_just_before(
    others: list[int],
    interval: int,
    too_soon: bool,  # noqa: FBT001 - a column of the table
) -> None:
    asked = [NOW + timedelta(seconds=seconds) for seconds in others]
    assert rules.is_too_soon(NOW, asked, interval) == too_soon


@given(st.lists(st.integers(-10_000, 0), max_size=5), st.integers(0, 5000))
def test_what_is_asked_for_when_it_is_allowed_is_never_too_soon(others: list[int], interval: int) -> None:
    asked = [NOW + timedelta(seconds=seconds) for seconds in others]
    at = rules.allowed_at(asked, interval)
    assert not rules.is_too_soon(max(NOW, at) if at else NOW, asked, interval)


@pytest.mark.parametrize(
    ("attempts", "interval", "minutes"), [(1, 0, 15), (2, 0, 30), (1, 1800, 30), (2, 4 * 3600, 240), (3, 0, None)]
)
def test_a_failed_report_is_asked_for_again_later_each_time_and_not_for_ever(
    attempts: int, interval: int, minutes: int | None
) -> None:
    expected = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert rules.again_at(NOW, attempts, interval) == expected


@given(st.lists(st.booleans(), max_size=12), st.randoms(use_true_random=False))
def test_history_is_complete_from_where_the_newest_windows_join(done: list[bool], chance: object) -> None:
    parts = [Part(window(-30 * (place + 1), -30 * place), each, 10) for place, each in enumerate(done)]
    joined = next((place for place, each in enumerate(done) if not each), len(done))
    shuffled = list(parts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert rules.standing(shuffled) == Standing(
        sum(done), len(done), 10 * sum(done), NOW - 30 * joined * DAY if joined else None, tuple(done)
    )


@pytest.mark.parametrize(
    ("parts", "known", "until"),
    [
        ([], None, None),
        ([], -5, -5),
        ([(-10, -5, True)], None, -5),
        ([(-10, -5, False)], None, None),
        ([(-10, -5, True), (-5, 0, True)], None, 0),
        ([(-10, -5, False), (-5, 0, True)], None, None),
        ([(-10, -5, True), (-3, 0, True)], None, -5),
        ([(-10, -3, True), (-5, 0, True)], -4, 0),
        ([(-3, 0, True)], -5, -5),
        ([(-6, 0, True)], -5, 0),
        ([(-6, 0, False)], -5, -5),
        ([(-9, -8, True)], -5, -5),
    ],
)
def test_a_dataset_is_complete_as_far_as_stored_windows_join(
    parts: list[tuple[int, int, bool]], known: int | None, until: int | None
) -> None:
    told = [Part(window(begins, ends), done, 0) for begins, ends, done in parts]
    before = None if known is None else NOW + known * DAY
    assert rules.complete_until(told, before) == (None if until is None else NOW + until * DAY)
