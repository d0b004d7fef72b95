"""What the API shows of a listing's attributes and the form they are edited in."""

from typing import Literal

import msgspec

from quayside.catalog.attribute_records import Reading
from quayside.catalog.attribute_rules import Form
from quayside.catalog.edit_rules import AttributeKind
from quayside.kernel.clock import format_instant


class ChoiceView(msgspec.Struct, frozen=True):
    """A value that is permitted, and its name for people."""

    value: str
    name: str


class AttributeFieldView(msgspec.Struct, frozen=True):
    """An attribute that can be edited, what it may hold, and what is there; see ``attribute_rules.FormField``."""

    name: str
    title: str
    description: str
    kind: AttributeKind
    required: bool
    most: int
    language: str | None
    longest: int | None
    longest_bytes: int | None
    least: str | None
    greatest: str | None
    choices: tuple[ChoiceView, ...]
    values: tuple[str, ...]


class ElsewhereView(msgspec.Struct, frozen=True):
    """An attribute that is not in the form, and why."""

    name: str
    title: str
    reason: str


class AttributesView(msgspec.Struct, frozen=True):
    """The attributes of a listing as they were last read at Amazon.

    ``state`` is ``unread`` before anybody asked for them, ``reading`` while the worker reads them, and ``failed`` with
    the reason in words when that was not possible. Fields are there when it is ``ready``.
    """

    state: Literal["unread", "reading", "ready", "failed"]
    asked_at: str | None = None
    read_at: str | None = None
    product_type: str = ""
    product_type_title: str = ""
    version: str = ""
    fields: tuple[AttributeFieldView, ...] = ()
    elsewhere: tuple[ElsewhereView, ...] = ()
    reason: str = ""


def attributes_view(reading: Reading, form: Form | None) -> AttributesView:
    """Return a look at attributes as the API shows it; ``form`` is that of its product type when it is ready."""
    asked_at = format_instant(reading.asked_at)
    if reading.state != "ready" or form is None or reading.read_at is None:
        return AttributesView(reading.state, asked_at, reason=reading.reason)
    values = {each.name: each.values for each in reading.values}
    return AttributesView(
        "ready",
        asked_at,
        format_instant(reading.read_at),
        form.product_type,
        form.title,
        form.version,
        tuple(
            AttributeFieldView(
                name=field.name,
                title=field.title,
                description=field.description,
                kind=field.kind,
                required=field.required,
                most=field.most,
                language=field.language,
                longest=field.longest,
                longest_bytes=field.longest_bytes,
                least=field.least,
                greatest=field.greatest,
                choices=tuple(ChoiceView(each.value, each.name) for each in field.choices),
                values=values.get(field.name, ()),
            )
            for field in form.fields
        ),
        tuple(ElsewhereView(each.name, each.title, each.reason) for each in form.elsewhere),
    )
