"""Where accounts are kept: tenants and members in Core, passwords and second factors with the identity provider."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from quayside.accounts.records import MemberRecord, TenantRecord
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.errors import (
    Conflict,
    FieldProblem,
    Gone,
    InvalidInput,
    QuaysideError,
    RateLimited,
    Unauthenticated,
    UpstreamUnavailable,
)
from quayside.kernel.ids import MemberId, TenantId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import write

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

UNCONFIRMED_KEPT = timedelta(days=7)
"""How long the organisation's name of a sign-up that nobody confirmed is kept."""

ChallengeName = Literal["SOFTWARE_TOKEN_MFA", "MFA_SETUP", "NEW_PASSWORD_REQUIRED"]


class Tokens(msgspec.Struct, frozen=True):
    """A session as the identity provider hands it out. ``repr`` shows no token."""

    id_token: str
    access_token: str
    refresh_token: str | None
    expires_in_seconds: int

    def __repr__(self) -> str:
        return f"Tokens(expires_in_seconds={self.expires_in_seconds})"


class NextStep(msgspec.Struct, frozen=True):
    """What the identity provider asks before it hands out tokens."""

    challenge: ChallengeName
    session: str
    secret: str | None = None


class IdentityProvider(Protocol):
    """Keeps passwords and second factors, and hands out sessions.

    Promises: no method tells whether an e-mail address has an account. ``sign_up``, ``resend_code`` and
    ``forgot_password`` do nothing for an address they may not act on; the others answer for an unknown address exactly
    as for a wrong password or code. Errors are those of ``quayside.kernel.errors``.
    """

    @property
    def client_id(self) -> str:
        """The app client that every token it hands out is made for."""
        ...

    def sign_up(self, email: str, password: str, name: str) -> str | None:
        """Begin an account and send a code; return its subject, or None when the address has an account already."""
        ...

    def confirm(self, email: str, code: str) -> None:
        """Prove the address by the code. Raises InvalidInput (wrong code) or Gone (expired)."""
        ...

    def resend_code(self, email: str) -> None:
        """Send another code to an account that waits for one."""
        ...

    def sign_in(self, email: str, password: str) -> Tokens | NextStep:
        """Check the password. Raises Unauthenticated, RateLimited (locked out) or Conflict (not confirmed)."""
        ...

    def answer(self, email: str, challenge: ChallengeName, session: str, answer: str) -> Tokens | NextStep:
        """Answer the step that ``sign_in`` asked for. Raises InvalidInput (wrong) or Unauthenticated (too late)."""
        ...

    def refresh(self, refresh_token: str) -> Tokens:
        """Continue a session. Raises Unauthenticated when it is over."""
        ...

    def revoke(self, refresh_token: str) -> None:
        """End one session; a session that is over already is no error."""
        ...

    def end_all_sessions(self, username: str) -> None:
        """End every session of an account."""
        ...

    def forgot_password(self, email: str) -> None:
        """Send a code with which a new password can be set."""
        ...

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        """Set a new password by the code. Raises InvalidInput or Gone."""
        ...

    def begin_authenticator(self, access_token: str) -> str:
        """Return a new authenticator secret that is not in force yet."""
        ...

    def check_authenticator(self, access_token: str, code: str) -> None:
        """Check a code of the member's authenticator. Raises InvalidInput."""
        ...

    def switch_authenticator(self, username: str, *, on: bool) -> None:
        """Demand a code of the authenticator at sign-in from now on, or stop doing so."""
        ...

    def assign_tenant(self, username: str, tenant_id: TenantId) -> None:
        """Put the tenant id into the account, so that its tokens carry it from the next one on."""
        ...


def claims_of(id_token: str) -> dict[str, Any]:
    """Read the claims of a token that came straight from the identity provider.

    It came over TLS in answer to our own request, which is why no signature is checked here. Tokens from a browser are
    checked by API Gateway's authoriser and never reach this function.
    """
    payload = id_token.split(".")[1]
    claims: dict[str, Any] = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


