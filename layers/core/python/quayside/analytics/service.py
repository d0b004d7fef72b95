"""Use cases of figures: show a period, and keep what Amazon itself says of sales and traffic."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from quayside.amazon.marketplaces import Marketplace, find_marketplace
from quayside.analytics import (
    alerts_service,
    cost_boards_service,
    figures_service,
    products_service,
    profit_service,
    rules,
    store,
)
from quayside.analytics.figures_service import Account, Asked
from quayside.analytics.rules import NOTHING, Period, Tally
from quayside.analytics.views import (
    TRAFFIC_COLUMNS,
    ConnectionFreshness,
    CurrencyView,
    DayView,
    MarketplaceFigures,
    MoneySummary,
    Overview,
    PreviousView,
    ProductRankings,
    traffic_row,
)
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import QuaysideError
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.service import DATASET
from quayside.sync.sinks import Applied, Rejected, ReportLoad
from quayside.sync.views import RowsPage

if TYPE_CHECKING:
    from quayside.amazon.report_rows import TrafficRow


class FigureRow(NamedTuple):
    """What the orders of one day in one currency add up to."""

    day: date
    currency: str
    tally: Tally


class _Stall(NamedTuple):
    """One marketplace of one connection, and its rows of the period and the one before."""

    marketplace: Marketplace
    period: Period
    rows: tuple[FigureRow, ...]
    history_from: date | None
    as_of: datetime | None

    def between(self, period: Period, currency: str) -> list[FigureRow]:
        return [row for row in self.rows if row.currency == currency and period.from_day <= row.day <= period.to_day]

    @property
    def is_whole(self) -> bool:
        """Whether every order of the period was read; figures over less are a part of the whole."""
        return rules.covers(self.history_from, self.period)

    def lacks(self, day: date) -> bool:
        """Whether orders of this day of the period may not have been read yet."""
        if not self.period.from_day <= day <= self.period.to_day:
            return False
        return self.history_from is None or day < self.history_from

    @property
    def currencies(self) -> set[str]:
        return {self.marketplace.currency, *(row.currency for row in self.rows)}


def overview(clock: Clock, asked: Asked, marketplace_id: str | None = None) -> Overview:
    """Show a period of the tenant in scope: figures by currency, day and marketplace.

    Reads months of days, never orders: one range query a connection, over the period and the one it is compared with.

    Args:
        clock: the time.
        asked: the period: by its name, or from one day of the marketplaces to another.
        marketplace_id: only this marketplace.

    Raises:
        NotFound: the marketplace asked for is not one of the tenant's.
    """
    now = clock.now()
    known = connections.known()
    found = figures_service.accounts(known, asked, marketplace_id, now)
    stalls = [stall for account in found for stall in _stalls(account)]
    standings = products_service.rankings(found, asked)
    booked = profit_service.summaries(found, marketplace_id, now)
    money = cost_boards_service.with_costs(booked, found, asked, marketplace_id, now)
    ages = [stall.as_of for stall in stalls]
    as_of = None if not ages or None in ages else format_instant(min(at for at in ages if at is not None))
    currencies = sorted({currency for stall in stalls for currency in stall.currencies})
    return Overview(
        period=figures_service.period_view(asked, [stall.period for stall in stalls], now),
        as_of=as_of,
        currencies=tuple(
            _currency_view(currency, stalls, now, money.get(currency), standings.get(currency))
            for currency in currencies
        ),
        connections=tuple(
            ConnectionFreshness(
                each.connection_id,
                each.connection.name,
                each.connection.region,
                each.connection.status,
                None if (at := each.as_of(DATASET)) is None else format_instant(at),
            )
            for each in known
        ),
        has_connection=bool(known),
        alerts=alerts_service.alerts_of(found, marketplace_id),
    )


def _stalls(account: Account) -> list[_Stall]:
    """Return the marketplaces of an account with what their orders add up to."""
    by_place: dict[str, list[FigureRow]] = defaultdict(list)
    for row in account.rows:
        if row.kind == "ORDERS":
            by_place[row.marketplace_id].append(FigureRow(row.day, row.currency, rules.tally_of(row.amounts)))
    return [
        _Stall(
            marketplace,
            period,
            tuple(
                row
                for row in by_place[marketplace.marketplace_id]
                if period.before.from_day <= row.day <= period.to_day
            ),
            account.history_from(DATASET, marketplace.time_zone),
            account.known.as_of(DATASET),
        )
        for marketplace, period in account.shops
    ]


def _sum(rows: Iterable[FigureRow]) -> Tally:
    return rules.total(row.tally for row in rows)


def _currency_view(
    currency: str,
    stalls: Sequence[_Stall],
    now: datetime,
    money: MoneySummary | None,
    products: ProductRankings | None,
) -> CurrencyView:
    mine = [stall for stall in stalls if currency in stall.currencies]
    present = [row for stall in mine for row in stall.between(stall.period, currency)]
    by_marketplace: dict[str, list[_Stall]] = defaultdict(list)
    for stall in mine:
        by_marketplace[stall.marketplace.marketplace_id].append(stall)
    return CurrencyView(
        currency=currency,
        figures=_figures(_sum(present), currency, mine, now),
        previous=_previous(mine, currency),
        days=_days(mine, present),
        marketplaces=tuple(
            MarketplaceFigures(
                marketplace_id,
                group[0].marketplace.country_code,
                group[0].marketplace.name,
                _figures(
                    _sum(row for stall in group for row in stall.between(stall.period, currency)),
                    currency,
                    group,
                    now,
                ),
            )
            for marketplace_id, group in by_marketplace.items()
        ),
        money=money,
        products=products,
    )


def _figures(tally: Tally, currency: str, stalls: Sequence[_Stall], now: datetime) -> rules.FigureSet:
    """Return figures as of the least fresh of their sources; nothing is known before the first successful sync."""
    ages = [stall.as_of for stall in stalls if stall.as_of is not None]
    known = bool(ages) or tally != NOTHING
    whole = all(stall.is_whole for stall in stalls)
    return rules.figure_set(tally, currency, rules.Standing(min(ages, default=now), known, whole))


def _previous(stalls: Sequence[_Stall], currency: str) -> PreviousView | None:
    """Return the period before, or None when some account's history does not reach back over all of it."""
    if not all(rules.covers(stall.history_from, stall.period.before) for stall in stalls):
        return None
    tally = _sum(row for stall in stalls for row in stall.between(stall.period.before, currency))
    return PreviousView(
        min(stall.period.before.from_day for stall in stalls).isoformat(),
        max(stall.period.before.to_day for stall in stalls).isoformat(),
        tally.sales_minor,
        tally.units,
        tally.orders,
    )


