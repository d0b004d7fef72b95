"""What is stored of an erasure: its course among the functions' notes, its receipt where nothing can be changed."""

from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.kernel.clock import parse_instant
from quayside.kernel.ids import ConnectionId
from quayside.storage.tables import ApplicationAuditItem, AuditItem, CoordinationItem


class ErasureRecord(CoordinationItem):
    """The course of one erasure. It lies outside the tenant's data, for that is what is erased; instants are ISO 8601.

    Attributes:
        connection_id: of which connection; absent when everything of the tenant is erased.
        cause: why.
        requested_by: a member's id, ``amazon`` or ``operator``.
        plan: what is erased, JSON; absent until it began.
        progress: how far it is, JSON.
        step: how often it was changed: who changes it says from which step.
    """

    KIND = "erasure"

    tenant_id = UnicodeAttribute()
    erasure_id = UnicodeAttribute()
    connection_id = UnicodeAttribute(null=True)
    connection_name = UnicodeAttribute(null=True)
    cause = UnicodeAttribute()
    requested_by = UnicodeAttribute()
    requested_at = UnicodeAttribute()
    begins_at = UnicodeAttribute()
    state = UnicodeAttribute()
    plan = UnicodeAttribute(null=True)
    progress = UnicodeAttribute(null=True)
    step = NumberAttribute()
    began_at = UnicodeAttribute(null=True)
    moved_at = UnicodeAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)

    @property
    def connection(self) -> ConnectionId | None:
        """Of which connection; None when everything of the tenant is erased."""
        found: str | None = self.connection_id
        return None if found is None else ConnectionId(found)

    @property
    def finished(self) -> datetime | None:
        """When everything had been read back, None before."""
        found: str | None = self.finished_at
        return None if found is None else parse_instant(found)


class OpenErasure(CoordinationItem):
    """That an erasure has not ended: the list from which it is begun, and begun again when it stands still."""

    KIND = "open_erasure"

    tenant_id = UnicodeAttribute()
    erasure_id = UnicodeAttribute()


class ReceiptRecord(AuditItem):
    """The receipt of an erasure: the text that was signed, the signature (base 64) and the key that checks it."""

    KIND = "erasure_receipt"

    document = UnicodeAttribute()
    signature = UnicodeAttribute()
    public_key = UnicodeAttribute()


class OperatorsReceipt(ApplicationAuditItem):
    """The same receipt as an operator reads it, when the tenant is gone."""

    KIND = "erasure_receipt"

    document = UnicodeAttribute()
    signature = UnicodeAttribute()
    public_key = UnicodeAttribute()
