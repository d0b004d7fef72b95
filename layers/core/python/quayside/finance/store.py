"""Reads and writes of money. Every function acts for the tenant in scope."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import NamedTuple

from quayside.finance.records import (
    FEE_PREFIX,
    LINE_PREFIX,
    SETTLEMENT_PREFIX,
    TRANSACTION_PREFIX,
    FeeRecord,
    SettlementLineRecord,
    SettlementRecord,
    TransactionRecord,
    control_from,
    line_from,
    line_number_of,
    settlement_id_of,
    statement_from,
    text_of,
)
from quayside.finance.rules import (
    LOADING,
    FeeFacts,
    FeeRefusal,
    LineFacts,
    StatementFacts,
    TransactionFacts,
    transaction_version,
)
from quayside.finance.settlement_rules import Reconciliation
from quayside.kernel.clock import epoch_milliseconds, epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.facts import Browsed, Fact, Shelf, Tally, browse, monthly, said, stored, upsert, version_of
from quayside.storage.keys import Key
from quayside.storage.tables import every, look_up, write

TRANSACTIONS = "amazon:finances/2024-06-19"
SETTLEMENT_REPORT = "amazon:reports/GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
FEES = "amazon:productFees/v0"

MONTHS = 26
"""How many months of transactions there can be: two years of history and those that are just beginning and ending."""


class Posted(NamedTuple):
    """A transaction and its place: its id and when it was posted."""

    transaction_id: str
    posted_at: datetime
    facts: TransactionFacts


def put_transactions(connection_id: ConnectionId, transactions: Iterable[Posted], *, received_at: datetime) -> Tally:
    """Store transactions, one fact an id: the later in its life wins, whatever Amazon calls its posting date by then.

    A transaction that is not under its own key is looked for by its id. When Amazon moved it to another date, the old
    place is emptied first: after a crash in between the page is fetched again and the fact comes back.
    """
    received = epoch_milliseconds(received_at)
    told = 0
    latest: dict[str, tuple[int, Posted]] = {}
    for each in transactions:
        told += 1
        version = transaction_version(each.facts.status, received)
        present = latest.get(each.transaction_id)
        if present is None or present[0] <= version:
            latest[each.transaction_id] = (version, each)
    tenant_id = current_tenant()
    facts: dict[str, Fact] = {}
    for transaction_id, (version, each) in latest.items():
        lookup = keys.transaction_lookup(tenant_id, connection_id, transaction_id)
        facts[transaction_id] = Fact(
            keys.transaction(tenant_id, connection_id, each.posted_at, transaction_id),
            version,
            text_of(each.facts),
            (TransactionRecord.lookup_key.set(lookup),),
        )
    known = stored(TransactionRecord, (fact.key for fact in facts.values()))
    current = [
        fact
        for transaction_id, fact in facts.items()
        if fact.key in known or _moves_here(keys.transaction_lookup(tenant_id, connection_id, transaction_id), fact)
    ]
    tally = upsert(TransactionRecord, current, received_at=received_at, source=TRANSACTIONS, known=known)
    return Tally(tally.applied, told - tally.applied)


def _moves_here(lookup_key: str, fact: Fact) -> bool:
    """Empty the older places of a transaction that is new at this one; False when a later one stands elsewhere."""
    elsewhere: list[Key] = [key for key in look_up(lookup_key) if key != fact.key]
    for key in elsewhere:
        record = TransactionRecord.find(key)
        if record is not None and record.facts_version > fact.version:
            return False
    for key in elsewhere:
        TransactionRecord.remove(key)
    return True


def browse_transactions(
    connection_id: ConnectionId,
    newest: date,
    cursor: str | None,
    limit: int,
    wanted: Callable[[TransactionRecord], bool],
) -> Browsed[TransactionRecord]:
    """Return one page of transactions, newest first."""
    tenant_id = current_tenant()
    shelves = monthly(newest, MONTHS, lambda day: keys.transactions(tenant_id, connection_id, day))
    return browse(
        TransactionRecord,
        shelves,
        prefix=TRANSACTION_PREFIX,
        cursor=cursor,
        limit=limit,
        newest_first=True,
        wanted=wanted,
    )


def begin_settlement(
    connection_id: ConnectionId,
    settlement_id: str,
    statement: StatementFacts,
    *,
    report_id: str,
    received_at: datetime,
) -> Tally:
    """Store the summary of a settlement whose lines follow; what is not known to be balanced counts as loading.

    The same report again writes nothing when it is balanced already.
    """
    deposited = from_epoch_seconds(statement.deposited_at).date()
    key = keys.settlement(current_tenant(), connection_id, deposited, settlement_id)
    fact = Fact(
        key,
        version_of(received_at),
        text_of(statement),
        (SettlementRecord.report_id.set(report_id), SettlementRecord.control.set(text_of(LOADING))),
    )
    known = stored(SettlementRecord, [key])
    before = known.get(key)
    again = before is not None and before.report_id == report_id and control_from(before.control).state == "balanced"
    return upsert(
        SettlementRecord,
        [fact],
        received_at=received_at,
        source=SETTLEMENT_REPORT,
        # Whatever is not this report, balanced, is begun anew, even with the same summary.
        known=known if again else {},
    )


def put_lines(
    connection_id: ConnectionId, settlement_id: str, lines: Iterable[tuple[int, LineFacts]], *, received_at: datetime
) -> Tally:
    """Store lines of a settlement, each under its line in Amazon's file."""
    tenant_id = current_tenant()
    return upsert(
        SettlementLineRecord,
        [
            Fact(
                keys.settlement_line(tenant_id, connection_id, settlement_id, line),
                version_of(received_at),
                text_of(facts),
            )
            for line, facts in lines
        ],
        received_at=received_at,
        source=SETTLEMENT_REPORT,
    )


