"""Where fetched facts go. Features implement these ports; the worker's composition root plugs them in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from quayside.amazon.inventory import InventorySummary
from quayside.amazon.orders import Order
from quayside.kernel.clock import Clock
from quayside.kernel.ids import ConnectionId, TenantId


class Rejected(msgspec.Struct, frozen=True):
    """One fact that could not be stored: which, and why in words a seller can read."""

    identity: str
    reason: str


class Applied(msgspec.Struct, frozen=True):
    """What became of a page of facts.

    Attributes:
        applied: facts that changed the store.
        stale: facts that were not newer than what the store had, which is no error.
        rejected: facts that could not be stored.
    """

    applied: int
    stale: int
    rejected: tuple[Rejected, ...] = ()


class OrderSink(Protocol):
    """Stores orders, newer wins.

    Called inside the tenant's scope. Applying the same orders again changes nothing; one bad order is ``rejected`` and
    never spoils the others.
    """

    def __call__(
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        orders: Sequence[Order],
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store ``orders`` of one connection, received from Amazon at ``received_at``."""
        ...


class InventorySink(Protocol):
    """Stores inventory positions, newer wins; the same promises as ``OrderSink``."""

    def __call__(  # noqa: PLR0913 - the parts of one page of one marketplace
        self,
        tenant_id: TenantId,
        connection_id: ConnectionId,
        marketplace_id: str,
        positions: Sequence[InventorySummary],
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        """Store the positions of one marketplace of one connection."""
        ...
