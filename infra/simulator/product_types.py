"""What Amazon asks of a product's attributes: a JSON schema per product type and marketplace, to hold values against.

The attributes are a small choice of those that most product types have, in Amazon's vocabulary: selectors,
``editable``, ``hidden``, ``maxUniqueItems``, ``maxUtf8ByteLength``. Limits are those that Amazon is known to have for
most products.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from infra.simulator.catalogue import product_types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.simulator.marketplaces import Marketplace
    from infra.simulator.world import Listing, World

type Entries = list[dict[str, Any]]

META = "https://schemas.amazon.com/selling-partners/definitions/product-types/meta-schema/v1"
REQUIRED_MISSING, TOO_LONG, NOT_A_CHOICE, TOO_MANY, NOT_OF_TYPE = "90220", "18155", "90244", "18156", "99022"
LONGEST_TITLE = 200
REVISED = "product type definitions"
CHANGED = "PRODUCT_TYPE_DEFINITIONS_CHANGE"
_SELECTORS = ("marketplace_id", "language_tag")
_COUNTRIES = {"CN": "China", "DE": "Germany", "IN": "India", "IT": "Italy", "PT": "Portugal", "US": "United States"}
_GROUPS = {
    "product_identity": ("Product Identity", ("item_name", "brand", "country_of_origin")),
    "product_details": (
        "Product Details",
        (
            "product_description", "bullet_point", "generic_keyword", "material", "color", "number_of_items",
            "batteries_required", "item_weight",
        ),
    ),
    "offer": ("Offer", ("condition_type", "purchasable_offer", "fulfillment_availability")),
}  # fmt: skip


def known_types() -> frozenset[str]:
    """Return the names of all product types."""
    return product_types()


def longest_title(world: World, kind: str, place: Marketplace) -> int:
    """Return how long a title may be by the newest definition of a product type in a marketplace."""
    revised = world.storage.note(REVISED) or {}
    return int(revised.get(f"{kind}|{place.marketplace_id}", LONGEST_TITLE))


def revise(world: World, kind: str, place: Marketplace, longest: int) -> None:
    """Release another definition of a product type in a marketplace, and tell every seller there."""
    revised = world.storage.note(REVISED) or {}
    world.storage.write_note(REVISED, {**revised, f"{kind}|{place.marketplace_id}": longest})
    for seller in world.sellers.values():
        if place.marketplace_id in seller.marketplaces:
            payload = {
                "AccountId": seller.selling_partner_id,
                "MarketplaceId": place.marketplace_id,
                "ProductTypeVersion": version(kind, place, longest),
            }
            world.notice(seller, CHANGED, world.now_ms, payload)


def document(kind: str, place: Marketplace, longest: int = LONGEST_TITLE) -> bytes:
    """Return the schema of a product type in a marketplace, as it is downloaded; a title has ``longest`` characters."""
    return json.dumps(schema(kind, place, longest), separators=(",", ":"), ensure_ascii=False).encode()


def checksum(content: bytes) -> str:
    """Return Amazon's checksum of a schema: its MD5 in base64."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def version(kind: str, place: Marketplace, longest: int = LONGEST_TITLE) -> str:
    """Return the version of a product type's definition: it is another one when the schema is."""
    return checksum(document(kind, place, longest))[:11] + "="


def groups() -> dict[str, Any]:
    """Return the property groups of a definition."""
    return {
        name: {"title": title, "description": title, "propertyNames": list(names)}
        for name, (title, names) in _GROUPS.items()
    }


def schema(kind: str, place: Marketplace, longest: int = LONGEST_TITLE) -> dict[str, Any]:
    """Return the schema of a product type in a marketplace. What needs a battery asks whether one is required."""
    required = ["item_name", "brand", "product_description", "bullet_point", "country_of_origin", "condition_type"]
    if kind in {"LAMP", "WALL_CLOCK"}:
        required.append("batteries_required")
    return {
        "$schema": META,
        "$id": f"{META}/{kind}",
        "$comment": f"Amazon product type definition: {kind}",
        "type": "object",
        "$defs": {
            "marketplace_id": _selector("Marketplace ID", place.marketplace_id),
            "language_tag": _selector("Language Tag", place.language),
        },
        "required": required,
        "properties": _properties(longest),
        "allOf": [],
    }


def _selector(title: str, value: str) -> dict[str, Any]:
    return {
        "title": title, "type": "string", "editable": False, "hidden": True, "default": value, "enum": [value],
        "enumNames": [value],
    }  # fmt: skip


