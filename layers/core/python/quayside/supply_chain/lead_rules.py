"""Lead times as they were measured: per leg, lane and supplier, from shipments that really went. Pure.

Lead times are skewed, so the median stands for what is usual and the 90th percentile (nearest rank: Hyndman and Fan,
"Sample Quantiles in Statistical Packages", 1996, definition 1) for what has to be reckoned with.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from statistics import median
from typing import Literal

import msgspec

from quayside.supply_chain.shipment_rules import FREIGHT, Estimate, Leg, LegKind

MEASURED_FROM = 3
"""Observations from which on a lead time counts as measured. Source: PRODUCT.md §7."""
KEPT = 100
"""So many observations of each kind of leg are kept, the newest."""

Basis = Literal["supplier and lane", "lane", "supplier", "SKU"]


class Observation(msgspec.Struct, frozen=True, array_like=True):
    """One leg that was gone through.

    Attributes:
        shipment_id: in which shipment.
        number: which leg of it.
        ended: its last day.
        days: how long it took, from its first day to its last.
        origin: where it began.
        destination: where it ended.
        supplier_ids: who made what it carried.
        skus: what it carried.
    """

    shipment_id: str
    number: int
    ended: date
    days: int
    origin: str
    destination: str
    supplier_ids: tuple[str, ...]
    skus: tuple[str, ...]

    @property
    def lane(self) -> tuple[str, str]:
        """From where to where, however it is written."""
        return self.origin.casefold(), self.destination.casefold()


class Measured(msgspec.Struct, frozen=True):
    """What was measured of a group of legs of one kind. Days."""

    kind: LegKind
    supplier_id: str
    origin: str
    destination: str
    observations: int
    median_days: float
    p90_days: float
    newest: date


def observations_of(
    shipment_id: str, legs: Sequence[Leg], supplier_ids: Sequence[str], skus: Sequence[str]
) -> dict[LegKind, list[Observation]]:
    """Return what a shipment's legs that ended say, by kind."""
    found: dict[LegKind, list[Observation]] = {}
    for number, leg in enumerate(legs):
        if leg.actual_start is None or leg.actual_end is None:
            continue
        days = (leg.actual_end - leg.actual_start).days
        found.setdefault(leg.kind, []).append(
            Observation(
                shipment_id, number, leg.actual_end, days, leg.origin, leg.destination, tuple(supplier_ids), tuple(skus)
            )
        )
    return found


def replaced(kept: Iterable[Observation], shipment_id: str, own: Iterable[Observation]) -> tuple[Observation, ...]:
    """Return the observations of a kind with those of one shipment as they are now, the newest first."""
    others = [each for each in kept if each.shipment_id != shipment_id]
    return tuple(
        sorted([*others, *own], key=lambda each: (each.ended, each.shipment_id, each.number), reverse=True)[:KEPT]
    )


def p90(days: Sequence[int]) -> float:
    """Return the 90th percentile of at least one observation, by nearest rank."""
    return float(sorted(days)[math.ceil(0.9 * len(days)) - 1])


def estimate(leg: Leg, supplier_ids: Sequence[str], kept: Sequence[Observation]) -> Estimate | None:
    """Return how long a leg takes by its like: of its supplier and lane, else its lane, else its supplier.

    Args:
        leg: which leg; only observations of its kind are given.
        supplier_ids: who makes what the shipment carries.
        kept: what was observed of that kind, other shipments' only.

    Returns:
        median and 90th percentile of the first group that has three observations; None when none has.
    """
    lane = (leg.origin.casefold(), leg.destination.casefold())
    own = set(supplier_ids)
    same_lane = [each for each in kept if each.lane == lane and any(lane)]
    same_supplier = [each for each in kept if own & set(each.supplier_ids)]
    groups: tuple[tuple[Basis, list[Observation]], ...] = (
        ("supplier and lane", [each for each in same_lane if own & set(each.supplier_ids)]),
        ("lane", same_lane),
        ("supplier", same_supplier),
    )
    for basis, group in groups:
        if len(group) >= MEASURED_FROM:
            days = [each.days for each in group]
            return Estimate(float(median(days)), p90(days), len(days), basis)
    return None


def measured(kept: Mapping[LegKind, Sequence[Observation]]) -> list[Measured]:
    """Return what was measured, by kind of leg, supplier and lane; also where it is too little to count."""
    groups: dict[tuple[LegKind, str, tuple[str, str]], list[Observation]] = {}
    for kind, found in kept.items():
        for each in found:
            for supplier_id in each.supplier_ids or ("",):
                groups.setdefault((kind, supplier_id, each.lane), []).append(each)
    rows = []
    for (kind, supplier_id, _), group in groups.items():
        newest = max(group, key=lambda each: each.ended)
        days = [each.days for each in group]
        rows.append(
            Measured(
                kind,
                supplier_id,
                newest.origin,
                newest.destination,
                len(days),
                float(median(days)),
                p90(days),
                newest.ended,
            )
        )
    return sorted(rows, key=lambda row: (row.kind, row.supplier_id, row.origin, row.destination))


def journeys_of(
    seller_sku: str, kinds: Sequence[LegKind], kept: Mapping[LegKind, Sequence[Observation]]
) -> tuple[int, ...]:
    """Return how many days these legs took together, shipment by shipment, for a SKU, the newest first.

    Shipments that carried the SKU count when there are three; else those of its suppliers. A shipment counts with the
    days of all its legs of these kinds.
    """
    every = [each for kind in kinds for each in kept.get(kind, ())]
    own = _by_shipment(each for each in every if seller_sku in each.skus)
    if len(own) >= MEASURED_FROM:
        return own
    suppliers = {
        supplier
        for found in kept.values()
        for each in found
        if seller_sku in each.skus
        for supplier in each.supplier_ids
    }
    theirs = _by_shipment(each for each in every if suppliers & set(each.supplier_ids))
    return theirs if len(theirs) >= MEASURED_FROM else ()


_NAMED: tuple[tuple[str, tuple[LegKind, ...]], ...] = (
    ("production", ("production",)),
    ("manufacturing", ("production",)),
    ("freight", ("air", "sea", "road", "rail")),
    ("air", ("air",)),
    ("sea", ("sea",)),
    ("ocean", ("sea",)),
    ("road", ("road",)),
    ("trucking", ("road",)),
    ("rail", ("rail",)),
    ("customs", ("customs",)),
    ("prep", ("prep",)),
    ("check-in", ("check_in",)),
    ("check in", ("check_in",)),
)


def kinds_named(leg: str) -> tuple[LegKind, ...]:
    """Return the kinds of legs that a leg of restock's settings names in its words; none when it names no such.

    "Freight and customs" names air, sea, road and rail freight and customs; a kind of freight that is named beside the
    word freight, as in "Sea freight", stands for itself alone.
    """
    words = f" {' '.join(re.split(r'[^a-z-]+', leg.casefold()))} "
    found = [(word, kinds) for word, kinds in _NAMED if f" {word} " in words]
    special = any(len(kinds) == 1 and kinds[0] in FREIGHT for _, kinds in found)
    return tuple(dict.fromkeys(kind for word, kinds in found if word != "freight" or not special for kind in kinds))


def _by_shipment(found: Iterable[Observation]) -> tuple[int, ...]:
    days: dict[str, int] = {}
    last: dict[str, date] = {}
    for each in found:
        days[each.shipment_id] = days.get(each.shipment_id, 0) + each.days
        last[each.shipment_id] = max(last.get(each.shipment_id, each.ended), each.ended)
    return tuple(days[shipment_id] for shipment_id in sorted(days, key=lambda name: (last[name], name), reverse=True))
