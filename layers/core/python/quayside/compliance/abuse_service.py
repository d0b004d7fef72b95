"""Use cases of abuse cases: an operator opens one, gathers evidence, blocks the tenant, and tells Amazon.

They belong to the operators, so no tenant need be in scope. Each is recorded in the application's audit trail before it
is done: what can't be recorded does not happen. A reason is always needed; members of a blocked tenant are shown it.
"""

from collections.abc import Callable

import msgspec

from quayside.compliance import abuse_store as store
from quayside.compliance.abuse_records import AbuseCase, CaseEntry
from quayside.compliance.abuse_rules import (
    MOST_ENTRIES,
    SHORTEST_REASON,
    CaseState,
    EntryKind,
    Line,
    email_to_amazon,
    text_problem,
)
from quayside.compliance.abuse_views import AbuseCaseList, AbuseCaseView, case_view, summary
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import TenantId, check_tenant_id, new_id
from quayside.storage import audit, blocks
from quayside.storage.audit import AuditEvent
from quayside.storage.connection import bound


class Operator(msgspec.Struct, frozen=True):
    """Who acts: a member's id, or ``operator`` at the command line; and of which tenant, which they can't block."""

    actor: str
    tenant_id: TenantId | None = None


def open_case(  # noqa: PLR0913 - what a case begins with
    tenant_id: str, reason: str, by: Operator, *, clock: Clock, entropy: Callable[[int], bytes], block: bool
) -> AbuseCaseView:
    """Open a case about a tenant, and (``block``) block the tenant at once.

    Raises:
        InvalidInput: that is no tenant id, or the reason is missing, too long or holds an address.
        Conflict: the tenant is blocked for another case, or it is the operator's own.
        NotRecorded: the audit trail took no entry, so nothing was done.
    """
    about = check_tenant_id(tenant_id)
    text = _checked(reason, "reason", SHORTEST_REASON)
    if block:
        _check_blockable(about, None, by)
    now = format_instant(clock.now())
    entry = CaseEntry(now, by.actor, "opened", text)
    case = AbuseCase(new_id(entropy)[:16], about, "open", now, (entry,), 1)
    _record("abuse_case.opened", case, by, clock)
    if not store.put(case):
        raise _changed_meanwhile()
    return block_tenant(case.case_id, text, by, clock=clock) if block else _shown(case)


def block_tenant(case_id: str, reason: str, by: Operator, *, clock: Clock) -> AbuseCaseView:
    """Block the tenant of a case: from now on nobody of it gets in, and no worker does anything for it.

    Doing it again, for example after a failure half way, goes on where the first time ended.

    Raises:
        NotFound: there is no such case.
        InvalidInput: the reason is missing, too long or holds an address.
        Conflict: the case is closed, the tenant is blocked for another case, or it is the operator's own.
        NotRecorded: the audit trail took no entry, so nothing was done.
    """
    case = _found(case_id)
    text = _checked(reason, "reason", SHORTEST_REASON)
    _check_state(case, {"open"}, "block")
    tenant_id = TenantId(case.tenant_id)
    _check_blockable(tenant_id, case_id, by)
    _record("tenant.blocked", case, by, clock)
    if not blocks.put_block(tenant_id, case_id, text, clock.now()):
        raise _blocked_for_another()
    return _shown(_added(case, "blocked", "blocked", text, by, clock))


def unblock_tenant(case_id: str, reason: str, by: Operator, *, clock: Clock) -> AbuseCaseView:
    """Lift the block of a case's tenant; the case stays open. Doing it again after a failure half way goes on.

    Raises:
        NotFound: there is no such case.
        InvalidInput: the reason is missing, too long or holds an address.
        Conflict: the tenant is not blocked for this case.
        NotRecorded: the audit trail took no entry, so nothing was done.
    """
    case = _found(case_id)
    text = _checked(reason, "reason", SHORTEST_REASON)
    _check_state(case, {"blocked"}, "unblock")
    _record("tenant.unblocked", case, by, clock)
    blocks.lift_block(TenantId(case.tenant_id), case_id)
    return _shown(_added(case, "unblocked", "open", text, by, clock))


