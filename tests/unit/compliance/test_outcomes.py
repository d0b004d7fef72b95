"""A whole run of the tests is put on record, and fails when a control was left unproved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from quayside.compliance.evidence_rules import read_record
from quayside.compliance.evidence_service import CONTROLS, RECORD
from tests.support import outcomes
from tests.support.outcomes import Outcomes, name_of

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """
[[control]]
id = "X"
requirement = "x"
control = "y"
enforced_by = ["a.py"]
tests = ["tests/a.py::test_one"]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / CONTROLS).parent.mkdir(parents=True)
    (tmp_path / CONTROLS).write_text(TABLE)
    monkeypatch.setattr(outcomes, "ROOT", tmp_path)
    return tmp_path


def _phase(name: str, outcome: str, when: str = "call") -> Any:
    return SimpleNamespace(
        nodeid=f"tests/a.py::{name}",
        outcome=outcome,
        when=when,
        failed=outcome == "failed",
        skipped=outcome == "skipped",
    )


def _session(*, whole: bool = True, keyword: str = "", status: int = 0) -> Any:
    source = pytest.Config.ArgsSource.TESTPATHS if whole else pytest.Config.ArgsSource.ARGS
    option = SimpleNamespace(keyword=keyword, markexpr="")
    return SimpleNamespace(config=SimpleNamespace(args_source=source, option=option), exitstatus=status)


@pytest.mark.parametrize(
    ("phases", "status"),
    [
        ([("test_one[a]", "passed", "call"), ("test_one[b]", "passed", "call")], 0),
        ([("test_one[a]", "passed", "call"), ("test_one[b]", "failed", "call")], 1),
        ([("test_one", "passed", "call"), ("test_one", "failed", "teardown")], 1),
        ([("test_one", "skipped", "setup")], 1),
        ([("test_two", "passed", "call")], 1),
    ],
)
def test_a_whole_run_fails_when_a_control_is_not_proved(
    root: Path, phases: list[tuple[str, str, str]], status: int
) -> None:
    kept, session = Outcomes(), _session()
    for name, outcome, when in phases:
        kept.pytest_runtest_logreport(_phase(name, outcome, when))
    kept.pytest_sessionfinish(session)
    assert session.exitstatus == status
    assert read_record((root / RECORD).read_bytes()).outcomes == dict(kept.outcomes())


@pytest.mark.parametrize("session", [_session(whole=False), _session(keyword="x"), _session(status=2)])
def test_a_run_of_some_tests_is_no_record(root: Path, session: Any) -> None:
    status = session.exitstatus
    Outcomes().pytest_sessionfinish(session)
    assert not (root / RECORD).exists()
    assert session.exitstatus == status


def test_a_name_has_no_parameters() -> None:
    assert name_of("tests/a.py::test_one[a-b]") == "tests/a.py::test_one"
