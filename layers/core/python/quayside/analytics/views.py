"""What the API shows of figures."""

import msgspec

from quayside.analytics.records import TrafficRecord, traffic_day_of, traffic_from
from quayside.analytics.rules import FigureSet
from quayside.kernel.figures import State
from quayside.kernel.money import Money
from quayside.sync.views import Cell, Column


class PeriodView(msgspec.Struct, frozen=True, rename={"from_day": "from", "to_day": "to"}):
    """The period shown, in days of the marketplaces; with several time zones, from the earliest to the latest day."""

    key: str
    from_day: str
    to_day: str
    days: int


class PreviousView(msgspec.Struct, frozen=True, rename={"from_day": "from", "to_day": "to"}):
    """The period of equal length before, to compare with."""

    from_day: str
    to_day: str
    sales_minor: int
    units: int
    orders: int


class DayView(msgspec.Struct, frozen=True):
    """One day in one currency."""

    date: str
    sales_minor: int
    units: int
    orders: int
    state: State


class MarketplaceFigures(msgspec.Struct, frozen=True):
    """The figures of one marketplace."""

    marketplace_id: str
    country_code: str
    name: str
    figures: FigureSet


class CurrencyView(msgspec.Struct, frozen=True):
    """Everything in one currency; money of different currencies is never added up."""

    currency: str
    figures: FigureSet
    previous: PreviousView | None
    days: tuple[DayView, ...]
    marketplaces: tuple[MarketplaceFigures, ...]


class ConnectionFreshness(msgspec.Struct, frozen=True):
    """How fresh the orders of a connection are."""

    connection_id: str
    name: str
    region: str
    status: str
    orders_as_of: str | None


class Overview(msgspec.Struct, frozen=True):
    """The dashboard."""

    period: PeriodView
    as_of: str | None
    currencies: tuple[CurrencyView, ...]
    connections: tuple[ConnectionFreshness, ...]
    has_connection: bool


TRAFFIC_COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("day", "Day", "day"),
    Column("seller_sku", "SKU", "text"),
    Column("asin", "ASIN", "text"),
    Column("parent_asin", "Parent", "text"),
    Column("sessions", "Sessions", "number"),
    Column("page_views", "Page views", "number"),
    Column("buy_box", "Buy box (%)", "number"),
    Column("units_ordered", "Units", "number"),
    Column("order_items", "Order items", "number"),
    Column("sales", "Sales", "money"),
    Column("units_refunded", "Refunded", "number"),
)


def traffic_row(marketplace_id: str, record: TrafficRecord) -> tuple[Cell, ...]:
    """Return sales and traffic of a day as a row of ``TRAFFIC_COLUMNS``."""
    day, sku = traffic_day_of(record.sk)
    traffic = traffic_from(record.facts)
    return (
        marketplace_id,
        day,
        sku or "All products",
        traffic.asin,
        traffic.parent_asin,
        traffic.sessions,
        traffic.page_views,
        None if traffic.buy_box_hundredths is None else traffic.buy_box_hundredths / 100,
        traffic.units_ordered,
        traffic.order_items,
        Money(traffic.sales_minor, traffic.currency),
        traffic.units_refunded,
    )
