"""Rankings of products."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.analytics import board_rules
from quayside.analytics.board_rules import PERIODS, RANKED, board_of, is_due
from quayside.analytics.rules import period_until
from quayside.analytics.sheet_rules import Sheet

TODAY = date(2026, 11, 21)


def sheet(**sales: int) -> Sheet:
    """One sheet in USD: ``d3=500`` sold 500 three days ago."""
    days = {(TODAY - timedelta(days=int(name[1:]))).isoformat(): value for name, value in sales.items()}
    return {"USD": {day: {"units": 1, "sales_minor": value} for day, value in days.items()}}


def test_a_product_counts_in_the_period_its_days_are_in_and_in_the_one_before() -> None:
    ranking = board_of(TODAY, [("A", [sheet(d0=100, d6=10), sheet(d7=1000, d13=1), sheet(d14=9)])]).rankings["USD"]
    (week,) = ranking["7d"].top
    assert (week.units, week.sales_minor, week.units_before, week.sales_before_minor) == (2, 110, 2, 1001)
    (today,) = ranking["today"].top
    assert (today.sales_minor, today.sales_before_minor) == (100, 0)
    assert ranking["yesterday"].top == ()
    assert [each.seller_sku for each in ranking["7d"].falling] == ["A"]
    assert ranking["90d"].falling == ()


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=400))
def test_a_ranking_is_the_head_of_the_whole_list_and_its_length_is_bounded(found: list[tuple[int, int]]) -> None:
    products = [(f"S{place:03}", [sheet(d0=now, d8=before)]) for place, (now, before) in enumerate(found)]
    ranking = board_of(TODAY, products).rankings.get("USD")
    if ranking is None:
        assert not found
        return
    top = sorted((-now, sku) for (sku, _), (now, _) in zip(products, found, strict=True))[:RANKED]
    assert [each.seller_sku for each in ranking["7d"].top] == [sku for _, sku in top]
    fallen = sorted(
        (now - before, sku) for (sku, _), (now, before) in zip(products, found, strict=True) if now < before
    )
    assert [each.seller_sku for each in ranking["7d"].falling] == [sku for _, sku in fallen[:RANKED]]
    assert ranking["7d"].products == len(found)


def test_a_board_is_stored_and_read_as_it_is() -> None:
    board = board_of(TODAY, [("A#é", [sheet(d0=100), {"EUR": {"2026-11-20": {"units": 1}}}])])
    assert board_rules.unpacked(board_rules.packed(board)) == board
    assert set(board.rankings) == {"EUR", "USD"}
    assert set(board.rankings["EUR"]) == set(PERIODS)


def test_a_board_needs_the_days_of_its_longest_period_and_the_one_before() -> None:
    needed = board_rules.days_needed(TODAY)
    assert needed.from_day == period_until("90d", TODAY).before.from_day
    assert len(needed.days) == 180


@pytest.mark.parametrize(
    ("made_at", "made_of", "due"),
    [
        (None, None, True),
        (1000, TODAY, False),
        (1000, TODAY - timedelta(days=1), True),
        (1000 - board_rules.REFRESH_SECONDS, TODAY, True),
    ],
)
def test_when_a_board_is_made_anew(made_at: int | None, made_of: date | None, *, due: bool) -> None:
    assert is_due(made_at, made_of, TODAY, 1000) == due
