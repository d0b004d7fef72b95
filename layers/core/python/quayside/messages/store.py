"""Reads and writes of messages to buyers. Every function acts for the tenant in scope."""

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import epoch_seconds, format_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.messages.records import (
    SOURCE,
    EntryRecord,
    MessageRecord,
    OfferRecord,
    OpenRecord,
    WordsRecord,
    text_of,
)
from quayside.messages.rules import MOST_OF_AN_ORDER, Form
from quayside.messages.sending import Standing
from quayside.storage import keys, sealed_files
from quayside.storage.connection import bound
from quayside.storage.sealed_files import FileReference, PartFacts
from quayside.storage.tables import AMAZON_DATA_DAYS, Page, living, page, write

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

WORDS_DAYS = 30
"""What was written is kept for so long: it may tell of a buyer (DPP 2.1)."""
FILE_LIVES = timedelta(days=2)
"""A file is kept for so long at most: a message waits for a day, and may be written some time after its file came."""
OFFER_DAYS = 7
_KEPT = timedelta(days=AMAZON_DATA_DAYS)
_PAGE_SIZE = 100
_ATTEMPTS = 5


class Book:
    """The book of one connection in the table of facts: ``messages.sending.Book``."""

    def __init__(self, connection_id: ConnectionId) -> None:
        self._connection_id = connection_id

    def standing(self, order_id: str, message_id: str) -> Standing | None:
        """Return how a message stands, as it is now."""
        return standing(self._connection_id, order_id, message_id)

    def words(self, order_id: str, message_id: str) -> dict[str, str] | None:
        """Return what was written, None when it is gone."""
        return words(self._connection_id, order_id, message_id)

    def file(self, standing: Standing) -> bytes | None:
        """Return the file that goes with a message, None when it is gone or does not open."""
        return sealed_files.read(self._reference(standing), clock=bound().clock)

    def drop_file(self, standing: Standing) -> None:
        """Delete the file that goes with a message."""
        sealed_files.destroy(self._reference(standing))

    def _reference(self, standing: Standing) -> FileReference:
        return FileReference(self._connection_id, standing.order_id, standing.message_id)

    def keep(self, before: Standing, after: Standing) -> bool:
        """Write how a message stands, in the log too, unless somebody else did since ``before``."""
        tenant_id, order_id, message_id = current_tenant(), after.order_id, after.message_id
        model, text = MessageRecord, text_of(after)
        key = keys.message(tenant_id, self._connection_id, order_id, message_id)
        entry = keys.message_entry(tenant_id, self._connection_id, after.written_at, message_id)
        opened = keys.open_message(tenant_id, self._connection_id, after.written_at, message_id)
        for _ in range(_ATTEMPTS):
            try:
                with TransactWrite(connection=bound().connection("tenant")) as together:
                    changed: list[Action] = [model.step.set(after.step), model.standing.set(text)]
                    together.update(model.at(key), actions=changed, condition=model.step == before.step)
                    together.update(
                        EntryRecord.at(entry),
                        actions=[EntryRecord.standing.set(text)],
                        condition=EntryRecord.pk.exists(),
                    )
                    if not after.is_open:
                        together.delete(OpenRecord.at(opened))
            except TransactWriteError as problem:
                if _meanwhile(problem):
                    continue
                if _stood_in_the_way(problem):
                    return False
                raise
            return True
        return False


def _codes(problem: TransactWriteError) -> list[str | None]:
    return [reason.code if reason else None for reason in problem.cancellation_reasons or ()]


def _stood_in_the_way(problem: TransactWriteError) -> bool:
    return "ConditionalCheckFailed" in _codes(problem)


def _meanwhile(problem: TransactWriteError) -> bool:
    codes = _codes(problem)
    return "TransactionConflict" in codes and "ConditionalCheckFailed" not in codes


def put_new(connection_id: ConnectionId, new: Standing, written: dict[str, str]) -> bool:
    """Write a message that a member wrote: how it stands, its words, the log, what is open; all or nothing.

    Returns:
        False when there is a message of that id for the order already.
    """
    tenant_id, order_id, message_id = current_tenant(), new.order_id, new.message_id
    ends = epoch_seconds(new.written_at + _KEPT)
    words_end = epoch_seconds(new.written_at + timedelta(days=WORDS_DAYS))
    text = text_of(new)
    try:
        with TransactWrite(connection=bound().connection("tenant")) as together:
            together.save(
                MessageRecord.at(
                    keys.message(tenant_id, connection_id, order_id, message_id),
                    step=new.step, standing=text, source=SOURCE, expires_at=ends,
                ),
                condition=MessageRecord.pk.does_not_exist(),
            )  # fmt: skip
            together.save(
                WordsRecord.at(
                    keys.message_words(tenant_id, connection_id, order_id, message_id),
                    words=text_of(written), source=SOURCE, expires_at=words_end,
                )
            )  # fmt: skip
            together.save(
                EntryRecord.at(
                    keys.message_entry(tenant_id, connection_id, new.written_at, message_id),
                    standing=text, source=SOURCE, expires_at=ends,
                )
            )  # fmt: skip
            together.save(
                OpenRecord.at(
                    keys.open_message(tenant_id, connection_id, new.written_at, message_id),
                    order_id=order_id, message_id=message_id, source=SOURCE, expires_at=ends,
                )
            )  # fmt: skip
    except TransactWriteError as problem:
        if _stood_in_the_way(problem):
            return False
        raise
    return True


