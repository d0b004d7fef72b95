"""The roller on an in-process AWS: daily figures follow the stream of orders exactly once, however it is delivered."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from metrics_roller.app import build
from metrics_roller.container import Container
from quayside.analytics import figures_service, rules, sheet_store
from quayside.analytics.rolling_service import order_counted
from quayside.analytics.rules import Tally
from quayside.analytics.sheet_rules import Amounts, Change, Place, Sheet, months_between, sheet_of
from quayside.finance.records import text_of
from quayside.finance.rules import Part, TransactionFacts
from quayside.kernel.clock import parse_instant
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.orders import store as order_store
from quayside.storage import keys
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US, stream_record
from tests.support.orders import item, order_document
from tests.support.sellers import connect

FIRST, LAST = date(2026, 10, 1), date(2026, 11, 30)


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


class World:
    """A roller, one connected seller, and the stream that its orders leave behind."""

    def __init__(self, present: Aws) -> None:
        self.aws = present
        self.seller = connect(present.clock)
        self.metrics = CountedMetrics()
        self.container = Container(present.settings, clock=present.clock, store=present.store, metrics=self.metrics)
        self.handler = build(lambda: self.container)
        self.stream: list[dict[str, Any]] = []
        self.images: dict[str, dict[str, Any]] = {}

    def change(self, order_id: str, **parts: Any) -> None:
        """Store a state of an order and write down what the stream would tell of it."""
        with tenant_scope(self.seller.tenant_id):
            facts = orders.facts_of_document(order_document(order_id, **parts))
            assert facts is not None
            order_store.upsert(self.seller.connection_id, facts, self.aws.clock.now())
        (image,) = (
            each for each in self.aws.items() if each["kind"]["S"] == "order" and each["sk"]["S"].endswith(order_id)
        )
        self.write_down(order_id, image)

    def write_down(self, order_id: str, image: dict[str, Any] | None, **more: Any) -> None:
        self.stream.append(stream_record(len(self.stream) + 1, self.images.get(order_id), image, **more))
        if image is None:
            del self.images[order_id]
        else:
            self.images[order_id] = image

    def deliver(self, first: int = 0, end: int | None = None) -> list[str]:
        answer = self.handler({"Records": self.stream[first:end]}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def marketplace_figures(self) -> dict[tuple[date, str], Tally]:
        with tenant_scope(self.seller.tenant_id):
            rows = figures_service.rows(self.seller.connection_id, FIRST, LAST)
        return {
            (row.day, row.currency): rules.tally_of(row.amounts)
            for row in rows
            if (row.kind, row.marketplace_id) == ("ORDERS", US)
        }

    def figures(self) -> dict[tuple[date, str], Tally]:
        """Return the figures of the marketplace, which its products' add up to, for each order has lines of one SKU."""
        products: dict[tuple[date, str], Tally] = {}
        with tenant_scope(self.seller.tenant_id):
            months = months_between(FIRST, LAST)
            for product in sheet_store.products(self.seller.connection_id, US, "ORDERS", months):
                for place, amounts in cells(*product.sheets):
                    products[place] = products.get(place, rules.NOTHING) + rules.tally_of(amounts)
        whole = self.marketplace_figures()
        assert products == whole
        return whole

    def truth(self) -> dict[tuple[date, str], Tally]:
        """Add up all orders anew, the slow way."""
        sheets = sheet_of(order_counted(image)[1] for image in self.images.values())
        whole = (sheet for place, sheet in sheets.items() if place.seller_sku is None)
        return {place: rules.tally_of(amounts) for place, amounts in cells(*whole)}


def cells(*sheets: Sheet) -> Iterator[tuple[tuple[date, str], Amounts]]:
    for sheet in sheets:
        for currency, days in sheet.items():
            for day, amounts in days.items():
                yield (date.fromisoformat(day), currency), amounts


@pytest.fixture
def world(shared: Aws) -> World:
    return World(emptied(shared))


