"""Use cases of restocking: work suggestions out once a day, show them, decide about them, and score them afterwards.

They act for the tenant in scope. Orders are never read: the units of a day come through ``DailyUnits``, which the
composition roots fill with the daily figures.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple, Protocol

from quayside.amazon.marketplaces import find_marketplace
from quayside.catalog import service as catalog
from quayside.connections import service as connections
from quayside.connections.service import Known
from quayside.inventory import own_service as own_stock
from quayside.inventory import service as inventory
from quayside.inventory.days_rules import AGES_DAYS, SERIES_DAYS, THOUSAND, Outlook
from quayside.inventory.service import StockNow
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.ids import ConnectionId
from quayside.restock import choice_rules, rules, score_rules, store
from quayside.restock.choice_rules import Choices
from quayside.restock.demand_rules import HISTORY_DAYS, Demand, SalesHistory, UnknownDemand, demand_of, stockouts
from quayside.restock.records import LINE_PREFIX, Advice, Card, Line, PlanLine
from quayside.restock.rules import (
    BudgetLine,
    LowInventory,
    OpenOrder,
    Plan,
    Position,
    Status,
    Suggestion,
    UnusableParameter,
)
from quayside.restock.score_rules import Score, Scores
from quayside.restock.store import Decided, Found, Place
from quayside.restock.views import (
    AdviceView,
    BudgetLineView,
    BudgetPlan,
    LineView,
    ParentView,
    PlanView,
    RestockPage,
    ScoresView,
    SettingsView,
    SuggestionCard,
    WhatIf,
    advice_view,
    daily_figure,
    line_view,
    plan_view,
)

ORDERS = "orders"
"""The dataset whose history says from which day on sales are known."""

_AT_ONCE = 25
_EXAMINED_AT_MOST = 2000
_SCORES_AT_MOST = 1000
_CHILDREN_AT_MOST = 50
_FAR = "9999"
_URGENCY: Mapping[str, int] = {"order_now": 0, "order_soon": 1, "enough": 2, "overstock": 3, "unknown": 4}

STILL_READING = "Older orders are still being read from Amazon."


class DailyUnits(Protocol):
    """Tells how many units of a SKU were ordered on each day (``analytics.products_service.daily_units``)."""

    def __call__(
        self, connection_id: ConnectionId, marketplace_id: str, seller_sku: str, from_day: date, to_day: date, /
    ) -> Mapping[date, int]:
        """Return units by day of the marketplace, both ends included; a day that is not named sold none."""
        ...


class DueUnits(Protocol):
    """Units that will arrive, and when: in the seller's own stock, or straight at Amazon."""

    @property
    def units(self) -> int:
        """How many."""
        ...

    @property
    def expected_on(self) -> date:
        """On which day."""
        ...

    @property
    def to_amazon(self) -> bool:
        """Whether at Amazon itself."""
        ...


class Supply(Protocol):
    """Tells what is on order and under way, and how long ways took (``supply_chain.pipeline_service.Supply``)."""

    def due(self, connection_id: ConnectionId, marketplace_id: str, seller_sku: str, /) -> Sequence[DueUnits]:
        """Return units that will arrive for a marketplace and that Amazon's own figures do not count yet."""
        ...

    def days_of(self, seller_sku: str, leg: str, /) -> tuple[int, ...]:
        """Return how many days the legs took that a leg of the settings names; none when too few were measured."""
        ...


# -- Worked out once a day ---------------------------------------------------------------------------------------------


class _Market(NamedTuple):
    """What holds for all SKUs of a marketplace in one run."""

    connection_id: ConnectionId
    marketplace_id: str
    group: tuple[str, ...]
    first_day: date | None
    last_day: date
    defaults: Choices
    now: datetime
    daily_units: DailyUnits
    supply: Supply | None

    @property
    def others(self) -> tuple[str, ...]:
        """The marketplaces whose stock and sales are counted with this one's, by the seller's choice."""
        return self.group[1:] if self.group[0] == self.marketplace_id else ()