def settlements(connection_id: ConnectionId) -> Iterator[tuple[str, SettlementRecord]]:
    """Yield the settlements of a connection with their ids, oldest payout first; there are a few dozen at most."""
    partition = keys.settlements(current_tenant(), connection_id)
    for record in every(SettlementRecord, partition, prefix=SETTLEMENT_PREFIX):
        yield settlement_id_of(record.sk), record


def settlement(connection_id: ConnectionId, settlement_id: str) -> SettlementRecord | None:
    """Return a settlement by its id, the latest when Amazon moved its payout; there are a few dozen at most."""
    found = [record for each, record in settlements(connection_id) if each == settlement_id]
    return max(found, key=lambda record: record.facts_version, default=None)


def lines_of(connection_id: ConnectionId, settlement_id: str) -> Iterator[tuple[int, LineFacts]]:
    """Yield the lines of a settlement in the order of Amazon's file, each with its place in it."""
    partition = keys.settlement_lines(current_tenant(), connection_id, settlement_id)
    for record in every(SettlementLineRecord, partition, prefix=LINE_PREFIX):
        yield line_number_of(record.sk), line_from(record.facts)


def browse_lines_of(
    connection_id: ConnectionId,
    settlement_id: str,
    cursor: str | None,
    limit: int,
    wanted: Callable[[SettlementLineRecord], bool],
) -> Browsed[SettlementLineRecord]:
    """Return a page of the lines of one settlement, in the order of Amazon's file."""
    shelf = Shelf("lines", keys.settlement_lines(current_tenant(), connection_id, settlement_id))
    return browse(SettlementLineRecord, [shelf], prefix=LINE_PREFIX, cursor=cursor, limit=limit, wanted=wanted)


def browse_lines(connection_id: ConnectionId, cursor: str | None, limit: int) -> Browsed[SettlementLineRecord]:
    """Return a page of the lines of all settlements of a connection, one settlement after the other."""
    tenant_id = current_tenant()
    settled = every(SettlementRecord, keys.settlements(tenant_id, connection_id), prefix=SETTLEMENT_PREFIX)
    # Each once: a payout that Amazon moved to another day is stored under both.
    ids = dict.fromkeys(settlement_id_of(record.sk) for record in settled)
    shelves = [Shelf(each, keys.settlement_lines(tenant_id, connection_id, each)) for each in ids]
    return browse(SettlementLineRecord, shelves, prefix=LINE_PREFIX, cursor=cursor, limit=limit)


