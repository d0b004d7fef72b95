"""One task's fault touches no other, is named without its data, and its message comes again."""

from typing import Any

import pytest

from compliance_worker.batch import Batch
from quayside.compliance.tasks import ComplianceTask, Work, decode_task, encode_task
from quayside.kernel.clock import FixedClock, parse_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.kernel.observability import CountedMetrics, logger
from tests.support.amazon import entropy_of

T = tenant_id_of("one")
C = connection_id_of(T, "NA", "A1")
SECRET = "Wilma Example, 12 Harbour Street"


class Worker:
    """A batch runner whose tasks note what they were given."""

    def __init__(self) -> None:
        self.ran: list[ComplianceTask] = []
        self.short: list[bool] = []
        self.again: list[tuple[str, int]] = []
        self.metrics = CountedMetrics()
        clock = FixedClock(parse_instant("2026-11-21T10:11:12Z"))
        tasks = {"good": self._good, "bad": self._bad}
        self.batch = Batch(tasks, self._postpone, clock, entropy_of(1), self.metrics, logger("compliance_worker"))

    def _postpone(self, receipt_handle: str, seconds: int) -> None:
        self.again.append((receipt_handle, seconds))

    def _good(self, task: ComplianceTask, work: Work) -> None:
        self.ran.append(task)
        self.short.append(work.time_is_short())

    def _bad(self, _task: ComplianceTask, _work: Work) -> None:
        raise RuntimeError(SECRET)

    def run(self, *bodies: str, received: int = 1, left: int = 120_000) -> list[str]:
        records: list[dict[str, Any]] = [
            {
                "messageId": str(number),
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(received)},
            }
            for number, body in enumerate(bodies)
        ]
        remaining = iter([120_000, *[left] * 10])
        answer = self.batch.run_batch({"Records": records}, lambda: next(remaining))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_a_task_runs_with_what_its_message_says(worker: Worker) -> None:
    task = ComplianceTask("good", T, C, {"step": "3"})
    assert worker.run(encode_task(task), left=60_000) == []
    assert worker.ran == [task]
    assert worker.short == [False]
    assert worker.metrics.flushed == 1


def test_a_task_is_told_when_a_third_of_the_time_is_left(worker: Worker) -> None:
    worker.run('{"task":"good"}', left=39_000)
    assert worker.short == [True]


def test_a_failure_is_alone_counted_and_named_without_its_data(
    worker: Worker, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert worker.run('{"task":"bad"}', '{"task":"good"}') == ["0"]
    assert len(worker.ran) == 1
    assert worker.metrics.counts == {"ComplianceTaskFailed": 1}
    printed = capsys.readouterr().out + caplog.text
    assert "a task failed" in caplog.text
    assert caplog.records[0].error_type == "RuntimeError"  # type: ignore[attr-defined]  # an extra field
    assert SECRET not in printed


@pytest.mark.parametrize(("received", "seconds"), [(1, 10), (2, 60), (3, 240)])
def test_a_task_that_failed_comes_again_soon_at_first(worker: Worker, received: int, seconds: int) -> None:
    worker.run('{"task":"bad"}', received=received)
    assert worker.again == [("handle-0", seconds)]


def test_later_the_queues_own_timeout_decides(worker: Worker) -> None:
    worker.run('{"task":"bad"}', received=4)
    assert worker.again == []


@pytest.mark.parametrize("body", ["", "{}", '{"task":"unknown"}', '{"task":"good","tenant_id":"x"}'])
def test_what_is_no_task_fails_until_people_look(worker: Worker, body: str) -> None:
    assert worker.run(body) == ["0"]
    assert worker.metrics.counts == {"InvalidComplianceTask": 1}


def test_a_task_survives_its_message() -> None:
    for task in (ComplianceTask("a"), ComplianceTask("a", T), ComplianceTask("a", T, C, {"x": "1"})):
        assert decode_task(encode_task(task)) == task
    assert encode_task(ComplianceTask("a")) == '{"task":"a"}'
    with pytest.raises(InvalidInput):
        decode_task('{"task":"a","connection_id":"T#"}')
