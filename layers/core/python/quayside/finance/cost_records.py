"""How costs are stored: one item a lot, other cost and rate, and one for the method. The seller made them: no end."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.finance.cost_rules import Lot, OtherCost
from quayside.finance.rate_rules import Rate
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

LOT_PREFIX, OTHER_PREFIX, RATE_PREFIX = "LOT#", "OTHER#", "RATE#"
SELLER = "seller"
"""The source of what the seller entered."""

_ENCODER = msgspec.json.Encoder()
_LOT = msgspec.json.Decoder(Lot)
_OTHER = msgspec.json.Decoder(OtherCost)
_RATE = msgspec.json.Decoder(Rate)


class LotRecord(CoreItem):
    """A lot of one SKU. What a member entered is never changed; what an order made follows the order.

    Attributes:
        facts: the lot, as JSON.
        entered_at: when it was written.
        origin: the order that made it, such as ``PO-000012``; None for a lot that a member entered.
        origin_step: as of which change of the order.
        withdrawn_at: when what made it was taken back; such a lot counts for nothing. It stays, so that what an
            earlier change of the order says never brings it back.
    """

    KIND: ClassVar[str] = "cost_lot"

    facts = UnicodeAttribute()
    entered_at = UnicodeAttribute()
    origin = UnicodeAttribute(null=True)
    origin_step = NumberAttribute(null=True)
    withdrawn_at = UnicodeAttribute(null=True)

    def counts(self) -> bool:
        """Whether it was not withdrawn."""
        at: str | None = self.withdrawn_at
        return at is None


class OtherCostRecord(CoreItem):
    """A cost that is no purchase price."""

    KIND: ClassVar[str] = "other_cost"

    facts = UnicodeAttribute()
    entered_at = UnicodeAttribute()


class RateRecord(CoreItem):
    """A rate of exchange with its day and source."""

    KIND: ClassVar[str] = "exchange_rate"

    facts = UnicodeAttribute()
    entered_at = UnicodeAttribute()


class CostMethodRecord(CoreItem):
    """How costs are used up."""

    KIND: ClassVar[str] = "cost_method"

    method = UnicodeAttribute()


def text_of(facts: Lot | OtherCost | Rate) -> str:
    """Write facts as they are stored."""
    return _ENCODER.encode(facts).decode()


def lot_from(record: LotRecord) -> Lot:
    """Read a stored lot."""
    return _LOT.decode(record.facts)


def other_cost_from(record: OtherCostRecord) -> OtherCost:
    """Read a stored other cost."""
    return _OTHER.decode(record.facts)


def rate_from(record: RateRecord) -> Rate:
    """Read a stored rate."""
    return _RATE.decode(record.facts)


def lot_sku_of(sort_key: str) -> str:
    """Read the SKU back from a lot's sort key."""
    return decode(sort_key.split("#")[1])
