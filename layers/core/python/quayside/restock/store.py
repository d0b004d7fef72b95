"""Reads and writes of suggestions and decisions. Every function acts for the tenant in scope.

What is worked out from Amazon's data ends 18 months after it was worked out; what the seller decided has no end.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from quayside.kernel.clock import epoch_seconds, from_epoch_seconds
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import current_tenant
from quayside.restock.choice_rules import Choices
from quayside.restock.records import (
    ADVICE_PREFIX,
    LINE_PREFIX,
    Advice,
    AdviceRecord,
    Card,
    CardRecord,
    ChoicesRecord,
    Line,
    LineRecord,
    OpenRecord,
    ScoredRecord,
    ScoreRecord,
    advice_from,
    card_from,
    choices_from,
    kept_from,
    line_from,
    outcome_from,
    scores_from,
    sku_of,
    text_of,
)
from quayside.restock.score_rules import Kept, Outcome, Scores
from quayside.storage import facts, keys
from quayside.storage.keys import Key
from quayside.storage.tables import AMAZON_DATA_DAYS, every, page, write

SOURCE = "quayside:restock"
ADVICE_SOURCE = "amazon:reports/GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"

SCORED_LOOKED_AT = 180
"""How many scored suggestions of a SKU go into its score: the newest."""
_SCORES_PREFIX = "SCORE#"


class Place(NamedTuple):
    """One SKU in one marketplace of one connection."""

    connection_id: ConnectionId
    marketplace_id: str
    seller_sku: str


class Found[Content](NamedTuple):
    """Something that was worked out, and when."""

    seller_sku: str
    content: Content
    computed_at: datetime


def _ends(now: datetime) -> int:
    return epoch_seconds(now + timedelta(days=AMAZON_DATA_DAYS))


def put_line(place: Place, line: Line, now: datetime) -> None:
    """Store what the list shows."""
    model = LineRecord
    actions = [
        model.line.set(text_of(line)),
        model.computed_at.set(epoch_seconds(now)),
        model.expires_at.set(_ends(now)),
    ]
    write(model, keys.restock_line(current_tenant(), *place), actions, source=SOURCE, returning="NONE")


def put_card(place: Place, card: Card, now: datetime) -> None:
    """Store every number behind a suggestion."""
    model = CardRecord
    actions = [
        model.card.set(text_of(card)),
        model.computed_at.set(epoch_seconds(now)),
        model.expires_at.set(_ends(now)),
    ]
    write(model, keys.restock_card(current_tenant(), *place), actions, source=SOURCE, returning="NONE")


def lines(
    connection_id: ConnectionId, marketplace_id: str, *, after: str | None, limit: int
) -> tuple[list[Found[Line]], str | None]:
    """Return a page of lines in the order of their SKUs, and the sort key that goes on after it."""
    pk = keys.restock(current_tenant(), connection_id, marketplace_id)
    found = page(LineRecord, pk, limit=limit, prefix=LINE_PREFIX, after=after)
    listed = [
        Found(sku_of(each.sk), line_from(each.line), from_epoch_seconds(int(each.computed_at)))
        for each in found.records
    ]
    return listed, found.next_sort_key


def line(place: Place) -> Found[Line] | None:
    """Return the line of one SKU."""
    record = LineRecord.find(keys.restock_line(current_tenant(), *place), consistent=False)
    if record is None:
        return None
    return Found(place.seller_sku, line_from(record.line), from_epoch_seconds(int(record.computed_at)))


def card(place: Place) -> Found[Card] | None:
    """Return the card of one SKU."""
    record = CardRecord.find(keys.restock_card(current_tenant(), *place), consistent=False)
    if record is None:
        return None
    return Found(place.seller_sku, card_from(record.card), from_epoch_seconds(int(record.computed_at)))


# -- Scores ------------------------------------------------------------------------------------------------------------


def keep(place: Place, kept: Kept, now: datetime) -> None:
    """Keep a suggestion until its horizon is over; of one day one is kept."""
    model = OpenRecord
    last = kept.computed_for + timedelta(days=kept.horizon_days - 1)
    key = keys.restock_open(current_tenant(), *place, last, kept.computed_for)
    write(
        model, key, [model.kept.set(text_of(kept)), model.expires_at.set(_ends(now))], source=SOURCE, returning="NONE"
    )


def due(place: Place, last_day: date) -> list[tuple[Key, Kept]]:
    """Return the kept suggestions whose horizon ended on ``last_day`` or before."""
    tenant_id = current_tenant()
    between = (keys.restock_open_of(place.seller_sku), keys.restock_open_of(place.seller_sku, last_day))
    pk = keys.restock(tenant_id, place.connection_id, place.marketplace_id)
    return [(Key(each.pk, each.sk), kept_from(each.kept)) for each in every(OpenRecord, pk, between=between)]


def put_outcome(place: Place, key: Key, outcome: Outcome, now: datetime) -> None:
    """Store how a suggestion turned out, and keep it no longer; interrupted in between, it is scored again."""
    model = ScoredRecord
    scored = keys.restock_scored(current_tenant(), *place, outcome.kept.computed_for)
    actions = [model.outcome.set(text_of(outcome)), model.expires_at.set(_ends(now))]
    write(model, scored, actions, source=SOURCE, returning="NONE")
    OpenRecord.remove(key)


def outcomes(place: Place) -> list[Outcome]:
    """Return how the newest scored suggestions of a SKU turned out."""
    pk = keys.restock(current_tenant(), place.connection_id, place.marketplace_id)
    found = page(
        ScoredRecord,
        pk,
        limit=SCORED_LOOKED_AT,
        prefix=keys.restock_scored_of(place.seller_sku),
        newest_first=True,
        consistent=True,
    )
    return [outcome_from(each.outcome) for each in found.records]


def put_scores(place: Place, scores: Scores, now: datetime) -> None:
    """Store how the suggestions for a SKU turned out in all."""
    model = ScoreRecord
    actions = [model.scores.set(text_of(scores)), model.expires_at.set(_ends(now))]
    write(model, keys.restock_score(current_tenant(), *place), actions, source=SOURCE, returning="NONE")


def scores(place: Place) -> Scores | None:
    """Return how the suggestions for a SKU turned out; None when no horizon is over."""
    record = ScoreRecord.find(keys.restock_score(current_tenant(), *place), consistent=False)
    return None if record is None else scores_from(record.scores)


def all_scores(connection_id: ConnectionId, marketplace_id: str, limit: int) -> tuple[Sequence[Scores], bool]:
    """Return the scores of so many SKUs of a marketplace, and whether these are all."""
    pk = keys.restock(current_tenant(), connection_id, marketplace_id)
    found = page(ScoreRecord, pk, limit=limit, prefix=_SCORES_PREFIX)
    return [scores_from(each.scores) for each in found.records], found.next_sort_key is None


# -- Amazon's own recommendations --------------------------------------------------------------------------------------


def put_advice(
    connection_id: ConnectionId, marketplace_id: str, advice: Iterable[tuple[str, Advice]], *, received_at: datetime
) -> facts.Tally:
    """Store Amazon's recommendation for each SKU, newer wins. One that says the same again is written all the same.

    For the list shows how old it is.
    """
    tenant_id = current_tenant()
    return facts.upsert(
        AdviceRecord,
        [
            facts.Fact(
                keys.restock_advice(tenant_id, connection_id, marketplace_id, sku),
                facts.version_of(received_at),
                text_of(each),
            )
            for sku, each in advice
        ],
        received_at=received_at,
        source=ADVICE_SOURCE,
        matters=lambda _record, _fact: True,
    )


def _advised(record: AdviceRecord) -> Found[Advice]:
    told_at = from_epoch_seconds(int(record.received_at))
    return Found(sku_of(record.sk), advice_from(record.facts), told_at)


def advice(place: Place) -> Found[Advice] | None:
    """Return Amazon's recommendation for one SKU."""
    record = AdviceRecord.find(keys.restock_advice(current_tenant(), *place), consistent=False)
    return None if record is None else _advised(record)


