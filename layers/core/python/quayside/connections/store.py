"""Reads and writes connections. Tenant data is that of the tenant in scope."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from quayside.connections.records import (
    AuthorizationState,
    Connection,
    ConnectionRecord,
    CredentialRecord,
    DatasetHealth,
    HistoryWalk,
    QuarantinedMessage,
    SellerConnection,
    Serving,
    SharedDestination,
    SystemQuarantineEntry,
    TenantQuarantineEntry,
)
from quayside.connections.rules import Status, features_off
from quayside.kernel.clock import epoch_seconds, format_instant, parse_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import current_tenant
from quayside.storage import keys
from quayside.storage.tables import every, page, write

_QUARANTINE_DAYS = 90
_LARGEST_PAYLOAD = 300_000


def find(connection_id: ConnectionId) -> Connection | None:
    """Return a connection of the tenant in scope."""
    record = ConnectionRecord.find(keys.connection(current_tenant(), connection_id))
    return None if record is None else record.read()


def all_connections(*, consistent: bool = True) -> Iterator[Connection]:
    """Return all connections of the tenant in scope."""
    partition = keys.connections(current_tenant())
    for record in every(ConnectionRecord, partition, prefix="CONNECTION#", consistent=consistent):
        yield record.read()


def begin(  # noqa: PLR0913 - the parts of a connection
    connection_id: ConnectionId,
    *,
    selling_partner_id: str,
    region: str,
    name: str,
    member_id: str,
    begun_with: str,
    steps: str,
    before: Sequence[Status],
    now: datetime,
) -> bool:
    """Store a connection as ``authorising``, new or again; return whether its status allowed it."""
    model = ConnectionRecord
    actions: list[Action] = [
        model.connection_id.set(connection_id),
        model.selling_partner_id.set(selling_partner_id),
        model.region.set(region),
        model.name.set(model.name | name),
        model.status.set("authorising"),
        model.status_reason.remove(),
        model.status_action.remove(),
        model.authorised_by.set(member_id),
        model.begun_with.set(begun_with),
        model.began_at.set(format_instant(now)),
        model.steps.set(steps),
        model.subscriptions.set("{}"),
    ]
    condition = model.pk.does_not_exist() | model.status.is_in(*before)
    return write(model, keys.connection(current_tenant(), connection_id), actions, condition, returning="NONE").applied


def change(
    connection_id: ConnectionId,
    actions: Sequence[Action],
    *,
    only_in: Sequence[Status],
    when: Condition | None = None,
) -> Connection | None:
    """Change a connection while it is in one of the statuses and ``when`` holds; return it, or None otherwise."""
    condition = ConnectionRecord.status.is_in(*only_in)
    written = write(
        ConnectionRecord,
        keys.connection(current_tenant(), connection_id),
        actions,
        condition if when is None else condition & when,
    )
    return ConnectionRecord.from_raw_data(written.item).read() if written.applied else None


def forget(connection_id: ConnectionId) -> None:
    """Delete a connection."""
    ConnectionRecord.remove(keys.connection(current_tenant(), connection_id))


def health(connection_id: ConnectionId) -> dict[str, DatasetHealth]:
    """Return the health of a connection's datasets, by dataset."""
    partition = keys.dataset_health_partition(current_tenant(), connection_id)
    return {record.dataset: record for record in every(DatasetHealth, partition, prefix="DATASET#")}


def health_by_connection(connection_ids: Sequence[ConnectionId], dataset: str) -> dict[ConnectionId, DatasetHealth]:
    """Return the health of one dataset of each connection that has any: half a read unit each."""
    tenant_id = current_tenant()
    places = {keys.dataset_health(tenant_id, each, dataset): each for each in connection_ids}
    found = DatasetHealth.batch_get([(key.pk, key.sk) for key in places]) if places else ()
    return {places[keys.Key(record.pk, record.sk)]: record for record in found}


def dataset_health(connection_id: ConnectionId, dataset: str) -> DatasetHealth | None:
    """Return the health of one dataset."""
    return DatasetHealth.find(keys.dataset_health(current_tenant(), connection_id, dataset))


def change_health(
    connection_id: ConnectionId, dataset: str, actions: Sequence[Action], condition: Condition | None = None
) -> bool:
    """Change the health of a dataset; return whether the condition held."""
    written = write(
        DatasetHealth,
        keys.dataset_health(current_tenant(), connection_id, dataset),
        [DatasetHealth.dataset.set(dataset), *actions],
        condition,
        returning="NONE",
    )
    return written.applied


def walk_actions(walk: HistoryWalk) -> list[Action]:
    """Return what stores a walk, with the step that guards it against duplicates."""
    return [
        DatasetHealth.history.set(msgspec.json.encode(walk).decode()),
        DatasetHealth.history_step.set(step_of(walk)),
    ]


def step_of(walk: HistoryWalk) -> str:
    """Return what identifies the step a walk is at."""
    return f"{walk.run}#{walk.page}"


# Who serves which seller: no tenant's data, so no tenant in scope is needed.


