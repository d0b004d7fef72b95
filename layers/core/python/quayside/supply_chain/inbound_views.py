"""What the API shows of Amazon's inbound shipments beside a shipment of the seller's: matches, receipts, claims."""

from datetime import date, datetime

import msgspec

from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.supply_chain.claim_rules import CLAIM_MONTHS, Claim, Evidence, Likeness

SOURCE = "Amazon's inbound API: units that were sent and that it took in"


class InboundLine(msgspec.Struct, frozen=True):
    """One SKU of an inbound shipment of Amazon's.

    Attributes:
        carried: units of it that the shipment carries in all, over all of Amazon's inbound shipments.
        expected: units that Amazon expects in this one.
        received: units that it took in; None while it said nothing.
        missing: units that are missing, with how they follow; below zero when there are too many.
    """

    seller_sku: str
    carried: int
    expected: int
    received: int | None
    missing: Figure


class InboundView(msgspec.Struct, frozen=True):
    """An inbound shipment of Amazon's that is matched.

    Attributes:
        known: whether Amazon's data still holds it.
        shared_with: other shipments of the seller's that are in it.
        final: whether Amazon takes in no more of it.
        claim_by: the last day of a claim for what is missing; None when nothing is, or no day of delivery is known.
    """

    inbound_id: str
    known: bool
    name: str | None
    status: str | None
    destination: str | None
    shared_with: tuple[str, ...]
    final: bool
    claim_by: date | None
    lines: tuple[InboundLine, ...]


class ShipmentInbound(msgspec.Struct, frozen=True):
    """How a shipment stands with Amazon.

    Attributes:
        version: of the shipment, sent back with a change.
        inbound: what is matched.
        not_announced: units by SKU that the shipment carries and no matched inbound shipment expects.
        to_take_in: units by SKU that Amazon took in and that are not entered as arrived yet.
        missing: units that are missing in all.
        claims: what is claimed.
        evidence: what Amazon asks for with a claim, and whether it is there.
    """

    version: int
    inbound: tuple[InboundView, ...]
    not_announced: dict[str, int]
    to_take_in: dict[str, int]
    missing: int
    claims: tuple[Claim, ...]
    evidence: tuple[Evidence, ...]


class Candidate(msgspec.Struct, frozen=True):
    """An inbound shipment of Amazon's that may belong to the shipment.

    Attributes:
        likeness: what both have in common.
        units: its units.
        shared_with: shipments that it is matched with already.
    """

    inbound_id: str
    name: str | None
    status: str | None
    destination: str | None
    units: int
    likeness: Likeness
    shared_with: tuple[str, ...]


class Candidates(msgspec.Struct, frozen=True):
    """Inbound shipments that may belong to a shipment, the most alike first; ``examined`` were looked at."""

    candidates: tuple[Candidate, ...]
    examined: int


def missing_figure(expected: int, received: int | None, as_of: datetime, *, final: bool) -> Figure:
    """Return how many units of a SKU an inbound shipment lacks."""
    filled = (
        f"{expected:,} sent, Amazon took in nothing yet that it told of"
        if received is None
        else f"{expected:,} \N{MINUS SIGN} {received:,} = {expected - received:,} units"
    )
    return figure(
        None if received is None else expected - received,
        unit="units",
        as_of=as_of,
        state="posted" if final else "estimated",
        source=SOURCE,
        method=method_card(
            "inbound.missing",
            "Missing",
            "Units sent \N{MINUS SIGN} units that Amazon took in",
            filled,
            inputs=(
                FigureInput("Sent", expected, "units"),
                *(() if received is None else (FigureInput("Taken in", received, "units"),)),
            ),
            notes=(
                "Amazon takes in no more of it." if final else "Amazon may still take in more of it.",
                f"A claim can be made until {CLAIM_MONTHS} months after delivery; the day in Amazon's queue prevails.",
            ),
        ),
    )
