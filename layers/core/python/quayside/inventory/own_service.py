"""Use cases of the seller's own stock. They act for the tenant in scope."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from quayside.connections import service as connections
from quayside.inventory import own_store as store
from quayside.inventory.own_rules import (
    LOCATIONS,
    REVERSIBLE,
    Kind,
    Movement,
    Unmovable,
    change_of,
    next_movement,
    reversal_change,
)
from quayside.inventory.own_store import Links, Location
from quayside.inventory.own_views import (
    BalancePage,
    Ledger,
    LinksView,
    LocationList,
    LocationView,
    MovementView,
    balance_view,
    links_view,
    location_view,
    movement_view,
)
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId, check_connection_id, new_id
from quayside.storage import keys


def list_locations() -> LocationList:
    """List the places where the seller keeps stock, those in use first."""
    found = sorted(store.locations(), key=lambda each: (each.closed_at is not None, each.name.casefold()))
    return LocationList(tuple(location_view(each) for each in found))


def add_location(
    name: str, connection_id: str, marketplace_id: str, *, entropy: Callable[[int], bytes]
) -> LocationView:
    """Add a place, whose stock is counted for one marketplace of one connection.

    Raises:
        InvalidInput: the name is empty or taken.
        NotFound: there is no such connection, or it does not sell there.
        Conflict: there are as many places as there can be.
    """
    known = store.locations()
    if len(known) >= LOCATIONS:
        raise Conflict(
            f"There are {len(known)} places already, which is as many as there can be.",
            code="too_many_locations",
            action="Rename or open again one that was closed.",
        )
    location = Location(
        new_id(entropy),
        _free_name(name, known, None),
        _sells(connection_id, marketplace_id),
        marketplace_id,
        None,
        1,
    )
    store.put_location(location)
    return location_view(location)


class LocationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes of a place; what is left out stays. ``version`` is the one that was seen."""

    version: int
    name: str | None = None
    closed: bool | None = None


def change_location(location_id: str, change: LocationChange, *, clock: Clock) -> LocationView:
    """Rename a place, close it or open it again. What is there stays where it is, and a closed place is not counted.

    Raises:
        NotFound: there is no such place.
        InvalidInput: the name is empty or taken.
        Conflict: somebody else changed it first.
    """
    location = _location(location_id)
    if location.version != change.version:
        raise _changed()
    name = location.name if change.name is None else _free_name(change.name, store.locations(), location_id)
    closed_at = location.closed_at
    if change.closed is not None:
        closed_at = (location.closed_at or format_instant(clock.now())) if change.closed else None
    changed = location._replace(name=name, closed_at=closed_at, version=location.version + 1)
    if not store.put_location(changed):
        raise _changed()
    return location_view(changed)


def _changed() -> Conflict:
    return Conflict("Somebody else changed this first.", code="changed_meanwhile")


def _free_name(name: str, known: Sequence[Location], location_id: str | None) -> str:
    wanted = " ".join(name.split())
    if not wanted:
        raise InvalidInput("The place needs a name.", fields=(FieldProblem("name", "is empty"),))
    if any(each.name.casefold() == wanted.casefold() and each.location_id != location_id for each in known):
        raise InvalidInput("Another place has this name.", fields=(FieldProblem("name", "is taken by another place"),))
    return wanted


def _sells(connection_id: str, marketplace_id: str) -> ConnectionId:
    checked = check_connection_id(connection_id)
    if marketplace_id not in connections.get(checked).marketplace_ids:
        raise NotFound("This account does not sell there.", code="marketplace_not_connected")
    return checked


def _location(location_id: str) -> Location:
    found = store.find_location(location_id)
    if found is None:
        raise NotFound("There is no such place.", code="location_not_found")
    return found


# -- Movements ---------------------------------------------------------------------------------------------------------


def move(  # noqa: PLR0913 - the parts of a movement
    location_id: str, seller_sku: str, kind: Kind, units: int, *, note: str, member_id: str, clock: Clock
) -> MovementView:
    """Enter a movement of one SKU at one place.

    Raises:
        NotFound: there is no such place.
        InvalidInput: the SKU is empty, the units are out of range, or less than nothing would be left.
        Conflict: the place is closed, or others kept moving the same SKU.
    """
    _open(location_id)
    sku = seller_sku.strip()
    if not sku or kind == "reversal":
        field, problem = ("seller_sku", "is empty") if not sku else ("kind", "a reversal names the movement it undoes")
        raise InvalidInput(f"{field}: {problem}.", fields=(FieldProblem(field, problem),))
    return _append(location_id, sku, _deciding(kind, units, note, member_id, clock))


