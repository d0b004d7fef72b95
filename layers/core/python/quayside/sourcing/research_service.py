"""Use cases of what Amazon tells: ask for a lead, show what is known, and give scenarios their fees."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from quayside.connections import service as connections
from quayside.connections.rules import is_live
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, InvalidInput, RateLimited
from quayside.kernel.ids import ConnectionId, check_connection_id
from quayside.kernel.money import Money
from quayside.kernel.tenancy import current_tenant
from quayside.sourcing import research_store, scenario_service, service
from quayside.sourcing.calculator_rules import Scenario
from quayside.sourcing.research_records import AskedRecord, ResearchedProduct, product_from
from quayside.sourcing.research_rules import (
    ASKED_AGAIN_AFTER,
    STANDS_STILL,
    calls,
    connections_of,
    wanted_fees,
)
from quayside.sourcing.rules import Lead
from quayside.sourcing.views import FeeView, ProductFactsView, ReadingView, ResearchView, TargetFeesView
from quayside.storage import keys
from quayside.storage.facts import said
from quayside.storage.tables import page
from quayside.sync.registry import PRODUCT_RESEARCH, dataset
from quayside.sync.service import Desk
from quayside.sync.views import Cell, Column, RowsPage

COLUMNS = (
    Column("marketplace_id", "Marketplace", "text"),
    Column("asin", "ASIN", "text"),
    Column("title", "Title", "text"),
    Column("brand", "Brand", "text"),
    Column("category", "Category", "text"),
    Column("rank", "Rank", "number"),
    Column("read_at", "Read", "instant"),
)
"""What the data browser shows of a product that is looked into."""
_PRODUCTS = "PRODUCT#"


def ask(lead_id: str, *, desk: Desk, clock: Clock) -> None:
    """Have Amazon asked for a lead: what its catalogue says of the products, and its fees at the prices that count.

    Raises:
        NotFound: there is no such lead.
        InvalidInput: it names no product, or no place where it is to be sold.
        Conflict: no account that it is to be sold by may ask Amazon for it.
        RateLimited: it was asked for less than a minute ago.
    """
    lead = service.known(lead_id).lead
    scenarios = scenario_service.scenarios_of(lead_id)
    places = connections_of(lead, scenarios)
    if not lead.asins or not places:
        raise InvalidInput(
            "The lead names no product to compare with, or no marketplace.",
            code="nothing_to_ask",
            action="Change the lead: enter an ASIN that Amazon knows, and where it is to be sold.",
        )
    now = clock.now()
    open_to = [each for each in map(check_connection_id, places) if _may_ask(each)]
    if not open_to:
        raise Conflict(
            "No account may ask Amazon for this.",
            code="sourcing_off",
            action="Switch Sourcing on under Sync, or connect the account again.",
        )
    begun = 0
    for connection_id in open_to:
        wanted = len(calls(lead, scenarios, connection_id))
        if research_store.ask(connection_id, lead_id, wanted, now, now - ASKED_AGAIN_AFTER):
            arguments = {"lead_id": lead_id, "at": "0"}
            desk.ask("research.refresh", current_tenant(), connection_id, cause="member", **arguments)
            begun += 1
    if not begun:
        raise RateLimited("Amazon was asked a moment ago.", action="Wait a minute, then ask again.")


def _may_ask(connection_id: ConnectionId) -> bool:
    connection = connections.live(connection_id)
    if connection is None or not is_live(connection.status) or PRODUCT_RESEARCH in connection.paused:
        return False
    return dataset(PRODUCT_RESEARCH).is_needed(connection.features_off)


# -- Showing it --------------------------------------------------------------------------------------------------------


def show(lead: Lead, scenarios: Sequence[Scenario], now: datetime) -> ResearchView:
    """Show what Amazon told of the products a lead is compared with, its fees at the target prices, and how far."""
    sold = [(check_connection_id(each.connection_id), each.marketplace_id) for each in lead.targets]
    wanted = [(connection_id, place, asin) for connection_id, place in sold for asin in lead.asins]
    products = research_store.products(wanted)
    return ResearchView(
        tuple(_reading(connection_id, lead.lead_id, now) for connection_id in connections_of(lead, scenarios)),
        tuple(
            ProductFactsView(place, asin, told.facts, format_instant(told.at))
            for (connection_id, place, asin) in wanted
            if (told := products.get((connection_id, place, asin))) is not None
        ),
        _target_fees(lead),
    )


def _reading(connection: str, lead_id: str, now: datetime) -> ReadingView:
    connection_id = check_connection_id(connection)
    found = research_store.asked(connection_id, lead_id)
    if found is None:
        return ReadingView(connection, "never", 0, 0, None, "")
    state, problem = str(found.state), found.problem or ""
    if state == "reading":
        health = connections.health_of(connection_id).get(PRODUCT_RESEARCH)
        failure: str | None = health.failure_reason if health else None
        if failure is not None:
            state, problem = "failed", failure
        elif now - parse_instant(found.moved_at) > STANDS_STILL:
            state, problem = "failed", "Amazon was not reached within an hour. Ask again."
    return _reading_view(connection, found, state, problem)


def _reading_view(connection: str, found: AskedRecord, state: str, problem: str) -> ReadingView:
    return ReadingView(connection, state, int(found.done), int(found.wanted), found.moved_at, problem)


def _target_fees(lead: Lead) -> tuple[TargetFeesView, ...]:
    wanted = [
        (check_connection_id(connection), priced)
        for connection in connections_of(lead, ())
        for priced in wanted_fees(lead, (), connection)
    ]
    found = research_store.fees(wanted)
    return tuple(
        TargetFeesView(
            priced.marketplace_id,
            priced.asin,
            Money(priced.price_minor, told.facts.currency),
            tuple(FeeView(fee.name, Money(fee.minor, told.facts.currency)) for fee in told.facts.fees),
            told.facts.problem,
            format_instant(told.at),
        )
        for (connection_id, priced) in wanted
        if (told := found.get((connection_id, priced))) is not None
    )


def rows_view(
    connection_id: ConnectionId, dataset_key: str, marketplace_id: str | None, cursor: str | None, limit: int
) -> RowsPage:
    """Return the products that a connection of the tenant in scope looks into, by marketplace and ASIN.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset_key)
    prefix = _PRODUCTS if marketplace_id is None else f"{_PRODUCTS}{keys.encode(marketplace_id)}#"
    after = None if cursor is None else decode_cursor(cursor, 1)[0]
    if after is not None and not after.startswith(prefix):
        raise invalid_cursor()
    pk = keys.research(current_tenant(), connection_id)
    found = page(ResearchedProduct, pk, limit=limit, prefix=prefix, after=after)
    rows = tuple(_rows(found.records))
    following = None if found.next_sort_key is None else encode_cursor(found.next_sort_key)
    return RowsPage(COLUMNS, rows, following, reach.as_of)


def _rows(records: Iterable[ResearchedProduct]) -> Iterable[tuple[Cell, ...]]:
    for record in records:
        facts, words = product_from(record), said(record)
        _, place, asin = (keys.decode(part) for part in record.sk.split("#"))
        if facts is not None and words is not None:
            read_at = research_store.told_at(words)
            yield (place, asin, facts.title, facts.brand, facts.category, facts.rank, format_instant(read_at))
