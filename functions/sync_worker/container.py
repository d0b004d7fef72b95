"""Composition root of sync_worker: which use case runs which kind of command, and on what."""

import secrets
from collections.abc import Mapping
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Protocol

from quayside.amazon.circuits import Circuits
from quayside.amazon.ledger import Ledger
from quayside.amazon.tokens import TokenBroker
from quayside.amazon.transport import Downloads, HttpTransport, Transport, Uploads
from quayside.analytics.products_service import daily_units
from quayside.analytics.service import apply_traffic_rows
from quayside.catalog import bulk_working, editing
from quayside.catalog import grid_service as grid
from quayside.catalog import service as catalog
from quayside.compliance import credentials_service
from quayside.finance import cost_service
from quayside.finance import service as finance
from quayside.fulfilment import service as fulfilment
from quayside.inventory.service import apply_positions, fulfillable_of, look_at_stock
from quayside.kernel.clock import Clock, SystemClock
from quayside.kernel.observability import Metrics, PowertoolsMetrics, logger
from quayside.kernel.settings import Settings, load_settings
from quayside.messages import working as messages
from quayside.orders.returns import apply_return_rows
from quayside.orders.service import apply_orders, apply_report_rows
from quayside.restock import advice_service
from quayside.restock import service as restock
from quayside.reviews import working as reviews
from quayside.sourcing import working as sourcing
from quayside.storage.connection import USES_CREDENTIALS, Store, bind
from quayside.supply_chain.pipeline_service import Supply
from quayside.supply_chain.service import apply_inbound
from quayside.sync import datasets, recipients, reports, routines, service
from quayside.sync.registry import (
    CUSTOMER_RETURNS,
    LISTINGS,
    MERCHANT_LISTINGS,
    ORDERS_BY_LAST_UPDATE,
    ORDERS_BY_ORDER_DATE,
    RESTOCK_RECOMMENDATIONS,
    SETTLEMENT,
    TRAFFIC,
)
from quayside.sync.worker import Collaborators, Worker
from sync_worker.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger

    from quayside.compliance.erasure_rules import Cause
    from quayside.kernel.ids import ConnectionId
    from quayside.sync.commands import ApplicationUse, Kind
    from quayside.sync.service import ApplicationUseCase, UseCase
    from quayside.sync.sinks import ReportSink

REQUIRED = (
    "core_table", "vault_table", "audit_table", "coordination_table", "intake_queue_arn", "work_queue_url",
    "vault_key_arn", "pii_table", "pii_keys_table", "pii_key_arn", "tenant_role_arn", "raw_bucket",
    "amazon_application_id", "lwa_client_id",
)  # fmt: skip


class Door(Transport, Downloads, Protocol):
    """The way out to Amazon: its calls and its documents."""


def report_sinks() -> "Mapping[str, ReportSink]":
    """Return where the rows of each type of report go."""
    return {
        ORDERS_BY_ORDER_DATE: apply_report_rows,
        ORDERS_BY_LAST_UPDATE: apply_report_rows,
        MERCHANT_LISTINGS: catalog.apply_listing_rows,
        CUSTOMER_RETURNS: reviews.noting_returns(apply_return_rows),
        SETTLEMENT: finance.apply_settlement_rows,
        TRAFFIC: apply_traffic_rows,
        RESTOCK_RECOMMENDATIONS: advice_service.apply_advice_rows,
    }


def use_cases() -> "Mapping[Kind, UseCase]":
    """Return the use case of every kind of command."""
    lines = grid.Ports(fulfillable_of, cost_service.unit_costs)
    store_orders = fulfilment.with_recipients(apply_orders)
    return {
        "connection.authorise": service.authorise,
        "connection.release": service.release,
        "credential.review": credentials_service.review_credential,
        "orders.fetch": datasets.fetch_order(store_orders),
        "orders.search": datasets.search_orders(store_orders, reports.plan),
        "orders.history": reports.orders_history,
        "inventory.list": datasets.list_inventory(apply_positions),
        "report.request": reports.request,
        "report.check": reports.check,
        "report.collect": reports.collect,
        "report.load": reports.load(report_sinks()),
        "report.find": reports.find,
        "listings.refresh": datasets.refresh_listings(reports.plan),
        "listings.fetch": datasets.fetch_listing(grid.with_lines(catalog.apply_listings, lines)),
        "listings.preview": editing.preview,
        "listings.apply": editing.apply,
        "listings.send_file": bulk_working.send,
        "listings.check_file": bulk_working.check,
        "listings.collect_file": bulk_working.collect,
        "catalog.refresh": datasets.refresh_catalog(catalog.known_asins, catalog.apply_catalog_items),
        "finances.list": datasets.list_transactions(reviews.noting_refunds(finance.apply_transactions)),
        "fees.estimate": datasets.estimate_fees(catalog.priced_skus, finance.apply_fee_estimates),
        "inbound.list": datasets.list_inbound(apply_inbound),
        "returns.refresh": datasets.refresh_returns(reports.plan),
        "traffic.refresh": datasets.refresh_traffic(reports.plan),
        "advice.refresh": datasets.refresh_advice(reports.plan),
        "recipients.find": recipients.find(fulfilment.apply_recipients),
        "recipients.fetch": recipients.fetch(fulfilment.apply_recipients),
        "personal_data.destroy": fulfilment.destroy_recipient,
        "personal_data.forget": fulfilment.forget_recipients,
        "stock.look": routines.walk_stock(look_at_stock),
        "suggestions.compute": routines.walk_stock(
            partial(restock.compute, daily_units=daily_units, open_supply=Supply)
        ),
        "grid.compute": routines.walk_stock(partial(grid.compute, ports=lines), LISTINGS),
        "grid.line": grid.refresh_one(lines),
        "reviews.send": reviews.send,
        "reviews.plan": reviews.plan,
        "messages.offer": messages.offer,
        "messages.send": messages.send,
        "research.refresh": sourcing.refresh,
    }


def application_use_cases() -> "Mapping[ApplicationUse, ApplicationUseCase]":
    """Return the use case of every kind of command of the application itself."""
    return {
        "client_secret.review": credentials_service.review_client_secret,
        "client_secret.rotate": credentials_service.rotate_client_secret,
    }


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
