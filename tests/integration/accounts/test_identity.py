"""The identity provider: the same promises kept by the fake and by Cognito."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.cognitoidp.models import cognitoidp_backends

from quayside.accounts.store import CognitoIdentityProvider, IdentityProvider, NextStep, Tokens, claims_of
from quayside.kernel.clock import SystemClock
from quayside.kernel.errors import (  # fmt: skip
    Conflict,
    Gone,
    InvalidInput,
    QuaysideError,
    RateLimited,
    Unauthenticated,
    UpstreamUnavailable,
)
from quayside.kernel.ids import tenant_id_of
from tests.support.aws import ACCOUNT, REGION
from tests.support.identity import CODE, FakeIdentityProvider

PASSWORD = "Correct-Horse-9"
EMAIL = "anna@example.com"


@dataclass
class World:
    """An identity provider, and how a test learns the code that was sent."""

    identity: IdentityProvider
    code: Callable[[str], str]


def _fake() -> Iterator[World]:
    yield World(FakeIdentityProvider(SystemClock()), lambda _: CODE)


def _cognito() -> Iterator[World]:
    with mock_aws():
        client: Any = boto3.client("cognito-idp", region_name=REGION)
        pool = client.create_user_pool(
            PoolName="p",
            UsernameAttributes=["email"],
            AutoVerifiedAttributes=["email"],
            Schema=[{"Name": "tenant_id", "AttributeDataType": "String", "Mutable": True}],
        )["UserPool"]["Id"]
        app = client.create_user_pool_client(
            UserPoolId=pool,
            ClientName="c",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            ReadAttributes=["email", "name", "custom:tenant_id"],
        )["UserPoolClient"]["ClientId"]

        def code(email: str) -> str:
            users = cognitoidp_backends[ACCOUNT][REGION].user_pools[pool].users.values()
            user = next(each for each in users if each.attribute_lookup.get("email") == email)
            return user.confirmation_code or CODE

        yield World(CognitoIdentityProvider(lambda: client, pool, app), code)


@pytest.fixture(params=[_fake, _cognito], ids=["fake", "cognito"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from request.param()


@pytest.fixture
def strict(request: pytest.FixtureRequest, world: World) -> World:
    """Return a world that keeps every promise.

    moto lets unconfirmed accounts, wrong codes and ended sessions pass and knows no second code; the deployed stack's
    tests cover those for Cognito.
    """
    if not isinstance(world.identity, FakeIdentityProvider):
        pytest.skip(f"moto does not do what {request.node.name} asks")
    return world


def _confirmed(world: World) -> str:
    subject = world.identity.sign_up(EMAIL, PASSWORD, "Anna")
    assert subject is not None
    world.identity.confirm(EMAIL, world.code(EMAIL))
    return subject


def _signed_in(world: World) -> Tokens:
    started = world.identity.sign_in(EMAIL, PASSWORD)
    assert isinstance(started, Tokens)
    return started


def test_a_confirmed_account_signs_in_and_its_token_says_who_it_is(world: World) -> None:
    subject = _confirmed(world)
    tokens = _signed_in(world)
    claims = claims_of(tokens.id_token)
    assert (claims["sub"], claims["email"], claims["name"]) == (subject, EMAIL, "Anna")
    assert (claims["aud"], claims["token_use"]) == (world.identity.client_id, "id")
    assert tokens.refresh_token
    assert tokens.refresh_token not in repr(tokens)


def test_an_account_signs_in_only_once_it_is_confirmed(strict: World) -> None:
    strict.identity.sign_up(EMAIL, PASSWORD, "Anna")
    with pytest.raises(Conflict) as refused:
        strict.identity.sign_in(EMAIL, PASSWORD)
    assert refused.value.code == "email_not_confirmed"


def test_a_wrong_password_and_an_unknown_address_look_the_same(world: World) -> None:
    _confirmed(world)
    errors = []
    for email in (EMAIL, "nobody@example.com"):
        with pytest.raises(Unauthenticated) as refused:
            world.identity.sign_in(email, "Wrong-Horse-9!")
        errors.append((refused.value.code, refused.value.detail))
    assert errors[0] == errors[1]
    assert errors[0][0] == "wrong_credentials"


def test_signing_up_twice_tells_nothing_and_changes_nothing(strict: World) -> None:
    _confirmed(strict)
    assert strict.identity.sign_up(EMAIL, "Another-Horse-9", "Eve") is None
    assert claims_of(_signed_in(strict).id_token)["name"] == "Anna"


def test_codes_for_addresses_without_an_account_are_silently_not_sent(strict: World) -> None:
    strict.identity.resend_code("nobody@example.com")
    strict.identity.forgot_password("nobody@example.com")


def test_a_wrong_code_confirms_nothing(strict: World) -> None:
    strict.identity.sign_up(EMAIL, PASSWORD, "Anna")
    with pytest.raises(InvalidInput) as refused:
        strict.identity.confirm(EMAIL, "999999")
    assert refused.value.code == "wrong_code"


def test_a_session_goes_on_until_all_are_ended(strict: World) -> None:
    subject = _confirmed(strict)
    tokens = _signed_in(strict)
    assert tokens.refresh_token is not None
    fresh = strict.identity.refresh(tokens.refresh_token)
    assert claims_of(fresh.id_token)["sub"] == subject
    strict.identity.end_all_sessions(subject)
    with pytest.raises(Unauthenticated):
        strict.identity.refresh(tokens.refresh_token)


def test_the_tenant_is_in_the_next_token(world: World) -> None:
    subject = _confirmed(world)
    tokens = _signed_in(world)
    assert "custom:tenant_id" not in claims_of(tokens.id_token)
    world.identity.assign_tenant(subject, tenant_id_of(subject))
    assert tokens.refresh_token is not None
    fresh = world.identity.refresh(tokens.refresh_token)
    assert claims_of(fresh.id_token)["custom:tenant_id"] == tenant_id_of(subject)


def test_an_authenticator_is_asked_for_once_it_is_switched_on(world: World) -> None:
    subject = _confirmed(world)
    tokens = _signed_in(world)
    assert world.identity.begin_authenticator(tokens.access_token)
    world.identity.check_authenticator(tokens.access_token, CODE)
    world.identity.switch_authenticator(subject, on=True)
    step = world.identity.sign_in(EMAIL, PASSWORD)
    assert isinstance(step, NextStep)
    assert step.challenge == "SOFTWARE_TOKEN_MFA"
    assert isinstance(world.identity.answer(EMAIL, step.challenge, step.session, CODE), Tokens)


class _Refusing:
    """A client whose every call is refused with one error."""

    def __init__(self, code: str, message: str = "") -> None:
        from botocore.exceptions import ClientError  # noqa: PLC0415 - beside its only use

        self.error = ClientError({"Error": {"Code": code, "Message": message}}, "X")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            raise self.error

        return call


@pytest.mark.parametrize(
    ("code", "message", "kind", "ours"),
    [
        ("NotAuthorizedException", "Incorrect username or password.", Unauthenticated, "wrong_credentials"),
        ("NotAuthorizedException", "Password attempts exceeded", RateLimited, "locked_out"),
        ("UserNotFoundException", "", Unauthenticated, "wrong_credentials"),
        ("UserNotConfirmedException", "", Conflict, "email_not_confirmed"),
        ("PasswordResetRequiredException", "", Conflict, "password_reset_required"),
        ("ExpiredCodeException", "", Gone, "code_expired"),
        ("CodeMismatchException", "", InvalidInput, "wrong_code"),
        ("InvalidPasswordException", "", InvalidInput, "weak_password"),
        ("LimitExceededException", "", RateLimited, "too_many_attempts"),
        ("TooManyRequestsException", "", RateLimited, "too_many_attempts"),
        ("InternalErrorException", "", UpstreamUnavailable, "identity_service_unavailable"),
    ],
)
def test_each_refusal_of_cognito_says_what_to_do(code: str, message: str, kind: type[QuaysideError], ours: str) -> None:
    client: Any = _Refusing(code, message)
    identity = CognitoIdentityProvider(lambda: client, "pool", "app")
    with pytest.raises(kind) as refused:
        identity.sign_in(EMAIL, PASSWORD)
    assert refused.value.code == ours
    assert refused.value.action


class _Recording:
    """A client that knows one address already and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            self.asked.append(name)
            code = {"sign_up": "UsernameExistsException", "resend_confirmation_code": "InvalidParameterException"}
            raise _Refusing(code.get(name, "UserNotFoundException")).error

        return call


def test_signing_up_with_a_known_address_sends_another_code_and_says_nothing_else() -> None:
    client: Any = _Recording()
    identity = CognitoIdentityProvider(lambda: client, "pool", "app")
    assert identity.sign_up(EMAIL, PASSWORD, "Anna") is None
    assert client.asked == ["sign_up", "resend_confirmation_code"]


def test_codes_for_unknown_addresses_are_no_error() -> None:
    client: Any = _Recording()
    identity = CognitoIdentityProvider(lambda: client, "pool", "app")
    identity.forgot_password(EMAIL)
    identity.resend_code(EMAIL)
    assert client.asked == ["forgot_password", "resend_confirmation_code"]
