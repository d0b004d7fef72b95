"""One report through the real engine, in a process of its own: what the benchmark ``report`` starts.

It is the worker without Lambda: its settings and role come from the environment, its tables and its bucket are those of
the deployed template, its use cases are the product's. Amazon is a file on disk. The last line of standard output is
what was measured, as JSON.
"""

import csv
import gzip
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from quayside.amazon.documents import DocumentAddress
from quayside.amazon.reports import ORDERS_BY_ORDER_DATE
from quayside.connections import service as connections
from quayside.kernel.clock import SystemClock
from quayside.kernel.settings import load_settings
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.service import apply_report_rows
from quayside.storage.connection import USES_CREDENTIALS, Store, bind
from quayside.storage.vault import Secret
from quayside.sync import report_runs, reports
from quayside.sync.report_runs import ReportRun
from quayside.sync.service import Desk, Notes, Work
from quayside.sync.sinks import Applied, ReportLoad, ReportSink
from tests.bench.harness import Stopwatch, peak_memory_mb
from tests.support.sellers import connect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quayside.amazon.client import AmazonClient
    from quayside.amazon.report_rows import Row
    from quayside.amazon.tokens import TokenBroker
    from quayside.sync.commands import Kind

_CHUNK = 262_144


class FileAmazon:
    """An Amazon that has one report, made and waiting on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def report_document(self, _caller: object, document_id: str) -> DocumentAddress:
        """Return where the file is."""
        return DocumentAddress(document_id, Secret(str(self._path)), "GZIP")

    @contextmanager
    def stream(self, url: Secret) -> Iterator[Iterator[bytes]]:
        """Read the file as a download comes: a quarter of a megabyte at a time."""
        with Path(url.reveal()).open("rb") as file:
            yield iter(lambda: file.read(_CHUNK), b"")


class Engine:
    """The use cases of one report, for one seller."""

    def __init__(self) -> None:
        self.settings = load_settings(os.environ, "core_table", "coordination_table", "raw_bucket", "work_queue_url")
        bind(Store(self.settings, USES_CREDENTIALS))
        self.clock = SystemClock()
        self.seller = connect(self.clock, subject="report-bench", fresh=False)
        self._amazon: FileAmazon | None = None

    def ready(self, path: Path, name: str) -> ReportRun:
        """Store that Amazon has made a report whose file is at ``path``."""
        self._amazon = FileAmazon(path)
        now = self.clock.now()
        with tenant_scope(self.seller.tenant_id):
            run = report_runs.create(
                self.seller.connection_id,
                ORDERS_BY_ORDER_DATE,
                ["ATVPDKIKX0DER"],
                mark=name,
                data_start=datetime(2026, 1, 1, tzinfo=UTC),
                data_end=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=30),
                cause="connect",
                now=now,
                state="ready",
                actions=[ReportRun.report_id.set(name), ReportRun.document_id.set(name)],
            )
        assert run is not None
        return run

    def do(self, kind: "Kind", run: ReportRun, use_case: Callable[[Work], None]) -> ReportRun:
        """Run one command to its end and return where the report stands then."""
        desk = Desk(self.clock, secrets.token_bytes)
        command = desk.command(kind, self.seller.tenant_id, self.seller.connection_id, {"report": run.name}, "connect")
        with tenant_scope(self.seller.tenant_id):
            work = Work(
                command=command,
                amazon=cast("AmazonClient", self._amazon),
                tokens=cast("TokenBroker", None),
                downloads=cast("Any", self._amazon),
                desk=desk,
                clock=self.clock,
                entropy=secrets.token_bytes,
                connection=connections.live(self.seller.connection_id),
                notes=Notes(),
                time_is_short=lambda: False,
            )
            use_case(work)
            found = report_runs.find(self.seller.connection_id, run.name)
        assert found is not None
        return found

    def again(self, run: ReportRun) -> ReportRun:
        """Put a loaded report back to where its file is kept."""
        with tenant_scope(self.seller.tenant_id):
            back = report_runs.change(run, [ReportRun.state.set("collected")], self.clock.now())
        assert back is not None
        return back

    def load(self, run: ReportRun, sink: ReportSink) -> ReportRun:
        """Load a kept report into ``sink``."""
        return self.do("report.load", run, reports.load({ORDERS_BY_ORDER_DATE: sink}))


def stores_nothing(load: ReportLoad, rows: "Sequence[Row]") -> Applied:  # noqa: ARG001 - the port
    """Take rows and keep none."""
    return Applied(len(rows), 0)


def plain(path: Path) -> int:
    """Read a file as csv's own documentation shows, and return how many rows it has.

    Quotation marks mean nothing in Amazon's files; told otherwise it would lose rows.
    """
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def say(sentence: str) -> None:
    """Tell whoever waits."""
    print(sentence, file=sys.stderr, flush=True)


def main(path: Path, share: Path, turns: int) -> dict[str, object]:
    """Measure and return the figures."""
    engine = Engine()
    collecting, loading, theirs = Stopwatch(), Stopwatch(), Stopwatch()
    run = engine.ready(path, "whole")
    with collecting.running():
        run = engine.do("report.collect", run, reports.collect)
    say(f"Kept in {collecting.seconds:.1f} CPU seconds.")
    rows = 0
    for turn in range(turns):
        pair = ("ours", "plain") if turn % 2 == 0 else ("plain", "ours")
        for side in pair:
            if side == "plain":
                with theirs.running():
                    rows = plain(path)
            else:
                run = engine.again(run) if run.stage == "loaded" else run
                with loading.running():
                    run = engine.load(run, stores_nothing)
        say(f"Turn {turn + 1} of {turns}: ours {loading.seconds:.1f} s, csv.DictReader {theirs.seconds:.1f} s so far.")
    part = engine.do("report.collect", engine.ready(share, "share"), reports.collect)
    began = time.perf_counter()
    part = engine.load(part, apply_report_rows)
    seconds = time.perf_counter() - began
    say(f"Stored {part.rows_loaded} rows in {seconds:.1f} s.")
    return {
        "peak_memory_mb": peak_memory_mb(),
        "plain_rows": rows,
        "ours_cpu_seconds": loading.seconds / turns,
        "plain_cpu_seconds": theirs.seconds / turns,
        "collect_cpu_seconds": collecting.seconds,
        "stage": run.stage,
        "rows": int(run.rows_loaded or 0),
        "bad": int(run.rows_bad or 0),
        "units": run.sums.units,
        "cents": int(run.sums.money.get("USD", 0) * 100),
        "scattered": int(run.scattered_ids or 0),
        "pieces": len(run.member_pieces),
        "kept_bytes": sum(piece.length for piece in run.member_pieces),
        "stored_rows": int(part.rows_loaded or 0),
        "stored_seconds": seconds,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
