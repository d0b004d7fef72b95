"""Inbound shipments in the store: two APIs, one shipment, and nothing of addresses."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from quayside.amazon.inbound import InboundItem, InboundPlan, InboundShipment, decode_shipments_v0
from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import NotFound
from quayside.kernel.tenancy import TenantScopeConflict, tenant_scope
from quayside.supply_chain import service
from quayside.sync.sinks import Applied
from quayside.sync.views import Cell
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench, table, writes
from tests.support.fresh import emptied
from tests.support.notifications import US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Bench:
    return bench(emptied(shared))


CHANGED = parse_instant("2026-11-20T00:00:00Z")


def plan(status: str = "ACTIVE", changed: datetime = CHANGED) -> InboundPlan:
    return InboundPlan("wf1", status, parse_instant("2026-11-01T00:00:00Z"), changed, "Autumn", (US,))


def planned(confirmation_id: str | None = "FBA1", status: str = "SHIPPED") -> InboundShipment:
    window = parse_instant("2026-11-25T00:00:00Z"), parse_instant("2026-11-28T00:00:00Z")
    return InboundShipment("sh1", confirmation_id, "wf1", "Autumn", status, None, None, None, *window, ("1Z",))


def received(status: str = "RECEIVING") -> InboundShipment:
    return InboundShipment("FBA1", "FBA1", name="Autumn", status=status, destination="PHX7")


def planned_item(quantity: int, sku: str = "A") -> InboundItem:
    return InboundItem("sh1", sku, quantity, None, "B1", "X1")


def received_item(shipped: int, taken_in: int, sku: str = "A") -> InboundItem:
    return InboundItem("FBA1", sku, shipped, taken_in, None, "X1")


def apply(on: Bench, **parts: Any) -> Applied:
    given: dict[str, Any] = {"received_at": on.now, "clock": on.aws.clock} | parts
    return service.apply_inbound(on.seller.tenant_id, on.seller.connection_id, **given)


def shown(on: Bench) -> list[dict[str, Cell]]:
    with tenant_scope(on.seller.tenant_id):
        return table(service.rows_view(on.seller.connection_id, service.DATASET, None, None, 50))


def test_both_apis_make_one_shipment(on: Bench) -> None:
    assert apply(on, plans=[plan()], shipments=[planned()], items=[planned_item(6), planned_item(4)]) == Applied(3, 0)
    assert apply(on, shipments=[received()], items=[received_item(10, 7)]) == Applied(2, 0)
    assert shown(on) == [
        {
            "shipment_id": "FBA1", "name": "Autumn", "status": "SHIPPED", "receiving_status": "RECEIVING",
            "destination": "PHX7", "seller_sku": "A", "fnsku": "X1", "expected": 10, "received": 7, "missing": 3,
            "delivery_from": "2026-11-25T00:00:00Z", "delivery_until": "2026-11-28T00:00:00Z", "tracking": "1Z",
            "plan_id": "wf1",
        }
    ]  # fmt: skip
    assert on.kinds() == {"inbound_plan": 1, "inbound_shipment": 1, "inbound_item": 1}


def test_neither_api_wipes_what_only_the_other_knows(on: Bench) -> None:
    apply(on, shipments=[received()], items=[received_item(10, 7)])
    on.aws.clock.advance(60)
    apply(on, shipments=[planned()])
    apply(on, items=[planned_item(10)])
    (row,) = shown(on)
    assert (row["received"], row["tracking"], row["receiving_status"]) == (7, "1Z", "RECEIVING")


def test_the_same_answers_again_cost_no_write(on: Bench) -> None:
    answers: dict[str, Any] = {
        "plans": [plan()],
        "shipments": [planned(), received()],
        "items": [planned_item(6, f"SKU{place}") for place in range(5)]
        + [received_item(6, 1, f"SKU{place}") for place in range(5)],
    }
    apply(on, **answers)
    on.aws.clock.advance(3600)
    with on.calls() as made:
        assert apply(on, **answers) == Applied(0, 13)
    assert writes(made) == 0


def test_older_answers_change_nothing(on: Bench) -> None:
    apply(on, plans=[plan("SHIPPED")], shipments=[received("CLOSED")], items=[received_item(10, 10)])
    late: dict[str, Any] = {"shipments": [received()], "items": [received_item(10, 2)], "received_at": on.ago(hours=1)}
    older = [plan("ACTIVE", parse_instant("2026-11-19T00:00:00Z"))]
    assert apply(on, plans=older, **late) == Applied(0, 3)
    (row,) = shown(on)
    assert (row["received"], row["receiving_status"]) == (10, "CLOSED")


def test_a_shipment_that_is_confirmed_later_is_not_there_twice(on: Bench) -> None:
    apply(on, shipments=[planned(None, "WORKING")], items=[planned_item(10)])
    assert [row["shipment_id"] for row in shown(on)] == ["sh1"]
    on.aws.clock.advance(60)
    apply(on, shipments=[planned()], items=[planned_item(10)])
    assert [(row["shipment_id"], row["expected"]) for row in shown(on)] == [("FBA1", 10)]
    assert on.kinds() == {"inbound_shipment": 1, "inbound_item": 1}


def test_a_shipment_received_before_its_plan_was_read_takes_its_plan_over(on: Bench) -> None:
    apply(on, shipments=[planned(None)], items=[planned_item(10)])
    apply(on, shipments=[received()], items=[received_item(10, 3)])
    assert on.kinds() == {"inbound_shipment": 2, "inbound_item": 2}
    on.aws.clock.advance(60)
    apply(on, shipments=[planned()], items=[planned_item(10)])
    assert on.kinds() == {"inbound_shipment": 1, "inbound_item": 1}
    assert [(row["expected"], row["received"]) for row in shown(on)] == [(10, 3)]


def test_statuses_nobody_knows_are_kept(on: Bench) -> None:
    apply(on, shipments=[planned(status="TELEPORTED")], items=[planned_item(1)])
    assert shown(on)[0]["status"] == "TELEPORTED"


def test_items_that_cant_be_true_are_named(on: Bench) -> None:
    applied = apply(on, items=[received_item(5, -1), received_item(5, 5, "B"), planned_item(3, " ")])
    assert (applied.applied, [each.identity for each in applied.rejected]) == (1, ["FBA1 A", "sh1  "])


def test_no_address_is_stored(on: Bench) -> None:
    address = {"Name": "Anna Seller", "AddressLine1": "Harbour Street 1", "City": "Berlin", "PostalCode": "10115"}
    answer = {
        "payload": {"ShipmentData": [{"ShipmentId": "FBA1", "ShipmentStatus": "WORKING", "ShipFromAddress": address}]}
    }
    apply(on, shipments=decode_shipments_v0(msgspec.json.encode(answer)).shipments)
    assert on.kinds() == {"inbound_shipment": 1}
    assert not [value for value in address.values() if value in str(on.aws.items())]


def test_nothing_of_another_tenant_is_reached(on: Bench) -> None:
    apply(on, items=[received_item(5, 1)])
    other = bench(on.aws, subject="ben")
    with tenant_scope(other.seller.tenant_id):
        with pytest.raises(NotFound):
            service.rows_view(on.seller.connection_id, service.DATASET, None, None, 10)
        with pytest.raises(TenantScopeConflict):
            apply(on, items=[received_item(5, 1)])
