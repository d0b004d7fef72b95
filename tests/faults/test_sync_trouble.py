"""Trouble while syncing: whatever happens, the store ends as Amazon's truth, and the sync page says what happened.

Every test runs the deployed worker against the simulator and compares what is stored with the simulator's own books:
nothing lost, nothing doubled, nothing wrong. What Amazon's side is read from is its control interface, never its API.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import NamedTuple

import pytest

from infra.simulator import books
from infra.simulator.world import Seller
from quayside.amazon.transport import Reply
from quayside.finance.rules import DEFERRED, RELEASED
from quayside.inventory.rules import Quantities
from quayside.kernel.clock import format_instant
from quayside.kernel.ids import ConnectionId
from quayside.kernel.tenancy import tenant_scope
from quayside.sync.commands import Kind, SyncCommand
from quayside.sync.registry import (
    FEATURES,
    MERCHANT_LISTINGS,
    ORDERS_BY_LAST_UPDATE,
    ORDERS_BY_ORDER_DATE,
    SETTLEMENT,
)
from quayside.sync.report_runs import ReportRun
from quayside.sync.reports import list_reports
from quayside.sync.service import PlannedSearches, switch_feature, sync_status, want_prices
from tests.support.amazon import TENANT, stage
from tests.support.trouble import Deliver, Delivery, Rig, Shop

IN_STEP = {"fresh.", "fresh. The last check brought nothing new."}
"""What the sync page says of a dataset without trouble."""
Check = Callable[[Rig, Shop], None]

CANADA = "A2EUQ1WTGCTBG2"
US = "ATVPDKIKX0DER"


@pytest.fixture(scope="module")
def shared() -> Iterator[Rig]:
    with stage() as on:
        yield Rig(on)


@pytest.fixture
def rig(shared: Rig) -> Rig:
    shared.clock.differ(0)
    shared.clock.advance(3600)
    shared.forget()
    return shared


# -- Sellers and their truth -------------------------------------------------------------------------------------------


def stocked(rig: Rig, *, places: Sequence[str] = (US,), skus: int = 2) -> Seller:
    """Return a seller with stock, whom nothing happens to by itself."""
    world = rig.simulator.world
    seller = world.open_empty_account("na", places, name="Stockist")
    for place in places:
        for number in range(skus):
            sku, asin = f"{place[:3]}-{number:03}", f"B{seller.pk:05}{number:04}"
            listing = world.add_listing(
                seller, place, sku=sku, asin=asin, fnsku=f"X{asin}", title=f"Mug {number}", price_minor=1000 + number
            )
            world.books.post(seller.pk, world.now_ms, books.SUPPLIER, books.FULFILLABLE, listing.units, 500 + number)
    world.commit()
    return seller


def place_order(rig: Rig, seller: Seller, *states: str, may_fail: bool = True) -> None:
    """Let somebody buy something, and bring the order so far."""
    world = rig.simulator.world
    order = world.new_order(seller, may_fail=may_fail)
    for state in states:
        world.advance_order(seller, order.order_id, state)
    world.commit()


def settled(rig: Rig, orders: int = 1, *, days: float = 20) -> Seller:
    """Return a seller whose orders were sent, paid for and paid out."""
    seller = stocked(rig)
    rig.simulator.world.keep_settling(seller)
    for _ in range(orders):
        place_order(rig, seller, "UNSHIPPED", "SHIPPED")
        rig.clock.advance(600)
    rig.clock.advance(days * 86_400)
    rig.simulator.world.step()
    return seller


def at_rest(rig: Rig) -> Seller:
    """Return a seller of whose money Amazon tells nothing new: no refund can follow, and nothing is held back."""
    return settled(rig, days=32)


def in_two_countries(rig: Rig) -> Seller:
    """Return a seller with stock in two countries, so that it is listed in two steps."""
    return stocked(rig, places=(US, CANADA))


def paid_for(rig: Rig) -> Seller:
    """Return a seller whose orders have just been paid for, more than are fetched one by one."""
    seller = stocked(rig)
    for _ in range(3):
        # Amazon's search leaves out what changed in the last two minutes: a cancellation then, which a notification
        # tells of, would not be seen here.
        place_order(rig, seller, "UNSHIPPED", may_fail=False)
    return seller


def orders_are_true(rig: Rig, shop: Shop) -> None:
    truth = rig.true_orders(shop)
    assert truth
    assert rig.orders(shop) == truth


def money_is_true(rig: Rig, shop: Shop) -> None:
    (truth,) = rig.simulator.control.truth_finances(shop.partner)["finances"]
    stored = rig.transactions(shop)
    assert {len(each) for each in stored.values()} == {1}
    told = [each for (each,) in stored.values() if each.type != "Transfer" and each.status in {DEFERRED, RELEASED}]
    assert truth["told_transactions"] == len(told) > 0
    assert truth["told_minor"] == sum(each.total_minor or 0 for each in told)
    assert truth["held_minor"] == sum(each.total_minor or 0 for each in told if each.status == DEFERRED)


def settlements_are_true(rig: Rig, shop: Shop) -> None:
    # One may be made while the work is being done, which the next look finds.
    long_ago = format_instant(rig.clock.now() - timedelta(hours=6))
    truth = rig.simulator.control.truth_settlements(shop.partner)["settlements"]
    every = Counter((each["settlement_id"], each["currency"], each["total_minor"], "balanced", 0) for each in truth)
    young = {each["settlement_id"] for each in truth if each["end"] > long_ago}
    stored = rig.settlements(shop)
    assert stored <= every
    missing = every - stored
    assert {settlement_id for settlement_id, *_ in missing} <= young
    assert stored


def listings_are_true(rig: Rig, shop: Shop) -> None:
    truth = rig.simulator.control.listings(shop.partner)["listings"]
    stored = rig.listings(shop)
    assert {sku: len(each) for sku, each in stored.items()} == {each["sku"]: 1 for each in truth}
    for each in truth:
        (listing,) = stored[each["sku"]]
        assert listing.price is not None
        # Titles come with the stray quotes of Amazon's files, so they are not compared.
        assert (listing.asin, listing.price.amount_minor, listing.by_amazon) == (
            each["asin"], each["price_minor"], each["by_amazon"],
        )  # fmt: skip


def stock_is_true(rig: Rig, shop: Shop) -> None:
    world = rig.simulator.world
    truth: dict[str, list[tuple[str, Quantities]]] = {}
    for place in sorted(shop.seller.marketplaces):
        for listing in world.listings_of(shop.seller, place):
            held = {each: world.books.balance(shop.seller.pk, each, listing.units) for each in books.WAREHOUSE_ACCOUNTS}
            if listing.by_amazon:
                truth.setdefault(listing.sku, []).append((place, quantities_of(held)))
    assert truth
    assert rig.stock(shop) == truth


def quantities_of(held: Mapping[str, int]) -> Quantities:
    return Quantities(
        fulfillable=held[books.FULFILLABLE],
        inbound_working=held[books.INBOUND_WORKING],
        inbound_shipped=held[books.INBOUND_SHIPPED],
        inbound_receiving=held[books.INBOUND_RECEIVING],
        reserved_transfer=held[books.RESERVED_TRANSFER],
        reserved_processing=held[books.RESERVED_PROCESSING],
        reserved_customer_orders=held[books.RESERVED_CUSTOMER],
        unfulfillable=held[books.UNFULFILLABLE_CUSTOMER] + held[books.UNFULFILLABLE_WAREHOUSE],
        researching=held[books.RESEARCHING],
    )


# -- Work to be disturbed ----------------------------------------------------------------------------------------------


class Flow(NamedTuple):
    """A piece of work that takes several commands, and what has to come of it.

    Attributes:
        dataset: what it brings.
        seller: makes a seller for it.
        begin: asks for it.
        is_true: compares what is stored with Amazon's side.
        reports: how many reports Amazon is asked to make for it.
        is_fresh: whether each time needs a seller of its own.
        signed_in: whether there is an access token when it begins.
    """

    dataset: str
    seller: Callable[[Rig], Seller]
    begin: Callable[[Rig, Shop], None]
    is_true: Check
    reports: int = 0
    is_fresh: bool = False
    signed_in: bool = True


def begin_finances(rig: Rig, shop: Shop) -> None:
    # Two windows: what is new since two months ago, and one that is left of history.
    now = rig.clock.now()
    rig.set_health(
        shop,
        "finances",
        reconciled_until=format_instant(now - timedelta(days=60)),
        complete_from=format_instant(now - timedelta(days=650)),
    )
    rig.ask(shop, "finances.list")


def begin_sweep(rig: Rig, shop: Shop) -> None:
    # As the intake does when Amazon tells of so many orders at once.
    rig.set_health(shop, "orders", reconciled_until=format_instant(rig.clock.now()))
    ids = [(order_id, "UNSHIPPED") for order_id, *_ in rig.true_orders(shop)]
    with tenant_scope(shop.tenant_id):
        singly = want_prices(shop.tenant_id, shop.connection_id, ids, rig.clock.now(), PlannedSearches())
    assert singly == 0


def asking(kind: Kind, **arguments: str) -> Callable[[Rig, Shop], None]:
    return lambda rig, shop: rig.ask(shop, kind, "schedule", **arguments)


FLOWS = {
    "history by reports": Flow("orders", settled, asking("orders.history"), orders_are_true, reports=2),
    "listings": Flow("listings", stocked, asking("listings.refresh"), listings_are_true, reports=1),
    "settlements": Flow("settlements", settled, asking("report.find", dataset="settlements"), settlements_are_true),
    "finances": Flow("finances", at_rest, begin_finances, money_is_true),
    "inventory": Flow("inventory", in_two_countries, asking("inventory.list"), stock_is_true, signed_in=False),
    "price sweep": Flow("orders", paid_for, begin_sweep, orders_are_true, is_fresh=True),
}

each_flow = pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS.keys())


class Run:
    """Does a piece of work again and again, with one seller, from nothing each time."""

    def __init__(self, rig: Rig, flow: Flow) -> None:
        self._rig = rig
        self._flow = flow
        self._seller = None if flow.is_fresh else flow.seller(rig)

    def once(self, deliver: Deliver) -> list[SyncCommand]:
        """Do the work in a troubled way, and compare what came of it with Amazon's side."""
        rig, flow = self._rig, self._flow
        # Longer than the intervals at which Amazon makes the same report.
        rig.clock.advance(3600)
        rig.forget()
        shop = rig.connect(self._seller or flow.seller(rig), signed_in=flow.signed_in)
        flow.begin(rig, shop)
        begun = rig.clock.now()
        done = rig.run(deliver)
        flow.is_true(rig, shop)
        assert rig.says(shop, flow.dataset) in IN_STEP
        assert rig.quarantined(shop) == 0
        assert len(rig.reports_asked_for(shop, since=begun)) == flow.reports
        assert rig.refused() == []
        return done


