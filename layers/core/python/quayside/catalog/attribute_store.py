"""Reads and writes of attributes of listings and of forms. Every function acts for the tenant in scope."""

from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.catalog.attribute_records import AttributesRecord, FormRecord, KeptForm, Reading, form_from, reading_from
from quayside.catalog.attribute_records import text_of as written
from quayside.catalog.grid_store import SOURCE, Place
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import Key
from quayside.storage.tables import every, move_on, write

READINGS_END_AFTER = timedelta(days=30)
"""What a listing's attributes were is of no use later: they are read again for each edit."""
FORMS_END_AFTER = timedelta(days=90)


class Look(NamedTuple):
    """A stored look at the attributes of a listing, and its record."""

    reading: Reading
    record: AttributesRecord


def _key(place: Place) -> Key:
    return keys.attributes_of_listing(current_tenant(), *place)


def begin(place: Place, reading: Reading, now: datetime) -> None:
    """Store that a member wants the attributes of a listing, in the place of the look before."""
    model = AttributesRecord
    actions = [
        model.reading.set(written(reading)),
        model.step.set((model.step | 0) + 1),
        model.expires_at.set(epoch_seconds(now + READINGS_END_AFTER)),
    ]
    write(model, _key(place), actions, source=SOURCE, returning="NONE")


def find(place: Place, now: datetime) -> Look | None:
    """Return the last look at the attributes of a listing; strongly consistent."""
    record = AttributesRecord.find(_key(place))
    return None if record is None or record.expired(now) else Look(reading_from(record), record)


def end(look: Look, reading: Reading) -> bool:
    """Store how a look ended, unless another began or ended meanwhile."""
    return move_on(look.record, [AttributesRecord.reading.set(written(reading))], source=SOURCE) is not None


def form(connection_id: ConnectionId, marketplace_id: str, product_type: str, now: datetime) -> KeptForm | None:
    """Return the form of a product type in a marketplace, None when it is not kept."""
    record = FormRecord.find(keys.product_type_form(current_tenant(), connection_id, marketplace_id, product_type))
    return None if record is None or record.expired(now) else form_from(record)


def forms(connection_id: ConnectionId, marketplace_id: str) -> list[KeptForm]:
    """Return the kept forms of a marketplace: as many as product types that somebody edits, some dozens at most."""
    partition = keys.listing_attributes(current_tenant(), connection_id, marketplace_id)
    return [form_from(record) for record in every(FormRecord, partition, prefix=keys.PRODUCT_TYPES)]


def forget_form(connection_id: ConnectionId, marketplace_id: str, product_type: str) -> None:
    """Delete the form of a product type."""
    FormRecord.remove(keys.product_type_form(current_tenant(), connection_id, marketplace_id, product_type))


def keep_form(connection_id: ConnectionId, marketplace_id: str, kept: KeptForm) -> None:
    """Store the form of a product type in a marketplace."""
    model, made = FormRecord, kept.form
    key = keys.product_type_form(current_tenant(), connection_id, marketplace_id, made.product_type)
    actions = [
        model.form.set(written(kept)),
        model.version.set(made.version),
        model.expires_at.set(epoch_seconds(kept.checked_at + FORMS_END_AFTER)),
    ]
    write(model, key, actions, source=SOURCE, returning="NONE")
