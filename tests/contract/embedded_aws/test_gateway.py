"""The REST API: its identity, its answers, who passes, and the domain before it."""

from __future__ import annotations

import gzip
import http.client
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.contract.embedded_aws.server import ACCOUNT, REGION, fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.embedded_aws.server import Server

PASSWORD = "Correct-horse-9"  # pragma: allowlist secret
ECHO = """
import json
def handler(event, context):
    size = int((event.get("queryStringParameters") or {}).get("size", 0))
    shown = {key: event[key] for key in ("resource", "path", "requestContext", "headers")}
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Set-Cookie": ["a=1; Secure", "b=2; HttpOnly"]},
        "body": json.dumps({**shown, "padding": "x" * size}),
    }
"""
PICTURE = """
import base64
def handler(event, context):
    picture = base64.b64encode(bytes(range(256))).decode()
    return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": picture, "isBase64Encoded": True}
"""


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def ask(port: int, path: str, **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers={"Host": f"localhost:{port}", **named})
    answer = connection.getresponse()
    found = Answer(answer.status, answer.getheaders(), answer.read())
    connection.close()
    return found


class Api:
    """A REST API deployed from an OpenAPI document, with an echo behind every path."""

    def __init__(self, server: Server, paths: dict[str, str] | None = None, **extensions: Any) -> None:
        self.server, self.stack = server, fresh("stack")
        self.function = server.function(ECHO)
        self.extensions = extensions
        self.id = self.deploy(paths or {"/items/{item_id}": self.function})

    def deploy(self, paths: dict[str, str]) -> str:
        """Deploy; the API's id."""
        document = {
            "openapi": "3.0.3",
            "info": {"title": self.stack, "version": "1"},
            "paths": {path: {"get": self._operation(function)} for path, function in paths.items()},
            **self.extensions,
        }
        resources = {
            "Api": {
                "Type": "AWS::ApiGateway::RestApi",
                "Properties": {"Body": document, "MinimumCompressionSize": 1000},
            },
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
            "Stage": {
                "Type": "AWS::ApiGateway::Stage",
                "Properties": {
                    "RestApiId": {"Ref": "Api"},
                    "DeploymentId": {"Ref": "Deployment"},
                    "StageName": "live",
                },
            },
        }
        return self.server.deploy(resources, self.stack)["Api"]

    def ask(self, path: str, **headers: str) -> Answer:
        """Ask the stage itself."""
        return ask(self.server.port, f"/_aws/execute-api/{self.id}/live{path}", **headers)

    def _operation(self, function: str) -> dict[str, Any]:
        target = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{target}/invocations"
        made: dict[str, Any] = {
            "responses": {},
            "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": uri},
        }
        if "components" in self.extensions:
            made["security"] = [{"cognito": []}]
        return made


def test_a_changed_api_keeps_its_id(complete: Server, without: Callable[[str], Server]) -> None:
    def ids(server: Server) -> tuple[str, str]:
        api = Api(server)
        return api.id, api.deploy({"/items/{item_id}": api.function, "/more": api.function})

    before, after = ids(complete)
    assert before == after
    before, after = ids(without("rest_api_identity"))
    assert before != after


def test_extensions_of_the_document_are_applied(complete: Server, without: Callable[[str], Server]) -> None:
    template = '{"title":"There is nothing at this address","status":404}'
    answers = {"MISSING_AUTHENTICATION_TOKEN": {"statusCode": 404, "responseTemplates": {"application/json": template}}}

    def outcome(server: Server) -> tuple[int, bytes]:
        api = Api(
            server,
            {"/picture": server.function(PICTURE)},
            **{
                "x-amazon-apigateway-gateway-responses": answers,
                "x-amazon-apigateway-binary-media-types": ["image/png"],
            },
        )
        return api.ask("/nowhere").status, api.ask("/picture", Accept="image/png").body[:4]

    assert outcome(complete) == (404, b"\x00\x01\x02\x03")
    assert outcome(without("openapi_extensions")) == (403, b"AAEC")


