"""The daily sweep: count what is held of Amazon's, of all tenants, and say what is kept longer than 18 months.

Tenants are found by the register of audit chains, for a chain begins when an account is made. Each shard of it is a
message of its own, which carries what was counted so far when it goes on with another; so a message that is delivered
twice counts nothing twice.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, timedelta
from itertools import batched

import msgspec

from quayside.compliance import retention_store as store
from quayside.compliance.erasure_store import Place
from quayside.compliance.retention_rules import Held, Limits, added
from quayside.compliance.retention_store import DayHeld
from quayside.compliance.tasks import ComplianceTask, Work, send
from quayside.kernel.clock import Clock
from quayside.kernel.ids import TenantId, check_tenant_id
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import audit, keys
from quayside.storage.connection import bound

SWEEP = "retention.sweep"
_COUNTED_AT_ONCE = 64
_THREADS = 8


class _Point(msgspec.Struct, frozen=True):
    """Where a shard's count stands: behind which chain, and in the next one behind which partition."""

    day: str
    shard: int
    after: str | None = None
    partition: str | None = None
    held: dict[str, Held] = {}


def sweep(task: ComplianceTask, work: Work) -> None:
    """``retention.sweep``: count one shard of the tenants, or go on with it; without one, ask for all of them."""
    stands = task.arguments.get("point")
    if stands is None:
        day = work.clock.now().date().isoformat()
        for shard in range(keys.DUE_SHARDS):
            _go_on(_Point(day, shard))
        return
    point = msgspec.json.decode(stands, type=_Point)
    for chain in audit.chains(point.shard, point.after):
        if chain != audit.APPLICATION:
            counted = _count_tenant(check_tenant_id(chain), point, work)
            if counted.partition is not None:
                _go_on(counted)
                return
            point = counted
        point = msgspec.structs.replace(point, after=chain)
        if work.time_is_short():
            _go_on(point)
            return
    _finish(point, work)


def _go_on(point: _Point) -> None:
    send(ComplianceTask(SWEEP, arguments={"point": msgspec.json.encode(point).decode()}))


def _count_tenant(tenant_id: TenantId, point: _Point, work: Work) -> _Point:
    """Count a tenant's items from the point on; the point returned names a partition when time ran short before."""
    with tenant_scope(tenant_id):
        limits = store.limits_at(work.clock.now())
        waiting = [
            place
            for place in store.places(date.fromisoformat(point.day))
            if point.partition is None or place.partition.pk > point.partition
        ]
        point = msgspec.structs.replace(point, partition=None)
        for some in batched(waiting, _COUNTED_AT_ONCE, strict=False):
            counted = _count_all(some, limits)
            _report(tenant_id, counted, work)
            held, last = added(point.held, counted), some[-1].partition.pk
            is_last = last == waiting[-1].partition.pk
            point = msgspec.structs.replace(point, held=held)
            if work.time_is_short() and not is_last:
                return msgspec.structs.replace(point, partition=last)
    return point


def _count_all(places: tuple[Place, ...], limits: Limits) -> dict[str, Held]:
    """Count several places at once, each in a copy of this context, for the tenant in scope is part of it."""
    # Made before the threads want it.
    bound().tenant.client("dynamodb")
    counted: dict[str, Held] = {}
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="retention") as threads:
        waiting = [threads.submit(copy_context().run, store.count, place.partition, limits) for place in places]
        for place, each in zip(places, waiting, strict=True):
            held = each.result()
            if held.items:
                counted = added(counted, {place.dataset: held})
    return counted


def _report(tenant_id: TenantId, counted: Mapping[str, Held], work: Work) -> None:
    for dataset, held in counted.items():
        faults = {"overdue": held.overdue, "too_long": held.too_long, "endless": held.endless}
        for fault, number in faults.items():
            if number:
                work.metrics.count("RetentionBroken", number)
                work.log.error(
                    "items of Amazon's are kept too long",
                    extra={"tenant_id": tenant_id, "dataset": dataset, "kind": fault, "count": number},
                )


def _finish(point: _Point, work: Work) -> None:
    store.put_result(date.fromisoformat(point.day), point.shard, point.held, work.clock.now())
    work.metrics.count("RetentionSwept", sum(held.items for held in point.held.values()))


def results(days: int, *, clock: Clock) -> list[DayHeld]:
    """Return what the sweeps of the last ``days`` days counted, the newest first."""
    today = clock.now().date()
    return store.results(today - timedelta(days=days - 1), today)
