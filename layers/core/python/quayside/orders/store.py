"""Reads and writes of orders. Every function acts for the tenant in scope."""

import heapq
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from pynamodb.expressions.update import Action

from quayside.kernel.clock import epoch_milliseconds, epoch_seconds
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.orders.records import (
    OrderRecord,
    lines_from,
    place_of,
    products_from,
    purchased_at_of,
    state_of_item,
    text_of,
)
from quayside.orders.rules import (
    NO_WINDOWS,
    OrderFacts,
    OrderLine,
    OrderState,
    day_bounds,
    expires_at,
    has_real_ids,
    local_day,
    needs_price,
    with_ids_of,
)
from quayside.storage import keys
from quayside.storage.budget import read_units, size_of
from quayside.storage.tables import Item, living, look_up, write

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

DOCUMENT = "amazon:orders/2026-01-01"
NOTIFICATION = "amazon:notifications/ORDER_CHANGE"
REPORT = "amazon:reports/"
"""What the source of an order begins with that a report told last; the report's type follows."""

_PAGE_SIZE = 100
_SMALLEST_PAGE = 10
_MONTHS_AT_LEAST = 2
_LAST_ID = "~"
"""Sorts after every order id."""
_ATTEMPTS = 4


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


class Unread(NamedTuple):
    """How far a walk got: nothing that sorts at ``sk`` or before it was looked at in every shelf."""

    sk: str


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
    source = DOCUMENT if facts.is_document else NOTIFICATION
    written = write(record, key, actions, condition, source=source, returning="ALL_OLD")
    if written.applied:
        state = _state_after(written.item, facts)
        if written.item and not facts.is_document:
            state = _keep_reported_prices(key, written.item, facts, state)
        return Upserted(Outcome.APPLIED, needs_price(state))
    if facts.is_document and int(written.item.get("document_at", {}).get("N", -1)) < at:
        supplement = [*_document_actions(facts, at, received_at), record.received_at.set(epoch_seconds(received_at))]
        if facts.lines:
            supplement.append(record.lines.set(record.lines | text_of(facts.lines)))
        present = record.pk.exists() & (record.document_at.does_not_exist() | (record.document_at < at))
        written = write(record, key, supplement, present, source=DOCUMENT)
        if written.applied:
            return Upserted(Outcome.APPLIED, _needs_price(written.item))
    return Upserted(Outcome.STALE, _needs_price(written.item))


def _state_after(before: Item, facts: OrderFacts) -> OrderState:
    """Return what decides about an order after facts were written over the item it was."""
    old = state_of_item(before) if before else OrderState(facts.status)
    return OrderState(
        status=facts.status,
        lines=old.lines if facts.lines is None else facts.lines,
        prices=facts.prices or old.prices,
        is_replacement=old.is_replacement or bool(facts.is_replacement),
        has_document=old.has_document or facts.is_document,
        currency=facts.currency or old.currency,
    )


def _keep_reported_prices(key: keys.Key, before: Item, facts: OrderFacts, state: OrderState) -> OrderState:
    """Bring a report's prices under Amazon's line ids, which a notification told after the report; return the state.

    Otherwise every order of the history would lose its money with its next change, until somebody asked for it again.
    """
    reported = lines_from(before["lines"]["S"]) if "lines" in before else ()
    if not facts.lines or not state.prices or has_real_ids(reported) or not has_real_ids(facts.lines):
        return state
    products = products_from(before["products"]["S"]) if "products" in before else {}
    as_reported = msgspec.structs.replace(facts, lines=reported, prices=dict(state.prices), products=products)
    named = with_ids_of(as_reported, facts.lines)
    if named is None:
        return state
    record = OrderRecord
    written = write(
        record,
        key,
        [record.prices.set(text_of(named.prices)), record.products.set(text_of(named.products))],
        (record.source_updated_at == epoch_milliseconds(facts.updated_at))
        & (record.document_at == int(before["document_at"]["N"])),
        source=NOTIFICATION,
        returning="NONE",
    )
    return msgspec.structs.replace(state, prices=named.prices or {}) if written.applied else state


def upsert_reported(
    connection_id: ConnectionId, facts: OrderFacts, received_at: datetime, *, report_type: str
) -> Outcome:
    """Write what the rows of a report established, unless the store knows better.

    One conditional update for an order that is new or that only reports told of before. An order whose lines are known
    by Amazon's ids keeps them: the report's words are written under those ids, by a second update that holds only while
    nobody else changed the order. An order that is newer than the report, but has no money yet, gets the report's.

    A document of the same instant still replaces what a report said, for it says more: the document's place
    (``document_at``) is taken one millisecond earlier.
    """
    key = _key(connection_id, facts)
    at = epoch_milliseconds(facts.updated_at)
    record = OrderRecord
    source = f"{REPORT}{report_type}"
    actions = [*_state_actions(facts, at, received_at), *_document_actions(facts, at - 1, received_at)]
    condition: Condition = record.pk.does_not_exist() | (
        (record.source_updated_at < at) & record.source.startswith(REPORT)
    )
    for _ in range(_ATTEMPTS):
        written = write(record, key, actions, condition, source=source, returning="NONE")
        if written.applied:
            return Outcome.APPLIED
        stored = written.item
        if not stored:
            # It stood in the way and is gone meanwhile.
            condition = record.pk.does_not_exist()
            continue
        change = _reported_change(facts, at, stored, received_at)
        if change is None:
            return Outcome.STALE
        actions = change
        condition = record.source_updated_at == int(stored["source_updated_at"]["N"])
        condition &= (
            record.document_at == int(stored["document_at"]["N"])
            if "document_at" in stored
            else record.document_at.does_not_exist()
        )
        source = source if int(stored["source_updated_at"]["N"]) < at else stored["source"]["S"]
    raise Conflict("An order was changed by too many at once.", code="order_contended")