def compute(  # noqa: PLR0913 - the port of the sync worker
    connection_id: ConnectionId,
    marketplace_ids: Sequence[str],
    after: tuple[str, str] | None,
    *,
    daily_units: DailyUnits,
    open_supply: Callable[[], Supply] | None = None,
    clock: Clock,
    time_is_short: Callable[[], bool],
) -> tuple[str, str] | None:
    """Work out what to restock, SKU by SKU, and score the suggestions whose horizon is over.

    Doing the same SKU twice on a day gives the same. Nothing is worked out while stock is not in step with Amazon: a
    suggestion from yesterday's stock would be wrong and look new.

    Args:
        connection_id: of which connection.
        marketplace_ids: in which marketplaces.
        after: the marketplace and the mark behind which an earlier run stopped; None to begin.
        daily_units: tells what was sold.
        open_supply: begins to tell what is on order and under way; None when nothing is ordered through Quayside.
        clock: the time.
        time_is_short: whether to stop.

    Returns:
        behind which marketplace and mark to go on; None when all is done.
    """
    now = clock.now()
    if not inventory.is_in_step(connection_id, now):
        return None
    known = Known(connections.get(connection_id), connections.health_of(connection_id))
    defaults = store.decided(None).choices
    supply = None if open_supply is None else open_supply()
    begin, mark = (0, None) if after is None else (marketplace_ids.index(after[0]), after[1])
    for marketplace_id in marketplace_ids[begin:]:
        market = _market(known, marketplace_id, defaults, now, daily_units, supply)
        while True:
            found, mark = inventory.stock_after(connection_id, marketplace_id, mark, _AT_ONCE)
            own = own_stock.units_by_sku(connection_id, marketplace_id, [each.seller_sku for each in found])
            for stock in found:
                held = sum(units for _, units in own.get(stock.seller_sku, ()))
                _compute_one(market, stock, held)
            if mark is None:
                break
            if time_is_short():
                return marketplace_id, mark
    return None


def _market(  # noqa: PLR0913, PLR0917 - what holds for a marketplace
    known: Known,
    marketplace_id: str,
    defaults: Choices,
    now: datetime,
    daily_units: DailyUnits,
    supply: Supply | None,
) -> _Market:
    place = find_marketplace(marketplace_id)
    zone = place.time_zone if place else "UTC"
    complete_from = known.complete_from(ORDERS)
    # The day in which history begins is not whole.
    first = None if complete_from is None else inventory.day_of(complete_from, zone) + timedelta(days=1)
    last = inventory.day_of(now, zone) - timedelta(days=1)
    return _Market(
        known.connection_id,
        marketplace_id,
        own_stock.linked(known.connection_id, marketplace_id),
        None if first is None else max(first, last - timedelta(days=HISTORY_DAYS - 1)),
        last,
        defaults,
        now,
        daily_units,
        supply,
    )


