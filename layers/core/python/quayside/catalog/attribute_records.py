"""How attributes of listings are stored that are edited, and the forms they are edited in. Both are Amazon's words."""

from datetime import datetime
from typing import ClassVar, Literal

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.catalog.attribute_rules import Form
from quayside.catalog.edit_rules import Attribute
from quayside.storage.tables import CoreItem

ReadingState = Literal["reading", "ready", "failed"]

_ENCODER = msgspec.json.Encoder()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the attributes of one listing.

    Attributes:
        state: how far it is.
        asked_by: the member who asked for it.
        asked_at: when.
        read_at: when Amazon told them.
        product_type: of the listing, by Amazon; names its form.
        values: those attributes of the form that the listing has.
        reason: why it failed, in words.
    """

    state: ReadingState
    asked_by: str
    asked_at: datetime
    read_at: datetime | None = None
    product_type: str = ""
    values: tuple[Attribute, ...] = ()
    reason: str = ""


class KeptForm(msgspec.Struct, frozen=True):
    """A form, when it was last held against Amazon's definition, and the checksum of the schema it was made from."""

    form: Form
    checksum: str
    checked_at: datetime


_READING = msgspec.json.Decoder(Reading)
_FORM = msgspec.json.Decoder(KeptForm)


class AttributesRecord(CoreItem):
    """The attributes of a listing as they were last looked at. ``step`` counts the looks and their ends."""

    KIND: ClassVar[str] = "listing_attributes"

    reading = UnicodeAttribute()
    step = NumberAttribute()


class FormRecord(CoreItem):
    """The form of a product type in a marketplace, in Amazon's newest version."""

    KIND: ClassVar[str] = "product_type_form"

    form = UnicodeAttribute()
    version = UnicodeAttribute()


def text_of(content: Reading | KeptForm) -> str:
    """Write a look or a form as it is stored."""
    return _ENCODER.encode(content).decode()


def reading_from(record: AttributesRecord) -> Reading:
    """Read a stored look."""
    return _READING.decode(record.reading)


def form_from(record: FormRecord) -> KeptForm:
    """Read a stored form."""
    return _FORM.decode(record.form)
