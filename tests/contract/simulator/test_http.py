"""What Amazon does on its bad days and to wrong requests, on the wire."""

import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from infra.simulator.application import ROLE_DIRECT_TO_CONSUMER
from tests.contract.simulator.conftest import QUEUE, Stage

US = "ATVPDKIKX0DER"
HOST = "sellercentral.amazon.com"
ORDERS = "/na/orders/2026-01-01/orders"
INVENTORY = "/na/fba/inventory/v1/summaries"
INVENTORY_QUERY = {"marketplaceIds": US, "granularityType": "Marketplace", "granularityId": US}


def _consent(stage: Stage, **changes: str) -> httpx.Response:
    with stage.client as client:
        client.put("/control/application", json={"redirect_uris": ["http://localhost:1/callback"]})
        form = {
            "application_id": stage.simulator.application.application_id,
            "state": "s-1",
            "selling_partner_id": stage.seller.selling_partner_id,
            "decision": "allow",
            **changes,
        }
        return client.post(f"/seller-central/{HOST}/apps/authorize/consent", data=form)


def _exchange(stage: Stage, **form: str) -> httpx.Response:
    application = stage.simulator.application
    with stage.client as client:
        return client.post(
            "/auth/o2/token",
            data={"client_id": application.client_id, "client_secret": application.client_secret, **form},
        )


