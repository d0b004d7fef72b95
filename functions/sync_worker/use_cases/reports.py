"""Commands about reports, and where the rows of each type of report go."""

from typing import TYPE_CHECKING

from quayside.analytics.service import apply_traffic_rows
from quayside.catalog.service import apply_listing_rows
from quayside.finance.service import apply_settlement_rows
from quayside.orders.returns import apply_return_rows
from quayside.orders.service import apply_report_rows
from quayside.restock.advice_service import apply_advice_rows
from quayside.reviews.working import noting_returns
from quayside.sync import reports
from quayside.sync.registry import (
    CUSTOMER_RETURNS,
    MERCHANT_LISTINGS,
    ORDERS_BY_LAST_UPDATE,
    ORDERS_BY_ORDER_DATE,
    RESTOCK_RECOMMENDATIONS,
    SETTLEMENT,
    TRAFFIC,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase
    from quayside.sync.sinks import ReportSink

SINKS: "Mapping[str, ReportSink]" = {
    ORDERS_BY_ORDER_DATE: apply_report_rows,
    ORDERS_BY_LAST_UPDATE: apply_report_rows,
    MERCHANT_LISTINGS: apply_listing_rows,
    CUSTOMER_RETURNS: noting_returns(apply_return_rows),
    SETTLEMENT: apply_settlement_rows,
    TRAFFIC: apply_traffic_rows,
    RESTOCK_RECOMMENDATIONS: apply_advice_rows,
}
"""Where the rows of each type of report go."""

USE_CASES: "Mapping[Kind, UseCase]" = {
    "report.request": reports.request,
    "report.check": reports.check,
    "report.collect": reports.collect,
    "report.load": reports.load(SINKS),
    "report.find": reports.find,
}
