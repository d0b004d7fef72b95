"""ReservedConcurrentExecutions of functions made by CloudFormation.

Gap: MiniStack's provisioner drops the property, so a function scales without bound. AWS reserves and limits.
Source: AWS CloudFormation template reference, AWS::Lambda::Function.
"""

from typing import Any

from infra.local.patching import after_provisioning, expect, part

NAME = "reserved_concurrency"


def apply() -> None:
    """Store the limit where PutFunctionConcurrency stores it."""
    functions = expect(NAME, part("services.lambda_svc"), "_functions")

    def finish(name: str, properties: dict[str, Any]) -> None:
        reserved = properties.get("ReservedConcurrentExecutions")
        functions[name]["concurrency"] = int(reserved) if reserved is not None else None

    after_provisioning(NAME, "AWS::Lambda::Function", finish)
