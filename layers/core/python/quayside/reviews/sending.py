"""What is done about one order: decided, asked of Amazon, requested; what a crash leaves is found out, not repeated.

An order's request moves through few states, each written under the condition that nobody else moved it. Before a
request goes out it is written down that it does (``sending``), and afterwards what Amazon answered. Whoever finds an
order in ``sending`` does not know whether its request went out. They wait until its sender can no longer be at work,
and then ask Amazon which requests it offers: an offer means that none was accepted, and none offered, several times on
different days, means that one was. A request goes out only on an offer, so even a wrong guess never makes a second one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from quayside.amazon.errors import AmazonUnavailable, RequestRejected, Throttled
from quayside.amazon.solicitations import Requested
from quayside.kernel.clock import Clock
from quayside.reviews.rules import (
    Campaign,
    Candidate,
    Decision,
    Judged,
    Window,
    asked_again_at,
    chosen,
    decide,
    window_of,
)

State = Literal["waiting", "sending", "sent", "tested", "skipped", "unclear"]
Ending = Literal["settled", "waits", "sent", "lost"]

AT_WORK = timedelta(minutes=20)
"""No function runs longer than fifteen minutes: after this, whoever began to send is at it no more."""
SURE_AFTER = 3
"""So often, on different days, Amazon has to offer nothing before a request of unknown fate counts as accepted."""
MANY_EMPTY = 10
"""So many orders in a row without an offer are no accident: Amazon offers nothing to anybody."""
RESTS = timedelta(hours=1)
"""So long nothing is asked then; after that one order at a time finds out whether it is over."""
KEPT_STEPS = 12
"""How many of the latest steps of an order's course are kept."""

_FOR_GOOD = frozenset({"cancelled", "replacement", "window", "delivery_dates", "amazon"})
"""Rules whose exclusion no changed setting can undo."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened to an order's request: when (ISO 8601) and what, in words."""

    at: str
    what: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an order's request stands.

    Attributes:
        step: counts the changes.
        rule: the rule that holds it back or excluded it; ``amazon`` when Amazon refused; None when none does.
        because: why it stands so, in words.
        asked: how often Amazon was asked and offered nothing, or refused for the day.
        was_late: it was seen unshipped after its ship-by date.
        decided_at: when it was last decided.
        send_at: when the request goes out by plan.
        look_at: when it is decided again.
        intent_at: when the request was last begun to be sent.
        is_doubtful: the answer to an earlier request got lost.
        answer: what Amazon said last.
    """

    state: State
    step: int = 0
    rule: str | None = None
    because: str = ""
    rules: tuple[Judged, ...] = ()
    campaign_id: str | None = None
    campaign_name: str | None = None
    asked: int = 0
    was_late: bool = False
    decided_at: datetime
    send_at: datetime | None = None
    closes_at: datetime | None = None
    look_at: datetime | None = None
    intent_at: datetime | None = None
    is_doubtful: bool = False
    answer: str | None = None
    course: tuple[Step, ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether nothing can change it any more."""
        return self.state in ("sent", "unclear") or (self.state == "skipped" and self.rule in _FOR_GOOD)


class WakeUp(msgspec.Struct, frozen=True):
    """An order whose time to be decided has come."""

    order_id: str
    marketplace_id: str
    purchased_at: datetime
    wakes_at: datetime


class Book(Protocol):
    """Where the requests of one connection are written down.

    ``keep`` is one conditional write: of several that start from the same standing exactly one succeeds, and a time to
    be decided again is there before it does. So a crash at any point leaves an order that is woken again.
    """

    def standing(self, wake: WakeUp) -> Standing | None:
        """Return how an order's request stands, as it is now; None when it was never decided."""
        ...

    def candidate(self, wake: WakeUp) -> Candidate | None:
        """Return what is known of the order now, None when it is gone."""
        ...

    def keep(self, wake: WakeUp, before: Standing | None, after: Standing) -> bool:
        """Write how a request stands unless somebody else did since ``before``; return whether it was written."""
        ...

    def done(self, wake: WakeUp) -> None:
        """Take a time to be decided off the list."""
        ...


