"""How a change of a listing goes: checked by Amazon, applied once, and refused when the listing moved meanwhile. Pure.

A change names the values that are to be. Amazon judges it first (``checking``); what it finds valid waits for a member
(``ready``). Before it is sent, the listing is read again: it is sent only when it is still what the member saw. That it
is about to be sent is written down first (``sending``). Whoever finds a change in ``sending`` reads the listing: when
it has the new values the change came through, when it has the old ones it is sent again, and anything else is told as
a conflict. Since values are absolute, a change that reaches Amazon twice has the effect of once.
"""

from datetime import datetime, timedelta
from typing import Literal, cast

import msgspec

from quayside.catalog.rules import Issue, Price
from quayside.kernel.errors import QuaysideError
from quayside.kernel.machines import Machine, Move
from quayside.kernel.money import Money

State = Literal["checking", "refused", "ready", "queued", "sending", "applied", "conflict", "failed"]
Side = Literal["before", "after"]
AttributeKind = Literal["text", "number", "whole", "truth"]
"""What the values of an attribute are: texts, numbers, whole numbers, or yes and no."""

Event = Literal["found_valid", "found_wrong", "apply", "send", "accepted", "differs", "turned_away", "given_up"]

_MANAGE = "catalog.manage"

EDIT_MACHINE = Machine(
    "listing_edit",
    "A change of a listing",
    {
        "checking": "Amazon is judging it",
        "ready": "Waits for you",
        "queued": "About to be sent",
        "sending": "Being sent",
        "applied": "Accepted",
        "refused": "Refused",
        "conflict": "Changed meanwhile",
        "failed": "Failed",
    },
    (
        Move("checking", "found_valid", "", "ready"),
        Move("checking", "found_wrong", "", "refused"),
        Move("checking", "turned_away", "", "failed"),
        Move("checking", "given_up", "", "failed"),
        Move("ready", "apply", _MANAGE, "queued"),
        Move("queued", "send", "", "sending"),
        Move("queued", "differs", "", "conflict"),
        Move("queued", "turned_away", "", "failed"),
        Move("queued", "given_up", "", "failed"),
        Move("sending", "send", "", "sending"),
        Move("sending", "accepted", "", "applied"),
        Move("sending", "differs", "", "conflict"),
        Move("sending", "turned_away", "", "failed"),
        Move("sending", "given_up", "", "failed"),
    ),
)
"""Every legal move of a change. Putting a version back is a change of its own."""

MOST_UNITS = 999_999_999
MOST_MINOR = 10**11
GIVEN_UP_AFTER = timedelta(hours=25)
"""The worker tries for a day; what is not through by then will not be."""
_UNDER_WAY = frozenset(EDIT_MACHINE.states_for("given_up"))


class UnusableChange(ValueError):
    """A change can't be asked for; ``field`` names which part, ``reason`` says why and what is allowed."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class Attribute(msgspec.Struct, frozen=True, array_like=True):
    """An attribute of a listing in its marketplace and one language, with all of its values there.

    Attributes:
        name: Amazon's name.
        values: its values as text; none when the listing does not have it, or is not to have it.
        language: the language of its values, as Amazon writes it; None when it has none.
        kind: of which type its values are at Amazon.
    """

    name: str
    values: tuple[str, ...] = ()
    language: str | None = None
    kind: AttributeKind = "text"


class Values(msgspec.Struct, frozen=True, array_like=True):
    """The parts of a listing that can be changed; one that is None or not named is not touched, or not known."""

    price: Price | None = None
    quantity: int | None = None
    attributes: tuple[Attribute, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is named."""
        return self.price is None and self.quantity is None and not self.attributes

    def touched(self, other: "Values") -> "Values":
        """Return of another listing's values those that this change touches."""
        theirs = {each.name: each for each in other.attributes}
        return Values(
            None if self.price is None else other.price,
            None if self.quantity is None else other.quantity,
            tuple(
                theirs.get(each.name, Attribute(each.name, (), each.language, each.kind)) for each in self.attributes
            ),
        )


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one listing, and how it went.

    Attributes:
        edit_id: its id; ids sort by time.
        state: how far it is.
        change: the values that are to be.
        asked_by: the member who asked for it.
        asked_at: when.
        before: the values Amazon had when it was checked.
        found: the other values that stood in the way, in ``conflict``.
        issues: what Amazon finds wrong with the change.
        product_type: of the listing, by Amazon.
        checked_at: when Amazon judged it.
        applied_by: the member who had it applied.
        applied_at: when Amazon accepted it.
        submission_id: Amazon's id of it.
        reason: why it was refused, did not fit or failed, in words.
        restores: the change whose values it puts back.
        bulk_id: the file it came with.
    """

    edit_id: str
    state: State
    change: Values
    asked_by: str
    asked_at: datetime
    before: Values | None = None
    found: Values | None = None
    issues: tuple[Issue, ...] = ()
    product_type: str | None = None
    checked_at: datetime | None = None
    applied_by: str | None = None
    applied_at: datetime | None = None
    submission_id: str | None = None
    reason: str = ""
    restores: str | None = None
    bulk_id: str | None = None

    def state_at(self, now: datetime) -> State:
        """Return its state: what is under way for more than a day failed, for nobody tries any longer."""
        since = self.checked_at or self.asked_at
        return "failed" if self.state in _UNDER_WAY and now - since > GIVEN_UP_AFTER else self.state


def moved(edit: Edit, event: Event, **noted: object) -> Edit:
    """Return a change after something happened to it, with what is noted of that.

    Raises:
        IllegalMove: that can't happen to a change in its state.
    """
    state = cast("State", EDIT_MACHINE.move(edit.state, event).next_state)
    return msgspec.structs.replace(edit, state=state, **noted)


def checked_price(text: str, currency: str) -> Price:
    """Return a price that a member entered.

    Raises:
        UnusableChange: it is none, not above 0, too high, or finer than its currency.
    """
    try:
        money = Money.from_decimal(text.strip(), currency)
    except QuaysideError as problem:
        raise UnusableChange("price", _PRICE.format(currency)) from problem
    if not 0 < money.amount_minor <= MOST_MINOR:
        raise UnusableChange("price", _PRICE.format(currency))
    return Price(money.amount_minor, money.currency)


_PRICE = "has to be an amount in {} above 0, such as 12.99, with no more decimals than the currency has"


def checked_quantity(units: int) -> int:
    """Return a quantity that a member entered.

    Raises:
        UnusableChange: it is out of range.
    """
    if not 0 <= units <= MOST_UNITS:
        raise UnusableChange("quantity", f"has to be a whole number from 0 to {MOST_UNITS:,}")
    return units


def why_not(change: Values, now: Values, *, by_amazon: bool) -> str:
    """Return why a change makes no sense for a listing as it is, in words; empty when it does."""
    if change.quantity is not None and by_amazon:
        return "Amazon ships this listing, so its quantity is Amazon's stock and can't be set."
    if change.touched(now) == change:
        return "The listing has these values already."
    return ""


def restored(edit: Edit, side: Side) -> Values:
    """Return the values that put a version back: what it made of the listing, or what was there before it."""
    values = edit.change if side == "after" else edit.before
    return values or Values()
