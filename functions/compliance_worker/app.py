"""Entry point of compliance_worker: tasks in, the ones to deliver again out."""

import os
from typing import TYPE_CHECKING, Any, Protocol

from compliance_worker.container import build
from quayside.kernel.observability import guarded

if TYPE_CHECKING:
    from quayside.storage.batches import BatchAnswer

_container = build(os.environ)


class Context(Protocol):
    """What is used of the invocation's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how much of the function's time is left."""
        ...


@guarded
def handler(event: dict[str, Any], context: Context) -> "BatchAnswer":
    """Run every task of the batch; report those that have to come again."""
    return _container.run_batch(event, context.get_remaining_time_in_millis)
