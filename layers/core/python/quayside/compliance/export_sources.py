"""What an export consists of: which rows of which feature go into which file, and how a page of them is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from quayside.analytics import service as analytics
from quayside.catalog import brand_service as brands
from quayside.catalog import export_service as catalog_made
from quayside.catalog import service as catalog
from quayside.compliance.export_rules import Source
from quayside.connections.records import Connection
from quayside.finance import cost_export_service as costs
from quayside.finance import service as finance
from quayside.fulfilment import service as fulfilment
from quayside.inventory import own_export_service as own_stock
from quayside.inventory import service as inventory
from quayside.kernel.ids import ConnectionId
from quayside.messages import service as messages
from quayside.orders import returns
from quayside.orders import service as orders
from quayside.procurement import export_service as procurement
from quayside.restock import advice_service
from quayside.reviews import service as reviews
from quayside.sourcing import export_service as leads
from quayside.sourcing import research_service as sourcing
from quayside.supply_chain import export_service as shipments
from quayside.supply_chain import service as supply_chain
from quayside.sync import registry
from quayside.sync.views import RowsPage

READ_AT_ONCE = 500
"""How many rows are read at once."""


class Walker(NamedTuple):
    """How the rows of a dataset are read.

    Attributes:
        view: returns a page: of a connection, a dataset, a marketplace, from a cursor on.
        dataset: what the registry calls it.
        by_marketplace: whether one marketplace is read after the other.
    """

    view: Callable[[ConnectionId, str, str | None, str | None, int], RowsPage]
    dataset: str
    by_marketplace: bool = False


WALKERS: Mapping[str, Walker] = {
    "orders": Walker(orders.rows_view, registry.ORDERS, by_marketplace=True),
    "order_lines": Walker(orders.lines_view, registry.ORDERS, by_marketplace=True),
    "inventory": Walker(inventory.rows_view, registry.INVENTORY),
    "listings": Walker(catalog.rows_view, registry.LISTINGS),
    "catalog_items": Walker(catalog.rows_view, registry.CATALOG_ITEMS),
    "finances": Walker(finance.rows_view, registry.FINANCES),
    "settlements": Walker(finance.rows_view, registry.SETTLEMENTS),
    "settlement_lines": Walker(finance.lines_view, registry.SETTLEMENTS),
    "fees": Walker(finance.rows_view, registry.FEES),
    "returns": Walker(returns.rows_view, registry.RETURNS),
    "inbound_shipments": Walker(supply_chain.rows_view, registry.INBOUND_SHIPMENTS),
    "sales_and_traffic": Walker(analytics.rows_view, registry.SALES_AND_TRAFFIC),
    "restock_advice": Walker(advice_service.rows_view, registry.RESTOCK_ADVICE),
    "recipients": Walker(fulfilment.rows_view, registry.RECIPIENTS),
    "review_requests": Walker(reviews.rows_view, registry.REVIEW_REQUESTS),
    "buyer_messages": Walker(messages.rows_view, registry.BUYER_MESSAGES),
    "product_research": Walker(sourcing.rows_view, registry.PRODUCT_RESEARCH),
}
"""What an export consists of, in the order of its files. A test compares it with what the API lets people browse."""

MADE: Mapping[str, Walker] = {
    "listing_changes": Walker(catalog_made.changes, "listing_changes", by_marketplace=True),
}
"""What members made that belongs to a connection; the API shows it beside what it is about and not as a dataset."""

OWN: Mapping[str, Callable[[str, str | None, int], RowsPage]] = {
    "own_locations": own_stock.rows,
    "own_stock": own_stock.rows,
    "own_movements": own_stock.rows,
    "cost_lots": costs.rows,
    "other_costs": costs.rows,
    "exchange_rates": costs.rows,
    "catalog_views": catalog_made.views,
    "brand_tags": brands.rows,
    **dict.fromkeys(procurement.DATASETS, procurement.rows),
    **dict.fromkeys(leads.DATASETS, leads.rows),
    **dict.fromkeys(shipments.DATASETS, shipments.rows),
}
"""What the seller made and no connection brought: returns a page of a dataset from a cursor on.

It is in an export of all connections alone, for it belongs to none of them.
"""

_OF_CONNECTIONS: Mapping[str, Walker] = {**WALKERS, **MADE}


def datasets(*, with_own: bool) -> tuple[str, ...]:
    """Return the datasets of an export in the order of its files; ``with_own`` when it is one of all connections."""
    return (*_OF_CONNECTIONS, *(OWN if with_own else ()))


def sources(exported: Sequence[Connection], *, with_own: bool) -> tuple[Source, ...]:
    """Return what is read of these connections, in its order, and what belongs to none of them."""
    found: list[Source] = []
    for name, walker in _OF_CONNECTIONS.items():
        for each in exported:
            places = each.marketplace_ids if walker.by_marketplace else (None,)
            found += [Source(name, each.connection_id, place) for place in places]
    if with_own:
        found += [Source(name, "") for name in OWN]
    return tuple(found)


def page(source: Source, cursor: str | None) -> RowsPage:
    """Return a page of the rows of a source, from a cursor on."""
    if source.dataset in OWN:
        return OWN[source.dataset](source.dataset, cursor, READ_AT_ONCE)
    walker = _OF_CONNECTIONS[source.dataset]
    return walker.view(ConnectionId(source.connection_id), walker.dataset, source.marketplace_id, cursor, READ_AT_ONCE)
