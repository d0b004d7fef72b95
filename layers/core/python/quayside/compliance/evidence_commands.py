"""``quayside compliance report``: the evidence pack."""

import argparse
from pathlib import Path
from typing import Protocol, TextIO

from quayside.compliance import evidence_service as service
from quayside.kernel.clock import Clock
from quayside.kernel.settings import Settings


class Output(Protocol):
    """Where a command writes to."""

    write: TextIO


def add_report(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``report``."""
    report = verbs.add_parser("report", help="write the evidence pack: every requirement, its control, its proof")
    report.add_argument("--controls", type=Path, default=service.CONTROLS, help="the table of controls")
    report.add_argument("--record", type=Path, default=service.RECORD, help="what came of the last whole run of tests")
    report.add_argument("--to", type=Path, default=Path("evidence"), help="folder to write to (default: evidence)")
    report.set_defaults(run=_report, required=(), offline=True)


def add_publish(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``publish``."""
    publish = verbs.add_parser("publish", help="show on the trust page what the last whole run of tests proved")
    publish.add_argument("--controls", type=Path, default=service.CONTROLS, help="the table of controls")
    publish.add_argument("--record", type=Path, default=service.RECORD, help="what came of the last whole run of tests")
    publish.set_defaults(run=_publish, required=("audit_table",))


def _publish(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings, clock
    from quayside.compliance import promise_service  # noqa: PLC0415 - help needs no AWS

    run, new = promise_service.publish(arguments.controls, arguments.record)
    proved = sum(each.state == "proved" for each in run.proofs)
    said = "published" if new else "was published before"
    print(
        f"The run of {run.tests} tests on revision {run.revision or '-'}, which ended at {run.finished_at}, {said}: "
        f"{proved} of {len(run.proofs)} promises proved.",
        file=streams.write,
    )


def _report(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    pack = service.pack_of(arguments.controls, arguments.record, clock)
    for path in service.write(pack, arguments.to):
        print(path, file=streams.write)
    for row in pack.rows:
        if row.state != "proved":
            print(f"{row.state:<10}  {row.control.id:<12} {row.control.open}".rstrip(), file=streams.write)
    print(", ".join(f"{count} {state}" for state, count in pack.counts.items()), file=streams.write)
