"""Every route with its permission, and the documents that are generated from them."""

import json
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from infra.api import generate
from quayside.accounts.rules import PERMISSIONS_OF_ROLE
from quayside.sync.registry import REGISTRY
from seller_api.app import build
from seller_api.routes.sync import BROWSERS
from seller_api.routing import BASE_PATH
from web_app import app as web_app

_, ROUTES = build()

ROUTE_TABLE = {
    "GET /health": "public",
    "GET /configuration": "public",
    "POST /auth/sign-up": "public",
    "POST /auth/confirm": "public",
    "POST /auth/resend-code": "public",
    "POST /auth/sign-in": "public",
    "POST /auth/challenge": "public",
    "POST /auth/refresh": "public",
    "POST /auth/sign-out": "public",
    "POST /auth/forgot-password": "public",
    "POST /auth/reset-password": "public",
    "POST /auth/sign-out-everywhere": "profile",
    "POST /auth/mfa/begin": "profile",
    "POST /auth/mfa/confirm": "profile",
    "POST /auth/mfa/disable": "profile",
    "GET /me": "profile",
    "PATCH /me": "profile",
    "PATCH /tenant": "tenant.manage",
    "POST /tenant/close": "tenant.close",
    "GET /promises": "public",
    "GET /subprocessors": "public",
    "GET /data": "tenant.read",
    "GET /data/disclosures": "audit.read",
    "POST /data/exports": "connections.manage",
    "POST /data/exports/{export_id}/link": "connections.manage",
    "POST /data/erasures/{erasure_id}/begin": "connections.manage",
    "GET /connections": "connections.read",
    "GET /connections/{connection_id}": "connections.read",
    "POST /connections/authorizations": "connections.manage",
    "POST /connections/callback": "connections.manage",
    "POST /connections/{connection_id}/disconnect": "connections.manage",
    "GET /connections/{connection_id}/quarantine": "connections.read",
    "POST /connections/{connection_id}/quarantine/{entry_id}/replay": "connections.manage",
    "GET /connections/{connection_id}/sync": "connections.read",
    "PUT /connections/{connection_id}/features/{feature}": "connections.manage",
    "POST /connections/{connection_id}/datasets/{dataset}/pause": "connections.manage",
    "POST /connections/{connection_id}/datasets/{dataset}/resume": "connections.manage",
    "POST /connections/{connection_id}/datasets/{dataset}/run": "connections.manage",
    "GET /connections/{connection_id}/datasets/{dataset}/runs": "connections.read",
    "GET /connections/{connection_id}/datasets/{dataset}/rows": "connections.read",
    "GET /connections/{connection_id}/reports": "connections.read",
    "POST /connections/{connection_id}/reports/{report}/replay": "connections.manage",
    "GET /orders": "orders.read",
    "GET /orders/{order_id}": "orders.read",
    "GET /orders/{order_id}/delivery": "orders.read",
    "GET /orders/{order_id}/recipient": "fulfilment.recipients",
    "GET /inventory": "inventory.read",
    "GET /inventory/position": "inventory.read",
    "GET /inventory/locations": "inventory.read",
    "POST /inventory/locations": "inventory.manage",
    "PATCH /inventory/locations/{location_id}": "inventory.manage",
    "GET /inventory/locations/{location_id}/stock": "inventory.read",
    "GET /inventory/movements": "inventory.read",
    "POST /inventory/movements": "inventory.manage",
    "POST /inventory/movements/reversals": "inventory.manage",
    "GET /restock": "inventory.read",
    "GET /restock/suggestion": "inventory.read",
    "GET /restock/scores": "inventory.read",
    "POST /restock/what-if": "inventory.manage",
    "POST /restock/budget": "inventory.manage",
    "GET /restock/settings": "inventory.read",
    "PUT /restock/settings": "inventory.manage",
    "GET /restock/settings/sku": "inventory.read",
    "PUT /restock/settings/sku": "inventory.manage",
    "GET /inventory/links": "inventory.read",
    "PUT /inventory/links": "inventory.manage",
    "GET /analytics/overview": "analytics.read",
    "GET /finance/settlements": "analytics.read",
    "GET /finance/settlements/{connection_id}/{settlement_id}": "analytics.read",
    "GET /finance/settlements/{connection_id}/{settlement_id}/lines": "analytics.read",
    "GET /catalog": "catalog.read",
    "GET /catalog/issues": "catalog.read",
    "GET /catalog/listing": "catalog.read",
    "GET /catalog/attributes": "catalog.read",
    "POST /catalog/attributes": "catalog.manage",
    "GET /catalog/edits": "catalog.read",
    "GET /catalog/edit": "catalog.read",
    "POST /catalog/edits": "catalog.manage",
    "POST /catalog/edits/apply": "catalog.manage",
    "GET /catalog/files": "catalog.read",
    "POST /catalog/files": "catalog.manage",
    "GET /catalog/file-template": "catalog.read",
    "GET /catalog/files/{file_id}": "catalog.read",
    "GET /catalog/files/{file_id}/rows": "catalog.read",
    "POST /catalog/files/{file_id}/parts": "catalog.manage",
    "POST /catalog/files/{file_id}/complete": "catalog.manage",
    "POST /catalog/files/{file_id}/apply": "catalog.manage",
    "GET /catalog/brands": "catalog.read",
    "GET /catalog/brands/tags": "catalog.read",
    "POST /catalog/brands/tags": "catalog.manage",
    "POST /catalog/brands/file/preview": "catalog.manage",
    "POST /catalog/brands/file": "catalog.manage",
    "GET /catalog/views": "catalog.read",
    "POST /catalog/views": "catalog.manage",
    "POST /catalog/views/{view_id}/remove": "catalog.manage",
    "GET /costs": "analytics.read",
    "PUT /costs/method": "costs.manage",
    "POST /costs/lots": "costs.manage",
    "POST /costs/lots/{lot_id}/remove": "costs.manage",
    "POST /costs/file/preview": "costs.manage",
    "POST /costs/file": "costs.manage",
    "GET /costs/other": "analytics.read",
    "POST /costs/other": "costs.manage",
    "POST /costs/other/{cost_id}/remove": "costs.manage",
    "GET /costs/rates": "analytics.read",
    "PUT /costs/rates": "costs.manage",
    "GET /suppliers": "procurement.read",
    "POST /suppliers": "procurement.manage",
    "GET /supplier-details": "procurement.read",
    "POST /suppliers/file/preview": "procurement.manage",
    "POST /suppliers/file": "procurement.manage",
    "GET /suppliers/{supplier_id}": "procurement.read",
    "PUT /suppliers/{supplier_id}": "procurement.manage",
    "GET /suppliers/{supplier_id}/scorecard": "procurement.read",
    "GET /purchase-orders": "procurement.read",
    "POST /purchase-orders": "procurement.manage",
    "GET /purchase-order-details": "procurement.read",
    "POST /purchase-orders/drafts/preview": "procurement.manage",
    "POST /purchase-orders/drafts": "procurement.manage",
    "POST /purchase-orders/file/preview": "procurement.manage",
    "GET /purchase-orders/{order_id}": "procurement.read",
    "PUT /purchase-orders/{order_id}": "procurement.manage",
    "POST /purchase-orders/{order_id}/approve": "procurement.approve",
    "POST /purchase-orders/{order_id}/move": "procurement.manage",
    "GET /purchase-orders/{order_id}/changes": "procurement.read",
    "GET /purchase-orders/{order_id}/versions/{number}": "procurement.read",
    "GET /purchase-orders/{order_id}/pdf": "procurement.read",
    "GET /purchase-orders/{order_id}/csv": "procurement.read",
    "POST /purchase-orders/{order_id}/receipts": "procurement.receive",
    "POST /purchase-orders/{order_id}/receipts/finish": "procurement.receive",
    "GET /purchase-orders/{order_id}/receipts/{receipt_id}/take-back": "procurement.receive",
    "POST /purchase-orders/{order_id}/receipts/{receipt_id}/take-back": "procurement.receive",
    "POST /purchase-orders/{order_id}/payments": "procurement.manage",
    "POST /purchase-orders/{order_id}/payments/{payment_id}/remove": "procurement.manage",
    "GET /procurement/payments": "procurement.read",
    "POST /procurement/charges": "procurement.manage",
    "GET /procurement/charges/{charge_id}": "procurement.read",
    "POST /procurement/charges/{charge_id}/remove": "procurement.manage",
    "GET /procurement/settings": "procurement.read",
    "PUT /procurement/settings": "tenant.manage",
    "GET /analytics/products": "analytics.read",
    "GET /analytics/products/{seller_sku}": "analytics.read",
    "GET /analytics/settlements/{connection_id}/{settlement_id}": "analytics.read",
    "GET /analytics/profit": "analytics.read",
    "GET /analytics/returns": "analytics.read",
    "GET /analytics/brands": "analytics.read",
    "GET /shipments": "supply_chain.read",
    "POST /shipments": "supply_chain.manage",
    "GET /shipments/{shipment_id}": "supply_chain.read",
    "PUT /shipments/{shipment_id}": "supply_chain.manage",
    "POST /shipments/{shipment_id}/moves": "supply_chain.manage",
    "POST /shipments/{shipment_id}/arrivals": "supply_chain.manage",
    "POST /shipments/{shipment_id}/arrivals/finish": "supply_chain.manage",
    "GET /shipment-details": "supply_chain.read",
    "POST /shipments/file/preview": "supply_chain.manage",
    "POST /shipments/file": "supply_chain.manage",
    "GET /order-lines": "supply_chain.read",
    "GET /shipments/{shipment_id}/inbound": "supply_chain.read",
    "GET /shipments/{shipment_id}/inbound/candidates": "supply_chain.read",
    "PUT /shipments/{shipment_id}/inbound": "supply_chain.manage",
    "POST /shipments/{shipment_id}/inbound/arrivals": "supply_chain.manage",
    "PUT /shipments/{shipment_id}/claims": "supply_chain.manage",
    "GET /shipments/{shipment_id}/documents": "supply_chain.read",
    "POST /shipments/{shipment_id}/documents": "supply_chain.manage",
    "PUT /shipments/{shipment_id}/documents/{document_id}": "supply_chain.manage",
    "GET /shipments/{shipment_id}/documents/{document_id}/link": "supply_chain.read",
    "POST /shipments/{shipment_id}/documents/{document_id}/remove": "supply_chain.manage",
    "GET /pipeline": "supply_chain.read",
    "GET /lead-times": "supply_chain.read",
    "GET /sourcing": "sourcing.read",
    "GET /sourcing/stage": "sourcing.read",
    "POST /sourcing/file/preview": "sourcing.manage",
    "POST /sourcing/file": "sourcing.manage",
    "POST /sourcing/leads": "sourcing.manage",
    "GET /sourcing/leads/{lead_id}": "sourcing.read",
    "PUT /sourcing/leads/{lead_id}": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/move": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/approve": "sourcing.manage",
    "GET /sourcing/leads/{lead_id}/realised": "sourcing.read",
    "POST /sourcing/leads/{lead_id}/research": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/remove": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/quotes": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/quotes/file/preview": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/quotes/file": "sourcing.manage",
    "PUT /sourcing/leads/{lead_id}/quotes/{quote_id}": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/quotes/{quote_id}/remove": "sourcing.manage",
    "GET /sourcing/leads/{lead_id}/comparison": "sourcing.read",
    "POST /sourcing/leads/{lead_id}/scenarios": "sourcing.manage",
    "PUT /sourcing/leads/{lead_id}/scenarios/{scenario_id}": "sourcing.manage",
    "POST /sourcing/leads/{lead_id}/scenarios/{scenario_id}/remove": "sourcing.manage",
    "GET /reviews": "reviews.read",
    "GET /reviews/campaigns": "reviews.read",
    "POST /reviews/campaigns": "reviews.manage",
    "PUT /reviews/campaigns/{campaign_id}": "reviews.manage",
    "POST /reviews/campaigns/{campaign_id}/remove": "reviews.manage",
    "POST /reviews/preview": "reviews.manage",
    "PUT /reviews/pause": "reviews.manage",
    "GET /reviews/decisions": "reviews.read",
    "GET /orders/{order_id}/review": "reviews.read",
    "GET /reviews/do-not-solicit": "reviews.read",
    "POST /reviews/do-not-solicit": "reviews.manage",
    "POST /reviews/do-not-solicit/{order_id}/remove": "reviews.manage",
    "GET /messages": "messages.read",
    "GET /orders/{order_id}/messages": "messages.read",
    "POST /orders/{order_id}/messages": "messages.send",
    "POST /orders/{order_id}/messages/offer": "messages.send",
    "POST /orders/{order_id}/messages/{message_id}/file-parts": "messages.send",
    "POST /orders/{order_id}/messages/{message_id}/withdraw": "messages.send",
    "POST /orders/{order_id}/messages/{message_id}/settle": "messages.send",
    "GET /audit": "audit.read",
    "GET /operations/sync": "operations.read",
    "GET /operations/quarantine": "operations.read",
    "POST /operations/quarantine/{entry_id}/replay": "operations.act",
    "GET /operations/credentials": "operations.read",
    "POST /operations/credentials/rotate": "operations.act",
    "GET /operations/abuse": "operations.read",
    "POST /operations/abuse": "operations.act",
    "GET /operations/abuse/{case_id}": "operations.read",
    "POST /operations/abuse/{case_id}/evidence": "operations.act",
    "POST /operations/abuse/{case_id}/block": "operations.act",
    "POST /operations/abuse/{case_id}/unblock": "operations.act",
    "POST /operations/abuse/{case_id}/close": "operations.act",
}
"""Whoever adds a route says here, in a second place and on purpose, who may use it."""


