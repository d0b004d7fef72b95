"""What may be written to a buyer: forms from Amazon's schemas, Amazon's rules for texts, and the legal moves."""

import itertools
import json
from typing import cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.amazon.operations import MESSAGES
from quayside.messages.rules import (
    MESSAGE_MACHINE,
    MODEL_SCHEMAS,
    MOST_FILE_BYTES,
    MOST_PARTS,
    PART_BYTES,
    TEMPLATES,
    Event,
    FileFacts,
    Form,
    State,
    check,
    content_type_of,
    fits,
    form_of,
    next_state,
    payload_of,
)

SENDABLE = frozenset(MESSAGES)
TEXT = {"type": "string", "minLength": 1, "maxLength": 20}


def form(action: str = "confirmOrderDetails", **properties: object) -> Form:
    return form_of(action, {"properties": properties or {"text": TEXT}}, SENDABLE)


def why(**values: str) -> list[str]:
    return [f"{each.field} {each.why}" for each in check(form_of("confirmOrderDetails", None, SENDABLE), values)]


def test_every_template_of_the_model_has_words_and_a_form() -> None:
    assert set(TEMPLATES) == set(MODEL_SCHEMAS)
    assert set(TEMPLATES) >= SENDABLE
    for action in TEMPLATES:
        made = form_of(action, None, SENDABLE)
        assert bool(made.fields) != bool(made.not_from_here), action
        assert bool(made.fields) == (action in SENDABLE), action


def test_the_limits_are_those_of_amazons_model() -> None:
    longest = {
        action: field.longest
        for action in SENDABLE
        for field in form_of(action, None, SENDABLE).fields
        if field.kind == "text"
    }
    assert longest == {
        "confirmOrderDetails": 2000, "confirmDeliveryDetails": 2000, "confirmServiceDetails": 2000,
        "unexpectedProblem": 2000, "confirmCustomizationDetails": 800, "digitalAccessKey": 400,
    }  # fmt: skip


def test_a_form_is_made_of_amazons_schema_and_of_nothing_else() -> None:
    made = form(
        text={**TEXT, "title": "Your words", "description": "In the buyer's language."},
        reason={"type": "string", "enum": ["late", "lost"]},
        coverageStartDate={"type": "string", "format": "date-time"},
        lamps={"type": "array"},
    )
    assert [(each.name, each.kind, each.title, each.is_required, each.longest) for each in made.fields] == [
        ("text", "text", "Message", True, 20),
        ("reason", "choice", "reason", False, 4000),
        ("coverageStartDate", "instant", "Coverage begins", False, 4000),
    ]
    assert made.fields[0].about == "In the buyer's language."


@pytest.mark.parametrize(
    ("action", "schema", "says"),
    [
        ("invoice", {"properties": {"lamps": {"type": "array"}}}, "cannot be filled in"),
        ("somethingNew", None, "does not know"),
        ("somethingNew", {"properties": {"text": TEXT}}, "does not know"),
        ("confirmOrderDetails", {}, "cannot be filled in"),
        ("confirmOrderDetails", {"properties": {"n": {"type": "integer"}}, "required": ["n"]}, "cannot be filled in"),
        ("confirmOrderDetails", {"properties": {}}, "cannot be filled in"),
    ],
)
def test_what_a_form_cannot_give_is_sent_at_amazon(action: str, schema: dict[str, object] | None, says: str) -> None:
    made = form_of(action, schema, SENDABLE)
    assert says in made.not_from_here
    assert made.fields == ()


def test_a_file_comes_last_and_has_to_be_there_where_the_message_is_nothing_else() -> None:
    fields = {action: form_of(action, None, SENDABLE).fields for action in TEMPLATES}
    assert {action: each[-1].is_required for action, each in fields.items() if each[-1].kind == "file"} == {
        "confirmCustomizationDetails": False, "digitalAccessKey": False, "warranty": False, "legalDisclosure": True,
        "invoice": True,
    }  # fmt: skip
    asked = {"properties": {"attachments": {"type": "array"}, "text": TEXT}, "required": ["attachments"]}
    assert [(each.name, each.is_required) for each in form_of("warranty", asked, SENDABLE).fields] == [
        ("text", True),
        ("attachments", True),
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Rechnung 114-1234567.pdf", None),
        ("0012345678.PDF", None),
        ("", "has to be filled in"),
        ("invoice", "has to have a name such as invoice.pdf"),
        (".pdf", "has to have a name"),
        ("../invoice.pdf", "without / or \\"),
        ("a\x00b.pdf", "has to have a name"),
        ("x" * 97 + ".pdf", "at most 100 characters"),
        ("anna@example.pdf", "e-mail address"),
    ],
)
def test_a_file_has_a_plain_name(name: str, says: str | None) -> None:
    found = check(form_of("invoice", None, SENDABLE), {"attachments": name})
    assert [each.field for each in found] == [] if says is None else says in found[0].why


def test_a_file_is_what_its_first_bytes_say() -> None:
    for beginning, kind, name in (
        (b"%PDF-1.7", "application/pdf", "a.PDF "),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "a.jpeg"),
        (b"\x89PNG\r\n\x1a\n0", "image/png", "a.png"),
    ):
        assert content_type_of(beginning) == kind
        assert fits(name, kind)
        assert not fits("a.exe", kind)
    for beginning in (b"", b"MZ", b"<html>%PDF-", b"PK\x03\x04"):
        assert content_type_of(beginning) is None
    assert not fits("a.pdf", "text/html")


