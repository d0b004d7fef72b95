"""What the API shows of members, tenants and sessions."""

from typing import Literal

import msgspec


class MemberView(msgspec.Struct, frozen=True):
    """The member who asks, and what they may do."""

    member_id: str
    email: str
    name: str
    role: str
    permissions: tuple[str, ...]
    mfa_enabled: bool
    is_operator: bool


class TenantView(msgspec.Struct, frozen=True):
    """The organisation of the member who asks."""

    tenant_id: str
    name: str
    plan: str
    trial_ends_at: str | None
    created_at: str


class Me(msgspec.Struct, frozen=True):
    """Who is signed in."""

    member: MemberView
    tenant: TenantView


class SignedUp(msgspec.Struct, frozen=True):
    """A code is on its way, by the means ``delivery``. The answer is the same whether or not the address is known."""

    email: str
    delivery: Literal["email"]


class Session(msgspec.Struct, frozen=True, tag_field="kind", tag="session"):
    """A session began or goes on. The refresh token travels in a cookie alone."""

    id_token: str
    expires_in_seconds: int
    me: Me


class Challenge(msgspec.Struct, frozen=True, tag_field="kind", tag="challenge"):
    """One more step before a session begins. ``secret`` and ``otpauth_uri`` come with MFA_SETUP alone."""

    challenge: Literal["SOFTWARE_TOKEN_MFA", "MFA_SETUP", "NEW_PASSWORD_REQUIRED"]
    session: str
    secret: str | None = None
    otpauth_uri: str | None = None


class AuthenticatorSetup(msgspec.Struct, frozen=True):
    """What an authenticator app needs: the secret as text and as the address behind the QR code."""

    secret: str
    otpauth_uri: str
