"""A circuit: five faults in a row, then rest, probe, twice the rest."""

from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.circuit import (
    CLOSED,
    FIRST_PAUSE,
    FORGOTTEN_AFTER,
    LONGEST_PAUSE,
    OPENS_AFTER,
    Circuit,
    after_fault,
    probing,
    state_of,
)

NOW = 1_800_000_000_000


def failing(times: int, *, gap: int = 1000) -> Circuit:
    circuit = CLOSED
    for number in range(times):
        circuit = after_fault(circuit, NOW + number * gap, probe=False)
    return circuit


def test_four_faults_change_nothing_and_the_fifth_opens_it_for_thirty_seconds() -> None:
    assert state_of(failing(4), NOW + 4000) == "closed"
    opened = failing(5, gap=0)
    assert [state_of(opened, NOW + after) for after in (0, 29_999, 30_000)] == ["open", "open", "half_open"]


def test_faults_with_long_silence_between_them_are_not_in_a_row() -> None:
    assert failing(20, gap=FORGOTTEN_AFTER + 1) == Circuit(1, NOW + 19 * (FORGOTTEN_AFTER + 1))
    assert state_of(failing(5, gap=FORGOTTEN_AFTER), NOW + 4 * FORGOTTEN_AFTER) == "open"


def test_a_probe_that_fails_doubles_the_rest_up_to_fifteen_minutes() -> None:
    circuit, now, rests = failing(5, gap=0), NOW, []
    for _ in range(7):
        now = circuit.retry_at
        circuit = after_fault(probing(circuit, now), now, probe=True)
        rests.append((circuit.retry_at - now) // 1000)
    assert rests == [60, 120, 240, 480, 900, 900, 900]


def test_while_a_probe_is_under_way_the_others_rest_and_after_that_another_may_try() -> None:
    opened = failing(5, gap=0)
    at = opened.retry_at
    claimed = probing(opened, at)
    assert state_of(claimed, at) == "open"
    assert state_of(claimed, at + FIRST_PAUSE) == "half_open"


def test_calls_that_were_under_way_when_it_opened_do_not_prolong_the_rest() -> None:
    opened = failing(5, gap=0)
    later = after_fault(opened, NOW + 5000, probe=False)
    assert (later.retry_at, later.pause) == (opened.retry_at, opened.pause)
    assert later.faults == 6


@given(st.lists(st.tuples(st.integers(0, 2_000_000), st.booleans()), max_size=60))
def test_it_rests_only_after_five_faults_and_never_longer_than_fifteen_minutes(faults: list[tuple[int, bool]]) -> None:
    circuit, now = CLOSED, NOW
    for gap, probe in faults:
        now += gap
        circuit = after_fault(circuit, now, probe=probe)
        assert circuit.retry_at <= now + LONGEST_PAUSE
        if circuit.faults < OPENS_AFTER:
            assert state_of(circuit, now) == "closed"
        if circuit.pause:
            assert FIRST_PAUSE <= circuit.pause <= LONGEST_PAUSE
