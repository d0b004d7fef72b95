"""Composition root of sync_worker: which use case runs which kind of command, and on what."""

import secrets
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from quayside.amazon.ledger import Ledger
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import HttpTransport, Transport
from quayside.inventory.service import apply_positions
from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.orders.service import apply_orders
from quayside.storage.connection import USES_CREDENTIALS, Store, bind
from quayside.sync import service
from quayside.sync.worker import Collaborators, Worker
from sync_worker.batch import Batch

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from quayside.sync.commands import Kind
    from quayside.sync.service import UseCase

REQUIRED = (
    "core_table", "vault_table", "coordination_table", "intake_queue_arn", "work_queue_url", "vault_key_arn",
    "tenant_role_arn", "amazon_application_id", "lwa_client_id",
)  # fmt: skip


def use_cases() -> "Mapping[Kind, UseCase]":
    """Return the use case of every kind of command."""
    return {
        "connection.authorise": service.authorise,
        "connection.release": service.release,
        "orders.fetch": service.fetch_order(apply_orders),
        "orders.search": service.search_orders(apply_orders),
        "inventory.list": service.list_inventory(apply_positions),
    }


def build(environ: Mapping[str, str]) -> Batch:
    """Build the worker of production from its environment.

    Raises:
        InvalidSettings: the environment lacks something the worker needs.
    """
    settings = load_settings(environ, *REQUIRED)
    bind(Store(settings, USES_CREDENTIALS))
    service_name = settings.powertools_service_name
    return assemble(
        settings,
        HttpTransport(settings),
        clock=SystemClock(),
        random=Random(),  # noqa: S311 - jitter, no secret
        metrics=PowertoolsMetrics(settings.powertools_metrics_namespace, service_name),
        log=logger(service_name, settings.log_level),
    )


def assemble(  # noqa: PLR0913 - the collaborators a test replaces
    settings: Settings, transport: Transport, *, clock: Clock, random: Random, metrics: Metrics, log: "Logger"
) -> Batch:
    """Put a worker together from its collaborators."""
    worker = Worker(
        Collaborators(
            settings=settings,
            transport=transport,
            tokens=TokenBroker(settings, transport, clock, secrets.token_bytes),
            ledger=Ledger(settings.amazon_application_id, clock),
            use_cases=use_cases(),
            clock=clock,
            entropy=secrets.token_bytes,
            random=random,
            metrics=metrics,
            logger=log,
        )
    )
    return Batch(worker, metrics, log)
