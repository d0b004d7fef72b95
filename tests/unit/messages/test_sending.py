"""One message: dead at each step, throttled, refused, unanswered; it goes out once at most."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from quayside.amazon.errors import (
    AmazonError,
    AmazonUnavailable,
    RequestRejected,
    RoleMissing,
    Throttled,
    TokenRefused,
)
from quayside.amazon.turns import SlotAhead
from quayside.kernel.clock import FixedClock
from quayside.messages.rules import Form, State, form_of
from quayside.messages.sending import Sender, Standing, moved

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ORDER, MESSAGE = "114-0000000-0000001", "message-1"
WORDS = {"text": "Which colour do you want?"}
NEW = Standing(
    message_id=MESSAGE, order_id=ORDER, marketplace_id="ATVPDKIKX0DER", action="confirmOrderDetails", state="waiting",
    because="", written_at=AT, written_by="m1", moved_at=AT, digest="d",
)  # fmt: skip


class Killed(BaseException):
    """The worker died: no ``except`` of the product catches it."""


class World:
    """A book and an Amazon in memory; the process dies at a given step."""

    def __init__(self, standing: Standing | None = NEW) -> None:
        self.stands = standing
        self.written: dict[str, str] | None = WORDS
        self.actions: Sequence[str] = ("confirmOrderDetails",)
        self.sent: list[dict[str, str]] = []
        self.fails: AmazonError | SlotAhead | None = None
        self.fails_early = False
        self.loses = False
        self.dies_at: int | None = None
        self.steps = 0

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.dies_at:
            raise Killed

    def standing(self, order_id: str, message_id: str) -> Standing | None:
        assert (order_id, message_id) == (ORDER, MESSAGE)
        self._step()
        return self.stands

    def words(self, order_id: str, message_id: str) -> dict[str, str] | None:
        assert (order_id, message_id) == (ORDER, MESSAGE)
        self._step()
        return self.written

    def keep(self, before: Standing, after: Standing) -> bool:
        self._step()
        if self.loses or self.stands is None or self.stands.step != before.step:
            return False
        self.stands = after
        self._step()
        return True

    def allowed(self, standing: Standing) -> Sequence[Form]:
        assert standing.order_id == ORDER
        self._step()
        return [form_of(action, None, {"confirmOrderDetails", "warranty"}) for action in self.actions]

    def send(self, standing: Standing, values: dict[str, str], before: Callable[[], None]) -> None:
        assert standing.state == "waiting"
        if self.fails_early and self.fails is not None:
            raise self.fails
        before()
        self._step()
        if isinstance(self.fails, Throttled | RequestRejected):
            raise self.fails
        self.sent.append(values)
        self._step()
        if self.fails is not None:
            raise self.fails


def look(world: World, after: timedelta = timedelta()) -> State:
    """Let the worker look at the message and return how it stands then."""
    Sender(world, world, FixedClock(AT + after)).look(ORDER, MESSAGE)
    assert world.stands is not None
    return world.stands.state


def test_a_message_is_sent_once_however_often_it_is_looked_at() -> None:
    world = World()
    assert [look(world), look(world)] == ["sent", "sent"]
    assert world.sent == [WORDS]


@pytest.mark.parametrize("step", range(1, 10))
def test_dead_at_each_step_a_message_never_goes_out_twice(step: int) -> None:
    world = World()
    world.dies_at = step
    with contextlib.suppress(Killed):
        look(world)
    world.dies_at = None
    states = [look(world, timedelta(minutes=minutes)) for minutes in (1, 25, 60)]
    assert len(world.sent) <= 1
    assert states[-1] == ("sent" if states[0] == "sent" else "unclear")
    if states[-1] == "unclear":
        assert states[0] == "sending", "nobody gives up what another may still be at"


def test_an_answer_that_got_lost_leaves_it_unclear_for_good() -> None:
    world = World()
    world.fails = AmazonUnavailable("", operation="send")
    assert look(world) == "unclear"
    world.fails = None
    assert look(world, timedelta(hours=2)) == "unclear"
    assert len(world.sent) == 1


@pytest.mark.parametrize("problem", [Throttled("", operation="send"), TokenRefused("", operation="send")])
def test_what_amazon_did_not_look_at_waits_and_is_sent_later(problem: AmazonError) -> None:
    world = World()
    world.fails = problem
    with pytest.raises(type(problem)):
        look(world)
    assert (world.stands.state if world.stands else None, world.sent) == ("waiting", [])
    world.fails = None
    assert look(world) == "sent"
    assert len(world.sent) == 1


@pytest.mark.parametrize(
    "problem", [RequestRejected("No.", operation="send"), RoleMissing("No.", operation="send", status=403)]
)
def test_a_refusal_is_a_verdict_in_amazons_words(problem: AmazonError) -> None:
    world = World()
    world.fails = problem
    assert look(world) == "refused"
    assert world.stands is not None
    assert world.stands.because == "Amazon refused it: No."
    assert look(world, timedelta(hours=1)) == "refused"


@pytest.mark.parametrize("problem", [SlotAhead("send", 1), AmazonUnavailable("", operation="token")])
def test_before_anything_is_written_down_it_just_waits(problem: AmazonError | SlotAhead) -> None:
    world = World()
    world.fails, world.fails_early = problem, True
    with pytest.raises(type(problem)):
        look(world)
    assert world.stands == NEW


def test_what_amazon_no_longer_allows_is_not_sent() -> None:
    for actions, written in ((("warranty",), WORDS), (("confirmOrderDetails",), None), ((), WORDS)):
        world = World()
        world.actions, world.written = actions, written
        assert look(world) == "refused"
        assert world.sent == []


def test_a_form_that_changed_meanwhile_is_held_against_what_was_written() -> None:
    world = World()
    world.written = {"text": "Please leave a review"}
    assert look(world) == "refused"
    assert world.stands is not None
    assert "form has changed: text speaks of reviews" in world.stands.because


def test_after_a_day_a_message_is_not_sent_any_more() -> None:
    world = World()
    assert look(world, timedelta(hours=25)) == "expired"
    assert world.sent == []


def test_what_a_member_took_back_or_another_worker_took_on_is_not_sent() -> None:
    gone = World(None)
    assert Sender(gone, gone, FixedClock(AT)).look(ORDER, MESSAGE) == "settled"
    taken = World(moved(NEW, "withdraws", "", AT))
    assert look(taken) == "withdrawn"
    raced = World()
    raced.loses = True
    assert Sender(raced, raced, FixedClock(AT)).look(ORDER, MESSAGE) == "lost"
    assert taken.sent == raced.sent == []


def test_an_illegal_move_is_no_move() -> None:
    sent = msgspec.structs.replace(NEW, state="sent")
    with pytest.raises(ValueError, match="sent cannot be told withdraws"):
        moved(sent, "withdraws", "", AT)
