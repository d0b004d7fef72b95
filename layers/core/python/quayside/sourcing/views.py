"""What the API takes and shows of leads. Instants are ISO 8601; amounts that are typed are decimal numbers as text."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from quayside.kernel.figures import Figure
from quayside.kernel.money import Money
from quayside.sourcing.quote_rules import DutyBase, Incoterm
from quayside.sourcing.records import Outlook
from quayside.sourcing.research_rules import ProductFacts
from quayside.sourcing.rules import Approval, Event, Package, Promised, Stage

Decimals = Annotated[str, msgspec.Meta(max_length=24, description="A decimal number, such as 4.25.")]
_Text = Annotated[str, msgspec.Meta(max_length=4000)]
_Id = Annotated[str, msgspec.Meta(max_length=40)]


# -- What is sent ------------------------------------------------------------------------------------------------------


class TargetDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a lead is to be sold, by which account, and what a buyer is to pay there."""

    connection_id: _Id
    marketplace_id: _Id
    price: Decimals


class LeadDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A lead as somebody wants it. ``package`` is one packed unit in millimetres and grams."""

    name: _Text
    targets: tuple[TargetDraft, ...] = ()
    asins: tuple[Annotated[str, msgspec.Meta(max_length=20)], ...] = ()
    package: Package | None = None
    note: _Text = ""


class BreakDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From how many units on which price of one unit holds."""

    from_units: int
    unit_price: Decimals


class QuoteDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A supplier's quote as somebody enters it, amounts in ``currency``; those of a unit may have six decimals."""

    supplier_name: _Text
    currency: Annotated[str, msgspec.Meta(max_length=3)]
    breaks: Annotated[tuple[BreakDraft, ...], msgspec.Meta(max_length=50)]
    minimum_units: int = 1
    carton_units: int = 1
    lead_time_days: int = 30
    incoterm: Incoterm = "FOB"
    supplier_id: _Id | None = None
    valid_until: date | None = None
    freight_unit: Decimals = "0"
    duty_percent: Decimals = "0"
    duty_base: DutyBase = "goods"
    other_unit: Decimals = "0"
    tooling: Decimals = "0"
    note: _Text = ""


class ScenarioDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario as somebody wants it; its amounts are in the marketplace's currency.

    ``landed_unit`` goes without a quote; ``fees`` replaces Amazon's own estimate.
    """

    name: _Text
    connection_id: _Id
    marketplace_id: _Id
    price: Decimals
    by_amazon: bool = True
    units: int = 1
    quote_id: _Id | None = None
    landed_unit: Decimals | None = None
    fees: Decimals | None = None
    tax_percent: Decimals = "0"
    returns_percent: Decimals = "0"
    ads_percent: Decimals = "0"
    other_unit: Decimals = "0"


class ApprovalDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lead's approval: the version that was seen, the SKU it is sold under, and by which quote how many are ordered.

    ``units`` is how many are needed; what is ordered follows the quote's least order and cartons.
    """

    version: Annotated[int, msgspec.Meta(ge=1)]
    seller_sku: Annotated[str, msgspec.Meta(max_length=100)]
    quote_id: _Id
    units: int


# -- What is shown -----------------------------------------------------------------------------------------------------


class TargetView(msgspec.Struct, frozen=True):
    """Where a lead is to be sold, and for how much."""

    connection_id: str
    marketplace_id: str
    price: Money


class CardView(msgspec.Struct, frozen=True):
    """A lead on the board, with the moves that are possible now and the version that a move has to name.

    ``outlook`` is its best scenario as it was last worked out, with the day.
    """

    lead_id: str
    version: int
    events: tuple[Event, ...]
    name: str
    target: TargetView | None
    targets: int
    asins: int
    changed_at: str
    outlook: Outlook | None
    seller_sku: str | None


class StageView(msgspec.Struct, frozen=True):
    """A column of the board, newest leads first."""

    stage: Stage
    title: str
    cards: tuple[CardView, ...]
    next_cursor: str | None


class Board(msgspec.Struct, frozen=True):
    """The board, column by column."""

    stages: tuple[StageView, ...]


class MoveView(msgspec.Struct, frozen=True):
    """One move of a lead: what happened, to which stage, when, by whom, and why when it was rejected."""

    event: str
    stage: str
    at: str
    by: str
    reason: str | None


