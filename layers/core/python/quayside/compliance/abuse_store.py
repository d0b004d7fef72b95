"""Reads and writes abuse cases; they belong to the operators, so no tenant is in scope."""

import msgspec

from quayside.compliance.abuse_records import AbuseCase, AbuseCaseRecord
from quayside.storage import keys
from quayside.storage.tables import every, write


def put(case: AbuseCase) -> bool:
    """Store a case, new or changed; return False when somebody else changed it first."""
    model = AbuseCaseRecord
    condition = model.pk.does_not_exist() if case.version == 1 else model.version == case.version - 1
    written = write(
        model,
        keys.abuse_case(case.case_id),
        [
            model.case_id.set(case.case_id),
            model.tenant_id.set(case.tenant_id),
            model.state.set(case.state),
            model.opened_at.set(case.opened_at),
            model.entries.set(msgspec.json.encode(case.entries).decode()),
            model.version.set(case.version),
        ],
        condition,
        source="operator",
        returning="NONE",
    )
    return written.applied


def find(case_id: str) -> AbuseCase | None:
    """Return a case."""
    record = AbuseCaseRecord.find(keys.abuse_case(case_id))
    return None if record is None else record.read()


def all_cases() -> list[AbuseCase]:
    """Return all cases, the one opened last first."""
    found = [record.read() for record in every(AbuseCaseRecord, keys.ABUSE_CASES, prefix="CASE#")]
    return sorted(found, key=lambda each: (each.opened_at, each.case_id), reverse=True)
