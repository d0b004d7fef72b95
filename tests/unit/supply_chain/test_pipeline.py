"""Where every unit of a SKU is, each once, and which legs a leg of restock names."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.restock import choice_rules
from quayside.supply_chain import lead_rules, pipeline_rules
from quayside.supply_chain.pipeline_rules import Moving, Stages

STAGES = ["on_order", "in_production", "in_transit", "at_prep", "inbound"]
moving = st.builds(
    Moving,
    st.just("s"),
    st.just("S"),
    st.integers(1, 900),
    st.sampled_from(STAGES),
    st.none(),
    st.just(0),
    st.booleans(),
)


@given(st.integers(-50, 900), st.lists(moving, max_size=8), st.integers(0, 99), st.integers(0, 99))
@settings(max_examples=50)
def test_every_unit_is_counted_once(not_shipped: int, found: list[Moving], inbound: int, available: int) -> None:
    made = pipeline_rules.stages(Stages(inbound=inbound, available=available), not_shipped, found)
    own = sum(each.units for each in found if not each.at_amazon)
    assert made.total == inbound + available + max(0, not_shipped) + own
    assert made.available == available


def test_units_are_amazon_s_once_an_inbound_shipment_has_left() -> None:
    assert not pipeline_rules.counted_by_amazon((), {})
    assert not pipeline_rules.counted_by_amazon(("F1",), {"F1": "WORKING"})
    assert pipeline_rules.counted_by_amazon(("F1", "F2"), {"F1": "WORKING", "F2": "IN_TRANSIT"})


def test_what_is_overdue_is_late_even_if_nobody_wrote_it_down() -> None:
    today = date(2026, 11, 22)
    assert pipeline_rules.late_by(2, date(2026, 11, 12), today) == 10
    assert pipeline_rules.late_by(2, date(2026, 11, 30), today) == 2
    assert pipeline_rules.late_by(0, None, today) == 0


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("Production", ("production",)),
        ("Freight and customs", ("air", "sea", "road", "rail", "customs")),
        ("Sea freight", ("sea",)),
        ("Air freight, customs", ("air", "customs")),
        ("Check-in at Amazon", ("check_in",)),
        ("Check in", ("check_in",)),
        ("Prep centre", ("prep",)),
        ("Season", ()),
        ("Repair", ()),
        ("Pack and hand over", ()),
        ("Carrier", ()),
    ],
)
def test_a_leg_of_restock_is_measured_by_the_legs_it_names(name: str, kinds: tuple[str, ...]) -> None:
    assert lead_rules.kinds_named(name) == kinds


def test_measured_days_replace_entered_ones_unless_they_can_t_be_reckoned_with() -> None:
    entered = choice_rules.settings_of(choice_rules.STANDARD)
    known = {"Production": (20, 30, 40)}
    found = choice_rules.measured(entered, lambda name: known.get(name, ()))
    assert [leg.mean_days for leg in found.buy_legs] == [30, 30]
    assert [leg.is_measured for leg in (*found.buy_legs, *found.send_legs)] == [True, False, False, False, False]
    assert choice_rules.measured(entered, lambda _: (400, 400, 400)) == entered
