"""Use cases of files: shipments from a table, with a preview of every one first. For the tenant in scope.

A shipment of a file is named by its content, so the same file again, or one that was cut off, enters nothing twice. One
that was exported here is known by its id.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import place_service
from quayside.inventory import own_service as own_stock
from quayside.kernel.clock import Clock
from quayside.kernel.errors import InvalidInput, QuaysideError
from quayside.kernel.file_rows import (
    ENTERED,
    Asked,
    ImportView,
    Judged,
    import_view,
    in_columns,
    words,
    wrong,
)
from quayside.kernel.ids import new_id
from quayside.kernel.tenancy import current_tenant
from quayside.procurement import order_service
from quayside.procurement.views import ShippableLine
from quayside.supply_chain import shipment_service as service
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain.file_rules import COLUMN_OF, FileLine, FileShipment, read_shipments
from quayside.supply_chain.shipment_rules import AMAZON, Leg
from quayside.supply_chain.shipment_service import LegDraft, LineDraft, ShipmentDraft
from quayside.supply_chain.shipment_views import KIND_WORDS

_NO_DAY = date(2000, 1, 1)
"""A shipment of which no day is known sorts behind all others."""


def preview(text: str, *, clock: Clock) -> ImportView:
    """Say which shipments a file would enter; nothing is stored.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows or shipments.
    """
    return import_view(_Judge(clock.now()).judged(text), _says)


def import_file(text: str, *, member_id: str, clock: Clock) -> ImportView:
    """Enter the new shipments of a file; refused ones are left out and said, known ones stay as they are.

    Raises:
        InvalidInput: it can't be read at all, lacks a column, or has too many rows or shipments.
    """
    done: list[Judged[ShipmentDraft]] = []
    for asked, state in _Judge(clock.now()).judged(text):
        after = state
        problem = asked.problem
        if state == "new" and asked.draft is not None:
            try:
                entered = service.enter_once(_id_of(asked.draft), asked.draft, member_id=member_id, clock=clock)
                after = "new" if entered else "known"
            except QuaysideError as refused:  # somebody else was quicker with the same goods
                after, problem = "refused", _words(refused)
        done.append((asked._replace(problem=problem), after))
    return import_view(done, _says)


class _Judge:
    """Judges the shipments of one file, one after the other: what one takes of an order the next can't take."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._find = place_service.finder()
        self._places = {
            name.casefold(): each.location_id
            for each in own_stock.list_locations().locations
            for name in (each.name, each.location_id)
        } | {AMAZON: AMAZON}
        self._orders: dict[str, dict[str, ShippableLine]] = {}
        self._taken: dict[tuple[str, str], int] = defaultdict(int)

    def judged(self, text: str) -> Iterator[Judged[ShipmentDraft]]:
        for asked in read_shipments(text):
            if asked.draft is None:
                yield Asked(asked.lines, asked.name, None, asked.problem), "refused"
                continue
            if asked.draft.shipment_id and (kept := store.find(asked.draft.shipment_id)) is not None:
                yield Asked(asked.lines, kept.shipment.name, None, ENTERED), "known"
                continue
            try:
                draft = self._draft(asked.draft)
                known = store.find(_id_of(draft)) is not None
                if not known:
                    service.check(draft, self._now)
                    self._take(draft)
            except QuaysideError as refused:
                yield Asked(asked.lines, asked.name, None, _words(refused)), "refused"
                continue
            yield Asked(asked.lines, asked.name, draft), "known" if known else "new"

    def _draft(self, asked: FileShipment) -> ShipmentDraft:
        place = self._find(asked.marketplace, asked.account)
        destination = self._places.get(asked.destination.casefold())
        if destination is None:
            raise wrong("destination", f"“{asked.destination[:40]}” is no place of yours; it is one, or amazon")
        draft = ShipmentDraft(
            asked.name,
            place.connection_id,
            place.marketplace_id,
            tuple(LegDraft(**msgspec.structs.asdict(leg)) for leg in asked.legs),
            tuple(map(self._line, asked.lines)),
            destination,
        )
        try:
            return msgspec.convert(msgspec.to_builtins(draft), ShipmentDraft)
        except msgspec.ValidationError as problem:
            field = str(problem).rpartition("`$.")[2].rstrip("`")
            raise wrong(field, "is too long") from problem

    def _line(self, line: FileLine) -> LineDraft:
        if not line.order:
            if line.line_id:
                raise wrong("order", "is needed beside its line")
            return LineDraft(line.seller_sku, line.units, line.title)
        of = self._order(line.order)
        fitting = [each for each in of.values() if each.seller_sku == line.seller_sku]
        if line.line_id:
            fitting = [each for each in fitting if each.line_id == line.line_id]
        if not fitting:
            at = f"line {line.line_id}" if line.line_id else "line"
            raise wrong("order", f"{line.order[:20]} has no {at} of {line.seller_sku[:40]}")
        if len(fitting) > 1:
            raise wrong("line", f"is needed: {line.seller_sku} is on lines {_listed(fitting)} of {line.order}")
        found = fitting[0]
        return LineDraft(line.seller_sku, line.units, line.title, found.order_id, found.line_id)

    def _order(self, number: str) -> dict[str, ShippableLine]:
        if number not in self._orders:
            order_id = order_service.id_of_number(number)
            if order_id is None:
                raise wrong("order", f"{number[:20]} is none of yours; it is a number such as PO-000012")
            self._orders[number] = service.room_of(order_id)
        return self._orders[number]

    def _take(self, draft: ShipmentDraft) -> None:
        """Count what a shipment takes of its orders; refuse more than is to come and in no other shipment."""
        room = {(e.order_id, e.line_id): e for lines in self._orders.values() for e in lines.values()}
        for line in draft.lines:
            if not line.order_id:
                continue
            of = room[line.order_id, line.line_id]
            left = of.units - self._taken[line.order_id, line.line_id]
            if line.units > left:
                raise wrong(
                    "units",
                    f"of {line.seller_sku} can be {max(0, left):,} at most: so many of {of.number}, line {of.line_id} "
                    "are still to come and in no other shipment",
                )
        for line in draft.lines:
            if line.order_id:
                self._taken[line.order_id, line.line_id] += line.units