def _reported_change(facts: OrderFacts, at: int, stored: Item, received_at: datetime) -> list[Action] | None:
    """Return what a report changes in an order that is stored, None when nothing."""
    lines = lines_from(stored["lines"]["S"]) if "lines" in stored else ()
    is_newer = int(stored["source_updated_at"]["N"]) < at
    named = with_ids_of(facts, lines) if has_real_ids(lines) else facts
    if is_newer:
        told = named or facts
        return [*_state_actions(told, at, received_at), *_document_actions(told, at - 1, received_at)]
    if "document_at" in stored or named is None or not facts.prices or not _same_quantities(named.lines, lines):
        return None
    return [*_document_actions(named, at - 1, received_at), OrderRecord.received_at.set(epoch_seconds(received_at))]


def _same_quantities(told: Sequence[OrderLine] | None, stored: Sequence[OrderLine]) -> bool:
    return {line.order_item_id: line.quantity_ordered for line in told or ()} == {
        line.order_item_id: line.quantity_ordered for line in stored
    }


def _state_actions(facts: OrderFacts, at: int, received_at: datetime) -> list[Action]:
    record = OrderRecord
    actions: list[Action] = [
        record.status.set(facts.status),
        record.source_updated_at.set(at),
        record.received_at.set(epoch_seconds(received_at)),
        # Set once: 18 months from the day Amazon first told us of the order, whatever it tells of it later.
        record.expires_at.set(record.expires_at | epoch_seconds(expires_at(received_at))),
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


def marketplace_of(order_id: str, connection_id: ConnectionId) -> str | None:
    """Return in which marketplace an order of a connection was placed; None when it is not known. Reads the index."""
    for key in look_up(keys.order_lookup(current_tenant(), order_id)):
        place = place_of(*key)
        if place.connection_id == connection_id:
            return place.marketplace_id
    return None


def newest_first(  # noqa: PLR0913 - what a walk depends on
    shelves: Sequence[Shelf],
    from_day: date,
    to_day: date,
    before: str | None,
    *,
    page_size: int = _PAGE_SIZE,
    units: float = math.inf,
) -> Iterator[OrderRecord | Unread]:
    """Yield the orders of all shelves bought from one local day to another, newest first, lazily.

    Args:
        shelves: which marketplaces of which connections.
        from_day: first day, in each marketplace's own time zone.
        to_day: last day, in each marketplace's own time zone.
        before: yield only orders that sort before this sort key: where the page before this one ended.
        page_size: how many orders are read at once, of all shelves together.
        units: how many read units to spend on looking for more: each shelf has its share, is read for two months at
            least (the last 30 days lie in no more), and beyond them as long as its share lasts. An ``Unread`` then says
            how far all that precedes it is complete; what follows it is not.
    """
    size = min(max(_SMALLEST_PAGE, math.ceil(page_size / max(1, len(shelves)))), _PAGE_SIZE)
    share = units / max(1, len(shelves))
    streams = (_shelf(shelf, from_day, to_day, before, size, share) for shelf in shelves)
    return heapq.merge(*streams, key=lambda each: each.sk, reverse=True)


def _shelf(  # noqa: PLR0913, PLR0917 - as newest_first
    shelf: Shelf, from_day: date, to_day: date, before: str | None, page_size: int, share: float
) -> Iterator[OrderRecord | Unread]:
    low_instant, high_instant = day_bounds(from_day, to_day, shelf.time_zone)
    low, high = keys.order_range(low_instant, high_instant)
    month = to_day
    if before is not None and before < high:
        # Up to but not including the last order shown: sort keys are unique, so one is cut off by stepping past it.
        high = before
        month = min(to_day, local_day(purchased_at_of(before), shelf.time_zone))
    if high < low:
        return
    months = 0
    while (month.year, month.month) >= (from_day.year, from_day.month):
        if months >= _MONTHS_AT_LEAST and share < read_units(0):
            yield Unread(_end_of(month, shelf.time_zone))
            return
        partition = keys.orders(current_tenant(), shelf.connection_id, shelf.marketplace_id, month)
        found = OrderRecord.query(
            partition, OrderRecord.sk.between(low, high), scan_index_forward=False, page_size=page_size
        )
        size = 0
        for record in living(found):
            size += size_of(record)
            if record.sk != before:
                yield record
        share -= read_units(size)
        months += 1
        month = month.replace(day=1) - timedelta(days=1)


def _end_of(day: date, time_zone: str) -> str:
    """Return the sort key after which no order of that day, nor of an earlier one, comes."""
    return keys.order_sort(day_bounds(day, day, time_zone)[1], _LAST_ID)
