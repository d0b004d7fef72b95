"""Alerts: products, shipments and orders that need a look, from days that are over. Pure.

Six kinds. *Stock-out soon*: a product runs out before an order placed today arrives, by the seller's own lead times.
*Late shipment*: one of the seller's own arrives, or ends its present leg, later than planned. *Late order*: the day a
purchase order was expected on is over, and units are still to come. *Sales drop*: seven days sold at most half of what
the 28 days before sold a week. *Return spike*: fourteen days brought back at least twice what the 56 days before let
expect at the present sales. *Fee change*: Amazon's fulfilment fee for a unit differs by 5 % or more from what it was.

Sales and returns are counts, so a difference counts only beyond twice its standard deviation as Poisson counts have it:
``sqrt(expected + expected / 4)``, for what is expected is itself estimated from four times as long.
"""

import math
import zlib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from statistics import median_low
from typing import Literal

import msgspec

AlertKind = Literal["stock_out", "late_shipment", "late_order", "sales_drop", "return_spike", "fee_change"]

KINDS: tuple[AlertKind, ...] = (
    "stock_out", "late_shipment", "late_order", "sales_drop", "return_spike", "fee_change",
)  # fmt: skip

REFRESH_SECONDS = 6 * 3600
"""Alerts tell of days that are over, so they are worked out anew this often, and when a day begins."""

MOST_OF_A_KIND = 20
"""So many alerts of a kind are kept for a connection, the gravest."""

DAYS_NEEDED = 70
"""So many days, all of them over, are looked at."""

_BASE = 4
"""What is expected is estimated from so many times as long as what is compared with it."""
_WEEK, _FORTNIGHT = 7, 14
_LEAST_WEEKLY = 7
_LEAST_RETURNS = 3
_DEVIATIONS = 2
_LEAST_FEE_DAYS = 3
_LEAST_FEE_CHANGE = Fraction(5, 100)
_LEAST_FEE_MINOR = 2


class Alert(msgspec.Struct, frozen=True, array_like=True):
    """One product, shipment or order that needs a look.

    Attributes:
        kind: why.
        marketplace_id: where; of returns, where the product sells most, for Amazon does not say where they were sold;
            empty of a purchase order, which is of no marketplace.
        seller_sku: which product; of a shipment or an order, the first one in it.
        value: days until it runs out, days it is late, units sold or returned, or the fee for a unit in minor units.
        expected: what it should be: the days an order takes, no day late, units, or the fee before.
        currency: of a fee.
        subject_id: which shipment or order; empty of a product.
        name: how people call the shipment or the order.
    """

    kind: AlertKind
    marketplace_id: str
    seller_sku: str
    value: int
    expected: int
    currency: str | None = None
    subject_id: str = ""
    name: str = ""

    @property
    def gravity(self) -> Fraction:
        """How far the value is from what it should be; larger is worse."""
        return abs(self.value - self.expected) / Fraction(max(1, abs(self.expected)))


class AlertBoard(msgspec.Struct, frozen=True, array_like=True):
    """The alerts of a connection as of ``day``, UTC, the gravest of each kind first, and how many there are in all."""

    day: date
    alerts: tuple[Alert, ...]
    found: int


_BOARD = msgspec.json.Decoder(AlertBoard)


def sales_drop(marketplace_id: str, seller_sku: str, units: Mapping[date, int], today: date) -> Alert | None:
    """Return an alert if the seven days before today sold too little; ``units`` are those of each day."""
    week = _sum(units, today, 0, _WEEK)
    before = _sum(units, today, _WEEK, _BASE * _WEEK)
    expected = Fraction(before, _BASE)
    if expected < _LEAST_WEEKLY or 2 * week > expected or not _is_beyond(week, expected):
        return None
    return Alert("sales_drop", marketplace_id, seller_sku, week, round(expected))


def return_spike(
    marketplace_id: str, seller_sku: str, returned: Mapping[date, int], units: Mapping[date, int], today: date
) -> Alert | None:
    """Return an alert if the fourteen days before today brought back too many units.

    Args:
        marketplace_id: where the product sells most.
        seller_sku: the product.
        returned: its units that came back, by day.
        units: its units sold everywhere, by day; where sales grew, as many more returns are expected.
        today: the day that is not over.
    """
    recent = _sum(returned, today, 0, _FORTNIGHT)
    before = _sum(returned, today, _FORTNIGHT, _BASE * _FORTNIGHT)
    sold_lately = Fraction(_sum(units, today, 0, 2 * _FORTNIGHT), 2)
    sold_before = Fraction(_sum(units, today, 0, (_BASE + 1) * _FORTNIGHT), _BASE + 1)
    growth = max(Fraction(1), sold_lately / sold_before) if sold_before > 0 else Fraction(1)
    expected = Fraction(before, _BASE) * growth
    if recent < _LEAST_RETURNS or recent < 2 * expected or not _is_beyond(recent, expected):
        return None
    return Alert("return_spike", marketplace_id, seller_sku, recent, round(expected))


