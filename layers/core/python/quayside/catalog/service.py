"""Use cases of the catalogue: take in listings, their status and products, and say what is worth reading next."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from quayside.amazon.catalog import CatalogItem, Dimension, Dimensions
from quayside.amazon.listings import Listing, ListingIssue
from quayside.amazon.marketplaces import find_marketplace
from quayside.catalog import rules, store
from quayside.catalog.rules import (
    DocumentedListing,
    Issue,
    Measure,
    NotifiedStatus,
    Price,
    Product,
    ReportedListing,
    Size,
    UnusableListing,
)
from quayside.catalog.views import LISTING_COLUMNS, PRODUCT_COLUMNS, listing_row, product_row
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, epoch_seconds
from quayside.kernel.errors import QuaysideError
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from quayside.sync.sinks import Applied, PricedSku, Rejected, ReportLoad
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from quayside.amazon.envelopes import ListingStatusChange
    from quayside.amazon.report_rows import ListingRow

LISTINGS = "listings"
CATALOG_ITEMS = "catalog_items"


def apply_listing_rows(load: ReportLoad, rows: "Sequence[ListingRow]") -> Applied:
    """Store rows of the daily report of all listings, newer wins.

    What the report says is of the instant Amazon closed it, so that a notification that came while it was made stays
    the newer word. A row that says what is stored already costs no write; a SKU that the report leaves out is left
    alone, for a report may be short.
    """
    at = load.received_at if load.data_end is None else min(load.data_end, load.received_at)
    rejected: list[Rejected] = []
    with tenant_scope(load.tenant_id):
        if len(load.marketplace_ids) != 1 or (place := find_marketplace(load.marketplace_ids[0])) is None:
            reason = "The report does not say for which marketplace it is, so its prices have no currency."
            return Applied(0, 0, tuple(Rejected(row.seller_sku, reason) for row in rows))
        said: list[tuple[str, ReportedListing]] = []
        for row in rows:
            try:
                said.append((rules.checked_sku(row.seller_sku), _reported(row, place.currency)))
            except (UnusableListing, QuaysideError) as problem:
                rejected.append(Rejected(f"line {row.line}: {row.seller_sku}", str(problem)))
        tally = store.put_reported(load.connection_id, place.marketplace_id, said, at=at, received_at=load.received_at)
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _reported(row: "ListingRow", currency: str) -> ReportedListing:
    return ReportedListing(
        status=row.status,
        asin=row.asin or None,
        title=row.title or None,
        price=None if row.price is None else _price(Money.from_decimal(str(row.price), currency)),
        quantity=rules.checked_quantity(row.seller_sku, row.quantity),
        channel=row.fulfilment_channel or None,
        condition=row.condition or None,
        opened_at=None if row.opened_at is None else epoch_seconds(row.opened_at),
        listing_id=row.listing_id or None,
        product_id=row.product_id or None,
    )


def apply_listings(  # noqa: PLR0913 - the port of the sync worker
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    listings: Sequence[Listing],
    *,
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on the receipt alone
) -> Applied:
    """Store listings with status and issues as the Listings API shows them, newer wins.

    What of a listing could not be read is for whoever decoded it to report; the rest of it is stored.
    """
    said: list[tuple[str, DocumentedListing]] = []
    rejected: list[Rejected] = []
    for listing in listings:
        try:
            said.append((rules.checked_sku(listing.sku), _documented(listing, marketplace_id)))
        except (UnusableListing, QuaysideError) as problem:
            rejected.append(Rejected(listing.sku, str(problem)))
    with tenant_scope(tenant_id):
        tally = store.put_documented(connection_id, marketplace_id, said, received_at=received_at)
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _documented(listing: Listing, marketplace_id: str) -> DocumentedListing:
    summary = listing.summary_of(marketplace_id)
    if summary is None:
        raise UnusableListing(f"The listing {listing.sku} says nothing of the marketplace {marketplace_id}.")
    price = listing.price_of(marketplace_id)
    channels = listing.fulfillment_availability
    # A SKU can be in both channels while it moves from one to the other; Amazon's own is the one that decides.
    channel = next((each for each in channels if each.fulfillment_channel_code.startswith("AMAZON")), None) or next(
        iter(channels), None
    )
    return DocumentedListing(
        statuses=tuple(sorted(summary.status)),
        issues=tuple(_issue(each) for each in listing.issues_of(marketplace_id)),
        asin=summary.asin,
        title=summary.item_name,
        price=None if price is None else _price(price.money()),
        quantity=None if channel is None else rules.checked_quantity(listing.sku, channel.quantity),
        channel=None if channel is None else channel.fulfillment_channel_code,
        condition=summary.condition_type,
        product_type=summary.product_type,
        fnsku=summary.fn_sku,
        image=None if summary.main_image is None else summary.main_image.link,
        created_at=None if summary.created_date is None else epoch_seconds(summary.created_date),
    )


def _issue(issue: ListingIssue) -> Issue:
    enforcements = issue.enforcements
    exemption = enforcements.exemption.status if enforcements and enforcements.exemption else None
    actions = [each.action for each in enforcements.actions] if enforcements else []
    return Issue(
        issue.code,
        issue.severity,
        issue.message,
        issue.attribute_names,
        issue.categories,
        rules.actions_in_force(actions, exemption),
    )


def _price(money: Money) -> Price:
    return Price(money.amount_minor, money.currency)


def apply_status_change(
    connection_id: ConnectionId, change: "ListingStatusChange", *, event_time: datetime, received_at: datetime
) -> Applied:
    """Store whether a listing can be bought and found, for the tenant in scope, newer wins."""
    try:
        sku = rules.checked_sku(change.seller_sku)
    except UnusableListing as problem:
        return Applied(0, 0, (Rejected(change.seller_sku, problem.reason),))
    if not change.marketplace_id:
        return Applied(0, 0, (Rejected(sku, "The notification does not say in which marketplace the listing is."),))
    said = NotifiedStatus(tuple(sorted(change.status)), change.asin or None)
    tally = store.put_notified(
        connection_id, change.marketplace_id, sku, said, event_time=event_time, received_at=received_at
    )
    return Applied(tally.applied, tally.stale)


def apply_catalog_items(  # noqa: PLR0913 - the port of the sync worker
    tenant_id: TenantId,
    connection_id: ConnectionId,
    marketplace_id: str,
    items: Sequence[CatalogItem],
    *,
    asked: Sequence[str],
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on the receipt alone
) -> Applied:
    """Store products, newer wins, and remember of every ASIN in ``asked`` that it was read."""
    rejected = tuple(
        Rejected(item.asin, f"Part of the product can't be read: {problem}")
        for item in items
        for problem in item.problems
    )
    products = dict.fromkeys(asked, rules.NOT_FOUND) | {item.asin: _product(item, marketplace_id) for item in items}
    with tenant_scope(tenant_id):
        tally = store.put_products(connection_id, marketplace_id, products, received_at=received_at)
    return Applied(tally.applied, tally.stale, rejected)


def _product(item: CatalogItem, marketplace_id: str) -> Product:
    summary = item.summary_of(marketplace_id)
    sizes = item.dimensions_of(marketplace_id)
    image = item.main_image_of(marketplace_id)
    relations = [
        relation
        for each in item.relationships
        if each.marketplace_id == marketplace_id
        for relation in each.relationships
        if relation.type == "VARIATION"
    ]
    classifications = [
        classification.display_name
        for each in item.classifications
        if each.marketplace_id == marketplace_id
        for classification in each.classifications
    ]
    ranks = [each for each in item.sales_ranks if each.marketplace_id == marketplace_id]
    return Product(
        found=True,
        title=summary.item_name if summary else None,
        brand=summary.brand if summary else None,
        manufacturer=summary.manufacturer if summary else None,
        model_number=summary.model_number if summary else None,
        part_number=summary.part_number if summary else None,
        product_type=item.product_type_of(marketplace_id),
        classification=summary.item_classification if summary else None,
        browse_node=next(iter(classifications), None),
        color=summary.color if summary else None,
        size_name=summary.size if summary else None,
        package_quantity=summary.package_quantity if summary else None,
        item=_size(sizes.item) if sizes else None,
        package=_size(sizes.package) if sizes else None,
        identifiers=tuple(
            (each.identifier_type, each.identifier)
            for listed in item.identifiers
            if listed.marketplace_id == marketplace_id
            for each in listed.identifiers
        ),
        parent_asins=tuple(asin for relation in relations for asin in relation.parent_asins),
        child_asins=tuple(asin for relation in relations for asin in relation.child_asins),
        image=None if image is None else image.link,
        ranks=tuple((each.title, each.rank) for listed in ranks for each in listed.display_group_ranks)
        + tuple((each.title, each.rank) for listed in ranks for each in listed.classification_ranks),
    )


def _size(dimensions: Dimensions | None) -> Size | None:
    if dimensions is None:
        return None
    return Size(
        _measure(dimensions.length),
        _measure(dimensions.width),
        _measure(dimensions.height),
        _measure(dimensions.weight),
    )


def _measure(dimension: Dimension | None) -> Measure | None:
    if dimension is None or dimension.value is None or dimension.unit is None:
        return None
    return Measure(str(dimension.value), dimension.unit)


class Family(NamedTuple):
    """A parent and all its variations, as Amazon's catalog tells them."""

    parent_asin: str
    child_asins: frozenset[str]


