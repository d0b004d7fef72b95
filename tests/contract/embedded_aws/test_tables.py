"""Tables as the template describes them, their expiry, their streams and what reads cost."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from tests.contract.embedded_aws.server import Server, fresh, remains, wait_until

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def table(server: Server, **settings: Any) -> str:
    name = fresh("table")
    server.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        **settings,
    )
    return name


def put(server: Server, name: str, key: str, **attributes: Any) -> None:
    server.client("dynamodb").put_item(TableName=name, Item={"pk": {"S": key}, **attributes})


def keys(server: Server, name: str) -> list[str]:
    found = server.client("dynamodb").scan(TableName=name, ConsistentRead=True)["Items"]
    return sorted(item["pk"]["S"] for item in found)


def follow(server: Server, source: str, code: str, **settings: Any) -> None:
    """Call a function with the changes of the table ``source``."""
    stream = server.client("dynamodb").describe_table(TableName=source)["Table"]["LatestStreamArn"]
    server.client("lambda").create_event_source_mapping(
        FunctionName=server.function(code), EventSourceArn=stream, StartingPosition="TRIM_HORIZON", **settings
    )


def copying(target: str, before: str = "") -> str:
    """A function that writes one row per record into ``target``, named by sequence number, after ``before`` ran."""
    return f"""
import boto3
client = boto3.client("dynamodb")
def handler(event, context):
    failures = []
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["pk"]["S"]
        {before or "pass"}
        client.put_item(TableName="{target}", Item={{
            "pk": {{"S": key + "/" + record["eventName"]}},
            "by": {{"S": str(record.get("userIdentity"))}},
        }})
    return {{"batchItemFailures": failures}}
