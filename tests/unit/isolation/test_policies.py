"""Each lock alone keeps tenants apart, over the real documents: a role's own policy, and that of a session."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest

from quayside.kernel.ids import TENANT_ID_LENGTH, TenantId, tenant_id_of
from quayside.kernel.settings import load_settings
from quayside.storage import connection
from quayside.storage.connection import TenantAccess, session_policy
from tests.support.aws import ACCOUNT, REGION, template
from tests.support.iam import (
    EVERYTHING,
    SESSION_TAG_VALUE,
    TABLES,
    Document,
    Request,
    UnknownOperatorError,
    allowed,
    arn,
    calls_on,
    foreign_partitions,
    items_request,
    neighbour_of,
    role_policies,
    roles,
)

OWN, OTHER = tenant_id_of("anna"), tenant_id_of("ben")
NEIGHBOUR = neighbour_of(OWN)

ACCESS: Mapping[str, TenantAccess] = {
    "TenantDataRole": connection.FACTS_ONLY,
    "TenantConnectRole": connection.STORES_CREDENTIALS,
    "TenantVaultRole": connection.USES_CREDENTIALS,
    "TenantKeeperRole": connection.KEEPS_PROMISES,
}
DOCUMENTS_OF = ("TenantConnectRole", "TenantKeeperRole")
"""Who has a second session beside that, for documents alone."""
"""What a session of each tenant role is narrowed to, by the function that takes it."""

SETTINGS = load_settings(
    {
        "AWS_REGION": REGION, "CORE_TABLE": "CoreTable", "VAULT_TABLE": "VaultTable", "PII_TABLE": "PiiTable",
        "PII_KEYS_TABLE": "PiiKeysTable", "AUDIT_TABLE": "AuditTable", "RAW_BUCKET": "RawBucket",
        "EXPORTS_BUCKET": "ExportsBucket", "UPLOADS_BUCKET": "UploadsBucket", "DOCUMENTS_BUCKET": "DocumentsBucket",
        "VAULT_KEY_ARN": arn("VaultKey"), "DATA_KEY_ARN": arn("DataKey"),
        "PII_KEY_ARN": arn("PiiKey"),
        "TENANT_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/tenant",
    }
)  # fmt: skip
SORT = {"S": "X"}
KEYLESS = (
    "PartiQLSelect", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete", "Scan", "ExportTableToPointInTime",
    "CreateBackup", "DescribeStream", "GetRecords", "UpdateTable",
)  # fmt: skip
"""Actions that name no key, or only in the text of a statement."""


class Lock(NamedTuple):
    """A role's policies and a session's policy, of which one may have been taken away."""

    name: str
    role: tuple[Document, ...]
    session: tuple[Document, ...]

    def opens(self, request: Request) -> bool:
        """Whether both let a request through."""
        return allowed(request, self.role, self.session)


def session_of(role: str, tenant_id: TenantId = OWN, access: TenantAccess | None = None) -> tuple[Document, ...]:
    """Return the inline policy that a session of a role has for one tenant."""
    return (msgspec.json.decode(session_policy(SETTINGS, access or ACCESS[role], tenant_id)),)


def locks() -> Iterator[Lock]:
    """Return, for each tenant role, both locks together and each of them alone."""
    for role in ACCESS:
        own, session = role_policies(role), session_of(role)
        yield Lock(f"{role}", own, session)
        yield Lock(f"{role}, its own policy alone", own, (EVERYTHING,))
        yield Lock(f"{role}, the session's policy alone", (EVERYTHING,), session)
    documents = session_of(DOCUMENTS_OF[0], access=connection.KEEPS_DOCUMENTS)
    yield Lock("documents, the session's policy alone", (EVERYTHING,), documents)


LOCKS = tuple(locks())


def touches_own_alone(request: Request) -> bool:
    """Whether none of the leading keys is another's: one part of a transaction may be about one's own."""
    keys = request.context.get("dynamodb:LeadingKeys", ())
    return bool(keys) and all(key.startswith(f"T#{OWN}#") for key in keys)


def test_every_tenant_role_of_the_template_is_tried() -> None:
    assert set(roles(of_tenants=True)) == set(ACCESS)
    declared = {each for each in vars(connection).values() if isinstance(each, TenantAccess)}
    assert declared == {*ACCESS.values(), connection.KEEPS_DOCUMENTS}


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
def test_no_key_but_ones_own_opens(lock: Lock) -> None:
    tried = 0
    for table in TABLES:
        for what, partition in foreign_partitions(OWN, OTHER).items():
            for operation, body in calls_on(table, partition, OWN):
                requests = items_request(operation, body, OWN)
                assert not all(lock.opens(request) for request in requests), f"{operation} of {what} in {table}"
                tried += 1
    assert tried == len(TABLES) * len(foreign_partitions(OWN, OTHER)) * 14


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
def test_nothing_opens_without_a_key(lock: Lock) -> None:
    """Scan and PartiQL name no key, or one that is written in their text; none of them is among the actions."""
    tagged = {"aws:PrincipalTag/tenant_id": OWN}
    for table in TABLES:
        for action in (
            "GetItem",
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "Query",
            "BatchGetItem",
            "BatchWriteItem",
            "Scan",
        ):
            for place in (arn(table), f"{arn(table)}/index/lookup"):
                assert not lock.opens(Request(f"dynamodb:{action}", [place], tagged)), f"{action} of {table}"
        for action in KEYLESS:
            for keys in ({}, {"dynamodb:LeadingKeys": [f"T#{OWN}#ORDERS"]}):
                assert not lock.opens(Request(f"dynamodb:{action}", [arn(table)], {**tagged, **keys})), action


@pytest.mark.parametrize("role", ACCESS)
def test_ones_own_opens(role: str) -> None:
    """The policies don't simply refuse everything."""
    lock = Lock(role, role_policies(role), session_of(role))
    opened = [
        operation
        for operation, body in calls_on("CoreTable", f"T#{OWN}#ORDERS", OWN)
        if all(lock.opens(request) for request in items_request(operation, body, OWN))
    ]
    wanted = {
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Query",
        "BatchGetItem",
        "TransactWriteItems",
        "TransactGetItems",
    }
    assert wanted <= set(opened)
    assert opened.count("Query") == 2, "the table and the index lookup, and no other index"
    assert ("BatchWriteItem" in opened) == (role == "TenantKeeperRole")


