"""The simulated world: orders live legally, the books balance, and the same seed replays the same world."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from infra.simulator import audit, lifecycle
from infra.simulator import books as accounts
from infra.simulator.clock import DAY, HOUR, SimulatorClock
from infra.simulator.entropy import generator
from infra.simulator.lifecycle import LEGAL_MOVES, State
from infra.simulator.storage import StateInUseError, Storage
from infra.simulator.world import IllegalMoveError, OrderChanged, UnknownThingError, World

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _world(seed: int = 5) -> tuple[World, SimulatorClock]:
    clock = SimulatorClock.manual(START)
    return World(Storage(), clock, seed=seed), clock


def _rows(world: World) -> list[tuple[object, ...]]:
    return world.storage.connection.execute("SELECT * FROM orders ORDER BY created, order_id").fetchall()


def test_same_seed_same_world_however_the_clock_is_stepped() -> None:
    coarse, coarse_clock = _world()
    fine, fine_clock = _world()
    for world in (coarse, fine):
        world.create_seller("small-us")
    coarse_clock.advance(3 * 86400)
    coarse.step()
    for _ in range(3 * 24 * 6):
        fine_clock.advance(600)
        fine.step()
    assert _rows(coarse) == _rows(fine)
    assert len(_rows(coarse)) > 1000


def test_another_seed_is_another_world() -> None:
    one, _ = _world(1)
    other, _ = _world(2)
    one.create_seller("small-us")
    other.create_seller("small-us")
    assert _rows(one) != _rows(other)


@pytest.mark.parametrize("profile", ["small-us", "europe", "japan"])
def test_history_and_live_balance(profile: str) -> None:
    world, clock = _world()
    seller = world.create_seller(profile)
    assert audit.check(world, seller) == []
    clock.advance(20 * 86400)
    world.step()
    assert audit.check(world, seller) == []
    states = {row[6] for row in _rows(world)}
    assert {State.DELIVERED, State.CANCELLED, State.RETURNED} <= states


def test_large_seller_has_exactly_fifty_thousand_orders() -> None:
    world, _ = _world()
    seller = world.create_seller("large-us")
    count, earliest = world.storage.connection.execute("SELECT COUNT(*), MIN(created) FROM orders").fetchone()
    assert count == 50_000
    assert world.now_ms - earliest > 360 * DAY
    assert seller.rate_multipliers["searchOrders"] > 1


def test_audit_finds_a_sale_that_nobody_booked() -> None:
    world, _ = _world()
    seller = world.create_seller("small-us")
    world.storage.connection.execute("UPDATE lines SET item_minor = item_minor + 1 WHERE order_pk = 1")
    assert any("sales" in problem for problem in audit.check(world, seller))


def test_a_listing_without_stock_sells_nothing() -> None:
    world, clock = _world()
    seller = world.create_seller("small-us", history=False)
    for listing in world.listings_of(seller, "ATVPDKIKX0DER"):
        if listing.by_amazon:
            stock = world.sellable(seller, listing)
            world.books.post(seller.pk, world.now_ms, accounts.FULFILLABLE, accounts.RESEARCHING, listing.units, stock)
            listing.batch = 0
    clock.advance(2 * 86400)
    world.step()
    assert {row[7] for row in _rows(world)} <= {0}
    assert sum(world.lost_units.values()) > 0


@given(seed=st.integers(0, 10**6), by_amazon=st.booleans(), lines=st.integers(1, 4), may_fail=st.booleans())
def test_plans_are_legal_and_in_order(seed: int, *, by_amazon: bool, lines: int, may_fail: bool) -> None:
    moves = lifecycle.plan(generator(seed), 1_000_000, by_amazon=by_amazon, lines=lines, may_fail=may_fail)
    state, at = State.PENDING, 1_000_000
    for moment, target in moves:
        assert target in LEGAL_MOVES[state]
        assert moment > at
        assert moment % 1000 == 0
        state, at = target, moment
    if not may_fail:
        assert state is State.DELIVERED


def test_moves_that_are_not_legal_are_refused() -> None:
    world, _ = _world()
    seller = world.create_seller("quiet-us")
    order = world.new_order(seller)
    world.advance_order(seller, order.order_id, "SHIPPED")
    with pytest.raises(IllegalMoveError):
        world.advance_order(seller, order.order_id, "CANCELLED")
    with pytest.raises(UnknownThingError):
        world.advance_order(seller, order.order_id, "LOST")
    with pytest.raises(UnknownThingError):
        world.new_order(seller, sku="NOTHING")
    with pytest.raises(ValueError, match="in stock"):
        world.new_order(seller, quantity=10**7)


def test_every_move_bumps_the_update_time_and_is_told() -> None:
    world, clock = _world()
    told: list[object] = []
    world.observe = told.append
    seller = world.create_seller("quiet-us")
    order = world.new_order(seller)
    updates = [order.updated]
    states = ("UNSHIPPED", "SHIPPED", "DELIVERED", "REFUNDED", "RETURNED")
    updates += [world.advance_order(seller, order.order_id, state).updated for state in states]
    assert updates == sorted(set(updates))
    assert [each.order.state for each in told if isinstance(each, OrderChanged)] == [0, 1, 3, 4, 5, 6]
    clock.advance(86400)
    world.step()
    assert audit.check(world, seller) == []


def test_an_order_of_days_ago_was_delivered_meanwhile_and_tells_its_life() -> None:
    world, clock = _world()
    told: list[object] = []
    seller = world.create_seller("quiet-us")
    world.observe = told.append
    order = world.new_order(seller, may_fail=False, days_ago=14)
    changes = [each.order for each in told if isinstance(each, OrderChanged)]
    assert (world.now_ms - order.created) // 1000 == 14 * 86400
    assert [each.state for each in changes] == [State.PENDING, State.UNSHIPPED, State.SHIPPED, State.DELIVERED]
    assert order == changes[-1]
    assert [each.updated for each in changes] == sorted({each.updated for each in changes})
    assert order.updated < world.now_ms
    with pytest.raises(ValueError, match="0 to 90"):
        world.new_order(seller, days_ago=91)
    clock.advance(86400)
    world.step()
    assert audit.check(world, seller) == []


def test_world_survives_a_restart(tmp_path: Path) -> None:
    clock = SimulatorClock.manual(START)
    first = World(Storage(tmp_path / "first"), clock, seed=5)
    first.create_seller("small-us")
    clock.advance(86400)
    first.step()
    first.commit()
    # What a crash leaves behind is what is in the files.
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    second = World(Storage(tmp_path / "second"), SimulatorClock.manual(START))
    assert _rows(first) == _rows(second)
    assert second.pending_events() == first.pending_events()
    assert second.now_ms == first.now_ms
    (seller,) = second.sellers.values()
    assert audit.check(second, seller) == []
    second.clock.advance(2 * 86400)
    clock.advance(86400)
    first.step()
    second.step()
    assert _rows(first) == _rows(second)


class BooksMachine(RuleBasedStateMachine):
    """Whatever a developer does to a seller's orders, stock and money agree with them."""

    @initialize()
    def begin(self) -> None:
        self.world, self.clock = _world(9)
        self.seller = self.world.create_seller("quiet-us")
        self.orders: list[str] = []

    @rule(quantity=st.integers(1, 4))
    def order(self, quantity: int) -> None:
        try:
            self.orders.append(self.world.new_order(self.seller, quantity=quantity).order_id)
        except ValueError:
            assert quantity > 0  # an empty shelf sells nothing, and that is all

    @rule(index=st.integers(0, 20), state=st.sampled_from(sorted(State.__members__)))
    def move(self, index: int, state: str) -> None:
        if self.orders:
            try:
                self.world.advance_order(self.seller, self.orders[index % len(self.orders)], state)
            except IllegalMoveError:
                return

    @rule(hours=st.integers(1, 400))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours * HOUR // 1000)
        self.world.step()

    @invariant()
    def balances(self) -> None:
        assert audit.check(self.world, self.seller) == []


BooksMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck), deadline=None
)
TestBooks = BooksMachine.TestCase


@given(amounts=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 10**6)), max_size=30))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_ledger_always_sums_to_zero(amounts: list[tuple[int, int, int]]) -> None:
    storage = Storage()
    books = accounts.Books(storage.connection)
    for origin, target, amount in amounts:
        books.post(1, 0, f"account {origin}", f"account {target}", "USD", amount)
    assert sum(amount for *_, amount in books.balances()) == 0
    books.flush()
    again = accounts.Books(storage.connection)
    assert sorted(again.balances()) == sorted(books.balances())


def test_a_movement_is_never_negative() -> None:
    storage = Storage()
    with pytest.raises(ValueError, match="positive"):
        accounts.Books(storage.connection).post(1, 0, "a", "b", "USD", -1)


def test_two_simulators_cannot_share_a_directory(tmp_path: Path) -> None:
    first = Storage(tmp_path)
    with pytest.raises(StateInUseError, match="another simulator"):
        Storage(tmp_path)
    first.close()
    Storage(tmp_path).close()