"""


def test_the_template_decides_expiry_recovery_and_encryption(
    complete: Server, without: Callable[[str], Server]
) -> None:
    def settings(server: Server) -> tuple[Any, ...]:
        resources = {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                    "GlobalSecondaryIndexes": [
                        {
                            "IndexName": "lookup",
                            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                            "Projection": {"ProjectionType": "KEYS_ONLY"},
                        }
                    ],
                    "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
                    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/data"},
                },
            }
        }
        name = server.deploy(resources)["Table"]
        client = server.client("dynamodb")
        described = client.describe_table(TableName=name)["Table"]
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        return (
            client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"],
            backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
            described.get("SSEDescription", {}).get("KMSMasterKeyArn"),
            described["GlobalSecondaryIndexes"][0].get("IndexStatus"),
        )

    assert settings(complete) == ("ENABLED", "ENABLED", "alias/data", "ACTIVE")
    assert settings(without("table_settings")) == ("DISABLED", "DISABLED", None, None)


def test_expired_items_leave_through_the_stream(complete: Server, without: Callable[[str], Server]) -> None:
    def expire(server: Server) -> tuple[str, str]:
        source, target = table(server, StreamSpecification=STREAM), table(server)
        expiry = {"Enabled": True, "AttributeName": "expires_at"}
        server.client("dynamodb").update_time_to_live(TableName=source, TimeToLiveSpecification=expiry)
        follow(server, source, copying(target))
        put(server, source, "kept", expires_at={"N": str(int(time.time()) + 3600)})
        put(server, source, "gone", expires_at={"N": str(int(time.time()) - 1)})
        return source, target

    source, target = expire(complete)
    wait_until(lambda: keys(complete, source) == ["kept"], "the expired item is gone")
    wait_until(lambda: "gone/REMOVE" in keys(complete, target), "its removal is in the stream")
    removal = complete.client("dynamodb").get_item(TableName=target, Key={"pk": {"S": "gone/REMOVE"}})["Item"]
    assert "dynamodb.amazonaws.com" in removal["by"]["S"]

    server = without("expiry_sweep")
    source, _ = expire(server)
    assert remains(lambda: keys(server, source) == ["gone", "kept"], seconds=2)


def test_reads_cost_what_they_read(complete: Server, without: Callable[[str], Server]) -> None:
    def units(server: Server) -> list[float]:
        name = table(server)
        put(server, name, "large", text={"S": "x" * 20_000})
        client, report = server.client("dynamodb"), {"TableName": name, "ReturnConsumedCapacity": "TOTAL"}
        key = {"pk": {"S": "large"}}
        query = {"KeyConditionExpression": "pk = :key", "ExpressionAttributeValues": {":key": {"S": "large"}}}
        answers = [
            client.get_item(**report, Key=key),
            client.get_item(**report, Key=key, ConsistentRead=True),
            client.query(**report, **query, ProjectionExpression="pk"),
            client.get_item(**report, Key={"pk": {"S": "missing"}}),
        ]
        return [answer["ConsumedCapacity"]["CapacityUnits"] for answer in answers]

    assert units(complete) == [2.5, 5.0, 2.5, 0.5]
    assert units(without("read_capacity")) == [0.5, 1.0, 0.5, 0.5]


def test_undelivered_records_survive_a_restart(tmp_path: pathlib.Path) -> None:
    def after_restart(name: str, fix: str | None) -> Callable[[], bool]:
        server = Server(tmp_path / name, without=fix).start()
        source, target, gate = table(server, StreamSpecification=STREAM), table(server), table(server)
        open_gate = f'client.get_item(TableName="{gate}", Key={{"pk": {{"S": "open"}}}})["Item"]'
        follow(server, source, copying(target, before=open_gate), BatchSize=1)
        put(server, gate, "open")
        put(server, source, "before")
        wait_until(lambda: "before/INSERT" in keys(server, target), "the first record is delivered")
        server.client("dynamodb").delete_item(TableName=gate, Key={"pk": {"S": "open"}})
        put(server, source, "between")
        server.stop()
        server.start()
        put(server, gate, "open")
        put(server, source, "after")
        stopping.append(server)
        return lambda: keys(server, target) == ["after/INSERT", "before/INSERT", "between/INSERT"]

    stopping: list[Server] = []
    try:
        wait_until(after_restart("complete", None), "records from before and after the restart are delivered")
        lost = after_restart("gap", "stream_records")
        assert remains(lambda: not lost(), seconds=2)
    finally:
        for server in stopping:
            server.kill()


def test_a_failed_record_is_delivered_again(complete: Server, without: Callable[[str], Server]) -> None:
    """The function reports its second record as failed the first time, and the rest of the batch is not lost."""
    fail_once = (
        'import os, pathlib; flag = pathlib.Path(os.environ["TMPDIR"]) / "{flag}"\n'
        '        if key == "b" and not flag.exists():\n'
        "            flag.touch()\n"
        '            return {{"batchItemFailures": [{{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}}]}}'
    )

    def fill(server: Server) -> str:
        source, target = table(server, StreamSpecification=STREAM), table(server)
        for key in "abc":
            put(server, source, key)
        code = copying(target, before=fail_once.format(flag=fresh("flag")))
        follow(server, source, code, FunctionResponseTypes=["ReportBatchItemFailures"])
        return target

    target = fill(complete)
    wait_until(lambda: keys(complete, target) == ["a/INSERT", "b/INSERT", "c/INSERT"], "every record is delivered")
    server = without("stream_failures")
    target = fill(server)
    wait_until(lambda: keys(server, target) == ["a/INSERT"], "the first record is delivered")
    assert remains(lambda: keys(server, target) == ["a/INSERT"], seconds=2), "without the fix b and c are lost"


def test_a_poisoned_record_is_given_up(complete: Server) -> None:
    source, target = table(complete, StreamSpecification=STREAM), table(complete)
    queue = complete.client("sqs").create_queue(QueueName=fresh("queue"))["QueueUrl"]
    arn = complete.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    refuse = 'assert key != "poison"'
    follow(
        complete,
        source,
        copying(target, before=refuse),
        BatchSize=1,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    put(complete, source, "poison")
    put(complete, source, "good")
    wait_until(lambda: keys(complete, target) == ["good/INSERT"], "the next record is delivered")
    told = complete.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(told[0]["Body"])["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_a_page_of_a_range_does_not_cost_the_whole_partition(
    complete: Server, without: Callable[[str], Server]
) -> None:
    """The same pages of the same large partition, in turns; what is found is the same."""
    servers = {"fixed": complete, "as it was": without("range_queries")}
    names = {which: _large_partition(server) for which, server in servers.items()}
    conditions = {"#1 BETWEEN :1 AND :2": ("00010", "02500"), "begins_with (#1, :1)": ("0",)}
    best = {(which, condition): float("inf") for which in servers for condition in conditions}
    pages: dict[str, list[Any]] = {which: [] for which in servers}
    for condition, bounds in [*conditions.items()] * 2:
        values = {":0": {"S": "P"}, **{f":{at}": {"S": each} for at, each in enumerate(bounds, 1)}}
        for which, server in servers.items():
            started = time.monotonic()
            found = server.client("dynamodb").query(
                TableName=names[which],
                KeyConditionExpression=f"#0 = :0 AND {condition}",
                ExpressionAttributeNames={"#0": "pk", "#1": "sk"},
                ExpressionAttributeValues=values,
                ExclusiveStartKey={"pk": {"S": "P"}, "sk": {"S": "02401"}},
                Limit=20,
                ScanIndexForward=False,
            )
            best[which, condition] = min(best[which, condition], time.monotonic() - started)
            pages[which].append([item["sk"]["S"] for item in found["Items"]])

    expected = [f"{number:05d}" for number in range(2400, 2380, -1)]
    assert pages == {which: [expected] * 4 for which in servers}
    for condition in conditions:
        assert best["fixed", condition] * 3 < best["as it was", condition]


def _large_partition(server: Server) -> str:
    name = fresh("table")
    client = server.client("dynamodb")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    for first in range(0, 3000, 25):
        keys_of_batch = ({"pk": {"S": "P"}, "sk": {"S": f"{number:05d}"}} for number in range(first, first + 25))
        client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in keys_of_batch]})
    return name


def test_a_slow_stream_stops_no_queue_and_no_other_stream(complete: Server, without: Callable[[str], Server]) -> None:
    def read_while_the_stream_is_busy(server: Server, patience: float) -> bool:
        source, target = table(server, StreamSpecification=STREAM), table(server)
        # The stream's function is busy until somebody lets it go.
        follow(
            server,
            source,
            f"""
