"""``kms:EncryptionContext:<name>`` and ``kms:EncryptionContextKeys`` in IAM conditions.

Gap: MiniStack gives policies no view of a request's encryption context, so a role limited to one tenant's
context is refused everything (or, with ``ForAllValues``, nothing). AWS fills both keys from the request.
Source: AWS KMS developer guide, "AWS KMS condition keys".
"""

import json
from typing import Any

from infra.local.patching import part, wrap

NAME = "encryption_context_keys"


def apply() -> None:
    """Add the encryption context to the condition keys of each KMS request."""

    def wrapper(original: Any) -> Any:
        def request_tag_context(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
            context: dict[str, Any] = dict(original(service, iam_action, body, params))
            if service == "kms":
                context.update(context_keys(body))
            return context

        return request_tag_context

    wrap(NAME, part("core.iam_actions"), "request_tag_context", wrapper)


def context_keys(body: bytes) -> dict[str, Any]:
    """The condition keys of one KMS request body."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    names = ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext")
    context: dict[str, str] = {}
    for name in names:
        given = request.get(name) if isinstance(request, dict) else None
        if isinstance(given, dict):
            context.update(given)
    keys: dict[str, Any] = {f"kms:EncryptionContext:{key}": value for key, value in context.items()}
    if context:
        keys["kms:EncryptionContextKeys"] = list(context)
    return keys
