"""What is done about one message: allowed once more, written down, sent; what a crash leaves never goes out twice.

Amazon offers the same template again after it was sent, so its list does not tell whether a message arrived, and there
is no call that does. So a message goes out at most once: before it does, it is written down that it will (``sending``),
and afterwards what Amazon answered. One whose answer nobody knows is ``unclear`` for good, until a member who looked it
up at Amazon says which way it went. Right before it goes out Amazon is asked what it allows for the order, and what was
typed is held against that form: an order that was cancelled meanwhile gets no message.

A file is handed to Amazon before that is written down, anew with each attempt: what lies at Amazon and no message names
is seen by nobody, and an address of yesterday is no good. Once the message is past being sent, the file is deleted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from quayside.amazon.errors import AccessRefused, AmazonError, RequestRejected, Throttled, TokenRefused
from quayside.kernel.clock import Clock
from quayside.messages.rules import (
    AT_WORK,
    WAITS_AT_MOST,
    Event,
    FileFacts,
    Form,
    State,
    check,
    next_state,
    payload_of,
)

Ending = Literal["settled", "waits", "lost"]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a message stands.

    Attributes:
        step: counts the changes.
        because: why it stands so, in words.
        written_at: when a member wrote it.
        written_by: the id of that member.
        moved_at: when it last changed.
        digest: SHA-256 of what was written, which stays when the words are gone.
        file: the file that goes with it, without its name, which is among the words.
    """

    message_id: str
    order_id: str
    marketplace_id: str
    action: str
    state: State
    because: str
    written_at: datetime
    written_by: str
    moved_at: datetime
    digest: str
    step: int = 0
    file: FileFacts | None = None

    @property
    def is_open(self) -> bool:
        """Whether something still has to happen by itself."""
        return self.state in ("waiting", "sending")


class Book(Protocol):
    """Where the messages of one connection are written down.

    ``keep`` is one conditional write: of several that start from the same standing exactly one succeeds.
    """

    def standing(self, order_id: str, message_id: str) -> Standing | None:
        """Return how a message stands, as it is now; None when there is none."""
        ...

    def words(self, order_id: str, message_id: str) -> dict[str, str] | None:
        """Return what was written, None when it is gone."""
        ...

    def file(self, standing: Standing) -> bytes | None:
        """Return the file that goes with a message, None when it is gone."""
        ...

    def drop_file(self, standing: Standing) -> None:
        """Delete the file that goes with a message; one that is gone is no error."""
        ...

    def keep(self, before: Standing, after: Standing) -> bool:
        """Write how a message stands unless somebody else did since ``before``; return whether it was written."""
        ...


class Amazon(Protocol):
    """The calls, for one connection."""

    def allowed(self, standing: Standing) -> Sequence[Form]:
        """Return what Amazon allows for the order at this moment."""
        ...

    def upload(self, standing: Standing, content: bytes) -> str:
        """Hand a file over and return Amazon's id of it; doing so again harms nobody."""
        ...

    def send(self, standing: Standing, values: Mapping[str, object], before: Callable[[], None]) -> None:
        """Send the message; ``before`` is called when only Amazon's answer is left to wait for."""
        ...


def moved(before: Standing, event: Event, because: str, now: datetime) -> Standing:
    """Return how a message stands after something happened.

    Raises:
        ValueError: that cannot happen to a message in this state.
    """
    state = next_state(before.state, event)
    if state is None:
        raise ValueError(f"A message that is {before.state} cannot be told {event}.")
    return msgspec.structs.replace(before, state=state, because=because, moved_at=now, step=before.step + 1)


class _Lost(Exception):
    """Somebody else moved the message on meanwhile."""


class Sender:
    """Sends the messages of one connection, one at a time."""

    def __init__(self, book: Book, amazon: Amazon, clock: Clock) -> None:
        self._book = book
        self._amazon = amazon
        self._clock = clock

    def look(self, order_id: str, message_id: str) -> Ending:
        """Do what is to be done about one message; the file of one that is past being sent is deleted.

        Raises:
            SlotAhead: the call's turn lies ahead; nothing was sent, and the message waits.
            AmazonError: Amazon could not be asked; the message waits.
        """
        standing = self._book.standing(order_id, message_id)
        if standing is None or not standing.is_open:
            return self._settled(standing)
        now = self._clock.now()
        if standing.state == "sending":
            if now - standing.moved_at < AT_WORK:
                return "waits"
            return self._unclear(standing)
        if now - standing.written_at > WAITS_AT_MOST:
            return self._move(standing, "too_late", "It could not be sent within a day, so it is not sent any more.")
        return self._send(standing)

    def _send(self, standing: Standing) -> Ending:
        values = self._book.words(standing.order_id, standing.message_id)
        allowed = {form.action: form for form in self._amazon.allowed(standing)}
        form = allowed.get(standing.action)
        if form is None or form.not_from_here or values is None:
            return self._move(standing, "not_allowed", "Amazon no longer allows this message for the order.")
        wrong = check(form, values)
        if wrong:
            return self._move(standing, "not_allowed", f"Amazon's form has changed: {wrong[0].field} {wrong[0].why}.")
        if standing.file is None:
            return self._post(standing, payload_of(form, values))
        content = self._book.file(standing)
        if content is None or hashlib.sha256(content).hexdigest() != standing.file.sha256:
            return self._move(standing, "not_allowed", "Its file is no longer there. Write it anew.")
        try:
            destination_id = self._amazon.upload(standing, content)
        except RequestRejected as problem:
            if isinstance(problem, AccessRefused):
                # A verdict on the account, not on the file: it waits until somebody grants what is missing.
                raise
            return self._move(standing, "not_allowed", f"Amazon refused its file: {problem.said or 'no explanation'}")
        return self._post(standing, payload_of(form, values, destination_id))

    def _post(self, standing: Standing, body: Mapping[str, object]) -> Ending:
        intent: Standing | None = None

        def note_intent() -> None:
            nonlocal intent
            sending = moved(standing, "begins", "It is on its way to Amazon.", self._clock.now())
            if not self._book.keep(standing, sending):
                raise _Lost
            intent = sending

        try:
            self._amazon.send(standing, body, note_intent)
        except _Lost:
            return "lost"
        except AmazonError as problem:
            if intent is None:
                # It did not come to that: no turn, no token. The message waits.
                raise
            return self._not_accepted(intent, problem)
        if intent is None:
            raise RuntimeError("A message was sent without being noted.")
        return self._move(intent, "accepted", "Amazon accepted it.")

    def _not_accepted(self, intent: Standing, problem: AmazonError) -> Ending:
        if isinstance(problem, Throttled | TokenRefused):
            # Amazon did not even look at it.
            self._move(intent, "held_back", "Amazon did not take it yet; it is sent a little later.")
            raise problem
        if isinstance(problem, RequestRejected):
            # What it allows was asked a moment ago and answered, so this is a verdict on the message.
            return self._move(intent, "refused", f"Amazon refused it: {problem.said or 'no explanation'}")
        return self._unclear(intent)

    def _unclear(self, standing: Standing) -> Ending:
        said = "Amazon did not say whether it took the message. It is not sent again by itself."
        return self._move(standing, "unanswered", said)

    def _move(self, before: Standing, event: Event, because: str) -> Ending:
        after = moved(before, event, because, self._clock.now())
        if not self._book.keep(before, after):
            return "lost"
        return "waits" if after.is_open else self._settled(after)

    def _settled(self, standing: Standing | None) -> Ending:
        if standing is not None and standing.file is not None:
            self._book.drop_file(standing)
        return "settled"
