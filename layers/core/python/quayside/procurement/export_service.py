"""Use case of procurement: hand suppliers, orders and all that came of them over, row by row, for an export."""

from collections.abc import Iterator

from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant
from quayside.procurement.records import ChangeRecord, ChargeRecord, OrderRecord, SupplierRecord, VersionRecord
from quayside.procurement.rules import Line, number_text, price_text
from quayside.storage import keys
from quayside.storage.keys import decode
from quayside.sync.own_rows import Row, Rows, columns, rows_page
from quayside.sync.views import RowsPage

_ORDERS = "ORDER#"


def _supplier(record: SupplierRecord) -> Iterator[Row]:
    it = record.read()
    yield (
        _id(record.sk), it.name, it.currency, it.address, it.incoterm, it.minimum_order_units, it.lead_time_days,
        it.terms.deposit_percent, it.terms.deposit_days, it.terms.balance_due, it.terms.balance_days, it.note,
        "yes" if it.archived else "no", record.changed_at,
    )  # fmt: skip


def _contacts(record: SupplierRecord) -> Iterator[Row]:
    for each in record.read().contacts:
        yield _id(record.sk), each.name, each.email, each.phone, each.role


def _order(record: OrderRecord) -> Iterator[Row]:
    it = record.read()
    content, terms = it.content, it.content.terms
    yield (
        it.order_id, number_text(it.number), it.supplier_id, it.supplier_name, it.state, it.version, it.total,
        content.landed_currency, None if it.rate is None else it.rate.rate, content.incoterm, content.ship_to,
        None if content.expected_on is None else content.expected_on.isoformat(), terms.deposit_percent,
        terms.deposit_days, terms.balance_due, terms.balance_days, content.note, it.origin, record.created_at,
        record.created_by,
    )  # fmt: skip


def _lines(record: OrderRecord) -> Iterator[Row]:
    it = record.read()
    for line in it.lines:
        yield (
            it.order_id, number_text(it.number), *_line(line, it.content.currency), it.good(line.line_id),
            it.damaged(line.line_id), it.to_come(line),
        )  # fmt: skip


def _line(line: Line, currency: str) -> Row:
    carton = line.carton
    packed = (None,) * 5 if carton is None else (
        carton.units, carton.length_mm, carton.width_mm, carton.height_mm, carton.weight_grams
    )  # fmt: skip
    price = price_text(line.price, currency)
    return line.line_id, line.seller_sku, line.title, line.units, price, Money(line.total_minor, currency), *packed


def _receipts(record: OrderRecord) -> Iterator[Row]:
    it = record.read()
    for receipt in it.receipts:
        for each in receipt.lines:
            back = receipt.taken_back
            yield (
                it.order_id, number_text(it.number), receipt.receipt_id, receipt.received_on.isoformat(),
                receipt.destination, each.line_id, each.units, each.damaged, receipt.note, receipt.by,
                *((None, "", "") if back is None else (back.at, back.reason, back.by)),
            )  # fmt: skip


def _payments(record: OrderRecord) -> Iterator[Row]:
    it = record.read()
    for paid in it.paid:
        yield (
            it.order_id, number_text(it.number), paid.payment_id, paid.paid_on.isoformat(),
            Money(paid.amount_minor, it.content.currency), paid.reference, paid.by,
        )  # fmt: skip


def _change(record: ChangeRecord) -> Iterator[Row]:
    it = record.read()
    yield (
        decode(record.sk.split("#")[1]), it.number, it.event, it.at, it.by, it.from_state, it.to_state, it.version,
        it.day, it.detail,
    )  # fmt: skip


def _version(record: VersionRecord) -> Iterator[Row]:
    it = record.read()
    _, order_id, _, number = record.sk.split("#")
    for line in it.lines:
        yield decode(order_id), int(number), record.at_, record.by, *_line(line, it.currency)


def _charge(record: ChargeRecord) -> Iterator[Row]:
    it = record.read()
    for order_id, line_id, minor in it.shares:
        yield (
            it.charge_id, it.kind, it.day.isoformat(), it.amount, it.landed, it.allocate_by, order_id, line_id,
            Money(minor, it.landed.currency), it.note, it.by, "yes" if it.voided else "no", record.entered_at,
        )  # fmt: skip


def _id(sort_key: str) -> str:
    return decode(sort_key.split("#")[1])


_ORDER = columns(order_id=("Order", "text"), number=("Number", "text"))
_LINE = columns(
    line_id=("Line", "text"), seller_sku=("SKU", "text"), title=("Title", "text"), units=("Units", "number"),
    unit_price=("Unit price", "text"), price=("Price", "money"), carton_units=("Units in a carton", "number"),
    carton_length_mm=("Carton length in mm", "number"), carton_width_mm=("Carton width in mm", "number"),
    carton_height_mm=("Carton height in mm", "number"), carton_weight_grams=("Carton weight in g", "number"),
)  # fmt: skip
_TERMS = columns(
    deposit_percent=("Deposit in %", "number"), deposit_days=("Deposit after days", "number"),
    balance_due=("Balance is due when", "text"), balance_days=("Balance after days", "number"),
)  # fmt: skip

