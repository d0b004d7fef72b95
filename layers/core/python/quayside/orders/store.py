"""Reads and writes of orders. Every function acts for the tenant in scope."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from pynamodb.expressions.update import Action

from quayside.kernel.clock import epoch_milliseconds, epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.orders.records import OrderRecord, place_of, purchased_at_of, state_of_item, text_of
from quayside.orders.rules import NO_WINDOWS, OrderFacts, day_bounds, expires_at, local_day, needs_price
from quayside.storage import keys
from quayside.storage.tables import look_up, write

DOCUMENT = "amazon:orders/2026-01-01"
NOTIFICATION = "amazon:notifications/ORDER_CHANGE"

_PAGE_SIZE = 100


class Outcome(Enum):
    """What became of a fact: newer facts win, so an older one is an outcome and not an error."""

    APPLIED = "applied"
    STALE = "stale"


class Upserted(NamedTuple):
    """The outcome of writing one order, and whether the stored order now waits for its money."""

    outcome: Outcome
    needs_price: bool


class Shelf(NamedTuple):
    """Where the orders of one marketplace of one connection are kept."""

    connection_id: ConnectionId
    marketplace_id: str
    time_zone: str


def _key(connection_id: ConnectionId, facts: OrderFacts) -> keys.Key:
    return keys.order(
        current_tenant(), connection_id, facts.marketplace_id, facts.day, facts.purchased_at, facts.order_id
    )


def upsert(connection_id: ConnectionId, facts: OrderFacts, received_at: datetime) -> Upserted:
    """Write what one source established, unless something newer is stored: one conditional update.

    A document of the same instant as the stored notification is applied, for it says more; a document older than the
    stored notification still brings the products and the money when none as new are there (a second update).
    """
    key = _key(connection_id, facts)
    at = epoch_milliseconds(facts.updated_at)
    record = OrderRecord
    actions = _state_actions(facts, at, received_at)
    condition = record.pk.does_not_exist() | (record.source_updated_at < at)
    if facts.is_document:
        actions += _document_actions(facts, at, received_at)
        condition |= (record.source_updated_at == at) & (
            record.document_at.does_not_exist() | (record.document_at < at)
        )
    written = write(record, key, actions, condition, source=DOCUMENT if facts.is_document else NOTIFICATION)
    if written.applied:
        return Upserted(Outcome.APPLIED, _needs_price(written.item))
    if facts.is_document and int(written.item.get("document_at", {}).get("N", -1)) < at:
        supplement = [*_document_actions(facts, at, received_at), record.received_at.set(epoch_seconds(received_at))]
        if facts.lines:
            supplement.append(record.lines.set(record.lines | text_of(facts.lines)))
        present = record.pk.exists() & (record.document_at.does_not_exist() | (record.document_at < at))
        written = write(record, key, supplement, present, source=DOCUMENT)
        if written.applied:
            return Upserted(Outcome.APPLIED, _needs_price(written.item))
    return Upserted(Outcome.STALE, _needs_price(written.item))


def _state_actions(facts: OrderFacts, at: int, received_at: datetime) -> list[Action]:
    record = OrderRecord
    actions: list[Action] = [
        record.status.set(facts.status),
        record.source_updated_at.set(at),
        record.received_at.set(epoch_seconds(received_at)),
        record.expires_at.set(epoch_seconds(expires_at(facts.purchased_at))),
        record.lookup_key.set(keys.order_lookup(current_tenant(), facts.order_id)),
    ]
    if facts.fulfilled_by:
        actions.append(record.fulfilled_by.set(facts.fulfilled_by))
    if facts.windows != NO_WINDOWS:
        actions.append(record.windows.set(text_of(facts.windows)))
    if facts.lines is not None:
        actions.append(record.lines.set(text_of(facts.lines)))
    return actions


def _document_actions(facts: OrderFacts, at: int, received_at: datetime) -> list[Action]:
    record = OrderRecord
    actions: list[Action] = [record.document_at.set(at), record.products.set(text_of(facts.products))]
    if facts.prices:
        actions += [record.prices.set(text_of(facts.prices)), record.priced_at.set(epoch_seconds(received_at))]
    if facts.currency is not None:
        actions.append(record.currency.set(facts.currency))
    if facts.total_minor is not None:
        actions.append(record.total_minor.set(facts.total_minor))
    if facts.is_replacement:
        actions.append(record.replacement.set(True))
    return actions


def _needs_price(item: dict[str, dict[str, Any]]) -> bool:
    if not item:
        return False
    return needs_price(state_of_item(item))


def find(order_id: str, connection_id: ConnectionId | None = None) -> OrderRecord | None:
    """Return the order with Amazon's id, of one connection when it is given, or None.

    The index tells the key and the order is then read consistently, so that a page opened from a list is not older
    than the list.
    """
    for key in look_up(keys.order_lookup(current_tenant(), order_id)):
        if connection_id is None or place_of(*key).connection_id == connection_id:
            return OrderRecord.find(key)
    return None


def newest_first(
    shelves: Sequence[Shelf], from_day: date, to_day: date, before: str | None, *, page_size: int = _PAGE_SIZE
) -> Iterator[OrderRecord]:
    """Yield the orders of all shelves bought from one local day to another, newest first, lazily.

    Args:
        shelves: which marketplaces of which connections.
        from_day: first day, in each marketplace's own time zone.
        to_day: last day, in each marketplace's own time zone.
        before: yield only orders that sort before this sort key: where the page before this one ended.
        page_size: how many orders of one marketplace are read at once.
    """
    streams = (_shelf(shelf, from_day, to_day, before, page_size) for shelf in shelves)
    return heapq.merge(*streams, key=lambda record: record.sk, reverse=True)


def _shelf(shelf: Shelf, from_day: date, to_day: date, before: str | None, page_size: int) -> Iterator[OrderRecord]:
    low_instant, high_instant = day_bounds(from_day, to_day, shelf.time_zone)
    low, high = keys.order_range(low_instant, high_instant)
    month = to_day
    if before is not None and before < high:
        # Up to but not including the last order shown: sort keys are unique, so one is cut off by stepping past it.
        high = before
        month = min(to_day, local_day(purchased_at_of(before), shelf.time_zone))
    if high < low:
        return
    while (month.year, month.month) >= (from_day.year, from_day.month):
        partition = keys.orders(current_tenant(), shelf.connection_id, shelf.marketplace_id, month)
        for record in OrderRecord.query(
            partition, OrderRecord.sk.between(low, high), scan_index_forward=False, page_size=min(page_size, _PAGE_SIZE)
        ):
            if record.sk != before:
                yield record
        month = month.replace(day=1) - timedelta(days=1)
