"""What sold goods cost: exact over any days, and what is missing is said."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.finance.cost_rules import Lot, Method, OtherCost, cost_card, cost_of_sales
from quayside.kernel.money import CurrencyMismatch

FIRST = date(2026, 1, 1)


def lot(place: int, units: int | None, landed: int, *, day: int = 0, currency: str = "EUR") -> Lot:
    return Lot(f"{place:02}", FIRST + timedelta(days=day), units, currency, landed, units or 1)


def sales(*units: int) -> dict[date, int]:
    return {FIRST + timedelta(days=10 + place): each for place, each in enumerate(units)}


some_lots = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 10**6), st.integers(0, 9)), min_size=1, max_size=6
).map(lambda found: [lot(place, units, landed, day=day) for place, (units, landed, day) in enumerate(found)])
some_units = st.lists(st.integers(-5, 30), min_size=1, max_size=20)


@given(some_lots, some_units)
def test_when_all_units_are_sold_the_days_cost_what_the_lots_cost(lots: list[Lot], units: list[int]) -> None:
    everything = sum(each.units or 0 for each in lots)
    rest = everything - sum(units)
    found = cost_of_sales(lots, "fifo", 0, sales(*units, rest))
    assert found.total_minor == sum(each.landed_minor for each in lots)
    assert found.uncosted_units == 0


@given(some_lots, some_units, st.integers(0, 19))
def test_a_period_costs_what_it_costs_within_a_longer_one(lots: list[Lot], units: list[int], cut: int) -> None:
    whole = cost_of_sales(lots, "fifo", 0, sales(*units))
    later = dict(list(sales(*units).items())[cut:])
    part = cost_of_sales(lots, "fifo", sum(units[:cut]), later)
    assert {day: whole.days[day] for day in later} == part.days


@given(some_lots, st.lists(st.integers(0, 30), min_size=1, max_size=20))
def test_units_are_costed_or_counted_as_missing(lots: list[Lot], units: list[int]) -> None:
    found = cost_of_sales(lots, "fifo", 0, sales(*units))
    assert found.units == sum(units)
    assert found.uncosted_units == max(0, sum(units) - sum(each.units or 0 for each in lots))
    assert 0 <= found.total_minor <= sum(each.landed_minor for each in lots)


def test_the_oldest_lot_goes_first_and_a_day_can_take_from_two() -> None:
    lots = [lot(2, 10, 2000, day=5), lot(1, 10, 1000)]
    found = cost_of_sales(lots, "fifo", 0, sales(4, 8, -2, 20))
    assert [day.cost_minor for day in found.days.values()] == [400, 600 + 400, -400, 400 + 1600]
    assert [day.uncosted_units for day in found.days.values()] == [0, 0, 0, 10]


def test_a_lot_whose_cost_does_not_divide_loses_no_cent() -> None:
    found = cost_of_sales([lot(1, 3, 100)], "fifo", 0, sales(1, 1, 1))
    assert [day.cost_minor for day in found.days.values()] == [33, 33, 34]


@pytest.mark.parametrize(("method", "costs"), [("weighted_average", [1000, 1500]), ("period", [1000, 2000])])
def test_average_and_price_of_the_period_go_by_the_lots_that_began(method: Method, costs: list[int]) -> None:
    lots = [lot(1, 10, 1000), lot(2, 10, 2000, day=11)]
    found = cost_of_sales(lots, method, 0, sales(10, 10))
    assert [day.cost_minor for day in found.days.values()] == costs


def test_a_price_without_a_number_of_units_holds_for_all() -> None:
    price = Lot("01", FIRST, None, "EUR", 1235, 10)
    assert cost_of_sales([price], "period", 0, sales(4)).total_minor == 494
    for method in ("fifo", "weighted_average"):
        assert cost_of_sales([price], method, 0, sales(4)).uncosted_units == 4


def test_a_sale_before_the_first_lot_has_no_cost_and_says_so() -> None:
    found = cost_of_sales([lot(1, 10, 1000, day=30)], "period", 0, sales(4))
    assert (found.total_minor, found.uncosted_units) == (0, 4)
    assert cost_card(found).notes[-1] == "A part of the whole: 4 units have no cost entered."
    assert cost_card(cost_of_sales([], "fifo", 0, sales(4))).filled == "No cost is entered for 4 units"


def test_costs_in_two_currencies_are_never_mixed() -> None:
    with pytest.raises(CurrencyMismatch, match="EUR and USD"):
        cost_of_sales([lot(1, 1, 1), lot(2, 1, 1, currency="USD")], "fifo", 0, sales(1))


@given(st.integers(-(10**9), 10**9), st.integers(0, 400), st.integers(0, 500))
def test_an_other_cost_is_spread_over_its_days_exactly(amount: int, length: int, cut: int) -> None:
    cost = OtherCost("1", "Photos", amount, "EUR", FIRST, FIRST + timedelta(days=length))
    border = FIRST + timedelta(days=cut - 50)
    before = cost.share(FIRST - timedelta(days=9), border)
    after = cost.share(border + timedelta(days=1), FIRST + timedelta(days=999))
    assert before + after == amount
