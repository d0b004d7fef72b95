"""Figures of days and periods."""

from datetime import UTC, date, datetime
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.analytics import rules
from quayside.analytics.rules import NOTHING, Period, PeriodKey, Tally
from quayside.kernel.errors import InvalidInput

AS_OF = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
WHOLE = rules.Standing(AS_OF, known=True, whole=True)
ONE = Tally(orders=1, units=2, sales_minor=1999, priced=1)

tallies = st.builds(Tally, *(st.integers(-1000, 1000) for _ in range(7)))


def at(number: int) -> str:
    return rules.stream_position("2026-01-01T00:00:00.000", str(number))


@given(tallies, tallies, tallies)
def test_tallies_add_like_numbers(one: Tally, two: Tally, three: Tally) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert (one + two) - two == one
    assert one + NOTHING == one
    assert (one - one).is_nothing


@given(st.integers(0, 10**39), st.integers(0, 10**39))
def test_positions_sort_as_the_stream_does(one: int, two: int) -> None:
    assert (at(one) < at(two)) == (one < two)


def test_a_newer_stream_comes_after_an_older_one() -> None:
    old = rules.stream_position("2026-01-01T00:00:00.000", "9" * 21)
    new = rules.stream_position("2026-06-01T00:00:00.000", "1")
    assert old < new


@pytest.mark.parametrize(
    ("key", "first", "days", "before"),
    [
        ("today", date(2026, 3, 1), 1, (date(2026, 2, 28), date(2026, 2, 28))),
        ("7d", date(2026, 2, 23), 7, (date(2026, 2, 16), date(2026, 2, 22))),
        ("30d", date(2026, 1, 31), 30, (date(2026, 1, 1), date(2026, 1, 30))),
        ("90d", date(2025, 12, 2), 90, (date(2025, 9, 3), date(2025, 12, 1))),
    ],
)
def test_a_period_ends_today_and_is_compared_with_the_one_before(
    key: PeriodKey, first: date, days: int, before: tuple[date, date]
) -> None:
    period = rules.period_until(key, date(2026, 3, 1))
    assert (period.from_day, period.to_day) == (first, date(2026, 3, 1))
    assert len(period.days) == days
    assert (period.before.from_day, period.before.to_day) == before
    assert len(period.before.days) == days


@pytest.mark.parametrize(
    ("history", "covered"),
    [(None, False), (date(2026, 1, 2), False), (date(2026, 1, 1), True), (date(2025, 1, 1), True)],
)
def test_a_period_is_covered_when_the_history_reaches_its_first_day(history: date | None, *, covered: bool) -> None:
    assert rules.covers(history, Period(date(2026, 1, 1), date(2026, 1, 7))) == covered


def test_yesterday_ends_the_day_before() -> None:
    period = rules.period_until("yesterday", date(2026, 3, 1))
    assert period == Period(date(2026, 2, 28), date(2026, 2, 28))
    assert period.before == Period(date(2026, 2, 27), date(2026, 2, 27))


@pytest.mark.parametrize(
    ("first", "last", "field", "words"),
    [
        (None, date(2026, 2, 1), "from", "first and its last day"),
        (date(2026, 2, 1), None, "to", "first and its last day"),
        (date(2026, 2, 2), date(2026, 2, 1), "to", "before the first, 2026-02-02"),
        (date(2024, 2, 29), date(2024, 3, 1), "from", "choose 2024-03-01 or later"),
        (date(2026, 2, 2), date(2026, 3, 3), "to", "choose 2026-03-02 or earlier"),
        (date(2024, 3, 1), date(2025, 3, 2), "from", "1 to 366 days"),
    ],
)
def test_an_impossible_period_is_refused_with_what_is_possible(
    first: date | None, last: date | None, field: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        rules.chosen_period(first, last, date(2026, 3, 1))
    assert [each.field for each in refused.value.fields] == [field]


def test_a_possible_period_is_taken_as_it_is() -> None:
    assert rules.chosen_period(date(2024, 3, 1), date(2025, 3, 1), date(2026, 3, 1)).days[-1] == date(2025, 3, 1)


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_an_average_is_the_nearest_whole_coin(sales: int, orders: int) -> None:
    average = rules.average_minor(sales, orders)
    assert average is not None
    assert abs(Fraction(sales, orders) - average) <= Fraction(1, 2)


def test_no_priced_order_has_no_average() -> None:
    assert rules.average_minor(0, 0) is None


def test_figures_show_their_formula_with_their_own_numbers() -> None:
    tally = Tally(orders=12, units=15, sales_minor=123456, priced=10, pending=1, waiting_for_price=1, cancelled=2)
    figures = rules.figure_set(tally, "USD", WHOLE)
    assert (figures.sales.value, figures.sales.unit, figures.sales.currency) == (123456, "minor", "USD")
    assert figures.sales.method.filled == "Item proceeds of 10 orders = 1,234.56 USD"
    assert figures.average_order_value.value == 12346
    assert figures.average_order_value.method.filled == "1,234.56 USD ÷ 10 orders = 123.46 USD"
    assert figures.orders.method.filled == "14 orders placed \N{MINUS SIGN} 2 cancelled = 12 orders"
    assert (figures.units.value, figures.units.currency) == (15, None)
    for figure in msgspec.structs.astuple(figures):
        assert figure.state == "estimated"
        assert figure.as_of == "2026-11-21T10:00:00Z"
        assert figure.source == rules.SOURCE
        assert figure.method.inputs
        assert figure.method.notes


@pytest.mark.parametrize(
    ("tally", "state"),
    [
        (ONE, "posted"),
        (NOTHING, "posted"),
        (Tally(orders=1, pending=1), "estimated"),
        (Tally(orders=1, waiting_for_price=1), "estimated"),
    ],
)
def test_figures_are_estimated_while_an_order_is_open(tally: Tally, state: str) -> None:
    assert rules.figure_set(tally, "JPY", WHOLE).sales.state == state


def test_before_anything_was_fetched_values_are_unknown_rather_than_zero() -> None:
    figures = rules.figure_set(NOTHING, "USD", rules.Standing(AS_OF, known=False, whole=False))
    assert {figure.value for figure in msgspec.structs.astuple(figures)} == {None}


def test_yen_are_shown_without_decimals() -> None:
    figures = rules.figure_set(Tally(orders=1, units=1, sales_minor=1280, priced=1), "JPY", WHOLE)
    assert figures.sales.method.filled == "Item proceeds of 1 orders = 1,280 JPY"


def test_a_part_of_the_whole_is_never_called_posted_and_says_so() -> None:
    part = rules.Standing(AS_OF, known=True, whole=False)
    figures = rules.figure_set(Tally(orders=1, units=1, sales_minor=1280, priced=1), "USD", part)
    for each in (figures.sales, figures.units, figures.orders, figures.average_order_value):
        assert each.state == "estimated"
        assert any("still being read" in note for note in each.method.notes)
