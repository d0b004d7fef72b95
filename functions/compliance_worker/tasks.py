"""Which function runs which task: the one table."""

from collections.abc import Mapping

from quayside.compliance import (
    audit_tasks,
    canary,
    credentials_tasks,
    erasure_service,
    export_service,
    pii_service,
    retention_service,
)
from quayside.compliance.tasks import RunsTask

TASKS: Mapping[str, RunsTask] = {
    audit_tasks.CHECKPOINT: audit_tasks.take_checkpoints,
    pii_service.EXPIRE: pii_service.expire,
    pii_service.MANIFEST: pii_service.make_manifests,
    "erasure.due": erasure_service.begin_due,
    "erasure.run": erasure_service.run,
    retention_service.SWEEP: retention_service.sweep,
    export_service.RUN: export_service.run,
    "credentials.review": credentials_tasks.review,
    "canary": canary.watch,
}
"""Every task by its name. What the schedules of the template ask for is among them; a test compares."""
