"""API Gateway's part for web_app: a request becomes the event that the real handler gets, its answer a response.

Compression is API Gateway's too (`MinimumCompressionSize`), so the bytes that a test counts are those that travel.
"""

from __future__ import annotations

import gzip
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from web_app import app as web_app

if TYPE_CHECKING:
    from starlette.requests import Request

_MINIMUM_COMPRESSION_BYTES = 1024


def _pattern(resource_path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource_path) + "/?$")


_PATTERNS = [(path, _pattern(path)) for path in sorted(web_app.ROUTES, key=lambda path: path.count("{"))]


def answer(request: Request, path: str, stage: str) -> Response:
    """Return what the deployed web_app would answer.

    Args:
        request: what the browser sent.
        path: its path below the stage.
        stage: the path of the stage (`/prod`), or nothing on a domain of its own.
    """
    for resource_path, pattern in _PATTERNS:
        found = pattern.match(path or "/")
        if found:
            return _respond(request, _invoke(request, resource_path, found.groupdict(), f"{stage}{path}"))
    # What API Gateway answers for a path without a resource, as the template shapes it.
    return Response(
        '{"type":"about:blank","title":"There is no such page","status":404,"code":"not_found"}',
        HTTPStatus.NOT_FOUND,
        media_type="application/problem+json",
    )


def _invoke(request: Request, resource_path: str, path_parameters: dict[str, str], path: str) -> dict[str, object]:
    event = {
        "resource": resource_path,
        "path": path,
        "httpMethod": "GET",
        "headers": dict(request.headers),
        "multiValueHeaders": {name: [value] for name, value in request.headers.items()},
        "multiValueQueryStringParameters": {
            name: request.query_params.getlist(name) for name in request.query_params
        } or None,
        "pathParameters": path_parameters or None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {"httpMethod": "GET", "resourcePath": resource_path, "path": path, "identity": {}},
    }
    answered: dict[str, object] = web_app.handler(event, None)
    return answered


def _respond(request: Request, answered: dict[str, object]) -> Response:
    body = str(answered["body"]).encode()
    headers = {name: str(value) for name, value in _headers(answered).items()}
    if len(body) >= _MINIMUM_COMPRESSION_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 6)
        headers["Content-Encoding"] = "gzip"
    return Response(body, int(str(answered["statusCode"])), headers)


def _headers(answered: dict[str, object]) -> dict[str, object]:
    several = answered.get("multiValueHeaders") or {}
    single = answered.get("headers") or {}
    assert isinstance(several, dict)
    assert isinstance(single, dict)
    return {**{name: values[-1] for name, values in several.items()}, **single}
