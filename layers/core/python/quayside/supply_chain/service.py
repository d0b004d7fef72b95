"""Use cases of the supply chain: take in inbound plans, shipments and receipts, and list what is on its way."""

from collections.abc import Sequence
from datetime import datetime

from quayside.amazon.inbound import InboundItem, InboundPlan, InboundShipment
from quayside.connections import service as connections
from quayside.kernel.clock import Clock, epoch_seconds
from quayside.kernel.ids import ConnectionId, TenantId
from quayside.kernel.tenancy import tenant_scope
from quayside.storage.facts import Tally
from quayside.supply_chain import rules, store
from quayside.supply_chain.records import shipment_from, shipment_id_of
from quayside.supply_chain.rules import (
    PlanFacts,
    PlannedItem,
    PlannedShipment,
    ReceivedItem,
    ReceivedShipment,
    Shipment,
    UnusableInbound,
)
from quayside.supply_chain.views import COLUMNS, item_row
from quayside.sync.sinks import Applied, Rejected
from quayside.sync.views import RowsPage

DATASET = "inbound_shipments"


def apply_inbound(  # noqa: PLR0913 - the port of the sync worker
    tenant_id: TenantId,
    connection_id: ConnectionId,
    *,
    plans: Sequence[InboundPlan] = (),
    shipments: Sequence[InboundShipment] = (),
    items: Sequence[InboundItem] = (),
    received_at: datetime,
    clock: Clock,  # noqa: ARG001 - part of the port; what is stored depends on the receipt alone
) -> Applied:
    """Store what either inbound API says, newer wins; the two never wipe each other's words.

    What a plan says of one shipment and SKU must come in one call, for a plan lists every expiry date of it apart.
    """
    rejected: list[Rejected] = []
    with tenant_scope(tenant_id):
        tally = store.put_plans(
            connection_id,
            [(each.inbound_plan_id, each.last_updated_at, _plan(each)) for each in plans],
            received_at=received_at,
        )
        planned = {each.confirmation_id or each.shipment_id: each for each in shipments if each.plan_id is not None}
        taken_in = {each.shipment_id: each for each in shipments if each.plan_id is None}
        tally = tally.plus(
            store.put_planned_shipments(
                connection_id, {key: _planned(each) for key, each in planned.items()}, received_at=received_at
            )
        ).plus(
            store.put_received_shipments(
                connection_id,
                {key: ReceivedShipment(each.status, each.name, each.destination) for key, each in taken_in.items()},
                received_at=received_at,
            )
        )
        tally = tally.plus(_put_items(connection_id, items, received_at, rejected))
    return Applied(tally.applied, tally.stale, tuple(rejected))


def _plan(plan: InboundPlan) -> PlanFacts:
    return PlanFacts(plan.status, plan.name, tuple(sorted(plan.marketplace_ids)), epoch_seconds(plan.created_at))


def _planned(shipment: InboundShipment) -> PlannedShipment:
    return PlannedShipment(
        shipment.shipment_id,
        shipment.plan_id,
        shipment.status,
        shipment.name,
        shipment.destination,
        _seconds(shipment.ready_from),
        _seconds(shipment.ready_until),
        _seconds(shipment.delivery_from),
        _seconds(shipment.delivery_until),
        shipment.tracking_ids,
    )


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else epoch_seconds(at)


def _put_items(
    connection_id: ConnectionId, items: Sequence[InboundItem], received_at: datetime, rejected: list[Rejected]
) -> Tally:
    usable = []
    for each in items:
        try:
            rules.checked_units(each.seller_sku, each.quantity_shipped, each.quantity_received or 0)
            usable.append(each)
        except UnusableInbound as problem:
            rejected.append(Rejected(f"{each.shipment_id} {each.seller_sku}", problem.reason))
    planned = [each for each in usable if each.quantity_received is None]
    common = store.common_ids(connection_id) if planned else {}
    tally = store.put_planned_items(
        connection_id,
        rules.together(
            (
                common.get(each.shipment_id, each.shipment_id),
                each.seller_sku,
                PlannedItem(each.quantity_shipped, each.asin, each.fnsku),
            )
            for each in planned
        ),
        received_at=received_at,
    )
    return tally.plus(
        store.put_received_items(
            connection_id,
            {
                (each.shipment_id, each.seller_sku): ReceivedItem(
                    each.quantity_shipped, each.quantity_received, each.fnsku
                )
                for each in usable
                if each.quantity_received is not None
            },
            received_at=received_at,
        )
    )


def rows_view(
    connection_id: ConnectionId,
    dataset: str,
    marketplace_id: str | None,  # noqa: ARG001 - as all data browsers; a shipment is of the whole account
    cursor: str | None,
    limit: int,
) -> RowsPage:
    """Return a page of what is on its way, one row a shipment and SKU, of a connection of the tenant in scope.

    Raises:
        NotFound: there is no such connection.
        InvalidInput: the cursor is not one of ours.
    """
    reach = connections.reach(connection_id, dataset)
    page = store.browse_items(connection_id, cursor, limit)
    records = [record for _, record in page.found]
    known = store.shipments(connection_id, {shipment_id_of(record.sk) for record in records})
    shipments = {shipment_id: shipment_from(record) for shipment_id, record in known.items()}
    rows = tuple(item_row(record, shipments.get(shipment_id_of(record.sk), Shipment())) for record in records)
    return RowsPage(COLUMNS, rows, page.next_cursor, reach.as_of)
