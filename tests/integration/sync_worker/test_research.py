"""What Amazon tells for a lead, by the worker against the simulated Amazon: over HTTP, with its quotas and refusals."""

import pytest

from infra.simulator.world import Line as SoldLine
from infra.simulator.world import fulfilment_fee, referral_fee
from quayside.kernel.errors import Conflict, InvalidInput, RateLimited
from quayside.kernel.tenancy import tenant_scope
from quayside.sourcing import lead_service, research_service, scenario_service, service
from quayside.sourcing.views import LeadDraft, LeadView, ScenarioDraft, TargetDraft
from quayside.sync import service as sync
from tests.support.amazon import TENANT, Stage, entropy_of, stage

US = "ATVPDKIKX0DER"
DAY = 86_400


def _shown(on: Stage, lead_id: str) -> LeadView:
    with tenant_scope(TENANT):
        return lead_service.show(lead_id, on.clock)


def _ask(on: Stage, lead_id: str) -> None:
    with tenant_scope(TENANT):
        research_service.ask(lead_id, desk=on.desk, clock=on.clock)


def test_amazon_is_asked_for_a_lead_and_its_scenarios_get_their_fees() -> None:  # noqa: PLR0915 - one way, step by step
    with stage() as on:
        world = on.simulator.world
        seller = world.create_seller("quiet-us", selling_partner_id="A1RESEARCH")
        known = world.listings_of(seller, US)[0]
        connection_id = on.begin(seller)
        on.run()
        with tenant_scope(TENANT):
            target = TargetDraft(connection_id, US, "24.99")
            asins = (known.asin, "B000NOBODY")
            draft = LeadDraft(name="Lid", targets=(target,), asins=asins)
            lead_id = service.create(draft, clock=on.clock, entropy=entropy_of(1))
            for number, by_amazon in enumerate((True, False)):
                scenario = ScenarioDraft(
                    name=f"{number}", connection_id=connection_id, marketplace_id=US, price="24.99",
                    by_amazon=by_amazon, landed_unit="4.40",
                )  # fmt: skip
                scenario_service.add(lead_id, scenario, clock=on.clock, entropy=entropy_of(number + 2))
        assert [each.state for each in _shown(on, lead_id).research.readings] == ["never"]
        _ask(on, lead_id)
        assert _shown(on, lead_id).research.readings[0].state == "reading"
        with pytest.raises(RateLimited):
            _ask(on, lead_id)
        before = on.calls()
        on.run()

        shown = _shown(on, lead_id)
        reading = shown.research.readings[0]
        assert (reading.state, reading.done, reading.wanted) == ("done", 2, 2)
        facts = {each.asin: each.facts for each in shown.research.products}
        assert (facts[known.asin].title, facts["B000NOBODY"].found) == (known.title, False)
        assert facts[known.asin].package is not None
        line = SoldLine(0, 1, known.pk, 1, 0, 0, 2499, 0, 0, 0)
        referral, fulfilment = referral_fee(line), fulfilment_fee(line)
        (target_fees,) = shown.research.fees
        assert [fee.amount.amount_minor for fee in target_fees.fees] == [referral, fulfilment]
        by_amazon_, by_merchant = sorted(shown.scenarios, key=lambda each: each.scenario.name)
        assert by_amazon_.profit.value == 2499 - referral - fulfilment - 440
        assert by_merchant.profit.value == 2499 - referral - 440
        assert known.asin in by_amazon_.fees.source
        with tenant_scope(TENANT):
            outlook = service.board(on.clock).stages[0].cards[0].outlook
            rows = research_service.rows_view(connection_id, "product_research", None, None, 10).rows
        assert outlook is not None
        assert outlook.profit_minor == by_merchant.profit.value
        assert {row[1] for row in rows} == set(asins)
        made = on.calls()
        for operation in ("searchCatalogItems", "getMyFeesEstimates"):
            assert made[operation]["calls"] - before.get(operation, {"calls": 0})["calls"] == 1
        assert sum(each["throttled"] for each in made.values()) == 0

        # Four days later it is read again by itself, and what was asked for a lead that is gone is not.
        on.clock.advance(4 * DAY + 60)
        world.step()
        on.desk.ask("research.refresh", TENANT, connection_id, cause="schedule")
        on.run()
        assert _shown(on, lead_id).research.fees[0].as_of > target_fees.as_of
        with tenant_scope(TENANT):
            service.remove(lead_id)
            on.desk.ask("research.refresh", TENANT, connection_id, cause="schedule")
        on.clock.advance(4 * DAY + 60)
        on.run()


def test_what_can_not_be_asked_is_said() -> None:
    with stage() as on:
        seller = on.simulator.world.create_seller("quiet-us", selling_partner_id="A1RESEARCH")
        connection_id = on.begin(seller)
        on.run()
        with tenant_scope(TENANT):
            bare = service.create(LeadDraft(name="Lid"), clock=on.clock, entropy=entropy_of(1))
            named = LeadDraft(name="Lid", targets=(TargetDraft(connection_id, US, "24.99"),), asins=("B000NOBODY",))
            lead_id = service.create(named, clock=on.clock, entropy=entropy_of(2))
        with pytest.raises(InvalidInput, match="names no product"):
            _ask(on, bare)
        _ask(on, lead_id)
        on.run()
        (fees,) = _shown(on, lead_id).research.fees
        assert (fees.fees, "B000NOBODY is not known" in fees.problem) == ((), True)
        with tenant_scope(TENANT):
            sync.switch_feature(connection_id, "sourcing", False, on.clock)  # noqa: FBT003 - as the route does
        on.clock.advance(61)
        with pytest.raises(Conflict, match="No account may ask"):
            _ask(on, lead_id)
