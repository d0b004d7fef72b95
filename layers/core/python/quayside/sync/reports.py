"""Use cases of reports: ask Amazon for one, see it made, and keep its file; its rows are loaded by ``report_loading``.

A report goes through these commands: *request* (``createReport``), *check* (is it made?), *collect* (keep the file),
*load* (store its rows). Each may run twice, on two workers at once, or die between any two of its steps: what it found
is stored before what follows from it is asked for, so the same command delivered again goes on from there, and a
report is asked for a second time only when Amazon says that it knows of no first.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from quayside.amazon.documents import CANCELLED, DONE, FATAL, ReportAnswer
from quayside.amazon.errors import AccessRefused, AmazonUnavailable, RequestRejected
from quayside.amazon.reports import (
    KINDS,
    PIECE_BYTES,
    BrokenFile,
    Cutter,
    Kept,
    NotThisReport,
    ReportKind,
    indexed,
    unpacked,
)
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import Connection
from quayside.kernel.clock import format_instant, parse_instant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.objects import RawObjects
from quayside.sync import datasets, report_runs, store
from quayside.sync.registry import dataset
from quayside.sync.report_endings import empty, failed, remind, tell_again
from quayside.sync.report_history import orders_history
from quayside.sync.report_list import list_reports, replay
from quayside.sync.report_loading import load
from quayside.sync.report_rules import IN_HAND, again_at, allowed_at, check_delay, is_too_soon
from quayside.sync.report_runs import DONE as STORED
from quayside.sync.report_runs import HISTORY, UNDER_WAY, ReportRun, as_text, counted, instant_or_none
from quayside.sync.report_sending import await_made, finished, go_on, run_of, send
from quayside.sync.rules import CLOCKS_DIFFER
from quayside.sync.service import UseCase, Work

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

IN_FLIGHT = timedelta(minutes=1)
"""So long after a report was asked for nobody asks whether it was."""
_MADE_BY_AMAZON = timedelta(days=89)
"""Amazon keeps reports for 90 days."""
_FOUND_OVERLAP = timedelta(days=2)
_NOTHING_TO_DO = "Nothing to do: it is asked for again."

__all__ = [
    "check", "collect", "collecting", "find", "finished", "list_reports", "load", "orders_history", "plan", "replay",
    "request",
]  # fmt: skip
"""Everything about reports that others use, whichever file it is in."""


# -- Asking for reports ------------------------------------------------------------------------------------------------


def plan(  # noqa: PLR0913 - the parts of a report
    work: Work,
    report_type: str,
    marketplace_ids: Sequence[str],
    *,
    data_start: datetime,
    data_end: datetime,
    again: bool = False,
) -> bool:
    """Plan a report for a window of time and send the command that asks Amazon for it.

    Returns False when there is nothing to ask for: the same report is under way (one that has stalled is woken), was
    loaded already (unless it is wanted ``again``), or was asked for so shortly before that Amazon would refuse. A
    picture of the present has no window: it is the same report whenever it is asked for.
    """
    kind = KINDS[report_type]
    now = work.clock.now()
    mark = 0
    for run in _same(work, kind, marketplace_ids, data_start):
        mark += run.data_start == format_instant(data_start)
        if run.stage in UNDER_WAY:
            if run.has_lost_its_command(now):
                go_on(work, run)
            return False
        wanted = kind.is_snapshot or again
        if run.stage in STORED and not _ends(kind, run, data_end) and (not wanted or _is_recent(kind, run, now)):
            return False
    made = report_runs.create(
        work.connection_id,
        report_type,
        marketplace_ids,
        mark=str(mark),
        data_start=data_start,
        data_end=data_end,
        cause=work.command.cause,
        now=now,
    )
    if made is not None:
        send(work, "report.request", made)
    return made is not None


def _same(
    work: Work, kind: ReportKind, marketplace_ids: Sequence[str], data_start: datetime | None
) -> Iterator[ReportRun]:
    """Yield the runs of the same report, the newest first: same marketplaces, and same beginning if it has a window.

    Of pictures of the present only the newest is told, and those that begin at the very same instant.
    """
    places = tuple(sorted(marketplace_ids))
    begins = None if data_start is None else format_instant(data_start)
    told = False
    for run in report_runs.newest_first(work.connection_id, kind.name, None if kind.is_snapshot else data_start):
        if run.data_start != begins and (told or not kind.is_snapshot):
            return
        if run.marketplace_ids == places and run.mode != HISTORY:
            told = True
            yield run


def _is_recent(kind: ReportKind, run: ReportRun, now: datetime) -> bool:
    asked = run.asked_at
    return asked is not None and now - asked < timedelta(seconds=kind.minimum_interval_seconds)


def _ends(kind: ReportKind, run: ReportRun, data_end: datetime) -> bool:
    """Whether a run ends before a window does, so that it does not bring all of it."""
    if kind.is_snapshot:
        return False
    return run.ends is None or format_instant(run.ends) < format_instant(data_end)


def request(work: Work) -> None:
    """``report.request``: ask Amazon to make a planned report.

    That it is about to be asked for is stored before it is. Whoever finds that and no report id looks among Amazon's
    reports first, because the call may have come through and only its answer have been lost.
    """
    run = run_of(work)
    if run is None or work.connection is None:
        return
    if run.stage not in {"planned", "requested"}:
        _take_up(work, run)
        return
    now = work.clock.now()
    due = instant_or_none(run.not_before)
    if due is not None and due > now:
        send(work, "report.request", run, at=due)
        return
    asked_at = run.asked_at
    if run.stage == "requested" and asked_at is not None and now - asked_at < IN_FLIGHT:
        # Another worker may be asking at this moment, and Amazon needs one to know of it.
        send(work, "report.request", run, at=asked_at + IN_FLIGHT)
        return
    if run.stage == "requested":
        found = _already_asked(work, run)
        if found is not None:
            _wait_for(work, run, found.report_id)
            return
    else:
        allowed = allowed_at(_asked_before(work, run), KINDS[run.report_type].minimum_interval_seconds)
        if allowed is not None and allowed > now:
            _put_off(work, run, allowed, "Amazon makes the same report only at intervals.")
            return
    model = ReportRun
    asked = report_runs.change(
        run,
        [
            model.state.set("requested"),
            model.requested_at.set(format_instant(now)),
            model.attempts.set(counted(run.attempts) + 1),
            model.report_id.remove(),
            model.document_id.remove(),
            model.checks.set(0),
            model.reason.remove(),
            model.action.remove(),
        ],
        now,
    )
    if asked is not None:
        _create(work, work.connection, asked)


def _take_up(work: Work, run: ReportRun) -> None:
    """Send the command that a report waits for, or tell how it ended, when whoever moved it this far died before."""
    tell_again(work, run)
    if run.stage not in {"planned", "requested"} and run.is_stalled(work.clock.now(), IN_HAND):
        go_on(work, run)


def _create(work: Work, connection: Connection, run: ReportRun) -> None:
    kind = KINDS[run.report_type]
    start, end = run.begins, run.ends
    try:
        report_id = work.amazon.create_report(
            connections.caller_of(connection),
            run.report_type,
            run.marketplace_ids,
            # A picture of the present has no window.
            data_start=None if kind.is_snapshot else start,
            data_end=None if kind.is_snapshot else end,
            options=dict(kind.options) or None,
        )
    except AmazonUnavailable:
        # It may have come through: the next attempt looks.
        raise
    except RequestRejected as refused:
        if isinstance(refused, AccessRefused) and work.command.attempt == 0:
            _unasked(work, run)
        else:
            failed(work, run, f"Amazon refused to make it: {refused.said or 'no explanation'}", _NOTHING_TO_DO)
        raise
    except Exception:
        # No turn yet, no token, throttled: Amazon made nothing.
        _unasked(work, run)
        raise
    _wait_for(work, run, report_id)


def _unasked(work: Work, run: ReportRun) -> None:
    model = ReportRun
    actions = [model.state.set("planned"), model.attempts.set(counted(run.attempts) - 1), model.requested_at.remove()]
    report_runs.change(run, actions, work.clock.now())


def _already_asked(work: Work, run: ReportRun) -> ReportAnswer | None:
    """Return the report that an earlier attempt asked for, when Amazon knows of one and no other run has it."""
    connection = work.connection
    asked_at = run.asked_at
    if connection is None or asked_at is None:
        return None
    since = asked_at - CLOCKS_DIFFER
    page = work.amazon.reports(connections.caller_of(connection), [run.report_type], created_since=since)
    for answer in sorted(page.reports, key=lambda each: each.report_id):
        if _is_for(answer, run) and store.pointed_report(answer.report_id) is None:
            return answer
    return None


def _is_for(answer: ReportAnswer, run: ReportRun) -> bool:
    if answer.report_type != run.report_type or (
        answer.marketplace_ids and tuple(sorted(answer.marketplace_ids)) != run.marketplace_ids
    ):
        return False
    if KINDS[run.report_type].is_snapshot:
        return True
    return tuple(None if at is None else format_instant(at) for at in (answer.data_start, answer.data_end)) == (
        run.data_start,
        run.data_end,
    )


def _asked_before(work: Work, run: ReportRun) -> list[datetime]:
    """Return when other runs asked for the same report."""
    kind = KINDS[run.report_type]
    if not kind.minimum_interval_seconds:
        return []
    return [
        parse_instant(other.requested_at)
        for other in _same(work, kind, run.marketplace_ids, run.begins)
        if other.sk != run.sk and other.requested_at
    ]


def _wait_for(work: Work, run: ReportRun, report_id: str) -> None:
    """Store which report it is and whose, and look at it in some minutes unless Amazon tells us before."""
    model = ReportRun
    now = work.clock.now()
    waiting = report_runs.change(run, [model.state.set("waiting"), model.report_id.set(report_id)], now)
    if waiting is not None:
        await_made(work, waiting)


def _put_off(work: Work, run: ReportRun, at: datetime, reason: str) -> None:
    model = ReportRun
    put_off = report_runs.change(
        run,
        [
            model.state.set("planned"),
            model.not_before.set(format_instant(at)),
            model.reason.set(reason),
            model.action.set(_NOTHING_TO_DO),
        ],
        work.clock.now(),
    )
    if put_off is not None:
        send(work, "report.request", put_off, at=at)


# -- Seeing them made --------------------------------------------------------------------------------------------------


def check(work: Work) -> None:
    """``report.check``: look whether a report is made, in case Amazon's notification did not come."""
    run = run_of(work)
    if run is None or work.connection is None:
        return
    if run.stage != "waiting" or not run.report_id:
        _take_up(work, run)
        return
    answer = work.amazon.report(connections.caller_of(work.connection), run.report_id)
    ready = _settled(work, run, answer.status, answer.document_id)
    if ready is not None:
        send(work, "report.collect", ready)


