"""Figures: what ninety days of a dashboard cost for a small and a hundredfold tenant, and whether they are exact.

Both tenants sell in three marketplaces for 200 days. Their orders go from state to state, and every tenth is paid by a
transaction days later; the roller gets the stream of that as Lambda may deliver it: batches cut anew, repeated, handed
over again from the middle, and cut off by the death of the function before or after any write. Then the rankings are
made and the dashboard of ninety days is asked for, in turns, by one function that is warm for both tenants: figures,
and what each of the seller's brands sold. Read units are DynamoDB's own, from its answers; the CPU time is that of the
use cases and of writing their answers as JSON, the median of all times they were asked, on the embedded AWS with the
roles of the functions.

The truth is added up by this file alone, from the last state of every order and transaction; a difference is a number
of a day, marketplace, product and currency that the store has otherwise, or a figure of the dashboard that is not the
sum of its days. Batches are those of a backlog, ten thousand records, which decides how often a sheet is written and
not what it adds up to. Everything is generated from a seed. A quick run has fewer orders and products in the large
tenant, for most of the time goes into rolling its stream.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tests.bench.capacity import ReadUnits
from tests.bench.catalogue import Result
from tests.bench.deployment import as_function, deploy
from tests.bench.embedded_aws import embedded_aws
from tests.bench.harness import Run, Stopwatch, handlers_log, in_turns, median_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quayside.analytics.sheet_rules import Change, Place, Sheet
    from quayside.analytics.sheet_store import Ahead
    from quayside.analytics.views import BrandSplits, Overview
    from quayside.kernel.clock import FixedClock
    from tests.support.sellers import ConnectedSeller

SMALL, LARGE = 10_000, 1_000_000
LARGE_QUICK = 50_000
PRODUCTS_SMALL, PRODUCTS_LARGE, PRODUCTS_QUICK = 12, 400, 16
DAYS = 200
BATCH = 10_000
TURNS, TURNS_QUICK = 100, 60
SEED = 20261122
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
STORES = (
    ("ATVPDKIKX0DER", "USD", "America/Los_Angeles"),
    ("A2EUQ1WTGCTBG2", "CAD", "America/Los_Angeles"),
    ("A1AM78C64UM0Y8", "MXN", "America/Mexico_City"),
)
TAGS_AT_ONCE = 100
TOP = 10
"""So many products a dashboard names."""
BRANDS = 7
"""Products are under so many brands in turn, and the next one under none."""
UNIT_COST_MINOR = 300
"""What a unit of every product costs, in dollars."""
DEATHS_A_BATCH = 2
KILLED_EVERY = 1600
"""About every so many writes the function dies; what it had of its batch is done again."""

type Truth = Counter[tuple[str, str, str | None, str, str, str]]
"""Numbers by kind of facts, marketplace, product, day, currency and name."""


type Images = tuple[dict[str, Any] | None, dict[str, Any]]
"""A fact before and after a change."""


class Killed(BaseException):
    """The function died: nothing it would have done afterwards is done."""


class State(NamedTuple):
    """One state of an order as the store holds it."""

    status: str
    quantity: int
    price_minor: int | None


class Tenant:
    """A tenant's year: yields the stream and adds the truth up meanwhile."""

    def __init__(self, name: str, orders: int, products: int, seller: "ConnectedSeller") -> None:
        self.name = name
        self.seller = seller
        self.orders, self.products = orders, products
        self.truth: Truth = Counter()
        self._random = random.Random(f"{SEED} {name}")
        self._sequence = 0
        self.skus = [f"SKU-{place:04}" for place in range(products)]
        self._weights = [1 / (1 + place) ** 0.7 for place in range(products)]
        self.brands = {
            sku: f"Brand {at}" for place, sku in enumerate(self.skus) if (at := place % (BRANDS + 1)) < BRANDS
        }

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the stream in batches of a backlog, oldest first."""
        held: list[dict[str, Any]] = []
        first = NOW - timedelta(days=DAYS)
        for day in range(DAYS):
            count = self.orders * (day + 1) // DAYS - self.orders * day // DAYS
            held += self._day(first + timedelta(days=day), count)
            while len(held) >= BATCH:
                yield held[:BATCH]
                held = held[BATCH:]
        if held:
            yield held

    def _day(self, begins: datetime, count: int) -> list[dict[str, Any]]:
        lives = [
            self._life(begins + timedelta(seconds=self._random.randrange(86_400)), place) for place in range(count)
        ]
        # The lives of a day's orders are shuffled into each other; each by itself keeps its order.
        turns = [place for place, life in enumerate(lives) for _ in life]
        self._random.shuffle(turns)
        waiting = [iter(life) for life in lives]
        return [self._record(*next(waiting[place])) for place in turns]

    def _life(self, purchased_at: datetime, number: int) -> list[Images]:
        """Return the changes of one order, and of the transaction that pays it, and count what they come to."""
        store = self._random.choices(STORES, (6, 2, 1))[0]
        (sku,) = self._random.choices(self.skus, self._weights)
        quantity, price = self._random.choice((1, 1, 1, 2, 3)), self._random.randrange(500, 9_000)
        order_id = f"9{number % 90 + 10}-{purchased_at:%y%m%d}0-{number:07}"
        last = State("SHIPPED", quantity, price * quantity)
        states = [last]
        if self._random.random() < 0.1:
            # Seen from the beginning; some are cancelled, some get fewer units than they were ordered with.
            states = [State("PENDING", quantity + 1, None), State("UNSHIPPED", quantity, None), last]
            if self._random.random() < 0.3:
                states.append(State("CANCELLED", quantity, price * quantity))
        images = [self._order(store, purchased_at, order_id, sku, state) for state in states]
        changes: list[Images] = list(zip([None, *images[:-1]], images, strict=True))
        self._count_order(store, purchased_at, sku, states[-1])
        if self._random.random() < 0.1 and states[-1].status == "SHIPPED":
            changes += self._payment(store, purchased_at, order_id, sku, price * quantity, quantity)
        return changes

    def _order(
        self, store: tuple[str, str, str], purchased_at: datetime, order_id: str, sku: str, state: State
    ) -> dict[str, Any]:
        from quayside.orders.records import text_of  # noqa: PLC0415 - the product, only when measured
        from quayside.orders.rules import LinePrice, OrderLine, local_day  # noqa: PLC0415 - as above
        from quayside.storage import keys  # noqa: PLC0415 - as above

        marketplace_id, currency, zone = store
        day = local_day(purchased_at, zone)
        key = keys.order(self.seller.tenant_id, self.seller.connection_id, marketplace_id, day, purchased_at, order_id)
        image: dict[str, Any] = {
            "pk": {"S": key.pk},
            "sk": {"S": key.sk},
            "status": {"S": state.status},
            "lines": {"S": text_of((OrderLine("1", sku, state.quantity),))},
        }
        if state.price_minor is not None:
            image["prices"] = {"S": text_of({"1": LinePrice(state.quantity, state.price_minor)})}
            image["currency"] = {"S": currency}
            image["document_at"] = {"N": "1"}
        return image

    def _payment(  # noqa: PLR0917 - what a payment is of
        self, store: tuple[str, str, str], purchased_at: datetime, order_id: str, sku: str, sales: int, quantity: int
    ) -> list[Images]:
        from quayside.finance.records import text_of  # noqa: PLC0415 - the product, only when measured
        from quayside.finance.rules import Part, TransactionFacts, TransactionItem  # noqa: PLC0415 - as above
        from quayside.storage import keys  # noqa: PLC0415 - as above

        marketplace_id, currency, zone = store
        posted_at = purchased_at + timedelta(days=self._random.randrange(1, 9))
        fee = -(sales * 15 // 100)
        parts = (Part("ProductCharges", sales), Part("AmazonFees", fee, (Part("Commission", fee),)))
        item = TransactionItem(sku, None, quantity, sales + fee, parts)
        key = keys.transaction(self.seller.tenant_id, self.seller.connection_id, posted_at, order_id)
        images = [
            {
                "pk": {"S": key.pk},
                "sk": {"S": key.sk},
                "facts": {
                    "S": text_of(
                        TransactionFacts("Shipment", status, None, marketplace_id, currency, sales + fee, items=(item,))
                    )
                },
            }
            for status in ("DEFERRED", "RELEASED")
        ]
        day = _day_of(posted_at, zone)
        for of in (None, sku):
            for name, value in (("product_sales", sales), ("referral_fee", fee), ("units_shipped", quantity)):
                if value:
                    self.truth["MONEY", marketplace_id, of, day, currency, name] += value
        return [(None, images[0]), (images[0], images[1])]

    def _count_order(self, store: tuple[str, str, str], purchased_at: datetime, sku: str, last: State) -> None:
        marketplace_id, currency, zone = store
        day = _day_of(purchased_at, zone)
        counted = (
            {"cancelled": 1}
            if last.status == "CANCELLED"
            else {"orders": 1, "units": last.quantity, "sales_minor": last.price_minor or 0, "priced": 1}
        )
        for of in (None, sku):
            for name, value in counted.items():
                self.truth["ORDERS", marketplace_id, of, day, currency, name] += value

    def _record(self, old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
        self._sequence += 1
        change: dict[str, Any] = {
            "Keys": {"pk": new["pk"], "sk": new["sk"]},
            "SequenceNumber": f"{self._sequence:021}",
            # As a history that is loaded comes: within hours, whenever its orders were placed.
            "ApproximateCreationDateTime": int(NOW.timestamp()) + self._sequence // 100,
            "NewImage": new,
        }
        if old is not None:
            change["OldImage"] = old
        return {
            "eventName": "MODIFY" if old else "INSERT",
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/Core/stream/2026-01-01T00:00:00.000",
            "dynamodb": change,
        }


def _day_of(at: datetime, zone: str) -> str:
    """Return the day of an instant in a time zone; each day is one text, however often it is counted."""
    return sys.intern(at.astimezone(ZoneInfo(zone)).date().isoformat())


class Deliveries:
    """Hands batches to the roller as Lambda may, and dies now and then in the middle of one."""

    def __init__(self, clock: "FixedClock", name: str, killed_every: int) -> None:
        self._clock = clock
        self._random = random.Random(f"{SEED} deliveries {name}")
        self._killed_every = killed_every
        # The first death comes early, so that even a short stream knows one.
        self._until_death = killed_every // 10
        self.deaths = self.repeats = self.writes = 0

    def take(self, batch: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]) -> None:
        """Deliver a batch until all of it is in, now and then after a part of the one before once more."""
        if before and self._random.random() < 0.5:
            self.repeats += 1
            self._until_done([*before[self._random.randrange(len(before)) :], *batch])
        else:
            self._until_done(batch)

    def _until_done(self, batch: Sequence[dict[str, Any]]) -> None:
        from quayside.analytics import sheet_store  # noqa: PLC0415 - the product, only when measured
        from quayside.analytics.rolling_service import roll  # noqa: PLC0415 - as above

        deaths = 0
        while True:
            # A function that dies earlier than it can finish, again and again, would never get through.
            advance = self._advance if deaths < DEATHS_A_BATCH else sheet_store.advance
            try:
                rolled = roll(batch, self._clock, advance=advance)
            except Killed:
                deaths += 1
                self.deaths += 1
                continue
            if rolled.unreadable:
                raise ValueError(f"The roller could not read {rolled.unreadable[0]}.")
            self.writes += rolled.writes
            if rolled.failed_sequence_number is None:
                return
            numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
            batch = batch[numbers.index(rolled.failed_sequence_number) :]

    def _advance(self, place: "Place", changes: "Sequence[Change]", now: datetime, ahead: "Ahead | None") -> int:
        from quayside.analytics import sheet_store  # noqa: PLC0415 - the product, only when measured

        self._until_death -= 1
        dies = self._until_death <= 0
        if dies:
            self._until_death = self._random.randrange(1, 2 * self._killed_every)
            if self._random.random() < 0.5:
                raise Killed
        writes = sheet_store.advance(place, changes, now, ahead)
        if dies:
            raise Killed
        return writes


def measure(run: Run) -> Result:
    """Roll two tenants' years, compare them with the truth, and ask for both dashboards in turns."""
    units = ReadUnits()
    with embedded_aws(run) as aws:
        functions = deploy(aws, ("MetricsRoller", "SellerApi", "SyncWorker"))
        with as_function(aws, functions["SyncWorker"]):
            tenants = [
                _tenant("small", SMALL, PRODUCTS_SMALL),
                _tenant(
                    "large",
                    LARGE_QUICK if run.quick else LARGE,
                    PRODUCTS_QUICK if run.quick else PRODUCTS_LARGE,
                ),
            ]
        differences = 0
        details: dict[str, object] = {}
        for tenant in tenants:
            with as_function(aws, functions["MetricsRoller"]), handlers_log(run):
                details[tenant.name] = _roll(run, tenant)
                differences += _differences(run, tenant)
        with (
            as_function(aws, functions["SellerApi"]),
            handlers_log(run),
            units.watching(),
            _store("STORES_CREDENTIALS"),
        ):
            small, large = sides = [_Side(run, tenant, units) for tenant in tenants]
            in_turns(small.turn, large.turn, TURNS_QUICK if run.quick else TURNS, lambda _done: None)
        differences += sum(side.differences for side in sides)
    return {
        "read_units_small": small.read_units,
        "read_units_large": large.read_units,
        "cpu_ratio": round(large.cpu_seconds / small.cpu_seconds, 3),
        "differences": differences,
        "orders": {tenant.name: tenant.orders for tenant in tenants},
        "products": {tenant.name: tenant.products for tenant in tenants},
        "marketplaces": len(STORES),
        "cpu_ms": {side.tenant.name: round(1000 * side.cpu_seconds, 2) for side in sides},
        "numbers_compared": {tenant.name: len(tenant.truth) for tenant in tenants},
        "roller": details,
    }


