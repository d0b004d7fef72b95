"""What is stored of connections.

The connection itself, its datasets' health, who serves which seller, what waits in quarantine, and the one-time states
and shared destinations of the authorisation.
"""

from typing import Literal, NamedTuple

import msgspec
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from quayside.connections.rules import OFF_UNTIL_SWITCHED_ON, STEPS, Status, StepState, TroubleKind, features_off
from quayside.storage.tables import CoordinationItem, CoreItem


class ConnectedMarketplace(msgspec.Struct, frozen=True):
    """A marketplace the seller takes part in."""

    marketplace_id: str
    country_code: str
    name: str


class Step(msgspec.Struct, frozen=True):
    """How far one step of connecting is; ``detail`` is for the seller."""

    state: StepState
    detail: str = ""


def no_steps() -> dict[str, Step]:
    """Return the steps of a connection that just begins."""
    return {key: Step("waiting") for key, _ in STEPS}


class Trouble(msgspec.Struct, frozen=True):
    """What stops a connection at the moment.

    Attributes:
        kind: our own secret, an outage of Amazon's, or a role the authorisation lacks.
        since: when it was first seen, ISO 8601.
        operation: the call it was seen at; the trouble ends when that call succeeds. Empty: any call that does.
        request_id: Amazon's id of the request it was first seen at.
    """

    kind: TroubleKind
    since: str
    operation: str = ""
    request_id: str = ""


class Pause(msgspec.Struct, frozen=True):
    """That a member paused a dataset: when (ISO 8601) and who."""

    at: str
    by: str


class Connection(msgspec.Struct, frozen=True):
    """One selling partner account in one region that a tenant authorised. Instants are ISO 8601 texts.

    ``features_off`` and ``paused`` say what is not fetched though the connection is live; ``switched_off`` and
    ``switched_on`` are what members chose, which ``features_off`` follows from.
    """

    connection_id: str
    selling_partner_id: str
    region: str
    name: str
    status: Status
    status_reason: str
    status_action: str
    authorised_by: str
    begun_with: str
    began_at: str
    connected_at: str | None
    authorisation_expires_at: str | None
    marketplaces: tuple[ConnectedMarketplace, ...]
    steps: dict[str, Step]
    subscriptions: dict[str, str]
    switched_off: tuple[str, ...] = ()
    switched_on: tuple[str, ...] = ()
    paused: dict[str, Pause] = {}
    trouble: Trouble | None = None
    status_since: str | None = None

    @property
    def marketplace_ids(self) -> tuple[str, ...]:
        """The ids of the marketplaces."""
        return tuple(each.marketplace_id for each in self.marketplaces)

    @property
    def features_off(self) -> tuple[str, ...]:
        """The features the connection does without."""
        return features_off(self.switched_off, self.switched_on)


_marketplaces = msgspec.json.Decoder(tuple[ConnectedMarketplace, ...])
_steps = msgspec.json.Decoder(dict[str, Step])
_texts = msgspec.json.Decoder(dict[str, str])
_names = msgspec.json.Decoder(tuple[str, ...])
_pauses = msgspec.json.Decoder(dict[str, Pause])
_trouble = msgspec.json.Decoder(Trouble)


