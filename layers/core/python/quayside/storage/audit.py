"""The audit trail in its table: append to a chain, and read it.

Entries lie in volumes of ``VOLUME_ENTRIES``, one partition each, under a key that follows from the entry's number
alone. An entry is put where nothing is yet, so two writers can never both become number *n*: the one that comes second
gets the entry that stands there back and goes on behind it. Nothing is ever updated, and no role of a function may
update or delete. A process that knows the end of a chain appends with one write; one that does not reads it with two
small queries before.

An entry that can't be written is an error, never ignored: what must be recorded and is not has not happened.
"""

import random
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PynamoDBException

from quayside.kernel.clock import Clock, epoch_seconds, parse_instant
from quayside.kernel.errors import UpstreamUnavailable
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit_chain, keys
from quayside.storage.audit_chain import APPLICATION, AuditEvent, Entry, Head, Sealed
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


def volumes(chain: str) -> list[int]:
    """Return the numbers of the volumes that a chain says it has, in order."""
    found = every(_volume_model(chain), keys.audit_volumes(chain), prefix="VOLUME#")
    return [keys.audit_volume_number(each.sk) for each in found]


def chains() -> Iterator[str]:
    """Yield the name of every chain there is; read with the function's own role."""
    for shard in range(keys.DUE_SHARDS):
        for each in every(ChainItem, keys.audit_chains(shard), prefix="CHAIN#"):
            yield keys.decode(each.sk.removeprefix("CHAIN#"))


def _entry_model(chain: str) -> type[AuditEntryItem | ApplicationEntryItem]:
    return ApplicationEntryItem if chain == APPLICATION else AuditEntryItem


def _volume_model(chain: str) -> type[VolumeItem | ApplicationVolumeItem]:
    return ApplicationVolumeItem if chain == APPLICATION else VolumeItem


_known: WeakKeyDictionary[Store, OrderedDict[str, Head]] = WeakKeyDictionary()


def _heads() -> OrderedDict[str, Head]:
    """Return the ends of chains this process wrote lately: each saves a search, and none is trusted."""
    return _known.setdefault(bound(), OrderedDict())


def _keep(heads: OrderedDict[str, Head], chain: str, head: Head) -> None:
    heads[chain] = head
    heads.move_to_end(chain)
    while len(heads) > _CACHED_HEADS:
        heads.popitem(last=False)
