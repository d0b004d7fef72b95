"""What a supplier offers, and what a unit costs landed by it. Pure.

Landed cost of a unit when ``n`` units are bought: the price of the break that ``n`` reaches, freight, duty and other
costs of a unit, and the tooling shared by all ``n``. Fewer than the least order can't be bought, and what is bought
comes in full cartons, so ``n`` is rounded up to both. Duty is a share of the goods' price, or of goods and freight, as
the country of import has it. Source: Incoterms 2020 for who pays what; the terms "goods" (FOB value, as in the United
States) and "goods and freight" (CIF value, as in the European Union) for what duty is counted on.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, DecimalException
from fractions import Fraction
from typing import Literal, get_args

import msgspec

from quayside.kernel.errors import FieldProblem, InvalidInput
from quayside.kernel.money import exponent_of

Incoterm = Literal["EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP"]
INCOTERMS: tuple[Incoterm, ...] = get_args(Incoterm)
DutyBase = Literal["goods", "goods_and_freight"]

MOST_QUOTES = 20
MOST_BREAKS = 20
MOST_UNITS = 10_000_000
MOST_MAJOR = 10**9
MOST_DECIMALS = 6
"""A screw may cost less than a cent, so the amounts of a unit have more places than their currency."""
LONGEST_LEAD_TIME_DAYS = 730
LONGEST_SUPPLIER = 120
WHOLE = 10_000
"""Shares are kept in hundredths of a percent; this is all of it."""
_FREIGHT_PAID = frozenset({"CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP"})
_LONGEST_NOTE = 500


class Break(msgspec.Struct, frozen=True, array_like=True):
    """From how many units on which price of one unit holds: a decimal number in the quote's currency."""

    from_units: int
    unit_price: str


class Quote(msgspec.Struct, frozen=True):
    """What a supplier offers; amounts are decimal numbers in ``currency``, such as ``"0.085"``.

    Attributes:
        quote_id: its id.
        supplier_name: who offers it.
        currency: of all its amounts.
        breaks: prices by quantity, the smallest first.
        minimum_units: the least order (MOQ).
        carton_units: how many units a carton holds; orders are full cartons.
        lead_time_days: from order to ready goods.
        incoterm: who pays for which part of the way.
        supplier_id: the supplier in procurement, once it is kept there.
        valid_until: the last day on which it holds; None when the supplier named none.
        freight_unit: freight of one unit.
        duty_basis_points: duty in hundredths of a percent.
        duty_base: what duty is counted on.
        other_unit: inspection, preparation and the rest, of one unit.
        tooling: paid once with the order, shared by its units.
        note: the seller's words.
    """

    quote_id: str
    supplier_name: str
    currency: str
    breaks: tuple[Break, ...]
    minimum_units: int
    carton_units: int
    lead_time_days: int
    incoterm: Incoterm
    supplier_id: str | None = None
    valid_until: date | None = None
    freight_unit: str = "0"
    duty_basis_points: int = 0
    duty_base: DutyBase = "goods"
    other_unit: str = "0"
    tooling: str = "0"
    note: str = ""

    def minor(self, amount: str) -> Fraction:
        """Return an amount of this quote in minor units, exact."""
        return Fraction(Decimal(amount).scaleb(exponent_of(self.currency)))

    def holds_on(self, day: date) -> bool:
        """Whether the supplier still offers this on a day."""
        return self.valid_until is None or day <= self.valid_until


class Landed(msgspec.Struct, frozen=True):
    """What an order by a quote costs landed, in exact minor units of its currency.

    Attributes:
        wanted_units: how many are needed.
        units: how many have to be bought.
        unit_price: the supplier's price of one, as he wrote it.
        goods: the price of all units.
        freight: their freight.
        duty: their duty.
        other: the other costs of all units.
        tooling: what is paid once.
    """

    wanted_units: int
    units: int
    unit_price: str
    goods: Fraction
    freight: Fraction
    duty: Fraction
    other: Fraction
    tooling: Fraction

    @property
    def total(self) -> Fraction:
        """All of it."""
        return self.goods + self.freight + self.duty + self.other + self.tooling

    @property
    def unit(self) -> Fraction:
        """The landed cost of one unit."""
        return self.total / self.units


