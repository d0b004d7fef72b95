"""How goods on their way to Amazon are stored: plans, shipments and items in one partition of a connection."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.storage.facts import FactItem, OneSourceItem, said
from quayside.storage.keys import decode
from quayside.supply_chain.rules import (
    Item,
    PlanFacts,
    PlannedItem,
    PlannedShipment,
    ReceivedItem,
    ReceivedShipment,
    Shipment,
    Words,
    item_of,
    shipment_of,
)

PLAN_PREFIX = "PLAN#"
SHIPMENT_PREFIX = "SHIPMENT#"
ITEM_PREFIX = "ITEM#"

_ENCODER = msgspec.json.Encoder()
_PLAN = msgspec.json.Decoder(PlanFacts)
_PLANNED_SHIPMENT = msgspec.json.Decoder(PlannedShipment)
_RECEIVED_SHIPMENT = msgspec.json.Decoder(ReceivedShipment)
_PLANNED_ITEM = msgspec.json.Decoder(PlannedItem)
_RECEIVED_ITEM = msgspec.json.Decoder(ReceivedItem)


class PlanRecord(OneSourceItem):
    """An inbound plan; its version is the time of Amazon's last change."""

    KIND: ClassVar[str] = "inbound_plan"


class _TwoSources(FactItem):
    """What the API of plans and the API of received quantities last said."""

    planned = UnicodeAttribute(null=True)
    planned_version = NumberAttribute(null=True)
    received = UnicodeAttribute(null=True)
    received_version = NumberAttribute(null=True)


class ShipmentRecord(_TwoSources):
    """An inbound shipment, under the id both APIs know as soon as there is one."""

    KIND: ClassVar[str] = "inbound_shipment"


class ItemRecord(_TwoSources):
    """One SKU of an inbound shipment."""

    KIND: ClassVar[str] = "inbound_item"


def text_of(
    facts: PlanFacts | PlannedShipment | ReceivedShipment | PlannedItem | ReceivedItem,
) -> str:
    """Write facts as they are stored."""
    return _ENCODER.encode(facts).decode()


def plan_from(text: str) -> PlanFacts:
    """Read a stored plan."""
    return _PLAN.decode(text)


def shipment_from(record: ShipmentRecord) -> Shipment:
    """Read a stored shipment, put together from both APIs."""
    return shipment_of(
        _words(record, "planned", _PLANNED_SHIPMENT),
        _words(record, "received", _RECEIVED_SHIPMENT),
    )


def _words[Content](
    record: _TwoSources, register: str, decoder: msgspec.json.Decoder[Content]
) -> Words[Content] | None:
    found = said(record, register)
    return None if found is None else Words(found.version, decoder.decode(found.text))


def planned_id_of(record: ShipmentRecord) -> str | None:
    """Return the shipment's id in the API of plans, None when that API never spoke of it."""
    plan = _words(record, "planned", _PLANNED_SHIPMENT)
    return None if plan is None else plan.said.shipment_id


def item_from(record: ItemRecord) -> Item:
    """Read one stored SKU of a shipment, put together from both APIs."""
    planned, received = _words(record, "planned", _PLANNED_ITEM), _words(record, "received", _RECEIVED_ITEM)
    return item_of(planned.said if planned else None, received.said if received else None)


def told_at(record: _TwoSources) -> int:
    """Return when either API last spoke of it, in epoch milliseconds; 0 when neither did."""
    return max(int(record.planned_version or 0), int(record.received_version or 0))


def shipment_id_of(sort_key: str) -> str:
    """Read the shipment's id back from the sort key of a shipment or of an item."""
    return decode(sort_key.split("#")[1])


def sku_of(sort_key: str) -> str:
    """Read the SKU back from an item's sort key."""
    return decode(sort_key.split("#")[2])