def standing(connection_id: ConnectionId, order_id: str, message_id: str) -> Standing | None:
    """Return how a message stands, as it is now; None when there is none."""
    record = MessageRecord.find(keys.message(current_tenant(), connection_id, order_id, message_id))
    return None if record is None else record.read()


def words(connection_id: ConnectionId, order_id: str, message_id: str) -> dict[str, str] | None:
    """Return what was written in a message, None when it is gone."""
    record = WordsRecord.find(keys.message_words(current_tenant(), connection_id, order_id, message_id))
    return None if record is None else record.read()


def of_order(connection_id: ConnectionId, order_id: str) -> list[Standing]:
    """Return the messages of an order, newest first; an order has few."""
    partition = keys.messages(current_tenant(), connection_id)
    prefix = keys.messages_of_order(order_id)
    found = page(MessageRecord, partition, limit=MOST_OF_AN_ORDER + 5, prefix=prefix, consistent=True)
    return sorted((record.read() for record in found.records), key=lambda each: each.written_at, reverse=True)


def words_of(connection_id: ConnectionId, order_id: str, message_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what was written in messages of an order, by their ids; what is gone is left out."""
    wanted = {keys.message_words(current_tenant(), connection_id, order_id, each): each for each in message_ids}
    found = WordsRecord.batch_get([(key.pk, key.sk) for key in wanted])
    return {wanted[keys.Key(record.pk, record.sk)]: record.read() for record in living(found)}


# -- Files ------------------------------------------------------------------------------------------------------------


def put_file_part(reference: FileReference, number: int, content: bytes, content_type: str, now: datetime) -> None:
    """Keep one part of a file, sealed."""
    sealed_files.put_part(reference, number, content, content_type=content_type, ends_at=now + FILE_LIVES)


def file_parts(reference: FileReference) -> list[PartFacts]:
    """Return which parts of a file there are, in their order."""
    return sealed_files.parts(reference, clock=bound().clock)


# -- What is open ------------------------------------------------------------------------------------------------------


def open_messages(connection_id: ConnectionId, *, after: str | None, limit: int) -> Page[OpenRecord]:
    """Return a page of the messages that something still has to happen to, longest waiting first."""
    partition = keys.open_messages(current_tenant(), connection_id)
    return page(OpenRecord, partition, limit=limit, prefix="OPEN#", after=after, consistent=True)


# -- What Amazon allows ------------------------------------------------------------------------------------------------


def offer(connection_id: ConnectionId, order_id: str) -> OfferRecord | None:
    """Return what Amazon allowed for an order when it was last asked, None when it never was, or long ago."""
    return OfferRecord.find(keys.message_offer(current_tenant(), connection_id, order_id))


def ask_offer(connection_id: ConnectionId, order_id: str, now: datetime, not_since: datetime) -> bool:
    """Take note that Amazon is asked what it allows for an order, unless it was asked after ``not_since``."""
    model = OfferRecord
    free = model.asked_at.does_not_exist() | (model.asked_at <= format_instant(not_since))
    return write(
        model,
        keys.message_offer(current_tenant(), connection_id, order_id),
        [model.asked_at.set(format_instant(now)), model.expires_at.set(_offer_ends(now))],
        free,
        source=SOURCE,
        returning="NONE",
    ).applied


def keep_offer(  # noqa: PLR0913 - the parts of an answer
    connection_id: ConnectionId,
    order_id: str,
    forms: tuple[Form, ...],
    *,
    language: str | None,
    problem: str | None,
    now: datetime,
) -> None:
    """Write down what Amazon allows for an order."""
    model = OfferRecord
    write(
        model,
        keys.message_offer(current_tenant(), connection_id, order_id),
        [
            model.answered_at.set(format_instant(now)),
            model.forms.set(text_of(forms)),
            model.language.remove() if language is None else model.language.set(language),
            model.problem.remove() if problem is None else model.problem.set(problem),
            model.expires_at.set(_offer_ends(now)),
        ],
        source=SOURCE,
        returning="NONE",
    )


def _offer_ends(now: datetime) -> int:
    return epoch_seconds(now + timedelta(days=OFFER_DAYS))


# -- The log -----------------------------------------------------------------------------------------------------------


def newest_first(
    connection_ids: Sequence[ConnectionId], before: str | None
) -> Iterator[tuple[ConnectionId, EntryRecord]]:
    """Yield the messages of connections with their connection, the last written first, lazily."""
    streams = (_entries(connection_id, before) for connection_id in connection_ids)
    return heapq.merge(*streams, key=lambda found: found[1].sk, reverse=True)


def _entries(connection_id: ConnectionId, before: str | None) -> Iterator[tuple[ConnectionId, EntryRecord]]:
    partition = keys.message_log(current_tenant(), connection_id)
    condition = EntryRecord.sk < before if before is not None else EntryRecord.sk.startswith("ENTRY#")
    for record in living(EntryRecord.query(partition, condition, scan_index_forward=False, page_size=_PAGE_SIZE)):
        yield connection_id, record
