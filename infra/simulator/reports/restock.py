"""Amazon's restock recommendations of one marketplace as a flat file: a row per SKU that Amazon stores, now."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from infra.simulator import books as accounts
from infra.simulator.clock import DAY, HOUR
from infra.simulator.money import amount_text
from infra.simulator.reports.making import Kind, Wanted, flat_encoding, header, joined, product_name
from infra.simulator.world import Listing, World

COLUMNS = (
    "Country", "Product Name", "FNSKU", "Merchant SKU", "ASIN", "Condition", "Supplier", "Supplier part no.",
    "Currency code", "Price", "Sales last 30 days", "Units Sold Last 30 Days", "Total Units", "Inbound", "Available",
    "FC transfer", "FC Processing", "Customer Order", "Unfulfillable", "Working", "Shipped", "Receiving",
    "Fulfilled by", "Total Days of Supply (including units from open shipments)",
    "Days of Supply at Amazon Fulfillment Network", "Alert", "Recommended replenishment qty", "Recommended ship date",
    "Recommended action", "Unit storage size",
)  # fmt: skip
_SOLD_DAYS = 30
# Amazon does not publish its formula. This one is simple on purpose: up to 60 days, sent when 30 are left.
_COVER_DAYS, _LEAD_DAYS = 60, 30


def _stored(world: World, wanted: Wanted) -> list[Listing]:
    return [each for each in world.listings_of(wanted.seller, wanted.place.marketplace_id) if each.by_amazon]


def _size(world: World, wanted: Wanted) -> int:
    return len(_stored(world, wanted))


def _chunks(world: World, wanted: Wanted) -> Iterator[str]:
    yield header(COLUMNS, wanted, "Merchant SKU")
    if not wanted.emptied:
        yield from joined(_rows(world, wanted))


def units_sold(world: World, wanted: Wanted) -> dict[int, int]:
    """Return the units ordered in the last 30 days of each listing of the marketplace."""
    return dict(
        world.storage.connection.execute(
            "SELECT l.listing, SUM(l.quantity) FROM orders o JOIN lines l ON l.order_pk = o.pk "
            "WHERE o.seller = ? AND o.marketplace_id = ? AND o.created >= ? GROUP BY l.listing",
            (wanted.seller.pk, wanted.place.marketplace_id, wanted.now_ms - _SOLD_DAYS * DAY),
        )
    )


def recommended(held: int, sold: int) -> tuple[int, int]:
    """Return how many units to send and in how many days, for units held or on their way and sold in 30 days."""
    quantity = max(0, math.ceil(sold / _SOLD_DAYS * _COVER_DAYS) - held)
    return quantity, max(0, days_of_supply(held, sold) - _LEAD_DAYS) if quantity else 0


def days_of_supply(held: int, sold: int) -> int:
    """Return how many days units last; a year when nothing was sold."""
    return min(365, held * _SOLD_DAYS // sold) if sold else 365


def _rows(world: World, wanted: Wanted) -> Iterator[list[str]]:
    place, sold_by = wanted.place, units_sold(world, wanted)
    today = datetime.fromtimestamp(wanted.now_ms // 1000, tz=UTC).astimezone(place.zone).date()
    for listing in _stored(world, wanted):
        held = {
            account: world.books.balance(wanted.seller.pk, account, listing.units)
            for account in accounts.WAREHOUSE_ACCOUNTS
        }
        sold, supply = sold_by.get(listing.pk, 0), sum(held[each] for each in accounts.SUPPLY)
        there = held[accounts.FULFILLABLE]
        quantity, in_days = recommended(supply, sold)
        # The month stands first in the United States, the day elsewhere.
        habit = "%m/%d/%Y" if place.country_code == "US" else "%d/%m/%Y"
        alert = "out_of_stock" if sold and not there else "low_stock" if quantity and not in_days else ""
        yield [
            place.country_code, product_name(listing), listing.fnsku, listing.sku, listing.asin, "New", "", "",
            place.currency, amount_text(listing.price_minor, place.currency),
            amount_text(sold * listing.price_minor, place.currency), str(sold), str(sum(held.values())),
            str(supply - there), str(there), str(held[accounts.RESERVED_TRANSFER]),
            str(held[accounts.RESERVED_PROCESSING]), str(held[accounts.RESERVED_CUSTOMER]),
            str(held[accounts.UNFULFILLABLE_CUSTOMER] + held[accounts.UNFULFILLABLE_WAREHOUSE]),
            str(held[accounts.INBOUND_WORKING]), str(held[accounts.INBOUND_SHIPPED]),
            str(held[accounts.INBOUND_RECEIVING]), "Amazon", str(days_of_supply(supply, sold)),
            str(days_of_supply(there, sold)), alert, str(quantity),
            (today + timedelta(days=in_days)).strftime(habit) if quantity else "none",
            "Create shipping plan" if quantity else "No action required", "0.05 ft3",
        ]  # fmt: skip


RESTOCK_RECOMMENDATIONS = Kind(
    name="GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT",
    size=_size,
    chunks=_chunks,
    encoding=flat_encoding,
    needs_dates=False,
    interval_ms=HOUR // 2,
    seconds_per_row=0.02,
)
