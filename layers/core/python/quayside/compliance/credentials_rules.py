"""When credentials are renewed. Pure.

Sources: Amazon's Data Protection Policy 1.4.2 (credentials are rotated at least every 12 months); an application's
client secret is rotated every 180 days, and the old one is good for 7 days after that (reference/sp-api.md section 2).
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

SECRET_LIVES = timedelta(days=180)
SECRET_ROTATED_AFTER = timedelta(days=150)
"""A month before Amazon's 180 days, so that a rotation that goes wrong can be tried again and mended by hand."""
ROTATED_BEFORE_EXPIRY = timedelta(days=30)
BOTH_VALID = timedelta(days=7)
"""For so long the client secret before the present one is good. A rotation within it would make that one invalid."""
ANSWERED_WITHIN = timedelta(hours=1)
"""A new client secret comes within seconds; when it has not come by then, somebody has to look."""
ASKED_AGAIN_AFTER = timedelta(days=1)

REWRAPPED_AFTER = timedelta(days=180)
"""Half of the 12 months, so that one failed review in a hundred changes nothing."""

SecretStanding = Literal["fresh", "due", "requested", "overdue", "missing"]


class SecretVerdict(NamedTuple):
    """How the client secret stands: its state, and when it is to be rotated."""

    state: SecretStanding
    due_at: datetime


def secret_verdict(
    *, issued_at: datetime, valid_until: datetime | None, requested_at: datetime | None, now: datetime
) -> SecretVerdict:
    """Say how the client secret stands.

    ``requested`` while a new one is on its way; ``overdue`` when it has not come within an hour, or when the one in use
    should have been replaced two weeks ago; otherwise ``due`` or ``fresh``.
    """
    ends = valid_until or issued_at + SECRET_LIVES
    due_at = max(issued_at + BOTH_VALID, min(issued_at + SECRET_ROTATED_AFTER, ends - ROTATED_BEFORE_EXPIRY))
    if requested_at is not None and now - requested_at < ASKED_AGAIN_AFTER:
        return SecretVerdict("requested" if now - requested_at < ANSWERED_WITHIN else "overdue", due_at)
    if now >= due_at + timedelta(days=14):
        return SecretVerdict("overdue", due_at)
    return SecretVerdict("due" if now >= due_at else "fresh", due_at)


def may_rotate(*, issued_at: datetime, requested_at: datetime | None, now: datetime) -> bool:
    """Return whether a new client secret may be asked for: not while the one before is still good."""
    asked = requested_at is not None and now - requested_at < ASKED_AGAIN_AFTER
    return not asked and now - issued_at >= BOTH_VALID


def needs_rewrap(sealed_at: datetime, key_rotated_at: datetime | None, now: datetime) -> bool:
    """Return whether to encrypt a credential anew: the KMS key has new material since, or half a year has gone by."""
    return now - sealed_at >= REWRAPPED_AFTER or (key_rotated_at is not None and sealed_at < key_rotated_at)
