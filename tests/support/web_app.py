"""Requests as API Gateway hands them to web_app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from web_app import app as web_app

if TYPE_CHECKING:
    from collections.abc import Mapping


class Answer(NamedTuple):
    """What web_app answered; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: str


def get(
    resource: str,
    path: str | None = None,
    *,
    parameters: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask for a resource path, as API Gateway does.

    Args:
        resource: the declared path.
        path: what the browser asked for, with its stage; the declared path when left out.
        parameters: values of the variables in the declared path.
        headers: of the request.
    """
    event: dict[str, Any] = {
        "resource": resource,
        "path": path or resource,
        "httpMethod": "GET",
        "headers": dict(headers or {}),
        "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": dict(parameters) if parameters else None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {"httpMethod": "GET", "resourcePath": resource, "path": path or resource, "identity": {}},
    }
    answered = web_app.handler(event, None)
    sent = {name: values[-1] for name, values in (answered.get("multiValueHeaders") or {}).items()}
    sent.update(answered.get("headers") or {})
    return Answer(answered["statusCode"], {name.lower(): value for name, value in sent.items()}, answered["body"])


def get_at(address: str, stage: str = "", *, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for an address below the root (`/orders/304-1`) that no file has; ``stage`` is the path of the stage."""
    inside = address.strip("/")
    resource = web_app.ELSEWHERE if inside else "/"
    return get(resource, stage + address, parameters={"proxy": inside} if inside else None, headers=headers)


def get_asset(name: str, *, version: str | None = None, headers: dict[str, str] | None = None) -> Answer:
    """Ask for a file by its path below the version."""
    folder, _, file = name.rpartition("/")
    parameters = {"version": version or current_version()}
    if folder:
        return get(web_app.ASSET_PATHS[1], parameters={**parameters, "name": folder, "file": file}, headers=headers)
    return get(web_app.ASSET_PATHS[0], parameters={**parameters, "name": file}, headers=headers)


def current_version() -> str:
    """Return the version that the page names."""
    return get("/").body.partition("assets/")[2].partition("/")[0]
