"""Use cases of the life of credentials: the application's client secret is rotated without a call being lost.

sync_worker asks Amazon for a new secret; Amazon sends it to the intake queue, where notification_intake encrypts it
into the vault without being able to read anything there. Amazon takes both secrets for a week, and whoever still
believes in the old one reads the vault again within minutes. Sellers' keys are encrypted anew in time, and deleted when
they are of no use.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from quayside.amazon.envelopes import ClientSecretExpiry, NewClientSecret
from quayside.amazon.errors import RequestRejected, Throttled
from quayside.amazon.oauth import AUTHORISATION_DAYS
from quayside.compliance import credentials_rules as rules
from quayside.compliance.credentials_views import ClientSecretView, CredentialsView, CredentialView
from quayside.connections import service as connections
from quayside.connections.rules import last_used, reminder, use_verdict
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.ids import ConnectionId, check_connection_id, check_tenant_id
from quayside.kernel.observability import Metrics
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit, vault
from quayside.storage.audit import AuditEvent
from quayside.storage.connection import bound
from quayside.storage.vault import IssuedSecret, Purpose
from quayside.sync.commands import command
from quayside.sync.rules import spread_seconds
from quayside.sync.service import ApplicationWork, Work, ask_for_application, enqueue_spread

if TYPE_CHECKING:
    from quayside.connections.records import CredentialRecord
    from quayside.connections.rules import UseStanding
    from quayside.sync.commands import SyncCommand

News = Literal["ClientSecretRotated", "ClientSecretStale", "ClientSecretOfAnother", "ClientSecretExpiryTold"]
"""What became of Amazon's news of a client secret; also the names of metrics."""


class _NotNow(Exception):
    """A new client secret was asked for already, or not long ago."""


def review_client_secret(work: ApplicationWork) -> None:
    """Ask for a new client secret when it is time, and raise the alarm when one is overdue or was never put."""
    client_id = work.settings.lwa_client_id
    state = vault.client_secret_state(client_id)
    if state is None:
        work.metrics.count("ClientSecretOverdue")
        return
    verdict = rules.secret_verdict(
        issued_at=state.issued_at,
        valid_until=state.valid_until,
        requested_at=state.requested_at,
        now=work.clock.now(),
    )
    if rules.needs_rewrap(state.sealed_at, _instant(work.command.key_rotated_at), work.clock.now()):
        vault.rewrap_client_secret(client_id, clock=work.clock)
        work.metrics.count("CredentialsRewrapped")
    if verdict.state == "overdue":
        work.metrics.count("ClientSecretOverdue")
    if verdict.state in {"due", "overdue"}:
        rotate_client_secret(work)


def rotate_client_secret(work: ApplicationWork) -> None:
    """Ask Amazon for a new client secret, unless one is on its way or the one before is still good.

    What is asked for is remembered right before the request goes out, for a second request would make the older secret
    invalid: after a failure that leaves open whether Amazon did it, nothing is asked for a day.

    Raises:
        SlotAhead: it is not its turn yet.
        AmazonError: Amazon refused, or can't be reached.
    """
    client_id = work.settings.lwa_client_id

    def mark() -> None:
        now = work.clock.now()
        state = vault.client_secret_state(client_id)
        if state is None or not rules.may_rotate(issued_at=state.issued_at, requested_at=state.requested_at, now=now):
            raise _NotNow
        event = AuditEvent("client_secret.requested", work.command.requested_by, "application/client_secret")
        audit.append_application(event, clock=work.clock)
        if not vault.mark_rotation(client_id, now, again_after=rules.ASKED_AGAIN_AFTER):
            raise _NotNow

    try:
        # The API is the same in every region, and a client secret belongs to the application in all of them.
        work.amazon.rotate_client_secret("NA", mark)
    except _NotNow:
        work.metrics.count("ClientSecretAskedForAlready")
    except (RequestRejected, Throttled):
        vault.unmark_rotation(client_id)
        work.metrics.count("ClientSecretRefused")
        raise
    else:
        work.metrics.count("ClientSecretAskedFor")


def take_news(news: NewClientSecret | ClientSecretExpiry, event_time: datetime, clock: Clock) -> News:
    """Take in what Amazon tells of the application's client secret; doing it again, or out of order, does no harm.

    Raises:
        Exception: it could not be stored; the message has to come again, for nobody else has the secret.
    """
    client_id = bound().settings.lwa_client_id
    if news.client_id != client_id:
        return "ClientSecretOfAnother"
    if isinstance(news, ClientSecretExpiry):
        vault.note_client_secret_expiry(client_id, news.client_secret_expiry_time)
        return "ClientSecretExpiryTold"
    details = {"valid_until": format_instant(news.valid_until)}
    event = AuditEvent("client_secret.issued", "notification_intake", "application/client_secret", details=details)
    audit.append_application(event, clock=clock)
    issued = IssuedSecret(news.secret, event_time, news.valid_until, news.previous_valid_until)
    return "ClientSecretRotated" if vault.rotate_client_secret(client_id, issued, clock=clock) else "ClientSecretStale"