def _compute_one(market: _Market, stock: StockNow, own_units: int) -> None:
    place = Place(market.connection_id, market.marketplace_id, stock.seller_sku)
    if market.group[0] != market.marketplace_id and _stock_in(market, market.group[0], stock.seller_sku):
        shared = Line(market.last_day.isoformat(), shared_with=market.group[0], title=stock.title, asin=stock.asin)
        store.put_line(place, shared, market.now)
        return
    choices = choice_rules.merged(store.decided(place).choices, market.defaults)
    settings = choice_rules.settings_of(choices)
    if market.supply is not None:
        settings = choice_rules.measured(settings, partial(market.supply.days_of, stock.seller_sku))
    position = _position(market, stock, own_units + _own_elsewhere(market, stock.seller_sku))
    if market.first_day is None or market.first_day > market.last_day:
        unknown = UnknownDemand(last_day=market.last_day, counted_days=0, counted_units=0)
        store.put_card(place, Card(None, unknown, position, settings, None), market.now)
        store.put_line(place, _line(market, stock, choices, None, STILL_READING), market.now)
        return
    history = _history(market, stock.seller_sku, market.first_day)
    _score(place, history, market.now)
    demand = demand_of(history, choices.method)
    suggestion = None
    if isinstance(demand, Demand):
        suggestion = rules.suggest(demand, position, settings)
        demand = suggestion.demand
        store.keep(place, score_rules.kept_of(suggestion.buy, history), market.now)
    known, unknown_ = (demand, None) if isinstance(demand, Demand) else (None, demand)
    store.put_card(place, Card(known, unknown_, position, settings, suggestion), market.now)
    reason = "" if unknown_ is None else unknown_.reason
    store.put_line(place, _line(market, stock, choices, suggestion, reason), market.now)
    inventory.note_outlook(*place, _outlook(history, suggestion))


def _stock_in(market: _Market, marketplace_id: str, sku: str) -> StockNow | None:
    return inventory.stock_now(market.connection_id, marketplace_id, sku)


def _position(market: _Market, stock: StockNow, own_units: int) -> Position:
    """Return what is there and on its way; with marketplaces that share stock, of all of them together."""
    others = [found for place in market.others if (found := _stock_in(market, place, stock.seller_sku))]
    parts = [stock.quantities, *(each.quantities for each in others)]
    return Position(
        fulfillable=sum(each.fulfillable for each in parts),
        inbound=sum(each.inbound_shipped + each.inbound_receiving for each in parts),
        transfer=sum(each.reserved_transfer for each in parts),
        processing=sum(each.reserved_processing for each in parts),
        own_stock=own_units,
        open_orders=_due(market, stock.seller_sku),
    )


def _due(market: _Market, sku: str) -> tuple[OpenOrder, ...]:
    """Return what is on order and under way; with marketplaces that share stock, for all of them together."""
    if market.supply is None:
        return ()
    places = (market.marketplace_id, *market.others)
    return tuple(
        OpenOrder(each.units, each.expected_on, each.to_amazon)
        for place in places
        for each in market.supply.due(market.connection_id, place, sku)
    )


def _own_elsewhere(market: _Market, sku: str) -> int:
    """Return what the seller keeps for the marketplaces that share stock with this one."""
    held = [own_stock.units_by_sku(market.connection_id, place, [sku]).get(sku, ()) for place in market.others]
    return sum(units for places in held for _, units in places)


def _history(market: _Market, sku: str, first_day: date) -> SalesHistory:
    days = [first_day + timedelta(days=number) for number in range((market.last_day - first_day).days + 1)]
    units: Counter[date] = Counter()
    stock: list[int | None] = [None] * len(days)
    for place in (market.marketplace_id, *market.others):
        units.update(market.daily_units(market.connection_id, place, sku, first_day, market.last_day))
        seen = inventory.stock_series(market.connection_id, place, sku, first_day, market.last_day)
        stock = [
            before if day is None else (before or 0) + day.fulfillable for before, day in zip(stock, seen, strict=True)
        ]
    return SalesHistory(last_day=market.last_day, units=tuple(units[day] for day in days), stock=tuple(stock))


def _score(place: Place, history: SalesHistory, now: datetime) -> None:
    """Score the suggestions whose horizon is over and lies within what is known."""
    first = history.last_day - timedelta(days=len(history.units) - 1)
    due = store.due(place, history.last_day)
    for key, kept in due:
        start = (kept.computed_for - first).days
        if start >= 0:
            span = slice(start, start + kept.horizon_days)
            days = SalesHistory(
                last_day=kept.computed_for + timedelta(days=kept.horizon_days - 1),
                units=history.units[span],
                stock=history.stock[span],
            )
            store.put_outcome(place, key, score_rules.outcome_of(kept, days), now)
    if due:
        store.put_scores(place, score_rules.scores_of(store.outcomes(place)), now)


