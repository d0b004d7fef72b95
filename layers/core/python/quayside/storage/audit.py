"""The audit trail in its table: append to a chain, and read it.

Entries lie in volumes of ``VOLUME_ENTRIES``, one partition each, under a key that follows from the entry's number
alone. An entry is put where nothing is yet, so two writers can never both become number *n*: the one that comes second
gets the entry that stands there back and goes on behind it. Nothing is ever updated or deleted, and no role of a
function may; whoever puts something over an entry all the same is found by ``audit_verification``. A process that knows
the end of a chain appends with one write; one that does not reads it with two small queries before.

An entry that can't be written is an error, never ignored: what must be recorded and is not has not happened.
"""

import random
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PynamoDBException

from quayside.kernel.clock import Clock, epoch_seconds, parse_instant
from quayside.kernel.errors import UpstreamUnavailable
from quayside.kernel.ids import check_tenant_id
from quayside.kernel.tenancy import current_tenant, tenant_scope
from quayside.storage import audit_chain, keys
from quayside.storage.audit_chain import APPLICATION, AuditEvent, Entry, Head, Sealed
from quayside.storage.audit_verification import Row
from quayside.storage.connection import Store, bound
from quayside.storage.tables import ApplicationAuditItem, AuditItem, create, every, page

__all__ = ["APPLICATION", "AuditEvent", "Contention", "Entry", "NotRecorded", "append", "append_application"]

AUDIT_DAYS = 548
"""How long an entry is kept at least: 18 months, half a year more than DPP 2.6 asks of security logs."""
_GRACE_DAYS = 12
"""DynamoDB may remove an entry so much later than it could: an entry that is missing sooner was taken out."""
VOLUME_ENTRIES = 1000
_CACHED_HEADS = 1024


class NotRecorded(UpstreamUnavailable):
    """The audit trail took no entry, so what was asked for is not done or counts as not done."""

    default_code = "not_recorded"
    default_action = "Try again in a minute."


class RecordEvent(Protocol):
    """Records an event, for the tenant in scope or (``application``) for the installation."""

    def __call__(self, event: AuditEvent, *, application: bool) -> None:
        """Record ``event``.

        Raises:
            NotRecorded: the audit trail took no entry.
        """
        ...


class AuditEntryItem(AuditItem):
    """An entry of the chain of the tenant in scope."""

    KIND = "audit_entry"

    text = UnicodeAttribute()
    hash = UnicodeAttribute()


class ApplicationEntryItem(ApplicationAuditItem):
    """An entry of the application's chain."""

    KIND = "audit_entry"

    text = UnicodeAttribute()
    hash = UnicodeAttribute()


class VolumeItem(AuditItem):
    """That a volume of a tenant's chain was begun, and when."""

    KIND = "audit_volume"

    began_at = UnicodeAttribute()


class ApplicationVolumeItem(ApplicationAuditItem):
    """That a volume of the application's chain was begun, and when."""

    KIND = "audit_volume"

    began_at = UnicodeAttribute()


class ChainItem(ApplicationAuditItem):
    """That there is a chain: the register by which all of them are found."""

    KIND = "audit_chain"


class Contention(NamedTuple):
    """How an append behaves when others write to the same chain.

    Attributes:
        tries: after how many it gives up.
        shortest_seconds: the longest first wait; it doubles with every try.
        longest_seconds: no wait is longer.
        draw: says where between nothing and the longest a wait lies, from 0 to 1.
        wait: waits.
    """

    tries: int = 40
    shortest_seconds: float = 0.005
    longest_seconds: float = 0.25
    draw: Callable[[], float] = random.random
    wait: Callable[[float], None] = time.sleep


CONTENTION = Contention()


def append(event: AuditEvent, *, clock: Clock, contention: Contention = CONTENTION) -> Entry:
    """Record an event in the chain of the tenant in scope, and return its entry.

    Raises:
        NotRecorded: the table did not answer, or others wrote to the chain without a pause.
        NoTenantInScope: no tenant is in scope.
    """
    return _append(current_tenant(), event, clock, contention)


