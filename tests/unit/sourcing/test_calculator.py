"""What a unit earns, against hand calculations, and what must hold of every scenario."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.kernel.errors import InvalidInput
from quayside.sourcing.calculator_rules import Estimate, Fee, Scenario, check, estimate

FEES = (Fee("ReferralFee", 375), Fee("FBAFees", 322))


def scenario(**changed: object) -> Scenario:
    return Scenario(**{  # type: ignore[arg-type]
        "scenario_id": "s", "name": "Base", "connection_id": "c", "marketplace_id": "m", "price_minor": 2499,
        "returns_basis_points": 300, "ads_basis_points": 1000, "other_minor": 25, **changed,
    })  # fmt: skip


def test_a_unit_by_hand() -> None:
    found = estimate(scenario(), FEES, Fraction(61250, 100))
    # 24.99 - 3.75 - 3.22 - 6.12 (612.5, half to even) - 0.75 (74.97) - 2.50 (249.9) - 0.25 = 8.40
    assert (found.net_minor, found.fees_minor, found.landed_minor) == (2499, 697, 612)
    assert (found.returns_minor, found.ads_minor, found.profit_minor) == (75, 250, 840)
    assert (found.margin_percent, found.roi_percent, found.break_even_acos_percent) == (34, 137, 43)
    # (3.22 + 6.125 + 0.25) / (1 - 0.13 - 375/2499) = 9.595 / 0.71994 = 13.3275: 13.33
    assert (found.break_even_price_minor, found.has_no_break_even) == (1333, False)


def test_tax_in_the_price_is_no_revenue() -> None:
    found = estimate(scenario(price_minor=2380, tax_basis_points=1900), FEES, Fraction(600))
    assert (found.net_minor, found.tax_minor, found.returns_minor, found.ads_minor) == (2000, 380, 60, 200)
    assert found.profit_minor == 2000 - 697 - 600 - 60 - 200 - 25


def test_nothing_partial_is_shown_as_whole() -> None:
    for fees, landed in ((None, Fraction(1)), (FEES, None)):
        found = estimate(scenario(), fees, landed)
        shares = (found.margin_percent, found.roi_percent, found.break_even_acos_percent)
        assert (found.profit_minor, shares, found.break_even_price_minor) == (None, (None, None, None), None)


def test_no_price_breaks_even_when_shares_take_all() -> None:
    found = estimate(scenario(returns_basis_points=4000, ads_basis_points=5000), FEES, Fraction(1))
    assert (found.break_even_price_minor, found.has_no_break_even) == (None, True)


@given(
    price=st.integers(500, 100_000),
    referral=st.integers(5, 17),
    fixed=st.integers(0, 900),
    landed=st.fractions(0, 5000, max_denominator=1000),
    shares=st.tuples(st.sampled_from([0, 700, 1900, 2500]), st.integers(0, 1000), st.integers(0, 3000)),
)
@settings(max_examples=50)
def test_at_the_break_even_price_nothing_is_lost_but_rounding(
    price: int, referral: int, fixed: int, landed: Fraction, shares: tuple[int, int, int]
) -> None:
    def at(minor: int) -> Estimate:
        fees = (Fee("ReferralFee", round(Fraction(minor * referral, 100))), Fee("FBAFees", fixed))
        tax, returns, ads = shares
        tried = scenario(price_minor=minor, tax_basis_points=tax, returns_basis_points=returns, ads_basis_points=ads)
        return estimate(tried, fees, landed)

    found = at(price)
    taken = (found.fees_minor or 0) + (found.landed_minor or 0) + found.returns_minor + found.ads_minor
    assert found.net_minor + found.tax_minor == price
    assert found.profit_minor == found.net_minor - taken - found.other_minor
    even = found.break_even_price_minor
    assert even is not None
    # The fee's share is known to half a cent of the first price; six amounts are rounded to a cent each.
    slack = 3 + even // price
    assert -slack <= (at(max(even, 1)).profit_minor or 0)
    assert (at(max(even - 1, 1)).profit_minor or 0) <= slack


def test_what_makes_no_sense_is_named_with_its_range() -> None:
    with pytest.raises(InvalidInput) as refused:
        check(scenario(name=" ", price_minor=0, units=0, quote_id="q", landed_minor=1, ads_basis_points=9900))
    assert [each.field for each in refused.value.fields] == ["name", "price", "units", "landed_unit", "ads_percent"]
