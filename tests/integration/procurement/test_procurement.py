"""Procurement in the store: an order from draft to closed, with stock, lots, charges and payments that agree."""

from collections.abc import Iterator
from datetime import date, timedelta

import msgspec
import pytest

from quayside.accounts.rules import PERMISSIONS_OF_ROLE, Role
from quayside.finance import cost_service
from quayside.inventory import own_service
from quayside.kernel.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from quayside.kernel.file_rows import ImportView
from quayside.kernel.machines import IllegalMove
from quayside.kernel.money import Money
from quayside.kernel.sheets import write_sheet
from quayside.kernel.tenancy import tenant_scope
from quayside.procurement import (
    charge_service,
    file_service,
    order_service,
    payment_service,
    receipt_rules,
    receipt_service,
    store,
    supplier_service,
    supplier_store,
)
from quayside.procurement.charge_service import Covered, NewCharge
from quayside.procurement.file_rules import CARTON
from quayside.procurement.order_file_rules import read_orders
from quayside.procurement.order_service import Actor, Amendment, NewOrder, SettingsChange
from quayside.procurement.payment_service import NewPayment
from quayside.procurement.receipt_service import NewReceipt, TakeBack
from quayside.procurement.records import SELLER, EntryRecord, text_of
from quayside.procurement.rules import Carton, Event, NewLine, ReceivedUnits, TakenBack, Terms
from quayside.procurement.supplier_file_rules import read_suppliers
from quayside.procurement.supplier_service import SupplierTerms
from quayside.procurement.views import OrderView
from quayside.storage import keys
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied
from tests.support.notifications import US

HALF = Terms(deposit_percent=30, deposit_days=0, balance_due="received", balance_days=30)
LINES = (
    NewLine("MUG", 1000, "1.25", "Mug", Carton(50, 400, 300, 300, 15_000)),
    NewLine("POT", 300, "4.105", "Pot", Carton(12, 500, 400, 400, 18_000)),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared), marketplaces=(US,))
    with tenant_scope(made.seller.tenant_id):
        yield made


def who(role: Role = "owner") -> Actor:
    return Actor("anna", role, PERMISSIONS_OF_ROLE[role])


def supplier(on: Bench, name: str = "Yiwu Home", currency: str = "USD") -> str:
    new = SupplierTerms(name, currency, HALF, lead_time_days=40)
    return supplier_service.add_supplier(
        new, clock=on.aws.clock, entropy=entropy_of(int.from_bytes(name.encode()))
    ).supplier_id


def drafted(on: Bench, **fields: object) -> OrderView:
    new = NewOrder(supplier(on), LINES, expected_on=on.now.date() + timedelta(days=40))
    return order_service.draft(
        msgspec.structs.replace(new, **fields), member_id="anna", clock=on.aws.clock, entropy=entropy_of(9)
    )


def move(on: Bench, order: OrderView, *events: Event, actor: Actor | None = None) -> OrderView:
    for event in events:
        order = order_service.move(order.order_id, event, order.step, actor=actor or who(), clock=on.aws.clock)
    return order


def place(on: Bench) -> str:
    return own_service.add_location("Shed", on.seller.connection_id, US, entropy=entropy_of(5)).location_id


def receive(on: Bench, order: OrderView, receipt_id: str, where: str, *lines: ReceivedUnits) -> OrderView:
    new = NewReceipt(receipt_id, on.now.date(), where, lines)
    return receipt_service.receive(order.order_id, new, member_id="anna", clock=on.aws.clock)


def charge(on: Bench, order: OrderView, charge_id: str, amount: str, by: str = "volume") -> None:
    covers = tuple(Covered(order.order_id, line.line_id) for line in order.lines)
    new = msgspec.convert(
        {"charge_id": charge_id, "kind": "freight", "amount": amount, "currency": "USD",
         "day": on.now.date().isoformat(), "allocate_by": by, "covers": msgspec.to_builtins(covers)},
        NewCharge,
    )  # fmt: skip
    charge_service.add(new, member_id="anna", clock=on.aws.clock)


