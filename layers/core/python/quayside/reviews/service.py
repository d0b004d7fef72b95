"""Use cases of review requests for the API: campaigns, preview, the log, what one order's decision is, pausing."""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from quayside.amazon.marketplaces import find_marketplace
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, format_instant, parse_instant
from quayside.kernel.cursors import decode_cursor, encode_cursor, invalid_cursor
from quayside.kernel.errors import Conflict, FieldProblem, InvalidInput, NotFound
from quayside.kernel.figures import Figure, FigureInput, figure, method_card
from quayside.kernel.ids import ConnectionId, new_id
from quayside.orders import service as orders
from quayside.reviews import store
from quayside.reviews.campaign_rules import MOST_CAMPAIGNS, Place, check
from quayside.reviews.records import CampaignRecord, DayRecord, ReviewRecord, standing_from, whole
from quayside.reviews.rules import POLICY, Campaign, Candidate, Decision, decide, window_of
from quayside.reviews.sending import Standing, WakeUp
from quayside.reviews.views import (
    BarredOrder,
    BarredPage,
    CampaignDraft,
    CampaignList,
    CampaignView,
    DayCounts,
    DecisionDetail,
    DecisionsPage,
    DecisionView,
    Preview,
    ReviewsHome,
    RuleView,
    SkippedBecause,
    StepView,
)
from quayside.reviews.working import candidate, candidate_of, terms
from quayside.storage.keys import Key
from quayside.sync import service as sync
from quayside.sync.registry import REVIEW_REQUESTS
from quayside.sync.views import Cell, Column, RowsPage

if TYPE_CHECKING:
    from quayside.reviews.rules import Judged

PREVIEW_DAYS = 90
CALENDAR_DAYS = 35
LONGEST_DAYS = 365
MOST_AT_ONCE = 100
"""How many orders a member puts on the do-not-solicit list at once."""
_PREVIEWED_AT_ONCE = 500
_EXAMINED_AT_MOST = 1000
_MONTHS = 20
_ORDER_ID = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")
_SORT_KEY = re.compile(r"REVIEW#[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z#[A-Za-z0-9%._~-]+")
_DRAFT = "draft"

COLUMNS = (
    Column("order_id", "Order", "text"),
    Column("marketplace_id", "Marketplace", "text"),
    Column("purchased_at", "Placed", "instant"),
    Column("state", "Request", "text"),
    Column("because", "Why", "text"),
    Column("campaign_name", "Campaign", "text"),
    Column("send_at", "Goes out", "instant"),
    Column("closes_at", "Window closes", "instant"),
    Column("decided_at", "Decided", "instant"),
    Column("answer", "Amazon's answer", "text"),
)
"""What the data browser shows of a decision: fields of ``DecisionView``."""


# -- At a glance -------------------------------------------------------------------------------------------------------


def home(clock: Clock, *, days: int, marketplace_id: str | None = None) -> ReviewsHome:
    """Show the review requests of the tenant in scope: figures and counts of a period, the calendar, the campaigns."""
    now = clock.now()
    shelves = _shelves(marketplace_id)
    past: dict[str, Counter[str]] = {}
    ahead: dict[str, Counter[str]] = {}
    for connection_id, place in shelves:
        today = store.day_in(place, now)
        first = today - timedelta(days=days - 1)
        for record in store.days(connection_id, place, first, today + timedelta(days=CALENDAR_DAYS)):
            day = record.sk.removeprefix("DAY#")
            past_day = date.fromisoformat(day) <= today
            counts = _counts(record)
            if past_day:
                past.setdefault(day, Counter()).update({**counts, "planned": 0})
            if not past_day or day == today.isoformat():
                ahead.setdefault(day, Counter()).update({"planned": counts["planned"]})
    today = max((store.day_in(place, now) for _, place in shelves), default=now.date())
    switch = store.switch()
    as_of = _as_of()
    total: Counter[str] = Counter()
    for counted in past.values():
        total.update(counted)
    total["planned"] = sum(each["planned"] for each in ahead.values())
    return ReviewsHome(
        paused=bool(switch and switch.paused),
        paused_at=switch.paused_at if switch and switch.paused else None,
        as_of=None if as_of is None else format_instant(as_of),
        figures=_figures(total, days, as_of or now),
        days=tuple(_day(today - timedelta(days=back), past) for back in range(days - 1, -1, -1)),
        calendar=tuple(_day(today + timedelta(days=on), ahead) for on in range(CALENDAR_DAYS + 1)),
        campaigns=campaigns().campaigns,
        policy=POLICY,
    )


