"""Who may do what: one role per function, no wildcards, tenants apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from quayside.compliance import canary
from quayside.kernel.ids import check_tenant_id
from quayside.storage import sealed_files

from .conftest import listed

if TYPE_CHECKING:
    from .conftest import Template

FUNCTIONS = (
    "SellerApi",
    "WebApp",
    "NotificationIntake",
    "SyncWorker",
    "MetricsRoller",
    "Schedules",
    "ComplianceWorker",
)
TENANT_ROLES = {
    # role: (functions that may take it, rights to the tenant's credentials, actions on the vault key)
    "TenantDataRole": ({"NotificationIntake", "MetricsRoller"}, set[str](), set[str]()),
    "TenantConnectRole": (
        {"SellerApi"},
        {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        {"kms:Encrypt"},
    ),
    "TenantVaultRole": (
        {"SyncWorker"},
        {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"},
        {"kms:Encrypt", "kms:Decrypt"},
    ),
    "TenantKeeperRole": ({"ComplianceWorker"}, {"dynamodb:DeleteItem", "dynamodb:Query"}, set[str]()),
}
KEYS = ("DataKey", "VaultKey", "PiiKey", "QueueKey")
CANARY = {"Fn::FindInMap": ["Canary", "Tenant", "Id"]}
PROOF_KEY = "ProofKey"
AWS_POLICIES = {
    # X-Ray's actions know no resources, and a traced function can't be created without them.
    *(f"{function}Role: AWSXRayDaemonWriteAccess" for function in FUNCTIONS),
    # What API Gateway demands of the account's one role for logs.
    "ApiLogsRole: AmazonAPIGatewayPushToCloudWatchLogs",
}
"""The only policies that are not ours, each with its reason."""

OWN_POLICIES = ("UseTables", "RecordTenantEvents", "RecordApplicationEvents")

_WHOLE_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")
_RESOURCE_OF_OURS = re.compile(
    r"\$\{[A-Za-z]+\.Arn\}(/index/[a-z_]+)?"
    # Objects have no other resource than a pattern: those of the tenant, or in a refusal all of the bucket.
    r"|\$\{(Raw|Exports|Uploads|Documents)Bucket\.Arn\}/T/\$\{!aws:PrincipalTag/tenant_id\}/\*"
    r"|\$\{AuditBucket\.Arn\}/checkpoints/\*"
)
_ALL_FILES = (
    {"Fn::Sub": "${RawBucket.Arn}/*"},
    {"Fn::Sub": "${ExportsBucket.Arn}/*"},
    {"Fn::Sub": "${UploadsBucket.Arn}/*"},
    {"Fn::Sub": "${DocumentsBucket.Arn}/*"},
    {"Fn::Sub": "${AuditBucket.Arn}/*"},
)


def test_no_action_anywhere_is_a_wildcard(template: Template) -> None:
    everything = template.document["Mappings"]["KeyPolicy"]["Account"]["Actions"]
    for place, document in template.policy_documents().items():
        for statement in document["Statement"]:
            assert "NotAction" not in statement, place
            assert "NotResource" not in statement, place
            action = statement["Action"]
            actions = everything if action == {"Fn::FindInMap": ["KeyPolicy", "Account", "Actions"]} else listed(action)
            for name in actions:
                assert _WHOLE_ACTION.fullmatch(name), f"{place}: {name}"


def test_no_resource_is_a_wildcard_but_this_key_in_the_keys_own_policy(template: Template) -> None:
    for place, document in template.policy_documents().items():
        for statement in document["Statement"]:
            if place.endswith("/AssumeRolePolicyDocument"):
                assert "Resource" not in statement, place
                continue
            for resource in listed(statement["Resource"]):
                if resource in _ALL_FILES:
                    assert statement["Effect"] == "Deny", place
                elif resource == "*":
                    assert place in {f"{key}/Properties/KeyPolicy" for key in (*KEYS, PROOF_KEY)}, place
                elif "Fn::Sub" in resource:
                    assert _RESOURCE_OF_OURS.fullmatch(resource["Fn::Sub"]), f"{place}: {resource}"
                else:
                    assert set(resource) <= {"Fn::GetAtt", "Ref"}, f"{place}: {resource}"


def test_policies_of_aws_are_only_those_with_a_reason(template: Template) -> None:
    used = set()
    for name in template.of_type("AWS::IAM::Role"):
        for policy in template.properties(name).get("ManagedPolicyArns", []):
            if policy.get("Ref") not in OWN_POLICIES:
                used.add(f"{name}: {policy['Fn::Sub'].rpartition('/')[2]}")
    assert used == AWS_POLICIES


def test_everybody_is_only_ever_named_to_be_refused(template: Template) -> None:
    for place, document in template.policy_documents().items():
        for statement in document["Statement"]:
            if statement.get("Principal") == "*":
                assert statement["Effect"] == "Deny", place


def test_each_function_has_a_role_of_its_own(template: Template) -> None:
    functions = template.of_type("AWS::Serverless::Function")

    assert set(functions) == set(FUNCTIONS)
    for name in functions:
        assert template.properties(name)["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        trust = template.properties(f"{name}Role")["AssumeRolePolicyDocument"]["Statement"]
        assert [statement["Principal"] for statement in trust] == [{"Service": "lambda.amazonaws.com"}]


def test_web_app_can_write_its_log_and_nothing_else(template: Template) -> None:
    (statement,) = template.statements("WebAppRole")

    assert statement["Resource"] == {"Fn::GetAtt": ["WebAppLogGroup", "Arn"]}
    assert {"Ref": "UseTables"} not in template.properties("WebAppRole")["ManagedPolicyArns"]


def test_no_function_reaches_core_with_its_own_role(template: Template) -> None:
    for function in FUNCTIONS:
        for statement in template.statements(f"{function}Role"):
            assert {"Fn::GetAtt": ["CoreTable", "Arn"]} not in listed(statement["Resource"])


@pytest.mark.parametrize("function", ["SellerApi", "NotificationIntake", "Schedules", "ComplianceWorker"])
def test_only_the_worker_has_the_whole_of_coordination(template: Template, function: str) -> None:
    for statement in template.statements(f"{function}Role"):
        if statement["Resource"] == {"Fn::GetAtt": ["CoordinationTable", "Arn"]}:
            assert_bound_to_keys(statement)


@pytest.mark.parametrize("function", ["SellerApi", "NotificationIntake", "ComplianceWorker"])
def test_whoever_serves_a_tenant_may_read_that_it_is_blocked(template: Template, function: str) -> None:
    """Without the right the answer is an error, and what is asked for is never done."""
    held = {
        (action, pattern)
        for statement in template.statements(f"{function}Role")
        if statement["Resource"] == {"Fn::GetAtt": ["CoordinationTable", "Arn"]}
        for action in listed(statement["Action"])
        for pattern in assert_bound_to_keys(statement)
    }
    assert ("dynamodb:GetItem", "BLOCK#*") in held


def assert_bound_to_keys(statement: dict[str, Any]) -> list[Any]:
    """Check that a statement holds for leading keys alone and return their patterns."""
    conditions = statement["Condition"]
    # Without Null, a request that has no leading key at all (a Scan) would pass.
    assert conditions["Null"] == {"dynamodb:LeadingKeys": "false"}
    patterns: list[Any] = conditions["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert patterns
    return patterns


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_a_tenant_role_is_taken_only_by_its_functions_and_only_with_a_tenant(template: Template, role: str) -> None:
    functions, _, _ = TENANT_ROLES[role]
    trust, *as_canary = template.properties(role)["AssumeRolePolicyDocument"]["Statement"]

    principals = {arn["Fn::GetAtt"][0] for arn in trust["Principal"]["AWS"]}
    assert principals == {f"{function}Role" for function in functions}
    assert set(trust["Action"]) == {"sts:AssumeRole", "sts:TagSession"}
    assert trust["Condition"] == {
        "StringLike": {"aws:RequestTag/tenant_id": "?" * 26},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["tenant_id"]},
    }
    taken_by = template.properties(f"Take{role}")
    assert {reference["Ref"] for reference in taken_by["Roles"]} == principals
    (right,) = taken_by["PolicyDocument"]["Statement"]
    assert right["Resource"] == {"Fn::GetAtt": [role, "Arn"]}
    keeper = {"Fn::GetAtt": ["ComplianceWorkerRole", "Arn"]}
    assert [each["Principal"] for each in as_canary] == ([] if role == "TenantKeeperRole" else [{"AWS": [keeper]}])
    for each in as_canary:
        assert each["Condition"]["StringEquals"] == {"aws:RequestTag/tenant_id": CANARY}


def test_the_canary_takes_every_tenant_role_as_a_tenant_that_is_nobodys(template: Template) -> None:
    tenant = template.document["Mappings"]["Canary"]["Tenant"]["Id"]
    assert tenant == check_tenant_id(canary.OWN) != check_tenant_id(canary.OTHER)
    variables = template.properties("ComplianceWorker")["Environment"]["Variables"]
    tried = [each["Fn::GetAtt"][0] for each in variables["CANARY_ROLE_ARNS"]["Fn::Join"][1]]
    assert tried == list(TENANT_ROLES)
    (right,) = template.properties("TakeTenantRolesAsCanary")["PolicyDocument"]["Statement"]
    assert right["Condition"] == {"StringEquals": {"aws:RequestTag/tenant_id": CANARY}}
    assert right["Resource"] == [{"Fn::GetAtt": [role, "Arn"]} for role in TENANT_ROLES if role != "TenantKeeperRole"]


@pytest.mark.parametrize("role", TENANT_ROLES)
def test_a_tenant_role_reaches_the_tenants_keys_alone(template: Template, role: str) -> None:
    _, vault_actions, kms_actions = TENANT_ROLES[role]
    statements = {statement["Sid"]: statement for statement in template.statements(role)}
    tag = "${aws:PrincipalTag/tenant_id}"

    facts = statements.pop("OwnFacts")
    assert assert_bound_to_keys(facts) == [f"T#{tag}#*"]
    assert facts["Resource"] == [{"Fn::GetAtt": ["CoreTable", "Arn"]}, {"Fn::Sub": "${CoreTable.Arn}/index/lookup"}]
    if vault_actions:
        vault = statements.pop("OwnVault")
        assert assert_bound_to_keys(vault) == [f"T#{tag}#VAULT#*"]
        assert set(vault["Action"]) == vault_actions
    if kms_actions:
        keys = statements.pop("OwnCredentials")
        assert set(keys["Action"]) == kms_actions
        assert keys["Resource"] == {"Fn::GetAtt": ["VaultKey", "Arn"]}
        assert keys["Condition"] == {"StringEquals": {"kms:EncryptionContext:tenant_id": tag}}
    if role in PERSONAL_DATA:
        assert_reaches_personal_data(statements, *PERSONAL_DATA[role])
    if role == "TenantVaultRole":
        files, encryption = statements.pop("OwnRawFiles"), statements.pop("EncryptRawFiles")
        listing = statements.pop("ListOwnRawFiles")
        assert listing["Action"] == ["s3:ListBucket"]
        assert listing["Resource"] == {"Fn::GetAtt": ["RawBucket", "Arn"]}
        assert listing["Condition"] == {"StringLike": {"s3:prefix": f"T/{tag}/*"}}
        assert files["Resource"] == {"Fn::Sub": "${RawBucket.Arn}/T/${!aws:PrincipalTag/tenant_id}/*"}
        assert set(files["Action"]) == {
            "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject",
        }  # fmt: skip
        assert set(encryption["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
        assert encryption["Condition"] == {
            "StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}}
        }
    if role == "TenantConnectRole":
        assert_seals_files(statements)
        receipts = statements.pop("ReadOwnReceipts")
        assert (receipts["Action"], receipts["Resource"]) == (["dynamodb:Query"], {"Fn::GetAtt": ["AuditTable", "Arn"]})
        assert assert_bound_to_keys(receipts) == [f"T#{tag}#RECEIPTS"]
        files, decryption = statements.pop("ReadOwnExports"), statements.pop("DecryptExports")
        assert (files["Action"], decryption["Action"]) == (["s3:GetObject"], ["kms:Decrypt"])
        assert files["Resource"] == {"Fn::Sub": "${ExportsBucket.Arn}/T/${!aws:PrincipalTag/tenant_id}/*"}
        assert decryption["Condition"] == {
            "StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}}
        }
        assert_attaches_documents(statements)
    if role == "TenantKeeperRole":
        assert_keeps(statements)
    assert statements == {}


PERSONAL_DATA: dict[str, tuple[tuple[str, str, str], set[str], set[str], set[str]]] = {
    "TenantConnectRole": (
        ("ReadOwnPersonalData", "ReadOwnDataKeys", "OpenOwnDataKeys"),
        {"GetItem", "Query"},
        {"GetItem"},
        {"kms:Decrypt"},
    ),
    "TenantVaultRole": (
        ("OwnPersonalData", "OwnDataKeys", "MakeAndOpenOwnDataKeys"),
        {"DeleteItem", "GetItem", "PutItem", "Query"},
        {"GetItem", "PutItem", "UpdateItem"},
        {"kms:Decrypt", "kms:GenerateDataKey"},
    ),
}
"""Who opens buyers' personal data: by which statements, and what those let it do with records, data keys and KMS."""


