"""Reads the promises that are shipped, and reads and writes the runs of the tests that were published."""

from functools import cache
from pathlib import Path

import msgspec

from quayside.compliance.promise_records import ProvedRunItem
from quayside.compliance.promise_rules import Promise, ProvedRun
from quayside.kernel.clock import parse_instant
from quayside.storage import audit, keys
from quayside.storage.tables import create, page

SHIPPED = Path(__file__).with_name("promises.json")
"""The promises of this version, generated from the table of controls: ``python -m infra.compliance.promises``."""


@cache
def shipped() -> tuple[Promise, ...]:
    """Return the promises of this version."""
    return msgspec.json.decode(SHIPPED.read_bytes(), type=tuple[Promise, ...])


def publish(run: ProvedRun) -> bool:
    """Keep a run as long as entries of the audit trail; False when that run was published already."""
    attributes = {
        "text": {"S": msgspec.json.encode(run).decode()},
        "expires_at": {"N": str(audit.expires_at(parse_instant(run.finished_at)))},
    }
    return create(ProvedRunItem, keys.proved_run(run.finished_at), attributes).applied


def newest_run() -> ProvedRun | None:
    """Return the newest run that was published, None when there is none."""
    found = page(ProvedRunItem, keys.PROVED_RUNS, prefix="RUN#", limit=1, newest_first=True)
    return msgspec.json.decode(found.records[0].text, type=ProvedRun) if found.records else None