def append_application(event: AuditEvent, *, clock: Clock, contention: Contention = CONTENTION) -> Entry:
    """Record an event that belongs to no tenant in the application's chain, and return its entry.

    Raises:
        NotRecorded: as ``append``.
    """
    return _append(APPLICATION, event, clock, contention)


def _append(chain: str, event: AuditEvent, clock: Clock, contention: Contention) -> Entry:
    heads = _heads()
    try:
        head = heads.get(chain) or find_head(chain)
        for attempt in range(contention.tries):
            sealed = audit_chain.seal(event, chain, head, clock.now(), secrets.token_hex(8))
            stands = _put(chain, sealed)
            if stands is None:
                _keep(heads, chain, sealed.head)
                return sealed.entry
            # The next place is behind what stands there; who lost twice looks for the end, which may be far on by now.
            head = find_head(chain) if attempt % 2 else stands
            longest = min(contention.longest_seconds, contention.shortest_seconds * 2**attempt)
            contention.wait(longest * contention.draw())
    except (PynamoDBException, BotoCoreError, ClientError) as problem:
        raise NotRecorded("The audit trail can't be written at the moment.") from problem
    raise NotRecorded("The audit trail is written to by too many at once.")


def _put(chain: str, sealed: Sealed) -> Head | None:
    """Write an entry in its place; return the end of the chain that stood there already, None when it was written."""
    entry = sealed.entry
    volume, place = divmod(entry.sequence, VOLUME_ENTRIES)
    if not place:
        if not volume:
            create(ChainItem, keys.audit_registered(chain), {})
        create(_volume_model(chain), keys.audit_volume(chain, volume), {"began_at": {"S": entry.at}})
    ends = {"N": str(expires_at(parse_instant(entry.at)))}
    written = create(
        _entry_model(chain),
        keys.audit_entry(chain, volume, entry.sequence),
        {"text": {"S": sealed.text}, "hash": {"S": sealed.hash}, "expires_at": ends},
    )
    # An answer that was lost on the way makes the connection write again, and then our own entry stands there.
    if written.applied or written.item["text"]["S"] == sealed.text:
        return None
    return _head_of(written.item["text"]["S"], written.item["hash"]["S"])


def expires_at(at: datetime) -> int:
    """Return when DynamoDB may remove an entry that was recorded at ``at``, in epoch seconds."""
    return epoch_seconds(at + timedelta(days=AUDIT_DAYS + _GRACE_DAYS))


def find_head(chain: str) -> Head | None:
    """Return where a chain ends, None when it has no entry. Strongly consistent."""
    newest = page(
        _volume_model(chain), keys.audit_volumes(chain), prefix="VOLUME#", limit=1, newest_first=True, consistent=True
    ).records
    volume = keys.audit_volume_number(newest[0].sk) if newest else 0
    head = _last_of(chain, volume)
    if head is None:
        return _last_of(chain, volume - 1) if volume else None
    # A writer that ended before it said so may have begun the next volume.
    while (head.sequence + 1) % VOLUME_ENTRIES == 0:
        volume += 1
        following = _last_of(chain, volume)
        if following is None:
            break
        head = following
    return head


def _last_of(chain: str, volume: int) -> Head | None:
    pk = keys.audit_entries(chain, volume)
    found = page(_entry_model(chain), pk, prefix="ENTRY#", limit=1, newest_first=True, consistent=True).records
    return _head_of(found[0].text, found[0].hash) if found else None


def _head_of(text: str, own_hash: str) -> Head:
    entry = audit_chain.read(text)
    return Head(entry.sequence, own_hash, entry.at)