@pytest.mark.parametrize("role", ACCESS)
def test_a_session_of_another_tenant_or_of_none_opens_nothing_of_ones_own(role: str) -> None:
    (request,) = items_request("GetItem", {"TableName": "CoreTable", "Key": {"pk": {"S": f"T#{OWN}#X"}, "sk": SORT}})
    for tag in (None, OTHER, NEIGHBOUR, ""):
        context = {**request.context, **({} if tag is None else {"aws:PrincipalTag/tenant_id": tag})}
        assert not allowed(request._replace(context=context), role_policies(role)), tag
    assert allowed(
        request._replace(context={**request.context, "aws:PrincipalTag/tenant_id": OWN}), role_policies(role)
    )
    assert not allowed(request, session_of(role, OTHER))


@pytest.mark.parametrize("role", ACCESS)
def test_a_session_is_only_made_for_one_whole_tenant(role: str) -> None:
    # Whoever else may take it is the canary, for a tenant that is nobody's; tests/unit/template says so.
    trust, *_ = template()["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    asked = {key: each for key, each in trust.items() if key != "Principal"}

    def made(**tags: str) -> bool:
        context = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
        request = Request("sts:AssumeRole", [arn(role)], {**context, "aws:TagKeys": list(tags)})
        return allowed(request, [{"Statement": [asked]}]) and all(map(SESSION_TAG_VALUE.fullmatch, tags.values()))

    assert made(tenant_id=OWN)
    for value in ("*" * TENANT_ID_LENGTH, "?" * TENANT_ID_LENGTH, OWN[:-1], f"{OWN}0", "", "*", f"{OWN[:-1]}*"):
        assert not made(tenant_id=value), value
    assert not made()
    assert not made(tenant=OWN)
    assert not made(tenant_id=OWN, role="x")


CONTEXTS: dict[str, dict[str, str]] = {
    "another tenant's": {"tenant_id": OTHER},
    "a neighbour's": {"tenant_id": NEIGHBOUR},
    "nobody's": {},
    "a wildcard's": {"tenant_id": "*"},
    "one's own under another name": {"tenant": OWN},
}


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
def test_no_credential_but_ones_own_opens(lock: Lock) -> None:
    for what, given in CONTEXTS.items():
        for action in ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"):
            context = {f"kms:EncryptionContext:{name}": value for name, value in given.items()}
            tagged = {"aws:PrincipalTag/tenant_id": OWN, **context}
            for key in ("VaultKey", "PiiKey"):
                assert not lock.opens(Request(action, [arn(key)], tagged)), f"{action} of {key} with {what} context"
    direct = {"aws:PrincipalTag/tenant_id": OWN, "kms:EncryptionContext:tenant_id": OWN}
    assert not lock.opens(Request("kms:Decrypt", [arn("DataKey")], direct)), "only through the service that holds it"


@pytest.mark.parametrize(
    ("role", "opens"),
    [
        ("TenantDataRole", set()),
        ("TenantConnectRole", {"Decrypt"}),
        ("TenantVaultRole", {"Decrypt", "GenerateDataKey"}),
        ("TenantKeeperRole", set()),
    ],
)
def test_ones_own_data_keys_open_for_whoever_shows_or_seals_personal_data(role: str, opens: set[str]) -> None:
    context = {"aws:PrincipalTag/tenant_id": OWN, "kms:EncryptionContext:tenant_id": OWN}
    lock = Lock(role, role_policies(role), session_of(role))
    tried = {
        action
        for action in ("Decrypt", "Encrypt", "GenerateDataKey", "ReEncryptFrom")
        if lock.opens(Request(f"kms:{action}", [arn("PiiKey")], context))
    }
    assert tried == opens


def sealing(tenant_id: str) -> dict[str, Any]:
    """Return the transaction by which a record moves from under one data key to another."""
    record = {"pk": {"S": f"T#{tenant_id}#PII#C"}, "sk": {"S": "ORDER#1"}}
    counts = [
        {"pk": {"S": f"T#{tenant_id}#PIIKEYS"}, "sk": {"S": f"DAY#{day}"}} for day in ("2026-12-21", "2026-12-20")
    ]
    change = {"UpdateExpression": "SET records = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    updates = [{"Update": {"TableName": "PiiKeysTable", "Key": key, **change}} for key in counts]
    return {"TransactItems": [{"Put": {"TableName": "PiiTable", "Item": record}}, *updates]}


def test_the_worker_seals_ones_own_personal_data_in_one_transaction_and_nobody_elses() -> None:
    """A transaction asks for each of its rights with the partitions of all of its items."""
    for lock in (each for each in LOCKS if each.name.startswith("TenantVaultRole")):
        for tenant_id, opens in ((OWN, True), (OTHER, False), (NEIGHBOUR, False)):
            requests = items_request("TransactWriteItems", sealing(tenant_id), OWN)
            assert {request.action for request in requests} == {"dynamodb:PutItem", "dynamodb:UpdateItem"}
            assert all(lock.opens(request) for request in requests) is opens, (lock.name, tenant_id)


def test_whoever_shows_personal_data_changes_none() -> None:
    lock = Lock("TenantConnectRole", role_policies("TenantConnectRole"), session_of("TenantConnectRole"))
    for table, partition in (("PiiTable", f"T#{OWN}#PII#C"), ("PiiKeysTable", f"T#{OWN}#PIIKEYS")):
        opened = {
            operation
            for operation, body in calls_on(table, partition, OWN)
            if all(lock.opens(request) for request in items_request(operation, body, OWN))
        }
        assert "GetItem" in opened
        assert opened <= {"GetItem", "Query", "TransactGetItems"}, table


@pytest.mark.parametrize("lock", LOCKS, ids=[lock.name for lock in LOCKS])
@pytest.mark.parametrize("bucket", ["RawBucket", "ExportsBucket", "UploadsBucket", "DocumentsBucket"])
def test_no_file_but_ones_own_opens(lock: Lock, bucket: str) -> None:
    tagged = {"aws:PrincipalTag/tenant_id": OWN}
    files = (
        f"T/{OTHER}/x",
        f"T/{NEIGHBOUR}/x",
        f"T/{OWN}0/x",
        f"T/{OWN}",
        f"t/{OWN}/x",
        "x",
        f"x/T/{OWN}/x",
        "T/*/x",
        "",
    )
    for name in files:
        for action in ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload", "GetObjectVersion"):
            assert not lock.opens(Request(f"s3:{action}", [f"{arn(bucket)}/{name}"], tagged)), f"{action} {name}"
    for prefix in (f"T/{OTHER}/", f"T/{OWN}", "T/", "", None, f"T/{OWN[:-1]}"):
        context = tagged if prefix is None else {**tagged, "s3:prefix": prefix}
        assert not lock.opens(Request("s3:ListBucket", [arn(bucket)], context)), prefix


@pytest.mark.parametrize("role", DOCUMENTS_OF)
def test_a_session_for_documents_reaches_ones_own_and_nothing_else(role: str) -> None:
    lock = Lock(role, role_policies(role), session_of(role, access=connection.KEEPS_DOCUMENTS))
    tagged = {"aws:PrincipalTag/tenant_id": OWN}
    opened = {
        (bucket, action)
        for bucket in ("RawBucket", "ExportsBucket", "UploadsBucket", "DocumentsBucket")
        for action in ("GetObject", "PutObject", "DeleteObject")
        if lock.opens(Request(f"s3:{action}", [f"{arn(bucket)}/T/{OWN}/x"], tagged))
    }
    kept = ("UploadsBucket", "DocumentsBucket")
    does = ("GetObject", "PutObject", "DeleteObject") if role == "TenantConnectRole" else ("DeleteObject",)
    assert opened == {(bucket, action) for bucket in kept for action in does}
    for operation, body in calls_on("CoreTable", f"T#{OWN}#ORDERS", OWN):
        assert not all(lock.opens(request) for request in items_request(operation, body, OWN)), operation


@pytest.mark.parametrize("role", ACCESS)
def test_a_tenants_session_leads_to_no_other_role_and_no_queue(role: str) -> None:
    lock = Lock(role, role_policies(role), session_of(role))
    tagged = {"aws:PrincipalTag/tenant_id": OWN, "aws:RequestTag/tenant_id": OTHER}
    for other in [*roles(of_tenants=True), *roles(of_tenants=False)]:
        for action in ("AssumeRole", "TagSession"):
            assert not lock.opens(Request(f"sts:{action}", [arn(other)], tagged))
    for action in ("sqs:SendMessage", "sqs:ReceiveMessage", "cognito-idp:AdminGetUser", "iam:PassRole", "kms:Sign"):
        assert not lock.opens(Request(action, ["*"], tagged))


def test_no_functions_own_role_opens_a_tenants_data() -> None:
    for role in roles(of_tenants=False):
        for table in ("CoreTable", "VaultTable", "PiiTable", "PiiKeysTable"):
            for partition in (f"T#{OTHER}#ORDERS", f"T#{OTHER}#VAULT#C"):
                for operation, body in calls_on(table, partition, OWN):
                    for request in items_request(operation, body):
                        if not touches_own_alone(request):
                            assert not allowed(request, role_policies(role)), f"{role}: {operation} in {table}"


# -- the evaluator itself ----------------------------------------------------------------------------------------------


def document(condition: dict[str, Any], effect: str = "Allow", resource: Any = "*") -> Document:
    """Return a policy of one statement."""
    return {"Statement": [{"Effect": effect, "Action": "dynamodb:*", "Resource": resource, "Condition": condition}]}


def scan(**context: Any) -> Request:
    """Return a request that names no key."""
    return Request("dynamodb:Scan", ["arn:x"], context)


def test_without_null_a_request_without_keys_would_get_through() -> None:
    """The hazard that the policies guard against is one that this evaluator knows."""
    keys = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"T#{OWN}#*"]}}
    assert allowed(scan(), [document(keys)])
    assert not allowed(scan(), [document({**keys, "Null": {"dynamodb:LeadingKeys": "false"}})])


