"""Use cases of connections. Unless said otherwise they act for the tenant in scope.

What happens at Amazon happens in the worker: the request of a member checks, stores and asks for work, and the page
follows the steps.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, NoReturn, Protocol

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from quayside.amazon.client import AmazonClient, Caller
from quayside.amazon.errors import Busy, CodeRefused, RequestRejected
from quayside.amazon.marketplaces import Region, find_marketplace, marketplace
from quayside.amazon.oauth import AUTHORISATION_DAYS, CODE_SECONDS, STATE_SECONDS, consent_url
from quayside.amazon.operations import EVENT_BRIDGE_TYPES, payload_version_of
from quayside.amazon.tokens import TokenBroker, forget_access_token, give_lease_back, take_lease
from quayside.connections import store
from quayside.connections.records import (
    Backfill,
    ConnectedMarketplace,
    Connection,
    ConnectionRecord,
    CredentialRecord,
    DatasetHealth,
    Pause,
    QuarantinedMessage,
    Serving,
    Step,
    Trouble,
)
from quayside.connections.rules import (
    ALL_STATUSES,
    OFF_UNTIL_SWITCHED_ON,
    STEPS,
    UNUSED_DELETED_AFTER,
    SellerAccount,
    Status,
    StepState,
    is_live,
    statuses_before,
)
from quayside.connections.views import Authorization, QuarantinePage, in_step_at, quarantine_page
from quayside.kernel.clock import Clock, epoch_seconds, format_instant, parse_instant
from quayside.kernel.errors import Conflict, FieldProblem, Forbidden, Gone, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId, TenantId, connection_id_of
from quayside.kernel.settings import Settings
from quayside.kernel.tenancy import current_tenant
from quayside.storage import audit, vault
from quayside.storage.audit_chain import AuditEvent, Outcome
from quayside.storage.connection import bound
from quayside.storage.vault import Purpose, Secret

NOTIFICATION_TYPES: Mapping[str, Mapping[str, Any] | None] = {
    "ORDER_CHANGE": {
        "eventFilter": {
            "eventFilterType": "ORDER_CHANGE",
            "orderChangeTypes": ["OrderStatusChange", "BuyerRequestedChange"],
        }
    },
    "FBA_INVENTORY_AVAILABILITY_CHANGES": None,
    "REPORT_PROCESSING_FINISHED": None,
    "TRANSACTION_UPDATE": None,
    "LISTINGS_ITEM_STATUS_CHANGE": None,
    "LISTINGS_ITEM_ISSUES_CHANGE": None,
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE": None,
    "PRODUCT_TYPE_DEFINITIONS_CHANGE": None,
}
"""What a connection subscribes to: type to processing directive."""

_REGION_NAMES: Mapping[str, str] = {"NA": "Americas", "EU": "Europe", "FE": "Far East"}
_DESTINATION_NAME = "quayside"
_AUTHORISE_LEASE_SECONDS = 60
_CONFLICT = 409
_NOT_FOUND = 404
_LONGEST_SELLER_ID = 64
_TRIES = 3
_CONNECT_AGAIN = "Connect the account again."


class WorkDesk(Protocol):
    """Asks for work and calls it off; ``quayside.sync`` implements it."""

    def ask(self, kind: str, tenant_id: TenantId, connection_id: ConnectionId, *, cause: str, **arguments: str) -> None:
        """Ask the worker for a piece of work, now."""
        ...

    def begin(self, tenant_id: TenantId, connection: Connection) -> None:
        """Ask for everything a fresh connection needs: its history now, and its datasets at intervals from now on."""
        ...

    def call_off(self, tenant_id: TenantId, connection_id: ConnectionId) -> None:
        """Call off everything that is due later for a connection."""
        ...


# -- What members do ---------------------------------------------------------------------------------------------------


def begin_authorization(
    marketplace_id: str,
    member_id: str,
    *,
    settings: Settings,
    clock: Clock,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Authorization:
    """Start the website authorisation workflow for the region of a marketplace.

    The state is 256 bits of randomness, works once, within ten minutes, for this member of this tenant alone. Only its
    hash is stored.

    Raises:
        InvalidInput: there is no such marketplace.
    """
    chosen = marketplace(marketplace_id)
    state = entropy(32).hex()
    expires_at = clock.now() + timedelta(seconds=STATE_SECONDS)
    store.put_state(state, current_tenant(), member_id, marketplace_id, epoch_seconds(expires_at))
    return Authorization(consent_url(settings, chosen, state), format_instant(expires_at))


def accept_callback(  # noqa: PLR0913 - what Amazon's redirect brings, and who brings it
    *, state: str, selling_partner_id: str, code: str, member_id: str, desk: WorkDesk, clock: Clock
) -> Connection:
    """Take what Amazon's consent page sent the member back with, and ask for the connection to be completed.

    Sending the same callback again (a reload, or after an error of ours) goes on where the first time ended and returns
    the same connection.

    Raises:
        InvalidInput: a field is missing or malformed, or the state is not one of ours.
        Forbidden: the state was given to somebody else.
        Gone: the state has expired.
        Conflict: the state was used for something else, or the connection is being disconnected.
    """
    _check_fields(state, selling_partner_id, code)
    found = store.state_record(state)
    if found is None:
        raise InvalidInput(
            "This connection attempt is not known here.",
            code="state_unknown",
            action="Start again from the Connect page, and finish in the same browser.",
        )
    tenant_id = current_tenant()
    if found.tenant_id != tenant_id or found.member_id != member_id:
        raise Forbidden(
            "This connection attempt was started by somebody else.",
            code="state_of_another_member",
            action="Sign in as the member who started it, or start again yourself.",
        )
    if found.expired(clock.now()):
        raise Gone(
            "More than ten minutes passed since you left for Amazon.",
            code="state_expired",
            action="Start again from the Connect page; nothing was changed at Amazon that needs undoing.",
        )
    chosen = marketplace(found.marketplace_id)
    connection_id = connection_id_of(tenant_id, chosen.region, selling_partner_id)
    begun_with = hashlib.sha256(state.encode()).hexdigest()[:26]
    if not store.use_state(state, connection_id):
        used = store.state_record(state)
        if used is None or used.used_for != connection_id:
            raise Conflict("This connection attempt was used already.", code="state_used", action=_CONNECT_AGAIN)
        repeated = store.find(connection_id)
        if repeated is not None and repeated.begun_with == begun_with:
            if repeated.status == "authorising":
                # The first time may have ended before the work was asked for; asking twice does no harm.
                desk.ask("connection.authorise", tenant_id, connection_id, cause="connect")
            return repeated
    _store_code(connection_id, code, clock)
    began = store.begin(
        connection_id,
        selling_partner_id=selling_partner_id,
        region=chosen.region,
        name=f"Amazon {_REGION_NAMES[chosen.region]}",
        member_id=member_id,
        begun_with=begun_with,
        steps=store.encoded({key: _step("running" if key == "exchange" else "waiting") for key, _ in STEPS}),
        before=statuses_before("authorising"),
        now=clock.now(),
    )
    if not began:
        vault.destroy_credential(Purpose(tenant_id, connection_id, vault.AUTHORIZATION_CODE))
        raise Conflict(
            "This account is being disconnected at the moment.",
            code="disconnecting",
            action="Wait a minute, then connect again.",
        )
    desk.ask("connection.authorise", tenant_id, connection_id, cause="connect")
    return get(connection_id)


def _check_fields(state: str, selling_partner_id: str, code: str) -> None:
    problems = [
        FieldProblem(name, "is missing")
        for name, value in (("state", state), ("selling_partner_id", selling_partner_id), ("code", code))
        if not value
    ]
    if not problems and not (
        len(selling_partner_id) <= _LONGEST_SELLER_ID and selling_partner_id.isascii() and selling_partner_id.isalnum()
    ):
        problems.append(FieldProblem("selling_partner_id", "is not an id of a selling partner"))
    if problems:
        raise InvalidInput(
            "Amazon's answer is not complete.", fields=tuple(problems), code="callback_invalid", action=_CONNECT_AGAIN
        )


def _store_code(connection_id: ConnectionId, code: str, clock: Clock) -> None:
    purpose = Purpose(current_tenant(), connection_id, vault.AUTHORIZATION_CODE)
    vault.put_credential(Secret(code), purpose, clock=clock, lives_seconds=CODE_SECONDS)


def disconnect(connection_id: ConnectionId, confirmation: str, *, desk: WorkDesk) -> Connection:
    """End a connection: the flow stops and the credentials are destroyed before this returns.

    What is left to do at Amazon (deleting subscriptions) is asked of the worker and needs no credential of the seller.
    Doing it again is no error.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: ``confirmation`` is not the selling partner's id.
    """
    connection = get(connection_id)
    if confirmation != connection.selling_partner_id:
        raise InvalidInput(
            "The confirmation does not match.",
            fields=(FieldProblem("confirmation", f"must be {connection.selling_partner_id}"),),
            code="confirmation_mismatch",
        )
    if connection.status == "disconnected":
        return connection
    _stop(connection, "disconnecting", "", "", desk=desk)
    desk.ask("connection.release", current_tenant(), connection_id, cause="member")
    return get(connection_id)


def all_connections() -> tuple[Connection, ...]:
    """Return the tenant's connections."""
    return tuple(store.all_connections())


