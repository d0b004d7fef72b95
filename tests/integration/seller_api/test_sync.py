"""How a seller sees that the data is kept in step, and what they can do about it; each tenant its own."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from quayside.accounts.records import MemberRecord
from quayside.amazon.inventory import InventorySummary
from quayside.connections import store as connections_store
from quayside.connections.records import ConnectionRecord, DatasetHealth
from quayside.inventory import service as inventory
from quayside.kernel.clock import format_instant
from quayside.kernel.cursors import encode_cursor
from quayside.kernel.ids import MemberId
from quayside.kernel.tenancy import tenant_scope
from quayside.orders import service as orders
from quayside.storage import keys
from quayside.storage.tables import write
from quayside.sync import report_runs, store
from quayside.sync.commands import SyncCommand, command
from quayside.sync.registry import FEATURES, REGISTRY
from tests.support.aws import Aws, aws
from tests.support.fresh import emptied
from tests.support.notifications import US
from tests.support.orders import order_document
from tests.support.seller_world import Person, SellerWorld
from tests.support.sellers import ConnectedSeller, connect

if TYPE_CHECKING:
    from quayside.sync.views import ReportState

LISTINGS_REPORT = "GET_MERCHANT_LISTINGS_ALL_DATA"
ORDERS_REPORT = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as present:
        yield present


@pytest.fixture
def market(shared: Aws) -> SellerWorld:
    return SellerWorld(emptied(shared))


@pytest.fixture
def anna(market: SellerWorld) -> Person:
    return market.person().sign_up()


@pytest.fixture
def seller(market: SellerWorld, anna: Person) -> ConnectedSeller:
    return connect(market.aws.clock, subject=market.identity.accounts[anna.email].subject)


def _of(view: dict[str, Any], dataset: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in view["datasets"] if each["dataset"] == dataset)
    return found


def _command(market: SellerWorld, seller: ConnectedSeller, kind: Any = "orders.search") -> SyncCommand:
    return command(
        kind,
        seller.tenant_id,
        seller.connection_id,
        cause="schedule",
        now=market.aws.clock.now(),
        entropy=lambda size: bytes(range(size)),
    )


def test_the_page_shows_every_dataset_and_every_feature(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    answer = anna.call("GET", f"/connections/{seller.connection_id}/sync")
    assert answer.status == 200
    view = answer.json
    assert view["connection"] == {
        "connection_id": seller.connection_id,
        "name": "Anna's shop",
        "region": "NA",
        "status": "connected",
        "trouble": None,
    }
    assert [each["dataset"] for each in view["datasets"]] == [each.key for each in REGISTRY]
    assert [each["feature"] for each in view["features"]] == [each.key for each in FEATURES]
    assert [each["feature"] for each in view["features"] if not each["on"]] == ["merchant_fulfilment", "messages"]
    assert [bool(each["caution"]) for each in view["features"]] == [not each["on"] for each in view["features"]]
    orders = _of(view, "orders")
    assert (orders["state"], orders["age_seconds"], orders["objective_seconds"]) == ("fresh", 0, 1800)
    assert _of(view, "listings")["state"] == "waiting"
    assert _of(view, "listings")["age_seconds"] is None
    search = next(each for each in orders["quota"] if each["operation"] == "searchOrders")
    assert search["left"] == search["burst"] > 0
    assert (search["next_slot_at"], search["throttled"]) == (None, 0)
    assert market.aws.messages() == []


def test_the_age_is_measured_and_a_failure_is_told_with_its_reference(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    model = DatasetHealth
    with tenant_scope(seller.tenant_id):
        connections_store.change_health(
            seller.connection_id,
            "inventory",
            [
                model.last_success_at.set(format_instant(market.aws.clock.now() - timedelta(hours=5))),
                model.last_attempt_at.set(format_instant(market.aws.clock.now())),
                model.failure_reason.set("Amazon refused it."),
                model.failure_action.set("Connect the account again."),
                model.failure_request_id.set("6f1c2b7e"),
            ],
        )
    stock = _of(anna.call("GET", f"/connections/{seller.connection_id}/sync").json, "inventory")
    assert (stock["state"], stock["age_seconds"]) == ("failing", 5 * 3600)
    assert (stock["reason"], stock["action"], stock["request_id"]) == (
        "Amazon refused it.",
        "Connect the account again.",
        "6f1c2b7e",
    )


def test_pausing_stops_and_resuming_reads_at_once(market: SellerWorld, anna: Person, seller: ConnectedSeller) -> None:
    base = f"/connections/{seller.connection_id}/datasets/orders"
    paused = anna.call("POST", f"{base}/pause")
    assert paused.status == 202
    assert _of(paused.json, "orders")["state"] == "paused"
    assert _of(paused.json, "orders")["paused_at"] == "2026-11-21T10:11:12Z"
    assert _of(paused.json, "inventory")["state"] == "fresh"
    refused = anna.call("POST", f"{base}/run")
    assert (refused.status, refused.json["code"]) == (409, "dataset_paused")
    assert market.aws.messages() == []
    resumed = anna.call("POST", f"{base}/resume")
    assert resumed.status == 202
    assert _of(resumed.json, "orders")["state"] == "fresh"
    (message,) = market.aws.messages()
    assert (message["body"]["kind"], message["body"]["cause"]) == ("orders.search", "member")


def test_a_run_is_asked_for_once_a_minute(market: SellerWorld, anna: Person, seller: ConnectedSeller) -> None:
    path = f"/connections/{seller.connection_id}/datasets/inventory/run"
    assert anna.call("POST", path).status == 202
    (message,) = market.aws.messages()
    assert message["body"]["kind"] == "inventory.list"
    assert message["body"]["connection_id"] == seller.connection_id
    again = anna.call("POST", path)
    assert again.status == 429
    assert market.aws.messages() == []


def test_a_feature_that_is_off_stops_what_only_it_needs(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    path = f"/connections/{seller.connection_id}/features/profit"
    off = anna.call("PUT", path, {"on": False})
    assert off.status == 200
    stopped = {each["dataset"] for each in off.json["datasets"] if each["state"] == "off"}
    (profit,) = [each for each in off.json["features"] if each["feature"] == "profit"]
    assert profit["on"] is False
    assert set(profit["datasets"]) == {"finances", "settlements", "returns", "fees"}
    assert stopped == {*profit["datasets"], "recipients", "buyer_messages"}
    refused = anna.call("POST", f"/connections/{seller.connection_id}/datasets/fees/run")
    assert (refused.status, refused.json["code"]) == (409, "dataset_off")
    assert market.aws.messages() == []
    on = anna.call("PUT", path, {"on": True})
    still_off = {each["dataset"] for each in on.json["datasets"] if each["state"] == "off"}
    assert still_off == {"recipients", "buyer_messages"}
    assert len(market.aws.messages()) == 4


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("POST", "datasets/nothing/pause", "dataset_not_found"),
        ("POST", "datasets/nothing/run", "dataset_not_found"),
        ("GET", "datasets/nothing/runs", "dataset_not_found"),
        ("GET", "datasets/nothing/rows", "dataset_not_found"),
        ("POST", "reports/nothing/replay", "report_not_found"),
        ("PUT", "features/nothing", "feature_not_found"),
    ],
)
def test_what_there_is_not_is_said_so(anna: Person, seller: ConnectedSeller, method: str, path: str, code: str) -> None:
    body = {"on": True} if method == "PUT" else None
    answer = anna.call(method, f"/connections/{seller.connection_id}/{path}", body)
    assert (answer.status, answer.json["code"]) == (404, code)


def test_a_switch_is_on_or_off_and_nothing_else(anna: Person, seller: ConnectedSeller) -> None:
    path = f"/connections/{seller.connection_id}/features/sales"
    wrong = anna.call("PUT", path, {"on": "yes"})
    assert (wrong.status, wrong.json["fields"][0]["field"]) == (400, "on")
    more = anna.call("PUT", path, {"on": True, "off": False})
    assert (more.status, more.json["code"]) == (400, "unknown_field")


def test_runs_are_listed_with_amazons_references(market: SellerWorld, anna: Person, seller: ConnectedSeller) -> None:
    asked = _command(market, seller)
    with tenant_scope(seller.tenant_id):
        for minutes in range(70):
            at = market.aws.clock.now() - timedelta(minutes=minutes)
            store.put_run(
                asked,
                "orders",
                started_at=at,
                finished_at=at + timedelta(seconds=3),
                outcome="done" if minutes else "nothing_new",
                reason="",
                rows=minutes,
                request_ids=["r-1", "r-2"],
                marketplace_id=None,
            )
    path = f"/connections/{seller.connection_id}/datasets/orders/runs"
    first = anna.call("GET", path).json
    assert first["runs"][0]["outcome"] == "nothing_new"
    assert first["runs"][0]["request_ids"] == ["r-1", "r-2"]
    seen, cursor = first["runs"], first["next_cursor"]
    assert cursor is not None
    while cursor is not None:
        page = anna.call("GET", path, query={"cursor": cursor}).json
        seen, cursor = seen + page["runs"], page["next_cursor"]
    assert [each["rows"] for each in seen] == list(range(70))
    foreign = anna.call("GET", path, query={"cursor": encode_cursor("RUN#inventory#2026")})
    assert (foreign.status, foreign.json["code"]) == (400, "invalid_cursor")


def test_rows_of_orders_are_browsed_newest_first(market: SellerWorld, anna: Person, seller: ConnectedSeller) -> None:
    with tenant_scope(seller.tenant_id):
        orders.apply_orders(
            seller.tenant_id,
            seller.connection_id,
            [order_document(f"903-8868176-22198{number:02}") for number in range(5)],
            received_at=market.aws.clock.now(),
            clock=market.aws.clock,
        )
    path = f"/connections/{seller.connection_id}/datasets/orders/rows"
    first = anna.call("GET", path, query={"limit": "3"})
    assert first.status == 200
    page = first.json
    assert [column["key"] for column in page["columns"]][:3] == ["marketplace_id", "order_id", "purchased_at"]
    assert page["as_of"] == "2026-11-21T10:11:12Z"
    rest = anna.call("GET", path, query={"limit": "3", "cursor": page["next_cursor"]}).json
    ids = [row[1] for row in page["rows"] + rest["rows"]]
    assert ids == [f"903-8868176-22198{number:02}" for number in (4, 3, 2, 1, 0)]
    assert rest["next_cursor"] is None
    total = page["rows"][0][[column["kind"] for column in page["columns"]].index("money")]
    assert set(total) == {"amount_minor", "currency"}
    assert anna.call("GET", path, query={"marketplace_id": "A1PA6795UKMFR9"}).json["rows"] == []
    wrong = anna.call("GET", path, query={"cursor": encode_cursor("ORDER#no")})
    assert (wrong.status, wrong.json["code"]) == (400, "invalid_cursor")


def test_rows_of_stock_are_browsed_by_sku(market: SellerWorld, anna: Person, seller: ConnectedSeller) -> None:
    summary = msgspec.convert(
        {
            "sellerSku": "TIDE-350",
            "asin": "B0C7TIDE35",
            "inventoryDetails": {"fulfillableQuantity": 7, "inboundShippedQuantity": 5},
        },
        InventorySummary,
    )
    inventory.apply_positions(
        seller.tenant_id,
        seller.connection_id,
        US,
        [summary],
        received_at=market.aws.clock.now(),
        clock=market.aws.clock,
    )
    path = f"/connections/{seller.connection_id}/datasets/inventory/rows"
    (row,) = anna.call("GET", path, query={"marketplace_id": US}).json["rows"]
    assert row[:3] == [US, "TIDE-350", "B0C7TIDE35"]
    assert row[-2] == sum(row[5:14]) == 12


def test_rows_of_a_dataset_that_never_came_are_none(anna: Person, seller: ConnectedSeller) -> None:
    for dataset in (each.key for each in REGISTRY):
        answer = anna.call("GET", f"/connections/{seller.connection_id}/datasets/{dataset}/rows")
        assert answer.status == 200, dataset
        assert (answer.json["rows"], answer.json["next_cursor"]) == ([], None)
        assert answer.json["columns"]


def test_reports_are_listed_and_loaded_again(market: SellerWorld, anna: Person, seller: ConnectedSeller) -> None:
    now = market.aws.clock.now()
    model = report_runs.ReportRun
    with tenant_scope(seller.tenant_id):
        states: dict[str, ReportState] = {ORDERS_REPORT: "loaded", LISTINGS_REPORT: "waiting"}
        for report_type, state in states.items():
            assert report_runs.create(
                seller.connection_id,
                report_type,
                [US],
                mark="1",
                data_start=now - timedelta(days=30),
                data_end=now,
                cause="connect",
                now=now,
                state=state,
                actions=[model.sha256_kept.set("5" * 64), model.rows_total.set(7), model.rows_loaded.set(7)],
            )
    base = f"/connections/{seller.connection_id}/reports"
    found = anna.call("GET", base).json["reports"]
    assert {each["report_type"]: each["state"] for each in found} == {
        ORDERS_REPORT: "loaded",
        LISTINGS_REPORT: "waiting",
    }
    (orders,) = anna.call("GET", base, query={"dataset": "orders"}).json["reports"]
    assert (orders["sha256"], orders["rows_total"], orders["rows_loaded"], orders["rows_bad"]) == ("5" * 64, 7, 7, 0)
    assert anna.call("GET", base, query={"dataset": "inventory"}).json == {"reports": [], "next_cursor": None}
    assert anna.call("GET", base, query={"dataset": "nothing"}).json["code"] == "dataset_not_found"
    again = anna.call("POST", f"{base}/{orders['report']}/replay")
    assert (again.status, again.json) == (202, {"report": orders["report"]})
    (message,) = market.aws.messages()
    assert (message["body"]["kind"].split(".")[0], message["body"]["cause"]) == ("report", "member")
    (listings,) = anna.call("GET", base, query={"dataset": "listings"}).json["reports"]
    under_way = anna.call("POST", f"{base}/{listings['report']}/replay")
    assert (under_way.status, under_way.json["code"]) == (409, "report_under_way")


def test_another_organisation_sees_and_changes_nothing(market: SellerWorld, seller: ConnectedSeller) -> None:
    ben = market.person("ben@example.com").sign_up("Ben Ltd", "Ben")
    base = f"/connections/{seller.connection_id}"
    calls: list[tuple[str, str, object]] = [
        ("GET", "/sync", None),
        ("GET", "/reports", None),
        ("GET", "/datasets/orders/runs", None),
        ("GET", "/datasets/orders/rows", None),
        ("POST", "/datasets/orders/pause", None),
        ("POST", "/datasets/orders/resume", None),
        ("POST", "/datasets/orders/run", None),
        ("PUT", "/features/sales", {"on": False}),
    ]
    for method, path, body in calls:
        assert ben.call(method, base + path, body).status == 404, path
    assert market.aws.messages() == []


def test_a_role_sees_freshness_but_neither_acts_nor_reads_what_is_not_its_own(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    subject = MemberId(market.identity.accounts[anna.email].subject)
    with tenant_scope(seller.tenant_id):
        write(MemberRecord, keys.member(seller.tenant_id, subject), [MemberRecord.role.set("buyer")])
    base = f"/connections/{seller.connection_id}"
    assert anna.call("GET", f"{base}/sync").status == 200
    assert anna.call("GET", f"{base}/datasets/inventory/rows").status == 200
    refused = anna.call("GET", f"{base}/datasets/orders/rows")
    assert (refused.status, refused.json["code"]) == (403, "not_permitted")
    for method, path, body in (
        ("POST", "/datasets/orders/pause", None),
        ("POST", "/datasets/orders/run", None),
        ("PUT", "/features/sales", {"on": False}),
    ):
        assert anna.call(method, base + path, body).status == 403


def test_trouble_of_a_whole_account_is_told_on_its_pages(anna: Person, seller: ConnectedSeller) -> None:
    model = ConnectionRecord
    with tenant_scope(seller.tenant_id):
        connections_store.change(
            seller.connection_id,
            [
                model.status.set("revoked"),
                model.status_reason.set("You withdrew it."),
                model.status_action.set("Connect it again."),
            ],
            only_in=("connected",),
        )
    for path in ("/sync", ""):
        view = anna.call("GET", f"/connections/{seller.connection_id}{path}").json
        trouble = view["connection"]["trouble"] if path else view["trouble"]
        assert trouble["kind"] == "revoked"
        assert trouble["title"]
        assert trouble["action"]


def test_the_board_is_for_operators_and_tells_nothing_of_a_seller(
    market: SellerWorld, anna: Person, seller: ConnectedSeller
) -> None:
    now = market.aws.clock.now()
    for dataset, state in (("orders", "failing"), ("inventory", "paused")):
        store.put_on_board(
            seller.tenant_id,
            seller.connection_id,
            dataset,
            state=state,
            reason="Amazon refuses our access.",
            last_success_at=format_instant(now),
            throttled=0,
            now=now,
        )
    assert anna.call("GET", "/operations/sync").status == 403
    market.identity.accounts[anna.email].groups = ("operators",)
    anna.authorised()
    everything = anna.call("GET", "/operations/sync").json["entries"]
    assert {each["dataset"]: each["state"] for each in everything} == {"orders": "failing", "inventory": "paused"}
    assert "Anna" not in str(everything)
    assert seller.selling_partner_id not in str(everything)
    (failing,) = anna.call("GET", "/operations/sync", query={"state": "failing"}).json["entries"]
    assert failing["reason"] == "Amazon refuses our access."
    wrong = anna.call("GET", "/operations/sync", query={"state": "sleepy"})
    assert (wrong.status, wrong.json["fields"][0]["field"]) == (400, "state")
