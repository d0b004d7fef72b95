"""Use cases of looking after what went wrong: messages that could not be applied are seen and taken in again.

A member sees those of their own connections, inside their tenant's scope. Operators see those that belong to nobody.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from quayside.connections import service as connections
from quayside.connections.records import QuarantinedMessage
from quayside.connections.views import QuarantinePage
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import NotFound
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.sync import report_runs, reports
from quayside.sync.commands import Cause
from quayside.sync.registry import ORDERS, REGISTRY, refresh_arguments
from quayside.sync.service import Desk

_SORT_PREFIX = "ENTRY#"


def quarantine_of(connection_id: ConnectionId, cursor: str | None) -> QuarantinePage:
    """Return a page of a connection's quarantine, newest first.

    Raises:
        NotFound: the tenant in scope has no such connection.
        InvalidInput: the cursor is not one of this list.
    """
    connections.get(connection_id)
    return _page(connection_id, cursor)


def unclaimed(cursor: str | None) -> QuarantinePage:
    """Return a page of the notifications that could not be given to any tenant, newest first.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    return _page(None, cursor)


def _page(connection_id: ConnectionId | None, cursor: str | None) -> QuarantinePage:
    after = decode_cursor(cursor, 1)[0] if cursor else None
    if after is not None and not after.startswith(_SORT_PREFIX):
        raise invalid_cursor()
    page = connections.quarantined(connection_id, after=after)
    following = None if page.next_cursor is None else encode_cursor(page.next_cursor)
    return msgspec.structs.replace(page, next_cursor=following)


def replay(connection_id: ConnectionId | None, entry_id: str, desk: Desk) -> None:
    """Send something through again and take it out of quarantine.

    A notification goes through the intake. What came from an answer of Amazon's is read anew: an order by itself, a row
    of a report by loading the report again, anything else by its dataset.

    Args:
        connection_id: whose quarantine; None is what belongs to nobody.
        entry_id: which entry.
        desk: asks for the work.

    Raises:
        NotFound: it is not there, or not of this tenant.
        Conflict: the report it is a row of is being read at the moment.
    """
    entry = connections.quarantine_entry(connection_id, entry_id)
    if connection_id is None or ":" not in entry.type:
        connections.replay(connection_id, entry_id)
        return
    _read_anew(connection_id, [entry], desk, "member")


class Replayed(NamedTuple):
    """How many notifications went through the intake again, and how many pieces of work read the rest anew."""

    taken_in: int
    anew: int


def replay_all(connection_id: ConnectionId, dataset: str | None, desk: Desk, *, limit: int = 500) -> Replayed:
    """Send what is in quarantine of a connection through again, all of it or what is of one dataset.

    Raises:
        NotFound: there is no such connection or dataset.
        Conflict: a report is being read at the moment; what came before it is done.
    """
    connections.get(connection_id)
    if dataset is not None and dataset not in _BY_KEY:
        raise NotFound("There is no such dataset.", code="dataset_not_found")
    entries = [
        entry
        for entry in connections.quarantine_entries(connection_id, limit=limit)
        if dataset is None or _dataset_of(entry) == dataset
    ]
    notifications = [entry for entry in entries if ":" not in entry.type]
    for entry in notifications:
        connections.replay(connection_id, entry.entry_id)
    answers = [entry for entry in entries if ":" in entry.type]
    return Replayed(len(notifications), _read_anew(connection_id, answers, desk, "operator"))


def _read_anew(connection_id: ConnectionId, entries: Sequence[QuarantinedMessage], desk: Desk, cause: Cause) -> int:
    """Ask for what entries came from, each piece of work once, and take them out; return how many pieces."""
    pieces: dict[tuple[str, str], list[QuarantinedMessage]] = {}
    for entry in entries:
        pieces.setdefault(_piece_of(entry), []).append(entry)
    for (kind, what), of_piece in pieces.items():
        if kind == _REPORT:
            reports.replay(connection_id, what, desk, cause=cause)
        elif kind == _ORDER:
            desk.ask("orders.fetch", current_tenant(), connection_id, cause=cause, order_id=what)
        elif what in _BY_KEY:
            known = _BY_KEY[what]
            desk.ask(known.refresh_kind, current_tenant(), connection_id, cause=cause, **refresh_arguments(known))
        for entry in of_piece:
            connections.leave_quarantine(connection_id, entry.entry_id)
    return len(pieces)


def _piece_of(entry: QuarantinedMessage) -> tuple[str, str]:
    """Return which work reads anew what an entry came from."""
    dataset = _dataset_of(entry)
    try:
        names = msgspec.json.decode(entry.payload, type=_Origin)
    except msgspec.DecodeError:
        return _DATASET, dataset
    if names.report:
        return _REPORT, report_runs.token_of(names.report)
    if dataset == ORDERS and names.identity:
        return _ORDER, names.identity
    return _DATASET, dataset


def _dataset_of(entry: QuarantinedMessage) -> str:
    """Return the dataset of an entry: by its notification, or ``dataset:kind of command`` for an answer."""
    key = entry.type.split(":", 1)[0]
    return next((each.key for each in REGISTRY if key == each.key or key in each.notifications), "")


class _Origin(msgspec.Struct, frozen=True):
    """What an entry that came from an answer says of where it came from."""

    report: str = ""
    identity: str = ""


_REPORT, _ORDER, _DATASET = "report", "order", "dataset"
_BY_KEY = {each.key: each for each in REGISTRY}
