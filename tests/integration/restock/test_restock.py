"""Suggestions in the store: worked out once a day in steps, shown with their numbers, decided about, and scored."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import pytest

from quayside.amazon.report_rows import AdviceRow
from quayside.catalog import store as catalog_store
from quayside.catalog.rules import Product
from quayside.connections import service as connections
from quayside.connections.records import DatasetHealth
from quayside.inventory import own_service
from quayside.inventory import service as inventory
from quayside.inventory.rules import PositionFacts, Quantities
from quayside.kernel.clock import format_instant
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.restock import advice_service, service
from quayside.restock.choice_rules import Choices, Override
from quayside.restock.store import Place
from quayside.restock.views import ParentView
from quayside.storage.tables import AMAZON_DATA_DAYS
from quayside.sync.registry import INVENTORY, ORDERS, RESTOCK_ADVICE
from quayside.sync.sinks import Applied, ReportLoad
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import DE, US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US, DE))
    with tenant_scope(made.seller.tenant_id):
        yield made


class Figures:
    """Daily figures in memory: so many units a day of each SKU, every day, in each marketplace."""

    def __init__(self, **units: int) -> None:
        self.units = units
        self.asked: list[tuple[str, date, date]] = []

    def __call__(
        self, _connection_id: ConnectionId, marketplace_id: str, seller_sku: str, from_day: date, to_day: date, /
    ) -> Mapping[date, int]:
        self.asked.append((marketplace_id, from_day, to_day))
        days = (to_day - from_day).days + 1
        return {from_day + timedelta(days=number): self.units.get(seller_sku, 0) for number in range(days)}


def ready(on: Bench, *, days: int = 200) -> None:
    """Let stock be in step, and orders be known of so many days."""
    connection_id = on.seller.connection_id
    connections.record_success(connection_id, INVENTORY, rows=1, now=on.now)
    since = format_instant(on.ago(days=days))
    known = [DatasetHealth.complete_from.set(since)]
    connections.record_success(connection_id, ORDERS, rows=1, now=on.now, actions=known)


def stock(on: Bench, sku: str, place: str = US, **quantities: int) -> None:
    facts = PositionFacts(
        marketplace_id=place,
        seller_sku=sku,
        updated_at=on.now,
        quantities=Quantities(**quantities),
        title=f"Lamp {sku}",
    )
    inventory.apply_facts(on.seller.connection_id, facts, received_at=on.now)


def compute(on: Bench, figures: Figures, *, short: bool = False, supply: service.Supply | None = None) -> int:
    """Work everything out and return in how many steps."""
    after, steps = None, 0
    while True:
        after = service.compute(
            on.seller.connection_id,
            sorted((US, DE)),
            after,
            daily_units=figures,
            open_supply=None if supply is None else lambda: supply,
            clock=on.aws.clock,
            time_is_short=lambda: short,
        )
        steps += 1
        if after is None:
            return steps


def place(on: Bench, sku: str, marketplace_id: str = US) -> Place:
    return Place(on.seller.connection_id, marketplace_id, sku)


def test_suggestions_are_worked_out_and_open_to_their_numbers(on: Bench) -> None:
    ready(on)
    stock(on, "LOW", fulfillable=10, inbound_shipped=5, inbound_working=99)
    stock(on, "MUCH", fulfillable=5000)
    stock(on, "NEW", fulfillable=3)
    compute(on, Figures(LOW=4, MUCH=2))

    page = service.list_suggestions(on.seller.connection_id, US)

    assert [each.seller_sku for each in page.lines] == ["LOW", "MUCH", "NEW"]
    assert page.counts == {"order_now": 1, "overstock": 1, "unknown": 1}
    assert (page.currency, page.examined, page.next_cursor) == ("USD", 3, None)
    low, much, new = page.lines
    assert low.buy is not None
    assert low.buy.quantity == pytest.approx(4 * (74 + 60) - 15, abs=20)
    assert low.daily_thousandths == pytest.approx(4000, abs=200)
    assert much.buy is not None
    assert (much.buy.quantity, "5 units" in new.unknown) == (0, True)
    assert [each.seller_sku for each in service.list_suggestions(on.seller.connection_id, US, search="muc").lines] == [
        "MUCH"
    ]
    card = service.show_card(place(on, "LOW"))
    assert card.buy is not None
    assert card.position.inbound == 5
    assert f"{card.buy.plan.position_units:,}" in card.buy.quantity.method.filled
    assert card.buy.line.quantity == card.buy.quantity.value
    assert card.low_inventory is not None
    assert card.low_inventory.is_below
    assert service.show_card(place(on, "NEW")).buy is None
    # The list of stock shows for how long it lasts.
    shown = inventory.list_positions(clock=on.aws.clock).positions
    assert [each.days_of_cover.value for each in shown] == [2, 2500, None]


class Arriving(NamedTuple):
    """100 units of everything arrive in the US in ten days, straight at Amazon; production took 20, 30 and 40 days."""

    expected_on: date
    units: int = 100
    to_amazon: bool = True

    def due(self, _connection_id: str, marketplace_id: str, _seller_sku: str) -> "tuple[Arriving, ...]":
        return (self,) if marketplace_id == US else ()

    def days_of(self, _seller_sku: str, leg: str) -> tuple[int, ...]:
        return (20, 30, 40) if leg == "Production" else ()


def test_what_is_under_way_and_what_legs_really_took_is_reckoned_with(on: Bench) -> None:
    ready(on)
    stock(on, "LOW", fulfillable=10)
    compute(on, Figures(LOW=4))
    before = service.show_card(place(on, "LOW"))
    compute(on, Figures(LOW=4), supply=Arriving(on.now.date() + timedelta(days=10)))
    after = service.show_card(place(on, "LOW"))
    assert before.buy is not None
    assert after.buy is not None
    assert (before.position.on_order, after.position.on_order) == (0, 100)
    assert after.buy.plan.position_units == before.buy.plan.position_units + 100
    assert [leg.is_measured for leg in after.buy.plan.lead_time.legs] == [True, False, False, False, False]
    assert after.buy.plan.lead_time.deviation_days == 10
    (order,) = after.position.open_orders
    assert order.to_amazon


def test_it_goes_on_where_its_time_was_short_and_twice_gives_the_same(
    on: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_AT_ONCE", 1)
    ready(on)
    for sku in "AB":
        stock(on, sku, fulfillable=10)
    assert compute(on, Figures(A=1, B=2), short=True) > 1
    kept, page = on.kinds(), service.list_suggestions(on.seller.connection_id, US)

    compute(on, Figures(A=1, B=2))

    assert on.kinds() == kept
    assert service.list_suggestions(on.seller.connection_id, US) == page
    assert {kind: kept[kind] for kind in ("restock_line", "restock_card", "restock_open")} == {
        "restock_line": 2, "restock_card": 2, "restock_open": 2
    }  # fmt: skip
    ends = [
        int(item["expires_at"]["N"]) - on.now.timestamp()
        for item in on.aws.items()
        if item["kind"]["S"].startswith("restock_")
    ]
    assert max(ends) <= AMAZON_DATA_DAYS * 86_400


def test_nothing_is_made_up_while_stock_is_old_or_orders_are_still_being_read(on: Bench) -> None:
    stock(on, "A", fulfillable=10)
    connections.record_success(on.seller.connection_id, INVENTORY, rows=1, now=on.now)
    compute(on, Figures(A=5))
    (line,) = service.list_suggestions(on.seller.connection_id, US).lines
    assert (line.unknown, line.buy) == (service.STILL_READING, None)
    on.aws.clock.advance(timedelta(days=2).total_seconds())
    before = on.kinds()
    compute(on, Figures(A=5))
    assert on.kinds() == before


def test_only_known_days_are_asked_for(on: Bench) -> None:
    ready(on, days=20)
    stock(on, "A", fulfillable=10)
    figures = Figures(A=3)
    compute(on, figures)
    ((_, first, last),) = set(figures.asked)
    assert (last - first).days + 1 == 19
    assert last == date(2026, 11, 20)


def test_decisions_hold_from_the_next_time(on: Bench) -> None:
    ready(on)
    stock(on, "A", fulfillable=1)
    first = service.decide(None, Choices(carton_units=24), 0, member_id="anna", clock=on.aws.clock)
    own = Choices(method="windows", unit_cost_minor=250, overrides=(Override("send", 7, "fair in May"),))
    service.decide(place(on, "A"), own, 0, member_id="anna", clock=on.aws.clock)
    compute(on, Figures(A=3))

    (line,) = service.list_suggestions(on.seller.connection_id, US).lines
    assert line.buy is not None
    assert line.send is not None
    assert line.buy.quantity % 24 == 0
    assert (line.send.quantity, line.send.overridden) == (7, True)
    card = service.show_card(place(on, "A"))
    assert card.demand is not None
    assert (card.demand.method, card.demand.is_fixed) == ("windows", True)
    view = service.show_settings(place(on, "A"))
    assert (view.own.unit_cost_minor, view.holds.carton_units, view.version) == (250, 24, 1)
    with pytest.raises(Conflict):
        service.decide(None, Choices(), 0, member_id="bob", clock=on.aws.clock)
    with pytest.raises(InvalidInput, match="percent"):
        service.decide(None, Choices(service_level_percent=100), first.version, member_id="b", clock=on.aws.clock)
    with pytest.raises(InvalidInput):
        service.decide(None, Choices(unit_cost_minor=5), first.version, member_id="b", clock=on.aws.clock)
    with pytest.raises(NotFound):
        service.decide(Place(on.seller.connection_id, "XX", "A"), own, 0, member_id="b", clock=on.aws.clock)


def test_what_if_keeps_nothing_and_a_budget_spends_no_more(on: Bench) -> None:
    ready(on)
    for sku, cost in (("A", 100), ("B", 300), ("C", None)):
        stock(on, sku, fulfillable=1)
        service.decide(place(on, sku), Choices(unit_cost_minor=cost), 0, member_id="anna", clock=on.aws.clock)
    stock(on, "N", fulfillable=1)
    compute(on, Figures(A=3, B=3, C=3))
    before = on.aws.items()

    found = service.what_if(place(on, "A"), extra_lead_days=20, growth_percent=50, service_level_percent=99)
    budget = service.plan_budget(on.seller.connection_id, US, 50_000)

    assert found.changed.buy.quantity > found.present.buy.quantity
    assert budget.spent_minor <= 50_000
    assert budget.spent_minor == sum(each.cost_minor for each in budget.lines)
    assert (budget.without_cost, budget.whole, budget.currency) == (("C",), True, "USD")
    assert on.aws.items() == before
    with pytest.raises(InvalidInput, match="from 0"):
        service.what_if(place(on, "A"), service_level_percent=100)
    with pytest.raises(Conflict):
        service.what_if(place(on, "N"))
    with pytest.raises(NotFound):
        service.what_if(place(on, "nothing"))


def test_marketplaces_that_share_stock_are_counted_once(on: Bench) -> None:
    ready(on)
    own_service.choose_links(on.seller.connection_id, [[US, DE]], 0)
    for marketplace_id, units in ((US, 10), (DE, 30)):
        stock(on, "A", marketplace_id, fulfillable=units)
        shelf = own_service.add_location(
            marketplace_id, on.seller.connection_id, marketplace_id, entropy=entropy_of(units)
        )
        own_service.move(shelf.location_id, "A", "received", 5, note="", member_id="m", clock=on.aws.clock)
    stock(on, "ONLY-DE", DE, fulfillable=8)
    compute(on, Figures(A=2))

    card = service.show_card(place(on, "A"))
    assert (card.position.fulfillable, card.position.own_stock) == (40, 10)
    assert card.line.daily_thousandths == pytest.approx(4000, abs=200)
    shared, own = service.list_suggestions(on.seller.connection_id, DE).lines
    assert {shared.seller_sku: shared.shared_with, own.seller_sku: own.shared_with} == {"A": US, "ONLY-DE": None}


def test_suggestions_are_scored_once_their_horizon_is_over(on: Bench) -> None:
    ready(on)
    stock(on, "A", fulfillable=10)
    compute(on, Figures(A=3))
    with pytest.raises(NotFound):
        service.show_scores(on.seller.connection_id, "XX")
    assert service.show_scores(on.seller.connection_id, US).skus == 0

    on.aws.clock.advance(timedelta(days=74 + 60 + 1).total_seconds())
    ready(on, days=400)
    compute(on, Figures(A=3))

    scores = service.show_card(place(on, "A")).scores
    assert scores is not None
    assert scores.suggestions == 1
    assert scores.ours.wape == pytest.approx(0, abs=0.1)
    overall = service.show_scores(on.seller.connection_id, US)
    assert (overall.skus, overall.whole, overall.scores) == (1, True, scores)
    assert on.kinds()["restock_open"] == 1


def advice_row(sku: str, country: str = "US", quantity: int | None = 40) -> AdviceRow:
    return AdviceRow(2, country, sku, "B000000001", quantity, date(2026, 12, 4), 7, "low_stock", "Create shipping plan")


def tell(on: Bench, *rows: AdviceRow, places: tuple[str, ...] = (US,)) -> Applied:
    kind = "GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"
    ids = (on.seller.tenant_id, on.seller.connection_id)
    load = ReportLoad(*ids, places, kind, "1", None, None, on.now, last=True)
    return advice_service.apply_advice_rows(load, rows)


def test_amazons_own_recommendation_stands_beside_ours_with_its_age(on: Bench) -> None:
    ready(on)
    stock(on, "LOW", fulfillable=10)
    stock(on, "NEW", fulfillable=3)
    compute(on, Figures(LOW=4))

    told = tell(on, advice_row("LOW"), advice_row("NEW", country="CA"), advice_row("ZERO", quantity=None))

    assert (told.applied, told.stale) == (2, 1)
    low, new = service.list_suggestions(on.seller.connection_id, US).lines
    assert new.amazon is None
    assert low.amazon is not None
    assert (low.amazon.quantity, low.amazon.ship_on, low.amazon.days_of_supply) == (40, "2026-12-04", 7)
    assert low.amazon.told_at == format_instant(on.now)
    assert service.show_card(place(on, "LOW")).line.amazon == low.amazon
    page = advice_service.rows_view(on.seller.connection_id, RESTOCK_ADVICE, US, None, 1)
    assert page.rows[0][:4] == (US, "LOW", "B000000001", 40)
    again = advice_service.rows_view(on.seller.connection_id, RESTOCK_ADVICE, US, page.next_cursor, 1)
    assert again.rows[0][:4] == (US, "ZERO", "B000000001", None)


def test_the_same_recommendation_told_again_is_as_young_as_when_it_was_last_told(on: Bench) -> None:
    ready(on)
    stock(on, "LOW", fulfillable=10)
    compute(on, Figures(LOW=4))
    tell(on, advice_row("LOW"))
    on.aws.clock.advance(86_400)
    tell(on, advice_row("LOW"))
    advice = service.show_card(place(on, "LOW")).line.amazon
    assert advice is not None
    assert advice.told_at == format_instant(on.now)


def test_recommendations_of_no_certain_marketplace_are_put_aside(on: Bench) -> None:
    told = tell(on, advice_row("LOW"), places=(US, DE))
    assert (told.applied, len(told.rejected)) == (0, 1)


def variation(on: Bench, sku: str, asin: str, fulfillable: int) -> None:
    facts = PositionFacts(
        marketplace_id=US, seller_sku=sku, updated_at=on.now, quantities=Quantities(fulfillable=fulfillable), asin=asin
    )
    inventory.apply_facts(on.seller.connection_id, facts, received_at=on.now)


def test_the_line_of_28_days_is_the_parents_once_the_catalog_tells_of_it(on: Bench) -> None:
    ready(on)
    for sku, asin, units in (("RED", "B0RED", 10), ("BLUE", "B0BLUE", 500), ("NEW", "B0NEW", 3), ("LAMP", "B0LAMP", 9)):
        variation(on, sku, asin, units)
    compute(on, Figures(RED=4, BLUE=1, LAMP=2))
    connection_id = on.seller.connection_id
    child = Product(found=True, parent_asins=("B0PARENT",))
    catalog_store.put_products(connection_id, US, {"B0RED": child, "B0BLUE": child}, received_at=on.now)

    alone = service.show_card(place(on, "RED"))
    assert alone.low_inventory_of is None
    assert alone.low_inventory is not None
    assert alone.low_inventory.is_below

    parent = Product(found=True, child_asins=("B0RED", "B0BLUE", "B0NEW", "B0GREEN"))
    catalog_store.put_products(connection_id, US, {"B0PARENT": parent}, received_at=on.now)
    together = service.show_card(place(on, "RED"))
    assert together.low_inventory_of == ParentView("B0PARENT", 3, 1)
    assert together.low_inventory is not None
    assert not together.low_inventory.is_below
    assert service.show_card(place(on, "BLUE")).low_inventory == together.low_inventory
    assert service.show_card(place(on, "LAMP")).low_inventory_of is None
