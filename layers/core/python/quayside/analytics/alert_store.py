"""Reads and writes of alerts. Every function acts for the tenant in scope."""

from datetime import datetime, timedelta
from typing import NamedTuple

from quayside.analytics.alert_rules import AlertBoard, packed, unpacked
from quayside.analytics.board_records import AlertsRecord
from quayside.analytics.sheet_store import SOURCE
from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import AMAZON_DATA_DAYS, write


class Made(NamedTuple):
    """Alerts, and when they were worked out."""

    board: AlertBoard
    made_at: datetime


def put(connection_id: ConnectionId, board: AlertBoard, now: datetime) -> None:
    """Store the alerts of a connection unless later ones are there."""
    record = AlertsRecord
    at = epoch_seconds(now)
    write(
        record,
        keys.alerts(current_tenant(), connection_id),
        [
            record.alerts.set(packed(board)),
            record.made_at.set(at),
            record.expires_at.set(epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))),
        ],
        record.pk.does_not_exist() | (record.made_at < at),
        source=SOURCE,
        returning="NONE",
    )


def find(connection_id: ConnectionId) -> Made | None:
    """Return the alerts of a connection; one read of a kilobyte or two, eventually consistent."""
    record = AlertsRecord.find(keys.alerts(current_tenant(), connection_id), consistent=False)
    return None if record is None else Made(unpacked(record.alerts), from_epoch_seconds(int(record.made_at)))
