"""Reads and writes of suppliers. Every function acts for the tenant in scope."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.tenancy import current_tenant
from quayside.procurement.records import SELLER, SupplierNameRecord, SupplierRecord, text_of
from quayside.procurement.supplier_rules import Supplier
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.tables import page

NAME_PREFIX = "NAME#"


class Kept(NamedTuple):
    """A supplier as it is stored."""

    supplier_id: str
    supplier: Supplier
    version: int
    changed_at: str


def find(supplier_id: str) -> Kept | None:
    """Return a supplier."""
    record = SupplierRecord.find(keys.supplier(current_tenant(), supplier_id))
    return None if record is None else Kept(supplier_id, record.read(), int(record.version), record.changed_at)


def id_of(name: str) -> str | None:
    """Return which supplier has a name, whatever its capitals."""
    record = SupplierNameRecord.find(keys.supplier_name(current_tenant(), name))
    return None if record is None else record.supplier_id


def put(supplier_id: str, supplier: Supplier, before: Kept | None, now: datetime) -> bool:
    """Write a supplier and its name together, new (``before`` is None) or changed.

    Returns:
        False when somebody else changed it first, or took the name.
    """
    tenant_id = current_tenant()
    model, names = SupplierRecord, SupplierNameRecord
    seen = 0 if before is None else before.version
    name_key = keys.supplier_name(tenant_id, supplier.name)
    try:
        with TransactWrite(connection=bound().connection("tenant")) as together:
            together.update(
                model.at(keys.supplier(tenant_id, supplier_id)),
                actions=[
                    model.facts.set(text_of(supplier)),
                    model.version.set(seen + 1),
                    model.changed_at.set(format_instant(now)),
                    model.kind.set(model.KIND),
                    model.source.set(SELLER),
                ],
                condition=model.pk.does_not_exist() if before is None else model.version == seen,
            )
            together.save(
                names.at(
                    name_key,
                    supplier_id=supplier_id,
                    name=supplier.name,
                    currency=supplier.currency,
                    lead_time_days=supplier.lead_time_days,
                    archived=supplier.archived,
                    source=SELLER,
                ),
                condition=names.pk.does_not_exist() | (names.supplier_id == supplier_id),
            )
            if before is not None:
                old = keys.supplier_name(tenant_id, before.supplier.name)
                if old != name_key:
                    together.delete(names.at(old))
    except TransactWriteError as problem:
        codes = {reason.code for reason in problem.cancellation_reasons or () if reason}
        if not codes & {"ConditionalCheckFailed", "TransactionConflict"}:
            raise
        return False
    return True


def browse(begins: str, cursor: str | None, limit: int) -> tuple[Sequence[SupplierNameRecord], str | None]:
    """Return a page of suppliers by name, those whose name begins so.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    prefix = f"{NAME_PREFIX}{keys.encode(begins.casefold())}"
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith(prefix):
            raise invalid_cursor()
    found = page(SupplierNameRecord, keys.suppliers(current_tenant()), limit=limit, prefix=prefix, after=after)
    return found.records, None if found.next_sort_key is None else encode_cursor(found.next_sort_key)
