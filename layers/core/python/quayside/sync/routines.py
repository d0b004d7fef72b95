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


class LooksAtStock(Protocol):
    """Writes down what stock there is today (``inventory.service.look_at_stock``)."""

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


def look_at_stock(look: LooksAtStock) -> UseCase:
    """Return ``stock.look``: write down what stock there is today."""

    def run(work: Work) -> None:
        connection = connections.live(work.connection_id)
        if connection is None or not dataset(INVENTORY).is_needed(connection.features_off):
            return
        marketplace_ids = sorted(connection.marketplace_ids)
        after = _after(work.command.arguments, marketplace_ids)
        stopped = look(work.connection_id, marketplace_ids, after, clock=work.clock, time_is_short=work.time_is_short)
        _go_on(work, stopped)

    return run


def _after(arguments: Mapping[str, str], marketplace_ids: Sequence[str]) -> tuple[str, str] | None:
    place, after = arguments.get("marketplace_id"), arguments.get("after")
    # Behind a marketplace that the seller left meanwhile there is nothing to go on with: all is begun anew.
    return None if place is None or after is None or place not in marketplace_ids else (place, after)


def _go_on(work: Work, stopped: tuple[str, str] | None) -> None:
    if stopped is not None:
        work.follow_up(work.command.kind, {"marketplace_id": stopped[0], "after": stopped[1]})
