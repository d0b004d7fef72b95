"""Use cases of orders: take in what Amazon says, list, show one, and tell what an order counts for."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from quayside.amazon.envelopes import OrderChange
from quayside.amazon.marketplaces import MARKETPLACES, Marketplace, find_marketplace
from quayside.amazon.orders import Order, OrderItem, Window
from quayside.amazon.report_rows import OrderRow, Row
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.kernel.clock import Clock, epoch_seconds, format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import FieldProblem, InvalidInput, NotFound, QuaysideError
from quayside.kernel.ids import ConnectionId, TenantId, check_connection_id
from quayside.kernel.settings import MAXIMUM_HISTORY_DAYS
from quayside.kernel.tenancy import current_tenant, tenant_scope
from quayside.orders import rules, store
from quayside.orders.records import (
    OrderRecord,
    lines_from,
    place_of,
    prices_from,
    products_from,
    purchased_at_of,
    state_of_item,
    windows_from,
)
from quayside.orders.rules import (
    Breakdown,
    Contribution,
    DocumentLine,
    LinePrice,
    LineProduct,
    NotifiedLine,
    NotifiedOrder,
    OrderDocument,
    OrderFacts,
    OrderLine,
    ReportedLine,
    ReportedOrder,
    UnusableOrder,
    Windows,
)
from quayside.orders.store import Outcome, Shelf, Unread, Upserted
from quayside.orders.views import (
    COLUMNS,
    LINE_COLUMNS,
    OrderDetail,
    OrderPage,
    Searched,
    detail_of,
    line_rows,
    row_of,
    summary_of,
)
from quayside.storage import keys
from quayside.storage.budget import PAGE_UNITS, REQUEST_UNITS, read_units
from quayside.storage.tables import AMAZON_DATA_DAYS, Item
from quayside.sync.sinks import Applied, Rejected, ReportLoad
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from quayside.orders.views import OrderSummary

DATASET = "orders"

_EXAMINED_AT_MOST = 1000
"""How many orders one request looks at; a search that needs more goes on with the next page."""

_SORT_KEY = re.compile(r"ORDER#[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z#[A-Za-z0-9%._~-]+")
"""What a cursor of the list may hold: the sort key of an order, as storage.keys builds it."""
_FIRST_YEAR = 2000

_REPLACEMENTS = frozenset({"REPLACEMENT_ORIGINAL_ID"})

_BY_CHANNEL = {each.name.casefold(): each for each in MARKETPLACES}
"""Reports name a marketplace by its shop: Amazon.de."""
_OUTSIDE_AMAZON = "non-amazon"
"""How the sales channel begins of orders that Amazon only fulfils; they are no sale on a marketplace."""
_TAX_ON_TOP = frozenset({"US", "CA"})
"""Where prices come without tax."""
_WRITERS = 8
"""How many orders of a report are written at once."""
_FEW = 8


class PlacedContribution(NamedTuple):
    """What an order counts for, and for which day's figure.

    Attributes:
        connection_id: whose order it is.
        marketplace_id: where it was placed.
        filed_on: the UTC day by which its key sorts.
        day: the day of the marketplace it counts on.
        currency: of its money.
        contribution: what the whole order counts for.
        by_sku: what it counts for each of its products.
    """

    connection_id: str
    marketplace_id: str
    filed_on: date
    day: date
    currency: str
    contribution: Contribution
    by_sku: dict[str, Contribution]


class KnownOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows of an order, for features that decide about orders; nothing of it is personal."""

    order_id: str
    marketplace_id: str
    time_zone: str
    purchased_at: datetime
    status: str
    fulfilled_by: str
    windows: Windows
    lines: tuple[OrderLine, ...]
    prices: dict[str, LinePrice]
    products: dict[str, LineProduct]
    currency: str | None
    is_replacement: bool


class NotEnough(ValueError):
    """A notification says too little to store the order; its document has to be fetched."""