def _outlook(history: SalesHistory, suggestion: Suggestion | None) -> Outlook:
    aged = [aged_units_of(history, days) if days <= len(history.units) else None for days in AGES_DAYS]
    return Outlook(
        history.last_day.isoformat(),
        None if suggestion is None else _thousandths(suggestion),
        sum(stockouts(history)[-SERIES_DAYS:]),
        *aged,
    )


def aged_units_of(history: SalesHistory, days: int) -> int | None:
    """Return how many units are there for longer than so many days; None when stock was not seen then."""
    then = history.stock[-days]
    return None if then is None else max(0, then - sum(max(0, each) for each in history.units[-days + 1 :]))


def _thousandths(suggestion: Suggestion) -> int:
    return round(suggestion.buy.daily * THOUSAND)


def _line(market: _Market, stock: StockNow, choices: Choices, suggestion: Suggestion | None, unknown: str) -> Line:
    overrides = {each.plan: each.quantity for each in choices.overrides}
    return Line(
        last_day=market.last_day.isoformat(),
        unknown=unknown,
        daily_thousandths=None if suggestion is None else _thousandths(suggestion),
        send=None if suggestion is None else _plan_line(suggestion.send, overrides.get("send")),
        buy=None if suggestion is None else _plan_line(suggestion.buy, overrides.get("buy")),
        unit_cost_minor=choices.unit_cost_minor,
        carton_units=choices.carton_units or 1,
        minimum_order_units=choices.minimum_order_units or 0,
        title=stock.title,
        asin=stock.asin,
    )


def _plan_line(plan: Plan, override: int | None) -> PlanLine:
    return PlanLine(
        quantity=plan.quantity if override is None else override,
        wanted_units=plan.wanted_units,
        short_units=plan.short_units,
        order_by=None if plan.order_by is None else plan.order_by.isoformat(),
        days_of_cover=plan.days_of_cover,
        status=plan.status,
        overstock_units=plan.overstock_units,
        overridden=override is not None,
    )


# -- Shown -------------------------------------------------------------------------------------------------------------


def list_suggestions(
    connection_id: ConnectionId,
    marketplace_id: str,
    *,
    status: Status | None = None,
    search: str | None = None,
    cursor: str | None = None,
) -> RestockPage:
    """List suggestions of one marketplace, the most urgent first among up to 2,000 SKUs.

    Raises:
        NotFound: the account does not sell there.
        InvalidInput: the cursor is not one of this list.
    """
    currency = _currency(connection_id, marketplace_id)
    found, following = _walk(connection_id, marketplace_id, cursor)
    text = (search or "").strip().casefold()
    advised = _advised(connection_id, marketplace_id, found)
    shown = [
        line_view(
            connection_id,
            marketplace_id,
            each.seller_sku,
            each.content,
            each.computed_at,
            amazon=_advice_view(advised.get(each.seller_sku)),
        )
        for each in found
        if status in (None, _standing(each.content)) and _mentions(each, text)
    ]
    counts = Counter(_standing(each.content) for each in found if each.content.shared_with is None)
    return RestockPage(
        marketplace_id,
        tuple(sorted(shown, key=_urgency)),
        len(found),
        following,
        dict(counts),
        currency,
        None if not found else format_instant(min(each.computed_at for each in found)),
    )


class RunningOut(NamedTuple):
    """When a SKU runs out by the more pressing of both plans, and by when it has to be ordered (ISO 8601)."""

    seller_sku: str
    days_of_cover: int | None
    order_by: str | None


