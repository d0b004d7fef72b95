"""A batch of queue messages: each task is run by itself, and only those that failed come again."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from quayside.compliance.tasks import ComplianceTask, RunsTask, Work, decode_task
from quayside.kernel.errors import InvalidInput
from quayside.kernel.observability import place_of_error
from quayside.storage.batches import BatchAnswer, Postpone, postpone_failed, short_of_time

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.kernel.clock import Clock
    from quayside.kernel.observability import Metrics
    from quayside.storage.batches import BatchItemFailure


class Batch:
    """Runs the records of one event."""

    def __init__(  # noqa: PLR0913, PLR0917 - what a batch runs with
        self,
        tasks: Mapping[str, RunsTask],
        postpone: Postpone,
        clock: "Clock",
        entropy: Callable[[int], bytes],
        metrics: "Metrics",
        log: "Logger",
    ) -> None:
        self._tasks = tasks
        self._postpone = postpone
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
        time_is_short = short_of_time(milliseconds_left)
        work = Work(self._clock, self._entropy, self._metrics, self._log, time_is_short)
        failures: list[BatchItemFailure] = []
        for record in event["Records"]:
            if not self._run(record["body"], work):
                failures.append({"itemIdentifier": record["messageId"]})
                received = int(record["attributes"]["ApproximateReceiveCount"])
                postpone_failed(self._postpone, record["receiptHandle"], received, self._log, "task")
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
                "path": place_of_error(problem),
            },
        )
        self._metrics.count("ComplianceTaskFailed")
