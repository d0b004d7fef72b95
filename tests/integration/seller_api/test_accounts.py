"""Signing up, in and out through the API."""

from collections.abc import Iterator

import pytest

from quayside.accounts.records import MemberRecord
from quayside.kernel.ids import MemberId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys
from quayside.storage.tables import write
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.identity import CODE
from tests.support.seller_world import PASSWORD, SellerWorld


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def world(shared: Aws) -> SellerWorld:
    return SellerWorld(emptied(shared), trial_days=7, mfa_mode="optional")


def test_the_first_sign_in_creates_the_tenant_with_its_owner_on_trial(world: SellerWorld) -> None:
    anna = world.person().sign_up("Anna & Co")
    me = anna.call("GET", "/me").json
    assert me["tenant"] == {
        "tenant_id": anna.tenant_id,
        "name": "Anna & Co",
        "plan": "trial",
        "trial_ends_at": "2026-11-28T10:11:12Z",
        "created_at": "2026-11-21T10:11:12Z",
    }
    assert me["member"]["role"] == "owner"
    assert not me["member"]["is_operator"]
    assert "connections.manage" in me["member"]["permissions"]


def test_signing_in_again_changes_nothing(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    before = sorted(str(item) for item in world.aws.items())
    world.aws.clock.advance(86_400)
    anna.sign_in()
    assert sorted(str(item) for item in world.aws.items()) == before


def test_a_first_sign_in_that_failed_half_way_is_completed_by_the_next(world: SellerWorld) -> None:
    anna = world.person()
    body = {"email": anna.email, "password": PASSWORD, "name": "Anna", "organisation": "Anna & Co"}
    anna.call("POST", "/auth/sign-up", body)
    anna.call("POST", "/auth/confirm", {"email": anna.email, "code": CODE})
    assign = world.identity.assign_tenant
    world.identity.assign_tenant = None  # type: ignore[assignment,method-assign]
    assert anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": PASSWORD}).status == 500
    world.identity.assign_tenant = assign  # type: ignore[method-assign]
    anna.sign_in()
    assert anna.call("GET", "/me").json["tenant"]["name"] == "Anna & Co"
    assert world.metrics.counts == {"ApiUnexpectedErrors": 1}


def test_a_sign_up_that_nobody_confirms_disappears_by_itself(world: SellerWorld) -> None:
    body = {"email": "eve@example.com", "password": PASSWORD, "name": "Eve", "organisation": "Eve Ltd"}
    world.person("eve@example.com").call("POST", "/auth/sign-up", body)
    (item,) = world.aws.items()
    assert item["state"]["S"] == "unconfirmed"
    assert int(item["expires_at"]["N"]) - int(world.aws.clock.now().timestamp()) == 7 * 86_400


def test_signing_up_answers_the_same_for_known_and_unknown_addresses(world: SellerWorld) -> None:
    body = {"email": "Anna@Example.com ", "password": PASSWORD, "name": "Anna", "organisation": "A"}
    first = world.person().call("POST", "/auth/sign-up", body)
    again = world.person().call("POST", "/auth/sign-up", {**body, "organisation": "Eve takes over"})
    assert (first.status, first.json) == (again.status, again.json)
    assert first.json == {"email": "anna@example.com", "delivery": "email"}
    assert "Eve" not in str(world.aws.items())


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"password": "short"}, "weak_password", "password"),
        ({"email": "anna"}, "invalid_email", "email"),
        ({"name": "  "}, "invalid_input", "name"),
        ({"organisation": " "}, "invalid_input", "organisation"),
        ({"role": "owner"}, "unknown_field", "role"),
    ],
)
def test_a_wrong_sign_up_says_what_is_wrong(world: SellerWorld, change: dict[str, str], code: str, field: str) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, "name": "A", "organisation": "A", **change}
    answer = world.person().call("POST", "/auth/sign-up", body)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert {each["field"] for each in answer.json["fields"]} == {field}
    assert world.identity.accounts == {}


