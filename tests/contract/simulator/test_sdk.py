"""Amazon's own SDK drives every operation that the simulator offers."""

import inspect
import json
import sys
from typing import Any

import pytest
from spapi import (
    ApiException,
    FbaInventoryApi,
    GetOrderApi,
    NotificationsApi,
    SearchOrdersApi,
    SellersApi,
)
from spapi.models.notifications_v1 import (
    CreateDestinationRequest,
    CreateSubscriptionRequest,
    DestinationResourceSpecification,
    SendTestNotificationRequest,
    SqsResource,
)
from spapi.models.notifications_v1 import (
    TestNotification as MockNotification,
)

from infra.simulator.sp_api.operations import OPERATIONS
from tests.contract.simulator import drive_reports, drive_selling
from tests.contract.simulator.conftest import QUEUE, Stage

US = "ATVPDKIKX0DER"


def _destination(stage: Stage) -> str:
    created = stage.sdk(NotificationsApi, grantless=True).create_destination(
        CreateDestinationRequest(
            name="intake", resource_specification=DestinationResourceSpecification(sqs=SqsResource(arn=QUEUE))
        )
    )
    return str(created.payload.destination_id)


def _subscribe(stage: Stage, kind: str = "ORDER_CHANGE", version: str = "1.0") -> tuple[str, str]:
    destination_id = _destination(stage)
    created = stage.sdk(NotificationsApi).create_subscription(
        kind, CreateSubscriptionRequest(payload_version=version, destination_id=destination_id)
    )
    return destination_id, str(created.payload.subscription_id)


def drive_get_marketplace_participations(stage: Stage) -> None:
    found = stage.sdk(SellersApi).get_marketplace_participations().payload
    assert [each.marketplace.id for each in found] == [US]
    assert found[0].participation.is_participating
    assert found[0].store_name == stage.seller.name


def drive_search_orders(stage: Stage) -> None:
    api = stage.sdk(SearchOrdersApi)
    seen: list[str] = []
    token = None
    while True:
        arguments: dict[str, Any] = {"pagination_token": token} if token else {}
        page = api.search_orders(
            created_after="2026-11-01T00:00:00Z",
            marketplace_ids=[US],
            included_data=["PROCEEDS", "FULFILLMENT"],
            max_results_per_page=60,
            **arguments,
        )
        for order in page.orders:
            seen.append(order.order_id)
            if order.fulfillment.fulfillment_status == "SHIPPED":
                total = sum(float(each.subtotal.amount) for each in order.proceeds.breakdowns)
                assert total == pytest.approx(float(order.proceeds.grand_total.amount))
        token = page.pagination and page.pagination.next_token
        if not token:
            break
    world = stage.simulator.world
    expected = world.storage.connection.execute(
        "SELECT COUNT(*) FROM orders WHERE created >= ? AND created <= ?", (1793491200000, world.now_ms - 120_000)
    ).fetchone()[0]
    assert len(seen) == len(set(seen)) == expected > 100


def drive_get_order(stage: Stage) -> None:
    placed = stage.simulator.world.new_order(stage.seller, quantity=2)
    api = stage.sdk(GetOrderApi)
    pending = api.get_order(placed.order_id, included_data=["PROCEEDS"]).order
    assert pending.proceeds is None
    stage.simulator.world.advance_order(stage.seller, placed.order_id)
    order = api.get_order(placed.order_id, included_data=["PROCEEDS", "FULFILLMENT", "RECIPIENT"]).order
    assert order.fulfillment.fulfillment_status == "UNSHIPPED"
    assert order.order_items[0].quantity_ordered == 2
    assert order.order_items[0].proceeds.breakdowns[0].type == "ITEM"
    assert order.recipient.delivery_address.postal_code is None


def drive_get_inventory_summaries(stage: Stage) -> None:
    found = stage.sdk(FbaInventoryApi).get_inventory_summaries("Marketplace", US, [US], details=True)
    world = stage.simulator.world
    stocked = [each for each in world.listings_of(stage.seller, US) if each.by_amazon]
    assert len(found.payload.inventory_summaries) == len(stocked)
    first = found.payload.inventory_summaries[0]
    details = first.inventory_details
    assert details.fulfillable_quantity == world.sellable(stage.seller, stocked[0])
    assert first.total_quantity == (
        details.fulfillable_quantity
        + details.inbound_working_quantity
        + details.inbound_shipped_quantity
        + details.inbound_receiving_quantity
        + details.reserved_quantity.total_reserved_quantity
        + details.unfulfillable_quantity.total_unfulfillable_quantity
        + details.researching_quantity.total_researching_quantity
    )


