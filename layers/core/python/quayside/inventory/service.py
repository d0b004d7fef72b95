"""Use cases of stock: take in what Amazon says, and list it."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from quayside.amazon.envelopes import InventoryChange
from quayside.amazon.inventory import InventorySummary
from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.inventory import days_rules, days_store, own_service, rules, store
from quayside.inventory.days_rules import AGES_DAYS, RECENT_DAYS, SERIES_DAYS, Outlook, Standing
from quayside.inventory.own_store import Location
from quayside.inventory.records import SORT_PREFIX, outlook_from, quantities_from, sku_of
from quayside.inventory.rules import PositionFacts, Quantities, UnusablePosition, checked
from quayside.inventory.store import Outcome, Place, Shelf, Shelved
from quayside.inventory.views import (
    COLUMNS,
    DayView,
    InventoryPage,
    OwnStockView,
    StockDetail,
    StockLine,
    line_of,
    row_of,
    stock_figure,
)
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import NotFound
from quayside.kernel.figures import Figure
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.sync.sinks import Applied, Rejected
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from quayside.inventory.records import PositionRecord

DATASET = "inventory"

_EXAMINED_AT_MOST = 2000
"""How many positions one request looks at; a search that needs more goes on with the next page."""


def facts_of_change(change: InventoryChange, event_time: datetime) -> tuple[PositionFacts, ...]:
    """Work out what an inventory notification establishes: one position for each marketplace it lists.

    Raises:
        UnusablePosition: a quantity is negative, or there is no SKU.
    """
    facts = []
    for place in change.fulfillment_inventory_by_marketplace:
        stock = place.fulfillment_inventory
        inbound, reserved = stock.inbound_quantity_breakdown, stock.reserved_quantity_breakdown
        facts.append(
            checked(
                PositionFacts(
                    marketplace_id=place.marketplace_id,
                    seller_sku=change.seller_sku,
                    updated_at=event_time,
                    quantities=Quantities(
                        fulfillable=stock.fulfillable,
                        inbound_working=inbound.working,
                        inbound_shipped=inbound.shipped,
                        inbound_receiving=inbound.receiving,
                        reserved_transfer=reserved.warehouse_transfer,
                        reserved_processing=reserved.warehouse_processing,
                        reserved_customer_orders=reserved.pending_customer_order,
                        unfulfillable=stock.unfulfillable,
                        researching=stock.researching,
                    ),
                    asin=change.asin,
                    fnsku=change.fnsku,
                    title=place.item_name,
                )
            )
        )
    return tuple(facts)


def apply_facts(connection_id: ConnectionId, facts: PositionFacts, *, received_at: datetime) -> Outcome:
    """Store what a notification established for the tenant in scope, newer wins."""
    return store.upsert(connection_id, facts, received_at, store.NOTIFICATION)


def apply_positions(  # noqa: PLR0913 - the port of the sync worker
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    positions: Sequence[InventorySummary],
    *,
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on Amazon's times and the receipt alone
) -> Applied:
    """Store summaries of the FBA Inventory API, newer wins; the inventory sink of the sync worker."""
    applied = stale = 0
    rejected: list[Rejected] = []
    with tenant_scope(tenant_id):
        for summary in positions:
            try:
                facts = checked(facts_of_summary(summary, marketplace_id, received_at))
            except UnusablePosition as problem:
                rejected.append(Rejected(summary.seller_sku, problem.reason))
                continue
            if store.upsert(connection_id, facts, received_at, store.SUMMARIES) is Outcome.APPLIED:
                applied += 1
            else:
                stale += 1
    return Applied(applied, stale, tuple(rejected))


def facts_of_summary(summary: InventorySummary, marketplace_id: str, received_at: datetime) -> PositionFacts:
    """Work out what a summary establishes.

    A SKU that never moved has no time of its own; its summary counts as of the moment it was received.
    """
    details = summary.inventory_details
    reserved = details.reserved_quantity if details else None
    researching = details.researching_quantity if details else None
    unfulfillable = details.unfulfillable_quantity if details else None
    return PositionFacts(
        marketplace_id=marketplace_id,
        seller_sku=summary.seller_sku,
        updated_at=summary.updated_at() or received_at,
        quantities=Quantities(
            fulfillable=(details.fulfillable_quantity if details else None) or 0,
            inbound_working=(details.inbound_working_quantity if details else None) or 0,
            inbound_shipped=(details.inbound_shipped_quantity if details else None) or 0,
            inbound_receiving=(details.inbound_receiving_quantity if details else None) or 0,
            reserved_transfer=(reserved.pending_transshipment_quantity if reserved else None) or 0,
            reserved_processing=(reserved.fc_processing_quantity if reserved else None) or 0,
            reserved_customer_orders=(reserved.pending_customer_order_quantity if reserved else None) or 0,
            unfulfillable=(unfulfillable.total_unfulfillable_quantity if unfulfillable else None) or 0,
            researching=(researching.total_researching_quantity if researching else None) or 0,
        ),
        asin=summary.asin,
        fnsku=summary.fn_sku,
        title=summary.product_name,
    )


_SORT_KEY = re.compile(rf"{SORT_PREFIX}[A-Za-z0-9%._~-]+")
"""What a cursor of the list may hold: the sort key of a position, as storage.keys builds it."""


def list_positions(  # noqa: PLR0913 - the filters of the list
    *,
    clock: Clock,
    marketplace_id: str | None = None,
    search: str | None = None,
    standing: Standing | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> InventoryPage:
    """List the stock of the tenant in scope in the order of the SKUs, across marketplaces.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    after = _place_of(cursor) if cursor else None
    known = [each for each in connections.known() if each.has_data]
    ages = [each.as_of(DATASET) for each in known]
    as_of = None if not ages or None in ages else format_instant(min(at for at in ages if at is not None))
    shelves = [
        Shelf(each.connection_id, place)
        for each in known
        for place in each.connection.marketplace_ids
        if marketplace_id in (None, place)
    ]
    text = (search or "").strip()
    shown: list[Shelved] = []
    end: Place | None = None
    following = None
    for examined, found in enumerate(islice(store.by_sku(shelves, after), _EXAMINED_AT_MOST + 1)):
        if len(shown) == limit or examined == _EXAMINED_AT_MOST:
            following = None if end is None else encode_cursor(*end)
            break
        end = found.place
        if (not text or _mentions(found, text)) and standing in (None, _standing(found)):
            shown.append(found)
    return InventoryPage(tuple(_lines(shown, known, clock.now())), following, as_of)


