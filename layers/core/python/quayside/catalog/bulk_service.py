"""Use cases of files of changes: bring one part by part, compare it, apply it, see what became of it.

Nothing here calls Amazon. A file is compared with the listings as they are stored; one that names attributes is
compared by the worker (``bulk_working``) with what Amazon has. Amazon judges each row when it processes the feed. A
file comes in parts of a thousand rows, for a request to the API holds no more.
"""

from collections.abc import Callable

from quayside.amazon.marketplaces import Marketplace, find_marketplace
from quayside.catalog import bulk_rules, bulk_store, grid_store, store
from quayside.catalog.access_service import why_closed
from quayside.catalog.bulk_rules import MOST_PARTS, MOST_ROWS, File, UnreadableFile
from quayside.catalog.bulk_store import Kept
from quayside.catalog.bulk_views import FileList, FileRows, FileTemplate, FileView, file_rows, file_view
from quayside.catalog.edit_service import new_edit_id
from quayside.catalog.grid_store import Shelf
from quayside.catalog.grid_views import grid_line_view
from quayside.connections import service as connections
from quayside.connections.service import WorkDesk
from quayside.kernel.clock import Clock
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant

_LONGEST_NAME = 100
_TOO_LONG = f"A file has at most {MOST_ROWS:,} rows, as many as Amazon takes at once. Bring it in several files."


def begin(  # noqa: PLR0913 - the parts of a file
    connection_id: ConnectionId,
    marketplace_id: str,
    name: str,
    *,
    member_id: str,
    clock: Clock,
    entropy: Callable[[int], bytes],
) -> FileView:
    """Begin a file of changes of one marketplace's listings; its parts follow.

    Raises:
        NotFound: there is no such connection, or it does not sell there.
        Conflict: the account is not connected, or its listings are switched off.
    """
    _marketplace(connection_id, marketplace_id)
    _check_open(connection_id)
    now = clock.now()
    file = File(
        file_id=new_edit_id(now, entropy),
        connection_id=connection_id,
        marketplace_id=marketplace_id,
        name=name.strip()[:_LONGEST_NAME] or "Changes",
        state="reading",
        asked_by=member_id,
        asked_at=now,
    )
    bulk_store.put(file, now)
    return show(connection_id, file.file_id, clock)


def add_part(  # noqa: PLR0913 - the parts of a part
    connection_id: ConnectionId, file_id: str, number: int, *, first_line: int, csv: str, clock: Clock
) -> FileView:
    """Read a part of a file and compare its rows with what is stored; the same part again changes nothing.

    Args:
        connection_id: of which account.
        file_id: of which file.
        number: which part, counted from 0 on; parts come one after the other.
        first_line: which line of the file its first row is.
        csv: the header, and at most a thousand rows.
        clock: the time.

    Raises:
        NotFound: there is no such file.
        InvalidInput: the part can't be read, or there are too many.
        Conflict: the file is complete already, or a part is missing before this one.
    """
    kept = _find(connection_id, file_id)
    file = kept.file
    if number >= MOST_PARTS:
        raise _invalid(_TOO_LONG)
    if file.state != "reading" or number > file.parts:
        raise Conflict("The file is not at this part.", code="file_moved")
    place = find_marketplace(file.marketplace_id)
    try:
        rows = bulk_rules.read_part(csv, first_line, "" if place is None else place.currency, file.marketplace_id)
    except UnreadableFile as problem:
        raise _invalid(str(problem)) from problem
    listings = store.listings_of(
        connection_id, file.marketplace_id, [row.seller_sku for row in rows if row.state == "change"]
    )
    found = [bulk_rules.compared(row, listings.get(row.seller_sku)) for row in rows]
    bulk_store.put_part(connection_id, file_id, number, found, clock.now())
    if number == file.parts:
        has_attributes = file.has_attributes or any(row.state == "waiting" for row in found)
        _move(kept, bulk_rules.moved(file, "part_comes", parts=number + 1, has_attributes=has_attributes))
    return show(connection_id, file_id, clock)


def complete(connection_id: ConnectionId, file_id: str, *, desk: WorkDesk, clock: Clock) -> FileView:
    """Say that all parts of a file came: SKUs that stand in it twice are refused, and all rows are counted.

    A file that names attributes is then compared with what Amazon has, by the worker.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it has no rows, or more than Amazon takes at once.
        Conflict: somebody else moved it.
    """
    kept = _find(connection_id, file_id)
    if kept.file.state == "comparing":
        # The same request again, perhaps because its answer was lost: the command may have been, too.
        _send("listings.compare_file", kept.file, desk)
    if kept.file.state != "reading":
        return file_view(kept, clock.now())
    seen: set[str] = set()
    counts: dict[str, int] = {}
    for number, rows in bulk_store.parts(connection_id, file_id, kept.file.parts):
        once = [bulk_rules.without_repeats(row, seen) for row in rows]
        if once != rows:
            bulk_store.put_part(connection_id, file_id, number, once, clock.now())
        for state, count in bulk_rules.counts_of([once]).items():
            counts[state] = counts.get(state, 0) + count
    if not counts:
        raise _invalid("The file has no rows below its first line.")
    if sum(counts.values()) > MOST_ROWS:
        raise _invalid(_TOO_LONG)
    if counts.get("waiting"):
        moved = _move(kept, bulk_rules.moved(kept.file, "attributes_came", counts=counts))
        _send("listings.compare_file", moved.file, desk)
    else:
        moved = _move(kept, bulk_rules.moved(kept.file, "all_came", counts=counts))
    return file_view(moved, clock.now())


