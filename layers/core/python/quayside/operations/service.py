"""Use cases of looking after what went wrong: messages that could not be applied are seen and taken in again.

A member sees those of their own connections, inside their tenant's scope. Operators see those that belong to nobody.
"""

import msgspec

from quayside.connections import service as connections
from quayside.connections.views import QuarantinePage
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.ids import ConnectionId

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


def replay(connection_id: ConnectionId | None, entry_id: str) -> None:
    """Send a message through the intake again and take it out of quarantine.

    Args:
        connection_id: whose quarantine; None is what belongs to nobody.
        entry_id: which message.

    Raises:
        NotFound: it is not there, or not of this tenant.
    """
    connections.replay(connection_id, entry_id)
