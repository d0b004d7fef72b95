"""Personal data: sealed per tenant and day, bound to its place, refused by clock, gone with its key."""

import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from quayside.kernel.errors import InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId, connection_id_of, tenant_id_of
from quayside.kernel.tenancy import NoTenantInScope, tenant_scope
from quayside.storage import audit, audit_chain, keys, pii_vault
from quayside.storage.connection import Store, binding
from quayside.storage.pii_vault import (
    OrderReference,
    PersonalData,
    PersonalDataDamaged,
    PersonalDataExpired,
    PersonalDataUnavailable,
    Reading,
)
from tests.support.aws import REGION, Aws, aws
from tests.support.fresh import emptied

OURS, THEIRS = tenant_id_of("ours"), tenant_id_of("theirs")
CONNECTION = connection_id_of(OURS, "eu", "SELLER1")
ORDER = OrderReference(CONNECTION, "302-1111111-2222222")
DATA = {"name": "Mx Planted Marker", "postal_code": "QX99 9XQ"}
LABEL = Reading("member-1", "label")
DAY = date(2026, 12, 21)


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Aws]:
    # A store of its own each, for a store remembers the keys it opened.
    fresh = emptied(shared)
    with binding(Store(fresh.settings, clock=fresh.clock, sessions=fresh.sessions)), tenant_scope(OURS):
        yield fresh


def put(on: Aws, order: OrderReference = ORDER, day: date = DAY, **fields: str) -> bool:
    return pii_vault.put(order, PersonalData(fields or DATA), expires_on=day, source="amazon:orders", clock=on.clock)


def read(on: Aws, order: OrderReference = ORDER) -> dict[str, str]:
    return pii_vault.read(order, LABEL, clock=on.clock).reveal()


def records_under(day: date) -> int | None:
    found = pii_vault.WrappedKey.find(keys.data_key(OURS, day))
    return None if found is None else int(found.records)


def record(order: OrderReference) -> Any:
    return pii_vault.SealedRecord.find(keys.personal_record(OURS, CONNECTION, order.order_id))


def at(on: Aws, instant: datetime) -> None:
    on.clock.advance((instant - on.clock.now()).total_seconds())


def another_process(on: Aws) -> Store:
    return Store(on.settings, clock=on.clock, sessions=on.sessions)


def test_what_was_put_is_read_and_each_reading_is_recorded(on: Aws) -> None:
    assert put(on)
    assert read(on) == DATA

    (entry,) = (audit_chain.read(i["text"]["S"]) for i in on.items("audit_table") if i["kind"]["S"] == "audit_entry")
    assert (entry.action, entry.actor) == ("personal_data.read", "member-1")
    assert entry.subject == f"order/{ORDER.order_id}"
    assert entry.details == {"purpose": "label", "connection": CONNECTION, "result": "shown"}


def test_nothing_stored_and_nothing_printed_holds_the_data(on: Aws) -> None:
    put(on)
    found = pii_vault.read(ORDER, LABEL, clock=on.clock)

    tables = ("pii_table", "pii_keys_table", "core_table", "coordination_table", "audit_table")
    stored = repr([on.items(table) for table in tables])
    assert "Planted" not in stored + repr(found) + str(found)
    assert "QX99" not in stored
    with pytest.raises(TypeError):
        pickle.dumps(found)


def test_a_life_ends_with_the_second_and_stays_ended(on: Aws) -> None:
    put(on)
    at(on, pii_vault.ends_at(DAY) - timedelta(seconds=1))
    assert read(on) == DATA
    on.clock.advance(1)
    with pytest.raises(PersonalDataExpired):
        read(on)
    # A process that never opened the key is no better off, although the key is still there.
    with binding(another_process(on)), pytest.raises(PersonalDataExpired):
        read(on)
    assert records_under(DAY) == 1
    assert pii_vault.life_ends_on(ORDER, clock=on.clock) is None


