"""Entry point of schedules: reads what is due and sends its commands; never calls Amazon."""

import os
from typing import Any

from quayside.kernel.observability import guarded
from schedules.container import build

_container = build(os.environ)


@guarded
def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Send the commands of everything that is due."""
    return _container.run()
