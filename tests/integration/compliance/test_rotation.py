"""The client secret is rotated from end to end, with the simulator as Amazon: no call is lost, and nothing tells it."""

import json
from datetime import timedelta

from notification_intake.app import build
from notification_intake.container import Container
from quayside.compliance.credentials_service import client_secret_standing
from quayside.kernel.clock import FixedClock
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.vault import Secret
from quayside.sync.commands import ApplicationCommand, decode_any_command
from quayside.sync.service import ask_for_application
from tests.support.amazon import TENANT, Stage, stage
from tests.support.notifications import sqs_event


def review(on: Stage) -> list[str]:
    """Let the daily review ask, run what it asks for, and return how it ended."""
    ask_for_application("client_secret.review", "compliance_worker", clock=on.clock, entropy=on.entropy)
    ended: list[str] = []
    for message in on.aws.messages():
        command = decode_any_command(json.dumps(message["body"]))
        assert isinstance(command, ApplicationCommand)
        ended.append(on.worker.run_application(command))
    return ended


def test_a_rotation_costs_no_call_and_the_secret_is_nowhere_but_in_the_vault() -> None:
    arrived: list[str] = []
    with stage(deliver=lambda _, body: arrived.append(body)) as on:
        application = on.simulator.application
        application.notification_queue = on.aws.settings.intake_queue_arn
        first = application.client_secret
        long_ago = FixedClock(on.clock.now() - timedelta(days=151))
        vault.put_client_secret(on.aws.settings.lwa_client_id, Secret(first), clock=long_ago)
        connection_id = on.begin(on.simulator.world.create_seller("quiet-us", selling_partner_id="A1ROTATE"))
        on.run()
        arrived.clear()

        def call() -> None:
            """Fetch a fresh access token and make a call with it: it raises when either secret is refused."""
            with tenant_scope(TENANT):
                on.worker._with.tokens.discard(TENANT, connection_id)
                on.worker._with.tokens.access_token(TENANT, connection_id)

        call()
        assert review(on) == ["done"]
        assert on.calls()["rotateApplicationClientSecret"]["calls"] == 1
        assert application.client_secret != first
        call()  # the worker knows the old secret only, which is good for a week
        assert review(on) == ["done"]
        assert on.calls()["rotateApplicationClientSecret"]["calls"] == 1, "a second rotation would end the old secret"
        assert client_secret_standing(on.aws.settings.lwa_client_id, on.clock).state == "requested"

        on.clock.advance(60)
        on.simulator.notifications.deliver_due()
        secrets = [body for body in arrived if application.client_secret in body]
        assert len(secrets) == 1
        intake = Container(on.aws.settings, clock=on.clock, store=on.aws.store, metrics=on.metrics)
        handle = build(lambda: intake)
        for _ in range(2):  # Amazon may deliver it twice
            assert handle(sqs_event(secrets), None) == {"batchItemFailures": []}
        assert (on.metrics.counts["ClientSecretRotated"], on.metrics.counts["ClientSecretStale"]) == (1, 1)
        call()
        on.clock.advance(301)
        call()  # by now everybody has read the new one
        standing = client_secret_standing(on.aws.settings.lwa_client_id, on.clock)
        assert (standing.state, standing.requested_at) == ("fresh", None)
        assert standing.previous_valid_until is not None
        on.clock.advance(8 * 86_400)
        assert not application.accepts(first, on.clock.simulated.now_ms())
        call()
        assert on.metrics.counts.get("InvalidClientSecret", 0) == 0

        tables = ("core_table", "vault_table", "coordination_table", "audit_table")
        stored = str([on.aws.items(table) for table in tables] + on.aws.messages(clear=False))
        assert application.client_secret not in stored
        assert first not in stored
        assert "client_secret.requested" in stored
        assert "client_secret.issued" in stored


def test_a_secret_that_amazons_servers_do_not_all_know_yet_costs_no_call() -> None:
    with stage() as on:
        client_id = on.aws.settings.lwa_client_id
        connection_id = on.begin(on.simulator.world.create_seller("quiet-us", selling_partner_id="A1ROTATE"))
        on.run()
        now = on.clock.now()
        unknown = vault.IssuedSecret(Secret("not-known-yet"), now, now + timedelta(days=180), now + timedelta(days=7))
        assert vault.rotate_client_secret(client_id, unknown, clock=on.clock)
        with tenant_scope(TENANT):
            tokens = on.new_worker()._with.tokens
            tokens.discard(TENANT, connection_id)
            tokens.access_token(TENANT, connection_id)
        older = vault.IssuedSecret(Secret("older"), now - timedelta(days=1), now, now)
        assert not vault.rotate_client_secret(client_id, older, clock=on.clock)
        assert next(iter(vault.client_secrets(client_id, now))).reveal() == "not-known-yet"
        assert len(vault.client_secrets(client_id, now + timedelta(days=7))) == 1
