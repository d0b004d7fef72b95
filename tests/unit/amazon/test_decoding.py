"""Reading what Amazon sends in whatever spelling it comes."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.amazon.decoding import Reader, in_utc, raw_entries


class Part(msgspec.Struct, frozen=True, rename="camel"):
    amount_given: Decimal
    note: str | None = None


class Whole(msgspec.Struct, frozen=True, rename="camel"):
    whole_id: str
    parts: tuple[Part, ...] = ()
    first_part: Part | None = None
    names: tuple[str, ...] = ()
    free: dict[str, object] = {}
    inner: "Whole | None" = None


WHOLE = Reader(Whole)


def recased(value: Any, how: str) -> Any:
    if isinstance(value, dict):
        return {_spelt(key, how): recased(part, how) for key, part in value.items()}
    return [recased(part, how) for part in value] if isinstance(value, list) else value


def _spelt(name: str, how: str) -> str:
    return {"pascal": name[0].upper() + name[1:], "lower": name.lower(), "upper": name.upper()}.get(how, name)


amounts = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)
parts = st.fixed_dictionaries(
    {"amountGiven": amounts.map(float) | amounts.map(str)}, optional={"note": st.text(max_size=5) | st.none()}
)
wholes = st.recursive(
    st.fixed_dictionaries(
        {"wholeId": st.text(max_size=5)},
        optional={
            "parts": st.lists(parts, max_size=3),
            "firstPart": parts | st.none(),
            "names": st.lists(st.text(max_size=3), max_size=2),
            "somethingNew": st.none() | st.integers() | st.text(max_size=3),
        },
    ),
    lambda inner: st.builds(lambda outer, held: {**outer, "inner": held}, inner, inner),
    max_leaves=3,
)


@given(wholes, st.sampled_from(["pascal", "lower", "upper"]))
def test_any_casing_reads_the_same(whole: dict[str, Any], how: str) -> None:
    assert WHOLE.read(json.dumps(recased(whole, how)).encode()) == WHOLE.read(json.dumps(whole).encode())


@given(wholes)
def test_null_is_a_field_that_is_missing(whole: dict[str, Any]) -> None:
    missing = {"parts": None, "names": None, "firstPart": None, "free": None, "inner": None}
    without = {name: part for name, part in whole.items() if part is not None}
    assert WHOLE.read(json.dumps({**missing, **without}).encode()) == WHOLE.read(json.dumps(without).encode())


@given(amounts)
def test_no_digit_of_an_amount_is_lost_in_any_spelling(amount: Decimal) -> None:
    for name in ("amountGiven", "AmountGiven"):
        for written in (str(amount), f'"{amount}"'):
            assert Reader(Part).read(f'{{"{name}": {written}}}'.encode()).amount_given == amount


def test_an_amount_longer_than_a_float_keeps_its_digits_in_any_spelling() -> None:
    for name in ("amountGiven", "AmountGiven"):
        found = Reader(Part).read(f'{{"{name}": 123456789012345678901.23}}'.encode())
        assert found.amount_given == Decimal("123456789012345678901.23")


def test_the_documented_spelling_wins() -> None:
    both = {"WHOLEID": "x", "wholeId": "right", "wholeid": "y", "names": None}
    for order in (both, dict(reversed(both.items()))):
        assert WHOLE.read(json.dumps(order).encode()).whole_id == "right"


def test_names_inside_free_content_are_left_alone() -> None:
    body = {"WholeId": "1", "Free": {"PARTS": {"wholeid": 1}, "NAMES": None}}
    assert WHOLE.read(json.dumps(body).encode()).free == {"PARTS": {"wholeid": 1}, "NAMES": None}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"parts": []}', "missing required field `wholeId`"),
        (b'{"WholeId": 7, "Parts": 3}', "missing required field `wholeId`"),
        (
            b'{"wholeId": "1", "parts": [{"amountGiven": "ten"}]}',
            r"Invalid decimal string - at `\$.parts\[0\].amountGiven`",
        ),
        (b'{"wholeId": null}', r"Expected `str`, got `null` - at `\$.wholeId`"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_what_is_wrong_is_named_where_it_is(body: bytes, words: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=words):
        WHOLE.read(body)


def test_what_is_no_json_is_told_apart() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        WHOLE.read(b"<html>")
    assert not isinstance(caught.value, msgspec.ValidationError)


def test_a_bad_entry_spoils_none_of_the_others() -> None:
    problems: list[str] = []
    raw = msgspec.Raw(b'[{"amountGiven": 1}, {"note": "x"}, 7, {"AmountGiven": "2.5", "note": null}]')
    assert [each.amount_given for each in Reader(Part).entries(raw, "parts", problems)] == [Decimal(1), Decimal("2.5")]
    assert [problem.split(":")[0] for problem in problems] == ["parts[1]", "parts[2]"]


@pytest.mark.parametrize("raw", [None, msgspec.Raw(), msgspec.Raw(b"null"), msgspec.Raw(b"[]")])
def test_a_missing_list_is_an_empty_one(raw: msgspec.Raw | None) -> None:
    problems: list[str] = []
    assert (list(raw_entries(raw, "parts", problems)), problems) == ([], [])


def test_what_is_no_list_is_a_problem() -> None:
    problems: list[str] = []
    assert list(raw_entries(msgspec.Raw(b'{"a": 1}'), "parts", problems)) == []
    assert problems[0].startswith("parts: Expected `array`")


def test_an_instant_without_a_zone_is_utc() -> None:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert in_utc(at.replace(tzinfo=None)) == at
    assert in_utc(datetime.fromisoformat("2026-11-21T11:00:00+01:00")).isoformat() == "2026-11-21T10:00:00+00:00"
