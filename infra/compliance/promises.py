"""Writes the promises that the product ships from the table of controls: ``python -m infra.compliance.promises``.

The product shows them on its trust page without carrying the table and its tests along. A test fails when they are out
of date.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from quayside.compliance.evidence_rules import read_controls
from quayside.compliance.promise_rules import promises_of
from quayside.compliance.promise_store import SHIPPED
from quayside.storage import proofs

TABLE = Path(__file__).parent / "controls.toml"


def text(table: str) -> bytes:
    """Return the promises of a table of controls as JSON.

    Raises:
        InvalidInput: it is no such table.
    """
    return msgspec.json.format(msgspec.json.encode(promises_of(read_controls(table), proofs.digest)), indent=1) + b"\n"


def main(words: Sequence[str] | None = None) -> int:
    """Write the promises, or with ``--check`` return 1 when they are out of date."""
    parser = argparse.ArgumentParser(prog="python -m infra.compliance.promises", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when they are out of date")
    arguments = parser.parse_args(words)
    wanted = text(TABLE.read_text(encoding="utf-8"))
    if arguments.check:
        if SHIPPED.exists() and SHIPPED.read_bytes() == wanted:
            return 0
        sys.stderr.write(f"{SHIPPED.name} is out of date: run python -m infra.compliance.promises\n")
        return 1
    SHIPPED.write_bytes(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