def get(connection_id: ConnectionId) -> Connection:
    """Return one connection.

    Raises:
        NotFound: the tenant has no such connection.
    """
    found = store.find(connection_id)
    if found is None:
        raise NotFound("There is no such connection.", code="connection_not_found")
    return found


def health_of(connection_id: ConnectionId) -> dict[str, DatasetHealth]:
    """Return the health of the connection's datasets, by dataset."""
    return store.health(connection_id)


# -- What the worker does ----------------------------------------------------------------------------------------------


class AuthorisationFailed(Exception):
    """The authorisation can't be completed; the connection says why."""


def live(connection_id: ConnectionId) -> Connection | None:
    """Return a connection that Amazon may be called for, None when there is none: the check before any work."""
    found = store.find(connection_id)
    return found if found is not None and is_live(found.status) else None


def has_failed(connection_id: ConnectionId) -> bool:
    """Return whether a connection could not be authorised, so that nothing is left but what was read before."""
    found = store.find(connection_id)
    return found is not None and found.status == "failed"


def caller_of(connection: Connection) -> Caller:
    """Return for whom calls of a connection are made."""
    return Caller(current_tenant(), ConnectionId(connection.connection_id), _region(connection.region))


def _region(text: str) -> Region:
    regions: Mapping[str, Region] = {"NA": "NA", "EU": "EU", "FE": "FE"}
    return regions[text]


