"""What is stored of an export: among the tenant's data, and erased with it."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.kernel.ids import ConnectionId
from quayside.storage.tables import CoreItem


class ExportRecord(CoreItem):
    """The course of one export; instants are ISO 8601.

    Attributes:
        connection_id: of which connection; absent when everything of the tenant is exported.
        requested_by: a member's id.
        progress: how far it is, JSON.
        step: how often it was changed: who changes it says from which step.
        reason: why it failed.
        file: the key of the file, once it is ready.
        size: its bytes.
        ends_at: when the file is deleted.
    """

    KIND = "export"

    export_id = UnicodeAttribute()
    connection_id = UnicodeAttribute(null=True)
    connection_name = UnicodeAttribute(null=True)
    requested_by = UnicodeAttribute()
    requested_at = UnicodeAttribute()
    moved_at = UnicodeAttribute()
    state = UnicodeAttribute()
    step = NumberAttribute()
    progress = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    file = UnicodeAttribute(null=True)
    size = NumberAttribute(null=True)
    finished_at = UnicodeAttribute(null=True)
    ends_at = UnicodeAttribute(null=True)

    @property
    def connection(self) -> ConnectionId | None:
        """Of which connection; None when everything of the tenant is exported."""
        found: str | None = self.connection_id
        return None if found is None else ConnectionId(found)