def _store(access_name: str) -> Any:
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - the product, only when measured
    from quayside.kernel.settings import load_settings  # noqa: PLC0415 - as above
    from quayside.storage import connection  # noqa: PLC0415 - as above

    access = getattr(connection, access_name)
    return connection.binding(connection.Store(load_settings(os.environ), access, clock=FixedClock(NOW)))


def _tenant(name: str, orders: int, products: int) -> Tenant:
    from quayside.catalog import brand_service  # noqa: PLC0415 - the product, only when measured
    from quayside.connections import store as connections  # noqa: PLC0415 - as above
    from quayside.connections.records import DatasetHealth  # noqa: PLC0415 - as above
    from quayside.finance import cost_service  # noqa: PLC0415 - as above
    from quayside.finance.service import FINANCES  # noqa: PLC0415 - as above
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - as above
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above
    from tests.support.sellers import connect  # noqa: PLC0415 - as above

    with _store("USES_CREDENTIALS"):
        seller = connect(
            FixedClock(NOW),
            subject=f"bench-{name}",
            seller=f"A{name.upper()}",
            marketplaces=[marketplace_id for marketplace_id, _, _ in STORES],
            subscriptions=[f"subscription-{name}"],
            complete_from="2024-01-01T00:00:00Z",
        )
        tenant = Tenant(name, orders, products, seller)
        with tenant_scope(seller.tenant_id):
            health = {"last_success_at": "2026-11-21T10:00:00Z", "complete_from": "2024-01-01T00:00:00Z"}
            health_of = [getattr(DatasetHealth, name).set(text) for name, text in health.items()]
            connections.change_health(seller.connection_id, FINANCES, health_of)
            tags = list(tenant.brands.items())
            for begin in range(0, len(tags), TAGS_AT_ONCE):
                brand_service.tag(tags[begin : begin + TAGS_AT_ONCE], member_id="bench", clock=FixedClock(NOW))
            cost_service.set_method("period")
            for sku in tenant.skus:
                cost_service.add_lot(
                    {"seller_sku": sku, "from_day": "2025-01-01", "unit_cost": "3.00", "currency": "USD"},
                    FixedClock(NOW),
                )
    return tenant