def authorise(  # noqa: PLR0913 - its collaborators
    connection_id: ConnectionId,
    *,
    amazon: AmazonClient,
    tokens: TokenBroker,
    desk: WorkDesk,
    clock: Clock,
    entropy: Callable[[int], bytes],
) -> None:
    """Complete an authorisation: exchange the code, store the grant, find the marketplaces, subscribe, begin the work.

    Every step can be repeated, so it may stop at any point and be asked for again: each looks first at what is there.
    A code works once; when it was used but no grant was stored (the worker died in between), the connection fails and
    says that the seller has to consent again.

    Raises:
        Busy: another worker is at it.
        AmazonError: see ``AmazonClient``; nothing is lost.
    """
    connection = store.find(connection_id)
    if connection is None or connection.status != "authorising":
        return
    lease = f"authorise:{current_tenant()}:{connection_id}"
    holder = take_lease(lease, _AUTHORISE_LEASE_SECONDS, clock=clock, entropy=entropy)
    if holder is None:
        raise Busy("another worker completes this connection", operation="connection.authorise")
    try:
        # Read again under the lease: the worker before this one may have come further since.
        connection = store.find(connection_id)
        if connection is None or connection.status != "authorising":
            return
        connection = _exchange(connection, tokens, clock)
        connection = _find_marketplaces(connection, amazon, clock)
        connection = _subscribe(connection, amazon)
        # The work is asked for first: a worker that dies in between is asked again, and asking twice does no harm.
        desk.begin(current_tenant(), connection)
        _connected(connection, clock)
    except AuthorisationFailed:
        return
    finally:
        give_lease_back(lease, holder)


def _exchange(connection: Connection, tokens: TokenBroker, clock: Clock) -> Connection:
    if connection.steps["exchange"].state == "done":
        return connection
    tenant_id, connection_id = current_tenant(), ConnectionId(connection.connection_id)
    code_purpose = Purpose(tenant_id, connection_id, vault.AUTHORIZATION_CODE)
    grant_purpose = Purpose(tenant_id, connection_id, vault.REFRESH_TOKEN)
    code = vault.credential(code_purpose, clock=clock)
    if code is not None:
        try:
            grant = tokens.login.exchange(code)
        except CodeRefused:
            if not _has_grant(grant_purpose, connection):
                fail_authorisation(
                    connection_id, "exchange", "Amazon no longer takes the code of your consent.", clock=clock
                )
                raise AuthorisationFailed from None
        else:
            vault.put_credential(grant.refresh_token, grant_purpose, clock=clock)
            store.register_credential(tenant_id, connection, format_instant(clock.now()))
            tokens.keep(tenant_id, connection_id, grant.access)
        vault.destroy_credential(code_purpose)
    elif not _has_grant(grant_purpose, connection):
        fail_authorisation(
            connection_id, "exchange", "The code of your consent expired before it could be used.", clock=clock
        )
        raise AuthorisationFailed
    return _keep_steps(connection, exchange=_step("done"), marketplaces=_step("running"))


def _has_grant(purpose: Purpose, connection: Connection) -> bool:
    """Return whether the grant of *this* authorisation is stored; one of an earlier consent does not count."""
    age = vault.credential_age(purpose)
    return age is not None and age.issued_at >= connection.began_at


def _find_marketplaces(connection: Connection, amazon: AmazonClient, clock: Clock) -> Connection:
    if connection.steps["marketplaces"].state == "done":
        return connection
    found = [each for each in amazon.marketplace_participations(caller_of(connection)) if each.is_participating]
    # Amazon lists internal marketplaces too (for example for invoicing); only stores have a place in our table.
    known = [each for each in found if find_marketplace(each.marketplace_id) is not None]
    if not known:
        fail_authorisation(
            ConnectionId(connection.connection_id),
            "marketplaces",
            "This account sells in none of the region's marketplaces.",
            clock=clock,
        )
        raise AuthorisationFailed
    names = tuple(ConnectedMarketplace(each.marketplace_id, each.country_code, each.name) for each in known)
    store_name = next((each.store_name for each in known if each.store_name), "")
    title = f"{store_name or 'Amazon'} · {_REGION_NAMES[connection.region]}"
    model = ConnectionRecord
    return _keep_steps(
        connection,
        model.marketplaces.set(store.encoded(names)),
        model.name.set(title),
        marketplaces=_step("done", ", ".join(each.country_code for each in names)),
        subscriptions=_step("running"),
    )


