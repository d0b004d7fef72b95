"""Use case of own stock: hand the places, balances and the whole ledger over, row by row, for an export."""

from collections.abc import Callable
from typing import Any, NamedTuple

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
from quayside.storage.tables import CoreItem, page
from quayside.sync.views import Cell, Column, RowsPage

_LOCATION_PLACE, _SKU_PLACE = 1, 2


class _Kind(NamedTuple):
    model: type[CoreItem]
    prefix: str
    columns: tuple[Column, ...]
    row: Callable[[Any], tuple[Cell, ...]]


def _location(record: LocationRecord) -> tuple[Cell, ...]:
    return record.location_id, record.name, record.connection_id, record.marketplace_id, record.closed_at


def _balance(record: BalanceRecord) -> tuple[Cell, ...]:
    return _place(record.sk), balance_sku_of(record.sk), int(record.balance)


def _movement(record: MovementRecord) -> tuple[Cell, ...]:
    moved = movement_from(record.movement)
    sku = decode(record.sk.split("#")[_SKU_PLACE])
    return (
        _place(record.sk), sku, moved.number, moved.kind, moved.change, moved.balance, moved.at, moved.by, moved.note,
        moved.reverses,
    )  # fmt: skip


def _place(sort_key: str) -> str:
    return decode(sort_key.split("#")[_LOCATION_PLACE])


_KINDS = {
    "own_locations": _Kind(
        LocationRecord,
        LOCATION_PREFIX,
        (
            Column("location_id", "Place", "text"),
            Column("name", "Name", "text"),
            Column("of_connection_id", "Account", "text"),
            Column("marketplace_id", "Marketplace", "text"),
            Column("closed_at", "Closed", "instant"),
        ),
        _location,
    ),
    "own_stock": _Kind(
        BalanceRecord,
        "BALANCE#",
        (
            Column("location_id", "Place", "text"),
            Column("seller_sku", "SKU", "text"),
            Column("units", "Units", "number"),
        ),
        _balance,
    ),
    "own_movements": _Kind(
        MovementRecord,
        "MOVEMENT#",
        (
            Column("location_id", "Place", "text"),
            Column("seller_sku", "SKU", "text"),
            Column("number", "Number", "number"),
            Column("kind", "What happened", "text"),
            Column("change", "Change", "number"),
            Column("balance", "Balance", "number"),
            Column("at", "At", "instant"),
            Column("by", "Member", "text"),
            Column("note", "Note", "text"),
            Column("reverses", "Reverses", "number"),
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
    kind = _KINDS[dataset]
    found = page(kind.model, keys.own_stock(current_tenant()), limit=limit, prefix=kind.prefix, after=cursor)
    return RowsPage(kind.columns, tuple(map(kind.row, found.records)), found.next_sort_key, None)
