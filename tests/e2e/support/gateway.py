"""API Gateway's part for web_app: a request becomes the event that the real handler gets, its answer a response."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response

from tests.support.web_app import get, get_at
from web_app import app as web_app

if TYPE_CHECKING:
    from starlette.requests import Request


def _pattern(resource_path: str) -> re.Pattern[str]:
    return re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", resource_path) + "/?$")


# A path without variables goes before one that could swallow it.
_PATTERNS = [
    (path, _pattern(path))
    for path in sorted(set(web_app.ROUTES) - {web_app.ELSEWHERE}, key=lambda path: path.count("{"))
]


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
            answered = get(resource_path, f"{stage}{path}", parameters=found.groupdict(), headers=request.headers)
            return Response(answered.body.encode(), answered.status, answered.headers)
    answered = get_at(path, stage, headers=request.headers)
    return Response(answered.body.encode(), answered.status, answered.headers)
