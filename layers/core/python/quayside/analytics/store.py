"""Reads and writes of daily figures. Every function acts for the tenant in scope."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from pynamodb.expressions.update import Action

from quayside.analytics.records import (
    COUNTERS,
    TRAFFIC_PREFIX,
    FigureRecord,
    TrafficRecord,
    day_of,
    tally_of,
    traffic_text,
)
from quayside.analytics.rules import Change, FigureDay, Tally, Traffic, beyond, total
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import facts, keys
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
            _actions(total(change.difference for change in unseen), unseen[-1].position, now),
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


def _actions(tally: Tally, position: str, now: datetime) -> list[Action]:
    record = FigureRecord
    # As with the orders it sums up, 18 months count from the day they were received and not from the day they are of.
    kept_until = now + timedelta(days=AMAZON_DATA_DAYS)
    return [
        record.position.set(position),
        record.updated_at.set(epoch_seconds(now)),
        record.expires_at.set(record.expires_at | epoch_seconds(kept_until)),
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


TRAFFIC_REPORT = "amazon:reports/GET_SALES_AND_TRAFFIC_REPORT"


def put_traffic(
    connection_id: ConnectionId,
    marketplace_id: str,
    traffic: Iterable[tuple[date, str | None, Traffic]],
    *,
    received_at: datetime,
) -> facts.Tally:
    """Store Amazon's sales and traffic by day and SKU, of the whole marketplace where there is no SKU; newer wins."""
    tenant_id = current_tenant()
    return facts.upsert(
        TrafficRecord,
        [
            facts.Fact(
                keys.traffic_day(tenant_id, connection_id, marketplace_id, day, sku),
                facts.version_of(received_at),
                traffic_text(each),
            )
            for day, sku, each in traffic
        ],
        received_at=received_at,
        source=TRAFFIC_REPORT,
    )


def browse_traffic(
    connection_id: ConnectionId, marketplace_ids: Sequence[str], cursor: str | None, limit: int
) -> facts.Browsed[TrafficRecord]:
    """Return one page of sales and traffic, marketplace by marketplace, newest day first."""
    tenant_id = current_tenant()
    shelves = [facts.Shelf(place, keys.traffic(tenant_id, connection_id, place)) for place in marketplace_ids]
    return facts.browse(TrafficRecord, shelves, prefix=TRAFFIC_PREFIX, cursor=cursor, limit=limit, newest_first=True)
