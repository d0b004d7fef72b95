"""What Amazon received of a shipment, what is missing, and until when it can be claimed. Pure.

Amazon may split what the seller sends into several inbound shipments, or put several together. So one shipment can be
matched with several of Amazon's and the other way round, and what is missing is reckoned for each of Amazon's inbound
shipments, for a claim is about one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal

import msgspec

CLAIM_MONTHS = 9
"""A claim for units lost on the way in can be made until so many months after the delivery. Source: Seller Central,
"FBA inventory reimbursement policy: Shipment to Amazon claims". The day that Amazon's shipping queue shows prevails."""

SHIPPED = frozenset({"SHIPPED", "IN_TRANSIT", "DELIVERED", "CHECKED_IN", "RECEIVING", "CLOSED"})
"""Words of Amazon's for inbound shipments that its own stock figures count."""
OVER = frozenset({"CLOSED"})
"""Words of Amazon's for inbound shipments of which no more will be received."""
GONE = frozenset({"CANCELLED", "DELETED", "ABANDONED", "UNCONFIRMED"})
"""Words of Amazon's for inbound shipments that will not come."""

ClaimState = Literal["open", "filed", "paid", "denied", "dropped"]


class Claim(msgspec.Struct, frozen=True):
    """What the seller claims from Amazon for units of one SKU of one inbound shipment.

    Attributes:
        inbound_id: Amazon's inbound shipment.
        seller_sku: of what.
        units: how many are claimed.
        state: how it stands.
        case_id: Amazon's number of the case.
        note: in the seller's words.
        changed_at: when it was last changed, ISO 8601.
    """

    inbound_id: str
    seller_sku: str
    units: int
    state: ClaimState = "open"
    case_id: str = ""
    note: str = ""
    changed_at: str = ""


def claim_deadline(delivered: date) -> date:
    """Return the last day of a claim for a shipment that was delivered on a day: as many months later."""
    months = delivered.month - 1 + CLAIM_MONTHS
    year, month = delivered.year + months // 12, months % 12 + 1
    return _in_month(year, month, delivered.day)


def _in_month(year: int, month: int, day: int) -> date:
    """Return a day of a month, its last one when it has fewer."""
    for last in (day, 30, 29, 28):
        try:
            return date(year, month, min(day, last))
        except ValueError:
            continue
    raise ValueError("No month has fewer than 28 days.")  # pragma: no cover


class Carried(msgspec.Struct, frozen=True):
    """Units of one SKU that a shipment of the seller's carries."""

    shipment_id: str
    seller_sku: str
    units: int


class Likeness(msgspec.Struct, frozen=True):
    """How much an inbound shipment of Amazon's looks like part of a shipment.

    Attributes:
        inbound_id: which one.
        same_units: units of SKUs that both have.
        percent: of its own units, how many the shipment carries.
        same_tracking: whether a tracking number is the same.
    """

    inbound_id: str
    same_units: int
    percent: int
    same_tracking: bool


def likeness(
    inbound_id: str,
    items: Mapping[str, int],
    carried: Mapping[str, int],
    tracking: Iterable[str],
    own_tracking: Iterable[str],
) -> Likeness:
    """Compare an inbound shipment of Amazon's with what a shipment carries.

    Args:
        inbound_id: which one.
        items: its units by SKU.
        carried: the shipment's units by SKU.
        tracking: tracking numbers that Amazon knows.
        own_tracking: those of the shipment's legs.
    """
    same = sum(min(units, carried.get(sku, 0)) for sku, units in items.items())
    whole = sum(items.values())
    known = {_plain(each) for each in own_tracking} - {""}
    return Likeness(
        inbound_id, same, same * 100 // whole if whole else 0, any(_plain(each) in known for each in tracking)
    )


def _plain(tracking: str) -> str:
    return "".join(tracking.split()).upper()


def best_first(found: Iterable[Likeness]) -> list[Likeness]:
    """Return those that have anything in common with the shipment, the most alike first."""
    alike = [each for each in found if each.same_units or each.same_tracking]
    return sorted(alike, key=lambda each: (not each.same_tracking, -each.percent, -each.same_units, each.inbound_id))


def shared(received: int, carried: Sequence[Carried], shipment_id: str) -> int:
    """Return how many of the units that Amazon received of a SKU are a shipment's, where it holds several.

    Each gets its share by what it carries; what rounding leaves goes to those with the largest remainders, of equal
    ones to the first by id, so that the shares add up to what was received.
    """
    whole = sum(each.units for each in carried)
    if not whole:
        return 0
    order = sorted(carried, key=lambda each: each.shipment_id)
    shares = {each.shipment_id: received * each.units // whole for each in order}
    left = received - sum(shares.values())
    remainders = sorted(order, key=lambda each: (-(received * each.units % whole), each.shipment_id))
    for each in remainders[:left]:
        shares[each.shipment_id] += 1
    return shares.get(shipment_id, 0)


EvidenceKind = Literal["inbound_id", "invoice", "delivery", "contents"]


class Evidence(msgspec.Struct, frozen=True):
    """One thing that Amazon asks for with a claim, what proves it, and whether it is there."""

    kind: EvidenceKind
    what: str
    there: bool


def evidence(document_kinds: Iterable[str], *, has_tracking: bool) -> tuple[Evidence, ...]:
    """Return what Amazon asks for with a claim. Source: Seller Central, as ``CLAIM_MONTHS``."""
    there = set(document_kinds)
    return (
        Evidence("inbound_id", "Amazon's shipment id, with the SKUs and units that are missing", there=True),
        Evidence(
            "invoice",
            "Proof that the goods are yours: the supplier's invoice, dated before the shipment",
            "invoice" in there,
        ),
        Evidence(
            "delivery",
            "Proof of delivery: the signed bill of lading, or the carrier's tracking",
            has_tracking or bool(there & {"bill_of_lading", "proof_of_delivery"}),
        ),
        Evidence("contents", "The packing list, with units by carton", "packing_list" in there),
    )
