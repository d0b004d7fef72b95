"""Reads and writes of the seller's own shipments. Every function acts for the tenant in scope.

A shipment and all that follows from it (what it carries, how much of which order is in it, units by SKU, what its legs
took) change in one transaction, so that no list ever tells another story than the shipment.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.budget import Budget
from quayside.storage.connection import bound
from quayside.storage.keys import Key
from quayside.storage.tables import CoreItem, every, page
from quayside.supply_chain import listed_rules
from quayside.supply_chain.lead_rules import Observation
from quayside.supply_chain.listed_rules import Listed
from quayside.supply_chain.shipment_records import (
    ENDED_GROUP,
    OPEN_GROUP,
    SELLER,
    Detail,
    DetailRecord,
    LeadTimeRecord,
    ListedRecord,
    ShipmentRecord,
    ShippedInboundRecord,
    ShippedOrderRecord,
    UnderWay,
    UnderWayRecord,
    detail_from,
    ids_from,
    listed_from,
    observations_from,
    shipment_from,
    shipment_id_of,
    shipped_from,
    sku_under_way,
    text_of,
    under_way_from,
)
from quayside.supply_chain.shipment_rules import LegKind, Shipment

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

AT_ONCE = 100
"""So many items one transaction changes at most. Source: Amazon DynamoDB developer guide, "TransactWriteItems"."""
_WALKED_AT_ONCE = 500
_RETRIED = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class Kept(NamedTuple):
    """A shipment as it is stored. ``version`` counts its changes, from 1."""

    shipment_id: str
    version: int
    shipment: Shipment
    detail: Detail


class Looked(NamedTuple):
    """A page of a list: what was found, by id; how many were looked at for it; the cursor that goes on."""

    found: list[tuple[str, Listed]]
    examined: int
    next_cursor: str | None


class Counted[Content](NamedTuple):
    """Something that counts its changes; version 0 is nothing yet."""

    content: Content
    version: int


class Change(NamedTuple):
    """Everything that one change of a shipment writes.

    Attributes:
        before: what was read; None for a new shipment.
        shipment_id: which shipment.
        shipment: as it is now.
        detail: as it is now.
        orders: of each order whose units in shipments change: all of them now, and the version that was read.
        lead_times: of each kind of leg whose observations change: all of them now, and the version that was read.
        inbound: of each of Amazon's inbound shipments, by connection and id, whose matches change: all of them now.
        under_way: units by SKU now; none when the shipment is over.
        no_longer: SKUs that had units under way in it and have none now.
    """

    before: Kept | None
    shipment_id: str
    shipment: Shipment
    detail: Detail
    orders: Mapping[str, Counted[dict[str, dict[str, int]]]]
    lead_times: Mapping[LegKind, Counted[tuple[Observation, ...]]]
    inbound: Mapping[tuple[ConnectionId, str], Counted[tuple[str, ...]]]
    under_way: Mapping[str, UnderWay]
    no_longer: Sequence[str]

    @property
    def items(self) -> int:
        """How many items it writes at most."""
        return 5 + sum(
            len(each) for each in (self.orders, self.lead_times, self.inbound, self.under_way, self.no_longer)
        )


def find(shipment_id: str) -> Kept | None:
    """Return a shipment with what it carries; None when there is none."""
    tenant_id = current_tenant()
    places = (keys.open_shipment(tenant_id, shipment_id), keys.ended_shipment(tenant_id, shipment_id))
    detail = keys.shipment_detail(tenant_id, shipment_id)
    record = next((found for place in places if (found := ShipmentRecord.find(place)) is not None), None)
    about = DetailRecord.find(detail)
    if record is None or about is None:
        return None
    return Kept(shipment_id, int(record.version), shipment_from(record.facts), detail_from(about.detail))


def browse(*, ended: bool, wanted: Callable[[Listed], bool], text: str, cursor: str | None, limit: int) -> Looked:
    """Return a page of the shipments that are open, or over: the newest first, those that are wanted and say a text.

    It reads at most ``budget.PAGE_UNITS``, so it may be short, even empty, and still not the last.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    tenant_id = current_tenant()
    prefix = f"{ENDED_GROUP if ended else OPEN_GROUP}#"
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith(prefix):
            raise invalid_cursor()
    budget = Budget(listed_rules.ENTRY_BYTES)
    found: list[tuple[str, Listed]] = []
    examined = 0
    pk = keys.listed_shipments(tenant_id)
    while room := budget.room:
        part = page(ListedRecord, pk, limit=room, prefix=prefix, after=after, newest_first=True)
        budget.count(part.records)
        for place, record in enumerate(part.records, 1):
            entry, shipment_id = listed_from(record.facts), shipment_id_of(record.sk)
            says = wanted(entry) and listed_rules.says(entry, text)
            if says is None:
                if examined and not budget.has_room_for(entry.whole_bytes):
                    return Looked(found, examined, encode_cursor(after or prefix))
                budget.take(entry.whole_bytes)
                kept = whole(shipment_id, ended=ended)
                says = kept is not None and listed_rules.whole_says(kept[1], text)
            examined += 1
            after = record.sk
            if says:
                found.append((shipment_id, entry))
            if len(found) == limit:
                is_last = place == len(part.records) and part.next_sort_key is None
                return Looked(found, examined, None if is_last else encode_cursor(after))
        after = part.next_sort_key
        if after is None:
            return Looked(found, examined, None)
    return Looked(found, examined, encode_cursor(after or prefix))


