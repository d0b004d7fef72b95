"""Use cases of orders on paper and in files: print one, take its lines away, read lines. For the tenant in scope."""

import base64

from quayside.accounts.service import organisation_name
from quayside.kernel.money import Money
from quayside.procurement import supplier_store
from quayside.procurement.file_rules import read_lines as rows_of
from quayside.procurement.file_rules import write_lines
from quayside.procurement.order_service import order
from quayside.procurement.paper import Paper, PaperLine, pdf_of
from quayside.procurement.paper_views import LineRowView, LinesFileView, PaperView
from quayside.procurement.rules import ORDER_MACHINE, Order, Terms, number_text, price_text


def pdf(order_id: str) -> PaperView:
    """Print an order for the supplier.

    Raises:
        NotFound: there is no such order.
    """
    found = order(order_id)
    return _paper(f"{number_text(found.number)}-v{found.version}.pdf", "application/pdf", pdf_of(paper_of(found)))


def csv_of(order_id: str) -> PaperView:
    """Write the lines of an order as CSV, in the columns that a file of lines is read by.

    Raises:
        NotFound: there is no such order.
    """
    found = order(order_id)
    text = write_lines(found.lines, found.content.currency)
    return _paper(f"{number_text(found.number)}-v{found.version}.csv", "text/csv;charset=utf-8", text.encode())


def read_lines(text: str, currency: str) -> LinesFileView:
    """Say which lines a file holds; nothing is stored.

    Raises:
        InvalidInput: the file can't be read at all, or the currency is no code.
    """
    Money.from_decimal("0", currency)
    rows = tuple(
        LineRowView(row.line, row.seller_sku, "refused" if row.asked is None else "new", row.asked, row.problem)
        for row in rows_of(text, currency)
    )
    new = sum(row.state == "new" for row in rows)
    return LinesFileView(new, len(rows) - new, rows)


def _paper(name: str, media_type: str, content: bytes) -> PaperView:
    return PaperView(name, media_type, base64.b64encode(content).decode())


def paper_of(found: Order) -> Paper:
    """Return what is printed of an order."""
    content = found.content
    kept = supplier_store.find(found.supplier_id)
    address = kept.supplier.address.splitlines() if kept else []
    people = (
        [f"{each.name}{f', {each.email}' if each.email else ''}" for each in kept.supplier.contacts] if kept else []
    )
    sent = found.days.get("sent")
    agreed = [
        f"Number {number_text(found.number)}, version {found.version}",
        *([f"Sent on {sent.isoformat()}"] if sent else []),
        *([f"Wanted by {content.expected_on.isoformat()}"] if content.expected_on else []),
        *([f"{content.incoterm} (Incoterms 2020)"] if content.incoterm else []),
        terms_text(content.terms),
    ]
    not_agreed = found.state in {"draft", "cancelled"}
    return Paper(
        f"Purchase order {number_text(found.number)}",
        f"{ORDER_MACHINE.words[found.state].upper()}: this is not an order." if not_agreed else "",
        (
            ("SUPPLIER", (found.supplier_name, *address, *people)),
            ("ORDER", tuple(agreed)),
            ("BUYER", (organisation_name(),)),
            ("SHIP TO", tuple(content.ship_to.splitlines()) or ("To be agreed",)),
        ),
        content.currency,
        tuple(
            PaperLine(
                line.line_id,
                line.seller_sku,
                line.title,
                f"{line.units:,}",
                price_text(line.price, content.currency),
                f"{Money(line.total_minor, content.currency).to_decimal():,}",
            )
            for line in content.lines
        ),
        f"{found.total.to_decimal():,} {content.currency}",
        tuple(content.note.splitlines()),
        f"{organisation_name()} · {number_text(found.number)}, version {found.version}",
    )


_SINCE = {"sent": "the order was sent", "confirmed": "the order was confirmed", "received": "the goods arrived"}


def terms_text(terms: Terms) -> str:
    """Write terms of payment in words."""
    rest = f"{terms.balance_days} days after {_SINCE[terms.balance_due]}"
    if not terms.deposit_percent:
        return f"Payment {rest}"
    deposit = f"{terms.deposit_percent} % {terms.deposit_days} days after the order was sent"
    return f"Payment {deposit}" + (f", the rest {rest}" if terms.deposit_percent < 100 else "")  # noqa: PLR2004 - percent
