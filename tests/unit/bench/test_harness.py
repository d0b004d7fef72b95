"""Turns, shares and clocks of the benchmarks."""

import io
import os
from pathlib import Path

import pytest

from tests.bench.harness import Run, Stopwatch, chunks, environment, in_turns, median_of


def run_of(tmp_path: Path, *, quick: bool) -> Run:
    return Run(quick=quick, scratch=tmp_path, out=io.StringIO(), started=0.0)


def test_a_quick_run_does_a_tenth_but_never_nothing(tmp_path: Path) -> None:
    assert run_of(tmp_path, quick=False).share(10_000) == 10_000
    assert run_of(tmp_path, quick=True).share(10_000) == 1_000
    assert run_of(tmp_path, quick=True).share(3) == 1


def test_progress_never_goes_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Run(quick=True, scratch=tmp_path).say("Half is done.")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Half is done." in captured.err


def test_whoever_began_goes_second_in_the_next_turn() -> None:
    calls: list[str] = []
    in_turns(
        lambda turn: calls.append(f"ours {turn}"), lambda turn: calls.append(f"plain {turn}"), 3, lambda _done: None
    )
    assert calls == ["ours 0", "plain 0", "plain 1", "ours 1", "ours 2", "plain 2"]


def test_a_stopwatch_counts_only_what_runs_inside() -> None:
    ticks = iter([10.0, 11.5, 20.0, 20.5])
    watch = Stopwatch(lambda: next(ticks))
    with watch.running():
        pass
    with watch.running():
        pass
    assert watch.seconds == 2.0
    assert watch.rate(10) == 5.0


def test_a_stopwatch_stops_when_the_work_fails() -> None:
    ticks = iter([1.0, 2.0])
    watch = Stopwatch(lambda: next(ticks))
    with pytest.raises(ZeroDivisionError), watch.running():
        _ = 1 / 0
    assert watch.seconds == 1.0


def test_chunks_leave_nothing_out() -> None:
    assert chunks([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]


def test_a_median_of_an_even_number_lies_between() -> None:
    assert median_of([3.0, 1.0, 2.0]) == 2.0
    assert median_of([4.0, 1.0, 2.0, 3.0]) == 2.5


def test_an_environment_hides_the_developers_aws_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    with environment({"AWS_REGION": "us-east-1"}):
        assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_REGION"] == "us-east-1"
    assert os.environ["AWS_PROFILE"] == "mine"