def serve(  # noqa: PLR0913 - the parts of the mapping
    selling_partner_id: str,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    region: str,
    subscription_ids: Sequence[str],
    *,
    switched_off: Sequence[str] = (),
    switched_on: Sequence[str] = (),
) -> None:
    """Store that a connection serves a seller, by which subscriptions, and which features members switched."""
    model = SellerConnection
    write(
        model,
        keys.seller_connection(selling_partner_id, tenant_id, connection_id),
        [
            model.tenant_id.set(tenant_id),
            model.connection_id.set(connection_id),
            model.region.set(region),
            model.subscription_ids.set(msgspec.json.encode(sorted(subscription_ids)).decode()),
            *_switches(switched_off, switched_on),
        ],
        returning="NONE",
    )


def serve_without(
    selling_partner_id: str,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    *,
    switched_off: Sequence[str],
    switched_on: Sequence[str],
) -> None:
    """Store which features members switched off and on; a connection that serves nobody stays so."""
    model = SellerConnection
    write(
        model,
        keys.seller_connection(selling_partner_id, tenant_id, connection_id),
        _switches(switched_off, switched_on),
        model.pk.exists(),
        returning="NONE",
    )


def _switches(switched_off: Sequence[str], switched_on: Sequence[str]) -> list[Action]:
    model = SellerConnection
    return [
        model.features_off.set(msgspec.json.encode(sorted(switched_off)).decode()),
        model.features_on.set(msgspec.json.encode(sorted(switched_on)).decode()),
    ]


def stop_serving(selling_partner_id: str, tenant_id: TenantId, connection_id: ConnectionId) -> None:
    """Delete the mapping: from now on notifications of the seller no longer reach the connection."""
    SellerConnection.remove(keys.seller_connection(selling_partner_id, tenant_id, connection_id))


def serving(selling_partner_id: str) -> tuple[Serving, ...]:
    """Return the connections that serve a seller, of whatever tenant."""
    found = every(SellerConnection, keys.seller(selling_partner_id), prefix="CONNECTION#")
    return tuple(
        Serving(
            each.tenant_id,
            each.connection_id,
            each.region,
            frozenset(msgspec.json.decode(each.subscription_ids, type=list[str])),
            frozenset(
                features_off(
                    msgspec.json.decode(each.features_off or "[]", type=list[str]),
                    msgspec.json.decode(each.features_on or "[]", type=list[str]),
                )
            ),
        )
        for each in found
    )


# The register of credentials: no tenant's data, so no tenant in scope is needed.


def register_credential(tenant_id: TenantId, connection: Connection, granted_at: str) -> None:
    """Note that a seller granted a refresh token; the uses of the one before do not count for it."""
    model = CredentialRecord
    actions: list[Action] = [*_named(tenant_id, connection), model.granted_at.set(granted_at), model.used.remove()]
    key = keys.credential_entry(tenant_id, ConnectionId(connection.connection_id))
    write(model, key, actions, source="amazon:lwa", returning="NONE")


def note_credential_use(tenant_id: TenantId, connection: Connection, roles: Collection[str], now: datetime) -> None:
    """Note that calls which need some roles succeeded; an entry that is missing is made good."""
    model = CredentialRecord
    key = keys.credential_entry(tenant_id, ConnectionId(connection.connection_id))
    found = model.find(key)
    before = None if found is None else found.used
    used = {**(found.uses() if found else {}), **dict.fromkeys(sorted(roles), format_instant(now))}
    actions: list[Action] = [
        *_named(tenant_id, connection),
        model.granted_at.set(model.granted_at | connection.began_at),
        model.used.set(encoded(used)),
    ]
    # Whoever comes second leaves it: within the hour it is noted again, and what counts are days.
    unchanged = model.used.does_not_exist() if before is None else model.used == before
    write(model, key, actions, unchanged, source="amazon:lwa", returning="NONE")


def _named(tenant_id: TenantId, connection: Connection) -> list[Action]:
    model = CredentialRecord
    return [
        model.tenant_id.set(tenant_id),
        model.connection_id.set(connection.connection_id),
        model.selling_partner_id.set(connection.selling_partner_id),
        model.region.set(connection.region),
    ]


def strike_credential(tenant_id: TenantId, connection_id: ConnectionId) -> None:
    """Take a connection out of the register of credentials."""
    CredentialRecord.remove(keys.credential_entry(tenant_id, connection_id))


def credential_entry(tenant_id: TenantId, connection_id: ConnectionId) -> CredentialRecord | None:
    """Return the entry of a connection in the register of credentials."""
    return CredentialRecord.find(keys.credential_entry(tenant_id, connection_id))


def credential_entries(tenant_id: TenantId | None = None) -> Iterator[CredentialRecord]:
    """Return the register of credentials, of one tenant or of all."""
    for shard in range(keys.DUE_SHARDS):
        prefix = None if tenant_id is None else keys.credentials_of(tenant_id)
        bounds = (keys.LOWEST, keys.HIGHEST) if prefix is None else None
        yield from every(CredentialRecord, keys.credentials(shard), prefix=prefix, between=bounds)


