"""The page of a lead: the lead with its quotes, its scenarios and what they promise."""

from quayside.kernel.clock import Clock
from quayside.sourcing import quote_service, research_service, scenario_service, service, store
from quayside.sourcing.rules import MACHINE
from quayside.sourcing.views import LeadView


def show(lead_id: str, clock: Clock) -> LeadView:
    """Show a lead of the tenant in scope with everything that belongs to it.

    Raises:
        NotFound: there is no such lead.
    """
    found = service.known(lead_id)
    lead, now = found.lead, clock.now()
    worked_out = scenario_service.work_out(lead, now.date())
    return LeadView(
        lead_id=lead_id,
        version=found.step,
        name=lead.name,
        stage=lead.stage,
        stage_title=MACHINE.words[lead.stage],
        created_at=lead.created_at,
        targets=tuple(map(service.target_view, lead.targets)),
        asins=lead.asins,
        package=lead.package,
        note=lead.note,
        reason=lead.reason,
        events=service.events_at(lead.stage),
        moves=service.moves(lead_id),
        approval=lead.approval,
        research=research_service.show(lead, [each.scenario for each in worked_out], now),
        quotes=tuple(map(quote_service.quote_view, store.quotes(lead_id))),
        scenarios=tuple(map(scenario_service.scenario_view, worked_out)),
    )
