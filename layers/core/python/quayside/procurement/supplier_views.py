"""What the API shows of suppliers."""

import msgspec

from quayside.kernel.figures import Figure
from quayside.procurement.records import SupplierNameRecord
from quayside.procurement.rules import Terms
from quayside.procurement.supplier_rules import Contact
from quayside.procurement.supplier_store import Kept


class SupplierView(msgspec.Struct, frozen=True):
    """A supplier. ``version`` is sent back with a change."""

    supplier_id: str
    name: str
    currency: str
    terms: Terms
    address: str
    contacts: tuple[Contact, ...]
    incoterm: str | None
    minimum_order_units: int | None
    lead_time_days: int | None
    note: str
    archived: bool
    version: int
    changed_at: str


class SupplierEntry(msgspec.Struct, frozen=True):
    """A supplier as lists show it."""

    supplier_id: str
    name: str
    currency: str
    lead_time_days: int | None
    archived: bool


class SupplierPage(msgspec.Struct, frozen=True):
    """A page of suppliers by name."""

    suppliers: tuple[SupplierEntry, ...]
    next_cursor: str | None


class ScorecardView(msgspec.Struct, frozen=True):
    """How a supplier did over its latest orders that are received or closed."""

    supplier_id: str
    orders: int
    lead_time_median: Figure
    lead_time_p90: Figure
    on_time: Figure
    in_full: Figure
    defects: Figure


def supplier_view(kept: Kept) -> SupplierView:
    """Return a supplier."""
    supplier = kept.supplier
    return SupplierView(
        kept.supplier_id,
        supplier.name,
        supplier.currency,
        supplier.terms,
        supplier.address,
        supplier.contacts,
        supplier.incoterm,
        supplier.minimum_order_units,
        supplier.lead_time_days,
        supplier.note,
        supplier.archived,
        kept.version,
        kept.changed_at,
    )


def supplier_entry(record: SupplierNameRecord) -> SupplierEntry:
    """Return a supplier as lists show it."""
    days: float | None = record.lead_time_days
    return SupplierEntry(
        record.supplier_id, record.name, record.currency, None if days is None else int(days), bool(record.archived)
    )