def assert_reaches_personal_data(
    statements: dict[str, Any], sids: tuple[str, str, str], records: set[str], wrapped: set[str], key: set[str]
) -> None:
    """Check, and take out, what lets a role read or seal the personal data of its tenant's buyers, and no more."""
    tag = "${aws:PrincipalTag/tenant_id}"
    places = {f"T#{tag}#PII#*", f"T#{tag}#PIIKEYS"}
    items, data_keys, opens = (statements.pop(sid) for sid in sids)
    assert set(assert_bound_to_keys(items)) <= places
    assert (items["Resource"], set(items["Action"])) == (
        {"Fn::GetAtt": ["PiiTable", "Arn"]},
        {f"dynamodb:{name}" for name in records},
    )
    assert set(assert_bound_to_keys(data_keys)) <= places
    assert (data_keys["Resource"], set(data_keys["Action"])) == (
        {"Fn::GetAtt": ["PiiKeysTable", "Arn"]},
        {f"dynamodb:{name}" for name in wrapped},
    )
    assert (opens["Resource"], set(opens["Action"])) == ({"Fn::GetAtt": ["PiiKey", "Arn"]}, key)
    assert opens["Condition"] == {"StringEquals": {"kms:EncryptionContext:tenant_id": tag}}


def assert_seals_files(statements: dict[str, Any]) -> None:
    """Check, and take out, what lets the API put files for buyers, under data keys made for such files alone."""
    tag = "${aws:PrincipalTag/tenant_id}"
    puts, seals = statements.pop("PutOwnFiles"), statements.pop("SealOwnFiles")
    assert (puts["Action"], puts["Resource"]) == (["dynamodb:PutItem"], {"Fn::GetAtt": ["PiiTable", "Arn"]})
    assert assert_bound_to_keys(puts) == [f"T#{tag}#PII#FILES#*"]
    assert (seals["Action"], seals["Resource"]) == (["kms:GenerateDataKey"], {"Fn::GetAtt": ["PiiKey", "Arn"]})
    assert seals["Condition"] == {
        "StringEquals": {
            "kms:EncryptionContext:tenant_id": tag,
            "kms:EncryptionContext:purpose": "message_file",
        }
    }
    # The key's own policy refuses whoever names no day of expiry.
    named = sealed_files.context_of(check_tenant_id("a" * 26), 1_795_000_000)
    assert named == {"tenant_id": "a" * 26, "expires_on": "2026-11-18", "purpose": "message_file"}


