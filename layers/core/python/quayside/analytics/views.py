"""What the API shows of figures."""

import msgspec

from quayside.analytics.alert_views import AlertList
from quayside.analytics.brand_board_rules import BrandRow
from quayside.analytics.margin_rules import Result
from quayside.analytics.profit_rules import Heading, Line
from quayside.analytics.records import TrafficRecord, traffic_day_of, traffic_from
from quayside.analytics.rules import FigureSet
from quayside.analytics.settled_rules import ComparedKind
from quayside.kernel.figures import Figure, State
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


class ProfitSummary(msgspec.Struct, frozen=True):
    """What is left of the period's money after the seller's costs, as of when it was last worked out.

    The ``previous`` ones are of the period before, None when that is not known whole.
    """

    goods: Figure
    profit: Figure
    margin: Figure
    roi: Figure
    previous_goods_minor: int | None
    previous_profit_minor: int | None


class MoneySummary(msgspec.Struct, frozen=True):
    """What Amazon booked in the period: refunds, its fees, and what is left of it all before the cost of goods.

    The ``previous`` ones are of the period before, None when that is not known whole. ``after_costs`` is None while
    the seller's costs are not worked out for the period; ``after_costs_missing`` then says why.
    """

    refunds: Figure
    fees: Figure
    proceeds: Figure
    previous_refunds_minor: int | None
    previous_fees_minor: int | None
    previous_proceeds_minor: int | None
    after_costs: ProfitSummary | None = None
    after_costs_missing: str | None = None


class RankedProduct(msgspec.Struct, frozen=True):
    """A product of a ranking: what it sold in the period, and in the one before (None when that is not known whole)."""

    connection_id: str
    marketplace_id: str
    country_code: str
    seller_sku: str
    units: int
    sales_minor: int
    previous_units: int | None
    previous_sales_minor: int | None


class ProductRankings(msgspec.Struct, frozen=True):
    """The products that sold most, and those whose sales fell most.

    ``falling`` is None when the period before is not known whole. ``as_of`` is when the oldest ranking was made.
    """

    as_of: str
    products: int
    top: tuple[RankedProduct, ...]
    falling: tuple[RankedProduct, ...] | None


class CurrencyView(msgspec.Struct, frozen=True):
    """Everything in one currency; money of different currencies is never added up.

    ``money`` and ``products`` are None while nothing is known of them; products are ranked for named periods alone.
    """

    currency: str
    figures: FigureSet
    previous: PreviousView | None
    days: tuple[DayView, ...]
    marketplaces: tuple[MarketplaceFigures, ...]
    money: MoneySummary | None
    products: ProductRankings | None


class ColumnView(msgspec.Struct, frozen=True, rename={"from_day": "from", "to_day": "to"}):
    """A column of the profit and loss table: its first and its last day."""

    from_day: str
    to_day: str


class ProfitTable(msgspec.Struct, frozen=True):
    """Profit and loss in one currency: headings with their lines, and what is left.

    ``result`` is None when the costs of so many products can't be worked out at once; a note says so.
    """

    currency: str
    headings: tuple[Heading, ...]
    proceeds: Figure
    proceeds_minor: tuple[int, ...]
    previous_proceeds_minor: int | None
    units_shipped: int
    units_refunded: int
    result: Result | None


class BrandScope(msgspec.Struct, frozen=True):
    """The brand that figures are of: how many products are under it now, and what a reader must know."""

    name: str
    products: int
    note: str


class ProfitView(msgspec.Struct, frozen=True):
    """The profit and loss table of a period. ``previous`` is None when the period before is not known whole."""

    period: PeriodView
    by: str
    columns: tuple[ColumnView, ...]
    previous: ColumnView | None
    as_of: str | None
    currencies: tuple[ProfitTable, ...]
    notes: tuple[str, ...]
    brand: BrandScope | None


class ReasonView(msgspec.Struct, frozen=True):
    """Units that came back for one reason; ``previous_units`` is None when the period before is not known whole."""

    reason: str
    units: int
    previous_units: int | None


class RefundView(msgspec.Struct, frozen=True):
    """Refunds in one currency."""

    currency: str
    refunds: Figure
    units_refunded: int
    lines: tuple[Line, ...]


class ReturnsView(msgspec.Struct, frozen=True):
    """Returns by reason, and the money that was given back, of a period."""

    period: PeriodView
    as_of: str | None
    units: Figure
    reasons: tuple[ReasonView, ...]
    refunds: tuple[RefundView, ...]


class SettlementComparison(msgspec.Struct, frozen=True):
    """The lines of a settlement beside the transactions that name it.

    ``missing`` says why there is no comparison; then there is no figure and no kind.
    """

    currency: str
    missing: str | None
    difference: Figure | None
    kinds: tuple[ComparedKind, ...]


class BrandSplit(msgspec.Struct, frozen=True):
    """What each brand sold in one currency, the most sold first; ``as_of`` is when the oldest part was worked out."""

    currency: str
    as_of: str
    brands: tuple[BrandRow, ...]


class BrandSplits(msgspec.Struct, frozen=True):
    """What each brand sold in a period, by currency; none while no product that sold is under a brand.

    ``missing`` says why a period is not split.
    """

    period: PeriodView
    currencies: tuple[BrandSplit, ...]
    missing: str | None


class ProductDay(msgspec.Struct, frozen=True):
    """One day of one product.

    ``sessions`` and ``page_views`` are None on days that Amazon has not reported. A day's average price is its sales
    by its units.
    """

    date: str
    sales_minor: int
    units: int
    orders: int
    state: State
    sessions: int | None
    page_views: int | None


class ProductView(msgspec.Struct, frozen=True):
    """One product in one marketplace and currency, over a period.

    ``stock`` is what is there to be sold now; None when neither Amazon nor the seller's own places tell of any.
    """

    connection_id: str
    marketplace_id: str
    country_code: str
    marketplace: str
    seller_sku: str
    asin: str | None
    currency: str
    other_currencies: tuple[str, ...]
    period: PeriodView
    figures: FigureSet
    conversion: Figure
    previous: PreviousView | None
    days: tuple[ProductDay, ...]
    reasons: tuple[ReasonView, ...]
    headings: tuple[Heading, ...]
    proceeds: Figure
    units_shipped: int
    units_refunded: int
    result: Result | None
    notes: tuple[str, ...]
    stock: Figure | None


class ProductRow(msgspec.Struct, frozen=True):
    """One product in the list of products; ``brand`` is the one that members put it under."""

    connection_id: str
    marketplace_id: str
    country_code: str
    seller_sku: str
    brand: str | None
    currency: str
    units: int
    orders: int
    sales_minor: int
    previous_units: int | None
    previous_sales_minor: int | None


class ProductPage(msgspec.Struct, frozen=True):
    """A page of products with what they sold in a period, in the order of their SKUs; ``notes`` say what is missing."""

    period: PeriodView
    as_of: str | None
    products: tuple[ProductRow, ...]
    next_cursor: str | None
    notes: tuple[str, ...]


class ConnectionFreshness(msgspec.Struct, frozen=True):
    """How fresh the orders of a connection are."""

    connection_id: str
    name: str
    region: str
    status: str
    orders_as_of: str | None


class Overview(msgspec.Struct, frozen=True):
    """The dashboard. ``alerts`` is None while none were worked out."""

    period: PeriodView
    as_of: str | None
    currencies: tuple[CurrencyView, ...]
    connections: tuple[ConnectionFreshness, ...]
    has_connection: bool
    alerts: AlertList | None = None


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
