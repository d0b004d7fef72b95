"""Commands that have the reports of returns and of sales and traffic made."""

from typing import TYPE_CHECKING

from quayside.sync import datasets, reports

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {
    "returns.refresh": datasets.refresh_returns(reports.plan),
    "traffic.refresh": datasets.refresh_traffic(reports.plan),
}
