"""What operators see of abuse cases."""

from typing import Literal

import msgspec

from quayside.compliance.abuse_records import AbuseCase
from quayside.compliance.abuse_rules import CaseState, Email, EntryKind
from quayside.connections.rules import SellerAccount


class AbuseEntryView(msgspec.Struct, frozen=True):
    """What was done in a case."""

    at: str
    by: str
    kind: EntryKind
    text: str


class SellerAccountView(msgspec.Struct, frozen=True):
    """An account at Amazon that the tenant connected."""

    selling_partner_id: str
    region: str


class EmailDraft(msgspec.Struct, frozen=True):
    """The e-mail to Amazon, to be read, completed and sent by a person; ``link`` opens it in their mail program."""

    to: str
    subject: str
    body: str
    link: str


class AbuseCaseSummary(msgspec.Struct, frozen=True):
    """A case in the list."""

    case_id: str
    tenant_id: str
    state: CaseState
    opened_at: str
    reason: str


class AbuseCaseList(msgspec.Struct, frozen=True):
    """All cases, the one opened last first."""

    cases: tuple[AbuseCaseSummary, ...]


class AbuseCaseView(msgspec.Struct, frozen=True):
    """A case with everything that was done in it, oldest first, and the e-mail to Amazon."""

    case_id: str
    tenant_id: str
    state: CaseState
    opened_at: str
    accounts: tuple[SellerAccountView, ...]
    entries: tuple[AbuseEntryView, ...]
    email: EmailDraft
    next_steps: tuple[Literal["block", "unblock", "close", "evidence"], ...]


def summary(case: AbuseCase) -> AbuseCaseSummary:
    """Show a case in the list; the reason is the latest one that was given for what was decided."""
    reason = next(each.text for each in reversed(case.entries) if each.kind != "evidence")
    return AbuseCaseSummary(case.case_id, case.tenant_id, case.state, case.opened_at, reason)


def case_view(case: AbuseCase, accounts: tuple[SellerAccount, ...], email: Email) -> AbuseCaseView:
    """Show one case."""
    steps: dict[CaseState, tuple[Literal["block", "unblock", "close", "evidence"], ...]] = {
        "open": ("block", "evidence", "close"),
        "blocked": ("evidence", "unblock"),
        "closed": (),
    }
    return AbuseCaseView(
        case_id=case.case_id,
        tenant_id=case.tenant_id,
        state=case.state,
        opened_at=case.opened_at,
        accounts=tuple(SellerAccountView(each.selling_partner_id, each.region) for each in accounts),
        entries=tuple(AbuseEntryView(each.at, each.by, each.kind, each.text) for each in case.entries),
        email=EmailDraft(email.to, email.subject, email.body, email.link),
        next_steps=steps[case.state],
    )