def test_only_two_roles_open_buyers_personal_data(template: Template) -> None:
    key = {"Fn::GetAtt": ["PiiKey", "Arn"]}
    holders = {
        role
        for role in template.of_type("AWS::IAM::Role")
        for statement in template.statements(role)
        if key in listed(statement["Resource"])
    }
    assert holders == set(PERSONAL_DATA)


def assert_attaches_documents(statements: dict[str, Any]) -> None:
    """Check, and take out, what lets the API take in, keep, hand out and remove documents of its tenant."""
    documents, listing = statements.pop("OwnDocuments"), statements.pop("ListOwnUploads")
    assert set(documents["Action"]) == {"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}
    assert documents["Resource"] == DOCUMENTS
    assert (listing["Action"], listing["Resource"]) == (["s3:ListBucket"], {"Fn::GetAtt": ["UploadsBucket", "Arn"]})
    assert listing["Condition"] == {"StringLike": {"s3:prefix": "T/${aws:PrincipalTag/tenant_id}/*"}}
    encryption = statements.pop("EncryptDocuments")
    assert encryption["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert encryption["Condition"] == {
        "StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}}
    }


DOCUMENTS = [
    {"Fn::Sub": f"${{{bucket}.Arn}}/T/${{!aws:PrincipalTag/tenant_id}}/*"}
    for bucket in ("UploadsBucket", "DocumentsBucket")
]


def assert_keeps(statements: dict[str, Any]) -> None:
    """Check, and take out, what lets the compliance worker hand out and destroy a tenant's data."""
    tag = "${aws:PrincipalTag/tenant_id}"
    erased, receipts = statements.pop("EraseOwn"), statements.pop("OwnReceipts")
    assert assert_bound_to_keys(erased) == [f"T#{tag}#*"]
    assert set(erased["Action"]) == {"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:Query"}
    assert erased["Resource"] == [{"Fn::GetAtt": [table, "Arn"]} for table in ("CoreTable", "PiiTable", "PiiKeysTable")]
    personal = statements.pop("OwnPersonalData")
    assert assert_bound_to_keys(personal) == [f"T#{tag}#*"]
    assert set(personal["Action"]) == {"dynamodb:GetItem", "dynamodb:UpdateItem"}
    assert assert_bound_to_keys(receipts) == [f"T#{tag}#RECEIPTS"]
    # No right to change or delete one.
    assert set(receipts["Action"]) == {"dynamodb:PutItem", "dynamodb:Query"}
    files, written = statements.pop("OwnFiles"), statements.pop("WriteOwnExports")
    below = "/T/${!aws:PrincipalTag/tenant_id}/*"
    assert files["Resource"] == [{"Fn::Sub": f"${{{bucket}.Arn}}{below}"} for bucket in ("RawBucket", "ExportsBucket")]
    assert set(files["Action"]) == {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject"}
    assert (written["Action"], written["Resource"]) == (["s3:PutObject"], {"Fn::Sub": f"${{ExportsBucket.Arn}}{below}"})
    destroyed = statements.pop("DestroyOwnDocuments")
    assert (destroyed["Action"], destroyed["Resource"]) == (["s3:DeleteObject"], DOCUMENTS)
    assert statements.pop("ListOwnFiles")["Condition"] == {"StringLike": {"s3:prefix": f"T/{tag}/*"}}
    assert set(statements.pop("EncryptFiles")["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_nobody_reaches_a_tenants_files_with_a_functions_own_role(template: Template) -> None:
    for function in FUNCTIONS:
        for statement in template.statements(f"{function}Role"):
            if [name for name in listed(statement["Action"]) if name.startswith("s3:")]:
                assert (function, statement["Sid"].endswith("AuditCheckpoints")) == ("ComplianceWorker", True)
                assert "AuditBucket" in str(statement["Resource"])


def test_the_audit_trail_is_added_to_and_never_changed_by_anybody(template: Template) -> None:
    table = {"Fn::GetAtt": ["AuditTable", "Arn"]}
    for place, document in template.policy_documents().items():
        for statement in document["Statement"]:
            if table in listed(statement.get("Resource", [])):
                assert set(listed(statement["Action"])) <= {"dynamodb:PutItem", "dynamodb:Query"}, place
                assert_bound_to_keys(statement)
    statements = {
        name: {each["Sid"]: each for each in template.properties(name)["PolicyDocument"]["Statement"]}
        for name in OWN_POLICIES[1:]
    }
    own = statements["RecordTenantEvents"]["OwnAudit"]
    assert assert_bound_to_keys(own) == ["T#${aws:PrincipalTag/tenant_id}#AUDIT#*"]
    assert assert_bound_to_keys(statements["RecordApplicationEvents"]["ApplicationAudit"]) == ["APPLICATION#AUDIT#*"]
    holders = {
        role
        for role in template.of_type("AWS::IAM::Role")
        if {"Ref": "RecordTenantEvents"} in template.properties(role).get("ManagedPolicyArns", [])
    }
    assert holders == {"TenantConnectRole", "TenantVaultRole", "TenantKeeperRole"}


def test_item_actions_are_those_that_the_session_policy_hands_on(template: Template) -> None:
    from quayside.storage import connection  # noqa: PLC0415 - only this test reads the product

    for role in TENANT_ROLES:
        (facts,) = (statement for statement in template.statements(role) if statement["Sid"] == "OwnFacts")
        assert set(facts["Action"]) == set(connection._ITEM_ACTIONS)


def test_nobody_may_scan_or_use_partiql(template: Template) -> None:
    forbidden = {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"}
    for place, document in template.policy_documents().items():
        for statement in document["Statement"]:
            assert not forbidden & {name for name in listed(statement["Action"]) if isinstance(name, str)}, place


def test_only_the_worker_decrypts_with_the_vault_key(template: Template) -> None:
    holders = set()
    key = {"Fn::GetAtt": ["VaultKey", "Arn"]}
    for role in template.of_type("AWS::IAM::Role"):
        for statement in template.statements(role):
            if key in listed(statement["Resource"]) and "kms:Decrypt" in statement["Action"]:
                holders.add(role)
    assert holders == {"SyncWorkerRole", "TenantVaultRole"}


def test_the_applications_secret_is_bound_to_the_application(template: Template) -> None:
    statements = {statement["Sid"]: statement for statement in template.statements("SyncWorkerRole")}

    assert assert_bound_to_keys(statements["ApplicationSecret"]) == [{"Fn::Sub": "APPLICATION#${LwaClientId}"}]
    assert statements["ApplicationSecret"]["Action"] == ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    assert statements["ApplicationCredentials"]["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:application": {"Ref": "LwaClientId"}}
    }


def test_the_intake_can_put_the_applications_secret_and_read_nothing_of_the_vault(template: Template) -> None:
    statements = {statement["Sid"]: statement for statement in template.statements("NotificationIntakeRole")}

    assert assert_bound_to_keys(statements["KeepClientSecret"]) == [{"Fn::Sub": "APPLICATION#${LwaClientId}"}]
    vault, key = {"Fn::GetAtt": ["VaultTable", "Arn"]}, {"Fn::GetAtt": ["VaultKey", "Arn"]}
    may = {name for each in statements.values() for name in each["Action"] if each["Resource"] in (vault, key)}
    assert may == {"dynamodb:UpdateItem", "kms:Encrypt"}
    assert statements["SealClientSecret"]["Condition"]["StringEquals"] == {
        "kms:EncryptionContext:application": {"Ref": "LwaClientId"},
        "kms:EncryptionContext:purpose": "client_secret",
    }


@pytest.mark.parametrize("key", KEYS)
def test_keys_rotate_and_have_a_name(template: Template, key: str) -> None:
    assert template.properties(key)["EnableKeyRotation"] is True
    assert template.properties(f"{key}Alias")["TargetKeyId"] == {"Ref": key}


def test_the_proof_key_signs_and_can_do_nothing_else(template: Template) -> None:
    given = template.properties(PROOF_KEY)

    assert (given["KeySpec"], given["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert template.properties(f"{PROOF_KEY}Alias")["TargetKeyId"] == {"Ref": PROOF_KEY}
    signs = {
        role
        for role in template.of_type("AWS::IAM::Role")
        for statement in template.statements(role)
        if "kms:Sign" in statement["Action"]
    }
    assert signs == {"ComplianceWorkerRole"}


def test_the_vault_key_refuses_a_credential_without_purpose(template: Template) -> None:
    (deny,) = (s for s in template.properties("VaultKey")["KeyPolicy"]["Statement"] if s["Effect"] == "Deny")

    assert set(deny["Action"]) == {"kms:Decrypt", "kms:Encrypt"}
    assert deny["Condition"] == {"Null": {"kms:EncryptionContext:purpose": "true"}}


def test_the_key_of_personal_data_refuses_a_data_key_without_expiry(template: Template) -> None:
    (deny,) = (s for s in template.properties("PiiKey")["KeyPolicy"]["Statement"] if s["Effect"] == "Deny")

    assert {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} <= set(deny["Action"])
    assert deny["Condition"] == {"Null": {"kms:EncryptionContext:expires_on": "true"}}
