"""Use cases of editing attributes: have a listing's attributes read at Amazon, see them in their form, check new ones.

Nothing here calls Amazon: that a member wants the attributes is kept; the worker (``attribute_reading``) reads them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from quayside.catalog import attribute_rules, attribute_store, store
from quayside.catalog.access_service import check_open, no_listing
from quayside.catalog.attribute_records import Reading
from quayside.catalog.attribute_rules import Form, UnusableAttributes
from quayside.catalog.attribute_views import AttributesView, attributes_view
from quayside.catalog.edit_rules import Attribute
from quayside.catalog.grid_store import Place
from quayside.connections.service import WorkDesk
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput
from quayside.kernel.tenancy import current_tenant

GIVEN_UP_AFTER = timedelta(hours=25)
"""The worker tries for a day."""
_NOT_ASKED_AGAIN = timedelta(seconds=20)
"""Whoever asks within this time of another is asking for the same look."""


def show(place: Place, clock: Clock) -> AttributesView:
    """Return the attributes of a listing of the tenant in scope, as far as they are read.

    Raises:
        NotFound: there is no such listing.
    """
    if store.listing(*place) is None:
        raise no_listing()
    reading, form = _known(place, clock.now())
    return AttributesView("unread") if reading is None else attributes_view(reading, form)


def ask(place: Place, *, member_id: str, desk: WorkDesk, clock: Clock) -> AttributesView:
    """Have the attributes of a listing of the tenant in scope read at Amazon.

    Raises:
        NotFound: there is no such listing.
        Conflict: the account is not connected, or its listings are switched off.
    """
    check_open(place)
    now = clock.now()
    look = attribute_store.find(place, now)
    if look is None or look.reading.state != "reading" or now - look.reading.asked_at > _NOT_ASKED_AGAIN:
        attribute_store.begin(place, Reading(state="reading", asked_by=member_id, asked_at=now), now)
        desk.ask(
            "listings.attributes",
            current_tenant(),
            place.connection_id,
            cause="member",
            marketplace_id=place.marketplace_id,
            seller_sku=place.seller_sku,
        )
    return show(place, clock)


def _known(place: Place, now: datetime) -> tuple[Reading | None, Form | None]:
    """Return the last look at a listing's attributes and its form; one that nobody goes on with has failed."""
    look = attribute_store.find(place, now)
    if look is None:
        return None, None
    reading = look.reading
    if reading.state == "reading" and now - reading.asked_at > GIVEN_UP_AFTER:
        return msgspec.structs.replace(reading, state="failed", reason="Amazon could not be reached for a day."), None
    if reading.state != "ready":
        return reading, None
    kept = attribute_store.form(place.connection_id, place.marketplace_id, reading.product_type, now)
    # A form outlives every look that was taken with it; without one the attributes have to be read again.
    return (None, None) if kept is None else (reading, kept.form)


def checked(place: Place, given: Iterable[tuple[str, Sequence[str]]], now: datetime) -> tuple[Attribute, ...]:
    """Return attributes that a member entered for a listing of the tenant in scope, held against the listing's form.

    Raises:
        Conflict: they have not been read, so there is no form.
        InvalidInput: they can't be; each problem says what is allowed.
    """
    reading, form = _known(place, now)
    if reading is None or form is None:
        raise Conflict(
            "The attributes of this listing have not been read at Amazon, so nobody knows what they may be.",
            code="attributes_not_read",
            action="Have them read, then send the change again.",
        )
    return _held_against(form, given)


def check_again(place: Place, product_type: str, attributes: Sequence[Attribute], now: datetime) -> None:
    """Hold attributes that were found valid against the form as it is now: Amazon may have changed its definition.

    Raises:
        InvalidInput: they no longer can be; each problem says what is allowed.
    """
    kept = attribute_store.form(place.connection_id, place.marketplace_id, product_type, now)
    if kept is not None:
        _held_against(kept.form, ((each.name, each.values) for each in attributes))


def _held_against(form: Form, given: Iterable[tuple[str, Sequence[str]]]) -> tuple[Attribute, ...]:
    try:
        return attribute_rules.checked(form, given)
    except UnusableAttributes as unusable:
        words = "; ".join(f"{each.field} {each.reason}" for each in unusable.problems)
        fields = tuple(FieldProblem(each.field, each.reason) for each in unusable.problems)
        raise InvalidInput(f"{words[:600]}.", fields=fields, code="invalid_change") from unusable
