"""Money changes its currency by a stated rate alone."""

from datetime import date

import pytest

from quayside.finance.rate_rules import Rate, convert, rate_on
from quayside.kernel.money import CurrencyMismatch, Money

RATES = [
    Rate(date(2026, 3, 2), "EUR", "USD", "1.1", "ECB"),
    Rate(date(2026, 3, 6), "EUR", "USD", "1.2", "ECB"),
    Rate(date(2026, 3, 6), "USD", "EUR", "0.8", "ECB"),
]


@pytest.mark.parametrize(("day", "rate"), [(1, None), (2, "1.1"), (5, "1.1"), (6, "1.2"), (13, "1.2"), (14, None)])
def test_a_rate_holds_until_the_next_and_a_week_at_most(day: int, rate: str | None) -> None:
    found = rate_on(RATES, "EUR", "USD", date(2026, 3, day))
    assert (found and found.rate) == rate


@pytest.mark.parametrize(
    ("amount", "rate", "converted"),
    [
        (Money(1000, "EUR"), "1.2345", Money(1234, "USD")),
        (Money(-1000, "EUR"), "1.2355", Money(-1236, "USD")),
        (Money(1000, "EUR"), "160.55", Money(1606, "JPY")),
    ],
)
def test_an_amount_is_rounded_to_the_other_currency(amount: Money, rate: str, converted: Money) -> None:
    stated = Rate(date(2026, 3, 2), "EUR", converted.currency, rate, "ECB")
    assert convert(amount, stated) == converted


def test_a_rate_of_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch, match="A rate of EUR says nothing of USD"):
        convert(Money(1, "USD"), RATES[0])