def add_evidence(case_id: str, text: str, by: Operator, *, clock: Clock) -> AbuseCaseView:
    """Add what was seen to a case, without personal data: ids of orders or requests, times, counts.

    Raises:
        NotFound: there is no such case.
        InvalidInput: the text is missing, too long or holds an address.
        Conflict: the case is closed, or as long as a case may be.
        NotRecorded: the audit trail took no entry, so nothing was done.
    """
    case = _found(case_id)
    words = _checked(text, "text", 1)
    _check_state(case, {"open", "blocked"}, "add to")
    _record("abuse_case.evidence_added", case, by, clock)
    return _shown(_added(case, "evidence", case.state, words, by, clock))


def close_case(case_id: str, reason: str, by: Operator, *, clock: Clock) -> AbuseCaseView:
    """Close a case; a block has to be lifted before, for a closed case blocks nobody.

    Raises:
        NotFound: there is no such case.
        InvalidInput: the reason is missing, too long or holds an address.
        Conflict: the tenant is still blocked, or the case is closed already.
        NotRecorded: the audit trail took no entry, so nothing was done.
    """
    case = _found(case_id)
    text = _checked(reason, "reason", SHORTEST_REASON)
    _check_state(case, {"open"}, "close")
    _record("abuse_case.closed", case, by, clock)
    return _shown(_added(case, "closed", "closed", text, by, clock))


def cases() -> AbuseCaseList:
    """Return all cases, the one opened last first."""
    return AbuseCaseList(tuple(summary(each) for each in store.all_cases()))


def show_case(case_id: str) -> AbuseCaseView:
    """Return one case with the draft of the e-mail to Amazon.

    Raises:
        NotFound: there is no such case.
    """
    return _shown(_found(case_id))


def _shown(case: AbuseCase) -> AbuseCaseView:
    accounts = connections.accounts_of(TenantId(case.tenant_id))
    email = email_to_amazon(
        case_id=case.case_id,
        application_id=bound().settings.amazon_application_id,
        accounts=accounts,
        state=case.state,
        blocked_since=case.blocked_since,
        lines=[Line(each.at, each.kind, each.text) for each in case.entries],
    )
    return case_view(case, accounts, email)


def _found(case_id: str) -> AbuseCase:
    case = store.find(case_id)
    if case is None:
        raise NotFound("There is no such abuse case.", code="abuse_case_not_found")
    return case


def _checked(text: str, field: str, shortest: int) -> str:
    problem = text_problem(text, shortest)
    if problem is not None:
        raise InvalidInput(f"The {field} {problem}.", fields=(FieldProblem(field, problem),))
    return text.strip()


def _check_state(case: AbuseCase, states: set[CaseState], what: str) -> None:
    if case.state not in states:
        raise Conflict(
            f"The case is {case.state}, so there is nothing to {what}.",
            code="abuse_case_state",
            action="Lift the block first." if case.state == "blocked" else "Load the case again.",
        )
    # One place is kept for the entry that decides it.
    if len(case.entries) >= (MOST_ENTRIES - 1 if what == "add to" else 2 * MOST_ENTRIES):
        raise Conflict("The case is full.", code="abuse_case_full", action="Open another case that refers to it.")


def _check_blockable(tenant_id: TenantId, case_id: str | None, by: Operator) -> None:
    if tenant_id == by.tenant_id:
        raise Conflict(
            "That is your own organisation, and blocking it would lock you out.",
            code="own_tenant",
            action="Ask another operator, or use the command line.",
        )
    block = blocks.block_of(tenant_id)
    if block is not None and block.case_id != case_id:
        raise _blocked_for_another()


def _blocked_for_another() -> Conflict:
    return Conflict(
        "The organisation is blocked already, for another case.",
        code="blocked_already",
        action="Add your evidence to that case.",
    )


def _changed_meanwhile() -> Conflict:
    return Conflict("Somebody else changed the case at the same moment.", code="abuse_case_changed")


def _added(case: AbuseCase, kind: EntryKind, state: CaseState, text: str, by: Operator, clock: Clock) -> AbuseCase:  # noqa: PLR0913, PLR0917 - what an entry is made of
    entry = CaseEntry(format_instant(clock.now()), by.actor, kind, text)
    changed = msgspec.structs.replace(case, state=state, entries=(*case.entries, entry), version=case.version + 1)
    if not store.put(changed):
        raise _changed_meanwhile()
    return changed


def _record(action: str, case: AbuseCase, by: Operator, clock: Clock) -> None:
    details = {"case": case.case_id}
    audit.append_application(AuditEvent(action, by.actor, f"tenant/{case.tenant_id}", details=details), clock=clock)
