"""Days of sales for the forecasts' measure: of baskets, and of files that people hand in."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.bench.forecast import HORIZONS, origins_of
from tests.bench.harness import NotMeasurableError
from tests.bench.purchases import Basket, Line
from tests.bench.sales_days import Series, lines_of, read_lines, series_of

FIRST = date(2026, 1, 1)


def test_every_series_has_every_day() -> None:
    lines = [("a", FIRST, 2), ("a", FIRST, 1), ("a", date(2026, 1, 3), 1), ("b", date(2026, 1, 2), 5)]
    assert series_of(lines, 1) == [Series("a", FIRST, (3, 0, 1)), Series("b", FIRST, (0, 5, 0))]
    assert [each.seller_sku for each in series_of(lines, 2)] == ["a"]
    assert series_of([], 1) == []


def test_a_basket_counts_on_the_day_of_the_marketplace() -> None:
    basket = Basket(datetime(2026, 1, 2, 7, 59, tzinfo=UTC), (Line("CJ-2", 3, 100),))
    assert list(lines_of({"1": basket})) == [("CJ-2", FIRST, 3)]


@pytest.mark.parametrize(
    "text",
    ["sku,purchase-date,quantity\na,2026-01-01T08:00:00Z,2\n", "Purchase-Date\tSKU\tQuantity\n2026-01-01\ta\t2\n"],
)
def test_a_file_of_order_lines(tmp_path: Path, text: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")
    assert read_lines(path) == [("a", FIRST, 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku,quantity\na,2\n", "needs a column purchase-date"),
        ("sku,purchase-date,quantity\na,1.1.2026,2\n", "Line 2 of"),
        ("sku,purchase-date,quantity\na,2026-01-01,2\nb,2026-01-01,x\n", "Line 3 of"),
        ("sku,purchase-date,quantity\na,2026-01-01\n", "Line 2 of"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotMeasurableError, match=said):
        read_lines(path)
    with pytest.raises(NotMeasurableError, match="can't be read"):
        read_lines(tmp_path / "none.csv")


def test_origins_leave_the_longest_horizon_and_enough_before_it() -> None:
    assert origins_of(365) == (185, 245, 305)
    assert origins_of(365)[-1] + max(HORIZONS) == 365
    with pytest.raises(NotMeasurableError, match="194 days are needed; there are 193"):
        origins_of(193)
