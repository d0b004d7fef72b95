"""The Lambda entry point of the metrics roller."""

from collections.abc import Callable
from functools import cache
from typing import Any

from metrics_roller.container import Container, compose
from quayside.analytics.rolling_service import Rolled, roll
from quayside.kernel.observability import guarded

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def build(container: Callable[[], Container]) -> Handler:
    """Build a handler on a container, which is composed at the first event."""

    def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
        present = container()
        return answer(present, roll(event["Records"], present.clock))

    return handle


def answer(container: Container, rolled: Rolled) -> dict[str, Any]:
    """Count and log what happened, and say from which record the stream has to be delivered again."""
    metrics = container.metrics
    if rolled.writes:
        metrics.count("FiguresWritten", rolled.writes)
    for unreadable in rolled.unreadable:
        metrics.count("StreamRecordsUnreadable")
        container.logger.error("A stream record is no fact that counts", extra={"reason": unreadable.reason})
    if rolled.boards:
        metrics.count("RankingsMade", rolled.boards)
    for problem in rolled.board_failures:
        metrics.count("RankingsFailed")
        container.logger.warning("Products could not be ranked", extra={"error_type": type(problem).__name__})
    failures = []
    if rolled.failed_sequence_number is not None:
        metrics.count("FigureWritesFailed")
        container.logger.warning("A figure could not be written", extra={"error_type": type(rolled.failure).__name__})
        failures = [{"itemIdentifier": rolled.failed_sequence_number}]
    metrics.flush()
    return {"batchItemFailures": failures}


handler = guarded(build(cache(compose)))
"""Takes a batch of the Core table's stream and answers what failed of it."""
