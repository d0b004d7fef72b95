"""Use cases of the seller's own shipments: enter them, move their legs on, list them, measure how long legs take.

They act for the tenant in scope.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, NamedTuple

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.inventory import own_service as own_stock
from quayside.inventory import service as inventory
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import ChangedMeanwhile, Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.file_rows import FilePage
from quayside.kernel.ids import ConnectionId, check_connection_id, new_id
from quayside.procurement import order_service
from quayside.procurement.views import ShippableLine
from quayside.supply_chain import file_rules, lead_rules, listed_rules, shipment_rules
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain.lead_rules import Observation
from quayside.supply_chain.listed_rules import Listed
from quayside.supply_chain.shipment_records import Detail, Entry, UnderWay
from quayside.supply_chain.shipment_rules import (
    AMAZON,
    LINES,
    Event,
    Impossible,
    Leg,
    LegKind,
    Line,
    Shipment,
    State,
)
from quayside.supply_chain.shipment_store import AT_ONCE, Change, Counted, Kept, Looked
from quayside.supply_chain.shipment_views import (
    LeadTimes,
    OrderLine,
    OrderLines,
    ShipmentCard,
    ShipmentPage,
    arrival_figure,
    lead_time_view,
    line_view,
    shipment_view,
)

HISTORY = 100
_ATTEMPTS = 5
_ORDER_LINES = 200
KINDS: tuple[LegKind, ...] = ("production", "air", "sea", "road", "rail", "customs", "prep", "check_in")

_Text = Annotated[str, msgspec.Meta(max_length=200)]


class LegDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One leg as it is entered; see ``shipment_rules.Leg``."""

    kind: LegKind
    origin: _Text = ""
    destination: _Text = ""
    carrier: _Text = ""
    tracking: _Text = ""
    planned_start: date | None = None
    planned_end: date | None = None
    actual_start: date | None = None
    actual_end: date | None = None


class LineDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one SKU, as they are entered."""

    seller_sku: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    units: int
    title: _Text = ""
    order_id: Annotated[str, msgspec.Meta(max_length=40, description="The purchase order that it is of.")] = ""
    line_id: Annotated[str, msgspec.Meta(max_length=20, description="The line of that order.")] = ""


class ShipmentDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A shipment as it is entered.

    ``destination`` is the id of a place of the seller's, or ``amazon`` for goods that go straight there.
    """

    name: _Text
    connection_id: Annotated[str, msgspec.Meta(max_length=16)]
    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)]
    legs: Annotated[tuple[LegDraft, ...], msgspec.Meta(max_length=50)]
    lines: Annotated[tuple[LineDraft, ...], msgspec.Meta(max_length=200)]
    destination: Annotated[str, msgspec.Meta(max_length=26)] = AMAZON


def today_of(marketplace_id: str, now: datetime) -> date:
    """Return the day it is where a shipment will be sold."""
    place = find_marketplace(marketplace_id)
    return inventory.day_of(now, place.time_zone if place else "UTC")


# -- Entering and changing ---------------------------------------------------------------------------------------------


def enter(draft: ShipmentDraft, *, member_id: str, clock: Clock, entropy: Callable[[int], bytes]) -> ShipmentCard:
    """Enter a shipment.

    Raises:
        InvalidInput: something of it can't be; names it and what is allowed.
        NotFound: there is no such connection or place.
    """
    now = clock.now()
    # Begins with its day, so that the newest sort last.
    shipment_id = f"{now:%Y%m%d}-{new_id(entropy)}"

    def decide(_: Kept | None) -> tuple[Shipment, Detail]:
        shipment, lines = _from(draft, now, None)
        return shipment, noted(Detail(lines=lines), now, member_id, "entered")

    return card_of(_change(None, shipment_id, decide, now), now)


def enter_once(shipment_id: str, draft: ShipmentDraft, *, member_id: str, clock: Clock) -> bool:
    """Enter a shipment under an id that says what it is made of; False when it is there already, as it is now.

    Raises:
        InvalidInput: something of it can't be; names it and what is allowed.
        NotFound: there is no such connection or place.
        Conflict: others kept changing what it shares with other shipments.
    """
    if store.find(shipment_id) is not None:
        return False
    now = clock.now()

    def decide(_: Kept | None) -> tuple[Shipment, Detail]:
        shipment, lines = _from(draft, now, None)
        return shipment, noted(Detail(lines=lines), now, member_id, "entered", "from a file")

    try:
        _change(None, shipment_id, decide, now)
    except Conflict:
        if store.find(shipment_id) is None:
            raise
        return False
    return True