def family_of(connection_id: ConnectionId, marketplace_id: str, asin: str) -> Family | None:
    """Return the family a product of the tenant in scope is a variation of.

    None when it has no parent or several, or when the catalog's word on the parent was not read: siblings are on it.
    """
    child = store.product(connection_id, marketplace_id, asin)
    if child is None or len(set(child.parent_asins)) != 1:
        return None
    parent = store.product(connection_id, marketplace_id, child.parent_asins[0])
    if parent is None or asin not in parent.child_asins:
        return None
    return Family(child.parent_asins[0], frozenset(parent.child_asins))


def known_asins(connection_id: ConnectionId, marketplace_id: str, unread_since: datetime) -> list[str]:
    """Return the ASINs of a marketplace's listings whose products were not read since then, never read ones first.

    For the tenant in scope. Listings that are gone need no reading.
    """
    asins = [
        listing.asin
        for _, listing in store.listings(connection_id, marketplace_id)
        if listing.asin and listing.standing != "deleted"
    ]
    return rules.to_read(asins, store.read_at(connection_id, marketplace_id), unread_since)


def priced_skus(connection_id: ConnectionId, marketplace_id: str, after: str | None, limit: int) -> list[PricedSku]:
    """Return the SKUs of a marketplace that have a price, in the order of their keys, after one of them.

    For the tenant in scope. Listings that are gone are left out.
    """
    priced = (
        PricedSku(sku, listing.asin, listing.price, listing.by_amazon)
        for sku, listing in store.listings(connection_id, marketplace_id, after=after)
        if listing.asin and listing.price is not None and listing.price.amount_minor > 0
        if listing.standing != "deleted"
    )
    return list(islice(priced, limit))


def rows_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of the listings or the products of a connection of the tenant in scope.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    places = reach.places(marketplace_id)
    if dataset == CATALOG_ITEMS:
        products = store.browse_products([store.product_shelf(connection_id, place) for place in places], cursor, limit)
        rows = tuple(product_row(place, record) for place, record in products.found)
        return RowsPage(PRODUCT_COLUMNS, rows, products.next_cursor, reach.as_of)
    listings = store.browse_listings([store.listing_shelf(connection_id, place) for place in places], cursor, limit)
    rows = tuple(listing_row(place, record) for place, record in listings.found)
    return RowsPage(LISTING_COLUMNS, rows, listings.next_cursor, reach.as_of)
