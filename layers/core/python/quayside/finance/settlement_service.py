"""Use cases of settlements: list them, show how one is reconciled, and walk its lines."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from quayside.connections import service as connections
from quayside.finance import store
from quayside.finance.amount_rules import AmountKind, line_kind
from quayside.finance.records import (
    SettlementLineRecord,
    SettlementRecord,
    control_from,
    line_from,
    reconciliation_from,
    statement_from,
)
from quayside.finance.settlement_views import (
    SettlementDetail,
    SettlementLinePage,
    SettlementPage,
    detail_of,
    line_of,
    summary_of,
)
from quayside.kernel.clock import format_instant, from_epoch_seconds
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId

DATASET = "settlements"


class ReconciledSpan(NamedTuple):
    """A stretch of time whose money in one currency is reconciled with what Amazon paid; the end is not included."""

    currency: str
    started_at: datetime
    ended_at: datetime


class SettledKinds(NamedTuple):
    """What the lines of a settlement come to by kind, in minor units; None while they are still being read."""

    currency: str
    started_at: datetime
    ended_at: datetime
    kinds: Mapping[AmountKind, int] | None


def list_settlements(connection_id: str | None, cursor: str | None, limit: int) -> SettlementPage:
    """List the settlements of the tenant in scope, account by account, the latest payout first.

    Args:
        connection_id: of this account alone.
        cursor: where the page before ended.
        limit: how many at most.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    known = [each for each in connections.known() if connection_id in (None, each.connection_id)]
    if connection_id is not None and not known:
        raise NotFound("There is no such connection.", code="no_such_connection")
    found = store.browse_settlements([each.connection_id for each in known], cursor, limit)
    ages = [at for each in known if each.has_data and (at := each.as_of(DATASET)) is not None]
    return SettlementPage(
        tuple(summary_of(of, record) for of, record in found.found),
        found.next_cursor,
        format_instant(min(ages)) if ages else None,
    )


def get_settlement(connection_id: str, settlement_id: str) -> SettlementDetail:
    """Show how one settlement of the tenant in scope is reconciled.

    Raises:
        NotFound: there is no such connection or settlement.
    """
    return detail_of(connection_id, _settlement(connection_id, settlement_id))


def settled_kinds(connection_id: str, settlement_id: str) -> SettledKinds:
    """Return what the lines of one settlement of the tenant in scope come to by kind.

    Raises:
        NotFound: there is no such connection or settlement.
    """
    record = _settlement(connection_id, settlement_id)
    statement = statement_from(record.facts)
    settled = control_from(record.control).state != "loading"
    found = reconciliation_from(record.reconciliation) if settled else None
    ended_at = statement.deposited_at if statement.ended_at is None else statement.ended_at
    started_at = ended_at if statement.started_at is None else statement.started_at
    return SettledKinds(
        statement.currency,
        from_epoch_seconds(started_at),
        from_epoch_seconds(ended_at),
        None if found is None else {each.kind: each.amount_minor for each in found.kinds},
    )


def list_lines(
    connection_id: str, settlement_id: str, kind: AmountKind | None, cursor: str | None, limit: int
) -> SettlementLinePage:
    """List the lines of one settlement of the tenant in scope, of one kind when it is given.

    Raises:
        NotFound: there is no such connection or settlement.
        InvalidInput: the cursor is not one of ours.
    """
    _settlement(connection_id, settlement_id)

    def wanted(record: SettlementLineRecord) -> bool:
        return kind is None or line_kind(line_from(record.facts)) is kind

    found = store.browse_lines_of(ConnectionId(connection_id), settlement_id, cursor, limit, wanted)
    return SettlementLinePage(tuple(line_of(record) for _, record in found.found), found.next_cursor)


def _settlement(connection_id: str, settlement_id: str) -> SettlementRecord:
    connections.get(ConnectionId(connection_id))
    record = store.settlement(ConnectionId(connection_id), settlement_id)
    if record is None:
        raise NotFound("There is no such settlement.", code="no_such_settlement")
    return record


def reconciled_spans(connection_id: ConnectionId) -> tuple[ReconciledSpan, ...]:
    """Return the stretches of time of a connection whose settlements are reconciled, oldest first.

    It is what turns a posted figure into a reconciled one. One query over a few dozen summaries.
    """
    spans = []
    for _, record in store.settlements(connection_id):
        statement, found = statement_from(record.facts), reconciliation_from(record.reconciliation)
        settled = control_from(record.control).state != "loading" and found is not None
        if settled and found is not None and found.state == "reconciled" and statement.started_at is not None:
            ended_at = statement.deposited_at if statement.ended_at is None else statement.ended_at
            spans.append(
                ReconciledSpan(
                    statement.currency, from_epoch_seconds(statement.started_at), from_epoch_seconds(ended_at)
                )
            )
    return tuple(spans)
