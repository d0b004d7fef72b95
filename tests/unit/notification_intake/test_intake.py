"""What the intake decides without a store: whose a seller is, and that nothing stops a batch."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification_intake import intake
from notification_intake.intake import (
    ASKED_EVERY_SECONDS,
    BLOCK_CACHE_SECONDS,
    SECRET_UNTRIED_AFTER,
    SELLER_CACHE_SECONDS,
    TRIES,
    UNTRIED_AFTER,
    Intake,
    Message,
    Ports,
    messages_of,
)
from quayside.amazon.envelopes import (
    ClientSecretExpiry,
    ListingStatusChange,
    NewClientSecret,
    Notification,
    OrderChange,
    ReportFinished,
    decode,
)
from quayside.connections.records import Serving
from quayside.connections.rules import OFF_UNTIL_SWITCHED_ON
from quayside.kernel.clock import FixedClock, parse_instant
from quayside.kernel.errors import UpstreamUnavailable
from quayside.kernel.ids import ConnectionId, connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics
from quayside.orders import service as orders
from quayside.sync.commands import SyncCommand, command
from quayside.sync.registry import MERCHANT_LISTINGS
from quayside.sync.sinks import Applied, Rejected
from tests.support.notifications import (
    US,
    definitions_change,
    inventory_change,
    listing_issues,
    listing_quantity,
    listing_status,
    new_client_secret,
    order_change,
    report_finished,
    sqs_event,
    transaction_update,
)

TENANT = tenant_id_of("anna")
CONNECTION = connection_id_of(TENANT, "NA", "A3TH9S8BH6GOGM")


class World:
    """An intake whose ports remember what they were asked."""

    def __init__(self, *, served: bool = True, features_off: frozenset[str] = OFF_UNTIL_SWITCHED_ON) -> None:
        self.clock = FixedClock(parse_instant("2026-11-21T10:11:12Z"))
        self.metrics = CountedMetrics()
        self.resolved: list[str] = []
        self.looked_up: list[str] = []
        self.sent: list[tuple[SyncCommand, int]] = []
        self.statuses: list[tuple[str, ...]] = []
        self.kept: list[dict[str, Any]] = []
        self.given_up: list[tuple[str, str, str]] = []
        self.broken = False
        self.stuck = False
        self.blocked: set[str] = set()
        self.news: list[NewClientSecret | ClientSecretExpiry] = []
        self.sealed = True
        self.serving = (
            (Serving(TENANT, CONNECTION, "NA", frozenset({"subscription-1"}), features_off),) if served else ()
        )
        self.intake = Intake(
            Ports(
                self._resolve,
                self._send,
                self._keep,
                bytes,
                lambda *_: 0,
                self._finished,
                self._apply_status,
                lambda *_: None,
                self._give_up,
                lambda tenant_id: tenant_id in self.blocked,
                self._take_news,
            ),
            self.clock,
            self.metrics,
            lambda *_: None,
        )

    def _send(self, commands: Sequence[SyncCommand], *, delay_seconds: int = 0) -> None:
        self.sent += [(each, delay_seconds) for each in commands]

    def _give_up(self, payload: str, *, step: str, error_type: str) -> None:
        if self.stuck:
            raise UpstreamUnavailable("Not now.")
        self.given_up.append((payload, step, error_type))

    def _finished(self, finished: ReportFinished, now: datetime) -> SyncCommand | None:
        self.looked_up.append(finished.report_id)
        if finished.report_id != "ours":
            return None
        return command(
            "report.collect", TENANT, CONNECTION, {"report": "x"}, cause="notification", now=now, entropy=bytes
        )

    def _apply_status(
        self, _: ConnectionId, change: ListingStatusChange, *, event_time: datetime, received_at: datetime
    ) -> Applied:
        del event_time, received_at
        self.statuses.append(change.status)
        return Applied(1, 0) if change.status != ("ODD",) else Applied(0, 0, (Rejected("SKU-1", "It is odd."),))

    def _resolve(self, seller: str) -> Sequence[Serving]:
        self.resolved.append(seller)
        if self.broken:
            raise UpstreamUnavailable("Not now.")
        return self.serving

    def _take_news(self, news: NewClientSecret | ClientSecretExpiry, *_: object) -> str:
        if not self.sealed:
            raise UpstreamUnavailable(f"the store refuses {news}")
        self.news.append(news)
        return "ClientSecretRotated"

    def _keep(self, **entry: Any) -> str:
        self.kept.append(entry)
        return "entry"

    def take(self, *bodies: Any, received: int = 1) -> list[str]:
        return self.intake.take(messages_of(sqs_event(bodies, received=received)))


def test_a_seller_is_asked_for_once_in_half_a_minute() -> None:
    world = World()
    unusable = order_change(marketplace="NOWHERE")
    world.take(unusable, unusable)
    world.clock.advance(SELLER_CACHE_SECONDS - 1)
    world.take(unusable)
    assert world.resolved == ["A3TH9S8BH6GOGM"]
    world.clock.advance(1)
    world.take(unusable)
    assert len(world.resolved) == 2


def test_a_seller_nobody_serves_is_asked_for_each_time() -> None:
    world = World(served=False)
    world.take(order_change(), order_change())
    assert len(world.resolved) == 2


def test_reports_of_other_people_cost_no_look_up_or_one_when_they_are_of_a_type_of_ours() -> None:
    world = World()
    assert world.take(*(report_finished() for _ in range(5))) == []
    assert (world.resolved, world.looked_up) == ([], [])
    assert world.take(report_finished(report_id="theirs", report_type=MERCHANT_LISTINGS)) == []
    assert world.looked_up == ["theirs"]
    assert world.metrics.counts == {"NotificationsDropped": 6}
    assert world.sent == []


def test_nothing_of_a_blocked_tenant_is_applied_asked_for_or_kept_after_five_seconds() -> None:
    world = World()
    world.take(listing_status())
    world.clock.advance(BLOCK_CACHE_SECONDS)
    world.statuses.clear()
    world.sent.clear()
    world.metrics.counts.clear()
    of_all_kinds = (
        listing_status(), listing_issues(), listing_quantity(), transaction_update(), definitions_change(),
    )  # fmt: skip
    unusable = order_change(marketplace="NOWHERE")
    world.blocked.add(TENANT)
    assert world.take(*of_all_kinds, unusable) == []
    assert (world.statuses, world.sent, world.kept) == ([], [], [])
    assert world.metrics.counts == {"NotificationsBlocked": 6}
    world.blocked.clear()
    world.take(listing_status())
    assert world.statuses == [("BUYABLE", "DISCOVERABLE")]


def test_a_report_of_ours_is_collected_once() -> None:
    world = World()
    ours = report_finished(report_id="ours", report_type=MERCHANT_LISTINGS)
    assert world.take(ours, ours) == []
    assert [(each.kind, delay) for each, delay in world.sent] == [("report.collect", 0)]
    assert world.looked_up == ["ours"]


def test_listings_are_told_by_status_and_asked_for_by_issue_and_quantity() -> None:
    world = World()
    world.take(listing_status(), listing_status(status=()), listing_issues(), listing_issues(), listing_quantity())
    assert world.statuses == [("BUYABLE", "DISCOVERABLE"), ()]
    assert [(each.kind, each.arguments) for each, _ in world.sent] == [
        ("grid.line", {"marketplace_id": US, "seller_sku": "SKU-1"}),
        ("listings.fetch", {"marketplace_id": US, "seller_sku": "SKU-1"}),
        ("listings.fetch", {"seller_sku": "SKU-1"}),
    ]
    assert world.metrics.counts == {"ListingsApplied": 2, "CommandsRequested": 3}


def test_a_status_that_can_not_be_stored_goes_to_quarantine() -> None:
    world = World()
    assert world.take(listing_status(status=["ODD"])) == []
    assert [entry["reason"] for entry in world.kept] == ["It is odd."]


def test_transactions_are_asked_for_in_a_quarter_of_an_hour_once_for_all() -> None:
    world = World()
    assert world.take(*(transaction_update() for _ in range(9))) == []
    assert world.take(transaction_update()) == []
    assert [(each.kind, each.cause, delay) for each, delay in world.sent] == [("finances.list", "notification", 900)]
    world.clock.advance(ASKED_EVERY_SECONDS)
    world.take(transaction_update())
    assert len(world.sent) == 2


def test_a_transaction_of_nobody_is_dropped() -> None:
    world = World()
    assert world.take(transaction_update(seller=None)) == []
    assert (world.sent, world.kept) == ([], [])


def test_new_definitions_have_the_forms_read_anew_of_one_marketplace_or_of_all() -> None:
    world = World()
    world.take(definitions_change(), definitions_change(), definitions_change(marketplace=None))
    assert [(each.kind, each.arguments) for each, _ in world.sent] == [
        ("listings.definitions", {"marketplace_id": US}),
        ("listings.definitions", {"marketplace_id": ""}),
    ]


@pytest.mark.parametrize(
    ("feature", "body"),
    [
        ("sales", order_change()),
        ("stock", inventory_change("SKU-1", at="2026-11-20T18:00:00Z", stock={US: 3})),
        ("listings", listing_issues()),
        ("profit", transaction_update()),
    ],
)
def test_what_no_switched_on_feature_needs_is_dropped_on_arrival(feature: str, body: dict[str, Any]) -> None:
    world = World(features_off=OFF_UNTIL_SWITCHED_ON | {feature})
    assert world.take(body) == []
    assert world.metrics.counts == {"NotificationsSwitchedOff": 1}
    assert (world.sent, world.kept) == ([], [])


@pytest.mark.parametrize(
    ("status", "shipped_by", "kind", "arguments"),
    [
        ("Unshipped", "MFN", "recipients.fetch", {}),
        ("PartiallyShipped", "MFN", "recipients.fetch", {}),
        ("Shipped", "MFN", "recipients.fetch", {"shipped": "yes"}),
        ("Canceled", "MFN", "personal_data.destroy", {}),
        ("Pending", "MFN", None, {}),
        ("Unshipped", "AFN", None, {}),
        ("Canceled", "AFN", None, {}),
    ],
)
def test_a_change_of_an_order_says_what_becomes_of_its_recipient(
    status: str, shipped_by: str, kind: str | None, arguments: dict[str, str]
) -> None:
    served = Serving(TENANT, CONNECTION, "NA", frozenset({"subscription-1"}), frozenset())
    facts = orders.facts_of_change(change_of(status, shipped_by), parse_instant("2026-11-20T18:05:00Z"))
    batch = intake._Batch(parse_instant("2026-11-21T10:11:12Z"))
    for on in (served, served._replace(features_off=OFF_UNTIL_SWITCHED_ON)):
        intake._ask_for_recipient(on, Message("m0", "{}"), facts, batch)
    asked = [(each.kind, dict(each.arguments)) for each in batch.asks]
    assert asked == ([] if kind is None else [(kind, {"order_id": facts.order_id, **arguments})])


def change_of(status: str, shipped_by: str) -> OrderChange:
    found = decode(json.dumps(order_change(status=status, FulfillmentType=shipped_by)))
    assert isinstance(found, Notification)
    assert isinstance(found.payload, OrderChange)
    return found.payload


def test_a_redelivery_is_told_from_a_first_delivery() -> None:
    first, again = sqs_event([{}]), sqs_event([{}], received=3)
    del first["Records"][0]["attributes"]
    assert messages_of(first) == [Message("m0", "{}", received=1)]
    assert messages_of(again) == [Message("m0", "{}", received=3)]


def test_what_goes_to_quarantine_holds_no_postal_code() -> None:
    world = World(served=False)
    world.take(order_change())
    (entry,) = world.kept
    assert entry["tenant_id"] is None
    assert "48110" not in entry["payload"]
    assert json.loads(entry["payload"])["NotificationType"] == "ORDER_CHANGE"


@given(st.lists(st.one_of(st.text(max_size=80), st.binary(max_size=20).map(repr)), max_size=8))
def test_no_text_whatever_stops_a_batch_or_is_lost(bodies: list[str]) -> None:
    world = World()
    assert world.take(*bodies) == []
    dropped = sum(world.metrics.counts.get(name, 0) for name in ("NotificationsDropped", "NotificationsOfUnknownType"))
    assert len(world.kept) + dropped == len(bodies)


@given(st.data())
def test_damaged_notifications_are_kept_or_applied_but_never_stop_the_batch(data: st.DataObject) -> None:
    """Any part of a notification may be missing or of another type: the outcome is quarantine, never an exception."""
    world = World(served=False)
    notification: dict[str, Any] = order_change()
    place: Any = notification
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and data.draw(st.booleans()):
            place = place[key]
            continue
        if data.draw(st.booleans()):
            del place[key]
        else:
            place[key] = data.draw(st.sampled_from([None, 5, "x", [], {}, [{}], True]))
        break
    assert world.take(notification) == []
    counts = world.metrics.counts
    assert counts.get("NotificationsQuarantined", 0) + counts.get("NotificationsOfUnknownType", 0) == 1


def test_what_fails_again_and_again_becomes_a_dead_letter_without_its_postal_code() -> None:
    world = World()
    world.broken = True
    assert world.take(order_change(), received=TRIES - 1) == ["m0"]
    assert world.given_up == []
    assert world.take(order_change(), "{", received=TRIES) == []
    ((payload, step, error_type),) = world.given_up
    assert (step, error_type) == ("resolve", "UpstreamUnavailable")
    assert "48110" not in payload
    assert world.metrics.counts["NotificationsGivenUp"] == 1
    # Redriven, it is read like the original.
    assert decode(payload) == decode(json.dumps(order_change()))


def test_a_dead_letter_that_can_not_be_sent_is_delivered_again() -> None:
    world = World()
    world.broken = world.stuck = True
    assert world.take(order_change(), received=TRIES) == ["m0"]


def test_a_message_over_which_the_function_dies_each_time_is_not_tried_for_ever() -> None:
    world = World()
    assert world.take(order_change(), received=UNTRIED_AFTER + 1) == []
    assert world.resolved == []
    ((payload, step, _),) = world.given_up
    assert step == "deliver"
    assert "48110" not in payload


def test_a_new_client_secret_is_tried_until_it_is_kept_and_is_in_no_dead_letter_and_no_log() -> None:
    world = World()
    world.sealed = False
    told: list[str] = []
    world.intake._on_failure = lambda step, problem: told.append(f"{step} {problem}")
    notification = new_client_secret("not-a-secret")
    for received in (1, TRIES, UNTRIED_AFTER + 1, SECRET_UNTRIED_AFTER):
        assert world.take(notification, received=received) == ["m0"]
    assert (world.given_up, world.kept) == ([], [])
    assert world.metrics.counts["ClientSecretNotKept"] == 4
    assert "not-a-secret" not in str(told)
    world.sealed = True
    assert world.take(notification, received=UNTRIED_AFTER + 2) == []
    (news,) = world.news
    assert isinstance(news, NewClientSecret)
    assert (news.client_id, news.secret.reveal()) == ("client-1", "not-a-secret")
    assert "not-a-secret" not in repr(decode(json.dumps(notification)))


def test_what_is_left_of_a_new_client_secret_when_all_else_failed_holds_no_secret() -> None:
    world = World()
    notification = new_client_secret("not-a-secret")
    assert world.take(notification, received=SECRET_UNTRIED_AFTER + 1) == []
    unreadable = {**notification, "payload": {"applicationOAuthClientNewSecret": {"newClientSecret": "not-a-secret"}}}
    assert world.take(unreadable) == []
    assert "not-a-secret" not in str([world.given_up, world.kept])
    assert (len(world.given_up), len(world.kept)) == (1, 1)
