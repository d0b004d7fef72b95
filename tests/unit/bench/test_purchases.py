"""Baskets and days: the measure the real orders are compared with."""

from datetime import UTC, date, datetime, timedelta

from tests.bench.purchases import Basket, Day, Line, baskets_of, days_of, moved

MORNING = datetime(2025, 3, 9, 7, 59, tzinfo=UTC)
"""One minute before midnight in California, on the day before its clocks change."""

BASKETS = {
    "late": Basket(MORNING, (Line("CJ-2", 2, 300), Line("CJ-4", 0, 5))),
    "next day": Basket(MORNING + timedelta(minutes=1), (Line("CJ-2", 1, 150),)),
    "same day": Basket(MORNING - timedelta(hours=3), (Line("CJ-6", 9475, 2006),)),
}


def test_a_day_is_the_day_of_the_marketplace() -> None:
    assert days_of(BASKETS) == {date(2025, 3, 8): Day(2, 9477, 2311), date(2025, 3, 9): Day(1, 1, 150)}
    assert list(days_of(BASKETS, "UTC")) == [date(2025, 3, 9)]


def test_moving_keeps_what_is_in_a_basket() -> None:
    later = moved(BASKETS, timedelta(weeks=3))
    assert later["late"].lines == BASKETS["late"].lines
    assert later["late"].at - BASKETS["late"].at == timedelta(weeks=3)


def test_a_difference_of_one_cent_makes_another_basket() -> None:
    assert Basket(MORNING, (Line("CJ-2", 2, 300),)) != Basket(MORNING, (Line("CJ-2", 2, 301),))


def test_rows_are_gathered_into_baskets_with_money_in_cents() -> None:
    at = int(MORNING.timestamp())
    rows = [(7, 1041454, 2, 2.78, at), (9, 6534178, 8725, 20.06, at + 1), (7, 1041453, 0, 0.29, at)]
    assert baskets_of(rows) == {
        "7": Basket(MORNING, (Line("CJ-1041453", 0, 29), Line("CJ-1041454", 2, 278))),
        "9": Basket(MORNING + timedelta(seconds=1), (Line("CJ-6534178", 8725, 2006),)),
    }
