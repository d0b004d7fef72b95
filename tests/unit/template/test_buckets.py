"""The buckets: encrypted, private, written once, and emptied by time, but for what proves the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quayside.storage.audit import AUDIT_DAYS
from quayside.storage.tables import AMAZON_DATA_DAYS

if TYPE_CHECKING:
    from .conftest import Template


FILES_LIVE_DAYS = {"RawBucket": AMAZON_DATA_DAYS, "ExportsBucket": 7, "UploadsBucket": 1}
GATEWAYS = "https://*.execute-api.${AWS::Region}.${AWS::URLSuffix}"
BUCKETS = [*FILES_LIVE_DAYS, "DocumentsBucket", "AuditBucket"]
WRITTEN_ONCE = [each for each in BUCKETS if each != "UploadsBucket"]
"""A browser's form can't say that a file is to be written unless it exists, so where it arrives is not among them."""


def test_there_are_no_other_buckets(template: Template) -> None:
    assert set(template.of_type("AWS::S3::Bucket")) == set(BUCKETS)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_private(template: Template, bucket: str) -> None:
    block = template.properties(bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    owners = template.properties(bucket)["OwnershipControls"]["Rules"]
    assert owners == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize("bucket", BUCKETS)
def test_it_is_encrypted_with_the_data_key(template: Template, bucket: str) -> None:
    (rule,) = template.properties(bucket)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    }


@pytest.mark.parametrize("bucket", FILES_LIVE_DAYS)
def test_files_live_no_longer_than_they_may(template: Template, bucket: str) -> None:
    (rule,) = template.properties(bucket)["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == FILES_LIVE_DAYS[bucket]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_an_object_is_written_once_and_only_over_tls(template: Template, bucket: str) -> None:
    statements = {each["Sid"]: each for each in template.properties(f"{bucket}Policy")["PolicyDocument"]["Statement"]}
    encrypted = statements.pop("OnlyEncryptedConnections")
    assert (encrypted["Effect"], encrypted["Principal"]) == ("Deny", "*")
    assert encrypted["Resource"] == {"Fn::Sub": f"${{{bucket}.Arn}}/*"}
    assert encrypted["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    if bucket in WRITTEN_ONCE:
        once = statements.pop("WrittenOnce")
        assert (once["Effect"], once["Principal"]) == ("Deny", "*")
        assert once["Condition"] == {
            "Null": {"s3:if-none-match": "true"},
            "Bool": {"s3:ObjectCreationOperation": "true"},
        }
    assert statements == {}


def test_what_people_attach_has_no_end(template: Template) -> None:
    (rule,) = template.properties("DocumentsBucket")["LifecycleConfiguration"]["Rules"]
    assert set(rule) == {"Id", "Status", "AbortIncompleteMultipartUpload"}


def test_only_the_web_apps_page_sends_files_and_only_where_uploads_arrive(template: Template) -> None:
    (rule,) = template.properties("UploadsBucket")["CorsConfiguration"]["CorsRules"]
    own = {"Fn::If": ["HasDomain", {"Fn::Sub": "https://${DomainName}"}, {"Fn::Sub": GATEWAYS}]}
    assert rule["AllowedMethods"] == ["POST"]
    assert rule["AllowedOrigins"] == [{"Fn::If": ["HasWebOrigin", {"Ref": "WebOrigin"}, own]}]
    assert set(rule) == {"AllowedMethods", "AllowedOrigins", "MaxAge"}
    for bucket in set(BUCKETS) - {"UploadsBucket"}:
        assert "CorsConfiguration" not in template.properties(bucket)
    # The page is told the bucket's own host, and nothing wider.
    variables = template.properties("WebApp")["Environment"]["Variables"]
    assert variables["UPLOADS_DOMAIN"] == {"Fn::GetAtt": ["UploadsBucket", "RegionalDomainName"]}


def test_a_checkpoint_of_the_audit_trail_cant_be_changed_by_anybody_for_as_long_as_entries_are_kept(
    template: Template,
) -> None:
    properties = template.properties("AuditBucket")
    days = template.parameters["AuditLockDays"]

    assert properties["ObjectLockEnabled"] is True
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": {"Ref": "AuditLockDays"}}},
    }
    assert days["MinValue"] == days["Default"] == AUDIT_DAYS
    assert "LifecycleConfiguration" not in properties
    resource = template.resources["AuditBucket"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
