"""Trouble while working: whatever happens, the state ends equal to Amazon's, and people are told the truth."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from infra.simulator.world import Seller
from quayside.amazon.operations import SEARCH_ORDERS
from quayside.amazon.transport import QueryValue, Reply, Transport
from quayside.compliance import erasure_service
from quayside.connections import service as connections
from quayside.kernel.clock import epoch_milliseconds, parse_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import vault
from quayside.storage.batches import Postpone
from quayside.storage.vault import Secret
from quayside.sync import store
from quayside.sync.commands import SyncCommand, encode_command
from quayside.sync.datasets import begin_walk
from quayside.sync.registry import BUYER_MESSAGES, PRODUCT_RESEARCH, RECIPIENTS
from quayside.sync.service import Work, let_come_again, show_connection
from sync_worker.batch import Batch
from tests.support.amazon import TENANT, Stage, stage
from tests.support.commands import record, record_of


class Killed(BaseException):
    """The process was killed: nothing after this line runs, and nobody catches it."""


class Wrapping:
    """A transport that passes everything on, and may do something after a reply or instead of one."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.kill_after: str | None = None
        self.instead: dict[str, list[Reply]] = {}
        self.sent: list[str] = []

    def send(self, method: str, url: str, *, operation: str, **rest: Any) -> Reply:
        self.sent.append(operation)
        if self.instead.get(operation):
            return self.instead[operation].pop(0)
        reply = self._inner.send(method, url, operation=operation, **rest)
        if self.kill_after == operation:
            self.kill_after = None
            raise Killed
        return reply


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage() as opened:
        yield opened


def states_of(connection_id: ConnectionId, on: Stage) -> set[str]:
    """The states of all datasets but those that nobody switched on or asked for."""
    shown = show_connection(connection_id, on.clock).datasets
    return {each.state for each in shown if each.dataset not in {RECIPIENTS, BUYER_MESSAGES, PRODUCT_RESEARCH}}


def shop(on: Stage, orders: int = 2) -> Seller:
    seller = on.simulator.world.create_seller("quiet-us", selling_partner_id="A1FAULTS")
    for _ in range(orders):
        on.simulator.world.new_order(seller)
        on.clock.advance(86_400)
    on.simulator.world.step()
    return seller


def order_ids(on: Stage) -> set[str]:
    return {item["sk"]["S"].rsplit("#", 1)[1] for item in on.aws.items() if item["kind"]["S"] == "order"}


def amazons_order_ids(on: Stage, seller: Seller) -> set[str]:
    return {each["order_id"] for each in on.simulator.control.orders(seller.selling_partner_id, limit=500)["orders"]}


def run_until_killed(on: Stage) -> None:
    """Take the next command, die while running it, and have the queue deliver it again to a fresh worker."""
    (command, *_) = on.collect()
    with pytest.raises(Killed):
        on.worker.run(command)
    on.worker = on.new_worker()
    on.clock.advance(360)  # the visibility timeout


# -- dying at the worst moment -----------------------------------------------------------------------------------------


def test_killed_between_exchange_and_store_the_seller_is_told_to_consent_again(on: Stage) -> None:
    seller = shop(on)
    wrapped = Wrapping(on.transport)
    on.worker = on.new_worker(transport=wrapped)
    connection_id = on.begin(seller)
    wrapped.kill_after = "token.exchange"
    run_until_killed(on)
    on.run()
    connection = on.connection(connection_id)
    assert (connection.status, connection.steps["exchange"].state) == ("failed", "failed")
    assert connection.status_action == "Connect the account again."
    assert [item for item in on.aws.items("vault_table") if item["pk"]["S"].startswith("T#")] == []
    # and consenting again works
    on.begin(seller)
    on.run()
    assert on.connection(connection_id).status == "connected"
    assert order_ids(on) == amazons_order_ids(on, seller)


