"""Freshness: a day of 10,000 orders with three changes each; how old they are in our store, and by how many GETs.

The simulator's busiest shop sells by its daily curve, from midnight to midnight of the marketplace's own time, and
ships every order half an hour to two and a half hours after it was paid: placed, paid, shipped (one in thirty is
cancelled instead). Ours is the product on the embedded AWS: Amazon's notifications through the intake, one in seven
repeated and one in eight late, the worker, the schedules; connected before, with its feature Sales switched on alone.
The plain client, on a simulator of its own with the same day, asks for what changed every ten minutes, page by page,
as ``plain_client.py`` describes, and gets the prices with it; when its helpers give up, it asks for the same again the
next time. Both work under the quotas of Amazon's models.

**gets_per_1000_orders.** Every GET to the Selling Partner API from midnight until all orders of the day are shipped and
ten minutes more, for 1,000 orders that were placed; refused ones (429) included. With Sales alone switched on, all of
ours are for orders: searches, single orders, reports and their documents.

**status_age_p95_s.** For each change of an order: from Amazon's instant of it until our table holds the order as of
that change or a later one, in simulated seconds; the 95th percentile, nearest rank. It is read from the table's stream,
whose images say when the fact was received (``received_at``, the time of the batch that wrote it). That time has whole
seconds, and counts as the end of its second.

**price_age_p95_s.** The same from the instant an order was paid, which is when Amazon tells its price, until our table
holds a price for each of its lines. Orders that were cancelled before they had one are left out.

**arrival_age_p95_s** is Amazon's own part of the first: from the change until the notification of it, or of a later
one, lies in our queue. The simulator sends one in eight late, by a few seconds mostly and by half a minute at most.

**lwa_calls_per_connection_hour.** Calls to Login with Amazon in that time, for each hour of it.

**missing, doubled, wrong.** What the table holds in the end, compared with the simulator: each order of the day once,
with its status and its lines by SKU, units and price.

Clocks stand while code works; see ``shop.py``. A quick run is 72 minutes of the day at about its average pace, not a
tenth of it, for no more fits into its 45 seconds. The time until its last orders are paid, when few come and searches
wait longer, weighs twenty times as much as in a whole day, so its GETs and ages of prices are no measure of the day's.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.bench.backfill import stored_items, throttled, true_orders
from tests.bench.catalogue import Result
from tests.bench.comparison import Differences, compare
from tests.bench.embedded_aws import embedded_aws
from tests.bench.harness import Run, environment, handlers_log
from tests.bench.quota import percentile
from tests.bench.shop import MARKETPLACE, Shop, opened, operator, simulated
from tests.bench.simulated_amazon import Call

if TYPE_CHECKING:
    from infra.simulator.server import Simulator
    from infra.simulator.world import Happening, Order, Seller
    from tests.bench.simulated_time import Programs

ORDERS = 10_000
SEED = 20261122
PROFILE = "busy-us"
ZONE = ZoneInfo("America/Los_Angeles")
DAY = datetime(2030, 3, 5, tzinfo=ZONE)
"""Later than any day on which this runs, for the tables delete what has expired by the machine's clock."""
CONNECTS = timedelta(hours=2)
"""The account is connected so long before."""
HISTORY_DAYS = 30
SHIPS_AFTER_SECONDS = (1800, 9000)
LAST_SEARCHES = timedelta(minutes=10)
LONGEST = timedelta(hours=6)
POLL_SECONDS = 600
"""Every five minutes would be two pages or three each time, more than the quota of one in 178 seconds carries."""
SETTLED = timedelta(minutes=2)
"""searchOrders answers up to two minutes ago."""
PAGE = 100
INCLUDED = ["PROCEEDS", "FULFILLMENT"]
READ_EVERY_MS = 3_600_000
P95 = 95


@dataclass(frozen=True)
class Span:
    """The part of the day that is measured, in epoch milliseconds."""

    begins_ms: int
    ends_ms: int

    @property
    def hours(self) -> float:
        """How long it is."""
        return (self.ends_ms - self.begins_ms) / 3_600_000


def span_of(run: Run) -> Span:
    """Return the day, or a twentieth of it at about the day's average pace."""
    begins, ends = DAY, DAY + timedelta(days=1)
    if run.quick:
        begins = DAY + timedelta(hours=8)
        ends = begins + timedelta(hours=1, minutes=12)
    return Span(round(begins.timestamp() * 1000), round(ends.timestamp() * 1000))