# -- Crash between any two steps of a command --------------------------------------------------------------------------


@each_flow
def test_a_worker_that_dies_after_any_of_its_calls_loses_and_doubles_nothing(rig: Rig, flow: Flow) -> None:
    """In round n every command's first worker dies right after its n-th call, until no command makes so many.

    A death before a call is one after the call before it; a death before the first is a message that comes late.
    """
    run = Run(rig, flow)
    places: set[str] = set()
    for call in count(1):
        killed: list[str] = []
        try:
            run.once(rig.killing(call, killed))
        except AssertionError as problem:
            problem.add_note(f"Each worker died after its call {call}: {killed}")
            raise
        if not killed:
            break
        places |= set(killed)
    assert {"UpdateItem", "PutItem"} < places


# -- The same command twice --------------------------------------------------------------------------------------------


@each_flow
def test_every_command_delivered_twice_and_once_more_at_the_end_does_no_harm(rig: Rig, flow: Flow) -> None:
    """A command that waits for its turn keeps its identity, so it is doubled once and not whenever it comes back."""
    seen: dict[str, SyncCommand] = {}
    again: list[SyncCommand] = []

    def deliver(delivery: Delivery) -> bool:
        command = delivery.command
        ended = rig.run_command(command)
        if command.command_id not in seen:
            seen[command.command_id] = command
            ended = rig.run_command(command) and ended
        if not rig.waiting() and not again:
            again.extend(seen.values())
            for each in again:
                rig.redeliver(each)
        return ended

    Run(rig, flow).once(deliver)
    assert len(again) >= 2 or flow.is_fresh


