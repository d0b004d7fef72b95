"""Amazon's own SDK drives listings, catalogue, finances, fees, inbound, feeds, messages and the client secret."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from spapi import (
    ApiException,
    ApplicationsApi,
    CatalogApi,
    DefinitionsApi,
    FbaInboundApi,
    FbaInboundV0Api,
    FeedsApi,
    FeesApi,
    FinancesV2024Api,
    ListingsApi,
    MessagingApi,
    SolicitationsApi,
    UploadsApi,
)
from spapi.models.feeds_v2021_06_30 import CreateFeedDocumentSpecification, CreateFeedSpecification
from spapi.models.listings_items_v2021_08_01 import ListingsItemPatchRequest, PatchOperation
from spapi.models.messaging_v1 import (
    Attachment,
    CreateConfirmCustomizationDetailsRequest,
    CreateConfirmDeliveryDetailsRequest,
    CreateConfirmOrderDetailsRequest,
    CreateConfirmServiceDetailsRequest,
    CreateDigitalAccessKeyRequest,
    CreateLegalDisclosureRequest,
    CreateUnexpectedProblemRequest,
    CreateWarrantyRequest,
    InvoiceRequest,
)
from spapi.models.product_fees_v0 import FeesEstimateByIdRequest, FeesEstimateRequest, MoneyType, PriceToEstimateFees

from infra.simulator import listing_life, shipments
from infra.simulator.clock import DAY
from infra.simulator.lifecycle import State
from infra.simulator.lwa import SCOPE_ROTATION
from infra.simulator.solicitations import Mood
from infra.simulator.sp_api.solicitations import solicitable
from infra.simulator.world import Listing
from tests.contract.simulator.conftest import QUEUE, Stage

US = "ATVPDKIKX0DER"


def _listings(stage: Stage) -> list[Listing]:
    return stage.simulator.world.listings_of(stage.seller, US)


# ---------------------------------------------------------------------- listings and catalogue


def drive_get_listings_item(stage: Stage) -> None:
    world, listing = stage.simulator.world, _listings(stage)[0]
    listing_life.set_issue(world, listing, "90220", world.now_ms)
    found = stage.sdk(ListingsApi).get_listings_item(
        stage.seller.selling_partner_id,
        listing.sku,
        [US],
        included_data=["summaries", "attributes", "issues", "offers", "fulfillmentAvailability", "productTypes"],
    )
    assert found.summaries[0].asin == listing.asin
    assert found.summaries[0].status == ["DISCOVERABLE"]
    assert found.issues[0].severity == "ERROR"
    assert found.issues[0].enforcements.actions[0].action == "LISTING_SUPPRESSED"
    assert Decimal(found.offers[0].price.amount) * 100 == listing.price_minor
    assert found.fulfillment_availability[0].fulfillment_channel_code == "DEFAULT"
    assert found.fulfillment_availability[0].quantity > 0
    with pytest.raises(ApiException) as missing:
        stage.sdk(ListingsApi).get_listings_item(stage.seller.selling_partner_id, "NOTHING", [US])
    assert missing.value.status == 404
    with pytest.raises(ApiException) as foreign:
        stage.sdk(ListingsApi).get_listings_item("A1SOMEBODYELSE", listing.sku, [US])
    assert foreign.value.status == 403


def drive_patch_listings_item(stage: Stage) -> None:
    """A preview changes nothing; the patch itself changes the price, and what is no price is refused with its issue."""
    api, partner, listing = stage.sdk(ListingsApi), stage.seller.selling_partner_id, _listings(stage)[0]

    def patch(price: float, **arguments: str) -> Any:
        schedule = [{"schedule": [{"value_with_tax": price}]}]
        offer = {"marketplace_id": US, "currency": "USD", "our_price": schedule}
        operation = PatchOperation(op="replace", path="/attributes/purchasable_offer", value=[offer])
        body = ListingsItemPatchRequest(product_type="PRODUCT", patches=[operation])
        return api.patch_listings_item(partner, listing.sku, [US], body, **arguments)

    wanted = listing.price_minor + 100
    assert patch(wanted / 100, mode="VALIDATION_PREVIEW").status == "VALID"
    assert _listings(stage)[0].price_minor == listing.price_minor
    assert patch(wanted / 100).status == "ACCEPTED"
    assert _listings(stage)[0].price_minor == wanted
    refused = patch(-1.0)
    assert refused.status == "INVALID"
    assert refused.issues[0].severity == "ERROR"
    assert _listings(stage)[0].price_minor == wanted


def drive_get_definitions_product_type(stage: Stage) -> None:
    """The schema behind the link is what its checksum says, and a changed attribute is held against it."""
    partner, listing = stage.seller.selling_partner_id, _listings(stage)[0]
    shown = stage.sdk(ListingsApi).get_listings_item(
        partner, listing.sku, [US], included_data=["productTypes", "attributes"]
    )
    kind = shown.product_types[0].product_type
    found = stage.sdk(DefinitionsApi).get_definitions_product_type(kind, [US], seller_id=partner, locale="en_US")
    assert (found.product_type, found.locale, found.product_type_version.latest) == (kind, "en_US", True)
    with stage.client as client:
        schema = client.get(found.var_schema.link.resource)
        assert client.get(found.var_schema.link.resource + "x").status_code == 403
    digest = hashlib.md5(schema.content, usedforsecurity=False).digest()
    assert base64.b64encode(digest).decode() == found.var_schema.checksum
    assert schema.json()["properties"]["bullet_point"]["maxUniqueItems"] == 5

    def patch(op: str, name: str, *values: str) -> Any:
        place = {"marketplace_id": US, "language_tag": "en_US"}
        entries = [{"value": value, **place} for value in values] or [place]
        operation = PatchOperation(op=op, path=f"/attributes/{name}", value=entries)
        body = ListingsItemPatchRequest(product_type=kind, patches=[operation])
        return stage.sdk(ListingsApi).patch_listings_item(partner, listing.sku, [US], body)

    assert patch("replace", "bullet_point", "One", "Two").status == "ACCEPTED"
    too_long = patch("replace", "item_name", "x" * 201)
    assert (too_long.status, too_long.issues[0].attribute_names) == ("INVALID", ["item_name"])
    assert patch("delete", "item_name").issues[0].code == "90220"
    assert patch("delete", "generic_keyword").status == "ACCEPTED"
    now = stage.sdk(ListingsApi).get_listings_item(partner, listing.sku, [US], included_data=["attributes"]).attributes
    assert [each["value"] for each in now["bullet_point"]] == ["One", "Two"]
    assert "generic_keyword" not in now
    with pytest.raises(ApiException) as missing:
        stage.sdk(DefinitionsApi).get_definitions_product_type("NOTHING", [US])
    assert missing.value.status == 404


def drive_search_definitions_product_types(stage: Stage) -> None:
    found = stage.sdk(DefinitionsApi).search_definitions_product_types([US], keywords=["lamp"])
    assert [each.name for each in found.product_types] == ["LAMP"]
    assert len(stage.sdk(DefinitionsApi).search_definitions_product_types([US]).product_types) > 10


def drive_search_listings_items(stage: Stage) -> None:
    api, partner = stage.sdk(ListingsApi), stage.seller.selling_partner_id
    seen: list[str] = []
    arguments: dict[str, Any] = {}
    while True:
        page = api.search_listings_items(partner, [US], page_size=5, sort_by="sku", sort_order="ASC", **arguments)
        seen += [each.sku for each in page.items]
        if page.pagination is None or page.pagination.next_token is None:
            break
        arguments = {"page_token": page.pagination.next_token}
    assert seen == sorted(each.sku for each in _listings(stage))
    assert page.number_of_results == len(seen)
    stage.simulator.advance(10)
    first = _listings(stage)[3]
    found = api.search_listings_items(partner, [US], identifiers=[first.asin], identifiers_type="ASIN")
    assert [each.sku for each in found.items] == [first.sku]


def drive_search_catalog_items(stage: Stage) -> None:
    wanted = [each.asin for each in _listings(stage)]
    found = stage.sdk(CatalogApi).search_catalog_items(
        [US],
        identifiers=[*wanted, "B000NOBODY"],
        identifiers_type="ASIN",
        included_data=["summaries", "images", "dimensions", "identifiers", "salesRanks", "productTypes"],
        page_size=20,
    )
    assert [each.asin for each in found.items] == wanted
    first = found.items[0]
    assert first.summaries[0].item_name == _listings(stage)[0].title
    assert first.dimensions[0].package.weight.value > first.dimensions[0].item.weight.value
    assert first.sales_ranks[0].display_group_ranks[0].rank > 0
    with pytest.raises(ApiException) as refused:
        stage.sdk(CatalogApi).search_catalog_items([US], identifiers=wanted[:1], identifiers_type="GTIN")
    assert refused.value.status == 400


def drive_get_catalog_item(stage: Stage) -> None:
    listing = _listings(stage)[0]
    found = stage.sdk(CatalogApi).get_catalog_item(listing.asin, [US], included_data=["summaries", "images"])
    assert found.summaries[0].item_name == listing.title
    assert {each.variant for each in found.images[0].images} == {"MAIN", "PT01"}
    with pytest.raises(ApiException) as missing:
        stage.sdk(CatalogApi).get_catalog_item("B000NOBODY", [US])
    assert missing.value.status == 404


# ---------------------------------------------------------------------- money


def drive_list_transactions(stage: Stage) -> None:
    # The SDK takes a second for a few hundred parts: what all transactions add up to is tested without it.
    placed = stage.simulator.world.new_order(stage.seller, quantity=2)
    stage.simulator.world.advance_order(stage.seller, placed.order_id, "SHIPPED")
    stage.simulator.advance(2 * 86_400)
    api = stage.sdk(FinancesV2024Api)
    found = api.list_transactions(
        related_identifier_name="ORDER_ID", related_identifier_value=placed.order_id
    ).payload.transactions
    assert [each.transaction_type for each in found] == ["Shipment"]
    shipment = found[0]
    amount = Decimal(str(shipment.total_amount.currency_amount))
    assert sum(Decimal(str(each.breakdown_amount.currency_amount)) for each in shipment.breakdowns) == amount
    assert sum(Decimal(str(each.total_amount.currency_amount)) for each in shipment.items) == amount
    assert shipment.items[0].contexts[0].quantity_shipped == 2
    at = shipment.posted_date
    page = api.list_transactions(posted_after=at, posted_before=at + timedelta(seconds=1)).payload
    assert shipment.transaction_id in [each.transaction_id for each in page.transactions]
    # A window of more than 180 days is answered with nothing.
    assert not api.list_transactions(posted_after="2026-01-01T00:00:00Z").payload.transactions
    # The page is cut before it is filtered: nothing old is still held back, and yet there is more to come.
    empty = api.list_transactions(posted_after="2026-08-01T00:00:00Z", transaction_status="DEFERRED").payload
    assert empty.transactions == []
    assert empty.next_token
    with pytest.raises(ApiException) as refused:
        api.list_transactions()
    assert refused.value.status == 400


def drive_get_my_fees_estimates(stage: Stage) -> None:
    listing = next(each for each in _listings(stage) if each.by_amazon)

    def request(kind: str, value: str, currency: str = "USD") -> FeesEstimateByIdRequest:
        price = PriceToEstimateFees(listing_price=MoneyType(currency_code=currency, amount=20.0))
        return FeesEstimateByIdRequest(
            id_type=kind,
            id_value=value,
            fees_estimate_request=FeesEstimateRequest(
                marketplace_id=US, is_amazon_fulfilled=True, price_to_estimate_fees=price, identifier=f"r-{value}"
            ),
        )

    found = stage.sdk(FeesApi).get_my_fees_estimates(
        [request("SellerSKU", listing.sku), request("ASIN", listing.asin), request("SellerSKU", "NOTHING"),
         request("SellerSKU", listing.sku, "EUR")]
    )  # fmt: skip
    assert [each.status for each in found] == ["Success", "Success", "ClientError", "ClientError"]
    assert found[0].fees_estimate.total_fees_estimate.amount == pytest.approx(3.0 + 3.5)
    assert {each.fee_type: each.final_fee.amount for each in found[0].fees_estimate.fee_detail_list} == {
        "ReferralFee": 3.0,
        "FBAFees": 3.5,
    }
    assert found[0].fees_estimate_identifier.seller_input_identifier == f"r-{listing.sku}"


# ---------------------------------------------------------------------- inbound


def _newest_plan(stage: Stage) -> Any:
    return stage.sdk(FbaInboundApi).list_inbound_plans(sort_by="CREATION_TIME", sort_order="DESC").inbound_plans[0]


def drive_list_inbound_plans(stage: Stage) -> None:
    api = stage.sdk(FbaInboundApi)
    seen: list[str] = []
    arguments: dict[str, Any] = {}
    while True:
        page = api.list_inbound_plans(page_size=4, sort_by="CREATION_TIME", sort_order="ASC", **arguments)
        seen += [each.inbound_plan_id for each in page.inbound_plans]
        if page.pagination is None:
            break
        arguments = {"pagination_token": page.pagination.next_token}
        stage.simulator.advance(1)
    world = stage.simulator.world
    plans = shipments.plans(world, stage.seller)
    assert seen == [shipments.plan_id(world, stage.seller, each) for each in plans]
    assert len(set(seen)) == len(seen) > 4
    assert {len(each) for each in seen} == {38}


def drive_get_inbound_plan(stage: Stage) -> None:
    plan = stage.sdk(FbaInboundApi).get_inbound_plan(_newest_plan(stage).inbound_plan_id)
    assert plan.marketplace_ids == [US]
    assert plan.shipments
    with pytest.raises(ApiException) as missing:
        stage.sdk(FbaInboundApi).get_inbound_plan("wf" + "0" * 36)
    assert missing.value.status == 404


def drive_list_inbound_plan_items(stage: Stage) -> None:
    api = stage.sdk(FbaInboundApi)
    plan = api.get_inbound_plan(_newest_plan(stage).inbound_plan_id)
    items = api.list_inbound_plan_items(plan.inbound_plan_id, page_size=1000).items
    assert len(items) == len(plan.shipments)


def drive_get_shipment(stage: Stage) -> None:
    api = stage.sdk(FbaInboundApi)
    plan = api.get_inbound_plan(_newest_plan(stage).inbound_plan_id)
    shipment = api.get_shipment(plan.inbound_plan_id, plan.shipments[0].shipment_id)
    assert shipment.status == plan.shipments[0].status
    assert shipment.shipment_confirmation_id.startswith("FBA")
    assert shipment.destination.destination_type == "AMAZON_WAREHOUSE"


def drive_list_shipment_items(stage: Stage) -> None:
    api = stage.sdk(FbaInboundApi)
    plan = api.get_inbound_plan(_newest_plan(stage).inbound_plan_id)
    items = api.list_shipment_items(plan.inbound_plan_id, plan.shipments[0].shipment_id).items
    listing = next(each for each in _listings(stage) if each.sku == items[0].msku)
    assert items[0].quantity == listing.batch
    assert items[0].fnsku == listing.fnsku


def drive_get_shipments(stage: Stage) -> None:
    api = stage.sdk(FbaInboundV0Api)
    open_states = ["WORKING", "SHIPPED", "IN_TRANSIT", "DELIVERED", "CHECKED_IN", "RECEIVING"]
    closed = api.get_shipments("SHIPMENT", US, shipment_status_list=["CLOSED"]).payload.shipment_data
    still = api.get_shipments("SHIPMENT", US, shipment_status_list=open_states).payload.shipment_data
    world = stage.simulator.world
    assert len(closed) + len(still) == len(list(shipments.restocks(world, stage.seller)))
    # The marketplace is required, and ignored.
    canada = api.get_shipments("SHIPMENT", "A2EUQ1WTGCTBG2", shipment_status_list=["CLOSED"]).payload.shipment_data
    assert [each.shipment_id for each in canada] == [each.shipment_id for each in closed]
    with pytest.raises(ApiException) as refused:
        api.get_shipments("SHIPMENT", US)
    assert refused.value.status == 400


def drive_get_shipment_items_by_shipment_id(stage: Stage) -> None:
    api = stage.sdk(FbaInboundV0Api)
    closed = api.get_shipments("SHIPMENT", US, shipment_status_list=["CLOSED"]).payload.shipment_data[0]
    (item,) = api.get_shipment_items_by_shipment_id(closed.shipment_id).payload.item_data
    assert item.quantity_shipped - 1 <= item.quantity_received <= item.quantity_shipped


def drive_get_shipment_items(stage: Stage) -> None:
    api, seen = stage.sdk(FbaInboundV0Api), []
    page = api.get_shipment_items(
        "DATE_RANGE", US, last_updated_after="2026-01-01T00:00:00Z", last_updated_before="2026-11-21T12:00:00Z"
    ).payload
    seen += page.item_data
    while page.next_token:
        page = api.get_shipment_items("NEXT_TOKEN", US, next_token=page.next_token).payload
        seen += page.item_data
    world = stage.simulator.world
    known = {shipments.confirmation_id(world, each): each for each in shipments.restocks(world, stage.seller)}
    assert {each.shipment_id for each in seen} == set(known)
    for each in seen:
        assert each.quantity_received == known[each.shipment_id].received(world.now_ms)


# ---------------------------------------------------------------------- feeds


def _uploaded(stage: Stage, document: object) -> str:
    made = stage.sdk(FeedsApi).create_feed_document(
        CreateFeedDocumentSpecification(content_type="application/json; charset=UTF-8")
    )
    with httpx.Client(timeout=20) as client:
        answer = client.put(
            made.url, content=json.dumps(document), headers={"content-type": "application/json; charset=UTF-8"}
        )
    assert answer.status_code == 200, answer.text
    return str(made.feed_document_id)


def _price_feed(stage: Stage, *messages: dict[str, Any]) -> str:
    header = {"sellerId": stage.seller.selling_partner_id, "version": "2.0"}
    document_id = _uploaded(stage, {"header": header, "messages": list(messages)})
    created = stage.sdk(FeedsApi).create_feed(
        CreateFeedSpecification(
            feed_type="JSON_LISTINGS_FEED", marketplace_ids=[US], input_feed_document_id=document_id
        )
    )
    return str(created.feed_id)


def _price_message(number: int, sku: str, price: float) -> dict[str, Any]:
    offer = {"marketplace_id": US, "currency": "USD", "our_price": [{"schedule": [{"value_with_tax": price}]}]}
    return {
        "messageId": number, "sku": sku, "operationType": "PATCH", "productType": "HOME",
        "patches": [{"op": "replace", "path": "/attributes/purchasable_offer", "value": [offer]}],
    }  # fmt: skip


def drive_create_feed_document(stage: Stage) -> None:
    made = stage.sdk(FeedsApi).create_feed_document(CreateFeedDocumentSpecification(content_type="application/json"))
    with httpx.Client(timeout=20) as client:
        assert client.put(made.url, content=b"{}", headers={"content-type": "text/plain"}).status_code == 403
        assert client.get(made.url).status_code == 403
        stage.simulator.clock.advance(300)
        assert client.put(made.url, content=b"{}", headers={"content-type": "application/json"}).status_code == 403


def drive_create_feed(stage: Stage) -> None:
    first, second = _listings(stage)[:2]
    feed_id = _price_feed(stage, _price_message(1, first.sku, 31.5), _price_message(2, "NOTHING", 10.0))
    stage.simulator.advance(300)
    assert stage.sdk(FeedsApi).get_feed(feed_id).processing_status == "DONE"
    assert first.price_minor == 3150
    assert second.price_minor != 3150
    with pytest.raises(ApiException) as refused:
        stage.sdk(FeedsApi).create_feed(
            CreateFeedSpecification(
                feed_type="POST_PRODUCT_PRICING_DATA", marketplace_ids=[US], input_feed_document_id="x"
            )
        )
    assert refused.value.status == 400


def drive_get_feed(stage: Stage) -> None:
    feed_id = _price_feed(stage, _price_message(1, _listings(stage)[0].sku, 12.0))
    api = stage.sdk(FeedsApi)
    seen = []
    for _ in range(40):
        seen.append(api.get_feed(feed_id).processing_status)
        stage.simulator.advance(5)
    assert list(dict.fromkeys(seen)) == ["IN_QUEUE", "IN_PROGRESS", "DONE"]


def drive_get_feed_document(stage: Stage) -> None:
    sku = _listings(stage)[0].sku
    feed_id = _price_feed(stage, _price_message(1, sku, 12.0), _price_message(2, sku, -1.0))
    stage.simulator.advance(300)
    api = stage.sdk(FeedsApi)
    document = api.get_feed_document(api.get_feed(feed_id).result_feed_document_id)
    assert document.compression_algorithm == "GZIP"
    with httpx.Client(timeout=20) as client:
        report = json.loads(gzip.decompress(client.get(document.url).content))
    assert report["summary"] == {
        "errors": 1, "warnings": 0, "messagesProcessed": 2, "messagesAccepted": 1, "messagesInvalid": 1,
    }  # fmt: skip
    assert report["issues"][0]["messageId"] == 2


def drive_get_feeds(stage: Stage) -> None:
    made = [_price_feed(stage, _price_message(1, _listings(stage)[0].sku, 12.0 + number)) for number in range(3)]
    api = stage.sdk(FeedsApi)
    page = api.get_feeds(feed_types=["JSON_LISTINGS_FEED"], page_size=2)
    rest = api.get_feeds(next_token=page.next_token)
    assert [each.feed_id for each in [*page.feeds, *rest.feeds]] == made[::-1]
    assert rest.next_token is None


# ---------------------------------------------------------------------- the application


def drive_rotate_application_client_secret(stage: Stage) -> None:
    application = stage.simulator.application
    with pytest.raises(ApiException) as refused:
        stage.sdk(ApplicationsApi, grantless=True, scope=SCOPE_ROTATION).rotate_application_client_secret()
    assert refused.value.status == 400
    with stage.client as client:
        client.put("/control/application", json={"notification_queue": QUEUE})
    stage.simulator.advance(120)
    old = application.client_secret
    stage.sdk(ApplicationsApi, grantless=True, scope=SCOPE_ROTATION).rotate_application_client_secret()
    stage.simulator.advance(120)
    message = json.loads(stage.delivered[0][1])
    secret = message["payload"]["applicationOAuthClientNewSecret"]
    assert message["notificationType"] == "APPLICATION_OAUTH_CLIENT_NEW_SECRET"
    assert secret["newClientSecret"] == application.client_secret != old
    assert stage.delivered[0][0] == QUEUE


# ------------------------------------------------------------------------------- review requests


def _orders_of(stage: Stage, days: float) -> list[str]:
    """Return orders that were placed about so many days ago, are shipped, and whose buyers take requests."""
    world = stage.simulator.world
    api = stage.simulator.gateway.solicitations
    api.requests.mood = Mood(empty_share=0, delayed_share=0)
    rows = world.storage.connection.execute(
        "SELECT order_id FROM orders WHERE seller = ? AND created BETWEEN ? AND ? AND state = ?",
        (stage.seller.pk, world.now_ms - round((days + 1) * DAY), world.now_ms - round(days * DAY), State.DELIVERED),
    )
    found = [world.order(stage.seller, str(row[0])) for row in rows]
    return [each.order_id for each in found if api.requests.is_open(solicitable(each))]


def drive_get_solicitation_actions_for_order(stage: Stage) -> None:
    api = stage.sdk(SolicitationsApi)
    found = api.get_solicitation_actions_for_order(_orders_of(stage, 12)[0], [US])
    assert [each.name for each in found.links.actions] == ["productReviewAndSellerFeedback"]
    assert found.embedded.actions[0].links.var_self.href == found.links.actions[0].href
    for days in (4, 50):
        nothing = api.get_solicitation_actions_for_order(_orders_of(stage, days)[0], [US])
        assert nothing.links.actions == []


def drive_create_product_review_and_seller_feedback_solicitation(stage: Stage) -> None:
    api, order_id = stage.sdk(SolicitationsApi), _orders_of(stage, 12)[0]
    made = api.create_product_review_and_seller_feedback_solicitation_with_http_info(order_id, [US])
    assert made[1] == 201
    assert api.get_solicitation_actions_for_order(order_id, [US]).links.actions == []
    for again, words in ((order_id, "is not available"), (_orders_of(stage, 4)[0], "outside the 5-30 day range")):
        with pytest.raises(ApiException) as refused:
            api.create_product_review_and_seller_feedback_solicitation(again, [US])
        assert refused.value.status == 403
        assert words in str(refused.value.body)


# ----------------------------------------------------------------------------- messages to buyers


def _own_order_to_ship(stage: Stage) -> str:
    """Return an order that the seller has to ship."""
    world = stage.simulator.world
    stage.simulator.gateway.messaging.messages.mood.refused_share = 0
    row = world.storage.connection.execute(
        "SELECT order_id FROM orders WHERE seller = ? AND state = ? AND by_amazon = 0",
        (stage.seller.pk, State.UNSHIPPED),
    ).fetchone()
    if row is not None:
        return str(row[0])
    while True:
        order = world.new_order(stage.seller, may_fail=False)
        if not order.by_amazon:
            world.advance_order(stage.seller, order.order_id, "UNSHIPPED")
            return order.order_id


def drive_get_messaging_actions_for_order(stage: Stage) -> None:
    api, order_id = stage.sdk(MessagingApi), _own_order_to_ship(stage)
    found = api.get_messaging_actions_for_order(order_id, [US])
    names = [each.name for each in found.links.actions]
    assert {"confirmOrderDetails", "unexpectedProblem"} <= set(names)
    assert [each.payload.name for each in found.embedded.actions] == names


def drive_get_attributes(stage: Stage) -> None:
    found = stage.sdk(MessagingApi).get_attributes(_own_order_to_ship(stage), [US])
    assert found.buyer.locale == "en-US"


def _refused_message(send: Callable[..., Any], order_id: str, body: Any, status: int) -> None:
    with pytest.raises(ApiException) as refused:
        send(order_id, [US], body)
    assert refused.value.status == status


def drive_create_confirm_order_details(stage: Stage) -> None:
    api, order_id = stage.sdk(MessagingApi), _own_order_to_ship(stage)
    body = CreateConfirmOrderDetailsRequest(text="Which colour do you want?")
    assert api.create_confirm_order_details_with_http_info(order_id, [US], body)[1] == 201
    assert stage.simulator.gateway.messaging.messages.sent[-1].action == "confirmOrderDetails"
    _refused_message(api.create_confirm_order_details, order_id, CreateConfirmOrderDetailsRequest(), 400)


def drive_create_confirm_delivery_details(stage: Stage) -> None:
    api, order_id = stage.sdk(MessagingApi), _own_order_to_ship(stage)
    body = CreateConfirmDeliveryDetailsRequest(text="When are you at home?")
    assert api.create_confirm_delivery_details_with_http_info(order_id, [US], body)[1] == 201


def drive_confirm_customization_details(stage: Stage) -> None:
    api, order_id = stage.sdk(MessagingApi), _own_order_to_ship(stage)
    body = CreateConfirmCustomizationDetailsRequest(text="Which initials?")
    assert api.confirm_customization_details_with_http_info(order_id, [US], body)[1] == 201


def drive_create_unexpected_problem(stage: Stage) -> None:
    api, order_id = stage.sdk(MessagingApi), _own_order_to_ship(stage)
    body = CreateUnexpectedProblemRequest(text="The parcel was damaged at our warehouse.")
    assert api.create_unexpected_problem_with_http_info(order_id, [US], body)[1] == 201


def drive_create_warranty(stage: Stage) -> None:
    api, delivered = stage.sdk(MessagingApi), _orders_of(stage, 12)[0]
    stage.simulator.gateway.messaging.messages.mood.refused_share = 0
    body = CreateWarrantyRequest(coverage_start_date="2026-11-22T00:00:00Z")
    assert api.create_warranty_with_http_info(delivered, [US], body)[1] == 201
    _refused_message(api.create_warranty, _own_order_to_ship(stage), body, 403)


def drive_create_confirm_service_details(stage: Stage) -> None:
    body = CreateConfirmServiceDetailsRequest(text="When may we come?")
    api = stage.sdk(MessagingApi)
    _refused_message(api.create_confirm_service_details, _own_order_to_ship(stage), body, 403)


def drive_create_digital_access_key(stage: Stage) -> None:
    body = CreateDigitalAccessKeyRequest(text="The key is 1.")
    api = stage.sdk(MessagingApi)
    _refused_message(api.create_digital_access_key, _own_order_to_ship(stage), body, 403)


def _destination(stage: Stage, order_id: str, content: bytes, action: str = "legalDisclosure") -> Any:
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    resource = f"messaging/v1/orders/{order_id}/messages/{action}"
    return stage.sdk(UploadsApi).create_upload_destination_for_resource([US], digest, resource).payload


def drive_create_upload_destination_for_resource(stage: Stage) -> None:
    api, delivered = stage.sdk(UploadsApi), _orders_of(stage, 12)[0]
    found = _destination(stage, delivered, b"%PDF-1.7 a manual")
    assert httpx.put(found.url, content=b"%PDF-1.7 a manual").status_code == 403, "the headers are signed too"
    damaged = httpx.put(found.url, content=b"%PDF-1.7 another", headers=found.headers)
    assert (damaged.status_code, "BadDigest" in damaged.text) == (400, True)
    assert httpx.put(found.url, content=b"%PDF-1.7 a manual", headers=found.headers).status_code == 200
    assert httpx.put(found.url[:-2], content=b"%PDF-1.7 a manual", headers=found.headers).status_code == 403
    wrong = _destination(stage, delivered, b"x", "invoice")
    stage.simulator.advance(16 * 60)
    assert httpx.put(wrong.url, content=b"x", headers=wrong.headers).status_code == 403, "it lives for 15 minutes"
    for resource, status in (
        ("aplus/2020-11-01/contentDocuments", 400),
        ("messaging/v1/orders/1/messages/invoice", 404),
    ):
        with pytest.raises(ApiException) as refused:
            api.create_upload_destination_for_resource([US], "x", resource)
        assert refused.value.status == status


def drive_create_legal_disclosure(stage: Stage) -> None:
    api, delivered = stage.sdk(MessagingApi), _orders_of(stage, 12)[0]
    stage.simulator.gateway.messaging.messages.mood.refused_share = 0
    _refused_message(api.create_legal_disclosure, delivered, CreateLegalDisclosureRequest(), 400)
    put, others = (_destination(stage, delivered, b"%PDF-1.7", each) for each in ("legalDisclosure", "invoice"))
    for each in (put, others):
        assert httpx.put(each.url, content=b"%PDF-1.7", headers=each.headers).status_code == 200
    empty = _destination(stage, delivered, b"%PDF-1.7")
    for each in (empty, others):
        attached = Attachment(file_name="terms.pdf", upload_destination_id=each.upload_destination_id)
        body = CreateLegalDisclosureRequest(attachments=[attached])
        _refused_message(api.create_legal_disclosure, delivered, body, 400)
    attached = Attachment(file_name="terms.pdf", upload_destination_id=put.upload_destination_id)
    body = CreateLegalDisclosureRequest(attachments=[attached])
    assert api.create_legal_disclosure_with_http_info(delivered, [US], body)[1] == 201


def drive_send_invoice(stage: Stage) -> None:
    _refused_message(stage.sdk(MessagingApi).send_invoice, _own_order_to_ship(stage), InvoiceRequest(), 403)
