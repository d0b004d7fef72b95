"""What the API shows of connections, in the field names of the contract with the web app."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from quayside.connections.records import Connection, CredentialRecord, DatasetHealth, QuarantinedMessage, Step
from quayside.connections.rules import (
    STEPS,
    UNUSED_DELETED_AFTER,
    DatasetState,
    Status,
    StepState,
    TroubleKind,
    UseStanding,
    dataset_state,
    finish_of,
    is_live,
    is_overdue,
    last_used,
    reminder,
    use_verdict,
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

    @property
    def role(self) -> str:
        """The SP-API role a seller grants for it."""
        ...

    @property
    def operations(self) -> "tuple[Named, ...]":
        """The calls it is read with."""
        ...

    def is_needed(self, features_off: Collection[str]) -> bool:
        """Return whether a feature that is on needs it."""
        ...


class Named(Protocol):
    """A call of Amazon's."""

    @property
    def name(self) -> str:
        """Amazon's name of it."""
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
    """How far long work is; the estimates are None while there is too little to say.

    ``windows`` tells for each part whether it is stored, the newest first.
    """

    done: int
    total_estimate: int | None
    unit: Literal["orders", "rows"]
    estimated_finish_at: str | None
    windows_done: int | None = None
    windows_total: int | None = None
    windows: tuple[bool, ...] | None = None


class TroubleView(msgspec.Struct, frozen=True):
    """What stops a whole connection, in words for its seller.

    ``revoked``: the seller withdrew the authorisation. ``our_secret``: Quayside's own access is refused. ``outage``:
    Amazon does not answer. ``access``: the authorisation lacks a role.
    """

    kind: TroubleKind
    title: str
    detail: str
    action: str
    since: str


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
    trouble: TroubleView | None
    permission: "PermissionView | None" = None


class ReminderView(msgspec.Struct, frozen=True):
    """That an authorisation ends soon, or that its key is about to be deleted; in words for its seller."""

    kind: Literal["ends", "unused"]
    title: str
    detail: str
    action: str


class RoleUseView(msgspec.Struct, frozen=True):
    """When a call that needs one of Amazon's roles last succeeded."""

    role: str
    last_used_at: str
    standing: UseStanding


class PermissionView(msgspec.Struct, frozen=True):
    """The authorisation a seller gave: since when, until when, what it was last used for, and what to do about it."""

    granted_at: str
    ends_at: str | None
    last_used_at: str | None
    roles: tuple[RoleUseView, ...]
    reminder: ReminderView | None


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


_WITHDRAWN = "The authorisation was withdrawn in Seller Central, or it ended after a year."


def connection_view(  # noqa: PLR0913 - what a connection is shown from
    connection: Connection,
    health: Mapping[str, DatasetHealth],
    datasets: Iterable[DatasetTerms],
    *,
    quarantined: int,
    now: datetime,
    credential: CredentialRecord | None = None,
) -> ConnectionView:
    """Show a connection.

    An authorisation whose code can no longer be exchanged is shown as failed even when nothing was left to say so:
    its worker's command may have been lost.
    """
    connection = _truly(connection, now)
    terms_of = tuple(datasets)
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
        datasets=tuple(dataset_view(connection, terms, health.get(terms.key), now) for terms in terms_of),
        quarantined=quarantined,
        trouble=trouble_view(connection, terms_of),
        permission=permission_view(connection, credential, now),
    )


def permission_view(
    connection: Connection, credential: CredentialRecord | None, now: datetime
) -> PermissionView | None:
    """Show the authorisation of a live connection; None when there is none."""
    if credential is None or not is_live(connection.status):
        return None
    uses = {role: parse_instant(at) for role, at in credential.uses().items()}
    last = last_used(parse_instant(credential.granted_at), uses)
    ends_at = connection.authorisation_expires_at
    return PermissionView(
        granted_at=credential.granted_at,
        ends_at=ends_at,
        last_used_at=format_instant(max(uses.values())) if uses else None,
        roles=tuple(RoleUseView(role, format_instant(at), use_verdict(at, now)) for role, at in sorted(uses.items())),
        reminder=_end_reminder(ends_at, now) or _unused_reminder(last, now),
    )


def _end_reminder(ends_at: str | None, now: datetime) -> ReminderView | None:
    due = None if ends_at is None else reminder(parse_instant(ends_at), now)
    if ends_at is None or due is None:
        return None
    day = ends_at[:10]
    if due == 0:
        title = "Amazon's permission has ended"
    elif due == 1:
        title = "Amazon's permission ends within a day"
    else:
        title = f"Amazon's permission ends within {due} days"
    return ReminderView(
        "ends",
        title,
        f"A seller's permission holds for a year, until {day}. After that nothing more can be read.",
        "Connect the account again; nothing is lost, and it takes a minute.",
    )


