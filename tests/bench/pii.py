"""10,000 orders with buyers' data over 60 days of expiry: sealed, read, and gone as each day begins.

It runs on moto in this process: its KMS authenticates ciphertext as AWS does, and it never deletes by time to live, so
nothing but the product itself keeps expired data from being read. Every order is read

- once before anything expires, by a process that has opened no key yet, in random order: how many are readable, and how
  many calls of KMS a thousand reads cost (``kms_calls_per_1000_reads``);
- once as its day begins, before the task that destroys keys has run: the clock alone has to refuse it
  (``readable_after_expiry``);
- once from a copy of the Pii table that was taken at the start, put back after the last key was destroyed, with the
  clock turned back to the start, so that the clock refuses nothing (``readable_from_copy``).

That the copy is worth something is shown as well: ``copy_readable_with_keys`` of one order a day opened from it, with
the clock turned back in the same way, before the key was destroyed.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import moto.dynamodb.models as moto_tables
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table

from quayside.compliance import pii_service, pii_store
from quayside.compliance.tasks import ComplianceTask, Work
from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics, logger
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import pii_vault
from quayside.storage.pii_vault import OrderReference, PersonalData, PersonalDataExpired, Reading
from tests.bench.catalogue import Result
from tests.bench.harness import Run, handlers_log
from tests.support.amazon import entropy_of
from tests.support.aws import ACCOUNT, REGION, START, Aws, aws

ORDERS = 10_000
DAYS = 60
SEED = 20261121
T = tenant_id_of("seller")
CONNECTION = connection_id_of(T, "EU", "A1")
READING = Reading("member-1", "label")


class Sealed(NamedTuple):
    """One order and what was sealed for it."""

    order: OrderReference
    day: date
    fields: dict[str, str]


def measure(run: Run) -> Result:
    """Seal, read, let every day pass, and read the copy."""
    with handlers_log(run), aws() as cloud:
        orders = _orders(run.share(ORDERS), cloud)
        with _process(), _uncopied_tables():
            _seal(run, orders, cloud)
        before, calls = _read_before(run, orders, cloud)
        table = dynamodb_backends[ACCOUNT][REGION].tables["PiiTable"]
        taken = copy.deepcopy(table.items)
        after, controls = _let_days_pass(run, orders, cloud)
        destroyed = sum(len(pii_store.destroyed_on(_day(number))) for number in range(DAYS + 1))
        table.items = taken
        _set(cloud, START)
        with _process():
            from_copy = _readable(orders, cloud)
        run.say(f"{from_copy} of {len(orders)} orders are readable from the copy.")
        return {
            "orders": len(orders),
            "days": DAYS,
            "readable_after_expiry": after,
            "readable_from_copy": from_copy,
            "readable_before_expiry_share": before / len(orders),
            "kms_calls_per_1000_reads": round(1000 * calls / len(orders), 1),
            "keys_destroyed": destroyed,
            "copy_readable_with_keys": controls,
        }


def _day(number: int) -> date:
    return START.date() + timedelta(days=number)


def _orders(count: int, cloud: Aws) -> list[Sealed]:
    random = Random(SEED)
    _set(cloud, START)
    return [
        Sealed(
            OrderReference(CONNECTION, f"302-{number:07d}-{random.randrange(10**7):07d}"),
            _day(1 + number % DAYS),
            {
                "name": f"Buyer {random.randrange(10**9)}",
                "address_line_1": f"{random.randrange(1, 999)} Harbour Street",
                "city": random.choice(["Hamburg", "Lyon", "Leeds"]),
                "postal_code": f"{random.randrange(10**5):05d}",
            },
        )
        for number in range(count)
    ]


@contextmanager
def _process() -> Iterator[None]:
    """Act as a process that has opened no key yet, for the seller in scope."""
    pii_vault._open_keys.clear()
    with tenant_scope(T):
        yield


@contextmanager
def _uncopied_tables() -> Iterator[None]:
    """Keep moto from copying whole tables for each transaction, which costs time and memory by their square.

    The copies are for taking a refused transaction back, so one that is refused ends the benchmark.
    """

    def deepcopy(what: Any, memo: dict[int, Any] | None = None) -> Any:
        return what if isinstance(what, Table) else copy.deepcopy(what, memo)

    write = DynamoDBBackend.transact_write_items

    def all_or_nothing(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        try:
            write(self, transact_items)
        except Exception as problem:
            raise AssertionError("A transaction was refused and cannot be taken back here.") from problem

    with (
        patch.object(moto_tables, "copy", SimpleNamespace(deepcopy=deepcopy)),
        patch.object(DynamoDBBackend, "transact_write_items", all_or_nothing),
    ):
        yield


def _seal(run: Run, orders: Sequence[Sealed], cloud: Aws) -> None:
    for number, each in enumerate(orders, 1):
        data = PersonalData(each.fields)
        if not pii_vault.put(each.order, data, expires_on=each.day, source="amazon:orders", clock=cloud.clock):
            raise AssertionError("An order that has not expired was not stored.")
        if number % 1000 == 0:
            run.say(f"{number} orders sealed.")


def _read_before(run: Run, orders: Sequence[Sealed], cloud: Aws) -> tuple[int, int]:
    """Return how many are readable before they expire, and how often KMS was called."""
    calls = 0

    def called(**_: Any) -> None:
        nonlocal calls
        calls += 1

    shuffled = list(orders)
    Random(SEED).shuffle(shuffled)
    events = cloud.store.tenant.kms.meta.events
    events.register("before-call.kms", called)
    with _process():
        readable = _readable(shuffled, cloud)
    events.unregister("before-call.kms", called)
    run.say(f"{readable} of {len(orders)} orders are readable before they expire, with {calls} calls of KMS.")
    return readable, calls


def _let_days_pass(run: Run, orders: Sequence[Sealed], cloud: Aws) -> tuple[int, int]:
    """Return how many were readable although their day had begun, and of how many days the copy opened before."""
    readable = controls = 0
    task = ComplianceTask("pii.expire")
    work = Work(cloud.clock, entropy_of(1), CountedMetrics(), logger("compliance_worker"), lambda: False)
    for number in range(1, DAYS + 1):
        ends = [each for each in orders if each.day == _day(number)]
        _set(cloud, START)
        with _process():
            controls += _readable(ends[:1], cloud)
        cloud.clock.advance((pii_vault.ends_at(_day(number)) - cloud.clock.now()).total_seconds())
        with _process():
            readable += _readable(ends, cloud)
        pii_service.expire(task, work)
        if number % 10 == 0:
            run.say(f"{number} of {DAYS} days have passed; {readable} orders were readable after their end.")
    return readable, controls


def _readable(orders: Sequence[Sealed], cloud: Aws) -> int:
    count = 0
    for each in orders:
        try:
            count += pii_vault.read(each.order, READING, clock=cloud.clock).reveal() == each.fields
        except PersonalDataExpired:
            continue
    return count


def _set(cloud: Aws, at: Any) -> None:
    cloud.clock.advance((at - cloud.clock.now()).total_seconds())
