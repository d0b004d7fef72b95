"""An entry is written once, behind the one before, whoever else writes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import Any

import msgspec
import pytest

from quayside.kernel.ids import tenant_id_of
from quayside.kernel.tenancy import NoTenantInScope, tenant_scope
from quayside.storage import audit, audit_chain, keys
from quayside.storage.audit import APPLICATION, AuditEntryItem, AuditEvent, Contention, NotRecorded, VolumeItem
from quayside.storage.audit_chain import FIRST_PREVIOUS
from quayside.storage.audit_verification import verify
from quayside.storage.connection import Store, binding
from quayside.storage.tables import Written, create
from tests.support.aws import Aws, aws

ONE, OTHER = tenant_id_of("one"), tenant_id_of("other")
NO_WAIT = Contention(wait=lambda _seconds: None)


def event(number: int = 0) -> AuditEvent:
    return AuditEvent("member.renamed", "member-1", "member/member-1", details={"count": str(number)})


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def test_each_entry_holds_the_hash_of_the_one_before(on: Aws) -> None:
    with tenant_scope(ONE):
        entries = [audit.append(event(number), clock=on.clock) for number in range(3)]
        stored = [AuditEntryItem.find(keys.audit_entry(ONE, 0, number)) for number in range(3)]
    assert [entry.sequence for entry in entries] == [0, 1, 2]
    hashes = [audit_chain.hash_of(each.text) for each in stored if each]
    assert [each.hash for each in stored if each] == hashes
    assert [entry.previous for entry in entries] == [FIRST_PREVIOUS, *hashes[:2]]
    assert [audit_chain.read(each.text) for each in stored if each] == entries


def test_chains_are_apart_and_all_are_registered(on: Aws) -> None:
    with pytest.raises(NoTenantInScope):
        audit.append(event(), clock=on.clock)
    audit.append_application(event(), clock=on.clock)
    for tenant_id in (ONE, OTHER, ONE):
        with tenant_scope(tenant_id):
            audit.append(event(), clock=on.clock)
    registered = [chain for shard in range(keys.DUE_SHARDS) for chain in audit.chains(shard)]
    assert sorted(registered) == sorted([APPLICATION, ONE, OTHER])
    assert list(audit.chains(keys.audit_shard(ONE), after=ONE)) == []
    partitions = {item["pk"]["S"] for item in on.items("audit_table") if item["kind"]["S"] == "audit_entry"}
    assert partitions == {"APPLICATION#AUDIT#00000000", f"T#{ONE}#AUDIT#00000000", f"T#{OTHER}#AUDIT#00000000"}


def test_a_writer_that_is_behind_goes_on_where_the_chain_ends(on: Aws) -> None:
    others = Store(on.settings, clock=on.clock, sessions=on.sessions)
    with tenant_scope(ONE):
        audit.append(event(), clock=on.clock)
        with binding(others):
            for number in range(5):
                audit.append(event(number), clock=on.clock)
        assert audit.append(event(), clock=on.clock, contention=NO_WAIT).sequence == 6


def test_many_writers_to_one_chain_lose_nothing(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    # DynamoDB decides about one write at a time; the one in this process does not, so a lock stands in for that.
    one_at_a_time = Lock()

    def locked(*arguments: Any, **named: Any) -> Written:
        with one_at_a_time:
            return create(*arguments, **named)

    monkeypatch.setattr(audit, "create", locked)

    def write() -> list[int]:
        return [audit.append(event(number), clock=on.clock).sequence for number in range(4)]

    with tenant_scope(ONE), ThreadPoolExecutor(4) as threads:
        written = [each.result() for each in [threads.submit(copy_context().run, write) for _ in range(4)]]
        rows = list(audit.rows(ONE))
    assert sorted(sequence for each in written for sequence in each) == list(range(16))
    assert verify(ONE, rows, expires_at=audit.expires_at).intact
    assert len(rows) == 16


def test_a_chain_goes_on_in_the_next_volume(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "VOLUME_ENTRIES", 2)
    others = Store(on.settings, clock=on.clock, sessions=on.sessions)
    with tenant_scope(ONE):
        for number in range(4):
            with binding(on.store if number % 2 else others):
                audit.append(event(number), clock=on.clock, contention=NO_WAIT)
        assert VolumeItem.find(keys.audit_volume(ONE, 1)) is not None
        # The writer that began volume 2 ended before it wrote an entry into it, or before it said so.
        create(VolumeItem, keys.audit_volume(ONE, 2), {"began_at": {"S": "2026-11-21T10:11:12Z"}})
        with binding(Store(on.settings, clock=on.clock, sessions=on.sessions)):
            assert audit.append(event(), clock=on.clock).sequence == 4
            audit.append(event(), clock=on.clock)
        VolumeItem.remove(keys.audit_volume(ONE, 2))
        with binding(Store(on.settings, clock=on.clock, sessions=on.sessions)):
            assert audit.append(event(), clock=on.clock).sequence == 6


def test_an_entry_whose_answer_was_lost_is_not_written_twice(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    real = create

    def twice(*arguments: object, **named: object) -> object:
        real(*arguments, **named)  # type: ignore[arg-type]  # passed through as they came
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(audit, "create", twice)
    with tenant_scope(ONE):
        assert [audit.append(event(), clock=on.clock).sequence for _ in range(2)] == [0, 1]


def test_time_never_runs_backwards_in_a_chain(on: Aws) -> None:
    with tenant_scope(ONE):
        first = audit.append(event(), clock=on.clock)
        on.clock.advance(-60)
        assert audit.append(event(), clock=on.clock).at == first.at


def test_a_chain_that_others_never_let_go_is_given_up_with_a_clear_error(
    on: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    contention = Contention(tries=12, draw=lambda: 1.0, wait=waits.append)
    with tenant_scope(ONE):
        audit.append(event(), clock=on.clock)
        monkeypatch.setattr(audit, "_put", lambda _chain, sealed: sealed.head)
        with pytest.raises(NotRecorded, match="too many at once"):
            audit.append(event(), clock=on.clock, contention=contention)
    assert waits[:4] == [0.005, 0.01, 0.02, 0.04]
    assert len(waits) == 12
    assert max(waits) == 0.25


def test_a_table_that_does_not_answer_is_said(on: Aws) -> None:
    settings = msgspec.structs.replace(on.settings, audit_table="gone")
    broken = Store(settings, clock=on.clock, sessions=on.sessions)
    with binding(broken), tenant_scope(ONE), pytest.raises(NotRecorded, match="can't be written") as raised:
        audit.append(event(), clock=on.clock)
    assert raised.value.status == 503
