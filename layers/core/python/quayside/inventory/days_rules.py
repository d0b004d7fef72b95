"""Stock day by day: what there was at the end of each day, which days were without, what is old. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from quayside.inventory.rules import Quantities
from quayside.kernel.figures import Figure, FigureInput, figure, method_card

SOURCE = "Amazon FBA inventory (FBA Inventory API v1 and its notifications), as last seen on each day"

RECENT_DAYS = 30
"""How many days the small line of the stock list shows."""
SERIES_DAYS = 90
"""How many days the page of one product shows."""
AGES_DAYS = (90, 180)
"""From how many days on stock is counted as aged; Amazon's aged inventory surcharge begins at 181 days."""
THOUSAND = 1000

Standing = Literal["sellable", "on_the_way", "reserved", "out"]
"""What can be done with a SKU now: sold; nothing until what is inbound arrives; all set aside; nothing at all."""


class DayStock(msgspec.Struct, frozen=True, array_like=True):
    """Units of one SKU in one marketplace as last seen on one day.

    Attributes:
        fulfillable: could be sold.
        inbound: announced, on the way or being received.
        reserved: moving, being processed, or sold and not shipped.
        unsellable: damaged, or being looked for.
    """

    fulfillable: int
    inbound: int
    reserved: int
    unsellable: int

    @property
    def on_hand(self) -> int:
        """Units in Amazon's buildings that can be sold now or after they were moved."""
        return self.fulfillable + self.reserved


Month = Mapping[str, DayStock]
"""Stock of one month: by day of the month, as two digits."""


class Outlook(msgspec.Struct, frozen=True, array_like=True):
    """What was last worked out of one SKU from its days; kept with its position so that lists need not read days.

    Attributes:
        day: the last day that went into it, ISO 8601.
        daily_thousandths: expected units a day, in thousandths; None when there is too little to go by.
        stockout_days: days of the last 90 that count as out of stock.
        aged_90: units that are there for more than 90 days; None when that is not known.
        aged_180: the same of 180 days.
    """

    day: str
    daily_thousandths: int | None
    stockout_days: int
    aged_90: int | None
    aged_180: int | None


