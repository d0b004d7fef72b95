"""Stock in the store: each look is written down once, own stock moves through one ledger, lists show both together."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from quayside.connections import service as connections
from quayside.inventory import days_store, own_rules, own_service, own_store, service
from quayside.inventory.days_rules import Outlook
from quayside.inventory.own_rules import Kind, Movement
from quayside.inventory.own_service import LocationChange
from quayside.inventory.own_views import MovementView
from quayside.inventory.records import BalanceRecord, MovementRecord
from quayside.inventory.rules import PositionFacts, Quantities
from quayside.inventory.views import StockLine
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import keys
from quayside.sync.registry import INVENTORY
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import DE, US


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US, DE))
    with tenant_scope(made.seller.tenant_id):
        yield made


def stock(on: Bench, sku: str = "A", place: str = US, **quantities: int) -> None:
    facts = PositionFacts(
        marketplace_id=place,
        seller_sku=sku,
        updated_at=on.now,
        quantities=Quantities(**quantities),
        title=f"Lamp {sku}",
    )
    service.apply_facts(on.seller.connection_id, facts, received_at=on.now)


def in_step(on: Bench) -> None:
    connections.record_success(on.seller.connection_id, INVENTORY, rows=1, now=on.now)


def look(on: Bench, after: tuple[str, str] | None = None, *, short: bool = False) -> tuple[str, str] | None:
    return service.look_at_stock(
        on.seller.connection_id, sorted((US, DE)), after, clock=on.aws.clock, time_is_short=lambda: short
    )


def lines(on: Bench, **filters: object) -> list[StockLine]:
    page = service.list_positions(clock=on.aws.clock, **filters)  # type: ignore[arg-type]  # the filters of the list
    return list(page.positions)


def place_of(on: Bench, name: str = "Garage", marketplace_id: str = US) -> str:
    added = own_service.add_location(name, on.seller.connection_id, marketplace_id, entropy=entropy_of(len(name)))
    return added.location_id


def move(on: Bench, location_id: str, kind: Kind, units: int, sku: str = "A") -> MovementView:
    return own_service.move(location_id, sku, kind, units, note="", member_id="anna", clock=on.aws.clock)


def test_days_are_written_down_and_shown_with_the_list(on: Bench) -> None:
    in_step(on)
    stock(on, fulfillable=7)
    stock(on, "B", inbound_shipped=2)
    assert look(on) is None
    on.aws.clock.advance(timedelta(days=1).total_seconds())
    in_step(on)
    stock(on, fulfillable=0, reserved_transfer=1)
    look(on)
    kept = on.kinds()
    look(on)

    assert on.kinds() == kept
    assert kept["inventory_month"] == 2
    first, second = lines(on)
    assert first.recent[-3:] == (None, 7, 0)
    assert (first.days_without, first.standing, first.own_stock) == (1, "reserved", None)
    assert (second.recent[-1], second.standing) == (0, "on_the_way")
    assert [each.seller_sku for each in lines(on, standing="on_the_way")] == ["B"]


def test_a_look_whose_time_is_short_goes_on_where_it_stopped(on: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_LOOKED_AT_ONCE", 1)
    in_step(on)
    for sku in "ABC":
        stock(on, sku, fulfillable=1)

    stopped, steps = look(on, short=True), 1
    while stopped is not None:
        stopped, steps = look(on, stopped, short=True), steps + 1

    assert steps >= 3
    assert on.kinds()["inventory_month"] == 3


def test_stock_that_is_not_in_step_is_not_written_under_todays_date(on: Bench) -> None:
    stock(on, fulfillable=7)
    in_step(on)
    on.aws.clock.advance(timedelta(days=1, minutes=1).total_seconds())

    assert look(on) is None
    assert on.kinds()["inventory_month"] == 0


def test_a_position_shows_its_days_its_figures_and_the_own_stock(on: Bench) -> None:
    in_step(on)
    stock(on, fulfillable=10)
    look(on)
    outlook = Outlook("2026-11-20", 2000, 3, 4, 0)
    assert days_store.put_outlook(on.seller.connection_id, US, "A", outlook)
    assert not days_store.put_outlook(on.seller.connection_id, US, "none", outlook)
    move(on, place_of(on), "received", 12)
    move(on, place_of(on, "Halle", DE), "received", 99)

    found = service.show_position(on.seller.connection_id, US, "A", clock=on.aws.clock)

    assert len(found.days) == 90
    assert found.days[-1].fulfillable == 10
    assert found.days[-2].fulfillable is None
    assert (found.days_of_cover.value, found.line.aged_units) == (5, 4)
    assert [each.value for each in found.aged] == [4, 0]
    assert [(each.name, each.units) for each in found.own_stock] == [("Garage", 12)]
    assert found.line.own_stock == 12
    # What Amazon tells next leaves the outlook alone.
    on.aws.clock.advance(60)
    stock(on, fulfillable=20)
    assert lines(on)[0].days_of_cover.value == 10
    with pytest.raises(NotFound):
        service.show_position(on.seller.connection_id, DE, "A", clock=on.aws.clock)


def test_own_stock_moves_through_its_ledger(on: Bench) -> None:
    place = place_of(on)
    for kind, units in (("received", 10), ("shipped", 4), ("counted", 7)):
        move(on, place, kind, units)  # type: ignore[arg-type]  # kinds as texts
    with pytest.raises(InvalidInput, match="There are 7 units"):
        move(on, place, "shipped", 8)

    undone = own_service.reverse(place, "A", 2, note="not sent", member_id="anna", clock=on.aws.clock)

    assert (undone.change, undone.balance, undone.reverses) == (4, 11, 2)
    with pytest.raises(InvalidInput, match="already"):
        own_service.reverse(place, "A", 2, note="", member_id="anna", clock=on.aws.clock)
    found = own_service.ledger(place, "A", None, 3)
    assert [each.number for each in found.movements] == [4, 3, 2]
    assert [each.number for each in own_service.ledger(place, "A", found.next_number, 3).movements] == [1]
    page = own_service.list_balances(place, None, 10)
    assert [(each.seller_sku, each.balance) for each in page.balances] == [("A", 11)]


def test_a_worker_that_dies_before_filing_loses_no_movement(on: Bench) -> None:
    place = place_of(on)
    move(on, place, "received", 10)
    move(on, place, "shipped", 1)
    lost = keys.own_movement(on.seller.tenant_id, place, "A", 2)
    MovementRecord.remove(lost)

    assert [each.number for each in own_service.ledger(place, "A", None, 10).movements] == [2, 1]
    assert own_service.reverse(place, "A", 2, note="", member_id="m", clock=on.aws.clock).balance == 10
    assert MovementRecord.find(lost) is not None


def test_who_comes_second_decides_anew(on: Bench) -> None:
    place = place_of(on)
    move(on, place, "received", 10)
    seen: list[int] = []

    def slowly(last: Movement | None) -> Movement:
        assert last is not None
        seen.append(last.balance)
        if len(seen) == 1:
            move(on, place, "shipped", 9)
        return own_rules.next_movement(last, "found", 1, at="", by="m", note="")

    assert own_store.append(place, "A", slowly).balance == 2
    assert seen == [10, 1]
    balance = BalanceRecord.find(keys.own_balance(on.seller.tenant_id, place, "A"))
    assert balance is not None
    assert balance.expires_at is None


def test_places_are_named_closed_and_changed_by_one_at_a_time(on: Bench) -> None:
    place = place_of(on)
    with pytest.raises(InvalidInput, match="Another"):
        place_of(on, " garage ")
    with pytest.raises(NotFound):
        own_service.add_location("X", on.seller.connection_id, "A1VC38T7YXB528", entropy=entropy_of(1))
    closed = own_service.change_location(place, LocationChange(1, closed=True), clock=on.aws.clock)
    assert closed.closed_at
    with pytest.raises(Conflict, match="closed"):
        move(on, place, "received", 1)
    with pytest.raises(Conflict):
        own_service.change_location(place, LocationChange(1, name="B"), clock=on.aws.clock)
    assert own_service.change_location(place, LocationChange(2, name="Barn", closed=False), clock=on.aws.clock).name
    with pytest.raises(NotFound):
        own_service.ledger("nowhere", "A", None, 5)


def test_marketplaces_share_stock_only_when_the_seller_says_so(on: Bench) -> None:
    connection_id = on.seller.connection_id
    assert own_service.linked(connection_id, US) == (US,)
    chosen = own_service.choose_links(connection_id, [[DE, US]], 0)
    assert chosen.version == 1
    assert own_service.linked(connection_id, US) == (DE, US)
    for groups in ([[DE]], [[DE, DE]], [[DE, "XX"]], [[DE, US], [US, DE]]):
        with pytest.raises(InvalidInput):
            own_service.choose_links(connection_id, groups, 1)
    with pytest.raises(Conflict):
        own_service.choose_links(connection_id, [], 0)
    own_service.choose_links(connection_id, [], 1)
    assert own_service.show_links(connection_id).groups == ()
