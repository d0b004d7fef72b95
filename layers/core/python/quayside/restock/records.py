"""How suggestions are stored: a line for the list, a card with every number, what is kept to be scored, decisions."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.restock.choice_rules import Choices
from quayside.restock.demand_rules import Demand, UnknownDemand
from quayside.restock.rules import Position, Settings, Status, Suggestion
from quayside.restock.score_rules import Kept, Outcome, Scores
from quayside.storage.facts import OneSourceItem
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

LINE_PREFIX = "SKU#"
ADVICE_PREFIX = "ADVICE#"


class PlanLine(msgspec.Struct, frozen=True):
    """What the list shows of a plan; days are ISO 8601. ``overridden`` is a quantity by the seller's own word."""

    quantity: int
    wanted_units: int
    short_units: int
    order_by: str | None
    days_of_cover: int | None
    status: Status
    overstock_units: int
    overridden: bool = False


class Line(msgspec.Struct, frozen=True):
    """What the list shows of one SKU.

    Attributes:
        last_day: the last day of history that went in, ISO 8601.
        unknown: why nothing is suggested; empty when something is.
        daily_thousandths: expected units a day over the lead time of a purchase, in thousandths.
        send: what to send to Amazon.
        buy: what to buy.
        unit_cost_minor: what a unit costs, when the seller said it.
        carton_units: units of one carton.
        minimum_order_units: what the supplier delivers at least.
        shared_with: the marketplace whose line this SKU's stock is counted in, by the seller's choice.
        title: the product's name.
        asin: the product.
    """

    last_day: str
    unknown: str = ""
    daily_thousandths: int | None = None
    send: PlanLine | None = None
    buy: PlanLine | None = None
    unit_cost_minor: int | None = None
    carton_units: int = 1
    minimum_order_units: int = 0
    shared_with: str | None = None
    title: str | None = None
    asin: str | None = None


class Card(msgspec.Struct, frozen=True):
    """Every number that led to a suggestion, as it was worked out; either the demand is known, or why it is not."""

    demand: Demand | None
    unknown: UnknownDemand | None
    position: Position
    settings: Settings
    suggestion: Suggestion | None


class LineRecord(CoreItem):
    """One SKU in the list of suggestions. ``computed_at`` is in epoch seconds."""

    KIND: ClassVar[str] = "restock_line"

    computed_at = NumberAttribute()
    line = UnicodeAttribute()


class CardRecord(CoreItem):
    """The card of one SKU."""

    KIND: ClassVar[str] = "restock_card"

    computed_at = NumberAttribute()
    card = UnicodeAttribute()


class OpenRecord(CoreItem):
    """A suggestion that is kept until its horizon is over."""

    KIND: ClassVar[str] = "restock_open"

    kept = UnicodeAttribute()


class ScoredRecord(CoreItem):
    """How one suggestion turned out."""

    KIND: ClassVar[str] = "restock_scored"

    outcome = UnicodeAttribute()


class ScoreRecord(CoreItem):
    """How the suggestions for one SKU turned out in all."""

    KIND: ClassVar[str] = "restock_score"

    scores = UnicodeAttribute()


class AdviceRecord(OneSourceItem):
    """Amazon's own recommendation for one SKU."""

    KIND: ClassVar[str] = "restock_advice"


class Advice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What Amazon itself recommends for one SKU, as it says it; see ``amazon.report_rows.AdviceRow``.

    ``ship_on`` is ISO 8601.
    """

    quantity: int | None = None
    ship_on: str | None = None
    days_of_supply: int | None = None
    alert: str = ""
    action: str = ""
    asin: str = ""


class ChoicesRecord(CoreItem):
    """What the seller decided; ``version`` counts the changes. It has no end of its own."""

    KIND: ClassVar[str] = "restock_choices"

    choices = UnicodeAttribute()
    version = NumberAttribute()
    changed_at = UnicodeAttribute()
    changed_by = UnicodeAttribute()


_LINE = msgspec.json.Decoder(Line)
_CARD = msgspec.json.Decoder(Card)
_KEPT = msgspec.json.Decoder(Kept)
_OUTCOME = msgspec.json.Decoder(Outcome)
_SCORES = msgspec.json.Decoder(Scores)
_ADVICE = msgspec.json.Decoder(Advice)
_CHOICES = msgspec.json.Decoder(Choices)


def text_of(value: msgspec.Struct) -> str:
    """Write a value as it is stored."""
    return msgspec.json.encode(value).decode()


def line_from(text: str) -> Line:
    """Read a stored line."""
    return _LINE.decode(text)


def card_from(text: str) -> Card:
    """Read a stored card."""
    return _CARD.decode(text)


def kept_from(text: str) -> Kept:
    """Read a kept suggestion."""
    return _KEPT.decode(text)


def outcome_from(text: str) -> Outcome:
    """Read a stored outcome."""
    return _OUTCOME.decode(text)


def scores_from(text: str) -> Scores:
    """Read stored scores."""
    return _SCORES.decode(text)


def advice_from(text: str) -> Advice:
    """Read a stored recommendation of Amazon's."""
    return _ADVICE.decode(text)


def choices_from(text: str) -> Choices:
    """Read stored decisions."""
    return _CHOICES.decode(text)


def sku_of(sort_key: str) -> str:
    """Read the SKU back from the sort key of a line or a score."""
    return decode(sort_key.split("#")[1])
