"""Amazon's own restock recommendations: stored as the daily report brings them, browsed, shown beside ours."""

from typing import TYPE_CHECKING

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.restock import store
from quayside.restock.records import Advice
from quayside.restock.views import ADVICE_COLUMNS, advice_row
from quayside.sync.sinks import Applied, Rejected, ReportLoad
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quayside.amazon.report_rows import AdviceRow

_CODES = 2
_AMAZONS_CODES = {"UK": "GB"}


def apply_advice_rows(load: ReportLoad, rows: "Sequence[AdviceRow]") -> Applied:
    """Store Amazon's recommendations for a marketplace, newer wins.

    A row of another country is left to that country's own report. A SKU that the report leaves out keeps what Amazon
    said of it last, with its age.
    """
    if len(load.marketplace_ids) != 1 or (place := find_marketplace(load.marketplace_ids[0])) is None:
        reason = "The report does not say for which marketplace it is."
        return Applied(0, 0, tuple(Rejected(f"line {row.line}", reason) for row in rows))
    here = [row for row in rows if _is_of(row.country, place.country_code)]
    said = [(row.seller_sku, _advice(row)) for row in here]
    with tenant_scope(load.tenant_id):
        tally = store.put_advice(load.connection_id, place.marketplace_id, said, received_at=load.received_at)
    return Applied(tally.applied, tally.stale + len(rows) - len(here))


def _is_of(country: str, country_code: str) -> bool:
    """Whether a row is of a country. A name in full says nothing here: it is in the language of the marketplace."""
    return len(country) != _CODES or _AMAZONS_CODES.get(country, country) == country_code


def _advice(row: "AdviceRow") -> Advice:
    return Advice(
        quantity=row.quantity,
        ship_on=None if row.ship_on is None else row.ship_on.isoformat(),
        days_of_supply=row.days_of_supply,
        alert=row.alert,
        action=row.action,
        asin=row.asin,
    )


def rows_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of Amazon's recommendations for a connection of the tenant in scope, by marketplace and SKU.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    places = reach.places(marketplace_id)
    found, following = store.browse_advice(connection_id, places, cursor, limit)
    rows = tuple(advice_row(place, each.seller_sku, each.content, each.computed_at) for place, each in found)
    return RowsPage(ADVICE_COLUMNS, rows, following, reach.as_of)
