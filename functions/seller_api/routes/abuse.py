"""Abuse cases, for operators: evidence, the block of a tenant with its reason, and the e-mail to Amazon."""

import secrets
from typing import Annotated, Any

import msgspec

from quayside.compliance import abuse_service as abuse
from quayside.compliance.abuse_rules import LONGEST_TEXT
from quayside.compliance.abuse_service import Operator
from quayside.compliance.abuse_views import AbuseCaseList, AbuseCaseView
from seller_api.routing import Call, Routes

routes = Routes("operations")

Words = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]


class AbuseCaseOpening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """About whom a case is, why, and whether the tenant is blocked at once; its members are then shown the reason."""

    tenant_id: Annotated[str, msgspec.Meta(max_length=40)]
    reason: Words
    block: bool = False


class AbuseReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why; the tenant's members are shown the reason of a block."""

    reason: Words


class AbuseEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was seen, without personal data."""

    text: Words


@routes.get("/operations/abuse", permission="operations.read")
def list_abuse_cases(call: Call[None, None]) -> AbuseCaseList:  # noqa: ARG001 - every view has the same shape
    """List the abuse cases, the one opened last first."""
    return abuse.cases()


@routes.post("/operations/abuse", permission="operations.act", body=AbuseCaseOpening, status=201)
def open_abuse_case(call: Call[AbuseCaseOpening, None]) -> AbuseCaseView:
    """Open a case about a tenant, and block the tenant at once when asked to."""
    return abuse.open_case(
        call.body.tenant_id,
        call.body.reason,
        _operator(call),
        clock=call.container.clock,
        entropy=secrets.token_bytes,
        block=call.body.block,
    )


@routes.get("/operations/abuse/{case_id}", permission="operations.read")
def get_abuse_case(call: Call[None, None]) -> AbuseCaseView:
    """Show a case with everything that was done in it, and the draft of the e-mail to Amazon."""
    return abuse.show_case(call.path("case_id"))


@routes.post("/operations/abuse/{case_id}/evidence", permission="operations.act", body=AbuseEvidence)
def add_abuse_evidence(call: Call[AbuseEvidence, None]) -> AbuseCaseView:
    """Add what was seen to a case."""
    return abuse.add_evidence(call.path("case_id"), call.body.text, _operator(call), clock=call.container.clock)


@routes.post("/operations/abuse/{case_id}/block", permission="operations.act", body=AbuseReason)
def block_tenant(call: Call[AbuseReason, None]) -> AbuseCaseView:
    """Block the tenant: nobody of it gets in any more, and no worker does anything for it."""
    return abuse.block_tenant(call.path("case_id"), call.body.reason, _operator(call), clock=call.container.clock)


@routes.post("/operations/abuse/{case_id}/unblock", permission="operations.act", body=AbuseReason)
def unblock_tenant(call: Call[AbuseReason, None]) -> AbuseCaseView:
    """Lift the block; reading goes on by the schedule."""
    return abuse.unblock_tenant(call.path("case_id"), call.body.reason, _operator(call), clock=call.container.clock)


@routes.post("/operations/abuse/{case_id}/close", permission="operations.act", body=AbuseReason)
def close_abuse_case(call: Call[AbuseReason, None]) -> AbuseCaseView:
    """Close a case whose tenant is not blocked, or no longer."""
    return abuse.close_case(call.path("case_id"), call.body.reason, _operator(call), clock=call.container.clock)


def _operator(call: Call[Any, Any]) -> Operator:
    return Operator(call.principal.member_id, call.principal.tenant_id)
