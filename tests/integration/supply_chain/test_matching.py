"""Shipments of the seller's beside Amazon's: matched, split, merged, taken in, missing and claimed."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
import pytest

from quayside.amazon.inbound import InboundItem, InboundShipment
from quayside.kernel.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.supply_chain import inbound_service, service
from quayside.supply_chain import shipment_service as shipments
from quayside.supply_chain.claim_rules import claim_deadline
from quayside.supply_chain.inbound_service import ClaimDraft
from quayside.supply_chain.inbound_views import ShipmentInbound
from quayside.supply_chain.shipment_service import LegDraft, LineDraft, ShipmentDraft
from quayside.supply_chain.shipment_views import ShipmentCard
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US,))
    with tenant_scope(made.seller.tenant_id):
        yield made


def delivered(on: Bench) -> date:
    return shipments.today_of(US, on.now) - timedelta(days=4)


def enter(on: Bench, number: int, lines: dict[str, int], tracking: str = "") -> ShipmentCard:
    legs = (
        LegDraft("road", tracking=tracking, actual_start=delivered(on) - timedelta(days=2), actual_end=delivered(on)),
        LegDraft("check_in", actual_start=delivered(on)),
    )
    draft = ShipmentDraft(
        f"S{number}", on.seller.connection_id, US, legs, tuple(LineDraft(sku, units) for sku, units in lines.items())
    )
    return shipments.enter(draft, member_id="anna", clock=on.aws.clock, entropy=entropy_of(number))


def told(on: Bench, inbound_id: str, status: str, **units: tuple[int, int]) -> None:
    """Amazon tells of an inbound shipment: of each SKU units sent and taken in."""
    tenant_id = on.seller.tenant_id
    on.aws.clock.advance(60)
    service.apply_inbound(
        tenant_id, on.seller.connection_id,
        shipments=[InboundShipment(inbound_id, inbound_id, name=inbound_id, status=status, destination="PHX7")],
        items=[InboundItem(inbound_id, sku, sent, taken, None, "X1") for sku, (sent, taken) in units.items()],
        received_at=on.aws.clock.now(), clock=on.aws.clock,
    )  # fmt: skip


def match(on: Bench, card: ShipmentCard, *inbound_ids: str) -> ShipmentInbound:
    shipment_id = card.shipment.shipment_id
    version = shipments.show(shipment_id, clock=on.aws.clock).shipment.version
    return inbound_service.match(shipment_id, inbound_ids, version, member_id="ben", clock=on.aws.clock)


def take_in(on: Bench, card: ShipmentCard) -> ShipmentCard:
    shipment_id = card.shipment.shipment_id
    version = shipments.show(shipment_id, clock=on.aws.clock).shipment.version
    return inbound_service.take_in(shipment_id, version, member_id="ben", clock=on.aws.clock)


def test_a_shipment_that_amazon_split_is_matched_taken_in_and_claimed(on: Bench) -> None:
    card = enter(on, 1, {"A": 100, "B": 40})
    told(on, "FBA1", "RECEIVING", A=(60, 50), B=(40, 40))
    told(on, "FBA2", "SHIPPED", A=(40, 0))
    told(on, "FBA3", "SHIPPED", Z=(9, 0))
    told(on, "FBA4", "CANCELLED", A=(100, 0))
    offered = inbound_service.candidates(card.shipment.shipment_id)
    assert [(each.inbound_id, each.likeness.percent) for each in offered.candidates] == [("FBA1", 100), ("FBA2", 100)]

    seen = match(on, card, "FBA1", "FBA2")
    assert (seen.not_announced, seen.to_take_in, seen.missing) == ({}, {"A": 50, "B": 40}, 50)
    first, second = seen.inbound
    assert (first.claim_by, first.final, second.final) == (claim_deadline(delivered(on)), False, False)
    assert [(line.seller_sku, line.missing.value, line.missing.state) for line in first.lines] == [
        ("A", 10, "estimated"),
        ("B", 0, "estimated"),
    ]
    arrived = take_in(on, card)
    assert [line.received for line in arrived.lines] == [50, 40]
    with pytest.raises(Conflict) as nothing:
        take_in(on, card)
    assert nothing.value.code == "nothing_taken_in"

    told(on, "FBA1", "CLOSED", A=(60, 55), B=(40, 40))
    told(on, "FBA2", "CLOSED", A=(40, 40))
    assert [line.received for line in take_in(on, card).lines] == [95, 40]
    closed = inbound_service.show(card.shipment.shipment_id, clock=on.aws.clock)
    assert (closed.missing, closed.inbound[0].final, closed.inbound[1].claim_by) == (5, True, None)
    draft = ClaimDraft(closed.version, "FBA1", "A", 5, "filed", " 123 ")
    claimed = inbound_service.claim(card.shipment.shipment_id, draft, member_id="ben", clock=on.aws.clock)
    assert [(each.units, each.state, each.case_id) for each in claimed.claims] == [(5, "filed", "123")]
    for wrong in (
        ClaimDraft(claimed.version, "FBA1", "A", 6),
        ClaimDraft(claimed.version, "FBA3", "A", 1),
        ClaimDraft(claimed.version, "FBA1", "Z", 1),
    ):
        with pytest.raises(InvalidInput):
            inbound_service.claim(card.shipment.shipment_id, wrong, member_id="ben", clock=on.aws.clock)
    reopened = ClaimDraft(claimed.version, "FBA1", "A", 4)
    claimed = inbound_service.claim(card.shipment.shipment_id, reopened, member_id="ben", clock=on.aws.clock)
    # The screen reads every field, also of a claim that says no more than it has to.
    (shown,) = msgspec.json.decode(msgspec.json.encode(claimed))["claims"]
    assert (shown["state"], shown["units"], shown["case_id"]) == ("open", 4, "")
    gone = ClaimDraft(claimed.version, "FBA1", "A", 0)
    assert inbound_service.claim(card.shipment.shipment_id, gone, member_id="b", clock=on.aws.clock).claims == ()


def test_shipments_that_amazon_put_together_share_what_it_took_in(on: Bench) -> None:
    first, second = enter(on, 1, {"A": 60}, tracking="1Z"), enter(on, 2, {"A": 30})
    told(on, "FBA1", "RECEIVING", A=(90, 45))
    assert match(on, first, "FBA1").to_take_in == {"A": 45}
    seen = match(on, second, "FBA1")
    assert seen.inbound[0].shared_with == (first.shipment.shipment_id,)
    assert seen.to_take_in == {"A": 15}
    assert inbound_service.show(first.shipment.shipment_id, clock=on.aws.clock).to_take_in == {"A": 30}
    # Taken out again, the other one has all of it.
    match(on, second)
    assert inbound_service.show(first.shipment.shipment_id, clock=on.aws.clock).to_take_in == {"A": 45}
    assert inbound_service.candidates(second.shipment.shipment_id).candidates[0].shared_with == (
        first.shipment.shipment_id,
    )


def test_an_old_shipment_is_found_among_many_that_amazon_told_of_later(
    on: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = enter(on, 1, {"A": 100})
    told(on, "FBA50", "CLOSED", A=(100, 96), B=(1, 1))
    others = [f"FBA{number}" for number in range(51, 86)]
    on.aws.clock.advance(60)
    service.apply_inbound(
        on.seller.tenant_id, on.seller.connection_id,
        shipments=[InboundShipment(each, each, name=each, status="SHIPPED", destination="PHX7") for each in others],
        items=[InboundItem(each, "Z", 9, 0, None, "X1") for each in others],
        received_at=on.aws.clock.now(), clock=on.aws.clock,
    )  # fmt: skip
    found = inbound_service.candidates(card.shipment.shipment_id)
    assert [(each.inbound_id, each.units) for each in found.candidates] == [("FBA50", 101)]
    assert found.examined == 36
    # Half of what is in a shipment says nothing, so one that can't be read whole is left out.
    monkeypatch.setattr(inbound_service, "_COMPARED_SKUS", 36)
    assert inbound_service.candidates(card.shipment.shipment_id).candidates == ()


def test_what_does_not_fit_is_refused(on: Bench) -> None:
    card = enter(on, 1, {"A": 60, "C": 5})
    told(on, "FBA1", "WORKING", A=(50, 0))
    with pytest.raises(NotFound) as unknown:
        match(on, card, "FBA9")
    assert unknown.value.code == "inbound_not_found"
    with pytest.raises(InvalidInput):
        match(on, card, "FBA1", "FBA1")
    assert match(on, card, "FBA1").not_announced == {"A": 10, "C": 5}
    with pytest.raises(ChangedMeanwhile):
        inbound_service.match(card.shipment.shipment_id, [], 1, member_id="ben", clock=on.aws.clock)
    with pytest.raises(NotFound):
        inbound_service.show("none", clock=on.aws.clock)
