"""Every key of every table, built here and nowhere else.

All functions are pure. Keys of tenant data begin ``T#<tenant_id>#``, which is what the tenant data role's policy
compares with its session tag, so a tenant id is validated and everything that comes from outside is percent-encoded:
no text can add a ``#`` of its own. Instants are ISO 8601 in UTC with whole seconds, so they sort as text.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from quayside.kernel.clock import format_instant
from quayside.kernel.ids import ConnectionId, MemberId, TenantId, check_tenant_id

DUE_SHARDS = 8
"""Over how many partitions due work is spread."""

HIGHEST = "\x7f"
"""Sorts after every character a key can hold: the upper end of a range of sort keys."""


LOWEST = " "
"""Sorts before every character a key can hold: the lower end of a range of sort keys."""


_ENTRY_NUMBER = re.compile(r"[0-9]{12}")


class Key(NamedTuple):
    """A primary key: partition and sort key."""

    pk: str
    sk: str


def encode(text: str) -> str:
    """Percent-encode free text for use inside a key (letters, digits and ``-._~`` stay as they are)."""
    return quote(text, safe="")


def decode(text: str) -> str:
    """Undo ``encode``."""
    return unquote(text)


def tenant_prefix(tenant_id: TenantId) -> str:
    """Return what every key of this tenant begins with.

    Raises:
        InvalidInput: ``tenant_id`` has not the form of a tenant id.
    """
    return f"T#{check_tenant_id(tenant_id)}#"


# Core: business facts and figures


def tenant(tenant_id: TenantId) -> Key:
    """Return the key of the tenant record."""
    return Key(f"{tenant_prefix(tenant_id)}TENANT", "TENANT")


def members(tenant_id: TenantId) -> str:
    """Return the partition that holds all members of a tenant."""
    return f"{tenant_prefix(tenant_id)}MEMBERS"


def member(tenant_id: TenantId, member_id: MemberId) -> Key:
    """Return the key of one member."""
    return Key(members(tenant_id), f"MEMBER#{encode(member_id)}")


def connections(tenant_id: TenantId) -> str:
    """Return the partition that holds all connections of a tenant."""
    return f"{tenant_prefix(tenant_id)}CONNECTIONS"


def connection(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of one connection."""
    return Key(connections(tenant_id), f"CONNECTION#{encode(connection_id)}")


