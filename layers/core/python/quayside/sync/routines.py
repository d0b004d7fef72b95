"""What the worker does at intervals for a connection without asking Amazon: it works on what is stored already.

A routine does as much as its time allows and then goes on with a command of its own, so it may be interrupted anywhere;
doing the same part twice does no harm.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from quayside.connections import service as connections
from quayside.kernel.clock import Clock
from quayside.kernel.ids import ConnectionId
from quayside.sync.registry import INVENTORY, dataset
from quayside.sync.service import UseCase, Work


class WalksStock(Protocol):
    """Does something for every SKU of some marketplaces, as far as its time allows."""

    def __call__(
        self,
        connection_id: ConnectionId,
        marketplace_ids: Sequence[str],
        after: tuple[str, str] | None,
        /,
        *,
        clock: Clock,
        time_is_short: Callable[[], bool],
    ) -> tuple[str, str] | None:
        """Go through marketplaces and SKUs from behind ``after``; return where to go on, None when all is done."""
        ...


def walk_stock(walk: WalksStock, of: str = INVENTORY) -> UseCase:
    """Return a use case that does something for every SKU: ``stock.look``, ``suggestions.compute``, ``grid.compute``.

    It does nothing while no switched-on feature needs the dataset ``of``.
    """

    def run(work: Work) -> None:
        connection = connections.live(work.connection_id)
        if connection is None or not dataset(of).is_needed(connection.features_off):
            return
        marketplace_ids = sorted(connection.marketplace_ids)
        after = _after(work.command.arguments, marketplace_ids)
        stopped = walk(work.connection_id, marketplace_ids, after, clock=work.clock, time_is_short=work.time_is_short)
        if stopped is not None:
            work.follow_up(work.command.kind, {"marketplace_id": stopped[0], "after": stopped[1]})

    return run


def _after(arguments: Mapping[str, str], marketplace_ids: Sequence[str]) -> tuple[str, str] | None:
    place, after = arguments.get("marketplace_id"), arguments.get("after")
    # Behind a marketplace that the seller left meanwhile there is nothing to go on with: all is begun anew.
    return None if place is None or after is None or place not in marketplace_ids else (place, after)