class ConnectionRecord(CoreItem):
    """A connection as it is stored; marketplaces, steps and subscriptions are JSON."""

    KIND = "connection"

    connection_id = UnicodeAttribute()
    selling_partner_id = UnicodeAttribute()
    region = UnicodeAttribute()
    name = UnicodeAttribute()
    status = UnicodeAttribute()
    status_reason = UnicodeAttribute(null=True)
    status_action = UnicodeAttribute(null=True)
    authorised_by = UnicodeAttribute()
    begun_with = UnicodeAttribute(null=True)
    began_at = UnicodeAttribute()
    connected_at = UnicodeAttribute(null=True)
    authorisation_expires_at = UnicodeAttribute(null=True)
    marketplaces = UnicodeAttribute(null=True)
    steps = UnicodeAttribute(null=True)
    subscriptions = UnicodeAttribute(null=True)
    features_off = UnicodeAttribute(null=True)
    features_on = UnicodeAttribute(null=True)
    paused = UnicodeAttribute(null=True)
    trouble = UnicodeAttribute(null=True)
    status_since = UnicodeAttribute(null=True)

    def read(self) -> Connection:
        """Return the connection as a value."""
        status: Status = msgspec.convert(self.status, Status)
        return Connection(
            connection_id=self.connection_id,
            selling_partner_id=self.selling_partner_id,
            region=self.region,
            name=self.name,
            status=status,
            status_reason=self.status_reason or "",
            status_action=self.status_action or "",
            authorised_by=self.authorised_by,
            begun_with=self.begun_with or "",
            began_at=self.began_at,
            connected_at=self.connected_at,
            authorisation_expires_at=self.authorisation_expires_at,
            marketplaces=_marketplaces.decode(self.marketplaces or "[]"),
            steps=_steps.decode(self.steps) if self.steps else no_steps(),
            subscriptions=_texts.decode(self.subscriptions or "{}"),
            switched_off=_names.decode(self.features_off or "[]"),
            switched_on=_names.decode(self.features_on or "[]"),
            paused=_pauses.decode(self.paused or "{}"),
            trouble=_trouble.decode(self.trouble) if self.trouble else None,
            status_since=self.status_since,
        )


class HistoryWalk(msgspec.Struct, frozen=True):
    """Where the walk through one window of a seller's order history stands, page by page in the order of purchase.

    Only windows that Amazon's report would not bring are walked.

    Attributes:
        run: which walk; a command of another run is out of date.
        page: the page to fetch next; a command for another page is a duplicate.
        created_after: where the window begins, ISO 8601.
        created_before: where it ends.
        started_at: when it began.
        updated_at: when it last moved.
        from_instant: from where the present search runs; later than ``created_after`` once a token had expired.
        token: Amazon's pagination token of the next page; lives 24 hours.
        token_at: when the token was given.
        last_seen: the latest purchase time seen.
        ascending: whether every page began where the one before ended, so that ``last_seen`` is safe to go on from.
        rows: orders brought so far.
        done: the walk is over.
    """

    run: str
    page: int
    created_after: str
    created_before: str
    started_at: str
    updated_at: str
    from_instant: str
    token: str | None = None
    token_at: str | None = None
    last_seen: str | None = None
    ascending: bool = True
    rows: int = 0
    done: bool = False


class Backfill(msgspec.Struct, frozen=True):
    """How far history is that is brought window by window through reports.

    Attributes:
        windows_total: how many windows there are.
        windows_done: how many are stored.
        rows: rows they brought.
        started_at: when it began, ISO 8601.
        updated_at: when the last window was done.
        unit: what the rows are.
        stored: which windows are stored, the newest first; Amazon makes them in an order of its own.
    """

    windows_total: int
    windows_done: int
    rows: int
    started_at: str
    updated_at: str
    unit: Literal["orders", "rows"] = "orders"
    stored: tuple[bool, ...] = ()


class DatasetHealth(CoreItem):
    """How one dataset of one connection is doing.

    ``listed`` is how many rows Amazon's last complete list had, ``stale_reason`` says that the one after it was empty.
    ``run`` names the run under way, ``run_step`` the command of it that comes next and ``ended_run`` the last run that
    came to its end; ``checked_at`` is when the dataset was last checked in full, ``notified_at`` of when the last
    notification told that was applied.
    """

    KIND = "dataset_health"

    dataset = UnicodeAttribute()
    rows = NumberAttribute(null=True)
    last_rows = NumberAttribute(null=True)
    last_success_at = UnicodeAttribute(null=True)
    last_attempt_at = UnicodeAttribute(null=True)
    failure_reason = UnicodeAttribute(null=True)
    failure_action = UnicodeAttribute(null=True)
    failure_request_id = UnicodeAttribute(null=True)
    backfill = UnicodeAttribute(null=True)
    history = UnicodeAttribute(null=True)
    history_step = UnicodeAttribute(null=True)
    reconciled_until = UnicodeAttribute(null=True)
    run = UnicodeAttribute(null=True)
    run_at = UnicodeAttribute(null=True)
    run_step = NumberAttribute(null=True)
    ended_run = UnicodeAttribute(null=True)
    complete_from = UnicodeAttribute(null=True)
    next_at = UnicodeAttribute(null=True)
    notified_at = UnicodeAttribute(null=True)
    checked_at = UnicodeAttribute(null=True)
    asked_at = UnicodeAttribute(null=True)
    last_cause = UnicodeAttribute(null=True)
    listed = NumberAttribute(null=True)
    stale_reason = UnicodeAttribute(null=True)

    def walk(self) -> HistoryWalk | None:
        """Return the walk through history, None when none ever began."""
        return msgspec.json.decode(self.history, type=HistoryWalk) if self.history else None

    def windows(self) -> Backfill | None:
        """Return how far history is that comes window by window, None when there is none."""
        return msgspec.json.decode(self.backfill, type=Backfill) if self.backfill else None


