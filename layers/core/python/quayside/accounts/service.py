"""Use cases of accounts: signing up and in, staying signed in, second factors, names."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from quayside.accounts import rules, store
from quayside.accounts.records import MemberRecord, whole
from quayside.accounts.rules import Permission
from quayside.accounts.store import ChallengeName, IdentityProvider, NextStep, Tokens
from quayside.accounts.views import AuthenticatorSetup, Challenge, Me, MemberView, Session, SignedUp, TenantView
from quayside.kernel.clock import Clock, format_instant, from_epoch_seconds
from quayside.kernel.errors import (
    Conflict,
    FieldProblem,
    Forbidden,
    InvalidInput,
    QuaysideError,
    Unauthenticated,
    UpstreamUnavailable,
)
from quayside.kernel.ids import MemberId, TenantId, check_tenant_id, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import audit, blocks
from quayside.storage.audit_chain import AuditEvent

OPERATORS_GROUP = "operators"
FindMember = Callable[[MemberId], MemberRecord | None]
"""Reads a member of the tenant in scope as they are now."""
FindBlock = Callable[[TenantId], blocks.Block | None]
"""Reads the block of a tenant as it is now."""

_ISSUER = "Quayside"
_TENANT_CLAIM = "custom:tenant_id"


class Principal(msgspec.Struct, frozen=True):
    """Who asks: a member of a tenant, with what they may do."""

    tenant_id: TenantId
    member_id: MemberId
    username: str
    email: str
    name: str
    role: str
    permissions: frozenset[Permission]
    is_operator: bool
    mfa_enabled: bool


class Claims(msgspec.Struct, frozen=True):
    """What a verified ID token says of its bearer."""

    subject: str
    username: str
    email: str
    name: str
    tenant_id: str | None
    groups: frozenset[str]
    signed_in_at: int | None


class Started(NamedTuple):
    """A session, and the refresh token that goes into the cookie."""

    session: Session
    refresh_token: str | None


def claims_from(claims: dict[str, object], client_id: str) -> Claims:
    """Read the claims of a token that was verified, as API Gateway's authoriser or the identity provider gives them.

    The authoriser knows the user pool alone: a token that the pool made for another app client has a good signature
    too, and is refused here.

    Args:
        claims: what the token says.
        client_id: the app client of this product; when it is empty, no token is good.

    Raises:
        Unauthenticated: the claims name nobody, are those of a token that is no ID token, or were made for another
            app client than ``client_id``.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or claims.get("token_use") != "id":
        raise Unauthenticated("The request does not say who is asking.")
    if not client_id or claims.get("aud") != client_id:
        raise Unauthenticated(
            "This session was begun in another application.", code="other_application", action="Sign in here."
        )
    email = str(claims.get("email") or "")
    signed_in_at = str(claims.get("auth_time") or "")
    tenant_id = claims.get(_TENANT_CLAIM)
    return Claims(
        subject=subject,
        username=str(claims.get("cognito:username") or subject),
        email=email,
        name=str(claims.get("name") or email.partition("@")[0]),
        tenant_id=str(tenant_id) if tenant_id else None,
        groups=rules.groups_of(claims.get("cognito:groups")),
        signed_in_at=int(signed_in_at) if signed_in_at.isdigit() else None,
    )


def principal_of(
    claims: Claims, find_member: FindMember = store.find_member, find_block: FindBlock = blocks.block_of
) -> Principal:
    """Return who asks, by reading the member that the claims name.

    The tenant in the token is believed only because a member with the token's own subject is found there. The member is
    read for every request, strongly consistent, so whoever was removed, given a smaller role or signed out everywhere
    can do nothing more from that moment on, whatever their token says.

    Raises:
        Unauthenticated: the session is over, or began before the account had a tenant.
        Forbidden: there is no such member, the member was removed, or the tenant is blocked (why is said).
    """
    if claims.tenant_id is None:
        raise Unauthenticated("Your session has no organisation yet.", code="no_tenant", action="Sign in again.")
    tenant_id = check_tenant_id(claims.tenant_id)
    member_id = MemberId(claims.subject)
    with tenant_scope(tenant_id):
        member = find_member(member_id)
    if member is None or member.state != "active":
        raise Forbidden("You are not a member of this organisation.", code="not_a_member")
    if rules.session_is_over(claims.signed_in_at, whole(member.sessions_end_at)):
        raise Unauthenticated("You signed out everywhere.", code="session_over", action="Sign in again.")
    _refuse_blocked(find_block(tenant_id))
    is_operator = OPERATORS_GROUP in claims.groups
    return Principal(
        tenant_id=tenant_id,
        member_id=member_id,
        username=claims.username,
        email=member.email,
        name=member.name,
        role=member.role,
        permissions=rules.permissions_of(member.role, is_operator=is_operator),
        is_operator=is_operator,
        mfa_enabled=bool(member.mfa_enabled),
    )


