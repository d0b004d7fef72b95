"""Listings, feeds, consent and the application's secret on the wire and through the control API."""

import json

import pytest

from infra.simulator.lwa import SCOPE_ROTATION
from tests.contract.simulator.conftest import QUEUE, Stage

US = "ATVPDKIKX0DER"


def test_listings_are_changed_by_hand_and_told_by_event_bridge(stage: Stage) -> None:
    path = f"/control/sellers/{stage.seller.selling_partner_id}/listings"
    with stage.client as client:
        made = client.post(
            "/na/notifications/v1/destinations",
            headers=stage.grantless_headers(),
            json={
                "name": "bus",
                "resourceSpecification": {"eventBridge": {"accountId": "123456789012", "region": "us-east-1"}},
            },
        ).json()["payload"]
        headers = stage.seller_headers()
        for kind, version in (("LISTINGS_ITEM_STATUS_CHANGE", "1.0"), ("LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13")):
            body = {"payloadVersion": version, "destinationId": made["destinationId"]}
            answer = client.post(f"/na/notifications/v1/subscriptions/{kind}", headers=headers, json=body)
            assert answer.status_code == 200
        listing = next(each for each in client.get(path).json()["listings"] if each["by_amazon"])
        changed = client.put(f"{path}/{listing['sku']}", json={"issue": "90220", "price_minor": 4321})
        assert changed.json()["listings"][0]["status"] == ["DISCOVERABLE"]
        item = client.get(
            f"/na/listings/2021-08-01/items/{stage.seller.selling_partner_id}/{listing['sku']}",
            headers=headers,
            params={"marketplaceIds": US, "includedData": "offers,issues"},
        ).json()
        assert item["offers"][0]["price"] == {"currencyCode": "USD", "amount": "43.21"}
        assert item["issues"][0]["code"] == "90220"
        client.put(f"{path}/{listing['sku']}", json={"issue": None})
        stage.simulator.advance(300)
        told = {(each["NotificationType"], json.dumps(each["Payload"], sort_keys=True)) for _, body in stage.events
                for each in [json.loads(body)] if each["Payload"]["Sku"] == listing["sku"]}  # fmt: skip
        deliveries = client.get("/control/state").json()["deliveries"]
    assert len([kind for kind, _ in told if kind == "LISTINGS_ITEM_STATUS_CHANGE"]) == 2
    assert len([kind for kind, _ in told if kind == "LISTINGS_ITEM_ISSUES_CHANGE"]) == 2
    assert f"{listing['sku']} DISCOVERABLE" in {each["subject"] for each in deliveries["recent"]}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"issue": "nothing"}, "issue"),
        ({"price_minor": 0}, "price_minor"),
        ({"quantity": -1}, "quantity"),
        ({"x": 1}, "x"),
    ],
)
def test_impossible_changes_of_a_listing_name_the_field(stage: Stage, body: dict[str, object], word: str) -> None:
    path = f"/control/sellers/{stage.seller.selling_partner_id}/listings"
    with stage.client as client:
        sku = client.get(path).json()["listings"][0]["sku"]
        answer = client.put(f"{path}/{sku}", json=body)
        assert client.put(f"{path}/NOTHING", json={"issue": None}).status_code == 404
    assert (answer.status_code, answer.json()["error"][: len(word)]) == (400, word)


def test_consent_withdrawn_at_once_ends_access_tokens_too(stage: Stage) -> None:
    headers = stage.seller_headers()
    path = "/na/sellers/v1/marketplaceParticipations"
    with stage.client as client:
        assert client.get(path, headers=headers).status_code == 200
        revoke = f"/control/sellers/{stage.seller.selling_partner_id}/revoke"
        assert client.post(revoke, json={"at_once": True}).json() == {"revoked": 1}
        refused = client.get(path, headers=headers)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["code"] == "Unauthorized"


def test_a_rotation_answers_without_a_body(stage: Stage) -> None:
    with stage.client as client:
        client.put("/control/application", json={"notification_queue": QUEUE})
        token = stage.token(grant_type="client_credentials", scope=SCOPE_ROTATION)["access_token"]
        answer = client.post("/na/applications/2023-11-30/clientSecret", headers={"x-amz-access-token": token})
        again = client.post("/na/applications/2023-11-30/clientSecret", headers={"x-amz-access-token": token})
        wrong = client.put("/control/application", json={"notification_queue": "nowhere"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-amzn-ratelimit-limit"] == "0.0167"
    assert again.status_code == 429
    assert wrong.json()["error"].startswith("notification_queue")


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("/na/finances/2024-06-19/transactions", {}, "postedAfter is required"),
        ("/na/finances/2024-06-19/transactions", {"postedAfter": "2026-11-21T11:59:00Z"}, "more than two minutes"),
        (
            "/na/finances/2024-06-19/transactions",
            {"postedAfter": "2026-11-02", "postedBefore": "2026-11-01"},
            "later than postedAfter",
        ),
        (
            "/na/finances/2024-06-19/transactions",
            {"postedAfter": "2026-11-01", "transactionStatus": "GONE"},
            "GONE is not one of",
        ),
        (
            "/na/finances/2024-06-19/transactions",
            {"postedAfter": "2026-11-01", "nextToken": "AAAA"},
            "nextToken is invalid",
        ),
        ("/na/catalog/2022-04-01/items", {"marketplaceIds": US}, "Exactly one of identifiers and keywords"),
        ("/na/catalog/2022-04-01/items", {"marketplaceIds": "A1PA6795UKMFR9"}, "not a marketplace of this region"),
        (
            "/na/catalog/2022-04-01/items",
            {"marketplaceIds": US, "identifiers": "X", "identifiersType": "SKU"},
            "sellerId is required",
        ),
        ("/na/feeds/2021-06-30/feeds", {}, "feedTypes"),
        ("/na/fba/inbound/v0/shipments", {"QueryType": "SHIPMENT"}, "MarketplaceId is required"),
        ("/na/fba/inbound/v0/shipments", {"MarketplaceId": US, "QueryType": "DATE_RANGE"}, "LastUpdatedAfter"),
        ("/na/inbound/fba/2024-03-20/inboundPlans", {"pageSize": "31"}, "between 1 and 30"),
        ("/na/inbound/fba/2024-03-20/inboundPlans", {"status": "LOST"}, "LOST is not one of"),
    ],
)
def test_wrong_requests_are_refused_as_amazon_refuses_them(
    stage: Stage, path: str, query: dict[str, str], words: str
) -> None:
    answer = stage.client.get(path, headers=stage.seller_headers(), params=query)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["details"]