class LandedView(msgspec.Struct, frozen=True):
    """What an order by a quote costs landed.

    Attributes:
        units: how many have to be bought.
        unit_price: the supplier's price of one, in ``currency``.
        currency: the quote's.
        goods: all units.
        freight: of all units.
        duty: of all units.
        other: of all units.
        tooling: paid once.
        total: everything.
        unit: the landed cost of one unit in the quote's currency, rounded to its minor unit.
        unit_there: the same in the currency of the marketplace; None without a rate.
        rate: by which rate, of which day and by whose word; empty when none was needed.
        problem: why there is no cost in the marketplace's currency.
    """

    units: int
    unit_price: str
    currency: str
    goods: Money
    freight: Money
    duty: Money
    other: Money
    tooling: Money
    total: Money
    unit: Money
    unit_there: Money | None
    rate: str
    problem: str


class QuoteView(msgspec.Struct, frozen=True):
    """A quote, and its version, which a change has to name."""

    quote_id: str
    version: int
    entered_at: str
    quote: QuoteDraft


class ComparedQuote(msgspec.Struct, frozen=True):
    """A quote among the others, for a number of units. ``is_best``: the lowest landed cost that can be bought today."""

    quote_id: str
    supplier_name: str
    incoterm: str
    lead_time_days: int
    valid_until: date | None
    landed: LandedView
    cautions: tuple[str, ...]
    is_best: bool


class Comparison(msgspec.Struct, frozen=True):
    """All quotes for a lead, the lowest landed cost of a unit first; those without a rate are last."""

    units: int
    currency: str
    quotes: tuple[ComparedQuote, ...]


class FeeView(msgspec.Struct, frozen=True):
    """One fee of Amazon's, by the name that Amazon gives it."""

    name: str
    amount: Money


class ScenarioView(msgspec.Struct, frozen=True):
    """A scenario and what it promises for one unit; its version has to be named by a change.

    Attributes:
        scenario: as it was entered.
        currency: of all amounts.
        revenue: the price without tax.
        fees: Amazon's fees; their card says whose word they are.
        fee_lines: each of them.
        landed: the landed cost.
        profit: what is left.
        margin: profit by revenue.
        roi: profit by landed cost.
        break_even_price: the least price that loses nothing.
        break_even_acos: the share of an advertised sale that its advertising may cost.
        landed_by: how the landed cost comes about, when it is a quote's.
        missing: what is lacking to say what a unit earns, in words.
    """

    scenario_id: str
    version: int
    scenario: ScenarioDraft
    currency: str
    revenue: Figure
    fees: Figure
    fee_lines: tuple[FeeView, ...]
    landed: Figure
    returns: Money
    ads: Money
    other: Money
    profit: Figure
    margin: Figure
    roi: Figure
    break_even_price: Figure
    break_even_acos: Figure
    landed_by: LandedView | None
    missing: tuple[str, ...]


class RealisedScenario(msgspec.Struct, frozen=True):
    """What a scenario promised of a unit, and what a unit earned there.

    ``problem`` says why that is not known; then ``profit`` has no value, or is None with ``margin``.
    """

    promised: Promised
    units: int
    profit: Figure | None
    margin: Figure | None
    problem: str


class RealisedView(msgspec.Struct, frozen=True):
    """What an approved lead promised beside what its product earned; nothing while it is not approved."""

    seller_sku: str | None
    days: int
    scenarios: tuple[RealisedScenario, ...]


class ProductFactsView(msgspec.Struct, frozen=True):
    """What Amazon's catalogue says of a product that a lead is compared with, and when it said so."""

    marketplace_id: str
    asin: str
    facts: ProductFacts
    as_of: str


class TargetFeesView(msgspec.Struct, frozen=True):
    """Amazon's fees at a target price, or why it gives none, and when it said so."""

    marketplace_id: str
    asin: str
    price: Money
    fees: tuple[FeeView, ...]
    problem: str
    as_of: str


class ReadingView(msgspec.Struct, frozen=True):
    """How far an account asked Amazon: never, reading, done or failed; so many calls of so many."""

    connection_id: str
    state: str
    done: int
    wanted: int
    moved_at: str | None
    problem: str


class ResearchView(msgspec.Struct, frozen=True):
    """What Amazon told for a lead: by the Selling Partner API alone."""

    readings: tuple[ReadingView, ...]
    products: tuple[ProductFactsView, ...]
    fees: tuple[TargetFeesView, ...]


class LeadView(msgspec.Struct, frozen=True):
    """A lead with what belongs to it. ``events`` are the moves that are possible now."""

    lead_id: str
    version: int
    name: str
    stage: Stage
    stage_title: str
    created_at: str
    targets: tuple[TargetView, ...]
    asins: tuple[str, ...]
    package: Package | None
    note: str
    reason: str
    events: tuple[Event, ...]
    moves: tuple[MoveView, ...]
    approval: Approval | None
    research: ResearchView
    quotes: tuple[QuoteView, ...]
    scenarios: tuple[ScenarioView, ...]


class Removed(msgspec.Struct, frozen=True):
    """What was removed."""

    removed: Literal[True] = True
