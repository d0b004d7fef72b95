import json

import pytest

from quayside.connections.rules import OFF_UNTIL_SWITCHED_ON
from quayside.kernel.clock import parse_instant
from quayside.kernel.errors import InvalidInput
from quayside.kernel.ids import connection_id_of, tenant_id_of
from quayside.sync.commands import Kind, command, decode_command, encode_command, fetch_order
from quayside.sync.registry import (
    ALL_FEATURES,
    FEATURES,
    ONCE,
    REGISTRY,
    data_inventory,
    dataset,
    dataset_of_report,
    refresh_arguments,
)
from quayside.sync.service import dataset_of

T = tenant_id_of("abc")
C = connection_id_of(T, "EU", "A1")
COMMAND = fetch_order(T, C, "902-1", cause="notification", now=parse_instant("2026-11-21T10:11:12Z"), entropy=bytes)


def test_a_command_survives_the_queue() -> None:
    assert decode_command(encode_command(COMMAND)) == COMMAND
    assert json.loads(encode_command(COMMAND)) == {
        "command_id": "0" * 26,
        "tenant_id": T,
        "connection_id": C,
        "kind": "orders.fetch",
        "arguments": {"order_id": "902-1"},
        "cause": "notification",
        "first_seen": "2026-11-21T10:11:12Z",
    }


@pytest.mark.parametrize(
    "change",
    [{"kind": "orders.delete"}, {"tenant_id": "*"}, {"connection_id": "x"}, {"attempt": "many"}, {"cause": None}],
)
def test_what_is_no_command_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        decode_command(json.dumps({**json.loads(encode_command(COMMAND)), **change}))


@pytest.mark.parametrize("body", ["", "{", "[]", "{}"])
def test_what_is_not_even_json_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput):
        decode_command(body)


def test_the_data_inventory_names_everything_that_is_read() -> None:
    lines = data_inventory()
    assert [line.dataset for line in lines] == [
        "marketplaces", "orders", "inventory", "listings", "catalog_items", "finances", "settlements", "returns",
        "fees", "inbound_shipments", "sales_and_traffic", "restock_advice", "recipients", "review_requests",
        "buyer_messages",
        "product_research",
    ]  # fmt: skip
    for line in lines:
        assert line.what
        assert line.why_feature
        personal = "until 30 days after delivery, or until you switch it off or disconnect"
        assert line.kept_for == (personal if line.contains_personal_data else "18 months, or until you disconnect")
        assert line.sp_api_role == dataset(line.dataset).role


def test_no_dataset_is_kept_longer_than_amazon_allows() -> None:
    for each in (*ONCE, *REGISTRY):
        assert each.retention_days <= 548


def test_personal_data_is_read_for_a_feature_alone_that_is_off_until_it_is_switched_on() -> None:
    personal = [each for each in (*ONCE, *REGISTRY) if each.contains_personal_data]
    assert [each.key for each in personal] == ["recipients"]
    for each in personal:
        assert set(each.features) <= OFF_UNTIL_SWITCHED_ON
        assert each.role == "Direct-to-Consumer Shipping (Restricted)"
    assert {each.key for each in FEATURES if each.caution} == OFF_UNTIL_SWITCHED_ON


def test_every_feature_that_can_be_switched_off_is_explained_and_needs_something() -> None:
    assert tuple(each.key for each in FEATURES) == ALL_FEATURES
    for each in FEATURES:
        assert any(each.key in known.features for known in REGISTRY)


def test_a_dataset_is_needed_as_long_as_one_of_its_features_is_on() -> None:
    for each in REGISTRY:
        assert each.is_needed(())
        for feature in each.features:
            assert each.is_needed(set(ALL_FEATURES) - {feature})
        assert not each.is_needed(each.features)
    assert dataset("marketplaces").is_needed(ALL_FEATURES)


def test_every_dataset_is_read_often_enough_for_its_promise() -> None:
    for each in REGISTRY:
        assert 0 < each.refresh_seconds <= each.objective_seconds * 0.6
        assert each.first_after_seconds <= each.objective_seconds
        assert each.source
        assert (each.check_seconds > 0) <= bool(each.notifications)


def test_a_type_of_report_and_a_notification_belong_to_one_dataset() -> None:
    reports = [report_type for each in REGISTRY for report_type in each.reports]
    notifications = [type_ for each in REGISTRY for type_ in each.notifications]
    assert len(set(reports)) == len(reports)
    assert len(set(notifications)) == len(notifications)
    assert {dataset_of_report(each) for each in reports} == {each for each in REGISTRY if each.reports}
    assert dataset_of_report("GET_SOMEBODY_ELSES") is None


@pytest.mark.parametrize(
    ("kind", "arguments", "key"),
    [
        ("orders.fetch", {}, "orders"),
        ("orders.history", {}, "orders"),
        ("inventory.list", {}, "inventory"),
        ("listings.fetch", {}, "listings"),
        ("catalog.refresh", {}, "catalog_items"),
        ("finances.list", {}, "finances"),
        ("fees.estimate", {}, "fees"),
        ("inbound.list", {}, "inbound_shipments"),
        ("returns.refresh", {}, "returns"),
        ("traffic.refresh", {}, "sales_and_traffic"),
        ("advice.refresh", {}, "restock_advice"),
        ("reviews.plan", {}, "review_requests"),
        ("messages.offer", {"order_id": "1"}, "buyer_messages"),
        ("research.refresh", {}, "product_research"),
        ("report.find", {"dataset": "settlements"}, "settlements"),
        ("report.load", {"report": "REPORT#GET_MERCHANT_LISTINGS_ALL_DATA#2026-11-01T00:00:00Z#A+B#1"}, "listings"),
        ("report.check", {"report": "GET_SALES_AND_TRAFFIC_REPORT#2026-11-01T00:00:00Z#A#1"}, "sales_and_traffic"),
        ("report.check", {"report": "GET_SOMETHING#x"}, None),
        ("recipients.fetch", {"order_id": "1"}, "recipients"),
        ("personal_data.destroy", {"order_id": "1"}, None),
        ("connection.authorise", {}, None),
    ],
)
def test_a_command_belongs_to_a_dataset(kind: Kind, arguments: dict[str, str], key: str | None) -> None:
    asked = command(kind, T, C, arguments, cause="schedule", now=parse_instant("2026-11-21T10:11:12Z"), entropy=bytes)
    found = dataset_of(asked)
    assert (found.key if found else None) == key


def test_what_brings_a_dataset_up_to_date_belongs_to_it() -> None:
    for each in REGISTRY:
        arguments = refresh_arguments(each)
        asked = command(
            each.refresh_kind, T, C, arguments, cause="member", now=parse_instant("2026-11-21T10:11:12Z"), entropy=bytes
        )
        assert dataset_of(asked) == each
