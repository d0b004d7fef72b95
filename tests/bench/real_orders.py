"""Real orders: a year of real purchases from Amazon's side to what a seller sees, compared with the data set itself.

The simulator gets the baskets as a seller's history, all but the last week as the past and the last week as the future.
The seller connects; the worker exchanges the code, subscribes and loads the history from Amazon's reports; then the
clock runs through the last week and on until everything is delivered, and each change arrives as a notification, one
delivery in seven repeated and out of order. The worker fetches the money, the roller reads the table's stream, and the
API is asked what it shows. All of it is the product's own code on the embedded AWS, with IAM, on one manual clock. A
report may tell one line in two rows, so lines of one SKU are compared by their sum.

Left out on purpose: reconciling searches, so that nothing repairs what notifications lost, and every feature but Sales
(the owner switches them off), for which the data set has nothing to compare with. A full run writes 137,545 orders,
each a conditional write of its own, and takes many minutes; a quick run takes every eightieth household, not a tenth
of them, for no more fits into its 45 seconds.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.bench.catalogue import Result
from tests.bench.comparison import amount_differences, compare
from tests.bench.deployment import Function, deploy
from tests.bench.embedded_aws import EmbeddedAws, embedded_aws
from tests.bench.harness import Run, environment, handlers_log
from tests.bench.purchases import CURRENCY, MARKETPLACE, Basket, Day, Line, days_of, moved, read_baskets
from tests.bench.shop import FUNCTIONS, SUBJECT, addresses, connect, operator, sign_up

if TYPE_CHECKING:
    from infra.simulator.world import Seller
    from tests.bench.product import Api

QUICK_HOUSEHOLDS = 80
SEED = 20261122

LIVE = timedelta(days=7)
SETTLING = timedelta(days=9)
"""After the last order, until everything is delivered: up to two days until it ships, five on the way."""
STEP = timedelta(minutes=10)
LARGE_SELLER = {"searchOrders": 30.0, "getOrder": 4.0}
"""Amazon raises a large seller's rates; these are those of the simulator's large shop."""
PERIOD_DAYS = 90
TOLD_COMMANDS = 25
PAGE = 100


def measure(run: Run) -> Result:
    """Bring the data set through, and compare what is stored and what is shown with it."""
    baskets = read_baskets(every_household=QUICK_HOUSEHOLDS if run.quick else 1)
    run.say(f"{len(baskets)} baskets with {sum(len(each.lines) for each in baskets.values())} lines are read.")
    # That fix forgets stream records which no trigger waits for; here the stream is read by hand, some pages behind.
    with embedded_aws(run, without=["stream_records"]) as aws, handlers_log(run), environment(operator(aws)):
        return _Bringing(run, aws, baskets).result()


class _Bringing:
    """One run through: the simulator, the product, and what came of it."""

    def __init__(self, run: Run, aws: EmbeddedAws, baskets: Mapping[str, Basket]) -> None:
        from infra.simulator.clock import SimulatorClock  # noqa: PLC0415 - the simulator, only when measured
        from infra.simulator.server import Simulator  # noqa: PLC0415 - as above
        from tests.bench.product import DelaysOnTheClock, Product  # noqa: PLC0415 - the product, only when measured

        self.run = run
        last = max(each.at for each in baskets.values())
        # The present of this run lies a week before the last order and not before the machine's own present, by which
        # the tables delete what has expired.
        present = datetime.now(UTC) + timedelta(hours=1)
        shift = -((last - LIVE - present) // timedelta(weeks=1)) * timedelta(weeks=1)
        self.baskets = moved(baskets, shift)
        self.shift = shift
        self.clock = SimulatorClock.manual(last + shift - LIVE)
        self.ends = last + shift
        delays = DelaysOnTheClock(self.clock)
        self.simulator = Simulator(clock=self.clock, seed=SEED, deliver=self._deliver)
        self.seller = self._import(last)
        with self.simulator, delays.active():
            self.functions = deploy(aws, FUNCTIONS, addresses(self.simulator.url))
            self.product = Product(aws, self.functions, self.clock, delays, _runs)
            run.say("The real template's data half is deployed; the simulator answers.")
            self.tenant_id = sign_up(self.product.api_store, self.functions, self.simulator)
            connect(self._api(), self.simulator, self.seller)
            self._only_sales()
            self._history()
            self._live()
            self._compare(aws)

    # -- Doing it -----------------------------------------------------------------------------------------------------

    def _deliver(self, arn: str, body: str) -> None:
        if '"FBA_INVENTORY_AVAILABILITY_CHANGES"' not in body:
            self.product.deliver(arn, body)

    def _import(self, last: datetime) -> "Seller":
        from infra.simulator.clock import milliseconds  # noqa: PLC0415 - the simulator, only when measured
        from infra.simulator.importing import CompleteJourney, import_orders  # noqa: PLC0415 - as above

        world = self.simulator.world
        seller = world.open_empty_account("na", [MARKETPLACE], name="Complete Journey", seed=SEED)
        world.change_seller(seller, rate_multipliers=LARGE_SELLER)
        journey = CompleteJourney("even")
        chosen = (each for each in journey.orders() if each.name in self.baskets)
        report = import_orders(
            world,
            seller,
            chosen,
            marketplace_id=MARKETPLACE,
            last_ms=milliseconds(last),
            ends_at_ms=milliseconds(last + self.shift),
        )
        self.run.say(f"Amazon's side holds {report.orders} orders, {report.replay_orders} of them still to come.")
        return seller

    def _api(self, at: datetime | None = None) -> "Api":
        from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - the product, only when measured

        return self.product.api(SUBJECT, self.tenant_id, FixedClock(at) if at else None)

    def _only_sales(self) -> None:
        """Switch the other features of the connection off, as its owner does: their data is not compared."""
        from quayside.sync.registry import FEATURES  # noqa: PLC0415 - the product, only when measured

        connection_id = self._api().get("/connections")["connections"][0]["connection_id"]
        for each in FEATURES:
            if each.key != "sales":
                self._api().put(f"/connections/{connection_id}/features/{each.key}", {"on": False})

    def _history(self) -> None:
        """Run the clock until the whole history is fetched; orders that are placed meanwhile arrive as they would."""
        began, told = self.clock.now(), 0
        while not self._history_is_done():
            due = self.product.next_due_ms()
            if due is None:
                # A turn too far ahead for the queue waits on the list of due work.
                self._advance(timedelta(minutes=5))
                self.product.tick()
                continue
            self._advance(min(timedelta(milliseconds=max(0, due - self.clock.now_ms())), STEP))
            rows = self.product.metrics["worker"].counts.get("CommandDone", 0)
            if rows >= told + TOLD_COMMANDS:
                told = rows
                self.product.roll()
                self.run.say(f"{rows} commands are done; simulated: {self.clock.now() - began}.")
        self.product.roll()
        self.run.say(f"The history is fetched in {self.clock.now() - began} of simulated time.")

    def _history_is_done(self) -> bool:
        connection = self._api().get("/connections")["connections"][0]
        steps = {each["key"]: each for each in connection["steps"]}
        failed = [each for each in steps.values() if each["state"] == "failed"]
        if failed:
            raise RuntimeError(f"The connection failed: {failed}")
        done: bool = steps["history"]["state"] == "done"
        return done

    def _live(self) -> None:
        told = self.clock.now()
        while self.clock.now() < self.ends + SETTLING or self.product.next_due_ms() is not None:
            self._advance(STEP)
            if self.clock.now() - told >= timedelta(days=1):
                told = self.clock.now()
                self.product.roll()
                deliveries = sum(self.simulator.notifications.counts.values())
                self.run.say(f"It is {told:%A, %d %B}; {deliveries} deliveries so far.")
        self.product.roll()

    def _advance(self, by: timedelta) -> None:
        self.simulator.advance(by.total_seconds())
        self.product.take_in()
        self.product.work()

    # -- Comparing ----------------------------------------------------------------------------------------------------

    def _compare(self, aws: EmbeddedAws) -> None:
        names = {
            order["order_id"]: order["imported_as"]
            for chunk in self.simulator.control.truth_orders(self.seller.selling_partner_id)
            for order in map(json.loads, chunk.splitlines())
        }
        self.names = names
        self.amazon_orders = len(names)
        self.run.say(f"Amazon's side: {len(names)} orders. Reading the store.")
        stored = compare(
            {name: _gathered(basket) for name, basket in self.baskets.items()},
            _stored_orders(aws, self.functions["NotificationIntake"], names),
        )
        self.stored = stored
        self.run.say("Reading the list of orders through the API.")
        self.shown = compare(
            {name: _outline(basket) for name, basket in self.baskets.items()},
            _shown_orders(self._api(), names, min(each.at for each in self.baskets.values()), self.clock.now()),
        )
        self.run.say("Reading a year of figures through the API.")
        self.days = self._shown_days()
        for example in (*stored.examples, *self.shown.examples):
            self.run.say(f"Difference: {example}")

    def _shown_days(self) -> dict[date, Day]:
        """Ask for ninety days at a time, going back until the first order."""
        days: dict[date, Day] = {}
        at = self.clock.now()
        first = min(each.at for each in self.baskets.values()) - timedelta(days=1)
        while at > first - timedelta(days=PERIOD_DAYS):
            overview = self._api(at).get("/analytics/overview", period="90d", marketplace_id=MARKETPLACE)
            for currency in overview["currencies"]:
                if currency["currency"] != CURRENCY:
                    raise RuntimeError(f"Sales in {currency['currency']}, which nobody paid in.")
                for each in currency["days"]:
                    day = Day(each["orders"], each["units"], each["sales_minor"])
                    days[date.fromisoformat(each["date"])] = day
            at -= timedelta(days=PERIOD_DAYS)
        return {day: found for day, found in days.items() if found != Day(0, 0, 0)}

    def result(self) -> Result:
        """Put the figures together."""
        truth = days_of(self.baskets)
        worker = self.product.metrics["worker"].counts
        intake = self.product.metrics["intake"].counts
        notified = self.simulator.notifications
        calls: dict[str, Any] = self.simulator.quotas.report()
        return {
            "orders": len(self.baskets),
            "lines": sum(len(each.lines) for each in self.baskets.values()),
            "missing": max(self.stored.lost, self.shown.lost),
            "doubled": max(self.stored.doubled, self.shown.doubled),
            "unit_differences": self._day_differences(truth, "units"),
            "sales_differences_minor": self._day_differences(truth, "sales_minor"),
            "order_differences": self._day_differences(truth, "orders"),
            "wrong": max(self.stored.wrong + self.stored.extra, self.shown.wrong + self.shown.extra),
            "amazon": {"orders": self.amazon_orders, "missing": len(set(self.baskets) - set(self.names.values()))},
            "days": len(truth),
            "deliveries": dict(sorted(notified.counts.items())),
            "intake": dict(sorted(intake.items())),
            "worker": dict(sorted(worker.items())),
            "not_run": dict(sorted(self.product.dropped.items())),
            "throttled": sum(int(each["throttled"]) for each in calls.values()),
            "calls": {name: each["calls"] for name, each in calls.items()},
            "quick_households": QUICK_HOUSEHOLDS if self.run.quick else 1,
        }

    def _day_differences(self, truth: Mapping[date, Day], name: str) -> int:
        return amount_differences(
            {day: getattr(each, name) for day, each in truth.items()},
            {day: getattr(each, name) for day, each in self.days.items()},
        )


def _runs(command: Mapping[str, Any]) -> bool:
    """Leave stock and reconciling searches out; see the top of this file."""
    left_out: bool = command["kind"] == "inventory.list" or command["arguments"].get("mode") == "reconcile"
    return not left_out


def _stored_orders(aws: EmbeddedAws, intake: Function, names: Mapping[str, str]) -> Iterator[tuple[str, Basket]]:
    """Read every order item of the table back as a basket: when, what, how many, for how much."""
    from quayside.orders.records import lines_from, place_of, prices_from  # noqa: PLC0415 - only when measured
    from tests.bench.intake import scan  # noqa: PLC0415 - as above

    for item in scan(aws.operator.client("dynamodb", endpoint_url=aws.endpoint), intake.environment["CORE_TABLE"]):
        if not item["sk"]["S"].startswith("ORDER#"):
            continue
        place = place_of(item["pk"]["S"], item["sk"]["S"])
        prices = prices_from(item["prices"]["S"]) if "prices" in item else {}
        lines = tuple(
            sorted(
                Line(
                    line.seller_sku,
                    line.quantity_ordered,
                    prices[line.order_item_id].item_minor if line.order_item_id in prices else -1,
                )
                for line in lines_from(item["lines"]["S"])
            )
        )
        yield names.get(place.order_id, place.order_id), _gathered(Basket(place.purchased_at, lines))


def _gathered(basket: Basket) -> Basket:
    """Add up the lines of one SKU."""
    units: Counter[str] = Counter()
    sales: Counter[str] = Counter()
    for line in basket.lines:
        units[line.seller_sku] += line.quantity
        sales[line.seller_sku] += line.sales_minor
    return Basket(basket.at, tuple(Line(sku, units[sku], sales[sku]) for sku in sorted(units)))


def _outline(basket: Basket) -> tuple[int, int]:
    """Return what the list of orders shows of a basket: units and money."""
    return sum(line.quantity for line in basket.lines), sum(line.sales_minor for line in basket.lines)


def _shown_orders(
    api: "Api", names: Mapping[str, str], first: datetime, last: datetime
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Page through the whole list of orders as the web app does."""
    query = {
        "from": f"{first - timedelta(days=1):%Y-%m-%d}",
        "to": f"{last + timedelta(days=1):%Y-%m-%d}",
        "limit": str(PAGE),
    }
    shown: Counter[str] = Counter()
    while True:
        page = api.get("/orders", **query)
        for order in page["orders"]:
            shown[order["order_id"]] += 1
            total = order["total"]["amount_minor"] if order["total"] else -1
            yield names.get(order["order_id"], order["order_id"]), (order["units"], total)
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]
