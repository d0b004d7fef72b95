"""Reads and writes of sheets. Every function acts for the tenant in scope."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import dropwhile, groupby
from typing import NamedTuple

import msgspec
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from quayside.analytics.sheet_records import (
    SheetRecord,
    marks_of,
    month_of_product_sheet,
    place_of_sheet,
    sheet_of,
    sku_of_sheet,
)
from quayside.analytics.sheet_rules import (
    Change,
    Kind,
    Marks,
    Place,
    Sheet,
    applied,
    marked,
    packed,
    packed_marks,
    unseen,
)
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS, every, living, page, write

SOURCE = "quayside:metrics_roller"

_ATTEMPTS = 5
_PAGE_SIZE = 500


class SheetRow(NamedTuple):
    """A sheet of a marketplace, and when it last changed."""

    place: Place
    sheet: Sheet
    updated_at: datetime


class ProductRow(NamedTuple):
    """The months of one product, of one kind of facts; ``months`` names the month of each sheet."""

    seller_sku: str
    sheets: tuple[Sheet, ...]
    months: tuple[str, ...]


class Held(NamedTuple):
    """What is stored of a sheet, and how often it was changed."""

    sheet: Sheet
    step: int


def key_of(place: Place) -> Key:
    """Return the key of a sheet."""
    tenant_id, connection_id = current_tenant(), ConnectionId(place.connection_id)
    if place.seller_sku is None:
        return keys.figure_sheet(tenant_id, connection_id, place.month, place.marketplace_id, place.kind)
    return keys.product_sheet(tenant_id, connection_id, place.month, place.marketplace_id, place.kind, place.seller_sku)


type Ahead = Mapping[Place, SheetRecord | None]
"""What is stored of some sheets, None where nothing is."""


def read_ahead(places: Sequence[Place]) -> Ahead:
    """Return what is stored of these sheets for ``advance``, strongly consistent: one request a hundred sheets."""
    wanted = {(key.pk, key.sk): place for place in places for key in (key_of(place),)}
    found: dict[Place, SheetRecord | None] = dict.fromkeys(places)
    for record in SheetRecord.batch_get(list(wanted), consistent_read=True):
        found[wanted[record.pk, record.sk]] = record
    return found


def advance(place: Place, changes: Sequence[Change], now: datetime, ahead: Ahead | None = None) -> int:
    """Add to a sheet the changes that it has not heard yet, exactly once, and return how many writes that took.

    What was heard and what it adds up to are written together, if nobody else changed the sheet since it was read.

    Args:
        place: which sheet.
        changes: in any order, heard before or not.
        now: the time.
        ahead: what ``read_ahead`` returned, so that the sheet is read once more only if it changed since.

    Raises:
        Conflict: others kept changing the same sheet; the batch has to be delivered again.
    """
    key = key_of(place)
    for attempt in range(_ATTEMPTS):
        record = _stored(key) if ahead is None or attempt or place not in ahead else ahead[place]
        new = unseen(changes, {} if record is None else marks_of(record))
        if record is None:
            # What was removed before anything was there stood in a sheet that is erased.
            new = tuple(dropwhile(lambda change: change.only_if_there, new))
        if not new:
            return attempt
        before, marks = ({}, {}) if record is None else (sheet_of(record), marks_of(record))
        if _put(key, record, applied(before, new), marked(marks, new), now):
            return attempt + 1
    raise Conflict("A sheet of figures was changed by too many at once.", code="figure_contended")


def _put(key: Key, before: SheetRecord | None, sheet: Sheet, marks: Marks, now: datetime) -> bool:
    record = SheetRecord
    step = 0 if before is None else int(before.step)
    actions = [
        record.days.set(packed(sheet)),
        record.marks.set(packed_marks(marks)),
        *_always(step, now),
    ]
    return write(record, key, actions, _unchanged(step), source=SOURCE, returning="NONE").applied


def _always(step: int, now: datetime) -> list[Action]:
    record = SheetRecord
    # As with the facts it sums up, 18 months count from the day they were received and not from the day they are of.
    kept_until = epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))
    return [
        record.step.set(step + 1),
        record.updated_at.set(epoch_seconds(now)),
        record.expires_at.set(record.expires_at | kept_until),
    ]


def _unchanged(step: int) -> Condition:
    return SheetRecord.step == step if step else SheetRecord.pk.does_not_exist()


def _stored(key: Key) -> SheetRecord | None:
    """Return what is stored, strongly consistent; for a writer, so what has ended but is still there counts."""
    try:
        return SheetRecord.get(key.pk, key.sk, consistent_read=True)
    except SheetRecord.DoesNotExist:
        return None


def sheets(connection_id: ConnectionId, from_month: str, to_month: str) -> Iterator[SheetRow]:
    """Yield the sheets of all marketplaces of a connection from one month to another, both included.

    One range query of about a kilobyte a month and marketplace, eventually consistent.
    """
    partition = keys.figures(current_tenant(), connection_id)
    between = keys.figure_sheet_range(from_month, to_month)
    after: str | None = None
    while True:
        part = page(SheetRecord, partition, limit=_PAGE_SIZE, between=between, after=after)
        for record in part.records:
            place = place_of_sheet(connection_id, record.sk)
            yield SheetRow(place, sheet_of(record), from_epoch_seconds(int(record.updated_at)))
        after = part.next_sort_key
        if after is None:
            return


def of_product(
    connection_id: ConnectionId, marketplace_id: str, kind: Kind, seller_sku: str, months: Sequence[str]
) -> list[Sheet]:
    """Return the sheets of one product in these months: one small item a month, read by their keys."""
    return list(months_of_product(connection_id, marketplace_id, kind, seller_sku, months).sheets)


def months_of_product(
    connection_id: ConnectionId, marketplace_id: str, kind: Kind, seller_sku: str, months: Sequence[str]
) -> ProductRow:
    """Return what ``of_product`` does with the month of each sheet."""
    wanted = [key_of(Place(kind, connection_id, marketplace_id, month, seller_sku)) for month in months]
    found = SheetRecord.batch_get([(key.pk, key.sk) for key in wanted], consistent_read=False)
    return _row(seller_sku, sorted(living(found), key=lambda record: record.pk))


def products(
    connection_id: ConnectionId, marketplace_id: str, kind: Kind, months: Sequence[str], *, after: str | None = None
) -> Iterator[ProductRow]:
    """Yield every product that has figures in these months, in the order of its encoded SKU, lazily.

    Args:
        connection_id: of this connection.
        marketplace_id: in this marketplace.
        kind: of these facts.
        months: of these months.
        after: only products after this SKU.
    """
    walks = [
        _walk(keys.product_sheets(current_tenant(), connection_id, month, marketplace_id), kind, after)
        for month in months
    ]
    merged = heapq.merge(*walks, key=lambda record: record.sk)
    for sort_key, group in groupby(merged, key=lambda record: record.sk):
        yield _row(sku_of_sheet(sort_key), list(group))


def _row(seller_sku: str, records: Sequence[SheetRecord]) -> ProductRow:
    months = tuple(month_of_product_sheet(record.pk) for record in records)
    return ProductRow(seller_sku, tuple(sheet_of(record) for record in records), months)


def _walk(partition: str, kind: Kind, after: str | None) -> Iterator[SheetRecord]:
    prefix = keys.product_sheets_of(kind)
    place = None if after is None else f"{prefix}{keys.encode(after)}"
    while True:
        part = page(SheetRecord, partition, limit=_PAGE_SIZE, prefix=prefix, after=place)
        yield from part.records
        place = part.next_sort_key
        if place is None:
            return


def held(wholes: Iterable[Place]) -> dict[Place, Held]:
    """Return what is stored of these marketplaces' sheets and of all their products', strongly consistent."""
    found: dict[Place, Held] = {}
    for whole in wholes:
        record = _stored(key_of(whole))
        if record is not None:
            found[whole] = _held(record)
        connection_id = ConnectionId(whole.connection_id)
        partition = keys.product_sheets(current_tenant(), connection_id, whole.month, whole.marketplace_id)
        for each in every(SheetRecord, partition, prefix=keys.product_sheets_of(whole.kind)):
            found[msgspec.structs.replace(whole, seller_sku=sku_of_sheet(each.sk))] = _held(each)
    return found


def _held(record: SheetRecord) -> Held:
    return Held(sheet_of(record), int(record.step))


def replace(place: Place, sheet: Sheet, before: Held | None, now: datetime) -> bool:
    """Put a sheet in place of the one that was read, unless it changed since; what it has heard stays as it is."""
    step = 0 if before is None else before.step
    actions = [SheetRecord.days.set(packed(sheet)), *_always(step, now)]
    return write(SheetRecord, key_of(place), actions, _unchanged(step), source=SOURCE, returning="NONE").applied