def _settled(work: Work, run: ReportRun, status: str, document_id: str | None) -> ReportRun | None:
    """Take note of what Amazon says of a report that was waited for; return it when its document can be fetched."""
    now = work.clock.now()
    model = ReportRun
    if status == DONE and document_id:
        return report_runs.change(
            run,
            [
                model.state.set("ready"),
                model.document_id.set(document_id),
                model.ready_at.set(format_instant(now)),
                model.reason.remove(),
                model.action.remove(),
            ],
            now,
        )
    if status in {CANCELLED, DONE}:
        _cancelled(work, run)
    elif status == FATAL:
        _fatal(work, run)
    else:
        slower = report_runs.change(run, [model.checks.set(counted(run.checks) + 1)], now)
        if slower is not None:
            send(work, "report.check", slower, delay_seconds=check_delay(counted(slower.checks)))
    return None


def _cancelled(work: Work, run: ReportRun) -> None:
    """Tell a report that was asked for too soon from one without data: Amazon says CANCELLED to both."""
    kind = KINDS[run.report_type]
    asked = parse_instant(run.requested_at or run.created_at)
    others = [at for at in _asked_before(work, run) if at <= asked]
    if is_too_soon(asked, others, kind.minimum_interval_seconds):
        at = max(others) + timedelta(seconds=kind.minimum_interval_seconds)
        _put_off(work, run, max(at, work.clock.now()), "Amazon cancelled it: the same report was made shortly before.")
        return
    empty(work, run, "Amazon has no data for it.")


