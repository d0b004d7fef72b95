"""Events reach a bus's rule as the template's rule takes them, and what does not reach it is said. No network."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from infra.simulator.event_bus import DEFAULT_BUS, EventBridgeDelivery, bus_arn

ACCOUNT, REGION = "123456789012", "eu-west-1"
SOURCE = f"aws.partner/sellingpartnerapi.amazon.com/{ACCOUNT}/amzn1.sp.solution.x"
ARN = bus_arn(REGION, ACCOUNT, SOURCE)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


def _body(kind: str, number: int) -> str:
    return json.dumps({"NotificationVersion": "1.0", "NotificationType": kind, "Payload": {"Sku": f"SKU-{number}"}})


def _bus_with_queue(bus: str, *kinds: str) -> str:
    events, queues = boto3.client("events", region_name=REGION), boto3.client("sqs", region_name=REGION)
    url = str(queues.create_queue(QueueName="intake")["QueueUrl"])
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.create_event_bus(Name=bus)
    events.put_rule(Name="amazon", EventBusName=bus, EventPattern=json.dumps({"detail-type": list(kinds)}))
    events.put_targets(Rule="amazon", EventBusName=bus, Targets=[{"Id": "intake", "Arn": arn}])
    return url


def _received(url: str) -> list[dict[str, object]]:
    queues = boto3.client("sqs", region_name=REGION)
    found: list[dict[str, object]] = []
    while messages := queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for each in messages:
            found.append(json.loads(each["Body"]))
            queues.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return found


def test_events_arrive_with_type_detail_and_a_source_that_is_not_amazons() -> None:
    url = _bus_with_queue(DEFAULT_BUS, "LISTINGS_ITEM_STATUS_CHANGE")
    bodies = [_body("LISTINGS_ITEM_STATUS_CHANGE", number) for number in range(13)]
    assert EventBridgeDelivery()(ARN, [*bodies, _body("PRICING_HEALTH", 99)]) == [None] * 14
    events = _received(url)
    assert sorted(json.dumps(each["detail"]) for each in events) == sorted(bodies)
    assert {each["detail-type"] for each in events} == {"LISTINGS_ITEM_STATUS_CHANGE"}
    assert {each["source"] for each in events} == {
        f"simulator.partner/sellingpartnerapi.amazon.com/{ACCOUNT}/amzn1.sp.solution.x"
    }


def test_a_bus_and_a_source_of_ones_own_choice() -> None:
    url = _bus_with_queue("other", "LISTINGS_ITEM_STATUS_CHANGE")
    deliver = EventBridgeDelivery(bus="other", source_prefix="com.example")
    assert deliver(ARN, [_body("LISTINGS_ITEM_STATUS_CHANGE", 1)]) == [None]
    assert [each["source"] for each in _received(url)] == [f"com.example/{ACCOUNT}/amzn1.sp.solution.x"]


def test_a_bus_that_is_not_there_yet_is_an_error_and_not_a_silent_loss() -> None:
    deliver = EventBridgeDelivery()
    (outcome,) = deliver(ARN, [_body("LISTINGS_ITEM_STATUS_CHANGE", 1)])
    assert outcome is not None
    assert "ResourceNotFoundException" in outcome
    url = _bus_with_queue(DEFAULT_BUS, "LISTINGS_ITEM_STATUS_CHANGE")
    assert deliver(ARN, [_body("LISTINGS_ITEM_STATUS_CHANGE", 1)]) == [None]
    assert len(_received(url)) == 1