def _days(stalls: Sequence[_Stall], present: Sequence[FigureRow]) -> tuple[DayView, ...]:
    by_day: dict[date, Tally] = {day: NOTHING for stall in stalls for day in stall.period.days}
    for row in present:
        by_day[row.day] += row.tally
    return tuple(
        DayView(
            day.isoformat(),
            tally.sales_minor,
            tally.units,
            tally.orders,
            "estimated" if any(stall.lacks(day) for stall in stalls) else tally.state,
        )
        for day, tally in sorted(by_day.items())
    )


def apply_traffic_rows(load: ReportLoad, rows: "Sequence[TrafficRow]") -> Applied:
    """Store rows of the report of sales and traffic, newer wins: Amazon restates a day for weeks."""
    if len(load.marketplace_ids) != 1 or (place := find_marketplace(load.marketplace_ids[0])) is None:
        reason = "The report does not say for which marketplace it is."
        return Applied(0, 0, tuple(Rejected(f"line {row.line}", reason) for row in rows))
    usable: list[tuple[date, str | None, rules.Traffic]] = []
    rejected: list[Rejected] = []
    for row in rows:
        if not row.is_total and not row.seller_sku:
            rejected.append(Rejected(f"line {row.line}", "The row names no SKU; ask Amazon for the report by SKU."))
            continue
        try:
            usable.append((row.day, None if row.is_total else row.seller_sku, _traffic(row, place.currency)))
        except QuaysideError as problem:
            rejected.append(Rejected(f"line {row.line}", str(problem)))
    with tenant_scope(load.tenant_id):
        tally = store.put_traffic(load.connection_id, place.marketplace_id, usable, received_at=load.received_at)
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _traffic(row: "TrafficRow", currency: str) -> rules.Traffic:
    # A row without sales has no currency of its own.
    sales = rules.sales_of(row.sales, row.currency or currency)
    return rules.Traffic(
        units_ordered=row.units_ordered,
        order_items=row.order_items,
        sales_minor=sales.amount_minor,
        currency=sales.currency,
        sessions=row.sessions,
        page_views=row.page_views,
        buy_box_hundredths=None
        if row.buy_box_percentage is None
        else rules.hundredths_of_a_percent(row.buy_box_percentage),
        units_refunded=row.units_refunded,
        asin=row.asin or None,
        parent_asin=row.parent_asin or None,
    )


def rows_view(
    connection_id: ConnectionId, dataset: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return a page of the sales and traffic of a connection of the tenant in scope, newest day first.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    places = reach.places(marketplace_id)
    page = store.browse_traffic(connection_id, places, cursor, limit)
    rows = tuple(traffic_row(place, record) for place, record in page.found)
    return RowsPage(TRAFFIC_COLUMNS, rows, page.next_cursor, reach.as_of)
