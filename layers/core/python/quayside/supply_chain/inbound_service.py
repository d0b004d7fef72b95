"""Use cases of shipments at Amazon: match them with its inbound shipments, see what is missing, claim it, take it in.

They act for the tenant in scope, and read what Amazon told; none of them asks Amazon.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, NamedTuple

import msgspec

from quayside.kernel.clock import Clock, format_instant, from_epoch_milliseconds, from_epoch_seconds
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.supply_chain import arrival_service, claim_rules
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain import store as amazon
from quayside.supply_chain.arrival_service import Arrival
from quayside.supply_chain.claim_rules import GONE, Carried, Claim, ClaimState
from quayside.supply_chain.inbound_views import (
    Candidate,
    Candidates,
    InboundLine,
    InboundView,
    ShipmentInbound,
    missing_figure,
)
from quayside.supply_chain.records import (
    ItemRecord,
    ShipmentRecord,
    item_from,
    shipment_from,
    shipment_id_of,
    sku_of,
    told_at,
)
from quayside.supply_chain.shipment_records import Arrived, Detail
from quayside.supply_chain.shipment_rules import AMAZON, Leg, Shipment
from quayside.supply_chain.shipment_service import apply, not_found, noted, seen, today_of
from quayside.supply_chain.shipment_store import Kept
from quayside.supply_chain.shipment_views import ShipmentCard

MATCHES = 20
"""How many of Amazon's inbound shipments one shipment is matched with at most."""
CLAIMS = 60
"""How many claims a shipment has at most."""
_EXAMINED = 200
_COMPARED_SKUS = 3000
_OFFERED = 30
_SKUS = 200


def candidates(shipment_id: str) -> Candidates:
    """List inbound shipments of Amazon's that may belong to a shipment: by SKUs and units, and by tracking number.

    Raises:
        NotFound: there is no such shipment.
    """
    kept = _kept(shipment_id)
    connection_id = ConnectionId(kept.shipment.connection_id)
    carried = _by_sku(kept.detail)
    tracking = [leg.tracking for leg in kept.shipment.legs]
    records = {
        inbound_id: record
        for record in amazon.newest_shipments(connection_id, _EXAMINED)
        if (inbound_id := shipment_id_of(record.sk)) not in kept.shipment.inbound and _status(record) not in GONE
    }
    units = {
        inbound_id: _units(items)
        for inbound_id, items in amazon.items_of_newest(connection_id, records, _COMPARED_SKUS).items()
    }
    likenesses = (
        claim_rules.likeness(
            inbound_id, units.get(inbound_id, {}), carried, shipment_from(record).tracking_ids, tracking
        )
        for inbound_id, record in records.items()
    )
    offered = claim_rules.best_first(likenesses)[:_OFFERED]
    matched = store.matched_with(connection_id, (each.inbound_id for each in offered))
    found = []
    for alike in offered:
        record = records[alike.inbound_id]
        facts = shipment_from(record)
        candidate = Candidate(
            alike.inbound_id, facts.name, _status(record), facts.destination,
            sum(units.get(alike.inbound_id, {}).values()), alike, matched[alike.inbound_id].content,
        )  # fmt: skip
        found.append(candidate)
    return Candidates(tuple(found), len(records))


def match(
    shipment_id: str, inbound_ids: Sequence[str], version: int, *, member_id: str, clock: Clock
) -> ShipmentInbound:
    """Say which of Amazon's inbound shipments belong to a shipment; several when Amazon split it.

    One inbound shipment can belong to several shipments, when Amazon put them together.

    Raises:
        NotFound: there is no such shipment, or Amazon told of no such inbound shipment.
        InvalidInput: there are too many, or one is named twice.
        ChangedMeanwhile: somebody else changed it first.
    """
    now = clock.now()
    wanted = tuple(dict.fromkeys(inbound_ids))
    if len(wanted) > MATCHES or len(wanted) < len(inbound_ids):
        problem = f"can be {MATCHES} at most, each once; there are {len(inbound_ids)}"
        raise InvalidInput(f"inbound_ids: {problem}.", fields=(FieldProblem("inbound_ids", problem),))

    def decide(kept: Kept | None) -> tuple[Shipment, Detail]:
        found = seen(kept, version, {"inbound_ids": wanted}, now)
        new = [each for each in wanted if each not in found.shipment.inbound]
        known = amazon.shipments(ConnectionId(found.shipment.connection_id), new)
        unknown = next((each for each in new if each not in known), None)
        if unknown is not None:
            raise NotFound(f"Amazon told of no inbound shipment {unknown}.", code="inbound_not_found")
        shipment = msgspec.structs.replace(found.shipment, inbound=wanted, changed_at=format_instant(now))
        return shipment, noted(found.detail, now, member_id, "matched", ", ".join(wanted) or "none")

    return _view(apply(shipment_id, decide, now), now)


def show(shipment_id: str, *, clock: Clock) -> ShipmentInbound:
    """Show how a shipment stands with Amazon: what it took in, what is missing and until when it can be claimed.

    Raises:
        NotFound: there is no such shipment.
    """
    return _view(_kept(shipment_id), clock.now())


class ClaimDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is claimed of one SKU of an inbound shipment, and how it stands; 0 units take the claim out."""

    version: int
    inbound_id: Annotated[str, msgspec.Meta(max_length=60)]
    seller_sku: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    units: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    state: ClaimState = "open"
    case_id: Annotated[str, msgspec.Meta(max_length=40)] = ""
    note: Annotated[str, msgspec.Meta(max_length=200)] = ""


def claim(shipment_id: str, draft: ClaimDraft, *, member_id: str, clock: Clock) -> ShipmentInbound:
    """Keep what is claimed from Amazon. Quayside files nothing itself: claims are made in Seller Central.

    Raises:
        NotFound: there is no such shipment.
        InvalidInput: the inbound shipment is not matched, more is claimed than is missing, or claims are too many.
        ChangedMeanwhile: somebody else changed it first.
    """
    now = clock.now()

    def decide(kept: Kept | None) -> tuple[Shipment, Detail]:
        found = seen(kept, draft.version, draft, now)
        others = tuple(
            each
            for each in found.detail.claims
            if (each.inbound_id, each.seller_sku) != (draft.inbound_id, draft.seller_sku)
        )
        if draft.units:
            _check_claim(found, draft, len(others))
            made = Claim(
                draft.inbound_id, draft.seller_sku, draft.units, draft.state, draft.case_id.strip(), draft.note.strip(),
                format_instant(now),
            )  # fmt: skip
            others = (*others, made)
        detail = msgspec.structs.replace(found.detail, claims=others)
        about = f"{draft.units:,} of {draft.seller_sku} in {draft.inbound_id}, {draft.state}"
        return found.shipment, noted(detail, now, member_id, "claimed", about)

    return _view(apply(shipment_id, decide, now), now)


def _check_claim(kept: Kept, draft: ClaimDraft, others: int) -> None:
    if others >= CLAIMS:
        raise _wrong("seller_sku", f"is one claim too many; a shipment has {CLAIMS} at most")
    if draft.inbound_id not in kept.shipment.inbound:
        raise _wrong("inbound_id", "is not matched with this shipment")
    connection_id = ConnectionId(kept.shipment.connection_id)
    items = {sku_of(each.sk): item_from(each) for each in amazon.items_of(connection_id, draft.inbound_id, _SKUS)}
    item = items.get(draft.seller_sku)
    missing = 0 if item is None else item.missing or 0
    if draft.units > missing:
        raise _wrong("units", f"must be from 1 to {max(0, missing):,}, which are missing; it is {draft.units:,}")


def _wrong(field: str, problem: str) -> InvalidInput:
    return InvalidInput(f"{field}: {problem}.", fields=(FieldProblem(field, problem),))


def take_in(shipment_id: str, version: int, *, member_id: str, clock: Clock) -> ShipmentCard:
    """Enter as arrived what Amazon took in since it was entered last: into the orders, and not into own stock.

    Raises:
        NotFound: there is no such shipment.
        InvalidInput: an order's tolerance does not allow as many.
        ChangedMeanwhile: somebody else changed it first.
        Conflict: it goes to a place of the seller's, or Amazon took in nothing new.
    """
    now = clock.now()
    kept = seen(store.find(shipment_id), version, {"version": version}, now)
    if kept.shipment.destination != AMAZON:
        raise Conflict(
            "This shipment goes to your own stock, where it is received.",
            code="not_to_amazon",
            action="Enter what arrived there.",
        )
    left = _to_take_in(kept, _read(kept))
    if not left:
        raise Conflict("Amazon took in nothing new.", code="nothing_taken_in", action="Look again after the next sync.")
    arrived = _on_lines(kept.detail, left)
    arrival = Arrival(version, today_of(kept.shipment.marketplace_id, now), arrived, "Checked in by Amazon")
    return arrival_service.receive(shipment_id, arrival, member_id=member_id, clock=clock)


def _on_lines(detail: Detail, left: Mapping[str, int]) -> tuple[Arrived, ...]:
    """Lay units onto the lines of their SKU, in their order; what is more than all of them carry goes onto the last."""
    found: dict[int, int] = {}
    for sku, units in left.items():
        places = [number for number, line in enumerate(detail.lines) if line.seller_sku == sku]
        for number in places:
            taken = min(units, detail.lines[number].outstanding)
            found[number] = taken
            units -= taken  # noqa: PLW2901 - what is left of them
        found[places[-1]] += units
    return tuple(Arrived(number, units) for number, units in sorted(found.items()) if units)


# -- Put together ------------------------------------------------------------------------------------------------------


class _Inbound(NamedTuple):
    """An inbound shipment of Amazon's that is matched: what is known of it, and what else is in it."""

    inbound_id: str
    record: ShipmentRecord | None
    items: list[ItemRecord]
    carried: list[Carried]


