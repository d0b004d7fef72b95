"""Use cases of products' figures: what a product sold day by day, from sheets of months and never from orders."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from quayside.analytics import sheet_store
from quayside.analytics.sheet_rules import Sheet, months_between
from quayside.kernel.ids import ConnectionId


class SkuUnits(NamedTuple):
    """Units of one product that were ordered and not cancelled, by day of the marketplace; other days sold none."""

    seller_sku: str
    units: Mapping[date, int]


def daily_units(
    connection_id: ConnectionId, marketplace_id: str, seller_sku: str, from_day: date, to_day: date
) -> Mapping[date, int]:
    """Return how many units of a product were ordered on each day of a period, both ends included.

    Days on which none was are left out. Days that lie before the history that was fetched are not known; see
    ``connections.service.Known.complete_from``.
    """
    months = months_between(from_day, to_day)
    sheets = sheet_store.of_product(connection_id, marketplace_id, "ORDERS", seller_sku, months)
    return _units(sheets, from_day, to_day)


def daily_units_by_sku(
    connection_id: ConnectionId, marketplace_id: str, from_day: date, to_day: date, *, after: str | None = None
) -> Iterator[SkuUnits]:
    """Yield the daily units of every product that has orders in the months of a period, in the order of encoded SKUs.

    Args:
        connection_id: of this connection.
        marketplace_id: in this marketplace.
        from_day: the first day.
        to_day: the last day.
        after: only products after this SKU, so that a walk can be continued.
    """
    months = months_between(from_day, to_day)
    for row in sheet_store.products(connection_id, marketplace_id, "ORDERS", months, after=after):
        yield SkuUnits(row.seller_sku, _units(row.sheets, from_day, to_day))


def _units(sheets: Sequence[Sheet], from_day: date, to_day: date) -> dict[date, int]:
    first, last = from_day.isoformat(), to_day.isoformat()
    found: dict[date, int] = {}
    for sheet in sheets:
        for days in sheet.values():
            for day, amounts in days.items():
                if first <= day <= last and (units := amounts.get("units")):
                    on = date.fromisoformat(day)
                    found[on] = found.get(on, 0) + units
    return found