class Amazon(Protocol):
    """The two calls, for one connection."""

    def offers(self, wake: WakeUp) -> bool:
        """Return whether Amazon offers a request for the order."""
        ...

    def request(self, wake: WakeUp, before: Callable[[], None]) -> Requested:
        """Make the request; ``before`` is called when only Amazon's answer is left to wait for."""
        ...


class Emptiness:
    """Whether Amazon offers nothing to anybody at present.

    Args:
        in_a_row: how many orders in a row got no offer.
        rests_until: until when nothing is asked.
    """

    def __init__(self, in_a_row: int = 0, rests_until: datetime | None = None) -> None:
        self.in_a_row = in_a_row
        self.rests_until = rests_until

    def offered(self, now: datetime, *, any_offer: bool) -> None:
        """Take note of what Amazon offered for one more order."""
        self.in_a_row = 0 if any_offer else self.in_a_row + 1
        self.rests_until = now + RESTS if self.in_a_row >= MANY_EMPTY else None

    def rests(self, now: datetime) -> bool:
        """Return whether nothing is asked now."""
        return self.rests_until is not None and now < self.rests_until


class Terms(msgspec.Struct, frozen=True):
    """By what orders are decided: the campaigns, and whether all requests are paused."""

    campaigns: tuple[Campaign, ...]
    is_paused: bool = False


class _Lost(Exception):
    """Somebody else moved the order on meanwhile."""


