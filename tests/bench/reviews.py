"""100,000 orders of one seller over 60 simulated days, and every trouble a sender of review requests can have.

The product's own rules and sender (``quayside.reviews``) decide and send, by its own quota arithmetic; Amazon is the
simulator's (``infra.simulator.solicitations``): lists that are empty for no reason, for some buyers always, twice for
everybody; both refusals; deliveries that are late. Its buckets (1 a second, burst 5) answer 429 when they are empty.
The book is in memory with the promises of the table's (one contract test runs against both), because 100,000 orders on
an emulated DynamoDB would measure the emulator.

The trouble: the worker dies at random steps, answers get lost after Amazon acted, Amazon fails before it acts, the
queue delivers twice and the second worker comes in between at a random step, both clocks differ by up to two minutes,
orders are cancelled, shipped late, replaced, refunded and returned at any time, delivery dates come days late, two
campaigns are on, settings change twice in between, and everything is paused for a day.

``eligible`` are the orders that Amazon and the campaigns allow at any time in their window: shipped in time, neither
cancelled nor replaced nor barred, not refunded or returned before the window closes, and whose buyer takes requests.
``outside_policy`` are requests that Amazon accepted outside the window by the dates it tells, or for an order that was
excluded by a fact known at that time. ``throttled`` are 429s, of which the sender should cause none.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from infra.simulator.clock import milliseconds
from infra.simulator.quotas import Quotas
from infra.simulator.solicitations import Mood, Solicitable, Solicitations
from quayside.amazon import quota
from quayside.amazon.errors import AmazonError, AmazonUnavailable, Throttled
from quayside.amazon.solicitations import Requested
from quayside.amazon.turns import SlotAhead
from quayside.kernel.clock import FixedClock, epoch_milliseconds
from quayside.reviews.rules import Campaign, Candidate, Product, window_of
from quayside.reviews.sending import Emptiness, Sender, Terms, WakeUp
from quayside.sync.rules import seconds_until
from tests.bench.catalogue import Result
from tests.bench.harness import Run
from tests.support.reviews import MemoryBook, SimulatedAmazon

ORDERS = 100_000
DAYS = 60
AFTERWARDS = 45
"""Days after the last order, so that every window has closed."""
SEED = 20261122
BEGINS = datetime(2026, 1, 20, tzinfo=UTC)
"""So that the clocks of both time zones change in between."""
PLACES = (("ATVPDKIKX0DER", "America/Los_Angeles"), ("A1PA6795UKMFR9", "Europe/Berlin"))
TICK = timedelta(minutes=15)
A_COMMAND = 25
DIES, LOST, FAILS, TWICE = 0.01, 0.005, 0.005, 0.01
CALL_SECONDS = 0.15


class Killed(BaseException):
    """The worker died."""


class Truth(msgspec.Struct):
    """One order as it really is; instants None when they never come."""

    number: int
    order: Candidate
    ships_at: datetime | None
    dates_known_at: datetime
    cancelled_at: datetime | None

    def at(self, now: datetime) -> Candidate:
        """Return what Quayside knows of it at an instant."""
        status = "SHIPPED" if self.ships_at is not None and self.ships_at <= now else "UNSHIPPED"
        if self.cancelled_at is not None and self.cancelled_at <= now:
            status = "CANCELLED"
        order = self.order
        dated = self.dates_known_at <= now
        return msgspec.structs.replace(
            order,
            status=status,
            deliver_after=order.deliver_after if dated else None,
            deliver_by=order.deliver_by if dated else None,
            refunded_at=order.refunded_at if order.refunded_at is not None and order.refunded_at <= now else None,
            returned_at=order.returned_at if order.returned_at is not None and order.returned_at <= now else None,
        )

    def solicitable(self, now: datetime) -> Solicitable:
        """Return what Amazon goes by."""
        order = self.at(now)
        assert self.order.deliver_after is not None
        assert self.order.deliver_by is not None
        return Solicitable(
            self.number,
            order.status == "SHIPPED",
            milliseconds(self.order.deliver_after),
            milliseconds(self.order.deliver_by),
        )


def measure(run: Run) -> Result:
    """Let the days pass and count what Amazon accepted."""
    season = Season(run.share(ORDERS))
    season.pass_by(run)
    return season.report()


class Season:
    """The orders, Amazon, the sender, and the time they have."""

    def __init__(self, orders: int) -> None:
        self.chance = Random(SEED)
        self.clock = FixedClock(BEGINS)
        outages = [BEGINS + timedelta(days=20, hours=9), BEGINS + timedelta(days=41, hours=15)]
        self.mood = Mood(outages=tuple((milliseconds(at), milliseconds(at + timedelta(hours=6))) for at in outages))
        self.amazon = Solicitations(SEED, {}, self.mood)
        self.truths = {truth.order.order_id: truth for truth in map(self._order, range(1, orders + 1))}
        self.book = MemoryBook(lambda order_id: self.truths[order_id].at(self.clock.now()))
        for truth in self.truths.values():
            order = truth.order
            # Planning looks orders through every six hours.
            planned_at = order.purchased_at + timedelta(minutes=self.chance.randrange(360))
            self.book.wake(WakeUp(order.order_id, order.marketplace_id, order.purchased_at, planned_at))
        self.door = Door(self)
        self.emptiness = Emptiness()
        self.terms = terms(7)
        self.seen: Counter[str] = Counter()

    def _order(self, number: int) -> Truth:
        roll = self.chance.random
        place, zone = PLACES[self.chance.random() < 0.4]
        bought = BEGINS + timedelta(seconds=self.chance.randrange(DAYS * 86_400))
        by_amazon = roll() < 0.7
        earliest = bought + timedelta(hours=30 if by_amazon else 72)
        latest = _end_of_day(bought + timedelta(days=5 if by_amazon else 8), zone)
        ship_by = bought + timedelta(hours=30 if by_amazon else 48)
        ships_at: datetime | None = bought + timedelta(hours=self.chance.uniform(3, 28))
        late, cancelled_at = roll() < 0.01, None
        if late:
            ships_at = ship_by + timedelta(hours=self.chance.uniform(2, 60))
        if roll() < 0.03:
            ships_at, cancelled_at = None, bought + timedelta(hours=self.chance.uniform(1, 20))
        refunded_at = latest + timedelta(days=self.chance.uniform(-2, 45)) if roll() < 0.04 else None
        returned_at = latest + timedelta(days=self.chance.uniform(0, 45)) if roll() < 0.03 else None
        return Truth(
            number=number,
            order=Candidate(
                order_id=f"{self.chance.randrange(100, 999)}-{number:07}-{self.chance.randrange(10**7):07}",
                marketplace_id=place,
                time_zone=zone,
                status="",
                fulfilled_by="AMAZON" if by_amazon else "MERCHANT",
                purchased_at=bought,
                deliver_after=earliest,
                deliver_by=latest,
                ship_by=ship_by,
                products=(Product(f"SKU-{self.chance.randrange(400)}"),),
                is_replacement=roll() < 0.01,
                refunded_at=refunded_at,
                returned_at=returned_at,
                is_barred=roll() < 0.002,
            ),
            ships_at=ships_at,
            dates_known_at=bought + (timedelta(days=self.chance.uniform(1, 9)) if roll() < 0.02 else timedelta(0)),
            cancelled_at=cancelled_at,
        )

    # -- Time ----------------------------------------------------------------------------------------------------------

    def pass_by(self, run: Run) -> None:
        """Let all days pass: every quarter of an hour the schedule asks, and the chain runs until nothing is due."""
        ends = BEGINS + timedelta(days=DAYS + AFTERWARDS)
        changes = [
            (BEGINS + timedelta(days=25), lambda: self._set(terms(9))),
            (BEGINS + timedelta(days=30), lambda: self._set(terms(9, is_paused=True))),
            (BEGINS + timedelta(days=31), lambda: self._set(terms(9))),
            (BEGINS + timedelta(days=45), lambda: self._set(terms(6))),
        ]
        tick, told = BEGINS, BEGINS
        while tick < ends:
            if self.clock.now() < tick:
                self.clock.advance((tick - self.clock.now()).total_seconds())
            while changes and changes[0][0] <= self.clock.now():
                changes.pop(0)[1]()
            self._run_chain()
            tick = max(tick + TICK, self.clock.now())
            following = self.book.next_wake()
            if following is not None and following > tick:
                tick += TICK * ((following - tick) // TICK)
            if tick - told > timedelta(days=15):
                told = tick
                run.say(f"Day {(tick - BEGINS).days}: {len(self.amazon.sent)} requests, {dict(self.seen)}.")

    def _set(self, by: Terms) -> None:
        """Change the settings, which wakes every order that may be decided otherwise now."""
        self.terms = by
        now = self.clock.now()
        for order_id, standing in self.book.standings.items():
            if not standing.is_final and standing.state != "sending":
                order = self.truths[order_id].order
                self.book.wake(WakeUp(order_id, order.marketplace_id, order.purchased_at, now))

    def _run_chain(self) -> None:
        for _ in range(100_000):
            due = self.book.due(self.clock.now(), A_COMMAND)
            if not due or self.emptiness.rests(self.clock.now()):
                return
            try:
                for wake in due:
                    if self.emptiness.rests(self.clock.now()):
                        return
                    self._look(wake)
            except SlotAhead as ahead:
                # The command goes back to the queue until its turn, in whole seconds.
                self.clock.advance(max(1, seconds_until(ahead.slot_at, epoch_milliseconds(self.clock.now()))))
            except Killed:
                self.seen["died"] += 1
                self.clock.advance(60)
            except AmazonError:
                self.seen["failed"] += 1
                self.clock.advance(5)

    def _look(self, wake: WakeUp) -> None:
        peril = Peril(self, wake) if self.chance.random() < DIES + TWICE else None
        self.sender(peril).look(wake)

    def sender(self, peril: "Peril | None" = None) -> Sender:
        """Return a worker's sender."""
        if peril is None:
            return Sender(self.book, self.door, self.terms, self.clock, self.emptiness)
        book, door = Perilous(self.book, peril), Perilous(self.door, peril)
        return Sender(book, door, self.terms, self.clock, self.emptiness)  # type: ignore[arg-type]

    # -- What came of it -----------------------------------------------------------------------------------------------

    def report(self) -> Result:
        """Compare what Amazon accepted with what it should have."""
        accepted: Counter[str] = Counter(order_id for order_id, _ in self.door.simulated.accepted)
        at = dict(self.door.simulated.accepted)
        eligible = [each for each in self.truths.values() if self._is_eligible(each)]
        once = sum(accepted[each.order.order_id] == 1 for each in eligible)
        in_time = sum(self._in_time(each, at.get(each.order.order_id)) for each in eligible)
        wrong = [order_id for order_id, moment in at.items() if self._breaks_policy(self.truths[order_id], moment)]
        calls = self.door.simulated.calls
        states = Counter(standing.state for standing in self.book.standings.values())
        return {
            "orders": len(self.truths),
            "eligible": len(eligible),
            "requested_once_share": round(once / len(eligible), 6),
            "twice": sum(count > 1 for count in accepted.values()),
            "outside_policy": len(wrong),
            "before_close_share": round(in_time / len(eligible), 6),
            "calls_per_request": round((calls["offers"] + calls["requests"]) / len(accepted), 4),
            "throttled": self.door.throttled,
            "accepted": len(accepted),
            "second_tries_refused": self.door.refused_again,
            "trouble": {**self.seen, **self.door.seen},
            "states": dict(states),
        }

    def _is_eligible(self, truth: Truth) -> bool:
        order = truth.order
        window = window_of(order.deliver_after, order.deliver_by, order.time_zone)
        if window is None or truth.ships_at is None or order.is_replacement or order.is_barred:
            return False
        if order.ship_by is not None and truth.ships_at > order.ship_by:
            return False
        facts = [at for at in (order.refunded_at, order.returned_at) if at is not None]
        return all(at > window.closes_at for at in facts) and self.amazon.is_open(truth.solicitable(window.closes_at))

    @staticmethod
    def _in_time(truth: Truth, at: datetime | None) -> bool:
        assert truth.order.deliver_by is not None
        return at is not None and at <= truth.order.deliver_by + timedelta(days=30)

    @staticmethod
    def _breaks_policy(truth: Truth, at: datetime) -> bool:
        order, known = truth.order, truth.at(at)
        assert order.deliver_after is not None
        assert order.deliver_by is not None
        inside = order.deliver_after + timedelta(days=5) <= at <= order.deliver_by + timedelta(days=30)
        excluded = known.is_replacement or known.is_barred or known.refunded_at or known.returned_at
        late = order.ship_by is not None and truth.ships_at is not None and truth.ships_at > order.ship_by
        return not inside or known.status != "SHIPPED" or bool(excluded) or late


