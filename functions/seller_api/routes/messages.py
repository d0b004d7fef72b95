"""Messages to buyers: what Amazon allows for an order, writing one, and the log."""

from typing import Annotated, Any

import msgspec

from quayside.kernel.ids import ConnectionId, check_connection_id
from quayside.messages import service
from quayside.messages.rules import MOST_PARTS, PART_BYTES, State
from quayside.messages.views import MessageDraft, MessageFilePart, MessagesPage, OrderMessages
from seller_api.routes.orders import OrderPlaceQuery
from seller_api.routing import Call, Routes

routes = Routes("messages")
_MOST_BASE64 = -(-PART_BYTES // 3) * 4


class OrderPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which connection the order belongs to, when that is known."""

    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class MessageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message as a member wrote it, and which connection the order belongs to, when that is known."""

    message: MessageDraft
    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class MessageFilePartRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the file that a message is to carry.

    Attributes:
        number: which one, from 0 on.
        content: at most 45,000 bytes of it in base 64; only the last part has fewer.
        connection_id: which connection the order belongs to, when that is known.
    """

    number: Annotated[int, msgspec.Meta(ge=0, le=MOST_PARTS - 1)]
    content: Annotated[str, msgspec.Meta(min_length=4, max_length=_MOST_BASE64)]
    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class Settled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a member found the message at Amazon."""

    arrived: bool
    connection_id: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages to list."""

    state: State | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=500, description="Where the page before this one ended.")] | None = (
        None
    )
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


@routes.get("/messages", permission="messages.read", query=LogQuery)
def list_messages(call: Call[None, LogQuery]) -> MessagesPage:
    """List messages to buyers, the last written first, with what became of each; never what was written."""
    return service.log(state=call.query.state, cursor=call.query.cursor, limit=call.query.limit)


@routes.get("/orders/{order_id}/messages", permission="messages.read", query=OrderPlaceQuery)
def get_messages(call: Call[None, OrderPlaceQuery]) -> OrderMessages:
    """Show what Amazon allows to be written to the buyer of an order, as forms, and what was written so far."""
    return service.of_order(call.path("order_id"), _place(call.query.connection_id), call.container.clock)


@routes.post("/orders/{order_id}/messages/offer", permission="messages.send", body=OrderPlace, status=202)
def ask_offer(call: Call[OrderPlace, None]) -> OrderMessages:
    """Have Amazon asked which messages it allows for an order; at most once a minute."""
    place = _place(call.body.connection_id)
    return service.ask_offer(call.path("order_id"), place, desk=call.container.desk, clock=call.container.clock)


@routes.post("/orders/{order_id}/messages", permission="messages.send", body=MessageRequest, status=202)
def write_message(call: Call[MessageRequest, None]) -> OrderMessages:
    """Send one of the messages Amazon allows; the same `message_id` again is the same message, sent once."""
    return service.write(
        call.path("order_id"),
        _place(call.body.connection_id),
        call.body.message,
        member_id=call.principal.member_id,
        desk=call.container.desk,
        clock=call.container.clock,
    )


@routes.post(
    "/orders/{order_id}/messages/{message_id}/file-parts",
    permission="messages.send",
    body=MessageFilePartRequest,
    status=201,
)
def put_message_file_part(call: Call[MessageFilePartRequest, None]) -> MessageFilePart:
    """Send one part of the file a message is to carry, before the message; it is kept sealed, for two days at most."""
    body = call.body
    place = _place(body.connection_id)
    return service.put_file_part(
        call.path("order_id"), _message_id(call), place, body.number, body.content, call.container.clock
    )


@routes.post("/orders/{order_id}/messages/{message_id}/withdraw", permission="messages.send", body=OrderPlace)
def withdraw_message(call: Call[OrderPlace, None]) -> OrderMessages:
    """Take back a message that has not gone out."""
    place = _place(call.body.connection_id)
    return service.withdraw(
        call.path("order_id"), _message_id(call), place, desk=call.container.desk, clock=call.container.clock
    )


@routes.post("/orders/{order_id}/messages/{message_id}/settle", permission="messages.send", body=Settled)
def settle_message(call: Call[Settled, None]) -> OrderMessages:
    """Say whether a message of unknown fate arrived; one that did not may be written anew."""
    body = call.body
    return service.settle(
        call.path("order_id"),
        _message_id(call),
        _place(body.connection_id),
        arrived=body.arrived,
        clock=call.container.clock,
    )


def _place(connection_id: str | None) -> ConnectionId | None:
    return None if connection_id is None else check_connection_id(connection_id)


def _message_id(call: Call[Any, Any]) -> str:
    return call.path("message_id")
