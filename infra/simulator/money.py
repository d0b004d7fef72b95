"""Money as integer minor units with its ISO 4217 currency; text only at the edges."""

from decimal import Decimal, InvalidOperation

_EXPONENTS = {"JPY": 0, "KRW": 0, "CLP": 0, "KWD": 3, "BHD": 3, "TND": 3}
CURRENCIES = frozenset(
    [
        "USD",
        "CAD",
        "MXN",
        "BRL",
        "GBP",
        "EUR",
        "SEK",
        "PLN",
        "TRY",
        "SAR",
        "AED",
        "EGP",
        "INR",
        "ZAR",
        "JPY",
        "AUD",
        "SGD",
        "KRW",
        "CLP",
        "KWD",
        "BHD",
        "TND",
        "CHF",
        "DKK",
        "NOK",
        "CZK",
    ]
)


def exponent(currency: str) -> int:
    """Return the number of decimals of a currency's minor unit (ISO 4217); 2 unless listed."""
    return _EXPONENTS.get(currency, 2)


def amount_text(minor: int, currency: str) -> str:
    """Write minor units as a decimal number: 1999 USD is ``19.99``, 1999 JPY is ``1999``."""
    places = exponent(currency)
    if places == 0:
        return str(minor)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def money(minor: int, currency: str) -> dict[str, str]:
    """Return Amazon's Money object for minor units."""
    return {"amount": amount_text(minor, currency), "currencyCode": currency}


def parse_amount(text: str, currency: str) -> int:
    """Read a decimal number as minor units, exactly; ValueError when it is not one or has too many decimals."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number: write it like 19.99") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a number: write it like 19.99")
    places = exponent(currency)
    scaled = value.scaleb(places)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency} knows: use at most {places}")
    return int(scaled)
