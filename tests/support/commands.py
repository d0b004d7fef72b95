"""Commands as the work queue delivers them to a worker."""

from typing import Any

from quayside.sync.commands import SyncCommand, encode_command


def record_of(
    command: SyncCommand, *, message_id: str = "1", handle: str = "unknown", received: int = 1
) -> dict[str, Any]:
    """Return a record of the event that Lambda makes of a message: delivered ``received`` times, with a handle."""
    return record(encode_command(command), message_id=message_id, handle=handle, received=received)


def record(body: str, *, message_id: str = "1", handle: str = "unknown", received: int = 1) -> dict[str, Any]:
    """As ``record_of``, for any body."""
    return {
        "messageId": message_id,
        "receiptHandle": handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(received)},
    }
