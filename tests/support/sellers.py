"""Tenants with a connected account, put into the store as the product itself would leave them."""

from collections.abc import Sequence

import msgspec

from quayside.amazon.marketplaces import marketplace
from quayside.connections import store as connections
from quayside.connections.records import ConnectedMarketplace, ConnectionRecord, DatasetHealth, Step
from quayside.connections.rules import STEPS
from quayside.kernel.clock import Clock, format_instant
from quayside.kernel.ids import ConnectionId, TenantId, connection_id_of, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from tests.support.notifications import US

SELLER = "A3TH9S8BH6GOGM"
SUBSCRIPTION = "subscription-1"


class ConnectedSeller(msgspec.Struct, frozen=True):
    """A tenant and its connected account."""

    tenant_id: TenantId
    connection_id: ConnectionId
    selling_partner_id: str


def connect(
    clock: Clock,
    *,
    subject: str = "anna",
    seller: str = SELLER,
    region: str = "NA",
    marketplaces: Sequence[str] = (US,),
    subscriptions: Sequence[str] = (SUBSCRIPTION,),
    fresh: bool = True,
    complete_from: str | None = None,
) -> ConnectedSeller:
    """Store a connected account; with ``fresh`` its datasets were in step a moment ago."""
    tenant_id = tenant_id_of(subject)
    connection_id = connection_id_of(tenant_id, region, seller)
    now = format_instant(clock.now())
    known = [marketplace(each) for each in marketplaces]
    with tenant_scope(tenant_id):
        connections.begin(
            connection_id,
            selling_partner_id=seller,
            region=region,
            name="Anna's shop",
            member_id=subject,
            begun_with="test",
            steps=connections.encoded({key: Step("done") for key, _ in STEPS}),
            before=("failed",),
            now=clock.now(),
        )
        model = ConnectionRecord
        connections.change(
            connection_id,
            [
                model.status.set("connected"),
                model.connected_at.set(now),
                model.marketplaces.set(
                    connections.encoded(
                        [ConnectedMarketplace(each.marketplace_id, each.country_code, each.name) for each in known]
                    )
                ),
            ],
            only_in=("authorising",),
        )
        if fresh:
            health = DatasetHealth
            for dataset in ("orders", "inventory"):
                actions = [health.last_success_at.set(now)]
                if complete_from is not None:
                    actions.append(health.complete_from.set(complete_from))
                connections.change_health(connection_id, dataset, actions)
        connections.serve(seller, tenant_id, connection_id, region, list(subscriptions))
    return ConnectedSeller(tenant_id, connection_id, seller)
