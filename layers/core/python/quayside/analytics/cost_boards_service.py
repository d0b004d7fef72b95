"""Use cases of cost boards: cost the named periods when orders were read, and show one on the dashboard."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from quayside.analytics import (
    board_rules,
    cost_board_store,
    figures_service,
    margin_rules,
    margin_service,
    profit_rules,
    profit_service,
)
from quayside.analytics.board_rules import PERIODS
from quayside.analytics.cost_board_rules import Compared, CostBoard, bounded
from quayside.analytics.figures_service import Account, Asked, Shop
from quayside.analytics.margin_rules import Column, Shown
from quayside.analytics.margin_service import Costs, View
from quayside.analytics.profit_rules import Slice
from quayside.analytics.profit_service import Days
from quayside.analytics.rules import Period, PeriodKey, period_until
from quayside.analytics.views import MoneySummary, ProfitSummary
from quayside.connections import service as connections
from quayside.finance.service import FINANCES
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.figures import Figure
from quayside.orders.service import day_of

MOST_SHEETS = 2 * margin_service.MOST_SHEETS
"""So many months of products are read at most to make the boards of a tenant, in the background."""

OWN_PERIOD = "Profit of days of your own choice stands on the profit page."
NOT_YET = "Costs and profit of this period show here when orders were read the next time, within about 15 minutes."
_NEXT_NOTE = (
    "Worked out when orders were read. A cost you enter counts on the profit page at once, and here when orders are "
    "read the next time."
)


def refresh(now: datetime, *, most_sheets: int = MOST_SHEETS) -> int:
    """Make the cost boards of the tenant in scope if they are due; return how many were made.

    Reads what ``margin_service.costs`` reads, once for all marketplaces together.
    """
    found = figures_service.accounts(connections.known(), "90d", None, now)
    if not found:
        return 0
    today = _today(found, now)
    standing = cost_board_store.find(None)
    made_at = None if standing is None else epoch_seconds(standing.made_at)
    made_of = None if standing is None else standing.board.day
    if not board_rules.is_due(made_at, made_of, today, epoch_seconds(now)):
        return 0
    places = sorted({shop.marketplace.marketplace_id for account in found for shop in account.shops})
    views = [View(), *(View(place) for place in places)]
    needed = board_rules.days_needed(today)
    costs = margin_service.costs_of(views, Slice(needed.from_day, needed.to_day), most_sheets=most_sheets)
    for view in views:
        cost_board_store.put(view.marketplace_id, _board(view, found, None if costs is None else costs[view], now), now)
    return len(views)


def _today(found: Sequence[Account], now: datetime) -> date:
    return max(day_of(now, shop.marketplace.time_zone) for account in found for shop in account.shops)


def _in_view(found: Sequence[Account], view: View, key: PeriodKey, now: datetime) -> list[Account]:
    """Return the accounts that sell where a view looks, with a named period instead of the whole span."""
    selling = []
    for account in found:
        shops = tuple(
            Shop(shop.marketplace, figures_service.period_of(key, day_of(now, shop.marketplace.time_zone)))
            for shop in account.shops
            if view.marketplace_id in {None, shop.marketplace.marketplace_id}
        )
        if shops:
            selling.append(account._replace(shops=shops))
    return selling


def _board(view: View, found: Sequence[Account], costs: Costs | None, now: datetime) -> CostBoard:
    today = _today(_in_view(found, view, "today", now), now)
    periods: dict[str, dict[PeriodKey, Compared]] = defaultdict(dict)
    if costs is None:
        return CostBoard(today, None, periods)
    for key in PERIODS:
        selling = _in_view(found, view, key, now)
        before = figures_service.standing_of(selling, FINANCES, now, before=True)
        period = period_until(key, today)
        for currency, days in profit_service.money_of(selling, view.marketplace_id).items():

            def column(part: Slice, currency: str = currency, days: Days = days) -> Column:
                return bounded(Column(profit_rules.within(days, part), costs.within(currency, part)))

            periods[currency][key] = Compared(
                column(Slice(period.from_day, period.to_day)),
                column(profit_rules.previous_slice(period)) if before.known and before.whole else None,
            )
    return CostBoard(today, costs.method, periods)


def with_costs(
    summaries: Mapping[str, MoneySummary],
    found: Sequence[Account],
    asked: Asked,
    marketplace_id: str | None,
    now: datetime,
) -> dict[str, MoneySummary]:
    """Return what Amazon booked with what is left of it after costs, by currency; one read, whatever the history.

    Args:
        summaries: what Amazon booked, by currency.
        found: the accounts it is of.
        asked: the period.
        marketplace_id: of this marketplace alone.
        now: stands for the age of what was never read.
    """
    if isinstance(asked, Period):
        return {of: msgspec.structs.replace(each, after_costs_missing=OWN_PERIOD) for of, each in summaries.items()}
    made = cost_board_store.find(marketplace_id) if summaries else None
    if made is None or made.board.method is None:
        missing = NOT_YET if made is None else margin_service.TOO_MUCH
        return {of: msgspec.structs.replace(each, after_costs_missing=missing) for of, each in summaries.items()}
    standing = figures_service.standing_of(found, FINANCES, now)
    standing = msgspec.structs.replace(standing, as_of=min(standing.as_of, made.made_at))
    return {of: _with_costs(each, made.board, asked, Shown(of, standing)) for of, each in summaries.items()}


def _with_costs(summary: MoneySummary, board: CostBoard, asked: PeriodKey, shown: Shown) -> MoneySummary:
    compared = board.periods.get(shown.currency, {}).get(asked)
    if compared is None or board.method is None:
        return msgspec.structs.replace(summary, after_costs_missing=NOT_YET)
    result = margin_rules.result(compared.present, [], compared.before, board.method, shown)
    before = compared.before
    costed = before is not None and before.outlay.is_costed
    until = f"Of the days until {period_until(asked, board.day).to_day.isoformat()}. {_NEXT_NOTE}"
    return msgspec.structs.replace(
        summary,
        after_costs=ProfitSummary(
            _noted(result.goods, until),
            _noted(result.profit, until),
            _noted(result.margin, until),
            _noted(result.roi, until),
            -before.outlay.goods_minor if before is not None and costed else None,
            result.previous_profit_minor,
        ),
    )


def _noted(figure: Figure, note: str) -> Figure:
    method = msgspec.structs.replace(figure.method, notes=(*figure.method.notes, note))
    return msgspec.structs.replace(figure, method=method)