def _fatal(work: Work, run: ReportRun) -> None:
    kind = KINDS[run.report_type]
    at = again_at(work.clock.now(), counted(run.attempts), kind.minimum_interval_seconds)
    if at is not None:
        _put_off(work, run, at, "Amazon could not make it.")
        return
    times = counted(run.attempts)
    failed(work, run, f"Amazon could not make it, asked {times} times.", "It is asked for again with the next check.")


def find(work: Work) -> None:
    """``report.find``: look for reports that Amazon makes by itself; a page of getReports a command."""
    connection = work.connection
    if connection is None:
        return
    arguments = work.command.arguments
    wanted = dataset(arguments["dataset"])
    now = work.clock.now()
    health = connections_store.dataset_health(work.connection_id, wanted.key)
    since = now - _MADE_BY_AMAZON
    if health is not None and health.last_success_at:
        since = max(since, parse_instant(health.last_success_at) - _FOUND_OVERLAP)
    try:
        page = work.amazon.reports(
            connections.caller_of(connection),
            wanted.reports,
            created_since=since,
            next_token=arguments.get("token"),
        )
    except RequestRejected as rejected:
        if not datasets.refuses_token(work, rejected) or "restarts" in arguments:
            raise
        # What was found before is found again and changes nothing.
        work.follow_up("report.find", {"dataset": wanted.key, "restarts": "1"})
        return
    for answer in page.reports:
        if answer.status == DONE and answer.document_id and answer.report_type in KINDS:
            _take_found(work, answer, answer.document_id, now)
    if page.next_token is not None:
        work.follow_up("report.find", {**arguments, "token": page.next_token})
        return
    connections.record_success(
        work.connection_id,
        wanted.key,
        rows=0,
        now=now,
        cause=work.command.cause,
        next_at=datasets.next_of(work, wanted.key),
    )
    remind(work, wanted.reports)


