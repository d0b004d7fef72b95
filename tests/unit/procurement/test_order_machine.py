"""No sequence of steps brings an order into a state it may not be in, or its books out of step."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from quayside.kernel.errors import Conflict, InvalidInput
from quayside.kernel.machines import IllegalMove
from quayside.procurement.landed_rules import Bearer, allocate, line_costs, lots_of, weights_of
from quayside.procurement.payment_rules import overpaid_minor, payable_minor, schedule
from quayside.procurement.receipt_rules import received, taken_back
from quayside.procurement.rules import (
    DONE,
    ORDER_MACHINE,
    STARTED,
    Carton,
    Content,
    Event,
    Line,
    NewLine,
    Order,
    Paid,
    Price,
    Receipt,
    ReceivedUnits,
    Share,
    TakenBack,
    Terms,
    amended,
    lines_of,
    moved,
    price_of,
    price_text,
)
from quayside.procurement.supplier_rules import Outcome, outcome_of, score

DAY = date(2026, 11, 22)
CARTON = Carton(10, 400, 300, 200, 9_000)
LINES = (Line("1", "MUG", "Mug", 100, Price(125), CARTON), Line("2", "POT", "Pot", 37, Price(4105, 10), CARTON))
WRONG = TakenBack("Counted twice", "anna", "2026-11-22T10:00:00Z")
CONTENT = Content(LINES, "USD", "USD", Terms(30, 0, "received", 30))
MOVES: tuple[Event, ...] = ("approve", "reopen", "send", "confirm", "start_production", "close", "cancel")


def an_order(**parts: object) -> Order:
    return msgspec.structs.replace(Order("o1", 1, "s1", "Supplier", CONTENT, lines_made=2), **parts)


BACK = {
    (move.state, move.next_state) for move in ORDER_MACHINE.moves if move.event == f"take_back_to_{move.next_state}"
}


class Life(RuleBasedStateMachine):
    """An order, and beside it what a warehouse and a bookkeeper would have written down."""

    def __init__(self) -> None:
        super().__init__()
        self.order = an_order()
        self.stock = {"1": 0, "2": 0}
        self.broken = {"1": 0, "2": 0}
        self.billed = 0
        self.count = 0

    @initialize(sent=st.sampled_from((True, True, False)))
    def begin(self, *, sent: bool) -> None:
        """Begin with a draft, or oftener with an order that is on its way, where there is more to go wrong."""
        for event in ("approve", "send") if sent else ():
            self.order = moved(self.order, event, DAY)

    @rule(event=st.sampled_from((*MOVES, "close", "close")))
    def move(self, event: Event) -> None:
        """Try any move; what the table does not know is refused and changes nothing."""
        before = self.order
        if event in ORDER_MACHINE.events_in(before.state):
            self.order = moved(before, event, DAY)
            assert self.order.state == ORDER_MACHINE.move(before.state, event).next_state
        else:
            with pytest.raises(IllegalMove):
                moved(before, event, DAY)

    @rule(mugs=st.integers(0, 115), pots=st.integers(0, 45), damaged=st.integers(0, 9))
    def receive(self, mugs: int, pots: int, damaged: int) -> None:
        """Receive anything; what is beyond the tolerance or too early is refused."""
        self.count += 1
        lines = (ReceivedUnits("1", mugs, damaged), ReceivedUnits("2", pots))
        try:
            self.order = received(self.order, Receipt(f"receipt-{self.count}", DAY, "amazon", lines), 10)
        except (InvalidInput, IllegalMove):
            return
        self.stock = {"1": self.stock["1"] + mugs, "2": self.stock["2"] + pots}
        self.broken["1"] += damaged

    @rule(which=st.integers(0, 5))
    def take_back(self, which: int) -> None:
        """Take any receipt back that counts: what it brought leaves the shelf, and the order stands as without it."""
        before = self.order
        if not before.counted:
            return
        receipt = before.counted[which % len(before.counted)]
        self.order = taken_back(before, receipt.receipt_id, WRONG)
        for each in receipt.lines:
            self.stock[each.line_id] -= each.units
            self.broken[each.line_id] -= each.damaged
        assert (before.state, self.order.state) in BACK
        assert [each.receipt_id for each in self.order.receipts] == [each.receipt_id for each in before.receipts]
        if not self.order.counted:
            assert self.order.state == before.awaited_in
            assert not self.order.days.keys() & {"partially_received", "received", "closed"}
        else:
            assert self.order.state in self.order.days

    @rule(mugs=st.integers(0, 9), pots=st.integers(0, 9), damaged=st.integers(0, 9))
    def receive_and_think_again(self, mugs: int, pots: int, damaged: int) -> None:
        """Receive something and take it back at once: nothing is different but that it is remembered."""
        before, count = self.order, self.count
        self.receive(mugs, pots, damaged)
        nothing_to_come = not any(before.to_come(line) for line in before.lines)
        if self.order is before or (before.state == "partially_received" and nothing_to_come):
            return
        self.take_back(len(self.order.counted) - 1)
        known = self.order.receipts[-1]
        assert (known.receipt_id, known.taken_back) == (f"receipt-{count + 1}", WRONG)
        same = ("state", "days", "content", "counted", "shares", "paid", "awaited_in")
        assert [getattr(self.order, name) for name in same] == [getattr(before, name) for name in same]
        assert lots_of(self.order) == lots_of(before)
        assert schedule(self.order) == schedule(before)
        assert outcome_of(self.order) == outcome_of(before)

    @rule(short=st.integers(0, 3), damaged=st.integers(1, 5))
    def come_to_an_end(self, short: int, damaged: int) -> None:
        """Let nearly all arrive, some of it damaged, and close: what random steps reach too seldom."""
        if self.order.state not in STARTED:
            return
        mugs, pots = (max(0, self.order.to_come(line) - short - damaged) for line in self.order.lines)
        self.receive(mugs, pots, damaged)
        if self.order.state in {"received", "partially_received"}:
            self.move("close")

    @rule(amount=st.integers(1, 99_999), by=st.sampled_from(("value", "weight", "volume", "units")))
    def charge(self, amount: int, by: str) -> None:
        """Share a bill out."""
        if self.order.state in {"draft", "cancelled"}:
            return
        bearers = [Bearer("o1", line, line.units) for line in self.order.lines]
        shares = allocate(amount, weights_of(bearers, by))  # type: ignore[arg-type]  # drawn from the four
        self.count += 1
        ids = [line.line_id for line in self.order.lines]
        share = Share(f"charge-{self.count}", "freight", dict(zip(ids, shares, strict=True)))
        self.order = msgspec.structs.replace(self.order, shares=(*self.order.shares, share))
        self.billed += amount

    @rule(units=st.integers(1, 150))
    def amend(self, units: int) -> None:
        """Change what is ordered of the first line; never below what arrived."""
        first = msgspec.structs.replace(self.order.lines[0], units=units)
        content = msgspec.structs.replace(self.order.content, lines=(first, *self.order.lines[1:]))
        arrived = self.stock["1"] + self.broken["1"]
        try:
            self.order = amended(self.order, content, DAY)
        except InvalidInput:
            assert units < arrived
        except Conflict:
            return

    @rule(amount=st.integers(1, 20_000))
    def pay(self, amount: int) -> None:
        """Pay something, as far as it is owed."""
        if amount <= payable_minor(self.order) - sum(each.amount_minor for each in self.order.paid):
            self.count += 1
            paid = Paid(f"payment-{self.count}", DAY, amount, "", "anna")
            self.order = msgspec.structs.replace(self.order, paid=(*self.order.paid, paid))

    @invariant()
    def the_order_and_the_warehouse_agree(self) -> None:
        """What the order says arrived is what was put on the shelf, and never more than the tolerance allows."""
        lots: dict[str, int] = {"1": 0, "2": 0}
        for lot in lots_of(self.order):
            lots[lot.line.line_id] += lot.units
        assert lots == self.stock
        for line in self.order.lines:
            assert self.order.good(line.line_id) == self.stock[line.line_id]
            assert self.order.damaged(line.line_id) == self.broken[line.line_id]
            if self.order.state in DONE:
                assert self.order.to_come(line) == 0

    @invariant()
    def every_cent_of_every_charge_is_somewhere(self) -> None:
        """Shares add up to the bills; once nothing is to come, lots bear all, or it is said that nothing bears it."""
        assert sum(sum(share.lines.values()) for share in self.order.shares) == self.billed
        costs = line_costs(self.order)
        charged = sum(sum(cost.charges_minor.values()) for cost in costs.values())
        assert charged == self.billed
        if all(self.order.to_come(line) == 0 for line in self.order.lines):
            borne = sum(lot.landed_minor - lot.manufacturing_minor for lot in lots_of(self.order))
            assert borne + sum(cost.not_borne_minor for cost in costs.values()) == self.billed
            made = sum(lot.manufacturing_minor for lot in lots_of(self.order))
            assert made == sum(line.price.of(self.stock[line.line_id]) for line in self.order.lines)

    @invariant()
    def the_schedule_adds_up(self) -> None:
        """What is asked for is what is owed, and what was paid stands in it or beside it."""
        parts = schedule(self.order)
        assert sum(part.amount_minor for part in parts) == payable_minor(self.order)
        paid = sum(each.amount_minor for each in self.order.paid)
        assert sum(part.paid_minor for part in parts) + overpaid_minor(self.order) == paid
        assert all(0 <= part.paid_minor <= part.amount_minor for part in parts)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=20)


def test_a_receipt_of_a_closed_order_opens_it_again_where_it_waited() -> None:
    sent = an_order(state="confirmed", days={"sent": DAY, "confirmed": DAY})
    wrong, right = (
        Receipt(f"receipt-{n}", date(2026, 11, 22 + n), "shed", (ReceivedUnits("1", 100), ReceivedUnits("2", 37)))
        for n in (1, 2)
    )
    closed = moved(received(sent, wrong, 100), "close", date(2026, 11, 30))
    assert outcome_of(closed) is not None
    back = taken_back(closed, "receipt-1", WRONG)
    assert (back.state, back.days, back.awaited_in) == ("confirmed", sent.days, None)
    assert (outcome_of(back), lots_of(back), back.to_come(LINES[0])) == (None, (), 100)
    # Two receipts of the whole order: without the first one the second is the one that brought it.
    twice = taken_back(received(received(sent, wrong, 100), right, 100), "receipt-1", WRONG)
    assert (twice.state, twice.days["received"]) == ("received", right.received_on)
    went = outcome_of(twice)
    assert went is not None
    assert (went.first_on, went.good) == (right.received_on, 137)
    with pytest.raises(InvalidInput, match="can't be amended"):
        amended(back, msgspec.structs.replace(CONTENT, lines=LINES[1:]), DAY)
    # Whether it was produced already is not remembered of older orders: the furthest that they had reached.
    older = msgspec.structs.replace(closed, awaited_in=None)
    assert taken_back(older, "receipt-1", WRONG).state == "confirmed"


@settings(max_examples=50)
@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=30).filter(any))
def test_shares_add_up_to_the_cent_and_the_remainder_goes_to_the_last(amount: int, weights: list[int]) -> None:
    shares = allocate(amount, weights)
    assert sum(shares) == amount
    last = max(place for place, weight in enumerate(weights) if weight)
    assert all(
        share == amount * weight // sum(weights)
        for place, (share, weight) in enumerate(zip(shares, weights, strict=True))
        if place != last
    )
    assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if not weight)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_nothing_is_shared_out_over_nothing(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="one of them above 0"):
        allocate(100, weights)


def test_a_charge_over_lines_without_cartons_says_which() -> None:
    bare = msgspec.structs.replace(LINES[0], carton=None)
    with pytest.raises(InvalidInput, match="The carton of MUG is not known"):
        weights_of([Bearer("o1", bare, 5)], "weight")
    free = msgspec.structs.replace(LINES[0], price=Price(0))
    with pytest.raises(InvalidInput, match="has no value"):
        weights_of([Bearer("o1", free, 5)], "value")
    with pytest.raises(InvalidInput, match="covers nothing"):
        weights_of([], "units")


@pytest.mark.parametrize(
    ("text", "currency", "price"),
    [
        ("4.25", "USD", Price(425)),
        ("0.085", "USD", Price(85, 10)),
        ("12", "JPY", Price(12)),
        ("1.5", "JPY", Price(15, 10)),
    ],
)
def test_a_unit_price_is_read_exactly_and_written_as_it_was(text: str, currency: str, price: Price) -> None:
    assert price_of(text, currency) == price
    assert float(price_text(price, currency)) == float(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.1234567", "1e20", "nan"])
def test_what_is_no_unit_price_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a unit price"):
        price_of(text, "USD")


def test_lines_are_judged_together_and_every_problem_is_named() -> None:
    asked = (
        NewLine("", 0, "x"),
        NewLine("MUG", 1, "1", carton=Carton(0, 1, 1, 1, 1)),
        NewLine("A", 1, "1", line_id="9"),
    )
    with pytest.raises(InvalidInput) as refused:
        lines_of(asked, "USD")
    assert [each.field for each in refused.value.fields] == [
        "lines[0].seller_sku", "lines[0].units", "lines[0].unit_price", "lines[1].carton.units", "lines[2].line_id",
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match="1 to 80 lines; it has 81"):
        lines_of([NewLine("A", 1, "1")] * 81, "USD")


def test_an_amendment_keeps_what_arrived_and_what_bears_costs() -> None:
    order = received(
        an_order(state="sent", days={"sent": DAY}),
        Receipt("receipt-1", DAY, "amazon", (ReceivedUnits("1", 60),)),
        10,
    )
    with pytest.raises(InvalidInput) as refused:
        amended(order, msgspec.structs.replace(CONTENT, lines=LINES[1:], currency="EUR"), DAY)
    assert [each.problem for each in refused.value.fields] == [
        "can be changed in a draft only", "line 1 has arrived or bears costs, so it stays",
    ]  # fmt: skip


def test_a_scorecard_counts_days_from_sent_to_the_last_goods() -> None:
    went = [Outcome(str(n), n, DAY, DAY, DAY, date(2026, 12, n), 10, 10 - (n == 1), int(n == 1)) for n in range(1, 11)]
    found = score(went)
    assert (found.orders, found.median_days, found.p90_days) == (10, 14, 17)
    assert (found.promised, found.on_time, found.in_full, found.received, found.damaged) == (10, 0, 9, 100, 1)
    assert score([]).median_days is None
    assert outcome_of(an_order()) is None