# -- Two workers on one connection -------------------------------------------------------------------------------------


@each_flow
def test_two_workers_on_the_same_command_at_once_end_as_one(rig: Rig, flow: Flow) -> None:
    """While one worker stands between two of its calls, another does the whole command."""
    run = Run(rig, flow)
    for call in count(1, 3):
        joined: list[str] = []
        try:
            run.once(rig.joining(call, joined))
        except AssertionError as problem:
            problem.add_note(f"Another worker did the command after call {call} of the first: {joined}")
            raise
        if not joined:
            break
    assert call > 4


# -- Clocks that differ ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [4, -4], ids=["Amazon's clock is ahead", "Amazon's clock is behind"])
def test_clocks_that_differ_by_minutes_cost_nothing(rig: Rig, minutes: int) -> None:
    seller = settled(rig)
    rig.clock.differ(minutes * 60)
    shop = rig.connect(seller)
    for kind in ("orders.history", "finances.list", "listings.refresh", "inventory.list", "returns.refresh"):
        rig.ask(shop, kind)
    rig.run()
    place_order(rig, seller)
    rig.clock.advance(1200)
    rig.ask(shop, "orders.search", mode="reconcile")
    rig.run()
    rig.clock.advance(4 * 86_400)
    rig.ask(shop, "orders.search", mode="check")
    rig.ask(shop, "finances.list")
    rig.ask(shop, "inventory.list")
    rig.run()
    for is_true in (orders_are_true, money_is_true, listings_are_true, stock_is_true):
        is_true(rig, shop)
    for dataset in ("orders", "finances", "inventory"):
        assert rig.says(shop, dataset) in IN_STEP
    # Nobody was asked about them since.
    for dataset in ("listings", "returns"):
        assert rig.says(shop, dataset).startswith("late. The last check is older than it should be.")
    assert rig.refused() == []


