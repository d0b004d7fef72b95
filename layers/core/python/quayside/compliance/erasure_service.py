"""Erasing the data of a connection or of a whole tenant: asked for, begun when it is time, proved by a receipt.

An erasure is asked for where a connection ends; it begins after a week, or soon when a member says so or closes the
account. From then on it goes from stage to stage, writes down how far it is, and hands itself on to another message
when its function's time is short. Whoever dies loses nothing: every stage can be repeated.
"""

import base64
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from itertools import batched

import msgspec

from quayside.compliance import erasure_rules as rules
from quayside.compliance import erasure_store as store
from quayside.compliance.erasure_records import ErasureRecord
from quayside.compliance.erasure_rules import Cause, Erased, Plan, Progress, Receipt
from quayside.compliance.erasure_store import Kept, Place
from quayside.compliance.erasure_views import ErasureView, ReceiptView, erasure_view, receipt_view
from quayside.compliance.tasks import ComplianceTask, Work, send
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId, TenantId, new_id
from quayside.kernel.tenancy import current_tenant, tenant_scope
from quayside.storage import audit, keys, pii_vault, proofs
from quayside.storage.audit_chain import AuditEvent
from quayside.storage.connection import bound
from quayside.storage.erasing import count_items, delete_coordination, delete_items
from quayside.storage.objects import DocumentObjects, ExportObjects, RawObjects, UploadObjects
from quayside.sync.service import Desk

RUN = "erasure.run"
"""The task that goes on with one erasure."""
STANDS_STILL = timedelta(minutes=30)
"""An erasure that did not move for so long is begun again: its message was lost, or given up on."""
_COUNTED_AT_ONCE = 64
_THREADS = 8
_MOST_ROUNDS = 5


class StillThere(Exception):
    """Things were found again and again after they had been destroyed: somebody writes on, and people must look."""


class _TakenOver(Exception):
    """Another worker goes on with the erasure."""


# -- Asked for ---------------------------------------------------------------------------------------------------------


def connection_ended(
    connection_id: ConnectionId, *, cause: Cause, requested_by: str, clock: Clock, entropy: Callable[[int], bytes]
) -> None:
    """Note that the data of a connection that ended is to be erased; noting it again changes nothing.

    Acts for the tenant in scope. Whoever connects the same account again before the erasure begins calls it off.

    Args:
        connection_id: the connection.
        cause: why it ended.
        requested_by: the id of a member, ``amazon`` or ``operator``.
        clock: the time.
        entropy: random bytes for its id.
    """
    tenant_id = current_tenant()
    for record in store.of_tenant(tenant_id):
        if record.connection == connection_id and record.state in {"waiting", "running"}:
            return
    now = clock.now()
    store.open_one(
        tenant_id,
        new_id(entropy),
        connection_id=connection_id,
        connection_name=connections.get(connection_id).name,
        cause=cause,
        requested_by=requested_by,
        requested_at=now,
        begins_at=rules.begins_at(cause, now),
    )


def erase_soon(erasure_id: str, *, clock: Clock) -> ErasureView:
    """Begin an erasure of the tenant in scope that waits as soon as nothing is written any more.

    Raises:
        NotFound: there is no such erasure.
        Conflict: it has begun already, or was called off.
    """
    tenant_id = current_tenant()
    record = store.find(tenant_id, erasure_id)
    if record is None:
        raise NotFound("There is no such erasure.", code="erasure_not_found")
    if record.state != "waiting":
        raise Conflict("The erasure does not wait any more.", code="erasure_not_waiting")
    now = clock.now()
    begins = min(parse_instant(record.begins_at), max(now, parse_instant(record.requested_at) + rules.QUIET))
    moved = store.move(record, now, [ErasureRecord.begins_at.set(format_instant(begins))])
    if moved is None:
        raise Conflict("The erasure was changed by somebody else at the same moment.", code="erasure_changed")
    _ask(moved, begins, now)
    return erasure_view(moved)


def close_account(*, requested_by: str, clock: Clock, entropy: Callable[[int], bytes]) -> ErasureView:
    """Erase everything of the tenant in scope, its members included; asking again returns the same erasure.

    The connections were ended by the caller: no call to Amazon is made for them any more.
    """
    tenant_id = current_tenant()
    now = clock.now()
    for record in store.of_tenant(tenant_id):
        if record.connection is None and record.state in {"waiting", "running"}:
            return erasure_view(record)
    erasure_id = new_id(entropy)
    begins = rules.begins_at("closure", now)
    store.open_one(
        tenant_id,
        erasure_id,
        connection_id=None,
        connection_name=None,
        cause="closure",
        requested_by=requested_by,
        requested_at=now,
        begins_at=begins,
    )
    record = _known(tenant_id, erasure_id)
    _ask(record, begins, now)
    return erasure_view(record)


