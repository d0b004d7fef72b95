"""Alerts from sheets and lines of restock to the dashboard."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from quayside.analytics import alerts_service, service, sheet_store
from quayside.analytics.alert_views import AlertList
from quayside.analytics.sheet_rules import Change, Kind, Place
from quayside.connections import store as connections
from quayside.connections.records import DatasetHealth
from quayside.kernel.tenancy import tenant_scope
from quayside.procurement.records import SELLER, Entry, EntryRecord, text_of
from quayside.restock import store as restock
from quayside.restock.records import Line, PlanLine
from quayside.storage import keys
from quayside.storage.connection import Store, binding
from quayside.supply_chain import shipment_service as shipments
from quayside.supply_chain.shipment_service import LegDraft, LineDraft, ShipmentDraft
from tests.bench.capacity import ReadUnits
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US
from tests.support.sellers import connect

TODAY = date(2026, 11, 21)
CANADA = "A2EUQ1WTGCTBG2"
YEARS_AGO = "2024-11-21T00:00:00Z"


class Selling:
    """A seller of mugs in two marketplaces, whose sales, returns, fees and stock all went wrong last week."""

    def __init__(self, present: Aws, complete_from: str) -> None:
        self.aws = present
        self.seller = connect(present.clock, marketplaces=(US, CANADA), complete_from=complete_from)
        self._position = 0

    def trouble(self) -> None:
        for dataset in ("finances", "returns"):
            known = [DatasetHealth.last_success_at.set("2026-11-21T10:00:00Z")]
            known.append(DatasetHealth.complete_from.set(YEARS_AGO))
            connections.change_health(self.seller.connection_id, dataset, known)
        self._add("ORDERS", US, "USD", {ago: {"units": 4} for ago in range(8, 70)})
        self._add("ORDERS", CANADA, "CAD", {ago: {"units": 1} for ago in range(8, 70)})
        self._add("RETURNS", "", "", {ago: {"DEFECTIVE": 1} for ago in (2, 3, 4, 5)})
        fees = {ago: {"units_shipped": 2, "fulfilment_fee": -700 if ago < 10 else -644} for ago in range(1, 40)}
        self._add("MONEY", US, "USD", fees)
        late, in_time = (TODAY - timedelta(days=4)).isoformat(), (TODAY + timedelta(days=9)).isoformat()
        send = PlanLine(40, 40, 0, in_time, 20, "enough", 0)
        buy = PlanLine(90, 90, 0, late, 20, "order_now", 0)
        at = restock.Place(self.seller.connection_id, US, "MUG")
        restock.put_line(at, Line(TODAY.isoformat(), send=send, buy=buy), self.aws.clock.now())
        unknown = restock.Place(self.seller.connection_id, US, "CAP")
        restock.put_line(unknown, Line(TODAY.isoformat(), unknown="few"), self.aws.clock.now())

    def refresh(self) -> bool:
        return alerts_service.refresh(self.seller.connection_id, self.aws.clock.now())

    def shown(self, marketplace_id: str | None = None) -> AlertList | None:
        return service.overview(self.aws.clock, "7d", marketplace_id).alerts

    def _add(self, kind: Kind, place: str, currency: str, days: dict[int, dict[str, int]]) -> None:
        by_month: dict[str, list[Change]] = {}
        for ago, amounts in sorted(days.items(), reverse=True):
            day = (TODAY - timedelta(days=ago)).isoformat()
            self._position += 1
            change = Change(day, f"{self._position:09}", 0, {(day, currency): amounts})
            by_month.setdefault(day[:7], []).append(change)
        for month, changes in by_month.items():
            at = Place(kind, self.seller.connection_id, place, month, "MUG")
            sheet_store.advance(at, changes, self.aws.clock.now())


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


def test_what_went_wrong_is_on_the_dashboard_with_its_figures(shared: Aws) -> None:
    on = Selling(emptied(shared), YEARS_AGO)
    with tenant_scope(on.seller.tenant_id):
        assert on.shown() is None
        on.trouble()
        assert on.refresh()
        assert not on.refresh()
        found = on.shown()
        assert found is not None
        assert [(each.kind, each.country_code, each.figure.value) for each in found.alerts] == [
            ("stock_out", "US", 20), ("sales_drop", "US", 0), ("sales_drop", "CA", 0),
            ("return_spike", "US", 4), ("fee_change", "US", 350),
        ]  # fmt: skip
        assert {each.sentence for each in found.alerts} >= {
            "Runs out in 20 days; an order of today takes 24 days",
            "Sold 0 units in 7 days, before 28 units a week",
            "4 units came back in 14 days, 0 units would be usual",
            "Fulfilment fee 3.50 USD a unit, before 3.22 USD",
        }
        canada = on.shown(CANADA)
        assert canada is not None
        assert [(each.kind, each.country_code) for each in canada.alerts] == [("sales_drop", "CA")]
        assert (found.found, canada.found) == (5, 1)


def test_what_is_late_on_its_way_is_on_the_dashboard_and_costs_it_no_read(shared: Aws) -> None:
    counted = ReadUnits(reported=False)
    with counted.watching(), binding(Store(shared.settings, clock=shared.clock, sessions=shared.sessions)):
        on = Selling(emptied(shared), YEARS_AGO)
        with tenant_scope(on.seller.tenant_id):
            assert on.refresh()
            counted.reset()
            on.shown()
            without = counted.units
            put_late(on)
            on.aws.clock.advance(6 * 3600)
            assert on.refresh()
            counted.reset()
            found, canada = on.shown(), on.shown(CANADA)
            assert counted.units == 2 * without
    assert found is not None
    assert [(each.kind, each.country_code, each.name, each.sentence) for each in found.alerts] == [
        ("late_shipment", "US", "Autumn", "5 days later than planned"),
        ("late_order", "", "PO-000002", "Expected 2 days ago, and units are still to come"),
    ]
    assert found.alerts[0].subject_id
    assert canada is not None
    assert canada.alerts == ()


def put_late(on: Selling) -> None:
    """Enter a late shipment beside one in time, and a late order beside a draft and one in time."""
    of, clock = on.seller.connection_id, on.aws.clock
    for number, end in enumerate((TODAY - timedelta(days=5), TODAY + timedelta(days=5))):
        leg = LegDraft(
            "sea", planned_start=TODAY - timedelta(days=9), planned_end=end, actual_start=TODAY - timedelta(days=9)
        )
        shipments.enter(
            ShipmentDraft(("Autumn", "Winter")[number], of, US, (leg,), (LineDraft("MUG", 40),)),
            member_id="anna", clock=clock, entropy=entropy_of(number),
        )  # fmt: skip
    for number, (state, day) in enumerate((("draft", -2), ("sent", -2), ("sent", 0)), 1):
        entry = Entry(
            f"order-{number}", number, "anker", "Anker", state, 1, "USD", 40_000, 100, 0, 1, ("MUG",),
            (TODAY + timedelta(days=day)).isoformat(), None, 0, "2026-11-20T10:11:12Z",
        )  # fmt: skip
        key = keys.purchase_entry(on.seller.tenant_id, "OPEN", number)
        EntryRecord.at(key, facts=text_of(entry), source=SELLER).save()


def test_days_that_are_not_read_yet_are_no_drop(shared: Aws) -> None:
    on = Selling(emptied(shared), "2026-11-01T00:00:00Z")
    with tenant_scope(on.seller.tenant_id):
        on.trouble()
        on.refresh()
        found = on.shown()
        assert found is not None
        # Returns are known; without the orders nobody knows how many are usual.
        assert {each.kind for each in found.alerts} == {"stock_out", "fee_change"}
