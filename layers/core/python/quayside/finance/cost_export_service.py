"""Use case of costs: hand everything the seller entered over, row by row, for an export."""

from collections.abc import Callable
from typing import Any, NamedTuple

from quayside.finance.cost_records import (
    LOT_PREFIX,
    OTHER_PREFIX,
    RATE_PREFIX,
    LotRecord,
    OtherCostRecord,
    RateRecord,
    lot_from,
    lot_sku_of,
    other_cost_from,
    rate_from,
)
from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import CoreItem, page
from quayside.sync.views import Cell, Column, RowsPage


class _Kind(NamedTuple):
    model: type[CoreItem]
    prefix: str
    columns: tuple[Column, ...]
    row: Callable[[Any], tuple[Cell, ...]]


def _lot(record: LotRecord) -> tuple[Cell, ...]:
    lot = lot_from(record)
    made = None if lot.manufacturing_minor is None else Money(lot.manufacturing_minor, lot.currency)
    return (
        lot_sku_of(record.sk), lot.from_day.isoformat(), lot.units, Money(lot.landed_minor, lot.currency), made,
        lot.per_units, lot.note, record.entered_at,
    )  # fmt: skip


def _other(record: OtherCostRecord) -> tuple[Cell, ...]:
    cost = other_cost_from(record)
    return (
        cost.name, Money(cost.amount_minor, cost.currency), cost.from_day.isoformat(), cost.to_day.isoformat(),
        cost.marketplace_id, cost.seller_sku, record.entered_at,
    )  # fmt: skip


def _rate(record: RateRecord) -> tuple[Cell, ...]:
    rate = rate_from(record)
    return rate.day.isoformat(), rate.base, rate.quote, rate.rate, rate.source, record.entered_at


_KINDS = {
    "cost_lots": _Kind(
        LotRecord,
        LOT_PREFIX,
        (
            Column("seller_sku", "SKU", "text"),
            Column("from_day", "From", "day"),
            Column("units", "Units", "number"),
            Column("landed", "Landed cost", "money"),
            Column("manufacturing", "Manufacturing cost", "money"),
            Column("per_units", "Costs are for so many units", "number"),
            Column("note", "Note", "text"),
            Column("entered_at", "Entered", "instant"),
        ),
        _lot,
    ),
    "other_costs": _Kind(
        OtherCostRecord,
        OTHER_PREFIX,
        (
            Column("name", "Name", "text"),
            Column("amount", "Amount", "money"),
            Column("from_day", "From", "day"),
            Column("to_day", "To", "day"),
            Column("marketplace_id", "Marketplace", "text"),
            Column("seller_sku", "SKU", "text"),
            Column("entered_at", "Entered", "instant"),
        ),
        _other,
    ),
    "exchange_rates": _Kind(
        RateRecord,
        RATE_PREFIX,
        (
            Column("day", "Day", "day"),
            Column("base", "From", "text"),
            Column("quote", "Into", "text"),
            Column("rate", "Rate", "text"),
            Column("source", "Source", "text"),
            Column("entered_at", "Entered", "instant"),
        ),
        _rate,
    ),
}


def rows(dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of what the tenant in scope entered; ``cursor`` is the one of the page before.

    Args:
        dataset: ``cost_lots``, ``other_costs`` or ``exchange_rates``.
        cursor: where the page before ended.
        limit: so many rows at most.
    """
    kind = _KINDS[dataset]
    found = page(kind.model, keys.costs(current_tenant()), limit=limit, prefix=kind.prefix, after=cursor)
    return RowsPage(kind.columns, tuple(map(kind.row, found.records)), found.next_sort_key, None)