def lots(sku: str) -> list[tuple[int | None, int, int | None]]:
    found = cost_service.cost_book(sku)
    assert found is not None
    return [(lot.units, lot.landed_minor, lot.manufacturing_minor) for lot in found.lots[sku]]


def units_at(where: str) -> dict[str, int]:
    listed = own_service.list_balances(where, cursor=None, limit=50).balances
    return {each.seller_sku: each.balance for each in listed}


def test_an_order_goes_from_draft_to_closed_and_every_book_agrees(on: Bench) -> None:
    shed = place(on)
    order = drafted(on)
    assert (order.number, order.state, order.total) == ("PO-000001", "draft", Money(125_000 + 123_150, "USD"))
    assert order_service.open_orders(["MUG"]) == {}
    order = move(on, order, "approve", "send", "confirm", "start_production")
    (line,) = order_service.open_orders(["MUG", "NONE"])["MUG"]
    assert (line.number, line.units, line.state) == ("PO-000001", 1000, "in_production")
    # 30 % of 2,481.50 is 744.45, due when it was sent; the rest waits for the goods.
    due = order_service.payments_due(None, None, 10, clock=on.aws.clock).due
    assert [(each.kind, each.amount, each.due_on is None) for each in due] == [
        ("deposit", Money(74_445, "USD"), False), ("balance", Money(173_705, "USD"), True),
    ]  # fmt: skip

    # 20 cartons of 0.036 m³ and 25 of 0.08 m³: 0.72 and 2.00 of 2.72 m³. 1,000.00 * 0.72 / 2.72 = 264.70, rest 735.30.
    charge(on, order, "freight-1", "1000.00")
    order = receive(on, order, "receipt-1", shed, ReceivedUnits("1", 600), ReceivedUnits("2", 100, 20))
    assert order.state == "partially_received"
    assert units_at(shed) == {"MUG": 600, "POT": 100}
    # MUG: 600 of 1,000 units bear 158.82 of 264.70. POT: 280 can still be good; 100 of them bear 262.60 of 735.30.
    assert lots("MUG") == [(600, 75_000 + 15_882, 75_000)]
    assert lots("POT") == [(100, 41_050 + 26_260, 41_050)]

    order = receive(on, order, "receipt-2", "amazon", ReceivedUnits("1", 390), ReceivedUnits("2", 180))
    assert (order.state, units_at(shed)) == ("partially_received", {"MUG": 600, "POT": 100})
    order = move(on, order, "close")
    # Closed ten mugs short: 990 bear all of the freight, to the cent.
    assert sum(landed - goods for _, landed, goods in lots("MUG") if goods is not None) == 26_470
    assert sum(landed - goods for _, landed, goods in lots("POT") if goods is not None) == 73_530
    assert sorted(made or 0 for _, _, made in lots("MUG")) == [48_750, 75_000]
    assert order_service.open_orders(["MUG", "POT"]) == {}
    # What arrived well is owed: 990 * 1.25 + 280 * 4.105 = 1,237.50 + 1,149.40.
    assert sum(part.amount.amount_minor for part in order.schedule) == 238_690
    (mug, _) = order.costs
    assert (mug.landed.value, mug.unit, mug.in_stock) == (123_750 + 26_470, "1.5174", Money(150_220, "USD"))
    assert [each.event for each in order_service.changes(order.order_id, None, 3).changes] == [
        "close", "posted", "receive",
    ]  # fmt: skip


