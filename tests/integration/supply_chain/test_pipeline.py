"""The pipeline of a marketplace, and what restock is told of it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from quayside.accounts.rules import PERMISSIONS_OF_ROLE
from quayside.amazon.inbound import InboundItem, InboundShipment
from quayside.inventory import service as inventory
from quayside.inventory.rules import PositionFacts, Quantities
from quayside.kernel.errors import NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.procurement import order_service, supplier_service
from quayside.procurement.order_service import Actor, NewOrder
from quayside.procurement.rules import NewLine
from quayside.procurement.supplier_service import SupplierTerms
from quayside.supply_chain import inbound_service, pipeline_service, service
from quayside.supply_chain import shipment_service as shipments
from quayside.supply_chain.pipeline_service import Due, Supply
from quayside.supply_chain.pipeline_views import PipelineLine
from quayside.supply_chain.shipment_service import LegDraft, LineDraft, ShipmentDraft
from quayside.supply_chain.shipment_views import ShipmentCard
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import DE, US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US, DE))
    with tenant_scope(made.seller.tenant_id):
        yield made


def today(on: Bench) -> date:
    return shipments.today_of(US, on.now)


def stock(on: Bench, sku: str, **quantities: int) -> None:
    facts = PositionFacts(
        marketplace_id=US, seller_sku=sku, updated_at=on.now, quantities=Quantities(**quantities), title=f"Lamp {sku}"
    )
    inventory.apply_facts(on.seller.connection_id, facts, received_at=on.now)


def enter(on: Bench, number: int, *lines: LineDraft, place: str = US) -> ShipmentCard:
    leg = LegDraft(
        "sea",
        planned_start=today(on) - timedelta(days=9),
        planned_end=today(on) - timedelta(days=1),
        actual_start=today(on) - timedelta(days=3),
    )
    draft = ShipmentDraft(f"S{number}", on.seller.connection_id, place, (leg,), lines)
    return shipments.enter(draft, member_id="anna", clock=on.aws.clock, entropy=entropy_of(number))


def ordered(on: Bench, sku: str, units: int) -> str:
    supplier = supplier_service.add_supplier(SupplierTerms("Anker", "USD"), clock=on.aws.clock, entropy=entropy_of(70))
    new = NewOrder(
        supplier.supplier_id, (NewLine(sku, units, "2.50", "Lamp"),), expected_on=today(on) + timedelta(days=40)
    )
    made = order_service.draft(new, member_id="anna", clock=on.aws.clock, entropy=entropy_of(71))
    actor = Actor("anna", "owner", PERMISSIONS_OF_ROLE["owner"])
    made = order_service.move(made.order_id, "approve", made.step, actor=actor, clock=on.aws.clock)
    return order_service.move(made.order_id, "send", made.step, actor=actor, clock=on.aws.clock).order_id


def pipeline(on: Bench, limit: int = 25, place: str = US) -> list[PipelineLine]:
    found: list[PipelineLine] = []
    cursor = None
    while True:
        page = pipeline_service.list_pipeline(on.seller.connection_id, place, cursor, limit, clock=on.aws.clock)
        assert len(page.lines) <= limit
        found += page.lines
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_one_line_a_sku_from_the_order_to_the_shelf(on: Bench) -> None:
    stock(on, "A", fulfillable=7, inbound_shipped=2, reserved_transfer=1, unfulfillable=3)
    order_id = ordered(on, "A", 100)
    enter(on, 1, LineDraft("A", 30, order_id=order_id, line_id="1"), LineDraft("NEW", 5))
    enter(on, 2, LineDraft("A", 4), place=DE)
    first, second = pipeline(on)
    assert (first.seller_sku, second.seller_sku) == ("A", "NEW")
    stages = first.stages
    assert (stages.on_order, stages.in_transit, stages.inbound, stages.available) == (70, 30, 2, 7)
    assert (stages.reserved, stages.unfulfillable, first.total.value) == (1, 3, 113)
    assert (first.late_days, first.arrives) == (6, today(on) + timedelta(days=5))
    assert "on order 70 + in transit 30" in first.total.method.filled
    german = {line.seller_sku: line.stages for line in pipeline(on, place=DE)}
    assert (german["A"].in_transit, german["A"].on_order) == (4, 70)
    with pytest.raises(NotFound):
        pipeline(on, place="A1VC38T7YXB528")


def test_pages_hold_every_sku_once(on: Bench) -> None:
    for sku in ("A", "A-1", "B", "D"):
        stock(on, sku, fulfillable=1)
    enter(on, 1, *(LineDraft(sku, 1) for sku in ("A", "A/x", "C", "E", "F")))
    ordered(on, "BB", 5)
    whole = [line.seller_sku for line in pipeline(on)]
    assert sorted(whole) == sorted(["A", "A-1", "A/x", "B", "BB", "C", "D", "E", "F"])
    for limit in (1, 2, 3):
        assert [line.seller_sku for line in pipeline(on, limit)] == whole


def test_units_that_amazon_counts_are_not_counted_again_and_restock_knows_the_rest(on: Bench) -> None:
    stock(on, "A", fulfillable=7)
    order_id = ordered(on, "A", 100)
    card = enter(on, 1, LineDraft("A", 30, order_id=order_id, line_id="1"))
    due = Supply().due(on.seller.connection_id, US, "A")
    assert due == (
        Due(30, today(on) + timedelta(days=5), to_amazon=True),
        Due(70, today(on) + timedelta(days=40), to_amazon=False),
    )
    service.apply_inbound(
        on.seller.tenant_id, on.seller.connection_id,
        shipments=[InboundShipment("FBA1", "FBA1", name="x", status="SHIPPED", destination="PHX7")],
        items=[InboundItem("FBA1", "A", 30, 0, None, "X1")], received_at=on.now, clock=on.aws.clock,
    )  # fmt: skip
    inbound_service.match(card.shipment.shipment_id, ["FBA1"], 1, member_id="ben", clock=on.aws.clock)
    (line,) = pipeline(on)
    assert (line.stages.in_transit, line.stages.on_order, line.moving[0].at_amazon) == (0, 70, True)
    assert [each.units for each in Supply().due(on.seller.connection_id, US, "A")] == [70]


def test_restock_is_told_how_long_legs_took_once_three_were_measured(on: Bench) -> None:
    for number, days in enumerate((20, 24, 40)):
        ended = today(on) - timedelta(days=1)
        leg = LegDraft("sea", actual_start=ended - timedelta(days=days), actual_end=ended)
        draft = ShipmentDraft(f"S{number}", on.seller.connection_id, US, (leg,), (LineDraft("A", 5),))
        shipments.enter(draft, member_id="anna", clock=on.aws.clock, entropy=entropy_of(number))
    supply = Supply()
    assert sorted(supply.days_of("A", "Freight and customs")) == [20, 24, 40]
    assert supply.days_of("B", "Freight and customs") == supply.days_of("A", "Carrier") == ()
