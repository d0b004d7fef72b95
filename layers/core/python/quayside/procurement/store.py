"""Reads and writes of purchase orders. Every function acts for the tenant in scope."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict
from quayside.kernel.tenancy import current_tenant
from quayside.procurement.landed_rules import Charge
from quayside.procurement.payment_rules import schedule
from quayside.procurement.records import (
    SELLER,
    Change,
    ChangeRecord,
    ChargeRecord,
    Due,
    DueRecord,
    Entry,
    EntryRecord,
    OnOrder,
    OnOrderRecord,
    OrderCounterRecord,
    OrderRecord,
    OutcomeRecord,
    ProcurementSettingsRecord,
    VersionRecord,
    text_of,
)
from quayside.procurement.rules import DONE, STARTED, Content, Order, Settings
from quayside.procurement.supplier_rules import Outcome, outcome_of
from quayside.storage import keys
from quayside.storage.budget import Budget
from quayside.storage.connection import bound
from quayside.storage.tables import every, page, write

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

    from quayside.storage.keys import Key
    from quayside.storage.tables import CoreItem

ENTRY_BYTES = 1_300
"""The largest entry of the list of orders: every character of its supplier's name and its SKUs takes four bytes."""
MOST_SKUS_LISTED = 3
MOST_OPEN_LINES = 500
"""So many lines of open orders one SKU has at most, as far as restock cares."""
_WALKED_AT_ONCE = 500
_NO_DAY = date(9999, 12, 31)
"""Sorts what is due some day behind what has a day."""
_ATTEMPTS = 5


def find(order_id: str) -> OrderRecord | None:
    """Return a stored order."""
    return OrderRecord.find(keys.purchase_order(current_tenant(), order_id))


def id_of_number(number: int) -> str | None:
    """Return the id of the order with a number; None when there is none."""
    places = (keys.purchase_entry(current_tenant(), group, number) for group in ("OPEN", "DONE"))
    record = next((found for place in places if (found := EntryRecord.find(place)) is not None), None)
    return None if record is None else record.read().order_id


def next_number() -> int:
    """Return the number of a new order; each is given once, and one may be left out."""
    model = OrderCounterRecord
    written = write(model, keys.purchase_counter(current_tenant()), [model.last.add(1)], source=SELLER)
    return int(model.from_raw_data(written.item).last)


class Saving(NamedTuple):
    """One order as it was (None: it is new) and as it becomes, and the change between."""

    before: Order | None
    after: Order
    change: Change


def save(savings: Sequence[Saving], now: datetime, charge: Charge | None = None) -> bool:
    """Write changed orders, and a charge that changed them, in one transaction, with all that is listed of them.

    Returns:
        False when somebody else changed one of the orders, or entered the charge, since it was read.

    Raises:
        Conflict: others kept writing at the same moment.
    """
    for _ in range(_ATTEMPTS):
        try:
            with TransactWrite(connection=bound().connection("tenant")) as together:
                for saving in savings:
                    _write(together, saving, now)
                if charge is not None:
                    _write_charge(together, charge, now)
        except TransactWriteError as problem:
            codes = {reason.code for reason in problem.cancellation_reasons or () if reason}
            if "ConditionalCheckFailed" in codes:
                return False
            if "TransactionConflict" not in codes:
                raise
            continue
        return True
    raise Conflict("This order is being changed by others right now.", code="order_contended")


def _write(together: TransactWrite, saving: Saving, now: datetime) -> None:
    before, after, change = saving
    tenant_id = current_tenant()
    model = OrderRecord
    key = keys.purchase_order(tenant_id, after.order_id)
    same = model.pk.does_not_exist() if before is None else model.step == before.step
    actions: list[Action] = [
        model.facts.set(text_of(after)),
        model.step.set(after.step),
        model.kind.set(model.KIND),
        model.source.set(SELLER),
    ]
    if before is None:
        actions += [model.created_at.set(change.at), model.created_by.set(change.by)]
    together.update(model.at(key), actions=actions, condition=same)
    numbered = keys.purchase_change(tenant_id, after.order_id, after.step)
    together.save(ChangeRecord.at(numbered, facts=text_of(change), source=SELLER))
    if before is None or before.version != after.version:
        together.save(
            VersionRecord.at(
                keys.purchase_version(tenant_id, after.order_id, after.version),
                facts=text_of(after.content),
                at_=change.at,
                by=change.by,
                source=SELLER,
            )
        )
    now_listed = dict(_listed(after, now))
    for stale, old in dict(_listed(before, now)).items() if before is not None else ():
        if stale not in now_listed:
            together.delete(old)
    was = {k: _facts(each) for k, each in (_listed(before, now) if before is not None else ())}
    for at, item in now_listed.items():
        if was.get(at) != _facts(item):
            together.save(item)