def _attribute(  # noqa: PLR0913 - the parts of an attribute
    title: str,
    description: str,
    value: Mapping[str, Any],
    *,
    most: int = 1,
    language: bool = True,
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return an attribute: a list of entries of one value each, and of ``more`` where it has several parts."""
    parts = {} if not value else {"value": {"title": title, "description": description, **value}}
    chosen = _SELECTORS if language else _SELECTORS[:1]
    properties = {**parts, **(more or {}), **{name: {"$ref": f"#/$defs/{name}"} for name in chosen}}
    return {
        "title": title,
        "description": description,
        "type": "array",
        "minItems": 1,
        "minUniqueItems": 1,
        "maxUniqueItems": most,
        "selectors": list(chosen),
        "items": {
            "type": "object",
            "required": [*parts, *(more or {}), *chosen],
            "properties": properties,
            "additionalProperties": False,
        },
    }


def _text(longest: int, *, editable: bool = True, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - schema words
    return {"type": "string", "minLength": 1, "maxLength": longest, "editable": editable, "hidden": False, **more}


def _choice(names: Mapping[str, str], *, editable: bool = True) -> dict[str, Any]:
    return {
        "type": "string", "enum": list(names), "enumNames": list(names.values()), "editable": editable, "hidden": False,
    }  # fmt: skip


def _properties(longest: int) -> dict[str, Any]:
    part = {"title": "Value", "type": "number", "editable": True, "hidden": False}
    anything = {"title": "Value", "type": "array", "items": {"type": "object"}}
    return {
        "item_name": _attribute("Item Name", "The title of the product.", _text(longest)),
        "brand": _attribute("Brand Name", "The brand of the product.", _text(100, editable=False)),
        "bullet_point": _attribute(
            "Bullet Point", "Up to five short statements about the product.", _text(500), most=5
        ),
        "product_description": _attribute("Product Description", "What the product is.", _text(2000)),
        "generic_keyword": _attribute(
            "Generic Keyword", "Words that buyers search by and that are not in the title.",
            {"type": "string", "maxUtf8ByteLength": 250, "editable": True, "hidden": False},
        ),
        "material": _attribute("Material", "What the product is made of.", _text(50), most=3),
        "number_of_items": _attribute(
            "Number of Items", "How many items are in the package.",
            {"type": "integer", "minimum": 1, "maximum": 10_000, "editable": True, "hidden": False}, language=False,
        ),
        "country_of_origin": _attribute(
            "Country of Origin", "Where the product was made.", _choice(_COUNTRIES), language=False
        ),
        "batteries_required": _attribute(
            "Are batteries required?", "Whether the product needs batteries.",
            {"type": "boolean", "enum": [False, True], "enumNames": ["No", "Yes"], "editable": True, "hidden": False},
            language=False,
        ),
        "condition_type": _attribute(
            "Item Condition", "The condition of the item.",
            _choice({"new_new": "New", "used_good": "Used - Good"}, editable=False), language=False,
        ),
        "color": _attribute(
            "Color", "The color of the product.", _text(50),
            more={"standardized_values": {"title": "Color Map", "type": "array", "items": _text(50)}},
        ),
        "item_weight": _attribute(
            "Item Weight", "The weight of the product.", {}, language=False,
            more={"unit": {"title": "Unit", **_choice({"grams": "Grams", "kilograms": "Kilograms"})}, "value": part},
        ),
        "purchasable_offer": _attribute(
            "Purchasable Offer", "The price.", {}, language=False, more={"our_price": anything}
        ),
        "fulfillment_availability": _attribute(
            "Fulfillment Availability", "The quantity.", {}, language=False, more={"quantity": {"type": "integer"}}
        ),
    }  # fmt: skip


_OFFER = frozenset({"purchasable_offer", "fulfillment_availability"})
NAMES = frozenset(_properties(LONGEST_TITLE)) - _OFFER
"""The attributes that a listing keeps; price and quantity are kept as such."""


# ---------------------------------------------------------------------- what a listing has


def attributes(listing: Listing, place: Marketplace) -> dict[str, Entries]:
    """Return the attributes of a listing in its marketplace: those it was made with, and what was changed since."""
    noun, _, detail = listing.title.partition(", ")
    whose = {"marketplace_id": listing.marketplace_id}
    spoken = {"language_tag": place.language, **whose}
    found: dict[str, Entries] = {
        "item_name": [{"value": listing.title, **spoken}],
        "brand": [{"value": listing.title.split(maxsplit=1)[0].strip(","), **spoken}],
        "bullet_point": [
            {"value": text, **spoken} for text in (f"{noun} for every day", detail or noun, "Packed without plastic")
        ],
        "product_description": [{"value": f"{noun}: {detail or 'made to last'}.", **spoken}],
        "generic_keyword": [{"value": "home gift kitchen", **spoken}],
        "color": [{"value": "Sand", "standardized_values": ["beige"], **spoken}],
        "number_of_items": [{"value": 1, **whose}],
        "country_of_origin": [{"value": "PT", **whose}],
        "batteries_required": [{"value": False, **whose}],
        "condition_type": [{"value": "new_new", **whose}],
        "item_weight": [{"unit": "grams", "value": 420.0, **whose}],
    }
    found.update(listing.attributes or {})
    return {name: entries for name, entries in found.items() if entries}


def item_name(listing: Listing, place: Marketplace) -> str:
    """Return the title that a listing has now."""
    return str(attributes(listing, place)["item_name"][0]["value"])


def replaced(present: Entries, given: Entries) -> Entries:
    """Return the entries of an attribute when others take the places that their selectors name; the rest stays."""
    places = [_selected(each) for each in given]
    return [each for each in present if _selected(each) not in places] + given


def removed(present: Entries, given: Entries) -> Entries:
    """Return the entries of an attribute without those that a delete selects; without selectors all go."""
    wanted = [{name: each[name] for name in _SELECTORS if name in each} for each in given] or [{}]
    return [each for each in present if not any(choice.items() <= each.items() for choice in wanted)]


def _selected(entry: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(entry.get(name) for name in _SELECTORS)


# ---------------------------------------------------------------------- what is wrong


def problems(rules: Mapping[str, Any], name: str, entries: Entries) -> list[tuple[str, str]]:
    """Return (code, words) for all that is wrong with an attribute as it would be, by its schema."""
    attribute = rules["properties"][name]
    if not entries:
        missing = f"'{attribute['title']}' is required but not supplied."
        return [(REQUIRED_MISSING, missing)] if name in rules["required"] else []
    found: list[tuple[str, str]] = []
    if len(entries) > attribute["maxUniqueItems"]:
        words = f"'{attribute['title']}' has {len(entries)} values, the maximum is {attribute['maxUniqueItems']}."
        found.append((TOO_MANY, words))
    parts = attribute["items"]
    for entry in entries:
        lacking = [part for part in parts["required"] if part not in entry]
        found += [(REQUIRED_MISSING, f"'{attribute['title']}' needs '{part}'.") for part in lacking]
        for part, value in entry.items():
            if part not in parts["properties"]:
                found.append((NOT_OF_TYPE, f"'{part}' is not known in '{attribute['title']}'."))
                continue
            rule = _resolved(rules, parts["properties"][part])
            found += _wrong(f"'{attribute['title']}'", rule, value)
    return found


def _resolved(rules: Mapping[str, Any], rule: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = rule.get("$ref")
    if reference is None:
        return rule
    found: Mapping[str, Any] = rules["$defs"][str(reference).removeprefix("#/$defs/")]
    return found


_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
}  # fmt: skip


def _wrong(title: str, rule: Mapping[str, Any], value: object) -> Sequence[tuple[str, str]]:
    kind = rule["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [(NOT_OF_TYPE, f"{title} must be of type {kind}.")]
    if "enum" in rule and value not in rule["enum"]:
        return [(NOT_A_CHOICE, f"{title} has the value '{value}', which is not one of those permitted.")]
    if isinstance(value, str):
        return _wrong_text(title, rule, value)
    if isinstance(value, int | float) and not rule.get("minimum", value) <= value <= rule.get("maximum", value):
        return [(NOT_OF_TYPE, f"{title} must be between {rule.get('minimum')} and {rule.get('maximum')}.")]
    return []


def _wrong_text(title: str, rule: Mapping[str, Any], value: str) -> Sequence[tuple[str, str]]:
    if len(value) < rule.get("minLength", 0):
        return [(REQUIRED_MISSING, f"{title} is required but not supplied.")]
    for unit, size, most in (
        ("characters", len(value), rule.get("maxLength")),
        ("bytes", len(value.encode()), rule.get("maxUtf8ByteLength")),
    ):
        if most is not None and size > most:
            return [(TOO_LONG, f"{title} has {size} {unit}, the maximum is {most}.")]
    return []