def facts_of_change(change: OrderChange, event_time: datetime) -> OrderFacts:
    """Work out what an ORDER_CHANGE notification establishes.

    Raises:
        NotEnough: it names no purchase time, which the order's place in the store depends on.
        UnusableOrder: it can't be true, or names a marketplace that nobody knows.
    """
    summary = change.summary
    if summary.purchase_date is None:
        raise NotEnough
    trigger = change.order_change_trigger
    changed_at = trigger.time_of_order_change if trigger is not None else None
    notified = NotifiedOrder(
        order_id=change.amazon_order_id,
        marketplace_id=summary.marketplace_id,
        status=summary.order_status,
        purchased_at=summary.purchase_date,
        changed_at=changed_at or event_time,
        fulfillment_type=summary.fulfillment_type or "",
        whole_order=change.notification_level != "OrderItemLevel",
        units_shipped=summary.number_of_items_shipped,
        units_unshipped=summary.number_of_items_unshipped,
        lines=tuple(
            NotifiedLine(
                item.order_item_id,
                item.seller_sku,
                item.quantity,
                item.quantity_shipped or 0,
                item.order_item_status or "",
            )
            for item in summary.order_items
        ),
        windows=_windows(
            summary.earliest_ship_date,
            summary.latest_ship_date,
            summary.earliest_delivery_date,
            summary.latest_delivery_date,
        ),
    )
    return rules.facts_of_notification(notified, _time_zone(summary.marketplace_id))


def apply_facts(connection_id: ConnectionId, facts: OrderFacts, *, received_at: datetime) -> Upserted:
    """Store what a notification established for the tenant in scope, newer wins.

    The order's document is needed when money is missing, and also when the notification did not list every line.
    """
    upserted = store.upsert(connection_id, facts, received_at)
    if facts.lines is None and upserted.outcome is Outcome.APPLIED and facts.status not in rules.PENDING_STATUSES:
        return Upserted(upserted.outcome, needs_price=True)
    return upserted


def apply_orders(
    tenant_id: TenantId,
    connection_id: ConnectionId,
    orders: Sequence[Order],
    *,
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on Amazon's times and the receipt alone
) -> Applied:
    """Store documents of the Orders API, newer wins; the order sink of the sync worker.

    Applying the same documents again changes nothing. An order that can't be stored is reported as rejected, with the
    reason, and does not spoil the others. An order from outside Amazon is left out: it is no sale on a marketplace.
    """
    applied = stale = 0
    rejected: list[Rejected] = []
    with tenant_scope(tenant_id):
        for order in orders:
            try:
                facts = facts_of_document(order)
            except (UnusableOrder, QuaysideError) as problem:
                rejected.append(Rejected(order.order_id, str(problem)))
                continue
            if facts is None:
                stale += 1
            elif store.upsert(connection_id, facts, received_at).outcome is Outcome.APPLIED:
                applied += 1
            else:
                stale += 1
    return Applied(applied, stale, tuple(rejected))


def apply_report_rows(load: ReportLoad, rows: Sequence[Row]) -> Applied:
    """Store the orders of a report, newer wins, eight at a time; the sink of both reports of all orders.

    All rows of an order come in one call; the same order id in two sales channels is two orders. Applying the same rows
    again changes nothing, and an order that can't be stored does not spoil the others. Orders from outside Amazon are
    left out, as ``apply_orders`` does.
    """
    together: dict[tuple[str, str], list[OrderRow]] = {}
    for row in rows:
        if isinstance(row, OrderRow):
            together.setdefault((row.order_id, row.sales_channel), []).append(row)
    rejected: list[Rejected] = []
    orders: list[OrderFacts] = []
    stale = 0
    for (order_id, _), lines in together.items():
        try:
            facts = _facts_of_rows(lines)
        except (UnusableOrder, QuaysideError) as problem:
            rejected.append(Rejected(f"{order_id}, line {lines[0].line}", str(problem)))
            continue
        if facts is None:
            stale += 1
        else:
            orders.append(facts)
    with tenant_scope(load.tenant_id):
        outcomes = _write_reported(load, orders)
    applied = outcomes.count(Outcome.APPLIED)
    return Applied(applied, stale + len(outcomes) - applied, tuple(rejected))


