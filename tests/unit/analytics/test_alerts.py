"""Alerts: what needs a look, and what is only chance."""

import zlib
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.analytics import alert_rules
from quayside.analytics.alert_rules import Alert, AlertBoard, board_of, in_turns

TODAY = date(2026, 11, 22)
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"


def each_day(first: int, last: int, units: int) -> dict[date, int]:
    """Return so many units on each of the days from so many to so many days ago."""
    return {TODAY - timedelta(days=ago): units for ago in range(last, first + 1)}


def drop(units: Mapping[date, int]) -> Alert | None:
    return alert_rules.sales_drop(US, "MUG", units, TODAY)


def test_a_drop_is_a_week_of_at_most_half_of_those_before() -> None:
    before = each_day(35, 8, 4)
    assert drop(before | each_day(7, 1, 1)) == Alert("sales_drop", US, "MUG", 7, 28)
    assert drop(before | each_day(7, 1, 2)) == Alert("sales_drop", US, "MUG", 14, 28)
    assert drop(before | each_day(7, 1, 3)) is None


def test_a_drop_within_chance_and_of_few_units_is_none() -> None:
    # 8 a week are expected; 3 are 5 fewer, and twice the deviation is 6.3.
    assert drop(each_day(35, 8, 1) | {TODAY - timedelta(days=9): 5, TODAY - timedelta(days=1): 3}) is None
    assert drop(each_day(35, 8, 1)) == Alert("sales_drop", US, "MUG", 0, 7)
    assert drop(each_day(35, 9, 1)) is None


def test_the_present_day_does_not_count_for_it_is_not_over() -> None:
    units = each_day(35, 8, 4) | each_day(7, 1, 3)
    assert drop(units | {TODAY: -100}) is None


def spike(returned: Mapping[date, int], units: Mapping[date, int]) -> Alert | None:
    return alert_rules.return_spike(US, "MUG", returned, units, TODAY)


def test_a_spike_is_twice_as_many_returns_as_the_sales_let_expect() -> None:
    steady, returned = each_day(70, 1, 10), {TODAY - timedelta(days=ago): 1 for ago in range(15, 71, 7)}
    lately = {TODAY - timedelta(days=ago): 2 for ago in range(1, 8, 2)}
    assert spike(returned | lately, steady) == Alert("return_spike", US, "MUG", 8, 2)
    assert spike(lately, {}) == Alert("return_spike", US, "MUG", 8, 0)
    assert spike(returned | {TODAY - timedelta(days=1): 2}, steady) is None
    # Sales grew fivefold: so may returns.
    assert spike(returned | lately, each_day(70, 29, 1) | each_day(28, 1, 20)) is None


def test_a_shipment_or_an_order_is_late_from_the_first_day_on() -> None:
    found = alert_rules.late_shipment(US, ("s1", "Autumn"), "MUG", 1)
    assert found == Alert("late_shipment", US, "MUG", 1, 0, None, "s1", "Autumn")
    assert alert_rules.late_shipment(US, ("s1", "Autumn"), "MUG", 0) is None
    order = ("o1", "PO-000001")
    late = alert_rules.late_order(order, "MUG", TODAY - timedelta(days=3), TODAY)
    assert late == Alert("late_order", "", "MUG", 3, 0, None, "o1", "PO-000001")
    assert alert_rules.late_order(order, "MUG", TODAY, TODAY) is None


def test_alerts_that_were_stored_without_a_shipment_or_an_order_are_read() -> None:
    stored = zlib.compress(b'["2026-11-22",[["sales_drop","ATVPDKIKX0DER","MUG",7,28,null]],1]')
    assert alert_rules.unpacked(stored).alerts == (Alert("sales_drop", US, "MUG", 7, 28),)


def fee(recent: int, before: int, days: int = 5) -> Alert | None:
    fees = {TODAY - timedelta(days=1 + ago): (-2 * recent, 2) for ago in range(days)}
    fees |= {TODAY - timedelta(days=20 + ago): (-before, 1) for ago in range(days)}
    return alert_rules.fee_change(US, "MUG", "USD", fees, TODAY)


@pytest.mark.parametrize(
    ("recent", "before", "days", "is_one"),
    [(342, 322, 5, True), (322, 342, 5, True), (330, 322, 5, False), (342, 322, 2, False), (11, 10, 5, False)],
)
def test_a_fee_change_is_five_percent_on_several_days(recent: int, before: int, days: int, *, is_one: bool) -> None:
    expected = Alert("fee_change", US, "MUG", recent, before, "USD") if is_one else None
    assert fee(recent, before, days) == expected


def test_one_corrected_day_is_no_fee_change() -> None:
    fees = {TODAY - timedelta(days=ago): (-322, 1) for ago in range(1, 40)}
    fees[TODAY - timedelta(days=2)] = (-9000, 1)
    fees[TODAY - timedelta(days=3)] = (0, 4)
    assert alert_rules.fee_change(US, "MUG", "USD", fees, TODAY) is None


def test_a_stock_out_is_near_when_an_order_of_today_comes_too_late() -> None:
    late = alert_rules.stock_out(US, "MUG", 5, TODAY - timedelta(days=9), TODAY)
    assert late == Alert("stock_out", US, "MUG", 5, 14)
    assert alert_rules.stock_out(US, "MUG", 15, TODAY + timedelta(days=1), TODAY) is None
    assert alert_rules.stock_out(US, "MUG", None, None, TODAY) is None


alerts = st.builds(
    Alert, st.sampled_from(alert_rules.KINDS), st.sampled_from([US, CANADA]), st.text("ABC", min_size=1, max_size=2),
    st.integers(0, 50), st.integers(0, 50),
)  # fmt: skip


@given(st.lists(alerts, max_size=60), st.integers(1, 30))
def test_a_board_keeps_the_gravest_and_no_kind_hides_another(found: list[Alert], most: int) -> None:
    board = board_of(TODAY, found)
    assert alert_rules.unpacked(alert_rules.packed(board)) == board
    assert board.found == len(found)
    for kind in alert_rules.KINDS:
        kept, all_of_it = ([each for each in of if each.kind == kind] for of in (board.alerts, found))
        assert len(kept) == min(len(all_of_it), alert_rules.MOST_OF_A_KIND)
        assert sorted((each.gravity for each in all_of_it), reverse=True)[: len(kept)] == [x.gravity for x in kept]
    shown = in_turns([("C", each) for each in board.alerts], most)
    assert len(shown) == min(most, len(board.alerts))
    if most >= len(alert_rules.KINDS):
        assert {each.kind for _, each in shown} == {each.kind for each in board.alerts}


@pytest.mark.parametrize(
    ("board", "made_at", "due"),
    [
        (None, 100_000, True),
        (AlertBoard(TODAY, (), 0), 100_000, False),
        (AlertBoard(TODAY - timedelta(days=1), (), 0), 100_000, True),
        (AlertBoard(TODAY, (), 0), 100_000 - alert_rules.REFRESH_SECONDS, True),
    ],
)
def test_when_alerts_are_worked_out_anew(board: AlertBoard | None, made_at: int, *, due: bool) -> None:
    assert alert_rules.is_due(board, made_at, TODAY, 100_000) is due
