"""Login with Amazon: the consent URL, and tokens for codes, for refresh tokens and for the application itself.

Faults are told apart by who has to act: the seller who withdrew consent, the authorisation code that is no longer good,
our own secret, or Amazon. Sources: reference/sp-api.md section 2; RFC 6749 section 5.2.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from quayside.amazon.errors import (
    AmazonError,
    AmazonUnavailable,
    CodeRefused,
    OurSecretInvalid,
    RequestRejected,
    Revoked,
    Throttled,
    UnexpectedAnswer,
)
from quayside.amazon.marketplaces import Marketplace
from quayside.amazon.transport import Reply, Transport
from quayside.kernel.settings import Settings
from quayside.storage.vault import Secret

AUTHORISATION_DAYS = 365
"""A public application must be authorised again every 365 days."""
CODE_SECONDS = 300
"""An authorisation code lives five minutes."""
STATE_SECONDS = 600
"""The whole website workflow has to be finished within ten minutes."""

_TOO_MANY = 429
_SERVER_FAULT = 500
_OK = 200


class AccessToken(NamedTuple):
    """An access token and how long it lives."""

    token: Secret
    expires_in_seconds: int


class Grant(NamedTuple):
    """What a seller's consent brings: the lasting refresh token and a first access token."""

    refresh_token: Secret
    access: AccessToken


def consent_url(settings: Settings, marketplace: Marketplace, state: str) -> str:
    """Return the address of Amazon's consent page at the marketplace's own Seller Central.

    While the application is a draft, Amazon wants ``version=beta`` and answers MD1000 without it; once it is published
    the parameter must be gone.
    """
    query = {"application_id": settings.amazon_application_id, "state": state}
    if settings.amazon_application_stage == "draft":
        query["version"] = "beta"
    if settings.amazon_redirect_uri:
        query["redirect_uri"] = settings.amazon_redirect_uri
    page = settings.consent_url_template.format(host=marketplace.seller_central_host)
    return f"{page}?{urlencode(query)}"


class _TokenAnswer(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int
    refresh_token: str = ""


class _ErrorAnswer(msgspec.Struct, frozen=True):
    error: str
    error_description: str = ""


_tokens = msgspec.json.Decoder(_TokenAnswer)
_errors = msgspec.json.Decoder(_ErrorAnswer)


class LoginWithAmazon:
    """The token endpoint, for one application.

    Args:
        settings: the client id and the address of the endpoint.
        transport: how requests are sent.
        client_secrets: returns the application's client secret in use, and after it the one before while Amazon takes
            both: a new secret that Amazon's servers don't all know yet must not cost a call.
    """

    def __init__(
        self, settings: Settings, transport: Transport, client_secrets: Callable[[], Sequence[Secret]]
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._client_secrets = client_secrets

    def exchange(self, code: Secret) -> Grant:
        """Exchange an authorisation code for a grant; a code works once.

        Raises:
            CodeRefused: the code was used before, has expired, or is not ours.
            OurSecretInvalid: Login with Amazon refuses the client id or secret.
            AmazonUnavailable: no usable answer.
        """
        form = {"grant_type": "authorization_code", "code": code.reveal()}
        if self._settings.amazon_redirect_uri:
            # The same as on the consent page, or Login with Amazon takes the code for somebody else's.
            form["redirect_uri"] = self._settings.amazon_redirect_uri
        answer = self._ask(form, "token.exchange", CodeRefused)
        if not answer.refresh_token:
            raise UnexpectedAnswer("no refresh token in the answer", operation="token.exchange", status=_OK)
        return Grant(Secret(answer.refresh_token), _access(answer))

    def refresh(self, refresh_token: Secret) -> AccessToken:
        """Return a fresh access token of a seller.

        Raises:
            Revoked: the seller has withdrawn the authorisation.
            OurSecretInvalid: Login with Amazon refuses the client id or secret.
            AmazonUnavailable: no usable answer.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
        return _access(self._ask(form, "token.refresh", Revoked))

    def application_token(self, scope: str) -> AccessToken:
        """Return a fresh access token of the application itself, for grantless operations.

        Raises:
            OurSecretInvalid: Login with Amazon refuses the client id or secret.
            AmazonUnavailable: no usable answer.
        """
        form = {"grant_type": "client_credentials", "scope": scope}
        return _access(self._ask(form, "token.application", OurSecretInvalid))

    def _ask(self, form: Mapping[str, str], operation: str, not_granted: type[AmazonError]) -> _TokenAnswer:
        *newer, last = self._client_secrets()
        for secret in newer:
            try:
                return self._ask_with(secret, form, operation, not_granted)
            except OurSecretInvalid:
                continue
        return self._ask_with(last, form, operation, not_granted)

    def _ask_with(
        self, secret: Secret, form: Mapping[str, str], operation: str, not_granted: type[AmazonError]
    ) -> _TokenAnswer:
        content = urlencode(
            {**form, "client_id": self._settings.lwa_client_id, "client_secret": secret.reveal()}
        ).encode()
        reply = self._transport.send(
            "POST",
            self._settings.lwa_token_url,
            operation=operation,
            headers={"content-type": "application/x-www-form-urlencoded;charset=UTF-8"},
            content=content,
        )
        if reply.status != _OK:
            raise _classified(reply, operation, not_granted)
        try:
            return _tokens.decode(reply.body)
        except msgspec.DecodeError as problem:
            # Neither the body nor the cause may travel on: they can hold a token.
            raise UnexpectedAnswer("the answer is no token", operation=operation, status=_OK) from problem


def _access(answer: _TokenAnswer) -> AccessToken:
    return AccessToken(Secret(answer.access_token), answer.expires_in)


def _classified(reply: Reply, operation: str, not_granted: type[AmazonError]) -> AmazonError:
    request_id = reply.headers.get("x-amzn-requestid", "")
    try:
        answer = _errors.decode(reply.body)
    except msgspec.DecodeError:
        answer = _ErrorAnswer("", "")
    kind: type[AmazonError]
    if reply.status == _TOO_MANY:
        kind = Throttled
    elif reply.status >= _SERVER_FAULT or not answer.error:
        kind = AmazonUnavailable
    elif answer.error == "invalid_grant":
        kind = not_granted
    elif answer.error in {"invalid_client", "unauthorized_client"}:
        kind = OurSecretInvalid
    elif answer.error in {"server_error", "temporarily_unavailable"}:
        kind = AmazonUnavailable
    else:
        kind = RequestRejected
    return kind(
        answer.error_description or answer.error or "no explanation",
        operation=operation,
        status=reply.status,
        request_id=request_id,
        codes=(answer.error,) if answer.error else (),
    )