def review_credential(work: Work) -> None:
    """``credential.review``: delete the key of a connection that was of no use for 90 days, or encrypt it anew in time.

    Runs for the tenant in scope. A connection without a key is taken out of the register.
    """
    connection_id, now = work.command.connection_id, work.clock.now()
    age = vault.credential_age(Purpose(current_tenant(), connection_id, vault.REFRESH_TOKEN))
    entry = connections.credential_of(connection_id)
    if age is None or entry is None:
        if age is None:
            connections.strike_credential(connection_id)
        return
    used = {role: parse_instant(at) for role, at in entry.uses().items()}
    if use_verdict(last_used(parse_instant(entry.granted_at), used), now) == "to_delete":
        _record_of(connection_id, "credential.deleted", {"because": "unused"}, work.clock)
        from quayside.compliance.erasure_service import connection_ended  # noqa: PLC0415 - few reviews need it

        # First, so that a worker that dies in between leaves nothing that is never erased.
        connection_ended(
            connection_id, cause="disuse", requested_by="sync_worker", clock=work.clock, entropy=secrets.token_bytes
        )
        connections.unused(connection_id, desk=work.desk, now=now)
        return
    rotated_at = _instant(work.command.arguments.get(KEY_ROTATED_AT))
    if rules.needs_rewrap(parse_instant(age.sealed_at), rotated_at, now):
        _record_of(connection_id, "credential.rewrapped", {"sealed_at": age.sealed_at}, work.clock)
        vault.rewrap(Purpose(current_tenant(), connection_id, vault.REFRESH_TOKEN), clock=work.clock)


def _record_of(connection_id: ConnectionId, action: str, details: dict[str, str], clock: Clock) -> None:
    audit.append(AuditEvent(action, "sync_worker", f"connection/{connection_id}", details=details), clock=clock)


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def ask_for_reviews(
    requested_by: str,
    *,
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
    metrics: Metrics | None = None,
    everything_anew: bool = False,
) -> int:
    """Ask the worker to look at every credential there is, spread over a quarter of an hour; return how many.

    Args:
        requested_by: who asks: ``compliance_worker`` once a day, or ``operator``.
        clock: the time.
        entropy: random bytes for ids.
        metrics: counts credentials that were of no use for 60 days.
        everything_anew: encrypt all of them anew, for example after the vault key was rotated on demand.

    Raises:
        CommandsNotSent: the work queue did not take all; ask again, for asking twice does no harm.
    """
    now = clock.now()
    rotated_at = now if everything_anew else vault.key_rotated_at()
    arguments = {} if rotated_at is None else {KEY_ROTATED_AT: format_instant(rotated_at)}
    ask_for_application("client_secret.review", requested_by, clock=clock, entropy=entropy, key_rotated_at=rotated_at)
    asked, unused = 0, 0
    waiting: list[tuple[SyncCommand, int]] = []
    for entry in connections.all_credentials():
        tenant_id, connection_id = check_tenant_id(entry.tenant_id), check_connection_id(entry.connection_id)
        used = {role: parse_instant(at) for role, at in entry.uses().items()}
        unused += use_verdict(last_used(parse_instant(entry.granted_at), used), now) != "used"
        review = command(
            "credential.review", tenant_id, connection_id, arguments, cause="schedule", now=now, entropy=entropy
        )
        waiting.append((review, spread_seconds(connection_id, _SPREAD_SECONDS)))
        asked += 1
        if len(waiting) == _AT_ONCE:
            enqueue_spread(waiting)
            waiting.clear()
    enqueue_spread(waiting)
    if metrics is not None and unused:
        metrics.count("CredentialsUnused", unused)
    return asked


KEY_ROTATED_AT = "key_rotated_at"
_SPREAD_SECONDS = 900
_AT_ONCE = 100


def client_secret_standing(client_id: str, clock: Clock) -> ClientSecretView:
    """Return how the client secret of the application stands, without decrypting it."""
    state = vault.client_secret_state(client_id)
    if state is None:
        return ClientSecretView("missing", None, None, None, None, None)
    verdict = rules.secret_verdict(
        issued_at=state.issued_at, valid_until=state.valid_until, requested_at=state.requested_at, now=clock.now()
    )

    def told(at: datetime | None) -> str | None:
        return None if at is None else format_instant(at)

    return ClientSecretView(
        verdict.state,
        told(state.issued_at),
        told(verdict.due_at),
        told(state.valid_until),
        told(state.previous_valid_until),
        told(state.requested_at),
    )


def show_credentials(client_id: str, clock: Clock) -> CredentialsView:
    """Return how all credentials stand, what needs attention first: the first 200 of sellers' keys."""
    now = clock.now()
    shown = [_credential_view(entry, now) for entry in connections.all_credentials()]
    order: dict[UseStanding, int] = {"to_delete": 0, "unused": 1, "used": 2}
    shown.sort(key=lambda each: (order[each.standing], each.ends_at, each.connection_id))
    return CredentialsView(client_secret_standing(client_id, clock), tuple(shown[:_SHOWN]), len(shown))


def _credential_view(entry: "CredentialRecord", now: datetime) -> CredentialView:
    used = {role: parse_instant(at) for role, at in entry.uses().items()}
    granted_at = parse_instant(entry.granted_at)
    ends_at = granted_at + timedelta(days=AUTHORISATION_DAYS)
    return CredentialView(
        tenant_id=entry.tenant_id,
        connection_id=entry.connection_id,
        region=entry.region,
        granted_at=entry.granted_at,
        ends_at=format_instant(ends_at),
        reminder_days=reminder(ends_at, now),
        last_used_at=format_instant(max(used.values())) if used else None,
        standing=use_verdict(last_used(granted_at, used), now),
        unused_roles=tuple(sorted(role for role, at in used.items() if use_verdict(at, now) != "used")),
    )


_SHOWN = 200