def check(draft: ShipmentDraft, now: datetime) -> None:
    """Refuse a shipment that can't be entered, whatever room its orders have.

    Raises:
        InvalidInput: something of it can't be; names it and what is allowed.
        NotFound: there is no such connection, place or order.
        Conflict: nothing of an order can be shipped.
    """
    _from(draft, now, None)


def room_of(order_id: str) -> dict[str, ShippableLine]:
    """Return the lines of an order, each with the units that are still to come and in no shipment.

    Raises:
        NotFound: there is no such order.
        Conflict: nothing of it can be shipped.
    """
    shipped = store.shipped_orders([order_id])[order_id].content
    return {
        line.line_id: msgspec.structs.replace(
            line, units=max(0, line.units - sum(shipped.get(line.line_id, {}).values()))
        )
        for line in order_service.shippable(order_id)
    }


def change(shipment_id: str, draft: ShipmentDraft, version: int, *, member_id: str, clock: Clock) -> ShipmentCard:
    """Change what was entered of a shipment; what arrived of its lines stays.

    Raises:
        NotFound: there is no such shipment, connection or place.
        InvalidInput: something of it can't be; names it and what is allowed.
        ChangedMeanwhile: somebody else changed it first.
        Conflict: it is over.
    """
    now = clock.now()

    def decide(kept: Kept | None) -> tuple[Shipment, Detail]:
        found = seen(kept, version, draft, now)
        shipment, lines = _from(draft, now, found)
        return shipment, noted(
            msgspec.structs.replace(found.detail, lines=lines), now, member_id, "changed", _difference(found, shipment)
        )

    return card_of(_change(shipment_id, shipment_id, decide, now), now)


def move(shipment_id: str, event: Event, version: int, *, member_id: str, clock: Clock) -> ShipmentCard:
    """Close, cancel or reopen a shipment.

    Raises:
        NotFound: there is no such shipment.
        InvalidInput: the event is one that follows from the legs.
        IllegalMove: no move leads there.
        ChangedMeanwhile: somebody else changed it first.
    """
    now = clock.now()
    if event not in shipment_rules.DECIDED:
        problem = "follows from the days of the legs; enter those"
        raise InvalidInput(f"event: {problem}.", fields=(FieldProblem("event", problem),))

    def decide(kept: Kept | None) -> tuple[Shipment, Detail]:
        found = seen(kept, version, {"event": event}, now)
        state = shipment_rules.moved(found.shipment.state, event)
        if state == "planned":  # reopened: where it stands follows from its legs
            state = shipment_rules.state_of(found.shipment.legs, state)
        ended = None if state in shipment_rules.OPEN_STATES else today_of(found.shipment.marketplace_id, now)
        shipment = msgspec.structs.replace(found.shipment, state=state, ended_on=ended, changed_at=format_instant(now))
        return shipment, noted(found.detail, now, member_id, event)

    return card_of(_change(shipment_id, shipment_id, decide, now), now)


def seen(kept: Kept | None, version: int, yours: object, now: datetime) -> Kept:
    """Return a shipment that is there and still the one that was seen.

    Raises:
        NotFound: there is no such shipment.
        ChangedMeanwhile: somebody else changed it first.
    """
    if kept is None:
        raise not_found()
    if kept.version != version:
        raise ChangedMeanwhile(
            f"Somebody else changed {kept.shipment.name} since you opened it.", yours=yours, current=card_of(kept, now)
        )
    return kept


def not_found() -> NotFound:
    """Return the error for a shipment that is not there."""
    return NotFound("There is no such shipment.", code="shipment_not_found")


def noted(detail: Detail, now: datetime, member_id: str, what: str, about: str = "") -> Detail:
    """Return the detail of a shipment with one more thing that was done."""
    entry = Entry(format_instant(now), member_id, what, about)
    return msgspec.structs.replace(detail, history=(entry, *detail.history)[:HISTORY])


def _difference(kept: Kept, shipment: Shipment) -> str:
    """Say in a few words what a change changed."""
    words = []
    before = kept.shipment
    if before.name != shipment.name:
        words.append(f"name from {before.name}")
    if before.legs != shipment.legs:
        words.append("legs")
    if (before.units, before.skus) != (shipment.units, shipment.skus):
        words.append(f"units from {before.units:,} to {shipment.units:,}")
    if before.destination != shipment.destination:
        words.append("destination")
    return ", ".join(words)


