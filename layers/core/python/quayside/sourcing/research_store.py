"""Reads and writes of what Amazon tells of products that are looked into, for the tenant in scope."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from quayside.kernel.clock import format_instant, from_epoch_milliseconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.sourcing.research_records import (
    CATALOG_SOURCE,
    FEES_SOURCE,
    AskedRecord,
    ResearchedFees,
    ResearchedProduct,
    fees_from,
    product_from,
    text_of,
)
from quayside.sourcing.research_rules import FeesFacts, Priced, ProductFacts
from quayside.storage import keys
from quayside.storage.facts import Fact, said, upsert, version_of
from quayside.storage.keys import Key
from quayside.storage.tables import living, page, write

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from quayside.storage.facts import Said

_ASKED = "ASKED#"


class Told[Facts](NamedTuple):
    """What Amazon said, and when."""

    facts: Facts
    at: datetime


def told_at(words: "Said") -> datetime:
    """Return when Amazon said something."""
    return from_epoch_milliseconds(words.version)


def put_products(
    connection_id: ConnectionId, marketplace_id: str, found: Mapping[str, ProductFacts], at: datetime
) -> int:
    """Store what the catalogue said of products, newer wins; return how many changed."""
    tenant_id = current_tenant()
    facts = [
        Fact(keys.researched_product(tenant_id, connection_id, marketplace_id, asin), version_of(at), text_of(each))
        for asin, each in found.items()
    ]
    return upsert(
        ResearchedProduct, facts, received_at=at, source=CATALOG_SOURCE, matters=lambda _record, _fact: True
    ).applied


def put_fees(connection_id: ConnectionId, found: Mapping[Priced, Told[FeesFacts]], at: datetime) -> int:
    """Store Amazon's estimates, newer wins; return how many changed."""
    facts = [
        Fact(_fees_key(connection_id, priced), version_of(told.at), text_of(told.facts))
        for priced, told in found.items()
    ]
    return upsert(
        ResearchedFees, facts, received_at=at, source=FEES_SOURCE, matters=lambda _record, _fact: True
    ).applied


def _fees_key(connection_id: ConnectionId, priced: Priced) -> Key:
    return keys.researched_fees(
        current_tenant(), connection_id, priced.marketplace_id, priced.asin, priced.channel, priced.price_minor
    )


def products(
    wanted: Iterable[tuple[ConnectionId, str, str]],
) -> dict[tuple[ConnectionId, str, str], Told[ProductFacts]]:
    """Return what is known of products, by connection, marketplace and ASIN; what is not known is left out."""
    tenant_id = current_tenant()
    by_key = {keys.researched_product(tenant_id, *each): each for each in wanted}
    found = living(ResearchedProduct.batch_get([(key.pk, key.sk) for key in by_key]))
    told = ((by_key[Key(record.pk, record.sk)], product_from(record), said(record)) for record in found)
    return {
        place: Told(facts, told_at(words)) for place, facts, words in told if facts is not None and words is not None
    }


def fees(wanted: Iterable[tuple[ConnectionId, Priced]]) -> dict[tuple[ConnectionId, Priced], Told[FeesFacts]]:
    """Return the fees that are known, by connection and what they depend on; what is not known is left out."""
    by_key = {_fees_key(*each): each for each in wanted}
    found = living(ResearchedFees.batch_get([(key.pk, key.sk) for key in by_key]))
    told = ((by_key[Key(record.pk, record.sk)], fees_from(record), said(record)) for record in found)
    return {
        place: Told(facts, told_at(words)) for place, facts, words in told if facts is not None and words is not None
    }


# -- How far it was asked ----------------------------------------------------------------------------------------------


def asked(connection_id: ConnectionId, lead_id: str) -> AskedRecord | None:
    """Return how far Amazon was asked for a lead by a connection; None when it never was."""
    return AskedRecord.find(keys.research_asked(current_tenant(), connection_id, lead_id))


def ask(connection_id: ConnectionId, lead_id: str, wanted: int, now: datetime, free_since: datetime) -> bool:
    """Note that Amazon is to be asked; False when that was asked after ``free_since`` already."""
    model = AskedRecord
    at = format_instant(now)
    free = model.pk.does_not_exist() | (model.asked_at <= format_instant(free_since))
    return _write(connection_id, lead_id, "reading", at, [model.asked_at.set(at), *_fresh(wanted)], free)


def begin(connection_id: ConnectionId, lead_id: str, wanted: int, now: datetime) -> None:
    """Note that what is known is read again; who asked last stays."""
    _write(connection_id, lead_id, "reading", format_instant(now), _fresh(wanted), AskedRecord.pk.exists())


def moved(connection_id: ConnectionId, lead_id: str, done: int, wanted: int, now: datetime) -> None:
    """Note how many calls were made, unless more are noted already."""
    model = AskedRecord
    state = "done" if done >= wanted else "reading"
    actions = [model.done.set(done), model.wanted.set(wanted)]
    _write(connection_id, lead_id, state, format_instant(now), actions, model.pk.exists() & (model.done < done))


def failed(connection_id: ConnectionId, lead_id: str, problem: str, now: datetime) -> None:
    """Note why Amazon gave no answer."""
    model = AskedRecord
    at = format_instant(now)
    _write(connection_id, lead_id, "failed", at, [model.problem.set(problem[:300])], model.pk.exists())


def _fresh(wanted: int) -> "list[Action]":
    return [AskedRecord.wanted.set(wanted), AskedRecord.done.set(0), AskedRecord.problem.remove()]


def _write(  # noqa: PLR0913, PLR0917 - the parts of a change
    connection_id: ConnectionId, lead_id: str, state: str, at: str, actions: "Sequence[Action]", condition: "Condition"
) -> bool:
    model = AskedRecord
    key = keys.research_asked(current_tenant(), connection_id, lead_id)
    everything = [model.state.set(state), model.moved_at.set(at), *actions]
    return write(model, key, everything, condition, returning="NONE").applied


def all_asked(connection_id: ConnectionId, after: str | None, limit: int) -> tuple[Sequence[AskedRecord], str | None]:
    """Return a page of what was asked by a connection, and where the next one goes on."""
    pk = keys.research(current_tenant(), connection_id)
    found = page(AskedRecord, pk, limit=limit, prefix=_ASKED, after=after)
    return found.records, found.next_sort_key


def lead_of(record: AskedRecord) -> str:
    """Return for which lead it was asked."""
    return keys.decode(record.sk.removeprefix(_ASKED))


def forget(connection_id: ConnectionId, lead_id: str) -> None:
    """Ask no more for a lead."""
    AskedRecord.remove(keys.research_asked(current_tenant(), connection_id, lead_id))
