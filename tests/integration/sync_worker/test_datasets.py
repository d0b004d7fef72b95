"""What each command of a dataset does, with Amazon as a script: pages, windows, repeats, dead tokens, empty lists."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest

from quayside.amazon.errors import RequestRejected
from quayside.amazon.fees import FeeEstimate, FeeRequest
from quayside.amazon.finances import Transaction, TransactionsPage, UnreadableTransaction
from quayside.amazon.inbound import (
    InboundItem,
    InboundItemsPage,
    InboundPlan,
    InboundPlansPage,
    InboundShipment,
    InboundShipmentsPage,
    PlanShipment,
)
from quayside.amazon.inventory import InventoryPage, InventorySummary
from quayside.amazon.listings import Listing, ListingSummary
from quayside.amazon.orders import Order, OrdersPage, SalesChannel
from quayside.connections import service as connections
from quayside.connections import store as connections_store
from quayside.connections.records import DatasetHealth
from quayside.kernel.clock import epoch_seconds, format_instant, parse_instant
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from quayside.sync import datasets, store
from quayside.sync.commands import SyncCommand, decode_command
from quayside.sync.rules import SAFE_BEFORE
from quayside.sync.service import Desk, Notes, UseCase, Work
from quayside.sync.sinks import Applied, PricedSku, Rejected
from tests.support.amazon import entropy_of
from tests.support.aws import START, Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import DE, US
from tests.support.sellers import ConnectedSeller, connect


class Amazon:
    """Answers calls from a script: for each name what to return, in turn; a function is asked with the arguments."""

    def __init__(self, **answers: Sequence[Any] | Callable[..., Any]) -> None:
        self._answers = {name: answer if callable(answer) else iter(answer) for name, answer in answers.items()}
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, arguments[1:], named))
            script = self._answers[name]
            answer = script(*arguments[1:], **named) if callable(script) else next(script)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Sink:
    """Counts what it is given, and rejects what it is told to."""

    def __init__(self, rejects: str = "") -> None:
        self.given: list[Any] = []
        self.rejects = rejects

    def __call__(self, *arguments: Any, **named: Any) -> Applied:
        parts = [each for each in (*arguments, *named.values()) if isinstance(each, list | tuple)]
        self.given += [each for part in parts for each in part]
        rejected = (Rejected(self.rejects, "It is odd."),) if self.rejects else ()
        return Applied(sum(len(part) for part in parts) - len(rejected), 0, rejected)


class Bench:
    """Runs commands of one connected account and takes what follows from the queue."""

    def __init__(self, present: Aws, seller: ConnectedSeller) -> None:
        self.aws = present
        self.seller = seller
        self.desk = Desk(present.clock, entropy_of(4))
        self.notes = Notes()

    def command(self, kind: Any, cause: Any = "schedule", **arguments: str) -> SyncCommand:
        return self.desk.command(kind, self.seller.tenant_id, self.seller.connection_id, arguments, cause)

    def run(self, use_case: UseCase, command: SyncCommand, amazon: Amazon) -> list[SyncCommand]:
        """Run a command; return what it sent."""
        self.notes = Notes()
        with tenant_scope(self.seller.tenant_id):
            use_case(
                Work(
                    command=command,
                    amazon=cast("Any", amazon),
                    tokens=cast("Any", None),
                    downloads=cast("Any", None),
                    desk=self.desk,
                    clock=self.aws.clock,
                    entropy=entropy_of(5),
                    connection=connections.live(self.seller.connection_id),
                    notes=self.notes,
                    time_is_short=lambda: False,
                )
            )
        return self.sent()

    def run_through(self, use_case: UseCase, command: SyncCommand, amazon: Amazon, *, kinds: int = 60) -> None:
        """Run a command and everything that follows from it."""
        waiting = [command]
        for _ in range(kinds):
            if not waiting:
                return
            waiting += self.run(use_case, waiting.pop(0), amazon)
        raise AssertionError(f"there is always more: {waiting}")

    def sent(self) -> list[SyncCommand]:
        return [decode_command(json.dumps(message["body"])) for message in self.aws.messages()]

    def health(self, dataset: str) -> DatasetHealth:
        with tenant_scope(self.seller.tenant_id):
            return connections.health_of(self.seller.connection_id)[dataset]

    def is_set(self, dataset: str, name: str) -> bool:
        return getattr(self.health(dataset), name) is not None

    def set_health(self, dataset: str, **values: Any) -> None:
        with tenant_scope(self.seller.tenant_id):
            actions = [getattr(DatasetHealth, name).set(value) for name, value in values.items()]
            connections_store.change_health(self.seller.connection_id, dataset, actions)

    def quarantined(self) -> list[str]:
        with tenant_scope(self.seller.tenant_id):
            return [each.reason for each in connections.quarantined(self.seller.connection_id).entries]

    def now(self, **earlier: float) -> str:
        return format_instant(self.aws.clock.now() - timedelta(**earlier))


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Bench:
    present = emptied(shared)
    return Bench(present, connect(present.clock, marketplaces=(US, DE), fresh=False))


BAD_TOKEN = RequestRejected("The token is not valid.", operation="x", status=400)


def stock(*skus: str, token: str | None = None) -> InventoryPage:
    return InventoryPage(tuple(InventorySummary(each) for each in skus), (), token)


# -- Runs --------------------------------------------------------------------------------------------------------------


def test_a_run_walks_all_pages_of_all_marketplaces_and_says_what_it_brought(on: Bench) -> None:
    sink = Sink()
    amazon = Amazon(inventory_summaries=[stock("a", "b", token="t1"), stock("c"), stock("d")])
    on.run_through(datasets.list_inventory(sink), on.command("inventory.list"), amazon)
    assert [(each[1], each[2]["next_token"]) for each in amazon.calls] == [((US,), None), ((US,), "t1"), ((DE,), None)]
    assert [each.seller_sku for each in sink.given] == ["a", "b", "c", "d"]
    health = on.health("inventory")
    assert (int(health.last_rows), int(health.listed), health.last_cause) == (4, 4, "schedule")
    assert not on.is_set("inventory", "run")
    assert health.last_success_at == on.now()
    assert health.next_at == format_instant(START + timedelta(seconds=1800))


def test_every_command_of_a_run_may_come_twice_in_any_order(on: Bench) -> None:
    """Each is delivered again after it was done, and all of them once more when the run is over."""
    sink = Sink()
    use_case = datasets.list_inventory(sink)
    amazon = Amazon(inventory_summaries=[stock("a", token="t1"), stock("b"), stock("c")])
    waiting, done = [on.command("inventory.list")], []
    while waiting:
        command = waiting.pop(0)
        done.append(command)
        waiting += on.run(use_case, command, amazon)
        assert on.run(use_case, command, amazon) == []
    for command in reversed(done):
        assert on.run(use_case, command, amazon) == []
    assert len(amazon.calls) == 3
    assert int(on.health("inventory").rows) == 3


def test_a_worker_that_died_before_it_moved_the_run_on_repeats_one_page_and_loses_none(on: Bench) -> None:
    sink = Sink()
    use_case = datasets.list_inventory(sink)
    amazon = Amazon(inventory_summaries=[stock("a", token="t1"), stock("a", token="t1"), stock("b"), stock("c")])
    first = on.command("inventory.list")
    (following,) = on.run(use_case, first, amazon)
    on.set_health("inventory", run_step=0)  # as if it had died between sending and moving on
    (again,) = on.run(use_case, first, amazon)
    assert again.arguments == following.arguments
    (last,) = on.run(use_case, following, amazon)
    assert on.run(use_case, again, amazon) == []  # the other one has had its turn
    assert on.run(use_case, last, amazon) == []
    assert on.health("inventory").last_success_at == on.now()
    assert [each.seller_sku for each in sink.given] == ["a", "a", "b", "c"]


def test_a_run_does_not_begin_beside_another_but_after_one_that_stands_still(on: Bench) -> None:
    use_case = datasets.list_inventory(Sink())
    amazon = Amazon(inventory_summaries=[stock("a", token="t1"), stock("a"), stock("b")])
    on.run(use_case, on.command("inventory.list"), amazon)
    assert on.run(use_case, on.command("inventory.list"), amazon) == []
    assert len(amazon.calls) == 1
    on.aws.clock.advance(2 * 3600)
    on.run_through(use_case, on.command("inventory.list"), amazon)
    assert len(amazon.calls) == 3


def test_a_dead_token_begins_its_marketplace_anew_but_not_for_ever(on: Bench) -> None:
    sink = Sink()
    amazon = Amazon(
        inventory_summaries=[stock("a", token="t1"), BAD_TOKEN, stock("a", token="t2"), stock("b"), stock("c")]
    )
    on.run_through(datasets.list_inventory(sink), on.command("inventory.list"), amazon)
    assert [each[2]["next_token"] for each in amazon.calls] == [None, "t1", None, "t2", None]
    assert on.health("inventory").last_success_at == on.now()
    pages = [page for number in range(9) for page in (stock("a", token=f"t{number}"), BAD_TOKEN)]
    with pytest.raises(RequestRejected):
        on.run_through(datasets.list_inventory(sink), on.command("inventory.list"), Amazon(inventory_summaries=pages))


def test_a_refusal_without_a_token_is_a_refusal(on: Bench) -> None:
    with pytest.raises(RequestRejected):
        on.run(datasets.list_inventory(Sink()), on.command("inventory.list"), Amazon(inventory_summaries=[BAD_TOKEN]))


def test_an_empty_list_where_there_was_one_is_reported_and_not_taken_as_truth(on: Bench) -> None:
    use_case = datasets.list_inventory(Sink())
    on.run_through(use_case, on.command("inventory.list"), Amazon(inventory_summaries=[stock("a", "b"), stock("c")]))
    before = on.health("inventory").last_success_at
    on.aws.clock.advance(3600)
    on.run_through(use_case, on.command("inventory.list"), Amazon(inventory_summaries=[stock(), stock()]))
    health = on.health("inventory")
    assert health.stale_reason == "Amazon's list was empty where it had 3 rows. What was known is kept."
    assert (health.last_success_at, int(health.listed)) == (before, 3)
    assert not on.is_set("inventory", "run")
    assert on.notes.reason == health.stale_reason
    on.run_through(use_case, on.command("inventory.list"), Amazon(inventory_summaries=[stock("a"), stock()]))
    assert not on.is_set("inventory", "stale_reason")
    assert int(on.health("inventory").listed) == 1


def test_what_a_sink_rejects_is_put_aside(on: Bench) -> None:
    amazon = Amazon(inventory_summaries=[stock("a"), stock("b")])
    on.run_through(datasets.list_inventory(Sink(rejects="a")), on.command("inventory.list"), amazon)
    assert on.quarantined() == ["It is odd."]  # the same fact in the same second is put aside once
    assert on.health("inventory").last_success_at == on.now()


# -- Orders ------------------------------------------------------------------------------------------------------------


def order(number: int) -> Order:
    at = START - timedelta(hours=1)
    return Order(f"902-0000000-{number:07}", at, at, SalesChannel("AMAZON", US), ())


def found(*numbers: int, token: str | None = None, until: datetime | None = None) -> OrdersPage:
    return OrdersPage(tuple(order(number) for number in numbers), (), token, until)


def searching(sink: Sink, plans: list[Any] | None = None) -> UseCase:
    def plan(_: Work, report_type: str, marketplaces: Sequence[str], **window: Any) -> bool:
        if plans is not None:
            plans.append((report_type, tuple(marketplaces), window["data_start"], window["data_end"]))
        return True

    return datasets.search_orders(sink, plan)


def test_a_reconciling_search_overlaps_the_last_one_and_notes_how_far_it_got(on: Bench) -> None:
    on.set_health("orders", reconciled_until=on.now(minutes=20))
    until = on.aws.clock.now() - timedelta(minutes=2)
    amazon = Amazon(search_orders=[found(1, token="t1", until=until), found(2, until=until)])
    on.run_through(searching(Sink()), on.command("orders.search", mode="reconcile"), amazon)
    assert [each[2]["last_updated_after"] for each in amazon.calls] == [START - timedelta(minutes=35)] * 2
    health = on.health("orders")
    assert (health.reconciled_until, int(health.last_rows)) == (format_instant(until), 2)
    assert health.checked_at == on.now()


def test_a_clock_ahead_of_ours_loses_nothing(on: Bench) -> None:
    on.set_health("orders", reconciled_until=format_instant(START + timedelta(minutes=9)))
    amazon = Amazon(search_orders=[found(1)])
    on.run_through(searching(Sink()), on.command("orders.search", mode="reconcile"), amazon)
    assert amazon.calls[0][2]["last_updated_after"] == START - timedelta(minutes=15)
    assert on.health("orders").reconciled_until == format_instant(START - SAFE_BEFORE)


def test_a_reconciling_search_whose_token_died_begins_anew_from_where_it_began(on: Bench) -> None:
    sink = Sink()
    amazon = Amazon(search_orders=[found(1, token="t1"), BAD_TOKEN, found(1, 2)])
    on.run_through(searching(sink), on.command("orders.search", mode="reconcile"), amazon)
    assert len({each[2]["last_updated_after"] for each in amazon.calls}) == 1
    assert on.health("orders").last_success_at == on.now()
    assert {each.order_id[-1] for each in sink.given} == {"1", "2"}


def test_a_check_asks_for_one_report_of_all_that_changed(on: Bench) -> None:
    plans: list[Any] = []
    on.set_health("orders", reconciled_until=on.now(hours=13))
    command = on.command("orders.search", mode="check")
    on.aws.clock.advance(50)  # whenever it runs, and however often: the same report
    for _ in range(2):
        assert on.run(searching(Sink(), plans), command, Amazon()) == []
    begins, ends = START - timedelta(hours=13, minutes=15), START - SAFE_BEFORE
    assert plans == [("GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL", (US, DE), begins, ends)] * 2


def sweep(on: Bench, *, planned: int, narrow: bool = False) -> SyncCommand:
    arguments = {"mode": "sweep", "at": str(planned), **({"narrow": "yes"} if narrow else {})}
    return on.command("orders.search", cause="notification", **arguments)


def wants(on: Bench, count: int) -> int:
    """Let prices be wanted; return when the search for them is planned."""
    with tenant_scope(on.seller.tenant_id):
        kept = store.add_wanted(on.seller.tenant_id, on.seller.connection_id, count, on.aws.clock.now())
    del kept
    return epoch_seconds(on.aws.clock.now()) + 125


def test_a_search_for_prices_goes_on_where_the_last_one_ended_and_counts_as_a_check(on: Bench) -> None:
    planned = wants(on, 5)
    on.set_health("orders", reconciled_until=on.now(minutes=1))
    until = START + timedelta(seconds=5)
    on.aws.clock.advance(125)
    amazon = Amazon(search_orders=[found(1, 2, until=until)])
    assert on.run(searching(Sink()), sweep(on, planned=planned), amazon) == []
    named = amazon.calls[0][2]
    assert named["statuses"] == ()
    assert named["last_updated_after"] <= START - timedelta(minutes=5)
    health = on.health("orders")
    assert (health.reconciled_until, health.checked_at, int(health.last_rows)) == (
        format_instant(until), on.now(), 2,
    )  # fmt: skip
    # the next one begins where this one ended, a little overlapped
    on.aws.clock.advance(292)
    amazon = Amazon(search_orders=[found(3)])
    on.run(searching(Sink()), sweep(on, planned=planned + 292, narrow=True), amazon)
    assert amazon.calls[0][2]["last_updated_after"] == until - timedelta(seconds=30)
    assert amazon.calls[0][2]["statuses"] == ("UNSHIPPED",)
    assert on.health("orders").reconciled_until == format_instant(until)  # a narrow one says nothing of other orders


def test_a_search_for_prices_that_leaves_a_gap_does_not_count_as_a_check(on: Bench) -> None:
    planned = wants(on, 5)
    on.set_health("orders", reconciled_until=on.now(hours=9))
    on.aws.clock.advance(125)
    on.run(searching(Sink()), sweep(on, planned=planned), Amazon(search_orders=[found(1)]))
    assert on.health("orders").reconciled_until == format_instant(START - timedelta(hours=9))


def test_two_searches_planned_for_the_same_prices_are_one(on: Bench) -> None:
    planned = wants(on, 5)
    on.aws.clock.advance(125)
    amazon = Amazon(search_orders=[found(1), found(1), found(2)])
    first = sweep(on, planned=planned)
    on.run(searching(Sink()), first, amazon)
    on.run(searching(Sink()), sweep(on, planned=planned + 3), amazon)  # planned at the same time by another function
    assert len(amazon.calls) == 1
    on.run(searching(Sink()), first, amazon)  # the same one again may have died half way
    assert len(amazon.calls) == 2
    on.run(searching(Sink()), sweep(on, planned=planned + 292), amazon)
    assert len(amazon.calls) == 3


def test_a_search_for_prices_of_several_pages_ends_with_the_last(on: Bench) -> None:
    planned = wants(on, 5)
    until = START - timedelta(minutes=1)
    amazon = Amazon(search_orders=[found(1, token="t1", until=until), BAD_TOKEN, found(1, 2, until=until)])
    on.run_through(searching(Sink()), sweep(on, planned=planned, narrow=True), amazon)
    assert [each[2]["pagination_token"] for each in amazon.calls] == [None, "t1", None]
    assert store.sweep(on.seller.tenant_id, on.seller.connection_id).since == format_instant(
        until - timedelta(seconds=30)
    )


# -- Listings and products ---------------------------------------------------------------------------------------------


def listing(sku: str, *marketplaces: str, problems: tuple[str, ...] = ()) -> Listing:
    return Listing(sku, tuple(ListingSummary(each) for each in marketplaces), problems=problems)


@pytest.mark.parametrize(("named", "asked"), [({"marketplace_id": DE}, (DE,)), ({}, (US, DE))])
def test_a_listing_is_fetched_where_it_changed(on: Bench, named: dict[str, str], asked: tuple[str, ...]) -> None:
    sink = Sink()
    amazon = Amazon(listing=[listing("S 1", DE, problems=("An offer can't be read.",))])
    on.run(datasets.fetch_listing(sink), on.command("listings.fetch", seller_sku="S 1", **named), amazon)
    assert amazon.calls == [("listing", (on.seller.selling_partner_id, "S 1", asked), {})]
    assert [each.sku for each in sink.given] == ["S 1"]
    assert (on.notes.rows, on.notes.marketplace_id) == (1, DE)
    assert on.quarantined() == ["An offer can't be read."]


def test_a_listing_that_is_gone_is_no_failure(on: Bench) -> None:
    gone = RequestRejected("not found", operation="getListingsItem", status=404)
    on.run(datasets.fetch_listing(Sink()), on.command("listings.fetch", seller_sku="S"), Amazon(listing=[gone]))
    assert on.notes.reason == "Amazon no longer has this listing."


def test_listings_are_asked_for_marketplace_by_marketplace(on: Bench) -> None:
    plans: list[Any] = []

    def plan(_: Work, report_type: str, marketplaces: Sequence[str], **window: Any) -> bool:
        plans.append((report_type, marketplaces, window["data_end"]))
        return True

    on.run(datasets.refresh_listings(plan), on.command("listings.refresh"), Amazon())
    assert plans == [("GET_MERCHANT_LISTINGS_ALL_DATA", (place,), START) for place in (US, DE)]


def test_products_are_read_twenty_a_call_and_each_call_is_a_command_of_its_own(on: Bench) -> None:
    sink = Sink()
    unread = {US: [f"B{number:09}" for number in range(45)], DE: ["B1"]}
    since: list[datetime] = []

    def known(_: str, marketplace_id: str, unread_since: datetime) -> list[str]:
        since.append(unread_since)
        return unread[marketplace_id]

    use_case = datasets.refresh_catalog(known, sink)
    parts = on.run(use_case, on.command("catalog.refresh"), Amazon())
    assert [len(each.arguments["asins"].split(",")) for each in parts] == [20, 20, 5, 1]
    assert set(since) == {START - timedelta(days=4)}
    amazon = Amazon(catalog_items=lambda *_: ())
    for part in parts:
        assert on.run(use_case, part, amazon) == []
    assert [call[1][0] for call in amazon.calls] == [US, US, US, DE]
    assert len([each for each in sink.given if isinstance(each, str)]) == 46  # what was asked for is remembered
    unread.update({US: [], DE: []})
    on.aws.clock.advance(86_400)
    assert on.run(use_case, on.command("catalog.refresh"), amazon) == []
    assert on.health("catalog_items").last_success_at == on.now()


# -- Money -------------------------------------------------------------------------------------------------------------


def posted(*ids: str, token: str | None = None, bad: str = "") -> TransactionsPage:
    unreadable = (UnreadableTransaction(bad, "It has no type."),) if bad else ()
    return TransactionsPage(tuple(Transaction(each, "Shipment", START) for each in ids), unreadable, token)


def test_transactions_begin_with_a_month_and_then_go_back_window_by_window(on: Bench) -> None:
    amazon = Amazon(transactions=lambda **_: posted("t"))
    on.run_through(datasets.list_transactions(Sink()), on.command("finances.list"), amazon)
    windows = [(call[2]["posted_after"], call[2]["posted_before"]) for call in amazon.calls]
    before = START - SAFE_BEFORE
    assert windows[0] == (before - timedelta(days=30), before)
    assert all(earlier[0] == later[1] for earlier, later in pairwise(windows))
    assert all(end - begin <= timedelta(days=150) for begin, end in windows)
    assert windows[-1][0] == START - timedelta(days=730)
    health = on.health("finances")
    assert health.reconciled_until == format_instant(before)
    assert health.complete_from == format_instant(START - timedelta(days=730))


@pytest.mark.parametrize(
    ("checked", "days_back"),
    [({"hours": 2}, 0.25), ({"hours": 25}, 3)],
)
def test_transactions_reach_back_for_what_amazon_shows_late(
    on: Bench, checked: dict[str, float], days_back: float
) -> None:
    done = on.now(days=730)
    on.set_health("finances", reconciled_until=on.now(hours=4), checked_at=on.now(**checked), complete_from=done)
    amazon = Amazon(transactions=[posted("a", "b", token="t1"), posted(token="t2"), posted("c", bad="x")])
    on.run_through(datasets.list_transactions(Sink()), on.command("finances.list"), amazon)
    assert {call[2]["posted_after"] for call in amazon.calls} == {
        START - timedelta(hours=4) - timedelta(days=days_back)
    }
    assert [call[2]["next_token"] for call in amazon.calls] == [None, "t1", "t2"]
    assert int(on.health("finances").last_rows) == 3
    assert on.quarantined() == ["It has no type."]


def test_once_a_week_transactions_reach_back_for_late_releases(on: Bench) -> None:
    reached: set[int] = set()
    for day in range(7):
        on.set_health(
            "finances",
            reconciled_until=on.now(hours=4),
            checked_at=on.now(days=2),
            complete_from=on.now(days=730),
        )
        amazon = Amazon(transactions=[posted()])
        on.run_through(datasets.list_transactions(Sink()), on.command("finances.list"), amazon)
        after = amazon.calls[0][2]["posted_after"]
        if on.aws.clock.now() - after > timedelta(days=30):
            reached.add(day)
        on.aws.clock.advance(86_400)
    assert len(reached) == 1


def test_the_first_list_of_transactions_waits_for_the_schedule(on: Bench) -> None:
    assert on.run(datasets.list_transactions(Sink()), on.command("finances.list", "notification"), Amazon()) == []
    amazon = Amazon(transactions=[TransactionsPage((), (), None)])
    on.run(datasets.list_transactions(Sink()), on.command("finances.list", "schedule"), amazon)
    assert len(amazon.calls) == 1


def test_transactions_that_were_just_listed_are_not_listed_again_for_a_notification(on: Bench) -> None:
    on.set_health("finances", last_success_at=on.now(minutes=30), complete_from=on.now(days=730))
    assert on.run(datasets.list_transactions(Sink()), on.command("finances.list", "notification"), Amazon()) == []
    amazon = Amazon(transactions=[posted("a")])
    on.set_health("finances", last_success_at=on.now(hours=3))
    on.run(datasets.list_transactions(Sink()), on.command("finances.list", "notification"), amazon)
    assert len(amazon.calls) == 1


def test_fees_are_estimated_twenty_skus_a_call_through_all_marketplaces(on: Bench) -> None:
    sink = Sink()
    skus = {US: [f"S{number:03}" for number in range(23)], DE: ["D1"]}

    def priced(_: str, marketplace_id: str, after: str | None, limit: int) -> list[PricedSku]:
        names = [each for each in skus[marketplace_id] if after is None or each > after]
        return [PricedSku(each, "B1", Money(1999, "USD"), by_amazon=True) for each in names[:limit]]

    def estimate(requests: Sequence[FeeRequest]) -> tuple[FeeEstimate, ...]:
        return tuple(cast("FeeEstimate", (each.marketplace_id, each.identifier)) for each in requests)

    amazon = Amazon(fee_estimates=estimate)
    on.run_through(datasets.estimate_fees(priced, sink), on.command("fees.estimate"), amazon)
    assert [len(call[1][0]) for call in amazon.calls] == [20, 3, 1]
    assert sink.given == [(US, each) for each in skus[US]] + [(DE, "D1")]
    assert int(on.health("fees").last_rows) == 24


def test_without_prices_there_is_nothing_to_estimate_which_is_no_failure(on: Bench) -> None:
    on.run_through(datasets.estimate_fees(lambda *_: [], Sink()), on.command("fees.estimate"), Amazon())
    assert on.health("fees").last_success_at == on.now()


# -- Shipments ---------------------------------------------------------------------------------------------------------


def plan_of(plan_id: str, changed: datetime, *shipments: str) -> InboundPlan:
    return InboundPlan(plan_id, "ACTIVE", changed, changed, shipments=tuple(PlanShipment(each) for each in shipments))


def test_shipments_come_by_what_changed_and_plans_one_by_one(on: Bench) -> None:
    sink = Sink()
    on.set_health("inbound_shipments", reconciled_until=on.now(hours=2))
    old = START - timedelta(days=40)
    amazon = Amazon(
        inbound_shipments_v0=[
            InboundShipmentsPage((InboundShipment("FBA1", "FBA1"),), (), "t1"),
            InboundShipmentsPage((), (), None),
            InboundShipmentsPage((), (), None),
        ],
        inbound_items_v0=[InboundItemsPage((InboundItem("FBA1", "S", 9, 4),), (), None)] * 2,
        # The last changed come first; what comes after an old one is older still and is not asked for.
        inbound_plans=[InboundPlansPage((plan_of("p1", START), plan_of("p2", old)), (), "more")],
        inbound_plan=[plan_of("p1", START, "sh1", "sh2")],
        inbound_shipment=lambda _, shipment_id: InboundShipment(shipment_id, f"FBA-{shipment_id}", "p1"),
        inbound_shipment_items=[
            InboundItemsPage((InboundItem("sh1", "S", 9),), (), "more"),
            InboundItemsPage((InboundItem("sh1", "T", 1),), (), None),
            InboundItemsPage((), (), None),
        ],
    )
    on.run_through(datasets.list_inbound(sink), on.command("inbound.list"), amazon)
    assert [call[0] for call in amazon.calls].count("inbound_plans") == 1
    assert {call[2]["updated_after"] for call in amazon.calls if "_v0" in call[0]} == {START - timedelta(hours=26)}
    names = [str(getattr(each, "inbound_plan_id", None) or each.shipment_id) for each in sink.given]
    assert sorted(names) == ["FBA1", "FBA1", "FBA1", "p1", "p1", "sh1", "sh1", "sh1", "sh2"]
    health = on.health("inbound_shipments")
    assert health.reconciled_until == on.now()
    assert not on.is_set("inbound_shipments", "run")


# -- Reports in windows ------------------------------------------------------------------------------------------------


def test_returns_begin_with_a_year_and_go_on_with_an_overlap(on: Bench) -> None:
    plans: list[tuple[datetime, datetime]] = []

    def plan(_: Work, __: str, marketplaces: Sequence[str], **window: Any) -> bool:
        assert tuple(marketplaces) == (US, DE)
        plans.append((window["data_start"], window["data_end"]))
        return True

    on.run(datasets.refresh_returns(plan), on.command("returns.refresh"), Amazon())
    assert plans[0][1] == START - SAFE_BEFORE
    assert plans[-1][0] == START - SAFE_BEFORE - timedelta(days=365)
    assert all(earlier[0] == later[1] for earlier, later in pairwise(plans))
    plans.clear()
    on.set_health("returns", reconciled_until=on.now(hours=12))
    on.run(datasets.refresh_returns(plan), on.command("returns.refresh"), Amazon())
    assert plans == [(START - timedelta(days=3, hours=12), START - SAFE_BEFORE)]


def test_traffic_is_asked_for_day_by_day_the_newest_first_and_not_all_at_once(on: Bench) -> None:
    stored: set[tuple[str, datetime]] = set()
    asked: list[tuple[str, datetime]] = []

    def plan(
        _: Work, __: str, marketplaces: Sequence[str], *, data_start: datetime, data_end: datetime, again: bool = False
    ) -> bool:
        assert data_end - data_start == timedelta(seconds=86_399)
        day = (marketplaces[0], data_start)
        if day in stored and not again:
            return False
        stored.add(day)
        asked.append(day)
        return True

    midnight = parse_instant("2026-11-21T00:00:00Z")
    for run in range(3):
        asked.clear()
        on.run(datasets.refresh_traffic(plan), on.command("traffic.refresh"), Amazon())
        days = [(midnight - day).days for place, day in asked if place == US]
        # Amazon still changes the last three days, so they come again each time.
        assert days == [1, 2, 3, *range(4 + 7 * run, 11 + 7 * run)]
    assert len({place for place, _ in asked}) == 2


def test_amazons_restock_recommendations_are_asked_for_in_each_marketplace(on: Bench) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def plan(
        _work: Work,
        report_type: str,
        marketplace_ids: Sequence[str],
        /,
        *,
        data_start: datetime,
        data_end: datetime,
        again: bool = False,
    ) -> bool:
        assert data_start < data_end
        assert not again
        asked.append((report_type, tuple(marketplace_ids)))
        return True

    on.run(datasets.refresh_advice(plan), on.command("advice.refresh"), Amazon())

    assert {kind for kind, _ in asked} == {"GET_RESTOCK_INVENTORY_RECOMMENDATIONS_REPORT"}
    assert sorted(places for _, places in asked) == [(DE,), (US,)]
