"""Every fault that Amazon shows becomes a typed error (reference: what python-amazon-sp-api takes for success)."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from quayside.amazon.client import check, rate_limit_of
from quayside.amazon.errors import (
    AccessRefused,
    AmazonError,
    AmazonUnavailable,
    CodeRefused,
    OurSecretInvalid,
    RequestRejected,
    Revoked,
    Throttled,
    UnexpectedAnswer,
)
from quayside.amazon.marketplaces import marketplace
from quayside.amazon.oauth import LoginWithAmazon, consent_url
from quayside.amazon.operations import GET_ORDER
from quayside.amazon.transport import QueryValue, Reply
from quayside.kernel.settings import load_settings
from quayside.storage.vault import Secret

HTML = b"<html><body>Service Unavailable</body></html>"
QUOTA = b'{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota.","details":""}]}'

FAULTS: list[tuple[int, bytes, type[AmazonError]]] = [
    (503, HTML, AmazonUnavailable),
    (504, b'{"message": "Endpoint request timed out"}', AmazonUnavailable),
    (500, b"{}", AmazonUnavailable),
    (500, b"", AmazonUnavailable),
    (408, b"", AmazonUnavailable),
    (301, b"", AmazonUnavailable),
    (302, HTML, AmazonUnavailable),
    (429, b"", Throttled),
    (429, QUOTA, Throttled),
    (429, HTML, Throttled),
    (403, b'{"message": "Forbidden"}', AccessRefused),
    (403, b'{"errors":[{"code":"Unauthorized","message":"Access denied."}]}', AccessRefused),
    (401, b"", AccessRefused),
    (400, b'{"errors":[{"code":"InvalidInput","message":"Bad."}]}', RequestRejected),
    (404, b"{}", RequestRejected),
    (409, b'{"errors":[{"code":"Conflict","message":"exists"}]}', RequestRejected),
    (413, b"", RequestRejected),
    (200, HTML, UnexpectedAnswer),
    (200, b'{"errors":[{"code":"InvalidInput","message":"Bad."}]}', RequestRejected),
]


@pytest.mark.parametrize(("status", "body", "kind"), FAULTS)
def test_every_fault_is_caught_and_told_apart(status: int, body: bytes, kind: type[AmazonError]) -> None:
    with pytest.raises(AmazonError) as caught:
        check(Reply(status, {"x-amzn-requestid": "r-1"}, body), GET_ORDER)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.request_id, caught.value.operation) == (status, "r-1", "getOrder")


@pytest.mark.parametrize(
    ("status", "body"), [(200, b'{"payload": {}}'), (200, b"[]"), (204, b""), (202, b"{}"), (200, b'{"errors": []}')]
)
def test_success_is_success(status: int, body: bytes) -> None:
    check(Reply(status, {}, body), GET_ORDER)


def test_amazons_words_travel_shortened() -> None:
    body = b'{"errors":[{"code":"A","message":"one"},{"code":"B","message":"' + b"x" * 999 + b'"}]}'
    with pytest.raises(RequestRejected) as caught:
        check(Reply(400, {}, body), GET_ORDER)
    assert caught.value.codes == ("A", "B")
    assert caught.value.said.startswith("one; xxx")
    assert len(caught.value.said) == 300


@pytest.mark.parametrize(
    ("header", "rate"), [("0.5", Decimal("0.5")), ("", None), ("abc", None), ("0", None), ("-1", None), ("NaN", None)]
)
def test_a_rate_that_makes_no_sense_is_no_rate(header: str, rate: Decimal | None) -> None:
    assert rate_limit_of(Reply(200, {"x-amzn-ratelimit-limit": header}, b"")) == rate


class Answering:
    """A transport that always gives the same reply and keeps what was sent."""

    def __init__(self, status: int, body: bytes) -> None:
        self.reply = Reply(status, {"x-amzn-requestid": "r-1"}, body)
        self.sent: list[bytes] = []

    def send(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        query: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Reply:
        assert (method, url) == ("POST", "https://api.amazon.com/auth/o2/token")
        assert operation.startswith("token.")
        assert query is None
        assert headers == {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
        self.sent.append(content or b"")
        return self.reply


SETTINGS = load_settings({"LWA_CLIENT_ID": "client-1", "AMAZON_APPLICATION_ID": "amzn1.sp.solution.x"})


def login(status: int, body: bytes) -> tuple[LoginWithAmazon, Answering]:
    transport = Answering(status, body)
    return LoginWithAmazon(SETTINGS, transport, lambda: Secret("our-secret")), transport


LWA_FAULTS: list[tuple[int, bytes, type[AmazonError] | None]] = [
    (400, b'{"error":"invalid_grant","error_description":"..."}', None),
    (401, b'{"error":"invalid_client","error_description":"Client authentication failed"}', OurSecretInvalid),
    (400, b'{"error":"invalid_client"}', OurSecretInvalid),
    (400, b'{"error":"unauthorized_client"}', OurSecretInvalid),
    (400, b'{"error":"invalid_request"}', RequestRejected),
    (400, b"", AmazonUnavailable),
    (503, HTML, AmazonUnavailable),
    (500, b'{"error":"server_error"}', AmazonUnavailable),
    (400, b'{"error":"temporarily_unavailable"}', AmazonUnavailable),
    (429, b"", Throttled),
    (200, HTML, UnexpectedAnswer),
    (200, b'{"access_token":"a"}', UnexpectedAnswer),
]


@pytest.mark.parametrize(("status", "body", "kind"), LWA_FAULTS)
def test_faults_of_a_refresh(status: int, body: bytes, kind: type[AmazonError] | None) -> None:
    with pytest.raises(AmazonError) as caught:
        login(status, body)[0].refresh(Secret("Atzr|refresh"))
    assert type(caught.value) is (kind or Revoked)


@pytest.mark.parametrize(("status", "body", "kind"), LWA_FAULTS)
def test_faults_of_an_exchange(status: int, body: bytes, kind: type[AmazonError] | None) -> None:
    with pytest.raises(AmazonError) as caught:
        login(status, body)[0].exchange(Secret("code"))
    assert type(caught.value) is (kind or CodeRefused)


def test_a_grant_needs_a_refresh_token() -> None:
    with pytest.raises(UnexpectedAnswer):
        login(200, b'{"access_token":"a","expires_in":3600}')[0].exchange(Secret("code"))


def test_no_error_of_a_token_call_shows_a_secret() -> None:
    for status, body, _ in LWA_FAULTS:
        with pytest.raises(AmazonError) as caught:
            login(status, body)[0].refresh(Secret("Atzr|refresh"))
        for shown in (str(caught.value), repr(caught.value)):
            assert "Atzr" not in shown
            assert "our-secret" not in shown


def test_what_a_refresh_sends() -> None:
    client, transport = login(200, b'{"access_token":"Atza|x","expires_in":3600,"token_type":"bearer"}')
    token = client.refresh(Secret("Atzr|refresh"))
    assert (token.token.reveal(), token.expires_in_seconds) == ("Atza|x", 3600)
    assert transport.sent == [
        b"grant_type=refresh_token&refresh_token=Atzr%7Crefresh&client_id=client-1&client_secret=our-secret"
    ]


def test_the_consent_page_is_the_marketplaces_own() -> None:
    url = consent_url(SETTINGS, marketplace("A1PA6795UKMFR9"), "st")
    assert url == (
        "https://sellercentral-europe.amazon.com/apps/authorize/consent?application_id=amzn1.sp.solution.x&state=st"
    )


def test_a_draft_application_says_so() -> None:
    draft = load_settings({"AMAZON_APPLICATION_STAGE": "draft", "AMAZON_APPLICATION_ID": "a"})
    assert consent_url(draft, marketplace("ATVPDKIKX0DER"), "st").endswith("&version=beta")
