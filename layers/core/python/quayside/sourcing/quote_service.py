"""Use cases of suppliers' quotes: keep, change, remove and compare them on the landed cost of a unit."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec

from quayside.finance import cost_service
from quayside.finance.rate_rules import Rate, rate_on
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import new_id
from quayside.kernel.money import Money, exponent_of
from quayside.sourcing import quote_rules, service, store
from quayside.sourcing.quote_rules import MOST_QUOTES, Break, Landed, Quote
from quayside.sourcing.records import QuoteRecord
from quayside.sourcing.views import BreakDraft, ComparedQuote, Comparison, LandedView, QuoteDraft, QuoteView


def add(lead_id: str, draft: QuoteDraft, *, clock: Clock, entropy: Callable[[int], bytes]) -> str:
    """Keep a new quote for a lead and return its id.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it makes no sense; every wrong field is named.
        Conflict: the lead is approved, or has as many quotes as it may have.
    """
    editable(lead_id)
    if len(store.quotes(lead_id)) >= MOST_QUOTES:
        raise Conflict(
            f"This lead has {MOST_QUOTES} quotes.", code="too_many_quotes", action="Remove one that is out of question."
        )
    quote = quote_of(new_id(entropy), draft)
    store.put_quote(lead_id, quote, step=0, now=clock.now())
    return quote.quote_id


def change(lead_id: str, quote_id: str, version: int, draft: QuoteDraft, *, clock: Clock) -> None:
    """Change a quote that is at ``version``.

    Raises:
        NotFound: there is no such quote.
        InvalidInput: it makes no sense; every wrong field is named.
        Conflict: the lead is approved, or somebody else changed the quote meanwhile.
    """
    editable(lead_id)
    record_of(lead_id, quote_id)
    if store.put_quote(lead_id, quote_of(quote_id, draft), step=version, now=clock.now()) is None:
        raise Conflict("Somebody else changed this quote meanwhile.", code="quote_changed")


def remove(lead_id: str, quote_id: str) -> None:
    """Remove a quote.

    Raises:
        NotFound: there is no such quote.
        Conflict: the lead is approved, or a scenario counts with the quote.
    """
    editable(lead_id)
    record_of(lead_id, quote_id)
    using = next((each.read() for each in store.scenarios(lead_id) if each.read().quote_id == quote_id), None)
    if using is not None:
        raise Conflict(
            f"The scenario “{using.name}” counts with this quote.",
            code="quote_in_use",
            action="Let it count with another one first.",
        )
    store.remove_quote(lead_id, quote_id)


def editable(lead_id: str) -> None:
    """Let a lead through that may still be changed.

    Raises:
        NotFound: there is no such lead.
        Conflict: it is approved.
    """
    if service.known(lead_id).lead.approval is not None:
        raise Conflict(
            "This lead is approved, so what it was approved by stays.",
            code="lead_approved",
            action="Change its order or its listing.",
        )


def record_of(lead_id: str, quote_id: str) -> QuoteRecord:
    """Return a quote for a lead.

    Raises:
        NotFound: there is no such quote.
    """
    found = next((each for each in store.quotes(lead_id) if each.read().quote_id == quote_id), None)
    if found is None:
        raise NotFound("There is no such quote.", code="quote_not_found")
    return found


def quote_of(quote_id: str, draft: QuoteDraft) -> Quote:
    """Return the quote that a draft describes.

    Raises:
        InvalidInput: it makes no sense; every wrong field is named.
    """
    given = msgspec.structs.asdict(draft)
    percent = given.pop("duty_percent")
    given["breaks"] = tuple(Break(each.from_units, each.unit_price.strip()) for each in draft.breaks)
    for field in ("supplier_name", "freight_unit", "other_unit", "tooling", "note"):
        given[field] = given[field].strip()
    given["currency"] = draft.currency.strip().upper()
    quote = Quote(quote_id, duty_basis_points=service.basis_points(percent, "duty_percent"), **given)
    quote_rules.check(quote)
    return quote


def quote_view(record: QuoteRecord) -> QuoteView:
    """Return a quote as it is shown."""
    quote = record.read()
    given = msgspec.structs.asdict(quote)
    points = given.pop("duty_basis_points")
    del given["quote_id"]
    given["breaks"] = tuple(BreakDraft(each.from_units, each.unit_price) for each in quote.breaks)
    draft = QuoteDraft(duty_percent=percent_of(points), **given)
    return QuoteView(quote.quote_id, int(record.step), record.entered_at, draft)


def percent_of(basis_points: int) -> str:
    """Write hundredths of a percent as a person types them."""
    text = f"{Decimal(basis_points) / 100:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# -- Landed cost -------------------------------------------------------------------------------------------------------


class There(NamedTuple):
    """A landed cost in a marketplace's currency: of one unit, exact; None when no rate is known."""

    unit: Fraction | None
    rate: Rate | None


