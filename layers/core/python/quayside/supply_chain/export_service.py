"""Use case of the seller's own shipments: hand them over, row by row, for an export.

Each is found by what it carries, whose place never changes; a shipment that ends while it is read is neither lost nor
handed over twice.
"""

from collections.abc import Iterator
from datetime import date

from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain.document_records import DocumentsRecord, documents_from
from quayside.supply_chain.shipment_records import DetailRecord, detail_from, shipment_id_of
from quayside.sync.own_rows import Row, Rows, columns, rows_page
from quayside.sync.views import RowsPage

_PREFIX = "DETAIL#"


def _shipment(record: DetailRecord) -> Iterator[Row]:
    kept = store.find(shipment_id_of(record.sk))
    if kept is not None:
        it = kept.shipment
        yield (
            kept.shipment_id, it.name, it.state, it.connection_id, it.marketplace_id, it.destination, it.units,
            " ".join(it.orders), " ".join(it.inbound), it.created_at, it.changed_at, _day(it.ended_on),
        )  # fmt: skip


def _legs(record: DetailRecord) -> Iterator[Row]:
    kept = store.find(shipment_id_of(record.sk))
    for number, leg in enumerate(() if kept is None else kept.shipment.legs, 1):
        days = (leg.planned_start, leg.planned_end, leg.actual_start, leg.actual_end)
        yield (
            shipment_id_of(record.sk), number, leg.kind, leg.origin, leg.destination, leg.carrier, leg.tracking,
            *map(_day, days),
        )  # fmt: skip


def _lines(record: DetailRecord) -> Iterator[Row]:
    for line in detail_from(record.detail).lines:
        yield (
            shipment_id_of(record.sk), line.seller_sku, line.title, line.units, line.order_id, line.line_id,
            line.received, line.damaged,
        )  # fmt: skip


def _claims(record: DetailRecord) -> Iterator[Row]:
    for each in detail_from(record.detail).claims:
        yield (
            shipment_id_of(record.sk), each.inbound_id, each.seller_sku, each.units, each.state, each.case_id,
            each.note, each.changed_at,
        )  # fmt: skip


def _history(record: DetailRecord) -> Iterator[Row]:
    for each in detail_from(record.detail).history:
        yield shipment_id_of(record.sk), each.at, each.by, each.what, each.about


def _documents(record: DocumentsRecord) -> Iterator[Row]:
    for each in documents_from(record.documents).attached:
        yield (
            shipment_id_of(record.sk), each.document_id, each.name, each.kind, each.content_type, each.size,
            each.sha256, each.attached_at, each.attached_by,
        )  # fmt: skip


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


_SHIPMENT = columns(shipment_id=("Shipment", "text"))

_DATASETS = {
    "shipments": Rows(
        DetailRecord, _PREFIX,
        (
            *_SHIPMENT,
            *columns(
                name=("Name", "text"), state=("State", "text"), of_connection_id=("Account", "text"),
                marketplace_id=("Marketplace", "text"), destination=("Into", "text"), units=("Units", "number"),
                orders=("Orders", "text"), inbound=("Amazon's inbound shipments", "text"),
                created_at=("Entered", "instant"), changed_at=("Changed", "instant"), ended_on=("Ended", "day"),
            ),
        ),
        _shipment,
    ),
    "shipment_legs": Rows(
        DetailRecord, _PREFIX,
        (
            *_SHIPMENT,
            *columns(
                leg=("Leg", "number"), kind=("Kind", "text"), origin=("From", "text"), destination=("To", "text"),
                carrier=("Carrier", "text"), tracking=("Tracking", "text"), planned_start=("Planned start", "day"),
                planned_end=("Planned end", "day"), actual_start=("Start", "day"), actual_end=("End", "day"),
            ),
        ),
        _legs,
    ),
    "shipment_lines": Rows(
        DetailRecord, _PREFIX,
        (
            *_SHIPMENT,
            *columns(
                seller_sku=("SKU", "text"), title=("Title", "text"), units=("Units", "number"),
                order_id=("Order", "text"), line_id=("Line", "text"), received=("Received", "number"),
                damaged=("Damaged", "number"),
            ),
        ),
        _lines,
    ),
    "shipment_claims": Rows(
        DetailRecord, _PREFIX,
        (
            *_SHIPMENT,
            *columns(
                inbound_id=("Amazon's inbound shipment", "text"), seller_sku=("SKU", "text"),
                units=("Units", "number"), state=("State", "text"), case_id=("Case", "text"), note=("Note", "text"),
                changed_at=("Changed", "instant"),
            ),
        ),
        _claims,
    ),
    "shipment_history": Rows(
        DetailRecord, _PREFIX,
        (
            *_SHIPMENT,
            *columns(
                at=("At", "instant"), by=("Member", "text"), what=("What happened", "text"), about=("About", "text")
            ),
        ),
        _history,
    ),
    "shipment_documents": Rows(
        DocumentsRecord, "DOCUMENTS#",
        (
            *_SHIPMENT,
            *columns(
                document_id=("Document", "text"), name=("Name", "text"), kind=("Kind", "text"),
                content_type=("Type", "text"), size=("Bytes", "number"), sha256=("SHA-256", "text"),
                attached_at=("Attached", "instant"), attached_by=("Member", "text"),
            ),
        ),
        _documents,
    ),
}  # fmt: skip

DATASETS = tuple(_DATASETS)
"""What there is to hand over."""


def rows(dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of the shipments of the tenant in scope; ``cursor`` is the one of the page before.

    Args:
        dataset: one of ``DATASETS``.
        cursor: where the page before ended.
        limit: so many rows, and at most those of one record more.
    """
    return rows_page(_DATASETS[dataset], keys.shipments(current_tenant()), cursor, limit)
