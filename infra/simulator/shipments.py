"""Restocks as inbound plans and shipments: what was sent, and what Amazon has received of it by now.

A restock is stored once, with the steps that the books follow; its status and received units at any instant are read
off the steps. Restocks of one seller, marketplace and day are the shipments of one inbound plan.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from infra.simulator import books as accounts
from infra.simulator import entropy
from infra.simulator.clock import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.simulator.world import Listing, Seller, World

type Step = tuple[int, str, str, int]

_MISSING_SHARE = 0.5
_CLOSED_AFTER_MS = 48 * HOUR
_ON_THE_ROAD_MS = 10 * HOUR
_AT_THE_DOCK_MS = 6 * HOUR
_CHECKED_IN_MS = 2 * HOUR
_DAY_MS = 24 * HOUR
_RECEIVED_INTO = frozenset(
    {accounts.FULFILLABLE, accounts.RESERVED_TRANSFER, accounts.UNFULFILLABLE_WAREHOUSE, accounts.RESEARCHING}
)


class Restock(NamedTuple):
    """One SKU's restock: a shipment of ``quantity`` units and the steps that it takes. Instants are milliseconds."""

    pk: int
    seller: int
    listing: int
    marketplace_id: str
    created: int
    ended: int
    quantity: int
    steps: tuple[Step, ...]

    def status(self, now_ms: int) -> str:
        """Return the shipment's status: WORKING, SHIPPED, IN_TRANSIT, DELIVERED, CHECKED_IN, RECEIVING or CLOSED."""
        return [name for at, name in self._life() if at <= now_ms][-1]

    def updated(self, now_ms: int) -> int:
        """Return when the shipment or what was received of it last changed."""
        moments = [at for at, _ in self._life()] + [at for at, *_ in self.steps]
        return max(at for at in moments if at <= now_ms)

    def received(self, now_ms: int) -> int:
        """Return how many units Amazon has counted in by now, damaged ones among them."""
        return sum(
            amount
            for at, origin, target, amount in self.steps
            if at <= now_ms and origin == accounts.INBOUND_RECEIVING and target in _RECEIVED_INTO
        )

    def _life(self) -> list[tuple[int, str]]:
        shipped = next(at for at, origin, _, _ in self.steps if origin == accounts.INBOUND_WORKING)
        arrived = next(at for at, origin, _, _ in self.steps if origin == accounts.INBOUND_SHIPPED)
        return [
            (self.created, "WORKING"),
            (shipped, "SHIPPED"),
            (min(shipped + _ON_THE_ROAD_MS, arrived - _AT_THE_DOCK_MS), "IN_TRANSIT"),
            (arrived - _AT_THE_DOCK_MS, "DELIVERED"),
            (arrived - _CHECKED_IN_MS, "CHECKED_IN"),
            (arrived, "RECEIVING"),
            (self.ended, "CLOSED"),
        ]


class Plan(NamedTuple):
    """The restocks that a seller began together for one marketplace."""

    marketplace_id: str
    created: int
    restocks: tuple[Restock, ...]

    def status(self, now_ms: int) -> str:
        """Return ACTIVE until every shipment has left, then SHIPPED."""
        return "ACTIVE" if any(each.status(now_ms) == "WORKING" for each in self.restocks) else "SHIPPED"

    def updated(self, now_ms: int) -> int:
        """Return when the plan last changed: it was made, or a shipment left."""
        left = [step[0] for each in self.restocks for step in each.steps if step[1] == accounts.INBOUND_WORKING]
        return max([self.created, *(at for at in left if at <= now_ms)])


def with_missing(world: World, seller: Seller, listing: Listing, at: int, steps: Sequence[Step]) -> list[Step]:
    """Return a restock's steps in which now and then the damaged unit never arrived at all: a unit short."""
    if entropy.fraction(world.seed, seller.seed, listing.pk, "missing", at) >= _MISSING_SHARE:
        return list(steps)
    return [
        (moment, origin, accounts.LOST_INBOUND if target == accounts.UNFULFILLABLE_WAREHOUSE else target, amount)
        for moment, origin, target, amount in steps
    ]


def counted_in(now_ms: int, quantity: int, missing: int) -> list[Step]:
    """Return the steps of a shipment that left eleven days ago and is closed: all but the missing was counted in."""
    shipped, arrived = now_ms - 11 * _DAY_MS, now_ms - 6 * _DAY_MS
    steps = [
        (shipped, accounts.INBOUND_WORKING, accounts.INBOUND_SHIPPED, quantity),
        (arrived, accounts.INBOUND_SHIPPED, accounts.INBOUND_RECEIVING, quantity),
        (arrived + 12 * HOUR, accounts.INBOUND_RECEIVING, accounts.FULFILLABLE, quantity - missing),
        (arrived + 36 * HOUR, accounts.INBOUND_RECEIVING, accounts.LOST_INBOUND, missing),
    ]
    return [step for step in steps if step[3]]


def begun(steps: Sequence[Step]) -> int:
    """Return when the plan of a shipment of these steps was made: a day before it left."""
    return steps[0][0] - _DAY_MS


def record(  # noqa: PLR0913, PLR0917  a shipment is these
    world: World, seller: Seller, listing: Listing, at: int, steps: Sequence[Step], quantity: int
) -> Restock:
    """Remember a restock of ``quantity`` units that begins at ``at`` and takes these steps."""
    ended = max(moment for moment, origin, *_ in steps if origin == accounts.INBOUND_RECEIVING) + _CLOSED_AFTER_MS
    found = world.storage.connection.execute(
        "INSERT INTO restocks (seller, listing, marketplace_id, created, ended, quantity, steps) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (seller.pk, listing.pk, listing.marketplace_id, at, ended, quantity, json.dumps(steps)),
    )
    row = int(found.lastrowid or 0)
    return Restock(row, seller.pk, listing.pk, listing.marketplace_id, at, ended, quantity, tuple(steps))


def restocks(world: World, seller: Seller, *, open_after_ms: int = 0) -> Iterator[Restock]:
    """Yield a seller's restocks, oldest first, but those that ended before ``open_after_ms``."""
    rows = world.storage.connection.execute(
        "SELECT pk, seller, listing, marketplace_id, created, ended, quantity, steps FROM restocks "
        "WHERE seller = ? AND ended >= ? ORDER BY pk",
        (seller.pk, open_after_ms),
    )
    for row in rows:
        steps = tuple((at, origin, target, amount) for at, origin, target, amount in json.loads(row[7]))
        yield Restock._make((*row[:7], steps))


def plans(world: World, seller: Seller) -> list[Plan]:
    """Return a seller's inbound plans, oldest first."""
    found: dict[tuple[int, str], list[Restock]] = {}
    for each in restocks(world, seller):
        found.setdefault((each.created, each.marketplace_id), []).append(each)
    return [Plan(place, created, tuple(group)) for (created, place), group in found.items()]


def plan_id(world: World, seller: Seller, plan: Plan) -> str:
    """Return a plan's id: 38 characters."""
    return "wf" + entropy.identifier(world.seed, seller.seed, "plan", plan.marketplace_id, plan.created)


def shipment_id(world: World, restock: Restock) -> str:
    """Return a shipment's id in the API of 2024: 38 characters."""
    return "sh" + entropy.identifier(world.seed, "shipment", restock.seller, restock.listing, restock.created)


def confirmation_id(world: World, restock: Restock) -> str:
    """Return a shipment's id in the API v0 and on its labels: ``FBA`` and nine characters."""
    return "FBA1" + entropy.letters(8, world.seed, "shipment", restock.seller, restock.listing, restock.created)
