"""Use cases of changing a listing: ask for a change, see Amazon's judgement, apply it, list versions, put one back.

Nothing here calls Amazon: what a member asks for is kept, and the worker (``editing``) takes it from there.
"""

from collections.abc import Callable
from datetime import datetime

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.catalog import attribute_service, edit_rules, edit_store, grid_store, store
from quayside.catalog.access_service import check_open, no_listing, why_closed
from quayside.catalog.edit_rules import Edit, Side, UnusableChange, Values
from quayside.catalog.edit_store import Kept
from quayside.catalog.edit_views import EditPage, EditView, ListingDetail, change_issue_view, edit_view
from quayside.catalog.grid_rules import filed_issues
from quayside.catalog.grid_store import Place, Shelf
from quayside.catalog.grid_views import grid_line_view, seller_central_url
from quayside.connections.service import WorkDesk
from quayside.kernel.clock import Clock, epoch_milliseconds
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import new_id
from quayside.kernel.tenancy import current_tenant

VERSIONS_A_PAGE = 20


class NewChange(msgspec.Struct, frozen=True):
    """What a member wants of a listing: values as text, attributes with all their values, or a version to put back."""

    price: str | None = None
    quantity: int | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    restores: str | None = None
    side: Side = "after"


def show_listing(place: Place) -> ListingDetail:
    """Return a listing of the tenant in scope as the grid has it, with its issues.

    Raises:
        NotFound: there is no such listing.
    """
    record = grid_store.line(place)
    listing = store.listing(*place)
    if record is None or listing is None:
        raise no_listing()
    currency = _currency(place)
    return ListingDetail(
        line=grid_line_view(Shelf(place.connection_id, place.marketplace_id), record),
        currency=currency,
        issues=tuple(map(change_issue_view, filed_issues(listing))),
        fix_url=seller_central_url(place.marketplace_id, place.seller_sku, listing.asin),
        why_not=why_closed(place.connection_id),
    )


def ask(  # noqa: PLR0913 - the parts of a request
    place: Place,
    new: NewChange,
    *,
    member_id: str,
    desk: WorkDesk,
    clock: Clock,
    entropy: Callable[[int], bytes],
) -> EditView:
    """Ask for a change of a listing of the tenant in scope; Amazon judges it first, and nothing is applied.

    Raises:
        NotFound: there is no such listing, or no such version to put back.
        InvalidInput: the values can't be.
        Conflict: the account is not connected, its listings are switched off, or attributes were never read.
    """
    check_open(place)
    now = clock.now()
    change = _change(place, new, now)
    edit = Edit(
        edit_id=new_edit_id(now, entropy),
        state="checking",
        change=change,
        asked_by=member_id,
        asked_at=now,
        restores=new.restores,
    )
    edit_store.put(place, edit, now)
    _send("listings.preview", place, edit.edit_id, desk)
    return show(place, edit.edit_id, clock)


def new_edit_id(now: datetime, entropy: Callable[[int], bytes]) -> str:
    """Return the id of a change; ids sort by time."""
    return f"{epoch_milliseconds(now):014d}-{new_id(entropy)}"


def _change(place: Place, new: NewChange, now: datetime) -> Values:
    if new.restores is not None:
        version = edit_store.find(place, new.restores)
        if version is None or version.edit.state != "applied":
            raise NotFound("There is no such version.", code="no_such_version")
        change = edit_rules.restored(version.edit, new.side)
        if change.is_empty:
            raise InvalidInput(
                "What the listing had before that version is not known.",
                code="invalid_change",
                action="Enter the values yourself.",
            )
        return change
    try:
        change = Values(
            None if new.price is None else edit_rules.checked_price(new.price, _currency(place)),
            None if new.quantity is None else edit_rules.checked_quantity(new.quantity),
            attribute_service.checked(place, new.attributes, now) if new.attributes else (),
        )
    except UnusableChange as problem:
        raise _invalid(problem.field, problem.reason) from problem
    if change.is_empty:
        raise _invalid("price", "or a quantity or an attribute is needed: nothing is to be changed")
    return change


def show(place: Place, edit_id: str, clock: Clock) -> EditView:
    """Return a change of the tenant in scope, as far as it is.

    Raises:
        NotFound: there is none.
    """
    return edit_view(_find(place, edit_id), clock.now())


def apply(  # noqa: PLR0913 - the parts of a request
    place: Place, edit_id: str, step: int, *, member_id: str, desk: WorkDesk, clock: Clock
) -> EditView:
    """Have a change applied that Amazon found valid; asked for again, it is still applied once.

    Args:
        place: of which listing.
        edit_id: which change.
        step: the step of the change that the member saw.
        member_id: who has it applied.
        desk: asks the worker.
        clock: the time.

    Raises:
        NotFound: there is no such change.
        Conflict: it is not ready, or somebody else moved it.
        InvalidInput: Amazon changed its definition of the product type since, and no longer permits the attributes.
    """
    kept = _find(place, edit_id)
    if kept.edit.state == "queued" and kept.step == step + 1:
        # The same request again, perhaps because its answer was lost: the command may have been, too.
        _send("listings.apply", place, edit_id, desk)
        return edit_view(kept, clock.now())
    if kept.edit.state != "ready" or kept.step != step:
        raise Conflict(
            "The change is not as you saw it: it is " + kept.edit.state_at(clock.now()) + " now.",
            code="change_moved",
            action="Look at it again; ask for a new change if it is still wanted.",
        )
    if kept.edit.change.attributes and kept.edit.product_type:
        attribute_service.check_again(place, kept.edit.product_type, kept.edit.change.attributes, clock.now())
    queued = edit_store.move(kept, edit_rules.moved(kept.edit, "apply", applied_by=member_id))
    if queued is None:
        raise Conflict("Somebody else applied it at the same time.", code="change_moved")
    _send("listings.apply", place, edit_id, desk)
    return edit_view(queued, clock.now())


def list_edits(place: Place, cursor: str | None, clock: Clock) -> EditPage:
    """List the changes of a listing of the tenant in scope, the newest first.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    found, following = edit_store.edits(place, cursor, VERSIONS_A_PAGE)
    now = clock.now()
    return EditPage(tuple(edit_view(each, now) for each in found), following)


def _find(place: Place, edit_id: str) -> Kept:
    kept = edit_store.find(place, edit_id)
    if kept is None:
        raise NotFound("There is no such change.", code="no_such_change")
    return kept


def _send(kind: str, place: Place, edit_id: str, desk: WorkDesk) -> None:
    desk.ask(
        kind,
        current_tenant(),
        place.connection_id,
        cause="member",
        marketplace_id=place.marketplace_id,
        seller_sku=place.seller_sku,
        edit_id=edit_id,
    )


def _currency(place: Place) -> str:
    found = find_marketplace(place.marketplace_id)
    if found is None:
        raise no_listing()
    return found.currency


def _invalid(field: str, reason: str) -> InvalidInput:
    return InvalidInput(f"{field} {reason}.", fields=(FieldProblem(field, reason),), code="invalid_change")
