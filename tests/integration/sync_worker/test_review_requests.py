"""Review requests by the worker against the simulated Amazon: over HTTP, with its quotas, moods and refusals."""

from infra.simulator.solicitations import Mood
from infra.simulator.sp_api.solicitations import solicitable
from infra.simulator.world import Seller
from quayside.kernel.tenancy import tenant_scope
from quayside.reviews import service
from quayside.reviews.views import CampaignDraft
from tests.support.amazon import TENANT, Stage, entropy_of, stage

DAY = 86_400


def _orders(on: Stage, seller: Seller, count: int) -> list[str]:
    """Place orders, let them be delivered and their windows open."""
    world = on.simulator.world
    placed = [world.new_order(seller, may_fail=False).order_id for _ in range(count)]
    for order_id in placed:
        world.advance_order(seller, order_id, "DELIVERED")
    on.clock.advance(13 * DAY)
    world.step()
    return placed


def _ask(on: Stage, kind: str, connection_id: str, **arguments: str) -> None:
    on.desk.ask(kind, TENANT, connection_id, cause="schedule", **arguments)  # type: ignore[arg-type]
    on.run()


def test_each_order_is_requested_once_and_the_quota_is_never_passed() -> None:
    with stage() as on:
        seller = on.simulator.world.create_seller("quiet-us", selling_partner_id="A1REVIEWS")
        api = on.simulator.gateway.solicitations.requests
        api.mood = Mood(empty_share=0, never_share=0, delayed_share=0)
        placed = _orders(on, seller, 6)
        connection_id = on.begin(seller)
        on.run()
        for order_id in placed:
            _ask(on, "orders.fetch", connection_id, order_id=order_id)
        with tenant_scope(TENANT):
            draft = CampaignDraft(name="All", state="on", delay_days=5, send_hour=0, exclude_late=False)
            service.create_campaign(draft, clock=on.clock, entropy=entropy_of(8))
        for _ in range(4):
            _ask(on, "reviews.send", connection_id)
            on.clock.advance(900)
        world = on.simulator.world
        numbers = {solicitable(world.order(seller, order_id)).number for order_id in placed}
        calls = on.calls()
        with tenant_scope(TENANT):
            states = {each.order_id: each.state for each in service.decisions(on.clock).decisions}
        assert numbers <= set(api.sent)
        assert {states[order_id] for order_id in placed} == {"sent"}
        asked = calls["getSolicitationActionsForOrder"]["calls"]
        assert asked == calls["createProductReviewAndSellerFeedbackSolicitation"]["calls"] == len(api.sent)
        assert sum(each["throttled"] for each in calls.values()) == 0
