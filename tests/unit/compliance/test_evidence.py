"""The evidence pack: what counts as proved, and how it is written down."""

import msgspec
import pytest

from quayside.compliance.evidence_rules import Outcome, Record, read_controls, read_record, rows, unproved, worst
from quayside.compliance.evidence_views import Pack, markdown, pdf
from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import InvalidInput

TABLE = """
[[control]]
id = "AUP-1"
requirement = "Act only for sellers who agreed."
control = "No call without a live connection, ≤ 1 hour."
enforced_by = ["a.py:call"]
tests = ["tests/a.py::test_one", "tests/a.py::test_two"]

[[control]]
id = "AUP-2"
requirement = "No marketing."
control = "Only through Amazon."
open = "Messages are not built."
"""
PASSED: dict[str, Outcome] = {"tests/a.py::test_one": "passed", "tests/a.py::test_two": "passed"}


def states(outcomes: dict[str, Outcome]) -> list[str]:
    return [row.state for row in rows(read_controls(TABLE), outcomes)]


def test_a_control_is_proved_when_all_of_its_tests_passed() -> None:
    assert states(PASSED) == ["proved", "open"]
    assert unproved(read_controls(TABLE), PASSED) == ()


@pytest.mark.parametrize("outcome", ["failed", "skipped", None])
def test_a_test_that_failed_was_skipped_or_did_not_run_proves_nothing(outcome: Outcome | None) -> None:
    outcomes = {name: found for name, found in PASSED.items() if not name.endswith("two")}
    if outcome:
        outcomes["tests/a.py::test_two"] = outcome
    assert states(outcomes) == ["not proved", "open"]
    assert unproved(read_controls(TABLE), outcomes) == (f"AUP-1: tests/a.py::test_two {outcome or 'did not run'}",)


def test_a_control_without_tests_is_not_proved_by_nothing() -> None:
    (control,) = read_controls('[[control]]\nid = "X"\nrequirement = "x"\ncontrol = "y"\n')
    assert unproved([control], {}) == ("X: no test did not run",)


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [(["passed", "failed"], "failed"), (["passed", "skipped"], "passed"), (["skipped"], "skipped")],
)
def test_a_test_is_as_good_as_its_worst_case(outcomes: list[Outcome], whole: Outcome) -> None:
    assert worst(outcomes) == whole


@pytest.mark.parametrize("wrong", ["[[control]]\nid = 1", "[", TABLE + TABLE, '[[control]]\nid = "X"\nidea = ""'])
def test_a_table_that_can_not_be_read_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        read_controls(wrong)


def test_a_record_is_read_back_and_nothing_else_is() -> None:
    record = Record("2026-11-22T12:00:00Z", "abc+", PASSED)
    assert read_record(msgspec.json.encode(record)) == record
    with pytest.raises(InvalidInput):
        read_record("{}")


def test_the_pack_names_every_row_its_tests_and_what_is_open() -> None:
    record = Record("2026-11-22T12:00:00Z", "abc", PASSED)
    pack = Pack(parse_instant("2026-11-22T13:00:00Z"), record, rows(read_controls(TABLE), PASSED))
    text = markdown(pack)
    for part in ("1 proved", "1 open", "revision abc", "Act only", "`tests/a.py::test_one`: passed", "not built."):
        assert part in text
    document = pdf(pack)
    assert document.startswith(b"%PDF-")
    assert pdf(pack) == document


def test_without_a_record_nothing_counts_as_proved() -> None:
    pack = Pack(parse_instant("2026-11-22T13:00:00Z"), None, rows(read_controls(TABLE), {}))
    assert pack.counts == {"proved": 0, "not proved": 1, "open": 1}
    assert "No run of the tests is on record" in markdown(pack)
