"""Use case of brand boards: show what each brand sold in a named period, from the boards alone."""

from collections import defaultdict
from typing import TYPE_CHECKING

from quayside.analytics import brand_board_rules, brand_board_store, figures_service, rules
from quayside.analytics.figures_service import Asked, period_of
from quayside.analytics.rules import Period, Standing
from quayside.analytics.views import BrandSplit, BrandSplits
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant
from quayside.orders.service import DATASET as ORDERS

if TYPE_CHECKING:
    from datetime import datetime

    from quayside.analytics.brand_board_rules import BrandSum

OWN_PERIOD = "A period of your own is not split by brand here. The profit page shows any period of a brand."


def split(clock: Clock, asked: Asked, marketplace_id: str | None = None) -> BrandSplits:
    """Show what the brands of the tenant in scope sold in a period, by currency; one query an account.

    Raises:
        NotFound: the marketplace asked for is not one of the tenant's.
    """
    now = clock.now()
    found = figures_service.shops(connections.known(), asked, marketplace_id, now)
    period = figures_service.period_view(asked, [shop.period for account in found for shop in account.shops], now)
    if isinstance(asked, Period):
        return BrandSplits(period, (), OWN_PERIOD)
    sums: dict[str, list[BrandSum]] = defaultdict(list)
    made: dict[str, list[datetime]] = defaultdict(list)
    whole: dict[str, list[bool]] = defaultdict(list)
    compared: dict[str, list[bool]] = defaultdict(list)
    for account in found:
        boards = brand_board_store.find(account.known.connection_id)
        for shop in account.shops:
            standing = boards.get(shop.marketplace.marketplace_id)
            if standing is None:
                continue
            board, made_at = standing
            history = account.history_from(ORDERS, shop.marketplace.time_zone)
            days = period_of(asked, board.day)
            for currency, periods in board.sums.items():
                sums[currency] += periods.get(asked, ())
                made[currency].append(made_at)
                whole[currency].append(rules.covers(history, days))
                compared[currency].append(rules.covers(history, days.before))
    return BrandSplits(
        period,
        tuple(
            BrandSplit(
                currency,
                format_instant(min(made[currency])),
                brand_board_rules.rows(
                    brand_board_rules.merged(parts),
                    currency,
                    Standing(min(made[currency]), known=True, whole=all(whole[currency])),
                    compared=all(compared[currency]),
                ),
            )
            for currency, parts in sorted(sums.items())
            if any(each.brand for each in parts)
        ),
        None,
    )