def test_every_route_has_the_permission_of_the_table() -> None:
    assert {f"{route.method} {route.path}": route.permission for route in ROUTES} == ROUTE_TABLE


def test_browsing_rows_asks_for_what_their_own_screens_ask_for() -> None:
    """The route alone asks for `connections.read`; rows of orders and of money need more."""
    assert {dataset: browser.permission for dataset, browser in BROWSERS.items()} == {
        "orders": "orders.read",
        "returns": "orders.read",
        "recipients": "orders.read",
        "inventory": "inventory.read",
        "inbound_shipments": "inventory.read",
        "listings": "inventory.read",
        "catalog_items": "inventory.read",
        "finances": "analytics.read",
        "settlements": "analytics.read",
        "fees": "analytics.read",
        "sales_and_traffic": "analytics.read",
        "restock_advice": "inventory.read",
        "review_requests": "reviews.read",
        "buyer_messages": "messages.read",
        "product_research": "sourcing.read",
    }
    assert set(BROWSERS) == {each.key for each in REGISTRY}


def test_every_permission_but_those_of_operators_is_given_to_some_role() -> None:
    given = {permission for held in PERMISSIONS_OF_ROLE.values() for permission in held}
    asked = {route.permission for route in ROUTES} - {"public"}
    assert asked - given == {"operations.read", "operations.act"}