@pytest.mark.parametrize(
    "operation",
    [
        "getMarketplaceParticipations",
        "createDestination",
        "createSubscription",
        "createReport",
        "getReport",
        "getReportDocument",
        "searchOrders",
        "getInventorySummaries",
    ],
)
def test_killed_after_any_other_call_the_connection_completes_all_the_same(on: Stage, operation: str) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    wrapped = Wrapping(on.transport)
    on.worker = on.new_worker(transport=wrapped)
    wrapped.kill_after = operation
    for _ in range(90):
        waiting = on.collect()
        if not waiting:
            break
        command = waiting[0]
        try:
            on.step()
        except Killed:
            on.worker = on.new_worker(transport=wrapped)
            on.clock.advance(360)
            on.worker.run(command)
    connection = on.connection(connection_id)
    assert connection.status == "connected"
    assert {step.state for step in connection.steps.values()} == {"done"}
    assert len(connection.subscriptions) == len(connections.NOTIFICATION_TYPES)
    assert order_ids(on) == amazons_order_ids(on, seller)


def test_killed_before_history_was_asked_for_the_schedule_finds_the_lost_commands(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)

    def lost() -> list[Any]:
        return [each for each in on.collect() if each.kind == "report.request"]

    on.run(until=lambda: bool(lost()))
    gone = lost()
    on._waiting = [each for each in on._waiting if each[2] not in gone]
    on.run()
    assert order_ids(on) == set()
    for _ in range(12):
        on.tick(300)
        on.run()
    assert order_ids(on) == amazons_order_ids(on, seller)
    assert on.connection(connection_id).steps["history"].state == "done"


# -- Amazon's bad days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html_503", "empty_json_500", "empty_429", "lwa_down"])
def test_an_outage_during_connecting_is_waited_out(on: Stage, kind: str) -> None:
    seller = shop(on)
    now = on.simulator.clock.now_ms()
    on.simulator.faults.add(kind, now, duration_seconds=120)
    connection_id = on.begin(seller)
    on.run(steps=200)
    assert on.connection(connection_id).status == "connected"
    assert order_ids(on) == amazons_order_ids(on, seller)
    assert "retries" in {ending for _, ending in on.ended}


def test_an_outage_longer_than_the_code_lives_is_explained(on: Stage) -> None:
    on.simulator.faults.add("lwa_down", on.simulator.clock.now_ms(), duration_seconds=3000)
    connection_id = on.begin(shop(on, 0))
    on.run(steps=200)
    connection = on.connection(connection_id)
    assert connection.status == "failed"
    assert "expired" in connection.status_reason


def test_every_other_call_failing_loses_no_order(on: Stage) -> None:
    seller = shop(on, orders=3)
    for kind in ("html_503", "empty_json_500", "empty_429"):
        on.simulator.faults.add(kind, on.simulator.clock.now_ms(), probability=0.25, duration_seconds=1200)
    on.begin(seller)
    on.run(steps=400)
    for _ in range(4):
        on.simulator.world.new_order(seller)
        on.simulator.world.commit()
        on.tick(900)
        on.run(steps=400)
    on.tick(900)
    on.run(steps=400)
    assert order_ids(on) == amazons_order_ids(on, seller)


