"""What the worker does for a change of a listing: have Amazon judge it, and apply it exactly once in effect.

See ``edit_rules`` for the states. Either command may run twice, on two workers at once, or die between any two of its
steps: each move is written under the condition that nobody else moved the change.
"""

from typing import TYPE_CHECKING

import msgspec

from quayside.amazon.errors import AccessRefused, RequestRejected
from quayside.amazon.listing_changes import ACCEPTED, VALID, attribute_patch, price_patch, quantity_patch
from quayside.catalog import attribute_rules, edit_rules, edit_store
from quayside.catalog.edit_rules import Edit, Values, moved
from quayside.catalog.grid_store import Place
from quayside.catalog.rules import Issue, Price
from quayside.connections import service as connections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quayside.amazon.listing_changes import Patch
    from quayside.amazon.listings import Listing, ListingIssue
    from quayside.catalog.edit_store import Kept
    from quayside.connections.records import Connection
    from quayside.sync.service import Work

NOT_FOUND = 404
_SHOWN_AFTER_SECONDS = 120
"""Amazon shows a change some time after it accepted it; then the listing is read again."""
_BEING_APPLIED = frozenset({"queued", "sending"})
_GONE = "Amazon no longer has this listing."


class _Moved(Exception):
    """Somebody else moved the change: whoever did goes on with it."""


def preview(work: "Work") -> None:
    """``listings.preview``: have Amazon judge a change, and note what the listing has now."""
    place, kept = _change_of(work)
    connection = work.connection
    if kept is None or connection is None or kept.edit.state != "checking":
        return
    try:
        listing = read_listing(work, connection, place, with_attributes=bool(kept.edit.change.attributes))
        edit = _judged(work, connection, place, kept.edit, listing)
    except RequestRejected as refused:
        edit = _refusal(work, kept.edit, refused)
    edit_store.move(kept, msgspec.structs.replace(edit, checked_at=work.clock.now()))
    work.notes.brought(1, marketplace_id=place.marketplace_id)


def _judged(work: "Work", connection: "Connection", place: Place, edit: Edit, listing: "Listing | None") -> Edit:
    summary = None if listing is None else listing.summary_of(place.marketplace_id)
    if listing is None or summary is None:
        return moved(edit, "found_wrong", reason=_GONE)
    now = values_now(listing, place.marketplace_id, edit.change)
    before = edit.change.touched(now)
    why = edit_rules.why_not(edit.change, now, by_amazon=is_by_amazon(listing))
    if why:
        return moved(edit, "found_wrong", before=before, reason=why)
    product_type = summary.product_type or "PRODUCT"
    said = work.amazon.patch_listing(
        connections.caller_of(connection),
        connection.selling_partner_id,
        place.seller_sku,
        place.marketplace_id,
        product_type,
        patches_of(edit.change, place.marketplace_id),
        preview=True,
    )
    valid = said.status == VALID
    return moved(
        edit,
        "found_valid" if valid else "found_wrong",
        before=before,
        issues=_issues(said.issues),
        product_type=product_type,
        reason="" if valid else "Amazon refuses this change.",
    )


def apply(work: "Work") -> None:
    """``listings.apply``: apply a change, unless the listing is no longer what the member saw."""
    place, kept = _change_of(work)
    connection = work.connection
    if kept is None or connection is None or kept.edit.state not in _BEING_APPLIED:
        return
    try:
        listing = read_listing(work, connection, place, with_attributes=bool(kept.edit.change.attributes))
        verdict = _standing_in_the_way(kept.edit, listing, place.marketplace_id)
        if verdict is not None:
            edit_store.move(kept, verdict)
        elif _has_come_through(kept.edit, listing, place.marketplace_id):
            _applied(work, place, kept, kept.edit.submission_id)
        else:
            _send(work, connection, place, kept)
    except _Moved:
        return
    except RequestRejected as refused:
        # What was noted while it was sent is read again: this change may have moved since.
        present = edit_store.find(place, kept.edit.edit_id) or kept
        if present.edit.state in _BEING_APPLIED:
            edit_store.move(present, _refusal(work, present.edit, refused))


def _standing_in_the_way(edit: Edit, listing: "Listing | None", marketplace_id: str) -> Edit | None:
    """Return the change as it ends when the listing is gone or not what the member saw; None when nothing is amiss."""
    if listing is None or listing.summary_of(marketplace_id) is None:
        return moved(edit, "turned_away", reason=_GONE)
    now = edit.change.touched(values_now(listing, marketplace_id, edit.change))
    if now == edit.before or _has_come_through(edit, listing, marketplace_id):
        return None
    reason = "The listing changed at Amazon after you saw it. Nothing was sent."
    if edit.state == "sending":
        reason = "The listing has neither the old nor the new values: somebody else changed it meanwhile."
    return moved(edit, "differs", found=now, reason=reason)