def _from(draft: ShipmentDraft, now: datetime, kept: Kept | None) -> tuple[Shipment, tuple[Line, ...]]:
    """Return a shipment as it is kept, from what was entered and what is known of it."""
    connection_id = check_connection_id(draft.connection_id)
    if draft.marketplace_id not in connections.get(connection_id).marketplace_ids:
        raise NotFound("This account does not sell there.", code="marketplace_not_connected")
    _check_destination(draft.destination)
    today = today_of(draft.marketplace_id, now)
    before = None if kept is None else kept.shipment
    try:
        legs = shipment_rules.checked_legs([Leg(**msgspec.structs.asdict(leg)) for leg in draft.legs], today)
        lines = shipment_rules.checked_lines(_lines(draft.lines, kept))
        state = shipment_rules.state_of(legs, "planned" if before is None else before.state)
        name = shipment_rules.checked_name(draft.name)
    except Impossible as refused:
        raise _refused(refused) from None
    if before is not None and before.inbound and before.connection_id != connection_id:
        problem = "is another account, but inbound shipments of the present one are matched; take those out first"
        raise _refused(Impossible("connection_id", problem))
    at = format_instant(now)
    return (
        Shipment(
            name=name,
            connection_id=connection_id,
            marketplace_id=draft.marketplace_id,
            destination=draft.destination,
            state=state,
            legs=legs,
            units=sum(line.units for line in lines),
            skus=tuple(dict.fromkeys(line.seller_sku for line in lines)),
            orders=tuple(dict.fromkeys(line.order_number for line in lines if line.order_number)),
            supplier_ids=tuple(dict.fromkeys(line.supplier_id for line in lines if line.supplier_id)),
            inbound=() if before is None else before.inbound,
            created_at=at if before is None else before.created_at,
            changed_at=at,
        ),
        lines,
    )


def _refused(refused: Impossible) -> InvalidInput | Conflict:
    if refused.code == "shipment_ended":
        return Conflict(f"That can't be changed: {refused.problem}", code=refused.code, action="Reopen it first.")
    return InvalidInput(str(refused), code=refused.code, fields=(FieldProblem(refused.field, refused.problem),))


def _check_destination(destination: str) -> None:
    if destination == AMAZON:
        return
    if all(each.location_id != destination for each in own_stock.list_locations().locations):
        raise NotFound("There is no such place.", code="location_not_found")


def _lines(drafts: Sequence[LineDraft], kept: Kept | None) -> list[Line]:
    """Return lines from what was entered; what arrived of a line stays with it.

    Raises:
        InvalidInput: a line of which units arrived is missing, or an order has no such line.
        NotFound: there is no such order.
        Conflict: nothing of an order can be shipped.
    """
    before = {(line.order_id, line.line_id, line.seller_sku): line for line in (kept.detail.lines if kept else ())}
    orders: dict[str, _Orderable] = {}
    made = []
    for number, draft in enumerate(drafts):
        line = Line(
            seller_sku=draft.seller_sku.strip(),
            units=draft.units,
            title=" ".join(draft.title.split()),
            order_id=draft.order_id,
            line_id=draft.line_id,
        )
        known = before.pop((line.order_id, line.line_id, line.seller_sku), None)
        if known is not None:
            line = msgspec.structs.replace(known, units=line.units, title=line.title or known.title)
        elif line.order_id:
            line = _of_order(line, number, orders)
        made.append(line)
    gone = next((line for line in before.values() if line.received), None)
    if gone is not None:
        raise _refused(Impossible("lines", f"{gone.received:,} units of {gone.seller_sku} arrived; it has to stay."))
    return made


class _Orderable(NamedTuple):
    """A purchase order as lines of a shipment need it."""

    supplier_id: str
    lines: Mapping[str, ShippableLine]


def _of_order(line: Line, number: int, orders: dict[str, _Orderable]) -> Line:
    """Return a line with what its order says of it."""
    if line.order_id not in orders:
        lines = {each.line_id: each for each in order_service.shippable(line.order_id)}
        orders[line.order_id] = _Orderable(order_service.order(line.order_id).supplier_id, lines)
    order = orders[line.order_id]
    found = order.lines.get(line.line_id)
    if found is None or found.seller_sku != line.seller_sku:
        raise _refused(Impossible(f"lines[{number}].line_id", f"the order has no line {line.line_id} of this SKU."))
    return msgspec.structs.replace(
        line, order_number=found.number, supplier_id=order.supplier_id, title=line.title or found.title
    )


