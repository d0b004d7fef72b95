"""What operators see of credentials: which there are and how old they are, never what they are."""

from typing import Literal

import msgspec

from quayside.connections.rules import UseStanding


class ClientSecretView(msgspec.Struct, frozen=True):
    """How the application's client secret stands. Instants are ISO 8601; None: not known, or not happened."""

    state: Literal["fresh", "due", "requested", "overdue", "missing"]
    issued_at: str | None
    due_at: str | None
    valid_until: str | None
    previous_valid_until: str | None
    requested_at: str | None


class CredentialView(msgspec.Struct, frozen=True):
    """The key of one account: since when, until when, when it was last of use, and which role was not for long."""

    tenant_id: str
    connection_id: str
    region: str
    granted_at: str
    ends_at: str
    reminder_days: int | None
    last_used_at: str | None
    standing: UseStanding
    unused_roles: tuple[str, ...]


class CredentialsView(msgspec.Struct, frozen=True):
    """All credentials; what needs somebody's attention first."""

    client_secret: ClientSecretView
    credentials: tuple[CredentialView, ...]
    total: int


class RotationAsked(msgspec.Struct, frozen=True):
    """That a new client secret is asked for, unless one is on its way or the one before is still good."""

    requested: Literal[True] = True


class ReviewAsked(msgspec.Struct, frozen=True):
    """How many credentials are looked at."""

    credentials: int
