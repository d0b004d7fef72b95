"""Every fault that Amazon shows becomes a typed error, and every fault of python-amazon-sp-api stays with it.

The second half goes by the numbers of reference/sp-api.md section 7.1.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from urllib.parse import parse_qs

import pytest

from quayside.amazon.client import AmazonClient, check, rate_limit_of
from quayside.amazon.errors import (
    AccessRefused,
    AmazonError,
    AmazonUnavailable,
    CodeRefused,
    OurSecretInvalid,
    RequestRejected,
    Revoked,
    RoleMissing,
    Throttled,
    TokenRefused,
    UnexpectedAnswer,
)
from quayside.amazon.fees import FeeRequest
from quayside.amazon.marketplaces import marketplace
from quayside.amazon.oauth import LoginWithAmazon, consent_url
from quayside.amazon.operations import GET_ORDER
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import HttpTransport, QueryValue, Reply
from quayside.kernel.ids import ConnectionId, tenant_id_of
from quayside.kernel.money import Money
from quayside.kernel.settings import Settings, load_settings
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.vault import Purpose, Secret
from tests.support.aws import aws
from tests.support.calls import CALLER, TOKEN, Calls, calls, reply

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
    (403, b"", AccessRefused),
    (403, HTML, AccessRefused),
    (403, b'{"errors":[{"code":"Unauthorized","message":"Access denied."}]}', RoleMissing),
    (401, b"", TokenRefused),
    (401, b'{"errors":[{"code":"Unauthorized","message":"Access denied."}]}', TokenRefused),
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


def test_the_details_say_which_parameter() -> None:
    body = b'{"errors":[{"code":"InvalidInput","message":"Invalid.","details":"marketplaceIds;"},{"details":{"a":1}}]}'
    with pytest.raises(RequestRejected) as caught:
        check(Reply(400, {}, body), GET_ORDER)
    assert (caught.value.said, caught.value.codes) == ("Invalid. marketplaceIds;", ("InvalidInput",))


def test_an_error_in_an_odd_form_is_an_error_all_the_same() -> None:
    for body in (b'{"errors":[{"code":null,"message":null}]}', b'{"errors":7}', b'{"message":null}', b'"no"'):
        with pytest.raises(RequestRejected):
            check(Reply(400, {}, body), GET_ORDER)


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
    return LoginWithAmazon(SETTINGS, transport, lambda: [Secret("our-secret")]), transport


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


# What follows goes by the numbers of section 7.1.

DE = "A1PA6795UKMFR9"
AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
EVERY_CALL: list[Callable[[AmazonClient], object]] = [
    lambda a: a.search_orders(CALLER, [DE], created_after=AT),
    lambda a: a.get_order(CALLER, "902-1"),
    lambda a: a.inventory_summaries(CALLER, DE),
    lambda a: a.marketplace_participations(CALLER),
    lambda a: a.create_report(CALLER, "GET_X", [DE]),
    lambda a: a.report(CALLER, "1"),
    lambda a: a.reports(CALLER, ["GET_X"]),
    lambda a: a.report_document(CALLER, "1"),
    lambda a: a.listing(CALLER, "A1", "S1", [DE]),
    lambda a: a.search_listings(CALLER, "A1", DE),
    lambda a: a.catalog_items(CALLER, DE, ["B1"]),
    lambda a: a.transactions(CALLER, posted_after=AT),
    lambda a: a.fee_estimates(CALLER, [FeeRequest("1", DE, "ASIN", "B1", Money(1, "EUR"), by_amazon=True)]),
    lambda a: a.inbound_plans(CALLER),
    lambda a: a.inbound_plan(CALLER, "wf1"),
    lambda a: a.inbound_shipment(CALLER, "wf1", "sh1"),
    lambda a: a.inbound_shipment_items(CALLER, "wf1", "sh1"),
    lambda a: a.inbound_shipments_v0(CALLER, DE, updated_after=AT, updated_before=AT),
    lambda a: a.inbound_items_v0(CALLER, DE, updated_after=AT, updated_before=AT),
    lambda a: a.create_destination("EU", "q", "arn"),
    lambda a: a.destinations("EU"),
    lambda a: a.create_subscription(CALLER, "ORDER_CHANGE", "d"),
    lambda a: a.subscription(CALLER, "ORDER_CHANGE"),
    lambda a: a.upload_destination(CALLER, DE, "902-1", "invoice", content_md5="x", content_type="image/png"),
    lambda a: a.delete_subscription("EU", "ORDER_CHANGE", "s"),
]


def refused(on: Calls, call: Callable[[AmazonClient], object]) -> AmazonError:
    with pytest.raises(AmazonError) as caught:
        call(on.client)
    return caught.value


@pytest.mark.parametrize("call", EVERY_CALL)
def test_fault_1_no_failure_comes_back_as_an_empty_success(call: Callable[[AmazonClient], object]) -> None:
    for status, body, kind in FAULTS:
        assert type(refused(calls(Reply(status, {}, body)), call)) is kind


def test_fault_1_an_empty_success_is_no_answer_either() -> None:
    for call in EVERY_CALL[:-1]:  # deleting a subscription promises no body
        assert isinstance(refused(calls(Reply(200, {}, b"")), call), UnexpectedAnswer)
        assert isinstance(refused(calls(Reply(200, {}, b"7")), call), UnexpectedAnswer)


def test_fault_2_a_401_says_that_it_is_the_token() -> None:
    problem = refused(calls(Reply(401, {"x-amzn-requestid": "r-1"}, b"")), EVERY_CALL[0])
    assert type(problem) is TokenRefused
    assert (problem.status, problem.request_id) == (401, "r-1")


class Counting:
    """Login with Amazon that counts and names its answers by the client it was asked by."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

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
        del method, url, operation, query, headers
        form = {name: values[0] for name, values in parse_qs((content or b"").decode()).items()}
        self.asked.append(form)
        return reply({"access_token": f"Atza|{form['client_id']}|{len(self.asked)}", "expires_in": 3600})