def test_reading_changes_nothing_and_acting_needs_more_than_reading() -> None:
    for route in ROUTES:
        assert route.method == "GET" or not route.permission.endswith(".read"), route


def test_the_documents_are_up_to_date() -> None:
    assert generate.stale() == [], "run: python -m infra.api.generate"


def test_a_stale_document_is_noticed(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "openapi.yaml"
    other.write_text("openapi: 3.0.3\n")
    monkeypatch.setattr(generate, "DEPLOYED", other)
    assert other in generate.stale()


def test_the_published_document_is_valid_openapi() -> None:
    validate(json.loads(generate.PUBLISHED.read_text()))


def test_the_deployed_document_covers_every_route_of_both_apps() -> None:
    paths = yaml.safe_load(generate.DEPLOYED.read_text())["paths"]
    declared = {(path, method.upper()) for path, methods in paths.items() for method in methods}
    api = {(f"{BASE_PATH}{route.path}", route.method) for route in ROUTES}
    web = {(path, "GET") for path in web_app.ROUTES}
    assert declared == api | web


def test_exactly_the_public_operations_go_without_a_token() -> None:
    document = yaml.safe_load(generate.DEPLOYED.read_text())
    for route in ROUTES:
        operation = document["paths"][route.resource_path][route.method.lower()]
        assert operation["security"] == ([] if route.permission == "public" else [{"cognito": []}])
    scheme = document["components"]["securitySchemes"]["cognito"]
    assert scheme["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert scheme["x-amazon-apigateway-authorizer"]["providerARNs"] == [{"Fn::GetAtt": ["UserPool", "Arn"]}]


def test_intrinsic_functions_are_in_their_long_form() -> None:
    text = generate.DEPLOYED.read_text()
    assert not [line for line in text.splitlines() if "!Sub" in line or "!GetAtt" in line or "!Ref" in line]
    functions = {
        operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].split("/")[-2]
        for methods in yaml.safe_load(text)["paths"].values()
        for operation in methods.values()
    }
    assert functions == {"${SellerApi.Alias}", "${WebApp.Alias}"}


def test_nothing_of_aws_is_published() -> None:
    assert "x-amazon" not in generate.PUBLISHED.read_text()
    assert "Fn::" not in generate.PUBLISHED.read_text()


@pytest.mark.parametrize(
    ("paths", "refused"),
    [
        (["/a/{x}", "/a/{x}/b", "/a/b"], False),
        (["/a/{x}", "/a/{y}/b"], True),
        (["/{x}", "/{y}"], True),
    ],
)
def test_paths_that_api_gateway_would_refuse_are_refused_here(paths: list[str], *, refused: bool) -> None:
    if refused:
        with pytest.raises(generate.SiblingVariables):
            generate.check_paths(paths)
    else:
        generate.check_paths(paths)
