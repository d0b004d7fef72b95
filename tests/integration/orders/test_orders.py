"""Orders in the store: two sources, newest wins, one small item each; and the list that is read from them."""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.amazon.envelopes import Notification, OrderChange, decode
from quayside.kernel.cursors import decode_cursor, encode_cursor
from quayside.kernel.errors import InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service, store
from quayside.orders.records import OrderRecord, prices_from
from quayside.orders.rules import LinePrice
from quayside.orders.store import Outcome, Upserted
from quayside.orders.views import OrderPage
from quayside.storage.budget import PAGE_UNITS, REQUEST_UNITS
from quayside.sync.sinks import Applied
from tests.bench.capacity import ReadUnits, units_of
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import DE, order_change, order_line
from tests.support.orders import item, order_document
from tests.support.sellers import ConnectedSeller, connect

ID = "903-8868176-2219830"


@pytest.fixture(scope="module")
def units() -> ReadUnits:
    return ReadUnits(reported=False)


@pytest.fixture(scope="module")
def shared(units: ReadUnits) -> Iterator[Aws]:
    with units.watching(), aws() as present:
        yield present


class Shop:
    """A connected seller and its orders."""

    def __init__(self, present: Aws, seller: ConnectedSeller) -> None:
        self.aws = present
        self.seller = seller

    def notify(self, **parts: object) -> Upserted:
        notification = decode(json.dumps(order_change(**parts)))  # type: ignore[arg-type]
        assert isinstance(notification, Notification)
        assert isinstance(notification.payload, OrderChange)
        facts = service.facts_of_change(notification.payload, notification.event_time)
        with tenant_scope(self.seller.tenant_id):
            return service.apply_facts(self.seller.connection_id, facts, received_at=self.aws.clock.now())

    def fetch(self, *orders: object) -> Applied:
        with tenant_scope(self.seller.tenant_id):
            return service.apply_orders(
                self.seller.tenant_id,
                self.seller.connection_id,
                orders,  # type: ignore[arg-type]
                received_at=self.aws.clock.now(),
                clock=self.aws.clock,
            )

    def order(self, order_id: str = ID) -> OrderRecord:
        with tenant_scope(self.seller.tenant_id):
            found = store.find(order_id)
        assert found is not None
        return found

    def page(self, **filters: object) -> OrderPage:
        with tenant_scope(self.seller.tenant_id):
            return service.list_orders(self.aws.clock, **filters)  # type: ignore[arg-type]


@pytest.fixture
def shop(shared: Aws) -> Shop:
    present = emptied(shared)
    return Shop(present, connect(present.clock, marketplaces=("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")))


def test_a_notification_never_wipes_money_and_a_document_never_goes_back_in_time(shop: Shop) -> None:
    assert shop.notify(changed="2026-11-20T18:05:00Z") == Upserted(Outcome.APPLIED, needs_price=True)
    assert shop.fetch(order_document(updated="2026-11-20T18:05:00Z")) == Applied(1, 0)
    assert shop.notify(changed="2026-11-21T08:00:00Z", status="Shipped") == Upserted(Outcome.APPLIED, needs_price=False)
    assert shop.fetch(order_document(updated="2026-11-20T18:05:00Z")) == Applied(0, 1)
    order = shop.order()
    assert order.status == "SHIPPED"
    assert prices_from(order.prices) == {"1": LinePrice(1, 1999)}
    assert (order.total_minor, order.currency) == (1999, "USD")


def test_the_same_document_again_writes_nothing(shop: Shop) -> None:
    assert shop.fetch(order_document()) == Applied(1, 0)
    before = shop.aws.items()
    shop.aws.clock.advance(60)
    assert shop.fetch(order_document()) == Applied(0, 1)
    assert shop.aws.items() == before


def test_a_document_older_than_the_notification_still_brings_its_money(shop: Shop) -> None:
    """Amazon's two clocks differ by fractions of a second; the money must not wait for the next change."""
    shop.notify(changed="2026-11-20T18:05:00.900Z", status="Shipped")
    assert shop.fetch(order_document(updated="2026-11-20T18:05:00Z", status="UNSHIPPED")) == Applied(1, 0)
    order = shop.order()
    assert order.status == "SHIPPED"
    assert prices_from(order.prices) == {"1": LinePrice(1, 1999)}
    assert shop.fetch(order_document(updated="2026-11-20T18:05:00Z", status="UNSHIPPED")) == Applied(0, 1)


def test_a_changed_quantity_asks_for_the_price_again(shop: Shop) -> None:
    shop.fetch(order_document(items=[item(quantity=3, price="30.00")]))
    changed = shop.notify(changed="2026-11-21T08:00:00Z", lines=[order_line("1", quantity=2)])
    assert changed == Upserted(Outcome.APPLIED, needs_price=True)
    shop.fetch(order_document(updated="2026-11-21T08:00:00Z", items=[item(quantity=2, price="20.00")]))
    assert prices_from(shop.order().prices) == {"1": LinePrice(2, 2000)}


