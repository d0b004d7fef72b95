"""Expiry: keys of days that have come are destroyed, each is in one signed manifest, and a check names every change."""

import io
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from quayside.command_line import Streams, run
from quayside.compliance import pii_service, pii_store
from quayside.compliance.pii_service import KeysLeft
from quayside.compliance.tasks import ComplianceTask, Work
from quayside.kernel.ids import TenantId, connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics, logger
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys, pii_vault, proofs
from quayside.storage.connection import Store, binding
from quayside.storage.pii_vault import ExpiringKey, OrderReference, PersonalData, PersonalDataExpired, Reading
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied

ONE, OTHER = tenant_id_of("one"), tenant_id_of("other")
FIRST = date(2026, 12, 21)


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Aws]:
    fresh = emptied(shared)
    with binding(Store(fresh.settings, clock=fresh.clock, sessions=fresh.sessions)):
        yield fresh


def work(on: Aws, *, short: bool = False) -> Work:
    return Work(on.clock, entropy_of(1), CountedMetrics(), logger("compliance_worker"), lambda: short)


def order(tenant_id: TenantId, number: int = 1) -> OrderReference:
    return OrderReference(connection_id_of(tenant_id, "EU", "A1"), f"302-{number}")


def put(on: Aws, tenant_id: TenantId, day: date = FIRST, number: int = 1) -> None:
    with tenant_scope(tenant_id):
        data = PersonalData({"name": "Mx Planted"})
        pii_vault.put(order(tenant_id, number), data, expires_on=day, source="amazon:orders", clock=on.clock)


def to(on: Aws, day: date, **after: float) -> None:
    at = pii_vault.ends_at(day) + timedelta(**after)
    on.clock.advance((at - on.clock.now()).total_seconds())


def expire(on: Aws, *, short: bool = False) -> None:
    pii_service.expire(ComplianceTask("pii.expire"), work(on, short=short))


def manifests(on: Aws) -> None:
    pii_service.make_manifests(ComplianceTask("pii.manifest"), work(on))


def keys_left(on: Aws) -> set[str]:
    return {f"{item['pk']['S'].split('#')[1]} {item['sk']['S']}" for item in on.items("pii_keys_table")}


def test_only_keys_whose_day_has_come_are_destroyed_of_every_tenant(on: Aws) -> None:
    put(on, ONE)
    put(on, ONE, number=2)
    put(on, OTHER)
    put(on, OTHER, FIRST + timedelta(days=1), number=2)
    to(on, FIRST, seconds=-1)
    expire(on)
    assert len(keys_left(on)) == 3
    copy = on.items("pii_table")

    to(on, FIRST)
    expire(on)
    assert keys_left(on) == {f"{OTHER} DAY#2026-12-22"}
    # What is left in the table is noise that nobody can open, with whatever clock.
    assert on.items("pii_table") == copy
    on.clock.advance(-86_400)
    elsewhere = Store(on.settings, clock=on.clock, sessions=on.sessions)
    with tenant_scope(ONE), binding(elsewhere), pytest.raises(PersonalDataExpired):
        pii_vault.read(order(ONE), Reading("member-1", "label"), clock=on.clock)
    found = {(each.tenant_id, each.records) for each in pii_store.destroyed_on(FIRST)}
    assert found == {(ONE, 2), (OTHER, 1)}


