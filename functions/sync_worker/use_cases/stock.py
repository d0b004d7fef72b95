"""Commands about stock: Amazon's and what is on the way to it, its days, and what to send and buy."""

from functools import partial
from typing import TYPE_CHECKING

from quayside.analytics.products_service import daily_units
from quayside.inventory.service import apply_positions, look_at_stock
from quayside.restock import service as restock
from quayside.supply_chain.pipeline_service import Supply
from quayside.supply_chain.service import apply_inbound
from quayside.sync import datasets, reports, routines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

USE_CASES: "Mapping[Kind, UseCase]" = {
    "inventory.list": datasets.list_inventory(apply_positions),
    "inbound.list": datasets.list_inbound(apply_inbound),
    "advice.refresh": datasets.refresh_advice(reports.plan),
    "stock.look": routines.walk_stock(look_at_stock),
    "suggestions.compute": routines.walk_stock(partial(restock.compute, daily_units=daily_units, open_supply=Supply)),
}