def test_one_bad_order_is_rejected_with_its_reason_and_spoils_nothing(shop: Shop) -> None:
    applied = shop.fetch(
        order_document("903-0000000-0000001", items=[item(price="abc")]),
        order_document("903-0000000-0000002", marketplace="NOWHERE"),
        order_document("903-0000000-0000003", items=[item("1"), item("2", currency="EUR")]),
        order_document("903-0000000-0000004", channel="NON_AMAZON", marketplace=None),
        order_document("903-0000000-0000005"),
    )
    assert (applied.applied, applied.stale) == (1, 1)
    assert [(each.identity[-1], each.reason.split()[0]) for each in applied.rejected] == [
        ("1", "'abc'"),
        ("2", "The"),
        ("3", "The"),
    ]


def test_an_order_of_three_lines_costs_one_write_unit(shop: Shop) -> None:
    lines = [item(f"1234567890123{place}", sku=f"WAREHOUSE-SKU-{place}", title="T" * 190) for place in range(3)]
    shop.notify(lines=[order_line(line["orderItemId"], sku=line["product"]["sellerSku"]) for line in lines])
    shop.fetch(order_document(items=lines))
    (stored,) = (each for each in shop.aws.items() if each["kind"]["S"] == "order")
    assert units_of(stored) == 1


def test_replacements_are_marked_and_shown(shop: Shop) -> None:
    associated = [{"orderId": "1", "associationType": "REPLACEMENT_ORIGINAL_ID"}]
    shop.fetch(order_document(associatedOrders=associated, items=[item(price="0.00")]))
    with tenant_scope(shop.seller.tenant_id):
        assert service.get_order(ID, None).is_replacement


def test_an_order_is_shown_with_its_money_and_sources(shop: Shop) -> None:
    shop.notify()
    with tenant_scope(shop.seller.tenant_id):
        waiting = service.get_order(ID, shop.seller.connection_id)
    assert (waiting.total, waiting.total_state, waiting.totals) == (None, "waiting", None)
    shop.fetch(order_document())
    with tenant_scope(shop.seller.tenant_id):
        order = service.get_order(ID, None)
    assert (order.total and order.total.amount_minor, order.total_state) == (1999, "posted")
    assert order.lines[0].title == "Coffee beans"
    assert order.windows.ship_by == "2026-11-22T08:00:00Z"
    assert order.history.source == "amazon:orders/2026-01-01"
    assert order.history.priced_at == "2026-11-21T10:11:12Z"


def test_an_order_of_another_tenant_or_connection_is_not_found(shop: Shop) -> None:
    shop.fetch(order_document())
    other = connect(shop.aws.clock, subject="ben", seller="BEN1")
    with tenant_scope(other.tenant_id), pytest.raises(NotFound):
        service.get_order(ID, None)
    with tenant_scope(shop.seller.tenant_id), pytest.raises(NotFound):
        service.get_order(ID, other.connection_id)
    with tenant_scope(shop.seller.tenant_id), pytest.raises(InvalidInput):
        service.get_order(ID, "not an id")


def _many(shop: Shop, count: int) -> list[str]:
    """Store orders over three months and two marketplaces; return their ids, newest first."""
    ids = []
    for place in range(count):
        day = date(2026, 9, 5).toordinal() + place * 3
        at = f"{date.fromordinal(day).isoformat()}T{place % 24:02}:00:00Z"
        order_id = f"903-0000000-{place:07}"
        ids.append(order_id)
        shop.fetch(
            order_document(
                order_id,
                marketplace=("ATVPDKIKX0DER", "A2EUQ1WTGCTBG2")[place % 2],
                purchased=at,
                updated=at,
                status=("SHIPPED", "CANCELLED")[place % 5 == 0],
                items=[item(sku=f"SKU-{place}", title=f"Coffee {place}")],
            )
        )
    return ids[::-1]


def _walk(shop: Shop, **filters: object) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = shop.page(cursor=cursor, **filters)
        seen += [order.order_id for order in page.orders]
        cursor = page.next_cursor
        if cursor is None:
            return seen


def test_pages_follow_one_another_newest_first_across_months_and_marketplaces(shop: Shop) -> None:
    ids = _many(shop, 25)
    for limit in (1, 4, 100):
        assert _walk(shop, limit=limit) == ids


@pytest.mark.parametrize("orders", [0, 9])
@pytest.mark.parametrize("filters", [{"limit": 100}, {"status": "CANCELLED"}, {"search": "nowhere"}])
def test_a_page_beyond_what_there_is_stays_cheap_and_leads_to_the_end(
    shop: Shop, units: ReadUnits, orders: int, filters: dict[str, object]
) -> None:
    ids = _many(shop, orders)
    shown = {(): ids, ("status",): [each for each in ids if int(each[-7:]) % 5 == 0], ("search",): []}
    seen, cursor, pages, dearest = [], None, 0, 0.0
    while pages == 0 or cursor is not None:
        units.reset()
        page = shop.page(cursor=cursor, **filters)
        dearest, pages = max(dearest, units.units), pages + 1
        seen += [order.order_id for order in page.orders]
        cursor = page.next_cursor
    assert seen == shown.get(tuple(filters), ids)
    assert dearest <= PAGE_UNITS - REQUEST_UNITS
    # Four years of two marketplaces are looked through, a few months at a time.
    assert 8 <= pages <= 16