# -- A page token that expired -----------------------------------------------------------------------------------------


def second_page_late(rig: Rig, seconds: float) -> None:
    """Deliver the first page's command at once and the second page's when its token is dead."""
    rig.step()
    (following,) = rig.waiting()
    assert "token" in following.arguments
    rig.clock.advance(seconds)
    rig.run()


def test_a_token_of_the_stock_list_that_expired_begins_its_list_anew(rig: Rig) -> None:
    shop = rig.connect(stocked(rig, skus=51))
    rig.ask(shop, "inventory.list")
    second_page_late(rig, 40)
    stock_is_true(rig, shop)
    assert rig.refused() == ["getInventorySummaries 400"]
    assert rig.says(shop, "inventory") == "fresh."


def test_tokens_of_orders_and_transactions_that_expired_begin_their_search_anew(rig: Rig) -> None:
    shop = rig.connect(settled(rig, orders=101))
    before_all = format_instant(rig.clock.now() - timedelta(days=100))
    work: tuple[tuple[str, Kind, dict[str, str], str, Check], ...] = (
        ("orders", "orders.search", {"mode": "reconcile"}, "searchOrders", orders_are_true),
        ("finances", "finances.list", {}, "listTransactions", money_is_true),
    )
    for dataset, kind, arguments, call, is_true in work:
        rig.wire.statuses.clear()
        rig.set_health(shop, dataset, reconciled_until=before_all, complete_from="2024-01-01T00:00:00Z")
        rig.ask(shop, kind, "schedule", **arguments)
        second_page_late(rig, 25 * 3600)
        # And once more as usual, for Amazon's side went on for a day.
        rig.ask(shop, kind, "schedule", **arguments)
        rig.run()
        is_true(rig, shop)
        assert rig.refused() == [f"{call} 400"]
        assert rig.says(shop, dataset) in IN_STEP


