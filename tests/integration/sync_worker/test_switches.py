"""What members and operators do and see: pause, resume, run now, features, the sync page, the run log, the board."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pynamodb.expressions.update import Action

from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import DatasetHealth
from quayside.connections.rules import OFF_UNTIL_SWITCHED_ON
from quayside.kernel.clock import FixedClock, format_instant, parse_instant
from quayside.kernel.errors import Conflict, InvalidInput, NotFound, RateLimited
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.restock import advice_service
from quayside.storage import keys
from quayside.sync import service as sync
from quayside.sync.registry import ALL_FEATURES, REGISTRY
from quayside.sync.views import DatasetSync
from tests.support.amazon import TENANT, Stage, stage


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Stage, ConnectionId]]:
    """A connected account; tests leave it live, with all on that begins so and nothing paused."""
    with stage() as opened:
        seller = opened.simulator.world.create_seller("quiet-us", selling_partner_id="A1SWITCH")
        connection_id = opened.begin(seller)
        opened.run()
        yield opened, connection_id


@pytest.fixture
def on(shared: tuple[Stage, ConnectionId]) -> Iterator[Stage]:
    opened, connection_id = shared
    opened.clock.advance(120)
    yield opened
    with tenant_scope(TENANT):
        for each in REGISTRY:
            if each.key in connections.get(connection_id).paused:
                connections.change_pause(connection_id, each.key, None)
        for feature in ALL_FEATURES:
            connections.change_features(connection_id, feature, on=feature not in OFF_UNTIL_SWITCHED_ON)
    opened.collect()
    opened._waiting.clear()


@pytest.fixture
def account(shared: tuple[Stage, ConnectionId]) -> ConnectionId:
    return shared[1]


def shown(on: Stage, account: ConnectionId, dataset: str) -> DatasetSync:
    with tenant_scope(TENANT):
        view = sync.sync_status(account, on.clock)
    return next(each for each in view.datasets if each.dataset == dataset)


def run_now(on: Stage, account: ConnectionId, dataset: str) -> None:
    with tenant_scope(TENANT):
        sync.run_now(account, dataset, on.clock, on.entropy)


def test_the_sync_page_shows_every_dataset_with_its_quota(on: Stage, account: ConnectionId) -> None:
    with tenant_scope(TENANT):
        view = sync.sync_status(account, on.clock)
    assert [each.dataset for each in view.datasets] == [each.key for each in REGISTRY]
    assert (view.connection.status, view.connection.trouble) == ("connected", None)
    assert {each.feature: each.on for each in view.features} == {
        feature: feature not in OFF_UNTIL_SWITCHED_ON for feature in ALL_FEATURES
    }
    run_now(on, account, "inventory")
    on.run()
    stock = shown(on, account, "inventory")
    assert (stock.state, stock.rows > 0) == ("fresh", True)
    assert stock.age_seconds is not None
    assert 0 <= stock.age_seconds < 3600
    (quota,) = stock.quota
    assert (quota.operation, quota.rate_per_second, quota.throttled) == ("getInventorySummaries", "2", 0)
    assert quota.left <= quota.burst
    assert shown(on, account, "finances").state == "waiting"


def test_what_was_never_read_says_when_it_is_until_that_time_has_come(account: ConnectionId) -> None:
    with tenant_scope(TENANT):
        connected_at = connections.get(account).connected_at or ""
        at_once = sync.sync_status(account, FixedClock(parse_instant(connected_at)))
        late = sync.sync_status(account, FixedClock(parse_instant(connected_at) + timedelta(days=1)))
    (waiting,) = (each for each in at_once.datasets if each.dataset == "finances")
    assert (waiting.next_at or "") > connected_at
    (overdue,) = (each for each in late.datasets if each.dataset == "finances")
    assert overdue.next_at is None


def test_a_paused_dataset_is_not_read_until_it_is_resumed(on: Stage, account: ConnectionId) -> None:
    calls = on.calls()["getInventorySummaries"]["calls"]
    with tenant_scope(TENANT):
        sync.pause(account, "inventory", "member-1", on.clock)
        sync.pause(account, "inventory", "member-2", on.clock)  # again: the first stands
        assert connections.get(account).paused["inventory"].by == "member-1"
    assert shown(on, account, "inventory").state == "paused"
    assert shown(on, account, "inventory").next_at is None
    assert "Paused since" in shown(on, account, "inventory").reason
    on.desk.ask("inventory.list", TENANT, account, cause="schedule", due="inventory")
    on.step()
    assert on.ended[-1][1] == "stopped"
    assert on.calls()["getInventorySummaries"]["calls"] == calls
    with pytest.raises(Conflict, match="is paused"):
        run_now(on, account, "inventory")
    with tenant_scope(TENANT):
        sync.resume(account, "inventory", on.clock, on.entropy)
        sync.resume(account, "inventory", on.clock, on.entropy)  # again: nothing more is asked for
    on.run()
    assert on.calls()["getInventorySummaries"]["calls"] == calls + 1
    assert shown(on, account, "inventory").state == "fresh"


def test_a_pause_ends_the_run_under_way(on: Stage, account: ConnectionId) -> None:
    model = DatasetHealth
    with tenant_scope(TENANT):
        connections_store.change_health(
            account, "finances", [model.run.set("r"), model.run_at.set(format_instant(on.clock.now()))]
        )
        with pytest.raises(Conflict, match="is being read already"):
            sync.run_now(account, "finances", on.clock, on.entropy)
        sync.pause(account, "finances", "member-1", on.clock)
        assert connections_store.dataset_health(account, "finances").run is None  # type: ignore[union-attr]  # it is there


def test_a_dataset_can_be_read_now_once_a_minute(on: Stage, account: ConnectionId) -> None:
    before = shown(on, account, "inventory").last_success_at
    run_now(on, account, "inventory")
    with pytest.raises(RateLimited):
        run_now(on, account, "inventory")
    on.run()
    after = shown(on, account, "inventory")
    assert (after.last_success_at or "") > (before or "")
    assert after.last_cause == "member"
    on.clock.advance(60)
    run_now(on, account, "inventory")


def test_what_no_switched_on_feature_needs_is_not_read(on: Stage, account: ConnectionId) -> None:
    with tenant_scope(TENANT):
        sync.switch_feature(account, "stock", False, on.clock, on.entropy)  # noqa: FBT003 - the state of a switch
        view = sync.sync_status(account, on.clock)
    off = {each.dataset for each in view.datasets if each.state == "off"}
    assert off == {"inventory", "inbound_shipments", "restock_advice", "recipients", "buyer_messages"}
    assert [each.on for each in view.features if each.feature == "stock"] == [False]
    (serving,) = connections.serving("A1SWITCH")
    assert serving.features_off == {"stock"} | OFF_UNTIL_SWITCHED_ON
    with pytest.raises(Conflict, match="is switched off"):
        run_now(on, account, "inventory")
    calls = dict(on.calls())
    on.desk.ask("inventory.list", TENANT, account, cause="schedule", due="inventory")
    on.step()
    assert on.ended[-1][1] == "stopped"
    assert on.calls() == calls
    with tenant_scope(TENANT):
        sync.switch_feature(account, "stock", True, on.clock, on.entropy)  # noqa: FBT003 - as above
    assert {each.kind for each in on.collect()} == {"inventory.list", "inbound.list", "advice.refresh"}
    (serving,) = connections.serving("A1SWITCH")
    assert serving.features_off == OFF_UNTIL_SWITCHED_ON


def test_the_board_says_of_a_dataset_what_its_seller_is_told(on: Stage, account: ConnectionId) -> None:
    """One order that was read brings no dataset in step, neither on the seller's page nor on the board."""
    world = on.simulator.world
    order_id = world.new_order(world.seller("A1SWITCH")).order_id

    def told(*actions: Action) -> tuple[str, str | None]:
        with tenant_scope(TENANT):
            connections_store.change_health(account, "orders", actions)
        on.worker = on.new_worker()
        on.desk.ask("orders.fetch", TENANT, account, cause="notification", order_id=order_id)
        on.run()
        (entry,) = [each for each in sync.board(None, None, on.clock).entries if each.dataset == "orders"]
        assert entry.state == shown(on, account, "orders").state
        return entry.state, entry.last_success_at

    before = format_instant(on.clock.now() - timedelta(seconds=60))
    assert told(DatasetHealth.last_success_at.set(before)) == ("fresh", before)
    assert told(DatasetHealth.last_success_at.remove())[0] == "waiting"
    assert told(DatasetHealth.failure_reason.set("Amazon refused."))[0] == "failing"
    # As the other tests found it.
    assert told(DatasetHealth.failure_reason.remove(), DatasetHealth.last_success_at.set(before))[0] == "fresh"