class CognitoIdentityProvider:
    """The identity provider on a Cognito user pool whose users sign in with their e-mail address."""

    def __init__(
        self, client: "Callable[[], CognitoIdentityProviderClient]", user_pool_id: str, client_id: str
    ) -> None:
        """``client`` is called when first needed: most requests never talk to Cognito, and its client is costly."""
        self._client = client
        self._pool = user_pool_id
        self._app = client_id

    @property
    def client_id(self) -> str:
        """The app client of this product."""
        return self._app

    def sign_up(self, email: str, password: str, name: str) -> str | None:
        """Begin an account. An address that has one gets a fresh code if it waits for one, and nothing otherwise."""
        subjects: list[str] = []
        with _translated("UsernameExistsException"):
            answer = self._client().sign_up(
                ClientId=self._app,
                Username=email,
                Password=password,
                UserAttributes=[{"Name": "email", "Value": email}, {"Name": "name", "Value": name}],
            )
            subjects.append(answer["UserSub"])
        if not subjects:
            self.resend_code(email)
        return subjects[0] if subjects else None

    def confirm(self, email: str, code: str) -> None:
        """Prove the address; a wrong code, an unknown address and an account confirmed already look the same."""
        with _translated(wrong=_wrong_code):
            self._client().confirm_sign_up(ClientId=self._app, Username=email, ConfirmationCode=code)

    def resend_code(self, email: str) -> None:
        """Send another code, or do nothing when the address does not wait for one."""
        with _translated("UserNotFoundException", "InvalidParameterException", "NotAuthorizedException"):
            self._client().resend_confirmation_code(ClientId=self._app, Username=email)

    def sign_in(self, email: str, password: str) -> Tokens | NextStep:
        """Check the password on the server's own authenticated flow."""
        with _translated(wrong=_wrong_password):
            answer = self._client().admin_initiate_auth(
                UserPoolId=self._pool,
                ClientId=self._app,
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": email, "PASSWORD": password},
            )
            return self._step(answer)

    def answer(self, email: str, challenge: ChallengeName, session: str, answer: str) -> Tokens | NextStep:
        """Answer a challenge; setting up an authenticator takes two calls of Cognito."""
        responses = {"USERNAME": email}
        with _translated(wrong=_challenge_over):
            if challenge == "MFA_SETUP":
                session = self._client().verify_software_token(Session=session, UserCode=answer)["Session"]
            elif challenge == "SOFTWARE_TOKEN_MFA":
                responses["SOFTWARE_TOKEN_MFA_CODE"] = answer
            else:
                responses["NEW_PASSWORD"] = answer
            return self._step(
                self._client().admin_respond_to_auth_challenge(
                    UserPoolId=self._pool,
                    ClientId=self._app,
                    ChallengeName=challenge,
                    Session=session,
                    ChallengeResponses=responses,
                )
            )

    def _step(self, answer: Mapping[str, Any]) -> Tokens | NextStep:
        result = answer.get("AuthenticationResult")
        if result is not None:
            return _tokens(result)
        challenge = answer["ChallengeName"]
        if challenge == "MFA_SETUP":
            setup = self._client().associate_software_token(Session=answer["Session"])
            return NextStep(challenge, setup["Session"], setup["SecretCode"])
        if challenge not in ("SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED"):
            raise Conflict(
                "Your account asks for a way of signing in that this page does not offer.",
                code="unknown_challenge",
                action="Ask your operator to look at the sign-in settings of your account.",
            )
        return NextStep(challenge, answer["Session"])

    def refresh(self, refresh_token: str) -> Tokens:
        """Continue a session by its refresh token."""
        with _translated(wrong=_session_over):
            answer = self._client().admin_initiate_auth(
                UserPoolId=self._pool,
                ClientId=self._app,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": refresh_token},
            )
            return _tokens(answer["AuthenticationResult"])

    def revoke(self, refresh_token: str) -> None:
        """Revoke a refresh token and the access tokens that came of it."""
        with _translated("NotAuthorizedException", "InvalidParameterException", "UnsupportedTokenTypeException"):
            self._client().revoke_token(Token=refresh_token, ClientId=self._app)

    def end_all_sessions(self, username: str) -> None:
        """Revoke every refresh token of an account."""
        with _translated("UserNotFoundException"):
            self._client().admin_user_global_sign_out(UserPoolId=self._pool, Username=username)

    def forgot_password(self, email: str) -> None:
        """Send a code for a new password; nothing happens for an address without a confirmed account."""
        with _translated("UserNotFoundException", "InvalidParameterException", "NotAuthorizedException"):
            self._client().forgot_password(ClientId=self._app, Username=email)

    def reset_password(self, email: str, code: str, new_password: str) -> None:
        """Set a new password by the code that was sent."""
        with _translated(wrong=_wrong_code):
            self._client().confirm_forgot_password(
                ClientId=self._app, Username=email, ConfirmationCode=code, Password=new_password
            )

    def begin_authenticator(self, access_token: str) -> str:
        """Return a new TOTP secret."""
        with _translated(wrong=_session_over):
            return self._client().associate_software_token(AccessToken=access_token)["SecretCode"]

    def check_authenticator(self, access_token: str, code: str) -> None:
        """Check a TOTP code against the secret that was last handed out."""
        with _translated(wrong=_session_over):
            answer = self._client().verify_software_token(AccessToken=access_token, UserCode=code)
            if answer.get("Status") != "SUCCESS":
                refused = _wrong_code()
                raise refused

    def switch_authenticator(self, username: str, *, on: bool) -> None:
        """Make TOTP the second factor of an account, or remove it."""
        with _translated(wrong=_session_over):
            self._client().admin_set_user_mfa_preference(
                UserPoolId=self._pool,
                Username=username,
                SoftwareTokenMfaSettings={"Enabled": on, "PreferredMfa": on},
            )

    def assign_tenant(self, username: str, tenant_id: TenantId) -> None:
        """Write the attribute that becomes the claim ``custom:tenant_id``."""
        with _translated(wrong=_session_over):
            self._client().admin_update_user_attributes(
                UserPoolId=self._pool,
                Username=username,
                UserAttributes=[{"Name": "custom:tenant_id", "Value": tenant_id}],
            )


