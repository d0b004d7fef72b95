"""What the worker does before attributes are edited: read those the listing has, and the form they are edited in.

The form of a product type is made of Amazon's definition, which is read once a week and not for each edit, and anew
when Amazon tells of new definitions; the schema behind it is downloaded only when its checksum is another one. Either
may be done twice: both only read.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from quayside.amazon.errors import AccessRefused, RequestRejected
from quayside.amazon.product_types import read_schema
from quayside.catalog import attribute_rules, attribute_store
from quayside.catalog.attribute_records import KeptForm
from quayside.catalog.editing import NOT_FOUND, read_listing
from quayside.catalog.grid_store import Place
from quayside.connections import service as connections
from quayside.kernel.clock import parse_instant

if TYPE_CHECKING:
    from quayside.catalog.attribute_records import Reading
    from quayside.catalog.attribute_rules import Form
    from quayside.connections.records import Connection
    from quayside.sync.service import Work

FORM_IS_GOOD_FOR = timedelta(days=7)
_MOST_CHARACTERS = 60_000
"""No listing has so many; one that did would not fit where it is kept."""


def read(work: "Work") -> None:
    """``listings.attributes``: read the attributes of a listing and their form, for a member who edits them."""
    arguments = work.command.arguments
    place = Place(work.connection_id, arguments["marketplace_id"], arguments["seller_sku"])
    look = attribute_store.find(place, work.clock.now())
    connection = work.connection
    if look is None or connection is None or look.reading.state != "reading":
        return
    try:
        reading = _read(work, connection, place, look.reading)
    except RequestRejected as refused:
        if isinstance(refused, AccessRefused) and work.command.attempt == 0:
            raise
        reading = _failed(look.reading, f"Amazon refused: {refused.said or 'no explanation'}")
    if attribute_store.end(look, reading):
        work.notes.brought(1, marketplace_id=place.marketplace_id)


def _read(work: "Work", connection: "Connection", place: Place, asked: "Reading") -> "Reading":
    listing = read_listing(work, connection, place, with_attributes=True)
    summary = None if listing is None else listing.summary_of(place.marketplace_id)
    if listing is None or summary is None:
        return _failed(asked, "Amazon no longer has this listing.")
    if not summary.product_type:
        return _failed(asked, "Amazon has no product type for this listing, so it does not say what may be edited.")
    form = form_of(work, connection, place.marketplace_id, summary.product_type)
    values = tuple(
        attribute_rules.read(each.name, each.language, each.kind, listing.attributes, place.marketplace_id)
        for each in form.fields
    )
    known = tuple(each for each in values if each.values)
    if sum(len(value) for each in known for value in each.values) > _MOST_CHARACTERS:
        return _failed(asked, f"The attributes have more than {_MOST_CHARACTERS:,} characters. Edit them at Amazon.")
    return msgspec.structs.replace(
        asked, state="ready", read_at=work.clock.now(), product_type=form.product_type, values=known, reason=""
    )


def read_definitions(work: "Work") -> None:
    """``listings.definitions``: hold the kept forms of a marketplace, or of all, against Amazon's new definitions.

    Those that were, since Amazon told of it, are not again: a command whose turn lies ahead goes on where it was.
    """
    connection = work.connection
    if connection is None:
        return
    told = parse_instant(work.command.first_seen)
    place = work.command.arguments["marketplace_id"]
    for marketplace_id in connection.marketplace_ids:
        if place not in {"", marketplace_id}:
            continue
        for kept in attribute_store.forms(work.connection_id, marketplace_id):
            if kept.checked_at <= told:
                _renew(work, connection, marketplace_id, kept)


def _renew(work: "Work", connection: "Connection", marketplace_id: str, kept: KeptForm) -> None:
    """Make a form anew; one of a product type that Amazon no longer has is forgotten."""
    try:
        _made(work, connection, marketplace_id, kept.form.product_type, kept)
    except RequestRejected as refused:
        if refused.status != NOT_FOUND:
            raise
        attribute_store.forget_form(work.connection_id, marketplace_id, kept.form.product_type)
    work.notes.brought(1, marketplace_id=marketplace_id)


def form_of(work: "Work", connection: "Connection", marketplace_id: str, product_type: str) -> "Form":
    """Return the form of a product type, made anew when Amazon's definition is another one than a week ago."""
    now = work.clock.now()
    kept = attribute_store.form(work.connection_id, marketplace_id, product_type, now)
    if kept is not None and now - kept.checked_at < FORM_IS_GOOD_FOR:
        return kept.form
    return _made(work, connection, marketplace_id, product_type, kept)


def _made(
    work: "Work", connection: "Connection", marketplace_id: str, product_type: str, kept: KeptForm | None
) -> "Form":
    """Make the form of Amazon's newest definition, and keep it; ``kept`` is the one there was."""
    now = work.clock.now()
    newest = work.amazon.product_type_definition(
        connections.caller_of(connection), connection.selling_partner_id, product_type, marketplace_id
    )
    if kept is not None and kept.checksum == newest.checksum and kept.form.version == newest.version:
        made = msgspec.structs.replace(kept, checked_at=now)
    else:
        with work.downloads.stream(newest.schema_url) as chunks:
            schema = read_schema(chunks, newest.checksum)
        form = attribute_rules.form_of(schema, product_type=product_type, title=newest.title, version=newest.version)
        made = KeptForm(form, newest.checksum, now)
    attribute_store.keep_form(work.connection_id, marketplace_id, made)
    return made.form


def _failed(asked: "Reading", reason: str) -> "Reading":
    return msgspec.structs.replace(asked, state="failed", reason=reason)
