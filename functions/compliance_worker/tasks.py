"""Which function runs which task: the one table. A module is imported when its first task comes.

A process that has just started has one task before it, and the making of an export alone imports every feature.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quayside.compliance.tasks import RunsTask

_RUN_BY: Mapping[str, tuple[str, str]] = {
    "audit.checkpoint": ("audit_tasks", "take_checkpoints"),
    "pii.expire": ("pii_service", "expire"),
    "pii.manifest": ("pii_service", "make_manifests"),
    "erasure.due": ("erasure_service", "begin_due"),
    "erasure.run": ("erasure_service", "run"),
    "retention.sweep": ("retention_service", "sweep"),
    "export.run": ("export_working", "run"),
    "credentials.review": ("credentials_tasks", "review"),
    "canary": ("canary", "watch"),
}
"""Of each task the module of ``quayside.compliance`` and the function in it."""


class _Imported(Mapping[str, "RunsTask"]):
    """The functions by task; asking for one imports its module."""

    def __getitem__(self, task: str) -> "RunsTask":
        module, name = _RUN_BY[task]
        found: RunsTask = getattr(import_module(f"quayside.compliance.{module}"), name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_RUN_BY)

    def __len__(self) -> int:
        return len(_RUN_BY)


TASKS: Mapping[str, "RunsTask"] = _Imported()
"""Every task by its name. What the schedules of the template ask for is among them; a test compares."""
