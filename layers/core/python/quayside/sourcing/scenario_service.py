"""Use cases of the calculator: keep, change and remove scenarios, and say what a unit earns in each."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from quayside.amazon.marketplaces import find_marketplace
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.kernel.ids import ConnectionId, new_id
from quayside.kernel.money import Money
from quayside.sourcing import calculator_rules, quote_rules, quote_service, research_store, service, store
from quayside.sourcing.calculator_rules import MOST_SCENARIOS, Estimate, Fee, Scenario
from quayside.sourcing.quote_rules import Landed, Quote
from quayside.sourcing.quote_service import There
from quayside.sourcing.records import Outlook, ScenarioRecord
from quayside.sourcing.research_rules import Priced, channel_of
from quayside.sourcing.rules import Lead
from quayside.sourcing.views import FeeView, ScenarioDraft, ScenarioView

if TYPE_CHECKING:
    from quayside.sourcing.views import LandedView

_MINUS, _DIVIDED = "\N{MINUS SIGN}", "\N{DIVISION SIGN}"
OWN_WORD = "Amazon's fees, by your word"
"""The name of fees that the seller entered: they move with nothing."""


def add(lead_id: str, draft: ScenarioDraft, *, clock: Clock, entropy: Callable[[int], bytes]) -> str:
    """Keep a new scenario of a lead and return its id.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it makes no sense; every wrong field is named.
        Conflict: the lead is approved, or has as many scenarios as it may have.
    """
    quote_service.editable(lead_id)
    if len(store.scenarios(lead_id)) >= MOST_SCENARIOS:
        raise Conflict(
            f"This lead has {MOST_SCENARIOS} scenarios.",
            code="too_many_scenarios",
            action="Remove one that is out of question.",
        )
    scenario = _scenario(lead_id, new_id(entropy), draft)
    store.put_scenario(lead_id, scenario, step=0, now=clock.now())
    refresh(lead_id, clock)
    return scenario.scenario_id


def change(lead_id: str, scenario_id: str, version: int, draft: ScenarioDraft, *, clock: Clock) -> None:
    """Change a scenario that is at ``version``.

    Raises:
        NotFound: there is no such scenario.
        InvalidInput: it makes no sense; every wrong field is named.
        Conflict: the lead is approved, or somebody else changed the scenario meanwhile.
    """
    quote_service.editable(lead_id)
    _record_of(lead_id, scenario_id)
    scenario = _scenario(lead_id, scenario_id, draft)
    if store.put_scenario(lead_id, scenario, step=version, now=clock.now()) is None:
        raise Conflict("Somebody else changed this scenario meanwhile.", code="scenario_changed")
    refresh(lead_id, clock)


def remove(lead_id: str, scenario_id: str, clock: Clock) -> None:
    """Remove a scenario.

    Raises:
        NotFound: there is no such scenario.
        Conflict: the lead is approved.
    """
    quote_service.editable(lead_id)
    _record_of(lead_id, scenario_id)
    store.remove_scenario(lead_id, scenario_id)
    refresh(lead_id, clock)


def _record_of(lead_id: str, scenario_id: str) -> ScenarioRecord:
    found = next((each for each in store.scenarios(lead_id) if each.read().scenario_id == scenario_id), None)
    if found is None:
        raise NotFound("There is no such scenario.", code="scenario_not_found")
    return found


def _scenario(lead_id: str, scenario_id: str, draft: ScenarioDraft) -> Scenario:
    if (draft.connection_id, draft.marketplace_id) not in service.places():
        problem = FieldProblem("marketplace_id", f"is {draft.marketplace_id[:20]}, where that account does not sell")
        raise InvalidInput("The scenario can't be kept as it is.", code="invalid_scenario", fields=(problem,))
    currency = _currency(draft.marketplace_id)

    def minor(text: str | None, field: str) -> int | None:
        return None if text is None or not text.strip() else service.amount(text, currency, field)

    scenario = Scenario(
        scenario_id=scenario_id,
        name=draft.name.strip(),
        connection_id=draft.connection_id,
        marketplace_id=draft.marketplace_id,
        price_minor=service.amount(draft.price, currency, "price"),
        by_amazon=draft.by_amazon,
        units=draft.units,
        quote_id=draft.quote_id,
        landed_minor=minor(draft.landed_unit, "landed_unit"),
        fees_minor=minor(draft.fees, "fees"),
        tax_basis_points=service.basis_points(draft.tax_percent, "tax_percent"),
        returns_basis_points=service.basis_points(draft.returns_percent, "returns_percent"),
        ads_basis_points=service.basis_points(draft.ads_percent, "ads_percent"),
        other_minor=service.amount(draft.other_unit, currency, "other_unit"),
    )
    calculator_rules.check(scenario)
    if scenario.quote_id is not None:
        quote_service.record_of(lead_id, scenario.quote_id)
    return scenario


def _currency(marketplace_id: str) -> str:
    found = find_marketplace(marketplace_id)
    if found is None:
        raise ValueError(f"A scenario is kept for {marketplace_id}, which is no marketplace.")
    return found.currency


# -- What a unit earns -------------------------------------------------------------------------------------------------


class KnownFees(NamedTuple):
    """Amazon's fees for a scenario: each of them, since when they are known, and whose word they are."""

    fees: tuple[Fee, ...]
    as_of: datetime
    source: str


