"""How boards and alerts are stored: one item a marketplace, one a connection."""

from typing import ClassVar

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from quayside.storage.tables import CoreItem


class BoardRecord(CoreItem):
    """The rankings of the products of a marketplace, as ``board_rules.packed`` writes them.

    ``made_of`` is the marketplace's day (ISO 8601) they end on, ``made_at`` when they were made, in epoch seconds.
    """

    KIND: ClassVar[str] = "figure_board"

    rankings = BinaryAttribute(legacy_encoding=False)
    made_of = UnicodeAttribute()
    made_at = NumberAttribute()


class BrandBoardRecord(CoreItem):
    """What the brands of a marketplace sold, as ``brand_board_rules.packed`` writes it.

    ``made_at`` is when it was worked out, in epoch seconds.
    """

    KIND: ClassVar[str] = "brand_board"

    sums = BinaryAttribute(legacy_encoding=False)
    made_at = NumberAttribute()


class CostBoardRecord(CoreItem):
    """The costed periods of a marketplace, or of all together, as ``cost_board_rules.packed`` writes them.

    ``made_at`` is when they were worked out, in epoch seconds.
    """

    KIND: ClassVar[str] = "cost_board"

    periods = BinaryAttribute(legacy_encoding=False)
    made_at = NumberAttribute()


class AlertsRecord(CoreItem):
    """What needs a look among the products of a connection, as ``alert_rules.packed`` writes it.

    ``made_at`` is when it was worked out, in epoch seconds.
    """

    KIND: ClassVar[str] = "figure_alerts"

    alerts = BinaryAttribute(legacy_encoding=False)
    made_at = NumberAttribute()
