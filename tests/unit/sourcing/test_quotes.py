"""Landed cost of a unit by a supplier's quote, by hand and in general."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.kernel.errors import InvalidInput
from quayside.sourcing.quote_rules import Break, Quote, cautions, check, landed

DAY = date(2026, 11, 22)


def quote(**changed: object) -> Quote:
    return Quote(**{  # type: ignore[arg-type]
        "quote_id": "q", "supplier_name": "Hanse Keramik", "currency": "USD",
        "breaks": (Break(1, "2.10"), Break(500, "1.85"), Break(2000, "1.625")), "minimum_units": 300,
        "carton_units": 24, "lead_time_days": 35, "incoterm": "FOB", "freight_unit": "0.42", "duty_basis_points": 650,
        "other_unit": "0.075", "tooling": "180", **changed,
    })  # fmt: skip


def test_an_order_by_hand() -> None:
    found = landed(quote(), 500)
    # 500 in cartons of 24 are 504: 504 x 1.85 = 932.40, freight 211.68, duty 6.5 % = 60.606, other 37.80, tooling 180
    assert (found.units, found.unit_price) == (504, "1.85")
    assert [found.goods, found.freight] == [93240, 21168]
    assert [found.duty, found.other, found.tooling] == [Fraction("6060.6"), 3780, 18000]
    assert found.unit == Fraction("142248.6") / 504


def test_duty_may_be_counted_on_freight_too() -> None:
    found = landed(quote(duty_base="goods_and_freight"), 500)
    assert found.duty == (93240 + 21168) * Fraction(65, 1000)


def test_the_least_order_is_bought_and_said() -> None:
    found = landed(quote(), 10)
    assert (found.units, found.unit_price) == (312, "2.10")
    assert cautions(quote(), found, DAY) == ("312 units have to be bought: the least order.",)


def test_what_a_buyer_has_to_know_is_said() -> None:
    ended = quote(valid_until=date(2026, 11, 21), incoterm="CIF")
    said = cautions(ended, landed(ended, 504), DAY)
    assert said == (
        "It expired on 2026-11-21.",
        "CIF includes freight to the named place, and freight is entered besides.",
    )
    own = quote(freight_unit="0", incoterm="EXW")
    assert cautions(own, landed(own, 504), DAY) == ("EXW leaves freight to you, and none is entered.",)
    assert (ended.holds_on(date(2026, 11, 21)), ended.holds_on(DAY)) == (True, False)


@given(
    wanted=st.integers(1, 5000),
    minimum=st.integers(1, 3000),
    carton=st.integers(1, 500),
    tooling=st.integers(0, 10_000),
)
@settings(max_examples=50)
def test_enough_is_bought_in_full_cartons_and_parts_add_up(
    wanted: int, minimum: int, carton: int, tooling: int
) -> None:
    found = landed(quote(minimum_units=minimum, carton_units=carton, tooling=str(tooling)), wanted)
    assert found.units % carton == 0
    assert max(wanted, minimum) <= found.units < max(wanted, minimum) + carton
    assert found.unit * found.units == found.goods + found.freight + found.duty + found.other + found.tooling
    assert found.unit >= quote().minor(found.unit_price)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"supplier_name": " "}, "supplier_name"),
        ({"currency": "usd"}, "currency"),
        ({"breaks": ()}, "breaks"),
        ({"breaks": (Break(5, "1"), Break(5, "1"))}, "breaks"),
        ({"breaks": (Break(1, "1"), Break(5, "1.01"))}, "breaks"),
        ({"breaks": (Break(1, "0"),)}, "breaks"),
        ({"breaks": (Break(1, "1,85"),)}, "breaks"),
        ({"minimum_units": 0}, "minimum_units"),
        ({"carton_units": 0}, "carton_units"),
        ({"lead_time_days": 731}, "lead_time_days"),
        ({"duty_basis_points": 10_001}, "duty_percent"),
        ({"freight_unit": "NaN"}, "freight_unit"),
        ({"tooling": "0.0000001"}, "tooling"),
        ({"note": "x" * 501}, "note"),
    ],
)
def test_a_quote_that_makes_no_sense_is_refused(changed: dict[str, object], field: str) -> None:
    check(quote())
    with pytest.raises(InvalidInput) as refused:
        check(quote(**changed))
    assert [each.field for each in refused.value.fields] == [field]