def test_fault_3_every_tenant_keeps_its_token() -> None:
    """The library forgets all but ten: twelve tenants taking turns cost it a token call each time."""
    login = Counting()
    with aws() as on:
        broker = TokenBroker(on.settings, login, on.clock, Random(1).randbytes)
        vault.put_client_secret(on.settings.lwa_client_id, Secret("our-secret"), clock=on.clock)
        tenants = [tenant_id_of(f"tenant {number}") for number in range(12)]
        connection = ConnectionId("tm19crgppmgzv9xh")
        for round_ in range(2):
            for number, tenant in enumerate(tenants):
                with tenant_scope(tenant):
                    if not round_:
                        grant = Purpose(tenant, connection, vault.REFRESH_TOKEN)
                        vault.put_credential(Secret(f"Atzr|{number}"), grant, clock=on.clock)
                    broker.access_token(tenant, connection)
    assert [form["refresh_token"] for form in login.asked] == [f"Atzr|{number}" for number in range(12)]


def test_fault_4_a_second_application_gets_its_own_token() -> None:
    """The library's cache leaves the client out of its key, so that one application gets the other's token."""
    login = Counting()
    scope = "sellingpartnerapi::notifications"
    with aws(lwa_client_id="client-1") as on:
        for client in ("client-1", "client-2"):
            vault.put_client_secret(client, Secret("our-secret"), clock=on.clock)
        brokers = [
            TokenBroker(Settings(lwa_client_id=client), login, on.clock, Random(1).randbytes)
            for client in ("client-1", "client-2", "client-1")
        ]
        tokens = [each.application_token(scope).reveal() for each in brokers]
    assert tokens == ["Atza|client-1|1", "Atza|client-2|2", "Atza|client-1|1"]


@pytest.mark.parametrize("call", EVERY_CALL)
def test_fault_5_no_marketplace_is_added_in_any_spelling(call: Callable[[AmazonClient], object]) -> None:
    on = calls(Reply(404, {}, b"{}"))
    refused(on, call)
    (sent,) = on.sent
    given = [name for name in [*sent.query, *(sent.body() or {})] if "marketplace" in str(name).lower()]
    assert len(given) <= 1
    assert "ATVPDKIKX0DER" not in f"{sent}"  # the library's default


def test_fault_6_versions_are_the_ones_we_name() -> None:
    on = calls(reply({"orders": [], "payload": {"subscriptionId": "s", "transactions": []}, "items": []}))
    on.client.search_orders(CALLER, [DE], created_after=AT)
    on.client.transactions(CALLER, posted_after=AT)
    on.client.catalog_items(CALLER, DE, ["B1"])
    assert [each.path.split("/")[2] for each in on.sent] == ["2026-01-01", "2024-06-19", "2022-04-01"]
    for kind, version in [
        ("TRANSACTION_UPDATE", "1.0"), ("REPORT_PROCESSING_FINISHED", "2020-09-04"),
        ("FEED_PROCESSING_FINISHED", "2020-09-04"), ("LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13"),
        ("A_TYPE_OF_NEXT_YEAR", "1.0"),
    ]:  # fmt: skip
        on.client.create_subscription(CALLER, kind, "d")
        assert on.sent[-1].path.endswith(f"/{kind}")
        assert on.sent[-1].body()["payloadVersion"] == version


