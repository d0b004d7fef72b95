"""What the API shows of stock."""

import msgspec

from quayside.inventory.records import quantities_from, sku_of
from quayside.inventory.store import Shelved
from quayside.kernel.clock import format_instant, from_epoch_milliseconds
from quayside.sync.views import Cell, Column

COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("asin", "ASIN", "text"),
    Column("fnsku", "FNSKU", "text"),
    Column("title", "Title", "text"),
    Column("fulfillable", "Can be sold", "number"),
    Column("inbound_working", "Inbound, planned", "number"),
    Column("inbound_shipped", "Inbound, shipped", "number"),
    Column("inbound_receiving", "Inbound, receiving", "number"),
    Column("reserved_transfer", "Reserved, transfer", "number"),
    Column("reserved_processing", "Reserved, processing", "number"),
    Column("reserved_customer_orders", "Reserved, orders", "number"),
    Column("unfulfillable", "Not sellable", "number"),
    Column("researching", "Being checked", "number"),
    Column("total", "Total", "number"),
    Column("source_updated_at", "Changed at Amazon", "instant"),
)
"""What the data browser shows of a position: fields of ``PositionView``."""


class PositionView(msgspec.Struct, frozen=True):
    """The stock of one SKU in one marketplace, in units. ``total`` is the sum of the nine parts before it."""

    connection_id: str
    marketplace_id: str
    seller_sku: str
    asin: str | None
    fnsku: str | None
    title: str | None
    fulfillable: int
    inbound_working: int
    inbound_shipped: int
    inbound_receiving: int
    reserved_transfer: int
    reserved_processing: int
    reserved_customer_orders: int
    unfulfillable: int
    researching: int
    total: int
    source_updated_at: str


class InventoryPage(msgspec.Struct, frozen=True):
    """A page of positions in the order of their SKUs. ``as_of`` is the oldest freshness among the connections."""

    positions: tuple[PositionView, ...]
    next_cursor: str | None
    as_of: str | None


def view_of(found: Shelved) -> PositionView:
    """Return one position as the list shows it."""
    record = found.record
    quantities = quantities_from(record.quantities)
    return PositionView(
        found.place.connection_id,
        found.place.marketplace_id,
        sku_of(record.sk),
        record.asin,
        record.fnsku,
        record.title,
        total=quantities.total,
        source_updated_at=format_instant(from_epoch_milliseconds(int(record.source_updated_at))),
        **msgspec.structs.asdict(quantities),
    )


def row_of(found: Shelved) -> tuple[Cell, ...]:
    """Return one position as a row of ``COLUMNS``."""
    view = msgspec.structs.asdict(view_of(found))
    return tuple(view[column.key] for column in COLUMNS)