# -- Writing a change with all that follows from it --------------------------------------------------------------------


def apply(
    shipment_id: str,
    decide: Callable[[Kept | None], tuple[Shipment, Detail]],
    now: datetime,
    *,
    within_orders: bool = True,
) -> Kept:
    """Write what ``decide`` makes of a shipment that is there, with all that follows from it.

    ``within_orders`` refuses more of an order than is still to come of it.

    Raises:
        Conflict: others kept changing what it shares with other shipments.
    """
    return _change(shipment_id, shipment_id, decide, now, within_orders=within_orders)


def _change(
    existing: str | None,
    shipment_id: str,
    decide: Callable[[Kept | None], tuple[Shipment, Detail]],
    now: datetime,
    *,
    within_orders: bool = True,
) -> Kept:
    """Write what ``decide`` makes of a shipment; whoever comes second decides anew.

    Raises:
        Conflict: others kept changing what it shares with other shipments.
    """
    for _ in range(_ATTEMPTS):
        kept = None if existing is None else store.find(existing)
        shipment, detail = decide(kept)
        made = _prepared(kept, shipment_id, shipment, detail, now, within_orders=within_orders)
        if made.items > AT_ONCE:
            problem = f"too much changes at once: {made.items} entries of {AT_ONCE}"
            raise InvalidInput(
                f"lines: {problem}.",
                fields=(FieldProblem("lines", problem),),
                action=f"Change the lines in two steps; a shipment has {LINES} at most.",
            )
        if store.save(made):
            version = 1 if kept is None else kept.version + 1
            return Kept(shipment_id, version, made.shipment, detail)
    raise Conflict("Others are changing shipments right now.", code="shipments_contended", action="Try again.")


def _prepared(  # noqa: PLR0913 - the parts of a change
    kept: Kept | None, shipment_id: str, shipment: Shipment, detail: Detail, now: datetime, *, within_orders: bool
) -> Change:
    """Work out everything that follows from a shipment as it is now."""
    before = None if kept is None else kept.shipment
    orders = _shipped(kept, shipment_id, shipment, detail, within_orders=within_orders)
    kinds = {leg.kind for leg in shipment.legs} | {leg.kind for leg in (before.legs if before else ())}
    known = store.lead_times(sorted(kinds))
    others = {
        kind: tuple(each for each in counted.content if each.shipment_id != shipment_id)
        for kind, counted in known.items()
    }
    cancelled = shipment.state == "cancelled"
    estimates = tuple(lead_rules.estimate(leg, shipment.supplier_ids, others[leg.kind]) for leg in shipment.legs)
    shipment = msgspec.structs.replace(shipment, estimates=estimates)
    own = (
        {}
        if cancelled
        else lead_rules.observations_of(shipment_id, shipment.legs, shipment.supplier_ids, shipment.skus)
    )
    measured = {kind: lead_rules.replaced(known[kind].content, shipment_id, own.get(kind, ())) for kind in kinds}
    under_way = _under_way(shipment_id, shipment, detail, today_of(shipment.marketplace_id, now))
    gone = [] if before is None else [sku for sku in before.skus if sku not in under_way]
    return Change(
        before=kept,
        shipment_id=shipment_id,
        shipment=shipment,
        detail=detail,
        orders=orders,
        lead_times={
            kind: Counted(measured[kind], known[kind].version)
            for kind in sorted(kinds)
            if measured[kind] != known[kind].content
        },
        inbound=_matched(before, shipment_id, shipment),
        under_way=under_way,
        no_longer=gone,
    )


