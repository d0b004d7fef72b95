"""The simulated year and the tools' formulas: what goes in comes out, and each orders when its help page says."""

import math
from dataclasses import replace

import pytest

from tests.bench.restock import Year, at_same_stock, year_of
from tests.bench.restock_policies import (
    ByFormula,
    Formula,
    Ours,
    Shelf,
    bigseller,
    formulas,
    inventory_planner,
    jungle_scout,
)
from tests.bench.simulated_demand import HISTORY_DAYS, KINDS, YEAR_DAYS, Product, products


def steady(**changes: object) -> Product:
    product = Product(
        kind="steady",
        asked=(2,) * (HISTORY_DAYS + YEAR_DAYS),
        out=frozenset(),
        lead_days=20,
        lead_times=(20,) * YEAR_DAYS,
        measured=(20.0,) * 5,
        unit_cost=10,
        margin=5,
    )
    return replace(product, **changes)  # type: ignore[arg-type] # names and values are the tests'


def shelf(stock: int, coming: int = 0) -> Shelf:
    return Shelf(steady(), HISTORY_DAYS, [2] * HISTORY_DAYS, [9] * HISTORY_DAYS, stock, [(coming, HISTORY_DAYS + 5)])


def test_every_run_simulates_the_same_products_of_every_kind() -> None:
    world = products(6, seed=1)
    assert tuple(each.kind for each in world) == KINDS
    assert products(2, seed=1) == world[:2]
    assert products(1, seed=2) != world[:1]
    assert all(len(each.asked) == HISTORY_DAYS + YEAR_DAYS and min(each.asked) >= 0 for each in world)
    assert sum(world[5].sold_before) < sum(world[5].asked[:HISTORY_DAYS])


@pytest.mark.parametrize(
    ("formula", "stock", "coming", "expected"),
    [
        (jungle_scout, 41, 0, 0),
        (jungle_scout, 30, 10, 60),
        (inventory_planner, 41, 0, 0),
        (inventory_planner, 30, 10, 2 * 50 - 40),
        (bigseller, 68, 0, 0),
        (bigseller, 57, 10, 2 * 64 - 67),
    ],
)
def test_a_tool_orders_when_and_what_its_formula_says(formula: Formula, stock: int, coming: int, expected: int) -> None:
    assert ByFormula(formula, 30).order(shelf(stock, coming)) == expected


def test_days_without_stock_are_left_out_where_the_tool_does() -> None:
    seen = shelf(0)
    seen.sold[-10:], seen.left[-10:] = [0] * 10, [0] * 10
    assert (seen.average(30), seen.average_in_stock(30)) == (2 * 20 / 30, 2)


def test_steady_demand_is_never_lost_by_ours_and_nothing_appears_or_vanishes() -> None:
    year = year_of(steady(), Ours(steady(), 0.95))
    assert (year.lost, year.days_in_stock, year.asked) == (0, YEAR_DAYS, 2 * YEAR_DAYS)
    for _, formula in formulas():
        made = year_of(steady(lead_times=(40,) * YEAR_DAYS), ByFormula(formula, 30))
        assert 0 < made.lost < made.asked
        assert made.cost == pytest.approx(made.lost * 5 + made.stock * 10 * 0.3 / YEAR_DAYS)


def test_in_stock_rates_are_compared_at_the_same_stock() -> None:
    curve = [
        Year(days=100, days_in_stock=80, stock=100, asked=10), Year(days=100, days_in_stock=90, stock=200, asked=10),
    ]  # fmt: skip
    tool = Year(days=100, days_in_stock=84, stock=150, asked=10)
    assert at_same_stock(curve, tool) == pytest.approx(0.01)
    assert at_same_stock(curve, replace(tool, stock=250)) == pytest.approx(0.06)
    assert at_same_stock(curve, replace(tool, stock=50)) is None
    assert math.isclose(tool.days_of_cover, 15)