def test_the_same_receipt_twice_is_one_and_an_interrupted_one_is_finished(on: Bench) -> None:
    shed = place(on)
    order = move(on, drafted(on), "approve", "send")
    receive(on, order, "receipt-1", shed, ReceivedUnits("1", 10))
    again = receive(on, order, "receipt-1", shed, ReceivedUnits("1", 10))
    assert (units_at(shed), len(again.receipts), len(lots("MUG"))) == ({"MUG": 10}, 1, 1)
    with pytest.raises(Conflict, match="has this id"):
        receive(on, order, "receipt-1", shed, ReceivedUnits("1", 11))

    # The process died after the order was written: neither stock nor lots know, and nobody says otherwise.
    before = order_service.order(order.order_id)
    unposted = tuple(msgspec.structs.replace(each, posted=False) for each in before.receipts)
    died = msgspec.structs.replace(before, receipts=unposted, step=before.step + 1)
    change = order_service.change_of(before, died, "receive", "anna", on.now)
    assert store.save([store.Saving(before, died, change)], on.now)
    finished = receipt_service.finish(order.order_id, clock=on.aws.clock)
    assert (finished.receipts[0].posted, units_at(shed), len(lots("MUG"))) == (True, {"MUG": 10}, 1)


def take_back(on: Bench, order: OrderView, receipt_id: str, by: str = "anna", step: int | None = None) -> OrderView:
    wanted = TakeBack(order.step if step is None else step, "  Counted   twice ")
    return receipt_service.take_back(order.order_id, receipt_id, wanted, member_id=by, clock=on.aws.clock)


def test_a_receipt_is_taken_back_once_and_every_book_agrees_again(on: Bench) -> None:
    shed = place(on)
    order = move(on, drafted(on), "approve", "send", "confirm")
    charge(on, order, "freight-1", "1000.00")
    receive(on, order, "receipt-1", shed, ReceivedUnits("1", 600), ReceivedUnits("2", 100, 20))
    order = receive(on, order, "receipt-2", shed, ReceivedUnits("1", 400), ReceivedUnits("2", 180))
    card = supplier_service.scorecard(order.supplier_id, clock=on.aws.clock)
    assert (order.state, card.orders) == ("received", 1)
    # 980 of the 1,000 mugs were sold: all of them have a cost while both lots are there.
    sold = {on.now.date(): 980}
    assert cost_service.cost_of_units("MUG", 0, sold).uncosted_units == 0

    told = receipt_service.preview_taking_back(order.order_id, "receipt-1")
    assert (told.state, told.next_state, told.place, told.possible) == ("received", "partially_received", "Shed", True)
    assert [(each.good, each.to_come, each.left, each.problem) for each in told.lines] == [
        (400, 600, 1000, ""), (180, 120, 280, ""),
    ]  # fmt: skip
    # Received, what arrived well is owed; with something to come, what was ordered.
    assert (told.owed, told.next_owed) == (Money(125_000 + 114_940, "USD"), Money(125_000 + 123_150, "USD"))
    # 600 of 1,000 mugs and 100 of 280 good pots, with their part of the freight.
    assert told.withdrawn == Money(75_000 + 15_882 + 41_050 + 26_260, "USD")

    after = take_back(on, order, "receipt-1")
    assert (after.state, [line.to_come for line in after.lines]) == (told.next_state, [600, 120])
    assert [(each.receipt_id, each.taken_back is None) for each in after.receipts] == [
        ("receipt-1", False), ("receipt-2", True),
    ]  # fmt: skip
    assert units_at(shed) == {"MUG": 400, "POT": 180}
    # 400 of 1,000 mugs bear 264.70 * 0.4 of the freight, 180 of 300 pots 735.30 * 0.6.
    assert lots("MUG") == [(400, 50_000 + 10_588, 50_000)]
    assert lots("POT") == [(180, 73_890 + 44_118, 73_890)]
    assert [lot.seller_sku for lot in cost_service.list_lots("", None, 9).lots] == ["MUG", "POT"]
    assert cost_service.cost_of_units("MUG", 0, sold).uncosted_units == 580
    assert order_service.open_orders(["MUG"])["MUG"][0].units == 600
    assert supplier_service.scorecard(order.supplier_id, clock=on.aws.clock).orders == 0

    # Once: the same again changes nothing; somebody else is told, with both versions.
    assert take_back(on, order, "receipt-1") == after
    assert receive(on, order, "receipt-1", shed, ReceivedUnits("1", 600), ReceivedUnits("2", 100, 20)) == after
    with pytest.raises(ChangedMeanwhile) as lost:
        take_back(on, order, "receipt-1", by="ben")
    assert lost.value.current == after
    with pytest.raises(ChangedMeanwhile):
        take_back(on, order, "receipt-2")
    with pytest.raises(NotFound):
        take_back(on, after, "receipt-9")
    with pytest.raises(Conflict, match="was taken back on"):
        receipt_service.preview_taking_back(order.order_id, "receipt-1")

    # Entered as it was, the order is received after all, and all lots together bear the freight to the cent.
    order = receive(on, after, "receipt-3", "amazon", ReceivedUnits("1", 600), ReceivedUnits("2", 120))
    assert order.state == "received"
    assert sum(landed - (made or 0) for sku in ("MUG", "POT") for _, landed, made in lots(sku)) == 100_000
    order = take_back(on, take_back(on, move(on, order, "close"), "receipt-3"), "receipt-2")
    assert (order.state, units_at(shed), lots("MUG"), lots("POT")) == ("confirmed", {"MUG": 0, "POT": 0}, [], [])
    assert [each.event for each in order_service.changes(order.order_id, None, 5).changes] == [
        "posted", "receipt_taken_back", "posted", "receipt_taken_back", "close",
    ]  # fmt: skip


