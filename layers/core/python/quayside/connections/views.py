"""What the API shows of connections, in the field names of the contract with the web app."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from quayside.connections.records import Connection, DatasetHealth, QuarantinedMessage, Step
from quayside.connections.rules import (
    STEPS,
    DatasetState,
    Status,
    StepState,
    dataset_state,
    is_overdue,
    progress_of,
    share_walked,
)
from quayside.kernel.clock import format_instant, parse_instant


class DatasetTerms(Protocol):
    """What a view needs to know of a dataset; the registry of ``quayside.sync`` provides it."""

    @property
    def key(self) -> str:
        """Name of the dataset."""
        ...

    @property
    def title(self) -> str:
        """Name for people."""
        ...

    @property
    def objective_seconds(self) -> int:
        """How old its last success may be."""
        ...


class MarketplaceView(msgspec.Struct, frozen=True):
    """A marketplace of a connection."""

    marketplace_id: str
    country_code: str
    name: str


class StepView(msgspec.Struct, frozen=True):
    """A step of connecting."""

    key: str
    title: str
    state: StepState
    detail: str


class ProgressView(msgspec.Struct, frozen=True):
    """How far long work is; the estimates are None while there is too little to say."""

    done: int
    total_estimate: int | None
    unit: Literal["orders"]
    estimated_finish_at: str | None


class DatasetView(msgspec.Struct, frozen=True):
    """The health of a dataset: how fresh it is, and if not, why and what to do."""

    dataset: str
    title: str
    objective_seconds: int
    last_success_at: str | None
    last_attempt_at: str | None
    rows: int
    state: DatasetState
    reason: str
    action: str
    progress: ProgressView | None


class ConnectionView(msgspec.Struct, frozen=True):
    """A connection with its steps and its datasets."""

    connection_id: str
    selling_partner_id: str
    region: str
    name: str
    status: Status
    status_reason: str
    status_action: str
    connected_at: str | None
    authorisation_expires_at: str | None
    marketplaces: tuple[MarketplaceView, ...]
    steps: tuple[StepView, ...]
    datasets: tuple[DatasetView, ...]
    quarantined: int


class ConnectionList(msgspec.Struct, frozen=True):
    """All connections of a tenant."""

    connections: tuple[ConnectionView, ...]


class Authorization(msgspec.Struct, frozen=True):
    """Where to send the seller, and until when they have to come back."""

    consent_url: str
    expires_at: str


class QuarantineEntry(msgspec.Struct, frozen=True):
    """A message in quarantine; ``payload`` is what arrived, without personal data."""

    entry_id: str
    received_at: str
    type: str
    reason: str
    action: str
    payload: msgspec.Raw | str


class QuarantinePage(msgspec.Struct, frozen=True):
    """A page of a quarantine."""

    entries: tuple[QuarantineEntry, ...]
    next_cursor: str | None


def connection_view(
    connection: Connection,
    health: Mapping[str, DatasetHealth],
    datasets: Iterable[DatasetTerms],
    *,
    quarantined: int,
    now: datetime,
) -> ConnectionView:
    """Show a connection.

    An authorisation whose code can no longer be exchanged is shown as failed even when nothing was left to say so:
    its worker's command may have been lost.
    """
    connection = _truly(connection, now)
    return ConnectionView(
        connection_id=connection.connection_id,
        selling_partner_id=connection.selling_partner_id,
        region=connection.region,
        name=connection.name,
        status=connection.status,
        status_reason=connection.status_reason,
        status_action=connection.status_action,
        connected_at=connection.connected_at,
        authorisation_expires_at=connection.authorisation_expires_at,
        marketplaces=tuple(
            MarketplaceView(each.marketplace_id, each.country_code, each.name) for each in connection.marketplaces
        ),
        steps=tuple(
            StepView(key, title, connection.steps[key].state, connection.steps[key].detail)
            for key, title in STEPS
            if key in connection.steps
        ),
        datasets=tuple(_dataset_view(connection, terms, health.get(terms.key), now) for terms in datasets),
        quarantined=quarantined,
    )


def _truly(connection: Connection, now: datetime) -> Connection:
    exchange = connection.steps.get("exchange")
    exchanging = exchange is not None and exchange.state == "running"
    began_at = parse_instant(connection.began_at)
    if not is_overdue(connection.status, exchanging=exchanging, began_at=began_at, now=now):
        return connection
    reason = "The code of your consent expired before it could be used."
    return msgspec.structs.replace(
        connection,
        status="failed",
        status_reason=reason,
        status_action="Connect the account again.",
        steps={**connection.steps, "exchange": Step("failed", reason)},
    )


def _dataset_view(
    connection: Connection, terms: DatasetTerms, health: DatasetHealth | None, now: datetime
) -> DatasetView:
    progress = _progress(health, now)
    last_success = parse_instant(health.last_success_at) if health and health.last_success_at else None
    state = dataset_state(
        connection.status,
        last_success_at=last_success,
        failed=bool(health and health.failure_reason),
        running=progress is not None,
        objective_seconds=terms.objective_seconds,
        now=now,
    )
    reason, action = _words(state, health)
    return DatasetView(
        dataset=terms.key,
        title=terms.title,
        objective_seconds=terms.objective_seconds,
        last_success_at=health.last_success_at if health else None,
        last_attempt_at=health.last_attempt_at if health else None,
        rows=int(health.rows or 0) if health else 0,
        state=state,
        reason=reason,
        action=action,
        progress=progress,
    )


def _words(state: DatasetState, health: DatasetHealth | None) -> tuple[str, str]:
    if state == "failing" and health is not None:
        said = health.failure_reason or ""
        if health.failure_request_id:
            said = f"{said} (Amazon's request id: {health.failure_request_id})"
        return said, health.failure_action or ""
    if state == "late":
        return (
            "The last check is older than it should be.",
            "Nothing to do: it catches up by itself.",
        )
    if state == "waiting":
        return "The first data is on its way.", ""
    if state == "off":
        return "The connection is not active.", "Connect again to resume."
    brought: float | None = health.last_rows if health else None
    if brought == 0:
        return "The last check brought nothing new.", ""
    return "", ""


def _progress(health: DatasetHealth | None, now: datetime) -> ProgressView | None:
    walk = health.walk() if health else None
    if walk is None or walk.done:
        return None
    total, finish = progress_of(
        rows=walk.rows,
        rows_before=walk.rows_before,
        share=share_walked(
            (parse_instant(walk.created_after), parse_instant(walk.created_before)),
            parse_instant(walk.last_seen) if walk.last_seen else None,
        ),
        last_window=walk.created_after <= walk.oldest,
        started=parse_instant(walk.started_at),
        now=now,
    )
    return ProgressView(walk.rows, total, "orders", format_instant(finish) if finish else None)


def quarantine_page(messages: Iterable[QuarantinedMessage], next_cursor: str | None) -> QuarantinePage:
    """Show a page of a quarantine."""
    return QuarantinePage(tuple(_entry(each) for each in messages), next_cursor)


def _entry(message: QuarantinedMessage) -> QuarantineEntry:
    try:
        msgspec.json.decode(message.payload)
        payload: msgspec.Raw | str = msgspec.Raw(message.payload.encode())
    except msgspec.DecodeError:
        payload = message.payload
    return QuarantineEntry(message.entry_id, message.received_at, message.type, message.reason, message.action, payload)
