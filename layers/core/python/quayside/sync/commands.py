"""The one message that asks for work: a frozen ``SyncCommand`` on the work queue.

Whoever asks (a notification, a schedule, a member, a fresh connection, a retry) sends the same command, so there is
one worker path. A command carries its own identity, attempt and, when it had to wait for its turn, its reserved slot.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from quayside.kernel.clock import format_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import ConnectionId, TenantId, check_connection_id, check_tenant_id, new_id

Kind = Literal[
    "connection.authorise",
    "connection.release",
    "credential.review",
    "orders.fetch",
    "orders.search",
    "orders.history",
    "inventory.list",
    "report.request",
    "report.check",
    "report.collect",
    "report.load",
    "report.find",
    "listings.refresh",
    "listings.fetch",
    "listings.preview",
    "listings.apply",
    "listings.attributes",
    "listings.definitions",
    "listings.compare_file",
    "listings.send_file",
    "listings.check_file",
    "listings.collect_file",
    "catalog.refresh",
    "finances.list",
    "fees.estimate",
    "inbound.list",
    "returns.refresh",
    "traffic.refresh",
    "advice.refresh",
    "recipients.find",
    "recipients.fetch",
    "personal_data.destroy",
    "personal_data.forget",
    "stock.look",
    "suggestions.compute",
    "grid.compute",
    "grid.line",
    "reviews.send",
    "reviews.plan",
    "messages.offer",
    "messages.send",
    "research.refresh",
]
Cause = Literal["notification", "schedule", "member", "connect", "retry", "operator"]


class SyncCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of work for one connection.

    Attributes:
        command_id: identity of the piece of work; a command that goes back to the queue keeps it.
        tenant_id: whose work it is.
        connection_id: for which connection.
        kind: which use case.
        arguments: what that use case needs, as short texts.
        cause: who asked.
        first_seen: when it was first asked for, ISO 8601.
        attempt: how often it failed before.
        slot_at: the reserved quota slot in epoch milliseconds, None when nothing is reserved.
        slot_operation: for which operation the slot is reserved.
    """

    command_id: str
    tenant_id: TenantId
    connection_id: ConnectionId
    kind: Kind
    arguments: dict[str, str]
    cause: Cause
    first_seen: str
    attempt: int = 0
    slot_at: int | None = None
    slot_operation: str | None = None


ApplicationUse = Literal["client_secret.review", "client_secret.rotate"]


class ApplicationCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """One piece of work at Amazon that is for no tenant, but for the application itself.

    Attributes:
        command_id: identity of the piece of work.
        application: which use case.
        requested_by: who asked: a member's id, ``operator``, or the name of a function.
        first_seen: when it was first asked for, ISO 8601.
        key_rotated_at: what was encrypted before this instant is encrypted anew, ISO 8601.
        attempt: how often it failed before.
        slot_at: the reserved quota slot in epoch milliseconds, None when nothing is reserved.
        slot_operation: for which operation the slot is reserved.
    """

    command_id: str
    application: ApplicationUse
    requested_by: str
    first_seen: str
    key_rotated_at: str | None = None
    attempt: int = 0
    slot_at: int | None = None
    slot_operation: str | None = None


_decoder = msgspec.json.Decoder(SyncCommand)
_application_decoder = msgspec.json.Decoder(ApplicationCommand)
_encoder = msgspec.json.Encoder()


def encode_command(command: SyncCommand | ApplicationCommand) -> str:
    """Write a command as the body of a queue message."""
    return _encoder.encode(command).decode()


def decode_command(body: str | bytes) -> SyncCommand:
    """Read a command from the body of a queue message.

    Raises:
        InvalidInput: the body is no command.
    """
    try:
        command = _decoder.decode(body)
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"The message is no command: {problem}.", code="invalid_command") from problem
    check_tenant_id(command.tenant_id)
    check_connection_id(command.connection_id)
    return command


def decode_any_command(body: str | bytes) -> SyncCommand | ApplicationCommand:
    """Read a command, of a tenant or of the application itself, from the body of a queue message.

    Raises:
        InvalidInput: the body is neither.
    """
    try:
        return decode_command(body)
    except InvalidInput as problem:
        try:
            return _application_decoder.decode(body)
        except msgspec.DecodeError:
            raise problem from None


def command(  # noqa: PLR0913 - the parts of a command, by name
    kind: Kind,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    arguments: Mapping[str, str] | None = None,
    *,
    cause: Cause,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> SyncCommand:
    """Build a fresh command."""
    return SyncCommand(
        command_id=new_id(entropy),
        tenant_id=tenant_id,
        connection_id=connection_id,
        kind=kind,
        arguments=dict(arguments or {}),
        cause=cause,
        first_seen=format_instant(now),
    )


def fetch_order(  # noqa: PLR0913 - the parts of a command, by name
    tenant_id: TenantId,
    connection_id: ConnectionId,
    order_id: str,
    *,
    cause: Cause,
    now: datetime,
    entropy: Callable[[int], bytes],
) -> SyncCommand:
    """Build the command that fetches one order, for its prices or for what a notification leaves out."""
    return command(
        "orders.fetch", tenant_id, connection_id, {"order_id": order_id}, cause=cause, now=now, entropy=entropy
    )
