"""The seller's own shipments in the store: one change, one transaction, and everything that follows from it."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

import msgspec
import pytest

from quayside.accounts.rules import PERMISSIONS_OF_ROLE
from quayside.finance import cost_service
from quayside.inventory import own_service as own_stock
from quayside.kernel.errors import ChangedMeanwhile, Conflict, InvalidInput, NotFound
from quayside.kernel.machines import IllegalMove
from quayside.kernel.sheets import write_sheet
from quayside.kernel.tenancy import tenant_scope
from quayside.procurement import order_service, receipt_service, supplier_service
from quayside.procurement.order_service import Actor, NewOrder
from quayside.procurement.receipt_service import TakeBack
from quayside.procurement.rules import NewLine
from quayside.procurement.supplier_service import SupplierTerms
from quayside.supply_chain import arrival_service, file_service
from quayside.supply_chain import shipment_service as service
from quayside.supply_chain import shipment_store as store
from quayside.supply_chain.arrival_service import Arrival
from quayside.supply_chain.shipment_records import Arrived
from quayside.supply_chain.shipment_rules import AMAZON, Event, LegKind
from quayside.supply_chain.shipment_service import Filters, LegDraft, LineDraft, ShipmentDraft
from quayside.supply_chain.shipment_views import ShipmentCard
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


def today(on: Bench) -> date:
    return service.today_of(US, on.now)


def gone(on: Bench, kind: LegKind, start: int, end: int | None) -> LegDraft:
    """A leg that began and ended so many days ago."""
    return LegDraft(
        kind,
        origin="Ningbo",
        destination="Long Beach",
        actual_start=today(on) - timedelta(days=start),
        actual_end=None if end is None else today(on) - timedelta(days=end),
    )


def draft(on: Bench, *legs: LegDraft, **parts: object) -> ShipmentDraft:
    made = ShipmentDraft(
        name="Autumn",
        connection_id=on.seller.connection_id,
        marketplace_id=US,
        legs=legs or (LegDraft("sea"),),
        lines=(LineDraft("A", 100), LineDraft("B", 40)),
    )
    return msgspec.structs.replace(made, **parts)


def enter(on: Bench, number: int, wanted: ShipmentDraft | None = None) -> ShipmentCard:
    return service.enter(wanted or draft(on), member_id="anna", clock=on.aws.clock, entropy=entropy_of(number))


def change(on: Bench, card: ShipmentCard, wanted: ShipmentDraft) -> ShipmentCard:
    shipment = card.shipment
    return service.change(shipment.shipment_id, wanted, shipment.version, member_id="ben", clock=on.aws.clock)


def move(on: Bench, card: ShipmentCard, event: Event) -> ShipmentCard:
    shipment = card.shipment
    return service.move(shipment.shipment_id, event, shipment.version, member_id="ben", clock=on.aws.clock)


def names(on: Bench, **filters: object) -> list[str]:
    page = service.list_shipments(Filters(**filters), None, 20, clock=on.aws.clock)  # type: ignore[arg-type]
    return [each.name for each in page.shipments]


def under_way(sku: str = "A") -> list[tuple[int, str]]:
    return [(each.units, each.stage) for each in store.under_way_of(sku)]


def test_a_shipment_goes_its_way_and_every_list_follows(on: Bench) -> None:
    card = enter(on, 1)
    assert (card.shipment.state, card.shipment.units, card.arrives_in.value) == ("planned", 140, None)
    assert under_way() == [(100, "on_order")]

    card = change(on, card, draft(on, gone(on, "sea", 30, None), lines=(LineDraft("A", 90), LineDraft("C", 1))))
    assert (card.shipment.state, card.shipment.stage, card.shipment.version) == ("under_way", "in_transit", 2)
    assert (under_way(), under_way("B"), under_way("C")) == ([(90, "in_transit")], [], [(1, "in_transit")])
    assert [entry.about for entry in card.history] == ["legs, units from 140 to 91", ""]

    card = change(on, card, draft(on, gone(on, "sea", 30, 2)))
    assert (card.shipment.state, card.events) == ("arrived", ("close",))
    card = move(on, card, "close")
    assert (card.shipment.ended_on, under_way(), under_way("C")) == (today(on), [], [])
    assert (names(on), names(on, ended=True)) == ([], ["Autumn"])
    with pytest.raises(Conflict, match="reopen it first"):
        change(on, card, draft(on))

    assert move(on, card, "reopen").shipment.state == "arrived"
    assert under_way() == [(100, "in_transit")]
    assert service.show(card.shipment.shipment_id, clock=on.aws.clock).history[0].what == "reopen"


def test_whoever_comes_second_is_told_and_nothing_of_theirs_is_written(on: Bench) -> None:
    card = enter(on, 1)
    change(on, card, draft(on, name="Mine"))
    yours = draft(on, name="Yours")
    with pytest.raises(ChangedMeanwhile) as refused:
        change(on, card, yours)
    assert refused.value.yours == yours
    assert isinstance(refused.value.current, ShipmentCard)
    assert refused.value.current.shipment.name == "Mine"
    with pytest.raises(Conflict):
        move(on, card, "cancel")
    assert names(on) == ["Mine"]


def test_what_is_written_at_once_is_written_whole_or_not_at_all(on: Bench) -> None:
    card = enter(on, 1)
    kept = store.find(card.shipment.shipment_id)
    assert kept is not None
    older = kept._replace(version=7)
    changed = msgspec.structs.replace(kept.shipment, name="Other")
    made = service._prepared(older, kept.shipment_id, changed, kept.detail, on.now, within_orders=True)
    assert not store.save(made)
    assert store.find(kept.shipment_id) == kept


def test_legs_that_ended_tell_how_long_the_next_one_takes(on: Bench) -> None:
    first, *_ = [enter(on, number, draft(on, gone(on, "sea", days + 1, 1))) for number, days in enumerate((20, 24, 40))]
    card = enter(on, 9, draft(on, gone(on, "sea", 10, None), LegDraft("customs")))
    estimate = card.shipment.legs[0].estimate
    assert estimate is not None
    assert (estimate.median_days, estimate.p90_days, estimate.observations) == (24, 40, 3)
    assert card.shipment.legs[0].end == today(on) + timedelta(days=14)
    assert "customs" in card.arrives_in.method.filled

    (row,) = service.list_lead_times(clock=on.aws.clock).rows
    assert (row.kind, row.median.value, row.p90.value) == ("sea", 24, 40)
    # One that is cancelled measured nothing.
    back = change(on, first, draft(on, gone(on, "sea", 5, None)))
    move(on, back, "cancel")
    assert len(service.observations()["sea"]) == 2


def test_lists_page_filter_and_search(on: Bench) -> None:
    late = LegDraft("sea", planned_start=today(on) - timedelta(days=9), planned_end=today(on) - timedelta(days=2))
    enter(on, 1, draft(on, msgspec.structs.replace(late, actual_start=late.planned_start), name="Late"))
    for number in range(2, 6):
        enter(on, number, draft(on, name=f"N{number}", lines=(LineDraft(f"SKU-{number}", 5),)))

    assert names(on, late=True) == ["Late"]
    assert names(on, search="sku-4") == ["N4"]
    assert names(on, state="under_way") == ["Late"]
    seen, cursor = [], None
    while True:
        page = service.list_shipments(Filters(), cursor, 2, clock=on.aws.clock)
        seen += [each.name for each in page.shipments]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == ["Late", "N2", "N3", "N4", "N5"]
    open_cursor = service.list_shipments(Filters(), None, 2, clock=on.aws.clock).next_cursor
    with pytest.raises(InvalidInput):
        service.list_shipments(Filters(ended=True), open_cursor, 2, clock=on.aws.clock)


def test_what_can_t_be_is_refused_by_name(on: Bench) -> None:
    with pytest.raises(InvalidInput) as refused:
        enter(on, 1, draft(on, LegDraft("sea", actual_start=today(on) + timedelta(days=3))))
    assert refused.value.fields[0].field == "legs[0].actual_start"
    with pytest.raises(NotFound) as missing:
        enter(on, 1, draft(on, destination="nowhere"))
    assert missing.value.code == "location_not_found"
    with pytest.raises(NotFound):
        enter(on, 1, draft(on, marketplace_id="A1VC38T7YXB528"))
    with pytest.raises(NotFound):
        service.show("none", clock=on.aws.clock)
    with pytest.raises(NotFound):
        service.move("none", "close", 1, member_id="anna", clock=on.aws.clock)
    card = enter(on, 1)
    with pytest.raises(InvalidInput, match="follows from the days"):
        move(on, card, "arrive")
    with pytest.raises(IllegalMove):
        move(on, card, "close")
    assert card.shipment.destination == AMAZON


# -- Purchase orders, and what arrives ---------------------------------------------------------------------------------


def ordered(on: Bench) -> str:
    """An order of 100 A and 50 B that was sent to its supplier."""
    supplier = supplier_service.add_supplier(SupplierTerms("Anker", "USD"), clock=on.aws.clock, entropy=entropy_of(70))
    lines = (NewLine("A", 100, "2.50", "Lamp"), NewLine("B", 50, "1.00", "Mug"))
    made = order_service.draft(
        NewOrder(supplier.supplier_id, lines), member_id="anna", clock=on.aws.clock, entropy=entropy_of(71)
    )
    actor = Actor("anna", "owner", PERMISSIONS_OF_ROLE["owner"])
    made = order_service.move(made.order_id, "approve", made.step, actor=actor, clock=on.aws.clock)
    return order_service.move(made.order_id, "send", made.step, actor=actor, clock=on.aws.clock).order_id


def of_order(order_id: str, units: int, sku: str = "A", line_id: str = "1") -> LineDraft:
    return LineDraft(sku, units, order_id=order_id, line_id=line_id)


def arrive(on: Bench, card: ShipmentCard, *arrived: Arrived) -> ShipmentCard:
    shipment = card.shipment
    return arrival_service.receive(
        shipment.shipment_id, Arrival(shipment.version, today(on), arrived), member_id="ben", clock=on.aws.clock
    )


def test_one_order_goes_in_several_shipments_and_never_more_than_was_ordered(on: Bench) -> None:
    order_id = ordered(on)
    first = enter(on, 1, draft(on, lines=(of_order(order_id, 70), LineDraft("A", 5))))
    assert (first.lines[0].order_number, first.lines[0].title, first.shipment.orders) == (
        "PO-000001",
        "Lamp",
        ("PO-000001",),
    )
    with pytest.raises(InvalidInput) as refused:
        enter(on, 2, draft(on, lines=(of_order(order_id, 31),)))
    assert refused.value.code == "more_than_ordered"
    assert "100 units are still to come, 70 of them are in other shipments; at most 30" in refused.value.detail
    listed = service.order_lines("po-0")
    assert [(line.seller_sku, line.units, line.to_come) for line in listed.lines] == [("A", 30, 100), ("B", 50, 50)]
    assert (listed.whole, service.order_lines("none").lines) == (True, ())
    second = enter(on, 2, draft(on, lines=(of_order(order_id, 30), of_order(order_id, 50, "B", "2"))))
    assert under_way() == [(30, "on_order"), (75, "on_order")]

    move(on, first, "cancel")
    assert change(on, second, draft(on, lines=(of_order(order_id, 100),))).shipment.units == 100
    with pytest.raises(InvalidInput):
        move(on, service.show(first.shipment.shipment_id, clock=on.aws.clock), "reopen")
    with pytest.raises(InvalidInput, match="no line 9"):
        enter(on, 3, draft(on, lines=(of_order(order_id, 1, line_id="9"),)))
    with pytest.raises(NotFound):
        enter(on, 3, draft(on, lines=(of_order("none", 1),)))


def test_what_arrives_goes_into_order_stock_and_shipment_once(on: Bench) -> None:
    order_id = ordered(on)
    shed = own_stock.add_location("Shed", on.seller.connection_id, US, entropy=entropy_of(5)).location_id
    goes = draft(on, gone(on, "sea", 9, None), destination=shed, lines=(of_order(order_id, 80), LineDraft("SAMPLE", 4)))
    card = arrive(on, enter(on, 1, goes), Arrived(0, 50, 2), Arrived(1, 4))
    assert [(line.received, line.damaged) for line in card.lines] == [(52, 2), (4, 0)]
    assert (card.pending, card.history[0].about) == (None, "54 good, 2 damaged")
    assert (under_way(), under_way("SAMPLE")) == ([(28, "in_transit")], [])
    stock = {each.seller_sku: each.balance for each in own_stock.list_balances(shed, None, 50).balances}
    assert stock == {"A": 50, "SAMPLE": 4}
    # 50 good ones of 100 arrived; 28 are under way, so the other shipments have room for the rest.
    assert order_service.shippable(order_id)[0].received >= 50
    with pytest.raises(InvalidInput, match="has to stay"):
        change(on, card, draft(on, gone(on, "sea", 9, None), destination=shed, lines=(LineDraft("SAMPLE", 4),)))


class Died(BaseException):
    """The process died."""


def test_a_receipt_that_died_half_way_is_finished_and_nothing_is_received_twice(on: Bench) -> None:
    order_id = ordered(on)
    shed = own_stock.add_location("Shed", on.seller.connection_id, US, entropy=entropy_of(5)).location_id
    card = enter(on, 1, draft(on, gone(on, "sea", 9, None), destination=shed, lines=(of_order(order_id, 80),)))
    client = on.aws.store.connection("tenant").client
    calls = iter(range(100))

    def die(**_: object) -> None:
        if next(calls) == 20:
            raise Died

    client.meta.events.register_first("request-created", die, unique_id="die")
    try:
        with pytest.raises(Died):
            arrive(on, card, Arrived(0, 80))
    finally:
        client.meta.events.unregister("request-created", die, unique_id="die")
    begun = service.show(card.shipment.shipment_id, clock=on.aws.clock)
    assert begun.pending is not None
    with pytest.raises(Conflict) as refused:
        arrive(on, begun, Arrived(0, 1))
    assert refused.value.code == "receipt_unfinished"

    for _ in range(2):
        card = arrival_service.finish(card.shipment.shipment_id, member_id="ben", clock=on.aws.clock)
    assert (card.lines[0].received, card.pending) == (80, None)
    assert own_stock.list_balances(shed, None, 50).balances[0].balance == 80
    assert order_service.shippable(order_id)[0].received == 80


def test_a_receipt_that_is_taken_back_leaves_order_stock_lots_and_shipment_whatever_dies(on: Bench) -> None:
    order_id = ordered(on)
    shed = own_stock.add_location("Shed", on.seller.connection_id, US, entropy=entropy_of(5)).location_id
    lines = (of_order(order_id, 80), LineDraft("A", 5))
    card = enter(on, 1, draft(on, gone(on, "sea", 9, None), destination=shed, lines=lines))
    card = arrive(on, card, Arrived(0, 30), Arrived(1, 5))
    card = arrive(on, card, Arrived(0, 50, 4))
    # Another shipment took what was to come of the order meanwhile: that does not keep the receipt.
    enter(on, 2, draft(on, lines=(of_order(order_id, 16),)))
    receipt_id = order_service.order(order_id).receipts[1].receipt_id
    wanted = TakeBack(order_service.order(order_id).step, "Counted twice")
    follow = partial(arrival_service.follow_taking_back, clock=on.aws.clock)
    client = on.aws.store.connection("tenant").client
    deaths = 0
    while True:
        writes = iter(range(100))

        def die(left: int = deaths, count: Iterator[int] = writes, **_: object) -> None:
            if next(count) == left:
                raise Died

        names = [f"request-created.dynamodb.{each}" for each in ("UpdateItem", "PutItem", "TransactWriteItems")]
        for name in names:
            client.meta.events.register_first(name, die, unique_id=f"die-{name}")
        try:
            view = receipt_service.take_back(
                order_id, receipt_id, wanted, member_id="ben", clock=on.aws.clock, follow=follow
            )
            break
        except Died:
            deaths += 1
        finally:
            for name in names:
                client.meta.events.unregister(name, die, unique_id=f"die-{name}")
    # The order; stock with its ledger; the lot that goes, the lot that stays; the shipment; the mark.
    assert deaths >= 6
    assert (view.state, view.lines[0].good, view.lines[0].damaged, view.lines[0].to_come) == (
        "partially_received", 30, 0, 70,
    )  # fmt: skip
    stock = {each.seller_sku: each.balance for each in own_stock.list_balances(shed, None, 50).balances}
    assert stock == {"A": 35}
    moves = own_stock.ledger(shed, "A", None, 9).movements
    assert [(each.kind, each.change, each.reverses) for each in moves if each.kind == "reversal"] == [
        ("reversal", -50, 3)
    ]
    book = cost_service.cost_book("A")
    assert book is not None
    assert [(lot.units, lot.landed_minor) for lot in book.lots["A"]] == [(30, 7500)]
    card = service.show(card.shipment.shipment_id, clock=on.aws.clock)
    assert [(line.received, line.damaged) for line in card.lines] == [(30, 0), (5, 0)]
    assert [(entry.what, entry.about) for entry in card.history if entry.what == "taken_back"] == [
        ("taken_back", "50 good, 4 damaged: Counted twice")
    ]
    assert under_way() == [(16, "on_order"), (50, "in_transit")]
    # Nothing else is taken back by taking the rest of it back, or by asking for the same once more.
    receipt_service.take_back(order_id, receipt_id, wanted, member_id="ben", clock=on.aws.clock, follow=follow)
    assert service.show(card.shipment.shipment_id, clock=on.aws.clock) == card
    arrive(on, card, Arrived(0, 50))
    assert order_service.order(order_id).good("1") == 80


def test_what_an_order_refuses_is_not_received(on: Bench) -> None:
    order_id = ordered(on)
    card = enter(on, 1, draft(on, gone(on, "sea", 9, None), lines=(of_order(order_id, 80), LineDraft("A", 5))))
    with pytest.raises(InvalidInput) as refused:
        arrive(on, card, Arrived(1, 5), Arrived(0, 8000))
    assert refused.value.code == "beyond_tolerance"
    card = service.show(card.shipment.shipment_id, clock=on.aws.clock)
    assert ([line.received for line in card.lines], card.pending) == ([0, 5], None)
    for wrong in (Arrived(2, 1), Arrived(0, 0), Arrived(0, -1)):
        with pytest.raises(InvalidInput):
            arrive(on, card, wrong)
    with pytest.raises(Conflict) as early:
        arrive(on, enter(on, 2), Arrived(0, 1))
    assert early.value.code == "not_under_way"
    with pytest.raises(NotFound):
        arrival_service.finish("none", member_id="ben", clock=on.aws.clock)


FILE = """\
name;marketplace;destination;order;line;sku;units;by;from;to;carrier;planned_departure;planned_arrival;departed
Autumn;US;;PO-000001;;A;60;sea;Ningbo;Long Beach;Ocean;2026-11-01;2026-12-01;
autumn;;;1;2;B;50;Sea freight;Ningbo;Long Beach;Ocean;2026-11-01;2026-12-01;
Too much;US;;PO-000001;;A;50;air;;;;;;
The rest;US;shed;PO-000001;1;A;40;air;;;;;;
Which;US;;PO-000009;;A;1;air;;;;;;
Not on it;US;;PO-000001;9;A;1;air;;;;;;
Without;US;;;2;A;1;air;;;;;;
No leg;US;;;;A;1;;;;;;;
Mars;Mars;;;;A;1;air;;;;;;
Barn;US;barn;;;A;1;air;;;;;;
Ahead;US;;;;A;1;air;;;;;;2026-12-24
"""


def test_shipments_from_a_file_are_judged_one_by_one_and_entered_once(on: Bench) -> None:
    ordered(on)
    shed = own_stock.add_location("Shed", on.seller.connection_id, US, entropy=entropy_of(5)).location_id
    judged = file_service.preview(FILE, clock=on.aws.clock)
    assert (judged.new, judged.known, judged.refused) == (2, 0, 8)
    assert [(each.lines, each.name, each.state) for each in judged.rows[:3]] == [
        ((2, 3), "Autumn", "new"), ((4,), "Too much", "refused"), ((5,), "The rest", "new"),
    ]  # fmt: skip
    assert [each.says for each in judged.rows if each.state == "new"] == [
        "60 A, 50 B; sea freight 2026-11-01 to 2026-12-01; to Amazon, US", "40 A; air freight; to own stock, US",
    ]  # fmt: skip
    says = [each.says for each in judged.rows if each.state == "refused"]
    assert says[:-1] == [
        "units of A can be 40 at most: so many of PO-000001, line 1 are still to come and in no other shipment",
        "order PO-000009 is none of yours; it is a number such as PO-000012",
        "order PO-000001 has no line 9 of A",
        "order is needed beside its line",
        "legs must be 1 to 12; there are 0.",
        "marketplace “Mars” is none where you sell; name it by country, such as US",
        "destination “barn” is no place of yours; it is one, or amazon",
    ]
    assert says[-1].startswith("departed of leg 1 lies ahead: what happened is 2026-11-")
    assert names(on) == []

    entered = file_service.import_file(FILE, member_id="anna", clock=on.aws.clock)
    assert entered == judged
    assert names(on) == ["Autumn", "The rest"]
    on.aws.clock.advance(timedelta(days=2).total_seconds())
    again = file_service.import_file(FILE, member_id="anna", clock=on.aws.clock)
    # Nothing is left of the order for the one that wanted too much.
    assert (again.new, again.known, again.refused, names(on)) == (0, 2, 8, ["Autumn", "The rest"])

    # What is exported is known when it comes back, and is the same elsewhere.
    page = service.list_whole(Filters(), None, 10, clock=on.aws.clock)
    text = write_sheet(page.columns, page.rows)
    back = file_service.preview(text, clock=on.aws.clock)
    assert ([row.state for row in back.rows], page.things) == (["known", "known"], 2)
    (rest,) = (row for row in page.rows if row[0] == "The rest")
    values = dict(zip(page.columns, rest, strict=True)) | {"shipment_id": "none", "order": "", "line": "", "units": "7"}
    file_service.import_file(write_sheet(tuple(values), [tuple(values.values())]), member_id="anna", clock=on.aws.clock)
    (twin,) = (found for name, listed in store.newest_open(9) if listed.units == 7 and (found := store.find(name)))
    assert (twin.shipment.name, twin.shipment.destination, twin.detail.history[0].about) == (
        "The rest", shed, "from a file",
    )  # fmt: skip