def drive_create_destination(stage: Stage) -> None:
    _destination(stage)
    with pytest.raises(ApiException) as refused:
        _destination(stage)
    assert refused.value.status == 409
    assert f"A destination with arn {QUEUE} already exists" in refused.value.body


def drive_get_destinations(stage: Stage) -> None:
    destination_id = _destination(stage)
    found = stage.sdk(NotificationsApi, grantless=True).get_destinations().payload
    assert [each.destination_id for each in found] == [destination_id]
    assert stage.sdk(NotificationsApi, grantless=True, region="eu").get_destinations().payload == []


def drive_get_destination(stage: Stage) -> None:
    destination_id = _destination(stage)
    found = stage.sdk(NotificationsApi, grantless=True).get_destination(destination_id).payload
    assert found.resource.sqs.arn == QUEUE


def drive_delete_destination(stage: Stage) -> None:
    destination_id, subscription_id = _subscribe(stage)
    api = stage.sdk(NotificationsApi, grantless=True)
    with pytest.raises(ApiException) as refused:
        api.delete_destination(destination_id)
    assert "Destination has subscriptions" in refused.value.body
    api.delete_subscription_by_id(subscription_id, "ORDER_CHANGE")
    api.delete_destination(destination_id)
    assert api.get_destinations().payload == []


def drive_create_subscription(stage: Stage) -> None:
    destination_id, _ = _subscribe(stage)
    with pytest.raises(ApiException) as refused:
        stage.sdk(NotificationsApi).create_subscription(
            "ORDER_CHANGE", CreateSubscriptionRequest(payload_version="1.0", destination_id=destination_id)
        )
    assert refused.value.status == 409


def drive_get_subscription(stage: Stage) -> None:
    _, subscription_id = _subscribe(stage)
    assert stage.sdk(NotificationsApi).get_subscription("ORDER_CHANGE").payload.subscription_id == subscription_id


def drive_get_subscriptions(stage: Stage) -> None:
    _, subscription_id = _subscribe(stage, "REPORT_PROCESSING_FINISHED", "2020-09-04")
    found = stage.sdk(NotificationsApi).get_subscriptions(["REPORT_PROCESSING_FINISHED"]).payload
    assert [each.subscription_id for each in found.subscriptions] == [subscription_id]


def drive_get_subscription_by_id(stage: Stage) -> None:
    destination_id, subscription_id = _subscribe(stage)
    api = stage.sdk(NotificationsApi, grantless=True)
    assert api.get_subscription_by_id(subscription_id, "ORDER_CHANGE").payload.destination_id == destination_id


def drive_delete_subscription_by_id(stage: Stage) -> None:
    _, subscription_id = _subscribe(stage)
    api = stage.sdk(NotificationsApi, grantless=True)
    api.delete_subscription_by_id(subscription_id, "ORDER_CHANGE")
    with pytest.raises(ApiException) as refused:
        api.get_subscription_by_id(subscription_id, "ORDER_CHANGE")
    assert refused.value.status == 404


def drive_send_test_notification(stage: Stage) -> None:
    destination_id = _destination(stage)
    stage.sdk(NotificationsApi, grantless=True).send_test_notification(
        "ORDER_CHANGE",
        SendTestNotificationRequest(
            destination_id=destination_id,
            test_notification=MockNotification(payload_version="1.0", test_scenario="ORDER_CHANGE_TEST_CASE_200"),
        ),
    )
    stage.simulator.advance(200)
    assert {arn for arn, _ in stage.delivered} == {QUEUE}
    assert json.loads(stage.delivered[0][1])["NotificationType"] == "ORDER_CHANGE"


CAPITALISED = {"getAttributes": "GetAttributes", "createWarranty": "CreateWarranty"}
"""What Amazon's model spells unlike all others."""


def _operation_of(name: str) -> str:
    parts = name.removeprefix("drive_").split("_")
    spelt = "".join(part.capitalize() if number else part for number, part in enumerate(parts))
    return CAPITALISED.get(spelt, spelt)


DRIVERS = {
    _operation_of(name): driver
    for module in (sys.modules[__name__], drive_reports, drive_selling)
    for name, driver in vars(module).items()
    if name.startswith("drive_") and inspect.isfunction(driver)
}


def test_every_offered_operation_is_driven() -> None:
    assert set(DRIVERS) == {operation.name for operation in OPERATIONS}


@pytest.mark.parametrize("operation", sorted(DRIVERS))
def test_amazons_sdk_drives(operation: str, stage: Stage) -> None:
    DRIVERS[operation](stage)
    with stage.client as client:
        assert client.get("/control/calls").json()[operation]["calls"] > 0