_SUPPLIERS = {
    "suppliers": Rows(
        SupplierRecord, "SUPPLIER#",
        (
            *columns(
                supplier_id=("Supplier", "text"), name=("Name", "text"), currency=("Currency", "text"),
                address=("Address", "text"), incoterm=("Incoterm", "text"),
                minimum_order_units=("Least order", "number"), lead_time_days=("Lead time in days", "number"),
            ),
            *_TERMS,
            *columns(note=("Note", "text"), archived=("Archived", "text"), changed_at=("Changed", "instant")),
        ),
        _supplier,
    ),
    "supplier_contacts": Rows(
        SupplierRecord, "SUPPLIER#",
        columns(
            supplier_id=("Supplier", "text"), name=("Name", "text"), email=("Email", "text"), phone=("Phone", "text"),
            role=("Role", "text"),
        ),
        _contacts,
    ),
}  # fmt: skip

_FILES = {
    "purchase_orders": Rows(
        OrderRecord, _ORDERS,
        (
            *_ORDER,
            *columns(
                supplier_id=("Supplier", "text"), supplier_name=("Name of the supplier", "text"),
                state=("State", "text"), version=("Version", "number"), total=("Total", "money"),
                landed_currency=("Currency of landed cost", "text"), rate=("Rate into it", "text"),
                incoterm=("Incoterm", "text"), ship_to=("Ship to", "text"), expected_on=("Expected", "day"),
            ),
            *_TERMS,
            *columns(
                note=("Note", "text"), origin=("Came of", "text"), created_at=("Entered", "instant"),
                created_by=("Member", "text"),
            ),
        ),
        _order,
    ),
    "purchase_order_lines": Rows(
        OrderRecord, _ORDERS,
        (
            *_ORDER, *_LINE,
            *columns(
                received=("Received", "number"), damaged=("Damaged", "number"), to_come=("Still to come", "number")
            ),
        ),
        _lines,
    ),
    "purchase_order_versions": Rows(
        VersionRecord, _ORDERS,
        (
            *columns(
                order_id=("Order", "text"), version=("Version", "number"), at=("Made", "instant"),
                by=("Member", "text"),
            ),
            *_LINE,
        ),
        _version,
    ),
    "purchase_order_changes": Rows(
        ChangeRecord, _ORDERS,
        columns(
            order_id=("Order", "text"), change=("Change", "number"), event=("What happened", "text"),
            at=("At", "instant"), by=("Member", "text"), from_state=("State before", "text"),
            to_state=("State after", "text"), version=("Version", "number"), day=("Day", "day"),
            detail=("Detail", "text"),
        ),
        _change,
    ),
    "purchase_receipts": Rows(
        OrderRecord, _ORDERS,
        (
            *_ORDER,
            *columns(
                receipt_id=("Receipt", "text"), received_on=("Received", "day"), destination=("Into", "text"),
                line_id=("Line", "text"), units=("Good units", "number"), damaged=("Damaged units", "number"),
                note=("Note", "text"), by=("Member", "text"), taken_back_at=("Taken back", "instant"),
                taken_back_reason=("Why it was taken back", "text"), taken_back_by=("Taken back by", "text"),
            ),
        ),
        _receipts,
    ),
    "purchase_payments": Rows(
        OrderRecord, _ORDERS,
        (
            *_ORDER,
            *columns(
                payment_id=("Payment", "text"), paid_on=("Paid", "day"), amount=("Amount", "money"),
                reference=("Reference", "text"), by=("Member", "text"),
            ),
        ),
        _payments,
    ),
    "purchase_charges": Rows(
        ChargeRecord, keys.purchase_charges(),
        columns(
            charge_id=("Charge", "text"), kind=("Kind", "text"), day=("Day", "day"), amount=("Amount", "money"),
            landed=("In the currency of landed cost", "money"), allocate_by=("Shared out by", "text"),
            order_id=("Order", "text"), line_id=("Line", "text"), share=("Share of the line", "money"),
            note=("Note", "text"), by=("Member", "text"), voided=("Taken back", "text"),
            entered_at=("Entered", "instant"),
        ),
        _charge,
    ),
}  # fmt: skip

DATASETS = (*_SUPPLIERS, *_FILES)
"""What there is to hand over."""


def rows(dataset: str, cursor: str | None, limit: int) -> RowsPage:
    """Return a page of what the tenant in scope ordered; ``cursor`` is the one of the page before.

    Args:
        dataset: one of ``DATASETS``.
        cursor: where the page before ended.
        limit: so many rows, and at most those of one record more.
    """
    tenant_id = current_tenant()
    if dataset in _SUPPLIERS:
        return rows_page(_SUPPLIERS[dataset], keys.suppliers(tenant_id), cursor, limit)
    return rows_page(_FILES[dataset], keys.purchase_files(tenant_id), cursor, limit)
