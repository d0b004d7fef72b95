"""Reads and writes of brand boards. Every function acts for the tenant in scope."""

from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.analytics.board_records import BrandBoardRecord
from quayside.analytics.brand_board_rules import BrandBoard, packed, unpacked
from quayside.analytics.sheet_store import SOURCE
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.keys import decode
from quayside.storage.tables import AMAZON_DATA_DAYS, page, write

_PREFIX = "BRANDBOARD#"
_AT_MOST = 100
"""More marketplaces than a region has."""


class Made(NamedTuple):
    """A board, and when it was worked out."""

    board: BrandBoard
    made_at: datetime


def put(connection_id: ConnectionId, marketplace_id: str, board: BrandBoard, now: datetime) -> None:
    """Store a board unless a later one is there."""
    record = BrandBoardRecord
    at = epoch_seconds(now)
    write(
        record,
        keys.brand_board(current_tenant(), connection_id, marketplace_id),
        [
            record.sums.set(packed(board)),
            record.made_at.set(at),
            record.expires_at.set(epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))),
        ],
        record.pk.does_not_exist() | (record.made_at < at),
        source=SOURCE,
        returning="NONE",
    )


def find(connection_id: ConnectionId) -> dict[str, Made]:
    """Return the boards of a connection by marketplace; one query of some kilobytes, eventually consistent."""
    found = page(BrandBoardRecord, keys.figures(current_tenant(), connection_id), limit=_AT_MOST, prefix=_PREFIX)
    return {
        decode(record.sk.removeprefix(_PREFIX)): Made(unpacked(record.sums), from_epoch_seconds(int(record.made_at)))
        for record in found.records
    }
