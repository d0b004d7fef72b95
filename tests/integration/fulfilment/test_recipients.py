"""Recipients from Amazon into the vault and out of it: kept, dated anew, destroyed, and only where that is switched on.

Amazon is the simulator, whose buyers' data is marked, so that whoever keeps any of it in clear is found out.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from infra.simulator.application import DEFAULT_ROLES, ROLE_DIRECT_TO_CONSUMER
from infra.simulator.lifecycle import State
from infra.simulator.windows import windows_of
from infra.simulator.world import Order, Seller
from quayside.connections import service as connections
from quayside.fulfilment import service as fulfilment
from quayside.kernel.clock import from_epoch_milliseconds
from quayside.kernel.errors import Conflict, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import pii_vault
from quayside.storage.pii_vault import OrderReference, Reading, expiry_day
from quayside.sync import service as sync
from quayside.sync.registry import MERCHANT_FULFILMENT, RECIPIENTS
from tests.support.amazon import TENANT, Stage, stage

MARK = "PLANTEDBUYER"
DAY = 86_400


class Shop:
    """A connected account with a listing that its seller ships itself, and one that Amazon ships."""

    def __init__(self, on: Stage, seller: Seller, connection_id: ConnectionId) -> None:
        self.on = on
        self.world = on.simulator.world
        self.seller = seller
        self.connection_id = connection_id
        offers = self.world.listings_of(seller, seller.marketplaces[0])
        self.own = next(each.sku for each in offers if not each.by_amazon)
        self.amazons = next(each.sku for each in offers if each.by_amazon)

    def buy(self, sku: str | None = None, state: str = "UNSHIPPED") -> Order:
        """Place an order and let it come so far."""
        order = self.world.new_order(self.seller, sku=sku or self.own, may_fail=False)
        return order if state == "PENDING" else self.world.advance_order(self.seller, order.order_id, state)

    def become(self, order: Order, state: str) -> None:
        """Let an order come so far."""
        self.world.advance_order(self.seller, order.order_id, state)

    def switch(self, *, on: bool) -> None:
        """Switch merchant fulfilment on or off, as a member does."""
        with tenant_scope(TENANT):
            sync.switch_feature(self.connection_id, MERCHANT_FULFILMENT, on, self.on.clock, self.on.entropy)

    def ask(self, kind: str, **arguments: str) -> None:
        """Send one command and run everything that follows."""
        self.on.desk.ask(kind, TENANT, self.connection_id, cause="notification", **arguments)
        self.on.run()

    def find(self) -> None:
        """Go through all orders, as the schedule does; a search of Amazon's ends two minutes ago."""
        self.on.clock.advance(200)
        self.ask("recipients.find")

    def kept(self) -> dict[str, date]:
        """Return of which orders the recipient is kept, and as which day begins its life ends."""
        with tenant_scope(TENANT):
            found = pii_vault.kept_of(self.connection_id, limit=100).kept
        return {each.order_id: each.expires_on for each in found}

    def shown(self, order: Order) -> dict[str, str]:
        """Return what the vault opens for a label."""
        place = OrderReference(self.connection_id, order.order_id)
        with tenant_scope(TENANT):
            return pii_vault.read(place, Reading("member-1", "label"), clock=self.on.clock).reveal()

    def health(self) -> Any:
        """Return how the dataset is doing."""
        with tenant_scope(TENANT):
            return connections.health_of(self.connection_id).get(RECIPIENTS)


@pytest.fixture(scope="module")
def opened() -> Iterator[Shop]:
    with stage() as on:
        on.simulator.world.buyers_marker = MARK
        seller = on.simulator.world.create_seller("quiet-us", selling_partner_id="A1SHIPSITSELF")
        connection_id = on.begin(seller)
        on.run()
        yield Shop(on, seller, connection_id)


@pytest.fixture
def shop(opened: Shop) -> Iterator[Shop]:
    """The shop with merchant fulfilment on, the role granted, and nothing to ship."""
    opened.on.simulator.application.roles[:] = [*DEFAULT_ROLES, ROLE_DIRECT_TO_CONSUMER]
    opened.on.clock.advance(3600)
    opened.switch(on=True)
    opened.on.run()
    yield opened
    for order_id in [*opened.kept()]:
        with tenant_scope(TENANT):
            pii_vault.destroy(OrderReference(opened.connection_id, order_id))
    # Nothing of one test has to be shipped in the next.
    ended = (int(State.CANCELLED), opened.seller.pk)
    opened.world.storage.connection.execute("UPDATE orders SET state = ? WHERE seller = ?", ended)
    opened.on.collect()
    opened.on._waiting.clear()


def promise_of(order: Order) -> date:
    return expiry_day(from_epoch_milliseconds(windows_of(order).deliver_latest))


def test_the_recipient_of_an_order_to_ship_is_sealed_until_30_days_after_its_promise(shop: Shop) -> None:
    order, other, pending = shop.buy(), shop.buy(shop.amazons), shop.buy(state="PENDING")
    for each in (order, other, pending):
        shop.ask("recipients.fetch", order_id=each.order_id)
    assert shop.kept() == {order.order_id: promise_of(order)}
    found = shop.shown(order)
    assert {name for name, text in found.items() if MARK in text} == {
        "name", "address_line1", "city", "postal_code", "phone",
    }  # fmt: skip
    tables = ("core_table", "pii_table", "pii_keys_table", "coordination_table", "audit_table", "vault_table")
    assert MARK not in repr([shop.on.aws.items(table) for table in tables])
    assert MARK not in repr(shop.on.ended)


