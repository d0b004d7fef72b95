"""Facts that Amazon tells again and again: the newest wins, and what has not changed costs no write.

A fact is one item with one *register* for each source that speaks of it: an attribute ``<register>`` with what that
source last said, as JSON text, and ``<register>_version``, which decides who wins. Sources that know different things
(a daily report, a document, a notification) never wipe each other's words, and whoever reads the fact puts its
registers together by a pure rule. The outcome does not depend on the order in which sources arrive, nor on how often.

A load is compared with what is stored before anything is written, because most of a daily report is what yesterday's
said. Reading a small item costs a tenth of writing it. The price of the saving: a register that is confirmed keeps the
version of the first time it was said, so an unseen older statement that arrives after the confirmation, and differs,
would win until the source speaks again. Callers that can't have that pass ``matters``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, datetime, timedelta
from enum import Enum
from typing import ClassVar, NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from quayside.kernel.clock import epoch_milliseconds, epoch_seconds
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS, CoreItem, page, write

RENEW_AFTER = timedelta(days=180)
"""An unchanged fact that Amazon still tells is written again after half a year, so that it never expires."""

EXAMINED_AT_MOST = 2000
"""How many facts one page looks at; a filter that needs more goes on with the next page."""
_THREADS = 8
_FEW = 8
"""So few writes are not worth the threads."""


class FactItem(CoreItem):
    """A fact of one or more sources; ``received_at`` is when its newest content reached us, in epoch seconds.

    ``RENEWED`` says how long it is kept. The state of something that exists (a listing, a shipment) is kept for 18
    months from the last time Amazon told it. Something that happened (a payment, a return) is kept for 18 months from
    the day it was first received, however often it is told again (DPP 1.7).
    """

    RENEWED: ClassVar[bool] = True

    received_at = NumberAttribute()


class OneSourceItem(FactItem):
    """A fact that one source alone speaks of."""

    facts = UnicodeAttribute()
    facts_version = NumberAttribute()


class Fact(NamedTuple):
    """What one source says of one thing.

    Attributes:
        key: of which item.
        version: the higher one wins; usually the epoch milliseconds of the instant the facts are of.
        text: what it says, as it is stored.
        also: attributes besides the register to set when it is written.
    """

    key: Key
    version: int
    text: str
    also: Sequence[Action] = ()


class Outcome(Enum):
    """What became of a fact."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    OLDER = "older"