def _standing(found: Shelved) -> Standing:
    return days_rules.standing_of(quantities_from(found.record.quantities))


def _lines(shown: Sequence[Shelved], known: Sequence[Known], now: datetime) -> list[StockLine]:
    """Return what the list shows of some positions: two months of each are read at once, and its own stock."""
    fresh = {each.connection_id: each.as_of(DATASET) for each in known}
    by_shelf: dict[Shelf, list[Shelved]] = {}
    for found in shown:
        shelf = Shelf(ConnectionId(found.place.connection_id), found.place.marketplace_id)
        by_shelf.setdefault(shelf, []).append(found)
    lines: dict[Place, StockLine] = {}
    for shelf, mine in by_shelf.items():
        today = _today(shelf.marketplace_id, now)
        first = today - timedelta(days=RECENT_DAYS - 1)
        skus = [sku_of(found.record.sk) for found in mine]
        months = days_store.months_of(shelf.connection_id, shelf.marketplace_id, skus, first, today)
        own = own_service.units_by_sku(shelf.connection_id, shelf.marketplace_id, skus)
        for sku, found in zip(skus, mine, strict=True):
            recent = days_rules.series(months.get(sku, {}), first, today)
            lines[found.place] = line_of(found, recent, _own_units(own.get(sku)), fresh[shelf.connection_id] or now)
    return [lines[found.place] for found in shown]