@given(size=st.integers(min_value=1, max_value=MOST_FILE_BYTES))
@settings(max_examples=50)
def test_the_parts_of_a_file_are_the_file(size: int) -> None:
    file = FileFacts(size, "0" * 64)
    sizes = [file.size_of(number) for number in range(file.parts)]
    assert sum(sizes) == size
    assert all(1 <= each <= PART_BYTES for each in sizes)
    assert file.parts <= MOST_PARTS


def test_a_message_names_its_file_by_amazons_id() -> None:
    values = {"attachments": " invoice.pdf "}
    assert payload_of(form_of("invoice", None, SENDABLE), values, "u-1") == {
        "attachments": [{"fileName": "invoice.pdf", "uploadDestinationId": "u-1"}]
    }


@pytest.mark.parametrize(
    "text",
    [
        "Which of the two colours do you want?",
        "Your order 114-1234567-1234567 comes in 2 parcels on 24.11.2026, at 10:30.",
        "Hier steht, wie es weitergeht: https://www.amazon.de/gp/help",
        "Ihre Bestellung über 1.299,00 € kommt am 3. Dezember.",
        "We are reviewing your order; the size is 10 x 20 x 30 cm, item 0815.",
        "ご注文の確認です。",
        "a < b and c > d",
    ],
)
def test_what_completes_an_order_may_be_written(text: str) -> None:
    assert why(text=text) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has to be filled in"),
        ("   ", "has to be filled in"),
        ("x" * 2001, "has 2001 characters; 1 to 2000 are allowed"),
        ("<b>Hello</b>", "HTML"),
        ("Hello<br/>there", "HTML"),
        ("Write to me at shop@example.com", "e-mail address"),
        ("See http://example.com", "only https:// is allowed"),
        ("Call +49 171 2345678", "telephone number"),
        ("Call (0171) 234 56 78", "telephone number"),
        ("Please leave a review", "reviews"),
        ("Five-star service!", "reviews"),
        ("Über eine Bewertung freuen wir uns", "reviews"),
        ("レビューをお願いします", "reviews"),
        ("Here is a coupon", "marketing"),
        ("Subscribe to our newsletter", "marketing"),
        ("a\x00b", "control character"),
    ],
)
def test_what_amazon_forbids_is_refused_with_its_reason(text: str, says: str) -> None:
    (wrong,) = why(text=text)
    assert says in wrong


def test_what_is_no_part_of_the_form_is_refused() -> None:
    assert why(text="Hello", subject="Sale!") == ["subject is no part of this message"]


def test_days_are_sent_as_amazon_asks_and_in_their_order() -> None:
    warranty = form_of("warranty", None, SENDABLE)
    dates = {"coverageStartDate": "2026-11-22", "coverageEndDate": "2028-11-22T00:00:00+01:00"}
    assert check(warranty, dates) == []
    assert payload_of(warranty, dates) == {**dates, "coverageStartDate": "2026-11-22T00:00:00Z"}
    assert [each.why for each in check(warranty, {**dates, "coverageEndDate": "2026-11-21"})] == [
        "lies before the coverage begins"
    ]
    assert [each.why for each in check(warranty, {"coverageStartDate": "soon"})] == [
        "has to be a day such as 2026-11-22"
    ]
    assert [each.why for each in check(warranty, {})] == ["has to be filled in"]


def test_a_choice_is_one_of_amazons() -> None:
    made = form(reason={"type": "string", "enum": ["late", "lost"]})
    assert [each.why for each in check(made, {"reason": "bored"})] == ["has to be one of late, lost"]
    assert check(made, {"reason": "lost"}) == []
    assert payload_of(made, {"reason": "lost", "text": ""}) == {"reason": "lost"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50)
@given(schema=st.dictionaries(st.sampled_from(["properties", "required", "type"]), json_values))
def test_no_schema_breaks_a_form(schema: dict[str, object]) -> None:
    made = form_of("confirmOrderDetails", schema, SENDABLE)
    assert bool(made.fields) != bool(made.not_from_here)
    assert json.dumps([each.why for each in check(made, {"text": "Hello"})])


def test_what_may_have_reached_a_buyer_never_goes_out_again() -> None:
    reachable: dict[State, set[State]] = {state: {state} for state in get_args(State)}
    for _ in MESSAGE_MACHINE.moves:
        for move in MESSAGE_MACHINE.moves:
            for found in reachable.values():
                if move.state in found:
                    found.add(cast("State", move.next_state))
    for state in ("sent", "refused", "withdrawn", "expired"):
        assert reachable[state] == {state}
    assert reachable["unclear"] == {"unclear", "sent", "refused"}
    assert {move.state for move in MESSAGE_MACHINE.moves if move.next_state == "sending"} == {"waiting"}


def test_only_the_table_moves_a_message() -> None:
    legal = {(move.state, move.event) for move in MESSAGE_MACHINE.moves}
    assert len(legal) == len(MESSAGE_MACHINE.moves)
    assert set(MESSAGE_MACHINE.words) == set(get_args(State))
    for pair in itertools.product(get_args(State), get_args(Event)):
        assert (next_state(*pair) is not None) == (pair in legal)
