"""Reads and writes of the seller's own stock. Every function acts for the tenant in scope.

All of it is made by the seller: it has no end of its own and is erased with the organisation alone.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.inventory.own_rules import REVERSIBLE, Movement
from quayside.inventory.records import (
    LOCATION_PREFIX,
    BalanceRecord,
    LinksRecord,
    LocationRecord,
    MovementRecord,
    OnceRecord,
    balance_sku_of,
    links_from,
    movement_from,
    movement_text,
)
from quayside.kernel.errors import Conflict
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.tables import create, every, page, write

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

_ATTEMPTS = 5


class Location(NamedTuple):
    """A place where the seller keeps stock, and the marketplace that it is counted for."""

    location_id: str
    name: str
    connection_id: ConnectionId
    marketplace_id: str
    closed_at: str | None
    version: int


class Balance(NamedTuple):
    """How much of one SKU there is at a place, since which movement."""

    seller_sku: str
    balance: int
    last: Movement


class MovementPage(NamedTuple):
    """Movements, the newest first; ``next_number`` goes on below it, None when these were the first ones."""

    movements: tuple[Movement, ...]
    next_number: int | None


def locations() -> list[Location]:
    """Return all places, those that were closed included."""
    found = every(LocationRecord, keys.own_stock(current_tenant()), prefix=LOCATION_PREFIX)
    return [_location(record) for record in found]


def find_location(location_id: str) -> Location | None:
    """Return one place."""
    record = LocationRecord.find(keys.own_location(current_tenant(), location_id))
    return None if record is None else _location(record)


def _location(record: LocationRecord) -> Location:
    return Location(
        record.location_id,
        record.name,
        ConnectionId(record.connection_id),
        record.marketplace_id,
        record.closed_at,
        int(record.version),
    )


def put_location(location: Location) -> bool:
    """Store a place, new (version 1) or changed; return False when somebody else changed it first."""
    model = LocationRecord
    condition = model.pk.does_not_exist() if location.version == 1 else model.version == location.version - 1
    written = write(
        model,
        keys.own_location(current_tenant(), location.location_id),
        [
            model.location_id.set(location.location_id),
            model.name.set(location.name),
            model.connection_id.set(location.connection_id),
            model.marketplace_id.set(location.marketplace_id),
            model.version.set(location.version),
            model.closed_at.remove() if location.closed_at is None else model.closed_at.set(location.closed_at),
        ],
        condition,
        returning="NONE",
    )
    return written.applied


def append(location_id: str, seller_sku: str, decide: Callable[[Movement | None], Movement]) -> Movement:
    """Add the movement that ``decide`` makes of the last one, and return it.

    One conditional write moves balance and ledger together; whoever comes second decides anew.

    Raises:
        Conflict: others kept moving the same SKU.
        Unmovable: ``decide`` refused.
    """
    entered = _append(location_id, seller_sku, decide, None)
    if entered is None:  # pragma: no cover - only a movement with a name can have been entered before
        raise Conflict("This movement was entered already.", code="movement_known")
    return entered


def append_once(
    location_id: str, seller_sku: str, decide: Callable[[Movement | None], Movement], once: str
) -> Movement | None:
    """Add a movement that has a name of its own; None when it was entered before.

    The name is taken in the transaction that moves the balance.

    Raises:
        Conflict: others kept moving the same SKU.
        Unmovable: ``decide`` refused.
    """
    return _append(location_id, seller_sku, decide, once)


def _append(
    location_id: str, seller_sku: str, decide: Callable[[Movement | None], Movement], once: str | None
) -> Movement | None:
    tenant_id = current_tenant()
    model = BalanceRecord
    key = keys.own_balance(tenant_id, location_id, seller_sku)
    for _ in range(_ATTEMPTS):
        record = model.find(key)
        last = None if record is None else movement_from(record.last)
        if last is not None:
            _file(location_id, seller_sku, last)
        if once is not None and OnceRecord.find(keys.own_once(tenant_id, location_id, once)) is not None:
            return None
        movement = decide(last)
        condition = model.pk.does_not_exist() if last is None else model.number == last.number
        actions = [
            model.number.set(movement.number),
            model.balance.set(movement.balance),
            model.last.set(movement_text(movement)),
        ]
        if once is None:
            applied = write(model, key, actions, condition, returning="NONE").applied
        else:
            applied = _write_once(key, actions, condition, keys.own_once(tenant_id, location_id, once), movement.number)
        if applied:
            _file(location_id, seller_sku, movement)
            return movement
    raise Conflict("This stock is being changed by others right now.", code="stock_contended")


def _write_once(
    key: keys.Key, actions: "Sequence[Action]", condition: "Condition", name: keys.Key, number: int
) -> bool:
    """Move a balance and take a name together; False when the balance moved meanwhile or the name was taken."""
    model = BalanceRecord
    try:
        with TransactWrite(connection=bound().connection("tenant")) as together:
            together.update(
                model.at(key),
                actions=[*actions, model.kind.set(model.KIND), model.source.set("quayside")],
                condition=condition,
            )
            together.save(OnceRecord.at(name, number=number), condition=OnceRecord.pk.does_not_exist())
    except TransactWriteError as problem:
        codes = {reason.code for reason in problem.cancellation_reasons or () if reason}
        if not codes & {"ConditionalCheckFailed", "TransactionConflict"}:
            raise
        return False
    return True


class Named(NamedTuple):
    """A movement that has a name; ``number`` is None when it was entered before numbers were kept."""

    number: int | None


def find_once(location_id: str, once: str) -> Named | None:
    """Return which movement has a name; None when none has."""
    record = OnceRecord.find(keys.own_once(current_tenant(), location_id, once))
    if record is None:
        return None
    number: float | None = record.number
    return Named(None if number is None else int(number))


def _file(location_id: str, seller_sku: str, movement: Movement) -> None:
    key = keys.own_movement(current_tenant(), location_id, seller_sku, movement.number)
    create(MovementRecord, key, {"movement": {"S": movement_text(movement)}})


def movements(location_id: str, seller_sku: str, *, below: int | None, limit: int) -> MovementPage:
    """Return movements of one SKU at one place, the newest first, from below a number on."""
    tenant_id = current_tenant()
    prefix = keys.own_movements_of(location_id, seller_sku)
    upper = f"{prefix}{keys.HIGHEST}" if below is None else f"{prefix}{below - 1:09d}"
    found = page(
        MovementRecord,
        keys.own_stock(tenant_id),
        limit=limit,
        between=(prefix, upper),
        newest_first=True,
        consistent=True,
    )
    listed = [movement_from(record.movement) for record in found.records]
    if below is None:
        head = BalanceRecord.find(keys.own_balance(tenant_id, location_id, seller_sku))
        last = None if head is None else movement_from(head.last)
        if last is not None and (not listed or listed[0].number < last.number):
            # Its own item was not written yet; the balance knows it all the same.
            listed = [last, *listed][:limit]
    more = bool(listed) and listed[-1].number > 1
    return MovementPage(tuple(listed), listed[-1].number if more else None)


def movement_and_later(location_id: str, seller_sku: str, number: int) -> tuple[Movement | None, list[Movement]]:
    """Return a movement, None when it is not there or too many followed it, and those that followed it."""
    newest = movements(location_id, seller_sku, below=None, limit=1).movements
    if not newest or newest[0].number - number > REVERSIBLE:
        return None, []
    tenant_id = current_tenant()
    between = (
        keys.own_movement(tenant_id, location_id, seller_sku, number).sk,
        f"{keys.own_movements_of(location_id, seller_sku)}{keys.HIGHEST}",
    )
    found = [movement_from(r.movement) for r in every(MovementRecord, keys.own_stock(tenant_id), between=between)]
    if not found or found[-1].number < newest[0].number:
        found.append(newest[0])
    return (found[0], found[1:]) if found[0].number == number else (None, [])


def balances(location_id: str, *, after: str | None, limit: int) -> tuple[list[Balance], str | None]:
    """Return a page of what there is at a place, in the order of the SKUs, and the sort key that goes on after it."""
    prefix = keys.own_balances_of(location_id)
    found = page(BalanceRecord, keys.own_stock(current_tenant()), limit=limit, prefix=prefix, after=after)
    listed = [
        Balance(balance_sku_of(record.sk), int(record.balance), movement_from(record.last)) for record in found.records
    ]
    return listed, found.next_sort_key


def balances_of(location_ids: Sequence[str], skus: Iterable[str]) -> dict[tuple[str, str], int]:
    """Return what there is of these SKUs at these places, by place and SKU; what was never moved is left out."""
    tenant_id = current_tenant()
    names = {
        keys.own_balance(tenant_id, location_id, sku): (location_id, sku)
        for sku in dict.fromkeys(skus)
        for location_id in location_ids
    }
    if not names:
        return {}
    found = BalanceRecord.batch_get([(key.pk, key.sk) for key in names], consistent_read=True)
    return {names[keys.Key(record.pk, record.sk)]: int(record.balance) for record in found}


class Links(NamedTuple):
    """Which marketplaces of a connection share their stock; version 0 when nothing was ever chosen."""

    groups: tuple[tuple[str, ...], ...]
    version: int


def links(connection_id: ConnectionId) -> Links:
    """Return what the seller chose for a connection."""
    record = LinksRecord.find(keys.stock_links(current_tenant(), connection_id))
    return Links((), 0) if record is None else Links(links_from(record.groups), int(record.version))


def put_links(connection_id: ConnectionId, chosen: Links) -> bool:
    """Store a choice; return False when somebody else chose first."""
    model = LinksRecord
    condition = model.pk.does_not_exist() if chosen.version == 1 else model.version == chosen.version - 1
    written = write(
        model,
        keys.stock_links(current_tenant(), connection_id),
        [model.groups.set(msgspec.json.encode(chosen.groups).decode()), model.version.set(chosen.version)],
        condition,
        returning="NONE",
    )
    return written.applied