def _roll(run: Run, tenant: Tenant) -> dict[str, object]:
    from quayside.analytics.rolling_service import HEARTBEAT, roll  # noqa: PLC0415 - the product, only when measured
    from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - as above
    from quayside.storage import keys  # noqa: PLC0415 - as above

    clock = FixedClock(NOW)
    deliveries = Deliveries(clock, tenant.name, KILLED_EVERY)
    with _store("FACTS_ONLY"):
        before: list[dict[str, Any]] = []
        records = 0
        for batch in tenant.batches():
            deliveries.take(batch, before)
            before = batch
            records += len(batch)
            run.say(f"The {tenant.name} tenant: {records} changes, {deliveries.writes} writes of sheets.")
        place = {"S": keys.dataset_health_partition(tenant.seller.tenant_id, tenant.seller.connection_id)}
        read = {"Keys": {"pk": place, "sk": {"S": HEARTBEAT}}, "SequenceNumber": "1", "NewImage": {
            "last_success_at": {"S": "2026-11-21T10:00:00Z"},
        }}  # fmt: skip
        watch = Stopwatch()
        with watch.running():
            rolled = roll([{"dynamodb": read}], clock)
        if rolled.board_failures:
            raise rolled.board_failures[0]
    return {
        "changes": records, "writes": deliveries.writes, "deaths": deliveries.deaths, "repeats": deliveries.repeats,
        "rankings": rolled.boards, "rankings_cpu_seconds": round(watch.seconds, 2),
    }  # fmt: skip