def fee_change(
    marketplace_id: str, seller_sku: str, currency: str, fees: Mapping[date, tuple[int, int]], today: date
) -> Alert | None:
    """Return an alert if Amazon's fulfilment fee for a unit changed in the fourteen days before today.

    Medians of days are compared, so that a correction on one day is no change.

    Args:
        marketplace_id: where.
        seller_sku: the product.
        currency: of the fees.
        fees: fulfilment fees (negative) and units shipped, by day.
        today: the day that is not over.
    """

    def daily(skip: int, days: int) -> list[int]:
        last = today - timedelta(days=skip)
        first = last - timedelta(days=days)
        return [
            round(Fraction(-fee, units)) for day, (fee, units) in fees.items()
            if first <= day < last and fee < 0 and units > 0
        ]  # fmt: skip

    recent, before = daily(0, _FORTNIGHT), daily(_FORTNIGHT, _BASE * _FORTNIGHT)
    if min(len(recent), len(before)) < _LEAST_FEE_DAYS:
        return None
    now, then = median_low(recent), median_low(before)
    if abs(now - then) < max(Fraction(_LEAST_FEE_MINOR), _LEAST_FEE_CHANGE * then):
        return None
    return Alert("fee_change", marketplace_id, seller_sku, now, then, currency)


def stock_out(
    marketplace_id: str, seller_sku: str, runs_out_in: int | None, order_by: date | None, today: date
) -> Alert | None:
    """Return an alert if a product runs out no later than an order of today arrives.

    Args:
        marketplace_id: where.
        seller_sku: the product.
        runs_out_in: in how many days it runs out, what is on its way counted; None when far off.
        order_by: the last day to order without running out.
        today: the present day.
    """
    if runs_out_in is None or order_by is None or order_by > today:
        return None
    return Alert("stock_out", marketplace_id, seller_sku, runs_out_in, runs_out_in + (today - order_by).days)


def late_shipment(marketplace_id: str, subject: tuple[str, str], first_sku: str, late_days: int) -> Alert | None:
    """Return an alert if a shipment is late.

    Args:
        marketplace_id: where its units will be sold.
        subject: its id and its name.
        first_sku: the first product in it.
        late_days: by how many days it arrives, or its present leg ends, later than planned.
    """
    if late_days <= 0:
        return None
    shipment_id, name = subject
    return Alert("late_shipment", marketplace_id, first_sku, late_days, 0, None, shipment_id, name)


def late_order(subject: tuple[str, str], first_sku: str, expected_on: date, today: date) -> Alert | None:
    """Return an alert if the day a purchase order was expected on is over.

    Args:
        subject: its id and its number.
        first_sku: the first product in it.
        expected_on: when what is still to come of it was expected.
        today: the present day.
    """
    if expected_on >= today:
        return None
    order_id, number = subject
    return Alert("late_order", "", first_sku, (today - expected_on).days, 0, None, order_id, number)


def board_of(day: date, alerts: Iterable[Alert]) -> AlertBoard:
    """Keep the gravest alerts of each kind."""
    found = sorted(alerts, key=_gravest_first)
    kept = [each for kind in KINDS for each in [each for each in found if each.kind == kind][:MOST_OF_A_KIND]]
    return AlertBoard(day, tuple(kept), len(found))


def is_due(board: AlertBoard | None, made_at: int, today: date, now: int) -> bool:
    """Whether alerts have to be worked out anew: there are none, a day began, or they are older than they may be."""
    return board is None or board.day != today or now - made_at >= REFRESH_SECONDS


def in_turns[Owner](found: Iterable[tuple[Owner, Alert]], most: int) -> list[tuple[Owner, Alert]]:
    """Return the gravest alerts of several owners, kinds in turn so that none hides another, and by kind."""
    ordered = sorted(found, key=lambda each: _gravest_first(each[1]))
    queues = [[each for each in ordered if each[1].kind == kind] for kind in KINDS]
    taken = [queue[place] for place in range(most) for queue in queues if place < len(queue)][:most]
    return sorted(taken, key=lambda each: KINDS.index(each[1].kind))


def _gravest_first(alert: Alert) -> tuple[Fraction, int, str, str]:
    return -alert.gravity, -abs(alert.value - alert.expected), alert.marketplace_id, alert.seller_sku


def packed(board: AlertBoard) -> bytes:
    """Write alerts as they are stored."""
    return zlib.compress(msgspec.json.encode(board), 9)


def unpacked(data: bytes) -> AlertBoard:
    """Read stored alerts."""
    return _BOARD.decode(zlib.decompress(data))


def _sum(units: Mapping[date, int], today: date, skip: int, days: int) -> int:
    last = today - timedelta(days=skip)
    first = last - timedelta(days=days)
    return sum(count for day, count in units.items() if first <= day < last)


def _is_beyond(found: int, expected: Fraction) -> bool:
    return abs(found - expected) >= _DEVIATIONS * math.sqrt(expected + expected / _BASE)
