"""What the fake API answers of profit, returns and products, made by the product's own pure rules."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from quayside.analytics import brand_board_rules, brand_boards_service, margin_rules, profit_rules, rules, views
from quayside.analytics.alert_rules import Alert, in_turns
from quayside.analytics.alert_views import AlertList, alert_view
from quayside.analytics.brand_board_rules import BrandSum
from quayside.analytics.margin_rules import Column, Outlay, Shown
from quayside.analytics.profit_rules import Step
from quayside.analytics.profit_service import brand_note, reasons_of, returned_units
from quayside.analytics.rules import PeriodKey, Standing, Tally, Traffic
from quayside.analytics.views import BrandScope
from quayside.finance.amount_rules import AmountGroup
from quayside.inventory.rules import Quantities
from quayside.inventory.views import stock_figure
from quayside.kernel.clock import format_instant
from quayside.kernel.errors import InvalidInput
from tests.e2e.support.fake_data import EUROPE, MARKETPLACES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quayside.analytics.profit_rules import Slice
    from quayside.analytics.rules import Period

Json = dict[str, Any]

BOOKED = {
    "product_sales": 1_284_200, "shipping_income": 18_450, "promotion": -38_110, "refunded_sales": -61_300,
    "refunded_referral_fee": 8_120, "refund_administration_fee": -1_640, "referral_fee": -192_630,
    "fulfilment_fee": -241_905, "storage_fee": -18_240, "subscription_fee": -3_900, "advertising": -96_300,
    "reimbursement": 4_275, "unclassified": -215, "tax_collected": 211_400, "tax_withheld": -211_400,
    "payout": -500_000, "units_shipped": 534, "units_refunded": 26, "estimated": 3,
}  # fmt: skip
SPENT = Outlay(412_300, 534, 6, others=(("Photo shoot", 12_000), ("Software", 4_900)))
NO_MARKETPLACE = ("Fees that Amazon books for no marketplace are left out: choose all marketplaces to see them.",)
REASONS = {"DEFECTIVE": 9, "UNWANTED_ITEM": 7, "NOT_AS_DESCRIBED": 5, "NOT_STATED": 2}
SKUS = ("LAMP-OAK-30", "MUG-SET-4", "THROW-GREY", "DESK-MAT-XL", "JAR-GLASS-6", "HOOK-BRASS")


def chosen(query: dict[str, str], now: datetime) -> tuple[Period, str]:
    """Return the period of a query and its name, as the real API reads it."""
    today = now.astimezone(ZoneInfo("Europe/Berlin")).date()
    key = query.get("period", "7d")
    if key != "custom":
        return rules.period_until(msgspec.convert(key, PeriodKey), today), key
    days = [date.fromisoformat(query[name]) for name in ("from", "to")]
    try:
        return rules.chosen_period(days[0], days[1], today), key
    except InvalidInput:
        return rules.period_until("30d", today), key


def _period(period: Period, key: str) -> views.PeriodView:
    return views.PeriodView(key, period.from_day.isoformat(), period.to_day.isoformat(), len(period.days))


def _standing(now: datetime) -> Standing:
    return Standing(now - timedelta(minutes=7), known=True, whole=True)


def _shares(total: dict[str, int], parts: int) -> list[dict[str, int]]:
    cut = [{name: value // parts for name, value in total.items()} for _ in range(parts)]
    for name, value in total.items():
        cut[-1][name] += value - sum(part[name] for part in cut)
    return cut


def answer(now: datetime, path: Sequence[str], query: dict[str, str]) -> Json:
    """Return what is asked for below /analytics."""
    if path[0] == "brands":
        return brands(now, query)
    if path[0] == "products":
        return product(now, path[1], query) if len(path) > 1 else products(now, query)
    return returns(now, query) if path[0] == "returns" else profit(now, query)


def brands(now: datetime, query: dict[str, str]) -> Json:
    """Return GET /analytics/brands."""
    period, key = chosen(query, now)
    sums = [
        BrandSum("Beacon", 22, 310, 742_180, 280, 690_400, 2),
        BrandSum("Harbour & Sons", 9, 140, 318_450, 160, 352_000, 0),
        BrandSum("", 5, 20, 41_900, 0, 0, 0),
    ]
    rows = brand_board_rules.rows(sums, "EUR", _standing(now), compared=True)
    split = views.BrandSplit("EUR", format_instant(now - timedelta(minutes=9)), rows)
    missing = brand_boards_service.OWN_PERIOD if key == "custom" else None
    return _json(views.BrandSplits(_period(period, key), () if missing else (split,), missing))


def profit(now: datetime, query: dict[str, str]) -> Json:
    """Return GET /analytics/profit."""
    period, key = chosen(query, now)
    step = profit_rules.step_for(period, msgspec.convert(query.get("by", "total"), Step))
    columns = profit_rules.slices(period, step)
    amounts = _shares(BOOKED, len(columns))
    previous = {name: value * 9 // 10 for name, value in BOOKED.items()}
    before = profit_rules.previous_slice(period)
    table = views.ProfitTable(
        "EUR",
        profit_rules.headings(amounts, previous, "EUR", _standing(now)),
        profit_rules.proceeds_figure(BOOKED, "EUR", _standing(now)),
        tuple(profit_rules.proceeds_minor(each) for each in amounts),
        profit_rules.proceeds_minor(previous),
        BOOKED["units_shipped"],
        BOOKED["units_refunded"],
        _result(now, amounts, SPENT),
    )
    return _json(
        views.ProfitView(
            _period(period, key),
            step,
            tuple(_column(each) for each in columns),
            _column(before),
            format_instant(now - timedelta(minutes=7)),
            (table,),
            NO_MARKETPLACE if query.get("marketplace_id") else (),
            BrandScope(query["brand"], 22, brand_note(query["brand"], 22)) if query.get("brand") else None,
        )
    )


def _result(now: datetime, amounts: Sequence[dict[str, int]], spent: Outlay) -> margin_rules.Result:
    parts = len(amounts)
    columns = [
        Column(each, Outlay(spent.goods_minor // parts, each["units_shipped"], others=_parts(spent, parts)))
        for each in amounts
    ]
    whole = Column({name: sum(each.get(name, 0) for each in amounts) for name in BOOKED}, spent)
    return margin_rules.result(whole, columns, None, "fifo", Shown("EUR", _standing(now)))


def _parts(spent: Outlay, parts: int) -> tuple[tuple[str, int], ...]:
    return tuple((name, minor // parts) for name, minor in spent.others)


def _column(part: Slice) -> views.ColumnView:
    return views.ColumnView(part.first.isoformat(), part.last.isoformat())


def returns(now: datetime, query: dict[str, str]) -> Json:
    """Return GET /analytics/returns."""
    period, key = chosen(query, now)
    headings = profit_rules.headings([BOOKED], None, "EUR", _standing(now))
    (refunds,) = (each for each in headings if each.group == AmountGroup.REFUNDS.value)
    return _json(
        views.ReturnsView(
            _period(period, key),
            format_instant(now - timedelta(hours=3)),
            returned_units(REASONS, _standing(now)),
            reasons_of(REASONS, {"DEFECTIVE": 4, "UNWANTED_ITEM": 9}),
            (views.RefundView("EUR", refunds.total, BOOKED["units_refunded"], refunds.lines),),
        )
    )


def products(now: datetime, query: dict[str, str]) -> Json:
    """Return GET /analytics/products."""
    period, key = chosen(query, now)
    place = _place(query["marketplace_id"])
    rows = tuple(
        views.ProductRow(
            EUROPE, place["marketplace_id"], place["country_code"], sku, "Beacon" if number % 3 else None,
            place["currency"], 40 - 6 * number, 38 - 6 * number, 96_000 - 15_500 * number, 30, 72_000,
        )
        for number, sku in enumerate(SKUS)
    )  # fmt: skip
    unread = "Older orders are still being read: sales, units and orders are too low by those of days not read yet."
    as_of = format_instant(now - timedelta(minutes=2))
    return _json(views.ProductPage(_period(period, key), as_of, rows, None, (unread,)))


def product(now: datetime, seller_sku: str, query: dict[str, str]) -> Json:
    """Return GET /analytics/products/{seller_sku}."""
    period, key = chosen(query, now)
    place = _place(query["marketplace_id"])
    source = random.Random(seller_sku)
    units = [source.randrange(6) for _ in period.days]
    tally = Tally(sum(units), sum(units), 2_400 * sum(units), sum(units))
    traffic = Traffic(sum(units), sum(units), 0, "EUR", sessions=7 * sum(units))
    booked = {name: value // 8 for name, value in BOOKED.items()}
    before = period.before
    return _json(
        views.ProductView(
            EUROPE,
            place["marketplace_id"],
            place["country_code"],
            place["name"],
            seller_sku,
            "B0LAMPOAK1",
            "EUR",
            (),
            _period(period, key),
            rules.figure_set(tally, "EUR", _standing(now)),
            rules.conversion([traffic], _standing(now)),
            views.PreviousView(before.from_day.isoformat(), before.to_day.isoformat(), 190_000, 80, 78),
            tuple(
                views.ProductDay(day.isoformat(), 2_400 * sold, sold, sold, "posted", 7 * sold, 9 * sold)
                for day, sold in zip(period.days, units, strict=True)
            ),
            reasons_of({"DEFECTIVE": 2, "UNWANTED_ITEM": 1}, None),
            profit_rules.headings([booked], None, "EUR", _standing(now)),
            profit_rules.proceeds_figure(booked, "EUR", _standing(now)),
            booked["units_shipped"],
            booked["units_refunded"],
            _result(now, [booked], Outlay(51_500, booked["units_shipped"], returned_units=2)),
            (),
            stock_figure(Quantities(84, 0, 48, 0, 6, 2, 5, 1, 0), 120, now - timedelta(minutes=9)),
        )
    )


def money(now: datetime, currency: str, share: float) -> Json:
    """Return the money of a dashboard."""
    booked = {name: round(value * share) for name, value in BOOKED.items()}
    spent = Outlay(round(SPENT.goods_minor * share), booked["units_shipped"])
    left = margin_rules.result(Column(booked, spent), [], None, "fifo", Shown(currency, _standing(now)))
    return _json(
        views.MoneySummary(
            profit_rules.group_figure(booked, AmountGroup.REFUNDS, currency, _standing(now)),
            profit_rules.group_figure(booked, AmountGroup.FEES, currency, _standing(now)),
            profit_rules.proceeds_figure(booked, currency, _standing(now)),
            -48_000,
            -410_000,
            None,
            views.ProfitSummary(left.goods, left.profit, left.margin, left.roi, -spent.goods_minor + 9_000, None),
        )
    )


def alerts(now: datetime, marketplace_id: str) -> Json:
    """Return what needs a look, one of each kind, of one marketplace or of all."""
    place = marketplace_id or MARKETPLACES[0]["marketplace_id"]
    found = [
        Alert("stock_out", place, SKUS[0], 5, 14),
        Alert("late_shipment", place, SKUS[0], 6, 0, None, "autumn", "Autumn container"),
        Alert("sales_drop", place, SKUS[1], 9, 28),
        Alert("return_spike", place, SKUS[2], 7, 2),
        Alert("fee_change", place, SKUS[0], 342, 322, "EUR"),
        Alert("sales_drop", place, SKUS[2], 3, 11),
        Alert("stock_out", place, SKUS[1], 1, 9),
    ]
    if not marketplace_id:
        found.append(Alert("late_order", "", SKUS[1], 3, 0, None, "order-1", "PO-000012"))
    made_at = now - timedelta(hours=2)
    shown = tuple(alert_view(EUROPE, alert, made_at) for _, alert in in_turns([(EUROPE, each) for each in found], 20))
    return _json(AlertList(format_instant(made_at), shown, len(found)))


def rankings(now: datetime, places: list[Json], *, compared: bool) -> Json:
    """Return the rankings of products of a dashboard, of these marketplaces."""

    def ranked(number: int, sku: str, change: int) -> views.RankedProduct:
        place = places[number % len(places)]
        sales = 96_000 - 15_500 * number
        return views.RankedProduct(
            EUROPE, place["marketplace_id"], place["country_code"], sku, 40 - 6 * number, sales,
            30 if compared else None, sales - change if compared else None,
        )  # fmt: skip

    top = tuple(ranked(number, sku, 2_000) for number, sku in enumerate(SKUS))
    falling = tuple(ranked(number, sku, -9_000 + number * 1_000) for number, sku in enumerate(SKUS[::-1]))
    return _json(
        views.ProductRankings(format_instant(now - timedelta(minutes=9)), 48, top, falling if compared else None)
    )


def _place(marketplace_id: str) -> Json:
    return next(item for item in MARKETPLACES if item["marketplace_id"] == marketplace_id)


def _json(view: msgspec.Struct) -> Json:
    found: Json = msgspec.json.decode(msgspec.json.encode(view))
    return found
