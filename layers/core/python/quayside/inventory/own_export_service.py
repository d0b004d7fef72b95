"""Use case of own stock: hand the places, balances and the whole ledger over, row by row, for an export."""

from collections.abc import Iterator

from quayside.inventory.records import (
    LOCATION_PREFIX,
    BalanceRecord,
    LocationRecord,
    MovementRecord,
    balance_sku_of,
    movement_from,
)
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import decode
from quayside.sync.own_rows import Row, Rows, columns, rows_page
from quayside.sync.views import RowsPage

_LOCATION_PLACE, _SKU_PLACE = 1, 2


def _location(record: LocationRecord) -> Iterator[Row]:
    yield record.location_id, record.name, record.connection_id, record.marketplace_id, record.closed_at


def _balance(record: BalanceRecord) -> Iterator[Row]:
    yield _place(record.sk), balance_sku_of(record.sk), int(record.balance)


def _movement(record: MovementRecord) -> Iterator[Row]:
    moved = movement_from(record.movement)
    sku = decode(record.sk.split("#")[_SKU_PLACE])
    yield (
        _place(record.sk), sku, moved.number, moved.kind, moved.change, moved.balance, moved.at, moved.by, moved.note,
        moved.reverses,
    )  # fmt: skip


def _place(sort_key: str) -> str:
    return decode(sort_key.split("#")[_LOCATION_PLACE])


_KINDS = {
    "own_locations": Rows(
        LocationRecord,
        LOCATION_PREFIX,
        columns(
            location_id=("Place", "text"),
            name=("Name", "text"),
            of_connection_id=("Account", "text"),
            marketplace_id=("Marketplace", "text"),
            closed_at=("Closed", "instant"),
        ),
        _location,
    ),
    "own_stock": Rows(
        BalanceRecord,
        "BALANCE#",
        columns(location_id=("Place", "text"), seller_sku=("SKU", "text"), units=("Units", "number")),
        _balance,
    ),
    "own_movements": Rows(
        MovementRecord,
        "MOVEMENT#",
        columns(
            location_id=("Place", "text"),
            seller_sku=("SKU", "text"),
            number=("Number", "number"),
            kind=("What happened", "text"),
            change=("Change", "number"),
            balance=("Balance", "number"),
            at=("At", "instant"),
            by=("Member", "text"),
            note=("Note", "text"),
            reverses=("Reverses", "number"),
        ),
        _movement,
    ),
}


def rows(dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of the own stock of the tenant in scope; ``cursor`` is the one of the page before.

    Args:
        dataset: ``own_locations``, ``own_stock`` or ``own_movements``.
        cursor: where the page before ended.
        limit: so many rows at most.
    """
    return rows_page(_KINDS[dataset], keys.own_stock(current_tenant()), cursor, limit)
