"""What the intake decides without a store: whose a seller is, and that nothing stops a batch."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from notification_intake.intake import SELLER_CACHE_SECONDS, Intake, Message, Ports, messages_of
from quayside.connections.records import Serving
from quayside.kernel.clock import FixedClock, parse_instant
from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics
from tests.support.notifications import order_change, report_finished, sqs_event

TENANT = tenant_id_of("anna")
CONNECTION = connection_id_of(TENANT, "NA", "A3TH9S8BH6GOGM")


class World:
    """An intake whose ports remember what they were asked."""

    def __init__(self, *, served: bool = True) -> None:
        self.clock = FixedClock(parse_instant("2026-11-21T10:11:12Z"))
        self.metrics = CountedMetrics()
        self.resolved: list[str] = []
        self.kept: list[dict[str, Any]] = []
        self.serving = (Serving(TENANT, CONNECTION, "NA", frozenset({"subscription-1"})),) if served else ()
        self.intake = Intake(
            Ports(self._resolve, lambda _: None, self._keep, bytes),
            self.clock,
            self.metrics,
            lambda *_: None,
        )

    def _resolve(self, seller: str) -> Sequence[Serving]:
        self.resolved.append(seller)
        return self.serving

    def _keep(self, **entry: Any) -> str:
        self.kept.append(entry)
        return "entry"

    def take(self, *bodies: Any) -> list[str]:
        return self.intake.take(messages_of(sqs_event(bodies)))


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


def test_reports_of_other_people_cost_no_look_up() -> None:
    world = World()
    assert world.take(*(report_finished() for _ in range(5))) == []
    assert world.resolved == []
    assert world.metrics.counts == {"NotificationsDropped": 5}


def test_a_redelivery_is_told_from_a_first_delivery() -> None:
    first, again = sqs_event([{}]), sqs_event([{}], received=3)
    del first["Records"][0]["attributes"]
    assert messages_of(first) == [Message("m0", "{}", is_redelivery=False)]
    assert messages_of(again) == [Message("m0", "{}", is_redelivery=True)]


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
