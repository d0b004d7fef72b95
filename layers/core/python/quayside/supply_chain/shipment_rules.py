"""The seller's own shipments: legs from the factory to Amazon, what they carry, where they stand, arrival. Pure.

A shipment here is one of the seller's; Amazon's inbound shipments are in ``rules``. Days are calendar days as the
people on the way write them down; nothing here knows of hours.
"""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, cast

import msgspec

from quayside.kernel.machines import Machine, Move

LegKind = Literal["production", "air", "sea", "road", "rail", "customs", "prep", "check_in"]
State = Literal["planned", "under_way", "arrived", "closed", "cancelled"]
Event = Literal["depart", "arrive", "recall", "resume", "close", "cancel", "reopen"]
Stage = Literal["on_order", "in_production", "in_transit", "at_prep", "inbound"]
"""Where units are on their way; ``inbound`` is the check-in at Amazon."""

AMAZON = "amazon"
"""The destination of goods that go straight to Amazon, and never into a place of the seller's."""

LEGS = (1, 12)
"""How many legs a shipment has."""
LINES = 40
"""How many lines a shipment has at most: it and all its lines change in one transaction of 100 items."""
UNITS = (1, 10_000_000)
"""Units of one line."""
NAME = 80
"""Longest name of a shipment, a place or a carrier."""
DAYS_AROUND = 1096
"""Days of legs lie within three years of today; further away they are slips of the pen."""

OPEN_STATES: frozenset[State] = frozenset({"planned", "under_way", "arrived"})
FREIGHT: frozenset[LegKind] = frozenset({"air", "sea", "road", "rail"})


class Impossible(ValueError):
    """A shipment can't be so; ``field`` says where, ``problem`` what is wrong and what is allowed."""

    def __init__(self, field: str, problem: str, code: str = "invalid_shipment") -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
        self.code = code


MACHINE = Machine(
    "shipment",
    "A shipment",
    {
        "planned": "Planned",
        "under_way": "Under way",
        "arrived": "Arrived",
        "closed": "Closed",
        "cancelled": "Cancelled",
    },
    (
        Move("planned", "depart", "supply_chain.manage", "under_way"),
        Move("planned", "cancel", "supply_chain.manage", "cancelled"),
        Move("under_way", "arrive", "supply_chain.manage", "arrived"),
        Move("under_way", "recall", "supply_chain.manage", "planned"),
        Move("under_way", "cancel", "supply_chain.manage", "cancelled"),
        Move("arrived", "resume", "supply_chain.manage", "under_way"),
        Move("arrived", "close", "supply_chain.manage", "closed"),
        Move("closed", "reopen", "supply_chain.manage", "arrived"),
        Move("cancelled", "reopen", "supply_chain.manage", "planned"),
    ),
)
"""Every legal move. The first leg's start departs, the last one's end arrives; a day that is taken back recalls or
resumes; the others are decided by people."""

DECIDED: frozenset[Event] = frozenset({"close", "cancel", "reopen"})
"""Events that people cause; the others follow from the days of the legs."""


def moved(state: State, event: Event) -> State:
    """Return the state after an event.

    Raises:
        IllegalMove: no move leads there; says what can be done from here.
    """
    return cast("State", MACHINE.move(state, event).next_state)


def events_of(state: State) -> tuple[Event, ...]:
    """Return what people can do with a shipment in that state."""
    return tuple(event for event in MACHINE.events_in(state) if event in DECIDED)


