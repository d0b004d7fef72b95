"""How changes of listings are stored: one item a change, which becomes a version when Amazon accepts it."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.catalog.edit_rules import Edit
from quayside.storage.tables import CoreItem

_ENCODER = msgspec.json.Encoder()
_EDIT = msgspec.json.Decoder(Edit)


class EditRecord(CoreItem):
    """A change of a listing. ``step`` counts its moves. It holds Amazon's words, so it ends after 18 months."""

    KIND: ClassVar[str] = "listing_edit"

    edit = UnicodeAttribute()
    step = NumberAttribute()


def text_of(edit: Edit) -> str:
    """Write a change as it is stored."""
    return _ENCODER.encode(edit).decode()


def edit_from(record: EditRecord) -> Edit:
    """Read a stored change."""
    return _EDIT.decode(record.edit)
