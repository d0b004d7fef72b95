"""Use cases of stock: take in what Amazon says, and list it."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from quayside.amazon.envelopes import InventoryChange
from quayside.amazon.inventory import InventorySummary
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.inventory import rules, store
from quayside.inventory.records import SORT_PREFIX, sku_of
from quayside.inventory.rules import PositionFacts, Quantities, UnusablePosition, checked
from quayside.inventory.store import Outcome, Place, Shelf, Shelved
from quayside.inventory.views import COLUMNS, InventoryPage, row_of, view_of
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.sync.sinks import Applied, Rejected
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from quayside.inventory.views import PositionView

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


def list_positions(
    *, marketplace_id: str | None = None, search: str | None = None, cursor: str | None = None, limit: int = 50
) -> InventoryPage:
    """List the stock positions of the tenant in scope in the order of their SKUs, across marketplaces.

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
    views: list[PositionView] = []
    end: Place | None = None
    for examined, found in enumerate(islice(store.by_sku(shelves, after), _EXAMINED_AT_MOST + 1)):
        if len(views) == limit or examined == _EXAMINED_AT_MOST:
            return InventoryPage(tuple(views), None if end is None else encode_cursor(*end), as_of)
        end = found.place
        if not text or _mentions(found, text):
            views.append(view_of(found))
    return InventoryPage(tuple(views), None, as_of)


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
    connection = connections.get(connection_id)
    as_of = Known(connection, connections.health_of(connection_id)).as_of(dataset)
    shelves = [Shelf(connection_id, place) for place in connection.marketplace_ids if marketplace_id in (None, place)]
    found = list(islice(store.by_sku(shelves, after), limit + 1))
    following = encode_cursor(*found[limit - 1].place) if len(found) > limit else None
    rows = tuple(row_of(each) for each in found[:limit])
    return RowsPage(COLUMNS, rows, following, None if as_of is None else format_instant(as_of))
