"""What the data browser shows of goods on their way to Amazon."""

from quayside.kernel.clock import format_instant, from_epoch_seconds
from quayside.supply_chain.records import ItemRecord, item_from, shipment_id_of, sku_of
from quayside.supply_chain.rules import Shipment
from quayside.sync.views import Cell, Column

COLUMNS = (
    Column("shipment_id", "Shipment", "text"),
    Column("name", "Name", "text"),
    Column("status", "Status", "text"),
    Column("receiving_status", "Receiving", "text"),
    Column("destination", "Centre", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("fnsku", "FNSKU", "text"),
    Column("expected", "Units sent", "number"),
    Column("received", "Received", "number"),
    Column("missing", "Still missing", "number"),
    Column("delivery_from", "Expected from", "instant"),
    Column("delivery_until", "Expected until", "instant"),
    Column("tracking", "Tracking", "text"),
    Column("plan_id", "Plan", "text"),
)


def item_row(record: ItemRecord, shipment: Shipment) -> tuple[Cell, ...]:
    """Return one SKU of a shipment as a row of ``COLUMNS``."""
    item = item_from(record)
    return (
        shipment_id_of(record.sk),
        shipment.name,
        shipment.status,
        shipment.receiving_status,
        shipment.destination,
        sku_of(record.sk),
        item.fnsku,
        item.expected,
        item.received,
        item.missing,
        _instant(shipment.delivery_from),
        _instant(shipment.delivery_until),
        ", ".join(shipment.tracking_ids) or None,
        shipment.plan_id,
    )


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else format_instant(from_epoch_seconds(seconds))
