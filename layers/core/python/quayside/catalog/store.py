"""Reads and writes of listings and products. Every function acts for the tenant in scope."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from quayside.catalog.records import (
    LISTING_PREFIX,
    PRODUCT_PREFIX,
    ListingRecord,
    ProductRecord,
    asin_of,
    product_from,
    sku_of,
    sources_of,
    text_of,
)
from quayside.catalog.rules import (
    DocumentedListing,
    Listing,
    NotifiedStatus,
    Product,
    ReportedListing,
    merged,
    with_first_seen,
)
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.facts import Browsed, Fact, Shelf, Tally, browse, stored, upsert, version_of
from quayside.storage.tables import every, living

REPORT = "amazon:reports/GET_MERCHANT_LISTINGS_ALL_DATA"
DOCUMENT = "amazon:listingsItems/2021-08-01"
NOTIFICATION = "amazon:notifications/LISTINGS_ITEM_STATUS_CHANGE"
CATALOG = "amazon:catalogItems/2022-04-01"


def put_reported(
    connection_id: ConnectionId,
    marketplace_id: str,
    listings: Iterable[tuple[str, ReportedListing]],
    *,
    at: datetime,
    received_at: datetime,
) -> Tally:
    """Store what a report of the instant ``at`` says of listings, each under its SKU."""
    return upsert(
        ListingRecord,
        [_fact(connection_id, marketplace_id, sku, said, at) for sku, said in listings],
        received_at=received_at,
        source=REPORT,
        register="reported",
        matters=_outvotes("reported"),
    )


def put_documented(
    connection_id: ConnectionId,
    marketplace_id: str,
    listings: Sequence[tuple[str, DocumentedListing]],
    *,
    received_at: datetime,
) -> Tally:
    """Store listings as the Listings API showed them at ``received_at``; issues keep the day they were first seen."""
    places = {sku: keys.listing(current_tenant(), connection_id, marketplace_id, sku) for sku, _ in listings}
    known = stored(ListingRecord, places.values())
    facts = []
    for sku, said in listings:
        record = known.get(places[sku])
        before = sources_of(record).documented if record is not None else None
        issues = with_first_seen(said.issues, before.said.issues if before else (), epoch_seconds(received_at))
        dated = msgspec.structs.replace(said, issues=issues)
        facts.append(_fact(connection_id, marketplace_id, sku, dated, received_at))
    return upsert(
        ListingRecord,
        facts,
        received_at=received_at,
        source=DOCUMENT,
        register="documented",
        known=known,
        matters=_outvotes("documented"),
    )


def put_notified(  # noqa: PLR0913 - what a notification is about, says, and when
    connection_id: ConnectionId,
    marketplace_id: str,
    seller_sku: str,
    said: NotifiedStatus,
    *,
    event_time: datetime,
    received_at: datetime,
) -> Tally:
    """Store what a notification of ``event_time`` says of one listing."""
    return upsert(
        ListingRecord,
        [_fact(connection_id, marketplace_id, seller_sku, said, event_time)],
        received_at=received_at,
        source=NOTIFICATION,
        register="notified",
        matters=_outvotes("notified"),
    )


def _fact(
    connection_id: ConnectionId,
    marketplace_id: str,
    seller_sku: str,
    said: ReportedListing | DocumentedListing | NotifiedStatus,
    at: datetime,
) -> Fact:
    key = keys.listing(current_tenant(), connection_id, marketplace_id, seller_sku)
    return Fact(key, version_of(at), text_of(said))


def _outvotes(register: str) -> Callable[[ListingRecord, Fact], bool]:
    """Return whether a source that repeats itself outvotes one that spoke in between, so that it must be written."""

    def matters(record: ListingRecord, fact: Fact) -> bool:
        now = sources_of(record)
        words = getattr(now, register)
        others = (now.reported, now.documented, now.notified)
        if all(other is None or other.version <= words.version for other in others):
            return False
        again = msgspec.structs.replace(now, **{register: msgspec.structs.replace(words, version=fact.version)})
        return merged(again) != merged(now)

    return matters


def listings(
    connection_id: ConnectionId, marketplace_id: str, *, after: str | None = None
) -> Iterator[tuple[str, Listing]]:
    """Yield the listings of a marketplace with their SKUs, in the order of their keys, after one of them."""
    partition = keys.listings(current_tenant(), connection_id, marketplace_id)
    low = LISTING_PREFIX
    if after is not None:
        low = keys.listing(current_tenant(), connection_id, marketplace_id, after).sk
    for record in every(ListingRecord, partition, between=(low, f"{LISTING_PREFIX}{keys.HIGHEST}")):
        sku = sku_of(record.sk)
        if sku != after:
            yield sku, merged(sources_of(record))


def listing(connection_id: ConnectionId, marketplace_id: str, seller_sku: str) -> Listing | None:
    """Return one listing; None when it is not known. Strongly consistent."""
    record = ListingRecord.find(keys.listing(current_tenant(), connection_id, marketplace_id, seller_sku))
    return None if record is None else merged(sources_of(record))


def listings_of(connection_id: ConnectionId, marketplace_id: str, seller_skus: Iterable[str]) -> dict[str, Listing]:
    """Return some listings of a marketplace by SKU, each read once; unknown ones are left out."""
    tenant_id = current_tenant()
    wanted = [keys.listing(tenant_id, connection_id, marketplace_id, sku) for sku in seller_skus]
    found = ListingRecord.batch_get(list(dict.fromkeys((key.pk, key.sk) for key in wanted)))
    return {sku_of(record.sk): merged(sources_of(record)) for record in living(found)}


def browse_listings(shelves: Sequence[Shelf], cursor: str | None, limit: int) -> Browsed[ListingRecord]:
    """Return one page of listings of the marketplaces in ``shelves``."""
    return browse(ListingRecord, shelves, prefix=LISTING_PREFIX, cursor=cursor, limit=limit)


def listing_shelf(connection_id: ConnectionId, marketplace_id: str) -> Shelf:
    """Return where the listings of a marketplace are kept."""
    return Shelf(marketplace_id, keys.listings(current_tenant(), connection_id, marketplace_id))


def put_products(
    connection_id: ConnectionId, marketplace_id: str, products: Mapping[str, Product], *, received_at: datetime
) -> Tally:
    """Store products under their ASINs, and that they were read.

    A product that has not changed is written as well, a read product being one that needs no reading for days. One
    that Amazon does not answer for leaves what was known of it alone.
    """
    places = {asin: keys.catalog_item(current_tenant(), connection_id, marketplace_id, asin) for asin in products}
    known = stored(ProductRecord, places.values())
    facts = []
    for asin, product in products.items():
        record = known.get(places[asin])
        text = text_of(product) if product.found or record is None else record.facts
        facts.append(Fact(places[asin], version_of(received_at), text))
    return upsert(
        ProductRecord,
        facts,
        received_at=received_at,
        source=CATALOG,
        known=known,
        matters=lambda _record, _fact: True,
    )


def product(connection_id: ConnectionId, marketplace_id: str, asin: str) -> Product | None:
    """Return what Amazon's catalog says of a product; None when it was not read or Amazon does not know it."""
    record = ProductRecord.find(
        keys.catalog_item(current_tenant(), connection_id, marketplace_id, asin), consistent=False
    )
    found = None if record is None else product_from(record.facts)
    return found if found is not None and found.found else None