def running_out(connection_id: ConnectionId, marketplace_id: str, most: int) -> Iterator[RunningOut]:
    """Yield when each SKU of a marketplace of the tenant in scope runs out, for so many SKUs at most.

    What is counted in another marketplace's line, and what has no suggestion, is left out.
    """
    after, left = None, most
    while left > 0:
        found, after = store.lines(connection_id, marketplace_id, after=after, limit=min(500, left))
        for each in found:
            plans = [plan for plan in (each.content.send, each.content.buy) if plan is not None and plan.order_by]
            if plans and each.content.shared_with is None:
                pressing = min(plans, key=lambda plan: plan.order_by or "")
                yield RunningOut(each.seller_sku, pressing.days_of_cover, pressing.order_by)
        left -= len(found)
        if after is None:
            return


def _advised(
    connection_id: ConnectionId, marketplace_id: str, found: Sequence[Found[Line]]
) -> Mapping[str, Found[Advice]]:
    """Return what Amazon recommends for the SKUs of a page, which are in the order of their names."""
    if not found:
        return {}
    return store.advice_between(Place(connection_id, marketplace_id, found[0].seller_sku), found[-1].seller_sku)


def _advice_view(found: Found[Advice] | None) -> AdviceView | None:
    return None if found is None else advice_view(found.content, found.computed_at)


def _walk(connection_id: ConnectionId, marketplace_id: str, cursor: str | None) -> tuple[list[Found[Line]], str | None]:
    after = decode_cursor(cursor, 1)[0] if cursor else None
    if after is not None and not after.startswith(LINE_PREFIX):
        raise invalid_cursor()
    found: list[Found[Line]] = []
    while len(found) < _EXAMINED_AT_MOST:
        listed, after = store.lines(connection_id, marketplace_id, after=after, limit=500)
        found += listed
        if after is None:
            return found, None
    return found, None if after is None else encode_cursor(after)


def _currency(connection_id: ConnectionId, marketplace_id: str) -> str:
    place = find_marketplace(marketplace_id)
    if place is None or marketplace_id not in connections.get(connection_id).marketplace_ids:
        raise NotFound("This account does not sell there.", code="marketplace_not_connected")
    return place.currency


def _standing(line: Line) -> str:
    """Return how a SKU stands: by the more urgent of both plans."""
    if line.send is None or line.buy is None:
        return "unknown"
    return min((line.send.status, line.buy.status), key=lambda each: _URGENCY[each])


def _urgency(view: LineView) -> tuple[int, str, str]:
    if view.send is None or view.buy is None:
        return _URGENCY["unknown"], _FAR, view.seller_sku
    soonest = min(view.send.order_by or _FAR, view.buy.order_by or _FAR)
    return min(_URGENCY[view.send.status], _URGENCY[view.buy.status]), soonest, view.seller_sku


def _mentions(found: Found[Line], text: str) -> bool:
    values = (found.seller_sku, found.content.title, found.content.asin)
    return not text or any(text in value.casefold() for value in values if value)


def show_card(place: Place) -> SuggestionCard:
    """Show everything about the suggestion for one SKU.

    Raises:
        NotFound: there is no such connection, or nothing was worked out for the SKU there yet.
    """
    connections.get(place.connection_id)
    line, found = store.line(place), store.card(place)
    if line is None or found is None:
        raise NotFound(
            "Nothing was worked out for this SKU there yet.",
            code="suggestion_not_found",
            action="Suggestions are worked out once a day, after stock was read from Amazon.",
        )
    card, as_of = found.content, found.computed_at
    suggestion = card.suggestion
    low, parent = _low_inventory(place, line.content, card)
    return SuggestionCard(
        line=line_view(*place, line.content, line.computed_at, amazon=_advice_view(store.advice(place))),
        daily=daily_figure(card, line.content, as_of),
        demand=card.demand,
        position=card.position,
        send=_plan_view(suggestion, line.content.send, "send", as_of),
        buy=_plan_view(suggestion, line.content.buy, "buy", as_of),
        low_inventory=low,
        scores=store.scores(place),
        low_inventory_of=parent,
    )


