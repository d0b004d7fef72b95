"""The intake on an in-process AWS: what arrives becomes orders and stock, or goes to quarantine, never lost."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from notification_intake.app import build
from notification_intake.container import PORTS, Container
from notification_intake.intake import SELLER_CACHE_SECONDS, TOLD_EVERY_SECONDS, TRIES, Ports
from quayside.connections import service as connections
from quayside.connections import store as connection_store
from quayside.inventory.records import PositionRecord, quantities_from
from quayside.inventory.rules import Quantities
from quayside.kernel.clock import epoch_seconds
from quayside.kernel.errors import UpstreamUnavailable
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.records import OrderRecord, lines_from
from quayside.orders.rules import OrderLine
from quayside.sync import store as sync_store
from quayside.sync.registry import MERCHANT_LISTINGS
from quayside.sync.rules import COUNTED_EVERY_SECONDS, SETTLED_SECONDS, SWEEP_SECONDS
from quayside.sync.store import point_to_report
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import (
    DE,
    US,
    inventory_change,
    listing_issues,
    listing_status,
    order_change,
    order_line,
    report_finished,
    sqs_event,
)
from tests.support.sellers import ConnectedSeller, connect


class World:
    """An intake with one connected seller."""

    def __init__(self, present: Aws, ports: Ports = PORTS) -> None:
        self.aws = present
        self.metrics = CountedMetrics()
        self.seller = connect(present.clock)
        self.container = Container(
            present.settings, clock=present.clock, store=present.store, metrics=self.metrics, ports=ports
        )
        self.handler = build(lambda: self.container)

    def deliver(self, *bodies: Mapping[str, Any] | str, received: int = 1) -> list[str]:
        answer = self.handler(sqs_event(bodies, received=received), None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def stored(self, kind: type[OrderRecord] | type[PositionRecord]) -> list[Any]:
        found = [item for item in self.aws.items() if item["kind"]["S"] == kind.KIND]
        return [kind.from_raw_data(item) for item in found]

    def fetches(self) -> list[str]:
        found = self.aws.messages()
        assert all(message["group"] in {None, self.seller.tenant_id} for message in found)
        assert all(message["body"]["kind"] == "orders.fetch" for message in found)
        return [message["body"]["arguments"]["order_id"] for message in found]

    def quarantine(self, seller: ConnectedSeller | None) -> list[Any]:
        if seller is None:
            return list(connections.quarantined(None).entries)
        with tenant_scope(seller.tenant_id):
            return list(connections.quarantined(seller.connection_id).entries)


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def world(shared: Aws) -> World:
    return World(emptied(shared))


def test_an_order_change_is_stored_and_its_price_asked_for(world: World) -> None:
    assert world.deliver(order_change(lines=[order_line("1", quantity=2), order_line("2", sku="SKU 2#x")])) == []
    (order,) = world.stored(OrderRecord)
    assert order.pk == f"T#{world.seller.tenant_id}#ORDERS#{world.seller.connection_id}#{US}#2026-11"
    assert order.sk == "ORDER#2026-11-20T18:00:00Z#903-8868176-2219830"
    assert order.lookup_key == f"T#{world.seller.tenant_id}#ORDER#903-8868176-2219830"
    assert (order.status, order.fulfilled_by) == ("UNSHIPPED", "AMAZON")
    assert lines_from(order.lines) == (OrderLine("1", "SKU-1", 2), OrderLine("2", "SKU 2#x", 1))
    assert order.source == "amazon:notifications/ORDER_CHANGE"
    assert order.expires_at == epoch_seconds(world.aws.clock.now()) + 548 * 86_400
    assert world.fetches() == ["903-8868176-2219830"]
    assert world.metrics.counts == {"OrdersApplied": 1, "PricesWanted": 1, "OrderFetchesRequested": 1}
    assert world.metrics.flushed == 1


def test_no_part_of_the_postal_code_is_kept_anywhere(world: World) -> None:
    world.deliver(
        order_change(),
        order_change(seller="UNKNOWN1"),
        order_change(marketplace="NOWHERE"),
        '{"DestinationPostalCode": "48110"',
    )
    everything = json.dumps([world.aws.items(), world.aws.items("coordination_table"), world.aws.messages()])
    assert "48110" not in everything


def test_a_month_and_a_day_are_those_of_the_marketplace(world: World) -> None:
    world.deliver(
        order_change(purchased="2026-11-01T06:59:59Z"),
        order_change("903-0000000-0000002", marketplace=DE, purchased="2026-10-31T23:00:00Z"),
    )
    months = {order.sk[-19:]: order.pk[-7:] for order in world.stored(OrderRecord)}
    assert months == {"903-8868176-2219830": "2026-10", "903-0000000-0000002": "2026-11"}


def test_repeats_and_disorder_leave_the_newest_state(world: World) -> None:
    changes = [
        order_change(status="Pending", changed="2026-11-20T18:00:01.000Z"),
        order_change(status="Unshipped", changed="2026-11-20T18:05:00.000Z"),
        order_change(status="Shipped", changed="2026-11-21T08:00:00.500Z"),
    ]
    for batch in ([2, 0], [1], [0, 0, 1], [2, 2]):
        assert world.deliver(*(changes[place] for place in batch)) == []
    (order,) = world.stored(OrderRecord)
    assert order.status == "SHIPPED"
    # One write for the newest of the first batch; the second batch's, the third's and the fourth's newest are stale.
    assert world.metrics.counts["OrdersApplied"] == 1
    assert world.metrics.counts["OrdersStale"] == 3
    assert world.fetches() == ["903-8868176-2219830"]


def test_two_changes_in_the_same_second_are_told_apart(world: World) -> None:
    world.deliver(order_change(status="Shipped", changed="2026-11-20T18:05:00.900Z"))
    world.deliver(order_change(status="Unshipped", changed="2026-11-20T18:05:00.100Z"))
    (order,) = world.stored(OrderRecord)
    assert order.status == "SHIPPED"


def test_a_pending_order_needs_no_price(world: World) -> None:
    world.deliver(order_change(status="Pending"))
    assert world.fetches() == []


def test_a_notification_that_lists_some_lines_keeps_the_others_and_fetches(world: World) -> None:
    world.deliver(order_change(lines=[order_line("1"), order_line("2")]))
    world.fetches()
    world.deliver(
        order_change(
            level="OrderItemLevel",
            changed="2026-11-20T19:00:00Z",
            lines=[order_line("2", shipped=1)],
            NumberOfItemsShipped=1,
            NumberOfItemsUnshipped=1,
        )
    )
    (order,) = world.stored(OrderRecord)
    assert [line.order_item_id for line in lines_from(order.lines)] == ["1", "2"]
    assert world.fetches() == ["903-8868176-2219830"]


def test_a_notification_without_a_purchase_time_is_fetched_instead(world: World) -> None:
    change = order_change()
    del change["Payload"]["OrderChangeNotification"]["Summary"]["PurchaseDate"]
    assert world.deliver(change) == []
    assert world.stored(OrderRecord) == []
    assert world.fetches() == ["903-8868176-2219830"]


def test_an_unknown_status_is_kept_and_shown(world: World) -> None:
    world.deliver(order_change(status="UpComing"))
    assert [order.status for order in world.stored(OrderRecord)] == ["UP_COMING"]


def test_stock_is_stored_per_marketplace_newest_wins(world: World) -> None:
    world.deliver(inventory_change(stock={US: 10, DE: 3}))
    world.deliver(inventory_change(stock={US: 9}, at="2026-11-20T18:04:00Z"))
    world.deliver(inventory_change(stock={DE: 2}, at="2026-11-20T18:06:00Z"))
    units = {record.pk.split("#")[4]: quantities_from(record.quantities) for record in world.stored(PositionRecord)}
    assert units == {US: Quantities(10, 1, 2, 3, 7, 6, 8, 4, 5), DE: Quantities(2, 1, 2, 3, 7, 6, 8, 4, 5)}
    assert world.metrics.counts == {"InventoryApplied": 3, "InventoryStale": 1}


def test_a_notification_inside_an_eventbridge_event_is_unwrapped(world: World) -> None:
    event = {"version": "0", "detail-type": "ORDER_CHANGE", "source": "aws.partner/x", "detail": order_change()}
    world.deliver(event)
    assert len(world.stored(OrderRecord)) == 1


def _other_casing(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _other_casing(part) for key, part in value.items()}
    return [_other_casing(part) for part in value] if isinstance(value, list) else value


def test_the_other_casing_is_read_as_well(world: World) -> None:
    assert world.deliver(_other_casing(order_change())) == []
    assert len(world.stored(OrderRecord)) == 1
    assert world.metrics.counts.get("NotificationsQuarantined", 0) == 0


def test_other_peoples_reports_and_unknown_types_are_counted_and_dropped(world: World) -> None:
    world.deliver(report_finished(), {**order_change(), "NotificationType": "SOMETHING_NEW"})
    assert world.metrics.counts == {"NotificationsDropped": 1, "NotificationsOfUnknownType": 1}
    assert world.aws.messages() == []


UNREADABLE: list[tuple[Mapping[str, Any] | str, bool, str]] = [
    # message, whether its tenant is known, what the reason says
    ("{", False, "JSON"),
    ("null", False, "Expected"),
    ("[1]", False, "Expected"),
    ('{"NotificationType": "ORDER_CHANGE"}', False, "EventTime"),
    (order_change(seller="UNKNOWN1"), False, "No connected account"),
    (order_change(subscription="somebody-elses"), False, "subscription"),
    (order_change(marketplace="NOWHERE"), True, "NOWHERE"),
    (order_change(lines=[order_line("1"), order_line("1")]), True, "same order item id"),
    (order_change(lines=[order_line("1", quantity=-1)]), True, "negative"),
    (inventory_change(quantities={"Fulfillable": -1}), True, "negative"),
    ({**inventory_change(), "Payload": {"SellerId": "A3TH9S8BH6GOGM"}}, True, "missing required field"),
]


@pytest.mark.parametrize(("message", "known", "reason"), UNREADABLE)
def test_what_can_not_be_applied_is_kept_with_its_reason_and_does_not_stop_the_batch(
    world: World, message: Mapping[str, Any] | str, *, known: bool, reason: str
) -> None:
    assert world.deliver(message, order_change()) == []
    assert len(world.stored(OrderRecord)) == 1
    entries = world.quarantine(world.seller if known else None)
    assert len(entries) == 1
    assert reason in entries[0].reason
    assert entries[0].action
    assert world.quarantine(None if known else world.seller) == []
    assert world.metrics.counts["NotificationsQuarantined"] == 1


def test_an_unclaimed_notification_is_applied_when_its_seller_connects_and_it_is_replayed(world: World) -> None:
    world.deliver(order_change(seller="LATER1"))
    (entry,) = world.quarantine(None)
    connect(world.aws.clock, subject="ben", seller="LATER1")
    connections.replay(None, entry.entry_id)
    (message,) = world.aws.messages(world.aws.settings.intake_queue_url)
    assert world.deliver(message["body"]) == []
    assert [order.sk[-19:] for order in world.stored(OrderRecord)] == ["903-8868176-2219830"]
    assert world.quarantine(None) == []


def test_one_account_may_serve_two_tenants(world: World) -> None:
    ben = connect(world.aws.clock, subject="ben")
    world.deliver(order_change())
    tenants = {order.pk.split("#")[1] for order in world.stored(OrderRecord)}
    assert tenants == {world.seller.tenant_id, ben.tenant_id}


def test_a_notification_reaches_only_connections_whose_subscription_it_was_sent_for(world: World) -> None:
    """Somebody who names a foreign seller in the browser gets none of that seller's notifications."""
    thief = connect(world.aws.clock, subject="thief", subscriptions=["subscription-2"])
    world.deliver(order_change())
    tenants = {order.pk.split("#")[1] for order in world.stored(OrderRecord)}
    assert tenants == {world.seller.tenant_id}
    assert thief.tenant_id not in tenants


