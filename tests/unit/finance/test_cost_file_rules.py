"""A seller's file of costs: every row is read as it was meant, or refused with its reason."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.finance.cost_file_rules import MOST_ROWS, UnusableCost, lot_of, read_file
from quayside.finance.cost_views import lot_view
from quayside.kernel.money import Money

HEADER = "seller_sku,from_day,units,unit_cost,currency,manufacturing_unit_cost,note\n"
FIELDS = {"seller_sku": "MUG", "from_day": "2026-03-01", "units": "100", "unit_cost": "4.255", "currency": "eur"}


def test_a_row_becomes_a_lot() -> None:
    (row,) = read_file(HEADER + 'MUG,2026-03-01,100,4.255,EUR,3.10,"First, by sea"\n')
    assert (row.line, row.seller_sku, row.problem) == (2, "MUG", None)
    assert row.lot is not None
    view = lot_view("MUG", row.lot)
    assert (view.from_day, view.units, view.unit_cost, view.landed) == ("2026-03-01", 100, "4.255", Money(42550, "EUR"))
    assert (view.manufacturing_unit_cost, view.note) == ("3.10", "First, by sea")


def test_semicolons_and_decimal_commas_of_a_spreadsheet_are_read() -> None:
    (row,) = read_file("\ufeffSeller SKU;From day;Unit cost;Currency\r\nMUG;2026-03-01;4,25;EUR\r\n\r\n")
    assert row.lot is not None
    assert (row.lot.units, lot_view("MUG", row.lot).unit_cost) == (None, "4.25")
    assert row.lot.from_day == date(2026, 3, 1)


def test_a_price_in_yen_has_no_decimals() -> None:
    _, lot = lot_of({**FIELDS, "currency": "JPY", "unit_cost": "640"})
    assert (lot.landed_minor, lot_view("MUG", lot).unit_cost) == (64_000, "640")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("seller_sku", "", "1 to 40 characters"),
        ("seller_sku", "x" * 41, "1 to 40 characters"),
        ("from_day", "1.3.2026", "such as 2026-11-22"),
        ("from_day", "1999-12-31", "from 2000-01-01 to 2099-12-31"),
        ("units", "0", "from 1 to 10,000,000"),
        ("units", "-5", "from 1 to 10,000,000"),
        ("units", "1.5", "whole number"),
        ("unit_cost", "", "is needed"),
        ("unit_cost", "-1", "0 or more"),
        ("unit_cost", "NaN", "a number such as 4.25"),
        ("unit_cost", "4,25", "a number such as 4.25"),
        ("unit_cost", "1.1234567", "at most 6 decimals"),
        ("unit_cost", "9" * 20, "less than a million million"),
        ("currency", "EURO", "three letters"),
        ("manufacturing_unit_cost", "cheap", "a number such as 4.25"),
        ("note", "x" * 201, "at most 200 characters"),
    ],
)
def test_what_can_not_be_is_refused_with_the_allowed_range(field: str, value: str, reason: str) -> None:
    with pytest.raises(UnusableCost, match=reason) as refused:
        lot_of({**FIELDS, field: value})
    assert refused.value.field == field


def test_a_bad_row_spoils_no_other() -> None:
    rows = read_file(HEADER + "MUG,2026-03-01,ten,4.25,EUR\nCUP,2026-03-01,10,4.25,EUR\nJUG,a,b,c,d,e,f,g\n")
    assert [(row.seller_sku, row.lot is not None) for row in rows] == [("MUG", False), ("CUP", True), ("JUG", False)]
    assert rows[2].problem == "has 8 cells, the header has 7"


@pytest.mark.parametrize("text", ["", "sku,cost\n", HEADER + "MUG,2026-03-01,1,1,EUR\n" * (MOST_ROWS + 1)])
def test_a_file_that_is_none_of_costs_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(UnusableCost, match=r"lacks the columns?|more than 500 rows"):
        read_file(text)


def test_the_same_lot_has_the_same_id_and_another_has_another() -> None:
    assert lot_of(FIELDS) == lot_of({**FIELDS, "unit_cost": "4.2550", "currency": "EUR "})
    assert lot_of(FIELDS)[1].lot_id != lot_of({**FIELDS, "note": "second delivery"})[1].lot_id


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    with suppress(UnusableCost):
        assert all((row.lot is None) == bool(row.problem) for row in read_file(HEADER + text))
