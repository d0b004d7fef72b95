"""Use case: keep the figures in step with the stream of facts, each change exactly once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from pynamodb.exceptions import PynamoDBException

from quayside.analytics import boards_service, rules, sheet_store
from quayside.analytics.sheet_rules import (
    Amounts,
    Cell,
    Change,
    Counted,
    Place,
    difference,
    sellable_name,
    summed,
)
from quayside.analytics.sheet_store import Ahead
from quayside.finance.service import amounts_of_image
from quayside.kernel.clock import Clock
from quayside.kernel.errors import QuaysideError
from quayside.kernel.ids import ConnectionId, TenantId, check_tenant_id
from quayside.kernel.tenancy import tenant_scope
from quayside.orders.returns import return_of_image
from quayside.orders.service import contribution_of_image
from quayside.storage.keys import decode
from quayside.storage.tables import Item

_TENANT_PLACE = 1
_CONNECTION_PLACE = 3
_THREADS = 8
_FEW = 8
"""So few writes are not worth the threads, nor a read ahead."""
_AT_ONCE = 100
"""So many sheets are read ahead with one request."""


class StreamRecord(NamedTuple):
    """One change of a fact, as the table's stream tells it.

    Attributes:
        position: where it stands in the stream; sorts as text.
        sequence_number: the same as the stream itself numbers it.
        at: epoch seconds of the change.
        tenant_id: whose fact it is.
        sort_key: what kind of fact it is begins it.
        old: the item before, None when it is new.
        new: the item after, None when it was removed.
        expired: the fact is gone because its time was over.
    """

    position: str
    sequence_number: str
    at: int
    tenant_id: TenantId
    sort_key: str
    old: Item | None
    new: Item | None
    expired: bool


class Counting(NamedTuple):
    """How facts of one kind count.

    Attributes:
        of_image: what a stored fact counts for, and by which day its key sorts.
        removable: whether a fact may be taken back; what can't be is only ever removed with its figures, by its time or
            by an erasure.
    """

    of_image: Callable[[Item], tuple[str, Counted]]
    removable: bool = False


Advance = Callable[[Place, Sequence[Change], datetime, Ahead | None], int]
"""Adds to a sheet the changes it has not heard and returns how many writes that took; ``sheet_store.advance``."""


Refresh = Callable[[ConnectionId, datetime], int]
"""Ranks the products of a connection and returns how many rankings were made."""

HEARTBEAT = "DATASET#orders"
"""The sort key of what says that a connection's orders were read: then its rankings are made anew."""


class Unreadable(NamedTuple):
    """A stream record that is no fact of this product; it is counted and passed over."""

    sequence_number: str
    reason: str


class Rolled(NamedTuple):
    """What became of a batch.

    Attributes:
        writes: sheets that were written.
        unreadable: records that were passed over.
        failed_sequence_number: from where the batch must be delivered again; None when all went well.
        failure: why.
        boards: rankings that were made.
        board_failures: why rankings could not be made; they are made when orders are read the next time.
    """

    writes: int
    unreadable: tuple[Unreadable, ...]
    failed_sequence_number: str | None
    failure: Exception | None
    boards: int = 0
    board_failures: tuple[Exception, ...] = ()


def order_counted(image: Item) -> tuple[str, Counted]:
    """Return what an order counts for: on its day, for the whole marketplace and for each of its products.

    Raises:
        ValueError: the image is not an order of this product.
        KeyError: an attribute that every order has is missing.
    """
    placed = contribution_of_image(image)
    filed_on = placed.filed_on.isoformat()
    day = placed.day.isoformat()
    # The partition of an order is the month of its own marketplace's day.
    whole = Place("ORDERS", placed.connection_id, placed.marketplace_id, day[:7])
    found = {Cell(whole, day, placed.currency): _amounts(placed.contribution)}
    for sku, each in placed.by_sku.items():
        product = Place("ORDERS", placed.connection_id, placed.marketplace_id, day[:7], sku)
        found[Cell(product, day, placed.currency)] = _amounts(each)
    return filed_on, {cell: amounts for cell, amounts in found.items() if amounts}


def _amounts(contribution: msgspec.Struct) -> Amounts:
    return {name: value for name, value in msgspec.structs.asdict(contribution).items() if value}


def return_counted(image: Item) -> tuple[str, Counted]:
    """Return what a return counts for: its units by reason, for the connection and for the product.

    Of the product it counts besides, by where they had been sold, the units that can be sold again.

    Raises:
        ValueError: the image is no return.
        KeyError: an attribute that every return has is missing.
    """
    placed = return_of_image(image)
    day = placed.day.isoformat()
    if not placed.units:
        return day, {}
    whole = Place("RETURNS", placed.connection_id, "", day[:7])
    product = Place("RETURNS", placed.connection_id, "", day[:7], placed.seller_sku)
    reasons = {placed.reason: placed.units}
    sellable = {sellable_name(placed.marketplace_id): placed.units} if placed.sellable else {}
    return day, {Cell(whole, day, ""): reasons, Cell(product, day, ""): {**reasons, **sellable}}


