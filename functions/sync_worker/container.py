"""Composition root of sync_worker: what its use cases work with."""

import secrets
from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Protocol

from quayside.amazon.circuits import Circuits
from quayside.amazon.ledger import Ledger
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import Downloads, HttpTransport, Transport, Uploads
from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.storage.connection import USES_CREDENTIALS, Store, bind
from quayside.sync import service
from quayside.sync.worker import Collaborators, Worker
from sync_worker.batch import Batch
from sync_worker.use_cases import application_use_cases, use_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

    from quayside.compliance.erasure_rules import Cause
    from quayside.kernel.ids import ConnectionId

REQUIRED = (
    "core_table", "vault_table", "audit_table", "coordination_table", "intake_queue_arn", "work_queue_url",
    "vault_key_arn", "pii_table", "pii_keys_table", "pii_key_arn", "tenant_role_arn", "raw_bucket",
    "amazon_application_id", "lwa_client_id",
)  # fmt: skip


class Door(Transport, Downloads, Protocol):
    """The way out to Amazon: its calls and its documents."""


def note_revoked(clock: Clock) -> "Callable[[ConnectionId], None]":
    """Return what notes that the data of a connection is to be erased, for its seller withdrew at Amazon."""
    return _noting("revocation", "amazon", clock)


def note_failed(clock: Clock) -> "Callable[[ConnectionId], None]":
    """Return what notes that what is left of a connection is to be erased, for it could not be authorised."""
    return _noting("failure", "sync_worker", clock)


def _noting(cause: "Cause", requested_by: str, clock: Clock) -> "Callable[[ConnectionId], None]":
    def note(connection_id: "ConnectionId") -> None:
        from quayside.compliance.erasure_service import connection_ended  # noqa: PLC0415 - few commands need it

        connection_ended(
            connection_id, cause=cause, requested_by=requested_by, clock=clock, entropy=secrets.token_bytes
        )

    return note


def build(environ: Mapping[str, str]) -> Batch:
    """Build the worker of production from its environment.

    Raises:
        InvalidSettings: the environment lacks something the worker needs.
    """
    settings = load_settings(environ, *REQUIRED)
    bind(Store(settings, USES_CREDENTIALS))
    service_name = settings.powertools_service_name
    door = HttpTransport(settings)
    return assemble(
        settings,
        door,
        uploads=door,
        clock=SystemClock(),
        random=Random(),  # noqa: S311 - jitter, no secret
        metrics=PowertoolsMetrics(settings.powertools_metrics_namespace, service_name),
        log=logger(service_name, settings.log_level),
    )


def assemble(  # noqa: PLR0913 - the collaborators a test replaces
    settings: Settings,
    door: Door,
    *,
    clock: Clock,
    random: Random,
    metrics: Metrics,
    log: "Logger",
    uploads: Uploads | None = None,
) -> Batch:
    """Put a worker together from its collaborators."""
    worker = Worker(
        Collaborators(
            settings=settings,
            transport=door,
            downloads=door,
            tokens=TokenBroker(settings, door, clock, secrets.token_bytes),
            ledger=Ledger(settings.amazon_application_id, clock),
            circuits=Circuits(settings.amazon_application_id, clock),
            use_cases=use_cases(),
            application_use_cases=application_use_cases(),
            clock=clock,
            entropy=secrets.token_bytes,
            random=random,
            metrics=metrics,
            logger=log,
            revoked=note_revoked(clock),
            failed=note_failed(clock),
            uploads=uploads,
        )
    )
    return Batch(worker, service.let_come_again, metrics, log)
