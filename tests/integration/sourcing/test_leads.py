"""Leads in the store: the seller's own, moved by legal moves alone, counted with by quotes and stated rates."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from quayside.finance import cost_service
from quayside.kernel.errors import Conflict, InvalidInput, NotFound
from quayside.kernel.figures import figure, method_card
from quayside.kernel.money import Money
from quayside.kernel.tenancy import tenant_scope
from quayside.procurement import order_service
from quayside.sourcing import approval_service, lead_service, quote_service, realised_service, scenario_service, service
from quayside.sourcing.realised_service import Sold
from quayside.sourcing.rules import Promised
from quayside.sourcing.views import (
    ApprovalDraft,
    BreakDraft,
    LeadDraft,
    LeadView,
    QuoteDraft,
    RealisedView,
    ScenarioDraft,
    TargetDraft,
)
from tests.support.amazon import entropy_of
from tests.support.aws import Aws, aws
from tests.support.datasets import Bench, bench
from tests.support.fresh import emptied

US = "ATVPDKIKX0DER"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def on(shared: Aws) -> Iterator[Bench]:
    made = bench(emptied(shared))
    with tenant_scope(made.seller.tenant_id):
        yield made


def draft(on: Bench, **changed: Any) -> LeadDraft:
    target = TargetDraft(on.seller.connection_id, US, "24.99")
    return LeadDraft(**{"name": "Bamboo lid", "targets": (target,), "asins": ("b000000001",), **changed})


def quote(**changed: Any) -> QuoteDraft:
    return QuoteDraft(**{
        "supplier_name": "Hanse Keramik", "currency": "EUR", "breaks": (BreakDraft(1, "5.00"), BreakDraft(500, "4.00")),
        **changed,
    })  # fmt: skip


def scenario(on: Bench, **changed: Any) -> ScenarioDraft:
    return ScenarioDraft(**{
        "name": "Base", "connection_id": on.seller.connection_id, "marketplace_id": US, "price": "24.99",
        "fees": "6.97", "returns_percent": "3", "ads_percent": "10", "other_unit": "0.25", **changed,
    })  # fmt: skip


def begin(on: Bench, seed: int = 1, **changed: Any) -> LeadView:
    lead_id = service.create(draft(on, **changed), clock=on.aws.clock, entropy=entropy_of(seed))
    return lead_service.show(lead_id, on.aws.clock)


def move(on: Bench, lead: LeadView, event: Any, reason: str = "") -> LeadView:
    service.move(lead.lead_id, lead.version, event, reason, member_id="anna", clock=on.aws.clock)
    return lead_service.show(lead.lead_id, on.aws.clock)


def add_quote(on: Bench, lead: LeadView, seed: int, **changed: Any) -> str:
    return quote_service.add(lead.lead_id, quote(**changed), clock=on.aws.clock, entropy=entropy_of(seed))


def test_a_lead_goes_over_the_board_by_legal_moves_and_each_is_written_down(on: Bench) -> None:
    lead = begin(on)
    assert (lead.stage, lead.asins, lead.targets[0].price) == ("idea", ("B000000001",), Money(2499, "USD"))
    lead = move(on, lead, "research")
    with pytest.raises(InvalidInput, match="no quote yet"):
        move(on, lead, "quote")
    add_quote(on, lead, 2)
    lead = move(on, lead, "quote")
    with pytest.raises(Conflict, match="needs a SKU"):
        move(on, lead, "approve")
    with pytest.raises(InvalidInput):
        move(on, lead, "reject")
    lead = move(on, lead, "reject", "Too heavy")
    assert (lead.reason, lead.events) == ("Too heavy", ("reopen",))
    with pytest.raises(Conflict) as refused:
        move(on, lead, "sample")
    assert refused.value.code == "illegal_move"
    lead = move(on, lead, "reopen")
    assert [(each.event, each.stage, each.by) for each in lead.moves] == [
        ("reopen", "idea", "anna"), ("reject", "rejected", "anna"), ("quote", "quoted", "anna"),
        ("research", "researching", "anna"),
    ]  # fmt: skip
    board = {each.stage: [card.name for card in each.cards] for each in service.board(on.aws.clock).stages}
    assert board == {
        "idea": ["Bamboo lid"], "researching": [], "quoted": [], "sampling": [], "approved": [], "rejected": [],
    }  # fmt: skip


def test_two_who_change_one_lead_lose_nothing(on: Bench) -> None:
    lead = begin(on)
    service.change(lead.lead_id, lead.version, draft(on, name="Lid"), clock=on.aws.clock)
    with pytest.raises(Conflict) as refused:
        service.change(lead.lead_id, lead.version, draft(on, name="Top"), clock=on.aws.clock)
    assert refused.value.code == "lead_changed"
    with pytest.raises(Conflict):
        move(on, lead, "research")
    assert lead_service.show(lead.lead_id, on.aws.clock).name == "Lid"


def test_quotes_are_compared_on_landed_cost_by_a_stated_rate_alone(on: Bench) -> None:
    lead = begin(on)
    near = add_quote(on, lead, 2)
    far = add_quote(on, lead, 3, supplier_name="Ningbo Lids", currency="USD", freight_unit="0.55",
                    breaks=(BreakDraft(1, "3.9"),), minimum_units=600, carton_units=50)  # fmt: skip
    unrated = quote_service.compare(lead.lead_id, 500, "USD", on.aws.clock)
    assert [(each.quote_id, each.is_best, each.landed.problem != "") for each in unrated.quotes] == [
        (far, True, False), (near, False, True),
    ]  # fmt: skip
    today = on.aws.clock.now().date()
    cost_service.set_rate(today, "EUR", "USD", "1.10", "ECB", on.aws.clock)
    found = quote_service.compare(lead.lead_id, 500, "USD", on.aws.clock)
    assert [(each.quote_id, each.landed.unit_there, each.is_best) for each in found.quotes] == [
        (near, Money(440, "USD"), True), (far, Money(445, "USD"), False),
    ]  # fmt: skip
    assert found.quotes[0].landed.rate == f"1 EUR = 1.10 USD, {today.isoformat()}, ECB"
    assert found.quotes[1].cautions == ("600 units have to be bought: the least order.",)


def test_a_scenario_follows_its_quote_and_the_board_shows_the_best(on: Bench) -> None:
    lead = begin(on)
    cost_service.set_rate(on.aws.clock.now().date(), "EUR", "USD", "1.10", "ECB", on.aws.clock)
    first = add_quote(on, lead, 2)
    new = scenario(on, quote_id=first, units=500)
    scenario_service.add(lead.lead_id, new, clock=on.aws.clock, entropy=entropy_of(3))
    own = scenario(on, name="Own", fees=None)
    scenario_service.add(lead.lead_id, own, clock=on.aws.clock, entropy=entropy_of(4))
    shown = lead_service.show(lead.lead_id, on.aws.clock)
    base, bare = sorted(shown.scenarios, key=lambda each: each.scenario.name)
    # 24.99 - 6.97 - 4.40 - 0.75 - 2.50 - 0.25
    assert (base.profit.value, base.margin.value, base.roi.value, base.landed.value) == (1012, 40, 230, 440)
    assert base.profit.method.filled == "24.99 − 6.97 − 4.40 − 0.75 − 2.50 − 0.25 = 10.12"  # noqa: RUF001
    assert (base.scenario, base.version) == (new, 1)
    assert (bare.profit.value, bare.fees.value, len(bare.missing)) == (None, None, 2)
    (idea, *_) = service.board(on.aws.clock).stages
    outlook = idea.cards[0].outlook
    assert outlook is not None
    assert (outlook.scenario, outlook.profit_minor, outlook.margin_percent) == ("Base", 1012, 40)
    assert shown.version == lead.version
    with pytest.raises(Conflict, match="counts with this quote"):
        quote_service.remove(lead.lead_id, first)
    scenario_service.remove(lead.lead_id, base.scenario_id, on.aws.clock)
    quote_service.remove(lead.lead_id, first)
    assert service.board(on.aws.clock).stages[0].cards[0].outlook is None


def approve(on: Bench, lead: LeadView, quote_id: str, sku: str = "LID-1", units: int = 500) -> LeadView:
    draft = ApprovalDraft(lead.version, sku, quote_id, units)
    approval_service.approve(lead.lead_id, draft, member_id="anna", clock=on.aws.clock, entropy=entropy_of(9))
    return lead_service.show(lead.lead_id, on.aws.clock)


def quoted(on: Bench, seed: int = 1) -> tuple[LeadView, str]:
    lead = move(on, begin(on, seed), "research")
    quote_id = add_quote(on, lead, seed + 1, carton_units=24, minimum_units=100)
    return move(on, lead, "quote"), quote_id


def test_an_approved_lead_is_a_product_with_a_first_order_and_its_promise(on: Bench) -> None:
    lead, quote_id = quoted(on)
    own = scenario(on, landed_unit="4.40")
    scenario_service.add(lead.lead_id, own, clock=on.aws.clock, entropy=entropy_of(3))
    done = approve(on, lead, quote_id)
    approval = done.approval
    assert approval is not None
    assert (done.stage, done.events, approval.seller_sku, approval.units) == ("approved", (), "LID-1", 504)
    assert [(each.profit_minor, each.margin_percent) for each in approval.promised] == [(1012, 40)]
    order = order_service.order(approval.order_id or "")
    (line,) = order.lines
    assert (order.state, order.supplier_name) == ("draft", "Hanse Keramik")
    assert (order.content.currency, order.content.landed_currency) == ("EUR", "USD")
    assert (line.seller_sku, line.title, line.units) == ("LID-1", "Bamboo lid", 504)
    assert service.board(on.aws.clock).stages[4].cards[0].seller_sku == "LID-1"
    with pytest.raises(Conflict):
        approve(on, done, quote_id)
    with pytest.raises(Conflict, match="approved"):
        quote_service.remove(lead.lead_id, quote_id)
    other, other_quote = quoted(on, 20)
    with pytest.raises(Conflict, match="Another lead became LID-1"):
        approve(on, other, other_quote)


def test_what_was_promised_stands_beside_what_was_earned(on: Bench) -> None:
    lead, quote_id = quoted(on)
    own = scenario(on, landed_unit="4.40")
    scenario_service.add(lead.lead_id, own, clock=on.aws.clock, entropy=entropy_of(3))
    asked: list[str] = []

    def earned(value: int | None, units: int) -> RealisedView:
        card = method_card("profit", "Profit", "Proceeds less costs", "so much")
        found = figure(value, unit="minor", currency="USD", as_of=on.now, state="posted", source="Amazon", method=card)
        share = figure(31, unit="percent", as_of=on.now, state="posted", source="Amazon", method=card)

        def find(seller_sku: str, promised: Promised) -> Sold:
            asked.append(f"{seller_sku} {promised.marketplace_id}")
            return Sold(units, found, share)

        return realised_service.compare(lead.lead_id, find)

    assert earned(1, 1).scenarios == ()
    approve(on, lead, quote_id)
    (beside,) = earned(98_765, 120).scenarios
    assert asked == [f"LID-1 {US}"]
    assert beside.profit is not None
    # 987.65 / 120 = 8.2304
    assert (beside.promised.profit_minor, beside.profit.value, beside.profit.state, beside.problem) == (
        1012, 823, "posted", "",
    )  # fmt: skip
    assert beside.profit.method.filled == "987.65 ÷ 120 = 8.23 USD"
    (unknown,) = earned(None, 120).scenarios
    assert (unknown.profit is not None and unknown.profit.value, unknown.problem != "") == (None, True)
    (nothing,) = realised_service.compare(lead.lead_id, lambda _sku, _promised: None).scenarios
    assert nothing.problem == "Nothing of it was shipped there in this period."


def test_an_approval_that_died_half_way_is_finished_and_orders_once(on: Bench) -> None:
    lead, quote_id = quoted(on)
    events = on.aws.store.connection("tenant").client.meta.events

    def die(**call: Any) -> None:
        if b"lead_move" in call["params"]["body"]:
            raise TimeoutError

    # The order is drafted, and the function ends before the lead is approved.
    events.register("before-call.dynamodb.TransactWriteItems", die)
    with pytest.raises(TimeoutError):
        approve(on, lead, quote_id)
    events.unregister("before-call.dynamodb.TransactWriteItems", die)
    half = lead_service.show(lead.lead_id, on.aws.clock)
    assert (half.stage, half.approval is not None) == ("quoted", True)
    with pytest.raises(Conflict, match="was begun"):
        approve(on, half, quote_id, "LID-2")
    with pytest.raises(Conflict, match="not finished"):
        move(on, half, "sample")
    done = approve(on, half, quote_id)
    orders = [each for each in on.aws.items() if each["kind"]["S"] == "purchase_order"]
    assert (done.stage, len(orders)) == ("approved", 1)


def test_what_can_not_be_approved_is_said(on: Bench) -> None:
    lead, quote_id = quoted(on)
    day = on.aws.clock.now().date()
    stale = quote(carton_units=24, valid_until=day - timedelta(days=1))
    with pytest.raises(InvalidInput):
        approve(on, lead, quote_id, " ")
    with pytest.raises(InvalidInput):
        approve(on, lead, quote_id, units=0)
    quote_service.change(lead.lead_id, quote_id, 1, stale, clock=on.aws.clock)
    with pytest.raises(InvalidInput) as refused:
        approve(on, lead, quote_id)
    assert [each.field for each in refused.value.fields] == ["quote_id"]
    with pytest.raises(Conflict):
        approve(on, begin(on, 30), quote_id)


def test_all_of_it_is_the_sellers_and_goes_with_the_lead(on: Bench) -> None:
    lead = move(on, begin(on), "research")
    add_quote(on, lead, 2)
    scenario_service.add(lead.lead_id, scenario(on), clock=on.aws.clock, entropy=entropy_of(3))
    kept = [each for each in on.aws.items() if each["kind"]["S"].startswith("lead")]
    assert sorted(each["kind"]["S"] for each in kept) == [
        "lead", "lead_card", "lead_move", "lead_quote", "lead_scenario",
    ]  # fmt: skip
    assert {(each["source"]["S"], "expires_at" in each) for each in kept} == {("seller", False)}
    service.remove(lead.lead_id)
    assert [each for each in on.aws.items() if each["kind"]["S"].startswith("lead")] == []
    with pytest.raises(NotFound):
        lead_service.show(lead.lead_id, on.aws.clock)


def test_a_stage_is_paged_newest_first(on: Bench) -> None:
    for number in range(5):
        begin(on, number + 1, name=f"Lead {number}")
        on.aws.clock.advance(60)
    first = service.stage("idea", None, 3)
    rest = service.stage("idea", first.next_cursor, 3)
    assert [card.name for card in (*first.cards, *rest.cards)] == [f"Lead {number}" for number in (4, 3, 2, 1, 0)]
    with pytest.raises(InvalidInput):
        service.stage("quoted", first.next_cursor, 3)


def test_what_makes_no_sense_is_named(on: Bench) -> None:
    lead = begin(on)
    with pytest.raises(InvalidInput, match="amount of USD"):
        begin(on, 2, targets=(TargetDraft(on.seller.connection_id, US, "24,99"),))
    with pytest.raises(InvalidInput, match="percentage"):
        scenario_service.add(lead.lead_id, scenario(on, ads_percent="ten"), clock=on.aws.clock, entropy=entropy_of(3))
    with pytest.raises(NotFound):
        scenario_service.add(lead.lead_id, scenario(on, quote_id="x"), clock=on.aws.clock, entropy=entropy_of(3))
