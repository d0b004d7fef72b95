"""The custom domain of the deployed API: ``http://localhost:<port>/`` is the root of its stage.

Emulates an API Gateway regional domain name with a base path mapping: the mapping itself is made with API
Gateway's own calls (CreateDomainName, CreateBasePathMapping), this only listens where the domain would point.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from infra.local.fixes.custom_domain import arrived_by
from infra.local.patching import part

DOMAIN = "localhost"

Application = Callable[[Any, Any, Any], Awaitable[None]]


def with_front_door(application: Application, door_port: int | None) -> Application:
    """``application``, answering requests on ``door_port`` by the base path mappings of :data:`DOMAIN`."""
    gateway = part("services.apigateway_v1")

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or door_port is None or scope["server"][1] != door_port:
            await application(scope, receive, send)
            return
        target = gateway.resolve_base_path_mapping(DOMAIN, scope["path"])
        if target is None:
            await _forbidden(send)
            return
        api_id, stage, rest = target
        prefix = f"/_aws/execute-api/{api_id}/{stage}"
        token = arrived_by.set(DOMAIN)
        try:
            raw_path = prefix.encode() + (scope.get("raw_path") or rest.encode())
            await application({**scope, "path": prefix + rest, "raw_path": raw_path}, receive, send)
        finally:
            arrived_by.reset(token)

    return serve


async def _forbidden(send: Any) -> None:
    """API Gateway's answer for a domain without a mapping."""
    headers = [(b"content-type", b"application/json"), (b"x-amzn-errortype", b"ForbiddenException")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"message":"Forbidden"}'})