def _shipped(
    kept: Kept | None, shipment_id: str, shipment: Shipment, detail: Detail, *, within_orders: bool
) -> dict[str, Counted[dict[str, dict[str, int]]]]:
    """Return what of the shipment's orders is in which shipment after a change, where that changes.

    Raises:
        InvalidInput: more of an order would be in shipments than is still to come of it.
    """
    earlier = {line.order_id for line in (kept.detail.lines if kept else ()) if line.order_id}
    own: dict[str, dict[str, int]] = {order_id: {} for order_id in sorted(earlier)}
    places: dict[tuple[str, str], int] = {}
    for number, line in enumerate(detail.lines):
        if line.order_id:
            units = line.outstanding if shipment.is_open else 0
            own.setdefault(line.order_id, {})[line.line_id] = units
            places[line.order_id, line.line_id] = number
    found = {}
    for order_id, counted in store.shipped_orders(own).items():
        after = {line_id: dict(shipped) for line_id, shipped in counted.content.items()}
        more = []
        for line_id in {*after, *own[order_id]}:
            shipped = after.setdefault(line_id, {})
            before, now = shipped.pop(shipment_id, 0), own[order_id].get(line_id, 0)
            if now:
                shipped[shipment_id] = now
            if now > before:
                more.append(line_id)
        if more and within_orders:
            _check_order(order_id, after, {line_id: places[order_id, line_id] for line_id in more}, shipment_id)
        after = {line_id: shipped for line_id, shipped in after.items() if shipped}
        if after != counted.content:
            found[order_id] = Counted(after, counted.version)
    return found


def _check_order(
    order_id: str, shipped: Mapping[str, Mapping[str, int]], places: Mapping[str, int], shipment_id: str
) -> None:
    to_come = {each.line_id: each for each in order_service.shippable(order_id)}
    for line_id, number in places.items():
        elsewhere = sum(units for of, units in shipped[line_id].items() if of != shipment_id)
        line = to_come.get(line_id)
        left = (line.units if line else 0) - elsewhere
        if shipped[line_id][shipment_id] > left:
            name, to_come_units = (line.number, line.units) if line else (order_id, 0)
            problem = (
                f"{name}, line {line_id}: {to_come_units:,} units are still to "
                f"come, {elsewhere:,} of them are in other shipments; at most {max(0, left):,} can be in this one"
            )
            raise InvalidInput(
                f"{problem}.",
                code="more_than_ordered",
                fields=(FieldProblem(f"lines[{number}].units", problem),),
                action="Take fewer, or amend the order if the supplier sends more.",
            )


def _matched(
    before: Shipment | None, shipment_id: str, shipment: Shipment
) -> dict[tuple[ConnectionId, str], Counted[tuple[str, ...]]]:
    """Return which shipments Amazon's inbound shipments are matched with after a change, where that changes."""
    earlier = set(before.inbound) if before else set()
    changed = earlier ^ set(shipment.inbound)
    connection_id = ConnectionId(shipment.connection_id)
    found = {}
    for inbound_id, counted in store.matched_with(connection_id, sorted(changed)).items():
        others = [each for each in counted.content if each != shipment_id]
        after = (*others, shipment_id) if inbound_id in shipment.inbound else tuple(others)
        found[connection_id, inbound_id] = Counted(after, counted.version)
    return found


def _under_way(shipment_id: str, shipment: Shipment, detail: Detail, today: date) -> dict[str, UnderWay]:
    if not shipment.is_open:
        return {}
    forecasts = shipment_rules.forecast(shipment.legs, shipment.estimates, today)
    at = shipment_rules.current_leg(shipment.legs)
    common = UnderWay(
        shipment_id,
        shipment.name,
        shipment.connection_id,
        shipment.marketplace_id,
        0,
        shipment_rules.stage_of(shipment.legs),
        due=None if at is None else shipment.legs[at].planned_end,
        arrives=shipment_rules.arrival(forecasts)[0],
        late_days=shipment_rules.late_days(shipment.legs, forecasts),
        inbound=shipment.inbound,
        to_amazon=shipment.destination == AMAZON,
    )
    found: dict[str, UnderWay] = {}
    for line in detail.lines:
        before = found.get(line.seller_sku, common)
        found[line.seller_sku] = msgspec.structs.replace(
            before,
            units=before.units + line.outstanding,
            ordered=before.ordered + (line.outstanding if line.order_id else 0),
        )
    return {sku: each for sku, each in found.items() if each.units}


# -- Shown -------------------------------------------------------------------------------------------------------------


def show(shipment_id: str, *, clock: Clock) -> ShipmentCard:
    """Show a shipment with everything about it.

    Raises:
        NotFound: there is no such shipment.
    """
    kept = store.find(shipment_id)
    if kept is None:
        raise not_found()
    return card_of(kept, clock.now())


