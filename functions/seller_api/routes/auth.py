"""Signing up, in and out."""

from typing import Annotated, Any, Literal

import msgspec

from quayside.accounts import service
from quayside.accounts.service import Started
from quayside.accounts.views import AuthenticatorSetup, Challenge, Session, SignedUp
from seller_api.routing import Call, Routes

routes = Routes("auth")

Email = Annotated[str, msgspec.Meta(max_length=254, description="E-mail address of the account.")]
Password = Annotated[str, msgspec.Meta(max_length=256, description="See the password rules in the configuration.")]
Code = Annotated[str, msgspec.Meta(max_length=20, description="Code from the e-mail or the authenticator app.")]
Name = Annotated[str, msgspec.Meta(max_length=100)]


class SignUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new account and the organisation it will own."""

    email: Email
    password: Password
    name: Name
    organisation: Name


class EmailOnly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose account it is about."""

    email: Email


class Confirmation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that proves an e-mail address."""

    email: Email
    code: Code


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E-mail address and password."""

    email: Email
    password: Password


class ChallengeAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to the step that signing in asked for."""

    email: Email
    challenge: Literal["SOFTWARE_TOKEN_MFA", "MFA_SETUP", "NEW_PASSWORD_REQUIRED"]
    session: Annotated[str, msgspec.Meta(max_length=4096)]
    code: Code | None = None
    new_password: Password | None = None


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password, and the code that allows it."""

    email: Email
    code: Code
    new_password: Password


class CodeOnly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code of the authenticator app."""

    code: Code


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object."""


@routes.post("/auth/sign-up", permission="public", body=SignUp, status=201)
def sign_up(call: Call[SignUp, None]) -> SignedUp:
    """Create an account and send a code to its address.

    The answer is the same whether or not the address has an account already.
    """
    return service.sign_up(
        call.container.identity,
        call.container.clock,
        email=call.body.email,
        password=call.body.password,
        name=call.body.name,
        organisation=call.body.organisation,
    )


@routes.post("/auth/confirm", permission="public", body=Confirmation)
def confirm(call: Call[Confirmation, None]) -> None:
    """Prove the e-mail address by the code that was sent to it."""
    service.confirm(call.container.identity, email=call.body.email, code=call.body.code)


@routes.post("/auth/resend-code", permission="public", body=EmailOnly)
def resend_code(call: Call[EmailOnly, None]) -> None:
    """Send another confirmation code."""
    service.resend_code(call.container.identity, email=call.body.email)


@routes.post("/auth/sign-in", permission="public", body=Credentials)
def sign_in(call: Call[Credentials, None]) -> Session | Challenge:
    """Begin a session with e-mail address and password, or learn which step comes next."""
    begun = service.sign_in(
        call.container.identity,
        call.container.clock,
        call.container.settings.trial_days,
        email=call.body.email,
        password=call.body.password,
    )
    return _session(call, begun) if isinstance(begun, Started) else begun


@routes.post("/auth/challenge", permission="public", body=ChallengeAnswer)
def answer_challenge(call: Call[ChallengeAnswer, None]) -> Session | Challenge:
    """Answer the step that signing in asked for."""
    begun = service.answer_challenge(
        call.container.identity,
        call.container.clock,
        call.container.settings.trial_days,
        email=call.body.email,
        challenge=call.body.challenge,
        session=call.body.session,
        code=call.body.code,
        new_password=call.body.new_password,
    )
    return _session(call, begun) if isinstance(begun, Started) else begun


@routes.post("/auth/refresh", permission="public")
def refresh(call: Call[None, None]) -> Session:
    """Continue the session of the cookie with a fresh token."""
    begun = service.refresh(
        call.container.identity, call.container.clock, call.container.settings.trial_days, call.refresh_token
    )
    return _session(call, begun)


@routes.post("/auth/sign-out", permission="public")
def sign_out(call: Call[None, None]) -> None:
    """End the session of the cookie."""
    call.drop_session()
    service.sign_out(call.container.identity, call.container.clock, call.refresh_token)


@routes.post("/auth/sign-out-everywhere", permission="profile")
def sign_out_everywhere(call: Call[None, None]) -> None:
    """End every session of the member, on all devices, at once."""
    service.sign_out_everywhere(call.container.identity, call.container.clock, call.principal)
    call.drop_session()


@routes.post("/auth/forgot-password", permission="public", body=EmailOnly)
def forgot_password(call: Call[EmailOnly, None]) -> None:
    """Send a code with which a new password can be set.

    The answer is the same whether or not the address has an account.
    """
    service.forgot_password(call.container.identity, email=call.body.email)


@routes.post("/auth/reset-password", permission="public", body=NewPassword)
def reset_password(call: Call[NewPassword, None]) -> None:
    """Set a new password by the code that was sent."""
    service.reset_password(
        call.container.identity,
        email=call.body.email,
        code=call.body.code,
        new_password=call.body.new_password,
    )


@routes.post("/auth/mfa/begin", permission="profile", body=Nothing)
def begin_authenticator(call: Call[Nothing, None]) -> AuthenticatorSetup:
    """Hand out a new secret for an authenticator app."""
    return service.begin_authenticator(call.container.identity, call.principal, call.refresh_token)


@routes.post("/auth/mfa/confirm", permission="profile", body=CodeOnly)
def confirm_authenticator(call: Call[CodeOnly, None]) -> None:
    """Switch the second factor on by a code of the app."""
    service.confirm_authenticator(call.container.identity, call.principal, call.refresh_token, code=call.body.code)


@routes.post("/auth/mfa/disable", permission="profile", body=CodeOnly)
def disable_authenticator(call: Call[CodeOnly, None]) -> None:
    """Switch the second factor off by a code of the app."""
    service.disable_authenticator(
        call.container.identity,
        call.principal,
        call.refresh_token,
        code=call.body.code,
        mfa_mode=call.container.settings.mfa_mode,
    )


def _session(call: Call[Any, Any], begun: Started) -> Session:
    call.keep_session(begun.refresh_token)
    return begun.session
