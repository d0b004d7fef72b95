"""How an export is made: everything of a connection or of all of them as one file that a member takes along.

It reads rows as the data browser does, so what it hands out is what the API shows: no credential and no personal data
of buyers can be in it. What was read is kept in pieces next to the place of the file, with where to go on, and so is
each file that is made of them, so a worker that dies or runs out of time loses a piece or a file at most. At the end
the files are put together as one zip, a megabyte at a time.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence

import msgspec

from quayside.compliance import disclosure_service as disclosures
from quayside.compliance import export_rules as rules
from quayside.compliance import export_sources
from quayside.compliance import export_store as store
from quayside.compliance.export_records import ExportRecord
from quayside.compliance.export_rules import (
    FileEntry,
    Heading,
    Line,
    Manifest,
    ManifestConnection,
    Packed,
    Piece,
    Progress,
)
from quayside.compliance.export_service import disclosure_of
from quayside.compliance.tasks import ComplianceTask, Work, send
from quayside.connections import service as connections
from quayside.connections.records import Connection
from quayside.kernel.clock import format_instant, parse_instant
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import TenantId, new_id
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import audit, keys
from quayside.storage.audit_chain import AuditEvent
from quayside.storage.blocks import block_of
from quayside.storage.connection import bound
from quayside.storage.objects import ExportObjects

_ROWS_AT_ONCE = 50_000
"""A file of more rows is made by a run of its own, which has the function's whole time."""
_CHUNK_BYTES = 1 << 20


class _TakenOver(Exception):
    """Another worker goes on with the export, or it was erased."""


class _Refused(Exception):
    """The export can't be made, for a reason its member is told."""


def run(task: ComplianceTask, work: Work) -> None:
    """``export.run``: begin an export or go on with it, until it is ready or the function's time is short."""
    if task.tenant_id is None:
        raise ValueError("An export is one of a tenant.")
    with tenant_scope(task.tenant_id) as tenant_id:
        record = store.find(task.connection_id, task.arguments["export_id"])
        if record is None or record.state not in {"waiting", "running"}:
            return
        course = _Course(record, tenant_id, work)
        try:
            if not course.go_on():
                send(task)
        except _Refused as refused:
            course.fail(str(refused))
        except _TakenOver:
            return


