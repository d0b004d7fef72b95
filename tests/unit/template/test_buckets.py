"""The buckets: encrypted, private, written once, and emptied by time, but for what proves the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quayside.storage.audit import AUDIT_DAYS
from quayside.storage.tables import AMAZON_DATA_DAYS

if TYPE_CHECKING:
    from .conftest import Template


FILES_LIVE_DAYS = {"RawBucket": AMAZON_DATA_DAYS, "ExportsBucket": 7}
BUCKETS = [*FILES_LIVE_DAYS, "AuditBucket"]


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
    once, encrypted = statements["WrittenOnce"], statements["OnlyEncryptedConnections"]

    assert once["Effect"] == encrypted["Effect"] == "Deny"
    assert once["Principal"] == encrypted["Principal"] == "*"
    assert once["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }
    assert encrypted["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


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
