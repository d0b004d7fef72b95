"""Purchase orders as files: rows of one order are one draft, with a line of it in each. Pure.

What belongs to the whole order is read from its first row; what it leaves out is the supplier's.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from quayside.kernel.file_rows import Asked, Cells, Told, asked_of, day, entered_as, rows_of, wrong
from quayside.kernel.money import Money
from quayside.procurement.file_rules import COLUMNS as LINE
from quayside.procurement.file_rules import REQUIRED as LINE_REQUIRED
from quayside.procurement.file_rules import line_cells, line_of
from quayside.procurement.payment_rules import schedule
from quayside.procurement.rules import NewLine, Order, number_text
from quayside.procurement.supplier_rules import LONGEST_NAME

REQUIRED = ("order", "supplier", *LINE_REQUIRED)
_ABOUT = ("currency", "landed_currency", "expected_on", "incoterm", "ship_to", "note")
COLUMNS = ("order", "supplier", *LINE, *_ABOUT, "order_id")
WRITTEN = (*COLUMNS, "state", "version", "order_total", "still_to_pay", "line_received", "line_damaged")
"""What is written into one: all that is read, and what else there is to tell."""
MOST_ROWS = 400
MOST_ORDERS = 50
"""So many orders are drafted at once, as far as a call has time for."""


class FileOrder(NamedTuple):
    """A draft as a file says it; what is empty is the supplier's."""

    name: str
    supplier: str
    lines: tuple[NewLine, ...]
    currency: str
    landed_currency: str
    expected_on: date | None
    incoterm: str
    ship_to: str
    note: str


def read_orders(text: str) -> tuple[Asked[Told[FileOrder]], ...]:
    """Read a file of purchase orders.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows or orders.
    """
    rows = rows_of(text, required=REQUIRED, most=MOST_ROWS, decimals=("unit_price",))
    found = tuple(asked_of(rows, COLUMNS, _order, ("order_id",)))
    if len(found) > MOST_ORDERS:
        raise wrong("order", f"names {len(found)} orders; a file has {MOST_ORDERS} at most, so send it in parts")
    return found


def _order(group: Sequence[Cells]) -> Told[FileOrder]:
    first = group[0]
    if not first["order"]:
        raise wrong("order", "is needed: a name or number for what belongs together")
    suppliers = {cells["supplier"].casefold(): cells["supplier"] for cells in group if cells["supplier"]}
    if len(suppliers) != 1:
        raise wrong("supplier", "is one for all lines of an order")
    if any(len(name) > LONGEST_NAME for name in suppliers):
        raise wrong("supplier", f"has at most {LONGEST_NAME} characters")
    return Told(
        FileOrder(
            first["order"],
            next(iter(suppliers.values())),
            tuple(map(line_of, group)),
            first["currency"].upper(),
            first["landed_currency"].upper(),
            day(first, "expected_on") if first["expected_on"] else None,
            first["incoterm"].upper(),
            first["ship_to"],
            first["note"],
        ),
        entered_as(first, "order_id"),
    )


def written(order: Order) -> Iterable[tuple[str, ...]]:
    """Yield the rows of an order in the columns of ``WRITTEN``, one a line."""
    content = order.content
    expected = "" if content.expected_on is None else content.expected_on.isoformat()
    owed = Money(sum(part.open_minor for part in schedule(order)), content.currency)
    about = (
        content.currency, content.landed_currency, expected, content.incoterm or "", content.ship_to, content.note,
        order.order_id, order.state, str(order.version), str(order.total.to_decimal()), str(owed.to_decimal()),
    )  # fmt: skip
    for line in order.lines:
        arrived = str(order.good(line.line_id)), str(order.damaged(line.line_id))
        yield number_text(order.number), order.supplier_name, *line_cells(line, content.currency), *about, *arrived
