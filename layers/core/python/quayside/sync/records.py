"""What is stored of work: what is due, what was done, which prices are wanted, and the operators' board."""

import msgspec
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from quayside.storage.tables import CoordinationItem, CoreItem
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


class RunRecord(CoreItem):
    """One command and how it ended; kept for 30 days."""

    KIND = "run"

    started_at = UnicodeAttribute()
    finished_at = UnicodeAttribute()
    command_kind = UnicodeAttribute()
    cause = UnicodeAttribute()
    attempt = NumberAttribute()
    outcome = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    rows = NumberAttribute()
    request_ids = UnicodeAttribute(null=True)
    marketplace_id = UnicodeAttribute(null=True)


class PriceSweep(CoordinationItem):
    """How many orders of a connection wait for their prices, and the search that brings them. Epoch seconds.

    Attributes:
        wanted: prices asked for in the present window.
        last_wanted: prices asked for in the window before.
        window_at: when the present window began.
        planned_at: for when the latest search is planned.
        narrow: whether the planned search looks for unshipped orders only.
        since: from where the next search begins, ISO 8601: where the last one was complete.
        swept_at: which planned search was last begun, so that a second one for the same time does nothing.
        swept_by: the command that began it.
    """

    KIND = "price_sweep"

    tenant_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    wanted = NumberAttribute(null=True)
    last_wanted = NumberAttribute(null=True)
    window_at = NumberAttribute(null=True)
    planned_at = NumberAttribute(null=True)
    narrow = BooleanAttribute(null=True)
    since = UnicodeAttribute(null=True)
    swept_at = NumberAttribute(null=True)
    swept_by = UnicodeAttribute(null=True)


class ReportPointer(CoordinationItem):
    """Whose report an id of Amazon's is, so that a notification of it finds its command; kept for a week."""

    KIND = "report_pointer"

    tenant_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    run = UnicodeAttribute()


class BoardRecord(CoordinationItem):
    """One dataset of one connection on the operators' board: state and words of ours, no data of the seller's."""

    KIND = "board_entry"

    tenant_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    dataset = UnicodeAttribute()
    state = UnicodeAttribute()
    since = UnicodeAttribute()
    last_success_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    throttled = NumberAttribute(null=True)
    updated_at = UnicodeAttribute()
