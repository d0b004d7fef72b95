"""Amounts and shares of the sales and traffic report, whose numbers are binary fractions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.analytics import rules
from quayside.kernel.errors import InvalidInput
from quayside.kernel.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("359.97", "USD", 35997),
        ("359.97000000000003", "USD", 35997),
        ("0", "EUR", 0),
        ("1500.0", "JPY", 1500),
        ("1499.9999999999998", "JPY", 1500),
    ],
)
def test_noise_of_binary_fractions_is_dropped(amount: str, currency: str, minor: int) -> None:
    assert rules.sales_of(Decimal(amount), currency) == Money(minor, currency)


@pytest.mark.parametrize(("amount", "currency"), [("1.005", "USD"), ("0.5", "JPY"), ("1.00", "usd")])
def test_what_is_finer_than_the_currency_is_refused_and_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(InvalidInput):
        rules.sales_of(Decimal(amount), currency)


@given(st.lists(st.integers(0, 10**7), max_size=30))
def test_a_sum_made_of_binary_fractions_is_read_to_the_cent(cents: list[int]) -> None:
    total = 0.0
    for each in cents:
        total += each / 100
    assert rules.sales_of(Decimal(repr(total)), "USD").amount_minor == sum(cents)


@pytest.mark.parametrize(
    ("percentage", "hundredths"), [("100.0", 10000), ("97.35", 9735), ("0", 0), ("33.333333", 3333)]
)
def test_a_share_in_hundredths_of_a_percent(percentage: str, hundredths: int) -> None:
    assert rules.hundredths_of_a_percent(Decimal(percentage)) == hundredths