def apply(  # noqa: PLR0913 - the parts of a request
    connection_id: ConnectionId, file_id: str, step: int, *, member_id: str, desk: WorkDesk, clock: Clock
) -> FileView:
    """Have the changes of a file applied; asked for again, they are still applied once.

    Raises:
        NotFound: there is no such file.
        Conflict: it is not ready, holds no change, or somebody else moved it.
    """
    kept = _find(connection_id, file_id)
    if kept.file.state == "queued" and kept.step == step + 1:
        # The same request again, perhaps because its answer was lost: the command may have been, too.
        _send("listings.send_file", kept.file, desk)
        return file_view(kept, clock.now())
    if kept.file.state != "ready" or kept.step != step:
        raise Conflict(
            "The file is not as you saw it.", code="file_moved", action="Look at it again before you apply it."
        )
    if not kept.file.counts.get("change"):
        raise Conflict("The file changes nothing.", code="nothing_to_change", action="Bring another file.")
    _check_open(connection_id)
    queued = bulk_rules.moved(kept.file, "apply", applied_by=member_id, applied_at=clock.now())
    moved = _move(kept, queued)
    _send("listings.send_file", queued, desk)
    return file_view(moved, clock.now())


def show(connection_id: ConnectionId, file_id: str, clock: Clock) -> FileView:
    """Return how far a file is.

    Raises:
        NotFound: there is none.
    """
    return file_view(_find(connection_id, file_id), clock.now())


def show_rows(connection_id: ConnectionId, file_id: str, number: int) -> FileRows:
    """Return the rows of one part of a file.

    Raises:
        NotFound: there is no such file or part.
    """
    kept = _find(connection_id, file_id)
    rows = bulk_store.part(connection_id, file_id, number)
    if not rows:
        raise NotFound("There is no such part.", code="no_such_part")
    return file_rows(kept.file, number, rows)


def list_files(connection_id: ConnectionId, clock: Clock) -> FileList:
    """List the newest files of an account.

    Raises:
        NotFound: there is no such connection.
    """
    connections.get(connection_id)
    now = clock.now()
    return FileList(tuple(file_view(each, now) for each in bulk_store.files(connection_id)))


def template(connection_id: ConnectionId, marketplace_id: str, cursor: str | None, limit: int) -> FileTemplate:
    """Return a page of a file to fill in: a row for each listing of a marketplace, with nothing to change yet.

    Raises:
        NotFound: there is no such connection, or it does not sell there.
        InvalidInput: the cursor is not one of ours.
    """
    place = _marketplace(connection_id, marketplace_id)
    shelf = Shelf(connection_id, marketplace_id)
    found = grid_store.browse_lines([shelf], lambda _sku, line: line.standing != "deleted", cursor, limit)
    columns = bulk_rules.template_columns(marketplace_id, place.country_code)
    lines = (grid_line_view(shelf, record) for _, record in found.found)
    rows = tuple((line.seller_sku, line.title or "") for line in lines)
    return FileTemplate(columns, rows, found.next_cursor)


def _marketplace(connection_id: ConnectionId, marketplace_id: str) -> Marketplace:
    place = find_marketplace(marketplace_id)
    if place is None or marketplace_id not in connections.get(connection_id).marketplace_ids:
        raise NotFound("The account does not sell in this marketplace.", code="no_such_marketplace")
    return place


def _find(connection_id: ConnectionId, file_id: str) -> Kept:
    kept = bulk_store.find(connection_id, file_id)
    if kept is None:
        raise NotFound("There is no such file.", code="no_such_file")
    return kept


def _move(kept: Kept, file: File) -> Kept:
    moved = bulk_store.move(kept, file)
    if moved is None:
        raise Conflict("Somebody else moved the file at the same time.", code="file_moved")
    return moved


def _check_open(connection_id: ConnectionId) -> None:
    closed = why_closed(connection_id)
    if closed:
        raise Conflict(closed, code="listings_closed", action="See the account's page under Connections.")


def _send(kind: str, file: File, desk: WorkDesk) -> None:
    desk.ask(
        kind,
        current_tenant(),
        ConnectionId(file.connection_id),
        cause="member",
        file_id=file.file_id,
        marketplace_id=file.marketplace_id,
    )


def _invalid(detail: str) -> InvalidInput:
    return InvalidInput(detail, fields=(FieldProblem("csv", detail),), code="invalid_file")
