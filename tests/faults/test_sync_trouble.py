"""Trouble while syncing: whatever happens, the store ends as Amazon's truth, and the sync page says what happened.

Every test runs the deployed worker against the simulator and compares what is stored with the simulator's own books:
nothing lost, nothing doubled, nothing wrong. What Amazon's side is read from is its control interface, never its API.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from typing import NamedTuple

import pytest

from infra.simulator import books
from infra.simulator.world import Seller
from quayside.finance.rules import DEFERRED, RELEASED
from quayside.inventory.rules import Quantities
from quayside.kernel.clock import format_instant
from quayside.kernel.tenancy import tenant_scope
from quayside.sync.commands import Kind, SyncCommand
from quayside.sync.service import want_prices
from tests.support.amazon import stage
from tests.support.trouble import Deliver, Delivery, Rig, Shop

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


def settled(rig: Rig, orders: int = 2) -> Seller:
    """Return a seller whose orders are sent, paid for and paid out: nothing of it changes any more."""
    world = rig.simulator.world
    seller = world.create_seller("quiet-us")
    for _ in range(orders):
        world.new_order(seller)
        rig.clock.advance(3600)
    rig.clock.advance(20 * 86_400)
    world.step()
    return seller


def paid_for(rig: Rig, orders: int = 3) -> Seller:
    """Return a seller whose orders have just been paid for."""
    world = rig.simulator.world
    seller = world.create_seller("quiet-us")
    for _ in range(orders):
        order = world.new_order(seller)
        world.advance_order(seller, order.order_id, "UNSHIPPED")
    world.commit()
    return seller


def stocked(rig: Rig, *, skus: int = 2) -> Seller:
    """Return a seller with stock in two countries."""
    world = rig.simulator.world
    seller = world.open_empty_account("na", [US, CANADA], name="Stockist")
    for place in seller.marketplaces:
        for number in range(skus):
            sku = f"{place[:3]}-{number:03}"
            asin = f"B{seller.pk:05}{number:04}"
            listing = world.add_listing(
                seller, place, sku=sku, asin=asin, fnsku=f"X{asin}", title=sku, price_minor=1000 + number
            )
            world.books.post(seller.pk, world.now_ms, books.SUPPLIER, books.FULFILLABLE, listing.units, 5 + number)
    world.commit()
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
    truth = rig.simulator.control.truth_settlements(shop.partner)["settlements"]
    assert truth
    assert rig.settlements(shop) == Counter(
        (each["settlement_id"], each["currency"], each["total_minor"], "balanced", 0) for each in truth
    )


def listings_are_true(rig: Rig, shop: Shop) -> None:
    truth = rig.simulator.control.listings(shop.partner)["listings"]
    stored = rig.listings(shop)
    assert {sku: len(each) for sku, each in stored.items()} == {each["sku"]: 1 for each in truth}
    for each in truth:
        (listing,) = stored[each["sku"]]
        assert listing.price is not None
        assert (listing.asin, listing.title, listing.price.amount_minor, listing.by_amazon) == (
            each["asin"], each["title"], each["price_minor"], each["by_amazon"],
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
    is_true: Callable[[Rig, Shop], None]
    reports: int = 0
    is_fresh: bool = False
    signed_in: bool = True


def begin_finances(rig: Rig, shop: Shop) -> None:
    # Two windows: the last weeks, and one that is left of history.
    long_ago = rig.clock.now() - timedelta(days=650)
    rig.set_health(shop, "finances", complete_from=format_instant(long_ago))
    rig.ask(shop, "finances.list")


def begin_sweep(rig: Rig, shop: Shop) -> None:
    # As the intake does when Amazon tells of so many orders at once.
    rig.set_health(shop, "orders", reconciled_until=format_instant(rig.clock.now()))
    ids = [(order_id, "UNSHIPPED") for order_id, *_ in rig.true_orders(shop)]
    with tenant_scope(shop.tenant_id):
        singly = want_prices(shop.tenant_id, shop.connection_id, ids, rig.clock.now())
    assert singly == 0


def asking(kind: Kind, **arguments: str) -> Callable[[Rig, Shop], None]:
    return lambda rig, shop: rig.ask(shop, kind, **arguments)


FLOWS = {
    "history by reports": Flow("orders", settled, asking("orders.history"), orders_are_true, reports=2),
    "listings": Flow("listings", stocked, asking("listings.refresh"), listings_are_true, reports=2),
    "settlements": Flow("settlements", settled, asking("report.find", dataset="settlements"), settlements_are_true),
    "finances": Flow("finances", settled, begin_finances, money_is_true),
    "inventory": Flow("inventory", stocked, asking("inventory.list"), stock_is_true, signed_in=False),
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
        assert rig.says(shop, flow.dataset) in {"fresh.", "fresh. The last check brought nothing new."}
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
    done: list[SyncCommand] = []

    def twice(delivery: Delivery) -> bool:
        done.append(delivery.command)
        return rig.run_command(delivery.command) and rig.run_command(delivery.command)

    def then_all_again(delivery: Delivery) -> bool:
        ended = twice(delivery)
        if not rig.waiting() and done:
            for command in [*done]:
                rig.redeliver(command)
            done.clear()
        return ended

    Run(rig, flow).once(then_all_again)


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
