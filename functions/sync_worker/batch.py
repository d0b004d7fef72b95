"""A batch of queue messages: each is run by itself, and only those that failed come again.

Short work goes first. Long work (the loading of a report) is told when the function's time runs short, stops there and
goes on with another command; when time is short before it begins, it goes back to the queue.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from quayside.kernel.errors import InvalidInput
from quayside.kernel.observability import place_of_error
from quayside.storage.batches import BatchAnswer, Postpone, postpone_failed, short_of_time
from quayside.sync.commands import ApplicationCommand, Kind, SyncCommand, decode_any_command

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.kernel.observability import Metrics
    from quayside.storage.batches import BatchItemFailure
    from quayside.sync.worker import Worker


LONG: frozenset[Kind] = frozenset({
    "report.collect", "report.load", "listings.compare_file", "listings.send_file", "listings.collect_file",
})  # fmt: skip
"""The kinds of command that may take as long as a function has."""


class _Record(NamedTuple):
    message_id: str
    command: SyncCommand | ApplicationCommand
    receipt_handle: str
    received: int


class Batch:
    """Runs the records of one event."""

    def __init__(self, worker: "Worker", postpone: Postpone, metrics: "Metrics", log: "Logger") -> None:
        self._worker = worker
        self._postpone = postpone
        self._metrics = metrics
        self._log = log

    def run_batch(self, event: dict[str, Any], milliseconds_left: Callable[[], int] | None = None) -> BatchAnswer:
        """Run every record; a record that fails is reported and does not touch the others.

        Args:
            event: the event of the queue.
            milliseconds_left: how much of the function's time is left; None when there is no end.
        """
        time_is_short = short_of_time(milliseconds_left)
        failures: list[BatchItemFailure] = []
        records: list[_Record] = []
        for record in event["Records"]:
            found = self._read(record)
            if found is None:
                failures.append({"itemIdentifier": record["messageId"]})
            else:
                records.append(found)
        in_turn = sorted(records, key=lambda record: _is_long(record.command))
        for each in in_turn:
            if not self._run(each.command, time_is_short):
                failures.append({"itemIdentifier": each.message_id})
                postpone_failed(self._postpone, each.receipt_handle, each.received, self._log, "command")
        self._metrics.flush()
        return {"batchItemFailures": failures}

    def _read(self, record: dict[str, Any]) -> _Record | None:
        try:
            command = decode_any_command(record["body"])
        except InvalidInput as problem:
            # It will never be a command. It fails until it lands in the dead-letter queue, where people look.
            self._log.error("a message is no command", extra={"reason": problem.detail})
            self._metrics.count("InvalidCommand")
            return None
        return _Record(
            record["messageId"], command, record["receiptHandle"], int(record["attributes"]["ApproximateReceiveCount"])
        )

    def _run(self, command: SyncCommand | ApplicationCommand, time_is_short: Callable[[], bool]) -> bool:
        try:
            if isinstance(command, ApplicationCommand):
                self._worker.run_application(command)
            elif command.kind in LONG and time_is_short():
                self._worker.put_back(command)
            else:
                self._worker.run(command, time_is_short=time_is_short)
        except Exception as problem:  # noqa: BLE001 - the edge: one record's fault must not take its neighbours along
            # The type and the place, never the message: an exception may quote data.
            self._log.error(
                "a command failed", extra={"error_type": type(problem).__name__, "path": place_of_error(problem)}
            )
            self._metrics.count("CommandFailed")
            return False
        return True


def _is_long(command: SyncCommand | ApplicationCommand) -> bool:
    return isinstance(command, SyncCommand) and command.kind in LONG
