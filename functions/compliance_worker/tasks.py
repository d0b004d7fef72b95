"""Which function runs which task: the one table."""

from collections.abc import Mapping

from quayside.compliance import audit_tasks
from quayside.compliance.tasks import RunsTask

TASKS: Mapping[str, RunsTask] = {
    audit_tasks.CHECKPOINT: audit_tasks.take_checkpoints,
}
"""Every task by its name. What the schedules of the template ask for is among them; a test compares."""