def _tokens(result: Mapping[str, Any]) -> Tokens:
    return Tokens(result["IdToken"], result["AccessToken"], result.get("RefreshToken"), int(result["ExpiresIn"]))


def _wrong_password() -> QuaysideError:
    return Unauthenticated(
        "The e-mail address or the password is not right.",
        code="wrong_credentials",
        action="Check both and try again, or set a new password.",
    )


def _wrong_code() -> QuaysideError:
    return InvalidInput(
        "That code is not right, or it was used already.",
        code="wrong_code",
        fields=(FieldProblem("code", "is not right, or was used already"),),
        action="Check the code, or ask for a new one.",
    )


def _session_over() -> QuaysideError:
    return Unauthenticated("Your session has ended.", code="session_over", action="Sign in again.")


def _challenge_over() -> QuaysideError:
    return Unauthenticated(
        "This sign-in took too long or was answered already.", code="challenge_over", action="Start signing in again."
    )


def _locked_out() -> QuaysideError:
    return RateLimited(
        "There were too many attempts, so signing in is locked for a while.",
        code="locked_out",
        action="Wait 15 minutes and try again, or set a new password.",
        retry_after_seconds=900,
    )


def _too_often() -> QuaysideError:
    return RateLimited(
        "That was tried too often.",
        code="too_many_attempts",
        action="Wait 15 minutes and try again.",
        retry_after_seconds=900,
    )


def _code_expired() -> QuaysideError:
    return Gone("That code has expired.", code="code_expired", action="Ask for a new code.")


def _not_confirmed() -> QuaysideError:
    return Conflict(
        "Your e-mail address is not confirmed yet.",
        code="email_not_confirmed",
        action="Enter the code we sent you, or ask for a new one.",
    )


def _weak_password() -> QuaysideError:
    return InvalidInput(
        "That password is not accepted.",
        code="weak_password",
        fields=(FieldProblem("password", "is not accepted by the password rules"),),
        action="Choose a longer password that mixes letters, digits and symbols.",
    )


def _bad_request() -> QuaysideError:
    return InvalidInput("The identity service can't use what was sent.", code="invalid_account_data")


_OUTCOMES: dict[str, Callable[[], QuaysideError]] = {
    "ExpiredCodeException": _code_expired,
    "CodeMismatchException": _wrong_code,
    "EnableSoftwareTokenMFAException": _wrong_code,
    "UserNotConfirmedException": _not_confirmed,
    "InvalidPasswordException": _weak_password,
    "PasswordHistoryPolicyViolationException": _weak_password,
    "InvalidParameterException": _bad_request,
    "TooManyFailedAttemptsException": _too_often,
    "TooManyRequestsException": _too_often,
    "LimitExceededException": _too_often,
    "PasswordResetRequiredException": lambda: Conflict(
        "A new password has to be set first.", code="password_reset_required", action="Use “Forgot password”."
    ),
}
_REFUSALS = frozenset({"NotAuthorizedException", "UserNotFoundException"})
# Cognito gives the lock-out no code of its own: it is the same exception as a wrong password, told apart by its text.
_LOCK_OUT_TEXT = "attempts exceeded"


