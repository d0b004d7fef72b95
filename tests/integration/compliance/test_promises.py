"""The trust page's data: what is promised, what was published of its proof, and what the installation checks daily."""

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from quayside.command_line import Streams, run
from quayside.compliance import pii_rules, pii_store, retention_store
from quayside.compliance.evidence_rules import read_controls
from quayside.compliance.evidence_service import CONTROLS
from quayside.compliance.retention_rules import Held
from quayside.storage import proofs
from quayside.storage.keys import DUE_SHARDS
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.seller_world import SellerWorld

ROOT = Path(__file__).parents[3]
TABLE = ROOT / CONTROLS


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Aws:
    return emptied(shared)


def shown(on: Aws, path: str = "/promises") -> Any:
    """Ask as somebody who is not signed in."""
    answer = SellerWorld(on).person().call("GET", path)
    assert answer.status == 200, answer.text
    return answer.json


def publish(on: Aws, record: Path, controls: Path = TABLE) -> tuple[int, str, str]:
    written, failed = io.StringIO(), io.StringIO()
    environ = {"AUDIT_TABLE": on.settings.audit_table, "AWS_REGION": on.settings.aws_region}
    words = ("compliance", "publish", "--record", str(record), "--controls", str(controls))
    code = run(words, environ, Streams(io.StringIO(), written, failed), clock=on.clock, store=on.store)
    return code, written.getvalue(), failed.getvalue()


def test_what_a_run_proved_is_shown_with_its_date_to_everybody(on: Aws, tmp_path: Path) -> None:
    before = shown(on)
    assert (before["run"], before["proved"]) == (None, 0)
    assert "No run of the tests" in before["promises"][0]["reason"]
    table = read_controls(TABLE.read_text(encoding="utf-8"))
    outcomes = {test: "passed" for each in table for test in each.tests}
    outcomes[table[0].tests[0]] = "failed"
    record = tmp_path / "outcomes.json"
    record.write_text(json.dumps({"finished_at": "2026-11-20T08:00:00Z", "revision": "abc+", "outcomes": outcomes}))

    code, said, _ = publish(on, record)

    assert code == 0
    assert "published" in said
    after = shown(on)
    assert after["run"] == {"finished_at": "2026-11-20T08:00:00Z", "revision": "abc+", "tests": len(outcomes)}
    first, second = after["promises"][:2]
    assert (first["id"], first["state"], first["proved_at"]) == (table[0].id, "not proved", None)
    assert (second["state"], second["proved_at"], second["reason"]) == ("proved", "2026-11-20T08:00:00Z", None)
    counts = (after["proved"], after["not_proved"], after["open"])
    assert sum(counts) == len(table) == len(after["promises"])
    assert counts[1:] == (1, sum(bool(each.open) for each in table))
    assert "published before" in publish(on, record)[1]


def test_what_can_not_be_published_is_refused_with_a_word(on: Aws, tmp_path: Path) -> None:
    code, _, error = publish(on, tmp_path / "none.json")
    assert code == 1
    assert "none.json" in error
    record = tmp_path / "outcomes.json"
    record.write_text(json.dumps({"finished_at": "2026-11-20T08:00:00Z", "revision": "", "outcomes": {}}))
    other = tmp_path / "controls.toml"
    other.write_text('[[control]]\nid = "P-1"\nrequirement = "x"\ncontrol = "y"\n')
    code, _, error = publish(on, record, other)
    assert code == 1
    assert "not the one that this version ships" in error
    assert shown(on)["run"] is None


def _sweep(day: date, held: dict[str, Held], on: Aws, shards: int = DUE_SHARDS) -> None:
    for shard in range(shards):
        retention_store.put_result(day, shard, held, on.clock.now())


def _watches(on: Aws) -> dict[str, tuple[str, str | None]]:
    return {each["id"]: (each["state"], each["at"]) for each in shown(on)["watches"]}


def test_the_daily_checks_are_shown_and_how_many_items_there_are_is_not(on: Aws) -> None:
    assert _watches(on) == {"DPP-2.1": ("not yet", None), "DPP-1.7": ("not yet", None)}
    (manifest,) = pii_rules.statements_of(date(2026, 11, 20), [], pii_rules.FIRST_PREVIOUS, proofs.digest)
    pii_store.put_manifest(manifest)
    _sweep(date(2026, 11, 20), {"orders": Held(items=987_654)}, on)
    _sweep(date(2026, 11, 21), {"orders": Held(items=1, overdue=1)}, on, shards=3)

    assert _watches(on) == {"DPP-2.1": ("kept", "2026-11-20"), "DPP-1.7": ("kept", "2026-11-20")}
    assert "987654" not in json.dumps(shown(on))

    _sweep(date(2026, 11, 21), {"orders": Held(items=1, overdue=1)}, on)
    assert _watches(on)["DPP-1.7"] == ("broken", "2026-11-21")
    on.clock.advance(4 * 86_400)
    assert [state for state, _ in _watches(on).values()] == ["not yet", "not yet"]


def test_everybody_sees_who_else_handles_data_and_where(on: Aws) -> None:
    told = shown(on, "/subprocessors")
    assert told["region"] == on.settings.aws_region
    assert [each["name"] for each in told["subprocessors"]] == ["Amazon Web Services"]