def test_what_is_no_longer_there_can_not_be_taken_back_and_nothing_moves(on: Bench) -> None:
    shed = place(on)
    order = move(on, drafted(on), "approve", "send")
    order = receive(on, order, "receipt-1", shed, ReceivedUnits("1", 60), ReceivedUnits("2", 50))
    own_service.move(shed, "POT", "shipped", 20, note="", member_id="ben", clock=on.aws.clock)
    told = receipt_service.preview_taking_back(order.order_id, "receipt-1")
    assert (told.possible, told.lines[1].problem) == (False, "30 of 50 units of POT are left at Shed")
    with pytest.raises(Conflict, match="30 of 50 units of POT are left at Shed") as refused:
        take_back(on, order, "receipt-1")
    assert refused.value.code == "stock_gone"
    assert (units_at(shed), len(lots("POT"))) == ({"MUG": 60, "POT": 30}, 1)
    assert order_service.show(order.order_id, clock=on.aws.clock) == order
    with pytest.raises(InvalidInput, match="Say why"):
        receipt_service.take_back(
            order.order_id, "receipt-1", TakeBack(order.step, "  "), member_id="anna", clock=on.aws.clock
        )

    # What somebody reversed by hand is not taken a second time.
    own_service.reverse(shed, "POT", 2, note="", member_id="ben", clock=on.aws.clock)
    own_service.reverse(shed, "POT", 1, note="", member_id="ben", clock=on.aws.clock)
    assert take_back(on, order, "receipt-1").state == "sent"
    assert units_at(shed) == {"MUG": 0, "POT": 0}


def test_stock_that_went_while_a_receipt_is_taken_back_is_said_and_finished_later(on: Bench) -> None:
    shed = place(on)
    order = move(on, drafted(on), "approve", "send")
    receive(on, order, "receipt-1", shed, ReceivedUnits("1", 60))
    before = order_service.order(order.order_id)
    begun = receipt_rules.taken_back(before, "receipt-1", TakenBack("Counted twice", "anna", "2026-11-22T10:00:00Z"))
    change = order_service.change_of(before, begun, "receipt_taken_back", "anna", on.now)
    assert store.save([store.Saving(before, begun, change)], on.now)
    own_service.move(shed, "MUG", "shipped", 10, note="", member_id="ben", clock=on.aws.clock)
    with pytest.raises(InvalidInput, match="There are 50 units, 60 can't be taken"):
        receipt_service.finish(order.order_id, clock=on.aws.clock)
    # Other goods are received all the same.
    order = receive(on, order, "receipt-2", "amazon", ReceivedUnits("1", 40))
    assert [each.posted for each in order.receipts] == [False, True]
    assert lots("MUG") == [(40, 5000, 5000)]
    own_service.move(shed, "MUG", "found", 10, note="", member_id="ben", clock=on.aws.clock)
    order = receipt_service.finish(order.order_id, clock=on.aws.clock)
    assert ([each.posted for each in order.receipts], units_at(shed)) == ([True, True], {"MUG": 0})


