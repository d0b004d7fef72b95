"""Which attributes of a listing a plain form can edit, what each may hold, and how it is read and written. Pure.

Amazon says by a JSON schema per product type and marketplace what a listing's attributes are. Those that are one list
of plain values (texts, numbers, yes or no, a choice) make a form. An attribute of several parts, or one that Amazon
locks, is named with the reason why it is not in the form, and is left to Seller Central: nothing is shown as less than
it is. What the schema requires only under conditions is left to Amazon's own judgement of the change.

Source: Amazon's product type definition meta-schema v1 (``selectors``, ``editable``, ``hidden``, ``maxUniqueItems``,
``maxUtf8ByteLength``, ``enumNames``) on top of JSON Schema 2019-09.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from quayside.catalog.edit_rules import Attribute, AttributeKind, UnusableChange

FIRST = ("item_name", "bullet_point", "product_description", "generic_keyword")
"""What a form begins with; then comes what is required, then the rest as Amazon has it."""
HANDLED = frozenset({"purchasable_offer", "fulfillment_availability"})
"""Attributes that are changed as price and quantity."""
MOST_CHOICES = 150
MOST_CHARACTERS = 20_000
"""So many characters one change may have in all its attributes together."""
MOST_FORM_CHARACTERS = 200_000
"""So many characters the texts of a form may have; what comes after that is left to Seller Central."""
_LONGEST_TITLE, _LONGEST_DESCRIPTION = 120, 300
_MOST_DECIMALS = 9
_SELECTORS = frozenset({"marketplace_id", "language_tag"})
_KINDS: Mapping[str, AttributeKind] = {"string": "text", "number": "number", "integer": "whole", "boolean": "truth"}

SEVERAL_PARTS = "It has several parts."
LOCKED = "Amazon does not let it be changed."
MANY_CHOICES = f"It has more than {MOST_CHOICES} permitted values."
A_DATE = "It is a date."
LONG_FORM = "The form would be too long."


class Choice(msgspec.Struct, frozen=True, array_like=True):
    """A value that is permitted, and its name for people."""

    value: str
    name: str


class FormField(msgspec.Struct, frozen=True, array_like=True):
    """An attribute that can be edited.

    Attributes:
        name: Amazon's name.
        title: its name for people, in the schema's language.
        description: what it is, in Amazon's words.
        kind: what its values are.
        required: whether a listing needs it.
        most: how many values it may have.
        language: the language its values are in; None when it has none.
        longest: how many characters a value may have, None without a limit.
        longest_bytes: how many bytes a value may have in UTF-8, None without a limit.
        least: the smallest number, None without a limit.
        greatest: the largest number, None without a limit.
        choices: the values that are permitted; empty when all are.
    """

    name: str
    title: str
    description: str
    kind: AttributeKind
    required: bool
    most: int
    language: str | None = None
    longest: int | None = None
    longest_bytes: int | None = None
    least: str | None = None
    greatest: str | None = None
    choices: tuple[Choice, ...] = ()


class Elsewhere(msgspec.Struct, frozen=True, array_like=True):
    """An attribute that is not in the form, and why."""

    name: str
    title: str
    reason: str


class Form(msgspec.Struct, frozen=True):
    """The form of a product type in a marketplace.

    Attributes:
        product_type: Amazon's name of it.
        title: its name for people.
        version: Amazon's version of the definition that it comes from.
        fields: what can be edited.
        elsewhere: what can't be edited here.
    """

    product_type: str
    title: str
    version: str
    fields: tuple[FormField, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()


class UnusableAttributes(ValueError):
    """Attributes can't be asked for; ``problems`` says of each which, why, and what is allowed."""

    def __init__(self, problems: Sequence[UnusableChange]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


# ---------------------------------------------------------------------- schema → form


def form_of(schema: Mapping[str, Any], *, product_type: str, title: str, version: str) -> Form:
    """Return the form that a schema makes. Whatever the schema holds, an attribute is in the form or is named."""
    reader = _Schema(schema)
    fields: list[FormField] = []
    elsewhere: list[Elsewhere] = []
    for found in map(reader.attribute, _object(schema.get("properties"))):
        if isinstance(found, FormField):
            fields.append(found)
        elif found is not None:
            elsewhere.append(found)
    ranked = sorted(fields, key=_rank)
    kept: list[FormField] = []
    size = 0
    for field in ranked:
        size += _size(field)
        if size <= MOST_FORM_CHARACTERS:
            kept.append(field)
        else:
            elsewhere.append(Elsewhere(field.name, field.title, LONG_FORM))
    return Form(product_type, title, version, tuple(kept), tuple(elsewhere))


def _rank(field: FormField) -> tuple[int, bool]:
    return (FIRST.index(field.name) if field.name in FIRST else len(FIRST), not field.required)


def _size(field: FormField) -> int:
    words = sum(len(choice.value) + len(choice.name) for choice in field.choices)
    return len(field.name) + len(field.title) + len(field.description) + words + 100


class _Schema:
    """A schema whose parts are looked at one by one, none of which is taken to be what it should be."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._properties = _object(schema.get("properties"))
        self._definitions = _object(schema.get("$defs"))
        required = schema.get("required")
        self._required = frozenset(map(str, required)) if isinstance(required, list) else frozenset()

    def attribute(self, name: str) -> FormField | Elsewhere | None:
        """Return an attribute as a field, as one that is not in the form, or as None when nobody is to see it."""
        node = self._resolved(self._properties[name])
        if name in HANDLED or node.get("hidden") is True:
            return None
        title = _words(node.get("title") or name, _LONGEST_TITLE)
        parts = _object(self._resolved(node.get("items")).get("properties"))
        selectors = node.get("selectors")
        chosen = set(map(str, selectors)) if isinstance(selectors, list) else set()
        if node.get("type") != "array" or "value" not in parts or set(parts) - {"value"} - _SELECTORS:
            return Elsewhere(name, title, SEVERAL_PARTS)
        if chosen - _SELECTORS:
            return Elsewhere(name, title, SEVERAL_PARTS)
        value = self._alternatives(self._resolved(parts["value"]))
        if value.get("hidden") is True:
            return None
        if value.get("editable") is False or node.get("editable") is False:
            return Elsewhere(name, title, LOCKED)
        return self._field(name, title, node, parts, value)

    def _field(
        self, name: str, title: str, node: Mapping[str, Any], parts: Mapping[str, Any], value: Mapping[str, Any]
    ) -> FormField | Elsewhere:
        kind = _KINDS.get(str(value.get("type")))
        if kind is None:
            return Elsewhere(name, title, SEVERAL_PARTS)
        if str(value.get("format", "")).startswith(("date", "time")):
            return Elsewhere(name, title, A_DATE)
        choices = _choices(value, kind)
        if len(choices) > MOST_CHOICES:
            return Elsewhere(name, title, MANY_CHOICES)
        return FormField(
            name=name,
            title=title,
            description=_words(node.get("description") or value.get("description") or "", _LONGEST_DESCRIPTION),
            kind=kind,
            required=name in self._required,
            most=_whole(node.get("maxUniqueItems")) or _whole(node.get("maxItems")) or 1,
            language=self._language(parts.get("language_tag")),
            longest=_whole(value.get("maxLength")) if kind == "text" else None,
            longest_bytes=_whole(value.get("maxUtf8ByteLength")) if kind == "text" else None,
            least=_bound(value.get("minimum")) if kind in {"number", "whole"} else None,
            greatest=_bound(value.get("maximum")) if kind in {"number", "whole"} else None,
            choices=choices,
        )

    def _language(self, rule: object) -> str | None:
        if rule is None:
            return None
        tag = self._resolved(rule)
        permitted = tag.get("enum")
        first = permitted[0] if isinstance(permitted, list) and permitted else None
        return str(tag.get("default") or first or "") or None

    def _resolved(self, node: object) -> Mapping[str, Any]:
        """Return a part of the schema with what it refers to."""
        found = _object(node)
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        return {**_object(self._definitions.get(reference.removeprefix("#/$defs/"))), **found}

    def _alternatives(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a value that may have several forms as the widest of them: beside a choice, free text."""
        options = value.get("anyOf") or value.get("oneOf")
        if not isinstance(options, list):
            return value
        alternatives = [self._resolved(each) for each in options]
        if {each.get("type") for each in alternatives} != {"string"}:
            return {**value, "type": None}
        free = next((each for each in alternatives if not isinstance(each.get("enum"), list)), None)
        if free is not None:
            return {**value, **free}
        permitted = [one for each in alternatives for one in each["enum"]]
        names = [one for each in alternatives for one in each.get("enumNames") or each["enum"]]
        return {**value, "type": "string", "enum": permitted, "enumNames": names}


def _object(node: object) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _bound(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return plain_number(Decimal(str(value)))


def _words(text: object, longest: int) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _choices(value: Mapping[str, Any], kind: AttributeKind) -> tuple[Choice, ...]:
    permitted, names = value.get("enum"), value.get("enumNames")
    values = permitted if isinstance(permitted, list) else [True, False] if kind == "truth" else []
    names = names if isinstance(names, list) and len(names) == len(values) else None
    found: dict[str, Choice] = {}
    for number, each in enumerate(values):
        text = text_of(each)
        if text is not None:
            name = str(names[number]) if names else {"true": "Yes", "false": "No"}.get(text, text)
            found.setdefault(text, Choice(text, _words(name, _LONGEST_TITLE)))
    return tuple(found.values())


# ---------------------------------------------------------------------- what a member enters


def checked(form: Form, given: Iterable[tuple[str, Sequence[str]]]) -> tuple[Attribute, ...]:
    """Return attributes that a member entered, as they are kept. One without values is to be deleted.

    Raises:
        UnusableAttributes: one is not in the form, is named twice, or has values that it can't have.
    """
    fields = {field.name: field for field in form.fields}
    attributes: dict[str, Attribute] = {}
    problems: list[UnusableChange] = []
    for name, texts in given:
        try:
            if name not in fields:
                raise _unusable(name, "can't be edited here; it is not among the attributes of this listing's form")
            if name in attributes:
                raise _unusable(name, "is named twice; name each attribute once, with all of its values")
            attributes[name] = _checked(fields[name], texts)
        except UnusableChange as problem:
            problems.append(problem)
    characters = sum(len(value) for each in attributes.values() for value in each.values)
    if not problems and characters > MOST_CHARACTERS:
        reason = f"have {characters:,} characters together; one change may have {MOST_CHARACTERS:,}"
        problems.append(UnusableChange("attributes", reason))
    if problems:
        raise UnusableAttributes(problems)
    return tuple(attributes.values())


def _checked(field: FormField, texts: Sequence[str]) -> Attribute:
    values = tuple(_value(field, text.strip()) for text in texts if text.strip())
    if not values and field.required:
        raise _unusable(field.name, "is required by Amazon: it can't be left empty")
    if len(values) > field.most:
        allowed = "one value is allowed" if field.most == 1 else f"at most {field.most} are allowed"
        raise _unusable(field.name, f"has {len(values)} values; {allowed}")
    if len(set(values)) < len(values):
        raise _unusable(field.name, "has the same value twice; each has to differ from the others")
    return Attribute(field.name, values, field.language, field.kind)


def _value(field: FormField, text: str) -> str:
    if field.kind in {"number", "whole"}:
        text = _number(field, text)
    if field.choices and text not in {choice.value for choice in field.choices}:
        some = ", ".join(choice.value for choice in field.choices[:12])
        more = ", …" if len(field.choices) > 12 else ""  # noqa: PLR2004 - as many as are named
        raise _unusable(field.name, f"has to be one of: {some}{more}")
    if field.longest is not None and len(text) > field.longest:
        raise _unusable(field.name, f"has a value of {len(text):,} characters; at most {field.longest:,} are allowed")
    size = len(text.encode())
    if field.longest_bytes is not None and size > field.longest_bytes:
        reason = f"has a value of {size:,} bytes; at most {field.longest_bytes:,} are allowed"
        raise _unusable(field.name, f"{reason} (an accented letter takes two, a Japanese one three)")
    return text


def _number(field: FormField, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    least, greatest = field.least, field.greatest
    fits = (
        number.is_finite()
        and abs(number) < Decimal("1e15")
        and number.as_tuple().exponent >= -_MOST_DECIMALS  # type: ignore[operator]  # a finite number's exponent is an int
        and (field.kind == "number" or number == number.to_integral_value())
        and (least is None or number >= Decimal(least))
        and (greatest is None or number <= Decimal(greatest))
    )
    if not fits:
        kind = "a whole number" if field.kind == "whole" else "a number, such as 12.5,"
        span = {
            (True, True): f" from {least} to {greatest}", (True, False): f" of at least {least}",
            (False, True): f" of at most {greatest}", (False, False): "",
        }[least is not None, greatest is not None]  # fmt: skip
        raise _unusable(field.name, f"has to be {kind}{span}")
    return plain_number(number)


def _unusable(name: str, reason: str) -> UnusableChange:
    return UnusableChange(f"attributes.{name}", reason)


# ---------------------------------------------------------------------- Amazon's entries ↔ values


def plain_number(number: Decimal) -> str:
    """Return a number in plain digits, the same text for the same number."""
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


def text_of(value: object) -> str | None:
    """Return a plain value of Amazon's as text; None for what is no plain value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return plain_number(Decimal(str(value)))
    return value if isinstance(value, str) else None


def read(
    name: str, language: str | None, kind: AttributeKind, listed: Mapping[str, Any], marketplace_id: str
) -> Attribute:
    """Return one of the attributes that Amazon lists, as it is in one marketplace and language."""
    entries = listed.get(name)
    values = [
        text_of(entry.get("value"))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, Mapping)
        and entry.get("marketplace_id") in {None, marketplace_id}
        and (language is None or entry.get("language_tag") in {None, language})
    ]
    return Attribute(name, tuple(value.strip() for value in values if value is not None), language, kind)


def amazon_values(attribute: Attribute) -> list[str | int | Decimal | bool]:
    """Return the values of an attribute as Amazon takes them: of the type that its schema asks for."""
    match attribute.kind:
        case "truth":
            return [value == "true" for value in attribute.values]
        case "whole":
            return [int(Decimal(value)) for value in attribute.values]
        case "number":
            return [Decimal(value) for value in attribute.values]
        case _:
            return list(attribute.values)