def _own_units(held: Sequence[tuple[Location, int]] | None) -> int | None:
    return None if held is None else sum(units for _, units in held)


def _today(marketplace_id: str, now: datetime) -> date:
    place = find_marketplace(marketplace_id)
    return days_rules.local_day(now, place.time_zone if place else "UTC")


def show_position(connection_id: ConnectionId, marketplace_id: str, seller_sku: str, *, clock: Clock) -> StockDetail:
    """Show one SKU in one marketplace: its position, its last 90 days, its figures and the seller's own stock.

    Raises:
        NotFound: there is no such connection, or no stock of that SKU there.
    """
    connection = connections.get(connection_id)
    known = Known(connection, connections.health_of(connection_id))
    found = store.find(Shelf(connection_id, marketplace_id), seller_sku)
    if found is None:
        raise NotFound("Amazon tells of no stock of this SKU there.", code="position_not_found")
    now = clock.now()
    fresh = known.as_of(DATASET)
    as_of = fresh or now
    today = _today(marketplace_id, now)
    first = today - timedelta(days=SERIES_DAYS - 1)
    months = days_store.months_of(connection_id, marketplace_id, [seller_sku], first, today).get(seller_sku, {})
    stock = days_rules.series(months, first, today)
    held = own_service.units_by_sku(connection_id, marketplace_id, [seller_sku]).get(seller_sku)
    outlook = outlook_from(found.record.outlook)
    line = line_of(found, stock[-RECENT_DAYS:], _own_units(held), as_of)
    ages = (None, None) if outlook is None else (outlook.aged_90, outlook.aged_180)
    return StockDetail(
        line=line,
        as_of=None if fresh is None else format_instant(fresh),
        days=tuple(
            DayView(day.isoformat(), *(msgspec.structs.astuple(seen) if seen else (None,) * 4))
            for day, seen in zip(days_rules.days_between(first, today), stock, strict=True)
        ),
        days_of_cover=line.days_of_cover,
        days_without=days_rules.without_figure(stock, as_of),
        aged=tuple(
            days_rules.aged_figure(days, aged, outlook, as_of) for days, aged in zip(AGES_DAYS, ages, strict=True)
        ),
        own_stock=tuple(OwnStockView(place.location_id, place.name, units) for place, units in held or ()),
        linked_marketplace_ids=own_service.linked(connection_id, marketplace_id),
    )


def stock_series(
    connection_id: ConnectionId, marketplace_id: str, seller_sku: str, from_day: date, to_day: date
) -> tuple[days_rules.DayStock | None, ...]:
    """Return the stock of one SKU on each day from one to another, both included; None where nobody looked."""
    months = days_store.all_months_of(connection_id, marketplace_id, seller_sku)
    return days_rules.series(months, from_day, to_day)


def day_of(at: datetime, time_zone: str) -> date:
    """Return the day of a time zone that an instant is in."""
    return days_rules.local_day(at, time_zone)


class StockNow(NamedTuple):
    """One SKU in one marketplace, for those who work with its quantities."""

    seller_sku: str
    quantities: Quantities
    title: str | None
    asin: str | None


def stock_after(
    connection_id: ConnectionId, marketplace_id: str, after: str | None, limit: int
) -> tuple[list[StockNow], str | None]:
    """Return a page of the stock of a marketplace, and the mark that goes on after it, None at the end."""
    records, following = days_store.positions_after(connection_id, marketplace_id, after, limit)
    return [_now(record) for record in records], following


