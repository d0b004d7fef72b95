import json

from quayside.kernel.ids import tenant_id_of
from quayside.kernel.settings import load_settings
from quayside.storage.connection import FACTS_ONLY, STORES_CREDENTIALS, USES_CREDENTIALS, TenantAccess, session_policy

T = tenant_id_of("abc")
SETTINGS = load_settings(
    {
        "AWS_REGION": "eu-west-1", "CORE_TABLE": "core", "VAULT_TABLE": "vault",
        "VAULT_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/v",
        "DATA_KEY_ARN": "arn:aws:kms:eu-west-1:123456789012:key/d",
        "TENANT_ROLE_ARN": "arn:aws:iam::123456789012:role/tenant", "RAW_BUCKET": "raw",
    }
)  # fmt: skip
LIMIT = 2048


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
    _, vault, key, _ = statements(STORES_CREDENTIALS)
    assert vault["Action"] == ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert vault["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"T#{T}#VAULT#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    assert key == {
        "Effect": "Allow",
        "Action": ["kms:Encrypt"],
        "Resource": ["arn:aws:kms:eu-west-1:123456789012:key/v"],
        "Condition": {"StringEquals": {"kms:EncryptionContext:tenant_id": T}},
    }
    assert len(text) <= LIMIT


def test_the_worker_may_read_credentials_of_one_tenant() -> None:
    _, vault, key, *_ = statements(USES_CREDENTIALS)
    assert "dynamodb:GetItem" in vault["Action"]  # type: ignore[operator]  # JSON
    assert key["Action"] == ["kms:Decrypt", "kms:Encrypt"]
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
    for access in (FACTS_ONLY, STORES_CREDENTIALS):
        assert "s3" not in session_policy(SETTINGS, access, T)


def test_no_policy_has_a_scan_or_a_wildcard_action_or_resource() -> None:
    for access in (FACTS_ONLY, STORES_CREDENTIALS, USES_CREDENTIALS):
        for statement in statements(access):
            for listed in (statement["Action"], statement["Resource"]):
                assert isinstance(listed, list)
                beyond_the_tenant = [each.removesuffix(f"/T/{T}/*") for each in listed]
                assert not [each for each in beyond_the_tenant if "*" in each or "Scan" in each]
