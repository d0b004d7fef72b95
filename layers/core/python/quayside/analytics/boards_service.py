"""Use case: rank the products of a connection's marketplaces when its orders were read."""

from datetime import date, datetime

from quayside.amazon.marketplaces import find_marketplace
from quayside.analytics import (
    alerts_service,
    board_rules,
    board_store,
    brand_board_store,
    cost_boards_service,
    sheet_store,
)
from quayside.analytics.brand_board_rules import BrandTally
from quayside.analytics.sheet_rules import months_between
from quayside.catalog import brand_service as brands
from quayside.connections import service as connections
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId
from quayside.orders.service import day_of


def refresh(connection_id: ConnectionId, now: datetime) -> int:
    """Make the boards of a connection of the tenant in scope that are due; return how many rankings were made.

    Reads the sheets of all products of seven months, a marketplace at a time, and keeps only the best. The costs of
    the tenant are worked out anew with them, for they depend on the sales of all its connections.
    """
    try:
        connection = connections.get(connection_id)
    except NotFound:
        # It was erased since; what is made now would outlive the erasure.
        return 0
    standing = board_store.records(connection_id)
    tags = brands.book()
    made = 0
    for place in sorted(connection.marketplace_ids):
        marketplace = find_marketplace(place)
        if marketplace is None:
            continue
        today = day_of(now, marketplace.time_zone)
        record = standing.get(place)
        made_at = None if record is None else int(record.made_at)
        made_of = None if record is None else date.fromisoformat(record.made_of)
        if not board_rules.is_due(made_at, made_of, today, epoch_seconds(now)):
            continue
        needed = board_rules.days_needed(today)
        months = months_between(needed.from_day, needed.to_day)
        products = sheet_store.products(connection_id, place, "ORDERS", months)
        tally = BrandTally(today, tags)
        board = board_rules.board_of(today, ((row.seller_sku, row.sheets) for row in products), tally.hear)
        board_store.put(connection_id, place, board, now)
        brand_board_store.put(connection_id, place, tally.board(), now)
        made += 1
    cost_boards_service.refresh(now)
    alerts_service.refresh(connection_id, now)
    return made
