"""Leads for the browser tests, worked out by the real rules from made-up quotes."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import msgspec

from quayside.finance.rate_rules import Rate
from quayside.kernel.clock import format_instant
from quayside.kernel.figures import figure, method_card
from quayside.kernel.file_rows import ImportRow, ImportView
from quayside.kernel.money import Money
from quayside.sourcing import calculator_rules, quote_rules, quote_service, realised_service, scenario_service, service
from quayside.sourcing.calculator_rules import Fee, Scenario
from quayside.sourcing.quote_rules import Break, Quote
from quayside.sourcing.realised_service import Sold
from quayside.sourcing.records import Outlook, QuoteRecord, ScenarioRecord, text_of
from quayside.sourcing.research_rules import Measures, ProductFacts
from quayside.sourcing.rules import MACHINE, STAGES, Approval, Package, Promised, Stage
from quayside.sourcing.scenario_service import KnownFees, WorkedOut
from quayside.sourcing.views import (
    Board,
    CardView,
    ComparedQuote,
    Comparison,
    FeeView,
    LeadView,
    MoveView,
    ProductFactsView,
    ReadingView,
    RealisedScenario,
    RealisedView,
    ResearchView,
    StageView,
    TargetFeesView,
    TargetView,
)
from quayside.storage.keys import Key

Json = dict[str, Any]

LEAD = "lead000000000000000000001a"
PRODUCT = "lead000000000000000000002b"
"""A lead that was approved and sells."""
_PLACE = "A1PA6795UKMFR9"
_NAMES: dict[Stage, tuple[str, ...]] = {
    "idea": ("Cork trivet, set of four", "Linen tea towel"),
    "researching": ("Beechwood salad servers",),
    "quoted": ("Bamboo lid with silicone seal",),
    "sampling": ("Stoneware butter dish",),
    "approved": ("Enamel milk pan 1.2 l",),
    "rejected": ("Copper kettle",),
}


def _rate(now: datetime) -> Rate:
    return Rate(now.date() - timedelta(days=1), "USD", "EUR", "0.9224", "European Central Bank")


def _quotes(today: date) -> tuple[Quote, ...]:
    breaks = (Break(1, "3.10"), Break(500, "2.65"), Break(2000, "2.385"))
    return (
        Quote("quote-1", "Ningbo Kitchenware", "USD", breaks, 500, 48, 35, "FOB", None,
              today + timedelta(days=24), "0.62", 640, other_unit="0.08", tooling="240"),
        Quote("quote-2", "Hanse Keramik", "EUR", (Break(100, "4.15"), Break(1000, "3.90")), 100, 20, 14, "DAP"),
        Quote("quote-3", "Porto Cork Works", "EUR", (Break(250, "3.75"),), 250, 50, 21, "EXW", None,
              today - timedelta(days=3)),
    )  # fmt: skip


def _scenarios(connection_id: str) -> tuple[tuple[Scenario, bool], ...]:
    base = Scenario(
        "scenario-1",
        "By sea",
        connection_id,
        _PLACE,
        1999,
        units=1000,
        quote_id="quote-1",
        tax_basis_points=1900,
        returns_basis_points=300,
        ads_basis_points=900,
    )
    near = msgspec.structs.replace(
        base, scenario_id="scenario-2", name="From nearby", quote_id="quote-2", price_minor=2199
    )
    bare = msgspec.structs.replace(base, scenario_id="scenario-3", name="Own shipping", by_amazon=False)
    return (base, True), (near, True), (bare, False)


def _there(quote: Quote, units: int, rate: Rate) -> tuple[quote_rules.Landed, quote_service.There]:
    found = quote_rules.landed(quote, units)
    return found, quote_service.there(found, quote, "EUR", {"USD": rate})


def _worked_out(now: datetime, scenario: Scenario, *, has_fees: bool) -> WorkedOut:
    quote = next(each for each in _quotes(now.date()) if each.quote_id == scenario.quote_id)
    found, there = _there(quote, scenario.units, _rate(now))
    referral = round(Fraction(scenario.price_minor * 15, 100))
    fees = (Fee("ReferralFee", referral), Fee("FBAFees", 389)) if has_fees else None
    known = None if fees is None else KnownFees(fees, now - timedelta(hours=3), "Amazon's fee estimate for B0BAMBOO01")
    entered = format_instant(now - timedelta(hours=2))
    record = ScenarioRecord.at(Key("p", scenario.scenario_id), step=1, facts=text_of(scenario), entered_at=entered)
    estimate = calculator_rules.estimate(scenario, fees, there.unit)
    return WorkedOut(record, scenario, "EUR", estimate, known, quote, found, there, now.date())


def _research(now: datetime, connection_id: str) -> ResearchView:
    at = format_instant(now - timedelta(hours=3))
    sizes = Measures("24.5 centimeters", "24.5 centimeters", "3.6 centimeters", "0.43 kilograms")
    known = ProductFacts(True, "Bamboo lid with seal, 24 cm", "Kessel", "Pot lids", 1482, "Home & Kitchen", sizes)  # noqa: FBT003
    return ResearchView(
        (ReadingView(connection_id, "done", 2, 2, at, ""),),
        (
            ProductFactsView(_PLACE, "B0BAMBOO01", known, at),
            ProductFactsView(_PLACE, "B0BAMBOO02", ProductFacts(found=False), at),
        ),
        (
            TargetFeesView(
                _PLACE,
                "B0BAMBOO01",
                Money(1999, "EUR"),
                (FeeView("ReferralFee", Money(300, "EUR")), FeeView("FBAFees", Money(389, "EUR"))),
                "",
                at,
            ),
        ),
    )


def lead(now: datetime, connection_id: str, stage: Stage = "quoted") -> LeadView:
    """A lead with three quotes and three scenarios, one of which lacks Amazon's fees."""
    hours = {"researching": 70, "quoted": 5}
    moves = [
        MoveView(event, to, format_instant(now - timedelta(hours=hours[to])), "ada", None)
        for event, to in (("quote", "quoted"), ("research", "researching"))
    ]
    entered = format_instant(now - timedelta(hours=8))
    quotes = [QuoteRecord.at(Key("p", each.quote_id), step=1, facts=text_of(each), entered_at=entered)
              for each in _quotes(now.date())]  # fmt: skip
    return LeadView(
        lead_id=PRODUCT if stage == "approved" else LEAD,
        version=3,
        name=_NAMES["quoted"][0],
        stage=stage,
        stage_title=MACHINE.words[stage],
        created_at=format_instant(now - timedelta(days=6)),
        targets=(TargetView(connection_id, _PLACE, Money(1999, "EUR")),),
        asins=("B0BAMBOO01", "B0BAMBOO02"),
        package=Package(240, 240, 35, 410),
        note="Seal has to stand the dishwasher.",
        reason="",
        events=service.events_at(stage),
        moves=tuple(moves),
        approval=_approval(now, connection_id) if stage == "approved" else None,
        research=_research(now, connection_id),
        quotes=tuple(map(quote_service.quote_view, quotes)),
        scenarios=tuple(
            scenario_service.scenario_view(_worked_out(now, each, has_fees=known))
            for each, known in _scenarios(connection_id)
        ),
    )