class Sender:
    """Decides the orders of one connection, one at a time."""

    def __init__(self, book: Book, amazon: Amazon, terms: Terms, clock: Clock, emptiness: Emptiness) -> None:
        self._book = book
        self._amazon = amazon
        self._terms = terms
        self._clock = clock
        self.emptiness = emptiness
        self.lacks_dates: list[WakeUp] = []
        """Orders that a campaign wants and that turned out for the first time to have no delivery dates."""

    def look(self, wake: WakeUp) -> Ending:
        """Decide one order and do what follows.

        Raises:
            SlotAhead: the call's turn lies ahead; nothing was sent, and the order is woken again.
            AmazonError: Amazon could not be asked, or its answer is not known; the order is woken again.
        """
        before = self._book.standing(wake)
        if before is not None and before.is_final:
            return self._finish(wake, "settled")
        order = self._book.candidate(wake)
        if order is None:
            return self._finish(wake, "settled")
        if before is not None and before.state == "sending":
            return self._resolve(wake, before, order)
        return self._decide(wake, before, order, is_offered=False)

    def _decide(self, wake: WakeUp, before: Standing | None, order: Candidate, *, is_offered: bool) -> Ending:
        now = self._clock.now()
        order = _with_memory(order, before, now)
        decision = decide(order, self._terms.campaigns, now, is_paused=self._terms.is_paused)
        after = _standing(before, order, decision, now)
        if decision.outcome == "wait" and decision.deciding_rule == "delivery_dates" and _is_new(before, decision):
            campaign, _ = chosen(self._terms.campaigns, order)
            if campaign is not None:
                self.lacks_dates.append(wake)
        if decision.outcome in ("send", "wait") and _waits_for_amazon(before, now):
            return self._finish(wake, "waits")
        if decision.outcome != "send":
            return self._settle(wake, before, after)
        if not is_offered:
            if self.emptiness.rests(now):
                return "waits"
            is_offered = self._amazon.offers(wake)
            now = self._clock.now()
            self.emptiness.offered(now, any_offer=is_offered)
        if not is_offered:
            return self._again(wake, before, after, order, "Amazon offers no request for it at the moment")
        return self._send(wake, before, after, order)

    def _send(self, wake: WakeUp, before: Standing | None, decided: Standing, order: Candidate) -> Ending:
        intent = before

        def note_intent() -> None:
            nonlocal intent
            now = self._clock.now()
            sending = msgspec.structs.replace(
                decided,
                state="sending",
                step=_step(before),
                asked=0,
                intent_at=now,
                look_at=now + AT_WORK,
                because="The request is on its way to Amazon.",
            )
            if not self._book.keep(wake, before, sending):
                raise _Lost
            intent = sending

        try:
            became = self._amazon.request(wake, note_intent)
        except _Lost:
            return "lost"
        except (Throttled, RequestRejected):
            # Amazon did not take it: the intent is withdrawn, and the order is as it was.
            if intent is not None and intent is not before:
                self._withdraw(wake, intent, decided)
            raise
        except AmazonUnavailable:
            # Nobody knows. The intent stays, and its own time to be looked at is written already.
            if intent is not before:
                self._book.done(wake)
            raise
        if intent is None:
            raise RuntimeError("A request was sent without being noted.")
        return self._outcome(wake, intent, decided, order, became)

    def _outcome(
        self, wake: WakeUp, intent: Standing, decided: Standing, order: Candidate, became: Requested
    ) -> Ending:
        now = self._clock.now()
        if became is Requested.OUT_OF_RANGE:
            return self._again(wake, intent, decided, order, "Amazon says that the day is outside its range")
        if became is Requested.ACCEPTED:
            after = _moved(intent, now, "sent", None, "The request was sent.", "Amazon accepted the request.")
            return self._settle(wake, intent, after, ending="sent")
        if intent.is_doubtful:
            said = "The request was sent: Amazon takes no second one."
            after = _moved(intent, now, "sent", None, said, "Amazon refused a second request.")
            return self._settle(wake, intent, after, ending="sent")
        said = "A request was made for it elsewhere, or Amazon allows none."
        return self._settle(wake, intent, _moved(intent, now, "skipped", "amazon", said, "Amazon refused the request."))

    def _withdraw(self, wake: WakeUp, intent: Standing, decided: Standing) -> None:
        now = self._clock.now()
        waiting = msgspec.structs.replace(decided, state="waiting", step=_step(intent), look_at=now)
        self._book.keep(wake, intent, waiting)

    def _resolve(  # noqa: PLR0911 - one return for each way it can have gone
        self, wake: WakeUp, intent: Standing, order: Candidate
    ) -> Ending:
        """Find out whether a request went out whose answer nobody wrote down."""
        now = self._clock.now()
        looked_at = intent.look_at or now
        if now < looked_at:
            return self._finish(wake, "waits")
        window = _window_of(order)
        if window is None or now > window.closes_at:
            said = "Amazon did not say whether the request went out, and its window has closed."
            return self._settle(wake, intent, _moved(intent, now, "unclear", None, said, None))
        if self.emptiness.rests(now):
            return "waits"
        is_offered = self._amazon.offers(wake)
        now = self._clock.now()
        self.emptiness.offered(now, any_offer=is_offered)
        if is_offered:
            # It was not accepted. It is decided anew: the order may have changed meanwhile.
            waiting = _moved(intent, now, "waiting", None, "The request had not reached Amazon.", None)
            waiting = msgspec.structs.replace(waiting, asked=0, look_at=now, is_doubtful=True)
            if not self._book.keep(wake, intent, waiting):
                return "lost"
            return self._decide(wake, waiting, order, is_offered=True)
        missed = intent.asked + 1
        hour = self._hour_of(intent)
        again = asked_again_at(missed, now, window, hour, order.time_zone)
        if again is None and missed < SURE_AFTER:
            said = "Amazon did not say whether the request went out, and its window closes."
            return self._settle(wake, intent, _moved(intent, now, "unclear", None, said, None))
        if again is None or missed >= SURE_AFTER:
            said = "The request was sent: Amazon no longer offers one."
            return self._settle(
                wake, intent, _moved(intent, now, "sent", None, said, "Amazon offers no further request.")
            )
        said = "Amazon did not say whether the request went out; it is asked again."
        after = _moved(intent, now, "sending", None, said, "Amazon offers none, which may mean that it was sent.")
        return self._settle(wake, intent, msgspec.structs.replace(after, asked=missed, look_at=again), ending="waits")

    def _again(self, wake: WakeUp, before: Standing | None, decided: Standing, order: Candidate, why: str) -> Ending:
        """Wait for another day, or give up when the window closes before."""
        now = self._clock.now()
        asked = decided.asked + 1
        window = _window_of(order)
        look_at = None
        if window is not None:
            look_at = asked_again_at(asked, now, window, self._hour_of(decided), order.time_zone)
        # Its first writing begins to count.
        base = before or msgspec.structs.replace(decided, step=-1)
        if look_at is None:
            said = f"{why}, and its window closes."
            after = _moved(base, now, "skipped", "amazon", said, f"{why}.")
        else:
            after = _moved(base, now, "waiting", "amazon", f"{why}; it is tried again.", f"{why}.")
        after = msgspec.structs.replace(
            after,
            asked=asked,
            look_at=look_at,
            rules=decided.rules,
            campaign_id=decided.campaign_id,
            campaign_name=decided.campaign_name,
            send_at=look_at,
            closes_at=decided.closes_at,
            was_late=decided.was_late,
        )
        return self._settle(wake, before, after)

    def _settle(
        self, wake: WakeUp, before: Standing | None, after: Standing, *, ending: Ending | None = None
    ) -> Ending:
        """Write how a request stands now, and take this time to be decided off the list."""
        if not self._book.keep(wake, before, after):
            return "lost"
        if before is not None and before.look_at is not None and before.look_at not in (wake.wakes_at, after.look_at):
            # It was woken for another reason than its time, which is of no use any more.
            self._book.done(msgspec.structs.replace(wake, wakes_at=before.look_at))
        return self._finish(wake, ending or ("waits" if after.state in ("waiting", "sending") else "settled"))

    def _finish(self, wake: WakeUp, ending: Ending) -> Ending:
        self._book.done(wake)
        return ending

    def _hour_of(self, standing: Standing) -> int:
        found = next((each for each in self._terms.campaigns if each.campaign_id == standing.campaign_id), None)
        return _NOON if found is None else found.send_hour