class WorkedOut(NamedTuple):
    """A scenario with what it promises and where that comes from."""

    record: ScenarioRecord
    scenario: Scenario
    currency: str
    estimate: Estimate
    fees: KnownFees | None
    quote: Quote | None
    landed: Landed | None
    there: There | None
    today: date


def work_out(lead: Lead, today: date) -> list[WorkedOut]:
    """Work out every scenario of a lead of the tenant in scope. Reads are bounded: quotes, scenarios, rates, fees."""
    records = store.scenarios(lead.lead_id)
    scenarios = [(record, record.read()) for record in records]
    quotes = {quote.quote_id: quote for quote in (each.read() for each in store.quotes(lead.lead_id))}
    fees = _known_fees(lead, scenarios)
    return [_worked_out(record, scenario, quotes, fees, today) for record, scenario in scenarios]


def scenarios_of(lead_id: str) -> list[Scenario]:
    """Return the scenarios of a lead."""
    return [each.read() for each in store.scenarios(lead_id)]


def _known_fees(lead: Lead, scenarios: Sequence[tuple[ScenarioRecord, Scenario]]) -> Mapping[str, KnownFees]:
    """Return the fees of scenarios: by the seller's word, or Amazon's estimate at exactly that price."""
    found = {}
    asin = next(iter(lead.asins), None)
    wanted = {
        each.scenario_id: (
            ConnectionId(each.connection_id),
            Priced(each.marketplace_id, asin, channel_of(each), each.price_minor),
        )
        for _, each in scenarios
        if each.fees_minor is None and asin is not None
    }
    told = research_store.fees(dict.fromkeys(wanted.values()))
    for scenario_id, place in wanted.items():
        answer = told.get(place)
        if answer is not None and not answer.facts.problem:
            source = f"Amazon's fee estimate for {place[1].asin} (Product Fees API v0)"
            found[scenario_id] = KnownFees(answer.facts.fees, answer.at, source)
    for record, scenario in scenarios:
        if scenario.fees_minor is not None:
            own = (Fee(OWN_WORD, scenario.fees_minor),)
            found[scenario.scenario_id] = KnownFees(own, parse_instant(record.entered_at), "What you entered")
    return found


def _worked_out(
    record: ScenarioRecord,
    scenario: Scenario,
    quotes: Mapping[str, Quote],
    fees: Mapping[str, KnownFees],
    today: date,
) -> WorkedOut:
    currency = _currency(scenario.marketplace_id)
    known = fees.get(scenario.scenario_id)
    quote = None if scenario.quote_id is None else quotes.get(scenario.quote_id)
    landed = None if quote is None else quote_rules.landed(quote, scenario.units)
    converted = None
    unit = None if scenario.landed_minor is None else Fraction(scenario.landed_minor)
    if quote is not None and landed is not None:
        rates = quote_service.rates_to([quote.currency], currency, today)
        converted = quote_service.there(landed, quote, currency, rates)
        unit = converted.unit
    estimate = calculator_rules.estimate(scenario, None if known is None else known.fees, unit)
    return WorkedOut(record, scenario, currency, estimate, known, quote, landed, converted, today)


def refresh(lead_id: str, clock: Clock) -> None:
    """Bring what the board shows of a lead up to date with its scenarios, quotes and fees."""
    now = clock.now()

    def best(lead: Lead) -> Outlook | None:
        known = [each for each in work_out(lead, now.date()) if each.estimate.profit_minor is not None]
        # Money of several currencies is not compared: the first target's counts, else the first scenario's.
        first = lead.targets[0].currency if lead.targets else None
        currencies = [each.currency for each in known]
        wanted = first if first in currencies else next(iter(currencies), None)
        among = [each for each in known if each.currency == wanted]
        top = max(among, key=lambda each: each.estimate.profit_minor or 0, default=None)
        if top is None or top.estimate.profit_minor is None:
            return None
        profit, margin = top.estimate.profit_minor, top.estimate.margin_percent
        return Outlook(top.scenario.name, top.currency, profit, margin, format_instant(now))

    service.keep_outlook(lead_id, best, clock)


# -- Showing it --------------------------------------------------------------------------------------------------------