def test_a_charge_is_shared_out_once_and_can_be_taken_back(on: Bench) -> None:
    order = move(on, drafted(on), "approve", "send")
    receive(on, order, "receipt-1", "amazon", ReceivedUnits("1", 1000), ReceivedUnits("2", 300))
    charge(on, order, "duty-0001", "100.01", "units")
    charge(on, order, "duty-0001", "100.01", "units")
    assert lots("MUG") == [(1000, 125_000 + 7693, 125_000)]
    assert lots("POT") == [(300, 123_150 + 2308, 123_150)]
    with pytest.raises(Conflict, match="Another charge"):
        charge(on, order, "duty-0001", "100.02", "units")
    charge_service.void("duty-0001", member_id="anna", clock=on.aws.clock)
    assert charge_service.void("duty-0001", member_id="anna", clock=on.aws.clock).voided
    assert (lots("MUG"), lots("POT")) == ([(1000, 125_000, 125_000)], [(300, 123_150, 123_150)])
    (lot,) = cost_service.list_lots("MUG", None, 5).lots
    with pytest.raises(Conflict, match="was made by what PO-000001 brought"):
        cost_service.remove_lot("MUG", date.fromisoformat(lot.from_day), lot.lot_id)


def test_what_can_not_be_received_is_refused_and_nothing_moves(on: Bench) -> None:
    shed = place(on)
    order = drafted(on)
    with pytest.raises(IllegalMove):
        receive(on, order, "receipt-1", shed, ReceivedUnits("1", 1))
    order = move(on, order, "approve", "send")
    with pytest.raises(InvalidInput) as beyond:
        receive(on, order, "receipt-1", shed, ReceivedUnits("1", 1101))
    assert beyond.value.code == "beyond_tolerance"
    assert "from 0 to 1,100" in beyond.value.fields[0].problem
    with pytest.raises(InvalidInput, match="can't be received"):
        receive(on, order, "receipt-1", shed, ReceivedUnits("9", 1))
    with pytest.raises(NotFound):
        receive(on, order, "receipt-1", "nowhere", ReceivedUnits("1", 1))
    assert units_at(shed) == {}
    assert receive(on, order, "receipt-1", shed, ReceivedUnits("1", 1100), ReceivedUnits("2", 300)).state == "received"


def test_two_people_who_edit_one_order_both_keep_what_they_wrote(on: Bench) -> None:
    order = drafted(on)
    kept = tuple(
        NewLine(line.seller_sku, line.units, line.unit_price, line.title, line.carton, line.line_id)
        for line in order.lines
    )
    mine = Amendment(order.step, kept[:1], "USD", "USD", HALF)
    after = order_service.amend(order.order_id, mine, actor=who(), clock=on.aws.clock)
    assert (after.version, [line.line_id for line in after.lines]) == (2, ["1"])
    with pytest.raises(ChangedMeanwhile) as lost:
        order_service.amend(order.order_id, mine, actor=who(), clock=on.aws.clock)
    assert (lost.value.yours, lost.value.current) == (mine, order_service.show(order.order_id, clock=on.aws.clock))
    assert [len(order_service.version(order.order_id, number).lines) for number in (1, 2)] == [2, 1]
    third = msgspec.structs.replace(mine, step=after.step, lines=(*mine.lines, LINES[1]))
    # Line 2 was dropped; its id is not used again.
    assert [
        line.line_id for line in order_service.amend(order.order_id, third, actor=who(), clock=on.aws.clock).lines
    ] == ["1", "3"]


def test_a_member_approves_up_to_the_limit_of_the_role(on: Bench) -> None:
    order = drafted(on)
    with pytest.raises(Forbidden, match=r"more than your role may approve: up to 0\.00 USD"):
        move(on, order, "approve", actor=who("buyer"))
    order_service.set_settings(SettingsChange(0, "USD", {"owner": None, "buyer": "2481.50"}, 10))
    assert move(on, order, "approve", actor=who("buyer")).state == "approved"
    with pytest.raises(Forbidden, match=r"procurement\.manage"):
        move(on, order_service.show(order.order_id, clock=on.aws.clock), "send", actor=who("warehouse"))
    with pytest.raises(ChangedMeanwhile):
        order_service.set_settings(SettingsChange(0, "USD", {}, 10))


