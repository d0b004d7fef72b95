"""Reads and writes of boards. Every function acts for the tenant in scope."""

from datetime import datetime, timedelta

from quayside.analytics.board_records import BoardRecord
from quayside.analytics.board_rules import Board, packed, unpacked
from quayside.analytics.sheet_store import SOURCE
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import decode
from quayside.storage.tables import AMAZON_DATA_DAYS, page, write

_PREFIX = "BOARD#"
_AT_MOST = 100
"""More marketplaces than a region has."""


def put(connection_id: ConnectionId, marketplace_id: str, board: Board, now: datetime) -> None:
    """Store a board unless a later one is there."""
    record = BoardRecord
    at = epoch_seconds(now)
    write(
        record,
        keys.figure_board(current_tenant(), connection_id, marketplace_id),
        [
            record.rankings.set(packed(board)),
            record.made_of.set(board.day.isoformat()),
            record.made_at.set(at),
            record.expires_at.set(epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))),
        ],
        record.pk.does_not_exist() | (record.made_at < at),
        source=SOURCE,
        returning="NONE",
    )


def records(connection_id: ConnectionId) -> dict[str, BoardRecord]:
    """Return the boards of a connection by marketplace; one query of a few kilobytes, eventually consistent."""
    found = page(BoardRecord, keys.figures(current_tenant(), connection_id), limit=_AT_MOST, prefix=_PREFIX)
    return {decode(record.sk.removeprefix(_PREFIX)): record for record in found.records}


def board_from(record: BoardRecord) -> tuple[Board, datetime]:
    """Read a board and when it was made."""
    return unpacked(record.rankings), from_epoch_seconds(int(record.made_at))
