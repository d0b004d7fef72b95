"""The life of sellers' keys: encrypted anew in time, reminded of, warned about, and deleted when they are of no use."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from compliance_worker.tasks import TASKS
from quayside.command_line import Streams, run
from quayside.compliance import credentials_service as credentials
from quayside.compliance import erasure_service
from quayside.compliance.tasks import ComplianceTask, Work
from quayside.connections import service as connections
from quayside.connections import store
from quayside.connections.views import permission_view
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.observability import CountedMetrics, logger
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.vault import Purpose, Secret
from quayside.sync.commands import ApplicationCommand, SyncCommand, decode_any_command
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.sellers import ConnectedSeller, connect

TOKEN = "not-a-refresh-token"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Aws:
    return emptied(shared)


@pytest.fixture
def seller(on: Aws) -> ConnectedSeller:
    """A connected seller whose key was granted now."""
    made = connect(on.clock)
    with tenant_scope(made.tenant_id):
        vault.put_credential(Secret(TOKEN), purpose(made), clock=on.clock)
        connection = connections.get(made.connection_id)
        store.register_credential(made.tenant_id, connection, format_instant(on.clock.now()))
    vault.put_client_secret(on.settings.lwa_client_id, Secret("not-a-client-secret"), clock=on.clock)
    return made


def purpose(seller: ConnectedSeller) -> Purpose:
    return Purpose(seller.tenant_id, seller.connection_id, vault.REFRESH_TOKEN)


class Reviewed:
    """What a use case of the worker is given, as far as it looks at credentials."""

    def __init__(self, command: SyncCommand, clock: Clock) -> None:
        self.command, self.clock = command, clock
        self.connection_id = ConnectionId(command.connection_id)
        self.asked: list[object] = []
        self.desk = self

    def call_off(self, *parts: object) -> None:
        self.asked.append(parts)


def review(on: Aws) -> CountedMetrics:
    """Run the daily task, and what it asks of the worker."""
    metrics = CountedMetrics()
    work = Work(on.clock, entropy_of(3), metrics, logger("test"), lambda: False)
    TASKS["credentials.review"](ComplianceTask("credentials.review"), work)
    kinds = []
    for message in on.messages():
        command = decode_any_command(json.dumps(message["body"]))
        kinds.append(command.application if isinstance(command, ApplicationCommand) else command.kind)
        if isinstance(command, SyncCommand):
            with tenant_scope(command.tenant_id):
                credentials.review_credential(Reviewed(command, on.clock))  # type: ignore[arg-type]
    assert kinds[0] == "client_secret.review"
    return metrics


def ciphertexts(on: Aws) -> list[bytes]:
    return [item["ciphertext"]["B"] for item in on.items("vault_table") if item["pk"]["S"].startswith("T#")]


def test_a_key_is_encrypted_anew_in_time_and_stays_the_same_key(on: Aws, seller: ConnectedSeller) -> None:
    before = ciphertexts(on)
    granted_at = format_instant(on.clock.now())
    for _ in range(3):
        on.clock.advance(59 * 86_400)
        with tenant_scope(seller.tenant_id):
            connections.note_use(connections.get(seller.connection_id), ["Pricing"], on.clock.now())
        review(on)
    assert ciphertexts(on) == before
    on.clock.advance(4 * 86_400)
    review(on)
    assert ciphertexts(on) != before
    with tenant_scope(seller.tenant_id):
        age = vault.credential_age(purpose(seller))
        found = vault.credential(purpose(seller), clock=on.clock)
    assert age == (granted_at, format_instant(on.clock.now()))
    assert found == Secret(TOKEN)
    assert "credential.rewrapped" in str(on.items("audit_table"))


def test_a_consent_given_while_a_key_is_encrypted_anew_is_not_overwritten(
    on: Aws, seller: ConnectedSeller, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = vault.seal

    def meanwhile(secret: Secret, of: Purpose) -> bytes:
        with monkeypatch.context() as patched:
            patched.setattr(vault, "seal", seal)
            vault.put_credential(Secret("a-newer-token"), of, clock=on.clock)
        return seal(secret, of)

    with tenant_scope(seller.tenant_id):
        monkeypatch.setattr(vault, "seal", meanwhile)
        assert not vault.rewrap(purpose(seller), clock=on.clock)
        assert vault.credential(purpose(seller), clock=on.clock) == Secret("a-newer-token")


def test_a_key_without_use_is_warned_about_at_60_days_and_deleted_at_90(on: Aws, seller: ConnectedSeller) -> None:
    on.clock.advance(60 * 86_400)
    assert review(on).counts["CredentialsUnused"] == 1
    with tenant_scope(seller.tenant_id):
        connection = connections.get(seller.connection_id)
        shown = permission_view(connection, connections.credential_of(seller.connection_id), on.clock.now())
    assert shown is not None
    assert shown.reminder is not None
    assert shown.reminder.kind == "unused"
    assert format_instant(on.clock.now() + timedelta(days=30))[:10] in shown.reminder.detail
    on.clock.advance(30 * 86_400)
    review(on)
    assert ciphertexts(on) == []
    with tenant_scope(seller.tenant_id):
        connection = connections.get(seller.connection_id)
        (erasure,) = erasure_service.erasures()
    assert connection.status == "revoked"
    assert "90 days" in connection.status_reason
    assert (erasure.cause, erasure.connection_id) == ("disuse", seller.connection_id)
    assert erasure.begins_at == format_instant(on.clock.now() + timedelta(days=7))
    assert list(store.credential_entries()) == []
    assert "credential.deleted" in str(on.items("audit_table"))
    review(on)  # nothing is left to be looked at


def test_operators_see_ages_and_never_a_key(on: Aws, seller: ConnectedSeller) -> None:
    on.clock.advance(70 * 86_400)
    written = io.StringIO()
    settings = on.settings
    environ = {
        name.upper(): getattr(settings, name)
        for name in (
            "aws_region",
            "vault_table",
            "coordination_table",
            "lwa_client_id",
            "work_queue_url",
            "vault_key_arn",
        )
    }
    streams = Streams(io.StringIO(), written, written)
    for words in ("show", "rotate", "rewrap"):
        assert run(["credentials", words], environ, streams, clock=on.clock, store=on.store) == 0
    assert "client secret  fresh" in written.getvalue()
    assert seller.connection_id in written.getvalue()
    assert "never used  unused" in written.getvalue()
    asked = [message["body"] for message in on.messages()]
    assert [each.get("application") or each["kind"] for each in asked] == [
        "client_secret.rotate", "client_secret.review", "credential.review",
    ]  # fmt: skip
    assert asked[2]["arguments"] == {"key_rotated_at": format_instant(on.clock.now())}
    assert TOKEN not in written.getvalue()
