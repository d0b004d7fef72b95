"""What the API shows of changes of listings."""

from datetime import datetime

import msgspec

from quayside.catalog.edit_rules import State, Values
from quayside.catalog.edit_store import Kept
from quayside.catalog.grid_views import GridLineView
from quayside.catalog.rules import Issue
from quayside.kernel.clock import format_instant
from quayside.kernel.money import Money


class AttributeView(msgspec.Struct, frozen=True):
    """An attribute with all of its values in the listing's marketplace and one language; none means it is not there."""

    name: str
    values: tuple[str, ...]
    language: str | None


class ValuesView(msgspec.Struct, frozen=True):
    """Values of a listing; null, or an attribute that is not named, is not touched, or not known."""

    price: Money | None
    quantity: int | None
    attributes: tuple[AttributeView, ...] = ()


class ChangeIssueView(msgspec.Struct, frozen=True):
    """What Amazon finds wrong, in its words."""

    code: str
    severity: str
    message: str
    attributes: tuple[str, ...]


class EditView(msgspec.Struct, frozen=True):
    """A change of a listing; see ``edit_rules.Edit``. ``step`` is what an apply names as seen."""

    edit_id: str
    state: State
    step: int
    change: ValuesView
    before: ValuesView | None
    found: ValuesView | None
    issues: tuple[ChangeIssueView, ...]
    asked_by: str
    asked_at: str
    checked_at: str | None
    applied_by: str | None
    applied_at: str | None
    submission_id: str | None
    reason: str
    restores: str | None
    bulk_id: str | None


class EditPage(msgspec.Struct, frozen=True):
    """The changes of a listing, the newest first; those in state ``applied`` are its versions."""

    edits: tuple[EditView, ...]
    next_cursor: str | None


class ListingDetail(msgspec.Struct, frozen=True):
    """A listing as the grid has it, its issues, and whether its values can be changed now.

    ``why_not`` says in words why not; it is empty when they can.
    """

    line: GridLineView
    currency: str
    issues: tuple[ChangeIssueView, ...]
    fix_url: str | None
    why_not: str


def values_view(values: Values) -> ValuesView:
    """Return values of a listing as the API shows them."""
    return ValuesView(
        None if values.price is None else values.price.money(),
        values.quantity,
        tuple(AttributeView(each.name, each.values, each.language) for each in values.attributes),
    )


def change_issue_view(issue: Issue) -> ChangeIssueView:
    """Return an issue as the API shows it."""
    return ChangeIssueView(issue.code, issue.severity, issue.message, issue.attributes)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def edit_view(kept: Kept, now: datetime) -> EditView:
    """Return a stored change as the API shows it."""
    edit = kept.edit
    state = edit.state_at(now)
    gave_up = state == "failed" and edit.state != "failed"
    return EditView(
        edit_id=edit.edit_id,
        state=state,
        step=kept.step,
        change=values_view(edit.change),
        before=None if edit.before is None else values_view(edit.before),
        found=None if edit.found is None else values_view(edit.found),
        issues=tuple(map(change_issue_view, edit.issues)),
        asked_by=edit.asked_by,
        asked_at=format_instant(edit.asked_at),
        checked_at=_instant(edit.checked_at),
        applied_by=edit.applied_by,
        applied_at=_instant(edit.applied_at),
        submission_id=edit.submission_id,
        reason="Amazon could not be reached for a day. Ask for the change again." if gave_up else edit.reason,
        restores=edit.restores,
        bulk_id=edit.bulk_id,
    )