ESTIMATED = "estimated"
"""Counts, beside the kinds of money, how many parts of transactions Amazon still defers."""


def transaction_counted(image: Item) -> tuple[str, Counted]:
    """Return what a transaction brings: its money by kind and its units, for the marketplace and for each product.

    What Amazon says was paid in a settlement counts for that settlement as well, for all products together.

    Raises:
        ValueError: the image is no transaction.
        KeyError: an attribute that every transaction has is missing.
    """
    placed = amounts_of_image(image)
    # The partition and the sort key of a transaction go by the day of posting in UTC.
    filed_on = image["sk"]["S"].split("#")[1][:10]
    found: Counted = {}
    for each in placed.amounts:
        amounts: Amounts = {kind.value: minor for kind, minor in each.amounts}
        amounts["units_shipped"] = each.units_shipped
        amounts["units_refunded"] = each.units_refunded
        amounts[ESTIMATED] = int(each.state == "estimated")
        for sku in dict.fromkeys((None, each.seller_sku)):
            place = Place("MONEY", placed.connection_id, each.marketplace_id or "", filed_on[:7], sku)
            cell = Cell(place, each.day.isoformat(), each.currency)
            found[cell] = summed((found.get(cell, {}), amounts))
        if placed.settlement_id is not None:
            place = Place("SETTLED", placed.connection_id, "", filed_on[:7], placed.settlement_id)
            cell = Cell(place, each.day.isoformat(), each.currency)
            money = {kind.value: minor for kind, minor in each.amounts}
            found[cell] = summed((found.get(cell, {}), money))
    return filed_on, {cell: amounts for cell, amounts in found.items() if amounts}


COUNTINGS: Mapping[str, Counting] = {
    "ORDER": Counting(order_counted),
    "RETURN": Counting(return_counted),
    # Amazon may move a transaction to another date; then it is removed from its old place.
    "TRANSACTION": Counting(transaction_counted, removable=True),
}
"""How facts count, by what their sort keys begin with."""


def read_record(record: Mapping[str, Any]) -> StreamRecord:
    """Read one record of a DynamoDB stream event.

    Raises:
        KeyError: it lacks what every record has.
    """
    change = record["dynamodb"]
    sequence_number = change["SequenceNumber"]
    label = record.get("eventSourceARN", "").rpartition("/stream/")[2]
    return StreamRecord(
        rules.stream_position(label, sequence_number),
        sequence_number,
        int(change.get("ApproximateCreationDateTime", 0)),
        check_tenant_id(change["Keys"]["pk"]["S"].split("#")[_TENANT_PLACE]),
        change["Keys"]["sk"]["S"],
        change.get("OldImage"),
        change.get("NewImage"),
        record.get("userIdentity", {}).get("principalId") == "dynamodb.amazonaws.com",
    )


def changes_of(record: StreamRecord) -> dict[Place, Change]:
    """Return what a record changes, sheet by sheet; sheets that stay the same are left out.

    What expires is older than the figures that are shown. What is erased takes its figures along: what were written to
    them now would outlive the erasure.

    Raises:
        ValueError: it is no fact of this product.
        KeyError: an attribute that every such fact has is missing.
    """
    counting = COUNTINGS[record.sort_key.split("#")[0]]
    if record.new is None and (record.expired or not counting.removable):
        return {}
    part, old = ("", {}) if record.old is None else counting.of_image(record.old)
    new: Counted = {}
    if record.new is not None:
        part, new = counting.of_image(record.new)
    found: dict[Place, dict[tuple[str, str], Amounts]] = defaultdict(dict)
    for cell, amounts in difference(old, new).items():
        found[cell.place][cell.day, cell.currency] = amounts
    removed = record.new is None
    return {
        place: Change(part, record.position, record.at, amounts, only_if_there=removed)
        for place, amounts in found.items()
    }


