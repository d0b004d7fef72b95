"""Use cases of files: suppliers and purchase orders from a table and into one, with a preview of each first.

They act for the tenant in scope. A supplier is known by its name. An order of a file is named by its content, so the
same file again, or one that was cut off, drafts nothing twice; one that was exported here is known by its id.
"""

import hashlib
from collections.abc import Callable, Iterator

import msgspec

from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, InvalidInput, QuaysideError
from quayside.kernel.file_rows import (
    ENTERED,
    Asked,
    FilePage,
    ImportView,
    Judged,
    import_view,
    in_columns,
    words,
    wrong,
)
from quayside.kernel.ids import new_id
from quayside.procurement import order_file_rules, order_service, store, supplier_file_rules, supplier_service
from quayside.procurement import supplier_store as suppliers
from quayside.procurement.order_file_rules import FileOrder, read_orders
from quayside.procurement.order_service import NewOrder
from quayside.procurement.records import Entry
from quayside.procurement.supplier_file_rules import read_suppliers
from quayside.procurement.supplier_rules import Supplier
from quayside.procurement.supplier_service import SupplierTerms


def preview_suppliers(text: str) -> ImportView:
    """Say which suppliers a file would enter; nothing is stored.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    return import_view(_judged_suppliers(text), _supplier_says, _plain)


def import_suppliers(text: str, *, clock: Clock, entropy: Callable[[int], bytes]) -> ImportView:
    """Enter the new suppliers of a file; refused ones are left out and said, those whose name is there stay.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    done: list[Judged[Supplier]] = []
    for asked, state in _judged_suppliers(text):
        after = state
        if state == "new" and asked.draft is not None:
            try:
                terms = SupplierTerms(**msgspec.structs.asdict(asked.draft))
                supplier_service.add_supplier(terms, clock=clock, entropy=entropy)
            except Conflict:  # somebody else entered one of this name
                after = "known"
        done.append((asked, after))
    return import_view(done, _supplier_says, _plain)


def _judged_suppliers(text: str) -> Iterator[Judged[Supplier]]:
    for asked in read_suppliers(text):
        if asked.draft is None:
            yield asked, "refused"
        else:
            yield asked, "new" if suppliers.id_of(asked.draft.name) is None else "known"


def _supplier_says(supplier: Supplier) -> str:
    days = "" if supplier.lead_time_days is None else f", {supplier.lead_time_days} days"
    return f"{supplier.currency}{days}, {len(supplier.contacts)} contacts"


def list_suppliers(cursor: str | None, limit: int) -> FilePage:
    """List suppliers by name as rows of a file that can be entered again.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    found, following = suppliers.browse("", cursor, limit)
    rows: list[tuple[str, ...]] = []
    for record in found:
        kept = suppliers.find(record.supplier_id)
        if kept is not None:
            rows += supplier_file_rules.written(kept.supplier)
    return FilePage(supplier_file_rules.COLUMNS, tuple(rows), len(found), following)


# -- Orders ------------------------------------------------------------------------------------------------------------


def preview_orders(text: str) -> ImportView:
    """Say which orders a file would draft; nothing is stored.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows or orders.
    """
    return import_view(_judged_orders(text), _order_says, _plain)


def import_orders(text: str, *, member_id: str, clock: Clock) -> ImportView:
    """Draft the new orders of a file; refused ones are left out and said, known ones stay as they are.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows or orders.
    """
    done: list[Judged[NewOrder]] = []
    for asked, state in _judged_orders(text):
        if state == "new" and asked.draft is not None:
            once = _once(asked.draft)
            order_service.draft(
                asked.draft, member_id=member_id, clock=clock, entropy=order_service.named(once), once=once
            )
        done.append((asked, state))
    return import_view(done, _order_says, _plain)


def _judged_orders(text: str) -> Iterator[Judged[NewOrder]]:
    for told in read_orders(text):
        if told.draft is None:
            yield Asked(told.lines, told.name, None, told.problem), "refused"
            continue
        if told.draft.entered_as and store.find(told.draft.entered_as) is not None:
            yield Asked(told.lines, told.name, None, ENTERED), "known"
            continue
        try:
            new = _new(told.draft.draft)
            order_service.content_of(new)
        except QuaysideError as refused:
            problem = words(refused) if isinstance(refused, InvalidInput) else refused.detail
            yield Asked(told.lines, told.name, None, problem), "refused"
            continue
        known = store.find(new_id(order_service.named(_once(new)))) is not None
        yield Asked(told.lines, told.name, new), "known" if known else "new"


def _new(asked: FileOrder) -> NewOrder:
    supplier_id = suppliers.id_of(asked.supplier)
    if supplier_id is None:
        raise wrong("supplier", f"“{asked.supplier[:60]}” is none of yours; enter it first, or correct the name")
    return NewOrder(
        supplier_id,
        asked.lines,
        asked.currency or None,
        asked.landed_currency or None,
        None,
        asked.incoterm or None,
        asked.ship_to,
        asked.expected_on,
        asked.note,
        f"file/{asked.name[:60]}",
    )


def _once(new: NewOrder) -> str:
    return f"file/{hashlib.sha256(msgspec.json.encode(new)).hexdigest()}"


_SHOWN_LINES = 3


def _order_says(new: NewOrder) -> str:
    shown = [f"{line.units:,} {line.seller_sku} at {line.unit_price}" for line in new.lines[:_SHOWN_LINES]]
    if len(new.lines) > _SHOWN_LINES:
        shown.append(f"{len(new.lines) - _SHOWN_LINES} more")
    return ", ".join(shown) + (f" {new.currency}" if new.currency else "")


def list_orders(*, done: bool, state: str | None, cursor: str | None, limit: int) -> FilePage:
    """List orders, the newest first, as rows of a file that can be entered again.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """

    def wanted(entry: Entry) -> bool:
        return state is None or entry.state == state

    found, following = store.browse("DONE" if done else "OPEN", wanted, cursor, limit)
    rows: list[tuple[str, ...]] = []
    for entry in found:
        record = store.find(entry.order_id)
        if record is not None:
            rows += order_file_rules.written(record.read())
    return FilePage(order_file_rules.WRITTEN, tuple(rows), len(found), following)


def _plain(problem: str) -> str:
    return in_columns(problem).replace("terms.", "")