def _read(kept: Kept) -> list[_Inbound]:
    """Read what Amazon told of the matched inbound shipments, and what other shipments carry in them."""
    connection_id = ConnectionId(kept.shipment.connection_id)
    known = amazon.shipments(connection_id, kept.shipment.inbound)
    matched = store.matched_with(connection_id, kept.shipment.inbound)
    others: dict[str, Kept | None] = {kept.shipment_id: kept}
    found = []
    for inbound_id in kept.shipment.inbound:
        carried = []
        for shipment_id in {*matched[inbound_id].content, kept.shipment_id}:
            if shipment_id not in others:
                others[shipment_id] = store.find(shipment_id)
            other = others[shipment_id]
            if other is not None:
                carried += [Carried(shipment_id, sku, units) for sku, units in _by_sku(other.detail).items()]
        items = amazon.items_of(connection_id, inbound_id, _SKUS)
        found.append(_Inbound(inbound_id, known.get(inbound_id), items, carried))
    return found


def _to_take_in(kept: Kept, found: Sequence[_Inbound]) -> dict[str, int]:
    """Return what Amazon took in of this shipment and is not entered as arrived, by SKU."""
    if kept.shipment.destination != AMAZON:
        return {}
    taken: dict[str, int] = {}
    for each in found:
        for record in each.items:
            sku, item = sku_of(record.sk), item_from(record)
            if item.received:
                carried = [part for part in each.carried if part.seller_sku == sku]
                taken[sku] = taken.get(sku, 0) + claim_rules.shared(item.received, carried, kept.shipment_id)
    entered: dict[str, int] = {}
    for line in kept.detail.lines:
        entered[line.seller_sku] = entered.get(line.seller_sku, 0) + line.received
    return {sku: units - entered[sku] for sku, units in taken.items() if sku in entered and units > entered[sku]}


def _view(kept: Kept, now: datetime) -> ShipmentInbound:
    found = _read(kept)
    carried = _by_sku(kept.detail)
    views = tuple(_inbound_view(kept, each, carried, now) for each in found)
    expected: dict[str, int] = {}
    for each in found:
        for sku, units in _units(each.items).items():
            expected[sku] = expected.get(sku, 0) + units
    missing = sum(max(0, line.missing.value or 0) for view in views for line in view.lines)
    return ShipmentInbound(
        version=kept.version,
        inbound=views,
        not_announced={
            sku: units - expected.get(sku, 0) for sku, units in carried.items() if units > expected.get(sku, 0)
        }
        if found
        else {},
        to_take_in=_to_take_in(kept, found),
        missing=missing,
        claims=kept.detail.claims,
        evidence=claim_rules.evidence((), has_tracking=any(leg.tracking for leg in kept.shipment.legs)),
    )


def _inbound_view(kept: Kept, each: _Inbound, carried: Mapping[str, int], now: datetime) -> InboundView:
    facts = None if each.record is None else shipment_from(each.record)
    status = None if each.record is None else _status(each.record)
    final = status in claim_rules.OVER
    lines = []
    for record in each.items:
        item, sku = item_from(record), sku_of(record.sk)
        as_of = from_epoch_milliseconds(told_at(record)) if told_at(record) else now
        figure = missing_figure(item.expected, item.received, as_of, final=final)
        lines.append(InboundLine(sku, carried.get(sku, 0), item.expected, item.received, figure))
    lacks = any((line.missing.value or 0) > 0 for line in lines)
    delivered = _delivered(kept.shipment.legs, None if facts is None else facts.delivery_until)
    return InboundView(
        inbound_id=each.inbound_id,
        known=facts is not None,
        name=None if facts is None else facts.name,
        status=status,
        destination=None if facts is None else facts.destination,
        shared_with=tuple(sorted({part.shipment_id for part in each.carried} - {kept.shipment_id})),
        final=final,
        claim_by=claim_rules.claim_deadline(delivered) if lacks and delivered is not None else None,
        lines=tuple(lines),
    )


def _delivered(legs: Sequence[Leg], until: int | None) -> date | None:
    """Return when goods were delivered to Amazon: by the legs, else the end of Amazon's window; None if unknown."""
    for number, leg in enumerate(legs):
        if leg.kind == "check_in" and leg.actual_start is not None:
            return leg.actual_start
        if number == len(legs) - 1 and leg.kind != "check_in" and leg.actual_end is not None:
            return leg.actual_end
    return None if until is None else from_epoch_seconds(until).date()


def _kept(shipment_id: str) -> Kept:
    kept = store.find(shipment_id)
    if kept is None:
        raise not_found()
    return kept


def _status(record: ShipmentRecord) -> str | None:
    """Return Amazon's word: that of the API of received quantities, which knows the end, else that of the plans."""
    facts = shipment_from(record)
    return facts.receiving_status or facts.status


def _by_sku(detail: Detail) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in detail.lines:
        found[line.seller_sku] = found.get(line.seller_sku, 0) + line.units
    return found


def _units(items: Sequence[ItemRecord]) -> dict[str, int]:
    return {sku_of(each.sk): item_from(each).expected for each in items}
