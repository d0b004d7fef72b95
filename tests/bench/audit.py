"""A chain of 100,000 audit entries: verified in one go, tampered with in five ways, and written to by many at once.

The embedded AWS has the real template's table, bucket and keys, and this process the compliance worker's role, which
can add to a chain and read it, and nothing else. The entries are made by the product's own rule and laid down by the
account's owner, who is also the one that tampers: with each way in turn, once, and undone before the next.

``verified_per_cpu_second`` counts the CPU time of this process for one whole ``verify``: reading every volume, every
hash and link, the checkpoint and its signature. ``named`` says in how many of the five ways the first problem that is
named is the entry that was tampered with. For ``contention`` writers append to one chain at once without a pause;
``lost`` is what was acknowledged and is not in the chain, or in it twice.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from typing import Any, NamedTuple

from quayside.compliance import audit_service
from quayside.kernel.clock import Clock, FixedClock, parse_instant
from quayside.kernel.ids import tenant_id_of
from quayside.kernel.settings import load_settings
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import audit, keys, proofs
from quayside.storage.audit import AuditEvent, Contention
from quayside.storage.audit_chain import Head, Sealed, seal
from quayside.storage.connection import KEEPS_PROMISES, Store, binding
from tests.bench.catalogue import Result
from tests.bench.deployment import as_function, deploy
from tests.bench.embedded_aws import embedded_aws
from tests.bench.harness import Run, Stopwatch

ENTRIES = 100_000
WRITERS = 8
APPENDS = 40
WORKER = "ComplianceWorker"
BEGAN = parse_instant("2026-01-01T00:00:00Z")
T, CONTENDED = tenant_id_of("long"), tenant_id_of("contended")
_BATCH = 25


def measure(run: Run) -> Result:
    """Lay the chain down, verify it, tamper with it, and let many write at once."""
    entries = run.share(ENTRIES)
    clock = FixedClock(BEGAN + timedelta(seconds=entries))
    with embedded_aws(run) as aws:
        functions = deploy(aws, (WORKER,))
        table = aws.operator.resource("dynamodb", endpoint_url=aws.endpoint).Table(
            functions[WORKER].environment["AUDIT_TABLE"]
        )
        with as_function(aws, functions[WORKER]):
            store = Store(load_settings(os.environ), KEEPS_PROMISES, clock=clock)
            with binding(store):
                return {
                    **_long_chain(run, entries, table, clock),
                    "contention": _contention(run, clock),
                }


def _long_chain(run: Run, entries: int, table: Any, clock: Clock) -> Result:
    _lay_down(run, entries, table)
    taken = audit_service.checkpoint(keys.audit_shard(T), None, clock=clock, mark="bench", time_is_short=lambda: False)
    public_key = proofs.public_key()
    watch = Stopwatch()
    with watch.running():
        checked = audit_service.verify(T, clock=clock, public_key_pem=public_key)
    run.say(f"{checked.verified.entries} entries verified, intact: {checked.intact}.")
    detected = named = 0
    for name, tampering in TAMPERINGS.items():
        with tampering(_Table(table), entries // 2) as tampered:
            found = audit_service.verify(T, clock=clock, public_key_pem=public_key).verified
        detected += not found.intact
        named += bool(found.problems) and found.problems[0].sequence == tampered
        run.say(f"{name}: {found.problems[0].words if found.problems else 'NOT FOUND'}")
    again = audit_service.verify(T, clock=clock, public_key_pem=public_key)
    return {
        "entries": checked.verified.entries,
        "verified_per_cpu_second": round(watch.rate(checked.verified.entries)),
        "tamperings": len(TAMPERINGS),
        "detected": detected,
        "named": named,
        "false_alarms": int(not checked.intact) + int(not again.intact) + len(taken.broken),
    }


def _lay_down(run: Run, entries: int, table: Any) -> None:
    table_name = table.name
    client = table.meta.client
    run.say(f"A chain of {entries} entries is laid down.")
    # The first one by the product itself, which registers the chain and begins its first volume.
    with tenant_scope(T):
        audit.append(_event(0), clock=FixedClock(BEGAN))
        head = audit.find_head(T)
    items: list[dict[str, Any]] = []
    for number in range(1, entries):
        sealed = seal(_event(number), T, head, BEGAN + timedelta(seconds=number), f"{number:016x}")
        head = sealed.head
        items += _items(sealed)
        if len(items) >= _BATCH or number == entries - 1:
            for first in range(0, len(items), _BATCH):
                batch = [{"PutRequest": {"Item": item}} for item in items[first : first + _BATCH]]
                client.batch_write_item(RequestItems={table_name: batch})
            items = []
    audit.forget_heads()


def _event(number: int) -> AuditEvent:
    return AuditEvent("credential.used", "sync_worker", f"connection/{number % 7}", details={"count": str(number)})


def _items(sealed: Sealed) -> list[dict[str, Any]]:
    entry = sealed.entry
    volume, place = divmod(entry.sequence, audit.VOLUME_ENTRIES)
    common = {"kind": "audit_entry", "source": "quayside"}
    ends = audit.expires_at(parse_instant(entry.at))
    made: list[dict[str, Any]] = [
        {**keys.audit_entry(T, volume, entry.sequence)._asdict(), **common, "text": sealed.text}
        | {"hash": sealed.hash, "expires_at": ends}
    ]
    if not place:
        begun = {**keys.audit_volume(T, volume)._asdict(), "began_at": entry.at}
        made.append({**begun, "kind": "audit_volume", "source": "quayside"})
    return made


class _Table:
    """The entries of the long chain, as somebody sees them who can write to the table past the product."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def get(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self._table.get_item(Key=self.place(number), ConsistentRead=True)["Item"]
        return found

    def put(self, item: dict[str, Any]) -> None:
        self._table.put_item(Item=item)

    def delete(self, item: dict[str, Any]) -> None:
        self._table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})

    @staticmethod
    def place(number: int) -> dict[str, str]:
        return keys.audit_entry(T, number // audit.VOLUME_ENTRIES, number)._asdict()

    @contextmanager
    def undone(self, *numbers: int) -> Iterator[list[dict[str, Any]]]:
        """Hand out entries, and put them back as they were."""
        items = [self.get(number) for number in numbers]
        try:
            yield items
        finally:
            for item in items:
                self.put(item)


type _Tampering = Callable[[_Table, int], Any]


@contextmanager
def _edit(table: _Table, at: int) -> Iterator[int]:
    with table.undone(at) as (item,):
        table.put({**item, "text": item["text"].replace("sync_worker", "sync_walker")})
        yield at


@contextmanager
def _delete(table: _Table, at: int) -> Iterator[int]:
    with table.undone(at) as (item,):
        table.delete(item)
        yield at


@contextmanager
def _insert(table: _Table, at: int) -> Iterator[int]:
    """One more entry behind the end, well formed, and not what was written behind the last."""
    last = end_of_the_chain()
    forged = seal(_event(at), T, Head(last.sequence, "0" * 64, last.at), BEGAN, "forged")
    (item, *_) = _items(forged)
    table.put(item)
    try:
        yield forged.entry.sequence
    finally:
        table.delete(item)


@contextmanager
def _swap(table: _Table, at: int) -> Iterator[int]:
    with table.undone(at, at + 1) as (one, other):
        table.put({**one, "sk": other["sk"]})
        table.put({**other, "sk": one["sk"]})
        yield at


@contextmanager
def _truncate(table: _Table, at: int) -> Iterator[int]:
    del at
    last = end_of_the_chain().sequence
    with table.undone(last - 1, last) as items:
        for item in items:
            table.delete(item)
        yield last - 1


TAMPERINGS: dict[str, _Tampering] = {
    "edit": _edit,
    "delete": _delete,
    "insert": _insert,
    "swap": _swap,
    "truncate": _truncate,
}


def end_of_the_chain() -> Head:
    """Return where the long chain ends."""
    with tenant_scope(T):
        head = audit.find_head(T)
    if head is None:
        raise RuntimeError("The long chain is gone.")
    return head


class _Appended(NamedTuple):
    sequences: tuple[int, ...]
    seconds: tuple[float, ...]
    waits: int


def _contention(run: Run, clock: Clock) -> Result:
    run.say(f"{WRITERS} writers append {APPENDS} entries each to one chain.")

    def write() -> _Appended:
        waits = 0

        def wait(seconds: float) -> None:
            nonlocal waits
            waits += 1
            time.sleep(seconds)

        sequences: list[int] = []
        took: list[float] = []
        for number in range(APPENDS):
            began = time.monotonic()
            entry = audit.append(_event(number), clock=clock, contention=Contention(wait=wait))
            took.append(time.monotonic() - began)
            sequences.append(entry.sequence)
        return _Appended(tuple(sequences), tuple(took), waits)

    with tenant_scope(CONTENDED), ThreadPoolExecutor(WRITERS) as threads:
        waiting = [threads.submit(copy_context().run, write) for _ in range(WRITERS)]
        written = [each.result() for each in waiting]
    return _judged(written, clock)


def _judged(written: Sequence[_Appended], clock: Clock) -> Result:
    checked = audit_service.verify(CONTENDED, clock=clock, public_key_pem=proofs.public_key())
    acknowledged = [sequence for each in written for sequence in each.sequences]
    seconds = sorted(each for one in written for each in one.seconds)
    return {
        "writers": len(written),
        "appended": len(acknowledged),
        "lost": len(acknowledged) - len(set(acknowledged)) + abs(len(acknowledged) - checked.verified.entries),
        "broken": int(not checked.intact),
        "tries_per_append": round(1 + sum(each.waits for each in written) / len(acknowledged), 2),
        "append_p95_ms": round(seconds[len(seconds) * 95 // 100] * 1000),
    }