def advice_between(place: Place, last_sku: str) -> dict[str, Found[Advice]]:
    """Return Amazon's recommendations for the SKUs of a marketplace from that of ``place`` to ``last_sku``."""
    tenant_id = current_tenant()
    first = keys.restock_advice(tenant_id, *place)
    last = keys.restock_advice(tenant_id, place.connection_id, place.marketplace_id, last_sku)
    found = (_advised(each) for each in every(AdviceRecord, first.pk, between=(first.sk, last.sk)))
    return {each.seller_sku: each for each in found}


def browse_advice(
    connection_id: ConnectionId, marketplace_ids: Sequence[str], cursor: str | None, limit: int
) -> tuple[list[tuple[str, Found[Advice]]], str | None]:
    """Return one page of Amazon's recommendations, each with its marketplace, in the order of their SKUs."""
    tenant_id = current_tenant()
    shelves = [facts.Shelf(each, keys.restock(tenant_id, connection_id, each)) for each in marketplace_ids]
    found = facts.browse(AdviceRecord, shelves, prefix=ADVICE_PREFIX, cursor=cursor, limit=limit)
    return [(name, _advised(record)) for name, record in found.found], found.next_cursor


# -- Decisions ---------------------------------------------------------------------------------------------------------


class Decided(NamedTuple):
    """Decisions and their version; version 0 when nothing was decided."""

    choices: Choices
    version: int
    changed_at: str | None = None
    changed_by: str | None = None


def _key(place: Place | None) -> Key:
    tenant_id = current_tenant()
    return keys.restock_defaults(tenant_id) if place is None else keys.restock_choice(tenant_id, *place)


def decided(place: Place | None) -> Decided:
    """Return what was decided for one SKU, or for all when there is no place."""
    record = ChoicesRecord.find(_key(place))
    if record is None:
        return Decided(Choices(), 0)
    return Decided(choices_from(record.choices), int(record.version), record.changed_at, record.changed_by)


def decide(place: Place | None, decision: Decided) -> bool:
    """Store a decision; return False when somebody else decided first."""
    model = ChoicesRecord
    condition = model.pk.does_not_exist() if decision.version == 1 else model.version == decision.version - 1
    written = write(
        model,
        _key(place),
        [
            model.choices.set(text_of(decision.choices)),
            model.version.set(decision.version),
            model.changed_at.set(decision.changed_at or ""),
            model.changed_by.set(decision.changed_by or ""),
        ],
        condition,
        returning="NONE",
    )
    return written.applied
