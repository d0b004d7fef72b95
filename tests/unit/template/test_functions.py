"""Functions: runtime, environment, logs, event sources."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from compliance_worker.tasks import TASKS
from quayside.analytics.rolling_service import COUNTINGS, HEARTBEAT
from quayside.compliance.tasks import decode_task
from quayside.kernel.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Template

FOLDERS = {
    "SellerApi": "seller_api",
    "WebApp": "web_app",
    "NotificationIntake": "notification_intake",
    "SyncWorker": "sync_worker",
    "MetricsRoller": "metrics_roller",
    "Schedules": "schedules",
    "ComplianceWorker": "compliance_worker",
}


def environment(template: Template, function: str) -> dict[str, Any]:
    """Return all variables of a function, the shared ones included."""
    shared = template.document["Globals"]["Function"]["Environment"]["Variables"]
    return {**shared, **template.properties(function)["Environment"]["Variables"]}


def test_all_functions_run_on_the_same_python_with_the_processor_by_parameter(template: Template) -> None:
    shared = template.document["Globals"]["Function"]

    assert shared["Runtime"] == "python3.13"
    assert shared["Architectures"] == [{"Ref": "Architecture"}]
    assert template.parameters["Architecture"]["Default"] == "arm64"
    assert shared["Tracing"] == "Active"
    assert shared["SnapStart"] == {"ApplyOn": {"Fn::If": ["HasSnapStart", "PublishedVersions", "None"]}}
    assert shared["AutoPublishAlias"] == "live"


@pytest.mark.parametrize("function", FOLDERS)
def test_a_function_has_memory_for_its_imports_and_publishes_on_every_change(template: Template, function: str) -> None:
    properties = template.properties(function)
    memory = properties.get("MemorySize", template.document["Globals"]["Function"]["MemorySize"])

    assert memory >= (512 if function == "WebApp" else 1024)
    assert properties["AutoPublishAliasAllProperties"] is True
    assert properties["Handler"] == f"{FOLDERS[function]}.app.handler"
    # Reports are loaded and tenants erased piece by piece; nothing else has two minutes of work.
    assert 0 < properties["Timeout"] <= (120 if function in {"SyncWorker", "ComplianceWorker"} else 60)


def test_an_api_function_answers_before_api_gateway_gives_up(template: Template) -> None:
    for function in ("SellerApi", "WebApp"):
        assert template.properties(function)["Timeout"] < 29


@pytest.mark.parametrize("function", FOLDERS)
def test_every_variable_is_a_setting_that_the_product_reads(template: Template, function: str) -> None:
    known = {field.name.upper() for field in msgspec.structs.fields(Settings)}
    # web_app holds nothing of the product; where its page may send files is all that it is told.
    read_by_itself = {"UPLOADS_DOMAIN"} if function == "WebApp" else set()

    assert set(environment(template, function)) - known == read_by_itself


@pytest.mark.parametrize("function", FOLDERS)
def test_every_setting_that_a_function_demands_is_given(template: Template, root: Path, function: str) -> None:
    composition = root / "functions" / FOLDERS[function] / "container.py"
    if function == "WebApp":
        assert not composition.exists(), "web_app needs no settings"
        return
    names = {field.name for field in msgspec.structs.fields(Settings)}
    demanded = {name for name in re.findall(r'"([a-z_]+)"', composition.read_text(encoding="utf-8")) if name in names}

    assert demanded
    assert {name.upper() for name in demanded} <= set(environment(template, function))


@pytest.mark.parametrize("function", FOLDERS)
def test_no_secret_is_in_the_environment(template: Template, function: str) -> None:
    assert not [name for name in environment(template, function) if re.search("SECRET|PASSWORD|REFRESH", name)]


@pytest.mark.parametrize("function", FOLDERS)
def test_a_table_in_the_environment_is_the_one_it_is_called_for(template: Template, function: str) -> None:
    for name, value in environment(template, function).items():
        if name.endswith("_TABLE"):
            expected = "".join(part.title() for part in name.split("_"))
            assert value == {"Ref": expected}


def test_each_function_gets_the_tenant_role_that_it_may_take(template: Template) -> None:
    for function in FOLDERS:
        role = environment(template, function).get("TENANT_ROLE_ARN")
        policies = template.of_type("AWS::IAM::Policy")
        may_take = [
            policy["Properties"]["PolicyDocument"]["Statement"][0]["Resource"]
            for name, policy in policies.items()
            if {"Ref": f"{function}Role"} in policy["Properties"]["Roles"] and name != "TakeTenantRolesAsCanary"
        ]
        assert may_take == ([role] if role else [])


@pytest.mark.parametrize("function", FOLDERS)
def test_a_function_writes_to_a_log_group_of_its_own(template: Template, function: str) -> None:
    logging = template.properties(function)["LoggingConfig"]

    assert logging == {"LogGroup": {"Ref": f"{function}LogGroup"}, "LogFormat": "JSON"}


def test_every_log_group_is_encrypted_and_ends(template: Template) -> None:
    for name in template.of_type("AWS::Logs::LogGroup"):
        properties = template.properties(name)
        assert properties["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        assert properties["KmsKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
        # The key's policy admits this prefix alone.
        assert properties["LogGroupName"]["Fn::Sub"].startswith("/quayside/${AWS::StackName}/")
    assert template.parameters["LogRetentionDays"]["Default"] >= 365


def test_the_roller_sees_what_counts_and_nothing_else(template: Template) -> None:
    (event,) = template.properties("MetricsRoller")["Events"].values()
    mapping = event["Properties"]

    (pattern,) = mapping["FilterCriteria"]["Filters"]
    counted = [{"prefix": f"{each}#"} for each in COUNTINGS]
    assert json.loads(pattern["Pattern"]) == {"dynamodb": {"Keys": {"sk": {"S": [*counted, HEARTBEAT]}}}}
    assert mapping["Stream"] == {"Fn::GetAtt": ["CoreTable", "StreamArn"]}
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRetryAttempts"] > 0
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["RollerDeadLetterQueue", "Arn"]}


def test_the_schedule_ticks_every_five_minutes_and_a_late_tick_is_dropped(template: Template) -> None:
    properties = template.properties("Schedules")
    (event,) = properties["Events"].values()

    assert event["Properties"]["Schedule"] == "rate(5 minutes)"
    assert event["Properties"]["RetryPolicy"]["MaximumEventAgeInSeconds"] < 300
    assert properties["EventInvokeConfig"]["MaximumEventAgeInSeconds"] < 300
    assert properties["EventInvokeConfig"]["MaximumRetryAttempts"] <= 1


def test_every_task_that_a_rule_asks_for_is_one_the_worker_knows(template: Template) -> None:
    asked = []
    for rule in ("ComplianceEveryHour", "ComplianceEveryDay"):
        targets = template.properties(rule).get("Targets", [])
        assert len(targets) <= 5, "EventBridge takes five targets a rule"
        for target in targets:
            assert target["Arn"] == {"Fn::GetAtt": ["ComplianceQueue", "Arn"]}
            assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["ScheduleDeadLetterQueue", "Arn"]}}
            asked.append(decode_task(target["Input"]))
    assert {task.task for task in asked} <= set(TASKS)
    assert len({task.task for task in asked}) == len(asked)


@pytest.mark.parametrize("function", FOLDERS)
def test_the_makefile_builds_the_functions_own_folder(template: Template, root: Path, function: str) -> None:
    makefile = (root / "functions" / "Makefile").read_text(encoding="utf-8")

    assert template.resources[function]["Metadata"] == {"BuildMethod": "makefile"}
    assert f"build-{function}: FOLDER = {FOLDERS[function]}\n" in makefile
