"""Each table's lifecycle is the one that its data demands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from quayside.compliance.erasure_rules import GRACE, RECOVERY

if TYPE_CHECKING:
    from .conftest import Template

LIFECYCLES = {
    # table: (attribute of TTL, recovery copies, stream)
    "CoreTable": ("expires_at", True, "NEW_AND_OLD_IMAGES"),
    "PiiTable": ("expires_at", False, None),
    "PiiKeysTable": (None, False, None),
    "VaultTable": ("expires_at", False, None),
    "AuditTable": ("expires_at", True, None),
    "CoordinationTable": ("expires_at", False, None),
    "IdempotencyTable": ("expiration", False, None),
}


def test_there_is_one_table_per_lifecycle(template: Template) -> None:
    assert set(template.of_type("AWS::DynamoDB::Table")) == set(LIFECYCLES)


@pytest.mark.parametrize("table", LIFECYCLES)
def test_a_table_has_the_lifecycle_of_its_data(template: Template, table: str) -> None:
    expires_by, recovery, stream = LIFECYCLES[table]
    properties = template.properties(table)

    expected = {"AttributeName": expires_by, "Enabled": True} if expires_by else None
    assert properties.get("TimeToLiveSpecification") == expected
    copies = properties["PointInTimeRecoverySpecification"]
    assert copies["PointInTimeRecoveryEnabled"] is recovery
    # What is erased waits for a week and must be gone from copies too before 30 days are over (DPP 1.7).
    assert copies.get("RecoveryPeriodInDays") == (RECOVERY.days if table == "CoreTable" else None)
    assert timedelta(days=30) > GRACE + RECOVERY
    assert properties.get("StreamSpecification", {}).get("StreamViewType") == stream


@pytest.mark.parametrize("table", LIFECYCLES)
def test_a_table_is_encrypted_by_our_own_key_and_paid_by_use(template: Template, table: str) -> None:
    properties = template.properties(table)

    key = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Fn::GetAtt": ["DataKey", "Arn"]}}
    assert properties["SSESpecification"] == key
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("table", sorted(set(LIFECYCLES) - {"AuditTable"}))
def test_production_keeps_a_table_that_the_stack_would_delete(template: Template, table: str) -> None:
    resource = template.resources[table]

    assert resource["DeletionPolicy"] == {"Fn::If": ["IsProduction", "Retain", "Delete"]}
    assert resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProduction", True, False]}


def test_the_audit_trail_survives_in_every_stage(template: Template) -> None:
    resource = template.resources["AuditTable"]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resource["Properties"]["DeletionProtectionEnabled"] is True


def test_the_only_index_over_tenants_data_holds_keys_alone(template: Template) -> None:
    for table in template.of_type("AWS::DynamoDB::Table"):
        indexes = template.properties(table).get("GlobalSecondaryIndexes", [])
        if table != "CoreTable":
            assert indexes == []
            continue
        (index,) = indexes
        assert index["IndexName"] == "lookup"
        assert index["KeySchema"] == [{"AttributeName": "lookup_key", "KeyType": "HASH"}]
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