def test_all_open_orders_are_found_and_those_that_ended_let_go(shop: Shop) -> None:
    orders = [shop.buy() for _ in range(3)]
    shop.find()
    assert set(shop.kept()) == {order.order_id for order in orders}
    health = shop.health()
    assert (health.failure_reason, int(health.last_rows)) == (None, 3)
    shop.on.clock.advance(4 * 3600)
    # The message of this cancellation got lost.
    shop.become(orders[0], "CANCELLED")
    shop.on.clock.advance(600)
    shop.find()
    assert set(shop.kept()) == {order.order_id for order in orders[1:]}


def test_a_cancelled_orders_recipient_goes_at_once_by_message_and_by_document(shop: Shop) -> None:
    told, fetched = shop.buy(), shop.buy()
    shop.find()
    shop.ask("personal_data.destroy", order_id=told.order_id)
    assert set(shop.kept()) == {fetched.order_id}
    shop.become(fetched, "CANCELLED")
    shop.ask("orders.fetch", order_id=fetched.order_id)
    assert shop.kept() == {}
    with pytest.raises(NotFound):
        shop.shown(told)


def test_a_known_delivery_ends_the_life_30_days_after_the_parcel_was_handed_over(shop: Shop) -> None:
    order = shop.buy()
    shop.ask("recipients.fetch", order_id=order.order_id)
    shop.on.clock.advance(3600)
    shop.become(order, "SHIPPED")
    handed_over = shop.on.clock.now()
    shop.ask("recipients.fetch", order_id=order.order_id, shipped="yes")
    assert shop.kept() == {order.order_id: promise_of(order)}, "under way: the promise counts"
    shop.on.clock.advance(2 * DAY)
    shop.become(order, "DELIVERED")
    shop.ask("recipients.fetch", order_id=order.order_id, shipped="yes")
    assert shop.kept() == {order.order_id: expiry_day(handed_over)}
    assert expiry_day(handed_over) < promise_of(order)
    assert MARK in shop.shown(order)["name"]


def test_once_shipped_amazon_is_asked_for_nothing_about_people(shop: Shop) -> None:
    """A recipient that was never kept is not fetched after the fact."""
    order = shop.buy(state="SHIPPED")
    shop.ask("recipients.fetch", order_id=order.order_id, shipped="yes")
    shop.find()
    assert shop.kept() == {}


def test_without_the_role_the_seller_is_told_and_nothing_half_is_kept(shop: Shop) -> None:
    shop.on.simulator.application.roles[:] = DEFAULT_ROLES
    order = shop.buy()
    shop.find()
    assert shop.kept() == {}
    assert "Direct-to-Consumer Shipping (Restricted)" in shop.health().failure_reason
    shop.ask("orders.fetch", order_id=order.order_id)
    with tenant_scope(TENANT):
        standing = fulfilment.standing(order.order_id, None, shop.on.clock)
        assert connections.get(shop.connection_id).trouble is None, "everything else goes on"
    assert (standing.state, standing.reason) == ("waiting", shop.health().failure_reason)
    shop.on.simulator.application.roles.append(ROLE_DIRECT_TO_CONSUMER)
    shop.find()
    assert set(shop.kept()) == {order.order_id}
    assert shop.health().failure_reason is None


def test_switched_off_nothing_is_read_and_what_was_kept_is_deleted(shop: Shop) -> None:
    orders = [shop.buy() for _ in range(2)]
    shop.find()
    assert len(shop.kept()) == 2
    shop.switch(on=False)
    shop.on.step()
    assert shop.kept() == {}
    # What a worker was about to seal at that moment goes with the second look.
    place = OrderReference(shop.connection_id, "late")
    with tenant_scope(TENANT):
        data, ends = pii_vault.PersonalData({"name": MARK}), promise_of(orders[0])
        pii_vault.put(place, data, expires_on=ends, source="amazon:orders", clock=shop.on.clock)
    shop.on.run()
    assert shop.kept() == {}
    shop.ask("recipients.fetch", order_id=orders[0].order_id)
    assert (shop.on.ended[-1][1], shop.kept()) == ("stopped", {})
    with tenant_scope(TENANT), pytest.raises(Conflict, match="switched off"):
        sync.run_now(shop.connection_id, RECIPIENTS, shop.on.clock)


def test_switched_off_and_on_again_deletes_nothing_that_is_needed(shop: Shop) -> None:
    shop.switch(on=False)
    shop.switch(on=True)
    order = shop.buy()
    shop.on.run()
    shop.find()
    assert set(shop.kept()) == {order.order_id}


def test_nothing_of_it_can_be_read_after_its_day_and_late_facts_revive_nothing(shop: Shop) -> None:
    order = shop.buy()
    shop.ask("recipients.fetch", order_id=order.order_id)
    ends = pii_vault.ends_at(promise_of(order))
    shop.on.clock.advance((ends - shop.on.clock.now() + timedelta(seconds=1)).total_seconds())
    with pytest.raises(pii_vault.PersonalDataExpired):
        shop.shown(order)
    shop.on._waiting.clear()
    shop.ask("recipients.fetch", order_id=order.order_id)
    assert shop.kept() == {}