class _Course:
    """One export on its way, for the tenant in scope."""

    def __init__(self, record: ExportRecord, tenant_id: TenantId, work: Work) -> None:
        self._record = record
        self._tenant_id = tenant_id
        self._work = work
        self._progress = store.progress_of(record)
        self._files = ExportObjects(bound())

    @property
    def _pieces(self) -> str:
        return keys.export_pieces(self._tenant_id, self._record.connection, self._record.export_id)

    def go_on(self) -> bool:
        """Read what is left, then put everything together; return False when time is short before the end."""
        exported = self._connections()
        if self._record.state == "waiting":
            self._keep(sources=export_sources.sources(exported, with_own=self._record.connection is None))
        began = self._progress.position
        while self._progress.position < len(self._progress.sources):
            self._read_piece()
            if self._work.time_is_short():
                return False
        if began < self._progress.position and self._progress.rows > _ROWS_AT_ONCE:
            return False
        if not self._pack():
            return False
        self._put_together(exported)
        return True

    def fail(self, reason: str) -> None:
        """Note why there will be no file, and delete what there is of it."""
        self._files.delete_prefix(self._pieces)
        model = ExportRecord
        store.move(self._record, self._work.clock.now(), [model.state.set("failed"), model.reason.set(reason)])
        self._work.metrics.count("ExportFailed")

    def _keep(self, **changed: object) -> None:
        """Write down how far it is; whoever lost the race to do so, or whose export was erased, stops."""
        progress: Progress = msgspec.structs.replace(self._progress, **changed)
        model = ExportRecord
        actions = [model.state.set("running"), model.progress.set(store.progress_text(progress))]
        kept = store.move(self._record, self._work.clock.now(), actions)
        if kept is None:
            raise _TakenOver
        self._record, self._progress = kept, progress

    def _connections(self) -> Sequence[Connection]:
        """Return what is exported, if it still may be."""
        if block_of(self._tenant_id) is not None:
            raise _Refused("Your organisation is blocked.")
        of = self._record.connection
        found = [each for each in connections.all_connections() if of in {None, each.connection_id}]
        if of is not None and not found:
            raise _Refused("The connection is gone.")
        erased = [each for each in found if each.status == "erasing"]
        if of is not None and erased:
            raise _Refused("The data of this connection is being erased.")
        return [each for each in found if each not in erased]

    # Reading

    def _read_piece(self) -> None:
        """Read the rows of the dataset that is next, until they end or time is short, into a piece of their own."""
        before = self._progress
        dataset = before.sources[before.position].dataset
        reading = _Reading(before, dataset, self._work.time_is_short)
        key = self._new_key("jsonl")
        try:
            if not self._files.put_parts(key, reading.lines()):
                raise _TakenOver
        except NotFound as gone:
            raise _Refused("A connection was erased meanwhile.") from gone
        piece = Piece(dataset, key, reading.rows)
        self._keep(
            position=reading.position,
            cursor=reading.cursor,
            pieces=(*before.pieces, piece) if reading.rows else before.pieces,
            headings={**before.headings, dataset: reading.headings} if reading.rows else before.headings,
        )

    # Making the files, and putting them together

    def _try(self) -> None:
        """Count a try of what comes next; give up when there were enough."""
        if self._progress.tries >= rules.TRIES:
            raise _Refused("It is too large to be put together. Export one connection at a time.")
        self._keep(tries=self._progress.tries + 1)

    def _pack(self) -> bool:
        """Make the files that are not made yet, one at least; return False when time is short then."""
        names = rules.file_names(export_sources.datasets(with_own=self._record.connection is None))
        began = len(self._progress.packed)
        for dataset, name in names[began:]:
            is_long = sum(piece.rows for piece in self._progress.pieces if piece.dataset == dataset) > _ROWS_AT_ONCE
            if len(self._progress.packed) > began and (is_long or self._work.time_is_short()):
                return False
            self._try()
            key = self._new_key("part")
            packing = _Packing(self._progress, self._files, self._record.requested_at)
            if not self._files.put_parts(key, packing.chunks(dataset, name)):
                raise _TakenOver
            self._keep(packed=(*self._progress.packed, packing.packed(key)), tries=0)
        return len(self._progress.packed) == began or not self._work.time_is_short()

    def _new_key(self, kind: str) -> str:
        # A name that nobody used: what a worker left that died is not gone on with.
        return f"{self._pieces}{int(self._record.step):05}-{new_id(self._work.entropy)}.{kind}"

    def _put_together(self, exported: Sequence[Connection]) -> None:
        self._try()
        record = self._record
        # Of this try alone, so that two workers never write or delete the same file.
        key = keys.export_file(self._tenant_id, record.connection, f"{record.export_id}-{int(record.step)}")
        packing = _Packing(self._progress, self._files, record.requested_at)
        if not self._files.put_parts(key, packing.whole(self._manifest(exported))):
            raise _TakenOver
        now = self._work.clock.now()
        details = {"rows": str(self._progress.rows), "bytes": str(packing.size), "by": str(record.requested_by)}
        audit.append(
            AuditEvent("export.finished", "compliance_worker", f"export/{record.export_id}", details=details),
            clock=self._work.clock,
        )
        disclosures.note(
            disclosure_of(record, "export_made", record.requested_by, packing.size),
            clock=self._work.clock,
            entropy=self._work.entropy,
        )
        model = ExportRecord
        ready = store.move(
            record,
            now,
            [
                model.state.set("ready"),
                model.file.set(key),
                model.size.set(packing.size),
                model.finished_at.set(format_instant(now)),
                model.ends_at.set(format_instant(now + rules.KEPT)),
            ],
        )
        if ready is None:
            # It was erased while the file was written, or another worker was faster.
            self._files.delete_prefix(key)
            raise _TakenOver
        self._files.delete_prefix(self._pieces)
        self._work.metrics.count("ExportFinished")

    def _manifest(self, exported: Sequence[Connection]) -> Manifest:
        return Manifest(
            export_id=self._record.export_id,
            requested_at=self._record.requested_at,
            made_at=format_instant(self._work.clock.now()),
            connections=tuple(
                ManifestConnection(each.connection_id, each.name, each.selling_partner_id, each.region)
                for each in exported
            ),
            files=(),
        )


class _Reading:
    """The rows of one dataset from where an export stands: ``position`` and ``cursor`` say where it goes on."""

    def __init__(self, progress: Progress, dataset: str, stop: Callable[[], bool]) -> None:
        self._sources = progress.sources
        self._dataset = dataset
        self._stop = stop
        self.position = progress.position
        self.cursor = progress.cursor
        self.rows = 0
        self.headings: tuple[Heading, ...] = ()

    def lines(self) -> Iterator[bytes]:
        """Yield the rows as JSON lines, a page at a time."""
        encoder = msgspec.json.Encoder()
        while self.position < len(self._sources) and self._sources[self.position].dataset == self._dataset:
            source = self._sources[self.position]
            page = export_sources.page(source, self.cursor)
            names = ("connection_id", *(column.key for column in page.columns))
            lines = [dict(zip(names, (source.connection_id, *row), strict=True)) for row in page.rows]
            self.headings = tuple(Heading(column.key, column.kind == "money") for column in page.columns)
            self.rows += len(lines)
            self.cursor = page.next_cursor
            if self.cursor is None:
                self.position += 1
            yield encoder.encode_lines(lines)
            if self._stop():
                return