def local_day(at: datetime, time_zone: str) -> date:
    """Return the day of a time zone that an instant is in."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def day_stock(quantities: Quantities) -> DayStock:
    """Return what a position is on the day it is looked at."""
    return DayStock(
        quantities.fulfillable,
        quantities.inbound_working + quantities.inbound_shipped + quantities.inbound_receiving,
        quantities.reserved_transfer + quantities.reserved_processing + quantities.reserved_customer_orders,
        quantities.unfulfillable + quantities.researching,
    )


def with_day(month: Month, day: date, stock: DayStock) -> dict[str, DayStock]:
    """Return a month with one day set; a day that is looked at again shows the later look."""
    return dict(sorted({**month, f"{day:%d}": stock}.items()))


def days_between(from_day: date, to_day: date) -> Iterator[date]:
    """Yield every day from one to another, both included."""
    for number in range((to_day - from_day).days + 1):
        yield from_day + timedelta(days=number)


def months_between(from_day: date, to_day: date) -> list[date]:
    """Return the first days of all months from one day to another, both included."""
    return sorted({day.replace(day=1) for day in days_between(from_day, to_day)})


def series(months: Mapping[str, Month], from_day: date, to_day: date) -> tuple[DayStock | None, ...]:
    """Return the stock of every day from one to another; None on a day that nobody looked.

    ``months`` are by name, like ``2026-11``.
    """
    return tuple(months.get(f"{day:%Y-%m}", {}).get(f"{day:%d}") for day in days_between(from_day, to_day))


def days_without(stock: Iterable[DayStock | None]) -> int:
    """Return on how many of the days that were looked at nothing could be sold."""
    return sum(1 for day in stock if day is not None and day.fulfillable <= 0)


def aged_units(then: DayStock | None, sold_since: int) -> int | None:
    """Return how many units are there since ``then``, if the oldest are sold first; None when nobody looked then.

    First in, first out: of what was there then, what was sold since is gone. An estimate, for units that were removed,
    lost or returned are not told apart.
    """
    return None if then is None else max(0, then.on_hand - max(0, sold_since))


def standing_of(quantities: Quantities) -> Standing:
    """Return what can be done with a SKU now."""
    if quantities.fulfillable > 0:
        return "sellable"
    stock = day_stock(quantities)
    if stock.inbound > 0:
        return "on_the_way"
    return "reserved" if stock.reserved > 0 else "out"


def cover_days(units: int, daily_thousandths: int | None) -> int | None:
    """Return for how many whole days units last; None when nothing is expected to be sold, or nothing is known."""
    return None if not daily_thousandths else max(0, units) * THOUSAND // daily_thousandths


def cover_figure(fulfillable: int, outlook: Outlook | None, as_of: datetime) -> Figure:
    """Return days of cover with their method card."""
    daily = None if outlook is None else outlook.daily_thousandths
    days = cover_days(fulfillable, daily)
    if outlook is None:
        filled = "Demand was not worked out yet; that is done once a day"
    elif daily is None:
        filled = f"{fulfillable:,} units ÷ unknown: there is too little history to say what sells a day"
    elif daily == 0:
        filled = f"{fulfillable:,} units ÷ 0 units a day: no sale is expected"
    else:
        filled = f"{fulfillable:,} units ÷ {daily / THOUSAND:,.3f} units a day = {days:,} days"
    known = [FigureInput("Can be sold", fulfillable, "units")]
    if daily is not None:
        known.append(FigureInput("Expected a day", daily, "thousandths of a unit"))
    return figure(
        days,
        unit="days",
        as_of=as_of,
        state="estimated",
        source=SOURCE,
        method=method_card(
            "stock.days_of_cover",
            "Days of cover",
            "Units that can be sold ÷ units expected a day, rounded down",
            filled,
            inputs=known,
            notes=(
                "Counts only what can be sold now: inbound, reserved and own stock are not in it.",
                "What is expected a day is worked out once a day, from days in stock alone."
                if outlook is None
                else f"What is expected a day was worked out from days up to {outlook.day}.",
            ),
        ),
    )


def without_figure(stock: Sequence[DayStock | None], as_of: datetime) -> Figure:
    """Return on how many of these days nothing could be sold, with its method card."""
    seen = sum(1 for day in stock if day is not None)
    without = days_without(stock)
    return figure(
        without if seen else None,
        unit="days",
        as_of=as_of,
        state="posted" if seen == len(stock) else "estimated",
        source=SOURCE,
        method=method_card(
            "stock.days_without",
            "Days without stock",
            "Days on which no unit could be sold when stock was last looked at",
            f"{without} of {seen} days with nothing to sell; {len(stock) - seen} of {len(stock)} days were not seen",
            inputs=(
                FigureInput("Days looked at", seen, "days"),
                FigureInput("Days not seen", len(stock) - seen, "days"),
            ),
            notes=("A day is a day of the marketplace's own time zone; stock is looked at every six hours.",),
        ),
    )


def aged_figure(days: int, aged: int | None, outlook: Outlook | None, as_of: datetime) -> Figure:
    """Return units that are there for longer than so many days, with the method card."""
    filled = (
        f"Stock of {days} days ago is not known, so nothing can be said yet"
        if aged is None
        else f"Of the units of {days} days before {outlook.day if outlook else 'today'}, {aged:,} were not sold since"
    )
    return figure(
        aged,
        unit="units",
        as_of=as_of,
        state="estimated",
        source=SOURCE,
        method=method_card(
            f"stock.aged_{days}",
            f"Older than {days} days",
            f"Units at Amazon {days} days ago \N{MINUS SIGN} units sold since, never below 0",
            filled,
            inputs=() if aged is None else (FigureInput(f"Older than {days} days", aged, "units"),),
            notes=(
                "First in, first out: the oldest units count as sold first.",
                "Removals, losses and returns are not told apart, so Amazon's own count can differ.",
            ),
        ),
    )