def products_of(connection_id: ConnectionId, marketplace_id: str, asins: Iterable[str]) -> dict[str, Product]:
    """Return some products of a marketplace by ASIN; those that were not read or not found are left out."""
    tenant_id = current_tenant()
    wanted = [keys.catalog_item(tenant_id, connection_id, marketplace_id, asin) for asin in asins]
    read = living(ProductRecord.batch_get(list(dict.fromkeys((key.pk, key.sk) for key in wanted))))
    found = ((asin_of(record.sk), product_from(record.facts)) for record in read)
    return {asin: product for asin, product in found if product.found}


def read_at(connection_id: ConnectionId, marketplace_id: str) -> dict[str, datetime]:
    """Return when each product of a marketplace was last read."""
    partition = keys.catalog_items(current_tenant(), connection_id, marketplace_id)
    return {
        asin_of(record.sk): from_epoch_seconds(int(record.received_at))
        for record in every(ProductRecord, partition, prefix=PRODUCT_PREFIX)
    }


def browse_products(shelves: Sequence[Shelf], cursor: str | None, limit: int) -> Browsed[ProductRecord]:
    """Return one page of products of the marketplaces in ``shelves``."""
    return browse(ProductRecord, shelves, prefix=PRODUCT_PREFIX, cursor=cursor, limit=limit)


def product_shelf(connection_id: ConnectionId, marketplace_id: str) -> Shelf:
    """Return where the products of a marketplace are kept."""
    return Shelf(marketplace_id, keys.catalog_items(current_tenant(), connection_id, marketplace_id))
