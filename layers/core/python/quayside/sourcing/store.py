"""Reads and writes of leads. Every function acts for the tenant in scope."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from quayside.kernel.clock import format_instant, parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.tenancy import current_tenant
from quayside.sourcing.calculator_rules import MOST_SCENARIOS, Scenario
from quayside.sourcing.quote_rules import MOST_QUOTES, Quote
from quayside.sourcing.records import (
    SELLER,
    CardFacts,
    CardRecord,
    LeadRecord,
    MoveRecord,
    Outlook,
    QuoteRecord,
    ScenarioRecord,
    SkuRecord,
    outlook_from,
    text_of,
)
from quayside.sourcing.rules import Lead
from quayside.storage import keys
from quayside.storage.connection import bound
from quayside.storage.keys import Key
from quayside.storage.tables import create, every, page, write

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

MOST_MOVES = 200
"""So many moves of a lead are shown; older ones are kept."""


class Found(NamedTuple):
    """A lead as it was read: ``step`` is its version."""

    lead: Lead
    step: int
    outlook: Outlook | None


class Moved(NamedTuple):
    """What is written down of a move."""

    event: str
    by: str
    at: datetime


def find(lead_id: str) -> Found | None:
    """Return a lead as it is now; None when there is none."""
    record = LeadRecord.find(keys.lead(current_tenant(), lead_id))
    return None if record is None else Found(record.read(), int(record.step), outlook_from(record.outlook))


def put(before: Found | None, lead: Lead, outlook: Outlook | None, now: datetime, moved: Moved | None = None) -> bool:
    """Write a lead with its card, and its move when it moved, all or nothing; False when it changed meanwhile."""
    tenant_id = current_tenant()
    step = 1 if before is None else before.step + 1
    same = LeadRecord.pk.does_not_exist() if before is None else LeadRecord.step == before.step
    actions = [
        LeadRecord.step.set(step),
        LeadRecord.facts.set(text_of(lead)),
        _outlook_action(outlook),
        LeadRecord.kind.set(LeadRecord.KIND),
        LeadRecord.source.set(SELLER),
    ]
    card = CardRecord.at(_card_key(lead), facts=text_of(_card(lead, step, outlook, now)), source=SELLER)
    try:
        with TransactWrite(connection=bound().connection("tenant")) as together:
            together.update(LeadRecord.at(keys.lead(tenant_id, lead.lead_id)), actions=actions, condition=same)
            if before is not None and before.lead.stage != lead.stage:
                together.delete(CardRecord.at(_card_key(before.lead)))
            together.save(card)
            if moved is not None:
                together.save(_move(lead, step, moved))
    except TransactWriteError as problem:
        if _lost(problem):
            return False
        raise
    return True


def put_outlook(before: Found, outlook: Outlook | None, now: datetime) -> bool:
    """Write what the board shows of a lead's best scenario; no change of the lead, so its version stays.

    False when the lead changed since ``before``.
    """
    model, key = LeadRecord, keys.lead(current_tenant(), before.lead.lead_id)
    card = CardRecord.at(
        _card_key(before.lead), facts=text_of(_card(before.lead, before.step, outlook, now)), source=SELLER
    )
    try:
        with TransactWrite(connection=bound().connection("tenant")) as together:
            together.update(model.at(key), actions=[_outlook_action(outlook)], condition=model.step == before.step)
            together.save(card)
    except TransactWriteError as problem:
        if _lost(problem):
            return False
        raise
    return True


def _outlook_action(outlook: Outlook | None) -> "Action":
    return LeadRecord.outlook.remove() if outlook is None else LeadRecord.outlook.set(text_of(outlook))


def _lost(problem: TransactWriteError) -> bool:
    """Whether somebody else wrote first; anything else is a fault."""
    codes = {reason.code for reason in problem.cancellation_reasons or () if reason is not None}
    return bool(codes & {"ConditionalCheckFailed", "TransactionConflict"})


def remove(before: Found) -> None:
    """Remove a lead with everything that belongs to it; its card goes first, so that nothing leads to a half."""
    tenant_id, lead_id = current_tenant(), before.lead.lead_id
    CardRecord.remove(_card_key(before.lead))
    for quote in quotes(lead_id):
        QuoteRecord.remove(Key(quote.pk, quote.sk))
    for scenario in scenarios(lead_id):
        ScenarioRecord.remove(Key(scenario.pk, scenario.sk))
    for move in every(MoveRecord, keys.sourcing(tenant_id), prefix=keys.lead_moves_of(lead_id)):
        MoveRecord.remove(Key(move.pk, move.sk))
    LeadRecord.remove(keys.lead(tenant_id, lead_id))


def _card_key(lead: Lead) -> Key:
    return keys.lead_card(current_tenant(), lead.stage, parse_instant(lead.created_at), lead.lead_id)


def _card(lead: Lead, step: int, outlook: Outlook | None, now: datetime) -> CardFacts:
    return CardFacts(
        version=step,
        name=lead.name,
        target=lead.targets[0] if lead.targets else None,
        targets=len(lead.targets),
        asins=len(lead.asins),
        changed_at=format_instant(now),
        outlook=outlook,
        seller_sku=None if lead.approval is None else lead.approval.seller_sku,
    )


def _move(lead: Lead, number: int, moved: Moved) -> MoveRecord:
    return MoveRecord.at(
        keys.lead_move(current_tenant(), lead.lead_id, number),
        event=moved.event,
        stage=lead.stage,
        moved_at=format_instant(moved.at),
        moved_by=moved.by,
        reason=lead.reason or None,
        source=SELLER,
    )


def cards(stage: str, cursor: str | None, limit: int) -> tuple[Sequence[CardRecord], str | None]:
    """Return a page of the cards of one stage, newest first.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    prefix = keys.lead_cards_of(stage)
    after = None
    if cursor is not None:
        (after,) = decode_cursor(cursor, 1)
        if not after.startswith(prefix):
            raise invalid_cursor()
    pk = keys.sourcing(current_tenant())
    found = page(CardRecord, pk, limit=limit, prefix=prefix, after=after, newest_first=True)
    return found.records, None if found.next_sort_key is None else encode_cursor(found.next_sort_key)


