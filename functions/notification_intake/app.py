"""The Lambda entry point of the notification intake."""

from collections.abc import Callable
from functools import cache
from typing import Any

from notification_intake.container import Container, compose
from notification_intake.intake import messages_of
from quayside.kernel.observability import guarded

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def build(container: Callable[[], Container]) -> Handler:
    """Build a handler on a container, which is composed at the first event."""

    def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
        failed = container().intake.take(messages_of(event))
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    return handle


handler = guarded(build(cache(compose)))
"""Takes a batch of the intake queue and answers which messages have to be delivered again."""
