"""What the worker does for review requests: look orders through, decide those whose time has come, note refunds.

``reviews.send`` runs every quarter of an hour for a connection whose tenant has a campaign that is on or in test, and
at once when a member changed a setting. It decides the orders that are due, some a command, and asks for
``reviews.plan`` when orders have to be looked through: young ones every six hours, and all of them when a setting
changed; what that wakes is decided right afterwards. Planning only wakes orders that were never decided (or may be
decided otherwise now), so it may be repeated or cut off anywhere.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from quayside.connections import service as connections
from quayside.kernel.clock import Clock, epoch_seconds, format_instant, from_epoch_seconds, parse_instant
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.reviews import store
from quayside.reviews.records import whole
from quayside.reviews.rules import Candidate, Product
from quayside.reviews.sending import Sender, Terms, WakeUp
from quayside.sync.datasets import end_run, go_on, join_run
from quayside.sync.registry import REVIEW_REQUESTS
from quayside.sync.sinks import Applied, ReportLoad, ReportSink, TransactionSink

if TYPE_CHECKING:
    from quayside.amazon.finances import Transaction
    from quayside.amazon.report_rows import ReturnRow
    from quayside.amazon.solicitations import Requested
    from quayside.connections.records import Connection
    from quayside.orders.service import KnownOrder
    from quayside.reviews.records import StandingRecord
    from quayside.sync.service import Work

PLANNED_EVERY = timedelta(hours=6)
LOOKED_THROUGH = timedelta(days=65)
"""Older orders can't be asked any more: the longest delivery promise and Amazon's 30 days are over."""
YOUNG: tuple[tuple[timedelta, timedelta], ...] = tuple(
    (timedelta(days=first), timedelta(days=first, hours=hours))
    for first, hours in ((0, 36), (6, 12), (14, 12), (28, 12))
)
"""The ages of the orders that are looked through: the youngest, and again later those that came in late."""
_ORDERS_A_COMMAND = 12
_PLANNED_A_COMMAND = 200
_REFUNDS = frozenset({"Refund", "GuaranteeClaim", "Chargeback", "A-to-z Guarantee Claim"})


class _Amazon:
    """The two calls for the connection of a piece of work."""

    def __init__(self, work: "Work", connection: "Connection") -> None:
        self._work = work
        self._caller = connections.caller_of(connection)

    def offers(self, wake: WakeUp) -> bool:
        return self._work.amazon.offers_review_request(self._caller, wake.marketplace_id, wake.order_id)

    def request(self, wake: WakeUp, before: Callable[[], None]) -> "Requested":
        return self._work.amazon.request_review(self._caller, wake.marketplace_id, wake.order_id, before=before)


def candidate_of(order: "KnownOrder", marks: store.Marks) -> Candidate:
    """Return what decides about an order."""
    ship_by, deliver_after, deliver_by = (
        None if at is None else from_epoch_seconds(at) for at in (order.windows[1], order.windows[2], order.windows[3])
    )
    live = [line for line in order.lines if not line.cancelled and line.seller_sku]
    known = (order.prices.get(line.order_item_id) for line in live)
    prices = [price.item_minor // price.quantity for price in known if price is not None and price.quantity > 0]
    products = {line.order_item_id: order.products.get(line.order_item_id) for line in live}
    asins = {item_id: product.asin if product else None for item_id, product in products.items()}
    return Candidate(
        order_id=order.order_id,
        marketplace_id=order.marketplace_id,
        time_zone=order.time_zone,
        status=order.status,
        fulfilled_by=order.fulfilled_by,
        purchased_at=order.purchased_at,
        deliver_after=deliver_after,
        deliver_by=deliver_by,
        ship_by=ship_by,
        products=tuple(Product(line.seller_sku, asins[line.order_item_id]) for line in live),
        price_minor=max(prices, default=None),
        currency=order.currency,
        is_replacement=order.is_replacement,
        refunded_at=marks.refunded_at,
        returned_at=marks.returned_at,
        is_barred=marks.is_barred,
    )


def candidate(connection_id: ConnectionId, wake: WakeUp) -> Candidate | None:
    """Return what is known now of an order of the tenant in scope, None when it is gone."""
    order = orders.known_order(connection_id, wake.marketplace_id, wake.purchased_at, wake.order_id)
    if order is None:
        return None
    marks = store.marks(connection_id, [wake.order_id])
    return candidate_of(order, marks.get(wake.order_id, store.Marks()))


def terms() -> tuple[Terms, int]:
    """Return by what the tenant's orders are decided, and the version of its settings."""
    switch = store.switch()
    if switch is None:
        return Terms(()), 0
    found = tuple(record.read() for record in store.campaigns())
    return Terms(found, bool(switch.paused)), whole(switch.version)