class SellerConnection(CoordinationItem):
    """That a connection serves a seller; its absence stops the flow of notifications."""

    KIND = "seller_connection"

    tenant_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    region = UnicodeAttribute()
    subscription_ids = UnicodeAttribute()
    features_off = UnicodeAttribute(null=True)
    features_on = UnicodeAttribute(null=True)


class CredentialRecord(CoordinationItem):
    """That there is a refresh token, since when, and when it was last of use; never the token. Instants are ISO 8601.

    ``granted_at`` is when the seller consented, ``used`` when a call succeeded last, by the role it needed (JSON).
    """

    KIND = "credential_entry"

    tenant_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    selling_partner_id = UnicodeAttribute()
    region = UnicodeAttribute()
    granted_at = UnicodeAttribute()
    used = UnicodeAttribute(null=True)

    def uses(self) -> dict[str, str]:
        """Return when a call that needs a role succeeded last, by role."""
        return _texts.decode(self.used or "{}")


class AuthorizationState(CoordinationItem):
    """A one-time OAuth state, bound to the member and the tenant that began; kept under its hash alone."""

    KIND = "authorization_state"

    tenant_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    marketplace_id = UnicodeAttribute()
    used_for = UnicodeAttribute(null=True)


class SharedDestination(CoordinationItem):
    """The application's notification destination in a region."""

    KIND = "destination"

    destination_id = UnicodeAttribute()
    queue_arn = UnicodeAttribute()


class TenantQuarantineEntry(CoreItem):
    """A message that could not be applied, whose tenant is known."""

    KIND = "quarantine_entry"

    entry_id = UnicodeAttribute()
    connection_id = UnicodeAttribute()
    received_at = UnicodeAttribute()
    type = UnicodeAttribute()
    reason = UnicodeAttribute()
    action = UnicodeAttribute()
    payload = UnicodeAttribute()


class SystemQuarantineEntry(CoordinationItem):
    """A message that could not be applied and whose tenant is not known: for operators alone."""

    KIND = "quarantine_entry"

    entry_id = UnicodeAttribute()
    received_at = UnicodeAttribute()
    type = UnicodeAttribute()
    reason = UnicodeAttribute()
    action = UnicodeAttribute()
    payload = UnicodeAttribute()


class Serving(NamedTuple):
    """A connection that serves a seller, as far as a notification needs to know."""

    tenant_id: str
    connection_id: str
    region: str
    subscription_ids: frozenset[str]
    features_off: frozenset[str] = OFF_UNTIL_SWITCHED_ON

    def accepts(self, subscription_id: str | None) -> bool:
        """Return whether a notification sent for ``subscription_id`` is meant for this connection.

        The seller's id of a connection came with a browser, so it proves nothing. The subscription was made by Amazon
        for the account whose token we hold, so its id does. Types whose notifications carry no metadata pass.
        """
        return subscription_id is None or subscription_id in self.subscription_ids


class QuarantinedMessage(NamedTuple):
    """A message in quarantine, of a tenant or of nobody known."""

    entry_id: str
    received_at: str
    type: str
    reason: str
    action: str
    payload: str