def move_once(  # noqa: PLR0913 - the parts of a movement
    once: str,
    location_id: str,
    seller_sku: str,
    kind: Kind,
    units: int,
    *,
    note: str,
    member_id: str,
    clock: Clock,
) -> bool:
    """Enter a movement that has a name of its own, and say whether it was new; the same again changes nothing.

    It goes to closed places too: what happened there happened, and the place can be opened again.

    Raises:
        NotFound: there is no such place.
        InvalidInput: the units are out of range, or less than nothing would be left.
        Conflict: others kept moving the same SKU.
    """
    _location(location_id)
    decide = _deciding(kind, units, note, member_id, clock)
    return _entered(lambda: store.append_once(location_id, seller_sku, decide, once)) is not None


def _deciding(kind: Kind, units: int, note: str, member_id: str, clock: Clock) -> Callable[[Movement | None], Movement]:
    at = format_instant(clock.now())

    def decide(last: Movement | None) -> Movement:
        change = change_of(kind, units, last.balance if last else 0)
        return next_movement(last, kind, change, at=at, by=member_id, note=note.strip())

    return decide


def reverse(  # noqa: PLR0913 - the parts of a reversal
    location_id: str, seller_sku: str, number: int, *, note: str, member_id: str, clock: Clock
) -> MovementView:
    """Undo one movement by another one that takes it back; both stay in the ledger.

    Raises:
        NotFound: there is no such place.
        InvalidInput: there is no such movement, it was undone already, or less than nothing would be left.
        Conflict: the place is closed, or others kept moving the same SKU.
    """
    _open(location_id)
    at = format_instant(clock.now())

    def decide(last: Movement | None) -> Movement:
        wanted, later = store.movement_and_later(location_id, seller_sku, number)
        change = reversal_change(wanted, later)
        return next_movement(last, "reversal", change, at=at, by=member_id, note=note.strip(), reverses=number)

    return _append(location_id, seller_sku, decide)


class Undoing(NamedTuple):
    """What undoing a named movement takes from a place.

    Attributes:
        seller_sku: of which SKU.
        units: it takes so many; none when the movement was reversed by hand already.
        left: so many are there before.
        place: the name of the place.
        problem: why it can't be undone; empty when it can.
    """

    seller_sku: str
    units: int
    left: int
    place: str
    problem: str


def undoing(location_id: str, named: Sequence[tuple[str, str, int]]) -> tuple[Undoing, ...]:
    """Say what undoing some movements would take, one after the other: each a name, a SKU and the units it added.

    Raises:
        NotFound: there is no such place.
    """
    place = _location(location_id)
    balances = store.balances_of([location_id], [sku for _, sku, _ in named])
    left = {sku: units for (_, sku), units in balances.items()}
    found = []
    for once, sku, added in named:
        there, problem = left.get(sku, 0), ""
        units = added
        try:
            units = -_undone(location_id, sku, store.find_once(location_id, once), added)
        except Unmovable as refused:
            problem = "" if refused.code == "already_reversed" else _LONG_AGO
            units = 0 if refused.code == "already_reversed" else added
        if not problem and units > there:
            problem = f"{there:,} of {units:,} units of {sku} are left at {place.name}"
        found.append(Undoing(sku, units, there, place.name, problem))
        left[sku] = there - units
    return tuple(found)


_LONG_AGO = f"more than {REVERSIBLE:,} movements followed it in the ledger"


def reverse_once(  # noqa: PLR0913 - the parts of a reversal
    once: str,
    of: str,
    location_id: str,
    seller_sku: str,
    added: int,
    *,
    note: str,
    member_id: str,
    clock: Clock,
) -> bool:
    """Undo the movement that was entered under the name ``of``, once, and say whether that changed anything.

    The reversal has a name of its own, so the same again changes nothing. A movement that somebody reversed by hand
    stays as it is: it is undone already. It goes to closed places too.

    Args:
        once: the name of the reversal.
        of: the name of the movement.
        location_id: the place.
        seller_sku: the SKU.
        added: the units that the movement added.
        note: why, in the member's words.
        member_id: who does it.
        clock: the time.

    Raises:
        NotFound: there is no such place.
        InvalidInput: less than nothing would be left, or too many movements followed it.
        Conflict: others kept moving the same SKU.
    """
    _location(location_id)
    at = format_instant(clock.now())
    named = store.find_once(location_id, of)
    if named is None:
        return False

    def decide(last: Movement | None) -> Movement:
        change = _undone(location_id, seller_sku, named, added)
        return next_movement(last, "reversal", change, at=at, by=member_id, note=note.strip(), reverses=named.number)

    try:
        return _entered(lambda: store.append_once(location_id, seller_sku, decide, once)) is not None
    except InvalidInput as refused:
        if refused.code == "already_reversed":
            return False
        raise