def test_the_last_thirty_days_are_one_page_whatever_the_marketplaces(shop: Shop) -> None:
    ids = _many(shop, 25)
    month = shop.page(from_day=date(2026, 10, 23), to_day=date(2026, 11, 21))
    assert ([order.order_id for order in month.orders], month.next_cursor) == (ids[:9], None)


def test_filters_narrow_the_list(shop: Shop) -> None:
    ids = _many(shop, 12)
    assert _walk(shop, status="CANCELLED") == [each for each in ids if int(each[-7:]) % 5 == 0]
    assert _walk(shop, marketplace_id="A2EUQ1WTGCTBG2") == [each for each in ids if int(each[-7:]) % 2]
    assert _walk(shop, marketplace_id=DE) == []
    # Days are days of the marketplace: an order of 00:00 UTC on 5 September was bought on the 4th in Los Angeles.
    assert _walk(shop, from_day=date(2026, 9, 4), to_day=date(2026, 9, 4)) == [ids[-1]]
    assert _walk(shop, from_day=date(2026, 9, 5), to_day=date(2026, 9, 5)) == []


def test_searching_says_what_was_searched(shop: Shop) -> None:
    ids = _many(shop, 8)
    found = shop.page(search=ids[3])
    assert [order.order_id for order in found.orders] == [ids[3]]
    by_text = shop.page(search="coffee 5", from_day=date(2026, 9, 1))
    assert [order.order_id for order in by_text.orders] == ["903-0000000-0000005"]
    assert by_text.searched is not None
    assert (by_text.searched.examined, by_text.searched.complete) == (8, True)
    assert _walk(shop, search="sku-7", limit=1) == ["903-0000000-0000007"]


FORGED = [
    encode_cursor(sort_key)
    for sort_key in (
        "ORDER#0001-01-01T00:00:00Z#x",
        "ORDER#1990-01-01T00:00:00Z#x",
        "ORDER#2026-02-30T00:00:00Z#x",
        "ORDER#2026-11-01T25:00:00Z#x",
        "ORDER#2026-11-01T00:00:00+00:00#x",
        "ORDER#2026-11-01T00:00:00Z#\u2603",
    )
]


def test_a_cursor_before_everything_ends_the_list(shop: Shop) -> None:
    _many(shop, 2)
    assert shop.page(cursor=encode_cursor("ORDER#2025-05-23T00:00:00Z#x")).orders == ()
    assert shop.page(cursor=encode_cursor("ORDER#2010-05-23T00:00:00Z#x")).orders == ()


@pytest.mark.parametrize("day", ["2025-05-01", "2025-09-30", "2025-12-31"])
def test_a_cursor_may_end_on_any_day_of_a_month(shop: Shop, day: str) -> None:
    assert shop.page(cursor=encode_cursor(f"ORDER#{day}T23:59:59Z#111-1234567-1234567")).orders == ()


@pytest.mark.parametrize("cursor", ["x", "e30", "WyJhIl0", "WyJPUkRFUiMyMDI2Il0", "WyJhIiwiYiJd", "a" * 2000, *FORGED])
def test_a_cursor_that_is_not_ours_is_refused(shop: Shop, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        shop.page(cursor=cursor)
    assert refused.value.code == "invalid_cursor"


def test_a_cursor_names_no_tenant_and_leads_only_into_ones_own_list(shop: Shop) -> None:
    _many(shop, 3)
    cursor = shop.page(limit=1).next_cursor
    assert cursor is not None
    assert shop.seller.tenant_id not in str(decode_cursor(cursor, 1))
    other = Shop(shop.aws, connect(shop.aws.clock, subject="ben", seller="BEN1"))
    assert other.page(cursor=cursor).orders == ()


def test_a_range_that_ends_before_it_begins_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidInput):
        shop.page(from_day=date(2026, 2, 2), to_day=date(2026, 2, 1))


STATES = ("Pending", "Unshipped", "PartiallyShipped", "Shipped")


@settings(max_examples=15)
@given(data=st.data())
def test_in_whatever_order_facts_arrive_the_newest_stands(shared: Aws, data: st.DataObject) -> None:
    """Notifications and documents of one order in any order, repeated at will, leave Amazon's last word and money."""
    present = emptied(shared)
    shop = Shop(present, connect(present.clock))
    last = data.draw(st.integers(1, 3))
    arrivals = data.draw(st.permutations([(kind, at) for kind in ("notify", "fetch") for at in range(last + 1)] * 2))
    for kind, at in arrivals:
        moment = f"2026-11-20T18:0{at}:00.000Z"
        if kind == "notify":
            shop.notify(status=STATES[at], changed=moment)
        else:
            status = ("PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")[at]
            price = None if at == 0 else f"{at}0.00"
            shop.fetch(order_document(status=status, updated=moment, items=[item(price=price)]))
    order = shop.order()
    assert order.status == ("PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED")[last]
    assert prices_from(order.prices) == {"1": LinePrice(1, last * 1000)}
