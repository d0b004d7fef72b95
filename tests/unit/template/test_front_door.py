"""The API, who signs in, the firewall and the domain."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Template


@pytest.fixture(scope="module")
def openapi(root: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = yaml.load((root / "infra/api/openapi.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - safe
    return document


def test_routes_come_from_the_generated_document_alone(template: Template) -> None:
    assert template.properties("RestApi")["DefinitionBody"] == {
        "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "infra/api/openapi.yaml"}}
    }
    for function in ("SellerApi", "WebApp"):
        assert "Events" not in template.properties(function)


def test_every_route_calls_the_published_version_of_a_function_that_exists(
    template: Template, openapi: dict[str, Any]
) -> None:
    called = {
        match
        for path in openapi["paths"].values()
        for operation in path.values()
        for match in re.findall(
            r"functions/\$\{(\w+\.\w+)\}/invocations", operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
        )
    }
    permissions = template.of_type("AWS::Lambda::Permission").values()
    permitted = {permission["Properties"]["FunctionName"]["Ref"] for permission in permissions}

    assert called == permitted == {"SellerApi.Alias", "WebApp.Alias"}


def test_the_api_has_no_more_resources_than_every_account_may_have(openapi: dict[str, Any]) -> None:
    """300 unless AWS grants more (Amazon API Gateway quotas, "Resources per API"); each step of a path is one."""
    steps = {
        tuple(parts[:place])
        for path in openapi["paths"]
        for parts in [path.strip("/").split("/")]
        for place in range(len(parts) + 1)
    }
    assert len(steps) <= 300, "Let several routes share a path, or ask AWS for more and say so in README, Deploying."


def test_api_gateway_may_call_and_nobody_else(template: Template) -> None:
    for name in template.of_type("AWS::Lambda::Permission"):
        properties = template.properties(name)
        assert properties["Principal"] == "apigateway.amazonaws.com"
        assert properties["SourceArn"]["Fn::Sub"].endswith(":${RestApi}/*/*")
        assert properties["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_what_api_gateway_answers_by_itself_is_a_problem_too(openapi: dict[str, Any]) -> None:
    answers = openapi["x-amazon-apigateway-gateway-responses"]

    assert {"UNAUTHORIZED", "ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN", "THROTTLED"} <= set(answers)
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(answers)
    for answer in answers.values():
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert {"type", "title", "code", "detail", "action", "request_id"} <= set(problem)
        assert answer["responseParameters"]["gatewayresponse.header.Content-Type"] == "'application/problem+json'"


def test_the_api_is_regional_traced_and_throttled(template: Template) -> None:
    properties = template.properties("RestApi")
    (settings,) = properties["MethodSettings"]

    assert properties["EndpointConfiguration"] == {"Type": "REGIONAL"}
    assert properties["TracingEnabled"] is True
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert 0 < settings["ThrottlingRateLimit"] <= settings["ThrottlingBurstLimit"]
    # Execution logs would repeat headers and bodies.
    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)


def test_the_access_log_names_no_person_and_no_secret(template: Template) -> None:
    setting = template.properties("RestApi")["AccessLogSetting"]
    line = json.loads(setting["Format"])

    assert setting["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    # $context.path would hold ids, identity holds the address and the browser, the claims hold the e-mail address.
    assert set(line.values()) == {
        "$context.requestId",
        "$context.requestTimeEpoch",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.authorizer.claims.sub",
        "$context.responseLength",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.error.responseType",
        "$context.wafResponseCode",
        "$context.xrayTraceId",
    }


@pytest.mark.parametrize("door", ["RestApi", "ApiDomain"])
def test_nothing_older_than_tls_1_2_is_accepted(template: Template, door: str) -> None:
    properties = template.properties(door)

    # What the name says: TLS 1.3 and 1.2, forward secrecy.
    assert properties["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
    assert properties["EndpointAccessMode"] == "STRICT"


def test_a_domain_of_our_own_needs_a_certificate(template: Template) -> None:
    domain = template.resources["ApiDomain"]

    assert domain["Condition"] == "HasDomain"
    assert "DomainNeedsCertificate" in template.document["Rules"]


def test_the_firewall_is_there_by_parameter_with_common_rules_and_a_limit_per_address(template: Template) -> None:
    assert template.resources["WebAcl"]["Condition"] == "HasWaf"
    assert template.resources["WebAclAssociation"]["Condition"] == "HasWaf"
    statements = [rule["Statement"] for rule in template.properties("WebAcl")["Rules"]]
    managed = {s["ManagedRuleGroupStatement"]["Name"] for s in statements if "ManagedRuleGroupStatement" in s}
    rates = [s["RateBasedStatement"] for s in statements if "RateBasedStatement" in s]
    assert "AWSManagedRulesCommonRuleSet" in managed
    # Bodies over 8 KB are the API's own to refuse: parts of files are larger.
    (common,) = (s["ManagedRuleGroupStatement"] for s in statements if "AWSManagedRulesCommonRuleSet" in str(s))
    assert common["RuleActionOverrides"] == [{"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}]
    assert rates
    assert all(rate["AggregateKeyType"] == "IP" for rate in rates)


def test_passwords_and_second_factors_meet_amazons_policy(template: Template) -> None:
    pool = template.properties("UserPool")
    policy = pool["Policies"]["PasswordPolicy"]

    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] is True for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert policy["PasswordHistorySize"] == 10
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert pool["MfaConfiguration"] == {"Fn::If": ["RequiresMfa", "ON", "OPTIONAL"]}
    assert template.parameters["MfaMode"]["Default"] == "required"
    assert "ProductionNeedsMfa" in template.document["Rules"]


def test_members_sign_in_and_recover_by_email_alone(template: Template) -> None:
    pool = template.properties("UserPool")

    assert pool["UsernameAttributes"] == ["email"]
    assert [m["Name"] for m in pool["AccountRecoverySetting"]["RecoveryMechanisms"]] == ["verified_email"]


def test_a_client_can_read_its_tenant_and_never_write_it(template: Template) -> None:
    client = template.properties("UserPoolClient")

    assert "custom:tenant_id" in client["ReadAttributes"]
    assert set(client["WriteAttributes"]) == {"email", "name", "custom:organisation"}


def test_only_our_server_signs_people_in(template: Template) -> None:
    client = template.properties("UserPoolClient")

    assert set(client["ExplicitAuthFlows"]) == {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
    assert client["GenerateSecret"] is False
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["EnableTokenRevocation"] is True
    assert (client["IdTokenValidity"], client["AccessTokenValidity"], client["RefreshTokenValidity"]) == (60, 60, 30)
    assert client["TokenValidityUnits"] == {"IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "days"}
