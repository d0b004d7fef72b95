"""What the worker does for leads: ask Amazon's catalogue and fee estimates, one call a command.

``research.refresh`` without a lead runs every day for a connection and asks for what grew old; with a lead it makes the
next of that lead's calls and hands on to the one after it. What it is at is written down after the next command is
sent, so a crash repeats a call and loses none.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

from quayside.amazon.errors import RequestRejected
from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.kernel.clock import parse_instant
from quayside.kernel.money import Money
from quayside.sourcing import research_store, scenario_service, store
from quayside.sourcing.calculator_rules import Fee
from quayside.sourcing.research_rules import (
    FOLLOWED_FOR,
    READ_AGAIN_AFTER,
    Call,
    FeesCall,
    FeesFacts,
    Measures,
    Priced,
    ProductCall,
    ProductFacts,
    calls,
)
from quayside.sourcing.research_store import Told
from quayside.sync.registry import PRODUCT_RESEARCH
from quayside.sync.service import enqueue_spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quayside.amazon.catalog import CatalogItem, Dimension
    from quayside.amazon.fees import FeeEstimate, FeeProblem
    from quayside.connections.records import Connection
    from quayside.sync.commands import SyncCommand
    from quayside.sync.service import Work

_LEADS_A_COMMAND = 50
_PACE_SECONDS = 4
_NO_LONGER = frozenset({"approved", "rejected"})


def refresh(work: "Work") -> None:
    """``research.refresh``: read again what grew old, or make the next call for one lead."""
    if work.connection is None:
        return
    if "lead_id" in work.command.arguments:
        _call(work, work.connection)
    else:
        _read_again(work)


def _read_again(work: "Work") -> None:
    now = work.clock.now()
    found, following = research_store.all_asked(
        work.connection_id, work.command.arguments.get("after"), _LEADS_A_COMMAND
    )
    due = [
        research_store.lead_of(each)
        for each in found
        if now - parse_instant(each.asked_at) <= FOLLOWED_FOR and now - parse_instant(each.moved_at) >= READ_AGAIN_AFTER
    ]
    commands: list[tuple[SyncCommand, int]] = []
    for lead_id in due:
        lead = store.find(lead_id)
        if lead is None:
            research_store.forget(work.connection_id, lead_id)
            continue
        if lead.lead.stage in _NO_LONGER:
            continue
        wanted = len(calls(lead.lead, scenario_service.scenarios_of(lead_id), work.connection_id))
        research_store.begin(work.connection_id, lead_id, wanted, now)
        arguments = {"lead_id": lead_id, "at": "0"}
        asked = work.desk.command("research.refresh", work.tenant_id, work.connection_id, arguments, work.command.cause)
        commands.append((asked, len(commands) * _PACE_SECONDS))
    if commands:
        enqueue_spread(commands)
    if following is not None:
        work.follow_up("research.refresh", {"after": following})
        return
    connections.record_success(work.connection_id, PRODUCT_RESEARCH, rows=0, now=now, cause=work.command.cause)


def _call(work: "Work", connection: "Connection") -> None:
    lead_id, at = work.command.arguments["lead_id"], int(work.command.arguments["at"])
    found = store.find(lead_id)
    if found is None:
        research_store.forget(work.connection_id, lead_id)
        return
    wanted = calls(found.lead, scenario_service.scenarios_of(lead_id), work.connection_id)
    asked = research_store.asked(work.connection_id, lead_id)
    if asked is None or int(asked.done) > at or at >= len(wanted):
        return
    try:
        rows = _make(work, connection, wanted[at])
    except RequestRejected as refused:
        said = refused.said or "no explanation"
        research_store.failed(work.connection_id, lead_id, f"Amazon refused: {said}", work.clock.now())
        raise
    now = work.clock.now()
    work.notes.brought(rows)
    if at + 1 < len(wanted):
        work.follow_up("research.refresh", {"lead_id": lead_id, "at": str(at + 1)})
    research_store.moved(work.connection_id, lead_id, at + 1, len(wanted), now)
    if at + 1 == len(wanted):
        scenario_service.refresh(lead_id, work.clock)
    connections.record_success(work.connection_id, PRODUCT_RESEARCH, rows=rows, now=now, cause=work.command.cause)


def _make(work: "Work", connection: "Connection", call: Call) -> int:
    """Make a call and store what Amazon said; return how many facts that changed."""
    caller = connections.caller_of(connection)
    if isinstance(call, ProductCall):
        items = work.amazon.catalog_items(caller, call.marketplace_id, call.asins)
        named = {each.asin: each for each in items}
        told = {asin: product_facts(named.get(asin), call.marketplace_id) for asin in call.asins}
        return research_store.put_products(work.connection_id, call.marketplace_id, told, work.clock.now())
    estimates = _estimates(work, connection, call)
    return research_store.put_fees(work.connection_id, estimates, work.clock.now())


def _estimates(work: "Work", connection: "Connection", call: FeesCall) -> dict[Priced, Told[FeesFacts]]:
    from quayside.amazon.fees import FeeRequest  # noqa: PLC0415 - only fee commands need it

    requests = [
        FeeRequest(
            identifier=str(number),
            marketplace_id=each.marketplace_id,
            id_type="ASIN",
            id_value=each.asin,
            price=Money(each.price_minor, _currency(each.marketplace_id)),
            by_amazon=each.channel == "AMAZON",
        )
        for number, each in enumerate(call.wanted)
    ]
    found: Sequence[FeeEstimate | FeeProblem] = work.amazon.fee_estimates(connections.caller_of(connection), requests)
    by_identifier = {each.identifier: each for each in found}
    now = work.clock.now()
    told = {}
    for number, each in enumerate(call.wanted):
        answer = by_identifier.get(str(number))
        facts = fees_facts(answer, _currency(each.marketplace_id))
        told[each] = Told(facts, getattr(answer, "estimated_at", now))
    return told


def _currency(marketplace_id: str) -> str:
    found = find_marketplace(marketplace_id)
    if found is None:
        raise ValueError(f"A lead is kept for {marketplace_id}, which is no marketplace.")
    return found.currency


def fees_facts(answer: "FeeEstimate | FeeProblem | None", currency: str) -> FeesFacts:
    """Return what Amazon says of fees; what its parts leave of the whole stands as a fee of its own."""
    from quayside.amazon.fees import FeeEstimate  # noqa: PLC0415 - as above

    if answer is None:
        return FeesFacts(currency, problem="Amazon's answer left it out.")
    if not isinstance(answer, FeeEstimate):
        return FeesFacts(currency, problem=answer.message or answer.code or answer.status)
    if answer.total.currency_code != currency:
        return FeesFacts(currency, problem=f"Amazon answered in {answer.total.currency_code}, not in {currency}.")
    fees = [Fee(each.fee_type, each.final_fee.money().amount_minor) for each in answer.fees]
    rest = answer.total.money().amount_minor - sum(fee.minor for fee in fees)
    if rest:
        fees.append(Fee("OtherFees", rest))
    return FeesFacts(currency, tuple(fee for fee in fees if fee.minor))


def product_facts(item: "CatalogItem | None", marketplace_id: str) -> ProductFacts:
    """Return what the catalogue says of a product in a marketplace."""
    if item is None:
        return ProductFacts(found=False)
    summary, sizes = item.summary_of(marketplace_id), item.dimensions_of(marketplace_id)
    ranks = [
        place
        for listed in item.sales_ranks
        if listed.marketplace_id == marketplace_id
        for place in (
            *((each.rank, each.title) for each in listed.display_group_ranks),
            *((each.rank, each.title) for each in listed.classification_ranks),
        )
    ]
    categories = [
        each.display_name
        for listed in item.classifications
        if listed.marketplace_id == marketplace_id
        for each in listed.classifications
    ]
    rank, rank_in = ranks[0] if ranks else (None, None)
    package = sizes.package if sizes else None
    return ProductFacts(
        found=True,
        title=summary.item_name if summary else None,
        brand=summary.brand if summary else None,
        category=next(iter(categories), None),
        rank=rank,
        rank_in=rank_in,
        package=None
        if package is None
        else Measures(*(_measure(each) for each in (package.length, package.width, package.height, package.weight))),
    )


def _measure(dimension: "Dimension | None") -> str | None:
    """Write a length or weight as Amazon does, rounded to two places."""
    if dimension is None or dimension.value is None:
        return None
    rounded = round(Fraction(dimension.value) * 100) / 100
    return f"{rounded:g} {dimension.unit or ''}".strip()