def newest_open(most: int) -> Iterator[tuple[str, Listed]]:
    """Yield the open shipments as lists know them, by id, the newest first, ``most`` of them."""
    after: str | None = None
    pk, prefix = keys.listed_shipments(current_tenant()), f"{OPEN_GROUP}#"
    while most > 0:
        part = page(ListedRecord, pk, limit=min(most, _WALKED_AT_ONCE), prefix=prefix, after=after, newest_first=True)
        yield from ((shipment_id_of(record.sk), listed_from(record.facts)) for record in part.records)
        most -= len(part.records)
        after = part.next_sort_key
        if after is None:
            return


def whole(shipment_id: str, *, ended: bool) -> tuple[int, Shipment] | None:
    """Return a shipment that a list named, with its version; None when it is not there any more."""
    place = keys.ended_shipment if ended else keys.open_shipment
    record = ShipmentRecord.find(place(current_tenant(), shipment_id), consistent=False)
    return None if record is None else (int(record.version), shipment_from(record.facts))


def carried(shipment_id: str) -> Detail:
    """Return what a shipment that a list named carries; nothing when it is not there any more."""
    record = DetailRecord.find(keys.shipment_detail(current_tenant(), shipment_id), consistent=False)
    return Detail() if record is None else detail_from(record.detail)


def shipped_orders(order_ids: Iterable[str]) -> dict[str, Counted[dict[str, dict[str, int]]]]:
    """Return how much of these orders is in which shipment, by line."""
    found: dict[str, Counted[dict[str, dict[str, int]]]] = {}
    for order_id in dict.fromkeys(order_ids):
        record = ShippedOrderRecord.find(keys.shipped_order(current_tenant(), order_id))
        found[order_id] = (
            Counted({}, 0) if record is None else Counted(shipped_from(record.shipped), int(record.version))
        )
    return found


def matched_with(connection_id: ConnectionId, inbound_ids: Iterable[str]) -> dict[str, Counted[tuple[str, ...]]]:
    """Return which shipments each of Amazon's inbound shipments is matched with."""
    found: dict[str, Counted[tuple[str, ...]]] = {}
    for inbound_id in dict.fromkeys(inbound_ids):
        record = ShippedInboundRecord.find(keys.shipped_inbound(current_tenant(), connection_id, inbound_id))
        found[inbound_id] = (
            Counted((), 0) if record is None else Counted(ids_from(record.shipment_ids), int(record.version))
        )
    return found


def lead_times(kinds: Iterable[LegKind]) -> dict[LegKind, Counted[tuple[Observation, ...]]]:
    """Return what was measured of these kinds of legs."""
    found: dict[LegKind, Counted[tuple[Observation, ...]]] = {}
    for kind in dict.fromkeys(kinds):
        record = LeadTimeRecord.find(keys.lead_times(current_tenant(), kind), consistent=False)
        found[kind] = (
            Counted((), 0) if record is None else Counted(observations_from(record.observations), int(record.version))
        )
    return found


def under_way_of(seller_sku: str) -> list[UnderWay]:
    """Return the units of one SKU that are under way, shipment by shipment."""
    found = every(UnderWayRecord, keys.under_way(current_tenant()), prefix=keys.under_way_of(seller_sku))
    return [under_way_from(each.units) for each in found]


