"""How abuse cases are stored: by the operators, about a tenant, never with personal data."""

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.compliance.abuse_rules import CaseState, EntryKind
from quayside.storage.tables import CoordinationItem


class CaseEntry(msgspec.Struct, frozen=True):
    """What was done in a case: when (ISO 8601), by whom (a member's id or ``operator``), and the text given with it."""

    at: str
    by: str
    kind: EntryKind
    text: str


class AbuseCase(msgspec.Struct, frozen=True):
    """A case: about which tenant, how it stands, and everything that was done in it, oldest first."""

    case_id: str
    tenant_id: str
    state: CaseState
    opened_at: str
    entries: tuple[CaseEntry, ...]
    version: int

    @property
    def blocked_since(self) -> str | None:
        """When the block that stands was put, None when none does."""
        if self.state != "blocked":
            return None
        return next(each.at for each in reversed(self.entries) if each.kind == "blocked")


_entries = msgspec.json.Decoder(tuple[CaseEntry, ...])


class AbuseCaseRecord(CoordinationItem):
    """A case as it is stored; the entries are JSON. ``version`` grows by one with every change."""

    KIND = "abuse_case"

    case_id = UnicodeAttribute()
    tenant_id = UnicodeAttribute()
    state = UnicodeAttribute()
    opened_at = UnicodeAttribute()
    entries = UnicodeAttribute()
    version = NumberAttribute()

    def read(self) -> AbuseCase:
        """Return the case as a value."""
        state: CaseState = msgspec.convert(self.state, CaseState)
        return AbuseCase(
            self.case_id, self.tenant_id, state, self.opened_at, _entries.decode(self.entries), int(self.version)
        )