class _Sink:
    """Where the zip is written to: what was written is taken out again, so little of it is ever held."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self.size = 0

    def write(self, content: bytes) -> int:
        """Take what the zip consists of, in its order."""
        self._waiting += content
        self.size += len(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: what was written is there."""

    def close(self) -> None:
        """Do nothing: what was written is taken out after the end."""

    def take(self, at_least: int = 0) -> Iterator[bytes]:
        """Yield what was written since, if it is ``at_least`` so many bytes."""
        if self._waiting and len(self._waiting) >= at_least:
            content = bytes(self._waiting)
            self._waiting.clear()
            yield content


class _Packing:
    """The files of an export, and the zip of all of them, made as they are read."""

    def __init__(self, progress: Progress, files: ExportObjects, requested_at: str) -> None:
        self._progress = progress
        self._files = files
        self._at = parse_instant(requested_at)
        self._sink = _Sink()
        self._file: FileEntry | None = None
        self._info: zipfile.ZipInfo | None = None

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._sink.size

    def packed(self, key: str) -> Packed:
        """Return what is known of the file that was made, once it is."""
        if self._file is None or self._info is None:
            raise ValueError("A file is known when it was written to its end.")
        info = self._info
        return Packed(self._file, key, self._sink.size, info.compress_size, info.CRC, info.flag_bits)

    def chunks(self, dataset: str, name: str) -> Iterator[bytes]:
        """Yield one file as a zip holds it."""
        pieces = [piece for piece in self._progress.pieces if piece.dataset == dataset]
        headings = self._progress.headings.get(dataset, ())
        content = self._table(pieces, headings) if name.endswith(".csv") else self._raw(pieces)
        return self._add(name, dataset, sum(piece.rows for piece in pieces), content)

    def whole(self, manifest: Manifest) -> Iterator[bytes]:
        """Yield the zip of all files that were made, and of the manifest that says what they are."""
        made = self._progress.packed
        for each in made:
            for chunk in self._files.read(each.key):
                self._sink.write(chunk)
                yield from self._sink.take(_CHUNK_BYTES)
        said = msgspec.structs.replace(manifest, files=tuple(each.entry for each in made))
        before = self._sink.size
        text = msgspec.json.format(msgspec.json.encode(said))
        yield from self._add("manifest.json", "", 0, iter((text,)))
        last = msgspec.structs.replace(self.packed(""), kept=self._sink.size - before)
        self._sink.write(rules.directory((*made, last), self._at))
        yield from self._sink.take()

    def _add(self, name: str, dataset: str, rows: int, content: Iterator[bytes]) -> Iterator[bytes]:
        """Yield a file with its header, and keep what is known of it at its end."""
        size, digest = 0, hashlib.sha256()
        # The sink can be written to and nothing else, which is all that zipfile asks of what can't seek.
        archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED)
        info = zipfile.ZipInfo(name, self._at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as file:
            for chunk in content:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                yield from self._sink.take(_CHUNK_BYTES)
        # Closed, it would write what ends a zip.
        archive.fp = None
        self._info, self._file = info, FileEntry(name, dataset, rows, size, digest.hexdigest())
        yield from self._sink.take()

    def _raw(self, pieces: Sequence[Piece]) -> Iterator[bytes]:
        for piece in pieces:
            yield from self._files.read(piece.key)

    def _table(self, pieces: Sequence[Piece], headings: Sequence[Heading]) -> Iterator[bytes]:
        yield rules.as_table([rules.header(headings)])
        for piece in pieces:
            for lines in self._lines(piece):
                yield rules.as_table(rules.table_row(line, headings) for line in lines)

    def _lines(self, piece: Piece) -> Iterator[list[Line]]:
        """Yield the rows of a piece, as many at a time as one chunk of the file holds."""
        decoder = msgspec.json.Decoder(dict[str, object])
        rest = b""
        for chunk in self._files.read(piece.key):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if newline:
                yield [decoder.decode(line) for line in whole.split(b"\n")]