def test_code_is_exchanged_once(stage: Stage) -> None:
    answer = _consent(stage)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["s-1"]
    assert query["selling_partner_id"] == [stage.seller.selling_partner_id]
    form = {"grant_type": "authorization_code", "code": query["spapi_oauth_code"][0]}
    first = _exchange(stage, **form)
    assert first.json()["expires_in"] == 3600
    assert first.json()["token_type"] == "bearer"
    again = _exchange(stage, **form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_code_dies_after_five_minutes(stage: Stage) -> None:
    query = parse_qs(urlsplit(_consent(stage).headers["location"]).query)
    stage.simulator.clock.advance(300)
    late = _exchange(stage, grant_type="authorization_code", code=query["spapi_oauth_code"][0])
    assert late.json()["error"] == "invalid_grant"


def test_refusal_and_wrong_redirect(stage: Stage) -> None:
    refused = _consent(stage, decision="refuse")
    assert refused.headers["location"] == "http://localhost:1/callback?error=access_denied&state=s-1"
    wrong = _consent(stage, redirect_uri="http://localhost:1/other")
    assert wrong.status_code == 400
    assert "MD5101" in wrong.text
    page = stage.client.get(
        f"/seller-central/{HOST}/apps/authorize/consent",
        params={"application_id": stage.simulator.application.application_id, "state": '"><script>'},
    )
    assert "<script>" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_draft_application_needs_version_beta(stage: Stage) -> None:
    with stage.client as client:
        client.put("/control/application", json={"stage": "draft"})
    assert "MD1000" in _consent(stage).text
    assert _consent(stage, version="beta").status_code == 302


def test_only_sellers_of_the_marketplace_can_consent(stage: Stage) -> None:
    other = stage.simulator.world.create_seller("europe", history=False)
    assert _consent(stage, selling_partner_id=other.selling_partner_id).status_code == 403


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "Atzr|x"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "sellingpartnerapi::other"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "wrong"}, 401, "invalid_client"),
    ],
)
def test_token_refusals(stage: Stage, form: dict[str, str], status: int, error: str) -> None:
    answer = _exchange(stage, **form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_revoked_grant_leaves_live_access_tokens_working(stage: Stage) -> None:
    refresh_token = stage.simulator.lwa.authorise(stage.seller)
    access = _exchange(stage, grant_type="refresh_token", refresh_token=refresh_token).json()["access_token"]
    with stage.client as client:
        client.post(f"/control/sellers/{stage.seller.selling_partner_id}/revoke")
        words = _exchange(stage, grant_type="refresh_token", refresh_token=refresh_token).json()["error_description"]
        assert words == (
            "The request has an invalid grant parameter : refresh_token. "
            "User may have revoked or didn't grant the permission."
        )
        headers = {"x-amz-access-token": access}
        assert client.get("/na/sellers/v1/marketplaceParticipations", headers=headers).status_code == 200
        stage.simulator.clock.advance(3600)
        expired = client.get("/na/sellers/v1/marketplaceParticipations", headers=headers)
    assert expired.status_code == 403
    assert expired.json()["errors"][0]["details"] == "The access token you provided has expired."


def test_old_client_secret_lives_seven_days(stage: Stage) -> None:
    refresh_token = stage.simulator.lwa.authorise(stage.seller)
    old = stage.simulator.application.client_secret
    with stage.client as client:
        client.put("/control/application", json={"rotate_secret": True})
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    assert _exchange(stage, **form).status_code == 200
    assert _exchange(stage, **form, client_secret=old).status_code == 200
    stage.simulator.clock.advance(7 * 86400)
    late = _exchange(stage, **form, client_secret=old)
    assert late.json()["error_description"] == "The LWA secret token you provided has expired."


@pytest.mark.parametrize("header", [{}, {"x-amz-access-token": "Atza|garbage"}, {"x-amz-access-token": "nothing"}])
def test_without_a_good_token_nothing_is_answered(stage: Stage, header: dict[str, str]) -> None:
    answer = stage.client.get(ORDERS, headers=header)
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "Unauthorized"
    assert "x-amzn-ratelimit-limit" not in answer.headers
    assert answer.headers["x-amzn-requestid"]


def test_tokens_are_for_their_own_region_and_kind(stage: Stage) -> None:
    seller, grantless = stage.seller_headers(), stage.grantless_headers()
    with stage.client as client:
        assert client.get("/eu/sellers/v1/marketplaceParticipations", headers=seller).status_code == 403
        assert client.get("/na/sellers/v1/marketplaceParticipations", headers=grantless).status_code == 403
        assert client.get("/na/notifications/v1/destinations", headers=seller).status_code == 403


def test_quota_is_a_token_bucket_on_simulated_time(stage: Stage) -> None:
    headers = stage.seller_headers()
    with stage.client as client:
        answers = [client.get(INVENTORY, headers=headers, params=INVENTORY_QUERY) for _ in range(3)]
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert answers[0].headers["x-amzn-ratelimit-limit"] == "2"
        assert "x-amzn-ratelimit-limit" not in answers[2].headers
        assert answers[2].json() == {
            "errors": [
                {
                    "code": "QuotaExceeded",
                    "message": "You exceeded your quota for the requested resource.",
                    "details": "",
                }
            ]
        }
        stage.simulator.clock.advance(0.5)
        assert client.get(INVENTORY, headers=headers, params=INVENTORY_QUERY).status_code == 200
        assert client.get("/control/calls").json()["getInventorySummaries"]["throttled"] == 1


def test_usage_plan_of_a_seller_is_told_by_the_header(stage: Stage) -> None:
    headers = stage.seller_headers()
    with stage.client as client:
        path = f"/control/sellers/{stage.seller.selling_partner_id}"
        client.put(path, json={"rate_multipliers": {"getOrder": 4}})
        answer = client.get(f"{ORDERS}/000-0000000-0000000", headers=headers)
    assert (answer.status_code, answer.headers["x-amzn-ratelimit-limit"]) == (404, "2")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({}, "Exactly one of createdAfter and lastUpdatedAfter"),
        ({"createdAfter": "2026-11-01", "lastUpdatedAfter": "2026-11-01"}, "Exactly one of"),
        ({"createdAfter": "yesterday"}, "is not an ISO 8601 date"),
        ({"createdAfter": "2026-11-01", "lastUpdatedBefore": "2026-11-02"}, "cannot be used with createdAfter"),
        ({"createdAfter": "2026-11-01", "createdBefore": "2026-11-21T11:59:00Z"}, "at least two minutes before"),
        ({"createdAfter": "2026-11-02", "createdBefore": "2026-11-01"}, "equal to or after createdAfter"),
        ({"createdAfter": "2026-11-01", "maxResultsPerPage": "101"}, "between 1 and 100"),
        ({"createdAfter": "2026-11-01", "includedData": "EVERYTHING"}, "EVERYTHING is not one of"),
        ({"createdAfter": "2026-11-01", "marketplaceIds": ",".join(["ATVPDKIKX0DER"] * 51)}, "at most 50"),
        ({"createdAfter": "2026-11-01", "paginationToken": "AAAA"}, "paginationToken is invalid"),
    ],
)
def test_search_refuses_what_amazon_refuses(stage: Stage, query: dict[str, str], words: str) -> None:
    answer = stage.client.get(ORDERS, headers=stage.seller_headers(), params=query)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["code"] == "InvalidInput"
    assert words in error["details"]
    assert answer.headers["x-amzn-ratelimit-limit"] == "0.0056"


def test_page_token_is_bound_to_its_query_and_day(stage: Stage) -> None:
    headers = stage.seller_headers()
    query = {"createdAfter": "2026-11-01", "maxResultsPerPage": "5"}
    with stage.client as client:
        first = client.get(ORDERS, headers=headers, params=query).json()
        token = first["pagination"]["nextToken"]
        other = client.get(
            ORDERS, headers=headers, params={**query, "paginationToken": token, "createdAfter": "2026-11-02"}
        )
        assert other.status_code == 400
        second = client.get(ORDERS, headers=headers, params={**query, "paginationToken": token}).json()
        assert second["createdBefore"] == first["createdBefore"]
        assert not {each["orderId"] for each in first["orders"]} & {each["orderId"] for each in second["orders"]}
        stage.simulator.clock.advance(24 * 3600)
        late = client.get(ORDERS, headers=stage.seller_headers(), params={**query, "paginationToken": token})
    assert "expired" in late.json()["errors"][0]["details"]