def _approval(now: datetime, connection_id: str) -> Approval:
    found = [_worked_out(now, each, has_fees=known) for each, known in _scenarios(connection_id)[:2]]
    promised = tuple(
        Promised(
            scenario_id=each.scenario.scenario_id,
            name=each.scenario.name,
            connection_id=connection_id,
            marketplace_id=_PLACE,
            currency="EUR",
            price_minor=each.estimate.price_minor,
            net_minor=each.estimate.net_minor,
            fees_minor=each.estimate.fees_minor,
            landed_minor=each.estimate.landed_minor,
            returns_minor=each.estimate.returns_minor,
            ads_minor=each.estimate.ads_minor,
            other_minor=each.estimate.other_minor,
            profit_minor=each.estimate.profit_minor,
            margin_percent=each.estimate.margin_percent,
        )
        for each in found
    )
    at = format_instant(now - timedelta(days=120))
    return Approval("LID-24", "quote-1", 1008, "order-1", at, "ada", promised)


def realised(now: datetime, connection_id: str) -> RealisedView:
    """What the approved lead earned: known in one scenario's place, not in the other's."""
    first, second = _approval(now, connection_id).promised
    card = method_card("profit", "Profit", "Proceeds less costs", "1,412.09 EUR")
    at, source = now - timedelta(hours=1), "Amazon's transactions and your costs"
    profit = figure(141_209, unit="minor", currency="EUR", as_of=at, state="posted", source=source, method=card)
    margin = figure(24, unit="percent", as_of=at, state="posted", source=source, method=card)
    unit = realised_service.profit_of_unit(Sold(344, profit, margin))
    missing = RealisedScenario(second, 0, None, None, "Nothing of it was shipped there in this period.")
    return RealisedView("LID-24", 90, (RealisedScenario(first, 344, unit, margin, ""), missing))


