"""Raw files: written once, and reached by the session of their own tenant alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.contract.embedded_aws.server import Server, fresh

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

PART = b"p" * (5 << 20)


def code(call: Callable[..., Any], **request: Any) -> str:
    """Return S3's word for how a request ended; an empty text when it went well."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def bucket(server: Server, **policy: Any) -> str:
    name = fresh("raw-files")
    server.client("s3").create_bucket(Bucket=name)
    if policy:
        document = {"Version": "2012-10-17", "Statement": [{"Sid": "One", "Principal": "*", **policy}]}
        document["Statement"][0]["Resource"] = f"arn:aws:s3:::{name}/*"  # type: ignore[index]  # a list of one
        server.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    return name


def upload(client: Any, name: str, key: str, **condition: str) -> str:
    """Write a file in two parts, and return how completing it ended."""
    started = client.create_multipart_upload(Bucket=name, Key=key)["UploadId"]
    parts = []
    for number, body in enumerate((PART, b"end"), start=1):
        made = client.upload_part(Bucket=name, Key=key, UploadId=started, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": made["ETag"], "ChecksumCRC32": made["ChecksumCRC32"]})
    return code(
        client.complete_multipart_upload,
        Bucket=name,
        Key=key,
        UploadId=started,
        MultipartUpload={"Parts": parts},
        **condition,
    )


def test_a_file_that_exists_is_never_written_again(complete: Server) -> None:
    client = complete.client("s3")
    name = bucket(complete)
    assert code(client.put_object, Bucket=name, Key="small", Body=b"1", IfNoneMatch="*") == ""
    assert code(client.put_object, Bucket=name, Key="small", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert upload(client, name, "large", IfNoneMatch="*") == ""
    assert upload(client, name, "large", IfNoneMatch="*") == "PreconditionFailed"
    assert upload(client, name, "small", IfNoneMatch="*") == "PreconditionFailed"
    assert client.get_object(Bucket=name, Key="small")["Body"].read() == b"1"
    assert client.get_object(Bucket=name, Key="large", Range="bytes=5242880-")["Body"].read() == b"end"


def write_once(server: Server) -> tuple[Any, str]:
    name = bucket(
        server,
        Effect="Deny",
        Action=["s3:PutObject"],
        Condition={"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
    )
    policy = {"Effect": "Allow", "Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{name}/*"]}
    return server.session("s3", policy, "own"), name


def test_who_does_not_say_unless_it_exists_may_not_write(complete: Server, without: Callable[[str], Server]) -> None:
    client, name = write_once(complete)
    assert code(client.put_object, Bucket=name, Key="a", Body=b"1") == "AccessDenied"
    assert code(client.put_object, Bucket=name, Key="a", Body=b"1", IfNoneMatch="*") == ""
    assert upload(client, name, "b") == "AccessDenied"
    assert upload(client, name, "b", IfNoneMatch="*") == ""

    client, name = write_once(without("conditional_writes"))
    assert code(client.put_object, Bucket=name, Key="a", Body=b"1") == "", "without the fix anybody could overwrite"


@pytest.mark.parametrize("tenant", ["own", "other"])
def test_a_tenants_session_reaches_its_own_files_alone(complete: Server, tenant: str) -> None:
    name = bucket(complete)
    arn = f"arn:aws:s3:::{name}"
    client = complete.session(
        "s3",
        {
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"{arn}/T/${{aws:PrincipalTag/tenant_id}}/*"],
        },
        "own",
    )
    key = f"T/{tenant}/c/report/1.gz"
    complete.client("s3").put_object(Bucket=name, Key=key, Body=b"1")
    denied = "" if tenant == "own" else "AccessDenied"
    assert code(client.get_object, Bucket=name, Key=key) == denied
    assert code(client.get_object, Bucket=name, Key=key, Range="bytes=0-0") == denied
    assert code(client.head_object, Bucket=name, Key=key) == ("" if tenant == "own" else "403")
    assert code(client.put_object, Bucket=name, Key=f"{key}.2", Body=b"2", IfNoneMatch="*") == denied
    assert code(client.create_multipart_upload, Bucket=name, Key=f"{key}.3") == denied
    assert code(client.delete_object, Bucket=name, Key=key) == denied
    assert code(client.list_objects_v2, Bucket=name, Prefix="T/own/") == "AccessDenied"


@pytest.mark.parametrize("tenant", ["own", "other"])
def test_a_form_that_a_tenants_session_signed_takes_its_own_files_alone(complete: Server, tenant: str) -> None:
    name = bucket(complete)
    right = {"Action": ["s3:PutObject"], "Resource": [f"arn:aws:s3:::{name}/T/${{aws:PrincipalTag/tenant_id}}/*"]}
    client = complete.session("s3", {"Effect": "Allow", **right}, "own")
    form = client.generate_presigned_post(name, f"T/{tenant}/1", Conditions=[["content-length-range", 3, 3]])

    def sent(content: bytes, **fields: str) -> int:
        return httpx.post(form["url"], data=form["fields"] | fields, files={"file": content}).status_code

    assert sent(b"123") == (204 if tenant == "own" else 403)
    assert sent(b"1234") == 400
    assert sent(b"123", key="T/own/2") == 403
    found = complete.client("s3").list_objects_v2(Bucket=name).get("Contents", [])
    assert [each["Key"] for each in found] == (["T/own/1"] if tenant == "own" else [])


def test_a_tenants_session_lists_its_own_files_alone(complete: Server) -> None:
    name = bucket(complete)
    client = complete.session(
        "s3",
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{name}"],
            "Condition": {"StringLike": {"s3:prefix": ["T/${aws:PrincipalTag/tenant_id}/*"]}},
        },
        "own",
    )
    assert code(client.list_objects_v2, Bucket=name, Prefix="T/own/") == ""
    assert code(client.list_objects_v2, Bucket=name, Prefix="T/own/c/") == ""
    assert code(client.list_objects_v2, Bucket=name, Prefix="T/other/") == "AccessDenied"
    assert code(client.list_objects_v2, Bucket=name) == "AccessDenied"


def locked(server: Server) -> tuple[Any, str, str]:
    """Write a file into a bucket that a template locks for a day; return a client, the bucket and the version."""
    properties = {
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": "1"}},
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    }
    client = server.client("s3")
    name = server.deploy({"Locked": {"Type": "AWS::S3::Bucket", "Properties": properties}})["Locked"]
    return client, name, client.put_object(Bucket=name, Key="a", Body=b"1")["VersionId"]


def test_what_a_template_locks_nobody_deletes_not_even_after_a_restart(
    tmp_path: pathlib.Path, without: Callable[[str], Server]
) -> None:
    server = Server(tmp_path).start()
    try:
        client, name, version = locked(server)
        rule = client.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]["Rule"]
        assert rule == {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
        server.stop()
        server.start()
        assert code(client.delete_object, Bucket=name, Key="a", VersionId=version) == "AccessDenied"
        several = {"Objects": [{"Key": "a", "VersionId": version}]}
        (refused,) = client.delete_objects(Bucket=name, Delete=several)["Errors"]
        assert refused["Code"] == "AccessDenied"
        sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": datetime(2026, 1, 1, tzinfo=UTC)}
        assert code(client.put_object_retention, Bucket=name, Key="a", Retention=sooner) == "AccessDenied"
        assert client.get_object(Bucket=name, Key="a", VersionId=version)["Body"].read() == b"1"
    finally:
        server.kill()

    client, name, version = locked(without("object_lock"))
    assert code(client.delete_object, Bucket=name, Key="a", VersionId=version) == "", "without the fix it is gone"