def test_fault_7_nothing_is_logged_not_even_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for call in EVERY_CALL:
        refused(calls(Reply(400, {}, QUOTA)), call)
    assert [record for record in caplog.records if not record.name.startswith("asyncio")] == []
    transport = HttpTransport(Settings())
    transport._open()
    transport.close()
    for name in ("httpx", "httpcore.connection", "httpcore.http11"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.parametrize("call", EVERY_CALL)
def test_fault_7_no_error_shows_the_token(call: Callable[[AmazonClient], object]) -> None:
    for answer in (Reply(403, {}, QUOTA), AmazonUnavailable("no answer", operation="x")):
        problem = refused(calls(answer), call)
        assert TOKEN not in f"{problem} {problem!r} {vars(problem)}"


@pytest.mark.parametrize("call", EVERY_CALL)
def test_fault_8_nothing_is_tried_again_in_the_process(call: Callable[[AmazonClient], object]) -> None:
    for status in (429, 500, 503):
        on = calls(Reply(status, {}, b""))
        refused(on, call)
        assert len(on.sent) == 1


def test_fault_9_the_exchange_names_the_redirect_address_of_the_consent_page() -> None:
    address = "https://quayside.example.com/connect/callback"
    settings = load_settings({"LWA_CLIENT_ID": "c", "AMAZON_APPLICATION_ID": "a", "AMAZON_REDIRECT_URI": address})
    granted = b'{"access_token":"Atza|x","refresh_token":"Atzr|x","expires_in":3600}'
    transport = Answering(200, granted)
    LoginWithAmazon(settings, transport, lambda: [Secret("s")]).exchange(Secret("code"))
    assert parse_qs(transport.sent[0].decode())["redirect_uri"] == [address]
    consent = consent_url(settings, marketplace("A1PA6795UKMFR9"), "st")
    assert parse_qs(consent.split("?", 1)[1])["redirect_uri"] == [address]
    # Where neither names it, Amazon takes the first one that is registered: both name it or none does.
    client, transport = login(200, granted)
    client.exchange(Secret("code"))
    assert b"redirect_uri" not in transport.sent[0]
    assert "redirect_uri" not in consent_url(SETTINGS, marketplace("A1PA6795UKMFR9"), "st")


def test_fault_10_a_revocation_is_told_from_everything_else() -> None:
    words = b"The request has an invalid grant parameter : refresh_token. User may have revoked or didn't grant the"
    body = b'{"error":"invalid_grant","error_description":"' + words + b' permission."}'
    with pytest.raises(Revoked) as caught:
        login(400, body)[0].refresh(Secret("Atzr|refresh"))
    assert not isinstance(caught.value, OurSecretInvalid | RequestRejected | AmazonUnavailable)
    with pytest.raises(OurSecretInvalid):
        login(401, b'{"error":"invalid_client","error_description":"The LWA secret token you provided has expired."}')[
            0
        ].refresh(Secret("Atzr|refresh"))


# The other issues of section 7.1, by the number of their thread.


def test_issue_425_no_page_needs_a_restricted_token() -> None:
    """The library drops it after page one; Orders 2026-01-01 needs none, and we ask for nobody's data."""
    on = calls(reply({"orders": [], "pagination": {"nextToken": "t"}}))
    on.client.search_orders(CALLER, [DE], created_after=AT)
    on.client.search_orders(CALLER, [DE], created_after=AT, pagination_token="t")
    assert on.purse.asked == [f"{CALLER.tenant_id}/{CALLER.connection_id}"] * 2
    assert [each.query["includedData"] for each in on.sent] == ["PROCEEDS,FULFILLMENT"] * 2


def test_issue_1004_one_call_is_one_page() -> None:
    """The library's loop over pages never ends when a token repeats; who calls us decides on the next page."""
    for call, body in [
        (EVERY_CALL[0], {"orders": [], "pagination": {"nextToken": "t"}}),
        (EVERY_CALL[6], {"reports": [], "nextToken": "t"}),
        (EVERY_CALL[9], {"items": [], "pagination": {"nextToken": "t"}}),
        (EVERY_CALL[11], {"payload": {"transactions": [], "nextToken": "t"}}),
        (EVERY_CALL[13], {"inboundPlans": [], "pagination": {"nextToken": "t"}}),
        (EVERY_CALL[17], {"payload": {"ShipmentData": [], "NextToken": "t"}}),
    ]:
        on = calls(reply(body))
        found = call(on.client)
        assert getattr(found, "next_token", None) == "t"
        assert len(on.sent) == 1


def test_issues_1028_and_1626_a_token_of_get_reports_comes_alone() -> None:
    on = calls(reply({"reports": []}))
    on.client.reports(CALLER, ["GET_X"], created_since=AT, next_token="t", page_size=10)
    assert on.sent[0].query == {"nextToken": "t"}


def test_issue_1707_a_token_of_transactions_comes_with_the_same_arguments() -> None:
    on = calls(reply({"payload": {}}))
    on.client.transactions(CALLER, posted_after=AT, posted_before=AT, marketplace_id=DE, next_token="t")
    assert on.sent[0].query == {
        "postedAfter": "2026-11-21T10:00:00Z", "postedBefore": "2026-11-21T10:00:00Z", "marketplaceId": DE,
        "nextToken": "t",
    }  # fmt: skip


def test_issue_1674_the_catalogue_is_the_current_one() -> None:
    on = calls(reply({"items": []}))
    on.client.catalog_items(CALLER, DE, ["B1"])
    assert on.sent[0].path == "/catalog/2022-04-01/items"
