"""Requests made from the published description: whatever is sent, the answer is one the description allows.

Valid, nearly valid and senseless requests are drawn for every operation, by a member with all rights. No answer may be
a 5xx, none may have a shape that the document does not state, and every refusal says what to do.
"""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # published without types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.api.generate import PUBLISHED
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.identity import CODE
from tests.support.notifications import US, inventory_change, order_change, sqs_event
from tests.support.seller_world import PASSWORD, Person, SellerWorld
from tests.support.sellers import connect

DOCUMENT = json.loads(PUBLISHED.read_text())
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if path.startswith("/api/v1")
]
_WORDS = ("", "x", "0", "-1", "null", "2026-11-20", "7d", US, "today", "ORDER#", "T#" + "0" * 26 + "#", "é☃", "a" * 300)

text = st.one_of(st.sampled_from(_WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
anything: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), text),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)),
    max_leaves=6,
)


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return found
    return schema


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values that mostly fit a schema."""
    schema = _resolved(schema)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object":
        names = schema.get("properties", {})
        return st.fixed_dictionaries({name: values_of(part) for name, part in names.items()})
    if kind == "integer":
        return st.integers(schema.get("minimum", -5), schema.get("maximum", 200))
    if schema.get("format") == "date":
        return st.dates().map(str)
    if kind == "string":
        known = st.sampled_from(["anna@example.com", PASSWORD, CODE, US, "Anna", "SOFTWARE_TOKEN_MFA"])
        return st.one_of(known, text)
    return anything


def bodies_of(operation: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return bodies for an operation: fitting ones, damaged ones and nonsense."""
    if "requestBody" not in operation:
        return st.none()
    fitting = values_of(operation["requestBody"]["content"]["application/json"]["schema"])
    damaged = st.builds(
        lambda body, name, value: {**body, name: value}, fitting, st.sampled_from(["email", "name", "extra"]), anything
    )
    return st.one_of(fitting, fitting, damaged, anything, st.just("{"))


def queries_of(operation: dict[str, Any]) -> st.SearchStrategy[dict[str, str]]:
    """Return queries for an operation."""
    declared = {
        each["name"]: st.one_of(values_of(each["schema"]).map(str), text)
        for each in operation.get("parameters", ())
        if each["in"] == "query"
    }
    fitting = st.fixed_dictionaries({}, optional=declared)
    return st.one_of(fitting, fitting, st.dictionaries(text, text, max_size=2))


def allowed(operation: dict[str, Any], status: int) -> dict[str, Any]:
    """Return what the document says of an answer with this status."""
    assert str(status) in operation["responses"], f"{status} is not described"
    found: dict[str, Any] = operation["responses"][str(status)]
    return found


def as_json_schema(schema: Any) -> Any:
    """Turn OpenAPI 3.0's ``nullable`` into JSON Schema, as tools that read the document do."""
    if isinstance(schema, list):
        return [as_json_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: as_json_schema(part) for name, part in schema.items() if name != "nullable"}
    return {"anyOf": [parts, {"type": "null"}]} if schema.get("nullable") else parts


COMPONENTS = as_json_schema(DOCUMENT["components"])


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Aws, SellerWorld, Person, dict[str, str]]]:
    with aws() as present:
        made = SellerWorld(emptied(present), mfa_mode="optional")
        anna = made.person().sign_up()
        subject = made.identity.accounts[anna.email].subject
        seller = connect(present.clock, subject=subject)
        made.identity.accounts[anna.email].groups = ("operators",)
        from notification_intake.app import build  # noqa: PLC0415 - only this fixture needs the intake
        from notification_intake.container import Container  # noqa: PLC0415 - as above

        intake = Container(present.settings, clock=present.clock, store=present.store, metrics=made.metrics)
        build(lambda: intake)(
            sqs_event([order_change(), inventory_change(), order_change(marketplace="NOWHERE")]), None
        )
        values = {
            "connection_id": seller.connection_id,
            "order_id": "903-8868176-2219830",
            "entry_id": "0" * 26,
            "dataset": "orders",
            "feature": "sales",
            "report": "UkVQT1JU",
        }
        yield present, made, anna, values


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[f"{m} {p}" for p, m, _ in OPERATIONS])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_answer_is_one_the_document_allows(
    world: tuple[Aws, SellerWorld, Person, dict[str, str]],
    data: st.DataObject,
    path: str,
    method: str,
    operation: dict[str, Any],
) -> None:
    _, made, anna, known = world
    if operation["security"]:
        anna.authorised()
        present = data.draw(st.sampled_from([anna.claims] * 9 + [None]), label="claims")
    else:
        present = None
    where = path
    for name, value in known.items():
        chosen = data.draw(st.one_of(st.just(value), text.map(lambda each: each.replace("/", "") or "x")), label=name)
        where = where.replace(f"{{{name}}}", chosen)
    answer = made.call(
        method.upper(),
        where,
        body=data.draw(bodies_of(operation), label="body"),
        query=data.draw(queries_of(operation), label="query"),
        claims=present,
        headers={"cookie": anna.cookie},
    )
    described = allowed(operation, answer.status)
    assert answer.status < 500, answer.text
    if answer.status == 204:
        assert answer.text == ""
        return
    ((media, content),) = described["content"].items()
    assert answer.headers["content-type"] == media
    jsonschema.validate(answer.json, {**as_json_schema(content["schema"]), "components": COMPONENTS})
    if answer.status >= 400:
        assert answer.json["action"]
        assert answer.json["code"]
