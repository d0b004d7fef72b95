"""Commands about listings: read, changed one by one and by a file, and their lines in the catalog."""

from functools import partial
from typing import TYPE_CHECKING

from quayside.catalog import attribute_reading, bulk_working, editing, grid_service
from quayside.catalog import service as catalog
from quayside.finance.cost_service import unit_costs
from quayside.inventory.service import fulfillable_of
from quayside.sync import datasets, reports, routines
from quayside.sync.registry import LISTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

_lines = grid_service.Ports(fulfillable_of, unit_costs)

USE_CASES: "Mapping[Kind, UseCase]" = {
    "listings.refresh": datasets.refresh_listings(reports.plan),
    "listings.fetch": datasets.fetch_listing(grid_service.with_lines(catalog.apply_listings, _lines)),
    "listings.preview": editing.preview,
    "listings.apply": editing.apply,
    "listings.attributes": attribute_reading.read,
    "listings.definitions": attribute_reading.read_definitions,
    "listings.compare_file": bulk_working.compare,
    "listings.send_file": bulk_working.send,
    "listings.check_file": bulk_working.check,
    "listings.collect_file": bulk_working.collect,
    "catalog.refresh": datasets.refresh_catalog(catalog.known_asins, catalog.apply_catalog_items),
    "grid.compute": routines.walk_stock(partial(grid_service.compute, ports=_lines), LISTINGS),
    "grid.line": grid_service.refresh_one(_lines),
}