def test_a_key_is_noted_once_however_often_and_wherever_the_task_is_interrupted(
    on: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(on, ONE)
    to(on, FIRST)
    for step in ("note_what_is_found", "wrapped_key", "note_destroyed"):
        with monkeypatch.context() as broken:

            def dies(*_: object) -> None:
                raise ClientError({"Error": {"Code": "InternalServerError"}}, "Query")

            broken.setattr(pii_store, step, dies)
            with pytest.raises(KeysLeft):
                expire(on)
    for _ in range(3):
        expire(on)
    (noted,) = pii_store.destroyed_on(FIRST)
    assert (noted.tenant_id, noted.records, len(noted.key_digest)) == (ONE, 1, 64)
    assert keys_left(on) == set()


def test_one_tenants_trouble_leaves_no_other_key_alive(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    put(on, ONE)
    put(on, OTHER)
    to(on, FIRST)
    ours = pii_store.note_what_is_found

    def sometimes(listed: ExpiringKey, key: pii_vault.WrappedKey) -> None:
        if listed.tenant_id == ONE:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
        ours(listed, key)

    monkeypatch.setattr(pii_store, "note_what_is_found", sometimes)
    with pytest.raises(KeysLeft):
        expire(on)
    assert keys_left(on) == {f"{ONE} DAY#2026-12-21"}


def test_a_key_made_anew_by_a_slow_clock_is_destroyed_too_and_the_list_ends_empty(on: Aws) -> None:
    put(on, ONE)
    to(on, FIRST, minutes=10)
    expire(on)
    on.clock.advance(-15 * 60)
    put(on, ONE, number=2)
    assert keys_left(on) == {f"{ONE} DAY#2026-12-21"}
    to(on, FIRST, hours=1, minutes=10)
    expire(on)

    assert keys_left(on) == set()
    assert len(pii_store.destroyed_on(FIRST)) == 2
    to(on, FIRST, hours=7)
    expire(on)
    assert [item for item in on.items("coordination_table") if item["pk"]["S"].startswith("EXPIRING#")] == []
    assert len(pii_store.destroyed_on(FIRST)) == 2


def test_a_key_that_went_with_its_tenant_is_in_the_manifest_as_gone_before(on: Aws) -> None:
    put(on, ONE)
    with tenant_scope(ONE):
        pii_vault.WrappedKey.remove(keys.data_key(ONE, FIRST))
    to(on, FIRST)
    expire(on)

    (noted,) = pii_store.destroyed_on(FIRST)
    assert (noted.records, noted.key_digest) == (0, "")


def test_when_time_is_short_the_task_goes_on_with_a_message(on: Aws) -> None:
    put(on, ONE)
    to(on, FIRST)
    expire(on, short=True)

    (message,) = on.messages(on.settings.compliance_queue_url)
    assert message["body"] == {"task": "pii.expire"}
    assert len(keys_left(on)) == 1


def test_every_ended_day_gets_one_signed_manifest_that_follows_the_one_before(on: Aws) -> None:
    put(on, ONE)
    put(on, OTHER, FIRST + timedelta(days=2))
    to(on, FIRST)
    manifests(on)
    for day in range(3):
        to(on, FIRST + timedelta(days=day))
        expire(on)
    to(on, FIRST + timedelta(days=3), minutes=20)
    manifests(on)
    manifests(on)

    days = [FIRST + timedelta(days=number) for number in range(-1, 3)]
    texts = [text for day in days for text in pii_service.manifest_texts(day)]
    assert [json.loads(text)["statement"]["keys"] for text in texts] == [0, 1, 0, 1]
    files = [(f"file-{number}", text) for number, text in enumerate(texts)]
    checked, between = pii_service.check_files(files, proofs.public_key())
    assert [each.findings for each in checked] == [()] * 4
    assert between == []
    _, between = pii_service.check_files([files[0], files[2]], proofs.public_key())
    assert [each.fault for each in between] == ["gap"]


def quayside(on: Aws, *words: str) -> tuple[int, str, str]:
    out, error = io.StringIO(), io.StringIO()
    environ = {"AUDIT_TABLE": on.settings.audit_table, "PROOF_KEY_ARN": on.settings.proof_key_arn}
    streams = Streams(io.StringIO(), out, error)
    code = run(words, {**environ, "AWS_REGION": "us-east-1"}, streams, clock=on.clock, store=on.store)
    return code, out.getvalue(), error.getvalue()


def test_the_command_line_hands_out_manifests_and_names_what_was_changed(on: Aws, tmp_path: Path) -> None:
    put(on, ONE)
    to(on, FIRST)
    expire(on)
    to(on, FIRST + timedelta(days=1), hours=1)
    manifests(on)
    pem = tmp_path / "proof.pem"
    pem.write_text(quayside(on, "compliance", "public-key")[1])
    code, said, _ = quayside(on, "compliance", "manifest", "--day", "2026-12-21", "--to", str(tmp_path))
    assert code == 0
    path = Path(said.strip())

    code, said, _ = quayside(on, "compliance", "verify-manifest", str(path), "--public-key", str(pem))
    assert (code, "1 keys destroyed, 1 records" in said) == (0, True)

    changed = json.loads(path.read_text())
    changed["entries"][0]["records"] = 0
    path.write_text(json.dumps(changed))
    code, said, error = quayside(on, "compliance", "verify-manifest", str(path), "--public-key", str(pem))
    assert code == 1
    assert f"edited      Entry 1 (tenant {ONE}, expires 2026-12-21)" in said
    assert "1 of 1 manifests are not what was signed" in error

    path.write_text("{}")
    code, said, _ = quayside(on, "compliance", "verify-manifest", str(path), "--public-key", str(pem))
    assert (code, "unreadable" in said) == (1, True)
    code, _, error = quayside(on, "compliance", "verify-manifest", str(pem), "--public-key", str(path))
    assert (code, "can't be used" in error) == (1, True)
    code, _, error = quayside(on, "compliance", "manifest", "--day", "2026-11-01")
    assert (code, "no manifest of 2026-11-01" in error) == (1, True)