def _take_found(work: Work, answer: ReportAnswer, document_id: str, now: datetime) -> None:
    model = ReportRun
    marketplace_ids = answer.marketplace_ids or (work.connection.marketplace_ids if work.connection else ())
    begins = answer.data_start or answer.created or now
    ended = answer.processing_ended or now
    actions = [
        model.report_id.set(answer.report_id),
        model.document_id.set(document_id),
        model.requested_at.set(format_instant(answer.created or ended)),
        model.ready_at.set(format_instant(ended)),
    ]
    made = report_runs.create(
        work.connection_id,
        answer.report_type,
        marketplace_ids,
        mark=answer.report_id,
        data_start=begins,
        data_end=answer.data_end,
        cause=work.command.cause,
        now=now,
        state="ready",
        actions=actions,
    )
    name = keys.report_name(answer.report_type, begins, marketplace_ids, answer.report_id)
    run = made or report_runs.find(work.connection_id, name)
    if run is not None and (made is not None or run.stage == "ready"):
        # Found before, and whoever found it may not have come to say so.
        send(work, "report.collect", run)


# -- Keeping the file --------------------------------------------------------------------------------------------------


class _Received:
    """Measures what is received from Amazon on its way."""

    def __init__(self) -> None:
        self.bytes = 0
        self._digest = hashlib.sha256()

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.bytes += len(chunk)
            self._digest.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def collecting(piece_bytes: int = PIECE_BYTES) -> UseCase:
    """Return ``report.collect``: fetch a report's document and keep it, without its personal columns, once for all."""

    def collect(work: Work) -> None:
        run = run_of(work)
        if run is None or work.connection is None:
            return
        if run.stage == "waiting" and run.report_id:
            run = _told(work, run, work.connection)
            if run is None:
                return
        if run.stage == "ready":
            _collect(work, work.connection, run, piece_bytes)
        else:
            _take_up(work, run)

    return collect


collect = collecting()
"""``report.collect`` with pieces of the usual size."""


def _collect(work: Work, connection: Connection, run: ReportRun, piece_bytes: int) -> None:
    key = keys.raw_report(work.tenant_id, work.connection_id, run.report_type, run.report_id or "")
    try:
        kept, actions = _keep(work, connection, run, key, piece_bytes)
    except BrokenFile as problem:
        raise AmazonUnavailable(str(problem), operation="download") from None
    except NotThisReport as problem:
        failed(work, run, str(problem), "Tell support: Amazon may have changed this report.")
        return
    _collected(work, run, key, kept, actions)


def _told(work: Work, run: ReportRun, connection: Connection) -> ReportRun | None:
    """Take note of what a notification says of the report, or of what Amazon says when there was none."""
    arguments = work.command.arguments
    status, document_id = arguments.get("status", ""), arguments.get("document_id")
    if not status or arguments.get("report_id") != run.report_id:
        answer = work.amazon.report(connections.caller_of(connection), run.report_id or "")
        status, document_id = answer.status, answer.document_id
    return _settled(work, run, status, document_id)


def _keep(
    work: Work, connection: Connection, run: ReportRun, key: str, piece_bytes: int
) -> "tuple[Kept, list[Action]]":
    kind = KINDS[run.report_type]
    objects = RawObjects(bound())
    model = ReportRun
    if not objects.exists(key):
        address = work.amazon.report_document(connections.caller_of(connection), run.document_id or "")
        cutter, received = Cutter(kind, run.marketplace_ids, piece_bytes=piece_bytes), _Received()
        with work.downloads.stream(address.url) as chunks:
            if objects.put_parts(key, cutter.cut(unpacked(received.through(chunks)))):
                return cutter.kept, [
                    model.sha256_received.set(received.sha256),
                    model.bytes.set(received.bytes),
                ]
    # Somebody kept it before us and may have died before saying so: the file itself tells the rest.
    return indexed(kind, run.marketplace_ids, objects.read(key)), []


def _collected(work: Work, run: ReportRun, key: str, kept: Kept, actions: "Sequence[Action]") -> None:
    now = work.clock.now()
    model = ReportRun
    collected = report_runs.change(
        run,
        [
            model.state.set("collected"),
            model.collected_at.set(format_instant(now)),
            model.object_key.set(key),
            model.sha256_kept.set(kept.sha256),
            model.pieces.set(as_text(kept.pieces)),
            model.encoding.set(kept.encoding),
            model.rows_total.set(kept.rows),
            model.scattered_ids.set(kept.scattered_ids),
            *([model.header.set(as_text(kept.header))] if kept.header else []),
            *([model.scattered.set(kept.scattered.bits)] if kept.scattered else []),
            *actions,
        ],
        now,
    )
    if collected is None:
        return
    if KINDS[run.report_type].format == "tsv" and not kept.rows:
        empty(work, collected, "Amazon's file has no rows.")
        return
    send(work, "report.load", collected)
