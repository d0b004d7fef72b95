"""Requests as API Gateway sends them to a Lambda, for tests of Chalice apps."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice


class Answer:
    """What an app answered."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.status: int = raw["statusCode"]
        self.headers = {name.lower(): value for name, value in raw["headers"].items()}
        self.text: str = raw["body"]

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)


def resource_of(app: Chalice, path: str) -> tuple[str, dict[str, str]]:
    """Return the declared path that an address belongs to, and the values of its parameters."""
    for resource in sorted(app.routes, key=lambda each: each.count("{")):
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(resource))
        found = re.fullmatch(pattern, path)
        if found:
            return resource, found.groupdict()
    raise LookupError(f"No route for {path}.")


def event_of(
    app: Chalice,
    method: str,
    path: str,
    *,
    body: object = None,
    query: Mapping[str, str | list[str]] | None = None,
    headers: Mapping[str, str] | None = None,
    claims: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Build the event of one request; ``claims`` are what the authoriser found in the token."""
    resource, parameters = resource_of(app, path)
    given = {"content-type": "application/json"} if body is not None else {}
    listed = {name: value if isinstance(value, list) else [value] for name, value in (query or {}).items()}
    context: dict[str, Any] = {
        "resourcePath": resource,
        "httpMethod": method,
        "path": path,
        "requestId": "request-1",
        "identity": {"sourceIp": "127.0.0.1"},
    }
    if claims is not None:
        context["authorizer"] = {"claims": dict(claims)}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {**given, **(headers or {})},
        "multiValueHeaders": {},
        "queryStringParameters": {name: values[-1] for name, values in listed.items()} or None,
        "multiValueQueryStringParameters": listed or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": context,
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def caller(app: Chalice) -> Callable[..., Answer]:
    """Return a function that sends a request to an app and returns its answer."""

    def call(method: str, path: str, **parts: Any) -> Answer:
        return Answer(app(event_of(app, method, path, **parts), None))

    return call
