"""How the data of an account is kept in step: freshness, runs, rows, reports, and what a member may do about it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import msgspec

from quayside.accounts.rules import Permission
from quayside.analytics import service as analytics
from quayside.catalog import service as catalog
from quayside.finance import service as finance
from quayside.fulfilment import service as fulfilment
from quayside.inventory import service as inventory
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId, check_connection_id
from quayside.messages import service as messages
from quayside.orders import returns
from quayside.orders import service as orders
from quayside.restock import advice_service
from quayside.reviews import service as reviews
from quayside.sourcing import research_service as sourcing
from quayside.supply_chain import service as supply_chain
from quayside.sync import registry, report_list
from quayside.sync import service as sync
from quayside.sync.views import ReportsPage, RowsPage, RunsPage, SyncView
from seller_api.http import require
from seller_api.routes.connections import PageQuery
from seller_api.routing import Call, Routes

routes = Routes("sync")

type RowsView = Callable[[ConnectionId, str, str | None, str | None, int], RowsPage]


class Browser(NamedTuple):
    """What shows the rows of a dataset, and what a member needs besides to see them."""

    permission: Permission
    view: RowsView


BROWSERS: Mapping[str, Browser] = {
    registry.ORDERS: Browser("orders.read", orders.rows_view),
    registry.INVENTORY: Browser("inventory.read", inventory.rows_view),
    registry.LISTINGS: Browser("inventory.read", catalog.rows_view),
    registry.CATALOG_ITEMS: Browser("inventory.read", catalog.rows_view),
    registry.FINANCES: Browser("analytics.read", finance.rows_view),
    registry.SETTLEMENTS: Browser("analytics.read", finance.rows_view),
    registry.FEES: Browser("analytics.read", finance.rows_view),
    registry.RETURNS: Browser("orders.read", returns.rows_view),
    registry.INBOUND_SHIPMENTS: Browser("inventory.read", supply_chain.rows_view),
    registry.SALES_AND_TRAFFIC: Browser("analytics.read", analytics.rows_view),
    registry.RESTOCK_ADVICE: Browser("inventory.read", advice_service.rows_view),
    registry.RECIPIENTS: Browser("orders.read", fulfilment.rows_view),
    registry.REVIEW_REQUESTS: Browser("reviews.read", reviews.rows_view),
    registry.BUYER_MESSAGES: Browser("messages.read", messages.rows_view),
    registry.PRODUCT_RESEARCH: Browser("sourcing.read", sourcing.rows_view),
}
"""Each dataset's browser. Composed here, for syncing knows nothing of the features above it."""

_Cursor = Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")]


class RowsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows to show."""

    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    cursor: _Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class ReportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which reports to list."""

    dataset: Annotated[str, msgspec.Meta(max_length=40, description="Only reports that bring this dataset.")] | None = (
        None
    )
    cursor: _Cursor | None = None


class FeatureSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the data that a feature needs is read."""

    on: bool


class ReportReplayed(msgspec.Struct, frozen=True):
    """The report is on its way again."""

    report: str


@routes.get("/connections/{connection_id}/sync", permission="connections.read")
def get_sync(call: Call[None, None]) -> SyncView:
    """Show how fresh each dataset of an account is, why, what quota is left, and how far its history is."""
    return _shown(call)


@routes.put("/connections/{connection_id}/features/{feature}", permission="connections.manage", body=FeatureSwitch)
def switch_feature(call: Call[FeatureSwitch, None]) -> SyncView:
    """Switch a feature on or off: what no feature that is on needs is not read."""
    sync.switch_feature(_connection_id(call), call.path("feature"), call.body.on, call.container.clock)
    return _shown(call)


@routes.post("/connections/{connection_id}/datasets/{dataset}/pause", permission="connections.manage", status=202)
def pause_dataset(call: Call[None, None]) -> SyncView:
    """Stop asking Amazon for a dataset until it is resumed."""
    sync.pause(_connection_id(call), call.path("dataset"), call.principal.member_id, call.container.clock)
    return _shown(call)


@routes.post("/connections/{connection_id}/datasets/{dataset}/resume", permission="connections.manage", status=202)
def resume_dataset(call: Call[None, None]) -> SyncView:
    """Go on asking Amazon for a dataset, beginning now."""
    sync.resume(_connection_id(call), call.path("dataset"), call.container.clock)
    return _shown(call)


@routes.post("/connections/{connection_id}/datasets/{dataset}/run", permission="connections.manage", status=202)
def run_dataset(call: Call[None, None]) -> SyncView:
    """Read a dataset now instead of when it is due; at most once a minute."""
    sync.run_now(_connection_id(call), call.path("dataset"), call.container.clock)
    return _shown(call)


@routes.get("/connections/{connection_id}/datasets/{dataset}/runs", permission="connections.read", query=PageQuery)
def list_runs(call: Call[None, PageQuery]) -> RunsPage:
    """List the runs of a dataset, newest first, with Amazon's request ids; they are kept for 30 days."""
    return sync.runs(_connection_id(call), call.path("dataset"), call.query.cursor)


@routes.get("/connections/{connection_id}/datasets/{dataset}/rows", permission="connections.read", query=RowsQuery)
def list_rows(call: Call[None, RowsQuery]) -> RowsPage:
    """Show what is stored of a dataset; needs what its own screen needs too, such as `orders.read`."""
    dataset, query = call.path("dataset"), call.query
    browser = BROWSERS.get(dataset)
    if browser is None:
        raise NotFound("There is no such dataset.", code="dataset_not_found")
    require(call.principal, browser.permission)
    return browser.view(_connection_id(call), dataset, query.marketplace_id, query.cursor, query.limit)


@routes.get("/connections/{connection_id}/reports", permission="connections.read", query=ReportQuery)
def list_reports(call: Call[None, ReportQuery]) -> ReportsPage:
    """List the reports Amazon made for an account, newest first: how far each is, its totals and its SHA-256."""
    return report_list.list_reports(_connection_id(call), call.query.dataset, call.query.cursor)


@routes.post("/connections/{connection_id}/reports/{report}/replay", permission="connections.manage", status=202)
def replay_report(call: Call[None, None]) -> ReportReplayed:
    """Load a report again from the file that was kept, or ask Amazon again; what is stored already stays as it is."""
    report_list.replay(_connection_id(call), call.path("report"), call.container.desk)
    return ReportReplayed(call.path("report"))


def _connection_id(call: Call[Any, Any]) -> ConnectionId:
    return check_connection_id(call.path("connection_id"))


def _shown(call: Call[Any, Any]) -> SyncView:
    return sync.sync_status(_connection_id(call), call.container.clock)
