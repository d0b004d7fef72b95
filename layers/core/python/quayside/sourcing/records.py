"""How leads are stored: the lead with its quotes and scenarios in one partition, and a small card on the board."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.sourcing.calculator_rules import Scenario
from quayside.sourcing.quote_rules import Quote
from quayside.sourcing.rules import Lead, Target
from quayside.storage.tables import CoreItem

SELLER = "seller"
"""The source of what the seller entered."""

_ENCODER = msgspec.json.Encoder()
_LEAD = msgspec.json.Decoder(Lead)
_QUOTE = msgspec.json.Decoder(Quote)
_SCENARIO = msgspec.json.Decoder(Scenario)


class Outlook(msgspec.Struct, frozen=True):
    """What a lead's best scenario promised when it was last worked out, for the board; ``as_of`` is ISO 8601."""

    scenario: str
    currency: str
    profit_minor: int
    margin_percent: int | None
    as_of: str


class CardFacts(msgspec.Struct, frozen=True):
    """What the board shows of a lead; ``version`` is the lead's, which a move has to name."""

    version: int
    name: str
    target: Target | None
    targets: int
    asins: int
    changed_at: str
    outlook: Outlook | None = None
    seller_sku: str | None = None


_CARD = msgspec.json.Decoder(CardFacts)


class LeadRecord(CoreItem):
    """A lead; ``step`` counts its changes."""

    KIND: ClassVar[str] = "lead"

    step = NumberAttribute()
    facts = UnicodeAttribute()
    outlook = UnicodeAttribute(null=True)

    def read(self) -> Lead:
        """Return the lead."""
        return _LEAD.decode(self.facts)


class CardRecord(CoreItem):
    """A lead's place on the board; its key says at which stage."""

    KIND: ClassVar[str] = "lead_card"

    facts = UnicodeAttribute()

    def read(self) -> CardFacts:
        """Return what the board shows."""
        return _CARD.decode(self.facts)


class MoveRecord(CoreItem):
    """One move of a lead over the board: by which event, to which stage, who and when; its key says which."""

    KIND: ClassVar[str] = "lead_move"

    event = UnicodeAttribute()
    stage = UnicodeAttribute()
    moved_at = UnicodeAttribute()
    moved_by = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)


class QuoteRecord(CoreItem):
    """A supplier's quote for a lead; ``step`` counts its changes."""

    KIND: ClassVar[str] = "lead_quote"

    step = NumberAttribute()
    facts = UnicodeAttribute()
    entered_at = UnicodeAttribute()

    def read(self) -> Quote:
        """Return the quote."""
        return _QUOTE.decode(self.facts)


class ScenarioRecord(CoreItem):
    """A scenario of a lead; ``step`` counts its changes."""

    KIND: ClassVar[str] = "lead_scenario"

    step = NumberAttribute()
    facts = UnicodeAttribute()
    entered_at = UnicodeAttribute()

    def read(self) -> Scenario:
        """Return the scenario."""
        return _SCENARIO.decode(self.facts)


class SkuRecord(CoreItem):
    """Which lead became the product of a SKU; its key says the SKU."""

    KIND: ClassVar[str] = "lead_sku"

    lead_id = UnicodeAttribute()


def text_of(facts: Lead | CardFacts | Quote | Scenario | Outlook) -> str:
    """Write facts as they are stored."""
    return _ENCODER.encode(facts).decode()


def outlook_from(text: str | None) -> Outlook | None:
    """Read a stored outlook."""
    return None if text is None else msgspec.json.decode(text, type=Outlook)