def test_a_denial_wins_and_every_lock_counts() -> None:
    assert allowed(scan(), [document({})])
    assert not allowed(scan(), [])
    assert not allowed(scan(), [document({}), document({}, effect="Deny")])
    assert allowed(scan(), [document({}), document({"Null": {"a": "false"}}, effect="Deny")])
    assert not allowed(scan(), [document({})], [document({}, resource="arn:y")])


@pytest.mark.parametrize(
    ("condition", "context", "opens"),
    [
        ({"StringEquals": {"k": "a"}}, {"k": "a"}, True),
        ({"StringEquals": {"k": "*"}}, {"k": "a"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringLike": {"k": ["x", "a?c*"]}}, {"k": "abcd"}, True),
        ({"StringLike": {"k": "a[bc]"}}, {"k": "ab"}, False),
        ({"StringLike": {"k": "T#${t}#*"}}, {"k": "T#own#x", "t": "own"}, True),
        ({"StringLike": {"k": "T#${t}#*"}}, {"k": "T##x"}, False),
        ({"ForAllValues:StringLike": {"k": "a*"}}, {"k": ["ab", "b"]}, False),
        ({"Null": {"k": "true"}}, {}, True),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], *, opens: bool) -> None:
    assert allowed(scan(**context), [document(condition)]) is opens


@pytest.mark.parametrize("operator", ["StringNotLike", "ForAnyValue:StringLike", "StringLikeIfExists", "Bool"])
def test_what_it_does_not_know_it_does_not_judge(operator: str) -> None:
    with pytest.raises(UnknownOperatorError):
        allowed(scan(k="a"), [document({operator: {"k": "a"}})])
    with pytest.raises(UnknownOperatorError):
        allowed(scan(), [{"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Action": "*", "Resource": "*"}]}])
