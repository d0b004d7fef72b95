"""How a day's figures are stored: ours an item a day, marketplace and currency, Amazon's an item a day and SKU."""

from datetime import date
from typing import ClassVar

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.analytics.rules import Tally, Traffic
from quayside.storage.facts import OneSourceItem
from quayside.storage.keys import decode
from quayside.storage.tables import CoreItem

COUNTERS = ("orders", "units", "sales_minor", "priced", "pending", "waiting_for_price", "cancelled")
"""The attributes that are added to, named as the fields of ``rules.Tally``."""


class FigureRecord(CoreItem):
    """What the orders of one day add up to.

    ``position`` is the place in the stream of orders up to which records are in these numbers: all orders of a day are
    in one partition, hence in one lineage of shards, so one position is enough. ``updated_at`` is in epoch seconds.
    """

    KIND: ClassVar[str] = "daily_figure"

    orders = NumberAttribute(null=True)
    units = NumberAttribute(null=True)
    sales_minor = NumberAttribute(null=True)
    priced = NumberAttribute(null=True)
    pending = NumberAttribute(null=True)
    waiting_for_price = NumberAttribute(null=True)
    cancelled = NumberAttribute(null=True)
    position = UnicodeAttribute(null=True)
    updated_at = NumberAttribute(null=True)


def tally_of(record: FigureRecord) -> Tally:
    """Read the numbers of a record."""
    return Tally(*(int(getattr(record, name) or 0) for name in COUNTERS))


def day_of(sort_key: str) -> tuple[date, str]:
    """Read day and currency back from a sort key."""
    _, day, currency = sort_key.split("#")
    return date.fromisoformat(day), decode(currency)


class TrafficRecord(OneSourceItem):
    """Sales and traffic of one SKU, or of the whole marketplace, on one day; its key says which."""

    KIND: ClassVar[str] = "sales_and_traffic"
    RENEWED: ClassVar[bool] = False


TRAFFIC_PREFIX = "DAY#"

_TRAFFIC = msgspec.json.Decoder(Traffic)


def traffic_from(text: str) -> Traffic:
    """Read stored sales and traffic."""
    return _TRAFFIC.decode(text)


def traffic_text(traffic: Traffic) -> str:
    """Write sales and traffic as they are stored."""
    return msgspec.json.encode(traffic).decode()


def traffic_day_of(sort_key: str) -> tuple[str, str | None]:
    """Read day and SKU back from a sort key; no SKU for the whole marketplace."""
    parts = sort_key.split("#")
    return parts[1], decode(parts[3]) if len(parts) == 4 else None  # noqa: PLR2004 - as storage.keys builds them