def test_sections_and_personal_data_appear_only_when_due(stage: Stage) -> None:
    placed = stage.simulator.world.new_order(stage.seller)
    stage.simulator.world.advance_order(stage.seller, placed.order_id, "SHIPPED")
    headers = stage.seller_headers()
    everything = {"includedData": "BUYER,RECIPIENT,PROCEEDS,FULFILLMENT"}
    with stage.client as client:
        bare = client.get(f"{ORDERS}/{placed.order_id}", headers=headers).json()["order"]
        assert not {"buyer", "recipient", "proceeds", "fulfillment"} & set(bare)
        without = client.get(f"{ORDERS}/{placed.order_id}", headers=headers, params=everything).json()["order"]
        assert "buyerName" not in without.get("buyer", {})
        assert not {"name", "addressLine1", "postalCode", "phone"} & set(without["recipient"]["deliveryAddress"])
        roles = [*stage.simulator.application.roles, ROLE_DIRECT_TO_CONSUMER]
        client.put("/control/application", json={"roles": roles})
        full = client.get(f"{ORDERS}/{placed.order_id}", headers=headers, params=everything).json()["order"]
    assert full["buyer"]["buyerName"]
    assert {"name", "addressLine1", "postalCode", "phone"} <= set(full["recipient"]["deliveryAddress"])


def test_inventory_page_token_dies_after_thirty_seconds(stage: Stage) -> None:
    world = stage.simulator.world
    for number in range(60):
        world.add_listing(
            stage.seller, US, sku=f"MORE-{number}", asin=f"B0{number:08d}", fnsku="X", title="More", price_minor=100
        )
    headers = stage.seller_headers()
    with stage.client as client:
        token = client.get(INVENTORY, headers=headers, params=INVENTORY_QUERY).json()["pagination"]["nextToken"]
        stage.simulator.clock.advance(29)
        assert client.get(INVENTORY, headers=headers, params={**INVENTORY_QUERY, "nextToken": token}).status_code == 200
        stage.simulator.clock.advance(1)
        late = client.get(INVENTORY, headers=headers, params={**INVENTORY_QUERY, "nextToken": token})
    assert late.status_code == 400


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("html_503", 503, "<html>"),
        ("empty_429", 429, ""),
        ("empty_json_500", 500, "{}"),
        ("message_403", 403, '{"message":"Forbidden"}'),
    ],
)
def test_faults_on_demand(stage: Stage, kind: str, status: int, body: str) -> None:
    headers = stage.seller_headers()
    with stage.client as client:
        client.post("/control/faults", json={"kind": kind, "operation": "getMarketplaceParticipations", "count": 1})
        struck = client.get("/na/sellers/v1/marketplaceParticipations", headers=headers)
        well = client.get("/na/sellers/v1/marketplaceParticipations", headers=headers)
    assert struck.status_code == status
    assert struck.text.startswith(body)
    assert well.status_code == 200


def test_hang_and_slow(stage: Stage) -> None:
    headers = stage.seller_headers()
    path = "/na/sellers/v1/marketplaceParticipations"
    with stage.client as client:
        client.post("/control/faults", json={"kind": "hang", "count": 1})
        with pytest.raises(httpx.ReadTimeout):
            client.get(path, headers=headers, timeout=0.3)
        client.post("/control/faults", json={"kind": "slow", "count": 1, "delay_seconds": 0.3})
        slow = client.get(path, headers=headers)
    assert slow.status_code == 200
    assert slow.elapsed.total_seconds() >= 0.3


def test_lwa_faults(stage: Stage) -> None:
    with stage.client as client:
        client.post("/control/faults", json={"kind": "lwa_down", "count": 1})
        assert _exchange(stage, grant_type="refresh_token", refresh_token="x").status_code == 503
        client.post("/control/faults", json={"kind": "wrong_secret", "count": 1})
    assert _exchange(stage, grant_type="refresh_token", refresh_token="x").json()["error"] == "invalid_client"


def _subscribe(stage: Stage, **directive: object) -> httpx.Response:
    with stage.client as client:
        made = client.post(
            "/na/notifications/v1/destinations",
            headers=stage.grantless_headers(),
            json={"name": "q", "resourceSpecification": {"sqs": {"arn": QUEUE}}},
        )
        body = {"payloadVersion": "1.0", "destinationId": made.json()["payload"]["destinationId"], **directive}
        return client.post("/na/notifications/v1/subscriptions/ORDER_CHANGE", headers=stage.seller_headers(), json=body)


