"""A 500 MB order report through the real engine: memory, speed against csv.DictReader, and rows stored in a second.

The file is written here, and everything else happens in a process of its own (``report_probe``), so that its peak
memory is the engine's: interpreter, botocore and pynamodb included, fetching, keeping and loading the whole file, and
storing a share of it. The embedded AWS has the real template's tables and bucket, and the process the worker's role.

``parse_ratio`` compares rows per CPU second of the whole process. Ours is the command ``report.load`` from its first to
its last step while the sink stores nothing: fetching each piece from the bucket, unpacking, decoding, typed rows, rows
of one order brought together, control totals, checkpoints in the table. It begins when the file is in the raw store, so
collecting is not in it; that is ``collect_cpu_seconds``, and ``parse_ratio_with_collect`` has both (personal columns
dropped, packed in pieces, hashed, uploaded). csv.DictReader reads the file as Amazon sent it, unpacking included, and
does nothing with its rows. Both take turns in one run. ``rows_per_s`` is wall clock of ``report.load`` with the
product's own sink, eight conditional writes at a time, on a share of the rows.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bench.catalogue import Result
from tests.bench.deployment import as_function, deploy
from tests.bench.embedded_aws import embedded_aws
from tests.bench.harness import REPOSITORY, NotMeasurableError, Run
from tests.bench.report_file import Truth, write

FILE_BYTES = 500_000_000
SHARE_ROWS = 5_000
TURNS = 3
WORKER = "SyncWorker"


def measure(run: Run) -> Result:
    """Write the file, let the engine have it, and relate what was measured to what is in it."""
    whole, share = run.scratch / "orders.tsv.gz", run.scratch / "share.tsv.gz"
    truth = write(whole, run.share(FILE_BYTES))
    run.say(f"A report of {truth.rows} rows is {truth.bytes / 1e6:.0f} MB, packed {truth.packed / 1e6:.0f} MB.")
    part = write(share, FILE_BYTES, rows=run.share(SHARE_ROWS))
    with embedded_aws(run) as aws:
        functions = deploy(aws, (WORKER,))
        with as_function(aws, functions[WORKER]):
            found = _probe(run, whole, share)
    return _report(truth, part, found)


def _probe(run: Run, whole: Path, share: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.report_probe", str(whole), str(share), str(TURNS)]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, cwd=REPOSITORY, env=dict(os.environ), stdout=subprocess.PIPE, stderr=run.out, check=False, text=True
    )
    if done.returncode:
        raise NotMeasurableError("the engine failed; the reason stands above.")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _report(truth: Truth, part: Truth, found: dict[str, float]) -> Result:
    ours = found["rows"] / found["ours_cpu_seconds"]
    with_collect = found["rows"] / (found["ours_cpu_seconds"] + found["collect_cpu_seconds"])
    theirs = found["plain_rows"] / found["plain_cpu_seconds"]
    return {
        "rows": int(found["rows"]),
        "peak_memory_mb": found["peak_memory_mb"],
        "parse_ratio": round(ours / theirs, 3),
        "parse_ratio_with_collect": round(with_collect / theirs, 3),
        "rows_per_s": round(found["stored_rows"] / found["stored_seconds"], 1),
        "ours_rows_per_cpu_second": round(ours),
        "plain_rows_per_cpu_second": round(theirs),
        "collect_cpu_seconds": round(found["collect_cpu_seconds"], 1),
        "missing": truth.rows - int(found["rows"]) + part.rows - int(found["stored_rows"]),
        "wrong": int(found["units"] != truth.units) + int(found["cents"] != truth.cents),
        "file_mb": round(truth.bytes / 1e6, 1),
        "kept_mb": round(found["kept_bytes"] / 1e6, 1),
        "pieces": int(found["pieces"]),
        "scattered_orders": int(found["scattered"]),
        "stored_rows": int(found["stored_rows"]),
    }