def _low_inventory(place: Place, line: Line, card: Card) -> tuple[LowInventory | None, ParentView | None]:
    """Return the line of 28 days of the parent with all its SKUs there, or of this SKU alone.

    It is of this SKU alone, and says so, when the parent is not known, or not all SKUs there can be looked at.
    """
    if card.suggestion is None:
        return None, None
    alone = rules.low_inventory([_child(card)]), None
    family = line.asin and catalog.family_of(place.connection_id, place.marketplace_id, line.asin)
    if not family:
        return alone
    found, following = _walk(place.connection_id, place.marketplace_id, None)
    skus = [each.seller_sku for each in found if each.content.asin in family.child_asins]
    if following is not None or len(skus) > _CHILDREN_AT_MOST:
        return alone
    cards = [other.content for sku in skus if (other := store.card(place._replace(seller_sku=sku)))]
    unknown = sum(each.suggestion is None for each in cards)
    low = rules.low_inventory([_child(each) for each in cards])
    return low, ParentView(family.parent_asin, len(cards), unknown)


def _child(card: Card) -> tuple[int, float]:
    return card.position.at_amazon, 0.0 if card.suggestion is None else card.suggestion.send.daily


def _plan_view(
    suggestion: Suggestion | None, line: PlanLine | None, kind: rules.PlanKind, as_of: datetime
) -> PlanView | None:
    if suggestion is None or line is None:
        return None
    return plan_view(suggestion.send if kind == "send" else suggestion.buy, line, as_of)


def what_if(  # noqa: PLR0913 - each may be changed
    place: Place,
    *,
    extra_lead_days: float = 0,
    service_level_percent: float | None = None,
    growth_percent: int | None = None,
    send_cover_days: int | None = None,
    buy_cover_days: int | None = None,
) -> WhatIf:
    """Return what would be suggested if a setting were another; nothing is kept.

    Raises:
        NotFound: nothing was worked out for the SKU there yet.
        Conflict: demand is unknown, so nothing follows from it.
        InvalidInput: a setting would be out of its range.
    """
    found = store.card(place)
    if found is None:
        raise NotFound("Nothing was worked out for this SKU there yet.", code="suggestion_not_found")
    card = found.content
    if card.demand is None or card.suggestion is None:
        raise Conflict(
            "Demand is unknown, so nothing can be worked out from it.",
            code="demand_unknown",
            action="Wait until there are 14 days in stock and 5 units sold.",
        )
    level = None if service_level_percent is None else service_level_percent / 100
    growth = card.settings.growth_percent if growth_percent is None else growth_percent
    try:
        changed = rules.what_if(
            card.demand,
            card.position,
            card.settings,
            extra_lead_days=extra_lead_days,
            service_level=level,
            growth_percent=growth,
            send_cover_days=send_cover_days,
            buy_cover_days=buy_cover_days,
        )
    except UnusableParameter as problem:
        raise _refused(problem) from None
    if isinstance(changed, UnknownDemand):  # pragma: no cover - the demand is known
        raise Conflict("Demand is unknown.", code="demand_unknown")
    return WhatIf(card.suggestion, changed)


def _refused(problem: UnusableParameter) -> InvalidInput:
    fields = (FieldProblem(problem.field, problem.problem),)
    return InvalidInput(f"{problem.field}: {problem.problem}", fields=fields, code="out_of_range")


# -- Decided -----------------------------------------------------------------------------------------------------------


def show_settings(place: Place | None) -> SettingsView:
    """Show what was decided for one SKU, or for all when there is no place, and what holds where nothing was.

    Raises:
        NotFound: there is no such connection.
    """
    if place is not None:
        connections.get(place.connection_id)
    decided = store.decided(place)
    defaults = decided.choices if place is None else store.decided(None).choices
    own = Choices() if place is None else decided.choices
    return SettingsView(decided.choices, choice_rules.merged(own, defaults), decided.version, decided.changed_at)