def _refuse_blocked(block: blocks.Block | None) -> None:
    """Let nobody of a blocked tenant in. It is read anew each time: a block holds from the moment it was written."""
    if block is not None:
        raise Forbidden(
            f"Your organisation is blocked. Since {block.since[:16].replace('T', ' ')} UTC. Reason: {block.reason}",
            code="tenant_blocked",
            action="Write to the operator of this Quayside, who can lift the block.",
        )


class KnownMember(NamedTuple):
    """A member as the organisation knows them: role, whether they still belong to it, whether codes are asked for."""

    role: str
    active: bool
    second_factor: bool


def known_member(tenant_id: TenantId, subject: str) -> KnownMember | None:
    """Return what an organisation knows of an account, None when nothing; for operators who review access."""
    with tenant_scope(tenant_id):
        member = store.find_member(MemberId(subject))
    if member is None:
        return None
    return KnownMember(member.role, member.state == "active", bool(member.mfa_enabled))


def sign_up(  # noqa: PLR0913 - what an account is made of
    identity: IdentityProvider, clock: Clock, *, email: str, password: str, name: str, organisation: str
) -> SignedUp:
    """Begin an account and keep its organisation's name until the first sign-in.

    Raises:
        InvalidInput: the address is none, or the password breaks a rule (which one is said).
    """
    email = _checked_email(email)
    _check_password(password, "password")
    name, organisation = _checked_name(name, "name"), _checked_name(organisation, "organisation")
    subject = identity.sign_up(email, password, name)
    if subject is not None:
        with tenant_scope(tenant_id_of(subject)):
            store.keep_name(organisation, clock.now())
            audit.append(AuditEvent("account.signed_up", subject, f"member/{subject}"), clock=clock)
    return SignedUp(email, "email")


def confirm(identity: IdentityProvider, *, email: str, code: str) -> None:
    """Prove an e-mail address by the code that was sent to it."""
    identity.confirm(rules.normalise_email(email), code.strip())


def resend_code(identity: IdentityProvider, *, email: str) -> None:
    """Send another confirmation code."""
    identity.resend_code(_checked_email(email))


def sign_in(
    identity: IdentityProvider, clock: Clock, trial_days: int, *, email: str, password: str
) -> Started | Challenge:
    """Check a password; the answer is a session or one more step."""
    email = rules.normalise_email(email)
    with _refusals_recorded(clock):
        step = identity.sign_in(email, password)
    return _continue(identity, clock, trial_days, email, step)


def answer_challenge(  # noqa: PLR0913 - the parts of a challenge and of its answer
    identity: IdentityProvider,
    clock: Clock,
    trial_days: int,
    *,
    email: str,
    challenge: ChallengeName,
    session: str,
    code: str | None,
    new_password: str | None,
) -> Started | Challenge:
    """Answer the step that signing in asked for.

    Raises:
        InvalidInput: the answer that this step needs is missing, or the new password breaks a rule.
    """
    field, given = ("new_password", new_password) if challenge == "NEW_PASSWORD_REQUIRED" else ("code", code)
    if not given:
        raise InvalidInput(f"This step needs {field}.", fields=(FieldProblem(field, "is missing"),))
    if field == "new_password":
        _check_password(given, field)
    email = rules.normalise_email(email)
    with _refusals_recorded(clock):
        step = identity.answer(email, challenge, session, given.strip() if field == "code" else given)
    authenticator = challenge in ("SOFTWARE_TOKEN_MFA", "MFA_SETUP")
    return _continue(identity, clock, trial_days, email, step, authenticator=authenticator)


@contextmanager
def _refusals_recorded(clock: Clock) -> Iterator[None]:
    """Record that somebody was not let in, and why; not who, for an address that was typed may be anybody's."""
    try:
        yield
    except UpstreamUnavailable:
        raise
    except QuaysideError as refused:
        event = AuditEvent("session.refused", "unknown", "session/none", "refused", {"code": refused.code})
        audit.append_application(event, clock=clock)
        raise


def _continue(  # noqa: PLR0913 - what a session is made of
    identity: IdentityProvider,
    clock: Clock,
    trial_days: int,
    email: str,
    step: Tokens | NextStep,
    *,
    authenticator: bool = False,
) -> Started | Challenge:
    if isinstance(step, NextStep):
        uri = None if step.secret is None else _otpauth_uri(email, step.secret)
        return Challenge(step.challenge, step.session, step.secret, uri)
    return _start(identity, clock, trial_days, step, authenticator=authenticator)


