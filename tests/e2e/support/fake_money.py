"""Settlements and costs as the screens get them: made by the product's own views from a few facts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from quayside.analytics import settled_rules, settled_service
from quayside.analytics.views import SettlementComparison
from quayside.finance.amount_rules import AmountKind, line_kind
from quayside.finance.cost_file_rules import lot_of
from quayside.finance.cost_rules import OtherCost
from quayside.finance.cost_views import (
    CostFileView,
    CostRowView,
    LotPage,
    OtherCostList,
    RateList,
    lot_view,
    other_cost_view,
    rate_view,
)
from quayside.finance.rate_rules import Rate
from quayside.finance.records import SettlementLineRecord, SettlementRecord, reconciliation_from, text_of
from quayside.finance.rules import LineFacts, StatementFacts
from quayside.finance.settlement_rules import reconcile
from quayside.finance.settlement_views import SettlementLinePage, SettlementPage, detail_of, line_of, summary_of
from quayside.kernel.clock import format_instant
from tests.e2e.support.fake_data import AMERICA, EUROPE, PRODUCTS

if TYPE_CHECKING:
    from datetime import datetime

Json = dict[str, Any]

RECONCILED: Final = "18400001117"
EXPLAINED: Final = "18400002234"
UNEXPLAINED: Final = "18400003351"
LOADING: Final = "18400004468"

_NAMES: Final = (
    ("Order", "ItemPrice", "Principal", 12_482_10),
    ("Order", "ItemPrice", "Shipping", 214_88),
    ("Order", "Promotion", "Principal", -402_12),
    ("Order", "ItemFees", "Commission", -1_842_51),
    ("Order", "ItemFees", "FBAPerUnitFulfillmentFee", -2_377_30),
    ("Refund", "ItemPrice", "Principal", -318_40),
    ("Refund", "ItemFees", "Commission", 47_76),
    ("other-transaction", "FBA Inventory Reimbursement", "WAREHOUSE_DAMAGE", 62_00),
    ("other-transaction", "other-transaction", "Storage Fee", -141_09),
    ("ServiceFee", "Cost of Advertising", "TransactionTotalAmount", -690_33),
)
_STRANGE: Final = (
    ("other-transaction", "other-transaction", "Climate Pledge Programme Adjustment", -3_20),
    ("other-transaction", "other-transaction", "Regional Operating Credit", 18_75),
)


def _lines(settlement_id: str, now: datetime) -> list[tuple[int, LineFacts]]:
    names: list[tuple[str, str, str, int]] = [*_NAMES, *(_STRANGE if settlement_id == EXPLAINED else ())]
    posted = int((now - timedelta(days=9)).timestamp())
    return [
        (number, LineFacts(*name, "EUR", posted, f"302-{number:07d}-1234567", seller_sku=PRODUCTS[number % 5][0]))
        for number, name in enumerate(names, 3)
    ]


def _record(settlement_id: str, now: datetime, place: int) -> SettlementRecord:
    lines = _lines(settlement_id, now)
    lost = -12_34 if settlement_id == UNEXPLAINED else 0
    ended = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3 + 14 * place)
    statement = StatementFacts(
        "EUR",
        sum(line.amount_minor for _, line in lines) + lost,
        int((ended - timedelta(days=14)).timestamp()),
        int(ended.timestamp()),
        int((ended + timedelta(days=2)).timestamp()),
        2,
    )
    found = reconcile(statement, lines)
    loading = settlement_id == LOADING
    return SettlementRecord(
        "settlements",
        f"SETTLEMENT#{ended:%Y-%m-%d}#{settlement_id}",
        facts=text_of(statement),
        control=None if loading else text_of(found.control),
        reconciliation=None if loading else text_of(found),
        received_at=int((now - timedelta(hours=2)).timestamp()),
    )


def _records(now: datetime) -> list[tuple[str, SettlementRecord]]:
    ids = (LOADING, EXPLAINED, RECONCILED, UNEXPLAINED)
    return [(EUROPE, _record(settlement_id, now, place)) for place, settlement_id in enumerate(ids)]


def settlements(now: datetime, connection_id: str | None) -> Json:
    """Return GET /finance/settlements."""
    shown = tuple(summary_of(of, record) for of, record in _records(now) if connection_id in (None, of))
    page = SettlementPage(shown, None, format_instant(now - timedelta(hours=2)) if connection_id != AMERICA else None)
    return msgspec.to_builtins(page)  # type: ignore[no-any-return]


def settlement(now: datetime, settlement_id: str) -> Json | None:
    """Return GET /finance/settlements/{connection_id}/{settlement_id}, None when there is none."""
    for of, record in _records(now):
        if record.sk.endswith(f"#{settlement_id}"):
            return msgspec.to_builtins(detail_of(of, record))  # type: ignore[no-any-return]
    return None


def beside(now: datetime, settlement_id: str) -> Json | None:
    """Return GET /analytics/settlements/{connection_id}/{settlement_id}, None when there is none."""
    for _, record in _records(now):
        if record.sk.endswith(f"#{settlement_id}"):
            found = reconciliation_from(record.reconciliation)
            if found is None:
                return msgspec.to_builtins(SettlementComparison("EUR", settled_service.LOADING, None, ()))  # type: ignore[no-any-return]
            settled = {each.kind: each.amount_minor for each in found.kinds}
            late = 4_10 if settlement_id == EXPLAINED else 0
            posted = {kind.value: minor - late * (kind is AmountKind.REFERRAL_FEE) for kind, minor in settled.items()}
            kinds = settled_rules.compared(settled, posted)
            figure = settled_rules.difference_figure(kinds, "EUR", now - timedelta(minutes=20), whole=True)
            return msgspec.to_builtins(SettlementComparison("EUR", None, figure, kinds))  # type: ignore[no-any-return]
    return None


def lines(now: datetime, settlement_id: str, kind: str | None) -> Json:
    """Return the lines of a settlement."""
    shown = tuple(
        line_of(SettlementLineRecord("lines", f"LINE#{number:08d}", facts=text_of(line)))
        for number, line in _lines(settlement_id, now)
        if kind in (None, "", line_kind(line))
    )
    return msgspec.to_builtins(SettlementLinePage(shown, None))  # type: ignore[no-any-return]


def lots(method: str, search: str) -> Json:
    """Return GET /costs."""
    shown = []
    for place, (sku, *_) in enumerate(PRODUCTS):
        for delivery, cost in ((1, "4.25"), (2, "4.4375")):
            fields = {
                "seller_sku": sku,
                "from_day": f"2026-0{delivery + 2}-0{place % 9 + 1}",
                "units": "" if place == 3 else str(200 * delivery + place),
                "unit_cost": cost,
                "currency": "EUR",
                "manufacturing_unit_cost": "3.10" if delivery == 2 else "",
                "note": "By sea, with customs" if delivery == 2 else "",
            }
            shown.append(lot_view(*lot_of(fields), "2026-11-02T09:00:00Z"))
    shown.sort(key=lambda lot: (lot.seller_sku, lot.from_day))
    page = LotPage(method, tuple(lot for lot in shown if lot.seller_sku.startswith(search))[:20], None)  # type: ignore[arg-type]
    return msgspec.to_builtins(page)  # type: ignore[no-any-return]


def cost_file() -> Json:
    """Return what a file of costs would change."""
    sku, lot = lot_of(
        {"seller_sku": "MUG", "from_day": "2026-11-01", "units": "120", "unit_cost": "4.25", "currency": "EUR"}
    )
    shown = lot_view(sku, lot)
    rows = (
        CostRowView(2, sku, "new", shown, None),
        CostRowView(3, sku, "known", shown, None),
        CostRowView(4, "CUP", "refused", None, "units: has to be a whole number from 1 to 10,000,000, or empty"),
    )
    return msgspec.to_builtins(CostFileView(1, 1, 1, rows))  # type: ignore[no-any-return]


def other_costs() -> Json:
    """Return GET /costs/other."""
    costs = (
        OtherCost("c1", "Photographs of the autumn range", 1_250_00, "EUR", date(2026, 9, 1), date(2026, 11, 30)),
        OtherCost("c2", "Bookkeeping", 480_00, "EUR", date(2026, 11, 1), date(2026, 11, 30), "A1PA6795UKMFR9"),
    )
    return msgspec.to_builtins(OtherCostList(tuple(map(other_cost_view, costs))))  # type: ignore[no-any-return]


def rates() -> Json:
    """Return GET /costs/rates."""
    stated = (
        Rate(date(2026, 11, 20), "USD", "EUR", "0.9236", "European Central Bank"),
        Rate(date(2026, 11, 13), "USD", "EUR", "0.9302", "European Central Bank"),
    )
    return msgspec.to_builtins(RateList(tuple(map(rate_view, stated))))  # type: ignore[no-any-return]
