"""Orders that a report tells of, beside what notifications and documents told before and tell later."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quayside.amazon.envelopes import Notification, OrderChange, decode
from quayside.amazon.reports import KINDS, ORDERS_BY_ORDER_DATE, Cutter, Header, layout_of, read_piece
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service, store
from quayside.orders.records import OrderRecord, lines_from, prices_from, products_from, state_of_record
from quayside.orders.rules import contribution, needs_price
from quayside.sync.sinks import Applied, ReportLoad
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import order_change, order_line
from tests.support.orders import item, order_document
from tests.support.reports import order_cells, table
from tests.support.sellers import ConnectedSeller, connect

ID = "903-8868176-2219830"
"""The order of the notifications and documents of tests.support."""
AT = "2026-11-20T18:05:00+00:00"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


def cells(**changes: str) -> dict[str, str]:
    """Return a row of the same order as ``order_change`` and ``order_document`` tell of."""
    given = {
        "amazon_order_id": ID,
        "purchase_date": "2026-11-20T18:00:00+00:00",
        "last_updated_date": AT,
        "order_status": "Unshipped",
        "item_status": "Unshipped",
        "item_tax": "",
        "shipping_price": "",
        "item_promotion_discount": "",
    }
    return order_cells(1, **(given | changes))


class Shop:
    """A connected seller and its orders."""

    def __init__(self, present: Aws, seller: ConnectedSeller) -> None:
        self.aws = present
        self.seller = seller

    def report(self, *rows: dict[str, str]) -> Applied:
        kind = KINDS[ORDERS_BY_ORDER_DATE]
        cutter = Cutter(kind, ())
        (packed,) = cutter.cut([table(rows).encode()])
        layout = layout_of(kind, cutter.kept.header or Header(()), "utf-8")
        read = read_piece(kind, layout, packed, 1, {})
        assert not read.bad
        load = ReportLoad(
            self.seller.tenant_id,
            self.seller.connection_id,
            (),
            kind.name,
            "1",
            data_start=None,
            data_end=None,
            received_at=self.aws.clock.now(),
            last=True,
        )
        return service.apply_report_rows(load, read.rows)

    def notify(self, **parts: Any) -> store.Upserted:
        notification = decode(json.dumps(order_change(**parts)))
        assert isinstance(notification, Notification)
        assert isinstance(notification.payload, OrderChange)
        facts = service.facts_of_change(notification.payload, notification.event_time)
        with tenant_scope(self.seller.tenant_id):
            return service.apply_facts(self.seller.connection_id, facts, received_at=self.aws.clock.now())

    def fetch(self, **parts: Any) -> Applied:
        with tenant_scope(self.seller.tenant_id):
            return service.apply_orders(
                self.seller.tenant_id,
                self.seller.connection_id,
                [order_document(**parts)],
                received_at=self.aws.clock.now(),
                clock=self.aws.clock,
            )

    def order(self, order_id: str = ID) -> OrderRecord:
        with tenant_scope(self.seller.tenant_id):
            found = store.find(order_id)
        assert found is not None
        return found

    def sales(self) -> int:
        return contribution(state_of_record(self.order())).sales_minor

    @property
    def ids(self) -> list[str]:
        return [line.order_item_id for line in lines_from(self.order().lines)]


@pytest.fixture
def shop(shared: Aws) -> Shop:
    present = emptied(shared)
    return Shop(present, connect(present.clock))


def test_an_order_of_a_report_is_stored_with_its_money_and_its_source(shop: Shop) -> None:
    assert shop.report(cells(), cells(sku="SKU-2", quantity="3", item_price="30.00")) == Applied(1, 0)
    order = shop.order()
    assert order.source == f"amazon:reports/{ORDERS_BY_ORDER_DATE}"
    assert shop.ids == ["report:1", "report:2"]
    assert (order.status, order.total_minor, order.currency, shop.sales()) == ("UNSHIPPED", 4999, "USD", 4999)
    assert not needs_price(state_of_record(order))


def test_the_same_rows_again_change_nothing(shop: Shop) -> None:
    rows = [cells(), cells(amazon_order_id="903-0000000-0000002")]
    assert shop.report(*rows) == Applied(2, 0)
    before = shop.aws.items()
    shop.aws.clock.advance(60)
    assert shop.report(*rows) == Applied(0, 2)
    assert shop.aws.items() == before


def test_a_newer_report_replaces_an_older_one_and_never_the_other_way(shop: Shop) -> None:
    newer = cells(last_updated_date="2026-11-20T19:00:00+00:00", order_status="Shipped", item_status="Shipped")
    assert shop.report(newer) == Applied(1, 0)
    assert shop.report(cells()) == Applied(0, 1)
    assert shop.order().status == "SHIPPED"


def test_a_document_of_the_same_instant_replaces_a_report_and_brings_amazons_ids(shop: Shop) -> None:
    shop.report(cells())
    assert shop.fetch(updated=AT, items=[item("77", price="19.99")]).applied == 1
    assert shop.ids == ["77"]
    assert set(prices_from(shop.order().prices)) == {"77"}
    assert shop.report(cells()) == Applied(0, 1)


def test_a_report_newer_than_a_document_keeps_amazons_line_ids(shop: Shop) -> None:
    shop.fetch(updated="2026-11-20T18:05:00.000Z", items=[item("77"), item("78", sku="SKU-2")])
    newer = "2026-11-20T19:00:00+00:00"
    rows = [
        cells(last_updated_date=newer, order_status="Shipped", item_status="Shipped", sku=sku)
        for sku in ("SKU-2", "SKU-1")
    ]
    assert shop.report(*rows) == Applied(1, 0)
    assert sorted(shop.ids) == ["77", "78"]
    assert set(prices_from(shop.order().prices)) == set(products_from(shop.order().products)) == {"77", "78"}
    assert shop.order().status == "SHIPPED"


def test_a_report_whose_lines_are_others_replaces_them_by_its_own(shop: Shop) -> None:
    shop.fetch(updated="2026-11-20T18:05:00.000Z", items=[item("77")])
    newer = "2026-11-20T19:00:00+00:00"
    shop.report(cells(last_updated_date=newer), cells(last_updated_date=newer, sku="SKU-2"))
    assert shop.ids == ["report:1", "report:2"]
    assert set(prices_from(shop.order().prices)) == {"report:1", "report:2"}


def test_a_report_older_than_a_document_changes_nothing(shop: Shop) -> None:
    shop.fetch(updated="2026-11-20T18:05:00.345Z", items=[item("77")])
    before = shop.aws.items()
    assert shop.report(cells(item_price="1.00")) == Applied(0, 1)
    assert shop.aws.items() == before


def test_a_notified_order_gets_its_money_from_a_report_though_it_is_older(shop: Shop) -> None:
    told = shop.notify(
        status="Shipped", changed="2026-11-20T18:05:00.345Z", lines=[order_line("77", shipped=1, status="Shipped")]
    )
    assert told.needs_price
    assert shop.report(cells()) == Applied(1, 0)
    order = shop.order()
    assert (order.status, shop.ids, shop.sales()) == ("SHIPPED", ["77"], 1999)
    assert not needs_price(state_of_record(order))
    assert shop.report(cells()) == Applied(0, 1)


def test_a_report_of_other_quantities_gives_a_notified_order_no_money(shop: Shop) -> None:
    shop.notify(status="Shipped", changed="2026-11-20T18:05:00.345Z", lines=[order_line("77", quantity=2)])
    assert shop.report(cells()) == Applied(0, 1)
    assert shop.order().prices is None


def test_an_order_keeps_the_money_of_a_report_when_a_notification_names_its_lines(shop: Shop) -> None:
    shop.report(cells(), cells(sku="SKU-2", quantity="3", item_price="30.00"))
    told = shop.notify(
        status="Shipped",
        changed="2026-11-20T20:00:00.000Z",
        lines=[
            order_line("78", sku="SKU-2", quantity=3, shipped=3, status="Shipped"),
            order_line("77", shipped=1, status="Shipped"),
        ],
    )
    assert not told.needs_price
    assert shop.ids == ["78", "77"]
    assert shop.sales() == 4999
    assert {key: price.item_minor for key, price in prices_from(shop.order().prices).items()} == {
        "78": 3000,
        "77": 1999,
    }
    assert shop.order().source == "amazon:notifications/ORDER_CHANGE"


def test_when_a_notification_changes_the_lines_the_money_is_asked_for_again(shop: Shop) -> None:
    shop.report(cells())
    told = shop.notify(status="Shipped", changed="2026-11-20T20:00:00.000Z", lines=[order_line("77", quantity=4)])
    assert told.needs_price
    assert shop.fetch(updated="2026-11-20T20:00:00.000Z", items=[item("77", quantity=4, price="80.00")]).applied == 1
    assert shop.sales() == 8000


def test_orders_from_outside_amazon_are_left_out_even_under_the_same_id(shop: Shop) -> None:
    applied = shop.report(cells(), cells(sales_channel="Non-Amazon US", item_price="5.00"), cells(sku="SKU-2"))
    assert applied == Applied(1, 1)
    assert len(lines_from(shop.order().lines)) == 2


def test_the_same_id_in_two_shops_is_two_orders(shop: Shop) -> None:
    assert shop.report(cells(), cells(sales_channel="Amazon.ca", currency="CAD")) == Applied(2, 0)
    keys = [each["pk"]["S"].split("#")[4] for each in shop.aws.items() if each["kind"]["S"] == "order"]
    assert sorted(keys) == ["A2EUQ1WTGCTBG2", "ATVPDKIKX0DER"]


def test_what_can_not_be_stored_is_rejected_by_order_and_line_and_spoils_no_other(shop: Shop) -> None:
    applied = shop.report(
        cells(amazon_order_id="903-0000000-0000002", sales_channel="Amazon.mars"),
        cells(),
        cells(amazon_order_id="903-0000000-0000003", item_price="1.999"),
    )
    assert (applied.applied, [each.identity for each in applied.rejected]) == (
        1,
        ["903-0000000-0000002, line 2", "903-0000000-0000003, line 4"],
    )
    assert "“Amazon.mars” is not known" in applied.rejected[0].reason


def test_many_orders_are_written_for_the_tenant_in_scope_by_several_threads(shop: Shop) -> None:
    rows = [cells(amazon_order_id=f"903-0000000-{number:07d}") for number in range(60)]
    assert shop.report(*rows) == Applied(60, 0)
    assert shop.report(*rows) == Applied(0, 60)
    stored = [each for each in shop.aws.items() if each["kind"]["S"] == "order"]
    assert {each["pk"]["S"].split("#")[1] for each in stored} == {shop.seller.tenant_id}
    assert len(stored) == 60


def test_two_years_old_orders_live_as_long_as_new_ones(shop: Shop) -> None:
    shop.report(cells(purchase_date="2024-11-25T00:00:00+00:00"))
    received = int(shop.aws.clock.now().timestamp())
    assert int(shop.order().expires_at or 0) == received + 548 * 86_400
    shop.aws.clock.advance(86_400)
    shop.report(cells(purchase_date="2024-11-25T00:00:00+00:00", last_updated_date="2026-11-21T00:00:00+00:00"))
    assert int(shop.order().expires_at or 0) == received + 548 * 86_400


TELLERS = ("report", "late report", "notification", "document")


def tell(shop: Shop, teller: str) -> None:
    """Let a source speak of the order; each is of its own instant, and the document is the newest."""
    if teller == "report":
        shop.report(cells())
    elif teller == "late report":
        shop.report(cells(last_updated_date="2026-11-20T19:00:00+00:00", order_status="Shipped"))
    elif teller == "notification":
        shop.notify(status="Shipped", changed="2026-11-20T18:30:00.000Z", lines=[order_line("77")])
    else:
        shop.fetch(status="SHIPPED", updated="2026-11-20T20:00:00.000Z", items=[item("77", price="21.00")])


def test_whatever_the_order_of_the_sources_the_newest_wins(shared: Aws) -> None:
    @given(st.lists(st.sampled_from(TELLERS), min_size=1, max_size=7))
    @settings(max_examples=40)
    def in_any_order(tellers: list[str]) -> None:
        present = emptied(shared)
        shop = Shop(present, connect(present.clock))
        for teller in tellers:
            tell(shop, teller)
        if "document" in tellers:
            assert (shop.order().status, shop.ids, shop.sales()) == ("SHIPPED", ["77"], 2100)
        elif "late report" in tellers:
            assert (shop.order().status, shop.sales()) == ("SHIPPED", 1999)
        elif "notification" in tellers:
            assert (shop.order().status, shop.ids) == ("SHIPPED", ["77"])
            assert shop.sales() == (1999 if "report" in tellers else 0)
        else:
            assert (shop.order().status, shop.sales()) == ("UNSHIPPED", 1999)

    in_any_order()