def roll(
    event_records: Sequence[Mapping[str, Any]],
    clock: Clock,
    *,
    advance: Advance = sheet_store.advance,
    refresh: Refresh = boards_service.refresh,
) -> Rolled:
    """Bring the figures in step with a batch of changed facts, each change exactly once.

    The differences are added up per sheet, so a batch costs one read and one write a sheet; many sheets are read a
    hundred with one request. A sheet that could not be written does not stop the others; its first record is where the
    stream has to be delivered again from, and what was written already is recognised by what its sheet has heard.
    """
    changes: dict[tuple[TenantId, Place], list[Change]] = defaultdict(list)
    first_of: dict[tuple[TenantId, Place], StreamRecord] = {}
    unreadable = []
    read: dict[tuple[TenantId, ConnectionId], None] = {}
    for event_record in event_records:
        try:
            record = read_record(event_record)
            if record.sort_key == HEARTBEAT:
                if _was_read(record):
                    read[record.tenant_id, _connection_of(event_record)] = None
                continue
            found = changes_of(record)
        except (ValueError, KeyError, IndexError, QuaysideError) as problem:
            unreadable.append(Unreadable(_sequence_number(event_record), type(problem).__name__))
            continue
        for place, change in found.items():
            changes[record.tenant_id, place].append(change)
            first_of.setdefault((record.tenant_id, place), record)
    now = clock.now()
    writes, wrong = _advanced(changes, advance, now)
    failed = [(first_of[key], problem) for key, problem in wrong]
    earliest = min(failed, key=lambda each: each[0].position, default=None)
    boards, board_failures = _refreshed(read, refresh, now)
    return Rolled(
        writes,
        tuple(unreadable),
        earliest[0].sequence_number if earliest else None,
        earliest[1] if earliest else None,
        boards,
        board_failures,
    )


def _advanced(
    changes: Mapping[tuple[TenantId, Place], Sequence[Change]], advance: Advance, now: datetime
) -> tuple[int, list[tuple[tuple[TenantId, Place], Exception]]]:
    """Advance every sheet that changed; return how many writes that took, and which sheets could not be written."""
    writes = 0
    wrong: list[tuple[tuple[TenantId, Place], Exception]] = []
    for tenant_id, places in _portions(changes):
        ahead = _read_ahead(tenant_id, places)

        def one(place: Place, tenant_id: TenantId = tenant_id, ahead: Ahead | None = ahead) -> int | Exception:
            try:
                with tenant_scope(tenant_id):
                    return advance(place, changes[tenant_id, place], now, ahead)
            except Exception as problem:  # noqa: BLE001 - whatever it is, only this sheet's records are delivered again
                return problem

        for place, outcome in zip(places, _each(one, places), strict=True):
            if isinstance(outcome, Exception):
                wrong.append(((tenant_id, place), outcome))
            else:
                writes += outcome
    return writes, wrong


def _portions(changed: Iterable[tuple[TenantId, Place]]) -> Iterator[tuple[TenantId, list[Place]]]:
    """Yield the sheets that changed, a tenant after the other, as many at a time as one request reads."""
    of_tenant: dict[TenantId, list[Place]] = defaultdict(list)
    for tenant_id, place in changed:
        of_tenant[tenant_id].append(place)
    for tenant_id, places in of_tenant.items():
        for first in range(0, len(places), _AT_ONCE):
            yield tenant_id, places[first : first + _AT_ONCE]


def _read_ahead(tenant_id: TenantId, places: Sequence[Place]) -> Ahead | None:
    """Read many sheets at once; None when they are few or can't be read so: then each is read by itself."""
    if len(places) <= _FEW:
        return None
    try:
        with tenant_scope(tenant_id):
            return sheet_store.read_ahead(places)
    except PynamoDBException:
        return None


def _was_read(record: StreamRecord) -> bool:
    """Whether a dataset came into step with Amazon by this change of its health."""
    before, after = (((image or {}).get("last_success_at") or {}).get("S") for image in (record.old, record.new))
    return after is not None and after != before


def _connection_of(event_record: Mapping[str, Any]) -> ConnectionId:
    return ConnectionId(decode(event_record["dynamodb"]["Keys"]["pk"]["S"].split("#")[_CONNECTION_PLACE]))


def _refreshed(
    read: Iterable[tuple[TenantId, ConnectionId]], refresh: Refresh, now: datetime
) -> tuple[int, tuple[Exception, ...]]:
    made = 0
    failures: list[Exception] = []
    for tenant_id, connection_id in read:
        try:
            with tenant_scope(tenant_id):
                made += refresh(connection_id, now)
        except Exception as problem:  # noqa: BLE001 - a ranking that fails must not hold up figures
            failures.append(problem)
    return made, tuple(failures)


def _each[Key, Outcome](one: Callable[[Key], Outcome], wanted: Sequence[Key]) -> Iterator[Outcome]:
    """Do something for each key, eight at a time when there are many, each in a context of its own."""
    if len(wanted) <= _FEW:
        yield from map(one, wanted)
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="figures") as threads:
        for pending in [threads.submit(copy_context().run, one, key) for key in wanted]:
            yield pending.result()


def _sequence_number(event_record: Mapping[str, Any]) -> str:
    return str(event_record.get("dynamodb", {}).get("SequenceNumber", ""))