# Authorisation


def put_state(state: str, tenant_id: TenantId, member_id: str, marketplace_id: str, expires_at: int) -> None:
    """Store a one-time state."""
    model = AuthorizationState
    write(
        model,
        keys.authorization_state(state),
        [
            model.tenant_id.set(tenant_id),
            model.member_id.set(member_id),
            model.marketplace_id.set(marketplace_id),
            model.expires_at.set(expires_at),
        ],
        returning="NONE",
    )


def state_record(state: str) -> AuthorizationState | None:
    """Return what a state was given out for."""
    return AuthorizationState.find(keys.authorization_state(state))


def use_state(state: str, connection_id: ConnectionId) -> bool:
    """Mark a state as used; return False when it was used before."""
    model = AuthorizationState
    written = write(
        model,
        keys.authorization_state(state),
        [model.used_for.set(connection_id)],
        model.pk.exists() & model.used_for.does_not_exist(),
        returning="NONE",
    )
    return written.applied


def destination(place: str) -> SharedDestination | None:
    """Return the application's destination at a place: a region, or a region's events."""
    return SharedDestination.find(keys.destination(place))


def put_destination(place: str, destination_id: str, resource: str) -> None:
    """Remember the application's destination at a place, and to which queue or account it leads."""
    model = SharedDestination
    actions: list[Action] = [model.destination_id.set(destination_id), model.queue_arn.set(resource)]
    write(model, keys.destination(place), actions, source="amazon:notifications/v1", returning="NONE")


# Quarantine


def put_aside(tenant_id: TenantId | None, connection_id: ConnectionId | None, message: QuarantinedMessage) -> None:
    """Store a message in the quarantine of a connection, or in the operators' when its tenant is not known."""
    received_at = parse_instant(message.received_at)
    values = {
        **message._asdict(),
        "payload": message.payload[:_LARGEST_PAYLOAD],
        "expires_at": epoch_seconds(received_at) + _QUARANTINE_DAYS * 86_400,
        "source": "amazon:notification",
    }
    if tenant_id is None or connection_id is None:
        SystemQuarantineEntry.at(keys.quarantine_entry(received_at, message.entry_id), **values).save()
        return
    key = keys.tenant_quarantine_entry(tenant_id, connection_id, received_at, message.entry_id)
    TenantQuarantineEntry.at(key, connection_id=connection_id, **values).save()


def _partition(connection_id: ConnectionId | None) -> str:
    return keys.QUARANTINE if connection_id is None else keys.tenant_quarantine(current_tenant(), connection_id)


def _model(connection_id: ConnectionId | None) -> type[TenantQuarantineEntry | SystemQuarantineEntry]:
    return SystemQuarantineEntry if connection_id is None else TenantQuarantineEntry


def quarantined(
    connection_id: ConnectionId | None, *, after: str | None, limit: int
) -> tuple[list[QuarantinedMessage], str | None]:
    """Return a page of a quarantine, newest first; the operators' when there is no connection."""
    found = page(
        _model(connection_id), _partition(connection_id), limit=limit, prefix="ENTRY#", after=after, newest_first=True
    )
    return [_message(entry) for entry in found.records], found.next_sort_key


def find_quarantined(connection_id: ConnectionId | None, entry_id: str) -> tuple[QuarantinedMessage, str] | None:
    """Return one message in quarantine and its sort key, by its id."""
    for entry in every(_model(connection_id), _partition(connection_id), prefix="ENTRY#"):
        if entry.entry_id == entry_id:
            return _message(entry), entry.sk
    return None


def leave_quarantine(connection_id: ConnectionId | None, sort_key: str) -> None:
    """Delete a message from quarantine."""
    _model(connection_id).remove(keys.Key(_partition(connection_id), sort_key))


def forget_unclaimed(selling_partner_id: str) -> int:
    """Delete what is in the operators' quarantine and names a seller; return how much that was."""
    found = [
        entry.sk
        for entry in every(SystemQuarantineEntry, keys.QUARANTINE, prefix="ENTRY#")
        if selling_partner_id in entry.payload
    ]
    for sort_key in found:
        SystemQuarantineEntry.remove(keys.Key(keys.QUARANTINE, sort_key))
    return len(found)


def count_quarantined(connection_id: ConnectionId) -> int:
    """Return how many messages of a connection are in quarantine."""
    model = TenantQuarantineEntry
    return model.count(_partition(connection_id), model.sk.startswith("ENTRY#"))


def _message(entry: TenantQuarantineEntry | SystemQuarantineEntry) -> QuarantinedMessage:
    return QuarantinedMessage(entry.entry_id, entry.received_at, entry.type, entry.reason, entry.action, entry.payload)


def encoded(value: Mapping[str, object] | Sequence[object] | msgspec.Struct) -> str:
    """Return a value as JSON for an attribute."""
    return msgspec.json.encode(value).decode()
