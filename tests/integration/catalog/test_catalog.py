"""Listings and products in the store: three sources, newest wins, and a report of unchanged listings costs no write."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import msgspec
import pytest

from quayside.amazon.catalog import (
    CatalogDimensions,
    CatalogItem,
    CatalogSummary,
    Dimension,
    Dimensions,
)
from quayside.amazon.envelopes import ListingStatusChange
from quayside.amazon.listings import (
    EnforcementAction,
    FulfilmentAvailability,
    IssueEnforcements,
    Listing,
    ListingIssue,
    ListingOffer,
    ListingPrice,
    ListingSummary,
)
from quayside.amazon.report_rows import ListingRow
from quayside.catalog import service
from quayside.catalog.records import ListingRecord, sources_of
from quayside.kernel.errors import InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.money import Money
from quayside.kernel.tenancy import TenantScopeConflict, tenant_scope
from quayside.storage import keys
from quayside.sync.sinks import Applied, PricedSku
from quayside.sync.views import Cell
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench, table, writes
from tests.support.fresh import emptied
from tests.support.notifications import DE, US

BOTH = ("BUYABLE", "DISCOVERABLE")


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Bench:
    return bench(emptied(shared), marketplaces=(US, DE))


def row(sku: str = "A", line: int = 2, **parts: object) -> ListingRow:
    fields: dict[str, object] = {
        "line": line, "seller_sku": sku, "asin": "B000000001", "listing_id": "L1", "title": "Coffee",
        "price": Decimal("9.99"), "quantity": 5, "opened_at": None, "fulfilment_channel": "DEFAULT", "status": "Active",
        "condition": "11", "product_id": "B000000001", "product_id_type": "1", "shipping_group": "",
    }  # fmt: skip
    return msgspec.convert(fields | parts, ListingRow)


def listing(
    sku: str = "A", *statuses: str, issues: tuple[ListingIssue, ...] = (), price: str | None = "9.99"
) -> Listing:
    return Listing(
        sku,
        (ListingSummary(US, statuses, "COFFEE", "B000000001", "new_new", "X001", "Coffee (new title)"),),
        () if price is None else (ListingOffer(US, "B2C", ListingPrice("USD", Decimal(price))),),
        issues,
        (FulfilmentAvailability("DEFAULT", 5),),
    )


def issue(code: str = "8541", *actions: str) -> ListingIssue:
    enforcements = IssueEnforcements(tuple(EnforcementAction(each) for each in actions))
    return ListingIssue(
        code, "A main image is missing.", "ERROR", ("main_image",), ("MISSING_ATTRIBUTE",), enforcements
    )


def report(on: Bench, *rows: ListingRow, at: datetime | None = None, marketplaces: tuple[str, ...] = (US,)) -> Applied:
    return service.apply_listing_rows(on.load(data_end=at, marketplaces=marketplaces), rows)


def fetch(on: Bench, *listings: Listing) -> Applied:
    return service.apply_listings(
        on.seller.tenant_id, on.seller.connection_id, US, listings, received_at=on.now, clock=on.aws.clock
    )


def notify(on: Bench, *statuses: str, at: datetime, sku: str = "A", marketplace: str = US) -> Applied:
    change = ListingStatusChange(on.seller.selling_partner_id, marketplace, statuses, sku, "B000000001")
    with tenant_scope(on.seller.tenant_id):
        return service.apply_status_change(on.seller.connection_id, change, event_time=at, received_at=on.now)


def rows(on: Bench, dataset: str = service.LISTINGS, marketplace: str | None = None) -> list[dict[str, Cell]]:
    with tenant_scope(on.seller.tenant_id):
        return table(service.rows_view(on.seller.connection_id, dataset, marketplace, None, 50))


def test_a_report_is_stored_and_the_same_report_again_costs_no_write(on: Bench) -> None:
    told = [row(f"SKU {place}", place + 2) for place in range(120)]
    assert report(on, *told) == Applied(120, 0)
    before = on.aws.items()
    on.aws.clock.advance(86400)
    with on.calls() as made:
        assert report(on, *told) == Applied(0, 120)
    assert writes(made) == 0
    assert on.aws.items() == before
    with on.calls() as made:
        assert report(on, *told[:-1], row("SKU 119", price=Decimal("10.49"))) == Applied(1, 119)
    assert writes(made) == 1


def test_a_listing_is_shown_with_price_status_and_source(on: Bench) -> None:
    report(on, row())
    (shown,) = rows(on)
    assert shown == {
        "marketplace_id": US, "seller_sku": "A", "asin": "B000000001", "title": "Coffee", "standing": "buyable",
        "statuses": "Active", "price": Money(999, "USD"), "quantity": 5, "channel": "DEFAULT", "condition": "11",
        "errors": 0, "issues": None, "received_at": "2026-11-21T10:11:12Z",
    }  # fmt: skip
    (stored,) = (item for item in on.aws.items() if item["kind"]["S"] == "listing")
    assert stored["source"]["S"] == "amazon:reports/GET_MERCHANT_LISTINGS_ALL_DATA"


def test_a_notification_that_came_while_the_report_was_made_stays_the_newer_word(on: Bench) -> None:
    closed = on.ago(minutes=20)
    assert notify(on, at=on.ago(minutes=10)) == Applied(1, 0)
    report(on, row(), at=closed)
    assert rows(on)[0]["standing"] == "inactive"
    on.aws.clock.advance(3600)
    report(on, row(), at=on.ago(minutes=5))
    assert rows(on)[0]["standing"] == "buyable"


def test_a_report_that_repeats_itself_still_outvotes_an_older_notification(on: Bench) -> None:
    """The report's text is the same as yesterday's, but in between the listing was said to be deleted."""
    report(on, row())
    on.aws.clock.advance(3600)
    notify(on, "DELETED", at=on.now)
    assert rows(on)[0]["standing"] == "deleted"
    on.aws.clock.advance(3600)
    with on.calls() as made:
        assert report(on, row()) == Applied(1, 0)
    assert writes(made) == 1
    assert rows(on)[0]["standing"] == "buyable"


def test_notifications_out_of_order_and_twice_end_with_the_newest(on: Bench) -> None:
    report(on, row(), at=on.ago(hours=9))
    assert notify(on, *BOTH, at=on.ago(hours=1)) == Applied(1, 0)
    assert notify(on, at=on.ago(hours=2)) == Applied(0, 1)
    assert notify(on, *BOTH, at=on.ago(hours=1)) == Applied(0, 1)
    assert (rows(on)[0]["standing"], rows(on)[0]["statuses"]) == ("buyable", "BUYABLE, DISCOVERABLE")


def test_an_issue_keeps_its_first_day_and_goes_when_amazon_drops_it(on: Bench) -> None:
    assert fetch(on, listing("A", issues=(issue("8541", "LISTING_SUPPRESSED"),))) == Applied(1, 0)
    (shown,) = rows(on)
    assert (shown["standing"], shown["errors"]) == ("suppressed", 1)
    assert shown["issues"] == "ERROR 8541: A main image is missing."
    on.aws.clock.advance(86400)
    with on.calls() as made:
        assert fetch(on, listing("A", issues=(issue("8541", "LISTING_SUPPRESSED"),))) == Applied(0, 1)
    assert writes(made) == 0
    fetch(on, listing("A", issues=(issue("8541"), issue("9000"))))
    with tenant_scope(on.seller.tenant_id):
        record = ListingRecord.find(keys.listing(on.seller.tenant_id, on.seller.connection_id, US, "A"))
    assert record is not None
    documented = sources_of(record).documented
    assert documented is not None
    seen = {each.code: each.first_seen for each in documented.said.issues}
    assert seen["9000"] - seen["8541"] == 86400
    fetch(on, listing("A", *BOTH))
    assert (rows(on)[0]["standing"], rows(on)[0]["errors"]) == ("buyable", 0)


def test_prices_come_in_the_marketplaces_currency(on: Bench) -> None:
    report(on, row(), row("B", price=None), marketplaces=(DE,))
    assert [shown["price"] for shown in rows(on)] == [Money(999, "EUR"), None]


def test_bad_rows_are_named_and_spoil_nothing(on: Bench) -> None:
    applied = report(on, row(), row("B", 3, price=Decimal("1.999")), row(" ", 4), row("C", 5, quantity=-1))
    assert (applied.applied, [each.identity for each in applied.rejected]) == (
        1,
        ["line 3: B", "line 4:  ", "line 5: C"],
    )
    assert "'1.999' is not an amount of USD" in applied.rejected[0].reason


@pytest.mark.parametrize("marketplaces", [(), (US, DE), ("NOWHERE",)])
def test_a_report_of_no_known_marketplace_is_refused_row_by_row(on: Bench, marketplaces: tuple[str, ...]) -> None:
    applied = report(on, row(), row("B"), marketplaces=marketplaces)
    assert (applied.applied, len(applied.rejected)) == (0, 2)
    assert on.kinds() == {}


def test_half_a_listing_document_is_stored_and_one_of_another_marketplace_is_named(on: Bench) -> None:
    half = msgspec.structs.replace(listing("A", *BOTH), problems=("issues[0]: no code",))
    elsewhere = msgspec.structs.replace(listing("B"), summaries=())
    applied = fetch(on, half, elsewhere)
    assert (applied.applied, [each.identity for each in applied.rejected]) == (1, ["B"])


def test_a_notification_without_a_marketplace_is_refused(on: Bench) -> None:
    assert len(notify(on, *BOTH, at=on.now, marketplace="").rejected) == 1


def test_a_sku_in_both_channels_counts_as_amazons(on: Bench) -> None:
    both = (FulfilmentAvailability("DEFAULT", 3), FulfilmentAvailability("AMAZON_NA", None))
    fetch(on, msgspec.structs.replace(listing("A", *BOTH), fulfillment_availability=both))
    assert rows(on)[0]["channel"] == "AMAZON_NA"


def priced(on: Bench, after: str | None = None, limit: int = 10) -> list[PricedSku]:
    with tenant_scope(on.seller.tenant_id):
        return service.priced_skus(on.seller.connection_id, US, after, limit)


def test_skus_with_a_price_go_on_after_one_of_them(on: Bench) -> None:
    report(
        on, row("A b#1"), row("B", price=None), row("C", asin=None, product_id=""), row("D", price=Decimal(0)),
        row("E", fulfilment_channel="AMAZON_NA"), row("F"),
    )  # fmt: skip
    notify(on, "DELETED", at=on.now, sku="F")
    first = PricedSku("A b#1", "B000000001", Money(999, "USD"), by_amazon=False)
    second = PricedSku("E", "B000000001", Money(999, "USD"), by_amazon=True)
    assert priced(on) == [first, second]
    assert priced(on, limit=1) == [first]
    assert priced(on, after="A b#1") == [second]
    assert priced(on, after="E") == []


def catalog_item(asin: str, title: str = "Coffee", **parts: object) -> CatalogItem:
    length, width, height = (Dimension(Decimal(value), "inches") for value in ("10", "4", "2"))
    size = Dimensions(length, width, height, Dimension(Decimal(2), "pounds"))
    return CatalogItem(
        asin, (CatalogSummary(US, title, brand="Quay"),), (CatalogDimensions(US, None, size),), **parts  # type: ignore[arg-type]
    )  # fmt: skip


def read(on: Bench, *items: CatalogItem, asked: tuple[str, ...] = ()) -> Applied:
    return service.apply_catalog_items(
        on.seller.tenant_id,
        on.seller.connection_id,
        US,
        items,
        asked=asked or tuple(item.asin for item in items),
        received_at=on.now,
        clock=on.aws.clock,
    )


def known(on: Bench, hours: float) -> list[str]:
    with tenant_scope(on.seller.tenant_id):
        return service.known_asins(on.seller.connection_id, US, on.ago(hours=hours))


def test_products_are_read_once_in_a_while_and_so_are_those_amazon_does_not_know(on: Bench) -> None:
    report(on, row("1", asin="B1"), row("2", asin="B2"), row("3", asin="B3"), row("4", asin="B1"), row("5", asin=None))
    assert known(on, 1) == ["B1", "B2", "B3"]
    read(on, catalog_item("B2"), asked=("B2", "B3"))
    assert known(on, 1) == ["B1"]
    on.aws.clock.advance(7200)
    read(on, catalog_item("B1"))
    assert known(on, 1) == ["B2", "B3"]
    on.aws.clock.advance(7200)
    assert known(on, 1) == ["B2", "B3", "B1"]


def test_a_product_is_shown_in_millimetres_and_grams_and_a_silent_answer_wipes_nothing(on: Bench) -> None:
    read(on, catalog_item("B1"))
    on.aws.clock.advance(60)
    read(on, asked=("B1", "B9"))
    first, second = rows(on, service.CATALOG_ITEMS)
    assert (first["asin"], first["title"], first["brand"], first["received_at"]) == (
        "B1", "Coffee", "Quay", "2026-11-21T10:12:12Z",
    )  # fmt: skip
    sizes = ("package_length_mm", "package_width_mm", "package_height_mm", "package_weight_g")
    assert [first[name] for name in sizes] == [254, 102, 51, 907]
    assert (second["asin"], second["title"]) == ("B9", "Amazon gave no answer for this product")


def test_an_unreadable_part_of_a_product_is_named(on: Bench) -> None:
    applied = read(on, catalog_item("B1", problems=("images[0]: no link",)))
    assert (applied.applied, [each.identity for each in applied.rejected]) == (1, ["B1"])


def test_pages_go_from_marketplace_to_marketplace_and_can_be_narrowed(on: Bench) -> None:
    report(on, row("A"), row("B"))
    report(on, row("A"), row("Z"), marketplaces=(DE,))
    with tenant_scope(on.seller.tenant_id):
        first = service.rows_view(on.seller.connection_id, service.LISTINGS, None, None, 3)
        rest = service.rows_view(on.seller.connection_id, service.LISTINGS, None, first.next_cursor, 3)
    places = [(shown["marketplace_id"], shown["seller_sku"]) for shown in table(first) + table(rest)]
    assert places == [(US, "A"), (US, "B"), (DE, "A"), (DE, "Z")]
    assert rest.next_cursor is None
    assert [shown["seller_sku"] for shown in rows(on, marketplace=DE)] == ["A", "Z"]
    with tenant_scope(on.seller.tenant_id), pytest.raises(InvalidInput):
        service.rows_view(on.seller.connection_id, service.LISTINGS, US, first.next_cursor, 3)


def test_nothing_of_another_tenant_is_reached(on: Bench) -> None:
    report(on, row())
    other = bench(on.aws, subject="ben")
    with tenant_scope(other.seller.tenant_id):
        with pytest.raises(NotFound):
            service.rows_view(on.seller.connection_id, service.LISTINGS, None, None, 10)
        assert service.priced_skus(ConnectionId(on.seller.connection_id), US, None, 10) == []
        with pytest.raises(TenantScopeConflict):
            report(on, row())
        with pytest.raises(TenantScopeConflict):
            fetch(on, listing())
        with pytest.raises(TenantScopeConflict):
            read(on, catalog_item("B1"))