def test_the_address_of_a_listings_report_that_expired_is_asked_for_anew(rig: Rig) -> None:
    """Listings come without pages; what expires is where their file lies, five minutes after Amazon said so."""
    shop = rig.connect(stocked(rig))
    rig.ask(shop, "listings.refresh")
    late: list[str] = []

    def come_late(_: int) -> None:
        if rig.wire.calls[-1] == "getReportDocument" and not late:
            late.append("once")
            rig.clock.advance(301)

    rig.run(lambda delivery: rig.run_command(delivery.command, come_late))
    listings_are_true(rig, shop)
    assert late
    assert rig.says(shop, "listings") == "fresh."


def test_a_token_of_the_list_of_settlements_that_amazon_does_not_take_begins_it_anew(rig: Rig) -> None:
    shop = rig.connect(settled(rig))
    rig.ask(shop, "report.find", dataset="settlements", token="of-yesterday")
    rig.run()
    settlements_are_true(rig, shop)
    assert rig.refused() == ["getReports 400"]
    assert rig.says(shop, "settlements") == "fresh."


# -- A report whose header changed -------------------------------------------------------------------------------------


def fault(rig: Rig, kind: str, report_type: str) -> None:
    rig.simulator.faults.add(kind, rig.simulator.clock.now_ms(), operation=report_type)


def told_of_reports(shop: Shop, dataset: str) -> list[tuple[str, str, str]]:
    """Return what the list of reports says: state, reason, and what to do; the newest first."""
    with tenant_scope(shop.tenant_id):
        shown = list_reports(shop.connection_id, dataset).reports
    return [(each.state, each.reason, each.action) for each in shown]


def test_a_listings_report_with_another_header_is_said_and_the_next_one_counts(rig: Rig) -> None:
    shop = rig.connect(stocked(rig))
    fault(rig, "report_header", MERCHANT_LISTINGS)
    rig.ask(shop, "listings.refresh")
    rig.run()
    assert rig.listings(shop) == {}
    assert rig.says(shop, "listings") == (
        "failing. All listings: Amazon's file has no column “seller-sku”. "
        "Tell support. The file is kept, and is loaded again once Quayside understands it."
    )
    rig.simulator.faults.remove()
    rig.clock.advance(12 * 3600)
    rig.ask(shop, "listings.refresh")
    rig.run()
    listings_are_true(rig, shop)
    assert rig.says(shop, "listings") == "fresh."


def test_a_history_report_with_another_header_is_said_and_its_window_is_searched(rig: Rig) -> None:
    shop = rig.connect(settled(rig))
    fault(rig, "report_header", ORDERS_BY_ORDER_DATE)
    rig.ask(shop, "orders.history")
    rig.run()
    orders_are_true(rig, shop)
    assert rig.says(shop, "orders") in IN_STEP
    assert told_of_reports(shop, "orders") == [
        ("loaded", "Amazon's file has no column “item-price”. It was read by search instead.", ""),
        ("empty", "Amazon has no data for it.", ""),
    ]


