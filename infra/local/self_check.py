"""Prove, before anyone signs in, that one tenant's session cannot reach another tenant's rows.

The proof goes the way a function goes: a function with a function's own role assumes the deployed tenant role with
a session tag and tries. Nothing is believed because a policy says so.
"""

import io
import json
import secrets
import zipfile
from typing import Any

OWN = "0selfcheck0selfcheck0selfa"
OTHER = "0selfcheck0selfcheck0selfb"

_CODE = """
import boto3
from botocore.exceptions import ClientError


def outcome(call, **request):
    try:
        call(**request)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"


def handler(event, context):
    sts = boto3.client("sts")
    tag = [{"Key": "tenant_id", "Value": event["own"]}]
    given = sts.assume_role(RoleArn=event["role"], RoleSessionName="self-check", Tags=tag)["Credentials"]
    client = boto3.client(
        "dynamodb", aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    table, found = event["table"], {}
    for whose in ("own", "other"):
        partition = f"T#{event[whose]}#SELFCHECK"
        key = {"pk": {"S": partition}, "sk": {"S": "SELFCHECK"}}
        found[f"get {whose}"] = outcome(client.get_item, TableName=table, Key=key)
        found[f"query {whose}"] = outcome(
            client.query, TableName=table, KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
        )
        found[f"put {whose}"] = outcome(client.put_item, TableName=table, Item={**key, "kind": {"S": "self_check"}})
        found[f"delete {whose}"] = outcome(client.delete_item, TableName=table, Key=key)
    found["scan"] = outcome(client.scan, TableName=table)
    found["untagged session"] = outcome(sts.assume_role, RoleArn=event["role"], RoleSessionName="self-check")
    return found
"""


class NotIsolatedError(Exception):
    """The embedded AWS lets one tenant reach another's rows, or refuses a tenant its own; the message says which."""


def prove_isolation(clients: Any, *, table: str, tenant_role: str, caller_role: str) -> dict[str, str]:
    """Try every way across; :class:`NotIsolatedError` unless own rows are open and all else is denied.

    ``clients(service)`` gives an operator's AWS client, ``caller_role`` is the ARN of a function's role that may
    assume ``tenant_role``. Returns what was tried and how it ended.
    """
    functions = clients("lambda")
    name = f"quayside-self-check-{secrets.token_hex(4)}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("probe.py", _CODE)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=caller_role,
        Handler="probe.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=30,
    )
    try:
        functions.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 100}
        )
        event = {"own": OWN, "other": OTHER, "table": table, "role": tenant_role}
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        found = json.loads(answer["Payload"].read())
    finally:
        functions.delete_function(FunctionName=name)
    judge(found)
    return {str(attempt): str(outcome) for attempt, outcome in found.items()}


def judge(found: Any) -> None:
    """Raise :class:`NotIsolatedError` unless every attempt on own rows was allowed and every other was denied."""
    if not isinstance(found, dict) or "get own" not in found:
        raise NotIsolatedError(f"The isolation check itself failed: {found}")
    wrong = [
        f"{attempt}: {outcome}"
        for attempt, outcome in found.items()
        if (outcome == "allowed") != attempt.endswith(" own")
        or (outcome != "allowed" and not str(outcome).startswith("AccessDenied"))
    ]
    if wrong:
        raise NotIsolatedError(
            "Tenants are not isolated, so nothing was started for you. A tenant's session must reach its own rows "
            f"and nothing else, but: {'; '.join(wrong)}"
        )
