"""Notifications: repeats and disorder as in production, and nothing is lost silently. No server, no network."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.simulator.answers import Request
from infra.simulator.clock import SimulatorClock
from infra.simulator.lwa import SCOPE_NOTIFICATIONS
from infra.simulator.server import Simulator
from infra.simulator.world import Seller

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
QUEUE = "arn:aws:sqs:us-east-1:000000000000:intake"


class Queue:
    """A queue that can be down."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.down = False

    def __call__(self, arn: str, body: str) -> None:
        if self.down:
            raise ConnectionError("the queue is away")
        assert arn == QUEUE
        self.bodies.append(body)


def _simulator(queue: Queue, state: Path | None = None) -> Simulator:
    return Simulator(clock=SimulatorClock.manual(START), seed=4, deliver=queue, state=state)


def _call(
    simulator: Simulator, seller: Seller | None, method: str, path: str, body: object = None
) -> dict[str, object]:
    now = simulator.clock.now_ms()
    scope = None if seller else SCOPE_NOTIFICATIONS
    token = simulator.lwa.issue_access_token(seller.selling_partner_id if seller else None, scope, now)
    request = Request(method, path, {}, {"x-amz-access-token": token}, json.dumps(body).encode())
    answer = simulator.gateway.handle("na", request)
    assert answer.status == 200, answer.body
    return dict(json.loads(answer.body))


def _subscribe(simulator: Simulator, seller: Seller, *kinds: str) -> None:
    created = _call(
        simulator,
        None,
        "POST",
        "/notifications/v1/destinations",
        {"name": "q", "resourceSpecification": {"sqs": {"arn": QUEUE}}},
    )
    destination = created["payload"]["destinationId"]  # type: ignore[index]
    for kind in kinds:
        version = "2020-09-04" if kind == "REPORT_PROCESSING_FINISHED" else "1.0"
        body = {"payloadVersion": version, "destinationId": destination}
        _call(simulator, seller, "POST", f"/notifications/v1/subscriptions/{kind}", body)


def test_repeats_and_disorder_as_in_production() -> None:
    queue = Queue()
    simulator = _simulator(queue)
    seller = simulator.world.create_seller("small-us")
    _subscribe(simulator, seller, "ORDER_CHANGE", "FBA_INVENTORY_AVAILABILITY_CHANGES", "REPORT_PROCESSING_FINISHED")
    for _ in range(20 * 24):
        simulator.advance(3600)
    seen: set[str] = set()
    repeats = late = 0
    latest = ""
    for body in queue.bodies:
        document = json.loads(body)
        metadata = document.get("NotificationMetadata") or document["notificationMetadata"]
        identifier = metadata.get("NotificationId") or metadata["notificationId"]
        repeats += identifier in seen
        seen.add(identifier)
        moment = document.get("EventTime") or document["eventTime"]
        late += moment < latest
        latest = max(latest, moment)
    assert len(queue.bodies) > 1500
    assert repeats / len(queue.bodies) == pytest.approx(1 / 7, abs=0.03)
    assert late > 50


def test_casings_are_those_of_production() -> None:
    queue = Queue()
    simulator = _simulator(queue)
    seller = simulator.world.create_seller("small-us")
    _subscribe(simulator, seller, "ORDER_CHANGE", "FBA_INVENTORY_AVAILABILITY_CHANGES", "REPORT_PROCESSING_FINISHED")
    simulator.advance(2 * 86400)
    simulator.advance(300)
    kinds: dict[str, dict[str, object]] = {}
    for body in queue.bodies:
        document = json.loads(body)
        kinds[document.get("NotificationType") or document["notificationType"]] = document
    change = kinds["ORDER_CHANGE"]["Payload"]["OrderChangeNotification"]  # type: ignore[index]
    assert {
        "NotificationLevel",
        "SellerId",
        "AmazonOrderId",
        "OrderChangeType",
        "OrderChangeTrigger",
        "Summary",
    } == set(change)
    assert {"MarketplaceId", "OrderStatus", "PurchaseDate", "DestinationPostalCode", "OrderItems"} <= set(
        change["Summary"]
    )
    stock = kinds["FBA_INVENTORY_AVAILABILITY_CHANGES"]["Payload"]
    assert {"SellerId", "FNSKU", "ASIN", "SKU", "FulfillmentInventoryByMarketplace"} == set(stock)  # type: ignore[call-overload]
    report = kinds["REPORT_PROCESSING_FINISHED"]["payload"]["reportProcessingFinishedNotification"]  # type: ignore[index]
    assert {"sellerId", "accountId", "reportId", "reportType", "processingStatus"} <= set(report)


