"""Brands in the store: the book, the lines of the grid, files, and the figures that go by them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from quayside.analytics import boards_service, brand_boards_service, products_service, profit_service, sheet_store
from quayside.analytics.sheet_rules import Change
from quayside.analytics.sheet_rules import Place as SheetPlace
from quayside.analytics.views import ProfitTable
from quayside.catalog import brand_service, brand_store, grid_service, grid_store, store
from quayside.catalog.brand_rules import Book, Brand, Tag, Tagged, tagged
from quayside.catalog.grid_rules import Filters
from quayside.catalog.grid_service import Ports
from quayside.catalog.rules import DocumentedListing, Price, Product
from quayside.connections import store as connections
from quayside.connections.records import DatasetHealth
from quayside.finance import cost_service
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from tests.bench.capacity import ReadUnits
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import DE, US

if TYPE_CHECKING:
    from quayside.analytics.sheet_rules import Kind

TODAY = date(2026, 11, 21)
PORTS = Ports(lambda *_: {}, lambda *_: {})
units = ReadUnits()


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with units.watching(), aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US, DE))
    with tenant_scope(made.seller.tenant_id):
        yield made


def listed(on: Bench, *skus: str, place: str = US) -> None:
    said = DocumentedListing(("BUYABLE",), (), "B000000001", "Lamp", Price(999, "USD"), 5, "DEFAULT")
    store.put_documented(on.seller.connection_id, place, [(sku, said) for sku in skus], received_at=on.now)
    grid_service.refresh(grid_store.Shelf(on.seller.connection_id, place), skus, PORTS, on.aws.clock)


def tag(on: Bench, **brands: str | None) -> tuple[int, int]:
    done = brand_service.tag(list(brands.items()), member_id="anna", clock=on.aws.clock)
    return done.changed, done.unchanged


def shown(brand: str | None = None) -> dict[str, str | None]:
    lines = grid_service.list_lines(None, US, Filters(brand=brand), None, 50).lines
    return {line.seller_sku: line.brand for line in lines}


def test_the_grid_follows_at_once_and_a_new_line_knows_its_brand(on: Bench) -> None:
    product = Product(found=True, brand="Lampworks")
    store.put_products(on.seller.connection_id, US, {"B000000001": product}, received_at=on.now)
    listed(on, "A", "B")
    listed(on, "A", place=DE)
    assert tag(on, A="Acme", C="acme") == (2, 0)
    assert (shown(), shown("Acme"), shown("")) == ({"A": "Acme", "B": None}, {"A": "Acme"}, {"B": None})
    lines = {
        each.marketplace_id: each for each in grid_service.list_lines(None, None, Filters("buyable"), None, 50).lines
    }
    assert lines[DE].brand == "Acme"
    assert lines[US].amazon_brand == "Lampworks"
    listed(on, "C")
    assert shown("Acme") == {"A": "Acme", "C": "Acme"}
    assert tag(on, A=None, C="Acme") == (1, 1)
    assert shown() == {"A": None, "B": None, "C": "Acme"}
    assert brand_service.list_brands().brands == (Brand("Acme", 1),)


def test_a_line_that_missed_its_brand_gets_it_with_the_same_tag_again(on: Bench) -> None:
    listed(on, "A")
    brand_store.change(lambda book: tagged(book, [Tag("A", "Acme")]), "anna", on.now)
    assert shown() == {"A": None}
    assert tag(on, A="Acme") == (0, 1)
    assert shown() == {"A": "Acme"}


def test_two_members_at_once_lose_nothing(on: Bench) -> None:
    def late(book: Book) -> Tagged:
        if not book:
            tag(on, A="Acme")
        return tagged(book, [Tag("B", "Beacon")])

    assert brand_store.change(late, "ben", on.now).book == {"A": "Acme", "B": "Beacon"}

    def again(book: Book) -> Tagged:
        tag(on, A=f"Acme {len(brands)}")
        brands.append(book)
        return tagged(book, [Tag("C", "Beacon")])

    brands: list[Book] = []
    with pytest.raises(Conflict, match="at the same time"):
        brand_store.change(again, "ben", on.now)


def test_a_file_says_first_what_it_changes(on: Bench) -> None:
    tag(on, B="Beacon")
    text = "seller_sku,brand\nA,Acme\nB,Beacon\n,Acme\nA,Acme Home"
    preview = brand_service.preview_file(text)
    assert [(row.line, row.state) for row in preview.rows] == [(2, "known"), (3, "known"), (4, "refused"), (5, "new")]
    assert brand_service.list_brands().products == 1
    done = brand_service.import_file(text, member_id="anna", clock=on.aws.clock)
    assert (done.new, done.known, done.refused) == (1, 2, 1)
    assert brand_service.import_file(text, member_id="anna", clock=on.aws.clock).new == 0
    first = brand_service.list_tags(None, None, 1)
    rest = brand_service.list_tags(None, first.next_cursor, 10)
    assert [each.seller_sku for each in (*first.tags, *rest.tags)] == ["A", "B"]
    assert brand_service.list_tags("Beacon", None, 10).tags[0].seller_sku == "B"
    with pytest.raises(InvalidInput, match="lacks the columns"):
        brand_service.preview_file("sku\nA")
    with pytest.raises(NotFound):
        brand_service.list_tags("Nobody", None, 10)


class Books:
    """Sheets of products in two months, as the roller writes them."""

    def __init__(self, on: Bench) -> None:
        self.on = on
        self.position = 0
        known = [
            DatasetHealth.last_success_at.set("2026-11-21T10:00:00Z"),
            DatasetHealth.complete_from.set("2024-11-21T00:00:00Z"),
        ]
        for dataset in ("finances", "orders"):
            connections.change_health(on.seller.connection_id, dataset, known)

    def sold(self, sku: str, days_ago: int, units: int, minor: int, place: str = US) -> None:
        day = (TODAY - timedelta(days=days_ago)).isoformat()
        ordered = {"orders": 1, "priced": 1, "units": units, "sales_minor": minor}
        currency = "USD" if place == US else "EUR"
        booked = {"product_sales": minor, "referral_fee": -minor // 10, "units_shipped": units}
        counted: dict[Kind, dict[str, int]] = {"ORDERS": ordered, "MONEY": booked}
        for kind, amounts in counted.items():
            for of in (None, sku):
                self.position += 1
                change = Change(day, f"{self.position:09}", 0, {(day, currency): dict(amounts)})
                where = SheetPlace(kind, self.on.seller.connection_id, place, day[:7], of)
                sheet_store.advance(where, [change], self.on.now)


def table(on: Bench, brand: str | None, place: str | None = None) -> dict[str, ProfitTable]:
    view = profit_service.profit(on.aws.clock, "30d", "total", place, brand)
    return {each.currency: each for each in view.currencies}


def test_profit_of_a_brand_is_that_of_its_products_and_follows_a_new_tag_into_the_past(on: Bench) -> None:
    books = Books(on)
    books.sold("A", 1, 2, 5000)
    books.sold("A", 40, 1, 2500)
    books.sold("B", 2, 4, 8000)
    books.sold("B", 3, 1, 1900, DE)
    books.sold("C", 2, 1, 300)
    for sku in "ABC":
        lot = {"seller_sku": sku, "from_day": "2026-10-01", "units": "10", "unit_cost": "4.00", "currency": "USD"}
        cost_service.add_lot(lot, on.aws.clock)
    tag(on, A="Acme", C="Beacon")
    found = table(on, "Acme")
    assert set(found) == {"USD"}
    assert (found["USD"].proceeds.value, found["USD"].previous_proceeds_minor) == (4500, 2250)
    result = found["USD"].result
    assert result is not None
    assert (result.goods.value, result.profit.value, result.previous_profit_minor) == (-800, 3700, 2250 - 400)
    assert any("under the brand Acme, 1 now, on all days" in note for note in result.profit.method.notes)
    # The brand moves, and so does what its product brought before.
    tag(on, B="Acme")
    both = table(on, "Acme")
    assert {currency: each.proceeds.value for currency, each in both.items()} == {"EUR": 1710, "USD": 11700}
    assert table(on, "Acme", DE)["EUR"].proceeds.value == 1710
    whole = table(on, None)["USD"].proceeds.value
    assert whole == (both["USD"].proceeds.value or 0) + (table(on, "Beacon")["USD"].proceeds.value or 0)
    with pytest.raises(NotFound):
        table(on, "Nobody")


def test_a_brand_of_many_products_is_read_by_a_walk_with_the_same_figures(
    on: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(on)
    for number, sku in enumerate("ABC", 1):
        books.sold(sku, number, number, 1000 * number)
    tag(on, A="Acme", B="Acme")
    keyed = table(on, "Acme")["USD"]
    monkeypatch.setattr("quayside.analytics.margin_service.MOST_KEYED", 1)
    assert table(on, "Acme")["USD"] == keyed
    assert keyed.proceeds.value == 2700


def test_the_list_of_products_and_the_boards_go_by_brands(on: Bench) -> None:
    books = Books(on)
    for number, sku in enumerate("ABCD", 1):
        books.sold(sku, number, number, 1000 * number)
    books.sold("B", 9, 1, 700)
    books.sold("A", 1, 3, 1500, DE)
    tag(on, A="Acme", B="Acme", C="Beacon")
    page = products_service.product_page(on.aws.clock, "7d", marketplace_id=US, brand="Acme", limit=1)
    rest = products_service.product_page(
        on.aws.clock, "7d", marketplace_id=US, brand="Acme", cursor=page.next_cursor, limit=9
    )
    assert [(each.seller_sku, each.brand) for each in (*page.products, *rest.products)] == [
        ("A", "Acme"),
        ("B", "Acme"),
    ]
    assert rest.next_cursor is None
    assert brand_boards_service.split(on.aws.clock, "7d").currencies == ()
    boards_service.refresh(on.seller.connection_id, on.now)
    units.reset()
    found = {each.currency: each for each in brand_boards_service.split(on.aws.clock, "7d").currencies}
    assert units.units <= 4
    dollars = [
        (each.brand, each.products, each.sales.value, each.units.value, each.previous_sales_minor)
        for each in found["USD"].brands
    ]
    assert dollars == [("Acme", 2, 3000, 3, 700), ("Beacon", 1, 3000, 3, 0), (None, 1, 4000, 4, 0)]
    assert [(each.brand, each.sales.value) for each in found["EUR"].brands] == [("Acme", 1500)]
    alone = brand_boards_service.split(on.aws.clock, "7d", DE).currencies
    assert [each.currency for each in alone] == ["EUR"]
    # The next time orders are read, the past goes along with a product's new brand.
    tag(on, A="Beacon")
    on.aws.clock.advance(16 * 60)
    boards_service.refresh(on.seller.connection_id, on.now)
    (after, *_) = brand_boards_service.split(on.aws.clock, "7d", US).currencies
    assert [(each.brand, each.sales.value) for each in after.brands][:2] == [("Beacon", 4000), ("Acme", 2000)]