@contextmanager
def _translated(*ignored: str, wrong: Callable[[], QuaysideError] = _session_over) -> Iterator[None]:
    """Turn Cognito's errors into ours: ``ignored`` codes pass silently, refusals become ``wrong``."""
    try:
        yield
    except ClientError as problem:
        error = problem.response.get("Error", {})
        code = error.get("Code", "")
        if code in _REFUSALS and _LOCK_OUT_TEXT in error.get("Message", "").lower():
            raise _locked_out() from None
        if code in ignored:
            return
        if code in _REFUSALS:
            raise wrong() from None
        if code in _OUTCOMES:
            outcome = _OUTCOMES[code]
            raise outcome() from None
        raise UpstreamUnavailable(
            "The identity service could not answer.", code="identity_service_unavailable"
        ) from problem
    except BotoCoreError as problem:
        raise UpstreamUnavailable(
            "The identity service could not be reached.", code="identity_service_unavailable"
        ) from problem


# Tenants and members, for the tenant in scope


def keep_name(organisation: str, now: datetime) -> None:
    """Keep the organisation's name of a sign-up until its first sign-in; a tenant that is active stays as it is."""
    record = TenantRecord
    write(
        record,
        keys.tenant(current_tenant()),
        [
            record.name.set(organisation),
            record.state.set("unconfirmed"),
            record.expires_at.set(epoch_seconds(now + UNCONFIRMED_KEPT)),
        ],
        record.pk.does_not_exist() | (record.state == "unconfirmed"),
        returning="NONE",
    )


def activate(fallback_name: str, now: datetime, trial_ends: datetime) -> None:
    """Make the tenant in scope active on trial; repeating it changes nothing."""
    record = TenantRecord
    write(
        record,
        keys.tenant(current_tenant()),
        [
            record.name.set(record.name | fallback_name),
            record.state.set("active"),
            record.plan.set(record.plan | "trial"),
            record.created_at.set(record.created_at | epoch_seconds(now)),
            record.trial_ends_at.set(record.trial_ends_at | epoch_seconds(trial_ends)),
            record.expires_at.remove(),
        ],
        record.pk.does_not_exist() | (record.state == "unconfirmed"),
        returning="NONE",
    )


def add_member(member_id: MemberId, email: str, name: str, role: str, now: datetime) -> None:
    """Add a member to the tenant in scope; one who is there already stays as they are."""
    record = MemberRecord
    write(
        record,
        keys.member(current_tenant(), member_id),
        [
            record.member_id.set(member_id),
            record.email.set(email),
            record.name.set(name),
            record.role.set(role),
            record.state.set("active"),
            record.created_at.set(epoch_seconds(now)),
        ],
        record.pk.does_not_exist(),
        returning="NONE",
    )


def find_tenant() -> TenantRecord | None:
    """Return the tenant in scope."""
    return TenantRecord.find(keys.tenant(current_tenant()))


def find_member(member_id: MemberId) -> MemberRecord | None:
    """Return a member of the tenant in scope."""
    return MemberRecord.find(keys.member(current_tenant(), member_id))


def rename_tenant(name: str) -> bool:
    """Change the organisation's name; False when there is no such tenant."""
    record = TenantRecord
    key = keys.tenant(current_tenant())
    return write(record, key, [record.name.set(name)], record.pk.exists(), returning="NONE").applied


def rename_member(member_id: MemberId, name: str) -> bool:
    """Change a member's name; False when there is no such member."""
    record = MemberRecord
    key = keys.member(current_tenant(), member_id)
    return write(record, key, [record.name.set(name)], record.pk.exists(), returning="NONE").applied


def note_authenticator(member_id: MemberId, *, on: bool) -> None:
    """Remember whether a member signs in with an authenticator."""
    record = MemberRecord
    key = keys.member(current_tenant(), member_id)
    write(record, key, [record.mfa_enabled.set(on)], record.pk.exists(), returning="NONE")


def end_sessions(member_id: MemberId, now: datetime) -> None:
    """Refuse every session of a member that began up to ``now``."""
    record = MemberRecord
    key = keys.member(current_tenant(), member_id)
    write(record, key, [record.sessions_end_at.set(epoch_seconds(now))], record.pk.exists(), returning="NONE")
