"""Reads and writes of daily figures. Every function acts for the tenant in scope."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from pynamodb.expressions.update import Action

from quayside.analytics.records import COUNTERS, FigureRecord, day_of, tally_of
from quayside.analytics.rules import Change, FigureDay, Tally, beyond, total
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import AMAZON_DATA_DAYS, every, write

SOURCE = "quayside:metrics_roller"

_ATTEMPTS = 5


class FigureRow(NamedTuple):
    """The figures of one day in one currency, and when they last changed."""

    day: date
    currency: str
    tally: Tally
    updated_at: datetime


def advance(figure: FigureDay, changes: Sequence[Change], now: datetime) -> int:
    """Add to a figure the changes that it has not seen yet, exactly once, and return how many writes that took.

    One conditional update: it holds when the first change lies beyond the position that the figure remembers, and it
    moves the position to the last. When it does not hold, the position that came back tells which changes are new.

    Raises:
        Conflict: others kept moving the same figure; the batch has to be delivered again.
    """
    record = FigureRecord
    key = keys.daily_figure(
        current_tenant(), ConnectionId(figure.connection_id), figure.marketplace_id, figure.day, figure.currency
    )
    unseen = beyond(changes, None)
    for attempt in range(_ATTEMPTS):
        if not unseen:
            return attempt
        written = write(
            record,
            key,
            _actions(figure.day, total(change.difference for change in unseen), unseen[-1].position, now),
            record.position.does_not_exist() | (record.position < unseen[0].position),
            source=SOURCE,
            returning="NONE",
        )
        if written.applied:
            return attempt + 1
        unseen = beyond(unseen, written.item["position"]["S"])
    if not unseen:
        return _ATTEMPTS
    raise Conflict("A daily figure was changed by too many at once.", code="figure_contended")


def _actions(day: date, tally: Tally, position: str, now: datetime) -> list[Action]:
    record = FigureRecord
    kept_until = datetime.combine(day, time.min, UTC) + timedelta(days=AMAZON_DATA_DAYS)
    return [
        record.position.set(position),
        record.updated_at.set(epoch_seconds(now)),
        record.expires_at.set(epoch_seconds(kept_until)),
        *(getattr(record, name).add(value) for name in COUNTERS if (value := getattr(tally, name))),
    ]


def days(connection_id: ConnectionId, marketplace_id: str, from_day: date, to_day: date) -> list[FigureRow]:
    """Return the figures of a marketplace from one day to another, both included, by one range query."""
    partition = keys.figures(current_tenant(), connection_id, marketplace_id)
    rows = []
    for record in every(FigureRecord, partition, between=keys.daily_figure_range(from_day, to_day)):
        day, currency = day_of(record.sk)
        rows.append(FigureRow(day, currency, tally_of(record), from_epoch_seconds(int(record.updated_at or 0))))
    return rows