def test_an_orders_check_with_another_header_is_said_and_what_changed_is_searched(rig: Rig) -> None:
    shop = rig.connect(settled(rig))
    rig.set_health(shop, "orders", reconciled_until=format_instant(rig.clock.now() - timedelta(days=25)))
    fault(rig, "report_header", ORDERS_BY_LAST_UPDATE)
    rig.ask(shop, "orders.search", mode="check")
    while not rig.records(shop, ReportRun) or rig.records(shop, ReportRun)[0].state != "failed":
        rig.step()
    words = (
        "Amazon's file has no column “item-price”.",
        "Tell support. The file is kept, and is loaded again once Quayside understands it.",
    )
    assert rig.says(shop, "orders") == f"failing. Orders by date of last change: {' '.join(words)}"
    rig.run()
    orders_are_true(rig, shop)
    assert rig.says(shop, "orders") == "fresh."
    assert told_of_reports(shop, "orders") == [("failed", *words)]


def test_a_settlement_with_another_header_is_said_until_it_is_read_and_never_counted(rig: Rig) -> None:
    shop = rig.connect(settled(rig))
    fault(rig, "report_header", SETTLEMENT)
    for _ in range(2):
        # The second time nothing new is found, which does not make the missing one appear.
        rig.ask(shop, "report.find", dataset="settlements")
        rig.run()
        assert rig.settlements(shop) == Counter()
        assert rig.says(shop, "settlements") == (
            "failing. Settlement: Amazon's file has no column “amount”. "
            "Tell support. The file is kept, and is loaded again once Quayside understands it."
        )
        rig.clock.advance(12 * 3600)


# -- An empty answer where data was yesterday --------------------------------------------------------------------------

CHECK_IT = "Check in Seller Central whether that is right. Nothing was deleted here."


def test_an_empty_listings_report_is_said_and_not_believed_however_often_it_comes(rig: Rig) -> None:
    shop = rig.connect(stocked(rig))
    rig.ask(shop, "listings.refresh")
    rig.run()
    fault(rig, "report_empty", MERCHANT_LISTINGS)
    for state in ("fresh", "fresh", "late"):
        rig.clock.advance(12 * 3600)
        rig.ask(shop, "listings.refresh")
        rig.run()
        listings_are_true(rig, shop)
        assert rig.says(shop, "listings") == (
            f"{state}. Amazon's last list brought nothing where the one before had 2 rows. {CHECK_IT}"
        )
    rig.simulator.faults.remove()
    rig.clock.advance(12 * 3600)
    rig.ask(shop, "listings.refresh")
    rig.run()
    listings_are_true(rig, shop)
    assert rig.says(shop, "listings") == "fresh. The last check brought nothing new."


def test_an_empty_stock_list_is_said_and_not_believed_however_often_it_comes(rig: Rig) -> None:
    shop = rig.connect(stocked(rig))
    rig.ask(shop, "inventory.list")
    rig.run()
    empty = b'{"payload":{"granularity":{"granularityType":"Marketplace"},"inventorySummaries":[]},"pagination":{}}'
    for _ in range(2):
        rig.wire.instead["getInventorySummaries"] = [Reply(200, {}, empty)]
        rig.clock.advance(1800)
        rig.ask(shop, "inventory.list")
        rig.run()
        stock_is_true(rig, shop)
        assert rig.says(shop, "inventory") == (
            f"fresh. Amazon's list was empty where it had 2 rows. What was known is kept. {CHECK_IT}"
        )
    rig.clock.advance(1800)
    rig.ask(shop, "inventory.list")
    rig.run()
    stock_is_true(rig, shop)
    assert rig.says(shop, "inventory") == "fresh. The last check brought nothing new."


def test_an_empty_orders_check_is_said_and_what_it_left_out_is_searched(rig: Rig) -> None:
    seller = settled(rig)
    shop = rig.connect(seller)
    rig.set_health(shop, "orders", reconciled_until=format_instant(rig.clock.now() - timedelta(days=25)))
    rig.ask(shop, "orders.search", mode="check")
    rig.run()
    orders_are_true(rig, shop)
    place_order(rig, seller)
    rig.clock.advance(4 * 86_400)
    fault(rig, "report_empty", ORDERS_BY_LAST_UPDATE)
    rig.ask(shop, "orders.search", mode="check")
    while rig.health(shop, "orders").stale_reason is None:
        rig.step()
    said = f"Amazon's last report brought nothing where the one before had 1 rows. {CHECK_IT}"
    assert rig.says(shop, "orders") == f"late. {said}"
    rig.run()
    orders_are_true(rig, shop)
    assert rig.says(shop, "orders") == "fresh."
    assert told_of_reports(shop, "orders")[0] == (
        "empty", "Amazon's file has no rows. The one before it had 1 rows.",
        "Nothing was deleted here. Check in Seller Central whether that is right.",
    )  # fmt: skip