def _unused_reminder(last: datetime, now: datetime) -> ReminderView | None:
    if use_verdict(last, now) == "used":
        return None
    day = format_instant(last + UNUSED_DELETED_AFTER)[:10]
    return ReminderView(
        "unused",
        "The key to this account is not used",
        f"Nothing was read with it since {format_instant(last)[:10]}. Amazon asks that unused keys are deleted: this "
        f"one goes on {day}.",
        "Switch a feature on or resume its data to keep it, or disconnect the account.",
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


def in_step_at(health: DatasetHealth) -> datetime | None:
    """Return when a dataset was last in step with Amazon: read, or told by a notification since; None if never read."""
    if not health.last_success_at:
        return None
    read = parse_instant(health.last_success_at)
    return max(read, parse_instant(health.notified_at)) if health.notified_at else read


def dataset_view(
    connection: Connection, terms: DatasetTerms, health: DatasetHealth | None, now: datetime
) -> DatasetView:
    """Show how one dataset of a connection is doing."""
    progress = _progress(health, now)
    state = dataset_state(
        connection.status,
        last_success_at=in_step_at(health) if health else None,
        failed=bool(health and health.failure_reason),
        running=progress is not None,
        objective_seconds=terms.objective_seconds,
        now=now,
        needed=terms.is_needed(connection.features_off),
        paused=terms.key in connection.paused,
    )
    reason, action = _words(state, connection, terms, health)
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


def _words(
    state: DatasetState, connection: Connection, terms: DatasetTerms, health: DatasetHealth | None
) -> tuple[str, str]:
    if state == "off":
        if is_live(connection.status):
            return "Switched off: no feature that is on needs it.", "Switch its feature on to read it."
        return "The connection is not active.", "Connect again to resume."
    if state == "paused":
        since = connection.paused[terms.key].at
        return f"Paused since {since[:16].replace('T', ' ')} UTC.", "Resume it to read it again."
    if health is None or state == "waiting":
        return "The first data is on its way.", ""
    return _words_of(state, health)


def _words_of(state: DatasetState, health: DatasetHealth) -> tuple[str, str]:
    if state == "failing":
        said = health.failure_reason or ""
        if health.failure_request_id:
            said = f"{said} (Amazon's request id: {health.failure_request_id})"
        return said, health.failure_action or ""
    if health.stale_reason:
        return health.stale_reason, "Check in Seller Central whether that is right. Nothing was deleted here."
    if state == "late":
        return "The last check is older than it should be.", "Nothing to do: it catches up by itself."
    brought: float | None = health.last_rows
    return ("The last check brought nothing new.", "") if brought == 0 else ("", "")


def trouble_view(connection: Connection, datasets: Iterable[DatasetTerms]) -> TroubleView | None:
    """Say what stops a whole connection, None when nothing does.

    Three causes that look alike from outside are told apart: the seller withdrew the authorisation, Quayside's own
    access is refused, or Amazon is down. A fourth is an authorisation that lacks a role.
    """
    if connection.status == "revoked":
        return TroubleView(
            "revoked",
            "Amazon no longer lets us in",
            f"{connection.status_reason or _WITHDRAWN} Reading has stopped; what was read before is still here.",
            "Connect the account again.",
            connection.status_since or connection.connected_at or connection.began_at,
        )
    trouble = connection.trouble
    if trouble is None or not is_live(connection.status):
        return None
    if trouble.kind == "our_secret":
        return TroubleView(
            "our_secret",
            "Quayside can't sign in to Amazon",
            "Amazon refuses Quayside's own key. Your authorisation is fine, nothing is lost, and reading goes on by "
            "itself once the key is renewed.",
            "Nothing to do: the operator has been told.",
            trouble.since,
        )
    touched = [terms for terms in datasets if any(each.name == trouble.operation for each in terms.operations)]
    names = ", ".join(terms.title for terms in touched) or "some data"
    if trouble.kind == "outage":
        return TroubleView(
            "outage",
            "Amazon does not answer",
            f"Amazon's service fails for: {names}. Your authorisation is fine. It is tried again until Amazon answers.",
            "Nothing to do: it catches up by itself.",
            trouble.since,
        )
    roles = ", ".join(sorted({f"“{terms.role}”" for terms in touched}))
    said = f" It needs Amazon's role {roles}." if roles else ""
    quoted = f" Amazon's request id: {trouble.request_id}." if trouble.request_id else ""
    return TroubleView(
        "access",
        "Amazon refuses a part of your data",
        f"Your authorisation does not cover: {names}.{said}{quoted}",
        "Connect the account again as its primary user. If it stays so, tell support the request id.",
        trouble.since,
    )


def _progress(health: DatasetHealth | None, now: datetime) -> ProgressView | None:
    windows = health.windows() if health else None
    if windows is None or windows.windows_done >= windows.windows_total:
        return None
    finish = finish_of(
        windows_done=windows.windows_done,
        windows_total=windows.windows_total,
        started=parse_instant(windows.started_at),
        updated=parse_instant(windows.updated_at),
        now=now,
    )
    return ProgressView(
        done=windows.rows,
        # How much lies in older windows nobody can know: an account may be young.
        total_estimate=None,
        unit=windows.unit,
        estimated_finish_at=format_instant(finish) if finish else None,
        windows_done=windows.windows_done,
        windows_total=windows.windows_total,
        windows=(*windows.stored, *(False,) * (windows.windows_total - len(windows.stored))),
    )


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