def test_a_disconnected_account_receives_nothing_after_half_a_minute(world: World) -> None:
    world.deliver(order_change())
    connection_store.stop_serving(world.seller.selling_partner_id, world.seller.tenant_id, world.seller.connection_id)
    world.aws.clock.advance(SELLER_CACHE_SECONDS)
    world.deliver(order_change("903-0000000-0000002"))
    assert len(world.stored(OrderRecord)) == 1
    assert len(world.quarantine(None)) == 1


class _Broken:
    """Ports of which one fails for a while."""

    def __init__(self, part: str) -> None:
        self.broken = True
        self.part = part

    def ports(self) -> Ports:
        return Ports._make(self._when(part, real) for part, real in PORTS._asdict().items())

    def _when(self, part: str, real: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            if self.broken and part == self.part:
                raise UpstreamUnavailable("Not now.")
            return real(*args, **named)

        return call


@pytest.mark.parametrize(
    ("part", "messages", "failed"),
    [
        ("serving", [order_change(), report_finished()], ["m0"]),
        ("want_prices", [order_change(), order_change("903-0000000-0000002", status="Pending")], ["m0"]),
        ("quarantine", ["{", order_change()], ["m0"]),
    ],
)
def test_when_a_port_fails_only_the_messages_that_need_it_come_again(
    shared: Aws, part: str, messages: Sequence[Mapping[str, Any] | str], failed: list[str]
) -> None:
    broken = _Broken(part)
    world = World(emptied(shared), broken.ports())
    assert world.deliver(*messages) == failed
    broken.broken = False
    assert world.deliver(messages[0], received=2) == []
    if part == "quarantine":
        assert len(world.quarantine(None)) == 1
    else:
        assert world.fetches() == ["903-8868176-2219830"]


def test_a_dead_letter_is_a_copy_without_personal_data_that_can_be_redriven(shared: Aws) -> None:
    broken = _Broken("serving")
    world = World(emptied(shared), broken.ports())
    assert world.deliver(order_change(), received=TRIES) == []
    (letter,) = world.aws.messages(world.aws.settings.intake_dead_letter_queue_url)
    assert "48110" not in json.dumps(letter)
    broken.broken = False
    assert world.deliver(letter["body"]) == []
    assert [order.sk[-19:] for order in world.stored(OrderRecord)] == ["903-8868176-2219830"]


def test_the_money_of_a_batch_is_asked_for_once_a_connection(world: World) -> None:
    asked: list[tuple[str, list[tuple[str, str]]]] = []

    def want(*arguments: Any) -> int:
        asked.append((arguments[1], list(arguments[2])))
        return 0

    ben = connect(world.aws.clock, subject="ben", seller="BENS1")
    again = World(world.aws, PORTS._replace(want_prices=want))
    bodies = [order_change(f"903-0000000-{place:07}", seller=seller)
              for place in range(6) for seller in (world.seller.selling_partner_id, "BENS1")]  # fmt: skip
    again.deliver(*bodies, order_change("903-0000000-0000099", status="Pending"))
    expected = [(f"903-0000000-{place:07}", "UNSHIPPED") for place in range(6)]
    assert dict(asked) == {world.seller.connection_id: expected, ben.connection_id: expected}
    assert len(asked) == 2


def test_many_prices_are_brought_by_one_search_and_one_more_write(world: World) -> None:
    world.deliver(*(order_change(f"903-0000000-{place:07}") for place in range(12)))
    (message,) = world.aws.messages()
    now = epoch_seconds(world.aws.clock.now())
    assert message["body"]["kind"] == "orders.search"
    assert message["body"]["arguments"] == {"mode": "sweep", "at": str(now + SETTLED_SECONDS)}
    assert message["delay_seconds"] == SETTLED_SECONDS
    # What comes within the same five minutes joins it.
    world.aws.clock.advance(100)
    world.deliver(*(order_change(f"903-0000001-{place:07}") for place in range(40)))
    (later,) = world.aws.messages()
    assert later["body"]["arguments"] == {
        "mode": "sweep", "at": str(now + SETTLED_SECONDS + SWEEP_SECONDS), "narrow": "yes",
    }  # fmt: skip
    world.aws.clock.advance(100)
    world.deliver(*(order_change(f"903-0000002-{place:07}") for place in range(40)))
    assert world.aws.messages() == []
    # A narrow search finds unshipped orders only: one that was shipped meanwhile is fetched.
    world.deliver(order_change("903-0000003-0000001", status="Shipped"))
    assert world.fetches() == ["903-0000003-0000001"]


def test_prices_that_a_known_search_brings_are_counted_together_every_few_seconds(world: World) -> None:
    def wanted() -> int:
        return sync_store.sweep(world.seller.tenant_id, world.seller.connection_id).wanted.wanted

    world.deliver(*(order_change(f"903-0000000-{place:07}") for place in range(40)))
    world.aws.clock.advance(1)
    world.deliver(order_change("903-0000000-0000040"))
    assert len(world.aws.messages()) == 2
    assert wanted() == 41
    for second in range(1, COUNTED_EVERY_SECONDS):
        world.aws.clock.advance(1)
        world.deliver(order_change(f"903-0000001-{second:07}"), order_change(f"903-0000002-{second:07}"))
        assert wanted() == 41
    # The search is narrow, so what it does not bring is fetched though nothing is written.
    world.deliver(order_change("903-0000003-0000001", status="Shipped"))
    assert world.fetches() == ["903-0000003-0000001"]
    world.aws.clock.advance(1)
    world.deliver(order_change("903-0000003-0000002"))
    assert wanted() == 41 + 2 * (COUNTED_EVERY_SECONDS - 1) + 2
    assert world.aws.messages() == []


def test_that_notifications_arrive_is_written_down_seldom_and_by_what_they_tell(world: World) -> None:
    def told() -> Any:
        with tenant_scope(world.seller.tenant_id):
            return connections.health_of(world.seller.connection_id)["orders"].notified_at

    world.deliver(order_change(changed="2026-11-20T18:05:00.000Z"), order_change("903-1", status="Pending"))
    assert told() == "2026-11-20T18:05:00Z"
    world.deliver(order_change(status="Shipped", changed="2026-11-20T19:05:00.000Z"))
    assert told() == "2026-11-20T18:05:00Z"
    world.aws.clock.advance(TOLD_EVERY_SECONDS)
    # A clock that is ahead does not make data fresher than now.
    world.deliver(order_change(status="Shipped", changed="2026-12-01T00:00:00.000Z"))
    assert told() == "2026-11-21T10:16:12Z"


def test_a_report_of_ours_is_found_by_its_pointer_and_others_leave_no_trace(world: World) -> None:
    seller = world.seller
    point_to_report("777", seller.tenant_id, seller.connection_id, f"{MERCHANT_LISTINGS}#x", world.aws.clock.now())
    before = len(world.aws.items("coordination_table"))
    world.deliver(
        report_finished(report_id="777", report_type=MERCHANT_LISTINGS),
        report_finished(report_id="778", report_type=MERCHANT_LISTINGS),
        report_finished(),
    )
    (message,) = world.aws.messages()
    assert message["body"]["kind"] == "report.collect"
    assert message["body"]["arguments"]["report"] == f"{MERCHANT_LISTINGS}#x"
    assert len(world.aws.items("coordination_table")) == before


def test_the_status_of_a_listing_is_stored(world: World) -> None:
    assert world.deliver(listing_status(sku="SKU 9"), listing_issues(sku="SKU 9")) == []
    kinds = {item["kind"]["S"] for item in world.aws.items() if "#LISTINGS#" in item["pk"]["S"]}
    assert kinds == {"listing"}
    # The line of the grid is put together for what was stored, and what the issues are is asked for.
    assert sorted(message["body"]["kind"] for message in world.aws.messages()) == ["grid.line", "listings.fetch"]