def _write_reported(load: ReportLoad, orders: Sequence[OrderFacts]) -> list[Outcome]:
    """Write orders for the tenant in scope, which each thread inherits with its copy of this context."""

    def put(share: Sequence[OrderFacts]) -> list[Outcome]:
        return [
            store.upsert_reported(load.connection_id, facts, load.received_at, report_type=load.report_type)
            for facts in share
        ]

    if len(orders) <= _FEW:
        return put(orders)
    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="orders") as threads:
        shares = [orders[start::_WRITERS] for start in range(_WRITERS)]
        writing = [threads.submit(partial(copy_context().run, put, share)) for share in shares]
        return [outcome for each in writing for outcome in each.result()]


def _facts_of_rows(rows: Sequence[OrderRow]) -> OrderFacts | None:
    """Work out what the rows of one order establish, None when it was not sold on a marketplace.

    Raises:
        UnusableOrder: it can't be true, or its sales channel is one that nobody knows.
        InvalidInput: an amount or a currency is none.
    """
    # The order's own columns stand on each of its rows; should they differ, the row that changed last speaks.
    newest = max(rows, key=lambda row: row.updated_at)
    marketplace = _marketplace_of(newest.sales_channel)
    if marketplace is None:
        return None
    order = ReportedOrder(
        order_id=newest.order_id,
        marketplace_id=marketplace.marketplace_id,
        status=newest.status,
        fulfilled_by=newest.fulfilled_by,
        purchased_at=newest.purchased_at,
        updated_at=newest.updated_at,
        lines=tuple(
            ReportedLine(
                seller_sku=row.seller_sku,
                asin=row.asin,
                title=row.title,
                quantity=row.quantity,
                status=row.item_status or row.status,
                currency=row.currency,
                item=row.item_price,
                tax=_sum(row.item_tax, row.shipping_tax, row.gift_wrap_tax),
                shipping=row.shipping_price,
                discount=_sum(_size(row.item_discount), _size(row.shipping_discount)),
                other=row.gift_wrap_price,
            )
            for row in rows
        ),
        is_replacement=newest.is_replacement,
    )
    return rules.facts_of_report(order, marketplace.time_zone, tax_on_top=marketplace.country_code in _TAX_ON_TOP)


def _marketplace_of(sales_channel: str) -> Marketplace | None:
    plain = sales_channel.strip().casefold()
    if plain.startswith(_OUTSIDE_AMAZON):
        return None
    found = _BY_CHANNEL.get(plain)
    if found is None:
        raise UnusableOrder(f"The sales channel “{sales_channel[:40]}” is not known.")
    return found