type Spot = tuple[str, str, str | None]
type Cells = "Iterable[tuple[str, str, Mapping[str, int]]]"


class _Comparison:
    """Compares the numbers of the store with the truth, a place at a time, so that they are never all in memory."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._known = 0
        self.wrong: list[tuple[object, int, int]] = []

    def place(self, place: Spot, cells: Cells) -> None:
        """Compare everything that the store has of a place; a day may stand in the sheets of two months."""
        sums: Truth = Counter()
        for currency, day, amounts in cells:
            for name, value in amounts.items():
                sums[*place, day, currency, name] += value
        for key, value in sums.items():
            true = self._truth[key]
            self._known += bool(true)
            if value != true:
                self.wrong.append((key, value, true))

    @property
    def missing(self) -> int:
        """How many numbers the store does not have at all."""
        return sum(map(bool, self._truth.values())) - self._known


def _differences(run: Run, tenant: Tenant) -> int:
    """Compare every number of every sheet with the truth; return how many are not what they should be."""
    from quayside.analytics import figures_service, sheet_store  # noqa: PLC0415 - the product, only when measured
    from quayside.analytics.sheet_rules import KINDS, months_between  # noqa: PLC0415 - as above
    from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above

    first, last = date(2025, 10, 1), date(2026, 12, 31)
    months = months_between(first, last)
    compared = _Comparison(tenant.truth)
    with _store("FACTS_ONLY"), tenant_scope(tenant.seller.tenant_id):
        wholes: dict[Spot, list[tuple[str, str, Mapping[str, int]]]] = {}
        for row in figures_service.rows(tenant.seller.connection_id, first, last):
            cell = (row.currency, row.day.isoformat(), row.amounts)
            wholes.setdefault((row.kind, row.marketplace_id, None), []).append(cell)
        for place, cells in wholes.items():
            compared.place(place, cells)
        places = [(kind, marketplace_id) for kind in KINDS for marketplace_id, _, _ in STORES]
        for kind, marketplace_id in places:
            for product in sheet_store.products(tenant.seller.connection_id, marketplace_id, kind, months):
                compared.place((kind, marketplace_id, product.seller_sku), _cells(product.sheets))
    for key, value, true in compared.wrong[:5]:
        run.say(f"Difference: {key} is {value}, not {true}.")
    if compared.missing:
        run.say(f"Difference: {compared.missing} numbers are not there at all.")
    return len(compared.wrong) + compared.missing


def _cells(sheets: "Iterable[Sheet]") -> Iterator[tuple[str, str, Mapping[str, int]]]:
    for sheet in sheets:
        for currency, days in sheet.items():
            for day, amounts in days.items():
                yield currency, day, amounts


class _Side:
    """One tenant's dashboard, asked for again and again."""

    def __init__(self, run: Run, tenant: Tenant, units: ReadUnits) -> None:
        self.tenant = tenant
        self._seconds: list[float] = []
        # The session of the tenant and the connection stand in a function that is warm.
        self._ask()
        units.reset()
        view, split = self._ask()
        self.read_units = units.units
        self.differences = self._compare(run, view, split)

    def turn(self, _number: int) -> None:
        """Ask once more."""
        watch = Stopwatch()
        with watch.running():
            msgspec.json.encode(self._ask())
        self._seconds.append(watch.seconds)

    @property
    def cpu_seconds(self) -> float:
        """What asking once took."""
        return median_of(self._seconds)

    def _ask(self) -> "tuple[Overview, BrandSplits]":
        from quayside.analytics.brand_boards_service import split  # noqa: PLC0415 - the product, only when measured
        from quayside.analytics.service import overview  # noqa: PLC0415 - as above
        from quayside.kernel.clock import FixedClock  # noqa: PLC0415 - as above
        from quayside.kernel.tenancy import tenant_scope  # noqa: PLC0415 - as above

        with tenant_scope(self.tenant.seller.tenant_id):
            return overview(FixedClock(NOW), "90d"), split(FixedClock(NOW), "90d")

    def _compare(self, run: Run, view: "Overview", split: "BrandSplits") -> int:
        """Compare what the dashboard shows of orders, of the products that sold most and of brands with the truth."""
        truth, sold = self._true_sums(view.period.from_day, view.period.to_day)
        shown: dict[str, object] = {}
        expected: dict[str, object] = {}
        for part in view.currencies:
            for name, figure in (("orders", part.figures.orders), ("units", part.figures.units)):
                shown[f"{part.currency} {name}"] = figure.value
                expected[f"{part.currency} {name}"] = truth[part.currency, "", name]
            for place in part.marketplaces:
                of = f"{part.currency} sales in {place.country_code}"
                shown[of] = place.figures.sales.value
                expected[of] = truth[part.currency, place.marketplace_id, "sales_minor"]
            best = sorted((-minor, sku) for (currency, sku), minor in sold.items() if currency == part.currency)
            if part.currency == "USD":
                left = part.money and part.money.after_costs
                shown["cost of goods"] = left and left.goods.value
                expected["cost of goods"] = -UNIT_COST_MINOR * truth["USD", "", "units_shipped"]
            of = f"{part.currency} products"
            shown[of] = [(-each.sales_minor, each.seller_sku) for each in part.products.top] if part.products else None
            expected[of] = best[:TOP]
            of = f"{part.currency} brands"
            brands = next((each.brands for each in split.currencies if each.currency == part.currency), ())
            shown[of] = {each.brand: each.sales.value for each in brands if each.sales.value}
            expected[of] = self._by_brand(sold, part.currency)
        wrong = [of for of, value in shown.items() if value != expected[of]]
        for of in wrong[:5]:
            run.say(f"Difference: {self.tenant.name}: {of} is shown as {shown[of]}, not {expected[of]}.")
        return len(wrong)

    def _by_brand(self, sold: Counter[tuple[str, str]], currency: str) -> dict[str | None, int]:
        sums: Counter[str | None] = Counter()
        for (of, sku), minor in sold.items():
            if of == currency:
                sums[self.tenant.brands.get(sku)] += minor
        return {brand: minor for brand, minor in sums.items() if minor}

    def _true_sums(self, first: str, last: str) -> tuple[Counter[tuple[str, str, str]], Counter[tuple[str, str]]]:
        """Return sums by currency, marketplace (empty for all) and name, and the sales of each product by currency."""
        sums: Counter[tuple[str, str, str]] = Counter()
        sold: Counter[tuple[str, str]] = Counter()
        for (kind, marketplace_id, sku, day, currency, name), value in self.tenant.truth.items():
            if not first <= day <= last:
                continue
            if sku is None:
                sums[currency, "", name] += value
                sums[currency, marketplace_id, name] += value
            elif kind == "ORDERS" and name == "sales_minor":
                sold[currency, sku] += value
        return sums, sold