def _facts(item: "CoreItem") -> str:
    return str(item.attribute_values["facts"])


def _listed(order: Order, now: datetime) -> "Iterator[tuple[Key, CoreItem]]":
    """Return what stands of an order outside its own item."""
    tenant_id = current_tenant()
    place = keys.purchase_entry(tenant_id, group_of(order), order.number)
    yield place, EntryRecord.at(place, facts=text_of(entry_of(order, now)), source=SELLER)
    for line in on_order(order):
        key = keys.on_order(tenant_id, line.seller_sku, line.order_id, line.line_id)
        yield key, OnOrderRecord.at(key, facts=text_of(line), source=SELLER)
    for day, due in dues(order):
        key = keys.payment_due(tenant_id, day, order.order_id, due.kind)
        yield key, DueRecord.at(key, facts=text_of(due), source=SELLER)
    outcome = outcome_of(order)
    if outcome is not None:
        key = keys.purchase_outcome(tenant_id, order.supplier_id, outcome.last_on, order.order_id)
        yield key, OutcomeRecord.at(key, facts=text_of(outcome), source=SELLER)


def group_of(order: Order) -> str:
    """Return in which of the two lists an order stands."""
    return "DONE" if order.state in DONE else "OPEN"


def entry_of(order: Order, now: datetime) -> Entry:
    """Return what is listed of an order."""
    open_parts = [part for part in schedule(order) if part.open_minor]
    days = sorted(part.due_on for part in open_parts if part.due_on is not None)
    skus = tuple(dict.fromkeys(line.seller_sku for line in order.lines))
    return Entry(
        order.order_id,
        order.number,
        order.supplier_id,
        order.supplier_name,
        order.state,
        order.version,
        order.content.currency,
        order.content.total_minor,
        sum(line.units for line in order.lines),
        sum(order.good(line.line_id) for line in order.lines),
        len(order.lines),
        skus[:MOST_SKUS_LISTED],
        None if order.content.expected_on is None else order.content.expected_on.isoformat(),
        days[0].isoformat() if days else None,
        sum(part.open_minor for part in open_parts),
        format_instant(now),
    )


def on_order(order: Order) -> Iterator[OnOrder]:
    """Return what is still to come of an order that the supplier has."""
    if order.state not in STARTED:
        return
    expected = None if order.content.expected_on is None else order.content.expected_on.isoformat()
    for line in order.lines:
        units = order.to_come(line)
        if units:
            yield OnOrder(
                order.order_id,
                order.number,
                line.line_id,
                line.seller_sku,
                units,
                expected,
                order.supplier_id,
                order.state,
            )


def dues(order: Order) -> Iterator[tuple[date, Due]]:
    """Return what is still to be paid of an order, with the day it sorts under."""
    for part in schedule(order):
        if part.open_minor:
            yield (
                part.due_on or _NO_DAY,
                Due(
                    order.order_id,
                    order.number,
                    order.supplier_id,
                    order.supplier_name,
                    part.kind,
                    None if part.due_on is None else part.due_on.isoformat(),
                    part.waits_for,
                    order.content.currency,
                    part.open_minor,
                ),
            )


def browse(
    group: str, wanted: Callable[[Entry], bool], cursor: str | None, limit: int
) -> tuple[list[Entry], str | None]:
    """Return a page of listed orders, the newest first; it may be short, even empty, and still not the last.

    It reads at most ``budget.PAGE_UNITS``.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    prefix = keys.purchase_entries(group)
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith(prefix):
            raise invalid_cursor()
    pk = keys.purchases(current_tenant())
    found: list[Entry] = []
    budget = Budget(ENTRY_BYTES)
    while room := budget.room:
        part = page(EntryRecord, pk, limit=room, prefix=prefix, after=after, newest_first=True)
        budget.count(part.records)
        for place, record in enumerate(part.records, 1):
            after = record.sk
            entry = record.read()
            if wanted(entry):
                found.append(entry)
            if len(found) == limit:
                is_last = place == len(part.records) and part.next_sort_key is None
                return found, None if is_last else encode_cursor(after)
        after = part.next_sort_key
        if after is None:
            return found, None
    return found, encode_cursor(after or prefix)


def newest_open(most: int) -> Iterator[Entry]:
    """Yield the open orders as they are listed, the newest first, ``most`` of them."""
    after: str | None = None
    pk, prefix = keys.purchases(current_tenant()), keys.purchase_entries("OPEN")
    while most > 0:
        part = page(EntryRecord, pk, limit=min(most, _WALKED_AT_ONCE), prefix=prefix, after=after, newest_first=True)
        yield from (record.read() for record in part.records)
        most -= len(part.records)
        after = part.next_sort_key
        if after is None:
            return


def on_order_of(seller_skus: Iterable[str]) -> dict[str, tuple[OnOrder, ...]]:
    """Return what is on order of SKUs, by SKU; one without is left out. One query a SKU."""
    pk = keys.purchases(current_tenant())
    found = {}
    for sku in dict.fromkeys(seller_skus):
        lines = islice(every(OnOrderRecord, pk, prefix=keys.on_order_of(sku)), MOST_OPEN_LINES)
        listed = tuple(record.read() for record in lines)
        if listed:
            found[sku] = listed
    return found


def all_on_order(most: int) -> list[OnOrder] | None:
    """Return what is on order of all SKUs in their order, None when it is more than ``most`` lines."""
    found = every(OnOrderRecord, keys.purchases(current_tenant()), prefix="SKU#")
    listed = [record.read() for record in islice(found, most + 1)]
    return None if len(listed) > most else listed


def due_until(until: date | None, cursor: str | None, limit: int) -> tuple[list[Due], str | None]:
    """Return a page of what is to be paid, the earliest first, what has no day yet last.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith("DUE#"):
            raise invalid_cursor()
    last = f"DUE#{(until or _NO_DAY).isoformat()}{keys.HIGHEST}"
    part = page(DueRecord, keys.purchases(current_tenant()), limit=limit, between=("DUE#", last), after=after)
    return [record.read() for record in part.records], (
        None if part.next_sort_key is None else encode_cursor(part.next_sort_key)
    )


