"""The commands that write evidence, on an in-process AWS."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from infra.local.people import PASSWORD
from quayside.accounts import store as accounts
from quayside.command_line import _OUTPUTS, Streams, run
from quayside.kernel.ids import MemberId, tenant_id_of
from quayside.kernel.tenancy import tenant_scope
from quayside.storage import audit
from quayside.storage.audit_chain import AuditEvent
from tests.support.aws import REGION, Aws, aws

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

STACK = "quayside-test"


@pytest.fixture(scope="module")
def shared() -> Iterator[Aws]:
    with aws() as opened:
        outputs = {name: {"Value": "x"} for name in _OUTPUTS}
        outputs["AuditTableName"] = {"Value": opened.settings.audit_table}
        body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs})
        boto3.client("cloudformation", region_name=REGION).create_stack(StackName=STACK, TemplateBody=body)
        yield opened


def quayside(on: Aws, *words: str, pool: str = "") -> tuple[int, str, str]:
    written, failed = io.StringIO(), io.StringIO()
    given = {name.upper(): getattr(on.settings, name) for name in ("aws_region", "core_table", "audit_table")}
    environ = {**given, "USER_POOL_ID": pool, "AMAZON_APPLICATION_ID": "amzn1.sp.solution.1"}
    streams = Streams(io.StringIO(), written, failed)
    return run(words, environ, streams, clock=on.clock, store=on.store), written.getvalue(), failed.getvalue()


def test_every_account_is_reviewed_with_its_role_and_the_review_is_recorded(shared: Aws, tmp_path: Path) -> None:
    cognito = boto3.client("cognito-idp", region_name=REGION)
    pool = cognito.create_user_pool(
        PoolName="people", Schema=[{"Name": "tenant_id", "AttributeDataType": "String", "Mutable": True}]
    )["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool, GroupName="operators")
    tenant = tenant_id_of("ada")
    for name in ("ada", "olga", "left"):
        attributes: list[AttributeTypeTypeDef] = [{"Name": "email", "Value": f"{name}@pine.example"}]
        if name != "olga":
            attributes.append({"Name": "custom:tenant_id", "Value": tenant})
        made = cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=attributes)["User"]
        cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
        if name == "ada":
            (subject,) = (each["Value"] for each in made["Attributes"] if each["Name"] == "sub")
            with tenant_scope(tenant):
                accounts.add_member(MemberId(subject), "ada@pine.example", "Ada", "owner", shared.clock.now())
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="olga", GroupName="operators")

    code, out, err = quayside(shared, "access-review", "--to", str(tmp_path), pool=pool)

    assert (code, err) == (0, "")
    assert "olga@pine.example: It is an operator" in out
    assert "left@pine.example: Its organisation does not have it as a member" in out
    kept = json.loads((tmp_path / "access-2026-11-21.json").read_text())
    assert {each["email"][:3]: each["role"] for each in kept["accounts"]} == {"ada": "owner", "olg": "", "lef": ""}
    again = quayside(
        shared, "access-review", "--to", str(tmp_path / "next"), "--previous",
        str(tmp_path / "access-2026-11-21.json"), pool=pool,
    )  # fmt: skip
    assert again[0] == 0
    assert "Nothing changed" in (tmp_path / "next" / "access-2026-11-21.md").read_text()
    assert "access.reviewed" in str(shared.items("audit_table"))


def _denied(**_: object) -> tuple[AWSResponse, dict[str, Any]]:
    return AWSResponse("", 403, HTTPHeaders(), None), {"Error": {"Code": "AccessDenied", "Message": "Not for you."}}


def test_evidence_of_an_incident_is_kept_by_its_hash_and_never_written_over(shared: Aws, tmp_path: Path) -> None:
    boto3.client("cloudwatch", region_name=REGION).put_metric_alarm(
        AlarmName=f"{STACK}-x", MetricName="m", Namespace="n", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
    )  # fmt: skip
    for service, operation in (("cloudwatch", "DescribeAlarmHistory"), ("cloudtrail", "LookupEvents")):
        shared.store.system.client(service).meta.events.register(f"before-call.{service}.{operation}", _denied)
    with tenant_scope(tenant_id_of("ada")):
        audit.append(AuditEvent("member.renamed", "system", "member/1"), clock=shared.clock)
    words = (
        "--stack",
        STACK,
        "incident",
        "--noticed",
        "2026-11-21T09:11:12Z",
        "--what",
        "x",
        "--to",
        str(tmp_path / "i"),
    )

    code, out, err = quayside(shared, *words)

    assert (code, err) == (0, "")
    assert "Tell Amazon by 2026-11-22T09:11:12Z: 23.0 hours left" in out
    for line in (tmp_path / "i" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((tmp_path / "i" / name).read_bytes()).hexdigest() == digest
    assert "not available: trail.json (ClientError)" in (tmp_path / "i" / "notice.txt").read_text()
    assert tenant_id_of("ada") in json.loads((tmp_path / "i" / "audit-heads.json").read_text())
    assert f"{STACK}-x" in (tmp_path / "i" / "alarms.json").read_text()
    assert "incident.collected" in str(shared.items("audit_table"))
    code, _, err = quayside(shared, *words)
    assert (code, "already" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("incident", "--noticed", "2026-11-21T09:11:12Z", "--what", "x"), "--stack"),
        (("--stack", STACK, "incident", "--noticed", "yesterday", "--what", "x"), "not a time"),
        (("--stack", STACK, "incident", "--noticed", "2027-01-01T00:00:00Z", "--what", "x"), "future"),
    ],
)
def test_what_is_missing_or_wrong_is_said(shared: Aws, words: tuple[str, ...], said: str) -> None:
    code, _, err = quayside(shared, *words)
    assert (code, said in err) == (1, True)