def send(work: "Work") -> None:
    """``reviews.send``: decide the orders of a connection whose time has come, and request what is to be requested."""
    if work.connection is None:
        return
    run = join_run(work, REVIEW_REQUESTS)
    if run is None:
        return
    now = work.clock.now()
    by, version = terms()
    standing = store.connection_standing(work.connection_id)
    # A connection that was ever planned has orders that wait: without a campaign they are decided to be skipped.
    if standing is None and not any(each.state != "off" for each in by.campaigns):
        end_run(work, REVIEW_REQUESTS, run, 0)
        return
    if run.step == 0:
        _plan_when_due(work, standing, version, now)
    rows = int(work.command.arguments.get("rows", "0"))
    more, sent = _look(work, work.connection, standing, by)
    work.notes.brought(sent)
    if more:
        go_on(work, REVIEW_REQUESTS, run, {"rows": str(rows + sent)})
        return
    end_run(work, REVIEW_REQUESTS, run, rows + sent)


def _plan_when_due(work: "Work", standing: "StandingRecord | None", version: int, now: datetime) -> None:
    is_new = standing is None or standing.planned_at is None
    if is_new or whole(standing.planned_version if standing else None) != version:
        work.follow_up("reviews.plan", {"whole": "yes", "version": str(version), "at": format_instant(now)})
    elif now - from_epoch_seconds(whole(standing.planned_at if standing else None)) >= PLANNED_EVERY:
        work.follow_up("reviews.plan", {"version": str(version), "at": format_instant(now)})


def _look(work: "Work", connection: "Connection", standing: "StandingRecord | None", by: Terms) -> tuple[bool, int]:
    """Decide what is due; return whether more is, and how many requests went out."""
    emptiness = store.emptiness_of(standing)
    before = (emptiness.in_a_row, emptiness.rests_until)
    book = store.Book(work.connection_id, lambda wake: candidate(work.connection_id, wake))
    sender = Sender(book, _Amazon(work, connection), by, work.clock, emptiness)
    sent = 0
    is_paused = by.is_paused
    due = book.due(work.clock.now(), _ORDERS_A_COMMAND + 1)
    try:
        for wake in due[:_ORDERS_A_COMMAND]:
            # Somebody may have paused everything a second ago.
            switch = store.switch()
            if switch is not None and bool(switch.paused) != is_paused:
                is_paused = bool(switch.paused)
                sender = Sender(book, _Amazon(work, connection), Terms(by.campaigns, is_paused), work.clock, emptiness)
            if emptiness.rests(work.clock.now()):
                work.notes.say("Amazon offers no review requests to anybody at the moment.")
                return False, sent
            sent += sender.look(wake) == "sent"
            _ask_for_dates(work, sender)
    finally:
        if (emptiness.in_a_row, emptiness.rests_until) != before:
            store.keep_emptiness(work.connection_id, emptiness)
    return len(due) > _ORDERS_A_COMMAND, sent


def _ask_for_dates(work: "Work", sender: Sender) -> None:
    """Have orders fetched that a campaign wants and that are known from a report alone, which names no delivery dates.

    It takes the backfill's share of the quota: there may be hundreds, and none is in a hurry, for the earliest request
    goes out days after delivery. By the next look, a day later, their dates are known.
    """
    while sender.lacks_dates:
        wake = sender.lacks_dates.pop()
        work.follow_up("orders.fetch", {"order_id": wake.order_id, "mode": "history"})


# -- Planning ----------------------------------------------------------------------------------------------------------