# -- The figures -------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What Amazon did and what somebody holds of it; all instants in epoch milliseconds.

    Attributes:
        changes: per order the instants of its changes.
        paid: per order when it was paid.
        cancelled: the orders that were.
        versions: per order what is held: from when, and as of which change.
        priced: per order from when its prices are held.
    """

    changes: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    paid: dict[str, int] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    versions: defaultdict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    priced: dict[str, int] = field(default_factory=dict)

    def hold(self, order_id: str, held_ms: int, version_ms: int, *, priced: bool) -> None:
        """Take note that an order is held as of a change from now on, and whether its prices are."""
        self.versions[order_id].append((held_ms, version_ms))
        if priced:
            self.priced[order_id] = min(held_ms, self.priced.get(order_id, held_ms))

    def status_ages(self) -> list[float]:
        """Return for each change how many seconds later it was held; endless when it never was."""
        return [
            age for order_id, changes in self.changes.items() for age in ages(changes, self.versions.get(order_id, ()))
        ]

    def price_ages(self) -> list[float]:
        """Return for each order that was paid how many seconds later its price was held; endless when it never was.

        One that was cancelled needs none, and is left out unless it has one.
        """
        return [
            max(0, self.priced[order_id] - at) / 1000 if order_id in self.priced else math.inf
            for order_id, at in self.paid.items()
            if order_id in self.priced or order_id not in self.cancelled
        ]


def ages(changes: Iterable[int], versions: Sequence[tuple[int, int]]) -> list[float]:
    """Return how many seconds after each change something was held that is as new as it; endless when never.

    Args:
        changes: instants in epoch milliseconds.
        versions: from when something was held and as of which change, in epoch milliseconds, in any order.
    """
    found = []
    for change in changes:
        held = min((held for held, version in versions if version >= change), default=math.inf)
        found.append(max(0.0, (held - change) / 1000))
    return found


def change_of(body: str) -> tuple[str, int] | None:
    """Return the order and the instant that a notification tells of, None when it is of something else."""
    payload = (json.loads(body).get("Payload") or {}).get("OrderChangeNotification")
    if payload is None:
        return None
    changed = datetime.fromisoformat(payload["OrderChangeTrigger"]["TimeOfOrderChange"])
    return payload["AmazonOrderId"], round(changed.timestamp() * 1000)


def gets(calls: Iterable[Call]) -> int:
    """Return how many calls were GETs."""
    return sum(1 for call in calls if call.method == "GET")


def per_thousand(count: int, orders: int) -> float:
    """Return how many there were for a thousand orders."""
    return round(1000 * count / orders, 2)


# -- The day -----------------------------------------------------------------------------------------------------------


class Day:
    """The shop's day at Amazon: sells only while it lasts, ships everything in time, and says what changed.

    Args:
        simulator: the simulated Amazon.
        seller: the shop.
        span: the part of the day.

    Attributes:
        told: what changed while it was ``watched``, and what the side that is measured holds of it.
        arrived: the same changes, and which of them Amazon's notifications brought as far as our queue.
        placed: how many orders were placed.
        watched: whether changes are noted; what happens after the last search is nobody's to know.
    """

    def __init__(self, simulator: "Simulator", seller: "Seller", span: Span) -> None:
        from infra.simulator.world import local_day  # noqa: PLC0415 - the simulator, only when measured

        self._world = simulator.world
        self._seller = seller
        self._span = span
        self.told = Told()
        self.arrived = Told(changes=self.told.changes)
        self.placed = 0
        self.watched = True
        self._open: set[str] = set()
        mean, _, _ = self._world.wanted(seller, MARKETPLACE, local_day(span.begins_ms, MARKETPLACE))
        self._demand = ORDERS / mean
        observe = self._world.observe

        def watch(happening: "Happening") -> None:
            self._note(happening)
            observe(happening)

        self._world.observe = watch

    @property
    def is_over(self) -> bool:
        """Whether every order of the day is shipped or cancelled."""
        return not self._open

    def open(self) -> None:
        """Let buyers in."""
        self._world.change_seller(self._seller, demand=self._demand)

    def close(self) -> None:
        """Let nobody in any more."""
        self._world.change_seller(self._seller, demand=0)

    def _note(self, happening: "Happening") -> None:
        from infra.simulator.lifecycle import State  # noqa: PLC0415 - the simulator, only when measured
        from infra.simulator.world import OrderChanged  # noqa: PLC0415 - as above

        if not isinstance(happening, OrderChanged):
            return
        order, state = happening.order, State(happening.order.state)
        if self.watched:
            self.told.changes[order.order_id].append(order.updated)
        if state is State.PENDING:
            self.placed += 1
            self._open.add(order.order_id)
        elif state is State.UNSHIPPED:
            self.told.paid[order.order_id] = order.updated
            self._ship_later(order, State.SHIPPED)
        elif state in {State.SHIPPED, State.CANCELLED}:
            self._open.discard(order.order_id)
        if state is State.CANCELLED:
            self.told.cancelled.add(order.order_id)

    def _ship_later(self, order: "Order", shipped: int) -> None:
        after = Random(f"{SEED}{order.pk}").randint(*SHIPS_AFTER_SECONDS)
        # What the shop had planned for later finds the order shipped, and leaves it alone.
        self._world.schedule(order.updated + after * 1000, order.seller, "move", order.pk, str(int(shipped)))


def _seller(simulator: "Simulator") -> "Seller":
    seller = simulator.world.create_seller(PROFILE, seed=SEED, history=False)
    simulator.world.change_seller(seller, demand=0)
    return seller


# -- Ours --------------------------------------------------------------------------------------------------------------


def measure(run: Run) -> Result:
    """Live through the day with both."""
    span = span_of(run)
    plain = _plain(run, span)
    # That fix forgets stream records which no trigger waits for; here the stream is read by hand, an hour behind.
    with (
        embedded_aws(run, without=["stream_records"]) as aws,
        handlers_log(run),
        environment(operator(aws)),
        opened(aws, _connects(span), _seller, seed=SEED, history_days=HISTORY_DAYS) as shop,
    ):
        return {**_ours(run, span, shop), "plain": plain}


def _connects(span: Span) -> datetime:
    return datetime.fromtimestamp(span.begins_ms / 1000, UTC) - CONNECTS


def _ours(run: Run, span: Span, shop: Shop) -> Result:
    day = Day(shop.simulator, shop.seller, span)
    shop.connect()
    shop.run_to(shop.history_is_done, CONNECTS)
    shop.only("sales")
    shop.run(span.begins_ms - 1)
    run.say("The account is connected; the day begins.")
    shop.amazon.forget()

    def arrived(body: str) -> None:
        found = change_of(body)
        if found is not None:
            day.arrived.hold(found[0], shop.now_ms, found[1], priced=False)

    shop.listeners.append(arrived)
    live = _Live(run, shop, day)
    day.open()
    live.until(lambda: shop.now_ms >= span.ends_ms - 1, span.ends_ms - 1)
    day.close()
    live.until(lambda: day.is_over, span.ends_ms + round(LONGEST.total_seconds() * 1000))
    day.watched = False
    ends_ms = shop.now_ms + round(LAST_SEARCHES.total_seconds() * 1000)
    live.until(lambda: shop.now_ms >= ends_ms, ends_ms)
    return _figures(run, shop, day, Span(span.begins_ms, shop.now_ms))


class _Live:
    """Lets time pass, and reads the table's stream every hour of it."""

    def __init__(self, run: Run, shop: Shop, day: Day) -> None:
        self._run, self._shop, self._day = run, shop, day
        self._read_ms = shop.now_ms + READ_EVERY_MS

    def until(self, reached: Callable[[], bool], ends_ms: int) -> None:
        """Go on until something is reached; what is held by then is noted.

        Raises:
            RuntimeError: time is up before.
        """
        while not reached():
            if self._shop.now_ms >= ends_ms:
                raise RuntimeError("The day does not come to its end.")
            self._shop.step(ends_ms)
            if self._shop.now_ms >= self._read_ms:
                self._read()
                self._read_ms += READ_EVERY_MS
        self._read()

    def _read(self) -> None:
        from quayside.orders.records import place_of, state_of_item  # noqa: PLC0415 - the product, only when measured

        for image in self._shop.product.order_images():
            state = state_of_item(image)
            self._day.told.hold(
                place_of(image["pk"]["S"], image["sk"]["S"]).order_id,
                (int(image["received_at"]["N"]) + 1) * 1000,
                int(image["source_updated_at"]["N"]),
                priced=bool(state.lines) and all(line.order_item_id in state.prices for line in state.lines),
            )
        self._run.say(
            f"{self._shop.clock.now():%H:%M} UTC: {self._day.placed} orders, {len(self._shop.amazon.calls)} calls."
        )