def _subscribe(connection: Connection, amazon: AmazonClient) -> Connection:
    if connection.steps["subscriptions"].state in {"done", "failed"}:
        return connection
    tenant_id, connection_id = current_tenant(), ConnectionId(connection.connection_id)
    region = _region(connection.region)
    caller = caller_of(connection)
    refused: list[str] = []
    for notification_type, directive in NOTIFICATION_TYPES.items():
        if notification_type in connection.subscriptions:
            continue
        try:
            destination_id = _destination(region, amazon, events=notification_type in EVENT_BRIDGE_TYPES)
            subscription_id = _subscription(amazon, caller, notification_type, destination_id, directive)
        except RequestRejected as rejected:
            refused.append(
                f"{notification_type}: {rejected.said or 'refused'} ({rejected.request_id or 'no request id'})"
            )
            continue
        connection = _keep_steps(
            connection,
            ConnectionRecord.subscriptions.set(
                store.encoded({**connection.subscriptions, notification_type: subscription_id})
            ),
        )
        store.serve(
            connection.selling_partner_id,
            tenant_id,
            connection_id,
            region,
            list(connection.subscriptions.values()),
            switched_off=connection.switched_off,
            switched_on=connection.switched_on,
        )
    detail = "" if not refused else "Amazon refused; we check at intervals instead. " + "; ".join(refused)
    return _keep_steps(
        connection, subscriptions=_step("failed" if refused else "done", detail), history=_step("running")
    )


def _subscription(
    amazon: AmazonClient,
    caller: Caller,
    notification_type: str,
    destination_id: str,
    directive: Mapping[str, Any] | None,
) -> str:
    version = payload_version_of(notification_type)
    try:
        return amazon.create_subscription(
            caller, notification_type, destination_id, payload_version=version, directive=directive
        )
    except RequestRejected as rejected:
        if rejected.status != _CONFLICT:
            raise
        # One subscription per type, seller and application: it is there from an earlier connection.
        return amazon.subscription(caller, notification_type)


def _destination(region: Region, amazon: AmazonClient, *, events: bool) -> str:
    """Return the application's destination in a region: of its queue, or (``events``) of its account's EventBridge."""
    queue_arn = bound().settings.intake_queue_arn
    _, _, _, aws_region, account_id, _ = queue_arn.split(":", 5)
    place, leads_to = (f"{region}:events", f"{account_id}:{aws_region}") if events else (region, queue_arn)
    known = store.destination(place)
    if known is not None and known.queue_arn == leads_to:
        return known.destination_id
    try:
        if events:
            destination_id = amazon.create_destination(
                region, _DESTINATION_NAME, account_id=account_id, aws_region=aws_region
            )
        else:
            destination_id = amazon.create_destination(region, _DESTINATION_NAME, queue_arn)
    except RequestRejected as rejected:
        if rejected.status != _CONFLICT:
            raise
        present = amazon.destinations(region)
        ours = [each for each in present if (each.account_id == account_id if events else each.arn == queue_arn)]
        if not ours:
            raise
        destination_id = ours[0].destination_id
    store.put_destination(place, destination_id, leads_to)
    return destination_id


def _connected(connection: Connection, clock: Clock) -> None:
    now = clock.now()
    model = ConnectionRecord
    connected = store.change(
        ConnectionId(connection.connection_id),
        [
            model.status.set("connected"),
            model.status_since.set(format_instant(now)),
            model.connected_at.set(format_instant(now)),
            model.authorisation_expires_at.set(
                format_instant(parse_instant(connection.began_at) + timedelta(days=AUTHORISATION_DAYS))
            ),
        ],
        only_in=("authorising",),
    )
    if connected is not None:
        _record("consent.finished", ConnectionId(connection.connection_id), clock)


def _record(
    action: str,
    connection_id: ConnectionId,
    clock: Clock,
    outcome: Outcome = "done",
    *,
    actor: str = "sync_worker",
    **details: str,
) -> None:
    audit.append(AuditEvent(action, actor, f"connection/{connection_id}", outcome, details), clock=clock)


def _step(state: StepState, detail: str = "") -> Step:
    return Step(state, detail)


def _keep_steps(connection: Connection, *actions: Action, **changed: Step) -> Connection:
    """Store changed steps while the authorisation goes on; stop when it was called off meanwhile."""
    steps = {**connection.steps, **changed}
    kept = store.change(
        ConnectionId(connection.connection_id),
        [ConnectionRecord.steps.set(store.encoded(steps)), *actions],
        only_in=("authorising",),
    )
    if kept is None:
        _called_off()
    return kept


def _called_off() -> NoReturn:
    raise AuthorisationFailed


