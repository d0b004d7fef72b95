"""Costs joined to Amazon's money when somebody looks: from the store to the screens of profit and products."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from quayside.analytics import (
    cost_boards_service,
    margin_service,
    products_service,
    profit_service,
    service,
    settled_service,
    sheet_store,
)
from quayside.analytics.margin_rules import Result
from quayside.analytics.margin_service import View
from quayside.analytics.profit_rules import Slice
from quayside.analytics.rules import Period, PeriodKey, period_until
from quayside.analytics.sheet_rules import Change, Place
from quayside.analytics.views import MoneySummary, ProfitTable, SettlementComparison
from quayside.connections import store as connections
from quayside.connections.records import DatasetHealth
from quayside.finance import cost_service
from quayside.finance import store as finance
from quayside.finance.rules import LineFacts, StatementFacts
from quayside.finance.settlement_rules import reconcile
from quayside.kernel.errors import NotFound
from quayside.kernel.tenancy import tenant_scope
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US
from tests.support.sellers import connect

CANADA = "A2EUQ1WTGCTBG2"
TODAY = date(2026, 11, 21)
YEARS_AGO = "2024-11-21T00:00:00Z"
LOT = {"seller_sku": "MUG", "from_day": "2026-10-01", "units": "10", "unit_cost": "4.00", "currency": "USD"}


class Selling:
    """A seller in two marketplaces whose mugs are shipped from both, and whose caps have no cost."""

    def __init__(self, present: Aws) -> None:
        self.aws = present
        self.seller = connect(present.clock, marketplaces=(US, CANADA), complete_from=YEARS_AGO)
        self.position = 0

    def add(self, days_ago: int, amounts: Mapping[str, int], sku: str, place: str = US, currency: str = "USD") -> None:
        day = (TODAY - timedelta(days=days_ago)).isoformat()
        for of in (None, sku):
            self.position += 1
            change = Change(day, f"{self.position:09}", 0, {(day, currency): dict(amounts)})
            sheet_store.advance(Place("MONEY", self.seller.connection_id, place, day[:7], of), [change], self.now)

    def come_back(self, days_ago: int, amounts: Mapping[str, int], sku: str) -> None:
        """Store units that came back: by reason, and by where those had been sold that can be sold again."""
        day = (TODAY - timedelta(days=days_ago)).isoformat()
        self.position += 1
        change = Change(day, f"{self.position:09}", 0, {(day, ""): dict(amounts)})
        sheet_store.advance(Place("RETURNS", self.seller.connection_id, "", day[:7], sku), [change], self.now)

    @property
    def now(self) -> datetime:
        return self.aws.clock.now()

    def settle(self, first: date, until: date, amounts: Mapping[str, int] | None = None) -> None:
        """Store a settlement from the beginning of one day of UTC to that of another, whose lines add up."""
        lines = [
            (number, LineFacts("Order", "ItemPrice", name, minor, "USD", None))
            for number, (name, minor) in enumerate((amounts or {}).items(), 3)
        ]
        total = sum(line.amount_minor for _, line in lines)
        started, ended = (int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in (first, until))
        statement = StatementFacts("USD", total, started, ended, ended, 2)
        connection_id = self.seller.connection_id
        finance.begin_settlement(connection_id, "s1", statement, report_id="r1", received_at=self.now)
        record = finance.settlement(connection_id, "s1")
        assert record is not None
        assert finance.keep_reconciliation(record, reconcile(statement, lines))

    def result(self, asked: Period | None = None, place: str | None = US) -> Result:
        (found,) = (table for table in self.tables(asked, place) if table.currency == "USD")
        assert found.result is not None
        return found.result

    def tables(self, asked: Period | None = None, place: str | None = US) -> tuple[ProfitTable, ...]:
        return profit_service.profit(self.aws.clock, asked or "7d", "total", place).currencies


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Selling]:
    made = Selling(emptied(shared))
    with tenant_scope(made.seller.tenant_id):
        known = [DatasetHealth.last_success_at.set("2026-11-21T10:00:00Z"), DatasetHealth.complete_from.set(YEARS_AGO)]
        connections.change_health(made.seller.connection_id, "finances", known)
        made.add(1, {"product_sales": 5000, "referral_fee": -800, "units_shipped": 4}, "MUG")
        made.add(20, {"product_sales": 2500, "units_shipped": 2}, "MUG")
        made.add(25, {"product_sales": 3900, "units_shipped": 3}, "MUG", CANADA, "CAD")
        yield made


def test_profit_is_unknown_until_a_cost_is_entered_and_counts_at_once(on: Selling) -> None:
    assert (on.result().profit.value, on.result().uncosted_units) == (None, 4)
    cost_service.add_lot(LOT, on.aws.clock)
    found = on.result()
    assert (found.goods.value, found.profit.value, found.margin.value, found.roi.value) == (-1600, 2600, 52, 162)
    assert (found.profit.state, found.uncosted_units, found.previous_profit_minor) == ("posted", 0, 0)


def test_lots_are_used_up_by_sales_everywhere(on: Selling) -> None:
    # Five were sold before, three of them in Canada: one is left of the first six.
    cost_service.add_lot({**LOT, "units": "6"}, on.aws.clock)
    cost_service.add_lot({**LOT, "from_day": "2026-10-02", "units": "2", "unit_cost": "7.00"}, on.aws.clock)
    found = on.result()
    assert (found.goods.value, found.uncosted_units, found.profit.state) == (-400 - 2 * 700, 1, "estimated")
    assert (found.profit.value, found.margin.value) == (4200 - 1800, None)
    assert "A part of the whole: 1 units shipped have no cost entered." in found.profit.method.notes


def test_a_marketplace_has_the_cost_of_its_own_sales_alone(on: Selling) -> None:
    cost_service.add_lot({**LOT, "units": "50"}, on.aws.clock)
    on.add(2, {"product_sales": 1000, "units_shipped": 1}, "MUG", CANADA)
    assert (on.result().goods.value, on.result(place=None).goods.value) == (-1600, -2000)
    product = products_service.product(on.aws.clock, "MUG", "7d", marketplace_id=US)
    assert product.result is not None
    assert product.result.goods.value == -1600


def test_another_currency_counts_by_the_sellers_rate_alone(on: Selling) -> None:
    cost_service.add_lot({**LOT, "currency": "EUR"}, on.aws.clock)
    assert (on.result().profit.value, on.result().uncosted_units) == (None, 4)
    cost_service.set_rate(TODAY - timedelta(days=3), "EUR", "USD", "1.25", "ECB", on.aws.clock)
    assert (on.result().goods.value, on.result().profit.value) == (-2000, 2200)


def test_units_that_came_back_sellable_are_taken_off_where_they_had_been_sold(on: Selling) -> None:
    cost_service.add_lot({**LOT, "units": "50"}, on.aws.clock)
    on.come_back(1, {"UNWANTED_ITEM": 3, f"sellable#{US}": 1, f"sellable#{CANADA}": 1, "sellable#": 1}, "MUG")
    on.come_back(20, {"DEFECTIVE": 2}, "MUG")
    found = on.result()
    assert (found.goods.value, found.profit.value, found.profit.state) == (-1600 + 400, 4200 - 1200, "posted")
    view = profit_service.profit(on.aws.clock, "7d", "total", US)
    assert any(note.startswith("1 units that came back to be sold again are of orders") for note in view.notes)
    # Canada sold none in these days, and one came back: it costs less than nothing there.
    cost_service.set_rate(TODAY - timedelta(days=3), "USD", "CAD", "1.5", "BoC", on.aws.clock)
    span = Slice(TODAY - timedelta(days=6), TODAY)
    costs = margin_service.costs(View(CANADA), span)
    assert costs is not None
    assert (costs.within("CAD", span).goods_minor, costs.within("CAD", span).returned_units) == (-600, 1)
    product = products_service.product(on.aws.clock, "MUG", "7d", marketplace_id=US)
    assert [(each.reason, each.units) for each in product.reasons] == [("UNWANTED_ITEM", 3)]


def test_other_costs_count_where_they_belong(on: Selling) -> None:
    cost_service.add_lot(LOT, on.aws.clock)
    week = (TODAY - timedelta(days=6), TODAY)
    for number, (name, currency, place, sku) in enumerate((
        ("Photos", "USD", US, "MUG"), ("Storage", "USD", US, None), ("Rent", "EUR", None, None),
    )):  # fmt: skip
        cost_service.add_other_cost(
            name, "7.00", currency, *week, marketplace_id=place, seller_sku=sku, clock=on.aws.clock,
            entropy=bytes([number]).__mul__,
        )  # fmt: skip
    assert [(line.name, line.total_minor) for line in on.result().other_lines] == [("Photos", -700), ("Storage", -700)]
    product = products_service.product(on.aws.clock, "MUG", "7d", marketplace_id=US)
    assert product.result is not None
    assert (product.result.others.value, product.result.profit.value) == (-700, 4200 - 1600 - 700)
    # Euros stand in a table of their own, and in no marketplace's.
    assert {table.currency for table in on.tables(place=None)} == {"EUR", "USD"}
    view = profit_service.profit(on.aws.clock, "7d", "total", US)
    assert "Other costs that name no marketplace are left out here: Rent." in view.notes


def test_a_products_cost_without_a_marketplace_is_shared_by_the_units_shipped_that_month(on: Selling) -> None:
    cost_service.add_lot(LOT, on.aws.clock)
    on.add(2, {"product_sales": 3000, "units_shipped": 2}, "MUG", CANADA, "CAD")
    cost_service.set_rate(TODAY - timedelta(days=3), "USD", "CAD", "1.5", "BoC", on.aws.clock)
    cost_service.add_other_cost(
        "Photos", "8.00", "USD", TODAY - timedelta(days=1), TODAY - timedelta(days=1), marketplace_id=None,
        seller_sku="MUG", clock=on.aws.clock, entropy=b"1".__mul__,
    )  # fmt: skip
    # In November six were shipped in the States and two in Canada.
    found = on.result()
    assert [(line.name, line.total_minor) for line in found.other_lines] == [("Photos", -600)]
    product = products_service.product(on.aws.clock, "MUG", "7d", marketplace_id=CANADA)
    assert product.result is not None
    assert (product.result.others.value, product.notes) == (-300, ())
    # All marketplaces together have the whole of it, in its own currency.
    assert on.result(place=None).others.value == -800
    # In a month in which none was shipped there is nobody to bear it.
    cost_service.add_other_cost(
        "Video", "9.00", "USD", date(2026, 9, 3), date(2026, 9, 3), marketplace_id=None, seller_sku="MUG",
        clock=on.aws.clock, entropy=b"2".__mul__,
    )  # fmt: skip
    view = profit_service.profit(on.aws.clock, Period(date(2026, 9, 1), TODAY), "total", US)
    assert "Other costs that name no marketplace are left out here: Video." in view.notes


def test_money_is_reconciled_when_settlements_cover_its_days(on: Selling) -> None:
    cost_service.add_lot(LOT, on.aws.clock)
    asked = Period(TODAY - timedelta(days=21), TODAY - timedelta(days=19))
    assert on.result(asked).profit.state == "posted"
    on.settle(asked.from_day, asked.to_day + timedelta(days=2))
    (table,) = on.tables(asked)
    assert table.result is not None
    assert (table.proceeds.state, table.result.profit.state) == ("reconciled", "reconciled")
    product = products_service.product(on.aws.clock, "MUG", asked, marketplace_id=US)
    assert product.proceeds.state == "reconciled"
    # The day before began before the settlement.
    assert on.result(Period(asked.from_day - timedelta(days=1), asked.to_day)).profit.state == "posted"


def test_a_settlement_stands_beside_the_transactions_that_name_it(on: Selling) -> None:
    def compared() -> SettlementComparison:
        return settled_service.compare(on.aws.clock, on.seller.connection_id, "s1")

    with pytest.raises(NotFound):
        compared()
    on.settle(TODAY - timedelta(days=14), TODAY - timedelta(days=1), {"Principal": 2000, "Commission": -300})
    assert compared().missing == settled_service.NONE_NAME_IT
    change = Change("2026-11-01", "1", 0, {("2026-11-01", "USD"): {"product_sales": 1500, "referral_fee": -300}})
    sheet_store.advance(Place("SETTLED", on.seller.connection_id, "", "2026-11", "s1"), [change], on.now)
    found = compared()
    assert (found.missing, found.difference and found.difference.value) == (None, 500)
    assert found.difference is not None
    assert found.difference.state == "posted"
    assert [(each.kind, each.settled_minor, each.posted_minor) for each in found.kinds if each.difference_minor] == [
        ("product_sales", 2000, 1500)
    ]


def test_sales_that_are_not_known_since_the_first_lot_make_it_estimated(on: Selling) -> None:
    cost_service.add_lot({**LOT, "from_day": "2024-01-01"}, on.aws.clock)
    assert (on.result().profit.state, on.result().goods.value) == ("estimated", -1600)
    cost_service.set_method("period")
    assert on.result().profit.state == "posted"


def summary(on: Selling, period: PeriodKey, place: str | None = None) -> MoneySummary:
    view = service.overview(on.aws.clock, period, place)
    (found,) = (each.money for each in view.currencies if each.currency == "USD")
    assert found is not None
    return found


@pytest.mark.parametrize("period", ["yesterday", "7d", "30d", "90d"])
def test_the_dashboard_shows_the_profit_of_the_profit_page(on: Selling, period: PeriodKey) -> None:
    cost_service.add_lot(LOT, on.aws.clock)
    cost_service.add_other_cost(
        "Photos", "31.00", "USD", TODAY - timedelta(days=30), TODAY, marketplace_id=US, seller_sku=None,
        clock=on.aws.clock, entropy=b"1".__mul__,
    )  # fmt: skip
    assert cost_boards_service.refresh(on.now) == 3
    for place in (None, US):
        shown = summary(on, period, place).after_costs
        asked = period_until(period, TODAY)
        result = on.result(asked, place)
        assert shown is not None
        assert (shown.goods.value, shown.profit.value) == (result.goods.value, result.profit.value)
        assert (shown.margin.value, shown.roi.value) == (result.margin.value, result.roi.value)
        assert shown.previous_profit_minor == result.previous_profit_minor


def test_the_dashboard_says_why_there_is_no_profit_yet(on: Selling) -> None:
    assert summary(on, "7d").after_costs_missing == cost_boards_service.NOT_YET
    assert cost_boards_service.refresh(on.now, most_sheets=1) == 3
    assert (summary(on, "7d").after_costs, summary(on, "7d").after_costs_missing) == (None, margin_service.TOO_MUCH)
    own = service.overview(on.aws.clock, Period(TODAY - timedelta(days=9), TODAY)).currencies
    assert {each.money.after_costs_missing for each in own if each.money} == {cost_boards_service.OWN_PERIOD}


def test_profit_on_the_dashboard_is_of_one_moment(on: Selling) -> None:
    cost_service.add_lot(LOT, on.aws.clock)
    cost_boards_service.refresh(on.now)
    on.aws.clock.advance(300)
    on.add(0, {"product_sales": 9000, "units_shipped": 1}, "MUG")
    assert cost_boards_service.refresh(on.now) == 0
    shown = summary(on, "7d")
    assert shown.after_costs is not None
    assert (shown.proceeds.value, shown.after_costs.profit.value) == (13200, 2600)
    on.aws.clock.advance(900)
    assert cost_boards_service.refresh(on.now) == 3
    later = summary(on, "7d").after_costs
    assert later is not None
    assert later.profit.value == 13200 - 2000


@pytest.mark.usefixtures("on")
def test_what_is_too_much_is_not_worked_out() -> None:
    span = Slice(TODAY - timedelta(days=30), TODAY)
    assert margin_service.costs(View(), span, most_sheets=1) is None
    found = margin_service.costs(View(), span, most_sheets=2)
    assert found is not None
    assert found.within("CAD", span).units == 3
