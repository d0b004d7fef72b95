"""Conversion between currencies, only ever by a rate that is in the seller's table with its day and source. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from quayside.kernel.money import CurrencyMismatch, Money, exponent_of

LONGEST_GAP_DAYS = 7
"""A rate holds until the next one, for a week at most: markets close on days off, but an old rate is no rate."""


class Rate(msgspec.Struct, frozen=True, array_like=True):
    """How much of ``quote`` one unit of ``base`` is on ``day``, as ``source`` says. ``rate`` is a decimal number."""

    day: date
    base: str
    quote: str
    rate: str
    source: str


def rate_on(rates: Iterable[Rate], base: str, quote: str, day: date) -> Rate | None:
    """Return the rate that holds on a day: the last one of its pair until then; None when it is over a week old."""
    found = [each for each in rates if (each.base, each.quote) == (base, quote) and each.day <= day]
    latest = max(found, key=lambda each: each.day, default=None)
    return None if latest is None or (day - latest.day).days > LONGEST_GAP_DAYS else latest


def convert(money: Money, rate: Rate) -> Money:
    """Return an amount in the rate's other currency, rounded half to even to its minor unit.

    Raises:
        CurrencyMismatch: the amount is not in the rate's base currency.
    """
    if money.currency != rate.base:
        raise CurrencyMismatch(f"A rate of {rate.base} says nothing of {money.currency}.")
    scale = exponent_of(rate.quote)
    converted = (money.to_decimal() * Decimal(rate.rate)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_EVEN)
    return Money(int(converted.scaleb(scale)), rate.quote)