def fail_authorisation(
    connection_id: ConnectionId, step: str, reason: str, *, clock: Clock, action: str = _CONNECT_AGAIN
) -> None:
    """End an authorisation that can't be completed: say why, and destroy what was received."""
    connection = store.find(connection_id)
    if connection is None or connection.status != "authorising":
        return
    steps = {**connection.steps, step: _step("failed", reason)}
    model = ConnectionRecord
    actions: list[Action] = [
        model.status.set("failed"),
        model.status_reason.set(reason),
        model.status_action.set(action),
        model.steps.set(store.encoded(steps)),
    ]
    store.change(connection_id, actions, only_in=("authorising",))
    _record("consent.failed", connection_id, clock, "failed", step=step)
    vault.destroy_credentials(current_tenant(), connection_id)
    forget_access_token(current_tenant(), connection_id)


def revoked(connection_id: ConnectionId, *, desk: WorkDesk, clock: Clock) -> None:
    """Take note that the seller has withdrawn the authorisation at Amazon: the same stop as a disconnect, at once."""
    connection = store.find(connection_id)
    if connection is None or not is_live(connection.status):
        return
    reason = "The authorisation was withdrawn in Seller Central, or it ended after a year."
    _stop(connection, "revoked", reason, _CONNECT_AGAIN, desk=desk, now=clock.now())
    _record("consent.withdrawn", connection_id, clock, actor="amazon")


def unused(connection_id: ConnectionId, *, desk: WorkDesk, now: datetime) -> None:
    """Delete the key of a connection that was of no use for 90 days: the same stop as a disconnect, at once."""
    connection = store.find(connection_id)
    if connection is None or not is_live(connection.status):
        return
    days = UNUSED_DELETED_AFTER.days
    reason = f"The key to this account was of no use for {days} days, so it was deleted, as Amazon asks."
    _stop(connection, "revoked", reason, _CONNECT_AGAIN, desk=desk, now=now)


def _stop(  # noqa: PLR0913 - what is said about the stop
    connection: Connection, status: Status, reason: str, action: str, *, desk: WorkDesk, now: datetime | None = None
) -> None:
    """Stop everything of a connection, in an order in which each step makes the next one safe to repeat."""
    tenant_id, connection_id = current_tenant(), ConnectionId(connection.connection_id)
    model = ConnectionRecord
    actions: list[Action] = [
        model.status.set(status),
        model.status_since.remove() if now is None else model.status_since.set(format_instant(now)),
        model.trouble.remove(),
        model.status_reason.set(reason) if reason else model.status_reason.remove(),
        model.status_action.set(action) if action else model.status_action.remove(),
    ]
    store.change(connection_id, actions, only_in=statuses_before(status))
    store.stop_serving(connection.selling_partner_id, tenant_id, connection_id)
    desk.call_off(tenant_id, connection_id)
    vault.destroy_credentials(tenant_id, connection_id)
    store.strike_credential(tenant_id, connection_id)
    forget_access_token(tenant_id, connection_id)


def release(connection_id: ConnectionId, *, amazon: AmazonClient) -> None:
    """Delete the subscriptions of a connection that was disconnected, and close it.

    Needs no credential of the seller. Subscriptions are one per seller and application, so they stay while another
    connection still serves the same seller. One that is gone already is no error.
    """
    connection = store.find(connection_id)
    if connection is None or connection.status != "disconnecting":
        return
    if not store.serving(connection.selling_partner_id):
        left = dict(connection.subscriptions)
        for notification_type, subscription_id in connection.subscriptions.items():
            try:
                amazon.delete_subscription(_region(connection.region), notification_type, subscription_id)
            except RequestRejected as rejected:
                if rejected.status != _NOT_FOUND:
                    raise
            # There are more than Amazon lets be deleted at once, so each is remembered: none is deleted twice.
            del left[notification_type]
            store.change(
                connection_id, [ConnectionRecord.subscriptions.set(store.encoded(left))], only_in=("disconnecting",)
            )
    close(connection_id)


def close(connection_id: ConnectionId) -> None:
    """Close a connection that is being disconnected, whether or not Amazon could be told."""
    model = ConnectionRecord
    store.change(
        connection_id, [model.status.set("disconnected"), model.subscriptions.set("{}")], only_in=("disconnecting",)
    )


def begin_erasing(connection_id: ConnectionId, *, whatever_status: bool = False) -> Connection | None:
    """Keep a connection from ever being used again, because its data is erased; None when it is live or gone.

    With ``whatever_status`` a live connection is ended too: the account it belongs to is closed.
    """
    only_in = ALL_STATUSES if whatever_status else statuses_before("erasing")
    model = ConnectionRecord
    return store.change(connection_id, [model.status.set("erasing"), model.trouble.remove()], only_in=only_in)


def forget(connection_id: ConnectionId) -> None:
    """Delete the record of a connection whose data is erased; deleting it again is no error."""
    store.forget(connection_id)


def forget_unclaimed(selling_partner_id: str) -> int:
    """Delete the operators' quarantined messages of a seller whom no connection serves; return how many there were."""
    return 0 if store.serving(selling_partner_id) else store.forget_unclaimed(selling_partner_id)


