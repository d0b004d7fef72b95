"""Amazon accounts: connecting, health, quarantine, disconnecting."""

import secrets
from typing import Annotated, Any

import msgspec

from quayside.compliance import erasure_service as erasures
from quayside.connections import service as connections
from quayside.connections.views import Authorization, ConnectionList, ConnectionView, QuarantinePage
from quayside.kernel.ids import ConnectionId, check_connection_id
from quayside.operations import service as operations
from quayside.sync import service as sync
from seller_api.routing import Call, Routes

routes = Routes("connections")


class AuthorizationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which marketplace the seller signs in to give consent."""

    marketplace_id: Annotated[str, msgspec.Meta(max_length=20)]


class Callback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What Amazon sent the seller back with."""

    state: Annotated[str, msgspec.Meta(max_length=512)]
    selling_partner_id: Annotated[str, msgspec.Meta(max_length=64)]
    code: Annotated[str, msgspec.Meta(max_length=512)]


class Disconnection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The selling partner id of the account, typed by the person who disconnects it."""

    confirmation: Annotated[str, msgspec.Meta(max_length=64)]


class Replayed(msgspec.Struct, frozen=True):
    """The entry is on its way through the intake again."""

    entry_id: str


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the page before this one ended."""

    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


@routes.get("/connections", permission="connections.read")
def list_connections(call: Call[None, None]) -> ConnectionList:
    """List the Amazon accounts of the organisation with the health of their datasets."""
    return sync.show_connections(call.container.clock)


@routes.get("/connections/{connection_id}", permission="connections.read")
def get_connection(call: Call[None, None]) -> ConnectionView:
    """Show one account: steps of connecting, datasets, freshness, what failed and what to do."""
    return _shown(call, _connection_id(call))


@routes.post("/connections/authorizations", permission="connections.manage", body=AuthorizationRequest, status=201)
def begin_authorization(call: Call[AuthorizationRequest, None]) -> Authorization:
    """Begin to connect an account: where to send the seller for their consent."""
    return connections.begin_authorization(
        call.body.marketplace_id,
        call.principal.member_id,
        settings=call.container.settings,
        clock=call.container.clock,
    )


@routes.post("/connections/callback", permission="connections.manage", body=Callback, status=202)
def accept_callback(call: Call[Callback, None]) -> ConnectionView:
    """Take what Amazon sent the seller back with; the connection completes in the background."""
    connection = connections.accept_callback(
        state=call.body.state,
        selling_partner_id=call.body.selling_partner_id,
        code=call.body.code,
        member_id=call.principal.member_id,
        desk=call.container.desk,
        clock=call.container.clock,
    )
    return _shown(call, ConnectionId(connection.connection_id))


@routes.post("/connections/{connection_id}/disconnect", permission="connections.manage", body=Disconnection, status=202)
def disconnect(call: Call[Disconnection, None]) -> ConnectionView:
    """Disconnect an account: syncing stops and credentials are destroyed at once, its data is erased after a week."""
    connection_id = _connection_id(call)
    connections.disconnect(connection_id, call.body.confirmation, desk=call.container.desk)
    erasures.connection_ended(
        connection_id,
        cause="disconnect",
        requested_by=call.principal.member_id,
        clock=call.container.clock,
        entropy=secrets.token_bytes,
    )
    return _shown(call, connection_id)


@routes.get("/connections/{connection_id}/quarantine", permission="connections.read", query=PageQuery)
def list_quarantine(call: Call[None, PageQuery]) -> QuarantinePage:
    """List the notifications of an account that could not be applied, newest first."""
    return operations.quarantine_of(_connection_id(call), call.query.cursor)


@routes.post("/connections/{connection_id}/quarantine/{entry_id}/replay", permission="connections.manage", status=202)
def replay_quarantined(call: Call[None, None]) -> Replayed:
    """Take a notification in again, for example after Quayside learned to read it."""
    operations.replay(_connection_id(call), call.path("entry_id"), call.container.desk)
    return Replayed(call.path("entry_id"))


def _connection_id(call: Call[Any, Any]) -> ConnectionId:
    return check_connection_id(call.path("connection_id"))


def _shown(call: Call[Any, Any], connection_id: ConnectionId) -> ConnectionView:
    return sync.show_connection(connection_id, call.container.clock)
