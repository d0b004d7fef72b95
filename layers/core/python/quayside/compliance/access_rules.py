"""The review of who can get in, every quarter (Amazon's Data Protection Policy 1.2). Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from quayside.kernel.clock import format_instant, parse_instant

REVIEW_EVERY = timedelta(days=92)
UNCONFIRMED_AFTER = timedelta(days=7)


class Account(msgspec.Struct, frozen=True):
    """An account that may sign in.

    Attributes:
        subject: its id.
        email: its address.
        enabled: whether it may sign in at all.
        confirmed: whether the address was confirmed.
        created_at: since when it exists.
        tenant_id: the organisation its tokens name, empty when there is none.
        role: its role there, empty when the organisation does not know it.
        active: whether the organisation still has it as a member.
        second_factor: whether it signs in with a one-time code too.
        operator: whether it sees the whole installation.
    """

    subject: str
    email: str
    enabled: bool
    confirmed: bool
    created_at: str
    tenant_id: str = ""
    role: str = ""
    active: bool = False
    second_factor: bool = False
    operator: bool = False


class Review(msgspec.Struct, frozen=True):
    """The accounts at one time; kept, so that the next review can say what changed."""

    at: str
    accounts: tuple[Account, ...]


class Finding(msgspec.Struct, frozen=True):
    """Something to decide about an account."""

    subject: str
    what: str
    action: str


def findings(review: Review) -> tuple[Finding, ...]:
    """Return what has to be decided, accounts that can do most first."""
    ordered = sorted(review.accounts, key=lambda each: (not each.operator, each.role != "owner", each.email))
    return tuple(found for account in ordered for found in _of(account, parse_instant(review.at)))


def _of(account: Account, at: datetime) -> list[Finding]:
    found: list[tuple[str, str]] = []
    if not account.enabled:
        return []
    if account.operator:
        found.append(
            ("It is an operator: it sees the whole installation.", "Confirm that it still has to, or remove it.")
        )
    if account.tenant_id and not account.active:
        found.append(("Its organisation does not have it as a member any more.", "Disable the account."))
    if account.confirmed and not account.second_factor:
        found.append(("It signs in with a password alone.", "Demand a second factor (MfaMode=required)."))
    if not account.confirmed and at - parse_instant(account.created_at) > UNCONFIRMED_AFTER:
        found.append(("Nobody confirmed its address for a week.", "Delete the account."))
    return [Finding(account.subject, what, action) for what, action in found]


def changes(before: Review | None, now: Review) -> tuple[str, ...]:
    """Return what changed since the last review, in words."""
    if before is None:
        return ("There is no earlier review to compare with.",)
    old = {each.subject: each for each in before.accounts}
    new = {each.subject: each for each in now.accounts}
    added = [f"new: {new[subject].email}" for subject in new.keys() - old.keys()]
    removed = [f"gone: {old[subject].email}" for subject in old.keys() - new.keys()]
    changed = [
        f"{name} of {new[subject].email}: {was or 'none'}, now {present or 'none'}"
        for subject in new.keys() & old.keys()
        for name in ("role", "operator", "enabled", "active", "second_factor")
        if (was := getattr(old[subject], name)) != (present := getattr(new[subject], name))
    ]
    return (*sorted(added), *sorted(removed), *sorted(changed)) or ("Nothing changed since the last review.",)


def report(review: Review, before: Review | None) -> str:
    """Return the review as Markdown, with a place for who reviewed it and what was decided."""
    at = parse_instant(review.at)
    addresses = {each.subject: each.email for each in review.accounts}
    found = findings(review)
    due = format_instant(at + REVIEW_EVERY)
    lines = [
        "# Review of access",
        "",
        f"Accounts as they were at {review.at}: {_counts(review.accounts)}. The next review is due by {due}.",
        "",
        "Reviewed by: ____________________   on: ____________",
        "",
        "## To decide",
        "",
        *(f"- [ ] {addresses[each.subject]}: {each.what} {each.action}" for each in found),
        *(() if found else ("Nothing.",)),
        "",
        "## Changed since the last review",
        "",
        *(f"- {each}" for each in changes(before, review)),
        "",
        "## Accounts",
        "",
        "| address | organisation | role | second factor | operator | enabled |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(each) for each in sorted(review.accounts, key=lambda each: (each.tenant_id, each.email))),
    ]
    return "\n".join(lines) + "\n"


def _line(account: Account) -> str:
    cells = (
        account.email,
        account.tenant_id or "-",
        account.role or "-",
        *("yes" if each else "no" for each in (account.second_factor, account.operator, account.enabled)),
    )
    return f"| {' | '.join(cells)} |"


def _counts(accounts: Sequence[Account]) -> str:
    operators = sum(each.operator for each in accounts)
    organisations = len({each.tenant_id for each in accounts if each.tenant_id})
    return f"{len(accounts)} accounts of {organisations} organisations, {operators} operators"