def _start(
    identity: IdentityProvider, clock: Clock, trial_days: int, tokens: Tokens, *, authenticator: bool
) -> Started:
    """Begin a session; at the very first one create the tenant and its owner.

    Every step can be repeated: the tenant's id follows from the subject, its records are only written when missing,
    and the claim is set last. Whoever fails half way does it all again at the next sign-in.
    """
    claims = claims_from(store.claims_of(tokens.id_token), identity.client_id)
    if claims.tenant_id is None:
        tenant_id = tenant_id_of(claims.subject)
        now = clock.now()
        with tenant_scope(tenant_id):
            store.activate(claims.name, now, rules.trial_ends_at(now, trial_days))
            store.add_member(MemberId(claims.subject), claims.email, claims.name, "owner", now)
            audit.append(AuditEvent("tenant.created", claims.subject, f"tenant/{tenant_id}"), clock=clock)
        identity.assign_tenant(claims.username, tenant_id)
        if tokens.refresh_token is None:
            raise Unauthenticated("The session could not be started.", action="Sign in again.")
        fresh = identity.refresh(tokens.refresh_token)
        tokens = msgspec.structs.replace(fresh, refresh_token=fresh.refresh_token or tokens.refresh_token)
        claims = claims_from(store.claims_of(tokens.id_token), identity.client_id)
    if authenticator:
        with tenant_scope(check_tenant_id(claims.tenant_id or "")):
            store.note_authenticator(MemberId(claims.subject), on=True)
    principal = principal_of(claims)
    with tenant_scope(principal.tenant_id):
        proof = {"second_factor": "yes" if authenticator else "no"}
        subject = f"member/{principal.member_id}"
        audit.append(AuditEvent("session.started", principal.member_id, subject, details=proof), clock=clock)
    return Started(Session(tokens.id_token, tokens.expires_in_seconds, me(principal)), tokens.refresh_token)


def refresh(identity: IdentityProvider, clock: Clock, trial_days: int, refresh_token: str | None) -> Started:
    """Continue the session of the cookie.

    Raises:
        Unauthenticated: there is no cookie, or its session is over.
    """
    tokens = identity.refresh(_needed(refresh_token))
    claims = claims_from(store.claims_of(tokens.id_token), identity.client_id)
    if claims.tenant_id is None:
        return _start(
            identity,
            clock,
            trial_days,
            msgspec.structs.replace(tokens, refresh_token=tokens.refresh_token or refresh_token),
            authenticator=False,
        )
    principal = principal_of(claims)
    return Started(Session(tokens.id_token, tokens.expires_in_seconds, me(principal)), tokens.refresh_token)


def sign_out(identity: IdentityProvider, clock: Clock, refresh_token: str | None) -> None:
    """End the session of the cookie; without one there is nothing to end."""
    if not refresh_token:
        return
    # Whose session it is can be asked only as long as it lives.
    try:
        tokens = identity.refresh(refresh_token)
    except Unauthenticated:
        return
    claims = claims_from(store.claims_of(tokens.id_token), identity.client_id)
    identity.revoke(refresh_token)
    if claims.tenant_id is not None:
        with tenant_scope(check_tenant_id(claims.tenant_id)):
            audit.append(AuditEvent("session.ended", claims.subject, f"member/{claims.subject}"), clock=clock)


def sign_out_everywhere(identity: IdentityProvider, clock: Clock, principal: Principal) -> None:
    """End every session of a member at once, including ID tokens that would still be valid for a while."""
    with tenant_scope(principal.tenant_id):
        store.end_sessions(principal.member_id, clock.now())
    identity.end_all_sessions(principal.username)


def forgot_password(identity: IdentityProvider, *, email: str) -> None:
    """Send a code for a new password to an account that can have one."""
    identity.forgot_password(_checked_email(email))


def reset_password(identity: IdentityProvider, *, email: str, code: str, new_password: str) -> None:
    """Set a new password by the code that was sent.

    Raises:
        InvalidInput: the code is wrong, or the password breaks a rule (which one is said).
        Gone: the code has expired.
    """
    _check_password(new_password, "new_password")
    identity.reset_password(rules.normalise_email(email), code.strip(), new_password)


def begin_authenticator(
    identity: IdentityProvider, principal: Principal, refresh_token: str | None
) -> AuthenticatorSetup:
    """Hand out a new authenticator secret; it comes into force when a code of it is confirmed."""
    secret = identity.begin_authenticator(_access_token(identity, principal, refresh_token))
    return AuthenticatorSetup(secret, _otpauth_uri(principal.email, secret))


