"""Sales and traffic in the store: a fact a day and SKU, restated for weeks."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from quayside.amazon.report_rows import TrafficRow
from quayside.analytics import service
from quayside.kernel.errors import NotFound
from quayside.kernel.money import Money
from quayside.kernel.tenancy import TenantScopeConflict, tenant_scope
from quayside.sync.sinks import Applied
from quayside.sync.views import Cell
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench, table, writes
from tests.support.fresh import emptied
from tests.support.notifications import DE, US

DATASET = "sales_and_traffic"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Bench:
    return bench(emptied(shared), marketplaces=(US, DE))


def row(sku: str = "A", day: str = "2026-11-18", line: int = 2, **parts: object) -> TrafficRow:
    fields: dict[str, object] = {
        "line": line, "day": day, "is_total": False, "parent_asin": "B0", "asin": "B1", "seller_sku": sku,
        "units_ordered": 3, "order_items": 2, "sales": "59.97", "currency": "USD", "sessions": 40, "page_views": 55,
        "buy_box_percentage": Decimal("97.35"), "units_refunded": None,
    }  # fmt: skip
    return msgspec.convert(fields | parts, TrafficRow)


def total(day: str = "2026-11-18", **parts: object) -> TrafficRow:
    return row("", day, 1, is_total=True, asin="", parent_asin="", units_refunded=1, **parts)


def load(on: Bench, *rows: TrafficRow, marketplaces: tuple[str, ...] = (US,), hours_ago: float = 0) -> Applied:
    given = on.load(marketplaces=marketplaces, received_at=on.now - timedelta(hours=hours_ago))
    return service.apply_traffic_rows(given, rows)


def shown(on: Bench, marketplace: str | None = None) -> list[dict[str, Cell]]:
    with tenant_scope(on.seller.tenant_id):
        return table(service.rows_view(on.seller.connection_id, DATASET, marketplace, None, 50))


def test_a_day_is_shown_in_total_and_by_sku(on: Bench) -> None:
    assert load(on, total(), row()) == Applied(2, 0)
    whole, single = shown(on)
    assert (whole["seller_sku"], whole["units_refunded"]) == ("All products", 1)
    assert single == {
        "marketplace_id": US, "day": "2026-11-18", "seller_sku": "A", "asin": "B1", "parent_asin": "B0", "sessions": 40,
        "page_views": 55, "buy_box": 97.35, "units_ordered": 3, "order_items": 2, "sales": Money(5997, "USD"),
        "units_refunded": None,
    }  # fmt: skip


def test_a_day_that_amazon_restates_is_replaced_and_never_goes_back(on: Bench) -> None:
    load(on, total(), row())
    on.aws.clock.advance(86400)
    assert load(on, total(), row(units_ordered=4)) == Applied(1, 1)
    assert load(on, row(units_ordered=1), hours_ago=12) == Applied(0, 1)
    assert [each["units_ordered"] for each in shown(on)] == [3, 4]


def test_a_day_that_stays_the_same_costs_no_write(on: Bench) -> None:
    rows = [total(), *(row(f"SKU {place}") for place in range(30))]
    load(on, *rows)
    with on.calls() as made:
        assert load(on, *rows) == Applied(0, 31)
    assert writes(made) == 0


def test_a_sku_without_sales_has_the_money_of_its_marketplace(on: Bench) -> None:
    load(on, row(sales="0", currency="", sessions=None, buy_box_percentage=None), marketplaces=(DE,))
    (only,) = shown(on)
    assert (only["sales"], only["sessions"], only["buy_box"]) == (Money(0, "EUR"), None, None)


def test_bad_rows_are_named_and_spoil_nothing(on: Bench) -> None:
    applied = load(on, row(""), row("B", line=3, sales="1.005"), row("C", line=4))
    assert (applied.applied, [each.identity for each in applied.rejected]) == (1, ["line 2", "line 3"])


@pytest.mark.parametrize("marketplaces", [(), (US, DE), ("NOWHERE",)])
def test_a_report_of_no_single_marketplace_is_refused(on: Bench, marketplaces: tuple[str, ...]) -> None:
    applied = load(on, row(), marketplaces=marketplaces)
    assert (applied.applied, len(applied.rejected)) == (0, 1)
    assert on.kinds() == {}


def test_days_are_listed_newest_first(on: Bench) -> None:
    load(on, row(day="2026-10-31"), row(day="2026-11-02"), row(day="2025-12-31"))
    assert [each["day"] for each in shown(on, US)] == ["2026-11-02", "2026-10-31", "2025-12-31"]
    assert shown(on, DE) == []


def test_nothing_of_another_tenant_is_reached(on: Bench) -> None:
    load(on, row())
    other = bench(on.aws, subject="ben")
    with tenant_scope(other.seller.tenant_id):
        with pytest.raises(NotFound):
            service.rows_view(on.seller.connection_id, DATASET, None, None, 10)
        with pytest.raises(TenantScopeConflict):
            load(on, row())