@pytest.mark.parametrize("key", ["nothing", "marketplaces", ""])
def test_what_is_no_dataset_is_not_found(on: Stage, account: ConnectionId, key: str) -> None:
    with tenant_scope(TENANT):
        for act in (
            lambda: sync.pause(account, key, "m", on.clock),
            lambda: sync.resume(account, key, on.clock),
            lambda: sync.run_now(account, key, on.clock),
            lambda: sync.runs(account, key, None),
            lambda: sync.switch_feature(account, key, True, on.clock),  # noqa: FBT003 - the state of a switch
        ):
            with pytest.raises(NotFound):
                act()


def test_runs_are_logged_with_amazons_request_ids(on: Stage, account: ConnectionId) -> None:
    run_now(on, account, "inventory")
    on.run()
    with tenant_scope(TENANT):
        page = sync.runs(account, "inventory", None)
    newest = page.runs[0]
    assert (newest.kind, newest.cause, newest.marketplace_id) == ("inventory.list", "member", "ATVPDKIKX0DER")
    # By the order of the tests, units may have moved since the run before.
    assert newest.outcome in {"done", "nothing_new"}
    assert len(newest.request_ids) == 1
    assert [each.started_at for each in page.runs] == sorted((each.started_at for each in page.runs), reverse=True)
    (record,) = [
        item for item in on.aws.items()
        if item["kind"]["S"] == "run" and item["sk"]["S"].startswith(f"RUN#inventory#{newest.started_at[:-1]}")
    ]  # fmt: skip
    assert int(record["expires_at"]["N"]) > on.clock.now().timestamp() + 29 * 86_400


