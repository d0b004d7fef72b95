"""The sub-command ``quayside access-review``: who can get in, every quarter."""

import argparse
from pathlib import Path
from typing import Protocol, TextIO

from quayside.kernel.clock import Clock
from quayside.kernel.settings import Settings


class Output(Protocol):
    """Where a command writes to."""

    @property
    def write(self) -> TextIO:
        """Standard output."""
        ...


def add_to(areas: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``access-review`` to the areas of the command line."""
    review = areas.add_parser("access-review", help="write down who can get in, and what has to be decided about it")
    review.add_argument("--to", type=Path, default=Path("evidence"), help="folder to write to (default: evidence)")
    review.add_argument("--previous", type=Path, help="the last review (its .json), to say what changed since")
    review.set_defaults(run=_review, required=("core_table", "audit_table", "user_pool_id"))


def _review(arguments: argparse.Namespace, settings: Settings, clock: Clock, streams: Output) -> None:
    from quayside.compliance.access_rules import findings  # noqa: PLC0415 - help needs no AWS
    from quayside.compliance.access_service import review_access  # noqa: PLC0415 - as above

    written = review_access(settings.user_pool_id, arguments.to, arguments.previous, clock)
    addresses = {each.subject: each.email for each in written.review.accounts}
    for each in findings(written.review):
        print(f"{addresses[each.subject]}: {each.what} {each.action}", file=streams.write)
    print(f"{len(written.review.accounts)} accounts. For people: {written.text}", file=streams.write)
    print(f"For the next review: {written.data}", file=streams.write)
