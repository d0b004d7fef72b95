"""Use cases of messages to buyers for the API: what Amazon allows, writing one, taking it back, saying what came of it.

Nothing here calls Amazon: a member's message is written down and the worker sends it.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from quayside.accounts.store import find_member
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound, RateLimited
from quayside.kernel.ids import ConnectionId, MemberId
from quayside.kernel.tenancy import current_tenant
from quayside.messages import store
from quayside.messages.records import text_of
from quayside.messages.rules import (
    ATTACHMENTS,
    FILE_RULE,
    MOST_FILE_BYTES,
    MOST_OF_AN_ORDER,
    MOST_PARTS,
    OFFER_IS_GOOD,
    PART_BYTES,
    POLICY,
    TEMPLATES,
    Event,
    Form,
    State,
    check,
    content_type_of,
    fits,
)
from quayside.messages.sending import Standing, moved
from quayside.messages.views import MessageDraft, MessageFilePart, MessagesPage, MessageView, OrderMessages
from quayside.orders import service as orders
from quayside.storage.sealed_files import FileReference
from quayside.sync.registry import BUYER_MESSAGES, BUYER_MESSAGING
from quayside.sync.service import Desk
from quayside.sync.views import Cell, Column, RowsPage

if TYPE_CHECKING:
    from quayside.messages.records import EntryRecord, OfferRecord

ASKED_EVERY = timedelta(minutes=1)
"""Amazon is asked what it allows for an order at most so often."""
ASKING_FOR = timedelta(minutes=15)
"""So long an answer is waited for before a member is offered to ask again."""
_EXAMINED_AT_MOST = 500
_MESSAGE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_SORT_KEY = re.compile(r"ENTRY#[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z#[A-Za-z0-9%._~-]+")
_OFF = "Messages are switched off for this account."
_SWITCH_ON = "An owner or admin can switch them on under Sync."

COLUMNS = (
    Column("order_id", "Order", "text"),
    Column("marketplace_id", "Marketplace", "text"),
    Column("title", "Message", "text"),
    Column("state", "State", "text"),
    Column("because", "Why", "text"),
    Column("written_at", "Written", "instant"),
    Column("moved_at", "Changed", "instant"),
    Column("digest", "SHA-256 of the words", "text"),
    Column("file_bytes", "Size of the file in bytes", "number"),
)
"""What the data browser shows of a message; never what was written."""


class _Order(NamedTuple):
    connection_id: ConnectionId
    order_id: str
    marketplace_id: str


# -- One order ---------------------------------------------------------------------------------------------------------


def of_order(order_id: str, connection_id: ConnectionId | None, clock: Clock) -> OrderMessages:
    """Show what may be written to the buyer of an order of the tenant in scope, and what was.

    Raises:
        NotFound: there is no such order.
    """
    return _shown(_order(order_id, connection_id), clock)


def ask_offer(order_id: str, connection_id: ConnectionId | None, *, desk: Desk, clock: Clock) -> OrderMessages:
    """Have Amazon asked what it allows for an order.

    Raises:
        NotFound: there is no such order.
        Conflict: messages are switched off, or the account is not connected.
        RateLimited: Amazon was asked a moment ago.
    """
    order = _order(order_id, connection_id)
    _check_on(order.connection_id)
    now = clock.now()
    if not store.ask_offer(order.connection_id, order.order_id, now, now - ASKED_EVERY):
        raise RateLimited(
            "Amazon was asked for this order a moment ago.", action="Wait a minute, then ask again."
        )  # fmt: skip
    desk.ask("messages.offer", current_tenant(), order.connection_id, cause="member", order_id=order.order_id)
    return _shown(order, clock)


def write(  # noqa: PLR0913 - a message, its order, and who writes it with what
    order_id: str,
    connection_id: ConnectionId | None,
    draft: MessageDraft,
    *,
    member_id: MemberId,
    desk: Desk,
    clock: Clock,
) -> OrderMessages:
    """Keep a message that a member wrote, and have it sent; the same again is one message.

    Raises:
        NotFound: there is no such order.
        Conflict: messages are off, Amazon does not allow this one, one like it is on its way, or there are too many.
        InvalidInput: what was written breaks Amazon's rules or its form, or its file is not there.
    """
    order = _order(order_id, connection_id)
    _check_on(order.connection_id)
    _check_message_id(draft.message_id)
    now = clock.now()
    known = store.of_order(order.connection_id, order.order_id)
    same = next((each for each in known if each.message_id == draft.message_id), None)
    digest = _digest(draft)
    if same is not None:
        _check_same(same, draft, digest)
    else:
        form = _form(store.offer(order.connection_id, order.order_id), draft.action, clock)
        _check_words(form, draft)
        _check_room(known, draft.action)
        _check_file(order, draft)
        new = Standing(
            message_id=draft.message_id,
            order_id=order.order_id,
            marketplace_id=order.marketplace_id,
            action=draft.action,
            state="waiting",
            because="It is sent within a minute, once Amazon confirms that it is allowed.",
            written_at=now,
            written_by=member_id,
            moved_at=now,
            digest=digest,
            file=draft.file,
        )
        store.put_new(order.connection_id, new, draft.values)
    _have_sent(order, draft.message_id, desk)
    return _shown(order, clock)


def put_file_part(  # noqa: PLR0913, PLR0917 - a part, the file it is of, and where that belongs
    order_id: str, message_id: str, connection_id: ConnectionId | None, number: int, content: str, clock: Clock
) -> MessageFilePart:
    """Keep one part of the file that a message is to carry, sealed; the same part again replaces it.

    Args:
        order_id: the order.
        message_id: the id that the message will have.
        connection_id: which connection the order belongs to, when that is known.
        number: which part, from 0 on.
        content: the part in base 64.
        clock: tells the time.

    Raises:
        NotFound: there is no such order.
        Conflict: messages are off, or the message is written already.
        InvalidInput: it is no such part, or the beginning of a file that goes with no message.
        FileUnavailable: it can't be sealed at the moment.
    """
    order = _order(order_id, connection_id)
    _check_on(order.connection_id)
    _check_message_id(message_id)
    if store.standing(order.connection_id, order.order_id, message_id) is not None:
        raise Conflict(
            "The message is written already.", code="message_written", action="Write a new message with its own file."
        )
    part = _decoded(content)
    if not 0 <= number < MOST_PARTS or not 1 <= len(part) <= PART_BYTES:
        why = f"has to be one of at most {MOST_PARTS} parts of 1 to {PART_BYTES:,} bytes"
        raise InvalidInput(f"A part {why}.", code="file_too_large", fields=(FieldProblem("content", why),))
    kind = content_type_of(part) if number == 0 else ""
    if kind is None:
        raise _file_problem("is neither a PDF nor a JPEG nor a PNG file by what it holds")
    now = clock.now()
    store.put_file_part(_reference(order, message_id), number, part, kind, now)
    return MessageFilePart(number, format_instant(now + store.FILE_LIVES))


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        why = "has to be base 64"
        raise InvalidInput(f"The part {why}.", fields=(FieldProblem("content", why),)) from None


def _reference(order: _Order, message_id: str) -> FileReference:
    return FileReference(order.connection_id, order.order_id, message_id)


def _file_problem(why: str) -> InvalidInput:
    return InvalidInput(
        f"The file {why}. {FILE_RULE}",
        code="file_refused",
        action="Choose another file.",
        fields=(FieldProblem(f"values.{ATTACHMENTS}", why),),
    )


def withdraw(
    order_id: str, message_id: str, connection_id: ConnectionId | None, *, desk: Desk, clock: Clock
) -> OrderMessages:  # fmt: skip
    """Take back a message that has not gone out; a file that was to go with it is deleted.

    Raises:
        NotFound: there is no such order or message.
        Conflict: it is on its way, or further.
    """
    shown = _told(order_id, message_id, connection_id, "withdraws", "A member took it back before it went out.", clock)
    if any(each.message_id == message_id and each.file_bytes is not None for each in shown.messages):
        # Deleting it is the worker's right alone.
        _have_sent(_order(order_id, connection_id), message_id, desk)
    return shown


def settle(
    order_id: str, message_id: str, connection_id: ConnectionId | None, *, arrived: bool, clock: Clock
) -> OrderMessages:
    """Say of a message of unknown fate whether it arrived, by what a member found at Amazon.

    Raises:
        NotFound: there is no such order or message.
        Conflict: its fate is known.
    """
    event: Event = "arrived" if arrived else "not_arrived"
    said = "A member found it at Amazon." if arrived else "A member did not find it at Amazon. It may be written anew."
    return _told(order_id, message_id, connection_id, event, said, clock)


def _told(  # noqa: PLR0913, PLR0917 - the parts of a move
    order_id: str, message_id: str, connection_id: ConnectionId | None, event: Event, because: str, clock: Clock
) -> OrderMessages:
    order = _order(order_id, connection_id)
    before = store.standing(order.connection_id, order.order_id, message_id)
    if before is None:
        raise NotFound("There is no such message.", code="message_not_found")
    try:
        after = moved(before, event, because, clock.now())
    except ValueError:
        raise _has_moved(before.because) from None
    if not store.Book(order.connection_id).keep(before, after):
        raise _has_moved("It changed at this very moment.")
    return _shown(order, clock)


def _has_moved(why: str) -> Conflict:
    return Conflict(f"The message cannot be changed so any more. {why}", code="message_moved")


def _order(order_id: str, connection_id: ConnectionId | None) -> _Order:
    found = orders.find_known(order_id, connection_id)
    if found is None:
        raise NotFound("There is no such order here.", code="order_not_found")
    return _Order(found[0], found[1].order_id, found[1].marketplace_id)


def _is_on(connection_id: ConnectionId) -> bool:
    return BUYER_MESSAGING not in connections.get(connection_id).features_off


def _check_on(connection_id: ConnectionId) -> None:
    if not _is_on(connection_id):
        raise Conflict(_OFF, code="messages_off", action=_SWITCH_ON)
    if connections.live(connection_id) is None:
        raise Conflict("The account is not connected.", code="connection_not_active", action="Connect it again first.")


def _form(offered: "OfferRecord | None", action: str, clock: Clock) -> Form:
    if offered is None or not _is_good(offered, clock):
        raise Conflict(
            "It is too long ago that Amazon said what it allows for this order.",
            code="offer_too_old",
            action="Ask Amazon again, then send the message.",
        )
    form = next((each for each in offered.read() if each.action == action), None)
    if form is None or form.not_from_here:
        why = form.not_from_here if form else "Choose one of those that are listed for the order."
        raise Conflict(
            f"Amazon does not allow this message for the order from here. {POLICY}",
            code="message_not_allowed",
            action=why,
        )
    return form


def _is_good(offered: "OfferRecord", clock: Clock) -> bool:
    at: str | None = offered.answered_at
    return at is not None and clock.now() - parse_instant(at) <= OFFER_IS_GOOD


def _check_words(form: Form, draft: MessageDraft) -> None:
    wrong = check(form, draft.values)
    if wrong:
        titles = {field.name: field.title for field in form.fields}
        said = "; ".join(f"{titles.get(each.field, each.field)} {each.why}" for each in wrong)
        raise InvalidInput(
            f"{said}. {POLICY}",
            code="message_refused",
            fields=tuple(FieldProblem(f"values.{each.field}", each.why) for each in wrong),
        )


def _check_message_id(message_id: str) -> None:
    if _MESSAGE_ID.fullmatch(message_id) is None:
        why = "has to be 8 to 64 letters, digits and hyphens"
        raise InvalidInput(f"message_id {why}.", fields=(FieldProblem("message_id", why),))


def _check_file(order: _Order, draft: MessageDraft) -> None:
    """Check that the file a message names is there, whole, and what its name says; the worker checks its SHA-256."""
    name = draft.values.get(ATTACHMENTS, "").strip()
    if draft.file is None:
        if name:
            raise _file_problem("was not sent along")
        return
    if not name:
        raise _file_problem("has no name")
    found = store.file_parts(_reference(order, draft.message_id))
    expected = [(number, draft.file.size_of(number)) for number in range(draft.file.parts)]
    if [(each.number, each.size) for each in found] != expected:
        raise _file_problem("did not arrive whole; send it again")
    if not fits(name, found[0].content_type):
        raise _file_problem(f"holds {found[0].content_type}, and its name says something else")


def _check_room(known: Sequence[Standing], action: str) -> None:
    if any(each.is_open and each.action == action for each in known):
        raise Conflict(
            "A message of this kind is on its way to the buyer already.",
            code="message_under_way",
            action="Wait until it is sent, or take it back.",
        )
    if any(each.state == "unclear" and each.action == action for each in known):
        raise Conflict(
            "Nobody knows whether the last message of this kind arrived.",
            code="message_unclear",
            action="Look it up at Amazon and say so, then write again.",
        )
    if len(known) >= MOST_OF_AN_ORDER:
        raise Conflict(
            f"There are {MOST_OF_AN_ORDER} messages to this buyer already.",
            code="too_many_messages",
            action="Ask Amazon's seller support about this order.",
        )


def _check_same(same: Standing, draft: MessageDraft, digest: str) -> None:
    if (same.action, same.digest) != (draft.action, digest):
        raise Conflict("There is another message of this id.", code="message_differs", action="Choose another id.")


def _digest(draft: MessageDraft) -> str:
    words = text_of({name: draft.values[name] for name in sorted(draft.values)})
    file = f"\n{draft.file.sha256}" if draft.file else ""
    return hashlib.sha256(f"{draft.action}\n{words}{file}".encode()).hexdigest()


def _have_sent(order: _Order, message_id: str, desk: Desk) -> None:
    desk.ask(
        "messages.send",
        current_tenant(),
        order.connection_id,
        cause="member",
        order_id=order.order_id,
        message_id=message_id,
    )


# -- Showing it --------------------------------------------------------------------------------------------------------


def _shown(order: _Order, clock: Clock) -> OrderMessages:
    now = clock.now()
    offered = store.offer(order.connection_id, order.order_id)
    known = store.of_order(order.connection_id, order.order_id)
    written = store.words_of(order.connection_id, order.order_id, [each.message_id for each in known])
    asked_at: str | None = offered.asked_at if offered else None
    answered_at: str | None = offered.answered_at if offered else None
    waits = asked_at is not None and (answered_at is None or answered_at < asked_at)
    is_asking = waits and asked_at is not None and now - parse_instant(asked_at) <= ASKING_FOR
    is_on = _is_on(order.connection_id)
    reason, action = ("", "") if is_on else (_OFF, _SWITCH_ON)
    if is_on and waits:
        reason, action = _why_waiting(order.connection_id)
    if is_on and not waits and offered is not None and offered.problem:
        reason = offered.problem
    names: dict[str, str | None] = {}
    return OrderMessages(
        order_id=order.order_id,
        connection_id=order.connection_id,
        state="off" if not is_on else "asking" if is_asking else "known" if answered_at else "unasked",
        reason=reason,
        action=action,
        answered_at=answered_at,
        is_good=is_on and offered is not None and _is_good(offered, clock),
        language=offered.language if offered else None,
        forms=offered.read() if offered and is_on else (),
        messages=tuple(_view(order.connection_id, each, names, written.get(each.message_id)) for each in known),
        policy=POLICY,
        words_days=store.WORDS_DAYS,
        file_part_bytes=PART_BYTES,
        most_file_bytes=MOST_FILE_BYTES,
    )


def _why_waiting(connection_id: ConnectionId) -> tuple[str, str]:
    health = connections.health_of(connection_id).get(BUYER_MESSAGES)
    failure: str | None = health.failure_reason if health else None
    action: str | None = health.failure_action if health else None
    return failure or "", action or ""


def _view(
    connection_id: ConnectionId,
    standing: Standing,
    names: dict[str, str | None],
    words: dict[str, str] | None = None,
) -> MessageView:
    if standing.written_by not in names:
        member = find_member(MemberId(standing.written_by))
        names[standing.written_by] = member.name if member else None
    template = TEMPLATES.get(standing.action)
    return MessageView(
        message_id=standing.message_id,
        order_id=standing.order_id,
        connection_id=connection_id,
        marketplace_id=standing.marketplace_id,
        action=standing.action,
        title=template.title if template else standing.action,
        state=standing.state,
        because=standing.because,
        written_at=format_instant(standing.written_at),
        written_by=names[standing.written_by],
        moved_at=format_instant(standing.moved_at),
        digest=standing.digest,
        words=words,
        can_withdraw=standing.state == "waiting",
        can_settle=standing.state == "unclear",
        file_bytes=standing.file.size_bytes if standing.file else None,
    )


# -- The log -----------------------------------------------------------------------------------------------------------


def log(*, state: State | None = None, cursor: str | None = None, limit: int = 50) -> MessagesPage:
    """List the messages of the tenant in scope, the last written first; never what was written.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    return _page([each.connection_id for each in connections.known()], state, cursor, limit)