_NOON = 12


def _is_new(before: Standing | None, decision: Decision) -> bool:
    """Return whether an order was not held back by this rule before."""
    return before is None or before.rule != decision.deciding_rule


def _waits_for_amazon(before: Standing | None, now: datetime) -> bool:
    """Return whether Amazon offered nothing the last time and is not asked again before the day that was set then."""
    return before is not None and before.asked > 0 and before.look_at is not None and now < before.look_at


def _step(before: Standing | None) -> int:
    return 0 if before is None else before.step + 1


def _with_memory(order: Candidate, before: Standing | None, now: datetime) -> Candidate:
    """Return an order with what only repeated looking shows: that it was late."""
    is_late = order.ship_by is not None and now > order.ship_by and order.status in _NOT_SHIPPED
    if is_late or (before is not None and before.was_late):
        return msgspec.structs.replace(order, was_late=True)
    return order


_NOT_SHIPPED = frozenset({"UNSHIPPED", "PARTIALLY_SHIPPED"})


def _standing(before: Standing | None, order: Candidate, decision: Decision, now: datetime) -> Standing:
    """Return how an order stands by a decision."""
    if decision.outcome == "skip":
        state: State = "skipped"
    else:
        state = "tested" if decision.outcome == "test" else "waiting"
    because = "It would be sent now; the campaign is in test." if state == "tested" else decision.because
    return Standing(
        state=state,
        step=_step(before),
        rule=decision.deciding_rule,
        because=because,
        rules=decision.rules,
        campaign_id=decision.campaign_id,
        campaign_name=decision.campaign_name,
        asked=before.asked if before else 0,
        was_late=order.was_late,
        decided_at=now,
        send_at=decision.send_at if state != "skipped" else None,
        closes_at=decision.window.closes_at if decision.window else None,
        look_at=decision.look_at,
        intent_at=before.intent_at if before else None,
        is_doubtful=before.is_doubtful if before else False,
        answer=before.answer if before else None,
        course=_course(before, now, because),
    )


def _moved(  # noqa: PLR0913, PLR0917 - the parts of a move
    before: Standing, now: datetime, state: State, rule: str | None, because: str, answer: str | None
) -> Standing:
    final = state not in ("waiting", "sending")
    return msgspec.structs.replace(
        before,
        state=state,
        step=before.step + 1,
        rule=rule,
        because=because,
        decided_at=now,
        look_at=None if final else before.look_at,
        answer=answer or before.answer,
        course=_course(before, now, because),
    )


def _course(before: Standing | None, now: datetime, what: str) -> tuple[Step, ...]:
    course = before.course if before else ()
    if course and course[-1].what == what:
        return course
    return (*course, Step(now.strftime("%Y-%m-%dT%H:%M:%SZ"), what))[-KEPT_STEPS:]


def _window_of(order: Candidate) -> Window | None:
    return window_of(order.deliver_after, order.deliver_by, order.time_zone)