def keep_reconciliation(record: SettlementRecord, found: Reconciliation) -> bool:
    """Store how a settlement's lines explain its total, unless a newer summary came meanwhile; whether it did.

    A check that comes to the same result writes nothing.
    """
    control, reconciliation = text_of(found.control), text_of(found)
    if (record.control, record.reconciliation) == (control, reconciliation):
        return True
    return write(
        SettlementRecord,
        Key(record.pk, record.sk),
        [SettlementRecord.control.set(control), SettlementRecord.reconciliation.set(reconciliation)],
        SettlementRecord.facts_version == record.facts_version,
        source=SETTLEMENT_REPORT,
        returning="NONE",
    ).applied


def statement_of(record: SettlementRecord) -> StatementFacts:
    """Read the summary of a settlement."""
    return statement_from(record.facts)


def browse_settlements(
    connection_ids: Sequence[ConnectionId], cursor: str | None, limit: int
) -> Browsed[SettlementRecord]:
    """Return one page of settlements, connection by connection, the latest payout first."""
    tenant_id = current_tenant()
    shelves = [Shelf(each, keys.settlements(tenant_id, each)) for each in connection_ids]
    return browse(SettlementRecord, shelves, prefix=SETTLEMENT_PREFIX, cursor=cursor, limit=limit, newest_first=True)


def put_estimates(
    connection_id: ConnectionId,
    marketplace_id: str,
    estimates: Sequence[tuple[str, FeeFacts, datetime]],
    *,
    received_at: datetime,
) -> Tally:
    """Store estimates under their SKUs, each with the instant Amazon made it."""
    tenant_id = current_tenant()
    return upsert(
        FeeRecord,
        [
            Fact(
                keys.fee_estimate(tenant_id, connection_id, marketplace_id, sku),
                version_of(received_at),
                text_of(facts),
                (FeeRecord.estimated_at.set(epoch_seconds(estimated_at)),),
            )
            for sku, facts, estimated_at in estimates
        ],
        received_at=received_at,
        source=FEES,
        register="estimate",
        matters=_answers_anew("estimate", "refusal"),
    )


def put_refusals(
    connection_id: ConnectionId,
    marketplace_id: str,
    refusals: Sequence[tuple[str, FeeRefusal]],
    *,
    received_at: datetime,
) -> Tally:
    """Store that Amazon gives no estimate for a SKU; an estimate of before stays."""
    tenant_id = current_tenant()
    return upsert(
        FeeRecord,
        [
            Fact(
                keys.fee_estimate(tenant_id, connection_id, marketplace_id, sku),
                version_of(received_at),
                text_of(refusal),
            )
            for sku, refusal in refusals
        ],
        received_at=received_at,
        source=FEES,
        register="refusal",
        matters=_answers_anew("refusal", "estimate"),
    )


def _answers_anew(mine: str, other: str) -> Callable[[FeeRecord, Fact], bool]:
    """Return whether Amazon's last answer was of the other kind, so that the same answer as before is news again."""

    def matters(record: FeeRecord, _fact: Fact) -> bool:
        before, between = said(record, mine), said(record, other)
        return before is not None and between is not None and between.version > before.version

    return matters


def browse_fees(
    connection_id: ConnectionId, marketplace_ids: Sequence[str], cursor: str | None, limit: int
) -> Browsed[FeeRecord]:
    """Return one page of fee estimates by marketplace and SKU."""
    tenant_id = current_tenant()
    shelves = [Shelf(place, keys.fee_estimates(tenant_id, connection_id, place)) for place in marketplace_ids]
    return browse(FeeRecord, shelves, prefix=FEE_PREFIX, cursor=cursor, limit=limit)
