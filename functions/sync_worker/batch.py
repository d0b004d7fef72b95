"""A batch of queue messages: each is run by itself, and only those that failed come again.

Short work goes first. Long work (the loading of a report) is told when the function's time runs short, stops there and
goes on with another command; when time is short before it begins, it goes back to the queue.

A message that failed comes again after seconds, then minutes: the queue's own timeout is as long as a worker may need,
and somebody may be looking at a page that waits for it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from quayside.kernel.errors import InvalidInput
from quayside.sync.commands import ApplicationCommand, Kind, SyncCommand, decode_any_command

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.kernel.observability import Metrics
    from quayside.sync.worker import Worker


class BatchItemFailure(TypedDict):
    """The id of a message that has to come again."""

    itemIdentifier: str


class BatchAnswer(TypedDict):
    """What Lambda expects of a function with partial batch responses."""

    batchItemFailures: list[BatchItemFailure]


LONG: frozenset[Kind] = frozenset({"report.collect", "report.load"})
"""The kinds of command that may take as long as a function has."""


COMES_AGAIN_SECONDS = (10, 60, 240)
"""After how long a message that failed for the first, second and third time comes again; later, when the queue says."""

Postpone = Callable[[str, int], None]
"""Lets the message of a receipt handle come again after so many seconds."""


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
        whole = milliseconds_left() if milliseconds_left else 0

        def time_is_short() -> bool:
            return milliseconds_left is not None and 3 * milliseconds_left() < whole

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
                self._let_come_again(each)
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
            self._log.error("a command failed", extra={"error_type": type(problem).__name__, "path": _place(problem)})
            self._metrics.count("CommandFailed")
            return False
        return True

    def _let_come_again(self, record: _Record) -> None:
        if record.received > len(COMES_AGAIN_SECONDS):
            return
        try:
            self._postpone(record.receipt_handle, COMES_AGAIN_SECONDS[record.received - 1])
        except (BotoCoreError, ClientError) as problem:
            # It comes again all the same, when the queue's own timeout is over.
            self._log.warning("a failed command comes again late", extra={"error_type": type(problem).__name__})


def _is_long(command: SyncCommand | ApplicationCommand) -> bool:
    return isinstance(command, SyncCommand) and command.kind in LONG


def _place(problem: BaseException) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