def _figures(run: Run, shop: Shop, day: Day, lasted: Span) -> Result:
    calls = list(shop.amazon.calls)
    found = _compared(shop)
    for example in found.examples:
        run.say(f"Difference: {example}")
    counted = gets(calls)
    return {
        "gets_per_1000_orders": per_thousand(counted, day.placed),
        **_ages(day.told),
        "arrival_age_p95_s": round(percentile(day.arrived.status_ages(), P95), 1),
        "lwa_calls_per_connection_hour": round(len(shop.amazon.token_calls) / lasted.hours, 3),
        "missing": found.lost,
        "doubled": found.doubled,
        "wrong": found.wrong + found.extra,
        "orders": day.placed,
        "changes": sum(len(each) for each in day.told.changes.values()),
        "hours": round(lasted.hours, 2),
        "gets": counted,
        "throttled": throttled(calls),
        "calls": dict(sorted(Counter(_outline(call) for call in calls).items())),
        "deliveries": dict(sorted(shop.simulator.notifications.counts.items())),
        "intake": dict(sorted(shop.product.metrics["intake"].counts.items())),
    }


def _ages(told: Told) -> dict[str, object]:
    return {
        "status_age_p95_s": round(percentile(told.status_ages(), P95), 1),
        "price_age_p95_s": round(percentile(told.price_ages(), P95), 1),
    }


