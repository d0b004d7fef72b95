"""What to reorder: lead times, safety stock, plans, budget."""

import math
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.restock.demand_rules import Demand, UnknownDemand
from quayside.restock.rules import (
    BudgetLine,
    Leg,
    OpenOrder,
    Position,
    Settings,
    UnusableParameter,
    allocate,
    checked,
    lead_time_of,
    low_inventory,
    rounded_up,
    safety_stock,
    suggest,
    what_if,
    within_budget,
    z_of,
)

LAST = date(2026, 3, 31)
FIRST = date(2026, 4, 1)


def flat(daily: float, deviation: float = 0.0, **changes: object) -> Demand:
    demand = Demand(
        last_day=LAST,
        method="windows",
        is_fixed=False,
        level=daily,
        trend=0.0,
        damping=0.0,
        weekday=(1.0,) * 7,
        season=(),
        daily_deviation=deviation,
        growth_percent=0,
        alpha=0.03,
        counted_days=90,
        counted_units=round(90 * daily),
        stockout_days=0,
        capped_days=0,
        windows=(),
        trials=(),
    )
    return msgspec.structs.replace(demand, **changes)


def asked(**changes: object) -> Settings:
    plain = Settings(
        send_legs=(Leg("to Amazon", 10),), buy_legs=(Leg("production", 20),), send_cover_days=30, buy_cover_days=60
    )
    return msgspec.structs.replace(plain, **changes)


def test_a_leg_goes_by_its_measurements_from_three_on() -> None:
    assert lead_time_of([Leg("sea", 30, (40, 40))]).days == 30
    measured = lead_time_of([Leg("sea", 30, (38, 40, 42)), Leg("receiving", 5)])
    assert (measured.days, measured.deviation_days) == (45, 2)


def test_safety_stock_is_the_formula_on_its_card() -> None:
    lead_time = lead_time_of([Leg("sea", 0, (14, 16, 18))])
    assert safety_stock(1.645, lead_time, 10, 4) == pytest.approx(1.645 * math.sqrt(16 * 4**2 + 10**2 * 2**2))
    assert z_of(0.95) == pytest.approx(1.644854, abs=1e-6)


def test_both_plans_of_a_steady_product() -> None:
    both = suggest(flat(2.0), Position(fulfillable=20, own_stock=30), asked(service_level=0.5))
    send, buy = both.send, both.buy
    assert (send.reorder_point, send.target_units, send.wanted_units) == (20, 80, 60)
    assert (send.quantity, send.short_units, send.status) == (30, 30, "order_now")
    assert (send.run_out_on, send.order_by) == (FIRST + timedelta(days=10), FIRST)
    assert (buy.reorder_point, buy.position_units, buy.target_units) == (60, 50, 180)
    assert (buy.quantity, buy.order_by) == (130, FIRST - timedelta(days=5))


def test_nothing_is_ordered_before_its_day() -> None:
    plan = suggest(flat(2.0), Position(fulfillable=100), asked(service_level=0.5)).buy
    assert (plan.quantity, plan.wanted_units, plan.status) == (0, 80, "enough")
    assert (plan.reorder_on, plan.order_by) == (FIRST + timedelta(days=20), FIRST + timedelta(days=20))


def test_what_a_supplier_still_owes_counts_by_its_date() -> None:
    late = OpenOrder(100, FIRST + timedelta(days=40))
    plan = suggest(flat(2.0), Position(fulfillable=40, open_orders=(late,)), asked(service_level=0.5)).buy
    assert plan.status == "order_now"
    assert (plan.position_units, plan.quantity) == (140, 40)
    never = OpenOrder(100, FIRST + timedelta(days=300))
    assert suggest(flat(2.0), Position(open_orders=(never,)), asked()).buy.position_units == 0


@pytest.mark.parametrize("days", [20, 20.2, 20.9])
def test_what_was_ordered_today_is_not_ordered_again(days: float) -> None:
    given_ = asked(send_legs=(Leg("to Amazon", 4.5),), buy_legs=(Leg("production", days),))
    first = suggest(flat(2.0, 1.0), Position(fulfillable=20), given_).buy
    assert first.quantity > 0
    ordered = OpenOrder(first.quantity, FIRST + timedelta(days=math.ceil(days)))
    for later in range(3):
        position = Position(fulfillable=20 - 2 * later, open_orders=(ordered,))
        again = suggest(flat(2.0, 1.0, last_day=LAST + timedelta(days=later)), position, given_).buy
        assert again.quantity == 0