def decide(place: Place | None, choices: Choices, version: int, *, member_id: str, clock: Clock) -> SettingsView:
    """Decide for one SKU, or for all. It holds from the next time suggestions are worked out.

    Raises:
        NotFound: the account does not sell there.
        InvalidInput: a value is out of its range.
        Conflict: somebody else decided first.
    """
    if place is not None:
        _currency(place.connection_id, place.marketplace_id)
    elif choices.overrides or choices.unit_cost_minor is not None or choices.method is not None:
        problem = "overrides, method and unit cost are decided for one SKU"
        raise InvalidInput(f"{problem}.".capitalize(), fields=(FieldProblem("choices", problem),))
    defaults = choices if place is None else store.decided(None).choices
    try:
        choice_rules.check(choices, Choices() if place is None else defaults)
    except UnusableParameter as problem:
        raise _refused(problem) from None
    decision = Decided(choices, version + 1, format_instant(clock.now()), member_id)
    if not store.decide(place, decision):
        raise Conflict("Somebody else changed this first.", code="changed_meanwhile")
    return show_settings(place)


# -- Budget and scores -------------------------------------------------------------------------------------------------


def plan_budget(connection_id: ConnectionId, marketplace_id: str, budget_minor: int) -> BudgetPlan:
    """Return what a budget buys of what is to be bought in a marketplace, in its currency.

    Raises:
        NotFound: the account does not sell there.
        InvalidInput: the budget is negative.
    """
    currency = _currency(connection_id, marketplace_id)
    found, following = _walk(connection_id, marketplace_id, None)
    wanted = [each for each in found if each.content.buy is not None and each.content.buy.quantity > 0]
    costed = [each for each in wanted if each.content.unit_cost_minor]
    lines = [
        BudgetLine(
            each.seller_sku,
            each.content.buy.quantity,
            each.content.carton_units,
            each.content.minimum_order_units,
            each.content.unit_cost_minor,
            (each.content.daily_thousandths or 0) / THOUSAND,
            each.content.buy.days_of_cover,
        )
        for each in costed
        if each.content.buy is not None and each.content.unit_cost_minor is not None
    ]
    try:
        funded = rules.within_budget(lines, budget_minor)
    except UnusableParameter as problem:
        raise _refused(problem) from None
    return BudgetPlan(
        currency,
        budget_minor,
        sum(each.cost_minor for each in funded),
        tuple(
            BudgetLineView(line.seller_sku, line.content.title, asked.quantity, each.quantity, each.cost_minor)
            for line, asked, each in zip(costed, lines, funded, strict=True)
        ),
        tuple(each.seller_sku for each in wanted if not each.content.unit_cost_minor),
        following is None,
    )


def show_scores(connection_id: ConnectionId, marketplace_id: str) -> ScoresView:
    """Show how past suggestions of a marketplace turned out, of up to 1,000 SKUs.

    Raises:
        NotFound: the account does not sell there.
    """
    _currency(connection_id, marketplace_id)
    found, whole = store.all_scores(connection_id, marketplace_id, _SCORES_AT_MOST)
    return ScoresView(_together(found), len(found), whole)


def _together(found: Sequence[Scores]) -> Scores:
    """Add up the scores of several SKUs: each error counts by what was sold."""
    asked = sum(each.asked_units for each in found)

    def score(name: str) -> Score:
        parts: list[tuple[Score, float]] = [(getattr(each, name), each.asked_units) for each in found]
        if not asked:
            return Score(None, None)
        return Score(
            sum((part.wape or 0) * units for part, units in parts) / asked,
            sum((part.bias or 0) * units for part, units in parts) / asked,
        )

    return Scores(
        suggestions=sum(each.suggestions for each in found),
        asked_units=asked,
        ours=score("ours"),
        naive=score("naive"),
        seasonal_naive=score("seasonal_naive"),
        average=score("average"),
        short_units=sum(each.short_units for each in found),
        left_units=sum(each.left_units for each in found),
    )
