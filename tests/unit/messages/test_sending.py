"""One message: dead at each step, throttled, refused, unanswered; it goes out once at most."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping, Sequence
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
from quayside.messages.rules import FileFacts, Form, State, form_of
from quayside.messages.sending import Sender, Standing, moved

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
ORDER, MESSAGE = "114-0000000-0000001", "message-1"
WORDS = {"text": "Which colour do you want?"}
NEW = Standing(
    message_id=MESSAGE, order_id=ORDER, marketplace_id="ATVPDKIKX0DER", action="confirmOrderDetails", state="waiting",
    because="", written_at=AT, written_by="m1", moved_at=AT, digest="d",
)  # fmt: skip


PDF = b"%PDF-1.7 the invoice"
FILE = FileFacts(len(PDF), hashlib.sha256(PDF).hexdigest())
WITH_FILE = msgspec.structs.replace(NEW, action="invoice", file=FILE)


class Killed(BaseException):
    """The worker died: no ``except`` of the product catches it."""


class World:
    """A book and an Amazon in memory; the process dies at a given step."""

    def __init__(self, standing: Standing | None = NEW) -> None:
        self.stands = standing
        self.written: dict[str, str] | None = WORDS
        self.actions: Sequence[str] = ("confirmOrderDetails",)
        self.content: bytes | None = PDF
        self.uploaded = 0
        self.fails_upload: AmazonError | SlotAhead | None = None
        self.sent: list[Mapping[str, object]] = []
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
        return [form_of(action, None, {"confirmOrderDetails", "warranty", "invoice"}) for action in self.actions]

    def file(self, standing: Standing) -> bytes | None:
        assert standing.file is not None
        self._step()
        return self.content

    def drop_file(self, standing: Standing) -> None:
        assert standing.file is not None
        assert not standing.is_open
        self._step()
        self.content = None

    def upload(self, standing: Standing, content: bytes) -> str:
        assert (standing.state, content) == ("waiting", PDF)
        self._step()
        if self.fails_upload is not None:
            raise self.fails_upload
        self.uploaded += 1
        return f"upload-{self.uploaded}"

    def send(self, standing: Standing, values: Mapping[str, object], before: Callable[[], None]) -> None:
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


def states_after_dying(world: World, step: int) -> list[str]:
    """Let a worker die at a step, others look later, and return what they found; nothing went out twice."""
    world.dies_at = step
    with contextlib.suppress(Killed):
        look(world)
    world.dies_at = None
    states = [look(world, timedelta(minutes=minutes)) for minutes in (1, 25, 60)]
    assert len(world.sent) <= 1
    assert states[-1] == ("sent" if states[0] == "sent" else "unclear")
    return states


@pytest.mark.parametrize("step", range(1, 10))
def test_dead_at_each_step_a_message_never_goes_out_twice(step: int) -> None:
    world = World()
    states = states_after_dying(world, step)
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


def with_file() -> World:
    """Return a world in which an invoice waits to be sent."""
    world = World(WITH_FILE)
    world.actions, world.written = ("invoice",), {"attachments": "invoice.pdf"}
    return world


def test_a_file_goes_before_its_message_and_is_deleted_after_it() -> None:
    world = with_file()
    assert [look(world), look(world)] == ["sent", "sent"]
    assert world.sent == [{"attachments": [{"fileName": "invoice.pdf", "uploadDestinationId": "upload-1"}]}]
    assert (world.uploaded, world.content) == (1, None)


@pytest.mark.parametrize("step", range(1, 13))
def test_dead_at_each_step_a_message_with_a_file_never_goes_out_twice(step: int) -> None:
    world = with_file()
    states_after_dying(world, step)
    assert world.content is None, "whatever became of the message, its file is gone"


@pytest.mark.parametrize(
    "problem", [Throttled("", operation="u"), SlotAhead("u", 1), AmazonUnavailable("", operation="u"),
                RoleMissing("No.", operation="u", status=403)],
)  # fmt: skip
def test_a_file_that_amazon_does_not_take_now_keeps_its_message_waiting(problem: AmazonError | SlotAhead) -> None:
    world = with_file()
    world.fails_upload = problem
    with pytest.raises(type(problem)):
        look(world)
    assert (world.stands, world.content) == (WITH_FILE, PDF)
    world.fails_upload = None
    assert look(world) == "sent"


def test_held_back_a_message_takes_its_file_to_amazon_anew() -> None:
    world = with_file()
    world.fails = Throttled("", operation="send")
    with pytest.raises(Throttled):
        look(world)
    assert world.content == PDF
    world.fails = None
    assert look(world) == "sent"
    assert world.sent == [{"attachments": [{"fileName": "invoice.pdf", "uploadDestinationId": "upload-2"}]}]


def test_a_file_that_is_refused_gone_or_another_ends_its_message() -> None:
    refused, gone, another = with_file(), with_file(), with_file()
    refused.fails_upload = RequestRejected("No.", operation="u")
    gone.content, another.content = None, b"%PDF-1.7 another"
    assert [look(each) for each in (refused, gone, another)] == ["refused"] * 3
    told = [each.stands.because for each in (refused, gone, another) if each.stands is not None]
    assert told == ["Amazon refused its file: No.", *["Its file is no longer there. Write it anew."] * 2]
    assert (refused.sent, gone.sent, another.sent) == ([], [], [])


@pytest.mark.parametrize("after", [timedelta(hours=25), timedelta()])
def test_a_message_that_ends_otherwise_loses_its_file_too(after: timedelta) -> None:
    world = with_file()
    if not after:
        world.stands = moved(WITH_FILE, "withdraws", "", AT)
    assert look(world, after) == ("expired" if after else "withdrawn")
    assert (world.content, world.uploaded) == (None, 0)


def test_an_illegal_move_is_no_move() -> None:
    sent = msgspec.structs.replace(NEW, state="sent")
    with pytest.raises(ValueError, match="sent cannot be told withdraws"):
        moved(sent, "withdraws", "", AT)
