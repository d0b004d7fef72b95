"""How a stock position is stored: one item a SKU and marketplace."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.inventory.rules import Quantities
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

SORT_PREFIX = "SKU#"

_QUANTITIES = msgspec.json.Decoder(Quantities)


class PositionRecord(CoreItem):
    """The stock of one SKU in one marketplace of a connection.

    ``source_updated_at`` (epoch milliseconds) is Amazon's own time of the quantities, ``received_at`` (epoch seconds)
    when they reached us, ``quantities`` the array of ``rules.Quantities`` as JSON.
    """

    KIND: ClassVar[str] = "inventory_position"

    source_updated_at = NumberAttribute()
    received_at = NumberAttribute()
    quantities = UnicodeAttribute()
    asin = UnicodeAttribute(null=True)
    fnsku = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)


def sku_of(sort_key: str) -> str:
    """Read the SKU back from a position's sort key."""
    return decode(sort_key.removeprefix(SORT_PREFIX))


def quantities_from(text: str) -> Quantities:
    """Read stored quantities."""
    return _QUANTITIES.decode(text)


def text_of(quantities: Quantities) -> str:
    """Write quantities as they are stored."""
    return msgspec.json.encode(quantities).decode()
