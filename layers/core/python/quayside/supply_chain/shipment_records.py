"""How the seller's own shipments are stored. The seller made them: they have no end of their own."""

from datetime import date
from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem
from quayside.supply_chain.claim_rules import Claim
from quayside.supply_chain.lead_rules import Observation
from quayside.supply_chain.listed_rules import Listed
from quayside.supply_chain.shipment_rules import Line, Shipment, Stage

OPEN_GROUP, ENDED_GROUP = "OPEN", "ENDED"
SELLER = "seller"
"""The source of what the seller entered."""


class Entry(msgspec.Struct, frozen=True):
    """One thing that was done with a shipment: when (ISO 8601), by which member, what, and what of it."""

    at: str
    by: str
    what: str
    about: str = ""


class Arrived(msgspec.Struct, frozen=True):
    """Units that are being received: of which line (its place in the list), how many good ones and damaged ones."""

    line: int
    units: int
    damaged: int = 0


class Receipt(msgspec.Struct, frozen=True):
    """A receipt that was begun: written down first, so that whoever comes after a crash finishes it and no other."""

    receipt_id: str
    received_on: date
    destination: str
    arrived: tuple[Arrived, ...]
    note: str = ""


class Detail(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the list does not need of a shipment.

    Attributes:
        lines: what it carries.
        history: what was done with it, the newest first, 100 at most.
        pending: a receipt that was begun and not finished.
        receipts: how many receipts were begun.
        taken_back: the receipts that were taken back, each with its order.
        claims: what is claimed from Amazon.
    """

    lines: tuple[Line, ...] = ()
    history: tuple[Entry, ...] = ()
    pending: Receipt | None = None
    receipts: int = 0
    claims: tuple[Claim, ...] = ()
    taken_back: tuple[str, ...] = ()


class UnderWay(msgspec.Struct, frozen=True, omit_defaults=True):
    """Units of one SKU in one open shipment.

    Attributes:
        shipment_id: which shipment.
        name: how people call it.
        connection_id: the account that will sell them.
        marketplace_id: where.
        units: that did not arrive yet.
        stage: where they are.
        due: when the leg that is under way or next was to end; None when nothing says it.
        arrives: the day they arrive by the median; None when nothing says it.
        late_days: by how many days later than planned, when the shipment was last changed.
        inbound: Amazon's inbound shipments that they are in.
        ordered: of these units, those of purchase orders.
        to_amazon: whether they go straight to Amazon, and not into a place of the seller's.
    """

    shipment_id: str
    name: str
    connection_id: str
    marketplace_id: str
    units: int
    stage: Stage
    due: date | None = None
    arrives: date | None = None
    late_days: int = 0
    inbound: tuple[str, ...] = ()
    ordered: int = 0
    to_amazon: bool = False


class ShipmentRecord(CoreItem):
    """A shipment; ``version`` counts its changes."""

    KIND: ClassVar[str] = "shipment"

    facts = UnicodeAttribute()
    version = NumberAttribute()


class ListedRecord(CoreItem):
    """What lists show of a shipment; written together with it."""

    KIND: ClassVar[str] = "listed_shipment"

    facts = UnicodeAttribute()


class DetailRecord(CoreItem):
    """What a shipment carries, and what was done with it; written together with the shipment."""

    KIND: ClassVar[str] = "shipment_detail"

    detail = UnicodeAttribute()


class ShippedOrderRecord(CoreItem):
    """How many units of each line of a purchase order are in which shipment and did not arrive yet."""

    KIND: ClassVar[str] = "shipped_order"

    shipped = UnicodeAttribute()
    version = NumberAttribute()


class ShippedInboundRecord(CoreItem):
    """Which of the seller's shipments an inbound shipment of Amazon's is matched with."""

    KIND: ClassVar[str] = "shipped_inbound"

    shipment_ids = UnicodeAttribute()
    version = NumberAttribute()


class LeadTimeRecord(CoreItem):
    """What was measured of one kind of leg, the newest first."""

    KIND: ClassVar[str] = "lead_times"

    observations = UnicodeAttribute()
    version = NumberAttribute()


class UnderWayRecord(CoreItem):
    """Units of one SKU in one open shipment; written together with the shipment."""

    KIND: ClassVar[str] = "units_under_way"

    units = UnicodeAttribute()


_ENCODER = msgspec.json.Encoder()
_SHIPMENT = msgspec.json.Decoder(Shipment)
_LISTED = msgspec.json.Decoder(Listed)
_DETAIL = msgspec.json.Decoder(Detail)
_SHIPPED = msgspec.json.Decoder(dict[str, dict[str, int]])
_IDS = msgspec.json.Decoder(tuple[str, ...])
_OBSERVATIONS = msgspec.json.Decoder(tuple[Observation, ...])
_UNDER_WAY = msgspec.json.Decoder(UnderWay)


def text_of(value: object) -> str:
    """Write a value as it is stored."""
    return _ENCODER.encode(value).decode()


def shipment_from(text: str) -> Shipment:
    """Read a stored shipment."""
    return _SHIPMENT.decode(text)


def listed_from(text: str) -> Listed:
    """Read what lists show of a shipment."""
    return _LISTED.decode(text)


def detail_from(text: str) -> Detail:
    """Read what a stored shipment carries."""
    return _DETAIL.decode(text)


def shipped_from(text: str) -> dict[str, dict[str, int]]:
    """Read units of an order by its line, then by shipment."""
    return _SHIPPED.decode(text)


def ids_from(text: str) -> tuple[str, ...]:
    """Read ids of shipments."""
    return _IDS.decode(text)


def observations_from(text: str) -> tuple[Observation, ...]:
    """Read what was measured of a kind of leg."""
    return _OBSERVATIONS.decode(text)


def under_way_from(text: str) -> UnderWay:
    """Read units under way."""
    return _UNDER_WAY.decode(text)


def shipment_id_of(sort_key: str) -> str:
    """Read the id back from the sort key of a shipment."""
    return decode(sort_key.partition("#")[2])


def sku_under_way(sort_key: str) -> str:
    """Read the SKU back from the sort key of units under way."""
    return decode(sort_key.split("#")[1])