def finish_history(connection_id: ConnectionId, detail: str) -> bool:
    """Mark the last step of connecting as done; return False when it is or there is nothing to mark."""
    connection = store.find(connection_id)
    if connection is None or connection.steps["history"].state == "done":
        return False
    steps = {**connection.steps, "history": _step("done", detail)}
    store.change(
        connection_id, [ConnectionRecord.steps.set(store.encoded(steps))], only_in=("authorising", "connected")
    )
    return True


# -- What a member switches --------------------------------------------------------------------------------------------


def change_features(connection_id: ConnectionId, feature: str, *, on: bool) -> Connection:
    """Switch a feature of a connection on or off; switching it to what it is already is no error.

    Notifications that only a switched-off feature needs are dropped from then on.

    Raises:
        NotFound: there is no such connection.
        Conflict: it was changed by somebody else at the same moment.
    """

    def changed(connection: Connection) -> Sequence[Action]:
        chosen, other = set(connection.switched_on), set(connection.switched_off)
        if on:
            chosen, other = chosen | {feature}, other - {feature}
        else:
            chosen, other = chosen - {feature}, other | {feature}
        return [
            ConnectionRecord.features_off.set(store.encoded(sorted(other))),
            ConnectionRecord.features_on.set(store.encoded(sorted(chosen & OFF_UNTIL_SWITCHED_ON))),
        ]

    switched = _change_switches(connection_id, changed)
    store.serve_without(
        switched.selling_partner_id,
        current_tenant(),
        connection_id,
        switched_off=switched.switched_off,
        switched_on=switched.switched_on,
    )
    return switched


def change_pause(connection_id: ConnectionId, dataset: str, pause: Pause | None) -> Connection:
    """Pause a dataset of a connection, or (None) resume it; a pause that is there stays as it is.

    Raises:
        NotFound: there is no such connection.
        Conflict: it was changed by somebody else at the same moment.
    """

    def changed(connection: Connection) -> Sequence[Action]:
        paused = {key: each for key, each in connection.paused.items() if key != dataset}
        if pause is not None:
            paused[dataset] = connection.paused.get(dataset, pause)
        return [ConnectionRecord.paused.set(store.encoded(paused))]

    return _change_switches(connection_id, changed)


def _change_switches(connection_id: ConnectionId, changed: Callable[[Connection], Sequence[Action]]) -> Connection:
    model = ConnectionRecord
    for _ in range(_TRIES):
        connection = get(connection_id)
        switched: Condition = model.features_off.does_not_exist()
        if connection.switched_off:
            switched = model.features_off == store.encoded(sorted(connection.switched_off))
        else:
            switched |= model.features_off == "[]"
        chosen: Condition = model.features_on.does_not_exist()
        if connection.switched_on:
            chosen = model.features_on == store.encoded(sorted(connection.switched_on))
        else:
            chosen |= model.features_on == "[]"
        pauses: Condition = model.paused.does_not_exist() | (model.paused == "{}")
        if connection.paused:
            pauses = model.paused == store.encoded(connection.paused)
        unchanged = switched & chosen & pauses
        written = store.change(connection_id, changed(connection), only_in=ALL_STATUSES, when=unchanged)
        if written is not None:
            return written
    raise Conflict("The connection was changed by somebody else at the same moment.", code="connection_changed")


# -- Trouble of a whole connection -------------------------------------------------------------------------------------


def note_trouble(connection: Connection, trouble: Trouble) -> None:
    """Take note of what stops a connection. Trouble of the same kind keeps the time since when it is there."""
    if connection.trouble is not None and connection.trouble.kind == trouble.kind:
        return
    store.change(
        ConnectionId(connection.connection_id),
        [ConnectionRecord.trouble.set(store.encoded(trouble))],
        only_in=("authorising", "connected"),
    )


def end_trouble(connection: Connection) -> None:
    """Take note that what stopped a connection is over, unless it is another trouble by now."""
    if connection.trouble is None:
        return
    model = ConnectionRecord
    store.change(
        ConnectionId(connection.connection_id),
        [model.trouble.remove()],
        only_in=("authorising", "connected"),
        when=model.trouble == store.encoded(connection.trouble),
    )


# -- Health of datasets ------------------------------------------------------------------------------------------------


def record_success(  # noqa: PLR0913 - what is known of a success
    connection_id: ConnectionId,
    dataset: str,
    *,
    rows: int,
    now: datetime,
    actions: Sequence[Action] = (),
    cause: str | None = None,
    next_at: datetime | None = None,
    condition: Condition | None = None,
) -> bool:
    """Take note that a dataset was brought up to date, and how many rows that brought, if ``condition`` holds."""
    model = DatasetHealth
    return store.change_health(
        connection_id,
        dataset,
        [
            model.last_success_at.set(format_instant(now)),
            model.last_attempt_at.set(format_instant(now)),
            model.last_rows.set(rows),
            model.rows.add(rows),
            model.failure_reason.remove(),
            model.failure_action.remove(),
            model.failure_request_id.remove(),
            *([model.last_cause.set(cause)] if cause else []),
            *([model.next_at.set(format_instant(next_at))] if next_at else []),
            *actions,
        ],
        condition,
    )


