"""What the grid shows of a listing, and which filters it passes."""

import pytest

from quayside.catalog.grid_rules import ISSUES_FILED, Filters, Line, filed_issues, identity_of, line_of
from quayside.catalog.rules import Issue, Listing, Measure, Price, Product, Size
from quayside.kernel.money import Money

ERROR = Issue("90220", "ERROR", "It is missing.", ("country_of_origin",))
WARNING = Issue("18448", "WARNING", "It is incomplete.")


def listing(**parts: object) -> Listing:
    return Listing(**({"standing": "buyable", "title": "Lamp", "asin": "B000000001"} | parts))  # type: ignore[arg-type]


def test_a_line_takes_from_each_source_what_it_knows() -> None:
    package = Size(Measure("10", "inches"), Measure("254", "millimeters"), None, Measure("1", "pounds"))
    product = Product(found=True, title="Lamp of the catalog", product_type="LAMP", package=package)
    found = line_of(
        listing(price=Money(999, "USD"), channel="AMAZON_NA", quantity=7, issues=(ERROR, WARNING)),
        41,
        product,
        Price(410, "USD"),
    )
    assert (found.units, found.by_amazon, found.errors, found.warnings) == (41, True, 1, 1)
    assert (found.length_mm, found.width_mm, found.height_mm, found.weight_g) == (254, 254, None, 454)
    assert (found.title, found.product_type, found.price, found.unit_cost) == (
        "Lamp", "LAMP", Price(999, "USD"), Price(410, "USD"),
    )  # fmt: skip


def test_what_the_seller_ships_has_the_sellers_own_quantity() -> None:
    found = line_of(listing(channel="DEFAULT", quantity=7), 41, None, None)
    assert (found.units, found.by_amazon, found.length_mm, found.unit_cost) == (7, False, None, None)


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (Filters(), True),
        (Filters(standing="buyable"), True),
        (Filters(standing="inactive"), False),
        (Filters(issues="errors"), False),
        (Filters(issues="any"), True),
        (Filters(issues="none"), False),
        (Filters(stock="out"), True),
        (Filters(stock="in"), False),
        (Filters(cost="missing"), True),
        (Filters(brand="Acme"), True),
        (Filters(brand="Ac"), False),
        (Filters(brand=""), False),
        (Filters(search=" lamp "), True),
        (Filters(search="b0000"), True),
        (Filters(search="SKU-1"), True),
        (Filters(search="rope"), False),
        (Filters(issues="any", search="rope"), False),
    ],
)
def test_filters(filters: Filters, *, passes: bool) -> None:
    line = Line("buyable", "Harbour Lamp", "B000000001", units=0, warnings=1, brand="Acme")
    assert filters.passes("sku-1", line) is passes


def test_a_cost_of_nothing_is_a_cost() -> None:
    assert not Filters(cost="missing").passes("A", Line("buyable", unit_cost=Price(0, "USD")))


def test_a_listing_that_is_gone_leaves_the_inbox_and_a_bad_one_does_not_flood_it() -> None:
    many = tuple(Issue(str(number), "WARNING", "x") for number in range(ISSUES_FILED + 5))
    assert filed_issues(listing(standing="deleted", issues=(ERROR,))) == ()
    assert filed_issues(listing(issues=many)) == many[:ISSUES_FILED]


def test_an_issue_is_the_same_whatever_its_wording() -> None:
    reworded = Issue("90220", "WARNING", "Please provide it.", ("country_of_origin",))
    other = Issue("90220", "ERROR", "It is missing.", ("color",))
    assert identity_of(ERROR) == identity_of(reworded) != identity_of(other)