def _known(tenant_id: TenantId, erasure_id: str) -> ErasureRecord:
    record = store.find(tenant_id, erasure_id)
    if record is None:
        raise NotFound("There is no such erasure.", code="erasure_not_found")
    return record


def _ask(record: ErasureRecord, at: datetime, now: datetime) -> None:
    # A second later than it may begin, for the queue's clock need not be ours.
    send(_task_of(record), delay_seconds=max(0, int((at - now).total_seconds()) + 1))


def _task_of(record: ErasureRecord) -> ComplianceTask:
    return ComplianceTask(RUN, TenantId(record.tenant_id), None, {"erasure_id": record.erasure_id})


# -- What is shown -----------------------------------------------------------------------------------------------------


def erasures() -> tuple[ErasureView, ...]:
    """Return the erasures of the tenant in scope, latest first."""
    found = sorted(store.of_tenant(current_tenant()), key=lambda record: record.requested_at, reverse=True)
    return tuple(erasure_view(record) for record in found)


def receipts() -> tuple[ReceiptView, ...]:
    """Return the receipts of the tenant in scope, latest first."""
    return tuple(receipt_view(kept) for kept in reversed(store.receipts()))


def check_receipt(kept: Kept) -> bool:
    """Return whether a receipt says exactly what was signed; needs nothing but the receipt."""
    document: dict[str, object] = msgspec.json.decode(kept.document)
    return proofs.verify(document, base64.b64decode(kept.signature), kept.public_key)


def as_file(kept: Kept) -> str:
    """Return a receipt as the file that a member saves: what was signed, the signature, and the key that checks it."""
    content = {"document": kept.document, "signature": kept.signature, "public_key": kept.public_key}
    return msgspec.json.format(msgspec.json.encode(content)).decode()


def from_file(text: str) -> Kept:
    """Read a receipt from its file.

    Raises:
        InvalidInput: the file is no receipt.
    """
    try:
        content = msgspec.json.decode(text, type=dict[str, str])
        receipt = msgspec.json.decode(content["document"], type=Receipt)
        return Kept(receipt, content["document"], content["signature"], content["public_key"])
    except (msgspec.DecodeError, KeyError) as problem:
        raise InvalidInput("The file is no receipt of an erasure.", code="not_a_receipt") from problem


def not_ended() -> list[tuple[str, ErasureView]]:
    """Return every erasure that has not ended, of all tenants, each with its tenant's id: for operators."""
    found = (store.find(TenantId(each.tenant_id), each.erasure_id) for each in store.not_ended())
    return [(record.tenant_id, erasure_view(record)) for record in found if record is not None]


# -- What the worker does ----------------------------------------------------------------------------------------------


def begin_due(_task: ComplianceTask, work: Work) -> None:
    """``erasure.due``: begin every erasure whose time has come, and go on with those that stand still."""
    now = work.clock.now()
    for listed in store.not_ended():
        record = store.find(TenantId(listed.tenant_id), listed.erasure_id)
        if record is None:
            # It was listed and then not noted: whoever asked was told of an error and asks again.
            store.unlist(TenantId(listed.tenant_id), listed.erasure_id)
            continue
        since = parse_instant(record.begins_at if record.state == "waiting" else record.moved_at or record.begins_at)
        if since + (timedelta() if record.state == "waiting" else STANDS_STILL) <= now:
            send(_task_of(record))


def run(task: ComplianceTask, work: Work) -> None:
    """``erasure.run``: begin an erasure or go on with it, until it ends or the function's time is short.

    Raises:
        StillThere: what was destroyed was there again, five times.
    """
    if task.tenant_id is None:
        raise ValueError("An erasure is one of a tenant.")
    with tenant_scope(task.tenant_id) as tenant_id:
        record = store.find(tenant_id, task.arguments["erasure_id"])
        if record is None or record.state not in {"waiting", "running"}:
            return
        try:
            if record.state == "waiting":
                record = _begin(record, work)
            if record is not None and not _Course(record, work).go_on():
                send(task)
        except _TakenOver:
            return


