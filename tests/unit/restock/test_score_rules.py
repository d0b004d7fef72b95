"""How suggestions turned out: errors, and what following them would have meant."""

from datetime import date

import pytest

from quayside.restock.demand_rules import SalesHistory
from quayside.restock.score_rules import Kept, outcome_of, score, scores_of, simple_forecasts

LAST = date(2026, 3, 31)


def history(*units: int, stock: tuple[int | None, ...] = ()) -> SalesHistory:
    return SalesHistory(last_day=LAST, units=units, stock=stock)


def kept(**changes: int) -> Kept:
    values = {
        "horizon_days": 4, "lead_days": 2, "forecast_units": 12, "naive_units": 8, "seasonal_naive_units": 4,
        "average_units": 10, "position_units": 5, "quantity": 6,
    }  # fmt: skip
    return Kept(computed_for=LAST, **(values | changes))


def test_simple_forecasters() -> None:
    assert simple_forecasts(history(*range(1, 31)), 10) == (
        300.0,
        24 + 25 + 26 + 27 + 28 + 29 + 30 + 24 + 25 + 26,
        155,
        None,
    )
    assert simple_forecasts(history(), 10) == (0.0, 0.0, 0.0, None)
    assert simple_forecasts(history(99, *range(364)), 3).last_year == 0 + 1 + 2


def test_last_year_is_compared_only_where_there_was_one() -> None:
    new, old = kept(), kept(last_year_units=15, forecast_units=10)
    scores = scores_of([outcome_of(new, history(3, 3, 2, 2)), outcome_of(old, history(3, 3, 2, 2))])
    assert scores.last_year.wape == pytest.approx(0.5)
    assert scores.ours_beside_last_year.wape == 0
    assert scores.ours.wape == pytest.approx(0.1)


def test_an_outcome_replays_the_days() -> None:
    outcome = outcome_of(kept(), history(3, 3, 2, 2))
    assert (outcome.asked_units, outcome.stockout_days) == (10, 0)
    assert (outcome.following_short_units, outcome.following_left_units) == (1, 2)


def test_days_out_of_stock_stand_in_with_the_average() -> None:
    outcome = outcome_of(kept(), history(3, 0, 3, 3, stock=(9, 0, 9, 9)))
    assert (outcome.asked_units, outcome.stockout_days) == (12, 1)


def test_a_horizon_that_is_not_over_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="4 days and not 3"):
        outcome_of(kept(), history(3, 3, 2))


def test_scores_are_of_all_horizons_together() -> None:
    scores = scores_of([outcome_of(kept(), history(3, 3, 2, 2)), outcome_of(kept(), history(5, 5, 5, 5))])
    assert scores.asked_units == 30
    assert scores.ours.wape == pytest.approx((2 + 8) / 30)
    assert scores.ours.bias == pytest.approx((2 - 8) / 30)
    assert scores.naive.wape == pytest.approx((2 + 12) / 30)
    assert (scores.short_units, scores.left_units) == (1 + 9, 2)
    assert score([(3.0, 0.0)]).wape is None
