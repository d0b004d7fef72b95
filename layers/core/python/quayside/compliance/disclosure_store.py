"""Reads and writes what of the data of the tenant in scope was handed out. Nothing is ever changed or deleted."""

from datetime import datetime

import msgspec

from quayside.compliance.disclosure_records import DisclosureRecord
from quayside.compliance.disclosure_rules import Disclosure
from quayside.kernel.clock import format_instant
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit, keys
from quayside.storage.tables import Page, create, page

PREFIX = "DISCLOSURE#"
"""What every sort key of the log begins with."""


def put(disclosure: Disclosure, at: datetime, mark: str) -> None:
    """Keep one as long as entries of the audit trail; one of the same second and mark stays as it is."""
    attributes = {
        name: {"N" if isinstance(value, int) else "S": str(value)}
        for name, value in msgspec.structs.asdict(disclosure).items()
        if value is not None
    }
    ends = {"handed_out_at": {"S": format_instant(at)}, "expires_at": {"N": str(audit.expires_at(at))}}
    create(DisclosureRecord, keys.disclosure(current_tenant(), at, mark), {**attributes, **ends})


def newest_first(after: str | None, limit: int) -> Page[DisclosureRecord]:
    """Return one page, newest first."""
    return page(
        DisclosureRecord,
        keys.disclosures(current_tenant()),
        prefix=PREFIX,
        limit=limit,
        after=after,
        newest_first=True,
    )