def _undone(location_id: str, seller_sku: str, named: store.Named | None, added: int) -> int:
    """Return the change that undoes a named movement.

    Raises:
        Unmovable: it was reversed already, or too many movements followed it.
    """
    if named is None:
        raise Unmovable("already_reversed", "There is no such movement.", "There is nothing to do.")
    if named.number is None:
        return -added
    return reversal_change(*store.movement_and_later(location_id, seller_sku, named.number))


def _append(location_id: str, seller_sku: str, decide: Callable[[Movement | None], Movement]) -> MovementView:
    return movement_view(_entered(lambda: store.append(location_id, seller_sku, decide)))


def _entered[Outcome](enter: Callable[[], Outcome]) -> Outcome:
    try:
        return enter()
    except Unmovable as refused:
        raise InvalidInput(
            refused.detail,
            code=refused.code,
            action=refused.action,
            fields=(FieldProblem("units", refused.detail),),
        ) from None


def _open(location_id: str) -> None:
    if _location(location_id).closed_at is not None:
        raise Conflict("This place is closed.", code="location_closed", action="Open it again, or choose another.")


def ledger(location_id: str, seller_sku: str, below: int | None, limit: int) -> Ledger:
    """Return movements of one SKU at one place, the newest first.

    Raises:
        NotFound: there is no such place.
    """
    _location(location_id)
    found = store.movements(location_id, seller_sku, below=below, limit=limit)
    return Ledger(location_id, seller_sku, tuple(movement_view(each) for each in found.movements), found.next_number)


def list_balances(location_id: str, cursor: str | None, limit: int) -> BalancePage:
    """Return what there is at a place.

    Raises:
        NotFound: there is no such place.
        InvalidInput: the cursor is not one of this list.
    """
    location = _location(location_id)
    after = decode_cursor(cursor, 1)[0] if cursor else None
    if after is not None and not after.startswith(keys.own_balances_of(location_id)):
        raise invalid_cursor()
    found, following = store.balances(location_id, after=after, limit=limit)
    return BalancePage(
        location_view(location),
        tuple(balance_view(each) for each in found),
        None if following is None else encode_cursor(following),
    )


def units_by_sku(
    connection_id: ConnectionId, marketplace_id: str, skus: Iterable[str]
) -> dict[str, tuple[tuple[Location, int], ...]]:
    """Return what there is of these SKUs at the open places that count for a marketplace: by SKU, place by place."""
    places = {
        each.location_id: each
        for each in store.locations()
        if each.closed_at is None and (each.connection_id, each.marketplace_id) == (connection_id, marketplace_id)
    }
    found: dict[str, list[tuple[Location, int]]] = {}
    for (location_id, sku), units in store.balances_of(list(places), skus).items():
        found.setdefault(sku, []).append((places[location_id], units))
    return {sku: tuple(held) for sku, held in found.items()}


# -- Marketplaces that share their stock -------------------------------------------------------------------------------


def show_links(connection_id: ConnectionId) -> LinksView:
    """Return which marketplaces of a connection share their stock, as the seller chose; none at first.

    Raises:
        NotFound: there is no such connection.
    """
    connections.get(connection_id)
    return links_view(connection_id, store.links(connection_id))


def choose_links(connection_id: ConnectionId, groups: Sequence[Sequence[str]], version: int) -> LinksView:
    """Say which marketplaces share their stock (Pan-European FBA, North America Remote Fulfilment).

    Raises:
        NotFound: there is no such connection.
        InvalidInput: a group has fewer than two marketplaces, one is in two groups, or the account does not sell there.
        Conflict: somebody else chose first.
    """
    sells = set(connections.get(connection_id).marketplace_ids)
    seen: set[str] = set()
    for place, group in enumerate(groups):
        problem = _problem_of(group, sells, seen)
        if problem:
            raise InvalidInput(
                f"groups[{place}]: {problem}.",
                fields=(FieldProblem(f"groups[{place}]", problem),),
                code="invalid_links",
            )
        seen.update(group)
    chosen = Links(tuple(tuple(group) for group in groups), version + 1)
    if not store.put_links(connection_id, chosen):
        raise _changed()
    return links_view(connection_id, chosen)


def _problem_of(group: Sequence[str], sells: set[str], seen: set[str]) -> str:
    if len(set(group)) < 2 or len(set(group)) != len(group):  # noqa: PLR2004 - sharing takes two
        return "needs at least two different marketplaces"
    if unknown := sorted(set(group) - sells):
        return f"the account does not sell in {', '.join(unknown)}"
    if twice := sorted(set(group) & seen):
        return f"{', '.join(twice)} is in another group already"
    return ""


def linked(connection_id: ConnectionId, marketplace_id: str) -> tuple[str, ...]:
    """Return the marketplaces that share stock with one, itself among them and the seller's first one first."""
    for group in store.links(connection_id).groups:
        if marketplace_id in group:
            return group
    return (marketplace_id,)