def record_failure(  # noqa: PLR0913 - what a seller is told about a failure
    connection_id: ConnectionId,
    dataset: str,
    *,
    reason: str,
    action: str,
    request_id: str,
    now: datetime,
    ends_run: bool,
    cause: str | None = None,
) -> None:
    """Take note that a run failed: why, in words, what to do, and Amazon's id of the request.

    With ``ends_run`` the run is over and the next check begins a new one; otherwise it is tried on.
    """
    model = DatasetHealth
    store.change_health(
        connection_id,
        dataset,
        [
            model.last_attempt_at.set(format_instant(now)),
            model.failure_reason.set(reason),
            model.failure_action.set(action or "Nothing to do: it is tried again."),
            model.failure_request_id.set(request_id) if request_id else model.failure_request_id.remove(),
            *([model.last_cause.set(cause)] if cause else []),
            *([model.run.remove()] if ends_run else []),
        ],
    )


def record_backfill(
    connection_id: ConnectionId, dataset: str, backfill: Backfill, *, complete_from: datetime | None = None
) -> None:
    """Take note of how far history is, and (``complete_from``) from when on it is complete."""
    model = DatasetHealth
    actions: list[Action] = [model.backfill.set(store.encoded(backfill))]
    if complete_from is not None:
        actions.append(model.complete_from.set(format_instant(complete_from)))
    store.change_health(connection_id, dataset, actions)


def record_notified(connection_id: ConnectionId, dataset: str, now: datetime) -> None:
    """Take note that a notification of a dataset was applied."""
    store.change_health(connection_id, dataset, [DatasetHealth.notified_at.set(format_instant(now))])


# -- The register of credentials ---------------------------------------------------------------------------------------


def note_use(connection: Connection, roles: Collection[str], now: datetime) -> None:
    """Take note that calls succeeded for a connection of the tenant in scope, by the roles that they needed."""
    store.note_credential_use(current_tenant(), connection, roles, now)


def credential_of(connection_id: ConnectionId) -> CredentialRecord | None:
    """Return since when there is a key to an account and of what use it is; None without a key."""
    return store.credential_entry(current_tenant(), connection_id)


def all_credentials() -> Iterator[CredentialRecord]:
    """Return the register of credentials, of all tenants; needs no tenant in scope."""
    return store.credential_entries()


def strike_credential(connection_id: ConnectionId) -> None:
    """Take a connection of the tenant in scope out of the register of credentials, when there is no key to it."""
    store.strike_credential(current_tenant(), connection_id)


def accounts_of(tenant_id: TenantId) -> tuple[SellerAccount, ...]:
    """Return the accounts at Amazon that a tenant has authorised; needs no tenant in scope."""
    found = store.credential_entries(tenant_id)
    return tuple(sorted(SellerAccount(each.selling_partner_id, each.region) for each in found))


# -- Notifications -----------------------------------------------------------------------------------------------------


def serving(selling_partner_id: str) -> tuple[Serving, ...]:
    """Return the connections that serve a seller, of whatever tenant; needs no tenant in scope."""
    return store.serving(selling_partner_id)


def quarantine(  # noqa: PLR0913 - what is kept of a message that can't be applied
    *,
    tenant_id: TenantId | None,
    connection_id: ConnectionId | None,
    received_at: datetime,
    type: str,  # noqa: A002 - Amazon's word
    reason: str,
    action: str,
    payload: str,
) -> str:
    """Put a message aside that can't be applied, visible and replayable; return its id.

    Goes to the connection's quarantine (inside its tenant's scope) when the tenant is known, otherwise to the
    operators'. The id is made of the content, so the same message delivered again does not pile up within a second.

    Args:
        tenant_id: whose it is, None when that is not known.
        connection_id: which connection it is for, None when that is not known.
        received_at: when it was received.
        type: the notification type, or an empty text.
        reason: why it could not be applied, in words.
        action: what can be done.
        payload: the message, already without personal data (``envelopes.without_personal_data``).
    """
    entry_id = hashlib.sha256(payload.encode()).hexdigest()[:26]
    message = QuarantinedMessage(entry_id, format_instant(received_at), type, reason, action, payload)
    store.put_aside(tenant_id, connection_id, message)
    return entry_id


def give_up(payload: str, *, step: str, error_type: str) -> None:
    """Send a notification that fails again and again to the dead letters of the intake queue.

    Args:
        payload: the message, already without personal data (``envelopes.without_personal_data``).
        step: what failed.
        error_type: the kind of error, by the name of its class.

    Raises:
        botocore.exceptions.ClientError: the queue did not take it.
    """
    opened = bound()
    opened.system.sqs.send_message(
        QueueUrl=opened.settings.intake_dead_letter_queue_url,
        MessageBody=payload,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in (("step", step), ("error_type", error_type))
        },
    )


