"""Use cases of the life of credentials: the application's client secret is rotated without a call being lost.

sync_worker asks Amazon for a new secret; Amazon sends it to the intake queue, where notification_intake encrypts it
into the vault without being able to read anything there. Amazon takes both secrets for a week, and whoever still
believes in the old one reads the vault again within minutes.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from quayside.amazon.envelopes import ClientSecretExpiry, NewClientSecret
from quayside.amazon.errors import RequestRejected, Throttled
from quayside.compliance import credentials_rules as rules
from quayside.kernel.clock import Clock, format_instant
from quayside.storage import audit, vault
from quayside.storage.audit import AuditEvent
from quayside.storage.connection import bound
from quayside.storage.vault import IssuedSecret
from quayside.sync.service import ApplicationWork

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


class SecretStanding(NamedTuple):
    """How the application's client secret stands, for operators. Instants are ISO 8601."""

    state: rules.SecretStanding
    issued_at: str | None
    due_at: str | None
    valid_until: str | None
    previous_valid_until: str | None
    requested_at: str | None


def secret_standing(client_id: str, clock: Clock) -> SecretStanding:
    """Return how the client secret of the application stands, without decrypting it."""
    state = vault.client_secret_state(client_id)
    if state is None:
        return SecretStanding("missing", None, None, None, None, None)
    verdict = rules.secret_verdict(
        issued_at=state.issued_at, valid_until=state.valid_until, requested_at=state.requested_at, now=clock.now()
    )

    def told(at: datetime | None) -> str | None:
        return None if at is None else format_instant(at)

    return SecretStanding(
        verdict.state,
        format_instant(state.issued_at),
        format_instant(verdict.due_at),
        told(state.valid_until),
        told(state.previous_valid_until),
        told(state.requested_at),
    )
