import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.kernel.errors import InvalidInput
from quayside.kernel.money import CurrencyMismatch, Money

amounts = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.34", "USD", 1234),
        ("12.3", "EUR", 1230),
        ("12", "USD", 1200),
        ("12.3400", "USD", 1234),
        ("-0.01", "GBP", -1),
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("1E+2", "USD", 10_000),
        ("0", "USD", 0),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert Money.from_decimal(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.345", "USD"), ("0.5", "JPY"), ("", "USD"), ("twelve", "USD"), ("NaN", "USD"), ("Infinity", "USD"),
        ("1", "usd"), ("1", "US"), ("1", "U$D"), ("1E+999999", "USD"), ("1E-999999999", "USD"),
    ],
)  # fmt: skip
def test_what_would_have_to_be_rounded_or_guessed_is_refused(text: str, currency: str) -> None:
    with pytest.raises(InvalidInput):
        Money.from_decimal(text, currency)


@given(amounts, st.sampled_from(["USD", "JPY", "KWD", "CLF"]))
def test_writing_and_reading_gives_the_amount_back(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.from_decimal(str(money.to_decimal()), currency) == money


@given(amounts, amounts)
def test_adding_and_taking_away(one: int, other: int) -> None:
    total = Money(one, "USD") + Money(other, "USD")
    assert total - Money(other, "USD") == Money(one, "USD")
    negative = -total
    assert -negative == total


def test_currencies_never_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatch):
        Money(1, "USD") - Money(1, "EUR")


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_shares_add_up_and_are_fair_to_a_unit(minor: int, weights: list[int]) -> None:
    shares = Money(minor, "USD").allocate(weights)
    assert sum(share.amount_minor for share in shares) == minor
    parts = weights if any(weights) else [1] * len(weights)
    for share, weight in zip(shares, parts, strict=True):
        assert abs(share.amount_minor * sum(parts) - minor * weight) < sum(parts)


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_shares_need_sensible_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1, "USD").allocate(weights)
