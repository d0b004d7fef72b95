"""Deploy the real template to the embedded AWS, and put before it what an operator would put before it on AWS."""

import json
import os
import pathlib
import platform
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

from infra.local import building
from infra.local.front_door import DOMAIN

STACK_NAME = "quayside-local"
REGION = "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",  # pragma: allowlist secret
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The embedded AWS's root, which every MiniStack has."""

_PROFILE = "local"


def parameters(simulator_url: str, app_url: str, application: Mapping[str, Any]) -> dict[str, str]:
    """The template's parameters on one machine: those of the ``local`` profile, and where simulator and web app are."""
    return {
        **profile_parameters(building.ROOT / "samconfig.toml"),
        "Stage": "local",
        "Architecture": "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
        "AmazonApplicationId": str(application["application_id"]),
        "AmazonApplicationStage": str(application["stage"]),
        "WebOrigin": app_url.rstrip("/"),
        "LwaClientId": str(application["client_id"]),
        "LwaTokenUrl": f"{simulator_url}/auth/o2/token",
        "SpApiEndpointNa": f"{simulator_url}/na",
        "SpApiEndpointEu": f"{simulator_url}/eu",
        "SpApiEndpointFe": f"{simulator_url}/fe",
        "ConsentUrlTemplate": f"{simulator_url}/seller-central/{{host}}/apps/authorize/consent",
    }


def profile_parameters(samconfig: pathlib.Path) -> dict[str, str]:
    """``parameter_overrides`` of the local profile; on SAM's command line they would replace, not join, ours."""
    settings = tomllib.loads(samconfig.read_text(encoding="utf-8"))
    given = settings.get(_PROFILE, {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    pairs = given.split() if isinstance(given, str) else given
    return {name: value.strip("\"'") for name, _, value in (pair.partition("=") for pair in pairs)}


def deploy(aws_url: str, chosen: Mapping[str, str], log: pathlib.Path) -> None:
    """``sam deploy`` what was built, with the ``local`` profile."""
    template = building.BUILD / "template.yaml"
    command = [str(building.SAM_ENVIRONMENT / "bin" / "sam"), "deploy", "--template-file", str(template)]
    command += ["--config-file", str(building.ROOT / "samconfig.toml"), "--config-env", _PROFILE]
    command += ["--stack-name", STACK_NAME, "--region", REGION, "--no-progressbar"]
    command += ["--parameter-overrides", *(f"{name}={value}" for name, value in sorted(chosen.items()))]
    environment = {**building.sam_environment(), **CREDENTIALS, "AWS_ENDPOINT_URL": aws_url}
    building.run(command, log=log, environment=environment)


def outputs(clients: Any) -> dict[str, str] | None:
    """The outputs of the deployed stack; ``None`` while there is no complete one."""
    formation = clients("cloudformation")
    try:
        stack = formation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except formation.exceptions.ClientError:
        return None
    if stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        return None
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def physical_id(clients: Any, logical_id: str) -> str:
    """The name CloudFormation gave to a resource of the stack."""
    found = clients("cloudformation").describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical_id)
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def map_domain(clients: Any, rest_api_id: str, stage: str) -> None:
    """Point the custom domain's root at the deployed stage, as a base path mapping does on AWS."""
    gateway = clients("apigateway")
    if not any(each["domainName"] == DOMAIN for each in gateway.get_domain_names().get("items", [])):
        gateway.create_domain_name(domainName=DOMAIN, endpointConfiguration={"types": ["REGIONAL"]})
    mapped = gateway.get_base_path_mappings(domainName=DOMAIN).get("items", [])
    if any((each["restApiId"], each.get("stage")) == (rest_api_id, stage) for each in mapped):
        return
    for each in mapped:
        gateway.delete_base_path_mapping(domainName=DOMAIN, basePath=each["basePath"])
    gateway.create_base_path_mapping(domainName=DOMAIN, restApiId=rest_api_id, stage=stage)


def put_client_secret(aws_url: str, found: Mapping[str, str], client_id: str, secret: str, log: pathlib.Path) -> None:
    """Give the application its Login with Amazon secret the way an operator does: on standard input."""
    environment = {
        **os.environ,
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": aws_url,
        "LWA_CLIENT_ID": client_id,
        "VAULT_TABLE": found["VaultTableName"],
        "VAULT_KEY_ARN": found["VaultKeyArn"],
    }
    command = [str(pathlib.Path(sys.executable).with_name("quayside")), "application", "set-secret"]
    building.run(command, log=log, environment=environment, given=secret)


def remember(path: pathlib.Path, what: Mapping[str, Any]) -> None:
    """Keep what was deployed, for the next start to compare with."""
    unfinished = path.with_suffix(".next")
    unfinished.write_text(json.dumps(what, indent=1, sort_keys=True), encoding="utf-8")
    unfinished.replace(path)


def remembered(path: pathlib.Path) -> dict[str, Any]:
    """What :func:`remember` kept; empty when there is nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