def under_way_between(after: str, until: str | None, limit: int) -> tuple[list[tuple[str, UnderWay]], bool]:
    """Return units under way of the SKUs behind one, up to another (included), and whether there are more.

    ``until`` None stands for the end of all SKUs.
    """
    low = f"{keys.under_way_of(after)}{keys.HIGHEST}" if after else f"SKU#{keys.LOWEST}"
    high = f"SKU#{keys.HIGHEST}" if until is None else f"{keys.under_way_of(until)}{keys.HIGHEST}"
    if high <= low:
        return [], False
    found = page(UnderWayRecord, keys.under_way(current_tenant()), limit=limit, between=(low, high))
    rows = [(sku_under_way(each.sk), under_way_from(each.units)) for each in found.records]
    return rows, found.next_sort_key is not None


def save(change: Change) -> bool:
    """Write a change; return False, and write nothing, when something of it was changed meanwhile."""
    tenant_id = current_tenant()
    version = 1 if change.before is None else change.before.version + 1
    try:
        with TransactWrite(connection=bound().connection("tenant")) as transaction:
            _save_shipment(transaction, change, version)
            _save_listed(transaction, change)
            detail = keys.shipment_detail(tenant_id, change.shipment_id)
            transaction.save(DetailRecord.at(detail, source=SELLER, detail=text_of(change.detail)))
            for order_id, order in change.orders.items():
                _save_counted(
                    transaction, ShippedOrderRecord, keys.shipped_order(tenant_id, order_id), order.version,
                    {"shipped": text_of(order.content)},
                )  # fmt: skip
            for kind, lead in change.lead_times.items():
                _save_counted(
                    transaction, LeadTimeRecord, keys.lead_times(tenant_id, kind), lead.version,
                    {"observations": text_of(lead.content)},
                )  # fmt: skip
            for (connection_id, inbound_id), matched in change.inbound.items():
                _save_counted(
                    transaction, ShippedInboundRecord, keys.shipped_inbound(tenant_id, connection_id, inbound_id),
                    matched.version, {"shipment_ids": text_of(matched.content)},
                )  # fmt: skip
            for sku, units in change.under_way.items():
                place = keys.units_under_way(tenant_id, sku, change.shipment_id)
                transaction.save(UnderWayRecord.at(place, source=SELLER, units=text_of(units)))
            for sku in change.no_longer:
                transaction.delete(UnderWayRecord.at(keys.units_under_way(tenant_id, sku, change.shipment_id)))
    except TransactWriteError as problem:
        if any(reason is not None and reason.code in _RETRIED for reason in problem.cancellation_reasons):
            return False
        raise
    return True


def _save_shipment(transaction: TransactWrite, change: Change, version: int) -> None:
    key = _place(change.shipment_id, change.shipment)
    record = ShipmentRecord.at(key, source=SELLER, facts=text_of(change.shipment), version=version)
    absent = ShipmentRecord.pk.does_not_exist()
    if change.before is None:
        transaction.save(record, condition=absent)
        return
    seen = ShipmentRecord.version == change.before.version
    before = _place(change.shipment_id, change.before.shipment)
    if before == key:
        transaction.save(record, condition=seen)
        return
    transaction.delete(ShipmentRecord.at(before), condition=seen)
    transaction.save(record, condition=absent)


def _save_listed(transaction: TransactWrite, change: Change) -> None:
    key = _listed_place(change.shipment_id, change.shipment)
    facts = listed_rules.listed(change.shipment, len(text_of(change.shipment).encode()))
    transaction.save(ListedRecord.at(key, source=SELLER, facts=text_of(facts)))
    if change.before is not None:
        before = _listed_place(change.shipment_id, change.before.shipment)
        if before != key:
            transaction.delete(ListedRecord.at(before))


def _listed_place(shipment_id: str, shipment: Shipment) -> Key:
    return keys.listed_shipment(current_tenant(), OPEN_GROUP if shipment.is_open else ENDED_GROUP, shipment_id)


def _place(shipment_id: str, shipment: Shipment) -> Key:
    place = keys.open_shipment if shipment.is_open else keys.ended_shipment
    return place(current_tenant(), shipment_id)


def _save_counted(
    transaction: TransactWrite, model: type[CoreItem], key: Key, seen: int, attributes: Mapping[str, str]
) -> None:
    counted = model.version  # type: ignore[attr-defined]  # all models that are saved so count their changes
    condition: Condition = counted == seen if seen else model.pk.does_not_exist()
    transaction.save(model.at(key, source=SELLER, version=seen + 1, **attributes), condition=condition)
