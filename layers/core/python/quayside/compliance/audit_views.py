"""What the API shows of the audit trail."""

from collections.abc import Mapping

import msgspec

from quayside.storage.audit_chain import Entry


class AuditDetail(msgspec.Struct, frozen=True):
    """One thing more that is known of an event."""

    name: str
    value: str


class AuditEntryView(msgspec.Struct, frozen=True):
    """One entry.

    Attributes:
        sequence: its number in the organisation's chain, from 0.
        at: when it was recorded (ISO 8601, UTC).
        action: what was done, for programs; ``title`` is the same for people.
        actor: who did it: a member's id, or the name of a part of Quayside; ``actor_name`` is the same for people.
        subject: what it was done to: ``<kind>/<id>``.
        previous_hash: the SHA-256 of the entry before it, as 64 hexadecimal digits.
    """

    sequence: int
    at: str
    action: str
    title: str
    actor: str
    actor_name: str
    subject: str
    outcome: str
    details: tuple[AuditDetail, ...]
    previous_hash: str


class AuditPage(msgspec.Struct, frozen=True):
    """A page of entries, newest first."""

    entries: tuple[AuditEntryView, ...]
    next_cursor: str | None


TITLES: Mapping[str, str] = {
    "audit.carried_on": "Audit trail carried on",
    "auth.begin_authenticator": "Authenticator app set-up begun",
    "auth.confirm_authenticator": "Authenticator app switched on",
    "auth.disable_authenticator": "Authenticator app switched off",
    "auth.sign_out_everywhere": "Signed out everywhere",
    "access.refused": "Refused: the role does not include it",
    "account.signed_up": "Account created",
    "connections.accept_callback": "Consent given at Amazon",
    "connections.begin_authorization": "Sent to Amazon to give consent",
    "connections.disconnect": "Amazon account disconnected",
    "connections.replay_quarantined": "Notification taken in again",
    "consent.failed": "Connecting the Amazon account failed",
    "consent.finished": "Amazon account connected",
    "consent.withdrawn": "Consent withdrawn at Amazon",
    "credential.used": "Refresh token used for an access token",
    "me.rename_me": "Own name changed",
    "me.rename_tenant": "Organisation renamed",
    "session.ended": "Signed out",
    "session.started": "Signed in",
    "sync.pause_dataset": "Dataset paused",
    "sync.replay_report": "Report loaded again",
    "sync.resume_dataset": "Dataset resumed",
    "sync.run_dataset": "Dataset read now",
    "sync.switch_feature": "Feature switched",
    "tenant.created": "Organisation created",
}
"""What people call an action. One that is not here is shown by its name in words."""

_PARTS_OF_QUAYSIDE: Mapping[str, str] = {
    "amazon": "Amazon",
    "compliance_worker": "Quayside",
    "operator": "Operator",
    "sync_worker": "Quayside",
}


def entry_view(entry: Entry, member_name: str | None) -> AuditEntryView:
    """Return what is shown of an entry; ``member_name`` is that of the member who did it, None when there is none."""
    return AuditEntryView(
        sequence=entry.sequence,
        at=entry.at,
        action=entry.action,
        title=TITLES.get(entry.action) or _words(entry.action),
        actor=entry.actor,
        actor_name=member_name or _PARTS_OF_QUAYSIDE.get(entry.actor, "A former member"),
        subject=entry.subject,
        outcome=entry.outcome,
        details=tuple(AuditDetail(name, value) for name, value in sorted(entry.details.items())),
        previous_hash=entry.previous,
    )


def _words(action: str) -> str:
    area, _, did = action.partition(".")
    return f"{area.replace('_', ' ').capitalize()}: {did.replace('_', ' ')}"