def terms(delay_days: int, *, is_paused: bool = False) -> Terms:
    """Return two campaigns: one for Germany in the evening, one for everybody."""
    everybody = Campaign(
        campaign_id="a", name="Everybody", state="on", priority=10, delay_days=delay_days, send_hour=10
    )
    germany = Campaign(
        campaign_id="b",
        name="Germany",
        state="on",
        priority=1,
        delay_days=delay_days + 2,
        send_hour=18,
        marketplace_ids=(PLACES[1][0],),
    )
    return Terms((everybody, germany), is_paused)


def _end_of_day(at: datetime, zone: str) -> datetime:
    local = at.astimezone(ZoneInfo(zone))
    return local.replace(hour=23, minute=59, second=59, microsecond=0).astimezone(UTC)


class Door:
    """Amazon behind its quota and its moods; the product's arithmetic gives each call its turn."""

    def __init__(self, season: Season) -> None:
        self._season = season
        self._skew = timedelta(0)
        self._plan = quota.plan_of(quota.interval_of(Decimal(1)), 5)
        self._arrivals: dict[str, int | None] = {}
        self._carried: dict[str, int] = {}
        self._quotas = Quotas()
        self.simulated = SimulatedAmazon(season.amazon, self._solicitable, season.clock)
        self.throttled = 0
        self.refused_again = 0
        self.seen: Counter[str] = Counter()

    def _solicitable(self, order_id: str) -> Solicitable:
        return self._season.truths[order_id].solicitable(self._season.clock.now())

    def offers(self, wake: WakeUp) -> bool:
        """Ask which requests Amazon offers."""
        self._turn("getSolicitationActionsForOrder")
        self._fails_before()
        with _AmazonsTime(self._season):
            return self.simulated.offers(wake)

    def request(self, wake: WakeUp, before: "object") -> Requested:
        """Make a request, whose answer may get lost."""
        self._turn("createProductReviewAndSellerFeedbackSolicitation")
        before()  # type: ignore[operator]
        self._fails_before()
        with _AmazonsTime(self._season):
            became = self.simulated.request(wake, lambda: None)
        if became is Requested.NOT_AVAILABLE:
            self.refused_again += 1
        if self._season.chance.random() < LOST:
            self.seen["answers_lost"] += 1
            raise AmazonUnavailable("", operation="create")
        return became

    def _fails_before(self) -> None:
        if self._season.chance.random() < FAILS:
            self.seen["amazon_failed"] += 1
            raise AmazonUnavailable("", operation="any")

    def _turn(self, operation: str) -> None:
        """Take the turn for a call as the ledger does; one that lies ahead is carried back by the command."""
        now = epoch_milliseconds(self._season.clock.now())
        carried = self._carried.pop(operation, None)
        if carried is None or carried > now:
            slot = quota.next_at(self._arrivals.get(operation), now, self._plan) if carried is None else carried
            if carried is None:
                self._arrivals[operation] = quota.take(self._arrivals.get(operation), slot, self._plan)
            if slot > now:
                self._carried[operation] = slot
                raise SlotAhead(operation, slot)
        if not self._quotas.take(operation, "application", "seller", 1.0, 5, now):
            self.throttled += 1
            raise Throttled("", operation=operation)
        self._season.clock.advance(CALL_SECONDS)


