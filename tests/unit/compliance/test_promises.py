"""What is promised is what the table says, and a proof is shown for exactly what was tested."""

import msgspec
import pytest

from infra.compliance import promises
from quayside.compliance.evidence_rules import Control, Record
from quayside.compliance.promise_rules import Promise, ProvedRun, promises_of, run_of, standings
from quayside.kernel.errors import InvalidInput
from quayside.storage import proofs

KEPT = Control("DPP-1.5", "TLS.", "Nothing older.", ("a.py",), ("tests/a.py::test_a", "tests/a.py::test_b"))
BROKEN = Control("P-1", "Deletion.", "Erasure.", ("b.py",), ("tests/a.py::test_c",))
OPEN = Control("AUP-4.2", "No marketing.", "Nothing writes.", open="It is not built.")
TABLE = (KEPT, BROKEN, OPEN)
RECORD = Record(
    "2026-11-21T10:11:12Z",
    "abc",
    {"tests/a.py::test_a": "passed", "tests/a.py::test_b": "passed", "tests/a.py::test_c": "failed"},
)


def shipped(*table: Control) -> tuple[Promise, ...]:
    return promises_of(table, proofs.digest)


def published(*table: Control) -> ProvedRun:
    return run_of(RECORD, table, shipped(*table))


def test_the_promises_that_are_shipped_are_up_to_date() -> None:
    assert promises.main(["--check"]) == 0


def test_promises_that_are_stale_are_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(promises, "promises_of", lambda *_: ())
        assert promises.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_each_promise_stands_as_the_run_says() -> None:
    kept, broken, opened = standings(shipped(*TABLE), published(*TABLE))

    assert (kept.state, kept.proved_at, kept.reason) == ("proved", "2026-11-21T10:11:12Z", None)
    assert (broken.state, broken.proved_at) == ("not proved", None)
    assert broken.reason == "A test of it failed or did not run on 2026-11-21."
    assert (opened.state, opened.proved_at, opened.reason) == ("open", None, "It is not built.")
    assert [each.promise.group for each in (kept, broken, opened)] == ["DPP", "P", "AUP"]
    assert kept.promise.tests == 2


def test_without_a_run_nothing_counts_as_proved() -> None:
    states = [(each.state, each.proved_at) for each in standings(shipped(*TABLE), None)]

    assert states == [("not proved", None), ("not proved", None), ("open", None)]


@pytest.mark.parametrize(
    "changed",
    [
        {"requirement": "TLS 1.3."},
        {"control": "Nothing older, ever."},
        {"enforced_by": ("b.py",)},
        {"tests": ("tests/a.py::test_a",)},
        {"remains": "Much."},
    ],
)
def test_a_promise_that_was_changed_after_the_run_is_not_proved_by_it(changed: dict[str, object]) -> None:
    later = msgspec.structs.replace(KEPT, **changed)

    (standing,) = standings(shipped(later), published(KEPT))

    assert (standing.state, standing.proved_at) == ("not proved", None)
    assert "changed after the run" in str(standing.reason)
    (new,) = standings(shipped(msgspec.structs.replace(KEPT, id="P-2")), published(KEPT))
    assert new.state == "not proved"


def test_a_run_of_another_table_is_not_published() -> None:
    with pytest.raises(InvalidInput, match="not the one that this version ships"):
        run_of(RECORD, TABLE[:2], shipped(*TABLE))
