"""Queues lose nothing, and let in nobody but Amazon and ourselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from notification_intake.intake import TRIES, UNTRIED_AFTER

if TYPE_CHECKING:
    from .conftest import Template

AMAZON = {
    "AWS": {
        "Fn::Sub": [
            "arn:${AWS::Partition}:iam::${Account}:root",
            {"Account": {"Fn::FindInMap": ["SellingPartnerApi", "Sender", "Account"]}},
        ]
    }
}
CONSUMERS = {"IntakeQueue": "NotificationIntake", "WorkQueue": "SyncWorker", "ComplianceQueue": "ComplianceWorker"}
BY_EVENTBRIDGE = {
    "BRANDED_ITEM_CONTENT_CHANGE",
    "ITEM_PRODUCT_TYPE_CHANGE",
    "LISTINGS_ITEM_ISSUES_CHANGE",
    "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
    "LISTINGS_ITEM_STATUS_CHANGE",
    "PRODUCT_TYPE_DEFINITIONS_CHANGE",
    "SHIPMENT_TRACKING_MILESTONE_CHANGED",
}


def queue_mapping(template: Template, queue: str) -> dict[str, Any]:
    """Return the event source of the function that consumes ``queue``."""
    events = template.properties(CONSUMERS[queue])["Events"].values()
    (mapping,) = (event["Properties"] for event in events if event["Type"] == "SQS")
    assert mapping["Queue"] == {"Fn::GetAtt": [queue, "Arn"]}
    return dict(mapping)


def test_amazons_account_is_the_documented_one(template: Template) -> None:
    assert template.document["Mappings"]["SellingPartnerApi"]["Sender"]["Account"] == "437568002678"


def test_only_amazon_and_our_own_rule_may_send_to_the_intake_queue(template: Template) -> None:
    statements = template.properties("IntakeQueuePolicy")["PolicyDocument"]["Statement"]
    allowed = {statement["Sid"]: statement for statement in statements if statement["Effect"] == "Allow"}

    assert set(allowed) == {"SellingPartnerApiSends", "AmazonEventRuleSends"}
    amazon = allowed["SellingPartnerApiSends"]
    assert amazon["Principal"] == AMAZON
    assert set(amazon["Action"]) == {"sqs:SendMessage", "sqs:GetQueueAttributes"}
    rule = allowed["AmazonEventRuleSends"]
    assert rule["Principal"] == {"Service": "events.amazonaws.com"}
    assert rule["Action"] == ["sqs:SendMessage"]
    assert rule["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["AmazonEventRule", "Arn"]}}}


def test_nobody_outside_may_use_any_other_queue(template: Template) -> None:
    for name in template.of_type("AWS::SQS::QueuePolicy"):
        for statement in template.properties(name)["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert name == "IntakeQueuePolicy" or statement["Principal"] == {"Service": "events.amazonaws.com"}


def test_amazon_may_use_the_queue_key_through_sqs_and_no_other_key(template: Template) -> None:
    uses = {
        key: [s for s in template.properties(key)["KeyPolicy"]["Statement"] if s["Principal"] == AMAZON]
        for key in template.of_type("AWS::KMS::Key")
    }

    assert (uses["DataKey"], uses["VaultKey"]) == ([], [])
    (use,) = uses["QueueKey"]
    assert set(use["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": {"Fn::Sub": "sqs.${AWS::Region}.amazonaws.com"}}}


def test_every_queue_is_encrypted_by_our_own_key_and_takes_tls_only(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")
    for name in queues:
        assert template.properties(name)["KmsMasterKeyId"] == {"Fn::GetAtt": ["QueueKey", "Arn"]}
        assert "FifoQueue" not in template.properties(name), "Amazon refuses FIFO"
        policy = template.properties(f"{name}Policy")
        assert policy["Queues"] == [{"Ref": name}]
        (deny,) = (s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert {"sqs:SendMessage", "sqs:ReceiveMessage"} <= set(deny["Action"])


@pytest.mark.parametrize("queue", CONSUMERS)
def test_a_message_that_fails_again_and_again_is_kept_aside(template: Template, queue: str) -> None:
    dead_letters = queue.replace("Queue", "DeadLetterQueue")
    redrive = template.properties(queue)["RedrivePolicy"]
    allowed = template.properties(dead_letters)["RedriveAllowPolicy"]

    # A command comes again after seconds at first, so it is given more tries: 42 minutes until the last. The intake
    # sends its dead letters itself, without postal codes, long before SQS would move them as they came.
    tries = {"IntakeQueue": 1000, "WorkQueue": 7, "ComplianceQueue": 7}[queue]
    assert redrive == {"deadLetterTargetArn": {"Fn::GetAtt": [dead_letters, "Arn"]}, "maxReceiveCount": tries}
    assert allowed["redrivePermission"] == "byQueue"
    # A queue can't name the other's ARN in a circle, so the name is said twice; here is where they are compared.
    name = template.properties(queue)["QueueName"]["Fn::Sub"]
    assert allowed["sourceQueueArns"] == [
        {"Fn::Sub": f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{name}"}
    ]
    assert template.properties(dead_letters)["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_the_intake_sends_its_dead_letters_itself_because_a_raw_notification_holds_a_postal_code(
    template: Template,
) -> None:
    (right,) = (s for s in template.statements("NotificationIntakeRole") if s["Sid"] == "GiveUp")
    environment = template.properties("NotificationIntake")["Environment"]["Variables"]

    assert right["Action"] == ["sqs:SendMessage"]
    assert right["Resource"] == {"Fn::GetAtt": ["IntakeDeadLetterQueue", "Arn"]}
    assert environment["INTAKE_DEAD_LETTER_QUEUE_URL"] == {"Ref": "IntakeDeadLetterQueue"}
    assert template.properties("IntakeQueue")["RedrivePolicy"]["maxReceiveCount"] > 10 * UNTRIED_AFTER > TRIES


@pytest.mark.parametrize("queue", CONSUMERS)
def test_a_message_stays_hidden_while_its_consumer_may_still_work(template: Template, queue: str) -> None:
    timeout = template.properties(CONSUMERS[queue])["Timeout"]
    window = queue_mapping(template, queue).get("MaximumBatchingWindowInSeconds", 0)

    assert template.properties(queue)["VisibilityTimeout"] >= 6 * timeout + window


@pytest.mark.parametrize("queue", CONSUMERS)
def test_one_bad_message_fails_alone_and_concurrency_is_bounded(template: Template, queue: str) -> None:
    mapping = queue_mapping(template, queue)

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert set(mapping["ScalingConfig"]) == {"MaximumConcurrency"}


def test_notifications_of_eventbridge_join_the_intake_queue(template: Template) -> None:
    rule = template.properties("AmazonEventRule")
    (target,) = rule["Targets"]

    assert set(rule["EventPattern"]["detail-type"]) == BY_EVENTBRIDGE
    assert target["Arn"] == {"Fn::GetAtt": ["IntakeQueue", "Arn"]}
    assert target["InputPath"] == "$.detail"
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["IntakeDeadLetterQueue", "Arn"]}}
