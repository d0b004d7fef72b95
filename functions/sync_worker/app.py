"""Entry point of sync_worker: a batch of commands in, the ones to deliver again out."""

import os
from typing import TYPE_CHECKING, Any

from sync_worker.container import build

if TYPE_CHECKING:
    from sync_worker.batch import BatchAnswer

_container = build(os.environ)


def handler(event: dict[str, Any], _context: object) -> "BatchAnswer":
    """Run every command of the batch; report those that have to come again."""
    return _container.run_batch(event)