import boto3, time
client = boto3.client("dynamodb")
def handler(event, context):
    client.put_item(TableName="{target}", Item={{"pk": {{"S": "busy"}}}})
    while "Item" not in client.get_item(TableName="{target}", Key={{"pk": {{"S": "go on"}}}}, ConsistentRead=True):
        time.sleep(0.1)
""",
            MaximumRetryAttempts=0,
        )
        queue = server.client("sqs").create_queue(QueueName=fresh("queue"))["QueueUrl"]
        arn = server.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        code = copying(target).replace('record["dynamodb"]["Keys"]["pk"]["S"]', 'record["body"]')
        code = code.replace('record["eventName"]', '"READ"')
        server.client("lambda").create_event_source_mapping(
            FunctionName=server.function(code), EventSourceArn=arn["QueueArn"]
        )
        other = table(server, StreamSpecification=STREAM)
        follow(server, other, copying(target))
        put(server, source, "slow")
        wait_until(lambda: "busy" in keys(server, target), "the stream's function is busy")
        server.client("sqs").send_message(QueueUrl=queue, MessageBody="message")
        put(server, other, "change")
        both = {"message/READ", "change/INSERT"}
        try:
            return bool(wait_until(lambda: both <= {*keys(server, target)}, "queue and stream are read", patience))
        except TimeoutError:
            return False
        finally:
            put(server, target, "go on")

    assert read_while_the_stream_is_busy(complete, 45)
    # Less than the 60 s after which the stream's function is ended and the queue has its turn.
    assert not read_while_the_stream_is_busy(without("stream_thread"), 3)
