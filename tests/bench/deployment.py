"""The data half of the real template, deployed to the embedded AWS, and the functions' own settings and roles.

Tables, keys, queues and roles are what ``template.yaml`` says; the functions themselves run in the benchmark's process,
with exactly the environment the template gives them and the credentials of their own role. What only serves traffic or
watches over it (API, firewall, alarms, event rules, layers) is left out, and whatever leans on it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bench.embedded_aws import REGION, EmbeddedAws
from tests.bench.harness import REPOSITORY

_TEMPLATES = "quayside-bench-templates"
STACK = "quayside-bench"
TEMPLATE = REPOSITORY / "template.yaml"

SESSION_SECONDS = 12 * 3600
PARAMETERS = {
    "Stage": "local",
    "MfaMode": "optional",
    "LogLevel": "INFO",
    "AmazonApplicationId": "amzn1.sp.solution.00000000-0000-4000-8000-000000000001",
    "LwaClientId": "amzn1.application-oa2-client.quayside",
}

KEPT = frozenset(
    {
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::DynamoDB::Table",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::Queue",
    }
)
"""The types of resources a handler's data needs."""


@dataclass(frozen=True)
class Function:
    """A function as the template describes it, resolved for this deployment.

    Attributes:
        name: its logical id.
        role_arn: the role it runs with.
        environment: its variables.
    """

    name: str
    role_arn: str
    environment: dict[str, str]


class _Loader(yaml.SafeLoader):
    """Reads a template's short tags (``!Ref``, ``!GetAtt``…) as their long forms."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """Read the template with every intrinsic function in its long form."""
    template: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    return template


def data_half(template: Mapping[str, Any], functions: tuple[str, ...]) -> dict[str, Any]:
    """Return the template reduced to what the data of ``functions`` needs, with their settings as outputs.

    Raises:
        KeyError: the template has no such function, or what a function's settings name was left out.
    """
    resources = {
        name: {key: value for key, value in resource.items() if key not in {"DeletionPolicy", "UpdateReplacePolicy"}}
        for name, resource in template["Resources"].items()
        if resource["Type"] in KEPT
    }
    known = set(template.get("Parameters", {}))
    while True:
        leaning = [name for name, resource in resources.items() if not _named(resource) <= set(resources) | known]
        if not leaning:
            break
        for name in leaning:
            del resources[name]
    outputs: dict[str, Any] = {}
    for function in functions:
        properties = template["Resources"][function]["Properties"]
        variables = {**template["Globals"]["Function"]["Environment"]["Variables"]}
        variables |= properties.get("Environment", {}).get("Variables", {})
        for number, (name, value) in enumerate({**variables, "": properties["Role"]}.items()):
            absent = _named(value) - set(resources) - known
            if absent:
                raise KeyError(f"{function} {name or 'Role'} needs {', '.join(sorted(absent))}")
            outputs[f"{function}{number}"] = {"Description": f"{function} {name}".strip(), "Value": value}
    kept = {name: template[name] for name in ("AWSTemplateFormatVersion", "Parameters", "Conditions", "Mappings")}
    return {**kept, "Resources": resources, "Outputs": outputs}


def _named(value: Any) -> set[str]:
    """Return the logical ids and parameters that ``value`` refers to; pseudo parameters are always there."""
    if isinstance(value, dict):
        found: set[str] = set()
        for key, inner in value.items():
            if key == "Ref":
                found.add(inner)
            elif key == "Fn::GetAtt":
                found.add(inner[0])
            elif key == "DependsOn":
                found |= {inner} if isinstance(inner, str) else set(inner)
            elif key == "Fn::Sub":
                text, local = (inner, {}) if isinstance(inner, str) else (inner[0], inner[1])
                found |= {name.split(".")[0] for name in _placeholders(text)} - set(local)
                found |= _named(local)
            else:
                found |= _named(inner)
        return {name for name in found if not name.startswith("AWS::")}
    if isinstance(value, list):
        return {name for inner in value for name in _named(inner)}
    return set()


def _placeholders(text: str) -> list[str]:
    parts = text.split("${")[1:]
    return [part.split("}", 1)[0] for part in parts if not part.startswith("!")]


def _uploaded(aws: EmbeddedAws, template: str) -> str:
    """Put a template where CloudFormation reads one that is longer than a request may be; return its address."""
    storage = aws.operator.client("s3", endpoint_url=aws.endpoint)
    storage.create_bucket(Bucket=_TEMPLATES)
    storage.put_object(Bucket=_TEMPLATES, Key="template.json", Body=template.encode())
    return f"{aws.endpoint}/{_TEMPLATES}/template.json"


def deploy(
    aws: EmbeddedAws, functions: tuple[str, ...], parameters: Mapping[str, str] | None = None
) -> dict[str, Function]:
    """Deploy the data half of the real template and return the functions, ready to be run with ``as_function``.

    Args:
        aws: where to deploy.
        functions: logical ids of the functions whose settings and roles are wanted.
        parameters: parameters of the template beyond ``PARAMETERS``.

    Raises:
        botocore.exceptions.WaiterError: the stack could not be made.
    """
    given = {**PARAMETERS, **(parameters or {})}
    cloudformation = aws.operator.client("cloudformation", endpoint_url=aws.endpoint)
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=_uploaded(aws, json.dumps(data_half(read_template(), functions))),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    values: dict[str, dict[str, str]] = {name: {} for name in functions}
    for output in cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]:
        function, _, variable = output["Description"].partition(" ")
        values[function][variable] = output["OutputValue"]
    return {
        name: Function(name, settings[""], {variable: text for variable, text in settings.items() if variable})
        for name, settings in values.items()
    }


@contextmanager
def as_function(aws: EmbeddedAws, function: Function) -> Iterator[None]:
    """Run the block as Lambda would run ``function``: its variables and its role's credentials in the environment.

    The role trusts Lambda alone, so the operator of this throw-away account lets itself assume it; what the role may
    do stays what the template says.
    """
    iam = aws.operator.client("iam", endpoint_url=aws.endpoint)
    role = function.role_arn.rsplit("/", 1)[1]
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    document: dict[str, Any] = json.loads(trust) if isinstance(trust, str) else dict(trust)
    account = function.role_arn.split(":")[4]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    iam.update_assume_role_policy(
        RoleName=role, PolicyDocument=json.dumps({**document, "Statement": [*document["Statement"], statement]})
    )
    # A full run may outlast the hour that a session of a role lives by default.
    iam.update_role(RoleName=role, MaxSessionDuration=SESSION_SECONDS)
    credentials = aws.operator.client("sts", endpoint_url=aws.endpoint).assume_role(
        RoleArn=function.role_arn, RoleSessionName="quayside-bench", DurationSeconds=SESSION_SECONDS
    )["Credentials"]
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        {
            **function.environment,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_LAMBDA_FUNCTION_NAME": f"{STACK}-{function.name}",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
