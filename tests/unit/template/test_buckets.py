"""The bucket of raw files: encrypted, private, written once, and emptied by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quayside.storage.tables import AMAZON_DATA_DAYS

if TYPE_CHECKING:
    from .conftest import Template


def test_there_is_one_bucket_and_it_is_private(template: Template) -> None:
    assert list(template.of_type("AWS::S3::Bucket")) == ["RawBucket"]
    block = template.properties("RawBucket")["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    owners = template.properties("RawBucket")["OwnershipControls"]["Rules"]
    assert owners == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_it_is_encrypted_with_the_data_key(template: Template) -> None:
    (rule,) = template.properties("RawBucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    }


def test_files_live_no_longer_than_amazon_data_may(template: Template) -> None:
    (rule,) = template.properties("RawBucket")["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == AMAZON_DATA_DAYS
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_an_object_is_written_once_and_only_over_tls(template: Template) -> None:
    statements = {each["Sid"]: each for each in template.properties("RawBucketPolicy")["PolicyDocument"]["Statement"]}
    once, encrypted = statements["WrittenOnce"], statements["OnlyEncryptedConnections"]

    assert once["Effect"] == encrypted["Effect"] == "Deny"
    assert once["Principal"] == encrypted["Principal"] == "*"
    assert once["Condition"] == {
        "Null": {"s3:if-none-match": "true"},
        "Bool": {"s3:ObjectCreationOperation": "true"},
    }
    assert encrypted["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
