"""Reads and writes of costs. Every function acts for the tenant in scope."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import islice
from typing import cast

from quayside.finance.cost_records import (
    LOT_PREFIX,
    OTHER_PREFIX,
    RATE_PREFIX,
    SELLER,
    CostMethodRecord,
    LotRecord,
    OtherCostRecord,
    RateRecord,
    lot_from,
    lot_sku_of,
    other_cost_from,
    rate_from,
    text_of,
)
from quayside.finance.cost_rules import Lot, Method, OtherCost
from quayside.finance.rate_rules import Rate
from quayside.kernel.clock import format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import create, every, page, write

MOST_LOTS = 500
"""So many lots a SKU has at most."""
MOST_RECORDS = 2 * MOST_LOTS
"""No order makes another lot of a SKU that has so many, those counted that were withdrawn."""
MOST_OTHER_COSTS = 1000
"""So many other costs a tenant has at most."""


def method() -> Method:
    """Return how costs are used up; first in, first out until the seller says otherwise."""
    record = CostMethodRecord.find(keys.cost_method(current_tenant()), consistent=False)
    return "fifo" if record is None else cast("Method", record.method)


def set_method(chosen: Method) -> None:
    """Store how costs are used up."""
    write(CostMethodRecord, keys.cost_method(current_tenant()), [CostMethodRecord.method.set(chosen)], source=SELLER)


def lots_of(seller_sku: str) -> list[Lot]:
    """Return the lots of one SKU, oldest first."""
    return [lot_from(record) for record in lot_records(seller_sku) if record.counts()]


def lot_records(seller_sku: str) -> list[LotRecord]:
    """Return the lots of one SKU as they are stored, oldest first, those that were withdrawn too."""
    found = every(LotRecord, keys.costs(current_tenant()), prefix=keys.cost_lots(seller_sku))
    return list(islice(found, 2 * MOST_RECORDS))


def all_lots(most: int) -> dict[str, list[Lot]] | None:
    """Return the lots of all SKUs by SKU; None when there are more than ``most``."""
    found = list(islice(every(LotRecord, keys.costs(current_tenant()), prefix=LOT_PREFIX), most + 1))
    if len(found) > most:
        return None
    by_sku: dict[str, list[Lot]] = {}
    for record in found:
        if not record.counts():
            continue
        by_sku.setdefault(lot_sku_of(record.sk), []).append(lot_from(record))
    return by_sku


def add_lot(seller_sku: str, lot: Lot, at: datetime) -> bool:
    """Store a lot; False when it is there already."""
    key = keys.cost_lot(current_tenant(), seller_sku, lot.from_day, lot.lot_id)
    attributes = {"facts": {"S": text_of(lot)}, "entered_at": {"S": format_instant(at)}}
    return create(LotRecord, key, attributes, source=SELLER).applied


def find_lot(seller_sku: str, from_day: date, lot_id: str) -> LotRecord | None:
    """Return a stored lot."""
    return LotRecord.find(keys.cost_lot(current_tenant(), seller_sku, from_day, lot_id))


def keep_lot(seller_sku: str, lot: Lot, *, origin: str, step: int, at: datetime) -> bool:
    """Write a lot that an order made, new or changed; False when it is there as of a later change of the order."""
    model = LotRecord
    written = write(
        model,
        keys.cost_lot(current_tenant(), seller_sku, lot.from_day, lot.lot_id),
        [
            model.facts.set(text_of(lot)),
            model.entered_at.set(format_instant(at)),
            model.origin.set(origin),
            model.origin_step.set(step),
        ],
        model.pk.does_not_exist() | (model.origin_step <= step),
        source=SELLER,
        returning="NONE",
    )
    return written.applied


def withdraw_lot(seller_sku: str, from_day: date, lot_id: str, *, step: int, at: datetime) -> bool:
    """Mark a lot as withdrawn; False when it is not there, or is as of a later change of its order."""
    model = LotRecord
    written = write(
        model,
        keys.cost_lot(current_tenant(), seller_sku, from_day, lot_id),
        [model.withdrawn_at.set(format_instant(at)), model.origin_step.set(step)],
        model.pk.exists() & (model.origin_step <= step),
        source=SELLER,
        returning="NONE",
    )
    return written.applied


def remove_lot(seller_sku: str, from_day: date, lot_id: str) -> None:
    """Remove a lot."""
    LotRecord.remove(keys.cost_lot(current_tenant(), seller_sku, from_day, lot_id))


def browse_lots(sku_begins: str, cursor: str | None, limit: int) -> tuple[Sequence[LotRecord], str | None]:
    """Return a page of lots in the order of their SKUs.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    prefix = f"{LOT_PREFIX}{keys.encode(sku_begins)}"
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith(prefix):
            raise invalid_cursor()
    found = page(LotRecord, keys.costs(current_tenant()), limit=limit, prefix=prefix, after=after)
    return found.records, None if found.next_sort_key is None else encode_cursor(found.next_sort_key)


def other_costs() -> list[OtherCost]:
    """Return the other costs, the earliest first."""
    found = every(OtherCostRecord, keys.costs(current_tenant()), prefix=OTHER_PREFIX)
    return [other_cost_from(record) for record in islice(found, MOST_OTHER_COSTS)]


def add_other_cost(cost: OtherCost, at: datetime) -> None:
    """Store an other cost."""
    key = keys.other_cost(current_tenant(), cost.from_day, cost.cost_id)
    attributes = {"facts": {"S": text_of(cost)}, "entered_at": {"S": format_instant(at)}}
    create(OtherCostRecord, key, attributes, source=SELLER)


def remove_other_cost(from_day: date, cost_id: str) -> bool:
    """Remove an other cost; False when there is none."""
    key = keys.other_cost(current_tenant(), from_day, cost_id)
    if OtherCostRecord.find(key) is None:
        return False
    OtherCostRecord.remove(key)
    return True


def put_rate(rate: Rate, at: datetime) -> None:
    """Store a rate; it replaces another one of the same pair and day."""
    key = keys.exchange_rate(current_tenant(), rate.base, rate.quote, rate.day)
    actions = [RateRecord.facts.set(text_of(rate)), RateRecord.entered_at.set(format_instant(at))]
    write(RateRecord, key, actions, source=SELLER)


def rates_of(base: str, quote: str, from_day: date, to_day: date) -> list[Rate]:
    """Return the rates of a pair of currencies from one day to another, both included."""
    prefix = keys.exchange_rates(base, quote)
    between = (f"{prefix}{from_day.isoformat()}", f"{prefix}{to_day.isoformat()}")
    return [rate_from(record) for record in every(RateRecord, keys.costs(current_tenant()), between=between)]


def latest_rates(limit: int) -> list[Rate]:
    """Return rates of all pairs, the latest of each pair first, as many as asked for."""
    found = page(RateRecord, keys.costs(current_tenant()), limit=limit, prefix=RATE_PREFIX, newest_first=True)
    return [rate_from(record) for record in found.records]