def test_an_order_counts_from_pending_to_its_price_to_its_cancellation(world: World) -> None:
    day = (date(2026, 11, 20), "USD")
    steps = [
        ({"status": "PENDING", "items": [item(quantity=2, price=None)]}, Tally(orders=1, units=2, pending=1)),
        (
            {"status": "UNSHIPPED", "items": [item(quantity=2, price=None)]},
            Tally(orders=1, units=2, waiting_for_price=1),
        ),
        (
            {"status": "SHIPPED", "items": [item(quantity=2, price="39.98")]},
            Tally(orders=1, units=2, sales_minor=3998, priced=1),
        ),
        ({"status": "CANCELLED", "items": [item(quantity=2, price="39.98")]}, Tally(cancelled=1)),
    ]
    for minute, (parts, expected) in enumerate(steps):
        world.change("903-0000000-0000001", updated=f"2026-11-20T18:0{minute}:00Z", **parts)
        assert world.deliver(minute) == []
        assert world.figures() == {day: expected}


def test_a_batch_costs_one_write_a_sheet(world: World) -> None:
    for place in range(6):
        at = ("2026-11-20T18:00:00Z", "2026-10-18T18:00:00Z")[place % 2]
        world.change(f"903-0000000-{place:07}", purchased=at)
    world.deliver()
    # Of two months, each for the marketplace and for the one product.
    assert world.metrics.counts == {"FiguresWritten": 4}
    assert world.figures() == world.truth()


def test_a_price_in_another_currency_moves_the_order_to_that_currency(world: World) -> None:
    world.change("903-0000000-0000001", items=[item(price=None)])
    world.change("903-0000000-0000001", updated="2026-11-20T19:00:00Z", items=[item(price="10.00", currency="EUR")])
    world.deliver()
    assert world.figures() == {(date(2026, 11, 20), "EUR"): Tally(1, 1, 1000, 1)}


def test_neither_what_expires_nor_what_is_erased_writes_a_figure(world: World) -> None:
    world.change("903-0000000-0000001")
    world.change("903-0000000-0000002")
    world.write_down("903-0000000-0000001", None, expired=True)
    world.write_down("903-0000000-0000002", None)
    world.deliver()
    assert world.figures() == {(date(2026, 11, 20), "USD"): Tally(2, 2, 3998, 2)}


def test_figures_expire_with_amazons_data(world: World) -> None:
    world.change("903-0000000-0000001")
    world.deliver()
    figure, _ = (each for each in world.aws.items() if each["kind"]["S"] == "figure_sheet")
    received = int(world.aws.clock.now().timestamp())
    assert int(figure["expires_at"]["N"]) == received + 548 * 86_400
    # Whatever changes later: what it was first made of was received then.
    world.aws.clock.advance(86_400)
    world.change("903-0000000-0000002")
    world.deliver()
    figure, _ = (each for each in world.aws.items() if each["kind"]["S"] == "figure_sheet")
    assert int(figure["expires_at"]["N"]) == received + 548 * 86_400
    assert figure["source"]["S"] == "quayside:metrics_roller"


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"dynamodb": {"SequenceNumber": "1"}},
        stream_record(1, None, {"pk": {"S": "x"}, "sk": {"S": "y"}}),
        stream_record(1, None, {"pk": {"S": f"T#{'0' * 26}#ORDERS#c#{US}#2026-11"}, "sk": {"S": "ORDER#x#y"}}),
    ],
)
def test_a_record_that_is_no_order_is_counted_and_passed_over(world: World, record: dict[str, Any]) -> None:
    world.change("903-0000000-0000001")
    world.stream.insert(0, record)
    assert world.deliver() == []
    assert world.metrics.counts == {"StreamRecordsUnreadable": 1, "FiguresWritten": 2}


def transaction(world: World, posted: str) -> dict[str, Any]:
    key = keys.transaction(world.seller.tenant_id, world.seller.connection_id, parse_instant(posted), "t-1")
    facts = TransactionFacts("ServiceFee", "RELEASED", None, US, "USD", -5, parts=(Part("FBAStorageFee", -5),))
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}, "facts": {"S": text_of(facts)}}


def money(world: World) -> dict[str, int]:
    with tenant_scope(world.seller.tenant_id):
        rows = list(sheet_store.sheets(world.seller.connection_id, "2026-10", "2026-11"))
    return {day: amounts["storage_fee"] for row in rows for days in row.sheet.values() for day, amounts in days.items()}


