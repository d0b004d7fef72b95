"""Composition root of compliance_worker."""

import secrets
from collections.abc import Mapping

from compliance_worker.batch import Batch
from compliance_worker.tasks import TASKS
from quayside.compliance.tasks import let_come_again
from quayside.kernel.clock import SystemClock
from quayside.kernel.observability import PowertoolsMetrics, logger
from quayside.kernel.settings import load_settings
from quayside.storage.connection import KEEPS_PROMISES, Store, bind

REQUIRED = (
    "core_table", "pii_table", "pii_keys_table", "vault_table", "audit_table", "coordination_table", "raw_bucket",
    "exports_bucket", "uploads_bucket", "documents_bucket", "audit_bucket", "compliance_queue_url", "work_queue_url",
    "vault_key_arn", "proof_key_arn", "tenant_role_arn", "canary_role_arns", "user_pool_id", "amazon_application_id",
)  # fmt: skip


def build(environ: Mapping[str, str]) -> Batch:
    """Build the worker of production from its environment.

    Raises:
        InvalidSettings: the environment lacks something the worker needs.
    """
    settings = load_settings(environ, *REQUIRED)
    bind(Store(settings, KEEPS_PROMISES))
    service_name = settings.powertools_service_name
    return Batch(
        TASKS,
        let_come_again,
        SystemClock(),
        secrets.token_bytes,
        PowertoolsMetrics(settings.powertools_metrics_namespace, service_name),
        logger(service_name, settings.log_level),
    )
