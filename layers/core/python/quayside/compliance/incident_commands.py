"""The sub-command ``quayside incident``: keep the evidence, draft the notice."""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.settings import Settings


class Output(Protocol):
    """Where a command writes to."""

    @property
    def write(self) -> TextIO:
        """Standard output."""
        ...


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``incident`` to the areas of the command line."""
    incident = areas.add_parser(
        "incident", help="keep the evidence of a security incident and draft the notice to Amazon"
    )
    incident.add_argument("--noticed", required=True, help="when its first sign was noticed, as 2026-11-22T09:30:00Z")
    incident.add_argument("--what", required=True, help="what was noticed, without personal data")
    incident.add_argument("--hours", type=int, default=24, help="collect from so many hours before that (default: 24)")
    incident.add_argument("--to", type=Path, help="a new folder (default: incident-<the present time>)")
    incident.set_defaults(run=_incident, required=("audit_table",))


def _incident(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    from quayside.compliance import incident_service as service  # noqa: PLC0415 - help needs no AWS
    from quayside.compliance.incident_rules import Incident, time_left  # noqa: PLC0415 - as above

    if not arguments.stack:
        raise InvalidInput("Evidence is collected from a deployed stack: name it with --stack.", code="no_stack")
    noticed = parse_instant(arguments.noticed)
    now = clock.now()
    if noticed > now:
        raise InvalidInput("--noticed lies in the future.", code="invalid_field")
    begins = noticed - timedelta(hours=arguments.hours)
    incident = Incident(arguments.stack, noticed, begins, now, arguments.what, settings.amazon_application_id)
    folder = arguments.to or Path(f"incident-{now:%Y%m%dT%H%M%SZ}")
    kept = service.collect(incident, folder, clock)
    for piece in kept.pieces:
        print(f"{piece.name:<20} {piece.problem or f'{len(piece.content)} bytes'}", file=streams.write)
    left = time_left(incident)
    words = f"{left.total_seconds() / 3600:.1f} hours left" if left > timedelta(0) else "the time is over, send it now"
    print(f"The notice is drafted: {kept.notice}", file=streams.write)
    print(f"Tell Amazon by {format_instant(incident.notify_by)}: {words}.", file=streams.write)