@pytest.mark.parametrize(
    ("delivered", "day"),
    [
        ("2026-11-21T15:00:00+00:00", date(2026, 12, 21)),
        ("2026-11-21T02:00:00+00:00", date(2026, 12, 21)),
        ("2026-11-21T01:59:59+00:00", date(2026, 12, 20)),
        ("2026-11-21T23:59:59-08:00", date(2026, 12, 22)),
    ],
)
def test_a_key_is_due_two_hours_before_amazons_limit_at_the_latest(delivered: str, day: date) -> None:
    instant = datetime.fromisoformat(delivered)

    assert pii_vault.expiry_day(instant) == day
    left = instant + timedelta(days=30) - pii_vault.ends_at(day)
    # Enough for the hourly task and for clocks that are minutes slow, and no day longer than that.
    assert timedelta(hours=2) <= left < timedelta(hours=26)


def test_a_key_that_is_lost_early_means_expired(on: Aws) -> None:
    put(on)
    pii_vault.WrappedKey.remove(keys.data_key(OURS, DAY))

    with binding(another_process(on)), pytest.raises(PersonalDataExpired):
        read(on)
    on.clock.advance(pii_vault.CACHED_SECONDS)
    with pytest.raises(PersonalDataExpired):
        read(on)
    # Removing the noise still works.
    assert pii_vault.destroy(ORDER)
    assert on.items("pii_table") == []


def test_data_of_another_place_does_not_open(on: Aws) -> None:
    other = OrderReference(CONNECTION, "302-3333333-4444444")
    put(on)
    put(on, other, name="Somebody Else")
    ours, theirs = record(ORDER), record(other)
    ours.sealed = theirs.sealed
    ours.save()

    with pytest.raises(PersonalDataDamaged) as refused:
        read(on)
    assert "'name'" in refused.value.detail


@pytest.mark.parametrize("part", ["expires_on", "sealed"])
def test_a_changed_record_is_refused(on: Aws, part: str) -> None:
    put(on)
    put(on, OrderReference(CONNECTION, "302-5555555-6666666"), DAY + timedelta(days=1))
    changed = record(ORDER)
    if part == "expires_on":
        # Somebody lengthens a life: the key of the later day exists, and does not open it.
        changed.expires_on = (DAY + timedelta(days=1)).isoformat()
    else:
        sealed = json.loads(changed.sealed)
        sealed["name"] = ("A" if sealed["name"][0] != "A" else "B") + sealed["name"][1:]
        changed.sealed = json.dumps(sealed)
    changed.save()

    with pytest.raises(PersonalDataDamaged):
        read(on)


def test_another_tenant_finds_nothing(shared: Aws) -> None:
    on = emptied(shared)
    with tenant_scope(OURS):
        put(on)
    with tenant_scope(THEIRS), pytest.raises(NotFound):
        read(on)
    with pytest.raises(NoTenantInScope):
        read(on)


def test_only_the_purposes_that_amazon_allows(on: Aws) -> None:
    put(on)
    with pytest.raises(InvalidInput, match="marketing"):
        pii_vault.read(ORDER, Reading("member-1", "marketing"), clock=on.clock)


def test_what_cannot_be_recorded_is_not_shown(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    put(on)

    def refuses(*_: object, **__: object) -> None:
        raise audit.NotRecorded("The audit trail can't be written at the moment.")

    monkeypatch.setattr(audit, "append", refuses)
    with pytest.raises(audit.NotRecorded):
        read(on)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "KMSInvalidStateException"])
def test_when_kms_refuses_nothing_is_shown_and_nothing_is_stored_in_clear(
    on: Aws, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    put(on)
    before = on.items("pii_table")
    elsewhere = another_process(on)

    def refuses(**_: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "Planted"}}, "Decrypt")

    for call in ("decrypt", "generate_data_key"):
        monkeypatch.setattr(elsewhere.tenant.kms, call, refuses)
    with binding(elsewhere):
        with pytest.raises(PersonalDataUnavailable) as refused:
            read(on)
        with pytest.raises(PersonalDataUnavailable):
            put(on, day=DAY + timedelta(days=1))
        with pytest.raises(PersonalDataUnavailable):
            pii_vault.redate(ORDER, expires_on=DAY + timedelta(days=1), clock=on.clock)
    assert "Planted" not in refused.value.detail
    assert on.items("pii_table") == before
    assert read(on) == DATA


