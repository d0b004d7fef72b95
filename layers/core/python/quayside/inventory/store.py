"""Reads and writes of stock positions. Every function acts for the tenant in scope."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from quayside.inventory.records import SORT_PREFIX, PositionRecord, quantities_from, sku_of, text_of
from quayside.inventory.rules import PositionFacts, Quantities
from quayside.kernel.clock import epoch_milliseconds, epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import AMAZON_DATA_DAYS, living, write

NOTIFICATION = "amazon:notifications/FBA_INVENTORY_AVAILABILITY_CHANGES"
SUMMARIES = "amazon:fbaInventory/v1"

_PAGE_SIZE = 100


class Outcome(Enum):
    """What became of a fact: newer facts win, so an older one is an outcome and not an error."""

    APPLIED = "applied"
    STALE = "stale"


class Shelf(NamedTuple):
    """Where the positions of one marketplace of one connection are kept."""

    connection_id: ConnectionId
    marketplace_id: str


class Place(NamedTuple):
    """Where a position stands in the list of all shelves: by SKU, then by marketplace and connection."""

    sort_key: str
    marketplace_id: str
    connection_id: str


class Shelved(NamedTuple):
    """A position and where it stands."""

    place: Place
    record: PositionRecord


def upsert(connection_id: ConnectionId, facts: PositionFacts, received_at: datetime, source: str) -> Outcome:
    """Write a position unless one at least as new is stored: one conditional update.

    It is kept for 18 months after Amazon last changed it, or after it reached us if Amazon's clock is ahead (DPP 1.7).
    """
    record = PositionRecord
    at = epoch_milliseconds(facts.updated_at)
    actions = [
        record.source_updated_at.set(at),
        record.received_at.set(epoch_seconds(received_at)),
        record.expires_at.set(epoch_seconds(min(facts.updated_at, received_at) + timedelta(days=AMAZON_DATA_DAYS))),
        record.quantities.set(text_of(facts.quantities)),
    ]
    if facts.asin:
        actions.append(record.asin.set(facts.asin))
    if facts.fnsku:
        actions.append(record.fnsku.set(facts.fnsku))
    if facts.title:
        actions.append(record.title.set(facts.title))
    key = keys.inventory_position(current_tenant(), connection_id, facts.marketplace_id, facts.seller_sku)
    condition = record.pk.does_not_exist() | (record.source_updated_at < at)
    written = write(record, key, actions, condition, source=source, returning="NONE")
    return Outcome.APPLIED if written.applied else Outcome.STALE


def find(shelf: Shelf, seller_sku: str) -> Shelved | None:
    """Return the position of one SKU."""
    key = keys.inventory_position(current_tenant(), shelf.connection_id, shelf.marketplace_id, seller_sku)
    record = PositionRecord.find(key, consistent=False)
    return None if record is None else Shelved(Place(key.sk, shelf.marketplace_id, shelf.connection_id), record)


def quantities_of(shelf: Shelf, seller_skus: Sequence[str]) -> Iterator[tuple[str, Quantities]]:
    """Yield the quantities of some SKUs of one shelf, in no order; absent ones are left out."""
    wanted = [keys.inventory_position(current_tenant(), *shelf, sku) for sku in dict.fromkeys(seller_skus)]
    for record in living(PositionRecord.batch_get([(key.pk, key.sk) for key in wanted])):
        yield sku_of(record.sk), quantities_from(record.quantities)


def by_sku(shelves: Sequence[Shelf], after: Place | None) -> Iterator[Shelved]:
    """Yield the positions of all shelves in the order of their SKUs, lazily, beginning after a place."""
    return heapq.merge(*(_shelf(shelf, after) for shelf in shelves), key=lambda found: found.place)


def _shelf(shelf: Shelf, after: Place | None) -> Iterator[Shelved]:
    partition = keys.inventory(current_tenant(), shelf.connection_id, shelf.marketplace_id)
    low = SORT_PREFIX if after is None else after.sort_key
    found = PositionRecord.query(
        partition, PositionRecord.sk.between(low, f"{SORT_PREFIX}{keys.HIGHEST}"), page_size=_PAGE_SIZE
    )
    for record in living(found):
        place = Place(record.sk, shelf.marketplace_id, shelf.connection_id)
        if after is None or place > after:
            yield Shelved(place, record)