class Tally(NamedTuple):
    """How many facts changed the store, and how many told nothing new."""

    applied: int = 0
    stale: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum."""
        return Tally(self.applied + other.applied, self.stale + other.stale)


class Said(NamedTuple):
    """What a register holds: its version and its text."""

    version: int
    text: str


def said(record: FactItem, register: str = "facts") -> Said | None:
    """Return what a source last said, None when it never spoke of this item."""
    version: float | None = getattr(record, f"{register}_version")
    text: str | None = getattr(record, register)
    return None if version is None or text is None else Said(int(version), text)


def version_of(at: datetime) -> int:
    """Return the version of facts that are of the instant ``at``."""
    return epoch_milliseconds(at)


def stored[Item: FactItem](model: type[Item], keys: Iterable[Key]) -> dict[Key, Item]:
    """Return what is stored under these keys, each read once, strongly consistent; absent ones are left out.

    It is for writers, who begin anew where a fact has ended: ended ones that are still there are among them.
    """
    wanted: list[tuple[str, str]] = list({(key.pk, key.sk): None for key in keys})
    found = model.batch_get(wanted, consistent_read=True)
    return {Key(record.pk, record.sk): record for record in found}


def upsert[Item: FactItem](  # noqa: PLR0913 - the parts of one load
    model: type[Item],
    facts: Iterable[Fact],
    *,
    received_at: datetime,
    source: str,
    register: str = "facts",
    known: Mapping[Key, Item] | None = None,
    matters: Callable[[Item, Fact], bool] = lambda _record, _fact: False,
) -> Tally:
    """Store facts of one source for the tenant in scope, newer wins.

    Of several facts about one item the highest version counts, of equal ones the last. Facts that are stored already
    are not written. Writes go out eight at a time.

    Args:
        model: the kind of item.
        facts: what the source says.
        received_at: when it reached us.
        source: which source, for example ``amazon:catalogItems/2022-04-01``.
        register: which register of the item it speaks into.
        known: what ``stored`` returned for these keys, when the caller has read it already.
        matters: says of an item and an unchanged but newer fact whether the newer version must be written all the same.
    """
    newest: dict[Key, Fact] = {}
    told = 0
    for fact in facts:
        told += 1
        present = newest.get(fact.key)
        if present is None or present.version <= fact.version:
            newest[fact.key] = fact
    at_hand = stored(model, newest) if known is None else known
    new = [
        fact
        for fact in newest.values()
        if _judge(at_hand.get(fact.key), fact, register, received_at, matters) is Outcome.APPLIED
    ]

    def put(fact: Fact) -> bool:
        return _put(model, fact, at_hand.get(fact.key), register, received_at, source)

    applied = sum(in_parallel(put, new))
    return Tally(applied, told - applied)


def _judge[Item: FactItem](
    record: Item | None, fact: Fact, register: str, received_at: datetime, matters: Callable[[Item, Fact], bool]
) -> Outcome:
    if record is None or record.expired(received_at):
        return Outcome.APPLIED
    before = said(record, register)
    if before is None:
        return Outcome.APPLIED
    if before.version > fact.version:
        return Outcome.OLDER
    if before.text != fact.text:
        return Outcome.APPLIED
    if record.RENEWED and record.received_at <= epoch_seconds(received_at - RENEW_AFTER):
        return Outcome.APPLIED
    return Outcome.APPLIED if before.version < fact.version and matters(record, fact) else Outcome.UNCHANGED


def _put[Item: FactItem](  # noqa: PLR0913, PLR0917 - the parts of one write
    model: type[Item], fact: Fact, before: Item | None, register: str, received_at: datetime, source: str
) -> bool:
    version = getattr(model, f"{register}_version")
    ends = epoch_seconds(received_at + timedelta(days=AMAZON_DATA_DAYS))
    kept_once = not model.RENEWED and not (before is not None and before.expired(received_at))
    actions = [
        getattr(model, register).set(fact.text),
        version.set(fact.version),
        model.received_at.set(epoch_seconds(received_at)),
        model.expires_at.set(model.expires_at | ends if kept_once else ends),
        *fact.also,
    ]
    condition = version.does_not_exist() | (version <= fact.version)
    return write(model, fact.key, actions, condition, source=source, returning="NONE").applied


def in_parallel[Each, Told](put: Callable[[Each], Told], wanted: Sequence[Each]) -> Iterator[Told]:
    """Write eight at a time, each in a copy of this context, for the tenant in scope is part of it; few, in turn."""
    if len(wanted) <= _FEW:
        yield from map(put, wanted)
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="facts") as threads:
        for pending in [threads.submit(copy_context().run, put, each) for each in wanted]:
            yield pending.result()


class Shelf(NamedTuple):
    """A partition to be browsed, and the name a cursor calls it by: a marketplace or a month, never a tenant."""

    name: str
    pk: str


def monthly(newest: date, months: int, partition: Callable[[date], str]) -> list[Shelf]:
    """Return the shelves of facts that are kept by month, the month of ``newest`` first."""
    shelves = []
    day = newest
    for _ in range(months):
        shelves.append(Shelf(f"{day:%Y-%m}", partition(day)))
        day = day.replace(day=1) - timedelta(days=1)
    return shelves


class Browsed[Item: FactItem](NamedTuple):
    """A page of facts: each with the name of its shelf."""

    found: tuple[tuple[str, Item], ...]
    next_cursor: str | None


def browse[Item: FactItem](  # noqa: PLR0913 - the parts of one page
    model: type[Item],
    shelves: Sequence[Shelf],
    *,
    prefix: str,
    cursor: str | None,
    limit: int,
    newest_first: bool = False,
    wanted: Callable[[Item], bool] = lambda _record: True,
    examine: int = EXAMINED_AT_MOST,
) -> Browsed[Item]:
    """Return one page of the facts on ``shelves``, one shelf after the other, each in the order of its sort keys.

    A page looks at ``examine`` facts at most; when few of them are ``wanted`` it may be short and still not the last.

    Raises:
        InvalidInput: the cursor does not belong to this list.
    """
    found: list[tuple[str, Item]] = []
    place: tuple[str, Item] | None = None
    at = _place(shelves, prefix, cursor)
    walk = _walk(model, shelves, prefix, at, limit + 1, newest_first=newest_first)
    for examined, (name, record) in enumerate(walk):
        if place is not None and (len(found) == limit or examined == examine):
            return Browsed(tuple(found), encode_cursor(place[0], place[1].sk))
        place = (name, record)
        if wanted(record):
            found.append(place)
    return Browsed(tuple(found), None)


def _walk[Item: FactItem](  # noqa: PLR0913 - as browse
    model: type[Item],
    shelves: Sequence[Shelf],
    prefix: str,
    at: tuple[int, str | None],
    page_size: int,
    *,
    newest_first: bool,
) -> Iterator[tuple[str, Item]]:
    start, after = at
    for shelf in shelves[start:]:
        while True:
            part = page(model, shelf.pk, limit=page_size, prefix=prefix, after=after, newest_first=newest_first)
            for record in part.records:
                yield shelf.name, record
            after = part.next_sort_key
            if after is None:
                break


def _place(shelves: Sequence[Shelf], prefix: str, cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    name, sort_key = decode_cursor(cursor, 2)
    names = [shelf.name for shelf in shelves]
    if name not in names or not sort_key.startswith(prefix) or len(sort_key) == len(prefix):
        raise invalid_cursor()
    return names.index(name), sort_key
