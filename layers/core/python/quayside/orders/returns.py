"""Units that customers sent back to Amazon: how one is stored, and the use cases.

A return is a fact of a day and never changes much: Amazon tells it again in every report whose window covers it. What
the buyer wrote about it is personal and dropped before it gets here. Amazon does not say in which marketplace a unit
was sold; its order does, so the marketplace of a unit that can be sold again is kept beside Amazon's words.
"""

from collections import Counter
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import msgspec

from quayside.connections import service as connections
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant, tenant_scope
from quayside.orders import store
from quayside.storage import keys
from quayside.storage.facts import Fact, OneSourceItem, browse, monthly, upsert, version_of
from quayside.storage.keys import Key, decode
from quayside.storage.tables import Item
from quayside.sync.sinks import Applied, Rejected, ReportLoad
from quayside.sync.views import Cell, Column, RowsPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quayside.amazon.report_rows import ReturnRow

DATASET = "returns"
SOURCE = "amazon:reports/GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
MONTHS = 26
"""How many months of returns there can be: two years of history and those that are just beginning and ending."""

_PREFIX = "RETURN#"
_PARTS = 6
_SORT_PARTS = 5

NO_REASON = "NOT_STATED"
"""Stands for the reason of a return of which Amazon gives none."""

SELLABLE = "SELLABLE"
"""The condition of a unit that goes back into stock. Source: Selling Partner API, "FBA Customer Returns Report"."""

COLUMNS = (
    Column("returned_at", "Returned", "instant"),
    Column("order_id", "Order", "text"),
    Column("seller_sku", "SKU", "text"),
    Column("asin", "ASIN", "text"),
    Column("title", "Title", "text"),
    Column("quantity", "Units", "number"),
    Column("reason", "Reason", "text"),
    Column("disposition", "Condition", "text"),
    Column("status", "Status", "text"),
    Column("fulfilment_centre", "Centre", "text"),
)


class ReturnFacts(msgspec.Struct, frozen=True, array_like=True):
    """A return in Amazon's words: why, in what condition the unit came, and what became of it.

    ``marketplace_id`` is not Amazon's word: it is where the order of a sellable unit was placed, None when the order
    was not known when the return was told.
    """

    quantity: int
    reason: str | None
    disposition: str | None
    status: str | None
    asin: str | None = None
    fnsku: str | None = None
    title: str | None = None
    fulfilment_centre: str | None = None
    license_plate: str | None = None
    marketplace_id: str | None = None


class ReturnRecord(OneSourceItem):
    """A returned unit; its key says when, of which order and SKU, and which unit it is."""

    KIND: ClassVar[str] = "customer_return"
    RENEWED: ClassVar[bool] = False


_FACTS = msgspec.json.Decoder(ReturnFacts)


class PlacedReturn(NamedTuple):
    """Units that came back: on which day (UTC, for Amazon does not say in which marketplace), of what, and why.

    ``sellable`` says whether they can be sold again, and ``marketplace_id`` where such units had been sold, if that is
    known.
    """

    connection_id: str
    day: date
    seller_sku: str
    reason: str
    units: int
    sellable: bool = False
    marketplace_id: str | None = None


def return_of_image(image: Item) -> PlacedReturn:
    """Return what a stored return counts for, from its item as the table's stream shows it.

    Raises:
        ValueError: the image is no return (msgspec's DecodeError is one).
        KeyError: an attribute that every return has is missing.
    """
    parts, sort = image["pk"]["S"].split("#"), image["sk"]["S"].split("#")
    if len(parts) != _PARTS or parts[2] != "RETURNS" or len(sort) != _SORT_PARTS:
        raise ValueError("That is not the key of a return.")
    facts = _FACTS.decode(image["facts"]["S"])
    day = datetime.fromisoformat(sort[1]).date()
    return PlacedReturn(
        decode(parts[3]),
        day,
        decode(sort[3]),
        facts.reason or NO_REASON,
        facts.quantity,
        facts.disposition == SELLABLE,
        facts.marketplace_id,
    )


def apply_return_rows(load: ReportLoad, rows: "Sequence[ReturnRow]") -> Applied:
    """Store rows of the report of FBA returns, newer wins.

    The report does not say in which marketplace a unit was sold, so none is filed under one: whether a report is asked
    for one marketplace or for all, the same return is the same fact. A unit is known by its licence plate. Units
    without one are numbered within order, SKU and instant, in the order of the file, which is the same in every report.
    Where a sellable unit had been sold its order tells: one read of the index an order.
    """
    facts: list[Fact] = []
    rejected: list[Rejected] = []
    unplated: Counter[tuple[str, str, str]] = Counter()
    sold_in: dict[str, str | None] = {}
    with tenant_scope(load.tenant_id):
        for row in rows:
            if not row.order_id or not row.seller_sku:
                rejected.append(Rejected(f"line {row.line}", "The return names no order, or no SKU."))
                continue
            if not row.license_plate:
                unplated[row.returned_at.isoformat(), row.order_id, row.seller_sku] += 1
            unit = row.license_plate or str(unplated[row.returned_at.isoformat(), row.order_id, row.seller_sku])
            if row.disposition == SELLABLE and row.order_id not in sold_in:
                sold_in[row.order_id] = store.marketplace_of(row.order_id, load.connection_id)
            place = sold_in.get(row.order_id) if row.disposition == SELLABLE else None
            facts.append(Fact(_key(load.connection_id, row, unit), version_of(load.received_at), _text(row, place)))
        tally = upsert(ReturnRecord, facts, received_at=load.received_at, source=SOURCE)
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _key(connection_id: ConnectionId, row: "ReturnRow", unit: str) -> Key:
    return keys.customer_return(
        current_tenant(), connection_id, None, row.returned_at, row.order_id, row.seller_sku, unit
    )


def _text(row: "ReturnRow", marketplace_id: str | None) -> str:
    facts = ReturnFacts(
        row.quantity,
        row.reason or None,
        row.disposition or None,
        row.status or None,
        row.asin or None,
        row.fnsku or None,
        row.title or None,
        row.fulfilment_centre or None,
        row.license_plate or None,
        marketplace_id,
    )
    return msgspec.json.encode(facts).decode()


def rows_view(
    connection_id: ConnectionId,
    dataset: str,
    marketplace_id: str | None,  # noqa: ARG001 - as all data browsers; Amazon does not say where a unit was sold
    cursor: str | None,
    limit: int,
) -> RowsPage:
    """Return a page of the returns of a connection of the tenant in scope, newest first.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    if reach.newest is None:
        return RowsPage(COLUMNS, (), None, None)
    tenant_id = current_tenant()
    shelves = monthly(
        date.fromisoformat(reach.newest[:10]), MONTHS, lambda day: keys.returns(tenant_id, connection_id, None, day)
    )
    found = browse(ReturnRecord, shelves, prefix=_PREFIX, cursor=cursor, limit=limit, newest_first=True)
    return RowsPage(COLUMNS, tuple(_row(record) for _, record in found.found), found.next_cursor, reach.as_of)


def _row(record: ReturnRecord) -> tuple[Cell, ...]:
    _, returned_at, order_id, seller_sku, _ = record.sk.split("#")
    facts = _FACTS.decode(record.facts)
    return (
        returned_at,
        decode(order_id),
        decode(seller_sku),
        facts.asin,
        facts.title,
        facts.quantity,
        facts.reason,
        facts.disposition,
        facts.status,
        facts.fulfilment_centre,
    )
