"""From proceeds to profit: costs joined to Amazon's money, and nothing partial shown as whole."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.analytics import margin_rules
from quayside.analytics.margin_rules import Column, CostedSale, Exchange, Outlay, Sale, Shown, cost_sales
from quayside.analytics.profit_rules import Slice
from quayside.analytics.rules import Standing
from quayside.finance.cost_rules import DayCost, Lot, Method, OtherCost
from quayside.finance.rate_rules import Rate

AS_OF = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
WHOLE = Standing(AS_OF, known=True, whole=True)
MONDAY = date(2026, 11, 2)
MINUS = "\N{MINUS SIGN}"
BOOKED = {"product_sales": 10_000, "referral_fee": -1500}
EUROS = Exchange([], "EUR")


def on(number: int) -> date:
    return MONDAY + timedelta(days=number)


def sale(number: int, units: int, place: str = "DE", currency: str = "EUR") -> Sale:
    return Sale(on(number), place, currency, units)


def lot(number: int, units: int, each: int, currency: str = "EUR") -> Lot:
    return Lot(f"l{number}", on(number), units, currency, units * each, units)


def came_back(number: int, units: int, place: str = "DE") -> Sale:
    return Sale(on(number), place, "EUR", -units, is_return=True)


sales = st.lists(
    st.builds(sale, st.integers(-3, 12), st.integers(1, 9), st.sampled_from(["DE", "FR"]))
    | st.builds(came_back, st.integers(-3, 12), st.integers(1, 3), st.sampled_from(["DE", "FR"])),
    max_size=8,
)


@settings(max_examples=50)
@given(sales, st.integers(0, 12), st.sampled_from(["fifo", "weighted_average", "period"]))
def test_what_a_day_costs_does_not_depend_on_the_period_shown(made: list[Sale], first: int, method: Method) -> None:
    lots = [lot(0, 10, 100), lot(2, 10, 130)]
    everything = cost_sales(lots, method, made, on(-9), on(-9))
    shown = cost_sales(lots, method, made, on(-9), on(first))
    wanted = [each for each in everything if each.sale.day >= on(first)]
    assert sorted(shown, key=repr) == sorted(wanted, key=repr)
    assert sum(each.sale.units for each in shown) == sum(each.units for each in made if each.day >= on(first))


def test_places_of_a_day_share_the_lots_to_the_last_unit() -> None:
    found = cost_sales([lot(0, 3, 100), lot(1, 3, 200)], "fifo", [sale(2, 2, "FR"), sale(2, 2)], on(0), on(1))
    assert [(each.sale.place, each.found.cost_minor) for each in found] == [("DE", 200), ("FR", 300)]


@pytest.mark.parametrize(("method", "kept"), [("fifo", 200), ("weighted_average", 300), ("period", 400)])
def test_a_unit_that_came_back_sellable_takes_its_cost_off_and_is_sold_again(method: Method, kept: int) -> None:
    lots = [lot(0, 2, 100), lot(0, 2, 200)]
    made = [sale(1, 3), came_back(3, 1), sale(5, 1)]
    found = cost_sales(lots, method, made, on(0), on(0))
    costs = [each.found.cost_minor for each in found]
    # Under first in, first out the last that went out comes back; then it goes out again.
    assert costs[1] == -costs[2]
    days = margin_rules.outlays_by_day(found, [], EUROS, Slice(on(0), on(9)))
    until = margin_rules.within(days, Slice(on(0), on(4)))
    assert (until.goods_minor, until.units, until.returned_units, until.is_whole) == (kept, 3, 1, True)


def test_a_return_without_a_cost_takes_nothing_off_and_is_said() -> None:
    made = [sale(1, 3), came_back(3, 2)]
    days = margin_rules.outlays_by_day(cost_sales([], "fifo", made, on(0), on(0)), [], EUROS, Slice(on(0), on(9)))
    outlay = margin_rules.total(days.values())
    assert outlay == Outlay(units=3, uncosted_units=3, returned_units=2, uncosted_returns=2)
    only = result(Outlay(returned_units=2, uncosted_returns=2))
    assert (only.goods.value, only.profit.state, only.margin.value) == (0, "estimated", None)
    assert any("2 units that came back to be sold again have no cost" in note for note in only.goods.method.notes)


@settings(max_examples=50)
@given(sales, st.sampled_from(["fifo", "weighted_average", "period"]))
def test_what_went_out_and_came_back_the_next_day_costs_nothing(made: list[Sale], method: Method) -> None:
    lots = [lot(-4, 200, 100)]
    out = [each for each in made if not each.is_return]
    back = [Sale(each.day + timedelta(days=1), each.place, "EUR", -each.units, is_return=True) for each in out]
    found = cost_sales(lots, method, [*out, *back], on(-9), on(-9))
    outlay = margin_rules.total(margin_rules.outlays_by_day(found, [], EUROS, Slice(on(-9), on(20))).values())
    assert (outlay.goods_minor, outlay.returned_units) == (0, outlay.units)


def test_units_before_the_first_lot_and_beyond_the_last_have_no_cost() -> None:
    found = cost_sales([lot(0, 3, 100)], "fifo", [sale(-1, 2), sale(0, 5)], on(-9), on(-2))
    assert [(each.found.cost_minor, each.found.uncosted_units) for each in found] == [(300, 2), (0, 2)]


@pytest.mark.parametrize(("known_from", "unsure"), [(None, True), (on(1), True), (on(0), False)])
def test_lots_older_than_the_known_sales_are_not_certain(known_from: date | None, *, unsure: bool) -> None:
    (found,) = cost_sales([lot(0, 3, 100)], "fifo", [sale(4, 1)], known_from, on(1))
    assert found.is_unsure is unsure
    (other,) = cost_sales([lot(0, 3, 100)], "period", [sale(4, 1)], known_from, on(1))
    assert not other.is_unsure


def test_other_costs_fall_on_their_days_and_add_up() -> None:
    cost = OtherCost("o1", "Photos", 1000, "EUR", on(0), on(6))
    days = margin_rules.outlays_by_day([], [cost], EUROS, Slice(on(-9), on(9)))
    assert margin_rules.total(days.values()).others == (("Photos", 1000),)
    part = margin_rules.within(days, Slice(on(0), on(2)))
    assert part.other_minor == cost.share(on(0), on(2))


@given(
    st.dictionaries(st.tuples(st.sampled_from("ABC"), st.sampled_from("12")), st.integers(-2, 9)), st.integers(0, 999)
)
def test_a_cost_is_shared_by_units_to_the_last_cent(shipped: dict[tuple[str, str], int], minor: int) -> None:
    cost = OtherCost("o1", "Photos", minor, "EUR", on(0), on(0), seller_sku="MUG")
    whole = Slice(on(0), on(0))
    parts = [
        margin_rules.shared_cost(cost, {"2026-11": shipped}, [place for place in shipped if place[0] == of])
        for of in "ABC"
    ]
    days = [margin_rules.outlays_by_day([], [], EUROS, whole, [part]) for part in parts]
    shares = [margin_rules.total(each.values()).other_minor for each in days]
    units = [sum(max(0, count) for place, count in shipped.items() if place[0] == of) for of in "ABC"]
    assert sum(shares) == (minor if any(units) else 0)
    assert all(abs(share - minor * count / max(1, sum(units))) < 2 for share, count in zip(shares, units, strict=True))


def test_currencies_meet_by_a_stated_rate_alone_and_what_has_none_is_counted() -> None:
    rates = Exchange([Rate(on(0), "USD", "EUR", "0.5", "ECB")], "EUR")
    made = [CostedSale(sale(number, 4), DayCost(300, 4, 1), "USD", is_unsure=False) for number in (1, 9)]
    others = [OtherCost("o1", "Agency", 70, "USD", on(7), on(8)), OtherCost("o2", "Rent", 20, "USD", on(1), on(1))]
    found = margin_rules.total(margin_rules.outlays_by_day(made, others, rates, Slice(on(0), on(9))).values())
    # A rate holds for a week: the second sale and one day of the agency have none.
    assert (found.goods_minor, found.units, found.uncosted_units, found.unconverted_units) == (150, 8, 2, 3)
    assert found.others == (("Agency", 18), ("Rent", 10))
    assert found.without_rate == {"Agency"}


def result(outlay: Outlay, standing: Standing = WHOLE) -> margin_rules.Result:
    whole = Column(BOOKED, outlay)
    return margin_rules.result(whole, [whole], None, "fifo", Shown("EUR", standing))


def test_profit_margin_and_return_say_how_they_are_made() -> None:
    found = result(Outlay(goods_minor=4000, units=10, others=(("Photos", 500),)))
    assert (found.goods.value, found.others.value, found.profit.value) == (-4000, -500, 4000)
    assert (found.margin.value, found.roi.value, found.profit.state) == (40, 100, "posted")
    assert found.profit.method.filled == (
        f"Proceeds 85.00 {MINUS} cost of goods sold 40.00 {MINUS} other costs 5.00 = 40.00 EUR"
    )
    assert found.goods.method.filled == "10 units = 40.00 EUR"
    again = result(Outlay(goods_minor=3200, units=10, returned_units=2))
    assert again.goods.method.filled == f"10 units {MINUS} 2 that came back to be sold again = 32.00 EUR"
    assert found.others.method.filled == "Photos 5.00 = 5.00 EUR"
    assert found.roi.method.filled == "40.00 ÷ 40.00 = 100 %"
    assert (found.goods_minor, found.other_minor, found.profit_minor) == ((-4000,), (-500,), (4000,))


def test_a_part_is_called_estimated_and_divides_nothing() -> None:
    found = result(Outlay(goods_minor=4000, units=10, uncosted_units=2, unconverted_units=1))
    assert (found.profit.value, found.profit.state, found.uncosted_units) == (4500, "estimated", 3)
    assert (found.margin.value, found.roi.value) == (None, None)
    assert "A part of the whole: 2 units shipped have no cost entered." in found.profit.method.notes


def test_a_column_that_lacks_a_cost_shows_none_and_the_others_stand() -> None:
    columns = [
        Column(BOOKED, Outlay(goods_minor=100, units=2)),
        Column(BOOKED, Outlay(goods_minor=100, units=2, uncosted_units=1)),
        Column(BOOKED, Outlay(goods_minor=100, units=2, others=(("Rent", 5),), without_rate=frozenset({"Rent"}))),
    ]
    whole = Column(BOOKED, margin_rules.total(column.outlay for column in columns))
    found = margin_rules.result(whole, columns, columns[1], "fifo", Shown("EUR", WHOLE))
    assert found.goods_minor == (-100, None, -100)
    assert found.other_minor == (0, 0, None)
    assert found.profit_minor == (8400, None, None)
    assert [(line.name, line.is_whole, line.total_minor) for line in found.other_lines] == [("Rent", False, -5)]
    assert found.previous_profit_minor is None


def test_profit_is_unknown_while_not_one_cost_is() -> None:
    found = result(Outlay(units=10, uncosted_units=10))
    assert (found.goods.value, found.profit.value, found.profit_minor) == (None, None, (None,))
    assert found.profit.method.filled == "No cost is known for 10 units"


def test_nothing_sold_has_no_return() -> None:
    found = result(Outlay(others=(("Rent", 100),)))
    assert (found.profit.value, found.roi.value) == (8400, None)
    assert found.roi.method.filled == "Not worked out: there is no cost of goods sold in this period"


def test_states_follow_amazons_money() -> None:
    settled = Standing(AS_OF, known=True, whole=True, reconciled=True)
    assert result(Outlay(goods_minor=1, units=1), settled).profit.state == "reconciled"
    assert result(Outlay(goods_minor=1, units=1, unsure_units=1), settled).profit.state == "estimated"
    unread = Standing(AS_OF, known=True, whole=False, reconciled=True)
    assert result(Outlay(goods_minor=1, units=1), unread).profit.state == "estimated"
    assert result(Outlay(goods_minor=1, units=1), Standing(AS_OF, known=False, whole=False)).profit.value is None


@pytest.mark.parametrize(
    ("spans", "covered"),
    [
        ([(0, 56)], True),
        ([(30, 56), (0, 30)], True),
        ([(0, 30), (31, 56)], False),
        ([(0, 55)], False),
        ([(9, 56)], False),
        ([], False),
    ],
)
def test_days_are_reconciled_when_settlements_cover_every_instant(
    spans: list[tuple[int, int]], *, covered: bool
) -> None:
    # In November a day of Los Angeles begins at 8:00 UTC.
    start = datetime(2026, 11, 3, tzinfo=UTC)
    found = [(start + timedelta(hours=begin), start + timedelta(hours=end)) for begin, end in spans]
    period = Slice(date(2026, 11, 3), date(2026, 11, 4))
    assert margin_rules.is_covered(found, period, "America/Los_Angeles") is covered