def lead_id_of(card: CardRecord) -> str:
    """Return whose card it is."""
    return keys.decode(card.sk.rsplit("#", 1)[1])


def moves(lead_id: str) -> Sequence[MoveRecord]:
    """Return the latest moves of a lead, the last first."""
    prefix = keys.lead_moves_of(lead_id)
    return page(MoveRecord, keys.sourcing(current_tenant()), limit=MOST_MOVES, prefix=prefix, newest_first=True).records


# -- Quotes and scenarios ----------------------------------------------------------------------------------------------


def quotes(lead_id: str) -> list[QuoteRecord]:
    """Return the quotes for a lead."""
    found = every(QuoteRecord, keys.sourcing(current_tenant()), prefix=keys.lead_quotes_of(lead_id))
    return list(islice(found, MOST_QUOTES))


def put_quote(lead_id: str, quote: Quote, *, step: int, now: datetime) -> QuoteRecord | None:
    """Write a quote that is at ``step`` (0: it is new); None when it was changed or removed meanwhile."""
    model = QuoteRecord
    same = model.pk.does_not_exist() if step == 0 else model.step == step
    entered = model.entered_at.set(format_instant(now))
    actions = [model.step.set(step + 1), model.facts.set(text_of(quote)), entered]
    key = keys.lead_quote(current_tenant(), lead_id, quote.quote_id)
    written = write(model, key, actions, same, source=SELLER)
    return model.from_raw_data(written.item) if written.applied else None


def remove_quote(lead_id: str, quote_id: str) -> None:
    """Remove a quote."""
    QuoteRecord.remove(keys.lead_quote(current_tenant(), lead_id, quote_id))


def scenarios(lead_id: str) -> list[ScenarioRecord]:
    """Return the scenarios of a lead."""
    found = every(ScenarioRecord, keys.sourcing(current_tenant()), prefix=keys.lead_scenarios_of(lead_id))
    return list(islice(found, MOST_SCENARIOS))


def put_scenario(lead_id: str, scenario: Scenario, *, step: int, now: datetime) -> ScenarioRecord | None:
    """Write a scenario that is at ``step`` (0: it is new); None when it was changed or removed meanwhile."""
    model = ScenarioRecord
    same = model.pk.does_not_exist() if step == 0 else model.step == step
    entered = model.entered_at.set(format_instant(now))
    actions = [model.step.set(step + 1), model.facts.set(text_of(scenario)), entered]
    key = keys.lead_scenario(current_tenant(), lead_id, scenario.scenario_id)
    written = write(model, key, actions, same, source=SELLER)
    return model.from_raw_data(written.item) if written.applied else None


def remove_scenario(lead_id: str, scenario_id: str) -> None:
    """Remove a scenario."""
    ScenarioRecord.remove(keys.lead_scenario(current_tenant(), lead_id, scenario_id))


# -- SKUs --------------------------------------------------------------------------------------------------------------


def claim_sku(seller_sku: str, lead_id: str) -> str:
    """Note that a lead is to become the product of a SKU; return whose it is: the first that claimed it."""
    key = keys.lead_sku(current_tenant(), seller_sku)
    create(SkuRecord, key, {"lead_id": {"S": lead_id}}, source=SELLER)
    found = SkuRecord.find(key)
    return lead_id if found is None else str(found.lead_id)


def lead_of_sku(seller_sku: str) -> str | None:
    """Return the lead that became the product of a SKU; None when none did."""
    found = SkuRecord.find(keys.lead_sku(current_tenant(), seller_sku), consistent=False)
    return None if found is None else str(found.lead_id)