def dataset_health_partition(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition that holds the health of all datasets of a connection."""
    return f"{tenant_prefix(tenant_id)}HEALTH#{encode(connection_id)}"


def dataset_health(tenant_id: TenantId, connection_id: ConnectionId, dataset: str) -> Key:
    """Return the key of the health of one dataset."""
    return Key(dataset_health_partition(tenant_id, connection_id), f"DATASET#{encode(dataset)}")


def orders(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, local_month: date) -> str:
    """Return the partition of the orders bought in one month of one marketplace.

    ``local_month`` is any day of the month in the marketplace's own time zone.
    """
    place = f"{encode(connection_id)}#{encode(marketplace_id)}"
    return f"{tenant_prefix(tenant_id)}ORDERS#{place}#{local_month:%Y-%m}"


def order_sort(purchased_at: datetime, order_id: str) -> str:
    """Return the sort key of an order: newest last, unique by Amazon's order id."""
    return f"ORDER#{format_instant(purchased_at)}#{encode(order_id)}"


def order(  # noqa: PLR0913, PLR0917 - an order's key has these parts
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    local_month: date,
    purchased_at: datetime,
    order_id: str,
) -> Key:
    """Return the key of one order."""
    return Key(orders(tenant_id, connection_id, marketplace_id, local_month), order_sort(purchased_at, order_id))


def order_range(from_instant: datetime, to_instant: datetime) -> tuple[str, str]:
    """Return the inclusive bounds of the sort keys of orders bought from one instant to another, both included."""
    return f"ORDER#{format_instant(from_instant)}#", f"ORDER#{format_instant(to_instant)}#{HIGHEST}"


def order_lookup(tenant_id: TenantId, order_id: str) -> str:
    """Return the key in the index ``lookup`` under which an order is found by Amazon's order id alone."""
    return f"{tenant_prefix(tenant_id)}ORDER#{encode(order_id)}"


def inventory(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of the inventory positions of one marketplace."""
    return f"{tenant_prefix(tenant_id)}INVENTORY#{encode(connection_id)}#{encode(marketplace_id)}"


def inventory_position(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of one inventory position."""
    return Key(inventory(tenant_id, connection_id, marketplace_id), f"SKU#{encode(seller_sku)}")


def stock_days(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of what stock there was day by day in one marketplace."""
    return f"{tenant_prefix(tenant_id)}STOCKDAYS#{encode(connection_id)}#{encode(marketplace_id)}"


def stock_month_sort(seller_sku: str, day: date) -> str:
    """Return the sort key of one SKU's stock in one month; ``day`` is any day of it."""
    return f"SKU#{encode(seller_sku)}#{day:%Y-%m}"


def stock_month(
    tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str, day: date
) -> Key:
    """Return the key of one SKU's stock on the days of one month; ``day`` is any day of it."""
    return Key(stock_days(tenant_id, connection_id, marketplace_id), stock_month_sort(seller_sku, day))


def own_stock(tenant_id: TenantId) -> str:
    """Return the partition of the seller's own stock: places, balances and movements."""
    return f"{tenant_prefix(tenant_id)}OWNSTOCK"


def own_location(tenant_id: TenantId, location_id: str) -> Key:
    """Return the key of one place where the seller keeps stock."""
    return Key(own_stock(tenant_id), f"LOCATION#{encode(location_id)}")


def own_balances_of(location_id: str) -> str:
    """Return what the sort keys of all balances of a place begin with."""
    return f"BALANCE#{encode(location_id)}#"


def own_balance(tenant_id: TenantId, location_id: str, seller_sku: str) -> Key:
    """Return the key of how much of one SKU there is at one place."""
    return Key(own_stock(tenant_id), f"{own_balances_of(location_id)}{encode(seller_sku)}")


def own_movements_of(location_id: str, seller_sku: str) -> str:
    """Return what the sort keys of all movements of one SKU at one place begin with."""
    return f"MOVEMENT#{encode(location_id)}#{encode(seller_sku)}#"


def own_movement(tenant_id: TenantId, location_id: str, seller_sku: str, number: int) -> Key:
    """Return the key of one movement, by its number in the ledger of that SKU and place."""
    return Key(own_stock(tenant_id), f"{own_movements_of(location_id, seller_sku)}{number:09d}")


def own_once(tenant_id: TenantId, location_id: str, once: str) -> Key:
    """Return the key that says that a movement with a name of its own was entered at a place."""
    return Key(own_stock(tenant_id), f"ONCE#{encode(location_id)}#{encode(once)}")


def restock(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of everything about restocking one marketplace: suggestions, cards, scores, advice."""
    return f"{tenant_prefix(tenant_id)}RESTOCK#{encode(connection_id)}#{encode(marketplace_id)}"


def restock_line(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of what the list shows of the suggestion for one SKU."""
    return Key(restock(tenant_id, connection_id, marketplace_id), f"SKU#{encode(seller_sku)}")


def restock_card(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of all numbers that led to the suggestion for one SKU."""
    return Key(restock(tenant_id, connection_id, marketplace_id), f"CARD#{encode(seller_sku)}")


def restock_open_of(seller_sku: str, until: date | None = None) -> str:
    """Return what the sort keys of kept suggestions of a SKU begin with, or their bound: due on ``until`` or before."""
    return f"OPEN#{encode(seller_sku)}#{f'{until.isoformat()}{HIGHEST}' if until else ''}"


def restock_open(  # noqa: PLR0913, PLR0917 - the key has these parts
    tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str, day: date, made_on: date
) -> Key:
    """Return the key of a suggestion that is kept until its horizon is over; ``day`` is the horizon's last one."""
    place = restock(tenant_id, connection_id, marketplace_id)
    return Key(place, f"{restock_open_of(seller_sku)}{day.isoformat()}#{made_on.isoformat()}")


def restock_scored_of(seller_sku: str) -> str:
    """Return what the sort keys of the scored suggestions of a SKU begin with."""
    return f"SCORED#{encode(seller_sku)}#"


def restock_scored(
    tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str, made_on: date
) -> Key:
    """Return the key of how one suggestion turned out."""
    place = restock(tenant_id, connection_id, marketplace_id)
    return Key(place, f"{restock_scored_of(seller_sku)}{made_on.isoformat()}")


def restock_score(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of how the suggestions for one SKU turned out in all."""
    return Key(restock(tenant_id, connection_id, marketplace_id), f"SCORE#{encode(seller_sku)}")


def restock_advice(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of Amazon's own recommendation for one SKU."""
    return Key(restock(tenant_id, connection_id, marketplace_id), f"ADVICE#{encode(seller_sku)}")


def restock_defaults(tenant_id: TenantId) -> Key:
    """Return the key of what the seller decided for every SKU that has no decision of its own."""
    return Key(f"{tenant_prefix(tenant_id)}RESTOCKDEFAULTS", "DEFAULTS")


def restock_choices(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of what the seller decided for single SKUs of a connection."""
    return f"{tenant_prefix(tenant_id)}RESTOCKCHOICES#{encode(connection_id)}"


def restock_choice(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of what the seller decided for one SKU in one marketplace."""
    return Key(restock_choices(tenant_id, connection_id), f"SKU#{encode(marketplace_id)}#{encode(seller_sku)}")


def stock_links(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of which marketplaces of a connection share their stock, by the seller's choice."""
    return Key(f"{tenant_prefix(tenant_id)}STOCKLINKS#{encode(connection_id)}", "LINKS")


def figures(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the figures of a connection: its sheets, boards and alerts."""
    return f"{tenant_prefix(tenant_id)}FIGURES#{encode(connection_id)}"


def figure_sheet(tenant_id: TenantId, connection_id: ConnectionId, month: str, marketplace_id: str, kind: str) -> Key:
    """Return the key of a sheet: the days of one month (``2026-11``) of a marketplace, of one kind of facts.

    What Amazon names no marketplace for stands under ``-``.
    """
    sort = f"MONTH#{encode(month)}#{encode(marketplace_id) or '-'}#{encode(kind)}"
    return Key(figures(tenant_id, connection_id), sort)


def figure_sheet_range(from_month: str, to_month: str) -> tuple[str, str]:
    """Return the inclusive bounds of the sort keys of the sheets from one month to another, both included."""
    return f"MONTH#{encode(from_month)}#", f"MONTH#{encode(to_month)}#{HIGHEST}"


def figure_board(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> Key:
    """Return the key of the ranking of products of a marketplace."""
    return Key(figures(tenant_id, connection_id), f"BOARD#{encode(marketplace_id)}")


def brand_board(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> Key:
    """Return the key of what the brands of a marketplace sold."""
    return Key(figures(tenant_id, connection_id), f"BRANDBOARD#{encode(marketplace_id)}")


def alerts(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of what needs a look among the products of a connection."""
    return Key(figures(tenant_id, connection_id), "ALERTS")


def cost_boards(tenant_id: TenantId) -> str:
    """Return the partition of the costed periods of a tenant, over all its connections."""
    return f"{tenant_prefix(tenant_id)}COSTBOARDS"


def cost_board(tenant_id: TenantId, marketplace_id: str | None) -> Key:
    """Return the key of the costed periods of a marketplace; those of all together stand under ``-``."""
    return Key(cost_boards(tenant_id), f"BOARD#{'-' if marketplace_id is None else encode(marketplace_id)}")


def product_sheets(tenant_id: TenantId, connection_id: ConnectionId, month: str, marketplace_id: str) -> str:
    """Return the partition of the sheets of all products of a month and a marketplace."""
    place = f"{encode(connection_id)}#{encode(marketplace_id) or '-'}#{encode(month)}"
    return f"{tenant_prefix(tenant_id)}PRODUCTS#{place}"


def product_sheets_of(kind: str) -> str:
    """Return what the sort keys of all sheets of products begin with that are of one kind of facts."""
    return f"SHEET#{encode(kind)}#"


def product_sheet(  # noqa: PLR0913, PLR0917 - a sheet's key has these parts
    tenant_id: TenantId, connection_id: ConnectionId, month: str, marketplace_id: str, kind: str, seller_sku: str
) -> Key:
    """Return the key of the sheet of one product."""
    partition = product_sheets(tenant_id, connection_id, month, marketplace_id)
    return Key(partition, f"{product_sheets_of(kind)}{encode(seller_sku)}")


def reviews(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, local_month: date) -> str:
    """Return the partition of what was decided about the orders bought in one month of one marketplace.

    ``local_month`` is any day of the month in the marketplace's own time zone.
    """
    return f"{tenant_prefix(tenant_id)}REVIEWS#{_place(connection_id, marketplace_id)}#{local_month:%Y-%m}"


def review(  # noqa: PLR0913, PLR0917 - an order's key has these parts
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    local_month: date,
    purchased_at: datetime,
    order_id: str,
) -> Key:
    """Return the key of what was decided about one order."""
    sort_key = f"REVIEW#{format_instant(purchased_at)}#{encode(order_id)}"
    return Key(reviews(tenant_id, connection_id, marketplace_id, local_month), sort_key)


def review_lookup(tenant_id: TenantId, order_id: str) -> str:
    """Return the key in the index ``lookup`` under which a decision is found by Amazon's order id alone."""
    return f"{tenant_prefix(tenant_id)}REVIEW#{encode(order_id)}"


def review_wake_ups(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of when which orders of a connection are decided."""
    return f"{tenant_prefix(tenant_id)}REVIEW_WAKE_UPS#{encode(connection_id)}"


def review_wake_up(tenant_id: TenantId, connection_id: ConnectionId, wakes_at: datetime, order_id: str) -> Key:
    """Return the key of one order's time to be decided."""
    return Key(review_wake_ups(tenant_id, connection_id), f"{format_instant(wakes_at)}#{encode(order_id)}")


def review_wake_ups_until(at: datetime) -> str:
    """Return the upper bound of the sort keys of what is to be decided by an instant."""
    return f"{format_instant(at)}#{HIGHEST}"


def review_marks(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the refunds and returns of a connection's orders, as far as reviews care."""
    return f"{tenant_prefix(tenant_id)}REVIEW_MARKS#{encode(connection_id)}"


def review_mark(tenant_id: TenantId, connection_id: ConnectionId, order_id: str) -> Key:
    """Return the key of when one order was refunded or returned."""
    return Key(review_marks(tenant_id, connection_id), f"MARK#{encode(order_id)}")


def review_days(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of how many requests were made in one marketplace, day by day."""
    return f"{tenant_prefix(tenant_id)}REVIEW_DAYS#{_place(connection_id, marketplace_id)}"


def review_day(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, day: date) -> Key:
    """Return the key of one day's requests."""
    return Key(review_days(tenant_id, connection_id, marketplace_id), f"DAY#{day.isoformat()}")


def review_day_range(from_day: date, to_day: date) -> tuple[str, str]:
    """Return the inclusive bounds of the sort keys of the days from one to another, both included."""
    return f"DAY#{from_day.isoformat()}", f"DAY#{to_day.isoformat()}"


def review_standing(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of how far a connection's orders are planned, and how Amazon answers at present."""
    return Key(f"{tenant_prefix(tenant_id)}REVIEW_STANDING#{encode(connection_id)}", "STANDING")


def review_settings(tenant_id: TenantId) -> str:
    """Return the partition of a tenant's own settings of review requests: its campaigns, and whether all are paused."""
    return f"{tenant_prefix(tenant_id)}REVIEW_SETTINGS"


def review_switch(tenant_id: TenantId) -> Key:
    """Return the key of whether all review requests of a tenant are paused."""
    return Key(review_settings(tenant_id), "SWITCH")


def review_campaign(tenant_id: TenantId, campaign_id: str) -> Key:
    """Return the key of one campaign."""
    return Key(review_settings(tenant_id), f"CAMPAIGN#{encode(campaign_id)}")


def do_not_solicit(tenant_id: TenantId) -> str:
    """Return the partition of the orders whose buyers a tenant never wants asked."""
    return f"{tenant_prefix(tenant_id)}DO_NOT_SOLICIT"


def do_not_solicit_order(tenant_id: TenantId, order_id: str) -> Key:
    """Return the key of one order on the do-not-solicit list."""
    return Key(do_not_solicit(tenant_id), f"BARRED#{encode(order_id)}")


def messages(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the messages to the buyers of a connection's orders, and what Amazon allows for each."""
    return f"{tenant_prefix(tenant_id)}MESSAGES#{encode(connection_id)}"


def messages_of_order(order_id: str) -> str:
    """Return how the sort keys of the messages of one order begin."""
    return f"ORDER#{encode(order_id)}#MESSAGE#"


def message(tenant_id: TenantId, connection_id: ConnectionId, order_id: str, message_id: str) -> Key:
    """Return the key of how one message stands."""
    return Key(messages(tenant_id, connection_id), f"{messages_of_order(order_id)}{encode(message_id)}")


def message_words(tenant_id: TenantId, connection_id: ConnectionId, order_id: str, message_id: str) -> Key:
    """Return the key of what was written in one message, which ends before the message does."""
    return Key(messages(tenant_id, connection_id), f"ORDER#{encode(order_id)}#WORDS#{encode(message_id)}")


def message_offer(tenant_id: TenantId, connection_id: ConnectionId, order_id: str) -> Key:
    """Return the key of which messages Amazon allows for one order."""
    return Key(messages(tenant_id, connection_id), f"ORDER#{encode(order_id)}#OFFER")


def message_log(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the log of a connection's messages."""
    return f"{tenant_prefix(tenant_id)}MESSAGE_LOG#{encode(connection_id)}"


def message_entry(tenant_id: TenantId, connection_id: ConnectionId, written_at: datetime, message_id: str) -> Key:
    """Return the key of one message in the log: newest last."""
    return Key(message_log(tenant_id, connection_id), f"ENTRY#{format_instant(written_at)}#{encode(message_id)}")


def open_messages(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the messages of a connection that something still has to happen to."""
    return f"{tenant_prefix(tenant_id)}MESSAGES_OPEN#{encode(connection_id)}"


def open_message(tenant_id: TenantId, connection_id: ConnectionId, written_at: datetime, message_id: str) -> Key:
    """Return the key of one message that something still has to happen to: longest waiting first."""
    return Key(open_messages(tenant_id, connection_id), f"OPEN#{format_instant(written_at)}#{encode(message_id)}")


def tenant_quarantine(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of what could not be applied for a connection."""
    return f"{tenant_prefix(tenant_id)}QUARANTINE#{encode(connection_id)}"


def quarantine_sort(received_at: datetime, entry_id: str) -> str:
    """Return the sort key of a quarantine entry."""
    return f"ENTRY#{format_instant(received_at)}#{encode(entry_id)}"


def tenant_quarantine_entry(
    tenant_id: TenantId, connection_id: ConnectionId, received_at: datetime, entry_id: str
) -> Key:
    """Return the key of one quarantine entry whose tenant is known."""
    return Key(tenant_quarantine(tenant_id, connection_id), quarantine_sort(received_at, entry_id))


def _place(connection_id: ConnectionId, marketplace_id: str) -> str:
    return f"{encode(connection_id)}#{encode(marketplace_id)}"


def _sku_sort(seller_sku: str) -> str:
    return f"SKU#{encode(seller_sku)}"


def listings(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of the listings of one marketplace."""
    return f"{tenant_prefix(tenant_id)}LISTINGS#{_place(connection_id, marketplace_id)}"


def listing(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of one listing."""
    return Key(listings(tenant_id, connection_id, marketplace_id), _sku_sort(seller_sku))


def catalog_lines(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of what the catalog's grid shows of one marketplace."""
    return f"{tenant_prefix(tenant_id)}GRID#{_place(connection_id, marketplace_id)}"


def catalog_line(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of what the catalog's grid shows of one SKU."""
    return Key(catalog_lines(tenant_id, connection_id, marketplace_id), _sku_sort(seller_sku))


def listing_issues(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the issue inbox of one connection."""
    return f"{tenant_prefix(tenant_id)}ISSUES#{encode(connection_id)}"


def listing_issue_sort(severity: str, first_seen: datetime, marketplace_id: str, seller_sku: str, identity: str) -> str:
    """Return the sort key of an issue: by severity, then by when it was first seen."""
    place = f"{encode(marketplace_id)}#{encode(seller_sku)}"
    return f"{encode(severity)}#{format_instant(first_seen)}#{place}#{encode(identity)}"


def listing_edits(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of the changes that members made to the listings of one marketplace."""
    return f"{tenant_prefix(tenant_id)}EDITS#{_place(connection_id, marketplace_id)}"


def listing_edits_of(seller_sku: str) -> str:
    """Return what the sort keys of the changes of one listing begin with."""
    return f"SKU#{encode(seller_sku)}#"


def listing_edit(
    tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str, edit_id: str
) -> Key:
    """Return the key of one change; the ids of changes sort by time."""
    place = listing_edits(tenant_id, connection_id, marketplace_id)
    return Key(place, f"{listing_edits_of(seller_sku)}{encode(edit_id)}")


def listing_attributes(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of attributes of listings, and of the forms of product types, of one marketplace."""
    return f"{tenant_prefix(tenant_id)}ATTRIBUTES#{_place(connection_id, marketplace_id)}"


def attributes_of_listing(
    tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str
) -> Key:
    """Return the key of the attributes of one listing."""
    return Key(listing_attributes(tenant_id, connection_id, marketplace_id), _sku_sort(seller_sku))


PRODUCT_TYPES = "TYPE#"
"""What the sort keys of the forms of product types begin with."""


def product_type_form(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, product_type: str) -> Key:
    """Return the key of the form of one product type."""
    return Key(listing_attributes(tenant_id, connection_id, marketplace_id), f"{PRODUCT_TYPES}{encode(product_type)}")


def listing_files(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the files of changes that members brought for a connection."""
    return f"{tenant_prefix(tenant_id)}LISTINGFILES#{encode(connection_id)}"


def listing_file(tenant_id: TenantId, connection_id: ConnectionId, file_id: str) -> Key:
    """Return the key of one file of changes; the ids of files sort by time."""
    return Key(listing_files(tenant_id, connection_id), f"FILE#{encode(file_id)}")


def listing_file_part(tenant_id: TenantId, connection_id: ConnectionId, file_id: str, number: int) -> Key:
    """Return the key of one part of a file of changes."""
    return Key(listing_files(tenant_id, connection_id), f"PART#{encode(file_id)}#{number:04d}")


def catalog_views(tenant_id: TenantId) -> str:
    """Return the partition of the views of the grid that members saved."""
    return f"{tenant_prefix(tenant_id)}CATALOGVIEWS"


def catalog_view(tenant_id: TenantId, view_id: str) -> Key:
    """Return the key of one saved view."""
    return Key(catalog_views(tenant_id), f"VIEW#{encode(view_id)}")


def brand_tags(tenant_id: TenantId) -> str:
    """Return the partition of the brands that members put their products under."""
    return f"{tenant_prefix(tenant_id)}BRANDS"


def brand_book(tenant_id: TenantId) -> Key:
    """Return the key of the one item that says which product is of which brand."""
    return Key(brand_tags(tenant_id), "BOOK")


def catalog_items(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of the product attributes of one marketplace."""
    return f"{tenant_prefix(tenant_id)}CATALOG#{_place(connection_id, marketplace_id)}"


def catalog_item(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, asin: str) -> Key:
    """Return the key of the attributes of one product."""
    return Key(catalog_items(tenant_id, connection_id, marketplace_id), f"ASIN#{encode(asin)}")


def transactions(tenant_id: TenantId, connection_id: ConnectionId, posted: date) -> str:
    """Return the partition of the transactions posted in one month (UTC); ``posted`` is any day of it."""
    return f"{tenant_prefix(tenant_id)}TRANSACTIONS#{encode(connection_id)}#{posted:%Y-%m}"


def transaction(tenant_id: TenantId, connection_id: ConnectionId, posted_at: datetime, transaction_id: str) -> Key:
    """Return the key of one transaction."""
    posted = format_instant(posted_at)
    month = date.fromisoformat(posted[:10])
    return Key(transactions(tenant_id, connection_id, month), f"TRANSACTION#{posted}#{encode(transaction_id)}")


def transaction_lookup(tenant_id: TenantId, connection_id: ConnectionId, transaction_id: str) -> str:
    """Return the key in the index ``lookup`` under which a transaction is found whenever it was posted."""
    return f"{tenant_prefix(tenant_id)}TRANSACTION#{encode(connection_id)}#{encode(transaction_id)}"


def settlement_lines(tenant_id: TenantId, connection_id: ConnectionId, settlement_id: str) -> str:
    """Return the partition of the lines of one settlement."""
    return f"{tenant_prefix(tenant_id)}SETTLEMENT#{encode(connection_id)}#{encode(settlement_id)}"


def settlement_line(tenant_id: TenantId, connection_id: ConnectionId, settlement_id: str, line: int) -> Key:
    """Return the key of one line of a settlement, by its line in Amazon's file."""
    return Key(settlement_lines(tenant_id, connection_id, settlement_id), f"LINE#{line:08d}")


def settlements(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the settlements of a connection."""
    return f"{tenant_prefix(tenant_id)}SETTLEMENTS#{encode(connection_id)}"


def settlement(tenant_id: TenantId, connection_id: ConnectionId, deposited: date, settlement_id: str) -> Key:
    """Return the key of one settlement; ``deposited`` is the day (UTC) of the payout."""
    return Key(settlements(tenant_id, connection_id), f"SETTLEMENT#{deposited.isoformat()}#{encode(settlement_id)}")


def costs(tenant_id: TenantId) -> str:
    """Return the partition of what a tenant's goods cost it; the seller's own data, of no connection."""
    return f"{tenant_prefix(tenant_id)}COSTS"


def cost_lots(seller_sku: str) -> str:
    """Return what the sort keys of the lots of one SKU begin with."""
    return f"LOT#{encode(seller_sku)}#"


def cost_lot(tenant_id: TenantId, seller_sku: str, day: date, lot_id: str) -> Key:
    """Return the key of one lot of a SKU, bought for ``day`` on."""
    return Key(costs(tenant_id), f"{cost_lots(seller_sku)}{day.isoformat()}#{encode(lot_id)}")


def cost_method(tenant_id: TenantId) -> Key:
    """Return the key of how a tenant's costs are used up."""
    return Key(costs(tenant_id), "METHOD")


def other_cost(tenant_id: TenantId, day: date, cost_id: str) -> Key:
    """Return the key of a cost that is no purchase price, from ``day`` on."""
    return Key(costs(tenant_id), f"OTHER#{day.isoformat()}#{encode(cost_id)}")


def exchange_rates(base: str, quote: str) -> str:
    """Return what the sort keys of the rates of one pair of currencies begin with."""
    return f"RATE#{encode(base)}#{encode(quote)}#"


def exchange_rate(tenant_id: TenantId, base: str, quote: str, day: date) -> Key:
    """Return the key of the rate of a pair of currencies that a tenant stated for a day."""
    return Key(costs(tenant_id), f"{exchange_rates(base, quote)}{day.isoformat()}")


def suppliers(tenant_id: TenantId) -> str:
    """Return the partition of a tenant's suppliers; the seller's own data, of no connection."""
    return f"{tenant_prefix(tenant_id)}SUPPLIERS"


def supplier(tenant_id: TenantId, supplier_id: str) -> Key:
    """Return the key of one supplier."""
    return Key(suppliers(tenant_id), f"SUPPLIER#{encode(supplier_id)}")


def supplier_name(tenant_id: TenantId, name: str) -> Key:
    """Return the key that a supplier's name is taken by, whatever its capitals; it also sorts the list."""
    return Key(suppliers(tenant_id), f"NAME#{encode(name.casefold())}")


def purchases(tenant_id: TenantId) -> str:
    """Return the partition of what is listed of a tenant's purchase orders; the seller's own data."""
    return f"{tenant_prefix(tenant_id)}PURCHASES"


def purchase_entries(group: str) -> str:
    """Return what the sort keys of the listed orders begin with: those that are ``OPEN``, or ``DONE``."""
    return f"{encode(group)}#"


def purchase_entry(tenant_id: TenantId, group: str, number: int) -> Key:
    """Return the key of what is listed of one order, by its number."""
    return Key(purchases(tenant_id), f"{purchase_entries(group)}{number:09d}")


def on_order_of(seller_sku: str) -> str:
    """Return what the sort keys of what is on order of a SKU begin with."""
    return f"SKU#{encode(seller_sku)}#"


def on_order(tenant_id: TenantId, seller_sku: str, order_id: str, line_id: str) -> Key:
    """Return the key of what is still to come of one line of an order."""
    return Key(purchases(tenant_id), f"{on_order_of(seller_sku)}{encode(order_id)}#{encode(line_id)}")


def payment_due(tenant_id: TenantId, day: date, order_id: str, kind: str) -> Key:
    """Return the key of a part of an order's price that is to be paid by ``day``."""
    return Key(purchases(tenant_id), f"DUE#{day.isoformat()}#{encode(order_id)}#{encode(kind)}")


def purchase_outcomes(supplier_id: str) -> str:
    """Return what the sort keys of how a supplier's orders went begin with."""
    return f"OUTCOME#{encode(supplier_id)}#"


def purchase_outcome(tenant_id: TenantId, supplier_id: str, day: date, order_id: str) -> Key:
    """Return the key of how one order went, whose last goods arrived on ``day``."""
    return Key(purchases(tenant_id), f"{purchase_outcomes(supplier_id)}{day.isoformat()}#{encode(order_id)}")


def purchase_settings(tenant_id: TenantId) -> Key:
    """Return the key of how a tenant orders."""
    return Key(purchases(tenant_id), "SETTINGS")


def purchase_counter(tenant_id: TenantId) -> Key:
    """Return the key of the number of the last order."""
    return Key(purchases(tenant_id), "COUNTER")


def purchase_files(tenant_id: TenantId) -> str:
    """Return the partition of a tenant's purchase orders with their history, and of charges; the seller's own data."""
    return f"{tenant_prefix(tenant_id)}PURCHASEFILES"


def purchase_order(tenant_id: TenantId, order_id: str) -> Key:
    """Return the key of one purchase order."""
    return Key(purchase_files(tenant_id), f"ORDER#{encode(order_id)}#HEAD")


def purchase_changes(order_id: str) -> str:
    """Return what the sort keys of the changes of an order begin with."""
    return f"ORDER#{encode(order_id)}#CHANGE#"


def purchase_change(tenant_id: TenantId, order_id: str, number: int) -> Key:
    """Return the key of one change of an order."""
    return Key(purchase_files(tenant_id), f"{purchase_changes(order_id)}{number:06d}")


def purchase_versions(order_id: str) -> str:
    """Return what the sort keys of the versions of an order begin with."""
    return f"ORDER#{encode(order_id)}#VERSION#"


def purchase_version(tenant_id: TenantId, order_id: str, number: int) -> Key:
    """Return the key of one version of what was agreed."""
    return Key(purchase_files(tenant_id), f"{purchase_versions(order_id)}{number:06d}")


def purchase_charges() -> str:
    """Return what the sort keys of charges begin with."""
    return "CHARGE#"


def purchase_charge(tenant_id: TenantId, charge_id: str) -> Key:
    """Return the key of one charge; it may cover lines of several orders."""
    return Key(purchase_files(tenant_id), f"{purchase_charges()}{encode(charge_id)}")


def sourcing(tenant_id: TenantId) -> str:
    """Return the partition of all that a tenant keeps of products it may sell one day."""
    return f"{tenant_prefix(tenant_id)}SOURCING"


def lead_cards_of(stage: str) -> str:
    """Return what the sort keys of the cards of one stage of the board begin with."""
    return f"CARD#{encode(stage)}#"


def lead_card(tenant_id: TenantId, stage: str, created_at: datetime, lead_id: str) -> Key:
    """Return the key of a lead's card at a stage of the board, newest last."""
    return Key(sourcing(tenant_id), f"{lead_cards_of(stage)}{format_instant(created_at)}#{encode(lead_id)}")


def lead(tenant_id: TenantId, lead_id: str) -> Key:
    """Return the key of one lead."""
    return Key(sourcing(tenant_id), f"LEAD#{encode(lead_id)}")


def lead_moves_of(lead_id: str) -> str:
    """Return what the sort keys of the moves of a lead begin with."""
    return f"MOVE#{encode(lead_id)}#"


def lead_move(tenant_id: TenantId, lead_id: str, number: int) -> Key:
    """Return the key of one move of a lead, the latest last."""
    return Key(sourcing(tenant_id), f"{lead_moves_of(lead_id)}{number:06d}")


def lead_quotes_of(lead_id: str) -> str:
    """Return what the sort keys of the quotes for a lead begin with."""
    return f"QUOTE#{encode(lead_id)}#"


def lead_quote(tenant_id: TenantId, lead_id: str, quote_id: str) -> Key:
    """Return the key of one quote for a lead."""
    return Key(sourcing(tenant_id), f"{lead_quotes_of(lead_id)}{encode(quote_id)}")


def lead_scenarios_of(lead_id: str) -> str:
    """Return what the sort keys of the scenarios of a lead begin with."""
    return f"SCENARIO#{encode(lead_id)}#"


def lead_scenario(tenant_id: TenantId, lead_id: str, scenario_id: str) -> Key:
    """Return the key of one scenario of a lead."""
    return Key(sourcing(tenant_id), f"{lead_scenarios_of(lead_id)}{encode(scenario_id)}")


def lead_sku(tenant_id: TenantId, seller_sku: str) -> Key:
    """Return the key of which lead became the product of a SKU."""
    return Key(sourcing(tenant_id), f"SKU#{encode(seller_sku)}")


def research(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of what Amazon told of products that are looked into by a connection."""
    return f"{tenant_prefix(tenant_id)}RESEARCH#{encode(connection_id)}"


def research_asked(tenant_id: TenantId, connection_id: ConnectionId, lead_id: str) -> Key:
    """Return the key of how far Amazon was asked for a lead by a connection."""
    return Key(research(tenant_id, connection_id), f"ASKED#{encode(lead_id)}")


def researched_product(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, asin: str) -> Key:
    """Return the key of what Amazon's catalogue says of a product that is looked into."""
    return Key(research(tenant_id, connection_id), f"PRODUCT#{encode(marketplace_id)}#{encode(asin)}")


def researched_fees(  # noqa: PLR0913, PLR0917 - what fees depend on
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    asin: str,
    channel: str,
    price_minor: int,
) -> Key:
    """Return the key of Amazon's fees for a product at a price that is looked into, shipped by AMAZON or MERCHANT."""
    place = f"{encode(marketplace_id)}#{encode(asin)}"
    return Key(research(tenant_id, connection_id), f"FEES#{place}#{encode(channel)}#{price_minor}")


def returns(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str | None, returned: date) -> str:
    """Return the partition of the returns of one month (UTC), of one marketplace when Amazon says which."""
    place = f"{encode(connection_id)}#{encode(marketplace_id) if marketplace_id else '-'}"
    return f"{tenant_prefix(tenant_id)}RETURNS#{place}#{returned:%Y-%m}"


def customer_return(  # noqa: PLR0913, PLR0917 - a return's key has these parts
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str | None,
    returned_at: datetime,
    order_id: str,
    seller_sku: str,
    unit: str,
) -> Key:
    """Return the key of one returned unit; ``unit`` is its licence plate, or its number within order and SKU."""
    returned = format_instant(returned_at)
    partition = returns(tenant_id, connection_id, marketplace_id, date.fromisoformat(returned[:10]))
    return Key(partition, f"RETURN#{returned}#{encode(order_id)}#{encode(seller_sku)}#{encode(unit)}")


def fee_estimates(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of the fee estimates of one marketplace."""
    return f"{tenant_prefix(tenant_id)}FEES#{_place(connection_id, marketplace_id)}"


def fee_estimate(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Key:
    """Return the key of the fee estimate of one SKU."""
    return Key(fee_estimates(tenant_id, connection_id, marketplace_id), _sku_sort(seller_sku))


def inbound(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of everything that is on its way to Amazon."""
    return f"{tenant_prefix(tenant_id)}INBOUND#{encode(connection_id)}"


def inbound_plan(tenant_id: TenantId, connection_id: ConnectionId, plan_id: str) -> Key:
    """Return the key of one inbound plan."""
    return Key(inbound(tenant_id, connection_id), f"PLAN#{encode(plan_id)}")


def inbound_shipment(tenant_id: TenantId, connection_id: ConnectionId, shipment_id: str) -> Key:
    """Return the key of one inbound shipment."""
    return Key(inbound(tenant_id, connection_id), f"SHIPMENT#{encode(shipment_id)}")


def inbound_item(tenant_id: TenantId, connection_id: ConnectionId, shipment_id: str, seller_sku: str) -> Key:
    """Return the key of one SKU of an inbound shipment."""
    return Key(inbound(tenant_id, connection_id), f"ITEM#{encode(shipment_id)}#{encode(seller_sku)}")


def shipments(tenant_id: TenantId) -> str:
    """Return the partition of the seller's own shipments, with what is kept beside them."""
    return f"{tenant_prefix(tenant_id)}SHIPMENTS"


def open_shipment(tenant_id: TenantId, shipment_id: str) -> Key:
    """Return the key of a shipment of the seller's that is not over."""
    return Key(shipments(tenant_id), f"OPEN#{encode(shipment_id)}")


def ended_shipment(tenant_id: TenantId, shipment_id: str) -> Key:
    """Return the key of a shipment of the seller's that was closed or cancelled."""
    return Key(shipments(tenant_id), f"ENDED#{encode(shipment_id)}")


def listed_shipments(tenant_id: TenantId) -> str:
    """Return the partition of what lists show of the seller's own shipments."""
    return f"{tenant_prefix(tenant_id)}SHIPMENTLIST"


def listed_shipment(tenant_id: TenantId, group: str, shipment_id: str) -> Key:
    """Return the key of what lists show of a shipment of the seller's; ``group`` is OPEN or ENDED."""
    return Key(listed_shipments(tenant_id), f"{group}#{encode(shipment_id)}")


def shipment_detail(tenant_id: TenantId, shipment_id: str) -> Key:
    """Return the key of what a shipment of the seller's carries, and what was done with it."""
    return Key(shipments(tenant_id), f"DETAIL#{encode(shipment_id)}")


def shipment_documents(tenant_id: TenantId, shipment_id: str) -> Key:
    """Return the key of which documents a shipment of the seller's has."""
    return Key(shipments(tenant_id), f"DOCUMENTS#{encode(shipment_id)}")


def shipment_file(tenant_id: TenantId, shipment_id: str, document_id: str) -> str:
    """Return the key of the file of one document of a shipment, where it arrives and where it is kept."""
    return f"{raw_prefix(tenant_id)}shipments/{encode(shipment_id)}/{encode(document_id)}"


def shipped_order(tenant_id: TenantId, order_id: str) -> Key:
    """Return the key of how much of a purchase order is in which shipment."""
    return Key(shipments(tenant_id), f"ORDER#{encode(order_id)}")


def matched_inbound(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of which of Amazon's inbound shipments are matched with shipments of the seller's."""
    return f"{tenant_prefix(tenant_id)}MATCHED#{encode(connection_id)}"


def shipped_inbound(tenant_id: TenantId, connection_id: ConnectionId, shipment_id: str) -> Key:
    """Return the key of which shipments of the seller's an inbound shipment of Amazon's is matched with."""
    return Key(matched_inbound(tenant_id, connection_id), f"INBOUND#{encode(shipment_id)}")


def lead_times(tenant_id: TenantId, kind: str) -> Key:
    """Return the key of what was measured of one kind of leg."""
    return Key(shipments(tenant_id), f"LEADTIME#{encode(kind)}")


def under_way(tenant_id: TenantId) -> str:
    """Return the partition of what open shipments carry, in the order of the SKUs."""
    return f"{tenant_prefix(tenant_id)}UNDERWAY"


def under_way_of(seller_sku: str) -> str:
    """Return what the sort keys of one SKU's units under way begin with."""
    return f"SKU#{encode(seller_sku)}#"


def units_under_way(tenant_id: TenantId, seller_sku: str, shipment_id: str) -> Key:
    """Return the key of the units of one SKU in one open shipment."""
    return Key(under_way(tenant_id), f"{under_way_of(seller_sku)}{encode(shipment_id)}")


def traffic(tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str) -> str:
    """Return the partition of sales and traffic of one marketplace."""
    return f"{tenant_prefix(tenant_id)}TRAFFIC#{_place(connection_id, marketplace_id)}"


def traffic_day(
    tenant_id: TenantId, connection_id: ConnectionId, marketplace_id: str, day: date, seller_sku: str | None
) -> Key:
    """Return the key of one day of one SKU, or of the whole marketplace when there is no SKU."""
    of = "TOTAL" if seller_sku is None else _sku_sort(seller_sku)
    return Key(traffic(tenant_id, connection_id, marketplace_id), f"DAY#{day.isoformat()}#{of}")


def runs(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the run log of a connection."""
    return f"{tenant_prefix(tenant_id)}RUNS#{encode(connection_id)}"


def runs_of(dataset: str) -> str:
    """Return what the sort keys of all runs of a dataset begin with."""
    return f"RUN#{encode(dataset)}#"


def run(tenant_id: TenantId, connection_id: ConnectionId, dataset: str, started_at: datetime, command_id: str) -> Key:
    """Return the key of one run; runs of a dataset sort by when they began, to the millisecond."""
    began = f"{format_instant(started_at)[:-1]}.{started_at.microsecond // 1000:03d}Z"
    return Key(runs(tenant_id, connection_id), f"{runs_of(dataset)}{began}#{encode(command_id)}")


def report_runs(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the reports of a connection."""
    return f"{tenant_prefix(tenant_id)}REPORTS#{encode(connection_id)}"


def report_name(report_type: str, window_start: datetime, marketplace_ids: Sequence[str], mark: str) -> str:
    """Return what names a report within its connection: type, where its window begins, marketplaces, and a mark.

    The mark tells apart reports of windows that begin at the same instant: a number, or Amazon's id of the report.
    """
    places = "+".join(sorted(encode(each) for each in marketplace_ids))
    return f"{encode(report_type)}#{format_instant(window_start)}#{places}#{encode(mark)}"


def report_run(tenant_id: TenantId, connection_id: ConnectionId, name: str) -> Key:
    """Return the key of one report, by its ``report_name``."""
    return Key(report_runs(tenant_id, connection_id), f"REPORT#{name}")


def report_range(report_type: str, until: datetime | None = None) -> tuple[str, str]:
    """Return the bounds of the sort keys of the reports of a type whose window begins at ``until`` or before."""
    begins = f"REPORT#{encode(report_type)}#"
    return begins, f"{begins}{format_instant(until) if until else ''}{HIGHEST}"


# Raw files: keys of objects, not of items


def raw_prefix(tenant_id: TenantId, connection_id: ConnectionId | None = None) -> str:
    """Return what the keys of a tenant's raw files begin with, or of one connection's."""
    tenant_files = f"T/{check_tenant_id(tenant_id)}/"
    return tenant_files if connection_id is None else f"{tenant_files}{encode(connection_id)}/"


def raw_report(tenant_id: TenantId, connection_id: ConnectionId, report_type: str, report_id: str) -> str:
    """Return the key of the raw file of one report."""
    return f"{raw_prefix(tenant_id, connection_id)}{encode(report_type)}/{encode(report_id)}.gz"


# Vault: credentials, always ciphertext


def vault(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the credentials of a connection."""
    return f"{tenant_prefix(tenant_id)}VAULT#{encode(connection_id)}"


def refresh_token(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of a connection's refresh token."""
    return Key(vault(tenant_id, connection_id), "REFRESH_TOKEN")


def authorization_code(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of a connection's authorisation code, which waits there for minutes at most."""
    return Key(vault(tenant_id, connection_id), "AUTHORIZATION_CODE")


def client_secret(client_id: str) -> Key:
    """Return the key of the application's own client secret."""
    return Key(f"APPLICATION#{encode(client_id)}", "CLIENT_SECRET")


# Audit: chains of entries, in volumes


def _audit(chain: str) -> str:
    """Return what the partitions of a chain begin with; a chain is ``application`` or a tenant's id."""
    return "APPLICATION#AUDIT" if chain == "application" else f"{tenant_prefix(TenantId(chain))}AUDIT"


def audit_entries(chain: str, volume: int) -> str:
    """Return the partition of the entries of one volume of an audit chain."""
    return f"{_audit(chain)}#{volume:08d}"


def audit_entry(chain: str, volume: int, sequence: int) -> Key:
    """Return the key of one entry, by its number in the chain."""
    return Key(audit_entries(chain, volume), f"ENTRY#{sequence:012d}")


def audit_volumes(chain: str) -> str:
    """Return the partition that lists the volumes of an audit chain."""
    return f"{_audit(chain)}#VOLUMES"


def audit_volume(chain: str, volume: int) -> Key:
    """Return the key of one volume in the list of volumes."""
    return Key(audit_volumes(chain), f"VOLUME#{volume:08d}")


def audit_volume_number(sort_key: str) -> int:
    """Return the number of a volume from its sort key in the list of volumes."""
    return int(sort_key.removeprefix("VOLUME#"))


def audit_sequence(sort_key: str) -> int | None:
    """Return the number of an entry from its sort key, None when no entry has such a key."""
    number = sort_key.removeprefix("ENTRY#")
    return int(number) if _ENTRY_NUMBER.fullmatch(number) and sort_key == f"ENTRY#{number}" else None


def audit_shard(chain: str) -> int:
    """Return the shard of the register that a chain belongs to."""
    return hashlib.sha256(chain.encode()).digest()[0] % DUE_SHARDS


def audit_chains(shard: int) -> str:
    """Return the partition of one shard of the register of all audit chains.

    Raises:
        ValueError: there is no such shard.
    """
    if not 0 <= shard < DUE_SHARDS:
        raise ValueError(f"The register of chains has shards 0 to {DUE_SHARDS - 1}.")
    return f"CHAINS#{shard}"


def audit_registered(chain: str) -> Key:
    """Return the key of one chain in the register."""
    return Key(audit_chains(audit_shard(chain)), f"CHAIN#{encode(chain)}")


def audit_checkpoints(shard: int) -> str:
    """Return what the keys of the checkpoints of one shard of the register begin with (objects, not items)."""
    return f"checkpoints/{shard}/"


def audit_checkpoint(shard: int, taken_at: datetime, mark: str) -> str:
    """Return the key of one checkpoint; ``mark`` tells apart those of one second."""
    return f"{audit_checkpoints(shard)}{format_instant(taken_at)}-{encode(mark)}.json"


# Personal data of buyers, and the data keys it lies under


def personal_records(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the sealed personal data of all orders of a connection."""
    return f"{tenant_prefix(tenant_id)}PII#{encode(connection_id)}"


PERSONAL_RECORD = "ORDER#"
"""What the sort key of the sealed personal data of an order begins with."""


def personal_record(tenant_id: TenantId, connection_id: ConnectionId, order_id: str) -> Key:
    """Return the key of the sealed personal data of one order."""
    return Key(personal_records(tenant_id, connection_id), f"{PERSONAL_RECORD}{encode(order_id)}")


def order_of_personal_record(sort_key: str) -> str:
    """Return the order that the sort key of sealed personal data is of."""
    return decode(sort_key.removeprefix(PERSONAL_RECORD))


def data_keys(tenant_id: TenantId) -> str:
    """Return the partition of the wrapped data keys of a tenant."""
    return f"{tenant_prefix(tenant_id)}PIIKEYS"


def data_key(tenant_id: TenantId, expires_on: date) -> Key:
    """Return the key of the wrapped data key of everything that expires as one day (UTC) begins."""
    return Key(data_keys(tenant_id), f"DAY#{expires_on.isoformat()}")


def message_files(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return the partition of the sealed files that messages to buyers of a connection's orders carry."""
    return f"{tenant_prefix(tenant_id)}PII#FILES#{encode(connection_id)}"


def message_file(order_id: str, message_id: str) -> str:
    """Return how the sort keys of the parts of one message's file begin."""
    return f"FILE#{encode(order_id)}#{encode(message_id)}#"


def message_file_part(
    tenant_id: TenantId, connection_id: ConnectionId, order_id: str, message_id: str, number: int
) -> Key:
    """Return the key of one part of one message's file."""
    return Key(message_files(tenant_id, connection_id), f"{message_file(order_id, message_id)}{number:04d}")


# Manifests of destroyed data keys, in the table of the audit trail


def manifests(day: date) -> str:
    """Return the partition of the manifests of the year of ``day``."""
    return f"MANIFESTS#{day:%Y}"


def manifest_prefix(day: date) -> str:
    """Return what the sort keys of the parts of one day's manifest begin with."""
    return f"DAY#{day.isoformat()}#"


def manifest(day: date, part: int) -> Key:
    """Return the key of one part of one day's manifest."""
    return Key(manifests(day), f"{manifest_prefix(day)}{part:06d}")


def sweep_results(day: date) -> str:
    """Return the partition of what the sweeps of the year of ``day`` counted."""
    return f"RETENTION#{day:%Y}"


def sweep_result(day: date, shard: int) -> Key:
    """Return the key of what one day's sweep counted in one shard of the tenants."""
    return Key(sweep_results(day), f"DAY#{day.isoformat()}#{shard}")


PROVED_RUNS = "EVIDENCE"
"""The partition of the runs of the tests that operators published, in the table of the audit trail."""


def proved_run(finished_at: str) -> Key:
    """Return the key of one published run of the tests; ``finished_at`` is ISO 8601."""
    return Key(PROVED_RUNS, f"RUN#{encode(finished_at)}")


def disclosures(tenant_id: TenantId) -> str:
    """Return the partition of what of a tenant's data was handed out, beside its audit chain."""
    return f"{_audit(tenant_id)}#DISCLOSURES"


def disclosure(tenant_id: TenantId, at: datetime, mark: str) -> Key:
    """Return the key of one handing-out; ``mark`` tells apart those of one second."""
    return Key(disclosures(tenant_id), f"DISCLOSURE#{format_instant(at)}#{encode(mark)}")


def receipts(tenant_id: TenantId) -> str:
    """Return the partition of the receipts of a tenant's erasures, in the table of the audit trail."""
    return f"{tenant_prefix(tenant_id)}RECEIPTS"


def receipt(tenant_id: TenantId, finished_at: datetime, erasure_id: str) -> Key:
    """Return the key of the receipt of one erasure; receipts sort by when the erasure ended."""
    return Key(receipts(tenant_id), f"RECEIPT#{format_instant(finished_at)}#{encode(erasure_id)}")


# Coordination: system roles only


def expiring_shard(tenant_id: TenantId) -> int:
    """Return the shard of the list of expiring data keys that a tenant belongs to."""
    return hashlib.sha256(tenant_id.encode()).digest()[0] % DUE_SHARDS


def expiring(shard: int) -> str:
    """Return the partition of one shard of the list of data keys that will have to be destroyed.

    Raises:
        ValueError: there is no such shard.
    """
    if not 0 <= shard < DUE_SHARDS:
        raise ValueError(f"The list of expiring keys has shards 0 to {DUE_SHARDS - 1}.")
    return f"EXPIRING#{shard}"


def expiring_key(tenant_id: TenantId, expires_on: date) -> Key:
    """Return the key of one data key in the list of those that will have to be destroyed."""
    return Key(expiring(expiring_shard(tenant_id)), f"{expires_on.isoformat()}#{check_tenant_id(tenant_id)}")


def expiring_until(day: date) -> str:
    """Return the upper bound of the sort keys of data keys that expire as ``day`` begins or did before."""
    return f"{day.isoformat()}#{HIGHEST}"


def destroyed(day: date) -> str:
    """Return the partition of the data keys that were destroyed on one day (UTC)."""
    return f"DESTROYED#{day.isoformat()}"


def destroyed_key(day: date, tenant_id: TenantId, expires_on: date, key_digest: str) -> Key:
    """Return the key of what is noted of one data key that was destroyed on ``day``."""
    name = f"{check_tenant_id(tenant_id)}#{expires_on.isoformat()}#{key_digest[:16] or '-'}"
    return Key(destroyed(day), name)


def seller(selling_partner_id: str) -> str:
    """Return the partition that maps a selling partner to the connections that serve it."""
    return f"SELLER#{encode(selling_partner_id)}"


def seller_connection(selling_partner_id: str, tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of one mapping from selling partner to tenant and connection."""
    return Key(seller(selling_partner_id), f"CONNECTION#{check_tenant_id(tenant_id)}#{encode(connection_id)}")


def tenant_block(tenant_id: TenantId) -> Key:
    """Return the key of the block of a tenant."""
    return Key(f"BLOCK#{check_tenant_id(tenant_id)}", "BLOCK")


ABUSE_CASES = "ABUSE"
"""The partition of the operators' abuse cases, of which there are few."""


def abuse_case(case_id: str) -> Key:
    """Return the key of one abuse case."""
    return Key(ABUSE_CASES, f"CASE#{encode(case_id)}")


def credentials(shard: int) -> str:
    """Return the partition of one shard of the register of credentials: which there are and how old, never what.

    Raises:
        ValueError: there is no such shard.
    """
    if not 0 <= shard < DUE_SHARDS:
        raise ValueError(f"The register of credentials has shards 0 to {DUE_SHARDS - 1}.")
    return f"CREDENTIAL#{shard}"


def credentials_of(tenant_id: TenantId) -> str:
    """Return what the sort keys of a tenant's entries in the register of credentials begin with."""
    return f"{check_tenant_id(tenant_id)}#"


def credential_entry(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of a connection's entry in the register of credentials."""
    return Key(credentials(due_shard(connection_id)), f"{credentials_of(tenant_id)}{encode(connection_id)}")


def authorization_state(state: str) -> Key:
    """Return the key of a one-time OAuth state. Only its SHA-256 is stored."""
    return Key(f"STATE#{hashlib.sha256(state.encode()).hexdigest()}", "STATE")


def quota_bucket(application_id: str, connection_id: ConnectionId | None, operation: str) -> Key:
    """Return the key of a quota bucket: of one connection, or of the whole application when there is none."""
    holder = "APPLICATION" if connection_id is None else encode(connection_id)
    return Key(f"QUOTA#{encode(application_id)}#{holder}#{encode(operation)}", "BUCKET")


def circuit(application_id: str, region: str, operation: str) -> Key:
    """Return the key of the circuit of one operation in one region."""
    return Key(f"CIRCUIT#{encode(application_id)}#{encode(region)}#{encode(operation)}", "CIRCUIT")


def access_token(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of a cached access token."""
    return Key(f"TOKEN#{check_tenant_id(tenant_id)}#{encode(connection_id)}", "ACCESS_TOKEN")


def application_token(client_id: str, scope: str) -> Key:
    """Return the key of a cached grantless access token of the application."""
    return Key(f"TOKEN#APPLICATION#{encode(client_id)}#{encode(scope)}", "ACCESS_TOKEN")


def destination(region: str) -> Key:
    """Return the key of the notification destination that all sellers of a region share."""
    return Key(f"DESTINATION#{encode(region)}", "DESTINATION")


def due_shard(connection_id: ConnectionId) -> int:
    """Return the shard of due work that a connection belongs to."""
    return hashlib.sha256(connection_id.encode()).digest()[0] % DUE_SHARDS


def due(shard: int) -> str:
    """Return the partition of one shard of due work.

    Raises:
        ValueError: there is no such shard.
    """
    if not 0 <= shard < DUE_SHARDS:
        raise ValueError(f"Due work has shards 0 to {DUE_SHARDS - 1}.")
    return f"DUE#{shard}"


def due_job(due_at: datetime, tenant_id: TenantId, connection_id: ConnectionId, job: str) -> Key:
    """Return the key of one job that is due at an instant."""
    name = f"{check_tenant_id(tenant_id)}#{encode(connection_id)}#{encode(job)}"
    return Key(due(due_shard(connection_id)), f"{format_instant(due_at)}#{name}")


def due_until(at: datetime) -> str:
    """Return the upper bound of the sort keys of work that is due at ``at`` or was before."""
    return f"{format_instant(at)}#{HIGHEST}"


QUARANTINE = "QUARANTINE"
"""The partition of notifications whose tenant is not known."""


def quarantine_entry(received_at: datetime, entry_id: str) -> Key:
    """Return the key of a quarantine entry whose tenant is not known."""
    return Key(QUARANTINE, quarantine_sort(received_at, entry_id))


def lease(name: str) -> Key:
    """Return the key of a lease: who may do something that only one may do at a time."""
    return Key(f"LEASE#{encode(name)}", "LEASE")


def report_pointer(report_id: str) -> Key:
    """Return the key that tells whose report an id of Amazon's is."""
    return Key(f"REPORT#{encode(report_id)}", "REPORT")


def sweep(tenant_id: TenantId, connection_id: ConnectionId) -> Key:
    """Return the key of how many orders of a connection wait for their prices, and when they are next searched for."""
    return Key(f"SWEEP#{check_tenant_id(tenant_id)}#{encode(connection_id)}", "SWEEP")


def board_shard(connection_id: ConnectionId) -> int:
    """Return the shard of the operators' board that a connection belongs to."""
    return due_shard(connection_id)


def board(shard: int) -> str:
    """Return the partition of one shard of the operators' board.

    Raises:
        ValueError: there is no such shard.
    """
    if not 0 <= shard < DUE_SHARDS:
        raise ValueError(f"The board has shards 0 to {DUE_SHARDS - 1}.")
    return f"BOARD#{shard}"


def board_of(tenant_id: TenantId, connection_id: ConnectionId) -> str:
    """Return what the sort keys of a connection's entries on the board begin with."""
    return f"{check_tenant_id(tenant_id)}#{encode(connection_id)}#"


def board_entry(tenant_id: TenantId, connection_id: ConnectionId, dataset: str) -> Key:
    """Return the key of one dataset of one connection on the operators' board."""
    return Key(board(board_shard(connection_id)), f"{board_of(tenant_id, connection_id)}{encode(dataset)}")


def erasures(tenant_id: TenantId) -> str:
    """Return the partition of the erasures of a tenant's data that are under way or ended lately."""
    return f"ERASURE#{check_tenant_id(tenant_id)}"


def erasure(tenant_id: TenantId, erasure_id: str) -> Key:
    """Return the key of one erasure."""
    return Key(erasures(tenant_id), f"ERASURE#{encode(erasure_id)}")


OPEN_ERASURES = "ERASURE#OPEN"
"""The partition that lists the erasures that have not ended, of all tenants."""


def open_erasure(tenant_id: TenantId, erasure_id: str) -> Key:
    """Return the key of one erasure in the list of those that have not ended."""
    return Key(OPEN_ERASURES, f"{check_tenant_id(tenant_id)}#{encode(erasure_id)}")


def export_prefix(tenant_id: TenantId, connection_id: ConnectionId | None) -> str:
    """Return what the keys of the exports of one connection begin with, or of those of everything."""
    return f"T/{check_tenant_id(tenant_id)}/{'all' if connection_id is None else encode(connection_id)}/"


def export_file(tenant_id: TenantId, connection_id: ConnectionId | None, export_id: str) -> str:
    """Return the key of the file of one export."""
    return f"{export_prefix(tenant_id, connection_id)}{encode(export_id)}.zip"


def export_pieces(tenant_id: TenantId, connection_id: ConnectionId | None, export_id: str) -> str:
    """Return what the keys of the pieces begin with that an export is put together from."""
    return f"{export_prefix(tenant_id, connection_id)}{encode(export_id)}/"


def exports(tenant_id: TenantId, connection_id: ConnectionId | None) -> str:
    """Return the partition of the exports of one connection, or of those of everything."""
    return f"{tenant_prefix(tenant_id)}EXPORTS#{'all' if connection_id is None else encode(connection_id)}"


def export(tenant_id: TenantId, connection_id: ConnectionId | None, export_id: str) -> Key:
    """Return the key of one export."""
    return Key(exports(tenant_id, connection_id), f"EXPORT#{encode(export_id)}")