def test_an_order_lands_in_another_currency_by_the_rate_of_its_day(on: Bench) -> None:
    order = drafted(on, currency="CNY", landed_currency="EUR")
    with pytest.raises(InvalidInput, match="no rate from CNY to EUR"):
        move(on, order, "approve")
    cost_service.set_rate(on.now.date(), "CNY", "EUR", "0.1283", "ECB", on.aws.clock)
    order = move(on, order, "approve", "send")
    assert order.rate is not None
    assert (order.rate.rate, order.rate.source) == ("0.1283", "ECB")
    receive(on, order, "receipt-1", "amazon", ReceivedUnits("1", 333))
    # 333 * 1.25 = 416.25 CNY * 0.1283 = 53.404875 EUR.
    assert lots("MUG") == [(333, 5340, 5340)]
    receive(on, order, "receipt-2", "amazon", ReceivedUnits("1", 667))
    # 1,250.00 CNY * 0.1283 = 160.375 EUR, half to even 160.38: the second lot has the rest.
    assert sorted(lots("MUG")) == [(333, 5340, 5340), (667, 10_698, 10_698)]


def test_a_payment_settles_the_deposit_first_and_never_more_than_is_owed(on: Bench) -> None:
    order = move(on, drafted(on), "approve", "send")
    paid = NewPayment("payment-1", on.now.date(), "800.00", "wire 1")
    for _ in range(2):
        order = payment_service.pay(order.order_id, paid, member_id="anna", clock=on.aws.clock)
    assert [part.paid for part in order.schedule] == [Money(74_445, "USD"), Money(5555, "USD")]
    with pytest.raises(InvalidInput, match="can't be entered"):
        payment_service.pay(
            order.order_id, NewPayment("payment-2", on.now.date(), "1681.51"), member_id="anna", clock=on.aws.clock
        )
    with pytest.raises(Conflict, match="Another payment"):
        payment_service.pay(
            order.order_id, msgspec.structs.replace(paid, amount="1"), member_id="anna", clock=on.aws.clock
        )
    order = payment_service.take_back(order.order_id, "payment-1", member_id="anna", clock=on.aws.clock)
    assert order.payments == ()


