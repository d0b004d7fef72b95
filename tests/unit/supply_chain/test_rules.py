"""How Amazon's two inbound APIs make one shipment."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.supply_chain import rules
from quayside.supply_chain.rules import (
    Item,
    PlannedItem,
    PlannedShipment,
    ReceivedItem,
    ReceivedShipment,
    Shipment,
    UnusableInbound,
    Words,
)

PLANNED = PlannedShipment("sh1", "wf1", "SHIPPED", "Autumn", None, 1, 2, 3, 4, ("1Z",))
RECEIVED = ReceivedShipment("RECEIVING", "Autumn (old)", "PHX7")


WINDOWS = {"ready_from": 1, "ready_until": 2, "delivery_from": 3, "delivery_until": 4, "tracking_ids": ("1Z",)}


def shipment(**parts: object) -> Shipment:
    return msgspec.convert(parts, Shipment)


@pytest.mark.parametrize(
    ("planned", "received", "made"),
    [
        (None, None, shipment()),
        (Words(1, PLANNED), None, shipment(plan_id="wf1", status="SHIPPED", name="Autumn", **WINDOWS)),
        (None, Words(1, RECEIVED), shipment(receiving_status="RECEIVING", name="Autumn (old)", destination="PHX7")),
        (
            Words(1, PLANNED),
            Words(2, RECEIVED),
            shipment(
                plan_id="wf1",
                status="SHIPPED",
                receiving_status="RECEIVING",
                name="Autumn (old)",
                destination="PHX7",
                **WINDOWS,
            ),
        ),
    ],
)
def test_a_shipment_is_made_of_what_both_know(
    planned: Words[PlannedShipment] | None, received: Words[ReceivedShipment] | None, made: Shipment
) -> None:
    assert rules.shipment_of(planned, received) == made


def test_of_two_names_the_newer_counts() -> None:
    assert rules.shipment_of(Words(3, PLANNED), Words(2, RECEIVED)).name == "Autumn"
    assert rules.shipment_of(Words(1, PLANNED), Words(2, RECEIVED)).name == "Autumn (old)"


@pytest.mark.parametrize(
    ("planned", "received", "item", "missing"),
    [
        (PlannedItem(10, "B1", "X1"), None, Item(expected=10, received=None, asin="B1", fnsku="X1"), None),
        (PlannedItem(10, "B1"), ReceivedItem(8, 5, "X2"), Item(expected=8, received=5, asin="B1", fnsku="X2"), 3),
        (None, ReceivedItem(8, 9), Item(expected=8, received=9), -1),
        (None, None, Item(expected=0, received=None), None),
    ],
)
def test_what_was_shipped_counts_once_it_is_known(
    planned: PlannedItem | None, received: ReceivedItem | None, item: Item, missing: int | None
) -> None:
    found = rules.item_of(planned, received)
    assert (found, found.missing) == (item, missing)


@pytest.mark.parametrize(("sku", "units"), [("", (1,)), (" ", (0,)), ("A", (1, -1))])
def test_items_that_cant_be_true_are_refused(sku: str, units: tuple[int, ...]) -> None:
    with pytest.raises(UnusableInbound):
        rules.checked_units(sku, *units)
    rules.checked_units("A", 0)


entries = st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from("abc"), st.builds(PlannedItem, st.integers(0, 99))))


@given(entries)
def test_no_unit_of_an_expiry_date_or_lot_is_lost(listed: list[tuple[str, str, PlannedItem]]) -> None:
    summed = rules.together(listed)
    assert sum(item.quantity for item in summed.values()) == sum(item.quantity for _, _, item in listed)
    assert set(summed) == {(shipment, sku) for shipment, sku, _ in listed}
