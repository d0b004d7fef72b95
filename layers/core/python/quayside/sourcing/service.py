"""Use cases of leads: the board, keeping and changing a lead, moving it. All of it is of the tenant and has no end."""

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import NoReturn, cast

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import new_id
from quayside.kernel.money import Money
from quayside.sourcing import rules, store
from quayside.sourcing.records import CardRecord, Outlook
from quayside.sourcing.rules import LONGEST_REASON, MACHINE, STAGES, Event, Lead, Stage, Target
from quayside.sourcing.store import Found, Moved
from quayside.sourcing.views import Board, CardView, LeadDraft, MoveView, StageView, TargetView

CARDS_AT_ONCE = 30
_ATTEMPTS = 5
_MOST_BASIS_POINTS = 10**6


def board(clock: Clock) -> Board:  # noqa: ARG001 - every use case is given the time
    """Show the board of the tenant in scope: of each stage the newest leads. Six queries, however many leads."""
    return Board(tuple(stage(each, None, CARDS_AT_ONCE) for each in STAGES))


def stage(name: Stage, cursor: str | None, limit: int) -> StageView:
    """Show a column of the board, newest leads first.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    found, following = store.cards(name, cursor, limit)
    return StageView(name, MACHINE.words[name], tuple(_card_view(each, name) for each in found), following)


def _card_view(record: CardRecord, stage_name: Stage) -> CardView:
    facts = record.read()
    return CardView(
        store.lead_id_of(record),
        facts.version,
        events_at(stage_name),
        facts.name,
        None if facts.target is None else target_view(facts.target),
        facts.targets,
        facts.asins,
        facts.changed_at,
        facts.outlook,
        facts.seller_sku,
    )


def events_at(stage_name: Stage) -> tuple[Event, ...]:
    """Return the moves that are possible at a stage."""
    return cast("tuple[Event, ...]", MACHINE.events_in(stage_name))


def target_view(target: Target) -> TargetView:
    """Return a target as it is shown."""
    return TargetView(target.connection_id, target.marketplace_id, Money(target.price_minor, target.currency))


def known(lead_id: str) -> Found:
    """Return a lead of the tenant in scope.

    Raises:
        NotFound: there is no such lead.
    """
    found = store.find(lead_id)
    if found is None:
        raise NotFound("There is no such lead.", code="lead_not_found")
    return found


def places() -> set[tuple[str, str]]:
    """Return the connection and marketplace of every place where the tenant in scope sells."""
    return {
        (each.connection_id, place)
        for each in connections.known()
        if each.has_data
        for place in each.connection.marketplace_ids
        if find_marketplace(place) is not None
    }


def create(draft: LeadDraft, *, clock: Clock, entropy: Callable[[int], bytes]) -> str:
    """Keep a new lead, an idea yet, and return its id.

    Raises:
        InvalidInput: it makes no sense; every wrong field is named.
    """
    now = clock.now()
    lead = lead_of(new_id(entropy), draft, format_instant(now), places())
    store.put(None, lead, None, now)
    return lead.lead_id


def lead_of(lead_id: str, draft: LeadDraft, now: str, where: set[tuple[str, str]]) -> Lead:
    """Return the lead that a draft describes, an idea yet.

    Raises:
        InvalidInput: it makes no sense; every wrong field is named.
    """
    lead = _lead(draft, Lead(lead_id, "", "idea", now))
    rules.check(lead, where)
    return lead


def change(lead_id: str, version: int, draft: LeadDraft, *, clock: Clock) -> None:
    """Change a lead that is at ``version``.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it makes no sense; every wrong field is named.
        Conflict: it was changed meanwhile, or it is approved: then its order counts.
    """
    found = at_version(lead_id, version)
    if found.lead.approval is not None:
        raise Conflict("This lead is a product now.", code="lead_approved", action="Change its order or its listing.")
    lead = _lead(draft, found.lead)
    rules.check(lead, places())
    if not store.put(found, lead, found.outlook, clock.now()):
        raise changed()


def _lead(draft: LeadDraft, before: Lead) -> Lead:
    targets = []
    for number, each in enumerate(draft.targets):
        place = find_marketplace(each.marketplace_id)
        currency = "" if place is None else place.currency
        if place is None:
            _refuse("targets", f"names {each.marketplace_id[:20]}, which is no marketplace")
        price = amount(each.price, currency, f"targets[{number}].price")
        targets.append(Target(each.connection_id, each.marketplace_id, price, currency))
    return msgspec.structs.replace(
        before,
        name=draft.name.strip(),
        targets=tuple(targets),
        asins=tuple(dict.fromkeys(each.strip().upper() for each in draft.asins if each.strip())),
        package=draft.package,
        note=draft.note.strip(),
    )


def amount(text: str, currency: str, field: str) -> int:
    """Read an amount of money that somebody typed, in minor units.

    Raises:
        InvalidInput: it is none of that currency; the field is named.
    """
    try:
        return Money.from_decimal(text.strip(), currency).amount_minor
    except InvalidInput:
        _refuse(field, f"has to be an amount of {currency} such as 4.25")


def basis_points(text: str, field: str) -> int:
    """Read a share in percent that somebody typed, in hundredths of a percent.

    Raises:
        InvalidInput: it is no number with at most two decimals; the field is named.
    """
    try:
        value = Decimal(text.strip()) * 100
        is_exact = value.is_finite() and abs(value) <= _MOST_BASIS_POINTS and value == int(value)
    except DecimalException:
        is_exact = False
    if not is_exact:
        _refuse(field, "has to be a percentage such as 12.5, with at most two decimals")
    return int(value)


def _refuse(field: str, problem: str) -> NoReturn:
    raise InvalidInput(f"{field} {problem}.", code="invalid_field", fields=(FieldProblem(field, problem),))


def at_version(lead_id: str, version: int) -> Found:
    """Return a lead that is at a version.

    Raises:
        NotFound: there is no such lead.
        Conflict: it was changed meanwhile.
    """
    found = known(lead_id)
    if found.step != version:
        raise changed()
    return found


def changed() -> Conflict:
    """Return the error for something that somebody else changed first."""
    return Conflict("Somebody else changed this lead meanwhile.", code="lead_changed")


def move(  # noqa: PLR0913 - what a move is
    lead_id: str, version: int, event: Event, reason: str, *, member_id: str, clock: Clock
) -> None:
    """Move a lead that is at ``version`` over the board; the move is written down. Approval has a use case of its own.

    Raises:
        NotFound: there is no such lead.
        Conflict: it does not move so from where it stands, or it was changed meanwhile.
        InvalidInput: it is quoted without a quote, or rejected without a reason.
    """
    found = at_version(lead_id, version)
    if found.lead.approval is not None:
        raise Conflict(
            "Its approval was begun and is not finished.",
            code="approval_begun",
            action="Approve it again to finish it.",
        )
    following = cast("Stage", MACHINE.move(found.lead.stage, event).next_state)
    if following == "approved":
        raise Conflict("Approval needs a SKU and a quote.", code="approval_needed", action="Use “Approve”.")
    if event == "quote" and not store.quotes(lead_id):
        raise InvalidInput("There is no quote yet.", code="no_quote", action="Enter a supplier's quote first.")
    why = reason.strip()
    if event == "reject" and not 1 <= len(why) <= LONGEST_REASON:
        _refuse("reason", f"has to have 1 to {LONGEST_REASON} characters")
    now = clock.now()
    lead = msgspec.structs.replace(found.lead, stage=following, reason=why if event == "reject" else "")
    if not store.put(found, lead, found.outlook, now, Moved(event, member_id, now)):
        raise changed()


def moves(lead_id: str) -> tuple[MoveView, ...]:
    """Return the latest moves of a lead, the last first."""
    return tuple(
        MoveView(each.event, each.stage, each.moved_at, each.moved_by, each.reason) for each in store.moves(lead_id)
    )


def remove(lead_id: str) -> None:
    """Remove a lead with its quotes and scenarios.

    Raises:
        NotFound: there is no such lead.
        Conflict: it is approved: it is part of what was ordered.
    """
    found = known(lead_id)
    if found.lead.approval is not None:
        raise Conflict(
            "This lead is a product now, so it stays.",
            code="lead_approved",
            action="Nothing to do: it waits for nobody.",
        )
    store.remove(found)


def keep_outlook(lead_id: str, best: Callable[[Lead], Outlook | None], clock: Clock) -> None:
    """Work out anew what the board shows of a lead's best scenario; who loses a race tries again with what is there."""
    for _ in range(_ATTEMPTS):
        found = store.find(lead_id)
        if found is None:
            return
        outlook = best(found.lead)
        same = outlook is None and found.outlook is None
        if same or store.put_outlook(found, outlook, clock.now()):
            return