def scenario_view(found: WorkedOut) -> ScenarioView:
    """Return a scenario with its figures, each with the card that says how it was made."""
    estimate, currency = found.estimate, found.currency
    pen = _Pen(found)
    landed_by: LandedView | None = None
    if found.quote is not None and found.landed is not None and found.there is not None:
        landed_by = quote_service.landed_view(found.landed, found.quote, currency, found.there)
    return ScenarioView(
        scenario_id=found.scenario.scenario_id,
        version=int(found.record.step),
        scenario=_draft(found.scenario, currency),
        currency=currency,
        revenue=pen.revenue(),
        fees=pen.fees(),
        fee_lines=tuple(FeeView(fee.name, Money(fee.minor, currency)) for fee in estimate.fees or ()),
        landed=pen.landed(),
        returns=Money(estimate.returns_minor, currency),
        ads=Money(estimate.ads_minor, currency),
        other=Money(estimate.other_minor, currency),
        profit=pen.profit(),
        margin=pen.share("margin", "Margin", "revenue", estimate.net_minor, estimate.margin_percent),
        roi=pen.share("roi", "Return on investment", "landed cost", estimate.landed_minor, estimate.roi_percent),
        break_even_price=pen.break_even_price(),
        break_even_acos=pen.break_even_acos(),
        landed_by=landed_by,
        missing=pen.missing,
    )


def _draft(scenario: Scenario, currency: str) -> ScenarioDraft:
    def text(minor: int | None) -> str | None:
        return None if minor is None else str(Money(minor, currency).to_decimal())

    points = quote_service.percent_of
    return ScenarioDraft(
        name=scenario.name,
        connection_id=scenario.connection_id,
        marketplace_id=scenario.marketplace_id,
        price=str(Money(scenario.price_minor, currency).to_decimal()),
        by_amazon=scenario.by_amazon,
        units=scenario.units,
        quote_id=scenario.quote_id,
        landed_unit=text(scenario.landed_minor),
        fees=text(scenario.fees_minor),
        tax_percent=points(scenario.tax_basis_points),
        returns_percent=points(scenario.returns_basis_points),
        ads_percent=points(scenario.ads_basis_points),
        other_unit=str(Money(scenario.other_minor, currency).to_decimal()),
    )


