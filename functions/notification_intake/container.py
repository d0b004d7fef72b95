"""What the notification intake is given: built once a process."""

import os
import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from notification_intake.intake import Intake, Ports
from quayside.catalog import service as catalog
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.storage.blocks import block_of
from quayside.storage.connection import FACTS_ONLY, Store, bind
from quayside.sync import service as sync

if TYPE_CHECKING:
    from datetime import datetime

    from aws_lambda_powertools import Logger

    from quayside.amazon.envelopes import ClientSecretExpiry, NewClientSecret, ReportFinished
    from quayside.sync.commands import SyncCommand


def _report_finished(finished: "ReportFinished", now: "datetime") -> "SyncCommand | None":
    from quayside.sync.report_sending import finished as sent  # noqa: PLC0415 - only for reports of types of ours

    return sent(
        finished.report_id,
        finished.processing_status,
        finished.report_document_id,
        now=now,
        entropy=secrets.token_bytes,
    )


def _take_news(news: "NewClientSecret | ClientSecretExpiry", event_time: "datetime", clock: Clock) -> str:
    from quayside.compliance.credentials_service import take_news  # noqa: PLC0415 - a few times a year

    return take_news(news, event_time, clock)


PORTS = Ports(
    connections.serving,
    sync.enqueue,
    connections.quarantine,
    secrets.token_bytes,
    sync.want_prices,
    _report_finished,
    catalog.apply_status_change,
    connections.record_notified,
    connections.give_up,
    lambda tenant_id: block_of(tenant_id) is not None,
    _take_news,
)
"""The ports of the deployed function."""


class Container:
    """The collaborators of the notification intake."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        metrics: Metrics | None = None,
        ports: Ports = PORTS,
    ) -> None:
        """Take what is given and build the rest; the store is bound for the whole process."""
        self.settings = settings
        self.clock = clock or SystemClock()
        self.store = bind(store or Store(settings, FACTS_ONLY))
        self.metrics = metrics or PowertoolsMetrics(
            settings.powertools_metrics_namespace, settings.powertools_service_name
        )
        self.intake = Intake(ports, self.clock, self.metrics, self._log_failure)

    @cached_property
    def logger(self) -> "Logger":
        """The structured logger."""
        return logger(self.settings.powertools_service_name, self.settings.log_level)

    def _log_failure(self, step: str, problem: Exception) -> None:
        self.logger.warning(
            "A notification will be delivered again", extra={"step": step, "error_type": type(problem).__name__}
        )


def compose() -> Container:
    """Build the container from the environment of the function."""
    return Container(
        load_settings(
            os.environ,
            "core_table",
            "vault_table",
            "audit_table",
            "coordination_table",
            "vault_key_arn",
            "lwa_client_id",
            "work_queue_url",
            "intake_dead_letter_queue_url",
            "tenant_role_arn",
        )
    )