def test_only_identity_tokens_pass(complete: Server, without: Callable[[str], Server]) -> None:
    def statuses(server: Server) -> dict[str, int]:
        cognito = server.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName=fresh("pool"), UsernameAttributes=["email"])["UserPool"]
        flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        client = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="web", ExplicitAuthFlows=flows)
        client_id = client["UserPoolClient"]["ClientId"]
        cognito.sign_up(ClientId=client_id, Username="a@b.example", Password=PASSWORD)
        cognito.confirm_sign_up(ClientId=client_id, Username="a@b.example", ConfirmationCode="123456")
        tokens = cognito.admin_initiate_auth(
            UserPoolId=pool["Id"],
            ClientId=client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "a@b.example", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool['Id']}"
        scheme = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools", "providerARNs": [arn]},
        }
        api = Api(server, components={"securitySchemes": {"cognito": scheme}})
        bearers = {"identity": tokens["IdToken"], "access": tokens["AccessToken"], "tampered": tokens["IdToken"][:-3]}
        found = {name: api.ask("/items/1", Authorization=f"Bearer {token}").status for name, token in bearers.items()}
        return {**found, "none": api.ask("/items/1").status}

    assert statuses(complete) == {"identity": 200, "access": 401, "tampered": 401, "none": 401}
    assert statuses(without("access_tokens"))["access"] == 200


def test_large_answers_are_compressed(complete: Server, without: Callable[[str], Server]) -> None:
    api = Api(complete)
    answer = api.ask("/items/1?size=20000", Accept_Encoding="gzip, br")
    assert answer.header("content-encoding") == ["gzip"]
    assert json.loads(gzip.decompress(answer.body))["path"] == "/items/1"
    assert len(answer.body) < 2000
    assert not api.ask("/items/1?size=20000").header("content-encoding")
    plain = Api(without("compression")).ask("/items/1?size=20000", Accept_Encoding="gzip, br")
    assert not plain.header("content-encoding")


def test_the_domain_is_the_root_of_the_stage(complete: Server, without: Callable[[str], Server]) -> None:
    def seen(server: Server) -> Any:
        api = Api(server)
        gateway = server.client("apigateway")
        gateway.create_domain_name(domainName="localhost", endpointConfiguration={"types": ["REGIONAL"]})
        gateway.create_base_path_mapping(domainName="localhost", restApiId=api.id, stage="live")
        raw = api.ask("/items/1").json()
        assert (raw["path"], raw["requestContext"]["path"]) == ("/items/1", "/live/items/1")
        return ask(server.door_port, "/items/1").json()["requestContext"]

    assert ask(complete.door_port, "/items/1").status == 403, "a domain without a mapping answers as AWS does"
    context = seen(complete)
    assert (context["path"], context["domainName"]) == ("/items/1", "localhost")
    assert context["resourcePath"] == "/items/{item_id}"
    assert seen(without("custom_domain"))["path"] == "/live/items/1"


def test_cookies_pass_both_ways(complete: Server) -> None:
    answer = Api(complete).ask("/items/1", Cookie="__Host-quayside_session=abc; other=1")
    assert answer.json()["headers"]["cookie"] == "__Host-quayside_session=abc; other=1"
    assert answer.header("set-cookie") == ["a=1; Secure", "b=2; HttpOnly"]
    assert not answer.header("access-control-allow-origin")


def test_wrong_passwords_lock(complete: Server, without: Callable[[str], Server]) -> None:
    def sixth_try(server: Server) -> tuple[str, str]:
        cognito = server.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName=fresh("pool"))["UserPool"]["Id"]
        flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="web", ExplicitAuthFlows=flows)
        client_id = client["UserPoolClient"]["ClientId"]
        cognito.sign_up(ClientId=client_id, Username="a", Password=PASSWORD)
        cognito.admin_confirm_sign_up(UserPoolId=pool, Username="a")

        def sign_in(password: str) -> str:
            try:
                cognito.admin_initiate_auth(
                    UserPoolId=pool,
                    ClientId=client_id,
                    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": "a", "PASSWORD": password},
                )
            except ClientError as error:
                return str(error.response["Error"]["Message"])
            return "in"

        assert {sign_in("Wrong-horse-99") for _ in range(5)} == {"Incorrect username or password."}
        at_once = sign_in(PASSWORD)
        time.sleep(1.1)
        return at_once, sign_in(PASSWORD)

    assert sixth_try(complete) == ("Password attempts exceeded", "in")
    assert sixth_try(without("sign_in_lockout")) == ("in", "in")
