"""What is stored of work to come: what is due, when, and how often."""

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.storage.tables import CoordinationItem
from quayside.sync.commands import SyncCommand


class DueJob(CoordinationItem):
    """A job that is due at an instant: one that comes back (``every_seconds``), or one command that had to wait."""

    KIND = "due_job"

    tenant_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    job = UnicodeAttribute()
    command_kind = UnicodeAttribute()
    arguments = UnicodeAttribute()
    every_seconds = NumberAttribute(null=True)
    command = UnicodeAttribute(null=True)

    def waiting_command(self) -> SyncCommand | None:
        """Return the command that had to wait, None for a job that comes back."""
        return msgspec.json.decode(self.command, type=SyncCommand) if self.command else None