def test_a_known_delivery_moves_the_record_under_another_key(on: Aws) -> None:
    earlier = DAY - timedelta(days=5)
    put(on)
    copy = on.items("pii_table")

    assert pii_vault.redate(ORDER, expires_on=earlier, clock=on.clock)
    assert read(on) == DATA
    assert (records_under(DAY), records_under(earlier)) == (0, 1)
    assert on.items("pii_table") != copy
    at(on, pii_vault.ends_at(earlier))
    with pytest.raises(PersonalDataExpired):
        read(on)
    # A life that is over never comes back.
    assert not pii_vault.redate(ORDER, expires_on=DAY, clock=on.clock)


def test_an_end_that_has_passed_destroys_at_once(on: Aws) -> None:
    put(on)
    assert not pii_vault.redate(ORDER, expires_on=on.clock.now().date(), clock=on.clock)
    assert on.items("pii_table") == []
    assert records_under(DAY) == 0
    assert not put(on, day=on.clock.now().date())
    assert on.items("pii_table") == []


def test_a_cancelled_orders_data_goes_at_once(on: Aws) -> None:
    put(on)
    assert pii_vault.destroy(ORDER)
    assert on.items("pii_table") == []
    assert records_under(DAY) == 0
    assert not pii_vault.destroy(ORDER)
    with pytest.raises(NotFound):
        read(on)


def test_putting_again_replaces_and_counts_once(on: Aws) -> None:
    put(on)
    put(on, name="Newer")
    assert read(on) == {"name": "Newer"}
    assert records_under(DAY) == 1


def test_one_key_a_day_serves_many_and_is_listed_for_its_end(on: Aws) -> None:
    for number in range(5):
        put(on, OrderReference(ConnectionId(CONNECTION), f"302-{number}"))
    with binding(another_process(on)):
        put(on, OrderReference(ConnectionId(CONNECTION), "302-9"))
        assert read(on, OrderReference(ConnectionId(CONNECTION), "302-3")) == DATA

    assert records_under(DAY) == 6
    (listed,) = on.items("coordination_table")
    assert (listed["pk"]["S"], listed["sk"]["S"]) == (
        keys.expiring(keys.expiring_shard(OURS)),
        f"2026-12-21#{OURS}",
    )


def test_two_functions_that_make_a_days_key_at_once_end_with_one(on: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = another_process(on)
    ours = elsewhere.tenant.kms.generate_data_key

    def overtaken(**arguments: Any) -> Any:
        made = ours(**arguments)
        with binding(another_process(on)):
            put(on, OrderReference(ConnectionId(CONNECTION), "302-7"))
        return made

    monkeypatch.setattr(elsewhere.tenant.kms, "generate_data_key", overtaken)
    with binding(elsewhere):
        put(on)
    with binding(another_process(on)):
        assert read(on) == DATA
        assert read(on, OrderReference(ConnectionId(CONNECTION), "302-7")) == DATA
    assert records_under(DAY) == 2


def test_kms_refuses_a_wrapped_key_under_another_day(on: Aws) -> None:
    put(on)
    found: Any = pii_vault.WrappedKey.find(keys.data_key(OURS, DAY))
    later = pii_vault.context_of(OURS, DAY + timedelta(days=365))

    with pytest.raises(ClientError, match="InvalidCiphertext"):
        boto3.client("kms", region_name=REGION).decrypt(
            KeyId=on.settings.pii_key_arn, CiphertextBlob=found.wrapped, EncryptionContext=later
        )


def test_the_instant_of_an_end_is_midnight_utc() -> None:
    assert pii_vault.ends_at(DAY) == datetime(2026, 12, 21, tzinfo=UTC)
