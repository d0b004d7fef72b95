"""Daily units by product: of the real data set, or of a file of order lines. The measure reads nothing of ours."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.bench.harness import NotMeasurableError
from tests.bench.purchases import TIME_ZONE, Basket

DAY_COLUMNS = ("purchase-date", "purchase_date", "date", "day")
SKU_COLUMNS = ("sku", "seller-sku", "seller_sku", "product_id")
UNIT_COLUMNS = ("quantity", "quantity-purchased", "units")
"""The names that Amazon's order reports give, and plain ones."""


@dataclass(frozen=True)
class Series:
    """What one product sold on each day from ``first_day`` on."""

    seller_sku: str
    first_day: date
    units: tuple[int, ...]

    @property
    def selling_days(self) -> int:
        """Days on which any unit was sold."""
        return sum(units > 0 for units in self.units)

    @property
    def a_day(self) -> float:
        """Units of an average day."""
        return sum(self.units) / len(self.units)


def series_of(lines: Iterable[tuple[str, date, int]], least_selling_days: int) -> list[Series]:
    """Add up lines of SKU, day and units into one series a SKU, all over the same days; those that sell seldom go."""
    days: defaultdict[str, defaultdict[date, int]] = defaultdict(lambda: defaultdict(int))
    for sku, day, units in lines:
        days[sku][day] += units
    if not days:
        return []
    first = min(min(each) for each in days.values())
    last = max(max(each) for each in days.values())
    calendar = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    series = (Series(sku, first, tuple(sold.get(day, 0) for day in calendar)) for sku, sold in sorted(days.items()))
    return [each for each in series if each.selling_days >= least_selling_days]


def lines_of(baskets: Mapping[str, Basket], time_zone: str = TIME_ZONE) -> Iterable[tuple[str, date, int]]:
    """Return the lines of baskets by the day on which they were paid in ``time_zone``."""
    zone = ZoneInfo(time_zone)
    for basket in baskets.values():
        day = basket.at.astimezone(zone).date()
        for line in basket.lines:
            yield line.seller_sku, day, line.quantity


def read_lines(path: Path) -> list[tuple[str, date, int]]:
    """Read a file of order lines, separated by commas or tabs, with a header. The day is the date as it is written.

    Raises:
        NotMeasurableError: it is not there, lacks a column, or has a line that can't be read; says which.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotMeasurableError(f"{path} can't be read: {error}.") from None
    header = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter="\t" if "\t" in header else ",")
    names = {name.strip().lower(): name for name in reader.fieldnames or ()}
    day, sku, units = (_column(path, names, wanted) for wanted in (DAY_COLUMNS, SKU_COLUMNS, UNIT_COLUMNS))
    lines = []
    for number, row in enumerate(reader, start=2):
        try:
            lines.append((row[sku], date.fromisoformat(row[day].strip()[:10]), int(row[units])))
        except (TypeError, ValueError, AttributeError):
            raise NotMeasurableError(
                f"Line {number} of {path} needs a date as 2026-01-31 in {day} and whole units in {units}."
            ) from None
    return lines


def _column(path: Path, names: Mapping[str, str], wanted: Sequence[str]) -> str:
    for name in wanted:
        if name in names:
            return names[name]
    raise NotMeasurableError(f"{path} needs a column {wanted[0]} (or {', '.join(wanted[1:])}).")
