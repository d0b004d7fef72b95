"""Use case of costs: hand everything the seller entered over, row by row, for an export."""

from collections.abc import Iterator

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
from quayside.sync.own_rows import Row, Rows, columns, rows_page
from quayside.sync.views import RowsPage


def _lot(record: LotRecord) -> Iterator[Row]:
    if not record.counts():
        return
    lot = lot_from(record)
    made = None if lot.manufacturing_minor is None else Money(lot.manufacturing_minor, lot.currency)
    yield (
        lot_sku_of(record.sk), lot.from_day.isoformat(), lot.units, Money(lot.landed_minor, lot.currency), made,
        lot.per_units, lot.note, record.entered_at,
    )  # fmt: skip


def _other(record: OtherCostRecord) -> Iterator[Row]:
    cost = other_cost_from(record)
    yield (
        cost.name, Money(cost.amount_minor, cost.currency), cost.from_day.isoformat(), cost.to_day.isoformat(),
        cost.marketplace_id, cost.seller_sku, record.entered_at,
    )  # fmt: skip


def _rate(record: RateRecord) -> Iterator[Row]:
    rate = rate_from(record)
    yield rate.day.isoformat(), rate.base, rate.quote, rate.rate, rate.source, record.entered_at


_KINDS = {
    "cost_lots": Rows(
        LotRecord,
        LOT_PREFIX,
        columns(
            seller_sku=("SKU", "text"),
            from_day=("From", "day"),
            units=("Units", "number"),
            landed=("Landed cost", "money"),
            manufacturing=("Manufacturing cost", "money"),
            per_units=("Costs are for so many units", "number"),
            note=("Note", "text"),
            entered_at=("Entered", "instant"),
        ),
        _lot,
    ),
    "other_costs": Rows(
        OtherCostRecord,
        OTHER_PREFIX,
        columns(
            name=("Name", "text"),
            amount=("Amount", "money"),
            from_day=("From", "day"),
            to_day=("To", "day"),
            marketplace_id=("Marketplace", "text"),
            seller_sku=("SKU", "text"),
            entered_at=("Entered", "instant"),
        ),
        _other,
    ),
    "exchange_rates": Rows(
        RateRecord,
        RATE_PREFIX,
        columns(
            day=("Day", "day"),
            base=("From", "text"),
            quote=("Into", "text"),
            rate=("Rate", "text"),
            source=("Source", "text"),
            entered_at=("Entered", "instant"),
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
    return rows_page(_KINDS[dataset], keys.costs(current_tenant()), cursor, limit)
