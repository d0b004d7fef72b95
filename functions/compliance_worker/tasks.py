"""Which function runs which task: the one table."""

from collections.abc import Mapping

from quayside.compliance.tasks import RunsTask

TASKS: Mapping[str, RunsTask] = {}
"""Every task by its name. What the schedules of the template ask for is among them; a test compares."""