def test_stock_for_far_too_long_is_overstock() -> None:
    plan = suggest(flat(1.0), Position(fulfillable=300), asked(service_level=0.5)).buy
    assert (plan.target_units, plan.status, plan.overstock_units) == (90, "overstock", 165)


def test_stock_that_lasts_for_years_has_no_run_out_date() -> None:
    plan = suggest(flat(0.01), Position(fulfillable=300), asked()).buy
    assert (plan.run_out_on, plan.order_by, plan.reorder_on) == (None, None, None)


@pytest.mark.parametrize(
    ("wanted", "minimum", "carton", "expected"),
    [(0, 50, 6, 0), (18, 0, 5, 20), (18, 100, 24, 120), (24, 0, 24, 24), (1, 0, 1, 1)],
)
def test_minimum_and_cartons(wanted: int, minimum: int, carton: int, expected: int) -> None:
    assert rounded_up(wanted, minimum, carton) == expected


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"service_level": 1.0}, "service_level", "from 0.5 to 0.999"),
        ({"service_level": float("nan")}, "service_level", "from 0.5 to 0.999"),
        ({"send_legs": ()}, "send_legs", "from 1 to 365 days"),
        ({"send_legs": (Leg("to Amazon", 0),)}, "send_legs", "from 1 to 365 days"),
        ({"buy_legs": (Leg("sea", -1),)}, "buy_legs[0].days", "from 0 to 365 days"),
        ({"buy_cover_days": 0}, "buy_cover_days", "from 1 to 365 days"),
        ({"carton_units": 0}, "carton_units", "from 1 to 10000 units"),
        ({"growth_percent": -100}, "growth_percent", "from -90 to 400 percent"),
        ({"minimum_order_units": -1}, "minimum_order_units", "from 0 to 1e+06 units"),
    ],
)
def test_impossible_settings_are_refused_with_the_range(changes: dict[str, object], field: str, said: str) -> None:
    with pytest.raises(UnusableParameter) as refused:
        checked(asked(**changes))
    assert refused.value.field == field
    assert said in refused.value.problem


def test_a_budget_goes_first_to_what_runs_out_first() -> None:
    lines = [
        BudgetLine("soon", 40, 10, 0, 100, 2.0, 5),
        BudgetLine("later", 40, 10, 20, 100, 2.0, 30),
        BudgetLine("none", 0, 10, 0, 100, 2.0, 1),
    ]
    assert [each.quantity for each in within_budget(lines, 10_000)] == [40, 40, 0]
    assert [each.quantity for each in within_budget(lines, 4_500)] == [40, 0, 0]
    assert [each.quantity for each in within_budget(lines, 999)] == [0, 0, 0]
    with pytest.raises(UnusableParameter, match="no unit cost"):
        within_budget([BudgetLine("free", 1, 1, 0, 0, 1.0, 1)], 100)


def test_a_parent_is_held_to_28_days_for_all_its_children_together() -> None:
    assert low_inventory([(30, 1.0), (26, 1.0)]).is_below is False
    below = low_inventory([(30, 1.0), (25, 1.0)])
    assert (below.days_of_supply_tenths, below.missing_units, below.is_below) == (275, 1, True)
    assert low_inventory([(0, 0.0)]).days_of_supply_tenths is None


def test_what_if_changes_only_what_is_asked() -> None:
    position = Position(fulfillable=100)
    now = suggest(flat(2.0, 1.0), position, asked())
    assert what_if(flat(2.0, 1.0), position, asked()) == now
    slower = what_if(flat(2.0, 1.0), position, asked(), extra_lead_days=30)
    assert not isinstance(slower, UnknownDemand)
    assert slower.buy.lead_time.days == now.buy.lead_time.days + 30
    assert slower.send == now.send
    grown = what_if(flat(2.0, 1.0), position, asked(), growth_percent=50)
    assert not isinstance(grown, UnknownDemand)
    assert grown.buy.forecast_units == pytest.approx(1.5 * now.buy.forecast_units)
    with pytest.raises(UnusableParameter, match="service_level"):
        what_if(flat(2.0), position, asked(), service_level=1.0)