def quarantined(connection_id: ConnectionId | None, *, after: str | None = None, limit: int = 50) -> QuarantinePage:
    """Return a page of what is in quarantine, newest first; the operators' quarantine when there is no connection.

    The page's ``next_cursor`` is the sort key to go on after; the API wraps it.
    """
    messages, following = store.quarantined(connection_id, after=after, limit=limit)
    return quarantine_page(messages, following)


def replay(connection_id: ConnectionId | None, entry_id: str) -> None:
    """Send a message from quarantine through intake again, and take it out of quarantine.

    Raises:
        NotFound: there is no such message.
    """
    found = store.find_quarantined(connection_id, entry_id)
    if found is None:
        raise NotFound("There is no such message in quarantine.", code="quarantine_entry_not_found")
    message, sort_key = found
    opened = bound()
    opened.system.sqs.send_message(QueueUrl=opened.settings.intake_queue_url, MessageBody=message.payload)
    store.leave_quarantine(connection_id, sort_key)


def quarantine_entry(connection_id: ConnectionId | None, entry_id: str) -> QuarantinedMessage:
    """Return one message in quarantine.

    Raises:
        NotFound: there is no such message.
    """
    found = store.find_quarantined(connection_id, entry_id)
    if found is None:
        raise NotFound("There is no such message in quarantine.", code="quarantine_entry_not_found")
    return found[0]


def quarantine_entries(connection_id: ConnectionId, *, limit: int) -> list[QuarantinedMessage]:
    """Return what is in quarantine of a connection, newest first."""
    return store.quarantined(connection_id, after=None, limit=limit)[0]


def leave_quarantine(connection_id: ConnectionId | None, entry_id: str) -> None:
    """Take a message out of quarantine without doing anything with it; one that is gone is no error."""
    found = store.find_quarantined(connection_id, entry_id)
    if found is not None:
        store.leave_quarantine(connection_id, found[1])


def count_quarantined(connection_id: ConnectionId) -> int:
    """Return how many messages of a connection wait in quarantine."""
    return store.count_quarantined(connection_id)


# -- For the features that show data -----------------------------------------------------------------------------------


class Known(NamedTuple):
    """A connection and how fresh its data is: what lists and figures need to know."""

    connection: Connection
    health: Mapping[str, DatasetHealth]

    @property
    def connection_id(self) -> ConnectionId:
        """The connection."""
        return ConnectionId(self.connection.connection_id)

    @property
    def has_data(self) -> bool:
        """Whether the account was ever connected, so that there can be data of it."""
        return self.connection.connected_at is not None

    def as_of(self, dataset: str) -> datetime | None:
        """Return when a dataset was last in step with Amazon, None when it never was."""
        health = self.health.get(dataset)
        return None if health is None else in_step_at(health)

    def complete_from(self, dataset: str) -> datetime | None:
        """Return the instant from which a dataset is complete, None while its history is still being fetched."""
        health = self.health.get(dataset)
        return None if health is None or health.complete_from is None else parse_instant(health.complete_from)


class Reach(NamedTuple):
    """A connection and how far one of its datasets was read, as the pages that show stored rows say it.

    Attributes:
        connection: the connection.
        as_of: when the dataset was last in step with Amazon, ISO 8601; None when it never was.
        newest: when Amazon was last asked for it, or the account connected: nothing stored is newer; None for neither.
    """

    connection: Connection
    as_of: str | None
    newest: str | None

    def places(self, marketplace_id: str | None) -> list[str]:
        """Return the marketplaces of the connection, or the one that was asked for when it is among them."""
        return [place for place in self.connection.marketplace_ids if marketplace_id in (None, place)]


def reach(connection_id: ConnectionId, dataset: str) -> Reach:
    """Return how far a dataset of a connection of the tenant in scope was read.

    Raises:
        NotFound: there is no such connection.
    """
    connection = get(connection_id)
    health = health_of(connection_id).get(dataset)
    in_step = None if health is None else in_step_at(health)
    as_of = None if in_step is None else format_instant(in_step)
    attempted: str | None = None if health is None else health.last_attempt_at
    newest = max((text for text in (as_of, attempted, connection.connected_at) if text is not None), default=None)
    return Reach(connection, as_of, newest)


def known() -> tuple[Known, ...]:
    """Return the tenant's connections with the health of their datasets."""
    return tuple(Known(each, store.health(ConnectionId(each.connection_id))) for each in store.all_connections())


def known_by(dataset: str) -> tuple[Known, ...]:
    """Return the tenant's connections with the health of one dataset alone: for lists, whose pages have to be cheap.

    Eventually consistent: half a read unit for the connections and as much for each of them.
    """
    connections = tuple(store.all_connections(consistent=False))
    health = store.health_by_connection([ConnectionId(each.connection_id) for each in connections], dataset)
    told = {each: {dataset: found} for each, found in health.items()}
    return tuple(Known(each, told.get(ConnectionId(each.connection_id), {})) for each in connections)