def test_a_name_makes_an_order_once(on: Bench) -> None:
    new = NewOrder(supplier(on), LINES[:1], origin="lead/7")
    made = [
        order_service.draft(new, member_id="anna", clock=on.aws.clock, entropy=entropy_of(1), once="lead/7")
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert (
        len(order_service.list_orders(done=False, state=None, supplier_id=None, sku=None, cursor=None, limit=9).orders)
        == 1
    )


def test_a_list_of_orders_is_paged_without_losing_one_and_costs_little(on: Bench) -> None:
    by = supplier(on)
    made = order_service.draft(NewOrder(by, LINES[:1]), member_id="anna", clock=on.aws.clock, entropy=entropy_of(3))
    name, sku = "S" * 120, "K" * 40
    first = store.entry_of(order_service.order(made.order_id), on.now)
    for number in range(2, 121):
        entry = msgspec.structs.replace(
            first, number=number, supplier_name=name, skus=(sku, sku, sku), state="sent" if number % 60 else "draft"
        )
        key = keys.purchase_entry(on.seller.tenant_id, "OPEN", number)
        EntryRecord.at(key, facts=text_of(entry), source=SELLER).save()
    item = next(each for each in on.aws.items() if each["sk"]["S"] == "OPEN#000000119")
    assert sum(len(name) + len(value["S"]) for name, value in item.items()) <= 640

    def listed(state: str | None) -> list[list[str]]:
        pages, cursor = [], None
        while True:
            found = order_service.list_orders(
                done=False, state=state, supplier_id=None, sku=None, cursor=cursor, limit=50
            )
            pages.append([each.number for each in found.orders])
            cursor = found.next_cursor
            if cursor is None:
                return pages

    assert [len(each) for each in listed(None)] == [50, 50, 20]
    assert [number for each in listed(None) for number in each] == [f"PO-{n:06d}" for n in range(120, 0, -1)]
    # A page looks at 100 orders and says how to go on, however few of them are wanted.
    assert listed("draft") == [["PO-000120", "PO-000060"], ["PO-000001"]]


def test_a_supplier_is_judged_by_what_it_delivered(on: Bench) -> None:
    order = move(on, drafted(on), "approve", "send")
    on.aws.clock.advance(timedelta(days=30).total_seconds())
    receive(on, order, "receipt-1", "amazon", ReceivedUnits("1", 1000), ReceivedUnits("2", 270, 30))
    card = supplier_service.scorecard(order.supplier_id, clock=on.aws.clock)
    values = (card.lead_time_median, card.lead_time_p90, card.on_time, card.in_full, card.defects)
    assert [each.value for each in values] == [30, 30, 100, 0, 2]
    assert card.defects.method.filled == "30 of 1,300 units = 2 %"


def test_suppliers_are_listed_by_name_and_a_name_is_taken_once(on: Bench) -> None:
    first = supplier(on, "yiwu")
    supplier(on, "Acme")
    with pytest.raises(Conflict, match="is called YIWU"):
        supplier(on, "YIWU")
    assert [each.name for each in supplier_service.list_suppliers("", None, 10).suppliers] == ["Acme", "yiwu"]
    renamed = SupplierTerms("Ningbo", "USD", version=1)
    assert supplier_service.change_supplier(first, renamed, clock=on.aws.clock).version == 2
    with pytest.raises(ChangedMeanwhile):
        supplier_service.change_supplier(first, renamed, clock=on.aws.clock)
    assert [each.name for each in supplier_service.list_suppliers("", None, 10).suppliers] == ["Acme", "Ningbo"]
    supplier(on, "Yiwu")


SUPPLIERS = """name;currency;incoterm;lead_time_days;deposit_percent;balance_due;contact;email
Yiwu Home;usd;fob;45;30;sent;Li Wei;li.wei@example.com
Porto;EUR;;;;;;
yiwu home;;;;;;Ana;ana@example.com
Bare;EURO;;;;;;
Late;EUR;;soon;;;;
Half;EUR;;;130;;;
Whenever;EUR;;;;never;;
Nobody;EUR;;;;;;nobody@example.com
"""


def counts(view: ImportView) -> tuple[int, int, int]:
    return view.new, view.known, view.refused


def test_suppliers_come_from_a_file_and_go_into_one(on: Bench) -> None:
    judged = file_service.preview_suppliers(SUPPLIERS)
    assert [(each.lines, each.state) for each in judged.rows[:2]] == [((2, 4), "new"), ((3,), "new")]
    assert (judged.rows[0].says, counts(judged)) == ("USD, 45 days, 2 contacts", (2, 0, 5))
    assert [each.says for each in judged.rows[3:]] == [
        "lead_time_days has to be a whole number, such as 500",
        "deposit_percent has to be from 0 to 100",
        "balance_due has to be one of sent, confirmed, received",
        "contact is needed beside an email, a phone or a role",
    ]
    assert supplier_service.list_suppliers("", None, 9).suppliers == ()
    made = iter((entropy_of(50), entropy_of(51)))

    def entropy(count: int) -> bytes:
        return next(made)(count)

    for expected in ((2, 0, 5), (0, 2, 5)):
        entered = file_service.import_suppliers(SUPPLIERS, clock=on.aws.clock, entropy=entropy)
        assert counts(entered) == expected
    first, second = supplier_service.list_suppliers("", None, 9).suppliers
    yiwu = supplier_service.show(second.supplier_id)
    assert (first.name, yiwu.name, yiwu.currency, yiwu.incoterm) == ("Porto", "Yiwu Home", "USD", "FOB")
    assert (yiwu.terms.deposit_percent, yiwu.terms.balance_due, yiwu.terms.balance_days) == (30, "sent", 30)
    assert [each.email for each in yiwu.contacts] == ["li.wei@example.com", "ana@example.com"]

    page = file_service.list_suppliers(None, 20)
    text = write_sheet(page.columns, page.rows)
    assert counts(file_service.preview_suppliers(text)) == (0, 2, 0)
    (elsewhere,) = (each.draft for each in read_suppliers(text) if each.name == "Yiwu Home")
    kept = supplier_store.find(second.supplier_id)
    assert kept is not None
    assert elsewhere == kept.supplier


ORDERS = """order;supplier;seller_sku;title;units;unit_price;carton_units;carton_length_mm;expected_on;landed_currency
Spring;yiwu home;MUG;Mug;1000;1,25;;;2027-02-09;EUR
Spring;;POT;Pot;300;4,105;;;;
Autumn;Yiwu Home;MUG;;500;1,20;;;;
Nobody's;Acme;MUG;;1;1;;;;
Mixed;Yiwu Home;MUG;;1;1;;;;
Mixed;Acme;POT;;1;1;;;;
Dear;Yiwu Home;MUG;;1;cheap;;;;
Box;Yiwu Home;MUG;;1;1;12;;;
Some day;Yiwu Home;MUG;;1;1;;;soon;
;Yiwu Home;MUG;;1;1;;;;
"""


NO_PRICE = "has to be a number of 0 or more with up to 6 decimal places, such as 4.25"


def test_orders_are_drafted_from_a_file_once_and_go_into_one(on: Bench) -> None:
    by = supplier(on)
    judged = file_service.preview_orders(ORDERS)
    assert [(each.lines, each.state, each.says) for each in judged.rows] == [
        ((2, 3), "new", "1,000 MUG at 1.25, 300 POT at 4.105"),
        ((4,), "new", "500 MUG at 1.20"),
        ((5,), "refused", "supplier “Acme” is none of yours; enter it first, or correct the name"),
        ((6, 7), "refused", "supplier is one for all lines of an order"),
        ((8,), "refused", f"unit_price of line 1 {NO_PRICE}"),
        ((9,), "refused", f"A carton needs all of {', '.join(CARTON)}, or none."),
        ((10,), "refused", "expected_on has to be a day such as 2026-11-22"),
        ((11,), "refused", "order is needed: a name or number for what belongs together"),
    ]  # fmt: skip
    for expected in ((2, 0, 6), (0, 2, 6)):
        assert counts(file_service.import_orders(ORDERS, member_id="anna", clock=on.aws.clock)) == expected
    found = order_service.list_orders(done=False, state=None, supplier_id=None, sku=None, cursor=None, limit=9).orders
    assert [(each.number, each.ordered, each.supplier_id) for each in found] == [
        ("PO-000002", 500, by), ("PO-000001", 1300, by),
    ]  # fmt: skip
    spring = order_service.show(found[1].order_id, clock=on.aws.clock)
    assert (spring.total, spring.landed_currency, spring.expected_on, spring.origin) == (
        Money(248_150, "USD"), "EUR", "2027-02-09", "file/Spring",
    )  # fmt: skip
    page = file_service.list_orders(done=False, state=None, cursor=None, limit=10)
    text = write_sheet(page.columns, page.rows)
    assert counts(file_service.preview_orders(text)) == (0, 2, 0)
    # Without its id it is an order like that one, for another organisation.
    other = text.replace(found[0].order_id, "").replace(found[1].order_id, "")
    told = {each.name: each.draft.draft for each in read_orders(other) if each.draft is not None}
    assert [line.units for line in told["PO-000001"].lines] == [1000, 300]
    assert told["PO-000001"].expected_on == date(2027, 2, 9)
    with pytest.raises(InvalidInput, match="more than 400 rows"):
        file_service.preview_orders("order,supplier,seller_sku,units,unit_price\n" + "A,B,C,1,1\n" * 100_000)
