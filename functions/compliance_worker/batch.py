"""A batch of queue messages: each task is run by itself, and only those that failed come again.

A task that failed comes again after seconds, then minutes: the queue's own timeout is as long as a task may take.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from quayside.compliance.tasks import ComplianceTask, RunsTask, Work, decode_task, let_come_again
from quayside.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.kernel.clock import Clock
    from quayside.kernel.observability import Metrics


class BatchItemFailure(TypedDict):
    """The id of a message that has to come again."""

    itemIdentifier: str


class BatchAnswer(TypedDict):
    """What Lambda expects of a function with partial batch responses."""

    batchItemFailures: list[BatchItemFailure]


COMES_AGAIN_SECONDS = (10, 60, 240)
"""After how long a task that failed for the first, second and third time comes again; later, when the queue says."""


class Batch:
    """Runs the records of one event."""

    def __init__(
        self,
        tasks: Mapping[str, RunsTask],
        clock: "Clock",
        entropy: Callable[[int], bytes],
        metrics: "Metrics",
        log: "Logger",
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._entropy = entropy
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

        work = Work(self._clock, self._entropy, self._metrics, self._log, time_is_short)
        failures: list[BatchItemFailure] = []
        for record in event["Records"]:
            if not self._run(record["body"], work):
                failures.append({"itemIdentifier": record["messageId"]})
                self._let_come_again(record)
        self._metrics.flush()
        return {"batchItemFailures": failures}

    def _run(self, body: str, work: Work) -> bool:
        try:
            task = decode_task(body)
            run = self._tasks[task.task]
        except (InvalidInput, KeyError):
            # It will never be a task. It fails until it lands in the dead-letter queue, where people look.
            self._log.error("a message is no task that is known")
            self._metrics.count("InvalidComplianceTask")
            return False
        try:
            run(task, work)
        except Exception as problem:  # noqa: BLE001 - the edge: one record's fault must not take its neighbours along
            self._report(task, problem)
            return False
        return True

    def _report(self, task: ComplianceTask, problem: Exception) -> None:
        # The type and the place, never the message: an exception may quote data.
        self._log.error(
            "a task failed",
            extra={
                "action": task.task,
                "tenant_id": task.tenant_id,
                "error_type": type(problem).__name__,
                "path": _place(problem),
            },
        )
        self._metrics.count("ComplianceTaskFailed")

    def _let_come_again(self, record: dict[str, Any]) -> None:
        received = int(record["attributes"]["ApproximateReceiveCount"])
        if received > len(COMES_AGAIN_SECONDS):
            return
        try:
            let_come_again(record["receiptHandle"], COMES_AGAIN_SECONDS[received - 1])
        except (BotoCoreError, ClientError) as problem:
            # It comes again all the same, when the queue's own timeout is over.
            self._log.warning("a failed task comes again late", extra={"error_type": type(problem).__name__})


def _place(problem: BaseException) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
