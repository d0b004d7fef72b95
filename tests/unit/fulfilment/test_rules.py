"""Whose recipients are kept, and from when Amazon's 30 days are counted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quayside.fulfilment.rules import BY_AMAZON, Parcel, life_counts_from, need_of
from quayside.fulfilment.service import Command, command_for
from quayside.orders.rules import KNOWN_STATUSES

BOUGHT = datetime(2026, 11, 1, 10, tzinfo=UTC)
SHIP_BY, DELIVER_BY = BOUGHT + timedelta(days=2), BOUGHT + timedelta(days=8)
instants = st.integers(0, 300).map(lambda days: BOUGHT + timedelta(days=days))


@pytest.mark.parametrize(
    ("status", "fulfilled_by", "need"),
    [
        ("UNSHIPPED", "MERCHANT", "seal"),
        ("PARTIALLY_SHIPPED", "MERCHANT", "seal"),
        ("SHIPPED", "MERCHANT", "redate"),
        ("CANCELLED", "MERCHANT", "destroy"),
        ("UNFULFILLABLE", "MERCHANT", "destroy"),
        ("PENDING", "MERCHANT", None),
        ("PENDING_AVAILABILITY", "MERCHANT", None),
        ("SOMETHING_NEW", "MERCHANT", None),
        # Who ships it is not said: nothing is read, and a cancelled order leaves nothing behind.
        ("UNSHIPPED", "", None),
        ("CANCELLED", "", "destroy"),
    ],
)
def test_what_an_orders_state_asks_for(status: str, fulfilled_by: str, need: str | None) -> None:
    assert need_of(status, fulfilled_by) == need


@pytest.mark.parametrize("status", KNOWN_STATUSES)
def test_what_amazon_ships_is_none_of_our_business(status: str) -> None:
    assert need_of(status, BY_AMAZON) is None
    assert command_for("1", status, BY_AMAZON) is None


def test_each_need_has_its_command() -> None:
    assert command_for("1", "UNSHIPPED", "MERCHANT") == Command("recipients.fetch", {"order_id": "1"})
    assert command_for("1", "SHIPPED", "MERCHANT") == Command("recipients.fetch", {"order_id": "1", "shipped": "yes"})
    assert command_for("1", "CANCELLED", "MERCHANT") == Command("personal_data.destroy", {"order_id": "1"})


@pytest.mark.parametrize(
    ("ship_by", "deliver_by", "counted_from"),
    [(SHIP_BY, DELIVER_BY, DELIVER_BY), (SHIP_BY, None, SHIP_BY), (None, None, BOUGHT)],
)
def test_until_a_delivery_is_known_the_latest_promise_counts(
    ship_by: datetime | None, deliver_by: datetime | None, counted_from: datetime
) -> None:
    found = life_counts_from(created_at=BOUGHT, ship_by=ship_by, deliver_by=deliver_by, status="UNSHIPPED", parcels=())
    assert found == counted_from


@given(st.lists(instants, min_size=1, max_size=4), st.data())
def test_a_delivered_order_counts_from_its_last_hand_over(shipped: list[datetime], data: st.DataObject) -> None:
    """Never later than the delivery itself, which Amazon does not tell; one parcel under way and the promise counts."""
    parcels = [Parcel(is_delivered=True, shipped_at=at) for at in shipped]
    known = {"created_at": BOUGHT, "ship_by": SHIP_BY, "deliver_by": DELIVER_BY}
    assert life_counts_from(**known, status="SHIPPED", parcels=parcels) == max(shipped)
    assert life_counts_from(**known, status="PARTIALLY_SHIPPED", parcels=parcels) == DELIVER_BY
    place = data.draw(st.integers(0, len(parcels) - 1))
    for unknown in (Parcel(is_delivered=False, shipped_at=shipped[place]), Parcel(is_delivered=True, shipped_at=None)):
        parcels[place] = unknown
        assert life_counts_from(**known, status="SHIPPED", parcels=parcels) == DELIVER_BY
