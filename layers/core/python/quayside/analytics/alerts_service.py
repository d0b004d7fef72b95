"""Use cases of alerts: find what needs a look, and show the gravest on the dashboard."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, islice

from quayside.amazon.marketplaces import find_marketplace
from quayside.analytics import alert_rules, alert_store, products_service, rules, sheet_store
from quayside.analytics.alert_rules import Alert
from quayside.analytics.alert_views import AlertList, alert_view
from quayside.analytics.figures_service import Account, first_whole_day
from quayside.analytics.rules import Period
from quayside.analytics.sheet_rules import Sheet, months_between, reasons_alone
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.finance.service import FINANCES
from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.ids import ConnectionId
from quayside.orders.returns import DATASET as RETURNS
from quayside.orders.service import DATASET as ORDERS
from quayside.orders.service import day_of
from quayside.procurement import order_service as purchases
from quayside.restock import service as restock
from quayside.supply_chain import shipment_service as shipments

SHOWN = 20
"""So many alerts are shown at most."""

MOST_PRODUCTS = 5000
"""So many products of a marketplace are looked at for each kind of alert."""

MOST_SHIPMENTS, MOST_PURCHASES = 1000, 2000
"""So many open shipments and purchase orders, the newest, are looked at."""

_DAY = timedelta(days=1)

Units = dict[str, Counter[date]]
"""Units of each product by day."""


def refresh(connection_id: ConnectionId, now: datetime) -> bool:
    """Work the alerts of a connection of the tenant in scope out if they are due; say whether they were.

    Reads sheets of four months, the lines of restock, and the lists of shipments and purchase orders that are open;
    never Amazon's orders or transactions. Purchase orders are of no account: the first that is connected tells of them.
    """
    today = now.date()
    made = alert_store.find(connection_id)
    board, made_at = (None, 0) if made is None else (made.board, epoch_seconds(made.made_at))
    accounts = connections.known()
    known = next((each for each in accounts if each.connection_id == connection_id), None)
    if known is None or not alert_rules.is_due(board, made_at, today, epoch_seconds(now)):
        return False
    found = chain(_alerts(known, now), _late_shipments(connection_id, now))
    connected = [each.connection_id for each in accounts if each.connection.status == "connected"]
    if connection_id == min(connected, default=connection_id):
        found = chain(found, _late_orders(today))
    alert_store.put(connection_id, alert_rules.board_of(today, found), now)
    return True


def _alerts(known: Known, now: datetime) -> Iterator[Alert]:
    sold: dict[str, dict[str, Counter[date]]] = defaultdict(dict)
    for marketplace_id in sorted(known.connection.marketplace_ids):
        marketplace = find_marketplace(marketplace_id)
        if marketplace is None:
            continue
        today = day_of(now, marketplace.time_zone)
        span = Period(today - timedelta(days=alert_rules.DAYS_NEEDED), today)
        if _is_known(known, ORDERS, span, marketplace.time_zone):
            for each in islice(
                products_service.daily_units_by_sku(known.connection_id, marketplace_id, *_ends(span)), MOST_PRODUCTS
            ):
                units = Counter(each.units)
                sold[each.seller_sku][marketplace_id] = units
                if found := alert_rules.sales_drop(marketplace_id, each.seller_sku, units, today):
                    yield found
        if _is_known(known, FINANCES, span, marketplace.time_zone):
            yield from _fee_changes(known.connection_id, marketplace_id, span)
        yield from _stock_outs(known.connection_id, marketplace_id, today)
    span = Period(now.date() - timedelta(days=alert_rules.DAYS_NEEDED), now.date())
    if _is_known(known, RETURNS, span, "UTC"):
        yield from _return_spikes(known.connection_id, sold, span)


def _late_shipments(connection_id: ConnectionId, now: datetime) -> Iterator[Alert]:
    for each in shipments.late_shipments(connection_id, MOST_SHIPMENTS, now):
        subject = each.shipment_id, each.name
        if found := alert_rules.late_shipment(each.marketplace_id, subject, each.first_sku, each.late_days):
            yield found


def _late_orders(today: date) -> Iterator[Alert]:
    for each in purchases.late_orders(today, MOST_PURCHASES):
        if found := alert_rules.late_order((each.order_id, each.number), each.first_sku, each.expected_on, today):
            yield found


def _ends(span: Period) -> tuple[date, date]:
    return span.from_day, span.to_day


def _is_known(known: Known, dataset: str, span: Period, time_zone: str) -> bool:
    """Whether every day of a span is read; what is not read yet must not look like a drop or a rise."""
    complete_from = known.complete_from(dataset)
    return complete_from is not None and rules.covers(first_whole_day(complete_from, time_zone), span)


def _fee_changes(connection_id: ConnectionId, marketplace_id: str, span: Period) -> Iterator[Alert]:
    months = months_between(span.from_day - _DAY, span.to_day + _DAY)
    for row in islice(sheet_store.products(connection_id, marketplace_id, "MONEY", months), MOST_PRODUCTS):
        for currency in sorted({currency for sheet in row.sheets for currency in sheet}):
            fees: dict[date, tuple[int, int]] = {}
            for day, amounts in _days(row.sheets, currency):
                fee, units = fees.get(day, (0, 0))
                fees[day] = fee + amounts.get("fulfilment_fee", 0), units + amounts.get("units_shipped", 0)
            if found := alert_rules.fee_change(marketplace_id, row.seller_sku, currency, fees, span.to_day):
                yield found


def _days(sheets: Sequence[Sheet], currency: str) -> Iterator[tuple[date, dict[str, int]]]:
    for sheet in sheets:
        for day, amounts in sheet.get(currency, {}).items():
            yield date.fromisoformat(day), amounts


def _stock_outs(connection_id: ConnectionId, marketplace_id: str, today: date) -> Iterator[Alert]:
    for line in restock.running_out(connection_id, marketplace_id, MOST_PRODUCTS):
        order_by = None if line.order_by is None else date.fromisoformat(line.order_by)
        if found := alert_rules.stock_out(marketplace_id, line.seller_sku, line.days_of_cover, order_by, today):
            yield found


def _return_spikes(
    connection_id: ConnectionId, sold: dict[str, dict[str, Counter[date]]], span: Period
) -> Iterator[Alert]:
    months = months_between(*_ends(span))
    for row in islice(sheet_store.products(connection_id, "", "RETURNS", months), MOST_PRODUCTS):
        returned: Counter[date] = Counter()
        for day, amounts in _days(row.sheets, ""):
            returned[day] += sum(reasons_alone(amounts).values())
        places = sold.get(row.seller_sku, {})
        units: Counter[date] = sum(places.values(), Counter())
        if not places:
            continue
        place = max(sorted(places), key=lambda each: places[each].total())
        if found := alert_rules.return_spike(place, row.seller_sku, returned, units, span.to_day):
            yield found


def alerts_of(found: Sequence[Account], marketplace_id: str | None) -> AlertList | None:
    """Return the gravest alerts of some accounts; None while none were worked out. One read an account.

    Args:
        found: the accounts.
        marketplace_id: of this marketplace alone.
    """
    made: dict[ConnectionId, alert_store.Made] = {}
    for account in found:
        each = alert_store.find(account.known.connection_id)
        if each is not None:
            made[account.known.connection_id] = each
    if not made:
        return None
    mine = [
        (connection_id, alert)
        for connection_id, each in made.items()
        for alert in each.board.alerts
        if marketplace_id in {None, alert.marketplace_id}
    ]
    return AlertList(
        format_instant(min(each.made_at for each in made.values())),
        tuple(
            alert_view(connection_id, alert, made[connection_id].made_at)
            for connection_id, alert in alert_rules.in_turns(mine, SHOWN)
        ),
        sum(each.board.found for each in made.values()) if marketplace_id is None else len(mine),
    )