def _day(day: date, counts: dict[str, "Counter[str]"]) -> DayCounts:
    found = counts.get(day.isoformat(), Counter())
    return DayCounts(day.isoformat(), **{name: found[name] for name in store.COUNTS})


def _counts(record: DayRecord) -> dict[str, int]:
    return {name: whole(getattr(record, name)) for name in store.COUNTS}


def _as_of() -> datetime | None:
    ages = [each.as_of(REVIEW_REQUESTS) for each in connections.known() if each.has_data]
    known = [at for at in ages if at is not None]
    return min(known, default=None)


def _figures(total: "Counter[str]", days: int, as_of: datetime) -> tuple[Figure, ...]:
    source = "Quayside's log of decisions and Amazon's answers (Solicitations API v1)"
    sent, tested, skipped, planned = (total[name] for name in ("sent", "tested", "skipped", "planned"))
    eligible, decided = sent + tested, sent + tested + skipped

    def counted(value: int, key: str, title: str, formula: str, *notes: str) -> Figure:
        filled = f"{value} orders"
        card = method_card(key, title, formula, filled, inputs=[FigureInput(title, value, "orders")], notes=notes)
        return figure(value, unit="orders", as_of=as_of, state="posted", source=source, method=card)

    share = None if not decided else round(100 * eligible / decided)
    rate = method_card(
        "reviews_eligible_rate",
        "Eligible rate",
        "Orders that were asked, or would have been in test, divided by all orders decided for good in the period",
        f"{eligible} ÷ {decided}" if decided else "No order was decided for good yet.",
        inputs=[FigureInput("Asked or tested", eligible, "orders"), FigureInput("Decided", decided, "orders")],
        notes=["Orders that wait are not among them."],
    )
    return (
        counted(sent, "reviews_sent", "Requests sent", f"Requests Amazon accepted in the last {days} days"),
        counted(planned, "reviews_waiting", "Waiting", f"Requests planned for the next {CALENDAR_DAYS} days",
                "An order that is refunded or returned before its day is not asked."),
        counted(skipped, "reviews_skipped", "Skipped", f"Orders a rule left out in the last {days} days"),
        figure(share, unit="percent", as_of=as_of, state="posted", source=source, method=rate),
    )  # fmt: skip


def _shelves(marketplace_id: str | None) -> list[tuple[ConnectionId, str]]:
    return [
        (each.connection_id, place)
        for each in connections.known()
        if each.has_data
        for place in each.connection.marketplace_ids
        if marketplace_id in (None, place) and find_marketplace(place) is not None
    ]


# -- Campaigns ---------------------------------------------------------------------------------------------------------


def campaigns() -> CampaignList:
    """List the campaigns of the tenant in scope, in the order in which they are asked."""
    found = [(record.read(), record) for record in store.campaigns()]
    found.sort(key=lambda each: (each[0].state == "off", each[0].state != "on", each[0].priority, each[0].campaign_id))
    return CampaignList(tuple(_campaign_view(record) for _, record in found), POLICY)


def create_campaign(draft: CampaignDraft, *, clock: Clock, entropy: Callable[[int], bytes]) -> CampaignView:
    """Keep a new campaign.

    Raises:
        InvalidInput: a setting breaks Amazon's policy or makes no sense.
        Conflict: there are as many campaigns as there may be.
    """
    if len(store.campaigns()) >= MOST_CAMPAIGNS:
        raise Conflict(
            f"There are {MOST_CAMPAIGNS} campaigns already.",
            code="too_many_campaigns",
            action="Remove one that you no longer need.",
        )
    return _put(_campaign(new_id(entropy), draft), 0, clock)


def change_campaign(campaign_id: str, version: int, draft: CampaignDraft, *, clock: Clock) -> CampaignView:
    """Change a campaign that is at ``version``; orders that wait are decided anew.

    Raises:
        NotFound: there is no such campaign.
        InvalidInput: a setting breaks Amazon's policy or makes no sense.
        Conflict: somebody else changed it meanwhile.
    """
    if store.campaign(campaign_id) is None:
        raise _no_campaign()
    return _put(_campaign(campaign_id, draft), version, clock)


