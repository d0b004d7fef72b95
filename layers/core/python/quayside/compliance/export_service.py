"""Exports as members see them: asked for, listed, and opened once they are made.

``export_working`` makes them. They are apart because it reads every feature, and a request about exports none of them.
"""

from collections.abc import Callable

from quayside.compliance import disclosure_service as disclosures
from quayside.compliance import export_rules as rules
from quayside.compliance import export_store as store
from quayside.compliance.disclosure_rules import Disclosure, What
from quayside.compliance.export_records import ExportRecord
from quayside.compliance.export_views import ExportLink, ExportView, export_view, state_of
from quayside.compliance.tasks import ComplianceTask, send
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import Conflict, Forbidden, Gone, NotFound
from quayside.kernel.ids import ConnectionId, new_id
from quayside.kernel.tenancy import current_tenant
from quayside.storage.blocks import block_of
from quayside.storage.connection import bound
from quayside.storage.objects import ExportObjects

RUN = "export.run"
"""The task that goes on with one export."""


def ask(
    connection_id: ConnectionId | None, *, requested_by: str, clock: Clock, entropy: Callable[[int], bytes]
) -> ExportView:
    """Have an export made for the tenant in scope; asking while one is under way returns that one.

    Args:
        connection_id: of which connection; None for all.
        requested_by: the id of the member who asks.
        clock: the time.
        entropy: random bytes for its id.

    Raises:
        NotFound: there is no such connection.
        Conflict: its data is being erased.
        Forbidden: the tenant is blocked.
    """
    if block_of(current_tenant()) is not None:
        raise Forbidden("Your organisation is blocked.", code="tenant_blocked")
    name = None
    if connection_id is not None:
        connection = connections.get(connection_id)
        if connection.status == "erasing":
            raise Conflict("The data of this connection is being erased.", code="export_too_late")
        name = connection.name
    now = clock.now()
    for record in store.of_subjects([connection_id]):
        state = state_of(record, now)
        if state in {"waiting", "running"}:
            if state == "waiting":
                # Whoever asked first may have died before they sent it; a second message does no harm.
                send(_task_of(record))
            return export_view(record, now)
    record = store.open_one(
        new_id(entropy), connection_id=connection_id, connection_name=name, requested_by=requested_by, now=now
    )
    send(_task_of(record))
    return export_view(record, now)


def exports(clock: Clock) -> tuple[ExportView, ...]:
    """Return the exports of the tenant in scope, latest first."""
    now = clock.now()
    return tuple(export_view(record, now) for record in _all())


def link(export_id: str, *, opened_by: str, clock: Clock, entropy: Callable[[int], bytes]) -> ExportLink:
    """Return an address that opens the file of an export of the tenant in scope for a few minutes.

    Args:
        export_id: which export.
        opened_by: the id of the member who asks.
        clock: the time.
        entropy: random bytes for the entry in the log of exports.

    Raises:
        NotFound: there is no such export.
        Conflict: it is not ready.
        Gone: its file was deleted, for its time is over.
        Forbidden: the tenant is blocked.
    """
    if block_of(current_tenant()) is not None:
        raise Forbidden("Your organisation is blocked.", code="tenant_blocked")
    record = next((each for each in _all() if each.export_id == export_id), None)
    if record is None:
        raise NotFound("There is no such export.", code="export_not_found")
    now = clock.now()
    state = state_of(record, now)
    if state == "ended":
        raise Gone("The file of this export was deleted.", code="export_ended", action="Ask for a new export.")
    file: str | None = record.file
    if state != "ready" or file is None:
        raise Conflict("The export is not ready.", code="export_not_ready", action="Wait until it is, or ask anew.")
    disclosures.note(disclosure_of(record, "export_opened", opened_by, int(record.size)), clock=clock, entropy=entropy)
    seconds = int(rules.LINK_LIFE.total_seconds())
    address = ExportObjects(bound()).link(file, f"quayside-export-{record.requested_at[:10]}.zip", seconds)
    return ExportLink(address, format_instant(now + rules.LINK_LIFE))


def disclosure_of(record: ExportRecord, what: What, by: str, size: int) -> Disclosure:
    """Return what the log of exports says of one: what was done with it, by whom, and how many bytes it has."""
    return Disclosure(
        what=what,
        export_id=record.export_id,
        connection_id=record.connection,
        connection_name=record.connection_name,
        by=by,
        rows=store.progress_of(record).rows,
        size=size,
    )


def _all() -> list[ExportRecord]:
    subjects = [ConnectionId(each.connection_id) for each in connections.all_connections()]
    return store.of_subjects([None, *subjects])


def _task_of(record: ExportRecord) -> ComplianceTask:
    return ComplianceTask(RUN, current_tenant(), record.connection, {"export_id": record.export_id})