def plan(work: "Work") -> None:
    """``reviews.plan``: look orders through, page by page, and wake those that are to be decided."""
    connection = work.connection
    if connection is None:
        return
    arguments = work.command.arguments
    at, whole_range = parse_instant(arguments["at"]), "whole" in arguments
    spans = [(at - LOOKED_THROUGH, at)] if whole_range else [(at - until, at - since) for since, until in YOUNG]
    places = [(place, span) for place in connection.marketplace_ids for span in spans]
    position = int(arguments.get("position", "0"))
    if position >= len(places):
        _planned(work, at)
        return
    place, (since, until) = places[position]
    found, cursor = orders.known_orders(
        work.connection_id, place, since, until, cursor=arguments.get("cursor"), limit=_PLANNED_A_COMMAND
    )
    work.notes.brought(_wake_undecided(work, found, again=whole_range))
    following = {key: value for key, value in arguments.items() if key not in {"cursor", "position"}}
    if cursor is not None:
        work.follow_up("reviews.plan", {**following, "position": str(position), "cursor": cursor})
    elif position + 1 < len(places):
        work.follow_up("reviews.plan", {**following, "position": str(position + 1)})
    else:
        _planned(work, at)


def _planned(work: "Work", at: datetime) -> None:
    """Note that all orders that were to be looked through were."""
    store.keep_planned(work.connection_id, at, int(work.command.arguments["version"]))
    if "whole" in work.command.arguments:
        # Somebody changed a setting and looks at what comes of it.
        work.follow_up("reviews.send", {})


def _wake_undecided(work: "Work", found: Sequence["KnownOrder"], *, again: bool) -> int:
    """Wake orders that were never decided and, with ``again``, those that may be decided otherwise now."""
    now = work.clock.now()
    wakes = [WakeUp(each.order_id, each.marketplace_id, each.purchased_at, now) for each in found]
    known: dict[str, Any] = {}
    for start in range(0, len(wakes), _BATCH):
        known |= store.standings_of(work.connection_id, wakes[start : start + _BATCH])
    woken = 0
    for wake in wakes:
        standing = known.get(wake.order_id)
        if standing is None or (again and not standing.is_final and standing.state != "sending"):
            store.put_wake_up(work.connection_id, wake)
            woken += 1
    return woken


_BATCH = 100


# -- What other facts mean for a request -------------------------------------------------------------------------------


def noting_refunds(sink: TransactionSink) -> TransactionSink:
    """Return a sink that stores transactions with ``sink`` and remembers which orders were refunded."""

    def apply(
        tenant_id: TenantId,
        connection_id: ConnectionId,
        transactions: "Sequence[Transaction]",
        *,
        received_at: datetime,
        clock: Clock,
    ) -> Applied:
        applied = sink(tenant_id, connection_id, transactions, received_at=received_at, clock=clock)
        refunds = [
            (order_id, each.posted_date)
            for each in transactions
            if each.transaction_type in _REFUNDS and (order_id := each.identifier("ORDER_ID"))
        ]
        with tenant_scope(tenant_id):
            _mark(connection_id, "refunded_at", refunds, received_at)
        return applied

    return apply


def noting_returns(sink: ReportSink) -> ReportSink:
    """Return a sink that stores returns with ``sink`` and remembers which orders they are of."""

    def apply(load: ReportLoad, rows: "Sequence[ReturnRow]") -> Applied:
        applied = sink(load, rows)
        returned = [(row.order_id, row.returned_at) for row in rows if row.order_id]
        with tenant_scope(load.tenant_id):
            _mark(load.connection_id, "returned_at", returned, load.received_at)
        return applied

    return apply


def _mark(connection_id: ConnectionId, what: str, told: Iterable[tuple[str, datetime]], received_at: datetime) -> None:
    """Remember of each order the earliest time, and have those decided again that wait."""
    earliest: dict[str, datetime] = {}
    for order_id, at in told:
        earliest[order_id] = min(at, earliest.get(order_id, at))
    oldest = epoch_seconds(received_at - LOOKED_THROUGH - PLANNED_EVERY)
    for order_id, at in earliest.items():
        # What was refunded before any order that can still be asked is no business of reviews: history brings years.
        if epoch_seconds(at) >= oldest and store.mark(connection_id, order_id, what, at, received_at):
            store.wake_known(order_id, received_at)
