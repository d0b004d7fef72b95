"""Use case of the catalog: hand saved views and changes of listings over, row by row, for an export."""

from collections.abc import Iterator

from quayside.catalog.edit_records import EditRecord, edit_from
from quayside.catalog.edit_rules import Values
from quayside.catalog.grid_records import VIEW_PREFIX, SavedViewRecord, view_id_of
from quayside.kernel.clock import format_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import decode
from quayside.sync.own_rows import Row, Rows, columns, rows_page
from quayside.sync.views import RowsPage


def _view(record: SavedViewRecord) -> Iterator[Row]:
    yield view_id_of(record.sk), record.name, record.filters, record.saved_at, record.saved_by


def _change(record: EditRecord) -> Iterator[Row]:
    it = edit_from(record)
    yield (
        decode(record.sk.split("#")[1]), it.edit_id, it.state, *_values(it.before), *_values(it.change), it.asked_by,
        format_instant(it.asked_at), it.applied_by, None if it.applied_at is None else format_instant(it.applied_at),
        it.submission_id, it.reason, it.restores, it.bulk_id,
    )  # fmt: skip


def _values(values: Values | None) -> Row:
    if values is None:
        return None, None, None
    attributes = "\n".join(f"{each.name}: {' | '.join(each.values)}" for each in values.attributes) or None
    return None if values.price is None else values.price.money(), values.quantity, attributes


_VIEWS = Rows(
    SavedViewRecord, VIEW_PREFIX,
    columns(
        view_id=("View", "text"), name=("Name", "text"), filters=("Filters", "text"), saved_at=("Saved", "instant"),
        saved_by=("Member", "text"),
    ),
    _view,
)  # fmt: skip

_CHANGES = Rows(
    EditRecord, "SKU#",
    columns(
        seller_sku=("SKU", "text"), change_id=("Change", "text"), state=("State", "text"),
        price_before=("Price before", "money"), quantity_before=("Quantity before", "number"),
        attributes_before=("Attributes before", "text"), price=("Price", "money"), quantity=("Quantity", "number"),
        attributes=("Attributes", "text"), asked_by=("Asked by", "text"),
        asked_at=("Asked", "instant"), applied_by=("Applied by", "text"), applied_at=("Applied", "instant"),
        submission_id=("Submission", "text"), reason=("Reason", "text"), restores=("Puts back", "text"),
        file_id=("Came with file", "text"),
    ),
    _change,
)  # fmt: skip


def views(_dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of the saved views of the tenant in scope; ``cursor`` is the one of the page before."""
    return rows_page(_VIEWS, keys.catalog_views(current_tenant()), cursor, limit)


def changes(
    connection_id: ConnectionId, _dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of the changes of the listings of a marketplace, versions that Amazon took and those it refused."""
    if marketplace_id is None:
        raise ValueError("Changes of listings are read one marketplace after the other.")
    return rows_page(_CHANGES, keys.listing_edits(current_tenant(), connection_id, marketplace_id), cursor, limit)