# -- Properties ------------------------------------------------------------------------------------------------------

DEMANDS = st.builds(
    flat,
    st.floats(0, 200),
    st.floats(0, 100),
    trend=st.floats(-2, 2),
    damping=st.floats(0, 0.99),
    weekday=st.tuples(*[st.floats(0, 3)] * 7),
)
SETTINGS = st.builds(
    asked,
    send_legs=st.tuples(st.builds(Leg, st.just("to Amazon"), st.floats(1, 60))),
    buy_legs=st.tuples(st.builds(Leg, st.just("sea"), st.floats(0, 90), st.tuples(*[st.floats(1, 90)] * 3))),
    service_level=st.floats(0.5, 0.999),
    buy_cover_days=st.integers(1, 120),
    growth_percent=st.integers(-90, 400),
    minimum_order_units=st.integers(0, 500),
    carton_units=st.integers(1, 50),
)
UNITS = st.integers(0, 20_000)
POSITIONS = st.builds(
    Position,
    fulfillable=UNITS,
    inbound=UNITS,
    own_stock=UNITS,
    open_orders=st.lists(st.builds(OpenOrder, UNITS, st.dates(FIRST, FIRST + timedelta(days=400))), max_size=3).map(
        tuple
    ),
)


@settings(max_examples=50, deadline=None)
@given(DEMANDS, POSITIONS, SETTINGS)
def test_quantities_are_never_negative_and_whole_cartons(demand: Demand, position: Position, given_: Settings) -> None:
    both = suggest(demand, position, given_)
    for plan in (both.send, both.buy):
        assert min(plan.quantity, plan.wanted_units, plan.safety_stock, plan.short_units, plan.overstock_units) >= 0
    assert both.buy.quantity % given_.carton_units == 0
    assert both.send.quantity <= position.own_stock
    if both.buy.quantity:
        assert both.buy.quantity >= max(both.buy.wanted_units, given_.minimum_order_units)


@settings(max_examples=50, deadline=None)
@given(DEMANDS, POSITIONS, SETTINGS, st.integers(1, 5_000))
def test_more_stock_never_orders_earlier_nor_more(
    demand: Demand, position: Position, given_: Settings, more: int
) -> None:
    less = suggest(demand, position, given_)
    for field in ("fulfillable", "own_stock"):
        richer = msgspec.structs.replace(position, **{field: getattr(position, field) + more})
        rich = suggest(demand, richer, given_)
        for before, after in ((less.send.order_by, rich.send.order_by), (less.buy.order_by, rich.buy.order_by)):
            assert after is None or (before is not None and before <= after)
        for early, late in ((less.send.reorder_on, rich.send.reorder_on), (less.buy.reorder_on, rich.buy.reorder_on)):
            assert late is None or (early is not None and early <= late)
        assert rich.buy.quantity <= less.buy.quantity
        assert rich.send.wanted_units <= less.send.wanted_units


@settings(max_examples=100)
@given(st.integers(0, 10**9), st.lists(st.floats(0, 1e12), min_size=1, max_size=30))
def test_shares_add_up_exactly_and_are_fair(total: int, weights: list[float]) -> None:
    shares = allocate(total, weights)
    assert sum(shares) == total
    assert min(shares) >= 0
    whole = math.fsum(weights)
    if whole:
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share - total * (weight / whole)) < 1 + 1e-6


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            BudgetLine,
            st.just("a"),
            st.integers(0, 500),
            st.integers(1, 30),
            st.integers(0, 60),
            st.integers(1, 9_999),
            st.floats(0, 50),
            st.none() | st.integers(0, 200),
        ),
        max_size=8,
    ),
    st.integers(0, 5_000_000),
)
def test_a_budget_is_never_overspent(lines: list[BudgetLine], budget: int) -> None:
    funded = within_budget(lines, budget)
    assert sum(each.cost_minor for each in funded) <= budget
    for line, each in zip(lines, funded, strict=True):
        assert each.quantity in {0, *range(min(line.quantity, line.minimum_units), line.quantity + 1)}