def confirm_authenticator(
    identity: IdentityProvider, principal: Principal, refresh_token: str | None, *, code: str
) -> None:
    """Switch the second factor on, after a code proved that the app holds the secret."""
    identity.check_authenticator(_access_token(identity, principal, refresh_token), code.strip())
    identity.switch_authenticator(principal.username, on=True)
    _note(principal, on=True)


def disable_authenticator(
    identity: IdentityProvider,
    principal: Principal,
    refresh_token: str | None,
    *,
    code: str,
    mfa_mode: str,
) -> None:
    """Switch the second factor off, after a code proved that it is its owner who asks.

    Raises:
        Conflict: this installation demands a second factor from everyone.
    """
    if mfa_mode == "required":
        raise Conflict(
            "This installation demands a second factor from everyone.",
            code="mfa_required",
            action="Set up another authenticator app instead.",
        )
    identity.check_authenticator(_access_token(identity, principal, refresh_token), code.strip())
    identity.switch_authenticator(principal.username, on=False)
    _note(principal, on=False)


def _note(principal: Principal, *, on: bool) -> None:
    with tenant_scope(principal.tenant_id):
        store.note_authenticator(principal.member_id, on=on)


def _access_token(identity: IdentityProvider, principal: Principal, refresh_token: str | None) -> str:
    """Return an access token of the cookie's session, which must be the session of the member who asks."""
    tokens = identity.refresh(_needed(refresh_token))
    if claims_from(store.claims_of(tokens.id_token), identity.client_id).subject != principal.member_id:
        raise Unauthenticated("Two different people are signed in here.", code="session_mix", action="Sign in again.")
    return tokens.access_token


def _needed(refresh_token: str | None) -> str:
    if not refresh_token:
        raise Unauthenticated("You are not signed in.", code="no_session")
    return refresh_token


def me(principal: Principal) -> Me:
    """Return who is signed in and their organisation."""
    with tenant_scope(principal.tenant_id):
        tenant = store.find_tenant()
    if tenant is None:
        raise Forbidden("Your organisation no longer exists.", code="no_such_tenant", action="Ask your operator.")
    ends = whole(tenant.trial_ends_at)
    return Me(
        member=MemberView(
            principal.member_id,
            principal.email,
            principal.name,
            principal.role,
            tuple(sorted(principal.permissions)),
            principal.mfa_enabled,
            principal.is_operator,
        ),
        tenant=TenantView(
            principal.tenant_id,
            tenant.name,
            tenant.plan or "trial",
            None if ends is None else format_instant(from_epoch_seconds(ends)),
            format_instant(from_epoch_seconds(int(tenant.created_at or 0))),
        ),
    )


def organisation_name() -> str:
    """Return the name of the organisation in scope; empty when it has none."""
    found = store.find_tenant()
    return "" if found is None else found.name


def names_of_members(member_ids: Collection[str]) -> dict[str, str]:
    """Return the names of members of the tenant in scope by their ids; whoever is none is left out."""
    found = {member_id: store.find_member(MemberId(member_id)) for member_id in member_ids}
    return {member_id: member.name for member_id, member in found.items() if member is not None}


def rename_member(principal: Principal, *, name: str) -> Me:
    """Change one's own name."""
    name = _checked_name(name, "name")
    with tenant_scope(principal.tenant_id):
        store.rename_member(principal.member_id, name)
    return me(msgspec.structs.replace(principal, name=name))


def rename_tenant(principal: Principal, *, name: str) -> Me:
    """Change the organisation's name."""
    with tenant_scope(principal.tenant_id):
        store.rename_tenant(_checked_name(name, "name"))
    return me(principal)


def _checked_email(text: str) -> str:
    email = rules.normalise_email(text)
    if not rules.looks_like_email(email):
        raise InvalidInput(
            "That is not an e-mail address.", code="invalid_email", fields=(FieldProblem("email", "is no address"),)
        )
    return email


def _checked_name(text: str, field: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise InvalidInput(f"The {field} is empty.", fields=(FieldProblem(field, "is empty"),))
    return name


def _check_password(password: str, field: str) -> None:
    broken = rules.broken_password_rules(password)
    if broken:
        raise InvalidInput(
            "The password does not meet every rule.",
            code="weak_password",
            fields=tuple(FieldProblem(field, f"needs: {rule}") for rule in broken),
            action="Add what is missing and try again.",
        )


def _otpauth_uri(email: str, secret: str) -> str:
    """Return the address that authenticator apps read. Source: Google Authenticator wiki, "Key Uri Format"."""
    label = quote(f"{_ISSUER}:{email}", safe=":@")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': _ISSUER})}"
