import json

import msgspec

from quayside.kernel.ids import tenant_id_of
from quayside.kernel.settings import load_settings
from quayside.storage.connection import (
    FACTS_ONLY,
    KEEPS_DOCUMENTS,
    KEEPS_PROMISES,
    STORES_CREDENTIALS,
    USES_CREDENTIALS,
    TenantAccess,
    session_policy,
)

T = tenant_id_of("abc")
SETTINGS = load_settings(
    {
        "AWS_REGION": "eu-west-1", "CORE_TABLE": "core", "VAULT_TABLE": "vault",
        "VAULT_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/v",
        "PII_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/p",
        "DATA_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/d",
        "TENANT_ROLE_ARN": "arn:aws:iam::123456789012:role/tenant", "RAW_BUCKET": "raw",
        "PII_TABLE": "pii", "PII_KEYS_TABLE": "pii_keys", "AUDIT_TABLE": "audit", "EXPORTS_BUCKET": "exports",
        "UPLOADS_BUCKET": "uploads", "DOCUMENTS_BUCKET": "documents",
    }
)  # fmt: skip
LIMIT = 2048
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table"
ACCESSES = (FACTS_ONLY, STORES_CREDENTIALS, USES_CREDENTIALS, KEEPS_PROMISES, KEEPS_DOCUMENTS)


def statements(access: TenantAccess) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(session_policy(SETTINGS, access, T))["Statement"]
    return found


def test_facts_only_reaches_core_of_one_tenant_and_no_credential() -> None:
    items, data_key = statements(FACTS_ONLY)
    table = "arn:aws:dynamodb:eu-west-1:123456789012:table"
    assert items["Resource"] == [f"{table}/core", f"{table}/core/index/lookup"]
    assert items["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"T#{T}#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    assert data_key["Condition"] == {"StringEquals": {"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com"}}


def test_the_api_may_seal_and_destroy_but_never_read() -> None:
    text = session_policy(SETTINGS, STORES_CREDENTIALS, T)
    _, vault, key, *_ = statements(STORES_CREDENTIALS)
    assert vault["Action"] == ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert vault["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"T#{T}#VAULT#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    assert key == {
        "Effect": "Allow",
        # Without the item there is nothing to decrypt, and the role lets it decrypt personal data alone.
        # It makes data keys for files that go to buyers; the role lets it make no other.
        "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
        "Resource": ["arn:aws:kms:eu-west-1:123456789012:key/v", "arn:aws:kms:eu-west-1:123456789012:key/p"],
        "Condition": {"StringEquals": {"kms:EncryptionContext:tenant_id": T}},
    }
    assert len(text) <= LIMIT


def test_nobody_else_reaches_the_key_of_personal_data() -> None:
    assert "key/p" not in session_policy(SETTINGS, FACTS_ONLY, T)
    assert "key/p" not in session_policy(SETTINGS, KEEPS_PROMISES, T)


def test_the_worker_may_read_credentials_of_one_tenant() -> None:
    items, key, *_ = statements(USES_CREDENTIALS)
    assert f"{TABLE}/vault" in items["Resource"]  # type: ignore[operator]  # JSON
    assert key["Action"] == ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    assert key["Resource"] == [f"arn:aws:kms:eu-west-1:123456789012:key/{name}" for name in "vp"]
    assert len(session_policy(SETTINGS, USES_CREDENTIALS, T)) <= LIMIT


def test_the_worker_reaches_the_raw_files_of_one_tenant_and_nobody_else_does() -> None:
    *_, files, listing, data_key = statements(USES_CREDENTIALS)
    assert files == {
        "Effect": "Allow",
        "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::raw/T/{T}/*"],
    }
    assert listing == {
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::raw"],
        "Condition": {"StringLike": {"s3:prefix": [f"T/{T}/*"]}},
    }
    assert data_key["Condition"] == {
        "StringEquals": {"kms:ViaService": ["dynamodb.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"]}
    }
    assert "s3" not in session_policy(SETTINGS, FACTS_ONLY, T)


def test_the_api_opens_exports_of_one_tenant_and_no_other_file() -> None:
    *_, files, _ = statements(STORES_CREDENTIALS)
    assert files == {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"arn:aws:s3:::exports/T/{T}/*"]}
    assert ":raw" not in session_policy(SETTINGS, STORES_CREDENTIALS, T)


def test_the_keeper_reaches_everything_of_one_tenant_and_opens_no_credential() -> None:
    items, raw, exports, listing, _ = statements(KEEPS_PROMISES)
    table = "arn:aws:dynamodb:eu-west-1:123456789012:table"
    assert items["Resource"] == [
        f"{table}/{name}" for name in ("core", "core/index/lookup", "pii", "pii_keys", "vault", "audit")
    ]
    assert items["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"T#{T}#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    assert (raw["Resource"], exports["Resource"]) == ([f"arn:aws:s3:::raw/T/{T}/*"], [f"arn:aws:s3:::exports/T/{T}/*"])
    assert listing["Resource"] == ["arn:aws:s3:::raw", "arn:aws:s3:::exports"]
    assert "key/v" not in session_policy(SETTINGS, KEEPS_PROMISES, T)


def test_a_session_for_documents_reaches_those_of_one_tenant_and_no_fact() -> None:
    uploads, documents, listing, data_key = statements(KEEPS_DOCUMENTS)
    actions = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    assert uploads == {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::uploads/T/{T}/*"]}
    assert documents == {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::documents/T/{T}/*"]}
    assert (listing["Resource"], listing["Condition"]) == (
        ["arn:aws:s3:::uploads", "arn:aws:s3:::documents"],
        {"StringLike": {"s3:prefix": [f"T/{T}/*"]}},
    )
    assert data_key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}
    for other in ACCESSES[:-1]:
        assert ":documents" not in session_policy(SETTINGS, other, T)


def test_no_policy_is_longer_than_sts_takes() -> None:
    # Names as CloudFormation makes them: the stack's, the resource's, thirteen random characters.
    names = {
        name: f"quayside-production-{name.title().replace('_', '')}-1A2B3C4D5E6F7"
        for name in ("core_table", "pii_table", "pii_keys_table", "vault_table", "audit_table")
    }
    long = msgspec.structs.replace(
        SETTINGS,
        **names,
        raw_bucket="quayside-production-rawbucket-1a2b3c4d5e6f7",
        exports_bucket="quayside-production-exportsbucket-1a2b3c4d5e6f7",
        uploads_bucket="quayside-production-uploadsbucket-1a2b3c4d5e6f7",
        documents_bucket="quayside-production-documentsbucket-1a2b3c4d5e6f7",
        vault_key_arn=f"arn:aws:kms:eu-west-1:123456789012:key/{'v' * 36}",
        data_key_arn=f"arn:aws:kms:eu-west-1:123456789012:key/{'d' * 36}",
        pii_key_arn=f"arn:aws:kms:eu-west-1:123456789012:key/{'p' * 36}",
    )
    lengths = {len(session_policy(long, each, T)) for each in ACCESSES}
    assert max(lengths) <= LIMIT, lengths


def test_no_policy_has_a_scan_or_a_wildcard_action_or_resource() -> None:
    for access in ACCESSES:
        for statement in statements(access):
            for listed in (statement["Action"], statement["Resource"]):
                assert isinstance(listed, list)
                beyond_the_tenant = [each.removesuffix(f"/T/{T}/*") for each in listed]
                assert not [each for each in beyond_the_tenant if "*" in each or "Scan" in each]