def _has_come_through(edit: Edit, listing: "Listing | None", marketplace_id: str) -> bool:
    if listing is None or edit.state != "sending":
        return False
    return edit.change.touched(values_now(listing, marketplace_id, edit.change)) == edit.change


def _send(work: "Work", connection: "Connection", place: Place, kept: "Kept") -> None:
    """Send a change after it was noted that it is being sent, and note what Amazon did with it."""
    noted = [kept]

    def note() -> None:
        sending = edit_store.move(kept, moved(kept.edit, "send"))
        if sending is None:
            raise _Moved
        noted[0] = sending

    said = work.amazon.patch_listing(
        connections.caller_of(connection),
        connection.selling_partner_id,
        place.seller_sku,
        place.marketplace_id,
        kept.edit.product_type or "PRODUCT",
        patches_of(kept.edit.change, place.marketplace_id),
        preview=False,
        before=note,
    )
    if said.status == ACCEPTED:
        _applied(work, place, noted[0], said.submission_id)
        return
    reason = "Amazon refused this change."
    edit_store.move(noted[0], moved(noted[0].edit, "turned_away", issues=_issues(said.issues), reason=reason))


def _applied(work: "Work", place: Place, kept: "Kept", submission_id: str | None) -> None:
    done = moved(kept.edit, "accepted", applied_at=work.clock.now(), submission_id=submission_id, reason="")
    if edit_store.move(kept, done) is None:
        return
    work.notes.brought(1, marketplace_id=place.marketplace_id)
    shown = {"seller_sku": place.seller_sku, "marketplace_id": place.marketplace_id}
    work.follow_up("listings.fetch", shown, delay_seconds=_SHOWN_AFTER_SECONDS)


def _change_of(work: "Work") -> "tuple[Place, Kept | None]":
    arguments = work.command.arguments
    place = Place(work.connection_id, arguments["marketplace_id"], arguments["seller_sku"])
    return place, edit_store.find(place, arguments["edit_id"])


def read_listing(work: "Work", connection: "Connection", place: Place, *, with_attributes: bool) -> "Listing | None":
    """Return a listing as Amazon has it now; None when it has none."""
    try:
        return work.amazon.listing(
            connections.caller_of(connection),
            connection.selling_partner_id,
            place.seller_sku,
            (place.marketplace_id,),
            with_attributes=with_attributes,
        )
    except RequestRejected as refused:
        if refused.status == NOT_FOUND:
            return None
        raise


def _refusal(work: "Work", edit: Edit, refused: RequestRejected) -> Edit:
    """Return a change that Amazon does not even judge, with its words; the first refusal of access is tried again."""
    if isinstance(refused, AccessRefused) and work.command.attempt == 0:
        raise refused
    return moved(edit, "turned_away", reason=f"Amazon refused: {refused.said or 'no explanation'}")


def patches_of(change: Values, marketplace_id: str) -> "list[Patch]":
    """Return a change as Amazon takes it."""
    patches = []
    if change.price is not None:
        patches.append(price_patch(marketplace_id, change.price.money()))
    if change.quantity is not None:
        patches.append(quantity_patch(change.quantity))
    for each in change.attributes:
        values = attribute_rules.amazon_values(each)
        patches.append(attribute_patch(each.name, marketplace_id, each.language, values))
    return patches


def values_now(listing: "Listing", marketplace_id: str, change: Values) -> Values:
    """Return what a listing has now: its price, its quantity, and those attributes that a change names."""
    price = listing.price_of(marketplace_id)
    money = None if price is None else price.money()
    own = next((each for each in listing.fulfillment_availability if each.fulfillment_channel_code == "DEFAULT"), None)
    return Values(
        None if money is None else Price(money.amount_minor, money.currency),
        None if own is None else own.quantity,
        tuple(
            attribute_rules.read(each.name, each.language, each.kind, listing.attributes, marketplace_id)
            for each in change.attributes
        ),
    )


def is_by_amazon(listing: "Listing") -> bool:
    """Whether Amazon ships a listing, so that its quantity is Amazon's stock."""
    return any(each.fulfillment_channel_code.startswith("AMAZON") for each in listing.fulfillment_availability)


def _issues(issues: "Sequence[ListingIssue]") -> tuple[Issue, ...]:
    return tuple(Issue(each.code, each.severity, each.message, each.attribute_names) for each in issues)