def rows(chain: str, from_sequence: int = 0, at_least_to: int = 0) -> Iterator[Row]:
    """Yield what lies in the table of a chain from an entry on, in the order of the keys, strongly consistent.

    The first volume is taken from the list of volumes, but no volume between it and ``at_least_to`` is left out because
    the list lacks it: the list is no proof.
    """
    listed = [
        keys.audit_volume_number(each.sk)
        for each in every(_volume_model(chain), keys.audit_volumes(chain), prefix="VOLUME#")
    ]
    volume = max(from_sequence // VOLUME_ENTRIES, min(listed, default=0))
    last = max([*listed, at_least_to // VOLUME_ENTRIES])
    while True:
        found = 0
        for each in every(_entry_model(chain), keys.audit_entries(chain, volume)):
            row = _row(each, volume)
            if row.place is None or row.place >= from_sequence:
                yield row
            found += 1
        if volume >= last and not found:
            return
        volume += 1


def _row(item: AuditEntryItem | ApplicationEntryItem, volume: int) -> Row:
    sequence = keys.audit_sequence(item.sk)
    lies_here = sequence is not None and sequence // VOLUME_ENTRIES == volume
    ends = item.expires_at
    # Who puts a row in behind our back may leave out any part.
    return Row(sequence if lies_here else None, item.sk, item.text or "", item.hash or "", int(ends or 0))


def newest_first(chain: str, before: int | None = None, until: str | None = None) -> Iterator[Entry]:
    """Yield the entries of a chain, newest first.

    Args:
        chain: which one.
        before: only entries before this number.
        until: entries that were recorded later than this instant (ISO 8601) may be left out.
    """
    begun = list(every(_volume_model(chain), keys.audit_volumes(chain), prefix="VOLUME#"))
    volume = max(
        (keys.audit_volume_number(each.sk) for each in begun if until is None or each.began_at <= until), default=-1
    )
    after: str | None = None
    if before is not None and before // VOLUME_ENTRIES <= volume:
        volume = before // VOLUME_ENTRIES
        after = keys.audit_entry(chain, volume, before).sk
    while volume >= 0:
        pk = keys.audit_entries(chain, volume)
        part = page(_entry_model(chain), pk, prefix="ENTRY#", limit=100, newest_first=True, after=after)
        for each in part.records:
            yield audit_chain.read(each.text)
        after = part.next_sort_key
        if after is None:
            volume -= 1


def chains(shard: int, after: str | None = None) -> Iterator[str]:
    """Yield the names of the chains of one shard of the register, from the one behind ``after`` on.

    The register is read with the function's own role.
    """
    begins = "CHAIN#" if after is None else f"{keys.audit_registered(after).sk}{keys.LOWEST}"
    for each in every(ChainItem, keys.audit_chains(shard), between=(begins, f"CHAIN#{keys.HIGHEST}")):
        yield keys.decode(each.sk.removeprefix("CHAIN#"))


@contextmanager
def chain_scope(chain: str) -> Iterator[None]:
    """Act for the tenant whose chain it is until the block ends; the application's chain needs no tenant."""
    with nullcontext() if chain == APPLICATION else tenant_scope(check_tenant_id(chain)):
        yield


def _entry_model(chain: str) -> type[AuditEntryItem | ApplicationEntryItem]:
    return ApplicationEntryItem if chain == APPLICATION else AuditEntryItem


def _volume_model(chain: str) -> type[VolumeItem | ApplicationVolumeItem]:
    return ApplicationVolumeItem if chain == APPLICATION else VolumeItem


_known: WeakKeyDictionary[Store, OrderedDict[str, Head]] = WeakKeyDictionary()


def _heads() -> OrderedDict[str, Head]:
    """Return the ends of chains this process wrote lately: each saves a search, and none is trusted."""
    return _known.setdefault(bound(), OrderedDict())


def forget_heads() -> None:
    """Look for the ends of all chains anew: after the table was replaced by another, such as a restored one."""
    _known.pop(bound(), None)


def _keep(heads: OrderedDict[str, Head], chain: str, head: Head) -> None:
    heads[chain] = head
    heads.move_to_end(chain)
    while len(heads) > _CACHED_HEADS:
        heads.popitem(last=False)