def test_an_outage_shows_on_the_connection_and_goes_away(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    fault = on.simulator.faults.add("html_503", on.simulator.clock.now_ms())
    on.tick(2400)
    for _ in range(12):
        on.step()
    with tenant_scope(TENANT):
        shown = show_connection(connection_id, on.clock).datasets[0]
    assert shown.state == "failing"
    assert shown.reason.startswith("Amazon does not answer at the moment. (Amazon's request id: ")
    on.simulator.faults.remove(fault.fault_id)
    for _ in range(5):
        on.tick(900)
        on.run()
    with tenant_scope(TENANT):
        assert states_of(connection_id, on) == {"fresh"}


def test_what_fails_for_a_day_is_given_up_and_said(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    on.simulator.faults.add("html_503", on.simulator.clock.now_ms(), operation="getOrder")
    on.desk.ask("orders.fetch", TENANT, connection_id, cause="notification", order_id="902-1")
    on.run(steps=400)
    assert on.ended[-1][1] == "gave_up"
    assert on.metrics.counts["CommandGivenUp"] == 1


def test_what_could_not_be_authorised_is_noted_to_be_erased_once(on: Stage) -> None:
    connection_id = on.begin(shop(on))
    (command,) = on.collect()
    on.clock.advance(3600)  # the code of a consent lives for minutes
    on.run()
    assert on.connection(connection_id).status == "failed"
    on.worker.run(command)  # the message that the queue brings once more

    with tenant_scope(TENANT):
        (erasure,) = erasure_service.erasures()
    assert (erasure.cause, erasure.connection_id, erasure.state) == ("failure", connection_id, "waiting")


# -- consent withdrawn, and our own mistakes ---------------------------------------------------------------------------


def test_a_withdrawn_consent_stops_everything_and_the_seller_is_told(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    on.simulator.lwa.revoke(seller)
    on.clock.advance(3600)  # access tokens live on for an hour
    on.tick(900)
    on.run()
    connection = on.connection(connection_id)
    assert connection.status == "revoked"
    assert "withdrawn" in connection.status_reason
    assert connection.status_action == "Connect the account again."
    assert connections.serving(seller.selling_partner_id) == ()
    assert [item for item in on.aws.items("vault_table") if item["pk"]["S"].startswith("T#")] == []
    assert on.tick(86_400) == 0
    assert on.metrics.counts["AuthorisationRevoked"] == 1
    on.begin(seller)
    on.run()
    assert on.connection(connection_id).status == "connected"


def test_a_wrong_secret_is_our_alarm_and_disconnects_nobody(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    application = on.simulator.application
    vault.put_client_secret(application.client_id, Secret("x" * 40), clock=on.clock)
    on.clock.advance(3600)
    on.worker = on.new_worker()
    on.tick(900)
    for _ in range(6):
        on.step()
    assert on.metrics.counts["InvalidClientSecret"] >= 1
    assert on.connection(connection_id).status == "connected"
    assert connections.serving(seller.selling_partner_id)
    with tenant_scope(TENANT):
        assert "operator has been told" in show_connection(connection_id, on.clock).datasets[0].action
    vault.put_client_secret(application.client_id, Secret(application.client_secret), clock=on.clock)
    for _ in range(3):
        on.tick(900)
        on.run()
    with tenant_scope(TENANT):
        assert states_of(connection_id, on) == {"fresh"}


def test_a_refused_token_is_fetched_anew_before_anything_is_concluded(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    on.simulator.faults.add("message_403", on.simulator.clock.now_ms(), operation="searchOrders", count=1)
    tokens = on.calls()["lwa.token"]["calls"]
    on.desk.ask("orders.search", TENANT, connection_id, cause="member", mode="reconcile")
    on.run()
    assert [ending for _, ending in on.ended[-2:]] == ["retries", "done"]
    assert on.calls()["lwa.token"]["calls"] == tokens + 1


def test_a_role_that_is_missing_is_said_with_the_request_id(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    on.simulator.faults.add("message_403", on.simulator.clock.now_ms(), operation="searchOrders")
    on.desk.ask("orders.search", TENANT, connection_id, cause="member", mode="reconcile")
    on.run()
    assert on.ended[-1][1] == "refused"
    assert on.connection(connection_id).status == "connected"


# -- quota -------------------------------------------------------------------------------------------------------------


def test_a_429_empties_the_ledgers_bucket_and_the_command_comes_back_in_its_turn(on: Stage) -> None:
    seller = shop(on)
    connection_id = on.begin(seller)
    on.run()
    (order_id, *_) = sorted(order_ids(on))
    on.simulator.faults.add("empty_429", on.simulator.clock.now_ms(), operation="getOrder", count=1)
    on.desk.ask("orders.fetch", TENANT, connection_id, cause="notification", order_id=order_id)
    before = on.clock.now()
    on.run()
    assert [ending for _, ending in on.ended[-2:]] in (["retries", "done"], ["waits", "done"])
    assert (on.clock.now() - before).total_seconds() >= 2
    assert on.metrics.counts["AmazonThrottled"] == 1


def test_a_slot_further_ahead_than_a_queue_can_hold_waits_on_the_list(on: Stage) -> None:
    connection_id = on.begin(shop(on, 0))
    on.run()
    ledger = on.worker._with.ledger
    for _ in range(30):
        slot_at = ledger.reserve(SEARCH_ORDERS, connection_id)
    assert slot_at - epoch_milliseconds(on.clock.now()) > 900_000
    on.desk.ask("orders.search", TENANT, connection_id, cause="member", mode="reconcile")
    on.step()
    assert on.ended[-1][1] == "waits"
    assert [each for each in on.collect() if each.kind == "orders.search"] == []
    jobs = [job for shard in range(8) for job in store.due(shard, on.clock.now() + timedelta(days=1)) if job.command]
    (waiting,) = [job.waiting_command() for job in jobs]
    assert waiting is not None
    assert waiting.slot_operation == "searchOrders"


# -- history whose token dies ------------------------------------------------------------------------------------------


def answer(orders: list[tuple[str, str]], token: str | None) -> Reply:
    found = [
        {
            "orderId": order_id,
            "createdTime": at,
            "lastUpdatedTime": at,
            "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"},
            "orderItems": [],
            "fulfillment": {"fulfillmentStatus": "PENDING"},
        }
        for order_id, at in orders
    ]
    pagination: dict[str, Any] = {"pagination": {"nextToken": token}} if token else {}
    return Reply(200, {}, json.dumps({"orders": found, **pagination}).encode())


BAD_TOKEN = Reply(400, {}, b'{"errors":[{"code":"InvalidInput","message":"paginationToken is invalid."}]}')


WALKED = (parse_instant("2026-10-24T00:00:00Z"), parse_instant("2026-11-20T00:00:00Z"))


def walked(on: Stage, replies: list[Reply], pause: float = 0) -> list[dict[str, QueryValue]]:
    """Walk a window of history that answers with these replies; return the queries of searchOrders."""
    queries: list[dict[str, QueryValue]] = []

    class Recording(Wrapping):
        def send(self, method: str, url: str, **rest: Any) -> Reply:
            if rest["operation"] == "searchOrders":
                queries.append(dict(rest["query"] or {}))
            return super().send(method, url, **rest)

    connection_id = on.begin(shop(on, 0))
    on.run()
    wrapped = Recording(on.transport)
    wrapped.instead["searchOrders"] = replies

    def walk(work: Work) -> None:
        begin_walk(work, *WALKED)

    on.worker = on.new_worker(transport=wrapped, use_cases={"orders.history": walk})
    on.desk.ask("orders.history", TENANT, connection_id, cause="retry")
    while on.step() is not None:
        if pause and len(queries) == 1:
            on.clock.advance(pause)
            pause = 0
    return queries


def test_a_token_that_amazon_no_longer_takes_is_replaced_by_the_last_purchase_time(on: Stage) -> None:
    first = answer(
        [("902-0000001-0000001", "2026-11-01T10:00:00Z"), ("902-0000001-0000002", "2026-11-02T10:00:00Z")], "t1"
    )
    second = answer(
        [("902-0000001-0000002", "2026-11-02T10:00:00Z"), ("902-0000001-0000003", "2026-11-03T10:00:00Z")], None
    )
    queries = walked(on, [first, BAD_TOKEN, second])
    assert [query.get("paginationToken") for query in queries[:3]] == [None, "t1", None]
    assert queries[2]["createdAfter"] == "2026-11-02T09:59:59Z"
    assert order_ids(on) == {f"902-0000001-000000{number}" for number in (1, 2, 3)}


def test_a_token_older_than_a_day_is_not_even_tried(on: Stage) -> None:
    first = answer([("902-0000001-0000001", "2026-11-01T10:00:00Z")], "t1")
    queries = walked(on, [first, answer([], None)], pause=23 * 3600 + 60)
    assert [query.get("paginationToken") for query in queries[:2]] == [None, None]
    assert queries[1]["createdAfter"] == "2026-11-01T09:59:59Z"


def test_pages_out_of_order_are_walked_again_from_the_beginning(on: Stage) -> None:
    first = answer([("902-0000001-0000002", "2026-11-02T10:00:00Z")], "t1")
    second = answer([("902-0000001-0000001", "2026-11-01T10:00:00Z")], "t2")
    queries = walked(on, [first, second, BAD_TOKEN, answer([], None)])
    assert queries[3]["createdAfter"] == queries[0]["createdAfter"]


def test_one_unreadable_order_does_not_hold_up_its_page_and_is_visible(on: Stage) -> None:
    page = json.loads(answer([("902-0000001-0000001", "2026-11-01T10:00:00Z")], None).body)
    page["orders"].append({"orderId": "902-0000001-0000009"})
    walked(on, [Reply(200, {}, json.dumps(page).encode())])
    assert order_ids(on) == {"902-0000001-0000001"}
    aside = [item for item in on.aws.items() if item["kind"]["S"] == "quarantine_entry"]
    assert ["902-0000001-0000009" in item["payload"]["S"] for item in aside] == [True]


# -- the batch ---------------------------------------------------------------------------------------------------------


def failing(on: Stage, postpone: Postpone = let_come_again, log: Logger | None = None) -> Batch:
    """Return a worker to which every reading of stock is a fault of ours that quotes a buyer."""

    def explode(_: Work) -> None:
        raise KeyError("buyer Jane Doe")

    worker = on.new_worker(use_cases={"inventory.list": explode})
    return Batch(worker, postpone, on.metrics, log or Logger(service="batch", level=logging.CRITICAL))


def reading_of_stock(on: Stage) -> SyncCommand:
    """Connect a seller, ask for its stock, and take the command from the queue."""
    connection_id = on.begin(shop(on, 0))
    on.run()
    on.desk.ask("inventory.list", TENANT, connection_id, cause="member")
    (command,) = on.collect()
    return command


def test_one_bad_message_does_not_take_its_neighbours_along(on: Stage) -> None:
    connection_id = on.begin(shop(on, 0))
    on.run()
    batch = failing(on)
    on.desk.ask("inventory.list", TENANT, connection_id, cause="member")
    on.desk.ask("orders.search", TENANT, connection_id, cause="member", mode="reconcile")
    bodies = [encode_command(command) for command in on.collect()]
    records = [record(body, message_id=str(place)) for place, body in enumerate([bodies[0], "not json", bodies[1]])]
    assert batch.run_batch({"Records": records}) == {
        "batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "0"}]
    }
    assert (on.metrics.counts["CommandFailed"], on.metrics.counts["InvalidCommand"]) == (1, 1)


def test_a_fault_is_logged_by_place_and_never_by_its_words(on: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    command = reading_of_stock(on)
    batch = failing(on, log=Logger(service="batch-log"))
    capsys.readouterr()
    batch.run_batch({"Records": [record_of(command)]})
    out = capsys.readouterr().out
    assert "KeyError" in out
    assert "test_worker_faults.py" in out
    assert "Jane" not in out


def test_a_failed_command_comes_again_soon_and_then_less_often(on: Stage) -> None:
    command = reading_of_stock(on)
    asked: list[tuple[str, int]] = []
    batch = failing(on, lambda handle, seconds: asked.append((handle, seconds)))
    for received in range(1, 6):
        batch.run_batch({"Records": [record_of(command, handle=f"handle-{received}", received=received)]})
    assert asked == [("handle-1", 10), ("handle-2", 60), ("handle-3", 240)]


def test_a_queue_that_does_not_let_it_come_again_soon_lets_it_come_again_late(on: Stage) -> None:
    answer = failing(on).run_batch({"Records": [record_of(reading_of_stock(on), handle="long-gone")]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