def test_a_session_is_refreshed_by_its_cookie_and_ends_with_it(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    again = anna.call("POST", "/auth/refresh")
    assert (again.status, again.json["kind"]) == (200, "session")
    assert "set-cookie" not in again.headers
    stolen = anna.cookie
    assert anna.call("POST", "/auth/sign-out").status == 204
    assert anna.cookie.endswith("=")
    assert anna.call("POST", "/auth/refresh").json["code"] == "no_session"
    anna.cookie = stolen
    assert anna.call("POST", "/auth/refresh").json["code"] == "session_over"


def test_signing_out_everywhere_ends_tokens_that_are_still_valid(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    assert anna.call("POST", "/auth/sign-out-everywhere").status == 204
    refused = anna.call("GET", "/me")
    assert (refused.status, refused.json["code"]) == (401, "session_over")
    world.aws.clock.advance(1)
    anna.sign_in()
    assert anna.call("GET", "/me").status == 200


def test_a_second_factor_is_set_up_asked_for_and_removed(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    setup = anna.call("POST", "/auth/mfa/begin", {}).json
    assert setup["otpauth_uri"].startswith("otpauth://totp/Quayside:anna@example.com?secret=")
    assert anna.call("POST", "/auth/mfa/confirm", {"code": "000000"}).json["code"] == "wrong_code"
    assert anna.call("POST", "/auth/mfa/confirm", {"code": CODE}).status == 204
    assert anna.call("GET", "/me").json["member"]["mfa_enabled"]
    step = anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": PASSWORD}).json
    assert (step["kind"], step["challenge"]) == ("challenge", "SOFTWARE_TOKEN_MFA")
    answer = {"email": anna.email, "challenge": step["challenge"], "session": step["session"], "code": CODE}
    assert anna.call("POST", "/auth/challenge", answer).json["kind"] == "session"
    assert anna.call("POST", "/auth/challenge", answer).json["code"] == "challenge_over"
    assert anna.call("POST", "/auth/mfa/disable", {"code": CODE}).status == 204
    assert not anna.call("GET", "/me").json["member"]["mfa_enabled"]


def test_where_a_second_factor_is_demanded_it_can_not_be_removed(shared: Aws) -> None:
    world = SellerWorld(emptied(shared), mfa_mode="required")
    anna = world.person().sign_up()
    anna.call("POST", "/auth/mfa/begin", {})
    anna.call("POST", "/auth/mfa/confirm", {"code": CODE})
    assert anna.call("POST", "/auth/mfa/disable", {"code": CODE}).json["code"] == "mfa_required"


def test_too_many_wrong_passwords_lock_the_account_for_a_while(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    for _ in range(5):
        wrong = anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": "Wrong-Horse-99"})
        assert (wrong.status, wrong.json["code"]) == (401, "wrong_credentials")
    locked = anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": PASSWORD})
    assert (locked.status, locked.json["code"]) == (429, "locked_out")
    assert "retry-after" in locked.headers


def test_a_forgotten_password_is_set_anew_by_a_code(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    for email in (anna.email, "nobody@example.com"):
        assert anna.call("POST", "/auth/forgot-password", {"email": email}).status == 204
    new = {"email": anna.email, "code": CODE, "new_password": "Other-Horse-99"}
    assert anna.call("POST", "/auth/reset-password", {**new, "new_password": "weak"}).json["code"] == "weak_password"
    assert anna.call("POST", "/auth/reset-password", {**new, "code": "1"}).json["code"] == "wrong_code"
    assert anna.call("POST", "/auth/reset-password", new).status == 204
    signed_in = anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": "Other-Horse-99"})
    assert signed_in.json["kind"] == "session"


def test_names_can_be_changed(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    assert anna.call("PATCH", "/me", {"name": " Anna  Smith "}).json["member"]["name"] == "Anna Smith"
    assert anna.call("PATCH", "/tenant", {"name": "Smith Ltd"}).json["tenant"]["name"] == "Smith Ltd"
    me = anna.call("GET", "/me").json
    assert (me["member"]["name"], me["tenant"]["name"]) == ("Anna Smith", "Smith Ltd")


def test_a_changed_role_and_a_removal_count_at_once(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    assert anna.call("PATCH", "/tenant", {"name": "A"}).status == 200
    subject = MemberId(world.identity.accounts[anna.email].subject)
    with tenant_scope(anna.tenant_id):
        write(MemberRecord, keys.member(anna.tenant_id, subject), [MemberRecord.role.set("warehouse")])
    assert anna.call("PATCH", "/tenant", {"name": "B"}).json["code"] == "not_permitted"
    assert anna.call("GET", "/analytics/overview").status == 403
    assert anna.call("GET", "/orders").status == 200
    with tenant_scope(anna.tenant_id):
        write(MemberRecord, keys.member(anna.tenant_id, subject), [MemberRecord.state.set("removed")])
    refused = anna.call("GET", "/orders")
    assert (refused.status, refused.json["code"]) == (403, "not_a_member")


def test_a_tenant_id_written_into_ones_own_token_opens_nothing(world: SellerWorld) -> None:
    """Even if an account could name a foreign tenant, it is no member there."""
    anna = world.person().sign_up()
    eve = world.person("eve@example.com").sign_up("Eve Ltd", "Eve")
    assert eve.claims is not None
    eve.claims["custom:tenant_id"] = anna.tenant_id
    refused = eve.call("GET", "/me")
    assert (refused.status, refused.json["code"]) == (403, "not_a_member")


def test_only_operators_see_what_belongs_to_nobody(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    assert anna.call("GET", "/operations/quarantine").status == 403
    world.identity.accounts[anna.email].groups = ("operators",)
    anna.authorised()
    assert anna.call("GET", "/operations/quarantine").json == {"entries": [], "next_cursor": None}
    assert anna.call("GET", "/me").json["member"]["is_operator"]


def test_no_secret_is_in_any_answer(world: SellerWorld) -> None:
    anna = world.person().sign_up()
    answers = [
        anna.call("POST", "/auth/refresh"),
        anna.call("GET", "/me"),
        anna.call("POST", "/auth/sign-in", {"email": anna.email, "password": PASSWORD}),
    ]
    for answer in answers:
        assert "refresh-" not in answer.text
        assert "access:" not in answer.text
        assert PASSWORD not in answer.text