def _listed(lines: list[ShippableLine]) -> str:
    return " and ".join(each.line_id for each in lines)


def _words(refused: QuaysideError) -> str:
    return in_columns(words(refused), COLUMN_OF) if isinstance(refused, InvalidInput) else refused.detail


def _id_of(draft: ShipmentDraft) -> str:
    """Return the id of a shipment by its content. It begins with its first day, so that the newest sort last."""
    days = [
        each
        for leg in draft.legs
        for each in (leg.planned_start, leg.planned_end, leg.actual_start, leg.actual_end)
        if each is not None
    ]
    return f"{min(days, default=_NO_DAY):%Y%m%d}-{new_id(_named(draft))}"


def _named(draft: ShipmentDraft) -> Callable[[int], bytes]:
    digest = hashlib.sha256(current_tenant().encode() + b"\n" + msgspec.json.encode(draft)).digest()
    return lambda count: digest[:count]


_SHOWN_LINES = 3


def _says(draft: ShipmentDraft) -> str:
    """Return what is asked for, in one line."""
    carried = [f"{line.units:,} {line.seller_sku}" for line in draft.lines[:_SHOWN_LINES]]
    if len(draft.lines) > _SHOWN_LINES:
        carried.append(f"{len(draft.lines) - _SHOWN_LINES} more")
    place = find_marketplace(draft.marketplace_id)
    legs = ", ".join(_leg_says(Leg(**msgspec.structs.asdict(leg))) for leg in draft.legs)
    to = "to Amazon" if draft.destination == AMAZON else "to own stock"
    return f"{', '.join(carried)}; {legs}; {to}, {place.country_code if place else draft.marketplace_id}"


def _leg_says(leg: Leg) -> str:
    start, end = leg.actual_start or leg.planned_start, leg.actual_end or leg.planned_end
    days = "" if start is None and end is None else f" {start or '?'} to {end or '?'}"
    return f"{KIND_WORDS[leg.kind]}{days}"