def rates_to(currencies: list[str], currency: str, day: date) -> dict[str, Rate]:
    """Return the rates of the tenant in scope that hold on a day, by the currency they are from."""
    known = cost_service.rates_between(currencies, currency, day, day)
    found = {base: rate_on(known, base, currency, day) for base in dict.fromkeys(currencies)}
    return {base: rate for base, rate in found.items() if rate is not None}


def there(found: Landed, quote: Quote, currency: str, rates: dict[str, Rate]) -> There:
    """Return a landed cost of a unit in another currency, by a rate that the seller stated."""
    if quote.currency == currency:
        return There(found.unit, None)
    rate = rates.get(quote.currency)
    if rate is None:
        return There(None, None)
    scale = Fraction(10) ** (exponent_of(currency) - exponent_of(quote.currency))
    return There(found.unit * Fraction(Decimal(rate.rate)) * scale, rate)


def landed_view(found: Landed, quote: Quote, currency: str, converted: There) -> LandedView:
    """Return a landed cost as it is shown; its parts are rounded half to even, each by itself."""

    def money(minor: Fraction) -> Money:
        return Money(round(minor), quote.currency)

    rate = converted.rate
    missing = f"There is no rate from {quote.currency} to {currency} of the last seven days: state one under Costs."
    return LandedView(
        units=found.units,
        unit_price=found.unit_price,
        currency=quote.currency,
        goods=money(found.goods),
        freight=money(found.freight),
        duty=money(found.duty),
        other=money(found.other),
        tooling=money(found.tooling),
        total=money(found.total),
        unit=money(found.unit),
        unit_there=None if converted.unit is None else Money(round(converted.unit), currency),
        rate="" if rate is None else f"1 {rate.base} = {rate.rate} {rate.quote}, {rate.day.isoformat()}, {rate.source}",
        problem=missing if converted.unit is None else "",
    )


def compare(lead_id: str, units: int, currency: str, clock: Clock) -> Comparison:
    """Compare all quotes for a lead on the landed cost of a unit when ``units`` are needed, in one currency.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: the currency is no code.
    """
    service.known(lead_id)
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):  # noqa: PLR2004 - ISO 4217
        problem = FieldProblem("currency", "has to be a code of three letters, such as EUR")
        raise InvalidInput("The currency is no code.", code="invalid_currency", fields=(problem,))
    today = clock.now().date()
    quotes = [each.read() for each in store.quotes(lead_id)]
    rates = rates_to([each.currency for each in quotes], currency, today)
    judged = []
    for quote in quotes:
        found = quote_rules.landed(quote, units)
        judged.append((quote, found, there(found, quote, currency, rates)))
    judged.sort(key=lambda each: (each[2].unit is None, each[2].unit or 0, each[0].supplier_name, each[0].quote_id))
    best = next((quote.quote_id for quote, _, cost in judged if cost.unit is not None and quote.holds_on(today)), None)
    return Comparison(
        units,
        currency,
        tuple(
            ComparedQuote(
                quote.quote_id,
                quote.supplier_name,
                quote.incoterm,
                quote.lead_time_days,
                quote.valid_until,
                landed_view(found, quote, currency, cost),
                quote_rules.cautions(quote, found, today),
                quote.quote_id == best,
            )
            for quote, found, cost in judged
        ),
    )
