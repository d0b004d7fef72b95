"""Reads and writes of cost boards. Every function acts for the tenant in scope."""

from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.analytics.board_records import CostBoardRecord
from quayside.analytics.cost_board_rules import CostBoard, packed, unpacked
from quayside.analytics.sheet_store import SOURCE
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import AMAZON_DATA_DAYS, write


class Made(NamedTuple):
    """A board, and when it was made."""

    board: CostBoard
    made_at: datetime


def put(marketplace_id: str | None, board: CostBoard, now: datetime) -> None:
    """Store the board of a marketplace, or of all together, unless a later one is there."""
    record = CostBoardRecord
    at = epoch_seconds(now)
    write(
        record,
        keys.cost_board(current_tenant(), marketplace_id),
        [
            record.periods.set(packed(board)),
            record.made_at.set(at),
            record.expires_at.set(epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))),
        ],
        record.pk.does_not_exist() | (record.made_at < at),
        source=SOURCE,
        returning="NONE",
    )


def find(marketplace_id: str | None) -> Made | None:
    """Return the board of a marketplace, or of all together; one read of a few kilobytes, eventually consistent."""
    record = CostBoardRecord.find(keys.cost_board(current_tenant(), marketplace_id), consistent=False)
    return None if record is None else Made(unpacked(record.periods), from_epoch_seconds(int(record.made_at)))
