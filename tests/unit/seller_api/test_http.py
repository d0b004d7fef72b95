"""What every route shares: permission, strict input, tenant scope, and errors as problem+json."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
import pytest
from chalice.app import Chalice

from quayside.accounts.rules import ROLES, Permission
from quayside.kernel.errors import Conflict, Gone, NotFound, QuaysideError, RateLimited
from quayside.kernel.ids import tenant_id_of
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import NoTenantInScope, current_tenant
from quayside.storage.audit import NotRecorded
from quayside.storage.audit_chain import AuditEvent
from seller_api.http import SECURITY_HEADERS, register
from seller_api.routing import SESSION_COOKIE, Call, Routes
from tests.support.api import Answer, caller

TENANT = tenant_id_of("anna")
CLAIMS = {
    "sub": "anna",
    "aud": "quayside-web",
    "email": "anna@example.com",
    "custom:tenant_id": TENANT,
    "token_use": "id",
    "auth_time": "1790000000",
}

routes = Routes("test")


class Line(msgspec.Struct, forbid_unknown_fields=True):
    quantity: Annotated[int, msgspec.Meta(ge=1)]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    lines: list[Line] = []


class Query(msgspec.Struct, forbid_unknown_fields=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class Shown(msgspec.Struct):
    tenant_id: str
    value: str


@routes.get("/things", permission="orders.read", query=Query)
def list_things(call: Call[None, Query]) -> Shown:
    """List."""
    return Shown(current_tenant(), str(call.query.limit))


@routes.post("/things", permission="tenant.manage", body=Body, status=201)
def make_thing(call: Call[Body, None]) -> Shown:
    """Make."""
    return Shown(current_tenant(), call.body.name)


@routes.get("/things/{thing_id}", permission="orders.read")
def show_thing(call: Call[None, None]) -> Shown:
    """Show."""
    raise {
        "conflict": Conflict("It changed.", code="changed"),
        "limited": RateLimited("Too fast.", retry_after_seconds=7),
        "broken": ValueError("the buyer is Anna Smith"),
    }[call.path("thing_id")]


@routes.post("/things/{thing_id}/parts/{part}/move", permission="tenant.manage")
def move_part(call: Call[None, None]) -> None:
    """Move."""
    if call.path("part") == "locked":
        raise Gone("It is locked.", code="locked")
    if call.path("part") == "none":
        raise NotFound("There is none.")


@routes.post("/operations/things", permission="operations.act")
def act(call: Call[None, None]) -> None:
    """Act."""


@routes.post("/open", permission="public")
def open_door(call: Call[None, None]) -> None:
    """Open."""
    call.keep_session("token")
    with pytest.raises(NoTenantInScope):
        current_tenant()
    with pytest.raises(QuaysideError):
        _ = call.principal


@routes.get("/cookie", permission="public")
def show_cookie(call: Call[None, None]) -> Shown:
    """Show the cookie."""
    return Shown("", call.refresh_token or "none")


class Logged:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def error(self, message: str, extra: dict[str, Any]) -> None:
        self.lines.append((message, extra))


class World:
    """An app with one member, whose role a test chooses."""

    def __init__(
        self, role: str = "owner", state: str = "active", ended: int | None = None, client_id: str = "quayside-web"
    ) -> None:
        member = SimpleNamespace(
            role=role, state=state, email="anna@example.com", name="Anna", mfa_enabled=False, sessions_end_at=ended
        )
        self.metrics, self.logger = CountedMetrics(), Logged()
        settings = SimpleNamespace(user_pool_client_id=client_id)
        self.recorded: list[tuple[AuditEvent, bool, str]] = []
        self.container: Any = SimpleNamespace(
            settings=settings,
            find_member=lambda _: member,
            find_block=lambda _: None,
            metrics=self.metrics,
            logger=self.logger,
            record=lambda event, application: self.recorded.append((event, application, current_tenant())),
        )
        self.app = Chalice(app_name="test", configure_logs=False)
        register(self.app, lambda: self.container, routes)
        self._call = caller(self.app)

    def call(self, method: str, path: str, *, claims: Mapping[str, object] | None = CLAIMS, **parts: Any) -> Answer:
        return self._call(method, f"/api/v1{path}", claims=claims, **parts)


def test_an_answer_carries_the_tenant_of_the_token_and_no_cache() -> None:
    answer = World().call("GET", "/things")
    assert answer.status == 200
    assert answer.json == {"tenant_id": TENANT, "value": "50"}
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert answer.headers["content-type"] == "application/json"


def test_no_scope_is_left_behind() -> None:
    World().call("GET", "/things")
    with pytest.raises(NoTenantInScope):
        current_tenant()


def test_a_route_can_not_be_declared_without_a_permission() -> None:
    with pytest.raises(TypeError, match="permission"):
        routes.get("/forgotten")  # type: ignore[call-arg]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "needs"), [("GET", "orders.read"), ("POST", "tenant.manage")])
def test_a_route_is_open_to_exactly_the_roles_with_its_permission(role: str, method: str, needs: Permission) -> None:
    from quayside.accounts.rules import PERMISSIONS_OF_ROLE  # noqa: PLC0415 - the table under test

    body = {"name": "x"} if method == "POST" else None
    answer = World(role).call(method, "/things", body=body)
    if needs in PERMISSIONS_OF_ROLE[role]:  # type: ignore[index]
        assert answer.status in {200, 201}
    else:
        assert (answer.status, answer.json["code"]) == (403, "not_permitted")


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        (None, 401, "unauthenticated"),
        ({}, 401, "unauthenticated"),
        ({**CLAIMS, "sub": ""}, 401, "unauthenticated"),
        ({**CLAIMS, "token_use": "access"}, 401, "unauthenticated"),
        ({name: value for name, value in CLAIMS.items() if name != "token_use"}, 401, "unauthenticated"),
        ({**CLAIMS, "aud": "another-client"}, 401, "other_application"),
        ({**CLAIMS, "aud": ["quayside-web", "another-client"]}, 401, "other_application"),
        ({name: value for name, value in CLAIMS.items() if name != "aud"}, 401, "other_application"),
        ({**CLAIMS, "custom:tenant_id": ""}, 401, "no_tenant"),
        ({**CLAIMS, "custom:tenant_id": "not a tenant"}, 400, "invalid_tenant_id"),
    ],
)
def test_who_is_not_known_is_sent_away(claims: dict[str, object] | None, status: int, code: str) -> None:
    answer = World().call("GET", "/things", claims=claims)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


def test_without_an_app_client_of_its_own_no_token_is_good() -> None:
    answer = World(client_id="").call("GET", "/things", claims={**CLAIMS, "aud": ""})
    assert (answer.status, answer.json["code"]) == (401, "other_application")


def test_a_removed_member_and_an_ended_session_are_sent_away() -> None:
    assert World(state="removed").call("GET", "/things").json["code"] == "not_a_member"
    ended = World(ended=1790000000).call("GET", "/things")
    assert (ended.status, ended.json["code"]) == (401, "session_over")
    assert World(ended=1789999999).call("GET", "/things").status == 200


@pytest.mark.parametrize(
    ("body", "code", "field", "problem"),
    [
        ({"name": "x", "nmae": 1}, "unknown_field", "nmae", "is not known here"),
        ({"name": "x", "lines": [{"quantity": 1, "extra": 2}]}, "unknown_field", "lines[0].extra", "is not known here"),
        ({}, "missing_field", "name", "is missing"),
        ({"name": "x", "lines": [{}]}, "missing_field", "lines[0].quantity", "is missing"),
        ({"name": 5}, "invalid_field", "name", "expected `str`, got `int`"),
        ({"name": "x", "lines": [{"quantity": 0}]}, "invalid_field", "lines[0].quantity", "expected `int` >= 1"),
        ([], "invalid_field", "body", "expected `object`, got `array`"),
    ],
)
def test_a_wrong_body_names_the_field(body: object, code: str, field: str, problem: str) -> None:
    answer = World().call("POST", "/things", body=body)
    assert answer.status == 400
    assert answer.json["code"] == code
    assert answer.json["fields"] == [{"field": field, "problem": problem}]
    assert answer.json["action"]


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ("{", {"content-type": "application/json"}, "malformed_json"),
        ("\x00\x01", {"content-type": "application/json; charset=utf-8"}, "malformed_json"),
        ('{"name":"x"}', {"content-type": "text/plain"}, "not_json"),
        ('{"name":"x"}', {}, "not_json"),
        (json.dumps({"name": "x" * 70_000}), {"content-type": "application/json"}, "body_too_large"),
    ],
)
def test_what_is_no_json_is_refused(body: str, headers: dict[str, str], code: str) -> None:
    world = World()
    event_headers = {"content-type": "", **headers}
    answer = world.call("POST", "/things", body=body, headers=event_headers)
    assert (answer.status, answer.json["code"]) == (400, code)


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"limit": "0"}, "invalid_field", "limit"),
        ({"limit": "ten"}, "invalid_field", "limit"),
        ({"page": "2"}, "unknown_field", "page"),
        ({"limit": ["1", "2"]}, "invalid_input", "limit"),
    ],
)
def test_a_wrong_query_names_the_field(query: dict[str, Any], code: str, field: str) -> None:
    answer = World().call("GET", "/things", query=query)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert [each["field"] for each in answer.json["fields"]] == [field]


def test_a_route_without_a_query_takes_none() -> None:
    assert World().call("GET", "/cookie", query={"x": "1"}).json["code"] == "unknown_field"


def test_domain_errors_become_problems_with_code_and_action() -> None:
    answer = World().call("GET", "/things/conflict")
    assert answer.status == 409
    assert answer.json == {
        "type": "urn:quayside:problem:changed",
        "title": "Conflict",
        "status": 409,
        "code": "changed",
        "detail": "It changed.",
        "action": Conflict.default_action,
        "request_id": "request-1",
    }
    assert World().call("GET", "/things/limited").headers["retry-after"] == "7"


def test_an_unforeseen_error_is_counted_and_logged_without_what_it_said() -> None:
    world = World()
    answer = world.call("GET", "/things/broken")
    assert (answer.status, answer.json["code"]) == (500, "unexpected")
    assert "Anna Smith" not in answer.text
    assert world.metrics.counts == {"ApiUnexpectedErrors": 1}
    ((_, extra),) = world.logger.lines
    assert extra["error_type"] == "ValueError"
    assert "test_http.py" in extra["location"]
    assert "Anna" not in str(extra)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() -> None:
    answer = World().call("POST", "/open", claims=None)
    assert answer.status == 204
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=token; ")
    assert {"Path=/", "HttpOnly", "Secure", "SameSite=Strict"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (f"{SESSION_COOKIE}=abc", "abc"),
        (f"other=1; {SESSION_COOKIE}=a.b=c", "a.b=c"),
        (f"{SESSION_COOKIE}=", "none"),
        ("x=y", "none"),
        ("", "none"),
    ],
)
def test_the_session_cookie_is_found_among_others(header: str, value: str) -> None:
    assert World().call("GET", "/cookie", claims=None, headers={"cookie": header}).json["value"] == value


def test_every_change_and_every_refusal_is_recorded_for_the_tenant_and_nothing_else_is() -> None:
    world = World()
    world.call("GET", "/things")
    world.call("POST", "/open")
    world.call("POST", "/things", body={"name": 3})
    world.call("POST", "/things/t-1/parts/none/move")
    assert world.recorded == []
    world.call("POST", "/things", body={"name": "Anna Smith"})
    world.call("POST", "/things/t-1/parts/p-1/move")
    world.call("POST", "/things/t-1/parts/locked/move")
    assert world.recorded == [
        (AuditEvent("test.make_thing", "anna", "member/anna"), False, TENANT),
        (AuditEvent("test.move_part", "anna", "thing/t-1", details={"part": "p-1"}), False, TENANT),
        (
            AuditEvent("test.move_part", "anna", "thing/t-1", "refused", {"part": "locked", "code": "locked"}),
            False,
            TENANT,
        ),
    ]


def test_what_a_role_does_not_include_is_recorded_as_refused() -> None:
    world = World("buyer")
    assert world.call("GET", "/things").status == 403
    assert world.call("POST", "/operations/things").status == 403
    refused = {"code": "not_permitted"}
    assert world.recorded == [
        (AuditEvent("test.list_things", "anna", "member/anna", "refused", refused), False, TENANT),
        (AuditEvent("test.act", "anna", "member/anna", "refused", refused), True, TENANT),
    ]


def test_what_operators_do_is_recorded_for_the_installation() -> None:
    world = World()
    world.call("POST", "/operations/things", claims={**CLAIMS, "cognito:groups": "operators"})
    assert world.recorded == [(AuditEvent("test.act", "anna", "member/anna"), True, TENANT)]


def test_what_somebody_typed_into_the_address_is_not_recorded() -> None:
    world = World("buyer")
    world.call("POST", "/things/Anna%20Smith/parts/anna@example.com/move")
    ((event, _, _),) = world.recorded
    assert (event.subject, event.details["part"]) == ("thing/unreadable", "unreadable")


def test_what_can_not_be_recorded_is_not_answered_as_done() -> None:
    world = World()

    def refuse(event: AuditEvent, *, application: bool) -> None:
        raise NotRecorded(f"{event.action} {application}")

    world.container.record = refuse
    answer = world.call("POST", "/things", body={"name": "x"})
    assert (answer.status, answer.json["code"]) == (503, "not_recorded")
