"""The worker against the simulator: a connection from consent to facts, and what keeps it fresh."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from infra.simulator.world import Seller
from quayside.amazon.errors import TenantBlocked
from quayside.amazon.tokens import BLOCK_SECONDS
from quayside.connections import service as connections
from quayside.connections import store
from quayside.kernel.clock import parse_instant
from quayside.kernel.ids import tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.blocks import block_of, lift_block, put_block
from quayside.sync.service import show_connection
from tests.support.amazon import TENANT, Stage, id_of, stage

OTHER = tenant_id_of("another-seller")


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as opened:
        yield opened


def shop(on: Stage, orders: int = 3, partner: str = "A1WORKER") -> Seller:
    """Return a seller with some orders, the last of which is new."""
    seller = on.simulator.world.create_seller("quiet-us", selling_partner_id=partner)
    for _ in range(orders):
        on.simulator.world.new_order(seller)
        on.clock.advance(86_400)
    on.simulator.world.step()
    return seller


def orders(on: Stage) -> dict[str, dict[str, Any]]:
    return {item["sk"]["S"].rsplit("#", 1)[1]: item for item in on.aws.items() if item["kind"]["S"] == "order"}


def facts(on: Stage) -> dict[str, dict[str, Any]]:
    """Return the orders without the time at which they were received."""
    return {
        order_id: {name: value for name, value in item.items() if name != "received_at"}
        for order_id, item in orders(on).items()
    }


def throttled(on: Stage) -> int:
    return sum(each["throttled"] for each in on.calls().values())


def test_a_seller_connects_and_history_stock_and_freshness_follow(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    connection = on.connection(connection_id)
    assert (connection.status, connection.name) == ("connected", "Quiet Pier · Americas")
    assert {key: step.state for key, step in connection.steps.items()} == dict.fromkeys(connection.steps, "done")
    assert set(connection.subscriptions) == set(connections.NOTIFICATION_TYPES)
    assert on.calls()["getMarketplaceParticipations"]["calls"] == 1
    assert len(orders(on)) == 3
    with tenant_scope(TENANT):
        shown = show_connection(connection_id, on.clock)
        health = connections.health_of(connection_id)["orders"]
    states = {each.dataset: each.state for each in shown.datasets}
    assert (states["orders"], states["inventory"]) == ("fresh", "fresh")
    assert [each.rows > 0 for each in shown.datasets[:2]] == [True, True]
    assert on.clock.now() - parse_instant(health.complete_from) >= timedelta(days=60)
    (serving,) = connections.serving(seller.selling_partner_id)
    assert serving.accepts(connection.subscriptions["ORDER_CHANGE"])
    assert not serving.accepts("somebody-elses")
    assert throttled(on) == 0
    assert [item["sk"]["S"] for item in on.aws.items("vault_table") if item["pk"]["S"].startswith("T#")] == [
        "REFRESH_TOKEN"
    ]


def test_the_schedule_brings_what_no_notification_told(on: Stage) -> None:
    seller = shop(on, orders=1)
    connection_id = on.begin(seller)
    on.run()
    order = on.simulator.world.new_order(seller)
    on.simulator.world.commit()
    sent = 0
    for _ in range(5):
        sent += on.tick(300)
        on.run()
    assert sent >= 1
    assert order.order_id in orders(on)
    with tenant_scope(TENANT):
        assert show_connection(connection_id, on.clock).datasets[0].state == "fresh"
    assert throttled(on) == 0


def test_one_order_is_fetched_with_its_money(on: Stage) -> None:
    seller = shop(on, orders=1)
    connection_id = on.begin(seller)
    on.run()
    order = on.simulator.world.new_order(seller)
    on.clock.advance(86_400)
    on.simulator.world.step()
    on.desk.ask("orders.fetch", TENANT, connection_id, cause="notification", order_id=order.order_id)
    on.run()
    assert "prices" in orders(on)[order.order_id]


def test_a_refused_request_is_recorded_with_its_id_and_not_repeated(on: Stage) -> None:
    connection_id = on.begin(shop(on, orders=0))
    on.run()
    on.desk.ask("orders.fetch", TENANT, connection_id, cause="notification", order_id="902-0000000-0000000")
    assert on.run() == 1
    assert on.ended[-1][1] == "refused"
    with tenant_scope(TENANT):
        shown = show_connection(connection_id, on.clock).datasets[0]
    assert shown.state == "failing"
    assert "Amazon's request id: " in shown.reason


def test_fifty_commands_for_one_seller_wait_their_turn_and_none_is_throttled(on: Stage) -> None:
    seller = shop(on, orders=1)
    connection_id = on.begin(seller)
    on.run()
    (order_id,) = orders(on)
    for _ in range(50):
        on.desk.ask("orders.fetch", TENANT, connection_id, cause="notification", order_id=order_id)
    on.run(steps=2000)
    assert on.calls()["getOrder"]["calls"] == 50
    assert throttled(on) == 0
    assert {ending for _, ending in on.ended} <= {"done", "waits"}


def test_duplicate_commands_do_no_harm(on: Stage) -> None:
    seller = shop(on, orders=2)
    connection_id = on.begin(seller)
    done = []
    while (found := on.step()) is not None:
        if found[1] == "waits":
            continue
        done.append(found[0])
        on.worker.run(found[0])  # delivered a second time
        assert len(done) < 80
    before = facts(on)
    made = {name: on.calls()[name]["calls"] for name in ("createReport", "getReportDocument", "getInventorySummaries")}
    for command in done:
        on.worker.run(command)
    on.run()
    assert facts(on) == before
    assert {name: on.calls()[name]["calls"] for name in made} == made
    with tenant_scope(TENANT):
        windows = connections.health_of(connection_id)["orders"].windows()
    assert windows is not None
    assert (windows.rows, windows.windows_done) == (2, 2)


def test_the_grant_of_an_earlier_consent_does_not_stand_for_a_new_one(on: Stage) -> None:
    seller = shop(on, orders=0)
    connection_id = on.begin(seller)
    on.run()
    on.clock.advance(60)
    on.begin(seller, code="a-code-that-amazon-never-gave")
    on.run()
    assert on.connection(connection_id).status == "failed"
    assert "no longer takes the code" in on.connection(connection_id).status_reason


def test_disconnecting_deletes_the_subscriptions_at_amazon(on: Stage) -> None:
    seller = shop(on, orders=0)
    connection_id = on.begin(seller)
    on.run()
    with tenant_scope(TENANT):
        connections.disconnect(connection_id, seller.selling_partner_id, desk=on.desk)
    on.run()
    assert on.connection(connection_id).status == "disconnected"
    assert on.calls()["deleteSubscriptionById"]["calls"] == len(connections.NOTIFICATION_TYPES)
    assert on.tick(86_400) == 0


def test_a_subscription_stays_while_another_tenant_still_serves_the_seller(on: Stage) -> None:
    seller = shop(on, orders=0)
    connection_id = on.begin(seller)
    on.begin(seller, tenant_id=OTHER)
    on.run()
    assert len(connections.serving(seller.selling_partner_id)) == 2
    with tenant_scope(TENANT):
        connections.disconnect(connection_id, seller.selling_partner_id, desk=on.desk)
    on.run()
    assert on.connection(connection_id).status == "disconnected"
    assert "deleteSubscriptionById" not in on.calls()
    (left,) = connections.serving(seller.selling_partner_id)
    assert left.tenant_id == OTHER
    assert on.connection(id_of(seller, tenant_id=OTHER), OTHER).status == "connected"


def test_connecting_again_finds_its_history_and_only_catches_up(on: Stage) -> None:
    seller = shop(on, orders=2)
    connection_id = on.begin(seller)
    on.run()
    with tenant_scope(TENANT):
        connections.disconnect(connection_id, seller.selling_partner_id, desk=on.desk)
    on.run()
    order = on.simulator.world.new_order(seller)
    on.clock.advance(3600)
    on.simulator.world.step()
    calls = on.calls()["searchOrders"]["calls"]
    assert on.begin(seller) == connection_id
    on.run()
    assert on.connection(connection_id).status == "connected"
    assert on.connection(connection_id).steps["history"].state == "done"
    assert order.order_id in orders(on)
    assert on.calls()["searchOrders"]["calls"] - calls <= 2  # the latest day at once, and all that changed since


def test_a_command_for_a_connection_that_is_gone_calls_nobody(on: Stage) -> None:
    seller = shop(on, orders=0)
    connection_id = on.begin(seller)
    on.run()
    with tenant_scope(TENANT):
        connections.disconnect(connection_id, seller.selling_partner_id, desk=on.desk)
    on.run()
    calls = on.calls()
    for kind in ("orders.search", "inventory.list", "connection.authorise", "connection.release"):
        on.desk.ask(kind, TENANT, connection_id, cause="schedule", mode="reconcile")
    on.desk.ask("orders.fetch", TENANT, connection_id, cause="schedule", order_id="902-1")
    assert on.run() == 5
    assert {ending for _, ending in on.ended[-5:]} == {"done"}
    assert on.calls() == calls


def test_the_gateway_speaks_to_every_operation_of_the_simulator(on: Stage) -> None:
    """Paths, methods and parameters of every operation of the table are taken by a Selling Partner API."""
    seller = shop(on, orders=1)
    on.begin(seller)
    on.run()
    with tenant_scope(TENANT):
        connections.disconnect(id_of(seller), seller.selling_partner_id, desk=on.desk)
    on.run()
    called = set(on.calls())
    assert {
        "searchOrders", "getInventorySummaries", "getMarketplaceParticipations", "createDestination",
        "createSubscription", "deleteSubscriptionById",
    } <= called  # fmt: skip
    assert not [each for each in on.calls().values() if set(each["by_status"]) - {"200", "202", "204"}]


def test_nothing_is_done_for_a_blocked_tenant_and_reading_goes_on_when_the_block_is_lifted(on: Stage) -> None:
    seller = shop(on, orders=1)
    connection_id = on.begin(seller)
    on.run()
    order = on.simulator.world.new_order(seller)
    on.simulator.world.commit()
    tokens = on.worker._with.tokens
    with tenant_scope(TENANT):
        tokens.access_token(TENANT, connection_id)
        put_block(TENANT, "case-1", "Asks buyers for good reviews.", on.clock.now())
        on.clock.advance(BLOCK_SECONDS)
        with pytest.raises(TenantBlocked):  # so that work which is under way ends within seconds
            tokens.access_token(TENANT, connection_id)
    before = on.calls()
    on.desk.ask("orders.fetch", TENANT, connection_id, cause="notification", order_id=order.order_id)
    sent = sum(on.tick(300) for _ in range(3))
    on.run()
    assert (on.calls(), sent > 0) == (before, True)
    assert {ending for _, ending in on.ended[-sent - 1 :]} == {"blocked"}
    assert order.order_id not in orders(on)
    lift_block(TENANT, "another-case")
    assert block_of(TENANT) is not None
    lift_block(TENANT, "case-1")
    for _ in range(5):
        on.tick(300)
        on.run()
    assert order.order_id in orders(on)


def test_the_register_tells_of_what_use_a_key_is_and_forgets_it_with_the_key(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    (entry,) = store.credential_entries(TENANT)
    assert (entry.selling_partner_id, entry.region) == (seller.selling_partner_id, "NA")
    assert entry.granted_at <= min(entry.uses().values())
    assert {"Inventory and Order Tracking", "Amazon Fulfillment"} <= set(entry.uses())
    assert connections.accounts_of(TENANT) == ((seller.selling_partner_id, "NA"),)
    with tenant_scope(TENANT):
        connections.disconnect(connection_id, seller.selling_partner_id, desk=on.desk)
    assert list(store.credential_entries()) == []
