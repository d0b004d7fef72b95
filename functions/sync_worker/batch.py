"""A batch of queue messages: each is run by itself, and only those that failed come again."""

from typing import TYPE_CHECKING, Any, TypedDict

from quayside.kernel.errors import InvalidInput
from quayside.sync.commands import decode_command

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


class Batch:
    """Runs the records of one event."""

    def __init__(self, worker: "Worker", metrics: "Metrics", log: "Logger") -> None:
        self._worker = worker
        self._metrics = metrics
        self._log = log

    def run_batch(self, event: dict[str, Any]) -> BatchAnswer:
        """Run every record; a record that fails is reported and does not touch the others."""
        failures: list[BatchItemFailure] = [
            {"itemIdentifier": record["messageId"]} for record in event["Records"] if not self._run(record)
        ]
        self._metrics.flush()
        return {"batchItemFailures": failures}

    def _run(self, record: dict[str, Any]) -> bool:
        try:
            self._worker.run(decode_command(record["body"]))
        except InvalidInput as problem:
            # It will never be a command. It fails until it lands in the dead-letter queue, where people look.
            self._log.error("a message is no command", extra={"reason": problem.detail})
            self._metrics.count("InvalidCommand")
            return False
        except Exception as problem:  # noqa: BLE001 - the edge: one record's fault must not take its neighbours along
            # The type and the place, never the message: an exception may quote data.
            self._log.error("a command failed", extra={"error_type": type(problem).__name__, "path": _place(problem)})
            self._metrics.count("CommandFailed")
            return False
        return True


def _place(problem: BaseException) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
