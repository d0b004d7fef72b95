"""What the screens of figures are told, from sheets and boards alone."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest

from quayside.analytics import boards_service, products_service, profit_service, service, sheet_store, store
from quayside.analytics.rules import Period, Traffic
from quayside.analytics.sheet_rules import Change, Kind, Place
from quayside.connections import store as connections
from quayside.connections.records import DatasetHealth
from quayside.inventory import own_service
from quayside.inventory import service as inventory
from quayside.inventory.rules import PositionFacts, Quantities
from quayside.kernel.errors import InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from tests.support.aws import Aws, aws
from tests.support.notifications import US
from tests.support.sellers import connect

CANADA = "A2EUQ1WTGCTBG2"
TODAY = date(2026, 11, 21)
YEARS_AGO = "2024-11-21T00:00:00Z"


class Filled:
    """A seller in two marketplaces whose figures are known for two years."""

    def __init__(self, present: Aws) -> None:
        self.aws = present
        self.seller = connect(present.clock, marketplaces=(US, CANADA), complete_from=YEARS_AGO)
        self.position = 0

    def add(self, kind: Kind, days_ago: int, amounts: Mapping[str, int], **where: str) -> None:
        day = (TODAY - timedelta(days=days_ago)).isoformat()
        place, currency = where.get("place", US), where.get("currency", "USD")
        for sku in dict.fromkeys((None, where.get("sku"))):
            self.position += 1
            change = Change(day, f"{self.position:09}", 0, {(day, currency): dict(amounts)})
            at = Place(kind, self.seller.connection_id, place, day[:7], sku)
            sheet_store.advance(at, [change], self.aws.clock.now())


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    with aws() as present:
        found = Filled(present)
        with tenant_scope(found.seller.tenant_id):
            model = DatasetHealth
            for dataset in ("finances", "returns", "sales_and_traffic"):
                known = [model.last_success_at.set("2026-11-21T10:00:00Z"), model.complete_from.set(YEARS_AGO)]
                connections.change_health(found.seller.connection_id, dataset, known)
            one = {"orders": 1, "priced": 1}
            found.add("ORDERS", 0, {**one, "units": 2, "sales_minor": 2000}, sku="A/1")
            found.add("ORDERS", 3, {**one, "units": 1, "sales_minor": 500}, sku="B")
            found.add("ORDERS", 8, {**one, "units": 4, "sales_minor": 4000}, sku="B")
            found.add("ORDERS", 1, {**one, "units": 1, "sales_minor": 900}, sku="A/1", place=CANADA, currency="CAD")
            found.add("MONEY", 1, {"product_sales": 2000, "referral_fee": -300, "units_shipped": 2}, sku="A/1")
            found.add("MONEY", 2, {"refunded_sales": -500, "units_refunded": 1, "estimated": 1}, sku="A/1")
            found.add("MONEY", 2, {"subscription_fee": -39}, place="")
            found.add("MONEY", 9, {"product_sales": 1000}, sku="B")
            found.add("RETURNS", 2, {"DEFECTIVE": 1}, sku="A/1", place="", currency="")
            traffic = Traffic(2, 1, 2000, "USD", sessions=8, page_views=9, asin="B000000001")
            day = TODAY - timedelta(days=2)
            connection_id = found.seller.connection_id
            store.put_traffic(connection_id, US, [(day, "A/1", traffic)], received_at=present.clock.now())
            assert boards_service.refresh(connection_id, present.clock.now()) == 2
            # Nothing is due before its time.
            assert boards_service.refresh(connection_id, present.clock.now()) == 0
            yield found


def test_the_dashboard_has_money_and_rankings_beside_the_orders(filled: Filled) -> None:
    view = service.overview(filled.aws.clock, "7d")
    canada, states = view.currencies
    assert (states.currency, states.figures.sales.value, states.figures.units.value) == ("USD", 2500, 3)
    assert states.previous is not None
    assert states.previous.sales_minor == 4000
    assert states.money is not None
    assert (states.money.refunds.value, states.money.fees.value, states.money.proceeds.value) == (-500, -339, 1161)
    assert states.money.proceeds.state == "estimated"
    assert states.money.previous_proceeds_minor == 1000
    assert states.products is not None
    assert [(each.seller_sku, each.sales_minor) for each in states.products.top] == [("A/1", 2000), ("B", 500)]
    assert states.products.falling is not None
    assert [(each.seller_sku, each.previous_sales_minor) for each in states.products.falling] == [("B", 4000)]
    assert canada.products is not None
    assert [each.country_code for each in canada.products.top] == ["CA"]


def test_a_period_of_ones_own_has_figures_and_no_ranking(filled: Filled) -> None:
    view = service.overview(filled.aws.clock, Period(TODAY - timedelta(days=8), TODAY - timedelta(days=3)), US)
    (states,) = view.currencies
    assert view.period.key == "custom"
    assert (view.period.days, states.figures.sales.value, states.products) == (6, 4500, None)


def test_profit_and_loss_by_day_with_the_period_before(filled: Filled) -> None:
    view = profit_service.profit(filled.aws.clock, "7d", "day")
    (table,) = view.currencies
    assert len(view.columns) == len(table.proceeds_minor) == 7
    assert table.proceeds_minor[-2:] == (1700, 0)
    assert table.proceeds_minor[-3] == -539
    assert (table.proceeds.value, table.previous_proceeds_minor) == (1161, 1000)
    assert (table.units_shipped, table.units_refunded) == (2, 1)
    assert [heading.group for heading in table.headings] == ["sales", "refunds", "fees"]
    alone = profit_service.profit(filled.aws.clock, "7d", "total", US)
    assert alone.currencies[0].proceeds.value == 1200
    assert alone.notes


def test_returns_by_reason_and_refunds_by_kind(filled: Filled) -> None:
    view = profit_service.returns(filled.aws.clock, "7d")
    assert [(each.reason, each.units, each.previous_units) for each in view.reasons] == [("DEFECTIVE", 1, 0)]
    assert view.units.value == 1
    (refunds,) = view.refunds
    assert (refunds.refunds.value, refunds.units_refunded, refunds.lines[0].kind) == (-500, 1, "refunded_sales")


def test_a_product_over_a_period(filled: Filled) -> None:
    view = products_service.product(filled.aws.clock, "A/1", "7d", marketplace_id=US)
    assert (view.figures.sales.value, view.figures.units.value, view.currency, view.asin) == (
        2000, 2, "USD", "B000000001",
    )  # fmt: skip
    assert view.conversion.value == 25
    assert [(day.sessions, day.units) for day in view.days[-3:]] == [(8, 0), (None, 0), (None, 2)]
    assert [each.reason for each in view.reasons] == ["DEFECTIVE"]
    assert view.proceeds.value == 1200
    with pytest.raises(NotFound, match="Nothing is known"):
        products_service.product(filled.aws.clock, "none", "7d", marketplace_id=US)
    with pytest.raises(NotFound, match="no figures in EUR"):
        products_service.product(filled.aws.clock, "A/1", "7d", marketplace_id=US, currency="EUR")
    with pytest.raises(NotFound, match="None of your accounts"):
        products_service.product(filled.aws.clock, "A/1", "7d", marketplace_id="A1PA6795UKMFR9")


def test_a_product_shows_what_is_there_to_be_sold(filled: Filled) -> None:
    def stock() -> int | None:
        found = products_service.product(filled.aws.clock, "B", "30d", marketplace_id=US).stock
        return None if found is None else found.value

    assert stock() is None
    now, connection_id = filled.aws.clock.now(), filled.seller.connection_id
    facts = PositionFacts(marketplace_id=US, seller_sku="B", updated_at=now, quantities=Quantities(7, 50, 0, 0, 2))
    inventory.apply_facts(connection_id, facts, received_at=now)
    shed = own_service.add_location("Shed", connection_id, US, entropy=b"7".__mul__)
    own_service.move(shed.location_id, "B", "received", 4, note="", member_id="m", clock=filled.aws.clock)
    assert stock() == 7 + 2 + 4


def test_products_page_by_page(filled: Filled) -> None:
    first = products_service.product_page(filled.aws.clock, "7d", marketplace_id=US, limit=1)
    assert [(each.seller_sku, each.sales_minor, each.previous_units) for each in first.products] == [("A/1", 2000, 0)]
    second = products_service.product_page(filled.aws.clock, "7d", marketplace_id=US, limit=1, cursor=first.next_cursor)
    assert [(each.seller_sku, each.previous_sales_minor) for each in second.products] == [("B", 4000)]
    assert second.next_cursor is None
    with pytest.raises(InvalidInput):
        products_service.product_page(filled.aws.clock, "7d", marketplace_id=US, cursor="nonsense")


def test_products_say_so_while_older_orders_are_still_being_read(filled: Filled) -> None:
    def said() -> list[tuple[str, ...]]:
        page = products_service.product_page(filled.aws.clock, "7d", marketplace_id=US)
        return [page.notes, products_service.product(filled.aws.clock, "A/1", "7d", marketplace_id=US).notes]

    def reach_back_to(at: str) -> None:
        connections.change_health(filled.seller.connection_id, "orders", [DatasetHealth.complete_from.set(at)])

    whole = said()
    assert whole[0] == ()
    reach_back_to("2026-11-20T00:00:00Z")
    page, product = said()
    reach_back_to(YEARS_AGO)
    assert "still being read" in page[0]
    assert product == (*page, *whole[1])
