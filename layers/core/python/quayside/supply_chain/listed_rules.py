"""What a list says of a shipment, kept small: a page of it is read whole, so every entry has a largest size. Pure.

Days are numbers (proleptic Gregorian ordinals) and legs say no place or carrier but those of the present one. A search
looks through as many SKUs, orders, inbound shipments and tracking numbers as there is room for; an entry that has no
room for all of them says how large the shipment is that has them.
"""

import math
from collections.abc import Sequence
from datetime import date

import msgspec

from quayside.supply_chain import shipment_rules as rules
from quayside.supply_chain.shipment_rules import Estimate, Leg, LegKind, Shipment, State

ENTRY_BYTES = 1300
"""The largest entry, its keys and its names included."""
FACTS_BYTES = 1150
"""What of it is facts."""
ITEM_BYTES = 200
"""What an item has besides its facts, at most."""
ORDERS = 3
"""So many orders a list names."""
_PLACE_BYTES, _SKU_BYTES, _NAME_BYTES = 40, 60, 80
_KINDS: tuple[LegKind, ...] = ("production", "air", "sea", "road", "rail", "customs", "prep", "check_in")

ListedLeg = tuple[int, int | None, int | None, int | None, int | None, int | None, int | None]
"""Number of its kind; planned start and end; actual start and end; measured median and 90th percentile in days."""


class Listed(msgspec.Struct, frozen=True, array_like=True):
    """A shipment as lists know it.

    Attributes:
        name: how people call it.
        connection_id: the account that sells what it carries.
        marketplace_id: where it will be sold.
        state: see ``shipment_rules.MACHINE``.
        legs: in their order.
        origin: where the leg that is under way, or next, begins; long names are shortened.
        destination: where it leads.
        units: of all lines.
        skus: how many SKUs it carries.
        first_sku: the first of them, shortened when it is long.
        orders: numbers of the first purchase orders it carries.
        more_orders: how many more it carries.
        ended_on: the day it was closed or cancelled.
        words: what a search looks through besides the name.
        whole_bytes: the size of the whole shipment where ``words`` are not all there are; else 0.
    """

    name: str
    connection_id: str
    marketplace_id: str
    state: State
    legs: tuple[ListedLeg, ...]
    origin: str
    destination: str
    units: int
    skus: int
    first_sku: str
    orders: tuple[str, ...]
    more_orders: int
    ended_on: int | None
    words: tuple[str, ...] = ()
    whole_bytes: int = 0


def listed(shipment: Shipment, whole_bytes: int) -> Listed:
    """Return what lists know of a shipment; ``whole_bytes`` is the size of its facts."""
    at = rules.current_leg(shipment.legs)
    leg = Leg("sea") if at is None else shipment.legs[at]
    estimates: list[Estimate | None] = [*shipment.estimates, *[None] * (len(shipment.legs) - len(shipment.estimates))]
    entry = Listed(
        shipment.name,
        shipment.connection_id,
        shipment.marketplace_id,
        shipment.state,
        tuple(_leg(*each) for each in zip(shipment.legs, estimates, strict=False)),
        _shortened(leg.origin, _PLACE_BYTES),
        _shortened(leg.destination, _PLACE_BYTES),
        shipment.units,
        len(shipment.skus),
        _shortened(shipment.skus[0] if shipment.skus else "", _SKU_BYTES),
        shipment.orders[:ORDERS],
        max(0, len(shipment.orders) - ORDERS),
        None if shipment.ended_on is None else shipment.ended_on.toordinal(),
    )
    largest = whole_bytes + ITEM_BYTES
    room = FACTS_BYTES - _size(msgspec.structs.replace(entry, whole_bytes=largest))
    if room < 0:
        # Characters that take six bytes each: the name is shown short, and searched in full.
        return msgspec.structs.replace(entry, name=_shortened(entry.name, _NAME_BYTES), whole_bytes=largest)
    words = list(dict.fromkeys(words_of(shipment)))
    kept = []
    for word in words:
        room -= _size(word) + 1
        if room < 0:
            break
        kept.append(word)
    return msgspec.structs.replace(entry, words=tuple(kept), whole_bytes=0 if kept == words else largest)


def words_of(shipment: Shipment) -> Sequence[str]:
    """Return what a search looks through besides the name."""
    tracking = [leg.tracking for leg in shipment.legs if leg.tracking]
    return [*tracking, *shipment.orders, *shipment.inbound, *shipment.skus]


def says(entry: Listed, text: str) -> bool | None:
    """Return whether a shipment says a text (in lower case); None when only the whole shipment can tell."""
    if not text or any(text in each.casefold() for each in (entry.name, *entry.words)):
        return True
    return None if entry.whole_bytes else False


def whole_says(shipment: Shipment, text: str) -> bool:
    """Return whether a shipment says a text (in lower case)."""
    return any(text in each.casefold() for each in (shipment.name, *words_of(shipment)))


def legs_of(entry: Listed) -> tuple[tuple[Leg, ...], tuple[Estimate | None, ...]]:
    """Return the legs of a shipment without their places, and what was measured of their like."""
    legs = tuple(
        Leg(
            _KINDS[kind],
            planned_start=_day(planned_start),
            planned_end=_day(planned_end),
            actual_start=_day(actual_start),
            actual_end=_day(actual_end),
        )
        for kind, planned_start, planned_end, actual_start, actual_end, *_ in entry.legs
    )
    estimates = tuple(
        None if median is None or p90 is None else Estimate(median, p90, 0) for *_, median, p90 in entry.legs
    )
    return legs, estimates


def late_days(entry: Listed, today: date) -> int:
    """Return by how many days a shipment is later than planned; see ``shipment_rules.late_days``."""
    if entry.state not in rules.OPEN_STATES:
        return 0
    legs, estimates = legs_of(entry)
    return rules.late_days(legs, rules.forecast(legs, estimates, today))


def _leg(leg: Leg, estimate: Estimate | None) -> ListedLeg:
    days = (leg.planned_start, leg.planned_end, leg.actual_start, leg.actual_end)
    planned_start, planned_end, actual_start, actual_end = (None if day is None else day.toordinal() for day in days)
    # A forecast counts whole days, begun ones too.
    median, p90 = (None, None) if estimate is None else (math.ceil(estimate.median_days), math.ceil(estimate.p90_days))
    return _KINDS.index(leg.kind), planned_start, planned_end, actual_start, actual_end, median, p90


def _day(number: int | None) -> date | None:
    return None if number is None else date.fromordinal(number)


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))


def _shortened(text: str, size: int) -> str:
    """Return a text of at most so many bytes of JSON, with an ellipsis where it was cut."""
    if _size(text) - 2 <= size:
        return text
    while _size(f"{text}…") - 2 > size:
        text = text[:-1]
    return f"{text}…"
