"""Loading a kept report: its pieces become rows, its rows go to the sink of its type."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from quayside.amazon.report_rows import BadCell, BadRow, Carried, Row
from quayside.amazon.reports import (
    KINDS,
    Header,
    HeaderChanged,
    Layout,
    Piece,
    Totals,
    identity_of,
    layout_of,
    read_json,
    read_piece,
    share_of,
    totals_of,
)
from quayside.connections import service as connections
from quayside.storage.connection import bound
from quayside.storage.objects import RawObjects
from quayside.sync import report_runs
from quayside.sync.registry import dataset_of_report
from quayside.sync.report_endings import TELL_SUPPORT, failed, loaded, tell_again
from quayside.sync.report_runs import ReportRun, as_text, counted
from quayside.sync.report_sending import run_of, send
from quayside.sync.service import UseCase, Work
from quayside.sync.sinks import Applied, ReportLoad, ReportSink

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

QUARANTINED_AT_MOST = 100
"""So many bad rows of one report are put aside one by one; beyond that its own words say how many there are."""


class Sizes(NamedTuple):
    """How much of a report is in memory at once.

    Attributes:
        chunk_rows: about so many rows go to the store at once; rows that belong together are never torn apart.
        held_rows: so many scattered rows are held back; more are read again from the file, share by share.
        share_orders: how many scattered orders a share has.
    """

    chunk_rows: int = 2_000
    held_rows: int = 20_000
    share_orders: int = 5_000


class _Progress(NamedTuple):
    """What a part of a load brought."""

    loaded: int = 0
    bad: int = 0
    applied: int = 0
    totals: Totals = Totals()

    def plus(self, other: "_Progress") -> "_Progress":
        return _Progress(
            self.loaded + other.loaded,
            self.bad + other.bad,
            self.applied + other.applied,
            self.totals.plus(other.totals),
        )


class _Stopped(Exception):
    """The load stops here: its time is up and another command goes on, or another worker has moved it on."""


def load(sinks: Mapping[str, ReportSink], sizes: Sizes = Sizes()) -> UseCase:  # noqa: B008 - a frozen value
    """Return ``report.load``: bring the rows of a kept report into the store, with the sink of its type."""

    def run_load(work: Work) -> None:
        run = run_of(work)
        if run is None:
            return
        tell_again(work, run)
        if run.stage == "collected":
            run = _begin_load(work, run)
        if run is None or run.stage != "loading":
            return
        loader = _Loader(work, run, sinks[run.report_type], sizes)
        try:
            loader.run()
        except (HeaderChanged, BadCell) as problem:
            failed(work, loader.record, str(problem), TELL_SUPPORT)
        except _Stopped:
            return
        else:
            loaded(work, loader.record)

    return run_load


def _begin_load(work: Work, run: ReportRun) -> ReportRun | None:
    model = ReportRun
    return report_runs.change(
        run,
        [
            model.state.set("loading"),
            model.piece.set(0),
            model.line.set(0),
            model.rows_loaded.set(0),
            model.rows_bad.set(0),
            model.rows_applied.set(0),
            model.totals.remove(),
            model.carried.remove(),
            model.loaded_at.remove(),
            model.reason.remove(),
            model.action.remove(),
        ],
        work.clock.now(),
    )


class _Loader:
    """Loads one report, from where the last command stopped.

    After each piece of the file a checkpoint is stored, and in between when time is short. Rows of one order that do
    not stand together are held back until all of them were seen; a command that begins in the middle of the file, or
    has too many of them, reads them again from the file afterwards, share by share, so that memory stays small.
    """

    def __init__(self, work: Work, run: ReportRun, sink: ReportSink, sizes: Sizes) -> None:
        self._sizes = sizes
        self.record = run
        self._work = work
        self._sink = sink
        self._kind = KINDS[run.report_type]
        self._objects = RawObjects(bound())
        self._pieces = run.member_pieces
        self._scattered = run.scattered_filter
        self._held: dict[str, list[Row]] | None = None
        self._held_rows = 0
        self._carried: Carried = {}
        self._before: Carried = {}

    def run(self) -> None:
        """Load what is left.

        Raises:
            HeaderChanged: the file lacks a column.
            BadCell: the file is no report at all.
            _Stopped: it goes on elsewhere.
        """
        if self._kind.format == "json":
            self._load_json()
            return
        layout = layout_of(self._kind, self.record.kept_header or Header(()), self.record.encoding or "utf-8")
        begin, line = counted(self.record.piece), counted(self.record.line)
        self._carried = msgspec.json.decode(self.record.carried, type=Carried) if self.record.carried else {}
        if self._scattered and begin == 0 and line == 0:
            self._held = {}
        for number in range(begin, len(self._pieces)):
            self._load_piece(layout, number, line)
            line = 0
        if self._scattered:
            self._load_scattered(layout, begin)

    def _load_piece(self, layout: Layout, number: int, from_line: int) -> None:
        piece = self._pieces[number]
        self._before = dict(self._carried)
        read = read_piece(self._kind, layout, self._packed(piece), piece.first_line, self._carried)
        rows = [row for row in read.rows if row.line >= from_line]
        bad = [each for each in read.bad if each.line >= from_line]
        if self._scattered:
            rows = self._hold_back(rows)
        is_last = number == len(self._pieces) - 1 and not self._scattered
        chunks = list(_chunks(rows, self._sizes.chunk_rows)) or [[]]
        done = _Progress()
        for place, chunk in enumerate(chunks):
            is_end = place == len(chunks) - 1
            following = None if is_end else chunks[place + 1][0].line
            up_to = [each for each in bad if following is None or each.line < following]
            bad = [each for each in bad if following is not None and each.line >= following]
            done = done.plus(self._apply(chunk, up_to, last=is_last and is_end))
            if is_end:
                self._checkpoint(number + 1, 0, self._carried, done)
            elif self._work.time_is_short() and following is not None:
                self._checkpoint(number, following, self._before, done)
                self._stop()
        if self._work.time_is_short() and (number + 1 < len(self._pieces) or self._scattered):
            self._stop()

    def _hold_back(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows whose order stands together, and keep the others as long as there is room."""
        together: list[Row] = []
        for row in rows:
            identity = identity_of(row)
            if identity not in self._scattered:
                together.append(row)
            elif self._held is not None:
                self._held.setdefault(identity, []).append(row)
                self._held_rows += 1
        if self._held_rows > self._sizes.held_rows:
            self._held = None
        return together

    def _load_scattered(self, layout: Layout, begin: int) -> None:
        if self._held is not None:
            rows = [row for each in self._held.values() for row in each]
            self._checkpoint(len(self._pieces) + 1, 0, {}, self._apply(rows, [], last=True))
            return
        shares = max(1, -(-counted(self.record.scattered_ids) // self._sizes.share_orders))
        for share in range(max(0, begin - len(self._pieces)), shares):
            found: dict[str, list[Row]] = {}
            for row in self._scattered_rows(layout, share, shares):
                found.setdefault(identity_of(row), []).append(row)
            rows = [row for each in found.values() for row in each]
            is_last = share == shares - 1
            self._checkpoint(len(self._pieces) + share + 1, 0, {}, self._apply(rows, [], last=is_last))
            if not is_last and self._work.time_is_short():
                self._stop()

    def _scattered_rows(self, layout: Layout, share: int, shares: int) -> Iterator[Row]:
        """Read again the rows of a share of the scattered orders; what is bad among them was told before."""

        def wanted(identity: str) -> bool:
            return identity in self._scattered and share_of(identity, shares) == share

        for piece in self._pieces:
            yield from read_piece(self._kind, layout, self._packed(piece), piece.first_line, {}, wanted).rows

    def _load_json(self) -> None:
        read = read_json(self._kind, (self._packed(piece) for piece in self._pieces))
        model = ReportRun
        self._checkpoint(
            1,
            0,
            {},
            self._apply(read.rows, read.bad, last=True),
            [model.rows_total.set(len(read.rows) + len(read.bad))],
        )

    def _packed(self, piece: Piece) -> bytes:
        return self._objects.read_range(self.record.object_key or "", piece.offset, piece.length)

    def _apply(self, rows: Sequence[Row], bad: Sequence[BadRow], *, last: bool) -> _Progress:
        """Hand rows to the sink, and put aside what can't be stored."""
        applied = Applied(0, 0)
        if rows or last:
            applied = self._sink(self._load_of(last=last), rows)
        put_aside = [(f"line {each.line}", each.column, each.reason) for each in bad]
        put_aside += [(each.identity, "", each.reason) for each in applied.rejected]
        room = QUARANTINED_AT_MOST - counted(self.record.rows_bad)
        for identity, column, reason in put_aside[: max(0, room)]:
            self._put_aside(identity, column, reason)
        rejected = len(applied.rejected)
        return _Progress(max(0, len(rows) - rejected), len(put_aside), applied.applied, totals_of(rows))

    def _put_aside(self, identity: str, column: str, reason: str) -> None:
        run = self.record
        known = dataset_of_report(run.report_type)
        where = f"{identity}, column “{column}”" if column else identity
        connections.quarantine(
            tenant_id=self._work.tenant_id,
            connection_id=self._work.connection_id,
            # Always the same instant for the same file, so that a row put aside twice is put aside once.
            received_at=run.received_at,
            type=f"{known.key if known else ''}:report.load",
            reason=f"{self._kind.title}, {where}: {reason}",
            action="The row was left out. The file is kept and can be loaded again.",
            payload=as_text({"report": run.name, "at": identity, "column": column}),
        )

    def _load_of(self, *, last: bool) -> ReportLoad:
        run = self.record
        return ReportLoad(
            tenant_id=self._work.tenant_id,
            connection_id=self._work.connection_id,
            marketplace_ids=run.marketplace_ids,
            report_type=run.report_type,
            report_id=run.report_id or "",
            data_start=run.begins,
            data_end=run.ends,
            received_at=run.received_at,
            last=last,
        )

    def _checkpoint(
        self, piece: int, line: int, carried: Carried, done: _Progress, actions: "Sequence[Action]" = ()
    ) -> None:
        model = ReportRun
        moved = report_runs.change(
            self.record,
            [
                model.piece.set(piece),
                model.line.set(line),
                model.carried.set(as_text(carried)),
                model.rows_loaded.set(counted(self.record.rows_loaded) + done.loaded),
                model.rows_bad.set(counted(self.record.rows_bad) + done.bad),
                model.rows_applied.set(counted(self.record.rows_applied) + done.applied),
                model.totals.set(as_text(self.record.sums.plus(done.totals))),
                *actions,
            ],
            self._work.clock.now(),
        )
        if moved is None:
            raise _Stopped
        self.record = moved
        self._work.notes.brought(done.applied)

    def _stop(self) -> None:
        send(self._work, "report.load", self.record)
        raise _Stopped


def _chunks(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """Cut rows into chunks that never tear apart neighbours that belong together."""
    start = 0
    while start < len(rows):
        end = min(start + size, len(rows))
        while end < len(rows) and identity_of(rows[end]) and identity_of(rows[end]) == identity_of(rows[end - 1]):
            end += 1
        yield list(rows[start:end])
        start = end