def _page(connection_ids: Sequence[ConnectionId], state: State | None, cursor: str | None, limit: int) -> MessagesPage:
    before = decode_cursor(cursor, 1)[0] if cursor else None
    if before is not None and _SORT_KEY.fullmatch(before) is None:
        raise invalid_cursor()
    found: list[MessageView] = []
    names: dict[str, str | None] = {}
    last: EntryRecord | None = None
    complete = True
    walk = store.newest_first(connection_ids, before)
    for examined, (connection_id, record) in enumerate(islice(walk, _EXAMINED_AT_MOST + 1)):
        if len(found) == limit or examined == _EXAMINED_AT_MOST:
            complete = False
            break
        last = record
        standing = record.read()
        if state is None or standing.state == state:
            found.append(_view(connection_id, standing, names))
    if complete or last is None:
        return MessagesPage(tuple(found), None, None)
    back_to = last.sk.split("#")[1] if state is not None and len(found) < limit else None
    return MessagesPage(tuple(found), encode_cursor(last.sk), back_to)


def rows_view(
    connection_id: ConnectionId,
    dataset: str,
    marketplace_id: str | None,
    cursor: str | None,
    limit: int,
) -> RowsPage:
    """Return a page of the messages of a connection of the tenant in scope, the last written first.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    page = _page([connection_id], None, cursor, limit)
    shown = (each for each in page.messages if marketplace_id in (None, each.marketplace_id))
    return RowsPage(COLUMNS, tuple(_row(each) for each in shown), page.next_cursor, reach.as_of)


def _row(view: MessageView) -> tuple[Cell, ...]:
    return (
        view.order_id,
        view.marketplace_id,
        view.title,
        view.state,
        view.because,
        view.written_at,
        view.moved_at,
        view.digest,
        view.file_bytes,
    )
