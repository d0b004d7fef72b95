"""What the worker does for a file of changes: send it as one feed, see it processed, and tell each row's outcome.

A file that names attributes is first compared with what Amazon has, twenty listings a call; each twenty are kept as
soon as they are compared, so a command whose turn at Amazon lies ahead goes on where it was. Before such rows are sent
their listings are read again in the same way.

Each command may run twice, on two workers at once, or die between any two of its steps. Which rows are sent is stored
before anything is; that Amazon is being asked is stored before it is. Whoever finds that, and no feed id, looks among
Amazon's feeds first, for the call may have come through and only its answer have been lost. A feed that was found so
has to have processed as many messages as were sent; one that has not is another's. Values are absolute, so that even a
feed that Amazon gets twice has the effect of once.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from quayside.amazon.errors import AccessRefused, AmazonUnavailable, RequestRejected
from quayside.amazon.feeds import (
    CANCELLED,
    CONTENT_TYPE,
    DONE,
    FATAL,
    LISTINGS_FEED,
    decode_processing_report,
    feed_body,
    message_of,
)
from quayside.amazon.listings import MAXIMUM_IDENTIFIERS
from quayside.amazon.reports import unpacked
from quayside.catalog import bulk_rules, bulk_store, edit_store, store
from quayside.catalog.attribute_reading import form_of
from quayside.catalog.bulk_records import packed
from quayside.catalog.bulk_rules import FILE_MACHINE, MOST_PART_BYTES, Row, moved
from quayside.catalog.edit_rules import Edit
from quayside.catalog.editing import is_by_amazon, patches_of, read_listing, values_now
from quayside.catalog.grid_store import Place
from quayside.connections import service as connections
from quayside.storage.facts import in_parallel
from quayside.sync.rules import CLOCKS_DIFFER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quayside.amazon.feeds import ProcessingReport
    from quayside.amazon.listings import Listing
    from quayside.catalog.attribute_rules import Form
    from quayside.catalog.bulk_rules import File, RowState
    from quayside.catalog.bulk_store import Kept
    from quayside.connections.records import Connection
    from quayside.sync.service import Work

IN_FLIGHT = timedelta(minutes=1)
"""So long after Amazon was asked nobody asks whether it was."""
_NO_PRODUCT_TYPE = "Amazon has no product type for this listing, so nobody knows what it may hold"
_TOO_MUCH = "what the listing has now is too long to be kept beside it; bring this row in a file of fewer rows"
_FIRST_CHECK_SECONDS, _LONGEST_CHECK_SECONDS = 60, 600


def compare(work: "Work") -> None:
    """``listings.compare_file``: hold the rows that name attributes against what Amazon has and what it permits."""
    kept = _file_of(work)
    connection = work.connection
    if kept is None or connection is None or kept.file.state != "comparing":
        return
    attributes = _Attributes(work, connection, kept.file)
    try:
        while kept.file.compared < kept.file.parts:
            attributes.compare(kept.file.compared)
            looked = bulk_store.move(kept, moved(kept.file, "look_up", compared=kept.file.compared + 1))
            if looked is None:
                return
            kept = looked
            if work.time_is_short() and kept.file.compared < kept.file.parts:
                work.follow_up("listings.compare_file", work.command.arguments)
                return
    except RequestRejected as refused:
        if isinstance(refused, AccessRefused) and work.command.attempt == 0:
            raise
        _fail(work, kept, f"Amazon refused: {refused.said or 'no explanation'}")
        return
    counts: dict[str, int] = {}
    for _, rows in bulk_store.parts(work.connection_id, kept.file.file_id, kept.file.parts):
        for state, count in bulk_rules.counts_of([rows]).items():
            counts[state] = counts.get(state, 0) + count
    bulk_store.move(kept, moved(kept.file, "compared", counts=counts))


class _Attributes:
    """The rows of a file that name attributes, and their listings as Amazon has them."""

    def __init__(self, work: "Work", connection: "Connection", file: "File") -> None:
        self._work = work
        self._connection = connection
        self._file = file
        self._forms: dict[str, Form] = {}

    def compare(self, number: int) -> None:
        """Compare those rows of a part that wait for it."""
        self._each(number, "waiting", self._compared)

    def settle(self, number: int) -> None:
        """Settle of those rows of a part that are to be sent whether they are: are their listings what was compared?"""
        self._each(number, "change", self._sendable)

    def _each(self, number: int, state: "RowState", become: "Callable[[Row, Listing | None], Row]") -> None:
        """Read the listings of rows in that state, twenty at a time, and keep what becomes of the rows."""
        file, work = self._file, self._work
        rows = bulk_store.part(work.connection_id, file.file_id, number)
        wanted = [place for place, row in enumerate(rows) if row.state == state and row.change.attributes]
        for places in batched(wanted, MAXIMUM_IDENTIFIERS, strict=False):
            listings = self._listings([rows[place].seller_sku for place in places])
            before = list(rows)
            for place in places:
                rows[place] = become(rows[place], listings.get(rows[place].seller_sku))
            if len(packed(rows)) > MOST_PART_BYTES:
                for place in places:
                    rows[place] = bulk_rules.refused(before[place], _TOO_MUCH)
            bulk_store.put_part(work.connection_id, file.file_id, number, rows, work.clock.now())

    def _listings(self, skus: "Sequence[str]") -> "dict[str, Listing]":
        """Return the listings with these SKUs; one that holds a comma, which separates SKUs, is asked for alone."""
        work, connection, place = self._work, self._connection, self._file.marketplace_id
        plain = [sku for sku in skus if "," not in sku]
        found: list[Listing] = []
        if plain:
            caller = connections.caller_of(connection)
            found += work.amazon.listings_by_sku(caller, connection.selling_partner_id, place, plain)
        for sku in set(skus) - set(plain):
            one = read_listing(work, connection, Place(work.connection_id, place, sku), with_attributes=True)
            found += [] if one is None else [one]
        return {each.sku: each for each in found if each.summary_of(place) is not None}

    def _compared(self, row: Row, listing: "Listing | None") -> Row:
        place = self._file.marketplace_id
        product_type = _product_type(listing, place)
        if listing is None:
            return bulk_rules.refused(row, bulk_rules.NO_LISTING)
        if not product_type:
            return bulk_rules.refused(row, _NO_PRODUCT_TYPE)
        if product_type not in self._forms:
            self._forms[product_type] = form_of(self._work, self._connection, place, product_type)
        held = bulk_rules.held_against(row, self._forms[product_type])
        if held.state == "refused":
            return held
        now = values_now(listing, place, held.change)
        return bulk_rules.compared_with(held, now, product_type, by_amazon=is_by_amazon(listing))

    def _sendable(self, row: Row, listing: "Listing | None") -> Row:
        place = self._file.marketplace_id
        now = None if listing is None else values_now(listing, place, row.change)
        return bulk_rules.sendable_now(row, now, _product_type(listing, place))


def _product_type(listing: "Listing | None", marketplace_id: str) -> str | None:
    summary = None if listing is None else listing.summary_of(marketplace_id)
    return None if summary is None else summary.product_type


def send(work: "Work") -> None:
    """``listings.send_file``: send the rows of a file that are still as they were compared, as one feed."""
    kept = _file_of(work)
    connection = work.connection
    if kept is None or connection is None or kept.file.state not in {"queued", "submitting"}:
        return
    try:
        if kept.file.document_id is None:
            prepared = _prepare(work, connection, kept)
            if prepared is None:
                return
            kept = prepared
        if kept.file.called_at is not None and _has_called(work, connection, kept):
            return
        _submit(work, connection, bulk_store.find(work.connection_id, kept.file.file_id) or kept)
    except RequestRejected as refused:
        if isinstance(refused, AccessRefused) and work.command.attempt == 0:
            raise
        _fail(work, kept, f"Amazon refused: {refused.said or 'no explanation'}")


def _prepare(work: "Work", connection: "Connection", kept: "Kept") -> "Kept | None":
    """Settle which rows are sent, and hand them to Amazon as a document; None when there is nothing to send (yet)."""
    file = kept.file
    attributes = _Attributes(work, connection, file)
    if file.has_attributes:
        for number in range(file.parts):
            attributes.settle(number)
            if work.time_is_short() and number + 1 < file.parts:
                work.follow_up("listings.send_file", work.command.arguments)
                return None
    counts: dict[str, int] = {}
    for number, rows in bulk_store.parts(work.connection_id, file.file_id, file.parts):
        wanted = [row.seller_sku for row in rows if row.state == "change"]
        listings = store.listings_of(work.connection_id, file.marketplace_id, wanted)
        settled = [bulk_rules.sendable(row, listings.get(row.seller_sku)) for row in rows]
        if settled != rows:
            bulk_store.put_part(work.connection_id, file.file_id, number, settled, work.clock.now())
        for state, count in bulk_rules.counts_of([settled]).items():
            counts[state] = counts.get(state, 0) + count
    sent = counts.get("sent", 0)
    if not sent:
        reason = "Every listing changed after the file was compared; nothing was sent."
        bulk_store.move(kept, moved(file, "nothing_left", counts=counts, reason=reason))
        return None
    if work.uploads is None:
        raise AmazonUnavailable("nothing is uploaded here", operation="upload")
    document = work.amazon.create_feed_document(connections.caller_of(connection))
    body = b"".join(feed_body(connection.selling_partner_id, _messages(work, file)))
    work.uploads.upload(document.url, body, CONTENT_TYPE)
    noted = moved(file, "hand_over", counts=counts, sent=sent, document_id=document.document_id, called_at=None)
    return bulk_store.move(kept, noted)


def _messages(work: "Work", file: "File") -> Iterator[dict[str, Any]]:
    for _, rows in bulk_store.parts(work.connection_id, file.file_id, file.parts):
        for row in rows:
            if row.state == "sent":
                patches = patches_of(row.change, file.marketplace_id)
                yield message_of(row.line, row.seller_sku, row.product_type or "PRODUCT", patches)


def _has_called(work: "Work", connection: "Connection", kept: "Kept") -> bool:
    """Find out whether an earlier attempt made a feed; return whether there is nothing left to send."""
    file = kept.file
    now = work.clock.now()
    if file.called_at is None:
        return False
    if now - file.called_at < IN_FLIGHT:
        # Another worker may be asking at this moment, and Amazon needs some time to know of it.
        work.follow_up("listings.send_file", work.command.arguments, delay_seconds=int(IN_FLIGHT.total_seconds()))
        return True
    taken = {each.file.feed_id for each in bulk_store.files(work.connection_id)} | set(file.not_ours)
    found = work.amazon.listings_feeds(connections.caller_of(connection), created_since=file.called_at - CLOCKS_DIFFER)
    for feed in sorted(found, key=lambda each: each.feed_id):
        fits = feed.feed_type == LISTINGS_FEED and (
            not feed.marketplace_ids or tuple(feed.marketplace_ids) == (file.marketplace_id,)
        )
        if fits and feed.feed_id not in taken:
            _submitted(work, kept, feed.feed_id, is_found=True)
            return True
    return False


def _submit(work: "Work", connection: "Connection", kept: "Kept") -> None:
    if kept.file.state != "submitting":
        return
    noted = [kept]

    def note() -> None:
        calling = bulk_store.move(kept, moved(kept.file, "call", called_at=work.clock.now()))
        if calling is None:
            raise _Moved
        noted[0] = calling

    try:
        feed_id = work.amazon.create_feed(
            connections.caller_of(connection),
            (kept.file.marketplace_id,),
            kept.file.document_id or "",
            before=note,
        )
    except _Moved:
        return
    _submitted(work, noted[0], feed_id, is_found=False)


class _Moved(Exception):
    """Somebody else moved the file: whoever did goes on with it."""


def _submitted(work: "Work", kept: "Kept", feed_id: str, *, is_found: bool) -> None:
    submitted = moved(kept.file, "taken", feed_id=feed_id, is_found=is_found, result_id=None, checks=0)
    if bulk_store.move(kept, submitted) is not None:
        work.follow_up("listings.check_file", work.command.arguments, delay_seconds=_FIRST_CHECK_SECONDS)


def check(work: "Work") -> None:
    """``listings.check_file``: look whether Amazon has processed a file."""
    kept = _file_of(work)
    connection = work.connection
    if kept is None or connection is None or kept.file.state != "submitted" or not kept.file.feed_id:
        return
    file = kept.file
    if file.state_at(work.clock.now()) == "failed":
        return
    answer = work.amazon.feed(connections.caller_of(connection), kept.file.feed_id)
    if answer.status == DONE and answer.document_id:
        if bulk_store.move(kept, moved(file, "look", result_id=answer.document_id)) is not None:
            work.follow_up("listings.collect_file", work.command.arguments)
    elif answer.status in {FATAL, CANCELLED, DONE}:
        _fail(work, kept, "Amazon could not process the feed, and applied none of it.")
    elif bulk_store.move(kept, moved(file, "look", checks=file.checks + 1)) is not None:
        delay = min(_LONGEST_CHECK_SECONDS, _FIRST_CHECK_SECONDS * (1 + file.checks // 5))
        work.follow_up("listings.check_file", work.command.arguments, delay_seconds=delay)


def collect(work: "Work") -> None:
    """``listings.collect_file``: tell of each row what Amazon made of it, part by part, and keep what it accepted."""
    kept = _file_of(work)
    connection = work.connection
    if kept is None or connection is None or kept.file.state != "submitted" or not kept.file.result_id:
        return
    report = _report(work, connection, kept.file.result_id)
    file = kept.file
    if file.is_found and report.processed != file.sent:
        others = (*file.not_ours, file.feed_id or "")
        again = moved(file, "anothers", feed_id=None, result_id=None, is_found=False, not_ours=others)
        if bulk_store.move(kept, again) is not None:
            work.follow_up("listings.send_file", work.command.arguments)
        return
    rejected = _rejected(report)
    while kept.file.collected < kept.file.parts:
        number = kept.file.collected
        rows = bulk_store.part(work.connection_id, kept.file.file_id, number)
        settled = [bulk_rules.settled(row, rejected) for row in rows]
        _keep_versions(work, kept.file, settled)
        bulk_store.put_part(work.connection_id, kept.file.file_id, number, settled, work.clock.now())
        told = bulk_store.move(kept, _counted(kept.file, settled, number + 1))
        if told is None:
            return
        kept = told
        if work.time_is_short() and kept.file.collected < kept.file.parts:
            work.follow_up("listings.collect_file", work.command.arguments)
            return
    done = moved(kept.file, "all_told", reason=_whole(report, kept.file.sent))
    if bulk_store.move(kept, done) is not None:
        work.notes.brought(kept.file.counts.get("accepted", 0), marketplace_id=kept.file.marketplace_id)
        # Amazon shows prices in its report of all listings; quantities it tells one by one.
        work.follow_up("listings.refresh", {}, delay_seconds=_LONGEST_CHECK_SECONDS)


def _counted(file: "File", settled: list[Row], collected: int) -> "File":
    """Return a file with the outcomes of one more part among its counts."""
    counts = dict(file.counts)
    for row in settled:
        if row.state in {"accepted", "rejected"}:
            counts[row.state] = counts.get(row.state, 0) + 1
            counts["sent"] = counts.get("sent", 0) - 1
    counts = {state: count for state, count in counts.items() if count}
    return moved(file, "tell", collected=collected, counts=counts)


def _keep_versions(work: "Work", file: "File", settled: list[Row]) -> None:
    """Keep each accepted row as a version of its listing; doing it again changes nothing."""
    now = work.clock.now()

    def keep(row: Row) -> bool:
        edit = Edit(
            edit_id=file.file_id,
            state="applied",
            change=row.change,
            asked_by=file.asked_by,
            asked_at=file.asked_at,
            before=row.before,
            product_type=row.product_type,
            applied_by=file.applied_by,
            applied_at=file.applied_at,
            submission_id=file.feed_id,
            bulk_id=file.file_id,
        )
        return edit_store.put(Place(work.connection_id, file.marketplace_id, row.seller_sku), edit, now)

    for _ in in_parallel(keep, [row for row in settled if row.state == "accepted"]):
        pass


def _report(work: "Work", connection: "Connection", document_id: str) -> "ProcessingReport":
    url = work.amazon.feed_document(connections.caller_of(connection), document_id)
    with work.downloads.stream(url) as chunks:
        return decode_processing_report(b"".join(unpacked(chunks)))


def _rejected(report: "ProcessingReport") -> dict[int, str]:
    """Return by number why Amazon rejects messages; warnings reject nothing."""
    found: dict[int, str] = {}
    for issue in report.issues:
        if issue.number is not None and issue.severity == "ERROR":
            before = found.get(issue.number)
            said = f"Amazon ({issue.code}): {issue.message}"
            found[issue.number] = said if before is None else f"{before} {said}"
    return found


def _whole(report: "ProcessingReport", sent: int) -> str:
    """Return what Amazon says of the feed as a whole, and that it left messages out if it did."""
    said = [issue.message for issue in report.issues if issue.number is None]
    if report.processed != sent:
        said.insert(0, f"Amazon says that it processed {report.processed:,} of {sent:,} rows.")
    return " ".join(said)[:500]


def _fail(work: "Work", kept: "Kept", reason: str) -> None:
    """End a file that Amazon did not process; its rows say that nothing became of them."""
    present = bulk_store.find(work.connection_id, kept.file.file_id) or kept
    file = present.file
    if "turned_away" not in FILE_MACHINE.events_in(file.state):
        return
    for number, rows in bulk_store.parts(work.connection_id, file.file_id, file.parts):
        settled = [bulk_rules.unsent(row, reason) for row in rows]
        if settled != rows:
            bulk_store.put_part(work.connection_id, file.file_id, number, settled, work.clock.now())
    counts = dict(file.counts)
    if "sent" in counts:
        counts["unsent"] = counts.pop("sent")
    bulk_store.move(present, moved(file, "turned_away", counts=counts, reason=reason))


def _file_of(work: "Work") -> "Kept | None":
    return bulk_store.find(work.connection_id, work.command.arguments["file_id"])