def test_a_cursor_of_another_list_is_refused(on: Stage, account: ConnectionId) -> None:
    from quayside.kernel.cursors import encode_cursor  # noqa: PLC0415 - one use

    del on
    with tenant_scope(TENANT), pytest.raises(InvalidInput):
        sync.runs(account, "inventory", encode_cursor(f"{keys.runs_of('orders')}x"))


def test_the_board_shows_operators_how_datasets_are_doing(on: Stage, account: ConnectionId) -> None:
    run_now(on, account, "inventory")
    on.run()
    page = sync.board(None, None, on.clock)
    (entry,) = [each for each in page.entries if each.dataset == "inventory"]
    assert (entry.tenant_id, entry.connection_id, entry.state) == (TENANT, account, "fresh")
    assert sync.board("failing", None, on.clock).entries == ()
    on.clock.advance(6 * 3600)
    (late,) = [each for each in sync.board("late", None, on.clock).entries if each.dataset == "inventory"]
    assert late.since > (late.last_success_at or "")
    assert page.next_cursor is None
    with pytest.raises(InvalidInput):
        sync.board(None, "nonsense", on.clock)


def test_the_plan_says_what_is_next_and_why(on: Stage, account: ConnectionId) -> None:
    run_now(on, account, "inventory")
    on.run()
    with tenant_scope(TENANT):
        steps = {each.key: step for each, step in sync.plan(account, on.clock)}
    assert (steps["inventory"].kind, steps["inventory"].because) == (
        None, "It was read 0 s ago, which is recent enough.",
    )  # fmt: skip
    assert (steps["finances"].kind, steps["finances"].because) == ("finances.list", "It was never read.")


def test_a_command_of_the_schedule_does_nothing_while_notifications_are_alive(on: Stage, account: ConnectionId) -> None:
    with tenant_scope(TENANT):
        now = format_instant(on.clock.now())
        model = DatasetHealth
        connections_store.change_health(account, "inventory", [model.notified_at.set(now), model.checked_at.set(now)])
    calls = on.calls()["getInventorySummaries"]["calls"]
    on.clock.advance(1500)
    with tenant_scope(TENANT):
        connections.record_notified(account, "inventory", on.clock.now())
    on.desk.ask("inventory.list", TENANT, account, cause="schedule", due="inventory")
    on.step()
    assert on.ended[-1][1] == "done"
    assert on.calls()["getInventorySummaries"]["calls"] == calls
    assert shown(on, account, "inventory").age_seconds == 0
    on.clock.advance(1800)
    on.desk.ask("inventory.list", TENANT, account, cause="schedule", due="inventory")
    on.run()
    assert on.calls()["getInventorySummaries"]["calls"] == calls + 1


def test_amazons_restock_recommendations_come_from_its_report_into_the_browser(
    on: Stage, account: ConnectionId
) -> None:
    run_now(on, account, "restock_advice")
    on.run()
    seller = next(each for each in on.simulator.world.sellers.values() if each.selling_partner_id == "A1SWITCH")
    (marketplace_id,) = seller.marketplaces
    listings = on.simulator.world.listings_of(seller, marketplace_id)
    with tenant_scope(TENANT):
        page = advice_service.rows_view(account, "restock_advice", None, None, 100)
    assert sorted(str(row[1]) for row in page.rows) == sorted(each.sku for each in listings if each.by_amazon)
    assert page.rows
    assert all(isinstance(row[3], int) for row in page.rows)
    assert shown(on, account, "restock_advice").state == "fresh"
