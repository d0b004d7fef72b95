"""Reads and writes of stock day by day. Every function acts for the tenant in scope."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from quayside.inventory.days_rules import DayStock, Month, Outlook, day_stock, months_between, with_day
from quayside.inventory.records import (
    SORT_PREFIX,
    PositionRecord,
    StockMonthRecord,
    month_from,
    month_of,
    month_text,
    outlook_text,
    quantities_from,
    sku_of,
)
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import facts, keys
from quayside.storage.tables import every, living, page, write

SOURCE = "amazon:fbaInventory/v1"


def positions_after(
    connection_id: ConnectionId, marketplace_id: str, after: str | None, limit: int
) -> tuple[list[PositionRecord], str | None]:
    """Return a page of positions in the order of their sort keys, and the sort key that goes on after it."""
    partition = keys.inventory(current_tenant(), connection_id, marketplace_id)
    found = page(PositionRecord, partition, limit=limit, prefix=SORT_PREFIX, after=after)
    return found.records, found.next_sort_key


def put_day(
    connection_id: ConnectionId, marketplace_id: str, positions: Sequence[PositionRecord], day: date, now: datetime
) -> int:
    """Write what stock positions are on a day into their months, and return how many changed."""
    tenant_id = current_tenant()
    seen = {
        keys.stock_month(tenant_id, connection_id, marketplace_id, sku_of(record.sk), day): day_stock(
            quantities_from(record.quantities)
        )
        for record in positions
    }
    known = facts.stored(StockMonthRecord, seen)
    told = [
        facts.Fact(key, facts.version_of(now), month_text(with_day(_month(known.get(key)), day, stock)))
        for key, stock in seen.items()
    ]
    return facts.upsert(StockMonthRecord, told, received_at=now, source=SOURCE, known=known).applied


def _month(record: StockMonthRecord | None) -> Month:
    return {} if record is None else month_from(record.facts)


def months_of(
    connection_id: ConnectionId, marketplace_id: str, skus: Iterable[str], from_day: date, to_day: date
) -> dict[str, dict[str, dict[str, DayStock]]]:
    """Return the months of these SKUs that touch a span of days: by SKU, then by month."""
    tenant_id = current_tenant()
    names = {
        keys.stock_month(tenant_id, connection_id, marketplace_id, sku, month): sku
        for sku in dict.fromkeys(skus)
        for month in months_between(from_day, to_day)
    }
    found: dict[str, dict[str, dict[str, DayStock]]] = {}
    if names:
        for record in living(StockMonthRecord.batch_get([(key.pk, key.sk) for key in names])):
            sku = names[keys.Key(record.pk, record.sk)]
            found.setdefault(sku, {})[month_of(record.sk)] = month_from(record.facts)
    return found


def all_months_of(connection_id: ConnectionId, marketplace_id: str, sku: str) -> dict[str, dict[str, DayStock]]:
    """Return every month that is kept of one SKU: 19 at most, for each ends after 18."""
    partition = keys.stock_days(current_tenant(), connection_id, marketplace_id)
    prefix = keys.stock_month_sort(sku, date.min).removesuffix(f"{date.min:%Y-%m}")
    found = every(StockMonthRecord, partition, prefix=prefix)
    return {month_of(record.sk): month_from(record.facts) for record in found}


def put_outlook(connection_id: ConnectionId, marketplace_id: str, sku: str, outlook: Outlook) -> bool:
    """Keep what was worked out of a SKU with its position; return False when there is no position any more."""
    model = PositionRecord
    key = keys.inventory_position(current_tenant(), connection_id, marketplace_id, sku)
    written = write(
        model,
        key,
        [model.outlook.set(outlook_text(outlook))],
        model.pk.exists() & model.expires_at.exists(),
        returning="NONE",
    )
    return written.applied
