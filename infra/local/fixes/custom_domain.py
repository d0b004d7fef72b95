"""What a function sees of a request that came by a custom domain.

Gap: MiniStack puts the stage into ``requestContext.path`` however the request came, and names no domain. With a
base path mapping AWS gives the path as the browser asked for it, and ``domainName`` in either case.
Source: API Gateway developer guide, "Lambda proxy integrations in API Gateway" (input format).
"""

import contextvars
from typing import Any

from infra.local.patching import part, wrap

NAME = "custom_domain"

arrived_by: contextvars.ContextVar[str | None] = contextvars.ContextVar("custom_domain", default=None)


def apply() -> None:
    """Set both fields on every event made for a REST API's function."""
    responses = part("core.responses")

    def wrapper(original: Any) -> Any:
        def build_event(api_id: str, stage_name: str, *rest: Any, **named: Any) -> dict[str, Any]:
            event: dict[str, Any] = original(api_id, stage_name, *rest, **named)
            context = event["requestContext"]
            domain = arrived_by.get()
            if domain is None:
                context["domainName"] = f"{api_id}.execute-api.{responses.get_region()}.amazonaws.com"
            else:
                context["domainName"] = domain
                context["path"] = event["path"]
            context["domainPrefix"] = context["domainName"].partition(".")[0]
            return event

        return build_event

    wrap(NAME, part("services.apigateway_v1"), "_build_lambda_event_v1", wrapper)
