"""How a day's figures are stored: one item a day, marketplace and currency."""

from datetime import date
from typing import ClassVar

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.analytics.rules import Tally
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
