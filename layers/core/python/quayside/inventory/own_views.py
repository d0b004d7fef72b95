"""What the API shows of the seller's own stock."""

import msgspec

from quayside.inventory.own_rules import Kind, Movement
from quayside.inventory.own_store import Balance, Links, Location


class LocationView(msgspec.Struct, frozen=True):
    """A place where the seller keeps stock. It is counted for one marketplace of one connection."""

    location_id: str
    name: str
    connection_id: str
    marketplace_id: str
    closed_at: str | None
    version: int


class LocationList(msgspec.Struct, frozen=True):
    """All places, those that were closed last."""

    locations: tuple[LocationView, ...]


class MovementView(msgspec.Struct, frozen=True):
    """One movement; ``balance`` is what was there after it.."""

    number: int
    kind: Kind
    change: int
    balance: int
    at: str
    by: str
    note: str
    reverses: int | None


class Ledger(msgspec.Struct, frozen=True):
    """Movements of one SKU at one place, the newest first; ``next_number`` asks for what came before."""

    location_id: str
    seller_sku: str
    movements: tuple[MovementView, ...]
    next_number: int | None


class BalanceView(msgspec.Struct, frozen=True):
    """How much of one SKU there is at a place, and when that last changed."""

    seller_sku: str
    balance: int
    changed_at: str


class BalancePage(msgspec.Struct, frozen=True):
    """What there is at a place, in the order of the SKUs."""

    location: LocationView
    balances: tuple[BalanceView, ...]
    next_cursor: str | None


class LinksView(msgspec.Struct, frozen=True):
    """Which marketplaces of a connection share their stock. ``version`` is sent back with a change; 0 at first."""

    connection_id: str
    groups: tuple[tuple[str, ...], ...]
    version: int


def location_view(location: Location) -> LocationView:
    """Return one place as the API shows it."""
    return LocationView(*location)


def movement_view(movement: Movement) -> MovementView:
    """Return one movement as the API shows it."""
    return MovementView(**msgspec.structs.asdict(movement))


def balance_view(balance: Balance) -> BalanceView:
    """Return one balance as the API shows it."""
    return BalanceView(balance.seller_sku, balance.balance, balance.last.at)


def links_view(connection_id: str, links: Links) -> LinksView:
    """Return the seller's choice as the API shows it."""
    return LinksView(connection_id, links.groups, links.version)
