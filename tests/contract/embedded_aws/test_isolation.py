"""A tenant's session reaches its own rows and its own ciphertext, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.embedded_aws.server import ACCOUNT, REGION, fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.embedded_aws.server import Server

OWN, OTHER = "T#own#ORDERS", "T#other#ORDERS"


def denied(call: Callable[..., Any], **request: Any) -> bool:
    try:
        call(**request)
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith("AccessDenied"):
            raise
        return True
    return False


def table(server: Server) -> str:
    name = fresh("table")
    server.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "lookup")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "lookup",
                "KeySchema": [{"AttributeName": "lookup", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    for key in (OWN, OTHER):
        server.client("dynamodb").put_item(TableName=name, Item=row(key))
    return name


def row(key: str) -> dict[str, Any]:
    return {"pk": {"S": key}, "sk": {"S": "1"}, "lookup": {"S": key}}


def rows_of_tenant(name: str, pattern: str) -> dict[str, Any]:
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
    return {
        "Effect": "Allow",
        "Action": [
            f"dynamodb:{action}"
            for action in (
                "GetItem",
                "PutItem",
                "UpdateItem",
                "DeleteItem",
                "Query",
                "Scan",
                "BatchGetItem",
                "BatchWriteItem",
            )
        ],
        "Resource": [arn, f"{arn}/index/*"],
        "Condition": {
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [pattern]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


def attempts(client: Any, name: str, key: str) -> dict[str, bool]:
    """Each way to reach a row, and whether it was denied."""
    item_key = {"pk": {"S": key}, "sk": {"S": "1"}}
    value = {":key": {"S": key}}
    own_and = [{"pk": {"S": OWN}, "sk": {"S": "1"}}, {"pk": {"S": key}, "sk": {"S": "2"}}]
    return {
        "get": denied(client.get_item, TableName=name, Key=item_key),
        "put": denied(client.put_item, TableName=name, Item=row(key)),
        "query": denied(
            client.query, TableName=name, KeyConditionExpression="pk = :key", ExpressionAttributeValues=value
        ),
        "query by placeholder": denied(
            client.query,
            TableName=name,
            KeyConditionExpression="begins_with(#s, :one) AND #p = :key",
            ExpressionAttributeNames={"#p": "pk", "#s": "sk"},
            ExpressionAttributeValues={**value, ":one": {"S": "1"}},
        ),
        "query of the index": denied(
            client.query,
            TableName=name,
            IndexName="lookup",
            KeyConditionExpression="#l = :key",
            ExpressionAttributeNames={"#l": "lookup"},
            ExpressionAttributeValues=value,
        ),
        "batch": denied(client.batch_get_item, RequestItems={name: {"Keys": own_and}}),
        "transaction": denied(
            client.transact_write_items,
            TransactItems=[{"Put": {"TableName": name, "Item": row(found)}} for found in {OWN, key}],
        ),
    }


def test_leading_keys_decide(complete: Server, without: Callable[[str], Server]) -> None:
    name = table(complete)
    client = complete.session("dynamodb", rows_of_tenant(name, "T#own#*"), "own")
    assert set(attempts(client, name, OWN).values()) == {False}
    assert set(attempts(client, name, OTHER).values()) == {True}
    assert denied(client.scan, TableName=name)

    server = without("leading_keys")
    name = table(server)
    policy = rows_of_tenant(name, "T#own#*")
    del policy["Condition"]["Null"]
    client = server.session("dynamodb", policy, "own")
    assert set(attempts(client, name, OTHER).values()) == {False}, "without the fix every row would be open"


def test_policy_variables_are_filled(complete: Server, without: Callable[[str], Server]) -> None:
    pattern = "T#${aws:PrincipalTag/tenant_id}#*"

    def own_and_other(server: Server) -> tuple[bool, bool]:
        name = table(server)
        client = server.session("dynamodb", rows_of_tenant(name, pattern), "own")
        keys = ({"pk": {"S": key}, "sk": {"S": "1"}} for key in (OWN, OTHER))
        own, other = (denied(client.get_item, TableName=name, Key=key) for key in keys)
        return own, other

    assert own_and_other(complete) == (False, True)
    assert own_and_other(without("policy_variables")) == (True, True), "without the fix a tenant's own rows are closed"


def test_policy_variables_are_filled_in_resources(complete: Server) -> None:
    name = table(complete)
    policy = rows_of_tenant(name, "T#own#*")
    policy["Resource"] = [f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name[:5]}*${{aws:PrincipalTag/tenant_id}}"]
    client = complete.session("dynamodb", policy, name.rpartition("-")[2])
    assert not denied(client.get_item, TableName=name, Key={"pk": {"S": OWN}, "sk": {"S": "1"}})


def test_encryption_context_decides(complete: Server, without: Callable[[str], Server]) -> None:
    def own_and_other(server: Server) -> tuple[bool, bool]:
        key = server.client("kms").create_key()["KeyMetadata"]
        policy = {
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": key["Arn"],
            "Condition": {"StringEquals": {"kms:EncryptionContext:tenant_id": "${aws:PrincipalTag/tenant_id}"}},
        }
        client = server.session("kms", policy, "own")
        outcome = []
        for tenant in ("own", "other"):
            context = {"tenant_id": tenant, "purpose": "test"}
            made = server.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext=context)
            outcome.append(
                denied(
                    client.decrypt,
                    CiphertextBlob=made["CiphertextBlob"],
                    KeyId=key["KeyId"],
                    EncryptionContext=context,
                )
            )
        return outcome[0], outcome[1]

    assert own_and_other(complete) == (False, True)
    assert own_and_other(without("encryption_context_keys")) == (True, True)


def test_ciphertext_is_honest(complete: Server, without: Callable[[str], Server]) -> None:
    def answer(server: Server, change: Callable[[bytes], bytes]) -> str:
        kms = server.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        made = kms.encrypt(KeyId=key, Plaintext=b"a secret", EncryptionContext={"purpose": "test"})["CiphertextBlob"]
        try:
            opened = kms.decrypt(CiphertextBlob=change(made), EncryptionContext={"purpose": "test"})["Plaintext"]
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "opened" if opened == b"a secret" else "opened as something else"

    def tamper(text: bytes) -> bytes:
        return text[:-1] + bytes([text[-1] ^ 1])

    assert answer(complete, lambda text: text) == "opened"
    assert answer(complete, tamper) == "InvalidCiphertextException"
    assert answer(without("key_ciphertext"), tamper) == "opened as something else"


def test_ciphertext_moves_between_keys(complete: Server) -> None:
    kms = complete.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    made = kms.encrypt(KeyId=first, Plaintext=b"a secret", EncryptionContext={"purpose": "old"})["CiphertextBlob"]
    moved = kms.re_encrypt(
        CiphertextBlob=made,
        SourceEncryptionContext={"purpose": "old"},
        DestinationKeyId=second,
        DestinationEncryptionContext={"purpose": "new"},
    )
    assert moved["KeyId"].endswith(second)
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"purpose": "new"})
    assert opened["Plaintext"] == b"a secret"
    with pytest.raises(ClientError, match="IncorrectKeyException"):
        kms.decrypt(CiphertextBlob=made, KeyId=second, EncryptionContext={"purpose": "old"})
    with pytest.raises(ClientError, match="ValidationException"):
        kms.encrypt(KeyId=first, Plaintext=b"x" * 4097)
    wrapped = kms.generate_data_key(KeyId=first, KeySpec="AES_256", EncryptionContext={"purpose": "data"})
    again = kms.decrypt(CiphertextBlob=wrapped["CiphertextBlob"], EncryptionContext={"purpose": "data"})
    assert again["Plaintext"] == wrapped["Plaintext"]