def test_order_changes_arrive_with_repeats_and_filters(stage: Stage) -> None:
    expression = {"filterExpression": f'OrderChangeNotification.Summary.MarketplaceId == "{US}"'}
    assert _subscribe(stage, processingDirective=expression).status_code == 200
    with stage.client as client:
        path = f"/control/sellers/{stage.seller.selling_partner_id}/orders"
        order_id = client.post(path, json={}).json()["order_id"]
        client.post(f"{path}/{order_id}/advance", json={"to": "SHIPPED"})
    stage.simulator.advance(300)
    bodies = [json.loads(body) for _, body in stage.delivered]
    changes = [each["Payload"]["OrderChangeNotification"] for each in bodies]
    of_order = {each["Summary"]["OrderStatus"] for each in changes if each["AmazonOrderId"] == order_id}
    assert of_order == {"Pending", "Unshipped", "Shipped"}
    assert all("DestinationPostalCode" in each["Summary"] for each in changes)
    stage.simulator.advance(5 * 86400)
    ids = [json.loads(body)["NotificationMetadata"]["NotificationId"] for _, body in stage.delivered]
    assert 0.08 < 1 - len(set(ids)) / len(ids) < 0.22


@pytest.mark.parametrize(
    ("directive", "words"),
    [
        (
            {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": [US]}},
            "marketplaceIds is not supported",
        ),
        ({"eventFilter": {"eventFilterType": "ORDER_CHANGE"}, "filterExpression": "true"}, "mutually exclusive"),
        ({"filterExpression": "a + b == 1"}, "unexpected '+'"),
        ({"eventFilter": {}}, "eventFilterType is required"),
    ],
)
def test_wrong_directives_are_refused(stage: Stage, directive: dict[str, object], words: str) -> None:
    answer = _subscribe(stage, processingDirective=directive)
    assert answer.status_code == 400
    assert words in answer.json()["errors"][0]["details"]


def test_control_api_names_what_is_wrong(stage: Stage) -> None:
    with stage.client as client:
        unknown = client.put("/control/clock", json={"sped": 2})
        assert (unknown.status_code, unknown.json()["error"][:4]) == (400, "sped")
        assert client.post("/control/sellers", json={"profile": "none"}).status_code == 404
        assert client.get("/control/sellers/A0/truth/daily").status_code == 404
        assert client.put("/control/clock", content=b"{").status_code == 400
        orders = f"/control/sellers/{stage.seller.selling_partner_id}/orders"
        assert client.post(orders, json={"days_ago": 91}).json()["error"] == "days_ago must be from 0 to 90"
        assert client.post(orders, json={"days_ago": "a week"}).status_code == 400
        assert client.put("/control/solicitations", json={"empty_share": 2}).json()["error"][:11] == "empty_share"
        assert client.put("/control/solicitations", json={"empty_share": 0}).json()["empty_share"] == 0
        assert client.get("/na/nothing").json()["errors"][0]["code"] == "NotFound"


def test_control_api_does_not_answer_other_web_pages(stage: Stage) -> None:
    with stage.client as client:
        assert client.get("/control/application", headers={"origin": "https://elsewhere.example"}).status_code == 403
        assert client.get("/control/application", headers={"host": "elsewhere.example"}).status_code == 400
        assert client.get("/control/application", headers={"origin": stage.simulator.url}).status_code == 200


def test_truth_agrees_with_search(stage: Stage) -> None:
    path = f"/control/sellers/{stage.seller.selling_partner_id}"
    with stage.client as client:
        rows = [json.loads(row) for row in client.get(f"{path}/truth/orders").text.splitlines()]
        days = client.get(f"{path}/truth/daily").json()["days"]
        books = client.get(f"{path}/books").json()
    sold = [row for row in rows if row["priced"] and row["status"] != "CANCELLED"]
    assert sum(day["orders"] for day in days) == len(sold)
    assert sum(day["sales_minor"] for day in days) == sum(line["item_minor"] for row in sold for line in row["lines"])
    assert books["problems"] == []


def test_import_over_the_control_api(stage: Stage) -> None:
    text = (
        "time,order,sku,quantity,price,currency\n"
        "2026-11-01T10:00:00Z,A,SKU-1,3,10.00,USD\n"
        "2026-11-01T10:00:00Z,A,SKU-2,1,2.50,USD\n"
    )
    path = f"/control/sellers/{stage.seller.selling_partner_id}/import"
    with stage.client as client:
        done = client.post(path, content=text, headers={"content-type": "text/csv"})
        assert (done.status_code, done.json()["orders"], done.json()["lines"]) == (200, 1, 2)
        wrong = client.post(path, content=text + "x,A,,1.5,ten,USD\n", headers={"content-type": "text/csv"})
    assert wrong.status_code == 400
    assert len(wrong.json()["problems"]) == 4