def test_transactions_that_an_empty_answer_left_out_come_with_the_next_long_look_back(rig: Rig) -> None:
    seller = at_rest(rig)
    shop = rig.connect(seller)
    begin_finances(rig, shop)
    rig.run()
    known = rig.transactions(shop)
    place_order(rig, seller, "UNSHIPPED", "SHIPPED")
    for look in range(8):
        if look < 5:
            rig.wire.instead["listTransactions"] = [Reply(200, {}, b'{"payload":{"transactions":[]}}')]
        rig.clock.advance(8 * 3600)
        rig.ask(shop, "finances.list")
        rig.run()
        if look == 4:
            assert rig.says(shop, "finances") == "fresh. The last check brought nothing new."
            assert rig.transactions(shop) == known
    money_is_true(rig, shop)


# -- Revocation in the middle of a backfill ----------------------------------------------------------------------------


def begin_with_sales_alone(rig: Rig, seller: Seller) -> ConnectionId:
    """Go through the consent, with every feature but sales switched off."""
    connection_id = rig.on.begin(seller)
    with tenant_scope(TENANT):
        for each in FEATURES:
            if each.key != "sales":
                switch_feature(connection_id, each.key, clock=rig.clock, on=False)
    return connection_id


@pytest.mark.parametrize(
    ("kind", "left_to_ask"), [("report.request", 1), ("report.load", 0)], ids=["reports being made", "a window stored"]
)
def test_a_consent_withdrawn_during_a_backfill_is_said_and_history_goes_on_with_the_next_one(
    rig: Rig, kind: str, left_to_ask: int
) -> None:
    seller = settled(rig)
    rig.clock.advance(15 * 86_400)
    place_order(rig, seller)
    rig.clock.advance(10 * 86_400)
    connection_id = begin_with_sales_alone(rig, seller)
    shop = Shop(seller, TENANT, connection_id)
    while (command := rig.step()) is not None and command.kind != kind:
        pass
    loaded = rig.orders(shop)
    rig.simulator.lwa.revoke(seller, at_once=True)
    rig.run()
    with tenant_scope(shop.tenant_id):
        shown = sync_status(connection_id, rig.clock)
    assert shown.connection.status == "revoked"
    assert shown.connection.trouble is not None
    trouble = shown.connection.trouble
    assert (trouble.title, trouble.action) == ("Amazon no longer lets us in", "Connect the account again.")
    assert trouble.detail == (
        "The authorisation was withdrawn in Seller Central, or it ended after a year. "
        "Reading has stopped; what was read before is still here."
    )
    assert rig.says(shop, "orders") == "off. The connection is not active. Connect again to resume."
    calls = len(rig.wire.statuses)
    rig.live(3600, every=3600)
    assert len(rig.wire.statuses) == calls
    # What was read is kept, and nothing of it is wrong.
    assert rig.orders(shop) == loaded < rig.true_orders(shop)
    begun = rig.clock.now()
    assert rig.on.begin(seller) == connection_id
    rig.run()
    rig.live(5400, every=900)
    orders_are_true(rig, shop)
    connection = rig.on.connection(connection_id)
    assert (connection.status, connection.steps["history"].state) == ("connected", "done")
    assert rig.says(shop, "orders") in IN_STEP
    again = [each for each in rig.reports_asked_for(shop, since=begun) if each["kind"] == ORDERS_BY_ORDER_DATE]
    assert len(again) == left_to_ask
