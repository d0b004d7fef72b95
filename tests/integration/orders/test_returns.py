"""Returns in the store: one fact a unit, told again and again by overlapping reports, and nothing a buyer wrote."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from quayside.amazon.report_rows import ReturnRow
from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import NotFound
from quayside.kernel.tenancy import TenantScopeConflict, tenant_scope
from quayside.orders import returns
from quayside.orders.rules import NO_WINDOWS, OrderFacts
from quayside.orders.service import apply_facts
from quayside.sync.sinks import Applied, Rejected
from quayside.sync.views import Cell
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench, table, writes
from tests.support.fresh import emptied
from tests.support.notifications import DE, US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Bench:
    return bench(emptied(shared), marketplaces=(US, DE))


def row(plate: str = "LPN1", line: int = 2, **parts: object) -> ReturnRow:
    fields: dict[str, object] = {
        "line": line, "returned_at": "2026-11-18T10:00:00Z", "order_id": "903-1", "seller_sku": "A#1", "asin": "B1",
        "fnsku": "X1", "title": "Coffee", "quantity": 1, "fulfilment_centre": "PHX7", "disposition": "SELLABLE",
        "reason": "UNWANTED_ITEM", "status": "Unit returned to inventory", "license_plate": plate,
    }  # fmt: skip
    return msgspec.convert(fields | parts, ReturnRow)


def load(on: Bench, *rows: ReturnRow, marketplaces: tuple[str, ...] = (US,), hours_ago: float = 0) -> Applied:
    given = on.load(marketplaces=marketplaces, received_at=on.now - timedelta(hours=hours_ago))
    return returns.apply_return_rows(given, rows)


def shown(on: Bench, marketplace: str | None = None) -> list[dict[str, Cell]]:
    with tenant_scope(on.seller.tenant_id):
        return table(returns.rows_view(on.seller.connection_id, returns.DATASET, marketplace, None, 50))


def test_a_return_is_shown_with_its_reason(on: Bench) -> None:
    assert load(on, row()) == Applied(1, 0)
    assert shown(on) == [
        {
            "returned_at": "2026-11-18T10:00:00Z", "order_id": "903-1", "seller_sku": "A#1", "asin": "B1",
            "title": "Coffee", "quantity": 1, "reason": "UNWANTED_ITEM", "disposition": "SELLABLE",
            "status": "Unit returned to inventory", "fulfilment_centre": "PHX7",
        }
    ]  # fmt: skip
    (item,) = (each for each in on.aws.items() if each["kind"]["S"] == "customer_return")
    assert item["source"]["S"] == returns.SOURCE


def test_what_a_buyer_wrote_has_no_place_to_be_stored() -> None:
    fields = set(returns.ReturnFacts.__struct_fields__) | set(ReturnRow.__struct_fields__)
    assert not [name for name in fields if "comment" in name or "buyer" in name or "customer" in name]


def place_order(on: Bench, order_id: str, marketplace_id: str) -> None:
    at = parse_instant("2026-11-10T10:00:00Z")
    facts = OrderFacts(
        order_id=order_id, marketplace_id=marketplace_id, purchased_at=at, updated_at=at, day=at.date(),
        status="SHIPPED", fulfilled_by="AMAZON", windows=NO_WINDOWS, lines=(),
    )  # fmt: skip
    with tenant_scope(on.seller.tenant_id):
        apply_facts(on.seller.connection_id, facts, received_at=at)


def sold_in(on: Bench) -> dict[str, str | None]:
    images = [each for each in on.aws.items() if each["kind"]["S"] == "customer_return"]
    return {each["sk"]["S"].split("#")[2]: returns.return_of_image(each).marketplace_id for each in images}


def test_its_order_says_where_a_unit_that_can_be_sold_again_had_been_sold(on: Bench) -> None:
    place_order(on, "903-1", DE)
    place_order(on, "903-2", US)
    rows = (row(), row("LPN2", order_id="903-2", disposition="DAMAGED"), row("LPN3", order_id="903-3"))
    assert load(on, *rows) == Applied(3, 0)
    assert sold_in(on) == {"903-1": DE, "903-2": None, "903-3": None}
    # The order came later than the return: the next report that tells of it finds out.
    place_order(on, "903-3", US)
    assert load(on, *rows) == Applied(1, 2)
    assert sold_in(on) == {"903-1": DE, "903-2": None, "903-3": US}


def test_overlapping_reports_cost_no_write_for_what_they_repeat(on: Bench) -> None:
    load(on, *(row(f"LPN{place}") for place in range(30)))
    with on.calls() as made:
        assert load(on, *(row(f"LPN{place}") for place in range(30))) == Applied(0, 30)
    assert writes(made) == 0


def test_a_return_changes_its_status_and_never_goes_back(on: Bench) -> None:
    load(on, row(status="Received"))
    assert load(on, row(status="Reimbursed")) == Applied(1, 0)
    assert load(on, row(status="Received"), hours_ago=1) == Applied(0, 1)
    assert [each["status"] for each in shown(on)] == ["Reimbursed"]


def test_units_without_a_plate_are_counted_apart_and_once(on: Bench) -> None:
    for _ in range(2):
        load(on, row(""), row("", 3), row("LPN1", 4), row("", 5, seller_sku="B"))
    assert sorted(str(each["seller_sku"]) for each in shown(on)) == ["A#1", "A#1", "A#1", "B"]


def test_a_row_without_order_or_sku_is_named(on: Bench) -> None:
    applied = load(on, row(seller_sku=""), row("LPN2", 3))
    assert applied == Applied(1, 0, (Rejected("line 2", "The return names no order, or no SKU."),))


def test_returns_are_listed_newest_first_over_the_months(on: Bench) -> None:
    load(on, row("1", returned_at="2026-10-31T23:00:00Z"), row("2"), row("3", returned_at="2025-01-01T00:00:00Z"))
    assert [str(each["returned_at"])[:7] for each in shown(on)] == ["2026-11", "2026-10", "2025-01"]


def test_a_return_is_one_fact_whether_one_marketplace_was_asked_for_or_all(on: Bench) -> None:
    load(on, row())
    assert load(on, row(), marketplaces=(US, DE)) == Applied(0, 1)
    assert len(shown(on)) == len(shown(on, US)) == 1


def test_nothing_of_another_tenant_is_reached(on: Bench) -> None:
    load(on, row())
    other = bench(on.aws, subject="ben")
    with tenant_scope(other.seller.tenant_id):
        with pytest.raises(NotFound):
            returns.rows_view(on.seller.connection_id, returns.DATASET, None, None, 10)
        with pytest.raises(TenantScopeConflict):
            load(on, row())
