"""Use cases of products' figures: what a product sold day by day, from sheets of months and never from orders."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from quayside.amazon.marketplaces import Marketplace, find_marketplace
from quayside.analytics import board_rules, board_store, margin_service, profit_rules, rules, sheet_store, store
from quayside.analytics.board_rules import Order, Ranking, Standing
from quayside.analytics.figures_service import (
    Account,
    Asked,
    Shop,
    first_whole_day,
    period_of,
    period_view,
    standing_of,
)
from quayside.analytics.margin_rules import Shown
from quayside.analytics.margin_service import Part, View
from quayside.analytics.profit_rules import Slice
from quayside.analytics.profit_service import reasons_of, result_of
from quayside.analytics.rules import Period, Tally, Traffic
from quayside.analytics.sheet_rules import Amounts, Sheet, months_between, reasons_alone, summed
from quayside.analytics.views import (
    PreviousView,
    ProductDay,
    ProductPage,
    ProductRankings,
    ProductRow,
    ProductView,
    RankedProduct,
)
from quayside.catalog import brand_service as brands
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.finance.service import FINANCES
from quayside.inventory import service as inventory
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId
from quayside.orders.returns import DATASET as RETURNS
from quayside.orders.service import DATASET as ORDERS
from quayside.orders.service import day_of

TRAFFIC = "sales_and_traffic"

LOOKED_AT = 500
"""So many products are looked at for one page of the list."""

_UNREAD = (
    "Older orders are still being read: sales, units and orders are too low by those of days that are not read yet."
)
_DAY = timedelta(days=1)


class SkuUnits(NamedTuple):
    """Units of one product that were ordered and not cancelled, by day of the marketplace; other days sold none."""

    seller_sku: str
    units: Mapping[date, int]


def daily_units(
    connection_id: ConnectionId, marketplace_id: str, seller_sku: str, from_day: date, to_day: date
) -> Mapping[date, int]:
    """Return how many units of a product were ordered on each day of a period, both ends included.

    Days on which none was are left out. Days that lie before the history that was fetched are not known; see
    ``connections.service.Known.complete_from``.
    """
    months = months_between(from_day, to_day)
    sheets = sheet_store.of_product(connection_id, marketplace_id, "ORDERS", seller_sku, months)
    return _units(sheets, from_day, to_day)


def daily_units_by_sku(
    connection_id: ConnectionId, marketplace_id: str, from_day: date, to_day: date, *, after: str | None = None
) -> Iterator[SkuUnits]:
    """Yield the daily units of every product that has orders in the months of a period, in the order of encoded SKUs.

    Args:
        connection_id: of this connection.
        marketplace_id: in this marketplace.
        from_day: the first day.
        to_day: the last day.
        after: only products after this SKU, so that a walk can be continued.
    """
    months = months_between(from_day, to_day)
    for row in sheet_store.products(connection_id, marketplace_id, "ORDERS", months, after=after):
        yield SkuUnits(row.seller_sku, _units(row.sheets, from_day, to_day))


def _units(sheets: Sequence[Sheet], from_day: date, to_day: date) -> dict[date, int]:
    first, last = from_day.isoformat(), to_day.isoformat()
    found: dict[date, int] = {}
    for sheet in sheets:
        for days in sheet.values():
            for day, amounts in days.items():
                if first <= day <= last and (units := amounts.get("units")):
                    on = date.fromisoformat(day)
                    found[on] = found.get(on, 0) + units
    return found


def rankings(found: Sequence[Account], asked: Asked) -> dict[str, ProductRankings]:
    """Return the products that sold most and fell most in a named period, by currency, from the boards alone.

    A period of one's own has no ranking; neither has an account whose orders were never read.
    """
    if isinstance(asked, Period):
        return {}
    best: dict[str, list[_Place]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    made: dict[str, list[datetime]] = defaultdict(list)
    for account in found:
        boards = board_store.records(account.known.connection_id)
        for shop in account.shops:
            record = boards.get(shop.marketplace.marketplace_id)
            if record is None:
                continue
            board, made_at = board_store.board_from(record)
            history = account.history_from(ORDERS, shop.marketplace.time_zone)
            compared = rules.covers(history, period_of(asked, board.day).before)
            for currency, periods in board.rankings.items():
                ranking = periods[asked]
                best[currency].append(_Place(account, shop.marketplace, compared, ranking))
                counts[currency] += ranking.products
                made[currency].append(made_at)
    return {
        currency: ProductRankings(
            format_instant(min(made[currency])),
            counts[currency],
            _ranked(places, board_rules.most_sold, [place.ranking.top for place in places]),
            _ranked(places, board_rules.most_fallen, [place.ranking.falling for place in places])
            if all(place.compared for place in places)
            else None,
        )
        for currency, places in best.items()
    }


class _Place(NamedTuple):
    """The ranking of one marketplace; ``compared`` says whether the period before is known whole."""

    account: Account
    marketplace: Marketplace
    compared: bool
    ranking: Ranking


def _ranked(
    places: Sequence[_Place], order: Order, rankings_of: Sequence[Sequence[Standing]]
) -> tuple[RankedProduct, ...]:
    """Merge the rankings of several marketplaces: each product stays of its marketplace."""
    entries = [
        (order(standing), place, standing)
        for place, standings in zip(places, rankings_of, strict=True)
        for standing in standings
    ]
    entries.sort(key=lambda entry: (entry[0], entry[1].marketplace.marketplace_id))
    return tuple(
        RankedProduct(
            place.account.known.connection_id,
            place.marketplace.marketplace_id,
            place.marketplace.country_code,
            standing.seller_sku,
            standing.units,
            standing.sales_minor,
            standing.units_before if place.compared else None,
            standing.sales_before_minor if place.compared else None,
        )
        for _, place, standing in entries[: board_rules.RANKED]
    )


def product_page(  # noqa: PLR0913 - the filters of the list
    clock: Clock,
    asked: Asked,
    *,
    marketplace_id: str,
    connection_id: str | None = None,
    brand: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> ProductPage:
    """List the products of a marketplace that had orders in the months of a period, in the order of their SKUs.

    A page reads the sheets of its own products and no others; of one brand, of ``LOOKED_AT`` products at most, so that
    it may be short and still not the last.

    Raises:
        NotFound: the marketplace, or the account, is not one of the tenant's, or no product is under the brand.
        InvalidInput: the cursor is not one of this list.
    """
    book = brands.book()
    wanted = None if brand is None else brands.products_of(brand, book)
    after = decode_cursor(cursor, 1)[0] if cursor else None
    known, shop = _shop(asked, marketplace_id, connection_id, clock.now())
    period = shop.period
    months = months_between(period.before.from_day, period.to_day)
    history = _history(known, shop)
    compared = rules.covers(history, period.before)
    found = sheet_store.products(known.connection_id, marketplace_id, "ORDERS", months, after=after)
    listed: list[ProductRow] = []
    last: str | None = None
    taken = 0
    for examined, row in enumerate(found):
        if taken == limit or examined == LOOKED_AT:
            break
        last = row.seller_sku
        if wanted is not None and row.seller_sku not in wanted:
            continue
        taken += 1
        for currency, days in _by_currency(row.sheets).items():
            present, before = _sum(days, period), _sum(days, period.before)
            listed.append(
                ProductRow(
                    known.connection_id,
                    marketplace_id,
                    shop.marketplace.country_code,
                    row.seller_sku,
                    book.get(row.seller_sku),
                    currency,
                    present.units,
                    present.orders,
                    present.sales_minor,
                    before.units if compared else None,
                    before.sales_minor if compared else None,
                )
            )
    else:
        last = None
    as_of = known.as_of(ORDERS)
    return ProductPage(
        period_view(asked, [period], clock.now()),
        None if as_of is None else format_instant(as_of),
        tuple(listed),
        None if last is None else encode_cursor(last),
        _unread(history, period),
    )


def _shop(asked: Asked, marketplace_id: str, connection_id: str | None, now: datetime) -> tuple[Known, Shop]:
    marketplace = find_marketplace(marketplace_id)
    for known in connections.known():
        mine = known.has_data and connection_id in (None, known.connection_id)
        if mine and marketplace is not None and marketplace_id in known.connection.marketplace_ids:
            return known, Shop(marketplace, period_of(asked, day_of(now, marketplace.time_zone)))
    raise NotFound("None of your accounts sells there.", code="marketplace_not_connected")


def _unread(history: date | None, period: Period) -> tuple[str, ...]:
    """Return what is said of a period of which orders are still being read."""
    return () if rules.covers(history, period) else (_UNREAD,)


def _history(known: Known, shop: Shop) -> date | None:
    complete_from = known.complete_from(ORDERS)
    return None if complete_from is None else first_whole_day(complete_from, shop.marketplace.time_zone)


def _by_currency(sheets: Sequence[Sheet]) -> dict[str, dict[date, Amounts]]:
    """Put the months of a product together: amounts by day, by currency."""
    found: dict[str, dict[date, Amounts]] = {}
    for sheet in sheets:
        for currency, days in sheet.items():
            mine = found.setdefault(currency, {})
            for day, amounts in days.items():
                on = date.fromisoformat(day)
                mine[on] = summed((mine.get(on, {}), amounts))
    return found


def _sum(days: Mapping[date, Amounts], period: Period) -> Tally:
    return rules.total(
        rules.tally_of(amounts) for day, amounts in days.items() if period.from_day <= day <= period.to_day
    )


def product(  # noqa: PLR0913 - which product of which period
    clock: Clock,
    seller_sku: str,
    asked: Asked,
    *,
    marketplace_id: str,
    connection_id: str | None = None,
    currency: str | None = None,
) -> ProductView:
    """Show one product of the tenant in scope over a period: sales, price, sessions, returns, money, profit and stock.

    Raises:
        NotFound: the marketplace or the account is not one of the tenant's, or nothing is known of the product there.
    """
    now = clock.now()
    known, shop = _shop(asked, marketplace_id, connection_id, now)
    account = Account(known, (shop,), ())
    period = shop.period
    first, last = period.before.from_day, period.to_day
    place = known.connection_id, marketplace_id
    orders = _by_currency(sheet_store.of_product(*place, "ORDERS", seller_sku, months_between(first, last)))
    near = months_between(first - _DAY, last + _DAY)
    money = _by_currency(sheet_store.of_product(*place, "MONEY", seller_sku, near))
    came_back = _by_currency(
        sheet_store.of_product(known.connection_id, "", "RETURNS", seller_sku, months_between(first, last))
    ).get("", {})
    traffic = store.traffic_of(*place, seller_sku, period.days)
    currencies = sorted({*orders, *money}) or ([shop.marketplace.currency] if traffic else [])
    if not currencies:
        raise NotFound("Nothing is known of this product there in this period.", code="product_not_found")
    main = shop.marketplace.currency if shop.marketplace.currency in currencies else currencies[0]
    chosen = main if currency is None else currency
    if chosen not in currencies:
        raise NotFound(f"This product has no figures in {chosen} there.", code="product_not_found")
    days = orders.get(chosen, {})
    as_of = known.as_of(ORDERS)
    history = _history(known, shop)
    standing = rules.Standing(as_of or now, as_of is not None or bool(days), rules.covers(history, period))
    tally = _sum(days, period)
    money_days = list(money.get(chosen, {}).items())
    part, earlier = Slice(period.from_day, period.to_day), profit_rules.previous_slice(period)
    booked = profit_rules.within(money_days, part)
    money_standing = standing_of([account], FINANCES, now)
    money_before = standing_of([account], FINANCES, now, before=True)
    booked_before = profit_rules.within(money_days, earlier) if money_before.known and money_before.whole else None
    in_days = Part(known.connection_id, part, shop.marketplace.time_zone)
    money_standing = msgspec.structs.replace(
        money_standing, reconciled=margin_service.are_reconciled([in_days] if booked else [], chosen, now)
    )
    money_compared = booked_before is not None
    costs = margin_service.costs(
        View(marketplace_id, known.connection_id, seller_sku),
        Slice(earlier.first if money_compared else part.first, last),
    )
    shown = Shown(chosen, money_standing)
    returned = [(day, reasons_alone(amounts)) for day, amounts in came_back.items()]
    returns_before = standing_of([account], RETURNS, now, before=True)
    compared = rules.covers(history, period.before)
    before = _sum(days, period.before)
    return ProductView(
        known.connection_id,
        marketplace_id,
        shop.marketplace.country_code,
        shop.marketplace.name,
        seller_sku,
        next((each.asin for each in traffic.values() if each.asin), None),
        chosen,
        tuple(each for each in currencies if each != chosen),
        period_view(asked, [period], now),
        rules.figure_set(tally, chosen, standing),
        rules.conversion(traffic.values(), standing_of([account], TRAFFIC, now)),
        PreviousView(
            period.before.from_day.isoformat(),
            period.before.to_day.isoformat(),
            before.sales_minor,
            before.units,
            before.orders,
        )
        if compared
        else None,
        tuple(_day(day, rules.tally_of(days.get(day, {})), traffic.get(day), history) for day in period.days),
        reasons_of(
            profit_rules.within(returned, part),
            profit_rules.within(returned, earlier) if returns_before.known and returns_before.whole else None,
        ),
        profit_rules.headings([booked], booked_before, chosen, money_standing),
        profit_rules.proceeds_figure(booked, chosen, money_standing),
        booked.get("units_shipped", 0),
        booked.get("units_refunded", 0),
        None if costs is None else result_of(costs, money_days, period, [part], shown, money_compared),
        (*_unread(history, period), *((margin_service.TOO_MUCH,) if costs is None else costs.notes)),
        inventory.stock_to_sell(known, marketplace_id, seller_sku, now),
    )


def _day(day: date, tally: Tally, traffic: Traffic | None, history: date | None) -> ProductDay:
    return ProductDay(
        day.isoformat(),
        tally.sales_minor,
        tally.units,
        tally.orders,
        "estimated" if history is None or day < history else tally.state,
        None if traffic is None else traffic.sessions,
        None if traffic is None else traffic.page_views,
    )