def _sum(*amounts: Decimal | None) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _size(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else abs(amount)


def facts_of_document(order: Order) -> OrderFacts | None:
    """Work out what a document establishes; None for an order that was not placed on a marketplace of Amazon.

    Raises:
        UnusableOrder: it can't be true, or names a marketplace that nobody knows.
        InvalidInput: an amount in it is no number.
    """
    if order.sales_channel.channel_name == "NON_AMAZON" or order.sales_channel.marketplace_id is None:
        return None
    fulfillment = order.fulfillment
    ship = (fulfillment.ship_by_window if fulfillment else None) or Window()
    deliver = (fulfillment.deliver_by_window if fulfillment else None) or Window()
    total = order.proceeds.grand_total if order.proceeds is not None else None
    document = OrderDocument(
        order_id=order.order_id,
        marketplace_id=order.sales_channel.marketplace_id,
        status=fulfillment.fulfillment_status if fulfillment else "PENDING",
        purchased_at=order.created_time,
        updated_at=order.last_updated_time,
        fulfilled_by=(fulfillment.fulfilled_by if fulfillment else None) or "",
        is_replacement=any(other.association_type in _REPLACEMENTS for other in order.associated_orders or ()),
        lines=tuple(_document_line(item) for item in order.order_items),
        total=None if total is None else Breakdown("TOTAL", total.amount, total.currency_code),
        windows=_windows(
            ship.earliest_date_time, ship.latest_date_time, deliver.earliest_date_time, deliver.latest_date_time
        ),
    )
    return rules.facts_of_document(document, _time_zone(document.marketplace_id))


def _document_line(item: OrderItem) -> DocumentLine:
    proceeds = item.proceeds.breakdowns if item.proceeds is not None else None
    cancellation = item.cancellation
    return DocumentLine(
        order_item_id=item.order_item_id,
        seller_sku=item.product.seller_sku or "",
        quantity_ordered=item.quantity_ordered,
        quantity_shipped=(item.fulfillment.quantity_fulfilled if item.fulfillment else None) or 0,
        asin=item.product.asin,
        title=item.product.title,
        cancelled=cancellation is not None and cancellation.cancellation_execution is not None,
        breakdowns=None
        if not proceeds
        else tuple(Breakdown(part.type, part.subtotal.amount, part.subtotal.currency_code) for part in proceeds),
    )


def _windows(*instants: datetime | None) -> Windows:
    ship_after, ship_by, deliver_after, deliver_by = (None if at is None else epoch_seconds(at) for at in instants)
    return ship_after, ship_by, deliver_after, deliver_by


def _time_zone(marketplace_id: str) -> str:
    found = find_marketplace(marketplace_id)
    if found is None:
        raise UnusableOrder(f"The marketplace {marketplace_id} is not known.")
    return found.time_zone


def contribution_of_image(image: Item) -> PlacedContribution:
    """Return what a stored order counts for, from its item as the table's stream shows it.

    An order without money yet is filed under the marketplace's own currency.

    Raises:
        ValueError: the image is not an order of this product (``UnusableOrder`` is one, so is msgspec's DecodeError).
        KeyError: an attribute that every order has is missing.
    """
    place = place_of(image["pk"]["S"], image["sk"]["S"])
    marketplace = find_marketplace(place.marketplace_id)
    if marketplace is None:
        raise UnusableOrder(f"The marketplace {place.marketplace_id} is not known.")
    state = state_of_item(image)
    return PlacedContribution(
        place.connection_id,
        place.marketplace_id,
        place.purchased_at.date(),
        rules.local_day(place.purchased_at, marketplace.time_zone),
        state.currency or marketplace.currency,
        rules.contribution(state),
        rules.contributions_by_sku(state),
    )


def day_of(instant: datetime, time_zone: str) -> date:
    """Return the day on which an order bought at that instant counts, in a marketplace's own time zone."""
    return rules.local_day(instant, time_zone)


def list_orders(  # noqa: PLR0913 - the filters of the list
    clock: Clock,
    *,
    marketplace_id: str | None = None,
    status: str | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> OrderPage:
    """List the orders of the tenant in scope, newest first.

    An order id finds its order wherever it is. Any other search text is looked for in the SKUs, ASINs and titles of
    the range shown, and the answer says how far back one request got. A page may be short, and empty, and still not the
    last: when it has looked through as many months as its read units allow, its cursor goes on from there.

    Raises:
        InvalidInput: the range ends before it begins, or the cursor is not one of ours.
    """
    today = clock.now().date()
    last = min(to_day or today + timedelta(days=1), today + timedelta(days=1))
    first = max(from_day or date.min, today - timedelta(days=MAXIMUM_HISTORY_DAYS + AMAZON_DATA_DAYS))
    if from_day is not None and to_day is not None and from_day > to_day:
        raise InvalidInput("The range ends before it begins.", fields=(FieldProblem("from", "is later than “to”"),))
    before = decode_cursor(cursor, 1)[0] if cursor else None
    if before is not None and not _is_order_sort(before):
        raise invalid_cursor()
    known = [each for each in connections.known_by(DATASET) if each.has_data]
    as_of = _oldest(known)
    text = (search or "").strip()
    if rules.looks_like_order_id(text):
        record = store.find(text)
        found = () if record is None else (summary_of(record),)
        return OrderPage(found, None, as_of, Searched(text, len(found), None, complete=True))
    shelves = _shelves(known, marketplace_id)
    if first > last or not shelves:
        return OrderPage((), None, as_of, Searched(text, 0, None, complete=True) if text else None)
    units = PAGE_UNITS - REQUEST_UNITS - read_units(0) * (1 + len(known))
    return _page(shelves, first, last, before, _Filter(status, text), limit, as_of, units)


class _Filter(NamedTuple):
    status: str | None
    text: str

    @property
    def is_narrow(self) -> bool:
        return bool(self.text) or self.status is not None

    def takes(self, record: OrderRecord) -> bool:
        if self.status is not None and record.status != self.status:
            return False
        return not self.text or _mentions(record, self.text.casefold())


def _mentions(record: OrderRecord, text: str) -> bool:
    values = [line.seller_sku for line in lines_from(record.lines)]
    for product in products_from(record.products).values():
        values += [value for value in (product.asin, product.title) if value]
    return any(text in value.casefold() for value in values)


def _page(  # noqa: PLR0913, PLR0917 - what a page depends on
    shelves: Sequence[Shelf],
    first: date,
    last: date,
    before: str | None,
    wanted: _Filter,
    limit: int,
    as_of: str | None,
    units: float,
) -> OrderPage:
    summaries: list[OrderSummary] = []
    examined = 0
    end: str | None = None
    complete = True
    # Without a filter every order read is shown; with one, most may not be.
    page_size = _EXAMINED_AT_MOST if wanted.is_narrow else limit + 1
    for record in store.newest_first(shelves, first, last, before, page_size=page_size, units=units):
        if len(summaries) == limit or examined == _EXAMINED_AT_MOST:
            complete = False
            break
        if isinstance(record, Unread):
            complete, end = False, record.sk
            break
        examined += 1
        end = record.sk
        if wanted.takes(record):
            summaries.append(summary_of(record))
    searched = None
    if wanted.text:
        back_to = None if end is None else format_instant(purchased_at_of(end))
        searched = Searched(wanted.text, examined, back_to, complete=complete)
    return OrderPage(tuple(summaries), None if complete or end is None else encode_cursor(end), as_of, searched)


def _is_order_sort(text: str) -> bool:
    if _SORT_KEY.fullmatch(text) is None:
        return False
    try:
        return purchased_at_of(text).year >= _FIRST_YEAR
    except ValueError:
        # Digits in the right places that are no day or hour of the calendar.
        return False


def _shelves(known: Sequence[Known], marketplace_id: str | None) -> list[Shelf]:
    shelves = []
    for each in known:
        for place in each.connection.marketplace_ids:
            found = find_marketplace(place)
            if found is not None and marketplace_id in (None, place):
                shelves.append(Shelf(each.connection_id, place, found.time_zone))
    return shelves


def _oldest(known: Sequence[Known]) -> str | None:
    ages = [each.as_of(DATASET) for each in known]
    return None if not ages or None in ages else format_instant(min(at for at in ages if at is not None))


def get_order(order_id: str, connection_id: str | None) -> OrderDetail:
    """Show one order of the tenant in scope.

    Raises:
        NotFound: there is no such order.
        InvalidInput: the connection id is none.
    """
    wanted = None if connection_id is None else check_connection_id(connection_id)
    record = store.find(order_id, wanted)
    if record is None:
        raise NotFound(
            "There is no such order here.",
            code="order_not_found",
            action="Check the order id. Orders are kept for 18 months after we received them.",
        )
    return detail_of(record)


def known_order(
    connection_id: ConnectionId, marketplace_id: str, purchased_at: datetime, order_id: str
) -> KnownOrder | None:
    """Return an order of the tenant in scope as it is stored now, None when it is gone."""
    day = rules.local_day(purchased_at, _time_zone(marketplace_id))
    key = keys.order(current_tenant(), connection_id, marketplace_id, day, purchased_at, order_id)
    record = OrderRecord.find(key)
    return None if record is None else _known(record)


def find_known(order_id: str, connection_id: ConnectionId | None) -> tuple[ConnectionId, KnownOrder] | None:
    """Return the order with Amazon's id, of one connection when it is given, and its connection; None when none is."""
    record = store.find(order_id, connection_id)
    if record is None:
        return None
    return ConnectionId(place_of(record.pk, record.sk).connection_id), _known(record)


def known_orders(  # noqa: PLR0913 - the parts of one page
    connection_id: ConnectionId,
    marketplace_id: str,
    from_instant: datetime,
    to_instant: datetime,
    *,
    cursor: str | None,
    limit: int,
) -> tuple[list[KnownOrder], str | None]:
    """Return a page of the orders of one marketplace bought in a range of time, newest first, and where it goes on.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    if cursor is not None and not _is_order_sort(cursor):
        raise invalid_cursor()
    zone = _time_zone(marketplace_id)
    shelf = Shelf(connection_id, marketplace_id, zone)
    lowest = keys.order_range(from_instant, to_instant)[0]
    from_day, to_day = rules.local_day(from_instant, zone), rules.local_day(to_instant, zone)
    before = cursor or f"{keys.order_range(from_instant, to_instant)[1]}"
    found: list[KnownOrder] = []
    last: str | None = None
    walk = store.newest_first([shelf], from_day, to_day, before, page_size=limit + 1)
    for record in walk:
        if isinstance(record, Unread) or record.sk < lowest:
            break
        if len(found) == limit:
            return found, last
        found.append(_known(record))
        last = record.sk
    return found, None


def _known(record: OrderRecord) -> KnownOrder:
    place = place_of(record.pk, record.sk)
    return KnownOrder(
        order_id=place.order_id,
        marketplace_id=place.marketplace_id,
        time_zone=_time_zone(place.marketplace_id),
        purchased_at=place.purchased_at,
        status=record.status,
        fulfilled_by=record.fulfilled_by or "",
        windows=windows_from(record.windows),
        lines=lines_from(record.lines),
        prices=prices_from(record.prices),
        products=products_from(record.products),
        currency=record.currency,
        is_replacement=bool(record.replacement),
    )


def rows_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of the orders of a connection of the tenant in scope, newest first.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    page = _browse(connection_id, dataset, marketplace_id, cursor, limit)
    return RowsPage(COLUMNS, tuple(row_of(each) for each in page.orders), page.next_cursor, page.as_of)


def lines_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return the lines of a page of ``limit`` orders, as ``rows_view`` returns the orders.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    page = _browse(connection_id, dataset, marketplace_id, cursor, limit)
    rows = tuple(row for each in page.orders for row in line_rows(each))
    return RowsPage(LINE_COLUMNS, rows, page.next_cursor, page.as_of)


class _Browsed(NamedTuple):
    orders: Sequence[OrderRecord]
    next_cursor: str | None = None
    as_of: str | None = None


def _browse(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> _Browsed:
    before = decode_cursor(cursor, 1)[0] if cursor else None
    if before is not None and not _is_order_sort(before):
        raise invalid_cursor()
    reach = connections.reach(connection_id, dataset)
    if reach.newest is None:
        return _Browsed(())
    # No order is newer than the last contact with Amazon; a day of the marketplace may be one ahead of UTC's.
    last = date.fromisoformat(reach.newest[:10]) + timedelta(days=1)
    first = last - timedelta(days=MAXIMUM_HISTORY_DAYS + AMAZON_DATA_DAYS)
    shelves = _shelves([Known(reach.connection, {})], marketplace_id)
    walk = store.newest_first(shelves, first, last, before, page_size=limit + 1)
    found = list(islice((each for each in walk if not isinstance(each, Unread)), limit + 1))
    following = encode_cursor(found[limit - 1].sk) if len(found) > limit else None
    return _Browsed(found[:limit], following, reach.as_of)
