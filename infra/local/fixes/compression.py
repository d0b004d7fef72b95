"""Compressed answers of a REST API.

Gap: MiniStack keeps MinimumCompressionSize and compresses nothing. AWS compresses an answer of at least that size
when the request accepts gzip and the function did not encode it itself.
Source: API Gateway developer guide, "Payload compression for REST APIs".
"""

import gzip
from typing import Any

from infra.local.patching import expect, part, wrap

NAME = "compression"


def apply() -> None:
    """Compress what a REST API's integrations answer."""
    gateway = part("services.apigateway_v1")
    expect(NAME, gateway, "_rest_apis")

    def wrapper(original: Any) -> Any:
        async def execute(  # noqa: PLR0913, PLR0917 - as it is called
            request: Any, api_id: str, stage: Any, method: Any, path: Any, headers: Any, *rest: Any
        ) -> Any:
            answer = await original(request, api_id, stage, method, path, headers, *rest)
            smallest = gateway._rest_apis.get(api_id, {}).get("minimumCompressionSize")
            if smallest is None or not isinstance(answer, tuple):
                return answer
            return compressed(answer, str((headers or {}).get("accept-encoding", "")), int(smallest))

        return execute

    wrap(NAME, gateway, "_execute_in_scope", wrapper)


def compressed(answer: tuple[int, Any, Any], accepted: str, smallest: int) -> tuple[int, Any, Any]:
    """``answer`` (status, headers, body) as gzip, where the client takes it and the body has ``smallest`` bytes."""
    status, headers, body = answer
    raw = body.encode() if isinstance(body, str) else bytes(body or b"")
    encoded = any(name.lower() == "content-encoding" for name in headers)
    if encoded or len(raw) < smallest or "gzip" not in accepted.lower():
        return answer
    kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    return status, {**kept, "Content-Encoding": "gzip"}, gzip.compress(raw, 6, mtime=0)
