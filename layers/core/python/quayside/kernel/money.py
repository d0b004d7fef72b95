"""Money as whole minor units of one currency. No floating point and no implicit conversion anywhere."""

from collections.abc import Sequence
from decimal import Decimal, DecimalException
from typing import Self

import msgspec

from quayside.kernel.errors import InvalidInput

_DEFAULT_EXPONENT = 2
_MAXIMUM_DIGITS = 24
_EXPONENTS = {
    # ISO 4217 (list one, 2026-01-01): currencies whose minor unit is not a hundredth.
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "UYW": 4, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were put together without a stated rate."""


def exponent_of(currency: str) -> int:
    """Return how many decimal places the minor unit of ``currency`` has (2 unless ISO 4217 says otherwise)."""
    return _EXPONENTS.get(currency, _DEFAULT_EXPONENT)


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount of money.

    Attributes:
        amount_minor: the amount in minor units (cents, pence, yen); negative for money going out.
        currency: ISO 4217 code, three capital letters.
    """

    amount_minor: int
    currency: str

    @classmethod
    def from_decimal(cls, text: str, currency: str) -> Self:
        """Read an amount such as ``"12.34"`` exactly.

        Amazon writes some amounts with more places than the currency has, always zeros; other surplus digits are
        refused rather than rounded.

        Raises:
            InvalidInput: the text is no finite number, the currency is no three-letter code, or digits would be lost.
        """
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):  # noqa: PLR2004 - ISO 4217 codes have three letters
            raise InvalidInput(f"'{currency[:12]}' is not a currency code.", code="invalid_currency")
        try:
            value = Decimal(text)
            minor = value.scaleb(exponent_of(currency))
            sensible = value.is_finite() and (not value or abs(value.adjusted()) < _MAXIMUM_DIGITS)
            exact = sensible and minor == minor.to_integral_value()
        except (DecimalException, ValueError) as problem:
            raise InvalidInput(f"'{text[:40]}' is not an amount of money.", code="invalid_amount") from problem
        if not exact:
            raise InvalidInput(f"'{text[:40]}' is not an amount of {currency}.", code="invalid_amount")
        return cls(int(minor), currency)

    def to_decimal(self) -> Decimal:
        """Return the amount in major units, with all the places its currency has."""
        return Decimal(self.amount_minor).scaleb(-exponent_of(self.currency))

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} can't be put together without a rate.")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def allocate(self, weights: Sequence[int]) -> "tuple[Money, ...]":
        """Share the amount out in proportion to ``weights`` so that the parts add up to it exactly.

        The largest remainder method: every part is rounded towards zero and the units left over go to the parts that
        lost most, earlier ones first. When all weights are zero the shares are equal.

        Raises:
            ValueError: there are no weights, or one is negative.
        """
        if not weights or min(weights) < 0:
            raise ValueError("Sharing money out needs weights, none of them negative.")
        parts = list(weights) if any(weights) else [1] * len(weights)
        total = sum(parts)
        amount = abs(self.amount_minor)
        shares = [amount * part // total for part in parts]
        remainders = [amount * part % total for part in parts]
        by_loss = sorted(range(len(parts)), key=lambda place: (-remainders[place], place))
        for place in by_loss[: amount - sum(shares)]:
            shares[place] += 1
        sign = -1 if self.amount_minor < 0 else 1
        return tuple(Money(sign * share, self.currency) for share in shares)