def _begin(record: ErasureRecord, work: Work) -> ErasureRecord | None:
    """Write down what is erased, and keep it from being used again; None when it is too early or was called off."""
    now = work.clock.now()
    if parse_instant(record.begins_at) > now:
        return None
    connection_id = record.connection
    if connection_id is None:
        found = [
            connections.begin_erasing(ConnectionId(each.connection_id), whatever_status=True)
            for each in connections.all_connections()
        ]
    else:
        found = [connections.begin_erasing(connection_id)]
        if found == [None]:
            # The seller connected the account again, so there is nothing to erase any more.
            store.end(record, "withdrawn", now)
            work.metrics.count("ErasureWithdrawn")
            return None
    erased = tuple(
        Erased(each.connection_id, each.region, each.selling_partner_id, each.marketplace_ids)
        for each in found
        if each is not None
    )
    settlements = {each.connection_id: store.settlement_ids(ConnectionId(each.connection_id)) for each in erased}
    plan = Plan(erased, settlements, now.date().isoformat())
    model = ErasureRecord
    begun = store.move(
        record,
        now,
        [
            model.state.set("running"),
            model.began_at.set(format_instant(now)),
            model.plan.set(msgspec.json.encode(plan).decode()),
        ],
    )
    if begun is None:
        raise _TakenOver
    return begun


