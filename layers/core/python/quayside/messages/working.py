"""What the worker does for messages to buyers: ask Amazon what it allows for an order, send one, look after the rest.

``messages.offer`` and a ``messages.send`` that names a message come from members. ``messages.send`` alone comes every
hour and looks at what is still open: it finds what a worker that died left behind, asks again for what waits, and ends
what waited too long.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from quayside.amazon.errors import AccessRefused, AddressExpired, AmazonUnavailable, RequestRejected
from quayside.amazon.operations import MESSAGES
from quayside.amazon.uploads import content_md5
from quayside.connections import service as connections
from quayside.messages import store
from quayside.messages.rules import WAITS_AT_MOST, Form, content_type_of, form_of
from quayside.messages.sending import Sender, Standing
from quayside.orders import service as orders
from quayside.sync.datasets import end_run, go_on, join_run
from quayside.sync.registry import BUYER_MESSAGES

if TYPE_CHECKING:
    from quayside.amazon.messaging import OfferedMessage
    from quayside.connections.records import Connection
    from quayside.sync.service import Work

_LOOKED_AT_ONCE = 50
_SENDABLE = frozenset(MESSAGES)


class _Amazon:
    """The calls for the connection of a piece of work."""

    def __init__(self, work: "Work", connection: "Connection") -> None:
        self._work = work
        self._caller = connections.caller_of(connection)

    def allowed(self, standing: Standing) -> Sequence[Form]:
        try:
            offered = self._work.amazon.offered_messages(self._caller, standing.marketplace_id, standing.order_id)
        except RequestRejected as refused:
            if isinstance(refused, AccessRefused):
                raise
            return ()
        return _forms(offered)

    def upload(self, standing: Standing, content: bytes) -> str:
        try:
            return self._handed_over(standing, content)
        except AddressExpired:
            # The address lives for minutes: another is made, once.
            return self._handed_over(standing, content)

    def _handed_over(self, standing: Standing, content: bytes) -> str:
        if self._work.uploads is None:
            raise AmazonUnavailable("nothing is uploaded here", operation="upload")
        kind = content_type_of(content) or ""
        destination = self._work.amazon.upload_destination(
            self._caller,
            standing.marketplace_id,
            standing.order_id,
            standing.action,
            content_md5=content_md5(content),
            content_type=kind,
        )
        self._work.uploads.upload(destination.url, content, kind, destination.headers)
        return destination.destination_id

    def send(self, standing: Standing, values: Mapping[str, object], before: Callable[[], None]) -> None:
        self._work.amazon.send_message(
            self._caller, standing.marketplace_id, standing.order_id, standing.action, values, before=before
        )


def _forms(offered: "Sequence[OfferedMessage]") -> tuple[Form, ...]:
    return tuple(form_of(each.action, each.schema, _SENDABLE) for each in offered)


def offer(work: "Work") -> None:
    """``messages.offer``: ask Amazon which messages it allows for an order, and in which language."""
    if work.connection is None:
        return
    found = orders.find_known(work.command.arguments["order_id"], work.connection_id)
    if found is None:
        return
    order = found[1]
    caller = connections.caller_of(work.connection)
    forms: tuple[Form, ...] = ()
    language, problem = None, None
    try:
        forms = _forms(work.amazon.offered_messages(caller, order.marketplace_id, order.order_id))
        if any(field.kind in {"text", "file"} for form in forms for field in form.fields):
            language = work.amazon.buyer_language(caller, order.marketplace_id, order.order_id)
    except RequestRejected as refused:
        if isinstance(refused, AccessRefused):
            raise
        # A verdict on the order, not on the account.
        problem = f"Amazon answered: {refused.said or 'no explanation'}"
    store.keep_offer(
        work.connection_id, order.order_id, forms, language=language, problem=problem, now=work.clock.now()
    )
    work.notes.brought(len(forms), marketplace_id=order.marketplace_id)


def send(work: "Work") -> None:
    """``messages.send``: send the message that is named, or look after all that are open."""
    if work.connection is None:
        return
    sender = Sender(store.Book(work.connection_id), _Amazon(work, work.connection), work.clock)
    message_id = work.command.arguments.get("message_id")
    if message_id is not None:
        sender.look(work.command.arguments["order_id"], message_id)
        return
    run = join_run(work, BUYER_MESSAGES)
    if run is None:
        return
    rows = int(work.command.arguments.get("rows", "0"))
    found = store.open_messages(work.connection_id, after=work.command.arguments.get("after"), limit=_LOOKED_AT_ONCE)
    for each in found.records:
        standing = store.standing(work.connection_id, each.order_id, each.message_id)
        if standing is None or not standing.is_open:
            continue
        if standing.state == "waiting" and work.clock.now() - standing.written_at <= WAITS_AT_MOST:
            work.follow_up("messages.send", {"order_id": each.order_id, "message_id": each.message_id})
        else:
            sender.look(each.order_id, each.message_id)
        rows += 1
    work.notes.brought(len(found.records))
    if found.next_sort_key is not None:
        go_on(work, BUYER_MESSAGES, run, {"after": found.next_sort_key, "rows": str(rows)})
        return
    end_run(work, BUYER_MESSAGES, run, rows)
