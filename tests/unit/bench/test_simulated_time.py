"""Programs that sleep on a clock moved by hand."""

from datetime import UTC, datetime

import pytest

from infra.simulator.clock import SimulatorClock
from tests.bench.simulated_time import Programs

START = datetime(2026, 11, 22, tzinfo=UTC)


def test_time_jumps_to_whoever_wakes_next() -> None:
    clock = SimulatorClock.manual(START)
    began = clock.now_ms()
    programs = Programs(clock)
    seen: list[tuple[str, int]] = []

    def ticking(name: str, *seconds: float) -> None:
        for each in seconds:
            seen.append((name, clock.now_ms() - began))
            programs.sleep(each)
        seen.append((name, clock.now_ms() - began))

    programs.run([lambda: ticking("a", 5, 5), lambda: ticking("b", 2, 4.5), lambda: ticking("c")])
    assert seen == [
        ("a", 0), ("b", 0), ("c", 0), ("b", 2000), ("a", 5000), ("b", 6500), ("a", 10_000),
    ]  # fmt: skip


def test_who_sleeps_until_the_same_instant_goes_on_in_the_order_of_falling_asleep() -> None:
    programs, seen = Programs(SimulatorClock.manual(START)), []

    def once(name: str) -> None:
        programs.sleep(1)
        seen.append(name)

    programs.run([lambda name=name: once(name) for name in "cab"])  # type: ignore[misc]  # mypy sees no types in a lambda's default
    assert seen == ["c", "a", "b"]


def test_a_program_that_fails_is_heard() -> None:
    def fail() -> None:
        raise ValueError("it broke")

    programs = Programs(SimulatorClock.manual(START))
    with pytest.raises(ValueError, match="it broke"):
        programs.run([lambda: programs.sleep(1), fail])