def _outline(call: Call) -> str:
    """Return the kind of a call: its method and its path without ids."""
    parts = call.path.strip("/").split("/")
    return f"{call.method} {parts[0]} {parts[2]}{'/…' if len(parts) > 3 else ''}"


def _compared(shop: Shop) -> Differences:
    """Compare what the table holds with the simulator: status and lines of every order."""
    truth = {order_id: (status, lines) for order_id, status, lines in true_orders(shop.simulator, shop.seller)}
    return compare(truth, ((order_id, (item["status"]["S"], lines)) for order_id, lines, item in stored_items(shop)))


# -- Theirs ------------------------------------------------------------------------------------------------------------


def _plain(run: Run, span: Span) -> Result:
    from sp_api.base.exceptions import SellingApiRequestThrottledException  # noqa: PLC0415 - only when measured

    from tests.bench.plain_client import PlainClient, run_side_by_side  # noqa: PLC0415 - as above

    given_up = [0]
    with simulated(_connects(span), _seller, seed=SEED) as (amazon, simulator, seller):
        day = Day(simulator, seller, span)
        client = PlainClient(amazon, seller, simulator.clock)
        simulator.clock.move_to(span.begins_ms - 1)
        simulator.world.step()
        day.open()

        def keep_the_door(programs: "Programs") -> None:
            programs.sleep((span.ends_ms - 1 - simulator.clock.now_ms()) / 1000)
            with simulator.world.lock:
                simulator.world.step()
                day.close()

        def poll(programs: "Programs") -> None:
            since = simulator.clock.now()
            while not day.is_over or simulator.clock.now_ms() < span.ends_ms:
                began = simulator.clock.now()
                try:
                    for page in client.pages(
                        marketplaceIds=[MARKETPLACE],
                        lastUpdatedAfter=f"{since:%Y-%m-%dT%H:%M:%SZ}",
                        maxResultsPerPage=PAGE,
                        includedData=INCLUDED,
                    ):
                        _take(day.told, page, simulator.clock.now_ms())
                    since = began - SETTLED
                except SellingApiRequestThrottledException:
                    given_up[0] += 1
                programs.sleep(max(0.0, POLL_SECONDS - (simulator.clock.now() - began).total_seconds()))

        run_side_by_side(simulator.clock, [keep_the_door, poll])
        counted = gets(amazon.calls)
        run.say(f"The plain client made {counted} calls for {day.placed} orders.")
        return {
            "gets_per_1000_orders": per_thousand(counted, day.placed),
            **_ages(day.told),
            "orders": day.placed,
            "gets": counted,
            "throttled": throttled(amazon.calls),
            "given_up": given_up[0],
        }


def _take(told: Told, page: Iterable[dict[str, Any]], now_ms: int) -> None:
    for order in page:
        # What it knows counts from the moment the page came.
        version = round(datetime.fromisoformat(order["lastUpdatedTime"]).timestamp() * 1000)
        told.hold(order["orderId"], now_ms, version, priced="proceeds" in order)
