"""Reads and writes of changes of listings. Every function acts for the tenant in scope."""

from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.catalog.edit_records import EditRecord, edit_from, text_of
from quayside.catalog.edit_rules import Edit
from quayside.catalog.grid_store import SOURCE, Place
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS, move_on, page, write


class Kept(NamedTuple):
    """A stored change and its record, which counts its moves."""

    edit: Edit
    record: EditRecord

    @property
    def step(self) -> int:
        """How many moves it made."""
        return int(self.record.step)


def _key(place: Place, edit_id: str) -> Key:
    return keys.listing_edit(current_tenant(), *place, edit_id)


def put(place: Place, edit: Edit, now: datetime) -> bool:
    """Store a new change; False when one of its id is there already."""
    model = EditRecord
    actions = [
        model.edit.set(text_of(edit)),
        model.step.set(0),
        model.expires_at.set(epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))),
    ]
    key = _key(place, edit.edit_id)
    return write(model, key, actions, model.pk.does_not_exist(), source=SOURCE, returning="NONE").applied


def find(place: Place, edit_id: str) -> Kept | None:
    """Return a change; strongly consistent."""
    record = EditRecord.find(_key(place, edit_id))
    return None if record is None else Kept(edit_from(record), record)


def move(kept: Kept, edit: Edit) -> Kept | None:
    """Store how a change goes on; None when somebody else moved it first, and nothing was written."""
    moved = move_on(kept.record, [EditRecord.edit.set(text_of(edit))], source=SOURCE)
    return None if moved is None else Kept(edit, moved)


def edits(place: Place, cursor: str | None, limit: int) -> tuple[list[Kept], str | None]:
    """Return a page of the changes of one listing, the newest first.

    Raises:
        InvalidInput: the cursor does not belong to this list.
    """
    prefix = keys.listing_edits_of(place.seller_sku)
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith(prefix):
            raise invalid_cursor()
    pk = keys.listing_edits(current_tenant(), place.connection_id, place.marketplace_id)
    found = page(EditRecord, pk, limit=limit, prefix=prefix, after=after, newest_first=True)
    following = None if found.next_sort_key is None else encode_cursor(found.next_sort_key)
    return [Kept(edit_from(record), record) for record in found.records], following