class _Course:
    """One erasure on its way, for the tenant in scope."""

    def __init__(self, record: ErasureRecord, work: Work) -> None:
        plan = store.plan_of(record)
        if plan is None:
            raise ValueError("An erasure that runs has a plan.")
        self._record = record
        self._work = work
        self._plan = plan
        self._progress = store.progress_of(record)
        self._tenant_id = TenantId(record.tenant_id)
        self._connection_id = record.connection
        self._places = store.partitions(self._tenant_id, plan, whole_tenant=self._connection_id is None)

    def go_on(self) -> bool:
        """Go from stage to stage; return False when time is short before the end."""
        stages: dict[rules.Stage, Callable[[], bool]] = {
            "count": self._count,
            "notes": self._destroy_notes,
            "credentials": self._destroy_credentials,
            "members": self._delete_members,
            "facts": self._erase_facts,
            "files": self._delete_files,
            "read_back": self._read_back,
        }
        while self._progress.stage != "receipt":
            stage = self._progress.stage
            if not stages[stage]():
                return False
            if self._progress.stage == stage:
                self._keep(stage=rules.next_stage(stage), position=0)
            if self._work.time_is_short():
                return False
        self._make_receipt()
        return True

    def _keep(self, **changed: object) -> None:
        """Write down how far it is; whoever lost the race to do so stops."""
        progress: Progress = msgspec.structs.replace(self._progress, **changed)
        kept = store.keep(self._record, progress, self._work.clock.now())
        if kept is None:
            raise _TakenOver
        self._record, self._progress = kept, progress

    # Each stage returns False when time ran short in its midst.

    def _count(self) -> bool:
        if not self._look(self._keep_counts):
            return False
        self._keep(files=self._count_files())
        return True

    def _keep_counts(self, counts: dict[int, int], position: int) -> None:
        datasets = [place.dataset for place in self._places]
        self._progress = rules.counted(self._progress, datasets, counts)
        self._keep(position=position)

    def _look(self, note: Callable[[dict[int, int], int], None]) -> bool:
        """Count the items of every place from the position on, and note what is found from time to time."""
        waiting = list(enumerate(self._places))[self._progress.position :]
        for some in batched(waiting, _COUNTED_AT_ONCE, strict=False):
            found = _count_all([place for _, place in some])
            note({number: count for (number, _), count in zip(some, found, strict=True) if count}, some[-1][0] + 1)
            if self._work.time_is_short():
                return False
        return True

    def _count_files(self) -> int:
        raw, exports = RawObjects(bound()), ExportObjects(bound())
        total = raw.count(keys.raw_prefix(self._tenant_id, self._connection_id))
        total += sum(exports.count(prefix) for prefix in self._export_prefixes())
        return total + sum(files.count(keys.raw_prefix(self._tenant_id)) for files in self._documents())

    def _documents(self) -> tuple[RawObjects, ...]:
        """Return where documents lie that members attached: they belong to no connection and go with the tenant."""
        return () if self._connection_id is not None else (UploadObjects(bound()), DocumentObjects(bound()))

    def _export_prefixes(self) -> list[str]:
        if self._connection_id is None:
            return [keys.raw_prefix(self._tenant_id)]
        # An export of everything holds this connection's data too.
        return [keys.export_prefix(self._tenant_id, each) for each in (self._connection_id, None)]

    def _destroy_notes(self) -> bool:
        desk = Desk(self._work.clock, self._work.entropy)
        destroyed = 0
        for each in self._plan.connections:
            desk.call_off(self._tenant_id, ConnectionId(each.connection_id))
            noted = list(store.notes(self._tenant_id, each))
            delete_coordination(noted)
            destroyed += len(noted) + connections.forget_unclaimed(each.selling_partner_id)
        if self._connection_id is None:
            noted = list(store.notes_of_tenant(self._tenant_id))
            delete_coordination(noted)
            destroyed += len(noted)
        self._keep(notes=destroyed)
        return True

    def _destroy_credentials(self) -> bool:
        return all(
            delete_items(place.partition, self._work.time_is_short)
            for place in store.credential_places(self._tenant_id, self._plan)
        )

    def _delete_members(self) -> bool:
        if self._connection_id is None:
            for email in store.member_emails():
                store.delete_member_account(email)
        return True

    def _erase_facts(self) -> bool:
        for number in sorted(map(int, self._progress.found)):
            if number < self._progress.position:
                continue
            if not self._erase(self._places[number]):
                return False
            self._keep(position=number + 1)
            if self._work.time_is_short():
                return False
        if self._connection_id is not None:
            connections.forget(self._connection_id)
        return True

    def _erase(self, place: Place) -> bool:
        stop = self._work.time_is_short
        if place.dataset != "personal_data" or self._connection_id is None:
            return delete_items(place.partition, stop)
        # Its data keys are those of other connections too: they stay, and count one record less.
        for order_id in store.orders_with_personal_data(self._connection_id):
            pii_vault.destroy(pii_vault.OrderReference(self._connection_id, order_id))
            if stop():
                return False
        return True

    def _delete_files(self) -> bool:
        stop = self._work.time_is_short
        RawObjects(bound()).delete_prefix(keys.raw_prefix(self._tenant_id, self._connection_id), stop)
        for prefix in self._export_prefixes():
            ExportObjects(bound()).delete_prefix(prefix, stop)
        for files in self._documents():
            files.delete_prefix(keys.raw_prefix(self._tenant_id), stop)
        return not self._count_files()

    def _read_back(self) -> bool:
        """Count everything anew; what is found is destroyed again."""
        if not self._progress.position:
            self._keep(found={})
        if not self._look(self._keep_counts):
            return False
        vault = _count_all(store.credential_places(self._tenant_id, self._plan))
        if self._progress.found or any(vault) or self._count_files():
            if self._progress.again >= _MOST_ROUNDS:
                raise StillThere("What was erased is there again.")
            self._keep(stage="notes", position=0, again=self._progress.again + 1)
        return True

    def _make_receipt(self) -> None:
        now = self._work.clock.now()
        finished_at = self._record.finished or now
        if self._record.finished is None:
            # Written down before the receipt is made: a receipt that is made again is the same.
            marked = store.move(self._record, now, [ErasureRecord.finished_at.set(format_instant(now))])
            if marked is None:
                raise _TakenOver
            self._record = marked
        receipt = _receipt(self._record, self._progress, finished_at)
        document: dict[str, object] = msgspec.to_builtins(receipt)
        signature = base64.b64encode(proofs.sign(document)).decode()
        store.put_receipt(receipt, proofs.canonical(document).decode(), signature, proofs.public_key(), finished_at)
        if self._connection_id is None:
            self._call_off_others(now)
        details = {"cause": receipt.cause, "items": str(sum(receipt.items.values())), "files": str(receipt.files)}
        subject = f"connection/{self._connection_id}" if self._connection_id else f"tenant/{self._tenant_id}"
        audit.append(
            AuditEvent("erasure.finished", "compliance_worker", subject, details=details), clock=self._work.clock
        )
        store.end(self._record, "done", now)
        self._work.metrics.count("ErasureFinished")

    def _call_off_others(self, now: datetime) -> None:
        """End what still waits for single connections of a tenant of whom everything is erased."""
        for other in store.of_tenant(self._tenant_id):
            if other.erasure_id != self._record.erasure_id and other.state in {"waiting", "running"}:
                store.end(other, "withdrawn", now)


def _count_all(places: Sequence[Place]) -> list[int]:
    """Count items of several places at once, each in a copy of this context, for the tenant in scope is part of it."""
    # Made before the threads want it.
    bound().tenant.client("dynamodb")
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="erasure") as threads:
        waiting = [threads.submit(copy_context().run, count_items, place.partition) for place in places]
        return [each.result() for each in waiting]


def _receipt(record: ErasureRecord, progress: Progress, finished_at: datetime) -> Receipt:
    return Receipt(
        receipt=record.erasure_id,
        tenant_id=record.tenant_id,
        connection_id=record.connection,
        cause=msgspec.convert(record.cause, Cause),
        requested_at=record.requested_at,
        began_at=record.began_at or record.requested_at,
        finished_at=format_instant(finished_at),
        items=dict(sorted(progress.counts.items())),
        files=progress.files,
        credentials_destroyed=True,
        found_afterwards=0,
        recovery_copies_end_at=format_instant(finished_at + rules.RECOVERY),
    )
