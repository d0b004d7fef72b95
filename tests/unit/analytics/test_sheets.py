"""Sheets of figures: exact sums of days, however changes come."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.analytics import sheet_rules
from quayside.analytics.sheet_rules import Amounts, Cell, Change, Mark, Place, applied, marked, unseen

PLACE = Place("ORDERS", "c", "m", "2026-11")
DAY = Cell(PLACE, "2026-11-21", "USD")
OTHER = Cell(PLACE, "2026-11-21", "EUR")
ONE: Amounts = {"orders": 1, "units": 2, "sales_minor": 1999}

amounts = st.dictionaries(st.sampled_from(["orders", "units", "sales_minor"]), st.integers(-99, 99))
cells = st.tuples(st.sampled_from(["2026-11-20", "2026-11-21"]), st.sampled_from(["USD", "EUR"]))
changes = st.builds(
    Change,
    st.sampled_from(["2026-11-20", "2026-11-21"]),
    st.integers(1, 99).map("{:02}".format),
    st.integers(0, 9),
    st.dictionaries(cells, amounts),
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {DAY: ONE}, {DAY: ONE}),
        ({DAY: ONE}, {}, {DAY: {"orders": -1, "units": -2, "sales_minor": -1999}}),
        ({DAY: ONE}, {DAY: ONE}, {}),
        ({DAY: ONE}, {DAY: {**ONE, "units": 5}}, {DAY: {"units": 3}}),
        # The price came in another currency than the marketplace's own.
        ({DAY: {"orders": 1}}, {OTHER: ONE}, {DAY: {"orders": -1}, OTHER: ONE}),
        ({}, {}, {}),
    ],
)
def test_a_fact_changes_the_sheets_by_the_difference_of_its_images(
    old: sheet_rules.Counted, new: sheet_rules.Counted, expected: sheet_rules.Counted
) -> None:
    assert sheet_rules.difference(old, new) == expected


@given(st.lists(changes, max_size=6))
def test_a_sheet_is_the_same_in_whichever_order_it_was_summed_and_stored(found: list[Change]) -> None:
    sheet = applied({}, found)
    assert applied({}, found[::-1]) == sheet
    assert sheet_rules.unpacked(sheet_rules.packed(sheet)) == sheet
    back = [Change(c.part, c.position, c.at, {k: sheet_rules.negative(v) for k, v in c.amounts.items()}) for c in found]
    assert applied(sheet, back) == {}


@given(st.lists(changes, unique_by=lambda change: (change.part, change.position)), st.integers(0, 99))
def test_only_what_lies_beyond_its_mark_is_unseen_and_afterwards_nothing_is(found: list[Change], seen: int) -> None:
    marks = {"2026-11-20": Mark(f"{seen:02}", 0)}
    new = unseen(found, marks)
    assert {(c.part, c.position) for c in new} == {
        (c.part, c.position) for c in found if c.part == "2026-11-21" or c.position > f"{seen:02}"
    }
    after = marked(marks, new)
    assert unseen(found, after) == ()
    assert sheet_rules.unpacked_marks(sheet_rules.packed_marks(after)) == after


def test_a_mark_is_dropped_when_the_stream_keeps_nothing_that_old() -> None:
    late = Change("2026-11-21", "2", sheet_rules.STREAM_SECONDS + 1, {})
    assert marked({"2026-11-20": Mark("1", 1)}, [late]) == {"2026-11-21": Mark("2", late.at)}
    assert len(marked({"2026-11-20": Mark("1", 2)}, [late])) == 2


def test_facts_add_up_to_sheets_and_what_comes_to_nothing_is_left_out() -> None:
    product = Cell(Place("ORDERS", "c", "m", "2026-11", "SKU-1"), "2026-11-21", "USD")
    found = sheet_rules.sheet_of([{DAY: ONE}, {DAY: ONE, product: ONE}, {product: sheet_rules.negative(ONE)}])
    assert found == {PLACE: {"USD": {"2026-11-21": {"orders": 2, "units": 4, "sales_minor": 3998}}}}


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 11, 30), date(2026, 11, 30), ("2026-11",)),
        (date(2025, 11, 30), date(2026, 2, 1), ("2025-11", "2025-12", "2026-01", "2026-02")),
    ],
)
def test_the_months_of_a_period(first: date, last: date, months: tuple[str, ...]) -> None:
    assert sheet_rules.months_between(first, last) == months