def test_a_transaction_that_amazon_moves_to_another_month_moves_its_money(world: World) -> None:
    before, after = transaction(world, "2026-10-20T12:00:00Z"), transaction(world, "2026-11-03T12:00:00Z")
    world.stream.append(stream_record(1, None, before))
    world.deliver()
    assert money(world) == {"2026-10-20": -5}
    world.stream += [stream_record(2, before, None), stream_record(3, None, after)]
    world.deliver()
    world.deliver(1)
    assert money(world) == {"2026-11-03": -5}


def test_what_an_erasure_removes_makes_no_sheet_anew(world: World) -> None:
    world.stream.append(stream_record(1, transaction(world, "2026-10-20T12:00:00Z"), None))
    world.deliver()
    assert [item for item in world.aws.items() if item["kind"]["S"] == "figure_sheet"] == []


class Deliveries(RuleBasedStateMachine):
    """Changes orders and delivers their stream as Lambda may: in batches of any size, repeated and cut anew."""

    present: Aws

    @initialize()
    def begin(self) -> None:
        self.world = World(emptied(self.present))
        self.delivered = 0
        self.minute = 0

    @rule(
        number=st.integers(1, 4),
        day=st.integers(18, 20),
        status=st.sampled_from(["PENDING", "UNSHIPPED", "SHIPPED", "CANCELLED"]),
        quantity=st.integers(0, 3),
        price=st.sampled_from([None, "0.00", "12.34"]),
    )
    def change(self, number: int, day: int, status: str, quantity: int, price: str | None) -> None:
        self.minute += 1
        purchased = f"2026-11-{day:02}T{number:02}:00:00Z"
        self.world.change(
            f"903-{day:07}-{number:07}",
            purchased=purchased,
            updated=f"2026-11-21T{self.minute // 60:02}:{self.minute % 60:02}:00Z",
            status=status,
            items=[item(quantity=quantity, price=price)],
        )

    @rule(size=st.integers(1, 10))
    def deliver_next(self, size: int) -> None:
        end = min(self.delivered + size, len(self.world.stream))
        if end > self.delivered:
            assert self.world.deliver(self.delivered, end) == []
            self.delivered = end

    @rule(back=st.integers(1, 10), size=st.integers(1, 10))
    def deliver_again_cut_anew(self, back: int, size: int) -> None:
        first = max(0, self.delivered - back)
        end = min(first + size, len(self.world.stream))
        if end > first:
            assert self.world.deliver(first, end) == []
            self.delivered = max(self.delivered, end)

    @invariant()
    def figures_equal_the_orders_once_all_was_delivered(self) -> None:
        if hasattr(self, "world") and self.delivered == len(self.world.stream):
            assert self.world.figures() == self.world.truth()

    def teardown(self) -> None:
        if hasattr(self, "world") and self.world.stream:
            self.world.deliver(self.delivered)
            assert self.world.figures() == self.world.truth()


def test_figures_are_exact_however_the_stream_is_delivered(shared: Aws) -> None:
    Deliveries.present = shared
    run_state_machine_as_test(Deliveries, settings=settings(max_examples=10, stateful_step_count=15))


def test_what_was_read_ahead_is_never_written_over_what_came_since(shared: Aws) -> None:
    world = World(emptied(shared))
    place = Place("ORDERS", world.seller.connection_id, US, "2026-11", "SKU-1")
    first, second = (Change("2026-11-20", str(n), 0, {("2026-11-20", "USD"): {"units": n}}) for n in (1, 2))
    with tenant_scope(world.seller.tenant_id):
        ahead = sheet_store.read_ahead([place])
        assert ahead == {place: None}
        assert sheet_store.advance(place, [first], world.aws.clock.now()) == 1
        # Another roller came first: the sheet is read once more, and the write that fails counts.
        assert sheet_store.advance(place, [first, second], world.aws.clock.now(), ahead) == 2
        assert sheet_store.advance(place, [second], world.aws.clock.now(), sheet_store.read_ahead([place])) == 0
        (sheet,) = sheet_store.of_product(world.seller.connection_id, US, "ORDERS", "SKU-1", ["2026-11"])
    assert sheet == {"USD": {"2026-11-20": {"units": 3}}}