def remove_campaign(campaign_id: str) -> CampaignList:
    """Remove a campaign; what it decided stays in the log.

    Raises:
        NotFound: there is no such campaign.
    """
    if store.campaign(campaign_id) is None:
        raise _no_campaign()
    store.remove_campaign(campaign_id)
    store.settings_changed()
    return campaigns()


def _no_campaign() -> NotFound:
    return NotFound("There is no such campaign.", code="campaign_not_found")


def _put(campaign: Campaign, version: int, clock: Clock) -> CampaignView:
    check(campaign, _places())
    written = store.put_campaign(campaign, step=version, now=clock.now())
    if written is None:
        raise Conflict("Somebody else changed this campaign meanwhile.", code="campaign_changed")
    store.settings_changed()
    return _campaign_view(written)


def _places() -> list[Place]:
    found = {place: find_marketplace(place) for _, place in _shelves(None)}
    return [Place(key, place.currency) for key, place in found.items() if place is not None]


def _campaign(campaign_id: str, draft: CampaignDraft) -> Campaign:
    given = msgspec.structs.asdict(draft)
    for name in ("include_skus", "exclude_skus", "include_asins", "exclude_asins", "marketplace_ids", "channels"):
        given[name] = tuple(dict.fromkeys(each.strip() for each in given[name]))
    return Campaign(campaign_id=campaign_id, **{**given, "name": draft.name.strip()})


def _campaign_view(record: CampaignRecord) -> CampaignView:
    campaign = record.read()
    fields = {name: value for name, value in msgspec.structs.asdict(campaign).items() if name != "campaign_id"}
    return CampaignView(campaign.campaign_id, int(record.step), record.changed_at, CampaignDraft(**fields))


def pause(*, paused: bool, clock: Clock) -> CampaignList:
    """Pause all review requests at once, or let them go on; tests and the log go on either way."""
    store.set_paused(paused=paused, now=clock.now())
    return campaigns()


