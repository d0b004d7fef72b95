"""Use cases of the audit trail: taking checkpoints, verifying chains, showing entries."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

import msgspec

from quayside.accounts import service as accounts
from quayside.compliance import audit_store
from quayside.compliance.audit_views import AuditPage, entry_view
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit, audit_verification, keys
from quayside.storage.audit import APPLICATION, AuditEvent
from quayside.storage.audit_chain import Entry, Head
from quayside.storage.audit_verification import Anchor, Verified

CHAINS_OF_A_CHECKPOINT = 500
"""So many chains at most share one signature and one object."""
CARRIED_ON_AFTER = timedelta(days=180)
"""A chain that nothing was added to for so long gets an entry of its own, so that its end never expires."""
EXAMINED_AT_MOST = 2000
"""How many entries one page looks at; a filter that needs more goes on with the next page."""


class Checkpoint(NamedTuple):
    """What became of one shard.

    Attributes:
        key: the object that was written; None when no chain was left.
        chains: how many chains it speaks of.
        broken: what was found wrong with chains; they are not part of the checkpoint.
        next_chain: behind which chain the next part goes on; None when this was the last.
    """

    key: str | None
    chains: int
    broken: tuple[Verified, ...]
    next_chain: str | None


def checkpoint(
    shard: int, after: str | None, *, clock: Clock, mark: str, time_is_short: Callable[[], bool]
) -> Checkpoint:
    """Verify what was added to the chains of a shard since their last checkpoint, and sign where they end.

    A chain that is not what its last checkpoint says is left out and reported: a signature must never vouch for it.
    Doing it twice writes one more checkpoint and does no harm.

    Args:
        shard: which part of the register.
        after: behind which chain to begin.
        clock: the time.
        mark: tells this object from others of the same second.
        time_is_short: whether to end with what there is.
    """
    now = clock.now()
    heads: dict[str, Head] = {}
    broken: list[Verified] = []
    last: str | None = None
    more = False
    for chain in audit.chains(shard, after):
        if len(heads) == CHAINS_OF_A_CHECKPOINT or (last is not None and time_is_short()):
            more = True
            break
        last = chain
        with audit.chain_scope(chain):
            found = _verify_since(chain, now)
            if not found.intact:
                broken.append(found)
                continue
            head = found.head
            if head is not None and parse_instant(head.at) + CARRIED_ON_AFTER <= now:
                head = _carry_on(chain, clock)
            if head is not None:
                heads[chain] = head
    key = audit_store.put(shard, now, mark, heads) if heads else None
    return Checkpoint(key, len(heads), tuple(broken), last if more else None)


def _verify_since(chain: str, now: datetime) -> Verified:
    kept = audit_store.newest_of(chain, now)
    head = None if kept is None else kept.head(chain)
    if head is None:
        return audit_verification.verify(chain, audit.rows(chain), expires_at=audit.expires_at)
    return audit_verification.verify(
        chain,
        audit.rows(chain, head.sequence, head.sequence),
        expires_at=audit.expires_at,
        anchors=[Anchor(head.sequence, head.hash)],
        may_begin_at=head.sequence,
    )


def _carry_on(chain: str, clock: Clock) -> Head | None:
    event = AuditEvent("audit.carried_on", "compliance_worker", "chain/own")
    if chain == APPLICATION:
        audit.append_application(event, clock=clock)
    else:
        audit.append(event, clock=clock)
    return audit.find_head(chain)


class Checked(NamedTuple):
    """What ``verify`` says of a chain.

    Attributes:
        verified: what was found.
        checkpoint: when the checkpoint was taken that the chain was held against; None when there is none yet.
        signature_good: whether that checkpoint's signature is good; True when there is none.
    """

    verified: Verified
    checkpoint: str | None
    signature_good: bool

    @property
    def intact(self) -> bool:
        """Whether nothing is wrong with the chain nor with its checkpoint."""
        return self.verified.intact and self.signature_good


def verify(chain: str, *, clock: Clock, public_key_pem: str) -> Checked:
    """Read a whole chain and hold it against its newest checkpoint.

    Its beginning may be missing only up to what a checkpoint knew that is older than entries are kept: it has expired.

    Args:
        chain: ``application``, or a tenant's id.
        clock: the time.
        public_key_pem: the public half of the proof key.
    """
    now = clock.now()
    newest = audit_store.newest_of(chain, now)
    oldest = audit_store.newest_before(chain, now - timedelta(days=audit.AUDIT_DAYS))
    expired = None if oldest is None else oldest.head(chain)
    head = None if newest is None else newest.head(chain)
    with audit.chain_scope(chain):
        found = audit_verification.verify(
            chain,
            audit.rows(chain, 0, 0 if head is None else head.sequence),
            expires_at=audit.expires_at,
            anchors=[] if head is None else [Anchor(head.sequence, head.hash)],
            may_begin_at=0 if expired is None else expired.sequence + 1,
        )
    good = all(each.signed_by(public_key_pem) for each in (newest, oldest) if each is not None)
    return Checked(found, None if newest is None else newest.taken_at, good)


def every_chain() -> list[str]:
    """Return the names of all chains."""
    return [chain for shard in range(keys.DUE_SHARDS) for chain in audit.chains(shard)]


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to show; what is None does not matter. Instants are ISO 8601."""

    since: str | None = None
    until: str | None = None
    area: str | None = None
    actor: str | None = None
    outcome: str | None = None


def entries(filters: Filters, cursor: str | None, limit: int) -> AuditPage:
    """Return one page of the entries of the tenant in scope, newest first.

    A page looks at ``EXAMINED_AT_MOST`` entries; when few of them are wanted it may be short and still not the last.

    Raises:
        InvalidInput: the cursor does not belong to this list, or an instant is none.
    """
    since = None if filters.since is None else format_instant(parse_instant(filters.since))
    until = None if filters.until is None else format_instant(parse_instant(filters.until))
    wanted = msgspec.structs.replace(filters, since=since, until=until)
    shown: list[Entry] = []
    last: int | None = None
    walk = audit.newest_first(current_tenant(), _before(cursor), until)
    ended = True
    for entry in islice(walk, EXAMINED_AT_MOST):
        if since is not None and entry.at < since:
            break
        if len(shown) == limit:
            ended = False
            break
        last = entry.sequence
        if _wanted(entry, wanted):
            shown.append(entry)
    else:
        ended = next(walk, None) is None
    names = accounts.names_of_members({entry.actor for entry in shown})
    return AuditPage(
        tuple(entry_view(entry, names.get(entry.actor)) for entry in shown),
        None if ended or last is None else encode_cursor(str(last)),
    )


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    (number,) = decode_cursor(cursor, 1)
    if not (number.isascii() and number.isdigit()) or len(number) > 12:  # noqa: PLR2004 - as many digits as a key has
        raise invalid_cursor()
    return int(number)


def _wanted(entry: Entry, filters: Filters) -> bool:
    return (
        (filters.until is None or entry.at <= filters.until)
        and (filters.area is None or entry.action.partition(".")[0] == filters.area)
        and (filters.actor is None or entry.actor == filters.actor)
        and (filters.outcome is None or entry.outcome == filters.outcome)
    )
