"""Suppliers as files: rows of one name are one supplier, with a person of its in each. Pure."""

from collections.abc import Iterable, Sequence

from quayside.kernel.file_rows import Asked, Cells, asked_of, rows_of, whole, wrong
from quayside.procurement.rules import BalanceDue, Terms
from quayside.procurement.supplier_rules import Contact, Supplier, checked

REQUIRED = ("name", "currency")
_TERMS = ("deposit_percent", "deposit_days", "balance_due", "balance_days")
_PERSON = ("contact", "email", "phone", "role")
COLUMNS = (*REQUIRED, "address", "incoterm", "minimum_order_units", "lead_time_days", *_TERMS, "note", *_PERSON)
MOST_ROWS = 200
_DUE: tuple[BalanceDue, ...] = ("sent", "confirmed", "received")


def read_suppliers(text: str) -> tuple[Asked[Supplier], ...]:
    """Read a file of suppliers.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows.
    """
    rows = rows_of(text, required=REQUIRED, most=MOST_ROWS)
    return tuple(asked_of(rows, COLUMNS, _supplier))


def _supplier(group: Sequence[Cells]) -> Supplier:
    first = group[0]
    return checked(
        Supplier(
            first["name"],
            first["currency"].upper(),
            _terms(first),
            first["address"],
            tuple(_contact(cells) for cells in group if any(cells[name] for name in _PERSON)),
            first["incoterm"].upper() or None,
            whole(first, "minimum_order_units") if first["minimum_order_units"] else None,
            whole(first, "lead_time_days") if first["lead_time_days"] else None,
            first["note"],
        )
    )


def _terms(cells: Cells) -> Terms:
    usual = Terms()
    percent, days, rest = (
        whole(cells, name) if cells[name] else getattr(usual, name)
        for name in ("deposit_percent", "deposit_days", "balance_days")
    )
    wanted = cells["balance_due"].casefold() or usual.balance_due
    due = next((each for each in _DUE if each == wanted), None)
    if due is None:
        raise wrong("balance_due", f"has to be one of {', '.join(_DUE)}")
    return Terms(percent, days, due, rest)


def _contact(cells: Cells) -> Contact:
    if not cells["contact"]:
        raise wrong("contact", "is needed beside an email, a phone or a role")
    return Contact(cells["contact"], cells["email"], cells["phone"], cells["role"])


def written(supplier: Supplier) -> Iterable[tuple[str, ...]]:
    """Yield the rows of a supplier in the columns that ``read_suppliers`` reads."""
    terms = supplier.terms
    whole_of = (
        supplier.name, supplier.currency, supplier.address, supplier.incoterm or "",
        _text(supplier.minimum_order_units), _text(supplier.lead_time_days), str(terms.deposit_percent),
        str(terms.deposit_days), terms.balance_due, str(terms.balance_days), supplier.note,
    )  # fmt: skip
    for contact in supplier.contacts or (Contact(""),):
        yield *whole_of, contact.name, contact.email, contact.phone, contact.role


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