def comparison(now: datetime, units: int) -> Comparison:
    """The three quotes in euro, the lowest landed cost first."""
    found = [(quote, *_there(quote, units, _rate(now))) for quote in _quotes(now.date())]
    found.sort(key=lambda each: each[2].unit or 0)
    best = next(quote.quote_id for quote, _, _ in found if quote.holds_on(now.date()))
    return Comparison(
        units,
        "EUR",
        tuple(
            ComparedQuote(
                quote.quote_id,
                quote.supplier_name,
                quote.incoterm,
                quote.lead_time_days,
                quote.valid_until,
                quote_service.landed_view(landed, quote, "EUR", there),
                quote_rules.cautions(quote, landed, now.date()),
                quote.quote_id == best,
            )
            for quote, landed, there in found
        ),
    )


def board(now: datetime, connection_id: str) -> Board:
    """A board with a lead or two at each stage."""
    return Board(tuple(_stage(now, connection_id, stage) for stage in STAGES))


def _stage(now: datetime, connection_id: str, stage: Stage) -> StageView:
    outlook = Outlook("By sea", "EUR", 312, 19, format_instant(now - timedelta(hours=2)))
    cards = tuple(
        CardView(
            lead_id=LEAD if stage == "quoted" else f"lead-{stage}-{number}",
            version=3,
            events=service.events_at(stage),
            name=name,
            target=TargetView(connection_id, _PLACE, Money(1999 + 500 * number, "EUR")),
            targets=1 + number,
            asins=2,
            changed_at=format_instant(now - timedelta(hours=5)),
            outlook=None if stage == "idea" else outlook,
            seller_sku="PAN-12" if stage == "approved" else None,
        )
        for number, name in enumerate(_NAMES[stage])
    )
    return StageView(stage, MACHINE.words[stage], cards, "more" if stage == "idea" else None)


def file(of: str) -> ImportView:
    """A file with something new, something known and something refused."""
    says = ("2.65 from 500, 2.385 from 2,000 USD, FOB, 35 days", "3.90 from 1,000 EUR, DAP, 14 days")
    if of == "leads":
        says = ("19.99 EUR in DE, 24.99 GBP in GB", "no marketplace yet")
    refused = "supplier_name has to have 1 to 120 characters"
    if of == "leads":
        refused = "marketplace “Mars” is none where you sell; name it by country, such as US"
    return ImportView(
        1, 1, 1,
        (
            ImportRow((2, 3), "Ningbo Kitchenware" if of == "quotes" else "Rattan bread basket", "new", says[0]),
            ImportRow((4,), "Hanse Keramik" if of == "quotes" else "Linen tea towel", "known", says[1]),
            ImportRow((5,), "", "refused", refused),
        ),
    )  # fmt: skip