def decide_soon(clock: Clock, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
    """Have what waits decided by the settings as they are now as soon as the worker can.

    What the queue does not take is decided at the next quarter of an hour, as everything is.
    """
    with suppress(sync.CommandsNotSent):
        sync.read_soon(REVIEW_REQUESTS, clock, entropy)


# -- Preview -----------------------------------------------------------------------------------------------------------


def preview(draft: CampaignDraft, cursor: str | None, campaign_id: str | None, clock: Clock) -> Preview:
    """Say what a campaign would have done with orders of the last 90 days, 500 of them at a time.

    Each order is decided as it would have been on its day: a refund that came later counts for nothing. The other
    campaigns that are on take the orders that are theirs, as they would.

    Raises:
        InvalidInput: the campaign breaks Amazon's policy or makes no sense, or the cursor is not one of ours.
    """
    tried = msgspec.structs.replace(_campaign(campaign_id or _DRAFT, draft), state="on")
    check(tried, _places())
    now = clock.now()
    others = [each.read() for each in store.campaigns()]
    rivals = [each for each in others if each.state == "on" and each.campaign_id != tried.campaign_id]
    shelves = [shelf for shelf in _shelves(None) if not tried.marketplace_ids or shelf[1] in tried.marketplace_ids]
    position, until, place = _preview_place(cursor, now)
    if position >= len(shelves):
        return Preview(0, 0, 0, 0, (), None)
    connection_id, marketplace_id = shelves[position]
    found, following = orders.known_orders(
        connection_id,
        marketplace_id,
        until - timedelta(days=PREVIEW_DAYS),
        until,
        cursor=place,
        limit=_PREVIEWED_AT_ONCE,
    )
    marks: dict[str, store.Marks] = {}
    ids = [each.order_id for each in found]
    for start in range(0, len(ids), _BATCH):
        marks |= store.marks(connection_id, ids[start : start + _BATCH])
    tally: Counter[str] = Counter()
    reasons: dict[str, tuple[str, Judged]] = {}
    for order in found:
        decision = _as_it_would_have_been(
            candidate_of(order, marks.get(order.order_id, store.Marks())), tried, rivals, now
        )
        name = _tallied(decision, tried)
        tally[name] += 1
        if name not in ("would_send", "other", "not_its_own"):
            reasons.setdefault(name, (order.order_id, decision.rules[-1]))
    following_cursor = None
    if following is not None:
        following_cursor = encode_cursor(str(position), format_instant(until), following)
    elif position + 1 < len(shelves):
        following_cursor = encode_cursor(str(position + 1), format_instant(until), "")
    skipped = tuple(
        SkippedBecause(judged.rule, tally[name], order_id, judged.because)
        for name, (order_id, judged) in sorted(reasons.items(), key=lambda each: -tally[each[0]])
    )
    return Preview(len(found), tally["would_send"], tally["other"], tally["not_its_own"], skipped, following_cursor)


_BATCH = 50


def _preview_place(cursor: str | None, now: datetime) -> tuple[int, datetime, str | None]:
    if cursor is None:
        return 0, now, None
    position, until, place = decode_cursor(cursor, 3)
    if not position.isdecimal():
        raise invalid_cursor()
    return int(position), parse_instant(until), place or None


def _as_it_would_have_been(order: Candidate, tried: Campaign, rivals: Sequence[Campaign], now: datetime) -> Decision:
    """Decide an order at the time its request would have gone out, or will."""
    calm = msgspec.structs.replace(order, refunded_at=None, returned_at=None)
    at = decide(calm, (tried, *rivals), order.purchased_at).send_at
    if at is None:
        # Something excludes it or is lacking: then it is decided as it stood when its window opened, or stands now.
        window = window_of(order.deliver_after, order.deliver_by, order.time_zone)
        return decide(order, (tried, *rivals), now if window is None else min(now, window.first))
    then = msgspec.structs.replace(
        order,
        refunded_at=order.refunded_at if order.refunded_at is not None and order.refunded_at <= at else None,
        returned_at=order.returned_at if order.returned_at is not None and order.returned_at <= at else None,
    )
    return decide(then, (tried, *rivals), at)


def _tallied(decision: Decision, tried: Campaign) -> str:
    if decision.campaign_id is not None and decision.campaign_id != tried.campaign_id:
        return "other"
    if decision.rules[-1].rule == "campaign" and decision.outcome == "skip":
        return "not_its_own"
    return "would_send" if decision.outcome == "send" else decision.rules[-1].rule


# -- The log -----------------------------------------------------------------------------------------------------------


def decisions(  # noqa: PLR0913 - the filters of the list
    clock: Clock,
    *,
    state: str | None = None,
    marketplace_id: str | None = None,
    search: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> DecisionsPage:
    """List what was decided, by the time the orders were placed, newest first; an order id finds its order anywhere.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    text = (search or "").strip()
    if text:
        return DecisionsPage(tuple(_decision_view(record) for record in store.find(text)), None, None)
    return _page(_shelves(marketplace_id), clock.now().date(), state, cursor, limit)


def _page(
    shelves: Sequence[tuple[ConnectionId, str]], today: date, state: str | None, cursor: str | None, limit: int
) -> DecisionsPage:
    before = decode_cursor(cursor, 1)[0] if cursor else None
    if before is not None and _SORT_KEY.fullmatch(before) is None:
        raise invalid_cursor()
    found: list[DecisionView] = []
    last: str | None = None
    complete = True
    walk = store.newest_first(shelves, today + timedelta(days=1), _MONTHS, before)
    for examined, record in enumerate(islice(walk, _EXAMINED_AT_MOST + 1)):
        if len(found) == limit or examined == _EXAMINED_AT_MOST:
            complete = False
            break
        last = record.sk
        if state is None or record.state == state:
            found.append(_decision_view(record))
    if complete or last is None:
        return DecisionsPage(tuple(found), None, None)
    back_to = last.split("#")[1] if state is not None and len(found) < limit else None
    return DecisionsPage(tuple(found), encode_cursor(last), back_to)


def _decision_view(record: ReviewRecord) -> DecisionView:
    place = _place(record)
    standing = standing_from(record.standing)
    return DecisionView(
        order_id=place.order_id,
        connection_id=place.connection_id,
        marketplace_id=place.marketplace_id,
        purchased_at=format_instant(place.purchased_at),
        state=standing.state,
        because=standing.because,
        rule=standing.rule,
        campaign_id=standing.campaign_id,
        campaign_name=standing.campaign_name,
        send_at=_text(standing.send_at),
        closes_at=_text(standing.closes_at),
        decided_at=format_instant(standing.decided_at),
        answer=standing.answer,
    )


def _place(record: ReviewRecord) -> store.ReviewPlace:
    return store.place_of(Key(record.pk, record.sk))


def _text(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def decision_of(order_id: str, connection_id: ConnectionId | None, clock: Clock) -> DecisionDetail:
    """Show what was decided about one order, what happened, and what the rules say at this moment.

    Raises:
        NotFound: there is no such order.
    """
    order = orders.find_known(order_id, connection_id)
    if order is None:
        raise NotFound("There is no such order here.", code="order_not_found")
    found, known = order
    wake = WakeUp(known.order_id, known.marketplace_id, known.purchased_at, clock.now())
    now = candidate(found, wake)
    records = [each for each in store.find(order_id) if _place(each).connection_id == found]
    standing = standing_from(records[0].standing) if records else None
    if now is None:
        raise NotFound("There is no such order here.", code="order_not_found")
    if standing is not None and standing.was_late:
        now = msgspec.structs.replace(now, was_late=True)
    by, _ = terms()
    decision = decide(now, by.campaigns, clock.now(), is_paused=by.is_paused)
    return DecisionDetail(
        order_id=order_id,
        decision=_decision_view(records[0]) if records else None,
        now=_now_words(standing, decision),
        rules=tuple(RuleView(each.rule, each.verdict, each.because) for each in decision.rules),
        course=tuple(StepView(each.at, each.what) for each in (standing.course if standing else ())),
        barred=now.is_barred,
    )


def _now_words(standing: Standing | None, decision: Decision) -> str:
    if standing is not None and standing.is_final:
        return "Nothing more happens: a buyer is asked once at most."
    if decision.outcome == "send":
        return "It is its turn: the request goes out with the next look, within a quarter of an hour."
    if decision.outcome == "test":
        return "It would be sent now; its campaign is in test."
    return decision.because


def rows_view(
    connection_id: ConnectionId,
    dataset: str,
    marketplace_id: str | None,
    cursor: str | None,
    limit: int,
) -> RowsPage:
    """Return a page of the decisions of a connection of the tenant in scope, newest orders first.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    if reach.newest is None:
        return RowsPage(COLUMNS, (), None, None)
    shelves = [(connection_id, place) for place in reach.places(marketplace_id)]
    page = _page(shelves, date.fromisoformat(reach.newest[:10]), None, cursor, limit)
    rows = tuple(_row(each) for each in page.decisions)
    return RowsPage(COLUMNS, rows, page.next_cursor, reach.as_of)


def _row(view: DecisionView) -> tuple[Cell, ...]:
    fields = msgspec.structs.asdict(view)
    return tuple(fields[column.key] for column in COLUMNS)


# -- Do not solicit ----------------------------------------------------------------------------------------------------


def bar(order_ids: Sequence[str], *, by: str, clock: Clock) -> BarredPage:
    """Put orders on the do-not-solicit list; those that wait are decided again at once.

    Raises:
        InvalidInput: one is no order id of Amazon's, or they are too many at once.
    """
    wanted = list(dict.fromkeys(each.strip() for each in order_ids if each.strip()))
    if not 1 <= len(wanted) <= MOST_AT_ONCE:
        raise InvalidInput(
            f"Name 1 to {MOST_AT_ONCE} orders at once.",
            fields=(FieldProblem("order_ids", f"has to name 1 to {MOST_AT_ONCE} orders"),),
        )
    wrong = [each for each in wanted if _ORDER_ID.fullmatch(each) is None]
    if wrong:
        raise InvalidInput(
            "That is no order id of Amazon's.",
            fields=(FieldProblem("order_ids", f"“{wrong[0][:30]}” is not like 114-1234567-1234567"),),
        )
    now = clock.now()
    for order_id in wanted:
        if store.bar(order_id, by=by, now=now):
            store.wake_known(order_id, now)
    return barred(None)


def unbar(order_id: str, clock: Clock) -> BarredPage:
    """Take an order off the do-not-solicit list; it is decided again.

    Raises:
        NotFound: it is not on the list.
    """
    if not store.unbar(order_id):
        raise NotFound("That order is not on the do-not-solicit list.", code="no_such_order")
    store.wake_known(order_id, clock.now())
    return barred(None)


def barred(cursor: str | None, limit: int = 100) -> BarredPage:
    """List the orders on the do-not-solicit list, by order id.

    Raises:
        InvalidInput: the cursor is not one of ours.
    """
    after = decode_cursor(cursor, 1)[0] if cursor else None
    if after is not None and not after.startswith("BARRED#"):
        raise invalid_cursor()
    records, following = store.barred(after=after, limit=limit)
    found = tuple(BarredOrder(record.sk.removeprefix("BARRED#"), record.added_at) for record in records)
    return BarredPage(found, encode_cursor(following) if following else None)
