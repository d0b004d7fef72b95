"""How a stock position is stored: one item a SKU and marketplace."""

from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.inventory.days_rules import DayStock, Outlook
from quayside.inventory.own_rules import Movement
from quayside.inventory.rules import Quantities
from quayside.storage.facts import OneSourceItem
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

SORT_PREFIX = "SKU#"
LOCATION_PREFIX = "LOCATION#"

_QUANTITIES = msgspec.json.Decoder(Quantities)
_OUTLOOK = msgspec.json.Decoder(Outlook)
_MONTH = msgspec.json.Decoder(dict[str, DayStock])
_MOVEMENT = msgspec.json.Decoder(Movement)
_LINKS = msgspec.json.Decoder(tuple[tuple[str, ...], ...])


class PositionRecord(CoreItem):
    """The stock of one SKU in one marketplace of a connection.

    ``source_updated_at`` (epoch milliseconds) is Amazon's own time of the quantities, ``received_at`` (epoch seconds)
    when they reached us, ``quantities`` the array of ``rules.Quantities`` as JSON. ``outlook`` is what was last worked
    out from its days (``days_rules.Outlook``); sources of positions leave it alone.
    """

    KIND: ClassVar[str] = "inventory_position"

    source_updated_at = NumberAttribute()
    received_at = NumberAttribute()
    quantities = UnicodeAttribute()
    asin = UnicodeAttribute(null=True)
    fnsku = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    outlook = UnicodeAttribute(null=True)


def sku_of(sort_key: str) -> str:
    """Read the SKU back from a position's sort key."""
    return decode(sort_key.removeprefix(SORT_PREFIX))


def quantities_from(text: str) -> Quantities:
    """Read stored quantities."""
    return _QUANTITIES.decode(text)


def text_of(quantities: Quantities) -> str:
    """Write quantities as they are stored."""
    return msgspec.json.encode(quantities).decode()


def outlook_from(text: str | None) -> Outlook | None:
    """Read a stored outlook, None when nothing was worked out yet."""
    return None if text is None else _OUTLOOK.decode(text)


def outlook_text(outlook: Outlook) -> str:
    """Write an outlook as it is stored."""
    return msgspec.json.encode(outlook).decode()


class StockMonthRecord(OneSourceItem):
    """What stock of one SKU there was on the days of one month; kept for 18 months from when it was begun."""

    KIND: ClassVar[str] = "inventory_month"
    RENEWED: ClassVar[bool] = False


def month_from(text: str) -> dict[str, DayStock]:
    """Read the days of a stored month."""
    return _MONTH.decode(text)


def month_text(month: dict[str, DayStock]) -> str:
    """Write the days of a month as they are stored."""
    return msgspec.json.encode(month).decode()


def month_of(sort_key: str) -> str:
    """Read the month, like ``2026-11``, back from the sort key of a month."""
    return sort_key.rpartition("#")[2]


class LocationRecord(CoreItem):
    """A place where the seller keeps stock; made by the seller, so it has no end. ``version`` counts its changes."""

    KIND: ClassVar[str] = "own_location"

    location_id = UnicodeAttribute()
    name = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    marketplace_id = UnicodeAttribute()
    closed_at = UnicodeAttribute(null=True)
    version = NumberAttribute()


class BalanceRecord(CoreItem):
    """How much of one SKU there is at one place.

    It holds its last movement (``own_rules.Movement`` as JSON), so that balance and ledger change in one write: the
    movement is filed by itself right after, and again before the next one in case that was interrupted.
    """

    KIND: ClassVar[str] = "own_balance"

    number = NumberAttribute()
    balance = NumberAttribute()
    last = UnicodeAttribute()


class OnceRecord(CoreItem):
    """That a movement with a name of its own was entered; its key says where and which.

    ``number`` is its place in its ledger; None for those that were entered before it was kept.
    """

    KIND: ClassVar[str] = "own_movement_once"

    number = NumberAttribute(null=True)


class MovementRecord(CoreItem):
    """One movement of the ledger; written once and never changed."""

    KIND: ClassVar[str] = "own_movement"

    movement = UnicodeAttribute()


def movement_from(text: str) -> Movement:
    """Read a stored movement."""
    return _MOVEMENT.decode(text)


def movement_text(movement: Movement) -> str:
    """Write a movement as it is stored."""
    return msgspec.json.encode(movement).decode()


def balance_sku_of(sort_key: str) -> str:
    """Read the SKU back from the sort key of a balance."""
    return decode(sort_key.split("#")[2])


class LinksRecord(CoreItem):
    """Which marketplaces of a connection share their stock, as groups; ``version`` counts the changes."""

    KIND: ClassVar[str] = "stock_links"

    groups = UnicodeAttribute()
    version = NumberAttribute()


def links_from(text: str) -> tuple[tuple[str, ...], ...]:
    """Read stored groups of marketplaces."""
    return _LINKS.decode(text)
