"""What counts the faults has to see each kind of fault: one of each is planted here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.comparison import amount_differences, compare

TRUTH = {"a": 1, "b": 2, "c": 3}


def test_nothing_is_found_when_all_is_kept_once() -> None:
    found = compare(TRUTH, [("c", 3), ("a", 1), ("b", 2)])
    assert (found.lost, found.doubled, found.wrong, found.extra) == (0, 0, 0, 0)
    assert found.total == 0
    assert found.examples == ()


@pytest.mark.parametrize(
    ("kept", "lost", "doubled", "wrong", "extra"),
    [
        pytest.param([("a", 1), ("b", 2)], 1, 0, 0, 0, id="one is lost"),
        pytest.param([*TRUTH.items(), ("b", 2)], 0, 1, 0, 0, id="one is kept twice"),
        pytest.param([("a", 1), ("b", 9), ("c", 3)], 0, 0, 1, 0, id="one says something else"),
        pytest.param([*TRUTH.items(), ("d", 4)], 0, 0, 0, 1, id="one never was"),
        pytest.param([("a", 1), ("a", 9), ("b", 2)], 1, 1, 1, 0, id="the second copy is wrong and another is lost"),
        pytest.param([], 3, 0, 0, 0, id="all are lost"),
    ],
)
def test_each_fault_is_counted(kept: list[tuple[str, int]], lost: int, doubled: int, wrong: int, extra: int) -> None:
    found = compare(TRUTH, kept)
    assert (found.lost, found.doubled, found.wrong, found.extra) == (lost, doubled, wrong, extra)
    assert found.total == lost + doubled + wrong + extra
    assert found.examples


def test_no_more_examples_are_told_than_asked_for() -> None:
    assert len(compare(TRUTH, [], examples=2).examples) == 2


def test_amounts_of_different_keys_never_cancel() -> None:
    assert amount_differences({"monday": 5, "tuesday": 5}, {"monday": 6, "tuesday": 4}) == 2
    assert amount_differences({"monday": 5}, {}) == 5
    assert amount_differences({}, {"sunday": -3}) == 3


@given(
    st.dictionaries(st.integers(0, 9), st.integers(-100, 100)),
    st.dictionaries(st.integers(0, 9), st.integers(-100, 100)),
)
def test_amounts_differ_by_nothing_only_when_they_are_equal(truth: dict[int, int], kept: dict[int, int]) -> None:
    same = {key: value for key, value in truth.items() if value} == {key: value for key, value in kept.items() if value}
    assert (amount_differences(truth, kept) == 0) == same
