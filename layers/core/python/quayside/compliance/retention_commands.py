"""``quayside compliance retention``: what the daily sweep counted."""

import argparse
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock, format_instant, from_epoch_seconds
from quayside.kernel.settings import Settings


class Output(Protocol):
    """Where a command writes to."""

    write: TextIO


def add_retention(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb ``retention``."""
    retention = verbs.add_parser("retention", help="what is held of Amazon's, by count, and what of it too long")
    retention.add_argument("--days", type=int, default=7, help="of the last so many days (default: 7)")
    retention.set_defaults(run=_retention, required=("audit_table",))


def _retention(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    del settings
    from quayside.compliance import retention_service as service  # noqa: PLC0415 - help needs no AWS
    from quayside.storage.keys import DUE_SHARDS  # noqa: PLC0415 - as above

    found = service.results(arguments.days, clock=clock)
    for day in found:
        broken = sum(held.broken for held in day.held.values())
        said = "nothing older than 18 months" if not broken else f"{broken} KEPT TOO LONG"
        if day.shards < DUE_SHARDS:
            said += f"; {day.shards} of {DUE_SHARDS} parts counted"
        print(f"{day.day}  {said}", file=streams.write)
        for dataset, held in day.held.items():
            ends = "-" if held.next_end is None else format_instant(from_epoch_seconds(held.next_end))
            print(
                f"  {dataset:<14} {held.items:>9} items  {held.ended} ended  {held.overdue} overdue"
                f"  {held.too_long} too long  {held.endless} endless  next ends {ends}",
                file=streams.write,
            )
    if not found:
        print("No sweep of these days is on record.", file=streams.write)
