"""One request for an order, whatever dies, comes twice or changes in between."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infra.simulator.solicitations import Mood, Solicitable, Solicitations
from quayside.amazon.errors import AccessRefused, AmazonError, AmazonUnavailable, Throttled
from quayside.amazon.solicitations import Requested
from quayside.kernel.clock import FixedClock
from quayside.reviews.rules import Campaign, Candidate, Product
from quayside.reviews.sending import AT_WORK, MANY_EMPTY, Emptiness, Ending, Sender, Standing, Terms, WakeUp
from tests.support.reviews import MemoryBook, SimulatedAmazon, solicitable

ZONE = "America/Los_Angeles"
US = "ATVPDKIKX0DER"
BOUGHT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DUE = datetime(2026, 3, 11, 17, tzinfo=UTC)
CALM = Mood(empty_share=0, never_share=0, delayed_share=0)
CAMPAIGN = Campaign(campaign_id="c", name="All", state="on", priority=1, delay_days=7, send_hour=10)


def candidate(order_id: str = "114-1") -> Candidate:
    return Candidate(
        order_id=order_id,
        marketplace_id=US,
        time_zone=ZONE,
        status="SHIPPED",
        fulfilled_by="AMAZON",
        purchased_at=BOUGHT,
        deliver_after=BOUGHT + timedelta(days=1),
        deliver_by=BOUGHT + timedelta(days=3),
        ship_by=BOUGHT + timedelta(days=1),
        products=(Product("MUG"),),
    )


class Killed(BaseException):
    """The worker died: no ``except`` of the product catches it."""


class World:
    """Orders, a book, Amazon and a clock; a peril can be set for the nth step of what follows."""

    def __init__(self, mood: Mood = CALM, orders: int = 1, at: datetime = DUE) -> None:
        self.clock = FixedClock(at)
        self.orders = {f"114-{n}": candidate(f"114-{n}") for n in range(1, orders + 1)}
        self.numbers = {order_id: number for number, order_id in enumerate(self.orders, start=1)}
        self.book = MemoryBook(self.orders.get)
        amazon = Solicitations(5, {}, mood)
        self.amazon: Any = SimulatedAmazon(amazon, self._solicitable, self.clock)
        self.emptiness = Emptiness()
        self.terms = Terms((CAMPAIGN,))
        for order_id in self.orders:
            self.wake(order_id)

    def _solicitable(self, order_id: str) -> Solicitable:
        order = self.orders[order_id]
        return solicitable(self.numbers[order_id], order, shipped=order.status == "SHIPPED")

    def wake(self, order_id: str = "114-1") -> None:
        self.book.wake(WakeUp(order_id, US, BOUGHT, self.clock.now()))

    def sender(self, peril: "Peril | None" = None) -> Sender:
        book: Any = self.book if peril is None else Perilous(self.book, peril)
        amazon: Any = self.amazon if peril is None else Perilous(self.amazon, peril)
        return Sender(book, amazon, self.terms, self.clock, self.emptiness)

    def look(self, peril: "Peril | None" = None, limit: int = 50) -> list[Ending]:
        """Look at what is due, as one command does; what goes wrong with Amazon ends it."""
        endings: list[Ending] = []
        with suppress(Killed, AmazonError):
            for wake in self.book.due(self.clock.now(), limit):
                if self.emptiness.rests(self.clock.now()):
                    break
                endings.append(self.sender(peril).look(wake))
        return endings

    def run(self, days: float) -> None:
        """Let time pass, looking whenever something is due."""
        until = self.clock.now() + timedelta(days=days)
        for _ in range(2000):
            following = self.book.next_wake()
            if following is None or max(following, self.clock.now()) > until:
                break
            if following > self.clock.now():
                self.clock.advance((following - self.clock.now()).total_seconds())
            elif self.emptiness.rests(self.clock.now()):
                self.clock.advance(600)
            self.look()
        self.clock.advance(max(0.0, (until - self.clock.now()).total_seconds()))

    def standing(self, order_id: str = "114-1") -> Standing:
        return self.book.standings[order_id]

    def times(self, order_id: str = "114-1") -> list[datetime]:
        return [at for accepted, at in self.amazon.accepted if accepted == order_id]


class Peril:
    """What happens at the nth step: a step is each call of the book or of Amazon, before it and after it."""

    def __init__(self, at: int, strike: Callable[[], None]) -> None:
        self._left = at
        self._strike = strike

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._strike()


class Perilous:
    """A book or an Amazon between whose steps a peril can strike."""

    def __init__(self, inner: object, peril: Peril) -> None:
        self._inner = inner
        self._peril = peril

    def __getattr__(self, name: str) -> Callable[..., object]:
        function = getattr(self._inner, name)

        def call(*arguments: object) -> object:
            self._peril.step()
            result = function(*arguments)
            self._peril.step()
            return result

        return call


def test_an_order_is_decided_asked_for_and_requested_once() -> None:
    world = World()
    assert world.look() == ["sent"]
    assert world.times() == [DUE]
    assert world.amazon.calls == {"offers": 1, "requests": 1}
    standing = world.standing()
    assert (standing.state, standing.because, standing.answer) == (
        "sent", "The request was sent.", "Amazon accepted the request.",
    )  # fmt: skip
    assert [each.what for each in standing.course][-1] == "The request was sent."
    world.wake()
    assert world.look() == ["settled"]
    assert world.amazon.calls["offers"] == 1
    assert world.book.next_wake() is None


def test_in_test_it_is_logged_and_amazon_is_not_asked() -> None:
    world = World()
    world.terms = Terms((msgspec.structs.replace(CAMPAIGN, state="test"),))
    assert world.look() == ["settled"]
    assert world.standing().state == "tested"
    assert not world.amazon.calls
    world.terms = Terms((CAMPAIGN,))
    world.wake()
    assert world.look() == ["sent"], "switched on, what was only tested goes out"


def test_what_waits_is_looked_at_when_its_time_comes() -> None:
    world = World(at=DUE - timedelta(days=3))
    assert world.look() == ["waits"]
    assert (world.standing().look_at, world.standing().send_at) == (DUE, DUE)
    world.run(4)
    assert world.times() == [DUE]


def test_a_refund_an_hour_before_changes_the_decision() -> None:
    world = World(at=DUE - timedelta(days=3))
    world.look()
    world.orders["114-1"] = msgspec.structs.replace(world.orders["114-1"], refunded_at=DUE - timedelta(hours=1))
    world.run(40)
    assert (world.standing().state, world.standing().rule) == ("skipped", "refunded")
    assert not world.amazon.calls


def test_an_order_seen_late_stays_late() -> None:
    world = World(at=BOUGHT + timedelta(days=1, hours=2))
    world.orders["114-1"] = msgspec.structs.replace(world.orders["114-1"], status="UNSHIPPED")
    world.look()
    assert world.standing().was_late
    world.orders["114-1"] = msgspec.structs.replace(world.orders["114-1"], status="SHIPPED")
    world.run(40)
    assert (world.standing().state, world.standing().rule) == ("skipped", "late")


def test_empty_answers_are_asked_again_on_later_days_until_the_window_closes() -> None:
    world = World(Mood(empty_share=0, never_share=1, delayed_share=0))
    asked: list[datetime] = []

    inner = world.amazon.offers

    def offers(wake: WakeUp) -> bool:
        asked.append(world.clock.now())
        return bool(inner(wake))

    world.amazon.offers = offers
    world.run(60)
    days = [(at - DUE).days for at in asked]
    assert days[:6] == [0, 1, 3, 6, 11, 19]
    assert asked[-1] == BOUGHT + timedelta(days=33) - timedelta(minutes=15) - timedelta(hours=1), "one hour is summer's"
    assert world.standing().state == "skipped"
    assert world.standing().because == "Amazon offers no request for it at the moment, and its window closes."
    assert world.book.next_wake() is None


def test_one_empty_answer_costs_a_day_and_no_request() -> None:
    world = World(Mood(0, 0, 0, outages=((0, 2**62),)))
    world.look()
    world.amazon.requests.mood = CALM
    assert world.standing().because.startswith("Amazon offers no request for it at the moment; it is tried again")
    world.wake()
    assert world.look() == ["waits"], "a second delivery does not ask before its day"
    world.run(3)
    assert world.times() == [DUE + timedelta(days=1)]


def test_a_day_outside_amazons_own_range_is_tried_again() -> None:
    world = World(Mood(0, 0, delayed_share=1), orders=6, at=BOUGHT)
    world.terms = Terms((msgspec.structs.replace(CAMPAIGN, delay_days=5),))
    world.run(40)
    courses = {order_id: world.standing(order_id).course for order_id in world.orders}
    assert [len(world.times(order_id)) for order_id in courses] == [1] * 6
    assert any("outside its range" in each.what for course in courses.values() for each in course)


def test_amazons_refusal_is_a_verdict_on_the_order() -> None:
    world = World()
    world.amazon.requests.sent[1] = 0
    world.amazon.offers = lambda _: True
    assert world.look() == ["settled"]
    assert (world.standing().state, world.standing().rule) == ("skipped", "amazon")
    assert world.standing().is_final


def test_when_amazon_offers_nothing_to_anybody_it_is_left_alone_for_an_hour() -> None:
    world = World(Mood(0, 0, 0), orders=60)
    begins = DUE - timedelta(minutes=1)
    hours = (int(begins.timestamp() * 1000), int((begins + timedelta(hours=30)).timestamp() * 1000))
    world.amazon.requests.mood = Mood(0, 0, 0, outages=(hours,))
    world.run(1.2)
    assert world.amazon.calls["offers"] <= MANY_EMPTY + 31
    world.amazon.requests.mood = CALM
    world.run(10)
    assert sorted({order for order, _ in world.amazon.accepted}) == sorted(world.orders)
    assert len(world.amazon.accepted) == 60


@pytest.mark.parametrize("went_out", [True, False])
def test_an_answer_that_got_lost_is_found_out_and_never_sent_again(*, went_out: bool) -> None:
    world = World()

    def request(wake: WakeUp, before: Callable[[], None]) -> Requested:
        before()
        if went_out:
            SimulatedAmazon.request(world.amazon, wake, lambda: None)
        raise AmazonUnavailable("", operation="create")

    world.amazon.request = request
    assert world.look() == []
    assert world.standing().state == "sending"
    del world.amazon.request
    assert world.book.next_wake() == DUE + AT_WORK
    world.wake()
    assert world.look() == ["waits"], "nobody asks while the sender may be at work"
    world.run(20)
    assert world.standing().state == "sent"
    assert len(world.times()) == 1


@pytest.mark.parametrize("refusal", [Throttled, AccessRefused])
def test_what_amazon_did_not_take_is_withdrawn_at_once(refusal: type[AmazonError]) -> None:
    world = World()

    def request(_: WakeUp, before: Callable[[], None]) -> Requested:
        before()
        raise refusal("no", operation="create")

    world.amazon.request = request
    with pytest.raises(refusal):
        world.sender().look(world.book.due(DUE, 1)[0])
    assert world.standing().state == "waiting"
    del world.amazon.request
    assert world.look() == ["sent"]


def test_before_the_intent_nothing_is_lost_when_amazon_is_away() -> None:
    world = World()

    def request(*_: object) -> Requested:
        raise AmazonUnavailable("", operation="create")

    world.amazon.request = request
    assert world.look() == []
    del world.amazon.request
    assert world.look() == ["sent"]


def test_dead_at_each_step_and_woken_again_one_request_goes_out() -> None:
    """The worker dies at every step, then at every step again; and a second worker comes in between at every step."""

    def die() -> None:
        raise Killed

    struck = 0
    for first in range(1, 20):
        for second in (0, 1, 2, 4, 6, 8, 10):
            world = World()
            world.look(Peril(first, die))
            struck += not world.times() or world.standing().state != "sent"
            world.wake()
            world.look(Peril(second, die) if second else None)
            world.run(30)
            assert len(world.times()) == 1, (first, second)
            assert world.standing().state == "sent"
        world = World()
        other = world.look
        world.look(Peril(first, lambda other=other: other() and None))  # type: ignore[misc]
        world.run(30)
        assert len(world.times()) == 1, first
    assert struck > 20


class OneRequest(RuleBasedStateMachine):
    """Any course of time, trouble and changes: never two requests, none at a wrong time or to an excluded order."""

    @initialize(orders=st.integers(1, 3), empty=st.sampled_from((0.0, 0.3)), delayed=st.sampled_from((0.0, 0.5)))
    def begin(self, orders: int, empty: float, delayed: float) -> None:
        self.world = World(Mood(empty, 0, delayed), orders=orders, at=BOUGHT)
        self.barred_at: dict[str, datetime] = {}
        self.paused = False

    @rule(hours=st.integers(1, 200))
    def time_passes(self, hours: int) -> None:
        self.world.clock.advance(hours * 3600)

    @rule()
    def looks(self) -> None:
        self.world.look()

    @rule(at=st.integers(1, 16), kind=st.sampled_from(("dies", "unavailable", "throttled", "other")))
    def looks_in_peril(self, at: int, kind: str) -> None:
        def strike() -> None:
            if kind == "dies":
                raise Killed
            if kind == "unavailable":
                raise AmazonUnavailable("", operation="x")
            if kind == "throttled":
                raise Throttled("", operation="x")
            self.world.look()

        self.world.look(Peril(at, strike))

    @rule(order=st.integers(1, 3))
    def woken_again(self, order: int) -> None:
        if f"114-{order}" in self.world.orders:
            self.world.wake(f"114-{order}")

    @rule(order=st.integers(1, 3), how=st.sampled_from(("refunded_at", "returned_at", "is_barred")))
    def excluded(self, order: int, how: str) -> None:
        order_id = f"114-{order}"
        if order_id in self.world.orders:
            value = True if how == "is_barred" else self.world.clock.now()
            self.world.orders[order_id] = msgspec.structs.replace(self.world.orders[order_id], **{how: value})
            self.barred_at.setdefault(order_id, self.world.clock.now())

    @rule(state=st.sampled_from(("on", "on", "test", "off")), paused=st.booleans(), delay=st.integers(5, 30))
    def settings_change(self, state: str, delay: int, *, paused: bool) -> None:
        campaign = msgspec.structs.replace(CAMPAIGN, state=state, delay_days=delay)
        self.world.terms = Terms((campaign,), is_paused=paused)
        for order_id in self.world.orders:
            self.world.wake(order_id)

    @invariant()
    def never_two_never_wrong(self) -> None:
        if not hasattr(self, "world"):
            return
        seen: set[str] = set()
        for order_id, at in self.world.amazon.accepted:
            assert order_id not in seen
            seen.add(order_id)
            order = self.world.orders[order_id]
            assert order.deliver_after is not None
            assert order.deliver_by is not None
            assert order.deliver_after + timedelta(days=5) <= at <= order.deliver_by + timedelta(days=30)
            assert at <= self.barred_at.get(order_id, at)

    def teardown(self) -> None:
        """Left in peace, every order that may be asked within its window still is, once."""
        if not hasattr(self, "world"):
            return
        world = self.world
        world.terms = Terms((CAMPAIGN,))
        world.amazon.requests.mood = Mood(0, 0, world.amazon.requests.mood.delayed_share)
        ends = BOUGHT + timedelta(days=20)
        in_time = world.clock.now() < ends
        for order_id in world.orders:
            world.wake(order_id)
        world.run(45)
        for order_id in world.orders:
            standing = world.standing(order_id)
            assert standing.is_final or standing.rule in {"refunded", "returned", "do_not_solicit"}
            if in_time and order_id not in self.barred_at and standing.rule != "amazon":
                assert len(world.times(order_id)) == 1, standing
        self.never_two_never_wrong()


TestOneRequest = OneRequest.TestCase
TestOneRequest.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
