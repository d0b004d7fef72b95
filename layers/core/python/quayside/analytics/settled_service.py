"""Use case of settlements beside transactions: compare the two, kind by kind."""

from datetime import timedelta

from quayside.analytics import settled_rules, sheet_store
from quayside.analytics.sheet_rules import months_between
from quayside.analytics.views import SettlementComparison
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.finance import settlement_service
from quayside.finance.service import FINANCES
from quayside.kernel.clock import Clock
from quayside.kernel.ids import ConnectionId

_DAY = timedelta(days=1)
HELD_BACK = timedelta(days=92)
"""Money that Amazon held back may be posted so long before the settlement that pays it."""

NOT_READ = "Transactions of this account were not read yet."
LOADING = "The lines of this settlement are still being read."
NONE_NAME_IT = "No transaction that was read names this settlement."


def compare(clock: Clock, connection_id: str, settlement_id: str) -> SettlementComparison:
    """Compare the lines of a settlement of the tenant in scope with the transactions that name it.

    Reads the settlement and its sheets of a few months, whatever the number of transactions.

    Raises:
        NotFound: there is no such connection or settlement.
    """
    found = settlement_service.settled_kinds(connection_id, settlement_id)
    checked = ConnectionId(connection_id)
    known = Known(connections.get(checked), connections.health_of(checked))
    as_of = known.as_of(FINANCES)
    months = months_between((found.started_at - HELD_BACK).date(), (found.ended_at + _DAY).date())
    posted = settled_rules.posted_of(
        sheet_store.of_product(checked, "", "SETTLED", settlement_id, months), found.currency
    )
    missing = LOADING if found.kinds is None else NOT_READ if as_of is None else None if posted else NONE_NAME_IT
    if missing is not None or found.kinds is None:
        return SettlementComparison(found.currency, missing, None, ())
    kinds = settled_rules.compared(found.kinds, posted)
    complete_from = known.complete_from(FINANCES)
    # What is posted until the end is read once transactions were read after it.
    whole = complete_from is not None and complete_from <= found.started_at
    whole = whole and as_of is not None and as_of >= found.ended_at
    figure = settled_rules.difference_figure(kinds, found.currency, as_of or clock.now(), whole=whole)
    return SettlementComparison(found.currency, None, figure, kinds)