def card_of(kept: Kept, now: datetime) -> ShipmentCard:
    """Return a shipment with everything about it."""
    today = today_of(kept.shipment.marketplace_id, now)
    view = shipment_view(kept.shipment_id, kept.version, kept.shipment, today)
    return ShipmentCard(
        shipment=view,
        lines=kept.detail.lines,
        arrives_in=arrival_figure(view, today, now),
        events=shipment_rules.events_of(kept.shipment.state),
        pending=kept.detail.pending,
        history=kept.detail.history,
    )


class Filters(NamedTuple):
    """Which shipments to list: open or over, late only, of one state, with a text in what they are called by."""

    ended: bool = False
    late: bool = False
    state: State | None = None
    search: str = ""


def list_shipments(filters: Filters, cursor: str | None, limit: int, *, clock: Clock) -> ShipmentPage:
    """List shipments, the newest first, for at most eight read units; the cursor goes on, even behind an empty page.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    now = clock.now()
    looked = _looked(filters, cursor, limit, now)
    lines = (line_view(name, entry, today_of(entry.marketplace_id, now)) for name, entry in looked.found)
    return ShipmentPage(tuple(lines), looked.examined, looked.next_cursor)


class LateShipment(NamedTuple):
    """An open shipment that arrives, or ends its present leg, later than planned; ``first_sku`` is the first in it."""

    shipment_id: str
    name: str
    marketplace_id: str
    first_sku: str
    late_days: int


def late_shipments(connection_id: ConnectionId, most: int, now: datetime) -> Iterator[LateShipment]:
    """Yield the shipments of an account that are late, the newest first; looks at ``most`` open ones."""
    for shipment_id, entry in store.newest_open(most):
        late = listed_rules.late_days(entry, today_of(entry.marketplace_id, now))
        if entry.connection_id == connection_id and late:
            yield LateShipment(shipment_id, entry.name, entry.marketplace_id, entry.first_sku, late)


def list_whole(filters: Filters, cursor: str | None, limit: int, *, clock: Clock) -> FilePage:
    """List shipments, the newest first, as rows of a file that can be entered again.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    now = clock.now()
    looked = _looked(filters, cursor, limit, now)
    rows: list[tuple[str, ...]] = []
    for shipment_id, entry in looked.found:
        kept = store.whole(shipment_id, ended=filters.ended)
        if kept is not None:
            _, shipment = kept
            today = today_of(entry.marketplace_id, now)
            forecasts = shipment_rules.forecast(shipment.legs, shipment.estimates, today)
            rows += file_rules.written(shipment_id, shipment, store.carried(shipment_id).lines, forecasts)
    return FilePage(file_rules.WRITTEN, tuple(rows), len(looked.found), looked.next_cursor)


def _looked(filters: Filters, cursor: str | None, limit: int, now: datetime) -> Looked:
    def wanted(entry: Listed) -> bool:
        late = not filters.late or listed_rules.late_days(entry, today_of(entry.marketplace_id, now)) > 0
        return late and filters.state in {None, entry.state}

    text = filters.search.strip().casefold()
    return store.browse(ended=filters.ended, wanted=wanted, text=text, cursor=cursor, limit=limit)


def order_lines(search: str) -> OrderLines:
    """List lines of purchase orders that can go into a shipment, by order number: 200 at most."""
    every = order_service.all_open_orders()
    text = search.strip().casefold()
    found = sorted(
        (
            line
            for lines in (every or {}).values()
            for line in lines
            if not text or text in line.number.casefold() or text in line.seller_sku.casefold()
        ),
        key=lambda line: (line.number, line.line_id),
    )
    listed = found[:_ORDER_LINES]
    shipped = store.shipped_orders(line.order_id for line in listed)
    lines = []
    for line in listed:
        left = line.units - sum(shipped[line.order_id].content.get(line.line_id, {}).values())
        if left > 0:
            lines.append(
                OrderLine(line.order_id, line.number, line.line_id, line.seller_sku, left, line.units, line.expected_on)
            )
    return OrderLines(tuple(lines), every is not None and len(listed) == len(found))


def observations() -> Mapping[LegKind, tuple[Observation, ...]]:
    """Return what was measured of every kind of leg: at most 100 of each, the newest first."""
    return {kind: counted.content for kind, counted in store.lead_times(KINDS).items()}


def list_lead_times(*, clock: Clock) -> LeadTimes:
    """List what was measured, by kind of leg, supplier and lane."""
    now = clock.now()
    rows = lead_rules.measured(observations())
    return LeadTimes(tuple(lead_time_view(row, now) for row in rows), lead_rules.MEASURED_FROM)
