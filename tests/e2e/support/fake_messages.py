"""Messages to buyers as the screens know them: forms of Amazon's templates, a log, in memory; each look sends."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import JSONResponse

from quayside.amazon.operations import MESSAGES
from quayside.messages.rules import (
    MOST_FILE_BYTES,
    PART_BYTES,
    POLICY,
    TEMPLATES,
    check,
    content_type_of,
    form_of,
)
from quayside.messages.views import MessageFilePart, MessagesPage, MessageView, OrderMessages
from tests.e2e.support.fake_data import instant

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.responses import Response

    from quayside.messages.rules import State

Json = dict[str, Any]
_ACTIONS = ("confirmOrderDetails", "unexpectedProblem", "warranty", "legalDisclosure")
_WORDS = {"text": "Your lamp comes in two parcels. Shall both go out together?"}
_PAST: tuple[tuple[str, State, str], ...] = (
    ("confirmOrderDetails", "sent", "Amazon accepted it."),
    ("unexpectedProblem", "unclear",
     "Amazon did not say whether it took the message. It is not sent again by itself."),
    ("warranty", "refused", "Amazon no longer allows this message for the order."),
)  # fmt: skip


class FakeMessages:
    """The messages of one deployment's worth of state: what waits is sent with the next look."""

    def __init__(self, now: datetime, orders: list[Json]) -> None:
        own = [each for each in orders if each["fulfilled_by"] == "MERCHANT"]
        self.asked: dict[str, datetime] = {}
        self.parts: dict[str, int] = {}
        self.written: list[MessageView] = [
            self._view(f"message-{place}", own[place], action, state, because, now - timedelta(hours=place))
            for place, (action, state, because) in enumerate(_PAST)
        ]
        self.asked[own[0]["order_id"]] = now - timedelta(minutes=4)

    def _view(  # noqa: PLR0917 - the parts of a message
        self,
        message_id: str,
        order: Json,
        action: str,
        state: State,
        because: str,
        at: datetime,
        file_bytes: int | None = None,
    ) -> MessageView:
        return MessageView(
            message_id=message_id,
            order_id=order["order_id"],
            connection_id=order["connection_id"],
            marketplace_id=order["marketplace_id"],
            action=action,
            title=TEMPLATES[action].title,
            state=state,
            because=because,
            written_at=instant(at),
            written_by="Mara Lindqvist",
            moved_at=instant(at),
            digest="9c1f",
            words=_WORDS,
            can_withdraw=state == "waiting",
            can_settle=state == "unclear",
            file_bytes=file_bytes,
        )

    def log(self, state: str) -> Response:
        """Answer GET /messages."""
        found = [each for each in self.written if state in {"", each.state}]
        return _json(MessagesPage(tuple(msgspec.structs.replace(each, words=None) for each in found), None, None))

    def answer(self, rest: list[str], order: Json, body: Json, now: datetime, *, off: bool) -> Response:
        """Answer one call below ``/orders/{order_id}/messages``."""
        match rest:
            case ["offer"]:
                self.asked[order["order_id"]] = now
            case [message_id, "file-parts"]:
                beginning = base64.b64decode(body["content"])
                if body["number"] == 0 and content_type_of(beginning) is None:
                    return _refused("attachments", "is neither a PDF nor a JPEG nor a PNG file by what it holds")
                self.parts[message_id] = self.parts.get(message_id, 0) + len(beginning)
                return _json(MessageFilePart(body["number"], instant(now + timedelta(days=2))), 201)
            case [message_id, what]:
                state: State = "withdrawn" if what == "withdraw" else "sent" if body["arrived"] else "refused"
                self._move(message_id, state, "A member said so.")
            case [] if body:
                draft = body["message"]
                wrong = check(form_of(draft["action"], None, frozenset(MESSAGES)), draft["values"])
                if wrong:
                    return _refused(wrong[0].field, wrong[0].why)
                because = "It is sent within a minute, once Amazon confirms that it is allowed."
                size = draft["file"]["size_bytes"] if draft.get("file") else None
                if size is not None and self.parts.get(draft["message_id"]) != size:
                    return _refused("attachments", "did not arrive whole; send it again")
                made = self._view(draft["message_id"], order, draft["action"], "waiting", because, now, size)
                self.written.insert(0, msgspec.structs.replace(made, words=draft["values"]))
                return _json(self._shown(order, now, off=off), 202)
            case _:
                for each in self.written:
                    if each.state == "waiting":
                        self._move(each.message_id, "sent", "Amazon accepted it.")
        return _json(self._shown(order, now, off=off), 202 if rest == ["offer"] else 200)

    def _move(self, message_id: str, state: State, because: str) -> None:
        self.written = [
            msgspec.structs.replace(each, state=state, because=because, can_withdraw=False, can_settle=False)
            if each.message_id == message_id
            else each
            for each in self.written
        ]

    def _shown(self, order: Json, now: datetime, *, off: bool) -> OrderMessages:
        asked = self.asked.get(order["order_id"])
        known = asked is not None and not off
        return OrderMessages(
            order_id=order["order_id"],
            connection_id=order["connection_id"],
            state="off" if off else "known" if known else "unasked",
            reason="Messages are switched off for this account." if off else "",
            action="An owner or admin can switch them on under Sync." if off else "",
            answered_at=instant(asked) if asked else None,
            is_good=known and asked is not None and now - asked < timedelta(hours=24),
            language="en-GB" if known else None,
            forms=tuple(form_of(each, None, frozenset(MESSAGES)) for each in _ACTIONS) if known else (),
            messages=tuple(each for each in self.written if each.order_id == order["order_id"]),
            policy=POLICY,
            words_days=30,
            file_part_bytes=PART_BYTES,
            most_file_bytes=MOST_FILE_BYTES,
        )


def _refused(field: str, why: str) -> Response:
    body = {
        "type": "urn:quayside:problem:message_refused",
        "title": "Bad Request",
        "status": 400,
        "code": "message_refused",
        "detail": f"{why}. {POLICY}",
        "action": "Correct the fields that are named and send it again.",
        "request_id": "3f1c-test",
        "fields": [{"field": f"values.{field}", "problem": why}],
    }
    return JSONResponse(body, 400, media_type="application/problem+json")


def _json(view: object, status: int = 200) -> Response:
    return JSONResponse(msgspec.to_builtins(view), status)