def outcomes(supplier_id: str, limit: int) -> list[Outcome]:
    """Return how a supplier's latest orders went, the latest first."""
    part = page(
        OutcomeRecord,
        keys.purchases(current_tenant()),
        limit=limit,
        prefix=keys.purchase_outcomes(supplier_id),
        newest_first=True,
    )
    return [record.read() for record in part.records]


def changes(order_id: str, below: int | None, limit: int) -> tuple[list[Change], int | None]:
    """Return a page of the changes of an order, the newest first, and below which number it goes on."""
    prefix = keys.purchase_changes(order_id)
    upper = f"{prefix}{keys.HIGHEST}" if below is None else f"{prefix}{below - 1:06d}"
    part = page(
        ChangeRecord,
        keys.purchase_files(current_tenant()),
        limit=limit,
        between=(prefix, upper),
        newest_first=True,
        consistent=True,
    )
    found = [record.read() for record in part.records]
    return found, found[-1].number if found and found[-1].number > 1 else None


def version(order_id: str, number: int) -> tuple[Content, str, str] | None:
    """Return a version of what was agreed, when it was made and by whom."""
    record = VersionRecord.find(keys.purchase_version(current_tenant(), order_id, number))
    return None if record is None else (record.read(), record.at_, record.by)


# -- Charges -----------------------------------------------------------------------------------------------------------


def find_charge(charge_id: str) -> Charge | None:
    """Return a charge."""
    record = ChargeRecord.find(keys.purchase_charge(current_tenant(), charge_id))
    return None if record is None else record.read()


def charges(charge_ids: Sequence[str]) -> Mapping[str, Charge]:
    """Return charges by id."""
    tenant_id = current_tenant()
    names = {keys.purchase_charge(tenant_id, each): each for each in charge_ids}
    if not names:
        return {}
    found = ChargeRecord.batch_get([(key.pk, key.sk) for key in names])
    return {names[keys.Key(record.pk, record.sk)]: record.read() for record in found}


def _write_charge(together: TransactWrite, charge: Charge, now: datetime) -> None:
    model = ChargeRecord
    key = keys.purchase_charge(current_tenant(), charge.charge_id)
    actions: list[Action] = [
        model.facts.set(text_of(charge)),
        model.entered_at.set(model.entered_at | format_instant(now)),
        model.kind.set(model.KIND),
        model.source.set(SELLER),
    ]
    # A charge is entered once, and taken back once: the orders that it covers guard the second step.
    condition = model.pk.exists() if charge.voided else model.pk.does_not_exist()
    together.update(model.at(key), actions=actions, condition=condition)


# -- Settings ----------------------------------------------------------------------------------------------------------


def settings() -> Settings:
    """Return how the tenant orders."""
    record = ProcurementSettingsRecord.find(keys.purchase_settings(current_tenant()))
    return Settings() if record is None else record.read()


def put_settings(chosen: Settings) -> bool:
    """Write the settings, whose ``step`` is one above those that were seen; False when somebody else did first."""
    model = ProcurementSettingsRecord
    written = write(
        model,
        keys.purchase_settings(current_tenant()),
        [model.facts.set(text_of(chosen)), model.step.set(chosen.step)],
        model.pk.does_not_exist() if chosen.step == 1 else model.step == chosen.step - 1,
        source=SELLER,
        returning="NONE",
    )
    return written.applied
