"""Whatever can fail out of sight has an alarm, and every alarm has a runbook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Template


def watched(template: Template) -> set[tuple[str, str]]:
    """Return the metrics that alarms watch, each with the resource or service it is of."""
    found = set()
    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        properties = template.properties(alarm)
        value: Any = properties["Dimensions"][0]["Value"]
        if isinstance(value, dict):
            value = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        found.add((properties["MetricName"], value))
    return found


def test_every_dead_letter_queue_has_an_alarm(template: Template) -> None:
    dead_letters = {name for name in template.of_type("AWS::SQS::Queue") if "DeadLetter" in name}

    assert len(dead_letters) == 5
    assert {("ApproximateNumberOfMessagesVisible", name) for name in dead_letters} <= watched(template)
    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        properties = template.properties(alarm)
        if properties["MetricName"] == "ApproximateNumberOfMessagesVisible":
            assert (properties["Threshold"], properties["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize("queue", ["IntakeQueue", "WorkQueue", "ComplianceQueue"])
def test_the_age_of_each_queue_is_watched(template: Template, queue: str) -> None:
    assert ("ApproximateAgeOfOldestMessage", queue) in watched(template)


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_is_watched(template: Template, metric: str) -> None:
    assert {(metric, name) for name in template.of_type("AWS::Serverless::Function")} <= watched(template)


def test_the_api_the_stream_and_the_client_secret_are_watched(template: Template) -> None:
    expected = {
        ("5XXError", "AWS::StackName"),
        ("IteratorAge", "MetricsRoller"),
        ("InvalidClientSecret", "sync_worker"),
        ("IsolationBroken", "compliance_worker"),
        ("RetentionBroken", "compliance_worker"),
        ("DataKeysLeft", "compliance_worker"),
    }

    assert expected <= watched(template)
    # The metric of the API is found by its name, and the one of the worker by its service.
    assert template.properties("RestApi")["Name"] == {"Fn::Sub": "${AWS::StackName}"}
    variables = template.properties("SyncWorker")["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == "sync_worker"
    shared = template.document["Globals"]["Function"]["Environment"]["Variables"]
    assert template.properties("InvalidClientSecretAlarm")["Namespace"] == shared["POWERTOOLS_METRICS_NAMESPACE"]


def test_every_alarm_tells_somebody_and_names_its_runbook(template: Template, root: Path) -> None:
    named = set()
    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        properties = template.properties(alarm)
        assert properties["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert properties["TreatMissingData"] == "notBreaching"
        (runbook,) = re.findall(r"infra/runbooks/([a-z-]+\.md)$", properties["AlarmDescription"])
        named.add(runbook)
    written = {path.name for path in (root / "infra" / "runbooks").glob("*.md")} - {"README.md"}
    assert named <= written


@pytest.mark.parametrize("part", ["## What it means", "## What to look at", "## What to do"])
def test_a_runbook_says_what_it_means_what_to_look_at_and_what_to_do(root: Path, part: str) -> None:
    for path in (root / "infra" / "runbooks").glob("*.md"):
        if path.name != "README.md":
            assert part in path.read_text(encoding="utf-8"), path.name


def test_alarms_travel_encrypted_and_only_alarms_do(template: Template) -> None:
    assert template.properties("AlarmTopic")["KmsMasterKeyId"] == {"Fn::GetAtt": ["QueueKey", "Arn"]}
    (statement,) = template.properties("AlarmTopicPolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_dashboard_fits_its_grid(template: Template) -> None:
    widgets = template.properties("Dashboard")["DashboardBody"]["Fn::ToJsonString"]["widgets"]
    places = {(w["x"] + dx, w["y"] + dy) for w in widgets for dx in range(w["width"]) for dy in range(w["height"])}

    assert all(w["x"] + w["width"] <= 24 for w in widgets)
    assert len(places) == sum(w["width"] * w["height"] for w in widgets), "widgets overlap"
    assert all(w["properties"]["title"] and w["properties"]["metrics"] for w in widgets)


def test_every_metric_of_ours_that_is_shown_or_watched_is_counted_somewhere(template: Template, root: Path) -> None:
    widgets = template.properties("Dashboard")["DashboardBody"]["Fn::ToJsonString"]["widgets"]
    shown = {line[1] for widget in widgets for line in widget["properties"]["metrics"] if line[0] == "Quayside"}
    for alarm in template.of_type("AWS::CloudWatch::Alarm"):
        if template.properties(alarm)["Namespace"] == "Quayside":
            shown.add(template.properties(alarm)["MetricName"])
    files = [path for place in ("layers/core/python", "functions") for path in (root / place).rglob("*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in files)

    assert {name for name in shown if f'count("{name}"' not in code} == set()