def test_what_cannot_be_delivered_is_kept_shown_and_tried_again() -> None:
    queue = Queue()
    simulator = _simulator(queue)
    seller = simulator.world.create_seller("quiet-us")
    _subscribe(simulator, seller, "ORDER_CHANGE")
    queue.down = True
    order = simulator.world.new_order(seller)
    simulator.advance(60)
    (waiting, failing) = simulator.notifications.waiting()
    assert waiting == failing >= 1
    shown = simulator.notifications.undelivered()[0]
    assert shown["error"] == "ConnectionError: the queue is away"
    queue.down = False
    for _ in range(5):
        simulator.advance(600)
    assert simulator.notifications.waiting()[1] == 0
    assert any(order.order_id in body for body in queue.bodies)


def test_notifications_can_be_lost_on_demand_and_are_counted() -> None:
    queue = Queue()
    simulator = _simulator(queue)
    seller = simulator.world.create_seller("quiet-us")
    _subscribe(simulator, seller, "ORDER_CHANGE")
    simulator.faults.add("lose_notifications", simulator.clock.now_ms(), count=1)
    simulator.world.new_order(seller)
    simulator.advance(10)
    assert simulator.notifications.counts["lost on demand"] == 1
    assert queue.bodies == []


def test_a_restart_continues(tmp_path: Path) -> None:
    queue = Queue()
    first = _simulator(queue, tmp_path / "first")
    seller = first.world.create_seller("quiet-us", selling_partner_id="A1RESTART")
    _subscribe(first, seller, "ORDER_CHANGE")
    refresh_token = first.lwa.authorise(seller)
    order = first.world.new_order(seller)
    first.save()
    first.world.new_order(seller)  # after the last save: lost by the crash, and nothing else
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    second = _simulator(queue, tmp_path / "second")
    assert second.application.client_secret == first.application.client_secret
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": second.application.client_id,
        "client_secret": second.application.client_secret,
    }
    assert second.lwa.token(form).status == 200
    assert [row[0] for row in second.world.storage.connection.execute("SELECT order_id FROM orders")] == [
        order.order_id
    ]
    second.advance(300)
    assert any(order.order_id in body for body in queue.bodies)
    report = second.quotas.report()
    assert report["createSubscription"]["calls"] == 1


def test_whoever_moves_the_clock_learns_when_something_happens_next() -> None:
    queue = Queue()
    simulator = _simulator(queue)
    try:
        assert simulator.next_ms() is None
        seller = simulator.world.create_seller("quiet-us")
        _subscribe(simulator, seller, "ORDER_CHANGE")
        simulator.advance(0)
        simulator.world.new_order(seller)
        arrivals = []
        while not queue.bodies:
            following = simulator.next_ms()
            assert following is not None
            assert following > simulator.clock.now_ms()
            simulator.advance((following - simulator.clock.now_ms()) / 1000)
            arrivals.append(following)
        # Nothing comes early or late: what was said to be next has arrived at that instant.
        sent = json.loads(queue.bodies[0])["NotificationMetadata"]["PublishTime"]
        assert arrivals[-1] == round(datetime.fromisoformat(sent).timestamp() * 1000)
    finally:
        simulator.stop()
