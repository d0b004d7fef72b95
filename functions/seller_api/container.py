"""What the routes are given: built once a process, each part when it is first asked for."""

import os
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from quayside.accounts.store import CognitoIdentityProvider, IdentityProvider, find_member
from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.storage import audit
from quayside.storage.blocks import block_of
from quayside.storage.connection import STORES_CREDENTIALS, Store, bind

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.accounts.service import FindBlock, FindMember
    from quayside.storage.audit_chain import AuditEvent
    from quayside.sync.service import Desk


class Container:
    """The collaborators of the seller API."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        identity: IdentityProvider | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """Take what is given and build the rest; the store is bound for the whole process."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = bind(store or Store(settings, STORES_CREDENTIALS))
        self.find_member: FindMember = find_member
        self.find_block: FindBlock = block_of
        self.record: audit.RecordEvent = self._record
        self._identity = identity
        self._metrics = metrics

    def _record(self, event: "AuditEvent", *, application: bool) -> None:
        if application:
            audit.append_application(event, clock=self.clock)
        else:
            audit.append(event, clock=self.clock)

    @cached_property
    def desk(self) -> "Desk":
        """Asks the worker for work."""
        from quayside.sync.service import Desk  # noqa: PLC0415 - few requests need it

        return Desk(self.clock, secrets.token_bytes)

    @cached_property
    def identity(self) -> IdentityProvider:
        """The identity provider; its client is made when a request first needs it."""
        return self._identity or CognitoIdentityProvider(
            lambda: self.store.system.client("cognito-idp"),
            self.settings.user_pool_id,
            self.settings.user_pool_client_id,
        )

    @cached_property
    def logger(self) -> "Logger":
        """The structured logger."""
        return logger(self.settings.powertools_service_name, self.settings.log_level)

    @cached_property
    def metrics(self) -> Metrics:
        """The metrics of this function."""
        return self._metrics or PowertoolsMetrics(
            self.settings.powertools_metrics_namespace, self.settings.powertools_service_name
        )


def compose() -> Container:
    """Build the container from the environment of the function."""
    return Container(
        load_settings(
            os.environ,
            "core_table",
            "coordination_table",
            "vault_table",
            "audit_table",
            "vault_key_arn",
            "pii_table",
            "pii_keys_table",
            "pii_key_arn",
            "work_queue_url",
            "compliance_queue_url",
            "exports_bucket",
            "uploads_bucket",
            "documents_bucket",
            "audit_table",
            "intake_queue_url",
            "tenant_role_arn",
            "user_pool_id",
            "user_pool_client_id",
            "lwa_client_id",
        )
    )
