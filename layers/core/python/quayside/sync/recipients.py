"""The use cases that bring recipients of orders that sellers ship themselves, for connections that switched that on.

An order that changes is fetched by itself. Every few hours all open orders are gone through, and those that were
shipped or cancelled since, so that a message that got lost costs hours and not the seller's promise. Both ask Amazon
for nothing about people where an order was shipped already.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from quayside.amazon.errors import RequestRejected, RoleSilent
from quayside.connections import service as connections
from quayside.connections.records import Connection, DatasetHealth
from quayside.kernel.clock import format_instant, parse_instant
from quayside.sync.datasets import Run, end_run, go_on, join_run, put_aside, refuses_token
from quayside.sync.registry import RECIPIENTS, dataset
from quayside.sync.rules import SAFE_BEFORE
from quayside.sync.service import UseCase, Work
from quayside.sync.sinks import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quayside.amazon.recipients import RecipientOrder, RecipientsPage
    from quayside.sync.sinks import RecipientSink

OPEN, ENDED = "open", "ended"
"""The stages of going through all orders: what has to be shipped, then what was shipped or cancelled meanwhile."""
_STATUSES: dict[str, tuple[str, ...]] = {
    OPEN: ("UNSHIPPED", "PARTIALLY_SHIPPED"),
    ENDED: ("SHIPPED", "CANCELLED", "UNFULFILLABLE"),
}
_OPEN_FOR = timedelta(days=60)
"""Orders that have to be shipped are not older: Amazon cancels what is a month late."""
_ENDED_FOR = timedelta(days=40)
"""How far back the first run looks for orders that ended."""
_RESTARTS = 3


def find(sink: "RecipientSink") -> UseCase:
    """Return ``recipients.find``: one page of all orders that have to be shipped, or that ended since the last run."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        joined = join_run(work, RECIPIENTS)
        if joined is not None:
            _find(work, work.connection, joined, sink)

    return run


def fetch(sink: "RecipientSink") -> UseCase:
    """Return ``recipients.fetch``: get one order that changed, with its recipient unless it was ``shipped``."""

    def run(work: Work) -> None:
        if work.connection is None:
            return
        from quayside.amazon.orders import UnreadableOrder  # noqa: PLC0415 - only these commands need it

        asked = "shipped" not in work.command.arguments
        caller = connections.caller_of(work.connection)
        found = work.amazon.recipient(caller, work.command.arguments["order_id"], with_recipient=asked)
        if isinstance(found, UnreadableOrder):
            put_aside(work, RECIPIENTS, [Rejected(found.order_id, found.problem)])
            return
        applied = sink(work.connection_id, [found], clock=work.clock)
        work.notes.brought(applied.applied)
        if asked and _is_silent([found]):
            raise _silent("getOrder")

    return run


def _find(work: Work, connection: Connection, run: Run, sink: "RecipientSink") -> None:
    now = work.clock.now()
    arguments = work.command.arguments
    stage = arguments.get("stage", OPEN)
    here = {
        "stage": stage,
        # Amazon's token is good for exactly the search that it was given for, so its beginning goes along.
        "created": arguments.get("created") or format_instant(now - _OPEN_FOR),
        "since": arguments.get("since") or _since(run.health, now),
        "until": arguments.get("until") or format_instant(now - SAFE_BEFORE),
        "rows": arguments.get("rows", "0"),
    }
    try:
        page = _page(work, connection, here)
    except RequestRejected as rejected:
        restarts = int(arguments.get("restarts", "0"))
        if not refuses_token(work, rejected) or restarts >= _RESTARTS:
            raise
        go_on(work, RECIPIENTS, run, {**here, "restarts": str(restarts + 1)})
        return
    applied = sink(work.connection_id, page.orders, clock=work.clock)
    put_aside(work, RECIPIENTS, [Rejected(each.order_id, each.problem) for each in page.unreadable])
    work.notes.brought(applied.applied)
    if stage == OPEN and _is_silent(page.orders):
        raise _silent("searchOrders")
    here["rows"] = str(int(here["rows"]) + applied.applied)
    if page.next_token is not None:
        go_on(work, RECIPIENTS, run, {**here, "token": page.next_token})
    elif stage == OPEN:
        go_on(work, RECIPIENTS, run, {**here, "stage": ENDED})
    else:
        end_run(work, RECIPIENTS, run, int(here["rows"]), DatasetHealth.reconciled_until.set(here["until"]))


def _page(work: Work, connection: Connection, here: "Mapping[str, str]") -> "RecipientsPage":
    stage = here["stage"]
    return work.amazon.search_recipients(
        connections.caller_of(connection),
        connection.marketplace_ids,
        statuses=_STATUSES[stage],
        with_recipient=stage == OPEN,
        created_after=parse_instant(here["created"]) if stage == OPEN else None,
        last_updated_after=parse_instant(here["since"]) if stage == ENDED else None,
        pagination_token=work.command.arguments.get("token"),
    )


def _since(health: DatasetHealth | None, now: datetime) -> str:
    until: str | None = health.reconciled_until if health else None
    if until is None:
        return format_instant(now - _ENDED_FOR)
    return format_instant(min(parse_instant(until), now) - timedelta(seconds=dataset(RECIPIENTS).overlap_seconds))


def _is_silent(orders: "Sequence[RecipientOrder]") -> bool:
    """Return whether Amazon named no recipient of any order that has to be shipped: the role is missing."""
    to_ship = [each for each in orders if each.status in _STATUSES[OPEN] and each.fulfilled_by == "MERCHANT"]
    return bool(to_ship) and all(each.address is None for each in to_ship)


def _silent(operation: str) -> RoleSilent:
    return RoleSilent("the answer holds no delivery address", operation=operation, status=200)