def units_to_buy(quote: Quote, wanted: int) -> int:
    """Return how many units have to be bought to have ``wanted``: the least order at least, and full cartons."""
    least = max(wanted, quote.minimum_units, 1)
    return -(-least // quote.carton_units) * quote.carton_units


def price_of(quote: Quote, units: int) -> str:
    """Return the price of one unit when ``units`` are bought: of the last break they reach, else of the first."""
    reached = [each for each in quote.breaks if each.from_units <= units]
    return (reached[-1] if reached else quote.breaks[0]).unit_price


def landed(quote: Quote, wanted: int) -> Landed:
    """Return what it costs landed to have ``wanted`` units by a quote."""
    units = units_to_buy(quote, wanted)
    price = price_of(quote, units)
    goods, freight = quote.minor(price) * units, quote.minor(quote.freight_unit) * units
    dutiable = goods if quote.duty_base == "goods" else goods + freight
    return Landed(
        wanted_units=wanted,
        units=units,
        unit_price=price,
        goods=goods,
        freight=freight,
        duty=dutiable * quote.duty_basis_points / WHOLE,
        other=quote.minor(quote.other_unit) * units,
        tooling=quote.minor(quote.tooling),
    )


def cautions(quote: Quote, found: Landed, today: date) -> tuple[str, ...]:
    """Return what a buyer has to know of a quote before its cost is compared with others."""
    words = []
    if quote.valid_until is not None and not quote.holds_on(today):
        words.append(f"It expired on {quote.valid_until.isoformat()}.")
    if found.units > found.wanted_units:
        why = "the least order" if found.wanted_units < quote.minimum_units else "full cartons"
        words.append(f"{found.units:,} units have to be bought: {why}.")
    has_freight = quote.minor(quote.freight_unit) > 0
    if has_freight and quote.incoterm in _FREIGHT_PAID:
        words.append(f"{quote.incoterm} includes freight to the named place, and freight is entered besides.")
    elif not has_freight and quote.incoterm not in _FREIGHT_PAID:
        words.append(f"{quote.incoterm} leaves freight to you, and none is entered.")
    return tuple(words)


def check(quote: Quote) -> None:
    """Refuse a quote that makes no sense.

    Raises:
        InvalidInput: every field that is wrong is named with what is allowed.
    """
    wrong = (*_problems(quote), *_break_problems(quote.breaks))
    if wrong:
        raise InvalidInput("The quote can't be kept as it is.", code="invalid_quote", fields=wrong)


def _problems(quote: Quote) -> Iterable[FieldProblem]:
    if not 1 <= len(quote.supplier_name.strip()) <= LONGEST_SUPPLIER:
        yield FieldProblem("supplier_name", f"has to have 1 to {LONGEST_SUPPLIER} characters")
    ranges = {
        "minimum_units": (quote.minimum_units, 1, MOST_UNITS),
        "carton_units": (quote.carton_units, 1, 100_000),
        "lead_time_days": (quote.lead_time_days, 0, LONGEST_LEAD_TIME_DAYS),
    }
    for field, (value, least, most) in ranges.items():
        if not least <= value <= most:
            yield FieldProblem(field, f"has to be from {least:,} to {most:,}")
    amounts = {"freight_unit": quote.freight_unit, "other_unit": quote.other_unit, "tooling": quote.tooling}
    for field, text in amounts.items():
        if _amount(text) is None:
            yield FieldProblem(field, _AMOUNT)
    if len(quote.currency) != 3 or not (quote.currency.isascii() and quote.currency.isupper()):  # noqa: PLR2004 - ISO 4217
        yield FieldProblem("currency", "has to be a code of three letters, such as EUR")
    if not 0 <= quote.duty_basis_points <= WHOLE:
        yield FieldProblem("duty_percent", "has to be from 0 to 100")
    if len(quote.note) > _LONGEST_NOTE:
        yield FieldProblem("note", f"has at most {_LONGEST_NOTE} characters")


def _break_problems(breaks: Sequence[Break]) -> Iterable[FieldProblem]:
    if not 1 <= len(breaks) <= MOST_BREAKS:
        yield FieldProblem("breaks", f"has to hold 1 to {MOST_BREAKS} prices")
    starts = [each.from_units for each in breaks]
    if any(not 1 <= each <= MOST_UNITS for each in starts) or sorted(set(starts)) != starts:
        yield FieldProblem("breaks", "has to begin each price at a larger number of units, from 1 on")
    prices = [_amount(each.unit_price) for each in breaks]
    known = [each for each in prices if each]
    if len(known) < len(prices):
        yield FieldProblem("breaks", f"has a price that is none: {_AMOUNT}, and above 0")
    elif known != sorted(known, reverse=True):
        yield FieldProblem("breaks", "has to have prices that fall, or stay, as more units are bought")


_AMOUNT = f"has to be a number such as 0.085, 0 or more, with at most {MOST_DECIMALS} decimals"


def _amount(text: str) -> Decimal | None:
    """Return a decimal number from 0 on with as many places as allowed; None when it is none."""
    try:
        value = Decimal(text)
        sensible = value.is_finite() and 0 <= value <= MOST_MAJOR
        return value if sensible and -int(value.as_tuple().exponent) <= MOST_DECIMALS else None
    except (DecimalException, ValueError):
        return None
