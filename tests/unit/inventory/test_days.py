"""Stock day by day: months, series, days without, what is old, and for how long it lasts."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.inventory import days_rules
from quayside.inventory.days_rules import DayStock, Outlook
from quayside.inventory.rules import Quantities
from quayside.inventory.views import stock_figure
from quayside.kernel.clock import parse_instant

AT = parse_instant("2026-11-21T10:11:12Z")
FIVE = DayStock(5, 0, 1, 0)


def test_a_day_that_is_looked_at_again_shows_the_later_look() -> None:
    month = days_rules.with_day({}, date(2026, 11, 21), FIVE)
    month = days_rules.with_day(month, date(2026, 11, 3), DayStock(9, 0, 0, 0))
    month = days_rules.with_day(month, date(2026, 11, 21), DayStock(4, 0, 0, 0))

    assert month == {"03": DayStock(9, 0, 0, 0), "21": DayStock(4, 0, 0, 0)}


def test_a_series_has_every_day_and_says_where_nobody_looked() -> None:
    months = {"2026-10": {"31": FIVE}, "2026-11": {"02": DayStock(0, 3, 0, 0)}}

    found = days_rules.series(months, date(2026, 10, 30), date(2026, 11, 2))

    assert found == (None, FIVE, None, DayStock(0, 3, 0, 0))
    assert days_rules.days_without(found) == 1
    assert days_rules.months_between(date(2026, 10, 30), date(2026, 11, 2)) == [date(2026, 10, 1), date(2026, 11, 1)]


@pytest.mark.parametrize(
    ("quantities", "standing"),
    [
        (Quantities(fulfillable=1), "sellable"),
        (Quantities(inbound_shipped=3, reserved_transfer=1), "on_the_way"),
        (Quantities(reserved_customer_orders=1), "reserved"),
        (Quantities(unfulfillable=4, researching=1), "out"),
    ],
)
def test_what_can_be_done_with_a_sku_now(quantities: Quantities, standing: str) -> None:
    assert days_rules.standing_of(quantities) == standing


@given(st.builds(Quantities, *[st.integers(0, 10_000)] * 9))
def test_no_unit_of_a_position_is_lost_or_doubled_in_its_day(quantities: Quantities) -> None:
    day = days_rules.day_stock(quantities)
    assert day.fulfillable + day.inbound + day.reserved + day.unsellable == quantities.total


def test_stock_is_what_is_there_to_be_sold_and_names_what_is_left_out() -> None:
    found = stock_figure(Quantities(5, 10, 20, 30, 2, 1, 4, 6, 7), 9, AT)
    assert (found.value, found.unit, found.state, found.as_of) == (17, "units", "posted", "2026-11-21T10:11:12Z")
    assert found.method.filled.endswith("At your own places 9 = 17 units")
    assert sum(each.value for each in found.method.inputs if "left out" in each.label) == 60 + 4 + 13
    alone = stock_figure(Quantities(5), None, AT)
    assert (alone.value, "own places" in alone.source) == (5, False)


@pytest.mark.parametrize(("then", "sold", "aged"), [(None, 3, None), (FIVE, 4, 2), (FIVE, 9, 0), (FIVE, -2, 6)])
def test_what_was_there_and_not_sold_since_is_old(then: DayStock | None, sold: int, aged: int | None) -> None:
    assert days_rules.aged_units(then, sold) == aged


@pytest.mark.parametrize(
    ("daily", "days", "words"),
    [(2500, 4, "10 units ÷ 2.500 units a day = 4 days"), (0, None, "no sale is expected"), (None, None, "too little")],
)
def test_days_of_cover_show_their_numbers(daily: int | None, days: int | None, words: str) -> None:
    found = days_rules.cover_figure(10, Outlook("2026-11-20", daily, 0, None, None), AT)

    assert (found.value, found.state) == (days, "estimated")
    assert words in found.method.filled
    assert "2026-11-20" in found.method.notes[-1]


def test_without_an_outlook_nothing_is_made_up() -> None:
    assert days_rules.cover_figure(10, None, AT).value is None
    assert days_rules.aged_figure(90, None, None, AT).value is None
    assert days_rules.without_figure((None, None), AT).value is None
    assert days_rules.without_figure((FIVE, None), AT).state == "estimated"
    assert days_rules.without_figure((FIVE, DayStock(0, 0, 0, 0)), AT).value == 1


def test_a_day_is_a_day_of_the_marketplace() -> None:
    at = datetime.fromisoformat("2026-11-21T02:00:00+00:00")
    assert days_rules.local_day(at, "America/Los_Angeles") == date(2026, 11, 20)
    assert days_rules.local_day(at, "Asia/Tokyo") == date(2026, 11, 21)
