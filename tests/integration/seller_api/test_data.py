"""What a seller sees: connections, orders, stock and figures, each tenant its own."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from metrics_roller.app import build as build_roller
from metrics_roller.container import Container as RollerContainer
from notification_intake.app import build as build_intake
from notification_intake.container import Container as IntakeContainer
from quayside.amazon.inventory import InventorySummary
from quayside.connections.records import ConnectionRecord
from quayside.inventory import service as inventory
from quayside.kernel.cursors import encode_cursor
from quayside.kernel.observability import CountedMetrics
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.storage import keys
from quayside.storage.tables import write
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import DE, US, inventory_change, order_change, sqs_event, stream_record
from tests.support.orders import item, order_document
from tests.support.seller_world import Person, SellerWorld
from tests.support.sellers import ConnectedSeller, connect

GB = "A1F83G8C2ARO7P"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


class Market(SellerWorld):
    """A seller API beside the intake and the roller."""

    def __init__(self, present: Aws) -> None:
        super().__init__(present)
        parts: dict[str, Any] = {"clock": present.clock, "store": present.store, "metrics": CountedMetrics()}
        intake = IntakeContainer(present.settings, **parts)
        roller = RollerContainer(present.settings, **parts)
        self.intake = build_intake(lambda: intake)
        self.roller = build_roller(lambda: roller)
        self.sequence = 0

    def notify(self, *notifications: dict[str, Any]) -> None:
        assert self.intake(sqs_event(notifications), None) == {"batchItemFailures": []}

    def roll(self) -> None:
        """Tell the roller of every order as if it had just been stored."""
        records = []
        for image in self.aws.items():
            if image["kind"]["S"] == "order":
                self.sequence += 1
                records.append(stream_record(self.sequence, None, image))
        assert self.roller({"Records": records}, None) == {"batchItemFailures": []}

    def price(self, seller: ConnectedSeller, *documents: Any) -> None:
        now = self.aws.clock.now()
        with tenant_scope(seller.tenant_id):
            applied = orders.apply_orders(
                seller.tenant_id, seller.connection_id, documents, received_at=now, clock=self.aws.clock
            )
        assert applied.applied == len(documents)


@pytest.fixture
def market(shared: Aws) -> Market:
    return Market(emptied(shared))


def _connected(market: Market, person: Person, **parts: Any) -> ConnectedSeller:
    subject = market.identity.accounts[person.email].subject
    return connect(market.aws.clock, subject=subject, **parts)


def test_before_anything_is_connected_every_screen_has_an_answer(market: Market) -> None:
    anna = market.person().sign_up()
    assert anna.call("GET", "/connections").json == {"connections": []}
    assert anna.call("GET", "/orders").json == {"orders": [], "next_cursor": None, "as_of": None, "searched": None}
    assert anna.call("GET", "/inventory").json == {"positions": [], "next_cursor": None, "as_of": None}
    overview = anna.call("GET", "/analytics/overview", query={"period": "30d"}).json
    assert overview["has_connection"] is False
    assert overview["currencies"] == []
    assert overview["period"] == {"key": "30d", "from": "2026-10-23", "to": "2026-11-21", "days": 30}


def test_an_account_is_connected_through_the_browser(market: Market) -> None:
    anna = market.person().sign_up()
    begun = anna.call("POST", "/connections/authorizations", {"marketplace_id": US})
    assert begun.status == 201
    url = begun.json["consent_url"]
    assert url.startswith("https://sellercentral.amazon.com/apps/authorize/consent?")
    state = url.split("state=")[1].split("&")[0]
    callback = {"state": state, "selling_partner_id": "A1SELLER", "code": "one-time-code"}
    taken = anna.call("POST", "/connections/callback", callback)
    assert (taken.status, taken.json["status"]) == (202, "authorising")
    shown = anna.call("GET", f"/connections/{taken.json['connection_id']}")
    assert shown.json["steps"][0]["key"] == "exchange"
    (message,) = market.aws.messages()
    assert message["body"]["kind"] == "connection.authorise"
    assert "one-time-code" not in str([market.aws.items("vault_table"), message, taken.json])
    forged = anna.call("POST", "/connections/callback", {**callback, "state": "f" * 64})
    assert (forged.status, forged.json["code"]) == (400, "state_unknown")


def test_a_connection_is_disconnected_only_by_its_own_name(market: Market) -> None:
    anna = market.person().sign_up()
    seller = _connected(market, anna)
    path = f"/connections/{seller.connection_id}/disconnect"
    assert anna.call("POST", path, {"confirmation": "yes"}).json["code"] == "confirmation_mismatch"
    done = anna.call("POST", path, {"confirmation": seller.selling_partner_id})
    assert (done.status, done.json["status"]) == (202, "disconnecting")


def test_orders_arrive_wait_for_their_price_and_are_shown(market: Market) -> None:
    anna = market.person().sign_up()
    seller = _connected(market, anna)
    market.notify(order_change())
    (waiting,) = anna.call("GET", "/orders").json["orders"]
    assert (waiting["total"], waiting["total_state"], waiting["units"]) == (None, "waiting", 1)
    market.price(seller, order_document())
    page = anna.call("GET", "/orders", query={"search": "coffee", "limit": "10"}).json
    assert page["as_of"] == "2026-11-21T10:11:12Z"
    assert page["searched"]["examined"] == 1
    assert page["orders"] == [
        {
            "order_id": "903-8868176-2219830",
            "connection_id": seller.connection_id,
            "marketplace_id": US,
            "purchased_at": "2026-11-20T18:00:00Z",
            "status": "UNSHIPPED",
            "fulfilled_by": "AMAZON",
            "units": 1,
            "lines": 1,
            "total": {"amount_minor": 1999, "currency": "USD"},
            "total_state": "posted",
            "first_title": "Coffee beans",
        }
    ]
    order = anna.call("GET", "/orders/903-8868176-2219830", query={"connection_id": seller.connection_id}).json
    assert order["lines"][0]["item"] == {"amount_minor": 1999, "currency": "USD"}
    assert anna.call("GET", "/orders/903-0000000-0000000").json["code"] == "order_not_found"


def test_stock_is_listed_by_sku_across_marketplaces_page_by_page(market: Market) -> None:
    anna = market.person().sign_up()
    seller = _connected(market, anna, region="EU", marketplaces=(DE, GB))
    for sku in ("B 1#/ü", "A-1", "C-1"):
        market.notify(inventory_change(sku, stock={DE: 5, GB: 6}))
    seen: list[tuple[str, str]] = []
    cursor = None
    while True:
        page = anna.call("GET", "/inventory", query={"limit": "2", **({"cursor": cursor} if cursor else {})}).json
        seen += [(position["seller_sku"], position["marketplace_id"]) for position in page["positions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        assert seller.tenant_id not in cursor
    assert seen == [(sku, place) for sku in ("A-1", "B 1#/ü", "C-1") for place in sorted((DE, GB))]
    (found,) = anna.call("GET", "/inventory", query={"search": "b 1", "marketplace_id": DE}).json["positions"]
    assert found["total"] == sum((5, 1, 2, 3, 7, 6, 8, 4, 5))
    assert (found["fulfillable"], found["reserved_transfer"], found["reserved_processing"]) == (5, 7, 6)
    for forged in (encode_cursor("a"), encode_cursor("x", DE, "c"), encode_cursor("SKU#\u2603", DE, "c")):
        assert anna.call("GET", "/inventory", query={"cursor": forged}).json["code"] == "invalid_cursor"


def test_inventory_summaries_fill_what_notifications_left_out(market: Market) -> None:
    anna = market.person().sign_up()
    seller = _connected(market, anna)
    market.notify(inventory_change(stock={US: 10}, at="2026-11-20T18:05:00Z"))
    summaries = msgspec.convert(
        [
            {
                "sellerSku": "SKU-1",
                "lastUpdatedTime": "2026-11-20T18:04:00Z",
                "inventoryDetails": {"fulfillableQuantity": 99},
            },
            {"sellerSku": "SKU-2", "lastUpdatedTime": "", "inventoryDetails": {"fulfillableQuantity": 4}},
            {"sellerSku": "SKU-3", "inventoryDetails": {"fulfillableQuantity": -4}},
        ],
        list[InventorySummary],
    )
    with tenant_scope(seller.tenant_id):
        applied = inventory.apply_positions(
            seller.tenant_id,
            seller.connection_id,
            US,
            summaries,
            received_at=market.aws.clock.now(),
            clock=market.aws.clock,
        )
    assert (applied.applied, applied.stale, [each.identity for each in applied.rejected]) == (1, 1, ["SKU-3"])
    positions = anna.call("GET", "/inventory").json["positions"]
    assert [(each["seller_sku"], each["fulfillable"]) for each in positions] == [("SKU-1", 10), ("SKU-2", 4)]


def _overview(person: Person, period: str = "7d", **query: str) -> Any:
    answer = person.call("GET", "/analytics/overview", query={"period": period, **query})
    assert answer.status == 200, answer.text
    return answer.json


def test_the_overview_adds_up_days_by_currency_and_marketplace(market: Market) -> None:
    anna = market.person().sign_up()
    seller = _connected(market, anna, region="EU", marketplaces=(DE, GB), complete_from="2026-01-01T00:00:00Z")
    rows = [
        ("0000001", DE, "2026-11-20T10:00:00Z", "EUR", "10.00", "SHIPPED"),
        ("0000002", DE, "2026-11-21T09:00:00Z", "EUR", "30.00", "SHIPPED"),
        ("0000003", GB, "2026-11-21T09:00:00Z", "GBP", "5.00", "SHIPPED"),
        ("0000004", DE, "2026-11-21T09:30:00Z", "EUR", None, "PENDING"),
        ("0000005", DE, "2026-11-21T09:30:00Z", "EUR", "99.00", "CANCELLED"),
        ("0000006", DE, "2026-11-10T09:30:00Z", "EUR", "7.00", "SHIPPED"),
        # 23:30 UTC on the 14th is half past midnight on the 15th in Berlin: the first day of the week shown.
        ("0000007", DE, "2026-11-14T23:30:00Z", "EUR", "1.00", "SHIPPED"),
    ]
    market.price(
        seller,
        *(
            order_document(
                f"903-0000000-{number}",
                marketplace=place,
                purchased=at,
                updated=at,
                status=status,
                items=[item(quantity=2, price=price, currency=currency)],
            )
            for number, place, at, currency, price, status in rows
        ),
    )
    market.roll()
    shown = _overview(anna)
    assert [each["currency"] for each in shown["currencies"]] == ["EUR", "GBP"]
    euro, pound = shown["currencies"]
    values = {name: figure["value"] for name, figure in euro["figures"].items()}
    assert values == {"sales": 4100, "units": 8, "orders": 4, "average_order_value": 1367}
    assert euro["figures"]["sales"]["state"] == "estimated"
    assert euro["figures"]["sales"]["as_of"] == "2026-11-21T10:11:12Z"
    assert "41.00 EUR" in euro["figures"]["sales"]["method"]["filled"]
    assert pound["figures"]["sales"]["state"] == "posted"
    assert [day["date"] for day in euro["days"]] == [f"2026-11-{day}" for day in range(15, 22)]
    assert [day["sales_minor"] for day in euro["days"]] == [100, 0, 0, 0, 0, 1000, 3000]
    assert euro["previous"] == {
        "from": "2026-11-08",
        "to": "2026-11-14",
        "sales_minor": 700,
        "units": 2,
        "orders": 1,
    }
    assert [(each["marketplace_id"], each["figures"]["sales"]["value"]) for each in euro["marketplaces"]] == [
        (DE, 4100)
    ]
    only_gb = _overview(anna, marketplace_id=GB)
    assert [each["currency"] for each in only_gb["currencies"]] == ["GBP"]
    assert anna.call("GET", "/analytics/overview", query={"marketplace_id": US}).status == 404


def test_a_comparison_is_left_out_when_the_history_does_not_reach_back(market: Market) -> None:
    anna = market.person().sign_up()
    _connected(market, anna, complete_from="2026-11-10T00:00:00Z")
    assert _overview(anna, "7d")["currencies"][0]["previous"] is None
    assert _overview(anna, "today")["currencies"][0]["previous"] == {
        "from": "2026-11-20",
        "to": "2026-11-20",
        "sales_minor": 0,
        "units": 0,
        "orders": 0,
    }


def test_figures_are_estimated_while_orders_of_the_period_are_still_being_read(market: Market) -> None:
    """History is read from the newest day backwards; a day not reached yet must not look like a day without sales."""
    anna = market.person().sign_up()
    seller = _connected(market, anna, complete_from="2026-11-18T12:00:00Z")
    market.price(seller, order_document())
    market.roll()
    (part,) = _overview(anna, "7d")["currencies"]
    assert {figure["state"] for figure in part["figures"].values()} == {"estimated"}
    assert {day["date"]: day["state"] for day in part["days"]} == {
        "2026-11-15": "estimated",
        "2026-11-16": "estimated",
        "2026-11-17": "estimated",
        "2026-11-18": "estimated",
        "2026-11-19": "posted",
        "2026-11-20": "posted",
        "2026-11-21": "posted",
    }


def test_before_the_first_sync_figures_are_unknown_and_not_zero(market: Market) -> None:
    anna = market.person().sign_up()
    _connected(market, anna, fresh=False)
    shown = _overview(anna)
    assert shown["as_of"] is None
    assert shown["currencies"][0]["figures"]["sales"]["value"] is None


def test_today_is_today_in_the_marketplace(market: Market) -> None:
    anna = market.person().sign_up()
    _connected(market, anna)
    market.aws.clock.advance(-8 * 3600)  # 02:11 UTC on the 21st is still the evening of the 20th in Los Angeles
    assert _overview(anna, "today")["period"] == {
        "key": "today",
        "from": "2026-11-20",
        "to": "2026-11-20",
        "days": 1,
    }


def test_the_overview_reads_days_and_never_orders(market: Market) -> None:
    """Ninety days of an account cost one range query of months and one of rankings, however many orders there were."""
    anna = market.person().sign_up()
    seller = _connected(market, anna)
    market.price(seller, order_document())
    market.roll()
    asked: list[dict[str, Any]] = []
    events = market.aws.store.connection("tenant").client.meta.events

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    events.register("provide-client-params.dynamodb.Query", note)
    _overview(anna, "90d")
    events.unregister("provide-client-params.dynamodb.Query", note)
    partitions = [query["ExpressionAttributeValues"][":0"]["S"].split("#")[2] for query in asked]
    assert partitions.count("FIGURES") == 2
    assert "ORDERS" not in partitions


def test_one_tenant_sees_nothing_of_another(market: Market) -> None:
    anna = market.person().sign_up()
    eve = market.person("eve@example.com").sign_up("Eve Ltd", "Eve")
    seller = _connected(market, anna)
    market.notify(order_change(), inventory_change(), order_change("903-0000000-0000009", marketplace="NOWHERE"))
    market.price(seller, order_document())
    market.roll()
    (entry,) = anna.call("GET", f"/connections/{seller.connection_id}/quarantine").json["entries"]
    foreign = [
        eve.call("GET", f"/connections/{seller.connection_id}"),
        eve.call("GET", f"/connections/{seller.connection_id}/quarantine"),
        eve.call("POST", f"/connections/{seller.connection_id}/quarantine/{entry['entry_id']}/replay"),
        eve.call(
            "POST", f"/connections/{seller.connection_id}/disconnect", {"confirmation": seller.selling_partner_id}
        ),
        eve.call("GET", "/orders/903-8868176-2219830", query={"connection_id": seller.connection_id}),
        eve.call("GET", "/orders/903-8868176-2219830"),
    ]
    assert {answer.status for answer in foreign} == {404}
    assert eve.call("GET", "/orders").json["orders"] == []
    assert eve.call("GET", "/orders", query={"search": "903-8868176-2219830"}).json["orders"] == []
    assert eve.call("GET", "/inventory").json["positions"] == []
    assert eve.call("GET", "/connections").json == {"connections": []}
    assert _overview(eve)["currencies"] == []
    assert "48110" not in json.dumps(entry)


def test_a_quarantined_notification_is_shown_and_replayed(market: Market) -> None:
    anna = market.person().sign_up()
    seller = _connected(market, anna)
    market.notify(*(order_change(f"903-0000000-{place:07}", marketplace="NOWHERE") for place in range(3)))
    page = anna.call("GET", f"/connections/{seller.connection_id}/quarantine").json
    assert [entry["type"] for entry in page["entries"]] == ["ORDER_CHANGE"] * 3
    assert "NOWHERE" in page["entries"][0]["reason"]
    entry_id = page["entries"][0]["entry_id"]
    replayed = anna.call("POST", f"/connections/{seller.connection_id}/quarantine/{entry_id}/replay")
    assert (replayed.status, replayed.json) == (202, {"entry_id": entry_id})
    assert len(market.aws.messages(market.aws.settings.intake_queue_url)) == 1
    assert len(anna.call("GET", f"/connections/{seller.connection_id}/quarantine").json["entries"]) == 2
    cursor = anna.call("GET", f"/connections/{seller.connection_id}/quarantine", query={"cursor": "WyJ4Il0"})
    assert cursor.json["code"] == "invalid_cursor"


def test_figures_of_a_connection_that_failed_do_not_hide_the_others(market: Market) -> None:
    anna = market.person().sign_up()
    _connected(market, anna)
    other = _connected(market, anna, region="FE", seller="JAPAN1", marketplaces=("A1VC38T7YXB528",))
    key = keys.connection(other.tenant_id, other.connection_id)
    with tenant_scope(other.tenant_id):
        write(ConnectionRecord, key, [ConnectionRecord.status.set("failed"), ConnectionRecord.connected_at.remove()])
    shown = _overview(anna)
    assert [each["currency"] for each in shown["currencies"]] == ["USD"]
    assert {each["status"] for each in shown["connections"]} == {"connected", "failed"}


def test_the_configuration_is_open_to_everyone(market: Market) -> None:
    answer = market.person().call("GET", "/configuration").json
    assert len(answer["password_rules"]) == 5
    assert {"marketplace_id", "country_code", "name", "region", "currency", "time_zone", "seller_central_host"} == set(
        answer["marketplaces"][0]
    )
    assert {"orders", "inventory"} <= {each["dataset"] for each in answer["data_inventory"]}
    assert market.person().call("GET", "/health").json == {"status": "ok"}