def stock_now(connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> StockNow | None:
    """Return the stock of one SKU in one marketplace, None when Amazon tells of none."""
    found = store.find(Shelf(connection_id, marketplace_id), seller_sku)
    return None if found is None else _now(found.record)


def stock_to_sell(known: Known, marketplace_id: str, seller_sku: str, now: datetime) -> Figure | None:
    """Return the units of one SKU that are there to be sold in one marketplace, None when nobody tells of any.

    Args:
        known: the connection.
        marketplace_id: where.
        seller_sku: of what.
        now: stands for the age of what Amazon never told.
    """
    found = stock_now(known.connection_id, marketplace_id, seller_sku)
    held = own_service.units_by_sku(known.connection_id, marketplace_id, [seller_sku]).get(seller_sku)
    if found is None and held is None:
        return None
    quantities = Quantities() if found is None else found.quantities
    return stock_figure(quantities, _own_units(held), known.as_of(DATASET) or now)


def _now(record: "PositionRecord") -> StockNow:
    return StockNow(sku_of(record.sk), quantities_from(record.quantities), record.title, record.asin)


def fulfillable_of(connection_id: ConnectionId, marketplace_id: str, seller_skus: Sequence[str]) -> dict[str, int]:
    """Return the units that Amazon can sell of some SKUs in one marketplace; SKUs it tells nothing of are left out."""
    shelf = Shelf(connection_id, marketplace_id)
    return {sku: quantities.fulfillable for sku, quantities in store.quantities_of(shelf, seller_skus)}


def is_in_step(connection_id: ConnectionId, now: datetime) -> bool:
    """Return whether the stock of a connection was in step with Amazon within the last day."""
    fresh = Known(connections.get(connection_id), connections.health_of(connection_id)).as_of(DATASET)
    return fresh is not None and now - fresh <= _STALE_AFTER


def note_outlook(connection_id: ConnectionId, marketplace_id: str, seller_sku: str, outlook: Outlook) -> None:
    """Keep what was worked out of a SKU's days with its position, for lists."""
    days_store.put_outlook(connection_id, marketplace_id, seller_sku, outlook)


# -- Day by day --------------------------------------------------------------------------------------------------------

_LOOKED_AT_ONCE = 100


def look_at_stock(
    connection_id: ConnectionId,
    marketplace_ids: Sequence[str],
    after: tuple[str, str] | None,
    *,
    clock: Clock,
    time_is_short: Callable[[], bool],
) -> tuple[str, str] | None:
    """Write down what stock there is today, marketplace by marketplace, a hundred SKUs at a time.

    Looking again on the same day shows the later look. Stock of a connection that was not in step with Amazon within
    the last day is not written down: it would be yesterday's under today's date.

    Args:
        connection_id: of which connection of the tenant in scope.
        marketplace_ids: in which marketplaces.
        after: the marketplace and sort key behind which an earlier run stopped; None to begin.
        clock: the time.
        time_is_short: whether to stop.

    Returns:
        behind which marketplace and sort key to go on; None when all is done.
    """
    now = clock.now()
    if not is_in_step(connection_id, now):
        return None
    begin, place = (0, None) if after is None else (marketplace_ids.index(after[0]), after[1])
    for marketplace_id in marketplace_ids[begin:]:
        day = _today(marketplace_id, now)
        while True:
            records, place = days_store.positions_after(connection_id, marketplace_id, place, _LOOKED_AT_ONCE)
            days_store.put_day(connection_id, marketplace_id, records, day, now)
            if place is None:
                break
            if time_is_short():
                return marketplace_id, place
    return None


_STALE_AFTER = timedelta(days=1)


def _mentions(found: Shelved, text: str) -> bool:
    record = found.record
    return rules.matches(text, sku_of(record.sk), record.asin, record.fnsku, record.title)


def _place_of(cursor: str) -> Place:
    place = Place(*decode_cursor(cursor, 3))
    if _SORT_KEY.fullmatch(place.sort_key) is None:
        raise invalid_cursor()
    return place


def rows_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of the stock positions of a connection of the tenant in scope, in the order of their SKUs.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    after = _place_of(cursor) if cursor else None
    reach = connections.reach(connection_id, dataset)
    shelves = [Shelf(connection_id, place) for place in reach.places(marketplace_id)]
    found = list(islice(store.by_sku(shelves, after), limit + 1))
    following = encode_cursor(*found[limit - 1].place) if len(found) > limit else None
    rows = tuple(row_of(each) for each in found[:limit])
    return RowsPage(COLUMNS, rows, following, reach.as_of)
