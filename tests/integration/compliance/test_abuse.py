"""Blocking a tenant: nobody of it gets in, nothing is done for it, the reason is given, and everything is recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

from quayside.compliance import abuse_service as abuse
from quayside.compliance.abuse_service import Operator
from quayside.kernel.errors import Conflict
from quayside.storage import audit, blocks
from quayside.storage.audit import NotRecorded
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.seller_world import Person, SellerWorld

REASON = "Asks the buyers of 41 orders for good reviews."


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def world(shared: Aws) -> SellerWorld:
    return SellerWorld(emptied(shared), mfa_mode="optional")


@pytest.fixture
def eve(world: SellerWorld) -> Person:
    return world.person("eve@example.com").sign_up("Eve Ltd")


@pytest.fixture
def operator(world: SellerWorld) -> Person:
    person = world.person("operator@example.com").sign_up("The operators")
    world.identity.accounts[person.email].groups = ("operators",)
    return person.authorised()


def opened(operator: Person, tenant_id: str, *, block: bool = True) -> dict[str, Any]:
    answer = operator.call("POST", "/operations/abuse", {"tenant_id": tenant_id, "reason": REASON, "block": block})
    assert answer.status == 201, answer.text
    case: dict[str, Any] = answer.json
    return case


def test_a_blocked_tenant_is_shut_out_at_once_with_the_reason_and_let_in_again(operator: Person, eve: Person) -> None:
    assert eve.call("GET", "/me").status == 200  # so that the member is remembered
    case = opened(operator, eve.tenant_id)
    refused = [
        eve.call("GET", "/me"),
        eve.call("GET", "/connections"),
        eve.call("POST", "/auth/refresh"),
        eve.call("POST", "/auth/sign-in", {"email": eve.email, "password": "Correct-Horse-9"}),
    ]
    assert {(each.status, each.json["code"]) for each in refused} == {(403, "tenant_blocked")}
    assert REASON in refused[0].json["detail"]
    assert operator.call("GET", "/me").status == 200
    lifted = operator.call(
        "POST", f"/operations/abuse/{case['case_id']}/unblock", {"reason": "It was a mistake of ours."}
    )
    assert (lifted.status, lifted.json["state"]) == (200, "open")
    assert eve.call("GET", "/me").status == 200


def test_a_case_gathers_what_was_done_and_drafts_the_email(operator: Person, eve: Person) -> None:
    case = opened(operator, eve.tenant_id, block=False)
    path = f"/operations/abuse/{case['case_id']}"
    assert eve.call("GET", "/me").status == 200
    assert operator.call("POST", f"{path}/evidence", {"text": "Request id 1-a."}).status == 200
    shown = operator.call("POST", f"{path}/block", {"reason": "Blocked while Amazon looks at it."}).json
    assert [each["kind"] for each in shown["entries"]] == ["opened", "evidence", "blocked"]
    assert "Request id 1-a." in shown["email"]["body"]
    assert operator.call("POST", f"{path}/close", {"reason": "Nothing was found."}).json["code"] == "abuse_case_state"
    operator.call("POST", f"{path}/unblock", {"reason": "Nothing was found."})
    assert operator.call("POST", f"{path}/close", {"reason": "Nothing was found."}).json["state"] == "closed"
    assert operator.call("POST", f"{path}/block", {"reason": "Once more, please."}).status == 409
    (listed,) = operator.call("GET", "/operations/abuse").json["cases"]
    assert (listed["case_id"], listed["state"], listed["reason"]) == (case["case_id"], "closed", "Nothing was found.")


@pytest.mark.parametrize("reason", ["", "because", "Wrote to jane@example.com ten times."])
def test_without_a_reason_nobody_is_blocked(operator: Person, eve: Person, reason: str) -> None:
    body = {"tenant_id": eve.tenant_id, "reason": reason, "block": True}
    answer = operator.call("POST", "/operations/abuse", body)
    assert (answer.status, answer.json["fields"][0]["field"]) == (400, "reason")
    assert eve.call("GET", "/me").status == 200
    assert operator.call("GET", "/operations/abuse").json["cases"] == []


def test_members_can_neither_see_nor_open_cases(eve: Person) -> None:
    assert eve.call("GET", "/operations/abuse").status == 403
    body = {"tenant_id": eve.tenant_id, "reason": REASON, "block": True}
    assert eve.call("POST", "/operations/abuse", body).status == 403


def test_operators_can_t_lock_themselves_out_and_a_tenant_is_blocked_for_one_case(
    operator: Person, eve: Person
) -> None:
    own = operator.call("POST", "/operations/abuse", {"tenant_id": operator.tenant_id, "reason": REASON, "block": True})
    assert (own.status, own.json["code"]) == (409, "own_tenant")
    opened(operator, eve.tenant_id)
    body = {"tenant_id": eve.tenant_id, "reason": REASON, "block": True}
    assert operator.call("POST", "/operations/abuse", body).json["code"] == "blocked_already"


def test_everything_is_recorded_and_what_can_t_be_recorded_is_not_done(
    world: SellerWorld, operator: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(operator, eve.tenant_id)
    recorded = str(world.aws.items("audit_table"))
    for action in ("abuse_case.opened", "tenant.blocked"):
        assert action in recorded
    assert f"tenant/{eve.tenant_id}" in recorded
    assert REASON not in recorded, "what operators type could hold anything"

    def refuse(*_: object, **__: object) -> None:
        raise NotRecorded("The audit trail can't be written at the moment.")

    monkeypatch.setattr(audit, "append_application", refuse)
    answer = operator.call("POST", f"/operations/abuse/{case['case_id']}/unblock", {"reason": "It was a mistake."})
    assert (answer.status, answer.json["code"]) == (503, "not_recorded")
    assert blocks.block_of(eve.tenant_id) is not None
    assert world.metrics.counts.get("ApiUnexpectedErrors", 0) == 0


def test_a_block_that_failed_half_way_is_completed_by_the_next_try(
    world: SellerWorld, operator: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(operator, eve.tenant_id, block=False)
    with monkeypatch.context() as patched:
        patched.setattr("quayside.compliance.abuse_store.put", lambda _: False)
        with pytest.raises(Conflict):
            abuse.block_tenant(case["case_id"], REASON, Operator("operator"), clock=world.aws.clock)
    assert blocks.block_of(eve.tenant_id) is not None, "it is the block that comes first"
    again = operator.call("POST", f"/operations/abuse/{case['case_id']}/block", {"reason": REASON})
    assert (again.status, again.json["state"]) == (200, "blocked")
