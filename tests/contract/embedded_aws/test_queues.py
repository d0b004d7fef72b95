"""Queues: who may send, in which order messages come, and the way back from a dead-letter queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.embedded_aws.server import fresh, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.embedded_aws.server import Server

AMAZON = "437568002678"


def queue(server: Server, **attributes: Any) -> tuple[str, str]:
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=fresh("queue"), Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def receive(server: Server, url: str, **settings: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client("sqs").receive_message(QueueUrl=url, **settings).get("Messages", [])
    return found


def test_amazon_may_send_and_others_may_not(complete: Server) -> None:
    key = complete.client("kms").create_key()["KeyMetadata"]["Arn"]
    url, arn = queue(complete, KmsMasterKeyId=key)
    sender = {"AWS": f"arn:aws:iam::{AMAZON}:root"}
    allow = {"Effect": "Allow", "Principal": sender, "Action": "sqs:SendMessage", "Resource": arn}
    complete.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})}
    )
    complete.client("sqs", key=AMAZON).send_message(QueueUrl=url, MessageBody="from Amazon")
    with pytest.raises(ClientError, match="AccessDenied"):
        complete.client("sqs", key="999999999999").send_message(QueueUrl=url, MessageBody="from somebody")
    assert [message["Body"] for message in receive(complete, url)] == ["from Amazon"]


def test_policies_that_demand_tls_let_loopback_pass(complete: Server, without: Callable[[str], Server]) -> None:
    def send(server: Server) -> None:
        url, arn = queue(server)
        deny = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        server.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [deny]})}
        )
        server.client("sqs").send_message(QueueUrl=url, MessageBody="x")

    send(complete)
    with pytest.raises(ClientError, match="AccessDenied"):
        send(without("loopback_transport"))


def test_fair_queues_prefer_who_waits_for_less(complete: Server, without: Callable[[str], Server]) -> None:
    def order(server: Server) -> str:
        url, _ = queue(server)
        for tenant in "aaaab":
            server.client("sqs").send_message(QueueUrl=url, MessageBody=tenant, MessageGroupId=tenant)
        first = receive(server, url, MaxNumberOfMessages=2)
        return "".join(message["Body"] for message in first)

    assert order(complete) == "ab"
    assert order(without("fair_queues")) == "aa"


def test_dead_letters_go_back(complete: Server, without: Callable[[str], Server]) -> None:
    def dead_letter(server: Server) -> tuple[str, str, str]:
        dead_url, dead_arn = queue(server)
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
        url, _ = queue(server, RedrivePolicy=redrive, VisibilityTimeout="0")
        server.client("sqs").send_message(QueueUrl=url, MessageBody="stubborn")
        assert receive(server, url)
        wait_until(lambda: not receive(server, url) and receive(server, dead_url, VisibilityTimeout=0), "it is dead")
        return url, dead_url, dead_arn

    url, dead_url, dead_arn = dead_letter(complete)
    complete.client("sqs").start_message_move_task(SourceArn=dead_arn)
    assert [message["Body"] for message in receive(complete, url)] == ["stubborn"]
    assert not receive(complete, dead_url)
    told = complete.client("sqs").list_message_move_tasks(SourceArn=dead_arn)["Results"][0]
    assert (told["Status"], told["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    with pytest.raises(ClientError, match="Dead Letter Queue"):
        complete.client("sqs").start_message_move_task(SourceArn=queue(complete)[1])

    server = without("move_tasks")
    _, _, dead_arn = dead_letter(server)
    with pytest.raises(ClientError, match="InvalidAction"):
        server.client("sqs").start_message_move_task(SourceArn=dead_arn)


def test_who_may_send_may_send_a_batch(complete: Server, without: Callable[[str], Server]) -> None:
    def send(server: Server) -> list[str]:
        url, arn = queue(server)
        actions = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
        role = server.session("sqs", {"Effect": "Allow", "Action": actions, "Resource": arn}, "own")
        role.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
        message = role.receive_message(QueueUrl=url)["Messages"][0]
        entry = {"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}
        role.change_message_visibility_batch(QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 5}])
        deleted = role.delete_message_batch(QueueUrl=url, Entries=[entry])
        return [each["Id"] for each in deleted["Successful"]]

    assert send(complete) == ["1"]
    with pytest.raises(ClientError, match="AccessDenied"):
        send(without("queue_batch_actions"))