class Leg(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One part of the way. ``origin`` and ``destination`` make its lane; days are calendar days."""

    kind: LegKind
    origin: str = ""
    destination: str = ""
    carrier: str = ""
    tracking: str = ""
    planned_start: date | None = None
    planned_end: date | None = None
    actual_start: date | None = None
    actual_end: date | None = None


class Estimate(msgspec.Struct, frozen=True):
    """How long a leg takes by what was measured: median and 90th percentile in days, from how many observations."""

    median_days: float
    p90_days: float
    observations: int
    basis: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Units of one SKU in a shipment.

    Attributes:
        seller_sku: what it is.
        units: how many.
        order_id: the purchase order they belong to; empty when they belong to none.
        line_id: the line of that order.
        order_number: how people call the order.
        supplier_id: who makes them; empty when no order says it.
        title: the product's name.
        received: units that were received from this shipment.
        damaged: of what was received, units that can't be sold.
    """

    seller_sku: str
    units: int
    order_id: str = ""
    line_id: str = ""
    order_number: str = ""
    supplier_id: str = ""
    title: str = ""
    received: int = 0
    damaged: int = 0

    @property
    def outstanding(self) -> int:
        """Units that did not arrive yet; never below zero, for more may have been in the cartons."""
        return max(0, self.units - self.received)


class Shipment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the list needs of a shipment; its lines, documents and claims are kept beside it.

    Attributes:
        name: how people call it.
        connection_id: the account that sells what it carries.
        marketplace_id: where it will be sold.
        destination: the id of a place of the seller's, or ``amazon``.
        state: see ``MACHINE``.
        legs: in their order.
        estimates: of each leg, what was measured of its like when the shipment was last changed; None when too little.
        units: of all lines.
        skus: what it carries, each SKU once.
        orders: numbers of the purchase orders it carries.
        supplier_ids: who makes what it carries.
        inbound: Amazon's inbound shipments that belong to it.
        created_at: when it was entered, ISO 8601.
        changed_at: when it was last changed.
        ended_on: the day it was closed or cancelled.
    """

    name: str
    connection_id: str
    marketplace_id: str
    destination: str
    state: State = "planned"
    legs: tuple[Leg, ...] = ()
    estimates: tuple[Estimate | None, ...] = ()
    units: int = 0
    skus: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    supplier_ids: tuple[str, ...] = ()
    inbound: tuple[str, ...] = ()
    created_at: str = ""
    changed_at: str = ""
    ended_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still on somebody's mind."""
        return self.state in OPEN_STATES


# -- What can be ------------------------------------------------------------------------------------------------------


def checked_name(text: str, field: str = "name") -> str:
    """Return a name without surplus spaces.

    Raises:
        Impossible: it is empty or too long.
    """
    name = " ".join(text.split())
    if not 1 <= len(name) <= NAME:
        raise Impossible(field, f"must have 1 to {NAME} characters; it has {len(name)}.")
    return name


def checked_legs(legs: Sequence[Leg], today: date) -> tuple[Leg, ...]:
    """Return legs as they are kept.

    Raises:
        Impossible: there are too few or too many, a day can't be, or legs are gone through out of order.
    """
    least, most = LEGS
    if not least <= len(legs) <= most:
        raise Impossible("legs", f"must be {least} to {most}; there are {len(legs)}.")
    found: list[Leg] = []
    for number, leg in enumerate(legs):
        field = f"legs[{number}]"
        texts = {
            name: " ".join(getattr(leg, name).split()) for name in ("origin", "destination", "carrier", "tracking")
        }
        for name, text in texts.items():
            if len(text) > NAME:
                raise Impossible(f"{field}.{name}", f"can have {NAME} characters at most; it has {len(text)}.")
        _check_days(leg, field, today)
        if found:
            _check_order(found[-1], leg, field)
        found.append(msgspec.structs.replace(leg, **texts))
    return tuple(found)


def _check_days(leg: Leg, field: str, today: date) -> None:
    first, last = today - timedelta(days=DAYS_AROUND), today + timedelta(days=DAYS_AROUND)
    for name in ("planned_start", "planned_end", "actual_start", "actual_end"):
        day: date | None = getattr(leg, name)
        if day is not None and not first <= day <= last:
            raise Impossible(f"{field}.{name}", f"must be from {first} to {last}; it is {day}.")
        # The clock of the place may be a day ahead of ours.
        if day is not None and name.startswith("actual") and day > today + timedelta(days=1):
            raise Impossible(f"{field}.{name}", f"lies ahead: what happened is {today} at the latest; it is {day}.")
    for kind in ("planned", "actual"):
        start, end = getattr(leg, f"{kind}_start"), getattr(leg, f"{kind}_end")
        if start is not None and end is not None and end < start:
            raise Impossible(f"{field}.{kind}_end", f"is {end}, before its start on {start}.")
    if leg.actual_end is not None and leg.actual_start is None:
        raise Impossible(f"{field}.actual_start", "is missing; a leg that ended began some day.")


def _check_order(before: Leg, leg: Leg, field: str) -> None:
    for name, verb in (("actual_start", "begun"), ("actual_end", "ended")):
        own, earlier = getattr(leg, name), getattr(before, name)
        if own is not None and earlier is None:
            raise Impossible(f"{field}.{name}", f"is {own}, but the leg before it has not {verb}.")
        if own is not None and earlier is not None and own < earlier:
            raise Impossible(f"{field}.{name}", f"is {own}, before the leg before it has {verb} on {earlier}.")


def checked_lines(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return lines as they are kept.

    Raises:
        Impossible: there are none or too many, one has no SKU or units out of range, or two are of the same.
    """
    if not 1 <= len(lines) <= LINES:
        raise Impossible(
            "lines", f"must be 1 to {LINES}; there are {len(lines)}. Split what is more into two shipments."
        )
    seen: set[tuple[str, str, str]] = set()
    for number, line in enumerate(lines):
        field = f"lines[{number}]"
        if not line.seller_sku.strip():
            raise Impossible(f"{field}.seller_sku", "is empty.")
        if not UNITS[0] <= line.units <= UNITS[1]:
            raise Impossible(f"{field}.units", f"must be from {UNITS[0]} to {UNITS[1]:,}; it is {line.units:,}.")
        key = (line.order_id, line.line_id, line.seller_sku)
        if key in seen:
            raise Impossible(f"{field}.seller_sku", f"{line.seller_sku} is there twice; add its units up in one line.")
        seen.add(key)
    return tuple(lines)


def state_of(legs: Sequence[Leg], state: State) -> State:
    """Return where a shipment stands by the days of its legs, by legal moves only.

    Raises:
        Impossible: it is over, so its legs stand still.
    """
    if state not in OPEN_STATES:
        raise Impossible("state", f"the shipment is {state}; reopen it first.", "shipment_ended")
    wanted: State = "planned"
    if any(leg.actual_start for leg in legs):
        wanted = "arrived" if all(leg.actual_end for leg in legs) else "under_way"
    rank = ("planned", "under_way", "arrived")
    while state != wanted:
        forward = rank.index(wanted) > rank.index(state)
        state = moved(state, ("depart" if state == "planned" else "arrive") if forward else _back(state))
    return state


def _back(state: State) -> Event:
    return "recall" if state == "under_way" else "resume"


# -- Where it is, and when it arrives ---------------------------------------------------------------------------------

_STAGES: dict[LegKind, Stage] = {
    "production": "in_production", "air": "in_transit", "sea": "in_transit", "road": "in_transit",
    "rail": "in_transit", "customs": "in_transit", "prep": "at_prep", "check_in": "inbound",
}  # fmt: skip


def stage_of(legs: Sequence[Leg]) -> Stage:
    """Return where units are: in the leg that began last, even if it ended, until the next one begins."""
    begun = [leg.kind for leg in legs if leg.actual_start is not None]
    return _STAGES[begun[-1]] if begun else "on_order"


class Forecast(msgspec.Struct, frozen=True):
    """When a leg begins and ends: what happened, else what is expected.

    Attributes:
        start: its first day; None when nothing says it.
        end: its last day, by the median; None when nothing says it.
        end_p90: its last day when it and those before it take as long as in 9 of 10 cases.
        basis: what the end follows from.
        late_days: by how many days it ends after its planned end; 0 when it does not, or nothing was planned.
    """

    start: date | None
    end: date | None
    end_p90: date | None
    basis: Literal["actual", "measured", "planned", "unknown"]
    late_days: int


def forecast(legs: Sequence[Leg], estimates: Sequence[Estimate | None], today: date) -> tuple[Forecast, ...]:
    """Return when each leg begins and ends.

    A leg that ended is known. One under way, or to come, ends its measured days after its start, else as many as were
    planned; it begins when planned, when the one before it ends, or today, whichever is last. What is not over ends
    today at the earliest.
    """
    found: list[Forecast] = []
    before: date | None = None
    before_p90: date | None = None
    known: list[Estimate | None] = [*estimates, *[None] * (len(legs) - len(estimates))]
    for leg, estimate in zip(legs, known, strict=False):
        if leg.actual_end is not None:
            each = Forecast(leg.actual_start, leg.actual_end, leg.actual_end, "actual", _late(leg, leg.actual_end))
        else:
            each = _expected(leg, estimate, before, before_p90, today)
        found.append(each)
        before, before_p90 = each.end, each.end_p90
    return tuple(found)


def _expected(
    leg: Leg, estimate: Estimate | None, before: date | None, before_p90: date | None, today: date
) -> Forecast:
    start = leg.actual_start or _latest(leg.planned_start, before, today)
    start_p90 = leg.actual_start or _latest(leg.planned_start, before_p90, today)
    if start is None or start_p90 is None:
        return Forecast(None, None, None, "unknown", 0)
    planned = None
    if leg.planned_start is not None and leg.planned_end is not None:
        planned = (leg.planned_end - leg.planned_start).days
    if estimate is not None:
        days, days_p90 = math.ceil(estimate.median_days), math.ceil(estimate.p90_days)
    elif planned is not None:
        days = days_p90 = planned
    elif leg.planned_end is not None:
        days = max(0, (leg.planned_end - start).days)
        days_p90 = max(0, (leg.planned_end - start_p90).days)
    else:
        return Forecast(start, None, None, "unknown", 0)
    end = max(start + timedelta(days=days), today)
    end_p90 = max(start_p90 + timedelta(days=days_p90), end)
    return Forecast(start, end, end_p90, "measured" if estimate is not None else "planned", _late(leg, end))


def _latest(planned: date | None, before: date | None, today: date) -> date | None:
    """Return when a leg that did not begin can begin; None when neither a plan nor the leg before it says it."""
    if planned is None and before is None:
        return None
    return max(day for day in (planned, before, today) if day is not None)


def _late(leg: Leg, end: date) -> int:
    return 0 if leg.planned_end is None else max(0, (end - leg.planned_end).days)


def arrival(forecasts: Sequence[Forecast]) -> tuple[date | None, date | None]:
    """Return the day a shipment arrives, by the median and in 9 of 10 cases; None where a leg says nothing."""
    if not forecasts or any(each.end is None for each in forecasts):
        return None, None
    return forecasts[-1].end, forecasts[-1].end_p90


def current_leg(legs: Sequence[Leg]) -> int | None:
    """Return which leg is under way or comes next; None when all have ended."""
    return next((number for number, leg in enumerate(legs) if leg.actual_end is None), None)


def late_days(legs: Sequence[Leg], forecasts: Sequence[Forecast]) -> int:
    """Return by how many days the arrival is later than planned, or the leg that is under way, whichever is more."""
    if not forecasts:
        return 0
    at = current_leg(legs)
    return max(forecasts[-1].late_days, 0 if at is None else forecasts[at].late_days)
