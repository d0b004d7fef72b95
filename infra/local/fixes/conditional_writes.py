"""``s3:if-none-match`` and ``s3:ObjectCreationOperation`` in IAM conditions and bucket policies.

Gap: MiniStack gives policies no view of a request's ``If-None-Match``, so a bucket policy that lets nobody write
without it denies nothing. AWS fills both keys from the request; starting an upload and sending its parts create no
object, completing it does.
Source: Amazon S3 user guide, "Enforce conditional writes on Amazon S3 buckets".
"""

from collections.abc import Mapping
from typing import Any

from infra.local.patching import part, wrap

NAME = "conditional_writes"


def apply() -> None:
    """Add both keys to the condition keys of each write of an object."""

    def wrapper(original: Any) -> Any:
        def s3_service_context(
            iam_action: str, query_params: Any, path: str = "", headers: Any = None
        ) -> dict[str, Any]:
            context: dict[str, Any] = dict(original(iam_action, query_params, path, headers))
            if iam_action == "s3:PutObject":
                context.update(write_keys(query_params or {}, headers or {}))
            return context

        return s3_service_context

    wrap(NAME, part("core.iam_actions"), "s3_service_context", wrapper)


def write_keys(query: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """The condition keys of one request that writes an object or a part of one."""
    creates = "uploads" not in query and "partNumber" not in query
    keys = {"s3:ObjectCreationOperation": str(creates).lower()}
    if headers.get("if-none-match"):
        keys["s3:if-none-match"] = headers["if-none-match"]
    return keys
