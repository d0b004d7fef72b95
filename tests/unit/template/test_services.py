"""Sellers are told of each service that handles their data (AUP 4.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quayside.compliance.subprocessors import SUBPROCESSORS

if TYPE_CHECKING:
    from .conftest import Template

NAMES = {
    "ApiGateway": "API Gateway", "CloudWatch": "CloudWatch", "Cognito": "Cognito", "DynamoDB": "DynamoDB",
    "Events": "EventBridge", "KMS": "KMS", "Lambda": "Lambda", "Logs": "CloudWatch", "S3": "S3", "SNS": "SNS",
    "SQS": "SQS", "WAFv2": "WAF",
}  # fmt: skip
"""What people call the service that a type of resource belongs to."""
NO_DATA = {"CloudTrail", "IAM"}
"""Services that see who did what with the account, and no seller's data."""


def test_every_service_of_the_template_is_told_to_sellers_and_no_other(template: Template) -> None:
    used = {resource["Type"].split("::")[1] for resource in template.resources.values()}
    used |= {
        {"Api": "ApiGateway", "Function": "Lambda", "LayerVersion": "Lambda"}[resource["Type"].split("::")[2]]
        for resource in template.resources.values()
        if resource["Type"].startswith("AWS::Serverless::")
    }
    (aws,) = SUBPROCESSORS
    told = [service.name for service in aws.services]

    tracing = {"X-Ray"} if template.document["Globals"]["Function"]["Tracing"] == "Active" else set()
    assert {NAMES[each] for each in used - NO_DATA - {"Serverless"}} | tracing == set(told)
    assert len(told) == len(set(told))
    assert all(service.holds for service in aws.services)
