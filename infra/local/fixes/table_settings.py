"""TTL, point-in-time recovery, encryption and index status of tables made by CloudFormation.

Gap: MiniStack's provisioner drops TimeToLiveSpecification, PointInTimeRecoverySpecification and
SSESpecification, and its indexes have no status. AWS applies all of them with the table.
Source: AWS CloudFormation template reference, AWS::DynamoDB::Table.
"""

from typing import Any

from infra.local.patching import after_provisioning, expect, part

NAME = "table_settings"


def apply() -> None:
    """Apply the settings after each create and update of a table."""
    dynamodb = part("services.dynamodb")
    describe_encryption = expect(
        NAME, dynamodb, "_ttl_settings", "_pitr_settings", "_tables", "_sse_description_from_spec"
    )

    def finish(name: str, properties: dict[str, Any]) -> None:
        table = dynamodb._tables[name]
        expiry = properties.get("TimeToLiveSpecification")
        if expiry:
            state = "ENABLED" if _true(expiry.get("Enabled")) else "DISABLED"
            dynamodb._ttl_settings[name] = {"TimeToLiveStatus": state, "AttributeName": expiry.get("AttributeName", "")}
        else:
            dynamodb._ttl_settings.pop(name, None)
        recovery = properties.get("PointInTimeRecoverySpecification") or {}
        dynamodb._pitr_settings[name] = _true(recovery.get("PointInTimeRecoveryEnabled"))
        encryption = dict(properties.get("SSESpecification") or {})
        if encryption:
            encryption["Enabled"] = _true(encryption.pop("SSEEnabled", True))
            table["SSEDescription"] = describe_encryption(encryption)
        for index in table.get("GlobalSecondaryIndexes") or []:
            index.setdefault("IndexStatus", "ACTIVE")
            index.setdefault("IndexArn", f"{table['TableArn']}/index/{index['IndexName']}")

    after_provisioning(NAME, "AWS::DynamoDB::Table", finish)


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
