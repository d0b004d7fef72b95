"""Reads and writes of the grid, the issue inbox and saved views. Every function acts for the tenant in scope.

What is put together from Amazon's data ends 18 months after it was; views that members saved have no end.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from quayside.catalog.grid_records import (
    LINE_PREFIX,
    VIEW_PREFIX,
    FiledIssue,
    GridLineRecord,
    IssueRecord,
    SavedViewRecord,
    line_from,
    line_sku_of,
    text_of,
)
from quayside.catalog.grid_rules import Line, Severity, filed_issues, identity_of
from quayside.catalog.rules import Listing
from quayside.kernel.clock import epoch_seconds, format_instant, from_epoch_seconds
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.budget import Budget
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS, page, write

SOURCE = "quayside:catalog"
LINE_BYTES = 3_600
"""The largest line: a title of 200 characters, two brands, and all issues that a listing can have filed."""
_OTHER_UNITS = 1.0
"""What a page reads besides its lines: which accounts there are."""
MOST_VIEWS = 50
_RACES = 5
_THREADS = 8


class Place(NamedTuple):
    """One SKU in one marketplace of one connection."""

    connection_id: ConnectionId
    marketplace_id: str
    seller_sku: str


class Shelf(NamedTuple):
    """The lines of one marketplace of one connection."""

    connection_id: ConnectionId
    marketplace_id: str


class LinePage(NamedTuple):
    """A page of lines, each with its shelf; ``examined`` says how many were looked at for it."""

    found: tuple[tuple[Shelf, GridLineRecord], ...]
    examined: int
    next_cursor: str | None


class RacedTooOften(RuntimeError):
    """Others changed the same line again and again; the command comes again."""


def _ends(now: datetime) -> int:
    return epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))


def _sort_keys(place: Place, listing: Listing) -> dict[str, FiledIssue]:
    return {
        keys.listing_issue_sort(
            issue.severity,
            from_epoch_seconds(issue.first_seen),
            place.marketplace_id,
            place.seller_sku,
            identity_of(issue),
        ): FiledIssue(issue, listing.asin, listing.title, listing.product_type)
        for issue in filed_issues(listing)
    }


def put_line(place: Place, line: Line, listing: Listing, now: datetime) -> None:
    """Store a line, and have exactly its listing's issues in the inbox.

    What is about to be filed is noted on the line before it is filed, and what is taken out leaves the note after: a
    crash in between leaves nothing in the inbox that the next run does not know of.

    Raises:
        RacedTooOften: others changed the line at the same time, again and again.
    """
    tenant_id = current_tenant()
    key = keys.catalog_line(tenant_id, *place)
    wanted = _sort_keys(place, listing)
    partition = keys.listing_issues(tenant_id, place.connection_id)
    model = GridLineRecord
    for _ in range(_RACES):
        record = model.find(key)
        filed = set() if record is None else set(record.filed or ())
        step = 0 if record is None else int(record.step)
        if filed == wanted.keys():
            if _write_line(key, line, filed, step, now):
                return
            continue
        if not _write_line(key, line, filed | wanted.keys(), step, now):
            continue
        for sort_key in wanted.keys() - filed:
            entry = [IssueRecord.entry.set(text_of(wanted[sort_key])), IssueRecord.expires_at.set(_ends(now))]
            write(IssueRecord, Key(partition, sort_key), entry, source=SOURCE, returning="NONE")
        for sort_key in filed - wanted.keys():
            IssueRecord.remove(Key(partition, sort_key))
        if _write_line(key, line, set(wanted), step + 1, now):
            return
    raise RacedTooOften(f"The line of {place.seller_sku} changes too often.")


def _write_line(key: Key, line: Line, filed: set[str], step: int, now: datetime) -> bool:
    model = GridLineRecord
    condition = model.pk.does_not_exist() if step == 0 else model.step == step
    actions = [
        model.line.set(text_of(line)),
        model.filed.set(filed) if filed else model.filed.remove(),
        model.computed_at.set(epoch_seconds(now)),
        model.step.set(step + 1),
        model.expires_at.set(_ends(now)),
    ]
    return write(model, key, actions, condition, source=SOURCE, returning="NONE").applied


def line(place: Place) -> GridLineRecord | None:
    """Return the line of one SKU."""
    return GridLineRecord.find(keys.catalog_line(current_tenant(), *place), consistent=False)


def tag_lines(places: Sequence[Place], brands: Mapping[str, str]) -> int:
    """Have the lines that are there say the brands of their products, by SKU; return how many were changed.

    Lines that say so already cost no write.

    Raises:
        RacedTooOften: others changed a line at the same time, again and again.
    """
    wanted = {keys.catalog_line(current_tenant(), *place): place for place in places}
    found = GridLineRecord.batch_get([(key.pk, key.sk) for key in wanted], consistent_read=True)
    stale = [
        place
        for record in found
        for place in (wanted[Key(record.pk, record.sk)],)
        if line_from(record.line).brand != brands.get(place.seller_sku)
    ]

    def tag(place: Place) -> None:
        _tag_line(place, brands.get(place.seller_sku))

    with ThreadPoolExecutor(_THREADS, thread_name_prefix="brands") as threads:
        for pending in [threads.submit(copy_context().run, tag, place) for place in stale]:
            pending.result()
    return len(stale)


def _tag_line(place: Place, brand: str | None) -> None:
    key = keys.catalog_line(current_tenant(), *place)
    model = GridLineRecord
    for _ in range(_RACES):
        record = model.find(key)
        if record is None:
            return
        text = text_of(msgspec.structs.replace(line_from(record.line), brand=brand))
        actions = [model.line.set(text), model.step.set(int(record.step) + 1)]
        if write(model, key, actions, model.step == int(record.step), source=SOURCE, returning="NONE").applied:
            return
    raise RacedTooOften(f"The line of {place.seller_sku} changes too often.")


def browse_lines(
    shelves: Sequence[Shelf], wanted: Callable[[str, Line], bool], cursor: str | None, limit: int
) -> LinePage:
    """Return a page of the lines on ``shelves`` that are wanted, one shelf after the other, in the order of their SKUs.

    It reads at most ``budget.PAGE_UNITS``, so it may be short, even empty, and still not the last.

    Raises:
        InvalidInput: the cursor does not belong to this list.
    """
    start, after = _place_of(shelves, cursor)
    found: list[tuple[Shelf, GridLineRecord]] = []
    examined = 0
    budget = Budget(LINE_BYTES, _OTHER_UNITS)
    for index, shelf in enumerate(shelves[start:], start):
        partition = keys.catalog_lines(current_tenant(), *shelf)
        while room := budget.room:
            part = page(GridLineRecord, partition, limit=room, prefix=LINE_PREFIX, after=after)
            budget.count(part.records)
            for place, record in enumerate(part.records, 1):
                examined += 1
                after = record.sk
                if wanted(line_sku_of(record.sk), line_from(record.line)):
                    found.append((shelf, record))
                if len(found) == limit:
                    is_last = place == len(part.records) and part.next_sort_key is None and shelf == shelves[-1]
                    return LinePage(tuple(found), examined, None if is_last else _cursor(shelf, record.sk))
            after = part.next_sort_key
            if after is None:
                break
        if after is not None:
            return LinePage(tuple(found), examined, _cursor(shelf, after))
        if not budget.room and index + 1 < len(shelves):
            return LinePage(tuple(found), examined, _cursor(shelves[index + 1], LINE_PREFIX))
    return LinePage(tuple(found), examined, None)


def _cursor(shelf: Shelf, sort_key: str) -> str:
    return encode_cursor(shelf.connection_id, shelf.marketplace_id, sort_key)


def _place_of(shelves: Sequence[Shelf], cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    connection_id, marketplace_id, sort_key = decode_cursor(cursor, 3)
    shelf = Shelf(ConnectionId(connection_id), marketplace_id)
    if shelf not in shelves or not sort_key.startswith(LINE_PREFIX):
        raise invalid_cursor()
    return list(shelves).index(shelf), sort_key if len(sort_key) > len(LINE_PREFIX) else None


# -- The issue inbox ---------------------------------------------------------------------------------------------------


def issues(
    connection_ids: Sequence[ConnectionId], severity: Severity, cursor: str | None, limit: int
) -> tuple[list[tuple[ConnectionId, IssueRecord]], str | None]:
    """Return a page of issues of one severity, connection by connection, the newest of each first.

    Raises:
        InvalidInput: the cursor does not belong to this list.
    """
    start, after = 0, None
    if cursor is not None:
        name, after = decode_cursor(cursor, 2)
        if name not in connection_ids or not after.startswith(f"{severity}#"):
            raise invalid_cursor()
        start = list(connection_ids).index(ConnectionId(name))
    found: list[tuple[ConnectionId, IssueRecord]] = []
    for connection_id in connection_ids[start:]:
        if len(found) == limit:
            # The next account begins with the next page: a sort key above all others of this severity.
            return found, encode_cursor(connection_id, f"{severity}#{keys.HIGHEST}")
        partition = keys.listing_issues(current_tenant(), connection_id)
        part = page(
            IssueRecord, partition, limit=limit - len(found), prefix=f"{severity}#", after=after, newest_first=True
        )
        found += [(connection_id, record) for record in part.records]
        if part.next_sort_key is not None:
            return found, encode_cursor(connection_id, part.next_sort_key)
        after = None
    return found, None


# -- Saved views -------------------------------------------------------------------------------------------------------


def views() -> list[SavedViewRecord]:
    """Return the saved views, in the order of their ids."""
    return page(SavedViewRecord, keys.catalog_views(current_tenant()), limit=MOST_VIEWS, prefix=VIEW_PREFIX).records


def put_view(view_id: str, name: str, filters: str, member_id: str, now: datetime) -> None:
    """Store a view."""
    model = SavedViewRecord
    actions = [
        model.name.set(name),
        model.filters.set(filters),
        model.saved_at.set(format_instant(now)),
        model.saved_by.set(member_id),
    ]
    write(model, keys.catalog_view(current_tenant(), view_id), actions, returning="NONE")


def remove_view(view_id: str) -> bool:
    """Remove a view; False when there is none."""
    key = keys.catalog_view(current_tenant(), view_id)
    if SavedViewRecord.find(key) is None:
        return False
    SavedViewRecord.remove(key)
    return True
