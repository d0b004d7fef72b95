"""Trouble that stops a whole connection: told apart, told at once, gone by itself; and circuits that rest."""

from collections.abc import Iterator

import pytest

from infra.simulator.world import Seller
from quayside.connections.views import TroubleView
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.vault import Secret
from quayside.sync import service as sync
from tests.support.amazon import TENANT, Stage, stage


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage(history_days=30) as opened:
        yield opened


@pytest.fixture
def seller(on: Stage) -> Seller:
    return on.simulator.world.create_seller("quiet-us", selling_partner_id="A1TROUBLE")


@pytest.fixture
def account(on: Stage, seller: Seller) -> ConnectionId:
    connection_id = on.begin(seller)
    on.run()
    return connection_id


def trouble(on: Stage, account: ConnectionId) -> TroubleView | None:
    with tenant_scope(TENANT):
        shown = sync.sync_status(account, on.clock).connection.trouble
        assert sync.show_connection(account, on.clock).trouble == shown
    return shown


def outcomes(account: ConnectionId, dataset: str) -> list[str]:
    with tenant_scope(TENANT):
        return [each.outcome for each in sync.runs(account, dataset, None).runs]


def list_stock(on: Stage, account: ConnectionId, steps: int) -> None:
    on.desk.ask("inventory.list", TENANT, account, cause="member")
    for _ in range(steps):
        on.step()


def test_an_outage_is_told_after_some_tries_and_over_with_the_first_success(on: Stage, account: ConnectionId) -> None:
    fault = on.simulator.faults.add("html_503", on.simulator.clock.now_ms(), operation="getInventorySummaries")
    list_stock(on, account, 1)
    assert trouble(on, account) is None  # single faults are daily life
    for _ in range(3):
        on.step()
    told = trouble(on, account)
    assert told is not None
    assert (told.kind, "FBA stock" in told.detail) == ("outage", True)
    since = told.since
    # Another call that works does not mean that this one does.
    on.desk.ask("orders.search", TENANT, account, cause="member", mode="reconcile")
    on.run(until=lambda: not [each for each in on.collect() if each.kind == "orders.search"])
    assert trouble(on, account) == told
    on.simulator.faults.remove(fault.fault_id)
    on.run()
    assert trouble(on, account) is None
    runs = outcomes(account, "inventory")
    assert runs[0] in {"done", "nothing_new"}
    assert "retries" in runs
    assert since


def test_an_operation_that_fails_again_and_again_rests_and_costs_no_attempts(on: Stage, account: ConnectionId) -> None:
    on.simulator.faults.add("html_503", on.simulator.clock.now_ms(), operation="getInventorySummaries")
    list_stock(on, account, 5)
    on.ended.clear()
    calls = on.calls()["getInventorySummaries"]["calls"]
    on.run(until=lambda: bool(on.ended) and on.ended[-1][1] == "waits")
    resting, _ = on.ended[-1]
    (waiting,) = on.collect()
    assert (waiting.command_id, waiting.attempt, waiting.slot_at) == (resting.command_id, resting.attempt, None)
    assert on.calls()["getInventorySummaries"]["calls"] == calls + len(on.ended) - 1
    assert trouble(on, account) is not None
    on.simulator.faults.active.clear()
    on.run()
    assert trouble(on, account) is None


def test_our_own_secret_is_our_trouble_and_says_so(on: Stage, account: ConnectionId) -> None:
    application = on.simulator.application
    vault.put_client_secret(application.client_id, Secret("x" * 40), clock=on.clock)
    on.clock.advance(3600)
    on.worker = on.new_worker()
    list_stock(on, account, 1)
    told = trouble(on, account)
    assert told is not None
    assert told.kind == "our_secret"
    assert on.connection(account).status == "connected"
    assert on.ended[-1][0].attempt == 0
    assert outcomes(account, "inventory")[0] == "retries"
    vault.put_client_secret(application.client_id, Secret(application.client_secret), clock=on.clock)
    on.worker = on.new_worker()
    on.run()
    assert trouble(on, account) is None


def test_a_role_that_is_missing_is_told_with_its_name_and_the_request_id(on: Stage, account: ConnectionId) -> None:
    fault = on.simulator.faults.add("message_403", on.simulator.clock.now_ms(), operation="getInventorySummaries")
    list_stock(on, account, 2)
    assert on.ended[-1][1] == "refused"
    told = trouble(on, account)
    assert told is not None
    assert told.kind == "access"
    assert "“Amazon Fulfillment”" in told.detail
    assert "Amazon's request id: " in told.detail
    with tenant_scope(TENANT):
        (stock,) = [each for each in sync.sync_status(account, on.clock).datasets if each.dataset == "inventory"]
    assert (stock.state, bool(stock.request_id)) == ("failing", True)
    assert "request id" not in stock.reason
    assert [each.state for each in sync.board("failing", None, on.clock).entries] == ["failing"]
    on.simulator.faults.remove(fault.fault_id)
    on.clock.advance(60)
    list_stock(on, account, 1)
    assert trouble(on, account) is None
    assert sync.board("failing", None, on.clock).entries == ()


def test_a_withdrawn_consent_in_the_middle_stops_everything_and_says_so(
    on: Stage, seller: Seller, account: ConnectionId
) -> None:
    on.simulator.lwa.revoke(seller)
    on.clock.advance(3600)
    list_stock(on, account, 1)
    assert on.ended[-1][1] == "stopped"
    told = trouble(on, account)
    assert told is not None
    assert (told.kind, told.action) == ("revoked", "Connect the account again.")
    assert outcomes(account, "inventory")[0] == "stopped"
    assert [each for each in sync.board(None, None, on.clock).entries if each.connection_id == account] == []
    on.begin(seller)
    on.run()
    assert trouble(on, account) is None
