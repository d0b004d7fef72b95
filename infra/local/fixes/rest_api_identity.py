"""A changed route set keeps the REST API's id.

Gap: MiniStack answers a changed OpenAPI body with a new API, so every deployment changes the URL. CloudFormation
applies the body with PutRestApi, mode overwrite: id, stages and deployments stay.
Source: API Gateway API reference, PutRestApi; CloudFormation template reference, AWS::ApiGateway::RestApi (Body:
no interruption).
"""

from typing import Any

from infra.local.patching import expect, part

NAME = "rest_api_identity"

_KEPT = ("_stages_v1", "_deployments_v1", "_deployed_gateway_responses")


def apply() -> None:
    """Import a changed body under the id the API already has."""
    provisioners = part("services.cloudformation.provisioners")
    gateway = part("services.apigateway_v1")
    create = expect(NAME, provisioners, "_delete_predecessor", "_apigw_rest_api_create")
    identity = expect(NAME, gateway, *_KEPT, "_delete_rest_api", "_rest_apis", "_resolve_custom_rest_api_id")
    handler = expect(NAME, provisioners, "_RESOURCE_HANDLERS")["AWS::ApiGateway::RestApi"]
    update = handler["update"]
    chosen: list[str] = []

    def resolve(tags: Any) -> Any:
        return (chosen[-1], None) if chosen else identity(tags)

    def updated(physical_id: str, old: Any, new: Any, stack: str, logical_id: str | None = None) -> Any:
        if new.get("Body") == old.get("Body") or physical_id not in gateway._rest_apis:
            return update(physical_id, old, new, stack, logical_id)
        kept = {name: getattr(gateway, name).get(physical_id) for name in _KEPT}
        created_at = gateway._rest_apis[physical_id]["createdDate"]
        gateway._delete_rest_api(physical_id)
        chosen.append(physical_id)
        try:
            made = create(logical_id or physical_id, new, stack)
        finally:
            chosen.pop()
        gateway._rest_apis[physical_id]["createdDate"] = created_at
        for name, value in kept.items():
            if value is not None:
                getattr(gateway, name)[physical_id] = value
        return made

    gateway._resolve_custom_rest_api_id = resolve
    handler["update"] = updated
