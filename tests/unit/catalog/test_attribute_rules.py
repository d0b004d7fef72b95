"""Attributes: what of Amazon's schema becomes a form, what a form lets through, and that values keep their meaning."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulator import product_types
from infra.simulator.marketplaces import MARKETPLACES
from quayside.amazon.listing_changes import attribute_patch
from quayside.catalog import attribute_rules
from quayside.catalog.attribute_rules import (
    A_DATE,
    LOCKED,
    LONG_FORM,
    MANY_CHOICES,
    SEVERAL_PARTS,
    Choice,
    Form,
    FormField,
    UnusableAttributes,
    amazon_values,
    checked,
    form_of,
    read,
    text_of,
)
from quayside.catalog.edit_records import EditRecord, edit_from
from quayside.catalog.edit_records import text_of as stored
from quayside.catalog.edit_rules import Attribute, Edit, Values, why_not
from quayside.catalog.rules import Price

GERMANY = "A1PA6795UKMFR9"
DEFINITIONS = {
    "language_tag": {"default": "de_DE", "enum": ["de_DE", "en_GB"]},
    "marketplace_id": {"default": GERMANY, "enum": [GERMANY]},
}


def attribute(value: Any, *, more: dict[str, Any] | None = None, language: bool = True, **words: Any) -> dict[str, Any]:
    selectors = ["marketplace_id", *(["language_tag"] if language else [])]
    parts = {"value": value, **(more or {}), **{name: {"$ref": f"#/$defs/{name}"} for name in selectors}}
    items = {"type": "object", "properties": parts}
    return {"title": "A title", "type": "array", "selectors": selectors, "items": items, **words}


def form(properties: dict[str, Any], required: tuple[str, ...] = ()) -> Form:
    schema = {"$defs": DEFINITIONS, "required": list(required), "properties": properties}
    return form_of(schema, product_type="MUG", title="Mug", version="1")


def only(properties: dict[str, Any]) -> FormField:
    (field,) = form(properties).fields
    return field


TEXT = {"type": "string", "maxLength": 5, "maxUtf8ByteLength": 6}


def test_a_plain_attribute_is_a_field_with_all_that_the_schema_says() -> None:
    made = form({"x": attribute(TEXT, maxUniqueItems=3, description="What  it\nis.")}, ("x",))
    assert made.fields == (
        FormField("x", "A title", "What it is.", "text", required=True, most=3, language="de_DE", longest=5,
                  longest_bytes=6),
    )  # fmt: skip
    number = only({"x": attribute({"type": "integer", "minimum": 1, "maximum": 9.5}, language=False)})
    assert (number.kind, number.least, number.greatest, number.language, number.most) == ("whole", "1", "9.5", None, 1)
    truth = only({"x": attribute({"type": "boolean", "enum": [False, True], "enumNames": ["No", "Yes"]})})
    assert truth.choices == (Choice("false", "No"), Choice("true", "Yes"))
    assert only({"x": attribute({"type": "boolean"})}).choices == (Choice("true", "Yes"), Choice("false", "No"))
    mixed = only({"x": attribute({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "maxLength": 7}]})})
    assert (mixed.longest, mixed.choices) == (7, ())
    closed = only({"x": attribute({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]})})
    assert [choice.value for choice in closed.choices] == ["a", "b"]


@pytest.mark.parametrize(
    ("attribute_", "reason"),
    [
        (attribute(TEXT, more={"unit": {"type": "string"}}), SEVERAL_PARTS),
        (attribute({"type": "object"}), SEVERAL_PARTS),
        (attribute({"anyOf": [{"type": "string"}, {"type": "number"}]}), SEVERAL_PARTS),
        ({"title": "A title", "type": "object"}, SEVERAL_PARTS),
        (attribute(TEXT) | {"selectors": ["marketplace_id", "audience"]}, SEVERAL_PARTS),
        (attribute({**TEXT, "editable": False}), LOCKED),
        (attribute(TEXT, editable=False), LOCKED),
        (attribute({"type": "string", "format": "date-time"}), A_DATE),
        (attribute({"type": "string", "enum": [str(number) for number in range(151)]}), MANY_CHOICES),
    ],
)
def test_what_no_plain_form_can_show_is_named_with_its_reason(attribute_: dict[str, Any], reason: str) -> None:
    made = form({"x": attribute_})
    assert (made.fields, [each.reason for each in made.elsewhere]) == ((), [reason])


def test_hidden_attributes_and_those_with_a_place_of_their_own_are_not_shown_at_all() -> None:
    made = form({"x": attribute(TEXT, hidden=True), "y": attribute({**TEXT, "hidden": True}), "purchasable_offer": {}})
    assert (made.fields, made.elsewhere) == ((), ())


def test_a_form_begins_with_the_texts_and_ends_before_it_is_too_long() -> None:
    wide = {"type": "string", "enum": [f"{number:050d}" for number in range(150)]}
    many = {f"z{number}": attribute(wide) for number in range(20)}
    made = form({**many, "b": attribute(TEXT), "bullet_point": attribute(TEXT), "item_name": attribute(TEXT)}, ("b",))
    names = [field.name for field in made.fields]
    assert names[:3] == ["item_name", "bullet_point", "b"]
    assert {each.reason for each in made.elsewhere} == {LONG_FORM}
    assert len(made.fields) + len(made.elsewhere) == 23


FORM = Form(
    "MUG", "Mug", "1",
    (
        FormField("item_name", "Title", "", "text", required=True, most=1, language="de_DE", longest=5),
        FormField("bullet_point", "Bullet", "", "text", required=False, most=2, language="de_DE"),
        FormField("generic_keyword", "Keyword", "", "text", required=False, most=1, language="de_DE", longest_bytes=4),
        FormField("count", "Count", "", "whole", required=False, most=1, least="1", greatest="10"),
        FormField("size", "Size", "", "number", required=False, most=1, least="0.5"),
        FormField("origin", "Origin", "", "text", required=False, most=1, choices=(Choice("PT", "Portugal"),)),
    ),
)  # fmt: skip


def test_what_fits_is_kept_trimmed_and_in_one_spelling() -> None:
    found = checked(
        FORM,
        [("item_name", [" Tasse "]), ("bullet_point", ["", "a ", " "]), ("count", ["7.0"]), ("size", ["01.50"]),
         ("origin", ["PT"]), ("generic_keyword", [])],
    )  # fmt: skip
    assert [each.values for each in found] == [("Tasse",), ("a",), ("7",), ("1.5",), ("PT",), ()]
    assert [amazon_values(each) for each in found] == [["Tasse"], ["a"], [7], [Decimal("1.5")], ["PT"], []]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("item_name", [" "], "required by Amazon"),
        ("item_name", ["Tassen"], "6 characters; at most 5 are allowed"),
        ("item_name", ["a", "b"], "2 values; one value is allowed"),
        ("bullet_point", ["a", "b", "c"], "at most 2 are allowed"),
        ("bullet_point", ["a", " a"], "same value twice"),
        ("generic_keyword", ["äöü"], "6 bytes; at most 4 are allowed"),
        ("count", ["11"], "a whole number from 1 to 10"),
        ("count", ["1.5"], "a whole number from 1 to 10"),
        ("count", ["NaN"], "a whole number"),
        ("size", ["0.1"], "such as 12.5, of at least 0.5"),
        ("size", ["1e400"], "has to be a number"),
        ("size", ["x"], "has to be a number"),
        ("origin", ["XX"], "one of: PT"),
        ("color", ["x"], "not among the attributes"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_is_allowed(name: str, values: list[str], words: str) -> None:
    with pytest.raises(UnusableAttributes, match=words) as caught:
        checked(FORM, [(name, values), ("bullet_point", ["fine"])] if name != "bullet_point" else [(name, values)])
    assert [each.field for each in caught.value.problems] == [f"attributes.{name}"]


def test_a_change_is_neither_doubled_nor_endless() -> None:
    with pytest.raises(UnusableAttributes, match="named twice"):
        checked(FORM, [("bullet_point", ["a"]), ("bullet_point", ["b"])])
    with pytest.raises(UnusableAttributes, match="one change may have 20,000"):
        checked(FORM, [("bullet_point", ["a" * 15_000, "b" * 15_000])])


LISTED = {
    "bullet_point": [
        {"value": "eins ", "language_tag": "de_DE", "marketplace_id": GERMANY},
        {"value": "one", "language_tag": "en_GB", "marketplace_id": GERMANY},
        {"value": "uno", "language_tag": "de_DE", "marketplace_id": "APJ6JRA9NG5V4"},
        {"value": {"odd": 1}, "language_tag": "de_DE", "marketplace_id": GERMANY},
    ],
    "count": [{"value": Decimal("3.0"), "marketplace_id": GERMANY}],
    "truth": [{"value": False}],
}


def test_a_listings_attribute_is_read_in_its_marketplace_and_language() -> None:
    assert read("bullet_point", "de_DE", "text", LISTED, GERMANY).values == ("eins",)
    assert read("count", None, "whole", LISTED, GERMANY).values == ("3",)
    assert read("truth", None, "truth", LISTED, GERMANY) == Attribute("truth", ("false",), None, "truth")
    assert read("none", None, "text", LISTED, GERMANY).values == ()
    assert (text_of(None), text_of("x"), text_of(-0.0), text_of(2.50)) == (None, "x", "0", "2.5")


def test_a_change_of_attributes_is_compared_by_name() -> None:
    wanted = Values(attributes=(Attribute("a", ("1",), "de_DE"), Attribute("b")))
    now = Values(quantity=3, attributes=(Attribute("c", ("9",)), Attribute("a", ("0",), "de_DE")))
    assert wanted.touched(now) == Values(attributes=(Attribute("a", ("0",), "de_DE"), Attribute("b")))
    assert why_not(wanted, now, by_amazon=True) == ""
    assert "already" in why_not(wanted, wanted, by_amazon=True)
    assert (Values().is_empty, wanted.is_empty) == (True, False)


def test_changes_that_were_stored_before_attributes_came_are_still_read() -> None:
    old = (
        '{"edit_id":"1","state":"applied","change":[[1100,"EUR"],4],"asked_by":"anna",'
        '"asked_at":"2026-11-01T00:00:00Z","before":[[1000,"EUR"],null]}'
    )
    edit = edit_from(EditRecord(edit=old))
    assert (edit.change, edit.before) == (Values(Price(1100, "EUR"), 4), Values(Price(1000, "EUR")))
    new = Edit(
        edit_id="1", state="ready", change=Values(attributes=(Attribute("a", ("1",)),)), asked_by="anna",
        asked_at=edit.asked_at,
    )  # fmt: skip
    assert edit_from(EditRecord(edit=stored(new))) == new


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=6)


@settings(max_examples=50)
@given(st.lists(words, max_size=3), st.integers(1, 6), st.integers(1, 12), st.integers(1, 3))
def test_what_the_form_lets_through_amazons_schema_does_and_reads_back_the_same(
    values: list[str], longest: int, longest_bytes: int, most: int
) -> None:
    text = {"type": "string", "minLength": 1, "maxLength": longest, "maxUtf8ByteLength": longest_bytes}
    schema: dict[str, Any] = {
        "$defs": {name: {"type": "string", **rule} for name, rule in DEFINITIONS.items()},
        "required": ["x"], "properties": {"x": attribute(text, maxUniqueItems=most)},
    }  # fmt: skip
    schema["properties"]["x"]["items"]["required"] = ["value", "language_tag", "marketplace_id"]
    made = form_of(schema, product_type="MUG", title="Mug", version="1")
    try:
        (wanted,) = checked(made, [("x", values)])
    except UnusableAttributes:
        trimmed = [value.strip() for value in values if value.strip()]
        fits = all(len(value) <= longest and len(value.encode()) <= longest_bytes for value in trimmed)
        assert not fits or not trimmed or len(trimmed) > most or len(set(trimmed)) < len(trimmed)
        return
    patch = attribute_patch("x", GERMANY, wanted.language, amazon_values(wanted))
    assert product_types.problems(schema, "x", patch["value"]) == []
    assert read("x", wanted.language, "text", {"x": patch["value"]}, GERMANY) == wanted


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False)
    | st.sampled_from(["string", "array", "#/$defs/x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "items",
                    "properties",
                    "value",
                    "anyOf",
                    "enum",
                    "enumNames",
                    "$ref",
                    "selectors",
                    "maxLength",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=25)
@given(
    st.dictionaries(
        st.sampled_from(["properties", "$defs", "required"]), st.dictionaries(words, anything, max_size=3) | anything
    )
)
def test_no_schema_makes_it_stumble_and_no_attribute_gets_lost(schema: dict[str, Any]) -> None:
    made = form_of(schema, product_type="MUG", title="Mug", version="1")
    properties = schema.get("properties")
    names = set(properties) if isinstance(properties, dict) else set()
    shown = {each.name for each in made.fields} | {each.name for each in made.elsewhere}
    assert shown <= names
    assert len(made.fields) + len(made.elsewhere) == len(shown)


def test_the_simulated_schema_makes_the_form_that_sellers_know() -> None:
    place = MARKETPLACES[GERMANY]
    made = form_of(product_types.schema("LAMP", place), product_type="LAMP", title="Lamp", version="1")
    assert [field.name for field in made.fields][:4] == list(attribute_rules.FIRST)
    assert {each.name: each.reason for each in made.elsewhere} == {
        "brand": LOCKED, "condition_type": LOCKED, "color": SEVERAL_PARTS, "item_weight": SEVERAL_PARTS,
    }  # fmt: skip
    assert next(field for field in made.fields if field.name == "batteries_required").required