class _AmazonsTime:
    """Amazon's clock differs from ours by up to two minutes either way."""

    def __init__(self, season: Season) -> None:
        self._clock = season.clock
        self._by = season.chance.uniform(-120, 120)

    def __enter__(self) -> None:
        self._clock.advance(self._by)

    def __exit__(self, *_: object) -> None:
        self._clock.advance(-self._by)


class Peril:
    """At a random step the worker dies, or a second one that was given the same order comes in between."""

    def __init__(self, season: Season, wake: WakeUp) -> None:
        self._season = season
        self._wake = wake
        self._left = season.chance.randint(1, 14)
        self._dies = season.chance.random() < DIES / (DIES + TWICE)

    def step(self) -> None:
        """Count a step, and strike at the chosen one."""
        self._left -= 1
        if self._left:
            return
        if self._dies:
            raise Killed
        self._season.seen["delivered_twice"] += 1
        self._season.sender().look(self._wake)


class Perilous:
    """A book or a door between whose steps a peril can strike."""

    def __init__(self, inner: object, peril: Peril) -> None:
        self._inner = inner
        self._peril = peril

    def __getattr__(self, name: str) -> object:
        function = getattr(self._inner, name)

        def call(*arguments: object) -> object:
            self._peril.step()
            result = function(*arguments)
            self._peril.step()
            return result

        return call