class _Pen:
    """Writes the figures of one scenario."""

    def __init__(self, found: WorkedOut) -> None:
        self._found = found
        self._estimate = found.estimate
        self._entered_at = parse_instant(found.record.entered_at)

    @property
    def missing(self) -> tuple[str, ...]:
        """What is lacking, in words."""
        found, words = self._found, []
        if self._estimate.fees is None:
            words.append("Amazon's fees are not known: read them from Amazon, or enter them.")
        if self._estimate.landed_minor is None:
            if found.quote is not None and found.there is not None:
                words.append(f"The quote is in {found.quote.currency}: state a rate to {found.currency} under Costs.")
            else:
                words.append("The landed cost is not known: choose a quote, or enter it.")
        return tuple(words)

    def _money(self, minor: int | None) -> str:
        if minor is None:
            return "unknown"
        return f"{Money(minor, self._found.currency).to_decimal():,}".replace("-", _MINUS)

    @property
    def _as_of(self) -> datetime:
        fees = self._found.fees
        return self._entered_at if fees is None else min(self._entered_at, fees.as_of)

    @property
    def _source(self) -> str:
        words = ["What you entered"]
        if self._found.fees is not None and self._found.fees.source not in words:
            words.append(self._found.fees.source)
        if self._found.quote is not None:
            words.append(f"the quote of {self._found.quote.supplier_name}")
        return ", ".join(words)

    def _figure(  # noqa: PLR0913, PLR0917 - the parts of a figure
        self,
        key: str,
        title: str,
        value: int | None,
        formula: str,
        filled: str,
        inputs: Sequence[tuple[str, int | None]] = (),
        notes: Sequence[str] = (),
        *,
        percent: bool = False,
    ) -> Figure:
        unit = f"minor units of {self._found.currency}" if percent else "minor"
        card = method_card(
            f"sourcing.{key}",
            title,
            formula,
            filled if value is not None else " ".join((*self.missing, *notes)) or filled,
            inputs=[FigureInput(label, minor, unit) for label, minor in inputs if minor is not None],
            notes=notes,
        )
        return figure(
            value,
            unit="percent" if percent else "minor",
            currency=None if percent else self._found.currency,
            as_of=self._as_of,
            state="estimated",
            source=self._source,
            method=card,
        )

    def revenue(self) -> Figure:
        """The price without tax."""
        estimate, points = self._estimate, self._found.scenario.tax_basis_points
        filled = f"{self._money(estimate.price_minor)} {_DIVIDED} (1 + {quote_service.percent_of(points)} %)"
        return self._figure(
            "revenue",
            "Revenue of a unit",
            estimate.net_minor,
            f"Price {_DIVIDED} (1 + tax included in it)",
            f"{filled} = {self._money(estimate.net_minor)}",
            [("Price", estimate.price_minor), ("Tax in it", estimate.tax_minor)],
        )

    def fees(self) -> Figure:
        """Amazon's fees."""
        estimate = self._estimate
        parts = [(fee.name, fee.minor) for fee in estimate.fees or ()]
        filled = " + ".join(self._money(minor) for _, minor in parts) or self._money(0)
        return self._figure(
            "fees",
            "Amazon's fees of a unit",
            estimate.fees_minor,
            "All fees that Amazon takes of one unit at this price",
            f"{filled} = {self._money(estimate.fees_minor)}",
            parts,
            ("Storage and other fees that depend on time are not among them.",),
        )

    def landed(self) -> Figure:
        """The landed cost."""
        found, value = self._found, self._estimate.landed_minor
        landed, quote = found.landed, found.quote
        if landed is None or quote is None:
            return self._figure("landed", "Landed cost of a unit", value, "What you entered", self._money(value))
        total = Money(round(landed.total), quote.currency)
        rate = found.there.rate if found.there is not None else None
        times = "" if rate is None else f" \N{MULTIPLICATION SIGN} {rate.rate} ({rate.day.isoformat()}, {rate.source})"
        return self._figure(
            "landed",
            "Landed cost of a unit",
            value,
            f"(Goods + freight + duty + other costs + tooling) {_DIVIDED} units bought, in the marketplace's currency",
            f"{total.to_decimal():,} {quote.currency} {_DIVIDED} {landed.units:,}{times} = {self._money(value)}",
            notes=quote_rules.cautions(quote, landed, found.today),
        )

    def profit(self) -> Figure:
        """What is left."""
        estimate = self._estimate
        taken = [
            ("Amazon's fees", estimate.fees_minor),
            ("Landed cost", estimate.landed_minor),
            ("Returns", estimate.returns_minor),
            ("Advertising", estimate.ads_minor),
            ("Other costs", estimate.other_minor),
        ]
        filled = f"{self._money(estimate.net_minor)}" + "".join(f" {_MINUS} {self._money(minor)}" for _, minor in taken)
        return self._figure(
            "profit",
            "Profit of a unit",
            estimate.profit_minor,
            f" {_MINUS} ".join(["Revenue", *(label.lower() if label[0] != "A" else label for label, _ in taken)]),
            f"{filled} = {self._money(estimate.profit_minor)}",
            [("Revenue", estimate.net_minor), *taken],
        )

    def share(self, key: str, title: str, of: str, base: int | None, value: int | None) -> Figure:
        """Profit in percent of something."""
        profit = self._estimate.profit_minor
        return self._figure(
            key,
            title,
            value,
            f"Profit {_DIVIDED} {of}",
            f"{self._money(profit)} {_DIVIDED} {self._money(base)} = {value} %",
            [("Profit", profit), (of.capitalize(), base)],
            ("Rounded to whole percent, halves to even.",),
            percent=True,
        )

    def break_even_price(self) -> Figure:
        """The least price that loses nothing."""
        estimate = self._estimate
        notes = ["Fees that are a share of the price stay that share; all other fees and costs stay as they are."]
        if estimate.has_no_break_even:
            notes.append("No price would do: tax, shares of the price and allowances take all of it.")
        if self._found.scenario.fees_minor is not None:
            notes.append("Fees that you entered yourself count as if they did not move with the price.")
        return self._figure(
            "break_even_price",
            "Break-even price",
            estimate.break_even_price_minor,
            f"Fixed fees and costs {_DIVIDED} (share of revenue kept {_MINUS} fees that are a share of the price)",
            f"At {self._money(estimate.break_even_price_minor)} a unit earns nothing and loses nothing",
            [("Price", estimate.price_minor), ("Landed cost", estimate.landed_minor), ("Fees", estimate.fees_minor)],
            notes,
        )

    def break_even_acos(self) -> Figure:
        """The share of an advertised sale that its advertising may cost."""
        estimate, value = self._estimate, self._estimate.break_even_acos_percent
        profit = estimate.profit_minor
        before = None if profit is None else profit + estimate.ads_minor
        return self._figure(
            "break_even_acos",
            "Break-even ACoS",
            value,
            f"(Profit + advertising) {_DIVIDED} revenue",
            f"{self._money(before)} {_DIVIDED} {self._money(estimate.net_minor)} = {value} %",
            [("Profit before advertising", before), ("Revenue", estimate.net_minor)],
            ("Rounded down to whole percent.",),
            percent=True,
        )
