"""Every request for tenant data is signed for the tenant in scope, and for nobody else."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError

from quayside.kernel.ids import ConnectionId, TenantId, tenant_id_of
from quayside.kernel.tenancy import NoTenantInScope, tenant_scope
from quayside.storage import keys, vault
from quayside.storage.connection import CACHED_SESSIONS, NoStore, Store, binding, bound
from quayside.storage.tables import CoordinationItem, CoreItem, every, look_up, page, write
from quayside.storage.vault import Purpose, Secret
from tests.support.aws import Aws, aws

ONE, OTHER = tenant_id_of("one"), tenant_id_of("other")
C = ConnectionId("tm19crgppmgzv9xh")


class Fact(CoreItem):
    KIND = "fact"


class Note(CoordinationItem):
    KIND = "note"


@pytest.fixture
def on() -> Iterator[Aws]:
    with aws() as opened:
        yield opened


def signers(store: Store) -> list[str]:
    """Collect the access key ids that sign what goes out through the tenant door."""
    seen: list[str] = []

    def note(request: AWSPreparedRequest, **_: object) -> None:
        header = request.headers["Authorization"]
        text = header.decode() if isinstance(header, bytes) else header
        seen.append(text.split("Credential=", 1)[1].split("/", 1)[0])

    store.connection("tenant").client.meta.events.register_last("before-send.dynamodb.*", note)
    return seen


def test_outside_a_scope_nothing_is_signed(on: Aws) -> None:
    with pytest.raises(NoTenantInScope):
        write(Fact, keys.tenant(ONE), [Fact.lookup_key.set("x")])
    with pytest.raises(NoTenantInScope):
        Fact.find(keys.tenant(ONE))
    with pytest.raises(NoTenantInScope):
        look_up("x")
    assert on.items() == []
    assert on.sessions.opened == []


def test_each_request_is_signed_for_the_tenant_in_scope(on: Aws) -> None:
    seen = signers(on.store)
    for tenant_id in (ONE, OTHER, ONE):
        with tenant_scope(tenant_id):
            Fact.find(keys.tenant(tenant_id))
    assert seen == [f"AKIA{tenant_id[:12].upper()}" for tenant_id in (ONE, OTHER, ONE)]
    assert on.sessions.opened == [ONE, OTHER]


def test_a_session_is_renewed_ten_minutes_before_it_ends(on: Aws) -> None:
    for seconds, opened in ((0, 1), (2999, 1), (1, 2), (2999, 2), (1, 3)):
        on.clock.advance(seconds)
        with tenant_scope(ONE):
            Fact.find(keys.tenant(ONE))
        assert len(on.sessions.opened) == opened


def test_the_cache_of_sessions_is_bounded(on: Aws) -> None:
    credentials = on.store.tenant._session.get_credentials()
    assert credentials is not None
    for number in range(CACHED_SESSIONS + 1):
        with tenant_scope(tenant_id_of(str(number))):
            credentials.get_frozen_credentials()
    with tenant_scope(tenant_id_of("0")):
        credentials.get_frozen_credentials()
    assert on.sessions.opened.count(tenant_id_of("0")) == 2


def test_all_models_of_a_door_share_one_connection(on: Aws) -> None:
    assert Fact._get_connection().connection is on.store.connection("tenant")
    assert Note._get_connection().connection is on.store.connection("system")
    config = cast("Any", on.store.connection("tenant").client.meta.config)
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries == {"total_max_attempts": 3, "mode": "standard"}


def test_the_roles_session_carries_the_tag_and_the_policy() -> None:
    seen: list[dict[str, object]] = []
    with aws() as on:
        store = Store(on.settings, clock=on.clock)
        store.system.sts.meta.events.register_first(
            "before-parameter-build.sts.AssumeRole", lambda params, **_: seen.append(dict(params))
        )
        with binding(store), tenant_scope(ONE):
            assert Fact.find(keys.tenant(ONE)) is None
    assert seen[0]["Tags"] == [{"Key": "tenant_id", "Value": ONE}]
    assert f"T#{ONE}#*" in str(seen[0]["Policy"])
    assert seen[0]["RoleArn"] == on.settings.tenant_role_arn


def test_without_a_store_models_refuse() -> None:
    with pytest.raises(NoStore):
        bound()


def test_a_write_whose_condition_fails_brings_back_what_stood_in_the_way(on: Aws) -> None:
    assert on.settings.core_table == "CoreTable"
    with tenant_scope(ONE):
        ends = Fact.expires_at.set(4_000_000_000)
        first = write(Fact, keys.tenant(ONE), [Fact.lookup_key.set("a"), ends], source="amazon:test")
        second = write(Fact, keys.tenant(ONE), [Fact.lookup_key.set("b")], Fact.pk.does_not_exist())
        found = Fact.find(keys.tenant(ONE))
    assert (first.applied, second.applied) == (True, False)
    assert second.item == first.item
    assert found is not None
    assert (found.kind, found.source, found.lookup_key) == ("fact", "amazon:test", "a")


def test_pages_follow_one_another_without_gap_or_repeat(on: Aws) -> None:
    assert on.settings.core_table
    partition = keys.members(ONE)
    with tenant_scope(ONE):
        for number in range(7):
            write(Fact, keys.Key(partition, f"MEMBER#{number}"), [Fact.lookup_key.set(f"L{number % 2}")])
        write(Fact, keys.Key(partition, "OTHER#1"), [Fact.lookup_key.set("x")])
        seen, after = [], None
        while True:
            found = page(Fact, partition, limit=3, prefix="MEMBER#", after=after, newest_first=True)
            seen += [each.sk for each in found.records]
            after = found.next_sort_key
            if after is None:
                break
            assert ONE not in after
        assert seen == [f"MEMBER#{number}" for number in (6, 5, 4, 3, 2, 1, 0)]
        assert len(list(every(Fact, partition))) == 8
        between = page(Fact, partition, limit=9, between=("MEMBER#2", "MEMBER#4"))
        assert [each.sk for each in between.records] == ["MEMBER#2", "MEMBER#3", "MEMBER#4"]
        assert sorted(look_up("L1")) == [keys.Key(partition, f"MEMBER#{number}") for number in (1, 3, 5)]


def test_a_credential_opens_for_its_purpose_alone(on: Aws) -> None:
    purpose = Purpose(ONE, C, vault.REFRESH_TOKEN)
    with tenant_scope(ONE):
        vault.put_credential(Secret("Atzr|x"), purpose, clock=on.clock)
        assert vault.credential(purpose, clock=on.clock) == Secret("Atzr|x")
        ciphertext = vault.seal(Secret("Atzr|x"), purpose)
        for other in (
            purpose._replace(connection_id=ConnectionId("0" * 16)),
            purpose._replace(purpose=vault.ACCESS_TOKEN),
            purpose._replace(tenant_id=TenantId(OTHER)),
        ):
            with pytest.raises(ClientError, match="InvalidCiphertext"):
                vault.unseal(ciphertext, other)
    stored = on.items("vault_table")
    assert "Atzr" not in str(stored)
    assert len(stored) == 1


def test_a_credential_is_gone_at_its_time_and_when_destroyed(on: Aws) -> None:
    code = Purpose(ONE, C, vault.AUTHORIZATION_CODE)
    with tenant_scope(ONE):
        vault.put_credential(Secret("code"), code, clock=on.clock, lives_seconds=300)
        on.clock.advance(299)
        assert vault.credential(code, clock=on.clock) == Secret("code")
        on.clock.advance(1)
        assert vault.credential(code, clock=on.clock) is None
        vault.put_credential(Secret("code"), code, clock=on.clock)
        vault.destroy_credentials(ONE, C)
        vault.destroy_credentials(ONE, C)
    assert on.items("vault_table") == []


@pytest.mark.parametrize("length", [0, 4097])
def test_kms_takes_credentials_of_a_sensible_length(on: Aws, length: int) -> None:
    with tenant_scope(ONE), pytest.raises(ValueError, match="4096"):
        vault.put_credential(Secret("x" * length), Purpose(ONE, C, vault.REFRESH_TOKEN), clock=on.clock)


def test_the_vault_has_places_for_lasting_credentials_alone(on: Aws) -> None:
    with tenant_scope(ONE), pytest.raises(ValueError, match="no place"):
        vault.put_credential(Secret("x"), Purpose(ONE, C, vault.ACCESS_TOKEN), clock=on.clock)
