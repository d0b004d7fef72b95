"""What the API shows of stock."""

from datetime import datetime

import msgspec

from quayside.inventory.days_rules import SOURCE, DayStock, Standing, cover_figure, days_without, standing_of
from quayside.inventory.records import outlook_from, quantities_from, sku_of
from quayside.inventory.rules import Quantities
from quayside.inventory.store import Shelved
from quayside.kernel.clock import format_instant, from_epoch_milliseconds
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
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


class StockLine(PositionView, frozen=True, kw_only=True):
    """A position, and what its days and the seller's own stock add to it.

    Attributes:
        standing: what can be done with it now.
        own_stock: units at the seller's own places that count for this marketplace; None when there is no such place.
        recent: units that could be sold on each of the last 30 days, the oldest first; None on days nobody looked.
        days_without: on how many of those days nothing could be sold.
        days_of_cover: for how long what can be sold lasts.
        aged_units: units that are there for more than 90 days; None when that is not known.
    """

    standing: Standing
    own_stock: int | None
    recent: tuple[int | None, ...]
    days_without: int
    days_of_cover: Figure
    aged_units: int | None


class InventoryPage(msgspec.Struct, frozen=True):
    """A page of stock in the order of the SKUs. ``as_of`` is the oldest freshness among the connections."""

    positions: tuple[StockLine, ...]
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


def line_of(found: Shelved, recent: tuple[DayStock | None, ...], own_stock: int | None, as_of: datetime) -> StockLine:
    """Return one SKU as the list shows it."""
    quantities = quantities_from(found.record.quantities)
    outlook = outlook_from(found.record.outlook)
    return StockLine(
        **msgspec.structs.asdict(view_of(found)),
        standing=standing_of(quantities),
        own_stock=own_stock,
        recent=tuple(None if day is None else day.fulfillable for day in recent),
        days_without=days_without(recent),
        days_of_cover=cover_figure(quantities.fulfillable, outlook, as_of),
        aged_units=None if outlook is None else outlook.aged_90,
    )


def stock_figure(at_amazon: Quantities, own_units: int | None, as_of: datetime) -> Figure:
    """Return the units that are there to be sold, at Amazon and at the seller's own places, with their method card.

    Args:
        at_amazon: what Amazon tells.
        own_units: units at the seller's own places that count for the marketplace; None when there is no such place.
        as_of: when Amazon's stock was last in step.
    """
    parts = [
        ("Can be sold", at_amazon.fulfillable),
        ("Moving between Amazon's centres", at_amazon.reserved_transfer),
        ("Being processed", at_amazon.reserved_processing),
        *([] if own_units is None else [("At your own places", own_units)]),
    ]
    units = sum(count for _, count in parts)
    inbound = at_amazon.inbound_working + at_amazon.inbound_shipped + at_amazon.inbound_receiving
    return figure(
        units,
        unit="units",
        as_of=as_of,
        state="posted",
        source=SOURCE if own_units is None else f"{SOURCE}; the ledger of your own places",
        method=method_card(
            "stock.to_sell",
            "Stock",
            "Units that Amazon can sell, moves or processes + units at your own places that count for the marketplace",
            f"{' + '.join(f'{label} {count:,}' for label, count in parts)} = {units:,} units",
            inputs=[
                *(FigureInput(label, count, "units") for label, count in parts),
                FigureInput("On the way to Amazon, left out", inbound, "units"),
                FigureInput("Sold and not shipped yet, left out", at_amazon.reserved_customer_orders, "units"),
                FigureInput(
                    "Not sellable or being checked, left out", at_amazon.unfulfillable + at_amazon.researching, "units"
                ),
            ],
            notes=("Of this marketplace alone; marketplaces that share stock each show the same units.",),
        ),
    )


class DayView(msgspec.Struct, frozen=True):
    """Stock of one day, as last seen on it; null where nobody looked."""

    date: str
    fulfillable: int | None
    inbound: int | None
    reserved: int | None
    unsellable: int | None


class OwnStockView(msgspec.Struct, frozen=True):
    """What there is of the SKU at one of the seller's own places."""

    location_id: str
    name: str
    units: int


class StockDetail(msgspec.Struct, frozen=True):
    """One SKU in one marketplace: its position now, its days, its figures, and the seller's own stock of it."""

    line: StockLine
    as_of: str | None
    days: tuple[DayView, ...]
    days_of_cover: Figure
    days_without: Figure
    aged: tuple[Figure, ...]
    own_stock: tuple[OwnStockView, ...]
    linked_marketplace_ids: tuple[str, ...]


def row_of(found: Shelved) -> tuple[Cell, ...]:
    """Return one position as a row of ``COLUMNS``."""
    view = msgspec.structs.asdict(view_of(found))
    return tuple(view[column.key] for column in COLUMNS)
